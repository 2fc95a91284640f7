//! Which signals see the known techniques, and at which stage: played, not asserted. Every story of a technique
//! is screened by the engine itself, and the table of docs/techniques.md is what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use faxguard::api::convert;
use faxguard::api::engine::Engine;
use faxguard::api::live::{Live, Timepiece};
use faxguard::fax::stage::{StageEvent, StageKind};
use faxguard::lab::traffic::{DAY_SEED, DAY_START, STORIES, Truth, story};
use faxguard::memory::{Memory, Parts};
use faxguard::policy::{Edit, Generation, load};
use faxguard::screening::signals;
use faxguard::store::keys::KeyRing;
use faxguard::store::memory::MemoryStore;
use faxguard::time::{EventClock, Timestamp};
use faxguard::verdict::{Action, HitKind, Score, Verdict};
use faxguard::wire::replay::v1::Event;
use faxguard::wire::replay::v1::event::Event as What;

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

fn engine() -> Live {
    let specs = signals::specs();
    let edit = Edit { text: String::new(), author: "test".into(), applied: Timestamp::default() };
    let (settings, _) = load("", &specs).unwrap();
    let generation = Generation::new(1, edit, &specs).unwrap();
    let (store, keys) = (Arc::new(MemoryStore::new()), KeyRing::for_replay(DAY_SEED));
    let parts = Parts { store, keys, settings, generation, specs };
    let (memory, _) = Memory::open(parts, DAY_START).unwrap();
    Live::new(Arc::new(memory), Timepiece::Events(Arc::new(EventClock::default())))
}

/// Plays one line as it stands; the verdict, where it is a stage.
fn play(engine: &Live, event: &Event) -> Option<Verdict> {
    let wall = engine.wall();
    match event.event.as_ref().unwrap() {
        What::ScreenFax(request) => {
            let mut request = request.clone();
            request.event_time = event.event_time;
            let stage: StageEvent = convert::screening::stage_event(&request, &wall).unwrap();
            return Some(engine.screen(&stage));
        }
        What::DirectoryEntry(entry) => {
            let edit = convert::directory::edit(entry, &wall).unwrap();
            engine.edit_directory(&[edit]).unwrap();
        }
        What::ListEntry(entry) => {
            engine.put_list_entry(&convert::list::replayed(entry, &wall).unwrap()).unwrap();
        }
        What::FileReport(report) => {
            let mut report = report.clone();
            report.event_time = event.event_time;
            // Some reports are about faxes that never were: that is what a story is about.
            let _ = engine.file_report(&convert::report::filing(&report, &wall).unwrap());
        }
        // It names a fax by node and id, which a player puts a decision in place of; no technique needs it.
        What::ReleaseHeldFax(_) => {}
    }
    None
}

/// What the stories of one technique showed.
#[derive(Default)]
struct Seen {
    /// Signals that spoke for junk, each at the first stage it did.
    signals: BTreeMap<u8, BTreeSet<&'static str>>,
    /// What was done about the junk, mildest first.
    actions: BTreeSet<Action>,
}

impl Seen {
    fn of(technique: u8) -> Self {
        let mut seen = Self::default();
        for told in STORIES.iter().filter(|story| story.technique == Some(technique)) {
            let engine = engine();
            for event in story(told.name, DAY_SEED).unwrap() {
                let junk = Truth::read(&event.note).is_some_and(|truth| truth.junk);
                if let Some(verdict) = play(&engine, &event).filter(|_| junk) {
                    seen.add(&verdict);
                }
            }
        }
        seen
    }

    fn add(&mut self, verdict: &Verdict) {
        self.actions.insert(verdict.action);
        let stage = verdict.stage as u8;
        let spoke = verdict
            .hits
            .iter()
            .filter(|hit| hit.kind == HitKind::Signal && hit.contribution >= Score(100));
        for name in spoke.map(|hit| hit.name) {
            if !self.signals.range(..stage).any(|(_, names)| names.contains(name)) {
                self.signals.entry(stage).or_default().insert(name);
                self.signals.range_mut(stage + 1..).for_each(|(_, names)| {
                    names.remove(name);
                });
            }
        }
    }

    fn stages(&self) -> String {
        let mut text = String::new();
        for (stage, names) in self.signals.iter().filter(|(_, names)| !names.is_empty()) {
            let stage = StageKind::ALL[usize::from(*stage) - 1].name();
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let mark = if text.is_empty() { "" } else { "<br>" };
            write!(text, "{mark}*{stage}*: {}", names.join(", ")).unwrap();
        }
        text
    }
}

#[test]
fn techniques_are_seen_as_told() {
    let mut page = String::from(
        "# Known techniques, and what sees them\n\n\
         Made by playing the stories of `src/lab/traffic.rs` through the engine; `UPDATE=1 cargo test documents`\n\
         writes it anew. Each story is screened on the background of a quiet day, under the default policy. A\n\
         signal stands at the first stage at which it spoke for junk in any fax of the technique; those that add\n\
         less than 0.1 are left out. *Done* is every action that junk of the technique met, stage by stage. None\n\
         of this needs the content of a page. What each signal is: [signals.md](signals.md).\n\n\
         | | technique | what gives it away | signals by stage | done | stories |\n|---|---|---|---|---|---|\n",
    );
    for ((title, about), technique) in TECHNIQUES.iter().zip(1u8..) {
        let stories: Vec<String> = STORIES
            .iter()
            .filter(|story| story.technique == Some(technique))
            .map(|story| format!("`{}`", story.name))
            .collect();
        assert!(!stories.is_empty(), "technique {technique} has no story");
        let seen = Seen::of(technique);
        let actions: Vec<&str> = seen.actions.iter().map(|action| action.name()).collect();
        writeln!(
            page,
            "| {technique} | {title} | {about} | {} | {} | {} |",
            seen.stages(),
            actions.join(", "),
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
