//! Reports: what anybody may file, checked whole, and the receipt they get.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::read;
use super::read::time_to_wire;
use super::wall::Wall;
use std::net::IpAddr;

use prost::Message;
use zeroize::Zeroizing;

use crate::bounds;
use crate::casework::{AbuseKind, ReportCategory, Ties};
use crate::fax::id::{ReportId, SubjectKind};
use crate::reports::{Circumstances, Filing, Receipt, ReportedFax, Reporter, sealed};
use crate::wire::report::v1 as wire;
use wire::file_report_request::Fax;
use wire::reporter::Identity;

/// Reads a report.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault.
pub fn filing(
    request: &wire::FileReportRequest,
    wall: &Wall<'_>,
) -> Result<Filing, InvalidRequest> {
    let wire::FileReportRequest {
        request_id,
        reporter,
        category,
        comment,
        event_time,
        context,
        abuse_kind,
        form,
        fax,
    } = request;
    let mut faults = Faults::default();
    let request_id = faults.keep("request_id", read::id(request_id));
    let reporter = who(&mut faults, reporter.as_ref(), wall);
    let fax = which(&mut faults, fax.as_ref(), wall);
    let category = faults.keep("category", category_of(*category));
    if comment.len() > bounds::COMMENT_BYTES_MAX {
        let (bytes, most) = (comment.len(), bounds::COMMENT_BYTES_MAX);
        faults.add("comment", InvalidField::TooLong { bytes, most });
    }
    let time = wall.time(&mut faults, event_time.as_ref());
    let kind = faults.keep("abuse_kind", kind_of(*abuse_kind));
    faults.enter("context.");
    let circumstances = circumstances(&mut faults, context.as_ref(), (comment, wall));
    faults.enter("form.");
    let form = form.as_ref().map(|form| answers(&mut faults, form));
    faults.enter("");
    let built = (|| {
        let (who, name) = reporter?;
        let request = request_key(wall, &who, request_id?);
        let seal = |what: &str, text: &[u8]| wall.keys.seal(what, request, text);
        let comment = (!comment.is_empty()).then(|| seal(sealed::COMMENT, comment.as_bytes()));
        Some(Filing {
            request,
            reporter: who,
            contact: seal(sealed::CONTACT, name.as_bytes()),
            fax: fax?,
            category: category?,
            kind: kind?,
            comment: comment.unwrap_or_default(),
            form: form.map(|form| seal(sealed::FORM, &form)).unwrap_or_default(),
            circumstances,
            time: time?,
        })
    })();
    faults.finish(built)
}

/// The bytes a reporter is limited by, before anything else of the request is read.
#[must_use]
pub fn reporter_bytes(request: &wire::FileReportRequest) -> &[u8] {
    name_bytes(request.reporter.as_ref())
}

/// The bytes that whoever files something is limited by.
#[must_use]
pub fn name_bytes(reporter: Option<&wire::Reporter>) -> &[u8] {
    match reporter.and_then(|reporter| reporter.identity.as_ref()) {
        Some(Identity::MemberId(name) | Identity::OutsiderContact(name)) => name.as_bytes(),
        None => &[],
    }
}

fn request_key(wall: &Wall<'_>, reporter: &Reporter, request: &str) -> u64 {
    let (Reporter::Member(who) | Reporter::Outsider(who)) = reporter;
    let request = wall.name(SubjectKind::Reporter, request);
    wall.keys.pair(*who, request).hot()
}

/// Who it is, and the name that was given.
pub(super) fn who<'a>(
    faults: &mut Faults,
    sent: Option<&'a wire::Reporter>,
    wall: &Wall<'_>,
) -> Option<(Reporter, &'a str)> {
    match sent.and_then(|wire::Reporter { identity }| identity.as_ref()) {
        Some(Identity::MemberId(name)) => {
            let name = faults.keep("reporter.member_id", read::id(name))?;
            Some((Reporter::Member(wall.name(SubjectKind::Member, name)), name))
        }
        Some(Identity::OutsiderContact(contact)) => {
            faults.keep("reporter.outsider_contact", outsider(contact, wall))
        }
        None => {
            faults.add("reporter", InvalidField::Absent);
            None
        }
    }
}

/// Whoever is no member, by an address or a name.
pub(super) fn outsider<'a>(
    contact: &'a str,
    wall: &Wall<'_>,
) -> Result<(Reporter, &'a str), InvalidField> {
    let contact = match contact.trim() {
        "" => return Err(InvalidField::Absent),
        contact => read::name(contact, bounds::TEXT_BYTES_MAX)?,
    };
    let folded = contact.to_lowercase();
    Ok((Reporter::Outsider(wall.name(SubjectKind::Reporter, &folded)), contact))
}

