//! The engine by itself: stages in every order, the same again, the same twice, and many at once.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

mod desk;
mod known;
mod limit_edits;
mod limits;
mod months;
mod penalty;
mod tuning;

use std::sync::atomic::Ordering;

use faxguard::fax::stage::{DialOutcome, StageEvent};
use faxguard::features::Feature;
use faxguard::memory::Memory;
use faxguard::screening::screen;
use faxguard::store::EntryKind;
use faxguard::verdict::{Action, Degradations, Verdict};

use crate::support::events::{bare, call, job, line};
use crate::support::{ask, at, house, ledger, settle};

const ANN: &str = "+12125550001";

/// The features of the latest stage of a decision.
pub(crate) fn features(memory: &Memory, event: &StageEvent) -> faxguard::features::KeptFeatures {
    settle(memory);
    memory.explain(event.decision).unwrap().pop().unwrap().row.features
}

pub(crate) fn feature(memory: &Memory, event: &StageEvent, feature: Feature) -> i32 {
    features(memory, event).get(feature)
}

/// Calls a fresh fax from the line and says what the counters know of it.
fn fanout(memory: &Memory, fax: u64, caller: &str, did: &str, seconds: u64) -> i32 {
    let probe = call(fax, caller, did).offered(at(seconds));
    ask(memory, &probe);
    feature(memory, &probe, Feature::CallerFanout24h)
}

#[test]
fn any_subset_of_stages_works_and_a_fax_counts_once() {
    let memory = house("");
    for subset in 1..16_u32 {
        for told in 0..2 {
            let fax = u64::from(subset * 2 + told);
            let inbound = call(fax, &line(fax), ANN).named(&format!("ACME {fax}"));
            let stages = [
                inbound.offered(at(0)),
                inbound.handshake(at(5)),
                inbound.page(at(20), 1),
                inbound.received(at(40), 1),
            ];
            let chosen = (0..4).filter(|stage| subset >> stage & 1 == 1);
            let mut last = None;
            for (place, stage) in chosen.enumerate() {
                // Either every stage names the parties, or the first alone.
                let event = stages[stage].clone();
                let event = if told == 1 && place > 0 { bare(event) } else { event };
                let verdict = ask(&memory, &event);
                assert!(!verdict.repeated, "{subset:04b} {stage}");
                assert_eq!(verdict.degradations, Degradations::default(), "{subset:04b} {stage}");
                last = Some(event);
            }
            let seen = features(&memory, &last.unwrap());
            assert_eq!(seen.get(Feature::CallerFanout24h), 1, "{subset:04b}");
            let named = subset & 0b1010 != 0;
            assert_eq!(seen.get(Feature::TsiFanout24h), i32::from(named), "{subset:04b}");
        }
    }
}

#[test]
fn a_fax_counts_when_its_parties_become_known() {
    let memory = house("");
    let inbound = call(1, &line(1), ANN).named("ACME");
    let first = ask(&memory, &bare(inbound.handshake(at(0))));
    assert!(first.degradations.has(Degradations::EARLIER_STAGE_UNKNOWN));
    let end = inbound.received(at(40), 1);
    assert_eq!(ask(&memory, &end).degradations, Degradations::default());
    let seen = features(&memory, &end);
    assert_eq!((seen.get(Feature::CallerFanout24h), seen.get(Feature::TsiFanout24h)), (1, 1));
    assert_eq!(fanout(&memory, 2, &line(1), "+12125550002", 60), 2);
}

#[test]
fn the_same_request_gets_the_same_answer_and_counts_once() {
    let memory = house("");
    let inbound = call(1, &line(1), ANN).named("ACME");
    for event in [inbound.offered(at(0)), inbound.handshake(at(5)), inbound.received(at(40), 2)] {
        let first = ask(&memory, &event);
        for again in [event.clone(), StageEvent { request: event.request ^ 1, ..event.clone() }] {
            let repeated = ask(&memory, &again);
            assert_eq!(repeated, Verdict { repeated: true, ..first.clone() });
        }
    }
    // A stage that comes too late gets the answer that stands.
    let stands = ask(&memory, &StageEvent { request: 9, ..inbound.offered(at(60)) });
    assert!(stands.repeated);
    assert_eq!(stands.stage, faxguard::fax::stage::StageKind::Received);
    assert_eq!(ledger(&memory).iter().filter(|entry| entry.kind == EntryKind::Stage).count(), 3);
    assert_eq!(memory.counters().screened.load(Ordering::Relaxed), 3);
    assert_eq!(fanout(&memory, 2, &line(1), ANN, 90), 1);
}

#[test]
fn every_attempt_of_a_job_is_a_stage_of_its_own() {
    let memory = house("");
    let outbound = job(1, "ann", &line(1));
    let events = [
        outbound.submitted(at(0)),
        outbound.dialing(at(10), 1),
        outbound.failed(at(20), 1),
        outbound.dialing(at(80), 2),
        outbound.ended(at(140), 2, DialOutcome::Sent),
    ];
    for event in &events {
        let verdict = ask(&memory, event);
        assert!(!verdict.repeated);
        assert_eq!(verdict.stage, event.stage.kind());
        assert_eq!(verdict.action, Action::Allow);
    }
    assert_eq!(feature(&memory, &events[4], Feature::MemberFanout24h), 1);
    let late = ask(&memory, &StageEvent { request: 3, ..outbound.dialing(at(150), 1) });
    assert!(late.repeated);
}

