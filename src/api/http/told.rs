//! A report in words: the rows of the receipt and of the page on how it stands.

use minijinja::{Value, context};

use crate::texts::{Follows, Language};
use crate::wire::report::v1 as wire;

/// The rows of a receipt.
pub(super) fn receipt(
    receipt: &wire::FileReportResponse,
    category: wire::ReportCategory,
    language: &Language,
) -> Vec<Value> {
    vec![
        code("report-number", &receipt.report_id),
        row("report-received", time(receipt.received_time.as_ref())),
        row("report-category", language.say(category_key(category))),
        row("report-stands", language.say(status_key(receipt.status()))),
        row("report-follows", language.say(follows(receipt, category).key())),
    ]
}

/// The rows of a report as it stands.
pub(super) fn standing(stands: &wire::GetReportResponse, language: &Language) -> Vec<Value> {
    let first = stands.receipt.clone().unwrap_or_default();
    let mut rows = receipt(&first, stands.category(), language);
    rows.push(row("report-outcome", language.say(outcome_key(stands.outcome()))));
    if !stands.outcome_reason.is_empty() {
        rows.push(row("report-reason", super::page::shown(&stands.outcome_reason)));
    }
    if stands.decided_time.is_some() {
        rows.push(row("report-decided", time(stands.decided_time.as_ref())));
    }
    rows
}

/// What follows at once from a report that stands so.
fn follows(receipt: &wire::FileReportResponse, category: wire::ReportCategory) -> Follows {
    use wire::{ReportCategory, ReportStatus};
    match (receipt.status(), category) {
        (ReportStatus::Counted, _) if receipt.not_blocked => Follows::NotBlocked,
        (ReportStatus::Duplicate, _) => Follows::NothingMore,
        (ReportStatus::Suspended, _) => Follows::Own,
        (ReportStatus::Merged, _) => Follows::Merged,
        (ReportStatus::Unverified, _) => Follows::LookedAt,
        (ReportStatus::Counted, ReportCategory::JunkFax | ReportCategory::OtherAbuse) => {
            Follows::Blocked
        }
        (ReportStatus::Counted, ReportCategory::NotJunk) => Follows::Welcome,
        (ReportStatus::Counted, ReportCategory::RemoveMe) => Follows::Stopped,
        (ReportStatus::Counted, ReportCategory::Unspecified) | (ReportStatus::Unspecified, _) => {
            Follows::Listed
        }
    }
}

const fn status_key(status: wire::ReportStatus) -> &'static str {
    match status {
        wire::ReportStatus::Counted => "status-counted",
        wire::ReportStatus::Duplicate => "status-duplicate",
        wire::ReportStatus::Suspended => "status-suspended",
        wire::ReportStatus::Merged => "status-merged",
        wire::ReportStatus::Unverified | wire::ReportStatus::Unspecified => "status-unverified",
    }
}

const fn category_key(category: wire::ReportCategory) -> &'static str {
    match category {
        wire::ReportCategory::JunkFax => "category-short-junk",
        wire::ReportCategory::NotJunk => "category-short-not-junk",
        wire::ReportCategory::RemoveMe => "category-short-remove",
        wire::ReportCategory::OtherAbuse | wire::ReportCategory::Unspecified => {
            "category-short-abuse"
        }
    }
}

const fn outcome_key(outcome: wire::ReportOutcome) -> &'static str {
    match outcome {
        wire::ReportOutcome::Unspecified => "outcome-open",
        wire::ReportOutcome::Upheld => "outcome-upheld",
        wire::ReportOutcome::NotUpheld => "outcome-not-upheld",
        wire::ReportOutcome::Overturned => "outcome-overturned",
        wire::ReportOutcome::Retracted => "outcome-retracted",
        wire::ReportOutcome::Done => "outcome-done",
    }
}

fn row(key: &'static str, told: String) -> Value {
    context! { key, told }
}

fn code(key: &'static str, told: &str) -> Value {
    context! { key, told, code => true }
}

/// An instant to the minute, as every reader understands it (ISO 8601).
fn time(sent: Option<&pbjson_types::Timestamp>) -> String {
    let seconds = sent.map_or(0, |time| time.seconds);
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
