//! The webhook: the outbox, pushed to the provider's mailer one notice after the other, oldest first, until each was taken. At
//! least once: what was taken and could not be acknowledged comes again under the same id.

mod line;
mod signature;
mod target;

use std::collections::HashMap;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

pub use signature::{Secret, SecretFault};
pub use target::{Target, TargetFault};

use super::drain::Draining;
use crate::api::outbox::{NoticeId, Outbox, OutboxNotice};
use crate::bounds;
use crate::metrics::{Metrics, Stopwatch};
use crate::time::Clock;
use line::{Line, Posted};

/// How long the webhook waits. By default as long as `bounds` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookWaits {
    /// For an answer, connecting included.
    pub answer: Duration,
    /// After the first failure, and at most.
    pub retry: (Duration, Duration),
    /// Until an outbox that was empty is looked at again.
    pub look: Duration,
}

impl Default for WebhookWaits {
    fn default() -> Self {
        let (first, most) = bounds::WEBHOOK_RETRY_MS;
        Self {
            answer: Duration::from_millis(bounds::WEBHOOK_WAIT_MS),
            retry: (Duration::from_millis(first), Duration::from_millis(most)),
            look: Duration::from_millis(bounds::WEBHOOK_LOOK_MS),
        }
    }
}

/// The webhook, before it runs.
#[derive(Clone)]
pub struct Webhook {
    /// Where notices go.
    pub target: Arc<Target>,
    /// Where they come from.
    pub outbox: Arc<dyn Outbox>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// How long is waited.
    pub waits: WebhookWaits,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("target", &self.target).finish_non_exhaustive()
    }
}

/// What to do after a look at the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// There may be more.
    GoOn,
    /// There is no more now.
    Look,
    /// Something failed; not before so long, where the receiver says so.
    Retry(Option<Duration>),
}

/// A notice that its receiver refused by itself: the others go on.
#[derive(Debug)]
struct Aside {
    since: Stopwatch,
    tries: u32,
    wait: Duration,
}

/// The webhook at work.
struct Running {
    webhook: Webhook,
    line: Option<Line>,
    aside: HashMap<NoticeId, Aside>,
}

