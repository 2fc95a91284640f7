//! What is found, and what is not.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use proptest::prelude::*;

use super::super::bank::nobody;
use super::super::facts::Facts;
use super::super::index::{CHAIN_MAX, OWN_MAX, exact, near};
use super::super::ring::{Page, Ring};
use super::super::sighting::Tie;
use super::super::votes::between;
use super::super::{Outcome, Sureness};
use super::*;
use crate::content::fingerprint::{CHUNK_KEYS_MAX, InvalidFingerprint, Mark};
use crate::fax::stage::Direction;

fn put(ring: &Ring, print: &Fingerprint) -> u64 {
    let facts = nobody(print.epoch, 1_000);
    ring.insert(&Page { facts, fingerprint: Some(print), decision: None, cluster: 0 })
}

fn search(ring: &Ring, print: &Fingerprint) -> Vec<u64> {
    let shared = exact(ring, print);
    near(ring, print, &shared).candidates.iter().map(|candidate| candidate.seq).collect()
}

#[test]
fn a_copy_is_found_at_once_and_by_marks_alone() {
    let ring = Ring::with_capacity(1_000);
    let seqs: Vec<u64> = (0..500).map(|page| put(&ring, &PAGES.page(page))).collect();
    for page in [0, 250, 499] {
        let seq = seqs[usize::try_from(page).unwrap()];
        assert_eq!(search(&ring, &PAGES.page(page)), [seq]);
        assert_eq!(search(&ring, &PAGES.copy(page, Copied::DISTANT)), [seq]);
        let shared = exact(&ring, &PAGES.page(page));
        let found = shared.found(&ring);
        assert_eq!(found.candidates.len(), 1);
        assert_eq!(found.candidates[0].evidence.keys, 8);
    }
    assert_eq!(search(&ring, &PAGES.page(9_999)), Vec::<u64>::new());
    let other_epoch = Fingerprint { epoch: 2, chunks: vec![77], ..PAGES.page(3) };
    assert_eq!(search(&ring, &other_epoch), Vec::<u64>::new());
}

/// A page of a few keys and marks, so that chains are long and shared. A fingerprint has no `Debug`.
fn small_page(chunks: &BTreeSet<u64>, marks: &[(u64, u8)]) -> Fingerprint {
    let mark = |(kind, place): &(u64, u8)| Mark {
        column: place * 20,
        row: 7,
        bits: ((kind + 1) * 0x1357_9BDF_0123) & 0xFFFF_FFFF_FFFF,
        weak: [0, 1, 2, 3, 4, 5, 6, 7],
    };
    Fingerprint {
        epoch: 1,
        // The halves of a key are as independent as those of a digest.
        chunks: chunks.iter().map(|key| key.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect(),
        marks: marks.iter().map(mark).collect(),
        map: None,
    }
}

proptest! {
    /// The ring against a list: what is within it and shares enough is found while chains are short, and nothing else
    /// ever is: no page that was overwritten, none younger, none foreign.
    #[test]
    fn the_ring_finds_what_a_list_finds(
        pages in prop::collection::vec(
            (
                prop::collection::btree_set(1..12u64, 0..4),
                prop::collection::vec((0..4u64, 0..3u8), 0..6),
            ),
            1..60,
        ),
        capacity in 1..20u32,
    ) {
        let pages: Vec<Fingerprint> =
            pages.iter().map(|(chunks, marks)| small_page(chunks, marks)).collect();
        let ring = Ring::with_capacity(capacity);
        let mut list: Vec<(u64, &Fingerprint)> = Vec::new();
        for page in &pages {
            let kept = list.len().saturating_sub(capacity as usize);
            let live = &list[kept..];
            let found = search(&ring, page);
            for (seq, older) in live {
                let evidence = between(page, older);
                // A key of up to 16 pages does not flood.
                if evidence.is_candidate() && capacity <= 15 {
                    prop_assert!(found.contains(seq), "{seq} missing");
                }
            }
            for seq in &found {
                let older = live.iter().find(|(known, _)| known == seq);
                prop_assert!(older.is_some(), "{seq} is gone");
                let evidence = between(page, older.unwrap().1);
                prop_assert!(evidence.keys > 0 || evidence.votes > 0, "{seq} has nothing of it");
            }
            list.push((put(&ring, page), page));
        }
    }
}

/// A reader beside the writer, on a ring so small that what is read is overwritten all the time: what is found is whole,
/// and is the page that was looked for.
#[test]
fn what_is_read_beside_the_writer_is_whole() {
    let ring = Ring::with_capacity(48);
    let latest = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    let looks = AtomicU64::new(0);
    let put = |page: u64| {
        let facts = Facts { recipient: page + 1, sender: !page, ..nobody(1, 1_000) };
        let print = PAGES.page(page);
        ring.insert(&Page { facts, fingerprint: Some(&print), decision: None, cluster: 0 });
        latest.store(page, Ordering::Release);
    };
    // What is looked for is there, from the first look on.
    put(0);
    let found = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut found = 0;
            let mut back = 0;
            while !done.load(Ordering::Relaxed) {
                looks.fetch_add(1, Ordering::Relaxed);
                back = (back + 7) % 48;
                let page = latest.load(Ordering::Acquire).saturating_sub(back);
                let print = PAGES.page(page);
                let shared = exact(&ring, &print);
                for candidate in near(&ring, &print, &shared).candidates {
                    let Some((facts, _)) = candidate.known(&ring, 1) else { continue };
                    assert_eq!((facts.recipient, facts.sender), (page + 1, !page));
                    assert_eq!(candidate.evidence.keys, 8);
                    found += 1;
                }
            }
            found
        });
        for page in 1..20_000 {
            put(page);
            if page % 500 == 0 {
                // A writer that is much faster leaves nothing to be found: at times a look is had in peace.
                let after = looks.load(Ordering::Relaxed) + 2;
                while looks.load(Ordering::Relaxed) < after && !reader.is_finished() {
                    std::thread::yield_now();
                }
            }
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(found > 10, "{found}");
}

