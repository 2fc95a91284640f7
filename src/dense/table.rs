//! One shard of a dense table: rows in the order of their keys, in linear probing with ordered runs.

use thiserror::Error;

use super::Row;

/// Slots after the last home of a shard, where the last run may go on.
pub(super) const TAIL_MAX: usize = 64;

/// Where a row was found. It is there until a row is put into the shard or taken out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At(usize);

/// A shard is as large as it may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("dense shard is full")]
pub struct Full;

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
    pub(super) fn new(homes_max: usize) -> Self {
        Self { slots: Box::default(), homes: 0, homes_max, rows: 0, cursor: 0 }
    }

    /// Rows in the shard.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Slots of the shard, with or without a row.
    pub(super) const fn slots(&self) -> usize {
        self.slots.len()
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

    /// Where the row of that rest is; looked for only where it is not where it was `seen`.
    #[must_use]
    pub fn find(&self, rest: u64, seen: Option<At>) -> Option<At> {
        let still = |at: &At| {
            self.slots.get(at.0).is_some_and(|row| row.rest() == rest && !row.is_vacant())
        };
        seen.filter(still).or_else(|| self.search(rest).ok().map(At))
    }

    /// The row there.
    ///
    /// # Panics
    /// Here and in [`Self::set`], where the shard was never as large: a fault of the program.
    #[must_use]
    pub fn at(&self, at: At) -> R {
        self.slots[at.0]
    }

    /// Puts a row of the same rest in the place of the one there.
    pub fn set(&mut self, at: At, row: R) {
        debug_assert_eq!(self.slots[at.0].rest(), row.rest());
        self.slots[at.0] = row;
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
    pub(super) fn of(mut rows: Vec<R>, homes_max: usize, age: &dyn Fn(&R) -> u16) -> Self {
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
pub(super) const fn load_max(homes: usize) -> usize {
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