fn which(faults: &mut Faults, sent: Option<&Fax>, wall: &Wall<'_>) -> Option<ReportedFax> {
    match sent {
        Some(Fax::DecisionId(text)) => {
            faults.keep("decision_id", read::decision(text)).map(ReportedFax::Decision)
        }
        Some(Fax::NodeFax(text)) => {
            let parts = text.split_once('/').unwrap_or(("", ""));
            let node = faults.keep("node_fax", read::id(parts.0))?;
            let fax = faults.keep("node_fax", read::id(parts.1))?;
            Some(ReportedFax::Decision(wall.keys.decision_id(node, fax)))
        }
        Some(Fax::Description(sent)) => {
            faults.enter("description.");
            let read = described(faults, sent, wall);
            faults.enter("");
            read
        }
        None => {
            faults.add("fax", InvalidField::Absent);
            None
        }
    }
}

fn described(
    faults: &mut Faults,
    sent: &wire::FaxDescription,
    wall: &Wall<'_>,
) -> Option<ReportedFax> {
    let wire::FaxDescription { called_number, caller_number, received_time } = sent;
    let called = faults.keep("called_number", wall.required_number(called_number));
    let caller = wall.caller(caller_number);
    let about = faults.keep("received_time", read::time(received_time.as_ref()));
    Some(ReportedFax::Described { called: called?, caller, about: about? })
}

fn kind_of(value: i32) -> Result<AbuseKind, InvalidField> {
    let code =
        wire::AbuseKind::try_from(value).ok().and_then(|kind| u8::try_from(kind as i32).ok());
    code.and_then(AbuseKind::from_code).ok_or(InvalidField::UnknownValue { value })
}

/// What the endpoint knows: texts and addresses become keyed hashes here.
fn circumstances(
    faults: &mut Faults,
    sent: Option<&wire::ReporterContext>,
    (comment, wall): (&str, &Wall<'_>),
) -> Circumstances {
    let text = text_tie(comment, wall);
    let Some(sent) = sent else {
        let ties = Ties { text, ..Ties::default() };
        return Circumstances { ties, ..Circumstances::default() };
    };
    let wire::ReporterContext {
        account_created_time,
        organisation,
        payer,
        address,
        language,
        automated,
    } = sent;
    let created = faults.keep("account_created_time", read::time(account_created_time.as_ref()));
    let mut named = |path: &'static str, name: &str| {
        let name = faults.keep(path, read::name(name, bounds::TEXT_BYTES_MAX)).unwrap_or("");
        if name.is_empty() { 0 } else { tie(wall, path, name) }
    };
    let (organisation, payer) = (named("organisation", organisation), named("payer", payer));
    let network = faults.keep("address", network_of(address)).flatten();
    let language = faults.keep("language", read::name(language, LANGUAGE_BYTES_MAX));
    Circumstances {
        ties: Ties {
            organisation,
            payer,
            network: network.map_or(0, |network| tie(wall, "network", &network)),
            text,
            cohort: 0,
        },
        created: created.flatten(),
        language: language.unwrap_or("").into(),
        automated: *automated,
        many: false,
    }
}

/// What reports of the same words hang together by; 0 where anybody writes so little by chance.
pub(super) fn text_tie(comment: &str, wall: &Wall<'_>) -> u64 {
    let text = comment.trim().to_lowercase();
    if text.len() >= SAME_TEXT_BYTES { tie(wall, "text", &text) } else { 0 }
}

/// Shortest text that two reporters do not write by chance, in bytes.
const SAME_TEXT_BYTES: usize = 24;
/// Longest language tag (RFC 5646 section 4.4.1 asks for 35 at least).
const LANGUAGE_BYTES_MAX: usize = 35;

fn tie(wall: &Wall<'_>, what: &str, text: &str) -> u64 {
    wall.name(SubjectKind::Reporter, &format!("{what}\u{0}{text}")).hot()
}

/// The network of an address: its /24 or its /56, which is what one subscriber has.
fn network_of(text: &str) -> Result<Option<String>, InvalidField> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse() {
        Ok(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            Ok(Some(format!("{a}.{b}.{c}")))
        }
        Ok(IpAddr::V6(address)) => {
            let bits = u128::from(address) >> 72;
            Ok(Some(format!("{bits:x}")))
        }
        Err(_) => Err(InvalidField::NotAnAddress),
    }
}

