//! The outbox, as what delivers notices sees it: whatever is pending stays so until it is acknowledged.

use super::status::Failure;
use crate::time::Timestamp;

/// The id of a notice, the same however often it is handed out.
pub type NoticeId = [u8; 16];

/// A notice that waits to be delivered.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxNotice {
    /// Its id.
    pub id: NoticeId,
    /// When it was written.
    pub created: Timestamp,
    /// The notice itself: the JSON of `faxguard.notice.v1.Notice`.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for OutboxNotice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What it says is for its recipient.
        f.debug_struct("OutboxNotice").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What hands out notices. Both calls may wait for a disk, and are made on a thread that may.
pub trait Outbox: Send + Sync {
    /// The oldest notices that are not acknowledged, oldest first, at most `limit`. They stay pending.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn pending(&self, limit: usize) -> Result<Vec<OutboxNotice>, Failure>;

    /// Takes notices out for good; durable when it is answered. One that is not there is passed over.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`]: they stay pending.
    fn acknowledge(&self, ids: &[NoticeId]) -> Result<(), Failure>;
}
