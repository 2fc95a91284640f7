//! Pages as files, from the outside: a kept corpus in every coding, and every truncation and flip of it.
//! `UPDATE=1` makes the corpus anew.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::path::PathBuf;

use faxguard::bounds::PAGE_ROWS_MAX;
use faxguard::content::fingerprint::{Fingerprint, FingerprintKey, KEY_BYTES, Maps, PageReading};
use faxguard::content::grant::Grant;
use faxguard::content::journal::{Journal, JournalFault, Opening};
use faxguard::content::sealed::{NoFingerprint, SealedFax};
use faxguard::fax::id::DecisionId;
use faxguard::lab::pages::bitmap::Bitmap;
use faxguard::lab::pages::layout::Press;
use faxguard::lab::pages::write::{Close, Coding, Ends, Fill, Form, Zero, tiff};
use faxguard::time::Timestamp;
use faxguard::verdict::ContentPurpose;

/// Most bytes of the whole corpus.
const CORPUS_BYTES_MAX: usize = 300_000;
/// Rows of the page of each file: in fine resolution 25 mm, of which the first are margin.
const ROWS: std::ops::Range<usize> = 180..380;

struct NoJournal;

impl Journal for NoJournal {
    fn write(&self, _: &Opening) -> Result<(), JournalFault> {
        Ok(())
    }
}

type Pages = Result<Vec<Option<PageReading>>, NoFingerprint>;

/// Reads every page of a file, and holds what holds for any.
fn read(file: &[u8]) -> Pages {
    let decision = DecisionId([0; 16]);
    let opening = Opening {
        decision,
        purpose: ContentPurpose::PreventDisruption,
        actor: "tests".into(),
        generation: 0,
        time: Timestamp::from_seconds(0),
    };
    let grant = Grant::request(&NoJournal, &opening).unwrap();
    let key = [FingerprintKey::new(1, [1; KEY_BYTES])];
    let fax = SealedFax::new(decision, file.to_vec());
    let pages: Vec<_> = fax.fingerprints(grant, &key, Maps::With)?;
    for reading in pages.iter().flatten() {
        let decoded = reading.decoded;
        assert!((1..=PAGE_ROWS_MAX).contains(&decoded.rows) && decoded.damaged <= decoded.rows);
        for print in reading.fingerprints.iter().flatten() {
            assert_eq!(print.check(), Ok(()));
        }
    }
    Ok(pages.into_iter().map(Result::ok).collect())
}

fn forms() -> Vec<(String, Form)> {
    let codings = [
        ("bare", Coding::Bare),
        ("mh", Coding::Mh),
        ("mr2", Coding::Mr { k: 2 }),
        ("mr4", Coding::Mr { k: 4 }),
        ("mmr", Coding::Mmr),
    ];
    let habits = [
        ("plain", Form::PLAIN),
        ("reversed", Form { fill: Fill::LowestFirst, ends: Ends::Aligned, ..Form::PLAIN }),
        ("negative", Form { zero: Zero::Black, close: Close::Left, ..Form::PLAIN }),
        ("strips", Form { strip_rows: Some(64), close: Close::Left, ..Form::PLAIN }),
    ];
    let all = codings.into_iter().flat_map(|coding| habits.map(|habit| (coding, habit)));
    all.map(|((coding, rows), (habit, form))| {
        (format!("{coding}-{habit}.tif"), Form { coding: rows, ..form })
    })
    .collect()
}

/// A strip of a page of ours.
fn page() -> Bitmap {
    let mut page = Press::new().unwrap().page(1, 0);
    page.remove_rows(ROWS.end..usize::MAX);
    page.remove_rows(0..ROWS.start);
    page
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages")
}

/// The kept files.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let read = |(name, _): (String, Form)| {
        let file = std::fs::read(folder().join(&name)).unwrap();
        (name, file)
    };
    forms().into_iter().map(read).collect()
}

fn print(file: &[u8]) -> Fingerprint {
    let page = read(file).unwrap().remove(0).unwrap();
    page.fingerprints.unwrap().remove(0)
}

#[test]
fn the_kept_corpus_is_one_page_in_every_coding() {
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        for (name, form) in forms() {
            std::fs::write(folder().join(name), tiff(&[&page], form)).unwrap();
        }
    }
    let corpus = corpus();
    let bytes: usize = corpus.iter().map(|(_, file)| file.len()).sum();
    assert!(bytes <= CORPUS_BYTES_MAX, "{bytes}");
    let first = print(&corpus[0].1);
    for ((name, file), (_, form)) in corpus.iter().zip(forms()) {
        assert!(*file == tiff(&[&page], form), "{name} is not what is written today");
        let reading = read(file).unwrap().remove(0).unwrap();
        let told = (reading.decoded.rows, reading.decoded.damaged, reading.decoded.cut);
        assert_eq!(told, (200, 0, 0), "{name}");
        let again = print(file);
        assert!(again.chunks == first.chunks && again.marks == first.marks, "{name}");
    }
}

#[test]
fn every_truncation_of_the_corpus_is_answered() {
    for (_, file) in corpus() {
        for end in 0..file.len() {
            let _ = read(&file[..end]);
        }
    }
}

/// A page of which the file has less than was sent: the tags are whole, and the coded rows end somewhere.
#[test]
fn rows_that_end_anywhere_give_the_page_before_that() {
    for (name, mut file) in corpus() {
        // StripByteCounts, of one strip: its size stands in the entry.
        let entry = [23, 1, 4, 0, 1, 0, 0, 0];
        let Some(at) = file.windows(8).position(|bytes| bytes == entry).map(|at| at + 8) else {
            assert!(name.ends_with("-strips.tif"), "{name}");
            continue;
        };
        let size = u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        let mut rows = 0;
        for shorter in (1..size).step_by(1 + usize::try_from(size).unwrap() / 60) {
            file[at..at + 4].copy_from_slice(&shorter.to_le_bytes());
            if let Some(reading) = &read(&file).unwrap()[0] {
                // What is left of a code may look like a row, or two.
                let now = reading.decoded.rows;
                assert!(now + 2 >= rows, "{name}: more bytes, {now} rows after {rows}");
                rows = now;
            }
        }
        assert!((150..=200).contains(&rows), "{name}: {rows}");
    }
}

/// Every bit of the tags of one file, and of the coded rows a hundred of each, other ones in each. The fuzz target
/// `pages` flips the rest.
#[test]
fn flips_in_tags_and_rows_are_answered() {
    const FLIPS: usize = 100;
    for (number, (name, mut file)) in corpus().into_iter().enumerate() {
        let (tags, end) = (8 * (file.len() - 320), 8 * file.len());
        let rows = (64 + number..tags).step_by(tags / FLIPS);
        let tags = if name == "mr4-strips.tif" { tags..end } else { 0..0 };
        for bit in (0..64).chain(rows).chain(tags) {
            file[bit / 8] ^= 1 << (bit % 8);
            let _ = read(&file);
            file[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
