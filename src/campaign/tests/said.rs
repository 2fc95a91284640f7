//! What staff and reports say, and that it can be taken back.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::sighting::Tie;
use super::super::{Decision, DeskFault, Names, Opinion, Outcome, State};
use super::kept::{bytes, import};
use super::*;
use crate::fax::id::CampaignId;

fn decision(state: State, second: u64) -> Decision {
    Decision::new(state, "desk", "seen", at(second))
}

fn shown(campaigns: &Campaigns, id: CampaignId) -> super::super::Shown {
    campaigns.show(id, at(90)).unwrap()
}

#[test]
fn staff_says_what_a_campaign_is_and_takes_it_back() {
    let (campaigns, met) = campaign(5);
    let id = met.campaign.unwrap().id;
    let before = shown(&campaigns, id);
    assert_eq!(before.evidence.state, State::Suspected);
    campaigns.decide(id, decision(State::Confirmed, 10)).unwrap();
    let met = meet(&campaigns, mapped(1, Copied::EXACT, 0), 1);
    assert_eq!(met.campaign.unwrap().state, State::Confirmed);
    let end = Some(at(50));
    campaigns.decide(id, Decision { until: end, ..decision(State::Cleared, 20) }).unwrap();
    let states = [30, 60].map(|second| campaigns.show(id, at(second)).unwrap().evidence.state);
    assert_eq!(states, [State::Cleared, State::Confirmed]);
    assert_eq!(campaigns.undo(id).map(|undone| undone.state), Ok(State::Cleared));
    campaigns.undo(id).unwrap();
    assert_eq!(shown(&campaigns, id), before);
    assert_eq!(campaigns.undo(id), Err(DeskFault::NoDecision { id }));
    let unknown = CampaignId(id.0 + 1);
    assert_eq!(campaigns.undo(unknown), Err(DeskFault::NoCampaign { id: unknown }));
    let bad = Decision { author: String::new(), ..decision(State::Cleared, 1) };
    assert_eq!(campaigns.decide(id, bad), Err(DeskFault::Unsound));
}

/// Two campaigns, of pages 1 and 2.
fn two() -> (Campaigns, [CampaignId; 2]) {
    let (campaigns, met) = campaign(5);
    let mut last = met;
    for number in 11..=16 {
        last = meet(&campaigns, mapped(2, Copied::EXACT, 0), number);
    }
    let ids = [met, last].map(|met| met.campaign.unwrap().id);
    (campaigns, ids)
}

type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// Their rows, made once: each of their pages is laid over others, which takes most of a test.
static TWO: LazyLock<(Rows, [CampaignId; 2])> = LazyLock::new(|| {
    let (campaigns, ids) = two();
    (bytes(&campaigns.export(None, 100)), ids)
});

/// The same two, as a restart finds them.
fn two_again() -> (Campaigns, [CampaignId; 2]) {
    let (rows, ids) = &*TWO;
    let campaigns = Campaigns::with_limits(limits());
    assert_eq!(import(&campaigns, rows, 17).taken, 2);
    (campaigns, *ids)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_merge_taken_back_leaves_both_as_they_were(
        sightings in prop::collection::vec((1..3u64, 20..80u64), 0..12),
        swapped: bool,
    ) {
        let (merged, [one, other]) = two_again();
        let (apart, _) = two_again();
        let (first, second) = if swapped { (other, one) } else { (one, other) };
        prop_assert_eq!(merged.merge(first, second), Ok(one));
        prop_assert_eq!(shown(&merged, one).evidence.recipients, 11);
        prop_assert_eq!(shown(&merged, other).evidence.id, one);
        prop_assert_eq!(merged.decide(other, decision(State::Cleared, 1)), Err(DeskFault::PartOf { id: other, of: one }));
        for (page, number) in sightings {
            let met = meet(&merged, mapped(page, Copied::EXACT, 0), number);
            prop_assert_eq!(met.campaign.map(|campaign| campaign.id), Some(one));
            meet(&apart, mapped(page, Copied::EXACT, 0), number);
        }
        prop_assert_eq!(merged.split(one), Err(DeskFault::NotPart { id: one }));
        prop_assert_eq!(merged.split(other), Ok(()));
        for id in [one, other] {
            prop_assert_eq!(shown(&merged, id), shown(&apart, id));
        }
    }
}

