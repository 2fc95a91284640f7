//! The limits of a policy and of what was set at run time over it, worked out for the path, and whom a fax is counted
//! against.

use crate::fax::stage::{Direction, Member, Plan};
use crate::ledger::StageRow;
use crate::limiter::share::{Membership, Standing};
use crate::limiter::{
    Allowance, Allowances, Limits, MonthTerms, Party, Slowest, limits, row_key, slowest,
};
use crate::policy::{Generation, Policy, Quota, ShareRules};
use crate::time::Timestamp;
use crate::verdict::{QuotaHolder, Resource};

use super::own::Effective;
use super::setting::{ClassSettings, Scope, drawn};

/// Parties that one fax is counted against.
pub const PARTIES: usize = 3;

/// The limits of a policy, worked out.
#[derive(Clone, Debug)]
pub struct Book {
    generation: u64,
    plans: [Class; Plan::ALL.len()],
    organisation: Class,
    number: Class,
    trunk: Class,
    api_key: Class,
    share: ShareRules,
    /// When the next of what was set at run time expires.
    expires: Option<Timestamp>,
}

/// The limits of a class of holders.
#[derive(Clone, Copy, Debug)]
struct Class {
    limits: Limits,
    /// Resources of which the limit is switched off: counted, and in nobody's way. A bit each.
    off: u8,
    /// Other limits that are tried on some of them.
    canary: Option<Canary>,
    /// Pages in a month of the calendar; of plans alone.
    month: Option<u64>,
}

/// Limits that are tried on some of a class.
#[derive(Clone, Copy, Debug)]
struct Canary {
    limits: Limits,
    percent: u8,
    set: Timestamp,
}

impl Class {
    /// The limits of one of them.
    fn limits_of(&self, holder: u64) -> &Limits {
        match &self.canary {
            Some(canary) if drawn(holder, canary.set, canary.percent) => &canary.limits,
            _ => &self.limits,
        }
    }

    /// All limits that there are.
    fn all(self) -> impl Iterator<Item = Limits> {
        [self.limits].into_iter().chain(self.canary.map(|canary| canary.limits))
    }
}

/// Who sends or gets a fax, as quotas see it. Hot keys; 0 is nobody.
#[derive(Clone, Copy, Debug)]
pub struct Concerned {
    /// Which way the fax goes.
    pub direction: Direction,
    /// The sending member.
    pub member: u64,
    /// What is known of the member.
    pub facts: Member,
    /// The key that its job was submitted with.
    pub api_key: u64,
    /// The called number.
    pub number: u64,
    /// The trunk the call came on.
    pub trunk: u64,
}

impl Concerned {
    /// A member who sends.
    #[must_use]
    pub const fn member(member: u64, facts: Member) -> Self {
        Self { direction: Direction::Outbound, member, facts, api_key: 0, number: 0, trunk: 0 }
    }

    /// Whom a row of the ledger was about.
    #[must_use]
    pub fn of(row: &StageRow) -> Self {
        Self {
            direction: row.verdict.stage.direction(),
            member: row.member_key,
            facts: row.facts,
            api_key: row.api_key,
            number: row.number.hot(),
            trunk: row.observation.trunk,
        }
    }
}

impl Book {
    /// Works out the limits of a generation, and of what is set over it at `now`.
    #[must_use]
    pub fn of(generation: &Generation, set: &ClassSettings, now: Timestamp) -> Self {
        let policy = generation.policy();
        let class = |holder, plan| {
            let scope = Scope::of(holder, plan);
            let in_force = allowances_in_force(policy, set, (holder, plan), now);
            let off = Resource::ALL.into_iter().filter(|one| set.is_off(scope, *one, now));
            let off = off.fold(0, |off, one| off | 1 << one as u8);
            let canary = Resource::ALL.into_iter().find_map(|resource| {
                let setting = set.canary(scope, resource, now)?;
                let mut tried = in_force;
                tried[resource as usize] = setting.quota.map(allowance);
                let percent = setting.canary?.percent;
                Some(Canary { limits: limits(&tried), percent, set: setting.set })
            });
            let member = holder == QuotaHolder::Member;
            let month = member.then(|| monthly_in_force(policy, set, plan, now)).flatten();
            Class { limits: limits(&in_force), off, canary, month }
        };
        let of = |holder| class(holder, Plan::Unknown);
        Self {
            generation: generation.number(),
            plans: Plan::ALL.map(|plan| class(QuotaHolder::Member, plan)),
            organisation: of(QuotaHolder::Organisation),
            number: of(QuotaHolder::Number),
            trunk: of(QuotaHolder::Trunk),
            api_key: of(QuotaHolder::ApiKey),
            share: *policy.share(),
            expires: set.next_expiry(now),
        }
    }

