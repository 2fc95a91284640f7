//! Screening: request, features, signals, score, verdict. [`screen`] holds all the control flow; what it calls is
//! gathering, counting and pure judgement. Nothing here waits: not for disk, not for network.

mod campaigns;
pub mod decide;
mod gather;
mod pages;
pub mod reading;
pub mod score;
pub mod signals;
mod spend;
pub mod tuning;

use std::sync::atomic::Ordering;

use bytes::Bytes;

use crate::activity::{Counts, Source};
use crate::fax::id::Pseudonym;
use crate::fax::stage::{DialOutcome, Direction, ReceiveOutcome, Stage, StageEvent, StageKind};
use crate::features::Feature;
use crate::ledger::{HeldFax, HeldState, Noted, StageRow, encode_verdict};
use crate::measures::MeasureKind;
use crate::memory::answers::{Answer, Answered};
use crate::memory::open::{AtWork, OpenDecision};
use crate::memory::{Memory, pace};
use crate::policy::{Generation, Policy};
use crate::relations::Correspondence;
use crate::store::{Entry, EntryKind, FaxIndex, TableId, TableWrite};
use crate::time::Timestamp;
use crate::verdict::{Action, Counterfactuals, Degradations, Verdict};
pub use campaigns::SeenPage;
use campaigns::{Brought, Wish};
use decide::{Case, decide};
use gather::{Gathered, gather, gather_again};
use score::score;
use spend::Spent;

/// Screens one stage of one fax: counts it, judges it, records it.
///
/// The same request again gets the same answer; a stage that comes late or twice gets the answer that
/// stands. Only a job that was told to wait is judged anew when what it waited for has come: nothing of it is counted
/// twice then. The same events in the same order give the same verdicts.
pub fn screen(memory: &Memory, event: &StageEvent) -> Verdict {
    screen_pages(memory, event, &[])
}

/// The same with the fingerprints of pages that came with the stage. A stage that was answered, and whose answer wanted
/// them, is judged anew with them.
pub fn screen_pages(memory: &Memory, event: &StageEvent, pages: &[SeenPage]) -> Verdict {
    screen_stage(memory, event, (pages, Degradations::default()))
}

/// The same where pages came and there is no room to compare them: judged by metadata alone, as if none had come, and the
/// verdict says so. What nobody compared may come again.
pub fn screen_uncompared(memory: &Memory, event: &StageEvent) -> Verdict {
    screen_stage(memory, event, (&[], Degradations::FINGERPRINTS_NOT_COMPARED))
}

fn screen_stage(
    memory: &Memory,
    event: &StageEvent,
    (pages, degraded): (&[SeenPage], Degradations),
) -> Verdict {
    let mut locked = memory.open_decisions().lock(event.decision);
    let stage = event.stage.kind();
    locked.turn(stage.direction());
    let mark = mark(&event.stage);
    let again = !pages.is_empty() && campaigns::refines(memory, &locked, event);
    if !again && let Some(verdict) = before(memory, &locked, event) {
        let degradations = verdict.degradations.with(degraded);
        return Verdict { degradations, ..verdict };
    }
    let mut open = AtWork::on(&mut locked);
    if open.begins_pages(stage) {
        memory.wishes().fax();
    }
    let generation = memory.generations().in_force();
    let kept = if again { kept_until(memory, &open, event) } else { None };
    let join = if again { gather_again } else { gather };
    let gathered = join(memory, &mut open, event);
    let map_wanted = campaigns::look(memory, &mut open, event, pages);
    let mut counted = count(memory, &mut open, event, &generation);
    if !again {
        gather::count(&mut open.features, &counted.counts);
    }
    let mut verdict = judge(&open, event, &gathered, &counted, &generation);
    let in_force = (&**generation, event.time);
    spend::call_ends(memory, &mut open, (&mut counted.spent, &verdict), in_force);
    verdict.degradations = verdict.degradations.with(degraded);
    let (doubt, clean) = (verdict.fingerprint.is_some(), verdict.action == Action::Deliver);
    let brought = Brought { pages, map_wanted, doubt, clean };
    let Wish { purpose, ink_map } =
        campaigns::wish(memory, &mut open, event, generation.policy(), &brought);
    (verdict.fingerprint, verdict.ink_map) = (purpose, ink_map);
    verdict.deadline = verdict.deadline.map(|deadline| kept.unwrap_or(deadline));
    let held = open.hold(&verdict);
    let kept_now = verdict.action == Action::Quarantine && stage == StageKind::Received;
    let desk = held || kept_now && kept.is_none();
    let mut row = row(&open, event, &gathered, &counted, verdict);
    row.relate(memory.relations(), event.time);
    open.noted(row.noted);
    let freed = kept.filter(|_| !kept_now);
    let fax = index(&open, &row);
    let (body, verdict_at) = row.encode_parted();
    let known_by = |verdict: &Verdict| Answered::of(event.request, mark, verdict);
    open.answers.push(known_by(&row.verdict), body.get(verdict_at..).unwrap_or_default());
    let recorded = record(memory, event, (counted.seq, desk, freed), &row, (fax, body));
    if !recorded {
        unrecorded(&mut row.verdict, desk, generation.policy());
        open.answers.pop();
        open.answers.push(known_by(&row.verdict), &encode_verdict(&row.verdict));
        open.desk = open.desk.filter(|_| !held);
    }
    memory.counters().screened.fetch_add(1, Ordering::Relaxed);
    if event.unscored > 0 {
        memory.counters().unscored.fetch_add(event.unscored.into(), Ordering::Relaxed);
    }
    open.kept = row.features;
    row.verdict
}

