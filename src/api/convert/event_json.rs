//! Recorded traffic: one event a line, the proto3 JSON of `faxguard.replay.v1.Event`.

use thiserror::Error;

use crate::bounds::LINE_BYTES_MAX;
use crate::wire::replay::v1::Event;

/// Why a line is not an event. A parser's own message may quote the line, so only place and kind are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidLine {
    /// Longer than a line may be.
    #[error("line has {bytes} bytes (at most {LINE_BYTES_MAX})")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Not JSON.
    #[error("line is not JSON from column {column} on")]
    Syntax {
        /// Column of the fault, from 1.
        column: usize,
    },
    /// It ends in the middle.
    #[error("line ends before its JSON does (was the file cut off?)")]
    Incomplete,
    /// JSON, but not of an event.
    #[error("line is JSON but no event: unknown field, wrong type or value before column {column}")]
    Shape {
        /// Column where it was noticed, from 1; 0 when the line as a whole was.
        column: usize,
    },
    /// Neither a time nor anything that happened.
    #[error("event has no {part}")]
    Absent {
        /// `event_time` or `event`.
        part: &'static str,
    },
}

/// Why an event cannot be written as a line.
#[derive(Debug, Error)]
pub enum WriteLine {
    /// A time or duration outside what JSON can say.
    #[error("event cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
    /// The line would be longer than a reader takes.
    #[error("event makes a line of {bytes} bytes (at most {LINE_BYTES_MAX})")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
}

/// Reads one line.
///
/// # Errors
/// [`InvalidLine`]; the fields of the event itself are checked by the conversions of this room.
pub fn parse(line: &[u8]) -> Result<Event, InvalidLine> {
    if line.len() > LINE_BYTES_MAX {
        return Err(InvalidLine::TooLong { bytes: line.len() });
    }
    refuse_double_minus(line)?;
    let event: Event = serde_json::from_slice(line).map_err(|fault| fault_of(&fault))?;
    match (&event.event_time, &event.event) {
        (None, _) => Err(InvalidLine::Absent { part: "event_time" }),
        (_, None) => Err(InvalidLine::Absent { part: "event" }),
        (Some(_), Some(_)) => Ok(event),
    }
}

/// Writes one line, without a line feed.
///
/// # Errors
/// [`WriteLine`].
pub fn write(event: &Event) -> Result<String, WriteLine> {
    let line = serde_json::to_string(event).map_err(WriteLine::Encode)?;
    if line.len() > LINE_BYTES_MAX {
        return Err(WriteLine::TooLong { bytes: line.len() });
    }
    Ok(line)
}

fn fault_of(fault: &serde_json::Error) -> InvalidLine {
    match fault.classify() {
        serde_json::error::Category::Syntax => InvalidLine::Syntax { column: fault.column() },
        serde_json::error::Category::Eof => InvalidLine::Incomplete,
        serde_json::error::Category::Data | serde_json::error::Category::Io => {
            InvalidLine::Shape { column: fault.column() }
        }
    }
}

/// Refuses durations with two minus signs. The JSON library takes the first for the sign, reads the
/// rest as a number and negates it, which overflows for the least of all numbers. Lines that could hold one, plain or escaped,
/// are rare enough to be parsed twice.
fn refuse_double_minus(line: &[u8]) -> Result<(), InvalidLine> {
    let suspicious = line.windows(2).any(|pair| pair == b"--")
        || line.windows(5).any(|five| five.eq_ignore_ascii_case(b"\\u002"));
    if !suspicious {
        return Ok(());
    }
    let value: serde_json::Value =
        serde_json::from_slice(line).map_err(|fault| fault_of(&fault))?;
    if holds_double_minus(&value) { Err(InvalidLine::Shape { column: 0 }) } else { Ok(()) }
}

/// Recursion is bounded: the parser refuses more than 128 levels.
fn holds_double_minus(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => {
            text.starts_with("--") && text.ends_with('s') && text[2..].starts_with(char::is_numeric)
        }
        serde_json::Value::Array(items) => items.iter().any(holds_double_minus),
        serde_json::Value::Object(fields) => fields.values().any(holds_double_minus),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::replay::v1::event;
    use crate::wire::screening::v1 as wire;

    const GOOD: &str = r#"{"eventTime":"2025-06-01T10:00:00Z","screenFax":{"requestId":"r","nodeId":"n",
        "faxId":"f","inbound":{"callerNumber":"+18005550123","calledNumber":"+18005550199"},
        "page":{"pageNumber":1,"duration":"6.4s"}},"note":"x--y"}"#;

    #[test]
    fn a_line_reads_back_as_written() {
        let event = parse(GOOD.as_bytes()).unwrap();
        let Some(event::Event::ScreenFax(request)) = &event.event else { panic!("not screening") };
        let Some(wire::screen_fax_request::Stage::Page(page)) = &request.stage else {
            panic!("not a page")
        };
        assert_eq!(page.duration.unwrap().nanos, 400_000_000);
        let line = write(&event).unwrap();
        assert_eq!(parse(line.as_bytes()), Ok(event));
    }

    #[test]
    fn each_fault_has_its_name_and_quotes_nothing() {
        let with = |stage: &str| {
            format!(
                r#"{{"eventTime":"2025-06-01T10:00:00Z","screenFax":{{"requestId":"r",{stage}}}}}"#
            )
        };
        for (line, expected) in [
            (String::new(), "Incomplete"),
            (GOOD[..40].to_string(), "Incomplete"),
            ("{]".into(), "Syntax"),
            (r#"{"secret":1}"#.into(), "Shape"),
            (r#"{"eventTime":"yesterday"}"#.into(), "Shape"),
            (r#"{"eventTime":"2025-06-01T10:00:00Z"}"#.into(), "Absent"),
            (r#"{"note":"x"}"#.into(), "Absent"),
            (with(r#""page":{"duration":"--9223372036854775808s"}"#), "Shape"),
            (with(r#""page":{"duration":"\u002d-9223372036854775808s"}"#), "Shape"),
            (with(r#""page":{"duration":"99999999999999999999s"}"#), "Shape"),
            (with(r#""page":{"pageNumber":-1}"#), "Shape"),
            (with(r#""callOffered":{"attestation":"ATTESTATION_Z"}"#), "Shape"),
            ("[".repeat(60_000), "Shape|Syntax|Incomplete"),
            ("x".repeat(LINE_BYTES_MAX + 1), "TooLong"),
        ] {
            let fault = parse(line.as_bytes()).unwrap_err();
            let named = format!("{fault:?}");
            assert!(expected.split('|').any(|name| named.starts_with(name)), "{named} {line:.80}");
            assert!(!fault.to_string().contains("secret"));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(line in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&line);
        }

        #[test]
        fn a_damaged_line_is_answered(at in 0..GOOD.len(), byte in any::<u8>()) {
            let mut line = GOOD.as_bytes().to_vec();
            line[at] = byte;
            let _ = parse(&line);
        }
    }
}
