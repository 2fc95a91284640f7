//! `held`: the faxes that are kept back, and what becomes of them.

use clap::ArgMatches;

use super::command::{Command, option, positional, text};
use super::context::Context;
use super::decision::{limit_argument, pages};
use super::failure::Failure;
use super::lists::author_argument;
use super::output::{Form, Lean, table};
use super::text::{label, milli, safe, wire_instant};
use super::verdict_line::action_name;
use crate::wire::operator::v1::held_fax_service_client::HeldFaxServiceClient;
use crate::wire::operator::v1::{
    HeldFax, HeldState, ListHeldFaxesRequest, RejectHeldFaxRequest, ReleaseHeldFaxRequest,
};

pub(super) const LIST: Command = Command {
    name: "held list",
    help: "List held faxes, earliest deadline first",
    doc: "List held faxes, earliest deadline first; those that wait unless another state is named. Nothing is \
          dropped: at its deadline an inbound fax is delivered tagged and an outbound one refused with notice.",
    shape: |command| {
        command
            .arg(
                option("state", "STATE", "Only this state")
                    .default_value("waiting")
                    .value_parser(STATES.map(|(name, _)| name)),
            )
            .arg(option("member", "ACCOUNT", "Only this member's, by account id"))
            .arg(limit_argument())
    },
    run: list,
};

pub(super) const RELEASE: Command = Command {
    name: "held release",
    help: "Release a held fax: the verdict was wrong",
    doc: "Release a held fax. It counts as a false positive and, when inbound, as correspondence.",
    shape: decide_arguments,
    run: release,
};

pub(super) const REJECT: Command = Command {
    name: "held reject",
    help: "Reject a held fax: the verdict was right",
    doc: "Reject a held fax: the verdict was right, and the fax is not delivered or sent.",
    shape: decide_arguments,
    run: reject,
};

const STATES: [(&str, HeldState); 5] = [
    ("waiting", HeldState::Waiting),
    ("released", HeldState::Released),
    ("rejected", HeldState::Rejected),
    ("delivered-tagged", HeldState::DeliveredTagged),
    ("refused-with-notice", HeldState::RefusedWithNotice),
];

fn decide_arguments(command: clap::Command) -> clap::Command {
    command
        .arg(positional("DECISION", "The decision that held it, 32 hexadecimal digits"))
        .arg(option("reason", "TEXT", "Why, at most 256 bytes"))
        .arg(author_argument())
}

fn list(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let name = text(matches, "state");
    let state = STATES.iter().find(|(state, _)| *state == name);
    let state = state.map_or(HeldState::Unspecified, |(_, state)| *state).into();
    let member_id = text(matches, "member");
    let faxes: Vec<HeldFax> = pages(matches, |page_size, page_token| {
        let member_id = member_id.clone();
        let request = ListHeldFaxesRequest { state, member_id, page_size, page_token };
        let response = context.call(async |channel| {
            HeldFaxServiceClient::new(channel).list_held_faxes(request).await
        })?;
        Ok((response.faxes, response.next_page_token))
    })?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return faxes.iter().try_for_each(|fax| output.json(fax));
    }
    if faxes.is_empty() {
        return output.line(format!("no fax is {name}"));
    }
    output.text(&faxes_table(&faxes))
}

fn faxes_table(faxes: &[HeldFax]) -> String {
    let header = [
        ("decision", Lean::Left),
        ("state", Lean::Left),
        ("action", Lean::Left),
        ("score", Lean::Right),
        ("held", Lean::Left),
        ("deadline", Lean::Left),
        ("decided by", Lean::Left),
    ];
    let rows = faxes.iter().map(|fax| {
        vec![
            safe(&fax.decision_id).into_owned(),
            label(fax.state().as_str_name(), "HELD_STATE_"),
            action_name(fax.action()),
            milli(fax.log_odds_milli),
            wire_instant(fax.held_time.as_ref()),
            wire_instant(fax.deadline_time.as_ref()),
            safe(&fax.decided_by).into_owned(),
        ]
    });
    table(&header, rows)
}

fn release(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = ReleaseHeldFaxRequest {
        decision_id: text(matches, "DECISION"),
        author: context.author(text(matches, "author"))?,
        reason: text(matches, "reason"),
    };
    let response = context
        .call(async |channel| HeldFaxServiceClient::new(channel).release_held_fax(request).await)?;
    match context.output.form() {
        Form::Programs => context.output.json(&response),
        Form::People => context.output.text(&faxes_table(response.fax.as_slice())),
    }
}

fn reject(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = RejectHeldFaxRequest {
        decision_id: text(matches, "DECISION"),
        author: context.author(text(matches, "author"))?,
        reason: text(matches, "reason"),
    };
    let response = context
        .call(async |channel| HeldFaxServiceClient::new(channel).reject_held_fax(request).await)?;
    match context.output.form() {
        Form::Programs => context.output.json(&response),
        Form::People => context.output.text(&faxes_table(response.fax.as_slice())),
    }
}
