//! Complaints of other systems become reports by somebody who is no member: what they say in the words of the house, their
//! numbers as pseudonyms, their texts under seal. Their evidence is not kept.

use prost::Message;

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::read;
use super::read::time_to_wire;
use super::report::{outsider, text_tie};
use super::wall::Wall;
use crate::bounds;
use crate::casework::{AbuseKind, Ties};
use crate::complaint::bulk::{self, Table};
use crate::complaint::{self, Abuse, Complaint, Form1088a, Format, LineUse, Written, arf, xarf};
use crate::fax::id::{Pseudonym, SubjectKind};
use crate::fax::stage::Caller;
use crate::reports::{Circumstances, Filing, ReportedFax, Reporter, sealed};
use crate::time::Timestamp;
use crate::wire::report::v1 as wire;

/// Names under which a complaint names a decision of ours: of a column, within the object `fax`, of a field of ARF.
const DECISION: [&str; 2] = ["decision_id", "decision-id"];

/// The format a complaint is said to have, for the metrics before it is read.
#[must_use]
pub const fn format_name(format: wire::ComplaintFormat) -> &'static str {
    match format {
        wire::ComplaintFormat::Arf => Format::Arf.name(),
        wire::ComplaintFormat::Xarf => "xarf",
        wire::ComplaintFormat::Unspecified => "none",
    }
}

/// Reads a complaint.
///
/// # Errors
/// [`InvalidRequest`] with every fault of the request, or every fault of the complaint by its place in it.
pub fn filing(
    request: &wire::FileComplaintRequest,
    wall: &Wall<'_>,
) -> Result<(Filing, Format), InvalidRequest> {
    let wire::FileComplaintRequest { request_id, format, report, reporter_contact, event_time } =
        request;
    let mut faults = Faults::default();
    let request_id = faults.keep("request_id", read::optional_id(request_id));
    let time = wall.time(&mut faults, event_time.as_ref());
    let read = match wire::ComplaintFormat::try_from(*format) {
        Ok(wire::ComplaintFormat::Arf) => Some(arf::read(report, wall.now)),
        Ok(wire::ComplaintFormat::Xarf) => Some(xarf::read(report, wall.now)),
        Ok(wire::ComplaintFormat::Unspecified) | Err(_) => {
            faults.add("format", InvalidField::UnknownValue { value: *format });
            None
        }
    };
    let complaint = read.and_then(|read| match read {
        Ok(complaint) => Some(complaint),
        Err(found) => {
            told(&mut faults, &found);
            None
        }
    });
    let contact = match (reporter_contact.as_str(), &complaint) {
        ("", Some(complaint)) => own_contact(complaint),
        (given, _) => given,
    };
    // Where the complaint cannot be read, who hands it in is not known either, and no fault of its own.
    let who = match (contact, &complaint) {
        ("", None) => None,
        _ => faults.keep("reporter_contact", outsider(contact, wall)),
    };
    let filing = complaint.as_ref().and_then(|complaint| {
        let id = match request_id.flatten() {
            Some(id) => [&b"complaint\0"[..], id.as_bytes()].concat(),
            None => [&b"bytes\0"[..], report].concat(),
        };
        let id = wall.keys.pseudonym(SubjectKind::Reporter, &id);
        let who = who.unwrap_or((Reporter::Outsider(id), ""));
        let time = time.unwrap_or(wall.now);
        Some((reported(&mut faults, complaint, (who, id, time), wall)?, complaint.format))
    });
    faults.finish(filing)
}

/// Who hands a complaint in, as it says itself.
fn own_contact(complaint: &Complaint) -> &str {
    let of = &complaint.reporter;
    of.contact.as_ref().or(of.organisation.as_ref()).map_or("", Written::as_written)
}

/// Whose rows a file has, and when they are filed.
#[derive(Clone, Debug)]
pub struct Importer {
    who: Reporter,
    contact: Box<str>,
    time: Timestamp,
    /// The file.
    pub table: Table,
}

/// Reads what the first message of an import says.
///
/// # Errors
/// [`InvalidRequest`].
pub fn importer(
    request: &wire::ImportComplaintsRequest,
    wall: &Wall<'_>,
) -> Result<Importer, InvalidRequest> {
    let wire::ImportComplaintsRequest { format, importer, event_time, chunk: _ } = request;
    let mut faults = Faults::default();
    let table = faults.keep(
        "format",
        match wire::ComplaintFileFormat::try_from(*format) {
            Ok(wire::ComplaintFileFormat::Csv) => Ok(Table::Csv),
            Ok(wire::ComplaintFileFormat::Jsonl) => Ok(Table::Jsonl),
            Ok(wire::ComplaintFileFormat::Unspecified) | Err(_) => {
                Err(InvalidField::UnknownValue { value: *format })
            }
        },
    );
    let who = faults.keep("importer", outsider(importer, wall));
    let time = wall.time(&mut faults, event_time.as_ref());
    faults.finish((|| {
        let (who, contact) = who?;
        Some(Importer { who, contact: contact.into(), time: time?, table: table? })
    })())
}

