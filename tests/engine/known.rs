//! What is known of numbers and members: directory, lists, correspondence, numbers that change hands.

use faxguard::directory::Edit;
use faxguard::fax::stage::{DialOutcome, MemberClaim, Parties, StageEvent};
use faxguard::features::Feature;
use faxguard::lists::ListKind;
use faxguard::memory::{CHECKPOINT_ENTRIES, EDITS_COUNT_AS};
use faxguard::reports::{Filing, ReportCategory, ReportedFax, Reporter, file};
use faxguard::time::Span;
use faxguard::verdict::{Action, Degradations};

use super::{ANN, feature};
use crate::support::events::{call, job, line};
use crate::support::{ask, at, day, house, keys, list_entry, member, number};

#[test]
fn a_member_nobody_told_us_of_is_a_declared_case() {
    let memory = house("");
    let foreign = call(1, &line(1), "+14045551234").received(at(0), 1);
    let verdict = ask(&memory, &foreign);
    assert!(verdict.degradations.has(Degradations::MEMBER_UNKNOWN));
    assert!(matches!(verdict.action, Action::Deliver | Action::DeliverTagged));
    let claim = MemberClaim { member: Some(member("new")), ..MemberClaim::default() };
    let outbound = StageEvent { member: Some(claim), ..job(2, "new", &line(1)).submitted(at(0)) };
    assert!(ask(&memory, &outbound).degradations.has(Degradations::MEMBER_UNKNOWN));
    // A request without any party is answered too, and charges nobody.
    let nobody = StageEvent { parties: None, ..job(3, "ann", &line(1)).submitted(at(0)) };
    let verdict = ask(&memory, &nobody);
    assert!(verdict.degradations.has(Degradations::EARLIER_STAGE_UNKNOWN));
    assert!(verdict.quotas.is_empty());
}

#[test]
fn a_number_of_ours_that_nobody_holds_is_a_trap() {
    let memory = house("");
    let trapped = call(1, &line(1), "+12125550900");
    let verdict = ask(&memory, &trapped.offered(at(0)));
    assert_eq!((verdict.action, verdict.rule), (Action::RefuseCall, "trap.unassigned"));
    assert_eq!(verdict.refusal.unwrap().sip_code, 404);
    let next = call(2, &line(1), ANN).offered(at(60));
    ask(&memory, &next);
    assert!(feature(&memory, &next, Feature::CallerTraps) > 900);
    // Where the request says whose it is, it is no trap.
    let claim = MemberClaim { member: Some(member("new")), ..MemberClaim::default() };
    let held =
        StageEvent { member: Some(claim), ..call(3, &line(2), "+12125550901").offered(at(0)) };
    assert_ne!(ask(&memory, &held).rule, "trap.unassigned");
}

#[test]
fn list_entries_rule_until_they_expire() {
    for (kind, of, rule, action) in [
        (ListKind::Allow, Some("ann"), "list.allow", Action::Deliver),
        (ListKind::Allow, None, "list.allow", Action::Deliver),
        (ListKind::Block, Some("ann"), "list.block", Action::RefuseCall),
        (ListKind::Block, None, "list.block", Action::RefuseCall),
    ] {
        let memory = house("");
        let mut entry = list_entry(kind, of, &line(1));
        entry.expires = Some(at(100));
        let id = memory.put_list_entry(&entry, at(0)).unwrap();
        let verdict = ask(&memory, &call(1, &line(1), ANN).offered(at(99)));
        assert_eq!((verdict.rule, verdict.action), (rule, action), "{kind:?} {of:?}");
        let other = ask(&memory, &call(2, &line(1), "+12125550002").offered(at(99)));
        assert_eq!(other.rule == rule, of.is_none(), "{kind:?} {of:?}");
        let after = ask(&memory, &call(3, &line(1), ANN).offered(at(100)));
        assert_ne!(after.rule, rule, "{kind:?} {of:?}");
        entry.expires = None;
        assert_eq!(memory.put_list_entry(&entry, at(100)).unwrap(), id);
        assert_eq!(ask(&memory, &call(4, &line(1), ANN).offered(at(101))).rule, rule);
        memory.delete_list_entry(id, "tests", at(102)).unwrap();
        assert_ne!(ask(&memory, &call(5, &line(1), ANN).offered(at(103))).rule, rule);
        assert!(memory.delete_list_entry(id, "tests", at(104)).is_err());
    }
}

