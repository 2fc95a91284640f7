//! Correspondence: whether a member has faxed a number, or accepted a fax from it. The strongest evidence
//! that a fax is wanted, kept for fifty million pairs in ten bytes each.
//!
//! An entry is one word: 48 bits of a keyed tag of the pair, the day in 14 bits, two marks. The shard says
//! twelve further bits of the tag, so that a pair nobody noted is taken for a noted one with a chance of
//! n / 2^60: at fifty million pairs 4.3 in 10^11. The tag mixes the hot keys of both with 128 bits of key
//! ([`mix`]).
//!
//! Days count modulo 2^14 (44 years); a day of the coming half counts as today, since a clock may step back.
//! A pair expires as a whole, that long after its latest note. A pair cannot be found by its number, so
//! that recycling leaves a mark instead: pairs up to the day of the mark are void.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::dense::{Dense, LoadFault, Row, Table, mix, mixing_key, rest};
use crate::time::Timestamp;

/// Bits of an entry that are not its tag.
const FREE_BITS: u32 = 16;
const DAY_BITS: u32 = 14;
const DAY_MASK: u16 = (1 << DAY_BITS) - 1;
/// Days from which on a day counts as one to come.
const DAY_HALF: u16 = 1 << (DAY_BITS - 1);
/// Longest term in days.
pub const TERM_DAYS_MAX: u16 = 4_096;
/// Term that is used unless the policy says otherwise: 18 months.
pub const TERM_DAYS_DEFAULT: u16 = 548;
/// Share of the bytes that the marks of recycling may take, one in so many.
const MARKS_SHARE: usize = 16;
/// Slots looked at to make room for one entry.
const THIN_SLOTS: usize = 64;
const MAGIC: [u8; 8] = *b"FGREL\0\0\x01";

/// What is noted of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Relation {
    /// The member has faxed the number.
    Faxed = 1,
    /// The member has accepted a fax from the number. What counts as accepted the caller decides.
    Accepted = 2,
}

/// What is known of a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correspondence {
    /// The member has faxed the number within the term.
    pub faxed: bool,
    /// The member has accepted a fax from it within the term.
    pub accepted: bool,
    /// Days since the latest note of either; 0 where there is none within the term.
    pub age_days: u16,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes for pairs and marks together; 512 MiB hold 55 million pairs.
    pub bytes: usize,
    /// Days a pair is kept after its latest note, at most [`TERM_DAYS_MAX`].
    pub term_days: u16,
}

/// What was dropped since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Entries whose term had ended, as far as they were met.
    pub expired: u64,
    /// Entries dropped within their term because the memory was full; the oldest of a sample each.
    pub evicted: u64,
    /// Notes and marks that found no room at all; not seen unless the bound is tiny.
    pub refused: u64,
}

/// One pair, or one mark of recycling.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pair(u64);

impl Pair {
    const fn new(tag: u64, day: u16, marks: u8) -> Self {
        let day = (day & DAY_MASK) as u64;
        Self(rest(tag, FREE_BITS) | day << 2 | (marks & 3) as u64)
    }

    #[expect(clippy::cast_possible_truncation, reason = "fourteen bits fit")]
    const fn day(self) -> u16 {
        (self.0 >> 2) as u16 & DAY_MASK
    }

    const fn marks(self) -> u8 {
        (self.0 & 3) as u8
    }
}

impl Row for Pair {
    const BYTES: usize = 8;
    const VACANT: Self = Self(0);

    fn rest(&self) -> u64 {
        self.0 >> FREE_BITS << FREE_BITS
    }

    fn is_vacant(&self) -> bool {
        self.0 == 0
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.0.to_le_bytes());
    }

    fn decode(from: &[u8]) -> Option<Self> {
        let pair = Self(u64::from_le_bytes(from.try_into().ok()?));
        (pair.marks() != 0).then_some(pair)
    }
}

fn day_of(time: Timestamp) -> u16 {
    u16::try_from(time.day().rem_euclid(1 << DAY_BITS)).unwrap_or(0)
}

/// Days from `day` to `today`; none for a day to come.
const fn age(today: u16, day: u16) -> u16 {
    let days = today.wrapping_sub(day) & DAY_MASK;
    if days < DAY_HALF { days } else { 0 }
}

/// True when `day` is after `other`.
const fn after(day: u16, other: u16) -> bool {
    age(day, other) > 0
}

const fn later(day: u16, other: u16) -> u16 {
    if after(day, other) { day } else { other }
}

