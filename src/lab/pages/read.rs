//! TIFF-F files of a folder as pages to measure with.
//!
//! Read with `hayro-ccitt` and a walk over the directories of its own, so that measuring does not lean on what is measured.

use std::path::{Path, PathBuf};

use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode, decode};
use thiserror::Error;

use super::bitmap::{Bitmap, Grain};

/// Most rows of a page that is read.
const ROWS_MAX: u32 = 20_000;
/// Widest page that is read, in dots.
const WIDTH_MAX: u32 = 4_864;
/// Most pages of a file that are read.
const PAGES_MAX: usize = 1_000;
/// Fewest rows that make a page worth measuring with: an inch of fine resolution.
const ROWS_MIN: usize = 196;

/// Why a file gives no pages.
#[derive(Debug, Error)]
pub enum UnreadPages {
    /// A folder or file could not be read.
    #[error("could not read `{path}`", path = path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no TIFF file, or one that breaks off.
    #[error("not a whole TIFF file")]
    Malformed,
    /// A page is no bilevel fax page of reasonable size.
    #[error("page {page} is no fax page (MH, MR or MMR, at most {WIDTH_MAX} x {ROWS_MAX})")]
    Kind {
        /// Which page, from 1.
        page: usize,
    },
}

/// The files of a folder whose names end in `.tif` or `.tiff`, by name.
///
/// # Errors
/// [`UnreadPages::Read`].
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, UnreadPages> {
    let failed = |source| UnreadPages::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let ending = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        if ending.is_some_and(|ending| ending == "tif" || ending == "tiff") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The first page of a file.
///
/// # Errors
/// [`UnreadPages`]; `Malformed` also for one of less than an inch.
pub fn first_page(path: &Path) -> Result<Bitmap, UnreadPages> {
    let failed = |source| UnreadPages::Read { path: path.to_owned(), source };
    let page = pages(&std::fs::read(path).map_err(failed)?)?.into_iter().next();
    page.filter(|page| page.rows() >= ROWS_MIN).ok_or(UnreadPages::Malformed)
}

/// Every page of a file.
///
/// # Errors
/// [`UnreadPages`].
pub fn pages(file: &[u8]) -> Result<Vec<Bitmap>, UnreadPages> {
    let file = File::open(file).ok_or(UnreadPages::Malformed)?;
    let mut next = file.four(4);
    let mut pages = Vec::new();
    while let Some(at) = next.filter(|at| *at != 0) {
        let entries = file.directory(at).ok_or(UnreadPages::Malformed)?;
        let page = page(file, &entries).ok_or(UnreadPages::Kind { page: pages.len() + 1 })?;
        pages.push(page);
        next = file.four(at.saturating_add(2 + 12 * entries.len()));
        if pages.len() >= PAGES_MAX {
            break;
        }
    }
    Ok(pages)
}

/// The bytes of a TIFF file.
#[derive(Clone, Copy)]
struct File<'f> {
    bytes: &'f [u8],
    order: Order,
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

/// Tag, field type, count and where the values are.
struct Entry {
    tag: usize,
    kind: usize,
    count: usize,
    at: usize,
}

impl<'f> File<'f> {
    fn open(bytes: &'f [u8]) -> Option<Self> {
        let order = match bytes.get(..2)? {
            b"II" => Order::Little,
            b"MM" => Order::Big,
            _ => return None,
        };
        Some(Self { bytes, order })
    }

    fn number(self, at: usize, size: usize) -> Option<usize> {
        let bytes = self.bytes.get(at..at.checked_add(size)?)?;
        let shift = |sum, byte: &u8| sum << 8 | usize::from(*byte);
        Some(match self.order {
            Order::Little => bytes.iter().rev().fold(0, shift),
            Order::Big => bytes.iter().fold(0, shift),
        })
    }

    fn four(self, at: usize) -> Option<usize> {
        self.number(at, 4)
    }

    fn directory(self, at: usize) -> Option<Vec<Entry>> {
        let count = self.number(at, 2)?;
        let entry = |at| {
            let (kind, count) = (self.number(at + 2, 2)?, self.four(at + 4)?);
            let size = match kind {
                3 => 2,
                4 => 4,
                5 => 8,
                _ => 1,
            };
            let at_value = if count.checked_mul(size)? <= 4 { at + 8 } else { self.four(at + 8)? };
            Some(Entry { tag: self.number(at, 2)?, kind, count, at: at_value })
        };
        (0..count).map(|number| entry(at + 2 + 12 * number)).collect()
    }

    /// The values of a tag, where it is there.
    fn values(self, entries: &[Entry], tag: usize) -> Option<Vec<usize>> {
        let entry = entries.iter().find(|entry| entry.tag == tag)?;
        let size = match entry.kind {
            3 => 2,
            4 | 5 => 4,
            _ => 1,
        };
        let count = entry.count.min(self.bytes.len());
        (0..count).map(|at| self.number(entry.at + at * size, size)).collect()
    }

    fn value(self, entries: &[Entry], tag: usize, otherwise: usize) -> usize {
        self.values(entries, tag).and_then(|values| values.first().copied()).unwrap_or(otherwise)
    }
}

/// Takes the rows.
struct Rows {
    page: Bitmap,
    row: Vec<u16>,
}

impl Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        self.row.clear();
        self.row.extend(changes.iter().filter_map(|at| u16::try_from(*at).ok()));
        self.page.push_rows(&self.row, 1);
    }
}

