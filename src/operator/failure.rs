//! How a command can fail, what it says then, and the exit code that goes with it (BSD `sysexits`).

use std::io;
use std::path::PathBuf;

use thiserror::Error;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::text::{Shown, safe, sentence};
use crate::wire::error::v1::ErrorReason;

/// The command line is wrong.
pub const USAGE: u8 = 64;
/// What was read, or what was asked of the server, is malformed.
pub const DATA: u8 = 65;
/// The server cannot be reached or cannot serve now.
pub const UNREACHABLE: u8 = 69;
/// The server does not let the caller do that.
pub const NOT_ALLOWED: u8 = 77;
/// A configuration or policy has faults.
pub const CONFIGURATION: u8 = 78;
/// Anything else.
pub const OTHER: u8 = 1;

/// Why a command did not do what it was asked.
#[derive(Debug, Error)]
pub enum Failure {
    /// An argument that parsed is not what it must be.
    #[error("`{argument}` must be {expected}")]
    Argument {
        /// Name of the argument as typed.
        argument: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A file cannot be read.
    #[error("cannot read `{}` (check that it exists and may be read)", .path.display())]
    ReadFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is larger than anything this command reads.
    #[error("`{}` is larger than {limit} bytes", .path.display())]
    FileTooLarge {
        /// Which file.
        path: PathBuf,
        /// The most that is read.
        limit: u64,
    },
    /// A file as a whole is not what the command reads.
    #[error("`{}` cannot be used", .path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Lines of a file were refused; each was named when it was met.
    #[error("{count} of the file's lines or entries were refused (mend them and run it again)")]
    Refusals {
        /// How many.
        count: u64,
    },
    /// Standard output or standard error takes nothing more.
    #[error("cannot write the output")]
    Write(#[source] io::Error),
    /// What the command line calls the server is no address.
    #[error("`--server` is not an address (write it as in `http://127.0.0.1:7443`)")]
    Address(#[source] tonic::transport::Error),
    /// The files of an encrypted connection are none, or do not belong together.
    #[error(
        "an encrypted connection cannot be set up with these files (write PEM, certificate and key of one pair)"
    )]
    Encryption(#[source] tonic::transport::Error),
    /// Nobody answers there.
    #[error(
        "cannot reach the server at `{server}` (is faxguardd running there? name another with `--server`)"
    )]
    Unreachable {
        /// The address that was tried.
        server: String,
        /// Why.
        source: tonic::transport::Error,
    },
    /// The server refused.
    #[error(transparent)]
    Refused(Refusal),
    /// The server ended a stream before it had answered everything.
    #[error(
        "the server ended the stream before it had answered everything (run it again: answers repeat by request id)"
    )]
    StreamEnded,
    /// The server ended what would go on for ever.
    #[error("the server ended the watch (it is stopping, or the line is; run it again)")]
    WatchEnded,
    /// A policy has faults; each was printed.
    #[error(
        "the policy has {count} faults (POLICY_REFUSED: mend them; the generation in force stays)"
    )]
    PolicyFaults {
        /// How many.
        count: usize,
    },
    /// A measurement could not be taken.
    #[error("the measurement could not be taken")]
    Measure(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The parts of this build do not do that.
    #[error("{what} is not part of this build")]
    NotBuilt {
        /// What was asked for.
        what: &'static str,
    },
    /// The system gives no runtime or no random bytes.
    #[error("the system does not provide what the tool needs")]
    System(#[source] io::Error),
}

/// What the server said when it refused.
#[derive(Debug, Error)]
#[error("{message} ({reason}: {remedy})")]
pub struct Refusal {
    message: String,
    reason: String,
    remedy: &'static str,
    exit: u8,
}

impl Failure {
    /// The exit code that says so.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Argument { .. } | Self::Address(_) | Self::Encryption(_) => USAGE,
            Self::ReadFile { .. }
            | Self::FileTooLarge { .. }
            | Self::Content { .. }
            | Self::Refusals { .. } => DATA,
            // Whoever reads a pipe may stop when it has seen enough.
            Self::Write(fault) if fault.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Write(_) | Self::Measure(_) | Self::NotBuilt { .. } | Self::System(_) => OTHER,
            Self::Unreachable { .. } | Self::StreamEnded | Self::WatchEnded => UNREACHABLE,
            Self::Refused(refusal) => refusal.exit,
            Self::PolicyFaults { .. } => CONFIGURATION,
        }
    }

    /// The sentence for standard error: what failed, then why, innermost last.
    #[must_use]
    pub fn sentence(&self, shown: Shown) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            let inner_text = inner.to_string();
            // Some libraries repeat the cause in their own words and then give it again.
            if !text.ends_with(&inner_text) {
                text.push_str(": ");
                text.push_str(&inner_text);
            }
            cause = inner.source();
        }
        // Only what the server says can hold a number; paths and examples of ours stay readable.
        if matches!(self, Self::Refused(_)) {
            sentence(&text, shown)
        } else {
            safe(&text).into_owned()
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Refused(Refusal::of(&status))
    }
}

