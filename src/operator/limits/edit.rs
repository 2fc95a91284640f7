//! `limits set`, `unset` and `kill`: edits of limits, each based on the version that is named, or on the one in force.

use clap::{Arg, ArgGroup, ArgMatches, value_parser};
use pbjson_types::Timestamp as WireTime;

use super::super::command::{Command, option, positional, switch, text};
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::lists::{author_argument, instant_argument};
use super::super::output::Form;
use super::super::text::{safe, to_wire};
use crate::time::{Clock as _, DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS, Span, WallClock};
use crate::wire::operator::v1::limit_scope::Scope;
use crate::wire::operator::v1::limit_service_client::LimitServiceClient;
use crate::wire::operator::v1::{
    LimitPart, LimitScope, LimitSetting, ListLimitsRequest, SetLimitRequest, UnsetLimitRequest,
};
use crate::wire::screening::v1::{Plan, QuotaHolder};

pub(in crate::operator) const SET: Command = Command {
    name: "limits set",
    help: "Set a limit over the policy",
    doc: "Set a limit of a member, a plan, or of each organisation, called number, trunk or API key. It is durable when printed, \
          acts on the level that everybody has, and holds until it is unset or its time is over. Refused where somebody \
          else has edited the limits since the version that --etag names.",
    shape: |command| {
        let [rate, per, burst] = quota();
        scope(command)
            .args([rate.required(true), per, burst])
            .arg(option("until", "TIME", "Until when it holds (RFC 3339); else until unset"))
            .arg(
                option("canary", "PERCENT", "Only for so many in a hundred of them, 1 to 100")
                    .value_parser(value_parser!(u32))
                    .conflicts_with("member"),
            )
            .args(guards())
            .arg(
                shadow("Only beside live traffic, as the first to the fourth that is tried")
                    .conflicts_with("canary"),
            )
            .args(edit())
    },
    run: set,
};

/// A quota.
pub(super) fn quota() -> [Arg; 3] {
    [
        option("rate", "UNITS", "What comes back per period").value_parser(value_parser!(u64)),
        option("per", "PERIOD", "The period")
            .default_value("day")
            .value_parser(PERIODS.map(|(name, _)| name)),
        option("burst", "UNITS", "The most that can be had at once; else the rate")
            .default_value("0")
            .hide_default_value(true)
            .value_parser(value_parser!(u64)),
    ]
}

fn guards() -> [Arg; 2] {
    let guard =
        |name, help| option(name, "BP", help).value_parser(value_parser!(u32)).requires("canary");
    [
        guard(
            "guard-refused",
            "Take it back when more of 10,000 uses than this wait or are refused; else 500",
        ),
        guard("guard-good", "The same of uses of those against whom nothing speaks; else 100"),
    ]
}

fn shadow(help: &'static str) -> Arg {
    option("shadow", "SLOT", help).value_parser(value_parser!(u32).range(1..=4))
}

pub(in crate::operator) const KILL: Command = Command {
    name: "limits kill",
    help: "Switch a limit off for a while",
    doc: "Switch a limit off, for an emergency: it counts on and stands in nobody's way, and is in force again by itself \
          when the time is over, seven days at most. Switch it on before with `limits unset --off`.",
    shape: |command| {
        scope(command)
            .arg(
                option("minutes", "MINUTES", "For how long")
                    .default_value("60")
                    .value_parser(value_parser!(u64)),
            )
            .args(edit())
    },
    run: kill,
};

pub(in crate::operator) const UNSET: Command = Command {
    name: "limits unset",
    help: "Take back what was set of a limit",
    doc: "Take back what was set of a limit: it is that of the policy again, at the level that everybody has.",
    shape: |command| {
        scope(command)
            .arg(switch("off", "Switch it on again, and leave what was set"))
            .arg(switch("canary", "End what is tried on some of them").conflicts_with("off"))
            .arg(
                switch("month", "Take the monthly allowance back")
                    .conflicts_with_all(["off", "canary"]),
            )
            .arg(
                shadow("End what is tried beside live traffic")
                    .conflicts_with_all(["off", "canary"]),
            )
            .args(edit())
    },
    run: unset,
};

const PERIODS: [(&str, u64); 6] = [
    (MONTH, 0),
    ("second", 1),
    ("minute", MINUTE_SECONDS),
    ("hour", HOUR_SECONDS),
    ("day", DAY_SECONDS),
    ("week", 7 * DAY_SECONDS),
];
/// A month of the calendar, which is no period of so many seconds.
const MONTH: &str = "month";
const PLANS: [(&str, Plan); 5] = [
    ("unknown", Plan::Unspecified),
    ("free", Plan::Free),
    ("plus", Plan::Plus),
    ("pro", Plan::Pro),
    ("corporate", Plan::Corporate),
];
const HOLDERS: [(&str, QuotaHolder); 4] = [
    ("organisation", QuotaHolder::Organisation),
    ("number", QuotaHolder::Number),
    ("trunk", QuotaHolder::Trunk),
    ("api_key", QuotaHolder::ApiKey),
];

