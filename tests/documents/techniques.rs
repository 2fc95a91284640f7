//! Which signals see the known techniques, and at which stage: played, not asserted. Every story of a technique
//! is screened by the engine itself, and the table of docs/techniques.md is what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use faxguard::lab::in_process::InProcess;
use faxguard::lab::traffic::{STORIES, Truth, story};
use faxguard::operator::Answer;
use faxguard::wire::screening::v1::{HitKind, StageKind, Verdict};

/// The known techniques by number, and what gives each away.
const TECHNIQUES: [(&str, &str); 17] = [
    ("broadcast blast", "One number or ident reaches many numbers in little time."),
    (
        "sequential numbers, war dialling",
        "Called numbers form runs, calls end without a page, and numbers that nobody holds are called too.",
    ),
    ("night sending", "It is night where the recipient is, whatever the sender's clock says."),
    (
        "blank, garbage or spoofed identity",
        "The TSI says nothing or not what the network says; the caller number cannot be, never calls, or is one of ours.",
    ),
    (
        "snowshoe",
        "Many numbers, each seldom used, send a document of one size and shape over one trunk.",
    ),
    (
        "mutation per recipient",
        "No two copies are the same; their shape still is, and so is the way they came. Near-duplicate pages are seen by the page fingerprint only, which is not part of this release.",
    ),
    (
        "opt-out as a trap",
        "The recipient asked to stop, and the faxes go on. The removal number itself stands in the picture, which is never read.",
    ),
    (
        "one-page advertisements",
        "One page of ordinary size from a sender whom the recipient does not know: weak alone, telling together.",
    ),
    (
        "busy hammering, redial after refusal",
        "Call after call of one number to one number, minutes apart.",
    ),
    (
        "fax bomb, looped page",
        "Page after page of the very same coded size, with no end announced. Equal bytes are enough: no look at the page.",
    ),
    (
        "black or blank pages",
        "Pages of next to no bytes. Black and blank are not told apart without a look, and need not be.",
    ),
    (
        "line hog",
        "Minutes on one page, more rows than any paper, the slowest rate, training over and over.",
    ),
    (
        "toll fraud",
        "A member sends to ranges that fraud calls, to countries it never faxed, at night.",
    ),
    (
        "member blast, list washing",
        "A member's fan-out, and the share of its dials that end at dead numbers and people.",
    ),
    (
        "protocol and file exploits",
        "The sender asks for colour or JPEG, which the known exploits need.",
    ),
    ("shell and log injection", "Control bytes and shell metacharacters in names and idents."),
    (
        "report abuse",
        "Reports about faxes that the ledger does not know weigh nothing, and nobody can report a fax that went to another.",
    ),
];

/// The seed of the golden stories.
const SEED: u64 = 7;
/// Thousandths of log-odds from which a signal is said to see something.
const SPOKE_MILLI: i32 = 100;

/// What the stories of one technique showed.
#[derive(Default)]
struct Seen {
    /// Signals that spoke for junk, each at the first stage it did.
    signals: BTreeMap<i32, BTreeSet<String>>,
    /// What was done about the junk, by the codes of the contract.
    actions: BTreeMap<i32, String>,
    /// How the reports about it stood.
    reports: BTreeSet<String>,
}

/// A name of the contract without its prefix, as people write it.
fn plain(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase().replace('_', "-")
}

impl Seen {
    fn of(technique: u8) -> Self {
        let mut seen = Self::default();
        for told in STORIES.iter().filter(|story| story.technique == Some(technique)) {
            let mut engine = InProcess::new("").unwrap();
            for (line, event) in (1..).zip(story(told.name, SEED).unwrap()) {
                let junk = Truth::read(&event.note).is_some_and(|truth| truth.junk);
                let is_report = event.note.contains("technique=17");
                if junk {
                    seen.take(engine.play(line, event).answer, is_report);
                } else {
                    engine.play(line, event);
                }
            }
        }
        seen
    }

    fn take(&mut self, answer: Answer, is_report: bool) {
        if let Answer::Screened(response) = answer {
            self.add(&response.verdict.unwrap());
        } else if let Answer::Reported(receipt) = answer
            && is_report
        {
            let status = plain(receipt.status().as_str_name(), "REPORT_STATUS_");
            self.reports.insert(format!("report {status}"));
        } else if is_report {
            self.reports.insert("report refused".into());
        }
    }

    fn add(&mut self, verdict: &Verdict) {
        let action = plain(verdict.action().as_str_name(), "ACTION_");
        self.actions.insert(verdict.action, action);
        let stage = verdict.stage;
        let spoke = verdict
            .hits
            .iter()
            .filter(|hit| hit.kind() == HitKind::Signal && hit.contribution_milli >= SPOKE_MILLI);
        for name in spoke.map(|hit| &hit.name) {
            if !self.signals.range(..stage).any(|(_, names)| names.contains(name)) {
                self.signals.entry(stage).or_default().insert(name.clone());
                self.signals.range_mut(stage + 1..).for_each(|(_, names)| {
                    names.remove(name);
                });
            }
        }
    }

    fn stages(&self) -> String {
        let mut text = String::new();
        for (stage, names) in self.signals.iter().filter(|(_, names)| !names.is_empty()) {
            let stage = StageKind::try_from(*stage).unwrap();
            let stage = plain(stage.as_str_name(), "STAGE_KIND_");
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let mark = if text.is_empty() { "" } else { "<br>" };
            write!(text, "{mark}*{stage}*: {}", names.join(", ")).unwrap();
        }
        text
    }

    fn done(&self) -> String {
        let done: Vec<&str> =
            self.actions.values().chain(&self.reports).map(String::as_str).collect();
        done.join(", ")
    }
}

#[test]
fn techniques_are_seen_as_told() {
    let mut page = String::from(
        "# Known techniques, and what sees them\n\n\
         Made by playing the stories of `src/lab/traffic.rs` through the engine; `UPDATE=1 cargo test documents`\n\
         writes it anew. Each story is linked to its golden verdicts. It is screened on the background of a\n\
         quiet day, under the default policy. A\n\
         signal stands at the first stage at which it spoke for junk in any fax of the technique; those that add\n\
         less than 0.1 are left out. *Done* is every action that junk of the technique met at some stage, in the\n\
         order of the contract. None of this needs the content of a page. What each signal is: [signals.md](signals.md).\n\n\
         | | technique | what gives it away | signals by stage | done | stories |\n|---|---|---|---|---|---|\n",
    );
    for ((title, about), technique) in TECHNIQUES.iter().zip(1u8..) {
        let stories: Vec<String> = STORIES
            .iter()
            .filter(|story| story.technique == Some(technique))
            .map(|story| format!("[{0}](../tests/golden/stories/{0}.txt)", story.name))
            .collect();
        assert!(!stories.is_empty(), "technique {technique} has no story");
        let seen = Seen::of(technique);
        assert!(!seen.done().is_empty(), "technique {technique} is not played");
        writeln!(
            page,
            "| {technique} | {title} | {about} | {} | {} | {} |",
            seen.stages(),
            seen.done(),
            stories.join(", ")
        )
        .unwrap();
    }
    super::hold("docs/techniques.md", &page);
}

#[test]
fn the_first_seventeen_are_the_techniques() {
    let told: BTreeSet<u8> = STORIES.iter().filter_map(|story| story.technique).collect();
    assert_eq!(told, (1..=17).collect());
}
