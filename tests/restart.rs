//! Restarts: an engine that died answers as one that did not.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use faxguard::directory::Edit;
use faxguard::features::Feature;
use faxguard::held::{HeldFilter, list, release};
use faxguard::ledger::HeldState;
use faxguard::lists::ListKind;
use faxguard::memory::Memory;
use faxguard::policy;
use faxguard::reports::{Filing, ReportCategory, ReportedFax, Reporter, file};
use faxguard::screening::screen;
use faxguard::store::Store;
use faxguard::store::embedded::fault::NoFaults;
use faxguard::store::memory::MemoryStore;
use faxguard::verdict::{Action, Degradations, Verdict};

use crate::engine::{feature, hour};
use crate::support::events::{bare, call, job, line};
use crate::support::{
    ask, at, engine, frozen, furnish, keys, list_entry, member, number, reopen, settle, store,
};

const ANN: &str = "+12125550001";
const BOB: &str = "+12125550002";

/// Everything that leaves a trace, on top of the busy hour.
fn live(memory: &Memory, from: usize, to: usize) {
    for event in hour().iter().skip(from).take(to - from) {
        ask(memory, event);
    }
}

fn report(memory: &Memory, request: u64, fax: u64) {
    let filing = Filing::new(
        request,
        Reporter::Member(member("ann")),
        ReportedFax::Decision(call(fax, "", ANN).id()),
        ReportCategory::JunkFax,
        at(4_000),
    );
    file(memory, &filing).unwrap();
}

/// What is asked after a restart: senders, blocks, trunks, members, lists, traps, correspondents.
fn probe(memory: &Memory) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (fax, place) in (900_000..).zip([0, 1, 2, 41, 48, 61, 62, 70, 90]) {
        for did in [ANN, BOB, "+12125550777"] {
            let fax = fax * 10 + u64::from(did == BOB);
            let inbound = call(fax, &line(place), did).named("BEST RATES");
            verdicts.push(screen(memory, &inbound.handshake(at(5_000))));
            verdicts.push(screen(memory, &inbound.received(at(5_030), 1)));
        }
    }
    for (fax, name) in (800_000..).zip(["ann", "bob", "eve"]) {
        verdicts.push(screen(memory, &job(fax, name, &line(62)).submitted(at(5_040))));
    }
    verdicts
}

/// A first life: an hour of traffic, two reports, lists, a release, a number that changes hands.
fn first_life(memory: &Memory, between: impl Fn(&Memory)) {
    furnish(memory);
    live(memory, 0, 250);
    memory.put_list_entry(&list_entry(ListKind::Block, Some("bob"), &line(90)), at(100)).unwrap();
    report(memory, 1, 2_000);
    between(memory);
    live(memory, 250, 400);
    let recycled = keys().number(number(&line(1)));
    memory.edit_directory(&[Edit::Recycled { number: recycled }], at(2_600)).unwrap();
    let moved =
        Edit::Assign { number: keys().number(number("+12125550003")), member: Some(member("bob")) };
    memory.edit_directory(&[moved], at(2_700)).unwrap();
    live(memory, 400, hour().len());
    report(memory, 2, 2_014);
    settle(memory);
}

fn undisturbed() -> Vec<Verdict> {
    let (memory, _) = engine(Arc::new(MemoryStore::new()), "");
    first_life(&memory, |_| ());
    probe(&memory)
}

#[test]
fn a_second_life_answers_as_the_first_would_have() {
    let want = undisturbed();
    for checkpoints in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let (memory, _) = reopen(folder.path());
        first_life(&memory, |memory| {
            if checkpoints > 0 {
                memory.checkpoint().unwrap();
            }
        });
        if checkpoints > 1 {
            memory.checkpoint().unwrap();
        }
        let copy = frozen(folder.path());
        let (again, recovered) = reopen(copy.path());
        assert_eq!(recovered.unreadable, 0);
        assert_eq!(recovered.snapshot > 0, checkpoints > 0);
        assert_eq!(probe(&again), want, "{checkpoints} checkpoints");
        // The first one goes on and answers the same, and so does its own second life once it is gone.
        drop(memory);
        assert_eq!(probe(&reopen(folder.path()).0), want);
    }
}

#[test]
fn lives_upon_lives_do_not_drift() {
    let want = undisturbed();
    let folder = tempfile::tempdir().unwrap();
    furnish(&reopen(folder.path()).0);
    let events = hour();
    for (round, part) in events.chunks(50).enumerate() {
        let (memory, _) = reopen(folder.path());
        part.iter().for_each(|event| drop(ask(&memory, event)));
        if round % 3 == 1 {
            settle(&memory);
            memory.checkpoint().unwrap();
        }
    }
    let (memory, _) = reopen(folder.path());
    let plain = {
        let (memory, _) = engine(Arc::new(MemoryStore::new()), "");
        furnish(&memory);
        live(&memory, 0, events.len());
        probe(&memory)
    };
    assert_eq!(probe(&memory), plain);
    assert_ne!(plain, want, "reports and edits make a difference");
}

