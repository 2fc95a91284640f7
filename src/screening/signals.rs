//! Signals: named pieces of evidence, one catalog. Help, policy check, docs and tests all read this list.

mod campaign;
mod hours;
mod identity;
mod outbound;
mod relation;
mod reputation;
mod shape;
mod sweep;
mod volume;

use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::RandomState;

use crate::fax::stage::Direction;
use crate::features::{FEATURE_COUNT, Feature, Features, each_place};
use crate::policy::SignalSpec;
use crate::verdict::{Name, Score, name_digest};

/// A signal: what it is, when it speaks, and the proof that it does.
#[derive(Clone, Copy)]
pub struct Signal {
    /// `group.name`, stable: policies, ledger rows and metrics name it.
    pub name: &'static str,
    /// The group whose cap it shares.
    pub group: &'static str,
    /// What it sees and why that is evidence.
    pub description: &'static str,
    /// Which way the fax goes; `None` is both.
    pub direction: Option<Direction>,
    /// The earliest stage it can speak at.
    pub stage: &'static str,
    /// Weight at full strength, in thousandths of log-odds; negative speaks for a wanted fax.
    pub weight: Score,
    /// The number it goes by, and how strong it is.
    pub gauge: Gauge,
    /// Evidence in words; `{}` is where the number goes.
    pub evidence: &'static str,
    /// Features that make it speak at full or some strength: tested.
    pub speaks: &'static [(Feature, i32)],
    /// Features that leave it silent: tested.
    pub silent: &'static [(Feature, i32)],
}

/// How a feature becomes a strength of 0 to 1000.
#[derive(Clone, Copy)]
pub enum Gauge {
    /// Full strength when the feature is not zero.
    Flag(Feature),
    /// Full strength when the feature has this value.
    Equals(Feature, i32),
    /// From nothing at `low` to full at `high`, by the logarithm: counts have heavy tails.
    Log {
        /// The feature.
        feature: Feature,
        /// Last value without a say.
        low: i32,
        /// First value at full strength.
        high: i32,
    },
    /// In proportion, from nothing at `low` to full at `high`.
    Linear {
        /// The feature.
        feature: Feature,
        /// Last value without a say.
        low: i32,
        /// First value at full strength.
        high: i32,
    },
    /// Whatever a rule of its own says, where the feature it hangs on most is beyond a number: a rule is a call, and four of
    /// five have nothing to say.
    Rule {
        /// The feature.
        feature: Feature,
        /// Last value without a say, zero or more.
        above: i32,
        /// Strength and the number to show.
        rule: fn(&Features) -> (u16, i64),
    },
}

/// Full strength.
pub const FULL: u16 = 1_000;

impl Gauge {
    /// The feature that must not be zero for it to speak; `None` where zero may speak.
    const fn needs(&self) -> Option<Feature> {
        match *self {
            Self::Flag(feature) => Some(feature),
            Self::Equals(feature, value) if value != 0 => Some(feature),
            Self::Log { feature, low, .. }
            | Self::Linear { feature, low, .. }
            | Self::Rule { feature, above: low, .. }
                if low >= 0 =>
            {
                Some(feature)
            }
            Self::Equals(..) | Self::Log { .. } | Self::Linear { .. } | Self::Rule { .. } => None,
        }
    }

    /// Strength, 0 to 1000, and the number it goes by.
    #[inline]
    pub fn read(&self, features: &Features) -> (u16, i64) {
        match *self {
            Self::Flag(feature) => (if features.is(feature) { FULL } else { 0 }, 1),
            Self::Equals(feature, value) => {
                (if features.get(feature) == value { FULL } else { 0 }, i64::from(value))
            }
            Self::Log { feature, low, high } => {
                let value = features.get(feature);
                (log_strength(value, low, high), i64::from(value))
            }
            Self::Linear { feature, low, high } => {
                let value = features.get(feature);
                (linear_strength(value, low, high), i64::from(value))
            }
            Self::Rule { feature, above, rule } if features.get(feature) > above => rule(features),
            Self::Rule { .. } => (0, 0),
        }
    }
}

/// Where `value` lies between `low` (0) and `high` (1000), in proportion.
pub(super) fn linear_strength(value: i32, low: i32, high: i32) -> u16 {
    debug_assert!(low < high);
    let span = i64::from(high) - i64::from(low);
    let above = (i64::from(value) - i64::from(low)).clamp(0, span);
    u16::try_from(above * i64::from(FULL) / span).unwrap_or(FULL)
}

/// Where `value` lies between `low` (0) and `high` (1000), by the logarithm to base 2 in integers.
pub(super) fn log_strength(value: i32, low: i32, high: i32) -> u16 {
    if value <= low {
        return 0;
    }
    linear_strength(log2_milli(value), log2_milli(low), log2_milli(high))
}

/// Thousandths of the base-2 logarithm of a count, 0 for counts below 1: exact at powers of two and
/// linear between, which is all a strength needs and the same on every machine.
fn log2_milli(value: i32) -> i32 {
    let value = u32::try_from(value).unwrap_or(0).max(1);
    let whole = value.ilog2();
    let rest = u64::from(value) - (1u64 << whole);
    let fraction = (rest * 1_000) >> whole;
    i32::try_from(u64::from(whole) * 1_000 + fraction).unwrap_or(i32::MAX)
}

