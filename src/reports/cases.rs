//! Cases: one for each campaign, sender or member, with every report of it, in the order in which the desk takes them.

use super::decide::by_rule;
use super::draft::Draft;
use super::notices;
use super::speak::{Heard, Speaker};
use super::subjects::{Accused, accused, behaviour_milli, facts};
use super::{Filing, ReportFault, ReportedFax};
use crate::casework::{
    AbuseKind, CaseKey, CaseRow, CaseState, DeskEvent, HistoryRow, LinkRow, MeasureRow,
    MeasureState, Outcome, Reason, ReportCategory, ReportRow, Standing, Tally, Weight,
    weigh_groups,
};
use crate::decay::ln_milli;
use crate::fax::id::{CampaignId, DecisionId, Pseudonym, ReportId};
use crate::fax::number::Claimed;
use crate::fax::stage::Caller;
use crate::ledger::StageRow;
use crate::measures::{InForce, MeasureKind, Subject, SubjectKind};
use crate::memory::Memory;
use crate::policy::ReportRules;
use crate::store::TableId;
use crate::store::record::Field;
use crate::store::table::RetentionClass;
use crate::time::Timestamp;

/// Most reports of reporters with earned trust in one case that are weighed: with them it is as heavy as it can get.
pub(super) const WEIGHED_MAX: usize = 256;
/// Most lines of a case's history.
const HISTORY_MAX: usize = 64;
/// How much more a grave case counts in the queue.
const GRAVE: u32 = 3;
/// Most cases of one page.
pub(super) const PAGE_MAX: usize = 200;

/// In which order cases are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseOrder {
    /// Those first that are expected to do most harm.
    Harm,
    /// Those first that are to be decided first.
    Due,
}

/// One page of open cases, and where the next one begins.
pub type CasePage = (Vec<(CaseKey, CaseRow)>, Option<Vec<u8>>);

/// What campaigns hear of a fax, or hear no longer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    decision: DecisionId,
    /// The one that it was of, should the fax not be in memory any more.
    campaign: Option<CampaignId>,
    junk: bool,
    weight_milli: u32,
    say: bool,
}

impl Said {
    /// What a link says, where campaigns hear it.
    pub(super) fn of(link: &LinkRow, say: bool) -> Option<Self> {
        let decision = link.decision.filter(|_| link.heard_milli > 0)?;
        let junk = link.category != ReportCategory::NotJunk;
        let (campaign, weight_milli) = (link.campaign, link.heard_milli);
        Some(Self { decision, campaign, junk, weight_milli, say })
    }
}

/// What changes for verdicts once something is durable.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// Measures that are in force, and those that no longer are.
    pub(super) measures: Vec<(Subject, InForce, bool)>,
    /// What campaigns hear, or hear no longer.
    pub(super) said: Vec<Said>,
    /// What voices say.
    pub(super) heard: Vec<Heard>,
    /// What else the ledger is told.
    pub(super) events: Vec<DeskEvent>,
}

impl Changed {
    /// Puts it in force.
    pub(super) fn apply(&self, memory: &Memory, now: Timestamp) {
        for (subject, measure, put) in &self.measures {
            if *put {
                memory.put_measure(*subject, *measure, now);
            } else {
                memory.measures().remove(*subject, measure.id);
            }
        }
        for said in &self.said {
            let (of, what) = ((said.decision, said.campaign), (said.junk, said.weight_milli));
            if said.say {
                memory.hear_report(of, what, now);
            } else {
                memory.unhear_report(of, what);
            }
        }
        self.heard.iter().for_each(|heard| heard.apply(memory));
    }
}

/// Reads a case.
///
/// # Errors
/// [`ReportFault::NoCase`], [`ReportFault::Read`].
pub fn case(memory: &Memory, key: CaseKey) -> Result<CaseRow, ReportFault> {
    read(&Draft::over(memory.store()), key)
}

