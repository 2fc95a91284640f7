//! One suite for every store: each case runs in memory and embedded; then what only a disk can do wrong.
//! Behind it: kills at random points, and writes that wait.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

mod deferred;
mod kills;
mod runs;

use std::collections::BTreeSet;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use faxguard::bounds::{LEDGER_ENTRY_BYTES_MAX, LEDGER_QUEUE_ENTRIES};
use faxguard::fax::id::{DecisionId, Pseudonym};
use faxguard::store::embedded::fault::{FaultPlan, Injected, Step};
use faxguard::store::embedded::{EmbeddedStore, OpenFault, Options};
use faxguard::store::memory::MemoryStore;
use faxguard::store::table::RetentionClass;
use faxguard::store::{
    ActionSet, CommitFault, Condition, Entry, EntryKind, FaxIndex, FaxQuery, FaxSubject, Refused,
    RetentionTerms, Store, TableId, TableWrite, transfer,
};
use faxguard::time::{EventClock, Timestamp};
use parking_lot::Mutex;

const DAY: i64 = 20_400;

fn at(day: i64, second: i64) -> Timestamp {
    Timestamp::from_seconds(day * 86_400 + second)
}

fn entry(store: &dyn Store, time: Timestamp, body: &[u8]) -> Entry {
    let (kind, body) = (EntryKind::Stage, body.to_vec().into());
    Entry { seq: store.next_seq(), time, kind, decision: None, fax: None, body, writes: vec![] }
}

fn put(table: TableId, key: &[u8], value: &[u8], expires: Option<Timestamp>) -> TableWrite {
    let (key, value) = (key.to_vec(), value.to_vec());
    TableWrite::Put { table, key, value, expires, subject_key: None }
}

fn options(folder: &Path) -> Options {
    Options::new(folder, Arc::new(EventClock::default()))
}

fn open(folder: &Path) -> EmbeddedStore {
    EmbeddedStore::open(options(folder)).unwrap()
}

fn flush(store: &dyn Store) {
    store.flush().unwrap().wait().unwrap();
}

