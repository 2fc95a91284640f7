//! The content journal in the store: durable before anything is opened.

use super::Memory;
use crate::content::journal::{Journal, JournalFault, Opening};
use crate::fax::id::DecisionId;
use crate::store::codec::{put_bytes, take, take_bytes, take_i64, take_u8, take_u64};
use crate::store::{Entry, EntryKind, StoreError, TableId, TableWrite};
use crate::time::Timestamp;
use crate::verdict::ContentPurpose;

/// Layout of a row.
const VERSION: u8 = 1;
/// Most openings of one page.
const PAGE_ROWS: usize = 1_000;

impl Journal for Memory {
    fn write(&self, opening: &Opening) -> Result<(), JournalFault> {
        let seq = self.store().next_seq();
        let key = [&opening.time.as_micros().max(0).to_be_bytes()[..], &seq.to_be_bytes()].concat();
        let row = TableWrite::Put {
            table: TableId::ContentJournal,
            key,
            value: encode(opening),
            expires: None,
            subject_key: None,
        };
        let entry = Entry {
            seq,
            time: opening.time,
            kind: EntryKind::Other,
            decision: Some(opening.decision),
            fax: None,
            body: encode(opening),
            writes: vec![row],
        };
        let unwritable = |fault| JournalFault::Unwritable(fault);
        let ticket = self.store().commit(entry).map_err(|fault| unwritable(Box::new(fault)))?;
        ticket.wait().map_err(|fault| unwritable(Box::new(fault)))
    }
}

impl Memory {
    /// The latest journalled openings from `from` on, in their order, at most a thousand.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn openings(&self, from: Timestamp) -> Result<Vec<Opening>, StoreError> {
        let from = from.as_micros().max(0).to_be_bytes();
        let rows = self.store().table_scan(TableId::ContentJournal, Some(&from), PAGE_ROWS)?;
        Ok(rows.iter().filter_map(|row| decode(&row.value)).collect())
    }
}

fn encode(opening: &Opening) -> Vec<u8> {
    let mut to = vec![VERSION, opening.purpose as u8];
    to.extend_from_slice(&opening.decision.0);
    to.extend_from_slice(&opening.generation.to_le_bytes());
    to.extend_from_slice(&opening.time.as_micros().to_le_bytes());
    put_bytes(&mut to, opening.actor.as_bytes());
    to
}

fn decode(mut bytes: &[u8]) -> Option<Opening> {
    let from = &mut bytes;
    if take_u8(from)? != VERSION {
        return None;
    }
    let purpose = match take_u8(from)? {
        1 => ContentPurpose::Deliver,
        2 => ContentPurpose::Connect,
        3 => ContentPurpose::PreventDisruption,
        _ => return None,
    };
    Some(Opening {
        purpose,
        decision: DecisionId(take(from)?),
        generation: take_u64(from)?,
        time: Timestamp::from_micros(take_i64(from)?),
        actor: String::from_utf8(take_bytes(from)?.to_vec()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openings_read_back() {
        let opening = Opening {
            decision: DecisionId([3; 16]),
            purpose: ContentPurpose::PreventDisruption,
            actor: "test".into(),
            generation: 1,
            time: Timestamp::from_seconds(5),
        };
        let bytes = encode(&opening);
        assert_eq!(decode(&bytes), Some(opening));
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None);
        }
    }
}
