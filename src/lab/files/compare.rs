//! `compare`: two faxes page against page, with every number that decides and the limit it is held to.

use std::path::PathBuf;

use clap::ArgMatches;
use serde::Serialize;

use super::fingerprint::chain;
use super::look::{self, Look, Looked, NothingToTell};
use crate::campaign::{Evidence, between};
use crate::content::fingerprint::{
    BEYOND_MILLI_MAX, CONTRARY_MILLI_MAX, Comparison, DIFFERING_MAX, Fingerprint, Likeness,
    NOISE_MILLI_MAX, compare,
};
use crate::operator::{Command, Context, Failure, Form, Output, path, positional};

pub(super) const COMPARE: Command = Command {
    name: "compare",
    help: "Compare two faxes page against page, and say whether a campaign would join them",
    doc: "Compare two TIFF-F files page against page, as the service does: for each page of the first, the page of the \
          second that is likest to it, with chunk keys that both have, marks that agree on how the two lie to each other, \
          noise and differing cells of the two laid over each other, each beside its limit; and whether a cluster would \
          take one for the other. Opening pages is journalled before it is done.",
    shape: |command| {
        let command = command
            .arg(positional("A", "The first fax, as TIFF-F"))
            .arg(positional("B", "The second one"));
        look::arguments(command)
    },
    run,
};

/// Fewest chunk keys in common, or marks that agree and are found, from which on a page is looked at more closely.
const KEYS_MIN: u32 = 1;
const FOUND_MIN: usize = 2;

/// Two pages held against each other.
struct Pair {
    first: usize,
    second: usize,
    /// Chunk keys and marks that each has.
    sizes: [(usize, usize); 2],
    evidence: Evidence,
    /// Marks by which the one would be found in the index, and that agree.
    found: usize,
    comparison: Option<Comparison>,
}

/// The same, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    page: usize,
    other_page: usize,
    shared_chunk_keys: u32,
    shared_chunk_keys_least: u32,
    votes: u32,
    found_marks: usize,
    found_marks_least: usize,
    columns_off: i16,
    rows_off: i16,
    noise_milli: Option<u32>,
    noise_milli_limit: u32,
    differing_cells: Option<u32>,
    differing_cells_limit: u32,
    contrary_milli: Option<u32>,
    contrary_milli_limit: u32,
    contrary_beyond_lines_milli: Option<u32>,
    contrary_beyond_lines_milli_limit: u32,
    likeness: &'static str,
    found: bool,
    likely_without_maps: bool,
    joins: bool,
}

fn run(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let look = Look::of(matches, context)?;
    let files = [path(matches, "A"), path(matches, "B")];
    let [first, second] = [look.at(&files[0], context)?, look.at(&files[1], context)?];
    let output = &mut context.output;
    for (name, looked) in ["A", "B"].into_iter().zip([&first, &second]) {
        left_out(name, looked, output)?;
    }
    let [first, second] = [prints(&first), prints(&second)];
    for (file, prints) in files.iter().zip([&first, &second]) {
        if prints.is_empty() {
            return Err(nothing(file.clone()));
        }
    }
    for page in &first {
        let Some(pair) = likest(page, &second) else { continue };
        match output.form() {
            Form::Programs => output.json(&pair.told())?,
            Form::People => pair.print(output)?,
        }
    }
    Ok(())
}

fn nothing(path: PathBuf) -> Failure {
    Failure::Content { path, source: Box::new(NothingToTell::NoFingerprint) }
}

/// Names the pages that cannot be compared.
fn left_out(name: &str, looked: &Looked, output: &mut Output<'_>) -> Result<(), Failure> {
    for (page, read) in (1..).zip(&looked.pages) {
        match read.as_ref().map(|reading| &reading.fingerprints) {
            Ok(Ok(_)) => {}
            Ok(Err(gate)) => output.remark(format!("page {page} of {name} is left out: {gate}"))?,
            Err(fault) => {
                output.remark(format!("page {page} of {name} is left out: {}", chain(fault)))?;
            }
        }
    }
    Ok(())
}

/// The pages with a fingerprint, by number.
fn prints(looked: &Looked) -> Vec<(usize, &Fingerprint)> {
    let pages = (1..).zip(&looked.pages);
    let print = pages.map(|(page, read)| {
        let prints = read.as_ref().ok()?.fingerprints.as_ref().ok()?;
        Some((page, prints.first()?))
    });
    print.flatten().collect()
}

