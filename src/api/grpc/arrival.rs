//! When a call came, and until when its caller waits for the answer: whoever has gone on is not worked for.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tonic::Status;
use tonic::codegen::http::HeaderMap;

use crate::metrics::Stopwatch;

/// The header with the time that a caller waits (gRPC over HTTP/2).
const TIMEOUT: &str = "grpc-timeout";
/// Most digits of it.
const DIGITS_MAX: usize = 8;

/// The arrival of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    came: Stopwatch,
    patience: Option<Duration>,
}

impl Arrival {
    /// A call with these headers that is read now. A time that is not readable is none, as if none were given.
    pub(super) fn now(headers: &HeaderMap) -> Self {
        let patience = headers.get(TIMEOUT).and_then(|value| timeout(value.as_bytes()));
        Self { came: Stopwatch::start(), patience }
    }

    /// How long it has waited.
    pub(super) fn waited(&self) -> Duration {
        self.came.elapsed()
    }

    /// Whether nobody waits for its answer any more.
    pub(super) fn is_over(&self) -> bool {
        self.patience.is_some_and(|patience| self.waited() >= patience)
    }

    /// What a caller is told that has gone on: nobody reads it.
    pub(super) fn expired() -> Status {
        Status::deadline_exceeded("the caller's own deadline has passed")
    }

    /// Waits for an answer as long as the caller does. Most answers are there at once and need no timer.
    pub(super) async fn before_end<T>(
        self,
        answering: impl Future<Output = T> + Unpin,
    ) -> Result<T, Status> {
        let mut answering = answering;
        let Some(patience) = self.patience else { return Ok(answering.await) };
        let at_once =
            poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut answering).poll(context))).await;
        if let Poll::Ready(answer) = at_once {
            return Ok(answer);
        }
        let left = patience.saturating_sub(self.waited());
        tokio::time::timeout(left, answering).await.map_err(|_| Self::expired())
    }
}

/// Reads a time: at most eight digits and a unit.
fn timeout(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.is_empty() || digits.len() > DIGITS_MAX || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count = digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(count * 3_600)),
        b'M' => Some(Duration::from_secs(count * 60)),
        b'S' => Some(Duration::from_secs(count)),
        b'm' => Some(Duration::from_millis(count)),
        b'u' => Some(Duration::from_micros(count)),
        b'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_protocol_writes_them() {
        for (text, expected) in [
            ("1S", Some(Duration::from_secs(1))),
            ("99999999m", Some(Duration::from_millis(99_999_999))),
            ("2H", Some(Duration::from_secs(7_200))),
            ("3M", Some(Duration::from_secs(180))),
            ("0n", Some(Duration::ZERO)),
            ("50u", Some(Duration::from_micros(50))),
            ("", None),
            ("S", None),
            ("1", None),
            ("-1S", None),
            ("1s", None),
            ("123456789S", None),
        ] {
            assert_eq!(timeout(text.as_bytes()), expected, "{text}");
        }
    }

    #[tokio::test]
    async fn whoever_has_gone_on_is_told_so() {
        let mut headers = HeaderMap::new();
        headers.insert(TIMEOUT, "0n".parse().unwrap());
        let arrival = Arrival::now(&headers);
        assert!(arrival.is_over());
        let never = std::future::pending::<()>();
        assert_eq!(
            arrival.before_end(never).await.unwrap_err().code(),
            tonic::Code::DeadlineExceeded
        );
        let patient = Arrival::now(&HeaderMap::new());
        assert!(!patient.is_over());
        assert_eq!(patient.before_end(std::future::ready(5)).await.unwrap(), 5);
    }
}