impl Refusal {
    /// Reads the reason and the fields at fault out of a status.
    fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let reason = details
            .error_info()
            .and_then(|info| ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason)));
        let mut message = match status.message() {
            "" => "the server refused".to_owned(),
            message => message.to_owned(),
        };
        for violation in details.bad_request().iter().flat_map(|bad| &bad.field_violations) {
            message.push_str("; `");
            message.push_str(&violation.field);
            message.push_str("`: ");
            message.push_str(&violation.description);
        }
        if let Some(delay) = details.retry_info().and_then(|info| info.retry_delay) {
            message.push_str(&format!("; again in {} s", delay.as_secs_f64().ceil()));
        }
        match reason {
            Some(reason) => Self {
                message,
                reason: reason_name(reason).to_owned(),
                remedy: remedy(reason),
                exit: exit_code(reason),
            },
            None => Self::without_reason(message, status.code()),
        }
    }

    fn without_reason(message: String, code: Code) -> Self {
        let unreachable = matches!(code, Code::Unavailable | Code::DeadlineExceeded);
        Self {
            message,
            reason: format!("{code:?}"),
            remedy: match code == Code::Unimplemented {
                true => {
                    "tool and server differ in version; compare `faxguardctl --version` with `faxguardctl status`"
                }
                false => "check with `faxguardctl status` that the server works",
            },
            exit: if unreachable { UNREACHABLE } else { OTHER },
        }
    }
}

/// The name of a reason as it travels, without its prefix.
#[must_use]
pub fn reason_name(reason: ErrorReason) -> &'static str {
    reason.as_str_name().trim_start_matches("ERROR_REASON_")
}

