//! A member's quotas: four levels in cost units behind the hot table, beside `governor` with a limiter a resource.
//!
//! Bar: a small share of the 3 us of a decision; 300 ns.
//! Sketch: one cache miss for the member, four levels at a division each, 100 ns.

#![expect(clippy::unwrap_used, reason = "a bench that cannot begin has nothing to measure")]

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use faxguard::limiter::{Allowance, Allowances, Costs, MemberLoad};
use faxguard::store::hot::HotTable;
use faxguard::time::{Span, Timestamp};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

const MEMBERS: u64 = 1_000_000;
/// A day's faxes, pages, line seconds and recipients of a busy member.
const A_DAY: [u32; 4] = [10_000, 50_000, 500_000, 10_000];

/// Members in an order that no cache foresees.
fn members() -> impl Iterator<Item = u64> {
    (0u64..).map(|at| (at % MEMBERS).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn quotas(bencher: &mut Criterion) {
    let mut group = bencher.benchmark_group("quotas");
    group.sample_size(10).warm_up_time(Duration::from_secs(2));
    group.measurement_time(Duration::from_secs(5));
    let allowances: Allowances = A_DAY.map(|units| {
        let units = u64::from(units);
        Some(Allowance { rate: units, period: Span::seconds(86_400), burst: units })
    });
    let loads: HotTable<MemberLoad> = HotTable::with_bytes(256 << 20);
    let mut members_here = members().zip(0i64..);
    group.bench_function("levels", |bencher| {
        bencher.iter(|| {
            let (member, second) = members_here.next().unwrap();
            let mut locked = loads.lock([member]);
            let load = locked.entry(0, MemberLoad::default);
            let now = Timestamp::from_micros(1_795_000_000_000_000 + second);
            black_box(load.map(|load| load.admit(&allowances, Costs([1, 3, 105, 1]), now)))
        });
    });
    let limiters: Vec<DefaultKeyedRateLimiter<String>> = A_DAY
        .map(|units| {
            let units = NonZeroU32::new(units).unwrap();
            let period = Duration::from_secs(86_400) / units.get();
            let quota = Quota::with_period(period).unwrap().allow_burst(units);
            RateLimiter::keyed(quota)
        })
        .into_iter()
        .collect();
    let costs = [1, 3, 105, 1].map(|cost| NonZeroU32::new(cost).unwrap());
    let mut members_here = members();
    group.bench_function("governor, a limiter a resource", |bencher| {
        bencher.iter(|| {
            let member = format!("{:016x}", members_here.next().unwrap());
            for (limiter, cost) in limiters.iter().zip(costs) {
                let _ = black_box(limiter.check_key_n(&member, cost));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, quotas);
criterion_main!(benches);
