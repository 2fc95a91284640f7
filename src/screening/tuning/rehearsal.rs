//! Rehearsal: recorded use under another limit, with levels and shares of its own and the code that charges on the path. Where nodes
//! said how much there was of what is shared, or other instances took their part of it, that is not recorded: there, what a share
//! did it does again. Other instances are told nothing of it.

use std::hint::black_box;

use super::found::Found;
use super::recent::Recent;
use crate::fax::stage::{Direction, Member};
use crate::ledger::{Stood, Use, UseKind, User};
use crate::limiter::catalog::Spending;
use crate::limiter::share::{Arrival, Offer, Share};
use crate::limiter::{Costs, Locked, Members, Reservation, cost, slowest};
use crate::memory::Memory;
use crate::memory::limits::{
    Book, Concerned, Effective, LimitKey, MEMBERS_BYTES, PARTIES, Part, Scope, Setting,
};
use crate::memory::open::Account;
use crate::screening::spend::{self, Manner};
use crate::time::Timestamp;
use crate::verdict::{Going, QuotaHolder, QuotaStatus};

/// Decisions that are remembered, settled or not, twice as many at most: the oldest go together.
const OPEN_MAX: usize = 500_000;
/// Uses after which a few rows are looked at that may say nothing any more: a week's worth goes round the table some times.
const HAND_EVERY: u32 = 256;

/// A limit that is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which limit.
    pub key: LimitKey,
    /// What it would be set to; `None` where what is set would be taken back.
    pub setting: Option<Setting>,
}

impl Candidate {
    /// What a shadow tries: its quota in the place of the limit's.
    #[must_use]
    pub const fn of_shadow(key: LimitKey, setting: Setting) -> Self {
        Self { key: LimitKey { part: Part::Quota, ..key }, setting: Some(setting) }
    }

    /// Whose limit it is.
    #[must_use]
    pub const fn holder(&self) -> QuotaHolder {
        match self.key.scope {
            Scope::Plan(_) | Scope::Member(_) if matches!(self.key.part, Part::Month) => {
                QuotaHolder::Month
            }
            Scope::Plan(_) | Scope::Member(_) => QuotaHolder::Member,
            Scope::Holder(holder) => holder,
        }
    }

    /// Who of a use the limit would bind; `None` where it binds nobody.
    #[must_use]
    pub fn binds(&self, user: &User) -> Option<u64> {
        let key = match (self.key.scope, *user) {
            (Scope::Plan(of), User::Sender { member, plan, .. }) if of == plan => member,
            (Scope::Member(one), User::Sender { member, .. }) if one.hot() == member => member,
            (Scope::Holder(QuotaHolder::Organisation), User::Sender { organisation, .. }) => {
                organisation
            }
            (Scope::Holder(QuotaHolder::ApiKey), User::Sender { api_key, .. }) => api_key,
            (Scope::Holder(QuotaHolder::Number), User::Called { number, .. }) => number,
            (Scope::Holder(QuotaHolder::Trunk), User::Called { trunk, .. }) => trunk,
            _ => 0,
        };
        (key != 0).then_some(key)
    }
}

/// What came of a use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rehearsed {
    /// Whether it was charged.
    pub charging: bool,
    /// Which quota stood in the way, or the share that did when it was recorded.
    pub stood: Option<Stood>,
    /// How the quotas stood that were asked.
    pub quotas: Vec<QuotaStatus>,
}

/// What is remembered of a decision.
#[derive(Clone, Copy)]
enum Open {
    Charged(Small),
    Settled,
}

/// An account in fewer bytes: a million of them are looked up in no order.
#[derive(Clone, Copy)]
struct Small {
    charged: [u32; 4],
    reserved: Reservation,
}

impl Small {
    /// No cost of one fax is beyond 32 bits.
    fn of(account: &Account) -> Self {
        let narrow = |one| u32::try_from(one).unwrap_or(u32::MAX);
        Self { charged: account.charged.0.map(narrow), reserved: account.reserved }
    }

    fn account(&self) -> Account {
        Account { charged: Costs(self.charged.map(u64::from)), reserved: self.reserved }
    }
}

/// A rehearsal under way.
pub struct Rehearsal {
    candidate: Candidate,
    book: Book,
    members: Members,
    /// Sharing of its own, where it is known how much there was; else what a share did when it was recorded is done again.
    share: Option<Share>,
    /// Jobs that a share made wait.
    offered: Recent<()>,
    open: Recent<Open>,
    /// As of when what is set is judged: what expires meanwhile does not.
    judged: Timestamp,
    turn: u32,
    found: Found,
}

