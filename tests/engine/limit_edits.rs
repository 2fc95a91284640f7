//! Limits set at run time: in force at once on the level that is there, ended by themselves, found again after a crash.

use faxguard::fax::stage::Plan;
use faxguard::memory::Memory;
use faxguard::memory::limits::{Hand, LimitFault, LimitKey, Part, Scope, Setting};
use faxguard::policy::{Edit, Quota};
use faxguard::time::{Span, Timestamp};
use faxguard::verdict::{QuotaHolder, QuotaOutcome, Resource, Verdict};

use crate::support::events::{job, line};
use crate::support::{ask, at, frozen, furnish, house, member, reopen};

const TIGHT: &str = "[quotas.free]\nfaxes = \"4 faxes / hour\"\npages = \"none\"\n\
                     line_seconds = \"none\"\nrecipients = \"none\"\n";
const HAND: Hand<'static> = Hand { author: "kim", reason: "a fair", based_on: 0 };

fn quota(an_hour: u64) -> Quota {
    Quota::new(an_hour, Span::seconds(3_600), an_hour).unwrap()
}

fn setting(quota: Option<Quota>, expires: Option<Timestamp>) -> Setting {
    let (author, reason) = ("kim".into(), "a fair".into());
    Setting { quota, canary: None, author, reason, set: at(0), expires }
}

fn key(scope: Scope, part: Part) -> LimitKey {
    LimitKey { scope, resource: Resource::Faxes, part }
}

fn free(part: Part) -> LimitKey {
    key(Scope::Plan(Plan::Free), part)
}

fn bob(part: Part) -> LimitKey {
    key(Scope::Member(member("bob")), part)
}

/// What is left of Bob's faxes before one more job, which is charged where there is something left.
fn left(memory: &Memory, fax: u64, now: u64) -> Option<u64> {
    let verdict: Verdict = ask(memory, &job(fax, "bob", &line(fax)).submitted(at(now)));
    let faxes = verdict.quotas.iter().find(|quota| quota.resource == Resource::Faxes)?;
    let waits = matches!(faxes.outcome, QuotaOutcome::NotUntil(_));
    assert_eq!(verdict.bounds.not_before.is_some(), waits);
    Some(faxes.remaining)
}

#[test]
fn what_is_set_acts_on_the_level_that_is_there() {
    let memory = house(TIGHT);
    assert_eq!((0..4).map(|fax| left(&memory, fax, 0).unwrap()).collect::<Vec<_>>(), [4, 3, 2, 1]);
    assert_eq!(left(&memory, 4, 0), Some(0));
    // For the plan, then for the member over it: each counts what was spent before.
    memory.set_limit(free(Part::Quota), &setting(Some(quota(6)), None), 0, at(0)).unwrap();
    assert_eq!((left(&memory, 5, 0), left(&memory, 6, 0)), (Some(2), Some(1)));
    assert_eq!(left(&memory, 7, 0), Some(0));
    memory.set_limit(bob(Part::Quota), &setting(Some(quota(10)), None), 1, at(0)).unwrap();
    assert_eq!(left(&memory, 8, 0), Some(4));
    memory.unset_limit(bob(Part::Quota), Hand { based_on: 2, ..HAND }, at(0)).unwrap();
    assert_eq!(left(&memory, 9, 0), Some(0));
    // A policy that comes into force leaves what is set where it is.
    let edit = Edit { text: TIGHT.replace('4', "1"), author: "tests".into(), applied: at(1) };
    memory.apply_policy(edit, None).unwrap();
    memory.unset_limit(free(Part::Quota), Hand { based_on: 3, ..HAND }, at(1)).unwrap();
    let quotas = ask(&memory, &job(10, "bob", &line(10)).submitted(at(1))).quotas;
    assert_eq!((quotas[0].burst, quotas[0].remaining), (1, 0));
}

#[test]
fn a_limit_that_is_off_counts_on_and_is_back_by_itself() {
    for (scope, off) in [("plan", free(Part::Off)), ("member", bob(Part::Off))] {
        let memory = house(TIGHT);
        for fax in 0..4 {
            let _ = left(&memory, fax, 0);
        }
        assert_eq!(left(&memory, 4, 0), Some(0), "{scope}");
        memory.set_limit(off, &setting(None, Some(at(60))), 0, at(0)).unwrap();
        // Nobody is asked, and six more are counted.
        (10..16).for_each(|fax| assert_eq!(left(&memory, fax, 1), None, "{scope}"));
        assert_eq!(left(&memory, 20, 59), None, "{scope}");
        assert_eq!(left(&memory, 21, 60), Some(0), "{scope}");
        // Of eleven at four an hour, seven and a half must be gone before another one goes.
        assert_eq!(left(&memory, 22, 6_300), Some(0), "{scope}");
        assert_eq!(left(&memory, 23, 7_300), Some(1), "{scope}");
    }
}

