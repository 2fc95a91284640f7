//! What a node says of its lines, dials and cores, so that those who share them share what there is.
//!
//! It is said beside the questions and never in their way: a report that is late is dropped, and the next one says more
//! than it would have.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use tonic::Request;

use super::Client;
use crate::bounds::{NODE_LINES_MAX, NODE_USAGE_EVERY_MS, NODE_USAGE_MS, NODE_USAGE_SPARE_MS};
use crate::node::answer::Answer;
use crate::node::digest::name_of;
use crate::time::{Span, Timestamp};
use crate::wire::screening::v1 as wire;
use wire::screen_fax_request::Stage;
use wire::screening_service_client::ScreeningServiceClient;

/// The longest that a dial counts of which no end is told: longer than any call is estimated at.
const DIAL_LONGEST: Span = Span::seconds(4 * 3_600);

/// Dials under way, by what their fax is called.
#[derive(Debug)]
pub(super) struct Dials {
    lines: u64,
    begun: Mutex<HashMap<String, Timestamp>>,
}

impl Dials {
    /// Of a node with so many outbound lines.
    pub(super) fn of_lines(lines: u64) -> Self {
        Self { lines, begun: Mutex::default() }
    }

    /// Notes the answer to a stage: a dial begins when it is let go, and ends when its result is told.
    pub(super) fn note(
        &self,
        request: &wire::ScreenFaxRequest,
        verdict: &wire::Verdict,
        now: Timestamp,
    ) {
        let name = || name_of::<12>(&[request.fax_id.as_bytes()]);
        match &request.stage {
            Some(Stage::Dialing(_)) => {
                let waits = verdict.bounds.as_ref().is_some_and(|it| it.not_before_time.is_some());
                let goes = matches!(verdict.action(), wire::Action::Allow | wire::Action::Bound);
                let mut begun = self.begun.lock();
                if goes && !waits && begun.len() < NODE_LINES_MAX {
                    begun.insert(name(), now);
                }
            }
            Some(Stage::DialResult(_)) => {
                self.begun.lock().remove(&name());
            }
            _ => {}
        }
    }

    /// What there is of lines, and how many of them are in use.
    pub(super) fn usage(&self, now: Timestamp) -> wire::ResourceUsage {
        let mut begun = self.begun.lock();
        begun.retain(|_, since| now.since(*since) < DIAL_LONGEST);
        wire::ResourceUsage {
            resource: "lines".into(),
            capacity: self.lines,
            in_use: u64::try_from(begun.len()).unwrap_or(u64::MAX),
            queued: 0,
        }
    }
}

impl Client {
    /// Says once what the node has and uses, and how much more waits for it: one entry a resource, `lines`, `call_attempts` or
    /// `conversion`. Takes two seconds at most. The names of what is contended over all nodes now, or `None` where nobody
    /// answered: what was said counts for half a minute, so that nothing is to be done about one that was lost.
    pub async fn report_usage(&self, usages: Vec<wire::ResourceUsage>) -> Option<Vec<String>> {
        self.reporting.store(true, Ordering::Relaxed);
        let told = self.say_usage(usages).await;
        self.reporting.store(false, Ordering::Relaxed);
        told
    }

    async fn say_usage(&self, usages: Vec<wire::ResourceUsage>) -> Option<Vec<String>> {
        let longest = Duration::from_millis(NODE_USAGE_MS);
        let mut said =
            Request::new(wire::ReportUsageRequest { node_id: self.node_id.clone(), usages });
        said.set_timeout(longest);
        let call = async {
            let mut service = ScreeningServiceClient::new(self.channel()?);
            Some(service.report_usage(said).await.ok()?.into_inner().contended_resources)
        };
        tokio::time::timeout(longest, call).await.ok().flatten()
    }

    /// Says what `look` finds every five seconds, for as long as it is polled; never ends. To be spawned, or polled beside
    /// whatever the node does.
    pub async fn keep_reporting(
        &self,
        mut look: impl FnMut() -> Vec<wire::ResourceUsage>,
    ) -> Infallible {
        let mut beat = tokio::time::interval(Duration::from_millis(NODE_USAGE_EVERY_MS));
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            let usages = look();
            if !usages.is_empty() {
                let _contended = self.report_usage(usages).await;
            }
        }
    }

    /// Asks, and reports while the answer is waited for: never instead of it.
    pub(in crate::node) async fn ask_beside(
        &self,
        request: wire::ScreenFaxRequest,
        reporting: Pin<&mut impl Future<Output = Infallible>>,
    ) -> Answer {
        tokio::select! {
            biased;
            answer = self.ask(request) => answer,
            never = reporting => match never {},
        }
    }

    /// Gives a report that is under way a moment, once an answer is out and nothing else is polled until the next question.
    pub(in crate::node) async fn spare(
        &self,
        reporting: Pin<&mut impl Future<Output = Infallible>>,
    ) {
        if self.reporting.load(Ordering::Relaxed) {
            let _never =
                tokio::time::timeout(Duration::from_millis(NODE_USAGE_SPARE_MS), reporting).await;
        }
    }

    /// Lets the time between two reports pass.
    pub(in crate::node) async fn rest(&self) {
        tokio::time::sleep(Duration::from_millis(NODE_USAGE_EVERY_MS)).await;
    }

    /// What there is of this node's lines, by [`Client::with_lines`], and how many of them are in use by the dials that it was
    /// asked about.
    #[must_use]
    pub fn lines(&self) -> Option<wire::ResourceUsage> {
        self.dials.as_ref().map(|dials| dials.usage(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(fax: &str, stage: Stage) -> wire::ScreenFaxRequest {
        wire::ScreenFaxRequest { fax_id: fax.into(), stage: Some(stage), ..Default::default() }
    }

    #[test]
    fn a_line_is_in_use_from_the_dial_that_goes_to_its_result() {
        let at = Timestamp::from_seconds;
        let dials = Dials::of_lines(3);
        let verdict = |action: wire::Action, seconds: Option<i64>| wire::Verdict {
            action: action.into(),
            bounds: seconds.map(|seconds| wire::Bounds {
                not_before_time: Some(pbjson_types::Timestamp { seconds, nanos: 0 }),
                ..Default::default()
            }),
            ..Default::default()
        };
        let dialing = |fax| stage(fax, Stage::Dialing(wire::Dialing::default()));
        for (fax, told) in [
            ("a", verdict(wire::Action::Allow, None)),
            ("b", verdict(wire::Action::Bound, None)),
            ("c", verdict(wire::Action::Bound, Some(9))),
            ("d", verdict(wire::Action::RefuseJob, None)),
        ] {
            dials.note(&dialing(fax), &told, at(1));
        }
        let usage = |now| (dials.usage(now).capacity, dials.usage(now).in_use);
        assert_eq!(usage(at(2)), (3, 2));
        let ended = stage("a", Stage::DialResult(wire::DialResult::default()));
        dials.note(&ended, &wire::Verdict::default(), at(3));
        assert_eq!((usage(at(4)), usage(at(1 + 4 * 3_600))), ((3, 1), (3, 0)));
    }
}
