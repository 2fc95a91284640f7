//! Two ink maps laid over each other piece by piece, and what is left over.
//!
//! No hash of a whole page can tell the copy of an advertisement from the form of another patient; laying one over the other
//! can. Every piece of the page is registered by itself, since paper shrinks, slips and turns, and lost rows move what is
//! below them: first by squares of 2 mm in strips, then by cells of 1 mm, then by half cells. A copy then differs nowhere but in
//! lines that were added to it, which are forgiven; a form with other fill differs in many, and a sparse page that is another one
//! in too much of what is written on it.

mod align;
mod consensus;
mod mend;
mod sheet;
mod windows;

use std::ops::Range;

use super::ink::{CELLS_ACROSS, COLUMNS, Ink, InkMap, RIGHT};
use align::STRIP;
use sheet::{Area, BLUR, COLUMNS_OFF_MAX, EVEN, GAIN_MAX, ROWS_OFF_MAX, Sheet, count, whole};
use windows::Windows;

pub use consensus::{AGREEMENT_MIN, ALIKE_MIN, APART_MAX, Agreement, QUIET_MILLI, agreement};

/// How far one page may lie beside the other, in squares of 2 mm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset {
    /// To the right.
    pub columns: i16,
    /// Down.
    pub rows: i16,
}

impl Offset {
    /// How the first page lies to the second.
    #[must_use]
    pub const fn back(self) -> Self {
        Self { columns: self.columns.saturating_neg(), rows: self.rows.saturating_neg() }
    }
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
    /// The difference of half of the pieces is at most this, in thousandths of their ink.
    pub noise_milli: u32,
    /// Cells that differ for sure, beyond the lines that are forgiven.
    pub differing: u32,
    /// Windows in which one page says something else than the other, in thousandths of those that say anything.
    pub contrary_milli: u32,
    /// The same beyond the lines that are forgiven.
    pub beyond_milli: u32,
}

/// Noise from which two pages are not of one form.
pub const NOISE_MILLI_MAX: u32 = 500;
/// Noise from which no piece is looked for further.
const HOPELESS_MILLI: u32 = 700;
/// Differing cells from which two pages are not copies of each other.
pub const DIFFERING_MAX: u32 = 6;
/// Share of contrary windows from which they are not, whatever is forgiven: what was added to a copy is a small part of what it
/// says.
pub const CONTRARY_MILLI_MAX: u32 = 100;
/// The same beyond the lines that are forgiven.
pub const BEYOND_MILLI_MAX: u32 = 20;

impl Comparison {
    /// What it comes to.
    #[must_use]
    pub const fn likeness(&self) -> Likeness {
        if self.noise_milli >= NOISE_MILLI_MAX {
            Likeness::Different
        } else if self.differing >= DIFFERING_MAX || !self.says_the_same() {
            Likeness::SameForm
        } else {
            Likeness::Same
        }
    }

    /// Whether what one page says is what the other says, but for a part that may have been added.
    #[must_use]
    pub const fn says_the_same(&self) -> bool {
        self.contrary_milli < CONTRARY_MILLI_MAX && self.beyond_milli < BEYOND_MILLI_MAX
    }
}

/// Across which strips are aligned, and of the small pieces that they are cut into; in squares.
const STRIP_ACROSS: i32 = 27;
const PIECE_ACROSS: i32 = 9;
/// Cells of a square, side by side and one above the other.
const FINER: i32 = 2;
const _: () = assert!(FINER == 2 && CELLS_ACROSS == 2 * COLUMNS, "they are one number");

/// Mean ink of a piece from which it is registered by itself and tells of noise, of 255.
const PIECE_INK_MIN: i32 = 2;
/// Ink of a cell that can differ for sure, of 255: that of a letter. A rule, which comes and goes with the scan, has less.
const SURE_INK_MIN: i32 = 18;
/// Such a cell differs by this share of its ink, and by a part of the noise more; in thousandths.
const SURE_SHARE_MILLI: i32 = 400;
const SURE_NOISE_MILLI: i32 = 600;
/// By so much of its ink a cell differs for sure, whatever the noise.
const SURE_MILLI_MAX: i32 = 700;
/// Ink of a cell that is not white, of 255; and of a grey piece less than one in so many is.
const GREY_INK_MIN: i32 = 9;
const GREY_WHITE_PART: i32 = 16;
/// So many cells side by side that are as dark as each other, but for one part in so many, are of a rule.
const RULE: i32 = 4;
const RULE_UNEVEN_PART: i32 = 8;
/// Added lines that are forgiven anywhere, and the height of each with its surroundings in cells: two copies have one of their
/// recipient each.
const LINES: usize = 2;
const LINE_ROWS: usize = 8;
/// Rows of cells at the top where header lines are, which are forgiven beside.
const HEADER_ROWS: usize = 12;

