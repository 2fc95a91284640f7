//! The demonstration against a service that answers by rote, over a real loopback connection.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

use super::*;
use crate::lab::traffic::{self, DAY_SEED, DAY_START};
use crate::wire::operator::v1 as operator;
use crate::wire::operator::v1::directory_service_server::{
    DirectoryService, DirectoryServiceServer,
};
use crate::wire::operator::v1::held_fax_service_server::{HeldFaxService, HeldFaxServiceServer};
use crate::wire::operator::v1::list_entry_service_server::{
    ListEntryService, ListEntryServiceServer,
};
use crate::wire::report::v1 as report;
use crate::wire::report::v1::report_service_server::{ReportService, ReportServiceServer};
use crate::wire::screening::v1 as screening;
use crate::wire::screening::v1::screen_fax_request::{Parties, Stage};
use crate::wire::screening::v1::screen_fax_result::Result as Answer;
use crate::wire::screening::v1::screening_service_server::{
    ScreeningService, ScreeningServiceServer,
};

/// What the service was asked, in order.
#[derive(Default)]
struct Seen {
    calls: Vec<String>,
    batches: Vec<Vec<(String, String)>>,
    stages: HashMap<String, Vec<String>>,
    actions: HashMap<String, screening::Action>,
    untimed: usize,
}

/// Delivers a caller's first call, then quarantines and refuses in turn, and holds jobs of batches.
#[derive(Clone, Default)]
struct Rote {
    seen: Arc<Mutex<Seen>>,
    callers: Arc<Mutex<HashMap<String, u32>>>,
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Rote {
    fn note(&self, call: &str) {
        self.seen.lock().unwrap().calls.push(call.into());
    }

    fn screen(&self, request: &screening::ScreenFaxRequest) -> screening::ScreenFaxResult {
        let mut seen = self.seen.lock().unwrap();
        seen.untimed += usize::from(request.event_time.is_none());
        let suffix = request.request_id.rsplit('.').next().unwrap().to_owned();
        seen.stages.entry(request.fax_id.clone()).or_default().push(suffix);
        let action = match (request.parties.as_ref(), request.stage.as_ref().unwrap()) {
            (Some(Parties::Inbound(parties)), _) => {
                let mut callers = self.callers.lock().unwrap();
                let count = callers
                    .entry(parties.caller_number.trim_start_matches("+1").into())
                    .or_default();
                *count += 1;
                match *count {
                    0 | 1 => screening::Action::Deliver,
                    even if even % 2 == 0 => screening::Action::Quarantine,
                    _ => screening::Action::RefuseCall,
                }
            }
            (_, Stage::JobSubmitted(job)) if job.batch_recipient_count > 1 => {
                screening::Action::Hold
            }
            (_, Stage::JobSubmitted(_) | Stage::Dialing(_) | Stage::DialResult(_)) => {
                screening::Action::Allow
            }
            _ => seen.actions.get(&request.fax_id).copied().unwrap_or(screening::Action::Deliver),
        };
        seen.actions.insert(request.fax_id.clone(), action);
        let hit = screening::Hit {
            kind: screening::HitKind::Signal as i32,
            name: "volume.caller_fanout_1h".into(),
            contribution_milli: 1_250,
            evidence: "many recipients in an hour".into(),
        };
        let verdict = screening::Verdict {
            action: action as i32,
            score: 0.75,
            hits: vec![hit],
            ..screening::Verdict::default()
        };
        let response = screening::ScreenFaxResponse {
            request_id: request.request_id.clone(),
            decision_id: format!("{:0>32}", request.fax_id.trim_start_matches('f')),
            verdict: Some(verdict),
        };
        screening::ScreenFaxResult { result: Some(Answer::Response(response)) }
    }
}

#[tonic::async_trait]
impl ScreeningService for Rote {
    type StreamScreenFaxStream = Answers<screening::StreamScreenFaxResponse>;

    async fn screen_fax(
        &self,
        _: Request<screening::ScreenFaxRequest>,
    ) -> Result<Response<screening::ScreenFaxResponse>, Status> {
        Err(Status::unimplemented("the demonstration streams"))
    }

    async fn report_usage(
        &self,
        _: Request<screening::ReportUsageRequest>,
    ) -> Result<Response<screening::ReportUsageResponse>, Status> {
        Err(Status::unimplemented("the demonstration has no lines"))
    }

