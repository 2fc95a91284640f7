//! One table from what went wrong to the reason, the gRPC code and the details a caller gets. A status
//! never holds personal text, a path of this machine or another party's number: the log has the rest.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::caller::Audience;
use super::convert::InvalidRequest;
use crate::bounds;
use crate::fax::id::CampaignId;
use crate::screening::reading::Unreadable;
use crate::time::Span;
use crate::wire::error::v1::ErrorReason;
use crate::wire::screening::v1 as wire;

/// The domain of every `ErrorInfo`.
pub const DOMAIN: &str = "faxguard";

/// What went wrong, as far as a caller may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Fields at fault.
    Invalid(InvalidRequest),
    /// More elements than a message may have.
    TooLarge {
        /// How many there are.
        count: usize,
        /// The bound.
        most: usize,
    },
    /// The caller sends more than its share.
    CallerOverLimit {
        /// When to come back.
        retry_after: Span,
    },
    /// No such thing, or no longer.
    NotFound {
        /// What was asked for.
        what: &'static str,
    },
    /// The edit is based on an older version.
    StaleEtag,
    /// The thing is in a final state.
    AlreadyDecided,
    /// A policy with faults: path and sentence of each.
    PolicyRefused(Vec<(String, String)>),
    /// The change could not be made durable; nothing was changed.
    StoreUnavailable,
    /// The named fax did not reach that number.
    FaxNotReceived,
    /// Not a page token of this listing.
    InvalidPageToken,
    /// A fault of the service itself.
    Internal,
    /// The caller may not speak to this audience.
    CallerNotAllowed {
        /// The audience.
        audience: Audience,
    },
    /// As many calls are open as there may be.
    Overloaded,
    /// A message was not whole in time.
    MessageTooSlow,
    /// More is kept of messages that are not whole than may be.
    TooMuchUnfinished,
    /// The campaign is part of another.
    CampaignMerged {
        /// Of which.
        of: CampaignId,
    },
    /// The thing is in no state in which that can be done.
    NothingToDo {
        /// What is not there.
        what: &'static str,
    },
    /// The policy does not let the service read pages.
    ContentNotAllowed,
    /// No answer about the fax wants its fingerprints.
    FingerprintsNotWanted,
    /// The fax was read for that answer already.
    AlreadyRead,
    /// The file is no fax that can be read.
    UnreadableFax(Unreadable),
    /// Somebody else of the desk has the case.
    CaseTaken,
    /// The same person must not have both parts.
    SamePerson,
    /// The measure cannot be taken against that subject.
    MeasureUnfit,
    /// As many appeals of the measure as there can be wait for their decision.
    AppealPending,
}

/// The table: each reason and its gRPC code, in the order of the contract.
const CODES: [(ErrorReason, Code); 25] = [
    (ErrorReason::InvalidField, Code::InvalidArgument),
    (ErrorReason::TooLarge, Code::InvalidArgument),
    (ErrorReason::CallerOverLimit, Code::ResourceExhausted),
    (ErrorReason::NotFound, Code::NotFound),
    (ErrorReason::StaleEtag, Code::Aborted),
    (ErrorReason::AlreadyDecided, Code::FailedPrecondition),
    (ErrorReason::PolicyRefused, Code::InvalidArgument),
    (ErrorReason::StoreUnavailable, Code::Unavailable),
    (ErrorReason::FaxNotReceived, Code::FailedPrecondition),
    (ErrorReason::InvalidPageToken, Code::InvalidArgument),
    (ErrorReason::Internal, Code::Internal),
    (ErrorReason::CallerNotAllowed, Code::PermissionDenied),
    (ErrorReason::Overloaded, Code::ResourceExhausted),
    (ErrorReason::MessageTooSlow, Code::DeadlineExceeded),
    (ErrorReason::TooMuchUnfinished, Code::ResourceExhausted),
    (ErrorReason::CampaignMerged, Code::FailedPrecondition),
    (ErrorReason::NothingToDo, Code::FailedPrecondition),
    (ErrorReason::ContentNotAllowed, Code::FailedPrecondition),
    (ErrorReason::FingerprintsNotWanted, Code::FailedPrecondition),
    (ErrorReason::AlreadyRead, Code::FailedPrecondition),
    (ErrorReason::UnreadableFax, Code::InvalidArgument),
    (ErrorReason::CaseTaken, Code::FailedPrecondition),
    (ErrorReason::SamePerson, Code::FailedPrecondition),
    (ErrorReason::MeasureUnfit, Code::InvalidArgument),
    (ErrorReason::AppealPending, Code::FailedPrecondition),
];

