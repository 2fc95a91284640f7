//! What comes of a report when more has happened: it was said before, merged, decided twice, overturned; its measure ended while
//! nobody was there; or nobody knows who sent the fax.

use faxguard::casework::{AppealState, CaseKey, CaseState, Finding, NoticeKind, Outcome, Reason};
use faxguard::fax::id::SubjectKind as NameKind;
use faxguard::fax::stage::{Caller, DialOutcome};
use faxguard::lists::{ListEntry, ListKind};
use faxguard::measures::SubjectKind;
use faxguard::memory::Memory;
use faxguard::reports::{
    self, Appealing, Filing, ReportCategory, ReportFault, ReportedFax, Reporter, Ruling, Standing,
    file,
};
use faxguard::time::{Span, Timestamp};
use faxguard::verdict::Action;

use super::{
    ANY_BEHAVIOUR, FREE, complain, decide, did, earn, furnish_many, queue, report_of, who, work,
};
use crate::support::events::{call, job, line};
use crate::support::{ask, at, furnish, house, keys, number, reopen};

fn days(count: u64) -> Span {
    Span::seconds(count * 86_400)
}

/// What a member says of a fax that it got.
fn say(
    memory: &Memory,
    id: u64,
    of: u64,
    category: ReportCategory,
    now: Timestamp,
) -> reports::Receipt {
    let fax = ReportedFax::Decision(call(id, "", &did(of)).id());
    file(memory, &Filing::new(id + 500_000, who(of), fax, category, now)).unwrap()
}

fn outcome(memory: &Memory, request: u64) -> Option<(Outcome, Reason)> {
    let receipt = reports::get(memory, report_of(request)).unwrap();
    receipt.outcome.map(|(outcome, reason, _)| (outcome, reason))
}

fn told(memory: &Memory, kind: NoticeKind) -> usize {
    let pending = reports::pending(memory, None, 1_000).unwrap();
    pending.iter().filter(|notice| notice.row.kind == kind).count()
}

fn overturn(memory: &Memory, case: CaseKey, from: &str, now: Timestamp) {
    let id = reports::case(memory, case).unwrap().decision.unwrap().imposed.unwrap();
    super::appeal(memory, id, from, now).unwrap();
    super::rule(memory, id, "desk-2", now).unwrap();
    work(memory, now);
}

#[test]
fn a_measure_that_ends_while_nobody_is_there_is_ended_and_told_of() {
    let folder = tempfile::tempdir().unwrap();
    {
        let (memory, _) = reopen(folder.path());
        furnish(&memory);
        furnish_many(&memory, 3);
        let sent = job(1, "member-1", &line(1));
        ask(&memory, &sent.submitted(at(100)));
        ask(&memory, &sent.ended(at(101), 1, DialOutcome::Sent));
        let case = outsider(&memory, 1, ReportedFax::Decision(sent.id()), at(160)).case.unwrap();
        let mut deciding = super::deciding(case, Finding::Abuse, at(200));
        deciding.until = Some(at(300));
        deciding.measure = Some(faxguard::measures::MeasureKind::Hold);
        reports::decide(&memory, &deciding).unwrap();
        let next = ask(&memory, &job(2, "member-1", &line(2)).submitted(at(250)));
        assert_eq!(next.action, Action::Hold);
        memory.store().close();
    }
    let (memory, _) = reopen(folder.path());
    let next = ask(&memory, &job(3, "member-1", &line(3)).submitted(at(400)));
    assert_ne!(next.rule, "measure.hold", "a verdict looks at the end itself");
    assert_eq!(
        (reports::expire(&memory, at(400)).unwrap(), told(&memory, NoticeKind::MeasureEnded)),
        (1, 1)
    );
    assert_eq!(reports::expire(&memory, at(401)).unwrap(), 0);
    assert!(memory.measures().is_empty());
}

