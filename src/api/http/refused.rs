//! What is answered where a request is not done: a status of HTTP, a reason of the contract, a sentence; the same failure says
//! the same whichever way it was asked.

use axum::http::StatusCode;
use tonic::Code;
use tonic_types::StatusExt;

use crate::api::status::{DOMAIN, Failure};
use crate::bounds;
use crate::texts::{Language, Word};

/// Seconds after which a busy service may be asked again.
const BUSY_SECONDS: u64 = 1;

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// What the engine or a conversion said.
    Failure(Failure),
    /// More bytes than are read.
    TooManyBytes {
        /// How many are.
        most: usize,
    },
    /// The body was too long on its way.
    TooSlow,
    /// No fields of a form, or no JSON of that message; where, as far as that is known.
    Unreadable {
        /// Line, from 1; 0 where it is not known.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Not a media type that is read here.
    MediaType,
    /// Sent from a page of another site.
    Foreign,
    /// A report as a member who is not signed in.
    NotSignedIn,
    /// No such page.
    Missing,
    /// The page is not asked for in that way.
    Method,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Refused {
    /// The status of HTTP (RFC 9110 section 15; of gRPC codes as google.rpc.Code maps them).
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Failure(Failure::Overloaded) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failure(failure) => of_code(failure.code()),
            Self::TooManyBytes { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Unreadable { .. } => StatusCode::BAD_REQUEST,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Foreign | Self::NotSignedIn => StatusCode::FORBIDDEN,
            Self::Missing => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// The reason of the contract, without its prefix.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Failure(failure) => failure.reason_name(),
            Self::TooManyBytes { .. } => "TOO_LARGE",
            Self::TooSlow => "MESSAGE_TOO_SLOW",
            Self::Unreadable { .. } | Self::MediaType => "INVALID_FIELD",
            Self::Foreign | Self::NotSignedIn => "CALLER_NOT_ALLOWED",
            Self::Missing | Self::Method => "NOT_FOUND",
        }
    }

    /// Whole seconds after which to come back, where that helps.
    pub(super) fn retry_seconds(&self) -> Option<u64> {
        let Self::Failure(failure) = self else { return None };
        if let Failure::CallerOverLimit { retry_after } = failure {
            return Some(retry_after.as_micros().div_ceil(1_000_000).max(1));
        }
        is_busy(failure).then_some(BUSY_SECONDS)
    }

    /// Whether the connection ends with the answer: the rest of a body that is not read would be taken for a request.
    pub(super) const fn ends_connection(&self) -> bool {
        matches!(self, Self::TooManyBytes { .. } | Self::TooSlow)
    }

    /// What a person is told.
    pub(super) fn told(&self, language: &Language) -> String {
        let key = match self {
            Self::Failure(Failure::CallerOverLimit { .. }) => {
                let seconds = Word::Count(self.retry_seconds().unwrap_or(BUSY_SECONDS));
                return language.say_with("failed-limit", &[("seconds", seconds)]);
            }
            Self::Failure(failure) if is_busy(failure) => "failed-busy",
            Self::Failure(_) => "failed-fault",
            Self::TooManyBytes { .. } => "failed-large",
            Self::TooSlow => "failed-slow",
            Self::Unreadable { .. } | Self::MediaType => "failed-unreadable",
            Self::Foreign => "failed-foreign",
            Self::NotSignedIn => "fault-sign-in",
            Self::Missing => "failed-missing",
            Self::Method => "failed-method",
        };
        language.say(key)
    }

    fn sentence(&self) -> String {
        match self {
            Self::Failure(failure) => failure.sentence(),
            Self::TooManyBytes { most } => {
                format!("body is too large (at most {most} bytes)")
            }
            Self::TooSlow => {
                let seconds = bounds::MESSAGE_WAIT_MS / 1_000;
                format!("body was not whole within {seconds} s (send it whole)")
            }
            Self::Unreadable { line: 0, .. } => "body cannot be read".into(),
            Self::Unreadable { line, column } => format!(
                "body is no JSON of that message from line {line}, column {column} on (see the contract)"
            ),
            Self::MediaType => "body is of another media type (send application/json, a complaint as message/rfc822, application/xarf+json, text/csv or application/x-ndjson)".into(),
            Self::Foreign => "request was begun on another site".into(),
            Self::NotSignedIn => "reporter is not signed in as that member".into(),
            Self::Missing => "there is no such page".into(),
            Self::Method => "page cannot be asked for by that method".into(),
        }
    }

    /// The body of an error in JSON: `google.rpc.Status` with its details, as gRPC's transcoding writes it.
    pub(super) fn json(&self) -> serde_json::Value {
        let mut details = vec![serde_json::json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": self.reason(),
            "domain": DOMAIN,
        })];
        if let Self::Failure(failure) = self
            && let Some(request) = failure.status().get_error_details().bad_request()
        {
            let fields = request.field_violations.iter();
            let fields: Vec<_> = fields
                .map(|fault| serde_json::json!({"field": fault.field, "description": fault.description}))
                .collect();
            details.push(serde_json::json!({
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": fields,
            }));
        }
        if let Some(seconds) = self.retry_seconds() {
            details.push(serde_json::json!({
                "@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retryDelay": format!("{seconds}s"),
            }));
        }
        serde_json::json!({"error": {
            "code": self.status().as_u16(),
            "status": self.code_name(),
            "message": self.sentence(),
            "details": details,
        }})
    }

    fn code_name(&self) -> &'static str {
        let code = match self {
            Self::Failure(failure) => failure.code(),
            Self::TooManyBytes { .. } | Self::Unreadable { .. } | Self::MediaType => {
                Code::InvalidArgument
            }
            Self::TooSlow => Code::DeadlineExceeded,
            Self::Foreign | Self::NotSignedIn => Code::PermissionDenied,
            Self::Missing | Self::Method => Code::NotFound,
        };
        name_of(code)
    }
}

