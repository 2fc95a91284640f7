//! The engine itself behind the services: memory, the two paths and the clock, with their faults in the wall's words.

mod abuse;
mod desk;
mod limits;
mod outbox;
mod rates;
mod standing;
mod tuning;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;

use super::convert::{ClockMode, Wall};
use super::engine::{BlockedCall, Engine, EngineStatus, Explained, MemberLimits, Ruling};
use super::status::Failure;
use crate::bounds::READ_FAX_MS;
use crate::content::sealed::SealedFax;
use crate::directory;
use crate::fax::id::{DecisionId, Pseudonym, ReportId};
use crate::fax::stage::StageEvent;
use crate::features::FEATURES;
use crate::held::{self, HeldFault, HeldFilter, HeldPage};
use crate::ledger::{HeldFax, HeldState};
use crate::limiter::share::Usage;
use crate::lists::{EntryId, ListEntry, ListFilter, ListPage};
use crate::memory::Memory;
use crate::memory::edit::EditFault;
use crate::memory::looks::NoLeave;
use crate::memory::read::PastStage;
use crate::metrics::Stopwatch;
use crate::policy::{Edit, Fault, Generation, Refused};
use crate::reports::{self, Filing, Intake, Receipt};
use crate::screening::reading::{self, Reading, Unread};
use crate::screening::tuning::{BeatFault, Tuning};
use crate::screening::{self, SeenPage};
use crate::store::{Condition, FaxKey, StoreError};
use crate::time::{Clock, EventClock, Timestamp};
use crate::verdict::{Action, Verdict, Watched};
use abuse::of_report;

pub use outbox::Notices;

/// What tells the time.
#[derive(Clone)]
pub enum Timepiece {
    /// A serving system: the machine's clock, or a test's.
    Server(Arc<dyn Clock>),
    /// Replay and demonstration: the present is where the latest event put it.
    Events(Arc<EventClock>),
}

impl Timepiece {
    fn advance(&self, to: Timestamp) {
        match self {
            Self::Server(_) => {}
            Self::Events(clock) => clock.advance(to),
        }
    }

    const fn mode(&self) -> ClockMode {
        match self {
            Self::Server(_) => ClockMode::Server,
            Self::Events(_) => ClockMode::Event,
        }
    }
}

impl Clock for Timepiece {
    fn now(&self) -> Timestamp {
        match self {
            Self::Server(clock) => clock.now(),
            Self::Events(clock) => clock.now(),
        }
    }
}

/// The engine on a clock.
pub struct Live {
    memory: Arc<Memory>,
    clock: Timepiece,
    tuning: Tuning,
    /// One at a time replays the usage log.
    trying: Mutex<()>,
    /// Held by whoever edits campaigns, from reading the version to having changed it.
    desk: Mutex<()>,
    /// Reports that become durable together.
    intake: Intake,
}

impl Live {
    /// An engine on that clock.
    #[must_use]
    pub fn new(memory: Arc<Memory>, clock: Timepiece) -> Self {
        let (tuning, trying) = (Tuning::default(), Mutex::new(()));
        Self { memory, clock, tuning, trying, desk: Mutex::new(()), intake: Intake::default() }
    }

