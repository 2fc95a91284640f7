//! Whether two pages that lie over each other say the same: by windows of a word or two.
//!
//! Lines of text fit over other lines of text: seen from afar they are the same grey bars, and of small print no cell differs
//! for sure. What tells one word from another is where along its line there is ink. So each row of a window is taken
//! less its mean, and what is left is correlated with what is left of the other: near 1 for the same word, however badly
//! copied, and about 0 for another one. Windows that have nothing but rules and white say nothing and are not asked.

use super::sheet::count;
use super::{CELLS_ACROSS, FINER, HEADER_ROWS, LINE_ROWS, LINES, Overlay, Piece, beyond_lines};

/// Cells across a window, and rows of it.
const ACROSS: usize = 9;
pub(super) const DOWN: usize = 4;
const _: () = assert!(
    CELLS_ACROSS.is_multiple_of(ACROSS)
        && HEADER_ROWS.is_multiple_of(DOWN)
        && LINE_ROWS.is_multiple_of(DOWN),
    "lines are forgiven by whole windows"
);
/// Windows side by side.
pub(super) const BESIDE: usize = CELLS_ACROSS / ACROSS;
/// Sum of the squares of what is left of a window's rows without their means, from which it says something.
const TELLS_MIN: i64 = 400_000;
/// The same, of the sum of the squares of its ink in thousandths. Less is how the dots of an even grey fall into cells, which
/// a shift changes.
const TELLS_MILLI_MIN: i64 = 30;
/// Correlation below which the windows of two pages say different things, in tenths.
const CONTRARY_TENTHS: i128 = 3;

/// Sums over a row of a window, of both pages.
#[derive(Clone, Copy, Default)]
struct Row {
    cells: i64,
    sums: [i64; 2],
    squares: [i64; 2],
    products: i64,
}

/// Which windows say something, and which of them something else.
pub(super) struct Windows {
    /// Whether each says something else, where it says anything; in rows of [`BESIDE`].
    pub(super) said: Vec<Option<bool>>,
}

impl Windows {
    /// Looks at all windows of the first page.
    pub(super) fn of(overlay: &Overlay, pieces: &[Piece]) -> Self {
        let lines = count(overlay.rows * FINER);
        let told = pieces.iter().filter(|piece| !overlay.is_grey(piece));
        let mut rows = vec![Row::default(); BESIDE * lines.next_multiple_of(DOWN)];
        for (own, other, (column, line)) in told.flat_map(|piece| overlay.pairs(piece)) {
            let at = count(line) * BESIDE + count(column) / ACROSS;
            let Some(row) = rows.get_mut(at) else { continue };
            let (own, other) = (i64::from(own), i64::from(other));
            row.cells += 1;
            row.sums = [row.sums[0] + own, row.sums[1] + other];
            row.squares = [row.squares[0] + own * own, row.squares[1] + other * other];
            row.products += own * other;
        }
        let windows = rows.chunks(BESIDE * DOWN).flat_map(|band| {
            (0..BESIDE).map(|column| is_contrary(band.iter().skip(column).step_by(BESIDE)))
        });
        Self { said: windows.collect() }
    }

    fn telling(&self) -> u32 {
        count_of(self.said.iter().map(Option::is_some))
    }

    /// Contrary windows of each row of windows.
    fn contrary(&self) -> Vec<u32> {
        let rows = self.said.chunks(BESIDE);
        rows.map(|row| count_of(row.iter().map(|said| *said == Some(true)))).collect()
    }

    /// Contrary windows, in thousandths of those that say something.
    pub(super) fn contrary_milli(&self) -> u32 {
        self.contrary().iter().sum::<u32>() * 1_000 / self.telling().max(1)
    }

    /// The same beyond the header and the lines that are forgiven.
    pub(super) fn beyond_milli(&self) -> u32 {
        let header_and_line = (HEADER_ROWS / DOWN, LINE_ROWS / DOWN);
        beyond_lines(self.contrary(), header_and_line, LINES) * 1_000 / self.telling().max(1)
    }
}

fn count_of(of: impl Iterator<Item = bool>) -> u32 {
    of.map(u32::from).sum()
}

/// Whether a window says something else on either page; nothing where it says nothing on both.
fn is_contrary<'r>(rows: impl Iterator<Item = &'r Row>) -> Option<bool> {
    let (mut own, mut other, mut both) = (0, 0, 0);
    let mut all = [0, 0];
    for Row { cells, sums, squares, products } in rows.filter(|row| row.cells > 0) {
        own += squares[0] - sums[0] * sums[0] / cells;
        other += squares[1] - sums[1] * sums[1] / cells;
        both += products - sums[0] * sums[1] / cells;
        all = [all[0] + squares[0], all[1] + squares[1]];
    }
    if own.max(other) < TELLS_MIN.max(all[0].max(all[1]) / 1_000 * TELLS_MILLI_MIN) {
        return None;
    }
    let (own, other, both) = (i128::from(own), i128::from(other), i128::from(both));
    Some(both <= 0 || both * both * 100 < CONTRARY_TENTHS * CONTRARY_TENTHS * own * other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(pages: [&[i64; 9]; 2]) -> Vec<Row> {
        let sum = |page: &[i64; 9]| page.iter().sum::<i64>();
        let squares = |page: &[i64; 9]| page.iter().map(|ink| ink * ink).sum::<i64>();
        let products = pages[0].iter().zip(pages[1]).map(|(one, other)| one * other).sum();
        let row = Row { cells: 9, sums: pages.map(sum), squares: pages.map(squares), products };
        vec![row; DOWN]
    }

    #[test]
    fn a_word_is_told_from_another_in_its_place_and_a_rule_says_nothing() {
        let word = [900, 100, 800, 0, 700, 900, 0, 300, 600];
        let darker = word.map(|ink| ink * 2 + 200);
        let other = [0, 900, 100, 800, 100, 0, 900, 700, 0];
        let rule = [3_000; 9];
        let grey = [3_000, 2_700, 3_100, 2_800, 2_600, 3_000, 2_900, 3_100, 2_700];
        let shifted = [2_700, 3_100, 2_800, 3_000, 3_100, 2_600, 3_000, 2_700, 2_900];
        let said = |pages| is_contrary(rows(pages).iter());
        assert_eq!(said([&word, &darker]), Some(false), "however dark");
        assert_eq!(said([&word, &other]), Some(true));
        assert_eq!(said([&word, &[0; 9]]), Some(true), "a word where there is none");
        assert_eq!(said([&rule, &rule]), None);
        assert_eq!(said([&grey, &shifted]), None);
        assert_eq!(said([&[0; 9], &[0; 9]]), None);
    }
}
