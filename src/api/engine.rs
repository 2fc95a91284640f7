//! What the services ask of the engine below.

use std::sync::Arc;

use super::convert::Wall;
use crate::fax::stage::StageEvent;
use crate::policy::Generation;
use crate::verdict::Verdict;

/// The engine, as the wall sees it.
pub trait Engine: Send + Sync {
    /// What reading a request needs, at the present moment.
    fn wall(&self) -> Wall<'_>;

    /// Screens one stage: never waits, never fails.
    fn screen(&self, event: &StageEvent) -> Verdict;

    /// The policy in force.
    fn policy(&self) -> Arc<Generation>;
}
