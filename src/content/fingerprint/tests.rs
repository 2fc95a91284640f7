//! Fingerprints: what moves and what does not, what is refused, and what the gate keeps without one.

use super::*;
use crate::content::decode::Rows;
use crate::content::tiff;

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hylafax/");
    std::fs::read(format!("{folder}fax{name}.tif")).unwrap()
}

fn any_page() -> TiffPage {
    tiff::read(&fixture("000000900")).unwrap().pages[0].clone()
}

/// Numbers that are the same every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// A page of words as boxes of stripes: rows of fine resolution, each as its changes.
fn letter(seed: u64) -> Vec<Vec<u16>> {
    let mut numbers = Numbers(seed);
    let mut rows = vec![Vec::new(); 2_200];
    let mut top = 150;
    while top < 2_000 {
        let right = 600 + numbers.next(1_000);
        let mut left = 120 + numbers.next(3) * 40;
        while left < right {
            let width = 20 + numbers.next(110);
            for row in &mut rows[top..top + 24] {
                for stroke in (left..left + width).step_by(9) {
                    let stroke = u16::try_from(stroke + numbers.next(3)).unwrap();
                    row.extend([stroke, stroke + 3]);
                }
            }
            left += width + 22;
        }
        top += 44 + usize::try_from(numbers.next(2) * numbers.next(60)).unwrap();
    }
    rows
}

fn key(epoch: u32) -> FingerprintKey {
    FingerprintKey::new(epoch, [9; KEY_BYTES])
}

fn of_rows(rows: &[Vec<u16>]) -> Result<Fingerprint, Gate> {
    let mut gathering = Gathering::new(&TiffPage { y_dpi: Some(196), ..any_page() });
    rows.iter().for_each(|row| gathering.rows(row, 1));
    made(gathering, &[key(1)], Maps::With).map(|mut prints| prints.remove(0))
}

fn likeness(one: &Fingerprint, other: &Fingerprint) -> Option<Likeness> {
    let (hint, _) = offset(&one.marks, &other.marks)?;
    Some(compare(one.map.as_ref()?, other.map.as_ref()?, hint).likeness())
}

#[test]
fn a_header_line_and_a_shift_leave_a_page_what_it_is() {
    let rows = letter(5);
    let original = of_rows(&rows).unwrap();
    original.check().unwrap();
    let header: Vec<u16> = (60..1_500).step_by(9).collect();
    let mut copy = vec![Vec::new(); 6];
    copy.extend(std::iter::repeat_n(header, 22));
    copy.extend(vec![Vec::new(); 9]);
    copy.extend(rows.iter().map(|row| row.iter().map(|at| at + 21).collect()));
    let copy = of_rows(&copy).unwrap();
    assert!(original.chunks.iter().filter(|chunk| copy.chunks.contains(chunk)).count() >= 6);
    let (lies, votes) = offset(&original.marks, &copy.marks).unwrap();
    assert!(votes >= 10 && (1..=2).contains(&lies.columns) && (2..=3).contains(&lies.rows));
    assert_eq!(likeness(&original, &copy), Some(Likeness::Same));
}

#[test]
fn half_the_rows_are_the_same_page_at_standard_resolution() {
    let rows = letter(6);
    let mut gathering = Gathering::new(&TiffPage { y_dpi: Some(98), ..any_page() });
    rows.iter().step_by(2).for_each(|row| gathering.rows(row, 1));
    let standard = made(gathering, &[key(1)], Maps::With).unwrap().remove(0);
    let fine = of_rows(&rows).unwrap();
    assert!(offset(&fine.marks, &standard.marks).unwrap().1 >= 15);
    assert_eq!(likeness(&fine, &standard), Some(Likeness::Same));
}

#[test]
fn other_fill_is_the_same_form_and_another_letter_is_different() {
    let form = letter(7);
    let mut filled = form.clone();
    for (place, row) in [260, 700, 980, 1_240, 1_500, 1_760].into_iter().enumerate() {
        for line in &mut filled[row..row + 24] {
            let from = u16::try_from(300 + 100 * place).unwrap();
            line.retain(|at| *at < from || *at >= from + 400);
            if line.len() % 2 == 1 {
                line.pop();
            }
            line.extend((from..from + 390).step_by(7));
            line.sort_unstable();
            line.dedup();
        }
    }
    let (form, filled, other) =
        (of_rows(&form).unwrap(), of_rows(&filled).unwrap(), of_rows(&letter(8)).unwrap());
    assert_eq!(likeness(&form, &form), Some(Likeness::Same));
    assert_eq!(likeness(&form, &filled), Some(Likeness::SameForm));
    assert_ne!(likeness(&form, &other), Some(Likeness::Same));
    assert!(offset(&form.marks, &other.marks).is_none_or(|(_, votes)| votes < 3));
}

