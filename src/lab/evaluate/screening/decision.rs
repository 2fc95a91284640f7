//! How long a decision takes, what it allocates, what a sender costs in memory, and how many there are a second.

use alloc_tracker::Session;
use hdrhistogram::Histogram;

use super::baseline::Naive;
use super::engine::{Engine, Fault, events, now, resident, rounded};
use crate::fax::stage::{Parties, StageEvent, StageKind};
use crate::screening::screen;

/// Stages between two waits for the disk: what is measured never meets a full queue.
const BURST: usize = 4_096;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) senders: u32,
    pub(super) dids: u32,
    pub(super) measured: usize,
}

/// What was found.
pub(super) struct Found {
    pub(super) all: Histogram<u64>,
    pub(super) stages: [Histogram<u64>; 3],
    pub(super) allocations: Option<f64>,
    pub(super) sender_resident: f64,
    pub(super) sender_counters: f64,
    pub(super) rates: [Rate; 2],
    pub(super) dropped: u64,
    pub(super) naive: Histogram<u64>,
    pub(super) naive_sender: f64,
}

/// Stage verdicts a second.
#[derive(Clone, Copy, Default)]
pub(super) struct Rate {
    /// With every row on the disk.
    pub(super) recorded: f64,
    /// Within bursts that the disk need not keep up with.
    pub(super) burst: f64,
}

fn histogram() -> Result<Histogram<u64>, Fault> {
    Ok(Histogram::new_with_bounds(1, 10_000_000_000, 3)?)
}

pub(super) fn measure(size: Size, seed: u64) -> Result<Found, Fault> {
    let folder = tempfile::tempdir()?;
    let (engine, _) = Engine::open(folder.path(), seed)?;
    engine.assign(size.dids);
    let mut stream = events(size.senders, size.dids, seed);
    let half = usize::try_from(size.senders)? / 2 * 3;
    // Caches and open decisions are full after the first half: what the second adds is the senders' own.
    engine.fill(stream.by_ref().take(half))?;
    let (before, counters) = (resident()?, engine.memory.activity().bytes());
    engine.fill(stream.by_ref().take(half))?;
    let senders = f64::from(size.senders / 2);
    let sender_resident = resident()?.saturating_sub(before) as f64 / senders;
    let counters = engine.memory.activity().bytes().saturating_sub(counters);
    let mut found = Found {
        all: histogram()?,
        stages: [histogram()?, histogram()?, histogram()?],
        allocations: None,
        sender_resident,
        sender_counters: counters as f64 / senders,
        rates: [Rate::default(); 2],
        dropped: 0,
        naive: histogram()?,
        naive_sender: 0.0,
    };
    time_each(&engine, &mut stream, size.measured, &mut found)?;
    found.allocations = allocations(&engine, &mut stream)?;
    found.rates = [
        rate(&engine, &mut stream, 1, size.measured)?,
        rate(&engine, &mut stream, 2, size.measured)?,
    ];
    found.dropped = engine.dropped();
    drop(engine);
    naive(size, seed, &mut found)?;
    Ok(found)
}

fn time_each(
    engine: &Engine,
    stream: &mut dyn Iterator<Item = StageEvent>,
    measured: usize,
    found: &mut Found,
) -> Result<(), Fault> {
    for _ in 0..measured.div_ceil(BURST) {
        let burst: Vec<StageEvent> = stream.take(BURST).collect();
        for event in &burst {
            let began = now();
            let verdict = screen(&engine.memory, event);
            let took = u64::try_from(began.elapsed().as_nanos())?;
            found.all.record(took)?;
            let place = usize::from(verdict.stage > StageKind::CallOffered)
                + usize::from(verdict.stage > StageKind::Handshake);
            found.stages[place].record(took)?;
        }
        engine.flush()?;
        if let Some(latest) = burst.last() {
            engine.keep_house(latest.time);
        }
    }
    Ok(())
}

/// Allocations a decision on the thread that screens, at least, where this program counts them.
fn allocations(
    engine: &Engine,
    stream: &mut dyn Iterator<Item = StageEvent>,
) -> Result<Option<f64>, Fault> {
    let session = Session::new().no_stdout().no_file();
    let operation = session.operation("screen");
    let burst: Vec<StageEvent> = stream.take(BURST).collect();
    {
        let _span = operation.measure_thread().iterations(u64::try_from(BURST)?);
        for event in &burst {
            let _verdict = screen(&engine.memory, event);
        }
    }
    engine.flush()?;
    let report = session.to_report();
    let counted = report.operations().find_map(|(_, operation)| operation.allocations());
    Ok(counted.filter(|count| *count > 0.0))
}

/// Screens with so many threads. Each fax stays on one of them, as it does on a node's connection.
fn rate(
    engine: &Engine,
    stream: &mut dyn Iterator<Item = StageEvent>,
    threads: usize,
    measured: usize,
) -> Result<Rate, Fault> {
    let (mut bursts, mut whole, mut count) = (0.0, 0.0, 0_usize);
    while count < measured {
        let mut shares = vec![Vec::with_capacity(BURST / threads); threads];
        for (at, event) in stream.take(BURST).enumerate() {
            shares[at / 3 % threads].push(event);
        }
        count += BURST;
        let memory = &engine.memory;
        let began = now();
        std::thread::scope(|scope| {
            for share in &shares {
                scope.spawn(move || {
                    for event in share {
                        let _verdict = screen(memory, event);
                    }
                });
            }
        });
        bursts += began.elapsed().as_secs_f64();
        engine.flush()?;
        whole += began.elapsed().as_secs_f64();
    }
    let count = count as f64;
    Ok(Rate { recorded: (count / whole).round(), burst: (count / bursts).round() })
}

fn naive(size: Size, seed: u64, found: &mut Found) -> Result<(), Fault> {
    let naive = Naive::default();
    let mut stream = events(size.senders, size.dids, seed);
    let mut called = String::new();
    let mut sum = 0;
    let round = usize::try_from(size.senders)? * 3;
    for event in stream.by_ref().take(round) {
        take_called(&event, &mut called);
        sum += naive.note(&event, &called);
    }
    found.naive_sender = naive.bytes() as f64 / f64::from(size.senders);
    for event in stream.take(size.measured) {
        take_called(&event, &mut called);
        if event.stage.kind() == StageKind::Received {
            continue;
        }
        let began = now();
        sum += naive.note(&event, &called);
        found.naive.record(u64::try_from(began.elapsed().as_nanos())?)?;
    }
    if sum == 0 {
        return Err("the baseline counted nothing".into());
    }
    Ok(())
}

fn take_called(event: &StageEvent, called: &mut String) {
    if let Some(Parties::Inbound { did, .. }) = event.parties {
        *called = did.e164();
    }
}

/// Nanoseconds of a quantile, in microseconds.
pub(super) fn micros(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    rounded(histogram.value_at_quantile(quantile) as f64 / 1_000.0, 2)
}
