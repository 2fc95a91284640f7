//! A real server on a port of the system's choice, driven through the public client.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

mod campaigns;
mod cases;
mod charges;
mod comparing;
mod complaints;
pub(crate) mod engine;
mod limits;
mod live;
mod load;
mod no_cases;
mod rates;
mod reading;
mod standing;

use std::num::NonZeroU32;
use std::sync::Arc;

use faxguard::api::grpc::{Edge, services};
use faxguard::api::guard::{Allowance, CallerGuard, Guards};
use faxguard::metrics::Metrics;
use faxguard::server::drain::Drain;
use faxguard::server::listen;
use faxguard::wire::operator::v1 as operator;
use faxguard::wire::report::v1 as report;
use faxguard::wire::screening::v1 as wire;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt;
use wire::screen_fax_request::{Parties as WireParties, Stage as WireStage};
use wire::screen_fax_result::Result as WireResult;
use wire::screening_service_client::ScreeningServiceClient;

use engine::{CURSED_PAGE, CannedEngine};

struct Running {
    channel: Channel,
    drain: Drain,
    serving: JoinHandle<Result<(), listen::ServeFault>>,
    metrics: Arc<Metrics>,
}

impl Running {
    async fn begin() -> Self {
        Self::guarded(Guards::serving()).await
    }

    async fn guarded(guards: Guards) -> Self {
        Self::of(Arc::new(CannedEngine::new()), guards, |edge| edge).await
    }

    async fn of(
        engine: Arc<CannedEngine>,
        guards: Guards,
        change: impl FnOnce(Edge) -> Edge,
    ) -> Self {
        let (drain, draining) = Drain::new();
        let metrics = Arc::new(Metrics::new());
        let ending = draining.clone();
        let edge = Edge::new(
            engine,
            guards,
            Arc::clone(&metrics),
            Box::new(move || Box::pin(ending.clone().begun())),
        );
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(listen::serve(listener, services(change(edge)), draining));
        let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
        let channel = endpoint.connect().await.unwrap();
        Self { channel, drain, serving, metrics }
    }

    fn screening(&self) -> ScreeningServiceClient<Channel> {
        ScreeningServiceClient::new(self.channel.clone())
    }

    async fn health(&self, service: &str) -> Result<ServingStatus, Code> {
        let mut client = HealthClient::new(self.channel.clone());
        let asked = HealthCheckRequest { service: service.into() };
        let told = client.check(asked).await.map_err(|status| status.code())?;
        Ok(told.into_inner().status())
    }

    async fn end(self) {
        self.drain.begin();
        drop(self.channel);
        self.serving.await.unwrap().unwrap();
    }
}

fn request(id: &str, stage: WireStage) -> wire::ScreenFaxRequest {
    wire::ScreenFaxRequest {
        request_id: id.into(),
        node_id: "gw-1".into(),
        fax_id: "call-1".into(),
        parties: Some(WireParties::Inbound(wire::InboundParties {
            caller_number: "+18005550123".into(),
            called_number: "+18005550199".into(),
            trunk: "a".into(),
        })),
        stage: Some(stage),
        ..Default::default()
    }
}

