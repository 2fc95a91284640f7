//! Whom a report is about, and what the ledger has against it beside reports.

use crate::casework::Fact;
use crate::fax::id::{CampaignId, DecisionId, Pseudonym};
use crate::fax::stage::Direction;
use crate::features::Feature;
use crate::ledger::StageRow;
use crate::measures::{Subject, SubjectKind};
use crate::memory::Memory;
use crate::verdict::HitKind;

/// Groups of signals that say what the sender did.
const DONE: [&str; 5] = ["volume.", "sweep.", "campaign.", "outbound.", "identity."];
/// Those of them that say what others say of it.
const HEARSAY: [&str; 2] = ["campaign.reported", "campaign.confirmed"];
/// The features that say how many recipients a sender had within a day: of its number, and of its member.
const RECIPIENTS: [Feature; 2] = [Feature::CallerFanout24h, Feature::MemberFanout24h];

/// Whom a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accused {
    pub(super) subject: Subject,
    pub(super) campaign: Option<CampaignId>,
    pub(super) who: Pseudonym,
}

/// The sender of a fax, as reports of it are counted: the number it showed; who withheld it is known by its TSI, or else by
/// the trunk it came on. Of an outbound fax the member. 0 is nobody.
pub(super) fn sender_of(row: &StageRow) -> u64 {
    let observation = &row.observation;
    match row.verdict.stage.direction() {
        Direction::Inbound => [observation.caller, observation.tsi, observation.trunk]
            .into_iter()
            .find(|key| *key != 0)
            .unwrap_or(0),
        Direction::Outbound => row.member_key,
    }
}

/// Whom the case of a fax is about: its campaign, else its sender, else whoever it is that faxes that number.
pub(super) fn accused(memory: &Memory, decision: DecisionId, row: &StageRow) -> Accused {
    let observation = &row.observation;
    let inbound = row.verdict.stage.direction() == Direction::Inbound;
    if let Some(campaign) = memory.campaign_of(decision, row.features.get(Feature::CampaignSerial))
    {
        let key = serial(campaign);
        let subject = Subject { kind: SubjectKind::Campaign, key };
        return Accused { subject, campaign: Some(campaign), who: Pseudonym::of_hot(key) };
    }
    let names = if inbound {
        [
            (SubjectKind::Number, observation.caller),
            (SubjectKind::Ident, observation.tsi),
            (SubjectKind::Trunk, observation.trunk),
        ]
    } else {
        [(SubjectKind::Member, row.member_key); 3]
    };
    let known = names.into_iter().find(|(_, key)| *key != 0);
    let (kind, key) = known.unwrap_or((SubjectKind::Unknown, row.number.hot()));
    let whole = match kind {
        SubjectKind::Number => row.caller,
        SubjectKind::Unknown => Some(row.number),
        SubjectKind::Campaign
        | SubjectKind::Ident
        | SubjectKind::Trunk
        | SubjectKind::Member
        | SubjectKind::Block10
        | SubjectKind::Block100 => None,
    };
    let who = whole.unwrap_or(Pseudonym::of_hot(key));
    Accused { subject: Subject { kind, key }, campaign: None, who }
}

/// The number that verdicts know a campaign by.
pub(super) const fn serial(campaign: CampaignId) -> u64 {
    campaign.0 & u32::MAX as u64
}

/// What the fax had against its sender but what others said of it, in thousandths of log-odds.
pub(super) fn behaviour_milli(row: &StageRow) -> u32 {
    let did =
        |name: &str| DONE.iter().any(|group| name.starts_with(group)) && !HEARSAY.contains(&name);
    let against = row.verdict.hits.iter().filter(|hit| {
        hit.kind == HitKind::Signal && hit.contribution.0 > 0 && did(hit.name.text())
    });
    against.map(|hit| hit.contribution.0.unsigned_abs()).fold(0, u32::saturating_add)
}

/// The facts of the fax that a statement of reasons can give.
pub(super) fn facts(row: &StageRow) -> Vec<(Fact, u32)> {
    let count = |feature| u32::try_from(row.features.get(feature)).unwrap_or(0);
    let recipients = RECIPIENTS.into_iter().map(count).max().unwrap_or(0);
    let traps = count(Feature::CallerTraps).max(count(Feature::TsiTraps)) / 1_000;
    let facts = [
        (Fact::Recipients, recipients),
        (Fact::Traps, traps),
        (Fact::CampaignRecipients, count(Feature::CampaignRecipients)),
        (Fact::Behaviour, behaviour_milli(row)),
    ];
    facts.into_iter().filter(|(_, number)| *number > 0).collect()
}
