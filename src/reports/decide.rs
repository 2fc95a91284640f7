//! Decisions: what was found of a case, by a rule or a person, and what follows: the measure with its statement of reasons, in
//! one change.

use super::ReportFault;
use super::cases::{Changed, keep, note, read};
use super::draft::Draft;
use super::intake::commit;
use super::notices;
use crate::casework::{
    CaseKey, CaseRow, CaseState, DecidedRow, DeskEvent, EventKind, Fact, Finding, Ground,
    MeasureRow, MeasureState, WorkKind, WorkRow,
};
use crate::fax::id::Pseudonym;
use crate::measures::{InForce, MeasureId, MeasureKind, Subject, SubjectKind};
use crate::memory::Memory;
use crate::policy::{DeskRules, LadderStep};
use crate::store::record::Field;
use crate::store::table::RetentionClass;
use crate::store::{EntryKind, TableId};
use crate::time::Timestamp;

/// The name of the rule, where no person decided.
pub(super) const RULE: &str = "rule: independent reports and behaviour";
/// Most strikes of one subject that are looked at.
const STRIKES_MAX: usize = 64;

/// What somebody of the desk decides of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deciding {
    /// The case.
    pub case: CaseKey,
    /// The version that was read; `None` whatever it is.
    pub version: Option<u32>,
    /// Who.
    pub author: Box<str>,
    /// What was found.
    pub finding: Finding,
    /// What is to be done; `None` for the next step of the ladder.
    pub measure: Option<MeasureKind>,
    /// In what it is grounded; `None` for what the reports complain of.
    pub ground: Option<Ground>,
    /// The block of numbers that it is about instead of the one number; `None` for what the case is about.
    pub widened: Option<SubjectKind>,
    /// Until when it is to hold; `None` as long as the ladder says.
    pub until: Option<Timestamp>,
    /// Why, for the desk alone.
    pub note: Box<str>,
    /// When.
    pub time: Timestamp,
}

/// Decides a case. Where the ladder asks for two persons, it waits for the second: [`second`].
///
/// # Errors
/// [`ReportFault`]; nothing is changed then.
pub fn decide(memory: &Memory, deciding: &Deciding) -> Result<CaseRow, ReportFault> {
    let _desk = memory.desk().lock();
    let mut draft = Draft::over(memory.store());
    let mut case = read(&draft, deciding.case)?;
    may_decide(&case, deciding.version, &deciding.author, deciding.time)?;
    if let Some(kind) = deciding.widened {
        widen(&mut case, kind)?;
    }
    let generation = memory.generations().current();
    let rules = generation.policy().desk();
    let step = step(&draft, case.subject, rules, deciding.time)?;
    let chosen = match deciding.finding {
        // Nothing can be taken against who is not known: its case can be merged into that of somebody who is.
        Finding::Abuse if case.subject.kind == SubjectKind::Unknown => deciding.measure,
        Finding::Abuse => Some(deciding.measure.map_or_else(|| kind_of(step.1), Ok)?),
        Finding::Unfounded | Finding::Unclear => None,
    };
    if chosen.is_some_and(|kind| !fits(case.subject.kind, kind)) {
        return Err(ReportFault::Unfit(case.subject.kind.name()));
    }
    let ground = deciding.ground.unwrap_or_else(|| ground_of(&case));
    let (author, now) = (&deciding.author, deciding.time);
    case.decision = Some(DecidedRow {
        finding: deciding.finding,
        automated: false,
        author: author.clone(),
        second: None,
        note: deciding.note.clone(),
        at: now,
        measure: chosen.map(|kind| (kind, ground)),
        imposed: None,
        until: deciding.until,
    });
    let grave = chosen.is_some_and(|kind| place_of(rules, kind) >= rules.second_person_from);
    if grave && case.subject.kind == SubjectKind::Member {
        note(&mut case, CaseState::Proposed, author, now);
        return finish(memory, &mut draft, (deciding.case, case), now, EventKind::Changed);
    }
    let mut changed = Changed::default();
    carry_out(memory, &mut draft, (deciding.case, &mut case), now, &mut changed)?;
    let decided = finish(memory, &mut draft, (deciding.case, case), now, EventKind::Decided)?;
    changed.apply(memory, now);
    Ok(decided)
}

/// Makes a case about a number one about its block.
fn widen(case: &mut CaseRow, kind: SubjectKind) -> Result<(), ReportFault> {
    let key = match (case.subject.kind, kind) {
        (SubjectKind::Number, SubjectKind::Block10) => case.blocks.0,
        (SubjectKind::Number, SubjectKind::Block100) => case.blocks.1,
        _ => 0,
    };
    if key == 0 {
        return Err(ReportFault::Unfit(case.subject.kind.name()));
    }
    case.subject = Subject { kind, key };
    case.who = Pseudonym::of_hot(key);
    Ok(())
}

