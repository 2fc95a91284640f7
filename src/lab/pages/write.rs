//! TIFF-F files of pages, as fax servers write them (TIFF class F, RFC 2306): every coding, order and habit by choice.

use super::bitmap::Bitmap;
pub use super::coder::Ends;
use super::coder::{Bits, Dimension, end_of_line, one_dimension, two_dimensions};

/// How the rows of a page are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// TIFF's compression 2: MH without ends of line, each row from a byte on.
    Bare,
    /// MH: each row by itself, an end of line before it (compression 3).
    Mh,
    /// MR: all but each so many rows by the row above (compression 3, T4Options bit 0).
    Mr {
        /// Rows from one that stands by itself to the next: 2 in standard, 4 in fine resolution (T.4 4.2.2).
        k: u16,
    },
    /// MMR: all rows by the row above (compression 4).
    Mmr,
}

/// Which bit of a byte comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// The highest (FillOrder 1).
    HighestFirst,
    /// The lowest, as on the line (FillOrder 2).
    LowestFirst,
}

/// What the coding's white is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zero {
    /// White (PhotometricInterpretation 0).
    White,
    /// Black: the page is coded turned over (PhotometricInterpretation 1).
    Black,
}

/// Whether the coding says that a page is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// Return to control (MH, MR) or end of facsimile block (MMR).
    Told,
    /// Nothing: the tags have the number of rows.
    Left,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// How rows are coded.
    pub coding: Coding,
    /// The order of bits.
    pub fill: Fill,
    /// What white is.
    pub zero: Zero,
    /// Where ends of line lie, for MH and MR.
    pub ends: Ends,
    /// Whether the end is told.
    pub close: Close,
    /// Rows of each strip but the last; all in one where absent.
    pub strip_rows: Option<usize>,
}

impl Form {
    /// MMR in one strip, as most servers store what they have received.
    pub const PLAIN: Self = Self {
        coding: Coding::Mmr,
        fill: Fill::HighestFirst,
        zero: Zero::White,
        ends: Ends::Anywhere,
        close: Close::Told,
        strip_rows: None,
    };
}

/// The file of these pages, little-endian.
#[must_use]
pub fn tiff(pages: &[&Bitmap], form: Form) -> Vec<u8> {
    let mut file = b"II*\0".to_vec();
    let mut link = file.len();
    file.extend([0; 4]);
    for (number, page) in pages.iter().enumerate() {
        let directory = directory(&mut file, page, form, [number, pages.len()]);
        if !file.len().is_multiple_of(2) {
            file.push(0);
        }
        let here = four(file.len());
        file[link..link + 4].copy_from_slice(&here);
        file.extend(two(directory.len()));
        for entry in &directory {
            file.extend(entry.bytes());
        }
        link = file.len();
        file.extend([0; 4]);
    }
    file
}

/// What fits 16 bits, as a file has it.
fn two(value: usize) -> [u8; 2] {
    u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes()
}

/// What fits 32 bits.
fn four(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes()
}

/// An entry of a directory.
struct Entry {
    tag: u16,
    kind: u16,
    count: usize,
    value: [u8; 4],
}

const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

impl Entry {
    fn short(tag: u16, value: usize) -> Self {
        let [low, high] = two(value);
        Self { tag, kind: SHORT, count: 1, value: [low, high, 0, 0] }
    }

    fn long(tag: u16, value: usize) -> Self {
        Self { tag, kind: LONG, count: 1, value: four(value) }
    }

    /// So many of them, in place where they fit, else behind what the file has.
    fn longs(tag: u16, values: &[usize], file: &mut Vec<u8>) -> Self {
        match values {
            [value] => Self::long(tag, *value),
            values => {
                let value = four(file.len());
                file.extend(values.iter().flat_map(|value| four(*value)));
                Self { tag, kind: LONG, count: values.len(), value }
            }
        }
    }

    fn rational(tag: u16, value: u16, file: &mut Vec<u8>) -> Self {
        let at = four(file.len());
        file.extend(four(usize::from(value)));
        file.extend(four(1));
        Self { tag, kind: RATIONAL, count: 1, value: at }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.tag.to_le_bytes().to_vec();
        bytes.extend(self.kind.to_le_bytes());
        bytes.extend(four(self.count));
        bytes.extend(self.value);
        bytes
    }
}

