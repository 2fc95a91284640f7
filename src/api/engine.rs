//! What the services ask of the engine below, and the words they ask in. Only [`Engine::screen`] is on the path
//! of a fax; everything else may wait for a disk and is called on a thread that may.

use std::sync::Arc;

use super::convert::Wall;
use super::status::Failure;
use crate::directory;
use crate::fax::id::{DecisionId, Pseudonym, ReportId};
use crate::fax::number::Number;
use crate::fax::stage::{Caller, Plan, StageEvent};
use crate::lists::{EntryId, ListEntry, ListFilter, ListPage};
use crate::policy::{Edit, Fault, Generation};
use crate::store::FaxKey;
use crate::time::{Span, Timestamp};
use crate::verdict::{Action, Resource, Score, Verdict};

/// The engine, as the wall sees it.
pub trait Engine: Send + Sync {
    /// What reading a request needs, at the present moment.
    fn wall(&self) -> Wall<'_>;

    /// Screens one stage: never waits, never fails.
    fn screen(&self, event: &StageEvent) -> Verdict;

    /// The policy in force.
    fn policy(&self) -> Arc<Generation>;

    /// The faults for which [`Engine::apply_policy`] would refuse the edit.
    fn check_policy(&self, edit: Edit) -> Vec<Fault>;

    /// Puts an edit in force; with `based_on`, only over the version of that etag.
    ///
    /// # Errors
    /// [`Failure::PolicyRefused`], [`Failure::StaleEtag`], [`Failure::StoreUnavailable`].
    fn apply_policy(&self, edit: Edit, based_on: Option<&str>) -> Result<Arc<Generation>, Failure>;

    /// Takes a report; durable and in force when it is answered.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::FaxNotReceived`], [`Failure::StoreUnavailable`].
    fn file_report(&self, filing: &Filing) -> Result<Receipt, Failure>;

    /// Reads a report by its receipt.
    ///
    /// # Errors
    /// [`Failure::NotFound`].
    fn report(&self, report: ReportId) -> Result<Receipt, Failure>;

    /// Makes or replaces a list entry.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn put_list_entry(&self, entry: &ListEntry) -> Result<EntryId, Failure>;

    /// Deletes a list entry.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::StoreUnavailable`].
    fn delete_list_entry(&self, entry: EntryId, author: &str) -> Result<(), Failure>;

    /// Reads list entries in the order of their ids, after `after`.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn list_entries(
        &self,
        filter: &ListFilter,
        after: Option<EntryId>,
        limit: usize,
    ) -> Result<ListPage, Failure>;

    /// Reads held faxes, earliest deadline first.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn held(&self, query: &HeldQuery) -> Result<Vec<HeldFax>, Failure>;

    /// Releases or rejects a held fax.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::AlreadyDecided`], [`Failure::StoreUnavailable`].
    fn rule_on_held(&self, ruling: &Ruling) -> Result<HeldFax, Failure>;

    /// Every stage of a decision, in order.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::StoreUnavailable`].
    fn explain(&self, decision: DecisionId) -> Result<Vec<Explained>, Failure>;

    /// Blocked calls of a member within the last 28 days, latest first, before `before`.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn blocked_calls(
        &self,
        member: Pseudonym,
        before: Option<FaxKey>,
        limit: usize,
    ) -> Result<Vec<BlockedCall>, Failure>;

    /// How a member's quotas stand.
    fn member_limits(&self, member: Pseudonym) -> MemberLimits;

    /// Does directory edits, durably; one outcome each, in order.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`]; what was answered before stays done.
    fn edit_directory(&self, edits: &[directory::Edit])
    -> Result<Vec<directory::Outcome>, Failure>;

    /// Begins a whole import: what is not mentioned until its end is gone then.
    fn begin_whole_directory(&self);

    /// Ends a whole import.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn end_whole_directory(&self) -> Result<(), Failure>;

    /// Counts and health.
    fn status(&self) -> EngineStatus;
}

/// What is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ReportCategory {
    /// An unsolicited commercial fax.
    JunkFax = 1,
    /// Fraud, harassment, flooding, a hijacked account.
    OtherAbuse = 2,
    /// A fax that was wanted.
    NotJunk = 3,
    /// No more faxes from this sender.
    RemoveMe = 4,
}

/// Who reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reporter {
    /// A member.
    Member(Pseudonym),
    /// Anybody else.
    Outsider(Pseudonym),
}

/// Which fax is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportedFax {
    /// The decision, named by its id or by node and fax id.
    Decision(DecisionId),
    /// What the reporter knows of it.
    Described {
        /// The number it was received on.
        called: Number,
        /// The number it came from, where known.
        caller: Caller,
        /// About when; without it the latest that fits is meant.
        about: Option<Timestamp>,
    },
}

