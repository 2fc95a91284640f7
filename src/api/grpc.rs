//! The services: each method converts, calls and converts back. What they share is here.

mod answers;
mod arrival;
mod beside;
mod charge;
mod complaint;
mod declared;
mod desk;
mod dispatch;
mod gate;
mod intake;
mod operator;
mod rate_limit;
mod reading;
mod report;
mod screening;
mod table;
mod tally;

use std::convert::Infallible;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tonic::Request;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::NamedService;

use super::caller::{Audience, Caller};
use super::engine::Engine;
use super::guard::Guards;
use super::status::Failure;
use super::trace;
use crate::bounds;
use crate::metrics::Metrics;
use crate::texts::Texts;
use crate::wire::desk::v1::case_service_server::CaseServiceServer;
use crate::wire::desk::v1::measure_service_server::MeasureServiceServer;
use crate::wire::envoy::service::ratelimit::v3::rate_limit_service_server::RateLimitServiceServer;
use crate::wire::notice::v1::notice_service_server::NoticeServiceServer;
use crate::wire::operator::v1 as operator_wire;
use crate::wire::report::v1::appeal_service_server::AppealServiceServer;
use crate::wire::report::v1::complaint_service_server::ComplaintServiceServer;
use crate::wire::report::v1::report_service_server::ReportServiceServer;
use crate::wire::screening::v1::charge_service_server::ChargeServiceServer;
use crate::wire::screening::v1::reading_service_server::ReadingServiceServer;
use crate::wire::screening::v1::{charge_service_server, screening_service_server};
use operator_wire::campaign_service_server::CampaignServiceServer;
use operator_wire::decision_service_server::DecisionServiceServer;
use operator_wire::directory_service_server::DirectoryServiceServer;
use operator_wire::held_fax_service_server::HeldFaxServiceServer;
use operator_wire::limit_service_server::LimitServiceServer;
use operator_wire::limit_tuning_service_server::LimitTuningServiceServer;
use operator_wire::list_entry_service_server::ListEntryServiceServer;
use operator_wire::policy_service_server::PolicyServiceServer;

pub use answers::Ending;
pub(in crate::api) use complaint::Importing;
pub use gate::Gate;
pub use intake::CALLER_STREAMS;
pub use table::Table;

use beside::Beside;
use gate::Calls;

/// Makes a future that resolves when the server begins to stop.
pub type EndingMaker = Box<dyn Fn() -> Ending + Send + Sync>;

/// What every service is given.
pub struct Edge {
    engine: Arc<dyn Engine>,
    guards: Guards,
    metrics: Arc<Metrics>,
    ending: EndingMaker,
    places: Semaphore,
    complaints: Arc<Semaphore>,
    comparing: Beside,
    reading: Beside,
    message_wait: Duration,
    /// What notices say.
    texts: Option<Arc<Texts>>,
    /// Between two looks for who watches.
    watch_wait: Duration,
}

impl Edge {
    /// An edge over an engine. `ending` is asked once for each stream.
    #[must_use]
    pub fn new(
        engine: Arc<dyn Engine>,
        guards: Guards,
        metrics: Arc<Metrics>,
        ending: EndingMaker,
    ) -> Self {
        let places = Semaphore::new(bounds::WAITING_CALLS_MAX);
        let complaints = Arc::new(Semaphore::new(bounds::COMPLAINT_PLACES));
        let message_wait = Duration::from_millis(bounds::MESSAGE_WAIT_MS);
        let watch_wait = Duration::from_millis(bounds::CAMPAIGN_WATCH_MS);
        let comparing = Beside::this_runtime();
        let reading = Beside::with_room(bounds::READ_FAX_THREADS, bounds::READ_FAX_PLACES);
        Self {
            engine,
            guards,
            metrics,
            ending,
            places,
            complaints,
            comparing,
            reading,
            message_wait,
            texts: Texts::built_in().ok().map(Arc::new),
            watch_wait,
        }
    }

    /// The same with other texts of notices.
    #[must_use]
    pub fn with_texts(self, texts: Arc<Texts>) -> Self {
        Self { texts: Some(texts), ..self }
    }

