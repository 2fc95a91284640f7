//! Held faxes: which are asked for, what is ruled on them, and how they stand.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::paging::{self, Question};
use super::read;
use super::read::time_to_wire;
use super::wall::Wall;
use crate::api::engine::Ruling;
use crate::api::status::Failure;
use crate::bounds;
use crate::fax::id::SubjectKind;
use crate::held::{HeldFilter, HeldPage};
use crate::ledger::{HeldFax, HeldState};
use crate::wire::operator::v1 as wire;

/// A question about held faxes.
#[derive(Clone, Debug)]
pub struct Listing {
    /// What is asked.
    pub filter: HeldFilter,
    question: Question,
}

/// Bytes of a held fax's key: state, deadline, decision.
const KEY_BYTES: usize = 25;

/// Reads which held faxes are asked for.
///
/// # Errors
/// [`Failure::Invalid`], [`Failure::InvalidPageToken`].
pub fn listing(request: &wire::ListHeldFaxesRequest, wall: &Wall<'_>) -> Result<Listing, Failure> {
    let wire::ListHeldFaxesRequest { state, member_id, page_size, page_token } = request;
    let mut faults = Faults::default();
    let in_state = faults.keep("state", state_of(*state));
    let member = faults.keep("member_id", read::optional_id(member_id));
    let limit = faults.keep("page_size", paging::size(*page_size));
    let built = (|| Some((in_state?, member?, limit?)))();
    let (state, member, limit) = faults.finish(built)?;
    let question = Question::of("held faxes", &[&[state as u8], member_id.as_bytes()]);
    let after = question.key::<KEY_BYTES>(page_token)?.map(Vec::from);
    let member_key = member.map(|name| wall.name(SubjectKind::Member, name).hot());
    let filter = HeldFilter { state: Some(state), member_key, after, limit };
    Ok(Listing { filter, question })
}

fn state_of(value: i32) -> Result<HeldState, InvalidField> {
    match wire::HeldState::try_from(value) {
        Ok(wire::HeldState::Unspecified | wire::HeldState::Waiting) => Ok(HeldState::Waiting),
        Ok(wire::HeldState::Released) => Ok(HeldState::Released),
        Ok(wire::HeldState::Rejected) => Ok(HeldState::Rejected),
        Ok(wire::HeldState::DeliveredTagged) => Ok(HeldState::DeliveredTagged),
        Ok(wire::HeldState::RefusedWithNotice) => Ok(HeldState::RefusedWithNotice),
        Err(_) => Err(InvalidField::UnknownValue { value }),
    }
}

/// Reads a release.
///
/// # Errors
/// [`InvalidRequest`].
pub fn release(request: &wire::ReleaseHeldFaxRequest) -> Result<Ruling, InvalidRequest> {
    let wire::ReleaseHeldFaxRequest { decision_id, author, reason } = request;
    ruling(HeldState::Released, decision_id, author, reason)
}

/// Reads a rejection.
///
/// # Errors
/// [`InvalidRequest`].
pub fn reject(request: &wire::RejectHeldFaxRequest) -> Result<Ruling, InvalidRequest> {
    let wire::RejectHeldFaxRequest { decision_id, author, reason } = request;
    ruling(HeldState::Rejected, decision_id, author, reason)
}

fn ruling(
    state: HeldState,
    decision: &str,
    author: &str,
    reason: &str,
) -> Result<Ruling, InvalidRequest> {
    let mut faults = Faults::default();
    let decision = faults.keep("decision_id", read::decision(decision));
    let author = faults.keep("author", read::id(author));
    faults.keep("reason", read::name(reason, bounds::TEXT_BYTES_MAX));
    let built = (|| Some(Ruling { decision: decision?, state, author: author?.into() }))();
    faults.finish(built)
}

/// A held fax for the wire.
#[must_use]
pub fn to_wire(fax: &HeldFax) -> wire::HeldFax {
    let HeldFax { decision, state, action, held, deadline, decided, author, score, .. } = fax;
    wire::HeldFax {
        decision_id: decision.to_string(),
        state: i32::from(*state as u8),
        action: i32::from(*action as u8),
        held_time: Some(time_to_wire(*held)),
        deadline_time: Some(time_to_wire(*deadline)),
        decided_time: decided.map(time_to_wire),
        decided_by: author.clone(),
        log_odds_milli: score.0,
    }
}

/// A page for the wire.
#[must_use]
pub fn page(listing: &Listing, page: &HeldPage) -> wire::ListHeldFaxesResponse {
    let (faxes, next) = page;
    wire::ListHeldFaxesResponse {
        faxes: faxes.iter().map(to_wire).collect(),
        next_page_token: next.as_ref().map(|key| listing.question.token(key)).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::wall::tests::with_wall;
    use super::*;
    use crate::fax::id::DecisionId;
    use crate::time::Timestamp;

    #[test]
    fn pages_go_on_where_they_ended() {
        with_wall(|wall| {
            let ask = wire::ListHeldFaxesRequest { page_size: 1, ..Default::default() };
            let first = listing(&ask, wall).unwrap();
            let deadline = Timestamp::from_seconds(7);
            let key = HeldFax::key_of(HeldState::Waiting, deadline, DecisionId([3; 16]));
            let told = page(&first, &(Vec::new(), Some(key.clone())));
            let next = wire::ListHeldFaxesRequest { page_token: told.next_page_token, ..ask };
            assert_eq!(listing(&next, wall).unwrap().filter.after, Some(key));
            assert!(page(&first, &(Vec::new(), None)).next_page_token.is_empty());
            let other = wire::ListHeldFaxesRequest { state: 2, ..next };
            assert_eq!(listing(&other, wall).unwrap_err(), Failure::InvalidPageToken);
        });
    }

    #[test]
    fn a_ruling_has_an_author() {
        let bad = wire::ReleaseHeldFaxRequest {
            decision_id: "0".repeat(31),
            author: String::new(),
            reason: "x".repeat(257),
        };
        assert_eq!(release(&bad).unwrap_err().faults().len(), 3);
        let good = wire::RejectHeldFaxRequest {
            decision_id: "0".repeat(32),
            author: "desk".into(),
            reason: String::new(),
        };
        assert_eq!(reject(&good).unwrap().state, HeldState::Rejected);
    }

    #[test]
    fn states_keep_their_codes() {
        for value in 1..=5 {
            assert_eq!(state_of(value).map(|state| state as i32), Ok(value));
        }
        assert_eq!(state_of(0), Ok(HeldState::Waiting));
        assert!(state_of(6).is_err());
    }
}
