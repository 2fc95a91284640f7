//! Campaigns in the path of a verdict: real pages, fingerprinted as a node does, through the engine.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

mod reading;
mod votes;

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use faxguard::campaign::{Decision, State};
use faxguard::content::fingerprint::{FingerprintKey, Gate, Maps, epochs_at};
use faxguard::content::grant::Grant;
use faxguard::content::journal::Opening;
use faxguard::content::sealed::SealedFax;
use faxguard::directory::Edit;
use faxguard::fax::id::{CampaignId, DecisionId};
use faxguard::fax::stage::{Stage, StageEvent};
use faxguard::features::Feature;
use faxguard::held::{HeldFilter, list};
use faxguard::lab::pages::bitmap::Bitmap;
use faxguard::lab::pages::distort::{Distortion, Spoiler};
use faxguard::lab::pages::layout::Press;
use faxguard::lab::pages::write::{Form, tiff};
use faxguard::memory::{Memory, WINDOW_FAXES};
use faxguard::reports::{Filing, ReportCategory, ReportedFax, Reporter, file};
use faxguard::screening::{SeenPage, screen_pages, screen_uncompared};
use faxguard::store::embedded::fault::NoFaults;
use faxguard::store::memory::MemoryStore;
use faxguard::time::Timestamp;
use faxguard::verdict::{Action, ContentPurpose, Degradations, Verdict};

use crate::engine::{feature, features};
use crate::support::events::{Call, call, job, line};
use crate::support::{at, engine, frozen, furnish, keys, member, number, reopen, settle, store};

/// Every fax is in doubt, so that each is asked for.
const DOUBT: &str = "[inbound]\ndoubt_low = -20000\n";
/// None is.
const CERTAIN: &str = "[inbound]\ndoubt_low = 90000\ndoubt_high = 90000\n";

/// The number of a member of its own for each place.
fn did(place: u64) -> String {
    format!("+12125550{:03}", 100 + place)
}

/// An engine in memory with forty members more.
fn house(policy: &str) -> Memory {
    let (memory, _) = engine(Arc::new(MemoryStore::new()), policy);
    people(&memory);
    memory
}

fn people(memory: &Memory) {
    furnish(memory);
    let edits: Vec<Edit> = (0..40)
        .map(|place| Edit::Assign {
            number: keys().number(number(&did(place))),
            member: Some(member(&format!("member-{place}"))),
        })
        .collect();
    memory.edit_directory(&edits, at(0)).unwrap();
}

/// The file of copy `copy` of a page, with a header line of its own.
pub(crate) fn copy(page: usize, copy: usize) -> Vec<u8> {
    type Lab = (Press, Spoiler);
    static LAB: LazyLock<Mutex<Lab>> =
        LazyLock::new(|| Mutex::new((Press::new().unwrap(), Spoiler::new().unwrap())));
    let (press, spoiler) = &mut *LAB.lock().unwrap();
    let page = press.page(11, page);
    written(&spoiler.copy(&page, Distortion::Tti, 11, copy))
}

/// The file of a page with nothing on it.
pub(crate) fn blank() -> Vec<u8> {
    let [(_, white), ..] = Press::new().unwrap().empty(3);
    written(&white)
}

fn written(page: &Bitmap) -> Vec<u8> {
    tiff(&[page], Form::PLAIN)
}

/// What a node makes of a file, under the keys of that time.
fn prints(
    memory: &Memory,
    bytes: Vec<u8>,
    maps: Maps,
    now: Timestamp,
) -> Vec<Result<SeenPage, Gate>> {
    let decision = DecisionId([9; 16]);
    let actor = "tests".into();
    let purpose = ContentPurpose::PreventDisruption;
    let opening = Opening { decision, purpose, actor, generation: 1, time: now };
    let grant = Grant::request(memory, &opening).unwrap();
    let keys = epochs_at(now).map(|epoch| FingerprintKey::new(epoch, keys().page_secret(epoch)));
    let read = SealedFax::new(decision, bytes).fingerprints(grant, &keys, maps).unwrap();
    let pages = (1..).zip(read).map(|(number, page)| {
        page.unwrap().fingerprints.map(|fingerprints| SeenPage { number, fingerprints })
    });
    pages.collect()
}

