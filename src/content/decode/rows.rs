//! One row from its bits: T.4's one-dimensional coding and the two-dimensional one that T.4 and T.6 share.
//!
//! A row is the list of positions where the colour changes, from white, ascending and below the width. A run of
//! no pixels is no change, so the number of changes so far tells the colour.

use super::bits::Bits;
use super::codes::{BLACK_RUNS, MODES, MODES_BITS, Mode, RUN_BITS, Run, WHITE_RUNS};
use crate::bounds::PAGE_WIDTH_MAX;

/// The row is not one, or ends before its width.
pub(super) struct BadRow;

/// Positions behind the last change of a reference, so that no look at it needs a check of its own: the
/// longest step is of two, from behind the last change, and pass mode looks one further.
const BEHIND: usize = 4;
/// Changes that are taken over at once where a row is like the one above.
const AT_ONCE: usize = 8;
/// More pixels than any width: a sum of runs that comes so far is damage.
const PIXELS_MAX: u16 = 16_384;

/// A row, with the width repeated behind its last change.
pub(super) struct Row {
    /// Room for as many changes as a row can have, for what is behind them, and for as many as are taken over at once.
    positions: Box<[u16]>,
    changes: usize,
}

impl Row {
    /// A white row. `width` is at most [`PAGE_WIDTH_MAX`](crate::bounds::PAGE_WIDTH_MAX).
    pub(super) fn white(width: u16) -> Self {
        let room = usize::from(width) + 1 + BEHIND + AT_ONCE;
        Self { positions: vec![width; room].into_boxed_slice(), changes: 0 }
    }

    pub(super) fn changes(&self) -> &[u16] {
        &self.positions[..self.changes]
    }

    /// Bits of a row like this below it, in two dimensions.
    pub(super) fn bits_when_repeated(&self) -> u32 {
        u32::try_from(self.changes).map_or(u32::MAX, |changes| changes + 1)
    }

    /// Begins the row anew.
    fn begin(&mut self) -> Pen<'_> {
        Pen { to: &mut self.positions, changes: 0 }
    }

    /// Ends it behind so many changes.
    fn end(&mut self, changes: usize, width: u16) {
        self.changes = changes;
        if let Some(behind) = self.positions.get_mut(changes..changes + BEHIND) {
            behind.fill(width);
        }
    }
}

/// What writes the changes of a row.
struct Pen<'r> {
    to: &'r mut [u16],
    changes: usize,
}

impl Pen<'_> {
    /// Adds a change; one where the last one is takes that back.
    #[inline(always)]
    fn change(&mut self, at: u16) {
        let last = self.changes.wrapping_sub(1);
        if self.to.get(last) == Some(&at) {
            self.changes = last;
        } else if let Some(position) = self.to.get_mut(self.changes) {
            // Changes ascend and are below the width: there are never more than there is room for.
            *position = at;
            self.changes += 1;
        }
    }

    /// Adds `count` changes of the row above, the first of them at `from`; all of them lie beyond the last change.
    #[inline(always)]
    fn copy(&mut self, above: &[u16], from: usize, count: usize) {
        let mut copied = 0;
        // At least once, so that nothing hangs on whether there is one: what is too much is overwritten.
        loop {
            let there = above.get(from + copied..).and_then(<[u16]>::first_chunk::<AT_ONCE>);
            let here = self.to.get_mut(self.changes + copied..);
            let (Some(there), Some(here)) = (there, here.and_then(<[u16]>::first_chunk_mut)) else {
                return;
            };
            *here = *there;
            copied += AT_ONCE;
            if copied >= count {
                break;
            }
        }
        self.changes += count;
    }

    /// Whether the next run is black.
    const fn is_black(&self) -> bool {
        self.changes % 2 == 1
    }
}

