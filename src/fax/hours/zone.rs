//! Time zones as two-byte names, and what the clock on the wall there shows at an instant.

use std::fmt;
use std::sync::{LazyLock, OnceLock};

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// An IANA time zone, as its place in the sorted list of the bundled tz database. Places move when
/// the database is renewed, so what is stored is the [`name`](ZoneId::name), never the place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneId(u16);

/// The stretch of time around an instant in which a zone keeps one offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    /// Seconds to add to UTC, from -93,599 to 93,599.
    pub(super) seconds: i32,
    /// First second, since the Unix epoch, at which the offset may be another one.
    pub(super) until: i64,
}

/// Transitions are worked out from 1970-01-01 on; an earlier instant gets the offset of that day.
const FIRST_SECOND: i64 = 0;
/// Transitions are worked out up to 2100-01-01; a later instant gets the offset of that day.
const LAST_SECOND: i64 = 4_102_444_800;

/// Every zone of the tz database that is compiled in, so that two nodes never differ by the files
/// of their machines. Sorted by name without regard to case.
static ZONES: LazyLock<Vec<Zone>> = LazyLock::new(|| {
    let database = TimeZoneDatabase::bundled();
    let mut zones: Vec<Zone> = database
        .available()
        .filter_map(|name| database.get(name.as_str()).ok())
        .filter_map(|rules| {
            let name: Box<str> = rules.iana_name()?.into();
            Some(Zone { name, rules, steps: OnceLock::new() })
        })
        .collect();
    zones.sort_by(|a, b| folded(&a.name).cmp(folded(&b.name)));
    zones
});

/// One zone: its rules, and the steps of its offset once somebody has asked for them.
struct Zone {
    name: Box<str>,
    rules: TimeZone,
    steps: OnceLock<Steps>,
}

/// A piecewise constant function, and for each stretch of about a hundred days the step that holds
/// at its beginning: a look-up finds the step at once, and rarely has to go on to the next. 10 kB.
struct Steps {
    steps: Box<[Offset]>,
    /// Places in `steps`.
    by_stretch: Box<[u16]>,
}

/// Logarithm to base 2 of the seconds in a stretch.
const STRETCH_BITS: u32 = 23;

fn folded(name: &str) -> impl Iterator<Item = u8> + '_ {
    name.bytes().map(|byte| byte.to_ascii_lowercase())
}

impl Steps {
    fn of(rules: &TimeZone) -> Self {
        let first = jiff::Timestamp::constant(FIRST_SECOND, 0);
        let mut steps = Vec::new();
        let mut seconds = rules.to_offset(first).seconds();
        for step in rules.following(first) {
            let until = step.timestamp().as_second();
            if until >= LAST_SECOND {
                break;
            }
            if seconds != step.offset().seconds() {
                steps.push(Offset { seconds, until });
                seconds = step.offset().seconds();
            }
        }
        steps.push(Offset { seconds, until: i64::MAX });
        let stretches = FIRST_SECOND >> STRETCH_BITS..=LAST_SECOND >> STRETCH_BITS;
        let place = |stretch| steps.partition_point(|step| step.until <= stretch << STRETCH_BITS);
        let by_stretch = stretches.map(|stretch| u16::try_from(place(stretch)).unwrap_or(0));
        Self { by_stretch: by_stretch.collect(), steps: steps.into() }
    }

    fn at(&self, second: i64) -> Offset {
        let stretch = second.clamp(FIRST_SECOND, LAST_SECOND) >> STRETCH_BITS;
        let place = usize::try_from(stretch).ok().and_then(|place| self.by_stretch.get(place));
        let steps = self.steps.get(usize::from(place.copied().unwrap_or(0))..).unwrap_or_default();
        let step = steps.iter().find(|step| step.until > second);
        step.copied().unwrap_or(Offset { seconds: 0, until: i64::MAX })
    }
}

