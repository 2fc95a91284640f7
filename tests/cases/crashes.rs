//! The committer dies at every write there is: what was answered is there, what was not is there whole or not at all, and it
//! goes on from there.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails its test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use faxguard::casework::Finding;
use faxguard::fax::id::SubjectKind as NameKind;
use faxguard::memory::Memory;
use faxguard::reports::{self, Appealing, Deciding, Reporter, Ruling, Traces};
use faxguard::store::embedded::fault::{FaultPlan, Injected, NoFaults, Step};

use super::{complain, furnish_many};
use crate::support::events::line;
use crate::support::{at, engine, furnish, keys, number, store};

/// Steps of the story, each of which is answered once it is durable.
const STEPS: usize = 7;

/// One step; false where it was not taken.
fn step(memory: &Memory, which: usize) -> bool {
    let case = || reports::cases(memory, reports::CaseOrder::Due, None, 1).map(|(found, _)| found);
    let measure = || memory.measures().digest().first().map(|(_, of)| of[0].id);
    match which {
        // What the story stands on is the same in every run.
        0..3 => {
            let of = u64::try_from(which).unwrap();
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                complain(memory, 1 + of, &line(1), of, at(100 + 100 * of))
            }))
            .is_ok()
        }
        3 => {
            let Ok(found) = case() else { return false };
            let Some((case, _)) = found.first() else { return false };
            let deciding = Deciding {
                case: *case,
                version: None,
                author: "desk-1".into(),
                finding: Finding::Abuse,
                measure: None,
                ground: None,
                widened: None,
                until: None,
                note: "as reported".into(),
                time: at(1_000),
            };
            reports::decide(memory, &deciding).is_ok()
        }
        4 => reports::work(memory, at(1_100)).is_ok(),
        5 => {
            let Some(id) = measure() else { return false };
            let appealing = Appealing {
                measure: id,
                appellant: Reporter::Outsider(keys().pseudonym(NameKind::Reporter, b"sender")),
                request: 7,
                contact: Box::default(),
                text: Box::default(),
                number: Some(keys().number(number(&line(1)))),
                blocks: [0; 2],
                language: "".into(),
                time: at(1_200),
            };
            reports::file_appeal(memory, &appealing).is_ok()
        }
        _ => {
            let Some(id) = measure() else { return false };
            let ruling = Ruling {
                measure: id,
                author: "desk-2".into(),
                overturn: true,
                reason: "asked for".into(),
                time: at(1_300),
            };
            reports::rule_on_appeal(memory, &ruling).is_ok()
        }
    }
}

/// Dies before the write of that number.
struct DiesAt {
    writes: AtomicUsize,
    at: usize,
}

impl FaultPlan for DiesAt {
    fn before(&self, _: Step) -> Injected {
        let write = self.writes.fetch_add(1, Ordering::AcqRel);
        if write == self.at { Injected::Crash } else { Injected::Nothing }
    }
}

/// Everything that can be seen of it: what decisions left, how many notices wait, how cases stand.
fn seen(memory: &Memory) -> (Traces, usize, Vec<String>) {
    let notices = reports::pending(memory, None, 1_000).unwrap().len();
    let mut cases = Vec::new();
    for report in 1..=3_u64 {
        let receipt = reports::get(memory, super::report_of(report));
        cases.push(format!("{:?}", receipt.ok().map(|receipt| (receipt.case, receipt.outcome))));
    }
    (reports::traces(memory).unwrap(), notices, cases)
}

#[test]
fn a_crash_at_any_write_loses_nothing_that_was_answered_and_halves_nothing() {
    // How it stands after each step where nothing fails.
    let folder = tempfile::tempdir().unwrap();
    let counting = Arc::new(DiesAt { writes: AtomicUsize::new(0), at: usize::MAX });
    let (memory, _) = engine(store(folder.path(), Arc::clone(&counting) as _), "");
    furnish(&memory);
    furnish_many(&memory, 5);
    let first = counting.writes.load(Ordering::Acquire);
    let mut stands = vec![seen(&memory)];
    for which in 0..STEPS {
        assert!(step(&memory, which), "{which}");
        stands.push(seen(&memory));
    }
    let last = counting.writes.load(Ordering::Acquire);
    assert!(last - first > STEPS, "{first} to {last}");
    drop(memory);
    for dies in first..last {
        let folder = tempfile::tempdir().unwrap();
        let plan = Arc::new(DiesAt { writes: AtomicUsize::new(0), at: dies });
        let (memory, _) = engine(store(folder.path(), plan as _), "");
        furnish(&memory);
        furnish_many(&memory, 5);
        let answered = (0..STEPS).take_while(|which| step(&memory, *which)).count();
        drop(memory);
        let (memory, recovered) = engine(store(folder.path(), Arc::new(NoFaults)), "");
        assert_eq!(recovered.unreadable, 0);
        let now = seen(&memory);
        let whole =
            [answered, answered + 1].into_iter().find(|after| stands.get(*after) == Some(&now));
        assert!(whole.is_some(), "write {dies}: {answered} steps were answered");
        // And it goes on to the same end.
        for which in whole.unwrap()..STEPS {
            assert!(step(&memory, which), "write {dies}, step {which} afterwards");
        }
        assert!(stands.last() == Some(&seen(&memory)), "write {dies}");
    }
}
