//! Complaints of other systems, posted.

use serde_json::Value;

use super::*;

const BODY: &str = "--part\r\nContent-Type: text/plain\r\n\r\nSent by night.\r\n\
    --part\r\nContent-Type: message/feedback-report\r\n\r\n\
    Feedback-Type: abuse\r\nUser-Agent: Loop/1.0\r\nVersion: 1\r\nFax-Caller: +12125550123\r\n\
    Fax-Called: +13125550100\r\n\r\n\
    --part\r\nContent-Type: message/rfc822\r\n\r\nSubject: Offer\r\n\r\nBuy\r\n--part--\r\n";
const REPORT: &str = "multipart/report; report-type=feedback-report; boundary=part";

async fn posted(form: &Form, path: &str, media: &str, body: &[u8]) -> (u16, Value) {
    let answer = form.browser.send(path, &[("Content-Type", media)], body).await;
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

fn fields(told: &Value) -> Vec<&str> {
    let fields = told["error"]["details"][1]["fieldViolations"].as_array();
    fields
        .map(|all| all.iter().map(|one| one["field"].as_str().unwrap()).collect())
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_is_posted_in_each_format() {
    let form = Form::begin();
    let mail = format!(
        "From: <abuse@carrier.example>\r\nMIME-Version: 1.0\r\nContent-Type: {REPORT}\r\n\r\n{BODY}"
    );
    let party = r#"{"org": "A", "contact": "abuse@carrier.example", "domain": "carrier.example"}"#;
    let xarf = format!(
        r#"{{"xarf_version": "4.2.0", "report_id": "550e8400-e29b-41d4-a716-446655440000",
        "timestamp": "2026-03-01T14:30:25Z", "reporter": {party}, "sender": {party},
        "source_identifier": "+12125550129", "category": "messaging", "type": "spam",
        "protocol": "other", "fax": {{"called": "+13125550100"}}}}"#
    );
    for (path, media, body) in [
        ("/v1/complaints", "message/rfc822", mail.as_bytes()),
        ("/v1/complaints?reporter=carrier", REPORT, BODY.as_bytes()),
        ("/v1/complaints", "application/xarf+json", xarf.as_bytes()),
        ("/v1/complaints?format=xarf&request_id=7", "application/json", xarf.as_bytes()),
    ] {
        let (status, receipt) = posted(&form, path, media, body).await;
        assert_eq!((status, receipt["reportId"].is_string()), (200, true), "{media}: {receipt}");
        assert_eq!(posted(&form, path, media, body).await.1, receipt);
    }
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_posted_and_answered_with_its_counts() {
    let form = Form::begin();
    let head = "category,incident_at,caller,called\n";
    let row = |last: u32| format!("junk_fax,2026-03-01T14:30:25Z,+1212555{last:04},+13125550100\n");
    let table = format!("{head}{}nothing,,,\n{}", row(1_001), row(1_002));
    for (filed, known) in [("2", Value::Null), ("0", "2".into())] {
        let (status, told) =
            posted(&form, "/v1/complaints?reporter=carrier", "text/csv", table.as_bytes()).await;
        assert_eq!(
            (status, &told["rowCount"], &told["faultyCount"]),
            (200, &"3".into(), &"1".into())
        );
        assert_eq!(told["filedCount"].as_str().unwrap_or("0"), filed, "{told}");
        assert_eq!(told["knownCount"], known);
        assert_eq!((&told["faulty"][0]["row"], &told["end"]), (&"2".into(), &true.into()));
    }
    let many: String = (1_000..2_200).map(row).collect();
    let many = format!("{head}{many}");
    let (status, told) =
        posted(&form, "/v1/complaints?reporter=carrier", "text/csv", many.as_bytes()).await;
    assert_eq!(
        (status, &told["error"]["details"][0]["reason"]),
        (429, &"CALLER_OVER_LIMIT".into())
    );
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_complaint_is_refused_and_never_repeated() {
    let form = Form::begin();
    for (path, media, body, status, wanted) in [
        ("/v1/complaints", "application/json", "{}", 415, &[][..]),
        ("/v1/complaints", "text/plain", "secret", 415, &[]),
        ("/v1/complaints", "message/rfc822", "secret", 400, &["mail"]),
        ("/v1/complaints", "application/xarf+json", "secret", 400, &["$"]),
        ("/v1/complaints", REPORT, BODY, 400, &["reporter_contact"]),
        ("/v1/complaints", "text/csv", "category\n", 400, &["importer"]),
        ("/v1/complaints?reporter=a", "text/csv", "secret\n", 400, &["category"]),
    ] {
        let (code, told) = posted(&form, path, media, body.as_bytes()).await;
        assert_eq!(code, status, "{media}: {told}");
        assert!(!told.to_string().contains("secret"), "{told}");
        if media != "message/rfc822" {
            assert_eq!(fields(&told), wanted, "{media}");
        }
    }
    let huge = vec![b' '; faxguard::bounds::COMPLAINT_BYTES_MAX + 1];
    let answer =
        form.browser.send("/v1/complaints", &[("Content-Type", "message/rfc822")], &huge).await;
    assert_eq!(answer.status, 413);
    form.end().await;
}