/// Somebody outside complains of a fax.
fn outsider(memory: &Memory, request: u64, fax: ReportedFax, now: Timestamp) -> reports::Receipt {
    let name = keys().pseudonym(NameKind::Reporter, b"somebody outside");
    let filing = Filing::new(request, Reporter::Outsider(name), fax, ReportCategory::JunkFax, now);
    file(memory, &filing).unwrap()
}

fn described(caller: Caller) -> ReportedFax {
    ReportedFax::Described { called: number("+14155550199"), caller, about: None }
}

#[test]
fn what_nobody_can_check_earns_nothing_and_costs_what_it_costs() {
    let memory = house(FREE);
    for round in 0..3_u64 {
        let caller = Caller::Number(faxguard::fax::number::Claimed::new(number(&line(70 + round))));
        let receipt = outsider(&memory, round, described(caller), at(100 + round));
        assert_eq!(receipt.standing, Standing::Unverified);
        let case = receipt.case.unwrap();
        let now = at(1_000 + 1_000 * round);
        decide(&memory, case, if round < 2 { Finding::Abuse } else { Finding::Unfounded }, now);
        work(&memory, now);
    }
    let outcomes = reports::traces(&memory).unwrap().rows;
    let of = outcomes.iter().filter(|(table, ..)| *table == faxguard::store::TableId::Outcomes);
    assert_eq!(of.count(), 1, "what was right could not be checked, and what was wrong was wrong");
}

#[test]
fn whoever_shows_nothing_has_a_case_that_nothing_can_be_done_about_but_to_merge_it() {
    let memory = house(FREE);
    furnish_many(&memory, 3);
    let receipt = outsider(&memory, 1, described(Caller::Withheld), at(100));
    let case = receipt.case.expect("what the desk will look at is in its queue");
    let row = reports::case(&memory, case).unwrap();
    assert_eq!((row.subject.kind, row.state), (SubjectKind::Unknown, CaseState::Received));
    let again = outsider(&memory, 2, described(Caller::Withheld), at(200));
    assert_eq!((again.case, again.standing), (Some(case), Standing::Duplicate));
    let mut block = super::deciding(case, Finding::Abuse, at(300));
    block.measure = Some(faxguard::measures::MeasureKind::Block);
    assert!(matches!(reports::decide(&memory, &block), Err(ReportFault::Unfit(_))));
    let known = complain(&memory, 3, &line(3), 1, at(400)).case.unwrap();
    reports::merge(&memory, (case, known), "desk-1", at(500)).unwrap();
    decide(&memory, known, Finding::Abuse, at(600));
    work(&memory, at(601));
    for request in [1, 2, 3] {
        assert_eq!(outcome(&memory, request), Some((Outcome::Upheld, Reason::DeskFound)));
    }
    assert_eq!(told(&memory, NoticeKind::Outcome), 3);
    // Alone it can be found to be abuse all the same, with nothing done.
    let other = ReportedFax::Described {
        called: number("+14155550198"),
        caller: Caller::Withheld,
        about: None,
    };
    let case = outsider(&memory, 4, other, at(700)).case.unwrap();
    let decided = decide(&memory, case, Finding::Abuse, at(800));
    assert!(decided.decision.unwrap().imposed.is_none());
}

