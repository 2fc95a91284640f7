//! Decide: a table of cases, each with the action and rule it must get.

use super::*;
use crate::screening::signals::specs;
use crate::verdict::{QuotaHolder, Resource};

const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

fn policy() -> Policy {
    Policy::defaults(&specs()).unwrap()
}

fn decided(
    stage: StageKind,
    score: i32,
    set: &[(Feature, i32)],
    quotas: &[QuotaStatus],
) -> Decided {
    let mut features = Features::default();
    features.set(Feature::Pages, 1);
    for (feature, value) in set {
        features.set(*feature, *value);
    }
    let scored = Scored { score: Score(score), hits: Vec::new() };
    let case = Case {
        stage,
        features: &features,
        scored: &scored,
        quotas,
        share: None,
        budget_spent: set.iter().any(|(feature, _)| *feature == Feature::Stage),
        now: NOW,
        hours: Some((480, 1_260)),
        desk: None,
        measure: None,
        quiet_until: features.is(Feature::QuietHours).then(|| NOW.plus(Span::seconds(3_600))),
    };
    decide(&case, &policy())
}

fn quota(resource: Resource, outcome: QuotaOutcome) -> QuotaStatus {
    let holder = QuotaHolder::Member;
    QuotaStatus { holder, resource, outcome, cost: 1, remaining: 0, burst: 10 }
}

#[test]
fn inbound_ladder() {
    use Action::{Defer, Deliver, DeliverTagged, Quarantine, RefuseCall, StopAfterPage};
    use StageKind::{CallOffered, Handshake, Page, Received};
    for (stage, score, action) in [
        (CallOffered, -1, Deliver),
        (CallOffered, 0, DeliverTagged),
        (CallOffered, 2_200, Quarantine),
        (CallOffered, 4_000, Defer),
        (CallOffered, 6_000, RefuseCall),
        (Handshake, 4_000, Quarantine),
        (Handshake, 6_000, RefuseCall),
        (Page, 6_000, StopAfterPage),
        (Received, 9_000, Quarantine),
        (Received, -1, Deliver),
    ] {
        let got = decided(stage, score, &[(Feature::Pages, 1)], &[]);
        assert_eq!(got.action, action, "{stage:?} at {score}");
        assert_eq!(got.deadline.is_some(), action == Quarantine, "{stage:?} at {score}");
        assert_eq!(got.refusal.is_some(), matches!(action, Defer | RefuseCall));
    }
}

#[test]
fn what_stands_above_the_ladder() {
    use StageKind::{CallOffered, Received};
    let faxed = [(Feature::MemberFaxed, 1)];
    assert_eq!(decided(CallOffered, 9_000, &faxed, &[]).action, Action::Quarantine);
    let allowed = [(Feature::ListAllow, 1)];
    assert_eq!(decided(CallOffered, 9_000, &allowed, &[]).rule, "list.allow");
    let blocked = [(Feature::ListBlock, 1), (Feature::Pages, 1)];
    let got = decided(CallOffered, -9_000, &blocked, &[]);
    assert_eq!((got.action, got.rule), (Action::RefuseCall, "list.block"));
    assert_eq!(decided(Received, -9_000, &blocked, &[]).action, Action::Quarantine);
    let empty = decided(Received, 9_000, &[(Feature::Pages, 0)], &[]);
    assert_eq!((empty.action, empty.deadline), (Action::DeliverTagged, None), "nothing to keep");
    let trap = [(Feature::Trap, 1)];
    assert_eq!(decided(CallOffered, -9_000, &trap, &[]).refusal.unwrap().sip_code, 404);
    // In these cases the stage feature stands for a spent budget.
    let spent = decided(CallOffered, 9_000, &[(Feature::Stage, 1)], &[]);
    assert_eq!((spent.action, spent.rule), (Action::DeliverTagged, "budget.spent"));
    assert!(spent.degradations.has(Degradations::BUDGET_SPENT));
}

