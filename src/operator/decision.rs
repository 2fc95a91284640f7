//! `explain`, `blocked` and `status`: what was decided and why, and how the service is.

use clap::ArgMatches;

use super::command::{Command, option, positional, text};
use super::context::Context;
use super::failure::Failure;
use super::output::{Form, Lean, table};
use super::text::{Shown, safe, wire_instant};
use super::verdict_block::{indented, verdict_block};
use super::verdict_line::action_name;
use crate::wire::operator::v1::decision_service_client::DecisionServiceClient;
use crate::wire::operator::v1::{
    BlockedCall, DecisionStage, ExplainDecisionRequest, GetStatusRequest, GetStatusResponse,
    ListBlockedCallsRequest,
};

pub(super) const EXPLAIN: Command = Command {
    name: "explain",
    help: "Explain a decision: its stages, every line of each score, and what would have changed it",
    doc: "Explain a decision from the ledger, without the fax. Each stage shows its verdict, every line of the \
          score with its contribution in log-odds, the sum, the features that were not zero, and what would have \
          made the verdict another one.",
    shape: |command| command.arg(positional("DECISION", "The decision's 32 hexadecimal digits")),
    run: explain,
};

pub(super) const BLOCKED: Command = Command {
    name: "blocked",
    help: "List the calls of the last 28 days that were refused, deferred or kept back for a member",
    doc: "List the inbound calls of the last 28 days that were refused, deferred or kept back for a member, latest \
          first: what a member may ask for, and what a caller may dispute.",
    shape: |command| {
        command.arg(positional("MEMBER", "The member's account id")).arg(limit_argument())
    },
    run: blocked,
};

pub(super) const STATUS: Command = Command {
    name: "status",
    help: "Show how the service is",
    doc: "Show version, policy generation, health of the store, and the sizes of what the service holds.",
    shape: |command| command,
    run: status,
};

/// `--limit`, shared by every command that lists.
pub(super) fn limit_argument() -> clap::Arg {
    option("limit", "COUNT", "List at most this many, 1 to 100000")
        .default_value("100")
        .value_parser(clap::value_parser!(u32).range(1..=100_000))
}

/// Asks for one page after the other until there is no further one or `--limit` is reached.
pub(super) fn pages<T>(
    matches: &ArgMatches,
    mut page: impl FnMut(i32, String) -> Result<(Vec<T>, String), Failure>,
) -> Result<Vec<T>, Failure> {
    const PAGE_SIZE_MAX: u32 = 1_000;
    let limit = matches.get_one::<u32>("limit").copied().unwrap_or(PAGE_SIZE_MAX);
    let mut left = limit;
    let mut all = Vec::new();
    let mut token = String::new();
    while left > 0 {
        let size = i32::try_from(left.min(PAGE_SIZE_MAX)).unwrap_or(1);
        let (some, next) = page(size, token)?;
        let count = u32::try_from(some.len()).unwrap_or(u32::MAX);
        all.extend(some);
        left = left.saturating_sub(count);
        token = next;
        if token.is_empty() || count == 0 {
            break;
        }
    }
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(all)
}

fn explain(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = ExplainDecisionRequest { decision_id: text(matches, "DECISION") };
    let response = context.call(async |channel| {
        DecisionServiceClient::new(channel).explain_decision(request).await
    })?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return output.json(&response);
    }
    output.line(format!("decision {}", safe(&response.decision_id)))?;
    let shown = output.shown();
    response.stages.iter().try_for_each(|stage| output.text(&stage_text(stage, shown)))
}

fn stage_text(stage: &DecisionStage, shown: Shown) -> String {
    let time = wire_instant(stage.decide_time.as_ref());
    let mut text = format!("\n{time}  entry {} of the ledger\n", stage.sequence);
    let verdict = stage.verdict.clone().unwrap_or_default();
    text.push_str(&verdict_block(&verdict, shown));
    let features = stage
        .features
        .iter()
        .map(|feature| vec![safe(&feature.name).into_owned(), feature.value.to_string()]);
    let header = [("feature", Lean::Left), ("value", Lean::Right)];
    text.push_str(&indented(&table(&header, features)));
    text
}

fn blocked(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let member_id = text(matches, "MEMBER");
    let calls: Vec<BlockedCall> = pages(matches, |page_size, page_token| {
        let member_id = member_id.clone();
        let request = ListBlockedCallsRequest { member_id, page_size, page_token };
        let response = context.call(async |channel| {
            DecisionServiceClient::new(channel).list_blocked_calls(request).await
        })?;
        Ok((response.calls, response.next_page_token))
    })?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return calls.iter().try_for_each(|call| output.json(call));
    }
    if calls.is_empty() {
        return output.line("no call of the last 28 days was blocked");
    }
    let header = [("time", Lean::Left), ("action", Lean::Left), ("decision", Lean::Left)];
    let rows = calls.iter().map(|call| {
        let time = wire_instant(call.call_time.as_ref());
        vec![time, action_name(call.action()), safe(&call.decision_id).into_owned()]
    });
    output.text(&table(&header, rows))
}

fn status(_: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let response = context.call(async |channel| {
        DecisionServiceClient::new(channel).get_status(GetStatusRequest {}).await
    })?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return output.json(&response);
    }
    let rows = status_rows(&response).map(|(name, value)| vec![name.to_owned(), value]);
    output.text(&table(&[("what", Lean::Left), ("value", Lean::Left)], rows))
}

fn status_rows(status: &GetStatusResponse) -> [(&'static str, String); 11] {
    [
        ("version", safe(&status.version).into_owned()),
        ("policy generation", status.policy_generation.to_string()),
        ("stages screened since the start", status.screened_count.to_string()),
        ("store", safe(&status.store_health).into_owned()),
        ("ledger entries waiting", status.ledger_queue_count.to_string()),
        ("ledger entries lost since the start", status.ledger_dropped_count.to_string()),
        ("damaged files set aside since the start", status.damaged_file_count.to_string()),
        ("subjects in the hot tables", status.active_subject_count.to_string()),
        ("numbers in the directory", status.directory_number_count.to_string()),
        ("pairs of member and correspondent", status.correspondence_count.to_string()),
        ("bytes of the hot tables", status.hot_bytes.to_string()),
    ]
}