fn scan(store: &dyn Store, after: u64) -> Vec<Entry> {
    let mut all = Vec::new();
    store
        .scan(after, &mut |entry| {
            all.push(entry);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(all.is_sorted_by(|a, b| a.seq < b.seq));
    all
}

fn value(store: &dyn Store, table: TableId, key: &[u8]) -> Option<Vec<u8>> {
    store.table_get(table, key).unwrap().map(|row| row.value)
}

/// Runs a case over every back end.
fn check(case: impl Fn(&dyn Store)) {
    case(&MemoryStore::new());
    let folder = tempfile::tempdir().unwrap();
    case(&open(folder.path()));
}

#[test]
fn entries_come_back_whole_and_in_order() {
    check(|store| {
        let id = DecisionId([7; 16]);
        let mut sent = Vec::new();
        for second in 0..10 {
            let mut entry = entry(store, at(DAY, second), b"body");
            entry.decision = (second % 3 == 0).then_some(id);
            entry.fax = (second == 3).then_some(FaxIndex {
                did: Pseudonym([1; 16]),
                caller: None,
                member: Some(Pseudonym([2; 16])),
                action: 9,
            });
            entry.writes = vec![put(TableId::Meta, &[3], b"x", None)];
            sent.push(entry);
        }
        // Queued out of order, as threads do.
        sent.iter().rev().for_each(|entry| store.queue(entry.clone()).unwrap());
        flush(store);
        assert_eq!(scan(store, 0), sent);
        assert_eq!(scan(store, 4), sent[4..]);
        let of_it = store.decision(id).unwrap();
        assert_eq!(of_it, [0, 3, 6, 9].map(|at: usize| sent[at].clone()));
        let mut first = 0;
        let once = &mut |entry: Entry| {
            first = entry.seq;
            ControlFlow::Break(())
        };
        store.scan(2, once).unwrap();
        assert_eq!(first, 3);
    });
}

#[test]
fn faxes_are_found_by_number_and_member_page_by_page() {
    check(|store| {
        let (did, member) = (Pseudonym([1; 16]), Pseudonym([2; 16]));
        for at_hour in 0..72_i64 {
            let mut entry = entry(store, at(DAY, at_hour * 3_600), b"");
            let action = u8::try_from(at_hour % 3).unwrap();
            let other = at_hour % 2 == 1;
            entry.fax = Some(FaxIndex {
                did: if other { Pseudonym([9; 16]) } else { did },
                caller: Some(Pseudonym([3; 16])),
                member: Some(member),
                action,
            });
            store.queue(entry).unwrap();
        }
        flush(store);
        let query = FaxQuery {
            subject: FaxSubject::Did(did),
            from: at(DAY, 0),
            to: at(DAY + 3, 0),
            actions: ActionSet::ANY,
            before: None,
            limit: 1_000,
        };
        assert_eq!(store.faxes(&query).unwrap().len(), 36);
        let narrow = FaxQuery { from: at(DAY, 7_200), to: at(DAY, 14_400), ..query };
        let seqs: Vec<u64> = store.faxes(&narrow).unwrap().iter().map(|row| row.key.seq).collect();
        assert_eq!(seqs, [3]);
        let refused = ActionSet::of(&[1, 2, 200]);
        let subject = FaxSubject::Member(member);
        let mut page = FaxQuery { subject, actions: refused, limit: 10, ..query };
        let mut seen = Vec::new();
        loop {
            let rows = store.faxes(&page).unwrap();
            let Some(last) = rows.last() else { break };
            page.before = Some(last.key);
            seen.extend(rows.iter().map(|row| row.key));
        }
        assert_eq!(seen.len(), 48);
        assert!(seen.is_sorted_by(|a, b| a > b));
        let backwards = FaxQuery { from: at(DAY, 9), to: at(DAY, 3), ..query };
        assert_eq!(store.faxes(&backwards).unwrap(), []);
    });
}

#[test]
fn tables_follow_their_entries() {
    check(|store| {
        let table = TableId::ListEntries;
        let mut edit = entry(store, at(DAY, 0), b"");
        edit.writes = vec![
            put(table, b"a", b"1", None),
            put(table, b"b", b"2", Some(at(DAY, 60))),
            put(table, b"", b"0", None),
            put(TableId::Reports, b"c", b"3", None),
        ];
        store.commit(edit).unwrap().wait().unwrap();
        assert_eq!(value(store, table, b"b").as_deref(), Some(&b"2"[..]));
        let mut edit = entry(store, at(DAY, 1), b"");
        edit.writes = vec![
            put(table, b"a", b"9", None),
            TableWrite::Delete { table: TableId::Reports, key: b"c".to_vec() },
        ];
        store.commit(edit).unwrap().wait().unwrap();
        assert_eq!(value(store, TableId::Reports, b"c"), None);
        store.load(vec![put(table, b"d", b"4", None)]).unwrap().wait().unwrap();
        let keys = |after: Option<&[u8]>, limit| -> Vec<Vec<u8>> {
            let rows = store.table_scan(table, after, limit).unwrap();
            rows.into_iter().map(|row| row.key).collect()
        };
        assert_eq!(keys(None, 9), [&b""[..], b"a", b"b", b"d"]);
        assert_eq!(keys(Some(b""), 2), [b"a", b"b"]);
        let ranges: [&[u8]; 7] =
            [b"q", b"q\x00", b"q\xff", b"q\xff\xff", b"q\xff\x01", b"r", b"\xff\xff"];
        let rows = ranges.map(|key| put(TableId::Meta, key, b"0", None));
        store.load(rows.to_vec()).unwrap().wait().unwrap();
        let range = |prefix: &[u8], after: Option<&[u8]>, limit| -> Vec<Vec<u8>> {
            let rows = store.table_range(TableId::Meta, prefix, after, limit).unwrap();
            rows.into_iter().map(|row| row.key).collect()
        };
        assert_eq!(range(b"q", None, 9).len(), 5);
        assert_eq!(
            range(b"q", Some(b"a"), 1),
            [b"q"],
            "what is after a key before them is all of them"
        );
        assert_eq!(range(b"q", Some(b"q\xff"), 9), [&b"q\xff\x01"[..], b"q\xff\xff"]);
        assert_eq!(range(b"q", Some(b"r"), 9), [b""; 0]);
        assert_eq!(range(b"q\xff", None, 9).len(), 3);
        assert_eq!(range(b"\xff", None, 9), [b"\xff\xff"], "there is no key after all of these");
        assert_eq!(range(b"s", None, 9), [b""; 0]);
        let purged = store.purge(at(DAY, 60), &RetentionTerms::default()).unwrap();
        assert_eq!((purged.days, purged.rows), (0, 1));
        assert_eq!(keys(None, 9), [&b""[..], b"a", b"d"]);
        assert_eq!(value(store, table, b"a").as_deref(), Some(&b"9"[..]));
    });
}

#[test]
fn what_the_log_of_the_tables_holds_is_put_into_their_file_while_commits_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (tables, log) =
        (folder.path().join("state.sqlite"), folder.path().join("state.sqlite-wal"));
    let bytes = |path: &Path| std::fs::metadata(path).unwrap().len();
    let begun = bytes(&tables);
    let mut grown = false;
    // Far from the bound at which a commit would do it: 32 MiB.
    for round in 0..300_u32 {
        let mut entry = entry(&store, at(DAY, 5), b"");
        entry.writes = vec![put(TableId::Meta, &round.to_be_bytes(), &[7; 2_000], None)];
        store.commit(entry).unwrap().wait().unwrap();
        std::thread::sleep(Duration::from_millis(10));
        grown = bytes(&tables) > begun;
        if grown {
            break;
        }
    }
    assert!(grown && bytes(&log) < 16 << 20, "{} bytes of log", bytes(&log));
    store.close();
    drop(store);
    assert!(!log.exists(), "whoever closes the tables last empties their log");
}

#[test]
fn days_are_purged_whole_and_held_ones_stay() {
    check(|store| {
        for day in 0..5 {
            let mut entry = entry(store, at(DAY + day, 5), b"");
            let key = [u8::try_from(day).unwrap()];
            entry.writes = vec![put(TableId::Meta, &key, b"kept", None)];
            store.queue(entry).unwrap();
        }
        flush(store);
        let terms = RetentionTerms::default().with(RetentionClass::Ledger, 28).unwrap();
        let held = terms.clone().holding_from(at(DAY + 1, 0));
        assert_eq!(store.purge(at(DAY + 31, 0), &held).unwrap().days, 1);
        assert_eq!(store.purge(at(DAY + 31, 0), &terms).unwrap().days, 2);
        assert_eq!(scan(store, 0).iter().map(|entry| entry.seq).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(store.purge(at(DAY + 99, 0), &terms).unwrap().days, 2);
        assert_eq!(scan(store, 0), []);
        assert!(value(store, TableId::Meta, &[0]).is_some());
        let late = entry(store, at(DAY + 99, 0), b"");
        assert_eq!(late.seq, 6);
        store.commit(late).unwrap().wait().unwrap();
        assert_eq!(scan(store, 0).len(), 1);
    });
}

fn write_snapshot(store: &dyn Store, position: u64, body: &[u8]) {
    store
        .snapshot_write("hot", position, &mut |to| to.section("s", &mut |to| to.write_all(body)))
        .unwrap();
}

fn read_snapshot(store: &dyn Store) -> Option<(u64, Vec<u8>)> {
    let mut reader = store.snapshot_read("hot").unwrap()?;
    let mut body = Vec::new();
    reader.next_section().unwrap().unwrap().read_to_end(&mut body).unwrap();
    Some((reader.position(), body))
}

#[test]
fn the_latest_snapshot_is_read() {
    check(|store| {
        assert_eq!(read_snapshot(store), None);
        write_snapshot(store, 5, b"first");
        write_snapshot(store, 6, b"second");
        assert_eq!(read_snapshot(store), Some((6, b"second".to_vec())));
    });
}

#[test]
fn what_is_refused_says_so() {
    check(|store| {
        let large = entry(store, at(DAY, 0), &vec![0; LEDGER_ENTRY_BYTES_MAX + 1]);
        assert!(matches!(store.queue(large), Err(Refused::TooLarge { .. })));
        let last = entry(store, at(DAY, 0), b"last");
        store.queue(last.clone()).unwrap();
        store.close();
        store.close();
        assert_eq!(store.queue(last.clone()), Err(Refused::Closed));
        assert_eq!(store.commit(last.clone()).unwrap_err(), Refused::Closed);
        assert_eq!(scan(store, 0), [last]);
    });
}

#[test]
fn an_export_moves_between_back_ends() {
    let first = MemoryStore::new();
    for second in 0..3_000 {
        let mut entry = entry(&first, at(DAY, second * 100), b"moved");
        let key = second.to_be_bytes();
        entry.writes = vec![put(TableId::Relations, &key, b"v", Some(at(DAY + 9, 0)))];
        first.queue(entry).unwrap();
    }
    let mut bytes = Vec::new();
    let moved = transfer::export(&first, &mut bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let second = open(folder.path());
    assert_eq!(transfer::import(&second, &mut &bytes[..]).unwrap(), moved);
    assert_eq!((moved.entries, moved.rows), (3_000, 3_000));
    let mut again = Vec::new();
    transfer::export(&second, &mut again).unwrap();
    assert!(again == bytes);
    assert!(matches!(
        transfer::import(&second, &mut &bytes[..]),
        Err(transfer::TransferFault::NotEmpty)
    ));
    for at in [3, 40, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(transfer::import(&MemoryStore::new(), &mut &damaged[..]).is_err(), "byte {at}");
        assert!(transfer::import(&MemoryStore::new(), &mut &bytes[..at]).is_err(), "cut at {at}");
    }
}

// What only a disk can do.

fn files(folder: &Path, contains: &str) -> Vec<PathBuf> {
    let paths = folder.read_dir().unwrap().map(|found| found.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.file_name().unwrap().to_str().unwrap().contains(contains))
        .collect();
    paths.sort();
    paths
}

fn try_row(store: &dyn Store, key: &[u8]) -> Result<u64, CommitFault> {
    let mut entry = entry(store, at(DAY, 0), b"row");
    let seq = entry.seq;
    entry.writes = vec![put(TableId::Meta, key, b"v", None)];
    store.commit(entry).unwrap().wait().map(|()| seq)
}

fn commit_row(store: &dyn Store, key: &[u8]) -> u64 {
    try_row(store, key).unwrap()
}

/// A plan that a test turns: the step, and what happens at it.
#[derive(Default)]
struct Plan(Mutex<Option<(Step, Injected)>>);

impl FaultPlan for Plan {
    fn before(&self, step: Step) -> Injected {
        self.0.lock().filter(|(at, _)| *at == step).map_or(Injected::Nothing, |(_, what)| what)
    }
}

fn open_with(folder: &Path, plan: &Arc<Plan>) -> EmbeddedStore {
    let faults: Arc<dyn FaultPlan> = Arc::<Plan>::clone(plan);
    EmbeddedStore::open(Options { faults, ..options(folder) }).unwrap()
}

#[test]
fn a_store_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let seq = commit_row(&store, b"a");
    assert!(matches!(EmbeddedStore::open(options(folder.path())), Err(OpenFault::Locked { .. })));
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.next_seq(), seq + 1);
    assert_eq!(scan(&store, 0).len(), 1);
    assert!(value(&store, TableId::Meta, b"a").is_some());
    assert_eq!(store.health().quarantined, 0);
}

#[test]
fn a_crash_between_ledger_and_tables_loses_nothing() {
    for step in [Step::AfterLedger, Step::StateCommit] {
        let folder = tempfile::tempdir().unwrap();
        let plan = Arc::new(Plan::default());
        let store = open_with(folder.path(), &plan);
        commit_row(&store, b"a");
        *plan.0.lock() = Some((step, Injected::Crash));
        let mut last = entry(&store, at(DAY, 1), b"");
        last.writes = vec![
            put(TableId::Meta, b"b", b"v", None),
            TableWrite::Delete { table: TableId::Meta, key: b"a".to_vec() },
        ];
        assert_eq!(store.commit(last).unwrap().wait(), Err(CommitFault::Closed));
        drop(store);
        let store = open(folder.path());
        assert_eq!(scan(&store, 0).len(), 2);
        assert_eq!(value(&store, TableId::Meta, b"a"), None);
        assert!(value(&store, TableId::Meta, b"b").is_some());
    }
}

#[test]
fn tables_rolled_back_or_damaged_are_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.sqlite");
    let store = open(folder.path());
    commit_row(&store, b"a");
    drop(store);
    let old = std::fs::read(&state).unwrap();
    let store = open(folder.path());
    commit_row(&store, b"b");
    drop(store);
    for (bytes, quarantined) in [(old, 0), (b"garbage".repeat(999), 1), (vec![], 0)] {
        std::fs::write(&state, bytes).unwrap();
        let store = open(folder.path());
        assert_eq!(store.health().quarantined, quarantined);
        assert_eq!(files(folder.path(), "state.sqlite.corrupt").len(), quarantined as usize);
        assert!(value(&store, TableId::Meta, b"a").is_some());
        assert!(value(&store, TableId::Meta, b"b").is_some());
        drop(store);
        files(folder.path(), "corrupt").iter().for_each(|file| std::fs::remove_file(file).unwrap());
    }
}