impl Webhook {
    /// Delivers until the end begins. What is under way then is not waited for: it comes again.
    pub async fn run(self, draining: Draining) {
        let mut ending = pin!(draining.begun());
        let waits = self.waits;
        let mut running = Running { webhook: self, line: None, aside: HashMap::new() };
        let mut failures = 0_u32;
        loop {
            let next = tokio::select! {
                () = &mut ending => return,
                next = running.round() => next,
            };
            let pause = match next {
                Next::GoOn | Next::Look => {
                    failures = 0;
                    if next == Next::GoOn { Duration::ZERO } else { waits.look }
                }
                Next::Retry(asked) => {
                    failures = failures.saturating_add(1);
                    let own = backoff(waits.retry, failures);
                    own.max(asked.unwrap_or_default()).min(waits.retry.1)
                }
            };
            tokio::select! {
                () = &mut ending => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

/// The wait after so many failures in a row: doubled with each up to the most, of which a random half is taken off, so that
/// several senders do not come back at once.
fn backoff((first, most): (Duration, Duration), failures: u32) -> Duration {
    let doubled =
        first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    let wait = doubled.min(most);
    let part = getrandom::u32().unwrap_or(0) >> 16;
    wait - wait / 2 * part / (1 << 16)
}

impl Running {
    /// One look at the outbox: hands out what is pending, and acknowledges what was taken.
    async fn round(&mut self) -> Next {
        let limit = bounds::WEBHOOK_BATCH + self.aside.len();
        let outbox = Arc::clone(&self.webhook.outbox);
        let looked = tokio::task::spawn_blocking(move || outbox.pending(limit)).await;
        let Ok(Ok(pending)) = looked else {
            return self.failed("outbox", None);
        };
        let age = pending
            .first()
            .map_or(0, |oldest| self.webhook.clock.now().since(oldest.created).as_seconds());
        self.webhook.metrics.webhook_oldest_seconds.set(i64::try_from(age).unwrap_or(i64::MAX));
        self.aside.retain(|id, _| pending.iter().any(|notice| notice.id == *id));
        let whole = pending.len() == limit;
        let due = pending.into_iter().filter(|notice| self.is_due(notice.id)).collect::<Vec<_>>();
        if due.is_empty() {
            // An idle line would be closed by the receiver at a moment of its own.
            self.line = None;
            return Next::Look;
        }
        let (taken, ended) = self.hand_out(due).await;
        if !self.acknowledge(taken).await {
            return self.failed("outbox", None);
        }
        ended.unwrap_or(if whole { Next::GoOn } else { Next::Look })
    }

    fn is_due(&self, id: NoticeId) -> bool {
        self.aside.get(&id).is_none_or(|aside| aside.since.elapsed() >= aside.wait)
    }

    /// Posts notices in their order, until one fails.
    async fn hand_out(&mut self, due: Vec<OutboxNotice>) -> (Vec<NoticeId>, Option<Next>) {
        let mut taken = Vec::new();
        let mut since = Stopwatch::start();
        for notice in due {
            match self.post(&notice).await {
                Posted::Taken => {
                    self.webhook.metrics.webhook_notices.inc();
                    self.aside.remove(&notice.id);
                    taken.push(notice.id);
                }
                Posted::Refused => {
                    self.count("refused");
                    if !self.put_aside(notice.id) {
                        return (taken, Some(self.failed("refused", None)));
                    }
                }
                Posted::Failed { reason, retry_after } => {
                    return (taken, Some(self.failed(reason, retry_after)));
                }
            }
            // A slow receiver must not have all of them again after a crash.
            if since.elapsed() >= self.webhook.waits.look {
                if !self.acknowledge(std::mem::take(&mut taken)).await {
                    return (taken, Some(self.failed("outbox", None)));
                }
                since = Stopwatch::start();
            }
        }
        (taken, None)
    }

    /// Leaves a notice for later; false where too many are left already.
    fn put_aside(&mut self, id: NoticeId) -> bool {
        let full = self.aside.len() >= bounds::WEBHOOK_ASIDE_MAX;
        let tries = self.aside.get(&id).map_or(1, |aside| aside.tries.saturating_add(1));
        if full && tries == 1 {
            return false;
        }
        let wait = backoff(self.webhook.waits.retry, tries);
        self.aside.insert(id, Aside { since: Stopwatch::start(), tries, wait });
        true
    }

    /// Posts a notice, on the line that is there or else on a new one.
    async fn post(&mut self, notice: &OutboxNotice) -> Posted {
        let now = self.webhook.clock.now();
        let target = Arc::clone(&self.webhook.target);
        let request = || target.request(notice, now);
        let posting = async {
            if let Some(mut line) = self.line.take() {
                let posted = line.post(request()).await;
                if posted.is_answer() {
                    self.line = Some(line);
                    return posted;
                }
                // The receiver may have closed it meanwhile, which says nothing of the notice.
            }
            match Line::open(&target).await {
                Ok(mut line) => {
                    let posted = line.post(request()).await;
                    if posted.is_answer() {
                        self.line = Some(line);
                    }
                    posted
                }
                Err(reason) => Posted::Failed { reason, retry_after: None },
            }
        };
        let late = Posted::Failed { reason: "timeout", retry_after: None };
        tokio::time::timeout(self.webhook.waits.answer, posting).await.unwrap_or(late)
    }

    async fn acknowledge(&self, ids: Vec<NoticeId>) -> bool {
        if ids.is_empty() {
            return true;
        }
        let outbox = Arc::clone(&self.webhook.outbox);
        let done = tokio::task::spawn_blocking(move || outbox.acknowledge(&ids)).await;
        matches!(done, Ok(Ok(())))
    }

    fn failed(&mut self, reason: &'static str, retry_after: Option<Duration>) -> Next {
        self.line = None;
        self.count(reason);
        tracing::debug!(reason, "notices could not be delivered and are tried again");
        Next::Retry(retry_after)
    }

    fn count(&self, reason: &'static str) {
        self.webhook.metrics.webhook_failures.get_or_create(&[("reason", reason)]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_most_and_are_not_all_alike() {
        let between = (Duration::from_secs(1), Duration::from_secs(300));
        for (failures, most) in [(1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (u32::MAX, 300)] {
            let most = Duration::from_secs(most);
            let waits: Vec<_> = (0..100).map(|_| backoff(between, failures)).collect();
            assert!(waits.iter().all(|wait| (most / 2..=most).contains(wait)), "{failures}");
            assert!(waits.iter().any(|wait| *wait != waits[0]), "{failures}");
        }
    }
}
