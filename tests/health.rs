//! What balancers are told: reports and operators' services follow the store, screening does not.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::sync::Arc;
use std::time::Duration;

use faxguard::api::grpc::{Edge, services};
use faxguard::api::guard::Guards;
use faxguard::api::live::{Live, Timepiece};
use faxguard::metrics::Metrics;
use faxguard::server::drain::Drain;
use faxguard::server::listen;
use faxguard::store::embedded::fault::Step;
use faxguard::store::{CommitFault, Store};
use faxguard::time::WallClock;
use tokio_stream::StreamExt;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::faults::Disk;
use crate::support::events::{call, line};
use crate::support::{ask, at, engine, furnish, store};

const SCREENING: &str = "faxguard.screening.v1.ScreeningService";
const REPORTS: &str = "faxguard.report.v1.ReportService";
const HELD: &str = "faxguard.operator.v1.HeldFaxService";
/// Longest wait for a state.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is said of a service, as it changes.
async fn watch(
    channel: &Channel,
    service: &str,
) -> tonic::Streaming<tonic_health::pb::HealthCheckResponse> {
    let asked = HealthCheckRequest { service: service.into() };
    HealthClient::new(channel.clone()).watch(asked).await.unwrap().into_inner()
}

async fn next(
    watched: &mut tonic::Streaming<tonic_health::pb::HealthCheckResponse>,
) -> ServingStatus {
    let told = tokio::time::timeout(PATIENCE, watched.next()).await.unwrap();
    told.unwrap().unwrap().status()
}

async fn check(channel: &Channel, service: &str) -> ServingStatus {
    let asked = HealthCheckRequest { service: service.into() };
    HealthClient::new(channel.clone()).check(asked).await.unwrap().into_inner().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_be_durable_is_not_served_while_the_store_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disk::default());
    let (path, faults) = (folder.path().to_owned(), Arc::clone(&disk));
    let opening = tokio::task::spawn_blocking(move || {
        let store: Arc<dyn Store> = store(&path, faults);
        let (memory, _) = engine(store, "");
        furnish(&memory);
        Arc::new(memory)
    });
    let memory = opening.await.unwrap();
    let (drain, draining) = Drain::new();
    let ending = draining.clone();
    let edge = Edge::new(
        Arc::new(Live::new(Arc::clone(&memory), Timepiece::Server(Arc::new(WallClock)))),
        Guards::serving(),
        Arc::new(Metrics::new()),
        Box::new(move || Box::pin(ending.clone().begun())),
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(listen::serve(listener, services(edge), draining));
    let channel =
        Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let mut reports = watch(&channel, REPORTS).await;
    let mut held = watch(&channel, HELD).await;
    assert_eq!(next(&mut reports).await, ServingStatus::Serving);
    assert_eq!(next(&mut held).await, ServingStatus::Serving);
    for (number, fault) in [(1, CommitFault::Full), (2, CommitFault::Io)] {
        disk.fail(Step::LedgerCommit, fault);
        // The disk is found at fault by who writes to it.
        ask(&memory, &call(number, &line(number), "+12125550001").received(at(number), 1));
        assert_eq!(next(&mut reports).await, ServingStatus::NotServing);
        assert_eq!(next(&mut held).await, ServingStatus::NotServing);
        assert_eq!(check(&channel, SCREENING).await, ServingStatus::Serving);
        assert_eq!(check(&channel, "").await, ServingStatus::Serving);
        disk.mend();
        assert_eq!(next(&mut reports).await, ServingStatus::Serving);
        assert_eq!(next(&mut held).await, ServingStatus::Serving);
    }
    drain.begin();
    assert_eq!(next(&mut reports).await, ServingStatus::NotServing);
    drop((reports, held, channel));
    serving.await.unwrap().unwrap();
}