    /// The same where so many threads compare fingerprints, with places for so many requests on them and before them.
    #[must_use]
    pub fn with_comparing(self, threads: usize, places: usize) -> Self {
        Self { comparing: Beside::with_room(threads, places), ..self }
    }

    /// The same where who watches is told after another time than `bounds` says.
    #[must_use]
    pub fn with_watch_wait(self, watch_wait: Duration) -> Self {
        Self { watch_wait, ..self }
    }

    /// The same where messages must be whole within another time than `bounds` says.
    #[must_use]
    pub fn with_message_wait(self, message_wait: Duration) -> Self {
        Self { message_wait, ..self }
    }

    /// Takes one call from the bucket of the operator that makes it.
    fn admit_operator<T>(&self, request: &Request<T>) -> Result<(), Failure> {
        let caller = request.extensions().get::<Caller>().map(Caller::key).unwrap_or_default();
        self.counted(self.guards.operator.admit(caller.as_bytes(), NonZeroU32::MIN))
    }

    /// The guards of every way in.
    pub(in crate::api) const fn guards(&self) -> &Guards {
        &self.guards
    }

    /// What is counted.
    pub(in crate::api) const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Within which time a message must be whole.
    pub(in crate::api) const fn message_wait(&self) -> Duration {
        self.message_wait
    }

