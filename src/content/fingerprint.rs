//! The fingerprint of a page: by it, near-identical faxes are found across numbers, and no page is kept for it.
//!
//! It is made where the page is, on the routing node, in one pass over the rows and without a bitmap. Three parts, from
//! the strictest to the most forgiving: keys of stretches of rows, found again exactly as long as the page was not converted or
//! scanned; marks, found again through scans, skew, scale and added lines; and an ink map that tells a
//! copy from a form with other fill. All of it is personal data: keyed by a secret that changes, kept for a day or two, and
//! the map can be looked at. Perceptual hashes have been turned back into pictures in published work, so nothing
//! here is called one-way.

mod compare;
mod gather;
mod ink;
mod key;
mod marks;

use thiserror::Error;

use super::decode::{self, Decoded, Undecodable};
use super::tiff::TiffPage;
pub use compare::{
    AGREEMENT_MIN, ALIKE_MIN, APART_MAX, Agreement, BEYOND_MILLI_MAX, CONTRARY_MILLI_MAX,
    Comparison, DIFFERING_MAX, Likeness, NOISE_MILLI_MAX, Offset, QUIET_MILLI, agreement, compare,
    likeness,
};
use gather::Gathering;
pub use ink::{COLUMNS, INK_ROWS_MAX, InkMap};
pub use key::{EPOCH_SECONDS, FingerprintKey, KEY_BYTES, epoch_of, epochs_at};

/// Most keys of stretches of rows a page has.
pub const CHUNK_KEYS_MAX: usize = 8;
/// Most marks a page has.
pub const MARKS_MAX: usize = 32;
/// Bits of a mark.
pub const MARK_BITS: u32 = 48;
/// Bits of a mark that decide its bucket: the lowest ones, which are of the lowest frequencies.
pub const BUCKET_BITS: u32 = 24;
/// Bits that are named with a mark as its least sure.
pub const WEAK_BITS: usize = 8;
/// Bits by which marks of the same place on two copies differ at most, of [`MARK_BITS`].
pub const MARK_NEAR: u32 = 10;

/// Fewest marks of a page that has a fingerprint.
const MARKS_MIN: usize = 8;
/// Fewest squares with ink, of the 16,000 of a page: ten square centimetres, some three lines of writing.
const INKED_MIN: usize = 250;

/// A place that stands out on a page, and what is around it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Squares of 2 mm from the left, below [`COLUMNS`].
    pub column: u8,
    /// Squares from the top, below [`INK_ROWS_MAX`].
    pub row: u16,
    /// [`MARK_BITS`] bits, keyed. Marks of one epoch are near to each other by the number of bits that differ.
    pub bits: u64,
    /// Which bits of the bucket are least sure, the least first.
    pub weak: [u8; WEAK_BITS],
}

/// The fingerprint of one page under the key of one epoch. It cannot be printed: it is personal data.
///
/// ```compile_fail
/// fn print(fingerprint: &faxguard::content::fingerprint::Fingerprint) -> String {
///     format!("{fingerprint:?}")
/// }
/// ```
pub struct Fingerprint {
    /// Epoch of the key.
    pub epoch: u32,
    /// Keys of stretches of rows, at most [`CHUNK_KEYS_MAX`], each once.
    pub chunks: Vec<u64>,
    /// At most [`MARKS_MAX`], those that stand out most first.
    pub marks: Vec<Mark>,
    /// Where it is asked for.
    pub map: Option<InkMap>,
}

/// What a fingerprint that came over the wire is refused for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidFingerprint {
    /// There is nothing in it.
    #[error("fingerprint is empty (leave it out for a page without one)")]
    Empty,
    /// More keys than a page has.
    #[error("fingerprint has {count} chunk keys (at most {CHUNK_KEYS_MAX})")]
    Chunks {
        /// How many.
        count: usize,
    },
    /// Keys that are equal, or all zeros or ones.
    #[error("chunk keys of a fingerprint are repeated or constant")]
    ConstantChunks,
    /// More marks than a page has.
    #[error("fingerprint has {count} marks (at most {MARKS_MAX})")]
    Marks {
        /// How many.
        count: usize,
    },
    /// A mark off the page, of zeros or ones alone, or with bits it has not.
    #[error("mark {at} of a fingerprint is off the page or out of range")]
    Mark {
        /// Its place, from 1.
        at: usize,
    },
    /// Two marks in one place, or all of the same bits.
    #[error("marks of a fingerprint are repeated")]
    RepeatedMarks,
}

