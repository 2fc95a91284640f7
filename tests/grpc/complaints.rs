//! Complaints of other systems, filed with a real engine: one at a time, as files, and what leaves of them.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::time::Duration;

use faxguard::complaint::{Category, arf, xarf};
use faxguard::time::{Clock, Timestamp, WallClock};
use faxguard::wire::desk::v1 as desk;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use super::live::Served;
use super::report;
use desk::case_service_client::CaseServiceClient;
use desk::measure_service_client::MeasureServiceClient;
use report::complaint_service_client::ComplaintServiceClient;
use report::report_service_client::ReportServiceClient;

const CALLED: &str = "+13125550100";

/// An instant of yesterday, as RFC 3339.
fn yesterday() -> String {
    let at = WallClock.now().as_seconds() - 86_400;
    faxguard::complaint::export::instant(Timestamp::from_seconds(at))
}

fn mail(fields: &str) -> Vec<u8> {
    format!(
        "From: Feedback <abuse@carrier.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=part\r\n\r\n\
         --part\r\nContent-Type: text/plain\r\n\r\nSent by night.\r\n\
         --part\r\nContent-Type: message/feedback-report\r\n\r\n\
         User-Agent: Loop/1.0\r\nVersion: 1\r\n{fields}\r\n\
         --part\r\nContent-Type: message/rfc822\r\n\r\nSubject: Offer\r\n\r\nBuy\r\n--part--\r\n"
    )
    .into_bytes()
}

fn xarf_4(id: u32, called: &str) -> Vec<u8> {
    let party =
        r#"{"org": "A carrier", "contact": "abuse@carrier.example", "domain": "carrier.example"}"#;
    format!(
        r#"{{"xarf_version": "4.2.0", "report_id": "550e8400-e29b-41d4-a716-4466554{id:05}",
        "timestamp": "{}", "reporter": {party}, "sender": {party},
        "source_identifier": "+12125550123", "category": "messaging", "type": "spam",
        "protocol": "other", "fax": {{"direction": "inbound", "called": "{called}",
        "form_1088a": {{"consumer_name": "=Ann Bee", "numbers": ["+18005550199"],
        "do_not_fax_asked": true}}}}}}"#,
        yesterday()
    )
    .into_bytes()
}

fn xarf_3() -> Vec<u8> {
    format!(
        r#"{{"Version": "3", "ReporterInfo": {{"ReporterOrg": "A carrier",
        "ReporterOrgDomain": "carrier.example", "ReporterOrgEmail": "abuse@carrier.example"}},
        "Report": {{"ReportClass": "Content", "ReportType": "Spam", "Date": "{}",
        "Source": {{"IP": "192.0.2.1"}}, "SourceIp": "192.0.2.1",
        "SourcePort": 25, "SmtpMailFromAddress": "x@y.example"}}}}"#,
        yesterday()
    )
    .into_bytes()
}

fn asked(format: report::ComplaintFormat, bytes: Vec<u8>) -> report::FileComplaintRequest {
    report::FileComplaintRequest { format: format.into(), report: bytes, ..Default::default() }
}

async fn filed(
    served: &Served,
    request: report::FileComplaintRequest,
) -> Result<report::FileReportResponse, Status> {
    let mut client = ComplaintServiceClient::new(served.channel.clone());
    let told = client.file_complaint(request).await?.into_inner();
    Ok(told.receipt.unwrap())
}

fn paths(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let fields = details.bad_request().unwrap().field_violations.iter();
    fields.map(|fault| fault.field.clone()).collect()
}

fn counted(served: &Served, format: &'static str, outcome: &'static str) -> u64 {
    let labels = [("format", format), ("outcome", outcome)];
    served.metrics.complaints.get_or_create(&labels).get()
}

