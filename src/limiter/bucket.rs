//! A quota's level in 40 bits, for the dense table of members: whole units and 512ths of them, beside one time for all
//! levels of a member.
//!
//! One time for several levels would lose what has leaked since the last whole step of each, at every touch. So the
//! leak between two instants is the difference of what would have leaked since 1970 up to either: those add up without
//! loss, however often a level is touched. Such a sum can exceed the exact one by less than a step and what leaks in one
//! tick of the time; both are put on top of the first cost of an empty level, and count from the first leak on, so that
//! no window ever gets more than the rate and one burst.

use crate::time::{Span, Timestamp};
use crate::verdict::QuotaOutcome;

use super::quota::Allowance;

/// Steps of a unit.
pub(super) const STEPS: u64 = 1 << 9;
/// Bits of a level.
pub(super) const LEVEL_BITS: u32 = 40;
/// The bit that says whether a level has leaked since it was empty.
const LEAKED: u64 = 1 << (LEVEL_BITS - 1);
/// The fullest level: beyond 1,073 million units a debt is not remembered.
const LEVEL_MAX: u64 = LEAKED - 1;
/// Bits of a time.
pub(super) const TICK_BITS: u32 = 48;
/// Microseconds of a tick are two to this power.
const TICK_SHIFT: u32 = 4;
/// Binary places of [`Limit::pace`].
const PLACES: u32 = 50;

/// Time in ticks of 16 microseconds since 1970: 142 years of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tick(u64);

impl Tick {
    /// The tick an instant is in; what is before 1970 or too late is the first or the last one.
    pub(super) fn of(at: Timestamp) -> Self {
        let micros = u64::try_from(at.as_micros()).unwrap_or(0);
        Self::from_bits(micros >> TICK_SHIFT)
    }

    /// The tick of that number.
    pub(super) fn from_bits(ticks: u64) -> Self {
        Self(ticks.min((1 << TICK_BITS) - 1))
    }

    /// Its number.
    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    /// Its beginning.
    pub(super) fn begins(self) -> Timestamp {
        Timestamp::from_micros(i64::try_from(self.0 << TICK_SHIFT).unwrap_or(i64::MAX))
    }
}

/// An [`Allowance`] worked out for levels of this kind: no division is left for who charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// Steps that leak in a tick, in `2^-50`, rounded down: by two millionths at most.
    pace: u64,
    /// In steps.
    burst: u64,
}

impl Limit {
    /// The limit of an allowance. A burst above what a level can hold is that much.
    #[must_use]
    pub fn of(allowance: Allowance) -> Self {
        let product = u128::from(allowance.rate.min(1 << 32)) * u128::from(STEPS << TICK_SHIFT);
        let pace = (product << PLACES).checked_div(u128::from(allowance.period.as_micros()));
        let pace = pace.map_or(u64::MAX, |pace| u64::try_from(pace).unwrap_or(u64::MAX));
        Self { pace, burst: allowance.burst.saturating_mul(STEPS).min(LEVEL_MAX) }
    }

    /// In what time so many units come back: to within 16 microseconds, and 142 years where they never do.
    #[must_use]
    pub fn comes_back(self, units: u64) -> Span {
        Span::micros(self.ticks_of(units.saturating_mul(STEPS)) << TICK_SHIFT)
    }

    /// What can be had at once, in units.
    #[must_use]
    pub const fn burst(self) -> u64 {
        self.burst / STEPS
    }

    /// The limit of that many members together.
    #[must_use]
    pub const fn times(self, members: u64) -> Self {
        let burst = self.burst.saturating_mul(members);
        let burst = if burst < LEVEL_MAX { burst } else { LEVEL_MAX };
        Self { pace: self.pace.saturating_mul(members), burst }
    }

    /// So many hundredths of it, at least one unit at once.
    #[must_use]
    pub fn percent(self, percent: u32) -> Self {
        let part = |of: u64| {
            let part = u128::from(of) * u128::from(percent) / 100;
            u64::try_from(part).unwrap_or(u64::MAX)
        };
        Self { pace: part(self.pace), burst: part(self.burst).max(STEPS.min(self.burst)) }
    }

    /// The slower of two, with the smaller burst: what has drained under it has drained under both.
    #[must_use]
    pub fn slower(self, other: Self) -> Self {
        Self { pace: self.pace.min(other.pace), burst: self.burst.min(other.burst) }
    }

    /// Steps that would have leaked since 1970.
    fn leaked(self, until: Tick) -> u128 {
        (u128::from(self.pace) * u128::from(until.0)) >> PLACES
    }

    /// Steps that leak between two instants.
    pub(super) fn between(self, from: Tick, until: Tick) -> u64 {
        let leaked = self.leaked(until.max(from)) - self.leaked(from);
        u64::try_from(leaked).unwrap_or(u64::MAX)
    }

