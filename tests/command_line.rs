//! The operator's tool as typed: exit code, standard output and standard error, against a server of canned answers.
//! Snapshots are plain text in `tests/golden/tool`; `UPDATE=1` refreshes them.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

mod canned;
mod complaints;
mod pages;

use std::fs;
use std::path::PathBuf;

use faxguard::lab::files;
use faxguard::operator::{
    Answer, CONFIGURATION, DATA, Hooks, Invocation, Output, Screen, UNREACHABLE, USAGE,
    VerdictLine, run,
};

const CAMPAIGN: &str = "6b49d2000000002a";

/// What one command line led to.
#[derive(Debug)]
struct Outcome {
    code: u8,
    out: String,
    err: String,
}

impl Outcome {
    fn text(&self) -> String {
        format!(
            "exit {}\n--- standard output\n{}--- standard error\n{}",
            self.code, self.out, self.err
        )
    }
}

fn tool(arguments: &[&str]) -> Outcome {
    let hooks = Hooks {
        in_process: Some(|events, answer| {
            for (line, event) in events {
                let time = faxguard::operator::text::from_wire(&event.event_time.unwrap());
                let answered = canned::screened("in-process");
                answer(VerdictLine { line, time, answer: Answer::Screened(Box::new(answered)) });
            }
        }),
        configuration: Some(|| "# the documented default\n".into()),
    };
    let words = std::iter::once("faxguardctl").chain(arguments.iter().copied());
    let invocation =
        Invocation { arguments: words.map(Into::into).collect(), user: Some("operator".into()) };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let output = Output::new(&mut out, &mut err, Screen::Other);
    let code = run(invocation, &files::catalog(), &hooks, output);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { code, out: text(out), err: text(err) }
}

/// The tool against the canned server.
fn called(arguments: &[&str]) -> Outcome {
    let words: Vec<&str> =
        arguments.iter().copied().chain(["--server", canned::address()]).collect();
    tool(&words)
}

fn project(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn golden(name: &str, text: &str) {
    let path = PathBuf::from(project("tests/golden/tool")).join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == text,
        "{} differs (UPDATE=1 refreshes it)\n=== expected\n{expected}\n=== found\n{text}",
        path.display()
    );
}

fn temporary(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn help_of_every_command_is_the_catalog() {
    let root = tool(&["--help"]);
    assert_eq!(root.code, 0);
    golden("help.txt", &root.out);
    let mut all = String::new();
    for command in files::catalog().commands() {
        let words: Vec<&str> = command.name.split(' ').chain(["--help"]).collect();
        let help = tool(&words);
        assert_eq!((help.code, help.err.as_str()), (0, ""), "{}", command.name);
        let flowed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flowed(&help.out).starts_with(&flowed(command.doc)), "{}", help.out);
        let group = command.name.split(' ').next().unwrap();
        assert!(root.out.contains(group), "{group}");
        all.push_str(&format!("=== faxguardctl {}\n{}\n", command.name, help.out));
    }
    golden("help-of-commands.txt", &all);
}

#[test]
fn the_man_page_has_every_command_and_option() {
    let man = tool(&["generate", "man"]);
    assert_eq!(man.code, 0);
    for command in files::catalog().commands() {
        assert!(
            man.out.contains(&format!(".SH \"faxguardctl {}\"", command.name)),
            "{}",
            command.name
        );
    }
    for option in ["in\\-process", "category", "show\\-numbers"] {
        assert!(man.out.contains(option), "{option}");
    }
}

#[test]
fn the_tool_generates_what_it_promises() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let completions = tool(&["generate", "completions", shell]);
        assert_eq!(completions.code, 0);
        for word in ["directory", "xferfaxlog", "explain"] {
            assert!(completions.out.contains(word), "{shell} {word}");
        }
    }
    assert!(tool(&["generate", "unit"]).out.contains("DynamicUser=yes"));
    assert_eq!(tool(&["generate", "config"]).out, "# the documented default\n");
    assert!(tool(&["--version"]).out.starts_with("faxguardctl 0.1.0 ("));
}

