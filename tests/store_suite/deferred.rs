//! Writes of bulk tables wait for a sweep: nobody who reads, kills, fails the disk or opens again can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use faxguard::store::embedded::EmbeddedStore;
use faxguard::store::embedded::fault::{FaultPlan, Injected, Step};
use faxguard::store::memory::MemoryStore;
use faxguard::store::table::RetentionClass;
use faxguard::store::{
    CommitFault, Entry, PAGE_ROWS_MAX, RetentionTerms, Store, TableId, TableRow, TableWrite,
};
use proptest::prelude::*;

use super::{
    DAY, Plan, at, commit_row, entry, files, flush, open, open_with, options, put, scan, value,
};

const CHILD_FOLDER: &str = "FAXGUARD_DEFERRED_CHILD";
const NUMBERS: TableId = TableId::DirectoryNumbers;
const MEMBERS: TableId = TableId::DirectoryMembers;
/// More than two slices of rows.
const ROWS: u32 = 20_000;
const ROWS_AN_ENTRY: usize = 200;

/// Every row of a table.
fn table(store: &dyn Store, table: TableId) -> Vec<TableRow> {
    let (mut all, mut after) = (Vec::<TableRow>::new(), None::<Vec<u8>>);
    loop {
        let rows = store.table_scan(table, after.as_deref(), PAGE_ROWS_MAX).unwrap();
        let Some(last) = rows.last() else { return all };
        after = Some(last.key.clone());
        all.extend(rows);
    }
}

/// A key as good as random, as pseudonyms are.
fn key(row: u32) -> Vec<u8> {
    blake3::hash(&row.to_be_bytes()).as_bytes()[..16].to_vec()
}

fn write(row: u32, value: u8) -> TableWrite {
    put(NUMBERS, &key(row), &[value], None)
}

fn commit(store: &dyn Store, writes: Vec<TableWrite>) -> Result<(), CommitFault> {
    let entry = Entry { writes, ..entry(store, at(DAY, 0), b"") };
    store.commit(entry).unwrap().wait()
}

/// Rows that no sweep has taken yet.
fn defer(store: &dyn Store, value: u8) {
    let rows: Vec<u32> = (0..ROWS).collect();
    for rows in rows.chunks(ROWS_AN_ENTRY) {
        commit(store, rows.iter().map(|row| write(*row, value)).collect()).unwrap();
    }
}

/// Rows of the file itself, whatever is deferred.
fn rows_on_disk(folder: &Path) -> u32 {
    let file = rusqlite::Connection::open(folder.join("state.sqlite")).unwrap();
    file.query_row("SELECT count(*) FROM cell", [], |row| row.get(0)).unwrap()
}

#[test]
fn what_is_deferred_is_read_flushed_and_purged() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    defer(&store, 1);
    flush(&store);
    assert_eq!(rows_on_disk(folder.path()), 0, "else nothing here is tried");
    assert_eq!(value(&store, NUMBERS, &key(7)), Some(vec![1]));
    assert_eq!(rows_on_disk(folder.path()), ROWS);
    commit(&store, vec![TableWrite::Delete { table: NUMBERS, key: key(7) }]).unwrap();
    assert_eq!(table(&store, NUMBERS).len(), ROWS as usize - 1);
    commit(&store, vec![put(MEMBERS, b"m", b"v", Some(at(DAY, 60)))]).unwrap();
    assert_eq!(store.purge(at(DAY, 60), &RetentionTerms::default()).unwrap().rows, 1);
    // What waits at the end is applied, so that the next start has nothing to do.
    commit(&store, vec![write(ROWS, 1)]).unwrap();
    drop(store);
    assert_eq!(rows_on_disk(folder.path()), ROWS);
}

