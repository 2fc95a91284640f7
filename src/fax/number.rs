//! Telephone numbers: E.164 once parsed (ITU-T E.164: at most 15 digits, country code first), and nothing else.

use std::fmt;
use std::num::NonZeroU64;

use thiserror::Error;

/// An E.164 number. Eight bytes: the digits read as one integer, which loses nothing because no
/// country code begins with zero. It has no `Display`: a number is written out only where someone
/// asks for [`Number::e164`] by name, and its `Debug` is masked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(NonZeroU64);

/// The number a member is reached on: the dialled number of an inbound call.
pub type Did = Number;

/// A statement by the far end that nobody has checked: a caller number, a TSI. Reading it is
/// deliberate; nothing turns it into an authenticated value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claimed<T>(T);

impl<T> Claimed<T> {
    /// Wraps what the far end said.
    pub const fn new(said: T) -> Self {
        Self(said)
    }

    /// What was claimed.
    pub const fn claim(&self) -> &T {
        &self.0
    }
}

/// Why a text is not an E.164 number. The text itself is never part of the error: it may be personal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidNumber {
    /// Nothing but white space.
    #[error("number is empty (write it in E.164 form, as in `+18005550123`)")]
    Empty,
    /// It does not begin with a plus sign.
    #[error("number does not begin with `+` (write it in E.164 form, as in `+18005550123`)")]
    NoPlus,
    /// A character that is neither a digit nor one of the separators space, `-`, `.`, `(`, `)`, `/`.
    #[error("number has a character that is not a digit at byte {at}")]
    NotADigit {
        /// Byte offset of the first such character.
        at: usize,
    },
    /// Fewer than 3 or more than 15 digits.
    #[error("number has {digits} digits (E.164 has 3 to 15)")]
    DigitCount {
        /// How many digits there are.
        digits: usize,
    },
    /// The first digit is zero; no country code begins so.
    #[error("number begins with `+0` (no country code does)")]
    LeadingZero,
    /// Read as dialled in its home region it reaches nobody: a local or short number, an unknown
    /// country, a length that no number of the country has.
    #[error("number cannot be dialled from its home region (write it in E.164 form)")]
    NotDialable,
}

/// Fewest digits a number may have.
pub const DIGITS_MIN: usize = 3;
/// Most digits a number may have (E.164 section 6.2.1).
pub const DIGITS_MAX: usize = 15;
/// Longest text that is looked at before a number is given up, separators included.
pub const NUMBER_TEXT_BYTES_MAX: usize = 64;

impl Number {
    /// Reads a number in E.164 form: `+`, then 3 to 15 digits; the separators space, `-`, `.`, `(`,
    /// `)` and `/` between digits are skipped.
    ///
    /// # Errors
    /// [`InvalidNumber`] says what is wrong without repeating the text.
    pub fn parse(text: &str) -> Result<Self, InvalidNumber> {
        let trimmed = text.trim_ascii();
        if trimmed.is_empty() {
            return Err(InvalidNumber::Empty);
        }
        if trimmed.len() > NUMBER_TEXT_BYTES_MAX {
            return Err(InvalidNumber::DigitCount { digits: trimmed.len() });
        }
        let Some(rest) = trimmed.strip_prefix('+') else {
            return Err(InvalidNumber::NoPlus);
        };
        let mut value: u64 = 0;
        let mut digits = 0;
        for (at, byte) in rest.bytes().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    digits += 1;
                    if digits == 1 && byte == b'0' {
                        return Err(InvalidNumber::LeadingZero);
                    }
                    value = value.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
                }
                b' ' | b'-' | b'.' | b'(' | b')' | b'/' => {}
                _ => return Err(InvalidNumber::NotADigit { at: at + 1 }),
            }
        }
        if !(DIGITS_MIN..=DIGITS_MAX).contains(&digits) {
            return Err(InvalidNumber::DigitCount { digits });
        }
        NonZeroU64::new(value).map(Self).ok_or(InvalidNumber::LeadingZero)
    }

    /// The number with that integer as its digits, as [`Number::value`] gave it.
    pub fn from_value(value: u64) -> Option<Self> {
        let in_range = (100..1_000_000_000_000_000).contains(&value);
        NonZeroU64::new(value).filter(|_| in_range).map(Self)
    }

    /// The digits as one integer, country code first.
    pub const fn value(self) -> u64 {
        self.0.get()
    }

    /// `+` and the digits: for the wire and for whoever may see numbers, never for a log.
    pub fn e164(self) -> String {
        format!("+{}", self.0)
    }

    /// The block of ten this number belongs to: all digits but the last.
    pub const fn block_of_10(self) -> u64 {
        self.0.get() / 10
    }

    /// The block of a hundred this number belongs to: all digits but the last two.
    pub const fn block_of_100(self) -> u64 {
        self.0.get() / 100
    }

    /// The next number up, where one exists in E.164.
    pub fn next(self) -> Option<Self> {
        Self::from_value(self.0.get() + 1)
    }

    /// The next number down, where one exists in E.164.
    pub fn previous(self) -> Option<Self> {
        Self::from_value(self.0.get() - 1)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(masked)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn separators_are_skipped_and_faults_named() {
        let plain = Number::parse("+18005550123").unwrap();
        for same in ["+1 800 555-0123", "+1.800.555.0123", " +1 (800) 555/0123 "] {
            assert_eq!(Number::parse(same), Ok(plain), "{same}");
        }
        assert_eq!(plain.e164(), "+18005550123");
        assert_eq!(format!("{plain:?}"), "Number(masked)");
        for (bad, fault) in [
            ("", InvalidNumber::Empty),
            ("18005550123", InvalidNumber::NoPlus),
            ("+0800", InvalidNumber::LeadingZero),
            ("+1", InvalidNumber::DigitCount { digits: 1 }),
            ("+1234567890123456", InvalidNumber::DigitCount { digits: 16 }),
            ("+1$(id)", InvalidNumber::NotADigit { at: 2 }),
            ("+1\r\n2345", InvalidNumber::NotADigit { at: 2 }),
        ] {
            assert_eq!(Number::parse(bad), Err(fault), "{bad}");
        }
    }

    #[test]
    fn blocks_and_neighbours() {
        let number = Number::parse("+4681234567").unwrap();
        assert_eq!(number.block_of_10(), 468_123_456);
        assert_eq!(number.block_of_100(), 46_812_345);
        assert_eq!(number.next().and_then(Number::previous), Some(number));
        assert_eq!(Number::parse("+999999999999999").unwrap().next(), None);
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC*") {
            let _ = Number::parse(&text);
        }

        #[test]
        fn digits_survive(digits in "[1-9][0-9]{2,14}") {
            let number = Number::parse(&format!("+{digits}")).unwrap();
            prop_assert_eq!(number.e164(), format!("+{digits}"));
            prop_assert_eq!(Number::from_value(number.value()), Some(number));
        }
    }
}
