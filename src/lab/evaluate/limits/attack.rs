//! What those who flood do to everybody else, on a simulated clock: fair share beside fixed quotas, and beside itself without the
//! keys of organisations. Jobs are asked for once; what is told to wait counts as not let through.

mod guards;
mod scene;

use crate::lab::evaluate::screening::engine::rounded;
use crate::lab::evaluate::{Measured, Run, Scale};

use super::{SEED, row};
use guards::{Fair, Fixed, Guard};
use scene::{
    CALM, CAPACITY, CONTRACTED, Course, FLOOD, FLOODING, Kind, ORDINARY, SYBILS, Scarce, run,
};

const FLOODED: [&str; 2] = [
    "50 members offer 5 times the capacity for 60 s beside 5,000 ordinary ones and 5 contracted, 20 runs",
    "50 members offer 5 times the capacity for 60 s beside 5,000 ordinary ones and 5 contracted, 3 runs",
];
const SPLIT: [&str; 2] = [
    "2,000 members of one organisation offer 5 times the capacity for 60 s beside the same, 20 runs",
    "2,000 members of one organisation offer 5 times the capacity for 60 s beside the same, 3 runs",
];
/// By when it should have settled, in seconds of the flood.
const SETTLES: usize = 10;
/// Seconds over which what is let through is held against the capacity, and how far it may be from it, in parts of it.
const WINDOW: usize = 5;
const APART: f64 = 0.07;
/// What ordinary members and contracted ones should have of what they offer.
const NORMAL: f64 = 0.999;
const BULK: f64 = 0.99;

/// How it went: the sum of all runs, and the worst of them.
struct Found {
    /// What ordinary members and contracted senders had in the flood of what they offered.
    normal: f64,
    bulk: f64,
    /// The same of both in the worst run, and of the sum before it should have settled and after.
    worst: [f64; 2],
    before: [f64; 2],
    after: [f64; 2],
    used: f64,
    settled: Option<usize>,
    /// Jobs slowed before the flood and when it was over, and all there were in that time.
    idle_slowed: u64,
    idle: u64,
}

/// Runs so many times, each time behind another guard.
fn runs(
    kinds: &[Kind],
    scarce: Scarce,
    guard: impl Fn(u64) -> Box<dyn Guard>,
    seeds: std::ops::Range<u64>,
) -> Vec<Vec<Course>> {
    seeds.map(|seed| run(kinds, scarce, guard(seed).as_mut(), seed)).collect()
}

/// All runs as one.
fn sum(runs: &[Vec<Course>]) -> Vec<Course> {
    let mut sums = vec![Course::new(); runs.first().map_or(0, Vec::len)];
    for courses in runs {
        sums.iter_mut().zip(courses).for_each(|(sum, course)| sum.add(course));
    }
    sums
}

/// What passed of the capacity over those seconds, where so many runs were summed up.
fn used(courses: &[Course], seconds: std::ops::Range<usize>, runs: usize) -> f64 {
    let sum: u64 = courses.iter().map(|one| one.passed[seconds.clone()].iter().sum::<u64>()).sum();
    sum as f64 / (seconds.len() * runs) as f64 / CAPACITY as f64
}

/// The second of the flood from which on the resource is neither left lying nor overrun, and who does not flood has what he offers.
fn settled(courses: &[Course], runs: usize) -> Option<usize> {
    let steady = |from: usize| (used(courses, from..from + WINDOW, runs) - 1.0).abs() <= APART;
    let fair = |from: usize| {
        courses[0].part(from..FLOOD.end) >= NORMAL && courses[1].part(from..FLOOD.end) >= BULK
    };
    let last = FLOOD.end - WINDOW;
    let from = FLOOD
        .take_while(|from| *from < last)
        .find(|from| fair(*from) && (*from..=last).all(steady));
    from.map(|from| from - FLOOD.start)
}

fn found(runs: &[Vec<Course>]) -> Found {
    let courses = sum(runs);
    let worst = [0, 1].map(|which: usize| {
        runs.iter().map(|run| run[which].part(FLOOD)).fold(f64::INFINITY, f64::min)
    });
    let idle = |of: fn(&Course) -> &[u64]| -> u64 {
        let calm = |course| of(course)[..FLOOD.start].iter().chain(&of(course)[CALM]).sum::<u64>();
        courses.iter().map(calm).sum()
    };
    let middle = FLOOD.start + SETTLES;
    let both = |seconds: std::ops::Range<usize>| {
        [0, 1].map(|which: usize| courses[which].part(seconds.clone()))
    };
    let [normal, bulk] = both(FLOOD);
    Found {
        normal,
        bulk,
        worst,
        before: both(FLOOD.start..middle),
        after: both(middle..FLOOD.end),
        used: used(&courses, middle..FLOOD.end, runs.len()),
        settled: settled(&courses, runs.len()),
        idle_slowed: idle(|course| &course.slowed),
        idle: idle(|course| &course.jobs),
    }
}