#[test]
fn two_who_edit_at_once_do_not_undo_each_other() {
    let memory = house(TIGHT);
    let edit =
        |rate| memory.set_limit(free(Part::Quota), &setting(Some(quota(rate)), None), 0, at(0));
    let outcomes: Vec<_> = std::thread::scope(|threads| {
        let edits: Vec<_> = (10..18).map(|rate| threads.spawn(move || edit(rate))).collect();
        edits.into_iter().map(|edit| edit.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(1))).count(), 1);
    let stale =
        |fault: &&Result<u64, LimitFault>| matches!(fault, Err(LimitFault::Stale { version: 1 }));
    assert_eq!(outcomes.iter().filter(stale).count(), 7);
    let set = memory.limit_setting(free(Part::Quota), at(0)).unwrap().unwrap();
    let now_left = left(&memory, 1, 0);
    assert_eq!(set.quota.map(Quota::burst), now_left);
    // What nobody set cannot be taken back, and what has expired is set no longer.
    let hand = Hand { based_on: 1, ..HAND };
    assert!(matches!(memory.unset_limit(bob(Part::Quota), hand, at(0)), Err(LimitFault::NotSet)));
    memory.set_limit(bob(Part::Off), &setting(None, Some(at(9))), 1, at(0)).unwrap();
    let hand = Hand { based_on: 2, ..HAND };
    assert!(matches!(memory.unset_limit(bob(Part::Off), hand, at(9)), Err(LimitFault::NotSet)));
    assert_eq!(memory.limit_changes(0, 100).unwrap().len(), 2);
}

#[test]
fn what_was_acknowledged_is_found_again_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let (memory, _) = reopen(folder.path());
    furnish(&memory);
    for fax in 0..3 {
        let _ = left(&memory, fax, 0);
    }
    memory.set_limit(bob(Part::Quota), &setting(Some(quota(5)), None), 0, at(1)).unwrap();
    let trunks = key(Scope::Holder(QuotaHolder::Trunk), Part::Quota);
    memory.set_limit(trunks, &setting(Some(quota(7)), Some(at(50))), 1, at(1)).unwrap();
    memory.unset_limit(trunks, Hand { based_on: 2, ..HAND }, at(2)).unwrap();
    memory.set_limit(free(Part::Off), &setting(None, Some(at(40))), 3, at(2)).unwrap();
    crate::support::settle(&memory);
    // As the folder was at this moment: nothing was closed or written out.
    let copy = frozen(folder.path());
    let (again, _) = reopen(copy.path());
    let (changes, before) =
        (again.limit_changes(0, 100).unwrap(), memory.limit_changes(0, 100).unwrap());
    assert_eq!(changes, before);
    let whom: Vec<_> =
        changes.iter().map(|change| (change.version, change.setting.is_some())).collect();
    assert_eq!(whom, [(1, true), (2, true), (3, false), (4, true)]);
    assert_eq!((&*changes[2].author, &*changes[2].reason), ("kim", "a fair"));
    assert_eq!((left(&again, 8, 40), left(&memory, 8, 40)), (Some(2), Some(2)));
    let stale = again.unset_limit(bob(Part::Quota), Hand { based_on: 3, ..HAND }, at(50));
    assert!(matches!(stale, Err(LimitFault::Stale { version: 4 })));
    assert_eq!(
        again.unset_limit(bob(Part::Quota), Hand { based_on: 4, ..HAND }, at(50)).unwrap(),
        5
    );
    let (set, _) = again.limit_settings(None, 100, at(39)).unwrap();
    assert_eq!(set.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [free(Part::Off)]);
}

#[test]
fn a_member_with_a_slow_limit_of_its_own_is_not_forgotten() {
    let memory = house(TIGHT);
    let slow = Quota::new(1, Span::seconds(28 * 86_400), 2).unwrap();
    memory.set_limit(bob(Part::Quota), &setting(Some(slow), None), 0, at(0)).unwrap();
    assert_eq!((left(&memory, 1, 0), left(&memory, 2, 0)), (Some(2), Some(1)));
    // By the limits of all others the level has drained long ago, and the hand goes over everybody.
    for _ in 0..8 {
        memory.limiting().tick(memory.generations(), at(7 * 86_400));
    }
    assert_eq!(left(&memory, 3, 7 * 86_400), Some(0));
}