#[test]
fn wrong_command_lines_and_servers_out_of_reach_have_their_codes() {
    for (arguments, code) in [
        (&["frobnicate"][..], USAGE),
        (&["lists", "add", "--list", "grey"], USAGE),
        (&["report", "--member", "m", "--outsider", "o"], USAGE),
        (&["replay", "f", "--rate", "fast"], USAGE),
        (&["evaluate", "nothing"], USAGE),
        (
            &["lists", "add", "--list", "block", "--number", "1", "--reason", "r", "--until", "x"],
            USAGE,
        ),
        (&["status", "--server", "not an address"], USAGE),
        (&["status", "--server", "127.0.0.1:1"], UNREACHABLE),
        (&["replay", "/nowhere"], DATA),
        (&["screen", "/nowhere"], DATA),
    ] {
        let outcome = tool(arguments);
        assert_eq!(outcome.code, code, "{arguments:?}: {}", outcome.err);
        assert!(!outcome.err.is_empty() && outcome.out.is_empty(), "{arguments:?}");
    }
}

#[test]
fn answers_for_people_and_for_programs() {
    let decision = "0123456789abcdef0123456789abcdef";
    for (name, arguments) in [
        ("explain", &["explain", decision][..]),
        ("blocked", &["blocked", "m1"]),
        ("status", &["status"]),
        ("report", &["report", "--member", "m1", "--decision", decision, "--category", "junk"]),
        ("report-show", &["report", "show", decision]),
        (
            "lists-add",
            &[
                "lists",
                "add",
                "--list",
                "block",
                "--member",
                "m1",
                "--number",
                "+18005551212",
                "--reason",
                "junk",
            ],
        ),
        ("lists-remove", &["lists", "remove", decision]),
        ("lists-show", &["lists", "show"]),
        ("held-list", &["held", "list"]),
        ("held-release", &["held", "release", decision]),
        ("held-reject", &["held", "reject", decision, "--reason", "junk"]),
        ("campaigns-list", &["campaigns", "list"]),
        ("campaigns-show", &["campaigns", "show", CAMPAIGN]),
        ("campaigns-confirm", &["campaigns", "confirm", CAMPAIGN, "--reason", "loans"]),
        ("campaigns-clear", &["campaigns", "clear", CAMPAIGN, "--reason", "a newsletter"]),
        ("campaigns-quarantine", &["campaigns", "quarantine", CAMPAIGN, "--reason", "a form"]),
        ("campaigns-undo", &["campaigns", "undo", CAMPAIGN]),
        ("campaigns-merge", &["campaigns", "merge", CAMPAIGN, "6b49d2000000002b"]),
        ("campaigns-split", &["campaigns", "split", CAMPAIGN]),
        ("campaigns-take-out", &["campaigns", "take-out", CAMPAIGN, "1"]),
        ("forms-list", &["forms", "list"]),
        ("forms-name", &["forms", "name", CAMPAIGN, "--reason", "a referral"]),
        ("forms-forget", &["forms", "forget", "3"]),
        ("limits-show", &["limits", "show", "m1"]),
        (
            "limits-set",
            &["limits", "set", "pages", "--plan", "free", "--rate", "300", "--reason", "a fair"],
        ),
        ("limits-kill", &["limits", "kill", "faxes", "--each", "number", "--reason", "a drill"]),
        ("limits-unset", &["limits", "unset", "pages", "--member", "m1", "--reason", "over"]),
        ("limits-list", &["limits", "list"]),
        ("limits-history", &["limits", "history"]),
        ("limits-what-if", &["limits", "what-if", "pages", "--plan", "free", "--rate", "300"]),
        ("limits-trials", &["limits", "trials"]),
        ("limits-rollback", &["limits", "rollback", "7", "--reason", "too tight"]),
        ("limits-top", &["limits", "top", "pages", "--by", "trunk", "--over", "day"]),
        ("limits-explain", &["limits", "explain", "m1"]),
        ("policy-show", &["policy", "show"]),
    ] {
        let people = called(arguments);
        golden(&format!("{name}.txt"), &people.text());
        let words: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let programs = called(&words);
        assert_eq!(programs.code, 0, "{name}: {}", programs.err);
        for line in programs.out.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
        golden(&format!("{name}.jsonl"), &programs.out);
    }
}

