//! What is kept back: listed, released, rejected, decided by its deadline; budgets; calls that were blocked.

use faxguard::fax::stage::StageEvent;
use faxguard::features::Feature;
use faxguard::held::{HeldFault, HeldFilter, expire, list, reject, release};
use faxguard::ledger::{HeldFax, HeldState};
use faxguard::lists::ListKind;
use faxguard::memory::Memory;
use faxguard::store::TableId;
use faxguard::verdict::{Action, Degradations};

use super::{ANN, feature};
use crate::support::events::{call, job, line};
use crate::support::{ask, at, day, house, list_entry, member};

/// Keeps back every fax without a TSI, and every job of a free account.
const STRICT: &str = "[inbound]\ntag = -1000\nquarantine = -1000\ndefer = 90000\nrefuse = 100000\n\
                      [outbound]\nbound = -1000\nhold = -1000\nrefuse = 100000\n\
                      [signals]\n\"identity.tsi_empty\" = 5000\n\"outbound.free_plan\" = 5000\n";

fn waiting(memory: &Memory) -> Vec<HeldFax> {
    list(memory, &HeldFilter { limit: 100, ..HeldFilter::default() }).unwrap().0
}

fn in_state(memory: &Memory, state: HeldState) -> Vec<HeldFax> {
    let filter = HeldFilter { state: Some(state), limit: 100, ..HeldFilter::default() };
    list(memory, &filter).unwrap().0
}

#[test]
fn a_release_clears_the_sender_and_is_correspondence_at_once() {
    let memory = house(STRICT);
    let fax = call(1, &line(1), ANN);
    assert_eq!(ask(&memory, &fax.handshake(at(0))).action, Action::Quarantine);
    assert!(waiting(&memory).is_empty(), "what has not arrived cannot be kept");
    let kept = ask(&memory, &fax.received(at(30), 2));
    assert_eq!((kept.action, kept.deadline), (Action::Quarantine, Some(at(30 + 7 * 86_400))));
    let held = waiting(&memory);
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].decision, held[0].score), (fax.id(), kept.score));
    assert_eq!(held[0].member_key, member("ann").hot());

    let released = release(&memory, fax.id(), "ann", at(60)).unwrap();
    assert_eq!((released.state, &*released.author), (HeldState::Released, "ann"));
    assert!(waiting(&memory).is_empty());
    assert_eq!(in_state(&memory, HeldState::Released), [released]);
    let again = release(&memory, fax.id(), "ann", at(61));
    assert!(matches!(again, Err(HeldFault::Decided(HeldState::Released))));
    let next = call(2, &line(1), ANN).offered(at(70));
    ask(&memory, &next);
    assert_eq!(feature(&memory, &next, Feature::MemberAccepted), 1);
    assert!(feature(&memory, &next, Feature::CallerGood) > 200);
    assert!(matches!(release(&memory, next.decision, "ann", at(71)), Err(HeldFault::NotFound)));
}

#[test]
fn a_rejection_tells_against_the_sender() {
    let memory = house(STRICT);
    let fax = call(1, &line(1), ANN);
    ask(&memory, &fax.received(at(0), 1));
    assert_eq!(reject(&memory, fax.id(), "ann", at(10)).unwrap().state, HeldState::Rejected);
    let next = call(2, &line(1), ANN).offered(at(20));
    ask(&memory, &next);
    assert!(feature(&memory, &next, Feature::CallerBad) > 200);
    assert_eq!(feature(&memory, &next, Feature::MemberAccepted), 0);
}

#[test]
fn a_call_without_a_page_is_not_kept() {
    let memory = house(STRICT);
    memory.put_list_entry(&list_entry(ListKind::Block, Some("ann"), &line(1)), at(0)).unwrap();
    let blocked = call(1, &line(1), ANN);
    assert_eq!(ask(&memory, &blocked.offered(at(0))).action, Action::RefuseCall);
    let end = ask(&memory, &blocked.refused(at(1)));
    assert_eq!((end.action, end.deadline), (Action::DeliverTagged, None));
    assert_eq!(
        ask(&memory, &call(2, &line(2), ANN).received(at(2), 0)).action,
        Action::DeliverTagged
    );
    assert!(waiting(&memory).is_empty());
}

