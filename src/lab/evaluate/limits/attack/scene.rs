//! Who offers how much and when, on a simulated clock: each kind of members at moments of its own (Poisson).

use std::ops::Range;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::limiter::share::{Arrival, Membership, Offer, Standing};
use crate::time::{Span, Timestamp};
use crate::verdict::Watched;

use super::super::sides::{at, key};
use super::guards::Guard;

/// Units a second that there are of what is contended.
pub(super) const CAPACITY: u64 = 1_000;
/// Seconds of a run, those of the flood in it, and those after it from which on nobody may be slowed any more.
pub(super) const SECONDS: usize = 240;
pub(super) const FLOOD: Range<usize> = 120..180;
pub(super) const CALM: Range<usize> = 190..SECONDS;
/// The organisation of those who belong together.
const ORGANISATION: u64 = 0x6f72_6761_6e69_7365;

/// Members of one kind, who together offer so many units a second.
#[derive(Clone)]
pub(super) struct Kind {
    pub(super) members: u64,
    pub(super) units: f64,
    /// The weight of their plan.
    pub(super) weight_milli: u32,
    /// What each has in any case, in millionths of what there is.
    pub(super) floor_ppm: u32,
    /// Whether they are of one organisation, whose key the service knows.
    pub(super) together: bool,
    /// From which second to which.
    pub(super) active: Range<usize>,
}

/// Ordinary members, with two fifths of what there is.
pub(super) const ORDINARY: Kind = Kind {
    members: 5_000,
    units: 400.0,
    weight_milli: 1_000,
    floor_ppm: 0,
    together: false,
    active: 0..SECONDS,
};
/// Contracted senders, with a fifth: of plan `corporate`, by the weight of an untouched policy, each with a floor of half more
/// than it offers in its contract.
pub(super) const CONTRACTED: Kind =
    Kind { members: 5, units: 200.0, weight_milli: 10_000, floor_ppm: 60_000, ..ORDINARY };
/// Those who flood, with five times what there is.
pub(super) const FLOODING: Kind = Kind { members: 50, units: 5_000.0, active: FLOOD, ..ORDINARY };
/// The same flood from many small members.
pub(super) const SYBILS: Kind = Kind { members: 2_000, together: true, ..FLOODING };

/// What is contended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scarce {
    /// Lines: jobs of one to five pages, at 45 to 165 s each.
    Lines,
    /// Dials: jobs to one to five recipients.
    Attempts,
}

impl Scarce {
    pub(super) const fn watched(self) -> Watched {
        match self {
            Self::Lines => Watched::Lines,
            Self::Attempts => Watched::Attempts,
        }
    }

    /// What a job of that size costs.
    const fn cost(self, size: u64) -> u64 {
        match self {
            Self::Lines => 15 + 30 * size,
            Self::Attempts => size,
        }
    }

    /// The same of the largest.
    pub(super) const fn largest(self) -> u64 {
        self.cost(5)
    }
}

/// Units offered and let through at the first asking, jobs, and those of them that were not let through, by seconds.
#[derive(Clone)]
pub(super) struct Course {
    pub(super) offered: Vec<u64>,
    pub(super) passed: Vec<u64>,
    pub(super) jobs: Vec<u64>,
    pub(super) slowed: Vec<u64>,
}

impl Course {
    pub(super) fn new() -> Self {
        let zeros = vec![0; SECONDS];
        Self { offered: zeros.clone(), passed: zeros.clone(), jobs: zeros.clone(), slowed: zeros }
    }

    /// The part of what was offered that passed.
    pub(super) fn part(&self, seconds: Range<usize>) -> f64 {
        let sum = |of: &[u64]| of[seconds.clone()].iter().sum::<u64>() as f64;
        sum(&self.passed) / sum(&self.offered).max(1.0)
    }

    /// Puts another run of the same kind on top.
    pub(super) fn add(&mut self, other: &Self) {
        for (own, other) in [
            (&mut self.offered, &other.offered),
            (&mut self.passed, &other.passed),
            (&mut self.jobs, &other.jobs),
            (&mut self.slowed, &other.slowed),
        ] {
            own.iter_mut().zip(other).for_each(|(own, other)| *own += other);
        }
    }
}

/// A moment of the next job after a pause: exponential, of that mean.
fn pause(random: &mut StdRng, mean_seconds: f64) -> Duration {
    let drawn: f64 = random.random();
    Duration::from_secs_f64(-(1.0 - drawn).ln() * mean_seconds)
}

/// Runs it once, and says how each kind fared.
pub(super) fn run(kinds: &[Kind], scarce: Scarce, guard: &mut dyn Guard, seed: u64) -> Vec<Course> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut courses = vec![Course::new(); kinds.len()];
    let mean = |kind: &Kind| scarce.cost(3) as f64 / kind.units;
    let seconds = |whole: usize| Duration::from_secs(u64::try_from(whole).unwrap_or(u64::MAX));
    let mut next: Vec<Duration> = kinds
        .iter()
        .map(|kind| seconds(kind.active.start) + pause(&mut random, mean(kind)))
        .collect();
    for number in 0_u64.. {
        let Some(which) = (0..kinds.len()).min_by_key(|which| next[*which]) else { break };
        let (kind, time) = (&kinds[which], next[which]);
        let second = usize::try_from(time.as_secs()).unwrap_or(usize::MAX);
        if second >= SECONDS {
            break;
        }
        next[which] = time + pause(&mut random, mean(kind));
        if next[which] >= seconds(kind.active.end) {
            next[which] = Duration::MAX;
        }
        let member = random.random_range(0..kind.members);
        let cost = scarce.cost(random.random_range(1..=5));
        let mut costs = [0; 3];
        costs[scarce.watched() as usize] = cost;
        let offer = Offer {
            job: key(!seed, number),
            arrival: Arrival::New,
            costs,
            standing: Standing { weight_milli: kind.weight_milli, floor_ppm: kind.floor_ppm },
            membership: kind
                .together
                .then_some(Membership { group: ORGANISATION, weight_milli: 1_000 }),
            now: moment(time),
            lowered: 0,
        };
        let who = key(seed, member << 8 | u64::try_from(which).unwrap_or(0xff));
        let passes = guard.passes(who, cost, &offer);
        let course = &mut courses[which];
        course.offered[second] += cost;
        course.jobs[second] += 1;
        if passes {
            course.passed[second] += cost;
        } else {
            course.slowed[second] += 1;
        }
    }
    courses
}

fn moment(time: Duration) -> Timestamp {
    at(0).plus(Span::micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)))
}
