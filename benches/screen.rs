//! One stage from event to verdict, ledger row included, beside the volume signals alone kept the usual way.
//!
//! Bar: at most 3 us in the median and 15 us at p99, warm, with a million senders; `faxguardctl evaluate screening
//! --full` measures that scale, this bench a twentieth of it in a minute.
//! Sketch: seven subjects a stage, each two or three cache misses of 100 ns where cold; a score of a hundred signals
//! at 3 ns; a row of 300 bytes. So 2 us, and nothing to wait for.

#![expect(clippy::unwrap_used, reason = "a bench that cannot begin has nothing to measure")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use faxguard::fax::stage::{Parties, StageEvent};
use faxguard::lab::evaluate::screening::baseline::Naive;
use faxguard::lab::evaluate::screening::engine::{Engine, events};
use faxguard::screening::screen;

const SENDERS: u32 = 50_000;
const SEED: u64 = 1;
/// Stages between two waits for the disk, which are not timed.
const BURST: u64 = 16_384;

fn decision(bencher: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let (engine, _) = Engine::open(folder.path(), SEED).unwrap();
    engine.assign(SENDERS);
    let mut stream = events(SENDERS, SENDERS, SEED);
    engine.fill(stream.by_ref().take(SENDERS as usize * 3)).unwrap();
    let naive = Naive::default();
    let mut group = bencher.benchmark_group("stage");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(8));
    group.bench_function("screen", |bencher| {
        bencher.iter_custom(|count| {
            timed(count, &mut stream, &mut |event| drop(screen(&engine.memory, event)), &mut || {
                engine.flush().unwrap();
            })
        });
    });
    let mut stream = events(SENDERS, SENDERS, SEED);
    let mut called = String::new();
    group.bench_function("volume signals in a DashMap of logs", |bencher| {
        bencher.iter_custom(|count| {
            let mut note = |event: &StageEvent| {
                if let Some(Parties::Inbound { did, .. }) = event.parties {
                    called = did.e164();
                }
                black_box(naive.note(event, &called));
            };
            timed(count, &mut stream, &mut note, &mut || ())
        });
    });
    group.finish();
}

#[expect(clippy::disallowed_methods, reason = "a bench measures the machine's own time")]
fn timed(
    count: u64,
    stream: &mut dyn Iterator<Item = StageEvent>,
    each: &mut dyn FnMut(&StageEvent),
    rest: &mut dyn FnMut(),
) -> Duration {
    let (mut left, mut took) = (count, Duration::ZERO);
    while left > 0 {
        let burst: Vec<StageEvent> = stream.take(left.min(BURST) as usize).collect();
        let began = Instant::now();
        burst.iter().for_each(&mut *each);
        took += began.elapsed();
        left -= burst.len() as u64;
        rest();
    }
    took
}

criterion_group!(benches, decision);
criterion_main!(benches);
