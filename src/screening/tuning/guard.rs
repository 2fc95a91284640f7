//! The guard of a canary: counts what the limit that is tried does to those it is tried on, and says when that is too much.

use crate::bounds::GUARD_USES_MIN;
use crate::ledger::{Stood, Use, UseKind};
use crate::memory::limits::{LimitKey, Setting};
use crate::screening::tuning::Candidate;
use crate::time::Timestamp;

/// Of ten thousand, all of them.
const WHOLE_BP: u64 = 10_000;

/// The guard.
#[derive(Clone, Debug)]
pub struct Guard {
    candidate: Candidate,
    setting: Setting,
    counted: Timestamp,
    /// Uses that asked, and of them those that the limit stood in the way of.
    all: (u64, u64),
    /// The same of somebody against whom nothing speaks.
    good: (u64, u64),
}

impl Guard {
    /// One of that canary, from now on.
    #[must_use]
    pub fn new(key: LimitKey, setting: Setting, now: Timestamp) -> Self {
        let candidate = Candidate { key, setting: None };
        Self { candidate, setting, counted: now, all: (0, 0), good: (0, 0) }
    }

    /// Whether it is the guard of that canary.
    #[must_use]
    pub fn is_of(&self, key: &LimitKey, setting: &Setting) -> bool {
        self.candidate.key == *key && self.setting == *setting
    }

    /// Which limit.
    #[must_use]
    pub const fn key(&self) -> LimitKey {
        self.candidate.key
    }

    /// What it is set to.
    #[must_use]
    pub const fn setting(&self) -> &Setting {
        &self.setting
    }

    /// Since when it counts.
    #[must_use]
    pub const fn counted(&self) -> Timestamp {
        self.counted
    }

    /// Uses that asked, and those that had to wait or were refused by it: of all, and of somebody against whom nothing speaks.
    #[must_use]
    pub const fn counts(&self) -> [(u64, u64); 2] {
        [self.all, self.good]
    }

    /// Counts a use, if it is of somebody that the canary takes.
    pub fn note(&mut self, one: &Use) {
        let Some(holder) = self.candidate.binds(&one.user) else { return };
        let asks = matches!(one.kind, UseKind::Job | UseKind::Call) && !one.ended;
        let decided = one.charging || one.stood.is_some();
        let late = one.time >= self.setting.set;
        if !(asks && decided && late && self.setting.takes(holder)) {
            return;
        }
        let of = (self.candidate.holder(), self.candidate.key.resource);
        let by_it = matches!(one.stood, Some(Stood::Quota { holder, resource, .. })
            if (holder, resource) == of);
        for (counts, sums) in [(true, &mut self.all), (one.good, &mut self.good)] {
            sums.0 += u64::from(counts);
            sums.1 += u64::from(counts && by_it);
        }
    }

    /// Whether it stands in the way of too many.
    #[must_use]
    pub fn trips(&self) -> bool {
        self.tripped().is_some()
    }

    fn tripped(&self) -> Option<(&'static str, (u64, u64), u16)> {
        let terms = self.setting.canary?;
        let above = |(asked, stood): (u64, u64), bp: u16| {
            asked >= GUARD_USES_MIN && stood * WHOLE_BP > u64::from(bp) * asked
        };
        if above(self.good, terms.good_bp) {
            return Some(("uses of those against whom nothing speaks", self.good, terms.good_bp));
        }
        above(self.all, terms.refused_bp).then_some(("uses", self.all, terms.refused_bp))
    }

    /// Why it is taken back, in a sentence with its numbers.
    #[must_use]
    pub fn reason(&self) -> String {
        let Some((what, (asked, stood), bp)) = self.tripped() else { return String::new() };
        format!("guard: {stood} of {asked} {what} had to wait or were refused, above {bp} of 10000")
    }
}
