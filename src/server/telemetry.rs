//! What operators see of the process: a log of JSON lines on standard error and a page of metrics. Neither
//! holds a number, an ident or content.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::bounds;
use crate::metrics::Metrics;

/// The environment's say on the log level, over the settings.
pub const LOG_VARIABLE: &str = "FAXGUARD_LOG";
/// Longest that one reader of the metrics page may take.
const PAGE_WAIT: Duration = Duration::from_secs(2);

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

/// Begins the log at `level`, unless the environment names another.
///
/// # Errors
/// [`TelemetryFault`].
pub fn begin_log(level: &str) -> Result<(), TelemetryFault> {
    let wanted = std::env::var(LOG_VARIABLE).unwrap_or_else(|_| level.to_owned());
    let filter = EnvFilter::try_new(wanted).map_err(TelemetryFault::Level)?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(io::stderr)
        .with_env_filter(filter)
        .try_init()
        .map_err(|_| TelemetryFault::Begun)
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

/// Serves the metrics as OpenMetrics text to whoever connects, one reader after the other: a scrape
/// takes a millisecond, and a second reader never needs to disturb the first.
pub async fn serve_metrics(listener: TcpListener, metrics: Arc<Metrics>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let answered = tokio::time::timeout(PAGE_WAIT, answer(stream, &metrics)).await;
                if !matches!(answered, Ok(Ok(()))) {
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

async fn answer(mut stream: TcpStream, metrics: &Metrics) -> io::Result<()> {
    let mut request = Vec::with_capacity(bounds::METRICS_REQUEST_BYTES_MAX);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if request.len() >= bounds::METRICS_REQUEST_BYTES_MAX
            || stream.read_buf(&mut request).await? == 0
        {
            break;
        }
    }
    let response = respond(&request, metrics);
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

fn respond(request: &[u8], metrics: &Metrics) -> String {
    let wanted = [&b"GET /metrics "[..], b"GET / "];
    let mut page = String::new();
    let status = if !wanted.into_iter().any(|start| request.starts_with(start)) {
        "404 Not Found"
    } else if prometheus_client::encoding::text::encode(&mut page, metrics.registry()).is_err() {
        page.clear();
        "500 Internal Server Error"
    } else {
        "200 OK"
    };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/openmetrics-text; version=1.0.0; \
         charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
        page.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_served_and_nothing_else() {
        let metrics = Metrics::new();
        metrics.scorer_failures.inc();
        let page = respond(b"GET /metrics HTTP/1.1\r\n\r\n", &metrics);
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("scorer_failures_total 1"));
        for other in [&b""[..], b"GET /../etc HTTP/1.1", b"POST /metrics HTTP/1.1", b"\xff\xfe"] {
            assert!(respond(other, &metrics).starts_with("HTTP/1.1 404"));
        }
    }
}
