//! Which service answers which path, and until when. A table of a dozen names that is never changed once calls come.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use foldhash::fast::RandomState;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Body as AnyBody, Bytes, Service, StdError, http};
use tonic::server::NamedService;

use super::arrival::Arrival;
use crate::api::caller::Caller;

/// An answer on its way.
type Answering = Pin<Box<dyn Future<Output = http::Response<Body>> + Send>>;
/// Something that answers.
type Answerer = Arc<dyn Fn(http::Request<Body>) -> Answering + Send + Sync>;

/// The services by name.
#[derive(Clone, Default)]
pub struct Table {
    services: HashMap<&'static str, Answerer, RandomState>,
}

impl Table {
    /// The table with one more service.
    #[must_use]
    pub fn with<S>(mut self, service: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        let answerer = move |request| -> Answering {
            // Every service here is always ready.
            let answered = service.clone().call(request);
            Box::pin(async move {
                match answered.await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            })
        };
        self.services.insert(S::NAME, Arc::new(answerer));
        self
    }

    /// Answers a call that is read now, before its own deadline passes or with the remark that it has.
    pub fn answer<B>(
        &self,
        request: http::Request<B>,
        caller: Caller,
    ) -> impl Future<Output = http::Response<Body>> + Send + use<B>
    where
        B: AnyBody<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError>,
    {
        let arrival = Arrival::now(request.headers());
        let mut request = request.map(Body::new);
        let name = request.uri().path().split('/').nth(1).unwrap_or_default();
        let answerer = self.services.get(name).cloned();
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(arrival);
        async move {
            let Some(answerer) = answerer else {
                return Status::unimplemented("there is no such service").into_http();
            };
            let answered = arrival.before_end(answerer(request)).await;
            answered.unwrap_or_else(|status| status.into_http())
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.services.keys()).finish()
    }
}
