//! What was charged here and the other instances may not know of yet: taken out in batches by who tells them, off the path.
//!
//! In reach of the others the use of an instance that they may not know of counts as often as there are instances: each
//! could be spending as much at this moment. So all of them together stay within a level that each knows a moment late.
//! Out of reach a charge counts by the share of a limit that an instance grants on its own, and what is untold leaks as
//! that part of the leak which is this instance's, so that the sum that all of them tell later is what one would have counted.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use foldhash::fast::RandomState;
use parking_lot::Mutex;

use crate::dense;
use crate::time::{Span, Timestamp};
use crate::verdict::Resource;

use super::bucket::{STEPS, Tick};
use super::cost::Costs;
use super::row::{Limits, Load};
use super::share::{PULLS, Pulled};

/// Resources of quotas.
const RESOURCES: usize = Resource::ALL.len();
/// Parts that keys are in, by their leading bits: each is told on its own.
pub const PARTS: usize = 16;
/// Most keys of a part of which something is untold. In reach they are those of a moment; out of reach those of whoever was
/// active since.
pub const UNTOLD_MAX: usize = 16_384;
/// How far the clock of this machine may be from that of the others before theirs counts.
const CLOCKS_APART: Span = Span::seconds(1);
/// After how long what is untold is known to all where the exchange works: whom it stands in the way asks again then.
pub(super) const SOON: Span = Span::seconds(1);

/// How levels are kept with others.
#[derive(Clone, Copy, Debug)]
pub struct Company {
    /// Instances that charge the same holders, this one included: 2 to 1,000.
    pub instances: u32,
    /// What part of each limit an instance grants on its own while the others are out of reach, in thousandths: 1 to 1,000.
    pub alone_milli: u32,
}

/// Steps of each level, in 512ths of a unit.
pub type Steps = [i64; RESOURCES];

/// What one key has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telling {
    /// Whose.
    pub key: u64,
    /// Charged since it was last told, less what was given back.
    pub steps: Steps,
    /// What leaks of each level in a microsecond, in `2^-54` of a step; 0 where there is no limit.
    pub paces: [u64; RESOURCES],
    /// What the level was before: it counts where nobody else remembers one.
    pub known: [u64; RESOURCES],
    /// Pulled since, in 65,536ths of a unit a second.
    pub pulled: Pulled,
}

/// What all instances together have spent of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Whose.
    pub key: u64,
    /// The levels, in steps.
    pub steps: [u64; RESOURCES],
    /// The rates, in 65,536ths of a unit a second.
    pub rates: Pulled,
}

/// What is untold of one key.
#[derive(Clone, Copy, Debug, Default)]
struct Own {
    limits: Limits,
    /// Not taken yet.
    waiting: Steps,
    /// Taken, and not yet heard to have arrived.
    flying: Steps,
    /// Arrived one and two rounds ago: not everybody may have heard.
    arrived: [Steps; 2],
    pulled: Pulled,
    /// What it leaks from on while nobody is in reach.
    leaks: Tick,
}

impl Own {
    /// What others may not know of.
    fn recent(&self) -> [u64; RESOURCES] {
        let [one, two] = &self.arrived;
        std::array::from_fn(|at| {
            let parts = [self.waiting[at], self.flying[at], one[at], two[at]];
            let spent = parts.into_iter().map(|part| part.max(0).unsigned_abs());
            spent.fold(0, u64::saturating_add)
        })
    }

    fn is_nothing(&self) -> bool {
        let nothing = [0; RESOURCES];
        self.waiting == nothing
            && self.flying == nothing
            && self.arrived == [nothing; 2]
            && self.pulled == [0; PULLS]
    }

    /// Lets leak, out of reach, what is this instance's part of the leak.
    fn leak(&mut self, instances: u64, now: Tick) {
        if now <= self.leaks {
            return;
        }
        for (steps, limit) in self.waiting.iter_mut().zip(self.limits) {
            if let Some(limit) = limit
                && *steps > 0
            {
                let leaked = limit.between(self.leaks, now) / instances;
                *steps = steps.saturating_sub_unsigned(leaked).max(0);
            }
        }
        self.leaks = now;
    }
}

/// Keys of one part.
#[derive(Default)]
struct Part {
    rows: HashMap<u64, Own, RandomState>,
    /// Keys whose steps are [`Own::flying`].
    flying: Vec<u64>,
}

/// What is untold, of all keys.
pub struct Untold {
    instances: u64,
    alone_milli: u64,
    alone: [AtomicBool; PARTS],
    parts: [Mutex<Part>; PARTS],
    /// Charges that nobody will be told of, for want of room.
    lost: AtomicU64,
    /// The others' time, in microseconds; 0 while it is not known.
    clock: AtomicI64,
}

/// The part of a key.
#[must_use]
pub fn part_of(key: u64) -> usize {
    dense::shard(key) % PARTS
}

impl Untold {
    /// Nothing yet, and nobody in reach.
    #[must_use]
    pub fn new(company: Company) -> Self {
        Self {
            instances: u64::from(company.instances.max(1)),
            alone_milli: u64::from(company.alone_milli.clamp(1, 1_000)),
            alone: std::array::from_fn(|_| AtomicBool::new(true)),
            parts: std::array::from_fn(|_| Mutex::default()),
            lost: AtomicU64::new(0),
            clock: AtomicI64::new(0),
        }
    }

