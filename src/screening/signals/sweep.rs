//! Walking through numbers instead of knowing them.

use super::{Gauge, Signal, linear_strength, named};
use crate::fax::stage::Direction;
use crate::features::{Feature, Features};
use crate::verdict::Score;

/// The signals of this group.
pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        name: "sweep.caller_run",
        group: "sweep",
        description: "The caller walks through neighbouring numbers one by one.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(3_800),
        gauge: Gauge::Linear { feature: Feature::CallerRun, low: 2, high: 8 },
        evidence: "{} neighbouring numbers in a row",
        speaks: &[(Feature::CallerRun, 6)],
        silent: &[(Feature::CallerRun, 2)],
    },
    Signal {
        name: "sweep.block_run",
        group: "sweep",
        description: "Strangers walk through neighbouring numbers of one hundred-block, spread over several lines.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(3_200),
        gauge: Gauge::Linear { feature: Feature::BlockRun, low: 3, high: 10 },
        evidence: "{} neighbouring numbers in a row, by several lines",
        speaks: &[(Feature::BlockRun, 7)],
        silent: &[(Feature::BlockRun, 3)],
    },
    Signal {
        name: "sweep.block_strangers",
        group: "sweep",
        description: "Strangers call many numbers of one hundred-block within an hour.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(1_200),
        gauge: Gauge::Log { feature: Feature::BlockStrangers1h, low: 6, high: 40 },
        evidence: "strangers called {} numbers of this hundred-block within 1 h",
        speaks: &[(Feature::BlockStrangers1h, 20)],
        silent: &[(Feature::BlockStrangers1h, 6)],
    },
    Signal {
        name: "sweep.trap",
        group: "sweep",
        description: "The called number is ours and nobody holds it: nobody can have given it to the sender.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(2_500),
        gauge: Gauge::Flag(Feature::Trap),
        evidence: "the called number is held by nobody",
        speaks: &[(Feature::Trap, 1)],
        silent: &[(Feature::CallerTraps, 100)],
    },
    Signal {
        name: "sweep.caller_traps",
        group: "sweep",
        description: "This caller has called numbers that nobody holds.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(3_200),
        gauge: Gauge::Linear { feature: Feature::CallerTraps, low: 400, high: 3000 },
        evidence: "{} thousandths of a call to numbers that nobody holds, decayed",
        speaks: &[(Feature::CallerTraps, 2000)],
        silent: &[(Feature::CallerTraps, 400)],
    },
    Signal {
        name: "sweep.tsi_traps",
        group: "sweep",
        description: "Calls under this TSI went to numbers that nobody holds.",
        direction: Some(Direction::Inbound),
        stage: "handshake",
        weight: Score(2_400),
        gauge: Gauge::Rule { feature: Feature::TsiTraps, above: 400, rule: tsi_traps },
        evidence: "{} thousandths of a call under this TSI to numbers that nobody holds, decayed",
        speaks: &[(Feature::TsiTraps, 2000), (Feature::TsiClass, 4)],
        silent: &[(Feature::TsiTraps, 2000), (Feature::TsiClass, 3)],
    },
    Signal {
        name: "sweep.short_calls",
        group: "sweep",
        description: "Most calls of this caller end at once or without a page: it looks for fax machines, it does not send.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(2_000),
        gauge: Gauge::Rule { feature: Feature::CallerShortShare, above: 500, rule: short_calls },
        evidence: "{} thousandths of this caller's calls brought no page",
        speaks: &[(Feature::CallerShort, 6000), (Feature::CallerShortShare, 900)],
        silent: &[(Feature::CallerShort, 6000), (Feature::CallerShortShare, 100)],
    },
];

/// Only a TSI that somebody chose stands for one sender.
fn tsi_traps(features: &Features) -> (u16, i64) {
    let strength = if named(features) {
        linear_strength(features.get(Feature::TsiTraps), 400, 3_000)
    } else {
        0
    };
    (strength, i64::from(features.get(Feature::TsiTraps)))
}

/// A share needs calls to be a share of.
fn short_calls(features: &Features) -> (u16, i64) {
    let strength = if features.get(Feature::CallerShort) >= 2_500 {
        linear_strength(features.get(Feature::CallerShortShare), 500, 900)
    } else {
        0
    };
    (strength, i64::from(features.get(Feature::CallerShortShare)))
}
