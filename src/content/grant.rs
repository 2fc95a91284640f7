//! A grant: leave for one look at one fax. The journal entry comes first, so there is no grant without one.

use super::journal::{ACTOR_BYTES_MAX, Journal, JournalFault, Opening};
use crate::fax::id::DecisionId;

/// Leave for one look at one fax. Neither copied nor cloned nor made by hand; the look takes it by value.
///
/// ```compile_fail
/// use faxguard::content::grant::Grant;
/// use faxguard::fax::id::DecisionId;
/// let forged = Grant { decision: DecisionId([0; 16]) };
/// ```
///
/// ```compile_fail
/// use faxguard::content::grant::Grant;
/// fn twice(grant: Grant) -> (Grant, Grant) {
///     (grant.clone(), grant)
/// }
/// ```
#[must_use = "a grant that is not used was journalled for nothing"]
pub struct Grant {
    decision: DecisionId,
}

impl Grant {
    /// Writes the opening into the journal and grants it.
    ///
    /// # Errors
    /// [`JournalFault`]: what cannot be journalled is not granted.
    pub fn request(journal: &dyn Journal, opening: &Opening) -> Result<Self, JournalFault> {
        let bytes = opening.actor.len();
        if !(1..=ACTOR_BYTES_MAX).contains(&bytes) {
            return Err(JournalFault::Actor { bytes });
        }
        journal.write(opening)?;
        Ok(Self { decision: opening.decision })
    }

    /// The fax it is for.
    pub const fn decision(&self) -> DecisionId {
        self.decision
    }
}