fn pages(memory: &Memory, bytes: Vec<u8>, maps: Maps, now: Timestamp) -> Vec<SeenPage> {
    prints(memory, bytes, maps, now).into_iter().map(Result::unwrap).collect()
}

/// The stage once more under another request id.
fn again(event: &StageEvent) -> StageEvent {
    StageEvent { request: event.request.wrapping_add(1), ..event.clone() }
}

/// A whole conversation about a received fax, as a node leads it: asked, and asked again as long as more is wanted.
fn converse(memory: &Memory, call: &Call, file: &[u8], now: Timestamp) -> Vec<Verdict> {
    converse_about(memory, call.received(now, 1), file)
}

fn converse_about(memory: &Memory, event: StageEvent, file: &[u8]) -> Vec<Verdict> {
    let (mut event, now) = (event.clone(), event.time);
    let mut verdicts = vec![screen_pages(memory, &event, &[])];
    while let Some(last) = verdicts.last().filter(|last| last.fingerprint.is_some()) {
        let maps = if last.ink_map { Maps::With } else { Maps::Without };
        event = again(&event);
        let pages = pages(memory, file.to_vec(), maps, now);
        verdicts.push(screen_pages(memory, &event, &pages));
        assert!(verdicts.len() <= 3, "a node is asked for marks, and for a map, once each");
    }
    let seen: i64 =
        verdicts.iter().flat_map(|one| &one.hits).map(|hit| i64::from(hit.contribution.0)).sum();
    assert_eq!(seen, verdicts.iter().map(|one| i64::from(one.score.0)).sum::<i64>());
    verdicts
}

fn from(fax: u64, to: u64) -> Call {
    call(fax, &line(fax), &did(to)).named(&format!("ACME {fax}"))
}

/// A received fax that nothing speaks against but its page: from and to numbers far apart, and of a size of its own.
fn clean(fax: u64) -> StageEvent {
    let call = call(fax, &line(fax), &line(5_000 + fax)).named(&format!("ACME {fax}"));
    let mut event = call.received(at(600 * fax), 1);
    if let Stage::Received(facts) = &mut event.stage {
        facts.bytes = 9_000 + fax * 1_731;
        facts.rows_max = 1_000 + u32::try_from(fax).unwrap() * 3;
    }
    event
}

/// So many faxes of one page, each from a number and to a member of its own; the last verdict on each.
fn spread(memory: &Memory, page: usize, faxes: std::ops::Range<u64>) -> Vec<Verdict> {
    faxes
        .map(|fax| {
            let file = copy(page, usize::try_from(fax).unwrap());
            converse(memory, &from(fax, fax), &file, at(60 * fax)).pop().unwrap()
        })
        .collect()
}

fn hit(verdict: &Verdict, name: &str) -> bool {
    verdict.hits.iter().any(|hit| hit.name.text() == name && hit.contribution.0 != 0)
}

fn the_campaign(memory: &Memory, now: Timestamp) -> CampaignId {
    let known = memory.campaigns().list(None, 9, now);
    assert_eq!(known.len(), 1);
    known[0].id
}

fn waiting(memory: &Memory) -> usize {
    settle(memory);
    list(memory, &HeldFilter { limit: 100, ..HeldFilter::default() }).unwrap().0.len()
}