#[test]
fn who_watches_sees_what_changes_until_the_server_stops() {
    for (name, arguments) in [
        ("campaigns-watch.txt", &["campaigns", "watch"][..]),
        ("campaigns-watch.jsonl", &["campaigns", "watch", "--state", "suspected", "--json"]),
    ] {
        let watched = called(arguments);
        assert_eq!(watched.code, UNREACHABLE);
        golden(name, &watched.text());
    }
}

#[test]
fn nothing_from_the_server_reaches_a_terminal_as_it_is() {
    for form in [&["explain", "x"][..], &["explain", "x", "--json"], &["explain", "refused"]] {
        let outcome = called(form);
        let text = outcome.text();
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7f}', '\u{9b}']), "{text:?}");
    }
    let masked = called(&["explain", "x"]).out;
    assert!(masked.contains("+1900*****12") && !masked.contains("+19005551212"), "{masked}");
    assert!(called(&["explain", "x", "--show-numbers"]).out.contains("+19005551212"));
}

#[test]
fn a_refusal_names_reason_and_remedy() {
    let outcome = called(&["explain", "refused"]);
    assert_eq!(outcome.code, 1);
    golden("refused.txt", &outcome.text());
}

#[test]
fn a_policy_is_checked_and_applied_by_the_server() {
    let (_folder, path) = temporary("policy.toml", "good = 1\n");
    assert_eq!(called(&["policy", "check", &path]).code, 0);
    let applied = called(&["policy", "apply", &path, "--reason", "test"]);
    assert_eq!((applied.code, applied.out.as_str()), (0, "generation 8 is in force\n"));
    let (_folder, path) = temporary("policy.toml", "bad = 1\n");
    let checked = called(&["policy", "check", &path]);
    assert_eq!(checked.code, CONFIGURATION);
    golden("policy-check-faults.txt", &checked.text());
    let (_folder, path) = temporary("policy.toml", &"#".repeat(1024 * 1024 + 1));
    assert_eq!(called(&["policy", "check", &path]).code, DATA);
}

#[test]
fn a_recorded_fax_is_screened_stage_by_stage() {
    let file = project("tests/fixtures/hylafax/fax000000001.tif");
    let outcome = called(&["screen", &file]);
    golden("screen.txt", &outcome.text());
    let described = tool(&["screen", &project("tests/fixtures/hylafax/xferfaxlog")]);
    assert_eq!(described.code, DATA);
    assert!(described.err.contains("not a TIFF"), "{}", described.err);
}

/// Stages, a report between them, directory entries, a list entry, a held fax, and three lines that are none.
fn events() -> String {
    let mut text = String::new();
    let stage = |at: usize| {
        format!(
            "{{\"eventTime\":\"2026-11-24T00:{:02}:{:02}Z\",\"screenFax\":{{\"requestId\":\"r{at}\",\"nodeId\":\"n\",\
             \"faxId\":\"f{at}\",\"inbound\":{{\"calledNumber\":\"+18005550100\"}},\"callOffered\":{{}}}}}}\n",
            at / 60 % 60,
            at % 60
        )
    };
    for at in 0..200 {
        text.push_str(&stage(at));
    }
    let time = "\"eventTime\":\"2026-11-24T01:00:00Z\"";
    text.push_str("not json\n");
    text.push_str(&format!("{{{time},\"fileReport\":{{\"requestId\":\"x\",\"category\":\"REPORT_CATEGORY_JUNK_FAX\"}}}}\n"));
    text.push_str(&format!("{{{time},\"fileReport\":{{\"requestId\":\"refuse\"}}}}\n"));
    for number in ["+18005550100", "+18005550101"] {
        text.push_str(&format!(
            "{{{time},\"directoryEntry\":{{\"assignment\":{{\"number\":\"{number}\"}}}}}}\n"
        ));
    }
    text.push_str(&format!("{{{time},\"listEntry\":{{\"list\":\"LIST_KIND_BLOCK\"}}}}\n"));
    text.push_str(&format!("{{{time},\"releaseHeldFax\":{{\"decisionId\":\"d\"}}}}\n"));
    text.push_str(&format!("{{{time},\"screenFax\":{{\"faxId\":[]}}}}\n"));
    text.push_str(&format!("{{{time}}}\n"));
    text.push_str(&stage(200));
    text
}

