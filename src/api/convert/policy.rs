//! The policy on the wire: its text, its author and its faults.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::read;
use super::read::time_to_wire;
use crate::bounds;
use crate::policy::{Edit, Fault, Generation};
use crate::time::Timestamp;
use crate::wire::operator::v1 as wire;

/// A new policy that somebody wishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The edit.
    pub edit: Edit,
    /// The version it is based on, where named.
    pub based_on: Option<String>,
    /// Only to be checked.
    pub check_only: bool,
}

/// Reads a new policy; its text is checked by the policy itself.
///
/// # Errors
/// [`InvalidRequest`].
pub fn wish(request: &wire::ApplyPolicyRequest, now: Timestamp) -> Result<Wish, InvalidRequest> {
    let wire::ApplyPolicyRequest { toml, author, reason, etag, validate_only } = request;
    let mut faults = Faults::default();
    let most = usize::try_from(bounds::POLICY_FILE_BYTES_MAX).unwrap_or(usize::MAX);
    if toml.len() > most {
        faults.add("toml", InvalidField::TooLong { bytes: toml.len(), most });
    }
    let author = faults.keep("author", read::id(author));
    let read = read::name(reason, bounds::TEXT_BYTES_MAX);
    faults.keep("reason", if reason.is_empty() { Err(InvalidField::Absent) } else { read });
    let etag = faults.keep("etag", read::optional_id(etag));
    let built = author.zip(etag).map(|(author, etag)| Wish {
        edit: Edit { text: toml.clone(), author: author.into(), applied: now },
        based_on: etag.map(str::to_owned),
        check_only: *validate_only,
    });
    faults.finish(built)
}

/// The policy in force, for the wire.
#[must_use]
pub fn to_wire(policy: &Generation) -> wire::GetPolicyResponse {
    wire::GetPolicyResponse {
        generation: policy.number(),
        toml: policy.text().into(),
        apply_time: Some(time_to_wire(policy.applied())),
        author: policy.author().into(),
        etag: policy.etag().into(),
    }
}

/// The answer to a new policy: the generation in force now, and the faults where it was only checked.
#[must_use]
pub fn checked(generation: u64, faults: &[Fault]) -> wire::ApplyPolicyResponse {
    let faults = faults.iter().map(|Fault { path, message }| wire::PolicyFault {
        path: path.clone(),
        message: message.clone(),
    });
    wire::ApplyPolicyResponse { generation, faults: faults.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_has_author_and_reason() {
        let now = Timestamp::from_seconds(9);
        let empty = wire::ApplyPolicyRequest::default();
        let told = wish(&empty, now).unwrap_err();
        let paths: Vec<&str> = told.faults().iter().map(super::super::FieldFault::path).collect();
        assert_eq!(paths, ["author", "reason"]);
        let huge = wire::ApplyPolicyRequest {
            toml: "x".repeat(1024 * 1024 + 1),
            author: "desk".into(),
            reason: "tuning".into(),
            etag: "0".repeat(65),
            validate_only: true,
        };
        assert_eq!(wish(&huge, now).unwrap_err().faults().len(), 2);
        let good = wire::ApplyPolicyRequest { toml: String::new(), etag: String::new(), ..huge };
        let read = wish(&good, now).unwrap();
        assert!(read.check_only && read.based_on.is_none() && read.edit.applied == now);
    }
}
