//! The ledger: what queueing costs the one who screens, and how fast a group becomes durable, beside a transaction a
//! row.
//!
//! Bar: a queued entry is durable within 100 ms, and no verdict waits for it.
//! Sketch: queueing is a lock and a push, 100 ns. A commit of 4,096 rows of 330 bytes is one flush (0.1 to 2 ms), 100
//! sheets of 16 KiB that are packed, summed and written twice (log and file) at 3 bytes a ns: 2 ms. A transaction a row
//! is a flush a row.

#![expect(clippy::unwrap_used, reason = "a bench that cannot begin has nothing to measure")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faxguard::fax::id::{DecisionId, Pseudonym};
use faxguard::store::embedded::{EmbeddedStore, Options};
use faxguard::store::{Entry, EntryKind, FaxIndex, Store};
use faxguard::time::{Timestamp, WallClock};
use rusqlite::{Connection, params};

const GROUP: u64 = 4_096;
const BODY_BYTES: usize = 330;

fn entry(store: &dyn Store) -> Entry {
    let seq = store.next_seq();
    let subject = blake3::hash(&seq.to_le_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&subject.as_bytes()[..16]);
    Entry {
        seq,
        time: Timestamp::from_seconds(1_795_000_000),
        kind: EntryKind::Stage,
        decision: Some(DecisionId(id)),
        fax: (seq.is_multiple_of(3)).then_some(FaxIndex {
            did: Pseudonym(id),
            caller: None,
            member: Some(Pseudonym(id)),
            action: 1,
        }),
        body: vec![7; BODY_BYTES].into(),
        writes: Vec::new(),
    }
}

fn group(bencher: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(&folder.path().join("store"), Arc::new(WallClock));
    let store = EmbeddedStore::open(options).unwrap();
    let mut group = bencher.benchmark_group("ledger");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(5)).throughput(Throughput::Elements(1));
    group.bench_function("queue", |bencher| {
        bencher.iter_custom(|count| queued(&store, count).0);
    });
    group.bench_function("durable in groups", |bencher| {
        bencher.iter_custom(|count| queued(&store, count).1);
    });
    let connection = rows(&folder.path().join("rows.sqlite"));
    group.bench_function("durable by a transaction a row", |bencher| {
        bencher.iter(|| {
            connection
                .execute("INSERT INTO row (body) VALUES (?1)", params![vec![7_u8; BODY_BYTES]])
        });
    });
    group.finish();
}

/// Time in the queue calls alone, and until all of it is on the disk.
#[expect(clippy::disallowed_methods, reason = "a bench measures the machine's own time")]
fn queued(store: &EmbeddedStore, count: u64) -> (Duration, Duration) {
    let (mut left, mut queue, mut durable) = (count, Duration::ZERO, Duration::ZERO);
    while left > 0 {
        let entries: Vec<Entry> = (0..left.min(GROUP)).map(|_| entry(store)).collect();
        left -= entries.len() as u64;
        let began = Instant::now();
        for entry in entries {
            store.queue(entry).unwrap();
        }
        queue += began.elapsed();
        store.flush().unwrap().wait().unwrap();
        durable += began.elapsed();
    }
    (queue, durable)
}

fn rows(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE row (number INTEGER PRIMARY KEY, body BLOB NOT NULL);",
        )
        .unwrap();
    connection
}

criterion_group!(benches, group);
criterion_main!(benches);
