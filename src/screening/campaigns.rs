//! The pages of a fax held against the campaigns: what is known of them becomes features, and whether more of them is
//! wanted is settled within the budget.

use crate::bounds::FINGERPRINT_PAGES_MAX;
use crate::campaign::{CampaignEvidence, Met, Names, Outcome, Sighting, State, Sureness, Tie};
use crate::content::fingerprint::Fingerprint;
use crate::fax::id::DecisionId;
use crate::fax::stage::{Direction, StageEvent, StageKind};
use crate::features::{Feature, Features};
use crate::memory::answers::Answer;
use crate::memory::open::{AtWork, OpenDecision};
use crate::memory::{BY_LOT, Memory};
use crate::policy::{FingerprintRules, Policy};
use crate::verdict::ContentPurpose;

/// The fingerprints of one page, as they came with a stage.
pub struct SeenPage {
    /// Which page, from 1.
    pub number: u32,
    /// One an epoch, checked.
    pub fingerprints: Vec<Fingerprint>,
}

impl SeenPage {
    fn has_map(&self) -> bool {
        self.fingerprints.iter().any(|fingerprint| fingerprint.map.is_some())
    }
}

/// Code of a known form among the states of campaigns.
const KNOWN_FORM: u8 = 5;

/// What is worth telling of a page: the first counts most.
type Rank = (u8, u32);

/// How much a state says, so that the page that says most is told of.
const fn rank_of(state: u8, recipients: u32) -> Rank {
    let said = match state {
        2 => 4,
        1 => 3,
        3 => 2,
        4 | KNOWN_FORM => 1,
        _ => 0,
    };
    (said, recipients)
}

/// Whether a stage that was answered comes again with the fingerprints that the answer wanted: then it is judged anew,
/// and nothing counts twice.
pub(super) fn refines(memory: &Memory, open: &OpenDecision, event: &StageEvent) -> bool {
    let (stage, mark) = (event.stage.kind(), super::mark(&event.stage));
    let latest =
        open.answers.last().filter(|answer| (answer.to.stage, answer.to.mark) == (stage, mark));
    let fresh = open.answered(event.request).is_none();
    let wanted = |answer: Answer<'_>| {
        let verdict = answer.again(event.decision, &memory.names());
        verdict.is_some_and(|verdict| verdict.fingerprint.is_some())
    };
    fresh && latest.is_some_and(wanted)
}

/// Meets the pages of a stage. True when their ink maps would tell more.
pub(super) fn look(
    memory: &Memory,
    open: &mut AtWork<'_>,
    event: &StageEvent,
    pages: &[SeenPage],
) -> bool {
    let mut map_wanted = false;
    let told = u32::try_from(open.features.get(Feature::CampaignPage)).unwrap_or(0);
    let again = pages.iter().any(|page| page.number == told);
    let mut best: Option<(Rank, u32, Met)> = None;
    for page in pages.iter().take(FINGERPRINT_PAGES_MAX) {
        if page.has_map() && !open.features.is(Feature::InkMapLooked) {
            open.features.flag(Feature::InkMapLooked, true);
            // Where the service read the fax, it was counted then.
            if open.looks.is_empty() {
                memory.wishes().touch();
            }
        }
        let met = memory.campaigns().meet(&sighting(open, event, page), event.time);
        map_wanted |= met.map_wanted;
        let rank = rank_of(state_of(&met), met.recipients);
        if best.is_none_or(|(other, ..)| rank > other) {
            best = Some((rank, page.number, met));
        }
    }
    let Some((rank, number, met)) = best else { return false };
    let features = &mut open.features;
    let seen = features.get(Feature::FingerprintPages);
    features
        .set(Feature::FingerprintPages, if again { seen } else { seen.saturating_add(len(pages)) });
    let code = u8::try_from(features.get(Feature::CampaignState)).unwrap_or(0);
    let count = u32::try_from(features.get(Feature::CampaignRecipients)).unwrap_or(0);
    // What was told of a page that came again is told anew, whatever it was.
    if again || told == 0 || rank >= rank_of(code, count) {
        features.set(Feature::CampaignPage, number);
        tell(features, &met);
    }
    map_wanted
}

fn len(pages: &[SeenPage]) -> i32 {
    i32::try_from(pages.len()).unwrap_or(i32::MAX)
}

fn state_of(met: &Met) -> u8 {
    match (&met.campaign, met.outcome) {
        (Some(campaign), _) => campaign.state as u8,
        (None, Outcome::Known(_)) => KNOWN_FORM,
        (None, _) => 0,
    }
}

fn tell(features: &mut Features, met: &Met) {
    features.set(Feature::CampaignState, state_of(met));
    features.set(Feature::CampaignRecipients, met.recipients);
    let sureness = match met.sureness {
        None => 0,
        Some(Sureness::Likely) => 1,
        Some(Sureness::Verified) => 2,
    };
    features.set(Feature::CampaignSureness, sureness);
    let numbers = met.campaign.map_or([0; 9], |campaign| numbers_of(&campaign));
    for (feature, value) in NUMBERS.into_iter().zip(numbers) {
        features.set(feature, value);
    }
}

/// The features that a campaign fills, in the order of [`numbers_of`].
const NUMBERS: [Feature; 9] = [
    Feature::CampaignSerial,
    Feature::CampaignSenders,
    Feature::CampaignLastHour,
    Feature::CampaignGrowth,
    Feature::CampaignCorrespondence,
    Feature::CampaignTraps,
    Feature::CampaignJunk,
    Feature::CampaignWanted,
    Feature::CampaignCounted,
];

