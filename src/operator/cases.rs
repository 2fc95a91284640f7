//! `cases`: the queue of the abuse desk, what is known of a case, and what is decided of it.

use clap::ArgMatches;

use super::command::{Command, option, positional, switch, text};
use super::context::Context;
use super::decision::limit_argument;
use super::failure::Failure;
use super::lists::{author_argument, instant_argument};
use super::output::{Form, Lean, Output, table};
use super::text::{is_hostile, label, safe, wire_instant};
use crate::wire::desk::v1::case_service_client::CaseServiceClient;
use crate::wire::desk::v1::{
    Case, CaseOrder, DecideCaseRequest, ExportCaseRequest, ExportFormat, ExportSender, Finding,
    GetCaseRequest, Ground, LeaseCaseRequest, ListCasesRequest, MeasureKind, MergeCasesRequest,
    ReopenCaseRequest, SecondCaseRequest, SubjectKind,
};

pub(super) const LIST: Command = Command {
    name: "cases list",
    help: "List open cases, those first that are expected to do most harm",
    doc: "List open cases: one for each campaign, sender or member that was reported, however many reported it.",
    shape: |command| {
        command.arg(switch("due", "Those first that are to be decided first")).arg(limit_argument())
    },
    run: list,
};

pub(super) const SHOW: Command = Command {
    name: "cases show",
    help: "Show what is known of a case, and what was done about it",
    doc: "Show a case: its reports in numbers, what they weigh and in how many independent groups, what the sender did, who \
          has it, and every step that was taken. Never what a fax says.",
    shape: |command| command.arg(case_argument()),
    run: show,
};

pub(super) const TAKE: Command = Command {
    name: "cases take",
    help: "Take a case, or the next one of the queue",
    doc: "Take a case for some time, so that nobody else decides it; the next one of the queue unless one is named. One time in \
          five that is the one that waits longest.",
    shape: |command| {
        command
            .arg(option("case", "CASE", "This one, 32 hexadecimal digits"))
            .arg(author_argument())
    },
    run: take,
};

pub(super) const DECIDE: Command = Command {
    name: "cases decide",
    help: "Decide a case: abuse, unfounded or unclear",
    doc: "Decide a case. Abuse takes the next step of the ladder unless a measure is named; measure, statement of reasons and \
          strike are durable together, and in force when this returns. From some step on a second person must agree.",
    shape: |command| {
        command
            .arg(case_argument())
            .arg(
                positional("FINDING", "What was found")
                    .value_parser(FINDINGS.map(|(name, _)| name)),
            )
            .arg(
                option("measure", "MEASURE", "Do this instead of the ladder's next step")
                    .value_parser(MEASURES.map(|(name, _)| name)),
            )
            .arg(
                option("ground", "GROUND", "In what it is grounded")
                    .value_parser(GROUNDS.map(|(name, _)| name)),
            )
            .arg(
                option("block", "SIZE", "The number's block of 10 or 100 instead of the number")
                    .value_parser(BLOCKS.map(|(name, _)| name)),
            )
            .arg(option("until", "TIME", "Until when it holds (RFC 3339)"))
            .arg(
                option("note", "TEXT", "Why, for the desk alone, at most 256 bytes").required(true),
            )
            .arg(option("etag", "ETAG", "Only over the version that was read"))
            .arg(author_argument())
    },
    run: decide,
};

pub(super) const SECOND: Command = Command {
    name: "cases second",
    help: "Agree with a proposed decision, or not",
    doc: "Agree with what somebody else proposed: then it is in force. With --no the case waits for the desk again.",
    shape: |command| {
        command.arg(case_argument()).arg(switch("no", "Do not agree")).arg(author_argument())
    },
    run: second,
};

pub(super) const MERGE: Command = Command {
    name: "cases merge",
    help: "Merge a case into another",
    doc: "Merge a case into another: its reports count there, and what comes for it later goes there.",
    shape: |command| {
        command
            .arg(case_argument())
            .arg(positional("INTO", "The case that goes on, 32 hexadecimal digits"))
            .arg(author_argument())
    },
    run: merge,
};

pub(super) const REOPEN: Command = Command {
    name: "cases reopen",
    help: "Open a case again that was decided with nothing done",
    doc: "Open a case again that was decided with nothing done: there is new evidence.",
    shape: |command| command.arg(case_argument()).arg(author_argument()),
    run: reopen,
};

