//! How a member stands at what is contended, and what would refuse it next.

use super::Live;
use crate::api::engine::{Next, Standings};
use crate::fax::stage::Member;
use crate::limiter::share::Pull;
use crate::limiter::{Costs, Party, Statuses, cost};
use crate::memory::limits::{Book, Concerned, Effective, PARTIES};
use crate::time::{Span, Timestamp};
use crate::verdict::{
    QUOTA_RULES, QuotaHolder, QuotaOutcome, QuotaStatus, Resource, SHARE_RULES, Watched,
    weight_percent,
};

/// Rates are in 65,536ths of a unit a second.
const RATE_UNIT: u128 = 65_536;
/// A weight that is neither lowered nor raised.
const WEIGHT: u32 = 1_000;

impl Live {
    /// How a member of those facts stands, whose limits these are.
    pub(super) fn standing_of(
        &self,
        (member, facts): (u64, &Member),
        (book, own): (&Book, Option<&Effective>),
        now: Timestamp,
    ) -> Standings {
        let limiting = self.memory.limiting();
        let parties = book.parties(&Concerned::member(member, *facts), own);
        let pull = limiting.members().pull(parties[0].key, now);
        let (standing, membership) = (book.standing(facts), book.membership(facts));
        let shares = limiting.share().stands(&pull, (standing, membership), now);
        let above = shares.iter().find(|share| share.above);
        let next = match above {
            Some(share) => Some(Next {
                rule: SHARE_RULES[share.resource as usize],
                faxes: 0,
                time: None,
                retry: None,
            }),
            None => self.next_of(&parties, &pull, now),
        };
        let lowered = pull.penalty();
        let raised = Pull::from_parts([0; 3], 0, pull.parts().2).weigh(WEIGHT);
        Standings {
            weight_milli: pull.weigh(standing.weight_milli),
            raised_milli: raised,
            lowered_percent: weight_percent(lowered),
            floor_ppm: standing.floor_ppm,
            shares,
            next,
        }
    }

    /// The quota that stands in the way of faxes of one page first, if they go on as they do.
    fn next_of(&self, parties: &[Party<'_>; PARTIES], pull: &Pull, now: Timestamp) -> Option<Next> {
        let costs = cost::least();
        let dials = u128::from(pull.rates()[Watched::Attempts as usize]);
        let mut first: Option<Next> = None;
        for party in parties.iter().filter(|party| party.key != 0) {
            let statuses = self.memory.limiting().members().check(*party, costs, now);
            let month = self.memory.limiting().members().check_month(*party, costs, now);
            let month = month.as_ref().map(|status| (status.resource, status));
            for (resource, status) in asked(party, &statuses).chain(month) {
                let next = next(party, resource, status, (costs, dials, now));
                let sooner = first.as_ref().is_none_or(|first| next.faxes < first.faxes);
                if sooner {
                    first = Some(next);
                }
            }
        }
        first
    }
}

/// The quotas that are asked: those that are not off.
fn asked<'a>(
    party: &'a Party<'_>,
    statuses: &'a Statuses,
) -> impl Iterator<Item = (Resource, &'a QuotaStatus)> {
    let on = |resource: &Resource| party.off >> *resource as u8 & 1 == 0;
    let all = Resource::ALL.into_iter().zip(statuses).filter(move |(resource, _)| on(resource));
    all.filter_map(|(resource, status)| Some((resource, status.as_ref()?)))
}

fn next(
    party: &Party<'_>,
    resource: Resource,
    status: &QuotaStatus,
    (costs, dials, now): (Costs, u128, Timestamp),
) -> Next {
    let rule = QUOTA_RULES[status.holder as usize][resource as usize];
    let retry = match status.outcome {
        QuotaOutcome::NotUntil(until) => Some(until),
        QuotaOutcome::Within | QuotaOutcome::Never => None,
    };
    if status.outcome != QuotaOutcome::Within {
        return Next { rule, faxes: 0, time: None, retry };
    }
    let cost = costs.of(resource).max(1);
    let faxes = status.remaining / cost;
    // What comes back while they are sent: of a unit in so many microseconds.
    let back = party.limits[resource as usize].map_or(Span::default(), |it| it.comes_back(1));
    let drains = status.holder != QuotaHolder::Month;
    let back = match drains {
        true => RATE_UNIT * 1_000_000 / u128::from(back.as_micros().max(1)),
        false => 0,
    };
    let fills = (dials * u128::from(cost)).saturating_sub(back);
    let seconds = (u128::from(status.remaining) * RATE_UNIT).checked_div(fills);
    let micros = seconds.map(|seconds| seconds.saturating_mul(1_000_000));
    let time = micros.and_then(|micros| u64::try_from(micros).ok());
    Next { rule, faxes, time: time.map(|micros| now.plus(Span::micros(micros))), retry }
}
