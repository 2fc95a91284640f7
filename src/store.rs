//! Memory that survives: the day ledger, the state tables and the snapshots, behind one trait that is
//! generic of what is stored. Engines encode their own bodies; the store sees bytes, keys and times.
//!
//! The ledger is the truth. Table writes ride inside ledger entries and are applied to the tables after
//! the entry is durable, so that a crash between the two is repaired by applying them again.

pub mod codec;
pub mod embedded;

pub mod entry;
pub mod hot;
pub mod keys;
pub mod memory;
pub mod record;
pub mod snapshot;
pub mod table;
pub mod ticket;
pub mod transfer;

use std::error::Error;
use std::ops::ControlFlow;

use thiserror::Error;

use crate::fax::id::{DecisionId, Pseudonym};
use crate::time::{Span, Timestamp};

pub use entry::{Entry, EntryKind, FaxIndex, TableWrite};
pub use snapshot::{SnapshotFault, SnapshotReader, SnapshotWriter};
pub use table::{RetentionClass, RetentionTerms, TableId};
pub use ticket::{CommitFault, Ticket};

/// Bytes that may wait for the committer, entries and table writes together; a second bound beside
/// [`crate::bounds::LEDGER_QUEUE_ENTRIES`], so that large bodies cannot exhaust the memory.
pub const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Highest seq an entry can have: 950 years of 150,000 a second.
pub const SEQ_MAX: u64 = (1 << 52) - 1;
/// Most rows one table scan or fax query returns.
pub const PAGE_ROWS_MAX: usize = 10_000;
/// Longest key of a table row, in bytes.
pub const TABLE_KEY_BYTES_MAX: usize = 256;
/// Longest value of a table row, in bytes: a policy file and its context.
pub const TABLE_VALUE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Most bytes of the table writes of one entry or one load: one transaction must not hold up the others.
pub const WRITES_BYTES_MAX: usize = 4 * 1024 * 1024;

const _: () = assert!(TABLE_VALUE_BYTES_MAX < WRITES_BYTES_MAX);
const _: () = assert!(WRITES_BYTES_MAX * 4 < QUEUE_BYTES_MAX);

/// Why the store did not take an entry. The verdict path counts it and goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// As much waits as may wait; the entry is counted as dropped.
    #[error("store queue is full (the disk is slow, full or failing: see the store's health)")]
    QueueFull,
    /// A body, a key or a value above its bound.
    #[error("entry part has {bytes} bytes (at most {most})")]
    TooLarge {
        /// Size of the part.
        bytes: usize,
        /// The bound it exceeds.
        most: usize,
    },
    /// A seq that no store has given: only an import can bring one.
    #[error("entry has seq {seq} (at most {SEQ_MAX})")]
    SeqTooHigh {
        /// The seq.
        seq: u64,
    },
    /// The store was closed.
    #[error("store is closed")]
    Closed,
}

/// Why a question to the store has no answer.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The engine below could not read.
    #[error("store could not read {what}")]
    Read {
        /// What was read.
        what: &'static str,
        /// The engine's fault.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A stored record does not decode: damage, or a record of a later version.
    #[error("store holds a {what} that does not decode (run the version that wrote it)")]
    Malformed {
        /// What kind of record.
        what: &'static str,
    },
    /// A snapshot could not be written or read.
    #[error("store could not handle snapshot")]
    Snapshot(#[from] SnapshotFault),
    /// What had to be durable first did not become so.
    #[error("store could not commit")]
    Commit(#[from] CommitFault),
    /// The queue did not take the work.
    #[error("store did not take the work")]
    Refused(#[from] Refused),
}

/// Whose faxes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaxSubject {
    /// Faxes that dialled this number.
    Did(Pseudonym),
    /// Faxes from or to this member.
    Member(Pseudonym),
}

/// A set of action codes 0 to 63, as one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionSet(u64);

impl ActionSet {
    /// Every action.
    pub const ANY: Self = Self(u64::MAX);

    /// The set of these codes; a code above 63 belongs to no set but [`Self::ANY`].
    #[must_use]
    pub fn of(codes: &[u8]) -> Self {
        Self(codes.iter().filter(|code| **code < 64).fold(0, |set, code| set | (1 << code)))
    }

    /// Whether the code is in the set.
    #[must_use]
    pub const fn contains(self, code: u8) -> bool {
        self.0 == u64::MAX || (code < 64 && self.0 & (1 << code) != 0)
    }
}

/// The place of a fax in the order of answers: where the next page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaxKey {
    /// Time of its entry.
    pub time: Timestamp,
    /// Seq of its entry.
    pub seq: u64,
}

/// A question about faxes: newest first, `from` included, `to` not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaxQuery {
    /// Whose faxes.
    pub subject: FaxSubject,
    /// Earliest time, included.
    pub from: Timestamp,
    /// Latest time, not included.
    pub to: Timestamp,
    /// Which actions.
    pub actions: ActionSet,
    /// The last key of the page before, or `None` for the first page.
    pub before: Option<FaxKey>,
    /// Most rows wanted; capped at [`PAGE_ROWS_MAX`].
    pub limit: usize,
}

