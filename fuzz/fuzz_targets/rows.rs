//! Any bytes are a stored row, a directory batch or a table of hot counters, or are refused.
#![no_main]

use faxguard::activity::Activity;
use faxguard::directory::edit;
use faxguard::fax::id::DecisionId;
use faxguard::ledger::{EvidenceRow, HeldFax, Names, StageRow};
use faxguard::screening::signals::CATALOG;
use faxguard::store::Entry;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let names = Names::with(CATALOG.iter().map(|signal| signal.name));
    if let Some(row) = StageRow::decode(bytes, DecisionId([0; 16]), &names) {
        assert_eq!(StageRow::decode(&row.encode(), DecisionId([0; 16]), &names), Some(row));
    }
    let _ = (EvidenceRow::decode(bytes), HeldFax::decode(bytes), edit::decode(bytes), Entry::decode(bytes));
    let activity = Activity::with_bytes(1 << 16, 1 << 16);
    let _ = activity.restore_subjects(&mut &*bytes);
});
