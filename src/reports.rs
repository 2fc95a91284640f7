//! Reports: taken in, checked against the ledger, made durable, and felt by the sender at its next fax; gathered into cases,
//! decided, answered, appealed and, where that was right, undone to the last trace.
//!
//! A member can only report a fax that its own number received. Whatever its weight for others, a report acts for its reporter
//! at once: junk is blocked, an opt-out is kept, what was not junk is let through again. These calls wait for the store: off
//! the verdict path.
//!
//! Everything is in the tables, and what is decided is decided from them alone: `Draft` reads what is there and what
//! is about to be, and either all of it becomes durable or none. What verdicts look at ([`crate::measures`],
//! [`crate::voices`]) follows from the rows.

mod appeals;
mod cases;
mod copies;
mod decide;
mod desk;
mod draft;
mod export;
mod find;
mod intake;
mod misuse;
mod notices;
mod speak;
mod subjects;
mod transparency;
mod work;

use thiserror::Error;

pub use crate::casework::{
    AbuseKind, CaseKey, CaseState, Outcome, Reason, ReportCategory, Standing, Ties,
};
use crate::content::journal::JournalFault;
use crate::fax::id::{DecisionId, Pseudonym, ReportId};
use crate::fax::number::Number;
use crate::fax::stage::Caller;
use crate::store::{CommitFault, Refused, StoreError};
use crate::time::Timestamp;

pub use appeals::{Appeal, Appealing, Ruling, appeal, appeals, file_appeal, rule_on_appeal};
pub use cases::{CaseOrder, CasePage, case, case_id, cases, overdue};
pub use copies::{attach_copy, fax_of};
pub use decide::{Deciding, decide, second};
pub use desk::{MeasurePage, expire, lease, lift, measure, measures, merge, next, reopen};
pub use export::{CaseReport, case_report};
pub use intake::{Intake, file, get, report_of, retract};
pub use notices::{Notice, NoticeId, acknowledge, pending};
pub use transparency::{FEW, Transparency, transparency};
pub use work::{Traces, Worked, traces, work};

/// Who reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reporter {
    /// A member.
    Member(Pseudonym),
    /// Anybody else.
    Outsider(Pseudonym),
}

impl Reporter {
    /// The pseudonym, whoever it is.
    #[must_use]
    pub const fn pseudonym(self) -> Pseudonym {
        match self {
            Self::Member(who) | Self::Outsider(who) => who,
        }
    }

    const fn is_member(self) -> bool {
        matches!(self, Self::Member(_))
    }
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

/// What the endpoint knows of a reporter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// By what it hangs together with others, but for how old the account is.
    pub ties: Ties,
    /// When the account was opened.
    pub created: Option<Timestamp>,
    /// The language of notices, as in BCP 47; empty for English.
    pub language: Box<str>,
    /// True where no person filed it.
    pub automated: bool,
    /// True where so many come from its reporter or its network that it is merged with the others: it is done for its reporter
    /// and counted, and weighs nothing.
    pub many: bool,
}

/// A report as it came through the wall. Texts of persons are sealed at the place of `request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filing {
    /// Keyed hash of the request id and the reporter: the same twice is one report.
    pub request: u64,
    /// Who.
    pub reporter: Reporter,
    /// The account id or contact address, sealed as [`sealed::CONTACT`].
    pub contact: Box<[u8]>,
    /// Which fax.
    pub fax: ReportedFax,
    /// What.
    pub category: ReportCategory,
    /// What kind of abuse.
    pub kind: AbuseKind,
    /// In the reporter's words, sealed as [`sealed::COMMENT`]; empty where there are none. Kept, never interpreted.
    pub comment: Box<[u8]>,
    /// The answers of the form, sealed as [`sealed::FORM`]; empty where there are none.
    pub form: Box<[u8]>,
    /// What the endpoint knows.
    pub circumstances: Circumstances,
    /// When.
    pub time: Timestamp,
}

impl Filing {
    /// A report with no words and nothing known of its reporter.
    #[must_use]
    pub fn new(
        request: u64,
        reporter: Reporter,
        fax: ReportedFax,
        category: ReportCategory,
        time: Timestamp,
    ) -> Self {
        Self {
            request,
            reporter,
            contact: Box::default(),
            fax,
            category,
            kind: AbuseKind::Unsaid,
            comment: Box::default(),
            form: Box::default(),
            circumstances: Circumstances::default(),
            time,
        }
    }
}

/// What texts are sealed as.
pub mod sealed {
    /// Account id or contact address of who filed.
    pub const CONTACT: &str = "contact";
    /// The words of a report.
    pub const COMMENT: &str = "comment";
    /// The answers of a form.
    pub const FORM: &str = "form";
    /// The words of an appeal.
    pub const APPEAL: &str = "appeal";
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
    /// Whether nothing could be blocked for its reporter.
    pub unlisted: bool,
    /// The case it belongs to.
    pub case: Option<CaseKey>,
    /// What became of it, why, and when.
    pub outcome: Option<(Outcome, Reason, Timestamp)>,
}

/// Why something was not done. Nothing was changed.
#[derive(Debug, Error)]
pub enum ReportFault {
    /// There is no such report.
    #[error("there is no report of that id")]
    NoReport,
    /// There is no such fax.
    #[error("there is no fax of that description in the ledger")]
    NoFax,
    /// The fax did not reach the reporter.
    #[error("the fax did not reach a number of the reporter's")]
    NotReceived,
    /// There is no such case.
    #[error("there is no case of that id")]
    NoCase,
    /// There is no such measure.
    #[error("there is no measure of that id")]
    NoMeasure,
    /// Somebody else changed it since it was read.
    #[error("the case has changed since it was read (read it again)")]
    Stale,
    /// Somebody else of the desk has it.
    #[error("the case is somebody else's at present")]
    Taken,
    /// What is asked for does not fit where it stands.
    #[error("the case is {} (see what can be done with one that is)", .0.name())]
    State(CaseState),
    /// The same person must not have both parts.
    #[error("whoever decided first must not decide this")]
    SamePerson,
    /// It was appealed before, or its time for appeals has passed.
    #[error("the measure was appealed before, or its time for appeals has passed")]
    NotAppealable,
    /// As many appeals as there can be wait for their decision.
    #[error("too many appeals wait for a decision (appeal again should the measure stand)")]
    AppealPending,
    /// The measure cannot be taken against what the case is about.
    #[error("that measure cannot be taken against a {0}")]
    Unfit(&'static str),
    /// The content journal cannot be written, so that nothing is put away.
    #[error("the content journal cannot be written")]
    Journal(#[from] JournalFault),
    /// The ledger could not be read.
    #[error("the tables of the desk cannot be read")]
    Read(#[from] StoreError),
    /// The store does not take it.
    #[error("the change cannot be recorded")]
    Refused(#[from] Refused),
    /// It did not become durable.
    #[error("the change did not become durable")]
    Commit(#[from] CommitFault),
}
