//! Limits tried on what was recorded: what is predicted is what the limit does when the same traffic comes.

use std::collections::HashMap;

use faxguard::directory::Edit;
use faxguard::fax::stage::{DialOutcome, Member, Plan, StageEvent};
use faxguard::ledger::{Stood, Use, UseKind};
use faxguard::memory::Memory;
use faxguard::memory::limits::{LimitKey, Part, Scope, Setting};
use faxguard::policy::Quota;
use faxguard::screening::tuning::{Candidate, Rehearsal, what_if};
use faxguard::time::{Span, Timestamp};
use faxguard::verdict::{QuotaHolder, Resource};
use proptest::prelude::*;

use crate::support::events::{call, job, line};
use crate::support::{NOON, ask, at, frozen, furnish, house, member, reopen, settle};

/// Some limits everywhere, so that those that are tried meet others.
const LOOSE: &str = "[quotas.free]\nfaxes = \"60 faxes / hour\"\npages = \"90 pages / hour\"\n\
                     [quotas.pro]\nfaxes = \"40 faxes / hour\"\n\
                     [quotas.organisation]\npages = \"100 pages / hour\"\n";

/// One fax of the traffic.
#[derive(Clone, Debug)]
struct Fax {
    wait: u64,
    inbound: bool,
    who: usize,
    line: u64,
    pages: u32,
    lasts: u64,
    /// Bits: whether the stages between come, whether it arrives.
    course: u8,
}

fn any_fax() -> impl Strategy<Value = Fax> {
    let place = (any::<bool>(), 0_usize..3, 0_u64..40);
    (0_u64..120, place, 1_u32..9, 1_u64..900, 0_u8..8).prop_map(
        |(wait, (inbound, who, line), pages, lasts, course)| Fax {
            wait,
            inbound,
            who,
            line,
            pages,
            lasts,
            course,
        },
    )
}

fn events(faxes: &[Fax]) -> Vec<StageEvent> {
    let mut now = 0;
    let mut events = Vec::new();
    for (number, fax) in (1_u64..).zip(faxes) {
        now += fax.wait;
        let (begins, between, ends) = (at(now), at(now + fax.lasts / 2), at(now + fax.lasts));
        let bit = |at: u8| fax.course >> at & 1 == 1;
        if fax.inbound {
            let did = format!("+1212555000{}", fax.who + 1);
            let call = call(number, &line(fax.line), &did);
            events.push(call.offered(begins));
            if bit(0) {
                events.push(call.handshake(between));
            }
            events.push(call.received(ends, if bit(1) { fax.pages } else { 0 }));
            continue;
        }
        let mut job = job(number, ["ann", "bob", "cat"][fax.who], &line(fax.line));
        job.pages = fax.pages;
        if bit(2) {
            events.push(job.submitted(begins));
        }
        events.push(job.dialing(between, 1));
        if bit(0) {
            let sent = if bit(1) { DialOutcome::Sent } else { DialOutcome::NoAnswer };
            events.push(job.ended(ends, 1, sent));
        }
    }
    events.sort_by_key(|event| event.time);
    events
}

/// Ann and Cat are of one organisation.
fn office() -> Memory {
    let memory = house(LOOSE);
    let facts = |plan| Member { plan, created_day: 20_000, organisation: 77, ..Member::default() };
    let edits = [
        Edit::Member { key: member("ann"), facts: Some(facts(Plan::Pro)) },
        Edit::Member { key: member("cat"), facts: Some(facts(Plan::Free)) },
    ];
    memory.edit_directory(&edits, NOON).unwrap();
    memory
}

/// What the log holds of that traffic.
fn recorded(memory: &Memory, events: &[StageEvent]) -> Vec<Use> {
    for event in events {
        ask(memory, event);
    }
    let mut uses = Vec::new();
    let last = memory.store().last_seq();
    memory.follow_usage_to(last, NOON, &mut |one| uses.push(*one)).unwrap();
    uses
}

fn setting(quota: Quota) -> Setting {
    let (author, reason) = ("kim".into(), "a try".into());
    Setting { quota: Some(quota), author, reason, set: NOON, expires: None }
}

