//! A member's quotas and its share, at a million members in an order that no cache foresees, beside `governor` with one
//! quota and with a limiter a resource.
//!
//! Bar of the compact table: four quotas and a share in 250 ns, beside `governor`'s one quota in the same run.
//! Sketch: one cache miss for the member, four levels at two multiplications each, a rate and its part of the capacity
//! at two divisions, a few counters that all share: 200 ns.

#![expect(clippy::unwrap_used, reason = "a bench that cannot begin has nothing to measure")]

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use faxguard::limiter::share::{AHEAD, Arrival, HALF_LIVES, Marks, Offer, Share, Standing, Terms};
use faxguard::limiter::{Allowance, Allowances, Costs, Members, limits};
use faxguard::time::{Span, Timestamp};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

const MEMBERS: u64 = 1_000_000;
/// A day's faxes, pages, line seconds and recipients of a busy member.
const A_DAY: [u32; 4] = [10_000, 50_000, 500_000, 10_000];

/// Members in an order that no cache foresees.
fn members_in_disorder() -> impl Iterator<Item = u64> {
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
    let limits = limits(&allowances);
    let members = Members::of_bytes(128 << 20, limits);
    let mut members_here = members_in_disorder().zip(0i64..);
    group.bench_function("levels", |bencher| {
        bencher.iter(|| {
            let (member, second) = members_here.next().unwrap();
            let now = Timestamp::from_micros(1_795_000_000_000_000 + second);
            black_box(
                members.with(member, &limits, now, |visit| visit.admit(Costs([1, 3, 105, 1]))),
            )
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
    let mut members_here = members_in_disorder();
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

/// Lines, attempts and conversion work of a provider of this size, and marks that hold for all.
fn terms(lines: u64) -> Terms {
    Terms {
        capacity: [lines, 1_000_000, 10_000_000],
        half_life: HALF_LIVES,
        ahead: AHEAD,
        marks: Marks { begins: 950, ends: 850 },
        wait_max: Span::seconds(3_600),
        refuse_times: 0,
        expected_ppm: 1_000,
    }
}

/// Four quotas and the share: of one resource, of three, and of one that is contended.
fn members_and_share(bencher: &mut Criterion) {
    let mut group = bencher.benchmark_group("members");
    group.sample_size(20).warm_up_time(Duration::from_secs(4));
    group.measurement_time(Duration::from_secs(5));
    let allowances: Allowances = A_DAY.map(|units| {
        let units = u64::from(units);
        Some(Allowance { rate: units, period: Span::seconds(86_400), burst: units })
    });
    let limits = limits(&allowances);
    for (name, lines, costs) in [
        ("four quotas", 0, [0, 0, 0]),
        ("four quotas and the share of lines", 1_000_000_000, [105, 0, 0]),
        ("four quotas and the share of three", 1_000_000_000, [105, 1, 180]),
        ("four quotas and the share of lines, contended", 1_000_000, [105, 0, 0]),
    ] {
        let members = Members::of_bytes(128 << 20, limits);
        let share = Share::new(terms(lines), [5, 7]);
        let mut members_here = members_in_disorder().zip(0_i64..);
        let mut charge = || {
            let (member, tick) = members_here.next().unwrap();
            let now = Timestamp::from_micros(1_795_000_000_000_000 + tick);
            let standing = Standing { weight_milli: 1_000, floor_ppm: 0 };
            let offer = Offer {
                job: member,
                arrival: Arrival::New,
                costs,
                standing,
                membership: None,
                lowered: 0,
                now,
            };
            members.with(member, &limits, now, |visit| {
                let statuses = visit.admit(Costs([1, 3, 105, 1]));
                let answer = (costs[0] > 0).then(|| visit.offer(&share, &offer));
                (statuses, answer)
            })
        };
        // Every member has a row before anything is measured.
        for _ in 0..MEMBERS {
            let _ = black_box(charge());
        }
        group.bench_function(name, |bencher| bencher.iter(|| black_box(charge())));
    }
    let units = NonZeroU32::new(A_DAY[0]).unwrap();
    let period = Duration::from_secs(86_400) / units.get();
    let governor: DefaultKeyedRateLimiter<u64> =
        RateLimiter::keyed(Quota::with_period(period).unwrap().allow_burst(units));
    let mut members_here = members_in_disorder();
    let mut check = || governor.check_key(&members_here.next().unwrap());
    for _ in 0..MEMBERS {
        let _ = black_box(check());
    }
    group.bench_function("governor, one quota", |bencher| bencher.iter(|| black_box(check())));
    group.finish();
}

criterion_group!(benches, members_and_share, quotas);
criterion_main!(benches);
