//! Edits of limits at run time: durable when they return, and in force. Each is based on a version, so that of two who edit
//! at once the second is told to look again; each is in the history, with who and why.

use thiserror::Error;

use super::Limiting;
use super::setting::{Change, LimitKey, Part, Scope, Setting};
use crate::bounds::SHADOWS_MAX;
use crate::memory::Memory;
use crate::memory::edit::EditFault;
use crate::store::table::RetentionClass;
use crate::store::{EntryKind, StoreError, TableId, TableWrite};
use crate::time::Timestamp;

/// What is set, limit by limit.
pub type Settings = Vec<(LimitKey, Setting)>;

/// Rows of a table read at a time.
const PAGE_ROWS: usize = 10_000;

/// Why an edit of a limit is not in force. Nothing was changed.
#[derive(Debug, Error)]
pub enum LimitFault {
    /// Somebody was faster.
    #[error("the limits have changed to version {version} (read them and edit again)")]
    Stale {
        /// The version in force.
        version: u64,
    },
    /// Nothing was set of that limit.
    #[error("nothing is set of that limit")]
    NotSet,
    /// As many members have limits of their own as may.
    #[error("as many members have limits of their own as may")]
    Full,
    /// As many limits are tried beside live traffic as may be.
    #[error("as many limits are tried beside live traffic as may be")]
    ShadowsFull,
    /// Another quota of the same holders is tried on some of them.
    #[error("another quota of the same holders is tried on some of them (take it back first)")]
    OtherCanary,
    /// The history has no change of that number.
    #[error("the history has no such change")]
    NoChange,
    /// It could not be made durable.
    #[error(transparent)]
    Edit(#[from] EditFault),
}

/// Who edits, and why.
#[derive(Clone, Copy, Debug)]
pub struct Hand<'a> {
    /// Who: 1 to 64 bytes.
    pub author: &'a str,
    /// Why: 1 to 256 bytes.
    pub reason: &'a str,
    /// The version that the edit is based on.
    pub based_on: u64,
}

impl Memory {
    /// Sets a limit, and says the version that this makes.
    ///
    /// # Errors
    /// [`LimitFault`].
    pub fn set_limit(
        &self,
        key: LimitKey,
        setting: &Setting,
        based_on: u64,
        now: Timestamp,
    ) -> Result<u64, LimitFault> {
        let hand = Hand { author: &setting.author, reason: &setting.reason, based_on };
        self.change_limit(key, Some(setting), hand, now)
    }

    /// Takes back what was set of a limit, and says the version that this makes.
    ///
    /// # Errors
    /// [`LimitFault`].
    pub fn unset_limit(
        &self,
        key: LimitKey,
        hand: Hand<'_>,
        now: Timestamp,
    ) -> Result<u64, LimitFault> {
        self.change_limit(key, None, hand, now)
    }

    fn change_limit(
        &self,
        key: LimitKey,
        setting: Option<&Setting>,
        hand: Hand<'_>,
        now: Timestamp,
    ) -> Result<u64, LimitFault> {
        let limiting = self.limiting();
        let mut version = limiting.editing();
        if hand.based_on != *version {
            return Err(LimitFault::Stale { version: *version });
        }
        if setting.is_none() && self.limit_setting(key, now).map_err(EditFault::Read)?.is_none() {
            return Err(LimitFault::NotSet);
        }
        if let (Scope::Member(member), Some(_)) = (key.scope, setting)
            && !limiting.own().has_room_for(member.hot())
        {
            return Err(LimitFault::Full);
        }
        if setting.is_some() {
            room_for(limiting, key, now)?;
        }
        let change = Change {
            version: *version + 1,
            time: now,
            author: hand.author.into(),
            reason: hand.reason.into(),
            key,
            setting: setting.cloned(),
        };
        let writes = vec![row(key, setting), self.history(&change)];
        self.commit_edit(EntryKind::Policy, Vec::new(), writes, now)?
            .wait()
            .map_err(EditFault::Commit)?;
        *version = change.version;
        limiting.put(key, setting, &self.generations, now);
        Ok(change.version)
    }

