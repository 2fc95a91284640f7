//! What is kept, and how long.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::{Decision, Imported, Opinion, Row, RowKey, State};
use super::*;

pub(super) fn bytes(rows: &[Row]) -> Vec<(Vec<u8>, Vec<u8>)> {
    rows.iter().map(|row| (row.key.encode().to_vec(), row.value.clone().unwrap())).collect()
}

pub(super) fn import(campaigns: &Campaigns, rows: &[(Vec<u8>, Vec<u8>)], second: u64) -> Imported {
    campaigns.import(rows.iter().map(|(key, value)| (&key[..], &value[..])), at(second))
}

/// Campaigns of pages 1 and 2, the second merged into the first, decided on and reported, and a known form.
fn rich() -> Campaigns {
    let (campaigns, met) = campaign(9);
    let one = met.campaign.unwrap().id;
    let mut other = met;
    for number in 11..=20 {
        other = meet(&campaigns, mapped(2, Copied::EXACT, 0), number);
    }
    let other = other.campaign.unwrap().id;
    let prints = [PAGES.page(1)];
    campaigns.report(PAGES.sighting(3, &prints).decision, Opinion::Junk, 400, at(21));
    campaigns.decide(other, Decision::new(State::Confirmed, "desk", "seen", at(22))).unwrap();
    campaigns.merge(one, other).unwrap();
    campaigns.name_form(other, "desk", "known", at(23)).unwrap();
    campaigns
}

#[test]
fn campaigns_survive_a_restart() {
    let campaigns = rich();
    let rows = bytes(&campaigns.export(None, 100));
    assert_eq!(rows.len(), 3);
    let paged: Vec<Row> = {
        let mut all = Vec::new();
        while let Some(row) = campaigns.export(all.last().map(|row: &Row| row.key), 1).pop() {
            all.push(row);
        }
        all
    };
    assert_eq!(bytes(&paged), rows);
    let again = Campaigns::with_limits(limits());
    assert_eq!(import(&again, &rows, 30), Imported { taken: 3, expired: 0, refused: 0 });
    assert_eq!(bytes(&again.export(None, 100)), rows);
    assert_eq!(again.list(None, 9, at(30)), campaigns.list(None, 9, at(30)));
    assert_eq!(again.forms(), campaigns.forms());
    // Its pages are found at once, and new clusters get new numbers.
    let met = meet(&again, mapped(1, Copied::DISTANT, 0), 31).campaign.unwrap();
    assert_eq!((met.recipients, met.state), (20, State::Confirmed));
    assert_eq!(import(&again, &rows, 30), Imported { taken: 0, expired: 0, refused: 3 });
}

#[test]
fn what_changed_is_written_and_what_went_is_taken_out() {
    let campaigns = rich();
    let changes = campaigns.take_changes(100);
    assert_eq!(bytes(&changes), bytes(&campaigns.export(None, 100)));
    assert_eq!(campaigns.take_changes(100), []);
    meet(&campaigns, mapped(1, Copied::EXACT, 0), 40);
    assert_eq!(campaigns.take_changes(100).len(), 1);
    campaigns.expire(at(30 * 86_400), 100);
    let gone = campaigns.take_changes(100);
    assert_eq!(gone.len(), 2);
    assert!(gone.iter().all(|row| row.value.is_none()));
}

/// Its rows, made once: each of its pages is laid over others.
static RICH: LazyLock<Vec<Row>> = LazyLock::new(|| rich().export(None, 100));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn damaged_rows_are_refused(place: prop::sample::Index, bit in 0..8u32, cut: prop::sample::Index) {
        for row in RICH.clone() {
            let value = row.value.unwrap();
            let mut damaged = value.clone();
            let at = place.index(damaged.len());
            damaged[at] ^= 1 << bit;
            let short = value[..cut.index(value.len())].to_vec();
            for bad in [damaged, short] {
                let fresh = Campaigns::with_limits(limits());
                let rows = [(row.key.encode().to_vec(), bad)];
                prop_assert_eq!(import(&fresh, &rows, 30), Imported { refused: 1, ..Imported::default() });
                prop_assert_eq!(fresh.usage().clusters, 0);
            }
        }
    }

    #[test]
    fn any_bytes_are_refused(value in prop::collection::vec(any::<u8>(), 0..300), key in prop::collection::vec(any::<u8>(), 0..12)) {
        let fresh = Campaigns::with_limits(limits());
        let got = import(&fresh, &[(key.clone(), value)], 30);
        prop_assert_eq!(got.refused, 1);
        if let Some(known) = RowKey::decode(&key) {
            prop_assert_eq!(known.encode().to_vec(), key);
        }
    }
}

#[test]
fn pages_and_clusters_go_when_their_time_is_over() {
    let campaigns = Campaigns::with_limits(limits());
    meet(&campaigns, mapped(1, Copied::EXACT, 0), 1);
    meet(&campaigns, mapped(1, Copied::EXACT, 0), 2);
    assert_eq!((campaigns.usage().pages, campaigns.usage().clusters), (2, 1));
    let late = 2 * 86_400 + 10;
    // Even before housekeeping came round, they are too old to match.
    assert_eq!(campaigns.look(&mapped(1, Copied::EXACT, 0), at(late)).recipients, 0);
    campaigns.expire(at(late), 10);
    let usage = campaigns.usage();
    assert_eq!((usage.pages, usage.clusters, usage.cluster_bytes, usage.map_bytes), (0, 0, 0, 0));
}

#[test]
fn an_active_campaign_stays_findable_beyond_the_window() {
    let (campaigns, met) = campaign(5);
    let id = met.campaign.unwrap().id;
    let day = 86_400;
    for half in 1..=8 {
        campaigns.expire(at(half * day / 2), 100);
    }
    // Nobody sent it for two days: it is a record without anything to find it by.
    assert!(campaigns.show(id, at(4 * day)).unwrap().representatives.is_empty());
    let (campaigns, met) = campaign(5);
    let id = met.campaign.unwrap().id;
    for half in 1..=20 {
        let second = half * day / 2;
        let found = meet(&campaigns, mapped(1, Copied::DISTANT, 0), second);
        assert_eq!(found.campaign.map(|campaign| campaign.id), Some(id), "{half}");
        campaigns.expire(at(second), 100);
    }
}

#[test]
fn where_memory_is_full_clusters_go_first_and_campaigns_last() {
    let tight = Limits { cluster_bytes: 400_000, ..limits() };
    let campaigns = Campaigns::with_limits(tight);
    let mut id = None;
    for number in 1..=5 {
        id = meet(&campaigns, mapped(1, Copied::EXACT, 0), number).campaign;
    }
    let id = id.unwrap().id;
    for pair in 10..400 {
        meet(&campaigns, mapped(pair, Copied::EXACT, 0), pair * 2);
        meet(&campaigns, mapped(pair, Copied::EXACT, 0), pair * 2 + 1);
    }
    let usage = campaigns.usage();
    assert!(usage.evicted > 300 && usage.cluster_bytes < 440_000, "{usage:?}");
    assert!(campaigns.show(id, at(800)).is_some());
    let met = meet(&campaigns, mapped(1, Copied::EXACT, 0), 900);
    assert_eq!(met.campaign.map(|campaign| campaign.id), Some(id));
}
