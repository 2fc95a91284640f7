//! Limits of single members, over those of their plans. A table of their own, so that a million of them cost a look-up and
//! not a search, and nobody else anything.
//!
//! A row of 16 bytes a member says which set of limits it has. Sets lie apart and are shared: what is set comes in tiers, so that
//! the rows are what has to be fetched from memory, and few of them at that.

mod sets;

use crate::dense::{self, Dense, FREE_BITS, Row, SHARDS};
use crate::fax::stage::Plan;
use crate::limiter::{Limit, Limits, slowest};
use crate::time::Timestamp;
use crate::verdict::Resource;

use super::book::{Book, allowance};
use super::setting::{LimitKey, Part, Setting};
use sets::Sets;

/// Most members with limits of their own, at 20 bytes each, and at most 160 more where no two have the same.
pub const OWN_LIMITS_MAX: usize = 1_000_000;
/// For as long as nobody changes it.
const FOREVER: i64 = i64::MAX;

/// What is set for a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Own {
    /// A limit and until when it holds, in microseconds.
    limits: [Option<(Limit, i64)>; Resource::ALL.len()],
    /// Until when a limit is off.
    off: [i64; Resource::ALL.len()],
    /// Pages in a month, and until when that holds.
    month: Option<(u64, i64)>,
}

impl Own {
    fn put(&mut self, key: &LimitKey, setting: Option<&Setting>) {
        let which = key.resource as usize;
        let until = |setting: &Setting| setting.expires.map_or(FOREVER, Timestamp::as_micros);
        match key.part {
            Part::Quota => {
                self.limits[which] = setting.and_then(|setting| {
                    let quota = setting.quota?;
                    Some((Limit::of(allowance(quota)), until(setting)))
                });
            }
            Part::Off => self.off[which] = setting.map_or(0, until),
            Part::Month => {
                let pages = |setting: &Setting| Some((setting.quota?.rate(), until(setting)));
                self.month = setting.and_then(pages);
            }
            // Of nobody alone, or in nobody's way.
            Part::Canary | Part::Shadow(_) => {}
        }
    }

    fn over(self, (member, plan): (u64, Plan), book: &Book, now: Timestamp) -> Effective {
        let (of_plan, mut off) = book.of_member(member, plan);
        let (mut limits, now) = (*of_plan, now.as_micros());
        for (which, limit) in limits.iter_mut().enumerate() {
            if let Some((own, until)) = self.limits[which]
                && until > now
            {
                *limit = Some(own);
            }
            if self.off[which] > now {
                off |= 1 << which;
            }
        }
        let month = self.month.filter(|(_, until)| *until > now).map(|(pages, _)| pages);
        Effective { limits, off, month }
    }

    fn is_nothing(&self, now: Timestamp) -> bool {
        let now = now.as_micros();
        self.limits.iter().flatten().all(|(_, until)| *until <= now)
            && self.off.iter().all(|until| *until <= now)
            && self.month.is_none_or(|(_, until)| until <= now)
    }
}

/// The limits of a member at a moment: its own where it has any, and those of its plan.
#[derive(Clone, Copy, Debug)]
pub struct Effective {
    /// The limits.
    pub limits: Limits,
    /// Those that are off, a bit each.
    pub off: u8,
    /// Pages in a month, where it has other ones than its plan.
    pub month: Option<u64>,
}

/// A member, and where its set is: one more than the number, so that no row is all zeros.
#[derive(Clone, Copy)]
struct OwnRow {
    rest: u64,
    set: u32,
}

impl OwnRow {
    const fn set(self) -> usize {
        self.set as usize - 1
    }
}

impl Row for OwnRow {
    const BYTES: usize = 12;
    const VACANT: Self = Self { rest: 0, set: 0 };

    fn rest(&self) -> u64 {
        self.rest
    }

    fn is_vacant(&self) -> bool {
        self.set == 0
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.rest.to_le_bytes());
        to.extend_from_slice(&self.set.to_le_bytes());
    }

    fn decode(from: &[u8]) -> Option<Self> {
        let (rest, set) = from.split_first_chunk()?;
        let set = u32::from_le_bytes(set.try_into().ok()?);
        Some(Self { rest: u64::from_le_bytes(*rest), set })
    }
}

/// The limits of single members. A row is locked before its set is, by whoever reads or changes either.
pub struct OwnLimits {
    rows: Dense<OwnRow>,
    sets: Sets,
}

impl Default for OwnLimits {
    fn default() -> Self {
        Self { rows: Dense::growing(), sets: Sets::default() }
    }
}

impl OwnLimits {
    /// Members with limits of their own.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether there is room for one more member.
    #[must_use]
    pub fn has_room_for(&self, member: u64) -> bool {
        self.len() < OWN_LIMITS_MAX || self.get(member).is_some()
    }

    fn get(&self, member: u64) -> Option<Own> {
        if self.is_empty() {
            return None;
        }
        let shard = dense::shard(member);
        let rows = self.rows.shard(shard);
        let row = rows.get(dense::rest(member, FREE_BITS))?;
        self.sets.get(shard, row.set())
    }

    /// The limits of a member, where it has any of its own.
    #[must_use]
    pub fn of(&self, member: u64, plan: Plan, book: &Book, now: Timestamp) -> Option<Effective> {
        Some(self.get(member)?.over((member, plan), book, now))
    }

