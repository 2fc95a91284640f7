//! What speaks for two pages being one: chunk keys they share, and marks that agree on how far one is shifted.
//!
//! A pair of marks of small Hamming distance votes for the shift between their places. Votes for one shift, within a
//! tolerance for scale and skew, count together (a Hough transform over shifts: Lowe, IJCV 60, 2004, section 7.1); a
//! mark of either page counts once in them. A bucket or key that floods is what half the world shares, and counts a
//! quarter: the weight of a term falls with how common it is (Spärck Jones, 1972).

use super::bits::low;
use crate::content::fingerprint::{Fingerprint, MARK_BITS, MARK_NEAR, Mark, Offset};

/// Most of the 48 bits in which two marks of one place differ.
pub(super) const NEAR: u32 = MARK_NEAR;
/// How far two shifts lie apart at most that are one, across and down, in squares of 2 mm.
const TOLERANCE: (i32, i32) = (3, 4);
/// Votes of one page that are looked at.
const GROUP_MAX: usize = 128;
/// What a vote weighs, and one of a bucket that floods.
const VOTE_WEIGHT: (u32, u32) = (4, 1);
/// What a shared chunk key weighs, and one that floods.
const KEY_WEIGHT: (u32, u32) = (8, 4);
/// Least weight at which a page is a candidate: two votes, or one key.
const CANDIDATE_WEIGHT: u32 = 8;
/// Least weight at which a page is likely the same without a comparison of maps: six votes, or three keys.
const LIKELY_WEIGHT: u32 = 24;

/// One pair of marks, in a word that sorts by page: 27 bits of the seq, 8 of the shift across, 10 of the shift down, 5
/// of either mark, 4 of the probe, whose lowest is later whether its bucket floods.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Vote(u64);

const PROBE_BITS: u32 = 4;
const MARK_INDEX_BITS: u32 = 5;
const DOWN_BITS: u32 = 10;
const ACROSS_BITS: u32 = 8;
const OLDER_AT: u32 = PROBE_BITS;
const NEWER_AT: u32 = OLDER_AT + MARK_INDEX_BITS;
const DOWN_AT: u32 = NEWER_AT + MARK_INDEX_BITS;
const ACROSS_AT: u32 = DOWN_AT + DOWN_BITS;
const PAGE_AT: u32 = ACROSS_AT + ACROSS_BITS;

const fn field(word: u64, at: u32, bits: u32) -> u32 {
    low(word >> at) & ((1 << bits) - 1)
}

impl Vote {
    /// A vote of one pair of marks for the shift from the older to the newer one.
    #[inline]
    pub(super) fn new(page: u32, shift: (i32, i32), marks: (u32, u32), probe: u32) -> Self {
        let across = u64::from((shift.0 + 128).cast_unsigned() & 0xFF);
        let down = u64::from((shift.1 + 512).cast_unsigned() & 0x3FF);
        let (newer, older) = marks;
        Self(
            u64::from(page) << PAGE_AT
                | across << ACROSS_AT
                | down << DOWN_AT
                | u64::from(newer) << NEWER_AT
                | u64::from(older) << OLDER_AT
                | u64::from(probe),
        )
    }

    /// The page, as [`Vote::new`] was told.
    pub(super) const fn page(self) -> u32 {
        low(self.0 >> PAGE_AT)
    }

    /// Puts in place of the probe whether its bucket floods, as the bits of `flooded` say.
    pub(super) fn settle(&mut self, flooded: u32) {
        let floods = flooded >> field(self.0, 0, PROBE_BITS) & 1;
        self.0 = self.0 >> PROBE_BITS << PROBE_BITS | u64::from(floods);
    }

    const fn floods(self) -> bool {
        self.0 & 1 != 0
    }

    fn shift(self) -> (i32, i32) {
        let across = field(self.0, ACROSS_AT, ACROSS_BITS).cast_signed() - 128;
        (across, field(self.0, DOWN_AT, DOWN_BITS).cast_signed() - 512)
    }

    fn marks(self) -> (u32, u32) {
        let mark = |at| 1 << field(self.0, at, MARK_INDEX_BITS);
        (mark(NEWER_AT), mark(OLDER_AT))
    }
}

/// What speaks for two pages being one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Chunk keys they share.
    pub keys: u32,
    /// Marks that agree on one shift.
    pub votes: u32,
    /// What all of it weighs, in quarters of a vote.
    pub weight: u32,
    /// The shift from the older page to the newer one.
    pub offset: Offset,
}

impl Evidence {
    /// Enough to look at the page more closely.
    #[must_use]
    pub const fn is_candidate(self) -> bool {
        self.weight >= CANDIDATE_WEIGHT
    }

    /// Enough to take the pages for likely the same where maps cannot be compared.
    #[must_use]
    pub const fn is_likely(self) -> bool {
        self.weight >= LIKELY_WEIGHT
    }

    /// Adds the chunk keys they share: a bit each, and those that flood among them.
    pub(super) fn with_keys(mut self, shared: u32, flooded: u32) -> Self {
        let common = (shared & flooded).count_ones();
        let rare = shared.count_ones() - common;
        self.keys += rare + common;
        self.weight += rare * KEY_WEIGHT.0 + common * KEY_WEIGHT.1;
        self
    }
}

