//! From a report to the next verdict.

use faxguard::fax::id::SubjectKind;
use faxguard::fax::number::Claimed;
use faxguard::fax::stage::{Caller, DialOutcome};
use faxguard::features::Feature;
use faxguard::lists::ListKind;
use faxguard::memory::Memory;
use faxguard::reports::{
    Filing, Receipt, ReportCategory, ReportFault, ReportedFax, Reporter, Standing, file, get,
};
use faxguard::verdict::{Action, Score};

use crate::engine::feature;
use crate::support::events::{call, job, line};
use crate::support::{ask, at, day, furnish, house, keys, ledger, member, number, reopen};

const ANN: &str = "+12125550001";
const BOB: &str = "+12125550002";

fn filing(request: u64, who: &str, fax: ReportedFax, category: ReportCategory) -> Filing {
    Filing::new(request, Reporter::Member(member(who)), fax, category, at(100))
}

fn outsider(request: u64, fax: ReportedFax, category: ReportCategory) -> Filing {
    let who = keys().pseudonym(SubjectKind::Reporter, b"someone");
    Filing { reporter: Reporter::Outsider(who), ..filing(request, "", fax, category) }
}

fn described(called: &str, caller: &str) -> ReportedFax {
    let caller = match caller {
        "" => Caller::Withheld,
        shown => Caller::Number(Claimed::new(number(shown))),
    };
    ReportedFax::Described { called: number(called), caller, about: None }
}

/// The score of a fresh call from a line to bob, who never reports.
fn score(memory: &Memory, fax: u64, caller: &str) -> Score {
    ask(memory, &call(fax, caller, BOB).offered(at(200))).score
}

#[test]
fn a_report_moves_the_sender_at_its_next_fax() {
    let memory = house("");
    let junk = call(1, &line(1), ANN);
    ask(&memory, &junk.received(at(50), 1));
    let before = score(&memory, 2, &line(1));
    let receipt =
        file(&memory, &filing(1, "ann", described(ANN, &line(1)), ReportCategory::JunkFax))
            .unwrap();
    assert_eq!((receipt.standing, receipt.decision), (Standing::Counted, Some(junk.id())));
    assert_eq!(get(&memory, receipt.report).unwrap(), receipt);
    let after = score(&memory, 3, &line(1));
    assert!(after.0 >= before.0 + 2_000, "{before:?} {after:?}");
    // For its reporter the sender is blocked at once.
    let own = ask(&memory, &call(4, &line(1), ANN).offered(at(201)));
    assert_eq!((own.action, own.rule), (Action::RefuseCall, "list.block"));
}

#[test]
fn the_same_request_is_one_report_and_a_second_one_adds_nothing() {
    let memory = house("");
    ask(&memory, &call(1, &line(1), ANN).received(at(50), 1));
    ask(&memory, &call(2, &line(1), ANN).received(at(51), 1));
    let first =
        filing(1, "ann", ReportedFax::Decision(call(1, "", ANN).id()), ReportCategory::JunkFax);
    let receipt = file(&memory, &first).unwrap();
    let counted = score(&memory, 10, &line(1));
    assert_eq!(file(&memory, &first).unwrap(), receipt);
    let entries = ledger(&memory).len();
    for (request, fax, category) in [
        (2, 1, ReportCategory::JunkFax),
        (3, 1, ReportCategory::OtherAbuse),
        (4, 2, ReportCategory::JunkFax),
    ] {
        let again =
            filing(request, "ann", ReportedFax::Decision(call(fax, "", ANN).id()), category);
        assert_eq!(file(&memory, &again).unwrap().standing, Standing::Duplicate, "{request}");
    }
    assert_eq!(ledger(&memory).len(), entries + 3);
    assert_eq!(score(&memory, 11, &line(1)).0 - counted.0, 0);
}