/// Checks the answers of the form, and gives their bytes as they are kept.
fn answers(faults: &mut Faults, form: &wire::JunkFaxForm) -> Vec<u8> {
    let short = [
        ("name", &form.name),
        ("company", &form.company),
        ("telephone_number", &form.telephone_number),
        ("email", &form.email),
        ("received_number", &form.received_number),
    ];
    let long = [("postal_address", &form.postal_address), ("advertised", &form.advertised)];
    for (path, text) in short {
        faults.keep(path, within(text, bounds::TEXT_BYTES_MAX));
    }
    for (path, text) in long {
        faults.keep(path, within(text, bounds::COMMENT_BYTES_MAX));
    }
    if form.identifiers.len() > IDENTIFIERS_MAX {
        let (bytes, most) = (form.identifiers.len(), IDENTIFIERS_MAX);
        faults.add("identifiers", InvalidField::TooLong { bytes, most });
    }
    for text in form.identifiers.iter().take(IDENTIFIERS_MAX) {
        faults.keep("identifiers", within(text, bounds::TEXT_BYTES_MAX));
    }
    faults.keep("opt_out_time", read::time(form.opt_out_time.as_ref()));
    faults.keep("received_time", read::time(form.received_time.as_ref()));
    form.encode_to_vec()
}

/// Most identifiers of a form.
const IDENTIFIERS_MAX: usize = 32;

const fn within(text: &str, most: usize) -> Result<(), InvalidField> {
    let bytes = text.len();
    if bytes > most { Err(InvalidField::TooLong { bytes, most }) } else { Ok(()) }
}

fn category_of(value: i32) -> Result<ReportCategory, InvalidField> {
    match wire::ReportCategory::try_from(value) {
        Ok(wire::ReportCategory::JunkFax) => Ok(ReportCategory::JunkFax),
        Ok(wire::ReportCategory::OtherAbuse) => Ok(ReportCategory::OtherAbuse),
        Ok(wire::ReportCategory::NotJunk) => Ok(ReportCategory::NotJunk),
        Ok(wire::ReportCategory::RemoveMe) => Ok(ReportCategory::RemoveMe),
        Ok(wire::ReportCategory::Unspecified) | Err(_) => Err(InvalidField::UnknownValue { value }),
    }
}

/// Reads the id of a report.
///
/// # Errors
/// [`InvalidRequest`].
pub fn report_id(request: &wire::GetReportRequest) -> Result<ReportId, InvalidRequest> {
    let wire::GetReportRequest { report_id } = request;
    let mut faults = Faults::default();
    let read = match ReportId::parse(report_id) {
        Some(report) => Ok(report),
        None if report_id.is_empty() => Err(InvalidField::Absent),
        None => Err(InvalidField::NotAnId),
    };
    let report = faults.keep("report_id", read);
    faults.finish(report)
}

/// A receipt for the wire.
#[must_use]
pub fn receipt(receipt: &Receipt) -> wire::FileReportResponse {
    let Receipt { report, standing, received, decision, consequence, unlisted, .. } = receipt;
    wire::FileReportResponse {
        report_id: report.to_string(),
        status: i32::from(*standing as u8),
        received_time: Some(time_to_wire(*received)),
        decision_id: decision.map(|decision| decision.to_string()).unwrap_or_default(),
        consequence: (*consequence).into(),
        not_blocked: *unlisted,
    }
}

/// A report as it stands, for the wire.
#[must_use]
pub fn standing(stands: &Receipt) -> wire::GetReportResponse {
    wire::GetReportResponse {
        receipt: Some(receipt(stands)),
        category: i32::from(stands.category as u8),
        outcome: stands.outcome.map_or(0, |(outcome, ..)| i32::from(outcome as u8)),
        outcome_reason: stands.outcome.map(|(_, why, _)| why.name().into()).unwrap_or_default(),
        decided_time: stands.outcome.map(|(.., at)| time_to_wire(at)),
        case_id: stands.case.map(|case| ReportId(case).to_string()).unwrap_or_default(),
    }
}

/// Reads who gives a copy of the fax of which report, with its bytes.
///
/// # Errors
/// [`InvalidRequest`].
pub fn attaching(
    request: wire::AttachCopyRequest,
    wall: &Wall<'_>,
) -> Result<(ReportId, Reporter, Zeroizing<Vec<u8>>), InvalidRequest> {
    let wire::AttachCopyRequest { report_id, reporter, fax } = request;
    // Wiped whatever else is wrong with it.
    let tiff = Zeroizing::new(fax.map(|fax| fax.tiff).unwrap_or_default());
    let mut faults = Faults::default();
    let report = faults.keep("report_id", ReportId::parse(&report_id).ok_or(InvalidField::NotAnId));
    let reporter = who(&mut faults, reporter.as_ref(), wall);
    let (bytes, most) = (tiff.len(), bounds::READ_FAX_BYTES_MAX);
    match bytes {
        0 => faults.add("fax.tiff", InvalidField::Absent),
        _ if bytes > most => faults.add("fax.tiff", InvalidField::TooManyBytes { bytes, most }),
        _ => {}
    }
    faults.finish((|| Some((report?, reporter?.0, tiff)))())
}

