//! One row from its bits: T.4's one-dimensional coding and the two-dimensional one that T.4 and T.6 share.
//!
//! A row is the list of positions where the colour changes, from white, ascending and below the width. A run of
//! no pixels is no change, so the number of changes so far tells the colour.

use super::bits::Bits;
use super::codes::{
    AT_ONCE, BLACK_RUNS, MODES, MODES_BITS, Mode, Modes, RUN_BITS, Run, WHITE_RUNS,
};
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
    /// Room for as many changes as a row can have, for what is behind them, and for as many as are made at once.
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
        let behind = self.positions.get_mut(changes..).and_then(<[u16]>::first_chunk_mut);
        if let Some(behind) = behind {
            *behind = [width; BEHIND + AT_ONCE];
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

/// Where a row has come to. The names are those of the texts: a0 is the last change, or the end of what was passed; b1 the
/// first change of the row above beyond it that is of the other colour.
#[derive(Clone, Copy)]
struct Place {
    a0: u16,
    /// Which one b1 is of the changes above.
    b: usize,
}

#[inline(always)]
fn modes(bits: &mut Bits<'_>, width: u16, above: &Row, row: &mut Pen<'_>) -> Result<(), BadRow> {
    let (changes, above) = (above.changes, &*above.positions);
    let mut place = Place { a0: 0, b: 0 };
    while place.a0 < width {
        bits.refill();
        let Some(modes) = MODES.get(bits.peek(MODES_BITS)) else { return Err(BadRow) };
        // As many as there are above; one more is the end of the row.
        let all = usize::from(modes.changes);
        let count = changes.saturating_sub(place.b).min(all);
        if count == all && at_once(modes, count, above, &mut place, row) {
            bits.skip(modes.bits.into());
        } else if modes.right.get(count) == Some(&0)
            && at_once(modes, count, above, &mut place, row)
        {
            bits.skip(modes.bits_to(count));
            return Ok(());
        } else {
            let pen = Pen { to: &mut *row.to, changes: row.changes };
            let read;
            (*bits, place, row.changes, read) =
                one_by_one(*bits, modes, (width, above), place, pen);
            if read? >= width {
                return Ok(());
            }
        }
        match modes.mode {
            Mode::Horizontal => {
                let (one, other) = if row.is_black() {
                    (&BLACK_RUNS, &WHITE_RUNS)
                } else {
                    (&WHITE_RUNS, &BLACK_RUNS)
                };
                let (first, second) = (run(bits, one)?, run(bits, other)?);
                change_below(row, place.a0 + first, width)?;
                place.a0 += first + second;
                change_below(row, place.a0, width)?;
            }
            Mode::Pass => {
                place.a0 = *above.get(place.b + 1).ok_or(BadRow)?;
                place.b += 2;
            }
            Mode::Vertical(right) => vertical(right, (width, above), &mut place, row)?,
            Mode::Cut => continue,
            Mode::Other => return Err(BadRow),
        }
        place.find_b1(width, above);
    }
    Ok(())
}

/// Makes the first changes of a look, without a branch that hangs on them, where each lies beyond the one before it and
/// before the change above that the next one is near to. `false`, and nothing is made, where one does not.
#[inline(always)]
fn at_once(
    modes: &Modes,
    count: usize,
    above: &[u16],
    place: &mut Place,
    row: &mut Pen<'_>,
) -> bool {
    let there = above.get(place.b..).and_then(<[u16]>::first_chunk::<{ AT_ONCE + 1 }>);
    let here = row.to.get_mut(row.changes..).and_then(<[u16]>::first_chunk_mut::<AT_ONCE>);
    let (Some(there), Some(here), Some(mask)) = (there, here, FIRST.get(count)) else {
        return false;
    };
    let mut misfit = 0;
    for (at, change) in here.iter_mut().enumerate() {
        *change = there[at].wrapping_add_signed(modes.right[at].into());
        // No position comes near to 15 bits: the sign is set where there is less room.
        let beyond = there[at + 1].wrapping_sub(*change);
        misfit |= beyond.wrapping_add_signed(-i16::from(modes.room[at])) & mask[at];
    }
    let first = i32::from(there[0]) + i32::from(modes.right[0]);
    let begins = count == 0 || first > place.a0.into();
    if !begins | (misfit & SIGN != 0) {
        return false;
    }
    if let Some(last) = here.get(count.wrapping_sub(1)) {
        place.a0 = *last;
    }
    place.b += count;
    row.changes += count;
    true
}

const SIGN: u16 = 1 << 15;
/// The signs of the first so many.
static FIRST: [[u16; AT_ONCE]; AT_ONCE + 1] = {
    let mut masks = [[0; AT_ONCE]; AT_ONCE + 1];
    let mut count = 0;
    while count < masks.len() {
        let mut at = 0;
        while at < count {
            masks[count][at] = SIGN;
            at += 1;
        }
        count += 1;
    }
    masks
};

/// Makes the changes of a look with care, up to the end of the row, and leaves out the bits that are read with them. By value:
/// references would keep them out of registers.
#[cold]
fn one_by_one<'a>(
    mut bits: Bits<'a>,
    modes: &Modes,
    (width, above): (u16, &[u16]),
    mut place: Place,
    mut row: Pen<'_>,
) -> (Bits<'a>, Place, usize, Result<u16, BadRow>) {
    let mut behind = 0;
    for (at, right) in modes.right.iter().enumerate().take(modes.changes.into()) {
        bits.skip(modes.bits_to(at) - behind);
        behind = modes.bits_to(at);
        if let Err(bad) = vertical(*right, (width, above), &mut place, &mut row) {
            return (bits, place, row.changes, Err(bad));
        }
        if place.a0 >= width {
            return (bits, place, row.changes, Ok(width));
        }
        place.find_b1(width, above);
    }
    bits.skip(u32::from(modes.bits) - behind);
    (bits, place, row.changes, Ok(place.a0))
}

/// Makes a change so many pixels to the right of b1.
#[inline(always)]
fn vertical(
    right: i8,
    (width, above): (u16, &[u16]),
    place: &mut Place,
    row: &mut Pen<'_>,
) -> Result<(), BadRow> {
    let a1 = above.get(place.b).and_then(|b1| b1.checked_add_signed(right.into()));
    place.a0 = a1.filter(|a1| *a1 >= place.a0).ok_or(BadRow)?;
    change_below(row, place.a0, width)?;
    // One back where the change lies to the left: there may be one between the two.
    place.b = (place.b + 1) - 2 * usize::from((right < 0) & (place.b > 0));
    Ok(())
}

impl Place {
    /// Goes on to the first change of that colour beyond the place, if it is not there.
    #[inline(always)]
    fn find_b1(&mut self, width: u16, above: &[u16]) {
        while self.a0 < width && above.get(self.b).is_some_and(|b1| *b1 <= self.a0) {
            self.b += 2;
        }
    }
}
