//! Image file directories: every access to the bytes of a TIFF file is checked here, and only here.

use super::{InvalidTiff, TiffFault};
use crate::bounds::{TIFF_BYTES_MAX, TIFF_ENTRIES_MAX, TIFF_PAGES_MAX, TIFF_TEXT_BYTES_MAX};

const HEADER_BYTES: usize = 8;
const ENTRY_BYTES: usize = 12;
const VERSION_CLASSIC: u16 = 42;
const VERSION_BIG: u16 = 43;

/// Field types of TIFF 6.0 that fax tags have.
const BYTE: u16 = 1;
const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;
const UNDEFINED: u16 = 7;

/// A TIFF file's bytes and their order.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    bytes: &'a [u8],
    order: Order,
}

#[derive(Clone, Copy)]
enum Order {
    LittleEndian,
    BigEndian,
}

/// One image file directory, wholly inside its file.
pub(super) struct Directory<'a> {
    file: File<'a>,
    at: usize,
    entries: u16,
    next: u32,
}

/// One entry of a directory whose value is inside the file.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    file: File<'a>,
    tag: u16,
    field_type: u16,
    count: u32,
    /// Where the entry is, for faults.
    at: usize,
    /// Where its value is.
    value_at: usize,
}

impl<'a> File<'a> {
    /// Checks the header; gives the file and the offset of its first directory.
    pub(super) fn open(bytes: &'a [u8]) -> Result<(Self, u32), InvalidTiff> {
        if u64::try_from(bytes.len()).map_or(true, |length| length > TIFF_BYTES_MAX) {
            return Err(InvalidTiff::new(TiffFault::FileTooLarge, bytes.len()));
        }
        let order = match bytes.get(..2) {
            Some(b"II") => Order::LittleEndian,
            Some(b"MM") => Order::BigEndian,
            Some(_) => return Err(InvalidTiff::new(TiffFault::NotTiff, 0)),
            None => return Err(InvalidTiff::new(TiffFault::HeaderCut, bytes.len())),
        };
        let file = Self { bytes, order };
        match file.u16(2) {
            Some(VERSION_CLASSIC) => {}
            Some(VERSION_BIG) => return Err(InvalidTiff::new(TiffFault::BigTiff, 2)),
            Some(version) => return Err(InvalidTiff::new(TiffFault::Version { version }, 2)),
            None => return Err(InvalidTiff::new(TiffFault::HeaderCut, bytes.len())),
        }
        match file.u32(4) {
            Some(0) => Err(InvalidTiff::new(TiffFault::NoPage, 4)),
            Some(first) => Ok((file, first)),
            None => Err(InvalidTiff::new(TiffFault::HeaderCut, bytes.len())),
        }
    }

    /// The directory at `offset`, unless the walk, which has been to `visited`, must end before it.
    pub(super) fn directory(
        self,
        offset: u32,
        visited: &[u32],
    ) -> Result<Directory<'a>, InvalidTiff> {
        let at = place(offset);
        let wrong = |fault| Err(InvalidTiff::new(fault, at));
        if visited.contains(&offset) {
            return wrong(TiffFault::Ring);
        }
        if visited.len() >= TIFF_PAGES_MAX {
            return wrong(TiffFault::TooManyPages);
        }
        if at < HEADER_BYTES || at >= self.bytes.len() {
            return wrong(TiffFault::DirectoryOutside);
        }
        let Some(entries) = self.u16(at) else {
            return wrong(TiffFault::DirectoryCut);
        };
        if entries == 0 {
            return wrong(TiffFault::DirectoryEmpty);
        }
        if usize::from(entries) > TIFF_ENTRIES_MAX {
            return wrong(TiffFault::TooManyEntries { entries });
        }
        match self.u32(at + 2 + usize::from(entries) * ENTRY_BYTES) {
            Some(next) => Ok(Directory { file: self, at, entries, next }),
            None => wrong(TiffFault::DirectoryCut),
        }
    }

    /// Whether the `bytes` bytes from `offset` on are all in the file.
    fn holds(self, offset: u64, bytes: u64) -> bool {
        let length = u64::try_from(self.bytes.len()).unwrap_or(0);
        offset.checked_add(bytes).is_some_and(|end| end <= length)
    }

    fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }

    fn u16(self, at: usize) -> Option<u16> {
        self.array(at).map(|bytes| match self.order {
            Order::LittleEndian => u16::from_le_bytes(bytes),
            Order::BigEndian => u16::from_be_bytes(bytes),
        })
    }

    fn u32(self, at: usize) -> Option<u32> {
        self.array(at).map(|bytes| match self.order {
            Order::LittleEndian => u32::from_le_bytes(bytes),
            Order::BigEndian => u32::from_be_bytes(bytes),
        })
    }
}

impl<'a> Directory<'a> {
    /// Where the next directory is; 0 after the last one.
    pub(super) const fn next(&self) -> u32 {
        self.next
    }

    /// A fault of this directory as a whole.
    pub(super) const fn wrong(&self, fault: TiffFault) -> InvalidTiff {
        InvalidTiff::new(fault, self.at)
    }

