//! One connection of HTTP/2: its limits, and its calls. A call that can be answered at once is, where it was read: no task,
//! no queue, no other thread.

use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::codegen::http;

use super::drain::Draining;
use crate::api::caller::Caller;
use crate::api::grpc::Table;
use crate::bounds;

/// Flow control of one stream and of one connection, in bytes: a node that pipelines thousands of stages never
/// waits for a window, and a connection pins no more than this.
const WINDOWS: (u32, u32) = (256 * 1024, 1024 * 1024);

/// What all connections have in common.
pub(super) struct Connections {
    table: Table,
    protocol: Builder<AtOnce>,
}

impl Connections {
    /// Connections whose every limit is written down: by default no stream cap is announced and the cap on resets is
    /// off.
    pub(super) fn new(table: Table, keep_alive: (Duration, Duration)) -> Self {
        let mut protocol = Builder::new(AtOnce);
        protocol
            .timer(TokioTimer::new())
            .max_concurrent_streams(bounds::CONNECTION_STREAMS_MAX)
            .max_header_list_size(bounds::HEADER_LIST_BYTES_MAX)
            .max_frame_size(bounds::FRAME_BYTES_MAX)
            .max_local_error_reset_streams(bounds::CONNECTION_RESETS_MAX)
            .max_pending_accept_reset_streams(bounds::CONNECTION_RESETS_MAX)
            .keep_alive_interval(keep_alive.0)
            .keep_alive_timeout(keep_alive.1)
            .adaptive_window(false)
            .initial_stream_window_size(WINDOWS.0)
            .initial_connection_window_size(WINDOWS.1)
            // No caller of gRPC reads it.
            .auto_date_header(false);
        Self { table, protocol }
    }

    /// Serves one until it ends; from the beginning of the end on it takes no further call.
    pub(super) async fn serve<I>(&self, transport: I, caller: Caller, draining: Draining)
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let answer = service_fn(|request: http::Request<Incoming>| {
            let answered = self.table.answer(request, caller.clone());
            async move { Ok::<_, Infallible>(answered.await) }
        });
        let serving = self.protocol.serve_connection(TokioIo::new(transport), answer);
        let mut serving = pin!(serving);
        let mut ended = tokio::select! {
            ended = serving.as_mut() => Some(ended),
            () = draining.begun() => None,
        };
        if ended.is_none() {
            serving.as_mut().graceful_shutdown();
            ended = Some(serving.await);
        }
        if let Some(Err(fault)) = ended {
            tracing::debug!(error = %fault, "connection ended with a fault");
        }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

/// Runs a call where it was read, and makes a task of what has to wait: for the rest of a message, for a disk, for
/// whoever reads slowly.
#[derive(Clone, Copy)]
struct AtOnce;

impl<F> Executor<F> for AtOnce
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, call: F) {
        let mut call = Box::pin(call);
        let mut nobody = Context::from_waker(Waker::noop());
        // In a task of its own a panic would end its call; here it must not end the connection either.
        match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(&mut nobody))) {
            Ok(Poll::Ready(())) => {}
            // Its first poll as a task makes it known to whatever it waits for.
            Ok(Poll::Pending) => drop(tokio::spawn(call)),
            Err(_) => tracing::error!("a call failed; the others of its connection go on"),
        }
    }
}