#[test]
fn a_damaged_day_is_set_aside_and_no_seq_comes_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let seq = commit_row(&store, b"a");
    drop(store);
    let day = files(folder.path(), "ledger-").remove(0);
    // Only the inside is damaged: the header still says that it is ours.
    let mut bytes = std::fs::read(&day).unwrap();
    let inside = bytes.len() / 3..;
    bytes[inside].fill(0xa5);
    std::fs::write(&day, bytes).unwrap();
    let store = open(folder.path());
    assert_eq!(store.health().quarantined, 1);
    assert_eq!(files(folder.path(), "sqlite.corrupt-").len(), 1);
    assert_eq!(scan(&store, 0), []);
    assert!(value(&store, TableId::Meta, b"a").is_some());
    assert_eq!(commit_row(&store, b"b"), seq + 1);
    assert_eq!(scan(&store, 0).len(), 1);
}

#[test]
fn a_file_of_another_version_is_refused_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    commit_row(&open(folder.path()), b"a");
    for (name, of_us) in [("ledger-", 2), ("state", 1)] {
        let path = files(folder.path(), name).remove(0);
        let version = |version: i32| {
            let file = rusqlite::Connection::open(&path).unwrap();
            file.pragma_update(None, "user_version", version).unwrap();
        };
        version(99);
        let fault = EmbeddedStore::open(options(folder.path())).err().unwrap();
        assert!(
            matches!(fault, OpenFault::Version { found: 99, known, .. } if known == of_us),
            "{fault}"
        );
        assert!(fault.to_string().contains("run the version that wrote it"));
        version(of_us);
    }
    assert_eq!(scan(&open(folder.path()), 0).len(), 1);
}

