//! What leaves the desk: a report of a case in the formats of others, and statements of reasons as a table.
//!
//! The desk knows pseudonyms and no number. To a partner they go as tokens under the partner's key, so that nothing that
//! was kept here leaves as it is; FCC form 1088A carries what the reporter gave, and nothing else.

use prost::Message;

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::read;
use super::wall::Wall;
use crate::api::status::Failure;
use crate::bounds;
use crate::casework::{AbuseKind, CaseKey, MeasureRow};
use crate::complaint::export::{self, SafeCsv};
use crate::complaint::redaction::Redaction;
use crate::complaint::{
    Abuse, Complaint, Consumer, Direction, Form1088a, Format, Identifiers, LineUse, OptOut,
    Outgoing, PageShows, Party, Unsendable, Written, arf, xarf,
};
use crate::fax::id::{Pseudonym, ReportId, SubjectKind as NameKind};
use crate::measures::{MeasureId, SubjectKind};
use crate::reports::{CaseReport, case_id, sealed};
use crate::time::Timestamp;
use crate::wire::desk::v1 as wire;
use crate::wire::report::v1 as report_wire;

/// Longest domain of a sender, in bytes.
const DOMAIN_BYTES_MAX: usize = 255;
/// The names of the columns of statements of reasons.
const STATEMENT: [&str; 17] = [
    "measure",
    "case",
    "about",
    "about_name",
    "kind",
    "state",
    "from",
    "until",
    "ground",
    "facts",
    "automated",
    "decided_by",
    "seconded_by",
    "appealable_until",
    "appealed",
    "appeal_outcome",
    "scope",
];

/// Who sends to whom.
struct Route<'a> {
    partner: &'a str,
    from: Party,
}

/// What is asked to be written.
pub struct Asked<'a> {
    /// The case.
    pub case: CaseKey,
    /// The report, where one is named.
    pub report: Option<ReportId>,
    format: wire::ExportFormat,
    route: Option<Route<'a>>,
}

/// Reads what is asked for.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault.
pub fn asked(request: &wire::ExportCaseRequest) -> Result<Asked<'_>, InvalidRequest> {
    let wire::ExportCaseRequest { case_id: case, report_id, format: asked, partner, sender } =
        request;
    let mut faults = Faults::default();
    let named =
        |text: &str| if text.is_empty() { InvalidField::Absent } else { InvalidField::NotAnId };
    let case = faults.keep("case_id", case_id(case).ok_or(named(case)));
    let report = match report_id.as_str() {
        "" => Some(None),
        text => {
            faults.keep("report_id", ReportId::parse(text).ok_or(InvalidField::NotAnId)).map(Some)
        }
    };
    let format = match wire::ExportFormat::try_from(*asked) {
        Ok(wire::ExportFormat::Unspecified) | Err(_) => {
            Err(InvalidField::UnknownValue { value: *asked })
        }
        Ok(format) => Ok(format),
    };
    let format = faults.keep("format", format);
    let sent = matches!(format, Some(wire::ExportFormat::Xarf | wire::ExportFormat::Arf));
    let route = if sent {
        let partner = faults.keep("partner", read::id(partner));
        let from = party(&mut faults, sender.as_ref());
        partner.zip(from).map(|(partner, from)| Some(Route { partner, from }))
    } else {
        Some(None)
    };
    faults
        .finish((|| Some(Asked { case: case?, report: report?, format: format?, route: route? }))())
}

fn party(faults: &mut Faults, sent: Option<&wire::ExportSender>) -> Option<Party> {
    let Some(wire::ExportSender { organisation, contact, domain }) = sent else {
        faults.add("sender", InvalidField::Absent);
        return None;
    };
    faults.enter("sender.");
    let mut text = |path, text: &str, most| {
        let read = match text {
            "" => Err(InvalidField::Absent),
            text => read::name(text, most),
        };
        let read = faults.keep(path, read)?;
        Written::of(read, most).ok()
    };
    let organisation = text("organisation", organisation, bounds::TEXT_BYTES_MAX);
    let contact = text("contact", contact, bounds::TEXT_BYTES_MAX);
    let domain = text("domain", domain, DOMAIN_BYTES_MAX);
    faults.enter("");
    let whole = organisation.is_some() && contact.is_some() && domain.is_some();
    whole.then_some(Party { organisation, contact, domain })
}

