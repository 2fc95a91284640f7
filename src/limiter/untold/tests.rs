//! The bound as a property: instances over a model of the engine, which adds up and leaks, with beats at any time.

use proptest::prelude::*;

use super::super::{Allowance, Members, admits, limits};
use super::*;
use crate::verdict::QuotaOutcome;

const KEY: u64 = 0x1234_5678_9abc_def0;
/// Time between two beats of an instance.
const BEAT: i64 = 100_000;

const fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000 + micros)
}

const fn faxes(count: u64) -> Costs {
    Costs([count, 0, 0, 0])
}

fn quota(rate: u64, seconds: u64, burst: u64) -> Limits {
    let allowance = Allowance { rate, period: Span::seconds(seconds), burst };
    limits(&[Some(allowance), None, None, None])
}

/// Steps that leak in a microsecond.
fn pace_of(limits: &Limits) -> f64 {
    limits[0].unwrap().pace() as f64 / (1_u64 << 54) as f64
}

/// What `meet.lua` does for one level.
#[derive(Default)]
struct Engine {
    level: f64,
    at: i64,
}

impl Engine {
    fn exchange(&mut self, telling: Option<&Telling>, pace: f64, now: i64) -> Told {
        self.level = (self.level - pace * (now - self.at) as f64).max(0.0);
        self.at = now;
        if let Some(telling) = telling {
            self.level = (self.level + telling.steps[0] as f64).max(0.0);
        }
        let level = format!("{:.0}", self.level.ceil()).parse().unwrap();
        Told { key: KEY, steps: [level, 0, 0, 0], rates: [0; PULLS] }
    }
}

fn company(instances: u32, limits: &Limits) -> Vec<Members> {
    let made = (0..instances).map(|_| {
        let members = Members::of_bytes(1 << 20, *limits);
        assert!(members.keep_company(Company { instances, alone_milli: 1_000 }));
        members.untold().unwrap().set_alone(part_of(KEY), false);
        members
    });
    made.collect()
}

fn beat(members: &Members, engine: &mut Engine, pace: f64, now: i64) {
    let untold = members.untold().unwrap();
    untold.turn(part_of(KEY));
    let told = members.tell(part_of(KEY), 10, at(now));
    let heard = engine.exchange(told.first(), pace, now);
    untold.arrived(part_of(KEY));
    members.hear(&heard, at(now));
}

proptest! {
    /// Of a schedule of jobs at any instance, with beats at any phase: what is spent in all never stands higher than a burst,
    /// one largest job for each instance but one, and `burst * (N - 1) / N²`.
    #[test]
    fn all_together_stay_within_the_bound(
        (instances, rate, burst) in (2_u32..6, 1_u64..50, 1_u64..200),
        phases in prop::collection::vec(0_i64..BEAT, 6),
        jobs in prop::collection::vec((0_i64..40_000, 0_usize..6, 1_u64..20), 1..300),
    ) {
        let limits = quota(rate, 1, burst);
        let pace = pace_of(&limits);
        let company = company(instances, &limits);
        let count = company.len();
        let (mut engine, mut now) = (Engine::default(), 0);
        let mut next: Vec<i64> = phases[..count].to_vec();
        let (mut level, mut since, mut largest) = (0.0_f64, 0, 0);
        for (wait, instance, cost) in jobs {
            now += wait;
            while let Some(which) = (0..count).filter(|which| next[*which] <= now).min_by_key(|which| next[*which]) {
                beat(&company[which], &mut engine, pace, next[which]);
                next[which] += BEAT;
            }
            let cost = cost.min(burst);
            let members = &company[instance % count];
            let statuses = members.with(KEY, &limits, at(now), |visit| visit.admit(faxes(cost)));
            if admits(&statuses) {
                level = (level - pace * (now - since) as f64).max(0.0) + (cost * STEPS) as f64;
                since = now;
                largest = largest.max(cost);
                let n = f64::from(instances);
                let most = burst as f64 + (n - 1.0) * largest as f64 + burst as f64 * (n - 1.0) / (n * n);
                prop_assert!(level <= (most + 1.0) * STEPS as f64, "{} of {most}", level / STEPS as f64);
            }
        }
    }

    /// Out of reach for any time: what is told afterwards is never less than what one limiter would still count.
    #[test]
    fn what_is_told_late_gives_no_credit(
        (rate, burst) in (1_u64..50, 1_u64..60),
        jobs in prop::collection::vec((0_i64..3_000_000, 0_usize..3, 1_u64..20), 1..80),
        before in 0_u64..60,
    ) {
        let limits = quota(rate, 10, burst);
        let pace = pace_of(&limits);
        let company = company(3, &limits);
        let mut engine = Engine::default();
        let (mut level, mut since, mut now) = (0.0_f64, 0, 0);
        let mut charge = |which: usize, cost: u64, now: i64| {
            company[which].with(KEY, &limits, at(now), |visit| visit.charge(faxes(cost)));
            level = (level - pace * (now - since) as f64).max(0.0) + (cost * STEPS) as f64;
            since = now;
            level
        };
        charge(0, before, 0);
        (0..3).chain(0..3).for_each(|which| beat(&company[which], &mut engine, pace, 0));
        for members in &company {
            members.untold().unwrap().set_alone(part_of(KEY), true);
        }
        let mut last = 0.0;
        for (wait, which, cost) in jobs {
            now += wait;
            last = charge(which, cost, now);
        }
        for members in &company {
            beat(members, &mut engine, pace, now);
        }
        prop_assert!(engine.level + STEPS as f64 >= last, "{} {}", engine.level / 512.0, last / 512.0);
    }
}

