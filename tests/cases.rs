//! From reports to a measure, its reasons and its end; and from an appeal that was right to nothing having happened.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails its test")]

mod afterwards;
mod crashes;

use faxguard::casework::{CaseKey, CaseRow, CaseState, Finding, NoticeKind};
use faxguard::content::sealed::SealedFax;
use faxguard::directory::Edit;
use faxguard::fax::id::SubjectKind as NameKind;
use faxguard::fax::id::{Pseudonym, ReportId};
use faxguard::fax::stage::DialOutcome;
use faxguard::lists::{ListEntry, ListKind};
use faxguard::measures::{MeasureId, MeasureKind, SubjectKind};
use faxguard::memory::Memory;
use faxguard::reports::{
    self, Appealing, CaseOrder, Deciding, Filing, Outcome, ReportCategory, ReportFault,
    ReportedFax, Reporter, Ruling, Standing, Ties, file,
};
use faxguard::store::{TableId, TableWrite};
use faxguard::time::{Span, Timestamp};
use faxguard::verdict::Action;

use crate::support::events::{call, job, line};
use crate::support::{ask, at, furnish, house, keys, member, number, reopen};

const FREE: &str = "[quotas.free]\nfaxes = \"none\"\npages = \"none\"\nline_seconds = \"none\"\nrecipients = \"none\"\n";
/// Whoever sends anything at all has done something.
const ANY_BEHAVIOUR: &str = "[desk]\nautomatic_behaviour_milli = 0\n";

fn did(of: u64) -> String {
    format!("+1212555{:04}", 1_000 + of)
}

fn who(of: u64) -> Reporter {
    Reporter::Member(member(&format!("member-{of}")))
}

pub(crate) fn furnish_many(memory: &Memory, most: u64) {
    let edits: Vec<Edit> = (0..most)
        .map(|of| Edit::Assign {
            number: keys().number(number(&did(of))),
            member: Some(member(&format!("member-{of}"))),
        })
        .collect();
    memory.edit_directory(&edits, at(0)).unwrap();
}

/// A fax from a line to a member, and the member's report of it.
pub(crate) fn complain(
    memory: &Memory,
    id: u64,
    from: &str,
    of: u64,
    now: Timestamp,
) -> reports::Receipt {
    let fax = call(id, from, &did(of));
    ask(memory, &fax.received(now, 1));
    let mut filing = Filing::new(
        id,
        who(of),
        ReportedFax::Decision(fax.id()),
        ReportCategory::JunkFax,
        now.plus(Span::seconds(60)),
    );
    filing.circumstances.ties = Ties { payer: 1_000 + of, ..Ties::default() };
    file(memory, &filing).unwrap()
}

/// What one person of the desk decides.
fn deciding(case: CaseKey, finding: Finding, now: Timestamp) -> Deciding {
    Deciding {
        case,
        version: None,
        author: "desk-1".into(),
        finding,
        measure: None,
        ground: None,
        widened: None,
        until: None,
        note: "as reported".into(),
        time: now,
    }
}

fn decide(memory: &Memory, case: CaseKey, finding: Finding, now: Timestamp) -> CaseRow {
    reports::decide(memory, &deciding(case, finding, now)).unwrap()
}

fn work(memory: &Memory, now: Timestamp) {
    while reports::work(memory, now).unwrap().more {}
}

/// Members whose reports were right so often.
fn earn(memory: &Memory, members: std::ops::Range<u64>, times: u64, now: u64) {
    for time in 0..times {
        let sender = line(5_000 + time);
        let mut case = None;
        for of in members.clone() {
            let id = 1_000_000 + time * 1_000 + of;
            case = complain(memory, id, &sender, of, at(now + 10 * id % 1_000)).case;
        }
        // From some time on the rule has decided before.
        let case = case.unwrap();
        if reports::case(memory, case).unwrap().state.is_open() {
            decide(memory, case, Finding::Abuse, at(now + 20_000));
        }
        work(memory, at(now + 20_001));
    }
}

fn queue(memory: &Memory) -> Vec<(CaseKey, CaseRow)> {
    reports::cases(memory, CaseOrder::Harm, None, 100).unwrap().0
}

