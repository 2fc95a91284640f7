//! What the provider says of its numbers and members: which number is whose, what a member is, which
//! numbers are the provider's own. An own number that nobody holds is a trap.
//!
//! Edits carry full pseudonyms, for the ledger and the tables of the store; the memory keeps their hot
//! halves: 16 bytes a number, 32 a member, before the room the tables keep to grow. Reads go on during an
//! import of any size, since an edit locks one shard of 4,096 for the time it takes.

pub mod edit;
mod rows;

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use thiserror::Error;

use crate::dense::{self, Dense, FREE_BITS, LoadFault, SHARDS, rest};
use crate::fax::hours::zones_digest;
use crate::fax::number::Number;
use crate::fax::stage::Member;
pub use edit::Edit;
use rows::{Interval, MemberRow, NumberRow};

const MAGIC: [u8; 8] = *b"FGDIR\0\0\x01";

/// Most of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Numbers that have a holder.
    pub numbers: usize,
    /// Members.
    pub members: usize,
    /// Ranges of own numbers, after those that touch are joined.
    pub ranges: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { numbers: 20_000_000, members: 20_000_000, ranges: 100_000 }
    }
}

/// Who holds a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A member we know.
    Member {
        /// Its hot key.
        key: u64,
        /// What is known of it.
        facts: Member,
    },
    /// A member of whom nothing is known but that it holds the number.
    MemberUnknown {
        /// Its hot key.
        key: u64,
    },
    /// One of the provider's own numbers, and nobody holds it: a trap.
    Unassigned,
    /// Not one of the provider's numbers.
    Foreign,
}

/// What became of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was so already.
    Unchanged,
    /// It is so now, and nobody lost anything by it.
    Done,
    /// The number has another holder or none: what is known of its former life is to be forgotten.
    Reassigned {
        /// Hot key of the former holder.
        former: u64,
    },
    /// The number changed hands outside the directory: what is known of its former life is to be forgotten.
    Recycled,
    /// It was not done.
    Refused(EditFault),
}

/// Why an edit was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EditFault {
    /// As many as may be.
    #[error("directory holds {most} {what} already (raise the limit in the configuration)")]
    Full {
        /// What there are too many of.
        what: &'static str,
        /// The limit.
        most: usize,
    },
    /// The last number of a range is below the first, or has another number of digits.
    #[error(
        "range does not go up, or its ends differ in length (give first and last number of it)"
    )]
    Range,
}

/// What a whole import did not mention, and so dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmentioned {
    /// A number lost its holder: as [`Outcome::Reassigned`].
    Number {
        /// Hot key of the number.
        number: u64,
        /// Hot key of its former holder.
        former: u64,
    },
    /// A member is gone.
    Member {
        /// Its hot key.
        member: u64,
    },
}

/// The directory in memory.
pub struct Directory {
    numbers: Dense<NumberRow>,
    members: Dense<MemberRow>,
    ranges: ArcSwap<Vec<Interval>>,
    limits: Limits,
    whole: AtomicBool,
    /// Ranges a whole import has mentioned so far. The lock also puts writers one behind the other.
    mentioned: Mutex<Vec<Interval>>,
}