#[test]
fn one_page_from_five_numbers_is_a_campaign_and_the_sixth_is_told_so() {
    let memory = house(DOUBT);
    let first = spread(&memory, 3, 0..5);
    assert_eq!(first[0].action, Action::Deliver, "{:?}", first[0]);
    let sixth = spread(&memory, 3, 5..6).pop().unwrap();
    assert!(sixth.action > Action::Deliver, "{sixth:?}");
    assert!(hit(&sixth, "campaign.spread") && hit(&sixth, "campaign.rotation"), "{sixth:?}");
    let fax = from(5, 5).received(at(300), 1);
    let told = features(&memory, &fax);
    assert_eq!(told.get(Feature::CampaignState), 1);
    assert_eq!(told.get(Feature::CampaignSureness), 2);
    assert_eq!(told.get(Feature::CampaignRecipients), 6);
    assert_eq!(told.get(Feature::CampaignSenders), 6);
    assert!(told.is(Feature::FingerprintAsked) && told.is(Feature::InkMapLooked));
    // Another page is of no campaign.
    let other = spread(&memory, 4, 6..7).pop().unwrap();
    assert!(!other.hits.iter().any(|hit| hit.name.text().starts_with("campaign.")), "{other:?}");
    // Staff says what it is, at once, and takes it back as fast.
    let id = the_campaign(&memory, at(600));
    let say = |state| memory.decide_campaign(id, Decision::new(state, "desk", "seen", at(600)));
    say(State::Cleared).unwrap();
    let cleared = spread(&memory, 3, 10..11).pop().unwrap();
    assert_eq!(cleared.action, Action::Deliver, "{cleared:?}");
    assert!(hit(&cleared, "campaign.cleared"));
    say(State::Confirmed).unwrap();
    let confirmed = spread(&memory, 3, 11..12).pop().unwrap();
    assert_eq!(confirmed.action, Action::Quarantine, "{confirmed:?}");
    assert!(hit(&confirmed, "campaign.confirmed"));
    memory.undo_campaign(id, "desk", at(700)).unwrap();
    let again = spread(&memory, 3, 12..13).pop().unwrap();
    assert_eq!(again.action, Action::Deliver, "{again:?}");
}

#[test]
fn the_same_faxes_give_the_same_verdicts() {
    let play = || {
        let memory = house(DOUBT);
        (spread(&memory, 3, 0..8), memory.wishes().shares_milli())
    };
    assert_eq!(play(), play());
}

#[test]
fn blank_and_black_pages_have_no_fingerprint() {
    let memory = house("");
    let mut press = Press::new().unwrap();
    for (name, page) in press.empty(3).into_iter().filter(|(name, _)| *name != "a border") {
        let read = prints(&memory, written(&page), Maps::With, at(0));
        assert!(matches!(read.as_slice(), [Err(_)]), "{name}");
    }
}

#[test]
fn a_stage_that_comes_again_with_its_pages_counts_once() {
    let memory = house(DOUBT);
    let fax = from(1, 1);
    let file = copy(5, 1);
    let event = fax.received(at(10), 1);
    let verdicts = converse(&memory, &fax, &file, at(10));
    assert_eq!(verdicts.len(), 2);
    assert_eq!(verdicts[0].score, verdicts[1].score, "an unknown page says nothing");
    let counts = [Feature::CallerFanout24h, Feature::Pages, Feature::PageBytesMean];
    let told = features(&memory, &event);
    let rows = memory.explain(event.decision).unwrap();
    for feature in counts {
        assert_eq!(told.get(feature), rows[0].row.features.get(feature));
    }
    // The same request gets the same answer, and what nobody wanted changes nothing.
    let second = again(&event);
    let seen = pages(&memory, file.clone(), Maps::Without, at(10));
    let repeated = screen_pages(&memory, &second, &seen);
    assert!(repeated.repeated && repeated.score == verdicts[1].score);
    let third = again(&second);
    assert!(screen_pages(&memory, &third, &seen).repeated);
    // A fax later the caller has called twice.
    let next = call(2, &line(1), &did(2)).received(at(50), 1);
    screen_pages(&memory, &next, &[]);
    assert_eq!(feature(&memory, &next, Feature::CallerFanout24h), 2);
}

