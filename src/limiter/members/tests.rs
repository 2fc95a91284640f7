//! The table of members as properties: over any schedule, with a clock that steps, under racing threads and sprayed keys.

mod months;

use std::sync::atomic::{AtomicI64, AtomicU64};

use proptest::prelude::*;

use super::super::cost::Costs;
use super::super::share::{AHEAD, Arrival, HALF_LIVES, Marks, Standing, Terms};
use super::super::{Allowance, Allowances, Limit, limits};
use super::*;
use crate::time::Span;
use crate::verdict::QuotaOutcome;

const START: i64 = 1_800_000_000_000_000;
const KEY: u64 = 0x1234_5678_9abc_def0;

const fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(START + micros)
}

const fn faxes(count: u64) -> Costs {
    Costs([count, 0, 0, 0])
}

fn quota(rate: u64, period: Span, burst: u64) -> Limits {
    let mut allowances: Allowances = [None; 4];
    allowances[0] = Some(Allowance { rate, period, burst });
    limits(&allowances)
}

const fn party(key: u64, limits: &Limits) -> Party<'_> {
    Party { holder: QuotaHolder::Member, key, limits, off: 0, month: None }
}

fn table(limits: Limits) -> Members {
    Members::of_bytes(1 << 20, limits)
}

fn outcome(statuses: &Statuses) -> QuotaOutcome {
    statuses[0].unwrap().outcome
}

/// In any window of what was admitted, by the highest clock so far, at most rate · t + burst.
fn holds(admitted: &[(i64, u64)], (rate, period, burst): (u64, u64, u64)) -> bool {
    admitted.iter().enumerate().all(|(first, (from, _))| {
        let mut sum = 0_u128;
        admitted[first..].iter().all(|(to, cost)| {
            sum += u128::from(*cost);
            let span = u128::from((to - from).unsigned_abs());
            let most = u128::from(rate) * span + u128::from(burst) * u128::from(period);
            sum * u128::from(period) <= most
        })
    })
}

proptest! {
    #[test]
    fn never_more_than_rate_and_burst(
        (rate, period, burst) in (1_u64..500, 500_u64..5_000_000, 1_u64..200),
        steps in prop::collection::vec((-3_000_000_i64..3_000_000, 1_u64..20), 1..120),
    ) {
        let limits = quota(rate, Span::micros(period), burst);
        let members = table(limits);
        let (mut now, mut highest) = (0_i64, i64::MIN);
        let mut admitted: Vec<(i64, u64)> = Vec::new();
        for (step, cost) in steps {
            now += step;
            highest = highest.max(now);
            let statuses = members.with(KEY, &limits, at(now), |visit| visit.admit(faxes(cost)));
            match outcome(&statuses) {
                QuotaOutcome::Within => admitted.push((highest, cost)),
                QuotaOutcome::Never => prop_assert!(cost > burst),
                QuotaOutcome::NotUntil(until) => {
                    prop_assert!(cost <= burst && until > at(now));
                    let ask = |time| {
                        let check = |visit: &mut Visit<'_>| visit.check(faxes(cost));
                        outcome(&members.with(KEY, &limits, time, check))
                    };
                    // Asking moves the time on, so that the later instant is asked for last.
                    if until.minus(Span::micros(16)) > at(highest) {
                        prop_assert_eq!(ask(until.minus(Span::micros(16))), QuotaOutcome::NotUntil(until));
                    }
                    prop_assert_eq!(ask(until), QuotaOutcome::Within);
                    now = now.max(until.as_micros() - START);
                    highest = highest.max(now);
                }
            }
        }
        prop_assert!(holds(&admitted, (rate, period, burst)));
    }

    /// The compact level admits what the exact one does, but for the slack of a step and a tick.
    #[test]
    fn it_is_as_generous_as_the_exact_level(
        (rate, period, burst) in (1_u64..500, 500_u64..5_000_000, 1_u64..200),
        steps in prop::collection::vec((0_i64..3_000_000, 1_u64..20), 1..120),
    ) {
        let limits = quota(rate, Span::micros(period), burst);
        let members = table(limits);
        let (mut now, mut sums) = (0_i64, (0_u64, 0_u64));
        // In units times the period, so that nothing is rounded.
        let mut exact = 0_u128;
        for (step, cost) in steps {
            now += step;
            let compact = members.with(KEY, &limits, at(now), |visit| visit.admit(faxes(cost)));
            if outcome(&compact) == QuotaOutcome::Within { sums.0 += cost; }
            exact = exact.saturating_sub(u128::from(rate) * u128::from(step.unsigned_abs()));
            let charged = exact + u128::from(cost) * u128::from(period);
            if charged <= u128::from(burst) * u128::from(period) {
                sums.1 += cost;
                exact = charged;
            }
        }
        // One more or less of the largest cost at the end of it.
        prop_assert!(sums.0 + 20 >= sums.1, "{sums:?}");
    }

    #[test]
    fn any_limit_and_any_time_is_answered(
        times: [i64; 2],
        limit: (u64, u64, u64),
        cost: u64,
        key: u64,
    ) {
        let (rate, period, burst) = limit;
        let limits = quota(rate, Span::micros(period), burst);
        let members = table(limits);
        for micros in times {
            let now = Timestamp::from_micros(micros);
            members.with(key, &limits, now, |visit| {
                visit.admit(faxes(cost));
                visit.settle(faxes(cost), faxes(cost / 2));
            });
            members.turn_hand(now);
        }
    }
}