    /// Whether the page bytes at `offset` are all in the file.
    pub(super) fn file_holds(&self, offset: u32, bytes: u32) -> bool {
        self.file.holds(u64::from(offset), u64::from(bytes))
    }

    /// The size of the file in bytes.
    pub(super) fn file_bytes(&self) -> u64 {
        u64::try_from(self.file.bytes.len()).unwrap_or(0)
    }

    /// The first entry for `tag`, its value known to be in the file; a second entry for the same
    /// tag is not looked at.
    pub(super) fn entry(&self, tag: u16) -> Result<Option<Entry<'a>>, InvalidTiff> {
        let file = self.file;
        let found = (0..usize::from(self.entries))
            .map(|index| self.at + 2 + index * ENTRY_BYTES)
            .find(|at| file.u16(*at) == Some(tag));
        let Some(at) = found else { return Ok(None) };
        let fields = (file.u16(at + 2), file.u32(at + 4), file.u32(at + 8));
        let (Some(field_type), Some(count), Some(offset)) = fields else {
            return Err(InvalidTiff::new(TiffFault::DirectoryCut, at));
        };
        let Some(size) = size_of_type(field_type) else {
            return Err(InvalidTiff::new(TiffFault::FieldType { tag, field_type }, at));
        };
        if count == 0 {
            return Err(InvalidTiff::new(TiffFault::NoValue { tag }, at));
        }
        let bytes = u64::from(count) * size;
        let value_at = if bytes <= 4 {
            at + 8
        } else if file.holds(u64::from(offset), bytes) {
            place(offset)
        } else {
            return Err(InvalidTiff::new(TiffFault::ValueOutside { tag }, at));
        };
        Ok(Some(Entry { file, tag, field_type, count, at, value_at }))
    }

    /// The first entry for `tag`, which must be there.
    pub(super) fn required(&self, tag: u16) -> Result<Entry<'a>, InvalidTiff> {
        self.entry(tag)?.ok_or_else(|| self.wrong(TiffFault::TagMissing { tag }))
    }

    /// The unsigned number of `tag`, where the tag is there.
    pub(super) fn number(&self, tag: u16) -> Result<Option<u32>, InvalidTiff> {
        self.entry(tag)?.map(|entry| entry.number(0)).transpose()
    }

    /// The text of `tag`, where the tag is there.
    pub(super) fn text(&self, tag: u16) -> Result<Option<&'a [u8]>, InvalidTiff> {
        self.entry(tag)?.map(Entry::text).transpose()
    }
}

impl<'a> Entry<'a> {
    /// How many values it has; at least 1.
    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    /// A fault of this entry.
    pub(super) const fn wrong(&self, fault: TiffFault) -> InvalidTiff {
        InvalidTiff::new(fault, self.at)
    }

    /// The unsigned number with that index.
    pub(super) fn number(self, index: u32) -> Result<u32, InvalidTiff> {
        let index = place(index);
        let value = match self.field_type {
            BYTE => self.file.array(self.value_at + index).map(|[byte]| u32::from(byte)),
            SHORT => self.file.u16(self.value_at + 2 * index).map(u32::from),
            LONG => self.file.u32(self.value_at + 4 * index),
            _ => return Err(self.wrong_type()),
        };
        value.ok_or_else(|| self.wrong(TiffFault::ValueOutside { tag: self.tag }))
    }

    /// The first rational, as numerator and denominator.
    pub(super) fn rational(self) -> Result<(u32, u32), InvalidTiff> {
        if self.field_type != RATIONAL {
            return Err(self.wrong_type());
        }
        self.file
            .u32(self.value_at)
            .zip(self.file.u32(self.value_at + 4))
            .ok_or_else(|| self.wrong(TiffFault::ValueOutside { tag: self.tag }))
    }

    /// The text up to its first NUL, if any.
    fn text(self) -> Result<&'a [u8], InvalidTiff> {
        if !matches!(self.field_type, ASCII | BYTE | UNDEFINED) {
            return Err(self.wrong_type());
        }
        let bytes = place(self.count);
        if bytes > TIFF_TEXT_BYTES_MAX {
            let fault = TiffFault::TextTooLong { tag: self.tag, bytes: self.count };
            return Err(self.wrong(fault));
        }
        let text = self
            .file
            .bytes
            .get(self.value_at..self.value_at + bytes)
            .ok_or_else(|| self.wrong(TiffFault::ValueOutside { tag: self.tag }))?;
        Ok(text.split(|byte| *byte == 0).next().unwrap_or_default())
    }

    const fn wrong_type(&self) -> InvalidTiff {
        self.wrong(TiffFault::FieldType { tag: self.tag, field_type: self.field_type })
    }
}

/// An offset or count as an index. One that does not fit lies outside every file that fits.
fn place(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Bytes of one value of a field type (TIFF 6.0 section 2), where such a type exists.
const fn size_of_type(field_type: u16) -> Option<u64> {
    match field_type {
        BYTE | ASCII | 6 | UNDEFINED => Some(1),
        SHORT | 8 => Some(2),
        LONG | 9 | 11 => Some(4),
        RATIONAL | 10 | 12 => Some(8),
        _ => None,
    }
}
