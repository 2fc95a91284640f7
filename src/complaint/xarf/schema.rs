//! XARF: what a field may hold, and the check of a value against it. All faults are collected, each with its path.

use serde_json::{Map, Value};

use super::shape;
use crate::complaint::fault::{Cause, Faults, Path};

/// What a field may hold.
#[derive(Debug)]
pub(super) enum Kind {
    /// Any text of at most so many characters.
    Text(usize),
    /// A text of a shape.
    Shaped(Shape),
    /// One of some words.
    OneOf(&'static [&'static str]),
    /// A whole number.
    Whole { least: i64, most: i64 },
    /// A number; the ends of `i64` are no bounds.
    Number { least: i64, most: i64 },
    /// True or false.
    Flag,
    /// A list.
    List(&'static Self),
    /// A list with bounds; `once`: no entry twice.
    Listed { of: &'static Self, least: usize, most: usize, once: bool },
    /// An object that may have further fields.
    Open(&'static [Field]),
    /// An object that has these fields alone.
    Closed(&'static [Field]),
}

/// A shape that a text may be asked to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// IPv4 or IPv6.
    Address,
    /// Two capitals, as of a country.
    Capitals2,
    /// Three capitals, as of a currency.
    Capitals3,
    /// CVE identification.
    Cve,
    /// The same of at least four digits at the end.
    CveLong,
    /// CVSS vector of version 3.
    CvssVector,
    /// A day, `2026-03-01`.
    Day,
    /// A hash with its algorithm, SHA-512 among them.
    Digest,
    /// A lower-case name of a domain with two labels at least.
    DomainName,
    /// E-mail address.
    Email,
    /// A hash with its algorithm, of MD5, SHA-1 or SHA-256.
    FileHash,
    /// 32 hexadecimal digits.
    Hex32,
    /// 40 hexadecimal digits.
    Hex40,
    /// 64 hexadecimal digits.
    Hex64,
    /// Name of a host.
    Hostname,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
    /// A language, `en` or `en-US`.
    Language,
    /// A magnet link.
    Magnet,
    /// A media type.
    MediaType,
    /// A time of RFC 3339.
    Moment,
    /// A tag with its name space.
    Tag,
    /// A URI.
    Uri,
    /// A UUID.
    Uuid,
    /// A version 4.x.y.
    Version4,
}

/// Whether a field must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It must.
    Must,
    /// It should, and must in a strict reading.
    Should,
    /// It may.
    May,
}

/// A field of an object.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: &'static str,
    /// Whether it must be there.
    pub(super) need: Need,
    /// What it may hold.
    pub(super) kind: Kind,
}

/// Any text.
pub(super) const ANY: Kind = Kind::Text(usize::MAX);
/// A port.
pub(super) const PORT: Kind = Kind::Whole { least: 1, most: 65_535 };
/// Any whole number.
pub(super) const WHOLE: Kind = Kind::Whole { least: i64::MIN, most: i64::MAX };
/// A whole number from 0.
pub(super) const NATURAL: Kind = Kind::Whole { least: 0, most: i64::MAX };
/// A whole number from 1.
pub(super) const COUNT: Kind = Kind::Whole { least: 1, most: i64::MAX };
/// Any number.
pub(super) const NUMBER: Kind = Kind::Number { least: i64::MIN, most: i64::MAX };

/// A field that must be there.
pub(super) const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, need: Need::Must, kind }
}

/// A field that should be there.
pub(super) const fn should(name: &'static str, kind: Kind) -> Field {
    Field { name, need: Need::Should, kind }
}

/// A field that may be there.
pub(super) const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, need: Need::May, kind }
}

/// A check under way.
#[derive(Debug)]
pub(super) struct Check {
    /// Whether recommended fields must be there too.
    pub(super) strict: bool,
    /// What was found.
    pub(super) faults: Faults,
}

impl Check {
    /// Checks the fields of an object; others than these are not looked at.
    pub(super) fn fields(&mut self, path: Path<'_>, object: &Map<String, Value>, fields: &[Field]) {
        for field in fields {
            let at = Path::Field(&path, field.name);
            match (object.get(field.name), field.need) {
                (Some(value), _) => self.value(at, value, &field.kind),
                (None, Need::Must) => self.faults.add(at, Cause::Missing),
                (None, Need::Should) if self.strict => self.faults.add(at, Cause::Recommended),
                (None, Need::Should | Need::May) => {}
            }
        }
    }

