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
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic_types::StatusExt as _;

use super::Fault;
use crate::lab::evaluate::screening::engine::now;
use crate::wire::screening::v1 as wire;
use wire::screen_fax_request::{Parties, Stage};
use wire::screen_fax_result::Result as WireResult;
use wire::screening_service_client::ScreeningServiceClient;

pub(super) const CONNECTIONS: usize = 8;
/// Calls in flight on one connection.
pub(super) const IN_FLIGHT: usize = 32;
/// Requests of one message of a stream, where they are gathered.
pub(super) const BATCH: usize = 64;
/// Answers of which one is taken for the echo.
const SAMPLES: usize = 300;
/// Nodes that ask, in turn: no one of them asks more than a node may.
const NODES: u64 = 8;
/// Senders and numbers of ours that take turns.
const SENDERS: u64 = 50_000;
const STAGES: u64 = 3;
/// Calls of the open loop are begun together once in this time, since no timer is finer. They are due then.
const BEAT: Duration = Duration::from_millis(1);
/// Where the crowd connects from: not from where the load does, since each peer has a cap of its own.
const CROWD: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2)), 0);

/// How verdicts are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One a call.
    Unary,
    /// Over streams, so many a message.
    Stream(usize),
}

/// Whom to ask, and under what encryption.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) address: String,
    pub(super) tls: Option<ClientTlsConfig>,
}

impl Target {
    /// A server without encryption.
    pub(super) const fn plain(address: String) -> Self {
        Self { address, tls: None }
    }

    /// One connection more.
    pub(super) async fn connect(&self) -> Result<ScreeningServiceClient<Channel>, Fault> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let endpoint = Endpoint::from_shared(format!("{scheme}://{}", self.address))?;
        let endpoint = match &self.tls {
            Some(tls) => endpoint.tls_config(tls.clone())?,
            None => endpoint,
        };
        Ok(ScreeningServiceClient::new(endpoint.tcp_nodelay(true).connect().await?))
    }

    /// So many.
    pub(super) async fn connections(
        &self,
        count: usize,
    ) -> Result<Vec<ScreeningServiceClient<Channel>>, Fault> {
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            clients.push(self.connect().await?);
        }
        Ok(clients)
    }
}

/// What one task of a closed loop counted: verdicts, and of single calls their latencies in microseconds.
type Counted = (u64, Option<Histogram<u64>>);

/// What a closed loop came to.
pub(super) struct Lap {
    /// Verdicts.
    pub(super) count: u64,
    /// In how many seconds.
    pub(super) seconds: f64,
    /// From question to answer; of single calls only.
    pub(super) p99_ms: f64,
}

impl Lap {
    /// Verdicts a second.
    pub(super) fn per_second(&self) -> f64 {
        self.count as f64 / self.seconds
    }
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

    /// An answer to a call, and those to a message of a stream with one request and with many: of those that are told, the one
    /// whose length is nearest to the mean. To be asked of a server that has seen such requests: what is known makes answers longer.
    pub(super) async fn sample(&mut self, target: &Target) -> Result<[Vec<u8>; 3], Fault> {
        let mut client = target.connect().await?;
        let requests = self.requests();
        let mut calls = Vec::new();
        for _ in 0..SAMPLES {
            calls.push(client.screen_fax(requests.one()).await?.into_inner().encode_to_vec());
        }
        let mut answers = [usual(calls)?, Vec::new(), Vec::new()];
        for (answer, batch) in answers[1..].iter_mut().zip([1, BATCH]) {
            let messages: Vec<_> = (0..SAMPLES).map(|_| requests.batch(batch)).collect();
            let told = client.stream_screen_fax(tokio_stream::iter(messages)).await?.into_inner();
            let told: Result<Vec<_>, _> = told.collect().await;
            *answer = usual(told?.iter().map(prost::Message::encode_to_vec).collect())?;
        }
        Ok(answers)
    }

    /// The requests that come next.
    pub(super) fn requests(&self) -> Requests {
        Requests { seed: self.seed, next: Arc::clone(&self.next) }
    }

    /// Each call begun when one before has been answered.
    pub(super) async fn closed(
        &mut self,
        target: &Target,
        shape: Shape,
        span: Duration,
    ) -> Result<Lap, Fault> {
        let clients = target.connections(CONNECTIONS).await?;
        let began = now();
        let mut tasks: JoinSet<Result<Counted, Fault>> = JoinSet::new();
        for client in clients {
            let requests = self.requests();
            match shape {
                Shape::Stream(batch) => {
                    tasks.spawn(stream(client, (requests, batch), began, span));
                }
                Shape::Unary => {
                    for _ in 0..IN_FLIGHT {
                        tasks.spawn(unary(client.clone(), requests.clone(), began, span));
                    }
                }
            }
        }
        let (mut count, mut latencies) = (0, Histogram::<u64>::new(3)?);
        while let Some(done) = tasks.join_next().await {
            let (more, of_them) = done??;
            count += more;
            if let Some(of_them) = of_them {
                latencies.add(of_them)?;
            }
        }
        Ok(Lap { count, seconds: began.elapsed().as_secs_f64(), p99_ms: p99_ms(&latencies) })
    }

