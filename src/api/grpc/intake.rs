//! What comes in of a call, counted and timed: a message that has begun must be whole in time, and of messages that are
//! not whole no more is kept than there is room for. The transport knows neither: to it a call may pause for ever.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Frame, SizeHint};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;

use crate::api::status::Failure;
use crate::api::trace;
use crate::bounds;
use crate::metrics::Metrics;

/// Methods whose caller sends a stream, which may rest between two messages. A call of any other must be whole in time.
pub const CALLER_STREAMS: [&str; 6] = [
    "/faxguard.screening.v1.ScreeningService/StreamScreenFax",
    "/faxguard.operator.v1.DirectoryService/ImportDirectory",
    "/faxguard.report.v1.ComplaintService/ImportComplaints",
    "/faxguard.screening.v1.ChargeService/StreamCharges",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];
/// Bytes before each message: a flag and its length.
const HEAD_BYTES: usize = 5;

/// Bytes of messages that are not whole, over all and of each peer.
#[derive(Debug)]
pub(super) struct Unfinished {
    all: AtomicUsize,
    peers: Box<[AtomicUsize]>,
    shown: Gauge,
}

impl Unfinished {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let peers = (0..bounds::PEER_COUNTS).map(|_| AtomicUsize::new(0)).collect();
        Self { all: AtomicUsize::new(0), peers, shown: metrics.unfinished_bytes.clone() }
    }

    /// Room for so many more bytes of a peer, where there is some.
    fn keep(&self, peer: usize, more: usize) -> bool {
        let all = self.all.fetch_add(more, Ordering::AcqRel) + more;
        let of_peer = self.peers[peer].fetch_add(more, Ordering::AcqRel) + more;
        self.show(more, 1);
        let within =
            all <= bounds::UNFINISHED_BYTES_MAX && of_peer <= bounds::PEER_UNFINISHED_BYTES_MAX;
        if !within {
            self.give_back(peer, more);
        }
        within
    }

    fn give_back(&self, peer: usize, bytes: usize) {
        self.all.fetch_sub(bytes, Ordering::AcqRel);
        self.peers[peer].fetch_sub(bytes, Ordering::AcqRel);
        self.show(bytes, -1);
    }

    fn show(&self, bytes: usize, sign: i64) {
        self.shown.inc_by(i64::try_from(bytes).unwrap_or(i64::MAX) * sign);
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let none = |count: &AtomicUsize| count.load(Ordering::Relaxed) == 0;
        none(&self.all) && self.peers.iter().all(none) && self.shown.get() == 0
    }
}

/// How calls of one audience come in: for how long a message may be on its way, and where it is counted when it is not whole.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) wait: Duration,
    pub(super) slow: Counter,
    pub(super) beyond: Counter,
}

/// The bytes kept of one call, given back when they are dropped.
#[derive(Debug)]
struct Kept {
    unfinished: Arc<Unfinished>,
    peer: usize,
    bytes: usize,
}

