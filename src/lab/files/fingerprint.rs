//! `fingerprint`: what a routing node would send of each page of a file.

use clap::ArgMatches;
use serde::Serialize;

use super::look::{self, Look, Looked, NothingToTell};
use crate::content::decode::{Decoded, Undecodable};
use crate::content::fingerprint::{COLUMNS, Fingerprint, PageReading};
use crate::content::tiff::{Coding, TiffPage};
use crate::operator::{Command, Context, Failure, Form, Output, path, positional};

pub(super) const FINGERPRINT: Command = Command {
    name: "fingerprint",
    help: "Make the fingerprint of each page of a fax, as a routing node does",
    doc: "Make the fingerprint of each page of a TIFF-F file, as a routing node does: keys of stretches of rows, marks, and \
          the size of the ink map, or why a page has none; and what decoding found: rows, damaged ones, strips that broke \
          off. The ink map shows the page in small and is not printed. Keys and marks of one epoch and secret can be \
          compared with each other, and with no others: without `--key` they are of this run alone. A secret on a command \
          line can be read by others on the machine. Opening pages is journalled before it is done.",
    shape: |command| look::arguments(command.arg(positional("FILE", "The fax, as TIFF-F"))),
    run,
};

/// One page, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    page: usize,
    coding: String,
    width: u32,
    rows: u32,
    decoded: Option<Rows>,
    /// Why it cannot be decoded.
    undecodable: Option<String>,
    /// Why it has no fingerprint.
    gate: Option<String>,
    epoch: Option<u32>,
    chunk_keys: Vec<String>,
    marks: Vec<Mark>,
    map_rows: Option<usize>,
}

#[derive(Serialize)]
struct Rows {
    rows: u32,
    damaged: u32,
    cut: u32,
}

#[derive(Serialize)]
struct Mark {
    column: u8,
    row: u16,
    bits: String,
    weak: Vec<u8>,
}

/// The whole file, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    pages: usize,
    microseconds: u64,
}

fn run(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let file = path(matches, "FILE");
    let looked = Look::of(matches, context)?.at(&file, context)?;
    let output = &mut context.output;
    match output.form() {
        Form::Programs => for_programs(&looked, output)?,
        Form::People => for_people(&looked, output)?,
    }
    if looked.pages.iter().all(Result::is_err) {
        let source = Box::new(NothingToTell::NoPage);
        return Err(Failure::Content { path: file, source });
    }
    Ok(())
}

fn for_programs(looked: &Looked, output: &mut Output<'_>) -> Result<(), Failure> {
    for ((page, tags), read) in (1..).zip(&looked.tags.pages).zip(&looked.pages) {
        output.json(&told(page, tags, read))?;
    }
    let (pages, microseconds) = (looked.pages.len(), looked.microseconds);
    output.json(&Whole { pages, microseconds })
}

fn told(page: usize, tags: &TiffPage, read: &Result<PageReading, Undecodable>) -> Page {
    let reading = read.as_ref().ok();
    let print = reading.and_then(|reading| reading.fingerprints.as_ref().ok());
    let print = print.and_then(|prints| prints.first());
    let gate = reading.and_then(|reading| reading.fingerprints.as_ref().err());
    let mark = |mark: &crate::content::fingerprint::Mark| Mark {
        column: mark.column,
        row: mark.row,
        bits: format!("{:012x}", mark.bits),
        weak: mark.weak.to_vec(),
    };
    Page {
        page,
        coding: coded(tags.coding),
        width: tags.width,
        rows: tags.rows,
        decoded: reading.map(|PageReading { decoded, .. }| {
            let Decoded { rows, damaged, cut } = *decoded;
            Rows { rows, damaged, cut }
        }),
        undecodable: read.as_ref().err().map(ToString::to_string),
        gate: gate.map(ToString::to_string),
        epoch: print.map(|print| print.epoch),
        chunk_keys: print.map(chunk_keys).unwrap_or_default(),
        marks: print.map(|print| print.marks.iter().map(mark).collect()).unwrap_or_default(),
        map_rows: print.and_then(|print| print.map.as_ref()).map(|map| map.rows()),
    }
}

/// The name of a coding, as T.30 and TIFF have it.
fn coded(coding: Coding) -> String {
    match coding {
        Coding::Mh => "MH".into(),
        Coding::Mr => "MR".into(),
        Coding::Mmr => "MMR".into(),
        Coding::Uncompressed => "no code".into(),
        Coding::Jbig => "JBIG".into(),
        Coding::Jpeg => "JPEG".into(),
        Coding::Other(number) => format!("compression {number} of TIFF"),
    }
}

fn chunk_keys(print: &Fingerprint) -> Vec<String> {
    print.chunks.iter().map(|key| format!("{key:016x}")).collect()
}

fn for_people(looked: &Looked, output: &mut Output<'_>) -> Result<(), Failure> {
    for ((page, tags), read) in (1..).zip(&looked.tags.pages).zip(&looked.pages) {
        let TiffPage { coding, width, rows, .. } = tags;
        output.line(format!(
            "page {page}: {width} dots by {rows} rows, coded as {}",
            coded(*coding)
        ))?;
        let reading = match read {
            Ok(reading) => reading,
            Err(fault) => {
                output.line(format!("  cannot be decoded: {}", chain(fault)))?;
                continue;
            }
        };
        let Decoded { rows, damaged, cut } = reading.decoded;
        output.line(format!(
            "  decoded     {rows} rows, {damaged} of them damaged; {cut} strips break off"
        ))?;
        match &reading.fingerprints {
            Ok(prints) => prints.iter().try_for_each(|print| print_for_people(print, output))?,
            Err(gate) => output.line(format!("  fingerprint none: {gate}"))?,
        }
    }
    let milliseconds = std::time::Duration::from_micros(looked.microseconds).as_secs_f64() * 1e3;
    output.remark(format!("read in {milliseconds:.1} ms"))
}

fn print_for_people(print: &Fingerprint, output: &mut Output<'_>) -> Result<(), Failure> {
    output.line(format!("  epoch       {}", print.epoch))?;
    let keys = chunk_keys(print);
    let mut lines = keys.chunks(4).map(|four| four.join(" "));
    output.line(format!("  chunk keys  {}", lines.next().unwrap_or_else(|| "none".into())))?;
    for line in lines {
        output.line(format!("              {line}"))?;
    }
    output.line(format!("  marks       {}", print.marks.len()))?;
    let rows = print.map.as_ref().map_or(0, |map| map.rows());
    output.line(format!("  ink map     {rows} rows of {} cells of 1 mm, not printed", 2 * COLUMNS))
}

/// A fault and its causes.
pub(super) fn chain(fault: &dyn std::error::Error) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
