//! From [`Settings`] to [`Policy`]: every fault at once, each with its path and remedy. No policy exists that has
//! not passed here.

use crate::verdict::Score;

use super::build::build;
use super::door::door;
use super::fault::{Fault, Faults, below, quote};
use super::leaf::Weight;
use super::read::parse_into;
use super::rules::{Policy, SIGNALS_MAX, SignalSpec};
use super::section::Section as _;
use super::settings::{self, Settings};

/// Largest weight of a signal or composite either way, in thousandths.
pub const WEIGHT_MAX: i32 = 20_000;
/// Most composites.
pub const COMPOSITES_MAX: usize = 64;
/// Most signals that one composite names.
const PARTS_MAX: usize = 16;
/// Longest name of a composite, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// Longest contact text, in bytes.
const CONTACT_BYTES_MAX: usize = 256;
/// Longest SIP reason phrase, in bytes.
const PHRASE_BYTES_MAX: usize = 64;

/// Checks settings against a catalog of signals.
///
/// # Errors
/// Every fault there is, at most [`super::FAULTS_MAX`] of them spelled out.
pub fn check(settings: &Settings, specs: &[SignalSpec]) -> Result<Policy, Vec<Fault>> {
    let mut faults = Faults::default();
    match check_into(settings, specs, &mut faults) {
        Some(policy) => Ok(policy),
        None => Err(faults.into_vec()),
    }
}

/// Reads and checks the text of a policy, so that faults of both kinds are found in one pass.
///
/// # Errors
/// As [`check()`], and everything that [`super::parse`] finds.
pub fn load(text: &str, specs: &[SignalSpec]) -> Result<(Settings, Policy), Vec<Fault>> {
    let mut faults = Faults::default();
    let settings = parse_into(text, &mut faults);
    match check_into(&settings, specs, &mut faults) {
        Some(policy) => Ok((settings, policy)),
        None => Err(faults.into_vec()),
    }
}

impl Policy {
    /// The built-in defaults, through the same check as any file.
    ///
    /// # Errors
    /// Faults of the catalog: a name twice, a weight out of range, too many signals.
    pub fn defaults(specs: &[SignalSpec]) -> Result<Self, Vec<Fault>> {
        check(&Settings::default(), specs)
    }
}

/// Finds all faults; a policy where there are none, those found in reading included.
fn check_into(settings: &Settings, specs: &[SignalSpec], faults: &mut Faults) -> Option<Policy> {
    catalog(specs, faults);
    settings.check_ranges(faults);
    signals(settings, specs, faults);
    groups(settings, specs, faults);
    composites(settings, specs, faults);
    super::descriptor::check(settings, faults);
    thresholds(settings, faults);
    all_match(settings, faults);
    texts(settings, faults);
    door(settings, faults);
    if !faults.is_empty() {
        return None;
    }
    build(settings, specs, faults)
}

/// The catalog is the program's own, but a fault in it must not become a wrong score.
fn catalog(specs: &[SignalSpec], faults: &mut Faults) {
    if specs.len() > SIGNALS_MAX {
        faults
            .add("signals", format!("the catalog has over {SIGNALS_MAX} signals (widen the set)"));
    }
    let mut names: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
    names.sort_unstable();
    for pair in names.windows(2).filter(|pair| pair[0] == pair[1]) {
        faults.add(below("signals", pair[0]), "is in the catalog twice (rename one)");
    }
}

fn signals(settings: &Settings, specs: &[SignalSpec], faults: &mut Faults) {
    let known: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
    for name in settings.signals.keys().filter(|name| !known.contains(&name.as_str())) {
        faults.unknown(below("signals", name), name, &known);
    }
    for spec in specs {
        let milli = weight(settings, spec).0;
        if !(-WEIGHT_MAX..=WEIGHT_MAX).contains(&milli) {
            let message =
                format!("weight `{milli}` is out of range (write -{WEIGHT_MAX} to {WEIGHT_MAX})");
            faults.add(below("signals", spec.name), message);
        }
    }
}

/// The weight in force.
pub(super) fn weight(settings: &Settings, spec: &SignalSpec) -> Score {
    match settings.signals.get(spec.name) {
        Some(Weight::Off) => Score(0),
        Some(Weight::Milli(milli)) => Score(*milli),
        None => spec.default_weight,
    }
}

