//! The real engine over its embedded store, served and asked as a node, a member and an operator would.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::path::Path;
use std::sync::Arc;

use faxguard::api::live::Timepiece;
use faxguard::metrics::Metrics;
use faxguard::server::assemble::assemble;
use faxguard::server::drain::Drain;
use faxguard::server::listen::ServeFault;
use faxguard::server::start::{Overrides, Start};
use faxguard::time::{Clock, WallClock};
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic::{Code, Request};

use super::operator::decision_service_client::DecisionServiceClient;
use super::operator::policy_service_client::PolicyServiceClient;
use super::report::report_service_client::ReportServiceClient;
use super::wire::screening_service_client::ScreeningServiceClient;
use super::{WireStage, operator, page, reason, report, request, wire};

pub(super) struct Served {
    address: String,
    pub(super) channel: Channel,
    pub(super) metrics: Arc<Metrics>,
    drain: Drain,
    serving: JoinHandle<Result<(), ServeFault>>,
}

impl Served {
    pub(super) async fn begin(folder: &Path) -> Self {
        let overrides = Overrides { data: Some(folder.to_owned()), listen: None };
        let start = Start::read(None, overrides).unwrap();
        let assembling = move || assemble(&start, Timepiece::Server(Arc::new(WallClock)));
        let server = tokio::task::spawn_blocking(assembling).await.unwrap().unwrap();
        let metrics = Arc::clone(&server.metrics);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (drain, draining) = Drain::new();
        let serving = tokio::spawn(server.run(listener, draining));
        let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
        let channel = endpoint.connect().await.unwrap();
        Self { address: address.to_string(), channel, metrics, drain, serving }
    }

    pub(super) async fn screen(&self, asked: wire::ScreenFaxRequest) -> wire::ScreenFaxResponse {
        let mut client = ScreeningServiceClient::new(self.channel.clone());
        client.screen_fax(asked).await.unwrap().into_inner()
    }

    /// Puts a policy in force.
    pub(super) async fn apply(&self, toml: &str) {
        let wish = operator::ApplyPolicyRequest {
            toml: toml.into(),
            author: "desk".into(),
            reason: "as the test wants".into(),
            ..Default::default()
        };
        PolicyServiceClient::new(self.channel.clone()).apply_policy(wish).await.unwrap();
    }

    pub(super) async fn end(self) {
        self.drain.begin();
        drop(self.channel);
        self.serving.await.unwrap().unwrap();
    }
}

