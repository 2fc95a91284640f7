//! The quotas of each plan, and of whom else there are quotas, when the file says nothing.

use crate::fax::stage::Plan;
use crate::time::{DAY_SECONDS, HOUR_SECONDS, Span};
use crate::verdict::{QuotaHolder, Resource};

use super::quota::{Quota, quota_row};
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

/// Faxes an hour that strangers may send to one number: ten lines that do nothing else, day and night.
const TO_A_NUMBER: u64 = 600;

/// The quotas of every plan; of organisations, trunks and keys nobody but the provider knows what is much.
pub(super) fn default_quotas() -> QuotaTable {
    let mut quotas = [[None; 4]; 9];
    for plan in Plan::ALL {
        quotas[plan as usize] = Resource::ALL.map(|resource| {
            let rate = daily(plan, resource);
            Quota::new(rate, Span::seconds(DAY_SECONDS), rate).ok()
        });
    }
    let to_a_number = Quota::new(TO_A_NUMBER, Span::seconds(HOUR_SECONDS), TO_A_NUMBER).ok();
    quotas[quota_row(QuotaHolder::Number, Plan::Unknown)][Resource::Faxes as usize] = to_a_number;
    quotas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_has_every_quota() {
        let quotas = default_quotas();
        assert!(quotas[..Plan::ALL.len()].iter().flatten().all(Option::is_some));
        assert_eq!(quotas.iter().flatten().flatten().count(), Plan::ALL.len() * 4 + 1);
    }
}
