//! `limits what-if`, `trials`, `rollback` and `top`: what a limit would do, what is tried, a change taken back, and who uses what.

use clap::{Arg, ArgMatches, value_parser};

use super::super::command::{Command, option, positional, switch, text};
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::output::{Form, Lean, table};
use super::super::text::{safe, wire_instant};
use super::edit::{edit, etag, monthly, number, period, quota, scope, scope_of};
use super::{what, whose};
use crate::time::{DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS};
use crate::wire::operator::v1::limit_tuning_service_client::LimitTuningServiceClient;
use crate::wire::operator::v1::{
    AffectedHolder, LimitEffect, LimitPart, LimitTrial, ListLimitTrialsRequest,
    ListTopUsersRequest, RestoreLimitRequest, TopUser, TryLimitRequest,
};
use crate::wire::screening::v1::QuotaHolder;

pub(in crate::operator) const WHAT_IF: Command = Command {
    name: "limits what-if",
    help: "Tell what a limit would have done with recorded use",
    doc: "Tell what a limit would have done with the use of the last days, and change nothing: in whose way it would have \
          stood, how often and for how long, against how many of them nothing speaks, and what would have been spent. It is \
          tried on levels of its own with the code that enforces limits, beside everything that is set.",
    shape: |command| {
        let [rate, per, burst] = quota();
        scope(command)
            .args([rate.required_unless_present_any(["off", "unset"]), per, burst])
            .arg(switch("off", "What if it were off").conflicts_with("rate"))
            .arg(switch("unset", "What if nothing were set").conflicts_with_all(["rate", "off"]))
            .arg(over("days", "7", "Tell of the last so many days, 1 to 30"))
            .arg(holders("100"))
    },
    run: what_if,
};

pub(in crate::operator) const TRIALS: Command = Command {
    name: "limits trials",
    help: "Show the limits that are tried, and what they have come to",
    doc: "Show the limits that are tried beside live traffic or on some of those they are for, and what they have come to since \
          they began.",
    shape: |command| command.arg(holders("10")),
    run: trials,
};

pub(in crate::operator) const ROLLBACK: Command = Command {
    name: "limits rollback",
    help: "Put a limit back to what it was before a change",
    doc: "Put a limit back to what it was before a change of `limits history`, at the level that everybody has. What was set then \
          and has expired is not set again.",
    shape: |command| {
        command
            .arg(positional("VERSION", "The number of the change").value_parser(value_parser!(u64)))
            .args(edit())
    },
    run: rollback,
};

pub(in crate::operator) const TOP: Command = Command {
    name: "limits top",
    help: "Show who used most of a resource",
    doc: "Show who used most of a resource lately, what part of all that is, and how often something stood in its way. Of more than \
          16,384 the least are counted together, and the error that this makes is told.",
    shape: |command| {
        command
            .arg(positional("RESOURCE", "faxes, pages, line_seconds or recipients"))
            .arg(
                option("by", "HOLDER", "Whose use")
                    .default_value("member")
                    .value_parser(HOLDERS.map(|(name, _)| name)),
            )
            .arg(
                option("over", "WINDOW", "In the last minute, hour, day or week")
                    .default_value("hour")
                    .value_parser(WINDOWS.map(|(name, _)| name)),
            )
            .arg(holders("20"))
    },
    run: top,
};

const HOLDERS: [(&str, QuotaHolder); 5] = [
    ("member", QuotaHolder::Member),
    ("organisation", QuotaHolder::Organisation),
    ("number", QuotaHolder::Number),
    ("trunk", QuotaHolder::Trunk),
    ("api_key", QuotaHolder::ApiKey),
];
const WINDOWS: [(&str, u64); 4] = [
    ("minute", MINUTE_SECONDS),
    ("hour", HOUR_SECONDS),
    ("day", DAY_SECONDS),
    ("week", 7 * DAY_SECONDS),
];

fn over(name: &'static str, usual: &'static str, help: &'static str) -> Arg {
    option(name, "DAYS", help).default_value(usual).value_parser(value_parser!(u64).range(1..=30))
}

fn holders(usual: &'static str) -> Arg {
    option("limit", "COUNT", "Name at most so many, 1 to 1,000")
        .default_value(usual)
        .value_parser(value_parser!(i32).range(1..=1_000))
}

fn most(matches: &ArgMatches) -> i32 {
    matches.get_one::<i32>("limit").copied().unwrap_or(0)
}

fn what_if(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let part = match (matches.get_flag("off"), matches.get_flag("unset")) {
        (true, _) => LimitPart::Off,
        (_, true) => LimitPart::Unspecified,
        (false, false) if monthly(matches) => LimitPart::Month,
        (false, false) => LimitPart::Quota,
    };
    let request = TryLimitRequest {
        scope: Some(scope_of(matches)),
        resource: text(matches, "RESOURCE"),
        part: part.into(),
        rate: number(matches, "rate"),
        period_seconds: if part == LimitPart::Quota { period(matches) } else { 0 },
        burst: number(matches, "burst"),
        window_seconds: number(matches, "days").saturating_mul(DAY_SECONDS),
        holders_max: most(matches),
    };
    let response = context
        .call(async |channel| LimitTuningServiceClient::new(channel).try_limit(request).await)?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return output.json(&response);
    }
    let effect = response.effect.unwrap_or_default();
    output.text(&told(&effect, "would have"))
}

