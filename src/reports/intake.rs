//! Intake: a report is checked, recorded with everything that follows from it, and answered when that is durable. Reports
//! that come together become durable together, so that hundreds a second cost few waits for the disk.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::cases::{Changed, attach, detach};
use super::copies;
use super::draft::Draft;
use super::find::find;
use super::misuse;
use super::notices;
use super::speak::{Heard, fax_key, heard, speak, speaker, unsay};
use super::subjects::sender_of;
use super::{Filing, Receipt, ReportFault, Reporter};
use crate::casework::{DeskEvent, EventKind, Outcome, Reason, ReportCategory, ReportRow, Standing};
use crate::fax::id::{DecisionId, Pseudonym, ReportId};
use crate::fax::stage::Direction;
use crate::ledger::{EvidenceRow, StageRow};
use crate::lists::{ListEntry, ListKind};
use crate::memory::Memory;
use crate::store::record::Field;
use crate::store::table::RetentionClass;
use crate::store::{CommitFault, Entry, EntryKind, StoreError, TableId, Ticket};
use crate::time::Timestamp;

/// Who makes the list entries that reports lead to.
const AUTHOR: &str = "report";
/// Most reports that become durable together.
const TOGETHER_MAX: usize = 128;

/// Reports that wait for the one who writes: the first to come writes all that have come by then, so that they share its waits
/// for the disk, and then the first of those who came meanwhile does.
#[derive(Default)]
pub struct Intake {
    turn: Mutex<Turn>,
}

#[derive(Default)]
struct Turn {
    waiting: Vec<Arc<Place>>,
    /// Whether somebody writes, or is told to.
    taken: bool,
}

/// A report that waits. Each sleeps at a place of its own: were all of them to wait for one lock, they would be woken one after
/// the other to see that nothing is left to do.
struct Place {
    filing: Filing,
    stands: Mutex<Stands>,
    told: Condvar,
}

enum Stands {
    Waits,
    Writes,
    Answered(Option<Result<Receipt, ReportFault>>),
}

impl Place {
    fn tell(&self, stands: Stands) {
        *self.stands.lock() = stands;
        self.told.notify_one();
    }

    /// The answer; none where it is its turn to write.
    fn wait(&self) -> Option<Result<Receipt, ReportFault>> {
        let mut stands = self.stands.lock();
        loop {
            match &mut *stands {
                Stands::Waits => self.told.wait(&mut stands),
                Stands::Writes => return None,
                Stands::Answered(answer) => return answer.take(),
            }
        }
    }
}

/// Who writes, with what is being written. Whatever becomes of it, everybody is answered and the turn is given on.
struct Writer<'a> {
    intake: &'a Intake,
    batch: Vec<Arc<Place>>,
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        for place in self.batch.drain(..) {
            place.tell(Stands::Answered(Some(Err(ReportFault::Commit(CommitFault::Closed)))));
        }
        let mut turn = self.intake.turn.lock();
        match turn.waiting.first() {
            Some(next) => next.tell(Stands::Writes),
            None => turn.taken = false,
        }
    }
}

impl Intake {
    /// Takes a report as [`file()`] does, together with whatever others come at the same time.
    ///
    /// # Errors
    /// [`ReportFault`].
    pub fn file(&self, memory: &Memory, filing: Filing) -> Result<Receipt, ReportFault> {
        // Before it takes its turn: many wait for one write of the disk here, while others are written down.
        ledgered(memory)?;
        let (stands, told) = (Mutex::new(Stands::Waits), Condvar::new());
        let place = Arc::new(Place { filing, stands, told });
        let mut turn = self.turn.lock();
        turn.waiting.push(Arc::clone(&place));
        if !std::mem::replace(&mut turn.taken, true) {
            place.tell(Stands::Writes);
        }
        drop(turn);
        loop {
            match place.wait() {
                Some(answer) => return answer,
                None => self.write(memory),
            }
        }
    }

    /// Writes what waits, which begins with the report of whoever calls this.
    fn write(&self, memory: &Memory) {
        let mut writer = Writer { intake: self, batch: Vec::new() };
        let desk = memory.desk().lock();
        let mut turn = self.turn.lock();
        let count = turn.waiting.len().min(TOGETHER_MAX);
        writer.batch.extend(turn.waiting.drain(..count));
        drop(turn);
        let filings: Vec<&Filing> = writer.batch.iter().map(|place| &place.filing).collect();
        let answers = file_together(memory, &filings);
        drop(desk);
        for (place, answer) in writer.batch.drain(..).zip(answers) {
            place.tell(Stands::Answered(Some(answer)));
        }
    }
}