pub(super) const EXPORT: Command = Command {
    name: "cases export",
    help: "Write a report of a case for a partner or an authority",
    doc: "Write one report of a case to standard output. XARF and ARF are for a partner: numbers and idents are tokens under \
          the partner's own key, and nobody but the sender is named. FCC form 1088A, as text, CSV or JSON, carries what the \
          reporter gave: numbers and names.",
    shape: |command| {
        command
            .arg(case_argument())
            .arg(
                option("format", "FORMAT", "In which format")
                    .required(true)
                    .value_parser(EXPORTS.map(|(name, _)| name)),
            )
            .arg(option("report", "REPORT", "This report of the case, 32 hexadecimal digits"))
            .arg(option("partner", "NAME", "Whom it is for, at most 64 bytes (XARF, ARF)"))
            .arg(option("organisation", "NAME", "Who sends it (XARF, ARF)"))
            .arg(option("contact", "ADDRESS", "The sender's e-mail address (XARF, ARF)"))
            .arg(option("domain", "DOMAIN", "The sender's domain (XARF, ARF)"))
    },
    run: export,
};

const EXPORTS: [(&str, ExportFormat); 5] = [
    ("xarf", ExportFormat::Xarf),
    ("arf", ExportFormat::Arf),
    ("1088a", ExportFormat::Fcc1088aText),
    ("1088a-csv", ExportFormat::Fcc1088aCsv),
    ("1088a-json", ExportFormat::Fcc1088aJson),
];
const FINDINGS: [(&str, Finding); 3] =
    [("abuse", Finding::Abuse), ("unfounded", Finding::Unfounded), ("unclear", Finding::Unclear)];
const MEASURES: [(&str, MeasureKind); 6] = [
    ("warn", MeasureKind::Warn),
    ("limit", MeasureKind::Limit),
    ("hold", MeasureKind::Hold),
    ("suspend", MeasureKind::Suspend),
    ("block", MeasureKind::Block),
    ("close", MeasureKind::Close),
];
const GROUNDS: [(&str, Ground); 5] = [
    ("junk-fax-law", Ground::JunkFaxLaw),
    ("terms-of-use", Ground::TermsOfUse),
    ("fair-use", Ground::FairUse),
    ("criminal-law", Ground::CriminalLaw),
    ("order", Ground::Order),
];

const BLOCKS: [(&str, SubjectKind); 2] =
    [("10", SubjectKind::Block10), ("100", SubjectKind::Block100)];

fn case_argument() -> clap::Arg {
    positional("CASE", "The case's 32 hexadecimal digits")
}

/// The value of that name; the default where none is given.
fn chosen<T: Copy + Default, const N: usize>(
    matches: &ArgMatches,
    name: &str,
    of: [(&str, T); N],
) -> T {
    let given = text(matches, name);
    of.iter().find(|(name, _)| *name == given).map_or_else(T::default, |(_, value)| *value)
}

fn list(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let order = if matches.get_flag("due") { CaseOrder::Due } else { CaseOrder::Harm };
    let limit = matches.get_one::<u32>("limit").copied().unwrap_or(200);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut cases, mut page_token): (Vec<Case>, String) = (Vec::new(), String::new());
    loop {
        let request = ListCasesRequest { order: order.into(), page_size: 200, page_token };
        let page = context
            .call(async |channel| CaseServiceClient::new(channel).list_cases(request).await)?;
        cases.extend(page.cases);
        page_token = page.next_page_token;
        if page_token.is_empty() || cases.len() >= limit {
            break;
        }
    }
    cases.truncate(limit);
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return cases.iter().try_for_each(|case| output.json(case));
    }
    if cases.is_empty() {
        return output.line("no case is open");
    }
    output.text(&cases_table(&cases))
}

fn cases_table(cases: &[Case]) -> String {
    let header = [
        ("case", Lean::Left),
        ("state", Lean::Left),
        ("about", Lean::Left),
        ("harm", Lean::Right),
        ("reports", Lean::Right),
        ("weight", Lean::Right),
        ("groups", Lean::Right),
        ("due", Lean::Left),
        ("taken by", Lean::Left),
    ];
    let rows = cases.iter().map(|case| {
        let about = case.subject.as_ref().map(|of| label(of.kind().as_str_name(), "SUBJECT_KIND_"));
        vec![
            safe(&case.case_id).into_owned(),
            label(case.state().as_str_name(), "CASE_STATE_"),
            about.unwrap_or_default(),
            case.harm.to_string(),
            case.junk_count.saturating_add(case.abuse_count).to_string(),
            thousandths(case.against_milli),
            case.group_count.to_string(),
            wire_instant(case.due_time.as_ref()),
            safe(&case.leased_by).into_owned(),
        ]
    });
    table(&header, rows)
}

fn thousandths(milli: u32) -> String {
    format!("{}.{:03}", milli / 1_000, milli % 1_000)
}

fn told(case: Option<&Case>, output: &mut Output<'_>) -> Result<(), Failure> {
    match (case, output.form()) {
        (Some(case), Form::Programs) => output.json(case),
        (Some(case), Form::People) => case_lines(case, output),
        (None, Form::Programs) => Ok(()),
        (None, Form::People) => output.line("no case waits"),
    }
}

