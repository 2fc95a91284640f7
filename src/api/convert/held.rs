//! Held faxes: which are asked for, what is ruled on them, and how they stand.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::paging::{self, Question};
use super::read;
use super::read::time_to_wire;
use super::wall::Wall;
use crate::api::engine::{HeldFax, HeldKey, HeldQuery, HeldState, Ruling};
use crate::api::status::Failure;
use crate::bounds;
use crate::fax::id::{DecisionId, SubjectKind};
use crate::time::Timestamp;
use crate::wire::operator::v1 as wire;

/// A question about held faxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// What is asked.
    pub query: HeldQuery,
    question: Question,
}

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
    let code = [state as u8];
    let question = Question::of("held faxes", &[&code, member_id.as_bytes()]);
    let after = question.key::<24>(page_token)?.map(key_of);
    let member = member.map(|name| wall.name(SubjectKind::Member, name));
    Ok(Listing { query: HeldQuery { state, member, after, limit }, question })
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

fn key_of(bytes: [u8; 24]) -> HeldKey {
    let [a, b, c, d, e, f, g, h, decision @ ..] = bytes;
    HeldKey {
        deadline: Timestamp::from_micros(i64::from_be_bytes([a, b, c, d, e, f, g, h])),
        decision: DecisionId(decision),
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
    let reason = faults.keep("reason", read::name(reason, bounds::TEXT_BYTES_MAX));
    let built = (|| {
        let (author, reason) = (author?.into(), reason?.into());
        Some(Ruling { decision: decision?, state, author, reason })
    })();
    faults.finish(built)
}

/// A held fax for the wire.
#[must_use]
pub fn to_wire(fax: &HeldFax) -> wire::HeldFax {
    let HeldFax { decision, state, action, held, deadline, decided, decided_by, score } = fax;
    wire::HeldFax {
        decision_id: decision.to_string(),
        state: i32::from(*state as u8),
        action: i32::from(*action as u8),
        held_time: Some(time_to_wire(*held)),
        deadline_time: Some(time_to_wire(*deadline)),
        decided_time: decided.map(time_to_wire),
        decided_by: decided_by.to_string(),
        log_odds_milli: score.0,
    }
}

/// A page for the wire; a full page has a next one.
#[must_use]
pub fn page(listing: &Listing, faxes: &[HeldFax]) -> wire::ListHeldFaxesResponse {
    let last = faxes.last().filter(|_| faxes.len() >= listing.query.limit);
    let token = last.map(|fax| {
        let deadline = fax.deadline.as_micros().to_be_bytes();
        listing.question.token(&[&deadline[..], &fax.decision.0].concat())
    });
    wire::ListHeldFaxesResponse {
        faxes: faxes.iter().map(to_wire).collect(),
        next_page_token: token.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::wall::tests::with_wall;
    use super::*;
    use crate::verdict::{Action, Score};

    #[test]
    fn pages_go_on_where_they_ended() {
        let fax = HeldFax {
            decision: DecisionId([3; 16]),
            state: HeldState::Waiting,
            action: Action::Quarantine,
            held: Timestamp::from_seconds(1),
            deadline: Timestamp::from_micros(-7),
            decided: None,
            decided_by: "".into(),
            score: Score(2_500),
        };
        with_wall(|wall| {
            let ask = wire::ListHeldFaxesRequest { page_size: 1, ..Default::default() };
            let first = listing(&ask, wall).unwrap();
            let told = page(&first, std::slice::from_ref(&fax));
            let next = wire::ListHeldFaxesRequest { page_token: told.next_page_token, ..ask };
            let after = listing(&next, wall).unwrap().query.after.unwrap();
            assert_eq!((after.deadline, after.decision), (fax.deadline, fax.decision));
            assert!(page(&first, &[]).next_page_token.is_empty());
            let other = wire::ListHeldFaxesRequest { state: 2, ..next };
            assert_eq!(listing(&other, wall), Err(Failure::InvalidPageToken));
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
