//! Open decisions: what earlier stages of a fax left for the later ones. Bounded; the oldest is let go first.
//!
//! After a restart they come back from the ledger, without the numbers in clear, which are stored nowhere:
//! what was derived from those is in the features already.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use foldhash::fast::RandomState;
use parking_lot::{ArcMutexGuard, Mutex, RawMutex};

use super::answers::{Answer, Answered, Answers};
use super::looks::Looks;
use crate::activity::Observation;
use crate::fax::id::{DecisionId, Pseudonym};
use crate::fax::numbering::NumberFacts;
use crate::fax::stage::{Direction, Member, Parties, StageKind};
use crate::features::{Features, KeptFeatures};
use crate::ledger::{HeldState, Names, Noted, PageStats, StageRow, decode_verdict, encode_verdict};
use crate::limiter::members::GivenBack;
use crate::limiter::{Costs, Reservation};
use crate::time::Timestamp;
use crate::verdict::{Action, Verdict};

/// What a fax was charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What was charged.
    pub charged: Costs,
    /// How it was, for who settles it.
    pub reserved: Reservation,
}

/// What is known of a fax so far.
#[derive(Clone, Debug, Default)]
pub struct OpenDecision {
    /// Who sends and who receives, in clear; absent after a restart.
    pub parties: Option<Parties>,
    /// The called number or the recipient.
    pub number: Option<Pseudonym>,
    /// What the numbering plans say of that number; absent after a restart, like the number in clear.
    pub numbering: Option<NumberFacts>,
    /// The caller.
    pub caller: Option<Pseudonym>,
    /// The member.
    pub member: Option<Pseudonym>,
    /// Hot key of the member, or of the called number where no member is known.
    pub member_key: u64,
    /// What was known of the member.
    pub facts: Member,
    /// Country calling code of the far end; 0 not known.
    pub calling_code: u16,
    /// Code of the first time zone of the recipient; 0 not known.
    pub zone: u16,
    /// Whom the counters know it by.
    pub observation: Observation,
    /// The features as they stood after its latest stage.
    pub kept: KeptFeatures,
    /// The pages so far.
    pub pages: PageStats,
    /// What was charged for it.
    pub account: Account,
    /// True once it asked for its share of a contended resource and was told to wait: what it costs counts there already.
    pub offered: bool,
    /// True once the charge was settled.
    pub settled: bool,
    /// Where it stands on the desk since it was held for review, and its deadline there.
    pub desk: Option<(HeldState, Timestamp)>,
    /// What is known of faxes of one way alone: see [`Self::api_key`] and [`Self::accepted`].
    of_way: u64,
    /// Looks that the service took at it.
    pub looks: Looks,
    /// The answers that were given.
    pub answers: Answers,
}

/// Where a stage stands among those of its direction: pages and attempts come one after the other, and each
/// attempt is dialled before it ends.
const fn place(stage: StageKind, mark: u32) -> (u8, u32, u8) {
    match stage {
        StageKind::Dialing => (StageKind::Dialing as u8, mark, 0),
        StageKind::DialResult => (StageKind::Dialing as u8, mark, 1),
        StageKind::CallOffered
        | StageKind::Handshake
        | StageKind::Page
        | StageKind::Received
        | StageKind::JobSubmitted => (stage as u8, mark, 0),
    }
}

