//! One line of the log: its fields, and what each of them says.

use std::borrow::Cow;

use super::{CivilMinute, Dialect, JobInfo, LogText, TransferKind, XferFault, XferRecord};
use crate::bounds::PAGES_MAX;
use crate::content::tiff::{Coding, Dcs, SessionParams};

const FIELDS: usize = 19;
const FIELDS_PLUS: usize = 20;

/// The fields of a line, their outer quotes taken off.
pub(super) struct Fields<'a>(Vec<Cow<'a, str>>);

impl<'a> Fields<'a> {
    /// Splits a line at its tabs. HylaFAX escapes nothing but the job tag, so a tab or a quote can
    /// be part of a quoted field: such a field ends only at a quote before a tab or the line's end.
    pub(super) fn split(line: &'a [u8]) -> Result<Self, XferFault> {
        let mut fields = Vec::with_capacity(FIELDS_PLUS);
        let mut rest = Some(line);
        while let Some(from) = rest {
            if fields.len() == FIELDS_PLUS {
                return Err(XferFault::FieldCount { fields: FIELDS_PLUS + 1 });
            }
            let (field, after) = match from {
                [b'"', quoted @ ..] => {
                    closed(quoted).ok_or(XferFault::QuoteOpen { field: fields.len() + 1 })?
                }
                _ => match from.iter().position(|byte| *byte == b'\t') {
                    Some(tab) => (from.get(..tab), from.get(tab + 1..)),
                    None => (Some(from), None),
                },
            };
            fields.push(String::from_utf8_lossy(field.unwrap_or_default()));
            rest = after;
        }
        match fields.len() {
            FIELDS | FIELDS_PLUS => Ok(Self(fields)),
            fields => Err(XferFault::FieldCount { fields }),
        }
    }

    /// A field by its number from 1 on; empty beyond the last.
    fn field(&self, number: usize) -> &str {
        self.0.get(number - 1).map_or("", |field| field)
    }

    fn text(&self, number: usize) -> Option<LogText> {
        LogText::read(self.field(number))
    }

    /// The text of a field that gofaxip puts into quotes of its own.
    fn caller(&self, number: usize) -> Option<LogText> {
        let field = self.field(number);
        LogText::read(inner_quotes(field).unwrap_or(field))
    }

    fn number(&self, field: usize) -> Result<u32, XferFault> {
        digits(self.field(field)).ok_or(XferFault::Number { field })
    }

    fn dialect(&self) -> Dialect {
        let quotes_twice = [15, 16].iter().any(|field| inner_quotes(self.field(*field)).is_some());
        let pads_hours = self.field(12).len() == 8 && self.field(12).starts_with('0');
        if self.0.len() == FIELDS_PLUS {
            Dialect::HylaFaxPlus
        } else if quotes_twice || pads_hours || coding_name(self.field(19)).is_some() {
            Dialect::GofaxIp
        } else {
            Dialect::HylaFax
        }
    }
}

/// A quoted field and what follows it, given what follows its opening quote.
type Split<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

fn closed(quoted: &[u8]) -> Option<Split<'_>> {
    let close = quoted.windows(2).position(|pair| pair == b"\"\t");
    match close {
        Some(close) => Some((quoted.get(..close), quoted.get(close + 2..))),
        None => quoted.strip_suffix(b"\"").map(|field| (Some(field), None)),
    }
}

fn inner_quotes(field: &str) -> Option<&str> {
    field.strip_prefix('"')?.strip_suffix('"')
}

