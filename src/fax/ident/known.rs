//! Idents that say nothing: what machines send until somebody sets them up.

/// Factory settings and examples of manuals, in canonical form, sorted.
const FACTORY: [&[u8]; 30] = [
    b"ANONYMOUS",
    b"ASTERISK",
    b"COMPANY NAME",
    b"DEFAULT",
    b"EFAX",
    b"FACSIMILE",
    // The Windows fax service.
    b"FAX",
    b"FAX MACHINE",
    b"FAX NUMBER",
    b"FAXMODEM",
    b"HYLAFAX",
    b"IAXMODEM",
    b"MY FAX NUMBER",
    b"N/A",
    b"NO ID",
    b"NO NUMBER",
    b"NONE",
    b"NOT SET",
    // HylaFAX without LocalIdentifier.
    b"NOTHINGSETUP",
    b"NULL",
    b"PRIVATE",
    // FreeSWITCH.
    b"SPANDSP FAX IDENT",
    b"STATION ID",
    b"T38MODEM",
    b"TEST",
    b"UNAVAILABLE",
    b"UNKNOWN",
    b"YOUR COMPANY NAME",
    b"YOUR FAX NUMBER",
    b"YOUR NAME",
];

/// Fewest digits in counting order, up or down, or of one kind, that were typed and not assigned.
const TYPED_DIGITS_MIN: usize = 6;
/// Directory assistance in North America, the stock example of manuals: never a fax machine.
const EXAMPLE_ENDING: &[u8] = b"5551212";

/// Whether a canonical ident is one that machines send by themselves, or a number nobody has.
pub(super) fn is_default(said: &[u8]) -> bool {
    if said.iter().any(u8::is_ascii_alphabetic) {
        // mgetty's example is a number still to be filled in.
        return said.ends_with(b"XXXXXXXX") || FACTORY.binary_search(&said).is_ok();
    }
    let mut digits = [0; super::IDENT_BYTES_MAX];
    let mut count = 0;
    for (place, digit) in digits.iter_mut().zip(said.iter().filter(|byte| byte.is_ascii_digit())) {
        *place = *digit;
        count += 1;
    }
    let digits = digits.get(..count).unwrap_or_default();
    let steps_of = |step: u8| digits.windows(2).all(|pair| follows(pair, step));
    let alike = steps_of(0);
    digits.ends_with(EXAMPLE_ENDING)
        || (alike && digits.first() == Some(&b'0'))
        || (count >= TYPED_DIGITS_MIN && (alike || steps_of(1) || steps_of(9)))
}

/// Whether the second digit is the first and so many more, zero coming after nine.
fn follows(pair: &[u8], step: u8) -> bool {
    matches!(pair, [first, second] if (first - b'0' + step) % 10 == second - b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fax::ident::Ident;

    #[test]
    fn the_table_is_sorted_and_canonical() {
        assert!(FACTORY.is_sorted());
        for said in FACTORY {
            assert_eq!(Ident::read(said).canonical(), said);
        }
    }

    #[test]
    fn typed_numbers_are_told_from_assigned_ones() {
        for said in ["0", "00-00", "999999", "+123456789", "0123456789", "987-654-3210", "234567"] {
            assert!(is_default(said.as_bytes()), "{said}");
        }
        for said in ["", "+", "111", "12345", "2125550123", "ACME 000000", "1234567891"] {
            assert!(!is_default(said.as_bytes()), "{said}");
        }
        assert!(is_default(b"49 115 XXXXXXXX"));
    }
}
