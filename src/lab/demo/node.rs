//! The nodes' side of the play: a node does what it was told, so what it sends next depends on the verdicts.

use std::collections::HashMap;

use super::player::{Answered, Receipt};
use super::tally::{FaxRecord, Outcome, ReportCounts, Summary};
use crate::lab::traffic::Truth;
use crate::wire::replay::v1::Event;
use crate::wire::replay::v1::event::Event as What;
use crate::wire::report::v1::file_report_request::Fax;
use crate::wire::report::v1::{FileReportRequest, ReportStatus};
use crate::wire::screening::v1::screen_fax_request::Stage;
use crate::wire::screening::v1::screen_fax_result::Result as Answer;
use crate::wire::screening::v1::{Action, ReceiveOutcome, Received, ScreenFaxRequest, Verdict};

/// A verdict that is worth showing.
pub(super) struct Shown {
    /// Seconds since the epoch.
    pub(super) time: i64,
    /// The story.
    pub(super) story: String,
    /// Its position among the faxes of the story, from 1.
    pub(super) position: usize,
    /// Whether the fax is junk.
    pub(super) junk: bool,
    /// The verdict.
    pub(super) verdict: Verdict,
}

/// The routing nodes of the provider, and what they remember of the faxes they carry.
pub(super) struct Nodes {
    faxes: HashMap<String, usize>,
    records: Vec<FaxRecord>,
    shown: Vec<String>,
    reports: ReportCounts,
    releases: usize,
    screened: usize,
    skipped: usize,
    faults: usize,
}

impl Nodes {
    /// The faxes of these events, none of them screened yet.
    pub(super) fn new(events: &[Event]) -> Self {
        let mut faxes = HashMap::new();
        let mut records = Vec::new();
        for event in events {
            if let Some(What::ScreenFax(request)) = event.event.as_ref() {
                faxes.entry(key(request)).or_insert_with(|| {
                    records.push(FaxRecord::new(Truth::read(&event.note), &records));
                    records.len() - 1
                });
            }
        }
        Self {
            faxes,
            records,
            shown: Vec::new(),
            reports: ReportCounts::default(),
            releases: 0,
            screened: 0,
            skipped: 0,
            faults: 0,
        }
    }

    fn record(&mut self, request: &ScreenFaxRequest) -> Option<&mut FaxRecord> {
        self.faxes.get(&key(request)).and_then(|at| self.records.get_mut(*at))
    }

    /// The request a node really sends, given what it was told so far; `None` when it does not come
    /// to this stage.
    pub(super) fn next(
        &mut self,
        event: &Event,
        mut request: ScreenFaxRequest,
    ) -> Option<ScreenFaxRequest> {
        request.event_time = request.event_time.or(event.event_time);
        let sent = self.record(&request).is_none_or(|record| record.goes_on(&mut request));
        if !sent {
            self.skipped += 1;
        }
        sent.then_some(request)
    }

    /// Takes answers in, and picks those to show: the first of a story that is not plain delivery.
    pub(super) fn learn(&mut self, answers: Vec<Answered>) -> Vec<Shown> {
        let mut shown = Vec::new();
        for (request, answer) in answers {
            self.screened += 1;
            let response = match answer.result {
                Some(Answer::Response(response)) => response,
                Some(Answer::Fault(_)) | None => {
                    self.faults += 1;
                    continue;
                }
            };
            let Some(verdict) = response.verdict else {
                self.faults += 1;
                continue;
            };
            let Some(record) = self.record(&request) else { continue };
            record.learn(&request, response.decision_id, &verdict);
            let plain =
                matches!(verdict.action(), Action::Deliver | Action::Allow | Action::Unspecified);
            let (story, position, junk) = (record.story.clone(), record.position, record.junk);
            if !plain && !self.shown.contains(&story) {
                self.shown.push(story.clone());
                let time = request.event_time.map_or(0, |time| time.seconds);
                shown.push(Shown { time, story, position, junk, verdict });
            }
        }
        shown
    }

