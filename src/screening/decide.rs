//! Decide: score, lists, quotas and policy become an action with its rule. Pure.
//!
//! A score climbs a ladder of severities; what a severity means depends on what can still be done at the
//! stage. Rules that are not scores (a member's own list, an opt-out, a quota, a spent budget) stand above
//! the ladder, in the order of [`decide`].

use super::score::Scored;
use crate::fax::stage::{Direction, StageKind};
use crate::features::{Feature, Features};
use crate::ledger::HeldState;
use crate::measures::MeasureKind;
use crate::policy::Policy;
use crate::time::{Span, Timestamp};
use crate::verdict::{
    Action, Bounds, ContentPurpose, Counterfactual, Counterfactuals, Degradations, Going, HitKind,
    QUOTA_RULES, QuotaOutcome, QuotaStatus, Refusal, SHARE_RULES, Score, ShareStatus,
};

/// What a decision is made from, beside score and policy.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The stage.
    pub stage: StageKind,
    /// The features the score came from.
    pub features: &'a Features,
    /// The score and its lines.
    pub scored: &'a Scored,
    /// The quotas that were asked; of an inbound fax those of strangers alone, before the call is answered.
    pub quotas: &'a [QuotaStatus],
    /// How the share of a contended resource stands that the job needs.
    pub share: Option<ShareStatus>,
    /// True when the false-positive budget of the member or of everybody is spent.
    pub budget_spent: bool,
    /// When.
    pub now: Timestamp,
    /// Minutes of the recipient's day in which bulk may go out; `None` when there is no such rule.
    pub hours: Option<(u16, u16)>,
    /// When the recipient's quiet hours end; `None` outside them.
    pub quiet_until: Option<Timestamp>,
    /// Where the fax stands on the desk, and its deadline there, when it was held for review before.
    pub desk: Option<(HeldState, Timestamp)>,
    /// The measure that stands against the sender or the page.
    pub measure: Option<MeasureKind>,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What to do.
    pub action: Action,
    /// The rule that decided.
    pub rule: &'static str,
    /// What would have changed it.
    pub counterfactuals: Counterfactuals,
    /// Limits to go on under.
    pub bounds: Bounds,
    /// How to refuse.
    pub refusal: Option<Refusal>,
    /// Until when it is held.
    pub deadline: Option<Timestamp>,
    /// How long the action may be reused out of reach.
    pub reuse: Span,
    /// Whether the fingerprint is wanted.
    pub fingerprint: Option<ContentPurpose>,
    /// What was not as it should be.
    pub degradations: Degradations,
    /// True when no further evidence is needed.
    pub settled: bool,
}

/// How severe a score is, whatever the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Clear,
    Tag,
    Keep,
    Defer,
    Refuse,
}

/// A job to this many recipients or more is bulk: quiet hours bind it.
const BULK_RECIPIENTS: i32 = 10;

/// An unassigned number answers as one: SIP 404, Q.850 cause 1.
const UNASSIGNED: Refusal = Refusal { sip_code: 404, sip_phrase: "Not Found", q850_cause: 1 };

/// Decides.
pub fn decide(case: &Case<'_>, policy: &Policy) -> Decided {
    let mut decided = match case.stage.direction() {
        Direction::Inbound => inbound(case, policy),
        Direction::Outbound => outbound(case, policy),
    };
    decided.counterfactuals = counterfactuals(case, policy, &decided);
    decided
}

fn plain(action: Action, rule: &'static str, policy: &Policy) -> Decided {
    Decided {
        action,
        rule,
        counterfactuals: Counterfactuals::new(),
        bounds: Bounds::default(),
        refusal: None,
        deadline: None,
        reuse: policy.inbound().reuse,
        fingerprint: None,
        degradations: Degradations::default(),
        settled: true,
    }
}