#[test]
fn seqs_go_round_their_27_bits() {
    // Enough to see every link come round would take 2^27 pages; the arithmetic is the same from any start.
    let ring = Ring::with_capacity(8);
    ring.begin_at((1 << 27) - 3);
    for page in 0..40 {
        let seq = put(&ring, &PAGES.page(page));
        assert_ne!(seq % (1 << 27), 0);
        assert_eq!(search(&ring, &PAGES.page(page)), [seq]);
        if page >= 6 {
            assert_eq!(search(&ring, &PAGES.page(page - 6)).len(), 1);
        }
        if page >= 8 {
            assert_eq!(search(&ring, &PAGES.page(page - 8)), Vec::<u64>::new());
        }
    }
}

#[test]
fn a_bucket_that_floods_is_counted_and_counts_less() {
    let ring = Ring::with_capacity(4_096);
    let common = PAGES.page(1).marks[0];
    let page = |number: u64, marks: usize| {
        let mut page = PAGES.page(number);
        for (mark, at) in page.marks[..marks].iter_mut().zip(0..) {
            *mark = common;
            mark.column = at * 9;
        }
        page
    };
    for number in 10..10 + OWN_MAX as u64 + 100 {
        put(&ring, &page(number, 1));
    }
    let last = put(&ring, &page(5_000, 3));
    let asked = page(6_000, 3);
    let found = near(&ring, &asked, &exact(&ring, &asked));
    assert_eq!(found.floods, 3);
    // Three marks in common that the whole world has are no candidate.
    assert!(found.candidates.iter().all(|candidate| candidate.seq != last));
}

/// Pages whose first marks are that one, side by side.
fn marked(number: u64, mark: Mark, marks: usize) -> Fingerprint {
    let mut page = PAGES.page(number);
    for (place, at) in page.marks[..marks].iter_mut().zip(0..) {
        *place = Mark { column: at * 9, row: 7, ..mark };
    }
    page
}

/// The votes for a page of three marks that differ in the first bit that the second round changes and in no other, where so
/// many pages lie in the bucket of `flood`; and the marks that flood.
fn votes_beside(flood: Mark, pages: usize) -> (Option<(u32, u32)>, u32) {
    let ring = Ring::with_capacity(4_096);
    let own = PAGES.page(1).marks[0];
    // What floods the bucket is near to nothing: all bits beyond it differ.
    let flood = Mark { bits: flood.bits ^ 0xFFFF_FF00_0000, ..flood };
    for number in 10..10 + pages as u64 {
        put(&ring, &marked(number, flood, 1));
    }
    let other = Mark { bits: own.bits ^ 1 << own.weak[4], ..own };
    let sought = put(&ring, &marked(5_000, other, 3));
    let asked = marked(6_000, own, 3);
    let found = near(&ring, &asked, &exact(&ring, &asked));
    let candidate = found.candidates.iter().find(|candidate| candidate.seq == sought);
    let evidence = candidate.map(|candidate| candidate.evidence);
    (evidence.map(|evidence| (evidence.votes, evidence.weight)), found.floods)
}

