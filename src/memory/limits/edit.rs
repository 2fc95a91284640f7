//! Edits of limits at run time: durable when they return, and in force. Each is based on a version, so that of two who edit
//! at once the second is told to look again; each is in the history, with who and why.

use thiserror::Error;

use super::setting::{Change, LimitKey, Scope, Setting};
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
        let setting = row.and_then(|row| Setting::decode(&mut row.value.as_slice()));
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
            Some((key, Setting::decode(&mut row.value.as_slice())?))
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
