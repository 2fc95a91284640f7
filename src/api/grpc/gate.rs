//! The gate before every service: may this caller speak to this audience, and is there room for one more call. What is
//! refused here costs no decoding.

use std::convert::Infallible;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use foldhash::fast::RandomState;
use http_body_util::BodyExt;
use prometheus_client::metrics::counter::Counter;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::NamedService;

use crate::api::caller::{Audience, Caller, OpenCall};
use crate::api::status::Failure;
use crate::bounds;
use crate::metrics::Metrics;

/// Calls open over all connections, and those of each peer. Peers go by a hash, so that the counts have a bound and
/// no lock: at worst two share one count.
#[derive(Debug)]
pub(super) struct Calls {
    open: AtomicUsize,
    peers: Box<[AtomicU16]>,
    hasher: RandomState,
}

/// A place among the calls, and among those of the peer with that count.
#[derive(Debug)]
struct Place(Arc<Calls>, usize);

impl Default for Calls {
    fn default() -> Self {
        let peers = (0..bounds::PEER_COUNTS).map(|_| AtomicU16::new(0)).collect();
        Self { open: AtomicUsize::new(0), peers, hasher: RandomState::default() }
    }
}

impl Calls {
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
    _place: Place,
}

/// A service behind the gate.
#[derive(Clone, Debug)]
pub struct Gate<S> {
    inner: S,
    audience: Audience,
    calls: Arc<Calls>,
    denied: Counter,
    shed: Counter,
}

impl<S> Gate<S> {
    pub(super) fn new(inner: S, audience: Audience, calls: &Arc<Calls>, metrics: &Metrics) -> Self {
        let label = [("audience", audience.name())];
        let (denied, shed) = (&metrics.denied_calls, &metrics.shed_calls);
        Self {
            inner,
            audience,
            calls: Arc::clone(calls),
            denied: denied.get_or_create_owned(&label),
            shed: shed.get_or_create_owned(&label),
        }
    }

    fn admit(&self, caller: Option<&Caller>) -> Result<Places, Failure> {
        let Some(caller) = caller.filter(|caller| caller.may(self.audience)) else {
            self.denied.inc();
            return Err(Failure::CallerNotAllowed { audience: self.audience });
        };
        let Some(_place) = self.calls.enter(caller) else {
            self.shed.inc();
            return Err(Failure::Overloaded);
        };
        Ok(Places { _call: caller.activity().open(), _place })
    }
}

impl<S: NamedService> NamedService for Gate<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Gate<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Unpin,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Passing<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        match self.admit(request.extensions().get::<Caller>()) {
            Ok(places) => Passing::Passed(self.inner.call(request), Some(places)),
            Err(failure) => Passing::Refused(Some(Status::from(failure).into_http())),
        }
    }
}

/// A call at the gate.
#[derive(Debug)]
pub enum Passing<F> {
    /// It was let through; its places are kept until its answer has been sent or given up.
    Passed(F, Option<Places>),
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
            Self::Passed(inner, places) => {
                let response = ready!(Pin::new(inner).poll(context))?;
                let places = places.take();
                Poll::Ready(Ok(response.map(|body| {
                    Body::new(body.map_frame(move |frame| {
                        let _kept = &places;
                        frame
                    }))
                })))
            }
            Self::Refused(response) => Poll::Ready(Ok(response.take().unwrap_or_default())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::caller::Callers;

    #[test]
    fn the_gate_asks_for_the_audience_and_counts_places() {
        let (calls, metrics) = (Arc::new(Calls::default()), Metrics::new());
        let gate = Gate::new((), Audience::Operator, &calls, &metrics);
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
}
