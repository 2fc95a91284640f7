//! What a node knows of its own: whether anybody answers, what it did without a verdict, and what it may do then.

use std::collections::HashSet;

use super::allowance::Allowance;
use super::answer::{Answer, Basis, Cause};
use super::breaker::Breaker;
use super::parties::Key;
use super::reuse::{Kept, Reuse};
use crate::bounds::NODE_UNSCORED_TOLD_APART;
use crate::fax::stage::{Direction, StageKind};
use crate::operator::text::to_wire;
use crate::time::{Span, Timestamp};
use crate::wire::screening::v1 as wire;
use serde::{Deserialize, Serialize};

/// The rule that a verdict of the node's own names.
pub const RULE_UNSCORED: &str = "node.unscored";
/// The rule that a verdict used again names.
pub const RULE_REUSED: &str = "node.reused";
/// A job that was to be held waits so long before it is asked about again.
pub(super) const ASK_AGAIN: Span = Span::seconds(15 * 60);

/// Faxes that went on without a verdict and were not reported yet.
#[derive(Debug, Default)]
struct Unscored {
    count: u32,
    /// Which ones, as far as there is room, so that a fax of many stages counts once.
    faxes: HashSet<u128>,
}

impl Unscored {
    fn add(&mut self, fax: u128) {
        let told_apart = self.faxes.len() < NODE_UNSCORED_TOLD_APART;
        if self.faxes.contains(&fax) {
            return;
        }
        if told_apart {
            self.faxes.insert(fax);
        }
        self.count = self.count.saturating_add(1);
    }
}

/// The node's memory. It decides nothing while the service answers.
#[derive(Debug)]
pub(super) struct Standby {
    key: Key,
    breaker: Breaker,
    unscored: Unscored,
    reuse: Reuse,
    allowance: Allowance,
}

impl Standby {
    /// An empty memory.
    pub(super) fn new(key: Key) -> Self {
        Self {
            key,
            breaker: Breaker::default(),
            unscored: Unscored::default(),
            reuse: Reuse::default(),
            allowance: Allowance::default(),
        }
    }

    /// How many unscored faxes the question is to report, or `None` when it is not to be put.
    pub(super) fn admit(&mut self, now: Timestamp) -> Option<u32> {
        let admitted = self.breaker.admits(now);
        admitted.then(|| std::mem::take(&mut self.unscored.count))
    }

    /// The report did not get through: it is made again.
    pub(super) fn unreported(&mut self, count: u32) {
        self.unscored.count = self.unscored.count.saturating_add(count);
    }

    /// A verdict came.
    pub(super) fn served(
        &mut self,
        request: &wire::ScreenFaxRequest,
        stage: StageKind,
        verdict: &wire::Verdict,
        now: Timestamp,
    ) {
        self.breaker.answered();
        // What they were was reported with this question.
        self.unscored.faxes.clear();
        if let Some(pair) = self.key.pair(request) {
            self.reuse.keep(pair, stage, verdict, now);
        }
    }

    /// No verdict came, and why.
    pub(super) fn failed(&mut self, cause: Cause, now: Timestamp) {
        match cause {
            Cause::Late | Cause::Unreachable => self.breaker.missed(now),
            Cause::Refused => self.breaker.answered(),
            // It was not asked.
            Cause::Paused | Cause::Full | Cause::Malformed => {}
        }
    }

    /// What the node does without a verdict: what was said of the same two before, else it lets the fax go on; a
    /// member's job within the allowance.
    pub(super) fn alone(
        &mut self,
        request: &wire::ScreenFaxRequest,
        stage: StageKind,
        cause: Cause,
        now: Timestamp,
    ) -> Answer {
        self.unscored.add(self.key.fax(request));
        let silent =
            matches!(cause, Cause::Late | Cause::Unreachable | Cause::Paused | Cause::Full);
        let pair = self.key.pair(request).filter(|_| silent);
        let reused = pair.and_then(|pair| self.reuse.find(pair, stage, now));
        let basis = if reused.is_some() { Basis::Reused } else { Basis::Unscored(cause) };
        let mut verdict = reused.unwrap_or_else(|| wire::Verdict {
            action: go_on(stage.direction()).into(),
            ..wire::Verdict::default()
        });
        let held = basis == Basis::Reused
            && verdict.action() == wire::Action::Bound
            && verdict.bounds.is_none();
        if held {
            not_before(&mut verdict, now.plus(ASK_AGAIN));
        }
        let charged = matches!(stage, StageKind::JobSubmitted | StageKind::Dialing);
        if charged
            && matches!(verdict.action(), wire::Action::Allow | wire::Action::Bound)
            && let Err(free) = self.allowance.take(self.key.member(request), now)
        {
            not_before(&mut verdict, free);
        }
        verdict.stage = stage as i32;
        verdict.rule =
            if basis == Basis::Reused { RULE_REUSED.into() } else { RULE_UNSCORED.into() };
        Answer { decision_id: String::new(), verdict, basis, said: None }
    }