/// Takes a report. When it is answered it is durable, and the next verdict knows of it.
///
/// # Errors
/// [`ReportFault`].
pub fn file(memory: &Memory, filing: &Filing) -> Result<Receipt, ReportFault> {
    ledgered(memory)?;
    let _desk = memory.desk().lock();
    file_together(memory, &[filing]).pop().unwrap_or(Err(ReportFault::NoReport))
}

/// Reads a report by its receipt.
///
/// # Errors
/// [`ReportFault::NoReport`], [`ReportFault::Read`].
pub fn get(memory: &Memory, report: ReportId) -> Result<Receipt, ReportFault> {
    let row = read(&Draft::over(memory.store()), report)?;
    row.map(|row| receipt(report, &row)).ok_or(ReportFault::NoReport)
}

/// Takes a report back: what it did for its reporter stays, what it said of the sender is unsaid.
///
/// # Errors
/// [`ReportFault`].
pub fn retract(
    memory: &Memory,
    report: ReportId,
    reporter: Reporter,
    now: Timestamp,
) -> Result<Receipt, ReportFault> {
    let _desk = memory.desk().lock();
    let mut draft = Draft::over(memory.store());
    let row = read(&draft, report)?;
    let mut row =
        row.filter(|row| row.reporter == reporter.pseudonym()).ok_or(ReportFault::NoReport)?;
    // What was answered at once was found by nobody, and can be taken back; what was decided cannot.
    let at_once = |reason| matches!(reason, Reason::ForItself | Reason::UnderMeasure);
    if row.outcome.is_some_and(|(_, (reason, _))| !at_once(reason)) {
        return Ok(receipt(report, &row));
    }
    let said = unsay(&mut draft, (row.reporter, report), row.sender)?;
    let heard = if said { Some(heard(memory, &draft, row.sender)?) } else { None };
    if let Some(decision) = row.decision {
        draft.delete(TableId::Reporters, &fax_key(row.reporter, row.category, decision));
    }
    let changed = detach(memory, &mut draft, (report, &row), now)?;
    row.outcome = Some((Outcome::Retracted, (Reason::TakenBack, now)));
    copies::drop_of(&mut draft, report, &mut row);
    keep(memory, &mut draft, report, &row);
    let event = DeskEvent {
        category: row.category as u8,
        automated: false,
        ..DeskEvent::of(EventKind::Retracted)
    };
    commit(memory, (EntryKind::Desk, event.encode()), (row.decision, now), &mut draft)?.wait()?;
    heard.iter().for_each(|heard| heard.apply(memory));
    changed.apply(memory, now);
    Ok(receipt(report, &row))
}

/// Hands what was drafted to the store as one entry.
pub(super) fn commit(
    memory: &Memory,
    (kind, body): (EntryKind, Vec<u8>),
    (decision, time): (Option<DecisionId>, Timestamp),
    draft: &mut Draft<'_>,
) -> Result<Ticket, ReportFault> {
    Ok(memory.store().commit(entry(memory, (kind, body), (decision, time), draft))?)
}

/// What was drafted as one entry.
fn entry(
    memory: &Memory,
    (kind, body): (EntryKind, Vec<u8>),
    (decision, time): (Option<DecisionId>, Timestamp),
    draft: &mut Draft<'_>,
) -> Entry {
    let (seq, writes) = (memory.store().next_seq(), draft.take_writes());
    Entry { seq, time, kind, decision, fax: None, body: body.into(), writes }
}

/// What is in force once a report is durable.
struct Follows {
    receipt: Receipt,
    heard: Option<Heard>,
    changed: Changed,
    list: Option<(ListEntry, bool)>,
    approved: Option<(u64, u64)>,
    complained: Option<EvidenceRow>,
}

/// A report that is new, with its entry; or one that is known.
enum Taken {
    New(Entry, Box<Follows>),
    Known(Receipt),
}

/// Waits until the ledger has what was queued a moment ago: a report may follow its fax at once, and must find it.
fn ledgered(memory: &Memory) -> Result<(), ReportFault> {
    Ok(memory.store().flush()?.wait()?)
}

