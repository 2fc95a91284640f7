//! Limits tried on what was recorded: what is predicted is what the limit does when the same traffic comes.

use std::collections::HashMap;

use faxguard::directory::Edit;
use faxguard::fax::stage::{DialOutcome, Member, MemberClaim, Plan, StageEvent};
use faxguard::ledger::{Stood, Use, UseKind};
use faxguard::limiter::{Company, PARTS};
use faxguard::memory::Memory;
use faxguard::memory::limits::{CanaryTerms, Hand, LimitFault, LimitKey, Part, Scope, Setting};
use faxguard::policy::Quota;
use faxguard::screening::tuning::{
    Candidate, Found, GUARD_AUTHOR, Rehearsal, Trial, Tuning, top, what_if,
};
use faxguard::time::{Span, Timestamp};
use faxguard::verdict::{QuotaHolder, QuotaOutcome, Resource};
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
        // Two keys of the interface, and some jobs without one.
        let api_key = [0, 41, 42][usize::try_from(fax.line % 3).unwrap()];
        let claim = Some(MemberClaim { api_key, ..MemberClaim::default() });
        let keyed = |event: StageEvent| StageEvent { member: claim, ..event };
        if bit(2) {
            events.push(keyed(job.submitted(begins)));
        }
        events.push(keyed(job.dialing(between, 1)));
        if bit(0) {
            let sent = if bit(1) { DialOutcome::Sent } else { DialOutcome::NoAnswer };
            events.push(job.ended(ends, 1, sent));
        }
    }
    events.sort_by_key(|event| event.time);
    // The clock steps back now and then.
    for event in events.iter_mut().skip(5).step_by(17) {
        event.time = event.time.minus(Span::seconds(40));
    }
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
    Setting { quota: Some(quota), canary: None, author, reason, set: NOON, expires: None }
}

