//! Edits of operators: list entries, the directory, the policy. Each is durable before it is answered. These calls
//! wait for the store: off the verdict path.

use std::sync::Arc;

use thiserror::Error;

use crate::directory::{self, Outcome, Unmentioned, edit};
use crate::fax::id::Pseudonym;
use crate::lists::{EntryId, ListEntry, ListFault};
use crate::memory::{Memory, apply_edits};
use crate::policy::{Edit, Generation, Refused as PolicyRefused};
use crate::store::{
    CommitFault, Entry, EntryKind, Refused, StoreError, TableId, TableWrite, Ticket,
};
use crate::time::Timestamp;

/// Why an edit did not become durable.
#[derive(Debug, Error)]
pub enum EditFault {
    /// The store could not be read.
    #[error("what is to be edited cannot be read")]
    Read(#[source] StoreError),
    /// The store does not take it.
    #[error("edit cannot be recorded")]
    Refused(#[source] Refused),
    /// It did not become durable.
    #[error("edit did not become durable")]
    Commit(#[source] CommitFault),
    /// The entry itself is not sound, or the lists are full.
    #[error("list entry was not taken")]
    List(#[source] ListFault),
    /// There is no such entry.
    #[error("there is no such list entry")]
    NotFound,
}

/// Makes a list entry, or replaces the one for the same kind, member and number.
///
/// # Errors
/// [`EditFault`]; nothing was changed then.
pub fn put_list_entry(
    memory: &Memory,
    entry: &ListEntry,
    now: Timestamp,
) -> Result<EntryId, EditFault> {
    let _desk = memory.desk().lock();
    let id = memory.lists().id(entry);
    commit(memory, EntryKind::ListEdit, vec![entry.write(id)], now)?;
    memory.lists().put(entry).map_err(|fault| {
        // The row must not come into force at the next start, if it could not now. That this fails too is
        // the same fault once more: the answer says already that the entry does not hold.
        let _ = commit(memory, EntryKind::ListEdit, vec![ListEntry::delete(id)], now);
        EditFault::List(fault)
    })
}

/// Deletes a list entry.
///
/// # Errors
/// [`EditFault`]; nothing was changed then.
pub fn delete_list_entry(memory: &Memory, id: EntryId, now: Timestamp) -> Result<(), EditFault> {
    let _desk = memory.desk().lock();
    let found = memory.lists().find(memory.store(), id).map_err(EditFault::Read)?;
    let entry = found.ok_or(EditFault::NotFound)?;
    commit(memory, EntryKind::ListEdit, vec![ListEntry::delete(id)], now)?;
    memory.lists().remove(&entry);
    Ok(())
}

/// Does directory edits; one outcome each, in order. Batches are queued one behind the other and waited for
/// together, so that an import runs at the speed of the disk and not of its flushes.
///
/// # Errors
/// [`EditFault`]: some of the edits may be in force and not durable; doing all of them again mends that.
pub fn directory(
    memory: &Memory,
    edits: &[directory::Edit],
    now: Timestamp,
) -> Result<Vec<Outcome>, EditFault> {
    let mut outcomes = Vec::with_capacity(edits.len());
    let mut tickets = Vec::new();
    for batch in edits.chunks(edit::BATCH_EDITS_MAX) {
        let _desk = memory.desk().lock();
        let done = apply_edits(memory, batch, now);
        let changed: Vec<directory::Edit> = batch
            .iter()
            .zip(&done)
            .filter(|(_, outcome)| !matches!(outcome, Outcome::Unchanged | Outcome::Refused(_)))
            .map(|(edit, _)| *edit)
            .collect();
        outcomes.extend(done);
        tickets.extend(queue_directory(memory, &changed, now)?);
    }
    for ticket in tickets {
        ticket.wait().map_err(EditFault::Commit)?;
    }
    Ok(outcomes)
}

fn queue_directory(
    memory: &Memory,
    edits: &[directory::Edit],
    now: Timestamp,
) -> Result<Option<Ticket>, EditFault> {
    if edits.is_empty() {
        return Ok(None);
    }
    let entry = Entry {
        seq: memory.store().next_seq(),
        time: now,
        kind: EntryKind::DirectoryEdit,
        decision: None,
        fax: None,
        body: edit::encode(edits).unwrap_or_default(),
        writes: edits.iter().filter_map(directory::Edit::write).collect(),
    };
    memory.store().commit(entry).map(Some).map_err(EditFault::Refused)
}

/// Ends a whole import: what it did not mention is gone, with reputation and relations of the numbers.
///
/// # Errors
/// [`EditFault`]; it can be ended again.
pub fn end_whole_directory(memory: &Memory, now: Timestamp) -> Result<(), EditFault> {
    for dropped in memory.directory().end_whole() {
        let mut writes = Vec::new();
        for gone in dropped {
            let (table, key) = match gone {
                Unmentioned::Number { number, .. } => {
                    memory.activity().forget(number);
                    memory.relations().recycled(number, now);
                    (TableId::DirectoryNumbers, number)
                }
                Unmentioned::Member { member } => (TableId::DirectoryMembers, member),
            };
            writes.extend(delete_by_hot_key(memory, table, key)?);
        }
        for batch in writes.chunks(edit::BATCH_EDITS_MAX) {
            commit(memory, EntryKind::Other, batch.to_vec(), now)?;
        }
    }
    Ok(())
}

/// Memory knows a subject by the leading half of its key, so the row is the one after that half.
fn delete_by_hot_key(
    memory: &Memory,
    table: TableId,
    key: u64,
) -> Result<Option<TableWrite>, EditFault> {
    let half = Pseudonym::of_hot(key).0;
    let before = u128::from_be_bytes(half).checked_sub(1).map(u128::to_be_bytes);
    let after = before.as_ref().map(|bytes| &bytes[..]);
    let rows = memory.store().table_scan(table, after, 1).map_err(EditFault::Read)?;
    let found = rows.into_iter().find(|row| row.key.starts_with(&key.to_be_bytes()));
    Ok(found.map(|row| TableWrite::Delete { table, key: row.key }))
}

/// Puts a policy in force as the next generation, over the version of that etag where one is named.
///
/// # Errors
/// The faults of the policy, or why it could not be recorded; the last good one stays in force.
pub fn apply_policy(
    memory: &Memory,
    wish: Edit,
    based_on: Option<&str>,
    now: Timestamp,
) -> Result<Arc<Generation>, PolicyRefused<EditFault>> {
    memory.generations().apply(wish, based_on, |generation| {
        let row = TableWrite::Put {
            table: TableId::PolicyGenerations,
            key: generation.number().to_be_bytes().to_vec(),
            value: generation.text().as_bytes().to_vec(),
            expires: None,
            subject_key: None,
        };
        commit(memory, EntryKind::Policy, vec![row], now)
    })
}

fn commit(
    memory: &Memory,
    kind: EntryKind,
    writes: Vec<TableWrite>,
    now: Timestamp,
) -> Result<(), EditFault> {
    let seq = memory.store().next_seq();
    let body = Vec::new();
    let entry = Entry { seq, time: now, kind, decision: None, fax: None, body, writes };
    let ticket = memory.store().commit(entry).map_err(EditFault::Refused)?;
    ticket.wait().map_err(EditFault::Commit)
}
