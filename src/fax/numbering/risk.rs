//! Where a fax earns money for whoever owns the number: premium rates and international revenue share.
//!
//! Two sources, kept apart: what a range *is* (a fact of the ITU's and the countries' plans), and where
//! traffic is often pumped (a judgement: short, coarse, and worth no more than a reason to look twice).

use super::LineKind;
use crate::fax::number::Number;

/// How likely a fax to a destination is meant to earn money for its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DestinationRisk {
    /// Nothing is known against it.
    Ordinary,
    /// Dearer than a call across a border, or often abused.
    Elevated,
    /// The called party is paid, or the network is that of a satellite or of no country.
    High,
}

/// Ranges by what they are, from ITU-T's list of assigned E.164 country codes.
const BY_PLAN: [(u64, DestinationRisk); 8] = [
    // Global shared cost service.
    (808, DestinationRisk::Elevated),
    // Inmarsat satellites.
    (870, DestinationRisk::High),
    // Universal personal telecommunication.
    (878, DestinationRisk::Elevated),
    // Global mobile satellite systems.
    (881, DestinationRisk::High),
    // International networks, of satellites, ships and aircraft among others.
    (882, DestinationRisk::High),
    (883, DestinationRisk::High),
    // Disaster relief, handed back: no call to it should complete.
    (888, DestinationRisk::High),
    // International premium rate service.
    (979, DestinationRisk::High),
];

/// A judgement, not a fact: small or poorly supervised plans whose ranges keep turning up in revenue
/// share and one-ring fraud (the North American ones are those the FCC warns of). Most faxes there
/// are honest, so the class is never more than elevated.
const BY_JUDGEMENT: [(u64, &str); 34] = [
    (1_268, "Antigua and Barbuda"),
    (1_284, "British Virgin Islands"),
    (1_473, "Grenada"),
    (1_649, "Turks and Caicos"),
    (1_664, "Montserrat"),
    (1_767, "Dominica"),
    (1_809, "Dominican Republic"),
    (1_829, "Dominican Republic"),
    (1_849, "Dominican Republic"),
    (1_876, "Jamaica"),
    (216, "Tunisia"),
    (220, "Gambia"),
    (222, "Mauritania"),
    (224, "Guinea"),
    (231, "Liberia"),
    (232, "Sierra Leone"),
    (235, "Chad"),
    (239, "Sao Tome and Principe"),
    (247, "Ascension"),
    (252, "Somalia"),
    (257, "Burundi"),
    (263, "Zimbabwe"),
    (269, "Comoros"),
    (53, "Cuba"),
    (500, "Falkland Islands"),
    (670, "Timor-Leste"),
    (674, "Nauru"),
    (675, "Papua New Guinea"),
    (677, "Solomon Islands"),
    (678, "Vanuatu"),
    (688, "Tuvalu"),
    (690, "Tokelau"),
    (850, "North Korea"),
    (960, "Maldives"),
];

impl DestinationRisk {
    /// The class of a number of that kind: the worst that anything says of it.
    #[must_use]
    pub fn of(number: Number, kind: LineKind) -> Self {
        let by_kind = match kind {
            LineKind::Premium => Self::High,
            LineKind::SharedCost | LineKind::Personal => Self::Elevated,
            LineKind::FixedLine
            | LineKind::Mobile
            | LineKind::FixedOrMobile
            | LineKind::TollFree
            | LineKind::Voip
            | LineKind::Pager
            | LineKind::Uan
            | LineKind::Voicemail
            | LineKind::Unknown => Self::Ordinary,
        };
        let by_range = BY_PLAN
            .iter()
            .copied()
            .chain(BY_JUDGEMENT.iter().map(|(prefix, _)| (*prefix, Self::Elevated)))
            .filter(|(prefix, _)| begins_with(number.value(), *prefix))
            .map(|(_, risk)| risk);
        // No kind of its own tells a caller free number from one of the lists, so a freephone
        // number in a listed plan is ordinary.
        if kind == LineKind::TollFree { by_kind } else { by_range.fold(by_kind, Self::max) }
    }
}

fn begins_with(digits: u64, prefix: u64) -> bool {
    let surplus = digits.ilog10().checked_sub(prefix.ilog10());
    surplus.is_some_and(|surplus| digits / 10_u64.pow(surplus) == prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_that_is_known_counts() {
        use DestinationRisk::{Elevated, High, Ordinary};
        for (number, kind, risk) in [
            ("+12125550123", LineKind::FixedOrMobile, Ordinary),
            ("+19005550123", LineKind::Premium, High),
            ("+979123456789", LineKind::Unknown, High),
            ("+881612345678", LineKind::Mobile, High),
            ("+14735550123", LineKind::FixedOrMobile, Elevated),
            ("+2399812345", LineKind::Mobile, Elevated),
            ("+2398001234", LineKind::TollFree, Ordinary),
            ("+3906698", LineKind::FixedLine, Ordinary),
            ("+530", LineKind::Unknown, Elevated),
            ("+447012345678", LineKind::Personal, Elevated),
        ] {
            assert_eq!(DestinationRisk::of(Number::parse(number).unwrap(), kind), risk, "{number}");
        }
    }
}
