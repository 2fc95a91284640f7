//! What the demonstration writes: verdicts with their reasons while it runs, tables at its end.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets};

use super::node::Shown;
use super::tally::{StoryCounts, Summary};
use crate::wire::screening::v1::{HitKind, Verdict};

/// Most hits named as the reasons of a verdict.
const REASONS: usize = 3;
/// Most false positives that are listed one by one.
const FALSE_POSITIVES: usize = 20;

/// Says what is about to be seen.
pub(super) fn opening(events: usize, out: &mut (dyn Write + Send)) -> io::Result<()> {
    writeln!(
        out,
        "Playing a generated day of {events} events. The first verdict of each story that is not\n\
         plain delivery is shown (times are UTC):\n"
    )
}

/// Verdicts, each in two lines: what, and why.
pub(super) fn verdicts(shown: &[Shown], out: &mut (dyn Write + Send)) -> io::Result<()> {
    shown.iter().try_for_each(|one| verdict(one, out))
}

fn verdict(shown: &Shown, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let minute = shown.time.rem_euclid(86_400) / 60;
    let truth = if shown.junk { "junk" } else { "WANTED" };
    writeln!(
        out,
        "{:02}:{:02}  {:<16} {} fax {:<3} {:<14} {:>5.1} %",
        minute / 60,
        minute % 60,
        shown.story,
        truth,
        shown.position,
        action(&shown.verdict),
        shown.verdict.score * 100.0,
    )?;
    writeln!(out, "       {}", reasons(&shown.verdict))
}

/// `ACTION_DELIVER_TAGGED` as `deliver-tagged`.
fn action(verdict: &Verdict) -> String {
    let name = verdict.action().as_str_name();
    name.trim_start_matches("ACTION_").to_ascii_lowercase().replace('_', "-")
}

/// The strongest evidence for junk in words; the deciding rule where there is none.
pub(super) fn reasons(verdict: &Verdict) -> String {
    let mut hits: Vec<_> = verdict
        .hits
        .iter()
        .filter(|hit| hit.contribution_milli > 0)
        .filter(|hit| matches!(hit.kind(), HitKind::Signal | HitKind::Composite))
        .collect();
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.contribution_milli));
    let words: Vec<_> = hits
        .iter()
        .take(REASONS)
        .map(|hit| format!("{} (+{})", hit.evidence, thousandths(hit.contribution_milli)))
        .collect();
    if words.is_empty() { format!("rule {}", verdict.rule) } else { words.join("; ") }
}

/// `1234` as `1.2`.
fn thousandths(milli: i32) -> String {
    format!("{}.{}", milli / 1_000, milli % 1_000 / 100)
}

/// The closing tables.
pub(super) fn closing(summary: &Summary, out: &mut (dyn Write + Send)) -> io::Result<()> {
    writeln!(
        out,
        "\nWhat became of the faxes, by story (generated traffic)\n{}",
        stories(summary)
    )?;
    let reports = summary.reports;
    writeln!(
        out,
        "Reports: {} counted, {} repeated, {} unverified, {} refused. Released by members: {}.",
        reports.counted, reports.duplicate, reports.unverified, reports.refused, summary.releases
    )?;
    writeln!(
        out,
        "Stages: {} screened, {} that a stopped fax never came to, {} without a verdict.",
        summary.screened, summary.skipped, summary.faults
    )?;
    false_positives(summary, out)?;
    writeln!(
        out,
        "\nThe traffic is made, not measured: these figures say how the rules act on it, not how \
         much junk is caught elsewhere."
    )
}

fn stories(summary: &Summary) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header([
        "technique",
        "story",
        "faxes",
        "wanted",
        "junk",
        "delivered",
        "tagged",
        "quarantined",
        "refused",
        "held",
        "first caught",
    ]);
    let total = summary.total();
    for counts in summary.stories.iter().chain([&total]) {
        table.add_row(row(counts, counts.story == total.story));
    }
    for column in table.column_iter_mut().skip(2).take(8) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row(counts: &StoryCounts, total: bool) -> Vec<String> {
    let caught = match counts.caught_after {
        _ if counts.junk == 0 || total => String::new(),
        Some(0) => "at once".into(),
        Some(1) => "after 1 fax".into(),
        Some(after) => format!("after {after} faxes"),
        None => "never".into(),
    };
    let mut cells =
        vec![counts.technique.map_or_else(String::new, |t| t.to_string()), counts.story.clone()];
    let numbers = [
        counts.wanted + counts.junk,
        counts.wanted,
        counts.junk,
        counts.delivered,
        counts.tagged,
        counts.quarantined,
        counts.refused,
        counts.held,
    ];
    cells.extend(numbers.map(|number| number.to_string()));
    cells.push(caught);
    cells
}

fn false_positives(summary: &Summary, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let total = summary.total();
    let wrong = &summary.false_positives;
    writeln!(
        out,
        "\nWanted faxes that did not simply arrive: {} of {} (generated traffic)",
        wrong.len(),
        total.wanted
    )?;
    for one in wrong.iter().take(FALSE_POSITIVES) {
        writeln!(out, "  {:<16} {:<12} {}", one.story, one.outcome, one.reasons)?;
    }
    if wrong.len() > FALSE_POSITIVES {
        writeln!(out, "  and {} more", wrong.len() - FALSE_POSITIVES)?;
    }
    Ok(())
}
