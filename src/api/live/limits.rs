//! Limits behind the service: how a member stands, and edits of what is set.

use super::{Live, of_edit, of_store};
use crate::api::engine::{MemberLimit, MemberLimits};
use crate::api::limit_desk::{LimitDesk, LimitsSet};
use crate::api::status::Failure;
use crate::fax::id::Pseudonym;
use crate::limiter::Costs;
use crate::memory::limits::{
    Change, Concerned, Hand, LimitFault, LimitKey, Part, Scope, Setting, allowance,
};
use crate::time::{Span, Timestamp};
use crate::verdict::{QuotaHolder, Resource};

impl LimitDesk for Live {
    fn limits_set(&self, after: Option<&[u8]>, limit: usize) -> Result<LimitsSet, Failure> {
        let version = *self.memory.limiting().editing();
        let page = self.memory.limit_settings(after, limit, self.now());
        let (settings, next) = page.map_err(|fault| of_store(&fault))?;
        Ok(LimitsSet { version, settings, next })
    }

    fn set_limit(&self, key: LimitKey, setting: &Setting, based_on: u64) -> Result<u64, Failure> {
        self.memory.set_limit(key, setting, based_on, self.now()).map_err(|fault| refused(&fault))
    }

    fn unset_limit(&self, key: LimitKey, hand: Hand<'_>) -> Result<u64, Failure> {
        self.memory.unset_limit(key, hand, self.now()).map_err(|fault| refused(&fault))
    }

    fn limit_changes(&self, after: u64, limit: usize) -> Result<Vec<Change>, Failure> {
        self.memory.limit_changes(after, limit).map_err(|fault| of_store(&fault))
    }
}

pub(super) fn refused(fault: &LimitFault) -> Failure {
    match fault {
        LimitFault::Stale { .. } => Failure::StaleEtag,
        LimitFault::NotSet => Failure::NotFound { what: "limit set at run time" },
        LimitFault::ShadowsFull => {
            Failure::NothingToDo { what: "room for one more limit tried beside live traffic" }
        }
        LimitFault::OtherCanary => Failure::NothingToDo {
            what: "room for a second canary of these holders (take back the first)",
        },
        LimitFault::NoChange => Failure::NotFound { what: "change of the limits" },
        LimitFault::Full => Failure::NothingToDo { what: "room for one more member's own limit" },
        LimitFault::Edit(fault) => of_edit(fault),
    }
}

impl Live {
    /// How a member stands, and where each limit comes from.
    pub(super) fn limits_of(&self, member: Pseudonym) -> Result<MemberLimits, Failure> {
        let (now, key) = (self.now(), member.hot());
        let known = self.memory.directory().member(key);
        let facts = known.unwrap_or_default();
        let generation = self.memory.generations().current();
        let limiting = self.memory.limiting();
        let book = limiting.book(&generation, now);
        let own = limiting.own().of(key, facts.plan, &book, now);
        let [party, _] = book.parties(&Concerned::member(key, facts), own.as_ref());
        let statuses = limiting.members().check(party, Costs::default(), now);
        let of_plan =
            limiting.allowances(generation.policy(), QuotaHolder::Member, facts.plan, now);
        let plan = Scope::Plan(facts.plan);
        let at = |scope, resource, part| {
            let setting = self.memory.limit_setting(LimitKey { scope, resource, part }, now);
            setting.map_err(|fault| of_store(&fault))
        };
        // Its own, or what is tried on some of its plan, or what is set for all of it.
        let set = |resource, part| {
            if let Some(own) = at(Scope::Member(member), resource, part)? {
                return Ok(Some(own));
            }
            let canary = || limiting.canary_of((plan, resource), key, now);
            match (part == Part::Quota).then(canary).flatten() {
                Some(canary) => Ok(Some(canary)),
                None => at(plan, resource, part),
            }
        };
        let mut limits = Vec::new();
        for resource in Resource::ALL {
            let setting = set(resource, Part::Quota)?;
            let quota = setting.as_ref().and_then(|setting| setting.quota).map(allowance);
            let Some(allowance) = quota.or(of_plan[resource as usize]) else { continue };
            let left =
                statuses[resource as usize].map_or(allowance.burst, |status| status.remaining);
            let level = allowance.burst.saturating_sub(left);
            let (rate, period, burst) = (allowance.rate, allowance.period, allowance.burst);
            let full = full_at((level, rate), period, now);
            let off = set(resource, Part::Off)?;
            limits.push(MemberLimit { resource, rate, period, burst, level, full, setting, off });
        }
        let weight_milli = book.standing(&facts).weight_milli;
        let unknown = known.is_none();
        Ok(MemberLimits { plan: facts.plan, limits, unknown, weight_milli, member })
    }
}

/// When all that is in use is back.
fn full_at((level, rate): (u64, u64), period: Span, now: Timestamp) -> Option<Timestamp> {
    (level > 0 && rate > 0).then(|| {
        let micros = u128::from(level) * u128::from(period.as_micros()) / u128::from(rate);
        now.plus(Span::micros(u64::try_from(micros).unwrap_or(u64::MAX)))
    })
}
