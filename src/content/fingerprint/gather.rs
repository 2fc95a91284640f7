//! What one pass over the rows of a page gathers: its ink by cells of 1 mm, and hashes of stretches of its rows.

use super::ink::{CELL_ROWS_MAX, CELLS_ACROSS, Ink};
use crate::bounds::PAGE_WIDTH_MAX;
use crate::content::decode::Rows;
use crate::content::tiff::{Resolution, TiffPage};

/// Pixels of a cell across, at 204 dots an inch.
const CELL_PIXELS: u16 = 8;
/// Pixels across a page, at 204 dots an inch.
const PAGE_PIXELS: u16 = 1_728;
/// Height of a fine row in steps.
const FINE: u32 = 512;
/// Height of a cell in steps: 8 fine rows.
const CELL_STEPS: u32 = 8 * FINE;
/// Shortest and longest stretch of rows that is hashed, in rows that differ from the one above.
const CHUNK_ROWS: std::ops::Range<u32> = 4..64;
/// Fewest changes of colour in a stretch: a rule or the side of a box is on too many pages.
const CHUNK_CHANGES_MIN: usize = 96;
/// A stretch ends at a white row, or at one whose hash has zeros here: one in 32.
const CHUNK_END_MASK: u64 = 31;

/// Odd factors, a change of colour each, so that the sum over a row tells the order of its runs.
static FACTORS: [u32; 256] = factors();

/// The multiplicative generator of Knuth (MMIX).
const fn factors() -> [u32; 256] {
    let mut table = [0; 256];
    let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut at = 0;
    while at < table.len() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let [.., a, b, c, d] = (state >> 32).to_be_bytes();
        table[at] = u32::from_be_bytes([a, b, c, d | 1]);
        at += 1;
    }
    table
}

/// Spreads a number over all bits.
const fn spread(mut number: u64) -> u64 {
    number ^= number >> 32;
    number = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    number ^ (number >> 29)
}

/// How a page's pixels lie on the paper.
#[derive(Clone, Copy)]
struct Scale {
    /// Height of a row in steps.
    step: u32,
    /// Pixels of 1,728 for 65,536 of the page; `None` for as many.
    across: Option<u32>,
}

impl Scale {
    /// Pages of other widths are reduced to A4, as a receiver does (T.30, 5.3.6.2); a resolution that is not told is
    /// taken from the number of rows.
    fn of(page: &TiffPage) -> Self {
        let plain = match page.resolution() {
            Resolution::Standard => 2 * FINE,
            Resolution::Fine => FINE,
            Resolution::Superfine => FINE / 2,
            Resolution::Other => match page.y_dpi {
                Some(dots) => (FINE * 196 / dots.max(1)).clamp(FINE / 8, 8 * FINE),
                None if page.rows < 1_400 => 2 * FINE,
                None => FINE,
            },
        };
        let width = page.width.max(1);
        if page.width == u32::from(PAGE_PIXELS) {
            return Self { step: plain, across: None };
        }
        let across = (u32::from(PAGE_PIXELS) << 16) / width;
        // Resolutions across that are not those of fax come with as many pixels in the same paper.
        let reduced = match page.x_dpi {
            Some(196..=212) => (u64::from(plain) * u64::from(across)) >> 16,
            _ => plain.into(),
        };
        Self { step: u32::try_from(reduced).unwrap_or(plain).max(1), across: Some(across) }
    }
}

/// What turned in each cell of a row of cells: how often, above [`TURN`], and how many pixels from its left side in all.
type Turns = [u32; TURNS];
/// A power of two above the number of cells, so that every place is one.
const TURNS: usize = 256;
/// One turn, above the pixels.
const TURN: u32 = 1 << 16;
const _: () = assert!(CELLS_ACROSS < TURNS, "one more, for runs that reach the edge");
/// Most rows of pixels in a row of cells: of the widest page, at the highest resolution.
const ROWS_MAX: u32 = CELL_STEPS / (FINE / 8 * PAGE_PIXELS as u32 / PAGE_WIDTH_MAX as u32) + 1;
const _: () =
    assert!(ROWS_MAX * 8 * 7 < TURN, "all pixels of a cell may turn, each 7 from the side");

/// Takes the rows of one page.
pub(super) struct Gathering {
    scale: Scale,
    /// Steps from the top.
    height: u32,
    /// Where runs begin and where they end in the present row of cells. Apart, or a short run would wait for its own beginning.
    begun: Turns,
    ended: Turns,
    touched: bool,
    cells: Vec<u8>,
    scaled: Vec<u16>,
    chunk: Chunk,
    chunks: Vec<u64>,
}

impl Rows for Gathering {
    fn rows(&mut self, changes: &[u16], count: u32) {
        if changes.is_empty() {
            if self.chunk.rows > 0 {
                self.end_chunk();
            }
            self.chunk.above = 0;
            self.descend(count);
            return;
        }
        let mut scaled = std::mem::take(&mut self.scaled);
        let changes = match self.scale.across {
            None => changes,
            Some(factor) => {
                let pixel = |at: &u16| u16::try_from((u32::from(*at) * factor) >> 16);
                scaled.clear();
                scaled.extend(changes.iter().map(|at| pixel(at).unwrap_or(PAGE_PIXELS)));
                &scaled
            }
        };
        self.hash(changes);
        for _ in 0..count {
            self.paint(changes);
            self.descend(1);
        }
        self.scaled = scaled;
    }
}

