//! Dense tables: tens of millions of small rows in memory, without tombstones, spare copies or a second hash.
//!
//! A key is 64 bits that are as good as random (a keyed pseudonym or a keyed mix). Its leading 12 bits
//! choose a shard, and the row keeps the rest, so that a row of a full key has 12 bits to spare. Within
//! a shard rows lie in the order of their keys, at or after the slot that the key says, in linear probing
//! with ordered runs (Amble and Knuth, Ordered hash tables, 1974): a search for a missing key ends at the
//! first larger one, a removal closes the gap, and a shard is written out and read back in order.
//! Shards grow by a quarter, which keeps 70 to 88 of 100 slots in use.
//!
//! `hashbrown` was tried on paper first: its tables double, keep a ninth byte a slot, and at a full
//! load double once more for the tombstones that eviction leaves, so that no bound in bytes holds.

mod table;

use std::io::{self, Read, Write};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use thiserror::Error;

pub use table::{At, Full, Table, Thinned};
use table::{TAIL_MAX, load_max};

/// Bits of the key that choose the shard.
pub const SHARD_BITS: u32 = 12;
/// Shards of every table.
pub const SHARDS: usize = 1 << SHARD_BITS;
/// Free bits of a row that keeps its whole key.
pub const FREE_BITS: u32 = SHARD_BITS;
/// Most rows one shard may hold: a bound for hostile input, far above any real load.
const SHARD_ROWS_MAX: usize = 1 << 24;

/// A row of a dense table. The row with all bits zero is no row: see [`Row::is_vacant`].
pub trait Row: Copy + Send + Sync {
    /// Bytes of a row written out.
    const BYTES: usize;
    /// The slot without a row.
    const VACANT: Self;
    /// What [`rest`] made of its key: the trailing free bits are zero.
    fn rest(&self) -> u64;
    /// True for [`Row::VACANT`] alone.
    fn is_vacant(&self) -> bool;
    /// Writes [`Row::BYTES`] bytes.
    fn encode(&self, to: &mut Vec<u8>);
    /// Reads [`Row::BYTES`] bytes; `None` where they are no row.
    fn decode(from: &[u8]) -> Option<Self>;
}

/// What a row keeps of a key: all but the bits of the shard, moved up, with the last `free` bits zero.
#[must_use]
pub const fn rest(key: u64, free: u32) -> u64 {
    key << SHARD_BITS >> free << free
}

/// The key a row of that shard has, as far as its rest keeps it.
#[must_use]
pub const fn key(shard: usize, rest: u64) -> u64 {
    (shard as u64) << (64 - SHARD_BITS) | rest >> SHARD_BITS
}

/// The shard of a key.
#[must_use]
pub const fn shard(key: u64) -> usize {
    (key >> (64 - SHARD_BITS)) as usize
}

/// A key of two hot keys, in their order, under 128 bits of key: two folded multiplications (wyhash, Wang
/// Yi 2019). Hot keys are keyed pseudonyms already and nobody outside chooses one, so that the strength
/// of BLAKE3 would buy nothing for its 60 ns.
#[must_use]
pub const fn mix(key: [u64; 2], one: u64, other: u64) -> u64 {
    let mixed = fold(one ^ key[0], other ^ key[1]);
    fold(mixed ^ key[1], other.rotate_left(32) ^ 0xA076_1D64_78BD_642F)
}

/// Both halves of the product.
const fn fold(one: u64, other: u64) -> u64 {
    let [low, high] = halves(one as u128 * other as u128);
    low ^ high
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 128 bits")]
const fn halves(whole: u128) -> [u64; 2] {
    [whole as u64, (whole >> 64) as u64]
}

/// The two words of a key for [`mix`].
#[must_use]
pub const fn mixing_key(key: [u8; 16]) -> [u64; 2] {
    halves(u128::from_le_bytes(key))
}

/// Why a written table was not read back.
#[derive(Debug, Error)]
pub enum LoadFault {
    /// It could not be read.
    #[error("dense table could not be read")]
    Read(#[from] io::Error),
    /// It is no table, or one of another version or key.
    #[error("dense table is damaged in its {part} (it is rebuilt from its source)")]
    Damaged {
        /// Where the damage is.
        part: &'static str,
    },
}

/// A shard that is locked against everybody else until this is dropped.
pub struct Held<'a, R: Row> {
    table: RwLockWriteGuard<'a, Table<R>>,
    rows: &'a AtomicUsize,
    before: usize,
}

impl<R: Row> Deref for Held<'_, R> {
    type Target = Table<R>;

    fn deref(&self) -> &Table<R> {
        &self.table
    }
}

impl<R: Row> DerefMut for Held<'_, R> {
    fn deref_mut(&mut self) -> &mut Table<R> {
        &mut self.table
    }
}

impl<R: Row> Drop for Held<'_, R> {
    fn drop(&mut self) {
        if self.table.rows() != self.before {
            // Wraps where there are fewer rows than before, and so subtracts.
            self.rows.fetch_add(self.table.rows().wrapping_sub(self.before), Ordering::Relaxed);
        }
    }
}

/// All shards of a table.
pub struct Dense<R> {
    shards: Box<[RwLock<Table<R>>]>,
    rows: AtomicUsize,
    homes_max: usize,
}

impl<R: Row> Dense<R> {
    /// A table that grows as long as rows are put in: whoever puts them in counts.
    #[must_use]
    pub fn growing() -> Self {
        Self::of_homes(SHARD_ROWS_MAX)
    }

    /// A table that never takes more than about that many bytes.
    #[must_use]
    pub fn of_bytes(bytes: usize) -> Self {
        let of_shard = (bytes / SHARDS).saturating_sub(size_of::<RwLock<Table<R>>>());
        let slots = of_shard / size_of::<R>();
        Self::of_homes(slots.saturating_sub(TAIL_MAX).clamp(8, SHARD_ROWS_MAX))
    }