#[test]
fn a_damaged_snapshot_costs_time_and_nothing_else() {
    let want = undisturbed();
    let folder = tempfile::tempdir().unwrap();
    let (memory, _) = reopen(folder.path());
    first_life(&memory, |memory| memory.checkpoint().unwrap());
    memory.checkpoint().unwrap();
    drop(memory);
    let snapshots = || -> Vec<PathBuf> {
        let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.to_string_lossy().contains(".snapshot")).collect()
    };
    assert_eq!(snapshots().len(), 2);
    for damage in 0..3_usize {
        let copy = frozen(folder.path());
        for path in snapshots().iter().map(|path| copy.path().join(path.file_name().unwrap())) {
            let mut bytes = std::fs::read(&path).unwrap();
            match damage {
                0 => bytes.truncate(bytes.len() / 2),
                1 => {
                    let middle = bytes.len() / 3;
                    bytes[middle..middle + 64].fill(0xa5);
                }
                _ => bytes.clear(),
            }
            std::fs::write(&path, bytes).unwrap();
        }
        let (again, recovered) = reopen(copy.path());
        assert_eq!(recovered.snapshot, 0, "{damage}");
        assert_eq!(probe(&again), want, "{damage}");
    }
    // With the latest damaged, the one before it serves.
    let copy = frozen(folder.path());
    std::fs::write(copy.path().join("hot.snapshot"), b"").unwrap();
    let (again, recovered) = reopen(copy.path());
    assert!(recovered.snapshot > 0);
    assert_eq!(probe(&again), want);
}

#[test]
fn a_checkpoint_under_load_is_exact() {
    let folder = tempfile::tempdir().unwrap();
    let (memory, _) = reopen(folder.path());
    furnish(&memory);
    std::thread::scope(|threads| {
        for thread in 0..4_u64 {
            let memory = &memory;
            threads.spawn(move || {
                for step in 0..400 {
                    let fax = thread * 10_000 + step;
                    let did = format!("+1212555{:04}", step % 30);
                    let one = call(fax, &line(step % 7), &did).named("SHARED");
                    screen(memory, &one.offered(at(step)));
                    screen(memory, &one.received(at(step + 3), 1));
                    let outbound = job(
                        fax + 5_000,
                        ["ann", "bob"][usize::from(step % 2 == 0)],
                        &line(step % 50),
                    );
                    screen(memory, &outbound.submitted(at(step)));
                }
            });
        }
        let memory = &memory;
        threads.spawn(move || {
            (0..5).for_each(|_| memory.checkpoint_beside_calls().unwrap());
            memory.hurry();
            memory.checkpoint_beside_calls().unwrap();
        });
    });
    settle(&memory);
    let copy = frozen(folder.path());
    // Threads came in no order, so the first life itself is what the second is held to.
    let (again, recovered) = reopen(copy.path());
    assert!(recovered.snapshot > 0);
    let (first, second) = (probe(&memory), probe(&again));
    assert_eq!(first, second);
}

#[test]
fn open_decisions_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let inbound = call(1, &line(1), ANN).named("ACME");
    let outbound = job(2, "bob", &line(2));
    let strict = "[outbound]\nbound = -1000\nhold = -1000\nrefuse = 100000\n\
                  [signals]\n\"outbound.free_plan\" = 5000\n";
    let open = || engine(store(folder.path(), Arc::new(NoFaults)) as Arc<dyn Store>, strict).0;
    let (offered, held);
    {
        let memory = open();
        furnish(&memory);
        offered = ask(&memory, &inbound.offered(at(0)));
        held = ask(&memory, &outbound.submitted(at(0)));
        assert_eq!(held.action, Action::Hold);
    }
    let memory = open();
    assert_eq!(ask(&memory, &inbound.offered(at(0))), Verdict { repeated: true, ..offered });
    let refined = bare(inbound.handshake(at(5)));
    let verdict = ask(&memory, &refined);
    assert!(!verdict.repeated && !verdict.degradations.has(Degradations::EARLIER_STAGE_UNKNOWN));
    assert_eq!(feature(&memory, &refined, Feature::CallerFanout24h), 1);
    assert_eq!(feature(&memory, &refined, Feature::TsiFanout24h), 1);
    let end = bare(inbound.received(at(60), 2));
    assert_eq!(ask(&memory, &end).action, Action::Deliver);
    let row = memory.explain(inbound.id()).unwrap().pop().unwrap().row;
    assert_eq!((row.calling_code, row.zone != 0), (1, true), "where it is stays known");

    // The desk goes on too: still held, then released, over another restart.
    let still = ask(&memory, &bare(outbound.dialing(at(70), 1)));
    assert_eq!((still.action, still.deadline), (Action::Hold, held.deadline));
    let waiting = list(&memory, &HeldFilter { limit: 9, ..HeldFilter::default() }).unwrap().0;
    assert_eq!(waiting.len(), 1);
    assert_eq!(release(&memory, outbound.id(), "desk", at(80)).unwrap().state, HeldState::Released);
    drop(memory);
    let memory = open();
    assert_eq!(ask(&memory, &bare(outbound.dialing(at(90), 2))).action, Action::Bound);
}

