//! `replay`: plays recorded events, one proto3 JSON object a line, against a server or in process.

mod events;
mod play;

use std::cell::RefCell;
use std::io::BufRead;

use clap::ArgMatches;

use super::command::{Command, option, path, positional, switch};
use super::context::{Context, InProcess};
use super::failure::Failure;
use super::input::{Lines, open};
use super::output::Output;
use super::verdict_line::VerdictLine;
use events::Recorded;
use play::Pace;

pub(super) const REPLAY: Command = Command {
    name: "replay",
    help: "Play recorded events against a server, or through the engine without one",
    doc: "Play recorded events and print one line an answer: time, decision, stage, action, score as log-odds, \
          probability of junk, and the hits that counted most; with --json the responses. A file holds one event a \
          line, the proto3 JSON of faxguard.replay.v1.Event, in the order of their times; `-` reads standard input. \
          Against a server, stages travel over one stream, and each keeps its event time. A line that is no event is \
          reported with its number and passed over.",
    shape: |command| {
        command
            .arg(positional("FILE", "The events"))
            .arg(option("to", "ADDRESS", "The server to play against; else that of --server"))
            .arg(
                option("rate", "EVENTS/s", "Events a second; 0 is as fast as it goes")
                    .default_value("0")
                    .value_parser(Pace::parse),
            )
            .arg(
                switch("in-process", "Run the engine here, on the event clock, without a server")
                    .conflicts_with_all(["to", "rate"]),
            )
            .arg(switch("strict", "Exit with code 65 when a line was no event or was refused"))
    },
    run,
};

/// What became of the lines of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    events: u64,
    malformed: u64,
    refused: u64,
}

/// Output and counts, shared between the reader of lines and the writer of answers, which take turns.
struct Journal<'j, 'o> {
    output: &'j mut Output<'o>,
    counts: Counts,
    broken: Option<Failure>,
}

impl Journal<'_, '_> {
    /// Remembers the first failure to write; nothing is read or written after it.
    fn keep(&mut self, written: Result<(), Failure>) {
        if let Err(failure) = written {
            self.broken.get_or_insert(failure);
        }
    }

    fn answer(&mut self, line: &VerdictLine) {
        if line.is_fault() {
            self.counts.refused += 1;
        }
        if self.broken.is_none() {
            let written = line.write(self.output);
            self.keep(written);
        }
    }

    /// The next event of the file, with every line before it that is none reported.
    fn next<R: BufRead>(&mut self, lines: &mut Lines<R>) -> Option<Recorded> {
        while self.broken.is_none() {
            let (number, line) = lines.next()?;
            match events::read(number, line) {
                Ok(None) => {}
                Ok(Some(recorded)) => {
                    self.counts.events += 1;
                    return Some(recorded);
                }
                Err(fault) => {
                    self.counts.malformed += 1;
                    let text = super::text::sentence(&fault.to_string(), self.output.shown());
                    let written = self.output.remark(format!("line {number}: {text}"));
                    self.keep(written);
                }
            }
        }
        None
    }
}

fn run(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let file = path(matches, "FILE");
    let mut lines = open(&file)?;
    let counts = if matches.get_flag("in-process") {
        let what = "replay in process";
        let engine = context.hooks.in_process.ok_or(Failure::NotBuilt { what })?;
        in_process(engine, &mut lines, &mut context.output)?
    } else {
        let pace = matches.get_one::<Pace>("rate").copied().unwrap_or_default();
        let to = matches.get_one::<String>("to").cloned();
        context.block_on(async |context: &mut Context<'_>| {
            let channel = context.connect(to.as_deref()).await?;
            let journal = Journal::new(&mut context.output);
            play::play(channel, pace, &mut lines, journal).await
        })?
    };
    let Counts { events, malformed, refused } = counts;
    let output = &mut context.output;
    output.remark(format!("{events} events, {refused} refused; {malformed} lines malformed"))?;
    match malformed.saturating_add(refused) {
        count if count > 0 && matches.get_flag("strict") => Err(Failure::Refusals { count }),
        _ => Ok(()),
    }
}

impl<'j, 'o> Journal<'j, 'o> {
    fn new(output: &'j mut Output<'o>) -> Self {
        Self { output, counts: Counts::default(), broken: None }
    }

    fn counts(self) -> Result<Counts, Failure> {
        self.broken.map_or(Ok(self.counts), Err)
    }
}

fn in_process<R: BufRead>(
    engine: InProcess,
    lines: &mut Lines<R>,
    output: &mut Output<'_>,
) -> Result<Counts, Failure> {
    let journal = RefCell::new(Journal::new(output));
    let mut events = std::iter::from_fn(|| {
        let recorded = journal.borrow_mut().next(lines)?;
        Some((recorded.line, recorded.event))
    });
    engine(&mut events, &mut |line| journal.borrow_mut().answer(&line));
    journal.into_inner().counts()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::output::Screen;
    use crate::operator::text::from_wire;
    use crate::operator::verdict_line::Answer;

    #[test]
    fn malformed_lines_are_named_and_the_rest_runs() {
        let file = "{\"eventTime\":\"2026-11-24T00:00:00Z\",\"screenFax\":{\"requestId\":\"a\"}}\n\
                    {\"eventTime\":\n\
                    \n\
                    {\"screenFax\":{}}\n\
                    {\"eventTime\":\"2026-11-24T00:00:01Z\",\"screenFax\":{\"faxId\":7}}\n\
                    {\"eventTime\":\"2026-11-24T00:00:02Z\",\"screenFax\":{\"requestId\":\"b\"}}";
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut output = Output::new(&mut out, &mut err, Screen::Other);
        let engine: InProcess = |events, answer| {
            for (line, event) in events {
                let time = from_wire(&event.event_time.unwrap_or_default());
                answer(VerdictLine { line, time, answer: Answer::Screened(Box::default()) });
            }
        };
        let counts = in_process(engine, &mut Lines::new(file.as_bytes()), &mut output).unwrap();
        assert_eq!(counts, Counts { events: 2, malformed: 3, refused: 0 });
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out.lines().count(), 2);
        assert!(out.starts_with("2026-11-24T00:00:00.000Z"), "{out}");
        let err = String::from_utf8(err).unwrap();
        let named: Vec<&str> = err.lines().filter_map(|line| line.split(':').next()).collect();
        assert_eq!(named, ["line 2", "line 4", "line 5"], "{err}");
    }
}
