//! A server on loopback whose answers never change, so that what the tool prints can be compared.

mod campaigns;
mod complaints;
mod tuning;

use std::pin::Pin;
use std::sync::OnceLock;

use faxguard::operator::text::{to_wire, wire_instant};
use faxguard::time::Timestamp;
use faxguard::wire::operator::v1::*;
use faxguard::wire::report::v1::*;
use faxguard::wire::screening::v1::*;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt as _};

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Where the server listens; it is started by whoever asks first and ends with the tests.
pub(super) fn address() -> &'static str {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    ADDRESS.get_or_init(|| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(listener));
        });
        address
    })
}

async fn serve(listener: std::net::TcpListener) {
    let incoming = TcpListenerStream::new(tokio::net::TcpListener::from_std(listener).unwrap());
    tonic::transport::Server::builder()
        .add_service(screening_service_server::ScreeningServiceServer::new(Canned))
        .add_service(report_service_server::ReportServiceServer::new(Canned))
        .add_service(complaint_service_server::ComplaintServiceServer::new(complaints::Desk))
        .add_service(complaints::cases())
        .add_service(complaints::measures())
        .add_service(decision_service_server::DecisionServiceServer::new(Canned))
        .add_service(campaign_service_server::CampaignServiceServer::new(campaigns::Desk))
        .add_service(list_entry_service_server::ListEntryServiceServer::new(Canned))
        .add_service(held_fax_service_server::HeldFaxServiceServer::new(Canned))
        .add_service(limit_service_server::LimitServiceServer::new(Canned))
        .add_service(limit_tuning_service_server::LimitTuningServiceServer::new(tuning::Desk))
        .add_service(policy_service_server::PolicyServiceServer::new(Canned))
        .add_service(directory_service_server::DirectoryServiceServer::new(Canned))
        .serve_with_incoming(incoming)
        .await
        .unwrap();
}

struct Canned;

const ID: &str = "0123456789abcdef0123456789abcdef";

fn time(minutes: i64) -> Option<pbjson_types::Timestamp> {
    Some(to_wire(Timestamp::from_seconds(1_795_000_000 + 60 * minutes)))
}

fn hit(kind: HitKind, name: &str, contribution_milli: i32, evidence: &str) -> Hit {
    Hit { kind: kind.into(), name: name.into(), contribution_milli, evidence: evidence.into() }
}

fn verdict(stage: StageKind) -> Verdict {
    Verdict {
        action: Action::Quarantine.into(),
        score: 0.9,
        log_odds_milli: 2_295,
        hits: vec![
            hit(HitKind::Prior, "prior", -2_000, ""),
            hit(
                HitKind::Signal,
                "volume.caller_fanout_1h",
                2_795,
                "41 recipients of +19005551212 in 1 h",
            ),
            hit(
                HitKind::Signal,
                "identity.tsi_known_default",
                2_000,
                "\u{202e}FAX\u{1b}[2J\u{7f}\u{9b}",
            ),
            hit(HitKind::Cap, "identity", -500, "capped at 1.500"),
        ],
        stage: stage.into(),
        policy_generation: 7,
        counterfactuals: vec![Counterfactual {
            action: Action::DeliverTagged.into(),
            distance_milli: -295,
            condition: "without volume.caller_fanout_1h".into(),
        }],
        bounds: Some(Bounds {
            max_page_count: 20,
            allowed_hours: Some(AllowedHours { first_minute: 540, end_minute: 1_290 }),
            ..Bounds::default()
        }),
        refusal: Some(Refusal {
            sip_code: 603,
            sip_phrase: "Network Blocked".into(),
            q850_cause: 21,
            redress_text: "abuse@fax.example".into(),
        }),
        hold_deadline_time: time(60 * 24),
        quotas: vec![QuotaStatus {
            resource: "pages".into(),
            outcome: QuotaOutcome::NotUntil.into(),
            cost: 3,
            remaining_count: 1,
            burst: 200,
            retry_time: time(5),
            holder: QuotaHolder::Organisation.into(),
        }],
        share: Some(ShareStatus {
            resource: "lines".into(),
            outcome: ShareOutcome::LowPriority.into(),
            held_ppm: 310_000,
            fair_ppm: 8_000,
            sentence: "holds 31 % of outbound lines, fair share now 0.8 %".into(),
            ..ShareStatus::default()
        }),
        degradations: vec![Degradation::MemberUnknown.into()],
        fingerprint: Some(FingerprintWish {
            wanted: true,
            purpose: ContentPurpose::PreventDisruption.into(),
            ..FingerprintWish::default()
        }),
        rule: "threshold.quarantine".into(),
        ..Verdict::default()
    }
}

