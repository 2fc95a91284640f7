//! The operators' services.

mod campaign;
mod decision;
mod directory;
mod held;
mod limit;
mod limit_tuning;
mod list;
mod policy;
mod watch;

pub(super) use campaign::Campaigns;
pub(super) use decision::Decisions;
pub(super) use directory::DirectoryFeed;
pub(super) use held::HeldFaxes;
pub(super) use limit::Limits;
pub(super) use limit_tuning::LimitTuning;
pub(super) use list::ListEntries;
pub(super) use policy::Policies;
