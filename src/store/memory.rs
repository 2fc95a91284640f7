//! The store of replay and tests: the same answers, in memory; nothing survives it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Cursor;
use std::ops::{Bound, ControlFlow};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;

use super::entry::check_writes;
use super::{
    Condition, Entry, FaxKey, FaxQuery, FaxRow, FaxSubject, PAGE_ROWS_MAX, PurgeReport, Refused,
    RetentionTerms, SnapshotFault, SnapshotReader, SnapshotWriter, Store, StoreError, StoreHealth,
    TableId, TableRow, TableView, TableWrite, Ticket,
};
use crate::fax::id::{DecisionId, Pseudonym};
use crate::time::{Span, Timestamp};

/// A store in memory.
#[derive(Default)]
pub struct MemoryStore {
    seq: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    entries: BTreeMap<u64, Entry>,
    decisions: BTreeSet<(DecisionId, u64)>,
    faxes: BTreeSet<(Subject, FaxKey)>,
    rows: BTreeMap<(TableId, Vec<u8>), TableRow>,
    snapshots: HashMap<&'static str, Vec<u8>>,
    closed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Did(Pseudonym),
    Member(Pseudonym),
}

impl Inner {
    fn add(&mut self, mut entry: Entry) {
        self.apply(&entry.writes);
        let key = FaxKey { time: entry.time, seq: entry.seq };
        if let Some(decision) = entry.decision {
            self.decisions.insert((decision, entry.seq));
        }
        if let Some(fax) = entry.fax {
            self.faxes.insert((Subject::Did(fax.did), key));
            self.faxes.extend(fax.member.map(|member| (Subject::Member(member), key)));
        }
        // What it shares with others would stay as long as it.
        entry.body = Bytes::copy_from_slice(&entry.body);
        self.entries.insert(entry.seq, entry);
    }

    fn remove(&mut self, seq: u64) {
        let Some(entry) = self.entries.remove(&seq) else { return };
        let key = FaxKey { time: entry.time, seq };
        if let Some(decision) = entry.decision {
            self.decisions.remove(&(decision, seq));
        }
        if let Some(fax) = entry.fax {
            self.faxes.remove(&(Subject::Did(fax.did), key));
            if let Some(member) = fax.member {
                self.faxes.remove(&(Subject::Member(member), key));
            }
        }
    }

    fn apply(&mut self, writes: &[TableWrite]) {
        for write in writes {
            let (table, key) = write.target();
            let place = (table, key.to_vec());
            if let TableWrite::Put { key, value, expires, subject_key, .. } = write.clone() {
                self.rows.insert(place, TableRow { key, value, expires, subject_key });
            } else {
                self.rows.remove(&place);
            }
        }
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn take(&self, entry: Entry) -> Result<(), Refused> {
        entry.check()?;
        self.seq.fetch_max(entry.seq, Ordering::AcqRel);
        self.change(|inner| inner.add(entry))
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) -> Result<(), Refused> {
        let mut inner = self.inner.lock();
        if inner.closed {
            return Err(Refused::Closed);
        }
        change(&mut inner);
        Ok(())
    }
}

fn done() -> Ticket {
    let (answer, ticket) = Ticket::pair();
    answer.give(Ok(()));
    ticket
}

/// The tables, as they are at each read: nobody else writes in the tests that this store is for.
struct View<'a>(&'a MemoryStore);

impl TableView for View<'_> {
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<TableRow>, StoreError> {
        self.0.table_get(table, key)
    }

    fn range(
        &self,
        table: TableId,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<TableRow>, StoreError> {
        self.0.table_range(table, prefix, after, limit)
    }
}

impl super::sealed::Sealed for MemoryStore {}

impl Store for MemoryStore {
    fn next_seq(&self) -> u64 {
        self.seq.fetch_add(1, Ordering::AcqRel) + 1
    }

    fn last_seq(&self) -> u64 {
        self.seq.load(Ordering::Acquire)
    }

    fn queue(&self, entry: Entry) -> Result<(), Refused> {
        self.take(entry)
    }

    fn commit(&self, entry: Entry) -> Result<Ticket, Refused> {
        self.take(entry).map(|()| done())
    }

    fn commit_together(&self, entries: Vec<Entry>) -> Result<Ticket, Refused> {
        entries.into_iter().try_for_each(|entry| self.take(entry)).map(|()| done())
    }

    fn load(&self, writes: Vec<TableWrite>) -> Result<Ticket, Refused> {
        check_writes(&writes)?;
        self.change(|inner| inner.apply(&writes)).map(|()| done())
    }

    fn flush(&self) -> Result<Ticket, Refused> {
        self.change(|_| ()).map(|()| done())
    }

