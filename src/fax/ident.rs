//! T.30 identities: twenty bytes of free text, all of them claims.
//!
//! CSI, TSI and CIG carry at most twenty characters (ITU-T T.30, 5.3.6.2.4 to 5.3.6.2.6), by the
//! letter digits, space and `+` only. Machines send anything, so everything is read and then classed.

mod known;
mod text;

pub use text::{TextClass, hostile_text};

use std::fmt;

use crate::fax::number::Number;

/// Most bytes of an ident (ITU-T T.30, 5.3.6.2.4).
pub const IDENT_BYTES_MAX: usize = 20;
/// Trailing digits in which an ident and a number must be equal to speak of the same line: a
/// subscriber number without area code or trunk prefix, however else the two are written.
pub const AGREEING_DIGITS: u32 = 7;
/// Fewest digits that are taken for a number rather than for a short text.
const NUMBER_DIGITS_MIN: usize = 3;

/// An ident in canonical form: no padding, capitals, single spaces, at most twenty bytes. Idents
/// that a person would call the same are equal. Its `Debug` is masked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ident {
    len: u8,
    bytes: [u8; IDENT_BYTES_MAX],
}

/// What an ident is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentClass {
    /// Nothing but padding.
    Empty,
    /// Control bytes, bytes of no charset, or shell metacharacters: noise or an attack.
    Garbage,
    /// What a machine says that nobody has set up, or a number nobody has.
    Default,
    /// A telephone number, however written.
    Number,
    /// Any other text, as a company's name.
    Text,
}

/// Whether an ident speaks of the number it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentAgreement {
    /// The last seven digits are equal.
    Agrees,
    /// It is a number of seven digits or more, and another one.
    Disagrees,
    /// It is no number, or one too short to compare.
    Silent,
}

const _: () = assert!(size_of::<Ident>() <= 24);

impl Ident {
    /// Reads what the far end sent, whatever it is: padding (spaces, and zero bytes at the end) goes,
    /// runs of spaces become one, ASCII letters become capitals, and the first twenty bytes stay.
    #[must_use]
    pub fn read(said: &[u8]) -> Self {
        let mut ident = Self { len: 0, bytes: [0; IDENT_BYTES_MAX] };
        let padding = |byte: &u8| matches!(byte, b' ' | 0);
        let ends = said.iter().rposition(|byte| !padding(byte)).map_or(0, |last| last + 1);
        let mut space = true;
        let canonical = said.iter().take(ends).filter(|byte| {
            let doubled = space && **byte == b' ';
            space = **byte == b' ';
            !doubled
        });
        for (place, byte) in ident.bytes.iter_mut().zip(canonical) {
            *place = byte.to_ascii_uppercase();
            ident.len += 1;
        }
        ident.trim_end()
    }

    /// Cutting after twenty bytes may leave a space at the end.
    fn trim_end(mut self) -> Self {
        while let Some(last) = self.len.checked_sub(1) {
            match self.bytes.get_mut(usize::from(last)) {
                Some(byte) if matches!(*byte, b' ' | 0) => *byte = 0,
                _ => break,
            }
            self.len = last;
        }
        self
    }

    /// The canonical bytes, 0 to 20, of no particular charset: what is hashed and compared.
    #[must_use]
    pub fn canonical(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// What it is good for.
    #[must_use]
    pub fn class(&self) -> IdentClass {
        let said = self.canonical();
        if said.is_empty() {
            IdentClass::Empty
        } else if text::is_garbage(said)
            || !said.iter().any(|b| b.is_ascii_alphanumeric() || *b > 0x7f)
        {
            // Dots and dashes alone name nobody either.
            IdentClass::Garbage
        } else if known::is_default(said) {
            IdentClass::Default
        } else if is_number(said) {
            IdentClass::Number
        } else {
            IdentClass::Text
        }
    }

    /// The digits of a number as one integer, leading zeros (a trunk or international prefix, mostly)
    /// dropped; of more than 18 digits the last 18. `None` when the ident is no number.
    #[must_use]
    pub fn digits(&self) -> Option<u64> {
        (self.class() == IdentClass::Number).then(|| significant_digits(self.canonical()))
    }

    /// Whether it speaks of `number`. A factory default agrees with nothing and is silent.
    #[must_use]
    pub fn agrees_with(&self, number: Number) -> IdentAgreement {
        const UNIT: u64 = 10_u64.pow(AGREEING_DIGITS);
        match self.digits() {
            Some(digits) if digits >= UNIT / 10 => {
                if digits % UNIT == number.value() % UNIT {
                    IdentAgreement::Agrees
                } else {
                    IdentAgreement::Disagrees
                }
            }
            _ => IdentAgreement::Silent,
        }
    }
}

/// Digits and the marks that numbers are written with, behind `FAX` or `TEL` where that is said.
fn is_number(said: &[u8]) -> bool {
    let said = said.strip_prefix(b"FAX").or_else(|| said.strip_prefix(b"TEL")).unwrap_or(said);
    let mark = |byte: &u8| {
        matches!(byte, b' ' | b'+' | b'-' | b'.' | b':' | b'(' | b')' | b'/' | b'#' | b'*')
    };
    let digits = said.iter().filter(|byte| byte.is_ascii_digit()).count();
    digits >= NUMBER_DIGITS_MIN && said.iter().all(|byte| byte.is_ascii_digit() || mark(byte))
}

fn significant_digits(said: &[u8]) -> u64 {
    const KEPT: u64 = 10_u64.pow(18);
    let digits = said.iter().filter(|byte| byte.is_ascii_digit());
    digits.fold(0, |value, byte| (value % (KEPT / 10)) * 10 + u64::from(byte - b'0'))
}

impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ident(masked)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_looks_the_same_is_the_same() {
        let plain = Ident::read(b"ACME CO");
        for same in
            [&b"  Acme   Co  "[..], b"acme co\0\0\0", b"ACME CO             ", b"ACME CO \0 "]
        {
            assert_eq!(Ident::read(same), plain);
        }
        assert_eq!(plain.canonical(), b"ACME CO");
        assert_eq!(format!("{plain:?}"), "Ident(masked)");
        let cut = Ident::read(b"1234567890123456789   and what comes after");
        assert_eq!(cut.canonical(), b"1234567890123456789");
        assert_eq!(Ident::read(b"A\0B").canonical(), b"A\0B");
    }

