//! One line of a replay file: an event, or what is wrong with it.

use thiserror::Error;

use crate::operator::input::{LineFault, json_fault};
use crate::operator::text::from_wire;
use crate::time::Timestamp;
use crate::wire::replay::v1::Event;

/// An event, and where it stood.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recorded {
    pub(super) line: u64,
    /// Size of the line, a bound on the size of the event on the wire.
    pub(super) bytes: usize,
    pub(super) time: Timestamp,
    pub(super) event: Event,
}

/// Why a line is no event. Nothing of the line is part of it.
#[derive(Debug, Error)]
pub(super) enum InvalidEvent {
    #[error(transparent)]
    Line(LineFault),
    #[error("{0}")]
    Json(String),
    #[error("event has no time (`eventTime`)")]
    NoTime,
    #[error(
        "event has nothing in it (`screenFax`, `fileReport`, `directoryEntry`, `listEntry` or `releaseHeldFax`)"
    )]
    Empty,
}

/// Reads a line; one without anything on it is `None`.
pub(super) fn read(
    line: u64,
    bytes: Result<Vec<u8>, LineFault>,
) -> Result<Option<Recorded>, InvalidEvent> {
    let bytes = bytes.map_err(InvalidEvent::Line)?;
    if bytes.trim_ascii().is_empty() {
        return Ok(None);
    }
    let parsed: Result<Event, _> = serde_json::from_slice(&bytes);
    let event = parsed.map_err(|fault| InvalidEvent::Json(json_fault(&fault)))?;
    let time = event.event_time.as_ref().map(from_wire).ok_or(InvalidEvent::NoTime)?;
    if event.event.is_none() {
        return Err(InvalidEvent::Empty);
    }
    Ok(Some(Recorded { line, bytes: bytes.len(), time, event }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_line_is_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(1, Ok(bytes));
        }

        #[test]
        fn any_text_in_a_field_is_kept_out_of_the_fault(text in "[a-z]{12}") {
            let line = format!("{{\"eventTime\":\"2026-11-24T00:00:00Z\",\"screenFax\":{{\"unscoredCount\":\"{text}\"}}}}");
            let fault = read(1, Ok(line.into_bytes())).unwrap_err();
            prop_assert!(!fault.to_string().contains(&text), "{fault}");
        }
    }
}
