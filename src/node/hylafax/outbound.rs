//! JobControlCmd and NotifyCmd: a member's job each time it becomes ready, and what came of its dials.

use std::path::Path;

use clap::ArgMatches;
use jiff::tz::TimeZone;
use pbjson_types::Duration as WireSpan;

use super::queue_file::{QueueFile, parse};
use super::{Hook, fail_open, print, say_why};
use crate::bounds::{ATTEMPTS_MAX, QUEUE_FILE_BYTES_MAX};
use crate::node::outcome::failed;
use crate::node::session::name;
use crate::operator::{Command, Context, Failure, input};
use crate::wire::screening::v1 as wire;
use wire::screen_fax_request::{Parties, Stage};

pub(in crate::node) const JOB_CONTROL: Command = Command {
    name: "hook job-control",
    help: "Screen a job each time it becomes ready (HylaFAX: JobControlCmd)",
    doc: "Ask about a member's job, by its queue file, and print what holds for it: RejectNotice, TimeOfDay, \
          MaxSendPages, MaxDials, MaxTries. The member is the queue file's owner; what a client wrote as sender or mail \
          address is not looked at. Before its first dial it is asked as a job submitted, later as a further dial. Ends with \
          exit code 0 whatever happens: the job is sent then. While the service is out of reach, a member has an \
          allowance: beyond it a job waits.",
    shape: |command| super::shape(command, "JOBID"),
    run: |matches, context| {
        let done = job_control(matches, context);
        fail_open(done, context);
        Ok(())
    },
};

pub(in crate::node) const NOTIFY: Command = Command {
    name: "hook notify",
    help: "Tell how a dial ended (HylaFAX: NotifyCmd)",
    doc: "Tell how a job's last dial ended, from its queue file and the reason HylaFAX gives. Prints nothing. Ends with \
          exit code 0 whatever happens.",
    shape: |command| super::shape(command, "QFILE WHY JOBTIME NEXT"),
    run: |matches, context| {
        let done = notify(matches, context);
        fail_open(done, context);
        Ok(())
    },
};

/// Reads a queue file below the spool folder.
fn read(hook: &Hook, file: &Path) -> Result<QueueFile, Failure> {
    let path = hook.spool.join(file);
    // A pipe would keep the hook waiting.
    let there = std::fs::metadata(&path).is_ok_and(|found| found.is_file());
    if !there {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Failure::ReadFile { path, source });
    }
    Ok(parse(&input::read(&path, QUEUE_FILE_BYTES_MAX)?))
}

/// The number in the name of a queue file, or of a job.
fn job_number(text: &str) -> Option<&str> {
    let number = text.rsplit('/').next().unwrap_or(text);
    let number = number.strip_prefix('q').unwrap_or(number);
    let fits = (1..=10).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    fits.then_some(number)
}

/// The node's name of the job: its number, which comes round again, and when it is given up, which does not.
fn fax_id(number: &str, job: &QueueFile) -> String {
    format!("job-{number}-{:x}", job.kill_time)
}

fn request(hook: &Hook, fax_id: String, job: &QueueFile, stage: Stage) -> wire::ScreenFaxRequest {
    let kinds =
        [wire::StageKind::JobSubmitted, wire::StageKind::Dialing, wire::StageKind::DialResult];
    wire::ScreenFaxRequest {
        fax_id,
        event_time: hook.event_time(),
        parties: Some(Parties::Outbound(wire::OutboundParties {
            member_id: name(&job.owner),
            recipient_number: job.number.clone(),
            ..wire::OutboundParties::default()
        })),
        stage: Some(stage),
        stage_capabilities: kinds.map(Into::into).to_vec(),
        ..wire::ScreenFaxRequest::default()
    }
}

/// What is asked about a job that became ready. Before its first dial that is the job itself, however often: one that
/// waits is judged as it stands then, and no dial came of the question before.
fn ready(job: &QueueFile) -> Stage {
    if job.total_dials == 0 {
        return Stage::JobSubmitted(wire::JobSubmitted {
            page_count: job.total_pages,
            tsi: job.tsi.clone(),
            header_text: job.tagline.clone(),
            ..wire::JobSubmitted::default()
        });
    }
    Stage::Dialing(wire::Dialing {
        attempt: job.total_dials.saturating_add(1).min(ATTEMPTS_MAX),
        page_count: job.total_pages,
        ..wire::Dialing::default()
    })
}

fn job_control(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let hook = Hook::read(matches);
    let given = hook.text(0);
    let number = job_number(&given)
        .ok_or(Failure::Argument { argument: "JOBID", expected: "the number of a job" })?;
    let job = read(&hook, Path::new(&format!("sendq/q{number}")))?;
    let fax_id = fax_id(number, &job);
    let answer = context.block_on(async |context: &mut Context<'_>| {
        let client = hook.client(context)?;
        Ok(client.ask(request(&hook, fax_id, &job, ready(&job))).await)
    })?;
    say_why(&answer, context);
    context.output.text(&print::job_control(&answer, hook.now, &TimeZone::system()))
}

