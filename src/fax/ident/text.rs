//! How a text of the far end looks: printable, or meant for the next program rather than the reader.

use crate::bounds::TEXT_BYTES_MAX;

/// How a text looks; the first that applies, from the last variant up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextClass {
    /// Printable and of sane length. An absent text is clean.
    Clean,
    /// Something a shell would act on.
    ShellMetacharacters,
    /// Control characters, or invisible ones that reorder or hide what is shown.
    ControlBytes,
    /// Not UTF-8.
    NotUtf8,
    /// Longer than [`TEXT_BYTES_MAX`].
    Oversized,
}

/// How a caller name or another text of the far end looks.
#[must_use]
pub fn hostile_text(said: &[u8]) -> TextClass {
    if said.len() > TEXT_BYTES_MAX {
        return TextClass::Oversized;
    }
    let Ok(text) = std::str::from_utf8(said) else {
        return TextClass::NotUtf8;
    };
    if text.chars().any(|c| c.is_control() || is_invisible(c)) {
        TextClass::ControlBytes
    } else if has_shell_metacharacter(said) {
        TextClass::ShellMetacharacters
    } else {
        TextClass::Clean
    }
}

/// Whether an ident is noise or an attack. Idents have no declared charset: bytes beyond ASCII pass
/// as UTF-8, cut short perhaps, or as printable characters of an eight-bit charset.
pub(super) fn is_garbage(said: &[u8]) -> bool {
    let printable = if said.is_ascii() {
        !said.iter().any(u8::is_ascii_control)
    } else {
        match std::str::from_utf8(said) {
            Ok(text) => !text.chars().any(|c| c.is_control() || is_invisible(c)),
            Err(fault) if fault.error_len().is_none() => !said.iter().any(u8::is_ascii_control),
            Err(_) => !said.iter().any(|&byte| byte < 0x20 || (0x7f..0xa0).contains(&byte)),
        }
    };
    !printable || has_shell_metacharacter(said)
}

/// Characters no name or number needs. An apostrophe inside a word is one of O'BRIEN's.
fn has_shell_metacharacter(said: &[u8]) -> bool {
    let special = |byte: &u8| {
        matches!(byte, b'$' | b'`' | b'"' | b'\\' | b';' | b'|' | b'<' | b'>' | b'{' | b'}')
    };
    let letter = |at: Option<usize>| {
        at.and_then(|at| said.get(at)).is_some_and(|b| b.is_ascii_alphabetic() || !b.is_ascii())
    };
    let quote = |(at, byte): (usize, &u8)| {
        *byte == b'\'' && !(letter(at.checked_sub(1)) && letter(Some(at + 1)))
    };
    said.iter().any(special) || (said.contains(&b'\'') && said.iter().enumerate().any(quote))
}

/// Zero-width and direction-changing characters, which show one thing and say another.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_names_are_told_from_odd_ones() {
        use TextClass::{Clean, ControlBytes, NotUtf8, Oversized, ShellMetacharacters};
        let long = vec![b'A'; TEXT_BYTES_MAX + 1];
        for (said, class) in [
            (&b""[..], Clean),
            (b"O'BRIEN & SONS (FAX) #1", Clean),
            ("Müller, Zürich – 田中".as_bytes(), Clean),
            (b"$(curl evil)", ShellMetacharacters),
            (b"`id`", ShellMetacharacters),
            (b"a'; DROP TABLE x", ShellMetacharacters),
            (b"x' y", ShellMetacharacters),
            (b"a|b", ShellMetacharacters),
            (b"A\r\nVia: x", ControlBytes),
            (b"A\0B", ControlBytes),
            ("\u{202e}knaB".as_bytes(), ControlBytes),
            ("A\u{85}B$(id)".as_bytes(), ControlBytes),
            (b"B\xdcRO", NotUtf8),
            (&long, Oversized),
            (&long[1..], Clean),
        ] {
            assert_eq!(hostile_text(said), class, "{}", String::from_utf8_lossy(said));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_classed(said in prop::collection::vec(any::<u8>(), 0..300)) {
            let clean = hostile_text(&said) == TextClass::Clean;
            prop_assert!(!clean || said.iter().all(|byte| *byte >= 0x20 && *byte != b'$'));
            prop_assert!(!clean || !is_garbage(&said));
        }
    }
}
