//! What waits for the committer, bounded in entries and in bytes.

use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::bounds::{LEDGER_COMMIT_ENTRIES, LEDGER_COMMIT_WAIT_MS, LEDGER_QUEUE_ENTRIES};
use crate::store::ticket::Answer;
use crate::store::{
    CommitFault, Entry, PurgeReport, QUEUE_BYTES_MAX, Refused, RetentionTerms, TableWrite,
};
use crate::time::Timestamp;

/// One piece of work.
pub(super) enum Work {
    /// An entry, and who waits for it.
    Entry(Entry, Option<Answer>),
    /// Entries that become durable together or not at all.
    Together(Vec<Entry>, Answer),
    /// Rows that bypass the ledger.
    Load(Vec<TableWrite>, Answer),
    /// Everything before it.
    Flush(Answer),
    /// Until the tables hold what the ledger holds.
    Settle(Answer),
    /// A purge, between commits.
    Purge(Timestamp, RetentionTerms, SyncSender<PurgeReport>),
}

/// Whether the committer has something else to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Nothing, until work comes.
    Wait,
    /// Soon: it looks again after this time.
    Until(Duration),
    /// Now.
    Now,
}

impl Work {
    /// Whether somebody waits for it.
    pub(super) const fn is_urgent(&self) -> bool {
        !matches!(self, Self::Entry(_, None))
    }

    /// Its entries.
    pub(super) fn entries(&self) -> &[Entry] {
        match self {
            Self::Entry(entry, _) => std::slice::from_ref(entry),
            Self::Together(entries, _) => entries,
            Self::Load(..) | Self::Flush(_) | Self::Settle(_) | Self::Purge(..) => &[],
        }
    }

    /// What it writes to the tables.
    pub(super) fn writes(&self) -> impl Iterator<Item = &[TableWrite]> {
        let rows = if let Self::Load(rows, _) = self { rows.as_slice() } else { &[] };
        let of_entries = self.entries().iter().map(|entry| entry.writes.as_slice());
        of_entries.chain(std::iter::once(rows)).filter(|writes| !writes.is_empty())
    }

    /// Takes out of it what its entries write to the tables.
    pub(super) fn take_writes(&mut self) -> Vec<Vec<TableWrite>> {
        let entries: &mut [Entry] = match self {
            Self::Entry(entry, _) => std::slice::from_mut(entry),
            Self::Together(entries, _) => entries,
            Self::Load(..) | Self::Flush(_) | Self::Settle(_) | Self::Purge(..) => &mut [],
        };
        let taken = entries.iter_mut().map(|entry| std::mem::take(&mut entry.writes));
        taken.filter(|writes| !writes.is_empty()).collect()
    }

    /// Tells who waits for it how it ended. A purge that is dropped unanswered tells its caller so.
    pub(super) fn answer(self, outcome: Result<(), CommitFault>) {
        match self {
            Self::Entry(_, Some(answer))
            | Self::Together(_, answer)
            | Self::Load(_, answer)
            | Self::Flush(answer)
            | Self::Settle(answer) => answer.give(outcome),
            Self::Entry(_, None) | Self::Purge(..) => {}
        }
    }
}

#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    come: Condvar,
    closing: Condvar,
}

#[derive(Default)]
struct Waiting {
    work: VecDeque<(Work, usize)>,
    bytes: usize,
    dropped: u64,
    urgent: bool,
    closed: bool,
}

impl Queue {
    /// Adds work of so many bytes; never waits for the disk.
    pub(super) fn push(&self, work: Work, bytes: usize) -> Result<(), Refused> {
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return Err(Refused::Closed);
        }
        let full = waiting.work.len() >= LEDGER_QUEUE_ENTRIES
            || waiting.bytes.saturating_add(bytes) > QUEUE_BYTES_MAX;
        // A flush is how a caller waits for room: it is let in, as is all that holds next to nothing.
        if full && matches!(work, Work::Entry(..) | Work::Together(..) | Work::Load(..)) {
            waiting.dropped += 1;
            return Err(Refused::QueueFull);
        }
        let urgent = work.is_urgent();
        waiting.urgent |= urgent;
        waiting.bytes += bytes;
        waiting.work.push_back((work, bytes));
        let count = waiting.work.len();
        drop(waiting);
        // Waking costs a system call: only for the first, for whom somebody waits, and for a full batch.
        if urgent || count == 1 || count == LEDGER_COMMIT_ENTRIES {
            self.come.notify_one();
        }
        Ok(())
    }

    /// Takes a batch of work in the order it came, waiting for it or not; false once closed and empty.
    pub(super) fn take(&self, patience: Patience, batch: &mut Vec<Work>) -> bool {
        let mut waiting = self.waiting.lock();
        while waiting.work.is_empty() {
            if waiting.closed {
                return false;
            }
            match patience {
                Patience::Wait => self.come.wait(&mut waiting),
                Patience::Until(span) if !self.come.wait_for(&mut waiting, span).timed_out() => {}
                Patience::Until(_) | Patience::Now => return true,
            }
        }
        if patience != Patience::Now
            && !waiting.urgent
            && !waiting.closed
            && waiting.work.len() < LEDGER_COMMIT_ENTRIES
        {
            self.come.wait_for(&mut waiting, Duration::from_millis(LEDGER_COMMIT_WAIT_MS));
        }
        waiting.drain(batch);
        true
    }

    /// Answers everybody who waits in the queue with a fault, and drops their work; what nobody waits for
    /// stays, in its order.
    pub(super) fn fail_waiting(&self, fault: CommitFault) {
        let mut failed = Vec::new();
        let mut waiting = self.waiting.lock();
        let all = std::mem::take(&mut waiting.work);
        for (work, bytes) in all {
            if work.is_urgent() {
                waiting.bytes -= bytes;
                failed.push(work);
            } else {
                waiting.work.push_back((work, bytes));
            }
        }
        drop(waiting);
        failed.into_iter().for_each(|work| work.answer(Err(fault)));
    }

    /// Waits between retries; whether the store goes on.
    pub(super) fn rest(&self, span: Duration) -> bool {
        let mut waiting = self.waiting.lock();
        if !waiting.closed {
            self.closing.wait_for(&mut waiting, span);
        }
        !waiting.closed
    }

    pub(super) fn close(&self) {
        self.waiting.lock().closed = true;
        self.come.notify_all();
        self.closing.notify_all();
    }

    /// Closes and drops what waits: its tickets answer that the store closed.
    pub(super) fn abandon(&self) {
        self.close();
        let left = std::mem::take(&mut self.waiting.lock().work);
        drop(left);
    }

    /// How much waits, and how many entries were refused.
    pub(super) fn counts(&self) -> (usize, u64) {
        let waiting = self.waiting.lock();
        (waiting.work.len(), waiting.dropped)
    }
}

impl Waiting {
    fn drain(&mut self, batch: &mut Vec<Work>) {
        let count = self.work.len().min(LEDGER_COMMIT_ENTRIES);
        for (work, bytes) in self.work.drain(..count) {
            self.bytes -= bytes;
            batch.push(work);
        }
        // What is left has waited already.
        self.urgent = !self.work.is_empty();
    }
}
