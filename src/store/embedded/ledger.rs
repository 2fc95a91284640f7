//! The ledger on disk: one file a UTC day, each holding one range of seqs.
//!
//! A new file begins with the first entry of a later day, provided its seq is above every seq written so far;
//! a straggler goes to the file whose range holds its seq. Where the clock was set back by more than a day,
//! entries go to the current file until a thousand in a row say so: a clock that flutters must not make a
//! file an entry. So files in the order of their floors hold entries in the order of their seqs, whatever
//! the clock did.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use rusqlite::{Connection, OptionalExtension, params};

use super::OpenFault;
use super::file::{self, Kind, Opened};
use super::index::{self, Marks, SharedTail, Tail};
use super::sheet::{self, run_of};
use super::written::Written;
use crate::store::CommitFault;
use crate::store::entry::{Entry, TableWrite};
use crate::time::Timestamp;

const KIND: Kind = Kind {
    // 1 had a row an entry.
    version: 2,
    schema: &[
        "CREATE TABLE day (day INTEGER NOT NULL, floor INTEGER NOT NULL);",
        sheet::SCHEMA,
        index::SCHEMA,
    ],
    // A sheet is a page and a bit. In pages of 4 KiB it is five, each written to the log, read from it and written again by calls
    // of its own, which was most of what the committer did while stages were streamed. A file that was begun with those keeps them.
    settings: "
        PRAGMA page_size = 16384;
        PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
        PRAGMA wal_autocheckpoint = 2048; PRAGMA journal_size_limit = 67108864;",
};

/// Entries in a row after which a clock that was set back is believed.
const TURN_BACK_ENTRIES: usize = 1_000;

/// One file of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DayFile {
    pub(super) day: i64,
    pub(super) floor: u64,
    pub(super) path: PathBuf,
}

/// What a reading found damaged.
#[derive(Debug, Default)]
pub(super) struct Damage {
    /// Whole files: they should be set aside.
    pub(super) days: Vec<PathBuf>,
    /// Sheets, which a reader leaves out.
    pub(super) sheets: u32,
}

/// The files in the order of their floors, shared with the readers.
pub(super) type Catalog = Arc<RwLock<Vec<DayFile>>>;

/// The writing side of the ledger.
pub(super) struct Ledger {
    folder: PathBuf,
    pub(super) catalog: Catalog,
    pub(super) tail: SharedTail,
    /// The connections of the current file and of the one stragglers go to.
    open: Vec<(PathBuf, Connection)>,
    written: Written,
    pub(super) last_seq: u64,
    pub(super) last_batch: u64,
    /// Entries in a row that were older than the current file by more than a day.
    behind: usize,
}

fn file_name(day: i64, floor: u64) -> String {
    let (year, month, of_month) = civil(day);
    format!("ledger-{year:04}-{month:02}-{of_month:02}-{floor}.sqlite")
}

/// Year, month and day of a number of days since 1970-01-01 (Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`).
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_month)
}

impl Ledger {
    /// Finds the files of a folder; damaged ones are set aside and counted.
    pub(super) fn open(folder: &Path, now: Timestamp) -> Result<(Self, u32), OpenFault> {
        let list = |source| OpenFault::Folder { path: folder.to_owned(), source };
        let mut files = Vec::new();
        let mut quarantined = 0;
        for found in folder.read_dir().map_err(list)? {
            let path = found.map_err(list)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !name.starts_with("ledger-") || !name.ends_with(".sqlite") {
                continue;
            }
            match examine(&path)? {
                Found::Day(file, seq, batch) => files.push((file, seq, batch)),
                // Begun when the store died: nothing was ever in it.
                Found::Unfinished => file::remove(&path).map_err(list)?,
                Found::Damaged => {
                    file::quarantine(&path, now)?;
                    quarantined += 1;
                }
            }
        }
        files.sort_by_key(|(file, ..)| file.floor);
        // The newest is written on: damage inside it must show now. Older ones show it when they are read.
        if let Some((newest, ..)) = files.last()
            && !is_whole(&newest.path)?
        {
            file::quarantine(&newest.path, now)?;
            files.pop();
            quarantined += 1;
        }
        let last_seq = files.iter().map(|(_, seq, _)| *seq).max().unwrap_or(0);
        let last_batch = files.iter().map(|(.., batch)| *batch).max().unwrap_or(0);
        let catalog = files.into_iter().map(|(file, ..)| file).collect();
        let catalog = Arc::new(RwLock::new(catalog));
        let (folder, tail) = (folder.to_owned(), SharedTail::default());
        let (open, written) = (Vec::new(), Written::default());
        let mut ledger =
            Self { folder, catalog, tail, open, written, last_seq, last_batch, behind: 0 };
        quarantined += ledger.index(now)?;
        Ok((ledger, quarantined))
    }

