//! How long a node waits at each stage: what a real call and a real server take without harm, with room to spare.

use std::time::Duration;

use crate::bounds;
use crate::fax::stage::StageKind;

/// Longest wait for a verdict at that stage; past it the node goes on without one.
#[must_use]
pub const fn deadline(stage: StageKind) -> Duration {
    Duration::from_millis(match stage {
        StageKind::CallOffered => bounds::NODE_CALL_OFFERED_MS,
        StageKind::Handshake => bounds::NODE_HANDSHAKE_MS,
        StageKind::Page => bounds::NODE_PAGE_MS,
        StageKind::Received => bounds::NODE_RECEIVED_MS,
        StageKind::JobSubmitted => bounds::NODE_JOB_MS,
        StageKind::Dialing => bounds::NODE_DIALING_MS,
        StageKind::DialResult => bounds::NODE_DIAL_RESULT_MS,
    })
}
