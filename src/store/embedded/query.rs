//! Questions to the files, each over a reading connection of its own, never the committer's.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::file;
use super::index::{self, Hit, SharedTail, Sought};
use super::ledger::{Catalog, DayFile};
use super::sheet::{self, SheetId, run_of};
use crate::fax::id::DecisionId;
use crate::store::entry::Entry;
use crate::store::{FaxKey, FaxQuery, FaxRow, FaxSubject, PAGE_ROWS_MAX, StoreError};
use crate::time::Timestamp;

/// Connections kept open between queries: a month of days and the tables.
const IDLE_MAX: usize = 32;
/// Sheets kept while a page of faxes is made: threads that screened at the same time wrote into neighbours.
const SHEETS_NEAR: usize = 8;

/// The idle reading connections.
#[derive(Default)]
pub(super) struct Readers {
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    connections: Vec<(PathBuf, Connection)>,
    /// Counts clearings, so that a connection lent before one does not come back after it.
    clearings: u64,
}

impl Readers {
    /// Closes every idle connection: files were removed or replaced.
    pub(super) fn clear(&self) {
        let mut idle = self.idle.lock();
        idle.clearings += 1;
        idle.connections.clear();
    }

    /// Asks one file.
    pub(super) fn ask<T>(
        &self,
        path: &Path,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let (connection, clearings) = self.lend(path)?;
        let answer = question(&connection)?;
        self.take_back(path, connection, clearings);
        Ok(answer)
    }

    /// The file as it is now, until that is dropped.
    pub(super) fn view(&self, path: PathBuf) -> rusqlite::Result<FileView<'_>> {
        let (connection, clearings) = self.lend(&path)?;
        connection.execute_batch("BEGIN")?;
        Ok(FileView { readers: self, path, connection: Some(connection), clearings })
    }

    /// A connection, and how often they were cleared before it was lent.
    fn lend(&self, path: &Path) -> rusqlite::Result<(Connection, u64)> {
        let (found, clearings) = {
            let mut idle = self.idle.lock();
            let at = idle.connections.iter().rposition(|(of, _)| of == path);
            (at.map(|at| idle.connections.remove(at).1), idle.clearings)
        };
        match found {
            Some(connection) => Ok((connection, clearings)),
            None => Ok((file::open_reader(path)?, clearings)),
        }
    }

    fn take_back(&self, path: &Path, connection: Connection, clearings: u64) {
        let mut idle = self.idle.lock();
        if idle.clearings == clearings {
            idle.connections.push((path.to_owned(), connection));
            if idle.connections.len() > IDLE_MAX {
                idle.connections.remove(0);
            }
        }
    }
}

/// A file as it was when this was made.
pub(super) struct FileView<'a> {
    readers: &'a Readers,
    path: PathBuf,
    connection: Option<Connection>,
    clearings: u64,
}

impl FileView<'_> {
    pub(super) fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        match &self.connection {
            Some(connection) => question(connection),
            // It is there until this is dropped.
            None => Err(rusqlite::Error::InvalidQuery),
        }
    }
}

impl Drop for FileView<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            // One that cannot end what it began is closed.
            if connection.execute_batch("ROLLBACK").is_ok() {
                self.readers.take_back(&self.path, connection, self.clearings);
            }
        }
    }
}

/// The ledger as queries see it.
pub(super) struct Days<'a> {
    pub(super) readers: &'a Readers,
    pub(super) catalog: &'a Catalog,
    pub(super) tail: &'a SharedTail,
}

pub(super) fn unread(what: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| StoreError::Read { what, source: Box::new(source) }
}

