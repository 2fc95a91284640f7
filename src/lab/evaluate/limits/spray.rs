//! A spray of keys that nobody has met before on a table that is full: whether it frees anybody of what he spent, and what it takes.

use crate::lab::evaluate::screening::engine::{Fault, resident, rounded};
use crate::lab::evaluate::{Measured, Run, Scale};
use crate::limiter::members::Place;
use crate::limiter::{Allowance, Allowances, Costs, Limits, Members, admits, limits};
use crate::memory::limits::MEMBERS_BYTES;
use crate::time::{DAY_SECONDS, Span};

use super::sides::{at, key};
use super::{MIB, SEED, row};

const SCALES: [&str; 2] = [
    "10 million random keys on a full table of 256 MiB",
    "300,000 random keys on a full table of 16 MiB",
];
/// Faxes at once, and a day.
const BURST: u64 = 10;
/// Sprayed keys between two steps of the hand.
const STEP: u64 = 1_024;

struct Size {
    bytes: usize,
    exhausted: u64,
    sprayed: u64,
}

impl Size {
    const fn of(scale: Scale) -> Self {
        match scale {
            Scale::Full => Self { bytes: MEMBERS_BYTES, exhausted: 10_000, sprayed: 10_000_000 },
            Scale::Quick => Self { bytes: 16 << 20, exhausted: 1_000, sprayed: 300_000 },
        }
    }
}

/// What was found.
struct Found {
    /// Exhausted members that may send again.
    freed: u64,
    /// Bytes of the table at the end, and by how much the resident set grew.
    bytes: usize,
    resident: u64,
    /// Members with a row.
    rows: usize,
    /// Keys of the spray that got a row, and those of the others that were let through.
    own: u64,
    shared: u64,
}

fn measure(size: &Size, seed: u64) -> Result<Found, Fault> {
    let before = resident()?;
    let mut allowances: Allowances = [None; 4];
    allowances[0] =
        Some(Allowance { rate: BURST, period: Span::seconds(DAY_SECONDS), burst: BURST });
    let limits: Limits = limits(&allowances);
    let members = Members::of_bytes(size.bytes, limits);
    let one = Costs([1, 0, 0, 0]);
    for number in 0..size.exhausted {
        let spent = Costs([BURST, 0, 0, 0]);
        members.with(key(seed, number), &limits, at(0), |visit| visit.admit(spent));
    }
    // Other members until there is no room for one more, and then as many as there are slots that nobody has met.
    let fill = u64::try_from(size.bytes / 40)?;
    let (mut own, mut shared, mut tick) = (0, 0, 0);
    for number in size.exhausted..size.exhausted + fill + size.sprayed {
        tick += 1;
        let (place, admitted) = members.with(key(seed, number), &limits, at(tick), |visit| {
            (visit.place(), admits(&visit.admit(one)))
        });
        if number >= size.exhausted + fill {
            own += u64::from(place == Place::Own);
            shared += u64::from(place == Place::Shared && admitted);
        }
        if number.is_multiple_of(STEP) {
            members.turn_hand(at(tick));
        }
    }
    let freed = (0..size.exhausted)
        .filter(|number| {
            members.with(key(seed, *number), &limits, at(tick), |visit| {
                visit.place() == Place::Shared || admits(&visit.check(one))
            })
        })
        .count();
    Ok(Found {
        freed: u64::try_from(freed)?,
        bytes: members.bytes(),
        resident: resident()?.saturating_sub(before),
        rows: members.len(),
        own,
        shared,
    })
}

/// Measures.
///
/// # Errors
/// What kept it from measuring.
pub(super) fn rows(run: Run) -> Result<Vec<Measured>, Fault> {
    let size = Size::of(run.scale);
    let found = measure(&size, run.seed.unwrap_or(SEED))?;
    let mib = |bytes: f64| rounded(bytes / MIB, 1);
    let freed = format!(
        "{} had spent all they may; of the sprayed {} got a row, {} were let through without one, which is what all of them \
         together may spend",
        size.exhausted, found.own, found.shared
    );
    let memory = format!(
        "the table's own account of {} rows over its cap, {} MiB; the resident set grew by {}",
        found.rows,
        mib(size.bytes as f64),
        mib(found.resident as f64)
    );
    let share = rounded(found.bytes as f64 / size.bytes as f64, 3);
    Ok(vec![
        row((run, SCALES), ("limits.spray_freed", found.freed as f64), ("", freed)),
        row((run, SCALES), ("limits.spray_memory_share", share), ("", memory)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spray_frees_nobody_and_what_has_no_row_is_bounded() {
        let size = Size { exhausted: 200, sprayed: 100_000, ..Size::of(Scale::Quick) };
        let found = measure(&size, 4).unwrap();
        assert_eq!(found.freed, 0);
        assert!(found.bytes <= size.bytes + size.bytes / 20, "{}", found.bytes);
        // The table is full before the spray that counts, which has to be measured on a full one.
        assert!(found.own < size.sprayed / 100, "{} of {}", found.own, size.sprayed);
        assert!(found.shared <= 1_000 * BURST, "{}", found.shared);
    }
}
