//! XARF: shapes of texts, as the patterns and formats of the schema describe them.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::schema::Shape;
use crate::complaint::{evidence, moment};

/// How a shape is told from others, and what it is called.
pub(super) struct Test {
    /// Whether a text has it.
    pub(super) fits: fn(&str) -> bool,
    /// What it is, with its article.
    pub(super) wanted: &'static str,
}

const fn test(fits: fn(&str) -> bool, wanted: &'static str) -> Test {
    Test { fits, wanted }
}

/// The test of a shape.
pub(super) fn of(shape: Shape) -> Test {
    match shape {
        Shape::Address => test(is_address, "an IP address"),
        Shape::Capitals2 => test(|text| capitals(text, 2), "a code of two capitals"),
        Shape::Capitals3 => test(|text| capitals(text, 3), "a code of three capitals"),
        Shape::Cve => test(|text| cve(text, 1), "a CVE identification"),
        Shape::CveLong => test(|text| cve(text, 4), "a CVE identification"),
        Shape::CvssVector => test(cvss, "a CVSS vector of version 3"),
        Shape::Day => test(moment::is_day, "a day as `2026-03-01`"),
        Shape::Digest => test(evidence::is_hash, "a hash as `sha256:…`"),
        Shape::DomainName => test(domain_name, "a domain in lower case"),
        Shape::Email => test(is_email, "an e-mail address"),
        Shape::FileHash => test(
            |text| evidence::is_hash(text) && !text.starts_with("sha512"),
            "a hash as `sha256:…`",
        ),
        Shape::Hex32 => test(|text| hex(text, 32), "32 hexadecimal digits"),
        Shape::Hex40 => test(|text| hex(text, 40), "40 hexadecimal digits"),
        Shape::Hex64 => test(|text| hex(text, 64), "64 hexadecimal digits"),
        Shape::Hostname => test(is_hostname, "the name of a host"),
        Shape::Ipv4 => test(|text| text.parse::<Ipv4Addr>().is_ok(), "an IPv4 address"),
        Shape::Ipv6 => test(|text| text.parse::<Ipv6Addr>().is_ok(), "an IPv6 address"),
        Shape::Language => test(language, "a language as `en` or `en-US`"),
        Shape::Magnet => test(|text| text.starts_with("magnet:?xt=urn:"), "a magnet link"),
        Shape::MediaType => test(is_media_type, "a media type"),
        Shape::Moment => test(
            |text| moment::rfc3339(text).is_some(),
            "a time as `2026-03-01T14:30:25Z` (RFC 3339)",
        ),
        Shape::Tag => test(tag, "a tag as `space:value` in lower case"),
        Shape::Uri => test(is_uri, "a URI"),
        Shape::Uuid => test(is_uuid, "a UUID"),
        Shape::Version4 => test(version4, "a version 4.x.y"),
    }
}

/// IPv4 or IPv6.
pub(super) fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

fn capitals(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn hex(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn cve(text: &str, least: usize) -> bool {
    let parts = text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(year, number)| {
        year.len() == 4 && digits(year) && digits(number) && number.len() >= least
    })
}

fn cvss(text: &str) -> bool {
    text.starts_with("CVSS:3.0/") || text.starts_with("CVSS:3.1/")
}

fn domain_name(text: &str) -> bool {
    let label = |label: &str| {
        let byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.bytes().all(byte) && !label.split('-').any(str::is_empty)
    };
    text.rsplit_once('.').is_some_and(|(labels, top)| {
        top.len() >= 2
            && top.bytes().all(|byte| byte.is_ascii_lowercase())
            && labels.split('.').all(label)
    })
}

fn language(text: &str) -> bool {
    let (tongue, land) = text.split_once('-').map_or((text, None), |(a, b)| (a, Some(b)));
    tongue.len() == 2
        && tongue.bytes().all(|byte| byte.is_ascii_lowercase())
        && land.is_none_or(|land| capitals(land, 2))
}

fn tag(text: &str) -> bool {
    let word = |word: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        word.bytes().next().is_some_and(plain)
            && word.bytes().all(|byte| plain(byte) || matches!(byte, b'_' | b'+' | b'-'))
    };
    text.split_once(':').is_some_and(|(space, value)| word(space) && word(value))
}

fn version4(text: &str) -> bool {
    let rest = text.strip_prefix("4.").and_then(|rest| rest.split_once('.'));
    rest.is_some_and(|(minor, patch)| digits(minor) && digits(patch))
}

fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    text.split('-').count() == lengths.len()
        && text.split('-').zip(lengths).all(|(part, length)| hex(part, length))
}

/// Labels of letters, digits and inner hyphens (RFC 1123 section 2.1), 253 characters in all.
pub(in crate::complaint) fn is_hostname(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.strip_suffix('.').unwrap_or(text).split('.').all(label)
}

/// A local part and a host, of printable ASCII without spaces and brackets; that is narrower than RFC 5322 and all that
/// anybody writes.
pub(in crate::complaint) fn is_email(text: &str) -> bool {
    let local = |byte: u8| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'(' | b')' | b'<' | b'>' | b',' | b';' | b'@' | b'"')
    };
    text.len() <= 320
        && text.rsplit_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && name.len() <= 64 && name.bytes().all(local) && is_hostname(host)
        })
}

/// A scheme and what RFC 3986 lets stand behind it.
fn is_uri(text: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
    };
    text.split_once(':').is_some_and(|(scheme, rest)| {
        let first = scheme.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        let mark = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        first && scheme.bytes().all(mark) && !rest.is_empty() && rest.bytes().all(allowed)
    })
}

/// Type and subtype (RFC 6838 section 4.2), and whatever parameters.
fn is_media_type(text: &str) -> bool {
    let name = |name: &str| {
        let mark = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        (1..=127).contains(&name.len()) && name.bytes().all(mark)
    };
    let (kind, parameters) = text.split_once(';').unwrap_or((text, ""));
    text.len() <= 255
        && !parameters.contains(char::is_control)
        && kind.trim_end().split_once('/').is_some_and(|(kind, sub)| name(kind) && name(sub))
}