#[test]
fn fresh_accounts_fill_the_queue_and_decide_nothing() {
    let memory = house(&format!("{FREE}{ANY_BEHAVIOUR}"));
    furnish_many(&memory, 300);
    for of in 0..300 {
        let receipt = complain(&memory, of, &line(1), of, at(100 + of * 10));
        assert_eq!(receipt.standing, Standing::Counted);
        assert_eq!(receipt.outcome, None);
    }
    assert!(memory.measures().is_empty());
    let open = queue(&memory);
    assert_eq!(open.len(), 1, "one case for one sender");
    let case = &open[0].1;
    assert_eq!((case.counts.junk, case.state, case.weight.groups), (300, CaseState::Triaged, 0));
    assert_eq!(case.weight.against_milli, 500, "all of them together up to a cap");
}

#[test]
fn trusted_reports_and_behaviour_take_a_measure_that_is_felt_at_once() {
    let memory = house(&format!("{FREE}{ANY_BEHAVIOUR}"));
    furnish_many(&memory, 60);
    earn(&memory, 0..6, 6, 1_000);
    memory.measures().digest().iter().for_each(|(subject, _)| assert_ne!(subject.key, 0));
    let before = memory.measures().len();
    let (sender, now) = (line(1), 50_000);
    // Somebody has faxed the sender: correspondence.
    let sent = job(77, "member-50", &sender);
    ask(&memory, &sent.submitted(at(now)));
    ask(&memory, &sent.ended(at(now + 1), 1, DialOutcome::Sent));
    let mut taken = 0;
    for of in 0..6 {
        let receipt = complain(&memory, 100 + of, &sender, of, at(now + 100 * of));
        taken += 1;
        if memory.measures().len() > before {
            assert!(receipt.case.is_some());
            break;
        }
    }
    assert!((3..=5).contains(&taken), "{taken} reports");
    let stranger = call(900, &sender, &did(40)).offered(at(now + 1_000));
    let verdict = ask(&memory, &stranger);
    assert_eq!((verdict.action, verdict.rule), (Action::RefuseCall, "measure.block"));
    // Correspondence is never refused: at worst it is kept.
    let known = call(901, &sender, &did(50));
    let at_door = ask(&memory, &known.offered(at(now + 1_000)));
    assert_ne!(at_door.action, Action::RefuseCall);
    // The rule's decision is told as one of a machine.
    work(&memory, at(now + 1_001));
    let told = reports::pending(&memory, None, 1_000).unwrap();
    let outcomes: Vec<_> =
        told.iter().filter(|notice| notice.row.kind == NoticeKind::Outcome).collect();
    assert!(outcomes.iter().filter(|notice| notice.row.automated).count() >= 3);
    // It ends by itself.
    let month = at(now).plus(Span::seconds(31 * 86_400));
    assert!(reports::expire(&memory, month).unwrap() > 0);
    assert_ne!(ask(&memory, &call(902, &sender, &did(41)).offered(month)).rule, "measure.block");
}

