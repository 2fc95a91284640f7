//! Quotas, and the policy that sets them.

use std::path::Path;
use std::sync::Arc;

use faxguard::fax::stage::{DialOutcome, Member, MemberClaim, Plan, StageEvent};
use faxguard::limiter::share::Usage;
use faxguard::lists::ListKind;
use faxguard::memory::Memory;
use faxguard::policy::{Edit, Refused};
use faxguard::store::embedded::fault::NoFaults;
use faxguard::time::{Span, Timestamp};
use faxguard::verdict::{
    Action, Going, HitKind, QuotaHolder, QuotaOutcome, Resource, Score, Verdict, Watched,
};

use super::ANN;
use crate::support::events::{call, job, line};
use crate::support::{ask, at, engine, frozen, furnish, house, list_entry, settle, store};

const TIGHT: &str = "[quotas.free]\nfaxes = \"4 faxes / hour\"\npages = \"20 pages / hour\"\n\
                     line_seconds = \"none\"\nrecipients = \"none\"\n";

fn quota(verdict: &Verdict, resource: Resource) -> (QuotaOutcome, u64) {
    let found = verdict.quotas.iter().find(|quota| quota.resource == resource).unwrap();
    (found.outcome, found.remaining)
}

/// When a verdict lets a job go: after a quarter of an hour, and a 512th of it that the levels round up.
fn quarter_of_an_hour(verdict: &Verdict) -> Timestamp {
    let until = verdict.bounds.not_before.unwrap();
    assert!(until >= at(900) && until <= at(902), "{until:?}");
    until
}

#[test]
fn never_is_another_answer_than_not_until() {
    let memory = house(TIGHT);
    let mut huge = job(1, "bob", &line(1));
    huge.pages = 21;
    let never = ask(&memory, &huge.submitted(at(0)));
    assert_eq!((never.action, never.rule), (Action::RefuseJob, "quota.pages"));
    assert_eq!(quota(&never, Resource::Pages), (QuotaOutcome::Never, 20));
    for fax in 2..6 {
        let within = ask(&memory, &job(fax, "bob", &line(fax)).submitted(at(0)));
        assert_eq!(quota(&within, Resource::Faxes), (QuotaOutcome::Within, 6 - fax));
        assert_ne!(within.action, Action::RefuseJob);
    }
    let later = ask(&memory, &job(6, "bob", &line(6)).submitted(at(0)));
    let until = quarter_of_an_hour(&later);
    assert_eq!((later.action, later.rule), (Action::Bound, "quota.faxes"));
    assert_eq!(quota(&later, Resource::Faxes), (QuotaOutcome::NotUntil(until), 0));
    assert_eq!(later.bounds.not_before, Some(until));
    // What was not admitted costs nothing, and when the time has come it is.
    let then = ask(&memory, &job(7, "bob", &line(7)).submitted(until));
    assert_eq!(quota(&then, Resource::Faxes).0, QuotaOutcome::Within);
    assert!(ask(&memory, &job(8, "eve", &line(8)).submitted(at(0))).quotas.len() == 4);
}

#[test]
fn a_job_is_charged_when_it_comes_and_settled_when_it_ends() {
    let memory = house(TIGHT);
    let pages = |fax: u64| {
        let probe = ask(&memory, &job(fax, "bob", &line(fax)).submitted(at(0)));
        quota(&probe, Resource::Pages).1
    };
    let mut one = job(1, "bob", &line(1));
    one.pages = 8;
    ask(&memory, &one.submitted(at(0)));
    assert_eq!(pages(2), 12);
    ask(&memory, &one.dialing(at(0), 1));
    ask(&memory, &one.failed(at(0), 1));
    assert_eq!(pages(3), 10);
    ask(&memory, &one.dialing(at(0), 2));
    let end = one.ended(at(0), 2, DialOutcome::NoAnswer);
    ask(&memory, &end);
    assert_eq!(pages(4), 16, "its eight pages were never sent");
    ask(&memory, &end);
    assert_eq!(pages(5), 14, "settled once");
}