/// After how long a caller may try again when the store is down.
const STORE_RETRY: Duration = Duration::from_secs(1);
/// The same when too many calls are open: longer than any of them takes.
const OVERLOAD_RETRY: Duration = Duration::from_millis(100);

impl Failure {
    /// The reason of the contract.
    #[must_use]
    pub const fn reason(&self) -> ErrorReason {
        match self {
            Self::Invalid(_) => ErrorReason::InvalidField,
            Self::TooLarge { .. } => ErrorReason::TooLarge,
            Self::CallerOverLimit { .. } => ErrorReason::CallerOverLimit,
            Self::NotFound { .. } => ErrorReason::NotFound,
            Self::StaleEtag => ErrorReason::StaleEtag,
            Self::AlreadyDecided => ErrorReason::AlreadyDecided,
            Self::PolicyRefused(_) => ErrorReason::PolicyRefused,
            Self::StoreUnavailable => ErrorReason::StoreUnavailable,
            Self::FaxNotReceived => ErrorReason::FaxNotReceived,
            Self::InvalidPageToken => ErrorReason::InvalidPageToken,
            Self::Internal => ErrorReason::Internal,
            Self::CallerNotAllowed { .. } => ErrorReason::CallerNotAllowed,
            Self::Overloaded => ErrorReason::Overloaded,
            Self::MessageTooSlow => ErrorReason::MessageTooSlow,
            Self::TooMuchUnfinished => ErrorReason::TooMuchUnfinished,
            Self::CampaignMerged { .. } => ErrorReason::CampaignMerged,
            Self::NothingToDo { .. } => ErrorReason::NothingToDo,
            Self::ContentNotAllowed => ErrorReason::ContentNotAllowed,
            Self::FingerprintsNotWanted => ErrorReason::FingerprintsNotWanted,
            Self::AlreadyRead => ErrorReason::AlreadyRead,
            Self::UnreadableFax(_) => ErrorReason::UnreadableFax,
            Self::CaseTaken => ErrorReason::CaseTaken,
            Self::SamePerson => ErrorReason::SamePerson,
            Self::MeasureUnfit => ErrorReason::MeasureUnfit,
            Self::AppealPending => ErrorReason::AppealPending,
        }
    }

    /// The gRPC code of the reason.
    #[must_use]
    pub fn code(&self) -> Code {
        let row = CODES.into_iter().find(|(reason, _)| *reason == self.reason());
        row.map_or(Code::Internal, |(_, code)| code)
    }

