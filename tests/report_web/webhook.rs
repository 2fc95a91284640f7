//! The webhook against a receiver on a real socket: every notice at least once, in order, signed, whatever the receiver does.

use std::collections::{BTreeMap, VecDeque};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use faxguard::api::outbox::{NoticeId, Outbox, OutboxNotice};
use faxguard::api::status::Failure;
use faxguard::policy::settings::Notices;
use faxguard::server::webhook::{Target, Webhook, WebhookWaits};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sha2::Sha256;

use super::*;

const SECRET: &[u8] = b"a secret of thirty-two bytes long";

/// An outbox in memory.
#[derive(Default)]
struct Basket {
    pending: Mutex<Vec<OutboxNotice>>,
}

impl Outbox for Basket {
    fn pending(&self, limit: usize) -> Result<Vec<OutboxNotice>, Failure> {
        Ok(self.pending.lock().unwrap().iter().take(limit).cloned().collect())
    }

    fn acknowledge(&self, ids: &[NoticeId]) -> Result<(), Failure> {
        self.pending.lock().unwrap().retain(|notice| !ids.contains(&notice.id));
        Ok(())
    }
}

/// A process that dies before it can acknowledge anything.
struct Dying(Arc<Basket>);

impl Outbox for Dying {
    fn pending(&self, limit: usize) -> Result<Vec<OutboxNotice>, Failure> {
        self.0.pending(limit)
    }

    fn acknowledge(&self, _: &[NoticeId]) -> Result<(), Failure> {
        Err(Failure::StoreUnavailable)
    }
}

impl Basket {
    fn of(count: u8) -> Arc<Self> {
        let outbox = Self::default();
        let notice = |number: u8| OutboxNotice {
            id: [number; 16],
            created: at(u64::from(number)),
            body: format!(r#"{{"noticeId":"{number}"}}"#).into_bytes(),
        };
        *outbox.pending.lock().unwrap() = (0..count).map(notice).collect();
        Arc::new(outbox)
    }

    async fn emptied(&self) {
        for _ in 0..2_000 {
            if self.pending.lock().unwrap().is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{} are left", self.pending.lock().unwrap().len());
    }
}

/// What a receiver does with a notice.
#[derive(Clone, Copy, Debug)]
enum Act {
    Answer(u16),
    Hang,
    Hangup,
}

/// A receiver, what it was sent, and what it does with what comes next; it takes what it has no other word on.
#[derive(Default)]
struct Receiver {
    acts: Mutex<VecDeque<Act>>,
    /// What it does with a notice whenever it comes.
    always: Mutex<BTreeMap<u8, Act>>,
    sent: Mutex<Vec<(u8, u16)>>,
}

impl Receiver {
    fn new(acts: &[Act]) -> Arc<Self> {
        let receiver = Self::default();
        receiver.acts.lock().unwrap().extend(acts);
        Arc::new(receiver)
    }

    /// The notices it took, in the order in which they came.
    fn taken(&self) -> Vec<u8> {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|(_, status)| *status == 200).map(|(number, _)| *number).collect()
    }

    /// Verifies a notice as a receiver does who has read the specification and not our code.
    async fn take(&self, request: Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        let (id, time) = (header("webhook-id"), header("webhook-timestamp"));
        let signature = header("webhook-signature");
        assert_eq!(request.uri().path(), "/hook");
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
        mac.update([id.as_bytes(), b".", time.as_bytes(), b".", &body].concat().as_slice());
        assert_eq!(signature, format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
        let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(told["type"], "faxguard.notice");
        let number: u8 = told["data"]["noticeId"].as_str().unwrap().parse().unwrap();
        assert_eq!(id, format!("{:032x}", u128::from_be_bytes([number; 16])));
        assert_eq!(time, at(110).as_seconds().to_string());
        let always = self.always.lock().unwrap().get(&number).copied();
        let act =
            always.or_else(|| self.acts.lock().unwrap().pop_front()).unwrap_or(Act::Answer(200));
        let status = match act {
            Act::Answer(status) => status,
            Act::Hang => std::future::pending().await,
            Act::Hangup => return None,
        };
        self.sent.lock().unwrap().push((number, status));
        let response = Response::builder().status(status).body(Full::from("thanks"));
        Some(response.unwrap())
    }

    /// Receives on a listener until the test is over.
    fn listen(self: &Arc<Self>, listener: std::net::TcpListener) -> JoinHandle<()> {
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let receiver = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let receiver = Arc::clone(&receiver);
                tokio::spawn(async move {
                    let answer = service_fn(|request| {
                        let receiver = Arc::clone(&receiver);
                        async move {
                            receiver
                                .take(request)
                                .await
                                .ok_or(std::io::ErrorKind::BrokenPipe)
                                .map_err(std::io::Error::from)
                        }
                    });
                    let served = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), answer);
                    let _: Result<(), hyper::Error> = served.await;
                });
            }
        })
    }
}

/// A webhook at work.
struct Pushing {
    drain: Drain,
    running: JoinHandle<()>,
    metrics: Arc<Metrics>,
}