fn scopes() -> [Scope; 7] {
    [
        Scope::Plan(Plan::Free),
        Scope::Plan(Plan::Pro),
        Scope::Member(member("bob")),
        Scope::Holder(QuotaHolder::Organisation),
        Scope::Holder(QuotaHolder::Number),
        Scope::Holder(QuotaHolder::Trunk),
        Scope::Holder(QuotaHolder::ApiKey),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every charge, and whatever stands in the way of one, is predicted as it comes to be once the limit is set.
    #[test]
    fn what_is_predicted_is_what_is_enforced(
        faxes in prop::collection::vec(any_fax(), 1..120),
        (scope, resource) in (0_usize..7, 0_usize..4),
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
        let mut rehearsal = Rehearsal::new(&before, candidate.clone(), (NOON, 1));
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

fn free(part: Part) -> LimitKey {
    LimitKey { scope: Scope::Plan(Plan::Free), resource: Resource::Faxes, part }
}

fn an_hour(faxes: u64) -> Setting {
    setting(Quota::new(faxes, Span::seconds(3_600), faxes).unwrap())
}

/// Says that everything has reached the ledger, and lets the trials follow.
fn beat(memory: &Memory, tuning: &Tuning, now: Timestamp) -> usize {
    settle(memory);
    tuning.beat(memory, now).unwrap() + tuning.beat(memory, now).unwrap()
}

fn shadows(tuning: &Tuning) -> Vec<(LimitKey, Box<Found>)> {
    let shadow = |trial| match trial {
        Trial::Shadow { key, found, .. } => Some((key, found)),
        Trial::Canary(_) => None,
    };
    tuning.trials().into_iter().filter_map(shadow).collect()
}

/// A report has its numbers: who, how often, for how long, and what would have been saved.
#[test]
fn a_limit_that_is_tried_tells_whom_it_would_have_hit() {
    let memory = house("[quotas.free]\nfaxes = \"none\"\n");
    traffic(&memory, 0, 10, at(0));
    let _uses = recorded(&memory, &[]);
    let tried = |rate| {
        let candidate = Candidate { key: free(Part::Quota), setting: Some(an_hour(rate)) };
        what_if(&memory, candidate, (Timestamp::default(), at(1))).unwrap().0
    };
    let found = tried(4);
    assert_eq!((found.asked, found.stood, found.newly, found.freed), (10, 6, 6, 0));
    assert_eq!((found.charged.of(Resource::Faxes), found.would.of(Resource::Faxes)), (10, 4));
    assert_eq!((found.holders(), found.good_holders(), found.newly_good), (1, 1, 6));
    let (who, affected) = found.most_affected(9)[0];
    assert_eq!((who, affected.times, affected.never), (member("bob").hot(), 6, 0));
    // A quarter of an hour, to within a sixteenth.
    assert!((900..=957).contains(&found.wait(500).as_seconds()), "{:?}", found.wait(500));
    assert_eq!((tried(10).stood, tried(10).holders()), (0, 0));
    // Of the last second nothing came, and what came before is spent all the same.
    let candidate = Candidate { key: free(Part::Quota), setting: Some(an_hour(4)) };
    let late = what_if(&memory, candidate, (at(1), at(1))).unwrap().0;
    assert_eq!((late.asked, late.stood), (0, 0));
}

#[test]
fn shadows_judge_live_traffic_and_stand_in_nobodys_way() {
    let memory = house("[quotas.free]\nfaxes = \"none\"\n");
    let tuning = Tuning::default();
    traffic(&memory, 0, 3, at(0));
    beat(&memory, &tuning, at(0));
    for (slot, rate) in [(1, 4), (2, 5), (3, 6), (4, 100)] {
        let version = u64::from(slot) - 1;
        memory.set_limit(free(Part::Shadow(slot)), &an_hour(rate), version, at(1)).unwrap();
    }
    let fifth = LimitKey { resource: Resource::Pages, ..free(Part::Shadow(1)) };
    let full = memory.set_limit(fifth, &an_hour(4), 4, at(1));
    assert!(matches!(full, Err(LimitFault::ShadowsFull)), "{full:?}");
    beat(&memory, &tuning, at(1));
    traffic(&memory, 10, 5, at(2));
    beat(&memory, &tuning, at(2));
    // Three were sent before anything was tried, and count.
    let stood: Vec<(Part, u64, u64)> = shadows(&tuning)
        .into_iter()
        .map(|(key, found)| (key.part, found.asked, found.stood))
        .collect();
    let want = [(1, 4), (2, 3), (3, 2), (4, 0)].map(|(slot, stood)| (Part::Shadow(slot), 5, stood));
    assert_eq!(stood, want);
    let verdict = ask(&memory, &job(99, "bob", &line(99)).submitted(at(3)));
    assert!(verdict.bounds.not_before.is_none() && verdict.rule != "quota.faxes");
    // One that is ended makes room, one that expires ends by itself, and a start finds the others.
    let hand = Hand { author: "kim", reason: "enough", based_on: 4 };
    memory.unset_limit(free(Part::Shadow(2)), hand, at(4)).unwrap();
    let ends = Setting { expires: Some(at(60)), ..an_hour(4) };
    memory.set_limit(fifth, &ends, 5, at(4)).unwrap();
    beat(&memory, &tuning, at(5));
    assert_eq!(shadows(&tuning).len(), 4);
    beat(&memory, &tuning, at(60));
    assert_eq!(shadows(&tuning).len(), 3);
}

/// What is tried has levels of its own: other instances hear of what was spent, and of nothing else.
#[test]
fn what_is_tried_on_paper_is_told_to_no_other_instance() {
    let memory = house("[quotas.free]\nfaxes = \"1000 faxes / hour\"\n");
    let members = memory.limiting().members();
    assert!(members.keep_company(Company { instances: 2, alone_milli: 1_000 }));
    let told = |now| -> usize {
        let tell = |part| {
            let told = members.tell(part, 512, now).len();
            members.untold().unwrap().arrived(part);
            told
        };
        (0..PARTS).map(tell).sum()
    };
    let tuning = Tuning::default();
    memory.set_limit(free(Part::Shadow(1)), &an_hour(2), 0, at(0)).unwrap();
    beat(&memory, &tuning, at(0));
    traffic(&memory, 0, 5, at(1));
    assert_eq!(told(at(1)), 1);
    beat(&memory, &tuning, at(2));
    assert_eq!(shadows(&tuning)[0].1.stood, 3);
    let candidate = Candidate { key: free(Part::Quota), setting: Some(an_hour(1)) };
    let found = what_if(&memory, candidate, (Timestamp::default(), at(2))).unwrap().0;
    assert_eq!((found.asked, found.stood), (5, 4));
    assert_eq!(told(at(2)), 0);
}

fn canary(faxes: u64, percent: u8) -> Setting {
    let terms = CanaryTerms { percent, refused_bp: 500, good_bp: 100 };
    Setting { canary: Some(terms), ..an_hour(faxes) }
}

/// A canary is the limit of those who are drawn alone, and goes by itself when it stands in the way of too many.
#[test]
fn a_canary_binds_some_and_is_taken_back_by_its_guard() {
    let memory = house("[quotas.free]\nfaxes = \"none\"\n");
    let tuning = Tuning::default();
    let names: Vec<String> = (0..40).map(|one| format!("m{one}")).collect();
    let edits: Vec<Edit> = names
        .iter()
        .map(|name| Edit::Member {
            key: member(name),
            facts: Some(Member { plan: Plan::Free, created_day: 20_000, ..Member::default() }),
        })
        .collect();
    memory.edit_directory(&edits, NOON).unwrap();
    let setting = canary(2, 50);
    memory.set_limit(free(Part::Canary), &setting, 0, at(0)).unwrap();
    let other = LimitKey { resource: Resource::Pages, ..free(Part::Canary) };
    let second = memory.set_limit(other, &canary(2, 50), 1, at(0));
    assert!(matches!(second, Err(LimitFault::OtherCanary)), "{second:?}");
    beat(&memory, &tuning, at(0));
    let waits = |fax: u64, name: &str, now| {
        let verdict = ask(&memory, &job(fax, name, &line(fax % 5_000)).submitted(at(now)));
        verdict.quotas.iter().any(|quota| quota.outcome != QuotaOutcome::Within)
    };
    let mut bound = 0;
    for (at, name) in (0_u64..).zip(&names) {
        let mut third = false;
        for fax in 0..3 {
            third = waits(at * 10 + fax, name, 1);
        }
        assert_eq!(third, setting.takes(member(name).hot()), "{name}");
        bound += u64::from(third);
    }
    assert!((10..=30).contains(&bound), "{bound} of 40");
    let state = |tuning: &Tuning| match &tuning.trials()[..] {
        [Trial::Canary(guard)] => Some(guard.counts()[0]),
        _ => None,
    };
    assert_eq!(state(&tuning), Some((0, 0)));
    assert_eq!(beat(&memory, &tuning, at(2)), 1, "a third of what they ask for waits");
    assert_eq!(state(&tuning), None);
    assert!(!names.iter().zip(0_u64..).any(|(name, at)| waits(5_000 + at, name, 3)));
    let last = memory.limit_changes(1, 10).unwrap().pop().unwrap();
    assert_eq!((last.version, &*last.author, last.setting), (2, GUARD_AUTHOR, None));
    assert!(last.reason.starts_with("guard: "), "{}", last.reason);
}

/// Few uses take nothing back, and nor do those of whom little is held up.
#[test]
fn a_guard_waits_for_enough_and_lets_pass_what_may_be() {
    let memory = house("[quotas.free]\nfaxes = \"none\"\n");
    let tuning = Tuning::default();
    memory.set_limit(free(Part::Canary), &canary(10, 100), 0, at(0)).unwrap();
    beat(&memory, &tuning, at(0));
    traffic(&memory, 0, 20, at(1));
    assert_eq!(beat(&memory, &tuning, at(2)), 0, "twenty are too few to tell");
    traffic(&memory, 100, 40, at(3));
    assert_eq!(beat(&memory, &tuning, at(4)), 1);
}

#[test]
fn a_change_is_taken_back_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let (memory, _) = reopen(folder.path());
    furnish(&memory);
    let hand = |based_on| Hand { author: "lou", reason: "too tight", based_on };
    memory.set_limit(free(Part::Quota), &an_hour(9), 0, at(0)).unwrap();
    memory
        .set_limit(
            free(Part::Off),
            &Setting { quota: None, expires: Some(at(90)), ..an_hour(1) },
            1,
            at(0),
        )
        .unwrap();
    memory.set_limit(free(Part::Quota), &an_hour(2), 2, at(0)).unwrap();
    let left = |memory: &Memory, fax| {
        let verdict = ask(memory, &job(fax, "bob", &line(fax)).submitted(at(100)));
        verdict.quotas.iter().find(|quota| quota.resource == Resource::Faxes).unwrap().burst
    };
    assert_eq!(left(&memory, 1), 2);
    let stale = memory.restore_limit(3, hand(2), at(100));
    assert!(matches!(stale, Err(LimitFault::Stale { version: 3 })), "{stale:?}");
    let (version, key, setting) = memory.restore_limit(3, hand(3), at(100)).unwrap();
    assert_eq!((version, key, setting.unwrap().quota.unwrap().rate()), (4, free(Part::Quota), 9));
    assert_eq!(left(&memory, 2), 9);
    // The taking back is a change too, and can be taken back.
    memory.restore_limit(4, hand(4), at(100)).unwrap();
    assert_eq!(left(&memory, 3), 2);
    settle(&memory);
    let copy = frozen(folder.path());
    let (again, _) = reopen(copy.path());
    assert_eq!(left(&again, 4), 2);
    // Before the first change it was the policy's.
    let (_, _, setting) = again.restore_limit(1, hand(5), at(100)).unwrap();
    assert_eq!(setting, None);
    for (change, fault) in [(0, "no such"), (99, "no such"), (u64::MAX, "no such"), (1, "nothing")]
    {
        let refused = again.restore_limit(change, hand(6), at(100)).unwrap_err();
        assert!(refused.to_string().contains(fault), "{change}: {refused}");
    }
    assert_eq!(again.limit_changes(0, 100).unwrap().len(), 6);
}

#[test]
fn who_used_most_is_told_over_a_window() {
    let memory = house("");
    let mut number = 0;
    let mut send = |name: &str, pages: u32, now| {
        number += 1;
        let mut one = job(number, name, &line(number));
        one.pages = pages;
        ask(&memory, &one.submitted(at(now)));
        ask(&memory, &one.dialing(at(now), 1));
        ask(&memory, &one.ended(at(now), 1, DialOutcome::Sent));
    };
    send("ann", 8, 0);
    send("bob", 3, 5_000);
    send("ann", 1, 5_000);
    let _uses = recorded(&memory, &[]);
    let used = |since| {
        let of = (QuotaHolder::Member, Resource::Pages);
        let (top, _) = top(&memory, of, at(since)).unwrap();
        let units: Vec<_> = top.most(9).into_iter().map(|(who, used)| (who, used.units)).collect();
        (units, top.total, top.error)
    };
    let (ann, bob) = (member("ann").hot(), member("bob").hot());
    assert_eq!(used(0), (vec![(ann, 9), (bob, 3)], 12, 0));
    assert_eq!(used(4_000), (vec![(bob, 3), (ann, 1)], 4, 0));
}

/// A policy with nothing but a share of lines, and more traffic than there are lines.
fn contended() -> (String, Vec<StageEvent>) {
    let none = |plan| {
        format!(
            "[quotas.{plan}]\nfaxes = \"none\"\npages = \"none\"\nline_seconds = \"none\"\nrecipients = \"none\"\n"
        )
    };
    let shared = ["unknown", "free", "pro"].map(none).concat() + "[share]\nlines = 40\n";
    let mut events = Vec::new();
    for number in 0..4_000_u64 {
        // Cat sends two of three of them.
        let who = ["cat", "cat", "ann", "bob"][usize::try_from(number % 4).unwrap()];
        let mut one = job(number, who, &line(number % 4_000));
        one.pages = 1 + u32::try_from(number % 3).unwrap();
        events.push(one.submitted(at(number / 2)));
    }
    (shared, events)
}

fn pages_of_bob() -> LimitKey {
    LimitKey { scope: Scope::Member(member("bob")), resource: Resource::Pages, part: Part::Quota }
}

/// What was left to this instance beside others is not recorded, and so a share does again what it did.
#[test]
fn in_company_a_share_does_again_what_it_did() {
    let (shared, events) = contended();
    let memory = house(&shared);
    let uses = recorded(&memory, &events);
    let company = Company { instances: 2, alone_milli: 1_000 };
    assert!(memory.limiting().members().keep_company(company));
    let mut rehearsal =
        Rehearsal::new(&memory, Candidate { key: pages_of_bob(), setting: None }, (NOON, 1));
    for one in &uses {
        assert_eq!(rehearsal.feed(&memory, one).unwrap().stood, one.stood);
    }
    assert!(uses.iter().filter(|one| one.stood == Some(Stood::Share)).count() > 300);
}

/// With a share in play some of what it did would have come out otherwise; nearly all is foretold.
#[test]
fn with_lines_contended_nearly_all_is_foretold() {
    let (shared, events) = contended();
    let key = pages_of_bob();
    let limit = setting(Quota::new(600, Span::seconds(3_600), 100).unwrap());
    let before = house(&shared);
    let uses = recorded(&before, &events);
    let held_up = uses.iter().filter(|one| one.stood == Some(Stood::Share)).count();
    assert!(held_up > 300, "{held_up} of {} were held up by their share", uses.len());
    let mut rehearsal =
        Rehearsal::new(&before, Candidate { key, setting: Some(limit.clone()) }, (NOON, 1));
    let predicted: Vec<bool> =
        uses.iter().map(|one| rehearsal.feed(&before, one).unwrap_or_default().charging).collect();
    let after = house(&shared);
    after.set_limit(key, &limit, 0, NOON).unwrap();
    let enforced: Vec<bool> = recorded(&after, &events).iter().map(|one| one.charging).collect();
    assert!(rehearsal.found().stood > 100, "{}", rehearsal.found().stood);
    let same = predicted.iter().zip(&enforced).filter(|(one, other)| one == other).count();
    assert!(same * 100 >= enforced.len() * 99, "{same} of {}", enforced.len());
}
