//! A verdict in the contract's words: codes, sentences and limits.

use super::read::{span_to_wire, time_to_wire};
use crate::time::Span;
use crate::verdict::{
    Bounds, Counterfactual, Degradations, Going, Hit, Holder, Name, QuotaOutcome, QuotaStatus,
    Refusal, ShareStatus, Verdict, weight_percent,
};
use crate::wire::screening::v1 as wire;

/// The sentences a verdict is told in. The catalog of signals and the policy own them; the wall only puts
/// them in place.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// The sentence for a line of the score by its name: what stands before the number that counted, and after it where it
    /// has one.
    pub describe: fn(Name) -> (&'static str, Option<&'static str>),
    /// Whom a refused caller asks for redress (47 CFR 64.1200(k)), of the policy.
    pub redress: &'a str,
}

/// The answer to one request as a message, without the keys that fingerprints are wanted under. What serves puts it straight into
/// bytes, see [`super::told`].
#[must_use]
pub fn response(request_id: &str, verdict: &Verdict, words: &Words<'_>) -> wire::ScreenFaxResponse {
    wire::ScreenFaxResponse {
        request_id: request_id.into(),
        decision_id: verdict.decision.to_string(),
        verdict: Some(to_wire(verdict, words)),
    }
}

/// A verdict for the wire. Whoever else than a node sees it sees no keys.
#[must_use]
pub fn to_wire(verdict: &Verdict, words: &Words<'_>) -> wire::Verdict {
    let Verdict {
        decision: _,
        stage,
        action,
        score,
        hits,
        rule,
        generation,
        counterfactuals,
        reuse,
        fingerprint: _,
        ink_map: _,
        bounds,
        refusal,
        deadline,
        quotas,
        share,
        degradations,
        repeated,
        settled,
    } = verdict;
    wire::Verdict {
        action: code(*action as u8),
        score: score.probability(),
        log_odds_milli: score.0,
        hits: hits.iter().map(|line| hit(line, words)).collect(),
        stage: code(*stage as u8),
        policy_generation: *generation,
        counterfactuals: counterfactuals.iter().map(counterfactual).collect(),
        reuse_duration: (*reuse > Span::default()).then(|| span_to_wire(*reuse)),
        fingerprint: Some(wish(verdict, Vec::new())),
        bounds: (*bounds != Bounds::default()).then(|| limits(bounds)),
        refusal: refusal.as_ref().map(|refusal| refuse(refusal, words)),
        hold_deadline_time: deadline.map(time_to_wire),
        quotas: quotas.iter().map(quota).collect(),
        share: share.as_ref().map(share_status),
        degradations: degradation(*degradations),
        rule: (*rule).into(),
        repeated_answer: *repeated,
        settled: *settled,
    }
}

/// The contract numbers its enums as the domain does; a test holds each pair of names together.
pub(super) fn code(code: u8) -> i32 {
    i32::from(code)
}

fn hit(line: &Hit, words: &Words<'_>) -> wire::Hit {
    wire::Hit {
        kind: code(line.kind as u8),
        name: line.name.text().into(),
        contribution_milli: line.contribution.0,
        evidence: with_evidence(line, words, |parts| parts.concat()),
    }
}

/// Does something with the sentence for a line, in parts. They are put together and not formatted, which takes longer: there
/// are some in every verdict.
pub(super) fn with_evidence<T>(line: &Hit, words: &Words<'_>, act: impl FnOnce(&[&str]) -> T) -> T {
    match (words.describe)(line.name) {
        (sentence, None) => act(&[sentence]),
        (before, Some(after)) => act(&[before, itoa::Buffer::new().format(line.value), after]),
    }
}

fn counterfactual(other: &Counterfactual) -> wire::Counterfactual {
    wire::Counterfactual {
        action: code(other.action as u8),
        distance_milli: other.distance.0,
        condition: with_condition(other, |parts| parts.concat()),
    }
}

/// Does something with the sentence for a counterfactual, in parts.
pub(super) fn with_condition<T>(other: &Counterfactual, act: impl FnOnce(&[&str]) -> T) -> T {
    let Counterfactual { action, distance, without } = other;
    if let Some(signal) = without {
        return act(&["without `", signal, "` it would be ", action.name()]);
    }
    let milli = distance.0.unsigned_abs();
    let [mut whole, mut thousandths] = [itoa::Buffer::new(); 2];
    let whole = whole.format(milli / 1_000);
    // A one before them keeps their leading zeros.
    let thousandths = &thousandths.format(1_000 + milli % 1_000)[1..];
    let than = if distance.0 < 0 { " less" } else { " more" };
    let would = " log-odds of junk it would be ";
    act(&["with ", whole, ".", thousandths, than, would, action.name()])
}

