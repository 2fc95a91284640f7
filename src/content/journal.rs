//! The journal of content: who looked at which fax, why, when, under which policy. Written before the look.

use thiserror::Error;

use crate::fax::id::DecisionId;
use crate::time::Timestamp;
use crate::verdict::ContentPurpose;

/// Longest name of whoever looks, in bytes.
pub const ACTOR_BYTES_MAX: usize = 64;

/// One look, before it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The fax, by its decision.
    pub decision: DecisionId,
    /// Why: one of the policy's purposes. A machine has no other reason.
    pub purpose: ContentPurpose,
    /// Which part of the service looks, at most 64 bytes.
    pub actor: String,
    /// Policy generation in force.
    pub generation: u64,
    /// When.
    pub time: Timestamp,
}

/// Why a look was not journalled, and so is not granted.
#[derive(Debug, Error)]
pub enum JournalFault {
    /// The journal cannot be written.
    #[error("the content journal cannot be written, so no content is opened")]
    Unwritable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The name of the actor is empty or too long.
    #[error("actor of a look at content has {bytes} bytes (1 to {ACTOR_BYTES_MAX})")]
    Actor {
        /// Its length.
        bytes: usize,
    },
}

/// Where openings are written: durable when it returns.
pub trait Journal {
    /// Writes one opening.
    ///
    /// # Errors
    /// [`JournalFault`]; then nothing may be opened.
    fn write(&self, opening: &Opening) -> Result<(), JournalFault>;
}
