//! The client of the measurement: calls as fast as they are answered, calls begun on time whatever becomes of those before,
//! and connections that say nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use prost::Message as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_stream::StreamExt as _;
use tonic::transport::{Channel, Endpoint};

use super::Fault;
use crate::lab::evaluate::screening::engine::now;
use crate::wire::screening::v1 as wire;
use wire::screen_fax_request::{Parties, Stage};
use wire::screening_service_client::ScreeningServiceClient;

const CONNECTIONS: usize = 8;
/// Calls in flight on one connection.
const IN_FLIGHT: usize = 32;
/// Requests of one message of a stream.
const BATCH: usize = 64;
/// Senders and numbers of ours that take turns.
const SENDERS: u64 = 50_000;
const STAGES: u64 = 3;
/// Calls of the open loop are begun together once in this time.
const BEAT: Duration = Duration::from_millis(1);
/// Where the crowd connects from: not from where the load does, since each peer has a cap of its own.
const CROWD: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2)), 0);

/// How verdicts are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One a call.
    Unary,
    /// Many over one stream.
    Stream,
}

/// Latencies of an open loop, from when a call should have begun.
pub(super) struct Pace {
    /// Of all stages.
    pub(super) p99_ms: f64,
    /// Of handshakes.
    pub(super) handshake_p99_ms: f64,
}

/// Whoever asks. Each request is another stage of another fax.
pub(super) struct Client {
    seed: u64,
    next: Arc<AtomicU64>,
}

impl Client {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, next: Arc::default() }
    }

    /// An answer to a call and one to a message of a stream, each as bytes, the first after its length.
    pub(super) async fn sample(&mut self, address: &str) -> Result<Vec<u8>, Fault> {
        let mut client = ScreeningServiceClient::new(connect(address).await?);
        let requests = Requests { seed: self.seed, next: Arc::clone(&self.next) };
        let unary = client.screen_fax(requests.one()).await?.into_inner().encode_to_vec();
        let batches = tokio_stream::iter([requests.batch()]);
        let mut told = client.stream_screen_fax(batches).await?.into_inner();
        let stream = told.message().await?.ok_or("a stream was not answered")?.encode_to_vec();
        let length = u64::try_from(unary.len())?.to_le_bytes();
        Ok([&length[..], &unary, &stream].concat())
    }

    /// Verdicts a second, each call begun when one before has been answered.
    pub(super) async fn closed(
        &mut self,
        address: &str,
        shape: Shape,
        span: Duration,
    ) -> Result<f64, Fault> {
        let mut channels = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            channels.push(connect(address).await?);
        }
        let began = now();
        let mut tasks: JoinSet<Result<u64, tonic::Status>> = JoinSet::new();
        for channel in channels {
            let client = ScreeningServiceClient::new(channel);
            let requests = Requests { seed: self.seed, next: Arc::clone(&self.next) };
            match shape {
                Shape::Stream => {
                    tasks.spawn(stream(client, requests, began, span));
                }
                Shape::Unary => {
                    for _ in 0..IN_FLIGHT {
                        tasks.spawn(unary(client.clone(), requests.clone(), began, span));
                    }
                }
            }
        }
        let mut count = 0;
        while let Some(done) = tasks.join_next().await {
            count += done??;
        }
        Ok(count as f64 / began.elapsed().as_secs_f64())
    }

    /// Latencies with so many calls begun a second.
    pub(super) async fn paced(
        &mut self,
        address: &str,
        per_second: f64,
        span: Duration,
    ) -> Result<Pace, Fault> {
        let mut clients = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            clients.push(ScreeningServiceClient::new(connect(address).await?));
        }
        let requests = Requests { seed: self.seed, next: Arc::clone(&self.next) };
        let began = now();
        let mut tasks: JoinSet<Result<(bool, u64), Fault>> = JoinSet::new();
        let mut beat = tokio::time::interval(BEAT);
        let mut begun = 0_u32;
        while began.elapsed() < span {
            beat.tick().await;
            while f64::from(begun) / per_second <= began.elapsed().as_secs_f64() {
                let due = Duration::from_secs_f64(f64::from(begun) / per_second);
                let mut client = clients[begun as usize % CONNECTIONS].clone();
                let request = requests.one();
                begun += 1;
                tasks.spawn(async move {
                    let handshake = matches!(request.stage, Some(Stage::Handshake(_)));
                    client.screen_fax(request).await?;
                    let late = began.elapsed().saturating_sub(due);
                    Ok((handshake, u64::try_from(late.as_micros())?))
                });
            }
        }
        let mut all = Histogram::<u64>::new(3)?;
        let mut handshakes = Histogram::<u64>::new(3)?;
        while let Some(done) = tasks.join_next().await {
            let (handshake, micros) = done??;
            all.record(micros)?;
            if handshake {
                handshakes.record(micros)?;
            }
        }
        let millis = |of: &Histogram<u64>| of.value_at_quantile(0.99) as f64 / 1_000.0;
        Ok(Pace { p99_ms: millis(&all), handshake_p99_ms: millis(&handshakes) })
    }
}