impl Directory {
    /// An empty directory.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            numbers: Dense::growing(),
            members: Dense::growing(),
            ranges: ArcSwap::default(),
            limits,
            whole: AtomicBool::new(false),
            mentioned: Mutex::default(),
        }
    }

    /// Who holds a number. `hot` is the hot key of its pseudonym.
    #[must_use]
    pub fn lookup(&self, number: Number, hot: u64) -> Holder {
        let Some(row) = self.numbers.get(hot, FREE_BITS) else {
            return if self.owns(number) { Holder::Unassigned } else { Holder::Foreign };
        };
        let key = row.member;
        self.member(key)
            .map_or(Holder::MemberUnknown { key }, |facts| Holder::Member { key, facts })
    }

    /// True when the number is in a range of the provider's.
    #[must_use]
    pub fn owns(&self, number: Number) -> bool {
        let ranges = self.ranges.load();
        let after = ranges.partition_point(|range| range.first <= number.value());
        after > 0 && number.value() <= ranges[after - 1].last
    }

    /// What is known of a member.
    #[must_use]
    pub fn member(&self, key: u64) -> Option<Member> {
        self.members.get(key, FREE_BITS).map(|row| row.facts())
    }

    /// Does edits in their order, each whole or not at all, and says what became of each.
    #[must_use]
    pub fn apply(&self, edits: &[Edit]) -> Vec<Outcome> {
        let mut mentioned = self.mentioned.lock();
        edits.iter().map(|edit| self.apply_one(edit, &mut mentioned)).collect()
    }

    /// Begins a whole import: what it does not mention until [`Self::end_whole`] is dropped then. Begun
    /// again, an unfinished one starts over and mentions of before count no more.
    pub fn begin_whole(&self) {
        let mut mentioned = self.mentioned.lock();
        mentioned.clear();
        for shard in 0..SHARDS {
            self.numbers.edit_shard(shard, |table| table.for_each(|row| row.set_mentioned(false)));
            self.members.edit_shard(shard, |table| table.for_each(|row| row.set_mentioned(false)));
        }
        self.whole.store(true, Ordering::Release);
    }

    /// True between [`Self::begin_whole`] and the end of the import.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole.load(Ordering::Acquire)
    }

    /// Ends a whole import: each step drops what one shard holds unmentioned and tells it. The import has
    /// ended when the iterator has; dropped earlier, it can be ended again.
    #[must_use = "nothing is dropped until the steps are taken"]
    pub fn end_whole(&self) -> EndWhole<'_> {
        EndWhole { directory: self, shard: if self.is_whole() { 0 } else { SHARDS + 1 } }
    }

    /// Numbers with a holder, members, ranges.
    #[must_use]
    pub fn counts(&self) -> Limits {
        let (numbers, members) = (self.numbers.len(), self.members.len());
        Limits { numbers, members, ranges: self.ranges.load().len() }
    }

    /// Bytes in use. Looks at every shard: for a gauge, not for a verdict.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.numbers.bytes()
            + self.members.bytes()
            + self.ranges.load().len() * size_of::<Interval>()
    }

    /// Writes everything for a snapshot, shard by shard, while edits go on; edits done again at replay
    /// change nothing.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn encode(&self, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(&MAGIC)?;
        to.write_all(&zones_digest().to_le_bytes())?;
        rows::write_ranges(&self.ranges.load(), to)?;
        self.numbers.write(to)?;
        self.members.write(to)
    }

    /// Replaces everything by what [`Self::encode`] wrote. A whole import under way does not survive it.
    ///
    /// # Errors
    /// [`LoadFault`]: what was read before the fault stays.
    pub fn decode(&self, from: &mut dyn Read) -> Result<(), LoadFault> {
        let mut mentioned = self.mentioned.lock();
        mentioned.clear();
        self.whole.store(false, Ordering::Release);
        let mut magic = [0; 8];
        from.read_exact(&mut magic)?;
        let mut zones = [0; 8];
        from.read_exact(&mut zones)?;
        if magic != MAGIC || u64::from_le_bytes(zones) != zones_digest() {
            return Err(LoadFault::Damaged { part: "version" });
        }
        self.ranges.store(rows::read_ranges(from, self.limits.ranges)?.into());
        self.numbers.read(from, &|_| 0)?;
        self.members.read(from, &|_| 0)
    }

    fn apply_one(&self, edit: &Edit, mentioned: &mut Vec<Interval>) -> Outcome {
        match *edit {
            Edit::Range { first, last } => self.put_range(first, last, mentioned),
            Edit::RangeGone { first, last } => self.remove_range(first, last, mentioned),
            Edit::Assign { number, member: Some(member) } => {
                self.assign(number.hot(), member.hot())
            }
            Edit::Assign { number, member: None } => self.unassign(number.hot()),
            Edit::Member { key, facts: Some(facts) } => self.put_member(key.hot(), &facts),
            Edit::Member { key, facts: None } => {
                let gone = |table: &mut dense::Table<MemberRow>| {
                    table.remove(rest(key.hot(), FREE_BITS)).is_some()
                };
                done(self.members.edit(key.hot(), gone))
            }
            Edit::Recycled { .. } => Outcome::Recycled,
        }
    }

    fn assign(&self, number: u64, member: u64) -> Outcome {
        let row = NumberRow::new(number, member);
        let most = self.limits.numbers;
        let full = self.numbers.len() >= most;
        self.numbers.edit(number, |table| {
            let before = table.get(rest(number, FREE_BITS));
            if (before.is_none() && full) || table.put(row, |_| true).is_err() {
                return Outcome::Refused(EditFault::Full { what: "numbers", most });
            }
            match before {
                Some(before) if before.member == member => Outcome::Unchanged,
                Some(before) => Outcome::Reassigned { former: before.member },
                None => Outcome::Done,
            }
        })
    }

    fn unassign(&self, number: u64) -> Outcome {
        let removed = self.numbers.edit(number, |table| table.remove(rest(number, FREE_BITS)));
        removed.map_or(Outcome::Unchanged, |row| Outcome::Reassigned { former: row.member })
    }

    fn put_member(&self, key: u64, facts: &Member) -> Outcome {
        let row = MemberRow::new(key, facts);
        let most = self.limits.members;
        let full = self.members.len() >= most;
        self.members.edit(key, |table| {
            let before = table.get(rest(key, FREE_BITS));
            if (before.is_none() && full) || table.put(row, |_| true).is_err() {
                return Outcome::Refused(EditFault::Full { what: "members", most });
            }
            done(before.is_none_or(|before| before.facts() != *facts))
        })
    }

    fn put_range(&self, first: Number, last: Number, mentioned: &mut Vec<Interval>) -> Outcome {
        let Some(interval) = Interval::new(first, last) else {
            return Outcome::Refused(EditFault::Range);
        };
        let most = self.limits.ranges;
        let fault = Outcome::Refused(EditFault::Full { what: "ranges", most });
        let ranges = self.ranges.load();
        if self.is_whole() && (!rows::join(mentioned, interval, most)) {
            return fault;
        }
        if rows::covers(&ranges, interval) {
            return Outcome::Unchanged;
        }
        let mut ranges = ranges.to_vec();
        if !rows::join(&mut ranges, interval, most) {
            return fault;
        }
        self.ranges.store(ranges.into());
        Outcome::Done
    }

    fn remove_range(&self, first: Number, last: Number, mentioned: &mut Vec<Interval>) -> Outcome {
        let Some(interval) = Interval::new(first, last) else {
            return Outcome::Refused(EditFault::Range);
        };
        rows::cut(mentioned, interval);
        let mut ranges = self.ranges.load().to_vec();
        let changed = rows::cut(&mut ranges, interval);
        if ranges.len() > self.limits.ranges {
            let most = self.limits.ranges;
            return Outcome::Refused(EditFault::Full { what: "ranges", most });
        }
        if changed {
            self.ranges.store(ranges.into());
        }
        done(changed)
    }
}

