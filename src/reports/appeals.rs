//! Appeals: whoever is under a measure can have another person look at it. Where that was right, everything that followed is
//! undone.

use super::cases::{note, read};
use super::decide::{finish, strike_key};
use super::desk::{MeasurePage, keep_measure, no_longer, read_measure};
use super::draft::Draft;
use super::notices;
use super::{ReportFault, Reporter};
use crate::casework::{
    AppealRow, AppealState, CaseState, EventKind, MeasureRow, MeasureState, WorkKind, WorkRow,
};
use crate::fax::id::Pseudonym;
use crate::measures::{MeasureId, SubjectKind};
use crate::memory::Memory;
use crate::store::TableId;
use crate::store::table::RetentionClass;
use crate::time::Timestamp;

/// Most measures of one page that are looked at for appeals.
const PAGE_MAX: usize = 200;
/// Most appeals of one measure: of more, those that were not right are forgotten, the oldest first.
const APPEALS_MAX: usize = 64;

/// An appeal as it came through the wall. Texts are sealed at the place of `request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appealing {
    /// The measure.
    pub measure: MeasureId,
    /// Who appeals.
    pub appellant: Reporter,
    /// Keyed hash of measure and appellant.
    pub request: u64,
    /// The account id or contact address, sealed.
    pub contact: Box<[u8]>,
    /// Why, sealed.
    pub text: Box<[u8]>,
    /// The number that is under the measure; needed of who has no account.
    pub number: Option<Pseudonym>,
    /// The blocks of ten and of a hundred that the number is in.
    pub blocks: [u64; 2],
    /// The language of notices.
    pub language: Box<str>,
    /// When.
    pub time: Timestamp,
}

/// An appeal as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appeal {
    /// The measure it is about.
    pub measure: MeasureId,
    /// Where it stands.
    pub state: AppealState,
    /// When it was filed.
    pub filed: Timestamp,
    /// By when it is to be decided.
    pub due: Timestamp,
    /// When it was decided, and why in words.
    pub decided: Option<(Timestamp, Box<str>)>,
}

/// What a person decides of an appeal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The measure.
    pub measure: MeasureId,
    /// Who decides; never who decided first or agreed with it.
    pub author: Box<str>,
    /// Whether the appeal is right.
    pub overturn: bool,
    /// Why, in words for the appellant.
    pub reason: Box<str>,
    /// When.
    pub time: Timestamp,
}

fn stands(measure: MeasureId, row: &AppealRow) -> Appeal {
    let decided = row.decided.as_ref();
    Appeal {
        measure,
        state: row.state,
        filed: row.filed,
        due: row.due,
        decided: decided.map(|(_, (at, reason))| (*at, reason.clone())),
    }
}

/// Reads an appeal.
///
/// # Errors
/// [`ReportFault::NoMeasure`] where there is none, [`ReportFault::Read`].
pub fn appeal(memory: &Memory, id: MeasureId) -> Result<Appeal, ReportFault> {
    let measure = read_measure(&Draft::over(memory.store()), id)?;
    measure.appeals.last().map(|row| stands(id, row)).ok_or(ReportFault::NoMeasure)
}

/// Measures whose appeals wait for a person, after `after`, with where the next page begins.
///
/// # Errors
/// [`ReportFault::Read`].
pub fn appeals(memory: &Memory, after: Option<MeasureId>) -> Result<MeasurePage, ReportFault> {
    let (page, next) = super::desk::measures(memory, None, after, PAGE_MAX)?;
    let waits =
        |row: &MeasureRow| row.appeals.iter().any(|appeal| appeal.state == AppealState::Pending);
    Ok((page.into_iter().filter(|(_, row)| waits(row)).collect(), next))
}

