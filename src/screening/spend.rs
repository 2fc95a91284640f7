//! What a stage spends, of whose quotas, and at whose share of what is contended: reserved with an estimate at the first
//! stage, settled with what it was in the end.
//!
//! A job of a member is asked about: where a quota or a share stands in its way nothing is charged, and it is asked about
//! again when its time has come. A call for a member is asked about before it is answered and only where no correspondence
//! speaks for it; afterwards its pages come in any case. Decided for a fax as a whole, never at page 7 of 12.

use crate::fax::stage::{Direction, JobFacts, Member, Stage, TextLook};
use crate::features::Feature;
use crate::limiter::catalog::{Spend, Spending};
use crate::limiter::members::Place;
use crate::limiter::share::{Arrival, Offer};
use crate::limiter::{Costs, Locked, Party, Reservation, admits, cost};
use crate::memory::Memory;
use crate::memory::limits::{Book, Concerned, Effective, OwnLimits, PARTIES};
use crate::memory::open::{Account, AtWork, OpenDecision};
use crate::policy::Generation;
use crate::time::Timestamp;
use crate::verdict::{Action, Going, QuotaStatus, ShareStatus, Verdict, Watched};

/// What a stage means for what its fax spends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spends {
    /// Nothing new.
    Nothing,
    /// The job asks whether it may go.
    Job(JobFacts),
    /// The call asks whether it is answered.
    Call,
    /// The call was answered, whatever it costs.
    Answered,
    /// It is over, and cost this.
    Over(Costs),
}

/// What became of it.
#[derive(Debug, Default)]
pub(super) struct Spent {
    /// How the quotas stood that were asked.
    pub(super) quotas: Vec<QuotaStatus>,
    /// How the share stood.
    pub(super) share: Option<ShareStatus>,
    /// Whether it was charged at this stage.
    pub(super) charging: bool,
    /// The actual cost, where it was settled.
    pub(super) settled: Option<Costs>,
    /// What stays charged where that is more.
    pub(super) owed: Option<Costs>,
    /// Whether somebody shared a load with others, for want of room.
    pub(super) crowded: bool,
}

/// What the stage spends.
pub(super) fn of(open: &AtWork<'_>, stage: &Stage) -> Spends {
    if open.settled {
        return Spends::Nothing;
    }
    let charged = open.account.charged != Costs::default();
    match stage {
        Stage::DialResult { outcome, pages, duration, last: true, .. } => {
            Spends::Over(cost::dial(*outcome, *pages, *duration))
        }
        Stage::Received(received) => Spends::Over(cost::received(received)),
        _ if charged => Spends::Nothing,
        Stage::JobSubmitted(_) | Stage::Dialing { .. } => {
            job(stage).map_or(Spends::Nothing, Spends::Job)
        }
        Stage::CallOffered { .. } if !corresponds(open) => Spends::Call,
        Stage::CallOffered { .. } | Stage::Handshake(_) | Stage::Page(_) => Spends::Answered,
        Stage::DialResult { last: false, .. } => Spends::Nothing,
    }
}

/// The job that a stage asks for, where it is one that does.
fn job(stage: &Stage) -> Option<JobFacts> {
    match stage {
        // Every recipient of a batch is a decision of its own.
        Stage::JobSubmitted(job) => Some(JobFacts { recipients: 1, ..*job }),
        Stage::Dialing { pages, bytes, .. } => Some(JobFacts {
            pages: *pages,
            bytes: *bytes,
            recipients: 1,
            tsi: None,
            header: TextLook::Absent,
            document: 0,
            not_before: None,
        }),
        Stage::CallOffered { .. }
        | Stage::Handshake(_)
        | Stage::Page(_)
        | Stage::Received(_)
        | Stage::DialResult { .. } => None,
    }
}

/// What a stage asks for or did cost, whatever is charged for it: by this other limits can be tried on it later.
pub(super) fn asked(stage: &Stage) -> Option<Costs> {
    match stage {
        Stage::DialResult { outcome, pages, duration, last: true, .. } => {
            Some(cost::dial(*outcome, *pages, *duration))
        }
        Stage::Received(received) => Some(cost::received(received)),
        Stage::JobSubmitted(_)
        | Stage::Dialing { .. }
        | Stage::CallOffered { .. }
        | Stage::Handshake(_)
        | Stage::Page(_)
        | Stage::DialResult { .. } => job(stage).map(|job| cost::job(&job)),
    }
}

