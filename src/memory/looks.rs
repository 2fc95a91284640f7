//! Leave for the service itself to look at a fax: where the latest answer wants its fingerprints, once for them and once
//! more for their maps. The journal says which leave was taken, so that it stays taken over a restart.

use thiserror::Error;

use super::Memory;
use super::open::OpenDecision;
use crate::content::journal::Opening;
use crate::fax::id::DecisionId;
use crate::features::Feature;
use crate::verdict::ContentPurpose;

/// Whom the journal names where the service looks.
pub const SERVICE_ACTOR: &str = "screening service";

/// Leave for one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leave {
    /// Why the answer wanted the fingerprints.
    pub purpose: ContentPurpose,
    /// Whether it wanted their maps too.
    pub ink_map: bool,
}

/// Why there is no leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoLeave {
    /// No answer about the fax is remembered, or the latest wants nothing.
    #[error("no fingerprints of that fax are wanted")]
    NotWanted,
    /// That look was taken.
    #[error("that fax was read already")]
    Taken,
}

/// Looks that were taken at a fax, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks(u8);

impl Looks {
    const fn bit(leave: Leave) -> u8 {
        if leave.ink_map { 2 } else { 1 }
    }

    /// True when none was.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn has(self, leave: Leave) -> bool {
        self.0 & Self::bit(leave) != 0
    }

    const fn with(self, leave: Leave) -> Self {
        Self(self.0 | Self::bit(leave))
    }

    const fn without(self, leave: Leave) -> Self {
        Self(self.0 & !Self::bit(leave))
    }
}

impl Memory {
    /// Takes leave for a look, for nobody else to take.
    ///
    /// # Errors
    /// [`NoLeave`].
    pub fn take_leave(&self, decision: DecisionId) -> Result<Leave, NoLeave> {
        let mut open = self.open.lock_known(decision).ok_or(NoLeave::NotWanted)?;
        let leave = self.leave(&open, decision).ok_or(NoLeave::NotWanted)?;
        if open.looks.has(leave) {
            return Err(NoLeave::Taken);
        }
        open.looks = open.looks.with(leave);
        Ok(leave)
    }

    /// Gives a leave back of which nothing came: the look was not journalled, and so was not taken.
    pub fn give_back(&self, decision: DecisionId, leave: Leave) {
        if let Some(mut open) = self.open.lock_known(decision) {
            open.looks = open.looks.without(leave);
        }
    }

    /// Counts a fax whose content was touched, once it was journalled: with its first look.
    pub fn touched(&self, decision: DecisionId, leave: Leave) {
        if let Some(open) = self.open.lock_known(decision)
            && open.looks.without(leave).is_empty()
            && !open.kept.is(Feature::InkMapLooked)
        {
            self.wishes.touch();
        }
    }

    /// A look as the journal has it, after a restart.
    pub(super) fn replay_look(&self, opening: &Opening) {
        let decision = opening.decision;
        let taken = (opening.actor == SERVICE_ACTOR).then(|| self.take_leave(decision).ok());
        if let Some(leave) = taken.flatten() {
            self.touched(decision, leave);
        }
    }

    fn leave(&self, open: &OpenDecision, decision: DecisionId) -> Option<Leave> {
        let verdict = open.answers.last()?.again(decision, &self.names())?;
        let purpose = verdict.fingerprint?;
        Some(Leave { purpose, ink_map: verdict.ink_map })
    }
}