    /// The generation it is of.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// How resources are shared.
    #[must_use]
    pub const fn share(&self) -> &ShareRules {
        &self.share
    }

    /// Whether something that was set over the policy has expired since it was worked out.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// The limits that a member of a plan has by it, and which of them are off.
    #[must_use]
    pub fn of_member(&self, member: u64, plan: Plan) -> (&Limits, u8) {
        let class = &self.plans[plan as usize];
        (class.limits_of(member), class.off)
    }

    /// Whether there is a quota that several members, or several called numbers, spend together.
    #[must_use]
    pub fn ties(&self) -> bool {
        let shared = [self.organisation, self.trunk, self.api_key];
        shared.into_iter().flat_map(Class::all).flatten().any(|limit| limit.is_some())
    }

    /// Whom a fax is counted against; nobody where there is no limit to count for.
    #[must_use]
    pub fn parties<'a>(
        &'a self,
        of: &Concerned,
        own: Option<&'a Effective>,
    ) -> [Party<'a>; PARTIES] {
        let party = |holder, hot, class: &'a Class| {
            let limits = class.limits_of(hot);
            let limited = limits.iter().any(Option::is_some);
            let key = if limited { row_key(holder, hot) } else { 0 };
            Party { holder, key, limits, off: class.off, month: None }
        };
        match of.direction {
            Direction::Outbound => {
                let (limits, off) = match own {
                    Some(own) => (&own.limits, own.off),
                    None => self.of_member(of.member, of.facts.plan),
                };
                let by_plan = self.plans[of.facts.plan as usize].month;
                let month = own.and_then(|own| own.month).or(by_plan);
                let month = month.map(|pages| MonthTerms { pages, zone: of.facts.zone });
                // A member without limits competes for what is contended all the same.
                let key = row_key(QuotaHolder::Member, of.member);
                let member = Party { holder: QuotaHolder::Member, key, limits, off, month };
                [
                    member,
                    party(QuotaHolder::Organisation, of.facts.organisation, &self.organisation),
                    party(QuotaHolder::ApiKey, of.api_key, &self.api_key),
                ]
            }
            Direction::Inbound => [
                party(QuotaHolder::Number, of.number, &self.number),
                party(QuotaHolder::Trunk, of.trunk, &self.trunk),
                party(QuotaHolder::ApiKey, 0, &self.api_key),
            ],
        }
    }

    /// What a member may claim of contended resources.
    #[must_use]
    pub const fn standing(&self, facts: &Member) -> Standing {
        match facts.share_weight_milli {
            0 => Standing {
                weight_milli: self.share.weights_milli[facts.plan as usize],
                floor_ppm: 0,
            },
            weight_milli => Standing { weight_milli, floor_ppm: self.share.contract_floor_ppm },
        }
    }

    /// The group that a member competes in.
    #[must_use]
    pub fn membership(&self, facts: &Member) -> Option<Membership> {
        let weight_milli = self.standing(facts).weight_milli;
        (facts.organisation != 0).then_some(Membership { group: facts.organisation, weight_milli })
    }

    /// Limits under which whatever has drained has drained for anybody without a limit of its own.
    #[must_use]
    pub fn slowest(&self) -> Slowest {
        let others = self.plans.into_iter().chain([self.organisation, self.trunk, self.api_key]);
        let others = slowest(others.flat_map(Class::all));
        Slowest { numbers: slowest(self.number.all()), others }
    }
}

/// The quotas in force of a holder at `now`: those of the policy, and what was set over them.
#[must_use]
pub fn allowances_in_force(
    policy: &Policy,
    set: &ClassSettings,
    (holder, plan): (QuotaHolder, Plan),
    now: Timestamp,
) -> Allowances {
    let scope = Scope::of(holder, plan);
    let mut allowances = allowances(policy, holder, plan);
    for resource in Resource::ALL {
        if let Some(quota) = set.quota(scope, resource, now) {
            allowances[resource as usize] = Some(allowance(quota));
        }
    }
    allowances
}

/// The pages that members of a plan may send in a month, at `now`: those of the policy, or what was set over them; `None` is no limit.
#[must_use]
pub fn monthly_in_force(
    policy: &Policy,
    set: &ClassSettings,
    plan: Plan,
    now: Timestamp,
) -> Option<u64> {
    set.monthly(Scope::Plan(plan), now).or_else(|| policy.monthly_pages(plan))
}

/// A quota, as the limiter takes it.
#[must_use]
pub const fn allowance(quota: Quota) -> Allowance {
    Allowance { rate: quota.rate(), period: quota.period(), burst: quota.burst() }
}

/// The quotas of a holder by policy, as the limiter takes them; the plan counts for members alone.
fn allowances(policy: &Policy, holder: QuotaHolder, plan: Plan) -> Allowances {
    Resource::ALL.map(|resource| policy.quota_of(holder, plan, resource).map(allowance))
}
