//! Campaigns as a whole: what is met, joined, counted, decided and kept.

mod found;
mod kept;
mod said;

use super::synthetic::{Copied, Synthetic};
use super::{Campaigns, Limits, Met, Sighting};
use crate::content::fingerprint::{Fingerprint, InkMap};
use crate::time::{Span, Timestamp};

const PAGES: Synthetic = Synthetic { seed: 7, common_milli: 0 };

fn limits() -> Limits {
    Limits { cluster_bytes: 8 << 20, map_bytes: 1 << 20, forms: 16, ..Limits::of_pages(4_096) }
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).plus(Span::seconds(second))
}

/// A map that is another's where the page is, and shows `fill` otherwise.
fn map(page: u64, fill: u8) -> InkMap {
    let [low, high, ..] = page.to_le_bytes();
    let cells: Vec<u8> = (0..54 * 40u16)
        .map(|cell| {
            let [a, b] = cell.to_le_bytes();
            a.wrapping_mul(31)
                ^ b
                ^ low.wrapping_mul(77)
                ^ high
                ^ if cell % 8 == 0 { fill } else { 0 }
        })
        .collect();
    InkMap::from_packed(&cells).unwrap()
}

/// A copy of a page, with its map.
fn mapped(page: u64, copied: Copied, fill: u8) -> Fingerprint {
    Fingerprint { map: Some(map(page, fill)), ..PAGES.copy(page, copied) }
}

/// A page is met as sent to recipient `number`, changed by `change`.
fn meet_as(
    campaigns: &Campaigns,
    print: Fingerprint,
    number: u64,
    change: impl FnOnce(&mut Sighting<'_>),
) -> Met {
    let prints = [print];
    let mut sighting = PAGES.sighting(number, &prints);
    change(&mut sighting);
    campaigns.meet(&sighting, at(number))
}

fn meet(campaigns: &Campaigns, print: Fingerprint, number: u64) -> Met {
    meet_as(campaigns, print, number, |_| {})
}

/// A campaign of so many recipients, of page 1.
fn campaign(recipients: u64) -> (Campaigns, Met) {
    let campaigns = Campaigns::with_limits(limits());
    let mut last = None;
    for number in 1..=recipients {
        last = Some(meet(&campaigns, mapped(1, Copied::EXACT, 0), number));
    }
    (campaigns, last.unwrap())
}
