//! Writes of the bulk tables that the ledger holds and the tables do not yet.
//!
//! A table of ten million random keys has a page for each seventy rows: written as they come, each row costs a page, in
//! the log and again in the file. So rows wait here, the latest write of each key, and go to the tables in sweeps over the
//! keys, a slice at a time. A write behind the sweep waits for the next one; a write ahead of it goes with it. So the rows
//! just ahead of a sweep are twice as many as the average, which generations that fill and drain in turn do not have.
//!
//! A sweep that has ended has applied every write that was here when it began: only then does the mark of the tables
//! move, up to which the ledger need not be read again at the start.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::store::{TABLE_VALUE_BYTES_MAX, TableId, TableWrite, WRITES_BYTES_MAX};
use crate::time::{Span, Timestamp};

/// Bytes of rows above which slices are taken: some 700,000 numbers, a fourteenth of a directory of ten million.
const FULL_BYTES: usize = 128 * 1024 * 1024;
/// Bytes above which nothing else is done until there are fewer.
const BYTES_MAX: usize = FULL_BYTES + 32 * 1024 * 1024;
/// What a row takes here beside its bytes: its place in the map, at its usual load, and two allocations.
const ROW_BYTES: usize = 150;
/// Seconds after which a sweep goes on though there is room: a start reads the ledger from the last but one.
const AGE_SECONDS: u64 = 60;
/// Rows of a slice: few enough that the commit behind it is not late.
const SLICE_ROWS: usize = 8_192;
/// Bytes of values after which a slice ends.
const SLICE_BYTES: usize = 4 * 1024 * 1024;

const _: () = assert!(BYTES_MAX - FULL_BYTES > 4 * WRITES_BYTES_MAX);
const _: () = assert!(SLICE_BYTES >= TABLE_VALUE_BYTES_MAX);

/// Bytes of a key that are kept in the map itself: all of a pseudonym.
const HEAD_BYTES: usize = 16;

/// Where a row is, in the order in which the tables lie on the disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    table: TableId,
    /// The beginning of the key; zeros follow a shorter one.
    head: [u8; HEAD_BYTES],
    tail: Box<[u8]>,
    /// Tells a key from one with zeros at its end.
    length: usize,
}

impl Place {
    fn new(table: TableId, key: &[u8]) -> Self {
        let (begin, tail) = key.split_at(key.len().min(HEAD_BYTES));
        let mut head = [0; HEAD_BYTES];
        head[..begin.len()].copy_from_slice(begin);
        Self { table, head, tail: tail.into(), length: key.len() }
    }

    pub(super) const fn table(&self) -> TableId {
        self.table
    }

    pub(super) fn key(&self) -> Cow<'_, [u8]> {
        if self.tail.is_empty() {
            return Cow::Borrowed(&self.head[..self.length.min(HEAD_BYTES)]);
        }
        Cow::Owned([&self.head[..], &self.tail].concat())
    }
}

/// What a row is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) value: Box<[u8]>,
    pub(super) expires: Option<Timestamp>,
    pub(super) subject_key: Option<u64>,
}

/// A row and what it is to be; `None` where it is to be no more.
pub(super) type Change = (Place, Option<Content>);

/// The writes that wait.
#[derive(Debug, Default)]
pub(super) struct Deferred {
    /// What the sweep has before it.
    ahead: BTreeMap<Place, Option<Content>>,
    /// What came after the sweep had passed its place.
    behind: BTreeMap<Place, Option<Content>>,
    /// What is being written just now.
    slice: Vec<Change>,
    /// The last place that the sweep has taken.
    passed: Option<Place>,
    bytes: usize,
    /// When the sweep began, or the first write came.
    began: Timestamp,
    /// The latest batch when the sweep began.
    covered: u64,
    /// The latest batch.
    newest: u64,
}

impl Deferred {
    /// Nothing, above tables that hold everything up to a batch.
    pub(super) fn above(applied: u64) -> Self {
        Self { covered: applied, newest: applied, ..Self::default() }
    }

