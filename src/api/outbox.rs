//! The outbox, as what delivers notices sees it: whatever is pending stays so until it is acknowledged.

use std::sync::Arc;

use super::convert;
use super::engine::Engine;
use super::status::Failure;
use crate::reports;
use crate::texts::Texts;
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

/// The outbox of the engine, in the words of its notices.
pub struct EngineOutbox {
    /// What keeps it.
    pub engine: Arc<dyn Engine>,
    /// What notices say.
    pub texts: Arc<Texts>,
}

impl std::fmt::Debug for EngineOutbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EngineOutbox")
    }
}

impl Outbox for EngineOutbox {
    fn pending(&self, limit: usize) -> Result<Vec<OutboxNotice>, Failure> {
        let policy = self.engine.policy();
        let contact = policy.policy().redress().contact();
        let notices = self.engine.notices(None, limit)?;
        let told = notices.iter().map(|notice| {
            let body = convert::notice::to_json(notice, &self.texts, contact)?;
            Some(OutboxNotice { id: notice.id.0, created: notice.row.created, body })
        });
        told.collect::<Option<_>>().ok_or(Failure::Internal)
    }

    fn acknowledge(&self, ids: &[NoticeId]) -> Result<(), Failure> {
        let ids: Vec<_> = ids.iter().copied().map(reports::NoticeId).collect();
        self.engine.acknowledge_notices(&ids).map(drop)
    }
}
