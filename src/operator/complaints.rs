//! `complaint`: files complaints of other systems, one at a time or as files, or says what would be filed.

mod check;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use clap::ArgMatches;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::command::{Command, option, path, positional, text};
use super::context::Context;
use super::failure::Failure;
use super::input::{read, size};
use super::output::{Form, Output, Screen};
use super::report::receipt_lines;
use super::text::{safe, sentence};
use crate::bounds::COMPLAINT_BYTES_MAX;
use crate::wire::report::v1::complaint_service_client::ComplaintServiceClient;
use crate::wire::report::v1::{
    ComplaintFileFormat, ComplaintFormat, FaultyComplaint, FileComplaintRequest,
    ImportComplaintsRequest, ImportComplaintsResponse,
};

pub(super) const FILE: Command = Command {
    name: "complaint file",
    help: "File one complaint that another system wrote: ARF or XARF",
    doc: "File a complaint that came as an e-mail of a feedback loop (ARF, RFC 5965) or as XARF 4 or 3. It becomes a report by \
          whoever it names, or by --reporter; the same complaint again is the same report. Where it cannot be read, every \
          fault is told with its place. A file named .eml is ARF, any other XARF, unless --format says otherwise.",
    shape: |command| {
        command
            .arg(positional("FILE", "The complaint"))
            .arg(format_argument(&["arf", "xarf"]))
            .arg(option("reporter", "CONTACT", "Who reports, instead of whom the complaint names"))
            .arg(option("request-id", "ID", "Name the report, instead of by its bytes"))
    },
    run: file,
};

pub(super) const IMPORT: Command = Command {
    name: "complaint import",
    help: "File the complaints of a CSV or JSONL file",
    doc: "File every row of a carrier's file, with progress on standard error. The columns are in docs/complaints.md. Damaged \
          rows are told with all their faults, the rest is filed, and the exit code is then 65. The same file again is the \
          same reports. A file named .jsonl holds lines of JSON, any other is CSV, unless --format says otherwise.",
    shape: |command| {
        command
            .arg(positional("FILE", "The complaints, .csv or .jsonl"))
            .arg(format_argument(&["csv", "jsonl"]))
            .arg(
                option("importer", "CONTACT", "Who reports: all rows are one reporter's")
                    .required(true),
            )
    },
    run: import,
};

pub(super) const CHECK: Command = Command {
    name: "complaint check",
    help: "Say what would be filed of a complaint or a file, without a server",
    doc: "Read a complaint or a file of them as the server would, and print what would be filed, or every fault with its \
          place. Nothing leaves this machine. Whether a number is one, the server says: it knows the home region. The format \
          is that of the name (.eml, .csv, .jsonl, otherwise XARF) unless --format says otherwise.",
    shape: |command| {
        command
            .arg(positional("FILE", "The complaint or complaints"))
            .arg(format_argument(&["arf", "xarf", "csv", "jsonl"]))
    },
    run: check::check,
};

/// Bytes of a part of a file.
const PART_BYTES: usize = 256 * 1024;
/// Parts that may wait for the server.
const PARTS_IN_FLIGHT: usize = 2;

fn format_argument(formats: &'static [&'static str]) -> clap::Arg {
    option("format", "FORMAT", "What it is, whatever its name").value_parser(formats.to_vec())
}