    /// Takes a write in; it replaces an earlier one of the same row.
    pub(super) fn add(&mut self, write: &TableWrite, now: Timestamp) {
        if self.is_empty() {
            self.began = now;
        }
        let (table, key) = write.target();
        let place = Place::new(table, key);
        let content = match write {
            TableWrite::Put { value, expires, subject_key, .. } => Some(Content {
                value: value.as_slice().into(),
                expires: *expires,
                subject_key: *subject_key,
            }),
            TableWrite::Delete { .. } => None,
        };
        self.bytes += cost(&place, content.as_ref());
        let is_ahead = self.passed.as_ref().is_none_or(|passed| place > *passed);
        let rows = if is_ahead { &mut self.ahead } else { &mut self.behind };
        let again = cost(&place, None);
        if let Some(before) = rows.insert(place, content) {
            self.bytes -= again + value_bytes(before.as_ref());
        }
    }

    /// Says that every write up to a batch has been taken in.
    pub(super) fn hear(&mut self, batch: u64) {
        self.newest = self.newest.max(batch);
        if self.is_empty() {
            self.covered = self.newest;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ahead.is_empty() && self.behind.is_empty() && self.slice.is_empty()
    }

    /// Whether a slice should be written.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let is_old = now.since(self.began) >= Span::seconds(AGE_SECONDS);
        !self.is_empty() && (self.is_full() || is_old)
    }

    /// Whether there is more than may wait.
    pub(super) const fn is_full(&self) -> bool {
        self.bytes > FULL_BYTES
    }

    /// Whether there is so much more that nothing may be added.
    pub(super) const fn is_over(&self) -> bool {
        self.bytes > BYTES_MAX
    }

    /// The next rows in the order of their places: the same ones until [`Self::written`] says that they are.
    pub(super) fn slice(&mut self, now: Timestamp) -> &[Change] {
        self.slice_of(SLICE_ROWS, now)
    }

    fn slice_of(&mut self, most: usize, now: Timestamp) -> &[Change] {
        if !self.slice.is_empty() {
            return &self.slice;
        }
        if self.ahead.is_empty() {
            self.ahead = std::mem::take(&mut self.behind);
            self.passed = None;
        }
        if self.passed.is_none() {
            self.began = now;
            self.covered = self.newest;
        }
        let mut bytes = 0;
        while self.slice.len() < most && bytes < SLICE_BYTES {
            let Some(change) = self.ahead.pop_first() else { break };
            bytes += value_bytes(change.1.as_ref());
            self.slice.push(change);
        }
        if let Some((last, _)) = self.slice.last() {
            self.passed = Some(last.clone());
        }
        &self.slice
    }

    /// The batch up to which the tables hold everything once the slice is written, where that ends a sweep.
    pub(super) fn mark(&self) -> Option<u64> {
        match (self.ahead.is_empty(), self.behind.is_empty()) {
            (true, true) => Some(self.newest),
            (true, false) => Some(self.covered),
            (false, _) => None,
        }
    }

    /// The slice is written.
    pub(super) fn written(&mut self) {
        for (place, content) in self.slice.drain(..) {
            self.bytes -= cost(&place, content.as_ref());
        }
        if self.is_empty() {
            self.passed = None;
            self.covered = self.newest;
        }
    }
}

fn value_bytes(content: Option<&Content>) -> usize {
    content.map_or(0, |content| content.value.len())
}

