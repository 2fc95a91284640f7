//! Pages of T.4 and T.6 as changes of colour, row by row: no bitmap is ever made.
//!
//! Bounded in time and memory whatever the bytes are: every step reads at least one bit or gives one row, rows are
//! at most [`PAGE_ROWS_MAX`], and two of them are held.

mod bits;
mod codes;
mod rows;

use std::mem;

use thiserror::Error;

use super::tiff::{self, Coding, InvalidTiff, Photometric, RowEnds, TiffPage};
use crate::bounds::{PAGE_ROWS_MAX, PAGE_WIDTH_MAX};
use bits::Bits;
use rows::{BadRow, Row, one_dimension, two_dimensions};

/// Whoever takes the rows of a page, from the top.
pub(super) trait Rows {
    /// Takes `count` rows that are alike: where their colour changes, from white, ascending, below the width.
    fn rows(&mut self, changes: &[u16], count: u32);
}

/// How the decoding of a page went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Rows given, at most [`PAGE_ROWS_MAX`].
    pub rows: u32,
    /// Rows among them that were damaged, and given as the row above.
    pub damaged: u32,
    /// Strips that broke off before their last row.
    pub cut: u32,
}

/// Why nothing of a page can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Undecodable {
    /// Another coding than MH, MR and MMR.
    #[error("page is coded as {0:?} (MH, MR and MMR are decoded)")]
    Coding(Coding),
    /// Not black on white.
    #[error("page is not black and white")]
    Colour,
    /// Wider than [`PAGE_WIDTH_MAX`].
    #[error("page is {pixels} pixels wide (at most {PAGE_WIDTH_MAX} are decoded)")]
    Width {
        /// Its width.
        pixels: u32,
    },
    /// The strips cannot be found.
    #[error("coded page cannot be found")]
    Strips(#[from] InvalidTiff),
    /// No row could be read.
    #[error("page has no row that can be read")]
    NoRow,
}

/// Decodes a page of the file it was read from, and gives its rows.
///
/// # Errors
/// [`Undecodable`]; a page that breaks off is no error but [`Decoded::cut`].
pub(super) fn page(
    file: &[u8],
    page: &TiffPage,
    to: &mut impl Rows,
) -> Result<Decoded, Undecodable> {
    let width = u16::try_from(page.width).ok().filter(|width| *width <= PAGE_WIDTH_MAX);
    let width = width.ok_or(Undecodable::Width { pixels: page.width })?;
    let strips = tiff::strips(file, page)?;
    let decoded = match page.photometric {
        Photometric::ZeroIsWhite => Strips::new(page, width, to).read(strips)?,
        Photometric::ZeroIsBlack => {
            let mut inverted = Inverted { width, changes: Vec::new(), to };
            Strips::new(page, width, &mut inverted).read(strips)?
        }
        Photometric::Other(_) => return Err(Undecodable::Colour),
    };
    if decoded.rows == 0 { Err(Undecodable::NoRow) } else { Ok(decoded) }
}

/// Turns white to black: a change at the beginning is taken away, or put there.
struct Inverted<'t, R> {
    width: u16,
    changes: Vec<u16>,
    to: &'t mut R,
}

impl<R: Rows> Rows for Inverted<'_, R> {
    fn rows(&mut self, changes: &[u16], count: u32) {
        self.changes.clear();
        match changes.split_first() {
            Some((0, rest)) => self.changes.extend_from_slice(rest),
            _ => {
                self.changes.push(0);
                self.changes.extend_from_slice(changes);
            }
        }
        self.changes.retain(|at| *at < self.width);
        self.to.rows(&self.changes, count);
    }
}

/// Whether a strip goes on.
enum Step {
    On,
    /// Its end was found.
    End,
    /// It broke off.
    Cut,
}

/// The strips of one page, decoded one after the other.
struct Strips<'p, 't, R> {
    page: &'p TiffPage,
    width: u16,
    /// The row above and the one that is read.
    above: Row,
    row: Row,
    decoded: Decoded,
    to: &'t mut R,
}

impl<'p, 't, R: Rows> Strips<'p, 't, R> {
    fn new(page: &'p TiffPage, width: u16, to: &'t mut R) -> Self {
        let (above, row) = (Row::white(width), Row::white(width));
        Self { page, width, above, row, decoded: Decoded::default(), to }
    }

