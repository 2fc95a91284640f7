//! Reports: taken in, checked against the ledger, made durable, and felt by the sender at its next fax.
//!
//! A member can only report a fax that its own number received. Whatever its weight in the sender's
//! reputation, a report acts for its reporter at once: junk is blocked, an opt-out is kept, what was not
//! junk is let through again. These calls wait for the store: off the verdict path.

mod find;
mod record;

use thiserror::Error;

use crate::activity::{Happened, Observation, Source};
use crate::decay::ONE;
use crate::fax::id::{DecisionId, Pseudonym, ReportId};
use crate::fax::number::Number;
use crate::fax::stage::{Caller, Direction};
use crate::ledger::{EvidenceRow, StageRow};
use crate::lists::{ListEntry, ListFault, ListKind};
use crate::memory::{Memory, apply_evidence};
use crate::store::{CommitFault, Entry, EntryKind, Refused, StoreError, TableId, TableWrite};
use crate::time::Timestamp;
use record::ReportRecord;

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

impl Reporter {
    const fn pseudonym(self) -> Pseudonym {
        match self {
            Self::Member(who) | Self::Outsider(who) => who,
        }
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

/// A report as it came through the wall.
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
    /// The same reporter has reported this fax, or this sender today: it adds nothing.
    Duplicate = 2,
    /// Of a fax the ledger does not know; it waits for the desk.
    Unverified = 3,
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

/// Why a report was not taken. Nothing was changed.
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
    /// The ledger could not be read.
    #[error("reports cannot be checked")]
    Read(#[source] StoreError),
    /// The store does not take it.
    #[error("the report cannot be recorded")]
    Refused(#[source] Refused),
    /// It did not become durable.
    #[error("the report did not become durable")]
    Commit(#[source] CommitFault),
    /// The reporter's list is full.
    #[error("the list entry of the report was not taken")]
    List(#[source] ListFault),
}

/// Approval that "not junk" proves, in 1/65536.
const NOT_JUNK_GOOD: u32 = 2 * ONE;
/// Who makes the list entries that reports lead to.
const AUTHOR: &str = "report";

/// Takes a report. When it is answered it is durable, and the next verdict knows of it.
///
/// # Errors
/// [`ReportFault`].
pub fn file(memory: &Memory, filing: &Filing) -> Result<Receipt, ReportFault> {
    // What was queued a moment ago must be found: a report may follow its fax at once.
    let ticket = memory.store().flush().map_err(ReportFault::Refused)?;
    ticket.wait().map_err(ReportFault::Commit)?;
    let _desk = memory.desk().lock();
    let report = record::report_id(filing.request);
    if let Some(known) = record::read(memory, report)? {
        return Ok(known.receipt(report));
    }
    let found = find::find(memory, filing)?;
    let standing = match &found {
        None => Standing::Unverified,
        Some((decision, row)) => standing(memory, filing, *decision, row)?,
    };
    let record = ReportRecord {
        standing,
        category: filing.category,
        received: filing.time,
        decision: found.as_ref().map(|(decision, _)| *decision),
        comment: filing.comment.clone(),
    };
    commit(memory, filing, report, &record, found.as_ref().map(|(_, row)| row))?;
    Ok(record.receipt(report))
}

/// Reads a report by its receipt.
///
/// # Errors
/// [`ReportFault::NoReport`], [`ReportFault::Read`].
pub fn get(memory: &Memory, report: ReportId) -> Result<Receipt, ReportFault> {
    let known = record::read(memory, report)?;
    known.map(|known| known.receipt(report)).ok_or(ReportFault::NoReport)
}

/// A second report of one fax, or of one sender on one day, by the same reporter adds nothing.
fn standing(
    memory: &Memory,
    filing: &Filing,
    decision: DecisionId,
    row: &StageRow,
) -> Result<Standing, ReportFault> {
    for key in reporter_keys(filing, decision, row) {
        let known =
            memory.store().table_get(TableId::Reporters, &key).map_err(ReportFault::Read)?;
        if known.is_some() {
            return Ok(Standing::Duplicate);
        }
    }
    Ok(Standing::Counted)
}

/// What a reporter has reported: the fax, and the sender on that day, each for one kind of category.
fn reporter_keys(filing: &Filing, decision: DecisionId, row: &StageRow) -> [Vec<u8>; 2] {
    let who = filing.reporter.pseudonym().0;
    let against = [u8::from(filing.category != ReportCategory::NotJunk)];
    let sender = match row.verdict.stage.direction() {
        Direction::Inbound => row.observation.caller.to_be_bytes(),
        Direction::Outbound => row.member_key.to_be_bytes(),
    };
    let day = filing.time.day().to_be_bytes();
    [
        [&who[..], b"f", &against, &decision.0].concat(),
        [&who[..], b"s", &against, &sender, &day].concat(),
    ]
}

fn commit(
    memory: &Memory,
    filing: &Filing,
    report: ReportId,
    record: &ReportRecord,
    row: Option<&StageRow>,
) -> Result<(), ReportFault> {
    let evidence = evidence(memory, filing, record.standing, row);
    let mut writes = vec![record.write(report)];
    let mut list = None;
    if let (Some(row), Some(decision)) = (row, record.decision) {
        let put = |key| TableWrite::Put {
            table: TableId::Reporters,
            key,
            value: report.0.to_vec(),
            expires: None,
            subject_key: None,
        };
        writes.extend(reporter_keys(filing, decision, row).map(put));
        list = list_entry(filing, row);
        if let Some((entry, keep)) = &list {
            let id = memory.lists().id(entry);
            writes.push(if *keep { entry.write(id) } else { ListEntry::delete(id) });
        }
    }
    let entry = Entry {
        seq: apply_evidence(memory, &evidence, Source::Live, filing.time),
        time: filing.time,
        kind: EntryKind::Report,
        decision: record.decision,
        fax: None,
        body: evidence.encode(),
        writes,
    };
    let ticket = memory.store().commit(entry).map_err(ReportFault::Refused)?;
    ticket.wait().map_err(ReportFault::Commit)?;
    match list {
        Some((entry, true)) => memory.lists().put(&entry).map(|_| ()).map_err(ReportFault::List),
        Some((entry, false)) => {
            memory.lists().remove(&entry);
            Ok(())
        }
        None => Ok(()),
    }
}

/// What the report says of the sender, by its weight.
fn evidence(
    memory: &Memory,
    filing: &Filing,
    standing: Standing,
    row: Option<&StageRow>,
) -> EvidenceRow {
    let Some(row) = row else { return EvidenceRow::default() };
    let generation = memory.generations().current();
    let rules = generation.policy().reports();
    let weight_milli = match filing.reporter {
        Reporter::Member(_) => rules.weight_milli,
        Reporter::Outsider(_) => rules.outsider_weight_milli,
    };
    let weight = u64::from(weight_milli) * u64::from(ONE) / 1_000;
    let counted = standing == Standing::Counted;
    let against = matches!(filing.category, ReportCategory::JunkFax | ReportCategory::OtherAbuse);
    let approves = filing.category == ReportCategory::NotJunk;
    let observation = Observation {
        second: u32::try_from(filing.time.as_seconds()).unwrap_or(0),
        happened: Happened::default(),
        bad: if counted && against { u32::try_from(weight).unwrap_or(u32::MAX) } else { 0 },
        good: if counted && approves { NOT_JUNK_GOOD } else { 0 },
        ..row.observation
    };
    let inbound = row.verdict.stage.direction() == Direction::Inbound;
    EvidenceRow {
        observation,
        member_key: row.member_key,
        number_key: row.observation.caller,
        approved: approves && inbound && row.observation.caller != 0,
        released: false,
    }
}

/// What the report does for its reporter: an entry to keep or to take away.
fn list_entry(filing: &Filing, row: &StageRow) -> Option<(ListEntry, bool)> {
    let inbound = row.verdict.stage.direction() == Direction::Inbound;
    let (kind, keep) = match (filing.category, inbound) {
        (ReportCategory::JunkFax | ReportCategory::OtherAbuse | ReportCategory::RemoveMe, true) => {
            (ListKind::Block, true)
        }
        (ReportCategory::NotJunk, true) => (ListKind::Block, false),
        (ReportCategory::RemoveMe, false) => (ListKind::OptOut, true),
        _ => return None,
    };
    let number = if inbound { row.caller? } else { row.number };
    let entry = ListEntry {
        kind,
        member: Some(Pseudonym::of_hot(row.member_key)),
        number,
        created: filing.time,
        expires: None,
        author: AUTHOR.into(),
        reason: reason(filing.category).into(),
    };
    Some((entry, keep))
}

const fn reason(category: ReportCategory) -> &'static str {
    match category {
        ReportCategory::JunkFax => "reported as junk fax",
        ReportCategory::OtherAbuse => "reported as abuse",
        ReportCategory::NotJunk => "reported as not junk",
        ReportCategory::RemoveMe => "asked for no more faxes",
    }
}
