//! A fax under seal: its bytes can be held and dropped, its tags read; a look at the pages takes a grant.

use thiserror::Error;
use zeroize::Zeroizing;

use super::decode::Undecodable;
use super::fingerprint::{self, FingerprintKey, Maps, PageReading};
use super::grant::Grant;
use super::tiff::{self, InvalidTiff, TiffFax};
use crate::fax::id::DecisionId;

/// The file of one fax, wiped when dropped. It cannot be printed, copied or written out.
///
/// ```compile_fail
/// fn print(fax: &faxguard::content::sealed::SealedFax) -> String {
///     format!("{fax:?}")
/// }
/// ```
///
/// ```compile_fail
/// fn copy(fax: &faxguard::content::sealed::SealedFax) -> faxguard::content::sealed::SealedFax {
///     fax.clone()
/// }
/// ```
///
/// ```compile_fail
/// fn peek(fax: &faxguard::content::sealed::SealedFax) -> &[u8] {
///     &fax.bytes
/// }
/// ```
pub struct SealedFax {
    decision: DecisionId,
    bytes: Zeroizing<Vec<u8>>,
}

/// Why a look was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the grant is for another fax (request one for this fax)")]
pub struct WrongFax;

/// Why no page of a fax was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoFingerprint {
    /// The grant is for another fax.
    #[error(transparent)]
    WrongFax(#[from] WrongFax),
    /// The file cannot be read.
    #[error("file of the fax cannot be read")]
    File(#[from] InvalidTiff),
}

/// Most pages of a fax that are looked at: an advertisement is on the first of them.
pub const PAGES_READ_MAX: usize = 64;

/// What a look may let out: numbers of fixed size. No text, no bytes, no picture.
///
/// ```compile_fail
/// use faxguard::content::{grant::Grant, sealed::SealedFax};
/// fn smuggle(fax: &SealedFax, grant: Grant) -> Vec<u8> {
///     fax.look(grant, |bytes| bytes.to_vec()).unwrap()
/// }
/// ```
pub trait Derived: numbers::Sealed {}

/// What closes a file that is put away: what comes out of it can be read by nobody without its key.
pub trait Envelope {
    /// Closes one part, by its number from 0.
    fn close(&self, number: u64, part: &[u8]) -> Box<[u8]>;
}

/// Most bytes of a part of a file that is put away.
const PART_BYTES_MAX: usize = 1 << 20;

mod numbers {
    pub trait Sealed {}
    impl Sealed for bool {}
    impl Sealed for u32 {}
    impl Sealed for u64 {}
}
impl Derived for bool {}
impl Derived for u32 {}
impl Derived for u64 {}

impl SealedFax {
    /// Seals the file of a fax.
    pub fn new(decision: DecisionId, bytes: Vec<u8>) -> Self {
        Self { decision, bytes: Zeroizing::new(bytes) }
    }

    /// The fax it is of.
    #[must_use]
    pub const fn decision(&self) -> DecisionId {
        self.decision
    }

    /// Reads the tags: what the file says of itself. No page is looked at.
    ///
    /// # Errors
    /// [`InvalidTiff`].
    pub fn tags(&self) -> Result<TiffFax, InvalidTiff> {
        tiff::read(&self.bytes)
    }

    /// Puts the file away for whoever gave it, closed in parts of 1 MiB at most, and spends the grant for it. Nothing but what is
    /// closed comes out, and the file is wiped.
    ///
    /// # Errors
    /// [`WrongFax`]; the grant is spent all the same, as its journal entry says.
    pub fn put_away(self, grant: Grant, into: &dyn Envelope) -> Result<Vec<Box<[u8]>>, WrongFax> {
        if grant.decision() != self.decision {
            return Err(WrongFax);
        }
        let parts = self.bytes.chunks(PART_BYTES_MAX).zip(0_u64..);
        Ok(parts.map(|(part, number)| into.close(number, part)).collect())
    }

    /// Takes one look, and spends the grant for it.
    ///
    /// # Errors
    /// [`WrongFax`]; the grant is spent all the same, as its journal entry says.
    pub fn look<T: Derived>(&self, grant: Grant, look: fn(&[u8]) -> T) -> Result<T, WrongFax> {
        if grant.decision() == self.decision { Ok(look(&self.bytes)) } else { Err(WrongFax) }
    }

    /// Reads the fingerprints of its pages under each of the keys, and spends the grant for it. Of a file that breaks off,
    /// those of the pages before; the tags tell.
    ///
    /// # Errors
    /// [`NoFingerprint`]; of a page, why it cannot be decoded.
    pub fn fingerprints(
        &self,
        grant: Grant,
        keys: &[FingerprintKey],
        maps: Maps,
    ) -> Result<Vec<Result<PageReading, Undecodable>>, NoFingerprint> {
        self.first_fingerprints(grant, keys, maps, PAGES_READ_MAX)
    }

    /// The same of so many pages at most: no further one is looked at.
    ///
    /// # Errors
    /// [`NoFingerprint`]; of a page, why it cannot be decoded.
    pub fn first_fingerprints(
        &self,
        grant: Grant,
        keys: &[FingerprintKey],
        maps: Maps,
        most: usize,
    ) -> Result<Vec<Result<PageReading, Undecodable>>, NoFingerprint> {
        self.fingerprints_while(grant, keys, maps, |page| page < most)
    }

    /// The same of pages for as long as it is said to go on, which is asked before each, counted from 0.
    ///
    /// # Errors
    /// [`NoFingerprint`]; of a page, why it cannot be decoded.
    pub fn fingerprints_while(
        &self,
        grant: Grant,
        keys: &[FingerprintKey],
        maps: Maps,
        mut goes_on: impl FnMut(usize) -> bool,
    ) -> Result<Vec<Result<PageReading, Undecodable>>, NoFingerprint> {
        if grant.decision() != self.decision {
            return Err(WrongFax.into());
        }
        let fax = self.tags()?;
        let pages = fax.pages.iter().take(PAGES_READ_MAX).enumerate();
        let pages = pages.take_while(|(at, _)| goes_on(*at));
        Ok(pages.map(|(_, page)| fingerprint::read(&self.bytes, page, keys, maps)).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::content::journal::{Journal, JournalFault, Opening};
    use crate::time::Timestamp;
    use crate::verdict::ContentPurpose;

    #[derive(Default)]
    struct Book(RefCell<Vec<Opening>>);

    impl Journal for Book {
        fn write(&self, opening: &Opening) -> Result<(), JournalFault> {
            self.0.borrow_mut().push(opening.clone());
            Ok(())
        }
    }

    struct Broken;

    impl Journal for Broken {
        fn write(&self, _: &Opening) -> Result<(), JournalFault> {
            Err(JournalFault::Unwritable("disk full".into()))
        }
    }

    fn opening(decision: DecisionId) -> Opening {
        Opening {
            decision,
            purpose: ContentPurpose::PreventDisruption,
            actor: "test".into(),
            generation: 1,
            time: Timestamp::from_seconds(5),
        }
    }

    #[test]
    fn a_look_is_journalled_first_and_lets_out_a_number() {
        let (one, other) = (DecisionId([1; 16]), DecisionId([2; 16]));
        let fax = SealedFax::new(one, vec![7; 40]);
        let book = Book::default();
        let count = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap();
        let grant = Grant::request(&book, &opening(one)).unwrap();
        assert_eq!(book.0.borrow().as_slice(), [opening(one)]);
        assert_eq!(fax.look(grant, count), Ok(40));
        let grant = Grant::request(&book, &opening(other)).unwrap();
        assert_eq!(fax.look(grant, count), Err(WrongFax));
        assert!(Grant::request(&Broken, &opening(one)).is_err());
        let nobody = Opening { actor: String::new(), ..opening(one) };
        assert!(Grant::request(&book, &nobody).is_err());
        assert_eq!(book.0.borrow().len(), 2);
    }
}
