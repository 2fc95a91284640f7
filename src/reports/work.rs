//! What is done about a case after it is decided, some reports at a time so that a case of ten thousand holds nobody up: its
//! reporters are told, their record is kept, its faxes are labelled; and after an appeal that was right, all of that is
//! undone. Where it stands is in the tables, so that a crash goes on where it was.

use std::collections::BTreeSet;

use super::ReportFault;
use super::cases::{Changed, Said, keep, note, read};
use super::draft::Draft;
use super::intake::{self, commit};
use super::speak::{heard, silence, unsay};
use super::{misuse, notices};
use crate::casework::{
    CaseKey, CaseRow, CaseState, DecidedRow, DeskEvent, EventKind, Finding, LabelRow, LinkRow,
    Outcome, OutcomeRow, Reason, ReportCategory, ReportRow, Standing, WorkKind, WorkRow,
};
use crate::fax::id::{DecisionId, ReportId};
use crate::measures::{InForce, Subject};
use crate::memory::Memory;
use crate::store::record::Field;
use crate::store::table::RetentionClass;
use crate::store::{EntryKind, TableId};
use crate::time::Timestamp;
use crate::voices::Part;

/// Reports that are worked on in one change.
const STEP: usize = 200;
/// What a judgement of the desk counts as an example, in thousandths.
const LABEL_MILLI: u32 = 1_000;
/// Most rows of one kind that traces are read of.
const TRACES_MAX: usize = 100_000;

/// What a step of work did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worked {
    /// Reports that were answered or unanswered.
    pub reports: usize,
    /// Whether there is more to do.
    pub more: bool,
}

/// Does one step of what is left to do. To be called every second or so, off the path, and again while there is more.
///
/// # Errors
/// [`ReportFault`]; what was not done is at the next call.
pub fn work(memory: &Memory, now: Timestamp) -> Result<Worked, ReportFault> {
    let _desk = memory.desk().lock();
    let mut draft = Draft::over(memory.store());
    let waiting = draft.records::<WorkRow>(TableId::Work, &[], 1)?;
    let Some((key, work)) = waiting.into_iter().next() else { return Ok(Worked::default()) };
    let Ok(key) = CaseKey::try_from(key) else { return Ok(Worked::default()) };
    let mut case = read(&draft, key)?;
    let links = draft.scan(TableId::CaseReports, &key, work.after.as_deref(), STEP)?;
    let (count, last) = (links.len(), links.last().map(|(key, _)| key.as_slice().into()));
    let (mut changed, mut senders) = (Changed::default(), BTreeSet::new());
    for (at, value) in links {
        let report = at.get(key.len() + 1..).and_then(|id| id.try_into().ok()).map(ReportId);
        let (Some(report), Some(link)) = (report, LinkRow::decode(&value)) else { continue };
        let (place, of, so) = ((key, &at[..]), (report, &link), (now, &mut changed));
        let said = match work.kind {
            WorkKind::Tell => tell(memory, &mut draft, (place, &case), of, so)?,
            WorkKind::Undo => undo(memory, &mut draft, place, of, so)?,
        };
        senders.extend(said.then_some(link.sender));
    }
    for sender in senders {
        changed.heard.push(heard(memory, &draft, sender)?);
    }
    if count < STEP {
        draft.delete(TableId::Work, &key);
        if work.kind == WorkKind::Tell && case.state == CaseState::Decided {
            let appealable = case.decision.as_ref().is_some_and(|made| made.imposed.is_some());
            let state = if appealable { CaseState::Appealable } else { CaseState::Notified };
            note(&mut case, state, "", now);
            keep(memory, &mut draft, key, &mut case);
        }
    } else {
        let expires = memory.expiry(RetentionClass::Report, now);
        draft.put(TableId::Work, &key, &WorkRow { kind: work.kind, after: last }, expires);
    }
    let event = DeskEvent { automated: true, ..DeskEvent::of(EventKind::Changed) };
    let mut body = event.encode();
    changed.events.iter().for_each(|event| event.put(&mut body));
    commit(memory, (EntryKind::Desk, body), (None, now), &mut draft)?.wait()?;
    changed.apply(memory, now);
    if !changed.said.is_empty() {
        // What campaigns hear no longer is not to come back with a start.
        memory.keep_campaigns(now)?;
    }
    Ok(Worked { reports: count, more: true })
}