#[test]
fn several_are_charged_together_or_none_is() {
    let (own, group) = (quota(1, Span::seconds(60), 5), quota(1, Span::seconds(60), 12));
    let members = table(own);
    let spread = |key: u64| if key == 0 { 0 } else { dense::mix([7, 11], key, 1) };
    let own_of = |key| party(spread(key), &own);
    let group_of = |key| party(spread(key), &group);
    let admit = |key, cost| {
        let parties = [own_of(key), group_of(99)];
        let mut locked = members.lock(parties, at(0));
        let statuses =
            [0, 1].map(|which| locked.visit(which, at(0), |visit| visit.check(faxes(cost))));
        let within = statuses.iter().all(admits);
        if within {
            (0..2).for_each(|which| locked.visit(which, at(0), |visit| visit.charge(faxes(cost))));
        }
        within
    };
    // Two of the group take ten of its twelve, so that a third has two and no more.
    assert!(admit(1, 5) && admit(2, 5) && !admit(3, 3) && admit(3, 2) && !admit(4, 1));
    let left = members.check(own_of(3), faxes(0), at(0))[0].unwrap().remaining;
    assert_eq!((left, members.len()), (3, 5));
    // One that is both is charged twice, and nobody is charged nothing.
    let twice = [own_of(7), own_of(7)];
    let mut locked = members.lock(twice, at(0));
    (0..2).for_each(|which| locked.visit(which, at(0), |visit| visit.charge(faxes(2))));
    drop(locked);
    assert_eq!(members.check(own_of(7), faxes(0), at(0))[0].unwrap().remaining, 1);
    let mut nobody = members.lock([own_of(0)], at(0));
    assert!(admits(&nobody.visit(0, at(0), |visit| visit.admit(faxes(5)))));
    assert!(!nobody.is_somebody(0) && !nobody.replays(0, u64::MAX));
}

#[test]
fn a_snapshot_reads_back_with_its_positions() {
    let limits = quota(1, Span::seconds(3_600), 10);
    let members = Members::of_bytes(1 << 20, limits);
    for number in 0..30_000 {
        let key = dense::mix([7, 11], number, 1);
        members.with(key, &limits, at(0), |visit| visit.charge(faxes(number % 9 + 1)));
    }
    let mut bytes = Vec::new();
    members.snapshot(&|| 77, &mut bytes).unwrap();
    let again = Members::of_bytes(1 << 20, limits);
    again.restore(&mut bytes.as_slice()).unwrap();
    assert_eq!(again.len(), members.len());
    for number in 0..30_000 {
        let key = dense::mix([7, 11], number, 1);
        let check = |table: &Members| table.check(party(key, &limits), faxes(1), at(5));
        assert_eq!(check(&again), check(&members));
        let locked = again.lock([party(key, &limits)], at(5));
        assert!(!locked.replays(0, 77) && locked.replays(0, 78));
    }
    for cut in [0, 1, 5, 100, bytes.len() - 1] {
        assert!(again.restore(&mut &bytes[..cut]).is_err());
        assert!(again.is_empty());
        let locked = again.lock([party(5, &limits)], at(5));
        assert!(locked.replays(0, 1));
    }
    bytes[0] = 9;
    assert!(matches!(again.restore(&mut bytes.as_slice()), Err(RowsFault::Version(9))));
}

