//! `node pipe`: stages as lines of JSON in, verdicts as lines of words out, for whatever can run a program.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use clap::{ArgMatches, value_parser};

use super::answer::{Answer, Basis, Cause};
use super::client::Client;
use super::session::name;
use super::standby::RULE_UNSCORED;
use crate::operator::text::from_wire;
use crate::operator::{Command, Context, Failure, Form, action_name, argument, input, option};
use crate::time::WallClock;
use crate::wire::screening::v1 as wire;

pub(super) const PIPE: Command = Command {
    name: "node pipe",
    help: "Screen stages from standard input, one JSON request a line, and print a verdict a line",
    doc: "Read requests (`faxguard.screening.v1.ScreenFaxRequest` as JSON) from standard input, one a line, ask about \
          each within its stage's deadline, and print one line for it before the next is read: the action, what it rests \
          on (`served`, `reused`, `unscored`), then `name=value` for whatever goes with it. Every line gets a line, also \
          when nobody answers or it is no request: what is unscored goes on. Node id, request id and the count of \
          unscored faxes are filled in. With --json the answer is printed as JSON. Ends with the input.",
    shape: |command| {
        command.arg(option("node", "NAME", "Name of this routing node").default_value("node")).arg(
            option(
                "lines",
                "LINES",
                "Outbound lines that this node has: said to the service with those in use",
            )
            .value_parser(value_parser!(u64)),
        )
    },
    run,
};

fn run(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let node = name(&argument(matches, "node"));
    let lines = matches.get_one::<u64>("lines").copied();
    context.block_on(async |context: &mut Context<'_>| {
        let mut client = Client::new(context.endpoint()?, &node, 1, Arc::new(WallClock));
        if let Some(lines) = lines {
            client = client.with_lines(lines);
        }
        // Where there are lines to tell of, they are told while an answer is waited for: never instead.
        let mut reporting = pin!(client.keep_reporting(|| client.lines().into_iter().collect()));
        for (_, line) in input::open(Path::new("-"))? {
            let request = line.ok().and_then(|line| serde_json::from_slice(&line).ok());
            let answer = match request {
                Some(request) => client.ask_beside(request, reporting.as_mut()).await,
                None => no_request(),
            };
            print(&answer, context)?;
            context.output.flush()?;
            client.spare(reporting.as_mut()).await;
        }
        Ok(())
    })
}

fn no_request() -> Answer {
    Answer {
        decision_id: String::new(),
        verdict: wire::Verdict {
            action: wire::Action::Deliver.into(),
            rule: RULE_UNSCORED.into(),
            ..wire::Verdict::default()
        },
        basis: Basis::Unscored(Cause::Malformed),
        said: None,
    }
}

fn print(answer: &Answer, context: &mut Context<'_>) -> Result<(), Failure> {
    match context.output.form() {
        Form::People => context.output.line(words(answer)),
        Form::Programs => context.output.json(&wire::ScreenFaxResponse {
            request_id: String::new(),
            decision_id: answer.decision_id.clone(),
            verdict: Some(answer.verdict.clone()),
        }),
    }
}

/// The line: fixed words, numbers and hexadecimal digits.
fn words(answer: &Answer) -> String {
    let mut line = format!("{} {}", action_name(answer.action()), answer.basis.name());
    let mut add = |name: &str, value: String| line.push_str(&format!(" {name}={value}"));
    if let Basis::Unscored(cause) = answer.basis {
        add("cause", cause.name().into());
    }
    if !answer.decision_id.is_empty() {
        add("decision", answer.decision_id.clone());
    }
    if let Some(bounds) = &answer.verdict.bounds {
        let seconds = bounds.max_duration.as_ref().map_or(0, |span| span.seconds.max(0));
        let before = bounds.not_before_time.as_ref().map(|time| from_wire(time).as_seconds());
        for (name, value) in [
            ("pages", i64::from(bounds.max_page_count)),
            ("page-bytes", i64::from(bounds.max_page_bytes)),
            ("seconds", seconds),
            ("dials", i64::from(bounds.max_dial_count)),
            ("tries", i64::from(bounds.max_try_count)),
            ("calls", i64::from(bounds.max_concurrent_count)),
            ("not-before", before.unwrap_or(0)),
        ] {
            if value > 0 {
                add(name, value.to_string());
            }
        }
    }
    if let Some(refusal) = &answer.verdict.refusal {
        add("sip", refusal.sip_code.to_string());
        add("q850", refusal.q850_cause.to_string());
    }
    if let Some(time) = &answer.verdict.hold_deadline_time {
        add("until", from_wire(time).as_seconds().to_string());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_what_a_server_needs_and_no_text() {
        let answer = Answer {
            decision_id: "0123456789abcdef0123456789abcdef".into(),
            verdict: wire::Verdict {
                action: wire::Action::RefuseCall.into(),
                rule: "x\n y".into(),
                bounds: Some(wire::Bounds {
                    max_page_count: 3,
                    max_duration: Some(pbjson_types::Duration { seconds: 90, nanos: 1 }),
                    not_before_time: Some(pbjson_types::Timestamp { seconds: 77, nanos: 0 }),
                    ..Default::default()
                }),
                refusal: Some(wire::Refusal {
                    sip_code: 603,
                    q850_cause: 21,
                    sip_phrase: "a b\n".into(),
                    redress_text: "c\r\n".into(),
                }),
                ..Default::default()
            },
            basis: Basis::Served,
            said: None,
        };
        assert_eq!(
            words(&answer),
            "refuse-call served decision=0123456789abcdef0123456789abcdef pages=3 seconds=90 \
             not-before=77 sip=603 q850=21"
        );
        assert_eq!(words(&no_request()), "deliver unscored cause=malformed");
    }
}