#[test]
fn a_member_climbs_the_ladder_and_two_persons_suspend_it() {
    let memory = house(&format!("{FREE}[reports]\noutsider_weight_milli = 1000\n"));
    furnish_many(&memory, 5);
    let mut kinds = Vec::new();
    for step in 0..4_u64 {
        let now = 1_000 + 10_000 * step;
        let sent = job(step, "member-1", &line(step));
        ask(&memory, &sent.submitted(at(now)));
        ask(&memory, &sent.ended(at(now + 1), 1, DialOutcome::Sent));
        let outsider = keys().pseudonym(NameKind::Reporter, format!("who {step}").as_bytes());
        let filing = Filing::new(
            step,
            Reporter::Outsider(outsider),
            ReportedFax::Decision(sent.id()),
            ReportCategory::JunkFax,
            at(now + 60),
        );
        let Some(case) = file(&memory, &filing).unwrap().case else { panic!("no case") };
        // A measure that stands takes what comes in: it is lifted first.
        let decided = decide(&memory, case, Finding::Abuse, at(now + 100));
        let (kind, _) = decided.decision.as_ref().unwrap().measure.unwrap();
        kinds.push(kind);
        if decided.state == CaseState::Proposed {
            let same = reports::second(&memory, case, ("desk-1", true), at(now + 101));
            assert!(matches!(same, Err(ReportFault::SamePerson)));
            assert_eq!(
                ask(&memory, &job(90, "member-1", &line(90)).submitted(at(now + 102))).rule,
                "threshold.none"
            );
            reports::second(&memory, case, ("desk-2", true), at(now + 103)).unwrap();
        }
        work(&memory, at(now + 104));
        let next =
            ask(&memory, &job(100 + step, "member-1", &line(200 + step)).submitted(at(now + 105)));
        let expected = match kind {
            MeasureKind::Hold => (Action::Hold, "measure.hold"),
            MeasureKind::Suspend => (Action::RefuseJob, "measure.suspend"),
            MeasureKind::Warn | MeasureKind::Limit | MeasureKind::Block | MeasureKind::Close => {
                (Action::Allow, "threshold.none")
            }
        };
        assert_eq!((next.action, next.rule), expected, "{kind:?}");
        let imposed = reports::case(&memory, case).unwrap().decision.unwrap().imposed.unwrap();
        let shown = reports::measure(&memory, imposed).unwrap();
        assert!(!shown.facts.is_empty() && shown.appeal_until > shown.imposed);
        if kind != MeasureKind::Warn {
            reports::lift(&memory, imposed, "desk-1", at(now + 200)).unwrap();
        }
    }
    let ladder = [MeasureKind::Warn, MeasureKind::Limit, MeasureKind::Hold, MeasureKind::Suspend];
    assert_eq!(kinds, ladder);
    let told = reports::pending(&memory, None, 1_000).unwrap();
    let statements = told.iter().filter(|notice| notice.row.kind == NoticeKind::Statement);
    assert_eq!(statements.count(), 4);
}

fn appeal(memory: &Memory, id: MeasureId, from: &str, now: Timestamp) -> Result<(), ReportFault> {
    let appealing = Appealing {
        measure: id,
        appellant: Reporter::Outsider(keys().pseudonym(NameKind::Reporter, b"sender")),
        request: 7,
        contact: Box::default(),
        text: Box::default(),
        number: Some(keys().number(number(from))),
        blocks: [0; 2],
        language: "".into(),
        time: now,
    };
    reports::file_appeal(memory, &appealing).map(drop)
}

fn rule(memory: &Memory, id: MeasureId, author: &str, now: Timestamp) -> Result<(), ReportFault> {
    let ruling = Ruling {
        measure: id,
        author: author.into(),
        overturn: true,
        reason: "the pages were asked for".into(),
        time: now,
    };
    reports::rule_on_appeal(memory, &ruling).map(drop)
}

/// The same faxes, and instead of reports the blocks that their reporters have from them.
fn never_reported(memory: &Memory, from: &str, reporters: std::ops::Range<u64>, now: u64) {
    for of in reporters {
        let fax = call(100 + of, from, &did(of));
        ask(memory, &fax.received(at(now + 100 * of), 1));
        let entry = ListEntry {
            kind: ListKind::Block,
            member: Some(Pseudonym::of_hot(member(&format!("member-{of}")).hot())),
            number: keys().number(number(from)),
            created: at(now),
            expires: None,
            author: "member".into(),
            reason: "".into(),
        };
        memory.put_list_entry(&entry, at(now)).unwrap();
    }
}