/// Whether a reporter was right, as far as that was found.
const fn was_right(finding: Finding, category: ReportCategory) -> Option<bool> {
    match (finding, category) {
        (Finding::Unclear, _) | (_, ReportCategory::RemoveMe) => None,
        (Finding::Abuse, ReportCategory::NotJunk) => Some(false),
        (Finding::Abuse, _) => Some(true),
        (Finding::Unfounded, ReportCategory::NotJunk) => Some(true),
        (Finding::Unfounded, _) => Some(false),
    }
}

fn outcome_key(link: &LinkRow, case: CaseKey) -> Vec<u8> {
    [&link.reporter.0[..], &case].concat()
}

/// Tells a reporter what was found, and does what follows from it. True where that changed what is said of the sender.
fn tell(
    memory: &Memory,
    draft: &mut Draft<'_>,
    ((key, place), case): ((CaseKey, &[u8]), &CaseRow),
    (report, link): (ReportId, &LinkRow),
    (now, changed): (Timestamp, &mut Changed),
) -> Result<bool, ReportFault> {
    let Some(decided) = &case.decision else { return Ok(false) };
    let Some(mut row) = intake::read(draft, report)? else { return Ok(false) };
    let before = row.outcome.map(|(outcome, (reason, _))| (outcome, reason));
    if before.is_some_and(|(outcome, reason)| {
        // Taken back; or it came when all was decided, and was answered then.
        outcome == Outcome::Retracted || reason == Reason::UnderMeasure
    }) {
        return Ok(false);
    }
    let right = was_right(decided.finding, link.category);
    let reason = match (decided.finding, decided.automated) {
        (Finding::Abuse, true) => Reason::RuleFound,
        (Finding::Abuse, false) => Reason::DeskFound,
        (Finding::Unfounded, _) => Reason::NothingFound,
        (Finding::Unclear, _) => Reason::NoFinding,
    };
    let outcome = if right == Some(true) { Outcome::Upheld } else { Outcome::NotUpheld };
    // A case that was opened again may have come to something else, and then it is told anew.
    if before != Some((outcome, reason)) {
        row.outcome = Some((outcome, (reason, now)));
        intake::keep(memory, draft, report, &row);
        notices::outcome(memory, draft, (report, &row), now);
    }
    let wrong = right == Some(false);
    hear(memory, draft, (place, link), wrong, (now, changed));
    let said = silence(memory, draft, (link.reporter, report, link.sender), (key, wrong), now)?;
    let judged = matches!(row.standing, Standing::Counted | Standing::Unverified);
    if !judged || before == Some((outcome, reason)) {
        return Ok(said);
    }
    if before.is_some() {
        // What followed from what was found before follows no more.
        draft.delete(TableId::Outcomes, &outcome_key(link, key));
        unlabel(draft, link, key)?;
        misuse::forget(memory, draft, (link.reporter, key), now)?;
    }
    // What nobody could check earns nothing, right as it may have been.
    let earns = |right: &bool| !right || row.standing == Standing::Counted;
    if let Some(right) = right.filter(earns) {
        judge(memory, draft, (key, decided, right), (report, &row, link), changed)?;
    }
    Ok(said)
}

/// Campaigns no longer hear what was wrong; they hear again what is found right after all.
fn hear(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (place, link): (&[u8], &LinkRow),
    wrong: bool,
    (now, changed): (Timestamp, &mut Changed),
) {
    let Some(said) = Said::of(link, !wrong).filter(|_| link.silenced != wrong) else { return };
    changed.said.push(said);
    let link = LinkRow { silenced: wrong, ..*link };
    let expires = memory.expiry(RetentionClass::Report, now);
    draft.put(TableId::CaseReports, place, &link, expires);
}

