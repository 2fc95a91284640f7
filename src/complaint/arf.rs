//! ARF, the e-mail of feedback loops (RFC 5965, and RFC 6430 for what was wanted), in and out.
//!
//! The MIME is read by a library. Before it sees a byte, lines and boundaries are counted: a header of three bytes costs
//! it a hundred, and for each boundary that never comes it searches the rest. What concerns a fax stands in fields of ours
//! (`Fax-Caller` and its like, which RFC 5965 section 3.4 lets a report have), in a `tel:` URI, or in the address of a fax
//! by mail (RFC 3192). A report counts once, whatever `Incidents` says.

mod fields;
mod write;

pub use write::write;

use mail_parser::{HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use serde_json::Value;

use super::columns::{self, CONTACT_BYTES, DOMAIN_BYTES, NUMBER_BYTES, TEXT_BYTES};
use super::evidence::{Evidence, Room};
use super::fault::{Cause, Faults};
use super::redaction::strip_tel;
use super::{Abuse, Category, Complaint, Format, Written, moment};
use crate::bounds::{
    COMPLAINT_BYTES_MAX, COMPLAINT_EVIDENCE_ITEMS_MAX, COMPLAINT_MAIL_BOUNDARIES_MAX,
    COMPLAINT_MAIL_LINES_MAX, COMPLAINT_MAIL_PARTS_MAX,
};
use crate::time::Timestamp;
use fields::Fields;

/// A `Feedback-Type`, and what it is to us.
struct Kind {
    name: &'static str,
    category: Option<Category>,
    abuse: Option<Abuse>,
}

const fn kind(name: &'static str, category: Option<Category>, abuse: Option<Abuse>) -> Kind {
    Kind { name, category, abuse }
}

/// The registered types (RFC 5965 section 7.3, RFC 6430, RFC 6591), and `opt-out` of its drafts, which is in use. The last
/// one stands for every word that is not registered.
const KINDS: [Kind; 8] = [
    kind("abuse", Some(Category::JunkFax), None),
    kind("fraud", Some(Category::OtherAbuse), Some(Abuse::Fraud)),
    kind("not-spam", Some(Category::NotJunk), None),
    kind("opt-out", Some(Category::RemoveMe), None),
    kind("opt-out-list", Some(Category::RemoveMe), None),
    kind("virus", None, None),
    kind("auth-failure", None, None),
    kind("other", Some(Category::OtherAbuse), None),
];

/// Fields that a report must have, each once (RFC 5965 section 3.1).
const REQUIRED: [&str; 3] = ["Feedback-Type", "User-Agent", "Version"];

/// Further fields that stand once at most (RFC 5965 section 3.2), and ours.
const ONCE: [&str; 16] = [
    "Original-Envelope-Id",
    "Original-Mail-From",
    "Arrival-Date",
    "Received-Date",
    "Reporting-MTA",
    "Source-IP",
    "Incidents",
    "Fax-Called",
    "Fax-Caller",
    "Fax-TSI",
    "Fax-CSI",
    "Fax-Pages",
    "Fax-Resolution",
    "Fax-Call-Time",
    "Fax-Campaign-Id",
    "Fax-Direction",
];

/// Reads a report. `now`: the present, before which a report is dated. The original message and what else is attached are
/// evidence. Where nothing in it names a number, it concerns no fax, and says so.
///
/// # Errors
/// All faults of the report; those of the feedback part by the names of its fields.
pub fn read(bytes: &[u8], now: Timestamp) -> Result<Complaint, Faults> {
    bounded(bytes).map_err(|cause| Faults::one("mail", cause))?;
    let parser = MessageParser::new()
        .with_mime_headers()
        .header_date(HeaderName::Date)
        .header_id(HeaderName::MessageId)
        .header_address(HeaderName::From)
        .default_header_ignore();
    let message = parser.parse(bytes).ok_or_else(|| Faults::one("mail", Cause::NotMail))?;
    if message.parts.len() > COMPLAINT_MAIL_PARTS_MAX {
        return Err(Faults::one("mail", Cause::TooMany { most: COMPLAINT_MAIL_PARTS_MAX }));
    }
    let report = feedback_part(&message).map_err(|cause| Faults::one("mail", cause))?;
    let mut faults = Faults::default();
    if report.is_encoding_problem {
        faults.add("feedback-report", Cause::Encoding);
    }
    let fields = Fields::read(report.contents(), &mut faults);
    let mut complaint = Complaint::empty(Format::Arf, "other");
    check(&fields, &mut faults);
    told(&fields, &mut complaint, now, &mut faults);
    about_the_fax(&fields, &mut complaint, now, &mut faults);
    envelope(&message, &mut complaint, now, &mut faults);
    collect_evidence(&message, report, bytes, &mut complaint, &mut faults);
    let names = [&complaint.called, &complaint.caller, &complaint.tsi, &complaint.campaign];
    if names.into_iter().all(Option::is_none) {
        complaint.category = None;
        complaint.abuse = None;
    }
    keep(fields, &mut complaint);
    faults.or(complaint)
}

/// Counts what the library would have to hold.
fn bounded(bytes: &[u8]) -> Result<(), Cause> {
    const BOUNDARY: &[u8] = b"boundary";
    if bytes.len() > COMPLAINT_BYTES_MAX {
        return Err(Cause::TooLarge { most: COMPLAINT_BYTES_MAX });
    }
    let ends = bytes.iter().filter(|byte| matches!(**byte, b'\n')).count();
    if ends > COMPLAINT_MAIL_LINES_MAX {
        return Err(Cause::TooMany { most: COMPLAINT_MAIL_LINES_MAX });
    }
    let mut boundaries = 0;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| matches!(**byte, b'b' | b'B')) {
        let word = bytes.get(at..at + BOUNDARY.len());
        boundaries += usize::from(word.is_some_and(|word| word.eq_ignore_ascii_case(BOUNDARY)));
    }
    if boundaries > COMPLAINT_MAIL_BOUNDARIES_MAX {
        return Err(Cause::TooMany { most: COMPLAINT_MAIL_BOUNDARIES_MAX });
    }
    Ok(())
}

