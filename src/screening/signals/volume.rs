//! How many numbers a sender reaches, by every name it goes by.

use super::{FULL, Gauge, Signal, linear_strength, log_strength, named};
use crate::fax::stage::Direction;
use crate::features::{Feature, Features};
use crate::verdict::Score;

/// The signals of this group.
pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        name: "volume.caller_fanout_5m",
        group: "volume",
        description: "The caller calls many of our numbers within five minutes.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(1_500),
        gauge: Gauge::Log { feature: Feature::CallerFanout5m, low: 4, high: 40 },
        evidence: "this caller called {} numbers within 5 min",
        speaks: &[(Feature::CallerFanout5m, 20)],
        silent: &[(Feature::CallerFanout5m, 4)],
    },
    Signal {
        name: "volume.caller_fanout_1h",
        group: "volume",
        description: "The caller calls many of our numbers within an hour.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(2_200),
        gauge: Gauge::Log { feature: Feature::CallerFanout1h, low: 8, high: 100 },
        evidence: "this caller called {} numbers within 1 h",
        speaks: &[(Feature::CallerFanout1h, 42)],
        silent: &[(Feature::CallerFanout1h, 8)],
    },
    Signal {
        name: "volume.caller_fanout_24h",
        group: "volume",
        description: "The caller calls many of our numbers within a day.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(1_200),
        gauge: Gauge::Log { feature: Feature::CallerFanout24h, low: 30, high: 500 },
        evidence: "this caller called {} numbers within 24 h",
        speaks: &[(Feature::CallerFanout24h, 200)],
        silent: &[(Feature::CallerFanout24h, 30)],
    },
    Signal {
        name: "volume.tsi_fanout_1h",
        group: "volume",
        description: "Many of our numbers are called under one TSI within an hour, whatever the caller numbers.",
        direction: Some(Direction::Inbound),
        stage: "handshake",
        weight: Score(1_800),
        gauge: Gauge::Rule { feature: Feature::TsiFanout1h, above: 8, rule: tsi_fanout_1h },
        evidence: "{} numbers were called under this TSI within 1 h",
        speaks: &[(Feature::TsiFanout1h, 60), (Feature::TsiClass, 4)],
        silent: &[(Feature::TsiFanout1h, 60), (Feature::TsiClass, 1)],
    },
    Signal {
        name: "volume.tsi_fanout_24h",
        group: "volume",
        description: "Many of our numbers are called under one TSI within a day.",
        direction: Some(Direction::Inbound),
        stage: "handshake",
        weight: Score(1_000),
        gauge: Gauge::Rule { feature: Feature::TsiFanout24h, above: 30, rule: tsi_fanout_24h },
        evidence: "{} numbers were called under this TSI within 24 h",
        speaks: &[(Feature::TsiFanout24h, 200), (Feature::TsiClass, 5)],
        silent: &[(Feature::TsiFanout24h, 200), (Feature::TsiClass, 3)],
    },
    Signal {
        name: "volume.trunk_strangers_1h",
        group: "volume",
        description: "The trunk brings calls of strangers to unusually many numbers.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(400),
        gauge: Gauge::Log { feature: Feature::TrunkStrangers1h, low: 500, high: 20000 },
        evidence: "strangers called {} numbers over this trunk within 1 h",
        speaks: &[(Feature::TrunkStrangers1h, 4000)],
        silent: &[(Feature::TrunkStrangers1h, 500)],
    },
    Signal {
        name: "volume.block10_fanout_24h",
        group: "volume",
        description: "Several numbers of the caller's block of ten call many of our numbers.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(1_600),
        gauge: Gauge::Log { feature: Feature::Block10Fanout24h, low: 8, high: 120 },
        evidence: "its block of 10 called {} numbers within 24 h",
        speaks: &[(Feature::Block10Fanout24h, 60)],
        silent: &[(Feature::Block10Fanout24h, 8)],
    },
    Signal {
        name: "volume.block100_fanout_24h",
        group: "volume",
        description: "Several numbers of the caller's block of a hundred call many of our numbers.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(1_600),
        gauge: Gauge::Log { feature: Feature::Block100Fanout24h, low: 16, high: 300 },
        evidence: "its block of 100 called {} numbers within 24 h",
        speaks: &[(Feature::Block100Fanout24h, 100)],
        silent: &[(Feature::Block100Fanout24h, 16)],
    },
    Signal {
        name: "volume.caller_growth",
        group: "volume",
        description: "The caller calls far more numbers than it used to.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(800),
        gauge: Gauge::Rule { feature: Feature::CallerGrowth, above: 4_000, rule: caller_growth },
        evidence: "this caller calls {} thousandths of its usual fan-out",
        speaks: &[(Feature::CallerGrowth, 9000), (Feature::CallerFanout24h, 30)],
        silent: &[(Feature::CallerGrowth, 9000), (Feature::CallerFanout24h, 5)],
    },
    Signal {
        name: "volume.redials",
        group: "volume",
        description: "The caller calls the same number again and again.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(1_800),
        gauge: Gauge::Linear { feature: Feature::Redials, low: 3, high: 12 },
        evidence: "{} further calls to the same number, minutes apart",
        speaks: &[(Feature::Redials, 9)],
        silent: &[(Feature::Redials, 3)],
    },
    Signal {
        name: "volume.shape_snowshoe",
        group: "volume",
        description: "Documents of one size and shape reach many numbers from several callers, and are far more of what strangers send over this trunk than any one shape should be: one campaign behind many numbers.",
        direction: Some(Direction::Inbound),
        stage: "page",
        weight: Score(2_600),
        gauge: Gauge::Rule { feature: Feature::ShapeCallers24h, above: 3, rule: shape_snowshoe },
        evidence: "documents of this size and shape reached {} numbers from several callers",
        speaks: &[
            (Feature::ShapeFanout24h, 30),
            (Feature::ShapeCallers24h, 12),
            (Feature::TrunkStrangers24h, 90),
        ],
        silent: &[
            (Feature::ShapeFanout24h, 300),
            (Feature::ShapeCallers24h, 120),
            (Feature::TrunkStrangers24h, 9_000),
        ],
    },
];

