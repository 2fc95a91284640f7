//! `evaluate serving`: what the wire costs. The real server in a process of its own beside a bare tonic echo of the same
//! message sizes, both under the same client on the same two cores, a round of each in turn.

mod charges;
mod echo;
mod encrypted;
mod import;
mod load;
mod process;
mod rates;
mod storm;
mod table;

use std::path::Path;
use std::time::Duration;

use super::{Evaluation, Measured, Run, Scale};
pub(super) use charges::charges;
pub(super) use import::Import;
use load::{Client, Lap, Pace, Shape, Target};
use process::Process;
pub(super) use rates::rates;
use storm::Storm;

/// Why a measurement was not taken.
type Fault = Box<dyn std::error::Error + Send + Sync>;

const NAME: &str = "serving";
/// The seed of the bars.
const SEED: u64 = 1;
const FULL: &str = "6 s a round, 5 rounds; at half load 15 of 4 s";
const QUICK: &str = "1 s a round, 1 round";
/// Silent connections beside the load.
const SILENT: usize = 10_000;

/// The evaluation.
pub(super) struct Serving;

/// How long it is measured.
#[derive(Clone, Copy)]
struct Size {
    round: Duration,
    rounds: usize,
    /// Rounds of latencies at half load: these differ more than rates do, and a stall of the machine spoils one round
    /// however long it is, so there are many short ones. Each is shorter than a silent connection is borne with.
    paced_rounds: usize,
    paced_round: Duration,
}

impl Size {
    const fn of(scale: Scale) -> Self {
        match scale {
            Scale::Quick => Self {
                round: Duration::from_secs(1),
                rounds: 1,
                paced_rounds: 1,
                paced_round: Duration::from_secs(1),
            },
            Scale::Full => Self {
                round: Duration::from_secs(6),
                rounds: 5,
                paced_rounds: 15,
                paced_round: Duration::from_secs(4),
            },
        }
    }
}

impl Evaluation for Serving {
    fn name(&self) -> &'static str {
        NAME
    }

    fn ids(&self) -> &'static [&'static str] {
        &[
            "serving.unary_share",
            "serving.unary_per_second",
            "serving.unary_p99_ms",
            "serving.handshake_p99_ms",
            "serving.stream_share",
            "serving.stream_per_second",
            "serving.batched_share",
            "serving.batched_per_second",
            "serving.silent_p99_share",
            "serving.unary_processor_us",
            "serving.stream_processor_us",
            "serving.batched_processor_us",
            "serving.tls_cost_percent",
            "serving.overload_goodput_share",
            "serving.overload_p99_share",
            "serving.flood_goodput_share",
            "serving.flood_p99_share",
        ]
    }

    fn rows(&self, run: Run) -> Result<Vec<Measured>, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let found = runtime.block_on(measure(run))?;
        Ok(table::rows(run, &found))
    }

    fn part(&self, name: &str, _run: Run, folder: &Path) -> Result<(), Fault> {
        match name {
            echo::PART => echo::serve(folder),
            _ => Err(format!("there is no part `{name}`").into()),
        }
    }
}

/// What was found: ours and the echo's.
struct Found {
    unary: Vec<[Round; 2]>,
    /// Streams of one request a message, and of many.
    stream: Vec<[Round; 2]>,
    batched: Vec<[Round; 2]>,
    /// Unary calls under mutual TLS, a round after each without.
    encrypted: Vec<Round>,
    paced: Paced,
    storm: Storm,
    flood: Storm,
}

/// Latencies at half load: of ours and of the echo, and of ours beside connections that say nothing, in turn.
#[derive(Default)]
struct Paced {
    ours: Vec<Pace>,
    theirs: Vec<Pace>,
    silent: Vec<Pace>,
    /// Most of the silent connections that were still open at the end.
    kept: usize,
}

/// One round of a closed loop.
#[derive(Clone, Copy)]
struct Round {
    per_second: f64,
    p99_ms: f64,
    /// Processor time of the server for each verdict.
    processor_us: f64,
}

/// A server and how to reach it.
struct Side {
    process: Process,
    target: Target,
}

impl Side {
    async fn plain(process: Process) -> Result<Self, Fault> {
        let target = Target::plain(process.address().await?);
        Ok(Self { process, target })
    }

