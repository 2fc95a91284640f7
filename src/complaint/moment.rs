//! Times of others: RFC 3339 of JSON and tables, RFC 5322 of e-mail.

use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

use super::fault::Cause;
use crate::bounds::COMPLAINT_AHEAD_SECONDS;
use crate::time::{Span, Timestamp};

/// Reads an RFC 3339 time with its offset, as `2026-03-01T14:30:25.5+01:00`. Fractions beyond microseconds are cut.
pub(super) fn rfc3339(text: &str) -> Option<Timestamp> {
    let civil = text.get(..19).filter(|civil| fits(civil, "dddd-dd-ddTdd:dd:dd"))?;
    let mut rest = text.get(19..)?;
    let mut micros = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return None;
        }
        for place in 0..6 {
            let digit = fraction.as_bytes().get(place).filter(|_| place < digits);
            micros = micros * 10 + digit.map_or(0, |digit| i64::from(digit - b'0'));
        }
        rest = fraction.get(digits..)?;
    }
    // Jiff would take a second 60 for 59; the schema's formats have none.
    let civil: DateTime = civil.parse().ok().filter(|_| !civil.ends_with("60"))?;
    let utc = TimeZone::UTC.to_timestamp(civil).ok()?.as_microsecond();
    Some(Timestamp::from_micros(utc + micros - offset_seconds(rest)? * 1_000_000))
}

fn offset_seconds(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, clock) = text
        .strip_prefix('+')
        .map(|clock| (1, clock))
        .or_else(|| text.strip_prefix('-').map(|clock| (-1, clock)))?;
    if !fits(clock, "dd:dd") {
        return None;
    }
    let (hours, minutes) = clock.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// Whether a text is of that pattern: `d` is a digit, everything else itself.
fn fits(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            itself => byte == itself,
        })
}

/// Whether a text is a day of the calendar, as `2026-03-01`.
pub(super) fn is_day(text: &str) -> bool {
    fits(text, "dddd-dd-dd") && text.parse::<jiff::civil::Date>().is_ok()
}

/// Reads the date of an e-mail.
pub(super) fn rfc5322(text: &str) -> Option<Timestamp> {
    let time = rfc2822::parse(text.trim()).ok()?;
    Some(Timestamp::from_micros(time.timestamp().as_microsecond()))
}

/// Refuses what lies later than the present by more than clocks differ.
pub(super) fn not_ahead(time: Timestamp, now: Timestamp) -> Result<Timestamp, Cause> {
    if time > now.plus(Span::seconds(COMPLAINT_AHEAD_SECONDS)) {
        return Err(Cause::Future);
    }
    Ok(time)
}

/// Writes it as RFC 3339 in UTC; what no calendar of four-digit years holds is written as its end.
pub(super) fn to_rfc3339(time: Timestamp) -> String {
    within(time).to_string()
}

/// Writes it as RFC 5322 in UTC.
pub(super) fn to_rfc5322(time: Timestamp) -> String {
    let zoned = within(time).to_zoned_datetime(TimeZone::UTC);
    rfc2822::to_string(&zoned).unwrap_or_default()
}

fn within(time: Timestamp) -> jiff::Timestamp {
    // The years 0001 to 9998: every offset still leaves four digits.
    let micros = time.as_micros().clamp(-62_135_596_800_000_000, 253_370_764_800_000_000);
    jiff::Timestamp::from_microsecond(micros).unwrap_or_default()
}
