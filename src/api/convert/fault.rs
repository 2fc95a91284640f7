//! What can be wrong with a field, said in one sentence without repeating what stood in it.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use crate::complaint;
use crate::content::fingerprint::InvalidFingerprint;
use crate::fax::number::InvalidNumber;
use crate::policy::InvalidQuota;

/// Why a field was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidField {
    /// A required field is not set.
    #[error("field is required")]
    Absent,
    /// A text above its bound.
    #[error("text has {bytes} bytes (at most {most}; it is refused, not cut)")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
        /// The bound.
        most: usize,
    },
    /// More bytes than are taken.
    #[error("field has {bytes} bytes (at most {most})")]
    TooManyBytes {
        /// How many there are.
        bytes: usize,
        /// The bound.
        most: usize,
    },
    /// A control character where a name or id is wanted.
    #[error("text has a control character at byte {at} (ids and names are printable)")]
    ControlCharacter {
        /// Offset of its first byte.
        at: usize,
    },
    /// No quota.
    #[error("no quota: {0}")]
    Quota(InvalidQuota),
    /// No resource of that name.
    #[error("no such resource (faxes, pages, line_seconds or recipients)")]
    Resource,
    /// No shared resource of that name.
    #[error("no such resource (lines, call_attempts or conversion)")]
    Shared,
    /// A number out of its range.
    #[error("value is {value} (must be {least} to {most})")]
    OutOfRange {
        /// What was sent.
        value: u64,
        /// Least allowed.
        least: u64,
        /// Most allowed.
        most: u64,
    },
    /// A repeated field with too many elements.
    #[error("list has {count} elements (at most {most})")]
    TooMany {
        /// How many there are.
        count: usize,
        /// The bound.
        most: usize,
    },
    /// An enum value that the contract does not have, or its zero where zero says nothing.
    #[error("value {value} is not one of the contract's (see the comments of its enum)")]
    UnknownValue {
        /// The number sent.
        value: i32,
    },
    /// A telephone number that is none.
    #[error("{0}")]
    Number(InvalidNumber),
    /// A time outside what a fax can have.
    #[error("time is malformed or outside 1970-01-01 to 2149-06-06")]
    Time,
    /// A duration that is negative, malformed or longer than any call.
    #[error("duration is negative, malformed or above {most_seconds} s")]
    Duration {
        /// The longest allowed, in seconds.
        most_seconds: u64,
    },
    /// Not a time zone of the IANA data.
    #[error("time zone is not known (write an IANA name, as in `America/New_York`)")]
    TimeZone,
    /// Not a country or subdivision code.
    #[error("jurisdiction is not a code (write ISO 3166, as in `US` or `US-TX`)")]
    Jurisdiction,
    /// Two fields that must agree do not.
    #[error("field disagrees with `{other}`")]
    Disagrees {
        /// The other field.
        other: &'static str,
    },
    /// A stage of the other direction than the parties.
    #[error("stage and parties go different ways (one is inbound, one outbound)")]
    Direction,
    /// Not an address of IPv4 or IPv6.
    #[error("it is no address (IPv4 or IPv6, without port)")]
    NotAnAddress,
    /// Not 32 hexadecimal digits.
    #[error("id is not 32 hexadecimal digits")]
    NotAnId,
    /// Not one or two fingerprints of a page, or not of adjacent epochs.
    #[error("page has {count} fingerprints (1 to {most}, of adjacent epochs)")]
    Epochs {
        /// How many there are.
        count: usize,
        /// The bound.
        most: usize,
    },
    /// A fingerprint that no page has.
    #[error("{0}")]
    Fingerprint(InvalidFingerprint),
    /// Not the ink map of a page.
    #[error("ink map is not of whole squares (108 bytes a row, 2 to 400 of them)")]
    InkMap,
    /// The same page a second time.
    #[error("page is in the list already")]
    Twice,
    /// Not 16 hexadecimal digits.
    #[error("id of a campaign is not 16 hexadecimal digits")]
    NotACampaign,
    /// An end that has passed already.
    #[error("time has passed already (leave it out for no end)")]
    Past,
    /// Something in a complaint.
    #[error("{0}")]
    Complaint(complaint::Cause),
    /// Further faults of a complaint, which are not listed.
    #[error("there are {count} more faults (mend those that are listed first)")]
    More {
        /// How many.
        count: u32,
    },
    /// A complaint of something else.
    #[error("it concerns no fax (name a number, and what is complained of)")]
    NoFax,
    /// A range whose last number comes before its first or too far after it.
    #[error("range must end at or after its first number, at most {most} after it")]
    Range {
        /// The largest distance.
        most: u64,
    },
}

/// One field at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    path: Cow<'static, str>,
    cause: InvalidField,
}

impl FieldFault {
    /// Where: the path of the field in the message, such as `inbound.called_number`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong with it.
    #[must_use]
    pub const fn cause(&self) -> InvalidField {
        self.cause
    }
}

/// Every fault of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvalidRequest {
    faults: Vec<FieldFault>,
}

impl InvalidRequest {
    /// The faults, in the order of the fields.
    #[must_use]
    pub fn faults(&self) -> &[FieldFault] {
        &self.faults
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, fault) in self.faults.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}`{}`: {}", fault.path, fault.cause)?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidRequest {}

/// Collects faults while a message is read to its end.
#[derive(Debug, Default)]
pub(super) struct Faults {
    scope: &'static str,
    found: InvalidRequest,
}

impl Faults {
    /// Paths added from now on begin with `scope`, which ends in a dot unless it is empty.
    pub(super) fn enter(&mut self, scope: &'static str) {
        self.scope = scope;
    }

    /// Adds a fault of a field.
    pub(super) fn add(&mut self, field: &'static str, cause: InvalidField) {
        let path = match self.scope {
            "" => Cow::Borrowed(field),
            scope => Cow::Owned(format!("{scope}{field}")),
        };
        self.found.faults.push(FieldFault { path, cause });
    }

    /// Adds a fault at a place that only the message tells.
    pub(super) fn add_at(&mut self, path: String, cause: InvalidField) {
        self.found.faults.push(FieldFault { path: Cow::Owned(path), cause });
    }

    /// Adds a fault of one element of a repeated field.
    pub(super) fn add_element(&mut self, field: &'static str, at: usize, cause: InvalidField) {
        let path = Cow::Owned(format!("{}{field}[{at}]", self.scope));
        self.found.faults.push(FieldFault { path, cause });
    }

    /// The value, or its fault noted.
    pub(super) fn keep<T>(
        &mut self,
        field: &'static str,
        read: Result<T, InvalidField>,
    ) -> Option<T> {
        read.map_err(|cause| self.add(field, cause)).ok()
    }

    /// What was built, unless there was a fault.
    pub(super) fn finish<T>(self, built: Option<T>) -> Result<T, InvalidRequest> {
        match built {
            Some(built) if self.found.faults.is_empty() => Ok(built),
            Some(_) | None => Err(self.found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_its_field_and_not_its_text() {
        let mut faults = Faults::default();
        faults.add("request_id", InvalidField::Absent);
        faults.enter("member.");
        faults.add_element("owned_numbers", 3, InvalidField::Number(InvalidNumber::NoPlus));
        let all = faults.finish(Some(())).unwrap_err();
        let paths: Vec<&str> = all.faults().iter().map(FieldFault::path).collect();
        assert_eq!(paths, ["request_id", "member.owned_numbers[3]"]);
        assert!(all.to_string().starts_with("`request_id`: field is required; `member."));
    }
}