/// Until when the latest answer keeps the fax back, where it does so after the call.
fn kept_until(memory: &Memory, open: &OpenDecision, event: &StageEvent) -> Option<Timestamp> {
    let latest = open.answers.last()?;
    let to = latest.to;
    let kept = to.action == Action::Quarantine && to.stage == StageKind::Received;
    let verdict = latest.again(event.decision, &memory.names()).filter(|_| kept)?;
    verdict.deadline
}

/// The answer that stands for the stage, if one does.
fn before(memory: &Memory, open: &OpenDecision, event: &StageEvent) -> Option<Verdict> {
    let (names, decision) = (memory.names(), event.decision);
    let asked_of_job = matches!(event.stage, Stage::JobSubmitted(_) | Stage::Dialing { .. });
    let stands =
        |answer: &Answer<'_>| !(asked_of_job && open.may_go(*answer, decision, &names, event.time));
    let passed = || open.passed(event.stage.kind(), mark(&event.stage)).filter(stands);
    let answer = open.answered(event.request).filter(stands).or_else(passed)?;
    answer.again(decision, &names)
}

/// The number of a page or attempt, which tells two of the same stage apart.
const fn mark(stage: &Stage) -> u32 {
    match stage {
        Stage::Page(page) => page.number,
        Stage::Dialing { attempt, .. } | Stage::DialResult { attempt, .. } => *attempt,
        Stage::CallOffered { .. }
        | Stage::Handshake(_)
        | Stage::Received(_)
        | Stage::JobSubmitted(_) => 0,
    }
}

/// What counting found.
struct Counted {
    seq: u64,
    counts: Counts,
    spent: Spent,
    measure: Option<MeasureKind>,
    budget_spent: bool,
    memory_full: bool,
}

/// Counts the stage under the locks of everybody it touches; the seq is taken while all are held.
fn count(
    memory: &Memory,
    open: &mut AtWork<'_>,
    event: &StageEvent,
    generation: &Generation,
) -> Counted {
    let (policy, limiting) = (generation.policy(), memory.limiting());
    let book = limiting.book(generation, event.time);
    let spends = spend::of(open, &event.stage);
    let direction = event.stage.kind().direction();
    let measure =
        memory.measure_against(&open.observation, (direction, &open.features), event.time);
    let measure = measure.map(|(_, measure)| measure.kind);
    let left = (measure == Some(MeasureKind::Limit)).then(|| policy.desk().limit_percent);
    let own = spend::own((limiting.own(), left), open, (&event.stage, spends), (&book, event.time));
    let parties = spend::parties((&book, own.as_ref()), open, (&event.stage, spends));
    let said = memory.said_of(&open.observation, policy, event.time);
    let mut activity = memory.activity().lock(&open.observation);
    let holds = limiting.holds().lock([open.member_key]);
    let mut locked = limiting.members().lock(parties, event.time);
    let seq = memory.store().next_seq();
    let counts = activity.observe(&mut open.observation, pace(policy), Source::Live, &said);
    let mut budget_spent = memory.global_budget_spent(policy);
    if let Some(held) = holds.get(0) {
        let budget = policy.budget();
        budget_spent |= held.count(event.time, budget.member_window) >= budget.member;
    }
    let job = (spends, Pseudonym(event.decision.0).hot(), event.time);
    let spent = spend::spend(memory, (&book, &mut locked), open, job);
    let memory_full = activity.evicted() || spent.crowded;
    drop((activity, holds, locked));
    Counted { seq, counts, spent, measure, budget_spent, memory_full }
}