/// What an operator can do about a reason.
fn remedy(reason: ErrorReason) -> &'static str {
    match reason {
        ErrorReason::Unspecified => "check with `faxguardctl status` that the server works",
        ErrorReason::InvalidField => "correct the argument or the line that is named",
        ErrorReason::TooLarge => "send less at once",
        ErrorReason::CallerOverLimit => "wait, then run it again",
        ErrorReason::NotFound => {
            "check the id; `faxguardctl blocked`, `held list`, `lists show` and `campaigns list` print them"
        }
        ErrorReason::StaleEtag => {
            "read it again with `policy show` or `campaigns show`, and repeat the edit"
        }
        ErrorReason::AlreadyDecided => {
            "nothing is left to do; `faxguardctl explain` shows how it stands"
        }
        ErrorReason::PolicyRefused => "mend the faults; the generation in force stays",
        ErrorReason::StoreUnavailable => {
            "nothing was changed; mend the store's disk and run it again"
        }
        ErrorReason::FaxNotReceived => "check the numbers and the time",
        ErrorReason::InvalidPageToken => "list again from the first page",
        ErrorReason::Internal => "the server's log has the cause",
        ErrorReason::CallerNotAllowed => {
            "show a certificate with `--tls-certificate` whose name stands in the server's `[tls]` section"
        }
        ErrorReason::Overloaded => "wait, then run it again",
        ErrorReason::MessageTooSlow => "the line is too slow or broken; run it again, or nearer",
        ErrorReason::TooMuchUnfinished => "end what else runs, then run it again",
        ErrorReason::CampaignMerged => "name that one, or take this one out with `campaigns split`",
        ErrorReason::NothingToDo => "nothing is left to do; `campaigns show` says how it stands",
        ErrorReason::ContentNotAllowed => {
            "let nodes make fingerprints, or set `fingerprints.service_reads_pages`"
        }
        ErrorReason::FingerprintsNotWanted => {
            "send a fax only where an answer wants its fingerprints"
        }
        ErrorReason::AlreadyRead => "bring the fingerprints that came of it",
        ErrorReason::UnreadableFax => "send a TIFF file of class F",
        ErrorReason::CaseTaken => "take another case, or wait until the lease has ended",
        ErrorReason::SamePerson => "ask a second person",
        ErrorReason::AppealPending => "appeal again once the others are decided",
        ErrorReason::MeasureUnfit => "name a measure that fits, or none for the ladder's next step",
    }
}

fn exit_code(reason: ErrorReason) -> u8 {
    match reason {
        ErrorReason::InvalidField
        | ErrorReason::TooLarge
        | ErrorReason::UnreadableFax
        | ErrorReason::MeasureUnfit => DATA,
        ErrorReason::PolicyRefused => CONFIGURATION,
        ErrorReason::StoreUnavailable
        | ErrorReason::CallerOverLimit
        | ErrorReason::Overloaded
        | ErrorReason::MessageTooSlow
        | ErrorReason::TooMuchUnfinished => UNREACHABLE,
        ErrorReason::CallerNotAllowed
        | ErrorReason::ContentNotAllowed
        | ErrorReason::SamePerson => NOT_ALLOWED,
        ErrorReason::Unspecified
        | ErrorReason::NotFound
        | ErrorReason::StaleEtag
        | ErrorReason::AppealPending
        | ErrorReason::AlreadyDecided
        | ErrorReason::FaxNotReceived
        | ErrorReason::InvalidPageToken
        | ErrorReason::CampaignMerged
        | ErrorReason::NothingToDo
        | ErrorReason::FingerprintsNotWanted
        | ErrorReason::AlreadyRead
        | ErrorReason::CaseTaken
        | ErrorReason::Internal => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::ErrorDetails;

    #[test]
    fn a_refusal_names_reason_fields_and_remedy() {
        let mut details = ErrorDetails::new();
        details
            .set_error_info("INVALID_FIELD", "faxguard", std::collections::HashMap::new())
            .add_bad_request_violation("member_id", "is empty");
        let status = Status::with_error_details(Code::InvalidArgument, "a field is wrong", details);
        let failure = Failure::from(status);
        assert_eq!(failure.exit_code(), DATA);
        assert_eq!(
            failure.sentence(Shown::Masked),
            "a field is wrong; `member_id`: is empty (INVALID_FIELD: correct the argument or the \
             line that is named)"
        );
    }

    #[test]
    fn a_status_without_details_still_says_what_to_do() {
        for (code, exit) in [(Code::Unavailable, UNREACHABLE), (Code::Unknown, OTHER)] {
            let failure = Failure::from(Status::new(code, "x\u{1b}[2J"));
            assert_eq!(failure.exit_code(), exit);
            assert!(failure.sentence(Shown::Masked).starts_with("x\\u{1b}[2J ("));
        }
        let pipe = Failure::Write(io::ErrorKind::BrokenPipe.into());
        assert_eq!(pipe.exit_code(), 0);
    }
}
