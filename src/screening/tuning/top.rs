//! Who used most of a resource, from the usage log: bounded however many there are.

use std::cmp::Reverse;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::ledger::{Use, UseKind, User};
use crate::memory::Memory;
use crate::memory::usage::UsageExtent;
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::verdict::{QuotaHolder, Resource};

/// Users that are told apart; with as many again at a time, before the least are let go of together.
pub const TOP_MAX: usize = 16_384;

/// What somebody used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Units.
    pub units: u64,
    /// How often something stood in its way.
    pub stood: u64,
}

/// Who used most. What is told of one may be too much by [`Self::error`] and is never too little (frequent items by counters;
/// Metwally, Agrawal, El Abbadi 2005, with the least let go of together).
#[derive(Clone, Debug, Default)]
pub struct Top {
    used: HashMap<u64, Used, RandomState>,
    /// Units of all.
    pub total: u64,
    /// How far what is told of one may be above what it used.
    pub error: u64,
    /// Users, as far as they were told apart.
    pub users: u64,
}

impl Top {
    /// Adds to what somebody used.
    pub fn add(&mut self, user: u64, units: u64, stood: bool) {
        self.total = self.total.saturating_add(units);
        if self.used.len() >= 2 * TOP_MAX && !self.used.contains_key(&user) {
            self.thin();
        }
        let error = self.error;
        let users = &mut self.users;
        let used = self.used.entry(user).or_insert_with(|| {
            *users += 1;
            Used { units: error, stood: 0 }
        });
        used.units = used.units.saturating_add(units);
        used.stood += u64::from(stood);
    }

    /// Lets go of the least. Whoever comes new may be one of them.
    fn thin(&mut self) {
        let mut units: Vec<u64> = self.used.values().map(|used| used.units).collect();
        let (_, least, _) = units.select_nth_unstable_by_key(TOP_MAX, |units| Reverse(*units));
        self.error = self.error.max(*least);
        let error = self.error;
        self.used.retain(|_, used| used.units > error);
    }

    /// The first of them.
    #[must_use]
    pub fn most(&self, most: usize) -> Vec<(u64, Used)> {
        let mut all: Vec<_> = self.used.iter().map(|(user, used)| (*user, *used)).collect();
        all.sort_unstable_by_key(|(user, used)| (Reverse(used.units), *user));
        all.truncate(most);
        all
    }
}

/// Who used most of a resource since that time. Faxes, pages and seconds count when they are over, recipients when a job is charged.
/// Reads the store.
///
/// # Errors
/// [`StoreError`].
pub fn top(
    memory: &Memory,
    (holder, resource): (QuotaHolder, Resource),
    since: Timestamp,
) -> Result<(Top, UsageExtent), StoreError> {
    let mut top = Top::default();
    let extent = memory.read_usage(since, &mut |one: &Use| {
        let user = match (holder, one.user) {
            (QuotaHolder::Member | QuotaHolder::Month, User::Sender { member, .. }) => member,
            (QuotaHolder::Organisation, User::Sender { organisation, .. }) => organisation,
            (QuotaHolder::ApiKey, User::Sender { api_key, .. }) => api_key,
            (QuotaHolder::Number, User::Called { number, .. }) => number,
            (QuotaHolder::Trunk, User::Called { trunk, .. }) => trunk,
            (
                QuotaHolder::Member
                | QuotaHolder::Month
                | QuotaHolder::Organisation
                | QuotaHolder::ApiKey,
                User::Called { .. },
            )
            | (QuotaHolder::Number | QuotaHolder::Trunk, User::Sender { .. }) => 0,
        };
        let counts = match resource {
            Resource::Faxes | Resource::Pages | Resource::LineSeconds => one.kind == UseKind::Over,
            Resource::Recipients => one.kind == UseKind::Job && one.charging,
        };
        let units = if counts { one.costs.of(resource) } else { 0 };
        if user != 0 && (units > 0 || one.stood.is_some()) {
            top.add(user, units, one.stood.is_some());
        }
    })?;
    Ok((top, extent))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many come, who used much is found, and nobody is told less than it used or more than the error above it.
    #[test]
    fn who_uses_much_is_found_among_many() {
        let mut top = Top::default();
        let mut exact: HashMap<u64, u64> = HashMap::new();
        for round in 0..200_000_u64 {
            let many = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            for (user, units) in [(many + 100, 1 + round % 3), (round % 10, 5)] {
                top.add(user, units, false);
                *exact.entry(user).or_default() += units;
            }
        }
        assert!(top.used.len() <= 2 * TOP_MAX && top.error > 0);
        let mut most: Vec<u64> = top.most(10).into_iter().map(|(user, _)| user).collect();
        most.sort_unstable();
        assert_eq!(most, (0..10).collect::<Vec<_>>());
        for (user, used) in top.most(usize::MAX) {
            let exact = exact[&user];
            assert!(used.units >= exact && used.units <= exact + top.error, "{user}");
        }
        assert_eq!(top.total, exact.values().sum::<u64>());
        let few = {
            let mut few = Top::default();
            few.add(1, 5, true);
            few.add(1, 6, false);
            few
        };
        assert_eq!(few.most(9), [(1, Used { units: 11, stood: 1 })]);
        assert_eq!((few.error, few.users), (0, 1));
    }
}
