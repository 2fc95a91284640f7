//! What operators see of the process: a log of JSON lines on standard error and a page of metrics. Neither
//! holds a number, an ident or content.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::filter::{EnvFilter, ParseError, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::drain::Draining;
use super::traces::Traces;
use crate::api::trace;
use crate::bounds;
use crate::metrics::Metrics;

/// The environment's say on the log level, over the settings.
pub const LOG_VARIABLE: &str = "FAXGUARD_LOG";
/// Longest that one reader of the metrics page may take.
const PAGE_WAIT: Duration = Duration::from_secs(2);

/// The media type of the page.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Why there is no log.
#[derive(Debug, Error)]
pub enum TelemetryFault {
    /// The filter is not one.
    #[error("log level is malformed (write `info`, or `faxguard=debug,warn`)")]
    Level(#[source] ParseError),
    /// A log is already there.
    #[error("log was already begun in this process")]
    Begun,
}

/// Begins the log at `level`, unless the environment names another, and the spans where somebody collects them.
///
/// # Errors
/// [`TelemetryFault`].
pub fn begin_log(level: &str, traces: Option<&Traces>) -> Result<(), TelemetryFault> {
    let wanted = std::env::var(LOG_VARIABLE).unwrap_or_else(|_| level.to_owned());
    subscriber(&wanted, traces)?.try_init().map_err(|_| TelemetryFault::Begun)
}

/// Log and spans. An absent layer would not be the same as none: it wishes for every span of the program, which is then made
/// for nobody.
fn subscriber(
    wanted: &str,
    traces: Option<&Traces>,
) -> Result<Box<dyn tracing::Subscriber + Send + Sync>, TelemetryFault> {
    let log = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(io::stderr)
        .with_filter(log_filter(wanted)?);
    let logged = tracing_subscriber::registry().with(log);
    Ok(match traces {
        None => Box::new(logged),
        Some(traces) => Box::new(logged.with(span_layer(traces))),
    })
}

/// What is logged: never a span of a call, whatever is wished, so that the spans cost nothing while nobody collects them.
fn log_filter(wanted: &str) -> Result<EnvFilter, TelemetryFault> {
    let filter = EnvFilter::try_new(wanted).map_err(TelemetryFault::Level)?;
    let no_spans = format!("{}=off", trace::TARGET).parse().map_err(TelemetryFault::Level)?;
    Ok(filter.add_directive(no_spans))
}

/// The spans of calls and nothing else: no event, since the log has those, and no place in the code.
fn span_layer<S>(traces: &Traces) -> impl Layer<S> + use<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_opentelemetry::layer()
        .with_tracer(traces.tracer())
        .with_location(false)
        .with_threads(false)
        .with_level(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(Targets::new().with_target(trace::TARGET, tracing::Level::INFO))
}

/// Writes an error and what caused it, once, where it stops.
pub fn log_chain(error: &dyn std::error::Error, what: &'static str) {
    let mut chain = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        chain.push_str(": ");
        chain.push_str(&inner.to_string());
        cause = inner.source();
    }
    tracing::error!(error = chain, "{what}");
}

/// Serves the metrics as OpenMetrics text until the end, one reader after the other: a scrape takes a millisecond, and a
/// second reader never needs to disturb the first.
pub async fn serve_metrics(
    listener: std::net::TcpListener,
    metrics: Arc<Metrics>,
    draining: Draining,
) {
    let listener = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
    let Ok(listener) = listener else {
        tracing::error!("port of the metrics page could not be taken over");
        return;
    };
    let mut ending = pin!(draining.begun());
    loop {
        let accepted = tokio::select! {
            () = &mut ending => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let read = tokio::time::timeout(PAGE_WAIT, read(stream, &metrics)).await;
                if !matches!(read, Ok(Ok(()))) {
                    tracing::debug!("reader of the metrics page went away");
                }
            }
            Err(fault) => {
                tracing::warn!(error = %fault, "metrics page could not accept a reader");
                tokio::time::sleep(PAGE_WAIT).await;
            }
        }
    }
}

async fn read(stream: TcpStream, metrics: &Metrics) -> Result<(), hyper::Error> {
    let answer = service_fn(|request: Request<Incoming>| {
        let response = respond(request.method(), request.uri().path(), metrics);
        std::future::ready(Ok::<_, Infallible>(response))
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PAGE_WAIT)
        .max_buf_size(bounds::METRICS_REQUEST_BYTES_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answer)
        .await
}

fn respond(method: &Method, path: &str, metrics: &Metrics) -> Response<Full<Bytes>> {
    let mut page = String::new();
    let status = if method != Method::GET {
        StatusCode::METHOD_NOT_ALLOWED
    } else if !["/metrics", "/"].contains(&path) {
        StatusCode::NOT_FOUND
    } else if prometheus_client::encoding::text::encode(&mut page, metrics.registry()).is_err() {
        page.clear();
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::OK
    };
    let mut response = Response::new(Full::from(page));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_served_and_nothing_else() {
        let metrics = Metrics::new();
        metrics.scorer_failures.inc();
        for (method, path, status) in [
            (Method::GET, "/metrics", 200),
            (Method::GET, "/", 200),
            (Method::GET, "/../etc", 404),
            (Method::POST, "/metrics", 405),
        ] {
            assert_eq!(respond(&method, path, &metrics).status(), status, "{method} {path}");
        }
    }

    #[test]
    fn a_span_is_off_while_nobody_collects_whatever_is_logged() {
        for wanted in ["trace", "info", "faxguard=trace", "off"] {
            tracing::subscriber::with_default(subscriber(wanted, None).unwrap(), || {
                let span = tracing::info_span!(target: trace::TARGET, "call");
                assert!(span.is_disabled(), "{wanted}");
            });
        }
        assert!(log_filter("faxguard=loud").is_err());
    }

    async fn asked(address: std::net::SocketAddr, request: &[u8]) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut told = Vec::new();
        let _ = stream.read_to_end(&mut told).await;
        String::from_utf8_lossy(&told).into_owned()
    }

    #[tokio::test]
    async fn a_scrape_reads_every_metric_and_a_stranger_none() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (drain, draining) = crate::server::drain::Drain::new();
        let metrics = Arc::new(Metrics::new());
        let serving = tokio::spawn(serve_metrics(listener, metrics, draining));
        let page = asked(address, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("# EOF"), "{page}");
        assert!(page.contains("faxguard_store_condition 0"));
        for strange in [&b"\xff\xfe\r\n\r\n"[..], &[b'A'; 100_000]] {
            assert!(!asked(address, strange).await.contains("faxguard_"));
        }
        drain.begin();
        serving.await.unwrap();
    }
}
