//! What a received TIFF-F file tells of its fax, in the words of the contract. No byte of a page is looked at.

use pbjson_types::Duration;

use super::session::{field, handshake, wire_coding};
use crate::content::tiff::{HostileBytes, TiffFax, TiffPage};
use crate::wire::screening::v1::{Handshake, Page, ReceiveOutcome, Received};

/// What the far end said, as text that the contract takes.
#[must_use]
pub fn claim(bytes: Option<&HostileBytes>) -> String {
    bytes.map_or_else(String::new, |bytes| field(&String::from_utf8_lossy(bytes.bytes())))
}

/// The session as the first page's tags tell of it.
#[must_use]
pub fn session(fax: &TiffFax) -> Handshake {
    let Some(page) = fax.pages.first() else {
        return Handshake::default();
    };
    let told = handshake(page.params, page.dcs.as_ref());
    let known = |told: u32, tag: Option<u32>| if told == 0 { tag.unwrap_or(0) } else { told };
    Handshake {
        tsi: claim(fax.identity.tsi.as_ref()),
        sub_address: claim(page.sub_address.as_ref()),
        horizontal_dpi: known(told.horizontal_dpi, page.x_dpi),
        vertical_dpi: known(told.vertical_dpi, page.y_dpi),
        width_px: page.width,
        coding: match told.coding {
            0 => wire_coding(page.coding).into(),
            coding => coding,
        },
        ..told
    }
}

/// A page of the file.
#[must_use]
pub fn page_facts(page_number: u32, page: &TiffPage, more_follow: bool) -> Page {
    Page {
        page_number,
        row_count: page.rows,
        bad_row_count: page.bad_rows.unwrap_or(0),
        size_bytes: u32::try_from(page.coded_bytes).unwrap_or(u32::MAX),
        duration: page.receive_seconds.map(seconds),
        more_follow,
        ..Page::default()
    }
}

/// The whole file as a call that is over. A damaged file is part of a fax.
#[must_use]
pub fn received(fax: &TiffFax) -> Received {
    let pages = &fax.pages;
    let times = pages.iter().filter_map(|page| page.receive_seconds);
    let total = times.fold(0, u32::saturating_add);
    let outcome = match fax.fault {
        None => ReceiveOutcome::Complete,
        Some(_) => ReceiveOutcome::Partial,
    };
    Received {
        outcome: outcome.into(),
        page_count: u32::try_from(pages.len()).unwrap_or(u32::MAX),
        size_bytes: pages.iter().fold(0, |sum, page| sum.saturating_add(page.coded_bytes)),
        duration: (total > 0).then(|| seconds(total)),
        row_count_max: pages.iter().map(|page| page.rows).max().unwrap_or(0),
        bad_row_count: pages.iter().filter_map(|page| page.bad_rows).fold(0, u32::saturating_add),
        ..Received::default()
    }
}

/// So many seconds, as they travel.
#[must_use]
pub fn seconds(count: u32) -> Duration {
    Duration { seconds: count.into(), nanos: 0 }
}
