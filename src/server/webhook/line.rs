//! A connection to the receiver of notices, and what it says of one.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::target::Target;
use crate::bounds;

/// What the receiver says of one notice itself, and not of the way to it: another of it may be taken.
const REFUSALS: [StatusCode; 4] = [
    StatusCode::BAD_REQUEST,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
];

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Posted {
    /// Taken: a status of 2xx.
    Taken,
    /// Refused by itself.
    Refused,
    /// Not taken, and nothing is known of why.
    Failed {
        /// For the metrics.
        reason: &'static str,
        /// When to come back, where the receiver says.
        retry_after: Option<Duration>,
    },
}

impl Posted {
    /// Whether the receiver answered at all, so that the line is good.
    pub(super) const fn is_answer(self) -> bool {
        matches!(self, Self::Taken | Self::Refused)
    }
}

/// An open connection. It is closed when it is dropped.
#[derive(Debug)]
pub(super) struct Line {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Line {
    /// Connects.
    ///
    /// # Errors
    /// What could not be done, for the metrics.
    pub(super) async fn open(target: &Target) -> Result<Self, &'static str> {
        let place = (target.host(), target.port());
        let stream = TcpStream::connect(place).await.map_err(|_| "connect")?;
        stream.set_nodelay(true).map_err(|_| "connect")?;
        match target.connector() {
            None => Self::over(stream).await,
            Some((connector, name)) => {
                let encrypted = connector.connect(name, stream).await.map_err(|_| "tls")?;
                Self::over(encrypted).await
            }
        }
    }

    async fn over<I>(stream: I) -> Result<Self, &'static str>
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let opened = http1::Builder::new()
            .max_buf_size(bounds::WEBHOOK_ANSWER_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await;
        let (sender, connection) = opened.map_err(|_| "connect")?;
        let driver = tokio::spawn(async move {
            // How it ended is seen by who waits for an answer.
            let _ = connection.await;
        });
        Ok(Self { sender, driver })
    }

    /// Posts one request and reads its answer.
    pub(super) async fn post(&mut self, request: Option<Request<Full<Bytes>>>) -> Posted {
        let broken = |reason| Posted::Failed { reason, retry_after: None };
        let Some(request) = request else { return broken("request") };
        if self.sender.ready().await.is_err() {
            return broken("closed");
        }
        let Ok(response) = self.sender.send_request(request).await else {
            return broken("closed");
        };
        let status = response.status();
        let retry_after = retry_after(response.headers());
        // The line is good for the next only when this answer is over.
        if !read_out(response.into_body()).await {
            return if status.is_success() { Posted::Taken } else { broken("closed") };
        }
        if status.is_success() {
            Posted::Taken
        } else if REFUSALS.contains(&status) {
            Posted::Refused
        } else {
            Posted::Failed { reason: "status", retry_after }
        }
    }
}

/// Reads an answer to its end; what it says is not looked at.
async fn read_out<B>(body: B) -> bool
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Limited::new(body, bounds::WEBHOOK_ANSWER_BYTES_MAX).collect().await.is_ok()
}

/// Whole seconds of a header `Retry-After`; a date is not believed, since clocks differ.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