/// Takes an appeal; durable when it is answered. The same again gets the same answer. Nobody is asked for proof that a number is
/// theirs, so whoever says that it is concerned has an appeal, and a stranger's takes nothing from the owner's.
///
/// # Errors
/// [`ReportFault`]; nothing is changed then.
pub fn file_appeal(memory: &Memory, appealing: &Appealing) -> Result<Appeal, ReportFault> {
    let _desk = memory.desk().lock();
    let mut draft = Draft::over(memory.store());
    let (id, now) = (appealing.measure, appealing.time);
    let mut measure = read_measure(&draft, id)?;
    if !concerns(&measure, appealing) {
        return Err(ReportFault::NoMeasure);
    }
    let who = appealing.appellant.pseudonym();
    if let Some(known) = measure.appeals.iter().find(|known| known.appellant == who) {
        let same = known.request == appealing.request;
        return if same { Ok(stands(id, known)) } else { Err(ReportFault::NotAppealable) };
    }
    if now >= measure.appeal_until || measure.state == MeasureState::Overturned {
        return Err(ReportFault::NotAppealable);
    }
    let generation = memory.generations().current();
    let row = AppealRow {
        state: AppealState::Pending,
        appellant: appealing.appellant.pseudonym(),
        member: appealing.appellant.is_member(),
        request: appealing.request,
        contact: appealing.contact.clone(),
        text: appealing.text.clone(),
        language: appealing.language.clone(),
        filed: now,
        due: now.plus(generation.policy().desk().appeal),
        decided: None,
    };
    if measure.appeals.len() >= APPEALS_MAX {
        let answered = |row: &AppealRow| row.state != AppealState::Pending;
        let oldest = measure.appeals.iter().position(answered).ok_or(ReportFault::AppealPending)?;
        measure.appeals.remove(oldest);
    }
    measure.appeals.push(row.clone());
    keep_measure(memory, &mut draft, (id, &measure), now);
    notices::appeal_receipt(memory, &mut draft, id, &row, now);
    let mut case = read(&draft, measure.case)?;
    note(&mut case, CaseState::Appealed, "", now);
    finish(memory, &mut draft, (measure.case, case), now, EventKind::Appealed)?;
    Ok(stands(id, &row))
}

/// Whether the measure is against the appellant. Of a campaign, an ident or a trunk nobody is the owner: whoever says that it
/// concerns it may have it looked at.
fn concerns(measure: &MeasureRow, appealing: &Appealing) -> bool {
    let subject = measure.subject;
    match (subject.kind, appealing.appellant) {
        (SubjectKind::Member, Reporter::Member(who)) => who.hot() == subject.key,
        (SubjectKind::Member, Reporter::Outsider(_)) => false,
        (SubjectKind::Number, _) => {
            appealing.number.is_some_and(|number| number.hot() == subject.key)
        }
        (SubjectKind::Block10, _) => appealing.blocks[0] == subject.key,
        (SubjectKind::Block100, _) => appealing.blocks[1] == subject.key,
        // There is never a measure against it.
        (SubjectKind::Unknown, _) => false,
        (SubjectKind::Campaign | SubjectKind::Ident | SubjectKind::Trunk, _) => {
            appealing.number.is_some() || appealing.appellant.is_member()
        }
    }
}

/// A person decides what was appealed, of all who wait for it. Where it is right the measure ends at once with its strike, and what reporters, reputation,
/// campaigns and the training set got from the decision is taken from them: [`super::work`].
///
/// # Errors
/// [`ReportFault`]; nothing is changed then.
pub fn rule_on_appeal(memory: &Memory, ruling: &Ruling) -> Result<Appeal, ReportFault> {
    let _desk = memory.desk().lock();
    let mut draft = Draft::over(memory.store());
    let (id, now) = (ruling.measure, ruling.time);
    let mut measure = read_measure(&draft, id)?;
    let mut case = read(&draft, measure.case)?;
    let first = [Some(&measure.author), measure.second.as_ref()];
    if first.contains(&Some(&ruling.author)) {
        return Err(ReportFault::SamePerson);
    }
    let mut decided = None;
    for row in measure.appeals.iter_mut().filter(|row| row.state == AppealState::Pending) {
        row.state = if ruling.overturn { AppealState::Overturned } else { AppealState::Upheld };
        row.decided = Some((ruling.author.clone(), (now, ruling.reason.clone())));
        notices::appeal_decision(memory, &mut draft, id, row, now);
        decided = Some(row.clone());
    }
    let Some(row) = decided else { return Err(ReportFault::NotAppealable) };
    let (state, what) = if ruling.overturn {
        measure.state = MeasureState::Overturned;
        draft.delete(TableId::Strikes, &strike_key(id, &measure));
        let expires = memory.expiry(RetentionClass::Report, now);
        let undo = WorkRow { kind: WorkKind::Undo, after: None };
        draft.put(TableId::Work, &measure.case, &undo, expires);
        (CaseState::Overturned, EventKind::Overturned)
    } else {
        (CaseState::Upheld, EventKind::AppealUpheld)
    };
    keep_measure(memory, &mut draft, (id, &measure), now);
    note(&mut case, state, &ruling.author, now);
    finish(memory, &mut draft, (measure.case, case), now, what)?;
    if ruling.overturn {
        no_longer(id, &measure).apply(memory, now);
    }
    Ok(stands(id, &row))
}
