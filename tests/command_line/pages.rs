//! `fingerprint` and `compare`: pages as a routing node sees them, and files that are none.

use std::fs;

use faxguard::lab::pages::distort::{Distortion, Spoiler};
use faxguard::lab::pages::layout::Press;
use faxguard::lab::pages::write::{Form, tiff};

use super::*;

const KEY: [&str; 2] =
    ["--key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"];

/// A folder that no output names.
const NOWHERE: &str = "/no/such/folder";

/// What a command line led to, without what differs from run to run.
fn looked(arguments: &[&str], folder: &str) -> Outcome {
    let words: Vec<&str> = arguments.iter().copied().chain(KEY).collect();
    let mut outcome = tool(&words);
    for text in [&mut outcome.out, &mut outcome.err] {
        *text = text.replace(folder, "FOLDER").replace(env!("CARGO_MANIFEST_DIR"), ".");
        for mark in ["read in ", "\"microseconds\":"] {
            if let Some(at) = text.find(mark).map(|at| at + mark.len()) {
                let end = text[at..].find([' ', '}']).unwrap() + at;
                text.replace_range(at..end, "N");
            }
        }
    }
    outcome
}

fn fixture(name: &str) -> String {
    project(&format!("tests/fixtures/{name}"))
}

#[test]
fn each_page_has_its_fingerprint_or_the_reason_why_not() {
    for (name, file) in [
        ("fingerprint", fixture("pages/mr4-strips.tif")),
        ("fingerprint-recorded", fixture("hylafax/fax000000001.tif")),
    ] {
        let people = looked(&["fingerprint", &file], NOWHERE);
        assert_eq!(people.code, 0, "{}", people.err);
        golden(&format!("{name}.txt"), &people.text());
        let programs = looked(&["fingerprint", &file, "--epoch", "7", "--json"], NOWHERE);
        assert_eq!(programs.code, 0, "{}", programs.err);
        for line in programs.out.lines() {
            serde_json::from_str::<serde_json::Value>(&line.replace(":N", ":0")).unwrap();
        }
        golden(&format!("{name}.jsonl"), &programs.out);
    }
    // Without a secret of the caller's, no two runs can be compared.
    let fresh = || tool(&["fingerprint", &fixture("pages/mr4-strips.tif")]).out;
    assert_ne!(fresh(), fresh());
}

#[test]
fn pages_are_compared_with_every_number_that_decides() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut press = Press::new().unwrap();
    let page = press.page(1, 4);
    let [one, other] = [0, 1].map(|fill| press.form(1, 2, fill));
    let [(_, white), ..] = press.empty(1);
    let rescan = Spoiler::new().unwrap().copy(&page, Distortion::Rescan, 1, 0);
    for (name, pages) in [
        ("page.tif", vec![&page]),
        ("rescan.tif", vec![&one, &rescan]),
        ("form.tif", vec![&one]),
        ("other-form.tif", vec![&other]),
        ("white.tif", vec![&white]),
    ] {
        fs::write(path(name), tiff(&pages, Form::PLAIN)).unwrap();
    }
    let files = folder.path().to_str().unwrap();
    for (name, first, second) in [
        ("compare-copy", "page.tif", "rescan.tif"),
        ("compare-form", "form.tif", "other-form.tif"),
        ("compare-others", "page.tif", "form.tif"),
    ] {
        let people = looked(&["compare", &path(first), &path(second)], files);
        assert_eq!(people.code, 0, "{}", people.err);
        golden(&format!("{name}.txt"), &people.text());
        let programs = looked(&["compare", &path(first), &path(second), "--json"], files);
        golden(&format!("{name}.jsonl"), &programs.out);
    }
    let nothing = looked(&["compare", &path("page.tif"), &path("white.tif")], files);
    assert_eq!(nothing.code, DATA);
    golden("compare-nothing.txt", &nothing.text());
}

#[test]
fn a_look_is_journalled_where_it_is_told_to_be_or_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("looks.jsonl");
    let journal = journal.to_str().unwrap();
    let file = fixture("pages/mmr-plain.tif");
    for purpose in ["deliver", "prevent-disruption"] {
        let told = tool(&["fingerprint", &file, "--journal", journal, "--purpose", purpose]);
        assert_eq!((told.code, told.err.contains("opened")), (0, false), "{}", told.err);
    }
    let kept = fs::read_to_string(journal).unwrap();
    let lines: Vec<serde_json::Value> =
        kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[1]["purpose"], &lines[1]["pages"]),
        (&"prevent-disruption".into(), &1.into())
    );
    assert_eq!(lines[0]["actor"], "faxguardctl, run by operator");
    assert_eq!(lines[0]["file"], file.as_str());
    let nowhere = tool(&["fingerprint", &file, "--journal", "/nowhere/looks.jsonl"]);
    assert_eq!((nowhere.code, nowhere.out.as_str()), (DATA, ""));
    #[cfg(target_os = "linux")]
    {
        let full = tool(&["fingerprint", &file, "--journal", "/dev/full"]);
        assert_eq!((full.code, full.out.as_str()), (DATA, ""), "{}", full.err);
    }
}

#[test]
fn what_is_no_fax_is_refused_in_a_sentence() {
    let whole = fs::read(fixture("pages/mmr-plain.tif")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // The tag that says how the page is coded: JPEG, and then a coding that there is not.
    let coding = |value: u8| {
        let tag = [3, 1, 3, 0, 1, 0, 0, 0];
        let at = whole.windows(8).position(|bytes| bytes == tag).unwrap() + 8;
        let mut file = whole.clone();
        file[at] = value;
        file
    };
    let ring = {
        let mut file = whole.clone();
        let end = file.len();
        file.copy_within(4..8, end - 4);
        file
    };
    let mut all = String::new();
    for (name, bytes, code) in [
        ("empty", Vec::new(), DATA),
        ("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3".to_vec(), DATA),
        ("cut", whole[..whole.len() / 2].to_vec(), DATA),
        ("bigtiff", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0".to_vec(), DATA),
        ("jpeg", coding(7), DATA),
        ("unknown", coding(77), DATA),
        ("ring", ring, 0),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let files = folder.path().to_str().unwrap();
        let told = looked(&["fingerprint", path.to_str().unwrap()], files);
        assert_eq!(told.code, code, "{name}: {}", told.err);
        all.push_str(&format!("=== {name}\n{}", told.text()));
    }
    golden("fingerprint-hostile.txt", &all);
    for bad in [&["--key", "12"][..], &["--epoch", "-1"], &["--purpose", "curiosity"]] {
        let file = fixture("pages/mmr-plain.tif");
        let words: Vec<&str> =
            ["fingerprint", &file].into_iter().chain(bad.iter().copied()).collect();
        assert_eq!(tool(&words).code, USAGE, "{bad:?}");
    }
}
