//! Any bytes are a transfer log: each line a record within its bounds, or a fault.
#![no_main]

use faxguard::bounds::{PAGES_MAX, TEXT_BYTES_MAX};
use faxguard::lab::xferfaxlog;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|log: &[u8]| {
    for (_, line) in xferfaxlog::records(log) {
        match line {
            Ok(record) => {
                assert!(record.pages <= PAGES_MAX);
                for text in [record.station, record.cid_name, record.reason].iter().flatten() {
                    assert!(text.as_str().len() <= TEXT_BYTES_MAX);
                    assert!(!text.as_str().chars().any(char::is_control));
                }
            }
            Err(fault) => assert!(!fault.to_string().is_empty()),
        }
    }
});