impl OpenDecision {
    /// The answer this request was given before.
    pub fn answered(&self, request: u64) -> Option<Answer<'_>> {
        self.answers.latest_first().find(|answer| answer.to.request == request)
    }

    /// The latest answer to that stage with that mark or to a later one.
    pub fn passed(&self, stage: StageKind, mark: u32) -> Option<Answer<'_>> {
        let later =
            |answer: &Answer<'_>| place(answer.to.stage, answer.to.mark) >= place(stage, mark);
        self.answers.latest_first().find(later)
    }

    /// Whether a job that was told to wait may be told something else by now: the desk has decided, or its time has come.
    pub fn may_go(
        &self,
        answer: Answer<'_>,
        decision: DecisionId,
        names: &Names,
        now: Timestamp,
    ) -> bool {
        if !matches!(answer.to.stage, StageKind::JobSubmitted | StageKind::Dialing) {
            return false;
        }
        if answer.to.action == Action::Hold {
            return !matches!(self.desk, Some((HeldState::Waiting, _)));
        }
        if answer.to.action != Action::Bound {
            return false;
        }
        let until = decode_verdict(answer.verdict, decision, names);
        until.and_then(|verdict| verdict.bounds.not_before).is_some_and(|until| until <= now)
    }

    /// Starts over where the id stood for a fax going the other way until now: one id is one fax.
    pub fn turn(&mut self, direction: Direction) {
        let turned = |stage: StageKind| stage.direction() != direction;
        if self.answers.first_stage().is_some_and(turned) {
            *self = Self::default();
        }
    }

    /// Notes the key of the provider's interface that a job was submitted with: its hot key, or 0 for none.
    pub const fn submitted_with(&mut self, api_key: u64) {
        self.of_way = api_key;
    }

    /// That key, of a fax that goes this way; 0 when there is none.
    pub fn api_key(&self, direction: Direction) -> u64 {
        if direction == Direction::Outbound { self.of_way } else { 0 }
    }

    /// When an answer about a fax for a member was noted as accepted, in seconds since 1970, where none took that back.
    pub fn accepted(&self) -> Option<u32> {
        u32::try_from(self.of_way).ok().filter(|second| *second > 0)
    }

    /// Whether this is the stage at which the pages of the fax begin to come.
    pub fn begins_pages(&self, stage: StageKind) -> bool {
        stage.has_pages() && !self.answers.latest_first().any(|answer| answer.to.stage.has_pages())
    }

    /// True when no stage was seen.
    pub fn is_new(&self) -> bool {
        self.answers.is_empty()
    }

    /// Notes that the fax is on the desk from now on; false where it is already, or where it is not held.
    pub fn hold(&mut self, verdict: &Verdict) -> bool {
        let deadline = verdict.deadline.filter(|_| verdict.action == Action::Hold);
        let fresh = deadline.filter(|_| self.desk.is_none());
        self.desk = self.desk.or(fresh.map(|deadline| (HeldState::Waiting, deadline)));
        fresh.is_some()
    }

    /// Notes what a row of the fax noted of its correspondence.
    pub fn noted(&mut self, noted: Noted) {
        if noted.has(Noted::ACCEPTED) {
            self.of_way = self.observation.second.into();
        } else if noted.has(Noted::TAKEN_BACK) {
            self.of_way = 0;
        }
    }

    /// Takes up what a row of the ledger says, in place of what stood; and what had been given back to whom it is charged.
    pub fn restore(&mut self, row: StageRow, given: Option<GivenBack>) {
        self.turn(row.verdict.stage.direction());
        self.number = Some(row.number).filter(|number| number.0 != [0; 16]);
        self.caller = row.caller;
        self.member = row.member;
        self.member_key = row.member_key;
        self.facts = row.facts;
        if row.verdict.stage.direction() == Direction::Outbound {
            self.submitted_with(row.api_key);
        }
        (self.calling_code, self.zone) = (row.calling_code, row.zone);
        self.observation = row.observation;
        self.kept = row.features;
        self.pages = row.pages;
        self.account.charged = row.charged;
        if row.charging {
            let at = Timestamp::from_seconds(row.observation.second.into());
            self.account.reserved = Reservation::of(&row.verdict.quotas, given, at);
        }
        self.offered |= row.verdict.share.is_some();
        self.settled |= row.settled.is_some();
        self.noted(row.noted);
        self.hold(&row.verdict);
        let verdict = encode_verdict(&row.verdict);
        self.answers.push(Answered::of(row.request, row.mark, &row.verdict), &verdict);
    }
}

// With its lock and the two counts before it a decision fits the 768 bytes that the allocator has next, and hundreds of
// thousands are kept.
const _: () = assert!(size_of::<Mutex<OpenDecision>>() + 2 * size_of::<usize>() <= 768);

/// A decision while one of its stages is screened, with its features spread out to work on. They are kept when they are put
/// back into [`OpenDecision::kept`].
pub struct AtWork<'a> {
    /// The decision.
    pub open: &'a mut OpenDecision,
    /// The features as they stand.
    pub features: Features,
}

impl<'a> AtWork<'a> {
    /// Spreads out what was kept of it.
    #[inline]
    pub fn on(open: &'a mut OpenDecision) -> Self {
        Self { features: open.kept.spread(), open }
    }
}

impl Deref for AtWork<'_> {
    type Target = OpenDecision;

    fn deref(&self) -> &OpenDecision {
        self.open
    }
}

impl DerefMut for AtWork<'_> {
    fn deref_mut(&mut self) -> &mut OpenDecision {
        self.open
    }
}

/// A decision that is locked against its other stages until this is dropped.
pub type LockedDecision = ArcMutexGuard<RawMutex, OpenDecision>;

/// All open decisions.
pub struct OpenDecisions {
    // Each behind a pointer and a lock of its own: a table that grows moves words, and a decision that is long at work,
    // since its pages are compared, keeps no other waiting.
    map: DashMap<DecisionId, Arc<Mutex<OpenDecision>>, RandomState>,
    order: Mutex<VecDeque<DecisionId>>,
    most: usize,
}

impl OpenDecisions {
    /// Room for that many.
    pub fn with_room(most: usize) -> Self {
        Self { map: DashMap::default(), order: Mutex::default(), most: most.max(1) }
    }