    async fn stream_screen_fax(
        &self,
        requests: Request<Streaming<screening::StreamScreenFaxRequest>>,
    ) -> Result<Response<Self::StreamScreenFaxStream>, Status> {
        let rote = self.clone();
        let answers = requests.into_inner().map(move |message| {
            let requests = message?.requests;
            let ids = requests.iter().map(|r| (r.node_id.clone(), r.fax_id.clone())).collect();
            rote.seen.lock().unwrap().batches.push(ids);
            let results = requests.iter().map(|request| rote.screen(request)).collect();
            Ok(screening::StreamScreenFaxResponse { results })
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

#[tonic::async_trait]
impl ReportService for Rote {
    async fn file_report(
        &self,
        request: Request<report::FileReportRequest>,
    ) -> Result<Response<report::FileReportResponse>, Status> {
        self.note("FileReport");
        assert!(request.get_ref().event_time.is_some());
        if matches!(request.get_ref().fax, Some(report::file_report_request::Fax::Description(_))) {
            return Err(Status::failed_precondition("not received"));
        }
        let status = report::ReportStatus::Counted as i32;
        Ok(Response::new(report::FileReportResponse { status, ..Default::default() }))
    }

    async fn get_report(
        &self,
        _: Request<report::GetReportRequest>,
    ) -> Result<Response<report::GetReportResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn attach_copy(
        &self,
        _: Request<report::AttachCopyRequest>,
    ) -> Result<Response<report::AttachCopyResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn retract_report(
        &self,
        _: Request<report::RetractReportRequest>,
    ) -> Result<Response<report::RetractReportResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl DirectoryService for Rote {
    type ImportDirectoryStream = Answers<operator::ImportDirectoryResponse>;

    async fn import_directory(
        &self,
        requests: Request<Streaming<operator::ImportDirectoryRequest>>,
    ) -> Result<Response<Self::ImportDirectoryStream>, Status> {
        self.note("ImportDirectory");
        let answers = requests.into_inner().map(|message| {
            let accepted_count = message?.entries.len() as u64;
            Ok(operator::ImportDirectoryResponse { accepted_count, ..Default::default() })
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

#[tonic::async_trait]
impl ListEntryService for Rote {
    async fn create_list_entry(
        &self,
        request: Request<operator::CreateListEntryRequest>,
    ) -> Result<Response<operator::CreateListEntryResponse>, Status> {
        self.note("CreateListEntry");
        assert!(!request.get_ref().request_id.is_empty());
        Ok(Response::new(operator::CreateListEntryResponse::default()))
    }

    async fn delete_list_entry(
        &self,
        _: Request<operator::DeleteListEntryRequest>,
    ) -> Result<Response<operator::DeleteListEntryResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_list_entries(
        &self,
        _: Request<operator::ListListEntriesRequest>,
    ) -> Result<Response<operator::ListListEntriesResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl HeldFaxService for Rote {
    async fn list_held_faxes(
        &self,
        _: Request<operator::ListHeldFaxesRequest>,
    ) -> Result<Response<operator::ListHeldFaxesResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn release_held_fax(
        &self,
        request: Request<operator::ReleaseHeldFaxRequest>,
    ) -> Result<Response<operator::ReleaseHeldFaxResponse>, Status> {
        self.note("ReleaseHeldFax");
        assert_eq!(request.get_ref().decision_id.len(), 32);
        Ok(Response::new(operator::ReleaseHeldFaxResponse::default()))
    }

    async fn reject_held_fax(
        &self,
        _: Request<operator::RejectHeldFaxRequest>,
    ) -> Result<Response<operator::RejectHeldFaxResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// Plays events against a fresh service by rote.
fn played(events: &[Event]) -> (Summary, String, Seen) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let rote = Rote::default();
    let seen = Arc::clone(&rote.seen);
    let mut out = Vec::new();
    let summary = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = tonic::transport::Server::builder()
            .add_service(ScreeningServiceServer::new(rote.clone()))
            .add_service(ReportServiceServer::new(rote.clone()))
            .add_service(DirectoryServiceServer::new(rote.clone()))
            .add_service(ListEntryServiceServer::new(rote.clone()))
            .add_service(HeldFaxServiceServer::new(rote))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        play(&address, events, &mut out).await.unwrap()
    });
    drop(runtime);
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (summary, String::from_utf8(out).unwrap(), seen)
}

#[test]
fn the_bundled_day_plays_as_nodes_would_play_it() {
    let events = read(DAY).unwrap();
    let (summary, out, seen) = played(&events);
    for batch in &seen.batches {
        let faxes: HashSet<_> = batch.iter().collect();
        assert_eq!(faxes.len(), batch.len(), "two stages of one fax in a batch");
    }
    assert_eq!(seen.untimed, 0);
    assert_eq!(seen.calls[0], "ImportDirectory");
    assert_eq!(seen.calls.iter().filter(|call| *call == "ImportDirectory").count(), 1);
    assert!(seen.batches.len() * 2 < summary.screened, "{} batches", seen.batches.len());

    let blast = summary.stories.iter().find(|counts| counts.story == "blast").unwrap();
    assert_eq!((blast.technique, blast.wanted, blast.caught_after), (Some(1), 0, Some(1)));
    let members = summary.stories.iter().find(|s| s.story == "member-blast").unwrap();
    assert_eq!(members.held, members.junk);
    assert!(summary.reports.counted > 10 && summary.reports.refused >= 16);
    assert!(summary.skipped > 100 && summary.releases > 0);
    assert!(!summary.false_positives.is_empty());
    for text in ["generated traffic", "many recipients in an hour (+1.2)", "after 1 fax", "blast"] {
        assert!(out.contains(text), "{text} is not in\n{out}");
    }
    let shown = out.lines().take_while(|line| !line.contains("What became")).count();
    assert!(shown < 90, "{shown} lines");
}

#[test]
fn a_refused_call_is_over_and_a_held_job_is_not_dialled() {
    let events = traffic::story("blast", DAY_SEED).unwrap();
    let (_, _, seen) = played(&events);
    let refused: Vec<_> = seen.stages.values().filter(|stages| stages[..] == ["o", "r"]).collect();
    assert!(refused.len() > 8);
    let events = traffic::story("member-blast", DAY_SEED).unwrap();
    let (summary, _, seen) = played(&events);
    let undialled = seen.stages.values().filter(|stages| stages[..] == ["j"]).count();
    let held: usize = summary.stories.iter().map(|counts| counts.held).sum();
    assert_eq!(undialled, held);
}

#[test]
fn faults_are_named() {
    let fault = read("{\"note\":\"\"}\nnot an event\n").unwrap_err();
    assert_eq!(fault.to_string(), "line 2 of the bundled day is no event");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fault = runtime.block_on(play("not an address", &[], &mut Vec::new())).unwrap_err();
    assert!(matches!(fault, DemoError::Connect { .. }), "{fault}");
    assert_eq!(traffic::day(DAY_SEED, DAY_START).len(), read(DAY).unwrap().len());
}
