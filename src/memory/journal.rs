//! The content journal in the store: durable before anything is opened.

use super::Memory;
use crate::content::journal::{Journal, JournalFault, Opening};
use crate::ledger::encode_opening;
use crate::store::{Entry, EntryKind, TableId, TableWrite};

impl Journal for Memory {
    fn write(&self, opening: &Opening) -> Result<(), JournalFault> {
        let seq = self.store().next_seq();
        let key = [&opening.time.as_micros().max(0).to_be_bytes()[..], &seq.to_be_bytes()].concat();
        let row = TableWrite::Put {
            table: TableId::ContentJournal,
            key,
            value: encode_opening(opening),
            expires: None,
            subject_key: None,
        };
        let entry = Entry {
            seq,
            time: opening.time,
            kind: EntryKind::Other,
            decision: Some(opening.decision),
            fax: None,
            body: encode_opening(opening).into(),
            writes: vec![row],
        };
        let unwritable = |fault| JournalFault::Unwritable(fault);
        let ticket = self.store().commit(entry).map_err(|fault| unwritable(Box::new(fault)))?;
        ticket.wait().map_err(|fault| unwritable(Box::new(fault)))
    }
}
