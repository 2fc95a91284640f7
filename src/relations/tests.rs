//! What the memory of correspondence must keep and must forget.

use proptest::prelude::*;

use super::*;
use crate::time::{DAY_SECONDS, Span};

/// Faxed and accepted.
const NONE: (bool, bool) = (false, false);
const FAXED: (bool, bool) = (true, false);
const ACCEPTED: (bool, bool) = (false, true);
const BOTH: (bool, bool) = (true, true);

fn marks(known: Correspondence) -> (bool, bool) {
    (known.faxed, known.accepted)
}

fn relations(bytes: usize) -> Relations {
    Relations::new(Limits { bytes, term_days: TERM_DAYS_DEFAULT }, *b"sixteen byte key")
}

fn on(day: u64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000).plus(Span::seconds(day * DAY_SECONDS))
}

#[test]
fn a_pair_is_kept_for_its_term() {
    let memory = relations(1 << 24);
    memory.note(1, 2, Relation::Faxed, on(0));
    assert_eq!(marks(memory.get(1, 2, on(548))), FAXED);
    assert_eq!(marks(memory.get(1, 2, on(549))), NONE);
    assert_eq!(marks(memory.get(2, 1, on(0))), NONE);
    memory.note(1, 2, Relation::Accepted, on(100));
    assert_eq!(marks(memory.get(1, 2, on(648))), BOTH);
    memory.note(1, 2, Relation::Faxed, on(2_000));
    assert_eq!(marks(memory.get(1, 2, on(2_000))), FAXED, "what has expired does not come back");
    memory.note(1, 2, Relation::Faxed, on(1_990));
    assert_eq!(
        marks(memory.get(1, 2, on(2_548))),
        FAXED,
        "a clock that steps back does not age a pair"
    );
    assert_eq!(memory.len(), 1);
}

#[test]
fn what_was_accepted_is_taken_back_and_nothing_else() {
    let memory = relations(1 << 24);
    memory.withdraw(1, 2);
    memory.note(1, 2, Relation::Accepted, on(3));
    memory.note(1, 3, Relation::Faxed, on(1));
    memory.note(1, 3, Relation::Accepted, on(3));
    memory.note(1, 4, Relation::Accepted, on(3));
    for _ in 0..2 {
        memory.withdraw(1, 2);
        memory.withdraw(1, 3);
    }
    let known = [2, 3, 4].map(|number| marks(memory.get(1, number, on(5))));
    assert_eq!((known, memory.len()), ([NONE, FAXED, ACCEPTED], 2));
    memory.note(1, 2, Relation::Accepted, on(6));
    assert_eq!(marks(memory.get(1, 2, on(7))), ACCEPTED);
}

#[test]
fn recycling_voids_what_was_before_and_nothing_after() {
    for recycled in [7, 9] {
        let memory = relations(1 << 24);
        memory.note(7, 9, Relation::Faxed, on(10));
        memory.recycled(recycled, on(10));
        assert_eq!(marks(memory.get(7, 9, on(10))), NONE);
        memory.note(7, 9, Relation::Accepted, on(10));
        assert_eq!(marks(memory.get(7, 9, on(10))), ACCEPTED, "noted after it, on the same day");
        memory.recycled(recycled, on(10));
        assert_eq!(marks(memory.get(7, 9, on(10))), NONE, "recycled twice on one day");
        memory.note(7, 9, Relation::Faxed, on(10));
        assert_eq!(marks(memory.get(7, 9, on(11))), FAXED);
        memory.note(7, 8, Relation::Faxed, on(10));
        memory.note(6, 9, Relation::Faxed, on(10));
        memory.recycled(recycled, on(12));
        assert_eq!(marks(memory.get(7, 9, on(12))), NONE);
        assert_eq!(marks(memory.get(7, 8, on(12))), if recycled == 7 { NONE } else { FAXED });
        assert_eq!(marks(memory.get(6, 9, on(12))), if recycled == 9 { NONE } else { FAXED });
    }
}

#[test]
fn a_full_memory_keeps_its_bound_and_the_newest() {
    let bytes = 4 << 20;
    let memory = relations(bytes);
    let most = memory.pairs_max() as u64;
    for number in 0..most * 2 {
        memory.note(number % 1_000, number, Relation::Faxed, on(number * 500 / (most * 2)));
    }
    assert!(memory.bytes() <= bytes + (1 << 20), "{}", memory.bytes());
    let dropped = memory.dropped();
    assert!(dropped.evicted > most / 2 && dropped.expired == 0, "{dropped:?}");
    assert!(dropped.refused < most / 100, "{dropped:?}");
    assert_eq!(memory.len() as u64 + dropped.evicted + dropped.refused, most * 2);
    let known = |from: u64| {
        (from..from + 10_000)
            .filter(|at| marks(memory.get(at % 1_000, *at, on(500))) == FAXED)
            .count()
    };
    assert!(known(most * 2 - 10_000) > 9_900);
    assert!(known(0) < 100);
    for number in 0..most {
        memory.note(1, number << 32, Relation::Faxed, on(1_500));
    }
    assert!(memory.dropped().expired > most / 2, "what has expired goes first");
}

#[test]
fn a_snapshot_reads_back_under_its_key_alone() {
    let memory = relations(1 << 24);
    for number in 0..20_000 {
        memory.note(number % 7, number, Relation::Faxed, on(number / 100));
    }
    memory.recycled(5, on(300));
    let mut bytes = Vec::new();
    memory.encode(&mut bytes).unwrap();
    let again = relations(1 << 24);
    again.decode(&mut bytes.as_slice(), on(300)).unwrap();
    assert_eq!(again.len(), memory.len());
    for number in 0..20_000 {
        let (member, now) = (number % 7, on(301));
        assert_eq!(again.get(member, number, now), memory.get(member, number, now));
    }
    let other = Relations::new(Limits { bytes: 1 << 24, term_days: 9 }, *b"another 16 bytes");
    let fault = other.decode(&mut bytes.as_slice(), on(300));
    assert!(matches!(fault, Err(LoadFault::Damaged { part: "key" })));
    bytes.truncate(bytes.len() - 1);
    assert!(matches!(again.decode(&mut bytes.as_slice(), on(300)), Err(LoadFault::Read(_))));
}

proptest! {
    #[test]
    fn any_time_is_answered(member: u64, number: u64, one: i64, other: i64) {
        let memory = relations(1 << 20);
        memory.note(member, number, Relation::Faxed, Timestamp::from_micros(one));
        memory.recycled(number, Timestamp::from_micros(other));
        memory.note(member, number, Relation::Accepted, Timestamp::from_micros(other));
        prop_assert!(memory.get(member, number, Timestamp::from_micros(other)).accepted);
    }
}

#[test]
fn an_approval_counts_on_the_day_of_an_acceptance() {
    let memory = relations(1 << 20);
    memory.note(1, 2, Relation::Accepted, on(100));
    assert_eq!(memory.get(1, 2, on(100)).age_days, 0);
    memory.approve(1, 2, on(100));
    memory.approve(1, 2, on(100));
    assert_eq!(memory.get(1, 2, on(100)).age_days, 1);
    assert!(memory.get(1, 2, on(100)).accepted);
    memory.approve(1, 3, on(100));
    assert_eq!(memory.get(1, 3, on(100)).age_days, 1);
    memory.recycled(3, on(101));
    assert!(!memory.get(1, 3, on(101)).accepted);
}