fn judge(
    open: &AtWork<'_>,
    event: &StageEvent,
    gathered: &Gathered,
    counted: &Counted,
    generation: &Generation,
) -> Verdict {
    let policy = generation.policy();
    let stage = event.stage.kind();
    let scored = score(&open.features, stage.direction(), policy);
    let case = Case {
        stage,
        features: &open.features,
        scored: &scored,
        quotas: &counted.spent.quotas,
        share: counted.spent.share,
        budget_spent: counted.budget_spent,
        now: event.time,
        hours: gathered.hours,
        quiet_until: gathered.quiet_until,
        desk: open.desk,
        measure: counted.measure,
    };
    let decided = decide(&case, policy);
    let mut degradations = decided.degradations;
    for (degraded, degradation) in [
        (gathered.member_unknown, Degradations::MEMBER_UNKNOWN),
        (gathered.parties_missing, Degradations::EARLIER_STAGE_UNKNOWN),
        (counted.memory_full, Degradations::MEMORY_FULL),
    ] {
        if degraded {
            degradations = degradations.with(degradation);
        }
    }
    Verdict {
        decision: event.decision,
        stage,
        action: decided.action,
        score: scored.score,
        hits: scored.hits,
        rule: decided.rule,
        generation: generation.number(),
        counterfactuals: decided.counterfactuals,
        reuse: decided.reuse,
        fingerprint: decided.fingerprint,
        ink_map: false,
        bounds: decided.bounds,
        refusal: decided.refusal,
        deadline: decided.deadline,
        quotas: counted.spent.quotas.clone(),
        share: counted.spent.share,
        degradations,
        repeated: false,
        settled: decided.settled,
    }
}

fn row(
    open: &AtWork<'_>,
    event: &StageEvent,
    gathered: &Gathered,
    counted: &Counted,
    verdict: Verdict,
) -> StageRow {
    StageRow {
        request: event.request,
        mark: mark(&event.stage),
        node: event.node.hot(),
        number: open.number.unwrap_or(Pseudonym([0; 16])),
        caller: open.caller,
        member: open.member,
        member_key: open.member_key,
        facts: open.facts,
        api_key: open.api_key(verdict.stage.direction()),
        calling_code: open.calling_code,
        zone: open.zone,
        observation: open.observation,
        features: open.features.keep(),
        charged: open.account.charged,
        asked: spend::asked(&event.stage),
        charging: counted.spent.charging,
        settled: counted.spent.settled,
        owed: counted.spent.owed,
        noted: noted(open, event, gathered, &verdict),
        pages: open.pages,
        verdict,
    }
}

/// Days after which a correspondence that goes on is noted anew, so that it does not end with its term.
const RENEWED_DAYS: u16 = 30;

/// The correspondence that the stage proves. A node may never bring the fingerprints that an answer wants, so that each
/// answer is noted as if it were the last; one that says otherwise takes back what the one before it noted.
fn noted(open: &AtWork<'_>, event: &StageEvent, gathered: &Gathered, verdict: &Verdict) -> Noted {
    if open.number.is_none() {
        return Noted::default();
    }
    if let Stage::DialResult { outcome: DialOutcome::Sent, .. } = &event.stage {
        return Noted::FAXED;
    }
    let Stage::Received(received) = &event.stage else { return Noted::default() };
    let delivered = received.outcome == ReceiveOutcome::Complete
        && verdict.action == Action::Deliver
        && open.observation.caller != 0;
    let Correspondence { accepted, age_days, .. } = gathered.known;
    match (delivered, open.features.is(Feature::MemberAccepted)) {
        // Of this day, by another fax or by an earlier answer about this one.
        (true, false) if accepted => Noted::default(),
        (true, false) => Noted::ACCEPTED,
        // Days could not be taken back, and another fax renews it as well.
        (true, true) if age_days >= RENEWED_DAYS && verdict.fingerprint.is_none() => {
            Noted::STILL_ACCEPTED
        }
        (false, _) if accepted && is_own(open, age_days, event.time) => Noted::TAKEN_BACK,
        (true, true) | (false, _) => Noted::default(),
    }
}

