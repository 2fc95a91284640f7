//! The plan as a test: imports follow the floors, rooms keep to their words, files are tidy.
//!
//! The sources are read as text, with the standard library alone. A room is a module of `lib.rs` and the
//! files behind it. To move a wall, edit the tables here; the diff shows it.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A room, its floor, and the rooms it may import. An edge goes down, to a lower floor; on floor 0, where
/// words are made of words, to a line further up. So there can be no cycle.
type Room = (&'static str, u8, &'static str);

#[rustfmt::skip]
const ROOMS: &[Room] = &[
    // Words: no I/O, no async.
    ("bounds", 0, ""),
    ("time", 0, ""),
    ("wire", 0, "bounds"),
    ("metrics", 0, ""),
    ("features", 0, ""),
    ("decay", 0, "time"),
    ("fax", 0, "bounds time"),
    ("verdict", 0, "decay fax time"),
    // Laws of the house, and the one shape of large tables.
    ("content", 1, "bounds fax time verdict"),
    ("complaint", 1, "bounds fax time"),
    ("policy", 1, "bounds fax time verdict"),
    ("dense", 1, ""),
    ("texts", 1, "bounds time"),
    // What survives.
    ("store", 2, "bounds fax time"),
    // What accumulates: siblings that do not see each other.
    ("activity", 3, "decay store"),
    ("relations", 3, "dense time"),
    ("directory", 3, "bounds dense fax store"),
    ("lists", 3, "bounds dense fax store time"),
    ("measures", 3, "fax store time"),
    ("voices", 3, "decay time"),
    ("campaign", 3, "bounds content decay fax time verdict"),
    ("limiter", 3, "bounds decay dense fax store time verdict"),
    // What is written down of all of these.
    ("casework", 4, "complaint decay fax measures store time voices"),
    ("ledger", 4, "activity content fax features limiter relations store time verdict"),
    // Everything that outlives a request, in one place.
    ("memory", 5, "activity bounds campaign casework content decay dense directory fax features ledger limiter lists measures policy relations store time verdict voices"),
    // The paths: they do not see each other.
    ("screening", 6, "activity bounds campaign content decay directory fax features ledger limiter lists measures memory policy relations store time verdict"),
    ("held", 6, "activity fax ledger memory store time verdict"),
    ("reports", 6, "activity casework content decay fax features ledger lists measures memory policy store time verdict voices"),
    // Surfaces: the server's side and the client's.
    ("api", 7, "bounds campaign casework complaint content directory fax features held ledger limiter lists measures memory metrics policy reports screening store texts time verdict wire"),
    ("operator", 7, "bounds complaint fax time verdict wire"),
    // What instances tell each other, over a network of their own.
    ("exchange", 7, "limiter memory metrics policy time verdict"),
    // The routing node's side: a client too, which shares the tool's commands.
    ("node", 8, "bounds content fax operator time verdict wire"),
    // Assembly: the engine without sockets, then everything.
    ("lab", 9, "activity api bounds campaign casework content decay dense directory exchange fax features held ledger limiter lists memory metrics node operator policy relations reports screening store time verdict wire"),
    ("server", 10, "api bounds exchange held lab memory metrics policy reports screening store texts time"),
];

/// Rooms the binaries may name.
const BINARIES: &str = "lab operator policy server";
/// Longest binary: it parses, calls and ends. This number only falls.
const BINARY_LINES_MAX: usize = 110;

