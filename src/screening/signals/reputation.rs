//! What the past says of a sender.

use super::{Gauge, Signal, linear_strength, named};
use crate::fax::stage::Direction;
use crate::features::{Feature, Features};
use crate::verdict::Score;

/// The signals of this group.
pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        name: "reputation.caller_bad",
        group: "reputation",
        description: "Recipients have reported this caller.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(6_000),
        gauge: Gauge::Linear { feature: Feature::CallerBad, low: 30, high: 500 },
        evidence: "complaints are at least {} thousandths of what is known of this caller",
        speaks: &[(Feature::CallerBad, 300)],
        silent: &[(Feature::CallerBad, 20)],
    },
    Signal {
        name: "reputation.caller_good",
        group: "reputation",
        description: "Recipients have approved of this caller.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(-2_500),
        gauge: Gauge::Linear { feature: Feature::CallerGood, low: 100, high: 800 },
        evidence: "approval is at least {} thousandths of what is known of this caller",
        speaks: &[(Feature::CallerGood, 600)],
        silent: &[(Feature::CallerGood, 50)],
    },
    Signal {
        name: "reputation.caller_known",
        group: "reputation",
        description: "The caller has been known for long.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(-600),
        gauge: Gauge::Log { feature: Feature::CallerKnownDays, low: 7, high: 365 },
        evidence: "this caller has been known for {} days",
        speaks: &[(Feature::CallerKnownDays, 100)],
        silent: &[(Feature::CallerKnownDays, 7)],
    },
    Signal {
        name: "reputation.tsi_bad",
        group: "reputation",
        description: "Recipients have reported faxes under this TSI.",
        direction: Some(Direction::Inbound),
        stage: "handshake",
        weight: Score(4_000),
        gauge: Gauge::Rule { feature: Feature::TsiBad, above: 30, rule: tsi_bad },
        evidence: "complaints are at least {} thousandths of what is known of this TSI",
        speaks: &[(Feature::TsiBad, 300), (Feature::TsiClass, 4)],
        silent: &[(Feature::TsiBad, 300), (Feature::TsiClass, 3)],
    },
    Signal {
        name: "reputation.trunk_bad",
        group: "reputation",
        description: "Recipients report what comes over this trunk.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(800),
        gauge: Gauge::Linear { feature: Feature::TrunkBad, low: 50, high: 600 },
        evidence: "complaints are at least {} thousandths of what is known of this trunk",
        speaks: &[(Feature::TrunkBad, 300)],
        silent: &[(Feature::TrunkBad, 40)],
    },
    Signal {
        name: "reputation.block10_bad",
        group: "reputation",
        description: "Recipients have reported several numbers of the caller's block of ten.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(2_200),
        gauge: Gauge::Linear { feature: Feature::Block10Bad, low: 50, high: 500 },
        evidence: "complaints are at least {} thousandths of what is known of its block of 10",
        speaks: &[(Feature::Block10Bad, 300)],
        silent: &[(Feature::Block10Bad, 40)],
    },
    Signal {
        name: "reputation.block100_bad",
        group: "reputation",
        description: "Recipients have reported several numbers of the caller's block of a hundred.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(1_600),
        gauge: Gauge::Linear { feature: Feature::Block100Bad, low: 50, high: 500 },
        evidence: "complaints are at least {} thousandths of what is known of its block of 100",
        speaks: &[(Feature::Block100Bad, 300)],
        silent: &[(Feature::Block100Bad, 40)],
    },
    Signal {
        name: "reputation.member_bad",
        group: "reputation",
        description: "Recipients have reported faxes of this member.",
        direction: Some(Direction::Outbound),
        stage: "job-submitted",
        weight: Score(4_500),
        gauge: Gauge::Linear { feature: Feature::MemberBad, low: 30, high: 500 },
        evidence: "complaints are at least {} thousandths of what is known of this member",
        speaks: &[(Feature::MemberBad, 300)],
        silent: &[(Feature::MemberBad, 20)],
    },
];

/// Only a TSI that somebody chose stands for one sender.
fn tsi_bad(features: &Features) -> (u16, i64) {
    let strength =
        if named(features) { linear_strength(features.get(Feature::TsiBad), 30, 500) } else { 0 };
    (strength, i64::from(features.get(Feature::TsiBad)))
}
