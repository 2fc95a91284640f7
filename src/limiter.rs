//! The limiter: may this member spend this now? A leaky bucket per member and resource, kept as a level in
//! units of cost, so that a changed limit applies to the level a member already has. The answer is never
//! an error: within, not until that instant, never.
//!
//! [`MemberLoad`] is all of it that lives in memory for an active member: four levels, and the wrong holds that the
//! false-positive budget counts. 72 bytes.
//!
//! [`Members`] is the table that is to take its place: the same levels in a row of 40 bytes that nobody can drive out,
//! and beside them what a member pulls at contended resources ([`share`]).

mod bucket;
pub mod catalog;
pub mod cost;
pub mod members;
pub mod quota;
mod row;
pub mod share;

use crate::decay::{DecayedSet, ONE};
use crate::store::codec::{take_i64, take_u8, take_u32, take_u64};
use crate::store::hot::HotValue;
use crate::time::{Span, Timestamp};
use crate::verdict::{QuotaOutcome, QuotaStatus, Resource};

pub use bucket::Limit;
pub use cost::Costs;
pub use members::Members;
pub use quota::{Allowance, Level};
pub use row::{Limits, limits, slowest};

/// The limits of a member, in the order of [`Resource::ALL`]; `None` is no limit.
pub type Allowances = [Option<Allowance>; Resource::ALL.len()];
/// How the asked quotas stand, in the order of [`Resource::ALL`]; `None` where there is no limit.
pub type Statuses = [Option<QuotaStatus>; Resource::ALL.len()];

/// What is remembered of a member who is active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberLoad {
    levels: [Level; Resource::ALL.len()],
    releases: DecayedSet<1>,
}

/// Version of the encoding.
const VERSION: u8 = 1;

impl MemberLoad {
    /// How the quotas stand for a fax of these costs; nothing is charged.
    #[must_use]
    pub fn check(&self, allowances: &Allowances, costs: Costs, now: Timestamp) -> Statuses {
        let mut statuses = [None; Resource::ALL.len()];
        for (resource, status) in Resource::ALL.into_iter().zip(&mut statuses) {
            let at = resource as usize;
            *status = allowances[at].map(|allowance| {
                let cost = costs.of(resource);
                let outcome = self.levels[at].ask(allowance, cost, now);
                let remaining = self.levels[at].remaining(allowance, now);
                QuotaStatus { resource, outcome, cost, remaining, burst: allowance.burst }
            });
        }
        statuses
    }

    /// Charges the costs, whatever the levels are then: for a fax that goes on in any case.
    pub fn charge(&mut self, allowances: &Allowances, costs: Costs, now: Timestamp) {
        for ((level, allowance), cost) in self.levels.iter_mut().zip(allowances).zip(costs.0) {
            level.charge(*allowance, cost, now);
        }
    }

    /// Checks, and charges when all quotas are within: all or nothing.
    pub fn admit(&mut self, allowances: &Allowances, costs: Costs, now: Timestamp) -> Statuses {
        let statuses = self.check(allowances, costs, now);
        if admits(&statuses) {
            self.charge(allowances, costs, now);
        }
        statuses
    }

    /// Settles an estimate that was charged against what it was in the end. More than estimated may put
    /// a level above the burst, less is taken off it; a level never falls below empty.
    pub fn settle(
        &mut self,
        allowances: &Allowances,
        estimate: Costs,
        actual: Costs,
        now: Timestamp,
    ) {
        for (at, level) in self.levels.iter_mut().enumerate() {
            let (estimate, actual) = (estimate.0[at], actual.0[at]);
            level.charge(allowances[at], actual.saturating_sub(estimate), now);
            level.give_back(estimate.saturating_sub(actual));
        }
    }

    /// Notes that a fax of or for this member was held and should not have been. `window` is that of the
    /// false-positive budget.
    pub fn note_release(&mut self, now: Timestamp, window: Span) {
        self.releases.add(0, ONE, now, window);
    }

    /// Takes back a note of a moment ago.
    pub fn take_back_release(&mut self, now: Timestamp, window: Span) {
        self.releases.change(0, now, window, |count| count.saturating_sub(ONE));
    }

    /// Wrong holds lately, decayed by half in a window, rounded to the nearest: after a window two count as one.
    #[must_use]
    pub fn releases(&self, now: Timestamp, window: Span) -> u32 {
        let [releases] = self.releases.values(now, window);
        releases.saturating_add(ONE / 2) / ONE
    }
}

impl HotValue for MemberLoad {
    fn encode(&self, to: &mut Vec<u8>) {
        to.push(VERSION);
        for level in &self.levels {
            let (micro_units, at) = level.parts();
            to.extend_from_slice(&micro_units.to_le_bytes());
            to.extend_from_slice(&at.as_micros().to_le_bytes());
        }
        encode_set(to, &self.releases);
    }

    fn decode(from: &mut &[u8]) -> Option<Self> {
        if take_u8(from)? != VERSION {
            return None;
        }
        let mut load = Self::default();
        for level in &mut load.levels {
            let micro_units = take_u64(from)?;
            *level = Level::from_parts(micro_units, Timestamp::from_micros(take_i64(from)?));
        }
        load.releases = decode_set(from)?;
        Some(load)
    }

    /// To within a 256th of a half-life.
    fn last_touched(&self) -> u32 {
        let charged = self.levels.iter().map(|level| level.parts().1.as_seconds()).max();
        let charged = u32::try_from(charged.unwrap_or(0).max(0)).unwrap_or(u32::MAX);
        charged.max(self.releases.parts().1)
    }
}

/// True when every quota that was asked is within.
#[must_use]
pub fn admits(statuses: &Statuses) -> bool {
    statuses.iter().flatten().all(|status| status.outcome == QuotaOutcome::Within)
}

fn encode_set<const N: usize>(to: &mut Vec<u8>, set: &DecayedSet<N>) {
    let (values, at) = set.parts();
    values.iter().chain([&at]).for_each(|word| to.extend_from_slice(&word.to_le_bytes()));
}

fn decode_set<const N: usize>(from: &mut &[u8]) -> Option<DecayedSet<N>> {
    let mut values = [0; N];
    for value in &mut values {
        *value = take_u32(from)?;
    }
    Some(DecayedSet::from_parts(values, take_u32(from)?))
}

#[cfg(test)]
#[path = "limiter/tests.rs"]
mod tests;
