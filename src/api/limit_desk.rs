//! What the service of limits asks of the engine: what is set over the policy, and edits of it.

use super::status::Failure;
use crate::memory::limits::{Change, Hand, LimitKey, Setting};

/// What is set at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsSet {
    /// The version of it.
    pub version: u64,
    /// What holds now, in the order of the keys.
    pub settings: Vec<(LimitKey, Setting)>,
    /// Key of the last row that was looked at, where there may be more.
    pub next: Option<Vec<u8>>,
}

/// Limits that are set while the service runs. An edit is durable and in force when it is answered.
pub trait LimitDesk {
    /// What is set, after a key, of so many rows.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn limits_set(&self, after: Option<&[u8]>, limit: usize) -> Result<LimitsSet, Failure>;

    /// Sets a limit over that version, and says the version that this makes.
    ///
    /// # Errors
    /// [`Failure::StaleEtag`], [`Failure::NothingToDo`], [`Failure::StoreUnavailable`].
    fn set_limit(&self, key: LimitKey, setting: &Setting, based_on: u64) -> Result<u64, Failure>;

    /// Takes back what was set, and says the version that this makes.
    ///
    /// # Errors
    /// [`Failure::StaleEtag`], [`Failure::NotFound`], [`Failure::StoreUnavailable`].
    fn unset_limit(&self, key: LimitKey, hand: Hand<'_>) -> Result<u64, Failure>;

    /// The changes after a version, the oldest first.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn limit_changes(&self, after: u64, limit: usize) -> Result<Vec<Change>, Failure>;
}
