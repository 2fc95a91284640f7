//! Any bytes are a TIFF file with at least one sound page, or a fault that names its byte.
#![no_main]

use faxguard::bounds::{TIFF_PAGES_MAX, TIFF_TEXT_BYTES_MAX};
use faxguard::content::tiff;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match tiff::read(bytes) {
        Ok(fax) => {
            assert!((1..=TIFF_PAGES_MAX).contains(&fax.pages.len()));
            for page in &fax.pages {
                assert!(page.width > 0 && page.rows > 0);
                assert!((1..=bytes.len() as u64).contains(&page.coded_bytes));
                let _ = page.resolution();
            }
            assert!(fax.identity.tsi.is_none_or(|tsi| tsi.bytes().len() <= TIFF_TEXT_BYTES_MAX));
        }
        Err(fault) => assert!(fault.to_string().contains("at byte")),
    }
});
