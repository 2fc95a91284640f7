//! What the services ask of the engine below, and the words they ask in. Only [`Engine::screen`] is on the path
//! of a fax; everything else may wait for a disk and is called on a thread that may.

use std::sync::Arc;

use super::abuse::AbuseDesk;
use super::convert::Wall;
use super::desk::CampaignDesk;
use super::limit_desk::LimitDesk;
use super::rate_desk::RateDesk;
use super::status::Failure;
use super::tuning_desk::TuningDesk;
use crate::content::sealed::SealedFax;
use crate::directory;
use crate::fax::hours::ZoneId;
use crate::fax::id::{DecisionId, Pseudonym, ReportId};
use crate::fax::stage::{Plan, StageEvent};
use crate::held::{HeldFilter, HeldPage};
use crate::ledger::{HeldFax, HeldState};
use crate::limiter::share::{Stand, Usage};
use crate::lists::{EntryId, ListEntry, ListFilter, ListPage};
use crate::memory::limits::{Scope, Setting};
use crate::metrics::Stopwatch;
use crate::policy::{Edit, Fault, Generation};
use crate::reports::{Filing, Receipt};
use crate::screening::SeenPage;
use crate::screening::reading::Reading;
use crate::store::{Condition, FaxKey};
use crate::time::{Span, Timestamp};
use crate::verdict::{Action, Resource, Verdict, Watched};

/// The engine, as the wall sees it.
pub trait Engine:
    AbuseDesk + CampaignDesk + LimitDesk + RateDesk + TuningDesk + Send + Sync
{
    /// What reading a request needs, at the present moment.
    fn wall(&self) -> Wall<'_>;

    /// Screens one stage, with the fingerprints of pages that came with it: never waits for a disk, never fails. With
    /// pages it takes tens of milliseconds, and is called on a thread that has them.
    fn screen(&self, event: &StageEvent, pages: &[SeenPage]) -> Verdict;

    /// Screens one stage whose pages came while there was no room to compare them: by metadata alone, and marked.
    fn screen_uncompared(&self, event: &StageEvent) -> Verdict;

    /// The declared answer where [`Engine::screen`] panicked: the fax goes through, marked.
    fn scorer_failed(&self, event: &StageEvent) -> Verdict;

    /// Reads a fax whose fingerprints are wanted, and forgets it; no further page is begun long after `since`. Waits for
    /// the journal.
    ///
    /// # Errors
    /// [`Failure::ContentNotAllowed`], [`Failure::FingerprintsNotWanted`], [`Failure::AlreadyRead`],
    /// [`Failure::StoreUnavailable`]: nothing was looked at.
    fn read_fax(&self, fax: &SealedFax, since: Stopwatch) -> Result<Reading, Failure>;

    /// Takes a node's word on what it has of contended resources, and says which are contended.
    fn report_usage(&self, node: Pseudonym, usages: &[(Watched, Usage)]) -> Vec<Watched>;

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
    fn held(&self, filter: &HeldFilter) -> Result<HeldPage, Failure>;

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

    /// How a member's quotas stand, and where they come from. Reads the store.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn member_limits(&self, member: Pseudonym) -> Result<MemberLimits, Failure>;

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

    /// Whether what must be durable can be made so now. Verdicts do not ask.
    fn keeps(&self) -> bool {
        !matches!(self.status().store.condition, Condition::Full | Condition::Failing)
    }
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// What is set for the member or its plan, where it is not the policy's.
    pub setting: Option<Setting>,
    /// What switches it off.
    pub off: Option<Setting>,
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
    /// Its weight in fair sharing, in thousandths.
    pub weight_milli: u32,
    /// Who it is.
    pub member: Pseudonym,
    /// Those of the organisation it belongs to.
    pub organisation: Vec<MemberLimit>,
    /// How it stands at what is contended, and what would refuse it next.
    pub standings: Standings,
    /// Its monthly allowance, where it has one.
    pub month: Option<MonthStand>,
}

/// How a monthly allowance stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthStand {
    /// Pages in a month.
    pub pages: u64,
    /// Those that are used.
    pub used: u64,
    /// When the month ends there.
    pub resets: Timestamp,
    /// Where; `None` for UTC.
    pub zone: Option<ZoneId>,
    /// What is set for the member or its plan, where it is not the policy's.
    pub setting: Option<Setting>,
    /// Whose that is.
    pub whose: Scope,
}

/// How a member stands at what is contended, and what would refuse it next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standings {
    /// Its weight now, in thousandths of an ordinary member's.
    pub weight_milli: u64,
    /// What its past has made of it, in thousandths: 1,000 is nothing.
    pub raised_milli: u64,
    /// What verdicts on abuse have left of it, in hundredths.
    pub lowered_percent: u32,
    /// What it has in any case of what is contended, in millionths.
    pub floor_ppm: u32,
    /// Each resource that is watched.
    pub shares: Vec<Stand>,
    /// What stands in its way, or will next.
    pub next: Option<Next>,
}

/// What stands in a member's way, or will next if it sends faxes of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The rule.
    pub rule: &'static str,
    /// How many of them still go at once; 0 where it stands in the way now.
    pub faxes: u64,
    /// When it will, at the rate at which the member dials now; `None` where it never does at that rate, or does now.
    pub time: Option<Timestamp>,
    /// When it no longer does, where it does now and that is known.
    pub retry: Option<Timestamp>,
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
