//! A list entry as the store keeps it, and its id.

use std::fmt;

use super::{ListFault, ListKind};
use crate::bounds::TEXT_BYTES_MAX;
use crate::fax::id::Pseudonym;
use crate::store::codec::{
    put_bytes, put_option, take, take_bytes, take_i64, take_option, take_u8,
};
use crate::store::{TableId, TableWrite};
use crate::time::Timestamp;

const VERSION: u8 = 1;

/// The id of an entry: keyed of kind, member and number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub [u8; 16]);

impl EntryId {
    /// Reads 32 hexadecimal digits of either case; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        // Of the same shape as a pseudonym, which has the reader.
        Pseudonym::parse(text).map(|read| Self(read.0))
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Pseudonym(self.0).fmt(f)
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntryId({self})")
    }
}

/// One entry. Its `Debug` leaves the texts out.
#[derive(Clone, PartialEq, Eq)]
pub struct ListEntry {
    /// What it says.
    pub kind: ListKind,
    /// For whom; `None` holds for all members.
    pub member: Option<Pseudonym>,
    /// Of which number.
    pub number: Pseudonym,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends, to the second; `None` for no end.
    pub expires: Option<Timestamp>,
    /// Who made it; at most [`TEXT_BYTES_MAX`] bytes.
    pub author: Box<str>,
    /// Why; at most [`TEXT_BYTES_MAX`] bytes.
    pub reason: Box<str>,
}

impl fmt::Debug for ListEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListEntry")
            .field("kind", &self.kind)
            .field("created", &self.created)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl ListEntry {
    /// True when it has ended at `now`.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// The change of the store that makes it durable.
    #[must_use]
    pub fn write(&self, id: EntryId) -> TableWrite {
        TableWrite::Put {
            table: TableId::ListEntries,
            key: id.0.to_vec(),
            value: self.encode(),
            expires: self.expires,
            subject_key: None,
        }
    }

    /// The change of the store that removes an entry.
    #[must_use]
    pub fn delete(id: EntryId) -> TableWrite {
        TableWrite::Delete { table: TableId::ListEntries, key: id.0.to_vec() }
    }

    /// The value of its row.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut to = vec![VERSION, self.kind as u8];
        put_option(&mut to, self.member.map(|member| member.0));
        to.extend_from_slice(&self.number.0);
        to.extend_from_slice(&self.created.as_micros().to_le_bytes());
        put_option(&mut to, self.expires.map(|expires| expires.as_micros().to_le_bytes()));
        put_bytes(&mut to, self.author.as_bytes());
        put_bytes(&mut to, self.reason.as_bytes());
        to
    }

    /// Reads the value of a row; `None` where it is none.
    #[must_use]
    pub fn decode(mut from: &[u8]) -> Option<Self> {
        let from = &mut from;
        if take_u8(from)? != VERSION {
            return None;
        }
        let entry = Self {
            kind: ListKind::from_code(take_u8(from)?)?,
            member: take_option(from, take)?.map(Pseudonym),
            number: Pseudonym(take(from)?),
            created: Timestamp::from_micros(take_i64(from)?),
            expires: take_option(from, take_i64)?.map(Timestamp::from_micros),
            author: take_text(from)?,
            reason: take_text(from)?,
        };
        (from.is_empty() && entry.check().is_ok()).then_some(entry)
    }

    /// Whether it may be an entry.
    pub(super) fn check(&self) -> Result<(), ListFault> {
        for (what, text) in [("author", &self.author), ("reason", &self.reason)] {
            if text.len() > TEXT_BYTES_MAX {
                return Err(ListFault::TooLong { what, bytes: text.len() });
            }
        }
        if self.expires.is_some_and(|expires| expires < self.created) {
            return Err(ListFault::Expiry);
        }
        if self.kind == ListKind::DoNotOriginate && self.member.is_some() {
            return Err(ListFault::OfMember);
        }
        Ok(())
    }
}

fn take_text(from: &mut &[u8]) -> Option<Box<str>> {
    std::str::from_utf8(take_bytes(from)?).ok().map(Box::from)
}

/// The key ids are made under. No `Debug`.
pub(super) struct IdKey([u8; 32]);

impl IdKey {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self(blake3::derive_key("faxguard 2025 ids of list entries", &key))
    }

    /// What all ids of a member begin with.
    pub(super) fn prefix(&self, member: Option<Pseudonym>) -> [u8; 8] {
        let member = member.map_or([0; 16], |member| member.0);
        half(blake3::keyed_hash(&self.0, &member))
    }

    /// The id of an entry.
    pub(super) fn of(&self, entry: &ListEntry) -> EntryId {
        let mut input = [0; 33];
        input[0] = entry.kind as u8;
        input[1..17].copy_from_slice(&entry.member.map_or([0; 16], |member| member.0));
        input[17..].copy_from_slice(&entry.number.0);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.prefix(entry.member));
        id[8..].copy_from_slice(&half(blake3::keyed_hash(&self.0, &input)));
        EntryId(id)
    }
}

fn half(hash: blake3::Hash) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    [a, b, c, d, e, f, g, h]
}
