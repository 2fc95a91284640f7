//! Golden stories: every technique of docs/techniques.md is played alone on a quiet background, in process and on the
//! event clock, and each verdict on its faxes must be the one on file. `UPDATE=1` rewrites the files; read the diff.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::LazyLock;

use faxguard::lab::in_process::InProcess;
use faxguard::lab::traffic::{STORIES, Story, Truth, story};
use faxguard::operator::{Answer, VerdictLine, action_name, stage_name};
use faxguard::wire::replay::v1::{Event, event::Event as What};
use faxguard::wire::screening::v1::{HitKind, Verdict};

pub(crate) const SEED: u64 = 7;

/// What each technique must be seen by, whatever else is. Report abuse is seen by what does not happen: see
/// `report_flow`.
const MUST_SEE: &[(&str, &[&str])] = &[
    ("blast", &["volume.caller_fanout_1h", "volume.tsi_fanout_1h"]),
    (
        "sweep-one-line",
        &["sweep.caller_run", "sweep.trap", "sweep.caller_traps", "sweep.short_calls"],
    ),
    ("sweep-four-lines", &["sweep.block_run", "sweep.short_calls"]),
    ("night-sending", &["time.night"]),
    ("bad-tsi", &["identity.tsi_garbage", "identity.tsi_empty"]),
    ("own-did", &["identity.own_number"]),
    ("snowshoe", &["volume.shape_snowshoe"]),
    ("mutation", &["volume.shape_snowshoe"]),
    ("opt-out-ignored", &["relation.blocked"]),
    ("one-page-ads", &["shape.one_page"]),
    ("redial-hammer", &["volume.redials"]),
    ("looped-page", &["shape.looped_page"]),
    ("black-pages", &["shape.tiny_pages"]),
    ("line-hog", &["shape.slow_page", "shape.heavy_page"]),
    ("toll-fraud", &["outbound.risky_destination", "outbound.new_country"]),
    ("member-blast", &["outbound.dead_numbers", "outbound.new_account"]),
    ("list-washing", &["outbound.dead_numbers"]),
    ("jpeg-request", &["shape.jpeg", "shape.color"]),
    ("shell-injection", &["identity.hostile_text"]),
    ("report-mob", &[]),
];

pub(crate) fn fax_of(event: &Event) -> Option<String> {
    match &event.event {
        Some(What::ScreenFax(request)) => Some(format!("{}/{}", request.node_id, request.fax_id)),
        _ => None,
    }
}

/// One line a verdict: fax, stage, action, log-odds, and every signal with its contribution.
fn line(fax: usize, verdict: &Verdict) -> String {
    let mut text = format!(
        "{fax:>3} {:<13} {:<14} {:>+7.3}",
        stage_name(verdict.stage()),
        action_name(verdict.action()),
        f64::from(verdict.log_odds_milli) / 1_000.0
    );
    for hit in verdict.hits.iter().filter(|hit| hit.kind != HitKind::Prior as i32) {
        let _ = write!(text, " {}={:+}", hit.name, hit.contribution_milli);
    }
    text
}

/// What a story came to: a line a verdict, and every signal that was seen.
#[derive(Clone)]
pub(crate) struct Played {
    pub(crate) lines: String,
    seen: BTreeSet<String>,
}

/// Every story, played once: two at a time, since each has an engine of its own.
pub(crate) static PLAYED: LazyLock<BTreeMap<&'static str, Played>> = LazyLock::new(|| {
    let halves = STORIES.split_at(STORIES.len() / 2);
    let all = |stories: &'static [Story]| stories.iter().map(|s| (s.name, play(s.name)));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| all(halves.0).collect::<Vec<_>>());
        all(halves.1).chain(first.join().unwrap()).collect()
    })
});

fn play(name: &str) -> Played {
    let events = story(name, SEED).unwrap();
    let mut engine = InProcess::new("").unwrap();
    let (mut lines, mut seen, mut faxes) = (String::new(), BTreeSet::new(), Vec::new());
    for (number, event) in (1..).zip(events) {
        let own = Truth::read(&event.note).is_some_and(|truth| truth.story == name);
        let fax = fax_of(&event);
        let VerdictLine { answer, .. } = engine.play(number, event);
        if let Answer::Fault(fault) = &answer {
            // The world may report or release what was refused; nothing else may be at fault.
            assert!(fax.is_none(), "{name} line {number}: {}", fault.message);
        }
        let (Answer::Screened(response), Some(fax), true) = (answer, fax, own) else { continue };
        let verdict = response.verdict.unwrap();
        let sum: i64 = verdict.hits.iter().map(|hit| i64::from(hit.contribution_milli)).sum();
        assert_eq!(sum, i64::from(verdict.log_odds_milli), "{name} line {number}");
        seen.extend(verdict.hits.iter().map(|hit| hit.name.clone()));
        let place = faxes.iter().position(|known| *known == fax).unwrap_or_else(|| {
            faxes.push(fax);
            faxes.len() - 1
        });
        lines.push_str(&line(place + 1, &verdict));
        lines.push('\n');
    }
    Played { lines, seen }
}

/// One test, since each story is played once for all three questions and every test may be a process of its own.
#[test]
fn stories() {
    every_story_gets_the_verdicts_on_file();
    every_technique_is_seen_by_the_signals_that_are_for_it();
    // The same story twice is the same.
    assert_eq!(play("snowshoe").lines, PLAYED["snowshoe"].lines);
}

fn every_story_gets_the_verdicts_on_file() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stories");
    let update = std::env::var_os("UPDATE").is_some();
    let mut changed = Vec::new();
    for story in STORIES {
        let path = folder.join(format!("{}.txt", story.name));
        let played = &PLAYED[story.name];
        let title = format!("# {}: {}\n", story.name, story.title);
        let text = title + &played.lines;
        if update {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
            changed.push(story.name);
        }
    }
    assert!(
        changed.is_empty(),
        "verdicts changed in {changed:?} (UPDATE=1 rewrites, then read the diff)"
    );
}

fn every_technique_is_seen_by_the_signals_that_are_for_it() {
    for (name, signals) in MUST_SEE {
        let played = &PLAYED[name];
        for signal in *signals {
            assert!(
                played.seen.contains(*signal),
                "{name} is not seen by {signal}: {:?}",
                played.seen
            );
        }
    }
    let techniques: BTreeSet<u8> = STORIES.iter().filter_map(|story| story.technique).collect();
    assert_eq!(techniques, (1..=17).collect(), "a technique without a story");
}
