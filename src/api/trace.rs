//! Spans of calls, for who collects traces: which method, for which audience, what came of it. Every value is a word of
//! ours: nothing that a caller wrote is in a span but the ids of its own trace.
//!
//! While nobody collects, a span costs the look at one atomic that says so.

use std::collections::HashMap;

use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tonic::codegen::http;
use tracing::field::Empty;
use tracing::{Level, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::status::Failure;
use crate::verdict::Verdict;

/// What the spans are found by. A log has none of them.
pub const TARGET: &str = "faxguard::call";
/// The header with the caller's trace (W3C Trace Context), and the length of its only version.
const TRACE_PARENT: &str = "traceparent";
const TRACE_PARENT_BYTES: usize = 55;

/// Every method of the contract. A path is whatever a caller writes; a span names one of these.
pub const METHODS: [&str; 63] = [
    "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
    "/faxguard.desk.v1.CaseService/DecideCase",
    "/faxguard.desk.v1.CaseService/ExportCase",
    "/faxguard.desk.v1.CaseService/GetCase",
    "/faxguard.desk.v1.CaseService/LeaseCase",
    "/faxguard.desk.v1.CaseService/ListCases",
    "/faxguard.desk.v1.CaseService/MergeCases",
    "/faxguard.desk.v1.CaseService/ReopenCase",
    "/faxguard.desk.v1.CaseService/SecondCase",
    "/faxguard.desk.v1.MeasureService/DecideAppeal",
    "/faxguard.desk.v1.MeasureService/ExportMeasures",
    "/faxguard.desk.v1.MeasureService/GetMeasure",
    "/faxguard.desk.v1.MeasureService/GetTransparency",
    "/faxguard.desk.v1.MeasureService/LiftMeasure",
    "/faxguard.desk.v1.MeasureService/ListMeasures",
    "/faxguard.notice.v1.NoticeService/AcknowledgeNotices",
    "/faxguard.notice.v1.NoticeService/NameMembers",
    "/faxguard.notice.v1.NoticeService/WatchNotices",
    "/faxguard.operator.v1.CampaignService/DecideCampaign",
    "/faxguard.operator.v1.CampaignService/ForgetKnownForm",
    "/faxguard.operator.v1.CampaignService/GetCampaign",
    "/faxguard.operator.v1.CampaignService/ListCampaigns",
    "/faxguard.operator.v1.CampaignService/ListKnownForms",
    "/faxguard.operator.v1.CampaignService/MergeCampaigns",
    "/faxguard.operator.v1.CampaignService/NameKnownForm",
    "/faxguard.operator.v1.CampaignService/RemoveRepresentative",
    "/faxguard.operator.v1.CampaignService/SplitCampaign",
    "/faxguard.operator.v1.CampaignService/UndoCampaignDecision",
    "/faxguard.operator.v1.CampaignService/WatchCampaigns",
    "/faxguard.operator.v1.DecisionService/ExplainDecision",
    "/faxguard.operator.v1.DecisionService/GetStatus",
    "/faxguard.operator.v1.DecisionService/ListBlockedCalls",
    "/faxguard.operator.v1.DirectoryService/ImportDirectory",
    "/faxguard.operator.v1.HeldFaxService/ListHeldFaxes",
    "/faxguard.operator.v1.HeldFaxService/RejectHeldFax",
    "/faxguard.operator.v1.HeldFaxService/ReleaseHeldFax",
    "/faxguard.operator.v1.LimitService/GetMemberLimits",
    "/faxguard.operator.v1.LimitService/ListLimitChanges",
    "/faxguard.operator.v1.LimitService/ListLimits",
    "/faxguard.operator.v1.LimitService/SetLimit",
    "/faxguard.operator.v1.LimitService/UnsetLimit",
    "/faxguard.operator.v1.LimitTuningService/ListLimitTrials",
    "/faxguard.operator.v1.LimitTuningService/ListTopUsers",
    "/faxguard.operator.v1.LimitTuningService/RestoreLimit",
    "/faxguard.operator.v1.LimitTuningService/TryLimit",
    "/faxguard.operator.v1.ListEntryService/CreateListEntry",
    "/faxguard.operator.v1.ListEntryService/DeleteListEntry",
    "/faxguard.operator.v1.ListEntryService/ListListEntries",
    "/faxguard.operator.v1.PolicyService/ApplyPolicy",
    "/faxguard.operator.v1.PolicyService/GetPolicy",
    "/faxguard.report.v1.AppealService/FileAppeal",
    "/faxguard.report.v1.AppealService/GetAppeal",
    "/faxguard.report.v1.ComplaintService/FileComplaint",
    "/faxguard.report.v1.ComplaintService/ImportComplaints",
    "/faxguard.report.v1.ReportService/AttachCopy",
    "/faxguard.report.v1.ReportService/FileReport",
    "/faxguard.report.v1.ReportService/GetReport",
    "/faxguard.report.v1.ReportService/RetractReport",
    "/faxguard.screening.v1.ChargeService/StreamCharges",
    "/faxguard.screening.v1.ReadingService/FingerprintFax",
    "/faxguard.screening.v1.ScreeningService/ReportUsage",
    "/faxguard.screening.v1.ScreeningService/ScreenFax",
    "/faxguard.screening.v1.ScreeningService/StreamScreenFax",
];

/// The span of a call to a service, under the trace that its caller names.
pub(super) fn call<B>(
    service: &'static str,
    audience: &'static str,
    request: &http::Request<B>,
) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        parent: None,
        "call",
        otel.name = Empty,
        otel.kind = "server",
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = Empty,
        rpc.grpc.status_code = Empty,
        faxguard.audience = audience,
        faxguard.stage = Empty,
        faxguard.action = Empty,
        faxguard.reason = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    let path = request.uri().path();
    let known = METHODS.into_iter().find(|method| *method == path);
    let name = known.and_then(|path| path.strip_prefix('/')).unwrap_or(service);
    span.record("otel.name", name);
    span.record("rpc.method", name.rsplit_once('/').map_or("other", |(_, method)| method));
    if let Some(parent) = parent(request.headers()) {
        // It has not begun, so it takes the parent.
        let _ = span.set_parent(parent);
    }
    span
}