/// The beginning of a path, and the folders or files below `src` that may use it.
#[rustfmt::skip]
const WORDS: &[(&str, &str)] = &[
    ("prost::", "wire api operator lab/evaluate/serving"),
    ("pbjson_types::", "wire api operator node lab"),
    ("tonic::", "wire api operator node/client server lab/demo lab/evaluate/serving"),
    ("tokio::", "api exchange operator node/client node/state server store/ticket lab bin"),
    ("serde::", "wire complaint/json operator node lab api/convert"),
    ("serde_json::", "wire complaint operator node lab api/convert api/http/json api/http/refused"),
    ("toml::", "policy lab"),
    ("tokio_rustls::", "server"),
    ("x509_parser::", "server/tls"),
    ("hyper::", "server/telemetry server/connection server/form server/webhook"),
    ("axum::", "api/http"),
    ("minijinja::", "api/http"),
    ("percent_encoding::", "api/http/fields"),
    ("fluent_bundle::", "texts/language"),
    ("fluent_syntax::", "texts/language"),
    ("rustls_native_certs::", "server/webhook/target"),
    ("rusqlite::", "store/embedded"),
    ("aes_gcm_siv::", "store/keys"),
    ("hmac::", "complaint/redaction store/keys server/webhook/signature"),
    ("sha2::", "complaint store/keys server/webhook/signature"),
    ("md5::", "complaint/evidence"),
    ("sha1::", "complaint/evidence"),
    ("base64::", "complaint server/webhook"),
    ("mail_parser::", "complaint/arf"),
    ("csv_core::", "complaint/bulk"),
    ("ab_glyph::", "lab/pages"),
    ("dejavu::", "lab/pages/face"),
    ("hayro_ccitt::", "lab/pages/read"),
    ("rlibphonenumber::", "fax/numbering"),
    ("opentelemetry::", "api/trace server/traces"),
    ("opentelemetry_sdk::", "api/trace server/traces"),
    ("opentelemetry_otlp::", "server/traces"),
    ("tracing_opentelemetry::", "api/trace server/telemetry"),
    ("prometheus_client::", "metrics api server"),
    ("redis::", "exchange/link"),
    ("std::fs", "exchange/link store policy operator node lab server"),
    ("Instant::now", "time metrics lab"),
    ("SystemTime::now", "time"),
    ("tokio::spawn", "api server"),
    ("spawn_blocking", "api server"),
    ("JoinSet", "api server lab/evaluate/serving"),
    ("std::thread", "store/embedded lab/evaluate screening/tuning/parted"),
];

/// Longest file, in lines.
const FILE_LINES_MAX: usize = 600;
/// Names that say nothing.
const EMPTY_NAMES: &[&str] =
    &["util", "utils", "common", "helper", "helpers", "manager", "misc", "mod"];
/// Exceptions to the lints outside tests, each with its reason. This number only falls.
const EXCEPTIONS_MAX: usize = 10;

/// A source file: where it is, below the package's root, and what it says.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Path of the module below `src`: `["store", "keys"]`.
    fn module(&self) -> Vec<&str> {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        path.trim_end_matches(".rs").split('/').collect()
    }

    fn is_test(&self) -> bool {
        let mut parts = self.path.trim_end_matches(".rs").split('/');
        !self.path.starts_with("src/") || parts.any(|part| part == "tests")
    }

    /// The lines outside comments and tests, numbered from 1.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let tests = lines.windows(2).position(|pair| {
            pair[0] == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].ends_with('{')
        });
        let end = if self.is_test() { 0 } else { tests.unwrap_or(lines.len()) };
        let code = lines.into_iter().take(end).zip(1..);
        code.map(|(line, number)| (number, line.split("//").next().unwrap_or("")))
    }
}

fn read_folder(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_folder(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            sources.push(Source { path: below, text: fs::read_to_string(&path).unwrap() });
        }
    }
}

fn sources(folders: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    for folder in folders.iter().map(|folder| root.join(folder)).filter(|folder| folder.is_dir()) {
        read_folder(root, &folder, &mut sources);
    }
    assert!(!sources.is_empty());
    sources
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where the word begins in the line, not in the middle of another.
fn places<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let begins = move |at: &usize| !line.as_bytes()[..*at].last().copied().is_some_and(is_word);
    line.match_indices(word).map(|(at, _)| at).filter(begins)
}

/// The names that follow `path::` at the root: one, or those in braces.
fn names_after(rest: &str) -> Vec<&str> {
    let (rest, many) = match rest.strip_prefix('{') {
        Some(group) => (group.split('}').next().unwrap_or(group), true),
        None => (rest, false),
    };
    let name = |text: &str| text.trim().bytes().take_while(|byte| is_word(*byte)).count();
    let parts = rest.split(',').map(str::trim).map(|part| &part[..name(part)]);
    parts.take(if many { usize::MAX } else { 1 }).collect()
}

/// The rooms that a line names, for a module that many levels deep.
fn rooms_named(line: &str, depth: usize) -> Vec<&str> {
    let to_root = "super::".repeat(depth);
    let own = ["crate::", "faxguard::", to_root.as_str()];
    let mut named = Vec::new();
    for prefix in own {
        for at in places(line, prefix) {
            named.extend(names_after(&line[at + prefix.len()..]));
        }
    }
    named
}