#[test]
fn every_report_has_an_outcome_whatever_it_adds() {
    let memory = house(&format!("{FREE}[reports]\nmisuse_count = 1\nmisuse_percent = 1\n"));
    furnish_many(&memory, 5);
    // An opt-out and "not junk" where nobody complains are done at once.
    ask(&memory, &call(1, &line(1), &did(1)).received(at(10), 1));
    ask(&memory, &call(8, &line(1), &did(1)).received(at(20), 1));
    for (id, category) in [(1, ReportCategory::RemoveMe), (8, ReportCategory::NotJunk)] {
        let receipt = say(&memory, id, 1, category, at(100 + id));
        let filed = receipt.outcome.map(|(outcome, reason, _)| (outcome, reason));
        assert_eq!(filed, Some((Outcome::Done, Reason::ForItself)), "{category:?}");
    }
    // The same of the same again is told with the first.
    let case = complain(&memory, 2, &line(2), 2, at(300)).case.unwrap();
    let again = complain(&memory, 3, &line(2), 2, at(400));
    assert_eq!(
        (again.standing, again.case, again.outcome),
        (Standing::Duplicate, Some(case), None)
    );
    decide(&memory, case, Finding::Unfounded, at(500));
    work(&memory, at(501));
    assert_eq!(outcome(&memory, 2), Some((Outcome::NotUpheld, Reason::NothingFound)));
    assert_eq!(outcome(&memory, 3), Some((Outcome::NotUpheld, Reason::NothingFound)));
    // Who is suspended is told too.
    let case = complain(&memory, 4, &line(4), 2, at(600)).case.unwrap();
    decide(&memory, case, Finding::Unfounded, at(700));
    work(&memory, at(701));
    let case = complain(&memory, 5, &line(5), 3, at(800)).case.unwrap();
    let silent = complain(&memory, 6, &line(5), 2, at(900));
    assert_eq!((silent.standing, silent.case), (Standing::Suspended, Some(case)));
    let alone = complain(&memory, 7, &line(6), 2, at(950));
    assert_eq!((alone.standing, alone.case), (Standing::Suspended, None));
    assert_eq!(outcome(&memory, 7), Some((Outcome::Done, Reason::ForItself)));
    decide(&memory, case, Finding::Abuse, at(1_000));
    work(&memory, at(1_001));
    assert_eq!(outcome(&memory, 6), Some((Outcome::Upheld, Reason::DeskFound)));
    assert_eq!(told(&memory, NoticeKind::Receipt), told(&memory, NoticeKind::Outcome));
}

#[test]
fn one_of_very_many_is_done_for_its_reporter_and_weighs_nothing() {
    let memory = house(FREE);
    furnish_many(&memory, 5);
    let case = complain(&memory, 1, &line(1), 1, at(100)).case.unwrap();
    let before = reports::case(&memory, case).unwrap();
    ask(&memory, &call(2, &line(1), &did(2)).received(at(200), 1));
    let fax = ReportedFax::Decision(call(2, "", &did(2)).id());
    let mut filing = Filing::new(2, who(2), fax, ReportCategory::JunkFax, at(260));
    filing.circumstances.many = true;
    let receipt = file(&memory, &filing).unwrap();
    assert_eq!((receipt.standing, receipt.case), (Standing::Merged, Some(case)));
    let after = reports::case(&memory, case).unwrap();
    assert_eq!((after.weight, after.counts.junk), (before.weight, 1));
    assert_eq!(after.counts.duplicates, 1);
    assert_eq!(ask(&memory, &call(3, &line(1), &did(2)).offered(at(300))).rule, "list.block");
}

#[test]
fn full_lists_do_not_cost_the_report() {
    let memory = house(&format!("list_entries = 1000\n{FREE}"));
    furnish_many(&memory, 3);
    let mut entry = ListEntry {
        kind: ListKind::Block,
        member: None,
        number: keys().number(number(&line(9))),
        created: at(0),
        expires: None,
        author: "operator".into(),
        reason: "".into(),
    };
    // The places that are left are for what is written at the same time.
    for of in 0..900_u64 {
        entry.number.0[..8].copy_from_slice(&of.to_be_bytes());
        memory.lists().put(&entry).unwrap();
    }
    let receipt = complain(&memory, 1, &line(1), 1, at(100));
    assert_eq!(receipt.standing, Standing::Counted);
    assert!(receipt.unlisted && receipt.consequence.contains("nothing is blocked"));
    assert_eq!(reports::get(&memory, receipt.report).unwrap().consequence, receipt.consequence);
    assert_ne!(ask(&memory, &call(2, &line(1), &did(1)).offered(at(200))).rule, "list.block");
    let told = reports::pending(&memory, None, 10).unwrap();
    assert!(told[0].row.unlisted, "the notice says so too");
    // Who asks for no more of it is looked at by a person instead.
    ask(&memory, &call(3, &line(3), &did(2)).received(at(300), 1));
    let asked = say(&memory, 3, 2, ReportCategory::RemoveMe, at(400));
    assert!(asked.unlisted && asked.case.is_some() && asked.outcome.is_none());
    // An opt-out is kept, however full the lists are.
    let sent = job(5, "member-1", "+14155550199");
    ask(&memory, &sent.submitted(at(500)));
    ask(&memory, &sent.ended(at(501), 1, DialOutcome::Sent));
    let name = keys().pseudonym(NameKind::Reporter, b"somebody outside");
    let fax = ReportedFax::Decision(sent.id());
    let out = Filing::new(9, Reporter::Outsider(name), fax, ReportCategory::RemoveMe, at(600));
    let receipt = file(&memory, &out).unwrap();
    assert_eq!((receipt.unlisted, receipt.outcome.unwrap().0), (false, Outcome::Done));
}

