//! Disks that are full, failing or slow: verdicts go on, what must be durable says that it is not, and nothing of it
//! sticks.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::sync::Arc;

use faxguard::bounds::LEDGER_QUEUE_ENTRIES;
use faxguard::directory::Edit;
use faxguard::fax::id::SubjectKind;
use faxguard::features::Feature;
use faxguard::held::{HeldFault, HeldFilter, expire, list, release};
use faxguard::lists::ListKind;
use faxguard::memory::Memory;
use faxguard::memory::edit::EditFault;
use faxguard::reports::{Filing, ReportCategory, ReportFault, ReportedFax, Reporter, file};
use faxguard::store::embedded::EmbeddedStore;
use faxguard::store::embedded::fault::{FaultPlan, Injected, Step};
use faxguard::store::{CommitFault, Condition, Entry, EntryKind, Store};
use faxguard::verdict::{Action, Degradations};
use parking_lot::Mutex;

use crate::engine::feature;
use crate::support::events::{call, job, line};
use crate::support::{ask, at, engine, furnish, ledger, list_entry, member, settle, store};

const ANN: &str = "+12125550001";
const BOB: &str = "+12125550002";
/// Quarantines every fax without a TSI.
const STRICT: &str = "[inbound]\ntag = -1000\nquarantine = -1000\ndefer = 90000\nrefuse = 100000\n\
                      [outbound]\nbound = -1000\nhold = -1000\nrefuse = 100000\n\
                      [signals]\n\"identity.tsi_empty\" = 5000\n\"outbound.free_plan\" = 5000\n";

/// A disk that does what it is told to.
#[derive(Default)]
pub(crate) struct Disk(Mutex<Option<(Step, CommitFault)>>);

impl Disk {
    pub(crate) fn fail(&self, step: Step, fault: CommitFault) {
        *self.0.lock() = Some((step, fault));
    }

    pub(crate) fn mend(&self) {
        *self.0.lock() = None;
    }
}

impl FaultPlan for Disk {
    fn before(&self, step: Step) -> Injected {
        match *self.0.lock() {
            Some((failing, fault)) if failing == step => Injected::Fault(fault),
            _ => Injected::Nothing,
        }
    }
}

struct Rig {
    memory: Memory,
    store: Arc<EmbeddedStore>,
    disk: Arc<Disk>,
    _folder: tempfile::TempDir,
}

fn rig(policy: &str) -> Rig {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disk::default());
    let store = store(folder.path(), Arc::clone(&disk) as Arc<dyn FaultPlan>);
    let (memory, _) = engine(Arc::clone(&store) as Arc<dyn Store>, policy);
    furnish(&memory);
    Rig { memory, store, disk, _folder: folder }
}

fn report(request: u64, fax: u64) -> Filing {
    Filing::new(
        request,
        Reporter::Member(member("ann")),
        ReportedFax::Decision(call(fax, "", ANN).id()),
        ReportCategory::JunkFax,
        at(100),
    )
}

/// What the counters hold against a line, at the next call of it to bob.
fn bad(memory: &Memory, fax: u64, caller: &str) -> i32 {
    let probe = call(fax, caller, BOB).offered(at(200));
    ask(memory, &probe);
    settle(memory);
    feature(memory, &probe, Feature::CallerBad)
}

/// Waits, bounded, until the store works again: its retries pause up to a second.
fn recovered(rig: &Rig) {
    let works = (0..200).any(|_| rig.store.flush().unwrap().wait().is_ok());
    assert!(works);
    assert_eq!(rig.store.health().condition, Condition::Working);
}

#[test]
fn nothing_that_must_be_durable_sticks_when_it_is_not() {
    for fault in [CommitFault::Full, CommitFault::Io] {
        let rig = rig(STRICT);
        let memory = &rig.memory;
        ask(memory, &call(1, &line(1), ANN).received(at(10), 1));
        ask(memory, &call(2, &line(2), ANN).received(at(10), 1));
        settle(memory);
        rig.disk.fail(Step::LedgerCommit, fault);
        // A flush finds the disk at fault as soon as it has something to write.
        let verdict = ask(memory, &call(3, &line(3), ANN).received(at(20), 1));
        assert_eq!(verdict.action, Action::Quarantine, "screening goes on");
        assert!(matches!(file(memory, &report(1, 1)), Err(ReportFault::Commit(_))));
        assert!(matches!(
            release(memory, call(2, "", ANN).id(), "ann", at(30)),
            Err(HeldFault::Commit(_))
        ));
        let blocked =
            memory.put_list_entry(&list_entry(ListKind::Block, Some("ann"), &line(5)), at(30));
        assert!(matches!(blocked, Err(EditFault::Commit(_))), "{blocked:?}");
        assert!(memory.checkpoint().is_err());
        let condition = rig.store.health().condition;
        assert_eq!(condition == Condition::Full, fault == CommitFault::Full);
        assert!(matches!(condition, Condition::Full | Condition::Failing));
        assert!(memory.lists().is_empty());

        rig.disk.mend();
        recovered(&rig);
        assert_eq!(bad(memory, 10, &line(1)), 0, "a report that failed moves nobody");
        let kinds: Vec<EntryKind> = ledger(memory).iter().map(|entry| entry.kind).collect();
        assert!(!kinds.contains(&EntryKind::Report) && !kinds.contains(&EntryKind::HeldDecision));
        assert!(
            memory.explain(call(3, "", ANN).id()).unwrap().len() == 1,
            "what was queued is kept"
        );
        // The same request again, and the rest, go through.
        file(memory, &report(1, 1)).unwrap();
        assert!(bad(memory, 11, &line(1)) > 200);
        release(memory, call(2, "", ANN).id(), "ann", at(40)).unwrap();
        memory.checkpoint().unwrap();
    }
}

