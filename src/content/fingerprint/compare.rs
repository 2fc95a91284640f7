//! Two ink maps laid over each other piece by piece, and what is left over.
//!
//! No hash of a whole page can tell the copy of an advertisement from the form of another patient; laying one over the other
//! can. Every piece of the page is registered by itself, since paper shrinks, slips and turns, and lost rows move what is
//! below them. A copy then differs nowhere but in lines that were added to it, which are forgiven; a form with
//! other fill differs in many.

use super::ink::{COLUMNS, INK_ROWS_MAX, Ink, InkMap, RIGHT};

/// How far one page may lie beside the other, in cells of 2 mm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset {
    /// To the right.
    pub columns: i16,
    /// Down.
    pub rows: i16,
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// One is a copy of the other, but for added lines.
    Same,
    /// They are of one form or letterhead, and say something else.
    SameForm,
    /// They have nothing to do with each other.
    Different,
}

/// Two pages laid over each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// How the second lies to the first.
    pub offset: Offset,
    /// The difference of half of the pieces is at most this, in thousandths of their ink.
    pub noise_milli: u32,
    /// Cells that differ for sure, beyond the lines that are forgiven.
    pub differing: u32,
}

/// Noise from which two pages are not of one form.
pub const NOISE_MILLI_MAX: u32 = 500;
/// Differing cells, less those that noise brings, from which two pages are not copies of each other.
pub const DIFFERING_MAX: u32 = 3;
/// Noise brings one differing cell for so many thousandths.
const NOISE_MILLI_A_CELL: u32 = 10;

impl Comparison {
    /// Differing cells beyond those that such noise brings by itself: a scan moves the edges of everything a little.
    #[must_use]
    pub const fn apart(&self) -> u32 {
        self.differing.saturating_sub(self.noise_milli / NOISE_MILLI_A_CELL)
    }

    /// What it comes to.
    #[must_use]
    pub const fn likeness(&self) -> Likeness {
        if self.noise_milli >= NOISE_MILLI_MAX {
            Likeness::Different
        } else if self.apart() >= DIFFERING_MAX {
            Likeness::SameForm
        } else {
            Likeness::Same
        }
    }
}

/// Farthest that one page is looked for beside the other.
const COLUMNS_OFF_MAX: i32 = 16;
const ROWS_OFF_MAX: i32 = 24;
/// White around a sheet: as far as the search goes, and a cell for the blur and for the halves.
const MARGIN: i32 = COLUMNS_OFF_MAX + COARSE.reach_across + 4;
const MARGIN_ROWS: i32 = ROWS_OFF_MAX + COARSE.reach_down + 4;
/// Cells across a sheet.
const ACROSS: i32 = RIGHT + 2 * MARGIN;

/// Pieces that are registered, in cells, and how far they are looked for.
struct Pieces {
    across: i32,
    down: i32,
    reach_across: i32,
    reach_down: i32,
}

const COARSE: Pieces = Pieces { across: 27, down: 24, reach_across: 3, reach_down: 4 };
const FINE: Pieces = Pieces { across: 9, down: 4, reach_across: 1, reach_down: 1 };

/// A gain of one.
const EVEN: i32 = 256;
/// The blur multiplies ink by this.
const BLUR: i32 = 16;
/// Mean ink of a piece from which it is registered by itself, and of one from which it tells of noise, of 255.
const COARSE_INK_MIN: i32 = 3;
const FINE_INK_MIN: i32 = 2;
/// Ink of a cell that can differ for sure, of 255: that of a word. A rule, which comes and goes with the scan, has less.
const SURE_INK_MIN: i32 = 13;
/// Such a cell differs by this share of its ink, and by a part of the noise more; in thousandths.
const SURE_SHARE_MILLI: i32 = 320;
const SURE_NOISE_MILLI: i32 = 600;
/// Added lines that are forgiven, and the height of each with its surroundings in cells.
const LINES: usize = 3;
const LINE_ROWS: usize = 4;

/// Lays the second page over the first, each piece by whichever of the hints fits it best: what is below a line that was
/// put in lies otherwise than what is above it. `None` without a hint.
#[must_use]
pub fn compare(first: &InkMap, second: &InkMap, hints: &[Offset]) -> Option<Comparison> {
    let (first, second) = (first.ink(), second.ink());
    let rows = first.rows().max(second.rows());
    let (inks, of) = (total(&first), total(&second));
    // Toner and threshold make a page lighter or darker as a whole: no more than two and a half times.
    let gain = (inks * 256 / of.max(1)).clamp(100, 655);
    let overlay = Overlay {
        rows: i32::try_from(first.rows()).unwrap_or(0),
        first: Sheet::of(&first, rows, 256),
        halves: Sheet::of(&second, rows, gain).halves(),
    };
    (!hints.is_empty()).then(|| overlay.lay(hints))
}

