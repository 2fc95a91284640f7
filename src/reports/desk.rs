//! The desk: who takes a case, merging and reopening, and measures: read, lifted, ended by their time.

use super::ReportFault;
use super::cases::{
    CaseOrder, Changed, FRESH, SILENT, cases, count, keep, may_be_taken, note, read, reporter_key,
    weigh_anew, weigh_fresh,
};
use super::decide::{finish, may_decide};
use super::draft::Draft;
use super::intake::commit;
use super::notices;
use crate::casework::{
    CaseKey, CaseRow, CaseState, DeskEvent, EventKind, LinkRow, MeasureRow, MeasureState,
};
use crate::fax::id::ReportId;
use crate::measures::{InForce, MeasureId, Subject};
use crate::memory::Memory;
use crate::store::record::Field;
use crate::store::table::RetentionClass;
use crate::store::{EntryKind, TableId};
use crate::time::Timestamp;

/// Links that a merge moves in one change.
const MOVED: usize = 500;
/// One case in so many is the one that has waited longest, so that none waits for ever behind worse ones.
const OLDEST_OF: u64 = 5;

/// A page of measures, and where the next one begins.
pub type MeasurePage = (Vec<(MeasureId, MeasureRow)>, Option<MeasureId>);

/// Takes a case for some time, so that no two persons work on it. Who has it already has it for longer.
///
/// # Errors
/// [`ReportFault`]; nothing is changed then.
pub fn lease(
    memory: &Memory,
    key: CaseKey,
    author: &str,
    now: Timestamp,
) -> Result<CaseRow, ReportFault> {
    let _desk = memory.desk().lock();
    take(memory, key, author, now)
}

/// Takes the next case of the queue: the one that is expected to do most harm, and one time in five the one that is to be
/// decided first. `None` where all are decided or taken.
///
/// # Errors
/// [`ReportFault`]; nothing is changed then.
pub fn next(
    memory: &Memory,
    author: &str,
    now: Timestamp,
) -> Result<Option<(CaseKey, CaseRow)>, ReportFault> {
    let _desk = memory.desk().lock();
    let oldest = memory.store().last_seq().is_multiple_of(OLDEST_OF);
    let order = if oldest { CaseOrder::Due } else { CaseOrder::Harm };
    let mut after: Option<Vec<u8>> = None;
    loop {
        let (page, next) = cases(memory, order, after.as_deref(), super::cases::PAGE_MAX)?;
        let free = page.into_iter().find(|(_, case)| may_be_taken(case, author, now));
        if let Some((key, _)) = free {
            return Ok(Some((key, take(memory, key, author, now)?)));
        }
        match next {
            Some(next) => after = Some(next),
            None => return Ok(None),
        }
    }
}

fn take(
    memory: &Memory,
    key: CaseKey,
    author: &str,
    now: Timestamp,
) -> Result<CaseRow, ReportFault> {
    let mut draft = Draft::over(memory.store());
    let mut case = read(&draft, key)?;
    may_decide(&case, None, author, now)?;
    let generation = memory.generations().current();
    let until = now.plus(generation.policy().desk().lease);
    case.lease = Some((author.into(), until));
    note(&mut case, CaseState::InReview, author, now);
    finish(memory, &mut draft, (key, case), now, EventKind::Changed)
}

