//! What is remembered of an active member, in one row of 40 bytes: four levels, what it pulls at contended resources, and one
//! time for all.

use crate::dense::{FREE_BITS, Row};
use crate::time::Timestamp;
use crate::verdict::{QuotaHolder, QuotaOutcome, QuotaStatus, Resource};

use super::bucket::{Bucket, LEVEL_BITS, Limit, Tick};
use super::cost::Costs;
use super::share::{Pull, Pulled};
use super::untold::SOON;
use super::{Allowances, Statuses};

/// Bits of a row's key that are not kept, and the lowest of those kept tells called numbers apart: two members of ten million share a
/// row once in ten thousand tables.
pub(super) const FREE: u32 = FREE_BITS + 4;
/// Bits beside a level in its word.
const BESIDE: u32 = 64 - LEVEL_BITS;

/// The limits of a member, worked out; `None` is no limit.
pub type Limits = [Option<Limit>; Resource::ALL.len()];

/// Works out limits.
#[must_use]
pub fn limits(allowances: &Allowances) -> Limits {
    allowances.map(|allowance| allowance.map(Limit::of))
}

/// Limits under which whatever has drained has drained under each of these: of all plans and members.
#[must_use]
pub fn slowest(all: impl IntoIterator<Item = Limits>) -> Limits {
    all.into_iter().fold([None; Resource::ALL.len()], |slowest, one| {
        std::array::from_fn(|at| match (slowest[at], one[at]) {
            (Some(slow), Some(limit)) => Some(slow.slower(limit)),
            (slow, limit) => slow.or(limit),
        })
    })
}

/// The limits of that many members together.
#[must_use]
pub(super) fn together(limits: &Limits, members: u64) -> Limits {
    limits.map(|limit| limit.map(|limit| limit.times(members)))
}

/// What is remembered of an active member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// In the order of [`Resource::ALL`].
    levels: [Bucket; Resource::ALL.len()],
    /// At contended resources.
    pub(super) pull: Pull,
    /// What all of it stands for; the first tick of nobody yet.
    at: Tick,
}

impl Load {
    /// When it was last brought up to date; `None` where nothing is remembered.
    pub(super) fn at(&self) -> Option<Timestamp> {
        (self.at > Tick::default()).then(|| self.at.begins())
    }

    /// Whether nothing is remembered that somebody new would not have, once everything has leaked that does at these
    /// limits until `now`.
    pub(super) fn is_fresh(mut self, slowest: &Limits, now: Timestamp) -> bool {
        self.leak(slowest, Tick::of(now));
        self.levels.iter().all(|level| level.is_empty())
            && self.at().is_none_or(|at| self.pull.is_nothing(at, now))
    }

    fn leak(&mut self, limits: &Limits, now: Tick) {
        for (level, limit) in self.levels.iter_mut().zip(limits) {
            match limit {
                Some(limit) => level.leak(*limit, self.at, now),
                // A limit that is set later begins with an empty level.
                None => *level = Bucket::default(),
            }
        }
    }

    /// How long ago it was touched, in steps of 19 hours: for who must choose.
    pub(super) fn age(&self) -> u16 {
        u16::MAX - u16::try_from(self.at.bits() >> 32).unwrap_or(u16::MAX)
    }

    /// The same, standing for `now` where it stood for nothing.
    pub(super) fn begun(mut self, now: Timestamp) -> Self {
        self.at = self.at.max(Tick::of(now)).max(Tick::from_bits(1));
        self
    }

    /// Brings the levels and the pull up to `now`.
    pub(super) fn settle(&mut self, limits: &Limits, now: Timestamp) {
        if let Some(before) = self.at() {
            self.pull.bring_up(before, now);
        }
        let now = Tick::of(now);
        self.leak(limits, now);
        self.at = self.at.max(now).max(Tick::from_bits(1));
    }

    /// How the quotas stand, of levels brought up to the present.
    pub(super) fn check(&self, limits: &Limits, costs: Costs, holder: QuotaHolder) -> Statuses {
        let mut statuses = [None; Resource::ALL.len()];
        for (resource, status) in Resource::ALL.into_iter().zip(&mut statuses) {
            let which = resource as usize;
            let (level, cost) = (self.levels[which], costs.of(resource));
            *status = limits[which].map(|limit| QuotaStatus {
                holder,
                resource,
                outcome: level.ask(limit, cost, self.at),
                cost,
                remaining: level.remaining(limit),
                burst: Bucket::default().remaining(limit),
            });
        }
        statuses
    }

    /// How the quotas stand where so many steps count on top of each level, for a moment: of what is within without them,
    /// it is said that it is within again after that.
    pub(super) fn tighten(
        &self,
        (limits, costs): (&Limits, Costs),
        beside: [u64; Resource::ALL.len()],
        statuses: &mut Statuses,
    ) {
        for (which, status) in statuses.iter_mut().enumerate() {
            let (Some(limit), Some(status)) = (limits[which], status) else { continue };
            if beside[which] == 0 || status.outcome != QuotaOutcome::Within {
                continue;
            }
            let (level, cost) = (self.levels[which].with(beside[which]), costs.0[which]);
            if level.ask(limit, cost, self.at) != QuotaOutcome::Within {
                status.outcome = QuotaOutcome::NotUntil(self.at.begins().plus(SOON));
            }
        }
    }