/// Writes a page's strips and the values that fit no entry, and gives its entries in the order of their tags.
fn directory(file: &mut Vec<u8>, page: &Bitmap, form: Form, place: [usize; 2]) -> Vec<Entry> {
    let strip_rows = form.strip_rows.unwrap_or(page.rows()).clamp(1, page.rows().max(1));
    let (mut offsets, mut sizes) = (Vec::new(), Vec::new());
    for first in (0..page.rows()).step_by(strip_rows) {
        let rows = first..(first + strip_rows).min(page.rows());
        let last = rows.end == page.rows();
        let strip = strip(page, rows, form, if last { form.close } else { Close::Left });
        offsets.push(file.len());
        sizes.push(strip.len());
        file.extend(strip);
    }
    if !file.len().is_multiple_of(2) {
        file.push(0);
    }
    let mr = matches!(form.coding, Coding::Mr { .. });
    let options = usize::from(mr) | usize::from(form.ends == Ends::Aligned) << 2;
    let (compression, options) = match form.coding {
        Coding::Bare => (2, None),
        Coding::Mh | Coding::Mr { .. } => (3, Some(Entry::long(292, options))),
        Coding::Mmr => (4, Some(Entry::long(293, 0))),
    };
    let [number, pages] = place;
    let mut entries = vec![
        Entry::long(254, 2), // a page of several
        Entry::long(256, usize::from(page.width())),
        Entry::long(257, page.rows()),
        Entry::short(258, 1), // bits a dot
        Entry::short(259, compression),
        Entry::short(262, usize::from(form.zero == Zero::Black)),
        Entry::short(266, if form.fill == Fill::HighestFirst { 1 } else { 2 }),
        Entry::longs(273, &offsets, file),
        Entry::short(277, 1), // samples a dot
        Entry::long(278, strip_rows),
        Entry::longs(279, &sizes, file),
        Entry::rational(282, 204, file),
        Entry::rational(283, page.grain().dpi(), file),
    ];
    entries.extend(options);
    entries.push(Entry::short(296, 2)); // inches
    let [low, high] = two(number);
    let [all_low, all_high] = two(pages);
    let value = [low, high, all_low, all_high];
    entries.push(Entry { tag: 297, kind: SHORT, count: 2, value });
    entries
}

/// The bytes of one strip, which begins below a white row.
fn strip(page: &Bitmap, rows: std::ops::Range<usize>, form: Form, close: Close) -> Vec<u8> {
    let width = page.width();
    let mut bits = Bits::default();
    let (mut above, mut row) = (Vec::new(), Vec::new());
    for (count, y) in rows.enumerate() {
        page.changes(y, &mut row);
        if form.zero == Zero::Black {
            turn_over(&mut row);
        }
        match form.coding {
            Coding::Bare => {
                bits.align();
                one_dimension(&mut bits, &row, width);
            }
            Coding::Mh => {
                end_of_line(&mut bits, form.ends, None);
                one_dimension(&mut bits, &row, width);
            }
            Coding::Mr { k } if count % usize::from(k.max(1)) == 0 => {
                end_of_line(&mut bits, form.ends, Some(Dimension::One));
                one_dimension(&mut bits, &row, width);
            }
            Coding::Mr { .. } => {
                end_of_line(&mut bits, form.ends, Some(Dimension::Two));
                two_dimensions(&mut bits, &above, &row, width);
            }
            Coding::Mmr => two_dimensions(&mut bits, &above, &row, width),
        }
        std::mem::swap(&mut above, &mut row);
    }
    if close == Close::Told {
        ended(&mut bits, form);
    }
    let mut bytes = bits.finish();
    if form.fill == Fill::LowestFirst {
        for byte in &mut bytes {
            *byte = byte.reverse_bits();
        }
    }
    bytes
}

/// Return to control, six ends of line, or end of facsimile block, two.
fn ended(bits: &mut Bits, form: Form) {
    let (count, tag) = match form.coding {
        Coding::Bare => (0, None),
        Coding::Mh => (6, None),
        Coding::Mr { .. } => (6, Some(Dimension::One)),
        Coding::Mmr => (2, None),
    };
    for at in 0..count {
        // Only the first must be found by its byte; libtiff aligns none behind it.
        let ends = if at == 0 && form.coding != Coding::Mmr { form.ends } else { Ends::Anywhere };
        end_of_line(bits, ends, tag);
    }
}

