//! Ink of a page: by cells of 1 mm, packed, in the map that travels; by squares of 2 mm for marks and for a first look.
//!
//! A word of another filling covers much the same squares as the one it stands in place of; at 1 mm the letters of
//! the two lie apart.

use zeroize::Zeroize;

/// Squares of 2 mm across a page of 215 mm.
pub const COLUMNS: usize = 108;
/// Cells of 1 mm across it.
pub(super) const CELLS_ACROSS: usize = 2 * COLUMNS;
/// The same as places are counted in.
pub(super) const RIGHT: i32 = 108;
const _: () = assert!(COLUMNS == 108 && RIGHT == 108, "they are one number");
/// Most rows of squares: 40 cm of paper. The rest of a longer page is not looked at.
pub const INK_ROWS_MAX: usize = 200;
/// Most rows of cells.
pub(super) const CELL_ROWS_MAX: usize = 2 * INK_ROWS_MAX;
/// A square with less ink is white, of 255.
const INKED_MIN: u8 = 12;

/// More ink over all of a page than this is not specks, of 255.
const SPECKS_MAX: u8 = 12;

/// How black each cell of a page is, 0 to 255. Wiped when dropped.
pub(super) struct Ink {
    cells: Vec<u8>,
    across: usize,
}

impl Ink {
    /// Takes rows of cells of 1 mm: as many as make whole squares, at most [`CELL_ROWS_MAX`].
    pub(super) fn of_cells(mut cells: Vec<u8>) -> Self {
        let whole = (cells.len() / CELLS_ACROSS).min(CELL_ROWS_MAX) / 2 * 2;
        cells.truncate(whole * CELLS_ACROSS);
        Self { cells, across: CELLS_ACROSS }
    }

    /// The same in squares: the mean of each four cells.
    pub(super) fn squares(&self) -> Self {
        self.squares_below(0)
    }

    /// The same without so many rows of cells at the top.
    pub(super) fn squares_below(&self, rows: usize) -> Self {
        let cells = self.cells.get(rows * CELLS_ACROSS..).unwrap_or_default();
        let mut squares = Vec::with_capacity(cells.len() / 4);
        for two in cells.chunks_exact(2 * CELLS_ACROSS) {
            let (upper, lower) = two.split_at(CELLS_ACROSS);
            let four = upper.chunks_exact(2).zip(lower.chunks_exact(2));
            let mean = |pair: &[u8]| pair[0].midpoint(pair[1]);
            squares.extend(four.map(|(upper, lower)| mean(upper).midpoint(mean(lower))));
        }
        Self { cells: squares, across: COLUMNS }
    }

    /// Takes away what lies evenly over all of the page: the specks of a line or a scanner. A quarter of all cells
    /// has no more than that.
    pub(super) fn cleaned(mut self) -> Self {
        // Of most pages more than a quarter is white, and nothing is to be taken away.
        // Counted in bytes first, of which a machine adds many at once.
        let white = |cells: &[u8]| cells.iter().map(|cell| u8::from(*cell == 0)).sum::<u8>();
        let white: usize = self.cells.chunks(255).map(|cells| usize::from(white(cells))).sum();
        if white * 4 > self.cells.len() {
            return self;
        }
        let mut counts = [0_usize; SPECKS_MAX as usize];
        for cell in &self.cells {
            if let Some(count) = counts.get_mut(usize::from(*cell)) {
                *count += 1;
            }
        }
        let mut below = 0;
        let quarter = |count: &usize| {
            below += count;
            below * 4 > self.cells.len()
        };
        let specks = counts.iter().position(quarter).unwrap_or(0);
        let specks = u8::try_from(specks).unwrap_or(0);
        // Specks fall by chance, some cells have twice as many.
        for cell in &mut self.cells {
            *cell = if *cell <= 2 * specks { 0 } else { *cell - specks };
        }
        self
    }

    pub(super) fn rows(&self) -> usize {
        self.cells.len() / self.across
    }

    /// Cells of a row.
    pub(super) const fn across(&self) -> usize {
        self.across
    }

    /// The rows from the top.
    pub(super) fn lines(&self) -> std::slice::ChunksExact<'_, u8> {
        self.cells.chunks_exact(self.across)
    }

    /// Cells that are not white.
    pub(super) fn inked(&self) -> usize {
        self.cells.iter().filter(|ink| **ink >= INKED_MIN).count()
    }

    /// Cells that are nearly all black.
    pub(super) fn black(&self) -> usize {
        self.cells.iter().filter(|ink| **ink >= 250).count()
    }
}

