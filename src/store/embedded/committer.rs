//! The one thread that writes: takes what waits, commits it as a group, applies the table writes, answers. Between two
//! commits it does a piece of what takes long: writes that were deferred, a purge.
//!
//! What fails is tried again with growing pauses. Whoever waits is told at once; entries nobody waits for
//! are kept, at most one batch here and a bounded queue behind it, and the rest is counted as dropped.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use super::Shared;
use super::fault::{Injected, Step};
use super::file;
use super::ledger::Ledger;
use super::queue::{Patience, Work};
use super::state::{State, Sync, is_bulk};
use crate::bounds::LEDGER_DURABLE_MS;
use crate::store::ticket::Answer;
use crate::store::{CommitFault, Condition, Entry, PurgeReport, RetentionTerms, TableWrite};
use crate::time::{Span, Timestamp};

/// First pause after a fault; it doubles up to [`REST_MS_MAX`].
const REST_MS_MIN: u64 = 10;
/// Longest pause between two tries.
const REST_MS_MAX: u64 = 1_000;
/// Between two looks whether what was deferred has become old.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Committer {
    shared: Arc<Shared>,
    folder: PathBuf,
    ledger: Ledger,
    /// `None` while a damaged file could not be replaced.
    state: Option<State>,
    /// Table writes that are in the ledger and not yet in the tables.
    owed: Vec<Vec<TableWrite>>,
    /// Whether the last slice of what was deferred failed: nothing else is done until it does not.
    stuck: bool,
    /// Who waits until the tables hold everything up to a batch.
    settles: Vec<(u64, Answer)>,
    purges: VecDeque<Purge>,
}

/// A purge under way.
struct Purge {
    now: Timestamp,
    terms: RetentionTerms,
    answer: SyncSender<PurgeReport>,
    /// The batch up to which the tables must hold everything first.
    after: u64,
    rows: u64,
}

/// Why a step was not taken.
enum Stop {
    Fault(CommitFault),
    Crash,
}

impl Committer {
    pub(super) fn new(shared: Arc<Shared>, folder: PathBuf, ledger: Ledger, state: State) -> Self {
        Self {
            shared,
            folder,
            ledger,
            state: Some(state),
            owed: Vec::new(),
            stuck: false,
            settles: Vec::new(),
            purges: VecDeque::new(),
        }
    }

    /// Runs until the queue is closed and empty, or a fault outlives the closing.
    pub(super) fn run(mut self) {
        let mut rest_ms = REST_MS_MIN;
        // One piece of memory for all batches: it is some hundred kilobytes, fifty times a second.
        let (mut batch, mut nothing) = (Vec::new(), Vec::new());
        let mut going = true;
        loop {
            let something_first = self.has_something_first();
            // What is to be tried again is a batch already.
            let has_batch = something_first || !batch.is_empty();
            if !has_batch && !self.shared.queue.take(self.patience(), &mut batch) {
                // What stays deferred is in the ledger: only the next start is slower for it.
                let _ = self.apply_deferred();
                break;
            }
            let now = if something_first { &mut nothing } else { &mut batch };
            match self.cycle(now).and_then(|()| self.between()) {
                Ok(()) => rest_ms = REST_MS_MIN,
                Err(Stop::Crash) => break,
                Err(Stop::Fault(fault)) => {
                    self.shared.queue.fail_waiting(fault);
                    if !going {
                        break;
                    }
                    going = self.shared.queue.rest(Duration::from_millis(rest_ms));
                    rest_ms = (rest_ms * 2).min(REST_MS_MAX);
                }
            }
        }
        self.shared.queue.abandon();
    }

    /// Whether something else comes before what waits.
    fn has_something_first(&self) -> bool {
        let is_over = self.state.as_ref().is_some_and(|state| state.deferred().is_over());
        !self.owed.is_empty() || self.stuck || is_over
    }

    /// One group commit. What is to be tried again stays in the batch.
    fn cycle(&mut self, batch: &mut Vec<Work>) -> Result<(), Stop> {
        if batch.is_empty() && self.owed.is_empty() {
            return Ok(());
        }
        let began = self.shared.clock.now();
        if let Err(stop) = self.record(batch) {
            let fault = self.failed(&stop);
            batch.extract_if(.., |work| work.is_urgent()).for_each(|work| work.answer(Err(fault)));
            return Err(stop);
        }
        let applied = self.apply(batch);
        let took = self.shared.clock.now().since(began);
        if let Err(stop) = applied {
            let fault = self.failed(&stop);
            self.owe(batch.drain(..), fault, matches!(stop, Stop::Crash));
            return Err(stop);
        }
        self.owed.clear();
        self.shared.owes.store(false, Ordering::Release);
        let slow = took > Span::millis(LEDGER_DURABLE_MS);
        let condition = if slow { Condition::Slow } else { Condition::Working };
        self.shared.set_health(condition, Some(took));
        self.note_deferred();
        let after = self.ledger.last_batch;
        for work in batch.drain(..) {
            match work {
                Work::Purge(now, terms, answer) => {
                    self.purges.push_back(Purge { now, terms, answer, after, rows: 0 });
                }
                Work::Settle(answer) => self.settles.push((after, answer)),
                Work::Entry(..) | Work::Together(..) | Work::Load(..) | Work::Flush(_) => {
                    work.answer(Ok(()));
                }
            }
        }
        Ok(())
    }

