//! One answer, one line: the form that replay against a server and replay in process share to the last byte.

use serde::Serialize;

use super::failure::Failure;
use super::output::{Form, Output};
use super::text::{Shown, instant, label, milli, safe, sentence};
use crate::time::Timestamp;
use crate::verdict::Score;
use crate::wire::operator::v1::{
    CreateListEntryResponse, ImportDirectoryResponse, ReleaseHeldFaxResponse,
};
use crate::wire::report::v1::FileReportResponse;
use crate::wire::screening::v1::{
    Action, Hit, HitKind, ScreenFaxFault, ScreenFaxResponse, StageKind, Verdict,
};

/// Hits that a line has room for.
const TOP_HITS: usize = 3;

/// What became of one event.
#[derive(Clone, Debug, PartialEq)]
pub struct VerdictLine {
    /// The event's line in its file, from 1.
    pub line: u64,
    /// The event's time.
    pub time: Timestamp,
    /// What was answered.
    pub answer: Answer,
}

/// The answer to one event.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A stage was screened.
    Screened(Box<ScreenFaxResponse>),
    /// The event was refused.
    Fault(Box<ScreenFaxFault>),
    /// A report was filed.
    Reported(Box<FileReportResponse>),
    /// Directory entries that follow each other were imported; they share one line.
    Imported(Box<ImportDirectoryResponse>),
    /// A list entry was made.
    Listed(Box<CreateListEntryResponse>),
    /// A held fax was released.
    Released(Box<ReleaseHeldFaxResponse>),
}

impl VerdictLine {
    /// True for an event that was refused.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        matches!(self.answer, Answer::Fault(_))
    }

    /// Writes the line: aligned text for people, the proto3 JSON of the response for programs.
    ///
    /// # Errors
    /// [`Failure::Write`].
    pub fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        match output.form() {
            Form::People => output.line(self.people(output.shown())),
            Form::Programs => match &self.answer {
                Answer::Screened(response) => json(output, &without_keys(response)),
                Answer::Fault(fault) => json(output, fault),
                Answer::Reported(response) => json(output, response),
                Answer::Imported(response) => json(output, response),
                Answer::Listed(response) => json(output, response),
                Answer::Released(response) => json(output, response),
            },
        }
    }

    /// `TIME DECISION8 STAGE ACTION SCORE P=… hits`, or what stands in their place for an answer
    /// without a verdict.
    #[must_use]
    pub fn people(&self, shown: Shown) -> String {
        let (decision, rest) = match &self.answer {
            Answer::Screened(response) => {
                let verdict = response.verdict.clone().unwrap_or_default();
                (response.decision_id.as_str(), verdict_text(&verdict))
            }
            Answer::Fault(fault) => {
                let text = sentence(&fault.message, shown);
                ("", columns("fault", &safe(&fault.reason), &format!("line {}: {text}", self.line)))
            }
            Answer::Reported(response) => {
                let status = label(response.status().as_str_name(), "REPORT_STATUS_");
                let text = sentence(&response.consequence, shown);
                (response.decision_id.as_str(), columns("report", &status, &text))
            }
            Answer::Imported(response) => ("", directory_text(response, shown)),
            Answer::Listed(response) => {
                let entry = response.entry.clone().unwrap_or_default();
                let list = label(entry.list().as_str_name(), "LIST_KIND_");
                ("", columns("list-entry", "created", &format!("{list} {}", safe(&entry.entry_id))))
            }
            Answer::Released(response) => {
                let fax = response.fax.clone().unwrap_or_default();
                let state = label(fax.state().as_str_name(), "HELD_STATE_");
                let text = columns("held-fax", &state, "");
                return self.joined(&fax.decision_id, &text);
            }
        };
        self.joined(decision, &rest)
    }

    fn joined(&self, decision: &str, rest: &str) -> String {
        let short: String = decision.chars().take(8).collect();
        let short = if short.is_empty() { "-".into() } else { safe(&short) };
        format!("{} {short:<8} {}", instant(self.time), rest.trim_end())
    }
}

/// An answer without the keys that pages are fingerprinted under: they are for nodes, and for nobody's terminal or file.
#[must_use]
pub fn without_keys(response: &ScreenFaxResponse) -> ScreenFaxResponse {
    let mut shown = response.clone();
    let wish = shown.verdict.as_mut().and_then(|verdict| verdict.fingerprint.as_mut());
    wish.into_iter().for_each(|wish| wish.keys.clear());
    shown
}