/// The probes of a mark are numbered within their round: what floods the second bucket of the first
/// weighs down nothing that is found by the first of the next.
#[test]
fn a_bucket_that_floods_weighs_down_no_vote_of_another_round() {
    let own = PAGES.page(1).marks[0];
    let first = Mark { bits: own.bits ^ 1 << own.weak[0], ..own };
    assert_eq!(votes_beside(first, CHAIN_MAX + 100), (Some((3, 12)), 0));
}

#[test]
fn what_half_the_world_has_is_looked_for_in_its_own_bucket_alone() {
    let own = PAGES.page(1).marks[0];
    assert_eq!(votes_beside(own, OWN_MAX), (Some((3, 12)), 0));
    assert_eq!(votes_beside(own, OWN_MAX + 1), (None, 3));
}

#[test]
fn five_recipients_are_a_campaign_and_four_are_none() {
    let (campaigns, met) = campaign(4);
    assert_eq!((met.outcome, met.campaign, met.recipients), (Outcome::Inserted, None, 4));
    assert_eq!(met.sureness, Some(Sureness::Verified));
    let met = meet(&campaigns, mapped(1, Copied::EXACT, 0), 5);
    let evidence = met.campaign.unwrap();
    assert_eq!((evidence.recipients, evidence.verified, evidence.sightings), (5, 5, 5));
    assert_eq!((evidence.counted, evidence.senders, evidence.traps), (5, 5, 0));
    assert_eq!(campaigns.list(None, 10, at(9)), [evidence]);
    // Looking changes nothing.
    let looked = campaigns.look(&mapped(1, Copied::DISTANT, 0), at(5));
    assert_eq!((looked.outcome, looked.campaign), (Outcome::Looked, Some(evidence)));
}

#[test]
fn a_template_with_other_fill_is_no_campaign() {
    let campaigns = Campaigns::with_limits(limits());
    for number in 1..=12 {
        let fill = u8::try_from(number).unwrap() * 5 + 1;
        let met = meet(&campaigns, mapped(1, Copied::EXACT, fill), number);
        assert_eq!(met.campaign, None, "{number}");
    }
}

#[test]
fn without_maps_a_page_is_likely_and_its_map_is_asked_for() {
    let campaigns = Campaigns::with_limits(limits());
    let first = meet(&campaigns, PAGES.page(1), 1);
    assert_eq!((first.sureness, first.map_wanted), (None, false));
    let second = meet(&campaigns, PAGES.page(1), 2);
    assert_eq!((second.sureness, second.map_wanted), (Some(Sureness::Likely), true));
    // It comes again with its map, which the cluster is recognised by from then on.
    let again = meet(&campaigns, mapped(1, Copied::EXACT, 0), 2);
    assert_eq!((again.outcome, again.map_wanted), (Outcome::Replayed, false));
    let third = meet(&campaigns, mapped(1, Copied::EXACT, 0), 3);
    assert_eq!(third.sureness, Some(Sureness::Verified));
    let other = meet(&campaigns, mapped(1, Copied::EXACT, 99), 4);
    assert_eq!(other.sureness, None);
    // Likely ones make a campaign too, but it takes four times as many: eight for the two that are missing.
    for number in 5..20 {
        let met = meet(&campaigns, PAGES.page(1), number);
        assert_eq!(met.campaign.is_some(), number >= 12, "{number} {met:?}");
    }
    let known = meet(&campaigns, PAGES.page(1), 30).recipients;
    assert_eq!(known, 19);
}

#[test]
fn a_likely_page_whose_map_is_another_leaves() {
    let (campaigns, met) = campaign(5);
    let before = met.campaign.unwrap();
    let likely = meet(&campaigns, PAGES.page(1), 6);
    assert_eq!((likely.sureness, likely.map_wanted), (Some(Sureness::Likely), true));
    assert_eq!(likely.campaign.unwrap().sightings, before.sightings + 1);
    let denied = meet(&campaigns, mapped(1, Copied::EXACT, 99), 6);
    assert_eq!((denied.sureness, denied.campaign), (None, None));
    assert_eq!(campaigns.list(None, 1, at(6))[0].sightings, before.sightings);
}

#[test]
fn a_sighting_counts_once_however_often_it_comes() {
    let (campaigns, met) = campaign(5);
    for _ in 0..9 {
        let again = meet(&campaigns, mapped(1, Copied::EXACT, 0), 5);
        assert_eq!((again.outcome, again.campaign), (Outcome::Replayed, met.campaign));
    }
    let page = meet_as(&campaigns, mapped(1, Copied::EXACT, 0), 5, |sighting| sighting.page = 1);
    assert_eq!(page.campaign.unwrap().sightings, 6);
    assert_eq!(page.campaign.unwrap().recipients, 5);
}

