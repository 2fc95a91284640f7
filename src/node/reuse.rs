//! Verdicts kept for as long as they said they may be used again, for the time when nobody answers.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::parties::Pair;
use crate::bounds::{NODE_REUSE_ENTRIES, NODE_REUSE_REFUSALS};
use crate::fax::stage::StageKind;
use crate::time::{Span, Timestamp};
use crate::wire::screening::v1 as wire;

/// Longest a verdict is kept, whatever it says: the policy's own limit.
const REUSE_MAX: Span = Span::seconds(24 * 3_600);
/// Longest text of a refusal that is kept, in bytes.
const REFUSAL_BYTES_MAX: usize = 1_024;

/// What is kept of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// Until when it may be used again, in microseconds since 1970.
    until: i64,
    /// Number of the action in the contract.
    action: i32,
    /// Which of the refusals.
    refusal: Option<u8>,
    /// Most pages, dials and tries; 0 is no limit.
    limits: [u32; 3],
}

/// The verdicts, by stage and by who sends what to whom. Two tables of half the entries each: the older one is let
/// go whole when the younger one is full, so that keeping one costs the same whatever there is.
#[derive(Debug, Default)]
pub(super) struct Reuse {
    young: HashMap<u128, Kept>,
    old: HashMap<u128, Kept>,
    refusals: Vec<wire::Refusal>,
}

/// The stages whose verdict says something about the next fax of the same two: the others go by what this one fax
/// is like.
const fn speaks_of_the_next(stage: StageKind) -> bool {
    match stage {
        StageKind::CallOffered
        | StageKind::Received
        | StageKind::JobSubmitted
        | StageKind::Dialing => true,
        StageKind::Handshake | StageKind::Page | StageKind::DialResult => false,
    }
}

