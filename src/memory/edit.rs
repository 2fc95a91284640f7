//! Edits of what is known: directory, lists, policy. Durable when they return, and in force. They wait for the store.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use thiserror::Error;

use super::Memory;
use crate::activity::FORGET_MAX;
use crate::directory::edit::{BATCH_EDITS_MAX, encode};
use crate::directory::{Edit, Outcome, Unmentioned};
use crate::fax::id::Pseudonym;
use crate::lists::{EntryId, ListEntry, ListFault};
use crate::policy::{self, Generation};
use crate::store::codec::put_bytes;
use crate::store::{
    CommitFault, Entry, EntryKind, Refused, StoreError, TableId, TableWrite, Ticket,
};
use crate::time::Timestamp;

/// Why an edit is not in force.
#[derive(Debug, Error)]
pub enum EditFault {
    /// The store does not take it.
    #[error("the edit cannot be recorded")]
    Refused(#[from] Refused),
    /// It did not become durable.
    #[error("the edit did not become durable")]
    Commit(#[from] CommitFault),
    /// What is there could not be read.
    #[error("what the edit is about cannot be read")]
    Read(#[from] StoreError),
    /// The lists do not take it.
    #[error("the entry is not taken")]
    List(#[from] ListFault),
    /// There is no such entry.
    #[error("there is no entry of that id")]
    NotFound,
}

impl Memory {
    /// Does directory edits in their order and says what became of each. A number that changed hands loses
    /// the reputation and relations of its former holder.
    ///
    /// # Errors
    /// [`EditFault`]; edits before the fault may be in force.
    pub fn edit_directory(
        &self,
        edits: &[Edit],
        now: Timestamp,
    ) -> Result<Vec<Outcome>, EditFault> {
        let mut outcomes = Vec::with_capacity(edits.len());
        let mut batch = Batch::default();
        let mut tickets = Vec::new();
        for edit in edits {
            for outcome in self.directory.apply(std::slice::from_ref(edit)) {
                batch.add(*edit, outcome);
                outcomes.push(outcome);
            }
            if batch.is_full() {
                tickets.push(self.commit_batch(std::mem::take(&mut batch), now)?);
            }
        }
        if !batch.is_empty() {
            tickets.push(self.commit_batch(batch, now)?);
        }
        // Each of them: one that failed may have others behind it that did not.
        tickets.into_iter().try_for_each(Ticket::wait)?;
        Ok(outcomes)
    }

    /// One entry of the ledger holds the edits and which numbers changed hands by them: replay cannot find
    /// that out again, since the directory it meets is that of later.
    fn commit_batch(&self, batch: Batch, now: Timestamp) -> Result<Ticket, EditFault> {
        let Batch { mut edits, changed } = batch;
        edits.extend(changed.iter().map(|number| Edit::Recycled { number: *number }));
        let keys: Vec<u64> = changed.iter().map(|number| number.hot()).collect();
        let (unsaid, _desk) = self.unsay_of(&keys)?;
        let ticket = loop {
            let body = encode(&edits).unwrap_or_default();
            let writes = edits.iter().filter_map(Edit::write);
            let writes = writes.chain(unsaid.iter().flat_map(|(_, rows)| rows.clone())).collect();
            let record = || self.commit_edit(EntryKind::DirectoryEdit, body, writes, now);
            match self.activity.forget(&keys, record) {
                // An import is faster than the disk: it waits for room, as no verdict would.
                Err(EditFault::Refused(Refused::QueueFull)) => self.store().flush()?.wait()?,
                answer => break answer?,
            }
        };
        self.counters.edits_since.fetch_add(1, Ordering::Relaxed);
        keys.iter().for_each(|key| self.relations.recycled(*key, now));
        unsaid.iter().for_each(|(sender, _)| self.voices.forget(*sender));
        Ok(ticket)
    }

    /// Ends a whole import: what was not mentioned is gone, from memory and from the tables.
    ///
    /// # Errors
    /// [`EditFault`]; the import can be ended again.
    pub fn end_whole_directory(&self, now: Timestamp) -> Result<u64, EditFault> {
        let mut gone = 0;
        for step in self.directory.end_whole() {
            let mut edits = Vec::with_capacity(step.len());
            for unmentioned in step {
                gone += 1;
                edits.extend(self.forget_unmentioned(unmentioned)?);
            }
            self.edit_directory(&edits, now)?;
        }
        Ok(gone)
    }

    /// The edits that take an unmentioned row out of the tables: memory has hot keys only, which are the
    /// first eight bytes of the row's key.
    fn forget_unmentioned(&self, unmentioned: Unmentioned) -> Result<Vec<Edit>, EditFault> {
        let (table, hot) = match unmentioned {
            Unmentioned::Number { number, .. } => (TableId::DirectoryNumbers, number),
            Unmentioned::Member { member } => (TableId::DirectoryMembers, member),
        };
        let prefix = hot.to_be_bytes();
        let rows = self.store().table_range(table, &prefix, None, 4)?;
        Ok(rows
            .into_iter()
            .filter_map(|row| row.key.try_into().ok().map(Pseudonym))
            .flat_map(|key| match unmentioned {
                // Memory has let go of the holder already, so that only this tells that there was one.
                Unmentioned::Number { .. } => {
                    let gone = Edit::Assign { number: key, member: None };
                    vec![gone, Edit::Recycled { number: key }]
                }
                Unmentioned::Member { .. } => vec![Edit::Member { key, facts: None }],
            })
            .collect())
    }

    /// Makes or replaces a list entry.
    ///
    /// # Errors
    /// [`EditFault`].
    pub fn put_list_entry(&self, entry: &ListEntry, now: Timestamp) -> Result<EntryId, EditFault> {
        let id = self.lists.id(entry);
        let ticket =
            self.commit_edit(EntryKind::ListEdit, Vec::new(), vec![entry.write(id)], now)?;
        ticket.wait()?;
        self.lists.put(entry)?;
        Ok(id)
    }

    /// Deletes a list entry; the ledger keeps who did.
    ///
    /// # Errors
    /// [`EditFault`].
    pub fn delete_list_entry(
        &self,
        id: EntryId,
        author: &str,
        now: Timestamp,
    ) -> Result<(), EditFault> {
        let entry = self.lists.find(self.store(), id)?.ok_or(EditFault::NotFound)?;
        let mut body = Vec::new();
        put_bytes(&mut body, author.as_bytes());
        let writes = vec![ListEntry::delete(id)];
        self.commit_edit(EntryKind::ListEdit, body, writes, now)?.wait()?;
        self.lists.remove(&entry);
        Ok(())
    }

    /// Puts a policy in force as the next generation, once it is durable.
    ///
    /// # Errors
    /// [`policy::Refused`]; the last good generation stays in force.
    pub fn apply_policy(
        &self,
        edit: policy::Edit,
        based_on: Option<&str>,
    ) -> Result<Arc<Generation>, policy::Refused<EditFault>> {
        let applied = self.generations.apply(edit, based_on, |next| {
            let writes = vec![generation_write(next)];
            self.commit_edit(EntryKind::Policy, Vec::new(), writes, next.applied())?.wait()?;
            Ok(())
        })?;
        let names = super::names_of(&applied, &self.specs).and(&self.names());
        self.names.store(Arc::new(names));
        self.limiting.renew(&self.generations, applied.applied());
        Ok(applied)
    }

    pub(super) fn commit_edit(
        &self,
        kind: EntryKind,
        body: Vec<u8>,
        writes: Vec<TableWrite>,
        now: Timestamp,
    ) -> Result<Ticket, EditFault> {
        let seq = self.store().next_seq();
        let entry =
            Entry { seq, time: now, kind, decision: None, fax: None, body: body.into(), writes };
        Ok(self.store().commit(entry)?)
    }
}

/// Edits of one ledger entry.
#[derive(Default)]
struct Batch {
    edits: Vec<Edit>,
    /// Numbers that changed hands.
    changed: Vec<Pseudonym>,
}

impl Batch {
    fn add(&mut self, edit: Edit, outcome: Outcome) {
        match (edit, outcome) {
            (Edit::Assign { number, .. }, Outcome::Reassigned { .. })
            | (Edit::Recycled { number }, Outcome::Recycled) => self.changed.push(number),
            _ => {}
        }
        if !matches!(edit, Edit::Recycled { .. }) && !matches!(outcome, Outcome::Refused(_)) {
            self.edits.push(edit);
        }
    }

    const fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.changed.is_empty()
    }

    const fn is_full(&self) -> bool {
        self.changed.len() == FORGET_MAX || self.edits.len() == BATCH_EDITS_MAX - FORGET_MAX
    }
}

/// The row of a generation: number, then author and text.
fn generation_write(generation: &Generation) -> TableWrite {
    let mut value = Vec::new();
    value.extend_from_slice(&generation.applied().as_micros().to_le_bytes());
    put_bytes(&mut value, generation.author().as_bytes());
    put_bytes(&mut value, generation.text().as_bytes());
    TableWrite::Put {
        table: TableId::PolicyGenerations,
        key: generation.number().to_be_bytes().to_vec(),
        value,
        expires: None,
        subject_key: None,
    }
}

/// The last generation that was put in force at run time: its number and edit.
///
/// # Errors
/// [`StoreError`].
pub fn last_generation(
    store: &dyn crate::store::Store,
) -> Result<Option<(u64, policy::Edit)>, StoreError> {
    use crate::store::codec::{take_bytes, take_i64};
    let rows = store.table_scan(TableId::PolicyGenerations, None, usize::MAX)?;
    Ok(rows.last().and_then(|row| {
        let number = u64::from_be_bytes(row.key.as_slice().try_into().ok()?);
        let mut from = row.value.as_slice();
        let applied = Timestamp::from_micros(take_i64(&mut from)?);
        let author = String::from_utf8(take_bytes(&mut from)?.to_vec()).ok()?;
        let text = String::from_utf8(take_bytes(&mut from)?.to_vec()).ok()?;
        Some((number, policy::Edit { text, author, applied }))
    }))
}