    /// Puts a limit back to what it was before a change of the history, and says the version that this makes, which limit, and
    /// what it was: nothing but the policy's where nothing was set then, or where that has expired.
    ///
    /// # Errors
    /// [`LimitFault`]; [`LimitFault::NotSet`] where it is so already.
    pub fn restore_limit(
        &self,
        change: u64,
        hand: Hand<'_>,
        now: Timestamp,
    ) -> Result<(u64, LimitKey, Option<Setting>), LimitFault> {
        let read = |after| self.limit_changes(after, PAGE_ROWS).map_err(EditFault::Read);
        let before = change.checked_sub(1).ok_or(LimitFault::NoChange)?;
        let found = self.limit_changes(before, 1).map_err(EditFault::Read)?;
        let found = found.into_iter().find(|one| one.version == change);
        let key = found.ok_or(LimitFault::NoChange)?.key;
        let (mut was, mut after) = (None, 0);
        loop {
            let page = read(after)?;
            let mut earlier = page.iter().filter(|one| one.version < change && one.key == key);
            if let Some(latest) = earlier.next_back() {
                was = latest.setting.clone();
            }
            match page.last() {
                Some(last) if last.version < change => after = last.version,
                _ => break,
            }
        }
        let was = was.filter(|setting| setting.holds(now));
        let again = was.map(|setting| Setting {
            author: hand.author.into(),
            reason: hand.reason.into(),
            // Who is drawn for a canary is drawn by when it was set.
            set: if setting.canary.is_some() { setting.set } else { now },
            ..setting
        });
        let version = self.change_limit(key, again.as_ref(), hand, now)?;
        Ok((version, key, again))
    }

    /// What is set of a limit and holds at `now`. Reads the store.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn limit_setting(
        &self,
        key: LimitKey,
        now: Timestamp,
    ) -> Result<Option<Setting>, StoreError> {
        let row = self.store().table_get(TableId::LimitSettings, &key.encode())?;
        let setting = row.and_then(|row| Setting::decode(&key, &mut row.value.as_slice()));
        Ok(setting.filter(|setting| setting.holds(now)))
    }

    /// What is set and holds at `now`, in the order of its keys after that one: plans, other holders, members. Of so many
    /// rows, with the key of the last of them. Reads the store.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn limit_settings(
        &self,
        after: Option<&[u8]>,
        most: usize,
        now: Timestamp,
    ) -> Result<(Settings, Option<Vec<u8>>), StoreError> {
        let rows = self.store().table_scan(TableId::LimitSettings, after, most)?;
        let next = rows.last().map(|row| row.key.clone());
        let read = rows.iter().filter_map(|row| {
            let key = LimitKey::decode(&mut row.key.as_slice())?;
            let setting = Setting::decode(&key, &mut row.value.as_slice())?;
            Some((key, setting))
        });
        Ok((read.filter(|(_, setting)| setting.holds(now)).collect(), next))
    }

    /// The changes after a version, the oldest first, at most so many. Reads the store.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn limit_changes(&self, after: u64, most: usize) -> Result<Vec<Change>, StoreError> {
        let after = after.to_be_bytes();
        let rows = self.store().table_scan(TableId::LimitChanges, Some(&after), most)?;
        Ok(rows.iter().filter_map(|row| Change::decode(&row.key, &row.value)).collect())
    }

    fn history(&self, change: &Change) -> TableWrite {
        TableWrite::Put {
            table: TableId::LimitChanges,
            key: change.version.to_be_bytes().to_vec(),
            value: change.encode(),
            expires: self.expiry(RetentionClass::Policy, change.time),
            subject_key: None,
        }
    }
}

/// Whether there is room for what is to be tried.
fn room_for(limiting: &Limiting, key: LimitKey, now: Timestamp) -> Result<(), LimitFault> {
    match key.part {
        Part::Quota | Part::Off | Part::Month => Ok(()),
        Part::Shadow(_) => {
            let mut shadows = limiting.shadows(now);
            shadows.retain(|(other, _)| *other != key);
            if shadows.len() < SHADOWS_MAX { Ok(()) } else { Err(LimitFault::ShadowsFull) }
        }
        Part::Canary => {
            let other =
                |(other, _): &(LimitKey, Setting)| other.scope == key.scope && *other != key;
            let taken = limiting.canaries(now).iter().any(other);
            if taken { Err(LimitFault::OtherCanary) } else { Ok(()) }
        }
    }
}

fn row(key: LimitKey, setting: Option<&Setting>) -> TableWrite {
    let (table, key) = (TableId::LimitSettings, key.encode().to_vec());
    let Some(setting) = setting else { return TableWrite::Delete { table, key } };
    let mut value = Vec::new();
    setting.encode(&mut value);
    TableWrite::Put { table, key, value, expires: setting.expires, subject_key: None }
}

/// Brings back what was set, before the ledger is replayed.
pub(in crate::memory) fn load(memory: &Memory, now: Timestamp) -> Result<(), StoreError> {
    let limiting = memory.limiting();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let (settings, next) = memory.limit_settings(after.as_deref(), PAGE_ROWS, now)?;
        for (key, setting) in settings {
            limiting.remember(key, Some(&setting), now);
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    let mut version = 0;
    loop {
        let changes = memory.limit_changes(version, PAGE_ROWS)?;
        let Some(last) = changes.last() else { break };
        version = last.version;
    }
    *limiting.editing() = version;
    limiting.renew(&memory.generations, now);
    Ok(())
}
