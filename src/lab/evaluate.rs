//! `evaluate`: one shape for every measurement. A row has a measure, a value, the bar it is held to, and how it was taken.

mod bars;
pub mod index;
mod limits;
pub mod pages;
mod reports;
pub mod screening;
mod serving;

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde::Serialize;
use thiserror::Error;

use crate::operator::{
    Command, Context, Failure, Form, Lean, argument, option, path, positional, switch, table, text,
};
pub use bars::{Bar, Bars, Comparison, InvalidBars};

/// The commands of this room.
pub const COMMANDS: &[Command] = &[EVALUATE];

/// Every evaluation there is, by name.
pub const CATALOG: &[&dyn Evaluation] = &[
    &limits::Limits,
    &pages::Pages,
    &reports::Reports,
    &screening::Screening,
    &serving::Import,
    &serving::Serving,
];

/// The bars as they are written down.
pub const BARS: &str = include_str!("../../docs/bars.toml");

const EVALUATE: Command = Command {
    name: "evaluate",
    help: "Measure the engine and print every value beside its bar",
    doc: "Measure the engine on this machine and print a table of measure, value, bar, met, baseline and how; with \
          --json an array of objects with those keys. It takes seconds; --full runs each measure at the scale its bar \
          is stated for. `met` speaks of that scale only and is empty otherwise. The exit code is 0 even where a bar is \
          missed: it reports and does not judge.",
    shape: |command| {
        command
            .arg(positional("NAME", "Which evaluation"))
            .arg(switch("full", "Run at the scale the bars are stated for"))
            .arg(
                option("seed", "NUMBER", "Draw other samples than those of the bars")
                    .value_parser(clap::value_parser!(u64)),
            )
            .arg(option(
                "base",
                "FOLDER",
                "Different pages as TIFF-F, instead of made ones (pages)",
            ))
            .arg(option(
                "templates",
                "FOLDER",
                "Forms as TIFF-F named TEMPLATE_FILL.tif, instead of made ones (pages)",
            ))
            .arg(option(
                "baseline",
                "FILE",
                "What others come to, from a script of benches (pages)",
            ))
            .arg(option(
                "only",
                "ID",
                "Only what is measured together with this bar of docs/bars.toml (reports)",
            ))
            // Not for people: how an evaluation starts a process of its own.
            .arg(option("part", "NAME", "Do one part only").hide(true).requires("folder"))
            .arg(option("folder", "PATH", "Where that part works").hide(true))
    },
    run,
};

/// How large an evaluation is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// In seconds.
    Quick,
    /// As the bars are stated.
    Full,
}

/// How an evaluation is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// How large.
    pub scale: Scale,
    /// The seed to draw with instead of each bar's own.
    pub seed: Option<u64>,
    /// The one bar that is asked for, with whatever is measured together with it; else all.
    pub only: Option<&'static str>,
}

/// What an evaluation may be given to measure with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// A folder of different pages.
    pub base: Option<PathBuf>,
    /// A folder of forms, several fillings of each.
    pub templates: Option<PathBuf>,
    /// A file of what others come to.
    pub baseline: Option<PathBuf>,
}

/// A family of measurements.
pub trait Evaluation: Sync {
    /// Its name on the command line and in `docs/bars.toml`.
    fn name(&self) -> &'static str;

    /// The ids of the bars its rows are held to, each of them in `docs/bars.toml` under its name.
    fn ids(&self) -> &'static [&'static str];

    /// Measures, one row an id, in any order.
    ///
    /// # Errors
    /// What kept it from measuring.
    fn rows(&self, run: Run) -> Result<Vec<Measured>, Box<dyn std::error::Error + Send + Sync>>;

    /// The same on what it was given.
    ///
    /// # Errors
    /// What kept it from measuring, or that it takes nothing.
    fn rows_with(
        &self,
        run: Run,
        files: &Files,
    ) -> Result<Vec<Measured>, Box<dyn std::error::Error + Send + Sync>> {
        if *files == Files::default() {
            return self.rows(run);
        }
        let name = self.name();
        Err(format!("`{name}` takes no folder and no baseline (leave them out)").into())
    }

    /// Does the part of that name, in a process of its own that [`Evaluation::rows`] started and with that
    /// folder between them.
    ///
    /// # Errors
    /// What kept it from that, or that there is no such part.
    fn part(
        &self,
        name: &str,
        _run: Run,
        _folder: &Path,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("there is no part `{name}`").into())
    }
}

