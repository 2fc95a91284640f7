//! `campaigns`: near-identical pages to many recipients, for those who decide on them.

mod edit;

use clap::ArgMatches;

use super::command::{Command, option, positional, text};
use super::context::Context;
use super::decision::limit_argument;
use super::failure::Failure;
use super::output::{Form, Lean, Output, table};
use super::text::{Shown, label, safe, sentence, wire_instant};
use super::verdict_block::indented;
use crate::wire::operator::v1::campaign_service_client::CampaignServiceClient;
use crate::wire::operator::v1::{
    Campaign, CampaignDecision, CampaignDetail, CampaignJudge, CampaignState, DistinctCount,
    GetCampaignRequest, ListCampaignsRequest, WatchCampaignsRequest, WatchCampaignsResponse,
};

pub(super) use edit::{CLEAR, CONFIRM, MERGE, QUARANTINE, SPLIT, TAKE_OUT, UNDO};

pub(super) const LIST: Command = Command {
    name: "campaigns list",
    help: "List campaigns, the busiest of the last hour first",
    doc: "List campaigns: near-identical pages to many recipients, whatever numbers they come from. The busiest of the \
          last hour come first, then those with most recipients. Counts with `~` are estimates with a standard error of \
          9 %. One that was merged into another is part of it and not listed.",
    shape: |command| command.arg(state_argument()).arg(limit_argument()),
    run: list,
};

pub(super) const SHOW: Command = Command {
    name: "campaigns show",
    help: "Show what is known of a campaign, and what was decided on it",
    doc: "Show what is known of a campaign: who gets it and who sends it, in counts with their errors, how it grows, \
          what was reported, what staff decided and why, what is merged into it, and by how many pages it is recognised. \
          Of one that was merged into another, that other is shown.",
    shape: |command| command.arg(campaign_argument()),
    run: show,
};

pub(super) const WATCH: Command = Command {
    name: "campaigns watch",
    help: "Print every campaign, and then each that is new, changes or goes, until interrupted",
    doc: "Print every campaign, and then each that is new, changes or goes, until interrupted. The server looks every \
          two seconds; what changed twice in between is printed once.",
    shape: |command| command.arg(state_argument()),
    run: watch,
};

const STATES: [(&str, CampaignState); 4] = [
    ("suspected", CampaignState::Suspected),
    ("confirmed", CampaignState::Confirmed),
    ("cleared", CampaignState::Cleared),
    ("quarantined", CampaignState::Quarantined),
];
/// Rows asked for at once.
const PAGE_SIZE: i32 = 1_000;
/// Most campaigns that are read to be put in order.
const READ_MAX: usize = 100_000;

fn state_argument() -> clap::Arg {
    option("state", "STATE", "Only this state").value_parser(STATES.map(|(name, _)| name))
}

fn state_of(matches: &ArgMatches) -> i32 {
    let name = text(matches, "state");
    let state = STATES.iter().find(|(state, _)| *state == name);
    state.map_or(CampaignState::Unspecified, |(_, state)| *state).into()
}

pub(super) fn campaign_argument() -> clap::Arg {
    positional("CAMPAIGN", "The campaign's 16 hexadecimal digits")
}

fn list(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let state = state_of(matches);
    let (mut campaigns, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListCampaignsRequest { state, page_size: PAGE_SIZE, page_token };
        let response = context.call(async |channel| {
            CampaignServiceClient::new(channel).list_campaigns(request).await
        })?;
        campaigns.extend(response.campaigns);
        page_token = response.next_page_token;
        if page_token.is_empty() || campaigns.len() >= READ_MAX {
            break;
        }
    }
    campaigns.sort_by_key(|campaign| std::cmp::Reverse(busy(campaign)));
    let limit = matches.get_one::<u32>("limit").copied().unwrap_or(u32::MAX);
    campaigns.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return campaigns.iter().try_for_each(|campaign| output.json(campaign));
    }
    if campaigns.is_empty() {
        return output.line("no campaigns");
    }
    output.text(&campaigns_table(&campaigns))
}

