//! What the pages are made of: headers, labels, and nothing from elsewhere.

use std::collections::BTreeSet;

use super::*;

/// The tags of a page: name, and what stands behind it up to `>`.
fn tags(html: &str) -> impl Iterator<Item = (&str, &str)> {
    html.split('<').skip(1).filter_map(|tag| {
        let tag = tag.split_once('>')?.0;
        Some(tag.split_once(char::is_whitespace).unwrap_or((tag, "")))
    })
}

/// An attribute of a tag.
fn attribute<'a>(rest: &'a str, name: &str) -> Option<&'a str> {
    let at = format!("{name}=\"");
    let begins = rest
        .match_indices(&at)
        .find(|(place, _)| *place == 0 || rest.as_bytes()[place - 1].is_ascii_whitespace())?;
    rest[begins.0 + at.len()..].split_once('"').map(|(value, _)| value)
}

/// Holds what every page must be to be read by everybody, and to tell nobody.
#[track_caller]
fn assert_sound(answer: &Answer, lang: &str) {
    let html = &answer.body;
    assert!(html.starts_with(&format!("<!doctype html>\n<html lang=\"{lang}\">")), "{html}");
    assert!(
        html.contains("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
    );
    let names: Vec<&str> = tags(html).map(|(name, _)| name).collect();
    let count = |name: &str| names.iter().filter(|has| **has == name).count();
    assert_eq!((count("h1"), count("main"), count("title")), (1, 1, 1));
    for missing in ["script", "img", "iframe", "object", "embed", "style", "video", "audio"] {
        assert_eq!(count(missing), 0, "{missing}");
    }
    let ids: Vec<&str> = tags(html).filter_map(|(_, rest)| attribute(rest, "id")).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "ids are unique");
    let labelled: BTreeSet<&str> = tags(html)
        .filter(|(name, _)| *name == "label")
        .filter_map(|(_, rest)| attribute(rest, "for"))
        .collect();
    for (name, rest) in tags(html) {
        assert!(!rest.contains(" on") || !rest.contains("=\"javascript"), "{rest}");
        assert!(attribute(rest, "style").is_none() && attribute(rest, "onclick").is_none());
        for link in ["href", "src", "action"].into_iter().filter_map(|link| attribute(rest, link)) {
            assert!(!link.contains(':') && !link.starts_with("//"), "{link}");
            if let Some(target) = link.strip_prefix('#') {
                assert!(ids.contains(&target), "{link}");
            }
        }
        for referred in ["aria-describedby", "aria-labelledby"] {
            for id in attribute(rest, referred).unwrap_or("").split_whitespace() {
                assert!(ids.contains(&id), "{id}");
            }
        }
        let typed = ["input", "select", "textarea"].contains(&name);
        if typed && attribute(rest, "type") != Some("hidden") {
            let id = attribute(rest, "id").unwrap();
            assert!(labelled.contains(id), "{id} has no label");
        }
        if name == "legend" || name == "button" {
            assert!(html.contains(&format!("</{name}>")));
        }
        assert!(attribute(rest, "tabindex").is_none_or(|index| index == "-1"), "{rest}");
    }
    assert!(
        !html.contains("form-") && !html.contains("label-") && !html.contains("hint-\""),
        "a text is missing"
    );
}

#[track_caller]
fn assert_protected(answer: &Answer) {
    for (name, value) in [
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert!(answer.header("permissions-policy").unwrap().contains("camera=()"));
    assert!(answer.header("set-cookie").is_none() && answer.header("server").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_read_by_everybody_and_loads_nothing() {
    let form = Form::begin();
    for (lang, heading) in [("en", "Report a fax"), ("sv", "Anmäl ett fax")] {
        let (empty, id) = form.empty(lang).await;
        assert!(empty.body.contains(&format!("<h1>{heading}</h1>")));
        assert_eq!(empty.header("content-language"), Some(lang));
        assert_eq!(empty.header("vary"), Some("accept-language"));
        let asked = |path: &str| format!("{path}?lang={lang}");
        let browser = form.browser;
        let filled = with(typed(&id), "lang", lang);
        let report = |report: &str| [("lang", lang.to_owned()), ("report", report.to_owned())];
        for (status, page) in [
            (200, empty),
            (422, browser.post("/report", &[("lang", lang.to_owned())]).await),
            (200, browser.post("/report", &filled).await),
            (200, browser.get(&asked("/report/status"), &[]).await),
            (422, browser.post("/report/status", &report("\"><b>")).await),
            (404, browser.post("/report/status", &report(&"7".repeat(32))).await),
            (404, browser.get(&asked("/nothing"), &[]).await),
            (404, browser.get(&asked("/report/nothing"), &[]).await),
            (405, browser.raw(format!("PUT /report?lang={lang} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await),
        ] {
            assert_eq!(page.status, status, "{}", page.body);
            assert_sound(&page, lang);
            assert_protected(&page);
            assert_eq!(page.header("cache-control"), Some("no-store"));
            assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        }
    }
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_is_chosen_by_link_or_by_browser() {
    let form = Form::begin();
    for (path, accepted, lang) in [
        ("/report", "", "en"),
        ("/report", "sv-SE,sv;q=0.9,en;q=0.8", "sv"),
        ("/report", "de", "en"),
        ("/report?lang=sv", "en", "sv"),
        ("/report?lang=sv-FI", "en", "sv"),
        ("/report?lang=en", "sv", "en"),
        ("/report?lang=%ff", "sv", "sv"),
        ("/report?lang=%3Cscript%3E", "sv", "sv"),
    ] {
        let page = form.browser.get(path, &[("Accept-Language", accepted)]).await;
        assert!(page.body.contains(&format!("<html lang=\"{lang}\">")), "{path} {accepted}");
    }
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_style_sheet_is_there_and_asks_for_nothing() {
    let form = Form::begin();
    let style = form.browser.get("/report/style.css", &[]).await;
    assert_eq!(
        (style.status, style.header("content-type")),
        (200, Some("text/css; charset=utf-8"))
    );
    assert_protected(&style);
    assert!(!style.body.contains("url(") && !style.body.contains("@import"));
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_certificate_encrypts_the_form() {
    use rcgen::{CertificateParams, KeyPair};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let tls = faxguard::policy::settings::Tls {
        certificate: file("server.pem", certificate.pem()),
        private_key: file("server.key", key.serialize_pem()),
        client_authorities: file("ca.pem", certificate.pem()),
        report: vec!["form.fax.example".into()],
        ..Default::default()
    };
    let form = Form::odd(Odd { door: Door::new(&tls).unwrap(), ..Odd::default() });
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let mut config =
        ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = tokio::net::TcpStream::connect(form.browser.0).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    stream
        .write_all(b"GET /report HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut told = Vec::new();
    let _ = stream.read_to_end(&mut told).await;
    let page = Answer::read(&told);
    assert_eq!(page.status, 200);
    assert_eq!(page.header("strict-transport-security"), Some("max-age=31536000"));
    // Without encryption nothing is said.
    assert_eq!(form.browser.get("/report", &[]).await.status, 0);
    form.end().await;
}