/// Lays the second page over the first, near to where the hint says: what is below a line that was put in lies otherwise
/// than what is above it.
#[must_use]
pub fn compare(first: &InkMap, second: &InkMap, hint: Offset) -> Comparison {
    let overlay = Overlay::of(&first.ink(), &second.ink());
    overlay.comparison(&overlay.lay(hint))
}

/// What laying the second page over the first as the hint says comes to.
#[must_use]
pub fn likeness(first: &InkMap, second: &InkMap, hint: Offset) -> Likeness {
    compare(first, second, hint).likeness()
}

/// All ink of a page: 86,400 cells of 255 at most.
fn total(ink: &Ink) -> i32 {
    let all = ink.lines().flatten().map(|cell| i32::from(*cell)).sum::<i32>();
    // In eighths, so that a gain can be taken of it.
    all / 8
}

/// A piece of the first page, in cells, and where it was found on the second, in half cells.
#[derive(Clone, Copy)]
struct Piece {
    area: Area,
    found: (i32, i32),
    /// By which what lies under it is made darker, in 256ths.
    gain: i32,
}

/// Whether so much ink is enough for an area to be registered by itself.
fn tells(area: &Area, ink: i32) -> bool {
    ink >= area.across * area.down * BLUR * PIECE_INK_MIN
}

/// Two pages, one over the other.
struct Overlay {
    rows: i32,
    squares: Sheet,
    others: [Sheet; 4],
    cells: Sheet,
    halves: [Sheet; 4],
}

impl Overlay {
    fn of(first: &Ink, second: &Ink) -> Self {
        let rows = first.rows().max(second.rows());
        // Toner and threshold make a page lighter or darker as a whole: no more than two and a half times.
        let gain = (total(first) * EVEN / total(second).max(1)).clamp(100, GAIN_MAX);
        let squares = first.squares();
        Self {
            rows: whole(squares.rows()),
            squares: Sheet::of(&squares, rows / 2, EVEN),
            others: Sheet::quarters(second, rows / 2, gain),
            cells: Sheet::of(first, rows, EVEN),
            halves: Sheet::of(second, rows, gain).halves(),
        }
    }

    fn lay(&self, hint: Offset) -> Laid {
        let columns = i32::from(hint.columns).clamp(-COLUMNS_OFF_MAX, COLUMNS_OFF_MAX);
        let rows = i32::from(hint.rows).clamp(-ROWS_OFF_MAX, ROWS_OFF_MAX);
        let pieces = self.register((columns, rows));
        let noise_milli = self.noise(&pieces);
        let windows = Windows::of(self, &pieces);
        Laid { noise_milli, pieces, windows }
    }

    /// Registers small pieces around where their strip was found, or the one above or below it; in the order of reading.
    fn register(&self, hint: (i32, i32)) -> Vec<Piece> {
        let sheets = (&self.squares, &self.others);
        let strips = align::strips(sheets, (STRIP_ACROSS, self.rows), hint);
        let mut pieces = Vec::new();
        for (at, y) in starts(self.rows, STRIP).enumerate() {
            for (x, strips) in starts(RIGHT, STRIP_ACROSS).zip(&strips) {
                let around = [at, at.wrapping_sub(1), at + 1];
                let mut near: Vec<(i32, i32)> =
                    around.iter().filter_map(|at| strips.get(*at).copied()).collect();
                near.dedup();
                for aside in starts(STRIP_ACROSS, PIECE_ACROSS) {
                    let down = STRIP.min(self.rows - y);
                    let square = Area { x: x + aside, y, across: PIECE_ACROSS, down };
                    pieces.push(self.registered(&square, &near));
                }
            }
        }
        // Pages that have nothing to do with each other fit nowhere, and looking on would cost most with them.
        if self.noise(&pieces) >= HOPELESS_MILLI { pieces } else { mend::mended(self, pieces) }
    }