    /// Tells the readers whether the tables miss something; before whoever wrote it is answered.
    fn note_deferred(&self) {
        let some = self.state.as_ref().is_some_and(|state| !state.deferred().is_empty());
        self.shared.deferred.store(some, Ordering::Release);
    }

    /// What is done between two commits: a slice of what is deferred, whoever waited for that, a piece of a purge.
    fn between(&mut self) -> Result<(), Stop> {
        if self.is_due() {
            let applied = self.apply_slice();
            if std::mem::replace(&mut self.stuck, applied.is_err()) && applied.is_ok() {
                self.shared.set_health(Condition::Working, None);
            }
            if let Err(stop) = applied {
                let fault = self.failed(&stop);
                self.settles.drain(..).for_each(|(_, answer)| answer.give(Err(fault)));
                return Err(stop);
            }
        }
        if let Some(state) = &self.state {
            let held = |(batch, _): &mut (u64, Answer)| state.holds(*batch);
            self.settles.extract_if(.., held).for_each(|(_, answer)| answer.give(Ok(())));
        }
        self.purge_some();
        Ok(())
    }

    fn is_due(&self) -> bool {
        let Some(state) = &self.state else { return self.stuck };
        let deferred = state.deferred();
        let asked = self.stuck || !self.settles.is_empty() || !self.purges.is_empty();
        (asked && !deferred.is_empty()) || deferred.is_due(self.shared.clock.now())
    }

    fn apply_slice(&mut self) -> Result<(), Stop> {
        self.step(Step::Slice)?;
        let now = self.shared.clock.now();
        let Some(state) = self.state.as_mut() else { return self.rebuild() };
        match state.apply_slice(now) {
            Ok(()) => {
                self.note_deferred();
                self.shared.backfill.written();
                Ok(())
            }
            Err(fault) if file::fault_of(&fault) == CommitFault::Damaged => self.rebuild(),
            Err(fault) => Err(Stop::Fault(file::fault_of(&fault))),
        }
    }

    /// Applies all that is deferred.
    fn apply_deferred(&mut self) -> Result<(), Stop> {
        while self.state.as_ref().is_some_and(|state| !state.deferred().is_empty()) {
            self.apply_slice()?;
        }
        Ok(())
    }

    /// Entries that are in the ledger are durable, whatever became of the tables.
    fn owe(&mut self, batch: impl Iterator<Item = Work>, fault: CommitFault, crash: bool) {
        let mut answers = Vec::new();
        for mut work in batch {
            let durable = !work.entries().is_empty();
            self.owed.append(&mut work.take_writes());
            let outcome = match (durable, crash) {
                (false, _) => Err(fault),
                (true, true) => Err(CommitFault::Closed),
                (true, false) => Ok(()),
            };
            answers.push((work, outcome));
        }
        // Whoever reads once it is answered waits until the tables have it.
        self.shared.owes.store(!self.owed.is_empty(), Ordering::Release);
        answers.into_iter().for_each(|(work, outcome)| work.answer(outcome));
    }

    fn failed(&self, stop: &Stop) -> CommitFault {
        let Stop::Fault(fault) = stop else { return CommitFault::Closed };
        let full = *fault == CommitFault::Full;
        let condition = if full { Condition::Full } else { Condition::Failing };
        self.shared.set_health(condition, None);
        *fault
    }

    fn step(&self, step: Step) -> Result<(), Stop> {
        match self.shared.faults.before(step) {
            Injected::Nothing => Ok(()),
            Injected::Fault(fault) => Err(Stop::Fault(fault)),
            Injected::Crash => Err(Stop::Crash),
        }
    }

