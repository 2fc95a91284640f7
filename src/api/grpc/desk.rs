//! The services of the abuse desk, and the outbox.

mod appeal;
mod case;
mod measure;
mod notice;

pub(super) use appeal::Appeals;
pub(super) use case::Cases;
pub(super) use measure::Measures;
pub(super) use notice::Notices;
