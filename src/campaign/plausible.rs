//! Whether a fingerprint is worth asking for: who was in a campaign lately, by hash alone.
//!
//! Each name of a sender stamps one of [`STAMPS`] places with the second it was seen in a campaign. Two names may share a
//! place, which then asks for one fingerprint too many: with ten thousand names in campaigns, for one in 26.

use std::sync::atomic::{AtomicU32, Ordering};

use super::bits::{join, low, scatter};

/// Places, four bytes each.
const STAMPS: usize = 1 << 18;

/// The stamps.
pub(super) struct Plausible(Box<[AtomicU32]>);

/// Names of a sender by which a campaign is plausible. Trunks are not: half the world shares them. 32 bits of the hot key
/// each, as facts keep them.
pub(super) type Names = [u32; 3];

impl Plausible {
    pub(super) fn new() -> Self {
        Self((0..STAMPS).map(|_| AtomicU32::new(0)).collect())
    }

    fn places(&self, names: Names) -> impl Iterator<Item = &AtomicU32> {
        let named = names.into_iter().zip(1..).filter(|(name, _)| *name != 0);
        named.map(|(name, kind)| &self.0[low(scatter(join(kind, name))) as usize % STAMPS])
    }

    /// Stamps the names.
    pub(super) fn stamp(&self, names: Names, second: u32) {
        for place in self.places(names) {
            place.fetch_max(second, Ordering::Relaxed);
        }
    }

    /// Whether one of the names was stamped at or after that second.
    pub(super) fn is_stamped(&self, names: Names, since: u32) -> bool {
        self.places(names).any(|place| place.load(Ordering::Relaxed) >= since.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_by_its_kind_and_for_a_while() {
        let plausible = Plausible::new();
        plausible.stamp([7, 0, 9], 100);
        assert!(plausible.is_stamped([7, 0, 0], 100) && plausible.is_stamped([0, 0, 9], 50));
        assert!(!plausible.is_stamped([7, 0, 0], 101) && !plausible.is_stamped([0, 7, 0], 1));
        assert!(!plausible.is_stamped([0, 0, 0], 0));
    }
}
