//! Any bytes are a complaint in each of its formats: read within bounds, or refused with faults that repeat nothing.
#![no_main]

use faxguard::bounds::{
    COMPLAINT_EVIDENCE_BYTES_MAX, COMPLAINT_EVIDENCE_ITEMS_MAX, COMPLAINT_EVIDENCE_TOTAL_BYTES_MAX,
};
use faxguard::complaint::redaction::{Redaction, e164_only};
use faxguard::complaint::{
    Complaint, FAULTS_MAX, Faults, Outgoing, Party, Unsendable, Written, arf, bulk, export, xarf,
};
use faxguard::time::Timestamp;
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

fn check(read: Result<Complaint, Faults>) {
    match read {
        Ok(complaint) => {
            let sizes = complaint.evidence.iter().map(|item| item.bytes.len());
            assert!(sizes.clone().all(|size| size <= COMPLAINT_EVIDENCE_BYTES_MAX));
            assert!(sizes.sum::<usize>() <= COMPLAINT_EVIDENCE_TOTAL_BYTES_MAX);
            assert!(complaint.evidence.len() <= COMPLAINT_EVIDENCE_ITEMS_MAX);
            assert!(!format!("{:?}", complaint.extra.fields()).contains("\"_internal\":"));
            send(&complaint);
            assert!(!export::form_1088a_text(&complaint).is_empty());
            let lines = bulk::to_jsonl(&complaint);
            assert_eq!(lines.matches('\n').count(), 1);
        }
        Err(faults) => assert!(!faults.is_empty() && faults.list().len() <= FAULTS_MAX),
    }
}

/// Whatever came in goes out sound, or not at all, and for no fault of the complaint.
fn send(complaint: &Complaint) {
    let text = |text: &str| Written::of(text, 255).ok();
    let from = Party {
        organisation: text("Provider"),
        contact: text("abuse@provider.example"),
        domain: text("provider.example"),
    };
    let redaction = Redaction::new(&[1; 32], &e164_only);
    let outgoing = Outgoing { from: &from, report: [7; 16], now: NOW, redaction: &redaction };
    for sent in [xarf::write(complaint, &outgoing), arf::write(complaint, &outgoing)] {
        assert!(!matches!(sent, Err(Unsendable::Unsound(_))), "{sent:?}");
    }
}

fuzz_target!(|bytes: &[u8]| {
    check(xarf::read(bytes, NOW));
    check(arf::read(bytes, NOW));
    for rows in [
        bulk::csv(bytes, NOW).map(|rows| rows.collect::<Vec<_>>()),
        bulk::jsonl(bytes, NOW).map(|rows| rows.collect()),
    ] {
        let rows = rows.unwrap_or_default();
        assert!(rows.len() <= bytes.len());
        rows.into_iter().for_each(|row| check(row.read));
    }
});
