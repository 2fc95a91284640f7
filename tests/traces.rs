//! Traces as a collector of OpenTelemetry gets them from a server of its own process.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::collections::BTreeSet;

use faxguard::wire::operator::v1 as operator;
use faxguard::wire::screening::v1 as wire;
use opentelemetry_proto::tonic::trace::v1::Span;
use operator::decision_service_client::DecisionServiceClient;
use tokio_stream::StreamExt;
use tonic::Request;
use tonic::transport::Channel;
use wire::screening_service_client::ScreeningServiceClient;

use crate::canary::Running;
use crate::grpc::page;
use crate::support::collector::{Collector, attribute};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// Every attribute that a span may have.
const ATTRIBUTES: [&str; 8] = [
    "rpc.system",
    "rpc.service",
    "rpc.method",
    "rpc.grpc.status_code",
    "faxguard.audience",
    "faxguard.stage",
    "faxguard.action",
    "faxguard.reason",
];

fn traced<T>(message: T, parent: &'static str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("traceparent", parent.parse().unwrap());
    request
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn call(channel: &Channel) {
    let mut client = ScreeningServiceClient::new(channel.clone());
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    client.screen_fax(traced(page("r-1", 1), parent)).await.unwrap();
    client.screen_fax(traced(page("r-2", 2), "00-+12125550164-canary")).await.unwrap();
    let bad = wire::ScreenFaxRequest { request_id: "r-3".into(), ..Default::default() };
    assert!(client.screen_fax(bad.clone()).await.is_err());
    let batch = wire::StreamScreenFaxRequest { requests: vec![page("r-4", 3), bad] };
    let told = client.stream_screen_fax(tokio_stream::iter([batch])).await.unwrap();
    assert_eq!(told.into_inner().collect::<Vec<_>>().await.len(), 1);
    let mut desk = DecisionServiceClient::new(channel.clone());
    desk.get_status(operator::GetStatusRequest {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_a_span_for_each_call_and_stage_and_no_word_of_a_caller() {
    let (collector, endpoint) = Collector::begin().await;
    let mut server = Running::traced(&endpoint);
    let address = server.address("serving").await;
    let channel =
        Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    call(&channel).await;
    drop(channel);
    // What waits is sent before the process ends.
    tokio::task::spawn_blocking(move || server.end()).await.unwrap();

    let spans = collector.spans();
    let of = |span: &Span| {
        let names =
            ["faxguard.stage", "faxguard.action", "rpc.grpc.status_code", "faxguard.reason"];
        let [stage, action, code, reason] = names.map(|name| attribute(span, name));
        format!("{} {stage} {action} {code} {reason}", span.name)
    };
    let screening = "faxguard.screening.v1.ScreeningService";
    let mut told: Vec<String> = spans.iter().map(of).collect();
    told.sort();
    let mut wanted = vec![
        format!("{screening}/ScreenFax page deliver 0 "),
        format!("{screening}/ScreenFax page deliver 0 "),
        format!("{screening}/ScreenFax   3 INVALID_FIELD"),
        format!("{screening}/StreamScreenFax   0 "),
        "faxguard.stage page deliver  ".to_owned(),
        "faxguard.stage    INVALID_FIELD".to_owned(),
        "faxguard.operator.v1.DecisionService/GetStatus   0 ".to_owned(),
    ];
    wanted.sort();
    assert_eq!(told, wanted);

    let joined: Vec<&Span> = spans.iter().filter(|span| hex(&span.trace_id) == TRACE).collect();
    assert_eq!(joined.len(), 1, "the caller's trace, where its header is sound");
    assert_eq!(hex(&joined[0].parent_span_id), "00f067aa0ba902b7");
    let traces: BTreeSet<&[u8]> = spans.iter().map(|span| &*span.trace_id).collect();
    assert_eq!(traces.len(), spans.len(), "a stage of a stream is a trace of its own");
    for span in &spans {
        assert!(span.events.is_empty() && span.links.is_empty());
        for attribute in &span.attributes {
            assert!(ATTRIBUTES.contains(&&*attribute.key), "{}", attribute.key);
        }
        assert!(span.trace_state.is_empty(), "what the caller says of other systems is dropped");
        let audience = attribute(span, "faxguard.audience");
        assert_eq!(audience == "operator", span.name.contains("operator"), "{audience}");
    }
}
