//! What members and operators said of numbers: allow, block, opt-out, do-not-originate. The memory keeps
//! which kinds are in force for a pair and until when, 24 bytes a pair; who said so and why stays in the
//! store, whose rows this room encodes.
//!
//! An entry's id is keyed of kind, member and number, so that saying it again replaces it. Its first half
//! is keyed of the member alone: the entries of one member lie side by side in the store.

mod entry;

use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use thiserror::Error;

use crate::bounds::TEXT_BYTES_MAX;
use crate::dense::{mix, mixing_key};
use crate::fax::id::Pseudonym;
use crate::store::{Store, StoreError, TableId};
use crate::time::Timestamp;
pub use entry::{EntryId, ListEntry};

/// Most rows one page looks at, whether they are wanted or not.
pub const PAGE_ROWS_MAX: usize = 10_000;
/// Never ends.
const FOR_EVER: u32 = u32::MAX;

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ListKind {
    /// Faxes from the number are wanted.
    Allow = 1,
    /// Faxes from the number are not wanted.
    Block = 2,
    /// The holder of the number asked for no more faxes from the member.
    OptOut = 3,
    /// The number never sends: whoever shows it lies.
    DoNotOriginate = 4,
}

impl ListKind {
    /// Every kind, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Block, Self::OptOut, Self::DoNotOriginate];

    /// The kind with that code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }

    /// The name people and files use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
            Self::OptOut => "opt-out",
            Self::DoNotOriginate => "do-not-originate",
        }
    }

    const fn index(self) -> usize {
        self as usize - 1
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListKinds(u8);

impl ListKinds {
    /// The set with one more kind.
    #[must_use]
    pub const fn with(self, kind: ListKind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    /// True when the kind is in the set.
    #[must_use]
    pub const fn has(self, kind: ListKind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }
}

/// Why an entry was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ListFault {
    /// As many entries as may be.
    #[error(
        "lists hold {most} entries already (remove some, or raise the limit in the configuration)"
    )]
    Full {
        /// The limit.
        most: usize,
    },
    /// Author or reason is too long.
    #[error("{what} of a list entry has {bytes} bytes (at most {TEXT_BYTES_MAX})")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its length.
        bytes: usize,
    },
    /// It ends before it begins.
    #[error("list entry expires before it is made (leave the expiry out for no end)")]
    Expiry,
    /// A do-not-originate entry of one member.
    #[error("do-not-originate entry names a member (leave the member out, it holds for all)")]
    OfMember,
}

/// Which entries are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Those of one member. Without it all rows are looked at.
    pub member: Option<Pseudonym>,
    /// Those of one number.
    pub number: Option<Pseudonym>,
    /// Those of one kind.
    pub kind: Option<ListKind>,
}

/// One page of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPage {
    /// The entries, in the order of their ids, expired ones not yet purged included.
    pub entries: Vec<(EntryId, ListEntry)>,
    /// Where the next page begins, if there may be one.
    pub next: Option<EntryId>,
}

/// What [`Lists::load`] met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Entries in force.
    pub entries: usize,
    /// Entries that had expired.
    pub expired: usize,
    /// Entries that did not decode or did not fit.
    pub refused: usize,
}

/// Seconds since 1970 until which each kind is in force, exclusive; 0 where it is not.
type Ends = [u32; ListKind::ALL.len()];

/// What the law asks to be kept is kept, however full the lists are.
fn is_always_let_in(entry: &ListEntry) -> bool {
    entry.kind == ListKind::OptOut
}

/// The lists in memory.
pub struct Lists {
    ends: DashMap<u64, Ends, foldhash::fast::RandomState>,
    ids: entry::IdKey,
    key: [u64; 2],
    most: usize,
    entries: AtomicUsize,
}