/// Whether fingerprints are wanted, and under which keys.
pub(super) fn wish(verdict: &Verdict, keys: Vec<wire::FingerprintKey>) -> wire::FingerprintWish {
    wire::FingerprintWish {
        wanted: verdict.fingerprint.is_some(),
        purpose: verdict.fingerprint.map_or(0, |purpose| code(purpose as u8)),
        keys,
        ink_map_wanted: verdict.ink_map,
    }
}

pub(super) fn limits(bounds: &Bounds) -> wire::Bounds {
    let Bounds { pages, duration, page_bytes, dials, tries, not_before, hours, concurrent } =
        bounds;
    wire::Bounds {
        max_page_count: pages.unwrap_or(0),
        max_duration: duration.map(span_to_wire),
        max_page_bytes: page_bytes.unwrap_or(0),
        max_dial_count: dials.unwrap_or(0),
        max_try_count: tries.unwrap_or(0),
        not_before_time: not_before.map(time_to_wire),
        allowed_hours: hours.map(|(first, end)| wire::AllowedHours {
            first_minute: first.into(),
            end_minute: end.into(),
        }),
        max_concurrent_count: concurrent.unwrap_or(0),
    }
}

pub(super) fn refuse(refusal: &Refusal, words: &Words<'_>) -> wire::Refusal {
    let Refusal { sip_code, sip_phrase, q850_cause } = refusal;
    wire::Refusal {
        sip_code: u32::from(*sip_code),
        sip_phrase: (*sip_phrase).into(),
        q850_cause: u32::from(*q850_cause),
        redress_text: words.redress.into(),
    }
}

pub(super) fn quota(status: &QuotaStatus) -> wire::QuotaStatus {
    let QuotaStatus { holder, resource, outcome, cost, remaining, burst } = status;
    let (outcome, retry) = match outcome {
        QuotaOutcome::Within => (wire::QuotaOutcome::Within, None),
        QuotaOutcome::NotUntil(time) => (wire::QuotaOutcome::NotUntil, Some(*time)),
        QuotaOutcome::Never => (wire::QuotaOutcome::Never, None),
    };
    wire::QuotaStatus {
        resource: resource.name().into(),
        outcome: outcome.into(),
        cost: *cost,
        remaining_count: *remaining,
        burst: *burst,
        retry_time: retry.map(time_to_wire),
        // The contract begins at 1, since 0 says nothing.
        holder: code(*holder as u8 + 1),
    }
}

pub(super) fn share_status(status: &ShareStatus) -> wire::ShareStatus {
    let ShareStatus { holding, going } = status;
    let (outcome, retry) = match going {
        Going::Go => (wire::ShareOutcome::Within, None),
        Going::GoLow => (wire::ShareOutcome::LowPriority, None),
        Going::WaitUntil(time) => (wire::ShareOutcome::NotUntil, Some(*time)),
        Going::Refuse => (wire::ShareOutcome::Refused, None),
    };
    wire::ShareStatus {
        resource: holding.resource.name().into(),
        outcome: outcome.into(),
        group: holding.holder == Holder::Group,
        held_ppm: holding.held_ppm,
        fair_ppm: holding.fair_ppm,
        retry_time: retry.map(time_to_wire),
        sentence: holding.to_string(),
        weight_percent: weight_percent(holding.penalty),
    }
}

const DEGRADATIONS: [(Degradations, wire::Degradation); 7] = [
    (Degradations::MEMBER_UNKNOWN, wire::Degradation::MemberUnknown),
    (Degradations::BUDGET_SPENT, wire::Degradation::BudgetSpent),
    (Degradations::LEDGER_BEHIND, wire::Degradation::LedgerBehind),
    (Degradations::MEMORY_FULL, wire::Degradation::MemoryFull),
    (Degradations::EARLIER_STAGE_UNKNOWN, wire::Degradation::EarlierStageUnknown),
    (Degradations::SCORER_FAILED, wire::Degradation::ScorerFailed),
    (Degradations::FINGERPRINTS_NOT_COMPARED, wire::Degradation::FingerprintsNotCompared),
];

