//! Part of `evaluate limits`: charges on streams of messages, so many in flight, against the real server on the same two cores.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use prost::Message as _;
use tokio::task::JoinSet;
use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::{Channel, Endpoint};

use super::process::Process;
use super::{Fault, SEED, median};
use crate::lab::evaluate::screening::engine::{now, rounded};
use crate::lab::evaluate::{Measured, Run, Scale};
use crate::wire::screening::v1 as wire;
use wire::charge_service_client::ChargeServiceClient;

const FULL: &str = "1,024 in flight of 200,000 members, 6 s a round, 5 rounds";
const QUICK: &str = "1,024 in flight of 20,000 members, 1 s a round, 1 round";
/// Charges in flight on all streams together.
const IN_FLIGHT: u32 = 1_024;
/// Streams, each on a connection of its own.
const STREAMS: u32 = 2;
/// Of so many charges one is timed.
const TIMED: u32 = 16;
/// Visits all members of a stream in no order.
const STEP: u32 = 38_261;
/// Where every charge is within its quota, as most are.
const POLICY: &str = "[quotas.unknown]\nfaxes = \"500000000 faxes / hour\"\n";
const HOW: &str = "2 streams, each message one charge of one quota, client and server on two cores; the latency of one charge in 16";

/// Measures.
///
/// # Errors
/// What kept it from measuring.
pub(in crate::lab::evaluate) fn charges(run: Run) -> Result<Vec<Measured>, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (found, bytes) = runtime.block_on(measure(run))?;
    let row = |id, value: f64, baseline: &str| Measured {
        id,
        value: Some(value),
        scale: (if run.scale == Scale::Full { FULL } else { QUICK }).to_owned(),
        seed: run.seed.unwrap_or(SEED),
        baseline: baseline.to_owned(),
        how: HOW.to_owned(),
    };
    let of = |value: fn(&Round) -> f64| median(found.iter().map(value));
    let processor =
        format!("{} us of the server's processor", rounded(of(|it| it.processor_us), 2));
    Ok(vec![
        row("limits.charges_per_second", rounded(of(|it| it.per_second), 0), &processor),
        row("limits.charges_p99_ms", rounded(of(|it| it.p99_ms), 2), ""),
        row("limits.charge_message_bytes", bytes as f64, ""),
    ])
}

/// One round.
struct Round {
    per_second: f64,
    p99_ms: f64,
    processor_us: f64,
}

/// Charges in flight on one stream, as whoever asks and whoever hears the answers see them.
struct Flight {
    sent: u32,
    answered: u32,
    /// When each timed charge in flight was sent, by its number.
    since: Vec<Instant>,
    waits: Option<Waker>,
}

/// What is asked on one stream: all members by name, and then charges, as many as may be in flight, until its time is over.
struct Asking {
    flight: Arc<Mutex<Flight>>,
    members: u32,
    stream: u32,
    ends: Instant,
}

impl Asking {
    fn message(&self, number: u32) -> wire::StreamChargesRequest {
        if number < self.members {
            return wire::StreamChargesRequest {
                charge_id: number,
                member_handle: number + 1,
                member_id: format!("member-{}-{number}", self.stream),
                ..Default::default()
            };
        }
        wire::StreamChargesRequest {
            charge_id: number,
            member_handle: number.wrapping_mul(STEP) % self.members + 1,
            resource: wire::ChargeResource::Faxes.into(),
            units: 1,
            ..Default::default()
        }
    }
}

impl Stream for Asking {
    type Item = wire::StreamChargesRequest;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut flight = self.flight.lock();
        if flight.sent - flight.answered >= IN_FLIGHT / STREAMS {
            flight.waits = Some(context.waker().clone());
            return Poll::Pending;
        }
        let number = flight.sent;
        if number.is_multiple_of(TIMED) {
            let at = now();
            if number >= self.members && at >= self.ends {
                return Poll::Ready(None);
            }
            let place = usize::try_from(number / TIMED).unwrap_or(0) % flight.since.len();
            flight.since[place] = at;
        }
        flight.sent += 1;
        Poll::Ready(Some(self.message(number)))
    }
}