    /// The name of the reason without its prefix, as `ErrorInfo` carries it.
    #[must_use]
    pub fn reason_name(&self) -> &'static str {
        let name = self.reason().as_str_name();
        name.strip_prefix("ERROR_REASON_").unwrap_or(name)
    }

    /// One sentence on what is wrong and what to do.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Invalid(invalid) => match invalid.faults() {
                [one] => format!("field `{}` is at fault: {}", one.path(), one.cause()),
                many => format!("{} fields are at fault (the details name each)", many.len()),
            },
            Self::TooLarge { count, most } => {
                format!("message has {count} elements (send 1 to {most})")
            }
            Self::CallerOverLimit { .. } => {
                "caller sends more than its share (come back after the retry delay)".into()
            }
            Self::NotFound { what } => format!("there is no such {what}, or no longer"),
            Self::StaleEtag => "edit is based on an older version (read again)".into(),
            Self::AlreadyDecided => "the thing is already in a final state".into(),
            Self::PolicyRefused(faults) => {
                format!("policy has {} faults (the last good one stays in force)", faults.len())
            }
            Self::StoreUnavailable => {
                "change cannot be made durable now, nothing was changed (try again)".into()
            }
            Self::FaxNotReceived => {
                "the fax did not reach that number, so the report cannot be about it".into()
            }
            Self::InvalidPageToken => {
                "page token belongs to no such listing (begin again without one)".into()
            }
            Self::Internal => "service failed (its log has the cause)".into(),
            Self::CallerNotAllowed { audience } => format!(
                "caller may not use the services for `{0}` (its certificate's name belongs under `tls.{0}`)",
                audience.name()
            ),
            Self::Overloaded => {
                "service has as many calls open as it takes (let the fax through, come back after the retry delay)".into()
            }
            Self::MessageTooSlow => format!(
                "message was not whole within {} s (send it whole)",
                bounds::MESSAGE_WAIT_MS / 1_000
            ),
            Self::TooMuchUnfinished => {
                "caller has begun more messages than are kept (end those first)".into()
            }
            Self::CampaignMerged { of } => {
                format!("campaign is part of `{of}` (act on that one, or split them first)")
            }
            Self::NothingToDo { what } => format!("there is no {what}, and nothing was changed"),
            Self::ContentNotAllowed => {
                "policy does not let the service read pages (make the fingerprints at the node, or set `fingerprints.service_reads_pages`)".into()
            }
            Self::FingerprintsNotWanted => {
                "no fingerprints of that fax are wanted, or no longer (send a fax only where an answer wants them)".into()
            }
            Self::AlreadyRead => {
                "that fax was read already for the answer it stands at (bring the fingerprints that came of it)".into()
            }
            Self::UnreadableFax(why) => {
                format!("fax cannot be read: {why} (send a TIFF file of class F, coded as MH, MR or MMR)")
            }
            Self::CaseTaken => "case is somebody else's at present (take another, or wait for the end of its lease)".into(),
            Self::SamePerson => "whoever decided first must not decide this (ask a second person)".into(),
            Self::MeasureUnfit => "that measure cannot be taken against what the case is about (a sender without an account can only be blocked, a member not)".into(),
            Self::AppealPending => "as many appeals of the measure as there can be wait for their decision (appeal again should it stand)".into(),
        }
    }

    /// The status of a unary call, with its details.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut metadata = HashMap::<String, String>::new();
        if let Self::CampaignMerged { of } = self {
            metadata.insert("campaign_id".into(), of.to_string());
        }
        let mut details = ErrorDetails::with_error_info(self.reason_name(), DOMAIN, metadata);
        match self {
            Self::Invalid(invalid) => {
                let fields = invalid.faults().iter();
                details.set_bad_request(
                    fields
                        .map(|fault| FieldViolation::new(fault.path(), fault.cause().to_string()))
                        .collect::<Vec<_>>(),
                );
            }
            Self::PolicyRefused(faults) => {
                let fields = faults.iter();
                details.set_bad_request(
                    fields
                        .map(|(path, sentence)| FieldViolation::new(path, sentence))
                        .collect::<Vec<_>>(),
                );
            }
            Self::CallerOverLimit { retry_after } => {
                details.set_retry_info(Some(Duration::from_micros(retry_after.as_micros())));
            }
            Self::StoreUnavailable => {
                details.set_retry_info(Some(STORE_RETRY));
            }
            Self::Overloaded | Self::TooMuchUnfinished => {
                details.set_retry_info(Some(OVERLOAD_RETRY));
            }
            Self::TooLarge { .. }
            | Self::NotFound { .. }
            | Self::StaleEtag
            | Self::AlreadyDecided
            | Self::FaxNotReceived
            | Self::InvalidPageToken
            | Self::CallerNotAllowed { .. }
            | Self::MessageTooSlow
            | Self::CampaignMerged { .. }
            | Self::NothingToDo { .. }
            | Self::ContentNotAllowed
            | Self::FingerprintsNotWanted
            | Self::AlreadyRead
            | Self::UnreadableFax(_)
            | Self::CaseTaken
            | Self::SamePerson
            | Self::MeasureUnfit
            | Self::AppealPending
            | Self::Internal => {}
        }
        Status::with_error_details(self.code(), self.sentence(), details)
    }

    /// The same for one request of a stream.
    #[must_use]
    pub fn fault(&self, request_id: &str) -> wire::ScreenFaxFault {
        let fields = match self {
            Self::Invalid(invalid) => {
                invalid.faults().iter().map(|fault| fault.path().to_owned()).collect()
            }
            Self::PolicyRefused(_)
            | Self::CallerOverLimit { .. }
            | Self::StoreUnavailable
            | Self::TooLarge { .. }
            | Self::NotFound { .. }
            | Self::StaleEtag
            | Self::AlreadyDecided
            | Self::FaxNotReceived
            | Self::InvalidPageToken
            | Self::CallerNotAllowed { .. }
            | Self::Overloaded
            | Self::MessageTooSlow
            | Self::TooMuchUnfinished
            | Self::CampaignMerged { .. }
            | Self::NothingToDo { .. }
            | Self::ContentNotAllowed
            | Self::FingerprintsNotWanted
            | Self::AlreadyRead
            | Self::UnreadableFax(_)
            | Self::CaseTaken
            | Self::SamePerson
            | Self::MeasureUnfit
            | Self::AppealPending
            | Self::Internal => Vec::new(),
        };
        wire::ScreenFaxFault {
            request_id: request_id[..request_id.floor_char_boundary(bounds::ID_BYTES_MAX)].into(),
            code: self.code().into(),
            reason: self.reason_name().into(),
            message: self.sentence(),
            fields,
        }
    }
}