impl Kept {
    /// Keeps so many from now on; false where there is no room for them.
    fn set(&mut self, bytes: usize) -> bool {
        let fits = match bytes.checked_sub(self.bytes) {
            None => {
                self.unfinished.give_back(self.peer, self.bytes - bytes);
                true
            }
            Some(0) => true,
            Some(more) => self.unfinished.keep(self.peer, more),
        };
        if fits {
            self.bytes = bytes;
        }
        fits
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// Where in a message a body is.
#[derive(Debug, Default)]
struct Place {
    head: [u8; HEAD_BYTES],
    /// Bytes of the message so far, its head included; 0 between two messages.
    begun: usize,
}

impl Place {
    /// Goes over bytes; true where a message ended among them.
    fn pass(&mut self, mut bytes: &[u8]) -> bool {
        let mut ended = false;
        while !bytes.is_empty() {
            let wanted = match HEAD_BYTES.checked_sub(self.begun) {
                Some(missing @ 1..) => missing,
                _ => self.size() - self.begun,
            };
            let (now, later) = bytes.split_at(wanted.min(bytes.len()));
            if let Some(head) = self.head.get_mut(self.begun..)
                && let Some(head) = head.get_mut(..now.len())
            {
                head.copy_from_slice(now);
            }
            self.begun += now.len();
            bytes = later;
            if self.begun >= HEAD_BYTES && self.begun == self.size() {
                self.begun = 0;
                ended = true;
            }
        }
        ended
    }

    /// Bytes of the message in all, once its head is there.
    fn size(&self) -> usize {
        let [_, length @ ..] = self.head;
        usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX).saturating_add(HEAD_BYTES)
    }
}

/// The body of a call, which ends with a failure where it takes too long or too much.
#[derive(Debug)]
pub(super) struct Intake {
    body: Body,
    place: Place,
    kept: Kept,
    terms: Terms,
    /// Whether the call may rest between two messages.
    rests: bool,
    /// Made when something is waited for that must come: most calls are there at once and have none.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Intake {
    /// The body of a call to `path` by the peer with that count.
    pub(super) fn new(
        body: Body,
        path: &str,
        terms: &Terms,
        unfinished: &Arc<Unfinished>,
        peer: usize,
    ) -> Self {
        Self {
            body,
            place: Place::default(),
            kept: Kept { unfinished: Arc::clone(unfinished), peer, bytes: 0 },
            terms: terms.clone(),
            rests: CALLER_STREAMS.contains(&path),
            deadline: None,
        }
    }

    /// Takes up a part; false where there is no room for it.
    fn take_up(&mut self, part: &[u8]) -> bool {
        if self.place.pass(part) && self.rests {
            // What begins now has all its time.
            self.deadline = None;
        }
        self.kept.set(self.place.begun)
    }

    /// Ends the body: what was kept of it is given back at once.
    fn fail(&mut self, failure: Failure) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.body = Body::empty();
        self.place = Place::default();
        self.kept.set(0);
        (self.rests, self.deadline) = (true, None);
        trace::failure(&failure);
        Poll::Ready(Some(Err(failure.into())))
    }
}