fn sum(verdict: &wire::Verdict) -> i32 {
    verdict.hits.iter().map(|hit| hit.contribution_milli).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_gets_the_same_answer_over_a_restart_too() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    let offered = request("r-1", WireStage::CallOffered(wire::CallOffered::default()));
    let first = served.screen(offered.clone()).await;
    let verdict = first.verdict.clone().unwrap();
    assert_eq!(sum(&verdict), verdict.log_odds_milli);
    assert!(!verdict.repeated_answer && verdict.policy_generation == 1);
    let again = served.screen(offered.clone()).await;
    assert!(again.verdict.as_ref().unwrap().repeated_answer);
    let told = |response: &wire::ScreenFaxResponse| {
        let verdict = response.verdict.clone().unwrap();
        (response.decision_id.clone(), verdict.action, verdict.log_odds_milli, verdict.hits)
    };
    assert_eq!(told(&first), told(&again));
    served.screen(page("r-2", 1)).await;
    served.end().await;

    let served = Served::begin(folder.path()).await;
    let after = served.screen(offered).await;
    assert!(after.verdict.as_ref().unwrap().repeated_answer);
    assert_eq!(told(&first), told(&after));
    let mut decisions = DecisionServiceClient::new(served.channel.clone());
    let decision_id = first.decision_id.clone();
    let asked = operator::ExplainDecisionRequest { decision_id };
    let explained = decisions.explain_decision(asked).await.unwrap().into_inner();
    let stages: Vec<_> =
        explained.stages.iter().map(|s| s.verdict.clone().unwrap().stage()).collect();
    assert_eq!(stages, [wire::StageKind::CallOffered, wire::StageKind::Page]);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_blocks_the_sender_for_its_reporter_at_the_next_call() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    let member = wire::MemberFacts { member_id: "m-1".into(), ..Default::default() };
    let call = |id: &str| {
        let mut sent = request(id, WireStage::CallOffered(wire::CallOffered::default()));
        sent.fax_id = id.into();
        sent.member = Some(member.clone());
        sent
    };
    let before = served.screen(call("c-1")).await;
    assert_eq!(before.verdict.as_ref().unwrap().action(), wire::Action::Deliver);
    let identity = report::reporter::Identity::MemberId("m-1".into());
    let filing = report::FileReportRequest {
        request_id: "q-1".into(),
        reporter: Some(report::Reporter { identity: Some(identity) }),
        category: report::ReportCategory::JunkFax.into(),
        fax: Some(report::file_report_request::Fax::DecisionId(before.decision_id.clone())),
        ..Default::default()
    };
    let mut reports = ReportServiceClient::new(served.channel.clone());
    let receipt = reports.file_report(filing.clone()).await.unwrap().into_inner();
    assert_eq!(receipt.status(), report::ReportStatus::Counted);
    assert_eq!(receipt, reports.file_report(filing.clone()).await.unwrap().into_inner());
    let after = served.screen(call("c-2")).await.verdict.unwrap();
    assert_ne!(after.action(), wire::Action::Deliver, "{after:?}");
    let stranger = report::reporter::Identity::MemberId("m-2".into());
    let reporter = Some(report::Reporter { identity: Some(stranger) });
    let foreign = report::FileReportRequest { reporter, request_id: "q-2".into(), ..filing };
    let refused = reports.file_report(foreign).await.unwrap_err();
    assert_eq!(reason(&refused), "FAX_NOT_RECEIVED");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_applied_while_serving_is_in_force_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    let mut policies = PolicyServiceClient::new(served.channel.clone());
    let current = policies.get_policy(operator::GetPolicyRequest {}).await.unwrap().into_inner();
    let wish = operator::ApplyPolicyRequest {
        toml: "[inbound]\ntag = 100\n".into(),
        author: "desk".into(),
        reason: "tuning".into(),
        etag: current.etag,
        validate_only: false,
    };
    let applied = policies.apply_policy(wish.clone()).await.unwrap().into_inner();
    assert_eq!(applied.generation, current.generation + 1);
    let stale = policies.apply_policy(wish).await.unwrap_err();
    assert_eq!(stale.code(), Code::Aborted);
    served.end().await;

    let served = Served::begin(folder.path()).await;
    let mut policies = PolicyServiceClient::new(served.channel.clone());
    let asked = Request::new(operator::GetPolicyRequest {});
    let kept = policies.get_policy(asked).await.unwrap().into_inner();
    assert_eq!((kept.generation, kept.author.as_str()), (applied.generation, "desk"));
    served.end().await;
}

/// Runs HylaFAX's hook of a received fax against a server, and returns what it printed.
fn received(server: &str, spool: &Path, fax: usize) -> String {
    let name = format!("fax{fax}.tif");
    std::fs::write(spool.join(&name), crate::campaigns::copy(3, fax)).unwrap();
    let (caller, called) = (format!("+1310250{:04}", fax * 137), format!("+1212555{fax:04}"));
    let spool = spool.to_str().unwrap();
    let words = ["faxguardctl", "hook", "fax-rcvd", "--server", server, "--node", "gw-1"];
    let (device, commid) = (format!("tty{fax}"), format!("{fax:06}"));
    let rest = ["--spool", spool, &name, &device, &commid, "", &caller, "", &called];
    let arguments = words.into_iter().chain(rest).map(Into::into).collect();
    let (out, err) = hooked(arguments);
    assert_eq!(err, "");
    out
}