fn scopes() -> [Scope; 6] {
    [
        Scope::Plan(Plan::Free),
        Scope::Plan(Plan::Pro),
        Scope::Member(member("bob")),
        Scope::Holder(QuotaHolder::Organisation),
        Scope::Holder(QuotaHolder::Number),
        Scope::Holder(QuotaHolder::Trunk),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every charge, and whatever stands in the way of one, is predicted as it comes to be once the limit is set.
    #[test]
    fn what_is_predicted_is_what_is_enforced(
        faxes in prop::collection::vec(any_fax(), 1..120),
        (scope, resource) in (0_usize..6, 0_usize..4),
        (rate, burst) in (1_u64..40, 1_u64..60),
    ) {
        let key = LimitKey {
            scope: scopes()[scope],
            resource: Resource::ALL[resource],
            part: Part::Quota,
        };
        let setting = setting(Quota::new(rate, Span::seconds(1_800), burst).unwrap());
        let events = events(&faxes);
        let before = office();
        let recorded_uses = recorded(&before, &events);
        let candidate = Candidate { key, setting: Some(setting.clone()) };
        let mut rehearsal = Rehearsal::new(&before, candidate.clone(), NOON);
        let predicted: Vec<(Use, bool, Option<Stood>)> = recorded_uses
            .iter()
            .map(|one| {
                let rehearsed = rehearsal.feed(&before, one).unwrap_or_default();
                (*one, rehearsed.charging, rehearsed.stood)
            })
            .collect();
        let after = office();
        after.set_limit(key, &setting, 0, NOON).unwrap();
        let enforced = recorded(&after, &events);
        prop_assert_eq!(predicted.len(), enforced.len());
        let mut held: HashMap<u64, u64> = HashMap::new();
        for ((predicted, charging, stood), enforced) in predicted.into_iter().zip(&enforced) {
            prop_assert_eq!((predicted.decision, predicted.time), (enforced.decision, enforced.time));
            prop_assert_eq!((charging, stood), (enforced.charging, enforced.stood), "{:?}", enforced);
            let mine = |resource: &Resource, holder: &QuotaHolder| {
                (*resource, *holder) == (key.resource, candidate.holder())
            };
            if let Some(Stood::Quota { holder, resource, .. }) = &enforced.stood
                && mine(resource, holder)
                && let Some(who) = candidate.binds(&enforced.user)
                && !enforced.ended
                && matches!(enforced.kind, UseKind::Job | UseKind::Call)
            {
                *held.entry(who).or_default() += 1;
            }
        }
        // The same by the log's rows, as an operator asks: never fewer than those in whose way it stood longest of all.
        let (found, extent) = what_if(&before, candidate, (Timestamp::default(), NOON)).unwrap();
        prop_assert_eq!(extent.count, u64::try_from(enforced.len()).unwrap());
        prop_assert_eq!(found.stood, rehearsal.found().stood);
        for (who, affected) in found.most_affected(10) {
            prop_assert!(affected.times >= held.remove(&who).unwrap_or(0));
        }
        prop_assert!(held.is_empty(), "{held:?}");
    }
}

fn traffic(memory: &Memory, from: u64, count: u64, now: Timestamp) {
    for fax in from..from + count {
        ask(memory, &job(fax, "bob", &line(fax)).submitted(now));
    }
}

fn in_the_log(memory: &Memory) -> u64 {
    let mut decisions = std::collections::HashSet::new();
    let extent = memory.read_usage(Timestamp::default(), &mut |one| {
        assert!(decisions.insert(one.decision), "twice in the log");
    });
    extent.unwrap().count
}

/// A block is a row; what no row holds yet is made again from the ledger, and nothing is there twice.
#[test]
fn the_log_outlives_a_crash_and_says_everything_once() {
    let folder = tempfile::tempdir().unwrap();
    let (memory, _) = reopen(folder.path());
    furnish(&memory);
    traffic(&memory, 0, 20, at(0));
    let follow = |memory: &Memory, now| {
        memory.follow_usage_to(memory.store().last_seq(), now, &mut |_| ()).unwrap();
    };
    follow(&memory, at(0));
    assert_eq!((in_the_log(&memory), memory.usage_extent().count), (20, 0));
    traffic(&memory, 20, 5, at(60));
    follow(&memory, at(60));
    assert_eq!((in_the_log(&memory), memory.usage_extent().count), (25, 25));
    traffic(&memory, 25, 7, at(70));
    follow(&memory, at(70));
    settle(&memory);
    let copy = frozen(folder.path());
    let (second, _) = reopen(copy.path());
    assert_eq!(in_the_log(&second), 25);
    follow(&second, at(80));
    assert_eq!(in_the_log(&second), 32);
    traffic(&second, 40, 1, at(90));
    // By the beat nothing is taken up that might have something before it under way.
    second.follow_usage(at(90), &mut |_| ()).unwrap();
    assert_eq!(in_the_log(&second), 32);
    second.follow_usage(at(91), &mut |_| ()).unwrap();
    assert_eq!(in_the_log(&second), 33);
}

#[test]
fn the_log_lets_go_of_what_is_older_than_its_term() {
    let memory = house("");
    let follow = |now| {
        memory.follow_usage_to(memory.store().last_seq(), now, &mut |_| ()).unwrap();
    };
    for (day, kept) in [(0, 1), (3, 2), (6, 3), (8, 3), (20, 1)] {
        let now = at(day * 86_400);
        traffic(&memory, day, 1, now);
        follow(now);
        // The first of a block waits for a minute.
        follow(now.plus(Span::seconds(61)));
        assert_eq!(in_the_log(&memory), kept, "{day}");
    }
}
