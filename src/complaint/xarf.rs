//! XARF, the JSON of abuse desks (xarf.org): version 4.2 in and out, version 3 in.
//!
//! A report is checked as the published schema says: eight fields of every report, those of its pair of category and
//! type, evidence within its bounds and true to its hashes. Further fields are kept; `_internal` is dropped wherever it
//! stands, before anything is held. A report concerns a fax where its pair can, and it either carries the extension
//! object `fax` or names a telephone number as its source.

mod catalog;
mod fax;
mod legacy;
mod schema;
pub(super) mod shape;
pub(super) mod write;

pub use write::write;

use serde_json::{Map, Value};

use super::columns::{CONTACT_BYTES, DOMAIN_BYTES, NAME_BYTES, NUMBER_BYTES, TEXT_BYTES};
use super::evidence::{self, Evidence, Room};
use super::fault::{Cause, Faults, Path};
use super::redaction::{TOKEN_PREFIX, strip_tel};
use super::{Complaint, Format, Party, Written, json, moment};
use crate::bounds::COMPLAINT_BYTES_MAX;
use crate::fax::number::Number;
use crate::time::Timestamp;
use catalog::{CORE, Pair, Rule};
use schema::Check;

/// The version that is written.
pub const VERSION: &str = "4.2.0";

/// The pairs of category and type that are known, as `messaging/spam`.
pub fn pairs() -> impl Iterator<Item = &'static str> {
    catalog::PAIRS.iter().map(|pair| pair.name)
}

/// Reads a report of version 4, or of version 3, which is converted first. `now`: the present, before which a report is
/// dated.
///
/// # Errors
/// All faults of the report, with their JSON paths in version 4; of what cannot be converted, in version 3.
pub fn read(bytes: &[u8], now: Timestamp) -> Result<Complaint, Faults> {
    read_as(bytes, now, false)
}

/// Reads a report of which recommended fields are required too, as partners may ask of each other.
///
/// # Errors
/// As [`read`], and a fault for each recommended field that is absent.
pub fn read_strict(bytes: &[u8], now: Timestamp) -> Result<Complaint, Faults> {
    read_as(bytes, now, true)
}

fn read_as(bytes: &[u8], now: Timestamp, strict: bool) -> Result<Complaint, Faults> {
    if bytes.len() > COMPLAINT_BYTES_MAX {
        return Err(Faults::one(Path::Root, Cause::TooLarge { most: COMPLAINT_BYTES_MAX }));
    }
    let value = json::read(bytes).map_err(|fault| Faults::one(fault.path, fault.cause))?;
    let Value::Object(report) = value else {
        return Err(Faults::one(Path::Root, Cause::Kind { wanted: "an object" }));
    };
    if report.contains_key("xarf_version") {
        read_report(report, Format::Xarf4, now, strict)
    } else if report.contains_key("Version") {
        let report = legacy::convert(report, bytes)?;
        read_report(report, Format::Xarf3, now, strict)
    } else {
        let mut check = Check { strict, faults: Faults::one(Path::Root, Cause::NotXarf) };
        check.fields(Path::Root, &report, CORE);
        Err(check.faults)
    }
}

fn read_report(
    mut report: Map<String, Value>,
    format: Format,
    now: Timestamp,
    strict: bool,
) -> Result<Complaint, Faults> {
    let mut check = Check { strict, faults: Faults::default() };
    check.fields(Path::Root, &report, CORE);
    let pair = pair_of(&report, &mut check.faults);
    if let Some(pair) = pair {
        check.fields(Path::Root, &report, pair.base);
        check.fields(Path::Root, &report, pair.fields);
        follow(pair.rule, &report, &mut check.faults);
    }
    fax::check(&report, &mut check);
    let mut faults = check.faults;
    let evidence = take_evidence(&mut report, &mut faults);
    let Some(pair) = pair else { return Err(faults) };
    let mut complaint = Complaint::empty(format, pair.name);
    complaint.evidence = evidence;
    lift(&mut report, &mut complaint, now, &mut faults);
    let has_fax = fax::lift(&mut report, &mut complaint, now, &mut faults);
    let names_number = lift_source(&mut report, &mut complaint, has_fax);
    if let (None, Some((category, abuse)), true) =
        (complaint.category, pair.fax, has_fax || names_number)
    {
        complaint.category = Some(category);
        complaint.abuse = complaint.abuse.or(abuse);
    }
    complaint.extra.0 = report;
    faults.or(complaint)
}

/// The pair that a report says it is of.
fn pair_of(report: &Map<String, Value>, faults: &mut Faults) -> Option<&'static Pair> {
    let category = report.get("category")?.as_str()?;
    let kind = report.get("type")?.as_str()?;
    let pair = catalog::find(category, kind);
    if pair.is_none() {
        faults.add(Path::Field(&Path::Root, "type"), Cause::Pair);
    }
    pair
}