#[test]
fn a_full_disk_is_said_survived_and_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let day_pages_max = Some(20);
    let store = EmbeddedStore::open(Options { day_pages_max, ..options(folder.path()) }).unwrap();
    let body = vec![7; 8_000];
    let mut acknowledged = BTreeSet::new();
    let fault = loop {
        let entry = entry(&store, at(DAY, 0), &body);
        let seq = entry.seq;
        match store.commit(entry).unwrap().wait() {
            Ok(()) => acknowledged.insert(seq),
            Err(fault) => break fault,
        };
        assert!(acknowledged.len() < 100);
    };
    assert_eq!(fault, CommitFault::Full);
    assert_eq!(store.health().condition, Condition::Full);
    // The verdict path goes on; what it queues waits for room.
    for _ in 0..50 {
        let entry = entry(&store, at(DAY, 1), &body);
        acknowledged.insert(entry.seq);
        store.queue(entry).unwrap();
    }
    store.set_day_pages_max(Some(100_000));
    while store.flush().unwrap().wait().is_err() {}
    assert_eq!(store.health().condition, Condition::Working);
    let held: BTreeSet<u64> = scan(&store, 0).iter().map(|entry| entry.seq).collect();
    assert!(held.is_superset(&acknowledged));
}

#[test]
fn a_failing_disk_bounds_the_queue_and_counts_what_it_drops() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Arc::new(Plan::default());
    let store = open_with(folder.path(), &plan);
    *plan.0.lock() = Some((Step::LedgerCommit, Injected::Fault(CommitFault::Io)));
    let ticket = store.commit(entry(&store, at(DAY, 0), b"")).unwrap();
    assert_eq!(ticket.wait(), Err(CommitFault::Io));
    assert_eq!(store.health().condition, Condition::Failing);
    let mut taken = 0_u64;
    while store.queue(entry(&store, at(DAY, 0), b"")).is_ok() {
        taken += 1;
    }
    let most = u64::try_from(LEDGER_QUEUE_ENTRIES + 4_096).unwrap();
    assert!(taken <= most, "{taken}");
    assert!(store.health().dropped >= 1);
    *plan.0.lock() = None;
    while store.flush().unwrap().wait().is_err() {}
    assert_eq!(u64::try_from(scan(&store, 0).len()).unwrap(), taken);
    assert_eq!(store.health().condition, Condition::Working);
}