/// The groups of the catalog in the order in which it names them.
pub(super) fn group_names(specs: &[SignalSpec]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for spec in specs {
        if !names.contains(&spec.group) {
            names.push(spec.group);
        }
    }
    names
}

fn groups(settings: &Settings, specs: &[SignalSpec], faults: &mut Faults) {
    let known = group_names(specs);
    for (name, cap) in &settings.groups {
        let path = below("groups", name);
        if known.contains(&name.as_str()) {
            cap.check(&path, faults);
        } else {
            faults.unknown(path, name, &known);
        }
    }
}

fn composites(settings: &Settings, specs: &[SignalSpec], faults: &mut Faults) {
    if settings.composites.len() > COMPOSITES_MAX {
        faults.add("composites", format!("are too many (at most {COMPOSITES_MAX})"));
        return;
    }
    for (name, composite) in &settings.composites {
        let path = below("composites", name);
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(plain) {
            faults.add(&path, format!("is no name (a-z, 0-9 and _, at most {NAME_BYTES_MAX})"));
        }
        composite.check(&path, faults);
        if composite.all.is_empty() && !faults.touches(&format!("{path}.all")) {
            faults.add(format!("{path}.all"), "is empty and would match every fax (name a signal)");
        }
        parts(settings, specs, &path, faults, composite);
        if let Some(both) = composite.all.iter().find(|part| composite.none.contains(part)) {
            let message =
                format!("{} is in `all` too, so it never matches (leave one out)", quote(both));
            faults.add(format!("{path}.none"), message);
        }
    }
}

/// The parts of a composite: known, once, few, and not off where they must hit.
fn parts(
    settings: &Settings,
    specs: &[SignalSpec],
    path: &str,
    faults: &mut Faults,
    composite: &settings::Composite,
) {
    let known: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
    for (list, names) in [("all", &composite.all), ("none", &composite.none)] {
        let path = format!("{path}.{list}");
        if names.len() > PARTS_MAX {
            faults.add(&path, format!("names too many signals (at most {PARTS_MAX})"));
            continue;
        }
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                faults.add(&path, format!("names {} twice (leave one out)", quote(name)));
            } else if !known.contains(&name.as_str()) {
                faults.unknown(path.clone(), name, &known);
            } else if list == "all" && settings.signals.get(name) == Some(&Weight::Off) {
                faults.add(&path, format!("names {}, which is off (switch it on)", quote(name)));
            }
        }
    }
}

fn thresholds(settings: &Settings, faults: &mut Faults) {
    let (inbound, outbound) = (&settings.inbound, &settings.outbound);
    let marks = [settings.share.ends_milli, settings.share.begins_milli];
    let marks = marks.map(|mark| i32::try_from(mark).unwrap_or(i32::MAX));
    let ladders: [(&str, &[(&str, i32)]); 4] = [
        (
            "inbound",
            &[
                ("tag", inbound.tag),
                ("quarantine", inbound.quarantine),
                ("defer", inbound.defer),
                ("refuse", inbound.refuse),
            ],
        ),
        ("inbound", &[("doubt_low", inbound.doubt_low), ("doubt_high", inbound.doubt_high)]),
        ("share", &[("ends_milli", marks[0]), ("begins_milli", marks[1])]),
        (
            "outbound",
            &[("bound", outbound.bound), ("hold", outbound.hold), ("refuse", outbound.refuse)],
        ),
    ];
    let mut found = Vec::new();
    for (section, ladder) in ladders {
        for step in ladder.windows(2) {
            let ((lower, low), (upper, high)) = (step[0], step[1]);
            let path = format!("{section}.{upper}");
            // A value that could not be read stands at its default, about which nothing is wrong.
            let unread = faults.touches(&path) || faults.touches(&format!("{section}.{lower}"));
            if high < low && !unread {
                found.push((
                    path,
                    format!("`{high}` is below `{lower}`, which is {low} (raise it)"),
                ));
            }
        }
    }
    found.into_iter().for_each(|(path, message)| faults.add(path, message));
}

/// A policy that holds a fax of which nothing is known holds every fax.
fn all_match(settings: &Settings, faults: &mut Faults) {
    let score = &settings.score;
    let cases = [
        ("prior_inbound", score.prior_inbound, "inbound.quarantine", settings.inbound.quarantine),
        ("prior_outbound", score.prior_outbound, "outbound.hold", settings.outbound.hold),
    ];
    for (name, prior, threshold, limit) in cases {
        let path = format!("score.{name}");
        let alone = prior.saturating_add(score.offset_milli);
        if alone >= limit && !faults.touches(&path) && !faults.touches(threshold) {
            let message = format!(
                "with the offset it is {alone} and alone reaches `{threshold}`, which is {limit}: every fax \
                 would be held (lower it)"
            );
            faults.add(path, message);
        }
    }
}

