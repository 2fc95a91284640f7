//! Complaints as they come: a report of a kilobyte, of 100 kB, of a megabyte and of 15 MiB of evidence; a mail; rows.
//!
//! Bar: 1 ms for each 100 kB of a report that is not all evidence, and 15 MiB of evidence with its SHA-256 in 100 ms.
//! Sketch: a report is looked through for UTF-8 at some GB/s, parsed, its evidence decoded at 1 GB/s, and hashed at 0.4 to
//! 1.5 GB/s, as the processor has the instructions: 15 MiB in 30 to 60 ms.

#![expect(clippy::unwrap_used, reason = "a bench that cannot begin has nothing to measure")]

use std::hint::black_box;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faxguard::complaint::{arf, bulk, xarf};
use faxguard::time::Timestamp;
use sha2::{Digest, Sha256};

const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

/// A sound report with so many items of evidence of so many bytes.
fn report(items: usize, bytes: usize) -> Vec<u8> {
    let item = |at: usize| {
        let evidence: Vec<u8> =
            (0..bytes).map(|place| (place * 31 + at).to_le_bytes()[0]).collect();
        let digest =
            Sha256::digest(&evidence).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        format!(
            r#"{{"content_type":"image/tiff","payload":"{}","hash":"sha256:{digest}"}}"#,
            STANDARD.encode(&evidence)
        )
    };
    let evidence: Vec<String> = (0..items).map(item).collect();
    format!(
        r#"{{"xarf_version":"4.2.0","report_id":"550e8400-e29b-41d4-a716-446655440000",
        "timestamp":"2026-03-01T14:30:25Z",
        "reporter":{{"org":"A","contact":"a@carrier.example","domain":"carrier.example"}},
        "sender":{{"org":"A","contact":"a@carrier.example","domain":"carrier.example"}},
        "source_identifier":"+12125550123","category":"messaging","type":"spam","protocol":"other",
        "fax":{{"called":"+13125550100","pages":1}},"evidence":[{}]}}"#,
        evidence.join(",")
    )
    .into_bytes()
}

/// A mail of feedback with an original message of so many bytes.
fn mail(bytes: usize) -> Vec<u8> {
    let body = "buy now, call the number below, buy now, and again: it costs nothing\r\n"
        .repeat(bytes / 70);
    format!(
        "From: <a@carrier.example>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=feedback-report; boundary=\"b\"\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nA report\r\n\
        --b\r\nContent-Type: message/feedback-report\r\n\r\n\
        Feedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\nFax-Caller: +12125550123\r\n\r\n\
        --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n{body}\r\n--b--\r\n"
    )
    .into_bytes()
}

fn reports(bencher: &mut Criterion) {
    let mut group = bencher.benchmark_group("xarf");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for (name, items, bytes) in
        [("1 kB", 1, 256), ("100 kB", 1, 75_000), ("1 MB", 4, 190_000), ("15 MiB", 3, 5 << 20)]
    {
        let report = report(items, bytes);
        assert_eq!(xarf::read(&report, NOW).unwrap().evidence.len(), items);
        group.throughput(Throughput::Bytes(report.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(xarf::read(black_box(&report), NOW)).is_ok());
        });
    }
    group.finish();
}

fn mails(bencher: &mut Criterion) {
    let mut group = bencher.benchmark_group("arf");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for (name, bytes) in [("1 kB", 1_000), ("1 MB", 1_000_000)] {
        let mail = mail(bytes);
        assert_eq!(arf::read(&mail, NOW).unwrap().evidence.len(), 1);
        group.throughput(Throughput::Bytes(mail.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(arf::read(black_box(&mail), NOW)).is_ok());
        });
    }
    group.finish();
}

fn rows(bencher: &mut Criterion) {
    let mut group = bencher.benchmark_group("rows");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    let mut table = "category,incident_at,caller,called,description\n".to_owned();
    let mut lines = String::new();
    for row in 0..10_000 {
        let caller = 12_125_550_000_u64 + row;
        table.push_str(&format!(
            "junk_fax,2026-03-01T14:30:25Z,+{caller},+13125550100,\"roofs, again\"\n"
        ));
        lines.push_str(&format!(
            "{{\"category\":\"junk_fax\",\"incident_at\":\"2026-03-01T14:30:25Z\",\"caller\":\"+{caller}\"}}\n"
        ));
    }
    let read = |row: bulk::Row| row.read.is_ok();
    assert!(bulk::csv(table.as_bytes(), NOW).unwrap().all(read));
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("csv", |bencher| {
        bencher.iter(|| bulk::csv(black_box(table.as_bytes()), NOW).unwrap().all(read));
    });
    assert!(bulk::jsonl(lines.as_bytes(), NOW).unwrap().all(read));
    group.bench_function("jsonl", |bencher| {
        bencher.iter(|| bulk::jsonl(black_box(lines.as_bytes()), NOW).unwrap().all(read));
    });
    group.finish();
}

criterion_group!(benches, reports, mails, rows);
criterion_main!(benches);