    fn of_homes(homes_max: usize) -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::new(Table::new(homes_max))).collect();
        Self { shards, rows: AtomicUsize::new(0), homes_max }
    }

    /// Rows in all shards.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// True when there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes the rows and their slots take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let slots: usize = self.shards.iter().map(|shard| shard.read().slots()).sum();
        slots * size_of::<R>() + SHARDS * size_of::<RwLock<Table<R>>>()
    }

    /// Most rows the shards take together, were they filled evenly.
    #[must_use]
    pub const fn rows_max(&self) -> usize {
        load_max(self.homes_max) * SHARDS
    }

    /// The row of that key.
    #[must_use]
    pub fn get(&self, key: u64, free: u32) -> Option<R> {
        if self.is_empty() {
            return None;
        }
        self.shards[shard(key)].read().get(rest(key, free))
    }

    /// The same for who has the table for itself: without a lock, so that many can be on their way from memory at once.
    #[must_use]
    pub fn get_mut(&mut self, key: u64, free: u32) -> Option<R> {
        self.shards[shard(key)].get_mut().get(rest(key, free))
    }

    /// Reads one shard, by number.
    pub fn shard(&self, number: usize) -> RwLockReadGuard<'_, Table<R>> {
        self.shards[number].read()
    }

    /// Changes the shard of a key.
    pub fn edit<T>(&self, key: u64, change: impl FnOnce(&mut Table<R>) -> T) -> T {
        self.edit_shard(shard(key), change)
    }

    /// Changes one shard, by number.
    pub fn edit_shard<T>(&self, number: usize, change: impl FnOnce(&mut Table<R>) -> T) -> T {
        change(&mut self.lock(number))
    }

    /// Locks one shard, by number. Whoever locks several locks them in the order of their numbers.
    pub fn lock(&self, number: usize) -> Held<'_, R> {
        let table = self.shards[number].write();
        Held { before: table.rows(), table, rows: &self.rows }
    }

    /// Writes all rows, shard by shard; readers and writers of other shards go on, and those of this
    /// one wait for a copy of it at most.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        self.write_shards(to, None)
    }

    /// The same, and before each shard what `mark` says while the shard is locked.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn write_marked(&self, to: &mut dyn Write, mark: &dyn Fn() -> u64) -> io::Result<()> {
        self.write_shards(to, Some(mark))
    }

    fn write_shards(&self, to: &mut dyn Write, mark: Option<&dyn Fn() -> u64>) -> io::Result<()> {
        let mut bytes = Vec::new();
        for shard in &self.shards {
            bytes.clear();
            {
                let table = shard.read();
                if let Some(mark) = mark {
                    bytes.extend_from_slice(&mark().to_le_bytes());
                }
                let rows = u32::try_from(table.rows()).map_err(io::Error::other)?;
                bytes.extend_from_slice(&rows.to_le_bytes());
                table.iter().for_each(|row| row.encode(&mut bytes));
            }
            to.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Replaces all rows by what [`Self::write`] wrote. Where a smaller table than the written one
    /// cannot hold them all, those that `age` finds oldest go.
    ///
    /// # Errors
    /// [`LoadFault`]; shards read before the fault are replaced already.
    pub fn read(&self, from: &mut dyn Read, age: &dyn Fn(&R) -> u16) -> Result<(), LoadFault> {
        (0..SHARDS).try_for_each(|number| self.read_into(number, from, age))
    }

    /// Replaces all rows by what [`Self::write_marked`] wrote, and shows the mark of each shard.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_marked(
        &self,
        from: &mut dyn Read,
        age: &dyn Fn(&R) -> u16,
        see: &mut dyn FnMut(usize, u64),
    ) -> Result<(), LoadFault> {
        for number in 0..SHARDS {
            let mut mark = [0; 8];
            from.read_exact(&mut mark)?;
            self.read_into(number, from, age)?;
            see(number, u64::from_le_bytes(mark));
        }
        Ok(())
    }

    fn read_into(
        &self,
        number: usize,
        from: &mut dyn Read,
        age: &dyn Fn(&R) -> u16,
    ) -> Result<(), LoadFault> {
        let table = Table::of(read_shard(from)?, self.homes_max, age);
        *self.lock(number) = table;
        Ok(())
    }

    /// Lets every row go.
    pub fn clear(&self) {
        (0..SHARDS).for_each(|number| *self.lock(number) = Table::new(self.homes_max));
    }
}

fn read_shard<R: Row>(from: &mut dyn Read) -> Result<Vec<R>, LoadFault> {
    let mut count = [0; 4];
    from.read_exact(&mut count)?;
    let mut left = usize::try_from(u32::from_le_bytes(count)).unwrap_or(usize::MAX);
    if left > SHARD_ROWS_MAX {
        return Err(LoadFault::Damaged { part: "row count" });
    }
    let mut rows: Vec<R> = Vec::new();
    let mut bytes = Vec::new();
    while left > 0 {
        // In pieces, so that a count without its rows reserves nothing.
        let piece = left.min(4_096);
        bytes.resize(piece * R::BYTES, 0);
        from.read_exact(&mut bytes)?;
        for chunk in bytes.chunks_exact(R::BYTES) {
            let row = R::decode(chunk).filter(|row| !row.is_vacant());
            let row = row.ok_or(LoadFault::Damaged { part: "row" })?;
            if rows.last().is_some_and(|last| last.rest() >= row.rest()) {
                return Err(LoadFault::Damaged { part: "order" });
            }
            rows.push(row);
        }
        left -= piece;
    }
    Ok(rows)
}

#[cfg(test)]
#[path = "dense/tests.rs"]
mod tests;