/// Fair share with one resource contended.
fn share(kinds: &[Kind], scarce: Scarce, seeds: std::ops::Range<u64>) -> Found {
    let fair = |seed| Box::new(Fair::new(scarce, seed)) as Box<dyn Guard>;
    found(&runs(kinds, scarce, fair, seeds))
}

/// Fixed quotas: none; one of which those of all members add up to the capacity; and one that lets contracted senders through.
fn fixed(kinds: &[Kind], scarce: Scarce, seed: u64) -> String {
    let members: u64 = kinds.iter().map(|kind| kind.members).sum();
    let tight = CAPACITY as f64 / members as f64;
    let loose = 1.5 * CONTRACTED.units / CONTRACTED.members as f64;
    // At once two of the largest jobs, and where that is less what a contracted sender offers in ten seconds.
    let two = 2 * scarce.largest();
    let quotas =
        [("none", None), ("tight", Some((tight, two))), ("loose", Some((loose, two.max(400))))];
    let said = quotas.map(|(name, quota)| {
        let guard = |_| Box::new(Fixed::new(quota)) as Box<dyn Guard>;
        let found = found(&runs(kinds, scarce, guard, seed..seed.saturating_add(3)));
        format!("{name} {} / {}", rounded(found.normal, 3), rounded(found.bulk, 3))
    });
    format!("ordinary / contracted by a fixed quota: {}", said.join(", "))
}

/// The ids of a resource's rows.
struct Ids {
    normal: &'static str,
    bulk: &'static str,
    bulk_settled: &'static str,
    used: &'static str,
    settled: &'static str,
    idle: &'static str,
    sybils: &'static str,
}

const DIALS: Ids = Ids {
    normal: "limits.dials_normal",
    bulk: "limits.dials_bulk",
    bulk_settled: "limits.dials_bulk_settled",
    used: "limits.dials_used",
    settled: "limits.dials_settled_seconds",
    idle: "limits.dials_idle_slowed",
    sybils: "limits.dials_sybils_normal",
};
const LINES: Ids = Ids {
    normal: "limits.lines_normal",
    bulk: "limits.lines_bulk",
    bulk_settled: "limits.lines_bulk_settled",
    used: "limits.lines_used",
    settled: "limits.lines_settled_seconds",
    idle: "limits.lines_idle_slowed",
    sybils: "limits.lines_sybils_normal",
};

/// Measures.
pub(super) fn rows(run: Run) -> Vec<Measured> {
    let seed = run.seed.unwrap_or(SEED);
    let runs = if run.scale == Scale::Full { 20 } else { 3 };
    let seeds = seed..seed.saturating_add(runs);
    let mut rows = Vec::new();
    for (scarce, ids) in [(Scarce::Attempts, DIALS), (Scarce::Lines, LINES)] {
        let kinds = [ORDINARY, CONTRACTED, FLOODING];
        let found = share(&kinds, scarce, seeds.clone());
        let by_weight = Kind { floor_ppm: 0, ..CONTRACTED };
        let by_weight = share(&[ORDINARY, by_weight, FLOODING], scarce, seeds.clone());
        let fixed = fixed(&kinds, scarce, seed);
        rows.extend(flood_rows((run, &ids), &found, (&fixed, &by_weight)));
        let alone = Kind { together: false, ..SYBILS };
        let [known, unknown] = [SYBILS, alone]
            .map(|sybils| share(&[ORDINARY, CONTRACTED, sybils], scarce, seeds.clone()));
        rows.push(row(
            (run, SPLIT),
            (ids.sybils, four(known.normal)),
            (
                format!("{} without the organisation's key", four(unknown.normal)),
                format!(
                    "from the first second of the flood on; contracted {}, of the capacity {} in use",
                    four(known.bulk),
                    four(known.used)
                ),
            ),
        ));
    }
    rows
}

fn four(value: f64) -> f64 {
    rounded(value, 4)
}

