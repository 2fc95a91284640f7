//! What a member does with the service.

use super::{FULL, Gauge, Signal, linear_strength, log_strength};
use crate::fax::stage::Direction;
use crate::features::{Feature, Features};
use crate::verdict::Score;

/// The signals of this group.
pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        name: "outbound.member_unknown",
        group: "outbound",
        description: "Neither directory nor request knows the member.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(400),
        gauge: Gauge::Flag(Feature::MemberUnknown),
        evidence: "the member is not known",
        speaks: &[(Feature::MemberUnknown, 1)],
        silent: &[(Feature::Plan, 1)],
    },
    Signal {
        name: "outbound.new_account",
        group: "outbound",
        description: "The account is younger than a week.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(900),
        gauge: Gauge::Rule { feature: Feature::Plan, above: 0, rule: new_account },
        evidence: "the account is {} days old",
        speaks: &[(Feature::MemberAgeDays, 2), (Feature::Plan, 1)],
        silent: &[(Feature::MemberAgeDays, 200), (Feature::Plan, 1)],
    },
    Signal {
        name: "outbound.free_plan",
        group: "outbound",
        description: "The account costs nothing, so losing it costs nothing.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(400),
        gauge: Gauge::Equals(Feature::Plan, 1),
        evidence: "the account is free of charge",
        speaks: &[(Feature::Plan, 1)],
        silent: &[(Feature::Plan, 3)],
    },
    Signal {
        name: "outbound.fanout_1h",
        group: "outbound",
        description: "The member faxes many recipients within an hour.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(2_000),
        gauge: Gauge::Log { feature: Feature::MemberFanout1h, low: 15, high: 200 },
        evidence: "this member faxed {} recipients within 1 h",
        speaks: &[(Feature::MemberFanout1h, 80)],
        silent: &[(Feature::MemberFanout1h, 15)],
    },
    Signal {
        name: "outbound.fanout_24h",
        group: "outbound",
        description: "The member faxes many recipients within a day.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(1_200),
        gauge: Gauge::Log { feature: Feature::MemberFanout24h, low: 60, high: 1000 },
        evidence: "this member faxed {} recipients within 24 h",
        speaks: &[(Feature::MemberFanout24h, 400)],
        silent: &[(Feature::MemberFanout24h, 60)],
    },
    Signal {
        name: "outbound.growth",
        group: "outbound",
        description: "The member faxes far more recipients than it used to.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(1_200),
        gauge: Gauge::Rule { feature: Feature::MemberGrowth, above: 5_000, rule: member_growth },
        evidence: "this member faxes {} thousandths of its usual fan-out",
        speaks: &[(Feature::MemberGrowth, 9000), (Feature::MemberFanout24h, 40)],
        silent: &[(Feature::MemberGrowth, 9000), (Feature::MemberFanout24h, 5)],
    },
    Signal {
        name: "outbound.dead_numbers",
        group: "outbound",
        description: "Much of what the member dials is unallocated, answered by people or refused: a bought list or a hunt for numbers.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(3_400),
        gauge: Gauge::Rule { feature: Feature::DeadShare, above: 300, rule: dead_numbers },
        evidence: "{} thousandths of this member's dials reached no fax machine",
        speaks: &[(Feature::DialResults, 12000), (Feature::DeadShare, 700)],
        silent: &[(Feature::DialResults, 12000), (Feature::DeadShare, 100)],
    },
    Signal {
        name: "outbound.opt_outs",
        group: "outbound",
        description: "The member goes on faxing numbers that opted out.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(2_800),
        gauge: Gauge::Linear { feature: Feature::OptOutsHit, low: 500, high: 4000 },
        evidence: "{} thousandths of a job to numbers that opted out, decayed",
        speaks: &[(Feature::OptOutsHit, 3000)],
        silent: &[(Feature::OptOutsHit, 400)],
    },
    Signal {
        name: "outbound.same_document",
        group: "outbound",
        description: "One document goes to many recipients.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(1_600),
        gauge: Gauge::Log { feature: Feature::DocumentFanout24h, low: 12, high: 200 },
        evidence: "this document went to {} recipients within 24 h",
        speaks: &[(Feature::DocumentFanout24h, 100)],
        silent: &[(Feature::DocumentFanout24h, 12)],
    },
    Signal {
        name: "outbound.batch",
        group: "outbound",
        description: "The job belongs to a large batch.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(700),
        gauge: Gauge::Log { feature: Feature::BatchRecipients, low: 20, high: 1000 },
        evidence: "the batch has {} recipients",
        speaks: &[(Feature::BatchRecipients, 200)],
        silent: &[(Feature::BatchRecipients, 20)],
    },
    Signal {
        name: "outbound.shown_not_owned",
        group: "outbound",
        description: "The member shows a caller number that is not its own.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(1_800),
        gauge: Gauge::Flag(Feature::ShownNotOwned),
        evidence: "the shown caller number is not the member's",
        speaks: &[(Feature::ShownNotOwned, 1)],
        silent: &[(Feature::TsiNotOwned, 1)],
    },
    Signal {
        name: "outbound.tsi_not_owned",
        group: "outbound",
        description: "The job asks for a TSI that is a number, but not the member's.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(700),
        gauge: Gauge::Flag(Feature::TsiNotOwned),
        evidence: "the TSI asked for is not the member's number",
        speaks: &[(Feature::TsiNotOwned, 1)],
        silent: &[(Feature::ShownNotOwned, 1)],
    },
    Signal {
        name: "outbound.risky_destination",
        group: "outbound",
        description: "The destination is a range that toll fraud calls.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(2_600),
        gauge: Gauge::Rule { feature: Feature::DestinationRisk, above: 0, rule: risky_destination },
        evidence: "the destination has toll-fraud risk {} of 2",
        speaks: &[(Feature::DestinationRisk, 2)],
        silent: &[(Feature::NewCountry, 1)],
    },
    Signal {
        name: "outbound.new_country",
        group: "outbound",
        description: "The member has never faxed that country.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(1_000),
        gauge: Gauge::Flag(Feature::NewCountry),
        evidence: "the first fax of this member to that country",
        speaks: &[(Feature::NewCountry, 1)],
        silent: &[(Feature::DestinationRisk, 2)],
    },
    Signal {
        name: "outbound.retries",
        group: "outbound",
        description: "The job is dialled again and again.",
        direction: Some(Direction::Outbound),
        stage: "dialing",
        weight: Score(600),
        gauge: Gauge::Linear { feature: Feature::Attempt, low: 6, high: 20 },
        evidence: "attempt {} of this job",
        speaks: &[(Feature::Attempt, 15)],
        silent: &[(Feature::Attempt, 6)],
    },
    Signal {
        name: "outbound.answered",
        group: "outbound",
        description: "The recipient has faxed this member: correspondence.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(-2_500),
        gauge: Gauge::Flag(Feature::Correspondents),
        evidence: "the recipient has faxed this member before",
        speaks: &[(Feature::Correspondents, 1)],
        silent: &[(Feature::NewCountry, 1)],
    },
];

/// An unknown age is not a young one.
fn new_account(features: &Features) -> (u16, i64) {
    let strength = if features.get(Feature::Plan) > 0
        && (0..7).contains(&features.get(Feature::MemberAgeDays))
    {
        FULL
    } else {
        0
    };
    (strength, i64::from(features.get(Feature::MemberAgeDays)))
}

/// Growth counts where the fan-out is one.
fn member_growth(features: &Features) -> (u16, i64) {
    let strength = if features.get(Feature::MemberFanout24h) >= 20 {
        log_strength(features.get(Feature::MemberGrowth), 5_000, 25_000)
    } else {
        0
    };
    (strength, i64::from(features.get(Feature::MemberGrowth)))
}

/// A share needs results to be a share of.
fn dead_numbers(features: &Features) -> (u16, i64) {
    let strength = if features.get(Feature::DialResults) >= 5_000 {
        linear_strength(features.get(Feature::DeadShare), 300, 800)
    } else {
        0
    };
    (strength, i64::from(features.get(Feature::DeadShare)))
}

/// Half strength for an elevated risk.
fn risky_destination(features: &Features) -> (u16, i64) {
    let risk = features.get(Feature::DestinationRisk);
    (linear_strength(risk, 0, 2), i64::from(risk))
}
