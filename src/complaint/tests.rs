//! Complaints: samples of every kind that the conformance suite of XARF has, sound and broken, each with what must come of
//! it; mails, tables, tokens, exports; and any bytes at all.

mod arf;
mod bytes;
mod export;
mod invalid;
mod legacy;
mod redaction;
mod rows;
mod samples;
mod valid;
mod words;

use serde_json::{Map, Value, json};

use super::{Cause, Complaint, Faults, xarf};
use crate::time::Timestamp;

/// The present of all tests: 2026-11-18.
const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

/// Reads a value as a report.
fn read(report: &Value) -> Result<Complaint, Faults> {
    xarf::read(report.to_string().as_bytes(), NOW)
}

/// Where the faults are and what they are.
fn told(read: Result<Complaint, Faults>) -> Vec<(String, Cause)> {
    read.unwrap_err().list().iter().map(|fault| (fault.path.clone(), fault.cause)).collect()
}

/// Where the faults are.
fn paths(read: Result<Complaint, Faults>) -> Vec<String> {
    told(read).into_iter().map(|(path, _)| path).collect()
}

/// A report of a pair with what every report needs and these fields more.
fn report(category: &str, kind: &str, more: Value) -> Value {
    let party = json!({
        "org": "Carrier", "contact": "abuse@carrier.example", "domain": "carrier.example"
    });
    let mut report = json!({
        "xarf_version": "4.2.0",
        "report_id": "550e8400-e29b-41d4-a716-446655440000",
        "timestamp": "2026-03-01T14:30:25Z",
        "reporter": party,
        "sender": party,
        "source_identifier": "192.0.2.1",
        "category": category,
        "type": kind,
    });
    merge(&mut report, more);
    report
}

/// A sound report of a junk fax.
fn junk() -> Value {
    report(
        "messaging",
        "spam",
        json!({
            "source_identifier": "+12125550123",
            "protocol": "other",
            "fax": {
                "direction": "inbound", "called": "+1 312 555 0100", "csid": "OFFICE",
                "tsi": "212-555-0123", "pages": 3, "resolution": "fine",
                "call_time": "2026-03-01T14:29:00+01:00", "campaign_id": "roofs-7",
            },
        }),
    )
}

/// Sets fields; `null` takes one out.
fn merge(report: &mut Value, more: Value) {
    let Value::Object(more) = more else { return };
    let fields: &mut Map<String, Value> = report.as_object_mut().unwrap();
    for (name, value) in more {
        if value.is_null() {
            fields.remove(&name);
        } else {
            fields.insert(name, value);
        }
    }
}

/// The sound report of a junk fax with these fields other.
fn junk_with(more: Value) -> Value {
    let mut report = junk();
    merge(&mut report, more);
    report
}
