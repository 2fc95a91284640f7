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

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{RwLock, RwLockReadGuard};
use thiserror::Error;

/// Bits of the key that choose the shard.
const SHARD_BITS: u32 = 12;
/// Shards of every table.
pub const SHARDS: usize = 1 << SHARD_BITS;
/// Free bits of a row that keeps its whole key.
pub const FREE_BITS: u32 = SHARD_BITS;
/// Slots after the last home of a shard, where the last run may go on.
const TAIL_MAX: usize = 64;
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

const fn shard(key: u64) -> usize {
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

/// A shard is as large as it may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("dense shard is full")]
pub struct Full;

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

/// What [`Table::thin`] dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thinned {
    /// Rows that were older than allowed.
    pub expired: u32,
    /// Rows that were dropped to make room.
    pub evicted: u32,
}

/// One shard.
pub struct Table<R> {
    slots: Box<[R]>,
    homes: usize,
    homes_max: usize,
    rows: usize,
    cursor: usize,
}

impl<R: Row> Table<R> {
    fn new(homes_max: usize) -> Self {
        Self { slots: Box::default(), homes: 0, homes_max, rows: 0, cursor: 0 }
    }

    /// Rows in the shard.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// True when a further row has room only where another one goes.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.homes == self.homes_max && self.rows >= load_max(self.homes)
    }

    /// Every row, in the order of rests.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.slots.iter().filter(|row| !row.is_vacant())
    }

    /// The row of that rest.
    #[must_use]
    pub fn get(&self, rest: u64) -> Option<R> {
        self.search(rest).ok().map(|at| self.slots[at])
    }

    /// Changes the row of that rest in place; its rest must stay. `None` where there is no such row.
    pub fn change<T>(&mut self, rest: u64, change: impl FnOnce(&mut R) -> T) -> Option<T> {
        let at = self.search(rest).ok()?;
        Some(change(&mut self.slots[at]))
    }

    /// Puts a row in, over the one of the same rest. Where the shard has to grow, rows that `keep`
    /// answers false for are dropped first.
    ///
    /// # Errors
    /// [`Full`]: nothing was put in.
    pub fn put(&mut self, row: R, keep: impl Fn(&R) -> bool) -> Result<(), Full> {
        debug_assert!(!row.is_vacant());
        match self.search(row.rest()) {
            Ok(at) => self.slots[at] = row,
            Err(at) if self.rows < load_max(self.homes) && self.shift_in(at, row) => {}
            Err(_) => self.grow(row, keep)?,
        }
        Ok(())
    }

    /// Takes the row of that rest out.
    pub fn remove(&mut self, rest: u64) -> Option<R> {
        let at = self.search(rest).ok()?;
        let row = self.slots[at];
        self.close_gap(at);
        Some(row)
    }

    /// Changes every row in place; the rest of a row must stay.
    pub fn for_each(&mut self, mut change: impl FnMut(&mut R)) {
        self.slots.iter_mut().filter(|row| !row.is_vacant()).for_each(&mut change);
    }

    /// Drops what `keep` answers false for.
    pub fn retain(&mut self, keep: impl Fn(&R) -> bool) {
        let mut at = 0;
        while at < self.slots.len() {
            if self.slots[at].is_vacant() || keep(&self.slots[at]) {
                at += 1;
            } else {
                self.close_gap(at);
            }
        }
    }

    /// Looks at the next `most` slots, going round the shard over the calls: drops rows of an age above
    /// `age_max`, or where there is none, the oldest row seen. Bounded work a call, and in the long
    /// run the oldest go first.
    pub fn thin(&mut self, most: usize, age: impl Fn(&R) -> u16, age_max: u16) -> Thinned {
        let mut thinned = Thinned::default();
        let mut oldest: Option<(u16, u64)> = None;
        for _ in 0..most.min(self.slots.len()) {
            if self.cursor >= self.slots.len() {
                self.cursor = 0;
            }
            let row = self.slots[self.cursor];
            if row.is_vacant() {
                self.cursor += 1;
                continue;
            }
            let age = age(&row);
            if age > age_max {
                // The row behind moves into this slot and is looked at next.
                self.close_gap(self.cursor);
                thinned.expired += 1;
                continue;
            }
            if oldest.is_none_or(|(most, _)| age > most) {
                oldest = Some((age, row.rest()));
            }
            self.cursor += 1;
        }
        if thinned.expired == 0 && oldest.is_some_and(|(_, rest)| self.remove(rest).is_some()) {
            thinned.evicted = 1;
        }
        thinned
    }

    /// Looks at the next `most` slots, going round the shard over the calls, and drops what `keep` answers false for and
    /// nothing else. Says how many went.
    pub fn sweep(&mut self, most: usize, keep: impl Fn(&R) -> bool) -> usize {
        let mut dropped = 0;
        for _ in 0..most.min(self.slots.len()) {
            if self.cursor >= self.slots.len() {
                self.cursor = 0;
            }
            let row = self.slots[self.cursor];
            if row.is_vacant() || keep(&row) {
                self.cursor += 1;
            } else {
                // The row behind moves into this slot and is looked at next.
                self.close_gap(self.cursor);
                dropped += 1;
            }
        }
        dropped
    }

    #[expect(clippy::cast_possible_truncation, reason = "less than the number of homes")]
    fn home(homes: usize, rest: u64) -> usize {
        ((u128::from(rest) * homes as u128) >> 64) as usize
    }

    /// The slot of the rest, or the slot it would go to.
    fn search(&self, rest: u64) -> Result<usize, usize> {
        let mut at = Self::home(self.homes, rest);
        while let Some(row) = self.slots.get(at) {
            let here = row.rest();
            if row.is_vacant() || here > rest {
                break;
            }
            if here == rest {
                return Ok(at);
            }
            at += 1;
        }
        Err(at)
    }

    fn shift_in(&mut self, at: usize, row: R) -> bool {
        let Some(run) = self.slots[at..].iter().position(Row::is_vacant) else {
            return false;
        };
        self.slots.copy_within(at..at + run, at + 1);
        self.slots[at] = row;
        self.rows += 1;
        true
    }

    fn close_gap(&mut self, at: usize) {
        let mut end = at + 1;
        while let Some(row) = self.slots.get(end) {
            if row.is_vacant() || Self::home(self.homes, row.rest()) == end {
                break;
            }
            end += 1;
        }
        self.slots.copy_within(at + 1..end, at);
        self.slots[end - 1] = R::VACANT;
        self.rows -= 1;
    }

    /// Lays the shard out anew with one more row, in more slots where it needs them.
    fn grow(&mut self, row: R, keep: impl Fn(&R) -> bool) -> Result<(), Full> {
        let rows = self.iter().filter(|row| keep(row)).count() + 1;
        let mut homes = self.homes;
        // Below three quarters after dropping what may go, the shard is large enough as it is.
        if rows > homes / 4 * 3 {
            homes = (homes + homes / 4 + 4).min(self.homes_max);
        }
        while rows <= load_max(homes) {
            let below = self.iter().filter(|old| keep(old) && old.rest() < row.rest());
            let above = self.iter().filter(|old| keep(old) && old.rest() > row.rest());
            if let Some(slots) = spread(below.chain([&row]).chain(above), homes) {
                (self.slots, self.homes, self.rows) = (slots, homes, rows);
                return Ok(());
            }
            if homes == self.homes_max {
                break;
            }
            homes = (homes + homes / 8 + 4).min(self.homes_max);
        }
        Err(Full)
    }

    /// A shard of rows in order. Where they are too many for it, those that `age` finds oldest go.
    fn of(mut rows: Vec<R>, homes_max: usize, age: &dyn Fn(&R) -> u16) -> Self {
        let most = load_max(homes_max);
        if rows.len() > most {
            rows.sort_by_key(age);
            rows.truncate(most);
            rows.sort_by_key(Row::rest);
        }
        let mut table = Self::new(homes_max);
        let mut homes = (rows.len() + rows.len() / 5 + 4).min(homes_max);
        while !rows.is_empty() {
            if let Some(slots) = spread(rows.iter(), homes) {
                (table.slots, table.homes, table.rows) = (slots, homes, rows.len());
                break;
            }
            if homes == homes_max {
                rows.pop();
            }
            homes = (homes + homes / 8 + 4).min(homes_max);
        }
        table
    }
}