    /// Charges that nobody will be told of, since the start.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Keys of which something is untold.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.lock().rows.len()).sum()
    }

    /// True where there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Says whether the others can be reached about the keys of a part.
    pub fn set_alone(&self, part: usize, alone: bool) {
        self.alone[part].store(alone, Ordering::Relaxed);
    }

    /// Says what time it is where the others meet. Called many times a second, or levels stand still.
    pub fn set_clock(&self, now: Timestamp) {
        self.clock.store(now.as_micros(), Ordering::Relaxed);
    }

    /// The present by which levels leak: that of this machine, held to that of the others, so that a clock which is set
    /// forward gives no credit.
    pub(super) fn now(&self, now: Timestamp) -> Timestamp {
        match self.clock.load(Ordering::Relaxed) {
            0 => now,
            micros => {
                let theirs = Timestamp::from_micros(micros);
                now.clamp(theirs.minus(CLOCKS_APART), theirs.plus(CLOCKS_APART))
            }
        }
    }

    fn is_alone(&self, key: u64) -> bool {
        self.alone[part_of(key)].load(Ordering::Relaxed)
    }

    /// What counts on top of the levels of a key, in steps: its own recent use, once more for each other instance.
    pub(super) fn beside(&self, key: u64) -> Option<[u64; RESOURCES]> {
        if self.is_alone(key) {
            return None;
        }
        let part = self.parts[part_of(key)].lock();
        let recent = part.rows.get(&key)?.recent();
        Some(recent.map(|steps| steps.saturating_mul(self.instances - 1)))
    }

    /// What a charge counts as here and now.
    pub(super) fn weighed(&self, key: u64, costs: Costs) -> Costs {
        match self.weight_milli(part_of(key)) {
            1_000 => costs,
            weight => Costs(costs.0.map(|cost| cost.saturating_mul(weight).div_ceil(1_000))),
        }
    }

    /// As how much a charge of the keys of a part counts now, in thousandths: less is granted where nobody is in reach.
    pub(super) fn weight_milli(&self, part: usize) -> u64 {
        if self.alone[part].load(Ordering::Relaxed) {
            1_000_000_u64.div_ceil(self.alone_milli)
        } else {
            1_000
        }
    }

    /// Notes what was charged or given back, or pulled, by somebody whose load is as it was before that.
    pub(super) fn note(&self, key: u64, (load, limits): (&Load, &Limits), what: Note) {
        let mut part = self.parts[part_of(key)].lock();
        if part.rows.len() >= UNTOLD_MAX && !part.rows.contains_key(&key) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let own = part.rows.entry(key).or_default();
        own.limits = *limits;
        if self.is_alone(key) {
            if own.waiting == [0; RESOURCES] {
                // What all knew of leaks first: it must not leak twice.
                own.leaks = load.drained(limits);
            }
            own.leak(self.instances, load.tick());
        }
        match what {
            Note::Charged(costs) => add(&mut own.waiting, limits, costs, 1),
            Note::GivenBack(costs) => add(&mut own.waiting, limits, costs, -1),
            Note::Pulled(pulled) => {
                for (sum, more) in own.pulled.iter_mut().zip(pulled) {
                    *sum = sum.saturating_add(more);
                }
            }
        }
    }

    /// Takes out what at most so many keys of a part have to tell. What was taken before must have been
    /// [`Self::arrived`].
    #[must_use]
    pub fn take(
        &self,
        part: usize,
        most: usize,
        now: Timestamp,
    ) -> Vec<(u64, Steps, Pulled, Limits)> {
        let alone = self.alone[part].load(Ordering::Relaxed);
        let now = Tick::of(self.now(now));
        let mut guard = self.parts[part].lock();
        let Part { rows, flying } = &mut *guard;
        debug_assert!(flying.is_empty());
        let mut taken = Vec::new();
        for (key, own) in rows.iter_mut() {
            if own.waiting == [0; RESOURCES] && own.pulled == [0; PULLS] {
                continue;
            }
            if taken.len() == most {
                break;
            }
            if alone {
                own.leak(self.instances, now);
            }
            own.flying = std::mem::take(&mut own.waiting);
            taken.push((*key, own.flying, std::mem::take(&mut own.pulled), own.limits));
            flying.push(*key);
        }
        taken
    }

    /// What was taken of a part has arrived: after two more beats everybody has heard of it.
    pub fn arrived(&self, part: usize) {
        let mut guard = self.parts[part].lock();
        let Part { rows, flying } = &mut *guard;
        for key in flying.drain(..) {
            if let Some(own) = rows.get_mut(&key) {
                for (sum, more) in own.arrived[0].iter_mut().zip(std::mem::take(&mut own.flying)) {
                    *sum = sum.saturating_add(more);
                }
            }
        }
    }

    /// A beat is over. Called when it is, and no oftener.
    pub fn turn(&self, part: usize) {
        self.parts[part].lock().rows.retain(|_, own| {
            own.arrived = [[0; RESOURCES], own.arrived[0]];
            !own.is_nothing()
        });
    }

    /// What of a key is not in what the others know.
    pub(super) fn unknown(&self, key: u64) -> (Steps, Pulled) {
        let part = self.parts[part_of(key)].lock();
        part.rows.get(&key).map_or(([0; RESOURCES], [0; PULLS]), |own| {
            let both = |at: usize| own.waiting[at].saturating_add(own.flying[at]);
            (std::array::from_fn(both), own.pulled)
        })
    }
}

/// What is noted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Note {
    /// A cost.
    Charged(Costs),
    /// What was charged too much.
    GivenBack(Costs),
    /// Rates that were added.
    Pulled(Pulled),
}

fn add(waiting: &mut Steps, limits: &Limits, costs: Costs, sign: i64) {
    for ((steps, limit), cost) in waiting.iter_mut().zip(limits).zip(costs.0) {
        if limit.is_some() {
            let cost = i64::try_from(cost.saturating_mul(STEPS)).unwrap_or(i64::MAX);
            *steps = steps.saturating_add(cost.saturating_mul(sign));
        }
    }
}

#[cfg(test)]
#[path = "untold/tests.rs"]
mod tests;
