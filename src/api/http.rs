//! The provider's abuse page over HTTP: a form that works without script, a page on how a report stands, and the JSON of the same
//! messages. Everything goes through the same conversions, calls and limits as over gRPC.

mod complaint;
mod fields;
mod form;
mod json;
mod page;
mod refused;
mod told;
mod visitor;

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use minijinja::{Value, context};
use thiserror::Error;
use tokio::sync::Semaphore;
use tonic::codegen::{Bytes, Service, http};

use super::convert::report as convert;
use super::grpc::Edge;
use super::status::Failure;
use crate::bounds;
use crate::texts::{Language, Texts};
use crate::wire::report::v1 as wire;

use form::{CATEGORIES, FIELDS, Form, FormFaults, KINDS, REQUEST_ID};
use page::{Pages, Setting};
use refused::Refused;
use visitor::{Account, Visitor};

pub use visitor::Trust;

/// The templates do not parse: the build is damaged.
#[derive(Debug, Error)]
#[error("pages of the report form are damaged (rebuild the program)")]
pub struct PagesFault(#[source] minijinja::Error);

/// What is behind every page.
struct House {
    edge: Arc<Edge>,
    texts: Arc<Texts>,
    pages: Pages,
    trust: Trust,
    places: Semaphore,
    complaints: Semaphore,
    body_wait: Duration,
}

/// The pages, ready to be served.
#[derive(Clone)]
pub struct Site {
    house: Arc<House>,
    routes: Router,
}

/// A peer, as the socket knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Whether its connection is encrypted.
    pub encrypted: bool,
}

type Shared = State<Arc<House>>;

impl Site {
    /// Pages over an edge, in these languages.
    ///
    /// # Errors
    /// [`PagesFault`].
    pub fn new(edge: Arc<Edge>, texts: Arc<Texts>, trust: Trust) -> Result<Self, PagesFault> {
        let places = Semaphore::new(bounds::FORM_CALLS_MAX);
        let complaints = Semaphore::new(bounds::COMPLAINT_PLACES);
        let body_wait = edge.message_wait();
        let pages = Pages::new().map_err(PagesFault)?;
        let house = Arc::new(House { edge, texts, pages, trust, places, complaints, body_wait });
        let routes = Router::new()
            .route("/report", get(empty_form).post(sent_form))
            .route("/report/status", get(ask_status).post(show_status))
            .route("/report/style.css", get(style))
            .route("/v1/reports", post(file_json))
            .route("/v1/reports/{id}", get(read_json))
            .route("/v1/complaints", post(complaint::file))
            .fallback(missing)
            .method_not_allowed_fallback(wrong_method)
            .with_state(Arc::clone(&house));
        Ok(Self { house, routes })
    }

    /// Answers one request of a peer.
    pub async fn answer<B>(&self, request: http::Request<B>, peer: Peer) -> Response
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut request = request.map(Body::new);
        let visitor = Visitor::of(request.headers(), peer.address, &self.house.trust);
        let name = page_name(request.uri().path());
        request.extensions_mut().insert(visitor);
        let mut response = match self.house.places.try_acquire() {
            Ok(_place) => match self.routes.clone().call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
            Err(_) => self.house.refuse(&request, &Refused::Failure(Failure::Overloaded)),
        };
        page::protect(response.headers_mut(), peer.encrypted);
        let status = status_class(response.status());
        self.house
            .edge
            .metrics()
            .form_answers
            .get_or_create(&[("page", name), ("status", status)])
            .inc();
        response
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Site")
    }
}

/// The page of a path, for the metrics.
fn page_name(path: &str) -> &'static str {
    match path {
        "/report" => "form",
        "/report/status" => "status",
        "/report/style.css" => "style",
        path if is_json(path) => "json",
        _ => "other",
    }
}

/// A status, for the metrics.
fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..300 => "2xx",
        422 => "422",
        429 => "429",
        400..500 => "4xx",
        _ => "5xx",
    }
}

fn is_json(path: &str) -> bool {
    path.starts_with("/v1/")
}

impl House {
    /// The language of a request: what its query says, else what its headers ask for.
    fn language(&self, request: &Request) -> Arc<Language> {
        let query = fields::parse(request.uri().query().unwrap_or("").as_bytes());
        let named = query.ok().and_then(|query| {
            fields::value(&query, "lang").and_then(|tag| self.texts.find(tag)).cloned()
        });
        named.unwrap_or_else(|| Arc::clone(self.texts.negotiate(&accepted(request.headers()))))
    }

