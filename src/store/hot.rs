//! The table of hot counters that engines build on: sharded, bounded in bytes, snapshot without a pause.
//!
//! Why replay is exact: an engine locks every shard it will touch at once ([`HotTable::lock`]), takes its seq
//! while it holds them, changes them, and only then lets go (strict two-phase locking). A snapshot reads the
//! last seq given while it holds a shard's lock. An operation with a seq up to that one took it under that
//! shard's lock before the snapshot had it, so the copy holds its change whole; an operation with a later
//! seq gets the lock after the snapshot, so the copy holds nothing of it. Replay therefore applies an entry
//! to a shard exactly where its seq is above the shard's position ([`HotGuard::replays`]).

mod shard;

use std::io::{self, Read, Write};

use parking_lot::{Mutex, MutexGuard};
use thiserror::Error;

use super::codec::{take_u32, take_u64};
use shard::{SHARD_VALUES_MAX, Shard, Slot, index_words};

/// Shards of a table; the leading 8 bits of a key choose.
pub const SHARDS: usize = 256;
/// Most keys of one lock.
pub const LOCK_KEYS_MAX: usize = 16;
/// Fewest values a shard holds, however few bytes it is given.
const SHARD_VALUES_MIN: usize = 8;
/// Largest shard of a snapshot that is read, in bytes.
const SHARD_BYTES_MAX: u64 = 1 << 30;
/// No slot: no shard holds as many.
const NOT_SEEN: usize = usize::MAX;

/// What a hot table holds. Flat: its size in memory is its size on the stack.
pub trait HotValue: Clone + Send {
    /// Appends its bytes.
    fn encode(&self, to: &mut Vec<u8>);
    /// Takes itself from the front of bytes; `None` where they do not decode.
    fn decode(from: &mut &[u8]) -> Option<Self>;
    /// When it was last touched, in a unit that grows with time (seconds); the least goes first.
    fn last_touched(&self) -> u32;
}

/// Why a table was not restored; it is empty then, and replay starts at the beginning.
#[derive(Debug, Error)]
pub enum HotFault {
    /// The section could not be read to its end.
    #[error("hot table could not be read")]
    Read(#[from] io::Error),
    /// The bytes are not of this table, or of another version of it.
    #[error("hot table does not decode in shard {shard} (it is rebuilt from the ledger)")]
    Malformed {
        /// The shard.
        shard: usize,
    },
}

/// Hot counters by keyed 64-bit id ([`crate::fax::id::Pseudonym::hot`]).
pub struct HotTable<V> {
    shards: Box<[Mutex<Shard<V>>]>,
}

/// The shards of `N` keys, locked until it is dropped; a key is named by its place among them, so that it is looked
/// for once and not at every use. Where an operation needs several tables, it locks them all before it changes
/// one, in the same order everywhere.
pub struct HotGuard<'a, V, const N: usize> {
    keys: [u64; N],
    /// Which of `shards` each key is in.
    held: [usize; N],
    /// Where each value was seen last. Another value may have taken its place since: checked at every use.
    seen: [usize; N],
    shards: [Option<MutexGuard<'a, Shard<V>>>; N],
}

const fn shard_of(key: u64) -> u8 {
    let [leading, ..] = key.to_be_bytes();
    leading
}

impl<V: HotValue> HotTable<V> {
    /// A table that never takes more than about so many bytes (rounded up to 8 values a shard).
    #[must_use]
    pub fn with_bytes(bytes: usize) -> Self {
        let of_shard = bytes / SHARDS;
        let mut values = of_shard / (size_of::<Slot<V>>() + size_of::<u32>());
        // The index takes a third of a word more a value than the division above assumed.
        let cost =
            |values: usize| values * size_of::<Slot<V>>() + index_words(values) * size_of::<u32>();
        while values > SHARD_VALUES_MIN && cost(values) > of_shard {
            values -= (values / 64).max(1);
        }
        Self::with_capacity(values.saturating_mul(SHARDS))
    }

    /// A table of at most so many values, rounded up to whole shards.
    #[must_use]
    pub fn with_capacity(values: usize) -> Self {
        let of_shard = values.div_ceil(SHARDS).clamp(SHARD_VALUES_MIN, SHARD_VALUES_MAX);
        Self { shards: (0..SHARDS).map(|_| Mutex::new(Shard::new(of_shard))).collect() }
    }

