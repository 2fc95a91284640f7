//! `measures` and `transparency`: what was done about whom and why, appeals, and the counts of it all.

use clap::ArgMatches;

use super::command::{Command, option, positional, switch, text};
use super::context::Context;
use super::failure::Failure;
use super::lists::{author_argument, instant_argument};
use super::output::{Form, Lean, Output, table};
use super::text::{label, safe, sentence, wire_instant};
use crate::wire::desk::v1::measure_service_client::MeasureServiceClient;
use crate::wire::desk::v1::{
    DecideAppealRequest, ExportMeasuresRequest, GetMeasureRequest, GetTransparencyRequest,
    LiftMeasureRequest, ListMeasuresRequest, Measure,
};

pub(super) const LIST: Command = Command {
    name: "measures list",
    help: "List measures, or those whose appeals wait",
    doc: "List measures in the order of their ids.",
    shape: |command| command.arg(switch("appealed", "Only those whose appeals wait for a person")),
    run: list,
};

pub(super) const SHOW: Command = Command {
    name: "measures show",
    help: "Show a measure with its statement of reasons",
    doc: "Show a measure: what restriction, of what scope and duration, on which facts, in what grounded, whether a machine \
          decided, and how it is contested.",
    shape: |command| command.arg(measure_argument()),
    run: show,
};

pub(super) const LIFT: Command = Command {
    name: "measures lift",
    help: "Lift a measure before its end",
    doc: "Lift a measure before its end: it was right, and is no longer needed. Its strike stays.",
    shape: |command| command.arg(measure_argument()).arg(author_argument()),
    run: lift,
};

pub(super) const APPEAL: Command = Command {
    name: "measures appeal",
    help: "Decide the appeal against a measure",
    doc: "Decide the appeal against a measure. With --overturn the measure ends with its strike, and what reporters, \
          reputation, campaigns and the training set got from it is taken from them. Never by who decided first.",
    shape: |command| {
        command
            .arg(measure_argument())
            .arg(switch("overturn", "The appeal is right"))
            .arg(option("reason", "TEXT", "Why, in words for the appellant").required(true))
            .arg(author_argument())
    },
    run: appeal,
};

pub(super) const EXPORT: Command = Command {
    name: "measures export",
    help: "Write the statements of reasons of all measures as CSV",
    doc: "Write the statements of reasons of all measures to standard output, as comma-separated values that no spreadsheet \
          runs as formulas. Whom they are about is told by pseudonyms.",
    shape: |command| command,
    run: export,
};

pub(super) const TRANSPARENCY: Command = Command {
    name: "transparency",
    help: "Count what was reported, decided, done and undone",
    doc: "Count what was reported, decided, done and undone in a time, from the ledger alone: whoever has the ledger gets the \
          same numbers. What happened fewer than ten times is told as that.",
    shape: |command| {
        command
            .arg(option("from", "TIME", "From when on (RFC 3339)").required(true))
            .arg(option("to", "TIME", "Until when, not included (RFC 3339)").required(true))
    },
    run: transparency,
};

fn measure_argument() -> clap::Arg {
    positional("MEASURE", "The measure's 32 hexadecimal digits")
}

fn list(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let appealed_only = matches.get_flag("appealed");
    let (mut measures, mut page_token): (Vec<Measure>, String) = (Vec::new(), String::new());
    loop {
        let request = ListMeasuresRequest { appealed_only, page_token };
        let page = context.call(async |channel| {
            MeasureServiceClient::new(channel).list_measures(request).await
        })?;
        measures.extend(page.measures);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return measures.iter().try_for_each(|measure| output.json(measure));
    }
    if measures.is_empty() {
        return output.line("there is no measure");
    }
    output.text(&measures_table(&measures))
}

