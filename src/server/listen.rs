//! The gRPC port: explicit limits of HTTP/2, health, reflection, and an end within the grace period.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use socket2::SockRef;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tonic_health::server::health_reporter;

pub use super::admit::Waits;
use super::admit::{self, House};
use super::connection::Connections;
use super::drain::{Draining, GRACE};
use super::health::Health;
use super::tls::Door;
use crate::api;
use crate::api::caller::Audience;
use crate::api::http::PagesFault;
use crate::bounds::BACKLOG;

/// Why the port could not be served.
#[derive(Debug, Error)]
pub enum ServeFault {
    /// The listener given is of no use.
    #[error("listener could not be taken over")]
    Listener(#[source] io::Error),
    /// The descriptor set does not decode: the build is damaged.
    #[error("built-in description of the services is damaged (rebuild the program)")]
    Reflection(#[source] tonic_reflection::server::Error),
    /// The pages of the report form do not parse: the build is damaged.
    #[error("report form could not be set up")]
    Form(#[source] PagesFault),
}

/// A listener in whose backlog as many wait as the system allows. With the usual 128 a burst of connections has the kernel drop
/// those behind it, whoever they are from, and each tries again after a second at the earliest.
///
/// # Errors
/// What the system says.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    // Listening once more sets the length anew.
    SockRef::from(&listener).listen(BACKLOG)?;
    Ok(listener)
}

/// Serves without encryption until `draining`, then lets open calls finish for [`GRACE`].
///
/// # Errors
/// [`ServeFault`].
pub async fn serve(
    listener: std::net::TcpListener,
    services: api::grpc::Services,
    draining: Draining,
) -> Result<(), ServeFault> {
    serve_behind(Arc::new(Door::open()), listener, services, draining).await
}

/// The same behind a door.
///
/// # Errors
/// [`ServeFault`].
pub async fn serve_behind(
    door: Arc<Door>,
    listener: std::net::TcpListener,
    services: api::grpc::Services,
    draining: Draining,
) -> Result<(), ServeFault> {
    serve_waiting(Waits::default(), door, listener, services, draining).await
}

/// The same with waits of one's own.
///
/// # Errors
/// [`ServeFault`].
pub async fn serve_waiting(
    waits: Waits,
    door: Arc<Door>,
    listener: std::net::TcpListener,
    services: api::grpc::Services,
    draining: Draining,
) -> Result<(), ServeFault> {
    listener.set_nonblocking(true).map_err(ServeFault::Listener)?;
    let listener = TcpListener::from_std(listener).map_err(ServeFault::Listener)?;
    let (reporter, health) = health_reporter();
    // Whoever may connect may ask for the health: balancers have no certificate, and it says nothing else.
    let (engine, metrics) = (Arc::clone(services.engine()), Arc::clone(services.metrics()));
    let (table, names) = with_reflection(services)?.with_open(health).into_parts();
    let health = Health::begin(reporter, names).await;
    let connections = Connections::new(table, waits.keep_alive);
    let replaced = metrics.replaced_connections.clone();
    let house = Arc::new(House { door, waits, draining: draining.clone(), connections, replaced });
    let (open, mut closed) = mpsc::channel(1);
    let serving = async {
        admit::accept(listener, house, open).await;
        // Resolves when the last connection has dropped its end.
        let _: Option<std::convert::Infallible> = closed.recv().await;
    };
    let patience = async {
        tokio::select! {
            () = draining.begun() => {}
            () = health.follow(&*engine) => {}
        }
        health.end().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = serving => Ok(()),
        () = patience => {
            tracing::warn!("calls still open at the end of the grace period were cut");
            Ok(())
        }
    }
}

/// Adds reflection in its present and its older version, which some tools still ask for. It is for operators.
fn with_reflection(services: api::grpc::Services) -> Result<api::grpc::Services, ServeFault> {
    let described = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(api::DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let present = described().build_v1().map_err(ServeFault::Reflection)?;
    let older = described().build_v1alpha().map_err(ServeFault::Reflection)?;
    Ok(services.with(Audience::Operator, present).with(Audience::Operator, older))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_of_connections_waits_and_none_is_dropped() {
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let burst = most.trim().parse::<usize>().unwrap().min(800);
        // Nobody accepts: whoever has no room is not answered, however often it asks.
        let connect = |_| std::net::TcpStream::connect_timeout(&address, Duration::from_secs(5));
        let waiting: Result<Vec<_>, _> = (0..burst).map(connect).collect();
        assert_eq!(waiting.unwrap().len(), burst);
    }
}
