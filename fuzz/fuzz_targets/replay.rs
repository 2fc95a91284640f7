//! Any bytes are a replay file: each line an event the engine answers, or a fault.
#![no_main]

use std::cell::RefCell;

use faxguard::api::convert::event_json;
use faxguard::lab::in_process::InProcess;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static ENGINE: RefCell<InProcess> = RefCell::new(InProcess::new("").expect("an engine"));
}

fuzz_target!(|file: &[u8]| {
    for (number, line) in (1..).zip(file.split(|byte| *byte == b'\n')) {
        if let Ok(event) = event_json::parse(line) {
            ENGINE.with_borrow_mut(|engine| {
                let _ = engine.play(number, event);
            });
        }
    }
});
