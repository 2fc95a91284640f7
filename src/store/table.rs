//! The catalog of what is stored: every table with its name, its schema version and its retention class.
//! A table without a class does not compile, since [`Table`] has no maker that leaves it out.

use thiserror::Error;

use crate::time::{DAY_SECONDS, Span, Timestamp};

/// Why a kind of data is kept, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RetentionClass {
    /// Entries of the day ledger.
    Ledger,
    /// Numbers and members as the provider's directory gave them.
    Directory,
    /// Entries of allow and block lists.
    List,
    /// Faxes that wait for a release.
    Held,
    /// Reports and what became of them.
    Report,
    /// The record of a reporter.
    Reporter,
    /// Generations of the policy.
    Policy,
    /// Who has faxed whom.
    Relation,
    /// Decisions whose later stages are to come.
    OpenDecision,
    /// Who opened what content, why and when.
    ContentJournal,
    /// Releases of faxes that were wrongly held.
    FalsePositive,
    /// The store's own bookkeeping: nothing of any person.
    Meta,
    /// Campaigns and known forms, with what pages of them are recognised by.
    Campaign,
    /// What each decision asked for and spent.
    Usage,
    /// Notices, until the mailer has them and somewhat longer.
    Notice,
    /// Copies of faxes that their recipients gave.
    Copy,
}

/// A retention class written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// What the data is for.
    pub purpose: &'static str,
    /// Days it is kept unless the policy says otherwise; counted from the entry, or from the end of what it serves.
    pub default_days: u32,
    /// Fewest days the policy may say.
    pub floor_days: u32,
}

impl RetentionClass {
    /// Every class, in the order in which the terms keep them.
    pub const ALL: [Self; 16] = [
        Self::Ledger,
        Self::Directory,
        Self::List,
        Self::Held,
        Self::Report,
        Self::Reporter,
        Self::Policy,
        Self::Relation,
        Self::OpenDecision,
        Self::ContentJournal,
        Self::FalsePositive,
        Self::Meta,
        Self::Campaign,
        Self::Usage,
        Self::Notice,
        Self::Copy,
    ];

    /// Purpose, default and floor.
    #[must_use]
    pub const fn retention(self) -> Retention {
        let (purpose, default_days, floor_days) = match self {
            Self::Ledger => ("explain a verdict, check a report, hear an appeal", 400, 28),
            Self::Directory => ("route and screen for a member while the account lasts", 30, 0),
            Self::List => ("do what a member or operator asked about a sender", 730, 1),
            Self::Held => ("let a member see and release what was held", 28, 28),
            Self::Report => ("answer a report and hear its appeal", 400, 183),
            Self::Reporter => ("weigh a reporter by the record", 400, 90),
            Self::Policy => ("say under which policy a verdict was given", 730, 400),
            Self::Relation => ("know wanted correspondence", 550, 28),
            Self::OpenDecision => ("join the stages of one call or job", 2, 1),
            Self::ContentJournal => ("prove who opened content and why", 1_095, 365),
            Self::FalsePositive => ("open the filter when it errs too often", 90, 28),
            Self::Meta => ("run the store", 36_500, 36_500),
            Self::Copy => ("show what was reported to who decides it", 30, 1),
            Self::Notice => ("tell people what was done about them and their reports", 90, 28),
            Self::Usage => ("try another limit on what was used, and say who used what", 7, 1),
            Self::Campaign => ("know a page that is sent to many, whatever the number", 7, 2),
        };
        Retention { purpose, default_days, floor_days }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// The terms in force: a number of days a class, never below its floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionTerms {
    days: [u32; RetentionClass::ALL.len()],
    hold_from: Option<Timestamp>,
}

/// A term below the floor of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("retention of {days} days is below the floor (at least {floor} days)")]
pub struct TermTooShort {
    /// What was asked for.
    pub days: u32,
    /// The floor.
    pub floor: u32,
}

impl Default for RetentionTerms {
    fn default() -> Self {
        Self {
            days: RetentionClass::ALL.map(|class| class.retention().default_days),
            hold_from: None,
        }
    }
}

impl RetentionTerms {
    /// These terms with another number of days for one class.
    ///
    /// # Errors
    /// [`TermTooShort`] where the days are below the floor of the class.
    pub fn with(mut self, class: RetentionClass, days: u32) -> Result<Self, TermTooShort> {
        let floor = class.retention().floor_days;
        if days < floor {
            return Err(TermTooShort { days, floor });
        }
        self.days[class.index()] = days;
        Ok(self)
    }