#[test]
fn what_was_overturned_never_happened() {
    let settings = format!("{FREE}{ANY_BEHAVIOUR}");
    let (accused, innocent) = (house(&settings), house(&settings));
    let (sender, now) = (line(1), 50_000);
    for memory in [&accused, &innocent] {
        furnish_many(memory, 60);
        earn(memory, 0..6, 6, 1_000);
    }
    for of in 0..6 {
        complain(&accused, 100 + of, &sender, of, at(now + 100 * of));
    }
    work(&accused, at(now + 1_000));
    never_reported(&innocent, &sender, 0..6, now);
    let before = reports::traces(&innocent).unwrap();
    assert!(reports::traces(&accused).unwrap() != before);
    let stranger = |fax| call(fax, &sender, &did(40)).offered(at(now + 2_000));
    assert_eq!(ask(&accused, &stranger(900)).rule, "measure.block");

    let known = accused.measures().digest();
    let id = known
        .iter()
        .flat_map(|(_, of)| of)
        .find(|measure| reports::measure(&accused, measure.id).unwrap().imposed >= at(now));
    let id = id.unwrap().id;
    assert!(matches!(appeal(&accused, id, &line(2), at(now + 2_100)), Err(ReportFault::NoMeasure)));
    appeal(&accused, id, &sender, at(now + 2_100)).unwrap();
    appeal(&accused, id, &sender, at(now + 2_101)).unwrap();
    rule(&accused, id, "desk-2", at(now + 2_200)).unwrap();
    assert!(matches!(
        rule(&accused, id, "desk-3", at(now + 2_201)),
        Err(ReportFault::NotAppealable)
    ));
    // In force at once; the rest is a matter of some steps.
    assert_ne!(ask(&accused, &stranger(901)).rule, "measure.block");
    work(&accused, at(now + 2_300));
    assert!(reports::traces(&accused).unwrap() == before, "something is left");
    // The lists are what the members made of them, and the limits nobody's lower for it.
    let number = keys().number(number(&sender)).hot();
    let stands = |memory: &Memory| {
        let listed = (0..60).map(|of| {
            let member = member(&format!("member-{of}")).hot();
            let lowered = memory.lowered_by_reports(member, at(now + 2_400));
            (memory.lists().kinds(member, number, at(now + 2_400)), lowered)
        });
        (memory.lists().len(), listed.collect::<Vec<_>>())
    };
    assert_eq!(stands(&accused), stands(&innocent));
    for of in 0..6 {
        let receipt = reports::get(&accused, {
            let filed = complain_again(&accused, 100 + of, of, now);
            filed.report
        });
        assert_eq!(receipt.unwrap().outcome.unwrap().0, Outcome::Overturned);
    }
    // Whoever is judged next is judged as if nothing had been said.
    let [one, other] = [&accused, &innocent].map(|memory| ask(memory, &stranger(950)).score);
    assert_eq!(one, other);
}

