//! Which signals see the known techniques, and at which stage: played, not asserted. The golden stories are screened
//! by the engine itself, and the table of docs/techniques.md is what came of the junk in them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use faxguard::fax::stage::StageKind;
use faxguard::lab::traffic::{STORIES, Story, Truth, story};
use faxguard::verdict::Action;

use crate::golden::{PLAYED, SEED, fax_of};

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
        "No two copies are the same; their shape still is, and so is the way they came. Near-duplicate pages are seen by their fingerprints, where a node brings them (`campaign.spread`, `campaign.rotation`; `tests/campaigns.rs` plays it with real pages): the stories have none.",
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
        "Reports about faxes that the ledger does not know weigh nothing, and nobody can report a fax that went to another. No fax of the story is junk; what becomes of the reports is held by `tests/report_flow.rs`.",
    ),
];

/// Thousandths of log-odds from which a signal is said to see something.
const SPOKE_MILLI: i32 = 100;

/// What the stories of one technique showed.
#[derive(Default)]
struct Seen {
    /// Signals that spoke for junk, at each stage that they did.
    signals: BTreeSet<(StageKind, String)>,
    /// What was done about the junk, mildest first.
    actions: BTreeSet<Action>,
}

/// Of each fax of the story, in the order of their first stages: whether it is junk.
fn truths(told: &Story) -> Vec<bool> {
    let (mut faxes, mut junk) = (Vec::new(), Vec::new());
    for event in story(told.name, SEED).unwrap() {
        let Some(truth) = Truth::read(&event.note).filter(|truth| truth.story == told.name) else {
            continue;
        };
        let Some(fax) = fax_of(&event).filter(|fax| !faxes.contains(fax)) else { continue };
        faxes.push(fax);
        junk.push(truth.junk);
    }
    junk
}

impl Seen {
    fn of(stories: &[&Story]) -> Self {
        let mut seen = Self::default();
        for told in stories {
            let junk = truths(told);
            for line in PLAYED[told.name].lines.lines() {
                let words: Vec<&str> = line.split_ascii_whitespace().collect();
                if junk[words[0].parse::<usize>().unwrap() - 1] {
                    seen.add(words[1], words[2], &words[4..]);
                }
            }
        }
        seen
    }

    fn add(&mut self, stage: &str, action: &str, hits: &[&str]) {
        let stage = StageKind::ALL.into_iter().find(|known| known.name() == stage).unwrap();
        self.actions.extend(Action::ALL.into_iter().filter(|known| known.name() == action));
        for (name, milli) in hits.iter().map(|hit| hit.split_once('=').unwrap()) {
            if name.contains('.') && milli.parse::<i32>().unwrap() >= SPOKE_MILLI {
                self.signals.insert((stage, name.to_owned()));
            }
        }
    }

    /// Each signal at the first stage it spoke at.
    fn stages(&self) -> String {
        let mut text = String::new();
        for stage in StageKind::ALL {
            let earlier = |name: &str| self.signals.iter().any(|(at, n)| *at < stage && n == name);
            let here = self.signals.iter().filter(|(at, name)| *at == stage && !earlier(name));
            let names: Vec<String> = here.map(|(_, name)| format!("`{name}`")).collect();
            if !names.is_empty() {
                let mark = if text.is_empty() { "" } else { "<br>" };
                write!(text, "{mark}*{}*: {}", stage.name(), names.join(", ")).unwrap();
            }
        }
        text
    }

    fn done(&self) -> String {
        let done: Vec<&str> = self.actions.iter().map(|action| action.name()).collect();
        done.join(", ")
    }
}

#[test]
fn techniques_are_seen_as_told() {
    let mut page = String::from(
        "# Known techniques, and what sees them\n\n\
         Made by playing the stories of `src/lab/traffic.rs` through the engine; `UPDATE=1 cargo test documents`\n\
         writes it anew. Each story is linked to its golden verdicts. It is screened on the background of a\n\
         quiet day, under the default policy. A signal stands at the first stage at which it spoke for junk in\n\
         any fax of the technique; those that add less than 0.1 are left out. *Done* is every action that junk of the technique met at some stage, in the\n\
         order of the contract. None of this needs the content of a page; what fingerprints add, where they are asked for, is in\n         [campaigns.md](campaigns.md). What each signal is: [signals.md](signals.md).\n\n\
         | | technique | what gives it away | signals by stage | done | stories |\n|---|---|---|---|---|---|\n",
    );
    for ((title, about), technique) in TECHNIQUES.iter().zip(1u8..) {
        let told: Vec<&Story> =
            STORIES.iter().filter(|story| story.technique == Some(technique)).collect();
        assert!(!told.is_empty(), "technique {technique} has no story");
        let seen = Seen::of(&told);
        let stories: Vec<String> = told
            .iter()
            .map(|story| format!("[{0}](../tests/golden/stories/{0}.txt)", story.name))
            .collect();
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