/// Only a TSI that somebody chose stands for one sender.
fn tsi_fanout_1h(features: &Features) -> (u16, i64) {
    let strength =
        if named(features) { log_strength(features.get(Feature::TsiFanout1h), 8, 100) } else { 0 };
    (strength, i64::from(features.get(Feature::TsiFanout1h)))
}

/// Only a TSI that somebody chose stands for one sender.
fn tsi_fanout_24h(features: &Features) -> (u16, i64) {
    let strength = if named(features) {
        log_strength(features.get(Feature::TsiFanout24h), 30, 500)
    } else {
        0
    };
    (strength, i64::from(features.get(Feature::TsiFanout24h)))
}

/// Growth from one to five is nothing; growth counts where the fan-out is one.
fn caller_growth(features: &Features) -> (u16, i64) {
    let strength = if features.get(Feature::CallerFanout24h) >= 12 {
        log_strength(features.get(Feature::CallerGrowth), 4_000, 20_000)
    } else {
        0
    };
    (strength, i64::from(features.get(Feature::CallerGrowth)))
}

/// One caller with one document is a letter; four callers with one document share a master. On a trunk that brings
/// thousands of letters a day every usual shape has many senders who do not know each other: with pages, rows and
/// size in steps of 6 %, the most common one is some 3 % of all (estimate: lengths of coded pages are about
/// log-normal, so that no step of 0.06 holds more than 0.06 / (0.8 sqrt(2 pi))). So its share speaks too. Without a
/// trunk there is nothing it is a share of.
fn shape_snowshoe(features: &Features) -> (u16, i64) {
    let fanout = features.get(Feature::ShapeFanout24h);
    let all = i64::from(features.get(Feature::TrunkStrangers24h)).max(1);
    let share_milli = i32::try_from(i64::from(fanout) * 1_000 / all).unwrap_or(i32::MAX);
    let strength = if features.get(Feature::ShapeCallers24h) >= 4 {
        let share = u32::from(linear_strength(share_milli, 40, 200));
        u16::try_from(u32::from(log_strength(fanout, 5, 40)) * share / u32::from(FULL))
            .unwrap_or(FULL)
    } else {
        0
    };
    (strength, i64::from(fanout))
}