    /// What a member has left of its limits, in percent, while it is under a measure.
    #[must_use]
    pub fn lessened(
        &self,
        (member, plan): (u64, Plan),
        percent: u32,
        book: &Book,
        now: Timestamp,
    ) -> Effective {
        let own = self.get(member).unwrap_or_default();
        let Effective { limits, off, month } = own.over((member, plan), book, now);
        let limits = limits.map(|limit| limit.map(|limit| limit.percent(percent)));
        Effective { limits, off, month }
    }

    /// The limits that a member would have with that setting, and nothing is changed.
    #[must_use]
    pub fn tried(
        &self,
        (member, plan): (u64, Plan),
        (key, setting): (&LimitKey, Option<&Setting>),
        book: &Book,
        now: Timestamp,
    ) -> Effective {
        let mut own = self.get(member).unwrap_or_default();
        own.put(key, setting);
        own.over((member, plan), book, now)
    }

    /// Puts in what was set for a member, or takes it out.
    pub fn put(&self, member: u64, key: &LimitKey, setting: Option<&Setting>, now: Timestamp) {
        let (shard, rest) = (dense::shard(member), dense::rest(member, FREE_BITS));
        self.rows.edit_shard(shard, |rows| {
            let before = rows.remove(rest).and_then(|row| self.sets.give_back(shard, row.set()));
            let mut own = before.unwrap_or_default();
            own.put(key, setting);
            if own.is_nothing(now) {
                return;
            }
            let set = self.sets.take(shard, own);
            let row = u32::try_from(set + 1).ok().map(|set| OwnRow { rest, set });
            let put = row.is_some_and(|row| rows.put(row, |_| true).is_ok());
            debug_assert!(put, "a table that grows has room for {OWN_LIMITS_MAX}");
        });
    }

    /// Lets go of what has expired. Off the path, now and then.
    pub fn purge(&self, now: Timestamp) {
        for shard in 0..SHARDS {
            let over = |row: &OwnRow| {
                self.sets.get(shard, row.set()).is_none_or(|own| own.is_nothing(now))
            };
            if !self.rows.shard(shard).iter().any(over) {
                continue;
            }
            self.rows.edit_shard(shard, |rows| {
                let gone: Vec<OwnRow> = rows.iter().filter(|row| over(row)).copied().collect();
                for row in gone {
                    let _own = self.sets.give_back(shard, row.set());
                    let _row = rows.remove(row.rest);
                }
            });
        }
    }

    /// Limits under which whatever has drained has drained for each of these members.
    #[must_use]
    pub fn slowest(&self) -> Limits {
        let limits = |own: Own| own.limits.map(|limit| limit.map(|(limit, _)| limit));
        slowest(self.sets.all().into_iter().map(limits))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::fax::id::Pseudonym;
    use crate::memory::limits::Scope;
    use crate::policy::Quota;
    use crate::time::Span;

    fn setting(pages: u64, expires: Option<i64>) -> Setting {
        Setting {
            quota: Quota::new(pages, Span::seconds(60), pages).ok(),
            canary: None,
            author: "kim".into(),
            reason: "a contract".into(),
            set: Timestamp::from_seconds(1),
            expires: expires.map(Timestamp::from_seconds),
        }
    }

    const fn key(resource: Resource, part: Part) -> LimitKey {
        LimitKey { scope: Scope::Member(Pseudonym([0; 16])), resource, part }
    }

    proptest! {
        /// Beside a map of what each member was set last: the same of everybody, whoever shares a set with whom.
        #[test]
        fn each_has_what_was_set_for_it(
            edits in prop::collection::vec((0_u64..40, 0_usize..4, 0_u64..4, 0_i64..4, any::<bool>()), 1..200),
        ) {
            let own = OwnLimits::default();
            let mut exact: HashMap<u64, Own> = HashMap::new();
            for (at, resource, pages, expires, off) in edits {
                // Some in one shard, and some far apart.
                let member = at << (if at % 2 == 0 { 3 } else { 58 }) | 1;
                let part = if off { Part::Off } else { Part::Quota };
                let key = key(Resource::ALL[resource], part);
                let expires = (expires > 0).then_some(expires * 100);
                let what = (pages > 0).then(|| setting(pages, expires));
                own.put(member, &key, what.as_ref(), Timestamp::from_seconds(1));
                exact.entry(member).or_default().put(&key, what.as_ref());
                exact.retain(|_, own| !own.is_nothing(Timestamp::from_seconds(1)));
            }
            for now in [1, 150, 250, 350].map(Timestamp::from_seconds) {
                own.purge(now);
                exact.retain(|_, own| !own.is_nothing(now));
                prop_assert_eq!(own.len(), exact.len());
                for (member, one) in &exact {
                    prop_assert_eq!(own.get(*member), Some(*one));
                }
                let mut sets: Vec<_> = own.sets.all();
                let of_members: Vec<_> = exact.values().copied().collect();
                sets.retain(|set| !of_members.contains(set));
                prop_assert!(sets.is_empty(), "a set that nobody has: {sets:?}");
            }
        }
    }

    #[test]
    fn a_row_stays_small_and_reads_back() {
        assert_eq!(size_of::<OwnRow>(), 16);
        let row = OwnRow { rest: 5 << FREE_BITS, set: 7 };
        let mut bytes = Vec::new();
        row.encode(&mut bytes);
        assert!(OwnRow::decode(&bytes).is_some_and(|read| read.rest == row.rest && read.set == 7));
        assert!(OwnRow::decode(&bytes[..11]).is_none() && !row.is_vacant());
    }
}