impl From<InvalidRequest> for Failure {
    fn from(invalid: InvalidRequest) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        failure.status()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::decode::Undecodable;

    fn every() -> Vec<Failure> {
        vec![
            Failure::Invalid(InvalidRequest::default()),
            Failure::TooLarge { count: 257, most: 256 },
            Failure::CallerOverLimit { retry_after: Span::millis(1_500) },
            Failure::NotFound { what: "decision" },
            Failure::StaleEtag,
            Failure::AlreadyDecided,
            Failure::PolicyRefused(vec![("signals.x".into(), "weight is absurd".into())]),
            Failure::StoreUnavailable,
            Failure::FaxNotReceived,
            Failure::InvalidPageToken,
            Failure::Internal,
            Failure::CallerNotAllowed { audience: Audience::Operator },
            Failure::Overloaded,
            Failure::MessageTooSlow,
            Failure::TooMuchUnfinished,
            Failure::CampaignMerged { of: CampaignId(7) },
            Failure::NothingToDo { what: "decision" },
            Failure::ContentNotAllowed,
            Failure::FingerprintsNotWanted,
            Failure::AlreadyRead,
            Failure::UnreadableFax(Unreadable::Page(Undecodable::NoRow)),
            Failure::CaseTaken,
            Failure::SamePerson,
            Failure::MeasureUnfit,
            Failure::AppealPending,
        ]
    }

    #[test]
    fn every_reason_of_the_contract_has_one_row() {
        let all = every();
        for code in 1..=24 {
            let reason = ErrorReason::try_from(code).unwrap();
            let failure = all.iter().find(|failure| failure.reason() == reason).unwrap();
            let status = failure.status();
            let info = status.get_error_details();
            let info = info.error_info().unwrap();
            assert_eq!(format!("ERROR_REASON_{}", info.reason), reason.as_str_name());
            assert_eq!(info.domain, DOMAIN);
            assert_eq!(status.code(), failure.code());
        }
        assert!(ErrorReason::try_from(26).is_err());
    }

    #[test]
    fn details_say_where_and_when() {
        let all = every();
        let retry =
            all[2].status().get_error_details().retry_info().and_then(|info| info.retry_delay);
        assert_eq!(retry, Some(Duration::from_millis(1_500)));
        let details = all[6].status().get_error_details();
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, "signals.x");
        let fault = all[10].fault(&"ü".repeat(60));
        assert_eq!((fault.request_id.len(), fault.code), (64, 13));
    }
}