#[test]
fn a_day_goes_only_when_the_tables_hold_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    defer(&store, 1);
    let terms = RetentionTerms::default().with(RetentionClass::Ledger, 28).unwrap();
    assert_eq!(store.purge(at(DAY + 29, 0), &terms).unwrap().days, 1);
    drop(store);
    assert_eq!(scan(&open(folder.path()), 0), []);
    assert_eq!(table(&open(folder.path()), NUMBERS).len(), ROWS as usize);
}

/// Between the slices of a sweep: writes a row that the sweep has passed, then dies.
#[derive(Default)]
struct HalfWay {
    slices: AtomicU32,
    store: OnceLock<Weak<EmbeddedStore>>,
}

impl FaultPlan for HalfWay {
    fn before(&self, step: Step) -> Injected {
        if step != Step::Slice {
            return Injected::Nothing;
        }
        match self.slices.fetch_add(1, Ordering::SeqCst) {
            0 => Injected::Nothing,
            1 => {
                let store = self.store.get().and_then(Weak::upgrade).unwrap();
                let first = (0..ROWS).map(key).min().unwrap();
                let writes = vec![put(NUMBERS, &first, &[2], None)];
                let entry = Entry { writes, ..entry(&*store, at(DAY, 1), b"") };
                store.queue(entry).unwrap();
                Injected::Nothing
            }
            _ => Injected::Crash,
        }
    }
}

#[test]
fn a_sweep_that_dies_half_way_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Arc::new(HalfWay::default());
    let faults: Arc<dyn FaultPlan> = Arc::<HalfWay>::clone(&plan);
    let options = faxguard::store::embedded::Options { faults, ..options(folder.path()) };
    let store = Arc::new(EmbeddedStore::open(options).unwrap());
    plan.store.set(Arc::downgrade(&store)).unwrap();
    defer(&*store, 1);
    assert!(store.table_get(NUMBERS, &key(7)).is_err(), "it died");
    drop(store);
    let on_disk = rows_on_disk(folder.path());
    assert!(on_disk > 0 && on_disk < ROWS, "{on_disk}");
    let store = open(folder.path());
    let rows = table(&store, NUMBERS);
    assert_eq!(rows.len(), ROWS as usize);
    let newer = rows.iter().filter(|row| row.value == [2]).count();
    assert_eq!((newer, rows[0].value[0]), (1, 2));
    // And so it is when it dies again before the start has written anything.
    let first = rows[0].key.clone();
    drop(store);
    assert_eq!(value(&open(folder.path()), NUMBERS, &first), Some(vec![2]));
}

#[test]
fn slices_that_fail_are_written_once_the_disk_works() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Arc::new(Plan::default());
    let store = open_with(folder.path(), &plan);
    defer(&store, 1);
    *plan.0.lock() = Some((Step::Slice, Injected::Fault(CommitFault::Full)));
    assert!(store.table_get(NUMBERS, &key(7)).is_err());
    assert_eq!(store.health().condition, faxguard::store::Condition::Full);
    *plan.0.lock() = None;
    while store.flush().unwrap().wait().is_err() {}
    assert_eq!(store.health().condition, faxguard::store::Condition::Working);
    assert_eq!(table(&store, NUMBERS).len(), ROWS as usize);
    commit_row(&store, b"and on");
}

#[test]
fn rows_loaded_past_the_ledger_stay_above_older_ones() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Arc::new(Plan::default());
    let store = open_with(folder.path(), &plan);
    defer(&store, 1);
    store
        .load(vec![write(3, 2), put(TableId::Campaigns, b"c", b"1", None)])
        .unwrap()
        .wait()
        .unwrap();
    defer(&store, 3);
    store.load(vec![write(4, 4)]).unwrap().wait().unwrap();
    *plan.0.lock() = Some((Step::AfterLedger, Injected::Crash));
    // A load of other tables does not wait for bulk rows, and is not undone with them.
    assert!(commit(&store, vec![write(5, 5)]).is_err());
    drop(store);
    let store = open(folder.path());
    for (row, wanted) in [(3, 3), (4, 4), (5, 5), (6, 3)] {
        assert_eq!(value(&store, NUMBERS, &key(row)), Some(vec![wanted]), "row {row}");
    }
    assert!(value(&store, TableId::Campaigns, b"c").is_some());
}