async fn stands(served: &Served, report_id: &str) -> report::GetReportResponse {
    let mut client = ReportServiceClient::new(served.channel.clone());
    let asked = report::GetReportRequest { report_id: report_id.into() };
    client.get_report(asked).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_complaint_is_one_report_in_every_format() {
    use report::ComplaintFormat::{Arf, Xarf};
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    let fields =
        format!("Feedback-Type: fraud\r\nFax-Caller: tel:+12125550124\r\nFax-Called: {CALLED}\r\n");
    for (request, format, category) in [
        (asked(Arf, mail(&fields)), "arf", report::ReportCategory::OtherAbuse),
        (asked(Xarf, xarf_4(1, CALLED)), "xarf-4", report::ReportCategory::JunkFax),
    ] {
        let first = filed(&served, request.clone()).await.unwrap();
        assert_eq!(first.status(), report::ReportStatus::Unverified);
        assert_eq!(filed(&served, request).await.unwrap(), first);
        let read = stands(&served, &first.report_id).await;
        assert_eq!(read.receipt.as_ref(), Some(&first));
        assert_eq!((read.category(), read.case_id.len()), (category, 32));
        assert_eq!((counted(&served, format, "filed"), counted(&served, format, "known")), (1, 1));
    }
    // The old format has no fax, and says so by the place.
    let old = filed(&served, asked(Xarf, xarf_3())).await.unwrap_err();
    assert_eq!(
        (old.code(), paths(&old)),
        (Code::InvalidArgument, vec!["$.fax.called".to_owned(), "$.type".to_owned(),])
    );
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_complaint_is_told_whole_and_nothing_of_it_is_kept() {
    use report::ComplaintFormat::{Arf, Unspecified, Xarf};
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    let no_number = mail("Feedback-Type: abuse\r\nFax-Caller: +12125550124\r\n");
    let named = mail(&format!(
        "Feedback-Type: abuse\r\nFax-Called: {CALLED}\r\nDecision-Id: {}\r\n",
        "0".repeat(32)
    ));
    for (request, code, wanted) in [
        (asked(Unspecified, Vec::new()), Code::InvalidArgument, &["format"][..]),
        (asked(Arf, no_number), Code::InvalidArgument, &["Fax-Called"]),
        (asked(Xarf, xarf_4(2, "secret")), Code::InvalidArgument, &["$.fax.called"]),
        (asked(Xarf, b"{\"xarf_version\": 7, \"secret\": 1}".to_vec()), Code::InvalidArgument, &[]),
        (asked(Arf, named), Code::NotFound, &[]),
    ] {
        let status = filed(&served, request).await.unwrap_err();
        assert_eq!(status.code(), code, "{status:?}");
        assert!(!format!("{status:?}").contains("secret"), "{status:?}");
        if code == Code::InvalidArgument {
            let paths = paths(&status);
            assert!(!paths.is_empty());
            if !wanted.is_empty() {
                assert_eq!(paths, wanted);
            }
        }
    }
    assert_eq!(counted(&served, "xarf", "faulty"), 2);
    // As large as one may be, it is read; one byte more is a fault of its own.
    let mut huge = xarf_4(3, CALLED);
    huge.resize(faxguard::bounds::COMPLAINT_BYTES_MAX, b' ');
    assert!(filed(&served, asked(Xarf, huge.clone())).await.is_ok());
    huge.push(b' ');
    let status = filed(&served, asked(Xarf, huge)).await.unwrap_err();
    assert_eq!((status.code(), paths(&status)), (Code::InvalidArgument, vec!["$".to_owned()]));
    served.end().await;
}

const ROWS: u64 = 1_000;
/// Every fiftieth row is damaged.
const DAMAGED: u64 = 20;

fn table() -> Vec<u8> {
    let time = yesterday();
    let mut table = "category,incident_at,caller,called,description\n".to_owned();
    for row in 1..=ROWS {
        let (caller, called) = (format!("+1212555{:04}", row + 1_000), CALLED);
        table.push_str(&match (row % 50, row % 100) {
            (25, 25) => format!("junk_fax,{time},{caller},{called},\"never closed\n"),
            (25, _) => format!("nothing,secret,{caller},{called},x\n"),
            _ => format!("junk_fax,{time},{caller},{called},\"roofs, again\"\n"),
        });
    }
    table.into_bytes()
}

/// Sends a file in parts, and gives the last answer with all its faulty rows.
async fn imported(
    served: &Served,
    format: report::ComplaintFileFormat,
    file: &[u8],
) -> Result<report::ImportComplaintsResponse, Status> {
    let parts = file.chunks(7_001).enumerate().map(|(at, part)| report::ImportComplaintsRequest {
        format: if at == 0 { format.into() } else { 0 },
        importer: if at == 0 { "A carrier".into() } else { String::new() },
        event_time: None,
        chunk: part.to_vec(),
    });
    let parts: Vec<_> = parts.collect();
    let mut client = ComplaintServiceClient::new(served.channel.clone());
    let mut told =
        client.import_complaints(Request::new(tokio_stream::iter(parts))).await?.into_inner();
    let mut last = report::ImportComplaintsResponse::default();
    let mut faulty = Vec::new();
    while let Some(progress) = told.message().await? {
        assert!(progress.row_count >= last.row_count && !last.end);
        faulty.extend(progress.faulty.iter().cloned());
        last = progress;
    }
    Ok(report::ImportComplaintsResponse { faulty, ..last })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_thousand_rows_is_the_same_reports_twice() {
    use report::ComplaintFileFormat::{Csv, Jsonl, Unspecified};
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    let table = table();
    let first = imported(&served, Csv, &table).await.unwrap();
    assert!(first.end);
    assert_eq!((first.row_count, first.faulty_count), (ROWS, DAMAGED));
    assert_eq!((first.filed_count, first.known_count), (ROWS - DAMAGED, 0));
    assert_eq!((first.unverified_count, first.duplicate_count), (ROWS - DAMAGED, 0));
    assert_eq!(first.consumed_bytes, table.len() as u64);
    let rows: Vec<(u64, u64)> = first.faulty.iter().map(|row| (row.row, row.line)).collect();
    assert_eq!(rows, (1..=DAMAGED).map(|of| (of * 50 - 25, of * 50 - 24)).collect::<Vec<_>>());
    let of: Vec<&str> = first.faulty[1].faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(of, ["category", "incident_at"]);
    assert!(!format!("{first:?}").contains("secret"));

    let again = imported(&served, Csv, &table).await.unwrap();
    assert_eq!((again.row_count, again.faulty_count), (ROWS, DAMAGED));
    assert_eq!((again.filed_count, again.known_count), (0, ROWS - DAMAGED));
    assert_eq!(again.faulty, first.faulty);
    assert_eq!((counted(&served, "csv", "filed"), counted(&served, "csv", "faulty")), (980, 40));

    // A second word of the same sender adds nothing, and the same row twice is one.
    let line = |caller: &str, text: &str| {
        let time = yesterday();
        format!(
            "{{\"category\":\"junk_fax\",\"incident_at\":\"{time}\",\"caller\":\"{caller}\",\
             \"called\":\"{CALLED}\",\"description\":\"{text}\"}}\n"
        )
    };
    let lines = [
        line("+12125551001", "once more"),
        line("+12125559001", "new"),
        line("+12125559001", "new"),
        "{\n".to_owned(),
    ];
    let told = imported(&served, Jsonl, lines.concat().as_bytes()).await.unwrap();
    assert_eq!((told.row_count, told.filed_count, told.duplicate_count), (4, 2, 1));
    assert_eq!((told.unverified_count, told.known_count, told.faulty_count), (1, 1, 1));

    for (format, file, wanted) in
        [(Csv, &b"caller,called\n"[..], "category"), (Unspecified, b"x", "format")]
    {
        let status = imported(&served, format, file).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(paths(&status), [wanted]);
    }
    served.end().await;
}

fn export(case_id: &str, format: desk::ExportFormat, partner: &str) -> desk::ExportCaseRequest {
    desk::ExportCaseRequest {
        case_id: case_id.into(),
        report_id: String::new(),
        format: format.into(),
        partner: partner.into(),
        sender: Some(desk::ExportSender {
            organisation: "A provider".into(),
            contact: "abuse@provider.example".into(),
            domain: "provider.example".into(),
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_has_tokens_or_what_the_reporter_gave() {
    use desk::ExportFormat::{Arf, Fcc1088aCsv, Fcc1088aJson, Fcc1088aText, Xarf};
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    let bytes = xarf_4(9, CALLED);
    let receipt = filed(&served, asked(report::ComplaintFormat::Xarf, bytes)).await.unwrap();
    let case_id = stands(&served, &receipt.report_id).await.case_id;
    let mut client = CaseServiceClient::new(served.channel.clone());
    let ask = |format, partner: &str| export(&case_id, format, partner);
    let now = WallClock.now();
    let mut sources = Vec::new();
    for partner in ["upstream-1", "upstream-1", "upstream-2"] {
        let sent = client.export_case(ask(Xarf, partner)).await.unwrap().into_inner();
        let read = xarf::read(sent.content.as_bytes(), now).unwrap();
        assert_eq!(read.category, Some(Category::JunkFax));
        sources.push(read.caller.map_or(sent.content.clone(), |it| it.as_written().to_owned()));
        let mail = client.export_case(ask(Arf, partner)).await.unwrap().into_inner();
        assert!(arf::read(mail.content.as_bytes(), now).is_ok());
        for text in [&sent.content, &mail.content] {
            assert!(text.contains("redacted-") && !text.contains("2125550123"), "{text}");
            assert!(!text.contains("Ann Bee") && !text.contains("3125550100"), "{text}");
        }
        assert_eq!(sent.report_id, receipt.report_id);
    }
    assert!(sources[0] == sources[1] && sources[0] != sources[2], "{sources:?}");
    let text = client.export_case(ask(Fcc1088aText, "")).await.unwrap().into_inner().content;
    for given in ["=Ann Bee", CALLED, "+18005550199"] {
        assert!(text.contains(given), "{given}: {text}");
    }
    let csv = client.export_case(ask(Fcc1088aCsv, "")).await.unwrap().into_inner().content;
    assert!(csv.contains("'=Ann Bee") && !csv.contains(",=Ann"), "{csv}");
    let json = client.export_case(ask(Fcc1088aJson, "")).await.unwrap().into_inner();
    let json: serde_json::Value = serde_json::from_str(&json.content).unwrap();
    assert_eq!(json["do_not_fax_asked"], "yes");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_leave_is_named_and_a_decision_leaves_its_reasons() {
    use desk::ExportFormat::{Arf, Unspecified, Xarf};
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    let bytes = xarf_4(9, CALLED);
    let receipt = filed(&served, asked(report::ComplaintFormat::Xarf, bytes)).await.unwrap();
    let case_id = stands(&served, &receipt.report_id).await.case_id;
    let mut client = CaseServiceClient::new(served.channel.clone());
    let ask = |format, partner: &str| export(&case_id, format, partner);
    for (bad, wanted) in [
        (ask(Unspecified, "x"), &["format"][..]),
        (ask(Xarf, ""), &["partner"]),
        (desk::ExportCaseRequest { sender: None, ..ask(Arf, "x") }, &["sender"]),
        (desk::ExportCaseRequest::default(), &["case_id", "format"]),
    ] {
        let status = client.export_case(bad).await.unwrap_err();
        assert_eq!(paths(&status), wanted);
    }
    let none = desk::ExportCaseRequest { report_id: "0".repeat(32), ..ask(Xarf, "x") };
    assert_eq!(client.export_case(none).await.unwrap_err().code(), Code::NotFound);

    // A decision leaves its statement of reasons.
    let decide = desk::DecideCaseRequest {
        case_id: case_id.clone(),
        author: "=desk".into(),
        finding: desk::Finding::Abuse.into(),
        measure: desk::MeasureKind::Block.into(),
        note: "as reported".into(),
        ..Default::default()
    };
    let decided = client.decide_case(decide).await.unwrap().into_inner().case.unwrap();
    let mut measures = MeasureServiceClient::new(served.channel.clone());
    let (mut table, mut page_token) = (String::new(), String::new());
    loop {
        let ask = desk::ExportMeasuresRequest { page_token };
        let page = measures.export_measures(ask).await.unwrap().into_inner();
        table.push_str(&page.csv);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(table.starts_with("measure,case,about,"), "{table}");
    let proposed = decided.measure_id.is_empty();
    assert!(
        proposed || (table.contains(&decided.measure_id) && table.contains("'=desk")),
        "{table}"
    );
    served.end().await;
}