impl Reuse {
    /// Keeps a verdict, if it may be used again at all. The newest of a pair and stage counts.
    pub(super) fn keep(
        &mut self,
        pair: Pair,
        stage: StageKind,
        verdict: &wire::Verdict,
        now: Timestamp,
    ) {
        if !speaks_of_the_next(stage) {
            return;
        }
        let key = pair.at(stage);
        let Some(kept) = self.shorten(verdict, now) else {
            // What it would contradict is no longer to be had.
            self.young.remove(&key);
            self.old.remove(&key);
            return;
        };
        if self.young.len() >= NODE_REUSE_ENTRIES / 2 && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, kept);
    }

    fn shorten(&mut self, verdict: &wire::Verdict, now: Timestamp) -> Option<Kept> {
        let span = verdict.reuse_duration.as_ref()?;
        let seconds = u64::try_from(span.seconds).ok().filter(|seconds| *seconds > 0)?;
        let refusal = match &verdict.refusal {
            Some(refusal) => Some(self.refusal(refusal)?),
            None => None,
        };
        let bounds = verdict.bounds.as_ref();
        let limits = bounds.map_or([0; 3], |bounds| {
            [bounds.max_page_count, bounds.max_dial_count, bounds.max_try_count]
        });
        let until = now.plus(Span::seconds(seconds).min(REUSE_MAX)).as_micros();
        Some(Kept { until, action: verdict.action, refusal, limits })
    }

    /// The place of a refusal among the few there are.
    fn refusal(&mut self, refusal: &wire::Refusal) -> Option<u8> {
        let known = self.refusals.iter().position(|known| known == refusal);
        let place = known.or_else(|| {
            let bytes = refusal.sip_phrase.len() + refusal.redress_text.len();
            let fits = self.refusals.len() < NODE_REUSE_REFUSALS && bytes <= REFUSAL_BYTES_MAX;
            fits.then(|| {
                self.refusals.push(refusal.clone());
                self.refusals.len() - 1
            })
        });
        place.and_then(|place| u8::try_from(place).ok())
    }

    /// The verdict to use again. What would keep a fax back is milder here: nobody but the service could let it go
    /// again, and the service does not know of it.
    pub(super) fn find(
        &self,
        pair: Pair,
        stage: StageKind,
        now: Timestamp,
    ) -> Option<wire::Verdict> {
        let key = pair.at(stage);
        let kept = self.young.get(&key).or_else(|| self.old.get(&key))?;
        let until = Timestamp::from_micros(kept.until);
        if now >= until || until.since(now) > REUSE_MAX {
            return None;
        }
        let action = match wire::Action::try_from(kept.action).ok()? {
            wire::Action::Quarantine => wire::Action::DeliverTagged,
            wire::Action::Hold => wire::Action::Bound,
            wire::Action::Unspecified => return None,
            action @ (wire::Action::Deliver
            | wire::Action::DeliverTagged
            | wire::Action::Defer
            | wire::Action::RefuseCall
            | wire::Action::Allow
            | wire::Action::Bound
            | wire::Action::RefuseJob
            | wire::Action::StopAfterPage) => action,
        };
        let place = kept.refusal.map(usize::from);
        let [max_page_count, max_dial_count, max_try_count] = kept.limits;
        let limited = kept.limits != [0; 3];
        Some(wire::Verdict {
            action: action.into(),
            refusal: place.and_then(|place| self.refusals.get(place).cloned()),
            bounds: limited.then(|| wire::Bounds {
                max_page_count,
                max_dial_count,
                max_try_count,
                ..wire::Bounds::default()
            }),
            ..wire::Verdict::default()
        })
    }

    /// The refusals and the verdicts that hold longest, for the next process.
    pub(super) fn save(
        &self,
        most: usize,
        now: Timestamp,
    ) -> (Vec<wire::Refusal>, Vec<(u128, Kept)>) {
        let old = self.old.iter().filter(|(key, _)| !self.young.contains_key(key));
        let all = self.young.iter().chain(old).map(|(key, kept)| (*key, *kept));
        let mut all: Vec<_> = all.filter(|(_, kept)| kept.until > now.as_micros()).collect();
        all.sort_unstable_by_key(|(key, kept)| (std::cmp::Reverse(kept.until), *key));
        all.truncate(most);
        (self.refusals.clone(), all)
    }

    /// Takes over what [`save`](Self::save) gave.
    pub(super) fn restore(refusals: Vec<wire::Refusal>, kept: Vec<(u128, Kept)>) -> Self {
        let young = kept.into_iter().take(NODE_REUSE_ENTRIES / 2).collect();
        let refusals = refusals.into_iter().take(NODE_REUSE_REFUSALS).collect();
        Self { young, old: HashMap::new(), refusals }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1_000_000).plus(Span::seconds(seconds))
    }

    fn verdict(action: wire::Action, seconds: i64) -> wire::Verdict {
        let refused = matches!(action, wire::Action::RefuseCall | wire::Action::RefuseJob);
        wire::Verdict {
            action: action.into(),
            reuse_duration: Some(pbjson_types::Duration { seconds, nanos: 0 }),
            refusal: refused.then(|| wire::Refusal { sip_code: 603, ..Default::default() }),
            ..Default::default()
        }
    }

    fn action(found: Option<wire::Verdict>) -> Option<wire::Action> {
        found.map(|verdict| verdict.action())
    }

    #[test]
    fn a_verdict_is_used_again_for_the_same_two_at_the_same_stage_and_no_longer_than_it_said() {
        use wire::Action as A;
        let mut reuse = Reuse::default();
        let (one, other) = (Pair::for_tests(1), Pair::for_tests(2));
        reuse.keep(one, StageKind::CallOffered, &verdict(A::RefuseCall, 60), at(0));
        let found = reuse.find(one, StageKind::CallOffered, at(59)).unwrap();
        assert_eq!((found.action(), found.refusal.unwrap().sip_code), (A::RefuseCall, 603));
        for (pair, stage, now) in [
            (one, StageKind::CallOffered, at(60)),
            (one, StageKind::CallOffered, Timestamp::from_seconds(1)),
            (one, StageKind::Received, at(1)),
            (other, StageKind::CallOffered, at(1)),
        ] {
            assert_eq!(action(reuse.find(pair, stage, now)), None, "{stage:?}");
        }
        reuse.keep(one, StageKind::CallOffered, &verdict(A::Deliver, 60), at(5));
        assert_eq!(action(reuse.find(one, StageKind::CallOffered, at(6))), Some(A::Deliver));
        reuse.keep(one, StageKind::CallOffered, &verdict(A::RefuseCall, 0), at(7));
        assert_eq!(action(reuse.find(one, StageKind::CallOffered, at(8))), None);
    }

    #[test]
    fn what_would_keep_a_fax_back_is_milder() {
        use wire::Action as A;
        let pair = Pair::for_tests(1);
        for (stage, kept, used) in [
            (StageKind::Received, A::Quarantine, Some(A::DeliverTagged)),
            (StageKind::JobSubmitted, A::Hold, Some(A::Bound)),
            (StageKind::Received, A::DeliverTagged, Some(A::DeliverTagged)),
            (StageKind::Dialing, A::RefuseJob, Some(A::RefuseJob)),
            (StageKind::Handshake, A::RefuseCall, None),
            (StageKind::Page, A::StopAfterPage, None),
            (StageKind::CallOffered, A::Unspecified, None),
        ] {
            let mut reuse = Reuse::default();
            reuse.keep(pair, stage, &verdict(kept, 60), at(0));
            assert_eq!(action(reuse.find(pair, stage, at(1))), used, "{stage:?}");
        }
    }

    #[test]
    fn the_table_is_bounded_and_keeps_the_newest() {
        let mut reuse = Reuse::default();
        let deliver = verdict(wire::Action::Deliver, 60);
        let count = 2 * NODE_REUSE_ENTRIES as u128;
        for pair in 0..count {
            reuse.keep(Pair::for_tests(pair), StageKind::CallOffered, &deliver, at(0));
            assert!(reuse.young.len() + reuse.old.len() <= NODE_REUSE_ENTRIES);
        }
        let newest = Pair::for_tests(count - 1);
        assert!(reuse.find(newest, StageKind::CallOffered, at(1)).is_some());
        for code in 0..100 {
            let refusal = wire::Refusal { sip_code: code, ..Default::default() };
            let refused = wire::Verdict { refusal: Some(refusal), ..deliver.clone() };
            reuse.keep(Pair::for_tests(code.into()), StageKind::CallOffered, &refused, at(0));
        }
        assert_eq!(reuse.refusals.len(), NODE_REUSE_REFUSALS);
        let (refusals, kept) = reuse.save(100, at(1));
        assert_eq!(kept.len(), 100);
        let next = Reuse::restore(refusals, kept.clone());
        assert_eq!(next.young.len(), 100);
        assert!(reuse.save(100, at(61)).1.is_empty(), "what is over is not handed on");
    }
}
