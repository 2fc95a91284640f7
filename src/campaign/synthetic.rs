//! Made-up pages for measurements and tests: keys without paper, as skewed as is asked for.
//!
//! A page follows from a seed and its number alone, so that a copy of any page can be made without keeping it.

use super::bits::scatter;
use super::sighting::{Sighting, Tie};
use crate::content::fingerprint::{BUCKET_BITS, CHUNK_KEYS_MAX, Fingerprint, MARKS_MAX, Mark};
use crate::fax::id::DecisionId;
use crate::fax::stage::Direction;

/// Pages a seed makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synthetic {
    /// Other seeds, other pages.
    pub seed: u64,
    /// Marks that are of a common kind, in thousandths: their buckets are drawn with a probability that falls with their
    /// rank, over 2^14 to 2^24 of them. 0 is uniform; with 350 a search meets some eight times as many elements.
    pub common_milli: u64,
}

/// How a copy differs from its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Bits that differ in each mark: the first two are among the weakest named, the rest above the bucket.
    pub flips: u32,
    /// Chunk keys that are lost.
    pub lost_chunks: usize,
    /// Marks that are lost.
    pub lost_marks: usize,
    /// Cells by which it is shifted.
    pub shift: (u8, u16),
}

impl Copied {
    /// Nothing differs.
    pub const EXACT: Self = Self { flips: 0, lost_chunks: 0, lost_marks: 0, shift: (0, 0) };
    /// As after another resolution: no chunk is left, and a third of the marks is not.
    pub const DISTANT: Self =
        Self { flips: 7, lost_chunks: CHUNK_KEYS_MAX, lost_marks: 10, shift: (1, 3) };
}

impl Synthetic {
    fn word(self, page: u64, what: u64) -> u64 {
        scatter(scatter(self.seed ^ page.rotate_left(20)) ^ what)
    }

    /// The bucket of a mark.
    fn bucket(self, page: u64, mark: u64) -> u64 {
        const SPAN: u64 = 11;
        let word = self.word(page, 0x100 + mark);
        if word % 1_000 >= self.common_milli {
            return word >> 10 & ((1 << BUCKET_BITS) - 1);
        }
        // Log-uniform over ranks: the common ones are as common as all less common ones of twice their rank.
        let octave = u64::from(BUCKET_BITS) - SPAN + 1 + (word >> 10) % SPAN;
        let rank = self.word(page, 0x200 + mark) & ((1 << octave) - 1);
        scatter(self.seed ^ rank) & ((1 << BUCKET_BITS) - 1)
    }

    /// Where the marks of a page are: no two in one place, as on paper.
    fn places(self, page: u64) -> [(u8, u16); MARKS_MAX] {
        let mut places = [(0, 0); MARKS_MAX];
        for at in 0..MARKS_MAX {
            let [column, row, ..] = (self.word(page, 0x300 + at as u64) >> 32).to_le_bytes();
            let mut place = (column % 100, u16::from(row) * 137 / 256);
            while places[..at].contains(&place) {
                place.1 += 1;
            }
            places[at] = place;
        }
        places
    }

    /// The fingerprint of a page.
    #[must_use]
    pub fn page(self, page: u64) -> Fingerprint {
        self.copy(page, Copied::EXACT)
    }

    /// The fingerprint of a copy of a page.
    #[must_use]
    pub fn copy(self, page: u64, copied: Copied) -> Fingerprint {
        let Copied { flips, lost_chunks, lost_marks, shift } = copied;
        let chunks = (lost_chunks..CHUNK_KEYS_MAX).zip(0x10..);
        let chunks = chunks.map(|(at, _)| self.word(page, 0x10 + at as u64) | 1).collect();
        let places = self.places(page);
        let marks = (lost_marks..MARKS_MAX).map(|at| {
            let mark = at as u64;
            let word = self.word(page, 0x300 + mark);
            let weak = [0, 3, 6, 9, 12, 15, 18, 21].map(|bit| bit + [0, 1, 2][at % 3]);
            let near = u64::from(flips >= 1) << weak[0] | u64::from(flips >= 2) << weak[1];
            let far = ((1_u64 << flips.saturating_sub(2).min(16)) - 1) << (BUCKET_BITS + 4);
            let bits = word << BUCKET_BITS & 0xFFFF_FF00_0000 | self.bucket(page, mark) | 1 << 40;
            let place = (places[at].0 + shift.0, places[at].1 + shift.1);
            Mark { column: place.0, row: place.1, bits: bits ^ near ^ far, weak }
        });
        Fingerprint { epoch: 1, chunks, marks: marks.collect(), map: None }
    }

    /// A sighting of a page, of a stranger to a stranger, reported by one of four nodes.
    #[must_use]
    pub fn sighting<'a>(self, number: u64, fingerprints: &'a [Fingerprint]) -> Sighting<'a> {
        let key = |what| self.word(number, what) | 1;
        let [one, other] = [key(1), key(2)].map(u64::to_le_bytes);
        let mut decision = [0; 16];
        decision[..8].copy_from_slice(&one);
        decision[8..].copy_from_slice(&other);
        Sighting {
            decision: DecisionId(decision),
            page: 0,
            direction: Direction::Inbound,
            node: (number % 4 + 1) << 32,
            recipient: key(4),
            sender: key(5),
            ident: key(6),
            block: key(7),
            trunk: (key(8) % 16) << 32,
            tie: Tie::Stranger,
            fingerprints,
        }
    }
}