/// One fax of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaxRow {
    /// Its place.
    pub key: FaxKey,
    /// The decision it belongs to.
    pub decision: Option<DecisionId>,
    /// What it was indexed under.
    pub index: FaxIndex,
}

/// One row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// The engine's key.
    pub key: Vec<u8>,
    /// The engine's value.
    pub value: Vec<u8>,
    /// When its purpose ends.
    pub expires: Option<Timestamp>,
    /// Number of the subject's own key, where the value is encrypted under one.
    pub subject_key: Option<u64>,
}

/// How the store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Commits succeed within their promise.
    Working,
    /// Commits succeed, later than [`crate::bounds::LEDGER_DURABLE_MS`].
    Slow,
    /// The disk or the file has no room; commits are retried.
    Full,
    /// Commits fail for another reason; they are retried.
    Failing,
}

/// The store's health as operators and the declared answers need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreHealth {
    /// How it does.
    pub condition: Condition,
    /// Since when it does so.
    pub since: Timestamp,
    /// Entries that wait for the committer.
    pub queued: usize,
    /// Entries refused since the start because the queue was full.
    pub dropped: u64,
    /// How long the latest commit took.
    pub commit_latency: Span,
    /// Damaged files set aside at or since the start, and damaged parts of the ledger that a reader left out.
    pub quarantined: u32,
}

/// What a purge removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurgeReport {
    /// Whole ledger days dropped.
    pub days: u64,
    /// Table rows dropped because they had expired.
    pub rows: u64,
}

/// Rows of tables as they were when it was made: cheaper than as many questions to the store, and of one moment.
pub trait TableView {
    /// One row, as [`Store::table_get`].
    ///
    /// # Errors
    /// [`StoreError`].
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<TableRow>, StoreError>;

    /// Rows in order, as [`Store::table_range`].
    ///
    /// # Errors
    /// [`StoreError`].
    fn range(
        &self,
        table: TableId,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<TableRow>, StoreError>;
}

mod sealed {
    /// Only this house makes back ends: each must pass the one suite.
    pub trait Sealed {}
}

/// What every back end does. Calls never wait for a disk, except [`Store::purge`], the snapshot calls and
/// [`Store::close`]; queries read files and belong on a thread that may.
///
/// Entries that write the same table row must be queued in the order of their seqs: take the seq and
/// queue the entry under the lock that guards the row.
pub trait Store: sealed::Sealed + Send + Sync {
    /// The next seq: strictly increasing, over restarts too. Taken while the engine holds the locks of
    /// everything the entry changes, which is what makes the order of entries the order of changes.
    fn next_seq(&self) -> u64;

    /// The last seq that [`Store::next_seq`] gave.
    fn last_seq(&self) -> u64;

    /// The verdict path: never waits. On a working disk the entry is durable within
    /// [`crate::bounds::LEDGER_DURABLE_MS`].
    ///
    /// # Errors
    /// [`Refused`]; a full queue is counted.
    fn queue(&self, entry: Entry) -> Result<(), Refused>;