/// The format that is given, or that the name of the file says.
fn format_of(matches: &ArgMatches, file: &Path, among: &[(&str, &'static str)]) -> String {
    let given = text(matches, "format");
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or("");
    let by_name = among.iter().find(|(of, _)| of.eq_ignore_ascii_case(ending));
    let default = among.last().map_or("", |(_, format)| format);
    match given.is_empty() {
        true => by_name.map_or(default, |(_, format)| format).to_owned(),
        false => given,
    }
}

fn file(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let file = path(matches, "FILE");
    let report = read(&file, u64::try_from(COMPLAINT_BYTES_MAX).unwrap_or(u64::MAX))?;
    let format = match format_of(matches, &file, &[("eml", "arf"), ("json", "xarf")]).as_str() {
        "arf" => ComplaintFormat::Arf,
        _ => ComplaintFormat::Xarf,
    };
    let request = FileComplaintRequest {
        request_id: text(matches, "request-id"),
        format: format.into(),
        report,
        reporter_contact: text(matches, "reporter"),
        event_time: None,
    };
    let told = context
        .call(async |channel| ComplaintServiceClient::new(channel).file_complaint(request).await)?;
    let receipt = told.receipt.unwrap_or_default();
    match context.output.form() {
        Form::Programs => context.output.json(&receipt),
        Form::People => receipt_lines(&receipt, &mut context.output),
    }
}

fn import(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let file = path(matches, "FILE");
    let format = match format_of(matches, &file, &[("jsonl", "jsonl"), ("csv", "csv")]).as_str() {
        "jsonl" => ComplaintFileFormat::Jsonl,
        _ => ComplaintFileFormat::Csv,
    };
    let failed = |source| Failure::ReadFile { path: file.clone(), source };
    let opened = File::open(&file).map_err(failed)?;
    let first = ImportComplaintsRequest {
        format: format.into(),
        importer: text(matches, "importer"),
        ..Default::default()
    };
    let told = context.block_on(async |context: &mut Context<'_>| {
        let mut client = ComplaintServiceClient::new(context.connect(None).await?);
        let (parts, receiver) = channel(PARTS_IN_FLIGHT);
        let answers = client.import_complaints(ReceiverStream::new(receiver)).await?.into_inner();
        let bar = bar(&context.output, size(&file));
        let (sent, told) =
            tokio::join!(send(opened, first, parts), follow(answers, &mut context.output, &bar));
        bar.finish_and_clear();
        // Where the server refused, that is why no more was taken.
        let told = told?;
        sent.map_err(failed)?;
        Ok(told)
    })?;
    let output = &mut context.output;
    match output.form() {
        Form::Programs => output.json(&told)?,
        Form::People => output.line(format!(
            "{} rows: {} filed ({} wait for the desk, {} add nothing), {} known already, {} refused",
            told.row_count,
            told.filed_count,
            told.unverified_count,
            told.duplicate_count,
            told.known_count,
            told.faulty_count
        ))?,
    }
    match told.faulty_count {
        0 => Ok(()),
        count => Err(Failure::Refusals { count }),
    }
}

fn bar(output: &Output<'_>, bytes: u64) -> ProgressBar {
    let bar = match output.screen() {
        Screen::Terminal => ProgressBar::new(bytes),
        Screen::Other => ProgressBar::hidden(),
    };
    let form = "{bar:40} {bytes}/{total_bytes} {msg} {eta}";
    let style = ProgressStyle::with_template(form);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// Sends the file, as far as the server takes it.
async fn send(
    mut file: File,
    first: ImportComplaintsRequest,
    parts: Sender<ImportComplaintsRequest>,
) -> std::io::Result<()> {
    let mut next = first;
    loop {
        let mut chunk = Vec::with_capacity(PART_BYTES);
        let most = u64::try_from(PART_BYTES).unwrap_or(u64::MAX);
        file.by_ref().take(most).read_to_end(&mut chunk)?;
        let last = chunk.is_empty();
        next.chunk = chunk;
        if parts.send(std::mem::take(&mut next)).await.is_err() || last {
            return Ok(());
        }
    }
}

/// Reads the answers to the last, and names every row that was refused.
async fn follow(
    mut answers: Streaming<ImportComplaintsResponse>,
    output: &mut Output<'_>,
    bar: &ProgressBar,
) -> Result<ImportComplaintsResponse, Failure> {
    loop {
        let mut told = answers.message().await?.ok_or(Failure::StreamEnded)?;
        for faulty in std::mem::take(&mut told.faulty) {
            bar.suspend(|| refused(&faulty, output))?;
        }
        bar.set_position(told.consumed_bytes);
        bar.set_message(format!("{} filed", told.filed_count));
        if told.end {
            return Ok(told);
        }
    }
}

fn refused(faulty: &FaultyComplaint, output: &mut Output<'_>) -> Result<(), Failure> {
    let shown = output.shown();
    for fault in &faulty.faults {
        let told = sentence(&fault.fault, shown);
        let place = safe(&fault.path);
        output.remark(format!("row {} (line {}): {place}: {told}", faulty.row, faulty.line))?;
    }
    Ok(())
}