/// Writes a report as it was asked for.
///
/// # Errors
/// [`Failure::NothingToDo`] where it is no report of abuse or its sender is not known; [`Failure::Invalid`] where the sending
/// party's address or domain has not the shape of one.
pub fn write(
    asked: &Asked<'_>,
    found: &CaseReport,
    wall: &Wall<'_>,
) -> Result<wire::ExportCaseResponse, Failure> {
    let (content, media_type) = match asked.format {
        wire::ExportFormat::Xarf => {
            (sent(xarf::write, asked, found, wall)?, "application/xarf+json")
        }
        wire::ExportFormat::Arf => (sent(arf::write, asked, found, wall)?, "message/rfc822"),
        wire::ExportFormat::Fcc1088aText => {
            (export::form_1088a_text(&answered(found, wall)), "text/plain; charset=utf-8")
        }
        wire::ExportFormat::Fcc1088aCsv => {
            (export::form_1088a_csv(&answered(found, wall)), "text/csv; charset=utf-8")
        }
        wire::ExportFormat::Fcc1088aJson => {
            (export::form_1088a_json(&answered(found, wall)), "application/json")
        }
        wire::ExportFormat::Unspecified => return Err(Failure::Internal),
    };
    let report_id = found.id.to_string();
    Ok(wire::ExportCaseResponse { content, media_type: media_type.into(), report_id })
}

/// Writes a complaint in one of the formats of partners.
type Writer = for<'a> fn(&Complaint, &Outgoing<'a>) -> Result<Vec<u8>, Unsendable>;

fn sent(
    write: Writer,
    asked: &Asked<'_>,
    found: &CaseReport,
    wall: &Wall<'_>,
) -> Result<String, Failure> {
    let route = asked.route.as_ref().ok_or(Failure::Internal)?;
    let complaint = known(found);
    let key = wall.keys.partner_key(route.partner);
    // What is known are pseudonyms: none of them is a number.
    let redaction = Redaction::new(&key, &|_| None);
    let partner = wall.keys.pseudonym(NameKind::Reporter, route.partner.as_bytes());
    let outgoing = Outgoing {
        from: &route.from,
        // The same report to the same partner is the same report there.
        report: wall.keys.pair(Pseudonym(found.id.0), partner).0,
        now: wall.now,
        redaction: &redaction,
    };
    let bytes = write(&complaint, &outgoing).map_err(|fault| match fault {
        Unsendable::NoAbuse => Failure::NothingToDo { what: "report of abuse" },
        Unsendable::NoSource => Failure::NothingToDo { what: "known sender" },
        Unsendable::Unsound(faults) => Failure::Invalid(super::complaint::refused(&faults)),
    })?;
    String::from_utf8(bytes).map_err(|_| Failure::Internal)
}

/// A report as the desk knows it: pseudonyms in the place of numbers.
fn known(found: &CaseReport) -> Complaint {
    let CaseReport { case, id: _, report, fax } = found;
    let mut complaint = Complaint::empty(Format::Jsonl, report.category.name());
    let name = |who: Pseudonym| Written::of(&who.to_string(), bounds::ID_BYTES_MAX).ok();
    complaint.category = Some(report.category);
    complaint.abuse = match report.kind {
        AbuseKind::Unsaid => None,
        AbuseKind::Fraud => Some(Abuse::Fraud),
        AbuseKind::Harassment => Some(Abuse::Harassment),
        AbuseKind::Flooding => Some(Abuse::Flooding),
        AbuseKind::HijackedAccount => Some(Abuse::HijackedAccount),
    };
    complaint.incident_at = Some(report.received);
    complaint.campaign = case
        .campaign
        .and_then(|campaign| Written::of(&campaign.to_string(), bounds::ID_BYTES_MAX).ok());
    match case.subject.kind {
        SubjectKind::Ident => complaint.tsi = name(case.who),
        SubjectKind::Number | SubjectKind::Member => complaint.caller = name(case.who),
        SubjectKind::Campaign
        | SubjectKind::Trunk
        | SubjectKind::Unknown
        | SubjectKind::Block10
        | SubjectKind::Block100 => {}
    }
    if let Some(fax) = fax {
        let direction = fax.verdict.stage.direction();
        complaint.direction = Some(direction);
        complaint.called = name(fax.number);
        let caller = match direction {
            Direction::Inbound => fax.caller,
            Direction::Outbound => fax.member,
        };
        complaint.caller = caller.and_then(name).or(complaint.caller);
        let at = Timestamp::from_seconds(i64::from(fax.observation.second));
        complaint.call_at = Some(at);
    }
    complaint
}

/// A report with what its reporter gave.
fn answered(found: &CaseReport, wall: &Wall<'_>) -> Complaint {
    let report = &found.report;
    let opened = |what, text: &[u8]| wall.keys.open_text(what, report.request, text);
    let mut complaint = Complaint::empty(Format::Jsonl, report.category.name());
    complaint.category = Some(report.category);
    let form = opened(sealed::FORM, &report.form);
    let form = form.and_then(|bytes| report_wire::JunkFaxForm::decode(&bytes[..]).ok());
    complaint.form = form.map(|form| said(&form)).unwrap_or_default();
    // What is advertised is asked for by the form; where it was not said, the words of the report say it.
    if complaint.form.advertised.is_none()
        && let Some(words) = opened(sealed::COMMENT, &report.comment)
    {
        complaint.form.advertised = written(&String::from_utf8_lossy(&words));
    }
    complaint
}

