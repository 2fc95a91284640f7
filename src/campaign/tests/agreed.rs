//! What several pages of a cluster agree on, and what becomes of one whose pages do not.

use super::super::Outcome;
use super::*;

/// A page of words with ticks, each in a line and a column of its own.
fn ticked(ticks: &[usize]) -> Fingerprint {
    let mut cells = map(1, 0).packed().to_vec();
    for tick in ticks {
        for row in 20 * (tick + 1)..20 * (tick + 1) + 4 {
            let from = 108 * row + 55 + 5 * tick;
            cells[from..from + 2].fill(0xFF);
        }
    }
    Fingerprint { map: InkMap::from_packed(&cells), ..PAGES.page(1) }
}

/// Pages as sent to recipients 1, 2, ..., of one cluster. The map of the first is not kept, for nothing is like it yet.
fn cluster(pages: &[&[usize]]) -> Campaigns {
    let campaigns = Campaigns::with_limits(limits());
    for (ticks, number) in pages.iter().zip(1..) {
        let met = meet(&campaigns, ticked(ticks), number);
        let recipients = if number == 1 { 0 } else { u32::try_from(number).unwrap() };
        assert_eq!(met.recipients, recipients, "{ticks:?}");
    }
    campaigns
}

#[test]
fn a_copy_joins_what_agrees_though_it_is_like_no_other() {
    // Each with a line of its own.
    let campaigns = cluster(&[&[], &[0], &[1], &[2]]);
    // Three lines from each of them are one too many; two from what they agree on are not.
    let copy = meet(&campaigns, ticked(&[3, 4]), 5);
    assert_eq!((copy.recipients, copy.campaign.is_some()), (5, true));
    let other = meet(&campaigns, ticked(&[5, 6, 7]), 6);
    assert_eq!((other.outcome, other.recipients), (Outcome::Inserted, 0));
}

#[test]
fn fillings_that_fall_apart_become_no_campaign() {
    // Any two differ in two places: as much as is forgiven a pair.
    let fillings: [&[usize]; 4] = [&[0, 1], &[0, 1], &[0, 2], &[1, 2]];
    let fifth = |campaigns: &Campaigns| {
        let met = meet(campaigns, ticked(&[0, 1]), 30);
        assert_eq!(met.recipients, 5);
        met.campaign
    };
    assert!(fifth(&cluster(&fillings)).is_some());
    // Five recipients' fillings, each unlike the others, tell the three apart.
    let campaigns = cluster(&fillings);
    let others = [[3, 4, 5], [6, 7, 8], [9, 10, 3], [4, 6, 9], [5, 7, 10]];
    for (number, ticks) in (11..).zip(others) {
        let met = meet(&campaigns, ticked(&ticks), number);
        assert_eq!((met.outcome, met.recipients), (Outcome::Inserted, 0), "{ticks:?}");
    }
    assert!(fifth(&campaigns).is_none());
    assert!(campaigns.forms().is_empty(), "and for that nothing of it is passed over");
}

#[test]
fn a_campaign_is_not_undone_by_pages_that_are_none_of_it() {
    let (campaigns, met) = campaign(5);
    for (number, ticks) in
        (11..).zip([[1, 3, 4, 9], [1, 2, 5, 6], [2, 3, 7, 8], [0, 3, 9, 5], [0, 4, 8, 6]])
    {
        meet(&campaigns, ticked(&ticks), number);
    }
    let copy = meet(&campaigns, mapped(1, Copied::EXACT, 0), 30);
    assert_eq!(copy.campaign.map(|one| one.id), met.campaign.map(|one| one.id));
}
