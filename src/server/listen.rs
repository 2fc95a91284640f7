//! The gRPC port: explicit limits of HTTP/2, health, reflection, and an end within the grace period.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic_health::server::health_reporter;

use super::admit;
pub use super::admit::Waits;
use super::drain::{Draining, GRACE};
use super::health::Health;
use super::tls::Door;
use crate::api;
use crate::api::caller::Audience;
use crate::bounds;

/// Flow control of one stream and of one connection, in bytes: a node that pipelines thousands of stages never
/// waits for a window, and a connection pins no more than this.
const WINDOWS: (u32, u32) = (256 * 1024, 1024 * 1024);

/// Why the port could not be served.
#[derive(Debug, Error)]
pub enum ServeFault {
    /// The listener given is of no use.
    #[error("listener could not be taken over")]
    Listener(#[source] io::Error),
    /// The descriptor set does not decode: the build is damaged.
    #[error("built-in description of the services is damaged (rebuild the program)")]
    Reflection(#[source] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("gRPC transport failed")]
    Transport(#[source] tonic::transport::Error),
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
    let (routes, names) = with_reflection(services)?.with_open(health).into_parts();
    let health = Health::begin(reporter, names).await;
    let replaced = metrics.replaced_connections.clone();
    let serving = limited(waits.keep_alive).add_routes(routes).serve_with_incoming_shutdown(
        admit::accept(listener, door, draining.clone(), waits, replaced),
        draining.clone().begun(),
    );
    let patience = async {
        tokio::select! {
            () = draining.begun() => {}
            () = health.follow(&*engine) => {}
        }
        health.end().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = serving => served.map_err(ServeFault::Transport),
        () = patience => {
            tracing::warn!("calls still open at the end of the grace period were cut");
            Ok(())
        }
    }
}

/// A server whose every limit is written down: by default no stream cap is announced and the cap on resets is off.
fn limited(keep_alive: (Duration, Duration)) -> Server {
    Server::builder()
        .max_concurrent_streams(bounds::CONNECTION_STREAMS_MAX)
        .http2_max_header_list_size(bounds::HEADER_LIST_BYTES_MAX)
        .max_frame_size(bounds::FRAME_BYTES_MAX)
        .http2_max_local_error_reset_streams(Some(bounds::CONNECTION_RESETS_MAX))
        .http2_max_pending_accept_reset_streams(Some(bounds::CONNECTION_RESETS_MAX))
        .http2_keepalive_interval(Some(keep_alive.0))
        .http2_keepalive_timeout(Some(keep_alive.1))
        .http2_adaptive_window(Some(false))
        .initial_stream_window_size(WINDOWS.0)
        .initial_connection_window_size(WINDOWS.1)
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
