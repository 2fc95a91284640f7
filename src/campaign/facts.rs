//! What stands with a page in the ring: who sent it to whom, in numbers alone, packed into a few words.

use super::bits::{high, join, low};
use super::sighting::{Sighting, Tie};
use crate::fax::stage::Direction;
use crate::time::Timestamp;

/// Who sent a page to whom. Keys are pseudonyms; those of 32 bits are cut, for sketches alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) recipient: u64,
    pub(super) sender: u64,
    pub(super) ident: u32,
    pub(super) block: u32,
    pub(super) trunk: u32,
    pub(super) node: u32,
    /// Seconds since 1970.
    pub(super) second: u32,
    pub(super) epoch: u32,
    pub(super) page: u16,
    pub(super) tie: Tie,
    pub(super) direction: Direction,
    /// Whether its map was compared with that of its cluster, and is the same.
    pub(super) verified: bool,
    /// Weight of reports that it is junk, and that it is not, in thousandths, saturating.
    pub(super) reports: [u16; 2],
}

/// [`Facts`] packed.
pub(super) struct Words(pub(super) [u64; Self::LENGTH]);

impl Words {
    pub(super) const LENGTH: usize = 6;
}

/// The leading half of a key; zero, which is nobody, stays zero, and nobody else becomes it.
pub(super) fn cut(key: u64) -> u32 {
    if key == 0 { 0 } else { high(key).max(1) }
}

/// Seconds since 1970, as a row keeps them.
pub(super) fn second_of(now: Timestamp) -> u32 {
    u32::try_from(now.as_seconds().max(0)).unwrap_or(u32::MAX)
}

impl Facts {
    pub(super) fn of(sighting: &Sighting<'_>, epoch: u32, now: Timestamp) -> Self {
        Self {
            recipient: sighting.recipient,
            sender: sighting.sender,
            ident: cut(sighting.ident),
            block: cut(sighting.block),
            trunk: cut(sighting.trunk),
            node: cut(sighting.node),
            second: second_of(now),
            epoch,
            page: sighting.page,
            tie: sighting.tie,
            direction: sighting.direction,
            verified: false,
            reports: [0; 2],
        }
    }

    /// The sender as plausibility knows it.
    pub(super) fn sender_name(&self) -> u32 {
        cut(self.sender)
    }

    /// Changes the weight of reports, in thousandths, that the page is junk (0) or not (1).
    pub(super) fn report(&mut self, which: usize, change: &dyn Fn(&mut u32)) {
        if let Some(weight) = self.reports.get_mut(which) {
            let mut sum = u32::from(*weight);
            change(&mut sum);
            *weight = u16::try_from(sum).unwrap_or(u16::MAX);
        }
    }

    pub(super) fn to_words(self) -> Words {
        let direction = match self.direction {
            Direction::Inbound => 0,
            Direction::Outbound => 1,
        };
        let [junk, wanted] = self.reports.map(u64::from);
        let shape = u64::from(self.page)
            | u64::from(self.tie.code()) << 16
            | (direction | u64::from(self.verified) << 1) << 24
            | junk << 32
            | wanted << 48;
        Words([
            self.recipient,
            self.sender,
            join(self.ident, self.block),
            join(self.trunk, self.node),
            join(self.second, self.epoch),
            shape,
        ])
    }

    /// `None` where the words are of no page, as a torn read gives them.
    pub(super) fn of_words(words: Words) -> Option<Self> {
        let [recipient, sender, names, way, when, shape] = words.0;
        let [p, q, tie, marks, a, b, c, d] = shape.to_le_bytes();
        Some(Self {
            recipient,
            sender,
            ident: high(names),
            block: low(names),
            trunk: high(way),
            node: low(way),
            second: high(when),
            epoch: low(when),
            page: u16::from_le_bytes([p, q]),
            tie: Tie::from_code(tie)?,
            direction: if marks & 1 == 0 { Direction::Inbound } else { Direction::Outbound },
            verified: marks & 2 != 0,
            reports: [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packs_and_unpacks(words: [u64; 5], page: u16, tie in 0..3u8, reports: [u16; 2]) {
            let [recipient, sender, names, way, when] = words;
            let mut facts = Facts {
                recipient, sender,
                ident: high(names), block: low(names),
                trunk: high(way), node: low(way),
                second: high(when), epoch: low(when),
                page,
                tie: Tie::from_code(tie).unwrap(),
                direction: if page % 2 == 0 { Direction::Inbound } else { Direction::Outbound },
                verified: page % 3 == 0,
                reports,
            };
            prop_assert_eq!(Facts::of_words(facts.to_words()), Some(facts));
            facts.report(0, &|sum| *sum += 70_000);
            prop_assert_eq!(facts.reports, [u16::MAX, reports[1]]);
        }
    }
}
