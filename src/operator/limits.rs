//! `limits show`: what a member has used and may still use.

use clap::ArgMatches;

use super::command::{Command, positional, text};
use super::context::Context;
use super::failure::Failure;
use super::output::{Form, Lean, table};
use super::text::{label, safe, wire_instant};
use crate::wire::operator::v1::limit_service_client::LimitServiceClient;
use crate::wire::operator::v1::{GetMemberLimitsRequest, MemberLimit};

pub(super) const SHOW: Command = Command {
    name: "limits show",
    help: "Show what a member has used and may still use",
    doc: "Show the quotas of a member: what comes back per period, the most that can be had at once, what is in \
          use, and when all of it is back.",
    shape: |command| command.arg(positional("MEMBER", "The member's account id")),
    run: show,
};

fn show(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = GetMemberLimitsRequest { member_id: text(matches, "MEMBER") };
    let response = context
        .call(async |channel| LimitServiceClient::new(channel).get_member_limits(request).await)?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return output.json(&response);
    }
    let unknown = match response.member_unknown {
        true => " (the member is not in the directory: the defaults hold)",
        false => "",
    };
    output.line(format!("plan {}{unknown}", label(response.plan().as_str_name(), "PLAN_")))?;
    let header = [
        ("resource", Lean::Left),
        ("in use", Lean::Right),
        ("at once", Lean::Right),
        ("rate", Lean::Left),
        ("all back", Lean::Left),
    ];
    output.text(&table(&header, response.limits.iter().map(row)))
}

fn row(limit: &MemberLimit) -> Vec<String> {
    vec![
        safe(&limit.resource).into_owned(),
        limit.level.to_string(),
        limit.burst.to_string(),
        format!("{} in {} s", limit.rate, limit.period_seconds),
        wire_instant(limit.full_time.as_ref()),
    ]
}
