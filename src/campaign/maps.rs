//! Ink maps of pages that had a candidate: few of them, in a bounded number of bytes, oldest out first. Content in small,
//! and so kept for the window at most; the map of a campaign's representative lives with it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::cluster::copy_map;
use crate::content::fingerprint::InkMap;

/// Bytes a map takes beside its cells.
const EXTRA_BYTES: usize = 96;

/// The maps, by the seq of their page.
pub(super) struct Maps {
    of_page: HashMap<u64, Arc<InkMap>>,
    /// Oldest first, each with the second since 1970 it was kept.
    order: VecDeque<(u64, u32)>,
    bytes: usize,
    bytes_max: usize,
}

fn bytes_of(map: &InkMap) -> usize {
    map.packed().len() + EXTRA_BYTES
}

impl Maps {
    pub(super) fn with_bytes(bytes_max: usize) -> Self {
        Self { of_page: HashMap::new(), order: VecDeque::new(), bytes: 0, bytes_max }
    }

    /// Keeps the map of a page, letting the oldest go where there is no room.
    pub(super) fn keep(&mut self, page: u64, map: &InkMap, second: u32) {
        let bytes = bytes_of(map);
        if bytes > self.bytes_max || self.of_page.contains_key(&page) {
            return;
        }
        while self.bytes + bytes > self.bytes_max && self.drop_oldest() {}
        if let Some(map) = copy_map(map) {
            self.bytes += bytes;
            self.of_page.insert(page, Arc::new(map));
            self.order.push_back((page, second));
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let Some((page, _)) = self.order.pop_front() else { return false };
        if let Some(map) = self.of_page.remove(&page) {
            self.bytes -= bytes_of(&map);
        }
        true
    }

    /// The map of a page.
    pub(super) fn get(&self, page: u64) -> Option<Arc<InkMap>> {
        self.of_page.get(&page).cloned()
    }

    /// Lets up to `most` go that were kept before that second.
    pub(super) fn expire(&mut self, before: u32, most: usize) {
        for _ in 0..most {
            if self.order.front().is_none_or(|(_, second)| *second >= before) {
                break;
            }
            self.drop_oldest();
        }
    }

    /// Bytes in use.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_and_none_outlives_its_term() {
        let map = InkMap::from_packed(&[7; 216 * 10]).unwrap();
        let mut maps = Maps::with_bytes(3 * bytes_of(&map));
        (1..=4).for_each(|page| maps.keep(page, &map, 100 + u32::try_from(page).unwrap()));
        assert!(maps.get(1).is_none() && maps.get(2).is_some());
        maps.expire(104, 9);
        assert!(maps.get(3).is_none() && maps.get(4).is_some());
        assert_eq!(maps.bytes(), bytes_of(&map));
        let mut none = Maps::with_bytes(100);
        none.keep(1, &map, 1);
        assert_eq!(none.bytes(), 0);
    }
}
