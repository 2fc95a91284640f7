//! Verdicts on abuse: what they take off a sender's weight, and how it comes back.

use faxguard::fax::id::SubjectKind;
use faxguard::fax::stage::DialOutcome;
use faxguard::held::{reject, release};
use faxguard::limiter::row_key;
use faxguard::memory::Memory;
use faxguard::policy::Edit;
use faxguard::reports::{Filing, ReportCategory, ReportedFax, Reporter, file};
use faxguard::time::{Span, Timestamp};
use faxguard::verdict::{Action, Going, QuotaHolder};

use crate::support::events::{job, line};
use crate::support::{ask, at, frozen, furnish, house, keys, member, reopen};

const FREE: &str = "[quotas.free]\nfaxes = \"none\"\npages = \"none\"\nline_seconds = \"none\"\nrecipients = \"none\"\n";
/// Every job of a free account is kept back for the desk.
const HELD: &str = "[outbound]\nbound = -1000\nhold = -1000\nrefuse = 100000\n\
                    [signals]\n\"outbound.free_plan\" = 5000\n";

/// Recipients who are no members are heard: four of them make a whole complaint.
const HEARD: &str = "[reports]\noutsider_weight_milli = 250\n";

/// What verdicts have taken off the weight, in sixteenths of a halving.
fn penalty(memory: &Memory, who: &str, now: Timestamp) -> u8 {
    let key = row_key(QuotaHolder::Member, member(who).hot());
    memory.limiting().members().pull(key, now).penalty()
}

/// What reports take off it besides.
fn lowered(memory: &Memory, who: &str, now: Timestamp) -> u8 {
    memory.lowered_by_reports(member(who).hot(), now)
}

fn report(memory: &Memory, request: u64, fax: u64, (who, now): (&str, Timestamp)) {
    let who = keys().pseudonym(SubjectKind::Reporter, who.as_bytes());
    let filing = Filing::new(
        request,
        Reporter::Outsider(who),
        ReportedFax::Decision(job(fax, "bob", "").id()),
        ReportCategory::JunkFax,
        now,
    );
    file(memory, &filing).unwrap();
}

#[test]
fn a_rejected_job_halves_the_weight_and_it_comes_back_in_time() {
    let memory = house(&format!("{FREE}{HELD}"));
    let held = |fax, now| {
        let event = job(fax, "bob", &line(fax)).submitted(now);
        assert_eq!(ask(&memory, &event).action, Action::Hold);
        event.decision
    };
    release(&memory, held(1, at(0)), "desk", at(1)).unwrap();
    assert_eq!(penalty(&memory, "bob", at(1)), 0, "a release is no verdict on abuse");
    reject(&memory, held(2, at(2)), "desk", at(3)).unwrap();
    assert_eq!(penalty(&memory, "bob", at(3)), 16);
    reject(&memory, held(3, at(4)), "desk", at(5)).unwrap();
    assert_eq!(penalty(&memory, "bob", at(5)), 32);
    assert_eq!(penalty(&memory, "eve", at(5)), 0);
    // A sender that is kept back again and again gets its weight back as one that keeps still does.
    for step in 0..720 {
        held(100 + step, at(5 + step * 30));
    }
    let six_hours = at(5 + 6 * 3_600);
    assert!(penalty(&memory, "bob", six_hours).abs_diff(16) <= 1);
    assert_eq!(penalty(&memory, "bob", six_hours.plus(Span::seconds(7 * 3_600))), 0);
}

#[test]
fn complaints_of_recipients_take_their_part_and_no_one_of_them_all() {
    let memory = house(&format!("{FREE}{HEARD}"));
    for fax in 0..40 {
        let one = job(fax, "bob", &line(fax));
        ask(&memory, &one.submitted(at(fax)));
        ask(&memory, &one.ended(at(fax + 1), 1, DialOutcome::Sent));
    }
    report(&memory, 1, 0, ("one", at(100)));
    let first = lowered(&memory, "bob", at(100));
    assert_eq!(first, 1, "a quarter of a quarter");
    // The same again from one reporter adds nothing.
    for fax in 1..20 {
        report(&memory, 1 + fax, fax, ("one", at(100)));
    }
    assert_eq!(lowered(&memory, "bob", at(100)), first);
    report(&memory, 100, 30, ("other", at(100)));
    assert_eq!(lowered(&memory, "bob", at(100)), 2 * first);
    // However many have earned no trust yet, they are one whole complaint together.
    for fax in 31..40 {
        report(&memory, 100 + fax, fax, (&format!("recipient {fax}"), at(100)));
    }
    assert_eq!(lowered(&memory, "bob", at(100)), 4);
}

/// What the ledger holds is found again, with a snapshot and without, and once.
#[test]
fn a_penalty_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (memory, _) = reopen(folder.path());
    furnish(&memory);
    let edit = Edit { text: HEARD.into(), author: "tests".into(), applied: at(0) };
    memory.apply_policy(edit, None).unwrap();
    for fax in 0..2 {
        let one = job(fax, "bob", &line(fax));
        ask(&memory, &one.submitted(at(fax)));
        ask(&memory, &one.ended(at(fax + 1), 1, DialOutcome::Sent));
    }
    report(&memory, 1, 0, ("one", at(100)));
    let first = lowered(&memory, "bob", at(100));
    assert_eq!(lowered(&reopen(frozen(folder.path()).path()).0, "bob", at(100)), first);
    memory.checkpoint().unwrap();
    assert_eq!(lowered(&reopen(frozen(folder.path()).path()).0, "bob", at(100)), first);
    report(&memory, 2, 1, ("other", at(101)));
    let both = lowered(&memory, "bob", at(101));
    assert!(first > 0 && both == 2 * first, "{first} {both}");
    assert_eq!(lowered(&reopen(frozen(folder.path()).path()).0, "bob", at(101)), both);
}

/// Where lines are contended, the verdict says what abuse has cost; and it costs: less passes than for somebody else.
#[test]
fn whoever_was_found_out_gets_less_of_what_is_contended() {
    let memory = house(&format!(
        "[share]\nlines = 100\n{FREE}{HEARD}[outbound]\nbound = 90000\nhold = 90000\nrefuse = 90000\n"
    ));
    for fax in 0..16 {
        let one = job(fax, "bob", &line(fax));
        ask(&memory, &one.submitted(at(0)));
        ask(&memory, &one.ended(at(1), 1, DialOutcome::Sent));
        report(&memory, fax, fax, (&format!("recipient {fax}"), at(2)));
    }
    assert_eq!(lowered(&memory, "bob", at(2)), 4);
    let mut passed = [0; 2];
    let mut last = None;
    for fax in 0..4_000_u64 {
        let now = at(10 + fax / 40).plus(Span::millis(fax % 40 * 25));
        for (which, who) in ["bob", "eve"].into_iter().enumerate() {
            let one = job(1_000 + fax * 2 + which as u64, who, &line(fax));
            let verdict = ask(&memory, &one.submitted(now));
            let share = verdict.share;
            let goes = share.is_none_or(|share| matches!(share.going, Going::Go | Going::GoLow));
            passed[which] += u32::from(goes);
            last = share.filter(|_| who == "bob").or(last);
        }
    }
    let said = last.unwrap().holding.to_string();
    assert!(said.contains("of its weight for abuse"), "{said}");
    assert!(passed[0] * 100 < passed[1] * 95, "{passed:?}");
}
