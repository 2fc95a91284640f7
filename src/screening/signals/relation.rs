//! What member and correspondent are to each other.

use super::{Gauge, Signal};
use crate::fax::stage::Direction;
use crate::features::Feature;
use crate::verdict::Score;

/// The signals of this group.
pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        name: "relation.member_faxed",
        group: "relation",
        description: "The member has faxed this number: correspondence.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(-4_500),
        gauge: Gauge::Flag(Feature::MemberFaxed),
        evidence: "the member has faxed this number before",
        speaks: &[(Feature::MemberFaxed, 1)],
        silent: &[(Feature::MemberAccepted, 1)],
    },
    Signal {
        name: "relation.member_accepted",
        group: "relation",
        description: "The member has had faxes from this number before and did not report them.",
        direction: Some(Direction::Inbound),
        stage: "call-offered",
        weight: Score(-3_000),
        gauge: Gauge::Flag(Feature::MemberAccepted),
        evidence: "the member has accepted faxes from this number before",
        speaks: &[(Feature::MemberAccepted, 1)],
        silent: &[(Feature::MemberFaxed, 1)],
    },
    Signal {
        name: "relation.allowed",
        group: "relation",
        description: "The member allows this number.",
        direction: None,
        stage: "call-offered",
        weight: Score(-8_000),
        gauge: Gauge::Flag(Feature::ListAllow),
        evidence: "the member allows this number",
        speaks: &[(Feature::ListAllow, 1)],
        silent: &[(Feature::ListBlock, 1)],
    },
    Signal {
        name: "relation.blocked",
        group: "relation",
        description: "The member blocks this number.",
        direction: None,
        stage: "call-offered",
        weight: Score(8_000),
        gauge: Gauge::Flag(Feature::ListBlock),
        evidence: "the member blocks this number",
        speaks: &[(Feature::ListBlock, 1)],
        silent: &[(Feature::ListAllow, 1)],
    },
    Signal {
        name: "relation.opted_out",
        group: "relation",
        description: "The other side has opted out of faxes between the two, and one comes all the same.",
        direction: None,
        stage: "call-offered",
        weight: Score(4_500),
        gauge: Gauge::Flag(Feature::ListOptOut),
        evidence: "an opt-out is on file for this pair",
        speaks: &[(Feature::ListOptOut, 1)],
        silent: &[(Feature::ListAllow, 1)],
    },
];
