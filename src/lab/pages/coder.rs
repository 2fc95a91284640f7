//! Rows to bits as T.4 and T.6 code them. No crate writes MH and MR; the one that writes MMR takes dots and not changes.

use super::codes::{
    BLACK, BLACK_LONG, END_OF_LINE, HORIZONTAL, LONGER, PASS, VERTICAL, WHITE, WHITE_LONG, Word,
};

/// Bits being written, the first of each byte highest.
#[derive(Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    /// Bits in `waiting` that make no byte yet.
    held: u32,
    waiting: u32,
}

impl Bits {
    fn put(&mut self, word: Word) {
        self.waiting = self.waiting << word.length | u32::from(word.bits);
        self.held += u32::from(word.length);
        while self.held >= 8 {
            self.held -= 8;
            let [.., byte] = (self.waiting >> self.held).to_be_bytes();
            self.bytes.push(byte);
        }
        self.waiting &= (1 << self.held) - 1;
    }

    /// Zeroes up to the next byte.
    pub(super) fn align(&mut self) {
        if self.held > 0 {
            let missing = u8::try_from(8 - self.held).unwrap_or(0);
            self.put(Word { bits: 0, length: missing });
        }
    }

    /// Zeroes so that the next end of line ends with a byte (TIFF T4Options bit 2).
    fn align_for_end_of_line(&mut self) {
        let held = u8::try_from(self.held).unwrap_or(0);
        let missing = (12 - held) % 8;
        self.put(Word { bits: 0, length: missing });
    }

    /// The bytes, the last filled up with zeroes.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }
}

/// Whether an end of line ends with a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Wherever the row before it ends.
    Anywhere,
    /// With a byte, zeroes before it.
    Aligned,
}

/// Writes an end of line, with the bit that MR has behind it where there is one.
pub(super) fn end_of_line(bits: &mut Bits, ends: Ends, tag: Option<Dimension>) {
    if ends == Ends::Aligned {
        bits.align_for_end_of_line();
    }
    bits.put(END_OF_LINE);
    if let Some(tag) = tag {
        bits.put(Word { bits: u16::from(tag == Dimension::One), length: 1 });
    }
}

/// How a row of MR is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dimension {
    /// By itself.
    One,
    /// By the row above.
    Two,
}

/// Writes a row by itself (T.4 4.1).
pub(super) fn one_dimension(bits: &mut Bits, row: &[u16], width: u16) {
    let mut from = 0;
    for (at, to) in row.iter().copied().chain([width]).enumerate() {
        run(bits, to - from, Colour::of(at));
        from = to;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Colour {
    White,
    Black,
}

impl Colour {
    /// Of the run before the change at that place.
    const fn of(at: usize) -> Self {
        if at.is_multiple_of(2) { Self::White } else { Self::Black }
    }
}

fn run(bits: &mut Bits, length: u16, colour: Colour) {
    let (short, long) = match colour {
        Colour::White => (&WHITE, &WHITE_LONG),
        Colour::Black => (&BLACK, &BLACK_LONG),
    };
    let mut left = usize::from(length);
    while left >= 64 {
        let steps = (left / 64).min(40);
        bits.put(if steps <= 27 { long[steps - 1] } else { LONGER[steps - 28] });
        left -= steps * 64;
        // A make-up code of 2560 may be followed by another; any other is followed by what is below 64.
        if steps < 40 {
            break;
        }
    }
    bits.put(short[left]);
}

/// Writes a row by the row above it (T.4 4.2, T.6 2.2).
pub(super) fn two_dimensions(bits: &mut Bits, above: &[u16], row: &[u16], width: u16) {
    // Where the coding stands; none is before the first dot. `at` is the next change of the row: its parity is the colour.
    let (mut stand, mut at) = (None, 0);
    while stand.is_none_or(|stand| stand < width) {
        let change = row.get(at).copied().unwrap_or(width);
        let (opposite, next) = reference(above, stand, at % 2, width);
        if next < change {
            bits.put(PASS);
            stand = Some(next);
            continue;
        }
        let shift = i32::from(change) - i32::from(opposite);
        match usize::try_from(shift + 3).ok().and_then(|place| VERTICAL.get(place)) {
            Some(word) => {
                bits.put(*word);
                stand = Some(change);
                at += 1;
            }
            None => {
                let second = row.get(at + 1).copied().unwrap_or(width);
                bits.put(HORIZONTAL);
                run(bits, change - stand.unwrap_or(0), Colour::of(at));
                run(bits, second - change, Colour::of(at + 1));
                stand = Some(second);
                at += 2;
            }
        }
    }
}

/// The first change above that lies right of where the coding stands and turns to the other colour, and the one behind it.
fn reference(above: &[u16], stand: Option<u16>, parity: usize, width: u16) -> (u16, u16) {
    let past = above.partition_point(|change| stand.is_some_and(|stand| *change <= stand));
    let at = if past % 2 == parity { past } else { past + 1 };
    let of = |at: usize| above.get(at).copied().unwrap_or(width);
    (of(at), of(at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_line_ends_with_a_byte() {
        for held in 0_u8..8 {
            let mut bits = Bits::default();
            bits.put(Word { bits: 0, length: held });
            end_of_line(&mut bits, Ends::Aligned, None);
            assert_eq!(bits.held, 0, "{held}");
            assert_eq!(bits.bytes.last(), Some(&1));
        }
    }

    #[test]
    fn a_white_row_below_a_white_row_is_one_bit() {
        let mut bits = Bits::default();
        two_dimensions(&mut bits, &[], &[], 1728);
        assert_eq!((bits.held, bits.waiting), (1, 1));
    }

    #[test]
    fn runs_beyond_every_table_are_made_up() {
        let mut bits = Bits::default();
        one_dimension(&mut bits, &[], 5_200);
        // 2560 twice and 80: 12 + 12 + 5 + 7 (64 and 16) bits.
        assert_eq!(bits.bytes.len() * 8 + bits.held as usize, 12 + 12 + 5 + 6);
    }
}