    fn read<'f>(mut self, strips: impl Iterator<Item = &'f [u8]>) -> Result<Decoded, Undecodable> {
        let all = self.page.rows.min(PAGE_ROWS_MAX);
        for strip in strips {
            let left = all - self.decoded.rows;
            if left == 0 {
                break;
            }
            let mut bits = Bits::new(strip, self.page.fill_order);
            let until = self.decoded.rows + left.min(self.page.rows_per_strip);
            self.above = Row::white(self.width);
            match (self.page.coding, self.page.row_ends) {
                (Coding::Mmr, _) => self.t6(&mut bits, until),
                (Coding::Mh, RowEnds::Aligned) => self.aligned(&mut bits, until),
                (Coding::Mh | Coding::Mr, _) => self.t4(&mut bits, until),
                (other, _) => return Err(Undecodable::Coding(other)),
            }
        }
        Ok(self.decoded)
    }

    /// Gives the row above once more, and says that it is not the true one.
    fn damaged(&mut self) {
        self.to.rows(self.above.changes(), 1);
        self.decoded.rows += 1;
        self.decoded.damaged += 1;
    }

    /// Gives the row that was read.
    #[inline(always)]
    fn good(&mut self) {
        mem::swap(&mut self.above, &mut self.row);
        self.to.rows(self.above.changes(), 1);
        self.decoded.rows += 1;
    }

    /// T.6: nothing is found again behind damage.
    fn t6(&mut self, bits: &mut Bits<'_>, until: u32) {
        while self.decoded.rows < until {
            bits.refill();
            // A row like the one above is a bit for each change and one for the end: a white one below a white one a single bit.
            let (ones, each) = (bits.leading_ones().min(32), self.above.bits_when_repeated());
            if ones >= each {
                let alike = (ones / each).min(until - self.decoded.rows);
                bits.skip(alike * each);
                self.to.rows(self.above.changes(), alike);
                self.decoded.rows += alike;
                continue;
            }
            match two_dimensions(bits, self.width, &self.above, &mut self.row) {
                Ok(()) => self.good(),
                Err(BadRow) => {
                    // The end of a facsimile block is two ends of line, and no damage.
                    self.decoded.cut += u32::from(!bits.is_end_of_block());
                    return;
                }
            }
        }
    }

    /// TIFF's compression 2: rows begin with a byte and have no mark.
    fn aligned(&mut self, bits: &mut Bits<'_>, until: u32) {
        while self.decoded.rows < until && !bits.is_over() {
            match one_dimension(bits, self.width, &mut self.row) {
                Ok(()) => self.good(),
                Err(BadRow) => {
                    self.decoded.cut += 1;
                    return;
                }
            }
            bits.align();
        }
    }

    /// T.4: every row is found again by the end of line before it.
    fn t4(&mut self, bits: &mut Bits<'_>, until: u32) {
        // Rows of a writer that marks none follow each other.
        let (mut marked, mut lost) = (false, false);
        while self.decoded.rows < until {
            match self.t4_row(bits, &mut marked, &mut lost) {
                Step::On => {}
                Step::End => return,
                Step::Cut => {
                    self.decoded.cut += 1;
                    return;
                }
            }
        }
    }

    /// One row, its mark before it. While `lost`, rows that build on the one above are damaged too.
    #[inline(always)]
    fn t4_row(&mut self, bits: &mut Bits<'_>, marked: &mut bool, lost: &mut bool) -> Step {
        bits.refill();
        let mut by_itself = true;
        if bits.peek(11) == 0 || *marked {
            if bits.end_of_line(11).is_none() {
                return Step::End;
            }
            *marked = true;
            bits.refill();
            if self.page.coding == Coding::Mr {
                by_itself = bits.peek(1) == 1;
                bits.skip(1);
            }
            if bits.peek(12) == 1 {
                // Ends of line in a row are the return to control: the page is over.
                return Step::End;
            }
        }
        let read = if by_itself {
            one_dimension(bits, self.width, &mut self.row)
        } else if *lost {
            Err(BadRow)
        } else {
            two_dimensions(bits, self.width, &self.above, &mut self.row)
        };
        match read {
            Ok(()) => {
                *lost = false;
                self.good();
                Step::On
            }
            Err(BadRow) if bits.is_over() => Step::Cut,
            Err(BadRow) if *marked => {
                *lost = true;
                self.damaged();
                Step::On
            }
            Err(BadRow) => Step::Cut,
        }
    }
}

#[cfg(test)]
mod tests;