fn json(output: &mut Output<'_>, value: &impl Serialize) -> Result<(), Failure> {
    output.json(value)
}

fn columns(stage: &str, action: &str, rest: &str) -> String {
    format!("{stage:<13} {action:<15} {rest}")
}

fn directory_text(response: &ImportDirectoryResponse, shown: Shown) -> String {
    let (accepted, refused) = (response.accepted_count, response.refused_count);
    let mut text = format!("accepted={accepted} refused={refused}");
    for entry in response.refused.iter().take(TOP_HITS) {
        text.push_str(&format!("; entry {}: {}", entry.position, sentence(&entry.fault, shown)));
    }
    columns("directory", "imported", &text)
}

/// `STAGE ACTION SCORE P=… hits` of a verdict, score and probability from the exact log-odds.
#[must_use]
pub fn verdict_text(verdict: &Verdict) -> String {
    let score = milli(verdict.log_odds_milli);
    let probability = Score(verdict.log_odds_milli).probability();
    let mut hits: Vec<&Hit> = verdict.hits.iter().filter(|hit| is_evidence(hit)).collect();
    // Stable, so that equal contributions stay in the order of the catalog.
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.contribution_milli.unsigned_abs()));
    let mut rest = format!("{score:>8} P={probability:.3}");
    for hit in hits.into_iter().take(TOP_HITS) {
        rest.push_str(&format!(" {}{}", safe(&hit.name), milli(hit.contribution_milli)));
    }
    columns(&stage_name(verdict.stage()), &action_name(verdict.action()), &rest)
}

/// True for a line of the score that was seen in this fax: neither the prior nor the calibration.
fn is_evidence(hit: &Hit) -> bool {
    match hit.kind() {
        HitKind::Unspecified | HitKind::Prior | HitKind::Calibration => false,
        HitKind::Signal | HitKind::Cap | HitKind::Composite => hit.contribution_milli != 0,
    }
}

/// The name people use for an action.
#[must_use]
pub fn action_name(action: Action) -> String {
    label(action.as_str_name(), "ACTION_")
}

/// The name people use for a stage.
#[must_use]
pub fn stage_name(stage: StageKind) -> String {
    label(stage.as_str_name(), "STAGE_KIND_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(kind: HitKind, name: &str, contribution_milli: i32) -> Hit {
        let kind = kind.into();
        Hit { kind, name: name.into(), contribution_milli, ..Hit::default() }
    }

    #[test]
    fn the_line_has_its_columns() {
        let verdict = Verdict {
            action: Action::DeliverTagged.into(),
            stage: StageKind::CallOffered.into(),
            log_odds_milli: 595,
            hits: vec![
                hit(HitKind::Prior, "prior", -2_000),
                hit(HitKind::Signal, "identity.tsi_empty", 300),
                hit(HitKind::Signal, "volume.caller_fanout_1h", 2_795),
                hit(HitKind::Cap, "volume", -500),
                hit(HitKind::Signal, "time.night", 0),
                hit(HitKind::Signal, "shape.one_page", 100),
            ],
            ..Verdict::default()
        };
        let response = ScreenFaxResponse {
            decision_id: "0123456789abcdef0123456789abcdef".into(),
            verdict: Some(verdict),
            ..ScreenFaxResponse::default()
        };
        let answer = Answer::Screened(Box::new(response));
        let line = VerdictLine { line: 1, time: Timestamp::from_seconds(0), answer };
        assert_eq!(
            line.people(Shown::Masked),
            "1970-01-01T00:00:00.000Z 01234567 call-offered  deliver-tagged    +0.595 P=0.645 \
             volume.caller_fanout_1h+2.795 volume-0.500 identity.tsi_empty+0.300"
        );
    }

    #[test]
    fn a_fault_names_its_line_and_is_escaped() {
        let fault = ScreenFaxFault {
            reason: "INVALID_FIELD".into(),
            message: "bad \u{1b}[31m".into(),
            ..ScreenFaxFault::default()
        };
        let answer = Answer::Fault(Box::new(fault));
        let line = VerdictLine { line: 7, time: Timestamp::from_seconds(0), answer };
        assert!(line.is_fault());
        assert_eq!(
            line.people(Shown::Masked),
            "1970-01-01T00:00:00.000Z -        fault         INVALID_FIELD   line 7: bad \\u{1b}[31m"
        );
    }
}