/// Merges a case into another: its reports count there from now on. Many of them are moved some at a time, each change whole in
/// itself, so that whoever is stopped half way merges again and goes on.
///
/// # Errors
/// [`ReportFault`]; what was moved before it stays moved, and the case stays open.
pub fn merge(
    memory: &Memory,
    (from, into): (CaseKey, CaseKey),
    author: &str,
    now: Timestamp,
) -> Result<CaseRow, ReportFault> {
    loop {
        let _desk = memory.desk().lock();
        let mut draft = Draft::over(memory.store());
        let (mut gone, mut case) = (read(&draft, from)?, read(&draft, into)?);
        may_decide(&gone, None, author, now)?;
        may_decide(&case, None, author, now)?;
        if from == into {
            return Err(ReportFault::State(case.state));
        }
        let moved = move_some(memory, &mut draft, (from, &mut gone), (into, &mut case), now)?;
        case.updated = now;
        weigh_anew(memory, &draft, into, &mut case)?;
        if moved < MOVED {
            let (counts, rest) = (&mut case.counts, std::mem::take(&mut gone.counts));
            counts.duplicates = counts.duplicates.saturating_add(rest.duplicates);
            counts.automated = counts.automated.saturating_add(rest.automated);
            case.behaviour_milli = case.behaviour_milli.max(gone.behaviour_milli);
            case.due = case.due.min(gone.due);
            weigh_anew(memory, &draft, into, &mut case)?;
            gone.merged_into = Some(into);
            note(&mut gone, CaseState::Merged, author, now);
            keep(memory, &mut draft, from, &mut gone);
            return finish(memory, &mut draft, (into, case), now, EventKind::Changed);
        }
        weigh_anew(memory, &draft, from, &mut gone)?;
        keep(memory, &mut draft, from, &mut gone);
        finish(memory, &mut draft, (into, case), now, EventKind::Changed)?;
    }
}

/// Moves links of a case into another, with what they count and weigh there; says how many.
fn move_some(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (from, gone): (CaseKey, &mut CaseRow),
    (into, case): (CaseKey, &mut CaseRow),
    now: Timestamp,
) -> Result<usize, ReportFault> {
    let expires = memory.expiry(RetentionClass::Report, now);
    let links = draft.records::<LinkRow>(TableId::CaseReports, &from, MOVED)?;
    for (key, link) in &links {
        let Some(([class], report)) = key.get(from.len()..).and_then(<[u8]>::split_first_chunk)
        else {
            continue;
        };
        draft.delete(TableId::CaseReports, key);
        let moved = [&into[..], &key[from.len()..]].concat();
        draft.put(TableId::CaseReports, &moved, link, expires);
        if *class == SILENT {
            continue;
        }
        let who = (link.reporter, link.category);
        draft.delete(TableId::Reporters, &reporter_key(who, from));
        if let Ok(report) = report.try_into() {
            draft.put(TableId::Reporters, &reporter_key(who, into), &ReportId(report), expires);
        }
        count(&mut gone.counts, link.category, false);
        count(&mut case.counts, link.category, true);
        if *class == FRESH {
            weigh_fresh(&mut gone.weight, link, false);
            weigh_fresh(&mut case.weight, link, true);
        }
    }
    Ok(links.len())
}

/// Opens a case again that was decided with nothing done: there is new evidence. What was done before stays counted.
///
/// # Errors
/// [`ReportFault`]; nothing is changed then.
pub fn reopen(
    memory: &Memory,
    key: CaseKey,
    author: &str,
    now: Timestamp,
) -> Result<CaseRow, ReportFault> {
    let _desk = memory.desk().lock();
    let mut draft = Draft::over(memory.store());
    let mut case = read(&draft, key)?;
    let settled = matches!(
        case.state,
        CaseState::Notified | CaseState::Appealable | CaseState::Upheld | CaseState::Closed
    );
    if !settled || case.decision.as_ref().is_some_and(|decision| decision.imposed.is_some()) {
        return Err(ReportFault::State(case.state));
    }
    let generation = memory.generations().current();
    case.due = now.plus(generation.policy().desk().case);
    case.decision = None;
    note(&mut case, CaseState::Reopened, author, now);
    finish(memory, &mut draft, (key, case), now, EventKind::Changed)
}

/// Reads a measure.
///
/// # Errors
/// [`ReportFault::NoMeasure`], [`ReportFault::Read`].
pub fn measure(memory: &Memory, id: MeasureId) -> Result<MeasureRow, ReportFault> {
    read_measure(&Draft::over(memory.store()), id)
}

pub(super) fn read_measure(draft: &Draft<'_>, id: MeasureId) -> Result<MeasureRow, ReportFault> {
    draft.get(TableId::Measures, &id.0)?.ok_or(ReportFault::NoMeasure)
}

