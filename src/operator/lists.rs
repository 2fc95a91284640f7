//! `lists`: the allow, block, opt-out and do-not-originate entries, with who, when, why and until.

use clap::ArgMatches;
use pbjson_types::Timestamp as WireTime;

use super::command::{Command, option, positional, text};
use super::context::Context;
use super::decision::{limit_argument, pages};
use super::failure::Failure;
use super::output::{Form, Lean, table};
use super::text::{label, parse_instant, safe, sentence, to_wire, wire_instant};
use crate::wire::operator::v1::list_entry_service_client::ListEntryServiceClient;
use crate::wire::operator::v1::{
    CreateListEntryRequest, DeleteListEntryRequest, ListEntry, ListKind, ListListEntriesRequest,
};

pub(super) const ADD: Command = Command {
    name: "lists add",
    help: "Add an entry to a list, or replace the one for the same list, member and number",
    doc: "Add an entry to a list, or replace the one for the same list, member and number. It is durable when \
          printed and counts at once. Do-not-originate entries hold for everybody and have no member.",
    shape: |command| {
        command
            .arg(list_argument().required(true))
            .arg(option("member", "ACCOUNT", "The member whose entry it is, by account id"))
            .arg(option("number", "NUMBER", "The other number").required(true))
            .arg(option("reason", "TEXT", "Why, 1 to 256 bytes").required(true))
            .arg(option("until", "TIME", "Until when it holds (RFC 3339); else until removed"))
            .arg(author_argument())
    },
    run: add,
};

pub(super) const REMOVE: Command = Command {
    name: "lists remove",
    help: "Remove an entry",
    doc: "Remove an entry by its id, as `lists show` prints it.",
    shape: |command| {
        command.arg(positional("ENTRY", "The entry's 32 hexadecimal digits")).arg(author_argument())
    },
    run: remove,
};

pub(super) const SHOW: Command = Command {
    name: "lists show",
    help: "Show the entries of all lists, of one list or of one member",
    doc: "Show the entries of all lists, of one list or of one member. Numbers are stored as pseudonyms and cannot \
          be shown.",
    shape: |command| {
        command
            .arg(list_argument())
            .arg(option("member", "ACCOUNT", "Only this member's, by account id"))
            .arg(limit_argument())
    },
    run: show,
};

const LISTS: [(&str, ListKind); 4] = [
    ("allow", ListKind::Allow),
    ("block", ListKind::Block),
    ("opt-out", ListKind::OptOut),
    ("do-not-originate", ListKind::DoNotOriginate),
];

fn list_argument() -> clap::Arg {
    option("list", "LIST", "Which list").value_parser(LISTS.map(|(name, _)| name))
}

/// `--author`, shared by every command that edits.
pub(super) fn author_argument() -> clap::Arg {
    option("author", "NAME", "Who makes the edit; else the user who runs the tool")
}

/// Reads the time of an optional argument.
pub(super) fn instant_argument(
    matches: &ArgMatches,
    name: &str,
    argument: &'static str,
) -> Result<Option<WireTime>, Failure> {
    let Some(text) = matches.get_one::<String>(name) else {
        return Ok(None);
    };
    let expected = "a time as in `2026-11-24T21:41:24Z`";
    let time = parse_instant(text).ok_or(Failure::Argument { argument, expected })?;
    Ok(Some(to_wire(time)))
}

fn list_kind(matches: &ArgMatches) -> ListKind {
    let name = text(matches, "list");
    LISTS.iter().find(|(list, _)| *list == name).map_or(ListKind::Unspecified, |(_, kind)| *kind)
}

fn add(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let entry = ListEntry {
        list: list_kind(matches).into(),
        member_id: text(matches, "member"),
        number: text(matches, "number"),
        author: context.author(text(matches, "author"))?,
        reason: text(matches, "reason"),
        expire_time: instant_argument(matches, "until", "--until")?,
        ..ListEntry::default()
    };
    let request = CreateListEntryRequest { request_id: context.fresh_id()?, entry: Some(entry) };
    let response = context.call(async |channel| {
        ListEntryServiceClient::new(channel).create_list_entry(request).await
    })?;
    if context.output.form() == Form::Programs {
        return context.output.json(&response);
    }
    let entry = response.entry.unwrap_or_default();
    context.output.line(format!("added {}", safe(&entry.entry_id)))
}

fn remove(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let entry_id = text(matches, "ENTRY");
    let author = context.author(text(matches, "author"))?;
    let request = DeleteListEntryRequest { entry_id: entry_id.clone(), author };
    let response = context.call(async |channel| {
        ListEntryServiceClient::new(channel).delete_list_entry(request).await
    })?;
    match context.output.form() {
        Form::Programs => context.output.json(&response),
        Form::People => context.output.line(format!("removed {}", safe(&entry_id))),
    }
}

fn show(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let list = list_kind(matches).into();
    let member_id = text(matches, "member");
    let entries: Vec<ListEntry> = pages(matches, |page_size, page_token| {
        let member_id = member_id.clone();
        let request = ListListEntriesRequest { list, member_id, page_size, page_token };
        let response = context.call(async |channel| {
            ListEntryServiceClient::new(channel).list_list_entries(request).await
        })?;
        Ok((response.entries, response.next_page_token))
    })?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return entries.iter().try_for_each(|entry| output.json(entry));
    }
    if entries.is_empty() {
        return output.line("no entries");
    }
    let shown = output.shown();
    let header = ["entry", "list", "made", "until", "author", "reason"];
    let rows = entries.iter().map(|entry| {
        vec![
            safe(&entry.entry_id).into_owned(),
            label(entry.list().as_str_name(), "LIST_KIND_"),
            wire_instant(entry.create_time.as_ref()),
            wire_instant(entry.expire_time.as_ref()),
            safe(&entry.author).into_owned(),
            sentence(&entry.reason, shown),
        ]
    });
    output.text(&table(&header.map(|name| (name, Lean::Left)), rows))
}