fn written(text: &str) -> Option<Written> {
    (!text.is_empty()).then(|| Written::of(text, text.len()).ok()).flatten()
}

/// The answers as they were given; identifiers, which are one list where they are kept, by their looks.
fn said(form: &report_wire::JunkFaxForm) -> Form1088a {
    let truth = |answer: i32| match report_wire::Answer::try_from(answer) {
        Ok(report_wire::Answer::Yes) => Some(true),
        Ok(report_wire::Answer::No) => Some(false),
        Ok(report_wire::Answer::Unspecified) | Err(_) => None,
    };
    let time = |sent: Option<&pbjson_types::Timestamp>| read::time(sent).ok().flatten();
    let mut identifiers = Identifiers::default();
    for text in &form.identifiers {
        let list = match looks(text) {
            Looks::Number => &mut identifiers.numbers,
            Looks::Email => &mut identifiers.emails,
            Looks::Site => &mut identifiers.web_sites,
            Looks::Name => &mut identifiers.business_names,
        };
        list.extend(written(text));
    }
    Form1088a {
        consumer: Consumer {
            name: written(&form.name),
            company: written(&form.company),
            address: written(&form.postal_address),
            phone: written(&form.telephone_number),
            email: written(&form.email),
        },
        received_on: written(&form.received_number),
        line: match form.line_kind() {
            report_wire::LineKind::Residential => Some(LineUse::Residential),
            report_wire::LineKind::Business => Some(LineUse::Business),
            report_wire::LineKind::Unspecified => None,
        },
        received_at: time(form.received_time.as_ref()),
        page: PageShows {
            date: truth(form.shows_date),
            sender_name: truth(form.shows_sender_name),
            sender_number: truth(form.shows_sender_number),
        },
        advertised: written(&form.advertised),
        identifiers,
        prior_permission: truth(form.permission),
        established_relationship: truth(form.business_relationship),
        opt_out: OptOut {
            notice: truth(form.opt_out_notice),
            cost_free: truth(form.opt_out_free),
            requested: truth(form.opt_out_requested),
            requested_at: time(form.opt_out_time.as_ref()),
        },
        do_not_fax_asked: truth(form.do_not_fax_asked),
    }
}

/// What an identifier looks like.
enum Looks {
    Number,
    Email,
    Site,
    Name,
}

fn looks(text: &str) -> Looks {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let dialled = |c: char| c.is_ascii_digit() || " +-().".contains(c);
    let spaced = text.contains(char::is_whitespace);
    if digits >= 5 && text.chars().all(dialled) {
        Looks::Number
    } else if text.contains('@') && !spaced {
        Looks::Email
    } else if text.contains("://") || (text.contains('.') && !spaced && !text.ends_with('.')) {
        Looks::Site
    } else {
        Looks::Name
    }
}

/// Statements of reasons as a table, with the names of its columns where it is the first page.
#[must_use]
pub fn statements(measures: &[(MeasureId, MeasureRow)], first: bool) -> String {
    let mut table = SafeCsv::default();
    if first {
        table.row(STATEMENT);
    }
    for (id, row) in measures {
        let cells = statement(*id, row);
        table.row(cells.iter().map(String::as_str));
    }
    table.finish()
}

fn statement(id: MeasureId, row: &MeasureRow) -> [String; 17] {
    let facts: Vec<String> =
        row.facts.iter().map(|(fact, number)| format!("{}: {number}", fact.name())).collect();
    let appeal = row.appeals.last();
    let scope = match row.campaign {
        Some(campaign) => format!("campaign {campaign}"),
        None => row.subject.kind.name().to_owned(),
    };
    [
        id.to_string(),
        ReportId(row.case).to_string(),
        row.subject.kind.name().to_owned(),
        row.who.to_string(),
        row.kind.name().to_owned(),
        row.state.name().to_owned(),
        export::instant(row.imposed),
        row.until.map(export::instant).unwrap_or_default(),
        row.ground.name().to_owned(),
        facts.join("; "),
        if row.automated { "yes" } else { "no" }.to_owned(),
        row.author.to_string(),
        row.second.as_deref().unwrap_or_default().to_owned(),
        export::instant(row.appeal_until),
        appeal.map(|appeal| export::instant(appeal.filed)).unwrap_or_default(),
        appeal.map(|appeal| appeal.state.name().to_owned()).unwrap_or_default(),
        scope,
    ]
}