impl Rehearsal {
    /// One of that candidate beside everything that is in force at `now`, with nothing used yet, or one of so many parts of it.
    #[must_use]
    pub fn new(memory: &Memory, candidate: Candidate, (now, parts): (Timestamp, usize)) -> Self {
        let book = book(memory, &candidate, now);
        let slow = slowest([book.slowest().others, memory.limiting().own().slowest()]);
        let slow = slowest([slow].into_iter().chain(own_limits(&candidate)));
        let numbers = book.slowest().numbers;
        let members = Members::of_bytes(
            MEMBERS_BYTES / parts.max(1),
            crate::limiter::Slowest { numbers, others: slow },
        );
        Self {
            candidate,
            book,
            members,
            share: share(memory),
            offered: Recent::with_room(OPEN_MAX),
            open: Recent::with_room(OPEN_MAX),
            judged: now,
            turn: 0,
            found: Found::default(),
        }
    }

    /// What is tried.
    #[must_use]
    pub const fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    /// Goes by what is in force at `now` beside the candidate; every level stays.
    pub fn renew(&mut self, memory: &Memory, now: Timestamp) {
        self.book = book(memory, &self.candidate, now);
        self.judged = now;
    }

    /// What was found.
    #[must_use]
    pub const fn found(&self) -> &Found {
        &self.found
    }

    /// What was found, of one that is over.
    #[must_use]
    pub fn into_found(self) -> Found {
        self.found
    }

    /// Whether each member and each called number is held to its limits by itself: nothing is shared that is contended, and nobody
    /// else has a quota that several of them spend.
    #[must_use]
    pub fn can_be_parted(&self) -> bool {
        self.share.is_none() && !self.book.ties()
    }

    /// Forgets what was found, and no level.
    pub fn begin_to_count(&mut self) {
        self.found = Found::default();
    }

    /// Fetches from memory what [`Self::feed`] of these will look at, all at once: one after the other each would wait for its own.
    /// Nothing is changed by it, and nothing comes of it but time.
    pub(super) fn fetch(&mut self, uses: &[Use]) {
        let mut seen = 0;
        for one in uses {
            seen ^= self.open.touch(one.decision);
            for party in self.book.parties(&concerned(&one.user), None) {
                seen ^= self.members.touch(party.key);
            }
        }
        black_box(seen);
    }

    /// Does with a use what the path would, and says what that was; `None` where it asks for nothing.
    pub fn feed(&mut self, memory: &Memory, one: &Use) -> Option<Rehearsed> {
        let rehearsed = self.rehearse(memory, one);
        self.found.note(&self.candidate, one, rehearsed.as_ref());
        rehearsed
    }

    fn rehearse(&mut self, memory: &Memory, one: &Use) -> Option<Rehearsed> {
        self.turn += 1;
        if self.turn == HAND_EVERY {
            self.turn = 0;
            let _gone = self.members.turn_hand(one.time);
        }
        let concerned = concerned(&one.user);
        let own = match one.user {
            User::Sender { .. } => self.own(memory, &concerned),
            User::Called { .. } => None,
        };
        let parties = self.book.parties(&concerned, own.as_ref());
        let nobody = parties.iter().all(|party| party.key == 0);
        if nobody {
            return None;
        }
        let open = self.open.get(one.decision);
        match one.kind {
            UseKind::Over => {
                let account = match open {
                    Some(Open::Settled) => return None,
                    Some(Open::Charged(small)) => small.account(),
                    None => Account::default(),
                };
                let mut locked = self.members.lock(parties, one.time);
                let _settled = spend::settle(&mut locked, &account, one.costs, one.time);
                drop(locked);
                self.open.put(one.decision, Open::Settled);
                None
            }
            UseKind::Job | UseKind::Call | UseKind::Answered => {
                if open.is_some() {
                    return None;
                }
                let sharing = self.share.as_ref().map(|share| {
                    let again = self.offered.get(one.decision).is_some();
                    let arrival = if again { Arrival::Again } else { Arrival::New };
                    let job = (one.decision, arrival, one.time);
                    let spending = Spending::of_job(one.costs);
                    (share, spend::offer(&self.book, &concerned.facts, &spending, job, 0))
                });
                let mut locked = self.members.lock(parties, one.time);
                let (rehearsed, account) = ask(&mut locked, one, sharing.as_ref());
                drop(locked);
                if rehearsed.stood == Some(Stood::Share) {
                    self.offered.put(one.decision, ());
                }
                if account.charged != Costs::default() {
                    self.open.put(one.decision, Open::Charged(Small::of(&account)));
                }
                Some(rehearsed)
            }
        }
    }