/// A second person agrees with what was proposed, or does not: then the case waits for the desk again.
///
/// # Errors
/// [`ReportFault`]; nothing is changed then.
pub fn second(
    memory: &Memory,
    key: CaseKey,
    (author, agrees): (&str, bool),
    now: Timestamp,
) -> Result<CaseRow, ReportFault> {
    let _desk = memory.desk().lock();
    let mut draft = Draft::over(memory.store());
    let mut case = read(&draft, key)?;
    if case.state != CaseState::Proposed {
        return Err(ReportFault::State(case.state));
    }
    let Some(proposed) = &mut case.decision else { return Err(ReportFault::State(case.state)) };
    if proposed.author.as_ref() == author {
        return Err(ReportFault::SamePerson);
    }
    if !agrees {
        case.decision = None;
        note(&mut case, CaseState::Triaged, author, now);
        return finish(memory, &mut draft, (key, case), now, EventKind::Changed);
    }
    proposed.second = Some(author.into());
    let mut changed = Changed::default();
    carry_out(memory, &mut draft, (key, &mut case), now, &mut changed)?;
    let decided = finish(memory, &mut draft, (key, case), now, EventKind::Decided)?;
    changed.apply(memory, now);
    Ok(decided)
}

/// Decides a case where the weight of independent reports and what the sender did say the same; true when it did, and then
/// the case is written down.
pub(super) fn by_rule(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (key, case): (CaseKey, &mut CaseRow),
    now: Timestamp,
    changed: &mut Changed,
) -> Result<bool, ReportFault> {
    let generation = memory.generations().current();
    let rules = generation.policy().desk();
    let net = case.weight.against_milli.saturating_sub(case.weight.for_milli);
    let enough = rules.automatic_weight_milli.is_some_and(|least| net >= least);
    let did = case.campaign.is_some() || case.behaviour_milli >= rules.automatic_behaviour_milli;
    // Whoever took it and went home does not keep the rule from it.
    let taken = case.lease.as_ref().is_some_and(|(_, until)| now < *until);
    let queued = matches!(case.state, CaseState::Triaged | CaseState::Reopened)
        || (case.state == CaseState::InReview && !taken);
    let known = case.subject.kind != SubjectKind::Unknown;
    if !(enough && did && queued && known && case.weight.groups >= rules.automatic_groups) {
        return Ok(false);
    }
    let (at, step) = step(draft, case.subject, rules, now)?;
    let kind = kind_of(step)?;
    // What two persons must agree on is never taken by none.
    if at >= rules.second_person_from && case.subject.kind == SubjectKind::Member {
        return Ok(false);
    }
    case.decision = Some(DecidedRow {
        finding: Finding::Abuse,
        automated: true,
        author: RULE.into(),
        second: None,
        note: "".into(),
        at: now,
        measure: Some((kind, ground_of(case))),
        imposed: None,
        until: None,
    });
    carry_out(memory, draft, (key, case), now, changed)?;
    changed.events.push(event_of(case, EventKind::Decided, now));
    keep(memory, draft, key, case);
    Ok(true)
}

/// Writes a case down as one entry of the ledger, and waits.
pub(super) fn finish(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (key, mut case): (CaseKey, CaseRow),
    now: Timestamp,
    what: EventKind,
) -> Result<CaseRow, ReportFault> {
    keep(memory, draft, key, &mut case);
    let event = event_of(&case, what, now);
    commit(memory, (EntryKind::Desk, event.encode()), (None, now), draft)?.wait()?;
    Ok(case)
}

/// What the ledger is told of a case.
fn event_of(case: &CaseRow, what: EventKind, now: Timestamp) -> DeskEvent {
    let decided = case.decision.as_ref();
    let measure = decided.and_then(|decided| decided.measure);
    let took = now.since(case.opened).as_seconds();
    DeskEvent {
        subject: case.subject.kind as u8,
        measure: measure.map_or(0, |(kind, _)| kind as u8),
        ground: measure.map_or(0, |(_, ground)| ground as u8),
        finding: decided.map_or(0, |decided| decided.finding as u8),
        automated: decided.is_some_and(|decided| decided.automated),
        took_seconds: u32::try_from(took).unwrap_or(u32::MAX),
        ..DeskEvent::of(what)
    }
}

/// Whether that person may decide it now.
pub(super) fn may_decide(
    case: &CaseRow,
    version: Option<u32>,
    author: &str,
    now: Timestamp,
) -> Result<(), ReportFault> {
    if version.is_some_and(|version| version != case.version) {
        return Err(ReportFault::Stale);
    }
    if !case.state.is_open() || case.state == CaseState::Proposed {
        return Err(ReportFault::State(case.state));
    }
    match &case.lease {
        Some((who, until)) if who.as_ref() != author && now < *until => Err(ReportFault::Taken),
        _ => Ok(()),
    }
}

/// Takes the measure that was decided on, and leaves the rest to be done: [`super::work`].
fn carry_out(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (key, case): (CaseKey, &mut CaseRow),
    now: Timestamp,
    changed: &mut Changed,
) -> Result<(), ReportFault> {
    let Some(decided) = case.decision.clone() else { return Err(ReportFault::State(case.state)) };
    if let Some((kind, ground)) = decided.measure {
        let (id, measure) = impose(memory, draft, (key, case), (&decided, kind, ground), now)?;
        let in_force = InForce { kind, id, until: measure.until };
        changed.measures.push((case.subject, in_force, true));
        notices::statement(memory, draft, id, &measure, now);
        if let Some(decision) = &mut case.decision {
            decision.imposed = Some(id);
        }
    }
    let author = decided.second.as_deref().unwrap_or(&decided.author);
    note(case, CaseState::Decided, author, now);
    case.lease = None;
    let expires = memory.expiry(RetentionClass::Report, now);
    draft.put(TableId::Work, &key, &WorkRow { kind: WorkKind::Tell, after: None }, expires);
    Ok(())
}