/// A report as it came through the wall. Its `Debug` is derived of keyed values, but for the comment, which no
/// code prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filing {
    /// Keyed hash of the request id and the reporter: the same twice is one report.
    pub request: u64,
    /// Who.
    pub reporter: Reporter,
    /// Which fax.
    pub fax: ReportedFax,
    /// What.
    pub category: ReportCategory,
    /// In the reporter's words, at most 1,000 bytes; kept, never interpreted.
    pub comment: Box<str>,
    /// When.
    pub time: Timestamp,
}

/// How a report stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Standing {
    /// Checked against the ledger and counted.
    Counted = 1,
    /// The same reporter had reported this fax.
    Duplicate = 2,
    /// Of a fax the ledger does not know; it waits for the desk.
    Unverified = 3,
}

impl Standing {
    /// The name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Duplicate => "duplicate",
            Self::Unverified => "unverified",
        }
    }
}

/// A receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The report.
    pub report: ReportId,
    /// How it stands.
    pub standing: Standing,
    /// What was reported.
    pub category: ReportCategory,
    /// When it was received.
    pub received: Timestamp,
    /// The decision it is about, when found.
    pub decision: Option<DecisionId>,
    /// What follows from it, in one sentence.
    pub consequence: &'static str,
}

/// Where a held fax stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum HeldState {
    /// Waits for its deadline or a ruling.
    Waiting = 1,
    /// Released.
    Released = 2,
    /// Rejected.
    Rejected = 3,
    /// Its deadline passed: deliver tagged.
    DeliveredTagged = 4,
    /// Its deadline passed: refused with notice.
    RefusedWithNotice = 5,
}

/// A held fax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldFax {
    /// The decision that held it.
    pub decision: DecisionId,
    /// Where it stands.
    pub state: HeldState,
    /// What held it.
    pub action: Action,
    /// Since when.
    pub held: Timestamp,
    /// Until when.
    pub deadline: Timestamp,
    /// When it was ruled on.
    pub decided: Option<Timestamp>,
    /// Who ruled; empty for the deadline.
    pub decided_by: Box<str>,
    /// The score that held it.
    pub score: Score,
}

/// A place in the order of held faxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldKey {
    /// The deadline.
    pub deadline: Timestamp,
    /// The decision.
    pub decision: DecisionId,
}

/// Which held faxes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldQuery {
    /// In this state.
    pub state: HeldState,
    /// Of this member.
    pub member: Option<Pseudonym>,
    /// After this place.
    pub after: Option<HeldKey>,
    /// At most so many.
    pub limit: usize,
}

/// What somebody decides of a held fax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The decision that held it.
    pub decision: DecisionId,
    /// [`HeldState::Released`] or [`HeldState::Rejected`].
    pub state: HeldState,
    /// Who.
    pub author: Box<str>,
    /// Why; may be empty.
    pub reason: Box<str>,
}

/// One stage of a past decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// When it was decided.
    pub time: Timestamp,
    /// What was answered.
    pub verdict: Verdict,
    /// The features that were not zero, by name.
    pub features: Vec<(&'static str, i64)>,
    /// Its place in the ledger.
    pub sequence: u64,
}

/// One blocked call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockedCall {
    /// Its place in the order.
    pub key: FaxKey,
    /// The decision.
    pub decision: DecisionId,
    /// What was done.
    pub action: Action,
}

/// One quota of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberLimit {
    /// What it counts.
    pub resource: Resource,
    /// What comes back per period.
    pub rate: u64,
    /// The period.
    pub period: Span,
    /// The most at once.
    pub burst: u64,
    /// In use now.
    pub level: u64,
    /// When all of it is back, where something is in use.
    pub full: Option<Timestamp>,
}

/// A member's quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberLimits {
    /// The plan they come from.
    pub plan: Plan,
    /// Those that limit.
    pub limits: Vec<MemberLimit>,
    /// True when the directory does not know the member.
    pub unknown: bool,
}

/// Counts and health of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineStatus {
    /// Stages screened since the start.
    pub screened: u64,
    /// How the store does.
    pub store: crate::store::StoreHealth,
    /// Subjects in the hot tables.
    pub subjects: u64,
    /// Numbers in the directory.
    pub numbers: u64,
    /// Members in the directory.
    pub members: u64,
    /// Pairs of member and correspondent.
    pub correspondences: u64,
    /// Bytes of the hot tables.
    pub hot_bytes: u64,
}
