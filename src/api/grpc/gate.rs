//! The gate before every service: is this gRPC, may this caller speak to this audience, and is there room for one more
//! call. What is refused here costs no decoding; what is let through comes in under the terms of [`super::intake`].

use std::convert::Infallible;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use foldhash::fast::RandomState;
use http_body::{Body as _, Frame, SizeHint};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Bytes, Service, http};
use tonic::server::NamedService;
use tracing::Span;

use super::intake::{Intake, Terms, Unfinished};
use crate::api::caller::{Audience, Caller, OpenCall};
use crate::api::status::Failure;
use crate::api::trace;
use crate::bounds;
use crate::metrics::{Label, Metrics};

/// The content type of gRPC; what codes its messages may follow.
const GRPC: &[u8] = b"application/grpc";
/// The audience of what whoever may connect may use, in metrics and spans.
const EVERYBODY: &str = "everybody";

/// Calls open over all connections, and those of each peer. Peers go by a hash, so that the counts have a bound and
/// no lock: at worst two share one count.
#[derive(Debug)]
pub(super) struct Calls {
    open: AtomicUsize,
    peers: Box<[AtomicU16]>,
    hasher: RandomState,
    unfinished: Arc<Unfinished>,
}

/// A place among the calls, and among those of the peer with that count.
#[derive(Debug)]
struct Place(Arc<Calls>, usize);

impl Calls {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let peers = (0..bounds::PEER_COUNTS).map(|_| AtomicU16::new(0)).collect();
        let unfinished = Arc::new(Unfinished::new(metrics));
        Self { open: AtomicUsize::new(0), peers, hasher: RandomState::default(), unfinished }
    }

    fn enter(self: &Arc<Self>, caller: &Caller) -> Option<Place> {
        let peer = usize::try_from(self.hasher.hash_one(caller.peer())).unwrap_or_default();
        let place = Place(Arc::clone(self), peer % self.peers.len());
        // Counted first: a place that is not given takes its counts back when it is dropped.
        let before = self.open.fetch_add(1, Ordering::AcqRel);
        let of_peer = usize::from(self.peers[place.1].fetch_add(1, Ordering::AcqRel));
        (before < bounds::CALLS_MAX && of_peer < bounds::PEER_CALLS_MAX).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
        self.0.peers[self.1].fetch_sub(1, Ordering::AcqRel);
    }
}

/// What an admitted call holds until it is over.
#[derive(Debug)]
pub struct Places {
    _call: OpenCall,
    place: Place,
}

/// A service behind the gate.
#[derive(Clone, Debug)]
pub struct Gate<S> {
    inner: S,
    /// Who may pass; none is whoever may connect.
    audience: Option<Audience>,
    calls: Arc<Calls>,
    denied: Counter,
    shed: Counter,
    terms: Terms,
}

impl<S> Gate<S> {
    pub(super) fn new(
        inner: S,
        audience: Option<Audience>,
        calls: &Arc<Calls>,
        metrics: &Metrics,
        wait: Duration,
    ) -> Self {
        let label = [("audience", audience.map_or(EVERYBODY, Audience::name))];
        let of = |family: &Family<Label, Counter>| family.get_or_create_owned(&label);
        let (slow, beyond) = (of(&metrics.slow_messages), of(&metrics.unfinished_calls));
        Self {
            inner,
            audience,
            calls: Arc::clone(calls),
            denied: of(&metrics.denied_calls),
            shed: of(&metrics.shed_calls),
            terms: Terms { wait, slow, beyond },
        }
    }

    fn admit(&self, caller: Option<&Caller>) -> Result<Places, Failure> {
        let may = |caller: &&Caller| self.audience.is_none_or(|audience| caller.may(audience));
        let Some(caller) = caller.filter(may) else {
            self.denied.inc();
            let audience = self.audience.unwrap_or(Audience::Operator);
            return Err(Failure::CallerNotAllowed { audience });
        };
        let Some(place) = self.calls.enter(caller) else {
            self.shed.inc();
            return Err(Failure::Overloaded);
        };
        Ok(Places { _call: caller.activity().open(), place })
    }

    /// The call as the service sees it.
    fn taken_in(&self, request: http::Request<Body>, places: &Places) -> http::Request<Body> {
        // What has no body has nothing to wait for.
        if request.body().is_end_stream() {
            return request;
        }
        let (head, body) = request.into_parts();
        let (unfinished, peer) = (&self.calls.unfinished, places.place.1);
        let intake = Intake::new(body, head.uri.path(), &self.terms, unfinished, peer);
        http::Request::from_parts(head, Body::new(intake))
    }
}

