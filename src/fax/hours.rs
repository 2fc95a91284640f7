//! Local hours: what the clocks show where a number rings, and when a fax may be sent there.

mod law;
mod month;
mod zone;

pub use law::{Jurisdiction, QuietHours, Standing};
pub use month::Month;
pub use zone::{ZoneId, zones_digest};

use crate::time::Timestamp;

/// Minutes in a day.
pub const DAY_MINUTES: u16 = 1_440;
/// How far ahead a next allowed instant is looked for: a week, and a day for what a clock change shifts.
const SEARCH_SECONDS: i64 = 8 * 86_400;
/// Most moves of the search in one zone; a zone has at most one window a day and few clock changes.
const MOVES_PER_ZONE: usize = 32;

/// What the clocks of a set of zones show at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalHours {
    /// Smallest local minute of the day over the zones, 0 to 1,439.
    pub earliest_minute: u16,
    /// Largest local minute of the day over the zones, 0 to 1,439.
    pub latest_minute: u16,
    /// In which of the zones it is Saturday or Sunday.
    pub weekend: Weekend,
}

/// In which zones of a set it is Saturday or Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weekend {
    /// In none of them.
    Nowhere,
    /// In some, not in all.
    Somewhere,
    /// In all of them.
    Everywhere,
}

/// Whether an instant is allowed in every zone a number may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hours {
    /// Allowed in every zone; so is any instant for an empty set of zones, of which nothing is known.
    Allowed,
    /// Quiet in at least one zone.
    Quiet {
        /// The next instant that is allowed in all zones, to the second.
        until: Timestamp,
    },
    /// Quiet now, and no instant of the next eight days is allowed in all zones: they lie too far
    /// apart, as London, Los Angeles and Guam do. (A North American toll-free number, from Guam to
    /// Newfoundland, still has an hour or two a day.)
    Never,
}

/// A second of local time, taken apart.
#[derive(Clone, Copy)]
struct Local {
    /// Days since 1970-01-01 on the local calendar.
    day: i64,
    /// Seconds since local midnight.
    second: i64,
}

impl Local {
    fn at(second: i64, offset: i32) -> Self {
        let local = second.saturating_add(i64::from(offset));
        Self { day: local.div_euclid(86_400), second: local.rem_euclid(86_400) }
    }

    fn minute(self) -> u16 {
        u16::try_from(self.second / 60).unwrap_or(0)
    }

    /// Day of the week, Sunday being 0: 1970-01-01 was a Thursday.
    fn weekday(self) -> usize {
        weekday(self.day)
    }
}

fn weekday(day: i64) -> usize {
    usize::try_from(day.saturating_add(4).rem_euclid(7)).unwrap_or(0)
}

impl LocalHours {
    /// What the clocks of `zones` show at `at`; `None` for an empty set.
    #[must_use]
    pub fn at(zones: &[ZoneId], at: Timestamp) -> Option<Self> {
        let second = at.as_seconds();
        let (mut earliest, mut latest, mut weekends) = (DAY_MINUTES, 0, 0);
        for zone in zones {
            let local = Local::at(second, zone.offset(second).seconds);
            earliest = earliest.min(local.minute());
            latest = latest.max(local.minute());
            weekends += usize::from(matches!(local.weekday(), 0 | 6));
        }
        let weekend = match weekends {
            0 => Weekend::Nowhere,
            some if some < zones.len() => Weekend::Somewhere,
            _ => Weekend::Everywhere,
        };
        (!zones.is_empty()).then_some(Self {
            earliest_minute: earliest,
            latest_minute: latest,
            weekend,
        })
    }
}

/// Whether `at` is an allowed hour under the rule of `jurisdiction` in every one of `zones`, and
/// when the next one is. About 50 ns for the one zone that nearly every geographic number has; a
/// toll-free number of North America has 42 and costs in proportion.
#[must_use]
pub fn allowed(jurisdiction: Jurisdiction, zones: &[ZoneId], at: Timestamp) -> Hours {
    jurisdiction.rule().check(zones, at)
}

impl QuietHours {
    /// Whether `at` is allowed in every one of `zones`, and the next instant that is.
    ///
    /// The search moves to the next instant allowed in a zone that forbids the present one, until no
    /// zone forbids it. No move passes an instant allowed in all, so the first found is the next.
    #[must_use]
    pub fn check(&self, zones: &[ZoneId], at: Timestamp) -> Hours {
        let asked = at.as_seconds();
        let last = asked.saturating_add(SEARCH_SECONDS);
        let mut second = asked;
        for _ in 0..=zones.len().saturating_mul(MOVES_PER_ZONE) {
            let moved = zones.iter().fold(second, |second, zone| self.next_in(*zone, second, last));
            if moved > last {
                return Hours::Never;
            }
            if moved == second && moved == asked {
                return Hours::Allowed;
            }
            if moved == second {
                return Hours::Quiet { until: Timestamp::from_seconds(moved) };
            }
            second = moved;
        }
        Hours::Never
    }

    /// The allowed minutes of the day that the clocks of `zone` show at `at`: the first, and the one after the
    /// last.
    #[must_use]
    pub fn minutes_of_day(&self, zone: ZoneId, at: Timestamp) -> (u16, u16) {
        let second = at.as_seconds();
        let local = Local::at(second, zone.offset(second).seconds);
        let window = self.window(local.weekday());
        (window.from, window.until)
    }

    /// The first second at or after `second` that one zone allows, or one beyond `last`. Within a
    /// stretch of one offset local time runs evenly, so the answer is a sum; where it lies beyond the
    /// stretch, the question is put again at the clock change. Hours that a change skips or repeats,
    /// and days that a move across the date line drops, need no case of their own.
    fn next_in(&self, zone: ZoneId, second: i64, last: i64) -> i64 {
        let mut second = second;
        while second <= last {
            let offset = zone.offset(second);
            let next = self.next_at_offset(second, offset.seconds);
            if next < offset.until {
                return next;
            }
            second = offset.until;
        }
        second
    }

    /// The first allowed second at or after `second` while the offset stays as it is; `i64::MAX`
    /// where no weekday has allowed hours.
    fn next_at_offset(&self, second: i64, offset: i32) -> i64 {
        let local = Local::at(second, offset);
        for ahead in 0..=7 {
            let window = self.window(weekday(local.day.saturating_add(ahead)));
            let begins = i64::from(window.from) * 60 + ahead * 86_400;
            let ends = i64::from(window.until) * 60 + ahead * 86_400;
            if local.second < ends && begins < ends {
                return second.saturating_add((begins - local.second).max(0));
            }
        }
        i64::MAX
    }
}

#[cfg(test)]
mod tests;
