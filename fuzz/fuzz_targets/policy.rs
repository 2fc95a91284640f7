//! Any text is a policy, or is refused with every fault named.
#![no_main]

use faxguard::policy;
use faxguard::screening::signals::specs;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = policy::decode(bytes) else { return };
    if let Err(faults) = policy::load(text, &specs()) {
        assert!(!faults.is_empty());
    }
});