/// Says what the fields say.
pub(super) fn record(fields: &Fields<'_>) -> Result<XferRecord, XferFault> {
    let dialect = fields.dialect();
    let word = fields.number(10)?;
    let params = match dialect {
        Dialect::GofaxIp => SessionParams::from_gofaxip_word(word, coding_name(fields.field(19))),
        Dialect::HylaFax | Dialect::HylaFaxPlus => SessionParams::from_hylafax_word(word),
    };
    let pages = fields.number(11)?;
    if pages > PAGES_MAX {
        return Err(XferFault::TooManyPages { field: 11 });
    }
    Ok(XferRecord {
        dialect,
        when: civil_minute(fields.field(1)).ok_or(XferFault::Date { field: 1 })?,
        kind: kind(fields.field(2)).ok_or(XferFault::Kind { field: 2 })?,
        commid: fields.text(3),
        device: fields.text(4),
        job: fields.text(5),
        jobtag: LogText::read(&fields.field(6).replace("\\\"", "\"")),
        sender: fields.text(7),
        destination: fields.text(8),
        station: fields.text(9),
        params,
        pages,
        job_seconds: seconds(fields.field(12)).ok_or(XferFault::Duration { field: 12 })?,
        connect_seconds: seconds(fields.field(13)).ok_or(XferFault::Duration { field: 13 })?,
        reason: fields.text(14),
        cid_name: fields.caller(15),
        cid_number: fields.caller(16),
        call_ids: call_ids(fields.field(17)),
        owner: fields.text(18),
        dcs: Dcs::parse(fields.field(19).as_bytes()),
        job_info: match fields.field(20) {
            "" => None,
            counters => Some(job_info(counters).ok_or(XferFault::JobInfo { field: 20 })?),
        },
    })
}

fn kind(field: &str) -> Option<TransferKind> {
    Some(match field {
        "RECV" => TransferKind::Receive,
        "SEND" => TransferKind::Send,
        "CALL" => TransferKind::Call,
        "POLL" => TransferKind::Poll,
        "PAGE" => TransferKind::Page,
        "UNSENT" => TransferKind::Unsent,
        "PROXY" => TransferKind::Proxy,
        _ => return None,
    })
}

/// Digits and nothing else, as a number of 32 bits.
fn digits(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// `MM/DD/YY HH:MM`.
fn civil_minute(field: &str) -> Option<CivilMinute> {
    let (date, time) = field.split_once(' ')?;
    let [month, day, year] = numbers(date, '/')?;
    let [hour, minute] = numbers(time, ':')?;
    let year = match year {
        0..=68 => 2000 + year,
        69..=99 => 1900 + year,
        _ => return None,
    };
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && year != 1900 => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 {
        return None;
    }
    Some(CivilMinute {
        year: u16::try_from(year).ok()?,
        month: u8::try_from(month).ok()?,
        day: u8::try_from(day).ok()?,
        hour: u8::try_from(hour).ok()?,
        minute: u8::try_from(minute).ok()?,
    })
}

/// `H:MM:SS`, with as many hour digits as there are.
fn seconds(field: &str) -> Option<u32> {
    let [hours, minutes, seconds] = numbers(field, ':')?;
    if minutes > 59 || seconds > 59 {
        return None;
    }
    hours.checked_mul(3_600)?.checked_add(minutes * 60 + seconds)
}

/// Exactly `N` numbers with `separator` between them.
fn numbers<const N: usize>(text: &str, separator: char) -> Option<[u32; N]> {
    let mut numbers = [0; N];
    let mut parts = text.split(separator);
    for number in &mut numbers {
        *number = digits(parts.next()?)?;
    }
    if parts.next().is_none() { Some(numbers) } else { None }
}

fn job_info(field: &str) -> Option<JobInfo> {
    let [total_pages, tries, dials, total_dials, max_dials, total_tries, max_tries] =
        numbers(field, '/')?;
    Some(JobInfo { total_pages, tries, dials, total_dials, max_dials, total_tries, max_tries })
}

/// The call identifications that are there, joined by `::` in the log.
fn call_ids(field: &str) -> Vec<LogText> {
    LogText::read(field)
        .map(|field| field.as_str().split("::").filter_map(LogText::read).collect())
        .unwrap_or_default()
}

/// The coding of a name that FreeSWITCH gives, which gofaxip writes in place of the DCS.
fn coding_name(field: &str) -> Option<Coding> {
    Some(match field {
        "T.4 1-D" => Coding::Mh,
        "T.4 2-D" => Coding::Mr,
        "T.6" => Coding::Mmr,
        "T.85" | "T.85(L0)" | "T.43" => Coding::Jbig,
        "T.42" | "sYCC T.42" | "T.81+T.42" | "T.81+sYCC" | "JPEG" => Coding::Jpeg,
        _ => return None,
    })
}
