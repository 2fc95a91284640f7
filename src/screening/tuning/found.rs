//! What a rehearsal found: how often the limit that is tried would have stood in somebody's way, in whose, for how long, and what
//! would have been spent. Bounded, however long it goes on.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::rehearsal::{Candidate, Rehearsed};
use crate::bounds::AFFECTED_MAX;
use crate::ledger::{Stood, Use, UseKind};
use crate::limiter::Costs;
use crate::time::{Span, Timestamp};
use crate::verdict::{QuotaOutcome, QuotaStatus};

/// Buckets of waits a power of two: a quantile is right to within a sixteenth.
const FINE: u64 = 16;

/// In whose way it would have stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affected {
    /// How often, by a wait or for good.
    pub times: u64,
    /// How often for good: no wait would have helped.
    pub never: u64,
    /// The longest wait.
    pub longest: Span,
    /// Whether nothing spoke against it whenever that was.
    pub good: bool,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Uses that were seen, of everybody.
    pub seen: u64,
    /// Uses that asked and that the limit binds.
    pub asked: u64,
    /// Of these, those in whose way it would have stood.
    pub stood: u64,
    /// Of these, those that went on when they were recorded.
    pub newly: u64,
    /// Of these, those of somebody against whom nothing spoke.
    pub newly_good: u64,
    /// Those in whose way it stood when they were recorded, and would not have.
    pub freed: u64,
    /// What was charged for uses that it binds when they were recorded.
    pub charged: Costs,
    /// What would have been.
    pub would: Costs,
    /// The times of the first and the last use that was seen.
    pub times: Option<(Timestamp, Timestamp)>,
    /// How often somebody was not counted by name, for want of room.
    pub uncounted: u64,
    waits: Waits,
    affected: HashMap<u64, Affected, RandomState>,
}

impl Found {
    pub(super) fn note(&mut self, candidate: &Candidate, one: &Use, rehearsed: Option<&Rehearsed>) {
        self.seen += 1;
        let first = self.times.map_or(one.time, |(first, _)| first);
        self.times = Some((first, one.time));
        let Some(holder) = candidate.binds(&one.user) else { return };
        if one.charging {
            add(&mut self.charged, one.costs);
        }
        let Some(rehearsed) = rehearsed else { return };
        if rehearsed.charging {
            add(&mut self.would, one.costs);
        }
        // A call that was refused for another reason would have been refused in any case.
        if one.ended || !matches!(one.kind, UseKind::Job | UseKind::Call) {
            return;
        }
        self.asked += 1;
        let (of, resource) = (candidate.holder(), candidate.key.resource);
        let before = matches!(one.stood, Some(Stood::Quota { holder, resource: what, .. })
            if (holder, what) == (of, resource));
        let is_it = |quota: &&QuotaStatus| (quota.holder, quota.resource) == (of, resource);
        let outcome = rehearsed.quotas.iter().find(is_it).map(|quota| quota.outcome);
        match outcome {
            None | Some(QuotaOutcome::Within) => self.freed += u64::from(before),
            Some(QuotaOutcome::NotUntil(until)) => {
                self.stand(holder, one, Some(until.since(one.time)));
            }
            Some(QuotaOutcome::Never) => self.stand(holder, one, None),
        }
    }

    fn stand(&mut self, holder: u64, one: &Use, wait: Option<Span>) {
        self.stood += 1;
        if one.stood.is_none() {
            self.newly += 1;
            self.newly_good += u64::from(one.good);
        }
        if let Some(wait) = wait {
            self.waits.note(wait);
        }
        if self.affected.len() >= AFFECTED_MAX && !self.affected.contains_key(&holder) {
            self.uncounted += 1;
            return;
        }
        let nobody = Affected { times: 0, never: 0, longest: Span::default(), good: true };
        let affected = self.affected.entry(holder).or_insert(nobody);
        affected.times += 1;
        affected.never += u64::from(wait.is_none());
        affected.longest = affected.longest.max(wait.unwrap_or_default());
        affected.good &= one.good;
    }

