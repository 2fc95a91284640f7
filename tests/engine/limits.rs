//! Quotas, and the policy that sets them.

use faxguard::fax::stage::DialOutcome;
use faxguard::policy::{Edit, Refused};
use faxguard::verdict::{Action, HitKind, QuotaOutcome, Resource, Score, Verdict};

use super::ANN;
use crate::support::events::{call, job, line};
use crate::support::{ask, at, house};

const TIGHT: &str = "[quotas.free]\nfaxes = \"4 faxes / hour\"\npages = \"20 pages / hour\"\n\
                     line_seconds = \"none\"\nrecipients = \"none\"\n";

fn quota(verdict: &Verdict, resource: Resource) -> (QuotaOutcome, u64) {
    let found = verdict.quotas.iter().find(|quota| quota.resource == resource).unwrap();
    (found.outcome, found.remaining)
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
    let until = at(900);
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
        assert_eq!(waits.bounds.not_before, Some(at(900)));
        let again = |now, attempt| {
            if dialled { one.dialing(now, attempt) } else { one.submitted(now) }
        };
        let early = ask(&memory, &again(at(500), 1));
        assert_eq!(early.bounds.not_before, Some(at(900)), "{early:?}");
        let goes = ask(&memory, &again(at(900), 1));
        assert_eq!(goes.bounds.not_before, None, "{goes:?}");
        // What is left is told as it was before the charge.
        assert_eq!(quota(&goes, Resource::Faxes), (QuotaOutcome::Within, 1));
        // The second dial of the job costs nothing more, and nor does asking again.
        ask(&memory, &again(at(901), 1));
        ask(&memory, &one.failed(at(902), 1));
        let second = ask(&memory, &one.dialing(at(903), 2));
        assert!(second.quotas.is_empty() && second.bounds.not_before.is_none(), "{second:?}");
        let next = ask(&memory, &job(10, "bob", &line(10)).submitted(at(1_800)));
        assert_eq!(quota(&next, Resource::Faxes), (QuotaOutcome::Within, 1));
        let settled = ask(&memory, &one.ended(at(1_801), 2, DialOutcome::NoAnswer));
        assert!(settled.quotas.is_empty());
        // The fax that was never sent is given back.
        let free = ask(&memory, &job(11, "bob", &line(11)).submitted(at(1_801)));
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