#[test]
fn a_members_own_word_stands_above_the_houses() {
    let memory = house("");
    memory.put_list_entry(&list_entry(ListKind::Block, None, &line(1)), at(0)).unwrap();
    memory.put_list_entry(&list_entry(ListKind::Allow, Some("ann"), &line(1)), at(0)).unwrap();
    assert_eq!(ask(&memory, &call(1, &line(1), ANN).offered(at(1))).rule, "list.allow");
    assert_eq!(ask(&memory, &call(2, &line(1), "+12125550002").offered(at(1))).rule, "list.block");
}

#[test]
fn an_opt_out_holds_the_job_and_is_counted() {
    let memory = house("");
    memory.put_list_entry(&list_entry(ListKind::OptOut, Some("ann"), &line(1)), at(0)).unwrap();
    let to = job(1, "ann", &line(1)).submitted(at(1));
    let verdict = ask(&memory, &to);
    assert_eq!((verdict.action, verdict.rule), (Action::Hold, "list.opt_out"));
    assert!(feature(&memory, &to, Feature::OptOutsHit) > 900);
    assert_eq!(ask(&memory, &job(2, "bob", &line(1)).submitted(at(1))).action, Action::Allow);
}

#[test]
fn a_number_that_never_sends_is_seen_through() {
    let memory = house("");
    let plain = ask(&memory, &call(1, &line(1), ANN).offered(at(0))).score;
    memory.put_list_entry(&list_entry(ListKind::DoNotOriginate, None, &line(1)), at(0)).unwrap();
    let spoofed = ask(&memory, &call(2, &line(1), ANN).offered(at(1)));
    assert!(spoofed.score.0 > plain.0 + 2_000, "{:?}", spoofed.hits);
    let of_member = list_entry(ListKind::DoNotOriginate, Some("ann"), &line(1));
    assert!(memory.put_list_entry(&of_member, at(0)).is_err());
}

#[test]
fn whom_the_member_faxed_corresponds_at_once_whom_it_heard_from_tomorrow() {
    let memory = house("");
    let faxed = |fax: u64, caller: &str, seconds: u64| {
        let probe = call(fax, caller, ANN).offered(at(seconds));
        ask(&memory, &probe);
        (
            feature(&memory, &probe, Feature::MemberFaxed),
            feature(&memory, &probe, Feature::MemberAccepted),
        )
    };
    assert_eq!(faxed(1, &line(1), 0), (0, 0));
    ask(&memory, &job(2, "ann", &line(1)).ended(at(10), 1, DialOutcome::Sent));
    assert_eq!(faxed(3, &line(1), 20), (1, 0));
    ask(&memory, &job(4, "ann", &line(2)).ended(at(10), 1, DialOutcome::NoAnswer));
    assert_eq!(faxed(5, &line(2), 20), (0, 0), "an attempt is no fax");

    let delivered = ask(&memory, &call(6, &line(3), ANN).received(at(30), 1));
    assert_eq!(delivered.action, Action::Deliver);
    assert_eq!(faxed(7, &line(3), 40), (0, 0), "nobody has had the time to report it");
    assert_eq!(faxed(8, &line(3), 86_400), (0, 1));
    let other = call(9, &line(3), "+12125550002").offered(at(86_400));
    ask(&memory, &other);
    assert_eq!(feature(&memory, &other, Feature::MemberAccepted), 0, "another member's");

    // A correspondence that goes on does not end with the term of its first fax.
    for month in 1..24 {
        let fax = call(100 + month, &line(3), ANN);
        ask(&memory, &fax.received(day(month * 31), 1));
        let next = call(200 + month, &line(3), ANN).offered(day(month * 31));
        ask(&memory, &next);
        assert_eq!(feature(&memory, &next, Feature::MemberAccepted), 1, "month {month}");
    }
}