#[test]
fn racing_threads_admit_no_more() {
    let (rate, period, burst) = (1_000, 1_000_000, 50);
    let limits = quota(rate, Span::micros(period), burst);
    let members = table(limits);
    let clock = AtomicI64::new(0);
    // By the highest clock that anybody came with so far.
    let course = Mutex::new((i64::MIN, Vec::new()));
    std::thread::scope(|threads| {
        for thread in 0..4_i64 {
            let (members, clock, course) = (&members, &clock, &course);
            threads.spawn(move || {
                for step in 0..20_000_i64 {
                    // Clocks of threads that are ahead and behind, and that step back now and then.
                    let now = clock.fetch_add(7, Ordering::Relaxed) + (step % 5 - 2) * 40 * thread;
                    members.with(KEY, &limits, at(now), |visit| {
                        let (highest, admitted) = &mut *course.lock();
                        *highest = now.max(*highest);
                        if outcome(&visit.admit(faxes(1))) == QuotaOutcome::Within {
                            admitted.push((*highest, 1_u64));
                        }
                    });
                }
            });
        }
    });
    let (_, admitted) = course.into_inner();
    assert!(admitted.len() > 500, "{}", admitted.len());
    assert!(holds(&admitted, (rate, period, burst)), "{}", admitted.len());
}

#[test]
fn a_clock_that_steps_back_and_forth_gives_no_credit() {
    let limits = quota(10, Span::seconds(3_600), 10);
    let members = table(limits);
    let ask = |now| outcome(&members.with(KEY, &limits, now, |visit| visit.admit(faxes(10))));
    assert_eq!(ask(at(0)), QuotaOutcome::Within);
    for _ in 0..100 {
        assert!(matches!(ask(at(-3_600_000_000)), QuotaOutcome::NotUntil(_)));
        assert!(matches!(ask(at(1_000_000)), QuotaOutcome::NotUntil(_)));
    }
}

#[test]
fn a_changed_limit_applies_to_the_level() {
    let narrow = quota(10, Span::seconds(3_600), 10);
    let wide = quota(10, Span::seconds(3_600), 100);
    let members = table(narrow);
    members.with(KEY, &narrow, at(0), |visit| visit.admit(faxes(8)));
    let wider = members.with(KEY, &wide, at(0), |visit| visit.check(faxes(50))[0].unwrap());
    assert_eq!((wider.outcome, wider.remaining), (QuotaOutcome::Within, 92));
    let never = members.with(KEY, &narrow, at(0), |visit| visit.check(faxes(11)));
    assert_eq!(outcome(&never), QuotaOutcome::Never);
}

#[test]
fn a_level_touched_often_leaks_no_slower() {
    let limits = quota(100, Span::seconds(86_400), 200);
    let members = table(limits);
    members.with(KEY, &limits, at(0), |visit| visit.admit(faxes(200)));
    for touch in 0..100_000 {
        members.with(KEY, &limits, at(touch * 864_000), |visit| visit.check(faxes(1)));
    }
    let left = members.with(KEY, &limits, at(86_400_000_000), |visit| visit.check(faxes(1)));
    assert_eq!(left[0].unwrap().remaining, 99);
    let left = members.with(KEY, &limits, at(86_500_000_000), |visit| visit.check(faxes(1)));
    assert_eq!(left[0].unwrap().remaining, 100);
}