/// Tells one list of zones from another: codes of zones may be read back only under the list they were
/// written under.
#[must_use]
pub fn zones_digest() -> u64 {
    static DIGEST: LazyLock<u64> = LazyLock::new(|| {
        let mut names = blake3::Hasher::new();
        ZONES.iter().for_each(|zone| {
            names.update(zone.name.as_bytes()).update(&[0]);
        });
        let [a, b, c, d, e, f, g, h, ..] = *names.finalize().as_bytes();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    });
    *DIGEST
}

impl ZoneId {
    /// The zone with that IANA name, upper and lower case alike, links such as `Asia/Calcutta`
    /// included; `None` where the tz database has no such name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let found = ZONES.binary_search_by(|zone| folded(&zone.name).cmp(folded(name))).ok()?;
        u16::try_from(found).ok().map(Self)
    }

    /// The IANA name: what is stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        ZONES.get(usize::from(self.0)).map_or("Etc/Unknown", |zone| &zone.name)
    }

    /// The zone as two bytes for memory that lives as long as the process: its place plus one, so
    /// that 0 is free to mean that none is known.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0 + 1
    }

    /// The zone with that [`code`](ZoneId::code); `None` for 0 and for codes of no zone.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        let place = code.checked_sub(1)?;
        (usize::from(place) < ZONES.len()).then_some(Self(place))
    }

    /// The offset in force at a second since the Unix epoch. Tens of nanoseconds; the first question
    /// to a zone works out its transitions and costs some fifty microseconds.
    pub(super) fn offset(self, second: i64) -> Offset {
        match ZONES.get(usize::from(self.0)) {
            Some(zone) => zone.steps.get_or_init(|| Steps::of(&zone.rules)).at(second),
            None => Offset { seconds: 0, until: i64::MAX },
        }
    }

    /// Seconds by which the wall clock there is ahead of UTC at a second since the Unix epoch.
    #[must_use]
    pub fn utc_offset_seconds(self, second: i64) -> i32 {
        self.offset(second).seconds
    }
}

impl fmt::Debug for ZoneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_found_whatever_their_case_and_strangers_are_not() {
        let stockholm = ZoneId::from_name("Europe/Stockholm").unwrap();
        assert_eq!(ZoneId::from_name("europe/STOCKHOLM"), Some(stockholm));
        assert_eq!(stockholm.name(), "Europe/Stockholm");
        assert_eq!(format!("{stockholm:?}"), "Europe/Stockholm");
        for link in ["Asia/Calcutta", "America/Buenos_Aires", "UTC", "Asia/Katmandu"] {
            assert_eq!(ZoneId::from_name(link).map(ZoneId::name), Some(link), "{link}");
        }
        for stranger in ["", "Europe", "Europe/Stockholm ", "../../etc/passwd", "Mars/Olympus"] {
            assert_eq!(ZoneId::from_name(stranger), None, "{stranger}");
        }
        assert_eq!(ZoneId::from_code(stockholm.code()), Some(stockholm));
        assert_eq!(ZoneId::from_code(0), None);
        assert_eq!(ZoneId::from_code(u16::MAX), None);
        assert!(ZONES.len() > 590);
        assert_eq!(size_of::<ZoneId>(), 2);
    }

    proptest! {
        #[test]
        fn steps_agree_with_the_rules_they_come_from(
            place in 0_u16..590, second in FIRST_SECOND..LAST_SECOND,
        ) {
            let zone = &ZONES[usize::from(place)];
            let offset = ZoneId(place).offset(second);
            let stamp = jiff::Timestamp::from_second(second).unwrap();
            prop_assert_eq!(offset.seconds, zone.rules.to_offset(stamp).seconds());
            prop_assert!(offset.until > second);
            if offset.until < LAST_SECOND {
                let (before, after) = (offset.until - 1, offset.until);
                prop_assert_eq!(ZoneId(place).offset(before), offset);
                prop_assert_ne!(ZoneId(place).offset(after).seconds, offset.seconds);
            }
        }

        #[test]
        fn any_name_is_answered(name in "\\PC*") {
            let _ = ZoneId::from_name(&name);
        }
    }
}
