//! Score: hits times policy. Pure: the same features under the same policy give the same lines, to the thousandth.

use super::signals::{FULL, GAUGES, NAMES, Wakers};
use crate::fax::stage::Direction;
use crate::features::{Features, each_place};
use crate::policy::{Policy, SignalSet};
use crate::verdict::{Hit, HitKind, Name, Score};

/// Lines that a score seldom exceeds: what is set aside at once.
const LINES_USUAL: usize = 16;
/// Most groups a policy can have; more than the catalog names.
const GROUPS_MAX: usize = 32;

/// The name of the line before any evidence.
pub(super) const PRIOR: Name = Name::of("prior");
const CALIBRATION: Name = Name::of("calibration");

/// A score and the lines it is the exact sum of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scored {
    /// The sum.
    pub score: Score,
    /// Prior first, then signals in the order of the catalog, caps, composites, calibration.
    pub hits: Vec<Hit>,
}

/// Weighs the features of a fax going that way.
pub fn score(features: &Features, direction: Direction, policy: &Policy) -> Scored {
    let prior = policy.prior(direction);
    let mut hits = Vec::with_capacity(LINES_USUAL);
    hits.push(Hit { kind: HitKind::Prior, name: PRIOR, contribution: prior, value: 0 });
    let mut spoke = SignalSet::default();
    let mut sums = [0i64; GROUPS_MAX];
    each_place(Wakers::awake(direction, features), |index| {
        let Some(hit) = signal_hit(index, features, policy) else { return };
        spoke.insert(index);
        if let Some(sum) = sums.get_mut(policy.group_of(index)) {
            *sum += i64::from(hit.contribution.0);
        }
        hits.push(hit);
    });
    cap_groups(&sums, policy, &mut hits);
    for composite in policy.composites().iter().filter(|composite| composite.holds(&spoke)) {
        let (name, contribution) = (Name::of(composite.name()), composite.weight());
        hits.push(Hit { kind: HitKind::Composite, name, contribution, value: 0 });
    }
    calibrate(policy, prior, &mut hits);
    Scored { score: sum(&hits), hits }
}

#[inline]
fn signal_hit(index: usize, features: &Features, policy: &Policy) -> Option<Hit> {
    // Most of those awake are below their threshold, so that is asked first.
    let (strength, value) = GAUGES[index].read(features);
    let weight = policy.weight(index);
    if strength == 0 || weight == Score(0) {
        return None;
    }
    let contribution = i64::from(weight.0) * i64::from(strength) / i64::from(FULL);
    let contribution = Score(i32::try_from(contribution).unwrap_or(0));
    Some(Hit { kind: HitKind::Signal, name: NAMES[index], contribution, value })
}

/// A group counts no more than its cap, either way: what is too much is taken back in a line of its own.
fn cap_groups(sums: &[i64], policy: &Policy, hits: &mut Vec<Hit>) {
    for (sum, group) in sums.iter().zip(policy.groups()) {
        let kept = (*sum).clamp(i64::from(group.min.0), i64::from(group.max.0));
        if kept != *sum {
            let contribution = Score(i32::try_from(kept - sum).unwrap_or(0));
            let name = Name::of(group.name);
            hits.push(Hit { kind: HitKind::Cap, name, contribution, value: *sum });
        }
    }
}

/// The prior is no evidence, so calibration leaves it alone.
fn calibrate(policy: &Policy, prior: Score, hits: &mut Vec<Hit>) {
    let evidence = Score(sum(hits).0.saturating_sub(prior.0));
    let contribution = policy.calibration().adjustment(evidence);
    if contribution != Score(0) {
        hits.push(Hit { kind: HitKind::Calibration, name: CALIBRATION, contribution, value: 0 });
    }
}

fn sum(hits: &[Hit]) -> Score {
    hits.iter().fold(Score(0), |sum, hit| sum.plus(hit.contribution))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{ALL_FEATURES, Feature, KeptFeatures};
    use crate::screening::signals::specs;
    use proptest::prelude::*;

    fn policy(text: &str) -> Policy {
        crate::policy::load(text, &specs()).unwrap().1
    }

    fn features(pairs: &[(Feature, i32)]) -> Features {
        let mut features = Features::default();
        for (feature, value) in pairs {
            features.set(*feature, *value);
        }
        features
    }

    #[test]
    fn a_cap_takes_back_what_is_too_much() {
        let policy = policy("[groups.sweep]\ncap_min = 0\ncap_max = 3000\n");
        let swept = features(&[(Feature::Trap, 1), (Feature::CallerTraps, 3_000)]);
        let scored = score(&swept, Direction::Inbound, &policy);
        let cap = scored.hits.iter().find(|hit| hit.kind == HitKind::Cap).unwrap();
        assert_eq!((cap.name.text(), cap.contribution, cap.value), ("sweep", Score(-2_700), 5_700));
        assert_eq!(scored.score, policy.prior(Direction::Inbound).plus(Score(3_000)));
    }

    #[test]
    fn weights_composites_and_calibration_are_lines_of_their_own() {
        let policy = policy(
            "[score]\nslope_milli = 500\noffset_milli = 100\n\
             [signals]\n\"sweep.trap\" = 1000\n\
             [composites.night_trap]\nall = [\"sweep.trap\", \"time.night\"]\nnone = []\nweight = 700\n",
        );
        let seen = features(&[(Feature::Trap, 1), (Feature::NightMinute, 1)]);
        let scored = score(&seen, Direction::Inbound, &policy);
        let kinds: Vec<_> = scored.hits.iter().map(|hit| hit.kind).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == HitKind::Signal).count(), 2);
        assert!(kinds.contains(&HitKind::Composite) && kinds.ends_with(&[HitKind::Calibration]));
    }

    #[test]
    fn a_signal_of_the_other_direction_is_silent() {
        let policy = policy("");
        let free = features(&[(Feature::Plan, 1), (Feature::MemberAgeDays, 200)]);
        assert_eq!(score(&free, Direction::Inbound, &policy).hits.len(), 1);
        assert_eq!(score(&free, Direction::Outbound, &policy).hits.len(), 2);
    }

    proptest! {
        #[test]
        fn the_sum_is_exact_whatever_the_features(
            values in prop::collection::vec(any::<i32>(), ALL_FEATURES.len()),
            outbound in any::<bool>(),
        ) {
            let policy = policy("");
            let direction = if outbound { Direction::Outbound } else { Direction::Inbound };
            let pairs = (0u8..).zip(values);
            let features = KeptFeatures::from_sparse(pairs).spread();
            let scored = score(&features, direction, &policy);
            let total: i64 = scored.hits.iter().map(|hit| i64::from(hit.contribution.0)).sum();
            prop_assert_eq!(total, i64::from(scored.score.0));
            prop_assert_eq!(&scored, &score(&features, direction, &policy));
        }
    }
}
