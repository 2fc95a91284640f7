//! Pages: templates that escape what is put into them, and the headers that every answer has. No script, no cookie, and nothing
//! from elsewhere.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use minijinja::{Environment, Value, context};

use crate::texts::{Language, Texts};

/// The templates, by name. The ending makes them escape.
const TEMPLATES: [(&str, &str); 4] = [
    ("layout.html", include_str!("templates/layout.html")),
    ("form.html", include_str!("templates/form.html")),
    ("report.html", include_str!("templates/report.html")),
    ("failed.html", include_str!("templates/failed.html")),
];
const STYLE: &str = include_str!("templates/style.css");

/// What every answer says to the browser: run nothing, load nothing but the style sheet, tell nobody, keep nothing.
const HEADERS: [(HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (header::CACHE_CONTROL, "no-store"),
];
/// Beside them where the connection is encrypted (RFC 6797).
const ENCRYPTED: &str = "max-age=31536000";

/// What a page is made in: its language, and where it stands below the place of the form.
#[derive(Clone)]
pub(super) struct Setting {
    /// The language.
    pub(super) language: Arc<Language>,
    /// The way back to where `report` is: empty, or `../`.
    pub(super) root: &'static str,
}

/// The templates, parsed.
pub(super) struct Pages(Environment<'static>);

impl Pages {
    /// Parses the templates.
    ///
    /// # Errors
    /// The build is damaged.
    pub(super) fn new() -> Result<Self, minijinja::Error> {
        let mut pages = Environment::new();
        for (name, source) in TEMPLATES {
            pages.add_template(name, source)?;
        }
        Ok(Self(pages))
    }

    /// A page under a status.
    pub(super) fn page(
        &self,
        name: &str,
        status: StatusCode,
        setting: &Setting,
        about: Value,
    ) -> Response {
        let language = Arc::clone(&setting.language);
        let lang = language.tag().to_owned();
        let t = Value::from_function(move |key: &str| language.say(key));
        let common = context! { t, lang, root => setting.root };
        let whole = minijinja::value::merge_maps([about, common]);
        match self.0.get_template(name).and_then(|template| template.render(whole)) {
            Ok(html) => respond(status, "text/html; charset=utf-8", html),
            Err(fault) => {
                // Its kind alone: a longer word could hold what was typed.
                tracing::error!(kind = %fault.kind(), "a page could not be made");
                respond(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "text/plain; charset=utf-8",
                    String::new(),
                )
            }
        }
    }
}

/// The names of all languages, for the links from one to the other.
pub(super) fn languages(texts: &Texts) -> Vec<Value> {
    let named = |language: &Arc<Language>| {
        context! { tag => language.tag(), name => language.say("language-name") }
    };
    texts.languages().map(named).collect()
}

/// The style sheet, the one thing that a browser may keep.
pub(super) fn style() -> Response {
    let mut response = respond(StatusCode::OK, "text/css; charset=utf-8", STYLE.to_owned());
    let keep = HeaderValue::from_static("public, max-age=3600");
    response.headers_mut().insert(header::CACHE_CONTROL, keep);
    response
}

/// An answer of a media type.
pub(super) fn respond(status: StatusCode, media_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// Puts the headers of every answer, over none that is there.
pub(super) fn protect(headers: &mut HeaderMap, encrypted: bool) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if encrypted {
        let value = HeaderValue::from_static(ENCRYPTED);
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(value);
    }
}

/// A text that was typed, as a page may show it again: without what would turn the lines around it.
pub(super) fn shown(typed: &str) -> String {
    typed.chars().filter(|character| !crate::texts::disturbs(*character)).collect()
}
