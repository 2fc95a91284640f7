//! Fingerprints are compared beside the threads that answer calls: nobody without any waits for it, and where there is no
//! room the fax goes through by its metadata.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use faxguard::api::guard::Guards;
use faxguard::content::fingerprint::epoch_of;
use tokio_stream::StreamExt;

use super::engine::{CannedEngine, NOW};
use super::wire::{self, Degradation};
use super::{Running, WireResult, WireStage, page, request};

/// A request that brings the fingerprint of a page.
fn brought(id: &str) -> wire::ScreenFaxRequest {
    let print =
        wire::Fingerprint { epoch: epoch_of(NOW), chunk_keys: vec![5, 6, 7], marks: Vec::new() };
    let fingerprint = Some(wire::PageFingerprint {
        page_number: 1,
        fingerprints: vec![print],
        ink_map: Vec::new(),
    });
    request(id, WireStage::Page(wire::Page { page_number: 1, fingerprint, ..Default::default() }))
}

fn is_uncompared(told: &wire::ScreenFaxResponse) -> bool {
    let verdict = told.verdict.as_ref().unwrap();
    assert_eq!(verdict.action(), wire::Action::Deliver);
    verdict.degradations.contains(&Degradation::FingerprintsNotCompared.into())
}

/// One thread answers calls, one compares, and there is no place before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whoever_brings_no_fingerprints_does_not_wait_for_those_who_do() {
    let engine = Arc::new(CannedEngine::new());
    let room = |edge: faxguard::api::grpc::Edge| edge.with_comparing(1, 1);
    let server = Running::of(Arc::clone(&engine), Guards::serving(), room).await;
    engine.busy.store(true, Ordering::Release);
    let mut client = server.screening();
    let long = tokio::spawn(async move { client.screen_fax(brought("r-1")).await });
    while engine.comparing.load(Ordering::Acquire) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut client = server.screening();
    let plain = client.screen_fax(page("r-2", 1)).await.unwrap().into_inner();
    assert!(!is_uncompared(&plain));
    // There is no room: answered all the same, at once, and it says by what.
    let without = client.screen_fax(brought("r-3")).await.unwrap().into_inner();
    assert!(is_uncompared(&without));
    let batch = wire::StreamScreenFaxRequest {
        requests: vec![page("b-1", 1), brought("b-2"), page("b-3", 2)],
    };
    let asked = tokio_stream::iter([batch.clone()]);
    let mut told = client.stream_screen_fax(asked).await.unwrap().into_inner();
    let told = told.next().await.unwrap().unwrap();
    assert_eq!(said(&told), [("b-1", false), ("b-2", true), ("b-3", false)]);
    let of = |what| server.metrics.fingerprints.get_or_create(&[("what", what)]).get();
    assert_eq!((of("received"), of("not-compared")), (0, 2));
    assert!(!long.is_finished());

    engine.busy.store(false, Ordering::Release);
    assert!(!is_uncompared(&long.await.unwrap().unwrap().into_inner()));
    let asked = tokio_stream::iter([batch]);
    let mut told = client.stream_screen_fax(asked).await.unwrap().into_inner();
    let told = told.next().await.unwrap().unwrap();
    assert_eq!(said(&told), [("b-1", false), ("b-2", false), ("b-3", false)]);
    assert_eq!((of("received"), of("not-compared")), (2, 2));
    assert_eq!(engine.comparing.load(Ordering::Acquire), 2);
    server.end().await;
}

/// Which requests of a batch were answered, in order, and which of them without their fingerprints.
fn said(told: &wire::StreamScreenFaxResponse) -> Vec<(&str, bool)> {
    let results = told.results.iter().map(|result| match result.result.as_ref().unwrap() {
        WireResult::Response(told) => (told.request_id.as_str(), is_uncompared(told)),
        WireResult::Fault(fault) => panic!("{fault:?}"),
    });
    results.collect()
}