#[test]
fn events_are_played_in_order_and_bad_lines_named() {
    let (_folder, path) = temporary("events.jsonl", &events());
    for rate in ["0", "100000/s"] {
        let played = called(&["replay", &path, "--rate", rate]);
        assert_eq!(played.code, 0, "{}", played.err);
        let lines: Vec<&str> = played.out.lines().collect();
        // 201 stages, 2 reports, one line for both directory entries, a list entry and a held fax.
        assert_eq!(lines.len(), 206, "{}", played.out);
        assert!(lines[..200].iter().all(|line| line.contains("call-offered")));
        // The server names each decision by the request, so the order shows.
        assert!(lines[7].contains(" r7 ") && lines[199].contains(" r199 "), "{}", lines[199]);
        golden("replay-tail.txt", &format!("{}\n{}", lines[198..].join("\n"), played.err));
    }
    let strict = called(&["replay", &path, "--strict"]);
    assert_eq!(strict.code, DATA);
    let json = called(&["replay", &path, "--json"]);
    assert_eq!(json.out.lines().count(), 206);
    assert!(json.out.lines().all(|line| line.starts_with('{')));
}

#[test]
fn the_event_time_travels_with_the_stage() {
    let (_folder, path) = temporary("events.jsonl", &events());
    let played = called(&["replay", &path, "--json"]);
    // The canned server says in the rule which time it saw.
    let line = played.out.lines().nth(61).unwrap();
    assert!(line.contains("\"rule\":\"2026-11-24T00:01:01.000Z\""), "{line}");
}

#[test]
fn the_engine_in_process_sees_the_same_events() {
    let (_folder, path) = temporary("events.jsonl", &events());
    let played = tool(&["replay", &path, "--in-process"]);
    assert_eq!(played.code, 0);
    assert_eq!(played.out.lines().count(), 207);
    assert!(played.err.contains("line 201: "), "{}", played.err);
}

#[test]
fn a_directory_is_imported_and_refused_rows_have_their_lines() {
    let mut text = String::from("number,member_id,plan\n");
    for at in 0..25_000_u32 {
        text.push_str(&format!("+1800{:07},m{at},\n", at));
    }
    text.push_str("0800,m,\n+18005550000,refuse,\n+18005550001,m,gold\n+18005550002,m,pro\n");
    let (_folder, path) = temporary("directory.csv", &text);
    let imported = called(&["directory", "import", &path]);
    assert_eq!(imported.code, DATA);
    golden("directory-import.txt", &imported.text());
    let whole = called(&["directory", "import", &path, "--whole"]);
    assert_eq!(whole.code, DATA);
    golden("directory-import-whole.txt", &whole.text());
    let (_folder, path) = temporary("directory.csv", "number,member_id\n+18005550000,m\n");
    let good = called(&["directory", "import", &path, "--whole"]);
    assert_eq!((good.code, good.err.as_str()), (0, ""), "{}", good.out);
}

#[test]
fn a_transfer_log_becomes_events() {
    let log = project("tests/fixtures/hylafax/xferfaxlog");
    let converted = tool(&["convert", "xferfaxlog", &log, "--zone", "America/New_York"]);
    assert_eq!(converted.code, 0);
    golden("convert-xferfaxlog.jsonl", &converted.out);
    golden("convert-xferfaxlog.txt", &converted.err);
    // What was converted is what replay reads.
    let (_folder, path) = temporary("events.jsonl", &converted.out);
    let replayed = tool(&["replay", &path, "--in-process", "--strict"]);
    assert_eq!(replayed.code, 0, "{}", replayed.err);
    assert_eq!(replayed.out.lines().count(), converted.out.lines().count());
    let (_folder, path) = temporary("log", "nonsense\n\n11/23/26 20:50\tRECV\n");
    let bad = tool(&["convert", "xferfaxlog", &path, "--strict"]);
    assert_eq!(bad.code, DATA);
    golden("convert-bad-lines.txt", &bad.text());
}