#[test]
fn pages_that_are_on_every_desk_have_no_fingerprint() {
    let gate = |rows: Vec<Vec<u16>>| of_rows(&rows).err();
    assert_eq!(gate(vec![Vec::new(); 2_200]), Some(Gate::NearlyEmpty));
    assert_eq!(gate(vec![vec![0]; 2_200]), Some(Gate::NearlyBlack));
    let mut line = vec![Vec::new(); 2_200];
    line[900..930].fill(vec![100, 900]);
    assert_eq!(gate(line), Some(Gate::NearlyEmpty));
    let mut box_only = vec![Vec::new(); 2_200];
    box_only[500..1_500].fill(vec![400, 1_200]);
    assert_eq!(gate(box_only), Some(Gate::NoDetail));
}

#[test]
fn epochs_do_not_match_and_both_are_made_in_one_reading() {
    let file = fixture("000000900");
    let page = &tiff::read(&file).unwrap().pages[0];
    let keys = [key(1), key(2)];
    let reading = read(&file, page, &keys, Maps::Without).unwrap();
    assert_eq!((reading.decoded.rows, reading.decoded.damaged), (2_156, 0));
    let prints = reading.fingerprints.unwrap();
    assert_eq!(prints.iter().map(|print| print.epoch).collect::<Vec<_>>(), [1, 2]);
    assert!(
        prints[0].map.is_none()
            && prints[0].chunks.iter().all(|chunk| !prints[1].chunks.contains(chunk))
    );
    assert!(offset(&prints[0].marks, &prints[1].marks).is_none_or(|(_, votes)| votes < 3));
    let again = read(&file, page, &keys[..1], Maps::With).unwrap().fingerprints.unwrap().remove(0);
    assert!(
        again.marks == prints[0].marks && again.chunks == prints[0].chunks && again.map.is_some()
    );
}

#[test]
fn forged_fingerprints_are_refused() {
    let good = || of_rows(&letter(9)).unwrap();
    let refused = |spoil: fn(&mut Fingerprint)| {
        let mut print = good();
        spoil(&mut print);
        print.check().unwrap_err()
    };
    good().check().unwrap();
    assert_eq!(
        refused(|print| (print.chunks.clear(), print.marks.clear()).1),
        InvalidFingerprint::Empty
    );
    assert_eq!(refused(|print| print.chunks = vec![7; 9]), InvalidFingerprint::Chunks { count: 9 });
    for constant in [vec![0], vec![u64::MAX], vec![5, 6, 5]] {
        let mut print = good();
        print.chunks = constant;
        assert_eq!(print.check(), Err(InvalidFingerprint::ConstantChunks));
    }
    assert_eq!(
        refused(|print| print.marks.extend_from_within(..)),
        InvalidFingerprint::Marks { count: 2 * good().marks.len() }
    );
    assert_eq!(refused(|print| print.marks[2].column = 108), InvalidFingerprint::Mark { at: 3 });
    assert_eq!(refused(|print| print.marks[0].row = 200), InvalidFingerprint::Mark { at: 1 });
    assert_eq!(refused(|print| print.marks[1].bits = 1 << 48), InvalidFingerprint::Mark { at: 2 });
    for bits in [0, (1 << 48) - 1] {
        let mut print = good();
        print.marks[1].bits = bits;
        assert_eq!(print.check(), Err(InvalidFingerprint::Mark { at: 2 }));
    }
    assert_eq!(refused(|print| print.marks[1].weak[3] = 24), InvalidFingerprint::Mark { at: 2 });
    assert_eq!(refused(|print| print.marks[1] = print.marks[0]), InvalidFingerprint::RepeatedMarks);
    assert_eq!(
        refused(|print| print.marks.iter_mut().for_each(|mark| mark.bits = 5)),
        InvalidFingerprint::RepeatedMarks
    );
}