#[test]
fn damaged_tables_are_made_again_with_what_was_deferred() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    defer(&store, 1);
    drop(store);
    for file in files(folder.path(), "state.sqlite") {
        std::fs::write(file, b"garbage".repeat(999)).unwrap();
    }
    let store = open(folder.path());
    assert_eq!(rows_on_disk(folder.path()), 0);
    commit(&store, vec![write(3, 2)]).unwrap();
    assert_eq!(table(&store, NUMBERS).len(), ROWS as usize);
    assert_eq!(value(&store, NUMBERS, &key(3)), Some(vec![2]));
}

/// What is done to a store.
#[derive(Clone, Debug)]
enum Deed {
    Commit(Vec<TableWrite>),
    Load(Vec<TableWrite>),
    Flush,
    Get(TableId, u8),
    Scan(TableId),
    Purge(i64),
    Reopen,
    /// Dies at that step of the next commit or read.
    Die(Step),
}

fn a_write() -> impl Strategy<Value = TableWrite> {
    let table = prop::sample::select(vec![NUMBERS, MEMBERS, TableId::Meta]);
    (table, 0..6_u8, prop::option::of(0..9_u8), prop::option::of(1..90_i64)).prop_map(
        |(table, key, value, expires)| match value {
            Some(value) => put(table, &[key], &[value], expires.map(|second| at(DAY, second))),
            None => TableWrite::Delete { table, key: vec![key] },
        },
    )
}

fn a_deed() -> impl Strategy<Value = Deed> {
    let writes = || prop::collection::vec(a_write(), 1..5);
    let table = || prop::sample::select(vec![NUMBERS, MEMBERS, TableId::Meta]);
    let step = prop::sample::select(vec![Step::AfterLedger, Step::StateCommit, Step::Slice]);
    prop_oneof![
        8 => writes().prop_map(Deed::Commit),
        2 => writes().prop_map(Deed::Load),
        1 => Just(Deed::Flush),
        2 => (table(), 0..6_u8).prop_map(|(table, key)| Deed::Get(table, key)),
        1 => table().prop_map(Deed::Scan),
        1 => (0..60_i64).prop_map(Deed::Purge),
        1 => Just(Deed::Reopen),
        2 => step.prop_map(Deed::Die),
    ]
}

/// The store that is tried, its folder and what goes wrong in it.
struct Tried {
    store: Option<EmbeddedStore>,
    plan: Arc<Plan>,
    folder: tempfile::TempDir,
}

impl Tried {
    fn reopen(&mut self) {
        self.store = None;
        *self.plan.0.lock() = None;
        self.store = Some(open_with(self.folder.path(), &self.plan));
    }

    fn store(&self) -> &EmbeddedStore {
        self.store.as_ref().unwrap()
    }
}

fn same(tried: &dyn Store, plain: &MemoryStore) -> Result<(), TestCaseError> {
    for id in [NUMBERS, MEMBERS, TableId::Meta] {
        prop_assert_eq!(table(tried, id), table(plain, id));
    }
    Ok(())
}

