//! Any bytes are a screening request on the wire: decoded and answered, or refused.
#![no_main]

use std::cell::RefCell;

use faxguard::lab::in_process::InProcess;
use faxguard::operator::Answer;
use faxguard::wire::replay::v1::{Event, event::Event as What};
use faxguard::wire::screening::v1::ScreenFaxRequest;
use libfuzzer_sys::fuzz_target;
use prost::Message;

thread_local! {
    static ENGINE: RefCell<InProcess> = RefCell::new(InProcess::new("").expect("an engine"));
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(request) = ScreenFaxRequest::decode(bytes) else { return };
    let event_time = request.event_time.clone();
    let event = Event { event_time, event: Some(What::ScreenFax(request)), note: String::new() };
    let line = ENGINE.with_borrow_mut(|engine| engine.play(1, event));
    if let Answer::Screened(response) = line.answer {
        let verdict = response.verdict.expect("an answer has a verdict");
        let sum: i64 = verdict.hits.iter().map(|hit| i64::from(hit.contribution_milli)).sum();
        assert_eq!(sum, i64::from(verdict.log_odds_milli));
    }
});
