//! What was charged before it was known: a job's estimate, and what of it is given back when the actual cost comes.
//!
//! To give back all that was estimated too much would be too much itself: what has leaked since cannot be given back, or
//! who reserves, waits and sends nothing gets more than the rate. So a level is left where it would not be lower than
//! that of a limiter which had known the actual cost from the beginning; no window gets more than that one would give.
//!
//! What stood before a charge keeps it from leaking, for as long as it stands. It may go by being given back itself, and then what came
//! after it has been leaking since: so what was given back meanwhile does not count as having stood. Where that is not known,
//! beside other instances, nothing does.
//!
//! That no schedule gets more: let `W` be the level where whatever is settled was known from the beginning. The level here is never
//! below it. A charge of `e` on top of `s`, of which `g` was given back of the level and at most `l` leaked since, has kept
//! the level at `s + e - l - g` or above, and a charge alone kept `W` at `e - l` or above. So much less `W` would be at least, or by all that
//! was too much.
//!
//! A call of which nothing more is heard stays charged as estimated: the estimate is its settlement, and the longer a result
//! is in coming, the less there is left to give back.

use crate::time::Timestamp;
use crate::verdict::{QuotaHolder, QuotaStatus, Resource};

use super::cost::Costs;
use super::members::GivenBack;
use super::row::Limits;

/// A charge that is to be settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reservation {
    /// When it was charged.
    pub at: Timestamp,
    /// What the levels stood at before it, in whole units, rounded down: of several that were charged the lowest.
    pub stood: [u32; Resource::ALL.len()],
    /// What had been given back to them; see [`Locked::given`](super::Locked::given).
    pub given: GivenBack,
}

impl Reservation {
    /// The reservation of a charge, by the answers it was admitted with and by what had been given back to whom it is counted
    /// against, where that is known.
    #[must_use]
    pub fn of(quotas: &[QuotaStatus], given: Option<GivenBack>, at: Timestamp) -> Self {
        let Some(given) = given else { return Self::at(at) };
        let stood = Resource::ALL.map(|resource| {
            // What was sent in a month drains by no second, and keeps nothing from leaking.
            let drains = |quota: &&QuotaStatus| quota.holder != QuotaHolder::Month;
            let of_it = quotas.iter().filter(drains).filter(|quota| quota.resource == resource);
            // What is left is rounded down, and so what is spent is up.
            let spent =
                |quota: &QuotaStatus| quota.burst.saturating_sub(quota.remaining).saturating_sub(1);
            u32::try_from(of_it.map(spent).min().unwrap_or(0)).unwrap_or(u32::MAX)
        });
        Self { at, stood, given }
    }

    /// The reservation of a charge of which no more is known than when it was.
    #[must_use]
    pub const fn at(at: Timestamp) -> Self {
        Self { at, stood: [0; Resource::ALL.len()], given: [0; Resource::ALL.len()] }
    }

