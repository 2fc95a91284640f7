//! One shard: values in chunks, found through an index that never grows and never moves as a whole.
//!
//! The index is open addressing with linear probing and backward shift: unlike a table with tombstones it
//! needs no rehash under eviction, so no insertion ever pays for a sweep. A word holds 24 bits of slot and 8
//! bits of key, so that a probe seldom looks at a value that is not the one sought. Keys are keyed
//! pseudonyms, uniform to everybody without the key: they are the hash.

use super::HotValue;

/// Values of one chunk; a shard grows by chunks and copies nothing.
const CHUNK_SLOTS: usize = 256;
/// Values looked at to find one that may go.
const SAMPLE: usize = 8;
/// Most values of a shard: the slot has 24 bits, and zero means empty.
pub(super) const SHARD_VALUES_MAX: usize = (1 << 24) - 2;

const EMPTY: u32 = 0;

#[derive(Clone)]
pub(super) struct Slot<V> {
    pub(super) key: u64,
    pub(super) value: V,
}

pub(super) struct Shard<V> {
    index: Box<[u32]>,
    chunks: Vec<Vec<Slot<V>>>,
    length: usize,
    capacity: usize,
    /// Where the next sample for an eviction begins.
    pub(super) hand: usize,
    pub(super) evicted: u64,
    /// Seq up to which a restored shard holds everything.
    pub(super) position: u64,
}

/// Words of an index for so many values: a load of at most three quarters.
pub(super) const fn index_words(capacity: usize) -> usize {
    capacity + capacity / 3 + 1
}