/// What a hook prints, and what it says on standard error.
fn hooked(arguments: Vec<std::ffi::OsString>) -> (String, String) {
    use faxguard::lab::files;
    use faxguard::operator::{Invocation, Output, Screen, run};
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let output = Output::new(&mut out, &mut err, Screen::Other);
    let code =
        run(Invocation { arguments, user: None }, &files::catalog(), &files::hooks(), output);
    assert_eq!(code, 0);
    (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_says_why_the_service_gave_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    let server = served.address.clone();
    let spool = folder.path().to_str().unwrap().to_owned();
    let told = tokio::task::spawn_blocking(move || {
        let hook = |name: &str, rest: &[&str]| {
            let words = ["faxguardctl", "hook", name, "--server", &server, "--node", "gw-1"];
            let spool = ["--spool", &spool];
            hooked(
                words
                    .into_iter()
                    .chain(spool)
                    .chain(rest.iter().copied())
                    .map(Into::into)
                    .collect(),
            )
        };
        [
            hook("dynamic-config", &["ttyS0", "5551234", "X", "5550001"]),
            hook("fax-rcvd", &["none.tif", "ttyS0", "000001", "", "5551234", "X", "5550001"]),
        ]
    });
    let [offered, received] = told.await.unwrap();
    assert_eq!(offered.0, "RejectCall: no\n");
    assert_eq!(received.0, "deliver unscored -\n");
    for (_, err) in [&offered, &received] {
        let said = "faxguardctl: no verdict, the service refuses: INVALID_FIELD: ";
        assert!(err.starts_with(said) && err.contains("`inbound.called_number`"), "{err}");
        assert!(err.lines().count() == 1 && !err.contains("5551234"), "{err}");
        assert!(!err.contains("5550001"), "{err}");
    }
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_hooks_see_six_times_is_told_from_the_first_to_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    served.apply("[inbound]\ndoubt_low = -20000\n").await;
    let server = served.address.clone();
    let told = tokio::task::spawn_blocking(move || {
        let spool = tempfile::tempdir().unwrap();
        (0..8).map(|fax| received(&server, spool.path(), fax)).collect::<Vec<_>>()
    });
    let told = told.await.unwrap();
    assert!(told[0].starts_with("deliver served"), "{told:?}");
    let last = told.last().unwrap();
    assert!(
        last.starts_with("deliver-tagged served") || last.starts_with("quarantine served"),
        "{told:?}"
    );
    let decision = last.split_whitespace().last().unwrap().to_owned();
    let mut decisions = DecisionServiceClient::new(served.channel.clone());
    let asked = operator::ExplainDecisionRequest { decision_id: decision };
    let explained = decisions.explain_decision(asked).await.unwrap().into_inner();
    let verdict = explained.stages.last().unwrap().verdict.as_ref().unwrap();
    assert!(verdict.hits.iter().any(|hit| hit.name == "campaign.spread"), "{verdict:?}");
    // Whoever explains a verdict is told no key.
    let wishes =
        explained.stages.iter().filter_map(|stage| stage.verdict.as_ref()?.fingerprint.as_ref());
    assert!(wishes.clone().any(|wish| wish.wanted));
    assert!(wishes.into_iter().all(|wish| wish.keys.is_empty()));
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_fingerprint_is_refused_by_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    let forged = wire::PageFingerprint {
        page_number: 1,
        fingerprints: vec![wire::Fingerprint {
            epoch: faxguard::content::fingerprint::epoch_of(WallClock.now()),
            chunk_keys: vec![u64::MAX],
            marks: Vec::new(),
        }],
        ink_map: Vec::new(),
    };
    let stage = wire::Received {
        outcome: 1,
        page_count: 1,
        fingerprints: vec![forged],
        ..Default::default()
    };
    let mut client = ScreeningServiceClient::new(served.channel.clone());
    let refused = client.screen_fax(request("r-1", WireStage::Received(stage))).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::InvalidArgument, "INVALID_FIELD")
    );
    let details = tonic_types::StatusExt::get_error_details(&refused);
    let fields = &details.bad_request().unwrap().field_violations;
    assert_eq!(fields[0].field, "received.fingerprints[0]");
    served.end().await;
}