impl Importer {
    /// The bytes an importer is limited by.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.contact.as_bytes()
    }

    /// The report that a row is.
    ///
    /// # Errors
    /// [`InvalidRequest`] with every field at fault.
    pub fn filing(&self, complaint: &Complaint, wall: &Wall<'_>) -> Result<Filing, InvalidRequest> {
        let mut faults = Faults::default();
        let id = [b"row\0", bulk::canonical(complaint).as_bytes()].concat();
        let id = wall.keys.pseudonym(SubjectKind::Reporter, &id);
        let who = (self.who, &*self.contact);
        let filing = reported(&mut faults, complaint, (who, id, self.time), wall);
        faults.finish(filing)
    }
}

/// The bytes of a part of a file.
///
/// # Errors
/// [`InvalidRequest`]: there are too many.
pub fn part(chunk: &[u8]) -> Result<&[u8], InvalidRequest> {
    let mut faults = Faults::default();
    let (bytes, most) = (chunk.len(), bounds::SCREENING_MESSAGE_BYTES_MAX);
    if bytes > most {
        faults.add("chunk", InvalidField::TooManyBytes { bytes, most });
    }
    faults.finish(Some(chunk))
}

/// Faults of a file as a whole.
#[must_use]
pub fn refused(found: &complaint::Faults) -> InvalidRequest {
    let mut faults = Faults::default();
    told(&mut faults, found);
    match faults.finish(None::<()>) {
        Ok(()) => InvalidRequest::default(),
        Err(invalid) => invalid,
    }
}

/// A row that was refused, for the wire.
#[must_use]
pub fn faulty(number: usize, line: u64, invalid: &InvalidRequest) -> wire::FaultyComplaint {
    let fault = |fault: &super::FieldFault| wire::ComplaintFault {
        path: fault.path().into(),
        fault: fault.cause().to_string(),
    };
    wire::FaultyComplaint {
        row: u64::try_from(number).unwrap_or(u64::MAX),
        line,
        faults: invalid.faults().iter().map(fault).collect(),
    }
}

/// A row that names a decision of which nothing can be reported.
#[must_use]
pub fn of_no_fax(number: usize, line: u64, sentence: String) -> wire::FaultyComplaint {
    let faults = vec![wire::ComplaintFault { path: DECISION[0].into(), fault: sentence }];
    wire::FaultyComplaint { row: u64::try_from(number).unwrap_or(u64::MAX), line, faults }
}

fn told(faults: &mut Faults, found: &complaint::Faults) {
    for fault in found.list() {
        faults.add_at(fault.path.clone(), InvalidField::Complaint(fault.cause));
    }
    if found.more() > 0 {
        faults.add("report", InvalidField::More { count: found.more() });
    }
}

type Whose<'a> = ((Reporter, &'a str), Pseudonym, Timestamp);

fn reported(
    faults: &mut Faults,
    complaint: &Complaint,
    ((who, contact), id, time): Whose<'_>,
    wall: &Wall<'_>,
) -> Option<Filing> {
    let fax = which(faults, complaint, wall);
    let category = complaint.category.or_else(|| {
        faults.add_at(place(complaint, "category").into(), InvalidField::NoFax);
        None
    });
    let form = answers(complaint);
    if form.as_ref().is_some_and(|form| form.len() > bounds::COMPLAINT_FORM_BYTES_MAX) {
        let (bytes, most) = (form.as_ref().map_or(0, Vec::len), bounds::COMPLAINT_FORM_BYTES_MAX);
        faults.add_at(place(complaint, "form").into(), InvalidField::TooManyBytes { bytes, most });
        return None;
    }
    let request = wall.keys.pair(who.pseudonym(), id).hot();
    let seal = |what: &str, text: &[u8]| wall.keys.seal(what, request, text);
    let words = complaint.description.as_ref().map_or("", Written::as_written);
    Some(Filing {
        request,
        reporter: who,
        contact: seal(sealed::CONTACT, contact.as_bytes()),
        fax: fax?,
        category: category?,
        kind: complaint.abuse.map_or(AbuseKind::Unsaid, kind),
        comment: if words.is_empty() {
            Box::default()
        } else {
            seal(sealed::COMMENT, words.as_bytes())
        },
        form: form.map(|form| seal(sealed::FORM, &form)).unwrap_or_default(),
        circumstances: Circumstances {
            ties: Ties { text: text_tie(words, wall), ..Ties::default() },
            automated: matches!(complaint.format, Format::Arf | Format::Xarf3 | Format::Xarf4),
            ..Circumstances::default()
        },
        time,
    })
}