#[test]
fn pages_that_were_not_compared_are_said_to_be_and_may_come_again() {
    let memory = house(DOUBT);
    let unmet = Degradations::FINGERPRINTS_NOT_COMPARED;
    let fax = from(1, 1);
    // They come with the first question about their stage: it is judged without them, and the ledger says so.
    let page = fax.page(at(5), 1);
    let first = screen_uncompared(&memory, &page);
    assert!(first.degradations.has(unmet) && first.fingerprint.is_some(), "{first:?}");
    assert_eq!(memory.campaigns().pages(), 0);
    assert!(memory.explain(page.decision).unwrap()[0].row.verdict.degradations.has(unmet));
    // And with a stage that was answered: that answer stands, and they are compared when they come once more.
    let event = fax.received(at(10), 1);
    let plain = screen_pages(&memory, &event, &[]);
    assert!(!plain.degradations.has(unmet));
    let second = again(&event);
    let stands = screen_uncompared(&memory, &second);
    assert!(stands.repeated && stands.degradations.has(unmet) && stands.fingerprint.is_some());
    assert_eq!((stands.score, stands.action), (plain.score, plain.action));
    let seen = pages(&memory, copy(5, 1), Maps::Without, at(10));
    let compared = screen_pages(&memory, &second, &seen);
    assert!(!compared.repeated && !compared.degradations.has(unmet), "{compared:?}");
    assert_eq!(memory.campaigns().pages(), 1);
}

#[test]
fn a_fax_kept_back_that_its_page_clears_is_kept_no_longer() {
    let memory = house(&format!("{DOUBT}doubt_high = 90000\nquarantine = 100\ntag = -9000\n"));
    spread(&memory, 3, 0..6);
    let id = the_campaign(&memory, at(600));
    let cleared = Decision::new(State::Cleared, "desk", "a school closes", at(600));
    memory.decide_campaign(id, cleared).unwrap();
    let before = waiting(&memory);
    // Without a TSI and from a number that cannot be: metadata alone would keep it.
    let suspect = call(20, "+12125550999", &did(20));
    let verdicts = converse(&memory, &suspect, &copy(3, 20), at(1_300));
    assert_eq!(verdicts[0].action, Action::Quarantine, "{:?}", verdicts[0]);
    let last = verdicts.last().unwrap();
    assert!(last.action < Action::Quarantine, "{last:?}");
    assert_eq!(waiting(&memory), before);
}

#[test]
fn one_report_makes_its_sender_and_campaign_ask() {
    let memory = house(CERTAIN);
    let reported = from(1, 1);
    let event = reported.received(at(10), 1);
    assert_eq!(screen_pages(&memory, &event, &[]).fingerprint, None);
    settle(&memory);
    let filing = Filing::new(
        1,
        Reporter::Member(member("member-1")),
        ReportedFax::Decision(event.decision),
        ReportCategory::JunkFax,
        at(20),
    );
    file(&memory, &filing).unwrap();
    // On the reporter's own number it is blocked; on another's the page is asked for.
    let own = call(2, &line(1), &did(1)).named("ACME 1").received(at(21), 1);
    assert_eq!(screen_pages(&memory, &own, &[]).rule, "list.block");
    let other = call(3, &line(1), &did(3)).named("ACME 1").received(at(22), 1);
    let asked = screen_pages(&memory, &other, &[]);
    assert_eq!(asked.fingerprint, Some(ContentPurpose::PreventDisruption));
    let stranger = from(9, 9).received(at(23), 1);
    assert_eq!(screen_pages(&memory, &stranger, &[]).fingerprint, None);
}

#[test]
fn reports_speak_against_all_pages_of_a_campaign() {
    let memory = house(DOUBT);
    spread(&memory, 3, 0..6);
    settle(&memory);
    for (fax, category) in [(2, ReportCategory::JunkFax), (3, ReportCategory::JunkFax)] {
        let filing = Filing::new(
            fax,
            Reporter::Member(member(&format!("member-{fax}"))),
            ReportedFax::Decision(from(fax, fax).id()),
            category,
            at(400),
        );
        file(&memory, &filing).unwrap();
    }
    let next = spread(&memory, 3, 7..8).pop().unwrap();
    assert!(hit(&next, "campaign.reported"), "{next:?}");
    let fax = from(7, 7).received(at(420), 1);
    // Two who have earned no trust yet are one voice.
    assert_eq!(feature(&memory, &fax, Feature::CampaignJunk), 1_000);
}

