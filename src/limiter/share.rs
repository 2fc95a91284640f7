//! Fair share: a limit for load out of proportion, where absolute numbers fail. It holds only while a resource is contended, for
//! whoever takes more of it than is fair then, and ends with the contention.
//!
//! The method is core-stateless fair queueing (Stoica, Shenker, Zhang 1998): a rate for each member and group, one fair
//! rate for a resource, and of who is above it the part passes that the fair rate is of its own. Weighted by plan and
//! standing; over several contended resources by the one of which the member has most (dominant resource fairness,
//! Ghodsi et al. 2011); at two levels, groups first.
//!
//! Which jobs pass is drawn by a keyed hash of the job, so that asking again changes nothing and the same events give the
//! same answers. Whoever is at or below its share is never slowed.

mod answer;
mod arena;
mod fill;
mod group;
mod pull;
mod rate;
mod view;

use std::sync::Arc;

use crate::decay::{ONE, decayed, ln_milli};
use crate::dense::{mix, mixing_key};
use crate::time::{Span, Timestamp};
use crate::verdict::{Going, Holder, Holding, WATCHED, Watched};

pub use answer::Answer;
pub use arena::{Marks, Tidings, Usage};
pub use pull::{PENALTY_STEPS, Pull};
pub use view::{Held, Stand};

use arena::Arena;
use fill::PLACES;
use group::{Group, Groups};
use rate::Fading;

/// Most groups that are told apart, at 2 KiB each.
pub const GROUPS_MAX: usize = 16_384;
/// The largest cost of one job, in units.
const COST_MAX: u64 = 1 << 24;
/// Rates at the contended resources, in 65,536ths of a unit a second.
pub type Pulled = [u64; WATCHED];
/// Rates of a member.
pub const PULLS: usize = WATCHED;
/// In what time what a member pulls fades by half: of lines in a part of what one call takes, of the others in what a queue is
/// to be found contended in.
pub const HALF_LIVES: [Span; WATCHED] = [Span::seconds(30), Span::seconds(7), Span::seconds(7)];
/// How much of each may be let through ahead of what it carries: what pools of lines have free for a while, and what a queue holds.
pub const AHEAD: [Span; WATCHED] = [Span::seconds(30), Span::seconds(2), Span::seconds(2)];
/// The largest job that does not judge itself: nine pages, five recipients, ten pages to convert.
const ORDINARY: [u64; WATCHED] = [300, 5, 600];
/// The half-lives, worked out.
const FADING: [Fading; WATCHED] = [
    Fading::by_half_in(HALF_LIVES[0]),
    Fading::by_half_in(HALF_LIVES[1]),
    Fading::by_half_in(HALF_LIVES[2]),
];
/// A whole, in millionths.
const WHOLE_PPM: u64 = 1_000_000;

/// What sharing goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Units a second of each resource where no node reports what it has; 0 is not shared.
    pub capacity: [u64; WATCHED],
    /// In what time a member's rate fades by half; at most 100 s.
    pub half_life: [Span; WATCHED],
    /// How much may be let through ahead of what is carried, as the time it takes to carry it.
    pub ahead: [Span; WATCHED],
    /// When a resource is contended.
    pub marks: Marks,
    /// The longest wait that is answered.
    pub wait_max: Span,
    /// From how many fair shares on what does not pass is refused and not made to wait; 0 for never.
    pub refuse_times: u64,
    /// What part of the capacity is expected of a member of weight 1,000 of whom nothing is known, in millionths.
    pub expected_ppm: u64,
}

/// What a member may claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Weight by plan or contract, in thousandths of an ordinary member's.
    pub weight_milli: u32,
    /// What it has in any case, in millionths of the capacity: for critical classes.
    pub floor_ppm: u32,
}

/// A group that a member belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Its keyed id.
    pub group: u64,
    /// Its weight, in thousandths of an ordinary member's.
    pub weight_milli: u32,
}

/// Whether a job is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Asked for the first time: what it costs counts.
    New,
    /// Asked again after a wait: it counted already.
    Again,
}

/// A job that asks for its share.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// The keyed id of the job.
    pub job: u64,
    /// Whether it is new.
    pub arrival: Arrival,
    /// What it is estimated to cost, in the order of [`Watched::ALL`]. Zero is not needed.
    pub costs: [u64; WATCHED],
    /// What the member may claim.
    pub standing: Standing,
    /// The group it belongs to.
    pub membership: Option<Membership>,
    /// What reports take off its weight, beside what verdicts have: in sixteenths of a halving.
    pub lowered: u8,
    /// The present.
    pub now: Timestamp,
}

