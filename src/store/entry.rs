//! What the ledger holds: entries with a seq, a time, an opaque body and the table writes that follow from it.

use bytes::Bytes;

use super::codec::{put_bytes, put_option, take, take_bytes, take_i64, take_option};
use super::codec::{take_u8, take_u16, take_u64};
use super::{
    Refused, SEQ_MAX, TABLE_KEY_BYTES_MAX, TABLE_VALUE_BYTES_MAX, TableId, WRITES_BYTES_MAX,
};
use crate::bounds::LEDGER_ENTRY_BYTES_MAX;
use crate::fax::id::{DecisionId, Pseudonym};
use crate::time::Timestamp;

/// What an entry records; the codes never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// One stage of a decision.
    Stage = 1,
    /// A report or what became of it.
    Report = 2,
    /// A release or rejection of a held fax.
    HeldDecision = 3,
    /// An edit of an allow or block list.
    ListEdit = 4,
    /// A change of the directory.
    DirectoryEdit = 5,
    /// A policy generation.
    Policy = 6,
    /// A change of keys or epochs.
    Key = 7,
    /// What the abuse desk did.
    Desk = 8,
    /// Anything else.
    Other = 255,
}

impl EntryKind {
    /// The code it is stored under.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind of that code.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Stage,
            2 => Self::Report,
            3 => Self::HeldDecision,
            4 => Self::ListEdit,
            5 => Self::DirectoryEdit,
            6 => Self::Policy,
            7 => Self::Key,
            8 => Self::Desk,
            255 => Self::Other,
            _ => return None,
        })
    }
}

/// What a fax can be found by: set on the entry that first records it or acts on it, so that plain stage
/// entries cost no index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaxIndex {
    /// The dialled number.
    pub did: Pseudonym,
    /// The claimed caller.
    pub caller: Option<Pseudonym>,
    /// The member concerned.
    pub member: Option<Pseudonym>,
    /// Code of the action, 0 to 63.
    pub action: u8,
}

/// One entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From [`super::Store::next_seq`]: its place among all entries.
    pub seq: u64,
    /// When it happened; names the ledger day.
    pub time: Timestamp,
    /// What it records.
    pub kind: EntryKind,
    /// The decision it belongs to.
    pub decision: Option<DecisionId>,
    /// What its fax can be found by.
    pub fax: Option<FaxIndex>,
    /// The engine's record, opaque here; at most [`LEDGER_ENTRY_BYTES_MAX`] bytes. Those of many entries may
    /// share a piece of memory, which stays until the last of them goes.
    pub body: Bytes,
    /// What changes in the tables once the entry is durable.
    pub writes: Vec<TableWrite>,
}

/// One change of a table: absolute, so that doing it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableWrite {
    /// Sets a row.
    Put {
        /// Which table.
        table: TableId,
        /// Key of the row, at most [`TABLE_KEY_BYTES_MAX`] bytes.
        key: Vec<u8>,
        /// Value of the row, at most [`TABLE_VALUE_BYTES_MAX`] bytes.
        value: Vec<u8>,
        /// When the row's purpose ends; `None` while what it belongs to lasts.
        expires: Option<Timestamp>,
        /// Number of the subject's own key, where the value is encrypted under one.
        subject_key: Option<u64>,
    },
    /// Removes a row, where there is one.
    Delete {
        /// Which table.
        table: TableId,
        /// Key of the row.
        key: Vec<u8>,
    },
}

impl TableWrite {
    /// Which table it changes, and the key of the row.
    #[must_use]
    pub fn target(&self) -> (TableId, &[u8]) {
        match self {
            Self::Put { table, key, .. } | Self::Delete { table, key } => (*table, key),
        }
    }

    fn value(&self) -> &[u8] {
        match self {
            Self::Put { value, .. } => value,
            Self::Delete { .. } => &[],
        }
    }

    fn encode(&self, to: &mut Vec<u8>) {
        let (table, key) = self.target();
        to.push(u8::from(matches!(self, Self::Put { .. })));
        to.extend_from_slice(&table.code().to_le_bytes());
        put_bytes(to, key);
        if let Self::Put { value, expires, subject_key, .. } = self {
            put_bytes(to, value);
            put_option(to, expires.map(|at| at.as_micros().to_le_bytes()));
            put_option(to, subject_key.map(u64::to_le_bytes));
        }
    }

    fn decode(from: &mut &[u8]) -> Option<Self> {
        let put = take_u8(from)?;
        let table = TableId::from_code(take_u16(from)?)?;
        let key = take_bytes(from)?.to_vec();
        match put {
            0 => Some(Self::Delete { table, key }),
            1 => Some(Self::Put {
                table,
                key,
                value: take_bytes(from)?.to_vec(),
                expires: take_option(from, take_i64)?.map(Timestamp::from_micros),
                subject_key: take_option(from, take_u64)?,
            }),
            _ => None,
        }
    }
}

/// The bytes of some table writes, as the ledger holds them.
#[must_use]
pub fn encode_writes(writes: &[TableWrite]) -> Vec<u8> {
    let mut to = Vec::new();
    writes.iter().for_each(|write| write.encode(&mut to));
    to
}