/// Whoever the recipient wants to hear from is put off by no quota.
fn corresponds(open: &AtWork<'_>) -> bool {
    [Feature::MemberFaxed, Feature::MemberAccepted, Feature::ListAllow]
        .into_iter()
        .any(|feature| open.features.is(feature))
}

/// The limits of its own that the member has who is asked about: what a fax for it spends is counted against the number it is for
/// and never against the member, and where nothing is spent nobody asks. `left` is the part in percent that a measure leaves of
/// them.
pub(super) fn own(
    (own, left): (&OwnLimits, Option<u32>),
    open: &OpenDecision,
    (stage, spends): (&Stage, Spends),
    (book, now): (&Book, Timestamp),
) -> Option<Effective> {
    match (stage.kind().direction(), spends) {
        (Direction::Inbound, _) | (_, Spends::Nothing) => None,
        (Direction::Outbound, _) => {
            let whose = (open.member_key, open.facts.plan);
            match left {
                Some(percent) => Some(own.lessened(whose, percent, book, now)),
                None => own.of(whose.0, whose.1, book, now),
            }
        }
    }
}

/// Whom the stage is counted against: nobody where it spends nothing.
pub(super) fn parties<'a>(
    (book, own): (&'a Book, Option<&'a Effective>),
    open: &OpenDecision,
    (stage, spends): (&Stage, Spends),
) -> [Party<'a>; PARTIES] {
    let concerned = Concerned {
        direction: stage.kind().direction(),
        member: open.member_key,
        facts: open.facts,
        api_key: open.api_key(stage.kind().direction()),
        number: open.number.map_or(0, |number| number.hot()),
        trunk: open.observation.trunk,
    };
    let parties = book.parties(&concerned, own);
    match spends {
        Spends::Nothing => parties.map(|party| Party { key: 0, ..party }),
        Spends::Job(_) | Spends::Call | Spends::Answered | Spends::Over(_) => parties,
    }
}

/// Spends it, while everybody it is counted against is locked.
pub(super) fn spend(
    memory: &Memory,
    (book, locked): (&Book, &mut Locked<'_, PARTIES>),
    open: &mut OpenDecision,
    (spends, decision, now): (Spends, u64, Timestamp),
) -> Spent {
    // Of nobody known nothing can be charged.
    if !(0..PARTIES).any(|which| locked.is_somebody(which)) {
        open.settled |= matches!(spends, Spends::Over(_)) && open.member_key != 0;
        return Spent::default();
    }
    match spends {
        Spends::Nothing => Spent::default(),
        Spends::Over(actual) => {
            open.settled = true;
            settle(locked, &open.account, actual, now)
        }
        Spends::Call => reserve(locked, &mut open.account, (cost::call(), Manner::Asked), now),
        Spends::Answered => {
            reserve(locked, &mut open.account, (cost::call(), Manner::InAnyCase), now)
        }
        Spends::Job(job) => {
            let mut spent = check(locked, cost::job(&job), now);
            if !admitted(&spent.quotas) {
                return spent;
            }
            let arrival = if open.offered { Arrival::Again } else { Arrival::New };
            let spending = Spending::job(&job);
            let lowered = memory.lowered_by_reports(open.member_key, now);
            let offer = offer(book, &open.facts, &spending, (decision, arrival, now), lowered);
            let answer =
                locked.visit(0, now, |visit| visit.offer(&memory.limiting().share(), &offer));
            spent.share = answer.status();
            if matches!(answer.going, Going::Go | Going::GoLow) {
                charge(locked, &mut open.account, &mut spent, (cost::job(&job), now));
            } else {
                open.offered = true;
            }
            spent
        }
    }
}

/// Whether who is over its quota is charged all the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// It is not.
    Asked,
    /// It is: the call has been answered.
    InAnyCase,
}