#[test]
fn an_id_that_is_used_both_ways_is_two_faxes() {
    let memory = house("");
    let inbound = call(1, &line(1), ANN);
    ask(&memory, &inbound.offered(at(0)));
    let outbound = job(1, "bob", &line(2)).submitted(at(5));
    let verdict = ask(&memory, &outbound);
    assert!(!verdict.repeated && !verdict.quotas.is_empty());
    let row = memory.explain(outbound.decision).unwrap().pop().unwrap().row;
    assert_eq!(row.member_key, crate::support::member("bob").hot());
    // Parties of the wrong direction say nothing.
    let crossed = StageEvent {
        parties: inbound.offered(at(0)).parties,
        ..job(2, "ann", &line(2)).submitted(at(9))
    };
    assert!(ask(&memory, &crossed).degradations.has(Degradations::EARLIER_STAGE_UNKNOWN));
}

/// A busy hour: a broadcaster, a sweep, correspondents, jobs, repeats and stages out of order.
pub(crate) fn hour() -> Vec<StageEvent> {
    let mut events = Vec::new();
    for step in 0..60_u64 {
        let now = step * 50;
        let did = format!("+1212555{:04}", step % 40);
        let junk = call(1_000 + step, &line(step % 3), &did).named("BEST RATES");
        events.push(junk.offered(at(now)));
        events.push(bare(junk.handshake(at(now + 4))));
        events.push(junk.page(at(now + 12), 1));
        if step % 7 == 3 {
            events.push(junk.offered(at(now + 13)));
        }
        events.push(junk.received(at(now + 20), 1 + u32::from(step % 5 == 0)));
        let letter = call(2_000 + step, &line(40 + step % 9), ANN).named("+1 310 555 0100");
        events.push(letter.received(at(now + 25), 3));
        let outbound = job(
            3_000 + step,
            ["ann", "bob", "eve"][usize::try_from(step % 3).unwrap()],
            &line(60 + step % 11),
        );
        events.push(outbound.submitted(at(now + 30)));
        events.push(outbound.dialing(at(now + 31), 1));
        let outcome = [DialOutcome::Sent, DialOutcome::Voice][usize::from(step % 4 == 0)];
        events.push(outbound.ended(at(now + 45), 1, outcome));
    }
    events
}

#[test]
fn the_same_events_twice_are_the_same_byte_for_byte() {
    let run = || {
        let memory = house("");
        let verdicts: Vec<Verdict> = hour().iter().map(|event| ask(&memory, event)).collect();
        let rows: Vec<Vec<u8>> =
            ledger(&memory).iter().map(faxguard::store::Entry::encode).collect();
        (verdicts, rows)
    };
    let (one, other) = (run(), run());
    assert_eq!(one.0, other.0);
    assert_eq!(one.1, other.1);
    let actions: std::collections::HashSet<Action> =
        one.0.iter().map(|verdict| verdict.action).collect();
    assert!(actions.len() >= 4, "the hour shows several actions: {actions:?}");
    // What the ledger keeps of a verdict is the verdict.
    let memory = house("");
    for event in hour().iter().take(60) {
        let verdict = ask(&memory, event);
        if !verdict.repeated {
            let row = memory.explain(event.decision).unwrap().pop().unwrap().row;
            assert_eq!(row.verdict, verdict);
        }
    }
}

#[test]
fn eight_threads_neither_wait_for_each_other_nor_lose_a_count() {
    const CALLS: u64 = 400;
    let memory = house("");
    std::thread::scope(|threads| {
        for thread in 0..8_u64 {
            let memory = &memory;
            threads.spawn(move || {
                for step in 0..CALLS {
                    // Half of the decisions are everybody's, and so are the number called and the trunk.
                    let shared = step % 2 == 0;
                    let fax = if shared { step } else { 10_000 + thread * 1_000 + step };
                    let caller = if shared { line(7) } else { line(100 + thread) };
                    let did = format!("+1212555{:04}", step % 25);
                    let one = call(fax, &caller, &did).named("SHARED");
                    ask(memory, &one.offered(at(step)));
                    ask(memory, &one.received(at(step + 1), 1));
                    if step % 50 == 0 {
                        ask(
                            memory,
                            &job(50_000 + thread * 1_000 + step, "ann", &line(step))
                                .submitted(at(CALLS)),
                        );
                    }
                }
            });
        }
        let memory = &memory;
        threads.spawn(move || (0..4).for_each(|_| memory.checkpoint().unwrap()));
    });
    let decisions = CALLS / 2 + 8 * CALLS / 2;
    let jobs = 8 * CALLS / 50;
    let stages = ledger(&memory).iter().filter(|entry| entry.kind == EntryKind::Stage).count();
    // A decision whose end one thread told before another offered it has one stage.
    let stages = u64::try_from(stages).unwrap();
    assert!((decisions + jobs..=2 * decisions + jobs).contains(&stages), "{stages}");
    assert_eq!(memory.counters().screened.load(Ordering::Relaxed), stages);
    let probe = job(99_999, "ann", &line(1)).submitted(at(CALLS));
    let verdict = screen(&memory, &probe);
    let faxes = verdict.quotas[0];
    assert_eq!(faxes.burst - faxes.remaining, jobs);
    for thread in 0..8 {
        let own = fanout(&memory, 200_000 + thread, &line(100 + thread), ANN, CALLS);
        assert!((13..=25).contains(&own), "{own}");
    }
}
