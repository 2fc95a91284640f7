//! The tables on disk: one file, changed only after the ledger, always to be rebuilt from it.
//!
//! Writes of the bulk tables are deferred, all others are applied at once. So there are two marks: up to the batch `batch`
//! every write of the ledger is in the tables, up to the batch `at_once` those that are not deferred. Rows that were
//! loaded past the ledger have no batch, and none of an older one may come over them: what is not deferred is not applied
//! twice, and before a bulk row is loaded all that is deferred is applied.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::OpenFault;
use super::deferred::{Change, Deferred};
use super::file::{self, Kind, Opened};
use super::ledger::{Damage, Ledger};
use crate::store::{CommitFault, TableId, TableRow, TableWrite};
use crate::time::Timestamp;

/// The state file's name.
pub(super) const STATE_FILE: &str = "state.sqlite";
/// Most expired rows removed in one transaction, so that commits wait little.
const PURGE_ROWS: u32 = 2_000;

const KIND: Kind = Kind {
    version: 1,
    schema: &["
        CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE catalog (code INTEGER PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL);
        CREATE TABLE cell (
            tab INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, expires INTEGER,
            subject_key INTEGER, PRIMARY KEY (tab, key)) WITHOUT ROWID;
        CREATE INDEX cell_expires ON cell (expires) WHERE expires IS NOT NULL;"],
    // Not synced a commit: what is lost with the power is applied again from the ledger. Removed rows are
    // overwritten, since a purge promises more than an unlinked page.
    settings: "
        PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;
        PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8192;
        PRAGMA journal_size_limit = 67108864;",
};

const PUT: &str = "
    INSERT INTO cell (tab, key, value, expires, subject_key) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (tab, key) DO UPDATE SET
        value = excluded.value, expires = excluded.expires, subject_key = excluded.subject_key";
/// The mark of everything.
const BATCH: &str = "batch";
/// The mark of what is not deferred.
const AT_ONCE: &str = "at_once";
const SEQ: &str = "seq";
const DELETE: &str = "DELETE FROM cell WHERE tab = ?1 AND key = ?2";
const MARK: &str = "
    INSERT INTO mark VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)";

/// How sure a commit of the tables must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sync {
    /// The ledger has it: it can be applied again.
    Replayable,
    /// Nothing else has it.
    Now,
    /// Nothing else has it, and rows of bulk tables are among it: none of the writes is deferred. Nothing may be deferred
    /// by then.
    Whole,
}

/// The writing side of the tables.
pub(super) struct State {
    connection: Connection,
    pub(super) path: PathBuf,
    deferred: Deferred,
    /// The mark of everything.
    applied: u64,
}

impl State {
    /// Opens the tables and applies what the ledger has beyond them; a damaged file is set aside and
    /// rebuilt. Says how many files were set aside or sheets left out.
    pub(super) fn open(
        folder: &Path,
        ledger: &mut Ledger,
        now: Timestamp,
    ) -> Result<(Self, u32), OpenFault> {
        let path = folder.join(STATE_FILE);
        for quarantined in 0..2 {
            let opened = match file::open(&path, &KIND)? {
                Opened::Good(connection) if file::is_whole(&connection, &path)? => Some(connection),
                Opened::Good(_) | Opened::Damaged => None,
            };
            let Some(connection) = opened else {
                file::quarantine(&path, now)?;
                continue;
            };
            let (deferred, path_of) = (Deferred::default(), path.clone());
            let mut state = Self { connection, path: path_of, deferred, applied: 0 };
            match state.catch_up(ledger, now) {
                Ok(damage) => {
                    let mut quarantined = quarantined + damage.sheets;
                    for day in damage.days {
                        ledger.set_aside(&day, now)?;
                        quarantined += 1;
                    }
                    return Ok((state, quarantined));
                }
                Err(Behind::Engine(fault)) if file::fault_of(&fault) == CommitFault::Damaged => {
                    drop(state);
                    file::quarantine(&path, now)?;
                }
                Err(Behind::Engine(source)) => return Err(OpenFault::File { path, source }),
                Err(Behind::Table(table, found)) => {
                    return Err(OpenFault::Table { table, found, known: 1 });
                }
            }
        }
        Err(OpenFault::Occupied { path })
    }

