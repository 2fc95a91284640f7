//! Active members in a table that cannot be gamed: bounded in bytes, and nobody is let go of whom something is
//! remembered.
//!
//! A row leaves only when it says no more than no row would, which a hand looks for that goes round in small steps off
//! the path. When a shard is full, members without a row share one load that stands for many: whoever fills the table
//! with invented members frees nobody of what they spent, and is limited together with the rest of its own.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::dense::{self, Dense, SHARDS};
use crate::time::Timestamp;

use super::cost::Costs;
use super::row::{FREE, Limits, Load, LoadRow};
use super::share::{Answer, Offer, Share};
use super::{Statuses, admits};

/// As how many members the shared load counts: what all unknown ones together may spend while the table is full.
pub const OVERFLOW_MEMBERS: u64 = 1_000;
/// Slots that one step of the hand looks at.
pub const HAND_SLOTS: usize = 64;

/// Where a member's load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a row of its own.
    Own,
    /// In the load that is shared while the table is full.
    Shared,
}

/// What is shown of a member while its place is locked.
pub struct Visit<'a> {
    load: &'a mut Load,
    limits: &'a Limits,
    before: Option<Timestamp>,
    place: Place,
}

impl Visit<'_> {
    /// Where the load is.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// How the quotas stand; nothing is charged.
    #[must_use]
    pub fn check(&self, costs: Costs) -> Statuses {
        self.load.check(self.limits, costs)
    }

    /// Checks, and charges when all quotas are within: all or nothing.
    pub fn admit(&mut self, costs: Costs) -> Statuses {
        let statuses = self.check(costs);
        if admits(&statuses) {
            self.load.charge(self.limits, costs);
        }
        statuses
    }

    /// Settles an estimate that was charged against what it was in the end; no level falls below empty.
    pub fn settle(&mut self, estimate: Costs, actual: Costs) {
        let difference = |more: Costs, less: Costs| {
            Costs(std::array::from_fn(|at| more.0[at].saturating_sub(less.0[at])))
        };
        self.load.charge(self.limits, difference(actual, estimate));
        self.load.give_back(difference(estimate, actual));
    }

    /// Offers a job to the contended resources; see [`Share::offer`].
    pub fn offer(&mut self, share: &Share, offer: &Offer) -> Answer {
        share.offer(&mut self.load.pull, self.before, offer)
    }

    /// Notes what a verdict on abuse means for the member's weight; see [`super::share::Pull::penalise`].
    pub fn penalise(&mut self, halvings: u8) {
        self.load.pull.penalise(halvings);
    }
}

/// The loads of active members.
pub struct Members {
    rows: Dense<LoadRow>,
    overflow: Mutex<Load>,
    hand: AtomicUsize,
    slowest: Limits,
}

impl Members {
    /// A table that never takes more than about that many bytes. `slowest` are limits under which whatever has drained
    /// has drained for any member; see [`super::slowest`].
    #[must_use]
    pub fn of_bytes(bytes: usize, slowest: Limits) -> Self {
        Self {
            rows: Dense::of_bytes(bytes),
            overflow: Mutex::new(Load::default()),
            hand: AtomicUsize::new(0),
            slowest,
        }
    }

    /// Shows a member's load, brought up to `now` at these limits, to who changes it.
    pub fn with<T>(
        &self,
        key: u64,
        limits: &Limits,
        now: Timestamp,
        change: impl FnOnce(&mut Visit<'_>) -> T,
    ) -> T {
        let rest = dense::rest(key, FREE);
        let keep = |row: &LoadRow| !row.load().is_fresh(&self.slowest, now);
        let mut change = Some(change);
        let in_row = self.rows.edit(key, |shard| {
            let mut load = match shard.get(rest) {
                Some(row) => row.load(),
                None => {
                    if shard.is_full() && shard.sweep(HAND_SLOTS, keep) == 0 {
                        return None;
                    }
                    let load = Load::default();
                    shard.put(LoadRow::of(rest, &load.begun(now)), keep).ok()?;
                    load
                }
            };
            let visit = change.take()?;
            let answer = visited(&mut load, limits, (Place::Own, now), visit);
            shard.change(rest, |row| *row = LoadRow::of(rest, &load));
            Some(answer)
        });
        match (in_row, change) {
            (Some(answer), _) => answer,
            (None, Some(visit)) => self.with_shared(limits, now, visit),
            (None, None) => unreachable!("who visited has an answer"),
        }
    }

    fn with_shared<T>(
        &self,
        limits: &Limits,
        now: Timestamp,
        visit: impl FnOnce(&mut Visit<'_>) -> T,
    ) -> T {
        let wide = limits.map(|limit| limit.map(|limit| limit.times(OVERFLOW_MEMBERS)));
        visited(&mut self.overflow.lock(), &wide, (Place::Shared, now), visit)
    }

    /// One step of the hand: looks at a few rows of one shard and drops those that say nothing. Says how many went.
    /// Whoever ticks calls it off the path; a round of the table takes as many steps as it has rows, by some fifty.
    pub fn turn_hand(&self, now: Timestamp) -> usize {
        let shard = self.hand.fetch_add(1, Ordering::Relaxed) % SHARDS;
        let keep = |row: &LoadRow| !row.load().is_fresh(&self.slowest, now);
        self.rows.edit_shard(shard, |rows| rows.sweep(HAND_SLOTS, keep))
    }

    /// Members with a row.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of the table.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.rows.bytes()
    }
}

fn visited<T>(
    load: &mut Load,
    limits: &Limits,
    (place, now): (Place, Timestamp),
    visit: impl FnOnce(&mut Visit<'_>) -> T,
) -> T {
    let before = load.at();
    load.settle(limits, now);
    visit(&mut Visit { load, limits, before, place })
}

#[cfg(test)]
mod tests;
