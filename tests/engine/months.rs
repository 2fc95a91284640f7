//! Monthly allowances: so many pages in a month where the member lives, exactly, whatever clocks do.

use std::path::Path;
use std::sync::Arc;

use faxguard::fax::hours::ZoneId;
use faxguard::fax::id::Pseudonym;
use faxguard::fax::stage::{DialOutcome, Member, MemberClaim, Plan, StageEvent};
use faxguard::memory::Memory;
use faxguard::memory::limits::{Hand, LimitKey, Part, Scope, Setting};
use faxguard::policy::Quota;
use faxguard::screening::tuning::{Candidate, what_if};
use faxguard::store::embedded::fault::NoFaults;
use faxguard::time::{Span, Timestamp};
use faxguard::verdict::{Action, QuotaHolder, QuotaOutcome, Resource, Verdict};

use crate::support::events::{job, line};
use crate::support::{ask, engine, frozen, furnish, house, member, settle, store};

/// Nothing but the monthly allowance limits.
const POLICY: &str = "[monthly_pages]\nfree = 100\n[quotas.free]\nfaxes = \"none\"\npages = \"none\"\n\
                      line_seconds = \"none\"\nrecipients = \"none\"\n\
                      [outbound]\nbound = 90000\nhold = 90000\nrefuse = 90000\n";
/// Midnight of 2026-12-01 in New York, of the first of January after it, and of the second of November before it, when summer time
/// ended the day before.
const DECEMBER: i64 = 1_796_101_200;
const JANUARY: i64 = DECEMBER + 31 * 86_400;

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

/// Asks about a job of so many pages of somebody who lives there.
fn pages(
    memory: &Memory,
    fax: u64,
    (who, zone): (&str, &str),
    count: u32,
    now: Timestamp,
) -> Verdict {
    let zone = ZoneId::from_name(zone).unwrap().code();
    let facts = Member { plan: Plan::Free, zone, ..Member::default() };
    let mut one = job(fax, who, &line(fax));
    one.pages = count;
    let claim = MemberClaim { facts, ..MemberClaim::default() };
    ask(memory, &StageEvent { member: Some(claim), ..one.submitted(now) })
}

fn of_month(verdict: &Verdict) -> (QuotaOutcome, u64) {
    let found = verdict.quotas.iter().find(|quota| quota.holder == QuotaHolder::Month).unwrap();
    (found.outcome, found.remaining)
}

const KIM: (&str, &str) = ("kim", "America/New_York");

#[test]
fn all_of_it_is_back_when_the_month_ends_where_the_member_lives() {
    let memory = house(POLICY);
    assert_eq!(
        of_month(&pages(&memory, 1, KIM, 60, at(DECEMBER - 10))),
        (QuotaOutcome::Within, 100)
    );
    let over = pages(&memory, 2, KIM, 60, at(DECEMBER - 5));
    assert_eq!((over.action, over.rule), (Action::Bound, "quota.month.pages"));
    assert_eq!(of_month(&over), (QuotaOutcome::NotUntil(at(DECEMBER)), 40));
    assert_eq!(over.bounds.not_before, Some(at(DECEMBER)));
    let never = pages(&memory, 3, KIM, 101, at(DECEMBER - 5));
    assert_eq!((never.action, of_month(&never).0), (Action::RefuseJob, QuotaOutcome::Never));
    // In Lisbon it is December already, and what somebody there has sent is of December.
    let lou = ("lou", "Europe/Lisbon");
    assert_eq!(of_month(&pages(&memory, 4, lou, 70, at(DECEMBER - 10))).1, 100);
    assert_eq!(of_month(&pages(&memory, 5, KIM, 60, at(DECEMBER))), (QuotaOutcome::Within, 100));
    let lisbon = of_month(&pages(&memory, 6, lou, 70, at(DECEMBER)));
    assert_eq!(lisbon, (QuotaOutcome::NotUntil(at(JANUARY - 5 * 3_600)), 30));
    // One that waited goes when its time has come.
    assert_eq!(pages(&memory, 2, KIM, 60, at(JANUARY)).action, Action::Allow);
}

#[test]
fn clocks_that_step_bring_nothing_back() {
    let memory = house(POLICY);
    pages(&memory, 1, KIM, 80, at(DECEMBER - 100));
    // The clock is a day ahead for a moment: the next month begins, and what is spent of it stays spent.
    assert_eq!(
        of_month(&pages(&memory, 2, KIM, 90, at(DECEMBER + 86_400))),
        (QuotaOutcome::Within, 100)
    );
    for back in [DECEMBER - 100, DECEMBER - 1, DECEMBER, DECEMBER + 1, JANUARY - 1] {
        let again = pages(&memory, 3, KIM, 20, at(back));
        assert_eq!(of_month(&again), (QuotaOutcome::NotUntil(at(JANUARY)), 10), "{back}");
    }
    // Nor does moving to where the month is not over.
    let west = pages(&memory, 4, ("kim", "Pacific/Honolulu"), 20, at(DECEMBER + 3_600));
    assert_eq!(of_month(&west).1, 10);
}

