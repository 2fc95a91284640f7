//! A resource that can be contended: what there is of it, whether it is contended now, and the fair rate.
//!
//! Contended is what is offered more than a mark of the capacity, is in use or queued for above one, or has let more
//! through than it can carry. It ends below a lower mark. All of it is worked out anew in every interval by whoever comes
//! first after it; in between a decision reads a handful of numbers.
//!
//! Behind the fair rate stands a small bucket of what was let through. It is filled at once where the fair rate is
//! seconds late, and stops what is above its share then; by its level the fair rate is corrected, so that over time
//! neither capacity is left lying nor debt is heaped up.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::time::{Span, Timestamp};

use super::fill::{self, Offered, Tally, UNLIMITED};
use super::rate::{self, Fading};

/// Time between two looks at the fair rate.
pub(super) const INTERVAL: Span = Span::millis(250);
/// From which step back on the clock was set, and threads do not merely look at it in another order.
const STEPPED_BACK: Span = Span::seconds(1);
/// Half-life of what was offered.
const OFFERED_HALF_LIFE: Span = Span::millis(700);
/// In what time a bucket is filled or emptied to its half, in seconds.
const LEVELLED_SECONDS: u128 = 5;
/// The deepest debt that is remembered, in buckets.
const DEBT_MAX: u64 = 4;
/// Reports of nodes that are remembered.
const NODES_MAX: usize = 1_024;
/// After how long a node that says nothing more is no longer counted.
const REPORT_LASTS: Span = Span::seconds(30);

/// Marks between which a resource stays as it is, in thousandths of its capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// From here on it is contended.
    pub begins: u64,
    /// Below here it is no longer.
    pub ends: u64,
}

/// What a node says of its part of a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How much it has, in units a second: a line carries one line second a second.
    pub capacity: u64,
    /// How much of it is in use.
    pub in_use: u64,
    /// How much more waits for it.
    pub queued: u64,
}

/// What instances of the service say to each other of a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidings {
    /// What is offered there, in 1,024ths of a unit a second.
    pub offered: u64,
    /// What nodes have reported there.
    pub usage: Usage,
}

struct Report {
    node: u64,
    usage: Usage,
    at: Timestamp,
}

/// One resource.
pub(super) struct Arena {
    marks: Marks,
    /// The bucket holds what can be carried in this time.
    ahead: Span,
    /// Capacity where no node reports any; 0 is none, and then nothing is ever contended.
    declared: u64,
    capacity: AtomicU64,
    /// Turns a rate into parts of the capacity.
    inverse: AtomicU64,
    contended: AtomicBool,
    fair: AtomicU64,
    tally: Tally,
    /// Let through since the last look, in units.
    passed: AtomicU64,
    /// The bucket's level at the last look.
    level: AtomicU64,
    looked: AtomicI64,
    offered: Mutex<Offered>,
    reports: Mutex<Vec<Report>>,
    /// What all other instances say.
    others: Mutex<Tidings>,
    /// What of the capacity is this instance's: the part that what is offered to it is of all that is.
    mine: AtomicU64,
}

impl Arena {
    pub(super) fn new(declared: u64, marks: Marks, ahead: Span) -> Self {
        let arena = Self {
            marks,
            ahead,
            declared,
            capacity: AtomicU64::new(0),
            inverse: AtomicU64::new(0),
            contended: AtomicBool::new(false),
            fair: AtomicU64::new(UNLIMITED),
            tally: Tally::default(),
            passed: AtomicU64::new(0),
            level: AtomicU64::new(0),
            looked: AtomicI64::new(i64::MIN),
            offered: Mutex::new(Offered::default()),
            reports: Mutex::new(Vec::new()),
            others: Mutex::new(Tidings::default()),
            mine: AtomicU64::new(0),
        };
        arena.set_capacity(declared);
        arena
    }

