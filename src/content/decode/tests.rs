//! Decoding: recorded pages, damage, and bytes of any kind.

use super::*;
use crate::content::tiff;
use crate::lab::pages::bitmap::{Bitmap, Grain};
use crate::lab::pages::read;
use crate::lab::pages::write;
use crate::lab::pages::write::tests::forms;
use proptest::prelude::*;

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hylafax/");
    std::fs::read(format!("{folder}fax{name}.tif")).unwrap()
}

/// Counts rows and black pixels, and holds every row against what a row is.
struct Counting {
    width: u16,
    rows: u32,
    black: u64,
}

impl Rows for Counting {
    fn rows(&mut self, changes: &[u16], count: u32) {
        assert!(count > 0 && changes.windows(2).all(|pair| pair[0] < pair[1]), "{changes:?}");
        assert!(changes.last().is_none_or(|last| *last < self.width));
        let black = changes.chunks(2).map(|run| run.get(1).unwrap_or(&self.width) - run[0]);
        self.black += black.map(u64::from).sum::<u64>() * u64::from(count);
        self.rows += count;
    }
}

fn counted(file: &[u8], page: &TiffPage) -> (Result<Decoded, Undecodable>, Counting) {
    let width = u16::try_from(page.width).unwrap_or(u16::MAX);
    let mut counting = Counting { width, rows: 0, black: 0 };
    let decoded = super::page(file, page, &mut counting);
    (decoded, counting)
}

/// Pages of recorded faxes: rows and black pixels as libtiff 4.5 counts them.
const RECORDED: &str = "\
    000000001 1146 15512 208 4166
    000000002 1146 15500 208 4154
    000000003 1146 3538 1146 3706
    000000006 2195 26853 1083 3036
    000000007 2195 26710 1083 2893
    000000009 2195 26798
    000000900 2156 25894 2156 4126";

#[test]
fn recorded_faxes_are_decoded_as_libtiff_does() {
    for line in RECORDED.lines().map(str::trim) {
        let (name, numbers) = line.split_once(' ').unwrap();
        let file = fixture(name);
        let fax = tiff::read(&file).unwrap();
        let mut told = Vec::new();
        for page in &fax.pages {
            let (decoded, counting) = counted(&file, page);
            assert_eq!(decoded, Ok(Decoded { rows: counting.rows, damaged: 0, cut: 0 }), "{name}");
            told.push(format!("{} {}", counting.rows, counting.black));
        }
        assert_eq!(told.join(" "), numbers, "{name}");
    }
}

#[test]
fn a_photometric_the_other_way_round_is_the_negative() {
    let file = fixture("000000003");
    let mut page = tiff::read(&file).unwrap().pages[0].clone();
    let (_, plain) = counted(&file, &page);
    page.photometric = Photometric::ZeroIsBlack;
    let (_, inverted) = counted(&file, &page);
    let pixels = u64::from(page.rows) * u64::from(page.width);
    assert_eq!(plain.black + inverted.black, pixels);
}

#[test]
fn what_cannot_be_decoded_is_said() {
    let file = fixture("000000003");
    let page = tiff::read(&file).unwrap().pages[0].clone();
    let said = |page: TiffPage| counted(&file, &page).0.unwrap_err();
    let jpeg = TiffPage { coding: Coding::Jpeg, ..page.clone() };
    assert_eq!(said(jpeg), Undecodable::Coding(Coding::Jpeg));
    let colour = TiffPage { photometric: Photometric::Other(6), ..page.clone() };
    assert_eq!(said(colour), Undecodable::Colour);
    let wide = TiffPage { width: 70_000, ..page.clone() };
    assert_eq!(said(wide), Undecodable::Width { pixels: 70_000 });
    let (zeros, page) = around(Coding::Mmr, RowEnds::Marked, &[]);
    assert_eq!(counted(&zeros, &page).0, Err(Undecodable::NoRow));
}

/// A page of one strip around these bytes, 16 rows of 1728 pixels.
fn around(coding: Coding, row_ends: RowEnds, coded: &[u8]) -> (Vec<u8>, TiffPage) {
    let mut file = fixture("000000003");
    let mut page = tiff::read(&file).unwrap().pages[0].clone();
    // The strip's bytes are put where the first page's were, whose directory stays.
    let at = strip_at(&file, &page);
    let size = usize::try_from(page.coded_bytes).unwrap();
    assert!(coded.len() <= size);
    file[at..at + size].fill(0);
    file[at..at + coded.len()].copy_from_slice(coded);
    (page.coding, page.row_ends, page.rows) = (coding, row_ends, 16);
    page.fill_order = tiff::FillOrder::MostSignificantFirst;
    (file, page)
}

fn strip_at(file: &[u8], page: &TiffPage) -> usize {
    let strip = tiff::strips(file, page).unwrap().next().unwrap();
    strip.as_ptr().addr() - file.as_ptr().addr()
}

/// Bits as text, filled up to a byte.
fn bits(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|digit| *digit != b' ').collect();
    let byte = |eight: &[u8]| {
        eight.iter().enumerate().fold(0, |byte, (at, digit)| byte | (digit - b'0') << (7 - at))
    };
    digits.chunks(8).map(byte).collect()
}

const EOL: &str = "000000000001";
/// 1728 white pixels.
const WHITE: &str = "010011011 00110101";
/// 64 white, 2 black, and 1662 white: 1600 and 62.
const DOT: &str = "11011 00110101 11 010011010 00110011";