#[test]
fn tables_that_fail_after_the_ledger_catch_up() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Arc::new(Plan::default());
    let store = open_with(folder.path(), &plan);
    *plan.0.lock() = Some((Step::StateCommit, Injected::Fault(CommitFault::Full)));
    let load = store.load(vec![put(TableId::Meta, b"l", b"v", None)]).unwrap();
    assert_eq!(load.wait(), Err(CommitFault::Full));
    // Durable in the ledger counts; only who came while the fault was being told is told of it too.
    while try_row(&store, b"a").is_err() {}
    // What was answered is not read as if it were not there.
    assert!(store.table_get(TableId::Meta, b"a").is_err() && store.tables().is_err());
    *plan.0.lock() = None;
    while store.flush().unwrap().wait().is_err() {}
    assert!(value(&store, TableId::Meta, b"a").is_some());
    assert_eq!(value(&store, TableId::Meta, b"l"), None);
}

#[test]
fn a_damaged_or_unfinished_snapshot_leaves_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Arc::new(Plan::default());
    let store = open_with(folder.path(), &plan);
    write_snapshot(&store, 1, b"first");
    write_snapshot(&store, 2, b"second");
    *plan.0.lock() = Some((Step::SnapshotRename, Injected::Fault(CommitFault::Io)));
    let third = store.snapshot_write("hot", 3, &mut |_| Ok(()));
    assert!(third.is_err());
    assert_eq!(read_snapshot(&store), Some((2, b"second".to_vec())));
    for (name, left) in
        [("hot.snapshot", Some((1, b"first".to_vec()))), ("hot.snapshot.previous", None)]
    {
        let path = folder.path().join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(read_snapshot(&store), left);
    }
    assert!(store.health().quarantined > 0);
}