#[test]
fn sprayed_keys_free_nobody_and_memory_stays() {
    const CAP: usize = 16 << 20;
    const EXHAUSTED: u64 = 200;
    let limits = quota(1_000, Span::seconds(86_400), 10);
    let members = Members::of_bytes(CAP, limits);
    let key = |number: u64| dense::mix([7, 11], number, 1);
    for number in 0..EXHAUSTED {
        members.with(key(number), &limits, at(0), |visit| visit.admit(faxes(10)));
    }
    let shared = AtomicU64::new(0);
    for number in 0..400_000 {
        members.with(key(1_000_000 + number), &limits, at(1_000), |visit| {
            let admitted = admits(&visit.admit(faxes(1)));
            if visit.place() == Place::Shared && admitted {
                shared.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    assert!(members.bytes() <= CAP + CAP / 20, "{}", members.bytes());
    assert!(members.len() > 50_000, "{}", members.len());
    for number in 0..EXHAUSTED {
        let asked = members.with(key(number), &limits, at(2_000), |visit| visit.check(faxes(1)));
        assert!(matches!(outcome(&asked), QuotaOutcome::NotUntil(_)), "{number}");
    }
    assert_eq!(shared.into_inner(), OVERFLOW_MEMBERS * 10);
    // What the spray left drains in two minutes, what the exhausted spent in a quarter of an hour: the hand tells them apart.
    let turn = |now| (0..SHARDS * 4).map(|_| members.turn_hand(now)).sum::<usize>();
    assert_eq!(turn(at(1_000_000)), 0);
    turn(at(200_000_000));
    assert_eq!(members.len(), usize::try_from(EXHAUSTED).unwrap());
    turn(at(1_000_000_000));
    assert!(members.is_empty());
}

#[test]
fn called_numbers_are_let_go_by_their_own_limit() {
    let (numbers, others) =
        (quota(600, Span::seconds(3_600), 600), quota(10, Span::seconds(3_600), 10));
    let members = Members::of_bytes(1 << 20, Slowest { numbers, others });
    let kinds =
        [QuotaHolder::Member, QuotaHolder::Organisation, QuotaHolder::Trunk, QuotaHolder::ApiKey];
    for number in 1..=500 {
        let hot = dense::mix([7, 11], number, 1);
        let key = row_key(QuotaHolder::Number, hot);
        members.with(key, &numbers, at(0), |visit| visit.charge(faxes(1)));
        for holder in kinds {
            members.with(row_key(holder, hot), &others, at(0), |visit| visit.charge(faxes(1)));
        }
    }
    assert_eq!(members.len(), 500 * 5);
    let turn = |now| (0..4).map(|_| members.turn_hand_everywhere(now)).sum::<usize>();
    assert_eq!(turn(at(5_900_000)), 0);
    assert_eq!(turn(at(6_100_000)), 500);
    // A limit of a member's own that drains more slowly keeps members, and no number.
    members.narrow_slowest(Some(quota(1, Span::seconds(86_400), 1)));
    assert_eq!(turn(at(400_000_000)), 0);
    assert_eq!(row_key(QuotaHolder::Number, 0), 0);
}

#[test]
fn a_million_members_take_64_bytes_each() {
    let limits = quota(1_000, Span::seconds(86_400), 10);
    let members = Members::of_bytes(128 << 20, limits);
    for number in 0..1_000_000 {
        let key = dense::mix([7, 11], number, 1);
        members.with(key, &limits, at(0), |visit| visit.admit(faxes(1)));
    }
    let bytes = members.bytes() / members.len();
    assert!(members.len() == 1_000_000 && bytes <= 64, "{bytes}");
}

#[test]
fn limits_beyond_what_is_counted_stay_limits() {
    let largest = Limit::of(Allowance { rate: 1, period: Span::seconds(1), burst: u64::MAX });
    let mut full = super::super::bucket::Bucket::default();
    full.charge(largest, u64::MAX);
    assert_eq!(full.remaining(largest), 0);
    let nothing = Limit::of(Allowance { rate: 0, period: Span::seconds(1), burst: 5 });
    let mut spent = super::super::bucket::Bucket::default();
    spent.charge(nothing, 5);
    let now = super::super::bucket::Tick::of(at(0));
    assert_eq!(spent.ask(nothing, 1, now), QuotaOutcome::Never);
}

/// A member's pull of lines after it offered a hundred seconds of them and its row was touched so often in ten minutes.
fn pull_after(touches: i64) -> u64 {
    let limits = quota(60, Span::seconds(60), 1_000);
    let members = table(limits);
    let share = Share::new(
        Terms {
            capacity: [1_000, 0, 0],
            half_life: HALF_LIVES,
            ahead: AHEAD,
            marks: Marks { begins: 950, ends: 850 },
            wait_max: Span::seconds(600),
            refuse_times: 0,
            expected_ppm: 1_000,
        },
        [1, 2],
    );
    let offer = |now| Offer {
        job: 7,
        arrival: Arrival::New,
        costs: [100, 0, 0],
        standing: Standing { weight_milli: 1_000, floor_ppm: 0 },
        membership: None,
        lowered: 0,
        now,
    };
    members.with(KEY, &limits, at(0), |visit| visit.offer(&share, &offer(at(0))));
    for touch in 1..=touches {
        let now = at(touch * 600_000_000 / touches);
        members.with(KEY, &limits, now, |visit| visit.charge(faxes(1)));
    }
    members.with(KEY, &limits, at(600_000_000), |visit| visit.load.pull.rates()[0])
}

#[test]
fn a_pull_fades_however_often_its_row_is_touched() {
    // Ten half-lives of a minute.
    let begun = (100 << 16) * 1_000_000 / 86_561_700;
    assert!(pull_after(1) <= begun / 1_000, "{}", pull_after(1));
    assert!(pull_after(600) <= begun / 500, "{}", pull_after(600));
}