#[test]
fn only_who_got_a_fax_can_report_it() {
    use ReportCategory::{JunkFax, NotJunk};
    let memory = house("");
    let fax = call(1, &line(1), ANN);
    ask(&memory, &fax.received(at(50), 1));
    let sent = job(2, "ann", &line(2));
    ask(&memory, &sent.submitted(at(0)));
    ask(&memory, &sent.ended(at(50), 1, DialOutcome::Sent));
    let refused = call(3, &line(4), "+12125550900");
    ask(&memory, &refused.offered(at(50)));
    let by_id = |fax| ReportedFax::Decision(fax);
    let never = by_id(call(77, "", ANN).id());
    let entries = ledger(&memory).len();
    for (place, filing) in (0..).zip([
        filing(1, "bob", by_id(fax.id()), JunkFax),
        filing(2, "bob", described(ANN, &line(1)), JunkFax),
        filing(3, "ann", by_id(sent.id()), JunkFax),
        outsider(4, by_id(fax.id()), JunkFax),
        filing(5, "ann", never, JunkFax),
        filing(6, "ann", described(ANN, &line(5)), JunkFax),
        filing(7, "bob", described(BOB, &line(1)), NotJunk),
        outsider(8, never, JunkFax),
    ]) {
        let answer = file(&memory, &filing);
        let want_received = place < 4;
        match answer {
            Err(ReportFault::NotReceived) => assert!(want_received, "{place}"),
            Err(ReportFault::NoFax) => assert!(!want_received, "{place}"),
            other => panic!("{place}: {other:?}"),
        }
    }
    assert_eq!(ledger(&memory).len(), entries, "nothing was stored");
    assert_eq!(score(&memory, 10, &line(1)), score(&memory, 11, &line(3)));
    // What an outsider describes and did not get from us waits for the desk, and moves nobody.
    for (request, fax) in [(20, described("+14045551234", "")), (21, described(ANN, &line(1)))] {
        let receipt = file(&memory, &outsider(request, fax, JunkFax)).unwrap();
        assert_eq!((receipt.standing, receipt.decision), (Standing::Unverified, None));
    }
    assert!(memory.lists().is_empty());
}

#[test]
fn a_call_that_was_refused_can_only_be_vouched_for() {
    let memory = house("");
    ask(&memory, &call(1, &line(1), ANN).received(at(10), 1));
    file(&memory, &filing(1, "ann", described(ANN, &line(1)), ReportCategory::JunkFax)).unwrap();
    let refused = call(2, &line(1), ANN);
    assert_eq!(ask(&memory, &refused.offered(at(110))).action, Action::RefuseCall);
    let of_it =
        |request, category| filing(request, "ann", ReportedFax::Decision(refused.id()), category);
    let junk = file(&memory, &of_it(2, ReportCategory::JunkFax));
    assert!(matches!(junk, Err(ReportFault::NotReceived)));
    ask(&memory, &refused.refused(at(111)));
    assert!(file(&memory, &of_it(3, ReportCategory::JunkFax)).is_err());
    let receipt = file(&memory, &of_it(4, ReportCategory::NotJunk)).unwrap();
    assert_eq!(receipt.standing, Standing::Counted);
    let welcome = call(3, &line(1), ANN).offered(at(120));
    assert_ne!(ask(&memory, &welcome).rule, "list.block");
    assert_eq!(feature(&memory, &welcome, Feature::MemberAccepted), 1);
    assert!(feature(&memory, &welcome, Feature::CallerGood) > 200);
}