/// The report that a request made, which the request's number alone decides.
pub(crate) fn report_of(request: u64) -> ReportId {
    let digest = blake3::derive_key("faxguard 2026 report", &request.to_be_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    ReportId(id)
}

/// The same request again, which answers with the report that it made.
fn complain_again(memory: &Memory, id: u64, of: u64, now: u64) -> reports::Receipt {
    let filing = Filing::new(
        id,
        who(of),
        ReportedFax::Decision(call(id, "", &did(of)).id()),
        ReportCategory::JunkFax,
        at(now + 5_000),
    );
    file(memory, &filing).unwrap()
}

#[test]
fn reported_and_taken_back_a_thousand_times_is_said_once() {
    let memory = house(FREE);
    furnish_many(&memory, 3);
    let fax = call(1, &line(1), &did(1));
    ask(&memory, &fax.received(at(10), 1));
    let mut weights = Vec::new();
    for round in 0..1_000 {
        let filing = Filing::new(
            round,
            who(1),
            ReportedFax::Decision(fax.id()),
            ReportCategory::JunkFax,
            at(100 + round),
        );
        let receipt = file(&memory, &filing).unwrap();
        assert_eq!(receipt.standing, Standing::Counted, "{round}");
        weights.push(queue(&memory)[0].1.weight.against_milli);
        reports::retract(&memory, receipt.report, who(1), at(100 + round)).unwrap();
        assert!(memory.voices().is_empty());
        assert_eq!(queue(&memory)[0].1.weight.against_milli, 0);
    }
    weights.dedup();
    assert_eq!(weights.len(), 1);
    let other = reports::retract(&memory, ReportId([1; 16]), who(1), at(1));
    assert!(matches!(other, Err(ReportFault::NoReport)));
}

#[test]
fn unfounded_reports_are_warned_of_and_then_count_for_nobody_else() {
    let memory = house(&format!("{FREE}[reports]\nmisuse_count = 2\n"));
    furnish_many(&memory, 3);
    let mut standings = Vec::new();
    for round in 0..5_u64 {
        let now = 1_000 + 1_000 * round;
        let receipt = complain(&memory, round, &line(round), 1, at(now));
        standings.push(receipt.standing);
        // Its own block works whatever it counts for others.
        let own = ask(&memory, &call(500 + round, &line(round), &did(1)).offered(at(now + 100)));
        assert_eq!(own.rule, "list.block");
        if let Some(case) = receipt.case.filter(|_| receipt.standing == Standing::Counted) {
            decide(&memory, case, Finding::Unfounded, at(now + 200));
            work(&memory, at(now + 201));
        }
    }
    let [counted, suspended] = [Standing::Counted, Standing::Suspended];
    assert_eq!(standings, [counted, counted, counted, suspended, suspended]);
    let told = reports::pending(&memory, None, 1_000).unwrap();
    let kinds: Vec<NoticeKind> = told.iter().map(|notice| notice.row.kind).collect();
    let first = |kind| kinds.iter().position(|told| *told == kind).unwrap();
    assert!(first(NoticeKind::ReporterWarning) < first(NoticeKind::ReporterSuspended));
    assert!(memory.voices().is_empty(), "who was wrong says nothing any more");
    let later = at(1_000).plus(Span::seconds(200 * 86_400));
    assert_eq!(complain(&memory, 90, &line(90), 1, later).standing, counted);
}

#[test]
fn a_case_is_one_persons_at_a_time_and_two_cases_become_one() {
    let memory = house(FREE);
    furnish_many(&memory, 4);
    let first = complain(&memory, 1, &line(1), 1, at(100)).case.unwrap();
    let other = complain(&memory, 2, &line(2), 2, at(200)).case.unwrap();
    let (taken, row) = reports::next(&memory, "desk-1", at(300)).unwrap().unwrap();
    assert_eq!(row.state, CaseState::InReview);
    assert!(matches!(reports::lease(&memory, taken, "desk-2", at(301)), Err(ReportFault::Taken)));
    let (second, _) = reports::next(&memory, "desk-2", at(302)).unwrap().unwrap();
    assert_ne!(taken, second);
    assert!(reports::next(&memory, "desk-3", at(303)).unwrap().is_none());
    let hour = at(300).plus(Span::seconds(3_600));
    reports::lease(&memory, taken, "desk-2", hour).unwrap();
    let merged = reports::merge(&memory, (first, other), "desk-2", hour).unwrap();
    assert_eq!(merged.counts.junk, 2);
    assert_eq!(reports::case(&memory, first).unwrap().merged_into, Some(other));
    // What is reported of the one that has gone counts in the other.
    assert_eq!(complain(&memory, 3, &line(1), 3, hour).case, Some(other));
    let stale = Deciding {
        case: other,
        version: Some(merged.version),
        author: "desk-2".into(),
        finding: Finding::Abuse,
        measure: Some(MeasureKind::Suspend),
        ground: None,
        widened: None,
        until: None,
        note: "x".into(),
        time: hour,
    };
    assert!(matches!(reports::decide(&memory, &stale), Err(ReportFault::Stale)));
    let unfit = Deciding { version: None, ..stale };
    assert!(matches!(reports::decide(&memory, &unfit), Err(ReportFault::Unfit("number"))));
    assert_eq!(reports::overdue(&memory, at(300)).unwrap(), 0);
    assert_eq!(reports::overdue(&memory, hour.plus(Span::seconds(2 * 86_400))).unwrap(), 1);
}

#[test]
fn measures_voices_and_work_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (before, score);
    {
        let (memory, _) = reopen(folder.path());
        furnish(&memory);
        furnish_many(&memory, 10);
        let case = complain(&memory, 1, &line(1), 1, at(100)).case.unwrap();
        complain(&memory, 2, &line(1), 2, at(200));
        complain(&memory, 3, &line(3), 3, at(250));
        decide(&memory, case, Finding::Abuse, at(300));
        before = reports::traces(&memory).unwrap();
        assert_eq!(before.measures.len(), 1);
        score = ask(&memory, &call(50, &line(3), &did(5)).offered(at(400))).score;
        memory.store().close();
    }
    let (memory, _) = reopen(folder.path());
    assert!(reports::traces(&memory).unwrap() == before);
    assert_eq!(ask(&memory, &call(51, &line(3), &did(5)).offered(at(400))).score, score);
    assert_eq!(ask(&memory, &call(52, &line(1), &did(6)).offered(at(400))).rule, "measure.block");
    // What was left to do is done: the reporters are told, once.
    work(&memory, at(500));
    let told = reports::pending(&memory, None, 100).unwrap();
    let outcomes = told.iter().filter(|notice| notice.row.kind == NoticeKind::Outcome).count();
    assert_eq!(outcomes, 2);
    let ids: Vec<_> = told.iter().map(|notice| notice.id).collect();
    assert_eq!(reports::acknowledge(&memory, &ids, at(501)).unwrap(), ids.len());
    assert_eq!(reports::acknowledge(&memory, &ids, at(502)).unwrap(), 0);
    assert!(reports::pending(&memory, None, 100).unwrap().is_empty());
    let counted = reports::transparency(&memory, at(0), at(1_000)).unwrap();
    assert_eq!(counted.reports.get("junk fax"), Some(&3));
    assert_eq!(counted.findings.get("abuse"), Some(&1));
    assert_eq!(counted.measures.get(&("block", "number")), Some(&1));
}