fn target(port: u16) -> Target {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, format!("whsec_{}\n", STANDARD.encode(SECRET))).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let settings = Notices {
        webhook: format!("http://127.0.0.1:{port}/hook"),
        secret_file: path.display().to_string(),
        ..Notices::default()
    };
    Target::read(&settings).unwrap().unwrap()
}

fn push(outbox: &Arc<impl Outbox + 'static>, port: u16) -> Pushing {
    let (drain, draining) = Drain::new();
    let metrics = Arc::new(Metrics::new());
    let webhook = Webhook {
        target: Arc::new(target(port)),
        outbox: Arc::clone(outbox) as _,
        metrics: Arc::clone(&metrics),
        clock: Arc::new(Fixed),
        waits: WebhookWaits {
            answer: Duration::from_millis(300),
            retry: (Duration::from_millis(10), Duration::from_millis(40)),
            look: Duration::from_millis(10),
        },
    };
    Pushing { drain, running: tokio::spawn(webhook.run(draining)), metrics }
}

impl Pushing {
    fn failures(&self, reason: &'static str) -> u64 {
        self.metrics.webhook_failures.get_or_create(&[("reason", reason)]).get()
    }

    async fn end(self) {
        self.drain.begin();
        self.running.await.unwrap();
    }
}

fn listener() -> (std::net::TcpListener, u16) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_notice_is_pushed_in_order_and_signed() {
    let (listener, port) = listener();
    let (outbox, receiver) = (Basket::of(250), Receiver::new(&[]));
    let receiving = receiver.listen(listener);
    let pushing = push(&outbox, port);
    outbox.emptied().await;
    assert_eq!(receiver.taken(), (0..250).collect::<Vec<u8>>());
    assert_eq!(pushing.metrics.webhook_notices.get(), 250);
    // What comes later is pushed too.
    outbox.pending.lock().unwrap().extend(Basket::of(2).pending.lock().unwrap().clone());
    outbox.emptied().await;
    assert_eq!(receiver.taken()[250..], [0, 1]);
    pushing.end().await;
    receiving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_gets_everything_once_it_is_back() {
    for (acts, reason) in [
        (&[Act::Answer(500), Act::Answer(503), Act::Answer(404), Act::Answer(301)][..], "status"),
        (&[Act::Answer(200), Act::Hang, Act::Hang], "timeout"),
        (&[Act::Answer(200), Act::Answer(200), Act::Hangup, Act::Hangup, Act::Hangup], "closed"),
    ] {
        let (listener, port) = listener();
        let (outbox, receiver) = (Basket::of(20), Receiver::new(acts));
        let receiving = receiver.listen(listener);
        let pushing = push(&outbox, port);
        outbox.emptied().await;
        // It took each once and in order: what it did not answer well was not taken.
        assert_eq!(receiver.taken(), (0..20).collect::<Vec<u8>>(), "{reason}");
        assert!(pushing.failures(reason) >= 1, "{reason}");
        pushing.end().await;
        receiving.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_down_is_asked_until_it_is_up() {
    let (listener, port) = listener();
    drop(listener);
    let (outbox, receiver) = (Basket::of(5), Receiver::new(&[]));
    let pushing = push(&outbox, port);
    while pushing.failures("connect") < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(pushing.metrics.webhook_oldest_seconds.get(), 110);
    let receiving = receiver.listen(std::net::TcpListener::bind(("127.0.0.1", port)).unwrap());
    outbox.emptied().await;
    assert_eq!(receiver.taken(), [0, 1, 2, 3, 4]);
    while pushing.metrics.webhook_oldest_seconds.get() != 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    pushing.end().await;
    receiving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_and_not_acknowledged_comes_again_under_its_id() {
    let (listener, port) = listener();
    let (outbox, receiver) = (Basket::of(3), Receiver::new(&[]));
    let receiving = receiver.listen(listener);
    let first = push(&Arc::new(Dying(Arc::clone(&outbox))), port);
    while receiver.taken().len() < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It dies between the two.
    first.running.abort();
    let _ = first.running.await;
    assert_eq!(receiver.taken()[..3], [0, 1, 2]);
    let second = push(&outbox, port);
    outbox.emptied().await;
    // The receiver has checked that the ids are those of the notices.
    let taken = receiver.taken();
    assert!((0..3).all(|id| taken.iter().filter(|taken| **taken == id).count() >= 2), "{taken:?}");
    second.end().await;
    receiving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_refused_by_itself_holds_up_no_other() {
    let (listener, port) = listener();
    let (outbox, receiver) = (Basket::of(10), Receiver::new(&[]));
    receiver.always.lock().unwrap().insert(2, Act::Answer(422));
    let receiving = receiver.listen(listener);
    let pushing = push(&outbox, port);
    while receiver.taken().len() < 9 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!receiver.taken().contains(&2));
    assert!(pushing.failures("refused") >= 1 && pushing.failures("status") == 0);
    receiver.always.lock().unwrap().clear();
    outbox.emptied().await;
    assert_eq!(receiver.taken()[9..], [2]);
    pushing.end().await;
    receiving.abort();
}