#[test]
fn keys_of_another_campaign_merge_nothing_where_maps_differ() {
    let (campaigns, ids) = two();
    // Half of either page, and the map of both: as a form letter's parts are.
    let (one, other) = (PAGES.page(1), PAGES.page(2));
    let chunks = [&one.chunks[..4], &other.chunks[..4]].concat();
    let both = Fingerprint { chunks, ..mapped(1, Copied::EXACT, 0) };
    let met = meet(&campaigns, both, 40);
    assert_eq!(met.campaign.unwrap().id, ids[0]);
    // The other's map differs, and so it stays by itself.
    assert_eq!(campaigns.list(None, 9, at(41)).len(), 2);
}

#[test]
fn a_page_that_is_of_two_campaigns_merges_them_unless_staff_says_otherwise() {
    // One page whose halves were sent apart, so that nothing but its map is common to both.
    let half = |from: usize| {
        let mut print = mapped(1, Copied { lost_marks: 32, ..Copied::EXACT }, 0);
        print.chunks = print.chunks[from..from + 4].to_vec();
        print
    };
    let whole = || mapped(1, Copied { lost_marks: 32, ..Copied::EXACT }, 0);
    for said in [None, Some([State::Confirmed, State::Cleared])] {
        let campaigns = Campaigns::with_limits(limits());
        let mut ids = Vec::new();
        for from in [0, 4] {
            let numbers = from as u64 * 10 + 1..=from as u64 * 10 + 5;
            let last = numbers.map(|number| meet(&campaigns, half(from), number)).last();
            ids.push(last.unwrap().campaign.unwrap().id);
        }
        for (id, state) in ids.iter().zip(said.into_iter().flatten()) {
            campaigns.decide(*id, decision(state, 50)).unwrap();
        }
        let before = shown(&campaigns, ids[1]);
        let met = meet(&campaigns, whole(), 60).campaign.unwrap();
        assert_eq!(campaigns.list(None, 9, at(61)).len(), if said.is_some() { 2 } else { 1 });
        if said.is_none() {
            assert_eq!((met.id, met.recipients), (ids[0], 11));
            campaigns.split(ids[1]).unwrap();
            let apart = [shown(&campaigns, ids[0]), shown(&campaigns, ids[1])];
            let recipients = apart.each_ref().map(|shown| shown.evidence.recipients);
            assert_eq!(recipients.iter().sum::<u32>(), 11);
            // What staff took apart stays apart.
            meet(&campaigns, whole(), 61);
            assert_eq!(campaigns.list(None, 9, at(62)).len(), 2);
        } else {
            assert!(before.evidence.recipients == 5);
        }
    }
}

#[test]
fn clusters_that_are_no_campaign_yet_fold_into_the_older() {
    let campaigns = Campaigns::with_limits(limits());
    // Two pairs of one page whose keys have nothing in common, as of two resolutions.
    let distant = |number| mapped(1, Copied { lost_marks: 32, ..Copied::EXACT }, number);
    let by_marks = |number| mapped(1, Copied { lost_chunks: 8, ..Copied::EXACT }, number);
    for number in 1..=2 {
        meet(&campaigns, distant(0), number);
        meet(&campaigns, by_marks(0), number + 2);
    }
    assert_eq!(campaigns.usage().clusters, 2);
    // A page with both brings them together, and is the fifth.
    let met = meet(&campaigns, mapped(1, Copied::EXACT, 0), 5);
    let next = meet(&campaigns, mapped(1, Copied::EXACT, 0), 6);
    assert!(met.campaign.is_some() || next.campaign.is_some());
    assert!(campaigns.list(None, 9, at(9)).len() == 1);
}