/// What was told to wait is charged when it goes, and once, however it is asked about.
#[test]
fn a_job_that_waited_is_charged_once_when_it_goes() {
    for dialled in [false, true] {
        let memory = house(TIGHT);
        for fax in 0..4 {
            ask(&memory, &job(fax, "bob", &line(fax)).submitted(at(0)));
        }
        let one = job(9, "bob", &line(9));
        let waits = ask(&memory, &one.submitted(at(0)));
        let until = quarter_of_an_hour(&waits);
        let again = |now, attempt| {
            if dialled { one.dialing(now, attempt) } else { one.submitted(now) }
        };
        let early = ask(&memory, &again(at(500), 1));
        assert_eq!(early.bounds.not_before, Some(until), "{early:?}");
        let goes = ask(&memory, &again(until, 1));
        assert_eq!(goes.bounds.not_before, None, "{goes:?}");
        // What is left is told as it was before the charge.
        assert_eq!(quota(&goes, Resource::Faxes), (QuotaOutcome::Within, 1));
        // The second dial of the job costs nothing more, and nor does asking again.
        ask(&memory, &again(at(903), 1));
        ask(&memory, &one.failed(at(904), 1));
        let second = ask(&memory, &one.dialing(at(905), 2));
        assert!(second.quotas.is_empty() && second.bounds.not_before.is_none(), "{second:?}");
        let next = ask(&memory, &job(10, "bob", &line(10)).submitted(at(1_804)));
        assert_eq!(quota(&next, Resource::Faxes), (QuotaOutcome::Within, 1));
        let settled = ask(&memory, &one.ended(at(1_805), 2, DialOutcome::NoAnswer));
        assert!(settled.quotas.is_empty());
        // The fax that was never sent is given back.
        let free = ask(&memory, &job(11, "bob", &line(11)).submitted(at(1_805)));
        assert_eq!(quota(&free, Resource::Faxes).0, QuotaOutcome::Within);
    }
}

#[test]
fn a_node_that_tells_dials_alone_is_charged_too() {
    let memory = house(TIGHT);
    for fax in 0..4 {
        assert!(!ask(&memory, &job(fax, "bob", &line(fax)).dialing(at(0), 1)).quotas.is_empty());
    }
    let fifth = ask(&memory, &job(9, "bob", &line(9)).dialing(at(0), 1));
    assert_eq!(fifth.rule, "quota.faxes");
}

#[test]
fn what_has_leaked_of_an_estimate_is_not_given_back() {
    let memory = house(TIGHT);
    let pages = |fax: u64, now| {
        let probe = ask(&memory, &job(fax, "bob", &line(fax)).submitted(at(now)));
        quota(&probe, Resource::Pages).1
    };
    let reserve = |fax| {
        let mut one = job(fax, "bob", &line(fax));
        one.pages = 12;
        ask(&memory, &one.submitted(at(0)));
        ask(&memory, &one.dialing(at(0), 1));
        one.ended(at(0), 1, DialOutcome::NoAnswer)
    };
    // An hour later the level has leaked all twelve pages and those of two others have come since: to give twelve back
    // would be to give those two twice.
    let end = reserve(1);
    let late = StageEvent { time: at(3_000), ..end };
    assert_eq!(pages(2, 2_999), 20);
    ask(&memory, &late);
    assert_eq!(pages(3, 3_001), 18);
    // What a row says of it is what replay gives back.
    let row = memory.explain(late.decision).unwrap().pop().unwrap().row;
    assert_eq!(row.settled.map(|actual| actual.0[1]), Some(0));
    assert_eq!(row.owed.map(|owed| owed.0[1]), Some(12));
}