/// Whether the same may be done when it is asked again.
fn is_busy(failure: &Failure) -> bool {
    matches!(failure.code(), Code::Unavailable | Code::ResourceExhausted)
}

/// Name and status of each code that a failure has.
const CODES: [(Code, &str, StatusCode); 10] = [
    (Code::InvalidArgument, "INVALID_ARGUMENT", StatusCode::BAD_REQUEST),
    (Code::FailedPrecondition, "FAILED_PRECONDITION", StatusCode::BAD_REQUEST),
    (Code::NotFound, "NOT_FOUND", StatusCode::NOT_FOUND),
    (Code::Aborted, "ABORTED", StatusCode::CONFLICT),
    (Code::AlreadyExists, "ALREADY_EXISTS", StatusCode::CONFLICT),
    (Code::PermissionDenied, "PERMISSION_DENIED", StatusCode::FORBIDDEN),
    (Code::ResourceExhausted, "RESOURCE_EXHAUSTED", StatusCode::TOO_MANY_REQUESTS),
    (Code::Unavailable, "UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE),
    (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", StatusCode::REQUEST_TIMEOUT),
    (Code::Internal, "INTERNAL", StatusCode::INTERNAL_SERVER_ERROR),
];

fn of_code(code: Code) -> StatusCode {
    let row = CODES.into_iter().find(|(has, ..)| *has == code);
    row.map_or(StatusCode::INTERNAL_SERVER_ERROR, |(.., status)| status)
}

fn name_of(code: Code) -> &'static str {
    CODES.into_iter().find(|(has, ..)| *has == code).map_or("INTERNAL", |(_, name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn every_refusal_has_a_status_and_a_reason_of_the_contract() {
        use crate::wire::error::v1::ErrorReason;
        for (refused, status, retry) in [
            (Failure::CallerOverLimit { retry_after: Span::millis(1_500) }.into(), 429, Some(2)),
            (Failure::StoreUnavailable.into(), 503, Some(1)),
            (Failure::Overloaded.into(), 503, Some(1)),
            (Failure::Invalid(Default::default()).into(), 400, None),
            (Failure::FaxNotReceived.into(), 400, None),
            (Failure::NotFound { what: "report" }.into(), 404, None),
            (Failure::Internal.into(), 500, None),
            (Refused::TooManyBytes { most: 7 }, 413, None),
            (Refused::TooSlow, 408, None),
            (Refused::Unreadable { line: 1, column: 2 }, 400, None),
            (Refused::MediaType, 415, None),
            (Refused::Foreign, 403, None),
            (Refused::NotSignedIn, 403, None),
            (Refused::Missing, 404, None),
            (Refused::Method, 405, None),
        ] {
            assert_eq!((refused.status().as_u16(), refused.retry_seconds()), (status, retry));
            let name = format!("ERROR_REASON_{}", refused.reason());
            assert!(ErrorReason::from_str_name(&name).is_some(), "{name}");
            let body = refused.json();
            assert_eq!(body["error"]["code"], status);
            assert_eq!(body["error"]["details"][0]["reason"], refused.reason());
        }
    }
}