#[test]
fn a_clock_that_jumps_keeps_order_and_ends_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let send = |day: i64, count: usize| {
        (0..count).for_each(|_| store.queue(entry(&store, at(day, 9), b"")).unwrap());
        flush(&store);
    };
    let days = || {
        let files = files(folder.path(), "ledger-");
        files.iter().filter(|file| file.extension().unwrap() == "sqlite").count()
    };
    send(DAY, 1);
    // Ahead by decades; what follows is not believed at once, then it is.
    send(DAY + 20_000, 1);
    (0..40).for_each(|_| send(DAY, 1));
    assert_eq!(days(), 2);
    send(DAY, 1_000);
    // A small step back over midnight, then the next day, twice.
    send(DAY - 1, 1);
    send(DAY + 1, 1);
    send(DAY + 1, 1);
    assert_eq!(days(), 4);
    assert_eq!(scan(&store, 0).len(), 1_045);
    drop(store);
    let store = open(folder.path());
    assert_eq!(scan(&store, 1_042).len(), 3);
    let terms = RetentionTerms::default().with(RetentionClass::Ledger, 28).unwrap();
    assert_eq!(store.purge(at(DAY + 29, 0), &terms).unwrap().days, 3);
    assert_eq!(scan(&store, 0).len(), 2);
}
