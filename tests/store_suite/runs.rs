//! Runs of seqs: what the embedded store writes together and indexes together, seen from outside.

use super::{DAY, at, check, flush, open, scan};
use faxguard::fax::id::{DecisionId, Pseudonym};
use faxguard::store::embedded::EmbeddedStore;
use faxguard::store::{
    ActionSet, Entry, EntryKind, FaxIndex, FaxQuery, FaxSubject, Refused, SEQ_MAX, Store,
};

/// An entry with a seq of the caller's, as an import brings it, of a decision and a member of its own.
fn imported(seq: u64) -> Entry {
    let id = *blake3::hash(&(seq / 3).to_be_bytes()).as_bytes().first_chunk().unwrap();
    Entry {
        seq,
        time: at(DAY, i64::try_from(seq % 80_000).unwrap()),
        kind: EntryKind::Stage,
        decision: Some(DecisionId(id)),
        fax: seq.is_multiple_of(3).then_some(FaxIndex {
            did: Pseudonym([1; 16]),
            caller: None,
            member: Some(Pseudonym(id)),
            action: 2,
        }),
        body: b"imported".to_vec().into(),
        writes: vec![],
    }
}

/// Everything that can be asked of those entries is answered.
fn answers(store: &dyn Store, mut all: Vec<Entry>) {
    all.sort_by_key(|entry| entry.seq);
    assert_eq!(scan(store, 0), all);
    let middle = all[all.len() / 2].seq;
    assert_eq!(scan(store, middle), all[all.len() / 2 + 1..]);
    for entry in all.iter().step_by(7) {
        let decision = entry.decision.unwrap();
        let of_it: Vec<Entry> =
            all.iter().filter(|entry| entry.decision == Some(decision)).cloned().collect();
        assert_eq!(store.decision(decision).unwrap(), of_it);
        let query = FaxQuery {
            subject: FaxSubject::Member(Pseudonym(decision.0)),
            from: at(DAY, 0),
            to: at(DAY + 1, 0),
            actions: ActionSet::ANY,
            before: None,
            limit: 100,
        };
        let found = store.faxes(&query).unwrap();
        assert_eq!(found.len(), of_it.iter().filter(|entry| entry.fax.is_some()).count());
        let did = FaxQuery { subject: FaxSubject::Did(Pseudonym([1; 16])), limit: 50, ..query };
        assert!(store.faxes(&did).unwrap().len() <= 50);
    }
}

#[test]
fn runs_of_seqs_turn_and_stragglers_are_found() {
    // The runs of the embedded store end at multiples of 65,536; here two are passed, with threads that come late.
    let rounds: [&[u64]; 6] = [
        &[65_530, 65_531, 65_533],
        &[65_532, 65_534, 65_536, 65_537],
        &[65_535, 65_538],
        &[131_071, 131_073],
        &[65_540, 131_072, 65_539],
        &[200_000, 131_074],
    ];
    check(|store| {
        let mut all = Vec::new();
        for seqs in rounds {
            for seq in seqs {
                store.queue(imported(*seq)).unwrap();
                all.push(imported(*seq));
            }
            flush(store);
            answers(store, all.clone());
        }
        // What is there already is not taken twice.
        store.queue(imported(65_532)).unwrap();
        store.queue(imported(200_000)).unwrap();
        flush(store);
        answers(store, all);
        let beyond = imported(SEQ_MAX + 1);
        assert_eq!(store.queue(beyond), Err(Refused::SeqTooHigh { seq: SEQ_MAX + 1 }));
    });
    let folder = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for (day, seqs) in (0..).zip(rounds) {
        let store = open(folder.path());
        for seq in seqs {
            let mut entry = imported(*seq);
            // A new file in the middle of a run, too.
            entry.time = at(DAY + day / 3, 7);
            store.queue(entry.clone()).unwrap();
            all.push(entry);
        }
        flush(&store);
        all.sort_by_key(|entry| entry.seq);
        assert_eq!(scan(&store, 0), all);
    }
    let store = open(folder.path());
    for entry in &all {
        assert!(store.decision(entry.decision.unwrap()).unwrap().contains(entry));
    }
    assert_eq!(store.health().quarantined, 0);
}

#[test]
fn a_run_of_many_sheets_is_found_in_its_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let all: Vec<Entry> = (1..=70_000).map(imported).collect();
    for entry in &all {
        while store.queue(entry.clone()) == Err(Refused::QueueFull) {
            flush(&store);
        }
    }
    flush(&store);
    let check = |store: &EmbeddedStore| {
        for entry in all.iter().step_by(997) {
            assert!(store.decision(entry.decision.unwrap()).unwrap().contains(entry));
        }
        let mut page = FaxQuery {
            subject: FaxSubject::Did(Pseudonym([1; 16])),
            from: at(DAY, 0),
            to: at(DAY + 1, 0),
            actions: ActionSet::of(&[2]),
            before: None,
            limit: 5_000,
        };
        let mut count = 0;
        while let Some(last) = store.faxes(&page).unwrap().last() {
            count += store.faxes(&page).unwrap().len();
            page.before = Some(last.key);
        }
        assert_eq!(count, 70_000 / 3);
    };
    check(&store);
    drop(store);
    let store = open(folder.path());
    check(&store);
    assert!(scan(&store, 0) == all);
}

#[test]
fn a_damaged_sheet_costs_its_entries_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let all: Vec<Entry> = (1..=3_000).map(imported).collect();
    all.iter().for_each(|entry| store.queue(entry.clone()).unwrap());
    flush(&store);
    drop(store);
    let day = super::files(folder.path(), "ledger-").remove(0);
    let file = rusqlite::Connection::open(&day).unwrap();
    let sheets: i64 = file.query_row("SELECT count(*) FROM sheet", [], |row| row.get(0)).unwrap();
    let second = "(SELECT id FROM sheet ORDER BY id LIMIT 1 OFFSET 1)";
    file.execute_batch(&format!(
        "UPDATE sheet SET body = zeroblob(length(body)) WHERE id = {second}"
    ))
    .unwrap();
    drop(file);
    assert!(sheets > 4);
    let store = open(folder.path());
    assert_eq!(store.health().quarantined, 1);
    let left = scan(&store, 0);
    assert!(left.len() > 1_500 && left.len() < all.len());
    assert!(left.iter().all(|entry| all.contains(entry)));
    assert!(store.health().quarantined > 1);
    assert!(store.decision(all[2_999].decision.unwrap()).unwrap().contains(&all[2_999]));
    // The store goes on writing where it stopped.
    store.queue(imported(3_001)).unwrap();
    flush(&store);
    assert_eq!(scan(&store, 3_000), [imported(3_001)]);
}