pub(crate) fn page(id: &str, page_number: u32) -> wire::ScreenFaxRequest {
    request(id, WireStage::Page(wire::Page { page_number, ..Default::default() }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_answered_stage_by_stage() {
    let server = Running::begin().await;
    let mut client = server.screening();
    let offered = request("r-1", WireStage::CallOffered(wire::CallOffered::default()));
    let first = client.screen_fax(offered).await.unwrap().into_inner();
    let second = client.screen_fax(page("r-2", 1)).await.unwrap().into_inner();
    assert_eq!(first.request_id, "r-1");
    assert_eq!(first.decision_id, second.decision_id);
    let verdict = second.verdict.unwrap();
    assert_eq!(verdict.action(), wire::Action::Deliver);
    assert_eq!(verdict.stage(), wire::StageKind::Page);
    assert_eq!(verdict.hits[0].evidence, "before any evidence");
    assert_eq!(verdict.reuse_duration.unwrap().seconds, 60);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_answers_in_order_and_one_fault_is_one_answer() {
    let server = Running::begin().await;
    let mut client = server.screening();
    let batch = |requests| wire::StreamScreenFaxRequest { requests };
    let mut bad = page("r-2", 0);
    bad.fax_id.clear();
    let asked = vec![
        batch(vec![page("r-1", 1), bad, page("r-3", CURSED_PAGE), page("r-4", 2)]),
        batch((0..256).map(|at| page(&format!("b-{at}"), 1)).collect()),
    ];
    let mut told = client.stream_screen_fax(tokio_stream::iter(asked)).await.unwrap().into_inner();

    let first = told.next().await.unwrap().unwrap();
    let results: Vec<WireResult> =
        first.results.into_iter().map(|result| result.result.unwrap()).collect();
    let [
        WireResult::Response(one),
        WireResult::Fault(two),
        WireResult::Response(three),
        WireResult::Response(four),
    ] = results.as_slice()
    else {
        panic!("{results:?}")
    };
    assert_eq!((one.request_id.as_str(), four.request_id.as_str()), ("r-1", "r-4"));
    assert_eq!(
        (two.request_id.as_str(), two.code, two.reason.as_str()),
        ("r-2", 3, "INVALID_FIELD")
    );
    assert_eq!(two.fields, ["fax_id", "page.page_number"]);
    let declared = three.verdict.as_ref().unwrap();
    assert_eq!(declared.action(), wire::Action::Deliver);
    assert_eq!(declared.degradations, [i32::from(wire::Degradation::ScorerFailed)]);

    let second = told.next().await.unwrap().unwrap();
    assert_eq!(second.results.len(), 256);
    assert!(told.next().await.is_none());
    assert_eq!(server.metrics.scorer_failures.get(), 1);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_above_its_bound_ends_the_stream() {
    let server = Running::begin().await;
    for count in [0, 257] {
        let requests = (0..count).map(|_| page("r", 1)).collect();
        let asked = tokio_stream::iter([wire::StreamScreenFaxRequest { requests }]);
        let mut told = server.screening().stream_screen_fax(asked).await.unwrap().into_inner();
        let status = told.next().await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let reason = status.get_error_details().error_info().map(|info| info.reason.clone());
        assert_eq!(reason.as_deref(), Some("TOO_LARGE"));
    }
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_bad_field_is_named_and_none_is_echoed() {
    type Harm = fn(&mut wire::ScreenFaxRequest, &str);
    fn inbound(request: &mut wire::ScreenFaxRequest) -> &mut wire::InboundParties {
        let Some(WireParties::Inbound(parties)) = &mut request.parties else {
            panic!("no parties")
        };
        parties
    }
    let fields: [(&str, Harm); 6] = [
        ("request_id", |request, text| request.request_id = text.into()),
        ("node_id", |request, text| request.node_id = text.into()),
        ("fax_id", |request, text| request.fax_id = text.into()),
        ("inbound.called_number", |request, text| inbound(request).called_number = text.into()),
        ("inbound.trunk", |request, text| inbound(request).trunk = text.into()),
        ("member.member_id", |request, text| {
            request.member =
                Some(wire::MemberFacts { member_id: text.into(), ..Default::default() });
        }),
    ];
    let huge = "9".repeat(10_000);
    let texts =
        ["secret\u{0}", "secret\r\nX: y", "\u{1b}[31msecret", "secret\u{85}", huge.as_str()];
    let server = Running::begin().await;
    for (field, harm) in fields {
        for text in texts {
            let mut sent = page("r", 1);
            harm(&mut sent, text);
            let status = server.screening().screen_fax(sent).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{field} {text:.20?}");
            let details = status.get_error_details();
            let named = &details.bad_request().unwrap().field_violations;
            assert_eq!(named[0].field, field);
            let told = format!("{} {}", status.message(), named[0].description);
            assert!(!told.contains("secret") && !told.contains("999"), "{told}");
        }
    }
    // What the far end writes must not make the question fail.
    for text in ["$(reboot)", "a\r\nb", "`id`", "\u{0}"] {
        let mut sent = page("r", 1);
        inbound(&mut sent).caller_number = text.into();
        assert!(server.screening().screen_fax(sent).await.is_ok(), "{text:?}");
    }
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_over_its_share_is_told_when_to_come_back() {
    let few = Allowance { per_second: NonZeroU32::MIN, burst: NonZeroU32::MIN };
    let guards = Guards { screening: CallerGuard::new(few), ..Guards::serving() };
    let server = Running::guarded(guards).await;
    assert!(server.screening().screen_fax(page("r-1", 1)).await.is_ok());
    // On a slow machine the second may pass too: a second is enough for one more.
    let mut refused = None;
    for number in 2..200 {
        let answer = server.screening().screen_fax(page(&format!("r-{number}"), 1)).await;
        refused = answer.err();
        if refused.is_some() {
            break;
        }
    }
    let status = refused.unwrap();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "CALLER_OVER_LIMIT");
    assert!(details.retry_info().unwrap().retry_delay.unwrap().as_millis() <= 1_000);
    let mut other = page("r-3", 1);
    other.node_id = "gw-2".into();
    assert!(server.screening().screen_fax(other).await.is_ok());
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_reflection_know_every_service() {
    let server = Running::begin().await;
    let asked = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(server.channel.clone());
    let asked = tokio_stream::iter([asked]);
    let mut told = client.server_reflection_info(asked).await.unwrap().into_inner();
    let answer = told.next().await.unwrap().unwrap().message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = answer else { panic!("{answer:?}") };
    let ours = list.service.iter().filter(|service| service.name.starts_with("faxguard."));
    let mut count = 0;
    for service in ours {
        assert_eq!(
            server.health(&service.name).await,
            Ok(ServingStatus::Serving),
            "{}",
            service.name
        );
        count += 1;
    }
    assert_eq!(count, 17);
    assert_eq!(server.health("").await, Ok(ServingStatus::Serving));
    assert_eq!(server.health("no.such.Service").await, Err(Code::NotFound));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_ends_its_streams_and_says_so() {
    let server = Running::begin().await;
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let asked = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let mut told = server.screening().stream_screen_fax(asked).await.unwrap().into_inner();
    let batch = wire::StreamScreenFaxRequest { requests: vec![page("r-1", 1)] };
    sender.send(batch).await.unwrap();
    assert_eq!(told.next().await.unwrap().unwrap().results.len(), 1);
    assert_eq!(server.metrics.open_streams.get(), 1);
    server.drain.begin();
    assert!(told.next().await.is_none());
    server.end().await;
}

/// The reason of a refusal.
fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_filed_twice_has_one_receipt() {
    let server = Running::begin().await;
    let mut client =
        report::report_service_client::ReportServiceClient::new(server.channel.clone());
    let identity = report::reporter::Identity::OutsiderContact("clinic@example.net".into());
    let filing = report::FileReportRequest {
        request_id: "q-1".into(),
        reporter: Some(report::Reporter { identity: Some(identity) }),
        category: report::ReportCategory::JunkFax.into(),
        fax: Some(report::file_report_request::Fax::NodeFax("gw-1/call-1".into())),
        ..Default::default()
    };
    let first = client.file_report(filing.clone()).await.unwrap().into_inner();
    let again = client.file_report(filing.clone()).await.unwrap().into_inner();
    assert_eq!(first, again);
    let report_id = first.report_id.clone();
    let stands = client.get_report(report::GetReportRequest { report_id }).await.unwrap();
    assert_eq!(stands.into_inner().receipt, Some(first));
    let other = report::GetReportRequest { report_id: "f".repeat(32) };
    assert_eq!(reason(&client.get_report(other).await.unwrap_err()), "NOT_FOUND");
    let empty = client.file_report(report::FileReportRequest::default()).await.unwrap_err();
    assert_eq!(empty.get_error_details().bad_request().unwrap().field_violations.len(), 4);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn list_entries_are_made_paged_and_deleted() {
    let server = Running::begin().await;
    let mut client =
        operator::list_entry_service_client::ListEntryServiceClient::new(server.channel.clone());
    for last in 0..3 {
        let entry = operator::ListEntry {
            list: operator::ListKind::Block.into(),
            member_id: "m-1".into(),
            number: format!("+1800555010{last}"),
            author: "desk".into(),
            reason: "asked by phone".into(),
            ..Default::default()
        };
        let made = operator::CreateListEntryRequest { request_id: "q".into(), entry: Some(entry) };
        let made = client.create_list_entry(made).await.unwrap().into_inner().entry.unwrap();
        assert!(made.number.is_empty() && !made.entry_id.is_empty());
    }
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let ask =
            operator::ListListEntriesRequest { page_size: 2, page_token, ..Default::default() };
        let page = client.list_list_entries(ask).await.unwrap().into_inner();
        seen.extend(page.entries);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 3);
    let page_token = "00".into();
    let forged = operator::ListListEntriesRequest { page_token, ..Default::default() };
    assert_eq!(reason(&client.list_list_entries(forged).await.unwrap_err()), "INVALID_PAGE_TOKEN");
    let entry_id = seen[0].entry_id.clone();
    let gone = operator::DeleteListEntryRequest { entry_id, author: "desk".into() };
    client.delete_list_entry(gone.clone()).await.unwrap();
    assert_eq!(reason(&client.delete_list_entry(gone).await.unwrap_err()), "NOT_FOUND");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_fax_is_released_once() {
    let server = Running::begin().await;
    let mut client =
        operator::held_fax_service_client::HeldFaxServiceClient::new(server.channel.clone());
    let waiting = client.list_held_faxes(operator::ListHeldFaxesRequest::default()).await.unwrap();
    let fax = waiting.into_inner().faxes.remove(0);
    let release = operator::ReleaseHeldFaxRequest {
        decision_id: fax.decision_id,
        author: "desk".into(),
        reason: String::new(),
    };
    let released = client.release_held_fax(release.clone()).await.unwrap().into_inner();
    assert_eq!(released.fax.unwrap().state(), operator::HeldState::Released);
    let again = client.release_held_fax(release).await.unwrap_err();
    assert_eq!(
        (again.code(), reason(&again).as_str()),
        (Code::FailedPrecondition, "ALREADY_DECIDED")
    );
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_imported_in_batches() {
    let server = Running::begin().await;
    let mut client =
        operator::directory_service_client::DirectoryServiceClient::new(server.channel.clone());
    let number = |text: &str| operator::DirectoryEntry {
        entry: Some(operator::directory_entry::Entry::RecycledNumber(text.into())),
    };
    let batch = |entries, end| operator::ImportDirectoryRequest { entries, whole: end, end };
    let asked = vec![
        batch(vec![number("+18005550100"), number("$(id)"), number("+18005550101")], false),
        batch(vec![number("")], false),
        batch(vec![], true),
    ];
    let mut told = client.import_directory(tokio_stream::iter(asked)).await.unwrap().into_inner();
    let first = told.next().await.unwrap().unwrap();
    assert_eq!((first.accepted_count, first.refused_count, first.refused[0].position), (2, 1, 2));
    let second = told.next().await.unwrap().unwrap();
    assert_eq!(
        (second.accepted_count, second.refused_count, second.refused[0].position),
        (2, 2, 4)
    );
    let failed = told.next().await.unwrap().unwrap_err();
    assert_eq!((failed.code(), reason(&failed).as_str()), (Code::Unavailable, "STORE_UNAVAILABLE"));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_refused_whole_with_every_fault() {
    let server = Running::begin().await;
    let mut client =
        operator::policy_service_client::PolicyServiceClient::new(server.channel.clone());
    let wish = operator::ApplyPolicyRequest {
        toml: "nonsense = 1\n[more]\nnonsense = 2".into(),
        author: "desk".into(),
        reason: "tuning".into(),
        ..Default::default()
    };
    let only = operator::ApplyPolicyRequest { validate_only: true, ..wish.clone() };
    let checked = client.apply_policy(only).await.unwrap().into_inner();
    assert_eq!((checked.generation, checked.faults.len() >= 2), (1, true));
    let refused = client.apply_policy(wish.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "POLICY_REFUSED");
    let named = refused.get_error_details().bad_request().unwrap().field_violations.len();
    assert_eq!(named, checked.faults.len());
    let stale = operator::ApplyPolicyRequest { toml: String::new(), etag: "old".into(), ..wish };
    assert_eq!(client.apply_policy(stale).await.unwrap_err().code(), Code::Aborted);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_fails_is_a_fault_of_ours_and_the_service_goes_on() {
    let server = Running::begin().await;
    let mut client =
        operator::decision_service_client::DecisionServiceClient::new(server.channel.clone());
    let member_id = "m-1".into();
    let ask = operator::ListBlockedCallsRequest { member_id, ..Default::default() };
    let failed = client.list_blocked_calls(ask).await.unwrap_err();
    assert_eq!((failed.code(), reason(&failed).as_str()), (Code::Internal, "INTERNAL"));
    let status = client.get_status(operator::GetStatusRequest {}).await.unwrap().into_inner();
    assert_eq!((status.store_health.as_str(), status.ledger_queue_count), ("slow", 5));
    let mut limits =
        operator::limit_service_client::LimitServiceClient::new(server.channel.clone());
    let ask = operator::GetMemberLimitsRequest { member_id: "m-1".into() };
    assert!(limits.get_member_limits(ask).await.unwrap().into_inner().member_unknown);
    server.end().await;
}
