//! Who may connect: a cap on connections, and a deadline for the HTTP/2 preface. Without the deadline a connection
//! that says nothing stays open for ever, since keep-alive begins only after the preface.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::{Connected, TcpConnectInfo};

use super::drain::Draining;
use crate::bounds;

/// Bytes of the HTTP/2 client preface (RFC 9113 section 3.4).
const PREFACE_BYTES: usize = 24;
/// How often a connection that has sent a part of its preface is looked at again.
const PREFACE_LOOK: Duration = Duration::from_millis(20);
/// How long accepting rests when the system has no descriptor left.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// A connection that has said its preface. Its place under the cap is free again when it is dropped.
pub(super) struct Admitted {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

/// Accepts connections until the server begins to stop; the listener is closed then, so that nobody waits for
/// an answer that will not come.
pub(super) fn accept(
    listener: TcpListener,
    draining: Draining,
) -> ReceiverStream<Result<Admitted, io::Error>> {
    let (sender, receiver) = mpsc::channel(bounds::CONNECTIONS_MAX);
    let places = Arc::new(Semaphore::new(bounds::CONNECTIONS_MAX));
    tokio::spawn(async move {
        let mut ending = pin!(draining.begun());
        loop {
            let next = async {
                let place = places.clone().acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = &mut ending => return,
                () = sender.closed() => return,
                next = next => next,
            };
            let Ok(place) = place else { return };
            match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(greet(stream, place, sender.clone()));
                }
                Err(fault) => {
                    tracing::warn!(error = %fault, "connection could not be accepted");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    });
    ReceiverStream::new(receiver)
}

/// Hands the connection on once its preface is there, and drops it when the deadline passes first.
async fn greet(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    sender: mpsc::Sender<Result<Admitted, io::Error>>,
) {
    let wait = Duration::from_millis(bounds::PREFACE_WAIT_MS);
    let ready = tokio::select! {
        () = sender.closed() => return,
        ready = tokio::time::timeout(wait, preface(&stream)) => ready,
    };
    if matches!(ready, Ok(Ok(()))) && stream.set_nodelay(true).is_ok() {
        // A closed receiver means that the server is stopping; the connection is dropped then.
        let _ = sender.send(Ok(Admitted { stream, _place: place })).await;
    }
}

async fn preface(stream: &TcpStream) -> io::Result<()> {
    let mut seen = [0; PREFACE_BYTES];
    loop {
        match stream.peek(&mut seen).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            PREFACE_BYTES => return Ok(()),
            // What is there already is reported again at once, so the rest has to be waited for.
            _ => tokio::time::sleep(PREFACE_LOOK).await,
        }
    }
}

impl Connected for Admitted {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Admitted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Admitted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
