//! What a charge takes of the processor and a member of memory, at one and at ten million members, beside `governor`. In a process
//! of its own: the resident set is to be that of the tables alone, and the processor's time nobody else's.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::lab::evaluate::screening::engine::{Fault, resident, rounded};
use crate::lab::evaluate::screening::process::{Part, leave};
use crate::lab::evaluate::serving::median;
use crate::lab::evaluate::{Measured, Run, Scale};

use super::housekeeping;
use super::sides::{Asked, Needs, Ours, Theirs, processor_ns};
use super::{MIB, NAME, SEED, row};

/// Name of the part.
pub(super) const PART: &str = "charge";
const RESULT: &str = "charge.json";
const SMALL: [&str; 2] = ["1 million members", "20,000 members"];
const LARGE: [&str; 2] = ["10 million members", "200,000 members"];

/// How many members there are in the smaller table and in the larger one, and how often all of them are charged.
struct Size {
    members: [u64; 2],
    rounds: usize,
}

impl Size {
    const fn of(scale: Scale) -> Self {
        match scale {
            Scale::Full => Self { members: [1_000_000, 10_000_000], rounds: 5 },
            Scale::Quick => Self { members: [20_000, 200_000], rounds: 3 },
        }
    }
}

/// What was found of one table.
#[derive(Default, Serialize, Deserialize)]
struct Found {
    members: u64,
    /// Nanoseconds of processor time a charge, a value a round.
    lines: Vec<f64>,
    all: Vec<f64>,
    contended: Vec<f64>,
    governor: Vec<f64>,
    /// Growth of the resident set, in bytes, and what the table says of itself.
    resident: u64,
    account: usize,
    governor_resident: u64,
    /// Microseconds until the end of it.
    ticks: i64,
}

/// What was found of both, and of the hand in the larger one.
#[derive(Serialize, Deserialize)]
struct All {
    small: Found,
    large: Found,
    hand: housekeeping::Found,
}

/// The part that measures.
pub(super) fn fill(run: Run, folder: &Path) -> Result<(), Fault> {
    let size = Size::of(run.scale);
    let seed = run.seed.unwrap_or(SEED);
    // The larger one first: it finds no memory that the smaller one has left.
    let (large, hand) = {
        let (ours, theirs, found) = measure(size.members[1], size.rounds, seed)?;
        let stand = (size.members[1], found.ticks);
        let laps = housekeeping::laps(run.scale);
        (found, housekeeping::measure((&ours, &theirs), stand, laps)?)
    };
    let (_, _, small) = measure(size.members[0], size.rounds, seed)?;
    leave(&folder.join(RESULT), &serde_json::to_string(&All { small, large, hand })?)
}

fn measure(members: u64, rounds: usize, seed: u64) -> Result<(Ours, Theirs, Found), Fault> {
    let mut found = Found { members, ..Found::default() };
    // All of them within a second or more: contention is a matter of seconds.
    let step = (1_000_000 / members).max(1);
    let (lines, all) = (Asked::of(Needs::Lines, step, seed), Asked::of(Needs::All, step, seed));
    let contended = Asked::contended(step, seed);
    let (mut tick, step) = (0, i64::try_from(step)?);
    let mut lap = |ours: &Ours, asked: &Asked| {
        let mut passed = 0_u64;
        let ns = processor_ns(members, |number| {
            tick += step;
            passed += u64::from(ours.charge(number, asked, tick));
        })?;
        Ok::<_, Fault>((ns, passed))
    };
    let before = resident()?;
    let ours = Ours::for_members(members, seed)?;
    lap(&ours, &lines)?;
    found.resident = resident()?.saturating_sub(before);
    found.account = ours.members.bytes();
    let (rows, wanted) = (u64::try_from(ours.members.len())?, members - members / 100_000);
    if rows < wanted {
        return Err(format!("{rows} of {members} members have a row").into());
    }
    let before = resident()?;
    let theirs = Theirs::new(seed)?;
    (0..members).for_each(|number| {
        theirs.charge(number);
    });
    found.governor_resident = resident()?.saturating_sub(before);
    for _ in 0..rounds {
        for (asked, laps) in [(&lines, &mut found.lines), (&all, &mut found.all)] {
            let (ns, passed) = lap(&ours, asked)?;
            if passed != members || asked.is_contended() {
                return Err(format!("{passed} of {members} charges went through").into());
            }
            laps.push(ns);
        }
        let ns = processor_ns(members, |number| {
            theirs.charge(number);
        })?;
        found.governor.push(ns);
        // Contention begins with the load, so that a lap goes before the one that counts.
        lap(&ours, &contended)?;
        found.contended.push(lap(&ours, &contended)?.0);
        if !contended.is_contended() {
            return Err("what was to be contended is not".into());
        }
    }
    found.ticks = tick;
    Ok((ours, theirs, found))
}