#[test]
fn no_more_than_a_share_is_asked_for() {
    let memory = house(&format!("{DOUBT}[fingerprints]\nshare_per_mille = 20\n"));
    let asked = (0..200).filter(|fax| {
        let event = from(*fax, fax % 40).received(at(*fax), 1);
        screen_pages(&memory, &event, &[]).fingerprint.is_some()
    });
    assert_eq!(asked.count() * 1_000 / WINDOW_FAXES, 20);
}

#[test]
fn a_campaign_of_clean_metadata_becomes_known_by_lot() {
    let sample = |milli: u32| {
        format!("{CERTAIN}[fingerprints]\nshare_per_mille = 1000\nsample_per_mille = {milli}\n")
    };
    let faxes = |memory: &Memory, faxes: std::ops::Range<u64>| -> Vec<Verdict> {
        let one = |fax| converse_about(memory, clean(fax), &copy(3, usize::try_from(fax).unwrap()));
        faxes.flat_map(one).collect()
    };
    let none = house(&sample(0));
    faxes(&none, 0..3);
    assert_eq!((none.wishes().shares_milli(), none.campaigns().pages()), ([0, 0], 0));
    let folder = tempfile::tempdir().unwrap();
    let open = |folder: &Path| engine(store(folder, Arc::new(NoFaults)), &sample(400)).0;
    let memory = open(folder.path());
    people(&memory);
    let verdicts = faxes(&memory, 0..40);
    let asked = memory.wishes().drawn_milli();
    assert!((8..=24).contains(&asked), "{asked} of 40");
    assert_eq!(memory.wishes().shares_milli()[0], asked, "of none there was any doubt");
    let campaign = memory.campaigns().list(None, 9, at(24_000));
    assert_eq!(campaign.len(), 1, "{verdicts:?}");
    assert!(campaign[0].recipients >= 5 && campaign[0].recipients <= asked, "{campaign:?}");
    let told = verdicts.iter().filter(|verdict| hit(verdict, "campaign.spread")).count();
    assert!(told >= 3, "{told}");
    // What was drawn is counted again after a power cut.
    settle(&memory);
    let left = frozen(folder.path());
    assert_eq!(open(left.path()).wishes().drawn_milli(), asked);
}

fn folder_house(folder: &Path) -> Memory {
    reopen(folder).0
}

#[test]
fn a_campaign_confirmed_before_a_power_cut_is_there_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let memory = folder_house(folder.path());
    people(&memory);
    // Nobody asks under the built-in policy; the node sends what it has.
    let send = |memory: &Memory, fax: u64| {
        let now = at(60 * fax);
        let file = copy(3, usize::try_from(fax).unwrap());
        let pages = pages(memory, file, Maps::With, now);
        screen_pages(memory, &from(fax, fax).received(now, 1), &pages)
    };
    for fax in 0..7 {
        send(&memory, fax);
    }
    let id = the_campaign(&memory, at(600));
    let confirmed = Decision::new(State::Confirmed, "desk", "seen", at(600));
    memory.decide_campaign(id, confirmed).unwrap();
    settle(&memory);
    let left = frozen(folder.path());
    let second = folder_house(left.path());
    let shown = second.campaigns().show(id, at(600)).unwrap();
    assert_eq!(shown.evidence.state, State::Confirmed);
    assert_eq!(shown.decisions[0].author, "desk");
    assert_eq!(memory.wishes().shares_milli(), [0, 7]);
    assert_eq!(second.wishes().shares_milli(), [0, 7]);
    let (here, there) = (send(&memory, 10), send(&second, 10));
    assert_eq!(there.action, Action::Quarantine, "{there:?}");
    assert_eq!((here.score, here.hits), (there.score, there.hits));
    // What was recognised is not in the ledger, which would keep it for as long as a verdict.
    let keys = pages(&memory, copy(3, 0), Maps::With, at(0));
    let map = keys[0].fingerprints[0].map.as_ref().unwrap().packed();
    let row = map.windows(64).find(|row| row.iter().filter(|byte| **byte != 0).count() > 20);
    for file in std::fs::read_dir(left.path()).unwrap().map(Result::unwrap) {
        let ledger = file.file_name().to_string_lossy().starts_with("ledger-");
        let bytes = std::fs::read(file.path()).unwrap();
        let there = row.is_some_and(|row| bytes.windows(row.len()).any(|window| window == row));
        assert!(!(ledger && there), "{:?}", file.file_name());
    }
}