    /// Takes over what another knew of the same resource; its marks and what is declared are its own.
    pub(super) fn succeed(&self, other: &Self) {
        let relaxed = Ordering::Relaxed;
        {
            let mut reports = other.reports.lock();
            self.reports.lock().append(&mut reports);
        }
        *self.offered.lock() = std::mem::take(&mut *other.offered.lock());
        *self.others.lock() = *other.others.lock();
        self.fair.store(other.fair.load(relaxed), relaxed);
        self.level.store(other.level.load(relaxed), relaxed);
        self.passed.store(other.passed.load(relaxed), relaxed);
        self.looked.store(other.looked.load(relaxed), relaxed);
        self.contended.store(other.is_contended(), relaxed);
        let reported = self.reports.lock().iter().any(|report| report.usage.capacity > 0);
        if reported {
            self.set_capacity(other.capacity.load(relaxed));
            self.mine.store(other.mine.load(relaxed), relaxed);
        }
    }

    /// Whether nodes say how much there is.
    pub(super) fn is_reported(&self) -> bool {
        self.reports.lock().iter().any(|report| report.usage.capacity > 0)
    }

    fn set_capacity(&self, capacity: u64) {
        // A rate has 16 binary places and a part 24; 40 are taken off after the product.
        let inverse = (u128::from(u64::MAX) >> rate::PLACES).checked_div(u128::from(capacity));
        let inverse = u64::try_from(inverse.unwrap_or(0)).unwrap_or(u64::MAX);
        self.inverse.store(inverse, Ordering::Relaxed);
        self.capacity.store(capacity, Ordering::Relaxed);
        self.mine.store(capacity, Ordering::Relaxed);
    }

    /// Takes the word of all other instances.
    pub(super) fn hear(&self, others: Tidings) {
        *self.others.lock() = others;
    }

    /// What this instance says.
    pub(super) fn tidings(&self) -> Tidings {
        let usage = sum_up(&self.reports.lock());
        Tidings { offered: self.offered.lock().total(), usage }
    }

    /// What part of the capacity a rate is, in `2^-24`.
    pub(super) fn part_of(&self, rate: u64) -> u64 {
        let product = u128::from(rate) * u128::from(self.inverse.load(Ordering::Relaxed));
        u64::try_from(product >> (64 - fill::PLACES)).unwrap_or(u64::MAX)
    }

    /// Whether it is watched at all.
    pub(super) fn is_watched(&self) -> bool {
        self.capacity.load(Ordering::Relaxed) > 0
    }

    /// Whether it is contended now.
    pub(super) fn is_contended(&self) -> bool {
        self.contended.load(Ordering::Relaxed)
    }

    /// The fair rate of a weight of 1,000, as a part of the capacity.
    pub(super) fn fair(&self) -> u64 {
        self.fair.load(Ordering::Relaxed)
    }

    /// Notes what somebody of that rate, by weight, offers.
    pub(super) fn offer(&self, rate: u64, cost: u64) {
        self.tally.add(rate, cost);
    }

    /// Notes what was let through. Where it is more than can be carried the resource is contended from now on.
    pub(super) fn pass(&self, cost: u64, now: Timestamp) {
        self.passed.fetch_add(cost, Ordering::Relaxed);
        if !self.is_contended() && self.is_watched() && self.is_overrun(now).is_some() {
            self.contended.store(true, Ordering::Relaxed);
        }
    }

    /// The bucket's level now, in units.
    fn level(&self, now: Timestamp) -> u64 {
        let looked = Timestamp::from_micros(self.looked.load(Ordering::Relaxed));
        let carried = carried(self.mine.load(Ordering::Relaxed), now.since(looked));
        let level = self.level.load(Ordering::Relaxed);
        level.saturating_add(self.passed.load(Ordering::Relaxed)).saturating_sub(carried)
    }

    /// After what time the bucket has room again; `None` while it has.
    pub(super) fn is_overrun(&self, now: Timestamp) -> Option<Span> {
        let capacity = self.mine.load(Ordering::Relaxed).max(1);
        let over = self.level(now).checked_sub(carried(capacity, self.ahead))?;
        Some(Span::micros(over.saturating_mul(1_000_000) / capacity).max(Span::millis(100)))
    }