/// What must be there because of something else that is.
fn follow(rule: Rule, report: &Map<String, Value>, faults: &mut Faults) {
    let text = |name: &str| report.get(name).and_then(Value::as_str);
    let mut needed = |name: &'static str| {
        if !report.contains_key(name) {
            faults.add(Path::Field(&Path::Root, name), Cause::Missing);
        }
    };
    match rule {
        Rule::Free => {}
        Rule::PortOfAddress => {
            if text("source_identifier").is_some_and(shape::is_address) {
                needed("source_port");
            }
        }
        Rule::Smtp => {
            if text("protocol") == Some("smtp") {
                needed("smtp_from");
                needed("source_port");
            }
        }
        Rule::Swarm => inner(report, "swarm_info", &["info_hash", "magnet_uri"], faults),
        Rule::Message => inner(report, "message_info", &["message_id"], faults),
    }
}

/// An object that must be there with one of some fields.
fn inner(
    report: &Map<String, Value>,
    object: &'static str,
    one_of: &[&'static str],
    faults: &mut Faults,
) {
    let path = Path::Field(&Path::Root, object);
    match report.get(object).and_then(Value::as_object) {
        Some(fields) if !one_of.iter().any(|name| fields.contains_key(*name)) => {
            let first = one_of.first().copied().unwrap_or_default();
            faults.add(Path::Field(&path, first), Cause::Missing);
        }
        None if !report.contains_key(object) => faults.add(path, Cause::Missing),
        Some(_) | None => {}
    }
}

/// Takes the evidence out, decoded; what is not of its kind is told by the check already.
fn take_evidence(report: &mut Map<String, Value>, faults: &mut Faults) -> Vec<Evidence> {
    let list = Path::Field(&Path::Root, "evidence");
    let Some(Value::Array(items)) = report.remove("evidence") else { return Vec::new() };
    let mut room = Room::default();
    let mut taken = Vec::new();
    for (at, item) in
        items.into_iter().enumerate().take(crate::bounds::COMPLAINT_EVIDENCE_ITEMS_MAX)
    {
        let path = Path::At(&list, at);
        let text = |name: &str| item.get(name).and_then(Value::as_str);
        let (Some(content_type), Some(payload)) = (text("content_type"), text("payload")) else {
            continue;
        };
        let bytes = match room.decode(payload) {
            Ok(bytes) => bytes,
            Err(cause) => {
                faults.add(Path::Field(&path, "payload"), cause);
                continue;
            }
        };
        // A hash that has not the shape of one is told by the check already.
        let hash = text("hash").filter(|hash| evidence::is_hash(hash));
        let verified = match hash.map(|hash| evidence::verify(&bytes, hash)).transpose() {
            Ok(verified) => verified,
            Err(cause) => {
                faults.add(Path::Field(&path, "hash"), cause);
                continue;
            }
        };
        let content_type = Written::of(content_type, DOMAIN_BYTES).ok();
        let description = text("description").and_then(|text| Written::of(text, 2_000).ok());
        if let Some(content_type) = content_type {
            taken.push(Evidence { content_type, description, bytes, verified });
        }
    }
    taken
}

/// Takes the fields of every report out that have a place in a complaint.
fn lift(
    report: &mut Map<String, Value>,
    complaint: &mut Complaint,
    now: Timestamp,
    faults: &mut Faults,
) {
    for known in ["xarf_version", "category", "type", "legacy_version"] {
        report.remove(known);
    }
    let path = |name| Path::Field(&Path::Root, name);
    let sender = party(report.remove("sender").as_ref());
    let reporter = party(report.remove("reporter").as_ref());
    if reporter != sender {
        complaint.on_behalf_of = reporter;
    }
    complaint.reporter = sender;
    complaint.report_id = text(report.remove("report_id").as_ref(), DOMAIN_BYTES);
    complaint.description = text(report.remove("description").as_ref(), TEXT_BYTES);
    if let Some(time) = time(report.remove("timestamp").as_ref()) {
        match moment::not_ahead(time, now) {
            Ok(time) => complaint.incident_at = Some(time),
            Err(cause) => faults.add(path("timestamp"), cause),
        }
    }
}

fn party(value: Option<&Value>) -> Party {
    let field = |name: &str, most| text(value.and_then(|value| value.get(name)), most);
    Party {
        organisation: field("org", NAME_BYTES),
        contact: field("contact", CONTACT_BYTES),
        domain: field("domain", DOMAIN_BYTES),
    }
}

/// A text that has been checked; what is longer than our own bound all the same stays out.
fn text(value: Option<&Value>, most: usize) -> Option<Written> {
    Written::of(value?.as_str()?, most).ok()
}

fn time(value: Option<&Value>) -> Option<Timestamp> {
    moment::rfc3339(value?.as_str()?)
}

/// Takes the source for the caller where it is a telephone number: E.164, a `tel:` URI (RFC 3966), or a token for one.
/// Beside an extension `fax` everything is taken that is no address and no longer than a number.
fn lift_source(report: &mut Map<String, Value>, complaint: &mut Complaint, has_fax: bool) -> bool {
    let Some(source) = report.get("source_identifier").and_then(Value::as_str) else {
        return false;
    };
    let stripped = strip_tel(source);
    let number = Number::parse(stripped).is_ok();
    let token = source.starts_with(TOKEN_PREFIX);
    let written = has_fax && !shape::is_address(source) && source.len() <= NUMBER_BYTES;
    if !(number || token || written) {
        return false;
    }
    if let Ok(caller) = Written::of(stripped, NUMBER_BYTES) {
        complaint.caller = Some(caller);
        report.remove("source_identifier");
    }
    number
}