    /// What follows the use of limits: to be called every second or so, off the path. Says how many canaries were taken back.
    ///
    /// # Errors
    /// [`BeatFault`].
    pub fn follow_limits(&self) -> Result<usize, BeatFault> {
        self.tuning.beat(&self.memory, self.now())
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Engine for Live {
    fn wall(&self) -> Wall<'_> {
        let memory = &*self.memory;
        let (keys, plan, home) = (memory.keys(), memory.plan(), memory.home());
        Wall { keys, plan, home, now: self.now(), clock: self.clock.mode() }
    }

    fn screen(&self, event: &StageEvent, pages: &[SeenPage]) -> Verdict {
        self.clock.advance(event.time);
        screening::screen_pages(&self.memory, event, pages)
    }

    fn screen_uncompared(&self, event: &StageEvent) -> Verdict {
        self.clock.advance(event.time);
        screening::screen_uncompared(&self.memory, event)
    }

    fn scorer_failed(&self, event: &StageEvent) -> Verdict {
        screening::scorer_failed(&self.memory, event)
    }

    fn read_fax(&self, fax: &SealedFax, since: Stopwatch) -> Result<Reading, Failure> {
        let goes_on = || since.millis() < READ_FAX_MS;
        reading::read_fax(&self.memory, fax, self.now(), goes_on).map_err(|fault| match fault {
            Unread::NotAllowed => Failure::ContentNotAllowed,
            Unread::NoLeave(NoLeave::NotWanted) => Failure::FingerprintsNotWanted,
            Unread::NoLeave(NoLeave::Taken) => Failure::AlreadyRead,
            Unread::Journal(_) => unavailable(&fault),
        })
    }

    fn report_usage(&self, node: Pseudonym, usages: &[(Watched, Usage)]) -> Vec<Watched> {
        let limiting = self.memory.limiting();
        for (resource, usage) in usages {
            limiting.report(*resource, node.hot(), *usage, self.now());
        }
        let share = limiting.share();
        Watched::ALL.into_iter().filter(|resource| share.is_contended(*resource)).collect()
    }

    fn policy(&self) -> Arc<Generation> {
        self.memory.generations().current()
    }

    fn check_policy(&self, edit: Edit) -> Vec<Fault> {
        self.memory.generations().validate(edit).err().unwrap_or_default()
    }

    fn apply_policy(&self, edit: Edit, based_on: Option<&str>) -> Result<Arc<Generation>, Failure> {
        self.memory.apply_policy(edit, based_on).map_err(|fault| match fault {
            Refused::Faulty(faults) => Failure::PolicyRefused(
                faults.into_iter().map(|Fault { path, message }| (path, message)).collect(),
            ),
            Refused::Stale { .. } => Failure::StaleEtag,
            Refused::Unrecorded { source } => of_edit(&source),
        })
    }

    fn file_report(&self, filing: &Filing) -> Result<Receipt, Failure> {
        self.clock.advance(filing.time);
        self.intake.file(&self.memory, filing.clone()).map_err(|fault| of_report(&fault))
    }

    fn report(&self, report: ReportId) -> Result<Receipt, Failure> {
        reports::get(&self.memory, report).map_err(|fault| of_report(&fault))
    }

    fn put_list_entry(&self, entry: &ListEntry) -> Result<EntryId, Failure> {
        self.memory.put_list_entry(entry, self.now()).map_err(|fault| of_edit(&fault))
    }

    fn delete_list_entry(&self, entry: EntryId, author: &str) -> Result<(), Failure> {
        let deleted = self.memory.delete_list_entry(entry, author, self.now());
        deleted.map_err(|fault| of_edit(&fault))
    }

    fn list_entries(
        &self,
        filter: &ListFilter,
        after: Option<EntryId>,
        limit: usize,
    ) -> Result<ListPage, Failure> {
        let page = self.memory.lists().page(self.memory.store(), filter, after, limit);
        page.map_err(|fault| of_store(&fault))
    }

    fn held(&self, filter: &HeldFilter) -> Result<HeldPage, Failure> {
        held::list(&self.memory, filter).map_err(|fault| of_store(&fault))
    }

    fn rule_on_held(&self, ruling: &Ruling) -> Result<HeldFax, Failure> {
        let Ruling { decision, state, author } = ruling;
        let rule = if *state == HeldState::Released { held::release } else { held::reject };
        rule(&self.memory, *decision, author, self.now()).map_err(|fault| match fault {
            HeldFault::NotFound => Failure::NotFound { what: "held fax" },
            HeldFault::Decided(_) => Failure::AlreadyDecided,
            HeldFault::Read(_) | HeldFault::Refused(_) | HeldFault::Commit(_) => {
                unavailable(&fault)
            }
        })
    }

    fn explain(&self, decision: DecisionId) -> Result<Vec<Explained>, Failure> {
        let stages = self.memory.explain(decision).map_err(|fault| of_store(&fault))?;
        if stages.is_empty() {
            return Err(Failure::NotFound { what: "decision" });
        }
        let named = |(at, value): (u8, i32)| {
            FEATURES.get(usize::from(at)).map(|spec| (spec.name, i64::from(value)))
        };
        let explained = stages.into_iter().map(|PastStage { time, seq, row }| Explained {
            time,
            features: row.features.sparse().filter_map(named).collect(),
            verdict: row.verdict,
            sequence: seq,
        });
        Ok(explained.collect())
    }

    fn blocked_calls(
        &self,
        member: Pseudonym,
        before: Option<FaxKey>,
        limit: usize,
    ) -> Result<Vec<BlockedCall>, Failure> {
        let rows = self.memory.blocked_calls(member.hot(), self.now(), before, limit);
        let calls = rows.map_err(|fault| of_store(&fault))?.into_iter().filter_map(|row| {
            let (decision, action) = (row.decision?, Action::from_code(row.index.action)?);
            Some(BlockedCall { key: row.key, decision, action })
        });
        Ok(calls.collect())
    }

    fn member_limits(&self, member: Pseudonym) -> Result<MemberLimits, Failure> {
        self.limits_of(member)
    }

    fn edit_directory(
        &self,
        edits: &[directory::Edit],
    ) -> Result<Vec<directory::Outcome>, Failure> {
        self.memory.edit_directory(edits, self.now()).map_err(|fault| of_edit(&fault))
    }

    fn begin_whole_directory(&self) {
        self.memory.directory().begin_whole();
    }

    fn end_whole_directory(&self) -> Result<(), Failure> {
        self.memory.end_whole_directory(self.now()).map(drop).map_err(|fault| of_edit(&fault))
    }

    fn keeps(&self) -> bool {
        let condition = self.memory.store().health().condition;
        !matches!(condition, Condition::Full | Condition::Failing)
    }

    fn status(&self) -> EngineStatus {
        let memory = &*self.memory;
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let counts = memory.directory().counts();
        EngineStatus {
            screened: memory.counters().screened.load(Ordering::Relaxed),
            store: memory.store().health(),
            subjects: count(memory.activity().len()),
            numbers: count(counts.numbers),
            members: count(counts.members),
            correspondences: count(memory.relations().len()),
            hot_bytes: count(memory.hot_bytes()),
        }
    }
}

fn of_store(fault: &StoreError) -> Failure {
    unavailable(fault)
}

fn of_edit(fault: &EditFault) -> Failure {
    match fault {
        EditFault::NotFound => Failure::NotFound { what: "list entry" },
        EditFault::Read(_) | EditFault::Refused(_) | EditFault::Commit(_) | EditFault::List(_) => {
            unavailable(fault)
        }
    }
}

/// The caller learns that the store is down; the log gets the chain, once.
fn unavailable(fault: &dyn std::error::Error) -> Failure {
    let mut chain = fault.to_string();
    let mut cause = fault.source();
    while let Some(inner) = cause {
        chain.push_str(": ");
        chain.push_str(&inner.to_string());
        cause = inner.source();
    }
    tracing::error!(error = chain, "a call could not be made durable or read");
    Failure::StoreUnavailable
}
