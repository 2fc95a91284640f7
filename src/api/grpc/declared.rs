//! The declared answer for a scorer that fails: a fault of ours never costs anybody a wanted fax.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::fax::stage::{Direction, StageEvent};
use crate::time::Span;
use crate::verdict::{Action, Bounds, Degradations, Score, Verdict};

/// The rule named by a declared verdict.
pub(super) const RULE: &str = "declared.scorer_failed";

/// What a scorer said, or that it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scored {
    /// Its verdict.
    Verdict(Verdict),
    /// It panicked; the declared verdict.
    Failed(Verdict),
}

/// Runs the scorer once. A panic in it is caught, so that it costs this one request its score and nothing else: the
/// engine holds no lock across a step that can panic, and its state is counters, right to within that one event.
pub(super) fn score(
    event: &StageEvent,
    generation: u64,
    scorer: impl FnOnce(&StageEvent) -> Verdict,
) -> Scored {
    match catch_unwind(AssertUnwindSafe(|| scorer(event))) {
        Ok(verdict) => Scored::Verdict(verdict),
        Err(_) => Scored::Failed(declared(event, generation)),
    }
}

fn declared(event: &StageEvent, generation: u64) -> Verdict {
    let stage = event.stage.kind();
    let action = match stage.direction() {
        Direction::Inbound => Action::Deliver,
        Direction::Outbound => Action::Allow,
    };
    Verdict {
        decision: event.decision,
        stage,
        action,
        score: Score(0),
        hits: Vec::new(),
        rule: RULE,
        generation,
        counterfactuals: Vec::new(),
        reuse: Span::default(),
        fingerprint: None,
        bounds: Bounds::default(),
        refusal: None,
        deadline: None,
        quotas: Vec::new(),
        degradations: Degradations::SCORER_FAILED,
        repeated: false,
        settled: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fax::id::{DecisionId, Pseudonym};
    use crate::fax::stage::{PageFacts, Stage, StageSet};
    use crate::time::Timestamp;

    fn event(stage: Stage) -> StageEvent {
        StageEvent {
            decision: DecisionId([1; 16]),
            request: 1,
            node: Pseudonym([2; 16]),
            time: Timestamp::default(),
            parties: None,
            member: None,
            stage,
            capabilities: StageSet::default(),
            unscored: 0,
        }
    }

    #[test]
    fn a_failing_scorer_lets_the_fax_through() {
        for (stage, action) in [
            (Stage::Page(PageFacts::default()), Action::Deliver),
            (Stage::Dialing { attempt: 1, pages: 0, bytes: 0 }, Action::Allow),
        ] {
            let event = event(stage);
            let Scored::Failed(verdict) = score(&event, 7, |_| panic!("scorer")) else {
                panic!("not caught")
            };
            assert_eq!((verdict.action, verdict.generation), (action, 7));
            assert!(verdict.degradations.has(Degradations::SCORER_FAILED));
        }
    }
}