/// What sharing knows of the resources.
pub struct Share {
    terms: Terms,
    fading: [Fading; WATCHED],
    arenas: [Arena; WATCHED],
    groups: Arc<Groups>,
    key: [u64; 2],
}

/// Who competes for a resource: a member, or the group it belongs to.
#[derive(Clone, Copy)]
struct Rival {
    holder: Holder,
    /// Parts of the capacities.
    parts: [u64; WATCHED],
    /// The largest part of a contended one.
    dominant: u64,
    weight: u64,
}

impl Rival {
    /// The part that counts at that resource, by weight: of the contended resource of which it has most.
    fn rate(&self, at: usize) -> u64 {
        self.parts[at].max(self.dominant).saturating_mul(1_000) / self.weight.max(1)
    }
}

/// What a job loads its member with. It is judged by what is pulled beside it: a job of ordinary size does not judge itself, a
/// larger one by what it is larger.
struct Load {
    /// What counts from now on.
    counted: [u64; WATCHED],
    /// The rates of as much of it as is ordinary.
    ordinary: Pulled,
    /// What of the member's rates is of this job already, since it asks again: less of it has faded than of anything before it.
    own: Pulled,
    /// What it is larger, where that is not in the rates yet.
    larger: Pulled,
}

impl Load {
    fn beside(&self, rates: Pulled) -> Pulled {
        std::array::from_fn(|at| rates[at].saturating_sub(self.own[at]) + self.larger[at])
    }
}

/// The resource that lets least of a job pass.
#[derive(Clone, Copy)]
struct Tightest {
    at: usize,
    rate: u64,
    fair: u64,
}

impl Share {
    /// Shares by these terms. The key is that of the coins.
    #[must_use]
    pub fn new(terms: Terms, key: [u64; 2]) -> Self {
        Self {
            fading: terms.half_life.map(|time| Fading::by_half_in(time.min(Span::seconds(100)))),
            arenas: std::array::from_fn(|at| {
                Arena::new(terms.capacity[at], terms.marks, terms.ahead[at])
            }),
            groups: Arc::default(),
            terms,
            key,
        }
    }

    /// The same with a key of bytes.
    #[must_use]
    pub fn keyed(terms: Terms, key: [u8; 16]) -> Self {
        Self::new(terms, mixing_key(key))
    }

    /// The same by other terms: what is known of groups, of nodes and of contention stays.
    #[must_use]
    pub fn renewed(&self, terms: Terms) -> Self {
        let renewed = Self::new(terms, self.key);
        for (new, old) in renewed.arenas.iter().zip(&self.arenas) {
            new.succeed(old);
        }
        Self { groups: Arc::clone(&self.groups), ..renewed }
    }

