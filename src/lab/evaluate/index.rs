//! The index of pages under load: how long a search takes, and how many pages a second are put in beside it.

use std::borrow::Borrow;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use hdrhistogram::Histogram;

use crate::campaign::synthetic::{Copied, Synthetic};
use crate::campaign::{Campaigns, Limits, Met, Usage};
use crate::content::fingerprint::Fingerprint;
use crate::metrics::Stopwatch;
use crate::time::Timestamp;

/// What is put on the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Pages in the index.
    pub pages: u32,
    /// Pages looked for, of each kind.
    pub searches: u64,
    /// Pages put in while others are looked for.
    pub insertions: u64,
    /// Which pages.
    pub made: Synthetic,
}

/// Times of one kind of search, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Half of them take no longer.
    pub p50_nanos: u64,
    /// All but one in a hundred take no longer.
    pub p99_nanos: u64,
    /// The longest.
    pub max_nanos: u64,
    /// Searches that found a page, in thousandths.
    pub found_milli: u64,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// The exact tier alone, for pages never seen.
    pub exact: Times,
    /// All tiers, for pages never seen.
    pub unseen: Times,
    /// All tiers, for copies without a chunk of their page.
    pub copies: Times,
    /// Pages a second, put in alone.
    pub insertions: f64,
    /// Pages a second, put in while one thread looks for others.
    pub insertions_beside: f64,
    /// Searches a second beside them.
    pub searches_beside: f64,
    /// What is in use afterwards.
    pub usage: Usage,
}

/// Puts a load on an index of its own.
#[must_use]
pub fn measure(load: Load) -> Figures {
    let Load { pages, searches, made, .. } = load;
    let now = Timestamp::from_seconds(1_800_000_000);
    let campaigns = Campaigns::with_limits(Limits::of_pages(pages));
    let watch = Stopwatch::start();
    let pages = u64::from(pages);
    (0..pages).for_each(|page| put(&campaigns, made, page, now));
    let insertions = per_second(pages, watch);
    // Pages never seen have numbers that are not put in below.
    let unseen = |at: u64| made.page(at | 1 << 40);
    let of = |at: u64| made.copy(at.wrapping_mul(0x9E37_79B9) % pages, Copied::DISTANT);
    let exact = times(searches, unseen, |page| campaigns.look_exact(page, now));
    let unseen_times = times(searches, unseen, |page| campaigns.look(page, now));
    let copies = times(searches, of, |page| campaigns.look(page, now));
    let (insertions_beside, searches_beside) = beside(
        pages..pages + load.insertions,
        |page| put(&campaigns, made, page, now),
        |at| campaigns.look(&unseen(at), now),
    );
    Figures {
        exact,
        unseen: unseen_times,
        copies,
        insertions,
        insertions_beside,
        searches_beside,
        usage: campaigns.usage(),
    }
}

fn put(campaigns: &Campaigns, made: Synthetic, page: u64, now: Timestamp) {
    let prints = [made.page(page)];
    // Made pages are sound.
    let _ = campaigns.insert(&made.sighting(page, &prints), now);
}

/// Pages a second put in by one thread, and looked for a second by another meanwhile.
pub(super) fn beside(
    pages: Range<u64>,
    put: impl Fn(u64),
    look: impl Fn(u64) -> Met + Sync,
) -> (f64, f64) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let searching = scope.spawn(|| {
            let watch = Stopwatch::start();
            let mut count = 0;
            while !done.load(Ordering::Relaxed) {
                look(count);
                count += 1;
            }
            per_second(count, watch)
        });
        let watch = Stopwatch::start();
        let count = pages.end.saturating_sub(pages.start);
        pages.for_each(put);
        let rate = per_second(count, watch);
        done.store(true, Ordering::Relaxed);
        (rate, searching.join().unwrap_or_default())
    })
}

fn per_second(count: u64, watch: Stopwatch) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / watch.seconds().max(1e-9)
}

/// Times of so many searches; making the pages is not among them.
pub(super) fn times<P: Borrow<Fingerprint>>(
    searches: u64,
    page: impl Fn(u64) -> P,
    mut search: impl FnMut(&Fingerprint) -> Met,
) -> Times {
    let Ok(mut histogram) = Histogram::<u64>::new_with_bounds(1, 100_000_000_000, 3) else {
        return Times { p50_nanos: 0, p99_nanos: 0, max_nanos: 0, found_milli: 0 };
    };
    let mut found = 0;
    for at in 0..searches {
        let page = page(at);
        let watch = Stopwatch::start();
        let met = search(page.borrow());
        let nanos = u64::try_from(watch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        histogram.saturating_record(nanos);
        found += u64::from(met.sureness.is_some());
    }
    Times {
        p50_nanos: histogram.value_at_quantile(0.5),
        p99_nanos: histogram.value_at_quantile(0.99),
        max_nanos: histogram.max(),
        found_milli: found * 1_000 / searches.max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_load_is_measured() {
        let made = Synthetic { seed: 3, common_milli: 350 };
        let load = Load { pages: 2_000, searches: 50, insertions: 500, made };
        let figures = measure(load);
        assert_eq!((figures.copies.found_milli, figures.unseen.found_milli), (1_000, 0));
        assert_eq!(figures.usage.pages, 2_000);
    }
}