/// The page of the second file for which most speaks; of equals the first.
fn likest(page: &(usize, &Fingerprint), others: &[(usize, &Fingerprint)]) -> Option<Pair> {
    let (number, print) = page;
    let weighed = others.iter().map(|(other, newer)| (between(newer, print), *other, *newer));
    let best = weighed.rev().max_by_key(|(evidence, ..)| evidence.weight)?;
    let (evidence, second, other) = best;
    let maps = print.map.as_ref().zip(other.map.as_ref());
    let comparison = maps.map(|(older, newer)| compare(older, newer, evidence.offset));
    let size = |print: &Fingerprint| (print.chunks.len(), print.marks.len());
    Some(Pair {
        first: *number,
        second,
        sizes: [size(print), size(other)],
        evidence,
        found: print.met_by(other),
        comparison,
    })
}

impl Pair {
    fn is_found(&self) -> bool {
        self.evidence.keys >= KEYS_MIN || self.found >= FOUND_MIN
    }

    fn likeness(&self) -> Likeness {
        self.comparison.map_or(Likeness::Different, |comparison| comparison.likeness())
    }

    fn joins(&self) -> bool {
        self.is_found() && self.likeness() == Likeness::Same
    }

    fn told(&self) -> Told {
        Told {
            page: self.first,
            other_page: self.second,
            shared_chunk_keys: self.evidence.keys,
            shared_chunk_keys_least: KEYS_MIN,
            votes: self.evidence.votes,
            found_marks: self.found,
            found_marks_least: FOUND_MIN,
            columns_off: self.evidence.offset.columns,
            rows_off: self.evidence.offset.rows,
            noise_milli: self.comparison.map(|comparison| comparison.noise_milli),
            noise_milli_limit: NOISE_MILLI_MAX,
            differing_cells: self.comparison.map(|comparison| comparison.differing),
            differing_cells_limit: DIFFERING_MAX,
            contrary_milli: self.comparison.map(|comparison| comparison.contrary_milli),
            contrary_milli_limit: CONTRARY_MILLI_MAX,
            contrary_beyond_lines_milli: self.comparison.map(|comparison| comparison.beyond_milli),
            contrary_beyond_lines_milli_limit: BEYOND_MILLI_MAX,
            likeness: match self.likeness() {
                Likeness::Same => "same",
                Likeness::SameForm => "same-form",
                Likeness::Different => "different",
            },
            found: self.is_found(),
            likely_without_maps: self.evidence.is_likely(),
            joins: self.joins(),
        }
    }

    fn print(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        let Self { first, second, sizes, evidence, found, comparison } = self;
        let said = match self.likeness() {
            Likeness::Same => "copies of one page",
            Likeness::SameForm => "one form or letterhead, and they say different things",
            Likeness::Different => "different pages",
        };
        output.line(format!("page {first} of A and page {second} of B: {said}"))?;
        let [(keys, marks), (other_keys, other_marks)] = sizes;
        let (keys, marks) = (keys.min(other_keys), marks.min(other_marks));
        output.line(format!(
            "  chunk keys in common       {:>5} of {keys} (found from {KEYS_MIN} on)",
            evidence.keys
        ))?;
        output.line(format!("  marks that agree           {:>5} of {marks}", evidence.votes))?;
        output
            .line(format!("  of these found by search   {found:>5} (found from {FOUND_MIN} on)"))?;
        output.line(format!(
            "  B lies to A                {:>5} cells right, {} down (2 mm each)",
            evidence.offset.columns, evidence.offset.rows
        ))?;
        if let Some(Comparison { noise_milli, differing, contrary_milli, beyond_milli }) =
            comparison
        {
            output.line(format!(
                "  noise                      {noise_milli:>5} of 1000 (one form below {NOISE_MILLI_MAX})"
            ))?;
            output.line(format!(
                "  differing cells            {differing:>5} (a copy below {DIFFERING_MAX})"
            ))?;
            output.line(format!(
                "  says something else in     {contrary_milli:>5} of 1000 (a copy below {CONTRARY_MILLI_MAX})"
            ))?;
            output.line(format!(
                "  of that beyond two lines   {beyond_milli:>5} of 1000 (a copy below {BEYOND_MILLI_MAX})"
            ))?;
        }
        let joins = match (self.joins(), self.is_found()) {
            (true, _) => "would join them",
            (false, true) => "would find the one by the other, and not join them",
            (false, false) => "would not find the one by the other",
        };
        output.line(format!("  a cluster                  {joins}"))
    }
}