impl Days<'_> {
    /// Asks one day; a day that was purged meanwhile has no answer.
    fn ask<T: Default>(
        &self,
        file: &DayFile,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        match self.readers.ask(&file.path, question) {
            Err(_) if !self.catalog.read().contains(file) => Ok(T::default()),
            answer => answer.map_err(unread("ledger day")),
        }
    }

    pub(super) fn scan(
        &self,
        after: u64,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
        left_out: &dyn Fn(),
    ) -> Result<(), StoreError> {
        let files = self.catalog.read().clone();
        for (at, file) in files.iter().enumerate() {
            if files.get(at + 1).is_some_and(|next| next.floor <= after.saturating_add(1)) {
                continue;
            }
            let first = run_of(after.saturating_add(1)).checked_sub(1);
            let mut run = self.ask(file, |reader| sheet::next_run(reader, first))?;
            while let Some(now) = run {
                if self.scan_run(file, (now, after), each, left_out)?.is_break() {
                    return Ok(());
                }
                run = self.ask(file, |reader| sheet::next_run(reader, Some(now)))?;
            }
        }
        Ok(())
    }

    /// Hands out one run after a seq. Sheets overlap a little; each is a question of its own, so that no long read keeps
    /// the write-ahead log from being emptied. A damaged one costs its entries and not the rest of the ledger.
    fn scan_run(
        &self,
        file: &DayFile,
        (run, after): (u64, u64),
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
        left_out: &dyn Fn(),
    ) -> Result<ControlFlow<()>, StoreError> {
        let extents = self.ask(file, |reader| sheet::extents(reader, run))?;
        let mut read = BTreeMap::new();
        for extent in extents.iter().filter(|extent| extent.high > after) {
            let later = read.split_off(&extent.low);
            for entry in std::mem::replace(&mut read, later).into_values() {
                if each(entry).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            let entries = match self.sheet(file, extent.id) {
                Err(StoreError::Malformed { .. }) => {
                    left_out();
                    continue;
                }
                entries => entries?,
            };
            let wanted = entries.into_iter().filter(|entry| entry.seq > after);
            read.extend(wanted.map(|entry| (entry.seq, entry)));
        }
        for entry in read.into_values() {
            if each(entry).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn sheet(&self, file: &DayFile, id: SheetId) -> Result<Vec<Entry>, StoreError> {
        let entries = self.ask(file, |reader| sheet::read(reader, id).map(Read))?;
        entries.0.ok_or(StoreError::Malformed { what: "ledger sheet" })
    }

    fn hits(&self, file: &DayFile, sought: Sought) -> Result<Vec<Hit>, StoreError> {
        self.ask(file, |reader| index::hits(reader, self.tail, file.floor, sought))
    }

    pub(super) fn decision(&self, decision: DecisionId) -> Result<Vec<Entry>, StoreError> {
        let files = self.catalog.read().clone();
        let mut all = Vec::new();
        for file in &files {
            let hits = self.hits(file, decision.into())?;
            for of_sheet in hits.chunk_by(|one, next| one.sheet() == next.sheet()) {
                let Some(first) = of_sheet.first() else { continue };
                let entries = self.sheet(file, first.sheet())?.into_iter();
                let of_it = entries.filter(|entry| {
                    entry.decision == Some(decision)
                        && of_sheet.iter().any(|hit| hit.seq() == entry.seq)
                });
                all.extend(of_it);
                if all.len() >= PAGE_ROWS_MAX {
                    break;
                }
            }
        }
        all.sort_unstable_by_key(|entry: &Entry| entry.seq);
        all.truncate(PAGE_ROWS_MAX);
        Ok(all)
    }

    pub(super) fn faxes(&self, query: &FaxQuery) -> Result<Vec<FaxRow>, StoreError> {
        let end = FaxKey { time: query.to, seq: 0 };
        let end = query.before.map_or(end, |before| before.min(end));
        let files = self.catalog.read().clone();
        let mut found = Vec::new();
        // A file holds its day, and what a straggler or a clock that was set brought: nothing much older
        // than the days of the files after it, and in the last one anything.
        let mut later: Option<i64> = None;
        for file in files.iter().rev() {
            let least = later.map_or(file.day, |later| later.min(file.day));
            let oldest = later.map_or(i64::MIN, |_| least.saturating_sub(1));
            later = Some(least);
            if oldest > end.time.day() || file.day.saturating_add(1) < query.from.day() {
                continue;
            }
            let hits = self.hits(file, query.subject.into())?.into_iter();
            found.extend(hits.map(|hit| (key_of(hit), hit, file)));
        }
        found.retain(|(key, hit, _)| {
            key.time >= query.from && *key < end && query.actions.contains(hit.mark.action)
        });
        found.sort_unstable_by_key(|(key, ..)| std::cmp::Reverse(*key));
        self.rows(query, &found)
    }

    /// The faxes behind hits, as many as are wanted. What was found next to each other mostly lies so, too.
    fn rows(
        &self,
        query: &FaxQuery,
        found: &[(FaxKey, Hit, &DayFile)],
    ) -> Result<Vec<FaxRow>, StoreError> {
        let limit = query.limit.min(PAGE_ROWS_MAX);
        let mut near: VecDeque<((u64, SheetId), Vec<Entry>)> = VecDeque::new();
        let mut rows = Vec::new();
        for (key, hit, file) in found {
            if rows.len() >= limit {
                break;
            }
            let name = (file.floor, hit.sheet());
            if !near.iter().any(|(of, _)| *of == name) {
                near.push_front((name, self.sheet(file, hit.sheet())?));
                near.truncate(SHEETS_NEAR);
            }
            let entries = near.iter().find(|(of, _)| *of == name).map(|(_, entries)| entries);
            let entry = entries.and_then(|all| all.iter().find(|entry| entry.seq == key.seq));
            let Some((entry, index)) = entry.and_then(|entry| Some((entry, entry.fax?))) else {
                continue;
            };
            let is_of_it = match query.subject {
                FaxSubject::Did(did) => index.did == did,
                FaxSubject::Member(member) => index.member == Some(member),
            };
            if is_of_it {
                rows.push(FaxRow { key: *key, decision: entry.decision, index });
            }
        }
        Ok(rows)
    }
}

fn key_of(hit: Hit) -> FaxKey {
    FaxKey { time: Timestamp::from_micros(hit.mark.time), seq: hit.seq() }
}

/// Entries of a sheet, `None` where it is damaged; of a day that was purged meanwhile, none.
struct Read(Option<Vec<Entry>>);

impl Default for Read {
    fn default() -> Self {
        Self(Some(Vec::new()))
    }
}