pub(super) fn reserve(
    locked: &mut Locked<'_, PARTIES>,
    account: &mut Account,
    (estimate, manner): (Costs, Manner),
    now: Timestamp,
) -> Spent {
    let mut spent = check(locked, estimate, now);
    if manner == Manner::InAnyCase || admitted(&spent.quotas) {
        charge(locked, account, &mut spent, (estimate, now));
    }
    if manner == Manner::InAnyCase {
        // Nobody asked: what stands in the way of nothing is not said.
        spent.quotas.clear();
    }
    spent
}

pub(super) fn admitted(quotas: &[QuotaStatus]) -> bool {
    quotas.iter().all(|quota| admits(&[Some(*quota), None, None, None]))
}

pub(super) fn check(locked: &mut Locked<'_, PARTIES>, costs: Costs, now: Timestamp) -> Spent {
    let mut spent = Spent::default();
    for which in 0..PARTIES {
        if !locked.is_somebody(which) {
            continue;
        }
        locked.visit(which, now, |visit| {
            spent.quotas.extend(visit.check(costs).into_iter().flatten());
            spent.quotas.extend(visit.check_month(costs));
            spent.crowded |= visit.place() == Place::Shared;
        });
    }
    spent
}

pub(super) fn charge(
    locked: &mut Locked<'_, PARTIES>,
    account: &mut Account,
    spent: &mut Spent,
    (costs, now): (Costs, Timestamp),
) {
    for which in 0..PARTIES {
        locked.visit(which, now, |visit| visit.charge(costs));
    }
    account.charged = costs;
    account.reserved = Reservation::of(&spent.quotas, locked.given(), now);
    spent.charging = true;
}

pub(super) fn settle(
    locked: &mut Locked<'_, PARTIES>,
    account: &Account,
    mut actual: Costs,
    now: Timestamp,
) -> Spent {
    // The recipients were paid for when the job came in, whatever became of it.
    actual.0[3] = account.charged.0[3];
    let whose = (locked.limits(), locked.given());
    let owed = account.reserved.owed((account.charged, actual), whose, now);
    for which in 0..PARTIES {
        locked.visit(which, now, |visit| {
            visit.settle(account.charged, owed);
            visit.settle_month((account.charged, actual), account.reserved.at);
        });
    }
    let owed = (owed != actual).then_some(owed);
    Spent { settled: Some(actual), owed, ..Spent::default() }
}

/// The job, as those who share see it.
pub(super) fn offer(
    book: &Book,
    facts: &Member,
    spending: &Spending,
    (job, arrival, now): (u64, Arrival, Timestamp),
    lowered: u8,
) -> Offer {
    let costs = Watched::ALL.map(|resource| {
        spending.of(match resource {
            Watched::Lines => Spend::LineSeconds,
            Watched::Attempts => Spend::CallAttempts,
            Watched::Conversion => Spend::Conversion,
        })
    });
    let (standing, membership) = (book.standing(facts), book.membership(facts));
    Offer { job, arrival, costs, standing, membership, lowered, now }
}

/// A call that is refused or put off costs nobody a fax: who floods a number with calls that are refused must not use up
/// what strangers may send to it.
pub(super) fn call_ends(
    memory: &Memory,
    open: &mut OpenDecision,
    (spent, verdict): (&mut Spent, &Verdict),
    (generation, now): (&Generation, Timestamp),
) {
    let inbound = verdict.stage.direction() == Direction::Inbound;
    let ends = matches!(verdict.action, Action::RefuseCall | Action::Defer);
    if !(spent.charging && inbound && ends) {
        return;
    }
    let book = memory.limiting().book(generation, now);
    let concerned = Concerned {
        direction: Direction::Inbound,
        member: 0,
        facts: open.facts,
        api_key: 0,
        number: open.number.map_or(0, |number| number.hot()),
        trunk: open.observation.trunk,
    };
    let mut locked = memory.limiting().members().lock(book.parties(&concerned, None), now);
    for which in 0..PARTIES {
        locked.visit(which, now, |visit| visit.undo(open.account.charged));
    }
    (open.account.charged, open.account.reserved, spent.charging) =
        (Costs::default(), Reservation::default(), false);
}