    fn value(&mut self, path: Path<'_>, value: &Value, kind: &Kind) {
        let fault = match (kind, value) {
            (Kind::Text(most), Value::String(text)) => too_long(text, *most),
            (Kind::Shaped(shape), Value::String(text)) => {
                let shape = shape::of(*shape);
                (!(shape.fits)(text)).then_some(Cause::Shape { wanted: shape.wanted })
            }
            (Kind::OneOf(words), Value::String(text)) => {
                (!words.contains(&text.as_str())).then_some(Cause::NotOneOf { allowed: words })
            }
            (Kind::Whole { least, most }, Value::Number(number)) => match whole(number) {
                Some(value) => {
                    within(i128::from(*least) <= value && value <= i128::from(*most), *least, *most)
                }
                None => Some(Cause::Kind { wanted: "a whole number" }),
            },
            (Kind::Number { least, most }, Value::Number(number)) => {
                let fits = number.as_f64().is_some_and(|value| {
                    (*least == i64::MIN || *least as f64 <= value)
                        && (*most == i64::MAX || value <= *most as f64)
                });
                within(fits, *least, *most)
            }
            (Kind::Flag, Value::Bool(_)) => None,
            (Kind::List(of), Value::Array(entries)) => {
                self.entries(path, entries, of);
                None
            }
            (Kind::Listed { of, least, most, once }, Value::Array(entries)) => {
                self.entries(path, entries.get(..entries.len().min(*most)).unwrap_or_default(), of);
                listed(entries, *least, *most, *once)
            }
            (Kind::Open(fields), Value::Object(object)) => {
                self.fields(path, object, fields);
                None
            }
            (Kind::Closed(fields), Value::Object(object)) => {
                self.fields(path, object, fields);
                self.undefined(path, object, fields);
                None
            }
            _ => Some(Cause::Kind { wanted: wanted(kind) }),
        };
        if let Some(cause) = fault {
            self.faults.add(path, cause);
        }
    }

    fn entries(&mut self, path: Path<'_>, entries: &[Value], of: &Kind) {
        for (at, entry) in entries.iter().enumerate() {
            self.value(Path::At(&path, at), entry, of);
        }
    }

    fn undefined(&mut self, path: Path<'_>, object: &Map<String, Value>, fields: &'static [Field]) {
        let known = |name: &str| fields.iter().any(|field| field.name == name);
        if let Some(at) = object.keys().position(|name| !known(name)) {
            self.faults.add(path, Cause::Undefined { at: at + 1, allowed: names(fields) });
        }
    }
}

/// The names of the closed objects' fields, as a fault tells them.
fn names(fields: &'static [Field]) -> &'static [&'static str] {
    match fields.first().map(|field| field.name) {
        Some("org") => &["org", "contact", "domain"],
        Some("content_type") => &["content_type", "description", "payload", "hash", "size"],
        _ => &["see the list of fields"],
    }
}

fn too_long(text: &str, most: usize) -> Option<Cause> {
    (text.len() > most && text.chars().count() > most).then_some(Cause::TooLong { most })
}

/// A JSON number that is whole, also one written as `1.0`.
fn whole(number: &serde_json::Number) -> Option<i128> {
    let exact = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    exact.or_else(|| {
        let value = number.as_f64().filter(|value| value.fract() == 0.0)?;
        format!("{value:.0}").parse().ok()
    })
}

fn within(fits: bool, least: i64, most: i64) -> Option<Cause> {
    (!fits).then_some(Cause::OutOfRange { least, most })
}

fn listed(entries: &[Value], least: usize, most: usize, once: bool) -> Option<Cause> {
    let twice = || {
        entries
            .iter()
            .enumerate()
            .any(|(at, entry)| entries.iter().take(at).any(|other| other == entry))
    };
    if entries.len() < least {
        Some(Cause::TooFew { least })
    } else if entries.len() > most {
        Some(Cause::TooMany { most })
    } else if once && twice() {
        Some(Cause::Repeated)
    } else {
        None
    }
}

const fn wanted(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text(_) | Kind::Shaped(_) | Kind::OneOf(_) => "a text",
        Kind::Whole { .. } => "a whole number",
        Kind::Number { .. } => "a number",
        Kind::Flag => "true or false",
        Kind::List(_) | Kind::Listed { .. } => "a list",
        Kind::Open(_) | Kind::Closed(_) => "an object",
    }
}