#[test]
fn a_case_that_changes_takes_no_place_from_a_later_one() {
    let memory = house(FREE);
    furnish_many(&memory, 5);
    let old = complain(&memory, 1, &line(1), 1, at(100)).case.unwrap();
    decide(&memory, old, Finding::Unfounded, at(200));
    work(&memory, at(201));
    let new = complain(&memory, 2, &line(1), 2, at(300)).case.unwrap();
    assert_ne!(old, new);
    // The older one changes: what is reported next goes to the later one all the same.
    reports::retract(&memory, report_of(1), who(1), at(350)).unwrap();
    assert_eq!(complain(&memory, 3, &line(1), 3, at(400)).case, Some(new));
    decide(&memory, new, Finding::Unclear, at(500));
    work(&memory, at(501));
    let reopened = reports::reopen(&memory, old, "desk-1", at(600)).unwrap();
    assert_eq!(reopened.state, CaseState::Reopened);
    assert_eq!(complain(&memory, 4, &line(1), 4, at(700)).case, Some(old), "it is the open one");
}

#[test]
fn a_thousand_reports_are_merged_and_one_of_them_is_taken_back() {
    let memory = house(FREE);
    furnish_many(&memory, 1_300);
    let from = complain(&memory, 1, &line(1), 1, at(100)).case.unwrap();
    for of in 2..1_200 {
        complain(&memory, of, &line(1), of, at(100 + of));
    }
    let into = complain(&memory, 2_000, &line(2), 1_250, at(2_000)).case.unwrap();
    let before = reports::case(&memory, from).unwrap();
    let case = reports::merge(&memory, (from, into), "desk-1", at(2_500)).unwrap();
    assert_eq!((case.counts.junk, before.counts.junk), (1_200, 1_199));
    assert!(case.weight.fresh_milli > before.weight.fresh_milli);
    let gone = reports::case(&memory, from).unwrap();
    assert_eq!((gone.state, gone.counts.junk, gone.weight.fresh_milli), (CaseState::Merged, 0, 0));
    // Whoever spoke there is heard once here, and can take it back.
    assert_eq!(complain(&memory, 3_000, &line(2), 7, at(2_600)).standing, Standing::Duplicate);
    reports::retract(&memory, report_of(8), who(8), at(2_700)).unwrap();
    let after = reports::case(&memory, into).unwrap();
    assert_eq!(after.counts.junk, 1_199);
    assert!(after.weight.fresh_milli < case.weight.fresh_milli);
    decide(&memory, into, Finding::Abuse, at(3_000));
    work(&memory, at(3_001));
    for of in [1, 500, 1_199, 2_000] {
        assert_eq!(outcome(&memory, of), Some((Outcome::Upheld, Reason::DeskFound)), "{of}");
    }
    assert_eq!(outcome(&memory, 8), Some((Outcome::Retracted, Reason::TakenBack)));
}

