//! How many reports a second are durable when they are answered, and how long each waits: an open loop at a fixed rate, so
//! that what waits is counted from when it should have been sent (Tene, "How NOT to measure latency").

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;

use super::world::World;
use super::{SEED, row};
use crate::lab::evaluate::screening::engine::Fault;
use crate::lab::evaluate::{Measured, Run, Scale};
use crate::metrics::Stopwatch;
use crate::reports::{Intake, ReportCategory};

/// Reports a second that are offered.
const OFFERED: u64 = 500;
/// Those who wait for an answer at once.
const WAITING: usize = 32;
/// Members who report, each about one of so many senders.
const SENDERS: u64 = 200;
const SCALES: (&str, &str) = ("500 a second for 30 s", "500 a second for 3 s");

/// What is measured here.
pub(super) const IDS: [&str; 2] = ["reports.intake_p99_ms", "reports.intake_per_second"];

/// Both rows.
pub(super) fn measure(run: Run) -> Result<Vec<Measured>, Fault> {
    let seconds = if run.scale == Scale::Full { 30 } else { 3 };
    let count = OFFERED * seconds;
    let members = u32::try_from(count)?;
    let mut world = World::new(members, run.seed.unwrap_or(SEED))?;
    let mut filings = Vec::new();
    for who in 0..members {
        let fax = world.fax(1 + u64::from(who) % SENDERS, who)?;
        filings.push(world.filing(who, fax, ReportCategory::JunkFax, u64::from(who) + 1));
    }
    world.engine.flush()?;
    let (intake, next, memory) = (Intake::default(), AtomicUsize::new(0), &world.engine.memory);
    let failed = AtomicUsize::new(0);
    let took =
        Arc::new(parking_lot::Mutex::new(Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?));
    let begun = Stopwatch::start();
    std::thread::scope(|scope| {
        for _ in 0..WAITING {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(filing) = filings.get(at) else { return };
                    let step = Duration::from_micros(1_000_000 / OFFERED);
                    let due = step * u32::try_from(at).unwrap_or(u32::MAX);
                    std::thread::sleep(due.saturating_sub(begun.elapsed()));
                    let answer = intake.file(memory, filing.clone());
                    failed.fetch_add(usize::from(answer.is_err()), Ordering::Relaxed);
                    let waited = begun.elapsed().saturating_sub(due).as_micros();
                    let waited = u64::try_from(waited).unwrap_or(u64::MAX);
                    took.lock().saturating_record(waited);
                }
            });
        }
    });
    let elapsed = begun.seconds();
    let failed = failed.load(Ordering::Relaxed);
    if failed > 0 {
        return Err(format!("{failed} reports of {count} were not taken").into());
    }
    let took = took.lock();
    let milli = |quantile| {
        f64::from(u32::try_from(took.value_at_quantile(quantile)).unwrap_or(u32::MAX)) / 1_000.0
    };
    let how = format!(
        "in process, durable when answered; median {} ms, p99.9 {} ms",
        milli(0.5),
        milli(0.999)
    );
    let per_second = f64::from(members) / elapsed;
    Ok(vec![
        row(run, "reports.intake_p99_ms", Some(milli(0.99)), SCALES, how.clone()),
        row(run, "reports.intake_per_second", Some(per_second.round()), SCALES, how),
    ])
}
