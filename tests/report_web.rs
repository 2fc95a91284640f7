//! The report form and its JSON over real sockets, against an engine in memory.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

mod browser;
mod complaints;
mod hostile;
mod json;
mod page;
mod served;
mod webhook;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use faxguard::api::grpc::Edge;
use faxguard::api::guard::{Allowance, CallerGuard, Guards};
use faxguard::api::http::{Site, Trust};
use faxguard::api::live::{Live, Timepiece};
use faxguard::memory::Memory;
use faxguard::metrics::Metrics;
use faxguard::server::drain::Drain;
use faxguard::server::form::{FormPort, FormWaits};
use faxguard::server::tls::Door;
use faxguard::texts::Texts;
use faxguard::time::{Clock, Timestamp};
use tokio::task::JoinHandle;

use crate::support::events::{call, line};
use crate::support::{ask, at, house};
use browser::{Answer, Browser};

pub(crate) const ANN: &str = "+12125550001";

/// A minute after the fax.
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        at(110)
    }
}

/// A port of the form over an engine in which ann got a fax from line 1 at noon.
struct Form {
    browser: Browser,
    drain: Drain,
    serving: JoinHandle<()>,
    metrics: Arc<Metrics>,
    memory: Arc<Memory>,
}

/// What is not as usual about it.
struct Odd {
    trust: Trust,
    guards: Guards,
    waits: FormWaits,
    message_wait: Duration,
    door: Door,
}

impl Default for Odd {
    fn default() -> Self {
        Self {
            trust: Trust::default(),
            guards: Guards::serving(),
            waits: FormWaits::default(),
            message_wait: Duration::from_secs(15),
            door: Door::open(),
        }
    }
}

/// A guard that lets so many through at once.
fn few(burst: u32) -> CallerGuard {
    let count = |count| NonZeroU32::new(count).unwrap();
    CallerGuard::new(Allowance { per_second: count(1), burst: count(burst) })
}

impl Form {
    fn begin() -> Self {
        Self::odd(Odd::default())
    }

    fn odd(odd: Odd) -> Self {
        // What waits for a store does so on a thread that may.
        let memory = Arc::new(std::thread::spawn(|| house("")).join().unwrap());
        ask(&memory, &call(1, &line(1), ANN).received(at(50), 1));
        let engine = Live::new(Arc::clone(&memory), Timepiece::Server(Arc::new(Fixed)));
        let metrics = Arc::new(Metrics::new());
        let (drain, draining) = Drain::new();
        let ending = draining.clone();
        let ending =
            Box::new(move || -> faxguard::api::grpc::Ending { Box::pin(ending.clone().begun()) });
        let edge = Edge::new(Arc::new(engine), odd.guards, Arc::clone(&metrics), ending)
            .with_message_wait(odd.message_wait);
        let texts = Arc::new(Texts::built_in().unwrap());
        let site = Site::new(Arc::new(edge), texts, odd.trust).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let browser = Browser(listener.local_addr().unwrap());
        let port = FormPort { listener, door: Arc::new(odd.door), site, waits: odd.waits };
        let serving = tokio::spawn(port.serve(draining));
        Self { browser, drain, serving, metrics, memory }
    }

    async fn end(self) {
        self.drain.begin();
        self.serving.await.unwrap();
    }

    /// An empty form in a language, and the id in it.
    async fn empty(&self, language: &str) -> (Answer, String) {
        let page = self.browser.get("/report", &[("Accept-Language", language)]).await;
        assert_eq!(page.status, 200);
        let id = page.value_of("request-id");
        assert_eq!(id.len(), 32);
        (page, id)
    }
}

