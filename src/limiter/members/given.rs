//! What was given back of levels since the start, by a hash of whose they are: a reservation counts on what stood before it, and
//! must know how much of that has gone in another way than by leaking. Others of the same hash make it count on less, never
//! on more.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::verdict::Resource;

use super::super::cost::Costs;

/// Sums of what was given back of each resource, in units. They wrap: what counts is the difference between two of them.
pub type GivenBack = [u32; Resource::ALL.len()];

/// Of so many bytes of rows one is for these sums: 65,536 of them beside 256 MiB.
const PART_OF_ROWS: usize = 256;

/// The sums.
pub(super) struct Given {
    /// A power of two of them.
    sums: Box<[[AtomicU32; Resource::ALL.len()]]>,
}

impl Given {
    /// Sums beside so many bytes of rows.
    pub(super) fn beside(bytes: usize) -> Self {
        let count = (bytes / PART_OF_ROWS / size_of::<GivenBack>()).next_power_of_two();
        Self { sums: (0..count).map(|_| Default::default()).collect() }
    }

    /// Bytes of the sums.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.sums)
    }

    fn sum(&self, key: u64) -> &[AtomicU32; Resource::ALL.len()] {
        let mixed = key ^ key >> 32;
        let last = self.sums.len() - 1;
        &self.sums[usize::try_from(mixed & 0xffff_ffff).unwrap_or(0) & last]
    }

    /// Notes that so much was given back to somebody, whose row is locked; of nobody nothing.
    pub(super) fn add(&self, key: u64, units: Costs) {
        if key == 0 {
            return;
        }
        for (sum, units) in self.sum(key).iter().zip(units.0) {
            if units > 0 {
                sum.fetch_add(u32::try_from(units).unwrap_or(u32::MAX), Ordering::Relaxed);
            }
        }
    }

    /// What was given back to somebody, or more.
    pub(super) fn of(&self, key: u64) -> GivenBack {
        self.sum(key).each_ref().map(|sum| sum.load(Ordering::Relaxed))
    }
}
