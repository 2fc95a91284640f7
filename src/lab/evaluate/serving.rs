//! `evaluate serving`: what the wire costs. The real server in a process of its own beside a bare tonic echo of the same
//! message sizes, both under the same client on the same two cores, a round of each in turn.

mod echo;
mod load;
mod process;

use std::path::Path;
use std::time::Duration;

use super::{Evaluation, Measured, Run, Scale};
use load::{Client, Pace, Shape};
use process::Process;

/// Why a measurement was not taken.
type Fault = Box<dyn std::error::Error + Send + Sync>;

const NAME: &str = "serving";
/// The seed of the bars.
const SEED: u64 = 1;
const FULL: &str = "10 s a round, 3 rounds";
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
}

impl Size {
    const fn of(scale: Scale) -> Self {
        match scale {
            Scale::Quick => Self { round: Duration::from_secs(1), rounds: 1 },
            Scale::Full => Self { round: Duration::from_secs(10), rounds: 3 },
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
            "serving.silent_p99_share",
        ]
    }

    fn rows(&self, run: Run) -> Result<Vec<Measured>, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let found = runtime.block_on(measure(run))?;
        Ok(table(run, &found))
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
    unary: Vec<[f64; 2]>,
    stream: Vec<[f64; 2]>,
    half: [Pace; 2],
    silent: Pace,
    kept: usize,
}

async fn measure(run: Run) -> Result<Found, Fault> {
    let size = Size::of(run.scale);
    let folder = tempfile::tempdir()?;
    let seed = run.seed.unwrap_or(SEED);
    let server = Process::server(folder.path())?;
    let ours = server.address().await?;
    let mut client = Client::new(seed);
    std::fs::write(folder.path().join(echo::ANSWERS), client.sample(&ours).await?)?;
    let echo = Process::echo(folder.path())?;
    let theirs = echo.address().await?;
    // Both once for nothing: connections, allocators and branch predictors begin cold.
    for address in [&ours, &theirs] {
        client.closed(address, Shape::Unary, size.round / 4).await?;
    }
    let (mut unary, mut stream) = (Vec::new(), Vec::new());
    for _ in 0..size.rounds {
        unary.push([
            client.closed(&ours, Shape::Unary, size.round).await?,
            client.closed(&theirs, Shape::Unary, size.round).await?,
        ]);
        stream.push([
            client.closed(&ours, Shape::Stream, size.round).await?,
            client.closed(&theirs, Shape::Stream, size.round).await?,
        ]);
    }
    let half = median(unary.iter().map(|[ours, _]| *ours)) / 2.0;
    let paced = [
        client.paced(&ours, half, size.round).await?,
        client.paced(&theirs, half, size.round).await?,
    ];
    let crowd = load::crowd(&ours, SILENT).await;
    let silent = client.paced(&ours, half, size.round).await?;
    let kept = load::still_open(&crowd);
    Ok(Found { unary, stream, half: paced, silent, kept })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn table(run: Run, found: &Found) -> Vec<Measured> {
    let row = |id, value: f64, decimals, baseline: String, how: &str| Measured {
        id,
        value: Some(super::screening::engine::rounded(value, decimals)),
        scale: match run.scale {
            Scale::Full => FULL.to_owned(),
            Scale::Quick => QUICK.to_owned(),
        },
        seed: run.seed.unwrap_or(SEED),
        baseline,
        how: how.to_owned(),
    };
    let share = |rounds: &[[f64; 2]]| median(rounds.iter().map(|[ours, theirs]| ours / theirs));
    let ours = |rounds: &[[f64; 2]]| median(rounds.iter().map(|[ours, _]| *ours));
    let theirs = |rounds: &[[f64; 2]]| {
        format!("{:.0} a second of the echo", median(rounds.iter().map(|[_, theirs]| *theirs)))
    };
    let [half, echo] = &found.half;
    let p99 = |pace: &Pace| format!("{:.2} ms of the echo at the same pace", pace.p99_ms);
    let unary = "ScreenFax, 8 connections of 32 calls in flight, client and server on two cores";
    let stream = "StreamScreenFax, 8 streams of 64 requests a message, ledger on";
    let paced = "calls begun on time whatever became of those before, at half of what the closed loop came to";
    vec![
        row("serving.unary_share", share(&found.unary), 2, theirs(&found.unary), unary),
        row("serving.unary_per_second", ours(&found.unary), 0, theirs(&found.unary), unary),
        row("serving.unary_p99_ms", half.p99_ms, 2, p99(echo), paced),
        row("serving.handshake_p99_ms", half.handshake_p99_ms, 2, p99(echo), paced),
        row("serving.stream_share", share(&found.stream), 2, theirs(&found.stream), stream),
        row("serving.stream_per_second", ours(&found.stream), 0, theirs(&found.stream), stream),
        row(
            "serving.silent_p99_share",
            found.silent.p99_ms / half.p99_ms,
            2,
            format!("{:.2} ms without them", half.p99_ms),
            &format!(
                "the same beside {SILENT} connections that say nothing, of which {} were still open at the end",
                found.kept
            ),
        ),
    ]
}
