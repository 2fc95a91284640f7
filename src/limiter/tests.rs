//! The limits as properties: over any schedule, and with a clock that steps.

use proptest::prelude::*;

use super::*;
use crate::time::DAY_SECONDS;

const NO_LIMITS: Allowances = [None; 4];

fn faxes(rate: u64, seconds: u64, burst: u64) -> Allowances {
    let mut allowances = NO_LIMITS;
    allowances[0] = Some(Allowance { rate, period: Span::seconds(seconds), burst });
    allowances
}

fn of_faxes(count: u64) -> Costs {
    Costs([count, 0, 0, 0])
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn outcome(statuses: &Statuses) -> QuotaOutcome {
    statuses[0].unwrap().outcome
}

proptest! {
    /// By the highest clock anything was admitted at so far: in any window at most rate · t + burst.
    #[test]
    fn never_more_than_rate_and_burst(
        (rate, period, burst) in (1_u64..500, 1_u64..5_000_000, 1_u64..200),
        steps in prop::collection::vec((-3_000_000_i64..3_000_000, 1_u64..20), 1..120),
    ) {
        let mut allowances = NO_LIMITS;
        allowances[0] = Some(Allowance { rate, period: Span::micros(period), burst });
        let mut load = MemberLoad::default();
        let (mut now, mut highest) = (0_i64, i64::MIN);
        let mut admitted: Vec<(i64, u64)> = Vec::new();
        for (step, cost) in steps {
            now += step;
            let before = load;
            let statuses = load.admit(&allowances, of_faxes(cost), at(now));
            match outcome(&statuses) {
                QuotaOutcome::Within => {
                    highest = highest.max(now);
                    admitted.push((highest, cost));
                }
                QuotaOutcome::Never => prop_assert!(cost > burst && load == before),
                QuotaOutcome::NotUntil(until) => {
                    prop_assert!(until > at(now) && load == before);
                    let earlier = until.minus(Span::micros(1));
                    let ask = |time| outcome(&load.check(&allowances, of_faxes(cost), time));
                    prop_assert_eq!(ask(until), QuotaOutcome::Within);
                    prop_assert_eq!(ask(earlier), QuotaOutcome::NotUntil(until));
                }
            }
        }
        for (first, (from, _)) in admitted.iter().enumerate() {
            let mut sum = 0_u128;
            for (to, cost) in &admitted[first..] {
                sum += u128::from(*cost);
                let span = u128::from((to - from).unsigned_abs());
                let most = u128::from(rate) * span + u128::from(burst) * u128::from(period);
                prop_assert!(sum * u128::from(period) <= most);
            }
        }
    }

    /// Settling down gives back no more than was charged, so that the sum since the start is bounded too.
    #[test]
    fn settled_costs_are_bounded(
        steps in prop::collection::vec((0_i64..2_000_000, 1_u64..10, 0_u64..15), 1..100),
    ) {
        let allowances = faxes(3, 1, 10);
        let mut load = MemberLoad::default();
        let (mut now, mut spent) = (0_i64, 0_u64);
        for (step, estimate, actual) in steps {
            now += step;
            let statuses = load.admit(&allowances, of_faxes(estimate), at(now));
            if admits(&statuses) {
                prop_assert!((spent + estimate) * 1_000_000 <= now.unsigned_abs() * 3 + 10_000_000);
                load.settle(&allowances, of_faxes(estimate), of_faxes(actual), at(now));
                spent += actual;
            }
        }
    }

    #[test]
    fn any_limit_is_answered(level: u64, times: (i64, i64), limit: (u64, u64, u64), cost: u64) {
        let (rate, period, burst) = limit;
        let allowance = Allowance { rate, period: Span::micros(period), burst };
        let mut level = Level::from_parts(level, at(times.0));
        let _ = level.ask(allowance, cost, at(times.1));
        let _ = level.remaining(allowance, at(times.1));
        level.charge(Some(allowance), cost, at(times.1));
        level.give_back(cost);
    }

    #[test]
    fn a_load_reads_back_and_any_bytes_are_answered(
        notes in prop::collection::vec((any::<u64>(), 0_i64..1 << 50), 0..20),
        cut: prop::sample::Index,
    ) {
        let mut load = MemberLoad::default();
        for (drawn, time) in notes {
            load.note_release(at(time), Span::seconds(drawn % 86_400));
            load.charge(&faxes(1, 1, 1), of_faxes(drawn % 7), at(time));
        }
        let mut bytes = Vec::new();
        load.encode(&mut bytes);
        prop_assert_eq!(MemberLoad::decode(&mut bytes.as_slice()), Some(load));
        bytes.truncate(cut.index(bytes.len()));
        prop_assert_eq!(MemberLoad::decode(&mut bytes.as_slice()), None);
    }
}

#[test]
fn a_load_stays_small() {
    assert_eq!(size_of::<MemberLoad>(), 72);
}

#[test]
fn never_and_not_until_differ() {
    let mut load = MemberLoad::default();
    let limit = faxes(10, 3_600, 10);
    assert_eq!(outcome(&load.admit(&limit, of_faxes(11), at(0))), QuotaOutcome::Never);
    let first = load.admit(&limit, of_faxes(10), at(0))[0].unwrap();
    assert_eq!((first.outcome, first.remaining), (QuotaOutcome::Within, 10));
    let until = QuotaOutcome::NotUntil(Timestamp::from_seconds(360));
    assert_eq!(outcome(&load.check(&limit, of_faxes(1), at(0))), until);
    assert_eq!(outcome(&load.check(&faxes(0, 60, 10), of_faxes(1), at(0))), QuotaOutcome::Never);
    assert_eq!(outcome(&load.check(&limit, of_faxes(0), at(0))), QuotaOutcome::Within);
}

#[test]
fn a_changed_limit_applies_to_the_level() {
    let mut load = MemberLoad::default();
    load.admit(&faxes(10, 3_600, 10), of_faxes(8), at(0));
    let wider = load.check(&faxes(10, 3_600, 100), of_faxes(50), at(0))[0].unwrap();
    assert_eq!((wider.outcome, wider.remaining), (QuotaOutcome::Within, 92));
    let narrower = load.check(&faxes(1, 3_600, 4), of_faxes(1), at(0))[0].unwrap();
    assert_eq!(narrower.remaining, 0);
    assert_eq!(narrower.outcome, QuotaOutcome::NotUntil(Timestamp::from_seconds(5 * 3_600)));
}

#[test]
fn all_or_nothing_is_charged() {
    let mut load = MemberLoad::default();
    let mut limit = faxes(1, 60, 5);
    limit[1] = Some(Allowance { rate: 1, period: Span::seconds(60), burst: 2 });
    let statuses = load.admit(&limit, Costs([1, 3, 0, 0]), at(0));
    assert!(!admits(&statuses));
    assert_eq!(load, MemberLoad::default());
}

#[test]
fn a_level_touched_often_leaks_no_slower() {
    let mut load = MemberLoad::default();
    let limit = faxes(1, 86_400, 1_000_000);
    load.charge(&limit, of_faxes(5), at(0));
    for touch in 1..=10_000 {
        load.charge(&limit, of_faxes(1), at(touch * 8_640_000));
    }
    let left = load.check(&limit, of_faxes(1), at(86_400_000_000))[0].unwrap().remaining;
    assert_eq!(left, 1_000_000 - 10_004);
}

#[test]
fn wrong_holds_fade() {
    let mut load = MemberLoad::default();
    let day =
        |day: u64| Timestamp::from_seconds(1_700_000_000).plus(Span::seconds(day * DAY_SECONDS));
    let window = Span::seconds(7 * DAY_SECONDS);
    load.note_release(day(0), window);
    load.note_release(day(0), window);
    for (at, want) in [(0, 2), (2, 2), (4, 1), (20, 0)] {
        assert_eq!(load.releases(day(at), window), want, "{at}");
    }
    load.take_back_release(day(0), window);
    assert_eq!(load.releases(day(0), window), 1);
    // Within a 256th of the window.
    assert!(load.last_touched() >= 1_700_000_000 - 604_800 / 256);
}