/// The memory of correspondence.
pub struct Relations {
    pairs: Dense<Pair>,
    /// Days of recycling, by number or member.
    marks: Dense<Pair>,
    key: [u64; 2],
    term_days: u16,
    expired: AtomicU64,
    evicted: AtomicU64,
    refused: AtomicU64,
}

impl Relations {
    /// An empty memory. The key must be the same over restarts, or a snapshot is refused.
    #[must_use]
    pub fn new(limits: Limits, key: [u8; 16]) -> Self {
        let key = mixing_key(key);
        let marks = limits.bytes / MARKS_SHARE;
        Self {
            pairs: Dense::of_bytes(limits.bytes - marks),
            marks: Dense::of_bytes(marks),
            key,
            term_days: limits.term_days.min(TERM_DAYS_MAX),
            expired: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Notes that a member has faxed a number, or accepted a fax from it. Both keys are the hot ones.
    /// Noting again refreshes the age of the pair. Doing it twice changes nothing.
    pub fn note(&self, member: u64, number: u64, relation: Relation, now: Timestamp) {
        let today = day_of(now);
        let mark = self.latest_mark(member, number, today);
        // On the day of a recycling, what is new must be told from what is void: it counts as of tomorrow.
        let floor = mark.map_or(today, |mark| later(today, mark.wrapping_add(1) & DAY_MASK));
        let tag = self.tag(member, number);
        let (fresh, mut marks) = (Pair::new(tag, floor, 0), relation as u8);
        self.keep(&self.pairs, tag, today, |old| {
            let old = old.filter(|old| self.is_alive(*old, mark, today));
            marks |= old.map_or(0, Pair::marks);
            Pair::new(tag, old.map_or(floor, |old| later(old.day(), fresh.day())), marks)
        });
    }

    /// The member has said that faxes from the number are wanted: accepted as of the day before, even where a
    /// fax of the same day was noted as accepted already, since what counts from the next day on is to count now.
    pub fn approve(&self, member: u64, number: u64, now: Timestamp) {
        let today = day_of(now);
        let mark = self.latest_mark(member, number, today);
        let before = today.wrapping_sub(1) & DAY_MASK;
        let floor = mark.map_or(before, |mark| later(before, mark.wrapping_add(1) & DAY_MASK));
        let tag = self.tag(member, number);
        self.keep(&self.pairs, tag, today, |old| {
            let old = old.filter(|old| self.is_alive(*old, mark, today));
            let marks = old.map_or(0, Pair::marks) | Relation::Accepted as u8;
            Pair::new(tag, floor, marks)
        });
    }

    /// The member has not accepted faxes from the number after all. That it has faxed the number stays, as of the day of the
    /// latest note. Doing it twice changes nothing.
    pub fn withdraw(&self, member: u64, number: u64) {
        let tag = self.tag(member, number);
        let rest = rest(tag, FREE_BITS);
        self.pairs.edit(tag, |shard| {
            let Some(pair) = shard.get(rest) else { return };
            match pair.marks() & !(Relation::Accepted as u8) {
                0 => drop(shard.remove(rest)),
                // In place of the pair, so that there is room.
                marks => drop(shard.put(Pair::new(tag, pair.day(), marks), |_| true)),
            }
        });
    }

    /// What is known of a pair at `now`.
    #[must_use]
    pub fn get(&self, member: u64, number: u64, now: Timestamp) -> Correspondence {
        let today = day_of(now);
        let Some(pair) = self.pairs.get(self.tag(member, number), FREE_BITS) else {
            return Correspondence::default();
        };
        if !self.is_alive(pair, self.latest_mark(member, number, today), today) {
            return Correspondence::default();
        }
        Correspondence {
            faxed: pair.marks() & Relation::Faxed as u8 != 0,
            accepted: pair.marks() & Relation::Accepted as u8 != 0,
            age_days: age(today, pair.day()),
        }
    }

    /// The number, or the account, has a new holder: every pair with it noted so far is void. Exact within
    /// the day too, but for a pair of which both sides are recycled on one day with a note in between: it
    /// may live on.
    pub fn recycled(&self, number_or_member: u64, now: Timestamp) {
        let today = day_of(now);
        let tag = self.mark_tag(number_or_member);
        let last = (today + DAY_HALF / 2) & DAY_MASK;
        self.keep(&self.marks, tag, today, |old| {
            // Notes since an earlier mark of the same day count as of the day after it.
            let day = match old {
                Some(old) if !after(today, old.day()) && old.day() != last => old.day() + 1,
                Some(old) if !after(today, old.day()) => old.day(),
                _ => today,
            };
            Pair::new(tag, day, 3)
        });
    }

    /// Pairs in memory, expired ones not yet met included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// True when there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Bytes in use for pairs and marks. Looks at every shard: for a gauge, not for a verdict.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.pairs.bytes() + self.marks.bytes()
    }

    /// Pairs there is room for, were they spread evenly.
    #[must_use]
    pub const fn pairs_max(&self) -> usize {
        self.pairs.rows_max()
    }

    /// What was dropped since the start.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        Dropped {
            expired: self.expired.load(Ordering::Relaxed),
            evicted: self.evicted.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    /// Writes everything for a snapshot, shard by shard, while notes go on. A note that falls in between
    /// is in it or not; noting it again at replay does no harm.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn encode(&self, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(&MAGIC)?;
        to.write_all(&self.key_mark().to_le_bytes())?;
        // A mark made in between may miss here or there: replay makes it again, and a mark made again
        // on its day moves past every pair noted in between.
        self.pairs.write(to)?;
        self.marks.write(to)
    }