#[test]
fn rows_are_found_again_behind_damage() {
    let good = format!("{EOL}{DOT}");
    // The second row breaks off in the middle, the third is junk.
    let text =
        format!("{good}{EOL}11011{good}{EOL}1111111111111111{good}{EOL}{WHITE}{}", EOL.repeat(6));
    let (file, page) = around(Coding::Mh, RowEnds::Marked, &bits(&text));
    let (decoded, counting) = counted(&file, &page);
    assert_eq!(decoded, Ok(Decoded { rows: 6, damaged: 2, cut: 0 }));
    // Damaged rows are given as the row above.
    assert_eq!(counting.black, 5 * 2);
}

#[test]
fn a_row_on_a_damaged_one_is_damaged_until_one_stands_by_itself() {
    // The tag after the mark says whether a row stands by itself; three vertical modes repeat the row above.
    let again = format!("{EOL}0 111");
    let text = format!(
        "{EOL}1{DOT}{again}{EOL}0 0000000{again}{EOL}1{DOT}{again}{}",
        format!("{EOL}1").repeat(6)
    );
    let (file, page) = around(Coding::Mr, RowEnds::Marked, &bits(&text));
    let (decoded, counting) = counted(&file, &page);
    assert_eq!((decoded.unwrap().rows, decoded.unwrap().damaged), (6, 2));
    assert_eq!(counting.black, 6 * 2);
}

#[test]
fn rows_without_marks_begin_with_bytes() {
    let row = bits(DOT);
    let (file, page) = around(Coding::Mh, RowEnds::Aligned, &row.repeat(16));
    let (decoded, counting) = counted(&file, &page);
    assert_eq!((decoded, counting.black), (Ok(Decoded { rows: 16, damaged: 0, cut: 0 }), 32));
}

#[test]
fn every_truncation_and_flip_is_answered() {
    for name in ["000000003", "000000006"] {
        let mut file = fixture(name);
        let fax = tiff::read(&file).unwrap();
        let page = &fax.pages[0];
        let at = strip_at(&file, page);
        let size = usize::try_from(page.coded_bytes).unwrap();
        for byte in (0..size).step_by(if size > 2_000 { 7 } else { 1 }) {
            for bit in [0, 3, 7] {
                file[at + byte] ^= 1 << bit;
                let (decoded, counting) = counted(&file, page);
                file[at + byte] ^= 1 << bit;
                assert!(counting.rows <= page.rows);
                assert!(
                    decoded.is_ok_and(|decoded| decoded.rows == counting.rows)
                        || counting.rows == 0
                );
            }
        }
    }
}

#[test]
fn rows_have_a_bound() {
    // A bit a white row: a million of them in 125 kB.
    let (mut file, mut page) = around(Coding::Mmr, RowEnds::Marked, &[]);
    let at = strip_at(&file, &page);
    file[at..at + 700].fill(0xFF);
    page.rows = u32::MAX;
    page.rows_per_strip = u32::MAX;
    let (decoded, counting) = counted(&file, &page);
    assert_eq!(counting.rows, decoded.unwrap().rows);
    assert!((5_600..=PAGE_ROWS_MAX).contains(&counting.rows));
}

/// Takes every row as it comes.
struct All(Vec<Vec<u16>>);

impl Rows for All {
    fn rows(&mut self, changes: &[u16], count: u32) {
        (0..count).for_each(|_| self.0.push(changes.to_vec()));
    }
}

/// Rows with runs of every length that there is a code for, some of them alike, some nearly.
fn bitmaps() -> impl Strategy<Value = Bitmap> {
    let width = prop_oneof![Just(1728_u16), Just(2048), Just(2432), Just(3456), 1_u16..70];
    width.prop_flat_map(|width| {
        let row = proptest::collection::btree_set(0..width, 0..40);
        proptest::collection::vec((row, 1_usize..4, -3_i32..4), 1..24).prop_map(move |rows| {
            let mut page = Bitmap::white(width, 0, Grain::Fine);
            for (row, count, by) in rows {
                let row: Vec<u16> = row.into_iter().collect();
                page.push_rows(&row, count);
                // The same row a little aside: what vertical modes are for.
                let moved = row.iter().filter_map(|at| u16::try_from(i32::from(*at) + by).ok());
                let moved: Vec<u16> = moved.filter(|at| *at < width).collect();
                page.push_rows(&moved, 1);
            }
            page
        })
    })
}

proptest! {
    /// `hayro-ccitt` and what was drawn are the oracles, in every coding, order and habit.
    #[test]
    fn every_coding_is_read_as_another_decoder_reads_it(page in bitmaps(), form in forms()) {
        let file = write::tiff(&[&page], form);
        let oracle = read::pages(&file).unwrap().remove(0);
        let tags = tiff::read(&file).unwrap().pages.remove(0);
        let mut all = All(Vec::new());
        let decoded = super::page(&file, &tags, &mut all).unwrap();
        prop_assert_eq!((decoded.damaged, decoded.cut), (0, 0), "{:?}", form);
        prop_assert_eq!(all.0.len(), oracle.rows());
        let (mut told, mut drawn) = (Vec::new(), Vec::new());
        for (y, row) in all.0.iter().enumerate() {
            oracle.changes(y, &mut told);
            page.changes(y, &mut drawn);
            prop_assert_eq!(row, &told, "row {} of {:?}", y, form);
            prop_assert_eq!(row, &drawn, "row {} of {:?}", y, form);
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(
        coded in proptest::collection::vec(any::<u8>(), 0..700),
        coding in prop_oneof![Just(Coding::Mh), Just(Coding::Mr), Just(Coding::Mmr)],
        aligned in any::<bool>(),
    ) {
        let row_ends = if aligned { RowEnds::Aligned } else { RowEnds::Marked };
        let (file, page) = around(coding, row_ends, &coded);
        let (_, counting) = counted(&file, &page);
        prop_assert!(counting.rows <= 16);
    }
}
