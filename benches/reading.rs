//! Reading a page: decoding it and making its whole fingerprint, keys, marks and map.
//!
//! Bar: faster than libtiff decodes the page; `benches/pages/libtiff_pdq.py` and `faxguardctl evaluate pages --baseline`
//! hold it to that. Baseline here, so that it can be had at any time: `hayro-ccitt`, which decodes the same pages and
//! makes nothing of them. `PAGES` in the environment names a folder of TIFF-F to read instead of made pages.
//! Sketch: a fine page of text has 2,200 rows of 20 runs. 44,000 changes, of which most are a bit each and copied eight at
//! a time, at 4 ns each with their hash and their ink: 0.2 ms. 64,000 cells of ink, summed, packed and wiped at a few a
//! ns: 0.1 ms. 32 marks of 64 samples and 48 coefficients: 0.05 ms.

#![expect(clippy::unwrap_used, reason = "a bench that cannot begin has nothing to measure")]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faxguard::lab::evaluate::pages::{Fingerprints, Matcher as _};
use faxguard::lab::pages::layout::{LAYOUTS, Press};
use faxguard::lab::pages::read;
use faxguard::lab::pages::write::{Form, tiff};

/// A page of each layout, or of that folder.
fn files() -> Vec<Vec<u8>> {
    if let Some(folder) = std::env::var_os("PAGES") {
        let paths = read::files(Path::new(&folder)).unwrap();
        return paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    }
    let mut press = Press::new().unwrap();
    (0..LAYOUTS).map(|number| tiff(&[&press.page(1, number)], Form::PLAIN)).collect()
}

fn reading(bencher: &mut Criterion) {
    let files = files();
    let fingerprints = Fingerprints::default();
    let pages: usize = files.iter().map(|file| fingerprints.read(file).unwrap()).sum();
    let mut group = bencher.benchmark_group("page");
    group.sample_size(20).warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(pages.try_into().unwrap()));
    group.bench_function("read, whole fingerprint", |bencher| {
        bencher.iter(|| {
            for file in &files {
                black_box(fingerprints.read(black_box(file)));
            }
        });
    });
    group.bench_function("hayro-ccitt, decoded alone", |bencher| {
        bencher.iter(|| {
            for file in &files {
                black_box(read::pages(black_box(file)).unwrap());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