fn inbound(case: &Case<'_>, policy: &Policy) -> Decided {
    let features = case.features;
    if features.is(Feature::Trap) {
        // Nobody holds the number, so no wanted fax can be lost; the call has been counted.
        let mut decided = plain(Action::RefuseCall, "trap.unassigned", policy);
        decided.refusal = Some(UNASSIGNED);
        return decided;
    }
    if features.is(Feature::ListAllow) {
        return plain(Action::Deliver, "list.allow", policy);
    }
    let blocked = features.is(Feature::ListBlock);
    let measured =
        (case.measure == Some(MeasureKind::Block)).then(|| spared(case, Severity::Refuse));
    let severity = if blocked { Severity::Refuse } else { inbound_severity(case, policy) };
    let by_measure = measured.is_some_and(|measured| measured > severity);
    let severity = measured.map_or(severity, |measured| measured.max(severity));
    // Of a call that brought no page there is nothing to keep: it was refused, or hung up.
    let empty = case.stage == StageKind::Received && !features.is(Feature::Pages);
    let severity = if empty { severity.min(Severity::Tag) } else { severity };
    let withheld = severity >= Severity::Keep;
    if withheld && case.budget_spent && !blocked && measured.is_none() {
        let mut decided = plain(Action::DeliverTagged, "budget.spent", policy);
        decided.degradations = Degradations::BUDGET_SPENT;
        return decided;
    }
    let (mut action, mut rule) = inbound_action(severity, case.stage);
    if case.stage == StageKind::CallOffered
        && action < Action::Defer
        && let Some((_, over)) = quota_rule(case.quotas, |o| o != QuotaOutcome::Within)
    {
        (action, rule) = (Action::Defer, over);
    }
    if blocked {
        rule = "list.block";
    } else if by_measure && withheld {
        rule = "measure.block";
    }
    let mut decided = plain(action, rule, policy);
    if action == Action::RefuseCall {
        decided.refusal = Some(policy.redress().refuse());
    } else if action == Action::Defer {
        decided.refusal = Some(policy.redress().defer());
    }
    decided.deadline =
        (action == Action::Quarantine).then(|| case.now.plus(policy.inbound().quarantine_time));
    doubt(case, policy, &mut decided);
    decided
}

/// The severity of the score. Correspondence never lets a fax be refused: at worst it is kept, and can be had.
fn inbound_severity(case: &Case<'_>, policy: &Policy) -> Severity {
    let (score, rules) = (case.scored.score, policy.inbound());
    let severity = if score >= rules.refuse {
        Severity::Refuse
    } else if score >= rules.defer {
        Severity::Defer
    } else if score >= rules.quarantine {
        Severity::Keep
    } else if score >= rules.tag {
        Severity::Tag
    } else {
        Severity::Clear
    };
    spared(case, severity)
}

/// At worst the fax of a correspondent is kept, and can be had.
fn spared(case: &Case<'_>, severity: Severity) -> Severity {
    let corresponds =
        case.features.is(Feature::MemberFaxed) || case.features.is(Feature::MemberAccepted);
    if corresponds { severity.min(Severity::Keep) } else { severity }
}

fn inbound_action(severity: Severity, stage: StageKind) -> (Action, &'static str) {
    match (severity, stage) {
        (Severity::Clear, _) => (Action::Deliver, "threshold.none"),
        (Severity::Tag, _) => (Action::DeliverTagged, "threshold.tag"),
        (Severity::Keep, _) => (Action::Quarantine, "threshold.quarantine"),
        (Severity::Defer, StageKind::CallOffered) => (Action::Defer, "threshold.defer"),
        (Severity::Refuse, StageKind::CallOffered | StageKind::Handshake) => {
            (Action::RefuseCall, "threshold.refuse")
        }
        (Severity::Refuse, StageKind::Page) => (Action::StopAfterPage, "threshold.refuse"),
        // The call is answered or over: what would have been refused is kept, and can be had.
        (Severity::Defer | Severity::Refuse, _) => (Action::Quarantine, "threshold.quarantine"),
    }
}