/// Whether what is remembered of the pair is what an earlier answer about this fax noted: what somebody said since then is
/// of another day.
fn is_own(open: &OpenDecision, age_days: u16, now: Timestamp) -> bool {
    let day = |second: u32| Timestamp::from_seconds(second.into()).day();
    open.accepted().is_some_and(|second| now.day() - day(second) == i64::from(age_days))
}

/// Queues the row, which has been encoded, and with it what goes to the desk or is kept there no longer; false when the
/// ledger could not take it.
fn record(
    memory: &Memory,
    event: &StageEvent,
    (seq, desk, freed): (u64, bool, Option<Timestamp>),
    row: &StageRow,
    (fax, body): (Option<FaxIndex>, Bytes),
) -> bool {
    // Most stages change no table: two appends that seldom happen take less than an iterator that ends at once.
    let mut writes = Vec::new();
    if let Some(deadline) = row.verdict.deadline.filter(|_| desk) {
        writes.push(HeldFax::waiting(row, event.decision, event.time, deadline).write(None));
    }
    if let Some(until) = freed {
        let key = HeldFax::key_of(HeldState::Waiting, until, event.decision);
        writes.push(TableWrite::Delete { table: TableId::HeldFaxes, key });
    }
    let entry = Entry {
        seq,
        time: event.time,
        kind: EntryKind::Stage,
        decision: Some(event.decision),
        fax,
        body,
        writes,
    };
    let queued = memory.store().queue(entry).is_ok();
    if !queued {
        memory.counters().unrecorded.fetch_add(1, Ordering::Relaxed);
    }
    queued
}

/// A fax is found by its number when it begins, and again where something was done about it.
fn index(open: &OpenDecision, row: &StageRow) -> Option<FaxIndex> {
    let before = open.answers.last().map(|answer| answer.to.action);
    let ends = row.verdict.stage == StageKind::Received;
    let wanted = before.is_none_or(|before| before.withholds() != row.verdict.action.withholds());
    let wanted = wanted || ends;
    wanted.then_some(FaxIndex {
        did: row.number,
        caller: row.caller,
        // The directory keeps hot keys only, so that is what members are found by.
        member: Some(Pseudonym::of_hot(row.member_key)),
        action: row.verdict.action as u8,
    })
}

/// The declared answer when the ledger does not take the row. What nobody could find on the desk again must not be
/// kept back: it goes on, marked or bounded.
fn unrecorded(verdict: &mut Verdict, desk: bool, policy: &Policy) {
    verdict.degradations = verdict.degradations.with(Degradations::LEDGER_BEHIND);
    if !desk {
        return;
    }
    (verdict.rule, verdict.deadline) = ("ledger.behind", None);
    match verdict.stage.direction() {
        Direction::Inbound => verdict.action = Action::DeliverTagged,
        Direction::Outbound => {
            (verdict.action, verdict.bounds) = (Action::Bound, policy.outbound().bounds);
        }
    }
}

/// The declared answer when the scorer fails: the fax goes through, marked.
pub fn scorer_failed(memory: &Memory, event: &StageEvent) -> Verdict {
    memory.counters().failed.fetch_add(1, Ordering::Relaxed);
    let generation = memory.generations().current();
    let stage = event.stage.kind();
    Verdict {
        decision: event.decision,
        stage,
        action: match stage.direction() {
            Direction::Inbound => Action::Deliver,
            Direction::Outbound => Action::Allow,
        },
        score: generation.policy().prior(stage.direction()),
        hits: prior_line(generation.policy(), stage),
        rule: "scorer.failed",
        generation: generation.number(),
        counterfactuals: Counterfactuals::new(),
        reuse: crate::time::Span::default(),
        fingerprint: None,
        ink_map: false,
        bounds: crate::verdict::Bounds::default(),
        refusal: None,
        deadline: None,
        quotas: Vec::new(),
        share: None,
        degradations: Degradations::SCORER_FAILED,
        repeated: false,
        settled: false,
    }
}

fn prior_line(policy: &Policy, stage: StageKind) -> Vec<crate::verdict::Hit> {
    vec![crate::verdict::Hit {
        kind: crate::verdict::HitKind::Prior,
        name: score::PRIOR,
        contribution: policy.prior(stage.direction()),
        value: 0,
    }]
}
