//! Screening: one stage a call, or many over one stream.

use std::num::NonZeroU32;
use std::sync::Arc;

use prost::encoding::message;
use tonic::codegen::http;
use tonic::{Request, Status, Streaming};
use tracing::Instrument as _;

use super::Edge;
use super::answers::{Answering, Answers};
use super::arrival::Arrival;
use super::declared::{Scored, score};
use super::tally::{Tally, pages_of};
use crate::api::caller::Caller;
use crate::api::convert::screening::Asked;
use crate::api::convert::told::Telling;
use crate::api::convert::{self, verdict::Words};
use crate::api::status::Failure;
use crate::api::trace;
use crate::bounds;
use crate::metrics::{Metrics, Stopwatch};
use crate::policy::Generation;
use crate::screening::signals;
use crate::verdict::{Degradations, Verdict};
use crate::wire::encoded::Encoded;
use crate::wire::screening::v1 as wire;
use wire::screen_fax_result::Result as WireResult;

/// What answers requests; shared by the calls.
#[derive(Debug)]
pub(super) struct Desk {
    edge: Arc<Edge>,
    tally: Tally,
}

/// A stream of answers, one for each message.
pub(super) type AnswerStream = Answers<
    Streaming<wire::StreamScreenFaxRequest>,
    Box<dyn FnMut(wire::StreamScreenFaxRequest) -> Answering<Encoded> + Send>,
    wire::StreamScreenFaxRequest,
    Encoded,
>;

/// What came of one request.
type Judgement = Result<Judged, Failure>;

/// A verdict, before it is told.
struct Judged {
    verdict: Verdict,
    /// The keys that fingerprints are wanted under.
    keys: Vec<wire::FingerprintKey>,
    /// Where it refuses: whom the refused may ask.
    policy: Option<Arc<Generation>>,
}

impl Judged {
    fn telling<'a>(&'a self, request_id: &'a str) -> Telling<'a> {
        let Self { verdict, keys, policy } = self;
        let redress = policy.as_ref().map_or("", |policy| policy.policy().redress().contact());
        let words = Words { describe: signals::evidence, redress };
        Telling { request_id, verdict, words, keys }
    }
}

/// Bytes of a usual answer, for which room is made at once.
const ANSWER_BYTES: usize = 1_024;

/// A request that was read, before it is judged.
struct Read {
    asked: Asked,
    watch: Stopwatch,
}

/// The name a caller is known by.
pub(super) fn name_of<T>(request: &Request<T>) -> Option<Arc<str>> {
    request.extensions().get::<Caller>().and_then(Caller::shared_name)
}

impl Desk {
    pub(super) fn new(edge: Arc<Edge>) -> Self {
        let tally = Tally::new(&edge.metrics);
        Self { edge, tally }
    }

    /// Answers the messages of a stream.
    pub(super) fn answers(
        self: &Arc<Self>,
        request: Request<Streaming<wire::StreamScreenFaxRequest>>,
    ) -> AnswerStream {
        let open = OpenStream::new(Arc::clone(&self.edge.metrics));
        let (desk, name) = (Arc::clone(self), name_of(&request));
        let answer = Box::new(move |batch| {
            let _open = &open;
            desk.answer_batch(batch, name.as_ref())
        });
        let ending = (self.edge.ending)();
        let stages = |batch: &wire::StreamScreenFaxRequest| batch.requests.len();
        Answers::new(request.into_inner(), stages, answer, ending)
    }

    /// Answers a call of its own, unless whoever asked has gone on.
    pub(super) async fn answer_call(
        &self,
        request: &wire::ScreenFaxRequest,
        extensions: &http::Extensions,
    ) -> Result<Encoded, Status> {
        if extensions.get::<Arrival>().is_some_and(Arrival::is_over) {
            self.edge.metrics.expired_calls.inc();
            return Err(Arrival::expired());
        }
        let name = extensions.get::<Caller>().and_then(Caller::name);
        let judged = self.answer(request, name).await.map_err(Status::from)?;
        let mut bytes = Vec::with_capacity(ANSWER_BYTES);
        judged.telling(&request.request_id).put_response(&mut bytes);
        Ok(Encoded(bytes))
    }

