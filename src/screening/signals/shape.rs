//! What the fax looks like from outside: pages, sizes, line time.

use super::{FULL, Gauge, Signal};
use crate::fax::stage::Direction;
use crate::features::{Feature, Features};
use crate::verdict::Score;

/// The signals of this group.
pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        name: "shape.one_page",
        group: "shape",
        description: "One page of ordinary size from a sender not seen before: so look flyers, and many wanted faxes.",
        direction: Some(Direction::Inbound),
        stage: "received",
        weight: Score(300),
        gauge: Gauge::Rule { feature: Feature::PageBytesMean, above: 999, rule: one_page },
        evidence: "a single page of {} bytes",
        speaks: &[(Feature::Stage, 4), (Feature::Pages, 1), (Feature::PageBytesMean, 9000)],
        silent: &[(Feature::Stage, 4), (Feature::Pages, 3), (Feature::PageBytesMean, 9000)],
    },
    Signal {
        name: "shape.tiny_pages",
        group: "shape",
        description: "Pages that hold next to nothing: all black or all blank.",
        direction: Some(Direction::Inbound),
        stage: "page",
        weight: Score(1_600),
        gauge: Gauge::Linear { feature: Feature::TinyPages, low: 1, high: 6 },
        evidence: "{} pages below 1000 bytes",
        speaks: &[(Feature::TinyPages, 5)],
        silent: &[(Feature::TinyPages, 1)],
    },
    Signal {
        name: "shape.looped_page",
        group: "shape",
        description: "Page after page of the very same size: a loop of paper or a fax bomb.",
        direction: Some(Direction::Inbound),
        stage: "page",
        weight: Score(4_500),
        gauge: Gauge::Linear { feature: Feature::EqualPages, low: 3, high: 10 },
        evidence: "{} pages of the very same size in a row",
        speaks: &[(Feature::EqualPages, 8)],
        silent: &[(Feature::EqualPages, 3)],
    },
    Signal {
        name: "shape.rows_beyond_paper",
        group: "shape",
        description: "A page longer than any paper.",
        direction: Some(Direction::Inbound),
        stage: "page",
        weight: Score(1_800),
        gauge: Gauge::Linear { feature: Feature::RowsMax, low: 4500, high: 12000 },
        evidence: "a page of {} rows",
        speaks: &[(Feature::RowsMax, 11000)],
        silent: &[(Feature::RowsMax, 4400)],
    },
    Signal {
        name: "shape.slow_page",
        group: "shape",
        description: "A page that holds the line for minutes.",
        direction: Some(Direction::Inbound),
        stage: "page",
        weight: Score(2_800),
        gauge: Gauge::Linear { feature: Feature::PageSecondsMax, low: 90, high: 300 },
        evidence: "a page took {} s",
        speaks: &[(Feature::PageSecondsMax, 280)],
        silent: &[(Feature::PageSecondsMax, 60)],
    },
    Signal {
        name: "shape.heavy_page",
        group: "shape",
        description: "A page far larger than any text or drawing: dither or noise.",
        direction: Some(Direction::Inbound),
        stage: "page",
        weight: Score(2_000),
        gauge: Gauge::Linear { feature: Feature::PageBytesMax, low: 150000, high: 500000 },
        evidence: "a page of {} bytes",
        speaks: &[(Feature::PageBytesMax, 490000)],
        silent: &[(Feature::PageBytesMax, 60000)],
    },
    Signal {
        name: "shape.many_pages",
        group: "shape",
        description: "Far more pages than faxes have.",
        direction: Some(Direction::Inbound),
        stage: "page",
        weight: Score(2_500),
        gauge: Gauge::Log { feature: Feature::Pages, low: 60, high: 600 },
        evidence: "{} pages",
        speaks: &[(Feature::Pages, 400)],
        silent: &[(Feature::Pages, 60)],
    },
    Signal {
        name: "shape.color",
        group: "shape",
        description: "Colour was asked for, which the service does not offer and exploits have used (CVE-2018-5924, -5925).",
        direction: Some(Direction::Inbound),
        stage: "handshake",
        weight: Score(1_300),
        gauge: Gauge::Flag(Feature::Color),
        evidence: "colour was asked for",
        speaks: &[(Feature::Color, 1)],
        silent: &[(Feature::Jpeg, 1)],
    },
    Signal {
        name: "shape.jpeg",
        group: "shape",
        description: "JPEG or JBIG was asked for, which the service does not offer and exploits have used.",
        direction: Some(Direction::Inbound),
        stage: "handshake",
        weight: Score(1_300),
        gauge: Gauge::Flag(Feature::Jpeg),
        evidence: "a coding outside T.4 and T.6 was asked for",
        speaks: &[(Feature::Jpeg, 1)],
        silent: &[(Feature::Color, 1)],
    },
    Signal {
        name: "shape.slow_rate",
        group: "shape",
        description: "The session runs at the slowest rate there is.",
        direction: Some(Direction::Inbound),
        stage: "handshake",
        weight: Score(700),
        gauge: Gauge::Rule { feature: Feature::RateBps, above: 0, rule: slow_rate },
        evidence: "the session runs at {} bit/s",
        speaks: &[(Feature::RateBps, 2400)],
        silent: &[(Feature::RateBps, 9600)],
    },
    Signal {
        name: "shape.retrains",
        group: "shape",
        description: "Training is repeated over and over.",
        direction: Some(Direction::Inbound),
        stage: "handshake",
        weight: Score(1_400),
        gauge: Gauge::Linear { feature: Feature::Retrains, low: 2, high: 8 },
        evidence: "training was repeated {} times",
        speaks: &[(Feature::Retrains, 6)],
        silent: &[(Feature::Retrains, 2)],
    },
];

/// Only the whole fax tells that there was one page.
fn one_page(features: &Features) -> (u16, i64) {
    let strength = if features.get(Feature::Stage) == 4
        && features.get(Feature::Pages) == 1
        && (1_000..=20_000).contains(&features.get(Feature::PageBytesMean))
    {
        FULL
    } else {
        0
    };
    (strength, i64::from(features.get(Feature::PageBytesMean)))
}

/// 2400 bit/s is what V.27ter falls back to; nobody stays there by choice.
fn slow_rate(features: &Features) -> (u16, i64) {
    let strength = if (1..=2_400).contains(&features.get(Feature::RateBps)) { FULL } else { 0 };
    (strength, i64::from(features.get(Feature::RateBps)))
}
