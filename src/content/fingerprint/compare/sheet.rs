//! Blurred ink with white around it, so that no look beside the page needs a check of its own.

use crate::content::fingerprint::ink::{COLUMNS, Ink};

/// Blurring multiplies ink by this.
pub(super) const BLUR: i32 = 16;
/// A gain of one.
pub(super) const EVEN: i32 = 256;
/// Largest gain of a sheet.
pub(super) const GAIN_MAX: i32 = 655;
const _: () =
    assert!(255 * BLUR * GAIN_MAX / EVEN < 1 << 14, "a difference of differences has 16 bits");
/// Farthest that one page is looked for beside the other, in squares: what a hint may say and how far it is searched from.
pub(super) const COLUMNS_OFF_MAX: i32 = 16;
pub(super) const ROWS_OFF_MAX: i32 = 24;
/// White around a page, in squares: as far as the search goes, what it is refined by, the blur and the halves.
const MARGIN: i32 = COLUMNS_OFF_MAX + 4;
const MARGIN_ROWS: i32 = ROWS_OFF_MAX + 4;

/// A rectangle of cells.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) across: i32,
    pub(super) down: i32,
}

/// The blurred ink of a page.
pub(super) struct Sheet {
    cells: Vec<u16>,
    /// Cells across, margins included.
    width: usize,
    /// White to the left and to the right, above and below.
    margin: i32,
    margin_rows: i32,
}

impl Sheet {
    /// Blurs by 1-2-1 both ways, for room of so many rows; in 256ths the gain by which all ink is made darker.
    pub(super) fn of(ink: &Ink, rows: usize, gain: i32) -> Self {
        let scale = whole(ink.across() / COLUMNS);
        let (margin, margin_rows) = (MARGIN * scale, MARGIN_ROWS * scale);
        let width = ink.across() + 2 * count(margin);
        let mut sheet = Self { cells: Vec::new(), width, margin, margin_rows };
        let mut plain = vec![0_u16; width * (rows + 2 * count(margin_rows))];
        for (y, line) in (0..).zip(ink.lines()) {
            let from = sheet.place(0, y);
            for (cell, ink) in plain[from..].iter_mut().zip(line) {
                *cell = u16::from(*ink);
            }
        }
        sheet.cells = blurred(&blurred(&plain, 1), width);
        for cell in &mut sheet.cells {
            *cell = u16::try_from(i32::from(*cell) * gain / EVEN).unwrap_or(u16::MAX);
        }
        sheet
    }

    /// The sheet, and moved by half a cell to the left, up, and both.
    pub(super) fn halves(self) -> [Self; 4] {
        let left = self.between(&self, 1);
        let up = self.between(&self, self.width);
        let both = left.between(&left, self.width);
        [self, left, up, both]
    }

    /// Squares of a page, and moved up by a quarter, a half and three quarters of one.
    pub(super) fn quarters(ink: &Ink, rows: usize, gain: i32) -> [Self; 4] {
        let whole = Self::of(&ink.squares(), rows, gain);
        let half = Self::of(&ink.squares_below(1), rows, gain);
        let quarter = whole.between(&half, 0);
        let three = half.between(&whole, whole.width);
        [whole, quarter, half, three]
    }

    /// The mean of the sheet and of another one, moved by so many cells.
    fn between(&self, other: &Self, by: usize) -> Self {
        let pairs = self.cells.iter().zip(&other.cells[by..]);
        let mut cells: Vec<u16> = pairs.map(|(one, other)| u16::midpoint(*one, *other)).collect();
        cells.resize(self.cells.len(), 0);
        Self { cells, ..*self }
    }

    /// Where a cell of the page is.
    fn place(&self, x: i32, y: i32) -> usize {
        count(y + self.margin_rows) * self.width + count(x + self.margin)
    }

    /// Cells of a row from one on.
    pub(super) fn line(&self, x: i32, y: i32, cells: i32) -> &[u16] {
        let from = self.place(x, y);
        &self.cells[from..from + count(cells)]
    }

    /// Ink of an area that lies so many cells to the right and below.
    pub(super) fn ink(&self, area: &Area, (x, y): (i32, i32)) -> i32 {
        let lines = area.y..area.y + area.down;
        let cells = lines.flat_map(|line| self.line(area.x + x, line + y, area.across));
        cells.map(|cell| i32::from(*cell)).sum()
    }

    /// Sum of the differences of an area and what lies on the other sheet so many cells to the right and below.
    pub(super) fn apart(&self, other: &Self, area: &Area, at: (i32, i32)) -> i32 {
        // Strips and pieces by squares, and pieces by cells, are looked at so often that each has code of its own.
        match area.across {
            9 => self.apart_of::<9>(other, area, at),
            18 => self.apart_of::<18>(other, area, at),
            27 => self.apart_of::<27>(other, area, at),
            _ => {
                let lines = (area.y..area.y + area.down).flat_map(|line| {
                    let own = self.line(area.x, line, area.across);
                    own.iter().zip(other.line(area.x + at.0, line + at.1, area.across))
                });
                lines.map(|(own, other)| i32::from(own.abs_diff(*other))).sum()
            }
        }
    }

    fn apart_of<const ACROSS: usize>(&self, other: &Self, area: &Area, at: (i32, i32)) -> i32 {
        let mut sums = [0_i32; ACROSS];
        for (own, other) in self.pairs::<ACROSS>(other, area, at) {
            for ((sum, own), other) in sums.iter_mut().zip(own).zip(other) {
                *sum += i32::from(own.abs_diff(*other));
            }
        }
        sums.iter().sum()
    }

    /// The lines of an area of that width, and those of the other sheet that lie so many cells to the right and below.
    pub(super) fn pairs<'s, const ACROSS: usize>(
        &'s self,
        other: &'s Self,
        area: &Area,
        (x, y): (i32, i32),
    ) -> impl Iterator<Item = (&'s [u16; ACROSS], &'s [u16; ACROSS])> {
        let lines = |sheet: &'s Self, from: usize| {
            let lines = sheet.cells.get(from..).unwrap_or_default().chunks(sheet.width);
            lines.filter_map(<[u16]>::first_chunk::<ACROSS>)
        };
        let own = lines(self, self.place(area.x, area.y));
        let others = lines(other, other.place(area.x + x, area.y + y));
        own.zip(others).take(count(area.down))
    }
}

/// Each cell twice, and those `by` before and after it.
fn blurred(cells: &[u16], by: usize) -> Vec<u16> {
    let mut blurred = vec![0; cells.len()];
    let (before, after) = (cells.iter(), cells[2 * by..].iter());
    let middle = cells[by..].iter();
    for (((to, before), middle), after) in
        blurred[by..].iter_mut().zip(before).zip(middle).zip(after)
    {
        *to = before + 2 * middle + after;
    }
    blurred
}

/// A number of cells; of less than none it is none.
pub(super) fn count(cells: i32) -> usize {
    usize::try_from(cells).unwrap_or(0)
}

/// The same as places are counted in.
pub(super) fn whole(cells: usize) -> i32 {
    i32::try_from(cells).unwrap_or(i32::MAX)
}
