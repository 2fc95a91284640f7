//! Time as a value: instants, spans and the clock that a caller passes in, so that a simulation can own it.

use std::sync::atomic::{AtomicI64, Ordering};

/// An instant: microseconds since 1970-01-01T00:00:00Z, UTC, no leap seconds. Range: any `i64`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A non-negative length of time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

/// Seconds in a minute.
pub const MINUTE_SECONDS: u64 = 60;
/// Seconds in an hour.
pub const HOUR_SECONDS: u64 = 3_600;
/// Seconds in a day of 24 hours.
pub const DAY_SECONDS: u64 = 86_400;

impl Span {
    /// A span of whole seconds; saturates at about 584,000 years.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// A span of milliseconds, saturating.
    pub const fn millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// A span of microseconds.
    pub const fn micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Whole seconds, rounded down.
    pub const fn as_seconds(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Microseconds.
    pub const fn as_micros(self) -> u64 {
        self.0
    }
}

impl Timestamp {
    /// The instant that many microseconds after the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The instant that many seconds after the Unix epoch, saturating.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This instant moved later, saturating.
    #[must_use]
    pub fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add_unsigned(span.0))
    }

    /// This instant moved earlier, saturating.
    #[must_use]
    pub fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub_unsigned(span.0))
    }

    /// The span from `earlier` to this instant; zero when `earlier` is later, since a clock that
    /// stepped back must never give credit.
    pub fn since(self, earlier: Self) -> Span {
        Span(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Days since 1970-01-01, UTC, rounded down: the name of a ledger day.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(86_400_000_000)
    }
}

/// Where the present comes from.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(elapsed) => Timestamp(i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)),
            Err(_) => Timestamp(0),
        }
    }
}

/// A clock that stands where the latest event put it: replay, demonstration and simulation run on it.
#[derive(Debug, Default)]
pub struct EventClock(AtomicI64);

impl EventClock {
    /// Moves the clock to `to` unless it is already later.
    pub fn advance(&self, to: Timestamp) {
        self.0.fetch_max(to.0, Ordering::AcqRel);
    }
}

impl Clock for EventClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Acquire))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_steps_back_gives_no_credit() {
        let late = Timestamp::from_seconds(100);
        let early = Timestamp::from_seconds(40);
        assert_eq!(late.since(early), Span::seconds(60));
        assert_eq!(early.since(late), Span::default());
        let clock = EventClock::default();
        clock.advance(late);
        clock.advance(early);
        assert_eq!(clock.now(), late);
    }

    #[test]
    fn days_round_down_before_the_epoch_too() {
        assert_eq!(Timestamp::from_seconds(-1).day(), -1);
        assert_eq!(Timestamp::from_seconds(0).day(), 0);
        assert_eq!(Timestamp::from_seconds(86_400).day(), 1);
        assert_eq!(Timestamp::from_micros(i64::MIN).minus(Span::seconds(9)).as_micros(), i64::MIN);
    }
}
