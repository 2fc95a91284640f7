//! Any bytes as a file of a fax, and any bytes as the coded strips of a sound one: every page is read within bounds or
//! refused, and what is read would be taken by the service.
#![no_main]

use faxguard::bounds::PAGE_ROWS_MAX;
use faxguard::content::fingerprint::{FingerprintKey, KEY_BYTES, Maps};
use faxguard::content::grant::Grant;
use faxguard::content::journal::{Journal, JournalFault, Opening};
use faxguard::content::sealed::{PAGES_READ_MAX, SealedFax};
use faxguard::fax::id::DecisionId;
use faxguard::time::Timestamp;
use faxguard::verdict::ContentPurpose;
use libfuzzer_sys::fuzz_target;

struct NoJournal;

impl Journal for NoJournal {
    fn write(&self, _: &Opening) -> Result<(), JournalFault> {
        Ok(())
    }
}

fn read(file: Vec<u8>) {
    let decision = DecisionId([0; 16]);
    let opening = Opening {
        decision,
        purpose: ContentPurpose::PreventDisruption,
        actor: "fuzz".into(),
        generation: 0,
        time: Timestamp::from_seconds(0),
    };
    let grant = Grant::request(&NoJournal, &opening).unwrap();
    let keys = [FingerprintKey::new(1, [1; KEY_BYTES]), FingerprintKey::new(2, [2; KEY_BYTES])];
    let Ok(pages) = SealedFax::new(decision, file).fingerprints(grant, &keys, Maps::With) else {
        return;
    };
    assert!((1..=PAGES_READ_MAX).contains(&pages.len()));
    for reading in pages.into_iter().flatten() {
        let decoded = reading.decoded;
        assert!((1..=PAGE_ROWS_MAX).contains(&decoded.rows) && decoded.damaged <= decoded.rows);
        let Ok(prints) = reading.fingerprints else { continue };
        assert!(prints.len() == 2 && prints[0].map.is_some() && prints[1].map.is_none());
        for print in &prints {
            assert_eq!(print.check(), Ok(()));
        }
    }
}

/// A sound file of one page whose coded bytes are these. The first four say how they are coded, in how many strips, and
/// how wide and high the page is.
fn around(how: [u8; 4], coded: &[u8]) -> Vec<u8> {
    let [coding, strips, width, rows] = how.map(u32::from);
    let (compression, options) =
        [(2, 0), (3, 0), (3, 1), (3, 4), (3, 5), (4, 0)][usize::from(how[0]) % 6];
    let widths = [1728, 2048, 2432, 3456, 1 + width];
    let (width, rows) = (widths[width as usize % 5], 1 + rows * 9);
    let strips = 1 + strips % 8;
    let size = coded.len() as u32 / strips;
    let values = 8 + coded.len() as u32;
    let mut file = b"II*\0".to_vec();
    file.extend((values + 8 * strips).to_le_bytes());
    file.extend(coded);
    file.extend((0..strips).flat_map(|at| (8 + at * size).to_le_bytes()));
    file.extend((0..strips).flat_map(|_| size.to_le_bytes()));
    let many = |at: u32, one: u32| if strips == 1 { one } else { at };
    let entries = [
        (256, 1, width),
        (257, 1, rows),
        (259, 1, compression),
        (262, 1, coding >> 6 & 1),
        (266, 1, 1 + (coding >> 7)),
        (273, strips, many(values, 8)),
        (278, 1, rows.div_ceil(strips)),
        (279, strips, many(values + 4 * strips, size)),
        (292, 1, options),
    ];
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, count, value) in entries {
        file.extend((tag as u16).to_le_bytes());
        file.extend(4_u16.to_le_bytes());
        file.extend(u32::to_le_bytes(count));
        file.extend(u32::to_le_bytes(value));
    }
    file.extend([0; 4]);
    file
}

fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first_chunk::<4>() {
        Some((head, _)) if head == b"II*\0" || head == b"MM\0*" => read(bytes.to_vec()),
        Some((how, coded)) if !coded.is_empty() => read(around(*how, coded)),
        _ => read(bytes.to_vec()),
    }
});
