//! Where a test may make the disk fail: the steps of the committer, and what a plan answers before each.

use crate::store::CommitFault;

/// A step that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The commit of entries to the ledger day.
    LedgerCommit,
    /// Between the ledger's commit and the tables'.
    AfterLedger,
    /// The commit of table writes.
    StateCommit,
    /// A slice of the writes that were deferred is written to the tables.
    Slice,
    /// The last step of a snapshot: the new file takes its name.
    SnapshotRename,
}

/// What a plan makes happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injected {
    /// Nothing: the step is taken.
    Nothing,
    /// The step fails so.
    Fault(CommitFault),
    /// The committer dies on the spot, as by a kill.
    Crash,
}

/// A plan of faults.
pub trait FaultPlan: Send + Sync {
    /// Asked before each step.
    fn before(&self, step: Step) -> Injected;
}

/// The plan of every real store.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl FaultPlan for NoFaults {
    fn before(&self, _: Step) -> Injected {
        Injected::Nothing
    }
}
