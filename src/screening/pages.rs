//! Pages: what sizes, rows and line time tell, without a look at a page.

use super::gather::shape_key;
use crate::fax::stage::{PageFacts, ReceivedFacts};
use crate::features::Feature;
use crate::ledger::PageStats;
use crate::memory::open::AtWork;

/// Below this a page of paper holds next to nothing, black or blank (measured: A4 black 726, blank 588).
const TINY_BYTES: u32 = 1_000;

/// A page arrived.
pub(super) fn page(open: &mut AtWork<'_>, page: &PageFacts) {
    let stats = &mut open.pages;
    stats.count = stats.count.max(page.number);
    add_bytes(stats, page.bytes);
    stats.slowest = stats.slowest.max(seconds(page.duration.as_seconds()));
    stats.rows_most = stats.rows_most.max(page.rows);
    stats.rows = stats.rows.saturating_add(page.rows.into());
    stats.bad_rows = stats.bad_rows.saturating_add(page.bad_rows.into());
    stats.retrains = stats.retrains.saturating_add(page.retrains);
    show(open);
}

/// The call ended: what no page stage has told is told now.
pub(super) fn received(open: &mut AtWork<'_>, received: &ReceivedFacts) {
    let stats = &mut open.pages;
    if stats.count == 0 {
        received.page_bytes.iter().for_each(|bytes| add_bytes(stats, *bytes));
        stats.bytes = stats.bytes.max(received.bytes);
        stats.bad_rows = received.bad_rows.into();
        if received.page_bytes.is_empty() && received.pages > 0 {
            stats.largest = seconds(received.bytes / u64::from(received.pages));
            if stats.largest < TINY_BYTES && received.bytes > 0 {
                stats.tiny = received.pages;
            }
        }
        if received.pages > 0 {
            // The slowest page took at least the mean; a handshake takes about 15 s of the call.
            let on_pages = received.duration.as_seconds().saturating_sub(15);
            stats.slowest = seconds(on_pages / u64::from(received.pages));
        }
    }
    stats.count = stats.count.max(received.pages);
    stats.rows_most = stats.rows_most.max(received.rows_max);
    show(open);
    if open.observation.shape != 0 {
        open.observation.shape = shape_key(open);
    }
}

/// A job, once its pages are known.
pub(super) fn job(open: &mut AtWork<'_>, pages: u32, bytes: u64) {
    if pages > 0 {
        open.pages.count = pages;
        open.pages.bytes = bytes;
        show(open);
    }
}

fn add_bytes(stats: &mut PageStats, bytes: u32) {
    if bytes == 0 {
        return;
    }
    stats.equal_now = if bytes == stats.latest { stats.equal_now.saturating_add(1) } else { 1 };
    stats.equal_most = stats.equal_most.max(stats.equal_now);
    stats.latest = bytes;
    stats.bytes = stats.bytes.saturating_add(bytes.into());
    stats.largest = stats.largest.max(bytes);
    stats.tiny = stats.tiny.saturating_add(u32::from(bytes < TINY_BYTES));
}

fn seconds(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn show(open: &mut AtWork<'_>) {
    let AtWork { open, features } = open;
    let stats = &open.pages;
    features.set(Feature::Pages, stats.count);
    features.set(Feature::PageBytesMean, stats.bytes / u64::from(stats.count.max(1)));
    features.set(Feature::PageBytesMax, stats.largest);
    features.set(Feature::PageSecondsMax, stats.slowest);
    features.set(Feature::EqualPages, stats.equal_most);
    features.set(Feature::TinyPages, stats.tiny);
    features.set(Feature::RowsMax, stats.rows_most);
    let bad = stats.bad_rows.saturating_mul(1_000) / stats.rows.max(1);
    features.set(Feature::BadRowShare, bad.min(1_000));
    if stats.retrains > 0 {
        let retrains = u32::try_from(features.get(Feature::Retrains)).unwrap_or(0);
        features.set(Feature::Retrains, retrains.max(stats.retrains));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Features;
    use crate::memory::open::OpenDecision;
    use crate::time::Span;

    fn pages(sizes: &[u32]) -> Features {
        let mut decision = OpenDecision::default();
        let mut open = AtWork::on(&mut decision);
        for (number, bytes) in (1..).zip(sizes) {
            let facts = PageFacts {
                number,
                bytes: *bytes,
                rows: 1_143,
                duration: Span::seconds(7),
                ..PageFacts::default()
            };
            page(&mut open, &facts);
        }
        open.features
    }

    #[test]
    fn a_loop_shows_in_equal_sizes() {
        let features = pages(&[9_000, 700, 700, 700, 9_000]);
        assert_eq!(features.get(Feature::EqualPages), 3);
        assert_eq!(features.get(Feature::TinyPages), 3);
        assert_eq!(features.get(Feature::Pages), 5);
        assert_eq!(features.get(Feature::PageBytesMax), 9_000);
    }

    #[test]
    fn absurd_sizes_saturate() {
        let features = pages(&[u32::MAX, u32::MAX]);
        assert_eq!(features.get(Feature::PageBytesMax), i32::MAX);
    }
}