/// What a decision means for who reported: a line in its record, an example for the model, and a warning where it was wrong too
/// often.
fn judge(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (key, decided, right): (CaseKey, &DecidedRow, bool),
    (report, row, link): (ReportId, &ReportRow, &LinkRow),
    changed: &mut Changed,
) -> Result<(), ReportFault> {
    let now = row.outcome.map_or(decided.at, |(_, (_, at))| at);
    let gravity = if link.category == ReportCategory::OtherAbuse { 2 } else { 1 };
    let judged = OutcomeRow { upheld: right, at: decided.at, gravity };
    let expires = memory.expiry(RetentionClass::Reporter, now);
    draft.put(TableId::Outcomes, &outcome_key(link, key), &judged, expires);
    if let Some(decision) = link.decision {
        label(memory, draft, (decision, key), decided.finding == Finding::Abuse, now);
    }
    if right {
        return Ok(());
    }
    let rules = memory.generations().current().policy().reports();
    let follows =
        misuse::look(memory, draft, ((link.reporter, row.received), &judged), (&rules, key), now)?;
    if let Some(follows) = follows {
        let what = if follows.0 { EventKind::ReporterSuspended } else { EventKind::ReporterWarned };
        changed.events.push(DeskEvent { automated: true, ..DeskEvent::of(what) });
        notices::misuse(memory, draft, (report, row), follows, now);
    }
    Ok(())
}

fn label(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (decision, case): (DecisionId, CaseKey),
    junk: bool,
    now: Timestamp,
) {
    let label = LabelRow { junk, weight_milli: LABEL_MILLI, at: now, case };
    let expires = memory.expiry(RetentionClass::Report, now);
    draft.put(TableId::Labels, &decision.0, &label, expires);
}

/// Takes the example of a fax away that a case made.
fn unlabel(draft: &mut Draft<'_>, link: &LinkRow, key: CaseKey) -> Result<(), ReportFault> {
    let Some(decision) = link.decision else { return Ok(()) };
    let label = draft.get::<LabelRow>(TableId::Labels, &decision.0)?;
    if label.is_some_and(|label| label.case == key) {
        draft.delete(TableId::Labels, &decision.0);
    }
    Ok(())
}

/// Undoes what a decision meant for a report: what complained says nothing any more, what spoke for the sender speaks again. True
/// where that changed what is said of the sender.
fn undo(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (key, place): (CaseKey, &[u8]),
    (report, link): (ReportId, &LinkRow),
    (now, changed): (Timestamp, &mut Changed),
) -> Result<bool, ReportFault> {
    draft.delete(TableId::Outcomes, &outcome_key(link, key));
    unlabel(draft, link, key)?;
    misuse::forget(memory, draft, (link.reporter, key), now)?;
    let complains = link.category != ReportCategory::NotJunk;
    hear(memory, draft, (place, link), complains, (now, changed));
    let said = if complains {
        unsay(draft, (link.reporter, report), link.sender)?
    } else {
        silence(memory, draft, (link.reporter, report, link.sender), (key, false), now)?
    };
    let Some(mut row) = intake::read(draft, report)? else { return Ok(said) };
    let settled = [Outcome::Overturned, Outcome::Retracted];
    if row.outcome.is_none_or(|(outcome, _)| !settled.contains(&outcome)) {
        row.outcome = Some((Outcome::Overturned, (Reason::AppealRight, now)));
        intake::keep(memory, draft, report, &row);
        notices::outcome(memory, draft, (report, &row), now);
    }
    Ok(said)
}

/// Everything that a decision leaves behind and an appeal takes away: equal where the same was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traces {
    /// What reports say of senders.
    pub voices: Vec<(u64, u64, Part)>,
    /// Measures in force.
    pub measures: Vec<(Subject, Vec<InForce>)>,
    /// Strikes, trust and training set: the rows of their tables.
    pub rows: Vec<(TableId, Vec<u8>, Vec<u8>)>,
}

/// Reads what decisions have left behind.
///
/// # Errors
/// [`ReportFault::Read`].
pub fn traces(memory: &Memory) -> Result<Traces, ReportFault> {
    let draft = Draft::over(memory.store());
    let mut rows = Vec::new();
    for table in [TableId::Strikes, TableId::Outcomes, TableId::Labels, TableId::Voices] {
        let all = draft.scan(table, &[], None, TRACES_MAX)?;
        rows.extend(all.into_iter().map(|(key, value)| (table, key, value)));
    }
    // Warnings and suspensions of reporters lie among what else is kept of them.
    let reporters = draft.scan(TableId::Reporters, &[], None, TRACES_MAX)?;
    let misuse = reporters.into_iter().filter(|(key, _)| misuse::is_key(key));
    rows.extend(misuse.map(|(key, value)| (TableId::Reporters, key, value)));
    let (voices, measures) = (memory.voices().digest(), memory.measures().digest());
    Ok(Traces { voices, measures, rows })
}