/// What laying the second page over the first as the hint says comes to.
#[must_use]
pub fn likeness(first: &InkMap, second: &InkMap, hint: Offset) -> Likeness {
    let comparison = compare(first, second, &[hint]);
    comparison.map_or(Likeness::Different, |comparison| comparison.likeness())
}

fn total(ink: &Ink) -> u32 {
    ink.lines().flatten().map(|cell| u32::from(*cell)).sum()
}

/// Blurred ink with white around it, so that no look beside the page needs a check of its own.
struct Sheet {
    cells: Vec<u16>,
}

/// Where a cell of the page is on its sheet.
fn place(x: i32, y: i32) -> usize {
    usize::try_from((y + MARGIN_ROWS) * ACROSS + x + MARGIN).unwrap_or(0)
}

impl Sheet {
    /// Blurs by 1-2-1 both ways, for room of so many rows of cells.
    fn of(ink: &Ink, rows: usize, gain: u32) -> Self {
        let height = rows + 2 * usize::try_from(MARGIN_ROWS).unwrap_or(0);
        let width = usize::try_from(ACROSS).unwrap_or(0);
        let mut plain = vec![0_u16; width * height];
        for (y, line) in (0..).zip(ink.lines()) {
            let from = place(0, y);
            for (cell, ink) in plain[from..from + COLUMNS].iter_mut().zip(line) {
                *cell = u16::from(*ink);
            }
        }
        let across = blurred(&plain, 1);
        let mut cells = blurred(&across, width);
        for cell in &mut cells {
            *cell = u16::try_from(u32::from(*cell) * gain / 256).unwrap_or(u16::MAX);
        }
        Self { cells }
    }

    /// The sheet, and moved by half a cell to the left, up, and both.
    fn halves(self) -> [Self; 4] {
        let width = usize::try_from(ACROSS).unwrap_or(0);
        let mean = |of: &Self, by: usize| {
            let moved = of.cells.iter().zip(&of.cells[by..]);
            let mut cells: Vec<u16> =
                moved.map(|(one, other)| u16::midpoint(*one, *other)).collect();
            cells.resize(of.cells.len(), 0);
            Self { cells }
        };
        let (left, up) = (mean(&self, 1), mean(&self, width));
        let both = mean(&left, width);
        [self, left, up, both]
    }