    /// These terms with a hold: ledger days from that one on are kept whatever their term.
    #[must_use]
    pub const fn holding_from(mut self, from: Timestamp) -> Self {
        self.hold_from = Some(from);
        self
    }

    /// Days a class is kept.
    #[must_use]
    pub const fn days(&self, class: RetentionClass) -> u32 {
        self.days[class.index()]
    }

    /// When a row of that class, made or last needed at `from`, expires.
    #[must_use]
    pub fn expiry(&self, class: RetentionClass, from: Timestamp) -> Timestamp {
        from.plus(Span::seconds(u64::from(self.days(class)) * DAY_SECONDS))
    }

    /// Whether a ledger day has ended its term on the day of `now`: its youngest entry is then at least
    /// as old as the term.
    #[must_use]
    pub fn ledger_day_ended(&self, day: i64, now: Timestamp) -> bool {
        let held = self.hold_from.is_some_and(|from| day >= from.day());
        let last = day.saturating_add(i64::from(self.days(RetentionClass::Ledger)));
        !held && last < now.day()
    }
}

/// One table of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name in tools and exports.
    pub name: &'static str,
    /// Version of its key and value codecs.
    pub version: u16,
    /// Why and how long its rows are kept.
    pub retention: RetentionClass,
}

/// The tables, each under a code that never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum TableId {
    /// Which number belongs to whom.
    DirectoryNumbers = 1,
    /// Plan, age, zone and weight of members.
    DirectoryMembers = 2,
    /// Allow and block lists.
    ListEntries = 3,
    /// Faxes that wait for a release.
    HeldFaxes = 4,
    /// Reports.
    Reports = 5,
    /// Reporters.
    Reporters = 6,
    /// Policy generations.
    PolicyGenerations = 7,
    /// Allowed pairs of member and correspondent.
    Relations = 8,
    /// Decisions whose later stages are to come.
    OpenDecisions = 9,
    /// Grants to open content.
    ContentJournal = 10,
    /// Wrong holds.
    FalsePositives = 11,
    /// Bookkeeping of engines.
    Meta = 12,
    /// Campaigns and known forms: never in the ledger, which would keep them for longer.
    Campaigns = 13,
    /// Limits that were set at run time.
    LimitSettings = 14,
    /// Who set which limit, when and why.
    LimitChanges = 15,
    /// What decisions asked for and spent, many a row: never in the ledger, from which it is made.
    UsageBlocks = 16,
    /// Where each of those rows begins and ends.
    UsageMarks = 17,
    /// Cases of the abuse desk.
    Cases = 18,
    /// Which case of a subject is open.
    CaseSubjects = 19,
    /// Which reports belong to a case.
    CaseReports = 20,
    /// Cases in the order in which the desk takes them.
    CaseQueue = 21,
    /// Measures, with their statements of reasons and appeals.
    Measures = 22,
    /// Strikes of a subject.
    Strikes = 23,
    /// Notices that wait for the mailer, and those it has taken.
    Notices = 24,
    /// Faxes that people judged, for learning.
    Labels = 25,
    /// What became of the reports of a reporter.
    Outcomes = 26,
    /// What one reporter says of one sender.
    Voices = 27,
    /// What is left to be done about a case, a step at a time.
    Work = 28,
    /// Copies of faxes that recipients gave with their reports, closed: never in the ledger, which would keep them for longer.
    Copies = 29,
}

impl TableId {
    /// Every table, in the order of codes.
    pub const ALL: [Self; 29] = [
        Self::DirectoryNumbers,
        Self::DirectoryMembers,
        Self::ListEntries,
        Self::HeldFaxes,
        Self::Reports,
        Self::Reporters,
        Self::PolicyGenerations,
        Self::Relations,
        Self::OpenDecisions,
        Self::ContentJournal,
        Self::FalsePositives,
        Self::Meta,
        Self::Campaigns,
        Self::LimitSettings,
        Self::LimitChanges,
        Self::UsageBlocks,
        Self::UsageMarks,
        Self::Cases,
        Self::CaseSubjects,
        Self::CaseReports,
        Self::CaseQueue,
        Self::Measures,
        Self::Strikes,
        Self::Notices,
        Self::Labels,
        Self::Outcomes,
        Self::Voices,
        Self::Work,
        Self::Copies,
    ];

