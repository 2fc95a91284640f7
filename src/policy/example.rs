//! The documented example file: every setting with its default, range and comment, from the declarations in
//! `settings` and nothing else.

use std::fmt::Write as _;

use crate::verdict::Resource;

use super::check::group_names;
use super::quota::QUOTA_SECTIONS;
use super::rules::SignalSpec;
use super::section::{Field, Section};
use super::settings::{Composite, Descriptor, GroupCap, Settings};

const HEAD: &str = "\
# The settings of faxguard, all of them with their defaults; leave out what you do not change.
# Lines that begin with `#` and a space explain; `#name = value` is a default that depends on the program's
# catalog of signals, so it is better not fixed here. `faxguardd --check FILE` shows every fault of a file at once.
";

const SIGNALS: &str = "\
# What each signal adds when it hits, in thousandths of log-odds, -20000 to 20000; \"off\" takes it out.
";

const QUOTAS: &str = "\
# Absolute limits: of a member by its plan, of an organisation (all its members together), of a called number (what
# strangers send to it; whoever corresponds with its holder is never put off), of a trunk and of a key of your own
# interface (`api_key_id` of a job). `N unit / period` with a period of second, minute, hour, day, week or such as
# `2 hours`; \"none\" for no limit. As much as the rate can be had at once, unless a burst says otherwise:
# pages = { rate = \"200 pages / day\", burst = 400 }
";

/// The documented example file for a catalog. Reading it gives exactly the defaults.
pub fn example(specs: &[SignalSpec]) -> String {
    let settings = Settings::default();
    let mut out = HEAD.to_owned();
    settings.describe(|name, about, fields| {
        out.push('\n');
        comment(&mut out, about);
        line(&mut out, format_args!("[{name}]"));
        fields.iter().for_each(|field| setting(&mut out, field, ""));
    });
    signals(&mut out, specs);
    named::<GroupCap>(&mut out, "groups", &group_names(specs));
    named::<Composite>(&mut out, "composites", &["example"]);
    named::<Descriptor>(&mut out, "descriptors", &["example"]);
    out.push('\n');
    out.push_str(QUOTAS);
    for (name, quotas) in QUOTA_SECTIONS.into_iter().zip(settings.quotas) {
        line(&mut out, format_args!("[quotas.{name}]"));
        for resource in Resource::ALL {
            let quota = quotas[resource as usize];
            let quota = quota.map_or_else(|| "\"none\"".to_owned(), |quota| quota.write(resource));
            line(&mut out, format_args!("{} = {quota}", resource.name()));
        }
    }
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

fn comment(out: &mut String, about: &[&str]) {
    for text in about {
        line(out, format_args!("# {}", text.trim()));
    }
}

fn setting(out: &mut String, field: &Field, mark: &str) {
    comment(out, field.about);
    if let Some((low, high)) = &field.range {
        line(
            out,
            format_args!("# Range: {} to {}.", low.trim_matches('"'), high.trim_matches('"')),
        );
    }
    line(out, format_args!("{mark}{} = {}", field.name, field.value));
}

fn signals(out: &mut String, specs: &[SignalSpec]) {
    out.push('\n');
    out.push_str(SIGNALS);
    line(out, format_args!("[signals]"));
    for spec in specs {
        comment(out, &[spec.description]);
        line(out, format_args!("#{} = {}", spec.name, spec.default_weight.0));
    }
}

/// A section that may stand under any of the names, commented out.
fn named<S: Section>(out: &mut String, kind: &str, names: &[&str]) {
    if names.is_empty() {
        return;
    }
    out.push('\n');
    comment(out, S::ABOUT);
    for (index, name) in names.iter().enumerate() {
        line(out, format_args!("#[{kind}.{name}]"));
        for field in S::default().fields() {
            let about = if index == 0 { field.about } else { &[] };
            let range = field.range.filter(|_| index == 0);
            setting(out, &Field { about, range, ..field }, "#");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::verdict::Score;

    use super::super::{FAULTS_MAX, Policy, load};
    use super::*;

    const SPECS: &[SignalSpec] = &[
        SignalSpec {
            name: "volume.caller_fanout_1h",
            group: "volume",
            description: "Many members called in an hour.",
            default_weight: Score(900),
        },
        SignalSpec {
            name: "relation.member_faxed_it",
            group: "relation",
            description: "The member has faxed this number.",
            default_weight: Score(-3_000),
        },
    ];

    #[test]
    fn the_example_is_exactly_the_defaults() {
        let defaults = (Settings::default(), Policy::defaults(SPECS).unwrap());
        assert_eq!(load(&example(SPECS), SPECS).unwrap(), defaults);
    }

    #[test]
    fn what_is_commented_out_is_the_default_too() {
        let text = example(SPECS).replace("\n#[composites.example]", "\n# [composites.example]");
        let lines = text.lines().take_while(|line| !line.contains("[composites.example]"));
        let bare: Vec<&str> = lines
            .map(|line| {
                line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line)
            })
            .collect();
        let (settings, policy) = load(&bare.join("\n"), SPECS).unwrap();
        assert_eq!((settings.signals.len(), settings.groups.len()), (2, 2));
        assert_eq!(policy, Policy::defaults(SPECS).unwrap());
    }

    #[test]
    fn every_setting_has_a_comment() {
        Settings::default().describe(|section, about, fields| {
            assert!(!about.is_empty(), "{section}");
            for field in fields {
                assert!(!field.about.is_empty(), "{section}.{}", field.name);
            }
        });
    }

    #[test]
    fn the_documented_file_is_the_generated_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/faxguard.example.toml");
        let generated = example(&[]);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &generated).unwrap();
        }
        let documented = std::fs::read_to_string(path).unwrap_or_default();
        assert!(documented == generated, "run the tests with UPDATE=1 to write {path}");
    }

    /// Reading must end in a policy or in faults.
    fn survives(text: &str) {
        if let Err(faults) = load(text, SPECS) {
            assert!(!faults.is_empty() && faults.len() <= FAULTS_MAX + 1);
            assert!(
                faults.iter().all(|fault| fault.message.len() < 2_000 && !fault.path.is_empty())
            );
        }
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            if let Ok(text) = super::super::decode(&bytes) {
                survives(text);
            }
            survives(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn random_toml_never_panics(text in "(\\[{1,2}[a-z.\"]{0,9}\\]{1,2}\\n|[a-z_.\"]{0,9} ?= ?[-a-z0-9.\"\\[\\]{}:,]{0,12}\\n){0,20}") {
            survives(&text);
        }

        #[test]
        fn a_damaged_example_never_panics(
            (from, length, to) in (0..12_000_usize, 0..900_usize, 0..12_000_usize),
            byte in any::<u8>(),
        ) {
            let whole = example(SPECS).into_bytes();
            let from = from % whole.len();
            let piece = whole[from..whole.len().min(from + length)].to_vec();
            let to = to % whole.len();
            let truncated = whole[..from].to_vec();
            let doubled = [&whole[..to], &piece[..], &whole[to..]].concat();
            let cut = [&whole[..from], &whole[from + piece.len()..]].concat();
            let mut changed = whole;
            changed[to] = byte;
            for damaged in [truncated, doubled, cut, changed] {
                survives(&String::from_utf8_lossy(&damaged));
            }
        }
    }
}
