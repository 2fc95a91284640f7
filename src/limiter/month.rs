//! Monthly allowances: so many pages in a month of the calendar, from its first instant to its last where the member lives. Beside the
//! levels of quotas, which drain by the second, this one stands still and is empty at once when the month is over.
//!
//! A month only ever goes on: a clock that steps back, or a member that moves to a zone where the old one is not over, brings nothing
//! back; and one that steps forward has the new month begin early, and not again when it does.

use crate::dense::{FREE_BITS, Row};
use crate::fax::hours::{Month, ZoneId};
use crate::time::Timestamp;
use crate::verdict::{QuotaHolder, QuotaOutcome, QuotaStatus, Resource};

use super::cost::Costs;

/// Bits of a count of pages.
const USED_BITS: u32 = 48;
const USED_MAX: u64 = (1 << USED_BITS) - 1;

/// What a member may send in a month, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthTerms {
    /// Pages.
    pub pages: u64,
    /// The code of the member's time zone; 0 for UTC, where none is known.
    pub zone: u16,
}

impl MonthTerms {
    fn zone(self) -> Option<ZoneId> {
        ZoneId::from_code(self.zone)
    }

    /// The month that it is there.
    #[must_use]
    pub fn month(self, at: Timestamp) -> Month {
        Month::at(self.zone(), at)
    }
}

/// What was sent in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MonthLevel {
    month: Month,
    used: u64,
}

impl MonthLevel {
    /// Brings it up to `now`, which is never back.
    pub(super) fn turn(&mut self, terms: MonthTerms, now: Timestamp) {
        let month = terms.month(now);
        if month > self.month {
            *self = Self { month, used: 0 };
        }
    }

    /// How it stands.
    pub(super) fn check(&self, terms: MonthTerms, costs: Costs) -> QuotaStatus {
        let cost = costs.of(Resource::Pages);
        let remaining = terms.pages.saturating_sub(self.used);
        let outcome = if cost > terms.pages {
            QuotaOutcome::Never
        } else if cost <= remaining {
            QuotaOutcome::Within
        } else {
            QuotaOutcome::NotUntil(self.month.ends(terms.zone()))
        };
        let (holder, resource, burst) = (QuotaHolder::Month, Resource::Pages, terms.pages);
        QuotaStatus { holder, resource, outcome, cost, remaining, burst }
    }

    pub(super) fn charge(&mut self, costs: Costs) {
        self.used = self.used.saturating_add(costs.of(Resource::Pages)).min(USED_MAX);
    }

    /// Puts what a fax did cost in the place of what it was charged in that month; what it was charged in another one is over with it.
    pub(super) fn settle(&mut self, (charged, actual): (Costs, Costs), month: Month) {
        let [charged, actual] = [charged, actual].map(|costs| costs.of(Resource::Pages));
        let back = if month == self.month { charged.saturating_sub(actual) } else { 0 };
        let more = actual.saturating_sub(charged);
        self.used = self.used.saturating_sub(back).saturating_add(more).min(USED_MAX);
    }

    /// Takes a charge of the same instant back.
    pub(super) fn undo(&mut self, charged: Costs) {
        self.used = self.used.saturating_sub(charged.of(Resource::Pages));
    }

    /// The number of its month.
    pub(super) const fn number(&self) -> u16 {
        self.month.number()
    }

    /// Whether nobody's month is as long ago at `now`: two months back it is over in every zone.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.month.number().saturating_add(1) < Month::at(None, now).number()
    }
}

/// A row: the rest of the key, the month and the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MonthRow {
    rest: u64,
    word: u64,
}

/// Bits of a key that are not kept: none.
pub(super) const MONTH_FREE: u32 = FREE_BITS;

impl MonthRow {
    pub(super) fn of(rest: u64, level: MonthLevel) -> Self {
        Self { rest, word: u64::from(level.month.number()) << USED_BITS | level.used.min(USED_MAX) }
    }

    pub(super) fn level(self) -> MonthLevel {
        let month = u16::try_from(self.word >> USED_BITS).unwrap_or(0);
        MonthLevel { month: Month::from_number(month), used: self.word & USED_MAX }
    }
}

impl Row for MonthRow {
    const BYTES: usize = 16;
    const VACANT: Self = Self { rest: 0, word: 0 };

    fn rest(&self) -> u64 {
        self.rest
    }

    fn is_vacant(&self) -> bool {
        *self == Self::VACANT
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.rest.to_le_bytes());
        to.extend_from_slice(&self.word.to_le_bytes());
    }

    fn decode(from: &[u8]) -> Option<Self> {
        let (rest, word) = from.split_first_chunk()?;
        let word = u64::from_le_bytes(word.try_into().ok()?);
        Some(Self { rest: u64::from_le_bytes(*rest), word })
    }
}