    /// Replaces everything by what [`Self::encode`] wrote. Under a smaller bound the oldest go.
    ///
    /// # Errors
    /// [`LoadFault`]: what was read before the fault stays.
    pub fn decode(&self, from: &mut dyn Read, now: Timestamp) -> Result<(), LoadFault> {
        let (mut magic, mut mark) = ([0; 8], [0; 8]);
        from.read_exact(&mut magic)?;
        from.read_exact(&mut mark)?;
        if magic != MAGIC {
            return Err(LoadFault::Damaged { part: "version" });
        }
        if u64::from_le_bytes(mark) != self.key_mark() {
            return Err(LoadFault::Damaged { part: "key" });
        }
        let today = day_of(now);
        let age = |pair: &Pair| age(today, pair.day());
        self.pairs.read(from, &age)?;
        self.marks.read(from, &age)
    }

    fn keep(
        &self,
        table: &Dense<Pair>,
        tag: u64,
        today: u16,
        mut change: impl FnMut(Option<Pair>) -> Pair,
    ) {
        let aged = |pair: &Pair| age(today, pair.day());
        let lives = |pair: &Pair| aged(pair) <= self.term_days;
        table.edit(tag, |shard: &mut Table<Pair>| {
            let pair = change(shard.get(rest(tag, FREE_BITS)));
            let before = shard.rows();
            let mut put = shard.put(pair, lives);
            if put.is_err() {
                let thinned = shard.thin(THIN_SLOTS, aged, self.term_days);
                self.expired.fetch_add(u64::from(thinned.expired), Ordering::Relaxed);
                self.evicted.fetch_add(u64::from(thinned.evicted), Ordering::Relaxed);
                put = shard.put(pair, lives);
            } else if shard.rows() < before {
                let dropped = (before + 1).saturating_sub(shard.rows());
                self.expired.fetch_add(dropped as u64, Ordering::Relaxed);
            }
            self.refused.fetch_add(u64::from(put.is_err()), Ordering::Relaxed);
        });
    }

    fn is_alive(&self, pair: Pair, mark: Option<u16>, today: u16) -> bool {
        let voided = mark.is_some_and(|mark| !after(pair.day(), mark));
        !voided && age(today, pair.day()) <= self.term_days
    }

    /// The later of the days either was recycled on.
    fn latest_mark(&self, member: u64, number: u64, today: u16) -> Option<u16> {
        if self.marks.is_empty() {
            return None;
        }
        let mark = |hot| {
            let mark = self.marks.get(self.mark_tag(hot), FREE_BITS)?;
            // A mark older than the term voids only what has expired, and its day may come round again.
            (age(today, mark.day()) <= self.term_days).then_some(mark.day())
        };
        match (mark(member), mark(number)) {
            (Some(one), Some(other)) => Some(later(one, other)),
            (one, other) => one.or(other),
        }
    }

    fn tag(&self, member: u64, number: u64) -> u64 {
        mix(self.key, member, number)
    }

    fn mark_tag(&self, hot: u64) -> u64 {
        mix(self.key, hot, 0x6D61_726B)
    }

    /// Tells one key from another, so that a snapshot under another key is refused.
    fn key_mark(&self) -> u64 {
        self.tag(0x5265_6C61_7469_6F6E, 1)
    }
}

#[cfg(test)]
#[path = "relations/tests.rs"]
mod tests;