fn busy(campaign: &Campaign) -> (u32, u32) {
    (campaign.last_hour_count, campaign.recipients.unwrap_or_default().count)
}

fn campaigns_table(campaigns: &[Campaign]) -> String {
    let header = [
        ("campaign", Lean::Left),
        ("state", Lean::Left),
        ("by", Lean::Left),
        ("recipients", Lean::Right),
        ("senders", Lean::Right),
        ("last hour", Lean::Right),
        ("growth", Lean::Right),
        ("known", Lean::Right),
        ("traps", Lean::Right),
        ("junk", Lean::Right),
        ("wanted", Lean::Right),
        ("last seen", Lean::Left),
    ];
    let rows = campaigns.iter().map(|campaign| {
        vec![
            safe(&campaign.campaign_id).into_owned(),
            state_name(campaign.state()),
            label(campaign.judge().as_str_name(), "CAMPAIGN_JUDGE_"),
            count(campaign.recipients),
            count(campaign.senders),
            campaign.last_hour_count.to_string(),
            format!("x{}", tenths(campaign.growth_milli, 1_000)),
            format!("{} %", tenths(campaign.correspondence_milli, 10)),
            campaign.trap_count.to_string(),
            tenths(campaign.junk_weight_milli, 1_000),
            tenths(campaign.wanted_weight_milli, 1_000),
            wire_instant(campaign.last_seen_time.as_ref()),
        ]
    });
    table(&header, rows)
}

fn state_name(state: CampaignState) -> String {
    label(state.as_str_name(), "CAMPAIGN_STATE_")
}

/// A count, with `~` where it is an estimate.
fn count(counted: Option<DistinctCount>) -> String {
    let DistinctCount { count, error_bp } = counted.unwrap_or_default();
    if error_bp == 0 { count.to_string() } else { format!("~{count}") }
}

/// The same with its error.
fn count_with_error(counted: Option<DistinctCount>) -> String {
    match counted.unwrap_or_default() {
        DistinctCount { count, error_bp: 0 } => count.to_string(),
        DistinctCount { count, error_bp } => {
            format!("~{count} (standard error {} %)", tenths(error_bp, 100))
        }
    }
}

/// A number of `whole`ths with one decimal, rounded down.
fn tenths(value: u32, whole: u32) -> String {
    format!("{}.{}", value / whole, u64::from(value % whole) * 10 / u64::from(whole))
}

fn show(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = GetCampaignRequest { campaign_id: text(matches, "CAMPAIGN") };
    let response = context
        .call(async |channel| CampaignServiceClient::new(channel).get_campaign(request).await)?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return output.json(&response);
    }
    let detail = response.detail.unwrap_or_default();
    let shown = output.shown();
    output.text(&detail_text(&detail, shown))
}

/// A campaign with what was decided on it, for people.
pub(super) fn detail_text(detail: &CampaignDetail, shown: Shown) -> String {
    let campaign = detail.campaign.clone().unwrap_or_default();
    let said = match campaign.judge() {
        CampaignJudge::Staff => "so staff says",
        CampaignJudge::Evidence | CampaignJudge::Unspecified => "by its own evidence",
    };
    let id = safe(&campaign.campaign_id);
    let mut text = format!("campaign {id}: {}, {said}\n", state_name(campaign.state()));
    let rows = evidence_rows(&campaign).map(|(what, value)| vec![what.to_owned(), value]);
    text.push_str(&indented(&table(&[("what", Lean::Left), ("value", Lean::Left)], rows)));
    let maps = detail.representatives.iter().filter(|one| one.has_map).count();
    let known = detail.representatives.len();
    text.push_str(&format!("pages by which it is recognised: {known}, with a map {maps}\n"));
    if !detail.merged_campaign_ids.is_empty() {
        let ids: Vec<_> = detail.merged_campaign_ids.iter().map(|id| safe(id)).collect();
        text.push_str(&format!("merged into it: {}\n", ids.join(" ")));
    }
    if detail.decisions.is_empty() {
        text.push_str("staff decided nothing\n");
    } else {
        text.push_str("decisions, the last one that has not ended in force:\n");
        text.push_str(&indented(&decisions_table(&detail.decisions, shown)));
    }
    text.push_str(&format!("version {}\n", safe(&detail.etag)));
    text
}

