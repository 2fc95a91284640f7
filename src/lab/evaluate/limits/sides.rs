//! What is measured beside what: our table of members with four quotas and the share, and `governor` with one quota a member.
//! Both are told the time, so that neither reads a clock.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::FakeRelativeClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use rustix::time::{ClockId, clock_gettime};

use crate::dense;
use crate::lab::evaluate::screening::engine::Fault;
use crate::lab::traffic::DAY_START;
use crate::limiter::catalog::{Spend, Spending};
use crate::limiter::members::Visit;
use crate::limiter::share::{AHEAD, Arrival, HALF_LIVES, Marks, Offer, Share, Standing, Terms};
use crate::limiter::{Allowance, Allowances, Costs, Limits, Members, admits, limits};
use crate::time::{DAY_SECONDS, Span, Timestamp};
use crate::verdict::Going;

/// A day's faxes, pages, line seconds and recipients of a busy member.
const A_DAY: [u32; 4] = [10_000, 50_000, 500_000, 10_000];
/// What a fax of three pages is estimated at.
const FAX: Costs = Costs([1, 3, 105, 1]);

/// The key of a member of that number: as good as random, as pseudonyms are.
pub(super) const fn key(seed: u64, number: u64) -> u64 {
    dense::mix([seed, 0x6d65_6d62_6572_7321], number, !number)
}

/// Processor time of this process so far, by its own clock.
pub(super) fn processor() -> Result<Duration, Fault> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Ok(Duration::new(u64::try_from(time.tv_sec)?, u32::try_from(time.tv_nsec)?))
}

/// Nanoseconds of processor time for each of so many.
pub(super) fn processor_ns(count: u64, mut each: impl FnMut(u64)) -> Result<f64, Fault> {
    let before = processor()?;
    (0..count).for_each(&mut each);
    Ok(processor()?.saturating_sub(before).as_nanos() as f64 / count.max(1) as f64)
}

/// What a job asks of the contended resources.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Of lines alone.
    Lines,
    /// Of all three that are watched, by what the catalog says that the job spends of everything in it.
    All,
}

/// The contended resources, and what is asked of them.
pub(super) struct Asked {
    share: Share,
    needs: Needs,
}

impl Asked {
    /// Of resources of which jobs take a tenth, where so many microseconds lie between two.
    pub(super) fn of(needs: Needs, step: u64, seed: u64) -> Self {
        Self::with(needs, [1_050_000_000, 10_000_000, 1_800_000_000], (step, seed))
    }

    /// Of resources of which jobs would take twice what there is.
    pub(super) fn contended(step: u64, seed: u64) -> Self {
        Self::with(Needs::All, [52_500_000, 500_000, 90_000_000], (step, seed))
    }

    fn with(needs: Needs, at_each_micro: [u64; 3], (step, seed): (u64, u64)) -> Self {
        let capacity = at_each_micro.map(|units| units / step.max(1));
        Self { share: Share::new(terms(capacity), [seed, 7]), needs }
    }

    /// Whether anything is contended.
    pub(super) fn is_contended(&self) -> bool {
        crate::verdict::Watched::ALL.into_iter().any(|watched| self.share.is_contended(watched))
    }
}

/// The terms of an untouched policy, where there is so much of lines, attempts and conversion.
pub(super) const fn terms(capacity: [u64; 3]) -> Terms {
    Terms {
        capacity,
        half_life: HALF_LIVES,
        ahead: AHEAD,
        marks: Marks { begins: 950, ends: 850 },
        wait_max: Span::seconds(600),
        refuse_times: 0,
        expected_ppm: 1_000,
    }
}

/// Our side.
pub(super) struct Ours {
    /// The table.
    pub(super) members: Members,
    limits: Limits,
    seed: u64,
}

impl Ours {
    /// A table with room for so many members, and as many again.
    pub(super) fn for_members(count: u64, seed: u64) -> Result<Self, Fault> {
        let allowances: Allowances = A_DAY.map(|units| {
            let units = u64::from(units);
            Some(Allowance { rate: units, period: Span::seconds(DAY_SECONDS), burst: units })
        });
        let limits = limits(&allowances);
        let bytes = usize::try_from(count)?.saturating_mul(128).max(64 << 20);
        Ok(Self { members: Members::of_bytes(bytes, limits), limits, seed })
    }

    /// Four quotas are asked, the job is offered to the share, and where it goes all four are charged, as when a job is submitted.
    pub(super) fn charge(&self, number: u64, asked: &Asked, tick: i64) -> bool {
        let (key, now) = (key(self.seed, number), at(tick));
        let costs = black_box(FAX);
        let needs = match asked.needs {
            Needs::Lines => [costs.0[2], 0, 0],
            Needs::All => {
                let spent = black_box(Spending::of_job(costs));
                [Spend::LineSeconds, Spend::CallAttempts, Spend::Conversion]
                    .map(|spend| spent.of(spend))
            }
        };
        let offer = Offer {
            job: key ^ now.as_micros().unsigned_abs(),
            arrival: Arrival::New,
            costs: needs,
            standing: Standing { weight_milli: 1_000, floor_ppm: 0 },
            membership: None,
            lowered: 0,
            now,
        };
        self.members.with(key, &self.limits, now, |visit| charge(visit, asked, (costs, &offer)))
    }
}

fn charge(visit: &mut Visit<'_>, asked: &Asked, (costs, offer): (Costs, &Offer)) -> bool {
    if !admits(&visit.check(costs)) {
        return false;
    }
    let goes = matches!(visit.offer(&asked.share, offer).going, Going::Go | Going::GoLow);
    if goes {
        visit.charge(costs);
    }
    goes
}

/// So many microseconds after the beginning.
pub(super) fn at(tick: i64) -> Timestamp {
    Timestamp::from_micros(DAY_START.as_micros() + tick)
}

/// `governor`, keyed, on a clock that is set.
pub(super) type Keyed =
    RateLimiter<u64, DashMapStateStore<u64>, FakeRelativeClock, NoOpMiddleware<Nanos>>;

/// A limiter of so many units a period and at once.
pub(super) fn keyed(quota: Quota, clock: &FakeRelativeClock) -> Keyed {
    RateLimiter::new(quota, DashMapStateStore::default(), clock.clone())
}

/// The other side: one quota a member.
pub(super) struct Theirs {
    /// The limiter.
    pub(super) limiter: Keyed,
    seed: u64,
}

impl Theirs {
    /// A limiter of faxes with nobody in it.
    pub(super) fn new(seed: u64) -> Result<Self, Fault> {
        let units = NonZeroU32::new(A_DAY[0]).ok_or("no quota")?;
        let period = Duration::from_secs(DAY_SECONDS) / A_DAY[0];
        let quota = Quota::with_period(period).ok_or("no quota")?.allow_burst(units);
        Ok(Self { limiter: keyed(quota, &FakeRelativeClock::default()), seed })
    }

    /// Asks and charges the one quota.
    pub(super) fn charge(&self, number: u64) -> bool {
        self.limiter.check_key(&key(self.seed, number)).is_ok()
    }
}