    /// Looks anew where an interval is over.
    pub(super) fn look(&self, now: Timestamp) {
        let looked = self.looked.load(Ordering::Relaxed);
        if looked != i64::MIN && now.since(Timestamp::from_micros(looked)) < INTERVAL {
            // A clock that stepped back must not leave a limit standing until it is where it was.
            if Timestamp::from_micros(looked).since(now) > STEPPED_BACK {
                self.looked.store(now.as_micros(), Ordering::Relaxed);
            }
            return;
        }
        let Some(mut offered) = self.offered.try_lock() else { return };
        let relaxed = Ordering::Relaxed;
        if self.looked.compare_exchange(looked, now.as_micros(), relaxed, relaxed).is_err() {
            return;
        }
        if looked == i64::MIN {
            return;
        }
        let elapsed = now.since(Timestamp::from_micros(looked));
        let left = Fading::by_half_in(OFFERED_HALF_LIFE).left(elapsed);
        offered.fade(left, &self.tally.take(), elapsed.as_micros());
        let others = *self.others.lock();
        let use_now = self.reported(others.usage, now);
        let capacity = part_of(self.capacity.load(relaxed), offered.total(), others.offered);
        self.mine.store(capacity, relaxed);
        let full = carried(capacity, self.ahead);
        let level = self.level.load(relaxed).saturating_add(self.passed.swap(0, relaxed));
        let level =
            level.saturating_sub(carried(capacity, elapsed)).min(full.saturating_mul(DEBT_MAX));
        self.level.store(level, relaxed);
        // Where nodes say that more waits than there is, calls last longer than they were estimated at.
        let target = target(capacity, level, full) / use_now.clamp(1_000, 4_000) * 1_000;
        self.fair.store(offered.fair_rate(target), relaxed);
        let load = offered.total().saturating_mul(1_000) / capacity.saturating_mul(1_024).max(1);
        let load = load.max(use_now);
        let contended = if self.is_contended() {
            load >= self.marks.ends || level > full / 2
        } else {
            load >= self.marks.begins || level >= full
        };
        self.contended.store(contended && capacity > 0, relaxed);
    }

    /// Takes a node's word.
    pub(super) fn report(&self, node: u64, usage: Usage, now: Timestamp) {
        let mut reports = self.reports.lock();
        reports.retain(|report| report.node != node);
        if reports.len() < NODES_MAX {
            reports.push(Report { node, usage, at: now });
        }
    }

    /// Sums the words of nodes up, and says how much is in use or queued for, in thousandths of the capacity.
    fn reported(&self, elsewhere: Usage, now: Timestamp) -> u64 {
        let mut reports = self.reports.lock();
        reports.retain(|report| now.since(report.at) <= REPORT_LASTS);
        let here = sum_up(&reports);
        let capacity = here.capacity.saturating_add(elsewhere.capacity);
        let known = if capacity == 0 { self.declared } else { capacity };
        if known != self.capacity.load(Ordering::Relaxed) {
            self.set_capacity(known);
        }
        let [here, elsewhere] =
            [here, elsewhere].map(|usage| usage.in_use.saturating_add(usage.queued));
        let wanted = here.saturating_add(elsewhere);
        wanted.saturating_mul(1_000).checked_div(capacity).unwrap_or(0)
    }
}

/// All reports together.
fn sum_up(reports: &[Report]) -> Usage {
    reports.iter().fold(Usage::default(), |sum, Report { usage, .. }| Usage {
        capacity: sum.capacity.saturating_add(usage.capacity),
        in_use: sum.in_use.saturating_add(usage.in_use),
        queued: sum.queued.saturating_add(usage.queued),
    })
}

/// The part of a capacity that what is offered here is of all that is; all of it where nothing is offered elsewhere.
fn part_of(capacity: u64, here: u64, elsewhere: u64) -> u64 {
    let here = u128::from(here) + 1;
    let part = u128::from(capacity) * here / (here + u128::from(elsewhere));
    u64::try_from(part).unwrap_or(capacity).max(capacity.min(1))
}

