//! The services: each method converts, calls and converts back. What they share is here.

mod answers;
mod declared;
mod screening;
mod tally;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use tonic::Request;
use tonic::server::NamedService;
use tonic::service::Routes;

use super::engine::Engine;
use super::guard::Guards;
use super::status::Failure;
use crate::bounds;
use crate::metrics::Metrics;
use crate::wire::screening::v1::screening_service_server::ScreeningServiceServer;

pub use answers::Ending;

/// What every service is given.
pub struct Edge {
    /// The engine that answers.
    pub engine: Arc<dyn Engine>,
    /// The guards against callers that ask too much.
    pub guards: Guards,
    /// The metrics of the process.
    pub metrics: Arc<Metrics>,
    /// Makes a future that resolves when the server begins to stop, one for each stream.
    pub ending: Box<dyn Fn() -> Ending + Send + Sync>,
}

impl Edge {
    /// Takes one call from the bucket of the operator that makes it.
    fn admit_operator<T>(&self, request: &Request<T>) -> Result<(), Failure> {
        let peer = request.remote_addr().map(|address: SocketAddr| address.ip().to_string());
        let caller = peer.unwrap_or_default();
        self.counted(self.guards.operator.admit(caller.as_bytes(), NonZeroU32::MIN))
    }

    /// Counts a failure on its way out.
    fn counted<T>(&self, outcome: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(failure) = &outcome {
            self.metrics.faults.get_or_create(&[("reason", failure.reason_name())]).inc();
        }
        outcome
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Edge")
    }
}

/// The services, ready to be served, and their names.
#[derive(Debug)]
pub struct Services {
    routes: Routes,
    names: Vec<&'static str>,
}

impl Services {
    /// The routes and the names under which health speaks of them.
    #[must_use]
    pub fn into_parts(self) -> (Routes, Vec<&'static str>) {
        (self.routes, self.names)
    }
}

/// Every service over one edge.
#[must_use]
pub fn services(edge: Edge) -> Services {
    let edge = Arc::new(edge);
    let screening = ScreeningServiceServer::new(screening::Screening::new(Arc::clone(&edge)))
        .max_decoding_message_size(bounds::SCREENING_MESSAGE_BYTES_MAX);
    let names = vec![name_of(&screening)];
    Services { routes: Routes::new(screening), names }
}

fn name_of<S: NamedService>(_: &S) -> &'static str {
    S::NAME
}