    /// Locks the shards of these keys, each once, in ascending order, so that no two operations wait for
    /// each other. Key zero is nobody: nothing is locked for it. Nothing is allocated.
    pub fn lock<const N: usize>(&self, keys: [u64; N]) -> HotGuard<'_, V, N> {
        const { assert!(N <= LOCK_KEYS_MAX, "an operation locks few keys") };
        // Few keys, and fewer shards: each is put where it belongs among those before it.
        let (mut order, mut count) = ([0_u8; N], 0);
        for key in keys.into_iter().filter(|key| *key != 0) {
            let number = shard_of(key);
            let mut at = count;
            while at > 0 && order[at - 1] > number {
                at -= 1;
            }
            if at == 0 || order[at - 1] != number {
                order.copy_within(at..count, at + 1);
                order[at] = number;
                count += 1;
            }
        }
        let shards = std::array::from_fn(|at| {
            (at < count).then(|| self.shards[usize::from(order[at])].lock())
        });
        let held = keys.map(|key| {
            let number = shard_of(key);
            order[..count].iter().position(|other| *other == number).unwrap_or(0)
        });
        let mut guard = HotGuard { keys, held, seen: [NOT_SEEN; N], shards };
        guard.look();
        guard
    }

    /// Values now held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Whether no value is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes now allocated.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().bytes()).sum()
    }

    /// Values let go since the start because their shard was full.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.shards.iter().map(|shard| shard.lock().evicted).sum()
    }

    /// The seq up to which the shard of a key was restored.
    #[must_use]
    pub fn shard_position(&self, key: u64) -> u64 {
        self.shards[usize::from(shard_of(key))].lock().position
    }

    /// The seq that replay of this table starts after: the least of its shards.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.shards.iter().map(|shard| shard.lock().position).min().unwrap_or(0)
    }

    /// Removes the values of one shard (0 to [`SHARDS`] - 1, wrapping) that need not be kept, and says how
    /// many: the hand of retention, called for a shard at a time off the verdict path.
    pub fn retain_shard(&self, shard: usize, keep: impl Fn(u64, &V) -> bool) -> usize {
        let mut shard = self.shards[shard % SHARDS].lock();
        let gone: Vec<u64> = shard
            .slots()
            .filter(|slot| !keep(slot.key, &slot.value))
            .map(|slot| slot.key)
            .collect();
        gone.iter().filter(|key| shard.remove(**key).is_some()).count()
    }

    /// Shows every value, a shard at a time, each copied so that the caller holds no lock.
    pub fn for_each(&self, mut see: impl FnMut(u64, &V)) {
        let mut copy = Vec::new();
        for shard in &self.shards {
            copy.clear();
            copy.extend(shard.lock().slots().cloned());
            copy.iter().for_each(|slot| see(slot.key, &slot.value));
        }
    }

    /// Writes the table while it is in use: a shard is locked only while it is copied, and its position
    /// is what `last_seq` answers under that lock.
    ///
    /// # Errors
    /// What `out` answers.
    pub fn snapshot(&self, last_seq: &dyn Fn() -> u64, out: &mut dyn Write) -> io::Result<()> {
        let mut copy: Vec<Slot<V>> = Vec::new();
        let mut bytes = Vec::new();
        for shard in &self.shards {
            copy.clear();
            copy.reserve(shard.lock().len());
            let (position, hand) = {
                let shard = shard.lock();
                copy.extend(shard.slots().cloned());
                (last_seq(), shard.hand)
            };
            bytes.clear();
            bytes.extend_from_slice(&position.to_le_bytes());
            bytes.extend_from_slice(&u32::try_from(hand).unwrap_or(0).to_le_bytes());
            bytes.extend_from_slice(&u32::try_from(copy.len()).unwrap_or(0).to_le_bytes());
            for slot in &copy {
                bytes.extend_from_slice(&slot.key.to_le_bytes());
                slot.value.encode(&mut bytes);
            }
            out.write_all(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes())?;
            out.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Reads what [`HotTable::snapshot`] wrote in place of what the table holds. A smaller table lets the
    /// least recently touched go.
    ///
    /// # Errors
    /// [`HotFault`]; the table is empty then.
    pub fn restore(&self, from: &mut dyn Read) -> Result<(), HotFault> {
        let mut bytes = Vec::new();
        for (number, shard) in self.shards.iter().enumerate() {
            let mut shard = shard.lock();
            shard.clear();
            let read = read_shard(from, &mut bytes);
            let restored = read.map(|()| fill(&mut shard, number, &bytes).is_some());
            if matches!(restored, Ok(true)) {
                continue;
            }
            drop(shard);
            self.shards.iter().for_each(|shard| shard.lock().clear());
            restored?;
            return Err(HotFault::Malformed { shard: number });
        }
        Ok(())
    }
}

fn read_shard(from: &mut dyn Read, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length).min(SHARD_BYTES_MAX);
    bytes.clear();
    let got = from.take(length).read_to_end(bytes)?;
    if u64::try_from(got).is_ok_and(|got| got == length) {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn fill<V: HotValue>(shard: &mut Shard<V>, number: usize, mut bytes: &[u8]) -> Option<()> {
    let from = &mut bytes;
    let position = take_u64(from)?;
    let hand = take_u32(from)?;
    for _ in 0..take_u32(from)? {
        let key = take_u64(from)?;
        let value = V::decode(from)?;
        if usize::from(shard_of(key)) != number || shard.find_from(NOT_SEEN, key).is_some() {
            return None;
        }
        shard.insert(key, value);
    }
    shard.evicted = 0;
    shard.position = position;
    shard.hand = usize::try_from(hand).ok()?;
    from.is_empty().then_some(())
}

impl<V: HotValue, const N: usize> HotGuard<'_, V, N> {
    fn shard(&self, at: usize) -> Option<&Shard<V>> {
        self.shards[self.held[at]].as_deref().filter(|_| self.keys[at] != 0)
    }

    fn shard_mut(&mut self, at: usize) -> Option<&mut Shard<V>> {
        self.shards[self.held[at]].as_deref_mut().filter(|_| self.keys[at] != 0)
    }

    /// Looks for all keys side by side: each is two reads from far memory, and one after the other they would be
    /// waited for one after the other.
    fn look(&mut self) {
        let keys = self.keys;
        let homes: [u32; N] =
            std::array::from_fn(|at| self.shard(at).map_or(0, |shard| shard.at_home(keys[at])));
        for (at, home) in homes.into_iter().enumerate() {
            let found = self.shard(at).and_then(|shard| shard.is_first(home, keys[at]));
            self.seen[at] = found.unwrap_or(NOT_SEEN);
        }
    }

    /// The value of the key at that place among the locked ones.
    ///
    /// # Panics
    /// Here and below: with a place from `N` on, a fault of the program.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&V> {
        let shard = self.shard(at)?;
        shard.find_from(self.seen[at], self.keys[at]).map(|slot| shard.value(slot))
    }

    /// The value of a key, to change.
    #[must_use]
    pub fn get_mut(&mut self, at: usize) -> Option<&mut V> {
        let slot = self.shard(at)?.find_from(self.seen[at], self.keys[at])?;
        self.seen[at] = slot;
        self.shard_mut(at).map(|shard| shard.value_mut(slot))
    }

    /// The value of a key, made where there is none; a full shard lets its least recently touched of a
    /// small sample go. `None` for nobody alone.
    pub fn entry(&mut self, at: usize, make: impl FnOnce() -> V) -> Option<&mut V> {
        let (key, seen) = (self.keys[at], self.seen[at]);
        let shard = self.shard_mut(at)?;
        let slot = shard.find_from(seen, key).unwrap_or_else(|| shard.insert(key, make()));
        self.seen[at] = slot;
        self.shard_mut(at).map(|shard| shard.value_mut(slot))
    }

    /// Removes the value of a key.
    pub fn remove(&mut self, at: usize) -> Option<V> {
        let key = self.keys[at];
        self.shard_mut(at)?.remove(key)
    }

    /// Whether one of these shards has let a value go since the start because it was full.
    #[must_use]
    pub fn evicted(&self) -> bool {
        self.shards.iter().flatten().any(|shard| shard.evicted > 0)
    }

    /// Whether an entry of that seq is still to be applied to the shard of that key; never for nobody.
    #[must_use]
    pub fn replays(&self, at: usize, seq: u64) -> bool {
        self.shard(at).is_some_and(|shard| seq > shard.position)
    }
}

#[cfg(test)]
mod tests;
