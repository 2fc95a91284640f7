//! The fair rate, by filling: offered cost is kept by the rate of who offered it, and the rate is looked for at which
//! what everybody gets adds up to what there is.
//!
//! Stoica's routers approach the fair rate by steps, since a packet's label is all they see. Here the rates are known, in
//! buckets of half an octave, so that it is worked out at once: of those below it everything passes, of those above it the
//! part that it is of their rate.

use std::sync::atomic::{AtomicU64, Ordering};

/// Buckets: two for each bit of a rate.
pub(super) const BUCKETS: usize = 64;
/// Binary places of a part of the capacity: rates are kept as such parts.
pub(super) const PLACES: u32 = 24;
/// Binary places of a cost divided by a rate: a cost of 1 at a rate of many capacities is not nothing yet.
const HEADS_PLACES: u32 = 30;
/// No limit.
pub(super) const UNLIMITED: u64 = 1 << 40;

/// Costs, and the same divided by the rates, since the last look. Written to by everybody.
pub(super) struct Tally {
    costs: [AtomicU64; BUCKETS],
    heads: [AtomicU64; BUCKETS],
}

impl Default for Tally {
    fn default() -> Self {
        let zeros = || std::array::from_fn(|_| AtomicU64::new(0));
        Self { costs: zeros(), heads: zeros() }
    }
}

impl Tally {
    /// Adds a cost that somebody of that rate offered.
    pub(super) fn add(&self, rate: u64, cost: u64) {
        let (bucket, heads) = heads(rate, cost);
        self.costs[bucket].fetch_add(cost, Ordering::Relaxed);
        self.heads[bucket].fetch_add(heads, Ordering::Relaxed);
    }

    /// Takes everything out.
    pub(super) fn take(&self) -> Offered {
        let taken = |sums: &[AtomicU64; BUCKETS]| {
            std::array::from_fn(|at| sums[at].swap(0, Ordering::Relaxed))
        };
        Offered { costs: taken(&self.costs), heads: taken(&self.heads) }
    }
}

/// The bucket, and the cost divided by the rate.
fn heads(rate: u64, cost: u64) -> (usize, u64) {
    let rate = rate.clamp(1 << 4, (1 << 32) - 1);
    let octave = rate.ilog2();
    let half = rate >> (octave - 1) & 1;
    let bucket = usize::try_from(u64::from(octave) * 2 + half).unwrap_or(0);
    (bucket, (cost << HEADS_PLACES) / rate)
}

/// The lower edge of a bucket.
fn edge(bucket: usize) -> u64 {
    let half = u64::from(bucket % 2 == 1);
    (2 + half) << (bucket / 2) >> 1
}

/// Offered cost by rates.
#[derive(Clone)]
pub(super) struct Offered {
    costs: [u64; BUCKETS],
    heads: [u64; BUCKETS],
}

impl Default for Offered {
    fn default() -> Self {
        Self { costs: [0; BUCKETS], heads: [0; BUCKETS] }
    }
}

impl Offered {
    /// Adds a cost that somebody of that rate offered.
    pub(super) fn add(&mut self, rate: u64, cost: u64) {
        let (bucket, heads) = heads(rate, cost);
        self.costs[bucket] = self.costs[bucket].saturating_add(cost);
        self.heads[bucket] = self.heads[bucket].saturating_add(heads);
    }

    /// Fades to `left` of itself, in `2^-32`, and takes in what was offered in that time, as costs a second.
    pub(super) fn fade(&mut self, left: u64, since: &Self, micros: u64) {
        let fresh = (1_u64 << 32).saturating_sub(left);
        let merge = |old: &mut u64, new: u64| {
            let a_second = u128::from(new) * 1_000_000 * 1_024 / u128::from(micros.max(1));
            let sum = u128::from(*old) * u128::from(left) + a_second * u128::from(fresh);
            *old = u64::try_from(sum >> 32).unwrap_or(u64::MAX);
        };
        self.costs.iter_mut().zip(since.costs).for_each(|(old, new)| merge(old, new));
        self.heads.iter_mut().zip(since.heads).for_each(|(old, new)| merge(old, new));
    }

    /// Everything that is offered, a second, in 1,024ths.
    pub(super) fn total(&self) -> u64 {
        self.costs.iter().fold(0, |sum, cost| sum.saturating_add(*cost))
    }

    /// The rate at which it adds up to `target`, a second, in 1,024ths.
    pub(super) fn fair_rate(&self, target: u64) -> u64 {
        let mut above = self.heads.iter().fold(0_u64, |sum, heads| sum.saturating_add(*heads));
        let mut left = target;
        for bucket in 0..BUCKETS {
            let rate = (u128::from(left) << HEADS_PLACES).checked_div(u128::from(above));
            let rate = rate.map_or(UNLIMITED, |rate| u64::try_from(rate).unwrap_or(UNLIMITED));
            if rate < edge(bucket + 1) {
                return rate.max(1);
            }
            above = above.saturating_sub(self.heads[bucket]);
            left = left.saturating_sub(self.costs[bucket]);
        }
        UNLIMITED
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What passes at the fair rate is the target, or everything where that is less.
        #[test]
        fn what_passes_is_what_there_is(
            offers in prop::collection::vec((16_u64..1 << 32, 1_u64..1_000), 1..200),
            share in 1_u64..150,
        ) {
            let tally = Tally::default();
            offers.iter().for_each(|(rate, cost)| tally.add(*rate, *cost));
            let mut offered = Offered::default();
            offered.fade(0, &tally.take(), 1_000_000);
            let total: u64 = offers.iter().map(|(_, cost)| cost * 1_024).sum();
            prop_assert_eq!(offered.total(), total);
            let target = total * share / 100;
            let fair = offered.fair_rate(target);
            let passes: f64 = offers
                .iter()
                .map(|(rate, cost)| *cost as f64 * 1_024.0 * (fair as f64 / *rate as f64).min(1.0))
                .sum();
            let want = target.min(total) as f64;
            // Within the bucket of the fair rate all count as above it: too low by a fifth of that bucket at most.
            prop_assert!(passes <= want * 1.01 + 2_048.0, "{passes} {want}");
            prop_assert!(passes >= want * 0.7 - 2_048.0, "{passes} {want}");
        }
    }

    #[test]
    fn buckets_begin_at_their_edges() {
        for bucket in 8..BUCKETS {
            assert_eq!(heads(edge(bucket), 1).0, bucket);
            assert_eq!(heads(edge(bucket) - 1, 1).0, (bucket - 1).max(8));
        }
    }
}
