//! One quota: a bucket that leaks at the rate of the limit. Integers only, and every rounding is against
//! the one who spends: in any window no more is admitted than the rate gives in it and one burst.

use crate::time::{Span, Timestamp};
use crate::verdict::QuotaOutcome;

/// Levels count millionths of a unit.
const MICRO: u64 = 1_000_000;

/// One limit, in units of its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Units in a period; 0 gives nothing back, ever.
    pub rate: u64,
    /// The period; a period of zero gives everything back at once.
    pub period: Span,
    /// The most that can be had at once.
    pub burst: u64,
}

impl Allowance {
    /// Micro-units that leak in a span, rounded down.
    fn leaks(self, span: Span) -> u64 {
        // Where the product saturates, its quotient by any period is above every level.
        let product = u128::from(self.rate)
            .saturating_mul(u128::from(span.as_micros()))
            .saturating_mul(u128::from(MICRO));
        let leaked = product.checked_div(u128::from(self.period.as_micros()));
        leaked.map_or(u64::MAX, |leaked| u64::try_from(leaked).unwrap_or(u64::MAX))
    }

    /// The shortest span in which that many micro-units leak; `None` when they never do.
    fn span_of(self, micro_units: u64) -> Option<Span> {
        let wanted = u128::from(micro_units) * u128::from(self.period.as_micros());
        let span = wanted.div_ceil((u128::from(self.rate) * u128::from(MICRO)).max(1));
        let possible = self.rate > 0 || wanted == 0;
        u64::try_from(span).ok().filter(|_| possible).map(Span::micros)
    }
}

/// How much of a quota is spent: in millionths of a unit, up to 18 million million units. 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    micro_units: u64,
    /// Until when the leak is counted.
    at: Timestamp,
}

impl Level {
    /// The level that [`Self::parts`] took apart.
    #[must_use]
    pub const fn from_parts(micro_units: u64, at: Timestamp) -> Self {
        Self { micro_units, at }
    }

    /// Millionths of a unit, and the instant until which the leak is counted.
    #[must_use]
    pub const fn parts(self) -> (u64, Timestamp) {
        (self.micro_units, self.at)
    }

    /// Whether that cost can be had at `now`. `NotUntil` is the earliest instant at which it can, if
    /// nothing else is charged.
    #[must_use]
    pub fn ask(self, allowance: Allowance, cost: u64, now: Timestamp) -> QuotaOutcome {
        if cost == 0 {
            return QuotaOutcome::Within;
        }
        if cost > allowance.burst {
            return QuotaOutcome::Never;
        }
        let room = u128::from(allowance.burst - cost) * u128::from(MICRO);
        let over = u128::from(self.at_time(allowance, now)).saturating_sub(room);
        if over == 0 {
            return QuotaOutcome::Within;
        }
        // Counted from the instant the level stands for, not from now, or rounding would add up.
        let over = u128::from(self.micro_units).saturating_sub(room);
        let span = u64::try_from(over).ok().and_then(|over| allowance.span_of(over));
        match span.map(|span| self.at.plus(span)) {
            Some(until) if until < Timestamp::from_micros(i64::MAX) => {
                QuotaOutcome::NotUntil(until)
            }
            _ => QuotaOutcome::Never,
        }
    }

    /// Whole units that can be had at `now`.
    #[must_use]
    pub fn remaining(self, allowance: Allowance, now: Timestamp) -> u64 {
        allowance.burst.saturating_sub(self.at_time(allowance, now).div_ceil(MICRO))
    }

    /// Adds a cost. Without a limit nothing is kept: a limit set later starts with an empty level.
    pub(super) fn charge(&mut self, allowance: Option<Allowance>, cost: u64, now: Timestamp) {
        let Some(allowance) = allowance else {
            *self = Self { micro_units: 0, at: self.at.max(now) };
            return;
        };
        if cost == 0 {
            return;
        }
        self.leak(allowance, now);
        self.micro_units = self.micro_units.saturating_add(cost.saturating_mul(MICRO));
    }

    /// Takes off what was charged too much, down to empty.
    pub(super) const fn give_back(&mut self, cost: u64) {
        self.micro_units = self.micro_units.saturating_sub(cost.saturating_mul(MICRO));
    }

    fn at_time(self, allowance: Allowance, now: Timestamp) -> u64 {
        self.micro_units.saturating_sub(allowance.leaks(now.since(self.at)))
    }

    /// Counts the leak until `now`, or as close before it as whole micro-units come: time that has not
    /// leaked a micro-unit yet stays to be counted, so that a level touched often leaks no slower. A
    /// clock that steps back leaks nothing, then and until it is where it was.
    fn leak(&mut self, allowance: Allowance, now: Timestamp) {
        let leaked = allowance.leaks(now.since(self.at));
        if leaked >= self.micro_units {
            *self = Self { micro_units: 0, at: self.at.max(now) };
        } else if let Some(span) = allowance.span_of(leaked) {
            self.micro_units -= leaked;
            self.at = self.at.plus(span);
        }
    }
}
