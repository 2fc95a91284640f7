//! What the abuse desk stores: records of reports, cases, measures, outcomes, voices and notices. Free text of persons lies in
//! them sealed.

use super::words::{
    AbuseKind, AppealState, CaseState, EventKind, Fact, Finding, Ground, MeasureState, NoticeKind,
    Outcome, Reason, ReportCategory, Standing,
};
use crate::fax::id::{CampaignId, DecisionId, Pseudonym, ReportId};
use crate::measures::{MeasureId, MeasureKind, Subject};
use crate::store::record::{codes, record};
use crate::time::Timestamp;

/// One case, printed as 32 hexadecimal digits.
pub type CaseKey = [u8; 16];

record! {
    /// What is kept of a report.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ReportRow = 3 {
        /// How it stands.
        pub standing: Standing,
        /// What was reported.
        pub category: ReportCategory,
        /// What kind of abuse.
        pub kind: AbuseKind,
        /// When.
        pub received: Timestamp,
        /// The fax, when found.
        pub decision: Option<DecisionId>,
        /// Who.
        pub reporter: Pseudonym,
        /// Whether it is a member.
        pub member: bool,
        /// The key it was filed under, where its texts are sealed.
        pub request: u64,
        /// The member's id or the contact address, sealed.
        pub contact: Box<[u8]>,
        /// The reporter's words, sealed; empty where there are none.
        pub comment: Box<[u8]>,
        /// The answers of the form, sealed; empty where there are none.
        pub form: Box<[u8]>,
        /// The language of notices.
        pub language: Box<str>,
        /// Hot key of the sender it speaks of; 0 for nobody.
        pub sender: u64,
        /// Parts of the copy of the fax that was given with it; 0 where there is none.
        pub copy_parts: u8,
        /// Whether nothing was blocked for its reporter, since the lists were full.
        pub unlisted: bool,
        /// The case it belongs to.
        pub case: Option<CaseKey>,
        /// What became of it, why, and when.
        pub outcome: Option<(Outcome, (Reason, Timestamp))>,
    }
}

record! {
    /// What one reporter said of one sender with one report.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct VoiceRow = 2 {
        /// The report it comes from.
        pub report: ReportId,
        /// Who.
        pub reporter: Pseudonym,
        /// When it was said, in seconds since 1970.
        pub second: u32,
        /// Whether it complains; it approves otherwise.
        pub bad: bool,
        /// What it may weigh, in 1/65536.
        pub weight: u32,
        /// Whether the reporter has earned no trust yet.
        pub fresh: bool,
        /// What it hangs together with others by; 0 is nothing.
        pub ties: Ties,
        /// The names the sender was seen under, and which part of the weight each gets: one in so many.
        pub names: Vec<(u64, u8)>,
        /// The case that found it wrong: it says nothing, unless that is overturned.
        pub silenced: Option<CaseKey>,
    }
}

record! {
    /// By what reports hang together: keyed hashes, 0 where not known.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Ties = 1 {
        /// The organisation.
        pub organisation: u64,
        /// Who pays.
        pub payer: u64,
        /// The network the report came from.
        pub network: u64,
        /// The words of the report.
        pub text: u64,
        /// The day a young account was opened, in days since 1970.
        pub cohort: u64,
    }
}

record! {
    /// What became of one reporter's reports in one case.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct OutcomeRow = 1 {
        /// Whether the reporter was right.
        pub upheld: bool,
        /// When it was decided.
        pub at: Timestamp,
        /// How grave a false report of that kind is: 1 for junk, 2 for other abuse.
        pub gravity: u8,
    }
}

record! {
    /// A report in its case.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LinkRow = 2 {
        /// Who reported.
        pub reporter: Pseudonym,
        /// What.
        pub category: ReportCategory,
        /// The fax.
        pub decision: Option<DecisionId>,
        /// When, in seconds since 1970.
        pub second: u32,
        /// What it weighs by what its reporter has earned, in thousandths.
        pub weight_milli: u32,
        /// By what it hangs together with others.
        pub ties: Ties,
        /// What it was heard with by campaigns, in thousandths.
        pub heard_milli: u32,
        /// Hot key of the sender.
        pub sender: u64,
        /// The campaign that heard it, where there was one.
        pub campaign: Option<CampaignId>,
        /// Whether campaigns no longer hear it, since it was found wrong.
        pub silenced: bool,
    }
}

