//! The JSON of the same messages.

use serde_json::{Value, json};

use super::*;

const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

async fn filed(form: &Form, message: &Value) -> (u16, Value) {
    let answer = form.browser.send("/v1/reports", &JSON, message.to_string().as_bytes()).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

fn message() -> Value {
    json!({
        "requestId": "r-1",
        "reporter": {"memberId": "ann"},
        "description": {"calledNumber": ANN, "callerNumber": line(1)},
        "category": "REPORT_CATEGORY_JUNK_FAX",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_filed_and_read_as_json() {
    let form = Form::begin();
    let (status, receipt) = filed(&form, &message()).await;
    assert_eq!((status, &receipt["status"]), (200, &json!("REPORT_STATUS_COUNTED")));
    let again = filed(&form, &message()).await;
    assert_eq!(again.1, receipt);
    let id = receipt["reportId"].as_str().unwrap();
    let read = form.browser.get(&format!("/v1/reports/{id}"), &[]).await;
    let stands: Value = serde_json::from_str(&read.body).unwrap();
    assert_eq!((read.status, &stands["receipt"]), (200, &receipt));
    assert_eq!(stands["category"], "REPORT_CATEGORY_JUNK_FAX");
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_message_is_named() {
    let form = Form::begin();
    let (status, told) = filed(&form, &json!({"comment": "x".repeat(2_000)})).await;
    assert_eq!(status, 400);
    let error = &told["error"];
    assert_eq!((&error["code"], &error["status"]), (&json!(400), &json!("INVALID_ARGUMENT")));
    assert_eq!(error["details"][0]["reason"], "INVALID_FIELD");
    let fields: Vec<&str> = error["details"][1]["fieldViolations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["field"].as_str().unwrap())
        .collect();
    for field in ["request_id", "reporter", "fax", "category", "comment"] {
        assert!(fields.contains(&field), "{field}: {fields:?}");
    }
    for (path, status, reason) in [
        ("/v1/reports/7", 400, "INVALID_FIELD"),
        ("/v1/reports/00000000000000000000000000000000", 404, "NOT_FOUND"),
        ("/v1/nothing", 404, "NOT_FOUND"),
        ("/v1/reports", 405, "NOT_FOUND"),
    ] {
        let answer = form.browser.get(path, &[]).await;
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            (answer.status, &told["error"]["details"][0]["reason"]),
            (status, &json!(reason)),
            "{path}"
        );
    }
    let mut other = message();
    other["reporter"]["memberId"] = json!("bob");
    let (status, told) = filed(&form, &other).await;
    assert_eq!((status, &told["error"]["details"][0]["reason"]), (400, &json!("FAX_NOT_RECEIVED")));
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_is_refused_and_never_repeated() {
    let form = Form::begin();
    for (body, media, status) in [
        (r#"{"hush-hush":1}"#.to_owned(), "application/json", 400),
        ("hush-hush".into(), "application/json", 400),
        ("[".repeat(60_000), "application/json", 400),
        (message().to_string(), "text/plain", 415),
        (message().to_string(), "application/x-www-form-urlencoded", 415),
    ] {
        let answer =
            form.browser.send("/v1/reports", &[("Content-Type", media)], body.as_bytes()).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(!answer.body.contains("hush") && answer.body.contains("INVALID_FIELD"));
    }
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reports_as_a_member_who_is_not_signed_in() {
    let trust = Trust { proxies: Vec::new(), member_header: Some("x-account".parse().unwrap()) };
    let form = Form::odd(Odd { trust, ..Odd::default() });
    let (status, told) = filed(&form, &message()).await;
    assert_eq!(
        (status, &told["error"]["details"][0]["reason"]),
        (403, &json!("CALLER_NOT_ALLOWED"))
    );
    for (account, status) in [("bob", 403), ("ann", 200)] {
        let headers = [JSON[0], ("X-Account", account)];
        let answer =
            form.browser.send("/v1/reports", &headers, message().to_string().as_bytes()).await;
        assert_eq!(answer.status, status, "{account}");
    }
    form.end().await;
}
