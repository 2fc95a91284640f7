//! The harness of the engine's tests: an engine over a store, and builders for what happens to it.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

pub(crate) mod collector;
pub(crate) mod events;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use faxguard::directory::Edit;
use faxguard::fax::id::{Pseudonym, SubjectKind};
use faxguard::fax::number::Number;
use faxguard::fax::stage::{Member, Plan, StageEvent};
use faxguard::lists::{ListEntry, ListKind};
use faxguard::memory::{Memory, Parts, Recovered};
use faxguard::policy::{self, Generation, load};
use faxguard::screening::screen;
use faxguard::screening::signals::specs;
use faxguard::store::embedded::fault::{FaultPlan, NoFaults};
use faxguard::store::embedded::{EmbeddedStore, Options};
use faxguard::store::keys::KeyRing;
use faxguard::store::memory::MemoryStore;
use faxguard::store::{Entry, Store};
use faxguard::time::{EventClock, Span, Timestamp};
use faxguard::verdict::Verdict;

/// Seed of the keys.
const SEED: u64 = 7;
/// Noon in New York, on a Wednesday.
pub(crate) const NOON: Timestamp = Timestamp::from_seconds(20_775 * 86_400 + 17 * 3_600);

/// Tables as small as they may be: every test has an engine of its own.
const SMALL: &str = "[memory]\nsubjects = \"8 MiB\"\nblocks = \"2 MiB\"\nnumber_profiles = \"1 MiB\"\n\
                     correspondence = \"4 MiB\"\nopen_decisions = 4000\n";

/// So many seconds after noon.
pub(crate) fn at(seconds: u64) -> Timestamp {
    NOON.plus(Span::seconds(seconds))
}

/// Noon so many days later.
pub(crate) fn day(days: u64) -> Timestamp {
    at(days * 86_400)
}

/// The keys of every engine here.
pub(crate) fn keys() -> &'static KeyRing {
    static KEYS: LazyLock<KeyRing> = LazyLock::new(|| KeyRing::for_replay(SEED));
    &KEYS
}

pub(crate) fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

/// A member's pseudonym.
pub(crate) fn member(name: &str) -> Pseudonym {
    keys().pseudonym(SubjectKind::Member, name.as_bytes())
}

/// An engine over a store, under a policy text.
pub(crate) fn engine(store: Arc<dyn Store>, policy: &str) -> (Memory, Recovered) {
    let text = format!("{SMALL}{policy}");
    let (settings, _) = load(&text, &specs()).unwrap();
    let edit = policy::Edit { text, author: "tests".into(), applied: NOON };
    let generation = Generation::new(1, edit, &specs()).unwrap();
    let keys = KeyRing::for_replay(SEED);
    let parts = Parts { store, keys, settings, generation, specs: specs() };
    Memory::open(parts, NOON).unwrap()
}

/// An engine in memory alone, with the usual directory.
pub(crate) fn house(policy: &str) -> Memory {
    let (memory, _) = engine(Arc::new(MemoryStore::new()), policy);
    furnish(&memory);
    memory
}

/// An embedded store with a plan of faults.
pub(crate) fn store(folder: &Path, faults: Arc<dyn FaultPlan>) -> Arc<EmbeddedStore> {
    let clock = Arc::new(EventClock::default());
    Arc::new(EmbeddedStore::open(Options { faults, ..Options::new(folder, clock) }).unwrap())
}

/// An engine over a folder, and what it brought back.
pub(crate) fn reopen(folder: &Path) -> (Memory, Recovered) {
    engine(store(folder, Arc::new(NoFaults)), "")
}

/// Two members with numbers of their own, a range of which the rest is nobody's.
pub(crate) fn furnish(memory: &Memory) {
    let facts =
        |plan| Member { plan, created_day: 20_000, jurisdiction: *b"US\0\0", ..Member::default() };
    let assign = |text: &str, name: &str| Edit::Assign {
        number: keys().number(number(text)),
        member: Some(member(name)),
    };
    let edits = [
        Edit::Range { first: number("+12125550000"), last: number("+12125550999") },
        Edit::Member { key: member("ann"), facts: Some(facts(Plan::Pro)) },
        Edit::Member { key: member("bob"), facts: Some(facts(Plan::Free)) },
        assign("+12125550001", "ann"),
        assign("+12125550002", "bob"),
        assign("+12125550003", "ann"),
    ];
    let outcomes = memory.edit_directory(&edits, NOON).unwrap();
    assert!(
        !outcomes.iter().any(|outcome| matches!(outcome, faxguard::directory::Outcome::Refused(_)))
    );
}

/// Screens, and holds what holds for every verdict.
pub(crate) fn ask(memory: &Memory, event: &StageEvent) -> Verdict {
    let verdict = screen(memory, event);
    let sum: i64 = verdict.hits.iter().map(|hit| i64::from(hit.contribution.0)).sum();
    assert_eq!(sum, i64::from(verdict.score.0), "the lines add up");
    assert_eq!(verdict.decision, event.decision);
    verdict
}

/// Waits until everything queued is on the disk. What is queued while a fault is told of is told of it too, so that the first
/// try after one says nothing.
pub(crate) fn settle(memory: &Memory) {
    let flushed = || memory.store().flush().unwrap().wait();
    let tries: Vec<_> = (0..3).map(|_| flushed()).take_while(Result::is_err).collect();
    assert!(tries.len() < 3, "{tries:?}");
}

/// Every entry of the ledger.
pub(crate) fn ledger(memory: &Memory) -> Vec<Entry> {
    settle(memory);
    let mut all = Vec::new();
    memory
        .store()
        .scan(0, &mut |entry| {
            all.push(entry);
            ControlFlow::Continue(())
        })
        .unwrap();
    all
}

/// A list entry of a member, or of the house where none is named.
pub(crate) fn list_entry(kind: ListKind, of: Option<&str>, about: &str) -> ListEntry {
    ListEntry {
        kind,
        member: of.map(member),
        number: keys().number(number(about)),
        created: NOON,
        expires: None,
        author: "tests".into(),
        reason: "asked for".into(),
    }
}

/// Copies a folder as a power cut would leave it, for a second life while the first still holds the lock.
pub(crate) fn frozen(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if file.file_name() != "lock" {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
    }
    copy
}
