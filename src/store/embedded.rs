//! The store of one node: SQLite files in one folder, one thread that commits in groups, nothing else to run.
//!
//! `ledger-YYYY-MM-DD-SEQ.sqlite` a day (or more than one, when the clock was set), `state.sqlite` for the
//! tables, `NAME.snapshot` with the one before it, and `lock`. A damaged file is set aside as
//! `….corrupt-TIME` and shows in the health; the service starts without it.

mod backfill;
mod committer;
mod deferred;
pub mod fault;
mod file;
mod index;
mod ledger;
mod query;
mod queue;
mod sheet;
mod state;
mod written;

use std::fs::{File, rename};
use std::io::{self, BufWriter};
use std::ops::ControlFlow;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use thiserror::Error;

use super::entry::check_writes;
use super::{
    CommitFault, Condition, Entry, FaxQuery, FaxRow, PurgeReport, Refused, RetentionTerms,
    SnapshotFault, SnapshotReader, SnapshotWriter, Store, StoreError, StoreHealth, TableId,
    TableRow, TableView, TableWrite, Ticket,
};
use crate::fax::id::DecisionId;
use crate::time::{Clock, Span, Timestamp};
use backfill::Backfill;
use committer::Committer;
use fault::{FaultPlan, Injected, NoFaults, Step};
use index::SharedTail;
use ledger::{Catalog, Ledger};
use query::{Days, FileView, Readers, unread};
use queue::{Queue, Work};
use state::State;

/// How long a snapshot that takes its time rests after each chunk of 64 KiB: a call that wants the processor waits no longer
/// than for a chunk. By estimate a chunk takes a tenth of that, and a gigabyte some 20 s instead of 2.
const REST: Duration = Duration::from_millis(1);

/// Why a folder could not be opened as a store.
#[derive(Debug, Error)]
pub enum OpenFault {
    /// The folder could not be made or read.
    #[error("store folder `{}` could not be opened", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's fault.
        source: io::Error,
    },
    /// Another process has the folder.
    #[error("store folder `{}` is in use (stop the other process)", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be opened or made.
    #[error("store file `{}` could not be opened", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The engine's fault.
        source: rusqlite::Error,
    },
    /// A new file was to be made where a damaged one is.
    #[error("store file `{}` is damaged and in the way (move it elsewhere)", path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
    },
    /// A file of another schema.
    #[error(
        "store file `{}` has schema version {found} (this program knows {known}: run the version that wrote it, and export there)",
        path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: i32,
        /// The version known.
        known: i32,
    },
    /// A table of another version.
    #[error(
        "store table `{table}` has version {found} (this program knows {known}: run the version that wrote it, and export there)"
    )]
    Table {
        /// Name of the table.
        table: &'static str,
        /// The version found.
        found: u16,
        /// The version known.
        known: u16,
    },
    /// A damaged file could not be set aside.
    #[error("store file `{}` is damaged and could not be set aside", path.display())]
    Aside {
        /// The file.
        path: PathBuf,
        /// The system's fault.
        source: io::Error,
    },
    /// The system gave no thread.
    #[error("store could not start its committer")]
    Thread(#[source] io::Error),
}

/// How a store is opened.
pub struct Options {
    /// The folder; made where it is missing.
    pub folder: PathBuf,
    /// Names the time of quarantines and health, and measures commits.
    pub clock: Arc<dyn Clock>,
    /// What goes wrong on purpose: [`NoFaults`] but in tests.
    pub faults: Arc<dyn FaultPlan>,
    /// Most pages of 4 KiB of one ledger day, or `None` for no bound but the disk. At the bound the store
    /// answers as on a full disk.
    pub day_pages_max: Option<u32>,
}

impl Options {
    /// The options of a real store.
    #[must_use]
    pub fn new(folder: &Path, clock: Arc<dyn Clock>) -> Self {
        Self { folder: folder.to_owned(), clock, faults: Arc::new(NoFaults), day_pages_max: None }
    }
}

/// What the callers and the committer share.
struct Shared {
    queue: Queue,
    backfill: Backfill,
    seq: AtomicU64,
    /// Whether bulk tables miss something that the ledger holds.
    deferred: AtomicBool,
    /// Whether all tables miss something that was answered, since they could not be written.
    owes: AtomicBool,
    clock: Arc<dyn Clock>,
    faults: Arc<dyn FaultPlan>,
    /// Zero for no bound.
    day_pages_max: AtomicU32,
    readers: Readers,
    health: Mutex<Health>,
}