/// The fault strikes between the flush that a report waits for and its own commit.
#[test]
fn evidence_that_fails_at_its_own_commit_is_taken_back() {
    struct Late(Mutex<bool>);
    impl FaultPlan for Late {
        fn before(&self, step: Step) -> Injected {
            // Nothing else writes to the ledger by now, so its next commit is that of the evidence.
            if step == Step::LedgerCommit && *self.0.lock() {
                return Injected::Fault(CommitFault::Full);
            }
            Injected::Nothing
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let late = Arc::new(Late(Mutex::new(false)));
    let store = store(folder.path(), Arc::clone(&late) as Arc<dyn FaultPlan>);
    let (memory, _) = engine(store, STRICT);
    furnish(&memory);
    ask(&memory, &call(1, &line(1), ANN).received(at(10), 1));
    ask(&memory, &call(2, &line(2), ANN).received(at(10), 1));
    settle(&memory);
    *late.0.lock() = true;
    assert!(matches!(file(&memory, &report(1, 1)), Err(ReportFault::Commit(CommitFault::Full))));
    let released = release(&memory, call(2, "", ANN).id(), "ann", at(30));
    assert!(matches!(released, Err(HeldFault::Commit(CommitFault::Full))));
    let overdue = at(9 * 86_400);
    assert!(matches!(expire(&memory, overdue), Err(HeldFault::Commit(CommitFault::Full))));
    *late.0.lock() = false;
    settle(&memory);
    assert_eq!(bad(&memory, 10, &line(1)), 0);
    let probe = call(11, &line(2), ANN).received(at(50), 1);
    assert_eq!(
        ask(&memory, &probe).action,
        Action::Quarantine,
        "no budget was spent, nobody approved"
    );
    settle(&memory);
    assert!(memory.lists().is_empty());
    assert_eq!(
        list(&memory, &HeldFilter { limit: 9, ..HeldFilter::default() }).unwrap().0.len(),
        3
    );
    assert_eq!(expire(&memory, overdue).unwrap(), 3);
}

/// A disk that fails once, at the next entry of the ledger.
#[derive(Default)]
struct Once(Mutex<bool>);

impl FaultPlan for Once {
    fn before(&self, step: Step) -> Injected {
        if step == Step::LedgerCommit && std::mem::take(&mut *self.0.lock()) {
            return Injected::Fault(CommitFault::Full);
        }
        Injected::Nothing
    }
}

#[test]
fn an_import_of_which_one_entry_failed_has_failed() {
    let folder = tempfile::tempdir().unwrap();
    let once = Arc::new(Once::default());
    let (memory, _) = engine(store(folder.path(), Arc::clone(&once) as Arc<dyn FaultPlan>), "");
    let edits: Vec<Edit> = (0..40_000_u32)
        .map(|key| {
            let number = memory.keys().pseudonym(SubjectKind::Number, &key.to_be_bytes());
            Edit::Assign { number, member: Some(member("ann")) }
        })
        .collect();
    for _ in 0..4 {
        *once.0.lock() = true;
        let edited = memory.edit_directory(&edits, at(1));
        // Entries behind the one that failed may be durable: that they are says nothing of it.
        assert!(matches!(edited, Err(EditFault::Commit(CommitFault::Full))), "{edited:?}");
    }
    // What is queued while the fault is told of is told of it too: a second try is none of it.
    let again = || memory.edit_directory(&edits, at(2)).is_ok();
    assert!((0..5).any(|_| again()));
}

#[test]
fn a_full_day_file_is_a_full_disk() {
    let rig = rig("");
    for fax in 0..200 {
        ask(&rig.memory, &call(fax, &line(fax), ANN).received(at(fax), 1));
    }
    settle(&rig.memory);
    rig.store.set_day_pages_max(Some(1));
    for fax in 200..900 {
        ask(&rig.memory, &call(fax, &line(fax), ANN).received(at(fax), 1));
    }
    assert!(file(&rig.memory, &report(1, 1)).is_err());
    assert_eq!(rig.store.health().condition, Condition::Full);
    rig.store.set_day_pages_max(None);
    recovered(&rig);
    file(&rig.memory, &report(1, 1)).unwrap();
    let stages = ledger(&rig.memory).iter().filter(|entry| entry.kind == EntryKind::Stage).count();
    assert_eq!(stages, 900, "nothing that waited was lost");
}

#[test]
fn a_full_queue_is_said_in_the_verdict_and_keeps_nothing_back() {
    let rig = rig(STRICT);
    let memory = &rig.memory;
    assert_eq!(ask(memory, &call(1, &line(1), ANN).received(at(0), 1)).action, Action::Quarantine);
    settle(memory);
    rig.disk.fail(Step::LedgerCommit, CommitFault::Io);
    // The committer may hold a batch besides.
    let filler = |seq| Entry {
        seq,
        time: at(0),
        kind: EntryKind::Other,
        decision: None,
        fax: None,
        body: Vec::new().into(),
        writes: Vec::new(),
    };
    let most = LEDGER_QUEUE_ENTRIES * 2;
    assert!((0..most).any(|_| rig.store.queue(filler(rig.store.next_seq())).is_err()));
    let full = || (0..most).any(|_| rig.store.queue(filler(rig.store.next_seq())).is_err());
    assert!(full());
    let kept = ask(memory, &call(2, &line(2), ANN).received(at(10), 1));
    assert!(kept.degradations.has(Degradations::LEDGER_BEHIND));
    assert_eq!(
        (kept.action, kept.rule, kept.deadline),
        (Action::DeliverTagged, "ledger.behind", None)
    );
    let held = ask(memory, &job(3, "bob", &line(3)).submitted(at(10)));
    assert_eq!((held.action, held.rule), (Action::Bound, "ledger.behind"));
    assert!(held.degradations.has(Degradations::LEDGER_BEHIND) && held.bounds.pages.is_some());
    // The same request has the same answer, and it was counted all the same.
    let again = ask(memory, &call(2, &line(2), ANN).received(at(10), 1));
    assert!(again.repeated && again.degradations.has(Degradations::LEDGER_BEHIND));
    assert!(memory.counters().unrecorded.load(std::sync::atomic::Ordering::Relaxed) >= 2);
    assert!(rig.store.health().dropped >= 2);
    let edited = memory.put_list_entry(&list_entry(ListKind::Block, Some("ann"), &line(5)), at(30));
    assert!(edited.is_err());

    rig.disk.mend();
    recovered(&rig);
    let after = ask(memory, &call(4, &line(4), ANN).received(at(60), 1));
    assert_eq!((after.action, after.degradations), (Action::Quarantine, Degradations::default()));
    settle(memory);
    assert_eq!(list(memory, &HeldFilter { limit: 9, ..HeldFilter::default() }).unwrap().0.len(), 2);
}

#[test]
fn a_closed_store_refuses_and_verdicts_go_on() {
    let rig = rig("");
    ask(&rig.memory, &call(1, &line(1), ANN).received(at(0), 1));
    rig.store.close();
    let verdict = ask(&rig.memory, &call(2, &line(2), ANN).received(at(10), 1));
    assert!(verdict.degradations.has(Degradations::LEDGER_BEHIND));
    assert_eq!(verdict.action, Action::Deliver);
    assert!(matches!(file(&rig.memory, &report(1, 1)), Err(ReportFault::Refused(_))));
}

/// A disk on which every commit takes its time.
struct Slow;

impl FaultPlan for Slow {
    fn before(&self, step: Step) -> Injected {
        if step == Step::LedgerCommit {
            // A yield of the committer's thread stands for a slow disk: what is held here is the order, not a time.
            (0..200).for_each(|_| std::thread::yield_now());
        }
        Injected::Nothing
    }
}

#[test]
fn a_slow_disk_delays_no_verdict_and_loses_none() {
    let folder = tempfile::tempdir().unwrap();
    let (memory, _) = engine(store(folder.path(), Arc::new(Slow)), "");
    furnish(&memory);
    for fax in 0..300 {
        let verdict = ask(&memory, &call(fax, &line(fax), ANN).received(at(fax), 1));
        assert!(!verdict.degradations.has(Degradations::LEDGER_BEHIND));
    }
    assert_eq!(file(&memory, &report(1, 299)).unwrap().decision, Some(call(299, "", ANN).id()));
    let stages = ledger(&memory).iter().filter(|entry| entry.kind == EntryKind::Stage).count();
    assert_eq!(stages, 300);
}