/// The table writes of such bytes; `None` where they do not decode to the last byte.
#[must_use]
pub fn decode_writes(mut from: &[u8]) -> Option<Vec<TableWrite>> {
    let mut writes = Vec::new();
    while !from.is_empty() {
        writes.push(TableWrite::decode(&mut from)?);
    }
    Some(writes)
}

/// The bytes that some writes hold in memory, or which of them is too large.
pub(super) fn check_writes(writes: &[TableWrite]) -> Result<usize, Refused> {
    let mut total = 0;
    for write in writes {
        let (_, key) = write.target();
        within(key.len(), TABLE_KEY_BYTES_MAX)?;
        within(write.value().len(), TABLE_VALUE_BYTES_MAX)?;
        total += size_of::<TableWrite>() + key.len() + write.value().len();
    }
    within(total, WRITES_BYTES_MAX)?;
    Ok(total)
}

const fn within(bytes: usize, most: usize) -> Result<(), Refused> {
    if bytes > most { Err(Refused::TooLarge { bytes, most }) } else { Ok(()) }
}

impl Entry {
    /// The bytes it holds in memory, or what part of it is too large.
    pub(super) fn check(&self) -> Result<usize, Refused> {
        if self.seq > SEQ_MAX {
            return Err(Refused::SeqTooHigh { seq: self.seq });
        }
        within(self.body.len(), LEDGER_ENTRY_BYTES_MAX)?;
        Ok(size_of::<Self>() + self.body.len() + check_writes(&self.writes)?)
    }

    /// Its bytes, for an export.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Vec::with_capacity(128 + self.body.len());
        self.put(&mut to);
        to
    }

    /// Puts its bytes behind what is there.
    pub(super) fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.seq.to_le_bytes());
        to.extend_from_slice(&self.time.as_micros().to_le_bytes());
        to.push(self.kind.code());
        put_option(to, self.decision.map(|id| id.0));
        to.push(u8::from(self.fax.is_some()));
        if let Some(fax) = self.fax {
            to.extend_from_slice(&fax.did.0);
            put_option(to, fax.caller.map(|id| id.0));
            put_option(to, fax.member.map(|id| id.0));
            to.push(fax.action);
        }
        put_bytes(to, &self.body);
        self.writes.iter().for_each(|write| write.encode(to));
    }

    /// The entry of such bytes; `None` where they do not decode to the last byte.
    #[must_use]
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let from = &mut bytes;
        Some(Self {
            seq: take_u64(from)?,
            time: Timestamp::from_micros(take_i64(from)?),
            kind: EntryKind::from_code(take_u8(from)?)?,
            decision: take_option(from, take)?.map(DecisionId),
            fax: take_option(from, |from| {
                Some(FaxIndex {
                    did: Pseudonym(take(from)?),
                    caller: take_option(from, take)?.map(Pseudonym),
                    member: take_option(from, take)?.map(Pseudonym),
                    action: take_u8(from)?,
                })
            })?,
            body: Bytes::copy_from_slice(take_bytes(from)?),
            writes: decode_writes(from)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn writes() -> impl Strategy<Value = Vec<TableWrite>> {
        let key = proptest::collection::vec(any::<u8>(), 0..20);
        let one = (any::<Option<i64>>(), any::<Option<u64>>(), key, any::<bool>(), 0..12_usize);
        proptest::collection::vec(
            one.prop_map(|(expires, subject_key, key, put, table)| {
                let table = TableId::ALL[table];
                let value = key.clone();
                let expires = expires.map(Timestamp::from_micros);
                if put {
                    TableWrite::Put { table, key, value, expires, subject_key }
                } else {
                    TableWrite::Delete { table, key }
                }
            }),
            0..5,
        )
    }

    proptest! {
        #[test]
        fn an_entry_reads_back(
            seq: u64, time: i64, id: Option<[u8; 16]>, member: Option<[u8; 16]>,
            body in proptest::collection::vec(any::<u8>(), 0..50), writes in writes(),
        ) {
            let fax = id.map(|did| FaxIndex {
                did: Pseudonym(did), caller: None, member: member.map(Pseudonym), action: 3,
            });
            let time = Timestamp::from_micros(time);
            let decision = member.map(DecisionId);
            let entry = Entry { seq, time, kind: EntryKind::Stage, decision, fax, body: body.into(), writes };
            let bytes = entry.encode();
            prop_assert_eq!(Entry::decode(&bytes), Some(entry));
            prop_assert_eq!(Entry::decode(&bytes[..bytes.len() - 1]), None);
        }

        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Entry::decode(&bytes);
            let _ = decode_writes(&bytes);
        }
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let entry = Entry {
            seq: 1,
            time: Timestamp::default(),
            kind: EntryKind::Other,
            decision: None,
            fax: None,
            body: vec![0; LEDGER_ENTRY_BYTES_MAX + 1].into(),
            writes: Vec::new(),
        };
        assert!(matches!(entry.check(), Err(Refused::TooLarge { .. })));
        let key = vec![0; TABLE_KEY_BYTES_MAX + 1];
        let write = TableWrite::Delete { table: TableId::Meta, key };
        assert!(matches!(check_writes(&[write]), Err(Refused::TooLarge { .. })));
    }
}