async fn connect(address: &str) -> Result<Channel, Fault> {
    Ok(Endpoint::from_shared(address.to_owned())?.tcp_nodelay(true).connect().await?)
}

async fn unary(
    mut client: ScreeningServiceClient<Channel>,
    requests: Requests,
    began: std::time::Instant,
    span: Duration,
) -> Result<u64, tonic::Status> {
    let mut count = 0;
    while began.elapsed() < span {
        client.screen_fax(requests.one()).await?;
        count += 1;
    }
    Ok(count)
}

async fn stream(
    mut client: ScreeningServiceClient<Channel>,
    requests: Requests,
    began: std::time::Instant,
    span: Duration,
) -> Result<u64, tonic::Status> {
    let batches = std::iter::from_fn(move || (began.elapsed() < span).then(|| requests.batch()));
    let mut told = client.stream_screen_fax(tokio_stream::iter(batches)).await?.into_inner();
    let mut count = 0;
    while let Some(batch) = told.next().await {
        count += batch?.results.len() as u64;
    }
    Ok(count)
}

/// Stages of faxes, one after the other.
#[derive(Clone)]
struct Requests {
    seed: u64,
    next: Arc<AtomicU64>,
}

impl Requests {
    fn one(&self) -> wire::ScreenFaxRequest {
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        let (fax, stage) = (at / STAGES, at % STAGES);
        let (sender, did) = (fax % SENDERS, (fax * 7_919 + self.seed) % SENDERS);
        let number = |area: u64, at: u64| format!("+1{}", area * 10_000_000 + 5_000_000 + at);
        let session = || wire::Handshake {
            tsi: number(620, sender),
            rate_bps: 14_400,
            ecm: true,
            coding: wire::Coding::Mmr.into(),
            ..wire::Handshake::default()
        };
        wire::ScreenFaxRequest {
            request_id: format!("{:x}-{at}", self.seed),
            node_id: "gateway-1".to_owned(),
            fax_id: format!("{:x}-{fax}", self.seed),
            parties: (stage == 0).then(|| {
                Parties::Inbound(wire::InboundParties {
                    caller_number: number(620, sender),
                    called_number: number(212, did),
                    trunk: format!("trunk-{}", sender % 16),
                })
            }),
            stage: Some(match stage {
                0 => Stage::CallOffered(wire::CallOffered {
                    attestation: wire::Attestation::A.into(),
                    ..wire::CallOffered::default()
                }),
                1 => Stage::Handshake(session()),
                _ => Stage::Received(wire::Received {
                    outcome: wire::ReceiveOutcome::Complete.into(),
                    page_count: 2,
                    size_bytes: 20_000 + sender,
                    ..wire::Received::default()
                }),
            }),
            ..wire::ScreenFaxRequest::default()
        }
    }

    fn batch(&self) -> wire::StreamScreenFaxRequest {
        wire::StreamScreenFaxRequest { requests: (0..BATCH).map(|_| self.one()).collect() }
    }
}

/// Connections that say nothing: as many of so many as can be had.
pub(super) async fn crowd(address: &str, size: usize) -> Vec<TcpStream> {
    let Ok(to) = address.trim_start_matches("http://").parse() else { return Vec::new() };
    let mut crowd = Vec::new();
    while crowd.len() < size {
        let Ok(socket) = TcpSocket::new_v4() else { break };
        if socket.bind(CROWD).is_err() {
            break;
        }
        let Ok(stream) = socket.connect(to).await else { break };
        crowd.push(stream);
    }
    crowd
}

/// How many of them have not been closed.
pub(super) fn still_open(crowd: &[TcpStream]) -> usize {
    let open = |stream: &&TcpStream| {
        let read = stream.try_read(&mut [0]);
        matches!(read, Err(fault) if fault.kind() == std::io::ErrorKind::WouldBlock)
    };
    crowd.iter().filter(open).count()
}