fn texts(settings: &Settings, faults: &mut Faults) {
    let region = &settings.server.home_region;
    if region.len() != 2 || !region.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let message = format!("{} is no region (two capital letters, such as US)", quote(region));
        faults.add("server.home_region", message);
    }
    let redress = &settings.redress;
    let texts = [
        ("redress.contact", &redress.contact, CONTACT_BYTES_MAX),
        ("redress.refuse_phrase", &redress.refuse_phrase, PHRASE_BYTES_MAX),
        ("redress.defer_phrase", &redress.defer_phrase, PHRASE_BYTES_MAX),
    ];
    for (path, text, most) in texts {
        if text.trim().is_empty() {
            faults.add(path, "is empty (a refused sender must be told something)");
        } else if text.len() > most {
            faults.add(path, format!("is longer than {most} bytes (shorten it)"));
        } else if !text
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\')
        {
            faults.add(
                path,
                "has characters a SIP header cannot carry (plain ASCII without quotation marks)",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::rules::SignalSet;

    const fn spec(name: &'static str, group: &'static str) -> SignalSpec {
        SignalSpec { name, group, description: "A signal.", default_weight: Score(500) }
    }

    const SPECS: &[SignalSpec] = &[
        spec("volume.caller_fanout_1h", "volume"),
        spec("volume.caller_fanout_24h", "volume"),
        spec("identity.withheld", "identity"),
    ];

    /// A bad text and the faults it has, as `path: beginning of the message`.
    const BAD: &[(&str, &[&str])] = &[
        ("[inbound", &["line 1, column 9: is no TOML"]),
        ("[inbound]\ntag = ", &["line 2, column 7: is no TOML"]),
        ("[inbound]\ntag = 1\ntag = 2", &["line 3, column 1: is no TOML"]),
        ("[a\nb = =\n", &["line 1, column 3: is no TOML", "line 2, column 5: is no TOML"]),
        ("tag = 5", &["tag: `5` stands outside of any section"]),
        ("[inbuond]", &["inbuond: no such name (did you mean `inbound`?)"]),
        ("[weather]", &["weather: no such name (the example file lists all; leave it out)"]),
        (
            "[inbound]\nquarentine = 3",
            &["inbound.quarentine: no such name (did you mean `quarantine`?)"],
        ),
        (
            "[score]\nx = 3",
            &[
                "score.x: no such name (known here: prior_inbound, prior_outbound, slope_milli, offset_milli)",
            ],
        ),
        (
            "[inbound]\ntag = \"x\"",
            &["inbound.tag: `x` does not fit (expected a whole number from -100000 to 100000)"],
        ),
        ("[inbound]\ntag = nan", &["inbound.tag: `nan` does not fit"]),
        ("[inbound]\ntag = 1.5", &["inbound.tag: `1.5` does not fit"]),
        (
            "[inbound]\ntag = 99999999999999999999",
            &["inbound.tag: `99999999999999999999` does not fit"],
        ),
        (
            "[inbound]\nquarantine_days = 0",
            &["inbound.quarantine_days: `0` does not fit (expected a whole number from 1 to 90)"],
        ),
        ("[inbound]\nquarantine_days = -1", &["inbound.quarantine_days: `-1` does not fit"]),
        (
            "[inbound]\ntag = 3000",
            &["inbound.quarantine: `2200` is below `tag`, which is 3000 (raise it)"],
        ),
        (
            "[inbound]\nrefuse = 10\ndefer = 20",
            &["inbound.defer: `20` is below `quarantine`", "inbound.refuse: `10` is below `defer`"],
        ),
        ("[inbound]\ndoubt_low = 2300", &["inbound.doubt_high: `2200` is below `doubt_low`"]),
        ("[share]\nbegins_milli = 800", &["share.begins_milli: `800` is below `ends_milli`"]),
        ("[outbound]\nhold = -1", &["outbound.hold: `-1` is below `bound`"]),
        (
            "[outbound]\nquiet_hours = 1",
            &["outbound.quiet_hours: `1` does not fit (expected true or false)"],
        ),
        (
            "[score]\nprior_inbound = 2200",
            &["score.prior_inbound: with the offset it is 2200 and alone reaches"],
        ),
        (
            "[score]\noffset_milli = 5700",
            &["score.prior_inbound: with", "score.prior_outbound: with"],
        ),
        ("[score]\nslope_milli = 0", &["score.slope_milli: `0` does not fit"]),
        (
            "[signals]\nvolume.caller_fanuot_1h = 3",
            &[
                "signals.volume.caller_fanuot_1h: no such name (did you mean `volume.caller_fanout_1h`?)",
            ],
        ),
        ("[signals]\nvolume = 3", &["signals.volume: no such name"]),
        (
            "[signals]\n\"identity.withheld\" = 1\nidentity.withheld = 2",
            &["signals.identity.withheld: stands twice"],
        ),
        (
            "[signals]\nidentity.withheld = 20001",
            &["signals.identity.withheld: weight `20001` is out of range"],
        ),
        (
            "[signals]\nidentity.withheld = \"on\"",
            &["signals.identity.withheld: `on` does not fit"],
        ),
        ("[signals]\na.b.c.d.e = 1", &["signals.a.b.c.d: a section does not fit"]),
        ("[groups.volum]", &["groups.volum: no such name (did you mean `volume`?)"]),
        (
            "[groups.volume]\ncap_min = 1\ncap_max = -1",
            &[
                "groups.volume.cap_min: `1` does not fit",
                "groups.volume.cap_max: `-1` does not fit",
            ],
        ),
        ("[groups]\nvolume = 3", &["groups.volume: `3` does not fit (expected a section)"]),
        ("[composites.a]\nweight = 5", &["composites.a.all: is empty and would match every fax"]),
        ("[composites.\"A b\"]\nall = [\"identity.withheld\"]", &["composites.A b: is no name"]),
        (
            "[composites.a]\nall = [\"identity.withheld\", \"identity.withheld\"]",
            &["composites.a.all: names `identity.withheld` twice"],
        ),
        (
            "[composites.a]\nall = [\"identity.withheld\"]\nnone = [\"identity.withheld\", \"x\"]",
            &[
                "composites.a.none: no such name",
                "composites.a.none: `identity.withheld` is in `all` too",
            ],
        ),
        (
            "[composites.a]\nall = [\"identity.withheld\"]\nweight = 99999\n[signals]\nidentity.withheld = \"off\"",
            &[
                "composites.a.weight: `99999` does not fit",
                "composites.a.all: names `identity.withheld`, which is off",
            ],
        ),
        ("[composites.a]\nall = [3]", &["composites.a.all: a list does not fit"]),
        (
            "[quotas.gold]\npages = \"none\"",
            &["quotas.gold: no such name (known here: unknown, free"],
        ),
        (
            "[quotas.free]\npage = \"none\"",
            &["quotas.free.page: no such name (did you mean `pages`?)"],
        ),
        (
            "[quotas.free]\npages = \"0 pages / day\"",
            &["quotas.free.pages: `0 pages / day`: a quota of zero stops"],
        ),
        ("[quotas.free]\npages = 5", &["quotas.free.pages: `5` does not fit"]),
        ("[quotas.free.pages]\nburst = 5", &["quotas.free.pages: has no `rate`"]),
        (
            "[quotas.free.pages]\nrate = \"5 pages / day\"\nburst = 9999999999",
            &["quotas.free.pages.burst: `9999999999`: too large"],
        ),
        (
            "[quotas.free.pages]\nrat = 1\nrate = \"5 pages / day\"",
            &["quotas.free.pages.rat: no such name"],
        ),
        ("[redress]\ncontact = \" \"", &["redress.contact: is empty"]),
        (
            "[redress]\nrefuse_phrase = \"a\\r\\nVia: x\"",
            &["redress.refuse_phrase: has characters a SIP header"],
        ),
        (
            "[server]\nlisten = \"here\"",
            &["server.listen: `here` does not fit (expected an address and port"],
        ),
        ("[server]\nhome_region = \"usa\"", &["server.home_region: `usa` is no region"]),
        (
            "[server]\nlog_level = \"loud\"",
            &["server.log_level: `loud` does not fit (expected one of"],
        ),
        (
            "[memory]\nsubjects = 1024",
            &[
                "memory.subjects: `1024` does not fit (expected a size such as \"512 MiB\" from \"1 MiB\"",
            ],
        ),
        ("[memory]\nsubjects = \"1 KiB\"", &["memory.subjects: `\"1 KiB\"` does not fit"]),
        ("[retention]\nheld_days = 27", &["retention.held_days: `27` does not fit"]),
    ];

    #[test]
    fn every_bad_text_is_refused_with_its_faults() {
        for (text, expected) in BAD {
            let faults = load(text, SPECS).expect_err(text);
            let told: Vec<String> = faults.iter().map(Fault::to_string).collect();
            assert_eq!(told.len(), expected.len(), "{text}: {told:#?}");
            for (fault, begin) in told.iter().zip(*expected) {
                assert!(fault.starts_with(begin), "{text}: {told:#?}");
            }
        }
    }

    #[test]
    fn all_faults_are_found_at_once() {
        // Texts that are TOML and stand in different sections, one after the other in one file.
        let mut sections = std::collections::BTreeSet::new();
        let apart: Vec<_> = BAD
            .iter()
            .filter(|(text, _)| {
                load(text, SPECS).is_err_and(|told| !told[0].path.starts_with("line"))
            })
            .filter(|(text, _)| text.matches('[').count() == 1 && text.starts_with('['))
            .filter(|(text, _)| {
                sections.insert(text.split('.').next().and_then(|text| text.split(']').next()))
            })
            .collect();
        let text: Vec<&str> = apart.iter().map(|(text, _)| *text).collect();
        let told = load(&text.join("\n"), SPECS).unwrap_err();
        assert!(apart.len() >= 11);
        for begin in apart.iter().flat_map(|(_, faults)| *faults) {
            let found = told.iter().any(|fault| fault.to_string().starts_with(begin));
            assert!(found, "{begin} in {told:#?}");
        }
    }

    #[test]
    fn faults_of_a_huge_file_are_bounded() {
        let many: String = (0..3_000).map(|index| format!("s{index}=1\n")).collect();
        let texts =
            [format!("[signals]\n{many}"), format!("[inbound]\n{many}"), "=\n".repeat(3_000)];
        for text in texts {
            let faults = load(&text, SPECS).unwrap_err();
            assert_eq!(faults.len(), crate::policy::FAULTS_MAX + 1);
        }
    }

    #[test]
    fn a_good_file_becomes_arrays() {
        let text = "
            [signals]
            volume.caller_fanout_24h = \"off\"
            \"identity.withheld\" = -7
            [groups.identity]
            cap_max = 900
            [composites.blast]
            all = [\"volume.caller_fanout_1h\", \"identity.withheld\"]
            weight = 800
            [quotas.free]
            faxes = \"none\"
            pages = { rate = \"200 pages / day\", burst = 400 }";
        let (_, policy) = load(text, SPECS).unwrap();
        assert_eq!(policy.weights(), [Score(500), Score(0), Score(-7)]);
        let groups: Vec<_> =
            policy.groups().iter().map(|group| (group.name, group.max.0)).collect();
        assert_eq!(groups, [("volume", 5_000), ("identity", 900)]);
        assert_eq!((policy.group_of(1), policy.group_of(2)), (0, 1));
        let mut hit = SignalSet::default();
        hit.insert(0);
        assert!(!policy.composites()[0].holds(&hit));
        hit.insert(2);
        assert!(policy.composites()[0].holds(&hit));
        use crate::fax::stage::Plan::{Free, Pro};
        use crate::verdict::Resource::{Faxes, Pages};
        assert_eq!(policy.quota(Free, Faxes), None);
        assert_eq!(
            policy.quota(Free, Pages).map(|quota| (quota.rate(), quota.burst())),
            Some((200, 400))
        );
        assert!(policy.quota(Pro, Pages).is_some());
    }

    #[test]
    fn the_defaults_pass_and_a_faulty_catalog_does_not() {
        assert!(Policy::defaults(SPECS).is_ok() && Policy::defaults(&[]).is_ok());
        let twice = [SPECS[0], SPECS[0]];
        assert_eq!(Policy::defaults(&twice).unwrap_err().len(), 1);
        let heavy = SignalSpec { default_weight: Score(i32::MIN), ..SPECS[0] };
        assert_eq!(Policy::defaults(&[heavy]).unwrap_err().len(), 1);
    }
}