    fn scan(
        &self,
        mut after_seq: u64,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        loop {
            // One at a time, so that `each` may call the store.
            let from = (Bound::Excluded(after_seq), Bound::Unbounded);
            let next = self.inner.lock().entries.range(from).next().map(|(_, entry)| entry.clone());
            let Some(entry) = next else { return Ok(()) };
            after_seq = entry.seq;
            if each(entry).is_break() {
                return Ok(());
            }
        }
    }

    fn decision(&self, decision: DecisionId) -> Result<Vec<Entry>, StoreError> {
        let inner = self.inner.lock();
        let of_it = inner.decisions.range((decision, 0)..=(decision, u64::MAX));
        Ok(of_it.filter_map(|(_, seq)| inner.entries.get(seq).cloned()).collect())
    }

    fn faxes(&self, query: &FaxQuery) -> Result<Vec<FaxRow>, StoreError> {
        let subject = match query.subject {
            FaxSubject::Did(did) => Subject::Did(did),
            FaxSubject::Member(member) => Subject::Member(member),
        };
        let first = FaxKey { time: query.from, seq: 0 };
        let end = FaxKey { time: query.to, seq: 0 };
        let end = query.before.map_or(end, |before| before.min(end));
        if end <= first {
            return Ok(Vec::new());
        }
        let inner = self.inner.lock();
        let keys = inner.faxes.range((subject, first)..(subject, end)).rev();
        let rows = keys.filter_map(|(_, key)| {
            let entry = inner.entries.get(&key.seq)?;
            let index = entry.fax.filter(|fax| query.actions.contains(fax.action))?;
            Some(FaxRow { key: *key, decision: entry.decision, index })
        });
        Ok(rows.take(query.limit.min(PAGE_ROWS_MAX)).collect())
    }

    fn table_get(&self, table: TableId, key: &[u8]) -> Result<Option<TableRow>, StoreError> {
        Ok(self.inner.lock().rows.get(&(table, key.to_vec())).cloned())
    }

    fn table_range(
        &self,
        table: TableId,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<TableRow>, StoreError> {
        let from = match after {
            Some(key) if key >= prefix => Bound::Excluded((table, key.to_vec())),
            _ => Bound::Included((table, prefix.to_vec())),
        };
        let inner = self.inner.lock();
        let rows = inner.rows.range((from, Bound::Unbounded));
        let of_it = rows.take_while(|((of, key), _)| *of == table && key.starts_with(prefix));
        let rows = of_it.map(|(_, row)| row.clone());
        Ok(rows.take(limit.min(PAGE_ROWS_MAX)).collect())
    }

    fn tables(&self) -> Result<Box<dyn TableView + '_>, StoreError> {
        Ok(Box::new(View(self)))
    }

    fn snapshot_write(
        &self,
        name: &'static str,
        position: u64,
        fill: &mut dyn FnMut(&mut SnapshotWriter<'_>) -> Result<(), SnapshotFault>,
    ) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        let mut writer = SnapshotWriter::begin(&mut bytes, position, None)?;
        fill(&mut writer)?;
        writer.finish()?;
        self.inner.lock().snapshots.insert(name, bytes);
        Ok(())
    }

    fn snapshot_read(&self, name: &'static str) -> Result<Option<SnapshotReader>, StoreError> {
        let bytes = self.inner.lock().snapshots.get(name).cloned();
        Ok(bytes.map(|bytes| SnapshotReader::open(Cursor::new(bytes))).transpose()?)
    }

    fn purge(&self, now: Timestamp, terms: &RetentionTerms) -> Result<PurgeReport, StoreError> {
        let mut inner = self.inner.lock();
        let mut days = BTreeSet::new();
        let ended = |entry: &&Entry| terms.ledger_day_ended(entry.time.day(), now);
        let gone: Vec<u64> = inner.entries.values().filter(ended).map(|entry| entry.seq).collect();
        for seq in gone {
            days.extend(inner.entries.get(&seq).map(|entry| entry.time.day()));
            inner.remove(seq);
        }
        let before = inner.rows.len();
        inner.rows.retain(|_, row| row.expires.is_none_or(|expires| expires > now));
        let rows = u64::try_from(before - inner.rows.len()).unwrap_or(0);
        Ok(PurgeReport { days: u64::try_from(days.len()).unwrap_or(0), rows })
    }

    fn health(&self) -> StoreHealth {
        StoreHealth {
            condition: Condition::Working,
            since: Timestamp::default(),
            queued: 0,
            dropped: 0,
            commit_latency: Span::default(),
            quarantined: 0,
        }
    }

    fn close(&self) {
        self.inner.lock().closed = true;
    }
}
