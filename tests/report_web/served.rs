//! The whole server: a report typed into the form, and its notice at the provider's mailer.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;

use faxguard::server::assemble::assemble;
use faxguard::server::start::{Overrides, Start};
use faxguard::time::WallClock;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::*;

/// A mailer that takes everything, and what it took.
async fn mailer() -> (u16, Arc<Mutex<Vec<Value>>>, JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken: Arc<Mutex<Vec<Value>>> = Arc::default();
    let into = Arc::clone(&taken);
    let receiving = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let into = Arc::clone(&into);
            tokio::spawn(async move {
                let answer = service_fn(|request: Request<Incoming>| {
                    let into = Arc::clone(&into);
                    async move {
                        let body = request.into_body().collect().await?.to_bytes();
                        into.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                        Ok::<_, hyper::Error>(Response::new(Full::<Bytes>::default()))
                    }
                });
                let served = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                let _: Result<(), hyper::Error> = served.await;
            });
        }
    });
    (port, taken, receiving)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_the_form_is_answered_by_a_notice_in_its_language() {
    let folder = tempfile::tempdir().unwrap();
    let (port, taken, receiving) = mailer().await;
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = format!(
        "[server]\nreport_listen = \"127.0.0.1:0\"\n[notices]\nwebhook = \"http://127.0.0.1:{port}/\"\nsecret_file = \"{}\"\n",
        secret.display()
    );
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, text).unwrap();
    let data = Some(folder.path().join("data"));
    let start = Start::read(Some(&file), Overrides { data, listen: None }).unwrap();
    let assembling = move || assemble(&start, Timepiece::Server(Arc::new(WallClock)));
    let server = tokio::task::spawn_blocking(assembling).await.unwrap().unwrap();
    let browser = Browser(server.form.as_ref().unwrap().listener.local_addr().unwrap());
    let (drain, draining) = Drain::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let serving = tokio::spawn(server.run(listener, draining));
    let outsider = [
        ("lang", "sv"),
        ("category", "junk"),
        ("called", ANN),
        ("contact", "clinic@example.net"),
        ("name", "A. Reporter"),
        ("advertises", "yes"),
        ("identifiers", "+1 800 555 0199\r\ntoner.example"),
    ]
    .map(|(field, value)| (field, value.to_owned()));
    let receipt = browser.post("/report", &outsider).await;
    assert_eq!(receipt.status, 200, "{}", receipt.body);
    let number = receipt.code();
    let mut notice = Value::Null;
    while notice.is_null() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        notice = taken.lock().unwrap().first().cloned().unwrap_or_default();
    }
    assert_eq!(notice["type"], "faxguard.notice");
    let told = &notice["data"];
    assert_eq!((&told["kind"], &told["language"]), (&"NOTICE_KIND_RECEIPT".into(), &"sv".into()));
    assert_eq!(told["recipient"]["contact"], "clinic@example.net");
    assert_eq!(told["subject"], "Vi har tagit emot din anmälan");
    assert!(told["text"].as_str().unwrap().contains(&number), "{told}");
    // Too long an answer to the folded part is told at its field.
    let mut long = outsider.to_vec();
    long.push(("company", "x".repeat(300)));
    let answer = browser.post("/report", &long).await;
    answer.assert_fault("company", "högst 256 byte");
    drain.begin();
    serving.await.unwrap().unwrap();
    receiving.abort();
}
