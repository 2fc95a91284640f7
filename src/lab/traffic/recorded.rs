//! Real faxes: TIFF-F files that a HylaFAX server received, told with the facts in their own tags.

use super::script::{Call, Cli, Ending, Script};
use super::shape::{Document, Resolution, Session};
use super::world::{AREAS, World};
use crate::content::tiff::{self, Coding as TiffCoding, HostileBytes, TiffFax};
use crate::wire::screening::v1::{Attestation, Coding};

macro_rules! recorded {
    ($($serial:literal),*) => {
        [$(include_bytes!(concat!(
            "../../../tests/fixtures/hylafax/fax000000", $serial, ".tif"
        ))),*]
    };
}

/// Letters of one office, sent with error correction.
const LETTERS: [&[u8]; 3] = recorded!("001", "002", "003");
/// Bulk mail under a premium caller number that changes from call to call.
const BULK: [&[u8]; 7] = recorded!("006", "007", "008", "009", "010", "011", "012");

/// Members on nodes that run HylaFAX, as the recordings were made.
fn recipients(script: &mut Script<'_>, count: usize) -> Vec<u64> {
    let node = AREAS[1].node.id;
    let dids: Vec<u64> = script
        .world
        .accounts
        .iter()
        .map(|account| account.did())
        .filter(|did| AREAS[World::area_of(*did)].node.id == node)
        .collect();
    script.some_of(&dids, count)
}

/// The recorded letters.
pub(super) fn letters(script: &mut Script<'_>) {
    let begin = AREAS[1].local(script.start, 11 * 60 + 5);
    tell(script, &LETTERS, begin, Attestation::A);
}

/// The recorded bulk mail.
pub(super) fn bulk(script: &mut Script<'_>) {
    let begin = AREAS[1].local(script.start, 14 * 60 + 45);
    tell(script, &BULK, begin, Attestation::C);
}

fn tell(script: &mut Script<'_>, files: &[&[u8]], begin: i64, attestation: Attestation) {
    let dids = recipients(script, files.len());
    for (at, (file, did)) in (0..).zip(files.iter().zip(dids)) {
        // The files are part of the program and a test reads each of them.
        let Ok(fax) = tiff::read(file) else { continue };
        let plain = script.call(begin + at * 70, caller(&fax), did);
        script.receive(Call {
            trunk: "carrier-c",
            name: text(fax.identity.caller_name.as_ref()),
            tsi: text(fax.identity.tsi.as_ref()),
            attestation,
            session: session(&fax),
            document: document(&fax),
            // A file that ends in a fault is of a call that did.
            ending: if fax.fault.is_some() { Ending::Broken } else { Ending::Complete },
            caller: Cli::Number(caller(&fax)),
            ..plain
        });
    }
}

/// The caller's number, which the recordings hold as ten national digits.
fn caller(fax: &TiffFax) -> u64 {
    let digits = text(fax.identity.caller_number.as_ref());
    digits.parse::<u64>().map_or(18_005_551_212, |number| 10_000_000_000 + number)
}

fn text(claimed: Option<&HostileBytes>) -> String {
    claimed.map(|bytes| String::from_utf8_lossy(bytes.bytes()).into_owned()).unwrap_or_default()
}

fn session(fax: &TiffFax) -> Session {
    let first = &fax.pages[0];
    let params = first.params;
    Session {
        rate_bps: params.and_then(|params| params.rate_bit_s).unwrap_or(14_400),
        ecm: params.is_some_and(|params| params.ecm),
        coding: match first.coding {
            TiffCoding::Mh => Coding::Mh,
            TiffCoding::Mr => Coding::Mr,
            TiffCoding::Mmr => Coding::Mmr,
            TiffCoding::Jbig => Coding::Jbig,
            TiffCoding::Jpeg => Coding::Jpeg,
            TiffCoding::Uncompressed | TiffCoding::Other(_) => Coding::Unspecified,
        },
        ..Session::PLAIN
    }
}

fn document(fax: &TiffFax) -> Document {
    let sizes = fax.pages.iter().map(|page| u32::try_from(page.coded_bytes).unwrap_or(u32::MAX));
    let rows = fax.pages.iter().map(|page| page.rows).max().unwrap_or(0);
    let resolution = match fax.pages[0].resolution() {
        tiff::Resolution::Fine => Resolution::Fine,
        tiff::Resolution::Standard | tiff::Resolution::Superfine | tiff::Resolution::Other => {
            Resolution::Standard
        }
    };
    Document::recorded(sizes.collect(), rows, resolution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_is_read_and_told_apart() {
        for file in LETTERS.into_iter().chain(BULK) {
            let fax = tiff::read(file).unwrap();
            assert!(!fax.pages.is_empty());
            assert!(fax.identity.caller_number.is_some() && fax.identity.tsi.is_some());
            assert!((18_000_000_000..20_000_000_000).contains(&caller(&fax)));
            assert_eq!(document(&fax).page_count() as usize, fax.pages.len());
        }
    }
}
