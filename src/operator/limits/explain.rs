//! `limits explain`: each limit of a member in sentences, with what would change it.

use clap::ArgMatches;

use super::super::command::{Command, positional, text};
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::output::Form;
use super::super::text::{label, safe, wire_instant};
use crate::wire::operator::v1::limit_service_client::LimitServiceClient;
use crate::wire::operator::v1::{GetMemberLimitsRequest, LimitPart, LimitSetting, MemberLimit};

pub(in crate::operator) const EXPLAIN: Command = Command {
    name: "limits explain",
    help: "Explain which limits a member has, why, and what would change them",
    doc: "Explain each limit of a member: what is in use of it, since when it is as it is and by whom, whether it stands in the way \
          now, and what would change that. What stands in the way comes first.",
    shape: |command| command.arg(positional("MEMBER", "The member's account id")),
    run: explain,
};

fn explain(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = GetMemberLimitsRequest { member_id: text(matches, "MEMBER") };
    let response = context
        .call(async |channel| LimitServiceClient::new(channel).get_member_limits(request).await)?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return output.json(&response);
    }
    let plan = label(response.plan().as_str_name(), "PLAN_");
    let known = match response.member_unknown {
        true => "is not in the directory, and so has the limits of the plan",
        false => "is of the plan",
    };
    output.line(format!("The member {} {known} {plan}.", safe(&response.member_key)))?;
    let mut limits: Vec<&MemberLimit> = response.limits.iter().collect();
    limits.sort_by_key(|limit| {
        std::cmp::Reverse(u128::from(limit.level) * 1_000 / u128::from(limit.burst.max(1)))
    });
    for limit in limits {
        output.line(sentence(limit, &plan))?;
    }
    let weight = response.share_weight_milli;
    output.line(format!(
        "Of what is contended it may claim {}.{:03} times what an ordinary member may.",
        weight / 1_000,
        weight % 1_000
    ))
}

fn sentence(limit: &MemberLimit, plan: &str) -> String {
    let MemberLimit { rate, period_seconds, burst, level, .. } = limit;
    let resource = safe(&limit.resource);
    let left = burst.saturating_sub(*level);
    let stands = match (&limit.off, left) {
        (Some(off), _) => format!(
            "is off until {} (by {}: {})",
            wire_instant(off.expire_time.as_ref()),
            safe(&off.author),
            safe(&off.reason)
        ),
        (None, 0) => "stands in the way of whatever comes now".to_owned(),
        (None, left) => format!("stands in the way of what costs more than {left} now"),
    };
    let from = match &limit.setting {
        None => format!("It is the policy's for the plan {plan}"),
        Some(setting) => by_whom(setting, plan),
    };
    let back = match &limit.full_time {
        Some(time) => format!("All of it is back at {}.", wire_instant(Some(time))),
        None => "Nothing of it is in use.".to_owned(),
    };
    format!(
        "{resource}: {level} of {burst} in use, {rate} come back in {period_seconds} s; it {stands}. {from}. {back} A higher one: \
         `limits what-if {resource} --member ACCOUNT --rate UNITS`, then `limits set`."
    )
}

fn by_whom(setting: &LimitSetting, plan: &str) -> String {
    let whose = match (setting.part(), setting.percent) {
        (LimitPart::Canary, percent) => format!("for {percent} in a hundred of the plan {plan}"),
        _ => "for it or its plan".to_owned(),
    };
    let until = match &setting.expire_time {
        Some(time) => format!(", until {}", wire_instant(Some(time))),
        None => String::new(),
    };
    format!(
        "It was set {whose} by {} at {}{until}: {}",
        safe(&setting.author),
        wire_instant(setting.set_time.as_ref()),
        safe(&setting.reason)
    )
}