    /// The memory of a process that ends, for the next one: the newest of everything, at most so many each.
    pub(super) fn save(&self, most: usize, now: Timestamp) -> Saved {
        let (node_level, members) = self.allowance.save(most);
        let (refusals, verdicts) = self.reuse.save(most, now);
        Saved {
            key: *self.key.bytes(),
            breaker: self.breaker,
            unscored: self.unscored.count,
            faxes: self.unscored.faxes.iter().take(most).copied().collect(),
            node_level,
            members,
            refusals,
            verdicts,
        }
    }

    /// Takes over what another process left.
    pub(super) fn restore(saved: Saved) -> Self {
        let Saved { key, breaker, unscored, faxes, node_level, members, refusals, verdicts } =
            saved;
        let faxes = faxes.into_iter().take(NODE_UNSCORED_TOLD_APART).collect();
        Self {
            key: Key::from_bytes(key),
            breaker,
            unscored: Unscored { count: unscored, faxes },
            reuse: Reuse::restore(refusals, verdicts),
            allowance: Allowance::restore(node_level, members),
        }
    }
}

/// A memory between two processes. No number is in it, only digests under its key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    key: [u8; 32],
    breaker: Breaker,
    unscored: u32,
    faxes: Vec<u128>,
    node_level: i64,
    members: Vec<(u128, i64)>,
    refusals: Vec<wire::Refusal>,
    verdicts: Vec<(u128, Kept)>,
}

/// What lets a fax go on.
pub(super) const fn go_on(direction: Direction) -> wire::Action {
    match direction {
        Direction::Inbound => wire::Action::Deliver,
        Direction::Outbound => wire::Action::Allow,
    }
}