#[test]
fn outbound_ladder_and_quotas() {
    use StageKind::{DialResult, JobSubmitted};
    let until = NOW.plus(Span::seconds(60));
    let never = [quota(Resource::Pages, QuotaOutcome::Never)];
    let later = [
        quota(Resource::Faxes, QuotaOutcome::Within),
        quota(Resource::LineSeconds, QuotaOutcome::NotUntil(until)),
    ];
    for (score, quotas, action, rule) in [
        (-3_500, &[][..], Action::Allow, "threshold.none"),
        (-3_500, &never, Action::RefuseJob, "quota.pages"),
        (-3_500, &later, Action::Bound, "quota.line_seconds"),
        (0, &[], Action::Bound, "threshold.bound"),
        (2_200, &[], Action::Hold, "threshold.hold"),
        (6_000, &[], Action::RefuseJob, "threshold.refuse"),
    ] {
        let got = decided(JobSubmitted, score, &[], quotas);
        assert_eq!((got.action, got.rule), (action, rule), "{score}");
    }
    assert_eq!(decided(JobSubmitted, -3_500, &[], &later).bounds.not_before, Some(until));
    assert_eq!(decided(DialResult, 3_000, &[], &never).action, Action::Bound);
    let opted_out = [(Feature::ListOptOut, 1)];
    assert_eq!(decided(JobSubmitted, -3_500, &opted_out, &[]).rule, "list.opt_out");
}

#[test]
fn bulk_keeps_to_the_recipients_hours() {
    let night = [(Feature::QuietHours, 1), (Feature::BatchRecipients, 40)];
    let got = decided(StageKind::JobSubmitted, -3_500, &night, &[]);
    assert_eq!((got.action, got.rule), (Action::Bound, "hours.quiet"));
    assert_eq!(got.bounds.hours, Some((480, 1_260)));
    let single = [(Feature::QuietHours, 1), (Feature::BatchRecipients, 1)];
    assert_eq!(decided(StageKind::JobSubmitted, -3_500, &single, &[]).action, Action::Allow);
}

#[test]
fn doubt_asks_for_the_fingerprint_and_bounds_the_call() {
    let got = decided(StageKind::CallOffered, 500, &[], &[]);
    assert!(got.bounds.pages.is_some() && got.fingerprint.is_none() && !got.settled);
    let got = decided(StageKind::Received, -500, &[], &[]);
    assert_eq!(got.fingerprint, Some(ContentPurpose::PreventDisruption));
    assert!(decided(StageKind::Received, -1_500, &[], &[]).settled);
}

#[test]
fn the_way_out_is_named() {
    let got = decided(StageKind::CallOffered, 2_500, &[], &[]);
    assert_eq!(got.counterfactuals[0].action, Action::DeliverTagged);
    assert_eq!(got.counterfactuals[0].distance, Score(-301));
    assert_eq!(got.counterfactuals[1].action, Action::Defer);
    assert_eq!(got.counterfactuals[1].distance, Score(1_500));
}

#[test]
fn the_desk_stands_above_the_score() {
    use StageKind::{DialResult, Dialing};
    let until = NOW.plus(Span::seconds(99));
    let features = Features::default();
    for (state, stage, score, action, rule) in [
        (HeldState::Waiting, Dialing, -3_500, Action::Hold, "held.waiting"),
        (HeldState::Rejected, Dialing, -3_500, Action::RefuseJob, "held.rejected"),
        (HeldState::RefusedWithNotice, Dialing, 3_000, Action::RefuseJob, "held.rejected"),
        (HeldState::Released, Dialing, 9_000, Action::Bound, "threshold.bound"),
        (HeldState::Released, Dialing, -3_500, Action::Allow, "threshold.none"),
        (HeldState::Rejected, DialResult, -3_500, Action::Allow, "threshold.none"),
    ] {
        let scored = Scored { score: Score(score), hits: Vec::new() };
        let case = Case {
            stage,
            features: &features,
            scored: &scored,
            quotas: &[],
            share: None,
            budget_spent: false,
            now: NOW,
            hours: None,
            quiet_until: None,
            desk: Some((state, until)),
            measure: None,
        };
        let got = decide(&case, &policy());
        assert_eq!((got.action, got.rule), (action, rule), "{state:?} {stage:?} {score}");
        assert_eq!(got.deadline, Some(until).filter(|_| action == Action::Hold));
    }
}