#[test]
fn a_number_s_block_is_blocked_where_its_neighbours_do_the_same() {
    let memory = house(FREE);
    furnish_many(&memory, 4);
    let case = complain(&memory, 1, "+14045551230", 1, at(100)).case.unwrap();
    let deciding = Deciding {
        case,
        version: None,
        author: "desk-1".into(),
        finding: Finding::Abuse,
        measure: None,
        ground: None,
        widened: Some(SubjectKind::Block10),
        until: None,
        note: "the whole block".into(),
        time: at(200),
    };
    let member = Deciding { widened: Some(SubjectKind::Member), ..deciding.clone() };
    assert!(matches!(reports::decide(&memory, &member), Err(ReportFault::Unfit(_))));
    reports::decide(&memory, &deciding).unwrap();
    let rule = |fax, from: &str| ask(&memory, &call(fax, from, &did(3)).offered(at(300))).rule;
    assert_eq!(rule(50, "+14045551239"), "measure.block");
    assert_ne!(rule(51, "+14045551240"), "measure.block");
    // What is reported of the number goes into the case that was decided.
    assert_eq!(complain(&memory, 2, "+14045551230", 2, at(400)).case, Some(case));
}

#[test]
fn a_copy_is_journalled_put_away_closed_and_dropped() {
    let memory = house(FREE);
    furnish_many(&memory, 3);
    let receipt = complain(&memory, 1, &line(1), 1, at(100));
    let decision = reports::fax_of(&memory, receipt.report, who(1)).unwrap();
    assert!(matches!(reports::fax_of(&memory, receipt.report, who(2)), Err(ReportFault::NoReport)));
    let page = b"what the page says, again and again. ".repeat(40_000);
    let seal = |of| SealedFax::new(of, page.clone());
    let rows = |table| memory.store().table_scan(table, None, 100).unwrap();
    let give = |fax| reports::attach_copy(&memory, (receipt.report, who(1)), fax, at(200));
    assert!(matches!(give(seal(call(99, "", &did(1)).id())), Err(ReportFault::NoFax)));
    assert!(rows(TableId::ContentJournal).is_empty());
    give(seal(decision)).unwrap();
    give(seal(decision)).unwrap();
    assert_eq!(rows(TableId::ContentJournal).len(), 2);
    let kept = rows(TableId::Copies);
    assert_eq!(kept.len(), 2, "1.4 MB in parts of 1 MiB");
    for row in &kept {
        assert!(!row.value.windows(9).any(|part| part == b"what the "));
        assert!(row.expires.is_some());
    }
    // Nothing of it is in the ledger, whose term is longer.
    for entry in crate::support::ledger(&memory) {
        assert!(!entry.writes.iter().any(|write| {
            write.target().0 == TableId::Copies && matches!(write, TableWrite::Put { .. })
        }));
    }
    reports::retract(&memory, receipt.report, who(1), at(300)).unwrap();
    assert!(rows(TableId::Copies).is_empty());
}