#[test]
fn what_was_not_sent_is_given_back_in_its_own_month_alone() {
    let memory = house(POLICY);
    let end = |fax, now| {
        ask(&memory, &job(fax, "kim", &line(fax)).ended(now, 1, DialOutcome::NoAnswer));
    };
    pages(&memory, 1, KIM, 60, at(DECEMBER - 100));
    end(1, at(DECEMBER - 90));
    assert_eq!(of_month(&pages(&memory, 2, KIM, 30, at(DECEMBER - 80))).1, 100);
    pages(&memory, 3, KIM, 50, at(DECEMBER + 10));
    end(2, at(DECEMBER + 20));
    assert_eq!(
        of_month(&pages(&memory, 4, KIM, 1, at(DECEMBER + 30))).1,
        50,
        "of November, and over"
    );
}

#[test]
fn it_survives_a_restart_with_a_snapshot_and_without() {
    let folder = tempfile::tempdir().unwrap();
    let open = |folder: &Path| engine(store(folder, Arc::new(NoFaults)), POLICY).0;
    let left = |memory: &Memory, fax| of_month(&pages(memory, fax, KIM, 0, at(DECEMBER + 90))).1;
    let memory = open(folder.path());
    furnish(&memory);
    pages(&memory, 1, KIM, 60, at(DECEMBER + 1));
    settle(&memory);
    assert_eq!(left(&open(frozen(folder.path()).path()), 90), 40);
    memory.checkpoint().unwrap();
    assert_eq!(left(&open(frozen(folder.path()).path()), 91), 40);
    pages(&memory, 2, KIM, 15, at(DECEMBER + 2));
    ask(&memory, &job(1, "kim", &line(1)).ended(at(DECEMBER + 3), 1, DialOutcome::NoAnswer));
    settle(&memory);
    assert_eq!(left(&open(frozen(folder.path()).path()), 92), 85);
    assert_eq!(left(&memory, 93), 85);
}

fn setting(pages: u64, now: Timestamp) -> Setting {
    Setting {
        quota: Quota::new(pages, Span::seconds(28 * 86_400), pages).ok(),
        canary: None,
        author: "kim".into(),
        reason: "a contract".into(),
        set: now,
        expires: None,
    }
}

const fn key(scope: Scope) -> LimitKey {
    LimitKey { scope, resource: Resource::Pages, part: Part::Month }
}

#[test]
fn what_is_set_acts_on_what_was_sent_and_for_one_member_alone() {
    let memory = house(POLICY);
    let now = at(DECEMBER + 100);
    pages(&memory, 1, KIM, 90, now);
    let own: Pseudonym = member("kim");
    memory.set_limit(key(Scope::Member(own)), &setting(200, now), 0, now).unwrap();
    assert_eq!(of_month(&pages(&memory, 2, KIM, 30, now)).1, 110);
    assert_eq!(of_month(&pages(&memory, 3, ("lou", "Europe/Lisbon"), 1, now)).1, 100);
    memory.set_limit(key(Scope::Plan(Plan::Free)), &setting(50, now), 1, now).unwrap();
    assert_eq!(of_month(&pages(&memory, 4, ("lou", "Europe/Lisbon"), 1, now)).1, 49);
    assert_eq!(of_month(&pages(&memory, 5, KIM, 1, now)).1, 80, "its own stands over its plan's");
    let hand = Hand { author: "lou", reason: "over", based_on: 2 };
    memory.unset_limit(key(Scope::Member(own)), hand, now).unwrap();
    assert_eq!(of_month(&pages(&memory, 6, KIM, 1, now)), (QuotaOutcome::NotUntil(at(JANUARY)), 0));
}

/// What a monthly allowance would have done is what it does when the same jobs come.
#[test]
fn what_is_foretold_of_a_month_is_what_it_does() {
    let free = POLICY.replace("free = 100", "free = 0");
    let (before, after) = (house(&free), house(&POLICY.replace("free = 100", "free = 40")));
    let mut enforced = 0;
    for step in 0..400_u64 {
        let now = at(DECEMBER - 3 * 86_400 + i64::try_from(step).unwrap() * 1_200);
        let (who, count) = (
            [KIM, ("lou", "Asia/Tokyo"), ("max", "Etc/UTC")][usize::try_from(step % 3).unwrap()],
            1 + u32::try_from(step % 3).unwrap(),
        );
        let open = pages(&before, step, who, count, now);
        assert!(open.quotas.is_empty());
        let kept = pages(&after, step, who, count, now);
        enforced += u64::from(of_month(&kept).0 != QuotaOutcome::Within);
    }
    settle(&before);
    let now = at(DECEMBER + 3 * 86_400);
    before.follow_usage_to(before.store().last_seq(), now, &mut |_| ()).unwrap();
    let candidate =
        Candidate { key: key(Scope::Plan(Plan::Free)), setting: Some(setting(40, now)) };
    let (found, _) = what_if(&before, candidate, (at(0), now)).unwrap();
    assert_eq!((found.asked, found.stood), (400, enforced));
    assert!(enforced > 50 && found.holders() == 3, "{enforced}");
}