    /// Does what may wait for a disk on a thread that may, so that no verdict waits behind it.
    pub(in crate::api) async fn waiting<T: Send + 'static>(
        &self,
        act: impl FnOnce(&dyn Engine) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let _place = self.places.acquire().await.map_err(|_| Failure::Internal)?;
        let engine = Arc::clone(&self.engine);
        let outcome = tokio::task::spawn_blocking(move || act(&*engine)).await;
        self.counted(outcome.unwrap_or_else(|_| {
            tracing::error!("an operator or report call failed in the engine");
            Err(Failure::Internal)
        }))
    }

    /// Counts a failure on its way out.
    pub(in crate::api) fn counted<T>(&self, outcome: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(failure) = &outcome {
            trace::failure(failure);
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

/// What can be served: a service of gRPC.
pub trait Served:
    Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
    + NamedService
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Served for S where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// The services, ready to be served, and their names.
pub struct Services {
    table: Table,
    names: Vec<Name>,
    engine: Arc<dyn Engine>,
    calls: Arc<Calls>,
    metrics: Arc<Metrics>,
    message_wait: Duration,
}

/// A service's name, and whether it works while nothing can be made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// As health speaks of it.
    pub name: &'static str,
    /// Reports and edits need the store; a verdict does not, and neither does what only describes.
    pub needs_store: bool,
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Services {
    /// Adds a service that an audience may use.
    #[must_use]
    pub fn with<S: Served>(mut self, audience: Audience, service: S) -> Self
    where
        S::Future: Send + Unpin + 'static,
    {
        let verdicts =
            [screening_service_server::SERVICE_NAME, charge_service_server::SERVICE_NAME];
        let needs_store = !verdicts.contains(&S::NAME) && S::NAME.starts_with("faxguard.");
        self.names.push(Name { name: S::NAME, needs_store });
        let calls = Arc::clone(&self.calls);
        self.behind_gate(Some(audience), &calls, service)
    }

    /// Adds one that whoever may connect may use. It has places of its own, so that neither who fills them nor who
    /// fills the others takes any from the other side.
    #[must_use]
    pub fn with_open<S: Served>(self, service: S) -> Self
    where
        S::Future: Send + Unpin + 'static,
    {
        let calls = Arc::new(Calls::new(&self.metrics));
        self.behind_gate(None, &calls, service)
    }

    fn behind_gate<S: Served>(
        self,
        audience: Option<Audience>,
        calls: &Arc<Calls>,
        service: S,
    ) -> Self
    where
        S::Future: Send + Unpin + 'static,
    {
        let gate = Gate::new(service, audience, calls, &self.metrics, self.message_wait);
        Self { table: self.table.with(gate), ..self }
    }

    /// The metrics that the services count into.
    #[must_use]
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// What says whether the store keeps what must be durable.
    #[must_use]
    pub const fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// The table and the names under which health speaks of them.
    #[must_use]
    pub fn into_parts(self) -> (Table, Vec<Name>) {
        (self.table, self.names)
    }
}

/// Every service over one edge, each with the message size of its audience.
#[must_use]
pub fn services(edge: impl Into<Arc<Edge>>) -> Services {
    use Audience::{Desk, Mailer, Operator, Report, Screening};
    let edge = edge.into();
    let (metrics, message_wait) = (Arc::clone(&edge.metrics), edge.message_wait);
    let (calls, engine) = (Arc::new(Calls::new(&metrics)), Arc::clone(&edge.engine));
    let most = bounds::OPERATOR_MESSAGE_BYTES_MAX;
    let screening = dispatch::Dispatch::new(screening::Desk::new(Arc::clone(&edge)));
    let reading = ReadingServiceServer::new(reading::FaxReading(Arc::clone(&edge)))
        .max_decoding_message_size(bounds::READ_FAX_MESSAGE_BYTES_MAX);
    let charges = ChargeServiceServer::new(charge::Charges(Arc::clone(&edge)))
        .max_decoding_message_size(bounds::CHARGE_MESSAGE_BYTES_MAX);
    let rates = RateLimitServiceServer::new(rate_limit::RateLimits(Arc::clone(&edge)))
        .max_decoding_message_size(bounds::RATE_MESSAGE_BYTES_MAX);
    let reports = ReportServiceServer::new(report::Reports::new(Arc::clone(&edge)))
        .max_decoding_message_size(bounds::READ_FAX_MESSAGE_BYTES_MAX);
    let appeals = AppealServiceServer::new(desk::Appeals(Arc::clone(&edge)))
        .max_decoding_message_size(bounds::SCREENING_MESSAGE_BYTES_MAX);
    let complaints = ComplaintServiceServer::new(complaint::Complaints(Arc::clone(&edge)))
        .max_decoding_message_size(bounds::COMPLAINT_MESSAGE_BYTES_MAX);
    let cases = CaseServiceServer::new(desk::Cases(Arc::clone(&edge)))
        .max_decoding_message_size(bounds::SCREENING_MESSAGE_BYTES_MAX);
    let measures = MeasureServiceServer::new(desk::Measures(Arc::clone(&edge)))
        .max_decoding_message_size(bounds::SCREENING_MESSAGE_BYTES_MAX);
    let notices = NoticeServiceServer::new(desk::Notices(Arc::clone(&edge)))
        .max_decoding_message_size(bounds::SCREENING_MESSAGE_BYTES_MAX);
    let campaigns = CampaignServiceServer::new(operator::Campaigns::new(Arc::clone(&edge)))
        .max_decoding_message_size(most);
    let decisions = DecisionServiceServer::new(operator::Decisions(Arc::clone(&edge)))
        .max_decoding_message_size(most);
    let directory = DirectoryServiceServer::new(operator::DirectoryFeed(Arc::clone(&edge)))
        .max_decoding_message_size(most);
    let held = HeldFaxServiceServer::new(operator::HeldFaxes(Arc::clone(&edge)))
        .max_decoding_message_size(most);
    let limits = LimitServiceServer::new(operator::Limits(Arc::clone(&edge)))
        .max_decoding_message_size(most);
    let tuning = LimitTuningServiceServer::new(operator::LimitTuning(Arc::clone(&edge)))
        .max_decoding_message_size(most);
    let lists = ListEntryServiceServer::new(operator::ListEntries(Arc::clone(&edge)))
        .max_decoding_message_size(most);
    let policies =
        PolicyServiceServer::new(operator::Policies(edge)).max_decoding_message_size(most);
    Services { table: Table::default(), names: Vec::new(), engine, calls, metrics, message_wait }
        .with(Screening, screening)
        .with(Screening, reading)
        .with(Screening, rates)
        .with(Screening, charges)
        .with(Report, reports)
        .with(Report, appeals)
        .with(Report, complaints)
        .with(Desk, cases)
        .with(Desk, measures)
        .with(Mailer, notices)
        .with(Operator, campaigns)
        .with(Operator, decisions)
        .with(Operator, directory)
        .with(Operator, held)
        .with(Operator, limits)
        .with(Operator, tuning)
        .with(Operator, lists)
        .with(Operator, policies)
}