#[test]
fn an_organisation_has_a_quota_of_its_own() {
    let memory = house(
        "[quotas.organisation]\nfaxes = \"3 faxes / hour\"\n\
         [quotas.free]\nfaxes = \"2 faxes / hour\"\n",
    );
    let ask_of = |fax, member: &str| {
        let mut event = job(fax, member, &line(fax)).submitted(at(0));
        let facts = Member { plan: Plan::Free, organisation: 77, ..Member::default() };
        event.member = Some(MemberClaim { facts, owns_shown: true, ..MemberClaim::default() });
        ask(&memory, &event)
    };
    let rules = [("kim", 1), ("kim", 2), ("kim", 3), ("lou", 4), ("lou", 5)]
        .map(|(member, fax)| ask_of(fax, member).rule);
    let free = "threshold.none";
    assert_eq!(rules, [free, free, "quota.faxes", free, "quota.organisation.faxes"]);
    let last = ask_of(6, "max");
    let own = last.quotas.iter().find(|quota| quota.holder == QuotaHolder::Member).unwrap();
    let group = last.quotas.iter().find(|quota| quota.holder == QuotaHolder::Organisation).unwrap();
    assert_eq!((own.remaining, group.remaining), (2, 0));
    assert_eq!((own.outcome, last.action), (QuotaOutcome::Within, Action::Bound));
}

/// A key of the provider's interface has a quota beside those of the members who use it, and another key another one.
#[test]
fn a_key_of_the_interface_has_a_quota_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let policy = "[quotas.api_key]\nfaxes = \"3 faxes / hour\"\n";
    let ask_by = |memory: &Memory, fax, member: &str, api_key| {
        let event = StageEvent {
            member: Some(MemberClaim { api_key, ..MemberClaim::default() }),
            ..job(fax, member, &line(fax)).submitted(at(0))
        };
        ask(memory, &event)
    };
    let memory = house(policy);
    let rules = [("kim", 1, 7), ("lou", 2, 7), ("kim", 3, 7), ("lou", 4, 7), ("lou", 5, 8)]
        .map(|(member, fax, key)| ask_by(&memory, fax, member, key).rule);
    let free = "threshold.none";
    assert_eq!(rules, [free, free, free, "quota.api_key.faxes", free]);
    let last = ask_by(&memory, 6, "max", 7);
    let of_key = last.quotas.iter().find(|quota| quota.holder == QuotaHolder::ApiKey).unwrap();
    assert_eq!((of_key.remaining, of_key.burst, last.action), (0, 3, Action::Bound));
    assert!(ask(&memory, &job(9, "kim", &line(9)).submitted(at(0))).rule == free, "without a key");
    // A later stage does not say the key again, and what was not sent is given back to it; also after a restart.
    let open = |folder: &Path| engine(store(folder, Arc::new(NoFaults)), policy).0;
    let memory = open(folder.path());
    furnish(&memory);
    for fax in 1..4 {
        ask_by(&memory, fax, "bob", 7);
    }
    settle(&memory);
    let again = frozen(folder.path());
    let memory = open(again.path());
    assert_eq!(ask_by(&memory, 4, "bob", 7).rule, "quota.api_key.faxes");
    ask(&memory, &job(1, "bob", &line(1)).ended(at(0), 1, DialOutcome::NoAnswer));
    assert_eq!(ask_by(&memory, 5, "bob", 7).rule, free);
}

