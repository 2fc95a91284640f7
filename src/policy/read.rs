//! From the bytes of a policy file to [`Settings`]: bounded, total, and every fault found in one pass.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::bounds::POLICY_FILE_BYTES_MAX;
use crate::verdict::Resource;

use super::fault::{FAULTS_MAX, Fault, Faults, below, quote};
use super::leaf::{Leaf as _, Weight, shown, whole};
use super::quota::{QUOTA_SECTIONS, Quota};
use super::section::{Section, fill};
use super::settings::Settings;

/// Deepest nesting of signal names; theirs have two steps.
const SIGNAL_STEPS_MAX: usize = 4;

/// Reads the text of a policy file.
///
/// # Errors
/// One fault, path `file`, where it cannot be read, is larger than [`POLICY_FILE_BYTES_MAX`] or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Vec<Fault>> {
    let fault = |message: String| vec![Fault { path: "file".to_owned(), message }];
    let unreadable = |error: std::io::Error| fault(format!("cannot be read ({error})"));
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(POLICY_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    decode(&bytes).map_err(|fault| vec![fault]).map(str::to_owned)
}

/// Reads a policy file.
///
/// # Errors
/// All faults of reading: unknown names, values that do not fit, text that is no TOML.
pub fn read_settings(path: &Path) -> Result<Settings, Vec<Fault>> {
    parse(&read_text(path)?)
}

/// Reads the text of a policy.
///
/// # Errors
/// As [`read_settings`].
pub fn parse(text: &str) -> Result<Settings, Vec<Fault>> {
    let mut faults = Faults::default();
    let settings = parse_into(text, &mut faults);
    if faults.is_empty() { Ok(settings) } else { Err(faults.into_vec()) }
}

/// The text of a policy in bytes from outside.
///
/// # Errors
/// A fault where it is larger than [`POLICY_FILE_BYTES_MAX`] or is not UTF-8.
pub fn decode(bytes: &[u8]) -> Result<&str, Fault> {
    let fault = |message: String| Fault { path: "file".to_owned(), message };
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > POLICY_FILE_BYTES_MAX {
        let message =
            format!("is larger than {POLICY_FILE_BYTES_MAX} bytes (is it the right file?)");
        return Err(fault(message));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        fault(format!("is not UTF-8 from byte {} on (save it as UTF-8)", error.valid_up_to()))
    })
}

