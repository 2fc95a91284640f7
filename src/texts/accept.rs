//! Which languages a reader takes, the most wanted first.

/// Longest tag that is looked at, in bytes (RFC 5646 section 4.4.1 asks for 35 at least).
pub(super) const TAG_BYTES_MAX: usize = 64;
/// Most tags of one header that are looked at.
const TAGS_MAX: usize = 32;
/// Longest header that is looked at, in bytes.
const HEADER_BYTES_MAX: usize = 1_024;

/// The tags of a header `Accept-Language`, the most wanted first; those of weight 0 and what is no tag are left out.
pub(super) fn wanted(header: &str) -> Vec<&str> {
    let header = header.get(..HEADER_BYTES_MAX.min(header.len())).unwrap_or("");
    let ranges = header.split(',').take(TAGS_MAX).filter_map(range);
    let mut ranges: Vec<(&str, u16)> = ranges.collect();
    // Stable: of equal weight, the first named is meant first.
    ranges.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    ranges.into_iter().map(|(tag, _)| tag).collect()
}

/// A tag and its weight in thousandths.
fn range(text: &str) -> Option<(&str, u16)> {
    let (tag, rest) = text.split_once(';').unwrap_or((text, ""));
    let tag = tag.trim();
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if tag.is_empty() || tag.len() > TAG_BYTES_MAX || !tag.bytes().all(sound) {
        return None;
    }
    let weight = match rest.trim().strip_prefix("q=") {
        None if rest.trim().is_empty() => 1_000,
        None => return None,
        Some(weight) => milli(weight.trim())?,
    };
    (weight > 0).then_some((tag, weight))
}

/// A weight of RFC 9110 section 12.4.2, in thousandths: `0`, `1`, and up to three digits behind the point.
fn milli(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part: u16 = format!("{part:0<3}").parse().ok()?;
    match whole {
        "0" => Some(part),
        "1" if part == 0 => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wanted_comes_first() {
        for (header, expected) in [
            ("sv", &["sv"][..]),
            ("da, en-gb;q=0.8, en;q=0.7", &["da", "en-gb", "en"]),
            ("en;q=0.5, sv-SE ; q=0.9, *;q=0.1", &["sv-SE", "en"]),
            ("sv;q=0, en", &["en"]),
            ("sv;q=1.5, en;q=0.1234, fi;x=1, de", &["de"]),
            ("", &[]),
            ("<script>, \u{202e}sv, ,;q=1", &[]),
        ] {
            assert_eq!(wanted(header), expected, "{header:?}");
        }
        assert_eq!(wanted(&"sv,".repeat(10_000)).len(), TAGS_MAX);
    }
}