    /// What is answered to a request that is not done, as it was asked.
    fn refuse(&self, request: &Request, refused: &Refused) -> Response {
        let path = request.uri().path();
        if is_json(path) {
            return finished(json::refuse(refused), refused);
        }
        let root = if path.starts_with("/report/") { "../" } else { "" };
        self.failed(refused, &Setting { language: self.language(request), root })
    }

    fn failed(&self, refused: &Refused, setting: &Setting) -> Response {
        let heading = setting.language.say("failed-title");
        let told = refused.told(&setting.language);
        let about = context! { title => heading, heading, told };
        let page = self.pages.page("failed.html", refused.status(), setting, about);
        finished(page, refused)
    }

    /// Counts a visit that files a report against its network; true where so many come from there that it is merged.
    fn admit_report(&self, visitor: &Visitor) -> Result<bool, Failure> {
        self.edge.counted(self.edge.guards().network(&visitor.network()))
    }

    /// Counts a visit that reads how a report stands, or brings a complaint, against its network.
    fn admit(&self, visitor: &Visitor) -> Result<(), Failure> {
        let guard = &self.edge.guards().networks;
        self.edge.counted(guard.admit(&visitor.network(), NonZeroU32::MIN))
    }

    /// The body of a form or its JSON.
    async fn body(&self, request: Request) -> Result<Bytes, Refused> {
        self.body_within(request, bounds::FORM_BYTES_MAX).await
    }

    /// The body of a request, whole, in time and not too large.
    async fn body_within(&self, request: Request, most: usize) -> Result<Bytes, Refused> {
        let told = request.headers().get(header::CONTENT_LENGTH);
        let told = told.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if told.is_some_and(|bytes| bytes > most) {
            return Err(Refused::TooManyBytes { most });
        }
        let limited = Limited::new(request.into_body(), most);
        match tokio::time::timeout(self.body_wait, limited.collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(fault)) if fault.is::<LengthLimitError>() => Err(Refused::TooManyBytes { most }),
            Ok(Err(_)) => Err(Refused::Unreadable { line: 0, column: 0 }),
            Err(_) => Err(Refused::TooSlow),
        }
    }

    /// The fields that a form was sent with, and the language they say. What it costs its network is counted by `admit`.
    async fn sent(
        &self,
        request: Request,
        admit: impl FnOnce(&Self, &Visitor) -> Result<bool, Failure>,
    ) -> Result<(Vec<(String, String)>, Arc<Language>, bool), Refused> {
        let language = self.language(&request);
        if visitor(&request).foreign {
            return Err(Refused::Foreign);
        }
        let many = admit(self, &visitor(&request))?;
        let body = self.body(request).await?;
        let unreadable = |_| Refused::Unreadable { line: 0, column: 0 };
        let sent = fields::parse(&body).map_err(unreadable)?;
        let named = fields::value(&sent, "lang").and_then(|tag| self.texts.find(tag)).cloned();
        Ok((sent, named.unwrap_or(language), many))
    }

    fn form(&self, form: &Form, faults: &FormFaults, visit: &Visit) -> Response {
        let language = &visit.setting.language;
        let mut values: Vec<(&str, String)> =
            FIELDS.iter().map(|field| (*field, page::shown(form.value(field)))).collect();
        values.push((REQUEST_ID, form.page_id().to_owned()));
        let in_order = FIELDS.iter().filter_map(|field| Some((*field, faults.get(field)?)));
        let told: Vec<(&str, String)> =
            in_order.map(|(field, told)| (field, told.words(language))).collect();
        let summary: Vec<Value> =
            told.iter().map(|(field, told)| context! { field, told }).collect();
        let option = |(value, key): (&str, &str)| context! { value, key };
        let heading = language.say("form-title");
        let title = match summary.is_empty() {
            true => heading.clone(),
            false => format!("{} – {heading}", language.say("form-errors-title")),
        };
        let about = context! {
            title, heading, summary,
            values => Value::from_iter(values),
            faults => Value::from_iter(told),
            categories => CATEGORIES.map(|(value, key, _)| option((value, key))),
            kinds => KINDS.map(|(value, key, _)| option((value, key))),
            member => matches!(visit.account, Account::SignedIn(_)),
            accounts => visit.account == Account::AsSaid,
            open => form.is_unfolded(faults),
            languages => if faults.is_empty() { page::languages(&self.texts) } else { Vec::new() },
        };
        let status =
            if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        self.pages.page("form.html", status, &visit.setting, about)
    }

    /// Files what was typed.
    async fn file(
        &self,
        form: &Form,
        (visitor, many): (&Visitor, bool),
        language: &Arc<Language>,
    ) -> Filed {
        let (form, visitor, language) = (form.clone(), visitor.clone(), Arc::clone(language));
        let edge = Arc::clone(&self.edge);
        let done = self.edge.waiting(move |engine| {
            let wall = engine.wall();
            let (request, mut faults) = form.request(&visitor, &language, &wall);
            let mut filing = match convert::filing(&request, &wall) {
                Ok(filing) if faults.is_empty() => filing,
                Ok(_) => return Ok(Err(faults)),
                Err(invalid) if form::place(&invalid, &mut faults) => return Ok(Err(faults)),
                Err(invalid) => return Err(Failure::Invalid(invalid)),
            };
            let reporter = convert::reporter_bytes(&request);
            filing.circumstances.many = edge.guards().report(reporter)? || many;
            let told = match engine.file_report(&filing) {
                Ok(receipt) => convert::receipt(&receipt),
                Err(Failure::NotFound { .. }) => {
                    return Ok(Err(form::about_fax(&form, "fault-no-fax")));
                }
                Err(Failure::FaxNotReceived) => {
                    return Ok(Err(form::about_fax(&form, "fault-not-received")));
                }
                Err(failure) => return Err(failure),
            };
            edge.count_report(&told);
            Ok(Ok((told, request.category())))
        });
        match done.await {
            Ok(Ok((receipt, category))) => Filed::Receipt(Box::new(receipt), category),
            Ok(Err(faults)) => Filed::Faults(faults),
            Err(failure) => Filed::Failed(failure),
        }
    }

    /// How a report stands.
    async fn standing(&self, id: String) -> Result<wire::GetReportResponse, Failure> {
        let asked = wire::GetReportRequest { report_id: id };
        let stands =
            self.edge.waiting(move |engine| engine.report(convert::report_id(&asked)?)).await?;
        Ok(convert::standing(&stands))
    }
}

