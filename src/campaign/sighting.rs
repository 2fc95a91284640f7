//! One page that was seen: its fingerprint, and who sent it to whom. Everything a node forges is found out here.

use thiserror::Error;

use crate::content::fingerprint::{Fingerprint, InvalidFingerprint};
use crate::fax::id::DecisionId;
use crate::fax::stage::Direction;

/// Most fingerprints of one page: of two adjacent epochs.
pub const EPOCHS_MAX: usize = 2;

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
    /// One of them is none of a page.
    #[error(transparent)]
    Fingerprint(#[from] InvalidFingerprint),
}

/// Whether a page has anything to be found by. Blank and black pages have not.
pub(super) fn is_blank(fingerprint: &Fingerprint) -> bool {
    fingerprint.chunks.is_empty() && fingerprint.marks.is_empty()
}

/// Looks all fingerprints of a page over and answers with the newest.
///
/// # Errors
/// [`Forged`].
pub(super) fn newest(fingerprints: &[Fingerprint]) -> Result<&Fingerprint, Forged> {
    let count = fingerprints.len();
    fingerprints.iter().filter(|one| !is_blank(one)).try_for_each(Fingerprint::check)?;
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
    use crate::content::fingerprint::Mark;

    fn print() -> Fingerprint {
        let weak = [0, 1, 2, 3, 4, 5, 6, 7];
        let mark = |at| Mark { column: at, row: 9, bits: 77 + u64::from(at), weak };
        Fingerprint { epoch: 4, chunks: vec![5, 6], marks: (0..3).map(mark).collect(), map: None }
    }

    #[test]
    fn what_no_page_gives_is_refused_here_as_at_the_wall() {
        type Forge = fn(&mut Fingerprint);
        let cases: &[Forge] = &[
            |print| print.chunks = (1..=9).collect(),
            |print| print.chunks[1] = u64::MAX,
            |print| print.chunks[1] = 5,
            |print| print.marks[2].bits = 0,
            |print| print.marks[2].bits = (1 << 48) - 1,
            |print| print.marks[1].bits = 1 << 48,
            |print| print.marks[0].column = 108,
            |print| print.marks[0].row = 400,
            |print| print.marks[0].weak[7] = 24,
            |print| print.marks[1] = print.marks[0],
            |print| print.marks.iter_mut().for_each(|mark| mark.bits = 5),
        ];
        for (number, forge) in cases.iter().enumerate() {
            let mut print = print();
            forge(&mut print);
            let refused = print.check().unwrap_err();
            let prints = [print];
            assert_eq!(newest(&prints).err(), Some(Forged::Fingerprint(refused)), "{number}");
        }
        // A page with nothing to be found by is no forgery: it is met, and told to be blank.
        let blank = [Fingerprint { chunks: Vec::new(), marks: Vec::new(), ..print() }];
        assert!(newest(&blank).is_ok_and(is_blank));
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