/// The length of the next run: make-up codes, then one of less than 64 pixels.
#[inline(always)]
fn run(bits: &mut Bits<'_>, table: &[Run; 1 << RUN_BITS]) -> Result<u16, BadRow> {
    let mut pixels = 0;
    loop {
        bits.refill();
        let Some(run) = table.get(bits.peek(RUN_BITS)) else { return Err(BadRow) };
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

/// Reads a row of runs: T.4 section 4.1.
pub(super) fn one_dimension(bits: &mut Bits<'_>, width: u16, row: &mut Row) -> Result<(), BadRow> {
    let (mut own, mut pen) = (*bits, row.begin());
    let read = runs(&mut own, width, &mut pen);
    *bits = own;
    ended(read, own.is_beyond(), (pen.changes, width), row)
}

#[inline(always)]
fn runs(bits: &mut Bits<'_>, width: u16, row: &mut Pen<'_>) -> Result<(), BadRow> {
    let mut at = 0;
    while at < width {
        at += run(bits, &WHITE_RUNS)?;
        change_below(row, at, width)?;
        if at == width {
            break;
        }
        at += run(bits, &BLACK_RUNS)?;
        change_below(row, at, width)?;
    }
    Ok(())
}

/// Adds a change unless it is the end of the row. No sum of two runs and a width is above 16 bits.
#[inline(always)]
fn change_below(row: &mut Pen<'_>, at: u16, width: u16) -> Result<(), BadRow> {
    if at < width {
        row.change(at);
    } else if at > width {
        return Err(BadRow);
    }
    Ok(())
}

const _: () = assert!(2 * (PIXELS_MAX as u32 + 2_560) + (PAGE_WIDTH_MAX as u32) < 1 << 16);

/// Ends a row that was read well, and up to its end.
fn ended(
    read: Result<(), BadRow>,
    is_beyond: bool,
    (changes, width): (usize, u16),
    row: &mut Row,
) -> Result<(), BadRow> {
    read?;
    row.end(changes, width);
    if is_beyond { Err(BadRow) } else { Ok(()) }
}

/// Reads a row coded against the one above: T.4 section 4.2, T.6 section 2.2.
pub(super) fn two_dimensions(
    bits: &mut Bits<'_>,
    width: u16,
    above: &Row,
    row: &mut Row,
) -> Result<(), BadRow> {
    let (mut own, mut pen) = (*bits, row.begin());
    let read = modes(&mut own, width, above, &mut pen);
    *bits = own;
    ended(read, own.is_beyond(), (pen.changes, width), row)
}

/// The names are those of the texts: a0 is where the row has come to, b1 the first change of the row above beyond it that is
/// of the other colour.
#[inline(always)]
fn modes(bits: &mut Bits<'_>, width: u16, above: &Row, row: &mut Pen<'_>) -> Result<(), BadRow> {
    let (changes, above) = (above.changes, &*above.positions);
    let mut a0: u16 = 0;
    // Where b1 is among the changes above; beyond a0, but for the first of a row.
    let mut b: usize = 0;
    while a0 < width {
        bits.refill();
        let Some(modes) = MODES.get(bits.peek(MODES_BITS)) else { return Err(BadRow) };
        // Changes right below those above, as many as there are; one more is the end of the row.
        let (ones, left) = (usize::from(modes.ones), changes.saturating_sub(b));
        let count = ones.min(left);
        row.copy(above, b, count);
        if ones > left {
            bits.skip(u32::try_from(left).unwrap_or(0) + 1);
            break;
        }
        b += count;
        let last = above.get(b.wrapping_sub(1)).copied().unwrap_or(0);
        a0 = if count > 0 { last } else { a0 };
        bits.skip(u32::from(modes.ones + modes.bits));
        match modes.mode {
            Mode::Vertical(right) => {
                let a1 = above.get(b).and_then(|b1| b1.checked_add_signed(right.into()));
                a0 = a1.filter(|a1| *a1 >= a0).ok_or(BadRow)?;
                change_below(row, a0, width)?;
                // One back where the change lies to the left: there may be one between the two.
                b = (b + 1) - 2 * usize::from((right < 0) & (b > 0));
            }
            Mode::Horizontal => {
                let (one, other) = if row.is_black() {
                    (&BLACK_RUNS, &WHITE_RUNS)
                } else {
                    (&WHITE_RUNS, &BLACK_RUNS)
                };
                let (first, second) = (run(bits, one)?, run(bits, other)?);
                change_below(row, a0 + first, width)?;
                a0 += first + second;
                change_below(row, a0, width)?;
            }
            Mode::Pass => {
                a0 = *above.get(b + 1).ok_or(BadRow)?;
                b += 2;
            }
            Mode::Cut => continue,
            Mode::Other => return Err(BadRow),
        }
        while a0 < width && above.get(b).is_some_and(|b1| *b1 <= a0) {
            b += 2;
        }
    }
    Ok(())
}
