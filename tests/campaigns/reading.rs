//! The service reads a fax itself: journalled first, once, whatever the file is.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::path::Path;
use std::sync::Arc;

use faxguard::content::journal::Opening;
use faxguard::content::sealed::SealedFax;
use faxguard::ledger::decode_opening;
use faxguard::memory::Memory;
use faxguard::memory::looks::{NoLeave, SERVICE_ACTOR};
use faxguard::screening::reading::{Reading, Unread, read_fax};
use faxguard::screening::screen_pages;
use faxguard::store::TableId;
use faxguard::store::embedded::fault::NoFaults;
use faxguard::verdict::ContentPurpose;

use super::{clean, copy, from, house, people};
use crate::support::frozen;
use crate::support::{at, engine, store};

const READS: &str = "[inbound]\ndoubt_low = -20000\n[fingerprints]\nshare_per_mille = 1000\nservice_reads_pages = true\n";

/// What the service makes of a file whose fingerprints are wanted.
fn read(memory: &Memory, fax: u64, file: Vec<u8>) -> Result<Reading, Unread> {
    read_fax(memory, &SealedFax::new(from(fax, fax).id(), file), at(60 * fax + 1), || true)
}

fn journal(memory: &Memory) -> Vec<Opening> {
    let rows = memory.store().table_scan(TableId::ContentJournal, None, 1_000).unwrap();
    rows.iter().map(|row| decode_opening(&row.value).unwrap()).collect()
}

#[test]
fn a_look_of_the_service_is_in_the_journal_over_a_power_cut_and_stays_taken() {
    let folder = tempfile::tempdir().unwrap();
    let open = |folder: &Path| engine(store(folder, Arc::new(NoFaults)), READS).0;
    let memory = open(folder.path());
    people(&memory);
    let event = from(1, 1).received(at(60), 1);
    assert!(screen_pages(&memory, &event, &[]).fingerprint.is_some());
    let reading = read(&memory, 1, copy(3, 1)).unwrap();
    assert_eq!(reading.purpose, ContentPurpose::PreventDisruption);
    assert_eq!(reading.pages.unwrap().len(), 1);
    let left = frozen(folder.path());
    let second = open(left.path());
    for memory in [&memory, &second] {
        let [opening] = journal(memory).try_into().unwrap();
        assert_eq!((opening.decision, opening.actor.as_str()), (event.decision, SERVICE_ACTOR));
        assert_eq!(opening.purpose, ContentPurpose::PreventDisruption);
        let again = read(memory, 1, copy(3, 1)).err().unwrap();
        assert!(matches!(again, Unread::NoLeave(NoLeave::Taken)), "{again}");
        assert_eq!(journal(memory).len(), 1);
        assert_eq!(memory.wishes().shares_milli(), [1, 1]);
    }
}

#[test]
fn what_cannot_be_journalled_is_not_read_and_may_be_later() {
    let memory = house(READS);
    screen_pages(&memory, &from(1, 1).received(at(60), 1), &[]);
    let nobody = read(&memory, 9, copy(3, 9)).err().unwrap();
    assert!(matches!(nobody, Unread::NoLeave(NoLeave::NotWanted)), "{nobody}");
    let folder = tempfile::tempdir().unwrap();
    let (closed, _) = engine(store(folder.path(), Arc::new(NoFaults)), READS);
    people(&closed);
    screen_pages(&closed, &from(1, 1).received(at(60), 1), &[]);
    closed.store().close();
    for _ in 0..2 {
        let unread = read(&closed, 1, copy(3, 1)).err().unwrap();
        assert!(matches!(unread, Unread::Journal(_)), "{unread}");
        assert_eq!(closed.wishes().shares_milli(), [1, 0]);
    }
    // What the service reads goes the way of what a node brings, and no further page is begun in vain.
    let sealed = SealedFax::new(from(1, 1).id(), copy(3, 1));
    let late = read_fax(&memory, &sealed, at(61), || false).unwrap();
    assert!(late.pages.unwrap().is_empty());
}

#[test]
fn hostile_files_are_read_to_no_end_but_an_answer() {
    let memory = house(READS);
    let file = copy(3, 1);
    let mut fax = 0;
    let mut try_one = |bytes: Vec<u8>| {
        fax += 1;
        let event = clean(fax);
        screen_pages(&memory, &event, &[]);
        let sealed = SealedFax::new(event.decision, bytes);
        let _ = read_fax(&memory, &sealed, event.time, || true).unwrap().pages;
    };
    for length in (0..file.len()).step_by(file.len() / 60) {
        try_one(file[..length].to_vec());
    }
    for at in (0..file.len()).step_by(file.len() / 60).chain(0..16) {
        let mut bytes = file.clone();
        bytes[at] ^= 0xA5;
        try_one(bytes);
    }
}
