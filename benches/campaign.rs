//! The index of pages: looking for a page that was never seen, finding a copy, and putting one in.
//!
//! Bar, at ten million pages on one core: exact tier within 5 us; all tiers 25 ms at the median and 80 ms at the 99th
//! percentile; 20,000 insertions a second beside them; 8 GiB. Here at one million, so that it can be had at any time;
//! `PAGES` in the environment says another number, `COMMON` how many thousandths of the marks are of a common kind.
//! Baseline: LLAH, 38 ms a query at ten million pages, as published.
//! Sketch: 32 marks of 16 buckets are 512 chains; of 20 elements each at ten million, one read from far memory an
//! element, 16 of them on their way at once: 10,000 reads at 15 ns, 0.2 ms, and eight times that for common marks.

#![expect(clippy::unwrap_used, reason = "a bench that cannot begin has nothing to measure")]
#![expect(clippy::print_stderr, reason = "what criterion does not tell, a bench says itself")]

use std::hint::black_box;
use std::str::FromStr;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faxguard::campaign::synthetic::{Copied, Synthetic};
use faxguard::campaign::{Campaigns, Limits};
use faxguard::lab::evaluate::index::{Load, measure};
use faxguard::time::Timestamp;

/// Beyond so many pages the quantiles are all there is: filling a second index takes longer than anything else.
const PAGES_TIMED: u32 = 2_000_000;

fn setting<T: FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn made() -> Synthetic {
    Synthetic { seed: 1, common_milli: setting("COMMON", 350) }
}

/// Quantiles, copies found and insertions beside a search, which criterion does not tell.
fn quantiles(_: &mut Criterion) {
    let pages = setting("PAGES", 1_000_000);
    let load = Load { pages, searches: 5_000, insertions: 200_000, made: made() };
    eprintln!("{load:?}: {:#?}", measure(load));
}

fn index(bencher: &mut Criterion) {
    let (pages, made) = (setting("PAGES", 1_000_000), made());
    if pages > PAGES_TIMED {
        return;
    }
    let now = Timestamp::from_seconds(1_800_000_000);
    let campaigns = Campaigns::with_limits(Limits::of_pages(pages));
    let put = |page| {
        let prints = [made.page(page)];
        campaigns.insert(&made.sighting(page, &prints), now).unwrap();
    };
    (0..u64::from(pages)).for_each(put);
    let mut group = bencher.benchmark_group("campaign");
    group.sample_size(20).warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(5)).throughput(Throughput::Elements(1));
    let mut number = 1 << 40;
    let mut next = || {
        number += 1;
        number
    };
    group.bench_function("exact tier, a page never seen", |bencher| {
        bencher.iter(|| black_box(campaigns.look_exact(&made.page(next()), now)));
    });
    group.bench_function("all tiers, a page never seen", |bencher| {
        bencher.iter(|| black_box(campaigns.look(&made.page(next()), now)));
    });
    group.bench_function("all tiers, a copy without a chunk", |bencher| {
        bencher.iter(|| {
            let page = next().wrapping_mul(0x9E37_79B9) % u64::from(pages);
            black_box(campaigns.look(&made.copy(page, Copied::DISTANT), now))
        });
    });
    group.bench_function("insertion", |bencher| bencher.iter(|| put(next())));
    group.finish();
}

criterion_group!(benches, quantiles, index);
criterion_main!(benches);