/// Whether the call says that it is gRPC. Another is answered 415, so that no other client of HTTP/2 takes the 200 of
/// gRPC's failures for a success. A missing `te: trailers` is let pass: the standard has it to find proxies that lose
/// trailers, and whoever loses them loses the answers alone.
fn is_grpc(request: &http::Request<Body>) -> bool {
    let kind = request.headers().get(http::header::CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    let rest = kind.and_then(|kind| kind.strip_prefix(GRPC));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

impl<S: NamedService> NamedService for Gate<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Gate<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + NamedService,
    S::Future: Unpin,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Passing<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if !is_grpc(&request) {
            let mut answer = http::Response::<Body>::default();
            *answer.status_mut() = http::StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Passing::Refused(Some(answer));
        }
        let span = trace::call(S::NAME, self.audience.map_or(EVERYBODY, Audience::name), &request);
        let entered = span.enter();
        match self.admit(request.extensions().get::<Caller>()) {
            Ok(places) => {
                let request = self.taken_in(request, &places);
                let inner = self.inner.call(request);
                drop(entered);
                Passing::Passed(inner, Some(places), span)
            }
            Err(failure) => {
                trace::failure(&failure);
                let answer = Status::from(failure).into_http();
                trace::end(&span, answer.headers());
                Passing::Refused(Some(answer))
            }
        }
    }
}

/// A call at the gate.
#[derive(Debug)]
pub enum Passing<F> {
    /// It was let through; its places are kept until its answer has been sent or given up, and so is its span.
    Passed(F, Option<Places>, Span),
    /// It was not.
    Refused(Option<http::Response<Body>>),
}

impl<F> Future for Passing<F>
where
    F: Future<Output = Result<http::Response<Body>, Infallible>> + Unpin,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Passed(inner, places, span) => {
                let response = {
                    let _entered = span.enter();
                    ready!(Pin::new(inner).poll(context))?
                };
                trace::end(span, response.headers());
                let (places, span) = (places.take(), std::mem::replace(span, Span::none()));
                Poll::Ready(
                    Ok(response.map(|body| Body::new(Sent { body, _places: places, span }))),
                )
            }
            Self::Refused(response) => Poll::Ready(Ok(response.take().unwrap_or_default())),
        }
    }
}

/// The answer on its way, with what the call holds until it is over.
#[derive(Debug)]
struct Sent {
    body: Body,
    _places: Option<Places>,
    span: Span,
}

impl http_body::Body for Sent {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let _entered = this.span.enter();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            trace::end(&this.span, trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::caller::Callers;

    #[test]
    fn the_gate_asks_for_the_audience_and_counts_places() {
        let metrics = Metrics::new();
        let calls = Arc::new(Calls::new(&metrics));
        let gate = Gate::new((), Some(Audience::Operator), &calls, &metrics, Duration::ZERO);
        let mut callers = Callers::default();
        callers.allow("node", Audience::Screening);
        (0..20).for_each(|desk| callers.allow(&format!("desk-{desk}"), Audience::Operator));
        let of = |name: &str| callers.caller(&[name.to_owned()], None);
        for stranger in [None, Some(of("node")), Some(of("nobody"))] {
            let denied = gate.admit(stranger.as_ref()).err();
            assert_eq!(denied, Some(Failure::CallerNotAllowed { audience: Audience::Operator }));
        }
        let mut places = Vec::new();
        let mut fill = |desk: u32| {
            let desk = of(&format!("desk-{desk}"));
            while let Ok(place) = gate.admit(Some(&desk)) {
                places.push(place);
            }
            assert_eq!(gate.admit(Some(&desk)).err(), Some(Failure::Overloaded));
            places.len()
        };
        assert_eq!(fill(0), bounds::PEER_CALLS_MAX, "no one peer has all of them");
        assert_eq!((1..20).map(&mut fill).last(), Some(bounds::CALLS_MAX));
        drop(places);
        assert!(gate.admit(Some(&of("desk-0"))).is_ok());
        assert_eq!(calls.open.load(Ordering::Relaxed), 0);
        assert!(calls.peers.iter().all(|count| count.load(Ordering::Relaxed) == 0));
        assert_eq!((gate.denied.get(), gate.shed.get()), (3, 40));
    }

    #[test]
    fn grpc_is_what_says_so() {
        let of = |kind: Option<&str>| {
            let mut request = http::Request::new(Body::empty());
            if let Some(kind) = kind {
                let kind = http::HeaderValue::from_str(kind).unwrap();
                request.headers_mut().insert(http::header::CONTENT_TYPE, kind);
            }
            is_grpc(&request)
        };
        for kind in ["application/grpc", "application/grpc+proto", "application/grpc;x=y"] {
            assert!(of(Some(kind)), "{kind}");
        }
        for kind in ["", "application/grpc-web", "application/grp", "application/json"] {
            assert!(!of(Some(kind)), "{kind}");
        }
        assert!(!of(None));
    }
}