record! {
    /// A case.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CaseRow = 1 {
        /// Whom it is about.
        pub subject: Subject,
        /// The campaign, where it is about one.
        pub campaign: Option<CampaignId>,
        /// The pseudonym of the number or member, as far as it is known.
        pub who: Pseudonym,
        /// The blocks of ten and of a hundred that the number is in; 0 where it is about none.
        pub blocks: (u64, u64),
        /// Where it stands.
        pub state: CaseState,
        /// Counts up with each change.
        pub version: u32,
        /// Since when it is there.
        pub opened: Timestamp,
        /// When it changed last.
        pub updated: Timestamp,
        /// By when it is to be decided.
        pub due: Timestamp,
        /// Its place in the queue: expected harm, higher is sooner.
        pub harm: u32,
        /// Reports by category, in the order of codes.
        pub counts: Tally,
        /// What the reports weigh.
        pub weight: Weight,
        /// What the latest reported fax had against its sender but reports, in thousandths of log-odds.
        pub behaviour_milli: u32,
        /// Facts of the latest reported fax.
        pub facts: Vec<(Fact, u32)>,
        /// Who has it, and until when.
        pub lease: Option<(Box<str>, Timestamp)>,
        /// What was found, by whom, when, and the measure that follows.
        pub decision: Option<DecidedRow>,
        /// The case it goes on in.
        pub merged_into: Option<CaseKey>,
        /// What was done about it by whom, the latest 64.
        pub history: Vec<HistoryRow>,
    }
}

record! {
    /// How many reports a case has.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Tally = 1 {
        /// Junk fax.
        pub junk: u32,
        /// Other abuse.
        pub abuse: u32,
        /// Not junk.
        pub not_junk: u32,
        /// Those that added nothing.
        pub duplicates: u32,
        /// Those that no person filed.
        pub automated: u32,
    }
}

record! {
    /// What the reports of a case weigh, in thousandths.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Weight = 1 {
        /// Against the subject.
        pub against_milli: u32,
        /// For the subject.
        pub for_milli: u32,
        /// Independent groups against it that have earned trust.
        pub groups: u32,
        /// What those without earned trust have added already.
        pub fresh_milli: u32,
        /// The same of those for the subject.
        pub fresh_for_milli: u32,
    }
}

record! {
    /// What was decided of a case.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DecidedRow = 1 {
        /// What was found.
        pub finding: Finding,
        /// Whether a rule alone decided.
        pub automated: bool,
        /// Who decided; the rule's name where nobody did.
        pub author: Box<str>,
        /// Who agreed, where two are asked.
        pub second: Option<Box<str>>,
        /// Why, in the desk's words; shown to the desk alone.
        pub note: Box<str>,
        /// When.
        pub at: Timestamp,
        /// What is to be done.
        pub measure: Option<(MeasureKind, Ground)>,
        /// What was done.
        pub imposed: Option<MeasureId>,
        /// Until when the measure is to hold, where the desk says so.
        pub until: Option<Timestamp>,
    }
}

record! {
    /// One thing that was done about a case.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct HistoryRow = 1 {
        /// When.
        pub at: Timestamp,
        /// Who; empty for the service itself.
        pub author: Box<str>,
        /// The state it came to.
        pub state: CaseState,
    }
}

record! {
    /// A measure, and its statement of reasons.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct MeasureRow = 2 {
        /// Whom it is about.
        pub subject: Subject,
        /// The campaign, where it is about one.
        pub campaign: Option<CampaignId>,
        /// The pseudonym of the number or member.
        pub who: Pseudonym,
        /// The case it comes from.
        pub case: CaseKey,
        /// What is done.
        pub kind: MeasureKind,
        /// Where it stands.
        pub state: MeasureState,
        /// Since when.
        pub imposed: Timestamp,
        /// Until when, exclusive; `None` until it is lifted.
        pub until: Option<Timestamp>,
        /// Whether a rule alone decided.
        pub automated: bool,
        /// Who decided.
        pub author: Box<str>,
        /// Who agreed.
        pub second: Option<Box<str>>,
        /// In what it is grounded.
        pub ground: Ground,
        /// The facts.
        pub facts: Vec<(Fact, u32)>,
        /// Until when it can be appealed.
        pub appeal_until: Timestamp,
        /// When its strike expires.
        pub strike_until: Timestamp,
        /// Its appeals, the latest last; some of those that were not right may be forgotten.
        pub appeals: Vec<AppealRow>,
    }
}

