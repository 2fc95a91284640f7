//! `complaint check`: what would be filed, read here and sent nowhere.

use clap::ArgMatches;
use serde_json::json;

use super::format_of;
use crate::bounds::{COMPLAINT_BYTES_MAX, COMPLAINT_ROWS_BYTES_MAX};
use crate::complaint::{Cause, Complaint, Faults, Written, arf, bulk, export, xarf};
use crate::operator::command::path;
use crate::operator::context::Context;
use crate::operator::failure::Failure;
use crate::operator::input::read;
use crate::operator::output::{Form, Output};
use crate::operator::text::{number, safe};
use crate::time::{Clock as _, WallClock};

pub(super) fn check(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let file = path(matches, "FILE");
    let named = [("eml", "arf"), ("csv", "csv"), ("jsonl", "jsonl"), ("json", "xarf")];
    let format = format_of(matches, &file, &named);
    let one = matches!(format.as_str(), "arf" | "xarf");
    let most = if one { COMPLAINT_BYTES_MAX } else { COMPLAINT_ROWS_BYTES_MAX };
    let bytes = read(&file, u64::try_from(most).unwrap_or(u64::MAX))?;
    let now = WallClock.now();
    let output = &mut context.output;
    let mut refused = 0;
    let mut tell = |place: &str, read: Result<Complaint, Faults>| {
        let sound = read.and_then(complete);
        refused += u64::from(sound.is_err());
        told(output, place, sound)
    };
    match format.as_str() {
        "arf" => tell("", arf::read(&bytes, now))?,
        "csv" => match bulk::csv(&bytes, now) {
            Ok(rows) => rows.into_iter().try_for_each(|row| tell(&place(&row), row.read))?,
            Err(faults) => tell("", Err(faults))?,
        },
        "jsonl" => match bulk::jsonl(&bytes, now) {
            Ok(rows) => rows.into_iter().try_for_each(|row| tell(&place(&row), row.read))?,
            Err(faults) => tell("", Err(faults))?,
        },
        _ => tell("", xarf::read(&bytes, now))?,
    }
    match refused {
        0 => Ok(()),
        count => Err(Failure::Refusals { count }),
    }
}

fn place(row: &bulk::Row) -> String {
    format!("row {} (line {}): ", row.number, row.line)
}

/// What a report needs beyond a sound complaint.
fn complete(complaint: Complaint) -> Result<Complaint, Faults> {
    let mut faults = Faults::default();
    if complaint.called.is_none() && !complaint.extra.fields().contains_key("decision_id") {
        faults.add("called", Cause::Missing);
    }
    if complaint.category.is_none() {
        faults.add("category", Cause::Missing);
    }
    faults.or(complaint)
}

fn told(
    output: &mut Output<'_>,
    place: &str,
    read: Result<Complaint, Faults>,
) -> Result<(), Failure> {
    let complaint = match read {
        Ok(complaint) => complaint,
        Err(faults) => {
            for fault in faults.list() {
                output.remark(format!("{place}{} {}", safe(&fault.path), fault.cause))?;
            }
            if faults.more() > 0 {
                output.remark(format!("{place}and {} more faults", faults.more()))?;
            }
            return Ok(());
        }
    };
    let plain = |text: &Option<Written>| text.as_ref().map_or("", Written::as_written).to_owned();
    let category = complaint.category.map_or("-", |category| category.name());
    let abuse = complaint.abuse.map_or("-", |abuse| abuse.name());
    let at = complaint.call_at.or(complaint.incident_at).map(export::instant);
    let (called, caller) = (plain(&complaint.called), plain(&complaint.caller));
    if output.form() == Form::Programs {
        return output.json(&json!({
            "format": complaint.format.name(),
            "category": category,
            "abuse": complaint.abuse.map(|abuse| abuse.name()),
            "called": called,
            "caller": caller,
            "time": at,
            "pages": complaint.pages,
            "evidence": complaint.evidence.len(),
        }));
    }
    let shown = output.shown();
    let masked = |text: &str| match text {
        "" => "-".to_owned(),
        text => safe(&number(text, shown)).into_owned(),
    };
    output.line(format!(
        "{place}{category}, {abuse}; called {}, caller {}, at {}; {} evidence, not kept",
        masked(&called),
        masked(&caller),
        at.as_deref().unwrap_or("-"),
        complaint.evidence.len()
    ))
}