fn flood_rows(
    (run, ids): (Run, &Ids),
    found: &Found,
    (fixed, by_weight): (&str, &Found),
) -> Vec<Measured> {
    let scale = (run, FLOODED);
    let begun = |before: f64, worst: f64| {
        format!(
            "from the first second of the flood on; {} in the first {SETTLES} s, {} in the worst run",
            four(before),
            four(worst)
        )
    };
    let [normal, bulk] = [0, 1].map(|which| begun(found.before[which], found.worst[which]));
    let bulk = format!(
        "with the floor of a contract, {} millionths of what there is, {bulk}; by the weight of plan corporate alone {}",
        CONTRACTED.floor_ppm,
        four(by_weight.bulk)
    );
    let settled = format!(
        "from when on what passes in any {WINDOW} s is within {APART} of the capacity and both kinds have what their bars say{}",
        if found.settled.is_some() { "" } else { ": not while the flood lasts" }
    );
    let seconds = found.settled.unwrap_or(FLOOD.len()) as f64;
    let idle = "jobs of anybody before the flood, and from 10 s after its end on";
    let of_all = format!("of {} in that time", found.idle);
    let after = format!("from {SETTLES} s of the flood on");
    vec![
        row(scale, (ids.normal, four(found.normal)), (fixed, normal)),
        row(scale, (ids.bulk, four(found.bulk)), (fixed, bulk)),
        row(scale, (ids.bulk_settled, four(by_weight.after[1])), ("", after.clone())),
        row(scale, (ids.used, four(found.used)), ("", after)),
        row(scale, (ids.settled, seconds), ("", settled)),
        row(scale, (ids.idle, found.idle_slowed as f64), ("", format!("{idle}, {of_all}"))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 3] = [ORDINARY, CONTRACTED, FLOODING];

    fn behind(scarce: Scarce, quota: Option<(f64, u64)>) -> Found {
        let guard = |_| Box::new(Fixed::new(quota)) as Box<dyn Guard>;
        found(&runs(&KINDS, scarce, guard, 1..2))
    }

    #[test]
    fn a_flood_of_dials_takes_from_nobody_behind_the_share_and_from_everybody_behind_a_quota() {
        let fair = share(&KINDS, Scarce::Attempts, 1..2);
        let figures = format!("{} {:?} {}", fair.normal, fair.after, fair.used);
        assert!(fair.normal >= 0.998 && fair.after[1] >= 0.99, "{figures}");
        assert!((0.95..=1.05).contains(&fair.used) && fair.idle_slowed == 0, "{figures}");
        let none = behind(Scarce::Attempts, None);
        let tight = behind(Scarce::Attempts, Some((0.2, 10)));
        assert!((0.12..=0.25).contains(&none.normal) && none.settled.is_none(), "{}", none.normal);
        // A tight quota spares ordinary members and holds contracted ones down, even while nobody floods.
        assert!(tight.normal > 0.9 && tight.bulk < 0.1 && tight.idle_slowed > 0, "{}", tight.bulk);
    }

    #[test]
    fn a_flood_of_lines_takes_less_behind_the_share() {
        let (fair, none) = (share(&KINDS, Scarce::Lines, 1..4), behind(Scarce::Lines, None));
        let figures = format!("{:?} {:?}, without {}", fair.before, fair.after, none.normal);
        assert!(fair.after[0] >= 0.9 && fair.normal > none.normal * 3.0, "{figures}");
        assert!(fair.after[1] > none.bulk * 3.0 && fair.idle > 0, "{figures}");
    }

    #[test]
    fn many_small_ones_are_one_where_their_organisation_is_known() {
        let alone = Kind { together: false, ..SYBILS };
        let [known, unknown] = [SYBILS, alone]
            .map(|sybils| share(&[ORDINARY, CONTRACTED, sybils], Scarce::Attempts, 1..2).normal);
        assert!(known >= 0.99 && unknown < known - 0.02, "{known} {unknown}");
    }

    #[test]
    fn settled_is_told_from_the_course() {
        let course = |passes: &dyn Fn(usize) -> u64| {
            let mut course = Course::new();
            for second in FLOOD {
                course.offered[second] = 100;
                course.passed[second] = passes(second - FLOOD.start);
            }
            course
        };
        let whole = course(&|_| 100);
        let rest = |second: usize| if second < 7 { 3_000 } else { 800 };
        let late = course(&|second| if second < 9 { 0 } else { 100 });
        let never = course(&|second| if second == 58 { 0 } else { 800 });
        assert_eq!(settled(&[whole.clone(), whole.clone(), course(&rest)], 1), Some(7));
        assert_eq!(settled(&[whole.clone(), late, course(&rest)], 1), Some(9));
        assert_eq!(settled(&[whole.clone(), whole, never], 1), None);
    }
}