/// The part that holds the fields, of a message that says it is a report of feedback.
fn feedback_part<'a, 'x>(message: &'a Message<'x>) -> Result<&'a MessagePart<'x>, Cause> {
    let root = message.content_type().ok_or(Cause::NotFeedback)?;
    let report = root
        .attribute("report-type")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("feedback-report"));
    if !is_type(root.ctype(), "multipart")
        || !is_type(root.subtype().unwrap_or_default(), "report")
        || !report
    {
        return Err(Cause::NotFeedback);
    }
    // Of the outermost message alone: a report within a report is evidence.
    let is_feedback = |part: &&MessagePart<'_>| {
        part.content_type().is_some_and(|kind| {
            is_type(kind.ctype(), "message")
                && is_type(kind.subtype().unwrap_or_default(), "feedback-report")
        })
    };
    let mut found = message.parts.iter().filter(is_feedback);
    let part = found.next().ok_or(Cause::NotFeedback)?;
    match found.next() {
        Some(_) => Err(Cause::Repeated),
        None => Ok(part),
    }
}

fn is_type(has: &str, wanted: &str) -> bool {
    has.eq_ignore_ascii_case(wanted)
}

/// Required fields are there, and none stands twice that stands once.
fn check(fields: &Fields, faults: &mut Faults) {
    for name in REQUIRED {
        if fields.first(name).is_none() {
            faults.add(name, Cause::Missing);
        }
    }
    for name in REQUIRED.into_iter().chain(ONCE) {
        if fields.all(name).nth(1).is_some() {
            faults.add(name, Cause::Repeated);
        }
    }
    if fields.first("Version").is_some_and(|version| version != "1" && version != "0.1") {
        faults.add("Version", Cause::NotOneOf { allowed: &["1"] });
    }
    if fields.first("Incidents").is_some_and(|incidents| incidents.parse::<u32>().is_err()) {
        faults.add("Incidents", Cause::Kind { wanted: "a whole number" });
    }
    if let Some(address) = fields.first("Source-IP") {
        let bare = address.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<std::net::IpAddr>().is_err() {
            faults.add("Source-IP", Cause::Shape { wanted: "an IP address" });
        }
    }
}

/// What the fields of the standard tell.
fn told(fields: &Fields, complaint: &mut Complaint, now: Timestamp, faults: &mut Faults) {
    let said = fields.first("Feedback-Type").unwrap_or_default();
    let [.., other] = &KINDS;
    let kind = KINDS.iter().find(|kind| said.eq_ignore_ascii_case(kind.name)).unwrap_or(other);
    complaint.declared = kind.name;
    complaint.category = kind.category;
    complaint.abuse = kind.abuse;
    for name in ["Arrival-Date", "Received-Date"] {
        let Some(text) = fields.first(name) else { continue };
        let wanted = "a date of RFC 5322";
        let time = moment::rfc5322(text).ok_or(Cause::Shape { wanted });
        match time.and_then(|time| moment::not_ahead(time, now)) {
            Ok(time) => complaint.incident_at = Some(time),
            Err(cause) => faults.add(name, cause),
        }
    }
    let number = |name: &str| fields.first(name).and_then(fax_address);
    complaint.caller = number("Original-Mail-From");
    complaint.called = number("Original-Rcpt-To");
    if complaint.caller.is_none() {
        let uris = fields.all("Reported-URI");
        let mut numbers =
            uris.filter(|uri| uri.len() > 4 && strip_tel(uri).len() < uri.trim().len());
        complaint.caller = numbers.find_map(|uri| Written::of(strip_tel(uri), NUMBER_BYTES).ok());
    }
}

/// The number in an address as `FAX=+12025550123@host` (RFC 3192 section 2), in angle brackets or without.
fn fax_address(text: &str) -> Option<Written> {
    let bare = text.trim().trim_start_matches('<').trim_end_matches('>').trim_matches('"');
    let (scheme, rest) = (bare.get(..4)?, bare.get(4..)?);
    let number = rest.split(['@', '/']).next()?;
    let is_fax = scheme.eq_ignore_ascii_case("FAX=") && !number.is_empty();
    Written::of(number, NUMBER_BYTES).ok().filter(|_| is_fax)
}

