//! Text from elsewhere made fit for a terminal: control and direction characters escaped, numbers and idents masked.

use std::borrow::Cow;
use std::fmt::Write as _;

use pbjson_types::Timestamp as WireTime;

use crate::time::Timestamp;

/// Whether numbers and idents are written out for people. Programs (`--json`) always get what the server said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Only as much as two people need to agree on which one is meant.
    Masked,
    /// In full, because the operator asked for it.
    Plain,
}

/// Fewest digits in a row that are taken for a telephone number within a sentence.
const NUMBER_DIGITS_MIN: usize = 9;

/// True for a character that must not reach a terminal as it is: controls, line and paragraph
/// separators, and whatever changes direction or has no width (Unicode Technical Report 36, section 2).
pub(crate) fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
        || matches!(character, '\u{e0000}'..='\u{e007f}')
}

/// `text` on one line with every hostile character, and the backslash that marks them, escaped as in Rust.
#[must_use]
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|character| is_hostile(character) || character == '\\') {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_hostile(character) {
            // `escape_debug` would let some of them through.
            match character {
                '\n' => escaped.push_str("\\n"),
                '\r' => escaped.push_str("\\r"),
                '\t' => escaped.push_str("\\t"),
                other => escaped.extend(other.escape_unicode()),
            }
        } else if character == '\\' {
            escaped.push_str("\\\\");
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Text of several lines, such as a policy: line feeds and tabs stay, everything else as in [`safe`]
/// but for backslashes, which a policy may hold.
#[must_use]
pub fn safe_lines(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hostile(character) && !matches!(character, '\n' | '\t') {
            escaped.extend(character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// A telephone number for people: the first digits and the last two, as in `+1800*****12`.
#[must_use]
pub fn number(text: &str, shown: Shown) -> String {
    match shown {
        Shown::Plain => safe(text).into_owned(),
        Shown::Masked => mask_run(text),
    }
}

/// A T.30 ident or a name for people: its first two characters and how many there are.
#[must_use]
pub fn ident(text: &str, shown: Shown) -> String {
    match shown {
        Shown::Plain => safe(text).into_owned(),
        Shown::Masked => {
            let head: String = text.chars().take(2).collect();
            format!("{}*** ({} characters)", safe(&head), text.chars().count())
        }
    }
}

/// A sentence from elsewhere for people: escaped, and every run of digits that may be a telephone number masked.
#[must_use]
pub fn sentence(text: &str, shown: Shown) -> String {
    let escaped = safe(text);
    if shown == Shown::Plain {
        return escaped.into_owned();
    }
    let mut masked = String::with_capacity(escaped.len());
    let mut rest: &str = &escaped;
    while !rest.is_empty() {
        let plus = usize::from(rest.starts_with('+'));
        let digits = rest.bytes().skip(plus).take_while(u8::is_ascii_digit).count();
        if digits >= NUMBER_DIGITS_MIN {
            let (run, after) = rest.split_at(plus + digits);
            masked.push_str(&mask_run(run));
            rest = after;
        } else {
            let step = (plus + digits).max(rest.chars().next().map_or(1, char::len_utf8));
            let (run, after) = rest.split_at(step);
            masked.push_str(run);
            rest = after;
        }
    }
    masked
}

fn mask_run(text: &str) -> String {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let head = if digits >= 10 { 4 } else { usize::from(digits >= 7) };
    let mut seen = 0;
    let mut masked = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_digit() {
            seen += 1;
            masked.push(if seen <= head || seen + 2 > digits { character } else { '*' });
        } else if matches!(character, '+' | ' ' | '-' | '.' | '(' | ')' | '/') {
            masked.push(character);
        } else {
            masked.push('*');
        }
    }
    masked
}

/// An instant in RFC 3339 form, UTC, with milliseconds: one width for all.
#[must_use]
pub fn instant(time: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(time.as_micros())
        .map_or_else(|_| "-".into(), |time| format!("{time:.3}"))
}

/// The same of a time on the wire; `-` where it is absent or beyond the calendar.
#[must_use]
pub fn wire_instant(time: Option<&WireTime>) -> String {
    time.map_or_else(|| "-".into(), |time| instant(from_wire(time)))
}

/// The instant of a time on the wire, rounded down to the microsecond, saturating.
#[must_use]
pub fn from_wire(time: &WireTime) -> Timestamp {
    let micros = i128::from(time.seconds) * 1_000_000 + i128::from(time.nanos) / 1_000;
    let bounded = micros.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    Timestamp::from_micros(i64::try_from(bounded).unwrap_or(i64::MAX))
}

/// An instant as it travels.
#[must_use]
pub fn to_wire(time: Timestamp) -> WireTime {
    let micros = time.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or(0);
    WireTime { seconds: micros.div_euclid(1_000_000), nanos }
}

/// Reads an instant in RFC 3339 form with its offset, such as `2026-11-24T21:41:24Z`; anything else is `None`.
#[must_use]
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.trim_ascii().parse().ok()?;
    Some(Timestamp::from_micros(time.as_microsecond()))
}

/// Thousandths of log-odds with their sign and three decimals, such as `+4.595`.
#[must_use]
pub fn milli(value: i32) -> String {
    let sign = if value < 0 { '-' } else { '+' };
    let size = value.unsigned_abs();
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{sign}{}.{:03}", size / 1_000, size % 1_000);
    text
}

/// The name people use for a value of a contract's enum: `ACTION_DELIVER_TAGGED` is `deliver-tagged`.
#[must_use]
pub fn label(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_characters_are_escaped_and_others_kept() {
        for (text, expected) in [
            ("plain räksmörgås", "plain räksmörgås"),
            ("a\x1b[2Jb", "a\\u{1b}[2Jb"),
            ("a\r\nb\tc\\", "a\\r\\nb\\tc\\\\"),
            ("abc\u{202e}fdp.exe", "abc\\u{202e}fdp.exe"),
            ("\u{9b}31m", "\\u{9b}31m"),
        ] {
            assert_eq!(safe(text), expected);
        }
        assert_eq!(safe_lines("a = '\\d'\n\u{1b}b"), "a = '\\d'\n\\u{1b}b");
    }

    #[test]
    fn numbers_and_idents_are_masked_unless_asked_for() {
        for (text, expected) in [
            ("+18005551212", "+1800*****12"),
            ("+1 800 555-1212", "+1 800 ***-**12"),
            ("5550001", "5****01"),
            ("911", "*11"),
            ("x'; drop", "*** ****"),
        ] {
            assert_eq!(number(text, Shown::Masked), expected, "{text}");
        }
        assert_eq!(number("+18005551212", Shown::Plain), "+18005551212");
        assert_eq!(ident("ACME CORP", Shown::Masked), "AC*** (9 characters)");
        assert_eq!(
            sentence("12 calls of +18005551212 in 3600 s, é 123456789", Shown::Masked),
            "12 calls of +1800*****12 in 3600 s, é 1******89"
        );
    }

    #[test]
    fn instants_and_scores_read_as_written() {
        let time = parse_instant("2026-11-24T21:41:24.5Z").unwrap();
        assert_eq!(instant(time), "2026-11-24T21:41:24.500Z");
        assert_eq!(from_wire(&to_wire(time)), time);
        assert_eq!(wire_instant(None), "-");
        assert_eq!(parse_instant("yesterday"), None);
        for (value, expected) in [(4_595, "+4.595"), (-5, "-0.005"), (0, "+0.000")] {
            assert_eq!(milli(value), expected);
        }
        assert_eq!(milli(i32::MIN), "-2147483.648");
        assert_eq!(label("ACTION_DELIVER_TAGGED", "ACTION_"), "deliver-tagged");
    }

    proptest! {
        #[test]
        fn nothing_hostile_comes_through(text in any::<String>()) {
            for out in [
                safe(&text).into_owned(),
                number(&text, Shown::Masked),
                ident(&text, Shown::Masked),
                sentence(&text, Shown::Masked),
            ] {
                prop_assert!(!out.chars().any(is_hostile), "{out:?}");
            }
        }
    }
}
