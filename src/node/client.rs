//! The client: asks within a deadline and answers always.

mod usage;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use super::answer::{Answer, Basis, Cause, Said};
use super::deadline::deadline;
use super::digest::name_of;
use super::parties::{self, Key};
use super::standby::{RULE_UNSCORED, Saved, Standby, go_on};
use super::state::StateFolder;
use crate::bounds::{HOOK_KEPT_MAX, NODE_QUESTIONS_MAX};
use crate::fax::id::DecisionId;
use crate::fax::stage::{Direction, StageKind};
use crate::time::Clock;
use crate::wire::screening::v1 as wire;
use usage::Dials;
use wire::screen_fax_request::Parties;
use wire::screening_service_client::ScreeningServiceClient;

/// The file of the memory in a state folder.
const MEMORY_FILE: &str = "node.json";
/// Silence on a connection after which it is asked whether it still stands.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Longest wait for that answer, and for a new connection.
const CONNECTION_WAIT: Duration = Duration::from_secs(5);

/// A routing node's connection to the service. One is shared by all calls of a process; it holds one channel a core,
/// used in turn, each made when it is first needed and made again when it broke.
///
/// It never fails and never waits longer than [`deadline`] says: see [`Answer`].
pub struct Client {
    channels: Vec<Channel>,
    turn: AtomicUsize,
    /// One for each question that may be open.
    places: Semaphore,
    node_id: String,
    clock: Arc<dyn Clock>,
    memory: Memory,
    dials: Option<Dials>,
    /// Whether what is used is being said just now.
    reporting: AtomicBool,
}

/// Where a node's memory is.
enum Memory {
    /// In this process.
    Process(Box<Mutex<Standby>>),
    /// In a folder, for processes that live for one question.
    Folder(StateFolder),
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("channels", &self.channels.len()).finish_non_exhaustive()
    }
}

/// Unscored faxes that a question reports; they are put back unless it is answered, also when the caller drops it.
struct Report<'a> {
    client: &'a Client,
    count: u32,
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if let Memory::Process(standby) = &self.client.memory
            && self.count > 0
        {
            standby.lock().unreported(self.count);
        }
    }
}

impl Client {
    /// A client of the service at `endpoint`, for the node of that name, with so many channels (at least one). Does
    /// not connect yet. To be called within a tokio runtime.
    #[must_use]
    pub fn new(endpoint: Endpoint, node_id: &str, channels: usize, clock: Arc<dyn Clock>) -> Self {
        let endpoint = endpoint
            .tcp_nodelay(true)
            .connect_timeout(CONNECTION_WAIT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(CONNECTION_WAIT)
            .keep_alive_while_idle(true);
        let channels = channels.max(1);
        Self {
            channels: (0..channels).map(|_| endpoint.connect_lazy()).collect(),
            places: Semaphore::new(channels * NODE_QUESTIONS_MAX),
            turn: AtomicUsize::new(0),
            node_id: node_id.to_owned(),
            clock,
            memory: Memory::Process(Box::new(Mutex::new(Standby::new(Key::fresh())))),
            dials: None,
            reporting: AtomicBool::new(false),
        }
    }

    /// The same of a node with so many outbound lines, which counts those that are in use; see [`Client::lines`].
    #[must_use]
    pub fn with_lines(self, lines: u64) -> Self {
        Self { dials: Some(Dials::of_lines(lines)), ..self }
    }

    /// The next channel in turn.
    fn channel(&self) -> Option<Channel> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.channels.len();
        self.channels.get(turn).or(self.channels.first()).cloned()
    }

    /// The same, with a memory that outlives the process.
    #[must_use]
    pub(super) fn remembering(self, folder: StateFolder) -> Self {
        Self { memory: Memory::Folder(folder), ..self }
    }

    /// Works with the memory.
    async fn with<T>(&self, work: impl FnOnce(&mut Standby) -> T) -> T {
        match &self.memory {
            Memory::Process(standby) => work(&mut standby.lock()),
            Memory::Folder(folder) => {
                let lock = folder.lock().await;
                let saved: Option<Saved> = folder.read(MEMORY_FILE);
                let mut standby =
                    saved.map_or_else(|| Standby::new(Key::fresh()), Standby::restore);
                let done = work(&mut standby);
                // Without the lock somebody else is at it, and what they write counts.
                if lock.is_some() {
                    folder.write(MEMORY_FILE, &standby.save(HOOK_KEPT_MAX, self.clock.now()));
                }
                done
            }
        }
    }

    /// The id of a stage that is asked about again, for `what` it brings; the same for the same.
    pub(super) fn request_id_of(request: &wire::ScreenFaxRequest, what: &str) -> String {
        let stage = request.stage.as_ref().map(parties::kind);
        stage.map_or_else(String::new, |stage| format!("{}-{what}", request_id(request, stage)))
    }

    /// Asks about one stage. Node id, the count of unscored faxes and, where there is none, the request id are filled
    /// in; the same stage of the same fax gets the same request id, so that asking again counts once.
    pub async fn ask(&self, request: wire::ScreenFaxRequest) -> Answer {
        let stage = request.stage.as_ref().map(parties::kind);
        let longest = stage.map_or(Duration::ZERO, deadline);
        let counted = self.dials.as_ref().map(|dials| (dials, request.clone()));
        let answer = self.ask_within(request, longest).await;
        if let Some((dials, request)) = counted {
            dials.note(&request, &answer.verdict, self.clock.now());
        }
        answer
    }

