//! The attacks of the bars: a crowd of ordinary members, contracted senders of much, and those who flood.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

/// Members of one kind, who together offer so many units a second, each at moments of its own (Poisson).
#[derive(Clone, Copy)]
struct Kind {
    members: usize,
    units: f64,
    weight_milli: u32,
    floor_ppm: u32,
    /// Members of one group; 0 where they belong to none.
    grouped: usize,
    /// The first of their groups: two kinds may be in the same ones.
    group: usize,
    /// From which second to which.
    active: (i64, i64),
}

const ORDINARY: Kind = Kind {
    members: 5_000,
    units: 400.0,
    weight_milli: 1_000,
    floor_ppm: 0,
    grouped: 0,
    group: 0,
    active: (0, 120),
};
const CONTRACTED: Kind =
    Kind { members: 5, units: 200.0, weight_milli: 10_000, floor_ppm: 60_000, ..ORDINARY };
const FLOODING: Kind = Kind { members: 50, units: 5_000.0, active: (30, 90), ..ORDINARY };

/// Units offered and let through at the first asking, by seconds.
#[derive(Clone)]
struct Course {
    offered: Vec<u64>,
    passed: Vec<u64>,
    /// Jobs that were told to wait or refused.
    slowed: Vec<u64>,
}

impl Course {
    fn part(&self, seconds: std::ops::Range<usize>) -> f64 {
        let sum = |of: &[u64]| of[seconds.clone()].iter().sum::<u64>() as f64;
        sum(&self.passed) / sum(&self.offered)
    }
}

fn run(kinds: &[Kind], seed: u64) -> Vec<Course> {
    let mut random = StdRng::seed_from_u64(seed);
    let share = Share::new(terms(), [seed, 99]);
    let zeros = vec![0; 121];
    let course = Course { offered: zeros.clone(), passed: zeros.clone(), slowed: zeros };
    let mut courses = vec![course; kinds.len()];
    let mut pulls: Vec<Vec<(Pull, Option<Timestamp>)>> =
        kinds.iter().map(|kind| vec![(Pull::default(), None); kind.members]).collect();
    let mut pause = |units: f64| {
        let drawn: f64 = random.random();
        let pause = Duration::from_secs_f64(-(1.0 - drawn).ln() * 3.0 / units);
        i64::try_from(pause.as_micros()).unwrap()
    };
    let mut next: Vec<i64> =
        kinds.iter().map(|kind| kind.active.0 * 1_000_000 + pause(kind.units)).collect();
    let mut chosen = StdRng::seed_from_u64(seed ^ 0xff);
    for number in 0.. {
        let which = (0..kinds.len()).min_by_key(|which| next[*which]).unwrap();
        let (kind, micros) = (kinds[which], next[which]);
        let second = usize::try_from(micros / 1_000_000).unwrap();
        if second >= 120 {
            break;
        }
        next[which] += pause(kind.units);
        if next[which] / 1_000_000 >= kind.active.1 {
            next[which] = i64::MAX;
        }
        let who = chosen.random_range(0..kind.members);
        // One to five pages, three in the middle.
        let cost = chosen.random_range(1..=5);
        let now = at(0).plus(Span::micros(micros.unsigned_abs()));
        let group = who.checked_div(kind.grouped).map(|group| (kind.group + group) as u64);
        let offer = Offer {
            standing: Standing { weight_milli: kind.weight_milli, floor_ppm: kind.floor_ppm },
            membership: group.map(|group| Membership { group, weight_milli: 1_000 }),
            ..job(number, cost, now)
        };
        let (pull, before) = &mut pulls[which][who];
        let answer = share.offer(pull, *before, &offer);
        *before = Some(now);
        let course = &mut courses[which];
        course.offered[second] += cost;
        match answer.going {
            Going::Go | Going::GoLow => course.passed[second] += cost,
            Going::WaitUntil(_) | Going::Refuse => course.slowed[second] += 1,
        }
    }
    courses
}

