//! What is known of the page: whether near-identical ones went to many, and what became of those.

use super::{FULL, Gauge, Signal, linear_strength, log_strength};
use crate::features::{Feature, Features};
use crate::verdict::Score;

const SUSPECTED: i32 = 1;
const CONFIRMED: i32 = 2;
/// Share of correspondents among the recipients, in thousandths, from which on how many there are says nothing.
const WANTED_SHARE: i32 = 400;

/// The signals of this group.
pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        name: "campaign.confirmed",
        group: "campaign",
        description: "A page of a campaign that staff has found to be junk; half as much where only its marks say so.",
        direction: None,
        stage: "page",
        weight: Score(5_500),
        gauge: Gauge::Rule { feature: Feature::CampaignState, above: 1, rule: confirmed },
        evidence: "the page is of a campaign confirmed as junk, seen by {} recipients",
        speaks: &[
            (Feature::CampaignState, 2),
            (Feature::CampaignSureness, 1),
            (Feature::CampaignRecipients, 9),
        ],
        silent: &[(Feature::CampaignState, 1), (Feature::CampaignRecipients, 9)],
    },
    Signal {
        name: "campaign.spread",
        group: "campaign",
        description: "The same page came to many recipients of whom few correspond with who sent it.",
        direction: None,
        stage: "page",
        weight: Score(3_600),
        gauge: Gauge::Rule { feature: Feature::CampaignRecipients, above: 3, rule: spread },
        evidence: "near-identical pages came to {} recipients, most of them strangers to the sender",
        speaks: &[
            (Feature::CampaignState, 1),
            (Feature::CampaignSureness, 2),
            (Feature::CampaignRecipients, 9),
        ],
        silent: &[
            (Feature::CampaignState, 1),
            (Feature::CampaignSureness, 2),
            (Feature::CampaignRecipients, 90),
            (Feature::CampaignCorrespondence, 500),
        ],
    },
    Signal {
        name: "campaign.rotation",
        group: "campaign",
        description: "The same page comes from one number after the other, to strangers.",
        direction: None,
        stage: "page",
        weight: Score(2_000),
        gauge: Gauge::Rule { feature: Feature::CampaignSenders, above: 2, rule: rotation },
        evidence: "near-identical pages came from {} senders",
        speaks: &[
            (Feature::CampaignState, 1),
            (Feature::CampaignSureness, 2),
            (Feature::CampaignSenders, 6),
        ],
        silent: &[
            (Feature::CampaignState, 1),
            (Feature::CampaignSureness, 2),
            (Feature::CampaignSenders, 2),
        ],
    },
    Signal {
        name: "campaign.traps",
        group: "campaign",
        description: "The same page came to numbers that nobody holds: who sends it does not choose its recipients.",
        direction: None,
        stage: "page",
        weight: Score(2_500),
        gauge: Gauge::Rule { feature: Feature::CampaignTraps, above: 0, rule: traps },
        evidence: "{} near-identical pages came to unassigned numbers",
        speaks: &[(Feature::CampaignState, 1), (Feature::CampaignTraps, 2)],
        silent: &[(Feature::CampaignState, 3), (Feature::CampaignTraps, 2)],
    },
    Signal {
        name: "campaign.reported",
        group: "campaign",
        description: "Recipients of the same page have reported it.",
        direction: None,
        stage: "page",
        weight: Score(3_000),
        gauge: Gauge::Rule { feature: Feature::CampaignJunk, above: 0, rule: reported },
        evidence: "reports of near-identical pages weigh {} thousandths",
        speaks: &[(Feature::CampaignState, 1), (Feature::CampaignJunk, 2_000)],
        silent: &[
            (Feature::CampaignState, 1),
            (Feature::CampaignJunk, 2_000),
            (Feature::CampaignWanted, 2_000),
        ],
    },
    Signal {
        name: "campaign.growth",
        group: "campaign",
        description: "More of the same page came within the hour than in the hours before.",
        direction: None,
        stage: "page",
        weight: Score(800),
        gauge: Gauge::Rule { feature: Feature::CampaignGrowth, above: 2_000, rule: growth },
        evidence: "near-identical pages of the last hour are {} thousandths of the hours before",
        speaks: &[
            (Feature::CampaignState, 1),
            (Feature::CampaignLastHour, 20),
            (Feature::CampaignGrowth, 9_000),
        ],
        silent: &[
            (Feature::CampaignState, 1),
            (Feature::CampaignLastHour, 9),
            (Feature::CampaignGrowth, 9_000),
        ],
    },
    Signal {
        name: "campaign.cleared",
        group: "campaign",
        description: "A page of which staff has found that it is no junk, however many get it.",
        direction: None,
        stage: "page",
        weight: Score(-3_000),
        gauge: Gauge::Equals(Feature::CampaignState, 3),
        evidence: "staff has cleared what the page is of",
        speaks: &[(Feature::CampaignState, 3)],
        silent: &[(Feature::CampaignState, 2)],
    },
    Signal {
        name: "campaign.known_form",
        group: "campaign",
        description: "A form that many use, and that its recipients want.",
        direction: None,
        stage: "page",
        weight: Score(-1_500),
        gauge: Gauge::Equals(Feature::CampaignState, 5),
        evidence: "the page is a known form",
        speaks: &[(Feature::CampaignState, 5)],
        silent: &[(Feature::CampaignState, 4)],
    },
    Signal {
        name: "campaign.corresponds",
        group: "campaign",
        description: "Most who get the same page correspond with who sends it to them.",
        direction: None,
        stage: "page",
        weight: Score(-1_500),
        gauge: Gauge::Rule {
            feature: Feature::CampaignCorrespondence,
            above: 300,
            rule: corresponds,
        },
        evidence: "{} thousandths of those who got near-identical pages correspond with the sender",
        speaks: &[(Feature::CampaignState, 1), (Feature::CampaignCorrespondence, 700)],
        silent: &[(Feature::CampaignState, 2), (Feature::CampaignCorrespondence, 700)],
    },
    Signal {
        name: "campaign.wanted",
        group: "campaign",
        description: "Recipients of the same page have said that it is no junk.",
        direction: None,
        stage: "page",
        weight: Score(-2_500),
        gauge: Gauge::Rule { feature: Feature::CampaignWanted, above: 0, rule: wanted },
        evidence: "recipients who want near-identical pages outweigh the others by {} thousandths",
        speaks: &[(Feature::CampaignState, 1), (Feature::CampaignWanted, 2_000)],
        silent: &[
            (Feature::CampaignState, 1),
            (Feature::CampaignWanted, 2_000),
            (Feature::CampaignJunk, 2_000),
        ],
    },
];

