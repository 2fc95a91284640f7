//! How long a charge takes while the hand goes round the table beside it, against an idle table; and the same of `governor` while it
//! looks for whom it may let go of.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::lab::evaluate::screening::engine::{Fault, now, rounded};
use crate::lab::evaluate::serving::median;
use crate::lab::evaluate::{Measured, Run, Scale};

use super::row;
use super::sides::{Asked, Needs, Ours, Theirs, at};

const SCALES: [&str; 2] = ["10 million members", "200,000 members"];
/// From one charge to the next among the members: a prime, so that a lap meets others than the laps before it.
const STRIDE: u64 = 7_919;

/// What was found: quantiles in nanoseconds, idle and beside, a pair a round.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Found {
    ours: Vec<[f64; 2]>,
    governor: Vec<[f64; 2]>,
    /// The longest charges beside the hand, and beside the other's.
    longest: [f64; 2],
    /// How often the hand took a step in every shard meanwhile, and how often the other went through all.
    steps: [u64; 2],
}

/// The longest lap.
const LAP_MAX: Duration = Duration::from_secs(10);

/// Charges of a lap, and how many laps of each kind there are.
pub(super) const fn laps(scale: Scale) -> (u64, usize) {
    match scale {
        Scale::Full => (4_000_000, 5),
        Scale::Quick => (100_000, 2),
    }
}

/// Measures both as they stand after all members were charged up to that tick: something is remembered of each, so that all stay.
pub(super) fn measure(
    (ours, theirs): (&Ours, &Theirs),
    (members, mut tick): (u64, i64),
    (charges, rounds): (u64, usize),
) -> Result<Found, Fault> {
    let asked = Asked::of(Needs::Lines, 1, 1);
    let mut found = Found::default();
    let (rows, begins) = (ours.members.len(), at(tick));
    let mut next = 0;
    for _ in 0..rounds {
        let mut charge = || {
            (next, tick) = ((next + STRIDE) % members, tick + 1);
            ours.charge(next, &asked, tick);
        };
        let idle = lap(charges, &mut charge)?;
        let turn = || {
            ours.members.turn_hand_everywhere(begins);
        };
        let (turning, steps) = beside(turn, || lap(charges, &mut charge));
        let turning = turning?;
        found.ours.push([p999(&idle), p999(&turning)]);
        let mut charge = || {
            next = (next + STRIDE) % members;
            theirs.charge(next);
        };
        let idle = lap(charges, &mut charge)?;
        let sweep = || theirs.limiter.retain_recent();
        let (sweeping, sweeps) = beside(sweep, || lap(charges, &mut charge));
        let sweeping = sweeping?;
        found.governor.push([p999(&idle), p999(&sweeping)]);
        for (at, (histogram, count)) in
            [(turning, steps), (sweeping, sweeps)].into_iter().enumerate()
        {
            found.longest[at] = found.longest[at].max(histogram.max() as f64);
            found.steps[at] += count;
        }
    }
    let left = [ours.members.len(), theirs.limiter.len()];
    if left.iter().any(|left| *left < rows) {
        return Err(format!("of {rows} members that are active {left:?} were left").into());
    }
    Ok(found)
}

/// Does that over and over on a thread of its own while something is measured, and says how often.
fn beside<T>(work: impl Fn() + Sync, measured: impl FnOnce() -> T) -> (T, u64) {
    let goes_on = AtomicBool::new(true);
    std::thread::scope(|threads| {
        let worker = threads.spawn(|| {
            let mut times = 0;
            while goes_on.load(Ordering::Relaxed) {
                work();
                times += 1;
            }
            times
        });
        let found = measured();
        goes_on.store(false, Ordering::Relaxed);
        (found, worker.join().unwrap_or(0))
    })
}

fn lap(charges: u64, charge: &mut impl FnMut()) -> Result<Histogram<u64>, Fault> {
    let mut histogram = Histogram::new_with_bounds(1, 10_000_000_000, 3)?;
    let lap = now();
    for _ in 0..charges {
        let began = now();
        charge();
        histogram.record(u64::try_from(began.elapsed().as_nanos())?)?;
        // Beside a sweep over ten million a charge waits for milliseconds: there are as many as there is time for.
        if lap.elapsed() > LAP_MAX {
            break;
        }
    }
    Ok(histogram)
}

fn p999(histogram: &Histogram<u64>) -> f64 {
    histogram.value_at_quantile(0.999) as f64
}

/// The row of the table.
pub(super) fn row_of(run: Run, found: &Found) -> Measured {
    let shares = |rounds: &[[f64; 2]]| median(rounds.iter().map(|[idle, beside]| beside / idle));
    let micros = |rounds: &[[f64; 2]], which: usize| {
        rounded(median(rounds.iter().map(|round| round[which] / 1_000.0)), 2)
    };
    let millis = found.longest.map(|longest| rounded(longest / 1e6, 2));
    let [steps, sweeps] = found.steps;
    let how = |rounds: &[[f64; 2]], longest: f64| {
        format!(
            "{} us beside, {} idle, the longest {longest} ms",
            micros(rounds, 1),
            micros(rounds, 0)
        )
    };
    let (ours, theirs) = (&found.ours, &found.governor);
    row(
        (run, SCALES),
        ("limits.hand_p999_share", rounded(shares(ours), 2)),
        (
            format!(
                "{} of governor beside {sweeps} of its retain_recent: {}",
                rounded(shares(theirs), 2),
                how(theirs, millis[1])
            ),
            format!(
                "a thread that does nothing but turn the hand, {steps} steps in every shard where one a second is due, in turn with \
                 no such thread: {}",
                how(ours, millis[0])
            ),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hand_works_beside_and_takes_no_active_member() {
        let (ours, theirs) = (Ours::for_members(5_000, 3).unwrap(), Theirs::new(3).unwrap());
        let asked = Asked::of(Needs::Lines, 1, 3);
        for (number, tick) in (0..5_000).zip(0..) {
            ours.charge(number, &asked, tick);
            theirs.charge(number);
        }
        let found = measure((&ours, &theirs), (5_000, 5_000), (5_000, 2)).unwrap();
        assert!(found.steps.iter().all(|steps| *steps > 0), "{:?}", found.steps);
        assert_eq!((found.ours.len(), found.governor.len()), (2, 2));
        // An hour later nothing is remembered of anybody, and who measures then is told so.
        let later = at(3_700_000_000);
        let gone: usize = (0..8).map(|_| ours.members.turn_hand_everywhere(later)).sum();
        assert_eq!((gone, ours.members.len()), (5_000, 0));
    }
}