#[test]
fn a_number_that_changes_hands_loses_what_was_known_of_it() {
    let own = "+12125550003";
    let recycle = [
        Edit::Assign { number: keys().number(number(own)), member: Some(member("bob")) },
        Edit::Assign { number: keys().number(number(own)), member: None },
        Edit::Recycled { number: keys().number(number(own)) },
    ];
    for edit in recycle {
        let memory = house("");
        // The number of ann's is known for junk to bob, and as a correspondent to carl.
        let claim = MemberClaim { member: Some(member("carl")), ..MemberClaim::default() };
        let carl = |fax, seconds| StageEvent {
            member: Some(claim),
            ..call(fax, own, "+14045551234").offered(at(seconds))
        };
        ask(&memory, &job(1, "carl", own).ended(at(0), 1, DialOutcome::Sent));
        let junk = call(2, own, "+12125550002").received(at(1), 1);
        ask(&memory, &junk);
        let filing = Filing::new(
            1,
            Reporter::Member(member("bob")),
            ReportedFax::Decision(junk.decision),
            ReportCategory::JunkFax,
            at(2),
        );
        file(&memory, &filing).unwrap();
        let before = carl(3, 3);
        ask(&memory, &before);
        assert!(feature(&memory, &before, Feature::CallerBad) > 200);
        assert_eq!(feature(&memory, &before, Feature::MemberFaxed), 1);

        memory.edit_directory(&[edit], at(4)).unwrap();
        let after = carl(4, 5);
        ask(&memory, &after);
        assert_eq!(feature(&memory, &after, Feature::CallerBad), 0, "{edit:?}");
        assert_eq!(feature(&memory, &after, Feature::MemberFaxed), 0, "{edit:?}");
        assert_eq!(feature(&memory, &after, Feature::CallerFanout24h), 1, "{edit:?}");
    }
}

#[test]
fn what_a_whole_import_leaves_out_is_gone_and_forgotten() {
    let memory = house("");
    let gone = "+12125550002";
    let junk = call(1, gone, ANN).offered(at(0));
    ask(&memory, &junk);
    memory.directory().begin_whole();
    let kept = [
        Edit::Range { first: number("+12125550000"), last: number("+12125550999") },
        Edit::Assign { number: keys().number(number(ANN)), member: Some(member("ann")) },
    ];
    memory.edit_directory(&kept, at(1)).unwrap();
    assert_eq!(memory.end_whole_directory(at(2)).unwrap(), 4);
    assert_eq!(ask(&memory, &call(2, &line(1), gone).offered(at(3))).rule, "trap.unassigned");
    let again = call(3, gone, ANN).offered(at(4));
    ask(&memory, &again);
    assert_eq!(feature(&memory, &again, Feature::CallerFanout24h), 1);
    assert!(
        ask(&memory, &call(4, &line(2), ANN).offered(at(5)))
            .degradations
            .has(Degradations::MEMBER_UNKNOWN)
    );
}

#[test]
fn an_import_makes_a_snapshot_due_sooner_than_verdicts_do() {
    let memory = house("");
    memory.checkpoint().unwrap();
    let edit = [Edit::Recycled { number: keys().number(number(ANN)) }];
    let mut entries = 0;
    while !memory.checkpoint_due() {
        memory.edit_directory(&edit, at(1)).unwrap();
        entries += 1;
        assert!(entries <= CHECKPOINT_ENTRIES);
    }
    assert_eq!(entries, CHECKPOINT_ENTRIES.div_ceil(EDITS_COUNT_AS));
    memory.checkpoint().unwrap();
    assert!(!memory.checkpoint_due());
}

#[test]
fn bulk_keeps_to_the_hours_of_the_recipient() {
    let memory = house("");
    // Half past six in Los Angeles.
    let early = at(0).minus(Span::seconds(9_000));
    let mut bulk = job(1, "ann", &line(1));
    bulk.recipients = 40;
    let verdict = ask(&memory, &bulk.submitted(early));
    assert_eq!((verdict.action, verdict.rule), (Action::Bound, "hours.quiet"));
    assert_eq!(verdict.bounds.hours, Some((480, 1_260)));
    assert_eq!(verdict.bounds.not_before, Some(at(0).minus(Span::seconds(3_600))));
    assert_eq!(ask(&memory, &job(2, "ann", &line(1)).submitted(early)).bounds.hours, None);
    let outbound = matches!(bulk.submitted(early).parties, Some(Parties::Outbound { .. }));
    assert!(outbound);
}