#[test]
fn the_budget_and_the_policy_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let strict = "[inbound]\ntag = -1000\nquarantine = -1000\ndefer = 90000\nrefuse = 100000\n\
                  [signals]\n\"identity.tsi_empty\" = 5000\n[budget]\nglobal = 2\nmember = 2\n";
    let open = || engine(store(folder.path(), Arc::new(NoFaults)) as Arc<dyn Store>, strict).0;
    {
        let memory = open();
        furnish(&memory);
        for fax in 0..2 {
            ask(&memory, &call(fax, &line(fax), ANN).received(at(0), 1));
            release(&memory, call(fax, "", ANN).id(), "ann", at(1)).unwrap();
        }
        let edit = policy::Edit {
            text: "[score]\nprior_inbound = -2345\n".into(),
            author: "tests".into(),
            applied: at(2),
        };
        memory.apply_policy(edit, None).unwrap();
    }
    let memory = open();
    assert_eq!(ask(&memory, &call(9, &line(9), BOB).received(at(10), 1)).rule, "budget.spent");
    let (number, edit) = faxguard::memory::edit::last_generation(memory.store()).unwrap().unwrap();
    assert_eq!((number, edit.author.as_str()), (2, "tests"));
}

// Kills.

const CHILD_FOLDER: &str = "FAXGUARD_ENGINE_CHILD";

/// The victim: screens the busy hour over and over, and prints how far what it did is durable. Does nothing
/// unless [`kills_lose_nothing_durable`] started it.
#[test]
fn kill_child() {
    let Ok(folder) = std::env::var(CHILD_FOLDER) else { return };
    let (memory, _) = reopen(Path::new(&folder));
    let mut out = std::io::stdout();
    let done = usize::try_from(done(&memory)).unwrap();
    for (place, event) in traffic().iter().enumerate().skip(done) {
        screen(&memory, event);
        if place % 37 == 36 {
            memory.checkpoint().unwrap();
        }
        if place % 5 == 4 {
            settle(&memory);
            writeln!(out, "durable {}", place + 1).unwrap();
        }
    }
}

/// The busy hour three times, each time other faxes.
fn traffic() -> Vec<faxguard::fax::stage::StageEvent> {
    let mut all = Vec::new();
    for round in 0..3_u64 {
        for event in hour() {
            let mut id = event.decision;
            id.0[0] ^= u8::try_from(round).unwrap();
            let (request, time) = (
                event.request ^ round,
                event.time.plus(faxguard::time::Span::seconds(round * 3_600)),
            );
            all.push(faxguard::fax::stage::StageEvent { decision: id, request, time, ..event });
        }
    }
    // Stages that repeat leave no row, so that rows count events.
    let mut seen = std::collections::HashSet::new();
    all.retain(|event| seen.insert((event.decision, event.request)));
    all
}

/// Events of the traffic that the ledger holds.
fn done(memory: &Memory) -> u64 {
    let mut stages = 0;
    memory
        .store()
        .scan(0, &mut |entry| {
            stages += u64::from(entry.kind == faxguard::store::EntryKind::Stage);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    stages
}

#[test]
fn kills_lose_nothing_durable() {
    let kills = std::env::var("FAXGUARD_KILLS").map_or(5, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    furnish(&reopen(folder.path()).0);
    let events = traffic();
    let mut fed = 0;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for kill in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["restart::kill_child", "--exact", "--nocapture"])
            .env(CHILD_FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let patience = usize::try_from(random >> 60).unwrap() + 5;
        let mut durable = 0;
        for (count, line) in BufReader::new(child.stdout.take().unwrap()).lines().enumerate() {
            if let Some((_, place)) = line.unwrap().split_once("durable ") {
                durable = place.parse::<u64>().unwrap();
            }
            if count == patience {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        // What is durable is a beginning of the traffic, no shorter than what was said to be.
        let copy = frozen(folder.path());
        let (memory, recovered) = reopen(copy.path());
        let held = done(&memory);
        assert!(held >= durable, "kill {kill}: {held} of {durable}");
        assert_eq!(recovered.unreadable, 0);
        fed = usize::try_from(held).unwrap();
        // The probes leave a trace, so that they are put to a copy, and to an engine of its own that saw the same.
        let (reference, _) = engine(Arc::new(MemoryStore::new()), "");
        furnish(&reference);
        events[..fed].iter().for_each(|event| drop(screen(&reference, event)));
        assert_eq!(probe(&memory), probe(&reference), "kill {kill}");
    }
    assert!(fed > 0 || kills == 0);
}