impl http_body::Body for Intake {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                if frame.data_ref().is_none_or(|part| this.take_up(part)) {
                    return Poll::Ready(Some(Ok(frame)));
                }
                this.terms.beyond.inc();
                this.fail(Failure::TooMuchUnfinished)
            }
            Poll::Ready(end) => Poll::Ready(end),
            Poll::Pending if this.rests && this.place.begun == 0 => Poll::Pending,
            Poll::Pending => {
                let wait = this.terms.wait;
                let deadline =
                    this.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(wait)));
                ready!(deadline.as_mut().poll(context));
                this.terms.slow.inc();
                this.fail(Failure::MessageTooSlow)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::{BodyExt, StreamBody};
    use proptest::prelude::*;
    use tokio_stream::StreamExt;
    use tonic::Code;

    use super::*;

    const STREAM: &str = CALLER_STREAMS[0];
    const UNARY: &str = "/faxguard.screening.v1.ScreeningService/ScreenFax";

    fn terms(wait: Duration) -> Terms {
        Terms { wait, slow: Counter::default(), beyond: Counter::default() }
    }

    /// A body of parts, and then nothing for ever.
    fn endless(parts: Vec<impl Into<Bytes> + Send + 'static>) -> Body {
        let parts =
            tokio_stream::iter(parts).map(|part| Ok::<_, Infallible>(Frame::data(part.into())));
        Body::new(StreamBody::new(parts.chain(tokio_stream::pending())))
    }

    fn unfinished() -> Arc<Unfinished> {
        Arc::new(Unfinished::new(&Metrics::new()))
    }

    fn reason(refused: &Status) -> (Code, String) {
        use tonic_types::StatusExt as _;
        let details = refused.get_error_details();
        (refused.code(), details.error_info().map(|info| info.reason.clone()).unwrap_or_default())
    }

    #[tokio::test]
    async fn what_must_come_and_does_not_ends_the_call() {
        let whole = vec![0, 0, 0, 0, 2, 7, 7];
        for (path, parts) in [
            (UNARY, Vec::new()),
            (UNARY, vec![whole.clone()]),
            (UNARY, vec![whole[..6].to_vec()]),
            (STREAM, vec![vec![0]]),
            (STREAM, vec![whole.clone(), whole[..6].to_vec()]),
            (STREAM, vec![[whole.clone(), vec![0]].concat()]),
        ] {
            let (terms, unfinished) = (terms(Duration::from_millis(5)), unfinished());
            let count = parts.len();
            let mut intake = Intake::new(endless(parts), path, &terms, &unfinished, 3);
            for _ in 0..count {
                assert!(intake.frame().await.unwrap().is_ok());
            }
            let refused = intake.frame().await.unwrap().unwrap_err();
            assert_eq!(reason(&refused), (Code::DeadlineExceeded, "MESSAGE_TOO_SLOW".into()));
            assert_eq!(terms.slow.get(), 1);
            assert!(unfinished.is_empty() && intake.frame().await.is_none());
        }
    }

    #[tokio::test]
    async fn a_stream_rests_between_messages() {
        let (terms, unfinished) = (terms(Duration::ZERO), unfinished());
        let parts = vec![vec![0, 0, 0, 0, 1, 7], vec![0, 0, 0, 0, 0]];
        let mut intake = Intake::new(endless(parts), STREAM, &terms, &unfinished, 0);
        assert!(intake.frame().await.unwrap().is_ok() && intake.frame().await.unwrap().is_ok());
        let rest = tokio::time::timeout(Duration::from_millis(20), intake.frame()).await;
        assert!(rest.is_err(), "it is still open");
        assert!(unfinished.is_empty());
    }

    #[tokio::test]
    async fn no_more_is_kept_than_there_is_room_for() {
        let (terms, unfinished) = (terms(Duration::from_secs(60)), unfinished());
        let size = bounds::OPERATOR_MESSAGE_BYTES_MAX;
        let message = [&[0][..], &u32::MAX.to_be_bytes(), &vec![0; size - HEAD_BYTES]].concat();
        let (message, byte) = (Bytes::from(message), Bytes::from_static(&[0]));
        let mut open = Vec::new();
        let peers = bounds::UNFINISHED_BYTES_MAX / bounds::PEER_UNFINISHED_BYTES_MAX;
        for peer in 0..peers {
            for _ in 0..bounds::PEER_UNFINISHED_BYTES_MAX / size {
                let body = endless(vec![message.clone(), byte.clone()]);
                let mut intake = Intake::new(body, STREAM, &terms, &unfinished, peer);
                assert!(intake.frame().await.unwrap().is_ok());
                open.push(intake);
            }
        }
        // One byte more of any of them, or of anybody else, is too much.
        let body = endless(vec![byte]);
        open.push(Intake::new(body, STREAM, &terms, &unfinished, peers));
        for intake in [open.len() - 1, 0] {
            let refused = open[intake].frame().await.unwrap().unwrap_err();
            assert_eq!(reason(&refused), (Code::ResourceExhausted, "TOO_MUCH_UNFINISHED".into()));
        }
        assert_eq!(terms.beyond.get(), 2);
        assert!(!unfinished.is_empty());
        drop(open);
        assert!(unfinished.is_empty(), "everything was given back");
    }

    proptest! {
        /// Wherever a body is cut, what is begun of a message is what has come since the end of the last one.
        #[test]
        fn the_place_is_known_wherever_a_body_is_cut(
            sizes in proptest::collection::vec(0_usize..40, 0..20),
            cuts in proptest::collection::vec(1_usize..30, 1..60),
        ) {
            let mut ends = vec![0];
            let mut body = Vec::new();
            for size in sizes {
                body.extend([0, 0, 0, 0, u8::try_from(size).unwrap()]);
                body.extend(std::iter::repeat_n(9, size));
                ends.push(body.len());
            }
            let (mut place, mut at) = (Place::default(), 0);
            for cut in cuts {
                let next = (at + cut).min(body.len());
                let ended = place.pass(&body[at..next]);
                let last = ends.iter().copied().filter(|end| *end <= next).max().unwrap();
                prop_assert_eq!(place.begun, next - last);
                prop_assert_eq!(ended, last > at);
                at = next;
            }
        }
    }
}