/// Whether the page is of a campaign that speaks against it.
fn is_against(features: &Features) -> bool {
    matches!(features.get(Feature::CampaignState), SUSPECTED | CONFIRMED)
}

fn is_suspected(features: &Features) -> bool {
    features.get(Feature::CampaignState) == SUSPECTED
}

/// As much as it is sure that the page is of the campaign: marks alone do not tell a copy from a form with other fill.
fn sure(features: &Features, strength: u16) -> u16 {
    if features.get(Feature::CampaignSureness) == 2 { strength } else { strength / 2 }
}

/// As much as the recipients are strangers to who sends to them.
fn strange(features: &Features, strength: u16) -> u16 {
    let share = linear_strength(features.get(Feature::CampaignCorrespondence), 0, WANTED_SHARE);
    let strength = u32::from(strength) * u32::from(FULL - share) / u32::from(FULL);
    u16::try_from(strength).unwrap_or(FULL)
}

fn confirmed(features: &Features) -> (u16, i64) {
    let speaks = features.get(Feature::CampaignState) == CONFIRMED;
    let strength = if speaks { sure(features, FULL) } else { 0 };
    (strength, features.get(Feature::CampaignRecipients).into())
}

fn spread(features: &Features) -> (u16, i64) {
    let recipients = features.get(Feature::CampaignRecipients);
    let strength = if is_suspected(features) { log_strength(recipients, 3, 20) } else { 0 };
    (sure(features, strange(features, strength)), recipients.into())
}

fn rotation(features: &Features) -> (u16, i64) {
    let senders = features.get(Feature::CampaignSenders);
    let strength = if is_suspected(features) { log_strength(senders, 2, 8) } else { 0 };
    (sure(features, strange(features, strength)), senders.into())
}

fn traps(features: &Features) -> (u16, i64) {
    let traps = features.get(Feature::CampaignTraps);
    let strength = if is_against(features) { linear_strength(traps, 0, 3) } else { 0 };
    (sure(features, strength), traps.into())
}

/// By how much one opinion outweighs the other.
fn outweighs(features: &Features, one: Feature, other: Feature) -> i32 {
    features.get(one).saturating_sub(features.get(other)).max(0)
}

fn reported(features: &Features) -> (u16, i64) {
    let weight = outweighs(features, Feature::CampaignJunk, Feature::CampaignWanted);
    let strength = if is_against(features) { linear_strength(weight, 0, 3_000) } else { 0 };
    (sure(features, strength), weight.into())
}

fn wanted(features: &Features) -> (u16, i64) {
    let weight = outweighs(features, Feature::CampaignWanted, Feature::CampaignJunk);
    let strength = if is_suspected(features) { linear_strength(weight, 0, 3_000) } else { 0 };
    (strength, weight.into())
}

fn growth(features: &Features) -> (u16, i64) {
    let growth = features.get(Feature::CampaignGrowth);
    let speaks = is_against(features) && features.get(Feature::CampaignLastHour) >= 10;
    let strength = if speaks { log_strength(growth, 2_000, 16_000) } else { 0 };
    (sure(features, strange(features, strength)), growth.into())
}

fn corresponds(features: &Features) -> (u16, i64) {
    let share = features.get(Feature::CampaignCorrespondence);
    let strength = if is_suspected(features) { linear_strength(share, 300, 800) } else { 0 };
    (strength, share.into())
}