/// What was counted on one stream: charges, from when on, and the latencies of some in microseconds.
type Counted = (u32, Instant, Histogram<u64>);

async fn stream(
    channel: Channel,
    (members, which): (u32, u32),
    span: Duration,
) -> Result<Counted, Fault> {
    let begun = now();
    let places = usize::try_from(IN_FLIGHT / TIMED)?;
    let flight = Flight { sent: 0, answered: 0, since: vec![begun; places], waits: None };
    let flight = Arc::new(Mutex::new(flight));
    // Naming all members takes well below a second, and is not counted.
    let ends = begun + span + Duration::from_secs(1);
    let asking = Asking { flight: Arc::clone(&flight), members, stream: which, ends };
    let mut client = ChargeServiceClient::new(channel);
    let mut told = client.stream_charges(asking).await?.into_inner();
    let (mut latencies, mut first) = (Histogram::<u64>::new(3)?, begun);
    let mut count = 0;
    while let Some(answer) = told.next().await {
        let wire::StreamChargesResponse { charge_id, outcome, fault, .. } = answer?;
        let named = charge_id < members;
        let within = outcome == i32::from(wire::QuotaOutcome::Within);
        if fault != 0 || (!named && !within) {
            return Err(format!("a charge was answered by {outcome} and {fault}").into());
        }
        let waiting = {
            let mut flight = flight.lock();
            flight.answered += 1;
            if charge_id.is_multiple_of(TIMED) && !named {
                let place = usize::try_from(charge_id / TIMED)? % places;
                latencies.record(u64::try_from(flight.since[place].elapsed().as_micros())?)?;
            }
            // Whoever asks goes on when a part of what may be in flight has been answered, and sends as much together.
            let room = flight.sent - flight.answered <= IN_FLIGHT / STREAMS / 2;
            if room { flight.waits.take() } else { None }
        };
        if let Some(waiting) = waiting {
            waiting.wake();
        }
        if named {
            first = now();
        } else {
            count += 1;
        }
    }
    Ok((count, first, latencies))
}

async fn round(
    process: &Process,
    channels: &[Channel],
    (members, span): (u32, Duration),
) -> Result<Round, Fault> {
    let mut streams = JoinSet::new();
    let before = process.processor()?;
    for (which, channel) in (0..).zip(channels) {
        streams.spawn(stream(channel.clone(), (members, which), span));
    }
    let (mut count, mut began, mut all) = (0_u32, now(), Histogram::<u64>::new(3)?);
    while let Some(done) = streams.join_next().await {
        let (more, first, latencies) = done??;
        (count, began) = (count + more, began.max(first));
        all.add(latencies)?;
    }
    let used = process.processor()?.saturating_sub(before).as_secs_f64();
    Ok(Round {
        per_second: f64::from(count) / began.elapsed().as_secs_f64(),
        p99_ms: super::load::p99_ms(&all),
        processor_us: used * 1e6 / f64::from(count.max(1)),
    })
}

async fn measure(run: Run) -> Result<(Vec<Round>, usize), Fault> {
    let (members, span, rounds) = match run.scale {
        Scale::Quick => (10_000, Duration::from_secs(1), 1),
        Scale::Full => (100_000, Duration::from_secs(6), 5),
    };
    let folder = tempfile::tempdir()?;
    let settings = folder.path().join("faxguard.toml");
    std::fs::write(&settings, POLICY)?;
    let process = Process::server(folder.path(), Some(&settings))?;
    let address = process.address().await?;
    let mut channels = Vec::new();
    for _ in 0..STREAMS {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        channels.push(endpoint.tcp_nodelay(true).connect().await?);
    }
    round(&process, &channels, (members, span / 4)).await?;
    let mut found = Vec::new();
    for _ in 0..rounds {
        found.push(round(&process, &channels, (members, span)).await?);
    }
    let largest = wire::StreamChargesRequest {
        charge_id: u32::MAX,
        member_handle: 1 << 20,
        member_id: String::new(),
        resource: wire::ChargeResource::Recipients.into(),
        units: 1_000_000,
    };
    Ok((found, largest.encoded_len()))
}