pub(super) fn degradation(set: Degradations) -> Vec<i32> {
    let present = DEGRADATIONS.into_iter().filter(|(bit, _)| set.has(*bit));
    present.map(|(_, sent)| sent.into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fax::id::DecisionId;
    use crate::fax::stage::StageKind;
    use crate::time::Timestamp;
    use crate::verdict::{
        Action, ContentPurpose, HitKind, Holding, QuotaHolder, Resource, Score, Watched,
    };

    fn sample() -> Verdict {
        let line = |name, contribution, value| Hit {
            kind: HitKind::Signal,
            name: Name::of(name),
            contribution: Score(contribution),
            value,
        };
        let other = |action, distance, without| Counterfactual {
            action,
            distance: Score(distance),
            without,
        };
        Verdict {
            decision: DecisionId([7; 16]),
            stage: StageKind::CallOffered,
            action: Action::Defer,
            score: Score(1_500),
            hits: vec![line("volume.x", 2_000, 42), line("relation.y", -500, 1)],
            rule: "threshold.defer",
            generation: 3,
            counterfactuals: smallvec::smallvec![
                other(Action::Deliver, -1_250, None),
                other(Action::RefuseCall, 40, None),
                other(Action::Deliver, -2_000, Some("volume.x")),
            ],
            reuse: Span::seconds(30),
            fingerprint: Some(ContentPurpose::PreventDisruption),
            ink_map: false,
            bounds: Bounds { pages: Some(3), hours: Some((480, 1_260)), ..Bounds::default() },
            refusal: Some(Refusal { sip_code: 486, sip_phrase: "Busy Here", q850_cause: 17 }),
            deadline: Some(Timestamp::from_seconds(99)),
            quotas: vec![QuotaStatus {
                holder: QuotaHolder::Number,
                resource: Resource::Pages,
                outcome: QuotaOutcome::NotUntil(Timestamp::from_seconds(5)),
                cost: 4,
                remaining: 1,
                burst: 9,
            }],
            share: Some(ShareStatus {
                holding: Holding {
                    resource: Watched::Lines,
                    holder: Holder::Member,
                    held_ppm: 310_000,
                    fair_ppm: 8_000,
                    penalty: 16,
                },
                going: Going::WaitUntil(Timestamp::from_seconds(7)),
            }),
            degradations: Degradations::MEMBER_UNKNOWN.with(Degradations::MEMORY_FULL),
            repeated: false,
            settled: true,
        }
    }

    #[test]
    fn a_verdict_is_told_whole() {
        let words =
            Words { describe: |_| ("saw ", Some(" of them")), redress: "ask redress@example.net" };
        let sent = to_wire(&sample(), &words);
        assert_eq!(sent.hits.iter().map(|hit| hit.contribution_milli).sum::<i32>(), 1_500);
        assert_eq!(sent.hits[0].evidence, "saw 42 of them");
        let conditions: Vec<&str> =
            sent.counterfactuals.iter().map(|other| other.condition.as_str()).collect();
        assert_eq!(
            conditions,
            [
                "with 1.250 less log-odds of junk it would be deliver",
                "with 0.040 more log-odds of junk it would be refuse-call",
                "without `volume.x` it would be deliver",
            ]
        );
        let refusal = sent.refusal.unwrap();
        assert_eq!((refusal.sip_code, refusal.q850_cause), (486, 17));
        assert_eq!(refusal.redress_text, "ask redress@example.net");
        assert_eq!(sent.quotas[0].retry_time.unwrap().seconds, 5);
        assert_eq!(sent.quotas[0].holder(), wire::QuotaHolder::Number);
        let share = sent.share.unwrap();
        assert_eq!(
            share.sentence,
            "holds 31 % of outbound lines, fair share now 0.8 %, at 50 % of its weight for abuse"
        );
        assert_eq!(share.weight_percent, 50);
        assert_eq!(
            (share.outcome(), share.retry_time.unwrap().seconds),
            (wire::ShareOutcome::NotUntil, 7)
        );
        assert_eq!(sent.degradations, [1, 4]);
        assert_eq!(sent.bounds.unwrap().allowed_hours.unwrap().end_minute, 1_260);
    }

    #[test]
    fn codes_name_the_same_thing_on_both_sides() {
        let folded = |name: &str| name.replace('-', "_").to_uppercase();
        for action in Action::ALL {
            let sent = wire::Action::try_from(code(action as u8)).unwrap();
            assert_eq!(sent.as_str_name(), format!("ACTION_{}", folded(action.name())));
        }
        for stage in StageKind::ALL {
            let sent = wire::StageKind::try_from(code(stage as u8)).unwrap();
            assert_eq!(sent.as_str_name(), format!("STAGE_KIND_{}", folded(stage.name())));
        }
        for kind in [
            HitKind::Prior,
            HitKind::Signal,
            HitKind::Cap,
            HitKind::Composite,
            HitKind::Calibration,
        ] {
            let sent = wire::HitKind::try_from(code(kind as u8)).unwrap();
            assert_eq!(format!("{sent:?}"), format!("{kind:?}"));
        }
        for purpose in
            [ContentPurpose::Deliver, ContentPurpose::Connect, ContentPurpose::PreventDisruption]
        {
            let sent = wire::ContentPurpose::try_from(code(purpose as u8)).unwrap();
            assert_eq!(format!("{sent:?}"), format!("{purpose:?}"));
        }
    }
}
