//! `report`: files an abuse report, or shows what became of one.

use clap::{ArgGroup, ArgMatches};

use super::command::{Command, option, positional, text};
use super::context::Context;
use super::failure::Failure;
use super::lists::instant_argument;
use super::output::{Form, Output};
use super::text::{label, safe, sentence, wire_instant};
use crate::wire::report::v1::file_report_request::Fax;
use crate::wire::report::v1::report_service_client::ReportServiceClient;
use crate::wire::report::v1::reporter::Identity;
use crate::wire::report::v1::{
    FaxDescription, FileReportRequest, FileReportResponse, GetReportRequest, ReportCategory,
    Reporter,
};

pub(super) const FILE: Command = Command {
    name: "report",
    help: "File an abuse report about a fax, or look one up",
    doc: "File an abuse report: who reports, which fax, and what it is. The fax is named by its decision, or \
          described by the number that received it. When the receipt is printed the report is durable.",
    shape,
    run: file,
};

pub(super) const SHOW: Command = Command {
    name: "report show",
    help: "Show a report as it stands",
    doc: "Show a report as it stands, by the id on its receipt.",
    shape: |command| command.arg(positional("ID", "The report's 32 hexadecimal digits")),
    run: show,
};

const CATEGORIES: [(&str, ReportCategory); 4] = [
    ("junk", ReportCategory::JunkFax),
    ("other", ReportCategory::OtherAbuse),
    ("not-junk", ReportCategory::NotJunk),
    ("remove-me", ReportCategory::RemoveMe),
];

fn shape(command: clap::Command) -> clap::Command {
    command
        .args_conflicts_with_subcommands(true)
        .subcommand_negates_reqs(true)
        .disable_help_subcommand(true)
        .arg(option("member", "ACCOUNT", "The member who reports, by account id"))
        .arg(option("outsider", "CONTACT", "Anybody else who reports, by a contact address"))
        .group(ArgGroup::new("reporter").args(["member", "outsider"]).required(true))
        .arg(option("decision", "ID", "The decision about the fax"))
        .arg(option("did", "NUMBER", "The number that received the fax"))
        .group(ArgGroup::new("fax").args(["decision", "did"]).required(true))
        .arg(option("from", "NUMBER", "The number it came from").requires("did"))
        .arg(option("about", "TIME", "About when it arrived (RFC 3339)").requires("did"))
        .arg(
            option("category", "CATEGORY", "What is reported")
                .required(true)
                .value_parser(CATEGORIES.map(|(name, _)| name)),
        )
        .arg(option("comment", "TEXT", "In the reporter's words, at most 1000 bytes"))
        .arg(option("request-id", "ID", "Repeat a report under the id it was filed with"))
}

fn request(matches: &ArgMatches, fresh_id: String) -> Result<FileReportRequest, Failure> {
    let given = |name: &str| matches.get_one::<String>(name).cloned();
    let identity = match given("member") {
        Some(member) => Identity::MemberId(member),
        None => Identity::OutsiderContact(text(matches, "outsider")),
    };
    let fax = match given("decision") {
        Some(decision) => Fax::DecisionId(decision),
        None => Fax::Description(FaxDescription {
            called_number: text(matches, "did"),
            caller_number: text(matches, "from"),
            received_time: instant_argument(matches, "about", "--about")?,
        }),
    };
    let category = text(matches, "category");
    let category = CATEGORIES.iter().find(|(name, _)| *name == category);
    Ok(FileReportRequest {
        request_id: given("request-id").unwrap_or(fresh_id),
        reporter: Some(Reporter { identity: Some(identity) }),
        fax: Some(fax),
        category: category.map_or(ReportCategory::Unspecified, |(_, value)| *value).into(),
        comment: text(matches, "comment"),
        event_time: None,
        ..Default::default()
    })
}

fn file(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = request(matches, context.fresh_id()?)?;
    let receipt = context
        .call(async |channel| ReportServiceClient::new(channel).file_report(request).await)?;
    match context.output.form() {
        Form::Programs => context.output.json(&receipt),
        Form::People => receipt_lines(&receipt, &mut context.output),
    }
}

pub(super) fn receipt_lines(
    receipt: &FileReportResponse,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let shown = output.shown();
    let status = label(receipt.status().as_str_name(), "REPORT_STATUS_");
    output.line(format!("report    {}", safe(&receipt.report_id)))?;
    output.line(format!("status    {status}"))?;
    output.line(format!("received  {}", wire_instant(receipt.received_time.as_ref())))?;
    let decision = if receipt.decision_id.is_empty() { "-" } else { &receipt.decision_id };
    output.line(format!("decision  {}", safe(decision)))?;
    output.line(format!("effect    {}", sentence(&receipt.consequence, shown)))
}

fn show(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = GetReportRequest { report_id: text(matches, "ID") };
    let response = context
        .call(async |channel| ReportServiceClient::new(channel).get_report(request).await)?;
    if context.output.form() == Form::Programs {
        return context.output.json(&response);
    }
    let category = label(response.category().as_str_name(), "REPORT_CATEGORY_");
    receipt_lines(&response.receipt.unwrap_or_default(), &mut context.output)?;
    context.output.line(format!("category  {category}"))
}