    /// Applies what the ledger has beyond the tables, or defers it; says what turns out damaged. Whatever part of it
    /// becomes durable before a crash, it is begun again from the same marks, in the same order.
    fn catch_up(&mut self, ledger: &Ledger, now: Timestamp) -> Result<Damage, Behind> {
        self.connection.set_prepared_statement_cache_capacity(16);
        let transaction = self.connection.transaction()?;
        check_catalog(&transaction)?;
        transaction.commit()?;
        self.applied = mark(&self.connection, BATCH)?;
        self.deferred = Deferred::above(self.applied);
        let at_once = mark(&self.connection, AT_ONCE)?;
        self.connection.execute_batch("BEGIN")?;
        let damaged = ledger.unapplied(self.applied, &mut |batch, writes| {
            self.take_up(writes, batch > at_once, now)
        })?;
        set_mark(&self.connection, AT_ONCE, ledger.last_batch)?;
        set_mark(&self.connection, SEQ, ledger.last_seq)?;
        if self.deferred.is_empty() {
            set_mark(&self.connection, BATCH, ledger.last_batch)?;
            self.applied = self.applied.max(ledger.last_batch);
        }
        self.connection.execute_batch("COMMIT")?;
        self.deferred.hear(ledger.last_batch);
        Ok(damaged)
    }

    /// Takes up the writes of one entry at the start, within a transaction. No mark moves before the last of them: they do
    /// not come in the order of batches.
    fn take_up(
        &mut self,
        writes: &[TableWrite],
        is_new: bool,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        for write in writes {
            match is_bulk(write) {
                true => self.deferred.add(write, now),
                false if is_new => apply(&self.connection, write)?,
                false => {}
            }
        }
        while self.deferred.is_full() {
            put_slice(&self.connection, self.deferred.slice(now))?;
            self.deferred.written();
            self.connection.execute_batch("COMMIT; BEGIN")?;
        }
        Ok(())
    }

    /// The highest seq and batch the tables have heard of.
    pub(super) fn marks(&self) -> rusqlite::Result<(u64, u64)> {
        let batch = mark(&self.connection, BATCH)?.max(mark(&self.connection, AT_ONCE)?);
        Ok((mark(&self.connection, SEQ)?, batch))
    }

    /// Applies writes in the order given, or defers them, and remembers how far.
    pub(super) fn commit(
        &mut self,
        writes: &[&[TableWrite]],
        (seq, batch): (u64, u64),
        sync: Sync,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        assert!(
            sync != Sync::Whole || self.deferred.is_empty(),
            "older rows would come over these"
        );
        let is_deferred = |write: &&TableWrite| sync != Sync::Whole && is_bulk(write);
        let all = || writes.iter().copied().flatten();
        let defers = all().any(|write| is_deferred(&write));
        if sync != Sync::Replayable || all().any(|write| !is_deferred(&write)) {
            let level = if sync == Sync::Replayable { "NORMAL" } else { "FULL" };
            self.connection.pragma_update(None, "synchronous", level)?;
            let transaction = self.connection.transaction()?;
            let mut at_once = all().filter(|write| !is_deferred(write));
            at_once.try_for_each(|write| apply(&transaction, write))?;
            set_mark(&transaction, AT_ONCE, batch)?;
            set_mark(&transaction, SEQ, seq)?;
            let is_all = !defers && self.deferred.is_empty();
            if is_all {
                set_mark(&transaction, BATCH, batch)?;
            }
            transaction.commit()?;
            if is_all {
                self.applied = self.applied.max(batch);
            }
        }
        all().filter(is_deferred).for_each(|write| self.deferred.add(write, now));
        self.deferred.hear(batch);
        Ok(())
    }

    /// The writes that are deferred.
    pub(super) const fn deferred(&self) -> &Deferred {
        &self.deferred
    }

    /// Whether the tables hold everything that the ledger holds up to a batch.
    pub(super) fn holds(&self, batch: u64) -> bool {
        self.deferred.is_empty() || self.applied >= batch
    }

    /// The batch up to which the tables hold everything.
    pub(super) fn applied(&self) -> u64 {
        if self.deferred.is_empty() { u64::MAX } else { self.applied }
    }

    /// Applies a slice of what is deferred. What fails stays deferred.
    pub(super) fn apply_slice(&mut self, now: Timestamp) -> rusqlite::Result<()> {
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        let transaction = self.connection.transaction()?;
        put_slice(&transaction, self.deferred.slice(now))?;
        let mark = self.deferred.mark();
        if let Some(mark) = mark {
            set_mark(&transaction, BATCH, mark)?;
        }
        transaction.commit()?;
        self.applied = self.applied.max(mark.unwrap_or(0));
        self.deferred.written();
        Ok(())
    }

    /// Makes everything applied durable, so that ledger days can go.
    pub(super) fn settle(&self) -> rusqlite::Result<()> {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: i64 = self.connection.query_row(sql, [], |row| row.get("busy"))?;
        // A long read is in the way: another time.
        if busy == 0 { Ok(()) } else { Err(rusqlite::Error::QueryReturnedNoRows) }
    }

    /// Removes some expired rows; says how many. Zero means that none is left.
    pub(super) fn purge(&self, now: Timestamp) -> rusqlite::Result<usize> {
        let sql = "DELETE FROM cell WHERE (tab, key) IN (
            SELECT tab, key FROM cell WHERE expires <= ?1 LIMIT ?2)";
        self.connection.execute(sql, params![now.as_micros(), PURGE_ROWS])
    }
}

