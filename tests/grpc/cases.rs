//! The desk over the wire: from a report to a case, a measure, its notices, an appeal and the counts of it all.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails its test")]

use faxguard::wire::desk::v1 as desk;
use faxguard::wire::notice::v1 as notice;
use faxguard::wire::report::v1 as report;
use tonic::{Code, Request};

use desk::case_service_client::CaseServiceClient;
use desk::measure_service_client::MeasureServiceClient;
use notice::notice_service_client::NoticeServiceClient;
use report::appeal_service_client::AppealServiceClient;
use report::report_service_client::ReportServiceClient;

use super::live::Served;
use super::{WireStage, reason, request, wire};

/// A call to a member from the caller of these tests.
fn call(id: &str, stage: WireStage) -> wire::ScreenFaxRequest {
    let mut sent = request(&format!("{id}-request"), stage);
    sent.fax_id = id.into();
    sent.member = Some(wire::MemberFacts { member_id: "m-1".into(), ..Default::default() });
    sent
}

fn member(id: &str) -> report::Reporter {
    let identity = report::reporter::Identity::MemberId(id.into());
    report::Reporter { identity: Some(identity) }
}

async fn reported(served: &Served) -> (report::FileReportResponse, String) {
    let offered = call("c-1", WireStage::CallOffered(wire::CallOffered::default()));
    let fax = served.screen(offered).await;
    let mut reports = ReportServiceClient::new(served.channel.clone());
    let filing = report::FileReportRequest {
        request_id: "q-1".into(),
        reporter: Some(member("m-1")),
        category: report::ReportCategory::JunkFax.into(),
        fax: Some(report::file_report_request::Fax::DecisionId(fax.decision_id.clone())),
        context: Some(report::ReporterContext { language: "sv".into(), ..Default::default() }),
        ..Default::default()
    };
    let receipt = reports.file_report(filing).await.unwrap().into_inner();
    let asked = report::GetReportRequest { report_id: receipt.report_id.clone() };
    let stands = reports.get_report(asked).await.unwrap().into_inner();
    (receipt, stands.case_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_decided_told_appealed_and_undone_over_the_wire() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    let (receipt, case_id) = reported(&served).await;
    let mut cases = CaseServiceClient::new(served.channel.clone());
    let open = cases.list_cases(desk::ListCasesRequest::default()).await.unwrap().into_inner();
    assert_eq!(open.cases.len(), 1);
    assert_eq!((&open.cases[0].case_id, open.cases[0].junk_count), (&case_id, 1));

    let lease =
        |author: &str| desk::LeaseCaseRequest { case_id: String::new(), author: author.into() };
    let taken = cases.lease_case(lease("desk-1")).await.unwrap().into_inner().case.unwrap();
    assert_eq!((taken.state(), &taken.leased_by[..]), (desk::CaseState::InReview, "desk-1"));
    assert!(cases.lease_case(lease("desk-2")).await.unwrap().into_inner().case.is_none());
    let decide = |author: &str, etag: &str| desk::DecideCaseRequest {
        case_id: case_id.clone(),
        etag: etag.into(),
        author: author.into(),
        finding: desk::Finding::Abuse.into(),
        note: "as reported".into(),
        ..Default::default()
    };
    let stale = cases.decide_case(decide("desk-1", &open.cases[0].etag)).await.unwrap_err();
    assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "STALE_ETAG"));
    let other = cases.decide_case(decide("desk-2", "")).await.unwrap_err();
    assert_eq!(reason(&other), "CASE_TAKEN");
    let decided = cases.decide_case(decide("desk-1", &taken.etag)).await.unwrap().into_inner();
    let decided = decided.case.unwrap();
    assert_eq!(decided.measure(), desk::MeasureKind::Block);

    // In force at the next call of that sender, to whomever.
    let mut next = call("c-2", WireStage::CallOffered(wire::CallOffered::default()));
    next.member = Some(wire::MemberFacts { member_id: "m-9".into(), ..Default::default() });
    let verdict = served.screen(next).await.verdict.unwrap();
    assert_eq!((verdict.action(), &verdict.rule[..]), (wire::Action::RefuseCall, "measure.block"));

    told(&served, &receipt.report_id).await;
    undone(&served, &decided.measure_id).await;
    served.end().await;
}

