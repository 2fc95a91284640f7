//! `policy`: shows the generation in force, checks a file, or puts one in force.

use clap::ArgMatches;

use super::command::{Command, option, path, positional, text};
use super::context::Context;
use super::failure::Failure;
use super::input::read;
use super::lists::author_argument;
use super::output::{Form, Lean, table};
use super::text::{safe, safe_lines, sentence, wire_instant};
use crate::bounds::POLICY_FILE_BYTES_MAX;
use crate::wire::operator::v1::policy_service_client::PolicyServiceClient;
use crate::wire::operator::v1::{ApplyPolicyRequest, ApplyPolicyResponse, GetPolicyRequest};

pub(super) const SHOW: Command = Command {
    name: "policy show",
    help: "Show the policy in force",
    doc: "Show the policy in force as the TOML text it was made from, with its generation, author and etag as \
          comments above it.",
    shape: |command| command,
    run: show,
};

pub(super) const CHECK: Command = Command {
    name: "policy check",
    help: "Check a policy file and report every fault at once",
    doc: "Check a policy file and report every fault at once, each with its path and remedy. Nothing changes. Exit \
          code 78 when there are faults.",
    shape: |command| command.arg(positional("FILE", "The policy, as TOML")),
    run: check,
};

pub(super) const APPLY: Command = Command {
    name: "policy apply",
    help: "Put a policy in force as the next generation",
    doc: "Check a policy file and put it in force as the next generation. Refused whole if it has any fault; the \
          generation in force then stays.",
    shape: |command| {
        command
            .arg(positional("FILE", "The policy, as TOML"))
            .arg(option("reason", "TEXT", "Why, 1 to 256 bytes").required(true))
            .arg(option("etag", "ETAG", "Refuse if the policy changed since this etag was shown"))
            .arg(author_argument())
    },
    run: apply,
};

/// What a check is recorded with; the server wants both fields filled.
const CHECK_REASON: &str = "check";

fn show(_: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let policy = context.call(async |channel| {
        PolicyServiceClient::new(channel).get_policy(GetPolicyRequest {}).await
    })?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return output.json(&policy);
    }
    let time = wire_instant(policy.apply_time.as_ref());
    let author = if policy.author.is_empty() { "nobody" } else { &policy.author };
    output.line(format!("# generation {}, since {time}", policy.generation))?;
    output.line(format!("# author {}, etag {}", safe(author), safe(&policy.etag)))?;
    if policy.toml.is_empty() {
        return output.line("# the built-in defaults; `faxguardctl generate config` prints them");
    }
    output.text(&safe_lines(&policy.toml))
}

fn toml(matches: &ArgMatches) -> Result<String, Failure> {
    let path = path(matches, "FILE");
    let bytes = read(&path, POLICY_FILE_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|source| Failure::Content { path, source: source.into() })
}

fn send(
    context: &mut Context<'_>,
    request: ApplyPolicyRequest,
) -> Result<ApplyPolicyResponse, Failure> {
    context.call(async |channel| PolicyServiceClient::new(channel).apply_policy(request).await)
}

fn check(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = ApplyPolicyRequest {
        toml: toml(matches)?,
        author: context.user.clone().unwrap_or_else(|| CHECK_REASON.into()),
        reason: CHECK_REASON.into(),
        etag: String::new(),
        validate_only: true,
    };
    let response = send(context, request)?;
    faults(context, &response)?;
    if context.output.form() == Form::Programs {
        return Ok(());
    }
    context.output.line("the policy has no fault")
}

/// Prints the faults of an answer and fails where there are any.
fn faults(context: &mut Context<'_>, response: &ApplyPolicyResponse) -> Result<(), Failure> {
    let output = &mut context.output;
    if output.form() == Form::Programs {
        output.json(response)?;
    } else {
        let shown = output.shown();
        let rows = response
            .faults
            .iter()
            .map(|fault| vec![safe(&fault.path).into_owned(), sentence(&fault.message, shown)]);
        output.text(&table(&[("path", Lean::Left), ("fault", Lean::Left)], rows))?;
    }
    match response.faults.len() {
        0 => Ok(()),
        count => Err(Failure::PolicyFaults { count }),
    }
}

fn apply(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = ApplyPolicyRequest {
        toml: toml(matches)?,
        author: context.author(text(matches, "author"))?,
        reason: text(matches, "reason"),
        etag: text(matches, "etag"),
        validate_only: false,
    };
    let response = send(context, request)?;
    faults(context, &response)?;
    if context.output.form() == Form::Programs {
        return Ok(());
    }
    context.output.line(format!("generation {} is in force", response.generation))
}