    /// True unless the report is about a fax that never reached anybody.
    pub(super) fn was_seen(&self, report: &FileReportRequest) -> bool {
        let Some(Fax::NodeFax(fax)) = report.fax.as_ref() else { return true };
        let record = self.faxes.get(fax).and_then(|at| self.records.get(*at));
        record.is_none_or(|record| record.outcome != Outcome::Refused)
    }

    /// Counts a report's receipt.
    pub(super) fn reported(&mut self, receipt: Receipt) {
        let count = match receipt {
            Receipt::Taken(ReportStatus::Counted) => &mut self.reports.counted,
            Receipt::Taken(
                ReportStatus::Duplicate | ReportStatus::Suspended | ReportStatus::Merged,
            ) => &mut self.reports.duplicate,
            Receipt::Taken(ReportStatus::Unverified | ReportStatus::Unspecified) => {
                &mut self.reports.unverified
            }
            Receipt::Refused => &mut self.reports.refused,
        };
        *count += 1;
    }

    /// The decision of a fax, by node and fax id, when it is kept back.
    pub(super) fn held(&self, fax: &str) -> Option<String> {
        let record = self.faxes.get(fax).and_then(|at| self.records.get(*at))?;
        let kept = matches!(record.outcome, Outcome::Quarantined | Outcome::Held);
        kept.then(|| record.decision.clone())
    }

    /// Counts a release.
    pub(super) fn released(&mut self, receipt: Receipt) {
        self.releases += usize::from(receipt != Receipt::Refused);
    }

    /// The figures.
    pub(super) fn summary(self) -> Summary {
        let mut summary = Summary::of(&self.records);
        summary.screened = self.screened;
        summary.skipped = self.skipped;
        summary.faults = self.faults;
        summary.releases = self.releases;
        summary.reports = self.reports;
        summary
    }
}

fn key(request: &ScreenFaxRequest) -> String {
    format!("{}/{}", request.node_id, request.fax_id)
}

impl FaxRecord {
    /// Whether the fax comes to this stage. After a refusal or a stop the node only says that the
    /// call is over; a job that is kept back or refused is not dialled, nor more often than allowed.
    fn goes_on(&mut self, request: &mut ScreenFaxRequest) -> bool {
        match request.stage.as_mut() {
            Some(Stage::Received(received)) if self.outcome == Outcome::Refused => {
                *received = Received {
                    outcome: ReceiveOutcome::Refused as i32,
                    page_count: self.pages,
                    ..Received::default()
                };
                true
            }
            Some(Stage::Handshake(_) | Stage::Page(_)) => self.outcome != Outcome::Refused,
            Some(Stage::Dialing(dialing)) => self.may_dial(dialing.attempt),
            Some(Stage::DialResult(result)) => self.may_dial(result.attempt),
            Some(Stage::Received(_) | Stage::CallOffered(_) | Stage::JobSubmitted(_)) | None => {
                true
            }
        }
    }

    fn may_dial(&self, attempt: u32) -> bool {
        let stopped = matches!(self.outcome, Outcome::Refused | Outcome::Held);
        !stopped && (self.max_dials == 0 || attempt <= self.max_dials)
    }

    fn learn(&mut self, request: &ScreenFaxRequest, decision: String, verdict: &Verdict) {
        self.decision = decision;
        if self.outcome == Outcome::Refused {
            return;
        }
        if let Some(Stage::Page(page)) = request.stage.as_ref() {
            self.pages = page.page_number;
        }
        if let Some(bounds) = verdict.bounds.as_ref().filter(|bounds| bounds.max_dial_count > 0) {
            self.max_dials = bounds.max_dial_count;
        }
        // What was dialled is sent: the verdict after it speaks of the next.
        if matches!(request.stage, Some(Stage::DialResult(_))) {
            return;
        }
        self.outcome = Outcome::of(verdict.action());
        self.reasons = super::show::reasons(verdict);
    }
}
