//! Groups of members that have one share together: the free accounts of a domain, those of one payer, a cohort that
//! signed up at once. A group that is above its share has a fair rate of its own, at which what its members get adds up
//! to it, so that one of them does not suffer for the others.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::time::{Span, Timestamp};

use super::arena::INTERVAL;
use super::fill::{Offered, UNLIMITED};
use super::rate::{Fading, part};
use super::{GROUPS_MAX, WATCHED};

/// Shards of the map.
const SHARDS: usize = 64;
/// Half-life of what a group's members offered.
const OFFERED_HALF_LIFE: Span = Span::millis(700);
/// After how long a silent group is let go: its rates are zero then.
const SILENT: Span = Span::seconds(3_600);
/// The group of those whose own group has no place.
const OVERFLOW: u64 = u64::MAX;

/// What a group pulls, and its fair rate.
pub(super) struct Group {
    rates: [u64; WATCHED],
    at: Timestamp,
    since: Offered,
    offered: Offered,
    looked: Timestamp,
    fair: u64,
}

impl Group {
    fn new(now: Timestamp) -> Self {
        Self {
            rates: [0; WATCHED],
            at: now,
            since: Offered::default(),
            offered: Offered::default(),
            looked: now,
            fair: UNLIMITED,
        }
    }

    /// Brings the rates up to `now`, says what they are, and adds costs that are offered.
    pub(super) fn note(
        &mut self,
        now: Timestamp,
        fading: &[Fading; WATCHED],
        costs: &[u64; WATCHED],
    ) -> [u64; WATCHED] {
        let elapsed = now.since(self.at);
        self.at = self.at.max(now);
        let faded = std::array::from_fn(|at| part(self.rates[at], fading[at].left(elapsed)));
        self.rates =
            std::array::from_fn(|at| faded[at].saturating_add(fading[at].of_cost(costs[at])));
        faded
    }

    /// The rates as of `now`, and the fair rate as of the last look; nothing is changed.
    pub(super) fn as_of(
        &self,
        now: Timestamp,
        fading: &[Fading; WATCHED],
    ) -> ([u64; WATCHED], u64) {
        let elapsed = now.since(self.at);
        (std::array::from_fn(|at| part(self.rates[at], fading[at].left(elapsed))), self.fair)
    }

    /// Notes what a member of that rate, by weight, offers, as a part of the capacity.
    pub(super) fn offer(&mut self, rate: u64, cost: u64) {
        self.since.add(rate, cost.min(u64::from(u32::MAX)));
    }

    /// The fair rate of a member of weight 1,000, where the group may have so much, in 1,024ths of a part a second. Worked
    /// out anew in every interval.
    pub(super) fn fair(&mut self, target: u64, now: Timestamp) -> u64 {
        let elapsed = now.since(self.looked);
        if elapsed >= INTERVAL {
            let left = Fading::by_half_in(OFFERED_HALF_LIFE).left(elapsed);
            let since = std::mem::take(&mut self.since);
            self.offered.fade(left, &since, elapsed.as_micros());
            self.looked = now;
            self.fair = self.offered.fair_rate(target);
        }
        self.fair
    }
}

/// Groups by their keys; boxed, so that a map that grows moves pointers.
type Shard = HashMap<u64, Box<Group>>;

/// Every group that was active lately.
pub(super) struct Groups {
    shards: Box<[Mutex<Shard>]>,
    hand: AtomicUsize,
}

impl Default for Groups {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect();
        Self { shards, hand: AtomicUsize::new(0) }
    }
}

impl Groups {
    /// Shows a group to who changes it. Where there is no place for it, that is the one of all that have none.
    pub(super) fn with<T>(
        &self,
        key: u64,
        now: Timestamp,
        change: impl FnOnce(&mut Group) -> T,
    ) -> T {
        let which = usize::try_from(key % 64).unwrap_or(0);
        let mut shard = self.shards[which].lock();
        let full = shard.len() >= GROUPS_MAX / SHARDS;
        let key = if full && !shard.contains_key(&key) { OVERFLOW } else { key };
        change(shard.entry(key).or_insert_with(|| Box::new(Group::new(now))))
    }

    /// Shows a group that is remembered; of one without a place, that of all that have none.
    pub(super) fn peek<T>(&self, key: u64, look: impl FnOnce(&Group) -> T) -> Option<T> {
        let shard = self.shards[usize::try_from(key % 64).unwrap_or(0)].lock();
        shard.get(&key).or_else(|| shard.get(&OVERFLOW)).map(|group| look(group))
    }

    /// One step of the hand: lets the silent groups of one shard go. Says how many went.
    pub(super) fn turn_hand(&self, now: Timestamp) -> usize {
        let which = self.hand.fetch_add(1, Ordering::Relaxed) % SHARDS;
        let mut shard = self.shards[which].lock();
        let before = shard.len();
        shard.retain(|_, group| now.since(group.at) <= SILENT);
        before - shard.len()
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }
}
