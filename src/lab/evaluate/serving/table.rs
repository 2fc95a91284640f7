//! What was found as rows.

use super::load::Pace;
use super::storm::Storm;
use super::{FULL, Found, Paced, QUICK, Round, SEED, SILENT, median};
use crate::lab::evaluate::{Measured, Run, Scale};

/// Of a bar.
type Id = &'static str;

const UNARY: &str =
    "ScreenFax, 8 connections of 32 calls in flight, client and server on two cores";
const STREAM: &str = "StreamScreenFax, 8 streams of one request a message, as stages come, ledger on; refusals would end the measurement";
const BATCHED: &str = "StreamScreenFax, 8 streams of 64 requests a message, ledger on";
const PACED: &str = "calls begun on time whatever became of those before, at half of what the closed loop came to, from a server at rest";
const PROCESSOR: &str =
    "processor time of the whole server process, its ledger included, over its verdicts";
const ENCRYPTED: &str =
    "ScreenFax under mutual TLS (1.3) in turn with the same without, connections made beforehand";
const STORM: &str = "ten times the calls of the closed loop begun on time, at most 32 open on each of 8 connections";
const FLOOD: &str =
    "80 connections of 32 callers that ask without a pause but for the delay a refusal names";

/// One row an id.
pub(super) fn rows(run: Run, found: &Found) -> Vec<Measured> {
    let row = |id, value: f64, decimals, baseline: String, how: &str| Measured {
        id,
        value: Some(crate::lab::evaluate::screening::engine::rounded(value, decimals)),
        scale: match run.scale {
            Scale::Full => FULL.to_owned(),
            Scale::Quick => QUICK.to_owned(),
        },
        seed: run.seed.unwrap_or(SEED),
        baseline,
        how: how.to_owned(),
    };
    let mut rows = loops(found, row);
    rows.extend(loads(found, row));
    rows
}

/// Rows of the closed loops.
fn loops(found: &Found, row: impl Fn(Id, f64, i32, String, &str) -> Measured) -> Vec<Measured> {
    let Found { unary, stream, batched, encrypted, .. } = found;
    let (calls, streamed, many) = (rate(unary), rate(stream), rate(batched));
    let used = |rounds: &[[Round; 2]]| ours(rounds, |round| round.processor_us);
    let cost = encrypted
        .iter()
        .zip(unary)
        .map(|(sealed, [plain, _])| 100.0 * (1.0 - sealed.per_second / plain.per_second));
    let sealed = median(encrypted.iter().map(|round| round.per_second));
    let both = format!("{calls:.0} a second without, {sealed:.0} with");
    vec![
        row("serving.unary_share", share(unary), 2, echo_rate(unary), UNARY),
        row("serving.unary_per_second", calls, 0, echo_rate(unary), UNARY),
        row("serving.stream_share", share(stream), 2, echo_rate(stream), STREAM),
        row("serving.stream_per_second", streamed, 0, echo_rate(stream), STREAM),
        row("serving.batched_share", share(batched), 2, echo_rate(batched), BATCHED),
        row("serving.batched_per_second", many, 0, echo_rate(batched), BATCHED),
        row("serving.unary_processor_us", used(unary), 1, echo_processor(unary), PROCESSOR),
        row("serving.stream_processor_us", used(stream), 1, echo_processor(stream), PROCESSOR),
        row("serving.batched_processor_us", used(batched), 1, echo_processor(batched), PROCESSOR),
        row("serving.tls_cost_percent", median(cost), 1, both, ENCRYPTED),
    ]
}

/// Rows of the open loops.
fn loads(found: &Found, row: impl Fn(Id, f64, i32, String, &str) -> Measured) -> Vec<Measured> {
    let Found { unary, paced: Paced { ours: half, theirs, silent, kept }, storm, flood, .. } =
        found;
    let (peak, peak_p99) = (rate(unary), ours(unary, |round| round.p99_ms));
    let of = |paces: &[Pace]| median(paces.iter().map(|pace| pace.p99_ms));
    let handshakes = median(half.iter().map(|pace| pace.handshake_p99_ms));
    let beside = of(silent) / of(half);
    let echo = format!("{:.2} ms of the echo at the same pace", of(theirs));
    let at_peak = || format!("{peak:.0} a second in the closed loop");
    let p99_at_peak = || format!("{peak_p99:.2} ms in the closed loop");
    let without = format!("{} without them, {} with", spread(half), spread(silent));
    let silently = format!(
        "the same beside {SILENT} connections that say nothing, in turn, of which {kept} were still open at the end"
    );
    let stormed = format!("{STORM}: {}", storm.told());
    let flooded = format!("{FLOOD}: {}", flood.told());
    let goodput = |storm: &Storm| storm.goodput / peak;
    let late = |storm: &Storm| storm.p99_ms / peak_p99;
    vec![
        row("serving.unary_p99_ms", of(half), 2, echo.clone(), PACED),
        row("serving.handshake_p99_ms", handshakes, 2, echo, PACED),
        row("serving.silent_p99_share", beside, 2, without, &silently),
        row("serving.overload_goodput_share", goodput(storm), 2, at_peak(), &stormed),
        row("serving.overload_p99_share", late(storm), 2, p99_at_peak(), &stormed),
        row("serving.flood_goodput_share", goodput(flood), 2, at_peak(), &flooded),
        row("serving.flood_p99_share", late(flood), 2, p99_at_peak(), &flooded),
    ]
}

/// The median of the rounds, and the rounds it lies among.
fn spread(paces: &[Pace]) -> String {
    let rounds = || paces.iter().map(|pace| pace.p99_ms);
    let (least, most) = (rounds().fold(f64::INFINITY, f64::min), rounds().fold(0.0, f64::max));
    format!("{:.2} ms ({least:.2} to {most:.2})", median(rounds()))
}

/// Our verdicts a second.
fn rate(rounds: &[[Round; 2]]) -> f64 {
    ours(rounds, |round| round.per_second)
}

/// The median of our rounds.
fn ours(rounds: &[[Round; 2]], of: impl Fn(&Round) -> f64) -> f64 {
    median(rounds.iter().map(|[ours, _]| of(ours)))
}

/// The median of our share of the echo's rate, round for round.
fn share(rounds: &[[Round; 2]]) -> f64 {
    median(rounds.iter().map(|[ours, theirs]| ours.per_second / theirs.per_second))
}

fn echo_rate(rounds: &[[Round; 2]]) -> String {
    let rate = median(rounds.iter().map(|[_, theirs]| theirs.per_second));
    format!("{rate:.0} a second of the echo")
}

fn echo_processor(rounds: &[[Round; 2]]) -> String {
    let used = median(rounds.iter().map(|[_, theirs]| theirs.processor_us));
    format!("{used:.1} us of the echo")
}
