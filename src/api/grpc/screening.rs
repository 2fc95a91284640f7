//! Screening: one stage a call, or many over one stream.

use std::num::NonZeroU32;
use std::sync::Arc;

use tonic::codegen::http;
use tonic::{Request, Response, Status, Streaming};

use super::Edge;
use super::answers::Answers;
use super::arrival::Arrival;
use super::declared::{Scored, score};
use super::direct::Direct;
use super::tally::Tally;
use crate::api::caller::Caller;
use crate::api::convert::screening::Asked;
use crate::api::convert::{self, verdict::Words};
use crate::api::status::Failure;
use crate::api::trace;
use crate::bounds;
use crate::metrics::{Metrics, Stopwatch};
use crate::screening::signals;
use crate::verdict::Verdict;
use crate::wire::screening::v1 as wire;
use wire::screen_fax_result::Result as WireResult;
use wire::screening_service_server::ScreeningService;

/// The service.
#[derive(Debug)]
pub(super) struct Screening {
    desk: Arc<Desk>,
}

/// What answers one request; shared by the streams.
#[derive(Debug)]
pub(super) struct Desk {
    edge: Arc<Edge>,
    tally: Tally,
}

impl Screening {
    pub(super) fn new(edge: Arc<Edge>) -> Self {
        let tally = Tally::new(&edge.metrics);
        Self { desk: Arc::new(Desk { edge, tally }) }
    }

    /// The service that `general` makes of this, with the straight way beside it.
    pub(super) fn at_once<S>(self, general: impl FnOnce(Self) -> S) -> Direct<S> {
        let desk = Arc::clone(&self.desk);
        Direct::new(desk, general(self))
    }
}

#[tonic::async_trait]
impl ScreeningService for Screening {
    async fn screen_fax(
        &self,
        request: Request<wire::ScreenFaxRequest>,
    ) -> Result<Response<wire::ScreenFaxResponse>, Status> {
        let told = self.desk.answer_call(request.get_ref(), request.extensions())?;
        Ok(Response::new(told))
    }

    type StreamScreenFaxStream = Answers<
        Streaming<wire::StreamScreenFaxRequest>,
        Box<dyn FnMut(wire::StreamScreenFaxRequest) -> Batch + Send>,
    >;

    async fn stream_screen_fax(
        &self,
        request: Request<Streaming<wire::StreamScreenFaxRequest>>,
    ) -> Result<Response<Self::StreamScreenFaxStream>, Status> {
        let open = OpenStream::new(Arc::clone(&self.desk.edge.metrics));
        let (desk, name) = (Arc::clone(&self.desk), name_of(&request));
        let answer = Box::new(move |batch| {
            let _open = &open;
            desk.answer_batch(batch, name.as_deref())
        });
        let ending = (self.desk.edge.ending)();
        Ok(Response::new(Answers::new(request.into_inner(), answer, ending)))
    }
}

type Batch = Result<wire::StreamScreenFaxResponse, Status>;
type Told = Result<wire::ScreenFaxResponse, Failure>;

/// The name a caller is known by.
fn name_of<T>(request: &Request<T>) -> Option<Arc<str>> {
    request.extensions().get::<Caller>().and_then(Caller::shared_name)
}

impl Desk {
    /// Answers a call of its own, unless whoever asked has gone on.
    pub(super) fn answer_call(
        &self,
        request: &wire::ScreenFaxRequest,
        extensions: &http::Extensions,
    ) -> Result<wire::ScreenFaxResponse, Status> {
        if extensions.get::<Arrival>().is_some_and(Arrival::is_over) {
            self.edge.metrics.expired_calls.inc();
            return Err(Arrival::expired());
        }
        let name = extensions.get::<Caller>().and_then(Caller::name);
        self.answer(request, name).map_err(Status::from)
    }

    fn answer(&self, request: &wire::ScreenFaxRequest, caller: Option<&str>) -> Told {
        self.edge.counted(self.screen(request, caller))
    }

    /// Counts a stage against the caller's share: under the name of its certificate where it has one, since a node id is
    /// whatever a caller writes.
    fn screen(&self, request: &wire::ScreenFaxRequest, caller: Option<&str>) -> Told {
        let Edge { engine, guards, metrics, .. } = &*self.edge;
        let share = caller.unwrap_or(&request.node_id);
        guards.screening.admit(share.as_bytes(), NonZeroU32::MIN)?;
        let watch = Stopwatch::start();
        let wall = engine.wall();
        let Asked { event, pages } =
            convert::screening::asked(request, &wall).inspect_err(|_| {
                self.tally.refused(request);
            })?;
        let policy = engine.policy();
        let verdict = match score(&**engine, &event, &pages) {
            Scored::Verdict(verdict) => verdict,
            Scored::Failed(verdict) => self.failed(verdict),
        };
        metrics.screening_seconds.observe(watch.seconds());
        if event.unscored > 0 {
            metrics.unscored_faxes.inc_by(event.unscored.into());
        }
        self.tally.count(&verdict, pages.len());
        trace::verdict(&verdict);
        let redress = policy.policy().redress().contact();
        let words = Words { describe: signals::evidence, redress };
        let keys = convert::fingerprint::keys(&verdict, &wall, event.time);
        Ok(convert::verdict::response(&request.request_id, &verdict, &words, keys))
    }

    fn failed(&self, verdict: Verdict) -> Verdict {
        self.edge.metrics.scorer_failures.inc();
        tracing::error!(
            decision = %verdict.decision,
            stage = verdict.stage.name(),
            "scorer failed; the declared verdict was given"
        );
        verdict
    }

    fn answer_batch(&self, batch: wire::StreamScreenFaxRequest, caller: Option<&str>) -> Batch {
        let wire::StreamScreenFaxRequest { requests } = batch;
        let (count, most) = (requests.len(), bounds::STREAM_BATCH_MAX);
        if count == 0 || count > most {
            return self.edge.counted(Err(Failure::TooLarge { count, most })).map_err(Status::from);
        }
        let results = requests.iter().map(|request| {
            let _stage = trace::stage().entered();
            let result = match self.answer(request, caller) {
                Ok(response) => WireResult::Response(response),
                Err(failure) => WireResult::Fault(failure.fault(&request.request_id)),
            };
            wire::ScreenFaxResult { result: Some(result) }
        });
        Ok(wire::StreamScreenFaxResponse { results: results.collect() })
    }
}

/// Counts a stream as open for as long as it lives.
struct OpenStream(Arc<Metrics>);

impl OpenStream {
    fn new(metrics: Arc<Metrics>) -> Self {
        metrics.open_streams.inc();
        Self(metrics)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.open_streams.dec();
    }
}