/// True when somebody chose the TSI: a factory default or nothing at all stands for no one sender.
pub(super) fn named(features: &Features) -> bool {
    matches!(features.get(Feature::TsiClass), 4 | 5)
}

/// The groups, in the order of the catalog.
pub const GROUPS: [&str; 9] = [
    "identity",
    "volume",
    "sweep",
    "relation",
    "time",
    "shape",
    "reputation",
    "outbound",
    "campaign",
];

const PARTS: [&[Signal]; 9] = [
    identity::SIGNALS,
    volume::SIGNALS,
    sweep::SIGNALS,
    relation::SIGNALS,
    hours::SIGNALS,
    shape::SIGNALS,
    reputation::SIGNALS,
    outbound::SIGNALS,
    campaign::SIGNALS,
];

/// How many signals there are.
pub const SIGNAL_COUNT: usize = {
    let mut count = 0;
    let mut part = 0;
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
};

/// The catalog.
pub static CATALOG: [&Signal; SIGNAL_COUNT] = {
    let mut catalog = [&identity::SIGNALS[0]; SIGNAL_COUNT];
    let (mut at, mut part) = (0, 0);
    while part < PARTS.len() {
        let mut item = 0;
        while item < PARTS[part].len() {
            catalog[at] = &PARTS[part][item];
            at += 1;
            item += 1;
        }
        part += 1;
    }
    catalog
};

/// What a score reads of each signal, by itself: the texts between them would push everything else out of the
/// processor's first cache.
pub(super) static GAUGES: [Gauge; SIGNAL_COUNT] = {
    let mut gauges = [CATALOG[0].gauge; SIGNAL_COUNT];
    let mut at = 0;
    while at < SIGNAL_COUNT {
        gauges[at] = CATALOG[at].gauge;
        at += 1;
    }
    gauges
};

/// The names of all signals, with their digests.
pub(super) static NAMES: [Name; SIGNAL_COUNT] = {
    let mut names = [Name::of(""); SIGNAL_COUNT];
    let mut at = 0;
    while at < SIGNAL_COUNT {
        names[at] = Name::of(CATALOG[at].name);
        at += 1;
    }
    names
};

/// Which signals may speak of a fax going one way, as bits by their place in the catalog. Most are silent, for the
/// want of one feature or below a threshold: two steps without a branch find that out, so that only those that speak
/// are read one by one.
pub(super) struct Wakers {
    /// Those that no one feature wakes.
    always: u128,
    /// Those that need a feature, by feature.
    by_feature: [u128; FEATURE_COUNT],
    /// Those with a threshold besides.
    bounded: u128,
}

/// Beyond `above`, up to `most`: where a signal may speak.
#[derive(Clone, Copy)]
struct Range {
    feature: Feature,
    above: i32,
    most: i32,
}

impl Range {
    /// The range of a gauge; `None` where it has none that says more than that the feature is not zero.
    const fn of(gauge: &Gauge) -> Option<Self> {
        match *gauge {
            Gauge::Equals(feature, value) if value > i32::MIN => {
                Some(Self { feature, above: value - 1, most: value })
            }
            Gauge::Log { feature, low, .. }
            | Gauge::Linear { feature, low, .. }
            | Gauge::Rule { feature, above: low, .. } => {
                Some(Self { feature, above: low, most: i32::MAX })
            }
            Gauge::Equals(..) | Gauge::Flag(_) => None,
        }
    }
}

impl Wakers {
    const fn of(direction: Direction) -> Self {
        let mut wakers = Self { always: 0, by_feature: [0; FEATURE_COUNT], bounded: 0 };
        let mut at = 0;
        while at < SIGNAL_COUNT {
            let Signal { direction: only, gauge, .. } = CATALOG[at];
            let mine = match only {
                Some(only) => *only as u8 == direction as u8,
                None => true,
            };
            let bit = if mine { 1 << at } else { 0 };
            match gauge.needs() {
                Some(feature) => wakers.by_feature[feature as usize] |= bit,
                None => wakers.always |= bit,
            }
            if Range::of(gauge).is_some() {
                wakers.bounded |= bit;
            }
            at += 1;
        }
        wakers
    }

    /// The signals that these features may make speak: all that will, and rules that may still be silent.
    pub(super) fn awake(direction: Direction, features: &Features) -> u128 {
        let wakers = match direction {
            Direction::Inbound => &INBOUND,
            Direction::Outbound => &OUTBOUND,
        };
        let mut awake = wakers.always;
        features.each(|feature| awake |= wakers.by_feature[feature]);
        let mut silent = 0;
        each_place(awake & wakers.bounded, |at| {
            let Range { feature, above, most } = RANGES[at];
            let value = features.get(feature);
            silent |= u128::from((value <= above) | (value > most)) << at;
        });
        awake & !silent
    }
}

static INBOUND: Wakers = Wakers::of(Direction::Inbound);
static OUTBOUND: Wakers = Wakers::of(Direction::Outbound);