#[test]
fn a_page_that_speaks_against_a_fax_takes_its_acceptance_back() {
    let folder = tempfile::tempdir().unwrap();
    let open = |folder: &Path| engine(store(folder, Arc::new(NoFaults)), DOUBT).0;
    let memory = open(folder.path());
    people(&memory);
    let accepted = |memory: &Memory, fax: u64| {
        let [caller, called] =
            [line(fax), line(5_000 + fax)].map(|text| keys().number(number(&text)).hot());
        memory.relations().get(called, caller, crate::support::day(2)).accepted
    };
    spread(&memory, 3, 0..6);
    let junk = Decision::new(State::Confirmed, "desk", "seen", at(600));
    memory.decide_campaign(the_campaign(&memory, at(600)), junk).unwrap();
    // Its metadata are clean, so it is delivered; its page is of the campaign, so it is not.
    let caught = |fax: StageEvent, page| {
        let verdicts = converse_about(&memory, fax, &copy(3, page));
        assert_eq!(verdicts[0].action, Action::Deliver, "{:?}", verdicts[0]);
        assert_eq!(verdicts.last().unwrap().action, Action::Quarantine, "{verdicts:?}");
    };
    caught(clean(6), 6);
    // A node that never comes again, and one whose page says nothing.
    assert_eq!(screen_pages(&memory, &clean(7), &[]).action, Action::Deliver);
    converse_about(&memory, clean(8), &copy(4, 8));
    // Another fax of the same two was accepted on that day: the page speaks against the later one alone.
    screen_pages(&memory, &clean(9), &[]);
    caught(call(51, &line(9), &line(5_009)).received(at(5_500), 1), 9);
    settle(&memory);
    let left = frozen(folder.path());
    let second = open(left.path());
    for memory in [&memory, &second] {
        let known = [6, 7, 8, 9].map(|fax| accepted(memory, fax));
        assert_eq!(known, [false, true, true, true]);
    }
}

#[test]
fn a_form_that_staff_names_is_no_campaign_until_it_is_forgotten() {
    let memory = house(DOUBT);
    spread(&memory, 3, 0..6);
    let id = the_campaign(&memory, at(600));
    let form = memory.name_form(id, "desk", "school form", at(600)).unwrap();
    let known = spread(&memory, 3, 10..11).pop().unwrap();
    assert!(hit(&known, "campaign.known_form"), "{known:?}");
    memory.forget_form(form, "desk", at(700)).unwrap();
    assert!(memory.forget_form(form, "desk", at(700)).is_err());
    let after = spread(&memory, 3, 12..13).pop().unwrap();
    assert!(!hit(&after, "campaign.known_form"), "{after:?}");
}

#[test]
fn a_members_blast_is_the_campaign_that_others_receive() {
    let memory = house(DOUBT);
    spread(&memory, 3, 0..5);
    let now = at(400);
    let sent = job(70, "ann", &line(70)).submitted(now);
    let pages = pages(&memory, copy(3, 70), Maps::With, now);
    let verdict = screen_pages(&memory, &sent, &pages);
    assert!(hit(&verdict, "campaign.spread"), "{verdict:?}");
    let campaign = memory.campaigns().list(None, 9, now)[0];
    assert_eq!((campaign.outbound, campaign.recipients), (1, 6));
}
