//! Load and end: callers that have gone on, and a server that stops in the middle of its work.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use faxguard::api::caller::Callers;
use faxguard::api::grpc::{Edge, Table, services};
use faxguard::api::guard::Guards;
use faxguard::metrics::Metrics;
use faxguard::server::drain::Drain;
use faxguard::server::listen;
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use tokio::sync::watch;
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic::codegen::{Bytes, http};
use tonic::transport::Channel;

use super::engine::CannedEngine;
use super::wire::screening_service_client::ScreeningServiceClient;
use super::{page, wire};

/// The services without a port.
fn table() -> (Table, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new());
    let ending = Box::new(|| -> faxguard::api::grpc::Ending { Box::pin(std::future::pending()) });
    let engine = Arc::new(CannedEngine::new());
    let edge = Edge::new(engine, Guards::serving(), Arc::clone(&metrics), ending);
    (services(edge).into_parts().0, metrics)
}

/// A call with one whole message, and that time to wait where there is one.
fn call(timeout: Option<&str>) -> http::Request<Full<Bytes>> {
    let message = page("r-1", 1).encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let body = [&[0][..], &length, &message].concat();
    let mut request = http::Request::post("/faxguard.screening.v1.ScreeningService/ScreenFax")
        .header("content-type", "application/grpc");
    if let Some(timeout) = timeout {
        request = request.header("grpc-timeout", timeout);
    }
    request.body(Full::new(body.into())).unwrap()
}

/// The status of an answer, and the bytes before it.
async fn told(table: &Table, timeout: Option<&str>) -> (Code, usize) {
    let caller = Callers::everybody().caller(&[], None);
    let (head, body) = table.answer(call(timeout), caller).await.into_parts();
    let body = body.collect().await.unwrap();
    let behind = body.trailers().and_then(|trailers| trailers.get("grpc-status"));
    let status = head.headers.get("grpc-status").or(behind);
    let code = Code::from_bytes(status.unwrap().as_bytes());
    (code, body.to_bytes().len())
}

/// Verdicts given.
fn verdicts(metrics: &Metrics) -> u64 {
    let labels = [("stage", "page"), ("action", "deliver")];
    metrics.verdicts.get_or_create(&labels).get()
}

#[tokio::test]
async fn a_call_whose_caller_has_gone_on_is_not_screened() {
    let (table, metrics) = table();
    for gone in ["0n", "0S"] {
        let answer = told(&table, Some(gone)).await;
        assert_eq!(answer, (Code::DeadlineExceeded, 0), "{gone}");
    }
    assert_eq!((metrics.expired_calls.get(), verdicts(&metrics)), (2, 0));
    for patient in [None, Some("1H"), Some("nonsense")] {
        let (code, bytes) = told(&table, patient).await;
        assert!(code == Code::Ok && bytes > 5, "{patient:?}");
    }
    assert_eq!((metrics.expired_calls.get(), verdicts(&metrics)), (2, 3));
}

/// What callers count who ask without a pause until the server goes.
#[derive(Default)]
struct Counts {
    calls: AtomicU64,
    streamed: AtomicU64,
}

async fn connection(address: SocketAddr) -> Channel {
    let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
    endpoint.connect().await.unwrap()
}

/// Calls until the server is gone.
async fn calls(channel: Channel, counts: Arc<Counts>) {
    let mut client = ScreeningServiceClient::new(channel);
    loop {
        match client.screen_fax(page("r-1", 1)).await {
            Ok(_) => drop(counts.calls.fetch_add(1, Ordering::Relaxed)),
            Err(_) => return,
        }
    }
}

/// Streams until the stream ends, which it must do without a fault.
async fn streams(channel: Channel, counts: Arc<Counts>) {
    let mut client = ScreeningServiceClient::new(channel);
    let batch = wire::StreamScreenFaxRequest { requests: vec![page("r-1", 1); 8] };
    let batches = tokio_stream::iter(std::iter::repeat(batch));
    let mut answers = client.stream_screen_fax(batches).await.unwrap().into_inner();
    while let Some(answer) = answers.next().await {
        let answer = answer.unwrap();
        counts.streamed.fetch_add(answer.results.len() as u64, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_loses_no_call_that_it_took() {
    let (drain, draining) = Drain::new();
    let metrics = Arc::new(Metrics::new());
    let ending = draining.clone();
    let edge = Edge::new(
        Arc::new(CannedEngine::new()),
        Guards::serving(),
        Arc::clone(&metrics),
        Box::new(move || Box::pin(ending.clone().begun())),
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(listen::serve(listener, services(edge), draining));

    let counts = Arc::new(Counts::default());
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        // Calls and a stream that never pauses on one connection would wait for each other in its windows.
        let (one, other) = (connection(address).await, connection(address).await);
        for _ in 0..16 {
            callers.spawn(calls(one.clone(), Arc::clone(&counts)));
        }
        callers.spawn(streams(other, Arc::clone(&counts)));
    }
    let (under_way, mut seen) = watch::channel(());
    let watching = tokio::spawn({
        let counts = Arc::clone(&counts);
        async move {
            while counts.calls.load(Ordering::Relaxed) < 1_000
                || counts.streamed.load(Ordering::Relaxed) < 1_000
            {
                tokio::task::yield_now().await;
            }
            under_way.send_replace(());
        }
    });
    seen.changed().await.unwrap();
    drain.begin();
    serving.await.unwrap().unwrap();
    while let Some(done) = callers.join_next().await {
        done.unwrap();
    }
    watching.await.unwrap();
    let answered = counts.calls.load(Ordering::Relaxed) + counts.streamed.load(Ordering::Relaxed);
    assert_eq!(answered, verdicts(&metrics), "whatever was screened was answered");
}