#[test]
fn remove_me_stops_what_it_is_about_and_tells_nothing_of_others() {
    let memory = house("");
    ask(&memory, &call(1, &line(1), ANN).received(at(10), 1));
    let inbound = filing(1, "ann", described(ANN, &line(1)), ReportCategory::RemoveMe);
    assert_eq!(file(&memory, &inbound).unwrap().standing, Standing::Counted);
    assert_eq!(ask(&memory, &call(3, &line(1), ANN).offered(at(150))).rule, "list.block");
    let other = call(4, &line(1), BOB).offered(at(150));
    ask(&memory, &other);
    assert_eq!(feature(&memory, &other, Feature::CallerBad), 0);
    // A junk report after it is the first of its kind.
    ask(&memory, &call(5, &line(1), ANN).received(at(151), 1));
    let junk =
        filing(2, "ann", ReportedFax::Decision(call(5, "", ANN).id()), ReportCategory::JunkFax);
    assert_eq!(file(&memory, &junk).unwrap().standing, Standing::Counted);

    let sent = job(10, "ann", &line(2));
    ask(&memory, &sent.submitted(at(0)));
    ask(&memory, &sent.ended(at(40), 1, DialOutcome::Sent));
    let opt_out = outsider(3, described(&line(2), ""), ReportCategory::RemoveMe);
    assert_eq!(file(&memory, &opt_out).unwrap().decision, Some(sent.id()));
    let kinds = memory.lists().kinds(
        member("ann").hot(),
        keys().number(number(&line(2))).hot(),
        day(4_000),
    );
    assert!(kinds.has(ListKind::OptOut), "an opt-out does not expire");
    let next = ask(&memory, &job(11, "ann", &line(2)).submitted(at(160)));
    assert_eq!((next.action, next.rule), (Action::Hold, "list.opt_out"));
    assert_eq!(ask(&memory, &job(12, "bob", &line(2)).submitted(at(160))).rule, "threshold.none");
}

#[test]
fn one_reporter_alone_never_has_a_sender_kept_from_others() {
    let memory = house("");
    let sender = line(1);
    let mut highest = i32::MIN;
    for today in 0..120 {
        // The member takes its own block back every day, only to report again.
        let fax = call(1_000 + today, &sender, ANN).named("LAKESIDE CLINIC");
        ask(&memory, &fax.received(day(today), 2));
        let mut report =
            filing(today, "ann", ReportedFax::Decision(fax.id()), ReportCategory::JunkFax);
        report.time = day(today);
        file(&memory, &report).unwrap();
        let other = call(2_000 + today, &sender, BOB).named("LAKESIDE CLINIC");
        for event in
            [other.offered(day(today)), other.handshake(day(today)), other.received(day(today), 2)]
        {
            let verdict = ask(&memory, &event);
            assert!(
                matches!(verdict.action, Action::Deliver | Action::DeliverTagged),
                "day {today}: {:?}",
                verdict.hits
            );
            highest = highest.max(verdict.score.0);
        }
    }
    assert!(highest < 2_200, "{highest}");
}

#[test]
fn however_many_have_earned_no_trust_they_are_one_voice() {
    let memory = house("[quotas.free]\nfaxes = \"none\"\n");
    let sender = line(1);
    let mut scores = Vec::new();
    for (request, who, did) in [(1, "ann", ANN), (2, "bob", BOB)] {
        let fax = call(request, &sender, did);
        ask(&memory, &fax.received(at(10), 1));
        let fax = ReportedFax::Decision(fax.id());
        file(&memory, &filing(request, who, fax, ReportCategory::JunkFax)).unwrap();
        let third = call(10 + request, &sender, "+14045551234").offered(at(200));
        ask(&memory, &third);
        scores.push(feature(&memory, &third, Feature::CallerBad));
    }
    assert!(scores[0] > 0);
    assert!(scores[1] <= scores[0], "{scores:?}");
}

#[test]
fn an_answered_report_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let receipt: Receipt;
    let score_then;
    {
        let (memory, _) = reopen(folder.path());
        furnish(&memory);
        ask(&memory, &call(1, &line(1), ANN).received(at(50), 1));
        let report = filing(1, "ann", described(ANN, &line(1)), ReportCategory::JunkFax);
        receipt = file(&memory, &report).unwrap();
        // Neither flushed nor closed: what was answered is on the disk already.
        std::fs::create_dir(folder.path().join("copy")).unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            if file.file_type().unwrap().is_file() && file.file_name() != "lock" {
                std::fs::copy(file.path(), folder.path().join("copy").join(file.file_name()))
                    .unwrap();
            }
        }
        score_then = score(&memory, 2, &line(1));
    }
    let (memory, recovered) = reopen(&folder.path().join("copy"));
    assert_eq!((recovered.unreadable, recovered.list_entries), (0, 1));
    assert_eq!(get(&memory, receipt.report).unwrap(), receipt);
    assert_eq!(score(&memory, 2, &line(1)), score_then);
    assert_eq!(ask(&memory, &call(3, &line(1), ANN).offered(at(201))).rule, "list.block");
}
