//! Readers of single fields: each takes what the wire brought and gives a checked value or the cause.

use super::fault::InvalidField;
use crate::bounds;
use crate::fax::id::{CampaignId, DecisionId};
use crate::fax::ident::{TextClass, hostile_text};
use crate::fax::stage::TextLook;
use crate::time::{DAY_SECONDS, Span, Timestamp};

/// The first instant that is no longer accepted: day 65,536, since members keep days in 16 bits.
const TIME_END_SECONDS: i64 = 65_536 * 86_400;

/// A required id or name: 1 to 64 bytes, no control character.
pub(super) fn id(text: &str) -> Result<&str, InvalidField> {
    if text.is_empty() { Err(InvalidField::Absent) } else { name(text, bounds::ID_BYTES_MAX) }
}

/// An optional name: at most `most` bytes, no control character.
pub(super) fn name(text: &str, most: usize) -> Result<&str, InvalidField> {
    within(text, most)?;
    // What nearly all of them are, looked at a byte at a time.
    if text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        return Ok(text);
    }
    match text.char_indices().find(|(_, character)| character.is_control()) {
        Some((at, _)) => Err(InvalidField::ControlCharacter { at }),
        None => Ok(text),
    }
}

/// An optional name of at most 64 bytes: `None` when empty.
pub(super) fn optional_id(text: &str) -> Result<Option<&str>, InvalidField> {
    name(text, bounds::ID_BYTES_MAX).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// What stands for a text of the far end that is longer than any machine writes: one control byte, so that it
/// is read as hostile and as nothing else.
const OVERLONG: &str = "\u{1}";

/// A text of the far end. Nothing it writes, however long, may make a node's question fail: then it would go
/// unscreened.
pub(super) fn foreign(text: &str) -> &str {
    if text.len() > bounds::TEXT_BYTES_MAX { OVERLONG } else { text }
}

/// How a text of the far end looks.
pub(super) fn look(text: &str) -> TextLook {
    let text = foreign(text);
    match hostile_text(text.as_bytes()) {
        TextClass::Clean if text.is_empty() => TextLook::Absent,
        TextClass::Clean => TextLook::Clean,
        TextClass::ShellMetacharacters
        | TextClass::ControlBytes
        | TextClass::NotUtf8
        | TextClass::Oversized => TextLook::Hostile,
    }
}

fn within(text: &str, most: usize) -> Result<&str, InvalidField> {
    if text.len() > most {
        return Err(InvalidField::TooLong { bytes: text.len(), most });
    }
    Ok(text)
}

/// A number within `least..=most`.
pub(super) fn count(value: u32, least: u32, most: u32) -> Result<u32, InvalidField> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(InvalidField::OutOfRange { value: value.into(), least: least.into(), most: most.into() })
}

/// A time between 1970-01-01 and 2149-06-06, to the microsecond.
pub(super) fn time(
    sent: Option<&pbjson_types::Timestamp>,
) -> Result<Option<Timestamp>, InvalidField> {
    let Some(pbjson_types::Timestamp { seconds, nanos }) = sent else {
        return Ok(None);
    };
    if !(0..TIME_END_SECONDS).contains(seconds) || !(0..1_000_000_000).contains(nanos) {
        return Err(InvalidField::Time);
    }
    Ok(Some(Timestamp::from_micros(seconds * 1_000_000 + i64::from(*nanos) / 1_000)))
}

/// A span from zero to a week, to the microsecond; absent is zero.
pub(super) fn span(sent: Option<&pbjson_types::Duration>) -> Result<Span, InvalidField> {
    let most_seconds = 7 * DAY_SECONDS;
    let Some(pbjson_types::Duration { seconds, nanos }) = sent else {
        return Ok(Span::default());
    };
    let read = (u64::try_from(*seconds), u64::try_from(*nanos));
    match read {
        (Ok(seconds), Ok(nanos)) if seconds < most_seconds && nanos < 1_000_000_000 => {
            Ok(Span::micros(seconds * 1_000_000 + nanos / 1_000))
        }
        _ => Err(InvalidField::Duration { most_seconds }),
    }
}

