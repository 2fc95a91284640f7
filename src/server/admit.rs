//! Who may connect: caps on connections, over all and for one peer, and a fair share of a full house; a deadline for the
//! handshake of TLS and the preface of HTTP/2; an end to connections that nobody uses. Without the deadline a connection that says nothing stays open for
//! ever, since keep-alive begins only after the preface.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::server::TlsStream;

use super::connection::Connections;
use super::drain::Draining;
use super::peers::{Entry, PeerPlace, Peers};
use super::tls::Door;
use crate::api::caller::Caller;
use crate::bounds;

/// The HTTP/2 client preface (RFC 9113 section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long accepting rests when the system has no descriptor left.
const ACCEPT_REST: Duration = Duration::from_millis(100);
const LINGER: Duration = Duration::from_millis(bounds::LINGER_MS);

/// How long the port waits for others. By default as long as `bounds` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// For the handshake of TLS and the preface.
    pub preface: Duration,
    /// For a call, on a connection that has none; whole seconds.
    pub idle: Duration,
    /// Until a quiet connection is pinged, and for the answer.
    pub keep_alive: (Duration, Duration),
}

impl Default for Waits {
    fn default() -> Self {
        let (every, answer) = bounds::KEEP_ALIVE_SECONDS;
        Self {
            preface: Duration::from_millis(bounds::PREFACE_WAIT_MS),
            idle: Duration::from_secs(bounds::CONNECTION_IDLE_SECONDS),
            keep_alive: (Duration::from_secs(every), Duration::from_secs(answer)),
        }
    }
}

/// A connection that has said its preface. Its place is free again when it is dropped.
pub(super) struct Admitted {
    transport: Transport,
    /// How much of the preface was handed on: it was read to know whom to let in.
    handed: usize,
    caller: Caller,
    idle: Duration,
    place: PeerPlace,
}