/// The stretch of rows that is being hashed.
#[derive(Default)]
struct Chunk {
    hash: u64,
    rows: u32,
    changes: usize,
    /// Hash of the row above.
    above: u32,
}

impl Gathering {
    pub(super) fn new(page: &TiffPage) -> Self {
        Self {
            scale: Scale::of(page),
            height: 0,
            begun: [0; TURNS],
            ended: [0; TURNS],
            touched: false,
            cells: Vec::with_capacity(CELLS_ACROSS * 300),
            scaled: Vec::new(),
            chunk: Chunk::default(),
            chunks: Vec::with_capacity(64),
        }
    }

    /// The ink, and the hashes of all stretches in ascending order, each once.
    pub(super) fn finish(mut self) -> (Ink, Vec<u64>) {
        self.end_chunk();
        if self.height % CELL_STEPS > CELL_STEPS / 4 {
            self.end_cells();
        }
        self.chunks.sort_unstable();
        self.chunks.dedup();
        (Ink::of_cells(self.cells).cleaned(), self.chunks)
    }

    /// Notes where a row turns black and white again. No branch depends on the page, for none would be foreseen.
    fn paint(&mut self, changes: &[u16]) {
        self.touched = true;
        let turn = |turns: &mut Turns, at: u16| {
            turns[usize::from(at / CELL_PIXELS) % TURNS] += TURN + u32::from(at % CELL_PIXELS);
        };
        let (runs, open) = changes.as_chunks::<2>();
        for [from, to] in runs {
            turn(&mut self.begun, *from);
            turn(&mut self.ended, *to);
        }
        open.iter().for_each(|from| turn(&mut self.begun, *from));
    }

    /// Goes down by so many rows of the page.
    fn descend(&mut self, rows: u32) {
        let before = self.height / CELL_STEPS;
        self.height = self.height.saturating_add(self.scale.step.saturating_mul(rows));
        for _ in before..self.height / CELL_STEPS {
            if self.cells.len() >= CELLS_ACROSS * CELL_ROWS_MAX {
                return;
            }
            self.end_cells();
        }
    }

    fn end_cells(&mut self) {
        if !self.touched {
            self.cells.resize(self.cells.len() + CELLS_ACROSS, 0);
            return;
        }
        const SHARE: u32 = CELL_STEPS * CELL_PIXELS as u32 / 256;
        let step = self.scale.step;
        let mut inked = [0_u32; CELLS_ACROSS];
        // From a turn on cells have more, or less, by their width; its own by what is to the right of it.
        let mut beside = [0_u32; CELLS_ACROSS + 1];
        let turns = self.begun.iter().zip(&self.ended);
        for ((inked, beside), (begun, ended)) in inked.iter_mut().zip(&mut beside[1..]).zip(turns) {
            *beside = (begun % TURN).wrapping_sub(ended % TURN);
            let turns = (begun / TURN).wrapping_sub(ended / TURN);
            *inked = turns.wrapping_mul(CELL_PIXELS.into()).wrapping_sub(*beside);
        }
        let mut sum = 0_u32;
        for (inked, beside) in inked.iter_mut().zip(&beside) {
            sum = sum.wrapping_add(*inked).wrapping_add(*beside);
            *inked = sum;
        }
        // At most 8 pixels of each row within a cell, whose steps are those of a cell and a row more: far from 32 bits.
        let shares = inked.map(|inked| inked.wrapping_mul(step) / SHARE);
        self.cells.extend(shares.map(|share| u8::try_from(share).unwrap_or(u8::MAX)));
        self.begun = [0; TURNS];
        self.ended = [0; TURNS];
        self.touched = false;
    }

    /// Hashes a row into its stretch: by the lengths of its runs from the first change on, so that a page moved to
    /// the side hashes alike. A row like the one above adds nothing, so that doubled rows are as single ones.
    fn hash(&mut self, changes: &[u16]) {
        let mut sum = u32::try_from(changes.len()).unwrap_or(0);
        // Beyond 256 changes only their number counts: such a row is dither.
        let ends = changes.get(1..).unwrap_or_default();
        for ((from, to), factor) in changes.iter().zip(ends).zip(&FACTORS) {
            sum = sum.wrapping_add(u32::from(to - from).wrapping_mul(*factor));
        }
        let chunk = &mut self.chunk;
        if sum == chunk.above {
            return;
        }
        chunk.above = sum;
        let spread_sum = spread(sum.into());
        chunk.hash = spread(chunk.hash ^ u64::from(sum)).rotate_left(17).wrapping_add(chunk.hash);
        chunk.rows += 1;
        chunk.changes += changes.len();
        let may_end = spread_sum & CHUNK_END_MASK == 0 && chunk.rows >= CHUNK_ROWS.start;
        if may_end || chunk.rows >= CHUNK_ROWS.end {
            self.end_chunk();
        }
    }

    fn end_chunk(&mut self) {
        // The row above stays what it is: a doubled one does not begin the next stretch.
        let next = Chunk { above: self.chunk.above, ..Chunk::default() };
        let chunk = std::mem::replace(&mut self.chunk, next);
        if chunk.rows >= CHUNK_ROWS.start && chunk.changes >= CHUNK_CHANGES_MIN {
            self.chunks.push(spread(chunk.hash));
        }
    }
}