fn act(tried: &mut Tried, plain: &MemoryStore, deed: Deed) -> Result<(), TestCaseError> {
    match deed {
        Deed::Commit(writes) => {
            commit(tried.store(), writes.clone()).unwrap();
            commit(plain, writes).unwrap();
        }
        Deed::Load(writes) => {
            tried.store().load(writes.clone()).unwrap().wait().unwrap();
            plain.load(writes).unwrap().wait().unwrap();
        }
        Deed::Flush => flush(tried.store()),
        Deed::Get(table, key) => {
            let (tried, plain) =
                (tried.store().table_get(table, &[key]), plain.table_get(table, &[key]));
            prop_assert_eq!(tried.unwrap(), plain.unwrap());
        }
        Deed::Scan(id) => prop_assert_eq!(table(tried.store(), id), table(plain, id)),
        Deed::Purge(second) => {
            let terms = RetentionTerms::default();
            let tried = tried.store().purge(at(DAY, second), &terms).unwrap();
            let plain = plain.purge(at(DAY, second), &terms).unwrap();
            prop_assert_eq!(tried, plain);
        }
        Deed::Reopen => tried.reopen(),
        Deed::Die(step) => {
            *tried.plan.0.lock() = Some((step, Injected::Crash));
            // Whether or not it dies of it, this entry gets into the ledger.
            let writes = vec![put(NUMBERS, &[0], &[99], None)];
            let _ = commit(tried.store(), writes.clone());
            commit(plain, writes).unwrap();
            let _ = tried.store().table_get(NUMBERS, &[0]);
            tried.reopen();
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Purges never end a day here, so that the ledger can always tell everything again.
    #[test]
    fn the_embedded_store_has_the_rows_of_the_plain_one(
        deeds in prop::collection::vec(a_deed(), 1..30),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut tried = Tried { store: None, plan: Arc::default(), folder };
        tried.reopen();
        let plain = MemoryStore::new();
        for deed in deeds {
            act(&mut tried, &plain, deed)?;
        }
        same(tried.store(), &plain)?;
        tried.reopen();
        same(tried.store(), &plain)?;
    }
}

/// The victim: imports without end over the same keys while another thread reads, which makes sweeps; prints each seq
/// once its ticket has answered. Does nothing unless [`kills_in_mid_import_lose_nothing`] started it.
#[test]
fn deferred_child() {
    let Ok(folder) = std::env::var(CHILD_FOLDER) else { return };
    let store = open(Path::new(&folder));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for row in 0_u32.. {
                store.table_get(NUMBERS, &key(row % ROWS)).unwrap();
            }
        });
        let mut out = std::io::stdout();
        let mut next = 0_u32;
        loop {
            let tickets: Vec<_> = (0..20)
                .map(|_| {
                    let mut entry = entry(&store, at(DAY, 0), b"");
                    let value = entry.seq.to_be_bytes();
                    entry.writes = (0..200_u32)
                        .map(|row| put(NUMBERS, &key((next + row * 97) % ROWS), &value, None))
                        .collect();
                    next = next.wrapping_add(1);
                    (entry.seq, store.commit(entry).unwrap())
                })
                .collect();
            for (seq, ticket) in tickets {
                ticket.wait().unwrap();
                writeln!(out, "acknowledged {seq}").unwrap();
            }
        }
    });
}

#[test]
fn kills_in_mid_import_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for kill in 0..6_usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["store_suite::deferred::deferred_child", "--exact", "--nocapture"])
            .env(CHILD_FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for (count, line) in lines.enumerate() {
            if let Some((_, seq)) = line.unwrap().split_once("acknowledged ") {
                acknowledged.insert(seq.parse::<u64>().unwrap());
            }
            if count == 40 + kill * 37 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        let store = open(folder.path());
        let mut wanted = BTreeMap::new();
        let entries = scan(&store, 0);
        let held: BTreeSet<u64> = entries.iter().map(|entry| entry.seq).collect();
        assert!(held.is_superset(&acknowledged), "kill {kill} lost acknowledged entries");
        for write in entries.into_iter().flat_map(|entry| entry.writes) {
            let TableWrite::Put { key, value, .. } = write else { continue };
            wanted.insert(key, value);
        }
        let found: BTreeMap<_, _> =
            table(&store, NUMBERS).into_iter().map(|row| (row.key, row.value)).collect();
        assert!(found == wanted, "kill {kill}: the tables are not as the ledger says");
    }
    assert!(acknowledged.len() > 200);
}
