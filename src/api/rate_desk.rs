//! What the rate limit service asks of the engine: quotas of whoever a descriptor names, spent of all of them or of none.

use crate::limiter::Limit;
use crate::time::Timestamp;
use crate::verdict::{QuotaHolder, QuotaStatus, Resource};

/// One quota that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The name that the policy has for such a descriptor.
    pub name: &'static str,
    /// Whose.
    pub holder: QuotaHolder,
    /// The holder's hot key.
    pub hot: u64,
    /// Of what.
    pub resource: Resource,
    /// How much; 0 only asks.
    pub cost: u64,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stands {
    /// The answer, before anything was spent.
    pub status: QuotaStatus,
    /// The limit in force.
    pub limit: Limit,
}

/// Quotas for proxies. Never waits for a disk, never fails.
pub trait RateDesk {
    /// Spends what was asked of all quotas, where each has enough, or else of none; and how each stands, `None` where there
    /// is no limit or it is off.
    fn spend(&self, asked: &[Asked]) -> (Timestamp, Vec<Option<Stands>>);

    /// Spends one, where there is enough; how it stands.
    fn charge(&self, asked: &Asked) -> (Timestamp, Option<Stands>) {
        let (now, mut stands) = self.spend(std::slice::from_ref(asked));
        (now, stands.pop().flatten())
    }
}