    /// Finds the runs that the last process left without leaves: that of the newest file is the tail again, another is
    /// settled. Says how many files turned out damaged and were set aside, and how many sheets were left out.
    fn index(&mut self, now: Timestamp) -> Result<u32, OpenFault> {
        let files = self.catalog.read().clone();
        let mut quarantined = 0;
        for file in &files {
            let is_newest = files.last() == Some(file);
            let connection = self.connection(&file.path)?;
            match unsettled(connection) {
                Ok(None) => {}
                Ok(Some((marks, damaged))) => {
                    quarantined += damaged;
                    if is_newest {
                        *self.tail.write() = Some(Tail::new(file.floor, marks));
                    } else {
                        settle(connection, &marks).map_err(|source| OpenFault::File {
                            path: file.path.clone(),
                            source,
                        })?;
                    }
                }
                Err(fault) if file::fault_of(&fault) == CommitFault::Damaged => {
                    self.set_aside(&file.path, now)?;
                    quarantined += 1;
                }
                Err(source) => return Err(OpenFault::File { path: file.path.clone(), source }),
            }
        }
        Ok(quarantined)
    }

    /// The file an entry belongs to; begins a new one where the day has changed.
    fn place(&mut self, entry: &Entry) -> Result<DayFile, OpenFault> {
        let day = entry.time.day();
        let (current, holder) = {
            let files = self.catalog.read();
            let holder = files.iter().rev().find(|file| file.floor <= entry.seq);
            (files.last().cloned(), holder.or(files.first()).cloned())
        };
        let turned = current.is_none_or(|current| self.turned(&current, entry));
        match holder {
            Some(holder) if !turned || entry.seq <= self.last_seq => Ok(holder),
            _ => self.begin(day, entry.seq),
        }
    }

    /// Whether an entry asks for a new file after the current one.
    fn turned(&self, current: &DayFile, entry: &Entry) -> bool {
        let day = entry.time.day();
        day > current.day || (self.behind >= TURN_BACK_ENTRIES && day < current.day - 1)
    }

    fn count_behind(&mut self, entries: &[&Entry]) {
        let current = self.catalog.read().last().map_or(i64::MIN, |file| file.day);
        let all = entries.iter().all(|entry| entry.time.day().saturating_add(1) < current);
        self.behind = if all { self.behind.saturating_add(entries.len()) } else { 0 };
    }

    fn begin(&mut self, day: i64, floor: u64) -> Result<DayFile, OpenFault> {
        self.settle_tail()?;
        let path = self.folder.join(file_name(day, floor));
        let fault = |source| OpenFault::File { path: path.clone(), source };
        let connection = match file::open(&path, &KIND)? {
            Opened::Good(connection) => connection,
            Opened::Damaged => return Err(OpenFault::Occupied { path }),
        };
        connection
            .execute("INSERT INTO day VALUES (?1, ?2)", params![day, floor.cast_signed()])
            .map_err(fault)?;
        self.keep(path.clone(), connection);
        let file = DayFile { day, floor, path };
        self.catalog.write().push(file.clone());
        self.behind = 0;
        Ok(file)
    }

    /// Stores the leaves of the tail: its file gets a successor.
    fn settle_tail(&mut self) -> Result<(), OpenFault> {
        let tail = Arc::clone(&self.tail);
        let current = self.catalog.read().last().cloned();
        if let (Some(file), Some(tail)) = (current, tail.read().as_ref()) {
            let connection = self.connection(&file.path)?;
            settle(connection, tail.marks())
                .map_err(|source| OpenFault::File { path: file.path, source })?;
        }
        *tail.write() = None;
        Ok(())
    }

