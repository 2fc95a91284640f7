//! Monthly allowances in the table of members, beside an exact count.

use proptest::prelude::*;

use super::super::*;
use crate::fax::hours::{Month, ZoneId};
use crate::verdict::QuotaOutcome;

const NO_LIMITS: Limits = [None; 4];
/// The first of December 2026, UTC.
const DECEMBER: i64 = 1_796_083_200;

fn party(key: u64, pages: u64, zone: u16) -> Party<'static> {
    let month = Some(MonthTerms { pages, zone });
    Party { holder: QuotaHolder::Member, key, limits: &NO_LIMITS, off: 0, month }
}

const fn pages(count: u64) -> Costs {
    Costs([0, count, 0, 0])
}

fn send(members: &Members, party: Party<'static>, count: u64, now: Timestamp) -> bool {
    members.lock([party], now).visit(0, now, |visit| {
        let within =
            visit.check_month(pages(count)).is_none_or(|it| it.outcome == QuotaOutcome::Within);
        if within {
            visit.charge(pages(count));
        }
        within
    })
}

proptest! {
    /// Whatever the clock does, no month gets more than its allowance, and none is counted twice.
    #[test]
    fn no_month_gets_more_than_its_allowance(
        allowance in 1_u64..60,
        which in 0_usize..4,
        steps in prop::collection::vec((-4_000_000_i64..6_000_000, 1_u64..12), 1..150),
    ) {
        let name = ["America/New_York", "Asia/Tehran", "Australia/Lord_Howe", "Etc/UTC"][which];
        let zone = ZoneId::from_name(name).unwrap();
        let members = Members::of_bytes(1 << 20, NO_LIMITS);
        let (mut clock, mut latest, mut used) = (DECEMBER, Month::default(), 0);
        for (step, count) in steps {
            clock = (clock + step).max(DECEMBER - 40 * 86_400);
            let now = Timestamp::from_seconds(clock);
            let month = Month::at(Some(zone), now);
            if month > latest {
                (latest, used) = (month, 0);
            }
            let want = used + count <= allowance;
            prop_assert_eq!(send(&members, party(7 << 52, allowance, zone.code()), count, now), want);
            used += if want { count } else { 0 };
            let left = members.check_month(party(7 << 52, allowance, zone.code()), pages(0), now);
            prop_assert_eq!(left.unwrap().remaining, allowance - used);
        }
    }
}

#[test]
fn those_without_room_share_a_count_and_what_is_over_makes_room() {
    let members = Members::of_bytes(1 << 16, NO_LIMITS);
    let at = Timestamp::from_seconds;
    // All in one shard.
    let key = |number: u64| 5 << 52 | number << 30 | 1 << 20;
    let mut through = 0;
    for number in 1..=5_000 {
        through += u64::from(send(&members, party(key(number), 2, 0), 2, at(DECEMBER)));
    }
    let with_row = members.months.len() as u64;
    assert!((4..100).contains(&with_row), "{with_row}");
    assert_eq!(through, with_row + OVERFLOW_MEMBERS);
    // Nobody who has a row was let go of, and nobody has more.
    assert!(!send(&members, party(key(1), 2, 0), 1, at(DECEMBER + 30 * 86_400)));
    let turn = |now| (0..SHARDS * 4).map(|_| members.turn_hand(at(now))).sum::<usize>();
    let _rows = turn(DECEMBER + 31 * 86_400);
    assert_eq!(members.months.len() as u64, with_row, "somewhere it is not over yet");
    let _rows = turn(DECEMBER + 62 * 86_400);
    assert_eq!(members.months.len(), 0);
    assert!(send(&members, party(key(1), 2, 0), 2, at(DECEMBER + 62 * 86_400)));
}

#[test]
fn a_snapshot_has_the_months_and_one_of_before_has_none() {
    let members = Members::of_bytes(1 << 20, NO_LIMITS);
    let now = Timestamp::from_seconds(DECEMBER);
    for number in 1..200_u64 {
        send(&members, party(number << 50, 100, 0), number % 90, now);
    }
    let mut bytes = Vec::new();
    members.snapshot(&|| 77, &mut bytes).unwrap();
    let again = Members::of_bytes(1 << 20, NO_LIMITS);
    again.restore(&mut bytes.as_slice()).unwrap();
    for number in 1..200_u64 {
        let left = |of: &Members| {
            of.check_month(party(number << 50, 100, 0), pages(0), now).unwrap().remaining
        };
        assert_eq!((left(&again), left(&members)), (100 - number % 90, 100 - number % 90));
    }
    let locked = again.lock([party(5 << 50, 100, 0)], now);
    assert!(!locked.replays_month(0, 77) && locked.replays_month(0, 78));
    drop(locked);
    bytes[0] = 1;
    let before = Members::of_bytes(1 << 20, NO_LIMITS);
    before.restore(&mut bytes.as_slice()).unwrap();
    assert!(before.months.is_empty() && before.len() == again.len());
    bytes[0] = 2;
    bytes.truncate(bytes.len() - 5);
    assert!(again.restore(&mut bytes.as_slice()).is_err() && again.months.is_empty());
}