/// The settings as far as they can be read; what cannot keeps its default and is a fault.
pub(super) fn parse_into(text: &str, faults: &mut Faults) -> Settings {
    let mut settings = Settings::default();
    if let Err(fault) = decode(text.as_bytes()) {
        faults.add(fault.path, fault.message);
        return settings;
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    for (index, error) in errors.iter().enumerate() {
        if index >= FAULTS_MAX {
            faults.add("file", "");
            continue;
        }
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        faults.add(
            format!("line {line}, column {column}"),
            format!("is no TOML: {} (see toml.io)", error.message().replace('\n', ", ")),
        );
    }
    // After a syntax error nobody knows which section the rest belongs to, so nothing is said about it.
    if errors.is_empty() {
        sections(&mut settings, table.get_ref(), faults);
    }
    settings
}

fn sections(settings: &mut Settings, file: &DeTable<'_>, faults: &mut Faults) {
    for (name, value) in file {
        let name = name.get_ref().as_ref();
        let DeValue::Table(table) = value.get_ref() else {
            let message = format!(
                "{} stands outside of any section (write `[section]` above)",
                shown(value.get_ref())
            );
            faults.add(below("", name), message);
            continue;
        };
        match name {
            "signals" => signals(settings, table, "", faults),
            "groups" => named(&mut settings.groups, table, name, faults),
            "composites" => named(&mut settings.composites, table, name, faults),
            "descriptors" => named(&mut settings.descriptors, table, name, faults),
            "quotas" => quotas(settings, table, faults),
            _ => {
                if !settings.fill(name, table, faults) {
                    let own = ["signals", "groups", "composites", "descriptors", "quotas"];
                    let known = [Settings::SECTIONS, &own].concat();
                    faults.unknown(below("", name), name, &known);
                }
            }
        }
    }
}

/// Signal names hold a point, which TOML reads as a step into a table; both ways of writing mean the same.
fn signals(settings: &mut Settings, table: &DeTable<'_>, prefix: &str, faults: &mut Faults) {
    for (step, value) in table {
        let step = step.get_ref().as_ref();
        let name = if prefix.is_empty() { step.to_owned() } else { format!("{prefix}.{step}") };
        let path = below("signals", &name);
        let value = value.get_ref();
        if let DeValue::Table(inner) = value
            && name.split('.').count() < SIGNAL_STEPS_MAX
        {
            signals(settings, inner, &name, faults);
        } else if let Some(weight) = Weight::read(value) {
            if settings.signals.insert(name, weight).is_some() {
                faults.add(path, "stands twice, once in quotation marks (leave one out)");
            }
        } else {
            let expected = Weight::EXPECTED;
            faults.add(path, format!("{} does not fit (expected {expected})", shown(value)));
        }
    }
}

/// Sections with a name of the operator's or the catalog's choice.
fn named<S: Section>(
    into: &mut std::collections::BTreeMap<String, S>,
    table: &DeTable<'_>,
    path: &str,
    faults: &mut Faults,
) {
    for (name, value) in table {
        let name = name.get_ref().as_ref();
        let path = below(path, name);
        let DeValue::Table(inner) = value.get_ref() else {
            faults.add(
                &path,
                format!("{} does not fit (expected a section)", shown(value.get_ref())),
            );
            continue;
        };
        let mut section = S::default();
        fill(&mut section, inner, &path, faults);
        into.insert(name.to_owned(), section);
    }
}

fn quotas(settings: &mut Settings, table: &DeTable<'_>, faults: &mut Faults) {
    for (name, value) in table {
        let name = name.get_ref().as_ref();
        let path = below("quotas", name);
        let Some(row) = QUOTA_SECTIONS.into_iter().position(|section| section == name) else {
            faults.unknown(path, name, &QUOTA_SECTIONS);
            continue;
        };
        let DeValue::Table(resources) = value.get_ref() else {
            faults
                .add(path, format!("{} does not fit (expected a section)", shown(value.get_ref())));
            continue;
        };
        for (name, value) in resources {
            let name = name.get_ref().as_ref();
            let path = below(&path, name);
            let Some(resource) = Resource::ALL.into_iter().find(|one| one.name() == name) else {
                faults.unknown(path, name, &Resource::ALL.map(Resource::name));
                continue;
            };
            if let Some(quota) = quota(value.get_ref(), resource, &path, faults) {
                settings.quotas[row][resource as usize] = quota;
            }
        }
    }
}

/// One quota: text, or a rate and a burst. The outer `None` is a fault, the inner one no limit.
fn quota(
    value: &DeValue<'_>,
    resource: Resource,
    path: &str,
    faults: &mut Faults,
) -> Option<Option<Quota>> {
    let (rate, burst) = if let DeValue::Table(table) = value {
        for name in table.keys().map(|name| name.get_ref().as_ref()) {
            if !["rate", "burst"].contains(&name) {
                faults.unknown(below(path, name), name, &["rate", "burst"]);
            }
        }
        let Some(rate) = table.get("rate") else {
            faults.add(path, "has no `rate` (write `rate = \"200 pages / day\"`)");
            return None;
        };
        (rate.get_ref(), table.get("burst"))
    } else {
        (value, None)
    };
    let Some(text) = rate.as_str() else {
        faults.add(
            path,
            format!("{} does not fit (expected such as \"200 pages / day\")", shown(rate)),
        );
        return None;
    };
    if text == "none" {
        return Some(None);
    }
    let read = Quota::parse(text, resource)
        .map_err(|invalid| (path.to_owned(), format!("{}: {invalid}", quote(text))));
    let read = read.and_then(|quota| match burst {
        None => Ok(quota),
        Some(burst) => {
            let path = below(path, "burst");
            let units = whole(burst.get_ref()).and_then(|units| u64::try_from(units).ok());
            let units = units.ok_or_else(|| {
                (
                    path.clone(),
                    format!("{} does not fit (expected a whole number)", shown(burst.get_ref())),
                )
            })?;
            quota.with_burst(units).map_err(|invalid| (path, format!("`{units}`: {invalid}")))
        }
    });
    read.map(Some).map_err(|(path, message)| faults.add(path, message)).ok()
}

/// Line and column, in characters, from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_bounded_and_text() {
        let large = vec![b'#'; usize::try_from(POLICY_FILE_BYTES_MAX).unwrap() + 1];
        let cases: [(&[u8], &str); 3] = [
            (&large, "file: is larger than"),
            (b"[inbound]\n\xff", "file: is not UTF-8 from byte 10 on"),
            (b"[inbound]\n\0", "line 2, column 2: is no TOML"),
        ];
        for (bytes, begin) in cases {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            let faults = read_settings(file.path()).unwrap_err();
            assert!(faults[0].to_string().starts_with(begin), "{}", faults[0]);
        }
        let missing = read_settings(Path::new("/nonexistent/faxguard.toml")).unwrap_err();
        assert!(missing[0].to_string().starts_with("file: cannot be read ("));
        assert!(read_settings(Path::new("/")).is_err());
    }

    #[test]
    fn deep_nesting_is_a_fault() {
        for text in [
            "[".repeat(100_000),
            format!("a = {}", "[".repeat(100_000)),
            format!("[{}b]", "a.".repeat(50_000)),
        ] {
            assert!(parse(&text).is_err());
        }
    }

    #[test]
    fn positions_count_characters_from_one() {
        assert_eq!(position("", 0), (1, 1));
        assert_eq!(position("a\n\u{e9}b", 4), (2, 2));
        assert_eq!(position("a\n", 99), (2, 1));
    }
}
