//! Fields of a form or a query, as browsers send them (`application/x-www-form-urlencoded`, WHATWG URL section 5.1).

use percent_encoding::percent_decode;

use crate::bounds;

/// Bytes that are no such fields: not UTF-8, or more fields than there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Reads fields in their order.
///
/// # Errors
/// [`Unreadable`]: nothing is guessed.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<(String, String)>, Unreadable> {
    let pairs = bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let mut fields = Vec::new();
    for pair in pairs {
        if fields.len() == bounds::FORM_FIELDS_MAX {
            return Err(Unreadable);
        }
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = (&pair[..at], pair.get(at + 1..).unwrap_or_default());
        fields.push((decoded(name)?, decoded(value)?));
    }
    Ok(fields)
}

/// The value of the first field of that name.
pub(super) fn value<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(has, _)| has == name).map(|(_, value)| value.as_str())
}

fn decoded(bytes: &[u8]) -> Result<String, Unreadable> {
    let spaced: Vec<u8> =
        bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded = percent_decode(&spaced).decode_utf8().map_err(|_| Unreadable)?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_read_as_browsers_write_them() {
        let read = parse(b"a=1+2%2B3&b=&c&&%C3%A5=%E2%80%AE%00%0D%0A&a=4=5%zz").unwrap();
        let expected =
            [("a", "1 2+3"), ("b", ""), ("c", ""), ("å", "\u{202e}\0\r\n"), ("a", "4=5%zz")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read, expected);
        assert_eq!(value(&read, "a"), Some("1 2+3"));
        for bad in [&b"a=%FF"[..], b"a=\xff", b"%C3=1"] {
            assert_eq!(parse(bad), Err(Unreadable));
        }
        assert_eq!(parse(&b"a&".repeat(bounds::FORM_FIELDS_MAX + 1)), Err(Unreadable));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes);
        }
    }
}
