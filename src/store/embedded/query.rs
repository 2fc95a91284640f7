//! Questions to the files, each over a reading connection of its own, never the committer's.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use rusqlite::{Connection, Row, params};

use super::file;
use super::ledger::{Catalog, DayFile};
use crate::fax::id::{DecisionId, Pseudonym};
use crate::store::entry::{Entry, EntryKind, FaxIndex, decode_writes};
use crate::store::{FaxKey, FaxQuery, FaxRow, FaxSubject, PAGE_ROWS_MAX, StoreError};
use crate::time::Timestamp;

/// Connections kept open between queries: a month of days and the tables.
const IDLE_MAX: usize = 32;
/// Entries read at a time by a scan, so that no long read keeps the write-ahead log from being emptied.
const SCAN_ROWS: u32 = 4_096;

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
        let (found, clearings) = {
            let mut idle = self.idle.lock();
            let at = idle.connections.iter().rposition(|(of, _)| of == path);
            (at.map(|at| idle.connections.remove(at).1), idle.clearings)
        };
        let connection = match found {
            Some(connection) => connection,
            None => file::open_reader(path)?,
        };
        let answer = question(&connection)?;
        let mut idle = self.idle.lock();
        if idle.clearings == clearings {
            idle.connections.push((path.to_owned(), connection));
            if idle.connections.len() > IDLE_MAX {
                idle.connections.remove(0);
            }
        }
        Ok(answer)
    }
}

/// The ledger as queries see it.
pub(super) struct Days<'a> {
    pub(super) readers: &'a Readers,
    pub(super) catalog: &'a Catalog,
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
        mut after: u64,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let files = self.catalog.read().clone();
        for (at, file) in files.iter().enumerate() {
            if files.get(at + 1).is_some_and(|next| next.floor <= after.saturating_add(1)) {
                continue;
            }
            loop {
                let entries = self.ask(file, |reader| {
                    let sql = format!("{SELECT} WHERE seq > ?1 ORDER BY seq LIMIT ?2");
                    let mut statement = reader.prepare_cached(&sql)?;
                    let rows =
                        statement.query_map(params![after.cast_signed(), SCAN_ROWS], entry_of)?;
                    rows.collect::<rusqlite::Result<Vec<_>>>()
                })?;
                let is_last = u32::try_from(entries.len()).is_ok_and(|count| count < SCAN_ROWS);
                for entry in entries {
                    let entry = entry.ok_or(StoreError::Malformed { what: "ledger entry" })?;
                    after = entry.seq;
                    if each(entry).is_break() {
                        return Ok(());
                    }
                }
                if is_last {
                    break;
                }
            }
        }
        Ok(())
    }

    pub(super) fn decision(&self, decision: DecisionId) -> Result<Vec<Entry>, StoreError> {
        let files = self.catalog.read().clone();
        let mut all = Vec::new();
        for file in &files {
            let entries = self.ask(file, |reader| {
                let sql = format!(
                    "{RUNS} {SELECT_BY_RUN} WHERE seq >> 16 = run.at AND decision = ?1
                     ORDER BY seq LIMIT ?2"
                );
                let mut statement = reader.prepare_cached(&sql)?;
                let rows = statement
                    .query_map(params![decision.0, file::limit(PAGE_ROWS_MAX)], entry_of)?;
                rows.collect::<rusqlite::Result<Vec<_>>>()
            })?;
            for entry in entries {
                all.push(entry.ok_or(StoreError::Malformed { what: "ledger entry" })?);
            }
        }
        Ok(all)
    }

    pub(super) fn faxes(&self, query: &FaxQuery) -> Result<Vec<FaxRow>, StoreError> {
        let end = FaxKey { time: query.to, seq: 0 };
        let end = query.before.map_or(end, |before| before.min(end));
        let limit = query.limit.min(PAGE_ROWS_MAX);
        let (column, subject) = match query.subject {
            FaxSubject::Did(did) => ("did", did),
            FaxSubject::Member(member) => ("member", member),
        };
        let sql = format!(
            "{RUNS} SELECT time, seq, decision, did, caller, member, action FROM run CROSS JOIN entry
             WHERE seq >> 16 = run.at AND {column} = ?1 AND time >= ?2 AND (time, seq) < (?3, ?4)
               AND (?5 = -1 OR (action < 64 AND (?5 >> action) & 1))
             ORDER BY time DESC, seq DESC LIMIT ?6"
        );
        let files = self.catalog.read().clone();
        let mut all = Vec::new();
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
            all.extend(self.ask(file, |reader| {
                let mut statement = reader.prepare_cached(&sql)?;
                let rows = statement.query_map(
                    params![
                        subject.0,
                        query.from.as_micros(),
                        end.time.as_micros(),
                        end.seq.cast_signed(),
                        query.actions.bits(),
                        file::limit(limit)
                    ],
                    fax_of,
                )?;
                rows.collect::<rusqlite::Result<Vec<_>>>()
            })?);
        }
        all.sort_unstable_by_key(|row: &FaxRow| std::cmp::Reverse(row.key));
        all.truncate(limit);
        Ok(all)
    }
}

const SELECT: &str = "
    SELECT time, seq, decision, did, caller, member, action, kind, body, writes FROM entry";
const SELECT_BY_RUN: &str = "
    SELECT time, seq, decision, did, caller, member, action, kind, body, writes
    FROM run CROSS JOIN entry";
/// The runs of seqs that the indexes of a day are cut into.
const RUNS: &str = "
    WITH RECURSIVE run (at, last) AS (
        SELECT (SELECT min(seq) FROM entry) >> 16, (SELECT max(seq) FROM entry) >> 16
        UNION ALL SELECT at + 1, last FROM run WHERE at < last)";

fn fax_of(row: &Row<'_>) -> rusqlite::Result<FaxRow> {
    Ok(FaxRow {
        key: FaxKey {
            time: Timestamp::from_micros(row.get(0)?),
            seq: row.get::<_, i64>(1)?.cast_unsigned(),
        },
        decision: row.get::<_, Option<[u8; 16]>>(2)?.map(DecisionId),
        index: FaxIndex {
            did: Pseudonym(row.get(3)?),
            caller: row.get::<_, Option<[u8; 16]>>(4)?.map(Pseudonym),
            member: row.get::<_, Option<[u8; 16]>>(5)?.map(Pseudonym),
            action: row.get(6)?,
        },
    })
}

/// The entry of a row; `None` where it does not decode.
fn entry_of(row: &Row<'_>) -> rusqlite::Result<Option<Entry>> {
    let has_fax = row.get_ref(3)?.as_bytes_or_null().is_ok_and(|did| did.is_some());
    let writes = row.get_ref(9)?.as_bytes_or_null()?.unwrap_or_default();
    let (Some(kind), Some(writes)) = (EntryKind::from_code(row.get(7)?), decode_writes(writes))
    else {
        return Ok(None);
    };
    Ok(Some(Entry {
        seq: row.get::<_, i64>(1)?.cast_unsigned(),
        time: Timestamp::from_micros(row.get(0)?),
        kind,
        decision: row.get::<_, Option<[u8; 16]>>(2)?.map(DecisionId),
        fax: if has_fax { Some(fax_of(row)?.index) } else { None },
        body: row.get(8)?,
        writes,
    }))
}