    /// Whole units that may have leaked between two instants, rounded up.
    pub(super) fn leaks(self, from: Timestamp, until: Timestamp) -> u64 {
        let (from, until) = (Tick::of(from), Tick::of(until));
        if until <= from {
            return 0;
        }
        self.between(from, until).saturating_add(self.slack()).div_ceil(STEPS)
    }

    /// What leaks in a microsecond, in steps of `2^-54`.
    pub(super) const fn pace(self) -> u64 {
        self.pace
    }

    /// In how many ticks so many steps have leaked; the last there is where they never do.
    fn ticks_of(self, steps: u64) -> u64 {
        let ticks = (u128::from(steps) << PLACES).checked_div(u128::from(self.pace));
        let ticks = ticks.and_then(|ticks| u64::try_from(ticks).ok()).unwrap_or(u64::MAX);
        ticks.saturating_add(1).min((1 << TICK_BITS) - 1)
    }

    /// What the leak may be ahead of the exact one.
    const fn slack(self) -> u64 {
        (self.pace >> PLACES) + 2
    }
}

/// What is spent of one quota, in steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    steps: u64,
    /// Whether any of it has leaked since it was empty.
    leaked: bool,
}

impl Bucket {
    /// The level that [`Self::bits`] wrote.
    pub(super) const fn from_bits(bits: u64) -> Self {
        Self { steps: bits & LEVEL_MAX, leaked: bits & LEAKED != 0 }
    }

    /// The level in [`LEVEL_BITS`].
    pub(super) const fn bits(self) -> u64 {
        if self.leaked { self.steps | LEAKED } else { self.steps }
    }

    /// A level of so many steps, of which some may have leaked.
    pub(super) fn of_steps(steps: u64) -> Self {
        let steps = steps.min(LEVEL_MAX);
        Self { steps, leaked: steps > 0 }
    }

    /// Its steps, without the slack on top of a first cost.
    pub(super) const fn net(self, limit: Limit) -> u64 {
        self.steps.saturating_sub(limit.slack())
    }

    /// The same with more on top.
    pub(super) fn with(self, steps: u64) -> Self {
        Self { steps: self.steps.saturating_add(steps).min(LEVEL_MAX), leaked: self.leaked }
    }

    /// When it is empty, of a level that stands for `at`.
    pub(super) fn drained(self, limit: Limit, at: Tick) -> Tick {
        if self.steps == 0 {
            at
        } else {
            Tick::from_bits(at.0.saturating_add(limit.ticks_of(self.steps)))
        }
    }

    pub(super) const fn is_empty(self) -> bool {
        self.steps == 0
    }

    /// Lets leak what leaks between two instants. A clock that stepped back leaks nothing.
    pub(super) fn leak(&mut self, limit: Limit, from: Tick, until: Tick) {
        if self.steps == 0 {
            return;
        }
        let leaked = limit.between(from, until);
        if leaked >= self.steps {
            *self = Self::default();
        } else if leaked > 0 {
            *self = Self { steps: self.steps - leaked, leaked: true };
        }
    }

    /// What may be in it: the slack of the first cost counts from the first leak on.
    const fn brim(self, limit: Limit) -> u64 {
        if self.leaked || self.steps == 0 { limit.burst } else { limit.burst + limit.slack() }
    }

    /// Whether that cost can be had, of a level that stands for `at`.
    pub(super) fn ask(self, limit: Limit, cost: u64, at: Tick) -> QuotaOutcome {
        let cost = cost.saturating_mul(STEPS);
        if cost > limit.burst {
            return QuotaOutcome::Never;
        }
        if cost == 0 || self.steps <= self.brim(limit) - cost {
            return QuotaOutcome::Within;
        }
        let over = self.steps - (limit.burst - cost);
        let wanted = (limit.leaked(at) + u128::from(over)) << PLACES;
        let until = wanted.div_ceil(u128::from(limit.pace.max(1)));
        match u64::try_from(until) {
            Ok(until) if until < 1 << TICK_BITS && limit.pace > 0 => {
                QuotaOutcome::NotUntil(Tick(until).begins())
            }
            _ => QuotaOutcome::Never,
        }
    }

    /// Whole units that can be had.
    pub(super) const fn remaining(self, limit: Limit) -> u64 {
        self.brim(limit).saturating_sub(self.steps) / STEPS
    }

    /// Adds a cost.
    pub(super) fn charge(&mut self, limit: Limit, cost: u64) {
        if cost > 0 {
            let slack = if self.steps == 0 { limit.slack() } else { 0 };
            let cost = cost.saturating_mul(STEPS).saturating_add(slack);
            self.steps = self.steps.saturating_add(cost).min(LEVEL_MAX);
        }
    }

    /// Takes off what was charged too much, down to empty.
    pub(super) fn give_back(&mut self, cost: u64) {
        self.steps = self.steps.saturating_sub(cost.saturating_mul(STEPS));
        self.leaked &= self.steps > 0;
    }
}