    /// What stays charged in place of the estimate: the actual cost, or more where too much has leaked since. Of several
    /// whose limits these are, and to whom so much has been given back, what stays charged of each.
    #[must_use]
    pub fn owed<'a>(
        &self,
        (estimate, actual): (Costs, Costs),
        (limits, given): (impl IntoIterator<Item = &'a Limits>, Option<GivenBack>),
        now: Timestamp,
    ) -> Costs {
        let mut leaked = Costs::default();
        for limits in limits {
            for (most, limit) in leaked.0.iter_mut().zip(limits) {
                *most = limit.map_or(0, |limit| limit.leaks(self.at, now)).max(*most);
            }
        }
        Costs(std::array::from_fn(|at| {
            let stands = given.map_or(0, |given| {
                let gone = given[at].wrapping_sub(self.given[at]);
                u64::from(self.stood[at].saturating_sub(gone))
            });
            let left = stands.saturating_add(estimate.0[at]).saturating_sub(leaked.0[at]);
            actual.0[at].max(estimate.0[at].saturating_sub(left))
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::members::Party;
    use super::super::{Allowance, Members, admits, limits};
    use super::*;
    use crate::time::Span;
    use crate::verdict::QuotaOutcome;

    const fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000 + micros)
    }

    const fn faxes(count: u64) -> Costs {
        Costs([count, 0, 0, 0])
    }

    fn quota(rate: u64, burst: u64) -> Limits {
        let allowance = Allowance { rate, period: Span::seconds(60), burst };
        limits(&[Some(allowance), None, None, None])
    }

    proptest! {
        /// Beside a limiter that knows every actual cost when the job comes: whatever this one lets through, that one does.
        #[test]
        fn it_is_never_more_generous_than_who_knew(
            (rate, burst) in (1_u64..200, 1_u64..60),
            jobs in prop::collection::vec((0_i64..20_000_000, 1_u64..30, 0_u64..30, 0_i64..90_000_000), 1..60),
        ) {
            let limits = quota(rate, burst);
            let members = Members::of_bytes(1 << 20, limits);
            let knew = Members::of_bytes(1 << 20, limits);
            let party = Party { holder: QuotaHolder::Member, key: 1, limits: &limits, off: 0, month: None };
            let (mut now, mut open) = (0, Vec::<(i64, Reservation, (Costs, Costs))>::new());
            for (step, estimate, actual, lasts) in jobs {
                now += step;
                let actual = actual.min(estimate);
                open.sort_by_key(|(ends, ..)| std::cmp::Reverse(*ends));
                while let Some((ends, reserved, costs)) = open.pop_if(|(ends, ..)| *ends <= now) {
                    let mut locked = members.lock([party], at(ends));
                    let owed = reserved.owed(costs, (locked.limits(), locked.given()), at(ends));
                    locked.visit(0, at(ends), |visit| visit.settle(costs.0, owed));
                }
                let mut locked = members.lock([party], at(now));
                let statuses = locked.visit(0, at(now), |visit| visit.admit(faxes(estimate)));
                if admits(&statuses) {
                    let quotas: Vec<QuotaStatus> = statuses.into_iter().flatten().collect();
                    let reserved = Reservation::of(&quotas, locked.given(), at(now));
                    let exact = knew.with(1, &limits, at(now), |visit| visit.admit(faxes(actual)));
                    prop_assert!(admits(&exact), "{exact:?}");
                    open.push((now + lasts, reserved, (faxes(estimate), faxes(actual))));
                }
            }
        }
    }

    #[test]
    fn soon_all_is_given_back_and_late_nothing() {
        let limits = quota(60, 100);
        let (fresh, none) = (Reservation::at(at(0)), Some([0; 4]));
        let owed = |reserved: Reservation, seconds: i64| {
            let now = at(seconds * 1_000_000);
            reserved.owed((faxes(10), faxes(2)), ([&limits], none), now).0[0]
        };
        assert_eq!(owed(fresh, 0), 2);
        assert_eq!(owed(fresh, 5), 6);
        assert_eq!(owed(fresh, 3_600), 10);
        // A level that was not empty meanwhile still has all of it.
        assert_eq!(owed(Reservation { stood: [20, 0, 0, 0], ..fresh }, 15), 2);
        // Without a limit nothing is remembered.
        let free = [None; 4];
        assert_eq!(fresh.owed((faxes(10), faxes(2)), ([&free], none), at(1)).0[0], 2);
    }

    /// What it stood on was given back, and so it has been leaking since.
    #[test]
    fn what_was_given_back_has_not_stood() {
        let limits = quota(60, 100);
        let reserved = Reservation {
            stood: [20, 0, 0, 0],
            given: [u32::MAX, 0, 0, 0],
            ..Reservation::at(at(0))
        };
        let owed = |given| {
            let costs = (faxes(10), faxes(2));
            reserved.owed(costs, ([&limits], given), at(5_000_000)).0[0]
        };
        assert_eq!(owed(Some([u32::MAX, 0, 0, 0])), 2);
        assert_eq!(owed(Some([16, 0, 0, 0])), 3);
        assert_eq!(owed(Some([90, 0, 0, 0])), 6);
        assert_eq!(owed(None), 6);
    }

    #[test]
    fn of_several_the_lowest_counts() {
        let status = |remaining| QuotaStatus {
            holder: QuotaHolder::Member,
            resource: Resource::Pages,
            outcome: QuotaOutcome::Within,
            cost: 1,
            remaining,
            burst: 10,
        };
        let reserved = Reservation::of(&[status(3), status(8)], Some([0; 4]), at(0));
        assert_eq!(reserved.stood, [0, 1, 0, 0]);
    }
}
