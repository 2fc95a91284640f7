//! The gate before every service: may this caller speak to this audience, and is there room for one more call. What is
//! refused here costs no decoding.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

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

/// Calls open over all connections.
#[derive(Debug, Default)]
pub(super) struct Calls(AtomicUsize);

/// A place among the calls.
#[derive(Debug)]
struct Place(Arc<Calls>);

impl Calls {
    fn enter(self: &Arc<Self>) -> Option<Place> {
        let place = Place(Arc::clone(self));
        // Counted first: a place that is not given takes its count back when it is dropped.
        let before = self.0.fetch_add(1, Ordering::AcqRel);
        (before < bounds::CALLS_MAX).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
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
        let Some(_place) = self.calls.enter() else {
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
        callers.allow("desk", Audience::Operator);
        let of = |name: &str| callers.caller(&[name.to_owned()], None);
        for stranger in [None, Some(of("node")), Some(of("nobody"))] {
            let denied = gate.admit(stranger.as_ref()).err();
            assert_eq!(denied, Some(Failure::CallerNotAllowed { audience: Audience::Operator }));
        }
        let desk = of("desk");
        let places: Vec<_> =
            (0..bounds::CALLS_MAX).map(|_| gate.admit(Some(&desk)).unwrap()).collect();
        assert_eq!(gate.admit(Some(&desk)).err(), Some(Failure::Overloaded));
        drop(places);
        assert!(gate.admit(Some(&desk)).is_ok());
        assert_eq!(calls.0.load(Ordering::Relaxed), 0);
        assert_eq!((gate.denied.get(), gate.shed.get()), (3, 1));
    }
}