struct Health {
    condition: Condition,
    since: Timestamp,
    latency: Span,
    quarantined: u32,
}

impl Shared {
    fn last_seq(&self) -> u64 {
        self.seq.load(Ordering::Acquire)
    }

    fn pages_max(&self) -> Option<u32> {
        Some(self.day_pages_max.load(Ordering::Relaxed)).filter(|pages| *pages > 0)
    }

    fn set_health(&self, condition: Condition, latency: Option<Span>) {
        let mut health = self.health.lock();
        if health.condition != condition {
            health.condition = condition;
            health.since = self.clock.now();
        }
        health.latency = latency.unwrap_or(health.latency);
    }

    fn count_quarantined(&self) {
        self.health.lock().quarantined += 1;
    }
}

/// The store of one node.
pub struct EmbeddedStore {
    shared: Arc<Shared>,
    catalog: Catalog,
    tail: SharedTail,
    folder: PathBuf,
    /// The committer, and who puts what it wrote where it belongs.
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// One snapshot at a time.
    snapshots: Mutex<()>,
    /// Held for the life of the store; the system lets it go with the process.
    _lock: File,
}

impl EmbeddedStore {
    /// Opens a folder: locks it, sets damaged files aside, applies what the tables miss, starts the committer.
    ///
    /// # Errors
    /// [`OpenFault`].
    pub fn open(options: Options) -> Result<Self, OpenFault> {
        let Options { folder, clock, faults, day_pages_max } = options;
        let lock = lock(&folder)?;
        let now = clock.now();
        let (mut ledger, damaged_days) = Ledger::open(&folder, now)?;
        let (state, damaged_state) = State::open(&folder, &mut ledger, now)?;
        let marks = state.marks();
        let (seq, batch) = marks
            .map_err(|source| OpenFault::File { path: folder.join(state::STATE_FILE), source })?;
        // Seqs and batches of files that were set aside or purged are not given again.
        ledger.last_batch = ledger.last_batch.max(batch);
        let health = Health {
            condition: Condition::Working,
            since: now,
            latency: Span::default(),
            quarantined: damaged_days + damaged_state,
        };
        let shared = Arc::new(Shared {
            queue: Queue::default(),
            backfill: Backfill::default(),
            seq: AtomicU64::new(ledger.last_seq.max(seq)),
            deferred: AtomicBool::new(!state.deferred().is_empty()),
            owes: AtomicBool::new(false),
            clock,
            faults,
            day_pages_max: AtomicU32::new(day_pages_max.unwrap_or(0)),
            readers: Readers::default(),
            health: Mutex::new(health),
        });
        let (catalog, tail) = (Arc::clone(&ledger.catalog), Arc::clone(&ledger.tail));
        let committer = Committer::new(Arc::clone(&shared), folder.clone(), ledger, state);
        let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let (writing, tables) = (Arc::clone(&shared), folder.join(state::STATE_FILE));
        let backfill = move || writing.backfill.run(&tables);
        let backfill = named("store-backfill").spawn(backfill).map_err(OpenFault::Thread)?;
        let committer = named("store-committer").spawn(move || committer.run());
        let committer = committer.map_err(OpenFault::Thread)?;
        let threads = Mutex::new(vec![backfill, committer]);
        let snapshots = Mutex::new(());
        Ok(Self { shared, catalog, tail, folder, threads, snapshots, _lock: lock })
    }

    /// Sets the bound of a ledger day anew, from the next commit on.
    pub fn set_day_pages_max(&self, pages: Option<u32>) {
        self.shared.day_pages_max.store(pages.unwrap_or(0), Ordering::Relaxed);
    }

    fn take(&self, entry: Entry, wanted: Wanted) -> Result<Option<Ticket>, Refused> {
        let bytes = entry.check()?;
        if entry.seq > self.shared.last_seq() {
            // Not from `next_seq`: an import.
            self.shared.seq.fetch_max(entry.seq, Ordering::AcqRel);
        }
        let (answer, ticket) = match wanted {
            Wanted::Nothing => (None, None),
            Wanted::Ticket => {
                let (answer, ticket) = Ticket::pair();
                (Some(answer), Some(ticket))
            }
        };
        self.shared.queue.push(Work::Entry(entry, answer), bytes)?;
        Ok(ticket)
    }

