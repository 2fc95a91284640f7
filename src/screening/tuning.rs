//! Tuning: limits tried on what was recorded before they are in force, and beside live traffic.

mod found;
mod rehearsal;

pub use found::{Affected, Found};
pub use rehearsal::{Candidate, Rehearsal, Rehearsed};

use crate::memory::Memory;
use crate::memory::usage::UsageExtent;
use crate::store::StoreError;
use crate::time::Timestamp;

/// Tries a limit on everything that the usage log holds, and tells of what came since that time. Reads the store.
///
/// # Errors
/// [`StoreError`].
pub fn what_if(
    memory: &Memory,
    candidate: Candidate,
    (since, now): (Timestamp, Timestamp),
) -> Result<(Found, UsageExtent), StoreError> {
    let mut rehearsal = Rehearsal::new(memory, candidate, now);
    let mut counting = false;
    let extent = memory.read_usage(Timestamp::default(), &mut |one| {
        // What came before is spent too.
        if !counting && one.time >= since {
            counting = true;
            rehearsal.begin_to_count();
        }
        let _rehearsed = rehearsal.feed(memory, one);
    })?;
    if !counting {
        rehearsal.begin_to_count();
    }
    Ok((rehearsal.found().clone(), extent))
}