    /// Takes a node's word on what it has; it counts as a stage.
    pub(super) fn note_usage(
        &self,
        request: &Request<wire::ReportUsageRequest>,
    ) -> Result<wire::ReportUsageResponse, Status> {
        let (name, said) = (name_of(request), request.get_ref());
        let share = name.as_deref().unwrap_or(&said.node_id);
        let Edge { engine, guards, .. } = &*self.edge;
        let noted = guards.screening.admit(share.as_bytes(), NonZeroU32::MIN).and_then(|()| {
            let said = convert::usage::said(said, &engine.wall())?;
            Ok(convert::usage::contended(&engine.report_usage(said.node, &said.usages)))
        });
        Ok(self.edge.counted(noted)?)
    }

    /// Answers one request: at once, or where it brings fingerprints as soon as they are compared.
    async fn answer(&self, request: &wire::ScreenFaxRequest, caller: Option<&str>) -> Judgement {
        if pages_of(request) == 0 {
            return self.answer_at_once(request, caller);
        }
        let told = match self.read(request, caller) {
            Ok(read) => Ok(self.compare(read).await),
            Err(failure) => Err(failure),
        };
        self.edge.counted(told)
    }

    /// Answers one request that brings no fingerprints. A stage costs its decision and nothing else.
    fn answer_at_once(&self, request: &wire::ScreenFaxRequest, caller: Option<&str>) -> Judgement {
        let told = self.read(request, caller).map(|read| {
            let scored = score(&*self.edge.engine, &read.asked.event, Some(&read.asked.pages));
            self.note(&read, scored)
        });
        self.edge.counted(told)
    }

    /// Compares the fingerprints on a thread that has the time, or does without them where as many wait for one as may.
    async fn compare(&self, read: Read) -> Judged {
        let (engine, read) = (Arc::clone(&self.edge.engine), Arc::new(read));
        let Some(place) = self.edge.comparing.place() else {
            self.tally.uncompared(read.asked.pages.len());
            let scored = score(&*engine, &read.asked.event, None);
            return self.note(&read, scored);
        };
        let asked = Arc::clone(&read);
        let act = move || score(&*engine, &asked.asked.event, Some(&asked.asked.pages));
        let scored = self.edge.comparing.act(place, act).await;
        let scored = scored
            .unwrap_or_else(|| Scored::Failed(self.edge.engine.scorer_failed(&read.asked.event)));
        self.note(&read, scored)
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
        Ok(Read { asked, watch })
    }

    /// Counts what was scored, and finds what is needed to tell it.
    fn note(&self, read: &Read, scored: Scored) -> Judged {
        let Read { asked: Asked { event, pages }, watch } = read;
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
        // Few are refused, and few pages wanted: the others need neither the policy, which all threads share, nor the time.
        let policy = verdict.refusal.is_some().then(|| self.edge.engine.policy());
        let keys = verdict.fingerprint.map_or_else(Vec::new, |_| {
            convert::fingerprint::keys(&self.edge.engine.wall(), event.time)
        });
        Judged { verdict, keys, policy }
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
    ) -> Answering<Encoded> {
        let wire::StreamScreenFaxRequest { requests } = batch;
        let (count, most) = (requests.len(), bounds::STREAM_BATCH_MAX);
        if count == 0 || count > most {
            let refused = self.edge.counted(Err(Failure::TooLarge { count, most }));
            return Answering::Now(refused.map_err(Status::from));
        }
        if requests.iter().any(|request| pages_of(request) > 0) {
            let (desk, caller) = (Arc::clone(self), caller.cloned());
            return Answering::Later(Box::pin(async move {
                let mut results = Vec::with_capacity(requests.len() * ANSWER_BYTES);
                for request in &requests {
                    let told = desk.answer(request, caller.as_deref()).instrument(trace::stage());
                    put_result(request, &told.await, &mut results);
                }
                Ok(Encoded(results))
            }));
        }
        let caller = caller.map(AsRef::as_ref);
        let mut results = Vec::with_capacity(requests.len() * ANSWER_BYTES);
        for request in &requests {
            let _stage = trace::stage().entered();
            put_result(request, &self.answer_at_once(request, caller), &mut results);
        }
        Answering::Now(Ok(Encoded(results)))
    }
}

/// Puts the answer to one request of a batch.
fn put_result(request: &wire::ScreenFaxRequest, told: &Judgement, to: &mut Vec<u8>) {
    match told {
        Ok(judged) => judged.telling(&request.request_id).put_result(to),
        Err(failure) => {
            let fault = WireResult::Fault(failure.fault(&request.request_id));
            message::encode(1, &wire::ScreenFaxResult { result: Some(fault) }, to);
        }
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
