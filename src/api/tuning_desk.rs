//! What the service of tuning asks of the engine: limits tried on what was used, changes taken back, and who used most.

use super::status::Failure;
use crate::memory::limits::{Hand, LimitKey, Setting};
use crate::screening::tuning::{Candidate, Found, Top, Trial};
use crate::time::{Span, Timestamp};
use crate::verdict::{QuotaHolder, Resource};

/// A limit that is what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The version that this made.
    pub version: u64,
    /// Which limit.
    pub key: LimitKey,
    /// What is set again.
    pub setting: Option<Setting>,
}

/// Who used most, and the times of the first and the last use, where there was any.
pub type TopOf = (Top, Option<(Timestamp, Timestamp)>);

/// Tuning. All of it reads the store.
pub trait TuningDesk {
    /// What a limit would have done in the last so much time. Changes nothing.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn try_limit(&self, candidate: Candidate, window: Span) -> Result<Found, Failure>;

    /// What is tried beside live traffic, and the version of what is set.
    fn limit_trials(&self) -> (Vec<Trial>, u64);

    /// Puts a limit back to what it was before a change.
    ///
    /// # Errors
    /// [`Failure::StaleEtag`], [`Failure::NotFound`], [`Failure::StoreUnavailable`].
    fn restore_limit(&self, change: u64, hand: Hand<'_>) -> Result<Restored, Failure>;

    /// Who used most in the last so much time.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn top_users(&self, of: (QuotaHolder, Resource), window: Span) -> Result<TopOf, Failure>;
}