    /// The same with another deadline.
    pub(super) async fn ask_within(
        &self,
        mut request: wire::ScreenFaxRequest,
        longest: Duration,
    ) -> Answer {
        let Some(stage) = request.stage.as_ref().map(parties::kind) else {
            return malformed(&request);
        };
        request.node_id.clone_from(&self.node_id);
        if request.request_id.is_empty() {
            request.request_id = request_id(&request, stage);
        }
        let now = self.clock.now();
        // To wait for a place would only make this question late too.
        let Ok(_place) = self.places.try_acquire() else {
            return self.with(|standby| standby.alone(&request, stage, Cause::Full, now)).await;
        };
        let admitted = self.with(|standby| standby.admit(now)).await;
        let Some(count) = admitted else {
            return self.with(|standby| standby.alone(&request, stage, Cause::Paused, now)).await;
        };
        let mut report = Report { client: self, count };
        request.unscored_count = count;
        let told = tokio::time::timeout(longest, self.put(&request, stage, longest)).await;
        let told = told.unwrap_or(Err((Cause::Late, None)));
        let now = self.clock.now();
        let count = std::mem::take(&mut report.count);
        self.with(|standby| match told {
            Ok((decision_id, verdict)) => {
                standby.served(&request, stage, &verdict, now);
                Answer { decision_id, verdict, basis: Basis::Served, said: None }
            }
            Err((cause, said)) => {
                standby.failed(cause, now);
                standby.unreported(count);
                Answer { said, ..standby.alone(&request, stage, cause, now) }
            }
        })
        .await
    }

    /// Puts the question, once more where the connection broke under it: asking twice counts once.
    async fn put(
        &self,
        request: &wire::ScreenFaxRequest,
        stage: StageKind,
        longest: Duration,
    ) -> Result<(String, wire::Verdict), (Cause, Option<Said>)> {
        let told = match self.call(request, longest).await {
            Err(status) if cause_of(&status) == Cause::Unreachable => {
                self.call(request, longest).await
            }
            told => told,
        };
        let response = told.map_err(|status| (cause_of(&status), said(&status)))?;
        let odd = (Cause::Refused, None);
        let verdict = response.verdict.ok_or_else(|| odd.clone())?;
        // An action that this version does not know is no leave to stop a fax.
        if !parties::fits(verdict.action(), stage.direction()) {
            return Err(odd);
        }
        let decision = DecisionId::parse(&response.decision_id);
        Ok((decision.map_or_else(String::new, |id| id.to_string()), verdict))
    }

    async fn call(
        &self,
        request: &wire::ScreenFaxRequest,
        longest: Duration,
    ) -> Result<wire::ScreenFaxResponse, Status> {
        let channel = self.channel().ok_or_else(|| Status::unavailable("no channel"))?;
        let mut asked = Request::new(request.clone());
        // The server is told, so that it does not work for a node that has gone on.
        asked.set_timeout(longest);
        Ok(ScreeningServiceClient::new(channel).screen_fax(asked).await?.into_inner())
    }
}

/// What a status without a verdict means. One with a source was made on this side, by a connection that broke; one
/// without was sent. Only silence and broken connections are to be waited out.
fn cause_of(status: &Status) -> Cause {
    let broken = std::error::Error::source(status).is_some();
    match status.code() {
        _ if broken => Cause::Unreachable,
        Code::Unavailable => Cause::Unreachable,
        Code::DeadlineExceeded | Code::Cancelled => Cause::Late,
        Code::Ok
        | Code::Unknown
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => Cause::Refused,
    }
}

/// What the service said where it refused; what a broken connection says is this side's own.
fn said(status: &Status) -> Option<Said> {
    let details = status.get_error_details();
    let reason = details.error_info().map_or("", |info| info.reason.as_str());
    (cause_of(status) == Cause::Refused).then(|| Said::of(reason, status.message()))
}

/// The id of a question: the same for the same stage of the same fax.
fn request_id(request: &wire::ScreenFaxRequest, stage: StageKind) -> String {
    use wire::screen_fax_request::Stage;
    let number = match request.stage.as_ref() {
        Some(Stage::Page(page)) => page.page_number,
        Some(Stage::Dialing(dialing)) => dialing.attempt,
        Some(Stage::DialResult(result)) => result.attempt,
        Some(
            Stage::CallOffered(_)
            | Stage::Handshake(_)
            | Stage::Received(_)
            | Stage::JobSubmitted(_),
        )
        | None => 0,
    };
    let fax = name_of::<12>(&[request.fax_id.as_bytes()]);
    format!("{fax}-{}-{number}", stage.name())
}

/// The answer to a request without a stage: the fax goes on, whichever way it goes.
fn malformed(request: &wire::ScreenFaxRequest) -> Answer {
    let direction = match request.parties {
        Some(Parties::Outbound(_)) => Direction::Outbound,
        Some(Parties::Inbound(_)) | None => Direction::Inbound,
    };
    Answer {
        decision_id: String::new(),
        verdict: wire::Verdict {
            action: go_on(direction).into(),
            rule: RULE_UNSCORED.into(),
            ..wire::Verdict::default()
        },
        basis: Basis::Unscored(Cause::Malformed),
        said: None,
    }
}