/// What became of a form.
enum Filed {
    Receipt(Box<wire::FileReportResponse>, wire::ReportCategory),
    Faults(FormFaults),
    Failed(Failure),
}

/// A visit to a page.
struct Visit {
    setting: Setting,
    account: Account,
}

/// What the request carries since it came in.
fn visitor(request: &Request) -> Visitor {
    let nobody =
        || Visitor { address: IpAddr::from([0, 0, 0, 0]), account: Account::None, foreign: true };
    request.extensions().get::<Visitor>().cloned().unwrap_or_else(nobody)
}

fn accepted(headers: &HeaderMap) -> String {
    let all = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    all.filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",")
}

/// Says when to come back, and ends the connection where nothing more can be read on it.
fn finished(mut response: Response, refused: &Refused) -> Response {
    let headers = response.headers_mut();
    if let Some(seconds) = refused.retry_seconds() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if refused.ends_connection() {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if *refused == Refused::Method && !headers.contains_key(header::ALLOW) {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    }
    response
}

async fn empty_form(State(house): Shared, request: Request) -> Response {
    let setting = Setting { language: house.language(&request), root: "" };
    let visit = Visit { setting, account: visitor(&request).account };
    with_language(house.form(&Form::fresh(), &FormFaults::new(), &visit), &visit.setting)
}

async fn sent_form(State(house): Shared, request: Request) -> Response {
    let (visitor, asked_in) = (visitor(&request), house.language(&request));
    let (sent, language, many) = match house.sent(request, House::admit_report).await {
        Ok(sent) => sent,
        Err(refused) => return house.failed(&refused, &Setting { language: asked_in, root: "" }),
    };
    let form = Form::read(sent);
    let filed = house.file(&form, (&visitor, many), &language).await;
    let visit = Visit { setting: Setting { language, root: "" }, account: visitor.account };
    match filed {
        Filed::Faults(faults) => house.form(&form, &faults, &visit),
        Filed::Failed(failure) => house.failed(&failure.into(), &visit.setting),
        Filed::Receipt(receipt, category) => {
            let language = &visit.setting.language;
            let heading = language.say("receipt-title");
            let rows = told::receipt(&receipt, category, language);
            let about = context! { title => heading, heading, rows, ask => false };
            house.pages.page("report.html", StatusCode::OK, &visit.setting, about)
        }
    }
}

async fn ask_status(State(house): Shared, request: Request) -> Response {
    let setting = Setting { language: house.language(&request), root: "../" };
    let heading = setting.language.say("status-title");
    let languages = page::languages(&house.texts);
    let about = context! { title => heading, heading, languages, ask => true };
    with_language(house.pages.page("report.html", StatusCode::OK, &setting, about), &setting)
}

async fn show_status(State(house): Shared, request: Request) -> Response {
    let asked_in = house.language(&request);
    let read = |house: &House, visitor: &Visitor| house.admit(visitor).map(|()| false);
    let (sent, language, _) = match house.sent(request, read).await {
        Ok(sent) => sent,
        Err(refused) => {
            return house.failed(&refused, &Setting { language: asked_in, root: "../" });
        }
    };
    let setting = Setting { language, root: "../" };
    let asked = fields::value(&sent, "report").unwrap_or("").trim().to_owned();
    let heading = setting.language.say("status-title");
    let (status, fault, rows) = match house.standing(asked.clone()).await {
        Ok(stands) => (StatusCode::OK, None, told::standing(&stands, &setting.language)),
        Err(Failure::NotFound { .. }) => {
            (StatusCode::NOT_FOUND, Some("fault-no-report"), Vec::new())
        }
        Err(Failure::Invalid(_)) => {
            let key = if asked.is_empty() { "fault-absent" } else { "fault-report-id" };
            (StatusCode::UNPROCESSABLE_ENTITY, Some(key), Vec::new())
        }
        Err(failure) => return house.failed(&failure.into(), &setting),
    };
    let fault = fault.map(|key| setting.language.say(key));
    let asked = page::shown(&asked);
    let about = context! { title => heading, heading, rows, ask => true, fault, asked };
    house.pages.page("report.html", status, &setting, about)
}

async fn file_json(State(house): Shared, request: Request) -> Response {
    match json_filed(&house, request).await {
        Ok(receipt) => json::answer(&receipt),
        Err(refused) => finished(json::refuse(&refused), &refused),
    }
}

async fn json_filed(house: &House, request: Request) -> Result<wire::FileReportResponse, Refused> {
    let (visitor, headers) = (visitor(&request), request.headers().clone());
    if visitor.foreign {
        return Err(Refused::Foreign);
    }
    let many = house.admit_report(&visitor)?;
    let body = house.body(request).await?;
    let mut message = json::request(&headers, &body)?;
    if let Some(wire::reporter::Identity::MemberId(member)) =
        message.reporter.as_ref().and_then(|reporter| reporter.identity.as_ref())
    {
        let may = match &visitor.account {
            Account::AsSaid => true,
            Account::None => false,
            Account::SignedIn(name) => name == member,
        };
        if !may {
            return Err(Refused::NotSignedIn);
        }
    }
    let sent = message.context.take().unwrap_or_default();
    let seen = form::context(&visitor, &sent.language);
    message.context = Some(wire::ReporterContext { automated: sent.automated, ..seen });
    Ok(house.edge.file_report(message, many).await?)
}

async fn read_json(State(house): Shared, Path(id): Path<String>, request: Request) -> Response {
    let stands = match house.admit(&visitor(&request)) {
        Ok(()) => house.standing(id).await,
        Err(failure) => Err(failure),
    };
    match stands {
        Ok(stands) => json::answer(&stands),
        Err(failure) => {
            let refused = failure.into();
            finished(json::refuse(&refused), &refused)
        }
    }
}

async fn style() -> Response {
    page::style()
}

async fn missing(State(house): Shared, request: Request) -> Response {
    house.refuse(&request, &Refused::Missing)
}

async fn wrong_method(State(house): Shared, method: Method, request: Request) -> Response {
    tracing::debug!(get = (method == Method::GET), "a page was asked for in another way");
    house.refuse(&request, &Refused::Method)
}

/// Says which language came out, and that another asker may get another.
fn with_language(mut response: Response, setting: &Setting) -> Response {
    const CONTENT_LANGUAGE: HeaderName = header::CONTENT_LANGUAGE;
    if let Ok(tag) = HeaderValue::from_str(setting.language.tag()) {
        response.headers_mut().insert(CONTENT_LANGUAGE, tag);
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-language"));
    response
}