/// What can be carried in a time, in units.
fn carried(capacity: u64, time: Span) -> u64 {
    let carried = u128::from(capacity) * u128::from(time.as_micros()) / 1_000_000;
    u64::try_from(carried).unwrap_or(u64::MAX)
}

/// What may be let through a second, in 1,024ths: all there is at half a bucket, more where it is emptier and less where it is
/// fuller, by what it lacks or has too much over some seconds, down to half.
fn target(capacity: u64, level: u64, full: u64) -> u64 {
    let all = u128::from(capacity) * 1_024;
    let apart = u128::from(full / 2).abs_diff(level.into()) * 1_024 / LEVELLED_SECONDS;
    let target = if level < full / 2 { all + apart } else { all.saturating_sub(apart) };
    u64::try_from(target.max(all / 2)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKS: Marks = Marks { begins: 950, ends: 850 };
    const AHEAD: Span = Span::seconds(2);

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000 + millis * 1_000)
    }

    /// Offers so much a second for a while, of which everything passes.
    fn offer(arena: &Arena, from: i64, seconds: i64, a_second: i64) {
        for second in from..from + seconds {
            for each in 0..a_second {
                let now = at(second * 1_000 + each * 1_000 / a_second);
                arena.look(now);
                arena.offer(1 << 14, 1);
                arena.pass(1, now);
            }
        }
    }

    #[test]
    fn contention_begins_and_ends_apart() {
        let arena = Arena::new(1_000, MARKS, AHEAD);
        offer(&arena, 0, 10, 900);
        assert!(!arena.is_contended());
        offer(&arena, 10, 10, 1_000);
        assert!(arena.is_contended());
        offer(&arena, 20, 10, 900);
        assert!(arena.is_contended());
        offer(&arena, 30, 5, 800);
        assert!(!arena.is_contended());
    }

    #[test]
    fn what_nodes_report_begins_it_and_ends_with_them() {
        let arena = Arena::new(0, MARKS, AHEAD);
        offer(&arena, 0, 2, 100);
        assert!(!arena.is_watched() && !arena.is_contended());
        let usage = Usage { capacity: 500, in_use: 400, queued: 0 };
        arena.report(1, usage, at(2_000));
        arena.report(2, Usage { in_use: 500, queued: 90, ..usage }, at(2_000));
        offer(&arena, 2, 2, 100);
        assert!(arena.is_contended() && arena.is_watched());
        arena.report(2, usage, at(4_000));
        offer(&arena, 4, 2, 100);
        assert!(!arena.is_contended());
        offer(&arena, 6, 40, 10);
        assert!(!arena.is_watched());
    }

    #[test]
    fn two_instances_divide_what_there_is_by_what_is_offered_to_each() {
        let (one, two) = (Arena::new(1_000, MARKS, AHEAD), Arena::new(1_000, MARKS, AHEAD));
        for second in 0..20 {
            offer(&one, second, 1, 300);
            offer(&two, second, 1, 900);
            let (of_one, of_two) = (one.tidings(), two.tidings());
            one.hear(of_two);
            two.hear(of_one);
        }
        // Neither of them sees as much as there is, and both know that there is more.
        assert!(one.is_contended() && two.is_contended());
        let mine = [&one, &two].map(|arena| arena.mine.load(Ordering::Relaxed));
        assert!((220..=280).contains(&mine[0]) && (720..=780).contains(&mine[1]), "{mine:?}");
        let usage = Usage { capacity: 9_000, in_use: 0, queued: 0 };
        one.report(1, usage, at(20_000));
        two.hear(one.tidings());
        offer(&two, 20, 2, 900);
        assert_eq!(two.capacity.load(Ordering::Relaxed), 9_000);
    }

    #[test]
    fn a_flood_is_seen_before_the_next_look() {
        let arena = Arena::new(100, MARKS, AHEAD);
        arena.look(at(0));
        (0..250).for_each(|_| arena.pass(1, at(10)));
        assert!(arena.is_contended());
        assert!(arena.is_overrun(at(10)).is_some_and(|room| room >= Span::millis(100)));
        assert_eq!(arena.is_overrun(at(2_000)), None);
    }
}
