//! The routing node's side: a client that never fails, the hooks of fax servers, and a pipe for everything else.

mod allowance;
mod answer;
mod breaker;
mod client;
mod deadline;
mod digest;
mod fingerprint;
mod hylafax;
mod journal;
pub mod outcome;
mod parties;
mod pipe;
mod report;
mod reuse;
pub mod session;
mod standby;
mod state;
pub mod tiff;

pub use answer::{Answer, Basis, Cause, Said};
pub use client::Client;
pub use deadline::deadline;
pub use hylafax::queue_file;
pub use standby::{RULE_REUSED, RULE_UNSCORED};

use crate::operator::Command;

/// The commands of this room.
pub const COMMANDS: &[Command] = &[
    hylafax::DYNAMIC_CONFIG,
    hylafax::TSI_RECEIVED,
    hylafax::FAX_RECEIVED,
    hylafax::JOB_CONTROL,
    hylafax::NOTIFY,
    pipe::PIPE,
    report::USAGE,
];