    /// Shares by the same terms and coins, of which nothing is known yet.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self::new(self.terms, self.key)
    }

    /// Whether nodes say what there is of anything: then the terms do not.
    #[must_use]
    pub fn is_reported(&self) -> bool {
        self.arenas.iter().any(Arena::is_reported)
    }

    /// The terms.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Answers a job of a member whose pull stood for `before`; `None` for somebody new.
    pub fn offer(&self, pull: &mut Pull, before: Option<Timestamp>, offer: &Offer) -> Answer {
        let dither = mix(self.key, offer.job, 1);
        pull.note((before, offer.now), &self.fading, &[0; WATCHED], dither);
        let idle = before.map_or(Span::default(), |at| offer.now.since(at));
        self.answer(pull, idle, offer)
    }

    /// The same of a pull that stands for the present already, after that long without a touch.
    pub(super) fn answer(&self, pull: &mut Pull, idle: Span, offer: &Offer) -> Answer {
        let now = offer.now;
        self.arenas.iter().for_each(|arena| arena.look(now));
        let mixed = mix(self.key, offer.job, 0);
        let new = offer.arrival == Arrival::New;
        let needs = offer.costs.map(|cost| cost.min(COST_MAX));
        let load = self.load(needs, new);
        let weight = lower(pull.weigh(offer.standing.weight_milli), offer.lowered);
        let beside = load.beside(pull.rates());
        pull.note((None, now), &self.fading, &load.counted, mixed);
        // Within a group each counts with the job: a thousand members with one each would all have nothing beside it.
        let rates = if offer.membership.is_some() { pull.rates() } else { beside };
        let own = self.rival(Holder::Member, rates, weight);
        let (rival, limit) = match offer.membership {
            None => (own, None),
            Some(member) => self.grouped(&own, member, &load, now),
        };
        let tightest = self.compete(&rival, &needs, new);
        let light = offer.membership.is_none() && self.is_light(&beside, &load);
        let penalty = pull.penalty().saturating_add(offer.lowered);
        let (going, holding) = match tightest {
            Some(Tightest { at, fair, .. }) if light => {
                (Going::Go, Some(holding(&rival, at, fair, penalty)))
            }
            _ => self.decide((&own, penalty), &rival, (tightest, limit), (mixed, offer)),
        };
        if matches!(going, Going::Go | Going::GoLow) {
            for (arena, need) in self.arenas.iter().zip(needs) {
                arena.pass(need, now);
            }
        }
        if going == Going::Go {
            let most = own.parts.into_iter().max().unwrap_or(0);
            let weight = u64::from(offer.standing.weight_milli);
            let base = ppm_to_part(self.terms.expected_ppm).saturating_mul(weight) / 1_000;
            pull.earn(most, base, idle, mixed);
        }
        Answer { going, holding }
    }

    /// The rates that a job adds to those of who offers it.
    #[must_use]
    pub fn pulled(&self, offer: &Offer) -> Pulled {
        match offer.arrival {
            Arrival::New => self.rates_of(&offer.costs),
            Arrival::Again => [0; WATCHED],
        }
    }

    fn load(&self, needs: [u64; WATCHED], new: bool) -> Load {
        let ordinary = std::array::from_fn(|at| needs[at].min(ORDINARY[at]));
        let larger = std::array::from_fn(|at| needs[at] - ordinary[at]);
        let (ordinary, larger) = (self.rates_of(&ordinary), self.rates_of(&larger));
        if new {
            Load { counted: needs, ordinary, own: [0; WATCHED], larger }
        } else {
            Load { counted: [0; WATCHED], ordinary, own: ordinary, larger: [0; WATCHED] }
        }
    }

    /// Whether of all that is contended no more is pulled beside a job than one other like it pulls.
    fn is_light(&self, beside: &Pulled, load: &Load) -> bool {
        let mut both = self.arenas.iter().zip(beside.iter().zip(&load.ordinary));
        // A rate is kept to a 2,048th, rounded either way.
        let most = |ordinary: &u64| ordinary + ordinary / 512;
        both.all(|(arena, (beside, one))| *beside <= most(one) || !arena.is_contended())
    }

    fn rates_of(&self, costs: &[u64; WATCHED]) -> Pulled {
        std::array::from_fn(|at| self.fading[at].of_cost(costs[at]))
    }

    /// What a node says of its part of a resource.
    pub fn report(&self, resource: Watched, node: u64, usage: Usage, now: Timestamp) {
        self.arenas[resource as usize].report(node, usage, now);
    }

    /// What this instance says to the others, of each resource.
    #[must_use]
    pub fn tidings(&self) -> [Tidings; WATCHED] {
        std::array::from_fn(|at| self.arenas[at].tidings())
    }

    /// Takes the word of all other instances together.
    pub fn hear(&self, others: [Tidings; WATCHED]) {
        self.arenas.iter().zip(others).for_each(|(arena, others)| arena.hear(others));
    }

    /// Whether a resource is contended.
    #[must_use]
    pub fn is_contended(&self, resource: Watched) -> bool {
        self.arenas[resource as usize].is_contended()
    }

    /// Groups that are remembered.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Looks anew at what is contended, where nobody asks, and lets a few silent groups go. Off the path.
    pub fn tick(&self, now: Timestamp) {
        self.arenas.iter().for_each(|arena| arena.look(now));
        self.groups.turn_hand(now);
    }

    fn rival(&self, holder: Holder, rates: [u64; WATCHED], weight: u64) -> Rival {
        let mut rival = Rival { holder, parts: [0; WATCHED], dominant: 0, weight };
        for ((part, arena), rate) in rival.parts.iter_mut().zip(&self.arenas).zip(rates) {
            *part = arena.part_of(rate);
            if arena.is_contended() {
                rival.dominant = rival.dominant.max(*part);
            }
        }
        rival
    }

    /// The group that competes for a member, and the fair rate within it.
    fn grouped(
        &self,
        own: &Rival,
        member: Membership,
        load: &Load,
        now: Timestamp,
    ) -> (Rival, Option<u64>) {
        let whole = |group: &mut Group| {
            let rates = load.beside(group.note(now, &self.fading, &load.counted));
            let rival = self.rival(Holder::Group, rates, u64::from(member.weight_milli.max(1)));
            let (mut cost, mut fair) = (0, fill::UNLIMITED);
            for (arena, counted) in self.arenas.iter().zip(load.counted) {
                if arena.is_contended() {
                    cost = cost.max(arena.part_of(counted << rate::PLACES));
                    fair = fair.min(arena.fair());
                }
            }
            if cost > 0 {
                group.offer(own.dominant.saturating_mul(1_000) / own.weight, cost);
            }
            let target = fair.saturating_mul(rival.weight) / 1_000;
            (rival, Some(group.fair(target.saturating_mul(1_024), now)))
        };
        self.groups.with(member.group, now, whole)
    }

    /// Notes what is offered, and says which resource lets least of it pass; `None` where all of it passes.
    fn compete(&self, rival: &Rival, needs: &[u64; WATCHED], new: bool) -> Option<Tightest> {
        let mut tightest: Option<Tightest> = None;
        for (at, (arena, need)) in self.arenas.iter().zip(needs).enumerate() {
            if *need == 0 || !arena.is_watched() {
                continue;
            }
            let rate = rival.rate(at);
            if new {
                arena.offer(rate, *need);
            }
            let fair = arena.fair();
            let closer = tightest.is_none_or(|other| fair < other.fair);
            if arena.is_contended() && closer {
                tightest = Some(Tightest { at, rate, fair });
            }
        }
        tightest
    }

    fn decide(
        &self,
        (own, penalty): (&Rival, u8),
        rival: &Rival,
        (tightest, limit): (Option<Tightest>, Option<u64>),
        (mixed, offer): (u64, &Offer),
    ) -> (Going, Option<Holding>) {
        let Some(Tightest { at, rate, fair }) = tightest else { return (Going::Go, None) };
        let holding = Some(holding(rival, at, fair, penalty));
        let floor = ppm_to_part(u64::from(offer.standing.floor_ppm));
        let (mine, bound) = limit.map_or((rate, fair), |limit| (own.rate(at), limit));
        if rate <= fair || mine <= bound || own.dominant <= floor {
            return (Going::Go, holding);
        }
        let coin = mixed >> 32;
        // Below 2^40 both, and the bound is the lesser.
        let passes = u128::from(bound) << 32;
        let until = if u128::from(coin) * u128::from(mine) >= passes {
            if mine.checked_div(self.terms.refuse_times).is_some_and(|most| most > bound) {
                return (Going::Refuse, holding);
            }
            let least = u64::try_from(passes / u128::from(coin.max(1))).unwrap_or(u64::MAX);
            self.fades(at, mine, least)
        } else {
            match self.arenas[at].is_overrun(offer.now) {
                None => return (Going::GoLow, holding),
                Some(room) => room,
            }
        };
        (Going::WaitUntil(offer.now.plus(until.min(self.terms.wait_max))), holding)
    }

    /// In what time a rate fades to a lesser one.
    fn fades(&self, at: usize, from: u64, to: u64) -> Span {
        let times = from.saturating_mul(u64::from(ONE)) / to.max(1);
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        let constants = u64::from(ln_milli(times).saturating_sub(ln_milli(ONE)));
        let micros = self.fading[at].constant().as_micros().saturating_mul(constants) / 1_000;
        Span::micros(micros).max(Span::seconds(1))
    }
}

/// What somebody holds of a resource, and what would be fair.
/// A weight after what reports take.
fn lower(weight: u64, sixteenths: u8) -> u64 {
    if sixteenths == 0 {
        return weight;
    }
    let left = decayed(ONE, u64::from(sixteenths), 16);
    ((u128::from(weight) * u128::from(left)) >> 16).try_into().unwrap_or(u64::MAX).max(1)
}

fn holding(rival: &Rival, at: usize, fair: u64, penalty: u8) -> Holding {
    let fair_part = fair.saturating_mul(rival.weight) / 1_000;
    Holding {
        resource: Watched::ALL[at],
        holder: rival.holder,
        held_ppm: part_to_ppm(rival.parts[at]),
        fair_ppm: part_to_ppm(fair_part).min(WHOLE_PPM),
        penalty,
    }
}

/// Parts of the capacity of `2^24` as millionths.
const fn part_to_ppm(part: u64) -> u64 {
    part.saturating_mul(WHOLE_PPM) >> PLACES
}

/// Millionths of the capacity as parts of `2^24`.
const fn ppm_to_part(ppm: u64) -> u64 {
    (ppm << PLACES) / WHOLE_PPM
}

#[cfg(test)]
mod tests;