    /// The ledger's part.
    fn record(&mut self, batch: &[Work]) -> Result<(), Stop> {
        let mut entries: Vec<&Entry> = batch.iter().flat_map(Work::entries).collect();
        if entries.is_empty() {
            return Ok(());
        }
        // They lie far apart: each is looked at once, not at every comparison.
        entries.sort_by_cached_key(|entry| entry.seq);
        self.step(Step::LedgerCommit)?;
        let pages_max = self.shared.pages_max();
        let Err((path, fault)) = self.ledger.commit(&entries, pages_max) else { return Ok(()) };
        if fault == CommitFault::Damaged {
            // A new file takes what the damaged one did not.
            let now = self.shared.clock.now();
            self.ledger.set_aside(&path, now).map_err(|_| Stop::Fault(fault))?;
            self.shared.readers.clear();
            self.shared.count_quarantined();
            let again = self.ledger.commit(&entries, pages_max);
            return again.map_err(|(_, fault)| Stop::Fault(fault));
        }
        Err(Stop::Fault(fault))
    }

    /// The tables' part: what is owed, then what this batch writes, in the order it came.
    fn apply(&mut self, batch: &[Work]) -> Result<(), Stop> {
        self.step(Step::AfterLedger)?;
        let sync = sync_of(batch);
        if sync == Sync::Whole {
            self.apply_deferred()?;
        }
        let mut writes: Vec<&[TableWrite]> = self.owed.iter().map(Vec::as_slice).collect();
        writes.extend(batch.iter().flat_map(Work::writes));
        if writes.is_empty() && sync == Sync::Replayable {
            return Ok(());
        }
        self.step(Step::StateCommit)?;
        let marks = (self.ledger.last_seq.max(self.shared.last_seq()), self.ledger.last_batch);
        let now = self.shared.clock.now();
        let Some(state) = self.state.as_mut() else { return self.rebuild() };
        let turn = self.shared.backfill.turn();
        let committed = state.commit(&writes, marks, sync, now);
        drop(turn);
        match committed {
            Ok(()) => {
                self.shared.backfill.written();
                Ok(())
            }
            Err(fault) if file::fault_of(&fault) == CommitFault::Damaged => self.rebuild(),
            Err(fault) => Err(Stop::Fault(file::fault_of(&fault))),
        }
    }

    /// Sets damaged tables aside and makes them again from the ledger. The batch is told of a fault, since
    /// rows that were loaded past the ledger are gone.
    fn rebuild(&mut self) -> Result<(), Stop> {
        let damaged = || Stop::Fault(CommitFault::Damaged);
        let now = self.shared.clock.now();
        let shared = Arc::clone(&self.shared);
        let _file = shared.backfill.pause();
        if let Some(state) = self.state.take() {
            let path = state.path.clone();
            drop(state);
            file::quarantine(&path, now).map_err(|_| damaged())?;
            self.shared.readers.clear();
            self.shared.count_quarantined();
        }
        let (state, _) = State::open(&self.folder, &mut self.ledger, now).map_err(|_| damaged())?;
        self.state = Some(state);
        self.note_deferred();
        Err(damaged())
    }

    fn patience(&self) -> Patience {
        let is_empty = self.state.as_ref().is_none_or(|state| state.deferred().is_empty());
        if self.is_due() || !self.purges.is_empty() {
            Patience::Now
        } else if is_empty {
            Patience::Wait
        } else {
            Patience::Until(LOOK)
        }
    }

    /// A piece of the first purge, so that commits are not late for it.
    fn purge_some(&mut self) {
        let Some(mut purge) = self.purges.pop_front() else { return };
        // A purge that is dropped unanswered tells its caller that it did not come to its end.
        let Some(state) = self.state.as_ref() else { return };
        if !state.holds(purge.after) {
            // Expired rows may be among what is deferred.
            self.purges.push_front(purge);
            return;
        }
        let Ok(rows) = state.purge(purge.now) else { return };
        purge.rows += u64::try_from(rows).unwrap_or(0);
        if rows > 0 {
            self.purges.push_front(purge);
            return;
        }
        // The tables must hold for good what only these days could still tell them.
        let _file = self.shared.backfill.pause();
        if state.settle().is_ok() {
            let ended = |day| purge.terms.ledger_day_ended(day, purge.now);
            let days = self.ledger.purge(purge.now, state.applied(), &ended);
            self.shared.readers.clear();
            let _ = purge.answer.send(PurgeReport { days, rows: purge.rows });
        }
    }
}

/// How sure the tables must be of a batch.
fn sync_of(batch: &[Work]) -> Sync {
    let loads = |work: &Work| matches!(work, Work::Load(rows, _) if rows.iter().any(is_bulk));
    let asks = |work: &Work| matches!(work, Work::Load(..) | Work::Purge(..));
    if batch.iter().any(loads) {
        Sync::Whole
    } else if batch.iter().any(asks) {
        Sync::Now
    } else {
        Sync::Replayable
    }
}
