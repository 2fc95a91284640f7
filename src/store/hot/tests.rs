//! The hot table against a plain map, at its bound, and its snapshot under writers.

use super::*;
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Count {
    sum: u64,
    touched: u32,
}

impl HotValue for Count {
    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.sum.to_le_bytes());
        to.extend_from_slice(&self.touched.to_le_bytes());
    }

    fn decode(from: &mut &[u8]) -> Option<Self> {
        Some(Self { sum: take_u64(from)?, touched: take_u32(from)? })
    }

    fn last_touched(&self) -> u32 {
        self.touched
    }
}

fn key_of(small: u64) -> u64 {
    // Spreads small numbers as a pseudonym would; odd, so that it is a bijection. None is nobody.
    (small + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn add(table: &HotTable<Count>, key: u64, by: u64, now: u32) -> u64 {
    let mut guard = table.lock([key]);
    let count = guard.entry(0, || Count { sum: 0, touched: now }).unwrap();
    count.sum += by;
    count.touched = now;
    count.sum
}

fn contents(table: &HotTable<Count>) -> HashMap<u64, u64> {
    let mut all = HashMap::new();
    table.for_each(|key, count| assert_eq!(all.insert(key, count.sum), None));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_is_a_map_while_it_has_room(
        steps in proptest::collection::vec((0..40_u64, 0..4_u8, any::<bool>()), 0..300),
    ) {
        // Keys of one shard and near each other, so that runs of the index collide and wrap.
        let table: HotTable<Count> = HotTable::with_capacity(40 * SHARDS);
        let mut model = HashMap::new();
        for (small, what, crowd) in steps {
            let key = if crowd { small | (u64::MAX >> 8 << 6) } else { small << 50 | 1 };
            if what == 0 {
                let removed = table.lock([key]).remove(0).map(|count| count.sum);
                prop_assert_eq!(removed, model.remove(&key));
            } else {
                let sum = model.entry(key).or_insert(0);
                *sum += u64::from(what);
                prop_assert_eq!(add(&table, key, u64::from(what), 1), *sum);
            }
            prop_assert_eq!(table.lock([key]).get(0).map(|c| c.sum), model.get(&key).copied());
        }
        prop_assert_eq!(contents(&table), model);
    }

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let table: HotTable<Count> = HotTable::with_capacity(1);
        prop_assert!(table.restore(&mut &bytes[..]).is_err());
        prop_assert!(table.is_empty());
    }
}

#[test]
fn a_full_table_lets_the_idle_go_and_stays_in_its_bytes() {
    let bytes = 2_000_000;
    let table: HotTable<Count> = HotTable::with_bytes(bytes);
    let busy: Vec<u64> = (0..500).map(key_of).collect();
    for (now, small) in (1..).zip(1_000..400_000) {
        add(&table, key_of(small), 1, now);
        if small % 100 == 0 {
            busy.iter().for_each(|key| {
                add(&table, *key, 1, now);
            });
        }
    }
    assert!(table.bytes() <= bytes, "{}", table.bytes());
    assert!(table.bytes() > bytes * 9 / 10, "{}", table.bytes());
    assert!(table.evicted() > 300_000);
    let kept = busy.iter().filter(|key| add(&table, **key, 0, 0) > 3_000).count();
    assert!(kept > 490, "{kept} of 500 busy ones kept");
}

#[test]
fn a_restored_table_goes_on_as_the_first_would() {
    let first: HotTable<Count> = HotTable::with_capacity(20 * SHARDS);
    (0..20_000).for_each(|small| {
        add(&first, key_of(small), small, 7);
    });
    let mut bytes = Vec::new();
    first.snapshot(&|| 42, &mut bytes).unwrap();
    let second: HotTable<Count> = HotTable::with_capacity(20 * SHARDS);
    second.restore(&mut &bytes[..]).unwrap();
    assert_eq!((second.position(), second.shard_position(key_of(3))), (42, 42));
    assert!(second.lock([5]).replays(0, 43) && !second.lock([5]).replays(0, 42));
    for small in 20_000..40_000 {
        add(&first, key_of(small), 1, 8);
        add(&second, key_of(small), 1, 8);
    }
    assert_eq!(contents(&first), contents(&second));
    let gone: usize = (0..SHARDS).map(|at| second.retain_shard(at, |_, c| c.sum != 1)).sum();
    assert_eq!(gone + second.len(), first.len());
    let cut = bytes.len() - 1;
    assert!(second.restore(&mut &bytes[..cut]).is_err());
    assert!(second.is_empty() && second.position() == 0);
}

#[test]
fn keys_of_one_shard_are_locked_once() {
    let table: HotTable<Count> = HotTable::with_capacity(1);
    let mut guard = table.lock([1, 2, 1 << 60, 3, 1, 0]);
    let count = |sum| move || Count { sum, touched: 0 };
    assert_eq!(guard.entry(0, count(1)).map(|count| count.sum), Some(1));
    guard.entry(2, count(2)).unwrap().sum += 1;
    assert_eq!(guard.get(2).map(|count| count.sum), Some(3));
    assert_eq!(guard.get(4).map(|count| count.sum), Some(1), "the first key again");
    assert_eq!(guard.get_mut(1), None);
    assert_eq!(guard.get(3), None);
    assert_eq!(guard.entry(5, count(9)), None, "nobody has no value");
    assert!(guard.get(5).is_none() && !guard.replays(5, 1));
}

#[test]
fn a_value_that_was_let_go_meanwhile_is_not_mistaken_for_another() {
    let table: HotTable<Count> = HotTable::with_capacity(SHARDS);
    let keys: [u64; 10] = std::array::from_fn(|at| at as u64 + 1);
    let mut guard = table.lock(keys);
    for (at, sum) in (0..10).zip(1..) {
        guard.entry(at, || Count { sum, touched: 0 });
    }
    let kept: Vec<_> = (0..10).filter_map(|at| Some((at as u64 + 1, guard.get(at)?.sum))).collect();
    assert_eq!(kept.len(), 8);
    assert!(kept.iter().all(|(key, sum)| key == sum), "{kept:?}");
    let gone: Vec<_> = (0..10).filter(|at| guard.remove(*at).is_some()).collect();
    assert_eq!(gone.len(), 8);
    assert!((0..10).all(|at| guard.get(at).is_none()));
}

/// What an operation does to its keys depends on their order, so a change applied twice, not at all, or
/// out of order shows.
fn apply(guard: &mut HotGuard<'_, Count, 3>, seq: u64) {
    for at in 0..3 {
        if guard.replays(at, seq) {
            let count = guard.entry(at, || Count { sum: 0, touched: 0 }).unwrap();
            count.sum = count.sum.wrapping_mul(31).wrapping_add(seq);
        }
    }
}

#[test]
fn a_snapshot_under_writers_and_replay_equal_the_live_table() {
    let live: HotTable<Count> = HotTable::with_capacity(10_000 * 8);
    let seq = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let log = Mutex::new(Vec::new());
    let mut bytes = Vec::new();
    std::thread::scope(|scope| {
        for thread in 0..3_u64 {
            let (live, seq, stop, log) = (&live, &seq, &stop, &log);
            scope.spawn(move || {
                let mut at = thread;
                while !stop.load(Ordering::Relaxed) || at < 6_000 {
                    at += 3;
                    let keys = [at % 700, at % 90, at % 7].map(key_of);
                    let mut guard = live.lock(keys);
                    let seq = seq.fetch_add(1, Ordering::SeqCst) + 1;
                    apply(&mut guard, seq);
                    drop(guard);
                    log.lock().push((seq, keys));
                }
            });
        }
        while seq.load(Ordering::SeqCst) < 500 {
            std::thread::yield_now();
        }
        live.snapshot(&|| seq.load(Ordering::SeqCst), &mut bytes).unwrap();
        stop.store(true, Ordering::Relaxed);
    });
    let restored: HotTable<Count> = HotTable::with_capacity(10_000 * 8);
    restored.restore(&mut &bytes[..]).unwrap();
    let mut log = log.into_inner();
    log.sort_unstable();
    assert!(restored.position() > 0);
    for (seq, keys) in log {
        apply(&mut restored.lock(keys), seq);
    }
    assert_eq!(contents(&restored), contents(&live));
}