/// A number that is bombed answers busy to strangers, and to whom it corresponds with it does not.
#[test]
fn a_number_that_is_bombed_is_busy_for_strangers_alone() {
    let memory = house(
        "[quotas.number]\nfaxes = \"5 faxes / hour\"\n[inbound]\ntag = 90000\nquarantine = 90000\n\
         defer = 90000\nrefuse = 90000\n",
    );
    // Ann has faxed somebody, who may call back whatever goes on.
    let friend = line(500);
    let sent = job(900, "ann", &friend);
    ask(&memory, &sent.submitted(at(0)));
    ask(&memory, &sent.ended(at(1), 1, DialOutcome::Sent));
    let offered = |fax: u64, from: &str, now| ask(&memory, &call(fax, from, ANN).offered(at(now)));
    let actions: Vec<_> =
        (1..=8).map(|fax| offered(fax, &line(fax), 10)).map(|verdict| verdict.action).collect();
    assert_eq!(actions[4..], [Action::Deliver, Action::Defer, Action::Defer, Action::Defer]);
    let busy = offered(20, &line(20), 11);
    assert_eq!((busy.rule, busy.refusal.unwrap().sip_code), ("quota.number.faxes", 486));
    assert_eq!(busy.quotas[0].holder, QuotaHolder::Number);
    let wanted = offered(21, &friend, 12);
    assert_eq!((wanted.action, wanted.quotas.len()), (Action::Deliver, 0));
    // What the friend sent counts, and strangers are heard again when it has leaked.
    assert_eq!(offered(22, &line(22), 12 + 720).action, Action::Defer);
    assert_eq!(offered(23, &line(23), 12 + 1_500).action, Action::Deliver);
}

/// Calls that are refused for what they are use nothing up.
#[test]
fn a_refused_call_costs_the_number_nothing() {
    let memory = house("[quotas.number]\nfaxes = \"3 faxes / hour\"\n");
    let blocked = line(600);
    memory.put_list_entry(&list_entry(ListKind::Block, Some("ann"), &blocked), at(0)).unwrap();
    for fax in 0..10 {
        assert_eq!(
            ask(&memory, &call(fax, &blocked, ANN).offered(at(0))).action,
            Action::RefuseCall
        );
    }
    let left = ask(&memory, &call(50, &line(50), ANN).offered(at(60)));
    assert_eq!(quota(&left, Resource::Faxes), (QuotaOutcome::Within, 3));
}

/// Whoever floods waits for the lines, with the numbers that say why; who does not is never slowed.
#[test]
fn who_holds_more_than_is_fair_waits_for_the_lines() {
    let free =
        "faxes = \"none\"\npages = \"none\"\nline_seconds = \"none\"\nrecipients = \"none\"\n";
    let memory = house(&format!(
        "[share]\nlines = 1000\n[quotas.free]\n{free}[quotas.corporate]\n{free}\
         [outbound]\nbound = 90000\nhold = 90000\nrefuse = 90000\n"
    ));
    let mut waits = Vec::new();
    for fax in 0..3_000_u64 {
        let second = fax / 100;
        let now = at(second).plus(Span::millis(fax % 100 * 10));
        let verdict = ask(&memory, &job(fax, "bob", &line(fax)).submitted(now));
        if verdict.rule == "share.lines" {
            waits.push((fax, verdict));
        }
        if fax % 100 == 50 {
            let ordinary = ask(&memory, &job(100_000 + fax, "ann", &line(7)).submitted(now));
            assert_eq!(
                (ordinary.action, ordinary.rule),
                (Action::Allow, "threshold.none"),
                "{fax}"
            );
        }
    }
    assert!(waits.len() > 1_500, "{}", waits.len());
    let (fax, last) = waits.last().unwrap();
    let share = last.share.unwrap();
    assert_eq!((share.holding.resource, last.action), (Watched::Lines, Action::Bound));
    let until = last.bounds.not_before.unwrap();
    assert_eq!(share.going, Going::WaitUntil(until));
    assert!(share.holding.held_ppm > 1_000_000 && share.holding.fair_ppm < 1_000_001, "{share:?}");
    assert!(share.holding.to_string().contains(" of outbound lines, fair share now "));
    // What the ledger keeps is what was said, and after the wait the job goes: nothing is contended any more.
    let event = job(*fax, "bob", &line(*fax));
    let kept = memory.explain(event.submitted(at(0)).decision).unwrap().pop().unwrap().row.verdict;
    assert_eq!(kept.share, last.share);
    assert_eq!(ask(&memory, &event.dialing(until, 1)).rule, "threshold.none");
}

