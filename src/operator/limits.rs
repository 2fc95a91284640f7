//! `limits`: how members stand, what is set over the policy, and its history.

mod edit;
mod explain;
mod tuning;

use clap::ArgMatches;

use super::command::{Command, positional, text};
use super::context::Context;
use super::decision::{limit_argument, pages};
use super::failure::Failure;
use super::output::{Form, Lean, table};
use super::text::{label, safe, sentence, wire_instant};
use crate::wire::operator::v1::limit_scope::Scope;
use crate::wire::operator::v1::limit_service_client::LimitServiceClient;
use crate::wire::operator::v1::{
    GetMemberLimitsRequest, LimitPart, LimitScope, LimitSetting, ListLimitChangesRequest,
    ListLimitsRequest, ListLimitsResponse, MemberLimit,
};
use crate::wire::screening::v1::{Plan, QuotaHolder};

pub(super) use edit::{KILL, SET, UNSET};
pub(super) use explain::EXPLAIN;
pub(super) use tuning::{ROLLBACK, TOP, TRIALS, WHAT_IF};

pub(super) const SHOW: Command = Command {
    name: "limits show",
    help: "Show what a member has used and may still use, and where its limits come from",
    doc: "Show the quotas of a member: what comes back per period, the most that can be had at once, what is in \
          use, when all of it is back, and where the limit comes from: the policy, or who set it when and until when.",
    shape: |command| command.arg(positional("MEMBER", "The member's account id")),
    run: show,
};

pub(super) const LIST: Command = Command {
    name: "limits list",
    help: "List the limits that are set over the policy",
    doc: "List the limits that are set over the policy, and the etag of this version. Account ids are not kept, so that \
          members are shown by the key that `limits show` prints.",
    shape: |command| command.arg(limit_argument()),
    run: list,
};

pub(super) const HISTORY: Command = Command {
    name: "limits history",
    help: "Show who set which limit, when and why",
    doc: "Show who set which limit, when and why, the oldest first.",
    shape: |command| command.arg(limit_argument()),
    run: history,
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
    let weight = response.share_weight_milli;
    output.line(format!(
        "plan {}{unknown}, weight {}.{:03}, key {}",
        label(response.plan().as_str_name(), "PLAN_"),
        weight / 1_000,
        weight % 1_000,
        safe(&response.member_key)
    ))?;
    let header = [
        ("resource", Lean::Left),
        ("in use", Lean::Right),
        ("at once", Lean::Right),
        ("rate", Lean::Left),
        ("all back", Lean::Left),
        ("from", Lean::Left),
    ];
    output.text(&table(&header, response.limits.iter().map(row)))
}

fn row(limit: &MemberLimit) -> Vec<String> {
    let set = |setting: &LimitSetting, what: &str| {
        let until = match &setting.expire_time {
            Some(time) => format!(" until {}", wire_instant(Some(time))),
            None => String::new(),
        };
        format!("{what} by {}{until}", safe(&setting.author))
    };
    let from = limit.setting.as_ref().map_or("policy".to_owned(), |setting| set(setting, "set"));
    let off = limit.off.as_ref().map(|setting| set(setting, "off"));
    vec![
        safe(&limit.resource).into_owned(),
        limit.level.to_string(),
        limit.burst.to_string(),
        format!("{} in {} s", limit.rate, limit.period_seconds),
        wire_instant(limit.full_time.as_ref()),
        off.map_or(from.clone(), |off| format!("{from}; {off}")),
    ]
}

/// Whose a limit is.
fn whose(scope: Option<&LimitScope>) -> String {
    match scope.and_then(|scope| scope.scope.as_ref()) {
        Some(Scope::Plan(plan)) => {
            let plan = Plan::try_from(*plan).unwrap_or_default();
            format!("plan {}", label(plan.as_str_name(), "PLAN_"))
        }
        Some(Scope::Holder(holder)) => {
            let holder = QuotaHolder::try_from(*holder).unwrap_or_default();
            format!("each {}", label(holder.as_str_name(), "QUOTA_HOLDER_"))
        }
        Some(Scope::MemberId(name) | Scope::MemberKey(name)) => format!("member {}", safe(name)),
        None => "nobody".to_owned(),
    }
}

/// What is set, in words.
fn what(setting: &LimitSetting) -> String {
    match setting.part() {
        LimitPart::Off => "off".to_owned(),
        LimitPart::Month => format!("{} in a month", setting.rate),
        LimitPart::Quota => {
            let LimitSetting { rate, period_seconds, burst, .. } = setting;
            format!("{rate} in {period_seconds} s, {burst} at once")
        }
        LimitPart::Canary | LimitPart::Shadow => {
            let LimitSetting { rate, period_seconds, burst, percent, slot, .. } = setting;
            let on =
                if *slot > 0 { format!("shadow {slot}") } else { format!("{percent} % of them") };
            format!("{rate} in {period_seconds} s, {burst} at once, for {on}")
        }
        LimitPart::Unspecified => "nothing".to_owned(),
    }
}

fn list(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let mut etag = String::new();
    let settings: Vec<LimitSetting> = pages(matches, |page_size, page_token| {
        let request = ListLimitsRequest { page_size, page_token };
        let response: ListLimitsResponse = context
            .call(async |channel| LimitServiceClient::new(channel).list_limits(request).await)?;
        etag = response.etag;
        Ok((response.settings, response.next_page_token))
    })?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return settings.iter().try_for_each(|setting| output.json(setting));
    }
    output.line(format!("etag {}", safe(&etag)))?;
    let shown = output.shown();
    let header = ["whose", "resource", "set to", "until", "author", "reason"];
    let rows = settings.iter().map(|setting| {
        vec![
            whose(setting.scope.as_ref()),
            safe(&setting.resource).into_owned(),
            what(setting),
            wire_instant(setting.expire_time.as_ref()),
            safe(&setting.author).into_owned(),
            sentence(&setting.reason, shown),
        ]
    });
    output.text(&table(&header.map(|name| (name, Lean::Left)), rows))
}

fn history(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let changes = pages(matches, |page_size, page_token| {
        let request = ListLimitChangesRequest { page_size, page_token };
        let response = context.call(async |channel| {
            LimitServiceClient::new(channel).list_limit_changes(request).await
        })?;
        Ok((response.changes, response.next_page_token))
    })?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return changes.iter().try_for_each(|change| output.json(change));
    }
    let shown = output.shown();
    let header = ["version", "when", "whose", "resource", "set to", "author", "reason"];
    let rows = changes.iter().map(|change| {
        let setting = change.setting.clone().unwrap_or_default();
        let set_to = match change.taken_back {
            true if setting.part() == LimitPart::Off => "on again".to_owned(),
            true if setting.part() == LimitPart::Canary => "no canary".to_owned(),
            true if setting.part() == LimitPart::Shadow => format!("no shadow {}", setting.slot),
            true => "the policy's".to_owned(),
            false => what(&setting),
        };
        vec![
            change.version.to_string(),
            wire_instant(change.change_time.as_ref()),
            whose(setting.scope.as_ref()),
            safe(&setting.resource).into_owned(),
            set_to,
            safe(&change.author).into_owned(),
            sentence(&change.reason, shown),
        ]
    });
    output.text(&table(&header.map(|name| (name, Lean::Left)), rows))
}