    /// Looks for a piece by squares, by cells, and by half cells; where it was expected, if it has too little ink to be found.
    fn registered(&self, square: &Area, near: &[(i32, i32)]) -> Piece {
        let found = near.first().copied().unwrap_or_default();
        let own = self.squares.ink(square, (0, 0));
        let tells = tells(square, own);
        let found = if tells { self.by_squares(square, near, own) } else { found };
        let Area { x, y, across, down } = *square;
        let area = Area { x: x * FINER, y: y * FINER, across: across * FINER, down: down * FINER };
        let found = (found.0 * FINER, found.1 * FINER);
        let found = if tells { self.by_cells(&area, found) } else { found };
        self.by_halves(area, (2 * found.0, 2 * found.1))
    }

    fn by_squares(&self, area: &Area, near: &[(i32, i32)], own: i32) -> (i32, i32) {
        let (first, second) = (&self.squares, &self.others[0]);
        let fits = near.iter().flat_map(|from| {
            around(1, 1).map(move |(across, down)| {
                let at = (from.0 + across, from.1 + down);
                // What fits as well nearby is nearby: a text repeats its lines.
                let farther = (across * across + down * down) * (own / 1_500);
                (first.apart(second, area, at) + farther, at)
            })
        });
        fits.min_by_key(|(apart, _)| *apart).map_or((0, 0), |(_, at)| at)
    }

    fn by_cells(&self, area: &Area, from: (i32, i32)) -> (i32, i32) {
        let places = around(FINER, FINER).map(|(across, down)| (from.0 + across, from.1 + down));
        let apart = |at: &(i32, i32)| self.cells.apart(&self.halves[0], area, *at);
        places.min_by_key(apart).unwrap_or(from)
    }

    fn by_halves(&self, area: Area, from: (i32, i32)) -> Piece {
        let places = around(1, 1).map(|(across, down)| (from.0 + across, from.1 + down));
        let apart = |at: &(i32, i32)| {
            let (sheet, whole) = self.halved(*at);
            self.cells.apart(sheet, &area, whole)
        };
        let found = places.min_by_key(apart).unwrap_or(from);
        self.laid(area, found)
    }

    /// A piece that lies there. A scanner makes grey lighter or darker than it makes writing; but what was added to one of the
    /// pages makes the rest of a piece no darker, and then the piece fits better as it is.
    fn laid(&self, area: Area, found: (i32, i32)) -> Piece {
        let (sheet, at) = self.halved(found);
        let (own, other) = (self.cells.ink(&area, (0, 0)), sheet.ink(&area, at));
        let gain = (own * (EVEN / 16) / (other / 16).max(1)).clamp(EVEN / 2, 2 * EVEN);
        let piece = Piece { area, found, gain };
        let (mut even, mut gained) = (0, 0);
        for (own, other, _) in self.plain_pairs(&piece) {
            even += (own - other).abs();
            gained += (own - other * gain / EVEN).abs();
        }
        if gained < even { piece } else { Piece { gain: EVEN, ..piece } }
    }

    /// The sheet that is moved by the odd half cells, and the whole cells.
    fn halved(&self, (x, y): (i32, i32)) -> (&Sheet, (i32, i32)) {
        let odd = usize::from(x & 1 == 1) + 2 * usize::from(y & 1 == 1);
        (&self.halves[odd], (x >> 1, y >> 1))
    }

    /// The cells of a piece that was found, and the ink that lies under each, made darker as all of the piece.
    fn pairs(&self, piece: &Piece) -> impl Iterator<Item = (i32, i32, (i32, i32))> {
        let gain = piece.gain;
        self.plain_pairs(piece).map(move |(own, other, place)| (own, other * gain / EVEN, place))
    }

    /// The same as it is.
    fn plain_pairs(&self, piece: &Piece) -> impl Iterator<Item = (i32, i32, (i32, i32))> {
        let (sheet, (x, y)) = self.halved(piece.found);
        let Area { x: left, y: top, across, down } = piece.area;
        (top..top + down).flat_map(move |line| {
            let own = self.cells.line(left, line, across);
            let other = sheet.line(left + x, line + y, across);
            let places = (left..).map(move |column| (column, line));
            let pairs = own.iter().zip(other).zip(places);
            pairs.map(|((own, other), place)| (i32::from(*own), i32::from(*other), place))
        })
    }