fn case_lines(case: &Case, output: &mut Output<'_>) -> Result<(), Failure> {
    output.text(&cases_table(std::slice::from_ref(case)))?;
    if let Some(about) = &case.subject {
        output.line(format!(
            "about      {} {}",
            label(about.kind().as_str_name(), "SUBJECT_KIND_"),
            safe(&about.name)
        ))?;
    }
    output.line(format!("etag       {}", safe(&case.etag)))?;
    output.line(format!(
        "reports    {} junk, {} other abuse, {} not junk, {} that add nothing, {} by no person",
        case.junk_count,
        case.abuse_count,
        case.not_junk_count,
        case.duplicate_count,
        case.automated_count
    ))?;
    output.line(format!(
        "weight     {} against, {} for; behaviour {}",
        thousandths(case.against_milli),
        thousandths(case.for_milli),
        thousandths(case.behaviour_milli)
    ))?;
    for fact in &case.facts {
        let name = label(fact.kind().as_str_name(), "FACT_KIND_");
        output.line(format!("fact       {name}: {}", fact.number))?;
    }
    if case.finding() != Finding::Unspecified {
        let finding = label(case.finding().as_str_name(), "FINDING_");
        let measure = label(case.measure().as_str_name(), "MEASURE_KIND_");
        let by = if case.automated { "a rule" } else { case.decided_by.as_str() };
        output.line(format!("decision   {finding}, {measure}, by {}", safe(by)))?;
        output.line(format!("measure    {}", safe(&case.measure_id)))?;
    }
    for event in &case.history {
        output.line(format!(
            "{}  {}  {}",
            wire_instant(event.time.as_ref()),
            label(event.state().as_str_name(), "CASE_STATE_"),
            safe(&event.author)
        ))?;
    }
    Ok(())
}

fn show(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = GetCaseRequest { case_id: text(matches, "CASE") };
    let answer =
        context.call(async |channel| CaseServiceClient::new(channel).get_case(request).await)?;
    told(answer.case.as_ref(), &mut context.output)
}

fn take(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let author = context.author(text(matches, "author"))?;
    let request = LeaseCaseRequest { case_id: text(matches, "case"), author };
    let answer =
        context.call(async |channel| CaseServiceClient::new(channel).lease_case(request).await)?;
    told(answer.case.as_ref(), &mut context.output)
}

fn decide(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = DecideCaseRequest {
        case_id: text(matches, "CASE"),
        etag: text(matches, "etag"),
        author: context.author(text(matches, "author"))?,
        finding: chosen(matches, "FINDING", FINDINGS).into(),
        measure: chosen(matches, "measure", MEASURES).into(),
        ground: chosen(matches, "ground", GROUNDS).into(),
        end_time: instant_argument(matches, "until", "--until")?,
        note: text(matches, "note"),
        widen_to: chosen(matches, "block", BLOCKS).into(),
    };
    let answer =
        context.call(async |channel| CaseServiceClient::new(channel).decide_case(request).await)?;
    told(answer.case.as_ref(), &mut context.output)
}

fn second(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = SecondCaseRequest {
        case_id: text(matches, "CASE"),
        author: context.author(text(matches, "author"))?,
        agree: !matches.get_flag("no"),
    };
    let answer =
        context.call(async |channel| CaseServiceClient::new(channel).second_case(request).await)?;
    told(answer.case.as_ref(), &mut context.output)
}

fn merge(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = MergeCasesRequest {
        case_id: text(matches, "CASE"),
        into_case_id: text(matches, "INTO"),
        author: context.author(text(matches, "author"))?,
    };
    let answer =
        context.call(async |channel| CaseServiceClient::new(channel).merge_cases(request).await)?;
    told(answer.case.as_ref(), &mut context.output)
}

fn reopen(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = ReopenCaseRequest {
        case_id: text(matches, "CASE"),
        author: context.author(text(matches, "author"))?,
    };
    let answer =
        context.call(async |channel| CaseServiceClient::new(channel).reopen_case(request).await)?;
    told(answer.case.as_ref(), &mut context.output)
}

fn export(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let format: ExportFormat = chosen(matches, "format", EXPORTS);
    let request = ExportCaseRequest {
        case_id: text(matches, "CASE"),
        report_id: text(matches, "report"),
        format: format.into(),
        partner: text(matches, "partner"),
        sender: Some(ExportSender {
            organisation: text(matches, "organisation"),
            contact: text(matches, "contact"),
            domain: text(matches, "domain"),
        }),
    };
    let answer =
        context.call(async |channel| CaseServiceClient::new(channel).export_case(request).await)?;
    match context.output.form() {
        Form::Programs => context.output.json(&answer),
        // As it is to be sent; line ends and tabs are part of it, and nothing else that a terminal would obey.
        Form::People => context.output.text(&without_controls(&answer.content)),
    }
}

/// A document without what a terminal would obey.
fn without_controls(text: &str) -> String {
    let kept = |c: &char| matches!(c, '\r' | '\n' | '\t') || !is_hostile(*c);
    text.chars().filter(kept).collect()
}