/// Bounds a job to a time, where nothing bounds it to a later one.
fn not_before(verdict: &mut wire::Verdict, time: Timestamp) {
    verdict.action = wire::Action::Bound.into();
    let bounds = verdict.bounds.get_or_insert_default();
    bounds.not_before_time = Some(to_wire(time));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::NODE_MEMBER_ALLOWANCE;
    use wire::screen_fax_request::Parties;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1_000_000).plus(Span::seconds(seconds))
    }

    fn standby() -> Standby {
        Standby::new(Key::from_bytes([1; 32]))
    }

    fn job(fax: u32, member: &str, to: &str) -> wire::ScreenFaxRequest {
        wire::ScreenFaxRequest {
            fax_id: format!("job-{fax}"),
            parties: Some(Parties::Outbound(wire::OutboundParties {
                member_id: member.into(),
                recipient_number: to.into(),
                ..Default::default()
            })),
            ..Default::default()
        }
    }

    fn call(fax: u32, caller: &str) -> wire::ScreenFaxRequest {
        wire::ScreenFaxRequest {
            fax_id: format!("call-{fax}"),
            parties: Some(Parties::Inbound(wire::InboundParties {
                caller_number: caller.into(),
                called_number: "+18005550199".into(),
                ..Default::default()
            })),
            ..Default::default()
        }
    }

    fn said(action: wire::Action) -> wire::Verdict {
        wire::Verdict {
            action: action.into(),
            reuse_duration: Some(pbjson_types::Duration { seconds: 600, nanos: 0 }),
            ..Default::default()
        }
    }

    #[test]
    fn a_fax_without_a_verdict_goes_on_and_is_reported_once() {
        let mut standby = standby();
        for (fax, stage) in [
            (1, StageKind::CallOffered),
            (1, StageKind::Handshake),
            (1, StageKind::Page),
            (2, StageKind::Received),
        ] {
            let answer = standby.alone(&call(fax, "+1"), stage, Cause::Late, at(0));
            assert_eq!(answer.verdict.action(), wire::Action::Deliver);
            assert_eq!(answer.basis, Basis::Unscored(Cause::Late));
            assert_eq!(answer.verdict.stage, stage as i32);
        }
        assert_eq!(standby.admit(at(0)), Some(2));
        assert_eq!(standby.admit(at(0)), Some(0));
        standby.unreported(2);
        let mut next = Standby::restore(standby.save(10, at(0)));
        assert_eq!(next.admit(at(0)), Some(2), "the next process reports it");
    }

    #[test]
    fn a_member_that_nobody_scores_is_bounded_and_never_refused() {
        let mut standby = standby();
        let (burst, _) = NODE_MEMBER_ALLOWANCE;
        for fax in 0..burst + 5 {
            let asked = job(fax, "m-1", "+18005550100");
            let answer = standby.alone(&asked, StageKind::JobSubmitted, Cause::Paused, at(0));
            let bounded = fax >= burst;
            let want = if bounded { wire::Action::Bound } else { wire::Action::Allow };
            assert_eq!(answer.verdict.action(), want, "{fax}");
            let time = answer.verdict.bounds.and_then(|bounds| bounds.not_before_time);
            assert_eq!(time.map(|time| time.seconds), bounded.then(|| at(30).as_seconds()));
            let result = standby.alone(&asked, StageKind::DialResult, Cause::Paused, at(0));
            assert_eq!(result.verdict.action(), wire::Action::Allow);
        }
        let other = job(99, "m-2", "+18005550100");
        let answer = standby.alone(&other, StageKind::Dialing, Cause::Paused, at(0));
        assert_eq!(answer.verdict.action(), wire::Action::Allow);
    }

    #[test]
    fn what_was_said_holds_while_nobody_answers_and_only_for_the_same_two() {
        let mut standby = standby();
        let stage = StageKind::CallOffered;
        standby.served(&call(1, "+1900"), stage, &said(wire::Action::RefuseCall), at(0));
        standby.served(&call(2, ""), stage, &said(wire::Action::RefuseCall), at(0));
        for (caller, cause, want) in [
            ("+1900", Cause::Late, wire::Action::RefuseCall),
            ("+1900", Cause::Paused, wire::Action::RefuseCall),
            ("+1900", Cause::Full, wire::Action::RefuseCall),
            ("+1900", Cause::Refused, wire::Action::Deliver),
            ("+1901", Cause::Late, wire::Action::Deliver),
            ("", Cause::Late, wire::Action::Deliver),
        ] {
            let answer = standby.alone(&call(3, caller), stage, cause, at(1));
            assert_eq!(answer.verdict.action(), want, "{caller} {cause:?}");
            let reused = want == wire::Action::RefuseCall;
            assert_eq!(answer.basis == Basis::Reused, reused);
        }
        let submitted = StageKind::JobSubmitted;
        let asked = job(1, "m", "+1");
        standby.served(&asked, submitted, &said(wire::Action::Hold), at(0));
        let answer = standby.alone(&asked, submitted, Cause::Late, at(1));
        let again = answer.verdict.bounds.and_then(|bounds| bounds.not_before_time).unwrap();
        assert_eq!(again.seconds, at(901).as_seconds());
    }

    #[test]
    fn a_saved_memory_reads_back_as_json() {
        let mut standby = standby();
        standby.served(
            &call(1, "+1900"),
            StageKind::CallOffered,
            &said(wire::Action::RefuseCall),
            at(0),
        );
        let _ = standby.alone(&job(1, "m", "+1"), StageKind::Dialing, Cause::Late, at(0));
        let saved = standby.save(10, at(1));
        let text = serde_json::to_vec(&saved).unwrap();
        assert_eq!(serde_json::from_slice::<Saved>(&text).unwrap(), saved);
        assert!(!String::from_utf8(text).unwrap().contains("1900"), "no number is written");
    }
}