    fn days(&self) -> Days<'_> {
        Days { readers: &self.shared.readers, catalog: &self.catalog, tail: &self.tail }
    }

    /// Waits until the tables hold what was acknowledged, where they miss some of it.
    fn settled(&self, table: TableId) -> Result<(), StoreError> {
        let deferred = table.is_bulk() && self.shared.deferred.load(Ordering::Acquire);
        if deferred { self.settle() } else { self.paid() }
    }

    /// Waits until the tables hold what was acknowledged, where they could not be written.
    fn paid(&self) -> Result<(), StoreError> {
        if self.shared.owes.load(Ordering::Acquire) { self.settle() } else { Ok(()) }
    }

    fn settle(&self) -> Result<(), StoreError> {
        let (answer, ticket) = Ticket::pair();
        self.shared.queue.push(Work::Settle(answer), 0)?;
        Ok(ticket.wait()?)
    }

    fn snapshot_path(&self, name: &str, suffix: &str) -> PathBuf {
        self.folder.join(format!("{name}.snapshot{suffix}"))
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    Nothing,
    Ticket,
}

fn lock(folder: &Path) -> Result<File, OpenFault> {
    let fault = |source| OpenFault::Folder { path: folder.to_owned(), source };
    // Nobody but the service's own user has business here, whatever the umask.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fault)?;
    let lock = File::create(folder.join("lock")).map_err(fault)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(OpenFault::Locked { path: folder.to_owned() })
        }
        Err(std::fs::TryLockError::Error(source)) => Err(fault(source)),
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.close();
    }
}

/// The tables as they were.
struct View<'a> {
    store: &'a EmbeddedStore,
    view: FileView<'a>,
}

impl TableView for View<'_> {
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<TableRow>, StoreError> {
        if table.is_bulk() {
            // What is deferred is not in it.
            return self.store.table_get(table, key);
        }
        let row = self.view.ask(|reader| state::get(reader, table, key));
        row.map_err(unread("table row"))
    }

    fn range(
        &self,
        table: TableId,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<TableRow>, StoreError> {
        if table.is_bulk() {
            return self.store.table_range(table, prefix, after, limit);
        }
        let range = (prefix, after, limit.min(super::PAGE_ROWS_MAX));
        let rows = self.view.ask(|reader| state::range(reader, table, range));
        rows.map_err(unread("table rows"))
    }
}

impl super::sealed::Sealed for EmbeddedStore {}

impl Store for EmbeddedStore {
    fn next_seq(&self) -> u64 {
        self.shared.seq.fetch_add(1, Ordering::AcqRel) + 1
    }

    fn last_seq(&self) -> u64 {
        self.shared.last_seq()
    }

    fn queue(&self, entry: Entry) -> Result<(), Refused> {
        self.take(entry, Wanted::Nothing).map(|_| ())
    }

    fn commit(&self, entry: Entry) -> Result<Ticket, Refused> {
        self.take(entry, Wanted::Ticket)?.ok_or(Refused::Closed)
    }

    fn commit_together(&self, entries: Vec<Entry>) -> Result<Ticket, Refused> {
        let mut bytes = 0_usize;
        for entry in &entries {
            bytes = bytes.saturating_add(entry.check()?);
        }
        let (answer, ticket) = Ticket::pair();
        self.shared.queue.push(Work::Together(entries, answer), bytes)?;
        Ok(ticket)
    }

    fn load(&self, writes: Vec<TableWrite>) -> Result<Ticket, Refused> {
        let bytes = check_writes(&writes)?;
        let (answer, ticket) = Ticket::pair();
        self.shared.queue.push(Work::Load(writes, answer), bytes)?;
        Ok(ticket)
    }

    fn flush(&self) -> Result<Ticket, Refused> {
        let (answer, ticket) = Ticket::pair();
        self.shared.queue.push(Work::Flush(answer), 0)?;
        Ok(ticket)
    }