/// What was measured for one id.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The bar's id.
    pub id: &'static str,
    /// What was found, in the bar's unit; absent where it could not be taken here.
    pub value: Option<f64>,
    /// The scale it was taken at, in the words of the bar; `met` is told only where the two are equal.
    pub scale: String,
    /// The seed it was drawn with.
    pub seed: u64,
    /// The same of whatever it is compared with, in words.
    pub baseline: String,
    /// How it was taken, in one sentence.
    pub how: String,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What is measured, with its unit.
    pub measure: String,
    /// What was found; null where it could not be taken here.
    pub value: Option<f64>,
    /// What it is held to, in words.
    pub bar: String,
    /// Whether it holds; null unless scale and seed are those of the bar.
    pub met: Option<bool>,
    /// The same of whatever it is compared with.
    pub baseline: String,
    /// How it was taken: scale, seed, method.
    pub how: String,
}

/// Why an evaluation has no table.
#[derive(Debug, Error)]
pub enum EvaluateFault {
    /// The bars cannot be read.
    #[error("docs/bars.toml is malformed")]
    Bars(#[from] InvalidBars),
    /// A row has an id that no bar has.
    #[error("`{id}` has no bar (write it into docs/bars.toml)")]
    NoBar {
        /// The id.
        id: &'static str,
    },
    /// A bar has no row.
    #[error("bar `{id}` was not measured")]
    NoRow {
        /// The id.
        id: String,
    },
}

/// Joins what was measured with the bars of the evaluation `name`, in the order of the bars.
///
/// # Errors
/// [`EvaluateFault`] where rows and bars do not hold together.
pub fn rows(bars: &Bars, name: &str, measured: &[Measured]) -> Result<Vec<Row>, EvaluateFault> {
    for row in measured {
        if !bars.of(name).any(|bar| bar.id == row.id) {
            return Err(EvaluateFault::NoBar { id: row.id });
        }
    }
    bars.of(name)
        .map(|bar| {
            let found = measured.iter().find(|row| row.id == bar.id);
            let measured = found.ok_or_else(|| EvaluateFault::NoRow { id: bar.id.clone() })?;
            Ok(row(bar, measured))
        })
        .collect()
}

fn row(bar: &Bar, measured: &Measured) -> Row {
    let stated = measured.scale == bar.scale && measured.seed == bar.seed;
    Row {
        measure: bar.measure.clone(),
        value: measured.value,
        bar: bar.bar.clone(),
        met: measured.value.filter(|_| stated).and_then(|value| bar.is_met(value)),
        baseline: measured.baseline.clone(),
        how: format!("{} ({}, seed {})", measured.how, measured.scale, measured.seed),
    }
}

/// The rows as a table for people.
#[must_use]
pub fn rows_table(rows: &[Row]) -> String {
    let header = [
        ("measure", Lean::Left),
        ("value", Lean::Right),
        ("bar", Lean::Left),
        ("met", Lean::Left),
        ("baseline", Lean::Left),
        ("how", Lean::Left),
    ];
    let cells = rows.iter().map(|row| {
        vec![
            row.measure.clone(),
            row.value.map_or_else(|| "-".into(), |value| format!("{value}")),
            row.bar.clone(),
            match row.met {
                Some(true) => "yes".into(),
                Some(false) => "no".into(),
                None => "-".into(),
            },
            row.baseline.clone(),
            row.how.clone(),
        ]
    });
    table(&header, cells)
}

/// What does not hold together between the evaluations and the bars, a sentence each.
#[must_use]
pub fn disagreements(catalog: &[&dyn Evaluation], bars: &Bars) -> Vec<String> {
    let mut faults = Vec::new();
    for evaluation in catalog {
        let name = evaluation.name();
        for id in evaluation.ids() {
            if !bars.of(name).any(|bar| bar.id == *id) {
                faults.push(format!("`{name}` measures `{id}`, which has no bar"));
            }
        }
        for bar in bars.of(name).filter(|bar| !evaluation.ids().contains(&bar.id.as_str())) {
            faults.push(format!("nobody measures bar `{}` of `{name}`", bar.id));
        }
    }
    faults
}

fn run(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let name = argument(matches, "NAME");
    let found = CATALOG.iter().find(|evaluation| evaluation.name() == name);
    let expected = "the name of an evaluation that this build has";
    let evaluation = found.ok_or(Failure::Argument { argument: "NAME", expected })?;
    let scale = if matches.get_flag("full") { Scale::Full } else { Scale::Quick };
    let seed = matches.get_one::<u64>("seed").copied();
    let only = match matches.get_one::<String>("only") {
        Some(id) => {
            let found = evaluation.ids().iter().find(|known| *known == id);
            let expected = "the id of a bar that this evaluation measures";
            Some(*found.ok_or(Failure::Argument { argument: "only", expected })?)
        }
        None => None,
    };
    let run = Run { scale, seed, only };
    if let Some(part) = matches.get_one::<String>("part") {
        let folder = path(matches, "folder");
        return evaluation.part(part, run, &folder).map_err(Failure::Measure);
    }
    let failed = |source| Failure::Content { path: "docs/bars.toml".into(), source };
    let bars = Bars::read(BARS).map_err(|fault| failed(Box::new(fault)))?;
    let given = |name: &str| matches.get_one::<String>(name).map(PathBuf::from);
    let files =
        Files { base: given("base"), templates: given("templates"), baseline: given("baseline") };
    let measured = evaluation.rows_with(run, &files).map_err(Failure::Measure)?;
    let bars = if only.is_some() { bars.measured(&measured) } else { bars };
    let rows = rows(&bars, &name, &measured).map_err(|fault| failed(Box::new(fault)))?;
    let output = &mut context.output;
    match output.form() {
        Form::Programs => output.json(&rows),
        Form::People => output.text(&text::safe_lines(&rows_table(&rows))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Toy;

    impl Evaluation for Toy {
        fn name(&self) -> &'static str {
            "toy"
        }

        fn ids(&self) -> &'static [&'static str] {
            &["toy.speed", "toy.size"]
        }

        fn rows(
            &self,
            run: Run,
        ) -> Result<Vec<Measured>, Box<dyn std::error::Error + Send + Sync>> {
            let scale = if run.scale == Scale::Full { "1000 things" } else { "10 things" };
            let measured = |id, value| Measured {
                id,
                value,
                scale: scale.into(),
                seed: run.seed.unwrap_or(7),
                baseline: "12 us by hand".into(),
                how: "median of all".into(),
            };
            Ok(vec![measured("toy.size", Some(5.0)), measured("toy.speed", Some(3.5))])
        }
    }

    const TOY: &str = "[[bar]]\nevaluation = \"toy\"\nid = \"toy.speed\"\nmeasure = \"median, us\"\n\
        bar = \"at most 3 us\"\ncomparison = \"at-most\"\nnumber = 3.0\nscale = \"1000 things\"\nseed = 7\n\
        [[bar]]\nevaluation = \"toy\"\nid = \"toy.size\"\nmeasure = \"bytes\"\nbar = \"stated\"\n\
        comparison = \"stated\"\nscale = \"1000 things\"\nseed = 7\n";

    fn met(run: Run) -> Vec<Option<bool>> {
        let bars = Bars::read(TOY).unwrap();
        let rows = rows(&bars, "toy", &Toy.rows(run).unwrap()).unwrap();
        rows.iter().map(|row| row.met).collect()
    }

    #[test]
    fn a_bar_is_met_or_missed_at_its_own_scale_and_seed_only() {
        let full = Run { scale: Scale::Full, seed: None, only: None };
        assert_eq!(met(full), [Some(false), None]);
        assert_eq!(met(Run { scale: Scale::Quick, ..full }), [None, None]);
        assert_eq!(met(Run { seed: Some(8), ..full }), [None, None]);
    }

    #[test]
    fn rows_have_the_keys_of_the_shape() {
        let bars = Bars::read(TOY).unwrap();
        let measured = Toy.rows(Run { scale: Scale::Full, seed: None, only: None }).unwrap();
        let rows = rows(&bars, "toy", &measured).unwrap();
        assert_eq!(
            serde_json::to_string(&rows[0]).unwrap(),
            "{\"measure\":\"median, us\",\"value\":3.5,\"bar\":\"at most 3 us\",\"met\":false,\
             \"baseline\":\"12 us by hand\",\"how\":\"median of all (1000 things, seed 7)\"}"
        );
        assert_eq!(
            rows_table(&rows),
            "measure     value  bar           met  baseline       how\n\
             median, us    3.5  at most 3 us  no   12 us by hand  median of all (1000 things, seed 7)\n\
             bytes           5  stated        -    12 us by hand  median of all (1000 things, seed 7)\n"
        );
    }

    #[test]
    fn rows_and_bars_that_miss_each_other_are_named() {
        let bars = Bars::read(TOY).unwrap();
        assert!(disagreements(&[&Toy], &bars).is_empty());
        let without = Bars::read(&TOY.replace("toy.size", "toy.weight")).unwrap();
        assert_eq!(disagreements(&[&Toy], &without).len(), 2);
        let measured = Toy.rows(Run { scale: Scale::Full, seed: None, only: None }).unwrap();
        assert!(rows(&without, "toy", &measured).is_err());
    }

    #[test]
    fn the_bars_on_file_and_the_evaluations_hold_together() {
        let bars = Bars::read(BARS).unwrap();
        assert_eq!(disagreements(CATALOG, &bars), Vec::<String>::new());
    }
}