fn cost(place: &Place, content: Option<&Content>) -> usize {
    ROW_BYTES + place.tail.len() + value_bytes(content)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn put(key: &[u8], value: &[u8]) -> TableWrite {
        let (table, expires, subject_key) = (TableId::DirectoryNumbers, None, None);
        TableWrite::Put { table, key: key.to_vec(), value: value.to_vec(), expires, subject_key }
    }

    fn gone(key: &[u8]) -> TableWrite {
        TableWrite::Delete { table: TableId::DirectoryNumbers, key: key.to_vec() }
    }

    #[test]
    fn places_are_in_the_order_of_tables_and_keys() {
        let long = [1; 20];
        let keys: [&[u8]; 9] =
            [&[], &[0], &[0, 0], &[0; 16], &[0; 17], &[0, 1], &long[..16], &long[..17], &long];
        let mut places = Vec::new();
        for table in [TableId::DirectoryNumbers, TableId::DirectoryMembers] {
            places.extend(keys.map(|key| Place::new(table, key)));
        }
        assert!(places.is_sorted_by(|one, next| one < next));
        for (place, key) in places.iter().zip(keys.iter().chain(&keys)) {
            assert_eq!(place.key().as_ref(), *key);
        }
    }

    #[test]
    fn a_mark_waits_for_what_came_before_it() {
        let mut deferred = Deferred::above(3);
        let rows = u32::try_from(SLICE_ROWS).unwrap() * 2;
        for row in 0..rows {
            deferred.add(&put(&row.to_be_bytes(), b"v"), NOW);
        }
        deferred.hear(4);
        assert_eq!(deferred.slice(NOW).len(), SLICE_ROWS);
        assert_eq!(deferred.mark(), None);
        deferred.written();
        // Behind the sweep: of a later batch than the mark that this sweep earns.
        deferred.add(&gone(&0_u32.to_be_bytes()), NOW);
        deferred.hear(5);
        let last = deferred.slice(NOW).to_vec();
        assert_eq!((last.len(), deferred.mark()), (SLICE_ROWS, Some(4)));
        assert_eq!(deferred.slice(NOW), last, "what failed is given again");
        deferred.written();
        assert!(!deferred.is_empty());
        assert_eq!(deferred.slice(NOW), [(Place::new(TableId::DirectoryNumbers, &[0; 4]), None)]);
        assert_eq!(deferred.mark(), Some(5));
        deferred.written();
        assert!(deferred.is_empty());
        assert_eq!(deferred.bytes, 0);
    }

    #[test]
    fn rows_wait_until_there_are_many_or_the_first_is_old() {
        let mut deferred = Deferred::above(0);
        assert!(!deferred.is_due(NOW));
        deferred.add(&put(b"a", b"v"), NOW);
        assert!(!deferred.is_due(NOW));
        assert!(deferred.is_due(NOW.plus(Span::seconds(AGE_SECONDS))));
        let large = vec![7; TABLE_VALUE_BYTES_MAX];
        let mut rows = 0_u32;
        while !deferred.is_over() {
            rows += 1;
            deferred.add(&put(&rows.to_be_bytes(), &large), NOW);
            assert_eq!(deferred.is_due(NOW), deferred.is_full());
        }
        assert!(usize::try_from(rows).unwrap() * TABLE_VALUE_BYTES_MAX <= BYTES_MAX + large.len());
        // The same rows again take no more room.
        deferred.add(&put(&rows.to_be_bytes(), &large), NOW);
        let before = deferred.bytes;
        deferred.add(&put(&rows.to_be_bytes(), &large), NOW);
        assert_eq!(deferred.bytes, before);
        while !deferred.is_empty() {
            assert!(deferred.slice(NOW).len() <= 1 + SLICE_BYTES / TABLE_VALUE_BYTES_MAX);
            deferred.written();
        }
        assert_eq!(deferred.bytes, 0);
    }

    proptest! {
        /// Whatever comes and whenever it is written: at the end the rows are as the last write of each says, and a mark
        /// is never above a write that is not applied.
        #[test]
        fn the_last_write_of_a_row_stays(
            steps in prop::collection::vec((0..6_u8, any::<bool>(), 0..4_u8), 1..200),
        ) {
            let mut deferred = Deferred::above(0);
            let (mut wanted, mut applied) = (BTreeMap::new(), BTreeMap::new());
            let mut waiting: BTreeMap<u8, u64> = BTreeMap::new();
            for (batch, (key, is_put, act)) in (1..).zip(steps) {
                let write = if is_put { put(&[key], &[act]) } else { gone(&[key]) };
                deferred.add(&write, NOW);
                deferred.hear(batch);
                wanted.insert(key, is_put.then_some(act));
                waiting.insert(key, batch);
                if act == 0 {
                    // One row, so that sweeps are passed in every place.
                    for (place, content) in deferred.slice_of(1, NOW) {
                        let value = content.as_ref().map(|content| content.value[0]);
                        applied.insert(place.key()[0], value);
                        waiting.remove(&place.key()[0]);
                    }
                    let mark = deferred.mark();
                    deferred.written();
                    if let Some(mark) = mark {
                        prop_assert!(waiting.values().all(|batch| *batch > mark));
                    }
                }
            }
            while !deferred.is_empty() {
                for (place, content) in deferred.slice(NOW) {
                    applied.insert(place.key()[0], content.as_ref().map(|content| content.value[0]));
                }
                deferred.written();
            }
            prop_assert_eq!(applied, wanted);
            prop_assert_eq!(deferred.bytes, 0);
        }
    }
}
