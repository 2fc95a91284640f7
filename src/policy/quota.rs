//! Quotas as people write them, `200 pages / day`, and as the limiter reads them: a rate, a period and a burst
//! whose products are known to fit.

use thiserror::Error;

use crate::fax::stage::Plan;
use crate::time::{DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS, Span};
use crate::verdict::{QuotaHolder, Resource};

/// Longest period, in seconds.
const PERIOD_SECONDS_MAX: u64 = 28 * DAY_SECONDS;
/// Longest time until a spent burst is back, in seconds.
const REFILL_SECONDS_MAX: u64 = 366 * DAY_SECONDS;
/// Most units of a rate or burst.
const UNITS_MAX: u64 = 1_000_000_000;

const PERIODS: [(&str, u64); 5] = [
    ("week", 7 * DAY_SECONDS),
    ("day", DAY_SECONDS),
    ("hour", HOUR_SECONDS),
    ("minute", MINUTE_SECONDS),
    ("second", 1),
];

/// An absolute limit: `rate` units come back evenly over each `period`, and at most `burst` can be had at once.
///
/// Checked: no part is zero, at most one unit comes back a microsecond, and `burst` times the period in
/// microseconds fits in an `i64`, so a limiter's arithmetic cannot overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    rate: u64,
    period: Span,
    burst: u64,
}

/// Names of the sections of quotas, in the order of their rows: plans, then holders beside members.
pub(super) const QUOTA_SECTIONS: [&str; 9] = [
    Plan::Unknown.name(),
    Plan::Free.name(),
    Plan::Plus.name(),
    Plan::Pro.name(),
    Plan::Corporate.name(),
    QuotaHolder::Organisation.name(),
    QuotaHolder::Number.name(),
    QuotaHolder::Trunk.name(),
    QuotaHolder::ApiKey.name(),
];

/// The row of a holder's quotas.
pub(super) const fn quota_row(holder: QuotaHolder, plan: Plan) -> usize {
    match holder {
        QuotaHolder::Member | QuotaHolder::Month => plan as usize,
        QuotaHolder::Organisation => 5,
        QuotaHolder::Number => 6,
        QuotaHolder::Trunk => 7,
        QuotaHolder::ApiKey => 8,
    }
}

/// Why a quota is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidQuota {
    /// Not of the form.
    #[error("not of the form `N unit / period` (such as \"200 pages / day\", or \"none\")")]
    Shape,
    /// The number is missing or too long.
    #[error("the count is no whole number (write 1 to {UNITS_MAX})")]
    Count,
    /// The unit is not that of the resource.
    #[error("the unit does not fit the resource (write {0})")]
    Unit(&'static str),
    /// No such period.
    #[error("no such period (write second, minute, hour, day, week or such as `2 hours`)")]
    Period,
    /// Some part is zero.
    #[error("a quota of zero stops everything (write \"none\" for no limit)")]
    Zero,
    /// Beyond what can be counted.
    #[error("too large to be counted (at most {UNITS_MAX} units, one a microsecond, 4 weeks)")]
    Overflow,
    /// The burst takes longer than a year to come back.
    #[error("a spent burst takes over a year to come back (lower the burst or raise the rate)")]
    Refill,
}

impl Quota {
    /// A checked quota.
    ///
    /// # Errors
    /// [`InvalidQuota`] where a part is zero, too large, or the burst is out of proportion.
    pub fn new(rate: u64, period: Span, burst: u64) -> Result<Self, InvalidQuota> {
        let micros = period.as_micros();
        if rate == 0 || burst == 0 || micros == 0 {
            return Err(InvalidQuota::Zero);
        }
        let counted =
            burst.checked_mul(micros).is_some_and(|product| i64::try_from(product).is_ok());
        let large =
            rate > UNITS_MAX || burst > UNITS_MAX || period.as_seconds() > PERIOD_SECONDS_MAX;
        if !counted || large || rate > micros {
            return Err(InvalidQuota::Overflow);
        }
        if burst * micros / rate > Span::seconds(REFILL_SECONDS_MAX).as_micros() {
            return Err(InvalidQuota::Refill);
        }
        Ok(Self { rate, period, burst })
    }

    /// Reads `N unit / period`; the burst is the rate.
    ///
    /// # Errors
    /// [`InvalidQuota`] says which part does not fit.
    pub fn parse(text: &str, resource: Resource) -> Result<Self, InvalidQuota> {
        let (amount, period) = text.split_once('/').ok_or(InvalidQuota::Shape)?;
        let (count, unit) = split_count(amount);
        let count = count.ok_or(InvalidQuota::Count)?;
        let scale = unit_scale(unit, resource).ok_or(InvalidQuota::Unit(unit_names(resource)))?;
        let rate = count.checked_mul(scale).ok_or(InvalidQuota::Overflow)?;
        let seconds = parse_period(period)?;
        Self::new(rate, Span::seconds(seconds), rate)
    }

    /// The same rate with another burst.
    ///
    /// # Errors
    /// As [`Quota::new`].
    pub fn with_burst(self, burst: u64) -> Result<Self, InvalidQuota> {
        Self::new(self.rate, self.period, burst)
    }

    /// Units that come back per period; at least 1.
    pub const fn rate(self) -> u64 {
        self.rate
    }

    /// The period; at least a second where it was read from text.
    pub const fn period(self) -> Span {
        self.period
    }

    /// The most that can be had at once; at least 1.
    pub const fn burst(self) -> u64 {
        self.burst
    }