    /// The median over the pieces that have ink of how much of it differs.
    fn noise(&self, pieces: &[Piece]) -> u32 {
        let share = |piece: &Piece| {
            let (mut own, mut other, mut apart) = (0, 0, 0);
            for (one, two, _) in self.pairs(piece) {
                (own, other, apart) = (own + one, other + two, apart + (one - two).abs());
            }
            let most = own.max(other);
            let least = piece.area.across * piece.area.down * BLUR * PIECE_INK_MIN;
            (most > least).then(|| apart / (most / 1_000).max(1))
        };
        let mut shares: Vec<i32> = pieces.iter().filter_map(share).collect();
        shares.sort_unstable();
        shares.get(shares.len() / 2).and_then(|share| u32::try_from(*share).ok()).unwrap_or(1_000)
    }

    /// Whether a piece is grey on both pages: next to nothing of it is white on either. What a scanner makes of a picture is
    /// another grey, and shows nothing that was said.
    fn is_grey(&self, piece: &Piece) -> bool {
        let (mut cells, mut white) = (0, [0, 0]);
        for (own, other, _) in self.pairs(piece) {
            cells += 1;
            white[0] += i32::from(own < GREY_INK_MIN * BLUR);
            white[1] += i32::from(other < GREY_INK_MIN * BLUR);
        }
        white.iter().all(|white| white * GREY_WHITE_PART < cells)
    }

    /// Whether a cell is of a rule across on both pages: in another resolution it is thicker or thinner, and says the same.
    fn is_rule(&self, piece: &Piece, (column, line): (i32, i32)) -> bool {
        let (sheet, (x, y)) = self.halved(piece.found);
        let own = self.cells.line(column - RULE + 1, line, 2 * RULE - 1);
        let other = sheet.line(column + x - RULE + 1, line + y, 2 * RULE - 1);
        let is_even = |cells: &[u16]| {
            let cells = || cells.iter().map(|cell| i32::from(*cell));
            let (least, most) = (cells().min().unwrap_or(0), cells().max().unwrap_or(0));
            least >= GREY_INK_MIN * BLUR && (most - least) * RULE_UNEVEN_PART <= most
        };
        let mut runs = own.windows(count(RULE)).zip(other.windows(count(RULE)));
        runs.any(|(own, other)| is_even(own) && is_even(other))
    }

    /// Which cells differ for sure, in blocks; in rows of [`WIDTH`] with a white one above the first.
    fn differing(&self, laid: &Laid, among: Among) -> Vec<bool> {
        let noise = i32::try_from(laid.noise_milli.min(NOISE_MILLI_MAX)).unwrap_or(0);
        let share = (SURE_SHARE_MILLI + SURE_NOISE_MILLI * noise / 1_000).min(SURE_MILLI_MAX);
        let width = WIDTH;
        // White around, so that no block goes over an edge to the next row.
        let mut sure = vec![false; width * (count(self.rows * FINER) + 2)];
        for piece in laid.pieces.iter().filter(|piece| !self.is_grey(piece)) {
            for (own, plain, place) in self.plain_pairs(piece) {
                let gained = plain * piece.gain / EVEN;
                let other = match among {
                    Among::Two => gained,
                    Among::Several => own.clamp(gained.min(plain), gained.max(plain)),
                };
                let most = own.max(other);
                let differs =
                    most >= SURE_INK_MIN * BLUR && (own - other).abs() * 1_000 > share * most;
                let is_told = || among == Among::Two || !self.is_rule(piece, place);
                if let Some(sure) = sure.get_mut(count(place.1 + 1) * width + count(place.0 + 1)) {
                    *sure = differs && is_told();
                }
            }
        }
        opened(&sure, width)
    }

    fn comparison(&self, laid: &Laid) -> Comparison {
        let marked = |row: &[bool]| row.iter().filter(|cell| **cell).count();
        let differing = self.differing(laid, Among::Two);
        let rows =
            differing.chunks(WIDTH).map(|row| u32::try_from(marked(row)).unwrap_or(u32::MAX));
        Comparison {
            noise_milli: laid.noise_milli,
            differing: beyond_lines(rows.collect(), (HEADER_ROWS + 1, LINE_ROWS), LINES),
            contrary_milli: laid.windows.contrary_milli(),
            beyond_milli: laid.windows.beyond_milli(),
        }
    }
}

/// Cells across a row of those that differ, white on either side included.
const WIDTH: usize = CELLS_ACROSS + 2;

/// How the second page lies over the first.
struct Laid {
    noise_milli: u32,
    pieces: Vec<Piece>,
    windows: Windows,
}