#[test]
fn imports_follow_the_floors() {
    let mut faults = Vec::new();
    for (at, (room, floor, edges)) in ROOMS.iter().enumerate() {
        for edge in edges.split_whitespace() {
            let below = ROOMS.iter().position(|(name, ..)| *name == edge);
            let down = below.is_some_and(|below| {
                ROOMS[below].1 < *floor || (*floor == 0 && ROOMS[below].1 == 0 && below < at)
            });
            if !down {
                faults.push(format!(
                    "the table lets `{room}` import `{edge}`, which is not below it"
                ));
            }
        }
    }
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let declared: BTreeSet<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let planned: BTreeSet<&str> = ROOMS.iter().map(|(name, ..)| *name).collect();
    for room in declared.symmetric_difference(&planned) {
        faults.push(format!(
            "`{room}` stands in one of src/lib.rs and the table, and not in the other"
        ));
    }
    for source in sources(&["src"]).iter().filter(|source| source.path != "src/lib.rs") {
        let module = source.module();
        let room = module[0];
        let edges = match ROOMS.iter().find(|(name, ..)| *name == room) {
            Some((.., edges)) => edges,
            None if room == "bin" => BINARIES,
            None => "",
        };
        for (number, line) in source.code() {
            for named in rooms_named(line, module.len()) {
                let known = planned.contains(named);
                if known && named != room && !edges.split_whitespace().any(|edge| edge == named) {
                    faults.push(format!(
                        "{}:{number}: `{room}` may not import `{named}`",
                        source.path
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn rooms_keep_to_their_words() {
    let mut faults = Vec::new();
    for source in &sources(&["src"]) {
        let module = source.module().join("/");
        for (number, line) in source.code() {
            for (word, homes) in WORDS {
                let at_home = homes.split_whitespace().any(|home| {
                    module
                        .strip_prefix(home)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                });
                if !at_home && places(line, word).next().is_some() {
                    faults.push(format!("{}:{number}: `{word}` belongs in {homes}", source.path));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A note to do something, without an issue to do it in.
fn is_open_end(line: &str) -> bool {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let ends = |at: usize| !line.as_bytes().get(at).copied().is_some_and(is_word);
    let marked = marks.iter().any(|mark| places(line, mark).any(|at| ends(at + mark.len())));
    marked && !line.contains('#')
}

#[test]
fn files_are_tidy() {
    let mut faults = Vec::new();
    let mut exceptions = 0;
    for source in &sources(&["src", "tests", "benches", "proto", "fuzz/fuzz_targets"]) {
        let path = &source.path;
        let mut fault = |number: usize, what: &str| faults.push(format!("{path}:{number}: {what}"));
        if !source.text.starts_with("//! ") {
            fault(1, "the first line says with `//!` what the file is for");
        }
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX || (path.starts_with("src/bin/") && lines > BINARY_LINES_MAX) {
            fault(lines, "too long");
        }
        if source.module().iter().any(|name| EMPTY_NAMES.contains(name)) {
            fault(1, "the name says nothing, or is `mod.rs`");
        }
        for (line, number) in source.text.lines().zip(1..) {
            if is_open_end(line) {
                fault(number, "open end without the number of an issue");
            }
        }
        for (number, line) in source.code() {
            if line.contains(".unwrap()") || line.contains(".expect(") {
                fault(number, "unwrap or expect outside tests");
            }
            exceptions += usize::from(line.contains("#[expect(") || line.contains("#![expect("));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(
        exceptions <= EXCEPTIONS_MAX,
        "{exceptions} exceptions to the lints (at most {EXCEPTIONS_MAX}: mend the code, or say why here)"
    );
}

#[test]
fn a_broken_wall_is_seen() {
    assert_eq!(rooms_named("use crate::api::Caller;", 1), ["api"]);
    assert_eq!(rooms_named("use crate::{api, server::drain};", 2), ["api", "server"]);
    assert_eq!(rooms_named("    super::super::lists::find(x)", 2), ["lists"]);
    assert_eq!(rooms_named("use super::lists;", 2), Vec::<&str>::new());
    assert!(is_open_end(concat!("// TO", "DO: later")));
    assert!(!is_open_end(concat!("// TO", "DO(#7): later")));
}
