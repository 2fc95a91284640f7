//! Any bytes are a HylaFAX queue file: every text within what the contract takes but one byte, every count within its bounds.
#![no_main]

use faxguard::bounds::{PAGES_MAX, TEXT_BYTES_MAX};
use faxguard::node::queue_file::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let job = parse(bytes);
    assert!(job.pages <= PAGES_MAX && job.total_pages <= PAGES_MAX);
    for text in [&job.owner, &job.number, &job.tsi, &job.tagline, &job.csi, &job.status] {
        // Of one that is too long the character beyond is kept, by which the service sees it; it may end with a space then.
        assert!(text.len() <= TEXT_BYTES_MAX + 4);
        assert!(!text.contains('\n'));
        assert_eq!(text.trim_start(), text);
    }
    assert_eq!(parse(bytes), job);
    // Of several lines with one key the last counts, wherever a value ended before: an owner cannot be talked over.
    let closed = [bytes, b"\nx:\nowner:last"].concat();
    assert_eq!(parse(&closed).owner, "last");
});
