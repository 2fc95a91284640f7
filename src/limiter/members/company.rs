//! The levels in company: what other instances are told of them, and what they say.

use crate::time::Timestamp;
use crate::verdict::QuotaHolder;

use super::super::row::{FREE, Limits};
use super::super::share::PULLS;
use super::super::untold::{Company, Telling, Told, Untold};
use super::{Members, Party, Place};

/// Without any limit a load is brought up to the present and keeps nothing, which what is told then replaces.
const NO_LIMITS: Limits = [None; 4];

impl Members {
    /// From now on others are told of what is charged. What was charged before, when a ledger was read back, they know.
    /// False where it is so already.
    pub fn keep_company(&self, company: Company) -> bool {
        self.untold.set(Untold::new(company)).is_ok()
    }

    /// What others do not know yet; `None` where there are no others.
    #[must_use]
    pub fn untold(&self) -> Option<&Untold> {
        self.untold.get()
    }

    /// The present by which levels leak; see [`Untold::set_clock`].
    pub(super) fn now(&self, now: Timestamp) -> Timestamp {
        self.untold().map_or(now, |untold| untold.now(now))
    }

    /// What at most so many keys of a part have to tell; see [`Untold::take`].
    #[must_use]
    pub fn tell(&self, part: usize, most: usize, now: Timestamp) -> Vec<Telling> {
        let Some(untold) = self.untold() else { return Vec::new() };
        let weight = untold.weight_milli(part);
        let taken = untold.take(part, most, now);
        let telling = taken.into_iter().map(|(key, steps, pulled, limits)| {
            let mut load = self.rows.get(key, FREE).map_or_else(Default::default, |row| row.load());
            load.settle(&limits, self.now(now));
            let levels = load.steps(&limits);
            let own = steps.map(|steps| steps.max(0).unsigned_abs().saturating_mul(weight) / 1_000);
            let known = |at: usize| levels[at].saturating_sub(own[at]);
            let paces = limits.map(|limit| limit.map_or(0, |limit| limit.pace()));
            Telling { key, steps, paces, known: std::array::from_fn(known), pulled }
        });
        telling.collect()
    }

    /// Takes over what all instances together have spent, as of now. Where there is no room for a row nothing is
    /// remembered, as of anybody who has none.
    pub fn hear(&self, told: &Told, now: Timestamp) {
        let Some(untold) = self.untold() else { return };
        let (key, now) = (told.key, self.now(now));
        let nothing = told.steps == [0; 4] && told.rates == [0; PULLS];
        if key == 0 || (nothing && self.rows.get(key, FREE).is_none()) {
            return;
        }
        let party =
            Party { holder: QuotaHolder::Member, key, limits: &NO_LIMITS, off: 0, month: None };
        self.lock([party], now).visit(0, now, |visit| {
            if visit.place() == Place::Shared {
                return;
            }
            // While the row is locked nobody charges it.
            let (steps, pulled) = untold.unknown(key);
            let sum = |at: usize| told.steps[at].saturating_add_signed(steps[at]);
            let rate = |at: usize| told.rates[at].saturating_add(pulled[at]);
            visit.load.take_over(std::array::from_fn(sum), std::array::from_fn(rate));
        });
    }
}
