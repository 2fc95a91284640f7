//! Tuning behind the service: the usage log, and what is tried on it.

use super::limits::refused;
use super::{Live, of_store};
use crate::api::status::Failure;
use crate::api::tuning_desk::{Restored, TopOf, TuningDesk};
use crate::memory::limits::Hand;
use crate::screening::tuning::{Candidate, Found, Trial, top, what_if};
use crate::time::Span;
use crate::verdict::{QuotaHolder, Resource};

/// The slots of shadows, as a label names them.
const SLOTS: [&str; crate::bounds::SHADOWS_MAX] = ["1", "2", "3", "4"];

impl TuningDesk for Live {
    fn try_limit(&self, candidate: Candidate, window: Span) -> Result<Found, Failure> {
        // Each reads the whole log: a second one would only take longer.
        let _one = self.trying.try_lock().ok_or(Failure::Overloaded)?;
        let now = self.now();
        let tried = what_if(&self.memory, candidate, (now.minus(window), now));
        tried.map(|(found, _)| found).map_err(|fault| of_store(&fault))
    }

    fn limit_trials(&self) -> (Vec<Trial>, u64) {
        (self.tuning.trials(), *self.memory.limiting().editing())
    }

    fn restore_limit(&self, change: u64, hand: Hand<'_>) -> Result<Restored, Failure> {
        let restored = self.memory.restore_limit(change, hand, self.now());
        let (version, key, setting) = restored.map_err(|fault| refused(&fault))?;
        Ok(Restored { version, key, setting })
    }

    fn top_users(&self, of: (QuotaHolder, Resource), window: Span) -> Result<TopOf, Failure> {
        let _one = self.trying.try_lock().ok_or(Failure::Overloaded)?;
        let used = top(&self.memory, of, self.now().minus(window));
        let (top, extent) = used.map_err(|fault| of_store(&fault))?;
        Ok((top, (extent.count > 0).then_some((extent.from, extent.to))))
    }
}

impl Live {
    /// How often each shadow would have stood in somebody's way since it began; 0 of those that are none.
    #[must_use]
    pub fn shadows_stood(&self) -> [(&'static str, u64); SLOTS.len()] {
        let mut stood = SLOTS.map(|slot| (slot, 0));
        for (slot, times) in self.tuning.stood() {
            if let Some(place) = stood.get_mut(usize::from(slot).wrapping_sub(1)) {
                place.1 += times;
            }
        }
        stood
    }
}
