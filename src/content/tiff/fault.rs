//! What can be wrong with a TIFF file: every fault with its cause and its place.

use thiserror::Error;

use super::STRIPS_MAX;
use crate::bounds::{TIFF_BYTES_MAX, TIFF_ENTRIES_MAX, TIFF_PAGES_MAX, TIFF_TEXT_BYTES_MAX};

/// What is wrong with a TIFF file, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{fault} at byte {at}")]
pub struct InvalidTiff {
    fault: TiffFault,
    at: usize,
}

impl InvalidTiff {
    /// The fault `fault`, found at byte `at`.
    pub(super) const fn new(fault: TiffFault, at: usize) -> Self {
        Self { fault, at }
    }

    /// What is wrong.
    #[must_use]
    pub const fn fault(&self) -> TiffFault {
        self.fault
    }

    /// Where it shows, in bytes from the beginning of the file: the directory, entry or value that
    /// is at fault, which may be past the end.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }
}

/// The ways in which a TIFF file can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TiffFault {
    /// The file ends before the 8 bytes of its header do.
    #[error("file ends inside its header")]
    HeaderCut,
    /// The file is larger than [`TIFF_BYTES_MAX`].
    #[error("file is larger than {TIFF_BYTES_MAX} bytes")]
    FileTooLarge,
    /// The first two bytes are neither `II` nor `MM`.
    #[error("file is not a TIFF (it begins with neither `II` nor `MM`)")]
    NotTiff,
    /// A BigTIFF, whose offsets have 8 bytes.
    #[error("file is a BigTIFF (write it as a classic TIFF, as fax servers do)")]
    BigTiff,
    /// The header has another version than 42.
    #[error("TIFF version is {version} instead of 42")]
    Version {
        /// The version it has.
        version: u16,
    },
    /// The header points to no directory.
    #[error("file has no page")]
    NoPage,
    /// A directory begins outside the file.
    #[error("directory is outside the file")]
    DirectoryOutside,
    /// The file ends inside a directory.
    #[error("file ends inside a directory")]
    DirectoryCut,
    /// A directory without entries.
    #[error("directory is empty")]
    DirectoryEmpty,
    /// A directory with more than [`TIFF_ENTRIES_MAX`] entries.
    #[error("directory has {entries} entries (at most {TIFF_ENTRIES_MAX} are read)")]
    TooManyEntries {
        /// How many it claims.
        entries: u16,
    },
    /// The chain of directories comes back to one it has been to.
    #[error("directories form a ring")]
    Ring,
    /// More than [`TIFF_PAGES_MAX`] directories.
    #[error("file has more than {TIFF_PAGES_MAX} pages")]
    TooManyPages,
    /// A required tag is not there.
    #[error("tag {tag} is missing")]
    TagMissing {
        /// The tag's number.
        tag: u16,
    },
    /// A tag has a field type that its value cannot have.
    #[error("tag {tag} has field type {field_type}")]
    FieldType {
        /// The tag's number.
        tag: u16,
        /// The field type it has.
        field_type: u16,
    },
    /// A tag has no value.
    #[error("tag {tag} has no value")]
    NoValue {
        /// The tag's number.
        tag: u16,
    },
    /// A tag's value lies outside the file, wholly or in part.
    #[error("value of tag {tag} is outside the file")]
    ValueOutside {
        /// The tag's number.
        tag: u16,
    },
    /// A text longer than [`TIFF_TEXT_BYTES_MAX`].
    #[error("text of tag {tag} has {bytes} bytes (at most {TIFF_TEXT_BYTES_MAX} are read)")]
    TextTooLong {
        /// The tag's number.
        tag: u16,
        /// How long it claims to be.
        bytes: u32,
    },
    /// More than [`STRIPS_MAX`] strips.
    #[error("page has {strips} strips (at most {STRIPS_MAX} are read)")]
    TooManyStrips {
        /// How many it claims.
        strips: u32,
    },
    /// A width, height or size that must not be zero is.
    #[error("value of tag {tag} is zero")]
    Zero {
        /// The tag's number.
        tag: u16,
    },
    /// A value that the tag does not have.
    #[error("value of tag {tag} is {value}, which it cannot be")]
    Value {
        /// The tag's number.
        tag: u16,
        /// The value.
        value: u32,
    },
    /// The page's bytes lie outside the file, wholly or in part: a cut or lying file.
    #[error("bytes of the page are outside the file")]
    StripOutside,
    /// There are not as many strip offsets as strip sizes.
    #[error("page has {offsets} strip offsets and {sizes} strip sizes")]
    StripCount {
        /// How many offsets.
        offsets: u32,
        /// How many sizes.
        sizes: u32,
    },
    /// The strips of one page are together larger than the file, so they overlap.
    #[error("page claims more bytes than the file has")]
    StripBytes,
}