const fn done(changed: bool) -> Outcome {
    if changed { Outcome::Done } else { Outcome::Unchanged }
}

/// The steps that end a whole import.
pub struct EndWhole<'a> {
    directory: &'a Directory,
    shard: usize,
}

impl Iterator for EndWhole<'_> {
    type Item = Vec<Unmentioned>;

    fn next(&mut self) -> Option<Self::Item> {
        let (directory, shard) = (self.directory, self.shard);
        if shard > SHARDS {
            return None;
        }
        self.shard += 1;
        let mut mentioned = directory.mentioned.lock();
        if shard == SHARDS {
            directory.whole.store(false, Ordering::Release);
            directory.ranges.store(std::mem::take(&mut *mentioned).into());
            return None;
        }
        let mut dropped = Vec::new();
        directory.numbers.edit_shard(shard, |table| {
            dropped.extend(
                table.iter().filter(|row| !row.is_mentioned()).map(|row| Unmentioned::Number {
                    number: row.number(shard),
                    former: row.member,
                }),
            );
            table.retain(NumberRow::is_mentioned);
        });
        directory.members.edit_shard(shard, |table| {
            let gone = table.iter().filter(|row| !row.is_mentioned());
            dropped.extend(gone.map(|row| Unmentioned::Member { member: row.member(shard) }));
            table.retain(MemberRow::is_mentioned);
        });
        Some(dropped)
    }
}

#[cfg(test)]
#[path = "directory/tests.rs"]
mod tests;