/// In doubt a call goes on within bounds, and the fingerprint could settle it.
fn doubt(case: &Case<'_>, policy: &Policy, decided: &mut Decided) {
    let (low, high) = policy.inbound().doubt;
    let score = case.scored.score;
    if score < low || score >= high {
        return;
    }
    decided.settled = false;
    let pages_arrived = matches!(case.stage, StageKind::Page | StageKind::Received);
    if pages_arrived {
        decided.fingerprint = Some(ContentPurpose::PreventDisruption);
    }
    if case.stage != StageKind::Received && score >= policy.inbound().tag {
        decided.bounds = policy.inbound().doubt_bounds;
    }
}

fn outbound(case: &Case<'_>, policy: &Policy) -> Decided {
    let rules = policy.outbound();
    let redress = policy.redress().refuse();
    let refused =
        |rule| Decided { refusal: Some(redress), ..plain(Action::RefuseJob, rule, policy) };
    let before_dial = case.stage != StageKind::DialResult;
    if before_dial && let Some(never) = quota_rule(case.quotas, |o| o == QuotaOutcome::Never) {
        return refused(never.1);
    }
    match case.measure.filter(|_| before_dial) {
        Some(MeasureKind::Close) => return refused("measure.close"),
        Some(MeasureKind::Suspend) => return refused("measure.suspend"),
        Some(MeasureKind::Block) => return refused("measure.block"),
        Some(MeasureKind::Hold | MeasureKind::Limit | MeasureKind::Warn) | None => {}
    }
    if let Some((Going::Refuse, rule)) = share_rule(case).filter(|_| before_dial) {
        return refused(rule);
    }
    if let Some((state, deadline)) = case.desk.filter(|_| before_dial) {
        match state {
            HeldState::Waiting => {
                let held = plain(Action::Hold, "held.waiting", policy);
                return Decided { deadline: Some(deadline), ..held };
            }
            HeldState::Rejected | HeldState::RefusedWithNotice => return refused("held.rejected"),
            // A person has looked at it and let it go.
            HeldState::Released | HeldState::DeliveredTagged => return bounded(case, policy),
        }
    }
    let score = case.scored.score;
    if score >= rules.refuse {
        return refused("threshold.refuse");
    }
    if before_dial && case.measure == Some(MeasureKind::Hold) {
        let held = plain(Action::Hold, "measure.hold", policy);
        return Decided { deadline: Some(case.now.plus(rules.hold_time)), ..held };
    }
    let opted_out = case.features.is(Feature::ListOptOut);
    if (score >= rules.hold || opted_out) && before_dial {
        if case.budget_spent && !opted_out {
            let mut decided = plain(Action::Bound, "budget.spent", policy);
            decided.bounds = rules.bounds;
            decided.degradations = Degradations::BUDGET_SPENT;
            return decided;
        }
        let rule = if opted_out { "list.opt_out" } else { "threshold.hold" };
        let mut decided = plain(Action::Hold, rule, policy);
        decided.deadline = Some(case.now.plus(rules.hold_time));
        return decided;
    }
    bounded(case, policy)
}

fn bounded(case: &Case<'_>, policy: &Policy) -> Decided {
    let rules = policy.outbound();
    if case.scored.score >= rules.bound {
        let mut decided = plain(Action::Bound, "threshold.bound", policy);
        decided.bounds = rules.bounds;
        return quiet(case, policy, decided);
    }
    if let Some((until, rule)) = quota_rule(case.quotas, |o| matches!(o, QuotaOutcome::NotUntil(_)))
    {
        let mut decided = plain(Action::Bound, rule, policy);
        decided.bounds.not_before = until;
        return decided;
    }
    if let Some((Going::WaitUntil(until), rule)) = share_rule(case) {
        let mut decided = plain(Action::Bound, rule, policy);
        decided.bounds.not_before = Some(until);
        return decided;
    }
    quiet(case, policy, plain(Action::Allow, "threshold.none", policy))
}

