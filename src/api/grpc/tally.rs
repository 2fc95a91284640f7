//! Counters of verdicts, one for each stage and action, made once so that counting a verdict is one addition.

use prometheus_client::metrics::counter::Counter;

use crate::fax::stage::StageKind;
use crate::metrics::Metrics;
use crate::verdict::{Action, Verdict};
use crate::wire::screening::v1::ScreenFaxRequest;
use crate::wire::screening::v1::screen_fax_request::Stage;

/// Pages whose fingerprints a request brings.
pub(super) fn pages_of(request: &ScreenFaxRequest) -> usize {
    match &request.stage {
        Some(Stage::Page(page)) => usize::from(page.fingerprint.is_some()),
        Some(Stage::Received(received)) => received.fingerprints.len(),
        Some(Stage::JobSubmitted(job)) => job.fingerprints.len(),
        Some(Stage::Dialing(dialing)) => dialing.fingerprints.len(),
        Some(Stage::CallOffered(_) | Stage::Handshake(_) | Stage::DialResult(_)) | None => 0,
    }
}

/// The counters.
#[derive(Debug)]
pub(super) struct Tally {
    verdicts: Vec<Counter>,
    wishes: [Counter; 2],
    pages: [Counter; 3],
}

impl Tally {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let mut verdicts = Vec::with_capacity(StageKind::ALL.len() * Action::ALL.len());
        for stage in StageKind::ALL {
            for action in Action::ALL {
                let labels = [("stage", stage.name()), ("action", action.name())];
                verdicts.push(metrics.verdicts.get_or_create_owned(&labels));
            }
        }
        let wished = |what| metrics.fingerprint_wishes.get_or_create_owned(&[("what", what)]);
        let came = |what| metrics.fingerprints.get_or_create_owned(&[("what", what)]);
        let pages = ["received", "refused", "not-compared"].map(came);
        let wishes = ["marks", "ink-map"].map(wished);
        Self { verdicts, wishes, pages }
    }

    /// Counts the fingerprints of a request that was refused, for whatever fault.
    pub(super) fn refused(&self, request: &ScreenFaxRequest) {
        let [_, refused, _] = &self.pages;
        refused.inc_by(u64::try_from(pages_of(request)).unwrap_or(u64::MAX));
    }

    /// Counts the pages of a stage that there was no room to compare.
    pub(super) fn uncompared(&self, pages: usize) {
        let [.., uncompared] = &self.pages;
        uncompared.inc_by(u64::try_from(pages).unwrap_or(u64::MAX));
    }

    /// Counts a verdict, and the pages that were compared for it.
    pub(super) fn count(&self, verdict: &Verdict, pages: usize) {
        let [received, ..] = &self.pages;
        // All threads count here: to add nothing would still take the counter from the others.
        if pages > 0 {
            received.inc_by(u64::try_from(pages).unwrap_or(u64::MAX));
        }
        let wanted = [verdict.fingerprint.is_some(), verdict.ink_map];
        for (wish, wanted) in self.wishes.iter().zip(wanted) {
            if wanted && !verdict.repeated {
                wish.inc();
            }
        }
        // Stages and actions are numbered from one in the order of their lists.
        let stage = usize::from(verdict.stage as u8 - 1);
        let action = usize::from(verdict.action as u8 - 1);
        if let Some(counter) = self.verdicts.get(stage * Action::ALL.len() + action) {
            counter.inc();
        }
    }
}