impl<V: HotValue> Shard<V> {
    pub(super) fn new(capacity: usize) -> Self {
        assert!(capacity > 0 && capacity <= SHARD_VALUES_MAX, "capacity is bounded by its maker");
        Self {
            index: vec![EMPTY; index_words(capacity)].into_boxed_slice(),
            chunks: Vec::new(),
            length: 0,
            capacity,
            hand: 0,
            evicted: 0,
            position: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.length
    }

    pub(super) fn bytes(&self) -> usize {
        let slots: usize = self.chunks.iter().map(Vec::capacity).sum();
        slots * size_of::<Slot<V>>() + self.index.len() * size_of::<u32>()
    }

    pub(super) fn clear(&mut self) {
        let capacity = self.capacity;
        *self = Self::new(capacity);
    }

    /// The slot of a key, which is looked at first where it was `seen` before.
    pub(super) fn find_from(&self, seen: usize, key: u64) -> Option<usize> {
        let chunk = self.chunks.get(seen / CHUNK_SLOTS);
        let known = chunk.and_then(|chunk| chunk.get(seen % CHUNK_SLOTS));
        if known.is_some_and(|slot| slot.key == key) {
            return Some(seen);
        }
        self.find(key).map(|at| slot_of(self.index[at]))
    }

    /// The word of the index where a key would be found first.
    pub(super) fn at_home(&self, key: u64) -> u32 {
        self.index[self.home(key)]
    }

    /// The slot that word names, where it is the one of the key.
    pub(super) fn is_first(&self, home: u32, key: u64) -> Option<usize> {
        let likely = home != EMPTY && home & TAG == word(key, 0) & TAG;
        likely.then(|| slot_of(home)).filter(|slot| self.slot(*slot).key == key)
    }

    pub(super) fn value(&self, slot: usize) -> &V {
        &self.slot(slot).value
    }

    pub(super) fn value_mut(&mut self, slot: usize) -> &mut V {
        &mut self.slot_mut(slot).value
    }

    pub(super) fn remove(&mut self, key: u64) -> Option<V> {
        let at = self.find(key)?;
        let slot = slot_of(self.index[at]);
        self.unindex(at);
        let last = self.chunks.last_mut()?.pop()?;
        if self.chunks.last().is_some_and(Vec::is_empty) {
            self.chunks.pop();
        }
        self.length -= 1;
        if slot == self.length {
            return Some(last.value);
        }
        // The last value moves into the gap, so that slots stay dense and their order repeatable.
        let moved = self.find_slot(last.key, self.length)?;
        self.index[moved] = word(last.key, slot);
        Some(std::mem::replace(self.slot_mut(slot), last).value)
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot<V>> {
        self.chunks.iter().flatten()
    }

    /// Puts a value in under a key that is not there; a full shard lets one go for it.
    pub(super) fn insert(&mut self, key: u64, value: V) -> usize {
        let slot = if self.length < self.capacity {
            self.push(Slot { key, value })
        } else {
            let slot = self.victim();
            if let Some(at) = self.find(self.slot(slot).key) {
                self.unindex(at);
            }
            self.evicted += 1;
            *self.slot_mut(slot) = Slot { key, value };
            slot
        };
        let mut at = self.home(key);
        while self.index[at] != EMPTY {
            at = self.after(at);
        }
        self.index[at] = word(key, slot);
        slot
    }

    fn push(&mut self, slot: Slot<V>) -> usize {
        let room = CHUNK_SLOTS.min(self.capacity - self.length);
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK_SLOTS => chunk.push(slot),
            _ => {
                let mut chunk = Vec::with_capacity(room);
                chunk.push(slot);
                self.chunks.push(chunk);
            }
        }
        self.length += 1;
        self.length - 1
    }

    /// The least recently touched of the sample at the hand, the first of equals: the same history lets
    /// the same value go on every node.
    fn victim(&mut self) -> usize {
        let from = self.hand % self.length;
        let sample = (0..SAMPLE.min(self.length)).map(|step| (from + step) % self.length);
        let victim = sample.min_by_key(|slot| self.slot(*slot).value.last_touched());
        self.hand = (from + SAMPLE) % self.length;
        victim.unwrap_or(from)
    }

    fn slot(&self, slot: usize) -> &Slot<V> {
        &self.chunks[slot / CHUNK_SLOTS][slot % CHUNK_SLOTS]
    }

    fn slot_mut(&mut self, slot: usize) -> &mut Slot<V> {
        &mut self.chunks[slot / CHUNK_SLOTS][slot % CHUNK_SLOTS]
    }

    fn after(&self, at: usize) -> usize {
        if at + 1 == self.index.len() { 0 } else { at + 1 }
    }

    fn home(&self, key: u64) -> usize {
        // The leading 8 bits chose the shard; the rest, spread over the words without a division.
        let words = u128::try_from(self.index.len()).unwrap_or(1);
        usize::try_from((u128::from(key << 8) * words) >> 64).unwrap_or(0)
    }

    fn find(&self, key: u64) -> Option<usize> {
        self.probe(key, |candidate| self.slot(slot_of(candidate)).key == key)
    }

    fn find_slot(&self, key: u64, slot: usize) -> Option<usize> {
        self.probe(key, |candidate| slot_of(candidate) == slot)
    }

    fn probe(&self, key: u64, is: impl Fn(u32) -> bool) -> Option<usize> {
        let tag = word(key, 0) & TAG;
        let mut at = self.home(key);
        loop {
            let candidate = self.index[at];
            if candidate == EMPTY {
                return None;
            }
            if candidate & TAG == tag && is(candidate) {
                return Some(at);
            }
            at = self.after(at);
        }
    }

    /// Empties a word and moves later ones of its run back, so that no probe meets a gap before its end.
    fn unindex(&mut self, at: usize) {
        let words = self.index.len();
        let distance = |from: usize, to: usize| (to + words - from) % words;
        let mut hole = at;
        let mut next = self.after(at);
        while self.index[next] != EMPTY {
            let home = self.home(self.slot(slot_of(self.index[next])).key);
            if distance(home, next) >= distance(hole, next) {
                self.index[hole] = self.index[next];
                hole = next;
            }
            next = self.after(next);
        }
        self.index[hole] = EMPTY;
    }
}

const TAG: u32 = 0xff;

fn word(key: u64, slot: usize) -> u32 {
    let [.., tag] = key.to_be_bytes();
    let slot = u32::try_from(slot + 1).unwrap_or(u32::MAX >> 8);
    (slot << 8) | u32::from(tag)
}

const fn slot_of(word: u32) -> usize {
    (word >> 8) as usize - 1
}