enum Behind {
    Engine(rusqlite::Error),
    Table(&'static str, u16),
}

impl From<rusqlite::Error> for Behind {
    fn from(fault: rusqlite::Error) -> Self {
        Self::Engine(fault)
    }
}

fn mark(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    let sql = "SELECT value FROM mark WHERE name = ?1";
    let value = connection.query_row(sql, [name], |row| row.get::<_, i64>(0)).optional()?;
    Ok(value.unwrap_or(0).cast_unsigned())
}

fn set_mark(connection: &Connection, name: &str, value: u64) -> rusqlite::Result<()> {
    connection.prepare_cached(MARK)?.execute(params![name, value.cast_signed()]).map(|_| ())
}

/// Checks that the tables are of the versions known, and names new ones.
fn check_catalog(connection: &Connection) -> Result<(), Behind> {
    for table in TableId::ALL {
        let (name, known) = (table.table().name, table.table().version);
        let sql = "SELECT version FROM catalog WHERE code = ?1";
        let found = connection.query_row(sql, [table.code()], |row| row.get::<_, u16>(0));
        match found.optional()? {
            Some(found) if found != known => return Err(Behind::Table(name, found)),
            Some(_) => {}
            None => {
                let sql = "INSERT INTO catalog VALUES (?1, ?2, ?3)";
                connection.execute(sql, params![table.code(), name, known])?;
            }
        }
    }
    Ok(())
}

/// Whether a write is of a bulk table.
pub(super) const fn is_bulk(write: &TableWrite) -> bool {
    match write {
        TableWrite::Put { table, .. } | TableWrite::Delete { table, .. } => table.is_bulk(),
    }
}

fn apply(connection: &Connection, write: &TableWrite) -> rusqlite::Result<()> {
    match write {
        TableWrite::Put { table, key, value, expires, subject_key } => {
            connection.prepare_cached(PUT)?.execute(params![
                table.code(),
                key,
                value,
                expires.map(Timestamp::as_micros),
                subject_key.map(u64::cast_signed),
            ])?;
        }
        TableWrite::Delete { table, key } => {
            connection.prepare_cached(DELETE)?.execute(params![table.code(), key])?;
        }
    }
    Ok(())
}

fn put_slice(connection: &Connection, slice: &[Change]) -> rusqlite::Result<()> {
    let mut put = connection.prepare_cached(PUT)?;
    let mut delete = connection.prepare_cached(DELETE)?;
    for (place, content) in slice {
        let (table, key) = (place.table().code(), place.key());
        match content {
            Some(content) => put.execute(params![
                table,
                key,
                content.value,
                content.expires.map(Timestamp::as_micros),
                content.subject_key.map(u64::cast_signed),
            ])?,
            None => delete.execute(params![table, key])?,
        };
    }
    Ok(())
}

fn row_of(row: &Row<'_>) -> rusqlite::Result<TableRow> {
    Ok(TableRow {
        key: row.get(0)?,
        value: row.get(1)?,
        expires: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_micros),
        subject_key: row.get::<_, Option<i64>>(3)?.map(i64::cast_unsigned),
    })
}

/// One row, through a reading connection.
pub(super) fn get(
    reader: &Connection,
    table: TableId,
    key: &[u8],
) -> rusqlite::Result<Option<TableRow>> {
    let sql = "SELECT key, value, expires, subject_key FROM cell WHERE tab = ?1 AND key = ?2";
    reader.prepare_cached(sql)?.query_row(params![table.code(), key], row_of).optional()
}

/// Rows whose keys begin so and lie after a key, through a reading connection.
pub(super) fn range(
    reader: &Connection,
    table: TableId,
    (prefix, after, limit): (&[u8], Option<&[u8]>, usize),
) -> rusqlite::Result<Vec<TableRow>> {
    // A prefix is before all that begins with it; only a key that was given is left out itself.
    let (from, first) = match after {
        Some(after) if after >= prefix => ("key > ?2", after),
        _ => ("key >= ?2", prefix),
    };
    let end = end_of(prefix);
    let to = if end.is_some() { " AND key < ?4" } else { "" };
    let sql = format!(
        "SELECT key, value, expires, subject_key FROM cell WHERE tab = ?1 AND {from}{to} ORDER BY key LIMIT ?3"
    );
    let mut statement = reader.prepare_cached(&sql)?;
    let (code, limit) = (table.code(), file::limit(limit));
    let rows = match end {
        Some(end) => statement.query_map(params![code, first, limit, end], row_of)?,
        None => statement.query_map(params![code, first, limit], row_of)?,
    };
    rows.collect()
}

/// The first key after all that begin so; `None` where there is none.
fn end_of(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}