    fn line(&self, x: i32, y: i32, cells: i32) -> &[u16] {
        let from = place(x, y);
        &self.cells[from..from + usize::try_from(cells).unwrap_or(0)]
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

/// A piece of the first page, and where it was found on the second, in half cells.
#[derive(Clone, Copy)]
struct Piece {
    x: i32,
    y: i32,
    across: i32,
    down: i32,
    found: (i32, i32),
    /// By which what lies under it is made darker, in 256ths.
    gain: i32,
}

/// Two pages, one over the other.
struct Overlay {
    rows: i32,
    first: Sheet,
    halves: [Sheet; 4],
}

impl Overlay {
    fn lay(&self, hints: &[Offset]) -> Comparison {
        let clamped = |hint: &Offset| {
            let columns = i32::from(hint.columns).clamp(-COLUMNS_OFF_MAX, COLUMNS_OFF_MAX);
            (columns, i32::from(hint.rows).clamp(-ROWS_OFF_MAX, ROWS_OFF_MAX))
        };
        let places: Vec<(i32, i32)> = hints.iter().map(clamped).collect();
        let pieces = self.register(&places);
        let noise_milli = self.noise(&pieces);
        let offset = hints.first().copied().unwrap_or_default();
        Comparison { offset, noise_milli, differing: self.differing(&pieces, noise_milli) }
    }

    /// Registers large pieces around the hints, and small ones around where the large one, or the one above or below it,
    /// was found.
    fn register(&self, hints: &[(i32, i32)]) -> Vec<Piece> {
        let columns: Vec<i32> = starts(RIGHT, COARSE.across).collect();
        let mut bands: Vec<(i32, Vec<(i32, i32)>)> = Vec::new();
        for y in starts(self.rows, COARSE.down) {
            let down = COARSE.down.min(self.rows - y);
            let found = columns.iter().map(|x| {
                let piece =
                    Piece { x: *x, y, across: COARSE.across, down, found: hints[0], gain: EVEN };
                self.search(&piece, &COARSE, hints, COARSE_INK_MIN)
            });
            bands.push((y, found.collect()));
        }
        let mut pieces = Vec::new();
        for (band, (top, found)) in bands.iter().enumerate() {
            let around = [band.wrapping_sub(1), band, band + 1].map(|at| bands.get(at));
            for (column, x) in columns.iter().enumerate() {
                let near =
                    around.iter().flatten().filter_map(|(_, found)| found.get(column).copied());
                let mut near: Vec<(i32, i32)> = near.collect();
                near.dedup();
                let large = (*x, *top, found[column]);
                self.register_small(large, &near, &mut pieces);
            }
        }
        pieces
    }

    fn register_small(
        &self,
        (left, top, found): (i32, i32, (i32, i32)),
        near: &[(i32, i32)],
        pieces: &mut Vec<Piece>,
    ) {
        let height = COARSE.down.min(self.rows - top);
        for y in starts(height, FINE.down).map(|below| top + below) {
            let down = FINE.down.min(top + height - y);
            for x in starts(COARSE.across, FINE.across).map(|beside| left + beside) {
                let small = Piece { x, y, across: FINE.across, down, found, gain: EVEN };
                let at = self.search(&small, &FINE, near, FINE_INK_MIN);
                pieces.push(self.by_halves(Piece { found: (2 * at.0, 2 * at.1), ..small }));
            }
        }
    }

    /// Where a piece is on the second page, in whole cells; where it was expected, if it has too little ink to be found.
    fn search(
        &self,
        piece: &Piece,
        how: &Pieces,
        around: &[(i32, i32)],
        ink_min: i32,
    ) -> (i32, i32) {
        let own = self.own(piece);
        if own < piece.across * piece.down * BLUR * ink_min {
            return piece.found;
        }
        let mut best = (i32::MAX, piece.found);
        for (x, y) in around {
            for down in -how.reach_down..=how.reach_down {
                for across in -how.reach_across..=how.reach_across {
                    let at = (x + across, y + down);
                    // What fits as well nearby is nearby: a text repeats its lines.
                    let farther = (across * across + down * down) * (own / 1_500);
                    let apart = self.apart(piece, &self.halves[0], at) + farther;
                    if apart < best.0 {
                        best = (apart, at);
                    }
                }
            }
        }
        best.1
    }

    fn by_halves(&self, piece: Piece) -> Piece {
        let (x, y) = piece.found;
        let mut best = (i32::MAX, piece.found);
        for at in (-1..=1).flat_map(|down| (-1..=1).map(move |across| (x + across, y + down))) {
            let (sheet, whole) = self.halved(at);
            let apart = self.apart(&piece, sheet, whole);
            if apart < best.0 {
                best = (apart, at);
            }
        }
        let (sheet, at) = self.halved(best.1);
        // A scanner makes grey lighter or darker than it makes writing.
        let (own, other) = (self.own(&piece), ink(sheet, &piece, at));
        let gain = (own * (EVEN / 16) / (other / 16).max(1)).clamp(EVEN / 2, 2 * EVEN);
        Piece { found: best.1, gain, ..piece }
    }

    /// The sheet that is moved by the odd half cells, and the whole cells.
    fn halved(&self, (x, y): (i32, i32)) -> (&Sheet, (i32, i32)) {
        let odd = usize::from(x & 1 == 1) + 2 * usize::from(y & 1 == 1);
        (&self.halves[odd], (x >> 1, y >> 1))
    }

    /// Sum of the differences of a piece and what lies under it at whole cells.
    fn apart(&self, piece: &Piece, sheet: &Sheet, (x, y): (i32, i32)) -> i32 {
        let mut sum = 0;
        for line in piece.y..piece.y + piece.down {
            let own = self.first.line(piece.x, line, piece.across);
            let other = sheet.line(piece.x + x, line + y, piece.across);
            sum += own
                .iter()
                .zip(other)
                .map(|(own, other)| i32::from(own.abs_diff(*other)))
                .sum::<i32>();
        }
        sum
    }

    /// The cells of a piece that was found, and the ink that lies under each.
    fn pairs(&self, piece: &Piece) -> impl Iterator<Item = (i32, i32, (i32, i32))> {
        let (sheet, (x, y)) = self.halved(piece.found);
        let Piece { x: left, y: top, across, down, gain, .. } = *piece;
        (top..top + down).flat_map(move |line| {
            let own = self.first.line(left, line, across);
            let other = sheet.line(left + x, line + y, across);
            let places = (left..).map(move |column| (column, line));
            own.iter().zip(other).zip(places).map(move |((own, other), place)| {
                (i32::from(*own), i32::from(*other) * gain / EVEN, place)
            })
        })
    }

    fn own(&self, piece: &Piece) -> i32 {
        ink(&self.first, piece, (0, 0))
    }

    /// The median over the pieces that have ink of how much of it differs.
    fn noise(&self, pieces: &[Piece]) -> u32 {
        let share = |piece: &Piece| {
            let (mut own, mut other, mut apart) = (0, 0, 0);
            for (one, two, _) in self.pairs(piece) {
                (own, other, apart) = (own + one, other + two, apart + (one - two).abs());
            }
            let most = own.max(other);
            let least = piece.across * piece.down * BLUR * FINE_INK_MIN;
            (most > least).then(|| apart / (most / 1_000).max(1))
        };
        let mut shares: Vec<i32> = pieces.iter().filter_map(share).collect();
        shares.sort_unstable();
        shares.get(shares.len() / 2).and_then(|share| u32::try_from(*share).ok()).unwrap_or(1_000)
    }

    /// Cells that differ for sure, in squares of four, but for those of the lines that have most.
    fn differing(&self, pieces: &[Piece], noise_milli: u32) -> u32 {
        let noise = i32::try_from(noise_milli.min(NOISE_MILLI_MAX)).unwrap_or(0);
        let share = SURE_SHARE_MILLI + SURE_NOISE_MILLI * noise / 1_000;
        let width = COLUMNS + 2;
        let height = usize::try_from(self.rows).unwrap_or(0).min(INK_ROWS_MAX);
        // White around, so that every cell has eight others.
        let mut sure = vec![false; width * (height + 2)];
        for (own, other, (column, line)) in pieces.iter().flat_map(|piece| self.pairs(piece)) {
            let at = usize::try_from(line + 1).unwrap_or(0) * width
                + usize::try_from(column + 1).unwrap_or(0);
            let most = own.max(other);
            if let Some(sure) = sure.get_mut(at) {
                *sure = most >= SURE_INK_MIN * BLUR && (own - other).abs() * 1_000 > share * most;
            }
        }
        beyond_lines(opened(&sure, width))
    }
}

/// Ink of what lies under a piece.
fn ink(sheet: &Sheet, piece: &Piece, (x, y): (i32, i32)) -> i32 {
    let lines = piece.y..piece.y + piece.down;
    let cells = lines.flat_map(|line| sheet.line(piece.x + x, line + y, piece.across));
    cells.map(|cell| i32::from(*cell)).sum()
}

fn starts(end: i32, step: i32) -> impl Iterator<Item = i32> {
    (0..).map(move |at| at * step).take_while(move |at| *at < end)
}

/// Marked cells of each row that are part of a marked square of four (a morphological opening): a word is two cells high, a
/// rule that is off by one is not.
fn opened(sure: &[bool], width: usize) -> Vec<u32> {
    let square = |at: usize| {
        [at, at + 1, at + width, at + width + 1]
            .iter()
            .all(|at| sure.get(*at).is_some_and(|sure| *sure))
    };
    let rows = (sure.len() / width).saturating_sub(2);
    let of_row = |row: usize| {
        let from = (row + 1) * width;
        let cells = (from + 1)..(from + width - 1);
        let kept = cells
            .filter(|at| sure[*at] && [0, 1, width, width + 1].iter().any(|off| square(at - off)));
        u32::try_from(kept.count()).unwrap_or(u32::MAX)
    };
    (0..rows).map(of_row).collect()
}

/// The sum over all rows but those of the lines that hold most.
fn beyond_lines(mut rows: Vec<u32>) -> u32 {
    for _ in 0..LINES {
        let lines = (0..rows.len()).map(|from| (from, (from + LINE_ROWS).min(rows.len())));
        let most = lines.max_by_key(|(from, to)| rows[*from..*to].iter().sum::<u32>());
        if let Some((from, to)) = most {
            rows[from..to].fill(0);
        }
    }
    rows.iter().sum()
}