record! {
    /// An appeal.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct AppealRow = 1 {
        /// Where it stands.
        pub state: AppealState,
        /// Who appealed.
        pub appellant: Pseudonym,
        /// Whether it is a member.
        pub member: bool,
        /// The key its texts are sealed under.
        pub request: u64,
        /// The member's id or the contact address, sealed.
        pub contact: Box<[u8]>,
        /// Why, sealed.
        pub text: Box<[u8]>,
        /// The language of notices.
        pub language: Box<str>,
        /// When.
        pub filed: Timestamp,
        /// By when it is to be decided.
        pub due: Timestamp,
        /// Who decided, when, and why in words for the appellant.
        pub decided: Option<(Box<str>, (Timestamp, Box<str>))>,
    }
}

record! {
    /// A notice in the outbox.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct NoticeRow = 2 {
        /// What it tells.
        pub kind: NoticeKind,
        /// For whom.
        pub to: Pseudonym,
        /// The key the contact is sealed under; 0 for a member that is known by its pseudonym alone.
        pub request: u64,
        /// The member's id or the contact address, sealed.
        pub contact: Box<[u8]>,
        /// Whether it is a member.
        pub member: bool,
        /// The language.
        pub language: Box<str>,
        /// When it was written.
        pub created: Timestamp,
        /// The report or measure it is about.
        pub about: [u8; 16],
        /// Of a report: how it stands, and what was reported.
        pub filed: Option<(Standing, ReportCategory)>,
        /// Of a report: whether nothing could be blocked for its reporter.
        pub unlisted: bool,
        /// Of a report: what became of it and why.
        pub outcome: Option<(Outcome, Reason)>,
        /// Whether a rule alone decided.
        pub automated: bool,
        /// Of an appeal: whether it was right.
        pub overturned: bool,
        /// What the desk says, in words.
        pub words: Box<str>,
        /// Of a reporter: unfounded reports, all reports, and until when they do not count.
        pub misuse: Option<((u32, u32), Timestamp)>,
    }
}

record! {
    /// How a reporter has misused reports.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct MisuseRow = 1 {
        /// When it was warned, and after which case.
        pub warned: (Timestamp, CaseKey),
        /// Until when its reports count for nobody else, and after which case.
        pub suspended: Option<(Timestamp, CaseKey)>,
    }
}

record! {
    /// A fax that a person judged.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LabelRow = 1 {
        /// Whether it is junk.
        pub junk: bool,
        /// How much it counts, in thousandths.
        pub weight_milli: u32,
        /// When it was judged.
        pub at: Timestamp,
        /// The case it comes from.
        pub case: CaseKey,
    }
}

codes! {
    /// What is left to do about a case.
    pub enum WorkKind {
        /// Its reporters are to be told, their record kept, its faxes labelled.
        Tell = 1 "tell",
        /// All of that is to be undone.
        Undo = 2 "undo",
    }
}

record! {
    /// What is left to do, and where it stands.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct WorkRow = 1 {
        /// What.
        pub kind: WorkKind,
        /// The link that was done last.
        pub after: Option<Box<[u8]>>,
    }
}

record! {
    /// One thing that happened at the desk: numbers and codes alone, from which reports on transparency are counted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DeskEvent = 1 {
        /// What.
        pub what: EventKind,
        /// The category of a report, or 0.
        pub category: u8,
        /// The kind of subject, or 0.
        pub subject: u8,
        /// The kind of measure, or 0.
        pub measure: u8,
        /// The ground of a measure, or 0.
        pub ground: u8,
        /// What was found, or 0.
        pub finding: u8,
        /// Whether no person had a part in it.
        pub automated: bool,
        /// Seconds since what it ends began.
        pub took_seconds: u32,
    }
}

impl DeskEvent {
    /// An event of that kind, and nothing else known.
    #[must_use]
    pub const fn of(what: EventKind) -> Self {
        Self {
            what,
            category: 0,
            subject: 0,
            measure: 0,
            ground: 0,
            finding: 0,
            automated: false,
            took_seconds: 0,
        }
    }
}