static RANGES: [Range; SIGNAL_COUNT] = {
    let anything = Range { feature: Feature::Stage, above: i32::MIN, most: i32::MAX };
    let mut ranges = [anything; SIGNAL_COUNT];
    let mut at = 0;
    while at < SIGNAL_COUNT {
        if let Some(range) = Range::of(&CATALOG[at].gauge) {
            ranges[at] = range;
        }
        at += 1;
    }
    ranges
};

const _: () = assert!(SIGNAL_COUNT <= 128, "bits of `Wakers`");

/// What the policy's check must know of the catalog.
pub fn specs() -> Vec<SignalSpec> {
    CATALOG
        .iter()
        .map(|signal| SignalSpec {
            name: signal.name,
            group: signal.group,
            description: signal.description,
            default_weight: signal.weight,
        })
        .collect()
}

/// A sentence before its number, and after it where it has one.
pub type Sentence = (&'static str, Option<&'static str>);

/// The sentences of the catalog by the digest of the name: the served path asks for one a hit, some ten a verdict.
static BY_NAME: LazyLock<HashMap<u32, Sentence, RandomState>> = LazyLock::new(|| {
    let sentence = |signal: &&'static Signal| {
        let sentence = match signal.evidence.split_once("{}") {
            Some((before, after)) => (before, Some(after)),
            None => (signal.evidence, None),
        };
        (name_digest(signal.name), sentence)
    };
    CATALOG.iter().map(sentence).collect()
});

/// The sentence for a line of the score, around the number that counted.
pub fn evidence(name: Name) -> Sentence {
    let general = || match name.text() {
        "prior" => "before any evidence",
        name if name.starts_with("cap.") => "the group as a whole counts no more than its cap",
        name if name.starts_with("composite.") => "these signals mean more together",
        _ => "calibration",
    };
    BY_NAME.get(&name.digest()).copied().unwrap_or_else(|| (general(), None))
}

/// The catalog's name with that text, for rows read back from the ledger.
pub fn name_of(text: &str) -> Option<&'static str> {
    CATALOG.iter().map(|signal| signal.name).find(|name| *name == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn features(pairs: &[(Feature, i32)]) -> Features {
        let mut features = Features::default();
        for (feature, value) in pairs {
            features.set(*feature, *value);
        }
        features
    }

    #[test]
    fn every_signal_speaks_and_keeps_silent_as_it_says() {
        let mut names = HashSet::new();
        for signal in CATALOG {
            assert!(names.insert(signal.name), "{} stands twice", signal.name);
            assert!(GROUPS.contains(&signal.group), "{}", signal.name);
            assert!(signal.name.starts_with(&format!("{}.", signal.group)), "{}", signal.name);
            assert!(signal.description.len() > 20, "{} says nothing", signal.name);
            assert!(signal.evidence.matches("{}").count() <= 1, "{} has one number", signal.name);
            assert_ne!(signal.weight, Score(0), "{}", signal.name);
            assert!(signal.gauge.read(&features(signal.speaks)).0 > 0, "{} is dumb", signal.name);
            assert_eq!(signal.gauge.read(&features(signal.silent)).0, 0, "{}", signal.name);
            assert_eq!(
                signal.gauge.read(&Features::default()).0,
                0,
                "{} speaks of nothing",
                signal.name
            );
        }
    }

    #[test]
    fn whoever_speaks_is_awake() {
        for signal in CATALOG {
            for pairs in [signal.speaks, signal.silent, &[]] {
                let features = features(pairs);
                for direction in [Direction::Inbound, Direction::Outbound] {
                    let awake = Wakers::awake(direction, &features);
                    for (at, other) in CATALOG.iter().enumerate() {
                        let mine = other.direction.is_none_or(|only| only == direction);
                        let speaks = mine && other.gauge.read(&features).0 > 0;
                        assert!(!speaks || awake >> at & 1 == 1, "{} sleeps", other.name);
                    }
                }
            }
        }
    }

    #[test]
    fn strengths_grow_from_low_to_high() {
        assert_eq!(log_strength(4, 4, 64), 0);
        assert_eq!(log_strength(16, 4, 64), 500);
        assert_eq!(log_strength(64, 4, 64), 1_000);
        assert_eq!(log_strength(i32::MAX, 4, 64), 1_000);
        assert_eq!(linear_strength(-5, 0, 10), 0);
        assert_eq!(linear_strength(5, 0, 10), 500);
        let mut last = 0;
        for value in 0..2_000 {
            let now = log_strength(value, 3, 1_000);
            assert!(now >= last, "{value}");
            last = now;
        }
    }

    #[test]
    fn evidence_has_a_place_for_the_number() {
        let (before, after) = evidence(Name::of("volume.caller_fanout_1h"));
        assert!(!before.is_empty() && after.is_some());
        assert_eq!(evidence(Name::of("cap.volume")).1, None);
        assert_eq!(name_of("volume.caller_fanout_1h"), Some("volume.caller_fanout_1h"));
        assert_eq!(name_of("no.such"), None);
    }
}