fn evidence_rows(campaign: &Campaign) -> [(&'static str, String); 15] {
    let share = |milli| format!("{} %", tenths(milli, 10));
    [
        ("first seen", wire_instant(campaign.first_seen_time.as_ref())),
        ("last seen", wire_instant(campaign.last_seen_time.as_ref())),
        ("pages", campaign.sighting_count.to_string()),
        ("pages that members sent", campaign.outbound_count.to_string()),
        ("recipients", count_with_error(campaign.recipients)),
        ("recipients whose page was compared", count_with_error(campaign.verified_recipients)),
        ("recipients as they count", campaign.counted_recipient_count.to_string()),
        ("recipients with correspondence", share(campaign.correspondence_milli)),
        ("senders", count_with_error(campaign.senders)),
        ("idents of sending machines", count_with_error(campaign.idents)),
        ("trunks", count_with_error(campaign.trunks)),
        ("blocks of 100 numbers", count_with_error(campaign.number_blocks)),
        (
            "last hour",
            format!(
                "{} pages, x{} of the hours before",
                campaign.last_hour_count,
                tenths(campaign.growth_milli, 1_000)
            ),
        ),
        ("pages to traps", campaign.trap_count.to_string()),
        (
            "weight of reports",
            format!(
                "{} junk, {} wanted",
                tenths(campaign.junk_weight_milli, 1_000),
                tenths(campaign.wanted_weight_milli, 1_000)
            ),
        ),
    ]
}

fn decisions_table(decisions: &[CampaignDecision], shown: Shown) -> String {
    let header = ["decided", "state", "author", "until", "reason"].map(|name| (name, Lean::Left));
    let rows = decisions.iter().map(|decision| {
        vec![
            wire_instant(decision.decide_time.as_ref()),
            state_name(decision.state()),
            safe(&decision.author).into_owned(),
            wire_instant(decision.expire_time.as_ref()),
            sentence(&decision.reason, shown),
        ]
    });
    table(&header, rows)
}

fn watch(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = WatchCampaignsRequest { state: state_of(matches) };
    context.block_on(async |context: &mut Context<'_>| {
        let channel = context.connect(None).await?;
        let mut told =
            CampaignServiceClient::new(channel).watch_campaigns(request).await?.into_inner();
        let mut caught_up = false;
        while let Some(message) = told.message().await? {
            print_news(&message, &mut context.output)?;
            if message.caught_up && !caught_up {
                caught_up = true;
                context.output.remark("this is all there is now; what changes follows")?;
            }
            context.output.flush()?;
        }
        Err(Failure::WatchEnded)
    })
}

fn print_news(message: &WatchCampaignsResponse, output: &mut Output<'_>) -> Result<(), Failure> {
    if output.form() == Form::Programs {
        return output.json(message);
    }
    for campaign in &message.campaigns {
        output.line(format!(
            "{}  {:<11}  {:>6} recipients  {:>5} senders  {:>5} in the last hour  x{}  {}",
            safe(&campaign.campaign_id),
            state_name(campaign.state()),
            count(campaign.recipients),
            count(campaign.senders),
            campaign.last_hour_count,
            tenths(campaign.growth_milli, 1_000),
            wire_instant(campaign.last_seen_time.as_ref()),
        ))?;
    }
    for id in &message.gone_campaign_ids {
        output.line(format!("{}  gone", safe(id)))?;
    }
    if message.truncated {
        output.remark("there are more campaigns than are told; the oldest are left out")?;
    }
    Ok(())
}
