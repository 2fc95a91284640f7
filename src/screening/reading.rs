//! The service reads a fax itself, for a node that cannot make its fingerprints: where the policy lets it, where an answer
//! wants them, once, and journalled first. What comes of it changes no verdict until a stage brings it.

use thiserror::Error;

use super::SeenPage;
use crate::bounds::FINGERPRINT_PAGES_MAX;
use crate::content::decode::Undecodable;
use crate::content::fingerprint::{FingerprintKey, Maps, PageReading, epochs_at};
use crate::content::grant::Grant;
use crate::content::journal::{JournalFault, Opening};
use crate::content::sealed::{NoFingerprint, SealedFax};
use crate::memory::Memory;
use crate::memory::looks::{Leave, NoLeave, SERVICE_ACTOR};
use crate::time::Timestamp;
use crate::verdict::ContentPurpose;

/// Why no look was taken at a fax.
#[derive(Debug, Error)]
pub enum Unread {
    /// The policy has nodes do it.
    #[error("policy does not let the service read pages")]
    NotAllowed,
    /// No answer gives leave.
    #[error(transparent)]
    NoLeave(#[from] NoLeave),
    /// The look could not be journalled.
    #[error(transparent)]
    Journal(#[from] JournalFault),
}

/// Why nothing could be read of a fax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// The file is none of a fax.
    #[error(transparent)]
    File(NoFingerprint),
    /// None of its pages can be decoded; why not the first.
    #[error(transparent)]
    Page(Undecodable),
}

/// A look that was taken.
pub struct Reading {
    /// Why.
    pub purpose: ContentPurpose,
    /// The pages that have fingerprints.
    pub pages: Result<Vec<SeenPage>, Unreadable>,
}

/// Reads the first pages of a fax and forgets it. No further page is begun once `goes_on` says no. Waits for the disk.
///
/// # Errors
/// [`Unread`]: nothing was looked at.
pub fn read_fax(
    memory: &Memory,
    fax: &SealedFax,
    now: Timestamp,
    mut goes_on: impl FnMut() -> bool,
) -> Result<Reading, Unread> {
    let (decision, generation) = (fax.decision(), memory.generations().current());
    if !generation.policy().fingerprints().service_reads {
        return Err(Unread::NotAllowed);
    }
    let leave = memory.take_leave(decision)?;
    let Leave { purpose, ink_map } = leave;
    let actor = SERVICE_ACTOR.to_owned();
    let opening = Opening { decision, purpose, actor, generation: generation.number(), time: now };
    let grant =
        Grant::request(memory, &opening).inspect_err(|_| memory.give_back(decision, leave))?;
    memory.touched(decision, leave);
    let key = |epoch| FingerprintKey::new(epoch, memory.keys().page_secret(epoch));
    let maps = if ink_map { Maps::With } else { Maps::Without };
    let goes_on = |page| page < FINGERPRINT_PAGES_MAX && goes_on();
    let read = fax.fingerprints_while(grant, &epochs_at(now).map(key), maps, goes_on);
    Ok(Reading { purpose, pages: read.map_err(Unreadable::File).and_then(seen) })
}

/// The pages that have fingerprints, of those that were read.
fn seen(read: Vec<Result<PageReading, Undecodable>>) -> Result<Vec<SeenPage>, Unreadable> {
    let first = read.first().and_then(|page| page.as_ref().err()).copied();
    if let Some(undecodable) = first.filter(|_| read.iter().all(Result::is_err)) {
        return Err(Unreadable::Page(undecodable));
    }
    let made = (1..).zip(read).filter_map(|(number, page)| {
        let fingerprints = page.ok()?.fingerprints.ok()?;
        Some(SeenPage { number, fingerprints })
    });
    Ok(made.collect())
}
