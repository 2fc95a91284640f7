//! Quiet hours as data: which law or custom forbids which hours, and whether it speaks of fax at all.

use super::DAY_MINUTES;
use crate::fax::number::Number;

/// Whose rule on sending hours applies to a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Jurisdiction {
    /// The United States and its territories, Texas apart.
    UnitedStates,
    /// Texas, which has a rule for fax advertisements.
    Texas,
    /// Canada, whose telemarketing rules name fax.
    Canada,
    /// Anywhere else.
    Other,
}

/// How far a rule binds a fax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The law names fax.
    NamesFax,
    /// The law speaks of telephone solicitation; that a fax keep to it is by analogy.
    Analogy,
    /// No law: a courtesy of the house.
    Courtesy,
}

/// Allowed minutes of one day, from `from` up to and without `until`; none where both are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: u16,
    pub(super) until: u16,
}

/// Allowed hours of a week in the recipient's local time, and where they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    source: &'static str,
    standing: Standing,
    weekday: Window,
    weekend: Window,
}

/// 47 CFR 64.1200(c)(1): no telephone solicitation before 8 a.m. or after 9 p.m. at the called party's location.
const UNITED_STATES: QuietHours =
    law("47 CFR 64.1200(c)(1)", Standing::Analogy, (8 * 60, 21 * 60), (8 * 60, 21 * 60));
/// No solicitation to a facsimile recording device after 11 p.m. and before 7 a.m.
const TEXAS: QuietHours =
    law("Tex. Bus. & Com. Code 305.003", Standing::NamesFax, (7 * 60, 23 * 60), (7 * 60, 23 * 60));
/// Telemarketing, fax included: 9:00 to 21:30 on weekdays, 10:00 to 18:00 on Saturday and Sunday.
const CANADA: QuietHours = law(
    "CRTC Unsolicited Telecommunications Rules, Part III, 23",
    Standing::NamesFax,
    (9 * 60, 21 * 60 + 30),
    (10 * 60, 18 * 60),
);
/// The hours of the United States, kept elsewhere as good manners.
const OTHER: QuietHours =
    law("house custom", Standing::Courtesy, (8 * 60, 21 * 60), (8 * 60, 21 * 60));

const fn law(
    source: &'static str,
    standing: Standing,
    weekday: (u16, u16),
    weekend: (u16, u16),
) -> QuietHours {
    QuietHours {
        source,
        standing,
        weekday: Window { from: weekday.0, until: weekday.1 },
        weekend: Window { from: weekend.0, until: weekend.1 },
    }
}

/// Area codes of Texas in the North American plan.
const TEXAS_AREA_CODES: [u16; 29] = [
    210, 214, 254, 281, 325, 346, 361, 409, 430, 432, 469, 512, 621, 682, 713, 726, 737, 806, 817,
    830, 832, 903, 915, 936, 940, 945, 956, 972, 979,
];

impl Jurisdiction {
    /// Whose rule holds for a number in a region (ISO 3166, two letters, as in
    /// [`NumberFacts`](crate::fax::numbering::NumberFacts)). Texas shows in the area code.
    #[must_use]
    pub fn of(number: Number, region: [u8; 2]) -> Self {
        match &region {
            b"US" if is_texan(number) => Self::Texas,
            b"US" | b"PR" | b"VI" | b"GU" | b"AS" | b"MP" => Self::UnitedStates,
            b"CA" => Self::Canada,
            _ => Self::Other,
        }
    }

    /// Whose rule holds for a member whose jurisdiction the directory knows: `US`, `USTX`, `CA` and
    /// the like, padded with zeros. `None` where it is not known.
    #[must_use]
    pub const fn from_letters(letters: [u8; 4]) -> Option<Self> {
        match &letters {
            [0, 0, 0, 0] => None,
            b"USTX" => Some(Self::Texas),
            [b'U', b'S', ..] => Some(Self::UnitedStates),
            [b'C', b'A', ..] => Some(Self::Canada),
            _ => Some(Self::Other),
        }
    }

    /// The rule itself.
    #[must_use]
    pub const fn rule(self) -> &'static QuietHours {
        match self {
            Self::UnitedStates => &UNITED_STATES,
            Self::Texas => &TEXAS,
            Self::Canada => &CANADA,
            Self::Other => &OTHER,
        }
    }
}

fn is_texan(number: Number) -> bool {
    let area = (number.value() / 10_000_000).checked_sub(1_000);
    area.and_then(|area| u16::try_from(area).ok())
        .is_some_and(|area| TEXAS_AREA_CODES.contains(&area))
}

impl QuietHours {
    /// A rule of a member's or provider's own: the same allowed minutes of the day all week, from
    /// `from` up to `until`. `None` unless `from < until <= 1440`.
    #[must_use]
    pub fn daily(from: u16, until: u16) -> Option<Self> {
        let hours = law("own rule", Standing::Courtesy, (from, until), (from, until));
        (from < until && until <= DAY_MINUTES).then_some(hours)
    }

    /// The law or custom, as cited.
    #[must_use]
    pub const fn source(&self) -> &'static str {
        self.source
    }

    /// How far it binds a fax.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// The allowed window on a day of the week, Sunday being 0.
    pub(super) const fn window(&self, weekday: usize) -> Window {
        if matches!(weekday, 0 | 6) { self.weekend } else { self.weekday }
    }
}

const _: () = assert!(CANADA.weekday.until <= DAY_MINUTES && TEXAS.weekday.until <= DAY_MINUTES);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_rule_of_its_place() {
        for (number, region, jurisdiction) in [
            ("+12125550123", b"US", Jurisdiction::UnitedStates),
            ("+17135550123", b"US", Jurisdiction::Texas),
            ("+17875550123", b"PR", Jurisdiction::UnitedStates),
            ("+14165550123", b"CA", Jurisdiction::Canada),
            ("+46812345678", b"SE", Jurisdiction::Other),
            ("+17135550123", b"ZZ", Jurisdiction::Other),
        ] {
            let number = Number::parse(number).unwrap();
            assert_eq!(Jurisdiction::of(number, *region), jurisdiction);
        }
    }

    #[test]
    fn letters_of_the_directory_name_a_rule() {
        for (letters, jurisdiction) in [
            (b"USTX", Some(Jurisdiction::Texas)),
            (b"US\0\0", Some(Jurisdiction::UnitedStates)),
            (b"CAQC", Some(Jurisdiction::Canada)),
            (b"SE\0\0", Some(Jurisdiction::Other)),
            (b"\0\0\0\0", None),
        ] {
            assert_eq!(Jurisdiction::from_letters(*letters), jurisdiction);
        }
    }

    #[test]
    fn each_rule_says_where_it_comes_from() {
        for (jurisdiction, standing) in [
            (Jurisdiction::UnitedStates, Standing::Analogy),
            (Jurisdiction::Texas, Standing::NamesFax),
            (Jurisdiction::Canada, Standing::NamesFax),
            (Jurisdiction::Other, Standing::Courtesy),
        ] {
            assert_eq!(jurisdiction.rule().standing(), standing);
            assert!(!jurisdiction.rule().source().is_empty());
        }
        assert_eq!(QuietHours::daily(600, 600), None);
        assert_eq!(QuietHours::daily(600, 1_441), None);
        assert!(QuietHours::daily(0, 1_440).is_some());
    }
}
