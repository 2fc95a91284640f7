//! Guards against a caller that asks more than its share: one bucket a caller, checked before any work is done.
//!
//! The buckets are a table of fixed size that callers are hashed into with a key of this process. So
//! the memory is bounded whatever names come in, nothing is ever evicted (an eviction would be an
//! amnesty) and no sweep is needed; two callers that meet in one bucket share it, which the sizes make rare.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use super::status::Failure;
use crate::bounds;
use crate::time::Span;

/// What a guard allows each caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Units a second, lasting.
    pub per_second: NonZeroU32,
    /// Units at once.
    pub burst: NonZeroU32,
}

/// Fixed table of buckets, eight bytes each.
struct Buckets(Box<[InMemoryState]>);

impl StateStore for Buckets {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let count = self.0.len() as u64;
        let at = usize::try_from(key % count).unwrap_or(0);
        self.0[at].measure_and_replace(&NotKeyed::NonKey, f)
    }
}

/// A guard over the callers of one service.
pub struct CallerGuard<C: Clock = DefaultClock> {
    limiter: RateLimiter<u64, Buckets, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    key: RandomState,
}

impl CallerGuard {
    /// A guard on the machine's monotonic clock.
    #[must_use]
    pub fn new(allowance: Allowance) -> Self {
        Self::with_clock(allowance, DefaultClock::default())
    }
}

impl<C: Clock + Clone> CallerGuard<C> {
    /// A guard on the given clock.
    #[must_use]
    pub fn with_clock(allowance: Allowance, clock: C) -> Self {
        let quota = Quota::per_second(allowance.per_second).allow_burst(allowance.burst);
        let buckets = (0..bounds::CALLER_BUCKETS).map(|_| InMemoryState::default()).collect();
        let limiter = RateLimiter::new(quota, Buckets(buckets), clock.clone());
        Self { limiter, clock, key: RandomState::new() }
    }

    /// Takes `units` from the caller's bucket.
    ///
    /// # Errors
    /// [`Failure::CallerOverLimit`] with the time until that many are there, [`Failure::TooLarge`] when they never will be.
    pub fn admit(&self, caller: &[u8], units: NonZeroU32) -> Result<(), Failure> {
        let key = self.key.hash_one(caller);
        match self.limiter.check_key_n(&key, units) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(self.clock.now());
                let micros = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
                Err(Failure::CallerOverLimit { retry_after: Span::micros(micros) })
            }
            Err(insufficient) => Err(Failure::TooLarge {
                count: usize::try_from(units.get()).unwrap_or(usize::MAX),
                most: usize::try_from(insufficient.0).unwrap_or(usize::MAX),
            }),
        }
    }
}

impl<C: Clock> fmt::Debug for CallerGuard<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallerGuard")
    }
}

/// The guards of all services.
#[derive(Debug)]
pub struct Guards {
    /// Screening, by node id; a unit is a stage.
    pub screening: CallerGuard,
    /// Report intake, by reporter; a unit is a report.
    pub reports: CallerGuard,
    /// The same beyond it: reports that are merged with others.
    pub merged_reports: CallerGuard,
    /// Reports filed over HTTP beyond the share of their network, which are merged with others.
    pub merged_networks: CallerGuard,
    /// Reports over HTTP, filed or asked for, by the network they come from; a unit is one of them.
    pub networks: CallerGuard,
    /// Files of complaints over HTTP, by the network they come from; a unit is a row.
    pub rows: CallerGuard,
    /// The operators' services, by peer address; a unit is a call.
    pub operator: CallerGuard,
}

impl Guards {
    /// The guards of a serving system.
    #[must_use]
    pub fn serving() -> Self {
        let of = |(per_second, burst)| CallerGuard::new(Allowance { per_second, burst });
        Self {
            screening: of(bounds::SCREENING_ALLOWANCE),
            reports: of(bounds::REPORT_ALLOWANCE),
            merged_reports: of(bounds::MERGED_REPORT_ALLOWANCE),
            merged_networks: of(bounds::MERGED_NETWORK_ALLOWANCE),
            networks: of(bounds::REPORT_NETWORK_ALLOWANCE),
            rows: of(bounds::COMPLAINT_ROW_ALLOWANCE),
            operator: of(bounds::OPERATOR_ALLOWANCE),
        }
    }

    /// Takes one report of a reporter. True where so many come from it that it is merged with the others.
    ///
    /// # Errors
    /// [`Failure::CallerOverLimit`] beyond that.
    pub fn report(&self, reporter: &[u8]) -> Result<bool, Failure> {
        either(&self.reports, &self.merged_reports, reporter)
    }

    /// The same of a network.
    ///
    /// # Errors
    /// [`Failure::CallerOverLimit`].
    pub fn network(&self, network: &[u8]) -> Result<bool, Failure> {
        either(&self.networks, &self.merged_networks, network)
    }
}

fn either(first: &CallerGuard, then: &CallerGuard, caller: &[u8]) -> Result<bool, Failure> {
    match first.admit(caller, NonZeroU32::MIN) {
        Ok(()) => Ok(false),
        Err(_) => then.admit(caller, NonZeroU32::MIN).map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn units(count: u32) -> NonZeroU32 {
        NonZeroU32::new(count).unwrap()
    }

    #[test]
    fn a_caller_over_its_share_is_told_when_to_come_back() {
        let clock = FakeRelativeClock::default();
        let allowance = Allowance { per_second: units(10), burst: units(20) };
        let guard = CallerGuard::with_clock(allowance, clock.clone());
        assert_eq!(guard.admit(b"node-1", units(20)), Ok(()));
        let refused = guard.admit(b"node-1", units(5));
        assert_eq!(refused, Err(Failure::CallerOverLimit { retry_after: Span::millis(500) }));
        assert_eq!(guard.admit(b"node-2", units(20)), Ok(()));
        clock.advance(Duration::from_millis(500));
        assert_eq!(guard.admit(b"node-1", units(5)), Ok(()));
        assert_eq!(
            guard.admit(b"node-1", units(21)),
            Err(Failure::TooLarge { count: 21, most: 20 })
        );
    }

    #[test]
    fn strange_names_take_no_memory_and_no_share_of_a_node() {
        let allowance = Allowance { per_second: units(1), burst: units(2_000) };
        let guard = CallerGuard::with_clock(allowance, FakeRelativeClock::default());
        for name in 0..100_000_u32 {
            assert!(guard.admit(&name.to_be_bytes(), units(1)).is_ok());
        }
        assert!(guard.admit(b"node-1", units(1_900)).is_ok());
    }
}
