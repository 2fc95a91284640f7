//! The JSON of the contract's own messages (proto3 JSON), for a page of the provider's own making.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::error::Category;

use super::page::respond;
use super::refused::Refused;
use crate::wire::report::v1 as wire;

const JSON: &str = "application/json";

/// Reads a report.
///
/// # Errors
/// [`Refused::MediaType`], [`Refused::Unreadable`] with the place and never with what stood there.
pub(super) fn request(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<wire::FileReportRequest, Refused> {
    // Another site's page cannot send this type without asking first, and is not allowed to when it asks.
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = sent.unwrap_or("").split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case(JSON) {
        return Err(Refused::MediaType);
    }
    serde_json::from_slice(body).map_err(|fault| match fault.classify() {
        Category::Io => Refused::Unreadable { line: 0, column: 0 },
        Category::Syntax | Category::Data | Category::Eof => {
            Refused::Unreadable { line: fault.line().max(1), column: fault.column() }
        }
    })
}

/// An answer.
pub(super) fn answer(message: &impl WireMessage) -> Response {
    match message.json() {
        Ok(body) => respond(StatusCode::OK, JSON, body),
        Err(_) => respond(StatusCode::INTERNAL_SERVER_ERROR, JSON, String::new()),
    }
}

/// An error.
pub(super) fn refuse(refused: &Refused) -> Response {
    respond(refused.status(), JSON, refused.json().to_string())
}

/// A message that can be answered with.
pub(super) trait WireMessage {
    /// Its JSON.
    fn json(&self) -> Result<String, serde_json::Error>;
}

impl WireMessage for wire::FileReportResponse {
    fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

impl WireMessage for wire::ImportComplaintsResponse {
    fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

impl WireMessage for wire::GetReportResponse {
    fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(media: &str, body: &[u8]) -> Result<wire::FileReportRequest, Refused> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, media.parse().unwrap());
        request(&headers, body)
    }

    #[test]
    fn what_is_no_report_is_told_by_its_place_alone() {
        let good = br#"{"requestId":"r","category":"REPORT_CATEGORY_JUNK_FAX"}"#;
        assert_eq!(read("application/json; charset=utf-8", good).unwrap().category, 1);
        assert_eq!(read("text/plain", good), Err(Refused::MediaType));
        assert_eq!(read("application/x-www-form-urlencoded", good), Err(Refused::MediaType));
        for bad in [
            &b""[..],
            b"{",
            b"[]",
            br#"{"secret":1}"#,
            br#"{"category":"REPORT_CATEGORY_SECRET"}"#,
            br#"{"requestId":"a","requestId":"b"}"#,
            b"{\"requestId\":\"\xff\"}",
            "[".repeat(100_000).as_bytes(),
        ] {
            let refused = read("application/json", bad).unwrap_err();
            assert!(matches!(refused, Refused::Unreadable { line: 1, .. }), "{refused:?}");
            assert!(!refused.json().to_string().to_lowercase().contains("secret"));
        }
    }
}