impl Fingerprint {
    /// Holds what a node sent against what a page can have: a forged one is refused, and costs nothing. Whatever takes a
    /// fingerprint from elsewhere asks this, so that none takes what another would refuse.
    ///
    /// # Errors
    /// [`InvalidFingerprint`].
    pub fn check(&self) -> Result<(), InvalidFingerprint> {
        let Self { epoch: _, chunks, marks, map: _ } = self;
        if chunks.is_empty() && marks.is_empty() {
            return Err(InvalidFingerprint::Empty);
        }
        if chunks.len() > CHUNK_KEYS_MAX {
            return Err(InvalidFingerprint::Chunks { count: chunks.len() });
        }
        let constant = |key: &u64| *key == 0 || *key == u64::MAX;
        if chunks.iter().any(constant) || has_repeated(chunks.iter().copied()) {
            return Err(InvalidFingerprint::ConstantChunks);
        }
        if marks.len() > MARKS_MAX {
            return Err(InvalidFingerprint::Marks { count: marks.len() });
        }
        if let Some(at) = marks.iter().position(|mark| !mark.is_possible()) {
            return Err(InvalidFingerprint::Mark { at: at + 1 });
        }
        let places = marks.iter().map(|mark| u64::from(mark.row) << 8 | u64::from(mark.column));
        let alike = marks.len() > 2 && marks.iter().all(|mark| mark.bits == marks[0].bits);
        if alike || has_repeated(places) {
            return Err(InvalidFingerprint::RepeatedMarks);
        }
        Ok(())
    }
}

/// Least sure bits of a mark that are tried both ways when it is looked for: 64 buckets.
pub const PROBED_BITS: usize = 6;
const _: () = assert!(PROBED_BITS <= WEAK_BITS);

impl Fingerprint {
    /// How many marks of this page would be found by the marks of a page that is looked for, and agree on how the two lie to
    /// each other. Of one epoch.
    #[must_use]
    pub fn met_by(&self, sought: &Self) -> usize {
        let pairs =
            self.marks.iter().flat_map(|mark| sought.marks.iter().map(move |other| (mark, other)));
        let found: Vec<Offset> = pairs
            .filter(|(mark, sought)| mark.is_met_by(sought))
            .map(|(mark, sought)| mark.to(sought))
            .collect();
        found.iter().map(|offset| agreeing(&found, *offset).count()).max().unwrap_or(0)
    }
}

impl Mark {
    /// Whether a mark that is looked for comes to this one's bucket, and is near to it.
    fn is_met_by(&self, sought: &Self) -> bool {
        let probed = sought.weak.iter().take(PROBED_BITS).fold(0, |bits, bit| bits | 1 << bit);
        let bucket = (self.bits ^ sought.bits) & ((1 << BUCKET_BITS) - 1);
        bucket & !probed == 0 && self.apart(sought) <= MARK_NEAR
    }

    /// How the other lies to it.
    fn to(&self, other: &Self) -> Offset {
        Offset {
            columns: i16::from(other.column) - i16::from(self.column),
            rows: other.row.cast_signed() - self.row.cast_signed(),
        }
    }

    fn is_possible(&self) -> bool {
        usize::from(self.column) < COLUMNS
            && usize::from(self.row) < INK_ROWS_MAX
            // A digest of zeros or ones alone is none: it is near to every mark that is nearly so.
            && self.bits != 0
            && self.bits < (1 << MARK_BITS) - 1
            && self.weak.iter().all(|bit| u32::from(*bit) < BUCKET_BITS)
    }

    /// How many bits differ.
    #[must_use]
    pub const fn apart(&self, other: &Self) -> u32 {
        (self.bits ^ other.bits).count_ones()
    }
}

fn has_repeated(values: impl Iterator<Item = u64>) -> bool {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values.windows(2).any(|pair| pair[0] == pair[1])
}

