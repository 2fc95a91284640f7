//! Screening: one stage a call, or many over one stream.

use std::num::NonZeroU32;
use std::sync::Arc;

use tonic::codegen::http;
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument as _;

use super::Edge;
use super::answers::{Answering, Answers};
use super::arrival::Arrival;
use super::declared::{Scored, score};
use super::direct::Direct;
use super::tally::{Tally, pages_of};
use crate::api::caller::Caller;
use crate::api::convert::screening::Asked;
use crate::api::convert::{self, verdict::Words};
use crate::api::status::Failure;
use crate::api::trace;
use crate::bounds;
use crate::metrics::{Metrics, Stopwatch};
use crate::policy::Generation;
use crate::screening::signals;
use crate::verdict::{Degradations, Verdict};
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
        let told = self.desk.answer_call(request.get_ref(), request.extensions()).await?;
        Ok(Response::new(told))
    }

    type StreamScreenFaxStream = Answers<
        Streaming<wire::StreamScreenFaxRequest>,
        Box<dyn FnMut(wire::StreamScreenFaxRequest) -> Answering<Told> + Send>,
        wire::StreamScreenFaxRequest,
        Told,
    >;

    async fn stream_screen_fax(
        &self,
        request: Request<Streaming<wire::StreamScreenFaxRequest>>,
    ) -> Result<Response<Self::StreamScreenFaxStream>, Status> {
        let open = OpenStream::new(Arc::clone(&self.desk.edge.metrics));
        let (desk, name) = (Arc::clone(&self.desk), name_of(&request));
        let answer = Box::new(move |batch| {
            let _open = &open;
            desk.answer_batch(batch, name.as_ref())
        });
        let ending = (self.desk.edge.ending)();
        let stages = |batch: &wire::StreamScreenFaxRequest| batch.requests.len();
        Ok(Response::new(Answers::new(request.into_inner(), stages, answer, ending)))
    }
}

/// What a batch is told, and what one request is.
type Told = wire::StreamScreenFaxResponse;
type Verdicts = Result<wire::ScreenFaxResponse, Failure>;

/// A request that was read, before it is judged.
struct Read {
    asked: Asked,
    watch: Stopwatch,
    policy: Arc<Generation>,
}

/// The name a caller is known by.
fn name_of<T>(request: &Request<T>) -> Option<Arc<str>> {
    request.extensions().get::<Caller>().and_then(Caller::shared_name)
}

impl Desk {
    /// Answers a call of its own, unless whoever asked has gone on.
    pub(super) async fn answer_call(
        &self,
        request: &wire::ScreenFaxRequest,
        extensions: &http::Extensions,
    ) -> Result<wire::ScreenFaxResponse, Status> {
        if extensions.get::<Arrival>().is_some_and(Arrival::is_over) {
            self.edge.metrics.expired_calls.inc();
            return Err(Arrival::expired());
        }
        let name = extensions.get::<Caller>().and_then(Caller::name);
        self.answer(request, name).await.map_err(Status::from)
    }

    /// Answers one request: at once, or where it brings fingerprints as soon as they are compared.
    async fn answer(&self, request: &wire::ScreenFaxRequest, caller: Option<&str>) -> Verdicts {
        if pages_of(request) == 0 {
            return self.answer_at_once(request, caller);
        }
        let told = match self.read(request, caller) {
            Ok(read) => Ok(self.compare(request, read).await),
            Err(failure) => Err(failure),
        };
        self.edge.counted(told)
    }

    /// Answers one request that brings no fingerprints. A stage costs its decision and nothing else.
    fn answer_at_once(&self, request: &wire::ScreenFaxRequest, caller: Option<&str>) -> Verdicts {
        let told = self.read(request, caller).map(|read| {
            let scored = score(&*self.edge.engine, &read.asked.event, Some(&read.asked.pages));
            self.tell(request, &read, scored)
        });
        self.edge.counted(told)
    }