    /// The decision, new where it is not remembered, locked against its other stages until dropped.
    pub fn lock(&self, decision: DecisionId) -> LockedDecision {
        self.lock_idle(decision).unwrap_or_else(|| self.find(decision).lock_arc())
    }

    /// The decision, locked, where it is remembered and none of its stages is at work: nearly always. Nothing waits, so the
    /// map may stay locked meanwhile, and its pointer need not be counted twice.
    fn lock_idle(&self, decision: DecisionId) -> Option<LockedDecision> {
        self.map.get(&decision)?.try_lock_arc()
    }

    /// The decision, locked, where it is remembered.
    pub fn lock_known(&self, decision: DecisionId) -> Option<LockedDecision> {
        self.known(decision).map(|known| known.lock_arc())
    }

    /// The decision, new where it is not remembered. No lock of the map is held when it is answered.
    fn find(&self, decision: DecisionId) -> Arc<Mutex<OpenDecision>> {
        if let Some(known) = self.known(decision) {
            return known;
        }
        // Whoever puts it in counts it, once it is in: so whatever is in the map is counted, or about to be.
        let fresh = match self.map.entry(decision) {
            Entry::Occupied(known) => return Arc::clone(known.get()),
            Entry::Vacant(free) => Arc::clone(&free.insert(Arc::default())),
        };
        self.make_room(decision);
        fresh
    }

    fn known(&self, decision: DecisionId) -> Option<Arc<Mutex<OpenDecision>>> {
        self.map.get(&decision).map(|known| Arc::clone(&known))
    }

    /// Notes what the desk decided, where the decision is still remembered.
    pub fn decided(&self, decision: DecisionId, state: HeldState) {
        if let Some(open) = self.known(decision)
            && let Some((stands, _)) = &mut open.lock().desk
        {
            *stands = state;
        }
    }

    /// Lets the oldest go when there is no room; no lock of the map is held here by this thread.
    fn make_room(&self, newcomer: DecisionId) {
        let gone = {
            let mut order = self.order.lock();
            order.push_back(newcomer);
            if order.len() > self.most { order.pop_front() } else { None }
        };
        if let Some(gone) = gone {
            self.map.remove(&gone);
        }
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// True when none is.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(stage: StageKind, mark: u32) -> Answered {
        Answered::new(u64::from(mark) + 100 * stage as u64, mark, (stage, Action::Allow), None)
    }

    #[test]
    fn an_attempt_after_a_result_is_not_late() {
        use StageKind::{CallOffered, DialResult, Dialing, JobSubmitted, Page, Received};
        for (seen, asked, late) in [
            ((DialResult, 1), (Dialing, 2), false),
            ((DialResult, 1), (Dialing, 1), true),
            ((Dialing, 2), (DialResult, 2), false),
            ((Dialing, 2), (DialResult, 1), true),
            ((Dialing, 1), (JobSubmitted, 0), true),
            ((Page, 3), (Page, 4), false),
            ((Page, 3), (Page, 2), true),
            ((Received, 0), (CallOffered, 0), true),
        ] {
            let mut open = OpenDecision::default();
            open.answers.push(answer(seen.0, seen.1), &[]);
            assert_eq!(open.passed(asked.0, asked.1).is_some(), late, "{seen:?} {asked:?}");
        }
    }

    #[test]
    fn their_number_does_not_grow_without_bound() {
        let open = OpenDecisions::with_room(4);
        std::thread::scope(|threads| {
            for thread in 0..8u8 {
                let open = &open;
                threads.spawn(move || {
                    for decision in 0..200u8 {
                        open.lock(DecisionId([decision ^ thread; 16])).settled = true;
                    }
                });
            }
        });
        assert!(open.len() <= 4, "{}", open.len());
        assert_eq!(open.order.lock().len(), open.len());
    }

    #[test]
    fn a_decision_at_work_keeps_no_other_waiting() {
        let open = OpenDecisions::with_room(1_000);
        let at_work = open.lock(DecisionId([0; 16]));
        // Whichever part of the map the one at work is in, others are in it too.
        for decision in 1..=255 {
            open.lock(DecisionId([decision; 16])).settled = true;
        }
        assert!(open.find(DecisionId([0; 16])).is_locked());
        drop(at_work);
        assert!(!open.find(DecisionId([0; 16])).is_locked());
    }

    #[test]
    fn an_id_used_the_other_way_starts_over() {
        let mut open = OpenDecision { member_key: 7, ..OpenDecision::default() };
        open.answers.push(answer(StageKind::CallOffered, 0), &[]);
        open.turn(Direction::Inbound);
        assert_eq!(open.member_key, 7);
        open.turn(Direction::Outbound);
        assert!(open.is_new() && open.member_key == 0);
    }
}