    fn keep(&mut self, path: PathBuf, connection: Connection) {
        connection.set_prepared_statement_cache_capacity(8);
        self.open.truncate(1);
        self.open.insert(0, (path, connection));
    }

    fn connection(&mut self, path: &Path) -> Result<&mut Connection, OpenFault> {
        if !self.open.iter().any(|(open, _)| open == path) {
            match file::open(path, &KIND)? {
                Opened::Good(connection) => self.keep(path.to_owned(), connection),
                Opened::Damaged => return Err(OpenFault::Occupied { path: path.to_owned() }),
            }
        }
        let found = self.open.iter_mut().find(|(open, _)| open == path);
        let found = found.map(|(_, connection)| connection);
        found.ok_or_else(|| OpenFault::Occupied { path: path.to_owned() })
    }

    /// Commits entries, sorted by seq, to their files. What a fault left out can be given again: an entry
    /// that is there already is left as it is.
    pub(super) fn commit(
        &mut self,
        entries: &[&Entry],
        pages_max: Option<u32>,
    ) -> Result<(), (PathBuf, CommitFault)> {
        self.count_behind(entries);
        let mut rest = entries;
        while let [first, ..] = rest {
            let file = self.place(first).map_err(broken)?;
            let count = rest.iter().take_while(|entry| self.stays(&file, entry)).count();
            let (now, later) = rest.split_at(count.max(1));
            self.write(&file, now, pages_max)?;
            let last = now.last().map_or(0, |entry| entry.seq);
            self.last_seq = self.last_seq.max(last);
            rest = later;
        }
        Ok(())
    }

    /// Commits entries to one file.
    fn write(
        &mut self,
        file: &DayFile,
        entries: &[&Entry],
        pages_max: Option<u32>,
    ) -> Result<(), (PathBuf, CommitFault)> {
        let batch = self.last_batch + 1;
        let (last_seq, tail) = (self.last_seq, Arc::clone(&self.tail));
        let is_current = self.catalog.read().last() == Some(file);
        let connection = self.connection(&file.path).map_err(broken)?;
        let fault = |fault| (file.path.clone(), file::fault_of(&fault));
        // SQLite's own bound where there is none of ours, so that a bound can be lifted.
        let pages_max = pages_max.unwrap_or(u32::MAX - 1);
        connection.pragma_update(None, "max_page_count", pages_max).map_err(fault)?;
        let kept = {
            let tail = tail.read();
            let tail = tail.as_ref().filter(|tail| tail.is_of(file.floor));
            let new = new_of(connection, entries, last_seq, tail).map_err(fault)?;
            write(connection, &new, batch, tail, is_current).map_err(fault)?
        };
        if let Some(marks) = kept {
            let mut tail = tail.write();
            match tail.as_mut().filter(|tail| tail.marks().run == marks.run) {
                Some(tail) => tail.extend(marks),
                None => *tail = Some(Tail::new(file.floor, marks)),
            }
        }
        self.last_batch = batch;
        self.written.count(&file.path, entries.iter().map(|entry| entry.body.len()).sum());
        Ok(())
    }

    /// Whether an entry that follows in seq goes to the same file.
    fn stays(&self, file: &DayFile, entry: &Entry) -> bool {
        let files = self.catalog.read();
        let is_current = files.last() == Some(file);
        if is_current {
            return !self.turned(file, entry) || entry.seq <= self.last_seq;
        }
        let next = files.iter().find(|other| other.floor > file.floor);
        next.is_none_or(|next| entry.seq < next.floor)
    }