    /// Compares the fingerprints on a thread that has the time, or does without them where as many wait for one as may.
    async fn compare(
        &self,
        request: &wire::ScreenFaxRequest,
        read: Read,
    ) -> wire::ScreenFaxResponse {
        let (engine, read) = (Arc::clone(&self.edge.engine), Arc::new(read));
        let Some(place) = self.edge.comparing.place() else {
            self.tally.uncompared(read.asked.pages.len());
            let scored = score(&*engine, &read.asked.event, None);
            return self.tell(request, &read, scored);
        };
        let asked = Arc::clone(&read);
        let act = move || score(&*engine, &asked.asked.event, Some(&asked.asked.pages));
        let scored = self.edge.comparing.act(place, act).await;
        let scored = scored
            .unwrap_or_else(|| Scored::Failed(self.edge.engine.scorer_failed(&read.asked.event)));
        self.tell(request, &read, scored)
    }

    /// Counts a stage against the caller's share, and reads it: under the name of its certificate where it has one, since a
    /// node id is whatever a caller writes.
    fn read(
        &self,
        request: &wire::ScreenFaxRequest,
        caller: Option<&str>,
    ) -> Result<Read, Failure> {
        let Edge { engine, guards, .. } = &*self.edge;
        let share = caller.unwrap_or(&request.node_id);
        guards.screening.admit(share.as_bytes(), NonZeroU32::MIN)?;
        let watch = Stopwatch::start();
        let asked = convert::screening::asked(request, &engine.wall());
        let asked = asked.inspect_err(|_| self.tally.refused(request))?;
        Ok(Read { asked, watch, policy: engine.policy() })
    }

    /// Counts what was scored, and puts it into the contract's words.
    fn tell(
        &self,
        request: &wire::ScreenFaxRequest,
        read: &Read,
        scored: Scored,
    ) -> wire::ScreenFaxResponse {
        let Read { asked: Asked { event, pages }, watch, policy } = read;
        let verdict = match scored {
            Scored::Verdict(verdict) => verdict,
            Scored::Failed(verdict) => self.failed(verdict),
        };
        let metrics = &self.edge.metrics;
        metrics.screening_seconds.observe(watch.seconds());
        if event.unscored > 0 {
            metrics.unscored_faxes.inc_by(event.unscored.into());
        }
        let compared = !verdict.degradations.has(Degradations::FINGERPRINTS_NOT_COMPARED);
        self.tally.count(&verdict, if compared { pages.len() } else { 0 });
        trace::verdict(&verdict);
        let redress = policy.policy().redress().contact();
        let words = Words { describe: signals::evidence, redress };
        let keys = convert::fingerprint::keys(&verdict, &self.edge.engine.wall(), event.time);
        convert::verdict::response(&request.request_id, &verdict, &words, keys)
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

    /// Answers a batch at once, or where fingerprints are in it as soon as they are compared, one request after the other.
    fn answer_batch(
        self: &Arc<Self>,
        batch: wire::StreamScreenFaxRequest,
        caller: Option<&Arc<str>>,
    ) -> Answering<Told> {
        let wire::StreamScreenFaxRequest { requests } = batch;
        let (count, most) = (requests.len(), bounds::STREAM_BATCH_MAX);
        if count == 0 || count > most {
            let refused = self.edge.counted(Err(Failure::TooLarge { count, most }));
            return Answering::Now(refused.map_err(Status::from));
        }
        if requests.iter().any(|request| pages_of(request) > 0) {
            let (desk, caller) = (Arc::clone(self), caller.cloned());
            return Answering::Later(Box::pin(async move {
                let mut results = Vec::with_capacity(requests.len());
                for request in &requests {
                    let told = desk.answer(request, caller.as_deref()).instrument(trace::stage());
                    results.push(result(request, told.await));
                }
                Ok(Told { results })
            }));
        }
        let caller = caller.map(AsRef::as_ref);
        let results = requests.iter().map(|request| {
            let _stage = trace::stage().entered();
            result(request, self.answer_at_once(request, caller))
        });
        Answering::Now(Ok(Told { results: results.collect() }))
    }
}

/// The answer to one request of a batch.
fn result(request: &wire::ScreenFaxRequest, told: Verdicts) -> wire::ScreenFaxResult {
    let result = match told {
        Ok(response) => WireResult::Response(response),
        Err(failure) => WireResult::Fault(failure.fault(&request.request_id)),
    };
    wire::ScreenFaxResult { result: Some(result) }
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
