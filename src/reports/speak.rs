//! What a report says for others: its reporter's voice about the sender, as much as the reporter has earned.

use super::draft::Draft;
use super::subjects::sender_of;
use super::{Filing, ReportFault};
use crate::activity::complained_of;
use crate::casework::{
    CaseKey, Class, OutcomeRow, Record, ReportCategory, Standing, Ties, VoiceRow, parts_of,
};
use crate::decay::ONE;
use crate::fax::id::{DecisionId, Pseudonym, ReportId};
use crate::ledger::StageRow;
use crate::memory::Memory;
use crate::policy::ReportRules;
use crate::store::TableId;
use crate::store::table::RetentionClass;
use crate::time::{DAY_SECONDS, Timestamp};
use crate::voices::Part;

/// Approval that "not junk" proves, in 1/65536.
const NOT_JUNK_GOOD: u32 = 2 * ONE;
/// Most that is kept of what one reporter said of one sender: what the latest hides comes back when that is unsaid.
const WORDS_MAX: usize = 4;
/// Most rows of a reporter and a class that are read; there are [`WORDS_MAX`].
const VOICES_MAX: usize = 16;
/// Most decided cases of one reporter that are looked at.
const OUTCOMES_MAX: usize = 1_000;

/// Who speaks, and what that is worth.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speaker {
    /// Trust, in thousandths.
    pub(super) trust_milli: u32,
    /// Whether it has earned none yet.
    pub(super) fresh: bool,
    /// By what it hangs together with others.
    pub(super) ties: Ties,
}

/// What changed of the voices about one sender: to be put in force once it is durable.
#[derive(Debug)]
pub(super) struct Heard {
    sender: u64,
    now: Vec<(u64, Part)>,
}

impl Heard {
    fn of(memory: &Memory, sender: u64, rows: &[VoiceRow]) -> Self {
        Self { sender, now: parts_of(rows, memory.voice_caps()) }
    }

    /// Puts it in force.
    pub(super) fn apply(&self, memory: &Memory) {
        memory.voices().replace(self.sender, self.now.clone());
    }
}

/// What a reporter's past reports have earned.
pub(super) fn record(
    draft: &Draft<'_>,
    reporter: Pseudonym,
    rules: &ReportRules,
    now: Timestamp,
) -> Result<Record, ReportFault> {
    let outcomes = draft.records::<OutcomeRow>(TableId::Outcomes, &reporter.0, OUTCOMES_MAX)?;
    let half_life = rules.trust_half_life.as_seconds();
    Ok(Record::of(outcomes.iter().map(|(_, outcome)| outcome), now, half_life))
}

/// Who files, as its past and what the endpoint knows make it.
pub(super) fn speaker(
    draft: &Draft<'_>,
    filing: &Filing,
    rules: &ReportRules,
) -> Result<Speaker, ReportFault> {
    let record = record(draft, filing.reporter.pseudonym(), rules, filing.time)?;
    let trust_milli = record.trust_milli();
    let known = &filing.circumstances;
    let young = |created: &Timestamp| filing.time.since(*created) < rules.young;
    let cohort = known.created.filter(young).and_then(|created| u64::try_from(created.day()).ok());
    let ties = Ties { cohort: cohort.unwrap_or(0), ..known.ties };
    Ok(Speaker { trust_milli, fresh: trust_milli < rules.trusted_milli, ties })
}

/// Adds the voice of a report of a fax that was found. One fax counts once for a reporter, and one reporter is one voice about
/// one sender: the latest that it said. What it said before is kept beneath.
pub(super) fn speak(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (filing, report): (&Filing, ReportId),
    (decision, row): (DecisionId, &StageRow),
    speaker: &Speaker,
) -> Result<(Standing, Option<Heard>), ReportFault> {
    let who = filing.reporter.pseudonym();
    let expires = memory.expiry(RetentionClass::Reporter, filing.time);
    let fax = fax_key(who, filing.category, decision);
    if draft.bytes(TableId::Reporters, &fax)?.is_some() {
        return Ok((Standing::Duplicate, None));
    }
    draft.put(TableId::Reporters, &fax, &report, expires);
    let Some((bad, weight)) = weight(memory, filing) else {
        return Ok((Standing::Counted, None));
    };
    let sender = sender_of(row);
    let second = u32::try_from(filing.time.as_seconds()).unwrap_or(0);
    let mut own = words(draft, sender, who)?;
    let lately = |known: &VoiceRow| u64::from(second.saturating_sub(known.second)) < DAY_SECONDS;
    if own.last().is_some_and(|known| known.bad == bad && lately(known)) {
        return Ok((Standing::Duplicate, None));
    }
    own.truncate((own.len() + 1).saturating_sub(WORDS_MAX));
    for over in &own {
        draft.delete(TableId::Voices, &Class::of(over).key(sender, (who, over.report)));
    }
    let voice = VoiceRow {
        report,
        reporter: who,
        second,
        bad,
        weight,
        fresh: speaker.fresh,
        ties: speaker.ties,
        names: complained_of(&row.observation),
        silenced: None,
    };
    let mut all = voices(draft, sender)?;
    let class = Class::of(&voice);
    let full = all.iter().filter(|row| Class::of(row) == class).count() >= class.most();
    if full && speaker.fresh {
        // Those who have earned nothing are one voice together, however many they are.
        return Ok((Standing::Counted, Some(Heard::of(memory, sender, &all))));
    }
    draft.put(TableId::Voices, &class.key(sender, (who, report)), &voice, expires);
    if full {
        return Ok((Standing::Counted, Some(heard(memory, draft, sender)?)));
    }
    all.push(voice);
    Ok((Standing::Counted, Some(Heard::of(memory, sender, &all))))
}