    /// What it stands for.
    pub(super) const fn tick(&self) -> Tick {
        self.at
    }

    /// When all levels are empty, at these limits.
    pub(super) fn drained(&self, limits: &Limits) -> Tick {
        let drained = self.levels.iter().zip(limits);
        let drained = drained.filter_map(|(level, limit)| Some(level.drained((*limit)?, self.at)));
        drained.max().unwrap_or(self.at)
    }

    /// The levels, in steps, without what is put on top of a first cost.
    pub(super) fn steps(&self, limits: &Limits) -> [u64; Resource::ALL.len()] {
        std::array::from_fn(|at| limits[at].map_or(0, |limit| self.levels[at].net(limit)))
    }

    /// Puts what all instances know in the place of what is remembered here.
    pub(super) fn take_over(&mut self, steps: [u64; Resource::ALL.len()], rates: Pulled) {
        self.levels = steps.map(Bucket::of_steps);
        self.pull.take_over(rates);
    }

    /// Charges costs.
    pub(super) fn charge(&mut self, limits: &Limits, costs: Costs) {
        for ((level, limit), cost) in self.levels.iter_mut().zip(limits).zip(costs.0) {
            if let Some(limit) = limit {
                level.charge(*limit, cost);
            }
        }
    }

    /// Takes off what was charged and is not spent.
    pub(super) fn give_back(&mut self, costs: Costs) {
        self.levels.iter_mut().zip(costs.0).for_each(|(level, cost)| level.give_back(cost));
    }
}

/// A row: the key, and a [`Load`] in 272 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LoadRow([u64; 5]);

impl LoadRow {
    /// The row of a key's rest.
    pub(super) fn of(rest: u64, load: &Load) -> Self {
        let [first, second, third, fourth] = load.levels.map(Bucket::bits);
        let (rates, penalty, usual) = load.pull.parts();
        let [lines, attempts, conversion] = rates.map(u64::from);
        Self([
            rest | lines,
            load.at.bits() << 16 | attempts,
            first << BESIDE | fourth & ((1 << BESIDE) - 1),
            second << BESIDE | fourth >> BESIDE << 8 | u64::from(penalty),
            third << BESIDE | conversion << 8 | u64::from(usual),
        ])
    }

    /// What the row remembers.
    pub(super) fn load(&self) -> Load {
        let words = self.0;
        let byte = |word: u64| u8::try_from(word & 0xff).unwrap_or(0);
        let rate = |word: u64| u16::try_from(word & 0xffff).unwrap_or(0);
        let fourth = words[2] & ((1 << BESIDE) - 1) | (words[3] >> 8 & 0xffff) << BESIDE;
        let levels = [words[2] >> BESIDE, words[3] >> BESIDE, words[4] >> BESIDE, fourth];
        let rates = [rate(words[0]), rate(words[1]), rate(words[4] >> 8)];
        Load {
            levels: levels.map(Bucket::from_bits),
            pull: Pull::from_parts(rates, byte(words[3]), byte(words[4])),
            at: Tick::from_bits(words[1] >> 16),
        }
    }
}

impl Row for LoadRow {
    const BYTES: usize = 40;
    const VACANT: Self = Self([0; 5]);

    fn rest(&self) -> u64 {
        self.0[0] >> FREE << FREE
    }

    fn is_vacant(&self) -> bool {
        // Not by comparing with an array of zeros, which calls a function of the system for every row that a search passes.
        let [a, b, c, d, e] = self.0;
        a | b | c | d | e == 0
    }

    fn encode(&self, to: &mut Vec<u8>) {
        self.0.iter().for_each(|word| to.extend_from_slice(&word.to_le_bytes()));
    }

    fn decode(from: &[u8]) -> Option<Self> {
        let mut words = [0; 5];
        for (word, bytes) in words.iter_mut().zip(from.chunks_exact(8)) {
            *word = u64::from_le_bytes(bytes.try_into().ok()?);
        }
        (from.len() == Self::BYTES).then_some(Self(words))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_row_keeps_all_of_a_load(
            levels in prop::array::uniform4(0_u64..1 << LEVEL_BITS),
            rates in any::<[u16; 3]>(),
            (penalty, usual) in any::<(u8, u8)>(),
            at in 0_u64..1 << 48,
            key in any::<u64>(),
        ) {
            let load = Load {
                levels: levels.map(Bucket::from_bits),
                pull: Pull::from_parts(rates, penalty, usual),
                at: Tick::from_bits(at),
            };
            let rest = crate::dense::rest(key, FREE);
            let row = LoadRow::of(rest, &load);
            prop_assert_eq!(row.load(), load);
            prop_assert_eq!(row.rest(), rest);
            let mut bytes = Vec::new();
            row.encode(&mut bytes);
            prop_assert_eq!(LoadRow::decode(&bytes), Some(row));
            bytes.pop();
            prop_assert_eq!(LoadRow::decode(&bytes), None);
        }
    }

    #[test]
    fn a_row_stays_small() {
        assert_eq!(size_of::<LoadRow>(), 40);
    }
}