/// A report by ann of the fax she got, as it is typed.
fn typed(id: &str) -> Vec<(&'static str, String)> {
    [
        ("lang", "en"),
        ("request-id", id),
        ("category", "junk"),
        ("called", "(212) 555-0001"),
        ("date", "2026-11-18"),
        ("time", "12:00"),
        ("caller", &line(1)),
        ("account", "ann"),
        ("comment", "Buy toner!\r\nÅ \u{202e} <b>"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

fn with(
    mut form: Vec<(&'static str, String)>,
    field: &'static str,
    value: &str,
) -> Vec<(&'static str, String)> {
    form.retain(|(name, _)| *name != field);
    form.push((field, value.to_owned()));
    form
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_goes_round_in_both_languages() {
    let form = Form::begin();
    for (language, sent, stands, blocked) in [
        ("en", "Your report was received", "Not decided yet", "blocked for your numbers"),
        ("sv", "Vi har tagit emot din anmälan", "Inte beslutad än", "Du har redan anmält"),
    ] {
        let (page, id) = form.empty(language).await;
        assert!(page.body.contains(&format!("<html lang=\"{language}\">")));
        let filled = with(with(typed(&id), "lang", language), "comment", language);
        let receipt = form.browser.post("/report", &filled).await;
        assert_eq!(receipt.status, 200, "{}", receipt.body);
        assert!(receipt.body.contains(sent) && receipt.body.contains(blocked), "{}", receipt.body);
        let number = receipt.code();
        assert_eq!(number.len(), 32);
        let asked = [("lang", language.to_owned()), ("report", format!(" {number} "))];
        let status = form.browser.post("/report/status", &asked).await;
        assert_eq!(status.status, 200);
        assert!(status.body.contains(&number) && status.body.contains(stands), "{}", status.body);
    }
    let counted = |status| form.metrics.reports.get_or_create(&[("status", status)]).get();
    assert_eq!(counted("REPORT_STATUS_COUNTED"), 1);
    assert_eq!(counted("REPORT_STATUS_DUPLICATE"), 1);
    let answers = |page, status| {
        form.metrics.form_answers.get_or_create(&[("page", page), ("status", status)]).get()
    };
    assert_eq!((answers("form", "2xx"), answers("status", "2xx")), (4, 2));
    // What the form filed acts as any other report does.
    let own = ask(&form.memory, &call(4, &line(1), ANN).offered(at(201)));
    assert_eq!(own.rule, "list.block");
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_twice_is_one_report() {
    let form = Form::begin();
    let (_, id) = form.empty("en").await;
    let filled = typed(&id);
    let (first, again) =
        tokio::join!(form.browser.post("/report", &filled), form.browser.post("/report", &filled));
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(first.code(), again.code());
    // Another answer on the page that a browser kept is another report, and none is swallowed.
    let other = form.browser.post("/report", &with(typed(&id), "comment", "x")).await;
    assert_ne!(other.code(), first.code());
    let (_, fresh) = form.empty("en").await;
    assert_ne!(fresh, id);
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outsider_and_a_fax_by_its_id_are_taken_too() {
    let form = Form::begin();
    let (_, id) = form.empty("en").await;
    let outsider = with(with(typed(&id), "account", ""), "contact", "clinic@example.net");
    let receipt = form.browser.post("/report", &outsider).await;
    assert_eq!(receipt.status, 200, "{}", receipt.body);
    assert!(receipt.body.contains("a person will look at it"), "{}", receipt.body);
    for name in [call(1, "", ANN).id().to_string(), "node/1".to_owned()] {
        let by_id = with(with(with(typed(&id), "called", ""), "fax", &name), "date", "");
        let by_id = with(by_id, "time", "");
        let receipt = form.browser.post("/report", &by_id).await;
        assert_eq!(receipt.status, 200, "{name}: {}", receipt.body);
    }
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_time_of_the_number_is_meant() {
    let form = Form::begin();
    let (_, id) = form.empty("en").await;
    // A day either way is still about then: in New York, not in UTC, the fax came at noon.
    for (date, time, found) in [
        ("2026-11-18", "", true),
        ("", "", true),
        ("2026-11-19", "11:59", true),
        ("2026-11-19", "12:05", false),
        ("2026-11-17", "12:05", true),
        ("2026-11-17", "11:55", false),
    ] {
        let dated = with(with(typed(&id), "date", date), "time", time);
        let answer = form.browser.post("/report", &dated).await;
        let expected = if found { 200 } else { 422 };
        assert_eq!(answer.status, expected, "{date} {time}: {}", answer.body);
        assert_eq!(answer.body.contains("We found no such fax"), !found);
    }
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_stands_at_its_field_and_nothing_typed_is_lost() {
    let form = Form::begin();
    let (_, id) = form.empty("en").await;
    let empty = form.browser.post("/report", &[("request-id", id.clone())]).await;
    assert_eq!(empty.status, 422);
    for (field, told) in [
        ("category", "Choose one of these."),
        ("called", "Give the id of the fax"),
        ("account", "Give your account number"),
    ] {
        empty.assert_fault(field, told);
    }
    // One answer of the two is wanted, and not both.
    assert!(!empty.body.contains("contact-fault"));
    let mut wrong = vec![("request-id", id.clone())];
    let long = "x".repeat(300);
    for (field, value, _) in FAULTY {
        let value = if value == "LONG" { &long } else { value };
        wrong.push((field, value.to_owned()));
    }
    let answer = form.browser.post("/report?lang=en", &wrong).await;
    assert_eq!(answer.status, 422);
    for (field, value, told) in FAULTY {
        answer.assert_fault(field, told);
        if value != "LONG" && !["abuse", "category", "shows-date"].contains(&field) {
            assert!(answer.body.contains(&format!("\"{value}\"")), "{field}");
        }
    }
    assert_eq!(answer.value_of("request-id"), id);
    assert!(answer.body.contains("<details open>"));
    assert!(answer.body.contains("<title>Please look at these answers again"));
    // In the order of the page, each a way to its field.
    let at = |field: &str| answer.body.find(&format!("<li><a href=\"#{field}\">")).unwrap();
    assert!(at("category") < at("called") && at("called") < at("contact"));
    let swedish = form.browser.post("/report", &with(wrong, "lang", "sv")).await;
    swedish.assert_fault("category", "Välj ett av de här.");
    form.end().await;
}

/// Fields, what is typed there, and what is told.
const FAULTY: [(&str, &str, &str); 8] = [
    ("category", "spam", "Choose one of these."),
    ("abuse", "boredom", "Choose one of these."),
    ("called", "12", "This is no telephone number."),
    ("date", "yesterday", "This is no date."),
    ("time", "25:00", "This is no time of day."),
    ("caller", "somebody", "This is no telephone number."),
    ("contact", "LONG", "This is too long (at most 256 bytes)."),
    ("shows-date", "perhaps", "Choose one of these."),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_fax_that_never_came_is_said_at_the_fax() {
    let form = Form::begin();
    let (_, id) = form.empty("en").await;
    let other = form.browser.post("/report", &with(typed(&id), "account", "bob")).await;
    assert_eq!(other.status, 422);
    other.assert_fault("called", "did not reach a number of yours");
    let by_id = with(typed(&id), "fax", &"0".repeat(32));
    form.browser.post("/report", &by_id).await.assert_fault("fax", "We found no such fax");
    form.browser
        .post("/report", &with(typed(&id), "fax", "7"))
        .await
        .assert_fault("fax", "no id of a fax");
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reporters_and_networks_have_a_share() {
    let guards = Guards {
        networks: few(3),
        reports: few(2),
        merged_reports: few(1),
        merged_networks: few(1),
        ..Guards::serving()
    };
    let form = Form::odd(Odd { guards, ..Odd::default() });
    let (_, id) = form.empty("en").await;
    let from = |address: &str, form: &Form, comment: &str| {
        let (browser, filled) = (form.browser, with(typed(&id), "comment", comment));
        let address = address.to_owned();
        async move { browser.post_as("/report", &filled, &[("X-Forwarded-For", &address)]).await }
    };
    for address in ["192.0.2.1", "198.51.100.1"] {
        assert_eq!(from(address, &form, address).await.status, 200);
    }
    // The reporter's share is used up, wherever it comes from: what comes is kept, and merged with the others.
    let merged = from("203.0.113.1", &form, "3").await;
    assert_eq!(merged.status, 200);
    assert!(merged.body.contains("joined with others"), "{}", merged.body);
    // Then that is used up too.
    let refused = from("203.0.113.1", &form, "4").await;
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert!(refused.body.contains("Please wait 1 seconds"), "{}", refused.body);
    // A network's is, whoever of it comes.
    let ask = [("report", "0".repeat(32))];
    for (last, status) in [(2, 404), (3, 404), (4, 429)] {
        let address = format!("192.0.2.{last}");
        let answer =
            form.browser.post_as("/report/status", &ask, &[("X-Forwarded-For", &address)]).await;
        assert_eq!(answer.status, status, "{address}");
    }
    let read = format!("/v1/reports/{}", "0".repeat(32));
    let json = form.browser.get(&read, &[("X-Forwarded-For", "192.0.2.9")]).await;
    assert_eq!(json.status, 429);
    assert!(json.body.contains("CALLER_OVER_LIMIT") && json.body.contains("RetryInfo"));
    assert!(form.metrics.faults.get_or_create(&[("reason", "CALLER_OVER_LIMIT")]).get() >= 3);
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_is_signed_in_reports_as_a_member_where_a_proxy_says_who_is() {
    let trust = Trust { proxies: Vec::new(), member_header: Some("x-account".parse().unwrap()) };
    let form = Form::odd(Odd { trust, ..Odd::default() });
    let (page, id) = form.empty("en").await;
    assert!(!page.body.contains("name=\"account\"") && page.body.contains("name=\"contact\""));
    let claimed = form.browser.post("/report", &typed(&id)).await;
    assert_eq!(claimed.status, 422);
    claimed.assert_fault("contact", "Give your account number");
    let signed = [("X-Account", "ann")];
    let page = form.browser.get("/report", &signed).await;
    assert!(page.body.contains("You are signed in") && !page.body.contains("name=\"contact\""));
    let filled = with(typed(&id), "account", "bob");
    let receipt = form.browser.post_as("/report", &filled, &signed).await;
    assert!(receipt.body.contains("blocked for your numbers"), "{}", receipt.body);
    form.end().await;
}