/// How strictly a cell is told to differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Among {
    /// One page is all there is to go by.
    Two,
    /// Others have to differ in the same place. What resolution and gain do to rules, they do to several alike: so cells that
    /// any part of the gain would explain are no difference, and rules are none.
    Several,
}

/// Places within so many cells.
fn around(across: i32, down: i32) -> impl Iterator<Item = (i32, i32)> {
    (-down..=down).flat_map(move |y| (-across..=across).map(move |x| (x, y)))
}

fn starts(end: i32, step: i32) -> impl Iterator<Item = i32> {
    (0..).map(move |at| at * step).take_while(move |at| *at < end)
}

/// Marked cells that are part of a marked block two across and three down (a morphological opening): letters
/// are, a rule that is off by one is not.
fn opened(sure: &[bool], width: usize) -> Vec<bool> {
    let mut kept = vec![false; sure.len()];
    let block = [0, 1, width, width + 1, 2 * width, 2 * width + 1];
    for at in 0..sure.len().saturating_sub(2 * width + 1) {
        if block.iter().all(|off| sure[at + off]) {
            block.iter().for_each(|off| kept[at + off] = true);
        }
    }
    kept
}

/// The sum over all rows but those of the header and those of the lines that hold most.
fn beyond_lines(mut rows: Vec<u32>, (header, line): (usize, usize), lines: usize) -> u32 {
    rows.iter_mut().take(header).for_each(|row| *row = 0);
    for _ in 0..lines {
        if let Some(most) = line_of_most(&rows, line) {
            rows[most].fill(0);
        }
    }
    rows.iter().sum()
}

/// The rows of the line that holds most; `None` where none holds anything.
fn line_of_most(rows: &[u32], line: usize) -> Option<Range<usize>> {
    let lines = (0..rows.len()).map(|from| from..(from + line).min(rows.len()));
    let held = |of: &Range<usize>| rows[of.clone()].iter().sum::<u32>();
    lines.max_by_key(held).filter(|of| held(of) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of 32 rows of cells, the ink of each by its column and row.
    fn page(ink: impl Fn(usize, usize) -> u8) -> Ink {
        let rows = (0..32).flat_map(|y| (0..CELLS_ACROSS).map(move |x| (x, y)));
        Ink::of_cells(rows.map(|(x, y)| ink(x, y)).collect())
    }

    /// Pages that lie as they are, in four pieces at the left.
    fn laid(overlay: &Overlay) -> Vec<Piece> {
        let area = |y| Area { x: 0, y, across: 18, down: 8 };
        (0..4).map(|y| overlay.laid(area(8 * y), (0, 0))).collect()
    }

    /// How many cells differ of two, and among several.
    fn differing(overlay: &Overlay, pieces: Vec<Piece>) -> [usize; 2] {
        let windows = Windows::of(overlay, &pieces);
        let laid = Laid { noise_milli: 0, pieces, windows };
        [Among::Two, Among::Several]
            .map(|among| overlay.differing(&laid, among).iter().filter(|it| **it).count())
    }

    #[test]
    fn what_was_added_makes_the_rest_no_darker() {
        let rules = |x: usize, _| if x % 20 == 3 { 120 } else { 0 };
        let added = |x: usize, y: usize| {
            if (8..30).contains(&x) && (2..5).contains(&y) { 90 } else { rules(x, y) }
        };
        let overlay = Overlay::of(&page(added), &page(rules));
        let pieces = laid(&overlay);
        assert_eq!(pieces[0].gain, EVEN);
        // What was added, blurred, and not the rule.
        let [two, several] = differing(&overlay, pieces);
        assert!((20..=55).contains(&two) && several == two, "{two} {several}");
    }

    #[test]
    fn a_rule_that_is_thicker_says_nothing_where_others_are_asked() {
        let rule = |dark: u8| {
            page(move |x, y| match y {
                4..=6 => dark,
                12.. if x % 3 == 0 => 200,
                _ => 0,
            })
        };
        let of = |dark: u8| {
            let overlay = Overlay::of(&rule(200), &rule(dark));
            let even = laid(&overlay).into_iter().map(|piece| Piece { gain: EVEN, ..piece });
            let pieces = even.collect();
            differing(&overlay, pieces)
        };
        let [two, several] = of(60);
        assert!(two > 18 && several == 0, "{two} {several}");
        let [_, several] = of(0);
        assert!(several > 18, "a rule that is not there at all is a difference: {several}");
    }
}