/// Takes back what a report said of a sender; true where it said anything.
pub(super) fn unsay(
    draft: &mut Draft<'_>,
    (reporter, report): (Pseudonym, ReportId),
    sender: u64,
) -> Result<bool, ReportFault> {
    let Some(voice) = voice(draft, (reporter, report), sender)? else { return Ok(false) };
    draft.delete(TableId::Voices, &Class::of(&voice).key(sender, (reporter, report)));
    Ok(true)
}

/// Silences what a report said of a sender, since a case found it wrong; or, where `wrong` is false, lets it speak again that
/// this case had silenced. True where that changed anything.
pub(super) fn silence(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (reporter, report, sender): (Pseudonym, ReportId, u64),
    (case, wrong): (CaseKey, bool),
    now: Timestamp,
) -> Result<bool, ReportFault> {
    let Some(mut voice) = voice(draft, (reporter, report), sender)? else { return Ok(false) };
    let silenced = match (voice.silenced, wrong) {
        (None, true) => Some(case),
        (Some(by), false) if by == case => None,
        _ => return Ok(false),
    };
    draft.delete(TableId::Voices, &Class::of(&voice).key(sender, (reporter, report)));
    voice.silenced = silenced;
    let key = Class::of(&voice).key(sender, (reporter, report));
    draft.put(TableId::Voices, &key, &voice, memory.expiry(RetentionClass::Reporter, now));
    Ok(true)
}

/// What a report said of a sender.
fn voice(
    draft: &Draft<'_>,
    by: (Pseudonym, ReportId),
    sender: u64,
) -> Result<Option<VoiceRow>, ReportFault> {
    for class in Class::ALL {
        if let Some(voice) = draft.get(TableId::Voices, &class.key(sender, by))? {
            return Ok(Some(voice));
        }
    }
    Ok(None)
}

/// What a reporter has said of a sender, the latest last.
fn words(draft: &Draft<'_>, sender: u64, who: Pseudonym) -> Result<Vec<VoiceRow>, ReportFault> {
    let mut rows = Vec::new();
    for class in Class::ALL {
        let of = class.prefix_of(sender, who);
        let found = draft.records::<VoiceRow>(TableId::Voices, &of, VOICES_MAX)?;
        rows.extend(found.into_iter().map(|(_, row)| row));
    }
    rows.sort_unstable_by_key(|row| (row.second, row.report));
    Ok(rows)
}

/// The key under which it is known that a reporter has said something of a fax.
pub(super) fn fax_key(who: Pseudonym, category: ReportCategory, decision: DecisionId) -> Vec<u8> {
    let says = [match category {
        ReportCategory::NotJunk => 0,
        ReportCategory::JunkFax | ReportCategory::OtherAbuse => 1,
        ReportCategory::RemoveMe => 2,
    }];
    [&who.0[..], b"f", &says, &decision.0].concat()
}

/// The rows that are weighed.
fn voices(draft: &Draft<'_>, sender: u64) -> Result<Vec<VoiceRow>, ReportFault> {
    let mut rows = Vec::new();
    for class in Class::ALL.into_iter().filter(|class| class.most() > 0) {
        let of = draft.records(TableId::Voices, &class.prefix(sender), class.most())?;
        rows.extend(of.into_iter().map(|(_, row)| row));
    }
    Ok(rows)
}

/// What voices say of a sender by its rows.
pub(super) fn heard(memory: &Memory, draft: &Draft<'_>, sender: u64) -> Result<Heard, ReportFault> {
    Ok(Heard::of(memory, sender, &voices(draft, sender)?))
}

/// Whether it complains, and what it may weigh; `None` where it says nothing for others.
fn weight(memory: &Memory, filing: &Filing) -> Option<(bool, u32)> {
    let generation = memory.generations().current();
    let rules = generation.policy().reports();
    let fixed =
        |milli: u32| u32::try_from(u64::from(milli) * u64::from(ONE) / 1_000).unwrap_or(u32::MAX);
    let member = filing.reporter.is_member();
    match filing.category {
        ReportCategory::NotJunk => Some((false, NOT_JUNK_GOOD)),
        // Who wants no more of it does not say that others do not.
        ReportCategory::RemoveMe => None,
        ReportCategory::JunkFax | ReportCategory::OtherAbuse => {
            let milli = if member { rules.weight_milli } else { rules.outsider_weight_milli };
            Some((true, fixed(milli)))
        }
    }
}
