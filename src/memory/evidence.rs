//! Evidence that is no stage: reports, releases, rejections. Felt from the moment it is recorded, and taken back where
//! it does not become durable: then nothing was changed.

use super::Memory;
use crate::activity::{Pace, Said, Source};
use crate::fax::stage::Member;
use crate::ledger::EvidenceRow;
use crate::limiter::{Locked, Party, WrongHolds};
use crate::memory::limits::{Concerned, PARTIES};
use crate::store::{CommitFault, Entry, Refused};
use crate::time::{Span, Timestamp};

/// Why evidence was not added. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAdded {
    /// The store does not take it.
    Refused(Refused),
    /// It did not become durable.
    Commit(CommitFault),
}

/// Evidence that is recorded and not yet known to be durable.
#[must_use = "it is kept or taken back once the ticket has answered"]
pub(crate) struct Pending {
    evidence: EvidenceRow,
    time: Timestamp,
    ticket: crate::store::Ticket,
}

/// Adds evidence under a seq of its own, which is taken while everything it touches is locked, and hands the
/// entry to the store; `entry` makes it of that seq. Does not wait.
pub(crate) fn begin(
    memory: &Memory,
    evidence: EvidenceRow,
    time: Timestamp,
    entry: impl FnOnce(u64) -> Entry,
) -> Result<Pending, NotAdded> {
    let (pace, window) = paces(memory);
    let mut observation = evidence.observation;
    let key = evidence.member_key;
    let mut activity = memory.activity.lock(&observation);
    let mut holds = memory.limiting.holds().lock([key]);
    let penalty = evidence.penalty.sixteenths;
    let ticket = with_sender(memory, &evidence, time, |sender| {
        let entry = entry(memory.store().next_seq());
        let ticket = memory.store().commit(entry).map_err(NotAdded::Refused)?;
        sender.visit(0, time, |visit| visit.penalise(penalty));
        Ok(ticket)
    })?;
    activity.observe(&mut observation, pace, Source::Live, &Said::default());
    if evidence.released
        && let Some(held) = holds.entry(0, WrongHolds::default)
    {
        held.note(time, window);
    }
    drop((activity, holds));
    Ok(Pending { evidence, time, ticket })
}

/// Locks the levels of the member whose weight the evidence lowers, at the limits that it was judged by; of nobody where it lowers
/// nobody's.
fn with_sender<T>(
    memory: &Memory,
    evidence: &EvidenceRow,
    time: Timestamp,
    change: impl FnOnce(&mut Locked<'_, PARTIES>) -> T,
) -> T {
    let penalised = evidence.penalty.sixteenths > 0;
    let (member, plan) = (if penalised { evidence.member_key } else { 0 }, evidence.penalty.plan);
    let limiting = &memory.limiting;
    let book = limiting.book(&memory.generations.current(), time);
    let own = penalised.then(|| limiting.own().of(member, plan, &book, time)).flatten();
    let concerned = Concerned::member(member, Member { plan, ..Member::default() });
    // Where the member lives is not known here, and so its month is left alone.
    let parties = book.parties(&concerned, own.as_ref());
    let parties = parties.map(|party| Party { month: None, ..party });
    change(&mut limiting.members().lock(parties, time))
}

/// Waits for the store, and takes back what did not become durable.
pub(crate) fn finish(memory: &Memory, pending: Pending) -> Result<(), NotAdded> {
    let Pending { evidence, time, ticket } = pending;
    match ticket.wait() {
        Ok(()) => {
            approve(memory, &evidence, time);
            Ok(())
        }
        Err(fault) => {
            take_back(memory, &evidence, time);
            Err(NotAdded::Commit(fault))
        }
    }
}

/// Adds evidence again that the ledger holds, where the snapshot is from before.
pub(super) fn replay(memory: &Memory, evidence: &EvidenceRow, seq: u64, time: Timestamp) {
    let (pace, window) = paces(memory);
    let mut observation = evidence.observation;
    let key = evidence.member_key;
    let mut activity = memory.activity.lock(&observation);
    let mut holds = memory.limiting.holds().lock([key]);
    let penalty = evidence.penalty.sixteenths;
    with_sender(memory, evidence, time, |sender| {
        if sender.replays(0, seq) {
            sender.visit(0, time, |visit| visit.penalise(penalty));
        }
    });
    activity.observe(&mut observation, pace, Source::Replay(seq), &Said::default());
    if evidence.released
        && holds.replays(0, seq)
        && let Some(held) = holds.entry(0, WrongHolds::default)
    {
        held.note(time, window);
    }
    drop((activity, holds));
    approve(memory, evidence, time);
}

fn take_back(memory: &Memory, evidence: &EvidenceRow, time: Timestamp) {
    let (_, window) = paces(memory);
    let key = evidence.member_key;
    let mut activity = memory.activity.lock(&evidence.observation);
    let mut holds = memory.limiting.holds().lock([key]);
    let penalty = evidence.penalty.sixteenths;
    with_sender(memory, evidence, time, |sender| {
        sender.visit(0, time, |visit| visit.pardon(penalty));
    });
    activity.take_back(&evidence.observation);
    if let Some(held) = holds.get_mut(0).filter(|_| evidence.released) {
        held.take_back(time, window);
    }
}

fn approve(memory: &Memory, evidence: &EvidenceRow, time: Timestamp) {
    if evidence.approved {
        memory.relations.approve(evidence.member_key, evidence.number_key, time);
    }
}

/// How evidence is weighed, and the window of a member's false positives.
fn paces(memory: &Memory) -> (Pace, Span) {
    let generation = memory.generations.current();
    let policy = generation.policy();
    (super::pace(policy), policy.budget().member_window)
}