/// The fax: the decision that is named, or what is said of it.
fn which(faults: &mut Faults, complaint: &Complaint, wall: &Wall<'_>) -> Option<ReportedFax> {
    if let Some(named) = decision(complaint) {
        let read = read::decision(named).map(ReportedFax::Decision);
        return faults.keep(DECISION[0], read);
    }
    let called = complaint.called.as_ref().map_or("", Written::as_written);
    let called = match wall.written_number(called) {
        Ok(called) => Some(called),
        Err(cause) => {
            faults.add_at(place(complaint, "called").into(), cause);
            None
        }
    };
    let caller = complaint.caller.as_ref().map(|caller| wall.caller(caller.as_written()));
    let about = complaint.call_at.or(complaint.incident_at);
    Some(ReportedFax::Described {
        called: called?,
        caller: caller.unwrap_or(Caller::Withheld),
        about,
    })
}

/// A decision of ours that the complaint names.
fn decision(complaint: &Complaint) -> Option<&str> {
    let kept = complaint.extra.fields();
    let of = |fields: &'_ serde_json::Map<String, serde_json::Value>, name: &str| {
        fields.get(name).is_some_and(serde_json::Value::is_string)
    };
    let within = kept.get("fax").and_then(serde_json::Value::as_object);
    let fields = if within.is_some_and(|fax| of(fax, DECISION[0])) { within? } else { kept };
    DECISION.into_iter().find_map(|name| fields.get(name)?.as_str())
}

/// Where a complaint of that format has a field.
fn place(complaint: &Complaint, field: &'static str) -> &'static str {
    match (complaint.format, field) {
        (Format::Xarf4 | Format::Xarf3, "called") => "$.fax.called",
        (Format::Xarf4 | Format::Xarf3, "category") => "$.type",
        (Format::Xarf4 | Format::Xarf3, "form") => "$.fax.form_1088a",
        (Format::Arf, "called") => "Fax-Called",
        (Format::Arf, "category") => "Feedback-Type",
        _ => field,
    }
}

const fn kind(abuse: Abuse) -> AbuseKind {
    match abuse {
        Abuse::Fraud => AbuseKind::Fraud,
        Abuse::Harassment => AbuseKind::Harassment,
        Abuse::Flooding => AbuseKind::Flooding,
        Abuse::HijackedAccount => AbuseKind::HijackedAccount,
    }
}

/// The answers of FCC form 1088A as they are kept; none where the complaint gives none. With them go the number and the
/// time that the complaint itself names, which the form asks for.
fn answers(complaint: &Complaint) -> Option<Vec<u8>> {
    if complaint.form == Form1088a::default() {
        return None;
    }
    let Form1088a {
        consumer,
        received_on,
        line,
        received_at,
        page,
        advertised,
        identifiers,
        prior_permission,
        established_relationship,
        opt_out,
        do_not_fax_asked,
    } = &complaint.form;
    let text = |text: &Option<Written>| {
        text.as_ref().map(|text| text.as_written().to_owned()).unwrap_or_default()
    };
    let lists = [
        &identifiers.numbers,
        &identifiers.addresses,
        &identifiers.emails,
        &identifiers.web_sites,
        &identifiers.business_names,
    ];
    let caller = complaint.caller.iter().filter(|_| identifiers.numbers.is_empty());
    let named = caller.chain(lists.into_iter().flatten());
    let received = received_at.or(complaint.call_at).or(complaint.incident_at);
    let form = wire::JunkFaxForm {
        name: text(&consumer.name),
        company: text(&consumer.company),
        postal_address: text(&consumer.address),
        telephone_number: text(&consumer.phone),
        line_kind: line.map_or(wire::LineKind::Unspecified, line_kind).into(),
        shows_date: answer(page.date),
        shows_sender_name: answer(page.sender_name),
        shows_sender_number: answer(page.sender_number),
        advertises: answer(advertised.as_ref().map(|_| true)),
        advertised: text(advertised),
        identifiers: named.map(|one| one.as_written().to_owned()).collect(),
        permission: answer(*prior_permission),
        business_relationship: answer(*established_relationship),
        opt_out_notice: answer(opt_out.notice),
        opt_out_free: answer(opt_out.cost_free),
        opt_out_requested: answer(opt_out.requested),
        opt_out_time: opt_out.requested_at.map(time_to_wire),
        email: text(&consumer.email),
        received_number: text(if received_on.is_some() { received_on } else { &complaint.called }),
        received_time: received.map(time_to_wire),
        do_not_fax_asked: answer(*do_not_fax_asked),
    };
    Some(form.encode_to_vec())
}

const fn line_kind(line: LineUse) -> wire::LineKind {
    match line {
        LineUse::Residential => wire::LineKind::Residential,
        LineUse::Business => wire::LineKind::Business,
    }
}

fn answer(said: Option<bool>) -> i32 {
    let answer = match said {
        None => wire::Answer::Unspecified,
        Some(true) => wire::Answer::Yes,
        Some(false) => wire::Answer::No,
    };
    answer.into()
}
