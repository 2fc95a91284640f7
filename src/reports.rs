//! Reports: taken in, checked against the ledger, made durable, and felt by the sender at its next fax.
//!
//! A member can only report a fax that its own number received. Whatever its weight in the sender's
//! reputation, a report acts for its reporter at once: junk is blocked, an opt-out is kept, what was not
//! junk is let through again. These calls wait for the store: off the verdict path.

mod find;
mod record;
mod weigh;

use thiserror::Error;

use crate::activity::{Happened, Observation};
use crate::fax::id::{DecisionId, Pseudonym, ReportId};
use crate::fax::number::Number;
use crate::fax::stage::{Caller, Direction};
use crate::ledger::{EvidenceRow, Penalty, StageRow};
use crate::lists::{ListEntry, ListFault, ListKind};
use crate::memory::Memory;
use crate::memory::evidence::{self, NotAdded};
use crate::store::table::RetentionClass;
use crate::store::{CommitFault, Entry, EntryKind, Refused, StoreError};
use crate::time::Timestamp;
use record::ReportRecord;
use weigh::Weighed;

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
    let weighed = match &found {
        None => Weighed { standing: Standing::Unverified, weight: 0, writes: Vec::new() },
        Some((decision, row)) => weigh::weigh(memory, filing, (*decision, row), report)?,
    };
    let standing = weighed.standing;
    let record = ReportRecord {
        standing,
        category: filing.category,
        received: filing.time,
        decision: found.as_ref().map(|(decision, _)| *decision),
        comment: filing.comment.clone(),
    };
    commit(memory, filing, (report, &record), found.map(|(_, row)| row), weighed)?;
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

fn commit(
    memory: &Memory,
    filing: &Filing,
    (report, record): (ReportId, &ReportRecord),
    row: Option<StageRow>,
    weighed: Weighed,
) -> Result<(), ReportFault> {
    let evidence = evidence(filing, weighed.weight, row.as_ref());
    let mut writes = weighed.writes;
    writes.push(record.write(report, memory.expiry(RetentionClass::Report, filing.time)));
    let list = row.and_then(|row| list_entry(memory, filing, &row));
    if let Some((entry, keep)) = &list {
        let id = memory.lists().id(entry);
        writes.push(if *keep { entry.write(id) } else { ListEntry::delete(id) });
    }
    let entry = |seq| Entry {
        seq,
        time: filing.time,
        kind: EntryKind::Report,
        decision: record.decision,
        fax: None,
        body: evidence.encode().into(),
        writes,
    };
    let said = evidence;
    let pending = evidence::begin(memory, evidence, filing.time, entry).map_err(fault)?;
    evidence::finish(memory, pending).map_err(fault)?;
    if let Some(decision) = record.decision {
        memory.hear(decision, &said, filing.time);
    }
    match list {
        Some((entry, true)) => memory.lists().put(&entry).map(|_| ()).map_err(ReportFault::List),
        Some((entry, false)) => {
            memory.lists().remove(&entry);
            Ok(())
        }
        None => Ok(()),
    }
}

const fn fault(not_added: NotAdded) -> ReportFault {
    match not_added {
        NotAdded::Refused(refused) => ReportFault::Refused(refused),
        NotAdded::Commit(fault) => ReportFault::Commit(fault),
    }
}

/// What the report says of the sender, by its weight.
fn evidence(filing: &Filing, weight: u32, row: Option<&StageRow>) -> EvidenceRow {
    let Some(row) = row else { return EvidenceRow::default() };
    let approves = filing.category == ReportCategory::NotJunk;
    let observation = Observation {
        second: u32::try_from(filing.time.as_seconds()).unwrap_or(0),
        happened: Happened::default(),
        bad: if approves { 0 } else { weight },
        good: if approves { weight } else { 0 },
        ..row.observation
    };
    let inbound = row.verdict.stage.direction() == Direction::Inbound;
    EvidenceRow {
        observation,
        member_key: row.member_key,
        number_key: row.observation.caller,
        approved: approves && inbound && row.observation.caller != 0,
        released: false,
        penalty: match inbound {
            true => Penalty::default(),
            false => Penalty::of_report(observation.bad, row.facts.plan),
        },
    }
}

/// What the report does for its reporter: an entry to keep or to take away.
fn list_entry(memory: &Memory, filing: &Filing, row: &StageRow) -> Option<(ListEntry, bool)> {
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
    // An opt-out holds until it is taken back; a block has the term of its list, as numbers change hands.
    let block = kind == ListKind::Block;
    let expires = memory.expiry(RetentionClass::List, filing.time).filter(|_| block);
    let entry = ListEntry {
        kind,
        member: Some(Pseudonym::of_hot(row.member_key)),
        number,
        created: filing.time,
        expires,
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