/// What passed of the capacity, over these seconds.
fn used(courses: &[Course], seconds: std::ops::Range<usize>) -> f64 {
    let sum: u64 = courses.iter().map(|one| one.passed[seconds.clone()].iter().sum::<u64>()).sum();
    sum as f64 / (seconds.len() as f64 * 1_000.0)
}

fn slowed(courses: &[Course], seconds: std::ops::Range<usize>) -> u64 {
    courses.iter().map(|one| one.slowed[seconds.clone()].iter().sum::<u64>()).sum()
}

#[test]
fn fifty_who_flood_with_five_times_the_capacity() {
    for seed in 1..=3 {
        let courses = run(&[ORDINARY, CONTRACTED, FLOODING], seed);
        // Idle: nobody is slowed. Then the flood, from its first second on. Five seconds after its end nobody is again.
        assert_eq!(slowed(&courses, 0..30), 0);
        let (ordinary, contracted) = (courses[0].part(30..90), courses[1].part(30..90));
        let flooding = courses[2].part(40..90);
        let figures = format!(
            "seed {seed}: ordinary {ordinary:.4}, contracted {contracted:.4}, flooding {flooding:.4}, used {:.3}",
            used(&courses, 40..90)
        );
        println!("{figures}");
        assert!(ordinary >= 0.999 && contracted >= 0.99, "{figures}");
        assert!((0.95..=1.02).contains(&used(&courses, 40..90)), "{figures}");
        for from in (40..90).step_by(5) {
            let used = used(&courses, from..from + 5);
            assert!((0.93..=1.07).contains(&used), "{figures}; {used:.3} from {from} s on");
        }
        assert_eq!(slowed(&courses, 95..120), 0, "{figures}");
    }
}

#[test]
fn a_weight_alone_holds_once_the_rates_of_the_flood_are_known() {
    let contracted = Kind { floor_ppm: 0, ..CONTRACTED };
    let courses = run(&[ORDINARY, contracted, FLOODING], 4);
    let figures = format!(
        "first ten seconds {:.4}, then {:.4}",
        courses[1].part(30..40),
        courses[1].part(40..90)
    );
    println!("{figures}");
    assert!(courses[0].part(30..90) >= 0.999 && courses[1].part(40..90) >= 0.99, "{figures}");
}

#[test]
fn two_thousand_small_ones_that_belong_together() {
    let sybils = Kind { members: 2_000, grouped: 100, group: 1_000_000, ..FLOODING };
    let households = Kind { grouped: 5, ..ORDINARY };
    let courses = run(&[households, CONTRACTED, sybils], 5);
    let (ordinary, contracted) = (courses[0].part(30..90), courses[1].part(30..90));
    let figures = format!(
        "ordinary {ordinary:.4}, contracted {contracted:.4}, used {:.3}",
        used(&courses, 40..90)
    );
    println!("{figures}");
    assert!(ordinary >= 0.99 && contracted >= 0.99, "{figures}");
    assert!((0.95..=1.02).contains(&used(&courses, 40..90)), "{figures}");
    assert_eq!(slowed(&courses, 0..30) + slowed(&courses, 95..120), 0);
}

#[test]
fn one_of_a_group_does_not_cost_the_others() {
    // Twenty groups of twenty, in each of which one floods.
    let quiet = Kind { members: 380, grouped: 19, units: 30.0, ..ORDINARY };
    let loud = Kind { members: 20, grouped: 1, ..FLOODING };
    let courses = run(&[quiet, loud], 6);
    let figures =
        format!("quiet {:.4}, used {:.3}", courses[0].part(35..90), used(&courses, 40..90));
    println!("{figures}");
    assert!(courses[0].part(35..90) >= 0.99, "{figures}");
    assert!((0.95..=1.02).contains(&used(&courses, 40..90)), "{figures}");
}
