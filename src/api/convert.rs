//! Wire to domain and back. Reading collects every fault of a message, names the field and never repeats
//! what stood in it; every generated field is named, so that a new one breaks the build here.

pub mod abuse;
pub mod campaign;
pub mod charge;
pub mod complaint;
pub mod decision;
pub mod directory;
pub mod event_json;
pub mod export;
pub mod fault;
pub mod fingerprint;
pub mod held;
pub mod limit;
pub mod limit_tuning;
pub mod list;
mod member;
pub mod notice;
pub mod paging;
pub mod policy;
pub mod rate_limit;
mod read;
pub mod reading;
pub mod report;
pub mod screening;
mod stage;
pub mod told;
pub mod usage;
pub mod verdict;
mod wall;

pub use fault::{FieldFault, InvalidField, InvalidRequest};
pub use wall::Wall;

/// Which clock a decision runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockMode {
    /// A serving system: the server's clock; a node's event time is checked and not believed.
    Server,
    /// Replay and demonstration: the event time is the clock, and so it is required.
    Event,
}