/// What a limit comes to, in sentences and a table.
fn told(effect: &LimitEffect, would: &str) -> String {
    let LimitEffect {
        asked_count, stood_count, newly_count, newly_good_count, freed_count, ..
    } = effect;
    let mut text = match (&effect.from_time, &effect.to_time) {
        (Some(from), Some(to)) => format!(
            "{} stages from {} to {}\n",
            effect.seen_count,
            wire_instant(Some(from)),
            wire_instant(Some(to))
        ),
        _ => "nothing was recorded\n".to_owned(),
    };
    text.push_str(&format!(
        "{} holders {would} waited or been refused {stood_count} times of {asked_count}; {newly_count} of these went on \
         when they were recorded, {newly_good_count} of them of somebody against whom nothing speaks\n",
        effect.holder_count,
    ));
    text.push_str(&format!(
        "{} of the holders are in good standing; waits: half at most {} s, 99 % at most {} s; {freed_count} uses {would} \
         gone on that did not\n",
        effect.good_holder_count, effect.wait_median_seconds, effect.wait_p99_seconds,
    ));
    for charged in &effect.charged {
        let (recorded, would) = (charged.recorded, charged.would);
        let difference = i128::from(would) - i128::from(recorded);
        text.push_str(&format!(
            "{}: {recorded} charged, {would} by it ({difference:+})\n",
            safe(&charged.resource)
        ));
    }
    if effect.holders.is_empty() {
        return text;
    }
    let header = [
        ("holder", Lean::Left),
        ("times", Lean::Right),
        ("for good", Lean::Right),
        ("longest wait", Lean::Right),
        ("standing", Lean::Left),
    ];
    let row = |holder: &AffectedHolder| {
        vec![
            safe(&holder.holder_key).into_owned(),
            holder.times_count.to_string(),
            holder.never_count.to_string(),
            format!("{} s", holder.longest_wait_seconds),
            if holder.good { "good".to_owned() } else { "-".to_owned() },
        ]
    };
    text.push_str(&table(&header, effect.holders.iter().map(row)));
    text
}

fn trials(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = ListLimitTrialsRequest { holders_max: most(matches) };
    let response = context.call(async |channel| {
        LimitTuningServiceClient::new(channel).list_limit_trials(request).await
    })?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return response.trials.iter().try_for_each(|trial| output.json(trial));
    }
    output.line(format!("etag {}, {} tried", safe(&response.etag), response.trials.len()))?;
    response.trials.iter().try_for_each(|trial| output.text(&tried(trial)))
}

fn tried(trial: &LimitTrial) -> String {
    let setting = trial.setting.clone().unwrap_or_default();
    let effect = trial.effect.clone().unwrap_or_default();
    let head = format!(
        "\n{} of {}: {}, by {}, counted since {}\n",
        safe(&setting.resource),
        whose(setting.scope.as_ref()),
        what(&setting),
        safe(&setting.author),
        wire_instant(trial.counted_time.as_ref()),
    );
    if setting.part() == LimitPart::Shadow {
        return head + &told(&effect, "would have");
    }
    format!(
        "{head}{} of {} uses waited or were refused by it, {} of them of somebody against whom nothing speaks; taken back above \
         {} of 10000, or above {} of those\n",
        effect.stood_count,
        effect.asked_count,
        effect.newly_good_count,
        setting.guard_refused_bp,
        setting.guard_good_bp,
    )
}

fn rollback(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = RestoreLimitRequest {
        request_id: context.fresh_id()?,
        etag: etag(matches, context)?,
        version: number(matches, "VERSION"),
        author: context.author(text(matches, "author"))?,
        reason: text(matches, "reason"),
    };
    let response = context.call(async |channel| {
        LimitTuningServiceClient::new(channel).restore_limit(request).await
    })?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return output.json(&response);
    }
    let setting = response.setting.clone().unwrap_or_default();
    let is = if response.taken_back { "the policy's".to_owned() } else { what(&setting) };
    output.line(format!(
        "{} of {} is {is} again, etag {}",
        safe(&setting.resource),
        whose(setting.scope.as_ref()),
        safe(&response.etag)
    ))
}

fn top(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let (by, over) = (text(matches, "by"), text(matches, "over"));
    let holder = HOLDERS.iter().find(|(name, _)| *name == by).map(|(_, holder)| *holder);
    let seconds = WINDOWS.iter().find(|(name, _)| *name == over).map_or(0, |(_, window)| *window);
    let request = ListTopUsersRequest {
        holder: holder.unwrap_or_default().into(),
        resource: text(matches, "RESOURCE"),
        window_seconds: seconds,
        users_max: most(matches),
    };
    let response = context.call(async |channel| {
        LimitTuningServiceClient::new(channel).list_top_users(request).await
    })?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return output.json(&response);
    }
    output.line(format!(
        "{} units of {} users, each to within {}",
        response.total, response.user_count, response.error
    ))?;
    let header = [
        ("holder", Lean::Left),
        ("units", Lean::Right),
        ("share", Lean::Right),
        ("held up", Lean::Right),
    ];
    let row = |user: &TopUser| {
        vec![
            safe(&user.holder_key).into_owned(),
            user.units.to_string(),
            format!("{}.{:02} %", user.share_ppm / 10_000, user.share_ppm % 10_000 / 100),
            user.stood_count.to_string(),
        ]
    };
    output.text(&table(&header, response.users.iter().map(row)))
}