    /// What the catalog says of the table.
    #[must_use]
    pub const fn table(self) -> Table {
        let (name, version, retention) = match self {
            Self::DirectoryNumbers => ("directory_numbers", 1, RetentionClass::Directory),
            Self::DirectoryMembers => ("directory_members", 1, RetentionClass::Directory),
            Self::ListEntries => ("list_entries", 1, RetentionClass::List),
            Self::HeldFaxes => ("held_faxes", 1, RetentionClass::Held),
            Self::Reports => ("reports", 2, RetentionClass::Report),
            Self::Reporters => ("reporters", 1, RetentionClass::Reporter),
            Self::PolicyGenerations => ("policy_generations", 1, RetentionClass::Policy),
            Self::Relations => ("relations", 1, RetentionClass::Relation),
            Self::OpenDecisions => ("open_decisions", 1, RetentionClass::OpenDecision),
            Self::ContentJournal => ("content_journal", 1, RetentionClass::ContentJournal),
            Self::FalsePositives => ("false_positives", 1, RetentionClass::FalsePositive),
            Self::Meta => ("meta", 1, RetentionClass::Meta),
            Self::Campaigns => ("campaigns", 1, RetentionClass::Campaign),
            Self::LimitSettings => ("limit_settings", 1, RetentionClass::Policy),
            Self::LimitChanges => ("limit_changes", 1, RetentionClass::Policy),
            Self::UsageBlocks => ("usage_blocks", 1, RetentionClass::Usage),
            Self::UsageMarks => ("usage_marks", 1, RetentionClass::Usage),
            Self::Cases => ("cases", 1, RetentionClass::Report),
            Self::CaseSubjects => ("case_subjects", 1, RetentionClass::Report),
            Self::CaseReports => ("case_reports", 2, RetentionClass::Report),
            Self::CaseQueue => ("case_queue", 1, RetentionClass::Report),
            Self::Measures => ("measures", 2, RetentionClass::Report),
            Self::Strikes => ("strikes", 1, RetentionClass::Report),
            Self::Notices => ("notices", 2, RetentionClass::Notice),
            Self::Labels => ("labels", 1, RetentionClass::Report),
            Self::Outcomes => ("outcomes", 1, RetentionClass::Reporter),
            Self::Voices => ("voices", 2, RetentionClass::Reporter),
            Self::Work => ("work", 1, RetentionClass::Report),
            Self::Copies => ("copies", 1, RetentionClass::Copy),
        };
        Table { name, version, retention }
    }

    /// Whether it has rows by the ten million under keys without order: the store may then write rows later than the
    /// ledger, many at a time and sorted, since each alone would cost a page.
    #[must_use]
    pub const fn is_bulk(self) -> bool {
        matches!(self, Self::DirectoryNumbers | Self::DirectoryMembers)
    }

    /// The code it is stored under.
    #[must_use]
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The table of that code.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_is_whole_and_unambiguous() {
        for (at, table) in TableId::ALL.into_iter().enumerate() {
            assert_eq!(TableId::from_code(table.code()), Some(table));
            assert_eq!(usize::from(table.code()), at + 1);
            let same = TableId::ALL.into_iter().filter(|t| t.table().name == table.table().name);
            assert_eq!(same.count(), 1, "{}", table.table().name);
        }
        for (at, class) in RetentionClass::ALL.into_iter().enumerate() {
            assert_eq!(class.index(), at);
            assert!(class.retention().floor_days <= class.retention().default_days, "{class:?}");
        }
    }

    #[test]
    fn terms_respect_floor_and_hold() {
        let day = |day: i64| Timestamp::from_seconds(day * 86_400);
        let terms = RetentionTerms::default();
        let floor = terms.clone().with(RetentionClass::Ledger, 27);
        assert_eq!(floor, Err(TermTooShort { days: 27, floor: 28 }));
        let terms = terms.with(RetentionClass::Ledger, 28).unwrap();
        assert!(!terms.ledger_day_ended(100, day(128)));
        assert!(terms.ledger_day_ended(100, day(129)));
        let held = terms.holding_from(day(100));
        assert!(held.ledger_day_ended(99, day(129)));
        assert!(!held.ledger_day_ended(100, day(9_999)));
    }
}
