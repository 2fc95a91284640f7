//! The dense table against a map of the standard library.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A key and a day: 12 free bits hold nothing but the mark of presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sample {
    rest: u64,
    day: u16,
}

impl Row for Sample {
    const BYTES: usize = 10;
    const VACANT: Self = Self { rest: 0, day: 0 };
    fn rest(&self) -> u64 {
        self.rest >> FREE_BITS << FREE_BITS
    }
    fn is_vacant(&self) -> bool {
        self.rest == 0
    }
    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.rest.to_le_bytes());
        to.extend_from_slice(&self.day.to_le_bytes());
    }
    fn decode(from: &[u8]) -> Option<Self> {
        let (rest, day) = from.split_first_chunk()?;
        let day = u16::from_le_bytes(day.try_into().ok()?);
        Some(Self { rest: u64::from_le_bytes(*rest), day })
    }
}

fn sample(key: u64, day: u16) -> Sample {
    Sample { rest: rest(key, FREE_BITS) | 1, day }
}

/// Spreads small numbers over few shards and all homes.
fn scattered(number: u64) -> u64 {
    (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> SHARD_BITS) | (number % 3) << 62
}

fn checked<R: Row>(dense: &Dense<R>) {
    let mut rows = 0;
    for number in 0..SHARDS {
        let table = dense.shard(number);
        assert_eq!(table.iter().count(), table.rows());
        let rests: Vec<u64> = table.iter().map(Row::rest).collect();
        assert!(rests.is_sorted_by(|one, other| one < other));
        assert!(rests.iter().all(|rest| table.get(*rest).is_some()));
        rows += table.rows();
    }
    assert_eq!(rows, dense.len());
}

proptest! {
    #[test]
    fn it_is_a_map(steps in prop::collection::vec((0_u64..400, any::<u16>(), 0_u8..4), 0..900)) {
        let dense = Dense::growing();
        let mut map = BTreeMap::new();
        for (number, day, step) in steps {
            let key = scattered(number);
            if step == 0 {
                let removed = dense.edit(key, |table| table.remove(rest(key, FREE_BITS)));
                prop_assert_eq!(removed.map(|row: Sample| row.day), map.remove(&key));
            } else {
                dense.edit(key, |table| table.put(sample(key, day), |_| true)).unwrap();
                map.insert(key, day);
            }
        }
        checked(&dense);
        prop_assert_eq!(dense.len(), map.len());
        for number in 0..400 {
            let got = dense.get(scattered(number), FREE_BITS).map(|row| row.day);
            prop_assert_eq!(got, map.get(&scattered(number)).copied());
        }
    }

    #[test]
    fn it_reads_back_and_survives_damage(
        numbers in prop::collection::btree_set(0_u64..100_000, 0..300),
        at: prop::sample::Index,
        flip: u8,
    ) {
        let dense = Dense::growing();
        for number in &numbers {
            let key = scattered(*number);
            dense.edit(key, |table| table.put(sample(key, 1), |_| true)).unwrap();
        }
        let mut bytes = Vec::new();
        dense.write(&mut bytes).unwrap();
        let again = Dense::<Sample>::growing();
        again.read(&mut bytes.as_slice(), &|_| 0).unwrap();
        checked(&again);
        let mut twice = Vec::new();
        again.write(&mut twice).unwrap();
        prop_assert_eq!(&twice, &bytes);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if again.read(&mut bytes.as_slice(), &|_| 0).is_ok() {
            checked(&again);
        }
    }
}

#[test]
fn keys_survive_the_row() {
    for number in [0, 1, 77, u64::MAX, 1 << 52, (1 << 52) - 1] {
        assert_eq!(key(shard(number), rest(number, FREE_BITS)), number);
    }
}

#[test]
fn a_full_table_keeps_its_bound_and_thins_the_oldest() {
    let bytes = SHARDS * size_of::<Sample>() * (TAIL_MAX + 64);
    let dense = Dense::<Sample>::of_bytes(bytes);
    let age = |row: &Sample| row.day;
    let (mut full, mut thinned) = (0, Thinned::default());
    for number in 0..1_000_u64 {
        // All in one shard.
        let key = scattered(number * 3) & u64::MAX >> SHARD_BITS;
        let row = sample(key, (number % 100) as u16);
        dense.edit(key, |table| {
            while table.put(row, |_| true).is_err() {
                full += 1;
                let step = table.thin(16, age, 90);
                thinned.expired += step.expired;
                thinned.evicted += step.evicted;
            }
        });
    }
    checked(&dense);
    assert!(full > 0 && thinned.evicted > 0 && thinned.expired > 0);
    assert_eq!(dense.len(), 1_000 - (thinned.evicted + thinned.expired) as usize);
    assert!(dense.shard(0).slots() * size_of::<Sample>() * SHARDS <= bytes);
    let smaller = Dense::<Sample>::of_bytes(bytes / 8);
    let mut written = Vec::new();
    dense.write(&mut written).unwrap();
    smaller.read(&mut written.as_slice(), &age).unwrap();
    checked(&smaller);
    assert!(smaller.len() < dense.len());
    dense.edit_shard(0, |table| table.retain(|row| row.day > 50));
    checked(&dense);
    assert!(dense.shard(0).iter().all(|row| row.day > 50));
}