/// An answer to the stage `request_id`, whose decision is named after it.
pub(super) fn screened(request_id: &str) -> ScreenFaxResponse {
    ScreenFaxResponse {
        request_id: request_id.into(),
        decision_id: request_id.into(),
        verdict: Some(verdict(StageKind::CallOffered)),
    }
}

fn screen(request: ScreenFaxRequest) -> ScreenFaxResponse {
    use screen_fax_request::Stage;
    let kind = match request.stage {
        Some(Stage::Handshake(_)) => StageKind::Handshake,
        Some(Stage::Page(_)) => StageKind::Page,
        Some(Stage::Received(_)) => StageKind::Received,
        _ => StageKind::CallOffered,
    };
    let mut response = screened(&request.request_id);
    // The tool makes its ids up, so a screened file answers with a fixed one.
    if request.event_time.is_none() {
        response.decision_id = ID.into();
        response.request_id = ID.into();
    }
    let rule = wire_instant(request.event_time.as_ref());
    response.verdict = Some(Verdict { rule, ..verdict(kind) });
    response
}

fn refused(code: Code, reason: &str, message: &str) -> Status {
    let details =
        ErrorDetails::with_error_info(reason, "faxguard", std::collections::HashMap::new());
    Status::with_error_details(code, message, details)
}

#[tonic::async_trait]
impl screening_service_server::ScreeningService for Canned {
    type StreamScreenFaxStream = Answers<StreamScreenFaxResponse>;

    async fn report_usage(&self, _: Request<ReportUsageRequest>) -> Answer<ReportUsageResponse> {
        Ok(Response::new(ReportUsageResponse::default()))
    }

    async fn screen_fax(&self, request: Request<ScreenFaxRequest>) -> Answer<ScreenFaxResponse> {
        Ok(Response::new(screen(request.into_inner())))
    }