impl Drop for Ink {
    fn drop(&mut self) {
        self.cells.zeroize();
    }
}

/// The ink of a page at 4 bits a cell, 108 bytes a row of cells: 32 KB for A4. It is content: what a page looks like can
/// be seen in it. Neither printed nor copied, and wiped when dropped.
///
/// ```compile_fail
/// fn print(map: &faxguard::content::fingerprint::InkMap) -> String {
///     format!("{map:?}")
/// }
/// ```
///
/// ```compile_fail
/// fn copy(map: &faxguard::content::fingerprint::InkMap) -> faxguard::content::fingerprint::InkMap {
///     map.clone()
/// }
/// ```
#[derive(PartialEq, Eq)]
pub struct InkMap {
    packed: Vec<u8>,
}

/// Bytes of a row of cells.
const PACKED_ROW: usize = CELLS_ACROSS / 2;

impl InkMap {
    /// The map as it came over the wire; `None` unless it is of whole squares, a row at least and at most [`INK_ROWS_MAX`].
    #[must_use]
    pub fn from_packed(packed: &[u8]) -> Option<Self> {
        let rows = packed.len() / PACKED_ROW;
        let whole =
            packed.len().is_multiple_of(2 * PACKED_ROW) && (2..=CELL_ROWS_MAX).contains(&rows);
        whole.then(|| Self { packed: packed.to_vec() })
    }

    /// Two cells a byte, the left one in its upper half; each the root of its ink, in fifteenths.
    #[must_use]
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }

    /// Rows of cells.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.packed.len() / PACKED_ROW
    }

    pub(super) fn of(ink: &Ink) -> Self {
        let level = |ink: u8| LEVEL_OF[usize::from(ink)];
        let pairs = ink.cells.chunks_exact(2);
        Self { packed: pairs.map(|pair| level(pair[0]) << 4 | level(pair[1])).collect() }
    }

    /// The ink of each cell, as near as 4 bits say.
    pub(super) fn ink(&self) -> Ink {
        let ink = |level: u8| INKS[usize::from(level & 15)];
        Ink::of_cells(self.packed.iter().flat_map(|pair| [ink(pair >> 4), ink(*pair)]).collect())
    }
}

impl Drop for InkMap {
    fn drop(&mut self) {
        self.packed.zeroize();
    }
}

/// The ink that a level stands for: its square over that of the highest. Light cells hold the writing.
const INKS: [u8; 16] = [0, 1, 5, 10, 18, 28, 41, 56, 73, 92, 113, 137, 163, 192, 222, 255];
/// The least ink of a level: half way from the one below.
const LEVELS: [u8; 16] = [0, 1, 3, 8, 14, 23, 35, 49, 65, 83, 103, 125, 150, 178, 207, 239];
/// The level of every ink.
static LEVEL_OF: [u8; 256] = {
    let mut of = [0; 256];
    let (mut level, mut ink) = (0, 0);
    while ink < of.len() {
        if level < 15 && ink == LEVELS[level as usize + 1] as usize {
            level += 1;
        }
        of[ink] = level;
        ink += 1;
    }
    of
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_packed_and_unpacked() {
        let cells: Vec<u8> = (0..=255).cycle().take(CELLS_ACROSS * 5 + 50).collect();
        let ink = Ink::of_cells(cells);
        assert_eq!((ink.rows(), ink.lines().len(), ink.squares().rows()), (4, 4, 2));
        let map = InkMap::of(&ink);
        assert_eq!((map.rows(), map.packed().len()), (4, 432));
        for (whole, packed) in ink.cells.iter().zip(&map.ink().cells) {
            assert!(whole.abs_diff(*packed) <= 17, "{whole} {packed}");
            assert!(*whole >= 60 || whole.abs_diff(*packed) <= 8, "{whole} {packed}");
        }
        for (ink, level) in (0..=u8::MAX).zip(LEVEL_OF) {
            assert_eq!(LEVELS.iter().rposition(|least| ink >= *least), Some(level.into()), "{ink}");
        }
        let again = InkMap::from_packed(map.packed()).unwrap();
        assert!(InkMap::of(&again.ink()) == map, "levels are their own");
    }

    #[test]
    fn only_whole_maps_are_taken() {
        for (bytes, taken) in [
            (0, false),
            (108, false),
            (216, true),
            (217, false),
            (108 * 400, true),
            (108 * 402, false),
        ] {
            assert_eq!(InkMap::from_packed(&vec![0xFF; bytes]).is_some(), taken, "{bytes}");
        }
    }
}