/// What our own fields tell, through the columns of the same names.
fn about_the_fax(fields: &Fields, complaint: &mut Complaint, now: Timestamp, faults: &mut Faults) {
    for (field, column) in [
        ("Fax-Called", "called"),
        ("Fax-Caller", "caller"),
        ("Fax-TSI", "tsi"),
        ("Fax-CSI", "csi"),
        ("Fax-Pages", "pages"),
        ("Fax-Resolution", "resolution"),
        ("Fax-Call-Time", "call_at"),
        ("Fax-Campaign-Id", "campaign"),
        ("Fax-Direction", "direction"),
    ] {
        if let (Some(text), Some(column)) = (fields.first(field), columns::named(column))
            && let Err(cause) = column.set(complaint, text, now)
        {
            faults.add(field, cause);
        }
    }
}

/// Who sent the report, when, and under which id.
fn envelope(message: &Message<'_>, complaint: &mut Complaint, now: Timestamp, faults: &mut Faults) {
    let from = message.from().and_then(|from| from.first()).and_then(|from| from.address());
    if let Some(address) = from {
        complaint.reporter.contact = Written::of(address, CONTACT_BYTES).ok();
        let domain = address.rsplit_once('@').map(|(_, domain)| domain);
        complaint.reporter.domain =
            domain.and_then(|domain| Written::of(domain, DOMAIN_BYTES).ok());
    }
    let id = message.message_id().and_then(|id| Written::of(id, DOMAIN_BYTES).ok());
    complaint.report_id = id;
    if let Some(date) = message.date() {
        let time = Timestamp::from_seconds(date.to_timestamp());
        match moment::not_ahead(time, now) {
            Ok(time) => complaint.reported_at = Some(time),
            Err(cause) => faults.add("Date", cause),
        }
    }
    let first = message.parts.get(1).filter(|part| matches!(part.body, PartType::Text(_)));
    if let Some(text) = first.and_then(|part| part.text_contents()) {
        let text = text.trim();
        let cut = text.char_indices().map(|(at, c)| at + c.len_utf8());
        let end = cut.take_while(|end| *end <= TEXT_BYTES).last().unwrap_or(0);
        // A person's words to people are cut where a field would be refused: the whole mail is at hand with who sent it.
        complaint.description = text.get(..end).and_then(|text| Written::of(text, TEXT_BYTES).ok());
    }
}

/// The original message and what is attached. A report must have one of them (RFC 5965 section 2d).
fn collect_evidence(
    message: &Message<'_>,
    report: &MessagePart<'_>,
    bytes: &[u8],
    complaint: &mut Complaint,
    faults: &mut Faults,
) {
    let mut room = Room::default();
    let mut number = 0;
    for (at, part) in message.parts.iter().enumerate().skip(1) {
        let words = at == 1 && matches!(part.body, PartType::Text(_));
        if words || std::ptr::eq(part, report) || matches!(part.body, PartType::Multipart(_)) {
            continue;
        }
        let path = format!("evidence[{number}]");
        number += 1;
        if number > COMPLAINT_EVIDENCE_ITEMS_MAX {
            faults.add("evidence", Cause::TooMany { most: COMPLAINT_EVIDENCE_ITEMS_MAX });
            return;
        }
        if part.is_encoding_problem {
            faults.add(&path, Cause::Encoding);
            continue;
        }
        let contents = contents(part, bytes);
        if let Err(cause) = room.take(contents.len()) {
            faults.add(&path, cause);
            continue;
        }
        let kind = part.content_type();
        let name = kind.map_or_else(
            || "text/plain".to_owned(),
            |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("plain")),
        );
        match Written::of(&name, DOMAIN_BYTES) {
            Ok(content_type) => complaint.evidence.push(Evidence {
                content_type,
                description: None,
                bytes: contents.to_vec(),
                verified: None,
            }),
            Err(cause) => faults.add(&path, cause),
        }
    }
    if number == 0 {
        faults.add("evidence", Cause::Missing);
    }
}

/// The bytes of a part: of a message within the mail, as they stand in it.
fn contents<'a>(part: &'a MessagePart<'_>, bytes: &'a [u8]) -> &'a [u8] {
    let within = part.message().is_some_and(|inner| inner.raw_message.len() == bytes.len());
    if !within {
        return part.contents();
    }
    let range = part.raw_body_offset() as usize..part.raw_end_offset() as usize;
    bytes.get(range).unwrap_or_default()
}

/// Keeps the fields that have no place in a complaint, the repeated ones as lists.
fn keep(fields: Fields, complaint: &mut Complaint) {
    let placed = |name: &str| {
        name.starts_with("fax-")
            || matches!(name, "feedback-type" | "arrival-date" | "received-date")
    };
    for (name, value) in fields.into_all().filter(|(name, _)| !placed(name)) {
        match complaint.extra.0.get_mut(&name) {
            Some(Value::Array(list)) => list.push(value.into()),
            Some(first) => *first = Value::Array(vec![first.take(), value.into()]),
            None => {
                complaint.extra.0.insert(name, value.into());
            }
        }
    }
}
