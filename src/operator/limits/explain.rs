//! `limits explain`: each limit of a member in sentences, with what would change it.

use clap::ArgMatches;

use super::super::command::{Command, positional, text};
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::output::Form;
use super::super::text::{label, safe, wire_instant};
use crate::wire::operator::v1::limit_service_client::LimitServiceClient;
use crate::wire::operator::v1::{
    GetMemberLimitsRequest, GetMemberLimitsResponse, LimitPart, LimitSetting, MemberLimit,
    MemberShare, MonthlyAllowance, NextRefusal,
};

pub(in crate::operator) const EXPLAIN: Command = Command {
    name: "limits explain",
    help: "Explain which limits a member has, why, and what would change them",
    doc: "Explain each limit of a member: what is in use of it, since when it is as it is and by whom, whether it stands in the way \
          now, and what would change that. What stands in the way comes first. Then what all members of its organisation use together, \
          its weight in fair sharing and what made it so, how it stands at each shared resource, and which rule will refuse it next.",
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
    for limit in fullest_first(&response.limits) {
        output.line(sentence(limit, (&format!("for the plan {plan}"), "--member ACCOUNT")))?;
    }
    if !response.organisation_limits.is_empty() {
        output.line("With all members of its organisation together:")?;
    }
    for limit in fullest_first(&response.organisation_limits) {
        output.line(sentence(limit, ("for each organisation", "--each organisation")))?;
    }
    if let Some(month) = &response.month {
        output.line(monthly(month))?;
    }
    output.line(weight(&response))?;
    for share in &response.shares {
        output.line(stands(share))?;
    }
    output.line(next(response.next.as_ref()))
}

/// The limits, those first of which most is in use.
fn fullest_first(limits: &[MemberLimit]) -> Vec<&MemberLimit> {
    let mut limits: Vec<&MemberLimit> = limits.iter().collect();
    limits.sort_by_key(|limit| {
        std::cmp::Reverse(u128::from(limit.level) * 1_000 / u128::from(limit.burst.max(1)))
    });
    limits
}

/// How its monthly allowance stands.
fn monthly(month: &MonthlyAllowance) -> String {
    let MonthlyAllowance { page_count, used_count, reset_time, time_zone, setting } = month;
    let zone = if time_zone.is_empty() { "UTC".into() } else { safe(time_zone) };
    let from = match setting {
        None => "It is the policy's".to_owned(),
        Some(setting) => by_whom(setting, "of its plan"),
    };
    format!(
        "pages of this month: {used_count} of {page_count} in use; all of it is back when the month ends in {zone}, at {}. {from}.",
        wire_instant(reset_time.as_ref())
    )
}

/// What it may claim of what is contended, and what made that of it.
fn weight(response: &GetMemberLimitsResponse) -> String {
    let times = |milli: u64| format!("{}.{:03}", milli / 1_000, milli % 1_000);
    let GetMemberLimitsResponse {
        weight_now_milli, raised_milli, weight_percent, floor_ppm, ..
    } = response;
    let base = times(response.share_weight_milli.into());
    let mut said = format!(
        "Of what is contended it may claim {} times what an ordinary member may: {base} by its plan or contract",
        times(*weight_now_milli)
    );
    if *raised_milli > 1_000 {
        said += &format!(", {} times that by its own past", times(*raised_milli));
    }
    if (1..100).contains(weight_percent) {
        said += &format!(
            ", of which verdicts on abuse leave {weight_percent} %; half of what they took is back in six hours"
        );
    }
    if *floor_ppm > 0 {
        said += &format!(", and in any case {floor_ppm} millionths of all there is");
    }
    said + "."
}

/// How it stands at a shared resource.
fn stands(share: &MemberShare) -> String {
    let MemberShare { held_ppm, fair_ppm, group_held_ppm, group_fair_ppm, .. } = share;
    let resource = safe(&share.resource);
    if !share.contended {
        return format!(
            "{resource}: not contended, so that nobody is slowed; it holds {}.",
            percent(*held_ppm)
        );
    }
    let group = match share.group {
        true => format!(
            "; its group holds {}, fair share {}",
            percent(*group_held_ppm),
            percent(*group_fair_ppm)
        ),
        false => String::new(),
    };
    let above = if share.above { "its jobs may be made to wait" } else { "it is not slowed" };
    format!(
        "{resource}: contended; it holds {}, fair share now {}{group}: {above}.",
        percent(*held_ppm),
        percent(*fair_ppm)
    )
}

/// Millionths as hundredths, to a tenth of a thousandth.
fn percent(ppm: u64) -> String {
    format!("{}.{:03} %", ppm / 10_000, ppm % 10_000 / 10)
}

/// What stands in its way, or will next.
fn next(next: Option<&NextRefusal>) -> String {
    let Some(NextRefusal { rule, fax_count, time, retry_time }) = next else {
        return "Nothing stands in its way, however much it sends.".to_owned();
    };
    let rule = safe(rule);
    match (fax_count, retry_time, time) {
        (0, Some(retry), _) => {
            format!(
                "`{rule}` stands in the way of its next fax until {}.",
                wire_instant(Some(retry))
            )
        }
        (0, None, _) => format!("`{rule}` stands in the way of its next fax."),
        (faxes, _, Some(time)) => format!(
            "`{rule}` is what stands in its way next: after {faxes} faxes of one page, at {} if it goes on as now.",
            wire_instant(Some(time))
        ),
        (faxes, _, None) => format!(
            "`{rule}` is what stands in its way next: after {faxes} faxes of one page at once; as it sends now, never."
        ),
    }
}

fn sentence(limit: &MemberLimit, (plan, whose): (&str, &str)) -> String {
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
        None => format!("It is the policy's {plan}"),
        Some(setting) => by_whom(setting, plan),
    };
    let back = match &limit.full_time {
        Some(time) => format!("All of it is back at {}.", wire_instant(Some(time))),
        None => "Nothing of it is in use.".to_owned(),
    };
    format!(
        "{resource}: {level} of {burst} in use, {rate} come back in {period_seconds} s; it {stands}. {from}. {back} A higher one: \
         `limits what-if {resource} {whose} --rate UNITS`, then `limits set`."
    )
}

fn by_whom(setting: &LimitSetting, plan: &str) -> String {
    let whose = match (setting.part(), setting.percent) {
        (LimitPart::Canary, percent) => format!("for {percent} in a hundred of those {plan}"),
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
