//! The code words of T.4, tables 2, 3a and 3b, for writing; reading has its own, so that each can prove the other.

/// A code word: its bits, the last lowest, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Bits.
    pub(super) bits: u16,
    /// How many.
    pub(super) length: u8,
}

/// Reads a code word as the Recommendation prints it.
pub(super) const fn word(text: &str) -> Word {
    let text = text.as_bytes();
    let (mut bits, mut length) = (0, 0);
    while (length as usize) < text.len() {
        bits = bits << 1 | (text[length as usize] == b'1') as u16;
        length += 1;
    }
    Word { bits, length }
}

const fn words<const N: usize>(texts: [&str; N]) -> [Word; N] {
    let mut words = [Word { bits: 0, length: 0 }; N];
    let mut at = 0;
    while at < N {
        words[at] = word(texts[at]);
        at += 1;
    }
    words
}

/// End of line (T.4 4.1.2).
pub(super) const END_OF_LINE: Word = word("000000000001");
/// Both changes lie before the row's own (T.4 4.2.1.3.2).
pub(super) const PASS: Word = word("0001");
/// Two runs in one-dimensional coding follow.
pub(super) const HORIZONTAL: Word = word("001");
/// The row's change lies 3, 2, 1 left, right below, 1, 2, 3 right of the one above.
pub(super) const VERTICAL: [Word; 7] =
    words(["0000010", "000010", "010", "1", "011", "000011", "0000011"]);

/// White runs of 0 to 63.
#[rustfmt::skip]
pub(super) const WHITE: [Word; 64] = words([
    "00110101", "000111", "0111", "1000", "1011", "1100", "1110", "1111",
    "10011", "10100", "00111", "01000", "001000", "000011", "110100", "110101",
    "101010", "101011", "0100111", "0001100", "0001000", "0010111", "0000011", "0000100",
    "0101000", "0101011", "0010011", "0100100", "0011000", "00000010", "00000011", "00011010",
    "00011011", "00010010", "00010011", "00010100", "00010101", "00010110", "00010111", "00101000",
    "00101001", "00101010", "00101011", "00101100", "00101101", "00000100", "00000101", "00001010",
    "00001011", "01010010", "01010011", "01010100", "01010101", "00100100", "00100101", "01011000",
    "01011001", "01011010", "01011011", "01001010", "01001011", "00110010", "00110011", "00110100",
]);

/// Black runs of 0 to 63.
#[rustfmt::skip]
pub(super) const BLACK: [Word; 64] = words([
    "0000110111", "010", "11", "10", "011", "0011", "0010", "00011",
    "000101", "000100", "0000100", "0000101", "0000111", "00000100", "00000111", "000011000",
    "0000010111", "0000011000", "0000001000", "00001100111", "00001101000", "00001101100", "00000110111", "00000101000",
    "00000010111", "00000011000", "000011001010", "000011001011", "000011001100", "000011001101", "000001101000", "000001101001",
    "000001101010", "000001101011", "000011010010", "000011010011", "000011010100", "000011010101", "000011010110", "000011010111",
    "000001101100", "000001101101", "000011011010", "000011011011", "000001010100", "000001010101", "000001010110", "000001010111",
    "000001100100", "000001100101", "000001010010", "000001010011", "000000100100", "000000110111", "000000111000", "000000100111",
    "000000101000", "000001011000", "000001011001", "000000101011", "000000101100", "000001011010", "000001100110", "000001100111",
]);

/// White runs of 64 to 1728, in steps of 64.
#[rustfmt::skip]
pub(super) const WHITE_LONG: [Word; 27] = words([
    "11011", "10010", "010111", "0110111", "00110110", "00110111", "01100100", "01100101", "01101000",
    "01100111", "011001100", "011001101", "011010010", "011010011", "011010100", "011010101", "011010110", "011010111",
    "011011000", "011011001", "011011010", "011011011", "010011000", "010011001", "010011010", "011000", "010011011",
]);

/// Black runs of 64 to 1728, in steps of 64.
#[rustfmt::skip]
pub(super) const BLACK_LONG: [Word; 27] = words([
    "0000001111", "000011001000", "000011001001", "000001011011", "000000110011", "000000110100", "000000110101", "0000001101100", "0000001101101",
    "0000001001010", "0000001001011", "0000001001100", "0000001001101", "0000001110010", "0000001110011", "0000001110100", "0000001110101", "0000001110110",
    "0000001110111", "0000001010010", "0000001010011", "0000001010100", "0000001010101", "0000001011010", "0000001011011", "0000001100100", "0000001100101",
]);

/// Runs of 1792 to 2560 of either colour, in steps of 64.
#[rustfmt::skip]
pub(super) const LONGER: [Word; 13] = words([
    "00000001000", "00000001100", "00000001101", "000000010010", "000000010011", "000000010100", "000000010101",
    "000000010110", "000000010111", "000000011100", "000000011101", "000000011110", "000000011111",
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_begins_another() {
        for own in [(&WHITE, &WHITE_LONG), (&BLACK, &BLACK_LONG)] {
            let all: Vec<Word> =
                own.0.iter().chain(own.1).chain(&LONGER).chain([&END_OF_LINE]).copied().collect();
            for (at, short) in all.iter().enumerate() {
                for (other, long) in all.iter().enumerate().filter(|(other, _)| *other != at) {
                    let begins = long.length >= short.length
                        && long.bits >> (long.length - short.length) == short.bits;
                    assert!(!begins, "{at} begins {other}");
                }
            }
        }
    }
}
