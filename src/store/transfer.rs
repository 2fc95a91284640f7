//! Export and import between back ends: all entries and all rows as length-prefixed records, closed by a checksum.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;

use thiserror::Error;

use super::codec::take;
use super::entry::{Entry, TableWrite, decode_writes, encode_writes};
use super::{PAGE_ROWS_MAX, Refused, Store, StoreError, TableId, TableRow};
use super::{Ticket, WRITES_BYTES_MAX, ticket::CommitFault};

const MAGIC: [u8; 8] = *b"FAXGEXP1";
/// Largest record that is read: an entry with a few large writes.
const RECORD_BYTES_MAX: usize = WRITES_BYTES_MAX * 2;
/// Bytes of rows that make a load.
const LOAD_BYTES: usize = 256 * 1024;

/// Why an export or import did not come to its end.
#[derive(Debug, Error)]
pub enum TransferFault {
    /// The file could not be read or written.
    #[error("export file could not be read or written")]
    File(#[from] io::Error),
    /// The file is no export, or damaged.
    #[error("export file is damaged at record {record} (export again)")]
    Damaged {
        /// Number of the record, from 0.
        record: u64,
    },
    /// The store to import into holds entries.
    #[error("store to import into is not empty (import into a new folder)")]
    NotEmpty,
    /// The store failed.
    #[error("store failed during the transfer")]
    Store(#[from] StoreError),
    /// The store did not commit.
    #[error("store did not commit an imported record")]
    Commit(#[from] CommitFault),
}

/// What was moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Ledger entries.
    pub entries: u64,
    /// Table rows.
    pub rows: u64,
}

/// Writes everything durable in `store`. Entries queued meanwhile may be missing: export a store at rest.
///
/// # Errors
/// [`TransferFault`].
pub fn export(store: &dyn Store, to: &mut dyn Write) -> Result<Transfer, TransferFault> {
    let mut out = Records { to, sum: blake3::Hasher::new() };
    let mut moved = Transfer::default();
    out.raw(&MAGIC)?;
    let mut written = Ok(());
    store.scan(0, &mut |entry| {
        moved.entries += 1;
        written = out.record(b'e', &entry.encode());
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written?;
    for table in TableId::ALL {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = store.table_scan(table, after.as_deref(), PAGE_ROWS_MAX)?;
            let Some(last) = rows.last() else { break };
            after = Some(last.key.clone());
            for row in rows {
                moved.rows += 1;
                out.record(b'r', &encode_writes(&[put(table, row)]))?;
            }
        }
    }
    out.record(b'.', &[])?;
    let sum = out.sum.finalize();
    out.to.write_all(sum.as_bytes())?;
    out.to.flush()?;
    Ok(moved)
}

fn put(table: TableId, row: TableRow) -> TableWrite {
    let TableRow { key, value, expires, subject_key } = row;
    TableWrite::Put { table, key, value, expires, subject_key }
}

/// Reads an export into an empty store. The checksum is at the end: after a fault the store holds a part and
/// must be thrown away.
///
/// # Errors
/// [`TransferFault`].
pub fn import(store: &dyn Store, from: &mut dyn Read) -> Result<Transfer, TransferFault> {
    if store.last_seq() != 0 {
        return Err(TransferFault::NotEmpty);
    }
    let mut moved = Transfer::default();
    let mut sum = blake3::Hasher::new();
    let mut record = 0;
    let (mut rows, mut row_bytes) = (Vec::new(), 0);
    if read(from, &mut sum, 8).ok().as_deref() != Some(&MAGIC[..]) {
        return Err(TransferFault::Damaged { record });
    }
    loop {
        let damaged = TransferFault::Damaged { record };
        let head = read(from, &mut sum, 5)?;
        let Some([kind, length @ ..]) = take::<5>(&mut &head[..]) else { return Err(damaged) };
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if length > RECORD_BYTES_MAX {
            return Err(damaged);
        }
        let body = read(from, &mut sum, length)?;
        match kind {
            b'e' => {
                let entry = Entry::decode(&body).ok_or(damaged)?;
                give(store, || store.queue(entry.clone()))?;
                moved.entries += 1;
            }
            b'r' => {
                rows.extend(decode_writes(&body).ok_or(damaged)?);
                moved.rows += 1;
                row_bytes += length;
            }
            b'.' => break,
            _ => return Err(damaged),
        }
        if row_bytes >= LOAD_BYTES {
            row_bytes = 0;
            load(store, &mut rows)?;
        }
        record += 1;
    }
    let expected = sum.finalize();
    if read(from, &mut sum, 32)? != expected.as_bytes() {
        return Err(TransferFault::Damaged { record });
    }
    load(store, &mut rows)?;
    store.flush().map_err(StoreError::from)?.wait()?;
    Ok(moved)
}

fn load(store: &dyn Store, rows: &mut Vec<TableWrite>) -> Result<(), TransferFault> {
    let batch = std::mem::take(rows);
    let ticket: Ticket = give(store, || store.load(batch.clone()))?;
    Ok(ticket.wait()?)
}

/// Hands work to the store; where its queue is full, waits until it has drained.
fn give<T>(
    store: &dyn Store,
    mut work: impl FnMut() -> Result<T, Refused>,
) -> Result<T, TransferFault> {
    loop {
        match work() {
            Ok(done) => return Ok(done),
            Err(Refused::QueueFull) => store.flush().map_err(StoreError::from)?.wait()?,
            Err(refused) => return Err(StoreError::from(refused).into()),
        }
    }
}

struct Records<'a> {
    to: &'a mut dyn Write,
    sum: blake3::Hasher,
}

impl Records<'_> {
    fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.to.write_all(bytes)
    }

    fn record(&mut self, kind: u8, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        self.raw(&[kind])?;
        self.raw(&length.to_le_bytes())?;
        self.raw(body)
    }
}

fn read(from: &mut dyn Read, sum: &mut blake3::Hasher, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    sum.update(&bytes);
    Ok(bytes)
}
