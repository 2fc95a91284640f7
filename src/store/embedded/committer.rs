//! The one thread that writes: takes what waits, commits it as a group, applies the table writes, answers.
//!
//! What fails is tried again with growing pauses. Whoever waits is told at once; entries nobody waits for
//! are kept, at most one batch here and a bounded queue behind it, and the rest is counted as dropped.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use super::Shared;
use super::fault::{Injected, Step};
use super::file;
use super::ledger::Ledger;
use super::queue::{Patience, Work};
use super::state::{State, Sync};
use crate::bounds::LEDGER_DURABLE_MS;
use crate::store::{CommitFault, Condition, Entry, PurgeReport, RetentionTerms, TableWrite};
use crate::time::{Span, Timestamp};

/// First pause after a fault; it doubles up to [`REST_MS_MAX`].
const REST_MS_MIN: u64 = 10;
/// Longest pause between two tries.
const REST_MS_MAX: u64 = 1_000;

pub(super) struct Committer {
    shared: Arc<Shared>,
    folder: PathBuf,
    ledger: Ledger,
    /// `None` while a damaged file could not be replaced.
    state: Option<State>,
    /// Table writes that are in the ledger and not yet in the tables.
    owed: Vec<Vec<TableWrite>>,
    purges: VecDeque<Purge>,
}

/// A purge under way.
struct Purge {
    now: Timestamp,
    terms: RetentionTerms,
    answer: SyncSender<PurgeReport>,
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
            purges: VecDeque::new(),
        }
    }

    /// Runs until the queue is closed and empty, or a fault outlives the closing.
    pub(super) fn run(mut self) {
        let mut rest_ms = REST_MS_MIN;
        let mut held = Vec::new();
        let mut going = true;
        loop {
            let batch = if !self.owed.is_empty() {
                Vec::new()
            } else if !held.is_empty() {
                std::mem::take(&mut held)
            } else if let Some(batch) = self.shared.queue.take(self.patience()) {
                batch
            } else {
                break;
            };
            match self.cycle(batch, &mut held) {
                Ok(()) => {
                    rest_ms = REST_MS_MIN;
                    self.purge_some();
                }
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

    /// One group commit. What is to be tried again is put into `held`.
    fn cycle(&mut self, batch: Vec<Work>, held: &mut Vec<Work>) -> Result<(), Stop> {
        let began = self.shared.clock.now();
        if let Err(stop) = self.record(&batch) {
            let fault = self.failed(&stop);
            for work in batch {
                if work.is_urgent() {
                    work.answer(Err(fault));
                } else {
                    held.push(work);
                }
            }
            return Err(stop);
        }
        let applied = self.apply(&batch);
        let took = self.shared.clock.now().since(began);
        if let Err(stop) = applied {
            let fault = self.failed(&stop);
            self.owe(batch, fault, matches!(stop, Stop::Crash));
            return Err(stop);
        }
        self.owed.clear();
        let slow = took > Span::millis(LEDGER_DURABLE_MS);
        let condition = if slow { Condition::Slow } else { Condition::Working };
        self.shared.set_health(condition, Some(took));
        for work in batch {
            if let Work::Purge(now, terms, answer) = work {
                self.purges.push_back(Purge { now, terms, answer, rows: 0 });
                continue;
            }
            work.answer(Ok(()));
        }
        Ok(())
    }

    /// Entries that are in the ledger are durable, whatever became of the tables.
    fn owe(&mut self, batch: Vec<Work>, fault: CommitFault, crash: bool) {
        for mut work in batch {
            let mut outcome = Err(fault);
            if let Work::Entry(entry, _) = &mut work {
                outcome = if crash { Err(CommitFault::Closed) } else { Ok(()) };
                if !entry.writes.is_empty() {
                    self.owed.push(std::mem::take(&mut entry.writes));
                }
            }
            work.answer(outcome);
        }
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
        let mut entries: Vec<&Entry> = batch.iter().filter_map(Work::entry).collect();
        if entries.is_empty() {
            return Ok(());
        }
        entries.sort_unstable_by_key(|entry| entry.seq);
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
        let mut writes: Vec<&[TableWrite]> = self.owed.iter().map(Vec::as_slice).collect();
        let mut sync = Sync::Replayable;
        for work in batch {
            match work {
                Work::Entry(entry, _) if entry.writes.is_empty() => {}
                Work::Entry(entry, _) => writes.push(&entry.writes),
                Work::Load(rows, _) => {
                    writes.push(rows);
                    sync = Sync::Now;
                }
                Work::Flush(_) | Work::Purge(..) => sync = Sync::Now,
            }
        }
        if writes.is_empty() && sync == Sync::Replayable {
            return Ok(());
        }
        self.step(Step::StateCommit)?;
        let marks = (self.ledger.last_seq.max(self.shared.last_seq()), self.ledger.last_batch);
        let Some(state) = self.state.as_mut() else { return self.rebuild() };
        match state.commit(&writes, marks, sync) {
            Ok(()) => Ok(()),
            Err(fault) if file::fault_of(&fault) == CommitFault::Damaged => self.rebuild(),
            Err(fault) => Err(Stop::Fault(file::fault_of(&fault))),
        }
    }

    /// Sets damaged tables aside and makes them again from the ledger. The batch is told of a fault, since
    /// rows that were loaded past the ledger are gone.
    fn rebuild(&mut self) -> Result<(), Stop> {
        let damaged = || Stop::Fault(CommitFault::Damaged);
        let now = self.shared.clock.now();
        if let Some(state) = self.state.take() {
            let path = state.path.clone();
            drop(state);
            file::quarantine(&path, now).map_err(|_| damaged())?;
            self.shared.readers.clear();
            self.shared.count_quarantined();
        }
        let (state, _) = State::open(&self.folder, &mut self.ledger, now).map_err(|_| damaged())?;
        self.state = Some(state);
        Err(damaged())
    }

    fn patience(&self) -> Patience {
        if self.purges.is_empty() { Patience::Wait } else { Patience::Now }
    }

    /// A piece of the first purge, so that commits are not late for it.
    fn purge_some(&mut self) {
        let Some(mut purge) = self.purges.pop_front() else { return };
        // A purge that is dropped unanswered tells its caller that it did not come to its end.
        let Some(state) = self.state.as_ref() else { return };
        let Ok(rows) = state.purge(purge.now) else { return };
        purge.rows += u64::try_from(rows).unwrap_or(0);
        if rows > 0 {
            self.purges.push_front(purge);
            return;
        }
        // The tables must hold for good what only these days could still tell them.
        if state.settle().is_ok() {
            let ended = |day| purge.terms.ledger_day_ended(day, purge.now);
            let days = self.ledger.purge(purge.now, &ended);
            self.shared.readers.clear();
            let _ = purge.answer.send(PurgeReport { days, rows: purge.rows });
        }
    }
}
