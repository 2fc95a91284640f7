//! What descriptors of Envoy's rate limit service stand for: whose quota, and of what.

use crate::verdict::{QuotaHolder, Resource};

use super::fault::{Faults, below, quote};
use super::names::keep;
use super::section::section;
use super::settings::Settings;

/// Most kinds of descriptors.
pub const DESCRIPTORS_MAX: usize = 64;
/// Most entries of one.
pub const ENTRIES_MAX: usize = 16;
/// Longest name of a kind, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// Longest domain, key or value, in bytes.
const TEXT_BYTES_MAX: usize = 256;

section! {
    /// What a descriptor of Envoy's rate limit service stands for, by a name of its own; at most 64 of them. A descriptor that
    /// none of these is like is let through and counted.
    Descriptor {
        /// Its domain.
        domain: String = "faxguard".to_owned();
        /// Its entries in their order: "KEY=VALUE" for one that must have that value, and once "KEY" for the one whose value
        /// is the holder's id or number.
        entries: Vec<String> = vec!["member".to_owned()];
        /// Whose quota it is: member, organisation, number or trunk.
        holder: String = "member".to_owned();
        /// Of what: faxes, pages, line_seconds or recipients.
        resource: String = "faxes".to_owned();
    }
}

/// A key, with the value that it must have; `None` where that is the holder's.
type Entry = (Box<str>, Option<Box<str>>);

/// A kind of descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptorRule {
    name: &'static str,
    domain: Box<str>,
    entries: Box<[Entry]>,
    holder: QuotaHolder,
    resource: Resource,
}

impl DescriptorRule {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whose quota.
    #[must_use]
    pub const fn holder(&self) -> QuotaHolder {
        self.holder
    }

    /// Of what.
    #[must_use]
    pub const fn resource(&self) -> Resource {
        self.resource
    }

    /// The holder's id in a descriptor that is of this kind.
    fn holder_in<'a>(&self, domain: &str, entries: &[(&str, &'a str)]) -> Option<&'a str> {
        if *self.domain != *domain || self.entries.len() != entries.len() {
            return None;
        }
        let mut holder = None;
        for ((key, wanted), (name, value)) in self.entries.iter().zip(entries) {
            match wanted {
                _ if **key != **name => return None,
                Some(wanted) if **wanted != **value => return None,
                Some(_) => {}
                None => holder = Some(*value),
            }
        }
        holder
    }
}

