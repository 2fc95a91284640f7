//! The quotas of each plan when the file says nothing.

use crate::fax::stage::Plan;
use crate::time::{DAY_SECONDS, Span};
use crate::verdict::Resource;

use super::quota::Quota;
use super::settings::QuotaTable;

/// Units a day of one resource under one plan. An unknown member gets what a small paying one gets: the
/// directory may be late, and a wanted fax must not wait for it.
const fn daily(plan: Plan, resource: Resource) -> u64 {
    let [faxes, pages, minutes, recipients] = match plan {
        Plan::Unknown | Plan::Plus => [300, 1_000, 1_500, 300],
        Plan::Free => [30, 100, 150, 20],
        Plan::Pro => [1_500, 5_000, 7_500, 1_500],
        Plan::Corporate => [20_000, 100_000, 150_000, 50_000],
    };
    match resource {
        Resource::Faxes => faxes,
        Resource::Pages => pages,
        Resource::LineSeconds => minutes * 60,
        Resource::Recipients => recipients,
    }
}

/// The quotas of every plan.
pub(super) fn default_quotas() -> QuotaTable {
    Plan::ALL.map(|plan| {
        Resource::ALL.map(|resource| {
            let rate = daily(plan, resource);
            Quota::new(rate, Span::seconds(DAY_SECONDS), rate).ok()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_has_every_quota() {
        assert!(default_quotas().iter().flatten().all(Option::is_some));
    }
}