/// Reads who takes a report back, and which.
///
/// # Errors
/// [`InvalidRequest`].
pub fn retracting(
    request: &wire::RetractReportRequest,
    wall: &Wall<'_>,
) -> Result<(ReportId, Reporter), InvalidRequest> {
    let wire::RetractReportRequest { report_id, reporter } = request;
    let mut faults = Faults::default();
    let read = ReportId::parse(report_id).ok_or(InvalidField::NotAnId);
    let report = faults.keep("report_id", read);
    let reporter = who(&mut faults, reporter.as_ref(), wall);
    faults.finish((|| Some((report?, reporter?.0)))())
}

#[cfg(test)]
mod tests {
    use super::super::wall::tests::with_wall;
    use super::*;
    use crate::casework::Standing;
    use crate::time::Timestamp;

    fn request(fax: Fax) -> wire::FileReportRequest {
        wire::FileReportRequest {
            request_id: "r-1".into(),
            reporter: Some(wire::Reporter { identity: Some(Identity::MemberId("m-1".into())) }),
            category: 1,
            comment: "\u{0}$(anything)\r\n".into(),
            event_time: None,
            fax: Some(fax),
            ..Default::default()
        }
    }

    #[test]
    fn a_fax_is_named_in_three_ways() {
        let described = Fax::Description(wire::FaxDescription {
            called_number: "800 555 0199".into(),
            caller_number: "no number".into(),
            received_time: None,
        });
        with_wall(|wall| {
            let decision = wall.keys.decision_id("gw/1", "x").to_string();
            let by_id = filing(&request(Fax::DecisionId(decision)), wall).unwrap();
            assert!(matches!(by_id.fax, ReportedFax::Decision(_)));
            let by_node = filing(&request(Fax::NodeFax("gw-1/call/7".into())), wall).unwrap();
            let expected = wall.keys.decision_id("gw-1", "call/7");
            assert_eq!(by_node.fax, ReportedFax::Decision(expected));
            let by_number = filing(&request(described.clone()), wall).unwrap();
            assert!(matches!(by_number.fax, ReportedFax::Described { about: None, .. }));
            assert_eq!(by_id.request, by_number.request);
            let outsider = Identity::OutsiderContact(" Clinic@Example.NET ".into());
            let other = wire::Reporter { identity: Some(outsider) };
            let other = wire::FileReportRequest { reporter: Some(other), ..request(described) };
            assert_ne!(filing(&other, wall).unwrap().request, by_number.request);
        });
    }

    #[test]
    fn every_fault_of_a_report_is_found() {
        let empty = wire::FileReportRequest::default();
        let told = with_wall(|wall| filing(&empty, wall)).unwrap_err();
        let paths: Vec<&str> = told.faults().iter().map(super::super::FieldFault::path).collect();
        assert_eq!(paths, ["request_id", "reporter", "fax", "category"]);
        let mut bad = request(Fax::NodeFax("no slash".into()));
        bad.comment = "x".repeat(1_001);
        bad.category = 9;
        bad.reporter = Some(wire::Reporter { identity: Some(Identity::MemberId("\n".into())) });
        assert_eq!(with_wall(|wall| filing(&bad, wall)).unwrap_err().faults().len(), 4);
        assert!(report_id(&wire::GetReportRequest { report_id: "xyz".into() }).is_err());
    }

    #[test]
    fn standings_and_categories_keep_their_codes() {
        for (standing, sent) in [
            (Standing::Counted, wire::ReportStatus::Counted),
            (Standing::Duplicate, wire::ReportStatus::Duplicate),
            (Standing::Unverified, wire::ReportStatus::Unverified),
        ] {
            let told = receipt(&Receipt {
                report: ReportId([1; 16]),
                standing,
                category: ReportCategory::RemoveMe,
                received: Timestamp::from_seconds(1),
                decision: None,
                consequence: "it counts",
                unlisted: false,
                case: None,
                outcome: None,
            });
            assert_eq!(told.status(), sent);
        }
        for value in 1..=4 {
            assert_eq!(category_of(value).map(|read| read as i32), Ok(value));
        }
    }
}
