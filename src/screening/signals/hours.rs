//! When it happens, where the recipient is.

use super::{Gauge, Signal};
use crate::features::Feature;
use crate::verdict::Score;

/// The signals of this group.
pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        name: "time.quiet_hours",
        group: "time",
        description: "It is outside the hours in which the recipient's jurisdiction allows such faxes.",
        direction: None,
        stage: "call-offered",
        weight: Score(500),
        gauge: Gauge::Flag(Feature::QuietHours),
        evidence: "it is quiet hours where the recipient is",
        speaks: &[(Feature::QuietHours, 1)],
        silent: &[(Feature::Stage, 1)],
    },
    Signal {
        name: "time.night",
        group: "time",
        description: "It is night where the recipient is; offices do not fax at night, dialers do.",
        direction: None,
        stage: "call-offered",
        weight: Score(500),
        gauge: Gauge::Flag(Feature::NightMinute),
        evidence: "it is night where the recipient is",
        speaks: &[(Feature::NightMinute, 1)],
        silent: &[(Feature::Stage, 1)],
    },
];