/// What nodes report counts in place of the policy's word, and half a minute after their last one no longer.
#[test]
fn what_nodes_report_is_shared_and_ends_with_them() {
    let free =
        "faxes = \"none\"\npages = \"none\"\nline_seconds = \"none\"\nrecipients = \"none\"\n";
    let memory = house(&format!(
        "[quotas.free]\n{free}[outbound]\nbound = 90000\nhold = 90000\nrefuse = 90000\n"
    ));
    let flood = |from: u64, seconds: u64, reported: bool| {
        let mut waits = 0;
        for step in 0..seconds * 10 {
            let now = at(from + step / 10).plus(Span::millis(step % 10 * 100));
            if reported && step % 50 == 0 {
                let usage = Usage { capacity: 100, in_use: 40, queued: 0 };
                (1..3).for_each(|node| memory.limiting().report(Watched::Lines, node, usage, now));
            }
            let fax = from * 1_000 + step;
            let verdict = ask(&memory, &job(fax, "bob", &line(fax)).submitted(now));
            waits += u64::from(verdict.rule == "share.lines");
        }
        waits
    };
    // Nobody says how much there is: nothing is shared.
    assert_eq!(flood(0, 10, false), 0);
    assert!(flood(100, 40, true) > 100);
    assert!(memory.limiting().share().is_contended(Watched::Lines));
    // A policy that comes into force forgets neither what nodes said nor that it is contended.
    let applied = memory.apply_policy(edit("[share]\nwait_minutes = 3\n"), None);
    assert!(applied.is_ok() && memory.limiting().share().is_contended(Watched::Lines));
    memory.limiting().tick(memory.generations(), at(169));
    assert_eq!(flood(170, 5, false), 0);
    assert!(!memory.limiting().share().is_contended(Watched::Lines));
}

fn edit(text: &str) -> Edit {
    Edit { text: text.to_owned(), author: "tests".into(), applied: at(5) }
}

#[test]
fn a_policy_is_taken_whole_or_not_at_all() {
    let memory = house("");
    let first = ask(&memory, &call(1, &line(1), ANN).offered(at(0)));
    assert_eq!(first.generation, 1);
    let etag = memory.generations().current().etag().to_owned();
    let garbage = ["[signals]\n\"no.such\" = 1\n", "\u{0}\u{1}\u{2}", &"[".repeat(900_000)];
    for bad in garbage {
        assert!(matches!(memory.apply_policy(edit(bad), None), Err(Refused::Faulty(_))));
        assert_eq!(memory.generations().current().number(), 1);
    }
    let text = "[score]\nprior_inbound = -1000\n\
                [composites.known_default]\nall = [\"identity.caller_withheld\"]\nnone = []\nweight = 777\n";
    let applied = memory.apply_policy(edit(text), Some(&etag));
    let number = applied.as_ref().map(|generation| generation.number());
    assert_eq!(number.ok(), Some(2), "{applied:?}");
    assert!(matches!(
        memory.apply_policy(edit(""), Some(&etag)),
        Err(Refused::Stale { number: 2 })
    ));

    let hidden = call(2, "", ANN).offered(at(10));
    let verdict = ask(&memory, &hidden);
    assert_eq!(verdict.generation, 2);
    let explained = memory.explain(hidden.decision).unwrap().pop().unwrap().row.verdict;
    assert_eq!(explained, verdict);
    let composite = explained.hits.iter().find(|hit| hit.kind == HitKind::Composite).unwrap();
    assert_eq!((composite.name.text(), composite.contribution), ("known_default", Score(777)));
    // A repeated request keeps the answer of the generation it was given under.
    assert_eq!(ask(&memory, &call(1, &line(1), ANN).offered(at(20))).generation, 1);
}