    /// Hands out the table writes of every batch above `applied` with their batch, in the order in which they came. Says
    /// what turns out damaged on the way; what it still gave was handed out.
    pub(super) fn unapplied(
        &self,
        applied: u64,
        apply: &mut dyn FnMut(u64, &[TableWrite]) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<Damage> {
        let files = self.catalog.read().clone();
        let mut damage = Damage::default();
        for file in files {
            let mut applying = Ok(());
            let read = read_writes(&file.path, applied, &mut |batch, writes| {
                applying = apply(batch, writes);
                applying.is_ok()
            });
            applying?;
            match read {
                Err(fault) if file::fault_of(&fault) == CommitFault::Damaged => {
                    damage.days.push(file.path);
                }
                read => damage.sheets += read?,
            }
        }
        Ok(damage)
    }

    /// Forgets a damaged file and sets it aside.
    pub(super) fn set_aside(&mut self, path: &Path, now: Timestamp) -> Result<(), OpenFault> {
        self.forget(path);
        file::quarantine(path, now)
    }

    fn forget(&mut self, path: &Path) {
        self.open.retain(|(open, _)| open != path);
        self.written.forget(path);
        let mut files = self.catalog.write();
        if files.last().is_some_and(|file| file.path == path) {
            *self.tail.write() = None;
        }
        files.retain(|file| file.path != path);
    }

    /// Removes the files whose term has ended; says how many. A file counts as no younger than those after
    /// it and than today, so that a day from a clock that ran ahead ends too. One that alone has table writes of batches
    /// above `applied` stays until the next purge.
    pub(super) fn purge(
        &mut self,
        now: Timestamp,
        applied: u64,
        ended: &dyn Fn(i64) -> bool,
    ) -> u64 {
        let files = self.catalog.read().clone();
        let mut day = now.day();
        let mut gone = 0;
        for file in files.iter().rev() {
            day = day.min(file.day);
            // What cannot be read has nothing to tell the tables, and is not kept for it.
            let mut last = || self.connection(&file.path).ok().map(|day| sheet::last_batch(day));
            if !ended(day) || last().is_some_and(|last| last.is_ok_and(|last| last > applied)) {
                continue;
            }
            self.forget(&file.path);
            if file::remove(&file.path).is_ok() {
                gone += 1;
            }
        }
        gone
    }
}

fn broken(fault: OpenFault) -> (PathBuf, CommitFault) {
    match fault {
        OpenFault::File { path, source } => (path, file::fault_of(&source)),
        OpenFault::Occupied { path } => (path, CommitFault::Damaged),
        OpenFault::Folder { path, .. }
        | OpenFault::Locked { path }
        | OpenFault::Version { path, .. }
        | OpenFault::Aside { path, .. } => (path, CommitFault::Io),
        OpenFault::Table { .. } | OpenFault::Thread(_) => (PathBuf::new(), CommitFault::Io),
    }
}

/// Hands out one day's table writes of the batches above `applied` until `each` says no; says how many damaged sheets were
/// left out.
fn read_writes(
    path: &Path,
    applied: u64,
    each: &mut dyn FnMut(u64, &[TableWrite]) -> bool,
) -> rusqlite::Result<u32> {
    let reader = file::open_reader(path)?;
    let mut damaged = 0;
    for (id, batch) in sheet::unapplied(&reader, applied)? {
        let Some(entries) = sheet::read(&reader, id)? else {
            damaged += 1;
            continue;
        };
        let mut writes = entries.iter().map(|entry| entry.writes.as_slice());
        if !writes.all(|writes| writes.is_empty() || each(batch, writes)) {
            break;
        }
    }
    Ok(damaged)
}

/// What a file turns out to be.
enum Found {
    /// A day, its last seq and its last batch.
    Day(DayFile, u64, u64),
    Unfinished,
    Damaged,
}

fn examine(path: &Path) -> Result<Found, OpenFault> {
    let Opened::Good(connection) = file::open(path, &KIND)? else { return Ok(Found::Damaged) };
    let read = || -> rusqlite::Result<_> {
        let day = connection.query_row("SELECT day, floor FROM day", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        });
        let seq = sheet::last(&connection)?.map_or(0, |(_, seq)| seq);
        let batch = sheet::last_batch(&connection)?;
        Ok(day.optional()?.map(|(day, floor)| (day, floor, seq, batch)))
    };
    match read() {
        Ok(Some((day, floor, seq, batch))) => {
            let file = DayFile { day, floor: floor.cast_unsigned(), path: path.to_owned() };
            Ok(Found::Day(file, seq, batch))
        }
        Ok(None) => Ok(Found::Unfinished),
        Err(fault) if file::fault_of(&fault) == CommitFault::Damaged => Ok(Found::Damaged),
        Err(source) => Err(OpenFault::File { path: path.to_owned(), source }),
    }
}