fn impose(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (key, case): (CaseKey, &CaseRow),
    (decided, kind, ground): (&DecidedRow, MeasureKind, Ground),
    now: Timestamp,
) -> Result<(MeasureId, MeasureRow), ReportFault> {
    let generation = memory.generations().current();
    let rules = generation.policy().desk();
    let (strikes, step) = step(draft, case.subject, rules, now)?;
    let ladder = ladder(rules, case.subject.kind);
    let of_kind = ladder.iter().find(|step| kind_of(**step).is_ok_and(|of| of == kind));
    let time = of_kind.map_or(step.time, |step| step.time);
    let mut id = MeasureId([0; 16]);
    let seed = [&key[..], &now.as_micros().to_le_bytes()].concat();
    id.0.copy_from_slice(&blake3::derive_key("faxguard 2026 measure", &seed)[..16]);
    let mut facts = case.facts.clone();
    facts.push((Fact::Reports, case.counts.junk.saturating_add(case.counts.abuse)));
    facts.push((Fact::Groups, case.weight.groups));
    facts.push((Fact::Strikes, u32::try_from(strikes - 1).unwrap_or(0)));
    let measure = MeasureRow {
        subject: case.subject,
        campaign: case.campaign,
        who: case.who,
        case: key,
        kind,
        state: MeasureState::InForce,
        imposed: now,
        until: decided.until.or_else(|| time.map(|time| now.plus(time))),
        automated: decided.automated,
        author: decided.author.clone(),
        second: decided.second.clone(),
        ground,
        facts,
        appeal_until: now.plus(rules.appealable),
        strike_until: now.plus(rules.strike),
        appeals: Vec::new(),
    };
    let expires = memory.expiry(RetentionClass::Report, measure.until.unwrap_or(now).max(now));
    draft.put(TableId::Measures, &id.0, &measure, expires);
    draft.put(
        TableId::Strikes,
        &strike_key(id, &measure),
        &measure.strike_until,
        Some(measure.strike_until),
    );
    Ok((id, measure))
}

/// The key of the strike that a measure is.
pub(super) fn strike_key(id: MeasureId, measure: &MeasureRow) -> Vec<u8> {
    [&measure.subject.prefix()[..], &id.0].concat()
}

/// The step of the ladder that is next, counted from 1, by the strikes that have not expired.
fn step(
    draft: &Draft<'_>,
    subject: Subject,
    rules: &DeskRules,
    now: Timestamp,
) -> Result<(usize, LadderStep), ReportFault> {
    let strikes = draft.records::<Timestamp>(TableId::Strikes, &subject.prefix(), STRIKES_MAX)?;
    let count = strikes.iter().filter(|(_, until)| now < *until).count();
    let ladder = ladder(rules, subject.kind);
    // The ladder of a policy is never empty.
    let first = LadderStep { measure: MeasureKind::Warn as u8, time: None };
    let step = ladder.get(count).or(ladder.last()).copied().unwrap_or(first);
    Ok((count + 1, step))
}

fn ladder(rules: &DeskRules, kind: SubjectKind) -> &[LadderStep] {
    if kind == SubjectKind::Member { &rules.member_ladder } else { &rules.sender_ladder }
}

fn kind_of(step: LadderStep) -> Result<MeasureKind, ReportFault> {
    MeasureKind::from_code(step.measure).ok_or(ReportFault::Unfit("subject"))
}

/// The place of a measure in the member's ladder, counted from 1; beyond it where it has none.
fn place_of(rules: &DeskRules, kind: MeasureKind) -> usize {
    let at = rules.member_ladder.iter().position(|step| step.measure == kind as u8);
    at.map_or(usize::MAX, |at| at + 1)
}

/// Whether a measure can be taken against such a subject: who has no account has nothing but its calls.
const fn fits(subject: SubjectKind, kind: MeasureKind) -> bool {
    let blocks = matches!(kind, MeasureKind::Block);
    match subject {
        SubjectKind::Member => !blocks,
        SubjectKind::Unknown => false,
        SubjectKind::Campaign
        | SubjectKind::Number
        | SubjectKind::Ident
        | SubjectKind::Trunk
        | SubjectKind::Block10
        | SubjectKind::Block100 => blocks,
    }
}

fn ground_of(case: &CaseRow) -> Ground {
    if case.counts.abuse > case.counts.junk { Ground::TermsOfUse } else { Ground::JunkFaxLaw }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_and_the_desk_know_the_same_measures() {
        let names: Vec<&str> = MeasureKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names, crate::policy::MEASURES);
        for (at, kind) in MeasureKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, at + 1);
        }
    }
}
