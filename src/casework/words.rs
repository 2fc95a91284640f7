//! The closed words of the abuse desk: categories, standings, findings, grounds, facts. Their codes are stored and never change.

use crate::store::record::{Field, codes};

/// What is reported: the word that complaints of every format have for it.
pub use crate::complaint::Category as ReportCategory;

impl Field for ReportCategory {
    fn put(&self, to: &mut Vec<u8>) {
        to.push(*self as u8);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Self::from_code(u8::take(from)?)
    }
}

codes! {
    /// What kind of other abuse.
    pub enum AbuseKind {
        /// Not said.
        Unsaid = 0 "not said",
        /// Fraud or phishing.
        Fraud = 1 "fraud",
        /// Harassment or threats.
        Harassment = 2 "harassment",
        /// Many or endless faxes.
        Flooding = 3 "flooding",
        /// An account in other hands.
        HijackedAccount = 4 "hijacked account",
    }
}

codes! {
    /// How a report stands.
    pub enum Standing {
        /// Checked against the ledger and counted.
        Counted = 1 "counted",
        /// The same reporter has said so of this fax, or of this sender: it adds nothing.
        Duplicate = 2 "duplicate",
        /// Of a fax the ledger does not know; it waits for the desk.
        Unverified = 3 "unverified",
        /// The reporter's reports count for nobody else at present.
        Suspended = 4 "suspended",
        /// One of very many from the same reporter or network: done for its reporter, and one more in the count of its case.
        Merged = 5 "merged",
    }
}

codes! {
    /// What became of a report.
    pub enum Outcome {
        /// Something was done about the sender.
        Upheld = 1 "upheld",
        /// Nothing was.
        NotUpheld = 2 "not upheld",
        /// What was decided first was overturned on appeal.
        Overturned = 3 "overturned",
        /// Its reporter took it back.
        Retracted = 4 "retracted",
        /// What it asked for its reporter was done, and nobody else was asked.
        Done = 5 "done",
    }
}

codes! {
    /// Why a report was decided so.
    pub enum Reason {
        /// The desk found it so.
        DeskFound = 1 "the abuse desk looked at it and found it so",
        /// Several independent reporters and what the sender did say the same.
        RuleFound = 2 "several independent reporters and what the sender did say the same",
        /// The sender is under a measure already.
        UnderMeasure = 3 "the sender is under a measure already",
        /// There is nothing against the sender.
        NothingFound = 4 "the abuse desk found nothing against the sender",
        /// An appeal was right.
        AppealRight = 5 "an appeal against the decision was right",
        /// The case was closed without a finding.
        NoFinding = 6 "the abuse desk could not find out",
        /// Its reporter took it back.
        TakenBack = 7 "its reporter took it back",
        /// It asks for something for its reporter alone, or there is no case that it could change.
        ForItself = 8 "what it asks for its reporter is done, and nothing else is left to decide",
    }
}

codes! {
    /// Where a case stands.
    pub enum CaseState {
        /// Reported by outsiders alone, of faxes the ledger does not know.
        Received = 1 "received",
        /// Reports of it were checked against the ledger.
        Validated = 2 "validated",
        /// It goes on in another case.
        Merged = 3 "merged",
        /// It waits for the desk.
        Triaged = 4 "triaged",
        /// Somebody of the desk has it.
        InReview = 5 "in review",
        /// Decided; who is concerned is being told.
        Decided = 6 "decided",
        /// Everybody was told, and nothing can be appealed.
        Notified = 7 "notified",
        /// Everybody was told, and it can be appealed.
        Appealable = 8 "appealable",
        /// It is appealed.
        Appealed = 9 "appealed",
        /// The appeal was not right.
        Upheld = 10 "upheld",
        /// The appeal was right: everything is undone.
        Overturned = 11 "overturned",
        /// Nothing more comes of it.
        Closed = 12 "closed",
        /// Closed, and there is new evidence.
        Reopened = 13 "reopened",
        /// A decision waits for a second person.
        Proposed = 14 "proposed",
    }
}