fn page(file: File<'_>, entries: &[Entry]) -> Option<Bitmap> {
    let [width, rows] = [256, 257].map(|tag| u32::try_from(file.value(entries, tag, 0)));
    let (width, rows) = (width.ok()?, rows.ok()?);
    if width == 0 || width > WIDTH_MAX || rows == 0 || rows > ROWS_MAX {
        return None;
    }
    let options = file.value(entries, 292, 0);
    let encoding = match (file.value(entries, 259, 1), options & 1) {
        (2, _) | (3, 0) => EncodingMode::Group3_1D,
        (3, _) => EncodingMode::Group3_2D,
        (4, _) => EncodingMode::Group4,
        _ => return None,
    };
    let bare = file.value(entries, 259, 1) == 2;
    let mut taken = Rows {
        page: Bitmap::white(u16::try_from(width).ok()?, 0, grain(file, entries)),
        row: Vec::new(),
    };
    let strip_rows = u32::try_from(file.value(entries, 278, usize::MAX)).unwrap_or(rows);
    let mut left = rows;
    let sizes = file.values(entries, 279)?;
    for (offset, size) in file.values(entries, 273)?.into_iter().zip(sizes) {
        let strip = file.bytes.get(offset..offset.checked_add(size)?)?;
        let reversed: Vec<u8>;
        let data = if file.value(entries, 266, 1) == 2 {
            reversed = strip.iter().map(|byte| byte.reverse_bits()).collect();
            &reversed
        } else {
            strip
        };
        let of_strip = left.min(strip_rows.max(1));
        let settings = DecodeSettings {
            columns: width,
            rows: of_strip,
            end_of_block: !bare,
            end_of_line: !bare && encoding != EncodingMode::Group4,
            rows_are_byte_aligned: bare,
            encoding,
            strict: false,
        };
        // A page that breaks off has the rows before that, as on paper.
        let _broken = decode(data, &mut taken, &mut DecoderContext::new(settings));
        left = left.saturating_sub(of_strip);
    }
    let mut page = taken.page;
    page.remove_rows(rows as usize..usize::MAX);
    if file.value(entries, 262, 0) == 1 {
        page = turned_over(&page);
    }
    Some(page)
}

fn turned_over(page: &Bitmap) -> Bitmap {
    let mut over = page.same_white(0);
    for y in 0..page.rows() {
        over.push_words(page.row(y).iter().map(|word| !word));
    }
    over
}

/// How far apart rows are by the tags: nearest of the three.
fn grain(file: File<'_>, entries: &[Entry]) -> Grain {
    let rational = file.values(entries, 283).and_then(|_| {
        let entry = entries.iter().find(|entry| entry.tag == 283)?;
        Some(file.four(entry.at)? as f64 / file.four(entry.at + 4)?.max(1) as f64)
    });
    let centimetres = file.value(entries, 296, 2) == 3;
    let dpi = rational.unwrap_or(196.0) * if centimetres { 2.54 } else { 1.0 };
    match dpi {
        dpi if dpi < 140.0 => Grain::Standard,
        dpi if dpi < 300.0 => Grain::Fine,
        _ => Grain::Superfine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_faxes_are_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hylafax");
        let files = files(&folder).unwrap();
        assert!(files.len() > 10);
        let page = first_page(&folder.join("fax000000001.tif")).unwrap();
        assert_eq!((page.width(), page.rows(), page.grain()), (1728, 1146, Grain::Standard));
        assert!(page.ink() > 0);
    }

    #[test]
    fn what_is_no_fax_is_refused() {
        assert!(matches!(pages(b"%PDF-1.4"), Err(UnreadPages::Malformed)));
        assert!(matches!(pages(b"II*\0\x08\0\0\0\x01"), Err(UnreadPages::Malformed)));
        assert!(matches!(
            pages(b"II*\0\x08\0\0\0\x00\0\0\0\0\0"),
            Err(UnreadPages::Kind { page: 1 })
        ));
    }
}