/// What the votes for one page come to: the shift on which most of them agree.
pub(super) fn agree(votes: &[Vote]) -> Evidence {
    let votes = &votes[..votes.len().min(GROUP_MAX)];
    let mut best = Evidence::default();
    for anchor in votes {
        let (across, down) = anchor.shift();
        // Marks of the newer and the older page, of all votes and of those that do not flood.
        let mut all = (0_u32, 0_u32);
        let mut rare = (0_u32, 0_u32);
        for vote in votes {
            let (there, below) = vote.shift();
            if (across - there).abs() > TOLERANCE.0 || (down - below).abs() > TOLERANCE.1 {
                continue;
            }
            let (newer, older) = vote.marks();
            all = (all.0 | newer, all.1 | older);
            if !vote.floods() {
                rare = (rare.0 | newer, rare.1 | older);
            }
        }
        let count = |marks: (u32, u32)| marks.0.count_ones().min(marks.1.count_ones());
        let (votes, rare) = (count(all), count(rare));
        let weight = rare * VOTE_WEIGHT.0 + (votes - rare) * VOTE_WEIGHT.1;
        if weight > best.weight {
            let offset = Offset { columns: narrow(across), rows: narrow(down) };
            best = Evidence { keys: 0, votes, weight, offset };
        }
    }
    best
}

fn narrow(cells: i32) -> i16 {
    i16::try_from(cells).unwrap_or(0)
}

/// Bits in which two marks differ.
#[inline]
pub(super) const fn distance(one: u64, other: u64) -> u32 {
    ((one ^ other) & ((1 << MARK_BITS) - 1)).count_ones()
}

/// What speaks for two pages of which both fingerprints are at hand: without buckets, and so without misses. Nothing
/// where they are of different epochs.
#[must_use]
pub fn between(newer: &Fingerprint, older: &Fingerprint) -> Evidence {
    if newer.epoch != older.epoch {
        return Evidence::default();
    }
    let place = |mark: &Mark| (i32::from(mark.column), i32::from(mark.row));
    let mut votes = Vec::new();
    for (here, at) in newer.marks.iter().zip(0..) {
        for (there, from) in older.marks.iter().zip(0..) {
            if distance(here.bits, there.bits) <= NEAR {
                let (one, other) = (place(here), place(there));
                votes.push(Vote::new(0, (one.0 - other.0, one.1 - other.1), (at, from), 0));
            }
        }
    }
    votes.iter_mut().for_each(|vote| vote.settle(0));
    let shared = newer.chunks.iter().zip(0..32);
    let shared =
        shared.filter(|(key, _)| older.chunks.contains(key)).fold(0, |all, (_, at)| all | 1 << at);
    agree(&votes).with_keys(shared, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::fingerprint::WEAK_BITS;

    fn vote(shift: (i32, i32), marks: (u32, u32), floods: u32) -> Vote {
        let mut vote = Vote::new(7, shift, marks, 3);
        vote.settle(floods << 3);
        vote
    }

    #[test]
    fn a_vote_says_what_it_was_told() {
        let vote = vote((-107, 511), (31, 30), 1);
        assert_eq!((vote.page(), vote.shift(), vote.marks()), (7, (-107, 511), (1 << 31, 1 << 30)));
        assert!(vote.floods());
    }

    #[test]
    fn votes_for_one_shift_count_together_and_a_mark_once() {
        let near = [vote((2, 5), (0, 9), 0), vote((4, 8), (1, 8), 0), vote((20, 5), (2, 7), 0)];
        let got = agree(&near);
        assert_eq!((got.votes, got.weight, got.offset), (2, 8, Offset { columns: 2, rows: 5 }));
        assert!(got.is_candidate() && !got.is_likely());
        let one_mark = [vote((2, 5), (0, 9), 0), vote((2, 5), (1, 9), 0)];
        assert_eq!(agree(&one_mark).votes, 1);
        let flooded: Vec<Vote> = (0..7).map(|at| vote((0, 0), (at, at), 1)).collect();
        assert_eq!((agree(&flooded).votes, agree(&flooded).is_candidate()), (7, false));
        assert!(!Evidence::default().with_keys(1, 1).is_candidate());
        assert!(Evidence::default().with_keys(0b111, 0).is_likely());
    }

    #[test]
    fn two_fingerprints_are_held_against_each_other() {
        let mark =
            |at: u8, bits| Mark { column: at, row: u16::from(at) * 3, bits, weak: [0; WEAK_BITS] };
        let print = |epoch, shift: u8, noise: u64| Fingerprint {
            epoch,
            chunks: vec![1, 2, 3],
            marks: (0..9)
                .map(|at| mark(at * 9 + shift, (0x1234_5678_9ABC << at ^ noise) & 0xFFFF_FFFF_FFFF))
                .collect(),
            map: None,
        };
        let got = between(&print(1, 2, 0b1011), &print(1, 0, 0));
        assert_eq!((got.keys, got.votes), (3, 9));
        assert!((got.offset.columns - 2).abs() <= 3 && got.is_likely());
        assert_eq!(between(&print(1, 0, 0), &print(2, 0, 0)), Evidence::default());
    }
}