fn notify(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let hook = Hook::read(matches);
    let (file, why) = (hook.text(0), hook.text(1));
    let number = job_number(&file)
        .ok_or(Failure::Argument { argument: "QFILE", expected: "the name of a queue file" })?;
    let job = read(&hook, Path::new(&file))?;
    let fax_id = fax_id(number, &job);
    let attempt = job.total_dials.min(ATTEMPTS_MAX);
    let Some(result) = result(&job, &why, &hook.text(2)) else {
        return Ok(());
    };
    let result = wire::DialResult { attempt, ..result };
    let request = request(&hook, fax_id, &job, Stage::DialResult(result));
    context.block_on(async |context: &mut Context<'_>| {
        // Nothing is left to do whatever the answer is.
        say_why(&hook.client(context)?.ask(request).await, context);
        Ok(())
    })
}

/// How the last dial ended, but for its number; nothing where none was made, or where a person ended the job.
fn result(job: &QueueFile, why: &str, time: &str) -> Option<wire::DialResult> {
    let outcome = match why {
        "done" => wire::DialOutcome::Sent,
        "failed" | "requeued" | "timedout" if job.pages > 0 => wire::DialOutcome::Partial,
        "failed" | "requeued" | "timedout" => failed(&job.status),
        _ => return None,
    };
    (job.total_dials > 0).then(|| wire::DialResult {
        attempt: 0,
        outcome: outcome.into(),
        page_count: job.pages,
        duration: seconds(time).map(|seconds| WireSpan { seconds, nanos: 0 }),
        csi: job.csi.clone(),
        r#final: why != "requeued",
    })
}

/// `[[H:]MM:]SS` in seconds, below a week.
fn seconds(time: &str) -> Option<i64> {
    let parts: Option<Vec<i64>> = time.split(':').map(|part| part.parse().ok()).collect();
    let parts = parts.filter(|parts| parts.len() <= 3)?;
    let within = parts.iter().all(|part| (0..100_000).contains(part));
    let total = parts.iter().fold(0, |sum, part| sum * 60 + part);
    (within && total < 7 * 86_400).then_some(total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn job_numbers_are_digits_and_no_path() {
        for (text, want) in [
            ("12", Some("12")),
            ("doneq/q12", Some("12")),
            ("sendq/q7", Some("7")),
            ("q7", Some("7")),
            ("", None),
            ("../../etc/passwd", None),
            ("12; rm", None),
            ("--help", None),
            ("12345678901", None),
            ("$(id)", None),
        ] {
            assert_eq!(job_number(text), want, "{text}");
        }
    }

    #[test]
    fn reasons_become_outcomes() {
        use wire::DialOutcome as O;
        let job = |status: &str, dials, pages| QueueFile {
            status: status.into(),
            total_dials: dials,
            pages,
            ..QueueFile::default()
        };
        for (why, job, want) in [
            ("done", job("", 1, 2), Some((O::Sent, true))),
            ("requeued", job("Busy signal detected", 1, 0), Some((O::Busy, false))),
            ("failed", job("No answer from remote", 12, 0), Some((O::NoAnswer, true))),
            ("failed", job("whatever", 1, 0), Some((O::Failed, true))),
            ("timedout", job("", 3, 1), Some((O::Partial, true))),
            ("failed", job("Busy", 0, 0), None),
            ("rejected", job("", 1, 0), None),
            ("removed", job("", 1, 0), None),
            ("$(id)", job("", 1, 0), None),
        ] {
            let told = result(&job, why, "0:23").map(|told| (told.outcome(), told.r#final));
            assert_eq!(told, want, "{why}");
        }
        for (time, want) in [
            ("0:23", Some(23)),
            ("1:02:03", Some(3_723)),
            ("", None),
            ("-1:2", None),
            ("1:2:3:4", None),
        ] {
            assert_eq!(seconds(time), want, "{time}");
        }
    }

    #[test]
    fn a_job_is_submitted_until_it_is_dialled() {
        let first = ready(&QueueFile { total_pages: 3, ..QueueFile::default() });
        assert!(matches!(first, Stage::JobSubmitted(job) if job.page_count == 3));
        for (dials, attempt) in [(1, 2), (2, 3), (u32::MAX, ATTEMPTS_MAX)] {
            let job = QueueFile { total_dials: dials, ..QueueFile::default() };
            let Stage::Dialing(dialing) = ready(&job) else { panic!("{dials}") };
            assert_eq!(dialing.attempt, attempt);
        }
    }

    proptest! {
        #[test]
        fn any_time_is_answered(text in any::<String>()) {
            let _ = seconds(&text);
            prop_assert!(job_number(&text).is_none_or(|number| number.len() <= 10));
        }
    }
}