#[test]
fn what_comes_under_a_measure_is_answered_at_once_and_undone_with_it() {
    let memory = house(FREE);
    furnish_many(&memory, 5);
    let case = complain(&memory, 1, &line(1), 1, at(100)).case.unwrap();
    decide(&memory, case, Finding::Abuse, at(200));
    work(&memory, at(201));
    complain(&memory, 2, &line(1), 2, at(300));
    complain(&memory, 3, &line(1), 2, at(400));
    for late in [2, 3] {
        assert_eq!(outcome(&memory, late), Some((Outcome::Upheld, Reason::UnderMeasure)));
    }
    assert_eq!(told(&memory, NoticeKind::Outcome), 3);
    overturn(&memory, case, &line(1), at(500));
    for request in [1, 2, 3] {
        assert_eq!(outcome(&memory, request), Some((Outcome::Overturned, Reason::AppealRight)));
    }
    assert!(memory.voices().is_empty(), "nothing is said of the sender any more");
}

#[test]
fn a_case_that_was_opened_again_is_told_anew() {
    let memory = house(&format!("{FREE}[reports]\nmisuse_count = 1\nmisuse_percent = 1\n"));
    furnish_many(&memory, 5);
    let case = complain(&memory, 1, &line(1), 1, at(100)).case.unwrap();
    let said = memory.voices().digest();
    decide(&memory, case, Finding::Unfounded, at(200));
    work(&memory, at(201));
    assert!(memory.voices().is_empty(), "who was wrong says nothing");
    assert_eq!(told(&memory, NoticeKind::ReporterWarning), 1);
    reports::reopen(&memory, case, "desk-1", at(300)).unwrap();
    decide(&memory, case, Finding::Abuse, at(400));
    work(&memory, at(401));
    assert_eq!(outcome(&memory, 1), Some((Outcome::Upheld, Reason::DeskFound)));
    assert_eq!(told(&memory, NoticeKind::Outcome), 2);
    assert_eq!(memory.voices().digest(), said, "and is heard again when it was right");
    // The warning went with what it came of: the next wrong report is the first.
    let next = complain(&memory, 2, &line(2), 1, at(500)).case.unwrap();
    decide(&memory, next, Finding::Unfounded, at(600));
    work(&memory, at(601));
    assert_eq!(told(&memory, NoticeKind::ReporterSuspended), 0);
    assert_eq!(told(&memory, NoticeKind::ReporterWarning), 2);
}

#[test]
fn who_spoke_for_a_sender_is_heard_again_when_the_measure_was_wrong() {
    let memory = house(FREE);
    furnish_many(&memory, 8);
    earn(&memory, 5..7, 3, 1_000);
    let (sender, now) = (line(1), 50_000);
    ask(&memory, &call(1, &sender, &did(5)).received(at(now), 1));
    let case = complain(&memory, 2, &sender, 1, at(now + 100)).case.unwrap();
    say(&memory, 1, 5, ReportCategory::NotJunk, at(now + 200));
    let key = keys().number(number(&sender)).hot();
    let said = |memory: &Memory| {
        let mut said = memory.voices().digest();
        said.retain(|(of, ..)| *of == key);
        said
    };
    let spoken = said(&memory);
    decide(&memory, case, Finding::Abuse, at(now + 300));
    work(&memory, at(now + 301));
    assert!(said(&memory).len() < spoken.len(), "it was wrong, as far as was known");
    overturn(&memory, case, &sender, at(now + 400));
    let approval: Vec<_> = spoken.into_iter().filter(|(.., part)| part.good > 0).collect();
    assert!(!approval.is_empty());
    assert_eq!(said(&memory), approval, "what complained is gone, what approved is back");
}

