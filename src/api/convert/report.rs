//! Reports: what anybody may file, checked whole, and the receipt they get.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::read;
use super::read::time_to_wire;
use super::wall::Wall;
use crate::bounds;
use crate::fax::id::{ReportId, SubjectKind};
use crate::reports::{Filing, Receipt, ReportCategory, ReportedFax, Reporter};
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
        fax,
        context: _,
        abuse_kind: _,
        form: _,
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
    let built = (|| {
        let reporter = reporter?;
        Some(Filing {
            request: request_key(wall, &reporter, request_id?),
            reporter,
            fax: fax?,
            category: category?,
            comment: comment.as_str().into(),
            time: time?,
        })
    })();
    faults.finish(built)
}

/// The bytes a reporter is limited by, before anything else of the request is read.
#[must_use]
pub fn reporter_bytes(request: &wire::FileReportRequest) -> &[u8] {
    match request.reporter.as_ref().and_then(|reporter| reporter.identity.as_ref()) {
        Some(Identity::MemberId(name) | Identity::OutsiderContact(name)) => name.as_bytes(),
        None => &[],
    }
}

fn request_key(wall: &Wall<'_>, reporter: &Reporter, request: &str) -> u64 {
    let (Reporter::Member(who) | Reporter::Outsider(who)) = reporter;
    let request = wall.name(SubjectKind::Reporter, request);
    wall.keys.pair(*who, request).hot()
}

fn who(faults: &mut Faults, sent: Option<&wire::Reporter>, wall: &Wall<'_>) -> Option<Reporter> {
    match sent.and_then(|wire::Reporter { identity }| identity.as_ref()) {
        Some(Identity::MemberId(name)) => {
            let name = faults.keep("reporter.member_id", read::id(name))?;
            Some(Reporter::Member(wall.name(SubjectKind::Member, name)))
        }
        Some(Identity::OutsiderContact(contact)) => {
            let read = if contact.is_empty() {
                Err(InvalidField::Absent)
            } else {
                read::name(contact, bounds::TEXT_BYTES_MAX)
            };
            let contact = faults.keep("reporter.outsider_contact", read)?;
            let folded = contact.trim().to_lowercase();
            Some(Reporter::Outsider(wall.name(SubjectKind::Reporter, &folded)))
        }
        None => {
            faults.add("reporter", InvalidField::Absent);
            None
        }
    }
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
    let Receipt { report, standing, category: _, received, decision, consequence } = receipt;
    wire::FileReportResponse {
        report_id: report.to_string(),
        status: i32::from(*standing as u8),
        received_time: Some(time_to_wire(*received)),
        decision_id: decision.map(|decision| decision.to_string()).unwrap_or_default(),
        consequence: (*consequence).into(),
    }
}

/// A report as it stands, for the wire.
#[must_use]
pub fn standing(stands: &Receipt) -> wire::GetReportResponse {
    wire::GetReportResponse {
        receipt: Some(receipt(stands)),
        category: i32::from(stands.category as u8),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::wall::tests::with_wall;
    use super::*;
    use crate::reports::Standing;
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
            });
            assert_eq!(told.status(), sent);
        }
        for value in 1..=4 {
            assert_eq!(category_of(value).map(|read| read as i32), Ok(value));
        }
    }
}
