//! Limits behind the service: how a member stands, and edits of what is set.

use super::{Live, of_edit, of_store};
use crate::api::engine::{MemberLimit, MemberLimits, MonthStand};
use crate::api::limit_desk::{LimitDesk, LimitsSet};
use crate::api::status::Failure;
use crate::fax::hours::ZoneId;
use crate::fax::id::Pseudonym;
use crate::limiter::{Allowances, Costs, Party};
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

/// Whose limits are looked at: the scopes that what is set of them may be in, the nearest first, and that of the class, which canaries
/// are of.
struct Whose<'a> {
    scopes: &'a [Scope],
    class: Scope,
    hot: u64,
    by_policy: Allowances,
    party: Party<'a>,
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
        let parties = book.parties(&Concerned::member(key, facts), own.as_ref());
        let of = |holder| limiting.allowances(generation.policy(), holder, facts.plan, now);
        let plan = Scope::Plan(facts.plan);
        let limits = self.those_of(
            &Whose {
                scopes: &[Scope::Member(member), plan],
                class: plan,
                hot: key,
                by_policy: of(QuotaHolder::Member),
                party: parties[0],
            },
            now,
        )?;
        let each = Scope::Holder(QuotaHolder::Organisation);
        let organisation = match facts.organisation {
            0 => Vec::new(),
            hot => self.those_of(
                &Whose {
                    scopes: &[each],
                    class: each,
                    hot,
                    by_policy: of(QuotaHolder::Organisation),
                    party: parties[1],
                },
                now,
            )?,
        };
        let weight_milli = book.standing(&facts).weight_milli;
        let unknown = known.is_none();
        let standings = self.standing_of((key, &facts), (&book, own.as_ref()), now);
        let month = self.month_of((member, plan), parties[0], now)?;
        let plan = facts.plan;
        Ok(MemberLimits {
            plan,
            limits,
            unknown,
            weight_milli,
            member,
            organisation,
            standings,
            month,
        })
    }

    /// How a member's monthly allowance stands, and where it comes from.
    fn month_of(
        &self,
        (member, plan): (Pseudonym, Scope),
        party: Party<'_>,
        now: Timestamp,
    ) -> Result<Option<MonthStand>, Failure> {
        let members = self.memory.limiting().members();
        let (Some(terms), Some(status)) =
            (party.month, members.check_month(party, Costs::default(), now))
        else {
            return Ok(None);
        };
        let (mut setting, mut whose) = (None, plan);
        for scope in [Scope::Member(member), plan] {
            let key = LimitKey { scope, resource: Resource::Pages, part: Part::Month };
            setting = self.memory.limit_setting(key, now).map_err(|fault| of_store(&fault))?;
            whose = scope;
            if setting.is_some() {
                break;
            }
        }
        let zone = ZoneId::from_code(terms.zone);
        let resets = terms.month(now).ends(zone);
        let used = terms.pages.saturating_sub(status.remaining);
        Ok(Some(MonthStand { pages: terms.pages, used, resets, zone, setting, whose }))
    }

    /// How somebody's limits stand, and where each comes from: its own, or what is tried on some of its class, or what is set for all
    /// of it.
    fn those_of(&self, whose: &Whose<'_>, now: Timestamp) -> Result<Vec<MemberLimit>, Failure> {
        let limiting = self.memory.limiting();
        let statuses = limiting.members().check(whose.party, Costs::default(), now);
        let set = |resource, part| -> Result<Option<Setting>, Failure> {
            for scope in whose.scopes {
                let canary = (part == Part::Quota && *scope == whose.class)
                    .then(|| limiting.canary_of((whose.class, resource), whose.hot, now));
                if let Some(canary) = canary.flatten() {
                    return Ok(Some(canary));
                }
                let key = LimitKey { scope: *scope, resource, part };
                let setting = self.memory.limit_setting(key, now);
                if let Some(setting) = setting.map_err(|fault| of_store(&fault))? {
                    return Ok(Some(setting));
                }
            }
            Ok(None)
        };
        let mut limits = Vec::new();
        for resource in Resource::ALL {
            let setting = set(resource, Part::Quota)?;
            let quota = setting.as_ref().and_then(|setting| setting.quota).map(allowance);
            let Some(allowance) = quota.or(whose.by_policy[resource as usize]) else { continue };
            let left =
                statuses[resource as usize].map_or(allowance.burst, |status| status.remaining);
            let level = allowance.burst.saturating_sub(left);
            let (rate, period, burst) = (allowance.rate, allowance.period, allowance.burst);
            let full = full_at((level, rate), period, now);
            let off = set(resource, Part::Off)?;
            limits.push(MemberLimit { resource, rate, period, burst, level, full, setting, off });
        }
        Ok(limits)
    }
}

/// When all that is in use is back.
fn full_at((level, rate): (u64, u64), period: Span, now: Timestamp) -> Option<Timestamp> {
    (level > 0 && rate > 0).then(|| {
        let micros = u128::from(level) * u128::from(period.as_micros()) / u128::from(rate);
        now.plus(Span::micros(u64::try_from(micros).unwrap_or(u64::MAX)))
    })
}
