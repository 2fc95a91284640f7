//! The limiter: may this member spend this now? A leaky bucket per member and resource, kept as a level in
//! units of cost, so that a changed limit applies to the level a member already has. The answer is never
//! an error: within, not until that instant, never.
//!
//! [`Members`] is all of it that lives in memory of who is active: four levels in a row of 40 bytes that nobody can
//! drive out, and beside them what a member pulls at contended resources ([`share`]).

mod bucket;
pub mod catalog;
pub mod cost;
mod holds;
pub mod members;
mod month;
mod quota;
mod reserve;
mod row;
pub mod share;
mod untold;

use crate::verdict::{QuotaOutcome, QuotaStatus, Resource};

pub use bucket::Limit;
pub use cost::Costs;
pub use holds::WrongHolds;
pub use members::{Locked, Members, Party, Slowest, row_key};
pub use month::MonthTerms;
pub use quota::Allowance;
pub use reserve::Reservation;
pub use row::{Limits, limits, slowest};
pub use untold::{Company, PARTS, Steps, Telling, Told, UNTOLD_MAX, Untold, part_of};

/// The limits of a member, in the order of [`Resource::ALL`]; `None` is no limit.
pub type Allowances = [Option<Allowance>; Resource::ALL.len()];
/// How the asked quotas stand, in the order of [`Resource::ALL`]; `None` where there is no limit.
pub type Statuses = [Option<QuotaStatus>; Resource::ALL.len()];

/// True when every quota that was asked is within.
#[must_use]
pub fn admits(statuses: &Statuses) -> bool {
    statuses.iter().flatten().all(|status| status.outcome == QuotaOutcome::Within)
}
