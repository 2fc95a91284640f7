//! The latest things of a kind, by decision: bounded, and laid out for being looked up in no order. An index of eight bytes a
//! decision says where among the things one is, so that to find nothing, which is what is found most often, takes a line of
//! memory or two and no more.

/// Slots of an index for each thing that it may hold, as a power of two: a quarter to a half of them is in use.
const SPARE_BITS: u32 = 1;
/// Bits of an entry of an index that say where a thing is.
const PLACE_BITS: u32 = 24;
const PLACE: u64 = (1 << PLACE_BITS) - 1;

/// The latest things: when there are too many, the older half is let go of.
pub(super) struct Recent<T> {
    young: Half<T>,
    old: Half<T>,
    most: usize,
}

/// Things in the order in which they came.
struct Half<T> {
    /// Leading bits of the key, and one more than the place of its thing; 0 is none. Empty until the first thing.
    index: Box<[u64]>,
    things: Vec<(u64, T)>,
}

/// Decisions are as good as random, but not when they are made for a measurement.
const fn mixed(decision: u64) -> u64 {
    let mixed = (decision ^ decision >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 29
}

impl<T> Half<T> {
    fn empty() -> Self {
        Self { index: Box::default(), things: Vec::new() }
    }

    /// The slot that a search of a mixed key begins at.
    fn home(&self, mixed: u64) -> usize {
        usize::try_from(mixed & 0xffff_ffff).unwrap_or(0) & (self.index.len() - 1)
    }

    /// The place of a decision's thing, or else the slot it would have.
    fn find(&self, decision: u64) -> Result<usize, usize> {
        let mixed = mixed(decision);
        let mut slot = self.home(mixed);
        loop {
            let entry = self.index[slot];
            if entry == 0 {
                return Err(slot);
            }
            if (entry ^ mixed) >> PLACE_BITS == 0 {
                let place = usize::try_from(entry & PLACE).unwrap_or(0) - 1;
                if self.things.get(place).is_some_and(|(known, _)| *known == decision) {
                    return Ok(place);
                }
            }
            slot = (slot + 1) & (self.index.len() - 1);
        }
    }

    fn get(&self, decision: u64) -> Option<&T> {
        if self.things.is_empty() {
            return None;
        }
        let place = self.find(decision).ok()?;
        self.things.get(place).map(|(_, thing)| thing)
    }

    fn put(&mut self, decision: u64, thing: T, most: usize) {
        if self.index.is_empty() {
            let slots = most.next_power_of_two() << SPARE_BITS;
            self.index = vec![0; slots].into_boxed_slice();
        }
        match self.find(decision) {
            Ok(place) => self.things[place].1 = thing,
            Err(slot) => {
                self.things.push((decision, thing));
                let place = u64::try_from(self.things.len()).unwrap_or(PLACE);
                self.index[slot] = mixed(decision) & !PLACE | place;
            }
        }
    }

    fn clear(&mut self) {
        self.index.fill(0);
        self.things.clear();
    }
}

impl<T> Recent<T> {
    /// Twice as many as `most` at most, which is below 16 million.
    pub(super) fn with_room(most: usize) -> Self {
        assert!(most < 1 << PLACE_BITS, "places have so many bits");
        Self { young: Half::empty(), old: Half::empty(), most }
    }

    pub(super) fn put(&mut self, decision: u64, thing: T) {
        if self.young.things.len() >= self.most {
            // Their memory is used again: to get it from the system anew takes longer than all that is done in it.
            std::mem::swap(&mut self.old, &mut self.young);
            self.young.clear();
        }
        self.young.put(decision, thing, self.most);
    }

    pub(super) fn get(&self, decision: u64) -> Option<&T> {
        self.young.get(decision).or_else(|| self.old.get(decision))
    }

    /// Fetches from memory what [`Self::get`] will look at; what it answers means nothing.
    pub(super) fn touch(&self, decision: u64) -> u64 {
        let mixed = mixed(decision);
        let entry = |half: &Half<T>| match half.index.is_empty() {
            true => 0,
            false => half.index[half.home(mixed)],
        };
        entry(&self.young) ^ entry(&self.old)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn the_latest_are_found_and_no_others() {
        let mut recent = Recent::with_room(100);
        assert!(recent.get(1).is_none() && recent.touch(1) == 0);
        let mut latest: HashMap<u64, u64> = HashMap::new();
        for step in 0..5_000_u64 {
            // Keys that differ in their highest or in their lowest bits, and some that come again.
            let key = if step % 2 == 0 { step << 48 | 1 } else { step };
            let key = if step % 7 == 0 { 77 } else { key };
            recent.put(key, step);
            latest.insert(key, step);
            for (known, value) in latest.iter().filter(|(_, value)| **value + 90 > step) {
                assert_eq!(recent.get(*known), Some(value), "{step}");
            }
            assert!(recent.young.things.len() <= 100 && recent.old.things.len() <= 100);
        }
        let forgotten = |step: u64| recent.get(step << 48 | 1).is_none();
        assert!((0..4_700).filter(|step| step % 2 == 0 && step % 7 != 0).all(forgotten));
        assert_eq!(recent.young.index.len(), 256);
    }
}