/// Bulk keeps to the recipient's hours.
fn quiet(case: &Case<'_>, policy: &Policy, mut decided: Decided) -> Decided {
    let bulk = case.features.get(Feature::BatchRecipients) >= BULK_RECIPIENTS;
    if bulk && policy.outbound().quiet_hours && case.quiet_until.is_some() {
        if decided.action == Action::Allow {
            (decided.action, decided.rule) = (Action::Bound, "hours.quiet");
        }
        decided.bounds.not_before = case.quiet_until;
        decided.bounds.hours = case.hours;
    }
    decided
}

/// The quota that stands in the way, with the time when none does any more.
fn quota_rule(
    quotas: &[QuotaStatus],
    stands: impl Fn(QuotaOutcome) -> bool,
) -> Option<(Option<Timestamp>, &'static str)> {
    let until = |quota: &QuotaStatus| match quota.outcome {
        QuotaOutcome::NotUntil(until) => Some(until),
        QuotaOutcome::Within | QuotaOutcome::Never => None,
    };
    quotas
        .iter()
        .filter(|quota| stands(quota.outcome))
        .max_by_key(|quota| until(quota))
        .map(|quota| (until(quota), QUOTA_RULES[quota.holder as usize][quota.resource as usize]))
}

/// What a share lets the job do, and the rule of it; `None` where it stands in no way.
fn share_rule(case: &Case<'_>) -> Option<(Going, &'static str)> {
    let share = case.share?;
    let stands = matches!(share.going, Going::WaitUntil(_) | Going::Refuse);
    stands.then(|| (share.going, SHARE_RULES[share.holding.resource as usize]))
}

/// The nearest thresholds either side, and the one signal whose absence alone would have made it milder.
fn counterfactuals(case: &Case<'_>, policy: &Policy, decided: &Decided) -> Counterfactuals {
    let mut list = Counterfactuals::new();
    let score = case.scored.score;
    let milder = |score: Score| action_at(score, case, policy);
    let steps = thresholds(case.stage.direction(), policy);
    if let Some(below) = steps.iter().rev().find(|step| **step <= score) {
        let distance = Score(below.0.saturating_sub(score.0).saturating_sub(1));
        let action = milder(Score(below.0.saturating_sub(1)));
        if action != decided.action {
            let without = case
                .scored
                .hits
                .iter()
                .filter(|hit| hit.kind == HitKind::Signal && hit.contribution.0 > -distance.0)
                .max_by_key(|hit| hit.contribution)
                .map(|hit| hit.name.text());
            list.push(Counterfactual { action, distance, without });
        }
    }
    if let Some(above) = steps.iter().find(|step| **step > score) {
        let action = milder(*above);
        if action != decided.action {
            let distance = Score(above.0.saturating_sub(score.0));
            list.push(Counterfactual { action, distance, without: None });
        }
    }
    list
}

fn thresholds(direction: Direction, policy: &Policy) -> [Score; 4] {
    let (inbound, outbound) = (policy.inbound(), policy.outbound());
    match direction {
        Direction::Inbound => [inbound.tag, inbound.quarantine, inbound.defer, inbound.refuse],
        Direction::Outbound => [outbound.bound, outbound.hold, outbound.refuse, outbound.refuse],
    }
}

/// The action there would be at another score, everything else the same.
fn action_at(score: Score, case: &Case<'_>, policy: &Policy) -> Action {
    let scored = Scored { score, hits: Vec::new() };
    let other = Case { scored: &scored, ..case.clone() };
    match case.stage.direction() {
        Direction::Inbound => inbound(&other, policy).action,
        Direction::Outbound => outbound(&other, policy).action,
    }
}

#[cfg(test)]
mod tests;