    fn own(&self, memory: &Memory, concerned: &Concerned) -> Option<Effective> {
        let (own, member) = (memory.limiting().own(), concerned.member);
        let Candidate { key, setting } = &self.candidate;
        match key.scope {
            Scope::Member(tried) if tried.hot() == member => {
                let who = (member, concerned.facts.plan);
                Some(own.tried(who, (key, setting.as_ref()), &self.book, self.judged))
            }
            Scope::Member(_) | Scope::Plan(_) | Scope::Holder(_) => {
                own.of(member, concerned.facts.plan, &self.book, self.judged)
            }
        }
    }
}

/// What a use that asks comes to, and what it is charged.
fn ask(
    locked: &mut Locked<'_, PARTIES>,
    one: &Use,
    sharing: Option<&(&Share, Offer)>,
) -> (Rehearsed, Account) {
    let mut account = Account::default();
    let mut share = one.stood.filter(|stood| *stood == Stood::Share);
    let spent = match one.kind {
        UseKind::Call => {
            spend::reserve(locked, &mut account, (cost::call(), Manner::Asked), one.time)
        }
        UseKind::Answered => {
            spend::reserve(locked, &mut account, (cost::call(), Manner::InAnyCase), one.time)
        }
        UseKind::Job | UseKind::Over => {
            let mut spent = spend::check(locked, one.costs, one.time);
            let admitted = spend::admitted(&spent.quotas);
            if let Some((shares, offer)) = sharing {
                share = None;
                if admitted {
                    let answer = locked.visit(0, one.time, |visit| visit.offer(shares, offer));
                    let waits = matches!(answer.going, Going::WaitUntil(_) | Going::Refuse);
                    share = waits.then_some(Stood::Share);
                }
            }
            if admitted && share.is_none() {
                spend::charge(locked, &mut account, &mut spent, (one.costs, one.time));
            }
            spent
        }
    };
    let mut charging = spent.charging;
    if charging && one.ended {
        for which in 0..PARTIES {
            locked.visit(which, one.time, |visit| visit.undo(account.charged));
        }
        (account, charging) = (Account::default(), false);
    }
    let stood = Stood::of_quotas(&spent.quotas).or(share);
    (Rehearsed { charging, stood, quotas: spent.quotas }, account)
}

fn book(memory: &Memory, candidate: &Candidate, now: Timestamp) -> Book {
    let generation = memory.generations().current();
    let tried = (candidate.key, candidate.setting.as_ref());
    memory.limiting().book_with(&generation, tried, now)
}

/// Sharing as it would be from the beginning. Where nodes say what there is, it is not recorded what they said; nor what part of it
/// was left to this instance where there are others.
fn share(memory: &Memory) -> Option<Share> {
    if memory.limiting().members().untold().is_some() {
        return None;
    }
    let share = memory.limiting().share();
    let known = share.terms().capacity.iter().any(|capacity| *capacity > 0);
    (known && !share.is_reported()).then(|| share.afresh())
}

fn own_limits(candidate: &Candidate) -> Option<crate::limiter::Limits> {
    let quota = candidate.setting.as_ref()?.quota?;
    let mut limits: crate::limiter::Limits = [None; 4];
    let limit = crate::limiter::Limit::of(crate::memory::limits::allowance(quota));
    limits[candidate.key.resource as usize] = Some(limit);
    Some(limits)
}

fn concerned(user: &User) -> Concerned {
    match *user {
        User::Sender {
            member,
            organisation,
            plan,
            weight_milli: share_weight_milli,
            api_key,
            zone,
        } => {
            let facts =
                Member { plan, organisation, share_weight_milli, zone, ..Member::default() };
            Concerned { api_key, ..Concerned::member(member, facts) }
        }
        User::Called { number, trunk } => Concerned {
            direction: Direction::Inbound,
            member: 0,
            facts: Member::default(),
            api_key: 0,
            number,
            trunk,
        },
    }
}
