//! The engine's outbox, in words, for what pushes notices to the provider's mailer.

use std::sync::Arc;

use super::Live;
use crate::api::abuse::AbuseDesk;
use crate::api::convert::notice;
use crate::api::engine::Engine;
use crate::api::outbox::{NoticeId, Outbox, OutboxNotice};
use crate::api::status::Failure;
use crate::reports;
use crate::texts::Texts;

/// Notices of an engine, in the languages of some texts.
pub struct Notices {
    engine: Arc<Live>,
    texts: Arc<Texts>,
}

impl Notices {
    /// Those of an engine.
    #[must_use]
    pub const fn new(engine: Arc<Live>, texts: Arc<Texts>) -> Self {
        Self { engine, texts }
    }
}

impl Outbox for Notices {
    fn pending(&self, limit: usize) -> Result<Vec<OutboxNotice>, Failure> {
        let policy = self.engine.policy();
        let contact = policy.policy().redress().contact();
        let pending = self.engine.notices(None, limit)?;
        let told = pending.iter().map(|one| OutboxNotice {
            id: one.id.0,
            created: one.row.created,
            body: notice::json(one, &self.texts, contact),
        });
        Ok(told.collect())
    }

    fn acknowledge(&self, ids: &[NoticeId]) -> Result<(), Failure> {
        let ids: Vec<reports::NoticeId> = ids.iter().copied().map(reports::NoticeId).collect();
        self.engine.acknowledge_notices(&ids).map(drop)
    }
}
