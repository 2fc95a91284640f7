//! Counters of verdicts, one for each stage and action, made once so that counting a verdict is one addition.

use prometheus_client::metrics::counter::Counter;

use crate::fax::stage::StageKind;
use crate::metrics::Metrics;
use crate::verdict::{Action, Verdict};

/// The counters.
#[derive(Debug)]
pub(super) struct Tally {
    verdicts: Vec<Counter>,
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
        Self { verdicts }
    }

    pub(super) fn count(&self, verdict: &Verdict) {
        // Stages and actions are numbered from one in the order of their lists.
        let stage = usize::from(verdict.stage as u8 - 1);
        let action = usize::from(verdict.action as u8 - 1);
        if let Some(counter) = self.verdicts.get(stage * Action::ALL.len() + action) {
            counter.inc();
        }
    }
}