#[test]
fn a_report_counts_for_all_now_or_later_and_asks_for_fingerprints() {
    let (campaigns, met) = campaign(5);
    let id = met.campaign.unwrap().id;
    let prints = [PAGES.page(1)];
    let known = PAGES.sighting(3, &prints);
    assert_eq!(campaigns.report(known.decision, Opinion::Junk, 250, at(9)), [id]);
    assert_eq!(campaigns.report(known.decision, Opinion::Wanted, 100, at(9)), [id]);
    let evidence = shown(&campaigns, id).evidence;
    assert_eq!((evidence.junk_milli, evidence.wanted_milli), (250, 100));
    campaigns.withdraw(known.decision, Opinion::Junk, 250);
    assert_eq!(shown(&campaigns, id).evidence.junk_milli, 0);
    // One that is of no campaign yet.
    let alone = [mapped(5, Copied::EXACT, 0)];
    let sighting = PAGES.sighting(70, &alone);
    let names = Names { sender: sighting.sender, ident: 0, block: 0 };
    campaigns.meet(&sighting, at(70));
    assert!(!campaigns.would_be_plausible(names, at(70)));
    assert_eq!(campaigns.report(sighting.decision, Opinion::Junk, 300, at(71)), []);
    assert!(campaigns.would_be_plausible(names, at(71)));
    assert!(!campaigns.would_be_plausible(names, at(71 + 3 * 86_400)));
    let mut last = None;
    for number in 71..=74 {
        last = meet(&campaigns, mapped(5, Copied::EXACT, 0), number).campaign;
    }
    assert_eq!(last.unwrap().junk_milli, 300);
    let stranger = PAGES.sighting(999, &prints);
    assert_eq!(campaigns.report(stranger.decision, Opinion::Junk, 300, at(71)), []);
}

#[test]
fn a_form_everybody_uses_is_quarantined_and_then_known() {
    let campaigns = Campaigns::with_limits(limits());
    for number in 1..=60 {
        let met = meet_as(&campaigns, mapped(1, Copied::EXACT, 0), number, |sighting| {
            sighting.tie = Tie::Correspondent;
        });
        let want = if number < 20 { State::Suspected } else { State::Quarantined };
        assert_eq!(met.campaign.map_or(want, |campaign| campaign.state), want, "{number}");
    }
    campaigns.expire(at(60), 100);
    assert_eq!(campaigns.forms(), []);
    let prints = [PAGES.page(1)];
    campaigns.report(PAGES.sighting(2, &prints).decision, Opinion::Wanted, 1_000, at(60));
    campaigns.expire(at(61), 100);
    let form = campaigns.forms()[0].clone();
    let met = meet(&campaigns, mapped(1, Copied::DISTANT, 0), 61);
    assert_eq!((met.outcome, met.campaign), (Outcome::Known(form.id), None));
    // Without its map the page is taken for the form, and the map is asked for; with another map it is none.
    let likely = meet(&campaigns, PAGES.page(1), 62);
    assert_eq!((likely.outcome, likely.map_wanted), (Outcome::Known(form.id), true));
    let other = meet(&campaigns, mapped(1, Copied::EXACT, 99), 63);
    assert_eq!(other.outcome, Outcome::Inserted);
    assert!(campaigns.forget_form(form.id) && !campaigns.forget_form(form.id));
    assert_eq!(meet(&campaigns, PAGES.page(1), 64).outcome, Outcome::Inserted);
}

#[test]
fn staff_names_a_form() {
    let (campaigns, met) = campaign(5);
    let id = met.campaign.unwrap().id;
    let form = campaigns.name_form(id, "desk", "tax form", at(10)).unwrap();
    let met = meet(&campaigns, mapped(1, Copied::EXACT, 0), 11);
    assert_eq!(met.outcome, Outcome::Known(form));
    assert_eq!((campaigns.forms()[0].pages, campaigns.forms()[0].author.as_str()), (1, "desk"));
}

#[test]
fn a_representative_is_taken_out() {
    let (campaigns, met) = campaign(5);
    let id = met.campaign.unwrap().id;
    // The map of the first page was not kept, for nothing was like it then.
    assert_eq!(shown(&campaigns, id).representatives, [true; 4]);
    (1..4).rev().for_each(|index| campaigns.take_out(id, index, at(9)).unwrap());
    assert_eq!(shown(&campaigns, id).representatives, [true]);
    let alone = DeskFault::NoRepresentative { id, index: 0 };
    assert_eq!(campaigns.take_out(id, 0, at(9)), Err(alone));
}
