//! Open decisions: what earlier stages of a fax left for the later ones. Bounded; the oldest is let go first.
//!
//! After a restart they come back from the ledger, without the numbers in clear, which are stored nowhere:
//! what was derived from those is in the features already.

use std::collections::VecDeque;
use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use dashmap::mapref::one::RefMut;
use foldhash::fast::RandomState;
use parking_lot::Mutex;

use crate::activity::Observation;
use crate::fax::id::{DecisionId, Pseudonym};
use crate::fax::stage::{Member, Parties, StageKind};
use crate::features::Features;
use crate::ledger::{PageStats, StageRow};
use crate::limiter::Costs;
use crate::verdict::Verdict;

/// The answer to one stage, kept so that the same request gets it again.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Keyed hash of the request id.
    pub request: u64,
    /// Page number, attempt, or 0.
    pub mark: u32,
    /// What was answered.
    pub verdict: Arc<Verdict>,
}

/// What is known of a fax so far.
#[derive(Clone, Debug, Default)]
pub struct OpenDecision {
    /// Who sends and who receives, in clear; absent after a restart.
    pub parties: Option<Parties>,
    /// The called number or the recipient.
    pub number: Option<Pseudonym>,
    /// The caller.
    pub caller: Option<Pseudonym>,
    /// The member.
    pub member: Option<Pseudonym>,
    /// Hot key of the member, or of the called number where no member is known.
    pub member_key: u64,
    /// What was known of the member.
    pub facts: Member,
    /// Whom the counters know it by.
    pub observation: Observation,
    /// The features as they stood.
    pub features: Features,
    /// The pages so far.
    pub pages: PageStats,
    /// What was charged.
    pub charged: Costs,
    /// True once the charge was settled.
    pub settled: bool,
    /// Answers, the latest of each stage, in the order they were given.
    pub answers: Vec<Answer>,
}

/// Stages of a fax that are remembered: one answer each, and two pages or attempts.
const ANSWERS_MAX: usize = 8;

impl OpenDecision {
    /// The answer this request was given before.
    pub fn answered(&self, request: u64) -> Option<&Answer> {
        self.answers.iter().rev().find(|answer| answer.request == request)
    }

    /// The latest answer to that stage with that mark or a later one.
    pub fn passed(&self, stage: StageKind, mark: u32) -> Option<&Answer> {
        let later = |answer: &&Answer| {
            let answered = answer.verdict.stage;
            answered.direction() == stage.direction()
                && (answered > stage || (answered == stage && answer.mark >= mark))
        };
        self.answers.iter().rev().find(later)
    }

    /// True when no stage was seen.
    pub const fn is_new(&self) -> bool {
        self.answers.is_empty()
    }

    /// Keeps an answer.
    pub fn answer(&mut self, answer: Answer) {
        if self.answers.len() == ANSWERS_MAX {
            self.answers.remove(0);
        }
        self.answers.push(answer);
    }

    /// Takes up what a row of the ledger says, in place of what stood.
    pub fn restore(&mut self, row: StageRow) {
        self.number = Some(row.number);
        self.caller = row.caller;
        self.member = row.member;
        self.member_key = row.member_key;
        self.facts = row.facts;
        self.observation = row.observation;
        self.features = row.features;
        self.pages = row.pages;
        self.charged = row.charged;
        self.settled = row.settled.is_some();
        let verdict = Arc::new(row.verdict);
        self.answer(Answer { request: row.request, mark: row.mark, verdict });
    }
}

/// All open decisions.
pub struct OpenDecisions {
    map: DashMap<DecisionId, OpenDecision, RandomState>,
    order: Mutex<VecDeque<DecisionId>>,
    most: usize,
}

impl OpenDecisions {
    /// Room for that many.
    pub fn with_room(most: usize) -> Self {
        Self { map: DashMap::default(), order: Mutex::default(), most: most.max(1) }
    }

    /// The decision, new where it is not remembered, locked against its other stages until dropped.
    pub fn lock(&self, decision: DecisionId) -> RefMut<'_, DecisionId, OpenDecision> {
        if let Some(known) = self.map.get_mut(&decision) {
            return known;
        }
        self.make_room(decision);
        match self.map.entry(decision) {
            Entry::Occupied(known) => known.into_ref(),
            Entry::Vacant(free) => free.insert(OpenDecision::default()),
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