#[test]
fn deadlines_deliver_tagged_or_refuse_with_notice() {
    let memory = house(STRICT);
    for fax in 0..30 {
        ask(&memory, &call(fax, &line(fax), ANN).received(at(fax), 1));
        ask(&memory, &job(100 + fax, "bob", &line(fax)).submitted(at(fax)));
    }
    assert_eq!(waiting(&memory).len(), 60);
    assert_eq!(expire(&memory, at(86_399)).unwrap(), 0);
    assert_eq!(expire(&memory, at(86_400 + 9)).unwrap(), 10);
    assert_eq!(expire(&memory, day(7)).unwrap(), 21);
    assert_eq!(expire(&memory, day(8)).unwrap(), 29);
    assert!(waiting(&memory).is_empty());
    let refused = in_state(&memory, HeldState::RefusedWithNotice);
    assert!(refused.len() == 30 && refused.iter().all(|held| held.action == Action::Hold));
    assert_eq!(in_state(&memory, HeldState::DeliveredTagged).len(), 30);
    // A deadline is nobody's word: it proves nothing of the sender, and costs no budget.
    let next = call(200, &line(1), ANN).offered(day(8));
    ask(&memory, &next);
    assert_eq!(feature(&memory, &next, Feature::CallerBad), 0);
    assert!(memory.store().table_scan(TableId::FalsePositives, None, 10).unwrap().is_empty());
    // What was decided expires with its class.
    memory.store().purge(day(8 + 29), &faxguard::store::RetentionTerms::default()).unwrap();
    assert!(in_state(&memory, HeldState::DeliveredTagged).is_empty());
}

#[test]
fn pages_of_the_list_have_everything_once() {
    let memory = house(STRICT);
    for fax in 0..25 {
        let did = [ANN, "+12125550002"][usize::from(fax % 5 == 0)];
        ask(&memory, &call(fax, &line(fax), did).received(at(100 - fax), 1));
    }
    for (of, all) in [(None, 25), (Some(member("bob").hot()), 5)] {
        let mut filter = HeldFilter { member_key: of, limit: 4, ..HeldFilter::default() };
        let mut seen = Vec::new();
        loop {
            let (page, next) = list(&memory, &filter).unwrap();
            seen.extend(page.into_iter().map(|held| held.deadline));
            filter.after = next;
            if filter.after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), all);
        assert!(seen.is_sorted());
    }
    let astray = HeldFilter { after: Some(vec![0; 300]), limit: 0, ..HeldFilter::default() };
    assert_eq!(list(&memory, &astray).unwrap().0.len(), 1);
}

#[test]
fn a_job_is_held_once_and_goes_where_the_desk_says() {
    let memory = house(STRICT);
    let one = job(1, "bob", &line(1));
    let deadline = ask(&memory, &one.submitted(at(0))).deadline;
    let still = ask(&memory, &one.dialing(at(60), 1));
    assert_eq!(
        (still.action, still.rule, still.deadline),
        (Action::Hold, "held.waiting", deadline)
    );
    assert_eq!(waiting(&memory).len(), 1);
    release(&memory, one.id(), "desk", at(90)).unwrap();
    let goes = ask(&memory, &one.dialing(at(120), 2));
    assert_eq!(goes.action, Action::Bound);
    assert!(waiting(&memory).is_empty());

    let other = job(2, "bob", &line(2));
    ask(&memory, &other.submitted(at(0)));
    reject(&memory, other.id(), "desk", at(90)).unwrap();
    let refused = ask(&memory, &other.dialing(at(120), 1));
    assert_eq!((refused.action, refused.rule), (Action::RefuseJob, "held.rejected"));
    assert!(refused.refusal.is_some());
}

/// A node that asks the same question again must not wait for ever, and a waiting job is no attempt and no second job.
#[test]
fn a_released_job_goes_whichever_way_it_is_asked_about_again() {
    for dialled in [false, true] {
        for another_request in [false, true] {
            let memory = house(STRICT);
            let one = job(1, "bob", &line(1));
            let question = |now, number: u64| {
                let stage = if dialled { one.dialing(now, 1) } else { one.submitted(now) };
                let request = stage.request + if another_request { number } else { 0 };
                StageEvent { request, ..stage }
            };
            let first = ask(&memory, &question(at(0), 0));
            assert_eq!(first.action, Action::Hold);
            let rows = memory.explain(one.id()).unwrap().len();
            let still = ask(&memory, &question(at(60), 1));
            assert!(still.repeated && still.deadline == first.deadline);
            assert_eq!(memory.explain(one.id()).unwrap().len(), rows, "nothing new was said");
            release(&memory, one.id(), "desk", at(90)).unwrap();
            let goes = ask(&memory, &question(at(120), 2));
            assert_eq!((goes.action, goes.repeated), (Action::Bound, false));
            let event = question(at(121), 3);
            assert!(ask(&memory, &event).repeated, "and that stands");
            assert_eq!(feature(&memory, &event, Feature::MemberFanout1h), 1);
            assert_eq!(feature(&memory, &event, Feature::Attempt), i32::from(dialled));

            let other = job(2, "bob", &line(2));
            ask(&memory, &other.submitted(at(200)));
            reject(&memory, other.id(), "desk", at(210)).unwrap();
            let refused = ask(&memory, &other.submitted(at(220)));
            assert_eq!((refused.action, refused.rule), (Action::RefuseJob, "held.rejected"));
        }
    }
}