    async fn round(
        &self,
        client: &mut Client,
        shape: Shape,
        span: Duration,
    ) -> Result<Round, Fault> {
        let before = self.process.processor()?;
        let lap: Lap = client.closed(&self.target, shape, span).await?;
        let used = self.process.processor()?.saturating_sub(before);
        Ok(Round {
            per_second: lap.per_second(),
            p99_ms: lap.p99_ms,
            processor_us: used.as_secs_f64() * 1e6 / lap.count as f64,
        })
    }
}

/// Between two looks at a server that is to come to rest, and the most of them.
const REST_LOOK: Duration = Duration::from_millis(250);
const REST_LOOKS_MAX: usize = 80;

impl Side {
    /// Waits until the server has done what the rounds before left it: a backlog of the ledger, a snapshot. Steady half
    /// load is measured, and not that.
    async fn rest(&self) -> Result<(), Fault> {
        for _ in 0..REST_LOOKS_MAX {
            let before = self.process.processor()?;
            tokio::time::sleep(REST_LOOK).await;
            if self.process.processor()?.saturating_sub(before) <= REST_LOOK / 10 {
                break;
            }
        }
        Ok(())
    }
}

async fn paced(
    (ours, theirs): (&Side, &Side),
    client: &mut Client,
    per_second: f64,
    size: &Size,
) -> Result<Paced, Fault> {
    let mut paced = Paced::default();
    for round in 0..size.paced_rounds {
        // Whichever comes later meets a server that has seen more: they take turns.
        if round % 2 == 0 {
            ours.rest().await?;
            paced.ours.push(client.paced(&ours.target, per_second, size.paced_round).await?);
        }
        let crowd = load::crowd(&ours.target.address, SILENT).await;
        ours.rest().await?;
        paced.silent.push(client.paced(&ours.target, per_second, size.paced_round).await?);
        paced.kept = paced.kept.max(load::still_open(&crowd));
        drop(crowd);
        if round % 2 == 1 {
            ours.rest().await?;
            paced.ours.push(client.paced(&ours.target, per_second, size.paced_round).await?);
        }
        paced.theirs.push(client.paced(&theirs.target, per_second, size.paced_round).await?);
    }
    Ok(paced)
}

async fn measure(run: Run) -> Result<Found, Fault> {
    let size = Size::of(run.scale);
    let folder = tempfile::tempdir()?;
    let seed = run.seed.unwrap_or(SEED);
    let ours = Side::plain(Process::server(folder.path(), None)?).await?;
    let mut client = Client::new(seed);
    // All once for nothing: connections, allocators and branch predictors begin cold, and what is known makes answers longer.
    client.closed(&ours.target, Shape::Unary, size.round / 4).await?;
    for (name, answer) in echo::ANSWERS.into_iter().zip(client.sample(&ours.target).await?) {
        std::fs::write(folder.path().join(name), answer)?;
    }
    let theirs = Side::plain(Process::echo(folder.path())?).await?;
    let (process, target) = encrypted::start(&folder.path().join("encrypted")).await?;
    let sealed = Side { process, target };
    for side in [&theirs, &sealed] {
        client.closed(&side.target, Shape::Unary, size.round / 4).await?;
    }
    let mut loops: [Vec<[Round; 2]>; 3] = Default::default();
    let mut encrypted = Vec::new();
    for _ in 0..size.rounds {
        let shapes = [Shape::Unary, Shape::Stream(1), Shape::Stream(load::BATCH)];
        for (rounds, shape) in loops.iter_mut().zip(shapes) {
            rounds.push([
                ours.round(&mut client, shape, size.round).await?,
                theirs.round(&mut client, shape, size.round).await?,
            ]);
        }
        encrypted.push(sealed.round(&mut client, Shape::Unary, size.round).await?);
    }
    drop(sealed);
    let [unary, stream, batched] = loops;
    let peak = median(unary.iter().map(|[ours, _]| ours.per_second));
    let paced = paced((&ours, &theirs), &mut client, peak / 2.0, &size).await?;
    ours.rest().await?;
    let storm = client.storm(&ours.target, peak * storm::TIMES, size.round).await?;
    ours.rest().await?;
    let flood = client.flood(&ours.target, size.round).await?;
    Ok(Found { unary, stream, batched, encrypted, paced, storm, flood })
}

/// The value in the middle; of none 0.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