/// Most rows of that many homes: seven in eight.
const fn load_max(homes: usize) -> usize {
    homes - homes / 8
}

fn spread<'a, R: Row + 'a>(rows: impl Iterator<Item = &'a R>, homes: usize) -> Option<Box<[R]>> {
    let tail = (8 + homes / 4).min(TAIL_MAX);
    let mut slots = vec![R::VACANT; homes + tail].into_boxed_slice();
    let mut next = 0;
    for row in rows {
        next = Table::<R>::home(homes, row.rest()).max(next);
        *slots.get_mut(next)? = *row;
        next += 1;
    }
    Some(slots)
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
        let slots: usize = self.shards.iter().map(|shard| shard.read().slots.len()).sum();
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
        let mut table = self.shards[number].write();
        let before = table.rows;
        let answer = change(&mut table);
        // Wraps where there are fewer rows than before, and so subtracts.
        self.rows.fetch_add(table.rows.wrapping_sub(before), Ordering::Relaxed);
        answer
    }

    /// Writes all rows, shard by shard; readers and writers of other shards go on, and those of this
    /// one wait for a copy of it at most.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut bytes = Vec::new();
        for shard in &self.shards {
            bytes.clear();
            {
                let table = shard.read();
                let rows = u32::try_from(table.rows).map_err(io::Error::other)?;
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
        for number in 0..SHARDS {
            let table = Table::of(read_shard(from)?, self.homes_max, age);
            self.edit_shard(number, |shard| *shard = table);
        }
        Ok(())
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