impl Lists {
    /// Empty lists of at most so many entries. The key must be the same over restarts: ids hang on it.
    #[must_use]
    pub fn new(most: usize, key: [u8; 32]) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&blake3::derive_key("faxguard 2025 lists in memory", &key)[..16]);
        Self {
            ends: DashMap::default(),
            ids: entry::IdKey::new(key),
            key: mixing_key(half),
            most,
            entries: AtomicUsize::new(0),
        }
    }

    /// What is in force between a member and a number; both keys are the hot ones. Entries that hold for
    /// all members are not among it: see [`Self::general`].
    #[must_use]
    pub fn kinds(&self, member: u64, number: u64, now: Timestamp) -> ListKinds {
        self.in_force(mix(self.key, member, number), now)
    }

    /// What is in force for a number and all members.
    #[must_use]
    pub fn general(&self, number: u64, now: Timestamp) -> ListKinds {
        self.in_force(mix(self.key, 0, number), now)
    }

    /// True when the number never sends.
    #[must_use]
    pub fn do_not_originate(&self, number: u64, now: Timestamp) -> bool {
        self.general(number, now).has(ListKind::DoNotOriginate)
    }

    /// The id of an entry.
    #[must_use]
    pub fn id(&self, entry: &ListEntry) -> EntryId {
        self.ids.of(entry)
    }

    /// Puts an entry in force, over the one of the same id. Its row is the caller's to commit first:
    /// [`ListEntry::write`].
    ///
    /// # Errors
    /// [`ListFault`]: nothing changed.
    pub fn put(&self, entry: &ListEntry) -> Result<EntryId, ListFault> {
        entry.check()?;
        let mut ends = self.ends.entry(self.place(entry)).or_default();
        let end = &mut ends[entry.kind.index()];
        if *end == 0 {
            let full = self.entries.fetch_add(1, Ordering::Relaxed) >= self.most;
            if full && !is_always_let_in(entry) {
                self.entries.fetch_sub(1, Ordering::Relaxed);
                return Err(ListFault::Full { most: self.most });
            }
        }
        *end = entry.expires.map_or(FOR_EVER, second);
        Ok(self.ids.of(entry))
    }

    /// Whether an entry could be put in force now, with so many others before it.
    #[must_use]
    pub fn has_room(&self, entry: &ListEntry, others: usize) -> bool {
        let known = self.ends.get(&self.place(entry));
        is_always_let_in(entry)
            || self.len().saturating_add(others) < self.most
            || known.is_some_and(|ends| ends[entry.kind.index()] != 0)
    }

    /// Takes an entry out of force; false where it was not in it. Who has only the id finds the entry
    /// with [`Self::find`].
    pub fn remove(&self, entry: &ListEntry) -> bool {
        let place = self.place(entry);
        let Some(mut ends) = self.ends.get_mut(&place) else {
            return false;
        };
        let was = std::mem::take(&mut ends[entry.kind.index()]) != 0;
        drop(ends);
        self.ends.remove_if(&place, |_, ends| *ends == Ends::default());
        self.entries.fetch_sub(usize::from(was), Ordering::Relaxed);
        was
    }

    /// Forgets what has expired, and says how many entries. Looks at all of them: for an hourly call.
    pub fn purge(&self, now: Timestamp) -> usize {
        let now = second(now);
        let mut gone = 0;
        self.ends.retain(|_, ends| {
            for end in ends.iter_mut().filter(|end| **end != 0 && **end <= now) {
                *end = 0;
                gone += 1;
            }
            *ends != Ends::default()
        });
        self.entries.fetch_sub(gone, Ordering::Relaxed);
        gone
    }

    /// Entries in memory, expired ones not yet purged included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.load(Ordering::Relaxed)
    }

    /// True when there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry of an id, from the store.
    ///
    /// # Errors
    /// [`StoreError`], also where the row does not decode.
    pub fn find(&self, store: &dyn Store, id: EntryId) -> Result<Option<ListEntry>, StoreError> {
        let row = store.table_get(TableId::ListEntries, &id.0)?;
        row.map(|row| ListEntry::decode(&row.value).ok_or(DAMAGED)).transpose()
    }

    /// One page of entries, from the store: at most `limit` that the filter lets through, and at most
    /// [`PAGE_ROWS_MAX`] looked at. Rows that do not decode are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn page(
        &self,
        store: &dyn Store,
        filter: &ListFilter,
        after: Option<EntryId>,
        limit: usize,
    ) -> Result<ListPage, StoreError> {
        let prefix = filter.member.map(|member| self.ids.prefix(Some(member)));
        let of_member = prefix.as_ref().map_or(&[][..], |prefix| &prefix[..]);
        let after = after.as_ref().map(|id| &id.0[..]);
        let rows = store.table_range(TableId::ListEntries, of_member, after, PAGE_ROWS_MAX)?;
        let mut page = ListPage::default();
        let whole = rows.len() < PAGE_ROWS_MAX;
        for row in rows {
            let Ok(id) = <[u8; 16]>::try_from(row.key.as_slice()).map(EntryId) else { continue };
            if page.entries.len() == limit {
                return Ok(page);
            }
            page.next = Some(id);
            let entry = ListEntry::decode(&row.value).filter(|entry| filter.lets(entry));
            page.entries.extend(entry.map(|entry| (id, entry)));
        }
        if whole {
            page.next = None;
        }
        Ok(page)
    }

    /// Puts everything in force that the store holds, at the start.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub fn load(&self, store: &dyn Store, now: Timestamp) -> Result<Loaded, StoreError> {
        let mut loaded = Loaded::default();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = store.table_scan(TableId::ListEntries, after.as_deref(), PAGE_ROWS_MAX)?;
            for row in &rows {
                let entry = ListEntry::decode(&row.value);
                if entry.as_ref().is_some_and(|entry| entry.has_expired(now)) {
                    loaded.expired += 1;
                } else if entry.is_some_and(|entry| self.put(&entry).is_ok()) {
                    loaded.entries += 1;
                } else {
                    loaded.refused += 1;
                }
            }
            match rows.into_iter().next_back() {
                Some(last) => after = Some(last.key),
                None => return Ok(loaded),
            }
        }
    }

    fn place(&self, entry: &ListEntry) -> u64 {
        mix(self.key, entry.member.map_or(0, Pseudonym::hot), entry.number.hot())
    }

    fn in_force(&self, place: u64, now: Timestamp) -> ListKinds {
        let Some(ends) = self.ends.get(&place) else {
            return ListKinds::default();
        };
        let now = second(now);
        let in_force = ListKind::ALL.into_iter().filter(|kind| ends[kind.index()] > now);
        in_force.fold(ListKinds::default(), ListKinds::with)
    }
}

impl ListFilter {
    fn lets(&self, entry: &ListEntry) -> bool {
        self.member.is_none_or(|member| entry.member == Some(member))
            && self.number.is_none_or(|number| entry.number == number)
            && self.kind.is_none_or(|kind| entry.kind == kind)
    }
}

const DAMAGED: StoreError = StoreError::Malformed { what: "list entry" };

/// The second since 1970, from 1 up to before [`FOR_EVER`]: expiry is exact to the second.
fn second(time: Timestamp) -> u32 {
    let seconds = time.as_seconds().clamp(1, i64::from(FOR_EVER) - 1);
    u32::try_from(seconds).unwrap_or(1)
}

#[cfg(test)]
#[path = "lists/tests.rs"]
mod tests;