#[test]
fn one_node_makes_no_campaign_where_there_are_others() {
    let campaigns = Campaigns::with_limits(limits());
    meet_as(&campaigns, PAGES.page(99), 999, |sighting| sighting.node = 7 << 32);
    for number in 1..=50 {
        let met = meet_as(&campaigns, mapped(1, Copied::EXACT, 0), number, |sighting| {
            sighting.node = 66 << 32;
        });
        assert_eq!(met.campaign, None, "{number}");
    }
    for number in 51..=52 {
        let met = meet_as(&campaigns, mapped(1, Copied::EXACT, 0), number, |sighting| {
            sighting.node = 7 << 32;
        });
        let evidence = met.campaign;
        assert_eq!(evidence.is_some(), number == 52);
        // Fifty of one node weigh what two of another let them.
        assert!(evidence.is_none_or(|evidence| evidence.counted == 5), "{evidence:?}");
    }
}

#[test]
fn a_member_who_sends_and_those_who_receive_are_one_campaign() {
    let campaigns = Campaigns::with_limits(limits());
    for number in 1..=6 {
        meet_as(&campaigns, mapped(1, Copied::EXACT, 0), number, |sighting| {
            sighting.direction =
                if number % 2 == 0 { Direction::Outbound } else { Direction::Inbound };
            sighting.tie = if number == 1 { Tie::Trap } else { Tie::Correspondent };
        });
    }
    let evidence = campaigns.list(None, 1, at(7))[0];
    assert_eq!((evidence.recipients, evidence.outbound, evidence.traps), (6, 3, 1));
    assert_eq!(evidence.correspondence_milli, 833);
}

#[test]
fn what_no_page_gives_and_what_is_blank_matches_nothing() {
    let campaigns = Campaigns::with_limits(limits());
    let blank = || Fingerprint { epoch: 1, chunks: vec![], marks: vec![], map: None };
    for number in 1..=9 {
        assert_eq!(meet(&campaigns, blank(), number).outcome, Outcome::Blank);
        let ones = Fingerprint { chunks: vec![u64::MAX; 8], ..blank() };
        let forged = Outcome::Forged(InvalidFingerprint::ConstantChunks.into());
        assert_eq!(meet(&campaigns, ones, number).outcome, forged);
        let many = Fingerprint { chunks: vec![3; CHUNK_KEYS_MAX + 1], ..blank() };
        let forged = Outcome::Forged(InvalidFingerprint::Chunks { count: 9 }.into());
        assert_eq!(campaigns.look(&many, at(1)).outcome, forged);
    }
    assert_eq!(campaigns.usage().pages, 0);
}

/// Marks as under another secret.
fn renewed(mut marks: Vec<Mark>) -> Vec<Mark> {
    marks.iter_mut().for_each(|mark| mark.bits = !mark.bits & 0xFFFF_FFFF_FFFF);
    marks
}

#[test]
fn a_page_of_two_epochs_carries_a_campaign_over() {
    let (campaigns, met) = campaign(5);
    let newer = |page: u64| Fingerprint {
        epoch: 2,
        chunks: PAGES.page(page).chunks.iter().map(|key| !key).collect(),
        marks: renewed(PAGES.page(page).marks),
        map: Some(map(page, 0)),
    };
    let alone = campaigns.look(&newer(1), at(6));
    assert_eq!(alone.campaign, None);
    let both = [mapped(1, Copied::EXACT, 0), newer(1)];
    let over = campaigns.meet(&PAGES.sighting(6, &both), at(6)).campaign.unwrap();
    assert_eq!(over.id, met.campaign.unwrap().id);
    let next = meet(&campaigns, newer(1), 7).campaign.unwrap();
    assert_eq!((next.id, next.recipients), (over.id, 7));
}

#[test]
fn a_large_campaign_does_not_flood_the_index() {
    // Laying pages over each other is slow unoptimised: those after the first hundred come without a map.
    let (campaigns, _) = campaign(100);
    let met = (101..=1_000).map(|number| meet(&campaigns, PAGES.page(1), number)).last().unwrap();
    let evidence = met.campaign.unwrap();
    assert_eq!(evidence.sightings, 1_000);
    assert!((730..1_270).contains(&evidence.recipients), "{}", evidence.recipients);
    let copy = campaigns.look(&mapped(1, Copied::DISTANT, 0), at(1_000));
    assert_eq!(copy.campaign.map(|campaign| campaign.id), Some(evidence.id));
    assert_eq!(copy.floods, 0);
}