#[test]
fn what_a_later_word_hid_comes_back_when_that_is_taken_back() {
    let memory = house(FREE);
    furnish_many(&memory, 3);
    complain(&memory, 1, &line(1), 1, at(100));
    let complaint = memory.voices().digest();
    ask(&memory, &call(2, &line(1), &did(1)).received(at(300), 1));
    let later = say(&memory, 2, 1, ReportCategory::NotJunk, at(400));
    assert_ne!(memory.voices().digest(), complaint);
    reports::retract(&memory, later.report, who(1), at(500)).unwrap();
    assert_eq!(memory.voices().digest(), complaint);
    // However often somebody turns, so much is kept and no more.
    for round in 0..20_u64 {
        let (id, now) = (10 + round, at(1_000 + 100 * round));
        ask(&memory, &call(id, &line(1), &did(1)).received(now, 1));
        let what = if round % 2 == 0 { ReportCategory::NotJunk } else { ReportCategory::JunkFax };
        say(&memory, id, 1, what, now.plus(Span::seconds(10)));
    }
    let rows = memory.store().table_scan(faxguard::store::TableId::Voices, None, 100).unwrap();
    assert_eq!(rows.len(), 4);
}

#[test]
fn a_strangers_appeal_does_not_use_up_anothers() {
    let memory = house(FREE);
    furnish_many(&memory, 3);
    let case = complain(&memory, 1, &line(1), 1, at(100)).case.unwrap();
    decide(&memory, case, Finding::Abuse, at(200));
    work(&memory, at(201));
    let id = reports::case(&memory, case).unwrap().decision.unwrap().imposed.unwrap();
    let appealing = |name: &[u8], request, now| Appealing {
        measure: id,
        appellant: Reporter::Outsider(keys().pseudonym(NameKind::Reporter, name)),
        request,
        contact: Box::default(),
        text: Box::default(),
        number: Some(keys().number(number(&line(1)))),
        blocks: [0; 2],
        language: "".into(),
        time: now,
    };
    let stands = |now| Ruling {
        measure: id,
        author: "desk-2".into(),
        overturn: false,
        reason: "nothing new".into(),
        time: now,
    };
    let stranger = appealing(b"stranger", 1, at(300));
    let owner = appealing(b"owner", 2, at(400));
    for waiting in [&stranger, &owner] {
        let filed = reports::file_appeal(&memory, waiting).unwrap();
        assert_eq!(filed.state, AppealState::Pending);
    }
    // One decision answers all who wait.
    reports::rule_on_appeal(&memory, &stands(at(500))).unwrap();
    assert_eq!(told(&memory, NoticeKind::AppealDecision), 2);
    let again = reports::file_appeal(&memory, &stranger).unwrap();
    assert_eq!(again.state, AppealState::Upheld, "the same again has the same answer");
    let other = Appealing { request: 9, ..stranger };
    assert!(matches!(reports::file_appeal(&memory, &other), Err(ReportFault::NotAppealable)));
    // Whoever comes later has an appeal too, and there are no more of them than can be looked at.
    for round in 0..200_u64 {
        let later = appealing(&round.to_be_bytes(), 100 + round, at(510 + round));
        let filed = reports::file_appeal(&memory, &later);
        assert_eq!(filed.is_ok(), round < 64, "{round}");
    }
    reports::rule_on_appeal(&memory, &stands(at(1_000))).unwrap();
    assert_eq!(told(&memory, NoticeKind::AppealDecision), 66);
    let late = appealing(b"third", 3, at(1_000).plus(days(200)));
    assert!(matches!(reports::file_appeal(&memory, &late), Err(ReportFault::NotAppealable)));
    assert!(queue(&memory).is_empty());
}