/// The same row with black for white.
fn turn_over(row: &mut Vec<u16>) {
    if row.first() == Some(&0) {
        row.remove(0);
    } else {
        row.insert(0, 0);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::content::tiff;
    use crate::lab::pages::bitmap::Grain;
    use crate::lab::pages::read;
    use proptest::prelude::*;

    /// Every way in which a page can be written.
    pub(crate) fn forms() -> impl Strategy<Value = Form> {
        let coding = prop_oneof![
            Just(Coding::Bare),
            Just(Coding::Mh),
            (2_u16..6).prop_map(|k| Coding::Mr { k }),
            Just(Coding::Mmr),
        ];
        let fill = prop_oneof![Just(Fill::HighestFirst), Just(Fill::LowestFirst)];
        let zero = prop_oneof![Just(Zero::White), Just(Zero::Black)];
        let ends = prop_oneof![Just(Ends::Anywhere), Just(Ends::Aligned)];
        let close = prop_oneof![Just(Close::Told), Just(Close::Left)];
        let strips = proptest::option::of(1_usize..40);
        (coding, fill, zero, ends, close, strips).prop_map(
            |(coding, fill, zero, ends, close, strip_rows)| Form {
                coding,
                fill,
                zero,
                ends,
                close,
                strip_rows,
            },
        )
    }

    fn pages() -> impl Strategy<Value = Bitmap> {
        let grain = prop_oneof![Just(Grain::Standard), Just(Grain::Fine), Just(Grain::Superfine)];
        let width = prop_oneof![Just(1728_u16), Just(2048), Just(2432), 1_u16..70];
        (width, grain).prop_flat_map(|(width, grain)| {
            let row = proptest::collection::btree_set(0..width, 0..12);
            proptest::collection::vec((row, 1_usize..5), 1..12).prop_map(move |rows| {
                let mut page = Bitmap::white(width, 0, grain);
                for (row, count) in rows {
                    page.push_rows(&row.into_iter().collect::<Vec<u16>>(), count);
                }
                page
            })
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(page in pages(), other in pages(), form in forms()) {
            let file = tiff(&[&page, &other], form);
            let again = read::pages(&file).unwrap();
            prop_assert_eq!(again, vec![page, other], "{:?}", form);
        }
    }

    #[test]
    fn the_tags_are_those_of_fax_servers() {
        let page = Bitmap::white(1728, 30, Grain::Standard);
        let mh = Form { coding: Coding::Mh, fill: Fill::LowestFirst, ..Form::PLAIN };
        let fax = tiff::read(&tiff(&[&page, &page, &page], mh)).unwrap();
        assert_eq!((fax.fault, fax.pages.len()), (None, 3));
        let tags = &fax.pages[2];
        assert_eq!((tags.width, tags.rows, tags.coding), (1728, 30, tiff::Coding::Mh));
        assert_eq!(tags.resolution(), tiff::Resolution::Standard);
        assert_eq!(tags.fill_order, tiff::FillOrder::LeastSignificantFirst);
    }

    /// libtiff's own reading, where its tools are installed: the same dots in every form.
    #[test]
    fn the_reference_library_reads_the_same_dots() {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["a.tif", "b.tif"].map(|name| folder.path().join(name));
        let page = crate::lab::pages::layout::Press::new().unwrap().page(7, 3);
        for coding in [Coding::Bare, Coding::Mh, Coding::Mr { k: 4 }, Coding::Mmr] {
            for (fill, ends) in
                [(Fill::HighestFirst, Ends::Anywhere), (Fill::LowestFirst, Ends::Aligned)]
            {
                for (zero, strip_rows) in [(Zero::White, None), (Zero::Black, Some(500))] {
                    let form = Form { coding, fill, zero, ends, strip_rows, ..Form::PLAIN };
                    std::fs::write(&from, tiff(&[&page], form)).unwrap();
                    let run = std::process::Command::new("tiffcp")
                        .args(["-c", "g4", "-f", "msb2lsb", "-r", "100000"])
                        .args([&from, &to])
                        .output();
                    // The tools are no part of the product: without them the crate's reading above is the proof.
                    let Ok(run) = run else { return };
                    let said = String::from_utf8_lossy(&run.stderr).into_owned();
                    assert!(run.status.success() && said.is_empty(), "{form:?}: {said}");
                    let again = read::pages(&std::fs::read(&to).unwrap()).unwrap();
                    assert_eq!(again, std::slice::from_ref(&page), "{form:?}");
                }
            }
        }
    }
}