/// Measures.
///
/// # Errors
/// What kept it from measuring.
pub(super) fn rows(run: Run) -> Result<Vec<Measured>, Fault> {
    let folder = tempfile::tempdir()?;
    let mut part = Part::start((NAME, PART), run, folder.path())?;
    let text = part.result(&folder.path().join(RESULT))?;
    part.kill()?;
    let All { small, large, hand } = serde_json::from_str(&text)?;
    let mut rows = charge_rows(run, small, large);
    rows.push(housekeeping::row_of(run, &hand));
    Ok(rows)
}

fn charge_rows(run: Run, small: Found, large: Found) -> Vec<Measured> {
    let each = |found: &Found, bytes: u64| rounded(bytes as f64 / found.members as f64, 1);
    let account = |found: &Found| rounded(found.account as f64 / found.members as f64, 1);
    let bytes = each(&large, large.resident);
    let memory = format!(
        "growth of the resident set of a process of its own; {} by the table's own account, {} of {} members",
        account(&large),
        each(&small, small.resident),
        small.members
    );
    let mib = |bytes: u64| (bytes as f64 / MIB).round();
    let theirs = format!("{} of governor, one quota", each(&large, large.governor_resident));
    let theirs_mib = format!("{} of governor, one quota", mib(large.governor_resident));
    let (full_mib, table_mib) = (mib(large.resident), (large.account as f64 / MIB).round());
    let memory_rows = [
        row((run, LARGE), ("limits.member_bytes", bytes), (theirs, memory)),
        row(
            (run, LARGE),
            ("limits.members_mib", full_mib),
            (theirs_mib, format!("the same; {table_mib} by the table's own account")),
        ),
    ];
    let how = |what: &str| {
        format!(
            "{what}, asked and charged under one lock, in an order that no cache foresees, median of rounds; by the process's clock"
        )
    };
    let (lines, all) = (
        how("four quotas and the share of lines"),
        how(
            "what the job spends by the catalog, four quotas and the shares of lines, dials and conversion",
        ),
    );
    let full = how("the same with all three contended");
    let [of_small, of_large] = [&small, &large].map(|found| {
        format!("{} of governor, one quota", median(found.governor.iter().copied()).round())
    });
    let ns = |values: Vec<f64>| median(values).round();
    let all_large = format!("{all}; {} contended", ns(large.contended));
    let mut rows = vec![
        row((run, SMALL), ("limits.charge_ns", ns(small.lines)), (&of_small, &lines)),
        row((run, SMALL), ("limits.charge_all_ns", ns(small.all)), (&of_small, &all)),
        row((run, SMALL), ("limits.charge_contended_ns", ns(small.contended)), (of_small, full)),
        row((run, LARGE), ("limits.charge_large_ns", ns(large.lines)), (&of_large, lines)),
        row((run, LARGE), ("limits.charge_all_large_ns", ns(large.all)), (of_large, all_large)),
    ];
    rows.extend(memory_rows);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_charged_by_both_and_takes_no_more_than_64_bytes() {
        let (ours, theirs, found) = measure(60_000, 1, 3).unwrap();
        assert_eq!((ours.members.len(), theirs.limiter.len()), (60_000, 60_000));
        let laps = [&found.lines, &found.all, &found.contended, &found.governor];
        assert!(laps.iter().all(|laps| laps.len() == 1 && laps[0] > 0.0));
        // Each of 4,096 shards has places beyond its last home, which few members pay for.
        let places = 4_096 * 64 * 40 + 4_096 * 64;
        assert!(found.account <= 60_000 * 64 + places, "{}", found.account);
    }

    #[test]
    fn the_contended_charge_is_contended() {
        let ours = Ours::for_members(1_000, 3).unwrap();
        let (scarce, plenty) = (Asked::contended(50, 3), Asked::of(Needs::All, 50, 3));
        let charged = |asked: &Asked| {
            let goes = |at: &i64| ours.charge(at.unsigned_abs() % 1_000, asked, at * 50);
            (0..40_000_i64).filter(goes).count()
        };
        let passed = charged(&plenty);
        assert!(!plenty.is_contended());
        let less = charged(&scarce);
        assert!(scarce.is_contended() && less < passed, "{less} of {passed}");
    }
}
