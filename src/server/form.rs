//! The port of the report form: HTTP/1.1 with explicit limits, behind the same certificate as the gRPC port. Browsers and the
//! provider's proxy call it; who they are says nobody's certificate.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::drain::{Draining, GRACE};
use super::peers::{Entry, PeerPlace, Peers};
use super::tls::Door;
use crate::api::http::{Peer, Site};
use crate::bounds;

/// How long accepting rests when the system has no descriptor left.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// How long the port waits. By default as long as `bounds` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormWaits {
    /// For the handshake of TLS, and for the head of each request, the time before it included.
    pub head: Duration,
    /// For everything on one connection.
    pub life: Duration,
}

impl Default for FormWaits {
    fn default() -> Self {
        Self {
            head: Duration::from_millis(bounds::PREFACE_WAIT_MS),
            life: Duration::from_secs(bounds::FORM_CONNECTION_SECONDS),
        }
    }
}

/// The port, before it is served.
#[derive(Debug)]
pub struct FormPort {
    /// Where it listens.
    pub listener: std::net::TcpListener,
    /// What encrypts it.
    pub door: Arc<Door>,
    /// What answers.
    pub site: Site,
    /// How long is waited.
    pub waits: FormWaits,
}

impl FormPort {
    /// Serves until the end begins, then lets what runs finish for [`GRACE`].
    pub async fn serve(self, draining: Draining) {
        let Self { listener, door, site, waits } = self;
        let taken = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
        let Ok(listener) = taken else {
            tracing::error!("port of the report form could not be taken over");
            return;
        };
        let house = Arc::new(House { door, site, waits, draining: draining.clone() });
        let (open, mut closed) = mpsc::channel::<Infallible>(1);
        accept(listener, house, open).await;
        // Resolves when the last connection has dropped its end.
        let last = async {
            let _: Option<Infallible> = closed.recv().await;
        };
        if tokio::time::timeout(GRACE, last).await.is_err() {
            tracing::warn!("connections to the form still open at the end of the grace period");
        }
    }
}

/// What every connection needs.
struct House {
    door: Arc<Door>,
    site: Site,
    waits: FormWaits,
    draining: Draining,
}

async fn accept(listener: TcpListener, house: Arc<House>, open: mpsc::Sender<Infallible>) {
    let peers = Arc::new(Peers::default());
    let mut ending = pin!(house.draining.clone().begun());
    loop {
        let accepted = tokio::select! {
            () = &mut ending => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Entry::Free(place) | Entry::InPlaceOf(place) = peers.enter(peer.ip()) {
                    tokio::spawn(live(stream, peer, place, (Arc::clone(&house), open.clone())));
                }
            }
            Err(fault) => {
                tracing::warn!(error = %fault, "connection to the form could not be accepted");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

/// The life of a connection: as long as one may be, and not longer than its place is its own.
async fn live(
    stream: TcpStream,
    peer: SocketAddr,
    place: PeerPlace,
    (house, open): (Arc<House>, mpsc::Sender<Infallible>),
) {
    let seat = Arc::clone(place.seat());
    let talking = async {
        let address = peer.ip();
        match house.door.form_acceptor() {
            None => house.talk(stream, Peer { address, encrypted: false }).await,
            Some(acceptor) => {
                let greeting = tokio::time::timeout(house.waits.head, acceptor.accept(stream));
                if let Ok(Ok(stream)) = greeting.await {
                    house.talk(stream, Peer { address, encrypted: true }).await;
                }
            }
        }
    };
    tokio::select! {
        () = seat.taken_back() => {}
        ended = tokio::time::timeout(house.waits.life, talking) => {
            if ended.is_err() {
                tracing::debug!("connection to the form was open too long");
            }
        }
    }
    drop((place, open));
}

impl House {
    async fn talk<I>(&self, mut line: I, peer: Peer)
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let answer = service_fn(|request: Request<Incoming>| async move {
            Ok::<_, Infallible>(self.site.answer(request, peer).await)
        });
        let ended = {
            let serving = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.waits.head)
                .max_buf_size(bounds::FORM_HEAD_BYTES_MAX)
                .max_headers(bounds::FORM_HEADERS_MAX)
                .serve_connection(TokioIo::new(&mut line), answer);
            let mut serving = pin!(serving);
            let ended = tokio::select! {
                ended = serving.as_mut() => Some(ended),
                () = self.draining.clone().begun() => None,
            };
            match ended {
                Some(ended) => ended,
                None => {
                    serving.as_mut().graceful_shutdown();
                    serving.await
                }
            }
        };
        if let Err(fault) = ended {
            tracing::debug!(error = %fault, "connection to the form ended with a fault");
        }
        // To close on a peer that is still writing is to reset it, and a reset may overtake the answer (RFC 9112
        // section 9.6).
        let linger = Duration::from_millis(bounds::LINGER_MS);
        let _ = tokio::time::timeout(linger, drop_rest(&mut line)).await;
    }
}

/// Reads what the peer still sends, up to a bound, and forgets it.
async fn drop_rest(line: &mut (impl AsyncRead + Unpin)) {
    let mut room = vec![0; 16 * 1_024];
    let mut dropped = 0;
    while dropped < bounds::LINGER_BYTES_MAX {
        match line.read(&mut room).await {
            Ok(0) | Err(_) => return,
            Ok(more) => dropped += more,
        }
    }
}
