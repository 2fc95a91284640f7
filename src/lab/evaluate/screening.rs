//! `evaluate screening`: what a decision costs, what a sender costs, how large the process gets, and how a killed one
//! comes back.

pub mod baseline;
mod decision;
pub mod engine;
pub(super) mod process;
mod restart;
mod scale;

use std::path::Path;

use super::{Evaluation, Measured, Run, Scale};
use decision::{Rate, Size, micros};
use engine::{Fault, rounded};

const NAME: &str = "screening";
/// The seed of the bars.
const SEED: u64 = 1;
const FULL: &str = "1 million senders, warm";
const QUICK: &str = "50,000 senders, warm";
const MIB: f64 = 1_048_576.0;

/// The evaluation.
pub struct Screening;

impl Evaluation for Screening {
    fn name(&self) -> &'static str {
        NAME
    }

    fn ids(&self) -> &'static [&'static str] {
        &[
            "screening.decision_median_us",
            "screening.decision_p99_us",
            "screening.decision_allocations",
            "screening.stages_per_second_1",
            "screening.stages_per_second_2",
            "screening.sender_bytes",
            "screening.resident_mib",
            "screening.restart_seconds",
            "screening.restart_equal",
        ]
    }

    fn rows(&self, run: Run) -> Result<Vec<Measured>, Fault> {
        // The killed process first: it wants the quiet machine most.
        let restart = restart::measure(run)?;
        let scale = scale::measure(run)?;
        let mut rows = decisions(run)?;
        rows.push(resident_row(run, &scale));
        rows.extend(restart_rows(run, &restart));
        Ok(rows)
    }

    fn part(&self, name: &str, run: Run, folder: &Path) -> Result<(), Fault> {
        match name {
            restart::PART => restart::fill(run, folder),
            scale::PART => scale::fill(run, folder),
            _ => Err(format!("there is no part `{name}`").into()),
        }
    }
}

/// The words of the bars where the scale is theirs.
fn words(run: Run, full: &str, quick: &str) -> String {
    match run.scale {
        Scale::Full => full.to_owned(),
        Scale::Quick => quick.to_owned(),
    }
}

fn decisions(run: Run) -> Result<Vec<Measured>, Fault> {
    let size = match run.scale {
        Scale::Quick => Size { senders: 50_000, dids: 50_000, measured: 200_000 },
        Scale::Full => Size { senders: 1_000_000, dids: 1_000_000, measured: 1_000_000 },
    };
    let seed = run.seed.unwrap_or(SEED);
    let found = decision::measure(size, seed)?;
    let row = |id, value, baseline: String, how: String| Measured {
        id,
        value,
        scale: words(run, FULL, QUICK),
        seed,
        baseline,
        how,
    };
    let each = |quantile| {
        let [offered, handshake, received] =
            [0, 1, 2].map(|stage| micros(&found.stages[stage], quantile));
        format!("call offered {offered}, handshake {handshake}, received {received}")
    };
    let naive = |quantile| {
        format!(
            "{} with a log a subject in a DashMap, volume signals alone",
            micros(&found.naive, quantile)
        )
    };
    let rates = |rate: Rate| {
        format!(
            "every row on the disk; {} within bursts of 4,096; {} dropped",
            rate.burst, found.dropped
        )
    };
    let [one, two] = found.rates;
    Ok(vec![
        row(
            "screening.decision_median_us",
            Some(micros(&found.all, 0.5)),
            naive(0.5),
            format!("screen() over the embedded store, all stages; {}", each(0.5)),
        ),
        row(
            "screening.decision_p99_us",
            Some(micros(&found.all, 0.99)),
            naive(0.99),
            format!("the same; {}", each(0.99)),
        ),
        row(
            "screening.decision_allocations",
            found.allocations.map(|count| rounded(count, 2)),
            String::new(),
            "counted on the screening thread, verdict and ledger row included".to_owned(),
        ),
        row("screening.stages_per_second_1", Some(one.recorded), String::new(), rates(one)),
        row("screening.stages_per_second_2", Some(two.recorded), String::new(), rates(two)),
        sender_row(run, &found),
    ])
}

fn sender_row(run: Run, found: &decision::Found) -> Measured {
    let profile = crate::memory::PROFILE_BYTES;
    let counters = found.sender_counters.round();
    let parts =
        format!("{counters} of counters by their own account, {profile} a number's profile");
    // Before caches and open decisions are full, the resident set tells of them and not of senders.
    let (bytes, how) = match run.scale {
        Scale::Quick => (found.sender_counters, parts),
        Scale::Full => (
            found.sender_resident,
            format!(
                "growth of the resident set by the second half of the senders, and the profile; {parts}"
            ),
        ),
    };
    Measured {
        id: "screening.sender_bytes",
        value: Some((bytes + profile as f64).round()),
        scale: words(run, FULL, QUICK),
        seed: run.seed.unwrap_or(SEED),
        baseline: format!(
            "{} with the same logs, volume signals alone",
            found.naive_sender.round()
        ),
        how,
    }
}

fn resident_row(run: Run, found: &scale::Found) -> Measured {
    let mib = |bytes: u64| (bytes as f64 / MIB).round();
    let steps: Vec<String> =
        found.steps.iter().map(|step| format!("{} MiB {}", mib(step.grown), step.what)).collect();
    Measured {
        id: "screening.resident_mib",
        value: Some(mib(found.resident)),
        scale: words(
            run,
            "10 million numbers, 50 million pairs, 1 million senders",
            "100,000 numbers, 500,000 pairs, 10,000 senders",
        ),
        seed: run.seed.unwrap_or(SEED),
        baseline: String::new(),
        how: format!("VmRSS of a process of its own: {}", steps.join("; ")),
    }
}

fn restart_rows(run: Run, found: &restart::Found) -> [Measured; 2] {
    let scale = words(run, "10 million ledger rows", "200,000 ledger rows");
    let seed = run.seed.unwrap_or(SEED);
    [
        Measured {
            id: "screening.restart_seconds",
            value: Some(rounded(found.seconds, 2)),
            scale: scale.clone(),
            seed,
            baseline: format!(
                "{} s without a snapshot, {} rows read",
                rounded(found.seconds_whole, 1),
                found.read_whole
            ),
            how: format!("from opening the folder to the first verdict, {} rows read", found.read),
        },
        Measured {
            id: "screening.restart_equal",
            value: Some(rounded(found.equal, 4)),
            scale,
            seed,
            baseline: String::new(),
            how: format!(
                "stages of 300 new faxes of known senders, whose verdicts never reached the ledger; {} of the later stages of 300 calls that were up",
                rounded(found.equal_in_call, 4)
            ),
        },
    ]
}