/// The kind that a descriptor is of, and the holder's id in it.
#[must_use]
pub fn find<'a, 'b>(
    rules: &'b [DescriptorRule],
    domain: &str,
    entries: &[(&str, &'a str)],
) -> Option<(&'b DescriptorRule, &'a str)> {
    rules.iter().find_map(|rule| Some((rule, rule.holder_in(domain, entries)?)))
}

fn holder(name: &str) -> Option<QuotaHolder> {
    QuotaHolder::ALL.into_iter().find(|holder| holder.name() == name)
}

fn resource(name: &str) -> Option<Resource> {
    Resource::ALL.into_iter().find(|resource| resource.name() == name)
}

/// Finds what is wrong with descriptors.
pub(super) fn check(settings: &Settings, faults: &mut Faults) {
    if settings.descriptors.len() > DESCRIPTORS_MAX {
        faults.add("descriptors", format!("are too many (at most {DESCRIPTORS_MAX})"));
        return;
    }
    for (name, descriptor) in &settings.descriptors {
        let path = below("descriptors", name);
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(plain) {
            faults.add(&path, format!("is no name (a-z, 0-9 and _, at most {NAME_BYTES_MAX})"));
        }
        if descriptor.domain.is_empty() || descriptor.domain.len() > TEXT_BYTES_MAX {
            let message = format!("has no length (write 1 to {TEXT_BYTES_MAX} bytes)");
            faults.add(format!("{path}.domain"), message);
        }
        let open = descriptor.entries.iter().filter(|entry| !entry.contains('=')).count();
        let long =
            descriptor.entries.iter().any(|entry| entry.is_empty() || entry.len() > TEXT_BYTES_MAX);
        if open != 1 || long || descriptor.entries.len() > ENTRIES_MAX {
            let message = format!(
                "must name the holder's key once (write KEY, and KEY=VALUE for all others; at most {ENTRIES_MAX})"
            );
            faults.add(format!("{path}.entries"), message);
        }
        if holder(&descriptor.holder).is_none() {
            let known = QuotaHolder::ALL.map(QuotaHolder::name);
            faults.unknown(format!("{path}.holder"), &descriptor.holder, &known);
        }
        if resource(&descriptor.resource).is_none() {
            let known = Resource::ALL.map(Resource::name);
            faults.unknown(format!("{path}.resource"), &descriptor.resource, &known);
        }
    }
}

/// The rules of checked settings.
pub(super) fn build(settings: &Settings, faults: &mut Faults) -> Option<Box<[DescriptorRule]>> {
    let rules = settings.descriptors.iter().map(|(name, from)| {
        let kept = keep(name);
        if kept.is_none() {
            let message =
                format!("{} is one new name too many since the start (restart)", quote(name));
            faults.add("descriptors", message);
        }
        let entry = |entry: &String| match entry.split_once('=') {
            Some((key, value)) => (key.into(), Some(value.into())),
            None => (entry.as_str().into(), None),
        };
        Some(DescriptorRule {
            name: kept?,
            domain: from.domain.as_str().into(),
            entries: from.entries.iter().map(entry).collect(),
            holder: holder(&from.holder)?,
            resource: resource(&from.resource)?,
        })
    });
    rules.collect()
}

#[cfg(test)]
mod tests {
    use super::super::load;
    use super::*;

    #[test]
    fn a_descriptor_is_found_by_all_of_it() {
        let text = "[descriptors.send]\nentries = [\"generic_key=send\", \"member\"]\nresource = \"pages\"\n\
                    [descriptors.to]\nentries = [\"number\"]\nholder = \"number\"";
        let (_, policy) = load(text, &[]).unwrap();
        let found = |domain, entries: &[(&str, &'static str)]| {
            find(policy.descriptors(), domain, entries).map(|(rule, holder)| (rule.name(), holder))
        };
        assert_eq!(
            found("faxguard", &[("generic_key", "send"), ("member", "m-1")]),
            Some(("send", "m-1"))
        );
        assert_eq!(found("faxguard", &[("number", "+1")]), Some(("to", "+1")));
        for (domain, entries) in [
            ("other", &[("number", "+1")][..]),
            ("faxguard", &[("generic_key", "get"), ("member", "m-1")]),
            ("faxguard", &[("member", "m-1"), ("generic_key", "send")]),
            ("faxguard", &[("member", "m-1")]),
            ("faxguard", &[]),
        ] {
            assert_eq!(found(domain, entries), None, "{domain} {entries:?}");
        }
    }

    #[test]
    fn every_fault_is_named() {
        for (text, path) in [
            ("[descriptors.A]", "descriptors.A"),
            ("[descriptors.a]\ndomain = \"\"", "descriptors.a.domain"),
            ("[descriptors.a]\nentries = []", "descriptors.a.entries"),
            ("[descriptors.a]\nentries = [\"a\", \"b\"]", "descriptors.a.entries"),
            ("[descriptors.a]\nentries = [\"a=b\"]", "descriptors.a.entries"),
            ("[descriptors.a]\nholder = \"me\"", "descriptors.a.holder"),
            ("[descriptors.a]\nresource = \"fax\"", "descriptors.a.resource"),
            ("[descriptors.a]\nkey = 1", "descriptors.a.key"),
        ] {
            let faults = load(text, &[]).unwrap_err();
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            assert_eq!(faults[0].path, path, "{text}");
        }
    }
}