#[test]
fn what_everybody_may_not_know_counts_for_each_of_them_and_not_for_long() {
    let limits = quota(1, 3_600, 12);
    let company = company(3, &limits);
    let [one, ..] = &company[..] else { unreachable!() };
    let mut engine = Engine::default();
    let fax =
        |now| one.with(KEY, &limits, at(now), |visit| visit.admit(faxes(1)))[0].unwrap().outcome;
    for _ in 0..4 {
        assert_eq!(fax(0), QuotaOutcome::Within);
    }
    // Four of twelve, three times: the next one asks again in a second, and not in an hour.
    let QuotaOutcome::NotUntil(until) = fax(0) else { panic!() };
    assert!(until <= at(1_100_000));
    let pace = pace_of(&limits);
    (0..4).for_each(|each| beat(one, &mut engine, pace, each * BEAT));
    assert!(one.untold().unwrap().is_empty());
    assert_eq!(fax(4 * BEAT), QuotaOutcome::Within);
}

#[test]
fn a_clock_that_is_set_forward_gives_no_credit() {
    let limits = quota(1, 60, 10);
    let [members, _] = &company(2, &limits)[..] else { unreachable!() };
    let untold = members.untold().unwrap();
    untold.set_clock(at(0));
    members.with(KEY, &limits, at(0), |visit| visit.charge(faxes(10)));
    let hour = 3_600_000_000;
    let left = |now| {
        members.with(KEY, &limits, at(now), |visit| visit.check(faxes(1))[0].unwrap().remaining)
    };
    assert_eq!(left(hour), 0);
    // And one that is set back stops nothing.
    untold.set_clock(at(hour));
    assert_eq!(left(0), 10);
}

#[test]
fn there_is_room_for_so_many_and_the_rest_is_counted() {
    let limits = quota(1, 60, 10);
    let members = Members::of_bytes(32 << 20, limits);
    assert!(members.keep_company(Company { instances: 2, alone_milli: 1_000 }));
    let count = u64::try_from(UNTOLD_MAX).unwrap() + 10;
    // All of one part.
    for key in 0..count {
        let key = (key % 256 * 16) << 52 | (key + 1) << 20;
        members.with(key, &limits, at(0), |visit| visit.charge(faxes(1)));
    }
    let untold = members.untold().unwrap();
    assert_eq!((untold.len(), untold.lost()), (UNTOLD_MAX, 10));
    assert_eq!(members.tell(0, 512, at(0)).len(), 512);
}
