//! One page that was seen: its fingerprint, and who sent it to whom. Everything a node forges is found out here.

use thiserror::Error;

use crate::content::fingerprint::{
    BUCKET_BITS, CHUNK_KEYS_MAX, Fingerprint, MARK_BITS, MARKS_MAX, Mark,
};
use crate::fax::id::DecisionId;
use crate::fax::stage::Direction;

/// Most fingerprints of one page: of two adjacent epochs.
pub const EPOCHS_MAX: usize = 2;
/// Cells from the left where a mark can be: a page has 108.
const COLUMNS_MAX: u8 = 108;
/// Cells from the top where a mark can be: 1 m of paper.
const ROWS_MAX: u16 = 512;

/// What the recipient has to do with the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tie {
    /// Nothing that is known.
    Stranger = 0,
    /// There is correspondence.
    Correspondent = 1,
    /// The number is a trap: nobody was to be reached.
    Trap = 2,
}

impl Tie {
    /// The code it is stored under.
    pub(super) const fn code(self) -> u8 {
        self as u8
    }

    pub(super) fn from_code(code: u8) -> Option<Self> {
        [Self::Stranger, Self::Correspondent, Self::Trap].into_iter().find(|tie| tie.code() == code)
    }
}

/// One page of one fax. Keys are hot keys of pseudonyms ([`crate::fax::id::Pseudonym::hot`]); 0 is nobody.
pub struct Sighting<'a> {
    /// The decision it is part of: one page of it counts once.
    pub decision: DecisionId,
    /// Which page, from 0.
    pub page: u16,
    /// Which way the fax goes.
    pub direction: Direction,
    /// The node that reports it.
    pub node: u64,
    /// Who gets it: the DID inbound, the number called outbound.
    pub recipient: u64,
    /// Who sent it: the caller number inbound, the member outbound.
    pub sender: u64,
    /// The sender's TSI.
    pub ident: u64,
    /// The block of a hundred numbers the sender is in.
    pub block: u64,
    /// The trunk.
    pub trunk: u64,
    /// What the recipient has to do with the sender.
    pub tie: Tie,
    /// The page's fingerprints, one an epoch, at most [`EPOCHS_MAX`].
    pub fingerprints: &'a [Fingerprint],
}

/// Why a fingerprint is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Forged {
    /// There is none, or more than of two epochs, or two of one.
    #[error("`{count}` fingerprints of a page (one or two, of adjacent epochs)")]
    Epochs {
        /// How many.
        count: usize,
    },
    /// More chunk keys than a page has.
    #[error("`{count}` chunk keys (at most 8)")]
    Chunks {
        /// How many.
        count: usize,
    },
    /// More marks than a page has.
    #[error("`{count}` marks (at most 32)")]
    Marks {
        /// How many.
        count: usize,
    },
    /// A chunk key of zeros or ones alone, or one key twice: no digest is.
    #[error("chunk key `{index}` is no digest")]
    Chunk {
        /// Which.
        index: usize,
    },
    /// A mark of zeros or ones alone, off the page, or with bits it has not.
    #[error("mark `{index}` is none of a page")]
    Mark {
        /// Which.
        index: usize,
    },
}

/// Whether a page has anything to be found by. Blank and black pages have not.
pub(super) fn is_blank(fingerprint: &Fingerprint) -> bool {
    fingerprint.chunks.is_empty() && fingerprint.marks.is_empty()
}

/// Looks a fingerprint over.
///
/// # Errors
/// [`Forged`]: the first thing no page of ours gives.
pub fn check(fingerprint: &Fingerprint) -> Result<(), Forged> {
    let (chunks, marks) = (&fingerprint.chunks, &fingerprint.marks);
    if chunks.len() > CHUNK_KEYS_MAX {
        return Err(Forged::Chunks { count: chunks.len() });
    }
    if marks.len() > MARKS_MAX {
        return Err(Forged::Marks { count: marks.len() });
    }
    for (index, key) in chunks.iter().enumerate() {
        if matches!(*key, 0 | u64::MAX) || chunks[..index].contains(key) {
            return Err(Forged::Chunk { index });
        }
    }
    match marks.iter().position(|mark| !is_of_a_page(mark)) {
        Some(index) => Err(Forged::Mark { index }),
        None => Ok(()),
    }
}

fn is_of_a_page(mark: &Mark) -> bool {
    const ONES: u64 = (1 << MARK_BITS) - 1;
    let bits = mark.bits != 0 && mark.bits < ONES;
    let place = mark.column < COLUMNS_MAX && mark.row < ROWS_MAX;
    bits && place && mark.weak.iter().all(|bit| u32::from(*bit) < BUCKET_BITS)
}

/// Looks all fingerprints of a page over and answers with the newest.
///
/// # Errors
/// [`Forged`].
pub(super) fn newest(fingerprints: &[Fingerprint]) -> Result<&Fingerprint, Forged> {
    let count = fingerprints.len();
    fingerprints.iter().try_for_each(check)?;
    match fingerprints {
        [one] => Ok(one),
        [one, other] if one.epoch.abs_diff(other.epoch) == 1 => {
            Ok(if one.epoch > other.epoch { one } else { other })
        }
        _ => Err(Forged::Epochs { count }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::fingerprint::WEAK_BITS;

    fn print() -> Fingerprint {
        let mark = Mark { column: 3, row: 9, bits: 77, weak: [0, 1, 2, 3, 4, 5, 6, 7] };
        Fingerprint { epoch: 4, chunks: vec![5, 6], marks: vec![mark; 3], map: None }
    }

    #[test]
    fn what_no_page_gives_is_refused() {
        type Forge = fn(&mut Fingerprint);
        let cases: &[(Forge, Option<Forged>)] = &[
            (|_| {}, None),
            (|print| print.chunks = (1..=9).collect(), Some(Forged::Chunks { count: 9 })),
            (|print| print.chunks[1] = 0, Some(Forged::Chunk { index: 1 })),
            (|print| print.chunks[0] = u64::MAX, Some(Forged::Chunk { index: 0 })),
            (|print| print.chunks[1] = 5, Some(Forged::Chunk { index: 1 })),
            (|print| print.marks = vec![print.marks[0]; 33], Some(Forged::Marks { count: 33 })),
            (|print| print.marks[2].bits = 0, Some(Forged::Mark { index: 2 })),
            (|print| print.marks[2].bits = (1 << 48) - 1, Some(Forged::Mark { index: 2 })),
            (|print| print.marks[1].bits = 1 << 48, Some(Forged::Mark { index: 1 })),
            (|print| print.marks[0].column = 108, Some(Forged::Mark { index: 0 })),
            (|print| print.marks[0].row = 512, Some(Forged::Mark { index: 0 })),
            (|print| print.marks[0].weak = [24; WEAK_BITS], Some(Forged::Mark { index: 0 })),
        ];
        for (number, (forge, want)) in cases.iter().enumerate() {
            let mut print = print();
            forge(&mut print);
            assert_eq!(check(&print).err(), *want, "{number}");
        }
    }

    #[test]
    fn two_epochs_are_adjacent_and_the_newer_leads() {
        let of = |epoch| Fingerprint { epoch, ..print() };
        assert_eq!(newest(&[of(4), of(5)]).map(|print| print.epoch), Ok(5));
        assert_eq!(newest(&[of(5), of(4)]).map(|print| print.epoch), Ok(5));
        for bad in [vec![], vec![of(4), of(4)], vec![of(4), of(6)], vec![of(4), of(5), of(6)]] {
            assert_eq!(newest(&bad).err(), Some(Forged::Epochs { count: bad.len() }));
        }
    }
}
