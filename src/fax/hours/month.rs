//! Months of the calendar where somebody lives: in which one an instant is, and when it ends there.

use super::ZoneId;
use crate::time::Timestamp;

const DAY_SECONDS: i64 = 86_400;

/// A month of the calendar, counted from January 1970 on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(u16);

impl Month {
    /// The month that it is in a zone at an instant; `None` is UTC. What is before 1970 is in its first month.
    #[must_use]
    pub fn at(zone: Option<ZoneId>, at: Timestamp) -> Self {
        let second = at.as_seconds();
        Self::of_day((second + offset(zone, second)).div_euclid(DAY_SECONDS))
    }

    /// The month of that number.
    #[must_use]
    pub const fn from_number(number: u16) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The first instant at which the clocks of a zone show a later month. Where they are set back over its end they show it twice, and
    /// the first time counts; where they are set forward over it, the instant of that does.
    #[must_use]
    pub fn ends(self, zone: Option<ZoneId>) -> Timestamp {
        let local = first_day(self.0.saturating_add(1)) * DAY_SECONDS;
        let offsets = [-DAY_SECONDS, DAY_SECONDS].map(|beside| offset(zone, local + beside));
        let later = |second| Self::at(zone, Timestamp::from_seconds(second)) > self;
        let [mut before, mut after] =
            [local - offsets[0].max(offsets[1]), local - offsets[0].min(offsets[1])];
        if later(before) {
            return Timestamp::from_seconds(before);
        }
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if later(middle) {
                after = middle;
            } else {
                before = middle;
            }
        }
        Timestamp::from_seconds(after)
    }

    /// The month of a day since 1970-01-01 (Howard Hinnant's `civil_from_days`).
    fn of_day(day: i64) -> Self {
        let shifted = day + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        // Months of a year that begins in March.
        let month = (5 * of_year + 2) / 153;
        let (year, month) = if month < 10 { (year, month + 2) } else { (year + 1, month - 10) };
        let months = (year + era * 400 - 1_970) * 12 + month;
        Self(u16::try_from(months.clamp(0, i64::from(u16::MAX))).unwrap_or(0))
    }
}

/// Days from 1970-01-01 to the first of a month (`days_from_civil`).
fn first_day(month: u16) -> i64 {
    let (year, month) = (1_970 + i64::from(month / 12), i64::from(month % 12));
    // Counted from March on, so that a leap day comes last.
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn offset(zone: Option<ZoneId>, second: i64) -> i64 {
    zone.map_or(0, |zone| zone.offset(second).seconds.into())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn seconds(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_second()
    }

    #[test]
    fn a_month_ends_when_the_clocks_there_first_show_the_next() {
        for (zone, month, ends) in [
            ("Etc/UTC", 0, "1970-02-01T00:00:00Z"),
            ("America/New_York", 12 * 56 + 9, "2026-11-01T04:00:00Z"),
            // Summer time ends on the first of November, after midnight.
            ("America/New_York", 12 * 56 + 10, "2026-12-01T05:00:00Z"),
            ("Asia/Kathmandu", 12 * 56 + 1, "2026-02-28T18:15:00Z"),
            ("Pacific/Kiritimati", 12 * 50 + 1, "2020-02-29T10:00:00Z"),
            // Samoa left a day out at the end of 2011: its December ends as others do.
            ("Pacific/Apia", 12 * 41 + 11, "2011-12-31T10:00:00Z"),
            // Paraguay's clocks were set forward over midnight at the first of October 2017, and Moldova's no.
            ("America/Asuncion", 12 * 47 + 8, "2017-10-01T04:00:00Z"),
        ] {
            let zone = ZoneId::from_name(zone).unwrap();
            let found = Month::from_number(month).ends(Some(zone)).as_seconds();
            assert_eq!(found, seconds(ends), "{} {month}", zone.name());
        }
    }

    proptest! {
        #[test]
        fn months_are_those_of_the_calendar(second in 0_i64..4_000_000_000, which in 0_usize..6) {
            let name = ["America/New_York", "Europe/Lisbon", "Asia/Tehran", "Australia/Lord_Howe", "Africa/Casablanca", "America/Asuncion"][which];
            let zone = ZoneId::from_name(name).unwrap();
            let local = TimeZone::get(name).unwrap().to_datetime(jiff::Timestamp::from_second(second).unwrap());
            let month = Month::at(Some(zone), Timestamp::from_seconds(second));
            let number = (i32::from(local.year()) - 1970) * 12 + i32::from(local.month()) - 1;
            prop_assert_eq!(i32::from(month.number()), number.max(0));
            let ends = month.ends(Some(zone));
            prop_assert!(ends.as_seconds() > second || Month::at(Some(zone), ends) > month);
            prop_assert!(Month::at(Some(zone), ends) > month);
            let before = Timestamp::from_seconds(ends.as_seconds() - 1);
            prop_assert!(Month::at(Some(zone), before) <= month);
        }

        #[test]
        fn days_and_months_are_each_others_reverse(month in 0_u16..12 * 400) {
            prop_assert_eq!(Month::of_day(first_day(month)), Month(month));
            prop_assert_eq!(Month::of_day(first_day(month) - 1), Month(month.saturating_sub(1)));
            let (year, of_year) = (1970 + i16::try_from(month / 12).unwrap(), i8::try_from(month % 12 + 1).unwrap());
            let days = date(year, of_year, 1).since(date(1970, 1, 1)).unwrap().get_days();
            prop_assert_eq!(i64::from(days), first_day(month));
        }
    }
}