    /// The quota as it stands in the file.
    pub fn write(self, resource: Resource) -> String {
        let seconds = self.period.as_seconds().max(1);
        let named = PERIODS.into_iter().find(|(_, unit)| seconds.is_multiple_of(*unit));
        let (name, unit) = named.unwrap_or(("second", 1));
        let period = match seconds / unit {
            1 => name.to_owned(),
            count => format!("{count} {name}s"),
        };
        let (count, noun) = match resource {
            Resource::LineSeconds if self.rate.is_multiple_of(MINUTE_SECONDS) => {
                (self.rate / MINUTE_SECONDS, "minutes")
            }
            Resource::LineSeconds => (self.rate, "seconds"),
            Resource::Faxes | Resource::Pages | Resource::Recipients => {
                (self.rate, resource.name())
            }
        };
        let rate = format!("\"{count} {noun} / {period}\"");
        if self.burst == self.rate {
            rate
        } else {
            format!("{{ rate = {rate}, burst = {} }}", self.burst)
        }
    }
}

/// The number at the beginning, `_` allowed between digits, and what follows.
fn split_count(text: &str) -> (Option<u64>, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let digits: String = text[..end].chars().filter(char::is_ascii_digit).collect();
    (digits.parse().ok(), text[end..].trim())
}

fn parse_period(text: &str) -> Result<u64, InvalidQuota> {
    let text = text.trim();
    let (count, name) = if text.starts_with(|c: char| c.is_ascii_digit()) {
        let (count, name) = split_count(text);
        (count.ok_or(InvalidQuota::Period)?, name)
    } else {
        (1, text)
    };
    let singular = name.strip_suffix('s').unwrap_or(name);
    let known = PERIODS.into_iter().find(|(period, _)| *period == singular);
    let (_, seconds) = known.ok_or(InvalidQuota::Period)?;
    seconds.checked_mul(count).ok_or(InvalidQuota::Overflow)
}

/// How many units of the resource one of that name is.
fn unit_scale(name: &str, resource: Resource) -> Option<u64> {
    match (resource, name) {
        (Resource::Faxes, "fax" | "faxes")
        | (Resource::Pages, "page" | "pages")
        | (Resource::Recipients, "recipient" | "recipients")
        | (Resource::LineSeconds, "second" | "seconds" | "line_seconds") => Some(1),
        (Resource::LineSeconds, "minute" | "minutes") => Some(MINUTE_SECONDS),
        (Resource::LineSeconds, "hour" | "hours") => Some(HOUR_SECONDS),
        _ => None,
    }
}

const fn unit_names(resource: Resource) -> &'static str {
    match resource {
        Resource::Faxes => "faxes",
        Resource::Pages => "pages",
        Resource::LineSeconds => "seconds, minutes or hours",
        Resource::Recipients => "recipients",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotas_read_as_people_write_them() {
        use InvalidQuota::{Count, Overflow, Period, Shape, Unit, Zero};
        use Resource::{Faxes, LineSeconds, Pages};
        let cases = [
            ("200 pages / day", Pages, Ok((200, 86_400))),
            ("1 page/second", Pages, Ok((1, 1))),
            ("1_000 faxes / 2 hours", Faxes, Ok((1_000, 7_200))),
            ("90 minutes / week", LineSeconds, Ok((5_400, 604_800))),
            ("200 pages", Pages, Err(Shape)),
            ("pages / day", Pages, Err(Count)),
            ("99999999999999999999 pages / day", Pages, Err(Count)),
            ("-5 pages / day", Pages, Err(Count)),
            ("200 pages / day", Faxes, Err(Unit("faxes"))),
            ("200 / day", Pages, Err(Unit("pages"))),
            ("200 pages / fortnight", Pages, Err(Period)),
            ("200 pages / ", Pages, Err(Period)),
            ("200 pages / day / day", Pages, Err(Period)),
            ("0 pages / day", Pages, Err(Zero)),
            ("200 pages / 0 days", Pages, Err(Zero)),
            ("200 pages / 99999999999999999 weeks", Pages, Err(Overflow)),
            ("18446744073709551615 hours / day", LineSeconds, Err(Overflow)),
            ("1000000000 pages / week", Pages, Err(Overflow)),
        ];
        for (text, resource, expected) in cases {
            let read = Quota::parse(text, resource);
            let expected = expected.map(|(rate, seconds)| (rate, Span::seconds(seconds)));
            assert_eq!(read.map(|quota| (quota.rate(), quota.period())), expected, "{text}");
        }
        let slow = Quota::new(1, Span::seconds(DAY_SECONDS), 1_000);
        assert_eq!(slow, Err(InvalidQuota::Refill));
    }

    #[test]
    fn every_row_of_quotas_has_the_name_of_its_holder() {
        for plan in Plan::ALL {
            assert_eq!(QUOTA_SECTIONS[quota_row(QuotaHolder::Member, plan)], plan.name());
        }
        for holder in QuotaHolder::ALL.into_iter().skip(1) {
            assert_eq!(QUOTA_SECTIONS[quota_row(holder, Plan::Pro)], holder.name());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_quota_or_a_reason(text in "\\PC{0,40}", which in 0..4_usize) {
            let _ = Quota::parse(&text, Resource::ALL[which]);
        }

        #[test]
        fn what_is_written_reads_back(rate in 1..1_000_000_u64, hours in 1..100_u64, which in 0..4_usize) {
            let resource = Resource::ALL[which];
            if let Ok(quota) = Quota::new(rate, Span::seconds(hours * HOUR_SECONDS), rate) {
                let text = quota.write(resource);
                prop_assert_eq!(Quota::parse(text.trim_matches('"'), resource), Ok(quota));
            }
        }
    }
}
