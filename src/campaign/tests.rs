//! Campaigns as a whole: what is met, joined, counted, decided and kept.

mod agreed;
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

/// A map of words on every sixth row of cells, others on each page; on every second of those rows they are of the `fill`.
fn map(page: u64, fill: u8) -> InkMap {
    let mut cells = vec![0_u8; 108 * 240];
    for (line, row) in (2..118_u64).step_by(6).enumerate() {
        let of_fill = if line % 2 == 0 { 0 } else { u64::from(fill) + 1 };
        let mut state = (page * 1_009 + row) * 31 + of_fill * 7_919;
        let mut at = 3;
        while at < 48 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let [.., width, gap] = state.to_be_bytes();
            let [width, gap] = [width % 5 + 1, gap % 4 + 1].map(usize::from);
            for row in (2 * row..2 * row + 4).map(|row| 108 * usize::try_from(row).unwrap()) {
                cells[row + 2 * at..row + 2 * (at + width).min(50)].fill(0x99);
            }
            at += width + gap;
        }
    }
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
