//! Who lets jobs through: the share of this service, and absolute quotas before what the resource can carry.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;
use governor::clock::FakeRelativeClock;

use crate::limiter::share::{Offer, Share};
use crate::limiter::{Limits, Members};
use crate::time::Timestamp;
use crate::verdict::Going;

use super::super::sides::{Keyed, at, keyed, terms};
use super::scene::{CAPACITY, Scarce};

/// No quotas: what the share does is to be seen alone.
const NO_LIMITS: Limits = [None; 4];
/// A resource that cannot carry a job queues it for so long and no longer.
const QUEUE_SECONDS: f64 = 2.0;

/// Who says whether a job passes.
pub(super) trait Guard {
    /// Whether the job of that member passes.
    fn passes(&mut self, member: u64, cost: u64, offer: &Offer) -> bool;
}

/// Fair share, in the table of members as in the service.
pub(super) struct Fair {
    members: Members,
    share: Share,
}

impl Fair {
    pub(super) fn new(scarce: Scarce, seed: u64) -> Self {
        let mut capacity = [0; 3];
        capacity[scarce.watched() as usize] = CAPACITY;
        Self {
            members: Members::of_bytes(16 << 20, NO_LIMITS),
            share: Share::new(terms(capacity), [seed, 99]),
        }
    }
}

impl Guard for Fair {
    fn passes(&mut self, member: u64, _cost: u64, offer: &Offer) -> bool {
        let answer = self
            .members
            .with(member, &NO_LIMITS, offer.now, |visit| visit.offer(&self.share, offer));
        matches!(answer.going, Going::Go | Going::GoLow)
    }
}

/// One fixed quota for every member, by `governor`, or none; of what is left the resource takes what it can carry, whoever comes first.
pub(super) struct Fixed {
    quota: Option<(Keyed, FakeRelativeClock)>,
    told: Timestamp,
    level: f64,
    levelled: Timestamp,
}

impl Fixed {
    /// Of so many units a second and at once.
    pub(super) fn new(quota: Option<(f64, u64)>) -> Self {
        let quota = quota.and_then(|(rate, burst)| {
            let burst = NonZeroU32::new(u32::try_from(burst).ok()?)?;
            let quota = Quota::with_period(Duration::from_secs_f64(1.0 / rate))?;
            let clock = FakeRelativeClock::default();
            Some((keyed(quota.allow_burst(burst), &clock), clock))
        });
        Self { quota, told: at(0), level: 0.0, levelled: at(0) }
    }
}

impl Guard for Fixed {
    fn passes(&mut self, member: u64, cost: u64, offer: &Offer) -> bool {
        if let Some((limiter, clock)) = &self.quota {
            clock.advance(Duration::from_micros(offer.now.since(self.told).as_micros()));
            self.told = offer.now;
            let cost = u32::try_from(cost).ok().and_then(NonZeroU32::new);
            let within =
                cost.is_some_and(|cost| matches!(limiter.check_key_n(&member, cost), Ok(Ok(()))));
            if !within {
                return false;
            }
        }
        let (capacity, cost) = (CAPACITY as f64, cost as f64);
        let elapsed = Duration::from_micros(offer.now.since(self.levelled).as_micros());
        self.level = (self.level - capacity * elapsed.as_secs_f64()).max(0.0);
        self.levelled = offer.now;
        let carried = self.level + cost <= capacity * QUEUE_SECONDS;
        if carried {
            self.level += cost;
        }
        carried
    }
}