/// Writes reports down, all or none: each is drafted on what those before it leave. The answers are in the order of the reports.
fn file_together(memory: &Memory, filings: &[&Filing]) -> Vec<Result<Receipt, ReportFault>> {
    let mut draft = Draft::over(memory.store());
    let (mut entries, mut begun) = (Vec::new(), Vec::with_capacity(filings.len()));
    for filing in filings {
        let taken = take(memory, &mut draft, filing);
        // What the others read must not hold what was never written.
        let torn = matches!(taken, Err(ReportFault::Read(_) | ReportFault::Refused(_)));
        begun.push(taken.map(|taken| match taken {
            Taken::New(entry, follows) => {
                entries.push(entry);
                Ok(follows)
            }
            Taken::Known(receipt) => Err(receipt),
        }));
        if torn {
            break;
        }
    }
    // Nobody reads any more: what is read must not keep the log of the tables from being emptied.
    drop(draft);
    begun.resize_with(filings.len(), || Err(ReportFault::Read(TORN)));
    let mut written = write(memory, entries);
    let answers = begun.into_iter().zip(filings).map(|(begun, filing)| match begun? {
        Err(known) => Ok(known),
        Ok(follows) => {
            if written.is_err() {
                // The first gets the whole of why.
                let others = Err(ReportFault::Commit(CommitFault::Closed));
                std::mem::replace(&mut written, others)?;
            }
            follow(memory, filing, &follows);
            Ok(follows.receipt)
        }
    });
    answers.collect()
}

const TORN: StoreError = StoreError::Malformed { what: "row of the desk" };

/// Hands entries to the store as one, and waits until they are durable.
fn write(memory: &Memory, entries: Vec<Entry>) -> Result<(), ReportFault> {
    if entries.is_empty() {
        return Ok(());
    }
    Ok(memory.store().commit_together(entries)?.wait()?)
}

/// Puts in force what is durable.
fn follow(memory: &Memory, filing: &Filing, follows: &Follows) {
    follows.heard.iter().for_each(|heard| heard.apply(memory));
    follows.changed.apply(memory, filing.time);
    if let Some((member, number)) = follows.approved {
        memory.relations().approve(member, number, filing.time);
    }
    if let Some(evidence) = &follows.complained {
        memory.suspect_reported(evidence, filing.time);
    }
    match &follows.list {
        // There was room for it, and for all others of the batch.
        Some((entry, true)) => drop(memory.lists().put(entry)),
        Some((entry, false)) => drop(memory.lists().remove(entry)),
        None => {}
    }
}

fn take(memory: &Memory, draft: &mut Draft<'_>, filing: &Filing) -> Result<Taken, ReportFault> {
    let report = report_of(filing.request);
    if let Some(known) = read(draft, report)? {
        return Ok(Taken::Known(receipt(report, &known)));
    }
    let found = find(memory, filing)?;
    let generation = memory.generations().current();
    let rules = generation.policy().reports();
    let speaker = speaker(draft, filing, &rules)?;
    let suspended = misuse::suspended(draft, filing.reporter.pseudonym(), filing.time)?;
    let (standing, heard) = match &found {
        _ if suspended => (Standing::Suspended, None),
        _ if filing.circumstances.many => (Standing::Merged, None),
        None => (Standing::Unverified, None),
        Some((decision, row)) => {
            speak(memory, draft, (filing, report), (*decision, row), &speaker)?
        }
    };
    let mut row = report_row(filing, standing, found.as_ref());
    let list = listed(memory, filing, found.as_ref().map(|(_, stage)| stage));
    let blocks = filing.category != ReportCategory::NotJunk;
    row.unlisted = blocks && list.is_none();
    let changed = attach(memory, draft, (filing, report), (&mut row, found.as_ref()), &speaker)?;
    keep(memory, draft, report, &row);
    notices::receipt(memory, draft, report, &row);
    if let Some((entry, put)) = &list {
        let id = memory.lists().id(entry);
        draft.add(if *put { entry.write(id) } else { ListEntry::delete(id) });
    }
    let evidence = evidence(filing, row.standing, found.as_ref().map(|(_, stage)| stage));
    let event = DeskEvent {
        category: row.category as u8,
        automated: filing.circumstances.automated,
        ..DeskEvent::of(EventKind::Reported)
    };
    let mut body = [evidence.encode(), event.encode()].concat();
    changed.events.iter().for_each(|event| event.put(&mut body));
    let entry = entry(memory, (EntryKind::Report, body), (row.decision, filing.time), draft);
    let follows = Follows {
        receipt: receipt(report, &row),
        heard,
        changed,
        list,
        approved: evidence.approved.then_some((evidence.member_key, evidence.number_key)),
        complained: Some(evidence).filter(|evidence| evidence.complained),
    };
    Ok(Taken::New(entry, Box::new(follows)))
}

/// What the report does for its reporter, where that can be done: who shows no number cannot be blocked, and lists can be full.
fn listed(memory: &Memory, filing: &Filing, stage: Option<&StageRow>) -> Option<(ListEntry, bool)> {
    let (entry, put) = list_entry(memory, filing, stage?)?;
    // Others of the batch are not in force yet.
    let has_room = !put || memory.lists().has_room(&entry, TOGETHER_MAX);
    has_room.then_some((entry, put))
}