/// Reads measures in the order of their ids, after `after`; of one subject, where one is named. Says where the next page begins.
///
/// # Errors
/// [`ReportFault::Read`].
pub fn measures(
    memory: &Memory,
    of: Option<Subject>,
    after: Option<MeasureId>,
    limit: usize,
) -> Result<MeasurePage, ReportFault> {
    let draft = Draft::over(memory.store());
    let after = after.map(|id| id.0);
    let limit = limit.clamp(1, super::cases::PAGE_MAX);
    let rows = draft.scan(TableId::Measures, &[], after.as_ref().map(|id| &id[..]), limit)?;
    let full = rows.len() == limit;
    let mut last = None;
    let mut found = Vec::new();
    for (key, value) in rows {
        let Ok(id) = key.try_into().map(MeasureId) else { continue };
        last = Some(id);
        let row = MeasureRow::decode(&value);
        found.extend(row.filter(|row| of.is_none_or(|of| row.subject == of)).map(|row| (id, row)));
    }
    Ok((found, last.filter(|_| full)))
}

pub(super) fn keep_measure(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (id, measure): (MeasureId, &MeasureRow),
    now: Timestamp,
) {
    let until = measure.until.unwrap_or(now).max(now);
    draft.put(TableId::Measures, &id.0, measure, memory.expiry(RetentionClass::Report, until));
}

pub(super) fn no_longer(id: MeasureId, measure: &MeasureRow) -> Changed {
    let in_force = InForce { kind: measure.kind, id, until: measure.until };
    Changed { measures: vec![(measure.subject, in_force, false)], ..Changed::default() }
}

/// Lifts a measure before its end: it was right, and is no longer needed. Its strike stays.
///
/// # Errors
/// [`ReportFault`]; nothing is changed then.
pub fn lift(
    memory: &Memory,
    id: MeasureId,
    author: &str,
    now: Timestamp,
) -> Result<MeasureRow, ReportFault> {
    let _desk = memory.desk().lock();
    let mut draft = Draft::over(memory.store());
    let mut measure = read_measure(&draft, id)?;
    if measure.state != MeasureState::InForce {
        return Err(ReportFault::NoMeasure);
    }
    let mut case = read(&draft, measure.case)?;
    measure.state = MeasureState::Lifted;
    keep_measure(memory, &mut draft, (id, &measure), now);
    notices::ended(memory, &mut draft, id, &measure, now);
    let state = case.state;
    note(&mut case, state, author, now);
    finish(memory, &mut draft, (measure.case, case), now, EventKind::Lifted)?;
    no_longer(id, &measure).apply(memory, now);
    Ok(measure)
}

/// Ends the measures whose time has passed, and says how many. Off the path: a verdict looks at the
/// end of a measure itself and does not wait for this.
///
/// # Errors
/// [`ReportFault`]; what was not ended is at the next call.
pub fn expire(memory: &Memory, now: Timestamp) -> Result<usize, ReportFault> {
    let ended = memory.measures().ended(now);
    for (subject, id) in &ended {
        let _desk = memory.desk().lock();
        let mut draft = Draft::over(memory.store());
        let found = draft.get::<MeasureRow>(TableId::Measures, &id.0)?;
        // Somebody may have lifted or overturned it since it was found.
        let stands = |measure: &MeasureRow| measure.state == MeasureState::InForce;
        let Some(mut measure) = found.filter(stands) else {
            memory.measures().remove(*subject, *id);
            continue;
        };
        measure.state = MeasureState::Ended;
        keep_measure(memory, &mut draft, (*id, &measure), now);
        notices::ended(memory, &mut draft, *id, &measure, now);
        let event = DeskEvent {
            subject: measure.subject.kind as u8,
            measure: measure.kind as u8,
            automated: true,
            ..DeskEvent::of(EventKind::Ended)
        };
        commit(memory, (EntryKind::Desk, event.encode()), (None, now), &mut draft)?.wait()?;
        no_longer(*id, &measure).apply(memory, now);
    }
    Ok(ended.len())
}
