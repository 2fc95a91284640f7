//! The demonstration: plays the bundled day through the public API, as nodes and members would, and tells what came of it.

mod node;
mod player;
mod show;
mod tally;

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressStyle};
use thiserror::Error;

use crate::wire::replay::v1::Event;
use crate::wire::replay::v1::event::Event as What;
use node::Nodes;
use player::Player;
pub use tally::{FalsePositive, ReportCounts, StoryCounts, Summary};

/// The bundled day: about six thousand generated events, one a line.
const DAY: &str = include_str!("../../demo/day.jsonl");

/// Why the demonstration ended early.
#[derive(Debug, Error)]
pub enum DemoError {
    /// A line of the bundled day is no event.
    #[error("line {line} of the bundled day is no event")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The address is none, or nobody answers there.
    #[error("no connection to the service (give its address as in `127.0.0.1:50051`)")]
    Connect {
        /// What went wrong.
        source: tonic::transport::Error,
    },
    /// A call failed that must not.
    #[error("`{method}` failed")]
    Call {
        /// Which method.
        method: &'static str,
        /// The status it failed with.
        source: Box<tonic::Status>,
    },
    /// The service ended the screening stream.
    #[error("the service ended the screening stream")]
    StreamEnded,
    /// A message of the stream has not as many answers as it had requests.
    #[error("{answered} answers to {asked} requests of one stream message")]
    AnswerCount {
        /// Requests in the message.
        asked: usize,
        /// Answers to it.
        answered: usize,
    },
    /// The output cannot be written.
    #[error("cannot write the output")]
    Write {
        /// What went wrong.
        #[from]
        source: io::Error,
    },
}

/// Plays the bundled day to the service at `address` (`host:port`, or a URI), which must run on the
/// event clock, writes the interesting verdicts and the closing tables to `out`, and returns the
/// figures. Progress is shown on the terminal's error output, where there is one.
///
/// # Errors
/// [`DemoError`] when the service cannot be reached, breaks the contract, or `out` fails. A request
/// that is refused for itself is counted, not an error.
pub async fn run(address: &str, out: &mut (dyn Write + Send)) -> Result<Summary, DemoError> {
    play(address, &read(DAY)?, out).await
}

fn read(text: &str) -> Result<Vec<Event>, DemoError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|source| DemoError::Line { line: at + 1, source })
        })
        .collect()
}

/// Plays any events. A batch of screenings never holds two stages of one fax, and is answered before
/// anything else is sent, so that nothing overtakes what it depends on.
async fn play(
    address: &str,
    events: &[Event],
    out: &mut (dyn Write + Send),
) -> Result<Summary, DemoError> {
    let mut player = Player::connect(address).await?;
    let mut nodes = Nodes::new(events);
    let bar = progress(events.len());
    show::opening(events.len(), out)?;
    for event in events {
        bar.inc(1);
        match event.event.clone() {
            Some(What::ScreenFax(request)) => {
                if !player.takes(&request) {
                    let shown = nodes.learn(player.flush().await?);
                    bar.suspend(|| show::verdicts(&shown, out))?;
                }
                if let Some(request) = nodes.next(event, request) {
                    player.push(request);
                }
            }
            Some(What::DirectoryEntry(entry)) if player.is_idle() => player.directory_entry(entry),
            Some(what) => {
                let shown = nodes.learn(player.flush().await?);
                bar.suspend(|| show::verdicts(&shown, out))?;
                other(&mut player, &mut nodes, event, what).await?;
            }
            None => {}
        }
    }
    let shown = nodes.learn(player.flush().await?);
    bar.finish_and_clear();
    show::verdicts(&shown, out)?;
    let summary = nodes.summary();
    show::closing(&summary, out)?;
    Ok(summary)
}

/// Plays what is not a screening, once nothing waits before it.
async fn other(
    player: &mut Player,
    nodes: &mut Nodes,
    event: &Event,
    what: What,
) -> Result<(), DemoError> {
    match what {
        What::FileReport(mut report) => {
            report.event_time = report.event_time.or(event.event_time);
            if nodes.was_seen(&report) {
                nodes.reported(player.file_report(report).await?);
            }
        }
        What::ReleaseHeldFax(mut release) => {
            if let Some(decision) = nodes.held(&release.decision_id) {
                release.decision_id = decision;
                nodes.released(player.release(release).await?);
            }
        }
        What::ListEntry(entry) => player.create_list_entry(entry).await?,
        What::DirectoryEntry(entry) => player.directory_entry(entry),
        What::ScreenFax(_) => {}
    }
    Ok(())
}

fn progress(events: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(events).unwrap_or(u64::MAX));
    let template = "{bar:40} {pos}/{len} events  {per_sec}  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests;