#[test]
fn a_crowd_and_what_it_was_wrong_about_leave_room_for_who_has_earned_trust() {
    let memory = house(FREE);
    furnish_many(&memory, 760);
    earn(&memory, 0..3, 3, 1_000);
    let (sender, now) = (line(1), 50_000);
    let key = keys().number(number(&sender)).hot();
    let heard = || {
        let said = memory.voices().digest();
        said.iter().filter(|(of, name, part)| (*of, *name) == (key, key) && part.bad > 0).count()
    };
    let mut case = None;
    for of in 10..700 {
        case = complain(&memory, of, &sender, of, at(now + of)).case;
    }
    assert_eq!(heard(), 1, "all who have earned nothing are one voice");
    for of in 0..3 {
        complain(&memory, 5_000 + of, &sender, of, at(now + 1_000 + 10 * of));
    }
    assert_eq!(heard(), 4);
    decide(&memory, case.unwrap(), Finding::Unfounded, at(now + 2_000));
    work(&memory, at(now + 2_001));
    assert_eq!(heard(), 0);
    complain(&memory, 6_000, &sender, 1, at(now + 200_000));
    assert_eq!(heard(), 1, "what was wrong takes nobody's place");
    // A number that changes hands brings nothing along, silenced or not.
    let edit = faxguard::directory::Edit::Recycled { number: keys().number(number(&sender)) };
    memory.edit_directory(&[edit], at(now + 300_000)).unwrap();
    let rows = memory.store().table_scan(faxguard::store::TableId::Voices, None, 10_000).unwrap();
    assert!(rows.iter().all(|row| !row.key.starts_with(&key.to_be_bytes())));
}

#[test]
fn a_measure_against_one_answers_no_report_of_another_that_was_merged_into_it() {
    let memory = house(FREE);
    furnish_many(&memory, 5);
    let gone = complain(&memory, 1, &line(1), 1, at(100)).case.unwrap();
    let case = complain(&memory, 2, &line(2), 2, at(200)).case.unwrap();
    reports::merge(&memory, (gone, case), "desk-1", at(300)).unwrap();
    decide(&memory, case, Finding::Abuse, at(400));
    work(&memory, at(401));
    // The measure is against the second; of the first a new case begins.
    let receipt = complain(&memory, 3, &line(1), 3, at(500));
    assert!(
        receipt.outcome.is_none() && receipt.case.is_some_and(|new| new != gone && new != case)
    );
    assert_eq!(complain(&memory, 4, &line(2), 4, at(600)).outcome.unwrap().1, Reason::UnderMeasure);
}

#[test]
fn whoever_took_a_case_and_went_home_does_not_keep_the_rule_from_it() {
    let memory = house(&format!("{FREE}{ANY_BEHAVIOUR}"));
    furnish_many(&memory, 60);
    earn(&memory, 0..6, 6, 1_000);
    let (sender, before) = (line(1), memory.measures().len());
    let case = complain(&memory, 100, &sender, 20, at(50_000)).case.unwrap();
    reports::lease(&memory, case, "desk-1", at(50_010)).unwrap();
    let said = |from: u64, now: u64| {
        for of in from..from + 3 {
            complain(&memory, 200 + of, &sender, of, at(now + 100 * of));
        }
        memory.measures().len() - before
    };
    assert_eq!(said(0, 50_100), 0, "it is somebody's");
    assert_eq!(said(3, 90_000), 1, "and is nobody's any more");
}

#[test]
fn what_was_answered_at_once_can_be_taken_back() {
    let memory = house(FREE);
    furnish_many(&memory, 5);
    ask(&memory, &call(1, &line(1), &did(1)).received(at(100), 1));
    let approved = say(&memory, 1, 1, ReportCategory::NotJunk, at(200));
    assert_eq!(approved.outcome.unwrap().0, Outcome::Done);
    assert!(!memory.voices().is_empty());
    reports::retract(&memory, approved.report, who(1), at(300)).unwrap();
    assert!(memory.voices().is_empty());
    let case = complain(&memory, 2, &line(2), 2, at(400)).case.unwrap();
    decide(&memory, case, Finding::Abuse, at(500));
    work(&memory, at(501));
    let said = memory.voices().digest();
    let late = complain(&memory, 3, &line(2), 3, at(600));
    let back = reports::retract(&memory, late.report, who(3), at(700)).unwrap();
    assert_eq!(back.outcome.unwrap().0, Outcome::Retracted);
    assert_eq!(memory.voices().digest(), said);
    // What was decided stays.
    let decided = reports::retract(&memory, report_of(2), who(2), at(800)).unwrap();
    assert_eq!(decided.outcome.unwrap().0, Outcome::Upheld);
}