/// Whose limit, and of what.
pub(super) fn scope(command: clap::Command) -> clap::Command {
    command
        .arg(positional("RESOURCE", "faxes, pages, line_seconds or recipients"))
        .arg(option("member", "ACCOUNT", "The limit of this member, by account id"))
        .arg(
            option("plan", "PLAN", "The limit of each member of this plan")
                .value_parser(PLANS.map(|(name, _)| name)),
        )
        .arg(
            option(
                "each",
                "HOLDER",
                "The limit of each organisation, called number, trunk or API key",
            )
            .value_parser(HOLDERS.map(|(name, _)| name)),
        )
        .group(ArgGroup::new("whose").args(["member", "plan", "each"]).required(true))
}

/// What every edit has.
pub(super) fn edit() -> [Arg; 3] {
    [
        option("reason", "TEXT", "Why, 1 to 256 bytes").required(true),
        option("etag", "ETAG", "Refuse if the limits changed since this etag was shown"),
        author_argument(),
    ]
}

pub(super) fn scope_of(matches: &ArgMatches) -> LimitScope {
    let named = |name| matches.get_one::<String>(name).map(String::as_str);
    let plan = named("plan").and_then(|plan| PLANS.iter().find(|(name, _)| *name == plan));
    let each = named("each").and_then(|each| HOLDERS.iter().find(|(name, _)| *name == each));
    let scope = match (plan, each) {
        (Some((_, plan)), _) => Scope::Plan((*plan).into()),
        (_, Some((_, holder))) => Scope::Holder((*holder).into()),
        _ => Scope::MemberId(text(matches, "member")),
    };
    LimitScope { scope: Some(scope) }
}

/// The version an edit is based on: the one that is named, or the one in force.
pub(super) fn etag(matches: &ArgMatches, context: &mut Context<'_>) -> Result<String, Failure> {
    if let Some(named) = matches.get_one::<String>("etag") {
        return Ok(named.clone());
    }
    let request = ListLimitsRequest { page_size: 1, page_token: String::new() };
    let listed = context
        .call(async |channel| LimitServiceClient::new(channel).list_limits(request).await)?;
    Ok(listed.etag)
}

pub(super) fn number(matches: &ArgMatches, name: &str) -> u64 {
    matches.get_one::<u64>(name).copied().unwrap_or(0)
}

fn set(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let until = instant_argument(matches, "until", "--until")?;
    let small = |name| matches.get_one::<u32>(name).copied().unwrap_or(0);
    let part = match (small("canary"), small("shadow")) {
        (0, 0) if monthly(matches) => LimitPart::Month,
        (0, 0) => LimitPart::Quota,
        (0, _) => LimitPart::Shadow,
        (_, _) => LimitPart::Canary,
    };
    let quota = LimitSetting {
        part: part.into(),
        rate: number(matches, "rate"),
        period_seconds: period(matches),
        burst: number(matches, "burst"),
        percent: small("canary"),
        guard_refused_bp: small("guard-refused"),
        guard_good_bp: small("guard-good"),
        slot: small("shadow"),
        ..LimitSetting::default()
    };
    send(matches, context, quota, until)
}

/// Whether a month of the calendar is named.
pub(super) fn monthly(matches: &ArgMatches) -> bool {
    text(matches, "per") == MONTH
}

/// Seconds of the period that is named.
pub(super) fn period(matches: &ArgMatches) -> u64 {
    let period = text(matches, "per");
    PERIODS.iter().find(|(name, _)| *name == period).map_or(0, |(_, unit)| *unit)
}

fn kill(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let time = Span::seconds(number(matches, "minutes").saturating_mul(MINUTE_SECONDS));
    let until = to_wire(WallClock.now().plus(time));
    let off = LimitSetting { part: LimitPart::Off.into(), ..LimitSetting::default() };
    send(matches, context, off, Some(until))
}

fn send(
    matches: &ArgMatches,
    context: &mut Context<'_>,
    setting: LimitSetting,
    expire_time: Option<WireTime>,
) -> Result<(), Failure> {
    let setting = LimitSetting {
        scope: Some(scope_of(matches)),
        resource: text(matches, "RESOURCE"),
        author: context.author(text(matches, "author"))?,
        reason: text(matches, "reason"),
        expire_time,
        ..setting
    };
    let request = SetLimitRequest {
        request_id: context.fresh_id()?,
        etag: etag(matches, context)?,
        setting: Some(setting),
        validate_only: false,
    };
    let response =
        context.call(async |channel| LimitServiceClient::new(channel).set_limit(request).await)?;
    match context.output.form() {
        Form::Programs => context.output.json(&response),
        Form::People => context.output.line(format!("in force, etag {}", safe(&response.etag))),
    }
}

fn unset(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let slot = matches.get_one::<u32>("shadow").copied().unwrap_or(0);
    let part = match slot {
        0 if matches.get_flag("off") => LimitPart::Off,
        0 if matches.get_flag("month") => LimitPart::Month,
        0 if matches.get_flag("canary") => LimitPart::Canary,
        0 => LimitPart::Quota,
        _ => LimitPart::Shadow,
    };
    let request = UnsetLimitRequest {
        request_id: context.fresh_id()?,
        etag: etag(matches, context)?,
        scope: Some(scope_of(matches)),
        resource: text(matches, "RESOURCE"),
        part: part.into(),
        author: context.author(text(matches, "author"))?,
        reason: text(matches, "reason"),
        slot,
    };
    let response = context
        .call(async |channel| LimitServiceClient::new(channel).unset_limit(request).await)?;
    match context.output.form() {
        Form::Programs => context.output.json(&response),
        Form::People => context.output.line(format!("taken back, etag {}", safe(&response.etag))),
    }
}
