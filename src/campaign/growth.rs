//! How fast a campaign grows: sightings by the quarter of an hour over a day, of which one node has its share at most.

use super::weight::NodeShare;

/// Seconds of a bucket.
const QUARTER_SECONDS: u32 = 900;
/// Buckets: a day.
const QUARTERS: usize = 96;
/// Buckets of an hour.
const HOUR_QUARTERS: u32 = 4;
/// Nodes told apart within a bucket; the last place is for all others together.
const NODES: usize = 8;
/// Sightings of one node that count in any bucket, whatever the others see.
const NODE_COUNT_MIN: u32 = 3;

/// Sightings of the last day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Growth {
    /// Number of the newest bucket since 1970.
    quarter: u32,
    counts: [u16; QUARTERS],
    /// Who was counted in the newest bucket: at most so much of each.
    nodes: [(u32, u16); NODES],
}

impl Default for Growth {
    fn default() -> Self {
        Self { quarter: 0, counts: [0; QUARTERS], nodes: [(0, 0); NODES] }
    }
}

fn place(quarter: u32) -> usize {
    quarter as usize % QUARTERS
}

impl Growth {
    /// Counts a sighting of a node. One that is late by a bucket or more counts in the newest.
    pub(super) fn add(&mut self, node: u32, second: u32, share: NodeShare) {
        self.pass(second / QUARTER_SECONDS);
        let free = self.nodes.iter().position(|(known, count)| *known == node || *count == 0);
        let at = free.unwrap_or(NODES - 1);
        let all: u32 = self.nodes.iter().map(|(_, count)| u32::from(*count)).sum();
        let (_, own) = self.nodes[at];
        let others = all - u32::from(own);
        if u32::from(own) < share.beside(others).max(NODE_COUNT_MIN) {
            self.nodes[at] = (node, own.saturating_add(1));
            let count = &mut self.counts[place(self.quarter)];
            *count = count.saturating_add(1);
        }
    }

    /// Lets time pass up to a bucket.
    fn pass(&mut self, quarter: u32) {
        if quarter <= self.quarter {
            return;
        }
        let passed = (quarter - self.quarter).min(96);
        for gone in 0..passed {
            self.counts[place(quarter - gone)] = 0;
        }
        self.quarter = quarter;
        self.nodes = [(0, 0); NODES];
    }

    /// Sightings of the buckets from `from` to before `to` back from that second.
    fn sum(&self, second: u32, from: u32, to: u32) -> u32 {
        let now = (second / QUARTER_SECONDS).max(self.quarter);
        let within = |quarter: &u32| *quarter <= self.quarter && self.quarter - quarter < 96;
        let quarters = (from..to).filter_map(|back| now.checked_sub(back)).filter(within);
        quarters.map(|quarter| u32::from(self.counts[place(quarter)])).sum()
    }

    /// Sightings of the last hour, as the buckets hold it: 45 to 60 minutes.
    pub(super) fn last_hour(&self, second: u32) -> u32 {
        self.sum(second, 0, HOUR_QUARTERS)
    }

    /// The last hour over the mean of the hours before, in thousandths: up to 23 of them, and no more than since `first`.
    /// A mean below one counts as one, so that what is new is not told to grow without end.
    pub(super) fn growth_milli(&self, second: u32, first: u32) -> u32 {
        let hours = (second.saturating_sub(first) / 3_600).clamp(1, 23);
        let before = self.sum(second, HOUR_QUARTERS, HOUR_QUARTERS * (hours + 1));
        let scaled = u64::from(self.last_hour(second)) * 1_000 * u64::from(hours);
        u32::try_from(scaled / u64::from(before.max(hours))).unwrap_or(u32::MAX)
    }

    /// Adds the sightings of another.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.pass(other.quarter);
        for back in 0..96 {
            let Some(quarter) = other.quarter.checked_sub(back) else { break };
            if self.quarter - quarter < 96 {
                let count = &mut self.counts[place(quarter)];
                *count = count.saturating_add(other.counts[place(quarter)]);
            }
        }
    }

    /// The newest bucket, and all of them from it back.
    pub(super) fn parts(&self) -> (u32, [u16; QUARTERS]) {
        let mut back = [0; QUARTERS];
        for (count, gone) in back.iter_mut().zip(0..self.quarter.saturating_add(1)) {
            *count = self.counts[place(self.quarter - gone)];
        }
        (self.quarter, back)
    }

    /// What [`Growth::parts`] took apart. Who was counted in the newest bucket is forgotten: a node may count anew.
    pub(super) fn of_parts(quarter: u32, back: [u16; QUARTERS]) -> Self {
        let mut growth = Self { quarter, ..Self::default() };
        for (count, gone) in back.into_iter().zip(0..quarter.saturating_add(1)) {
            growth.counts[place(quarter - gone)] = count;
        }
        growth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: NodeShare = NodeShare::ALL;

    #[test]
    fn an_hour_stands_against_those_before() {
        let mut growth = Growth::default();
        let start = 1_800_000_000;
        for hour in 0..5 {
            for sighting in 0..10 {
                growth.add(sighting % 4 + 1, start + hour * 3_600 + sighting * 300, FREE);
            }
        }
        let now = start + 5 * 3_600;
        for sighting in 0..40 {
            growth.add(sighting % 4 + 1, now + sighting * 60, FREE);
        }
        let then = now + 40 * 60;
        assert_eq!(growth.last_hour(then), 40 + 1);
        let milli = growth.growth_milli(then, start);
        assert!((4_000..5_500).contains(&milli), "{milli}");
        let (quarter, back) = growth.parts();
        assert_eq!(Growth::of_parts(quarter, back).growth_milli(then, start), milli);
        assert_eq!(growth.last_hour(then + 100_000), 0);
    }

    #[test]
    fn one_node_has_its_share_of_it() {
        let mut growth = Growth::default();
        let share = NodeShare::of_milli(600);
        for _ in 0..1_000 {
            growth.add(66, 900, share);
        }
        assert_eq!(growth.last_hour(900), NODE_COUNT_MIN);
        for node in 1..=4 {
            growth.add(node, 900, share);
        }
        for _ in 0..1_000 {
            growth.add(66, 900, share);
        }
        assert_eq!(growth.last_hour(900), 4 + 6);
    }

    #[test]
    fn two_add_up() {
        let (mut one, mut other) = (Growth::default(), Growth::default());
        one.add(1, 10_000, FREE);
        other.add(2, 300, FREE);
        other.add(2, 12_000, FREE);
        one.absorb(&other);
        assert_eq!((one.last_hour(12_000), one.sum(12_000, 0, 96)), (2, 3));
    }
}
