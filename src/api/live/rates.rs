//! Quotas for proxies behind the service: the same levels that faxes are counted against.

use super::Live;
use crate::api::rate_desk::{Asked, RateDesk, Stands};
use crate::fax::stage::{Direction, Member};
use crate::limiter::members::Visit;
use crate::limiter::{Allowance, Costs, Limit, Party};
use crate::memory::limits::{Book, Concerned};
use crate::time::{DAY_SECONDS, Span, Timestamp};
use crate::verdict::{QuotaHolder, QuotaOutcome, Resource};

/// What stands for a month where a limit needs a period: the shortest there is.
const MONTH: Span = Span::seconds(28 * DAY_SECONDS);

impl RateDesk for Live {
    fn spend(&self, asked: &[Asked]) -> (Timestamp, Vec<Option<Stands>>) {
        let now = self.now();
        let generation = self.memory.generations().current();
        let book = self.memory.limiting().book(&generation, now);
        let mut standings = Vec::with_capacity(asked.len());
        for (at, one) in asked.iter().enumerate() {
            let stands = self.of_holder((&book, now), one, |party| self.take(party, one, now));
            let over = stands.is_some_and(|stands| stands.status.outcome != QuotaOutcome::Within);
            standings.push(stands);
            if over {
                // Of all or of none: those before are given back, those behind are only asked.
                for before in &asked[..at] {
                    self.of_holder((&book, now), before, |party| {
                        self.give_back(party, before, now)
                    });
                }
                let rest = asked[at + 1..].iter().map(|one| {
                    self.of_holder((&book, now), one, |party| self.look(party, one, now))
                });
                standings.extend(rest);
                break;
            }
        }
        (now, standings)
    }

    fn charge(&self, asked: &Asked) -> (Timestamp, Option<Stands>) {
        let now = self.now();
        let generation = self.memory.generations().in_force();
        let book = self.memory.limiting().book(&generation, now);
        (now, self.of_holder((&book, now), asked, |party| self.take(party, asked, now)))
    }
}

/// A cost of one resource.
fn costs(asked: &Asked) -> Costs {
    let mut costs = Costs::default();
    costs.0[asked.resource as usize] = asked.cost;
    costs
}

fn stands(statuses: &crate::limiter::Statuses, party: &Party<'_>, asked: &Asked) -> Option<Stands> {
    let which = asked.resource as usize;
    Some(Stands { status: statuses[which]?, limit: party.limits[which]? })
}

/// How the monthly allowance stands, where pages are asked for that are beyond it.
fn over_month(party: &Party<'_>, visit: &Visit<'_>, costs: Costs) -> Option<Stands> {
    let pages = costs.of(Resource::Pages);
    let status = visit.check_month(costs).filter(|_| pages > 0)?;
    let burst = status.burst;
    let a_month = Allowance { rate: burst, period: MONTH, burst };
    let limit = party.limits[Resource::Pages as usize].unwrap_or_else(|| Limit::of(a_month));
    (status.outcome != QuotaOutcome::Within).then_some(Stands { status, limit })
}

impl Live {
    /// Shows the holder, with its limits, to who asks.
    fn of_holder<T>(
        &self,
        (book, now): (&Book, Timestamp),
        asked: &Asked,
        ask: impl FnOnce(Party<'_>) -> T,
    ) -> T {
        let hot = asked.hot;
        let inbound = |number, trunk| Concerned {
            direction: Direction::Inbound,
            member: 0,
            facts: Member::default(),
            api_key: 0,
            number,
            trunk,
        };
        match asked.holder {
            QuotaHolder::Member | QuotaHolder::Month => {
                let facts = self.memory.directory().member(hot).unwrap_or_default();
                let own = self.memory.limiting().own().of(hot, facts.plan, book, now);
                let [member, ..] = book.parties(&Concerned::member(hot, facts), own.as_ref());
                // Where it is not known where a member lives, its month is not ended by the clock of somewhere else.
                let month = member.month.filter(|terms| terms.zone != 0);
                ask(Party { month, ..member })
            }
            QuotaHolder::Organisation => {
                let facts = Member { organisation: hot, ..Member::default() };
                let [_, organisation, _] = book.parties(&Concerned::member(0, facts), None);
                ask(organisation)
            }
            QuotaHolder::ApiKey => {
                let concerned =
                    Concerned { api_key: hot, ..Concerned::member(0, Member::default()) };
                ask(book.parties(&concerned, None)[2])
            }
            QuotaHolder::Number => ask(book.parties(&inbound(hot, 0), None)[0]),
            QuotaHolder::Trunk => ask(book.parties(&inbound(0, hot), None)[1]),
        }
    }

    /// Spends where there is enough.
    fn take(&self, party: Party<'_>, asked: &Asked, now: Timestamp) -> Option<Stands> {
        let costs = costs(asked);
        self.memory.limiting().members().lock([party], now).visit(0, now, |visit| {
            let statuses = visit.check(costs);
            let found = stands(&statuses, &party, asked);
            if let Some(month) = over_month(&party, visit, costs) {
                return Some(month);
            }
            // Whether the others of its resources are within was not asked.
            if found.is_none_or(|found| found.status.outcome == QuotaOutcome::Within) {
                visit.charge(costs);
            }
            found
        })
    }

    fn give_back(&self, party: Party<'_>, asked: &Asked, now: Timestamp) {
        let mut locked = self.memory.limiting().members().lock([party], now);
        locked.visit(0, now, |visit| visit.undo(costs(asked)));
    }

    fn look(&self, party: Party<'_>, asked: &Asked, now: Timestamp) -> Option<Stands> {
        let mut locked = self.memory.limiting().members().lock([party], now);
        locked.visit(0, now, |visit| stands(&visit.check(costs(asked)), &party, asked))
    }
}