    #[test]
    fn classes() {
        use IdentClass::{Default, Empty, Garbage, Number, Text};
        for (said, class) in [
            (&b""[..], Empty),
            (b"   \0", Empty),
            (b"\r\n", Garbage),
            (b"ACME\r\nX: 1", Garbage),
            (b"$(reboot)", Garbage),
            (b"`id`", Garbage),
            (b"A;rm -rf /", Garbage),
            (b"\"ACME\"", Garbage),
            (b"' OR '1'='1", Garbage),
            (b"\x8f\x91\xfe", Garbage),
            (b"\x1b[2J", Garbage),
            (b"FAX", Default),
            (b"Fax", Default),
            (b"anonymous", Default),
            (b"NothingSetup", Default),
            (b"SpanDSP Fax Ident", Default),
            (b"IAXmodem", Default),
            (b"Your Fax Number", Default),
            (b"0000000", Default),
            (b"+0-000-000-0000", Default),
            (b"1111111111", Default),
            (b"1234567890", Default),
            (b"+1.800.555.1212", Default),
            (b"+1.999.555.1212", Default),
            (b"+1 212 555 0123", Number),
            (b"FAX: 212-555-0123", Number),
            (b"(08) 123 456", Number),
            (b"411", Number),
            (b"12", Text),
            (b"JOE'S PIZZA", Text),
            (b"SMITH & SONS", Text),
            (b"FAXES4U 212", Text),
            (b"FAX OFFICE", Text),
            ("BÜRO MÜLLER".as_bytes(), Text),
            (b"B\xdcRO", Text),
            ("ÅÄÖÅÄÖÅÄÖ ÅÄÖ".as_bytes(), Text),
        ] {
            let shown = String::from_utf8_lossy(said);
            assert_eq!(Ident::read(said).class(), class, "{shown}");
        }
    }

    #[test]
    fn an_ident_agrees_however_it_is_written() {
        use IdentAgreement::{Agrees, Disagrees, Silent};
        for (said, number, agreement) in [
            (&b"+1 212 555 0123"[..], "+12125550123", Agrees),
            (b"212-555-0123", "+12125550123", Agrees),
            (b"555 0123", "+12125550123", Agrees),
            (b"1 (212) 555.0123", "+12125550123", Agrees),
            (b"011 46 8 12345678", "+46812345678", Agrees),
            (b"00 46 8 12345678", "+46812345678", Agrees),
            (b"08-12345678", "+46812345678", Agrees),
            (b"212-555-0124", "+12125550123", Disagrees),
            (b"99999999912125550123", "+12125550123", Agrees),
            (b"50123", "+12125550123", Silent),
            (b"0000123", "+12125550123", Silent),
            (b"0000000", "+12125550123", Silent),
            (b"ACME CO", "+12125550123", Silent),
            (b"", "+12125550123", Silent),
        ] {
            let number = Number::parse(number).unwrap();
            let shown = String::from_utf8_lossy(said);
            assert_eq!(Ident::read(said).agrees_with(number), agreement, "{shown}");
        }
        assert_eq!(Ident::read(b"00 46 (8) 1234").digits(), Some(4_681_234));
        assert_eq!(Ident::read(b"98765432109876543299").digits(), Some(765_432_109_876_543_299));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(said in prop::collection::vec(any::<u8>(), 0..64)) {
            let ident = Ident::read(&said);
            let canonical = ident.canonical();
            prop_assert!(canonical.len() <= IDENT_BYTES_MAX);
            prop_assert!(!canonical.starts_with(b" ") && !canonical.ends_with(b" "));
            prop_assert_eq!(Ident::read(canonical), ident);
            prop_assert_eq!(ident.digits().is_some(), ident.class() == IdentClass::Number);
        }

        #[test]
        fn a_number_agrees_with_itself(value in 10_000_000_u64..1_000_000_000_000_000) {
            let number = Number::from_value(value).unwrap();
            let ident = Ident::read(number.e164().as_bytes());
            let is_number = ident.class() == IdentClass::Number;
            let expected = if is_number { IdentAgreement::Agrees } else { IdentAgreement::Silent };
            prop_assert_eq!(ident.agrees_with(number), expected);
        }
    }
}