enum Transport {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

/// A connection that was accepted, with its place, before anything was said.
struct Newcomer {
    stream: TcpStream,
    peer: SocketAddr,
    place: PeerPlace,
}

/// What every connection needs.
pub(super) struct House {
    /// Who is let in.
    pub(super) door: Arc<Door>,
    /// For how long is waited.
    pub(super) waits: Waits,
    /// When the end begins.
    pub(super) draining: Draining,
    /// What answers.
    pub(super) connections: Connections,
    /// Those whose place another peer got.
    pub(super) replaced: Counter,
}

/// Accepts connections until the server begins to stop; the listener is closed then, so that nobody waits for an answer
/// that will not come. Each connection keeps a clone of `open`.
pub(super) async fn accept(
    listener: TcpListener,
    house: Arc<House>,
    open: mpsc::Sender<Infallible>,
) {
    let peers = Arc::new(Peers::default());
    let mut ending = pin!(house.draining.clone().begun());
    loop {
        let accepted = tokio::select! {
            () = &mut ending => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(fault) => {
                tracing::warn!(error = %fault, "connection could not be accepted");
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        let place = match peers.enter(peer.ip()) {
            Entry::Free(place) => place,
            Entry::InPlaceOf(place) => {
                house.replaced.inc();
                place
            }
            Entry::Refused => continue,
        };
        let newcomer = Newcomer { stream, peer, place };
        tokio::spawn(live(newcomer, Arc::clone(&house), open.clone()));
    }
}

/// The life of a connection: let in once its preface is there, served to its end, and dropped when the deadline
/// passes first or its place is taken back.
async fn live(newcomer: Newcomer, house: Arc<House>, open: mpsc::Sender<Infallible>) {
    let seat = Arc::clone(newcomer.place.seat());
    let patience = patience(house.waits.preface, newcomer.peer);
    let greeting = admit(newcomer, &house.door, house.waits.idle);
    let admitted = tokio::select! {
        () = house.draining.clone().begun() => return,
        () = seat.taken_back() => return,
        admitted = tokio::time::timeout(patience, greeting) => admitted,
    };
    match admitted {
        Ok(Ok(mut admitted)) => {
            let caller = admitted.caller.clone();
            house.connections.serve(&mut admitted, caller, house.draining.clone()).await;
            // Whoever does not close in time is closed on.
            let _ = tokio::time::timeout(LINGER, admitted.part()).await;
        }
        Ok(Err(fault)) => tracing::debug!(error = %fault, "connection was not let in"),
        Err(_) => tracing::debug!("connection said too little in time"),
    }
    drop(open);
}

/// How long a newcomer is waited for: up to a quarter longer than the deadline, by its port. A crowd that came at once and
/// says nothing would otherwise be let go at once too, and keep the processor from those who do.
fn patience(deadline: Duration, peer: SocketAddr) -> Duration {
    const STEPS: u16 = 256;
    deadline + deadline / 4 * u32::from(peer.port() % STEPS) / u32::from(STEPS)
}

async fn admit(newcomer: Newcomer, door: &Door, idle: Duration) -> io::Result<Admitted> {
    let Newcomer { stream, peer, place } = newcomer;
    stream.set_nodelay(true)?;
    let (mut transport, caller) = match door.acceptor() {
        None => (Transport::Plain(stream), door.caller(&[], peer)),
        Some(acceptor) => {
            let stream = acceptor.accept(stream).await?;
            let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let caller = door.caller(certificates, peer);
            (Transport::Encrypted(Box::new(stream)), caller)
        }
    };
    let mut seen = [0; PREFACE.len()];
    match &mut transport {
        Transport::Plain(stream) => stream.read_exact(&mut seen).await?,
        Transport::Encrypted(stream) => stream.read_exact(&mut seen).await?,
    };
    if seen != *PREFACE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no preface of HTTP/2"));
    }
    place.seat().is_used_as(caller.activity());
    Ok(Admitted { transport, handed: 0, caller, idle, place })
}

impl Admitted {
    /// Says that nothing more is coming, and drops what the peer still sends until it has closed too. To close on a peer that
    /// is writing is to reset it, and a reset may overtake answers that it has not read yet (RFC 9112 section 9.6).
    async fn part(&mut self) -> io::Result<()> {
        self.shutdown().await?;
        let mut dropped = 0;
        let mut room = vec![0; 16 * 1_024];
        while dropped < bounds::LINGER_BYTES_MAX {
            match self.read(&mut room).await? {
                0 => break,
                more => dropped += more,
            }
        }
        Ok(())
    }

    /// Does something on the line, unless the place has been taken back: then everything on it is at an end, a peer that
    /// reads nothing included.
    fn attempt<T>(
        &mut self,
        context: &mut Context<'_>,
        act: impl FnOnce(Pin<&mut (dyn Duplex + Send)>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let gone = || Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        if self.place.seat().is_taken_back() {
            return gone();
        }
        let done = act(self.transport(), context);
        if done.is_pending() {
            self.place.seat().wake(context.waker());
            // It may have been taken back just before the task could be woken for it.
            if self.place.seat().is_taken_back() {
                return gone();
            }
        }
        done
    }

    fn transport(&mut self) -> Pin<&mut (dyn Duplex + Send)> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream),
            Transport::Encrypted(stream) => Pin::new(stream.as_mut()),
        }
    }
}

/// Both directions of a connection.
trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

impl AsyncRead for Admitted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.handed < PREFACE.len() {
            let rest = &PREFACE[self.handed..];
            let now = rest.len().min(into.remaining());
            into.put_slice(&rest[..now]);
            self.handed += now;
            return Poll::Ready(Ok(()));
        }
        // Answers to our own pings wake this connection every so often, used or not: nothing read is its end.
        if self.caller.activity().idle_seconds() >= self.idle.as_secs() {
            return Poll::Ready(Ok(()));
        }
        self.attempt(context, |line, context| line.poll_read(context, into))
    }
}

impl AsyncWrite for Admitted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.attempt(context, |line, context| line.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.attempt(context, |line, context| line.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(stream) => stream.is_write_vectored(),
            Transport::Encrypted(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.attempt(context, |line, context| line.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.attempt(context, |line, context| line.poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_crowd_is_not_let_go_at_once() {
        let deadline = Duration::from_secs(4);
        let of = |port| patience(deadline, (Ipv4Addr::LOCALHOST, port).into());
        let all: HashSet<Duration> = (0..=u16::MAX).map(of).collect();
        assert_eq!(all.len(), 256);
        assert!(all.iter().all(|wait| (deadline..deadline * 5 / 4).contains(wait)));
    }
}
