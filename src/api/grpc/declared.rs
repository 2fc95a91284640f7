//! The declared answer for a scorer that fails: a fault of ours never costs anybody a wanted fax.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::api::engine::Engine;
use crate::fax::stage::StageEvent;
use crate::screening::SeenPage;
use crate::verdict::Verdict;

/// What a scorer said, or that it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scored {
    /// Its verdict.
    Verdict(Verdict),
    /// It panicked; the declared verdict.
    Failed(Verdict),
}

/// Screens once; without pages where they came and there is no room to compare them. A panic is caught, so that it costs this one request its score and nothing else: the
/// engine's locks are let go as the stack unwinds, and its state is counters, right to within that one event.
pub(super) fn score(engine: &dyn Engine, event: &StageEvent, pages: Option<&[SeenPage]>) -> Scored {
    let screen = || match pages {
        Some(pages) => engine.screen(event, pages),
        None => engine.screen_uncompared(event),
    };
    match catch_unwind(AssertUnwindSafe(screen)) {
        Ok(verdict) => Scored::Verdict(verdict),
        Err(_) => Scored::Failed(engine.scorer_failed(event)),
    }
}