    /// Reports, measures, edits: the ticket answers once the entry is on the disk and its table writes
    /// can be read.
    ///
    /// # Errors
    /// [`Refused`]; a full queue is counted.
    fn commit(&self, entry: Entry) -> Result<Ticket, Refused>;

    /// The same of several that hang together, in the order of their seqs: all of them become durable, or none.
    ///
    /// # Errors
    /// [`Refused`]; a full queue is counted.
    fn commit_together(&self, entries: Vec<Entry>) -> Result<Ticket, Refused>;

    /// Bulk rows that bypass the ledger, for what has a source to load it from again (a directory): some
    /// hundred a call, and several times faster in the order of their keys. The ticket answers once they are
    /// on the disk.
    ///
    /// # Errors
    /// [`Refused`].
    fn load(&self, writes: Vec<TableWrite>) -> Result<Ticket, Refused>;

    /// A ticket that answers once everything queued before it is on the disk, if only in the ledger.
    ///
    /// # Errors
    /// [`Refused::Closed`].
    fn flush(&self) -> Result<Ticket, Refused>;

    /// Hands out every durable entry with a seq above `after_seq`, in order of seq, until `each` breaks. What is damaged
    /// is left out and shows in the health.
    ///
    /// # Errors
    /// [`StoreError`]; what was handed out before it is good.
    fn scan(
        &self,
        after_seq: u64,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Every durable entry of one decision, in order of seq.
    ///
    /// # Errors
    /// [`StoreError`].
    fn decision(&self, decision: DecisionId) -> Result<Vec<Entry>, StoreError>;

    /// One page of faxes, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    fn faxes(&self, query: &FaxQuery) -> Result<Vec<FaxRow>, StoreError>;

    /// One row of a table.
    ///
    /// # Errors
    /// [`StoreError`].
    fn table_get(&self, table: TableId, key: &[u8]) -> Result<Option<TableRow>, StoreError>;

    /// Rows of a table whose keys begin with `prefix` and lie after `after`, in the order of their keys, at most `limit` and
    /// [`PAGE_ROWS_MAX`]. No other row is read.
    ///
    /// # Errors
    /// [`StoreError`].
    fn table_range(
        &self,
        table: TableId,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<TableRow>, StoreError>;

    /// The same of a whole table.
    ///
    /// # Errors
    /// [`StoreError`].
    fn table_scan(
        &self,
        table: TableId,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<TableRow>, StoreError> {
        self.table_range(table, &[], after, limit)
    }

    /// The tables as they are now, for several reads. Not to be held for long: until it is dropped, what is written cannot be put in
    /// its place for good.
    ///
    /// # Errors
    /// [`StoreError`].
    fn tables(&self) -> Result<Box<dyn TableView + '_>, StoreError>;

    /// Writes a snapshot under a short name of lower-case letters. `position` is the seq that replay
    /// starts after; the snapshot counts only once all entries it can contain are durable.
    ///
    /// # Errors
    /// [`StoreError`]; the snapshot before it stays.
    fn snapshot_write(
        &self,
        name: &'static str,
        position: u64,
        fill: &mut dyn FnMut(&mut SnapshotWriter<'_>) -> Result<(), SnapshotFault>,
    ) -> Result<(), StoreError>;

    /// The latest whole snapshot of that name, or the one before it where the latest is damaged, or
    /// `None`: then everything is replayed from the ledger.
    ///
    /// # Errors
    /// [`StoreError`] where a file cannot be read at all.
    fn snapshot_read(&self, name: &'static str) -> Result<Option<SnapshotReader>, StoreError>;

    /// Drops ledger days and table rows whose term has ended. Runs between commits.
    ///
    /// # Errors
    /// [`StoreError`].
    fn purge(&self, now: Timestamp, terms: &RetentionTerms) -> Result<PurgeReport, StoreError>;

    /// How the store does.
    fn health(&self) -> StoreHealth;

    /// Commits what waits and stops; later work is refused. A second call does nothing.
    fn close(&self);
}