fn is_whole(path: &Path) -> Result<bool, OpenFault> {
    let Opened::Good(connection) = file::open(path, &KIND)? else { return Ok(false) };
    file::is_whole(&connection, path)
}

/// The marks of a file's last run where it has no leaves, and how many sheets of it are damaged.
fn unsettled(connection: &Connection) -> rusqlite::Result<Option<(Marks, u32)>> {
    match sheet::last(connection)? {
        Some((run, _)) if !index::is_settled(connection, run)? => {
            Marks::read(connection, run).map(Some)
        }
        _ => Ok(None),
    }
}

fn settle(connection: &mut Connection, marks: &Marks) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    marks.settle(&transaction)?;
    transaction.commit()
}

/// Those of the entries that the file does not hold. Only a straggler or what a fault left behind needs to be looked for.
fn new_of<'a>(
    connection: &Connection,
    entries: &[&'a Entry],
    last_seq: u64,
    tail: Option<&Tail>,
) -> rusqlite::Result<Vec<&'a Entry>> {
    let mut looked: Option<Tail> = None;
    let mut new = Vec::with_capacity(entries.len());
    for entry in entries {
        let run = run_of(entry.seq);
        let holds = if entry.seq > last_seq {
            false
        } else if let Some(tail) = tail.filter(|tail| tail.marks().run == run) {
            tail.holds(entry.seq)
        } else {
            if looked.as_ref().is_none_or(|looked| looked.marks().run != run) {
                let (marks, _) = Marks::read(connection, run)?;
                looked = Some(Tail::new(0, marks));
            }
            looked.as_ref().is_some_and(|looked| looked.holds(entry.seq))
        };
        if !holds {
            new.push(*entry);
        }
    }
    Ok(new)
}

/// Writes entries, sorted by seq, in one transaction. Gives the marks of the run that goes on, where one does; those of
/// all others are settled.
fn write(
    connection: &mut Connection,
    entries: &[&Entry],
    batch: u64,
    tail: Option<&Tail>,
    is_current: bool,
) -> rusqlite::Result<Option<Marks>> {
    let transaction = connection.transaction()?;
    let (mut written, mut body) = (Vec::new(), Vec::new());
    for entries in entries.chunk_by(|one, next| run_of(one.seq) == run_of(next.seq)) {
        let Some(run) = entries.first().map(|entry| run_of(entry.seq)) else { continue };
        let goes_on = tail.map(Tail::marks).filter(|marks| marks.run == run);
        let parts = match goes_on {
            Some(marks) => marks.parts,
            None => sheet::parts(&transaction, run)?,
        };
        let mut marks = Marks::new(run, parts);
        let mut rest = entries;
        while !rest.is_empty() {
            let packed = sheet::pack(rest, &mut body);
            let id = marks.number(packed.iter().copied());
            sheet::insert(&transaction, id, packed, &body, batch)?;
            rest = &rest[packed.len()..];
        }
        written.push(marks);
    }
    let last =
        written.pop_if(|last| is_current && tail.is_none_or(|tail| tail.marks().run <= last.run));
    let passed = tail.filter(|tail| last.as_ref().is_some_and(|last| last.run > tail.marks().run));
    for marks in written.iter().chain(passed.map(Tail::marks)) {
        marks.settle(&transaction)?;
    }
    transaction.commit()?;
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_the_names_people_expect() {
        for (day, name) in [
            (0, "ledger-1970-01-01-7.sqlite"),
            (-1, "ledger-1969-12-31-7.sqlite"),
            (19_782, "ledger-2024-02-29-7.sqlite"),
            (20_410, "ledger-2025-11-18-7.sqlite"),
        ] {
            assert_eq!(file_name(day, 7), name);
        }
        let _ = file_name(Timestamp::from_micros(i64::MAX).day(), u64::MAX);
        let _ = file_name(Timestamp::from_micros(i64::MIN).day(), u64::MAX);
    }
}
