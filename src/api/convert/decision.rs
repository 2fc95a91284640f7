//! Past decisions, limits and the state of the service, for the operators.

use super::fault::{Faults, InvalidRequest};
use super::paging::{self, Question};
use super::read;
use super::read::time_to_wire;
use super::verdict::{self, Words};
use super::wall::Wall;
use crate::api::engine::{BlockedCall, EngineStatus, Explained};
use crate::api::status::Failure;
use crate::fax::id::{DecisionId, Pseudonym, SubjectKind};
use crate::store::{Condition, FaxKey, StoreHealth};
use crate::time::Timestamp;
use crate::wire::operator::v1 as wire;

/// Reads which decision is asked for.
///
/// # Errors
/// [`InvalidRequest`].
pub fn asked(request: &wire::ExplainDecisionRequest) -> Result<DecisionId, InvalidRequest> {
    let wire::ExplainDecisionRequest { decision_id } = request;
    let mut faults = Faults::default();
    let decision = faults.keep("decision_id", read::decision(decision_id));
    faults.finish(decision)
}

/// An explanation for the wire.
#[must_use]
pub fn explained(
    decision: DecisionId,
    stages: &[Explained],
    words: &Words<'_>,
) -> wire::ExplainDecisionResponse {
    let stages = stages.iter().map(|stage| {
        let Explained { time, verdict, features, sequence } = stage;
        wire::DecisionStage {
            decide_time: Some(time_to_wire(*time)),
            verdict: Some(verdict::to_wire(verdict, words)),
            features: features
                .iter()
                .map(|(name, value)| wire::FeatureValue { name: (*name).into(), value: *value })
                .collect(),
            sequence: *sequence,
        }
    });
    wire::ExplainDecisionResponse { decision_id: decision.to_string(), stages: stages.collect() }
}

/// A question about blocked calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockedListing {
    /// Whose.
    pub member: Pseudonym,
    /// Before this one.
    pub before: Option<FaxKey>,
    /// At most so many.
    pub limit: usize,
    question: Question,
}

/// Reads which blocked calls are asked for.
///
/// # Errors
/// [`Failure::Invalid`], [`Failure::InvalidPageToken`].
pub fn blocked_listing(
    request: &wire::ListBlockedCallsRequest,
    wall: &Wall<'_>,
) -> Result<BlockedListing, Failure> {
    let wire::ListBlockedCallsRequest { member_id, page_size, page_token } = request;
    let mut faults = Faults::default();
    let member = faults.keep("member_id", read::id(member_id));
    let limit = faults.keep("page_size", paging::size(*page_size));
    let (member, limit) = faults.finish(member.zip(limit))?;
    let question = Question::of("blocked calls", &[member.as_bytes()]);
    let before = question.key::<16>(page_token)?.map(|[a, b, c, d, e, f, g, h, seq @ ..]| FaxKey {
        time: Timestamp::from_micros(i64::from_be_bytes([a, b, c, d, e, f, g, h])),
        seq: u64::from_be_bytes(seq),
    });
    let member = wall.name(SubjectKind::Member, member);
    Ok(BlockedListing { member, before, limit, question })
}

/// A page of blocked calls for the wire; a full page has a next one.
#[must_use]
pub fn blocked_page(
    listing: &BlockedListing,
    calls: &[BlockedCall],
) -> wire::ListBlockedCallsResponse {
    let last = calls.last().filter(|_| calls.len() >= listing.limit);
    let token = last.map(|BlockedCall { key, .. }| {
        let FaxKey { time, seq } = key;
        listing.question.token(&[time.as_micros().to_be_bytes(), seq.to_be_bytes()].concat())
    });
    let calls = calls.iter().map(|BlockedCall { key, decision, action }| wire::BlockedCall {
        decision_id: decision.to_string(),
        call_time: Some(time_to_wire(key.time)),
        action: i32::from(*action as u8),
    });
    wire::ListBlockedCallsResponse {
        calls: calls.collect(),
        next_page_token: token.unwrap_or_default(),
    }
}

/// The state of the service for the wire.
#[must_use]
pub fn status(engine: &EngineStatus, version: &str, generation: u64) -> wire::GetStatusResponse {
    let EngineStatus { screened, store, subjects, numbers, members: _, correspondences, hot_bytes } =
        engine;
    let StoreHealth { condition, queued, dropped, quarantined, .. } = store;
    wire::GetStatusResponse {
        version: version.into(),
        policy_generation: generation,
        screened_count: *screened,
        store_health: condition_name(*condition).into(),
        ledger_queue_count: u64::try_from(*queued).unwrap_or(u64::MAX),
        ledger_dropped_count: *dropped,
        active_subject_count: *subjects,
        directory_number_count: *numbers,
        correspondence_count: *correspondences,
        hot_bytes: *hot_bytes,
        damaged_file_count: (*quarantined).into(),
    }
}

/// The name of a store's condition in contract and tool.
#[must_use]
pub const fn condition_name(condition: Condition) -> &'static str {
    match condition {
        Condition::Working => "working",
        Condition::Slow => "slow",
        Condition::Full => "full",
        Condition::Failing => "failing",
    }
}

#[cfg(test)]
mod tests {
    use super::super::wall::tests::with_wall;
    use super::*;
    use crate::verdict::Action;

    #[test]
    fn blocked_calls_go_on_where_they_ended() {
        let call = BlockedCall {
            key: FaxKey { time: Timestamp::from_seconds(77), seq: 9 },
            decision: DecisionId([1; 16]),
            action: Action::RefuseCall,
        };
        with_wall(|wall| {
            let ask = wire::ListBlockedCallsRequest {
                member_id: "m-1".into(),
                page_size: 1,
                page_token: String::new(),
            };
            let first = blocked_listing(&ask, wall).unwrap();
            let told = blocked_page(&first, &[call]);
            assert_eq!(told.calls[0].call_time.unwrap().seconds, 77);
            let next = wire::ListBlockedCallsRequest { page_token: told.next_page_token, ..ask };
            assert_eq!(blocked_listing(&next, wall).unwrap().before, Some(call.key));
            let other = wire::ListBlockedCallsRequest { member_id: "m-2".into(), ..next };
            assert_eq!(blocked_listing(&other, wall), Err(Failure::InvalidPageToken));
        });
    }

    #[test]
    fn ids_are_held_to_their_shape() {
        let bad = wire::ExplainDecisionRequest { decision_id: "x".into() };
        assert_eq!(asked(&bad).unwrap_err().faults()[0].path(), "decision_id");
    }
}