fn measures_table(measures: &[Measure]) -> String {
    let header = [
        ("measure", Lean::Left),
        ("kind", Lean::Left),
        ("state", Lean::Left),
        ("about", Lean::Left),
        ("since", Lean::Left),
        ("until", Lean::Left),
        ("by", Lean::Left),
    ];
    let rows = measures.iter().map(|measure| {
        let about = measure.subject.as_ref();
        let by = if measure.automated { "a rule" } else { measure.decided_by.as_str() };
        vec![
            safe(&measure.measure_id).into_owned(),
            label(measure.kind().as_str_name(), "MEASURE_KIND_"),
            label(measure.state().as_str_name(), "MEASURE_STATE_"),
            about.map(|of| label(of.kind().as_str_name(), "SUBJECT_KIND_")).unwrap_or_default(),
            wire_instant(measure.imposed_time.as_ref()),
            wire_instant(measure.end_time.as_ref()),
            safe(by).into_owned(),
        ]
    });
    table(&header, rows)
}

fn told(measure: Option<&Measure>, output: &mut Output<'_>) -> Result<(), Failure> {
    let Some(measure) = measure else { return Ok(()) };
    if output.form() == Form::Programs {
        return output.json(measure);
    }
    output.text(&measures_table(std::slice::from_ref(measure)))?;
    let shown = output.shown();
    output.line(format!("case       {}", safe(&measure.case_id)))?;
    output.line(format!("ground     {}", label(measure.ground().as_str_name(), "GROUND_")))?;
    for fact in &measure.facts {
        let name = label(fact.kind().as_str_name(), "FACT_KIND_");
        output.line(format!("fact       {name}: {}", fact.number))?;
    }
    output.line(format!("appealable {}", wire_instant(measure.appeal_end_time.as_ref())))?;
    if let Some(appeal) = &measure.appeal {
        output.line(format!("appealed   {}", wire_instant(appeal.filed_time.as_ref())))?;
        output.line(format!("says       {}", sentence(&appeal.text, shown)))?;
        if !appeal.pending {
            output.line(format!("decided    {}", wire_instant(appeal.decided_time.as_ref())))?;
            output.line(format!("because    {}", sentence(&appeal.reason, shown)))?;
        }
    }
    Ok(())
}

fn show(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = GetMeasureRequest { measure_id: text(matches, "MEASURE") };
    let answer = context
        .call(async |channel| MeasureServiceClient::new(channel).get_measure(request).await)?;
    told(answer.measure.as_ref(), &mut context.output)
}

fn lift(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = LiftMeasureRequest {
        measure_id: text(matches, "MEASURE"),
        author: context.author(text(matches, "author"))?,
    };
    let answer = context
        .call(async |channel| MeasureServiceClient::new(channel).lift_measure(request).await)?;
    told(answer.measure.as_ref(), &mut context.output)
}

fn appeal(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = DecideAppealRequest {
        measure_id: text(matches, "MEASURE"),
        author: context.author(text(matches, "author"))?,
        overturn: matches.get_flag("overturn"),
        reason: text(matches, "reason"),
    };
    let answer = context
        .call(async |channel| MeasureServiceClient::new(channel).decide_appeal(request).await)?;
    told(answer.measure.as_ref(), &mut context.output)
}

fn transparency(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let request = GetTransparencyRequest {
        start_time: instant_argument(matches, "from", "--from")?,
        end_time: instant_argument(matches, "to", "--to")?,
    };
    let answer = context
        .call(async |channel| MeasureServiceClient::new(channel).get_transparency(request).await)?;
    let output = &mut context.output;
    if output.form() == Form::Programs {
        return output.json(&answer);
    }
    let rows = answer.counts.iter().map(|count| {
        let number = if count.few { "1 to 9".to_owned() } else { count.number.to_string() };
        vec![safe(&count.name).into_owned(), number]
    });
    output.text(&table(&[("what", Lean::Left), ("number", Lean::Right)], rows))?;
    output.line(format!("median decision  {} s", answer.median_decision_seconds))
}

fn export(_: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let mut page_token = String::new();
    loop {
        let request = ExportMeasuresRequest { page_token };
        let page = context.call(async |channel| {
            MeasureServiceClient::new(channel).export_measures(request).await
        })?;
        match context.output.form() {
            Form::Programs => context.output.json(&page)?,
            Form::People => context.output.text(&page.csv)?,
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(());
        }
    }
}
