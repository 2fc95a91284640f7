//! One row from its bits: T.4's one-dimensional coding and the two-dimensional one that T.4 and T.6 share.
//!
//! A row is the list of positions where the colour changes, from white, ascending and below the width. A run of
//! no pixels is no change, so the number of changes so far tells the colour.

use super::bits::Bits;
use super::codes::{BLACK_BITS, BLACK_RUNS, MODE_BITS, MODES, Mode, Run, WHITE_BITS, WHITE_RUNS};
use crate::bounds::PAGE_WIDTH_MAX;

/// The row is not one, or ends before its width.
pub(super) struct BadRow;

/// Positions behind the last change of a reference, so that no look at it needs a check of its own: the
/// longest step is of two, from behind the last change, and pass mode looks one further.
const BEHIND: usize = 4;
/// More pixels than any width: a sum of runs that comes so far is damage.
const PIXELS_MAX: u16 = 16_384;

/// A row, with the width repeated behind its last change.
pub(super) struct Row {
    positions: Vec<u16>,
    changes: usize,
}

impl Row {
    /// A white row. `width` is at most [`PAGE_WIDTH_MAX`](crate::bounds::PAGE_WIDTH_MAX).
    pub(super) fn white(width: u16) -> Self {
        let mut positions = Vec::with_capacity(usize::from(width) + BEHIND + 1);
        positions.resize(BEHIND, width);
        Self { positions, changes: 0 }
    }

    pub(super) fn changes(&self) -> &[u16] {
        &self.positions[..self.changes]
    }

    pub(super) const fn is_white(&self) -> bool {
        self.changes == 0
    }

    fn begin(&mut self) {
        self.positions.clear();
    }

    /// Adds a change; one where the last one is takes that back.
    #[inline(always)]
    fn change(&mut self, at: u16) {
        if self.positions.last() == Some(&at) {
            self.positions.pop();
        } else {
            self.positions.push(at);
        }
    }

    /// Whether the next run is black.
    fn is_black(&self) -> bool {
        self.positions.len() % 2 == 1
    }

    fn end(&mut self, width: u16) {
        self.changes = self.positions.len();
        self.positions.resize(self.changes + BEHIND, width);
    }
}

/// The length of the next run: make-up codes, then one of less than 64 pixels.
#[inline(always)]
fn run(bits: &mut Bits<'_>, table: &[Run], longest: u32) -> Result<u16, BadRow> {
    let mut pixels = 0;
    loop {
        bits.refill();
        let Some(run) = table.get(bits.peek(longest)) else { return Err(BadRow) };
        if run.bits() == 0 || pixels > PIXELS_MAX {
            return Err(BadRow);
        }
        bits.skip(run.bits());
        pixels += run.pixels();
        if run.pixels() < 64 {
            return Ok(pixels);
        }
    }
}

#[inline(always)]
fn white(bits: &mut Bits<'_>) -> Result<u16, BadRow> {
    run(bits, &WHITE_RUNS, WHITE_BITS)
}

#[inline(always)]
fn black(bits: &mut Bits<'_>) -> Result<u16, BadRow> {
    run(bits, &BLACK_RUNS, BLACK_BITS)
}

/// Reads a row of runs: T.4 section 4.1.
pub(super) fn one_dimension(bits: &mut Bits<'_>, width: u16, row: &mut Row) -> Result<(), BadRow> {
    row.begin();
    let mut at = 0;
    while at < width {
        at += white(bits)?;
        change_below(row, at, width)?;
        if at == width {
            break;
        }
        at += black(bits)?;
        change_below(row, at, width)?;
    }
    row.end(width);
    if bits.is_beyond() { Err(BadRow) } else { Ok(()) }
}

/// Adds a change unless it is the end of the row. No sum of two runs and a width is above 16 bits.
#[inline(always)]
fn change_below(row: &mut Row, at: u16, width: u16) -> Result<(), BadRow> {
    if at < width {
        row.change(at);
    } else if at > width {
        return Err(BadRow);
    }
    Ok(())
}

const _: () = assert!(2 * (PIXELS_MAX as u32 + 2_560) + (PAGE_WIDTH_MAX as u32) < 1 << 16);

/// Reads a row coded against the one above: T.4 section 4.2, T.6 section 2.2. The names are those of the texts:
/// a0 is where the row has come to, b1 the first change of the row above beyond it that is of the other colour.
pub(super) fn two_dimensions(
    bits: &mut Bits<'_>,
    width: u16,
    above: &Row,
    row: &mut Row,
) -> Result<(), BadRow> {
    row.begin();
    let above = above.positions.as_slice();
    let mut a0: u16 = 0;
    // Where b1 is among the changes above.
    let mut b: usize = 0;
    while a0 < width {
        bits.refill();
        let Some((mode, length)) = MODES.get(bits.peek(MODE_BITS)) else { return Err(BadRow) };
        bits.skip(*length);
        match *mode {
            Mode::Vertical(right) => {
                let a1 = above.get(b).and_then(|b1| b1.checked_add_signed(right));
                a0 = a1.filter(|a1| *a1 >= a0).ok_or(BadRow)?;
                change_below(row, a0, width)?;
                b = if right >= 0 || b == 0 { b + 1 } else { b - 1 };
            }
            Mode::Horizontal => {
                let (first, second) = if row.is_black() {
                    (black(bits)?, white(bits)?)
                } else {
                    (white(bits)?, black(bits)?)
                };
                change_below(row, a0 + first, width)?;
                a0 += first + second;
                change_below(row, a0, width)?;
            }
            Mode::Pass => {
                a0 = *above.get(b + 1).ok_or(BadRow)?;
                b += 2;
            }
            Mode::Other => return Err(BadRow),
        }
        while a0 < width && above.get(b).is_some_and(|b1| *b1 <= a0) {
            b += 2;
        }
    }
    row.end(width);
    if bits.is_beyond() { Err(BadRow) } else { Ok(()) }
}
