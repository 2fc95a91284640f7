//! Staff's word on campaigns: in force when it is printed, and taken back as fast.

use clap::ArgMatches;

use super::{campaign_argument, detail_text};
use crate::operator::command::{Command, option, positional, text};
use crate::operator::context::Context;
use crate::operator::failure::Failure;
use crate::operator::lists::{author_argument, instant_argument};
use crate::operator::output::Form;
use crate::operator::text::{label, safe};
use crate::wire::operator::v1::campaign_service_client::CampaignServiceClient;
use crate::wire::operator::v1::{
    CampaignDetail, CampaignState, DecideCampaignRequest, MergeCampaignsRequest,
    RemoveRepresentativeRequest, SplitCampaignRequest, UndoCampaignDecisionRequest,
};

pub(in crate::operator) const CONFIRM: Command = Command {
    name: "campaigns confirm",
    help: "Decide that a campaign is junk",
    doc: "Decide that a campaign is junk, for every page of it, whoever sends it next. In force when it is printed; \
          `campaigns undo` takes it back.",
    shape: decide_arguments,
    run: |matches, context| decide(matches, context, CampaignState::Confirmed),
};

pub(in crate::operator) const CLEAR: Command = Command {
    name: "campaigns clear",
    help: "Decide that a campaign is none: its recipients want it",
    doc: "Decide that a campaign is none: its recipients want it. In force when it is printed; `campaigns undo` takes it \
          back.",
    shape: decide_arguments,
    run: |matches, context| decide(matches, context, CampaignState::Cleared),
};

pub(in crate::operator) const QUARANTINE: Command = Command {
    name: "campaigns quarantine",
    help: "Decide that a campaign speaks neither for nor against a fax",
    doc: "Decide that a campaign speaks neither for nor against a fax: a form that many use, or what is not sure yet. In \
          force when it is printed; `campaigns undo` takes it back.",
    shape: decide_arguments,
    run: |matches, context| decide(matches, context, CampaignState::Quarantined),
};

pub(in crate::operator) const UNDO: Command = Command {
    name: "campaigns undo",
    help: "Take the last decision on a campaign back",
    doc: "Take the last decision on a campaign back: what was in force before it is in force again. With the version that \
          `campaigns show` prints, running it twice takes back one decision and not two.",
    shape: |command| command.arg(campaign_argument()).arg(etag_argument()).arg(author_argument()),
    run: undo,
};

pub(in crate::operator) const MERGE: Command = Command {
    name: "campaigns merge",
    help: "Merge two campaigns into the older one",
    doc: "Merge two campaigns: the older id stays, and the younger one is part of it until `campaigns split` takes it out.",
    shape: |command| {
        command
            .arg(campaign_argument())
            .arg(positional("OTHER", "The other one"))
            .arg(etag_argument())
            .arg(author_argument())
    },
    run: merge,
};

pub(in crate::operator) const SPLIT: Command = Command {
    name: "campaigns split",
    help: "Take a campaign out of the one it was merged into",
    doc: "Take a campaign out of the one it was merged into. Both are what they were, with what was seen of each since, \
          and never merge by themselves again.",
    shape: |command| command.arg(campaign_argument()).arg(author_argument()),
    run: split,
};

pub(in crate::operator) const TAKE_OUT: Command = Command {
    name: "campaigns take-out",
    help: "Take a page out of those by which a campaign is recognised",
    doc: "Take a page out of those by which a campaign is recognised, where there are others: pages like it make a \
          campaign of their own from then on. What was counted stays.",
    shape: |command| {
        command
            .arg(campaign_argument())
            .arg(
                positional("INDEX", "Which of its pages, from 0")
                    .value_parser(clap::value_parser!(u32)),
            )
            .arg(author_argument())
    },
    run: take_out,
};

fn decide_arguments(command: clap::Command) -> clap::Command {
    command
        .arg(campaign_argument())
        .arg(option("reason", "TEXT", "Why, 1 to 256 bytes").required(true))
        .arg(option("until", "TIME", "Until when it holds (RFC 3339); else until taken back"))
        .arg(etag_argument())
        .arg(author_argument())
}

fn etag_argument() -> clap::Arg {
    option("etag", "VERSION", "Only over this version, as `campaigns show` prints it")
}

fn decide(
    matches: &ArgMatches,
    context: &mut Context<'_>,
    state: CampaignState,
) -> Result<(), Failure> {
    let request = DecideCampaignRequest {
        campaign_id: text(matches, "CAMPAIGN"),
        state: state.into(),
        author: context.author(text(matches, "author"))?,
        reason: text(matches, "reason"),
        expire_time: instant_argument(matches, "until", "--until")?,
        etag: text(matches, "etag"),
    };
    let response = context
        .call(async |channel| CampaignServiceClient::new(channel).decide_campaign(request).await)?;
    match context.output.form() {
        Form::Programs => context.output.json(&response),
        Form::People => stands(response.detail, context),
    }
}

/// Prints how a campaign stands now.
fn stands(detail: Option<CampaignDetail>, context: &mut Context<'_>) -> Result<(), Failure> {
    let shown = context.output.shown();
    context.output.text(&detail_text(&detail.unwrap_or_default(), shown))
}

fn undo(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = UndoCampaignDecisionRequest {
        campaign_id: text(matches, "CAMPAIGN"),
        author: context.author(text(matches, "author"))?,
        etag: text(matches, "etag"),
    };
    let response = context.call(async |channel| {
        CampaignServiceClient::new(channel).undo_campaign_decision(request).await
    })?;
    if context.output.form() == Form::Programs {
        return context.output.json(&response);
    }
    let undone = response.undone.unwrap_or_default();
    let state = label(undone.state().as_str_name(), "CAMPAIGN_STATE_");
    context.output.line(format!("taken back: {state}, by {}", safe(&undone.author)))?;
    stands(response.detail, context)
}

fn merge(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = MergeCampaignsRequest {
        campaign_id: text(matches, "CAMPAIGN"),
        other_campaign_id: text(matches, "OTHER"),
        author: context.author(text(matches, "author"))?,
        etag: text(matches, "etag"),
    };
    let response = context
        .call(async |channel| CampaignServiceClient::new(channel).merge_campaigns(request).await)?;
    match context.output.form() {
        Form::Programs => context.output.json(&response),
        Form::People => stands(response.detail, context),
    }
}

fn split(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = SplitCampaignRequest {
        campaign_id: text(matches, "CAMPAIGN"),
        author: context.author(text(matches, "author"))?,
    };
    let response = context
        .call(async |channel| CampaignServiceClient::new(channel).split_campaign(request).await)?;
    match context.output.form() {
        Form::Programs => context.output.json(&response),
        Form::People => stands(response.detail, context),
    }
}

fn take_out(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = RemoveRepresentativeRequest {
        campaign_id: text(matches, "CAMPAIGN"),
        index: matches.get_one::<u32>("INDEX").copied().unwrap_or(u32::MAX),
        author: context.author(text(matches, "author"))?,
    };
    let response = context.call(async |channel| {
        CampaignServiceClient::new(channel).remove_representative(request).await
    })?;
    match context.output.form() {
        Form::Programs => context.output.json(&response),
        Form::People => stands(response.detail, context),
    }
}