/// Offsets within so many squares are one: what scale and skew make of it over a page.
const SAME_COLUMNS: i16 = 3;
const SAME_ROWS: i16 = 4;

/// How the second page lies to the first, by most of the marks that are near to each other, and how many of them say so.
/// Of one epoch's fingerprints.
#[must_use]
pub fn offset(first: &[Mark], second: &[Mark]) -> Option<(Offset, usize)> {
    let votes: Vec<Offset> = first
        .iter()
        .flat_map(|one| second.iter().map(move |other| (one, other)))
        .filter(|(one, other)| one.apart(other) <= MARK_NEAR)
        .map(|(one, other)| one.to(other))
        .collect();
    let best = votes.iter().copied().max_by_key(|vote| agreeing(&votes, *vote).count())?;
    let mut columns: Vec<i16> = agreeing(&votes, best).map(|vote| vote.columns).collect();
    let mut rows: Vec<i16> = agreeing(&votes, best).map(|vote| vote.rows).collect();
    columns.sort_unstable();
    rows.sort_unstable();
    let middle = columns.len() / 2;
    Some((Offset { columns: columns[middle], rows: rows[middle] }, columns.len()))
}

fn agree(one: Offset, other: Offset) -> bool {
    (one.columns - other.columns).abs() <= SAME_COLUMNS
        && (one.rows - other.rows).abs() <= SAME_ROWS
}

fn agreeing(votes: &[Offset], with: Offset) -> impl Iterator<Item = &Offset> {
    votes.iter().filter(move |vote| agree(**vote, with))
}

/// Why a page that can be read has no fingerprint: it would be that of every page like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Gate {
    /// There is next to nothing on it.
    #[error("page is blank or nearly so")]
    NearlyEmpty,
    /// It is black, or nearly so.
    #[error("page is black or nearly so")]
    NearlyBlack,
    /// What is on it stands out nowhere.
    #[error("page has no detail")]
    NoDetail,
}

/// Whether the ink map is to be in a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maps {
    /// It is content that was asked for.
    With,
    /// It stays where the page is.
    Without,
}

/// One page, looked at.
pub struct PageReading {
    /// Its fingerprint under each of the keys, in their order; the map is in the first. Or why it has none.
    pub fingerprints: Result<Vec<Fingerprint>, Gate>,
    /// How the decoding went.
    pub decoded: Decoded,
}

/// Reads the fingerprint of a page of this file.
///
/// # Errors
/// [`Undecodable`].
pub(super) fn read(
    file: &[u8],
    page: &TiffPage,
    keys: &[FingerprintKey],
    maps: Maps,
) -> Result<PageReading, Undecodable> {
    let mut gathering = Gathering::new(page);
    let decoded = decode::page(file, page, &mut gathering)?;
    Ok(PageReading { fingerprints: made(gathering, keys, maps), decoded })
}

fn made(
    gathering: Gathering,
    keys: &[FingerprintKey],
    maps: Maps,
) -> Result<Vec<Fingerprint>, Gate> {
    let (ink, mut chunks) = gathering.finish();
    chunks.truncate(CHUNK_KEYS_MAX);
    let squares = ink.squares();
    if squares.inked() < INKED_MIN {
        return Err(Gate::NearlyEmpty);
    }
    if squares.black() * 10 > squares.rows() * COLUMNS * 9 {
        return Err(Gate::NearlyBlack);
    }
    let marks = marks::marks(&squares);
    // Frames and blocks have marks at their corners, but no stretch of rows that changes colour often.
    if marks.len() < MARKS_MIN || chunks.is_empty() {
        return Err(Gate::NoDetail);
    }
    let mut map = (maps == Maps::With).then(|| InkMap::of(&ink));
    let of_key = |key: &FingerprintKey| Fingerprint {
        epoch: key.epoch(),
        chunks: chunks.iter().map(|chunk| key.chunk(*chunk)).collect(),
        marks: marks.iter().map(|mark| key.mark(*mark)).collect(),
        map: map.take(),
    };
    Ok(keys.iter().map(of_key).collect())
}

#[cfg(test)]
mod tests;