    async fn stream_screen_fax(
        &self,
        requests: Request<Streaming<StreamScreenFaxRequest>>,
    ) -> Answer<Self::StreamScreenFaxStream> {
        let answers = requests.into_inner().map(|message| {
            let results = message?.requests.into_iter().map(|request| ScreenFaxResult {
                result: Some(screen_fax_result::Result::Response(screen(request))),
            });
            Ok(StreamScreenFaxResponse { results: results.collect() })
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

fn receipt() -> FileReportResponse {
    FileReportResponse {
        report_id: ID.into(),
        status: ReportStatus::Counted.into(),
        received_time: time(0),
        decision_id: ID.into(),
        consequence: "the sender's next fax is judged by it".into(),
        not_blocked: false,
    }
}

#[tonic::async_trait]
impl report_service_server::ReportService for Canned {
    async fn file_report(&self, request: Request<FileReportRequest>) -> Answer<FileReportResponse> {
        match request.into_inner().request_id.as_str() {
            "refuse" => {
                Err(refused(Code::InvalidArgument, "INVALID_FIELD", "`category` is absent"))
            }
            _ => Ok(Response::new(receipt())),
        }
    }

    async fn get_report(&self, _: Request<GetReportRequest>) -> Answer<GetReportResponse> {
        let category = ReportCategory::JunkFax.into();
        let receipt = Some(receipt());
        Ok(Response::new(GetReportResponse { receipt, category, ..GetReportResponse::default() }))
    }

    async fn attach_copy(&self, _: Request<AttachCopyRequest>) -> Answer<AttachCopyResponse> {
        Ok(Response::new(AttachCopyResponse {}))
    }

    async fn retract_report(
        &self,
        _: Request<RetractReportRequest>,
    ) -> Answer<RetractReportResponse> {
        Ok(Response::new(RetractReportResponse { receipt: Some(receipt()) }))
    }
}

#[tonic::async_trait]
impl decision_service_server::DecisionService for Canned {
    async fn explain_decision(
        &self,
        request: Request<ExplainDecisionRequest>,
    ) -> Answer<ExplainDecisionResponse> {
        let decision_id = request.into_inner().decision_id;
        if decision_id == "refused" {
            let message = "there is no decision of that id\u{1b}[2J";
            return Err(refused(Code::NotFound, "NOT_FOUND", message));
        }
        let stage = |minutes, sequence, kind| DecisionStage {
            decide_time: time(minutes),
            verdict: Some(verdict(kind)),
            features: vec![
                FeatureValue { name: "caller_fanout_1h".into(), value: 41 },
                FeatureValue { name: "tsi_is_default".into(), value: 1 },
            ],
            sequence,
        };
        let stages = vec![stage(0, 11, StageKind::CallOffered), stage(1, 12, StageKind::Received)];
        Ok(Response::new(ExplainDecisionResponse { decision_id, stages }))
    }

    async fn list_blocked_calls(
        &self,
        request: Request<ListBlockedCallsRequest>,
    ) -> Answer<ListBlockedCallsResponse> {
        let call = |minutes, action: Action| BlockedCall {
            decision_id: ID.into(),
            call_time: time(minutes),
            action: action.into(),
        };
        // Two pages, so that the tool has to ask twice.
        let (calls, next) = match request.into_inner().page_token.as_str() {
            "" => (vec![call(9, Action::RefuseCall), call(8, Action::Defer)], "more"),
            _ => (vec![call(7, Action::Quarantine)], ""),
        };
        Ok(Response::new(ListBlockedCallsResponse { calls, next_page_token: next.into() }))
    }

    async fn get_status(&self, _: Request<GetStatusRequest>) -> Answer<GetStatusResponse> {
        Ok(Response::new(GetStatusResponse {
            version: "0.1.0 (abc)".into(),
            policy_generation: 7,
            screened_count: 123_456,
            store_health: "working".into(),
            ledger_queue_count: 3,
            active_subject_count: 99,
            directory_number_count: 1_000,
            correspondence_count: 5_000,
            hot_bytes: 1_048_576,
            ..GetStatusResponse::default()
        }))
    }
}

#[tonic::async_trait]
impl list_entry_service_server::ListEntryService for Canned {
    async fn create_list_entry(
        &self,
        request: Request<CreateListEntryRequest>,
    ) -> Answer<CreateListEntryResponse> {
        let mut entry = request.into_inner().entry.unwrap_or_default();
        entry.entry_id = ID.into();
        entry.number.clear();
        entry.create_time = time(0);
        Ok(Response::new(CreateListEntryResponse { entry: Some(entry) }))
    }

    async fn delete_list_entry(
        &self,
        _: Request<DeleteListEntryRequest>,
    ) -> Answer<DeleteListEntryResponse> {
        Ok(Response::new(DeleteListEntryResponse {}))
    }

    async fn list_list_entries(
        &self,
        _: Request<ListListEntriesRequest>,
    ) -> Answer<ListListEntriesResponse> {
        let entry = |list: ListKind, expire_time| ListEntry {
            entry_id: ID.into(),
            list: list.into(),
            author: "desk".into(),
            reason: "asked on the telephone".into(),
            create_time: time(0),
            expire_time,
            ..ListEntry::default()
        };
        let entries = vec![entry(ListKind::Allow, None), entry(ListKind::OptOut, time(1_440))];
        Ok(Response::new(ListListEntriesResponse { entries, next_page_token: String::new() }))
    }
}

fn held(state: HeldState, decided_by: &str) -> HeldFax {
    HeldFax {
        decision_id: ID.into(),
        state: state.into(),
        action: Action::Quarantine.into(),
        held_time: time(0),
        deadline_time: time(1_440),
        decided_time: None,
        decided_by: decided_by.into(),
        log_odds_milli: 2_295,
    }
}

#[tonic::async_trait]
impl held_fax_service_server::HeldFaxService for Canned {
    async fn list_held_faxes(
        &self,
        _: Request<ListHeldFaxesRequest>,
    ) -> Answer<ListHeldFaxesResponse> {
        let faxes = vec![held(HeldState::Waiting, "")];
        Ok(Response::new(ListHeldFaxesResponse { faxes, next_page_token: String::new() }))
    }

    async fn release_held_fax(
        &self,
        request: Request<ReleaseHeldFaxRequest>,
    ) -> Answer<ReleaseHeldFaxResponse> {
        let fax = Some(held(HeldState::Released, &request.into_inner().author));
        Ok(Response::new(ReleaseHeldFaxResponse { fax }))
    }

    async fn reject_held_fax(
        &self,
        request: Request<RejectHeldFaxRequest>,
    ) -> Answer<RejectHeldFaxResponse> {
        let fax = Some(held(HeldState::Rejected, &request.into_inner().author));
        Ok(Response::new(RejectHeldFaxResponse { fax }))
    }
}

#[tonic::async_trait]
impl limit_service_server::LimitService for Canned {
    async fn get_member_limits(
        &self,
        _: Request<GetMemberLimitsRequest>,
    ) -> Answer<GetMemberLimitsResponse> {
        let limit = |resource: &str, level, full_time| MemberLimit {
            resource: resource.into(),
            rate: 200,
            period_seconds: 86_400,
            burst: 400,
            level,
            full_time,
            setting: Some(set_limit()).filter(|_| level > 0),
            off: None,
        };
        Ok(Response::new(GetMemberLimitsResponse {
            plan: Plan::Free.into(),
            limits: vec![limit("faxes", 3, time(30)), limit("pages", 0, None)],
            member_unknown: true,
            share_weight_milli: 1_500,
            member_key: "0f".repeat(16),
            organisation_limits: vec![limit("faxes", 390, time(40))],
            shares: vec![MemberShare {
                resource: "lines".into(),
                contended: true,
                held_ppm: 311_000,
                fair_ppm: 8_100,
                group: true,
                group_held_ppm: 420_000,
                group_fair_ppm: 250_000,
                above: true,
            }],
            weight_now_milli: 750,
            raised_milli: 2_000,
            weight_percent: 25,
            floor_ppm: 0,
            next: Some(NextRefusal {
                rule: "quota.organisation.faxes".into(),
                fax_count: 10,
                time: time(50),
                retry_time: None,
            }),
            month: Some(MonthlyAllowance {
                page_count: 500,
                used_count: 120,
                reset_time: time(60),
                time_zone: "America/New_York".into(),
                setting: None,
            }),
        }))
    }

    async fn list_limits(&self, _: Request<ListLimitsRequest>) -> Answer<ListLimitsResponse> {
        Ok(Response::new(ListLimitsResponse {
            settings: vec![set_limit()],
            etag: "limits-7".into(),
            ..ListLimitsResponse::default()
        }))
    }

    async fn set_limit(&self, _: Request<SetLimitRequest>) -> Answer<SetLimitResponse> {
        Ok(Response::new(SetLimitResponse { etag: "limits-8".into() }))
    }

    async fn unset_limit(&self, _: Request<UnsetLimitRequest>) -> Answer<UnsetLimitResponse> {
        Ok(Response::new(UnsetLimitResponse { etag: "limits-8".into() }))
    }

    async fn list_limit_changes(
        &self,
        _: Request<ListLimitChangesRequest>,
    ) -> Answer<ListLimitChangesResponse> {
        let change = |version, taken_back| LimitChange {
            version,
            change_time: time(1),
            author: "desk".into(),
            reason: "a fair".into(),
            setting: Some(set_limit()),
            taken_back,
        };
        Ok(Response::new(ListLimitChangesResponse {
            changes: vec![change(6, false), change(7, true)],
            ..ListLimitChangesResponse::default()
        }))
    }
}

/// A limit that somebody set.
fn set_limit() -> LimitSetting {
    LimitSetting {
        scope: Some(LimitScope { scope: Some(limit_scope::Scope::Plan(Plan::Free.into())) }),
        resource: "faxes".into(),
        part: LimitPart::Quota.into(),
        rate: 200,
        period_seconds: 86_400,
        burst: 400,
        author: "desk".into(),
        reason: "a fair".into(),
        set_time: time(0),
        expire_time: time(60),
        ..LimitSetting::default()
    }
}

#[tonic::async_trait]
impl policy_service_server::PolicyService for Canned {
    async fn get_policy(&self, _: Request<GetPolicyRequest>) -> Answer<GetPolicyResponse> {
        Ok(Response::new(GetPolicyResponse {
            generation: 7,
            toml: "[thresholds]\ntag = 1.0\n".into(),
            apply_time: time(0),
            author: "desk".into(),
            etag: "e7".into(),
        }))
    }

    async fn apply_policy(
        &self,
        request: Request<ApplyPolicyRequest>,
    ) -> Answer<ApplyPolicyResponse> {
        let request = request.into_inner();
        let fault =
            |path: &str, message: &str| PolicyFault { path: path.into(), message: message.into() };
        let faults = match request.toml.starts_with("bad") {
            true => vec![
                fault("bad", "no such setting (remove it)"),
                fault("thresholds.tag", "is above `thresholds.quarantine` (lower it)"),
            ],
            false => Vec::new(),
        };
        let generation = if request.validate_only { 7 } else { 8 };
        Ok(Response::new(ApplyPolicyResponse { generation, faults }))
    }
}

#[tonic::async_trait]
impl directory_service_server::DirectoryService for Canned {
    type ImportDirectoryStream = Answers<ImportDirectoryResponse>;

    async fn import_directory(
        &self,
        requests: Request<Streaming<ImportDirectoryRequest>>,
    ) -> Answer<Self::ImportDirectoryStream> {
        let mut requests = requests.into_inner();
        let (answers, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            let mut sum = ImportDirectoryResponse::default();
            let (mut position, mut ended) = (0, false);
            while let Ok(Some(request)) = requests.message().await {
                assert!(!ended && !request.entries.is_empty() && request.entries.len() <= 10_000);
                assert!(!request.whole || position == 0);
                ended = request.end;
                sum.refused.clear();
                for entry in request.entries {
                    position += 1;
                    if format!("{entry:?}").contains("refuse") {
                        sum.refused_count += 1;
                        let fault = "member `refuse` is unknown".into();
                        sum.refused.push(RefusedEntry { position, fault });
                    } else {
                        sum.accepted_count += 1;
                    }
                }
                (sum.number_count, sum.member_count) = (sum.accepted_count, 12);
                if answers.send(Ok(sum.clone())).await.is_err() {
                    break;
                }
            }
            assert!(ended, "the last message says that it is");
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}
