//! `forms`: pages that are no campaign, however many get them.

use clap::ArgMatches;

use super::campaigns::campaign_argument;
use super::command::{Command, option, positional, text};
use super::context::Context;
use super::decision::{limit_argument, pages};
use super::failure::Failure;
use super::lists::author_argument;
use super::output::{Form, Lean, table};
use super::text::{safe, sentence, wire_instant};
use crate::wire::operator::v1::campaign_service_client::CampaignServiceClient;
use crate::wire::operator::v1::{
    ForgetKnownFormRequest, KnownForm, ListKnownFormsRequest, NameKnownFormRequest,
};

pub(super) const LIST: Command = Command {
    name: "forms list",
    help: "List known forms: pages that are no campaign, however many get them",
    doc: "List known forms: pages that are no campaign, however many get them. Those without an author were learned from \
          who sends them to whom. A form that nobody sends for two days is forgotten.",
    shape: |command| command.arg(limit_argument()),
    run: list,
};

pub(super) const NAME: Command = Command {
    name: "forms name",
    help: "Name the page of a campaign a known form",
    doc: "Name the page of a campaign a known form: pages like it are no campaign from then on. The campaign itself is \
          decided on apart, with `campaigns clear`.",
    shape: |command| {
        command
            .arg(campaign_argument())
            .arg(option("reason", "TEXT", "Why, 1 to 256 bytes").required(true))
            .arg(author_argument())
    },
    run: name,
};

pub(super) const FORGET: Command = Command {
    name: "forms forget",
    help: "Forget a known form",
    doc: "Forget a known form by its number, as `forms list` prints it: pages like it can be a campaign again.",
    shape: |command| {
        command
            .arg(positional("FORM", "The form's number").value_parser(clap::value_parser!(u32)))
            .arg(author_argument())
    },
    run: forget,
};

fn list(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let forms: Vec<KnownForm> = pages(matches, |page_size, page_token| {
        let request = ListKnownFormsRequest { page_size, page_token };
        let response = context.call(async |channel| {
            CampaignServiceClient::new(channel).list_known_forms(request).await
        })?;
        Ok((response.forms, response.next_page_token))
    })?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return forms.iter().try_for_each(|form| output.json(form));
    }
    if forms.is_empty() {
        return output.line("no known forms");
    }
    let shown = output.shown();
    let header = [
        ("form", Lean::Right),
        ("pages", Lean::Right),
        ("known since", Lean::Left),
        ("last seen", Lean::Left),
        ("author", Lean::Left),
        ("reason", Lean::Left),
    ];
    let rows = forms.iter().map(|form| {
        let learned = form.author.is_empty();
        vec![
            form.form_number.to_string(),
            form.page_count.to_string(),
            wire_instant(form.create_time.as_ref()),
            wire_instant(form.last_seen_time.as_ref()),
            if learned { "(learned)".into() } else { safe(&form.author).into_owned() },
            sentence(&form.reason, shown),
        ]
    });
    output.text(&table(&header, rows))
}

fn name(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = NameKnownFormRequest {
        campaign_id: text(matches, "CAMPAIGN"),
        author: context.author(text(matches, "author"))?,
        reason: text(matches, "reason"),
    };
    let response = context
        .call(async |channel| CampaignServiceClient::new(channel).name_known_form(request).await)?;
    match context.output.form() {
        Form::Programs => context.output.json(&response),
        Form::People => {
            let form = response.form.unwrap_or_default();
            context.output.line(format!("named form {}", form.form_number))
        }
    }
}

fn forget(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let form_number = matches.get_one::<u32>("FORM").copied().unwrap_or(0);
    let author = context.author(text(matches, "author"))?;
    let request = ForgetKnownFormRequest { form_number, author };
    let response = context.call(async |channel| {
        CampaignServiceClient::new(channel).forget_known_form(request).await
    })?;
    match context.output.form() {
        Form::Programs => context.output.json(&response),
        Form::People => context.output.line(format!("forgot form {form_number}")),
    }
}