#[test]
fn a_spent_budget_opens_the_filter() {
    let hold = |memory: &Memory, fax: u64, did: &str, now| {
        ask(memory, &call(fax, &line(fax), did).received(now, 1))
    };
    // A member's: two in a week.
    let memory = house(STRICT);
    for fax in 0..2 {
        assert_eq!(hold(&memory, fax, ANN, at(fax)).action, Action::Quarantine);
        release(&memory, call(fax, "", ANN).id(), "ann", at(10)).unwrap();
    }
    let open = hold(&memory, 10, ANN, at(20));
    assert_eq!((open.action, open.rule), (Action::DeliverTagged, "budget.spent"));
    assert!(open.degradations.has(Degradations::BUDGET_SPENT));
    assert_eq!(hold(&memory, 11, "+12125550002", at(20)).action, Action::Quarantine);
    assert_eq!(hold(&memory, 12, ANN, day(8)).action, Action::Quarantine, "the budget comes back");
    memory.put_list_entry(&list_entry(ListKind::Block, Some("ann"), &line(13)), at(0)).unwrap();
    assert_eq!(hold(&memory, 13, ANN, at(21)).rule, "list.block", "a block is the member's own");

    // Everybody's.
    let memory = house(&format!("{STRICT}[budget]\nglobal = 3\nmember = 100\n"));
    for fax in 0..3 {
        assert_eq!(hold(&memory, fax, ANN, at(fax)).action, Action::Quarantine);
        release(&memory, call(fax, "", ANN).id(), "ann", at(10)).unwrap();
    }
    assert_eq!(hold(&memory, 10, "+12125550002", at(20)).rule, "budget.spent");
    let jobs = ask(&memory, &job(11, "bob", &line(1)).submitted(at(20)));
    assert_eq!((jobs.action, jobs.rule), (Action::Bound, "budget.spent"));
    memory.refresh_budget(day(2)).unwrap();
    assert_eq!(hold(&memory, 12, "+12125550002", day(2)).action, Action::Quarantine);
}

#[test]
fn blocked_calls_are_listed_once_for_28_days() {
    let memory = house("");
    memory.put_list_entry(&list_entry(ListKind::Block, Some("ann"), &line(1)), at(0)).unwrap();
    let mut blocked = Vec::new();
    for fax in 0..7 {
        let one = call(fax, &line(1), ANN);
        ask(&memory, &one.offered(at(fax * 100)));
        if fax % 2 == 0 {
            ask(&memory, &one.refused(at(fax * 100 + 1)));
        }
        blocked.push(one.id());
        ask(&memory, &call(100 + fax, &line(50 + fax), ANN).received(at(fax * 100 + 50), 1));
    }
    // The stream that got through to the end all the same is kept, and one entry of the list.
    let through = call(200, &line(1), ANN);
    ask(&memory, &through.handshake(at(1_000)));
    (1..6).for_each(|page| drop(ask(&memory, &through.page(at(1_000 + u64::from(page)), page))));
    ask(&memory, &through.received(at(1_100), 5));
    blocked.push(through.id());
    blocked.reverse();

    let key = member("ann").hot();
    for limit in [1, 3, 100] {
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let rows = memory.blocked_calls(key, at(2_000), before, limit).unwrap();
            let Some(last) = rows.last() else { break };
            before = Some(last.key);
            seen.extend(rows.iter().filter_map(|row| row.decision));
        }
        assert_eq!(seen, blocked, "{limit}");
    }
    assert!(memory.blocked_calls(member("bob").hot(), at(2_000), None, 9).unwrap().is_empty());
    assert!(memory.blocked_calls(key, day(29), None, 9).unwrap().is_empty());
}