    /// Takes over what was found of others than those whom this is of; times stay.
    pub(super) fn join(&mut self, part: Self) {
        for (sum, more) in [
            (&mut self.seen, part.seen),
            (&mut self.asked, part.asked),
            (&mut self.stood, part.stood),
            (&mut self.newly, part.newly),
            (&mut self.newly_good, part.newly_good),
            (&mut self.freed, part.freed),
            (&mut self.uncounted, part.uncounted),
        ] {
            *sum += more;
        }
        add(&mut self.charged, part.charged);
        add(&mut self.would, part.would);
        self.waits.join(&part.waits);
        for (holder, affected) in part.affected {
            if self.affected.len() < AFFECTED_MAX {
                self.affected.insert(holder, affected);
            } else {
                self.uncounted += affected.times;
            }
        }
    }

    /// How many it would have stood in the way of.
    #[must_use]
    pub fn holders(&self) -> usize {
        self.affected.len()
    }

    /// Of them, against how many nothing spoke.
    #[must_use]
    pub fn good_holders(&self) -> usize {
        self.affected.values().filter(|affected| affected.good).count()
    }

    /// In whose way it would have stood most often, at most so many: hot keys.
    #[must_use]
    pub fn most_affected(&self, most: usize) -> Vec<(u64, Affected)> {
        let mut all: Vec<_> =
            self.affected.iter().map(|(key, affected)| (*key, *affected)).collect();
        all.sort_unstable_by_key(|(key, affected)| (std::cmp::Reverse(affected.times), *key));
        all.truncate(most);
        all
    }

    /// The wait that so many thousandths of the waits do not exceed.
    #[must_use]
    pub fn wait(&self, milli: u64) -> Span {
        self.waits.quantile(milli)
    }
}

fn add(to: &mut Costs, more: Costs) {
    for (to, more) in to.0.iter_mut().zip(more.0) {
        *to = to.saturating_add(more);
    }
}

/// Waits in whole seconds, counted by buckets that grow with them.
#[derive(Clone, Debug, Default)]
struct Waits {
    counts: Vec<u64>,
    all: u64,
    longest: u64,
}

impl Waits {
    fn note(&mut self, wait: Span) {
        let seconds = wait.as_micros().div_ceil(1_000_000);
        self.longest = self.longest.max(seconds);
        let at = bucket(seconds);
        if self.counts.len() <= at {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] += 1;
        self.all += 1;
    }

    fn join(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self.all += other.all;
        self.longest = self.longest.max(other.longest);
    }

    fn quantile(&self, milli: u64) -> Span {
        let wanted = (self.all.saturating_mul(milli)).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (at, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Span::seconds(end_of(at).min(self.longest));
            }
        }
        Span::default()
    }
}

/// The bucket of so many seconds: each below sixteen has its own, then sixteen a power of two.
fn bucket(seconds: u64) -> usize {
    let power = seconds.checked_ilog2().unwrap_or(0).saturating_sub(FINE.ilog2());
    let at = u64::from(power) * FINE + (seconds >> power);
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// The most seconds of a bucket.
fn end_of(bucket: usize) -> u64 {
    let bucket = u64::try_from(bucket).unwrap_or(u64::MAX);
    if bucket < 2 * FINE {
        return bucket;
    }
    let power = bucket / FINE - 1;
    ((bucket % FINE + FINE + 1) << power) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_right_to_a_sixteenth() {
        for seconds in (0..5_000).chain([86_399, 86_400, 31_536_000]) {
            let end = end_of(bucket(seconds));
            assert!(end >= seconds && end <= seconds + seconds / 16, "{seconds}: {end}");
        }
        let mut waits = Waits::default();
        (1..=100).for_each(|seconds| waits.note(Span::seconds(seconds)));
        assert_eq!(waits.quantile(0).as_seconds(), 1);
        assert!((50..=53).contains(&waits.quantile(500).as_seconds()));
        assert!((99..=100).contains(&waits.quantile(990).as_seconds()));
        assert_eq!(Waits::default().quantile(500), Span::default());
    }
}