impl CaseState {
    /// Whether somebody is still to decide it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Received
                | Self::Validated
                | Self::Triaged
                | Self::InReview
                | Self::Reopened
                | Self::Proposed
        )
    }
}

codes! {
    /// What was found.
    pub enum Finding {
        /// It is abuse.
        Abuse = 1 "abuse",
        /// It is none, and who reported it was wrong.
        Unfounded = 2 "unfounded",
        /// It could not be found out.
        Unclear = 3 "unclear",
    }
}

codes! {
    /// In what a measure is grounded.
    pub enum Ground {
        /// The law against unsolicited fax advertisements: 47 USC 227(b)(1)(C), or what holds where the recipient is.
        JunkFaxLaw = 1 "the law against unsolicited fax advertisements",
        /// The contract with the provider: what the service may be used for.
        TermsOfUse = 2 "the terms of use of the service",
        /// The contract with the provider: fair use.
        FairUse = 3 "the fair-use terms of the service",
        /// The law against fraud or harassment.
        CriminalLaw = 4 "the law against fraud and harassment",
        /// An order of a court or authority.
        Order = 5 "an order of a court or authority",
    }
}

codes! {
    /// A fact in a statement of reasons, with its number.
    pub enum Fact {
        /// Reports that counted.
        Reports = 1 "reports",
        /// Groups of reporters that are independent of each other.
        Groups = 2 "independent groups of reporters",
        /// Distinct recipients within a day.
        Recipients = 3 "recipients within a day",
        /// Faxes to numbers that nobody holds.
        Traps = 4 "faxes to unassigned numbers",
        /// Recipients of near-identical pages.
        CampaignRecipients = 5 "recipients of near-identical pages",
        /// Evidence of what the sender did, in thousandths of log-odds.
        Behaviour = 6 "thousandths of evidence in what the sender did",
        /// Strikes before this one.
        Strikes = 7 "measures before that have not expired",
    }
}

codes! {
    /// Where a measure stands.
    pub enum MeasureState {
        /// In force until its end.
        InForce = 1 "in force",
        /// It has ended by itself.
        Ended = 2 "ended",
        /// It was taken back before its end.
        Lifted = 3 "lifted",
        /// An appeal was right.
        Overturned = 4 "overturned",
    }
}

codes! {
    /// Where an appeal stands.
    pub enum AppealState {
        /// It waits for a person.
        Pending = 1 "pending",
        /// The measure stands.
        Upheld = 2 "upheld",
        /// The measure is undone.
        Overturned = 3 "overturned",
    }
}

codes! {
    /// What a notice tells.
    pub enum NoticeKind {
        /// A report was received.
        Receipt = 1 "receipt",
        /// What became of a report.
        Outcome = 2 "outcome",
        /// A measure and its reasons.
        Statement = 3 "statement of reasons",
        /// An appeal was received.
        AppealReceipt = 4 "receipt of an appeal",
        /// What became of an appeal.
        AppealDecision = 5 "appeal decision",
        /// A measure has ended.
        MeasureEnded = 6 "measure ended",
        /// Reports were unfounded too often.
        ReporterWarning = 7 "warning of a reporter",
        /// Reports count for nobody else for some time.
        ReporterSuspended = 8 "suspension of a reporter",
    }
}

codes! {
    /// What happened at the desk, as the ledger tells it.
    pub enum EventKind {
        /// A report was received.
        Reported = 1 "reported",
        /// A report was taken back.
        Retracted = 2 "retracted",
        /// A case was decided.
        Decided = 3 "decided",
        /// A measure was lifted.
        Lifted = 5 "lifted",
        /// An appeal was filed.
        Appealed = 6 "appealed",
        /// An appeal was not right.
        AppealUpheld = 7 "appeal upheld",
        /// An appeal was right.
        Overturned = 8 "overturned",
        /// A reporter was warned.
        ReporterWarned = 9 "reporter warned",
        /// A reporter was suspended.
        ReporterSuspended = 10 "reporter suspended",
        /// A case changed otherwise.
        Changed = 11 "changed",
        /// A measure has ended by itself.
        Ended = 12 "ended",
    }
}