/// Reads open cases in an order, after `after`.
///
/// # Errors
/// [`ReportFault::Read`].
pub fn cases(
    memory: &Memory,
    order: CaseOrder,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<CasePage, ReportFault> {
    let draft = Draft::over(memory.store());
    let limit = limit.clamp(1, PAGE_MAX);
    let rows = draft.scan(TableId::CaseQueue, &[order as u8], after, limit)?;
    let next = (rows.len() == limit).then(|| rows.last().map(|(key, _)| key.clone())).flatten();
    let mut found = Vec::with_capacity(rows.len());
    for (_, value) in rows {
        let Some(key) = CaseKey::decode(&value) else { continue };
        found.extend(draft.get::<CaseRow>(TableId::Cases, &key)?.map(|case| (key, case)));
    }
    Ok((found, next))
}

/// Open cases that should have been decided before `now`, at most 200.
///
/// # Errors
/// [`ReportFault::Read`].
pub fn overdue(memory: &Memory, now: Timestamp) -> Result<usize, ReportFault> {
    let rows = Draft::over(memory.store()).scan(
        TableId::CaseQueue,
        &[CaseOrder::Due as u8],
        None,
        PAGE_MAX,
    )?;
    let late = |key: &[u8]| {
        let due = key.get(1..9).and_then(|due| due.try_into().ok()).map(u64::from_be_bytes);
        due.is_some_and(|due| i64::try_from(due).is_ok_and(|due| due < now.as_micros()))
    };
    Ok(rows.iter().take_while(|(key, _)| late(key)).count())
}

/// Reads 32 hexadecimal digits of either case as the id of a case.
#[must_use]
pub fn case_id(text: &str) -> Option<CaseKey> {
    ReportId::parse(text).map(|read| read.0)
}

pub(super) fn read(draft: &Draft<'_>, key: CaseKey) -> Result<CaseRow, ReportFault> {
    draft.get(TableId::Cases, &key)?.ok_or(ReportFault::NoCase)
}

/// Writes a case down with its places in the queue; it is a new version of it.
pub(super) fn keep(memory: &Memory, draft: &mut Draft<'_>, key: CaseKey, case: &mut CaseRow) {
    let before = draft.get::<CaseRow>(TableId::Cases, &key).ok().flatten();
    for place in before.iter().flat_map(|before| places(key, before)) {
        draft.delete(TableId::CaseQueue, &place);
    }
    case.version = case.version.wrapping_add(1);
    let expires = memory.expiry(RetentionClass::Report, case.updated);
    for place in places(key, case) {
        draft.put(TableId::CaseQueue, &place, &key, expires);
    }
    draft.put(TableId::Cases, &key, case, expires);
    // The latest case of a subject is the one that reports of it go to: an older one that changes does not take its place.
    let prefix = case.subject.prefix();
    let latest = draft.get::<CaseKey>(TableId::CaseSubjects, &prefix).ok().flatten();
    if case.state.is_open() || latest.is_none_or(|latest| latest == key) {
        draft.put(TableId::CaseSubjects, &prefix, &key, expires);
    }
}

/// The places of an open case in both orders.
fn places(key: CaseKey, case: &CaseRow) -> Vec<Vec<u8>> {
    if !case.state.is_open() {
        return Vec::new();
    }
    let time = |at: Timestamp| at.as_micros().max(0).to_be_bytes();
    let harm = (u32::MAX - case.harm).to_be_bytes();
    vec![
        [&[CaseOrder::Harm as u8][..], &harm, &time(case.opened), &key].concat(),
        [&[CaseOrder::Due as u8][..], &time(case.due), &key].concat(),
    ]
}

/// Notes what was done about a case, by whom; by nobody where the author is empty.
pub(super) fn note(case: &mut CaseRow, state: CaseState, author: &str, now: Timestamp) {
    case.state = state;
    case.updated = now;
    let over = (case.history.len() + 1).saturating_sub(HISTORY_MAX);
    case.history.drain(..over);
    case.history.push(HistoryRow { at: now, author: author.into(), state });
}

/// Puts a report into its case, which is made where there is none, and decides the case where the rule says so.
pub(super) fn attach(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (filing, report): (&Filing, ReportId),
    (row, found): (&mut ReportRow, Option<&(DecisionId, StageRow)>),
    speaker: &Speaker,
) -> Result<Changed, ReportFault> {
    let accused = match found {
        Some((decision, stage)) => accused(memory, *decision, stage),
        None => described(memory, &filing.fax),
    };
    // That no more is wanted is done at once, where the fax is known; else somebody has to look.
    let asks = filing.category == ReportCategory::RemoveMe && !row.unlisted;
    let of = (filing, report, row.standing);
    let case = if asks { None } else { case_of(memory, draft, of, &accused)? };
    let Some((key, mut case)) = case else {
        // What nobody could find, and adds nothing, is not looked for by a person.
        let done = (Outcome::Done, (Reason::ForItself, filing.time));
        let nothing = (Outcome::NotUpheld, (Reason::NoFinding, filing.time));
        row.outcome = Some(if found.is_some() { done } else { nothing });
        notices::outcome(memory, draft, (report, row), filing.time);
        return Ok(Changed::default());
    };
    row.case = Some(key);
    if !case.state.is_open() {
        // What is reported is under a measure: there is nothing to decide any more.
        case.counts.duplicates = case.counts.duplicates.saturating_add(1);
        let complains = filing.category != ReportCategory::NotJunk;
        let outcome = if complains { Outcome::Upheld } else { Outcome::NotUpheld };
        row.outcome = Some((outcome, (Reason::UnderMeasure, filing.time)));
        // Should the measure be overturned, it is told with the rest, and what it says of the sender is unsaid.
        let class = match row.standing {
            Standing::Counted if speaker.fresh => FRESH,
            Standing::Counted => PROVEN,
            Standing::Duplicate | Standing::Unverified | Standing::Suspended | Standing::Merged => {
                SILENT
            }
        };
        let late = linked(filing, row, speaker, (0, 0));
        let expires = memory.expiry(RetentionClass::Report, filing.time);
        draft.put(TableId::CaseReports, &link_key(key, class, report), &late, expires);
        keep(memory, draft, key, &mut case);
        notices::outcome(memory, draft, (report, row), filing.time);
        return Ok(Changed::default());
    }
    let spoke = reporter_key((row.reporter, row.category), key);
    let again = draft.bytes(TableId::Reporters, &spoke)?.is_some();
    let adds = matches!(row.standing, Standing::Counted | Standing::Unverified);
    if again || !adds {
        row.standing = if adds { Standing::Duplicate } else { row.standing };
        case.counts.duplicates = case.counts.duplicates.saturating_add(1);
        // It weighs nothing, and its reporter is told all the same.
        let silent = LinkRow { decision: None, ..linked(filing, row, speaker, (0, 0)) };
        let expires = memory.expiry(RetentionClass::Report, filing.time);
        draft.put(TableId::CaseReports, &link_key(key, SILENT, report), &silent, expires);
        keep(memory, draft, key, &mut case);
        return Ok(Changed::default());
    }
    let expires = memory.expiry(RetentionClass::Reporter, filing.time);
    draft.put(TableId::Reporters, &spoke, &report, expires);
    if let Some((_, stage)) = found {
        case.behaviour_milli = case.behaviour_milli.max(behaviour_milli(stage));
        case.facts = facts(stage);
        if case.subject.kind == SubjectKind::Number {
            case.blocks = (stage.observation.block10, stage.observation.block100);
        }
    }
    let mut changed = link(memory, draft, (key, &mut case), (filing, report, row), speaker)?;
    rank(memory, &mut case);
    if !by_rule(memory, draft, (key, &mut case), filing.time, &mut changed)? {
        keep(memory, draft, key, &mut case);
    }
    Ok(changed)
}

/// Takes a report out of its case again, where that is not decided.
pub(super) fn detach(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (report, row): (ReportId, &ReportRow),
    now: Timestamp,
) -> Result<Changed, ReportFault> {
    let Some(mut key) = row.case else { return Ok(Changed::default()) };
    let mut case = read(draft, key)?;
    while let Some(into) = case.merged_into {
        key = into;
        case = read(draft, key)?;
    }
    if !case.state.is_open() {
        if row.outcome.is_some() {
            // It came under the measure: should that be overturned, there is nothing to tell.
            for class in [PROVEN, FRESH, SILENT] {
                draft.delete(TableId::CaseReports, &link_key(key, class, report));
            }
        }
        return Ok(Changed::default());
    }
    let mut changed = Changed::default();
    for class in [PROVEN, FRESH, SILENT] {
        let place = link_key(key, class, report);
        let Some(link) = draft.get::<LinkRow>(TableId::CaseReports, &place)? else { continue };
        draft.delete(TableId::CaseReports, &place);
        if class == SILENT {
            case.counts.duplicates = case.counts.duplicates.saturating_sub(1);
            continue;
        }
        draft.delete(TableId::Reporters, &reporter_key((row.reporter, row.category), key));
        changed.said.extend(Said::of(&link, false));
        count(&mut case.counts, link.category, false);
        if class == FRESH {
            weigh_fresh(&mut case.weight, &link, false);
        }
    }
    case.updated = now;
    weigh(memory, draft, key, &mut case)?;
    rank(memory, &mut case);
    keep(memory, draft, key, &mut case);
    Ok(changed)
}

/// The case that a report belongs to: the open one of its subject, or the decided one whose measure is in force; else a new
/// one, but for what speaks for the subject.
fn case_of(
    memory: &Memory,
    draft: &Draft<'_>,
    (filing, report, standing): (&Filing, ReportId, Standing),
    accused: &Accused,
) -> Result<Option<(CaseKey, CaseRow)>, ReportFault> {
    let known = draft.get::<CaseKey>(TableId::CaseSubjects, &accused.subject.prefix())?;
    if let Some(mut key) = known {
        let mut case = read(draft, key)?;
        let merged = case.merged_into.is_some();
        while let Some(into) = case.merged_into {
            key = into;
            case = read(draft, key)?;
        }
        let imposed = case.decision.as_ref().and_then(|decision| decision.imposed);
        let measure = match imposed {
            Some(id) => draft.get::<MeasureRow>(TableId::Measures, &id.0)?,
            None => None,
        };
        // Of somebody who was merely warned new reports are new evidence.
        let stands = measure.is_some_and(|measure| {
            measure.state == MeasureState::InForce
                && measure.kind != MeasureKind::Warn
                // Of a case that was merged into that of somebody else, the measure is against somebody else.
                && (!merged || measure.subject == accused.subject)
                && measure.until.is_none_or(|until| filing.time < until)
        });
        if case.state.is_open() || stands {
            return Ok(Some((key, case)));
        }
    }
    // What adds nothing begins nothing.
    let begins = matches!(standing, Standing::Counted | Standing::Unverified);
    if filing.category == ReportCategory::NotJunk || !begins {
        return Ok(None);
    }
    let mut key = CaseKey::default();
    let seed = [&accused.subject.prefix()[..], &report.0].concat();
    key.copy_from_slice(&blake3::derive_key("faxguard 2026 case", &seed)[..16]);
    Ok(Some((key, new_case(memory, filing, accused))))
}

fn new_case(memory: &Memory, filing: &Filing, accused: &Accused) -> CaseRow {
    let generation = memory.generations().current();
    let rules = generation.policy().desk();
    let time = if is_grave(filing.kind) { rules.grave } else { rules.case };
    let mut case = CaseRow {
        subject: accused.subject,
        campaign: accused.campaign,
        who: accused.who,
        blocks: (0, 0),
        state: CaseState::Received,
        version: 0,
        opened: filing.time,
        updated: filing.time,
        due: filing.time.plus(time),
        harm: 0,
        counts: Tally::default(),
        weight: Weight::default(),
        behaviour_milli: 0,
        facts: Vec::new(),
        lease: None,
        decision: None,
        merged_into: None,
        history: Vec::new(),
    };
    note(&mut case, CaseState::Received, "", filing.time);
    case
}

const fn is_grave(kind: AbuseKind) -> bool {
    matches!(kind, AbuseKind::Fraud | AbuseKind::Harassment | AbuseKind::HijackedAccount)
}

/// Whom somebody outside describes: the number that called, or whoever it was that called that number.
fn described(memory: &Memory, fax: &ReportedFax) -> Accused {
    let (kind, who) = match fax {
        ReportedFax::Described { caller: Caller::Number(number), .. } => {
            (SubjectKind::Number, memory.profile(*Claimed::claim(number)).pseudonym)
        }
        ReportedFax::Described { called, .. } => {
            (SubjectKind::Unknown, memory.profile(*called).pseudonym)
        }
        // What is named by its id is found or refused.
        ReportedFax::Decision(decision) => (SubjectKind::Unknown, Pseudonym(decision.0)),
    };
    let subject = Subject { kind, key: who.hot() };
    Accused { subject, campaign: None, who }
}

/// Links of reporters who have earned trust, and of those who have not.
pub(super) const PROVEN: u8 = 0;
/// See [`PROVEN`].
pub(super) const FRESH: u8 = 1;
/// Links that weigh nothing: whoever said it before, or counts for nobody else at present.
pub(super) const SILENT: u8 = 2;

pub(super) fn link_key(case: CaseKey, class: u8, report: ReportId) -> Vec<u8> {
    [&case[..], &[class], &report.0].concat()
}

/// The key under which it is known that a reporter has spoken in a case.
pub(super) fn reporter_key(
    (reporter, category): (Pseudonym, ReportCategory),
    case: CaseKey,
) -> Vec<u8> {
    let against = u8::from(category != ReportCategory::NotJunk);
    [&reporter.0[..], b"c", &case, &[against]].concat()
}

/// Adds what a reporter without earned trust weighs, or takes it away.
pub(super) fn weigh_fresh(weight: &mut Weight, link: &LinkRow, more: bool) {
    let approves = link.category == ReportCategory::NotJunk;
    let sum = if approves { &mut weight.fresh_for_milli } else { &mut weight.fresh_milli };
    let (added, taken) = if more { (link.weight_milli, 0) } else { (0, link.weight_milli) };
    *sum = sum.saturating_add(added).saturating_sub(taken);
}

pub(super) fn count(counts: &mut Tally, category: ReportCategory, more: bool) {
    let of = match category {
        ReportCategory::JunkFax => &mut counts.junk,
        ReportCategory::OtherAbuse => &mut counts.abuse,
        ReportCategory::NotJunk => &mut counts.not_junk,
        ReportCategory::RemoveMe => return,
    };
    *of = if more { of.saturating_add(1) } else { of.saturating_sub(1) };
}

/// Links a report to its case and weighs the case.
fn link(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (key, case): (CaseKey, &mut CaseRow),
    (filing, report, row): (&Filing, ReportId, &ReportRow),
    speaker: &Speaker,
) -> Result<Changed, ReportFault> {
    let generation = memory.generations().current();
    let rules = generation.policy().reports();
    let junk = filing.category != ReportCategory::NotJunk;
    let counted = row.standing == Standing::Counted;
    let first = if junk { case.weight.fresh_milli } else { case.weight.fresh_for_milli } == 0;
    let member = filing.reporter.is_member();
    // Whoever is no member weighs what it has earned and nothing before.
    let weighs = counted && (member || !speaker.fresh);
    let heard = weighs && (!speaker.fresh || first);
    let weight_milli = if weighs { speaker.trust_milli } else { 0 };
    let heard_milli = if heard { rules.weight_milli } else { 0 };
    let link = LinkRow {
        campaign: case.campaign,
        ..linked(filing, row, speaker, (weight_milli, heard_milli))
    };
    let class = if speaker.fresh { FRESH } else { PROVEN };
    let expires = memory.expiry(RetentionClass::Report, filing.time);
    draft.put(TableId::CaseReports, &link_key(key, class, report), &link, expires);
    count(&mut case.counts, filing.category, true);
    if filing.circumstances.automated {
        case.counts.automated = case.counts.automated.saturating_add(1);
    }
    if class == FRESH {
        weigh_fresh(&mut case.weight, &link, true);
    }
    weigh(memory, draft, key, case)?;
    if counted && matches!(case.state, CaseState::Received | CaseState::Validated) {
        note(case, CaseState::Triaged, "", filing.time);
    }
    case.updated = filing.time;
    let mut changed = Changed::default();
    changed.said.extend(Said::of(&link, true).filter(|_| heard));
    Ok(changed)
}

/// Whether somebody may take a case: it is open, and nobody else has it.
pub(super) fn may_be_taken(case: &CaseRow, author: &str, now: Timestamp) -> bool {
    super::decide::may_decide(case, None, author, now).is_ok()
}

/// Weighs a case anew and gives it its place in the queue.
pub(super) fn weigh_anew(
    memory: &Memory,
    draft: &Draft<'_>,
    key: CaseKey,
    case: &mut CaseRow,
) -> Result<(), ReportFault> {
    weigh(memory, draft, key, case)?;
    rank(memory, case);
    Ok(())
}

/// A report as its case keeps it, with what it weighs there and what campaigns hear of it.
fn linked(
    filing: &Filing,
    row: &ReportRow,
    speaker: &Speaker,
    (weight_milli, heard_milli): (u32, u32),
) -> LinkRow {
    LinkRow {
        reporter: row.reporter,
        category: filing.category,
        decision: row.decision,
        second: u32::try_from(filing.time.as_seconds()).unwrap_or(0),
        weight_milli,
        ties: speaker.ties,
        heard_milli,
        sender: row.sender,
        campaign: None,
        silenced: false,
    }
}

/// Weighs a case anew: each group of reporters who hang together up to a cap, all without earned trust together up to another.
fn weigh(
    memory: &Memory,
    draft: &Draft<'_>,
    key: CaseKey,
    case: &mut CaseRow,
) -> Result<(), ReportFault> {
    let rules: ReportRules = memory.generations().current().policy().reports();
    let prefix = [&key[..], &[PROVEN]].concat();
    let links = draft.records::<LinkRow>(TableId::CaseReports, &prefix, WEIGHED_MAX)?;
    let (mut against, mut fors) = (Vec::new(), Vec::new());
    for (_, link) in links {
        if link.category == ReportCategory::NotJunk { fors.push(link) } else { against.push(link) }
    }
    let (against_milli, groups) = weigh_groups(&against, rules.group_cap_milli);
    let (for_milli, _) = weigh_groups(&fors, rules.group_cap_milli);
    let weight = &mut case.weight;
    weight.groups = groups;
    weight.against_milli = against_milli + weight.fresh_milli.min(rules.fresh_cap_milli);
    weight.for_milli = for_milli + weight.fresh_for_milli.min(rules.fresh_cap_milli);
    Ok(())
}

/// Expected harm: what speaks against the subject, by how many it reaches and how grave it is.
fn rank(memory: &Memory, case: &mut CaseRow) {
    use crate::casework::Fact;
    let generation = memory.generations().current();
    let grave = case.due.since(case.opened) <= generation.policy().desk().grave;
    let reached = case
        .facts
        .iter()
        .filter(|(fact, _)| matches!(fact, Fact::Recipients | Fact::CampaignRecipients));
    let reached = reached.map(|(_, number)| *number).max().unwrap_or(0);
    let net = case.weight.against_milli.saturating_sub(case.weight.for_milli);
    let harm = net
        .saturating_add(case.behaviour_milli / 2)
        .saturating_add(ln_milli(reached.saturating_add(1)) / 4)
        .saturating_add(ln_milli(case.counts.junk.saturating_add(case.counts.abuse)) / 8);
    case.harm = harm.saturating_mul(if grave { GRAVE } else { 1 });
}