    fn scan(
        &self,
        after_seq: u64,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.days().scan(after_seq, each, &|| self.shared.count_quarantined())
    }

    fn decision(&self, decision: DecisionId) -> Result<Vec<Entry>, StoreError> {
        self.days().decision(decision)
    }

    fn faxes(&self, query: &FaxQuery) -> Result<Vec<FaxRow>, StoreError> {
        self.days().faxes(query)
    }

    fn table_get(&self, table: TableId, key: &[u8]) -> Result<Option<TableRow>, StoreError> {
        self.settled(table)?;
        let path = self.folder.join(state::STATE_FILE);
        let row = self.shared.readers.ask(&path, |reader| state::get(reader, table, key));
        row.map_err(unread("table row"))
    }

    fn table_range(
        &self,
        table: TableId,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<TableRow>, StoreError> {
        self.settled(table)?;
        let path = self.folder.join(state::STATE_FILE);
        let range = (prefix, after, limit.min(super::PAGE_ROWS_MAX));
        let rows = self.shared.readers.ask(&path, |reader| state::range(reader, table, range));
        rows.map_err(unread("table rows"))
    }

    fn tables(&self) -> Result<Box<dyn TableView + '_>, StoreError> {
        self.paid()?;
        let view = self.shared.readers.view(self.folder.join(state::STATE_FILE));
        Ok(Box::new(View { store: self, view: view.map_err(unread("tables"))? }))
    }

    fn snapshot_write(
        &self,
        name: &'static str,
        position: u64,
        fill: &mut dyn FnMut(&mut SnapshotWriter<'_>) -> Result<(), SnapshotFault>,
    ) -> Result<(), StoreError> {
        let _one = self.snapshots.lock();
        let new = self.snapshot_path(name, ".new");
        let file = File::create(&new).map_err(SnapshotFault::Disk)?;
        let mut out = BufWriter::with_capacity(1 << 20, &file);
        let mut writer =
            SnapshotWriter::begin(&mut out, position, Some(|| std::thread::sleep(REST)))?;
        fill(&mut writer)?;
        writer.finish()?;
        drop(out);
        file.sync_all().map_err(SnapshotFault::Disk)?;
        // A snapshot must not know more than the ledger: after a crash, seqs it has seen would be given again.
        self.flush()?.wait()?;
        match self.shared.faults.before(Step::SnapshotRename) {
            Injected::Nothing => {}
            Injected::Fault(fault) => return Err(fault.into()),
            Injected::Crash => return Err(CommitFault::Closed.into()),
        }
        let current = self.snapshot_path(name, "");
        if current.exists() {
            rename(&current, self.snapshot_path(name, ".previous")).map_err(SnapshotFault::Disk)?;
        }
        rename(&new, &current).map_err(SnapshotFault::Disk)?;
        file::sync_folder(&current);
        Ok(())
    }

    fn snapshot_read(&self, name: &'static str) -> Result<Option<SnapshotReader>, StoreError> {
        for suffix in ["", ".previous"] {
            let file = match File::open(self.snapshot_path(name, suffix)) {
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => continue,
                file => file.map_err(SnapshotFault::Disk)?,
            };
            match SnapshotReader::open(file) {
                Ok(reader) => return Ok(Some(reader)),
                Err(_) => self.shared.count_quarantined(),
            }
        }
        Ok(None)
    }

    fn purge(&self, now: Timestamp, terms: &RetentionTerms) -> Result<PurgeReport, StoreError> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        self.shared.queue.push(Work::Purge(now, terms.clone(), sender), 0)?;
        Ok(receiver.recv().map_err(|_| CommitFault::Io)?)
    }

    fn health(&self) -> StoreHealth {
        let (queued, dropped) = self.shared.queue.counts();
        let health = self.shared.health.lock();
        StoreHealth {
            condition: health.condition,
            since: health.since,
            queued,
            dropped,
            commit_latency: health.latency,
            quarantined: health.quarantined,
        }
    }

    fn close(&self) {
        // Before the committer, so that the last to close the tables is who empties their log.
        self.shared.backfill.close();
        self.shared.queue.close();
        for thread in self.threads.lock().drain(..) {
            // A committer that panicked has answered nobody: every ticket says that the store closed.
            let _ = thread.join();
        }
    }
}