fn report_row(
    filing: &Filing,
    standing: Standing,
    found: Option<&(DecisionId, StageRow)>,
) -> ReportRow {
    ReportRow {
        standing,
        category: filing.category,
        kind: filing.kind,
        received: filing.time,
        decision: found.map(|(decision, _)| *decision),
        reporter: filing.reporter.pseudonym(),
        member: filing.reporter.is_member(),
        request: filing.request,
        contact: filing.contact.clone(),
        comment: filing.comment.clone(),
        form: filing.form.clone(),
        language: filing.circumstances.language.clone(),
        sender: found.map_or(0, |(_, row)| sender_of(row)),
        copy_parts: 0,
        unlisted: false,
        case: None,
        outcome: None,
    }
}

/// The report that a request stands for, whether it has come or not.
#[must_use]
pub fn report_of(request: u64) -> ReportId {
    let digest = blake3::derive_key("faxguard 2026 report", &request.to_be_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    ReportId(id)
}

/// Reads a report.
pub(super) fn read(draft: &Draft<'_>, report: ReportId) -> Result<Option<ReportRow>, ReportFault> {
    Ok(draft.get(TableId::Reports, &report.0)?)
}

/// Puts a report's row.
pub(super) fn keep(memory: &Memory, draft: &mut Draft<'_>, report: ReportId, row: &ReportRow) {
    let from = row.outcome.map_or(row.received, |(_, (_, at))| at);
    draft.put(TableId::Reports, &report.0, row, memory.expiry(RetentionClass::Report, from));
}

fn receipt(report: ReportId, row: &ReportRow) -> Receipt {
    Receipt {
        report,
        standing: row.standing,
        category: row.category,
        received: row.received,
        decision: row.decision,
        consequence: consequence(row),
        unlisted: row.unlisted,
        case: row.case,
        outcome: row.outcome.map(|(outcome, (reason, at))| (outcome, reason, at)),
    }
}

/// What the ledger keeps of it: whom it approves, and that somebody complained. What it weighs is in no counter.
fn evidence(filing: &Filing, standing: Standing, row: Option<&StageRow>) -> EvidenceRow {
    let Some(row) = row else { return EvidenceRow::default() };
    let approves = filing.category == ReportCategory::NotJunk;
    let complains = matches!(filing.category, ReportCategory::JunkFax | ReportCategory::OtherAbuse);
    let inbound = row.verdict.stage.direction() == Direction::Inbound;
    let observation = crate::activity::Observation {
        second: u32::try_from(filing.time.as_seconds()).unwrap_or(0),
        happened: crate::activity::Happened::default(),
        bad: 0,
        good: 0,
        ..row.observation
    };
    EvidenceRow {
        observation,
        member_key: row.member_key,
        number_key: row.observation.caller,
        approved: approves && inbound && row.observation.caller != 0,
        complained: complains && standing == Standing::Counted,
        ..EvidenceRow::default()
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
        reason: said_by(filing.category).into(),
    };
    Some((entry, keep))
}

const fn said_by(category: ReportCategory) -> &'static str {
    match category {
        ReportCategory::JunkFax => "reported as junk fax",
        ReportCategory::OtherAbuse => "reported as abuse",
        ReportCategory::NotJunk => "reported as not junk",
        ReportCategory::RemoveMe => "asked for no more faxes",
    }
}

fn consequence(row: &ReportRow) -> &'static str {
    if row.unlisted && row.standing == Standing::Counted {
        return "it is kept, and nothing is blocked by it: the sender shows no number, or is not one that could be, or the lists are full";
    }
    match (row.standing, row.category) {
        (Standing::Unverified, _) => {
            "the fax is not in the ledger, so the abuse desk will look at it"
        }
        (Standing::Duplicate, _) => {
            "this reporter has reported this fax or sender already, so it adds nothing for others"
        }
        (Standing::Suspended, _) => {
            "it does for its reporter what was asked for, and counts for nobody else at present"
        }
        (Standing::Merged, _) => {
            "so many come at present that it is merged with the others, and weighs nothing"
        }
        (Standing::Counted, ReportCategory::JunkFax | ReportCategory::OtherAbuse) => {
            "it counts against the sender from now on, and the sender is blocked for this reporter"
        }
        (Standing::Counted, ReportCategory::NotJunk) => {
            "it counts for the sender from now on, and the sender is welcome to this reporter"
        }
        (Standing::Counted, ReportCategory::RemoveMe) => {
            "faxes between the two are stopped from now on"
        }
    }
}
