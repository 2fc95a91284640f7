//! What the docs say of the catalogs is made from the catalogs, and what they name is there.
//! `UPDATE=1` writes the made ones anew.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

mod limits;
mod techniques;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use faxguard::fax::stage::Direction;
use faxguard::features::FEATURES;
use faxguard::metrics;
use faxguard::screening::signals::{CATALOG, GROUPS};
use faxguard::store::TableId;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// Holds a made document and its file equal, or writes the file.
fn hold(path: &str, made: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join(path), made).unwrap();
        return;
    }
    let found = read(path);
    let differing = found.lines().zip(made.lines()).position(|(found, made)| found != made);
    assert!(found == made, "{path} is not as the code says, from line {differing:?}: run UPDATE=1");
}

#[test]
fn signals_are_as_the_catalog_says() {
    let mut page = String::from(
        "# Signals\n\n\
         Made from the catalog in `src/screening/signals`; `UPDATE=1 cargo test documents` writes it anew.\n\n\
         A signal is one named piece of evidence. Its weight is what it adds to the score at full strength, in\n\
         thousandths of log-odds of junk; a negative one speaks for a wanted fax. Strength runs from nothing to\n\
         full with the number it goes by, which stands in the evidence as N. The policy can set each weight, or\n\
         turn a signal off. *Stage* is the earliest stage at which a signal can speak; a later stage keeps what\n\
         was seen. The sum of a group is kept within the cap that the policy gives the group.\n",
    );
    for group in GROUPS {
        write!(
            page,
            "\n## {group}\n\n| signal | of | stage | weight | what it sees | evidence |\n"
        )
        .unwrap();
        page.push_str("|---|---|---|---|---|---|\n");
        for signal in CATALOG.iter().filter(|signal| signal.group == group) {
            let direction = match signal.direction {
                Some(Direction::Inbound) => "inbound",
                Some(Direction::Outbound) => "outbound",
                None => "both",
            };
            let evidence = signal.evidence.replace("{}", "N");
            writeln!(
                page,
                "| `{}` | {direction} | {} | {:+} | {} | {evidence} |",
                signal.name, signal.stage, signal.weight.0, signal.description
            )
            .unwrap();
        }
    }
    hold("docs/signals.md", &page);
}

#[test]
fn features_are_as_the_catalog_says() {
    let mut page = String::from(
        "# Features\n\n\
         Made from the catalog in `src/features.rs`; `UPDATE=1 cargo test documents` writes it anew.\n\n\
         Everything a verdict is made from, as numbers and enums. A ledger row keeps the vector, without its\n\
         zeros, so that a verdict can be explained, and another policy tried on it, without the fax. A feature\n\
         keeps its place for good.\n\n\
         | place | feature | what it is |\n|---|---|---|\n",
    );
    for (place, feature) in FEATURES.iter().enumerate() {
        writeln!(page, "| {place} | `{}` | {} |", feature.name, feature.description).unwrap();
    }
    hold("docs/features.md", &page);
}

/// The words in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn documents() -> Vec<(String, String)> {
    let mut pages = vec!["README.md".into(), "ARCHITECTURE.md".into(), "CHANGELOG.md".into()];
    for folder in ["docs", "docs/decisions"] {
        let files = fs::read_dir(root().join(folder)).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        pages.extend(
            names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")),
        );
    }
    pages.into_iter().map(|page| (page.clone(), read(&page))).collect()
}

fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, text);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(entry).unwrap());
        }
    }
}

/// Files, tests, metrics, tables and signals that a page names.
#[test]
fn what_the_docs_name_is_there() {
    let mut code = String::new();
    sources(&root().join("src"), &mut code);
    sources(&root().join("tests"), &mut code);
    let tables: Vec<&str> = TableId::ALL.iter().map(|table| table.table().name).collect();
    let mut faults = Vec::new();
    for (page, text) in documents() {
        for word in quoted(&text) {
            let there = if word.contains([' ', '*', '<', '\n', '…']) {
                true
            } else if let Some(metric) = word.strip_prefix("faxguard_") {
                metrics::NAMES.iter().any(|name| metric.trim_end_matches("_total") == *name)
            } else if let Some(test) = word.strip_prefix("test:") {
                code.contains(&format!("fn {test}("))
            } else if let Some(table) = word.strip_prefix("table:") {
                tables.contains(&table)
            } else if ["src/", "tests/", "docs/", "proto/", "demo/"]
                .iter()
                .any(|at| word.starts_with(at))
            {
                root().join(word).exists()
            } else {
                let group = word.split_once('.').map(|(group, _)| group);
                let signal = group.is_some_and(|group| GROUPS.contains(&group));
                !signal || CATALOG.iter().any(|signal| signal.name == word)
            };
            if !there {
                faults.push(format!("{page}: `{word}`"));
            }
        }
        faults.extend(dead_links(&page, &text));
    }
    assert!(faults.is_empty(), "named in the docs and not there:\n{}", faults.join("\n"));
}

/// Links to files of this house that are not there.
fn dead_links(page: &str, text: &str) -> Vec<String> {
    let folder: PathBuf = root().join(page).parent().unwrap().into();
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let ours = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    ours.map(|target| target.split('#').next().unwrap())
        .filter(|target| !folder.join(target).exists())
        .map(|target| format!("{page}: link to {target}"))
        .collect()
}