/// A decision id.
pub(super) fn decision(text: &str) -> Result<DecisionId, InvalidField> {
    if text.is_empty() {
        return Err(InvalidField::Absent);
    }
    DecisionId::parse(text).ok_or(InvalidField::NotAnId)
}

/// A campaign id.
pub(super) fn campaign(text: &str) -> Result<CampaignId, InvalidField> {
    if text.is_empty() {
        return Err(InvalidField::Absent);
    }
    CampaignId::parse(text).ok_or(InvalidField::NotACampaign)
}

/// A required text: 1 to 256 bytes, no control character.
pub(super) fn required(text: &str) -> Result<&str, InvalidField> {
    if text.is_empty() { Err(InvalidField::Absent) } else { name(text, bounds::TEXT_BYTES_MAX) }
}

/// An instant for the wire.
pub(super) fn time_to_wire(time: Timestamp) -> pbjson_types::Timestamp {
    let micros = time.as_micros().rem_euclid(1_000_000);
    pbjson_types::Timestamp {
        seconds: time.as_seconds(),
        nanos: i32::try_from(micros * 1_000).unwrap_or(0),
    }
}

/// A span for the wire.
pub(super) fn span_to_wire(span: Span) -> pbjson_types::Duration {
    pbjson_types::Duration {
        seconds: i64::try_from(span.as_seconds()).unwrap_or(i64::MAX),
        nanos: i32::try_from(span.as_micros() % 1_000_000 * 1_000).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_short_and_printable() {
        assert_eq!(id("call-1@gw"), Ok("call-1@gw"));
        assert_eq!(id("Ω µ"), Ok("Ω µ"));
        for (bad, fault) in [
            ("", InvalidField::Absent),
            ("a\r\nb", InvalidField::ControlCharacter { at: 1 }),
            ("a\u{85}", InvalidField::ControlCharacter { at: 1 }),
            (&"x".repeat(65), InvalidField::TooLong { bytes: 65, most: 64 }),
        ] {
            assert_eq!(id(bad), Err(fault), "{bad:?}");
        }
    }

    #[test]
    fn looks_of_foreign_text() {
        for (text, expected) in [
            ("", TextLook::Absent),
            ("O'Brien & Sons (Fax)", TextLook::Clean),
            ("A$(reboot)B", TextLook::Hostile),
            ("A`id`", TextLook::Hostile),
            ("A\r\nBcc: x", TextLook::Hostile),
            ("A\u{202E}xaf", TextLook::Hostile),
            ("x\0", TextLook::Hostile),
        ] {
            assert_eq!(look(text), expected, "{text:?}");
        }
        assert_eq!(look(&"x".repeat(257)), TextLook::Hostile);
    }

    #[test]
    fn times_and_spans_have_ends() {
        let time_of = |seconds, nanos| time(Some(&pbjson_types::Timestamp { seconds, nanos }));
        assert_eq!(time_of(1, 1_999), Ok(Some(Timestamp::from_micros(1_000_001))));
        for bad in [(-1, 0), (i64::MAX, 0), (0, -1), (0, 1_000_000_000), (65_536 * 86_400, 0)] {
            assert_eq!(time_of(bad.0, bad.1), Err(InvalidField::Time), "{bad:?}");
        }
        let span_of = |seconds, nanos| span(Some(&pbjson_types::Duration { seconds, nanos }));
        assert_eq!(span_of(30, 500_000_000), Ok(Span::millis(30_500)));
        for bad in [(-1, 0), (0, -1), (i64::MIN, i32::MIN), (i64::MAX, 0), (7 * 86_400, 0)] {
            assert!(span_of(bad.0, bad.1).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn times_survive_the_wire(micros in 0..TIME_END_SECONDS * 1_000_000) {
            let instant = Timestamp::from_micros(micros);
            prop_assert_eq!(time(Some(&time_to_wire(instant))), Ok(Some(instant)));
        }

        #[test]
        fn any_text_has_a_look(text in any::<String>()) {
            let overlong = text.len() > bounds::TEXT_BYTES_MAX;
            prop_assert!(!overlong || look(&text) == TextLook::Hostile);
        }
    }
}