/// The span of one stage on a stream: a trace of its own, since the stream is open for days.
pub(super) fn stage() -> Span {
    tracing::info_span!(
        target: TARGET,
        parent: None,
        "stage",
        otel.name = "faxguard.stage",
        otel.kind = "server",
        faxguard.audience = "screening",
        faxguard.stage = Empty,
        faxguard.action = Empty,
        faxguard.reason = Empty,
    )
}

/// Notes a verdict on the span of the call or stage that it is about.
pub(super) fn verdict(verdict: &Verdict) {
    if is_on() {
        let span = Span::current();
        span.record("faxguard.stage", verdict.stage.name());
        span.record("faxguard.action", verdict.action.name());
    }
}

/// Notes why it was refused.
pub(super) fn failure(failure: &Failure) {
    if is_on() {
        Span::current().record("faxguard.reason", failure.reason_name());
    }
}

/// Notes how a call ended, from the headers or trailers of its answer.
pub(super) fn end(span: &Span, headers: &http::HeaderMap) {
    if span.is_disabled() {
        return;
    }
    let status = headers.get("grpc-status").and_then(|status| status.to_str().ok());
    if let Some(code) = status.and_then(|status| status.parse::<i64>().ok()) {
        span.record("rpc.grpc.status_code", code);
    }
}

fn is_on() -> bool {
    tracing::span_enabled!(target: TARGET, Level::INFO)
}

/// The trace of the caller; none where its header is none of the standard's.
fn parent(headers: &http::HeaderMap) -> Option<Context> {
    let mut values = headers.get_all(TRACE_PARENT).into_iter();
    let told = values.next().filter(|told| told.len() == TRACE_PARENT_BYTES)?;
    let told = told.to_str().ok().filter(|_| values.next().is_none())?;
    let told = HashMap::from([(TRACE_PARENT.to_owned(), told.to_owned())]);
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &told);
    let is_valid = parent.span().span_context().is_valid();
    is_valid.then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace_of(values: &[&[u8]]) -> Option<String> {
        let mut headers = http::HeaderMap::new();
        for value in values {
            headers.append(TRACE_PARENT, http::HeaderValue::from_bytes(value).unwrap());
        }
        parent(&headers).map(|parent| parent.span().span_context().trace_id().to_string())
    }

    #[test]
    fn a_trace_is_taken_from_a_sound_header_alone() {
        let sound = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(trace_of(&[sound]).as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        let long = [&sound[..], &[b'0'; 10_000]].concat();
        for hostile in [
            &[&sound[..], sound][..],
            &[b""],
            &[&long],
            &[b"00-00000000000000000000000000000000-00f067aa0ba902b7-01"],
            &[b"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"],
            &[b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
            &[b"00-4BF92F3577B34DA6A3CE929D0E0E473z-00f067aa0ba902b7-01"],
            &[b"00-+12125550164+12125550164+1212555-00f067aa0ba902b7-01"],
            &[&[0xff; TRACE_PARENT_BYTES]],
        ] {
            assert_eq!(trace_of(hostile), None, "{hostile:?}");
        }
        assert_eq!(trace_of(&[]), None);
    }
}