fn numbers_of(campaign: &CampaignEvidence) -> [u32; 9] {
    let serial = u32::try_from(campaign.id.0 & u64::from(u32::MAX)).unwrap_or(0);
    [
        serial,
        campaign.senders,
        campaign.last_hour,
        campaign.growth_milli,
        campaign.correspondence_milli,
        campaign.traps,
        campaign.junk_milli,
        campaign.wanted_milli,
        campaign.counted,
    ]
}

fn sighting<'a>(open: &AtWork<'_>, event: &StageEvent, page: &'a SeenPage) -> Sighting<'a> {
    let names = names(open, event.stage.kind().direction());
    Sighting {
        decision: event.decision,
        page: u16::try_from(page.number.saturating_sub(1)).unwrap_or(u16::MAX),
        direction: event.stage.kind().direction(),
        node: event.node.hot(),
        recipient: open.number.map_or(0, |number| number.hot()),
        sender: names.sender,
        ident: names.ident,
        block: names.block,
        trunk: open.observation.trunk,
        tie: tie(&open.features),
        fingerprints: &page.fingerprints,
    }
}

/// Whom a fax may be known by before its page is.
const fn names(open: &OpenDecision, direction: Direction) -> Names {
    let observation = &open.observation;
    let sender = match direction {
        Direction::Inbound => observation.caller,
        Direction::Outbound => observation.member,
    };
    Names { sender, ident: observation.tsi, block: observation.block100 }
}

fn tie(features: &Features) -> Tie {
    const CORRESPOND: [Feature; 4] = [
        Feature::MemberFaxed,
        Feature::MemberAccepted,
        Feature::ListAllow,
        Feature::Correspondents,
    ];
    if features.is(Feature::Trap) {
        Tie::Trap
    } else if CORRESPOND.into_iter().any(|feature| features.is(feature)) {
        Tie::Correspondent
    } else {
        Tie::Stranger
    }
}

/// What is wanted of a stage after it was judged.
#[derive(Clone, Copy, Default)]
pub(super) struct Wish {
    pub(super) purpose: Option<ContentPurpose>,
    pub(super) ink_map: bool,
}

/// What a stage brought.
pub(super) struct Brought<'a> {
    pub(super) pages: &'a [SeenPage],
    /// The ink maps of these would tell more.
    pub(super) map_wanted: bool,
    /// The score is in doubt.
    pub(super) doubt: bool,
    /// The fax goes through as it is.
    pub(super) clean: bool,
}

/// Whether the lot falls on a fax: by its decision, which is a keyed hash, so that no sender can foresee it and the same
/// faxes are drawn whenever they come again.
fn is_drawn(decision: DecisionId, share_milli: u32) -> bool {
    let [.., a, b, c, d] = decision.0;
    u32::from_be_bytes([a, b, c, d]) % 1_000 < share_milli
}

/// Settles what is wanted, within the budget: the fingerprints where the score is in doubt or somebody of a campaign
/// sends, or where the lot falls on a stranger's fax, and none of what was brought; the map where it would tell more.
pub(super) fn wish(
    memory: &Memory,
    open: &mut AtWork<'_>,
    event: &StageEvent,
    policy: &Policy,
    brought: &Brought<'_>,
) -> Wish {
    let stage = event.stage.kind();
    let features = &open.features;
    let decided = [Feature::Trap, Feature::ListAllow, Feature::ListBlock];
    let empty = stage == StageKind::Received && !features.is(Feature::Pages);
    if !stage.has_pages() || empty || decided.into_iter().any(|feature| features.is(feature)) {
        return Wish::default();
    }
    let has_map = brought.pages.iter().any(SeenPage::has_map);
    let looked = features.is(Feature::FingerprintPages);
    let likely = features.get(Feature::CampaignSureness) == 1;
    let ink_map = if brought.pages.is_empty() { looked && likely } else { brought.map_wanted };
    let ink_map = ink_map && !has_map;
    let plausible = || {
        let names = names(open, stage.direction());
        memory.campaigns().would_be_plausible(names, event.time)
    };
    let wanted = if brought.pages.is_empty() { brought.doubt || plausible() } else { ink_map };
    let FingerprintRules { share_milli, sample_milli, .. } = policy.fingerprints();
    let stranger = stage.direction() == Direction::Inbound && tie(features) == Tie::Stranger;
    let sampled = brought.pages.is_empty() && (!looked || ink_map) && brought.clean && stranger;
    let drawn = !wanted && sampled && is_drawn(event.decision, sample_milli);
    if !wanted && !drawn {
        return Wish::default();
    }
    if !features.is(Feature::FingerprintAsked) {
        let wishes = memory.wishes();
        let (may, code) = match drawn {
            true => (wishes.ask_by_lot(share_milli, sample_milli), BY_LOT),
            false => (wishes.ask(share_milli), 1),
        };
        if !may {
            return Wish::default();
        }
        open.features.set(Feature::FingerprintAsked, code);
    }
    Wish { purpose: Some(ContentPurpose::PreventDisruption), ink_map }
}

const _: () = assert!(State::Quarantined as u8 + 1 == KNOWN_FORM, "codes of one feature");