    /// Latencies with so many calls begun a second, from when each was due.
    pub(super) async fn paced(
        &mut self,
        target: &Target,
        per_second: f64,
        span: Duration,
    ) -> Result<Pace, Fault> {
        let clients = target.connections(CONNECTIONS).await?;
        let requests = self.requests();
        let began = now();
        let mut tasks: JoinSet<Result<(bool, u64), Fault>> = JoinSet::new();
        let mut beat = tokio::time::interval(BEAT);
        let mut begun = 0_u32;
        let mut all = Histogram::<u64>::new(3)?;
        let mut handshakes = Histogram::<u64>::new(3)?;
        let mut told = |(handshake, micros): (bool, u64)| -> Result<(), Fault> {
            all.record(micros)?;
            if handshake {
                handshakes.record(micros)?;
            }
            Ok(())
        };
        while began.elapsed() < span {
            let struck = beat.tick().await.into_std().saturating_duration_since(began);
            // Those that are done give their memory back: without, every call of the round takes new pages, and
            // where the machine has to find them first, that is what would be measured.
            while let Some(done) = tasks.try_join_next() {
                told(done??)?;
            }
            while f64::from(begun) / per_second <= began.elapsed().as_secs_f64() {
                // Nobody waits for a call before its beat; one that begins late, since this client was behind, does count as late.
                let due = Duration::from_secs_f64(f64::from(begun) / per_second).max(struck);
                let mut client = clients[begun as usize % CONNECTIONS].clone();
                let request = requests.one();
                begun += 1;
                tasks.spawn(async move {
                    let handshake = matches!(request.stage, Some(Stage::Handshake(_)));
                    if let Err(status) = client.screen_fax(request).await {
                        refused(status)?;
                    }
                    let late = began.elapsed().saturating_sub(due);
                    Ok((handshake, u64::try_from(late.as_micros())?))
                });
            }
        }
        while let Some(done) = tasks.join_next().await {
            told(done??)?;
        }
        Ok(Pace { p99_ms: p99_ms(&all), handshake_p99_ms: p99_ms(&handshakes) })
    }
}

/// The answer whose length is nearest to the mean.
fn usual(answers: Vec<Vec<u8>>) -> Result<Vec<u8>, Fault> {
    let mean = answers.iter().map(Vec::len).sum::<usize>() / answers.len().max(1);
    let nearest = answers.into_iter().min_by_key(|answer| answer.len().abs_diff(mean));
    nearest.ok_or_else(|| "nothing was answered".into())
}

/// How long to wait after a refusal for load. Any other fault ends the measurement.
pub(super) fn refused(status: tonic::Status) -> Result<Duration, Fault> {
    if status.code() != tonic::Code::ResourceExhausted {
        return Err(status.into());
    }
    let delay = status.get_error_details().retry_info().and_then(|info| info.retry_delay);
    Ok(delay.unwrap_or_default())
}

/// The 99th of a hundred microseconds, in milliseconds.
pub(super) fn p99_ms(micros: &Histogram<u64>) -> f64 {
    micros.value_at_quantile(0.99) as f64 / 1_000.0
}

async fn unary(
    mut client: ScreeningServiceClient<Channel>,
    requests: Requests,
    began: std::time::Instant,
    span: Duration,
) -> Result<Counted, Fault> {
    let (mut count, mut latencies) = (0, Histogram::<u64>::new(3)?);
    while began.elapsed() < span {
        let asked = now();
        match client.screen_fax(requests.one()).await {
            Ok(_) => {
                latencies.record(u64::try_from(asked.elapsed().as_micros())?)?;
                count += 1;
            }
            // A machine that does other things beside may leave the server behind.
            Err(status) => tokio::time::sleep(refused(status)?).await,
        }
    }
    Ok((count, Some(latencies)))
}

async fn stream(
    mut client: ScreeningServiceClient<Channel>,
    (requests, batch): (Requests, usize),
    began: std::time::Instant,
    span: Duration,
) -> Result<Counted, Fault> {
    let batches =
        std::iter::from_fn(move || (began.elapsed() < span).then(|| requests.batch(batch)));
    let mut told = client.stream_screen_fax(tokio_stream::iter(batches)).await?.into_inner();
    let mut count = 0;
    while let Some(batch) = told.next().await {
        // A refusal is told in a verdict's place and costs next to nothing: it is none.
        for told in batch?.results {
            match told.result {
                Some(WireResult::Response(_)) => count += 1,
                Some(WireResult::Fault(fault)) => {
                    return Err(format!("a stage of a stream was refused: {fault:?}").into());
                }
                None => return Err("a stage of a stream was not answered".into()),
            }
        }
    }
    Ok((count, None))
}

/// Stages of faxes, one after the other.
#[derive(Clone)]
pub(super) struct Requests {
    seed: u64,
    next: Arc<AtomicU64>,
}

impl Requests {
    pub(super) fn one(&self) -> wire::ScreenFaxRequest {
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
            node_id: format!("gateway-{}", fax % NODES),
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

    fn batch(&self, count: usize) -> wire::StreamScreenFaxRequest {
        wire::StreamScreenFaxRequest { requests: (0..count).map(|_| self.one()).collect() }
    }
}

/// Connections that say nothing: as many of so many as can be had.
pub(super) async fn crowd(address: &str, size: usize) -> Vec<TcpStream> {
    let Ok(to) = address.parse() else { return Vec::new() };
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