/// The reporter is told, in its language; what is acknowledged does not come again.
async fn told(served: &Served, report_id: &str) {
    let mut notices = NoticeServiceClient::new(served.channel.clone());
    let names = notice::NameMembersRequest { member_ids: vec!["m-1".into()] };
    let name = notices.name_members(names).await.unwrap().into_inner().member_names.remove(0);
    let watching = notices.watch_notices(notice::WatchNoticesRequest {}).await.unwrap();
    let mut watching = watching.into_inner();
    let mut all: Vec<notice::Notice> = Vec::new();
    while !all.iter().any(|one| one.kind() == notice::NoticeKind::Outcome) {
        all.extend(watching.message().await.unwrap().unwrap().notices);
    }
    for one in &all {
        assert_eq!((one.about_id.as_str(), one.language.as_str()), (report_id, "sv"));
        assert!(!one.subject.is_empty() && one.text.len() > 40, "{one:?}");
        let Some(notice::recipient::Identity::MemberName(to)) =
            one.recipient.clone().and_then(|to| to.identity)
        else {
            panic!("not to a member")
        };
        assert_eq!(to, name);
    }
    let notice_ids: Vec<String> = all.iter().map(|one| one.notice_id.clone()).collect();
    let count = u32::try_from(notice_ids.len()).unwrap();
    let acknowledge = notice::AcknowledgeNoticesRequest { notice_ids };
    let taken = notices.acknowledge_notices(acknowledge).await.unwrap().into_inner();
    assert_eq!(taken.acknowledged_count, count);
    let again = notices.watch_notices(notice::WatchNoticesRequest {}).await.unwrap();
    assert!(again.into_inner().message().await.unwrap().unwrap().notices.is_empty());
}

/// The holder of the number appeals, and another person finds that right.
async fn undone(served: &Served, measure_id: &str) {
    let mut appeals = AppealServiceClient::new(served.channel.clone());
    let contact = report::reporter::Identity::OutsiderContact("sender@clinic.example".into());
    let filing = |number: &str| report::FileAppealRequest {
        measure_id: measure_id.into(),
        appellant: Some(report::Reporter { identity: Some(contact.clone()) }),
        text: "the recipient asked for these pages".into(),
        number: number.into(),
        ..Default::default()
    };
    let wrong = appeals.file_appeal(filing("+14045550999")).await.unwrap_err();
    assert_eq!(wrong.code(), Code::NotFound);
    let own = "+18005550123";
    let filed = appeals.file_appeal(filing(own)).await.unwrap().into_inner().appeal.unwrap();
    assert_eq!(filed.state(), report::AppealState::Pending);

    let mut measures = MeasureServiceClient::new(served.channel.clone());
    let waiting = desk::ListMeasuresRequest { appealed_only: true, ..Default::default() };
    let waiting = measures.list_measures(waiting).await.unwrap().into_inner().measures;
    assert_eq!(waiting[0].appeal.as_ref().unwrap().text, "the recipient asked for these pages");
    let rule = |author: &str| {
        Request::new(desk::DecideAppealRequest {
            measure_id: measure_id.into(),
            author: author.into(),
            overturn: true,
            reason: "they did".into(),
        })
    };
    let same = measures.decide_appeal(rule("desk-1")).await.unwrap_err();
    assert_eq!(reason(&same), "SAME_PERSON");
    let ruled = measures.decide_appeal(rule("desk-2")).await.unwrap().into_inner();
    assert_eq!(ruled.measure.unwrap().state(), desk::MeasureState::Overturned);
    let asked = report::GetAppealRequest { measure_id: measure_id.into() };
    let stands = appeals.get_appeal(asked).await.unwrap().into_inner().appeal.unwrap();
    assert_eq!((stands.state(), &stands.reason[..]), (report::AppealState::Overturned, "they did"));

    let mut next = call("c-3", WireStage::CallOffered(wire::CallOffered::default()));
    next.member = Some(wire::MemberFacts { member_id: "m-9".into(), ..Default::default() });
    assert_ne!(served.screen(next).await.verdict.unwrap().rule, "measure.block");
    let at = |seconds| Some(pbjson_types::Timestamp { seconds, nanos: 0 });
    let span = desk::GetTransparencyRequest { start_time: at(0), end_time: at(5_000_000_000) };
    let counted = measures.get_transparency(span).await.unwrap().into_inner();
    let few = |name: &str| counted.counts.iter().any(|count| count.name == name && count.few);
    assert!(few("reports: junk fax") && few("appeals: right"), "{:?}", counted.counts);
}
