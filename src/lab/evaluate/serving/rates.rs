//! Part of `evaluate limits`: what a question to the rate limit service costs the real server, beside a bare tonic echo of the same
//! message sizes under the same client, a round of each in turn.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prost::Message as _;
use tokio::task::JoinSet;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use super::load::{CONNECTIONS, IN_FLIGHT};
use super::process::Process;
use super::{Fault, SEED, echo, median};
use crate::lab::evaluate::screening::engine::{now, rounded};
use crate::lab::evaluate::{Measured, Run, Scale};
use crate::wire::envoy::extensions::common::ratelimit::v3::RateLimitDescriptor;
use crate::wire::envoy::extensions::common::ratelimit::v3::rate_limit_descriptor::Entry;
use crate::wire::envoy::service::ratelimit::v3::{RateLimitRequest, RateLimitResponse};

const FULL: &str = "1 million members, 6 s a round, 5 rounds";
const QUICK: &str = "1 million members, 1 s a round, 1 round";
/// Members that take turns, by a step that visits all of them.
const MEMBERS: u64 = 1_000_000;
const STEP: u64 = 382_541;
const POLICY: &str = "[descriptors.sends]\nentries = [\"member\"]\n";
const OURS: &str = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";
/// The echo answers this path, whatever is asked.
const THEIRS: &str = "/faxguard.screening.v1.ScreeningService/ScreenFax";
const HOW: &str = "ShouldRateLimit of one descriptor, 8 connections of 32 calls in flight, client and server on two cores; \
                   processor time of the whole process";

/// Measures.
///
/// # Errors
/// What kept it from measuring.
pub(in crate::lab::evaluate) fn rates(run: Run) -> Result<Vec<Measured>, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(measure(run))?;
    Ok(rows(run, &found))
}

/// One round: answers a second, and processor time of the server for each, in microseconds.
#[derive(Clone, Copy)]
struct Round {
    per_second: f64,
    processor_us: f64,
}

/// A server, and how it is asked.
struct Side {
    process: Process,
    path: &'static str,
    channels: Vec<Channel>,
}

impl Side {
    async fn of(process: Process, path: &'static str) -> Result<Self, Fault> {
        let address = process.address().await?;
        let mut channels = Vec::new();
        for _ in 0..CONNECTIONS {
            let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
            channels.push(endpoint.tcp_nodelay(true).connect().await?);
        }
        Ok(Self { process, path, channels })
    }

    async fn round(&self, next: &Arc<AtomicU64>, span: Duration) -> Result<Round, Fault> {
        let (before, began) = (self.process.processor()?, now());
        let mut asking = JoinSet::new();
        for channel in &self.channels {
            for _ in 0..IN_FLIGHT {
                let (channel, next, path) = (channel.clone(), Arc::clone(next), self.path);
                asking.spawn(async move {
                    let mut count = 0_u64;
                    while began.elapsed() < span {
                        let member = next.fetch_add(1, Ordering::Relaxed) * STEP % MEMBERS;
                        ask(&channel, path, member).await?;
                        count += 1;
                    }
                    Ok::<u64, Fault>(count)
                });
            }
        }
        let mut count = 0;
        while let Some(asked) = asking.join_next().await {
            count += asked??;
        }
        let (used, took) = (self.process.processor()?.saturating_sub(before), began.elapsed());
        let count = count.max(1) as f64;
        Ok(Round {
            per_second: count / took.as_secs_f64(),
            processor_us: used.as_secs_f64() * 1e6 / count,
        })
    }
}

async fn ask(
    channel: &Channel,
    path: &'static str,
    member: u64,
) -> Result<RateLimitResponse, Fault> {
    let entry = Entry { key: "member".to_owned(), value: format!("member-{member}") };
    let request = RateLimitRequest {
        domain: "faxguard".to_owned(),
        descriptors: vec![RateLimitDescriptor { entries: vec![entry], hits_addend: None }],
        hits_addend: 1,
    };
    let mut client = Grpc::new(channel.clone());
    client.ready().await?;
    let codec: ProstCodec<RateLimitRequest, RateLimitResponse> = ProstCodec::default();
    let path = PathAndQuery::from_static(path);
    Ok(client.unary(tonic::Request::new(request), path, codec).await?.into_inner())
}

async fn measure(run: Run) -> Result<Vec<[Round; 2]>, Fault> {
    let (span, rounds) = match run.scale {
        Scale::Quick => (Duration::from_secs(1), 1),
        Scale::Full => (Duration::from_secs(6), 5),
    };
    let folder = tempfile::tempdir()?;
    let settings = folder.path().join("faxguard.toml");
    std::fs::write(&settings, POLICY)?;
    let ours = Side::of(Process::server(folder.path(), Some(&settings))?, OURS).await?;
    let next = Arc::new(AtomicU64::new(run.seed.unwrap_or(SEED)));
    // What is known makes answers longer: the echo answers what the server does once it knows the members.
    ours.round(&next, span / 2).await?;
    let answer = ask(&ours.channels[0], OURS, 1).await?.encode_to_vec();
    write_answers(folder.path(), &answer)?;
    let theirs = Side::of(Process::echo(folder.path())?, THEIRS).await?;
    theirs.round(&next, span / 4).await?;
    let mut found = Vec::new();
    for _ in 0..rounds {
        found.push([ours.round(&next, span).await?, theirs.round(&next, span).await?]);
    }
    Ok(found)
}

fn write_answers(folder: &Path, answer: &[u8]) -> Result<(), Fault> {
    for name in echo::ANSWERS {
        std::fs::write(folder.join(name), answer)?;
    }
    Ok(())
}

fn rows(run: Run, found: &[[Round; 2]]) -> Vec<Measured> {
    let share = median(found.iter().map(|[ours, theirs]| ours.processor_us / theirs.processor_us));
    let of = |side: usize, value: fn(&Round) -> f64| {
        median(found.iter().map(|round| value(&round[side])))
    };
    let used = |side| of(side, |round| round.processor_us);
    let rate = |side| of(side, |round| round.per_second);
    let row = |id, value: f64, decimals, baseline: String| Measured {
        id,
        value: Some(rounded(value, decimals)),
        scale: match run.scale {
            Scale::Full => FULL.to_owned(),
            Scale::Quick => QUICK.to_owned(),
        },
        seed: run.seed.unwrap_or(SEED),
        baseline,
        how: HOW.to_owned(),
    };
    let echoed = format!("{:.1} us of a bare echo", used(1));
    vec![
        row("limits.rate_processor_share", share, 2, echoed.clone()),
        row("limits.rate_processor_us", used(0), 1, echoed),
        row("limits.rate_per_second", rate(0), 0, format!("{:.0} of a bare echo", rate(1))),
    ]
}
