//! Every metric, declared once; the comment is its help text. There is no exporter here, and no label holds a
//! number, an ident or a member: labels are enums of ours.

use std::fmt;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// One label of a counter: its name and a value of ours.
pub type Label = [(&'static str, &'static str); 1];
/// Two labels.
pub type Labels = [(&'static str, &'static str); 2];

/// Bounds of the latency buckets in seconds, doubling from 1 us.
const LATENCY_BUCKETS: [f64; 16] = [
    0.000_001, 0.000_002, 0.000_004, 0.000_008, 0.000_016, 0.000_032, 0.000_064, 0.000_128,
    0.000_256, 0.000_512, 0.001, 0.002, 0.004, 0.016, 0.064, 0.256,
];

macro_rules! metrics {
    ($(#[doc = $help:literal] $field:ident: $kind:ty = $make:expr;)*) => {
        /// Every metric of the process. Cheap to share; each is updated without a lock that could be waited for.
        pub struct Metrics {
            registry: Registry,
            $(#[doc = $help] pub $field: $kind,)*
        }

        impl Metrics {
            /// All metrics at zero.
            #[must_use]
            pub fn new() -> Self {
                let mut registry = Registry::with_prefix("faxguard");
                $(
                    let $field: $kind = $make;
                    let help = $help.trim().trim_end_matches('.');
                    registry.register(stringify!($field), help, $field.clone());
                )*
                Self { registry, $($field,)* }
            }
        }

        /// Names of all metrics, without prefix.
        pub const NAMES: &[&str] = &[$(stringify!($field)),*];
    };
}

metrics! {
    /// Verdicts given, by stage and action.
    verdicts: Family<Labels, Counter> = Family::default();
    /// Requests answered with a fault, by reason.
    faults: Family<Label, Counter> = Family::default();
    /// Calls of callers that may not use the service, by audience.
    denied_calls: Family<Label, Counter> = Family::default();
    /// Calls turned away because too many were open, by audience.
    shed_calls: Family<Label, Counter> = Family::default();
    /// Calls ended because a message was too long on its way, by audience.
    slow_messages: Family<Label, Counter> = Family::default();
    /// Calls ended because too many bytes of messages that are not whole were kept, by audience.
    unfinished_calls: Family<Label, Counter> = Family::default();
    /// Bytes kept now of messages that are not whole yet.
    unfinished_bytes: Gauge = Gauge::default();
    /// Connections closed because a peer that had fewer came while there was no place.
    replaced_connections: Counter = Counter::default();
    /// Calls whose own deadline had passed when their turn came; they were not screened.
    expired_calls: Counter = Counter::default();
    /// Faxes that nodes handled without a verdict, by their own count.
    unscored_faxes: Counter = Counter::default();
    /// Times the scorer failed and the declared verdict was given.
    scorer_failures: Counter = Counter::default();
    /// Time from the request read to the verdict made, in seconds.
    screening_seconds: Histogram = Histogram::new(LATENCY_BUCKETS);
    /// Verdicts that wanted the fingerprint of a page, and those that wanted its ink map too.
    fingerprint_wishes: Family<Label, Counter> = Family::default();
    /// Pages whose fingerprints came, by what became of them: received, refused, or not compared for want of room.
    fingerprints: Family<Label, Counter> = Family::default();
    /// Open cases of the abuse desk that should have been decided by now; 200 stands for that many or more.
    overdue_cases: Gauge = Gauge::default();
    /// Faxes asked for fingerprints, in thousandths of the latest 1,000 with pages.
    fingerprint_share_milli: Gauge = Gauge::default();
    /// Faxes asked for fingerprints by lot, without any doubt of them, in thousandths of the latest 1,000 with pages.
    fingerprint_drawn_milli: Gauge = Gauge::default();
    /// Faxes of which content was touched (an ink map was looked at), in thousandths of the latest 1,000 with pages.
    content_touched_milli: Gauge = Gauge::default();
    /// Faxes that the service itself has looked at, by the purpose that an answer wanted it for.
    content_looks: Family<Label, Counter> = Family::default();
    /// Pages by which campaigns can be found now.
    campaign_pages: Gauge = Gauge::default();
    /// Abuse reports answered, by how they stand.
    reports: Family<Label, Counter> = Family::default();
    /// Complaints that came in the formats of others, by format and by what became of them: filed, known already, or faulty.
    complaints: Family<Labels, Counter> = Family::default();
    /// Answers of the report form and its JSON, by page and status.
    form_answers: Family<Labels, Counter> = Family::default();
    /// Notices that the provider's mailer took from the webhook.
    webhook_notices: Counter = Counter::default();
    /// Deliveries to the webhook that failed and are tried again, by reason.
    webhook_failures: Family<Label, Counter> = Family::default();
    /// Age in seconds of the oldest notice that the webhook has not delivered; 0 where there is none.
    webhook_oldest_seconds: Gauge = Gauge::default();
    /// Limits tried on some holders that were taken back by themselves.
    limit_canaries_taken_back: Counter = Counter::default();
    /// Uses that a limit tried beside live traffic would have stood in the way of since it began, by its slot.
    limit_shadow_stood: Family<Label, Gauge> = Family::default();
    /// Held faxes whose deadline passed.
    held_expired: Counter = Counter::default();
    /// 1 where the program is locked in memory, so that no verdict waits for a disk to read it again.
    program_locked: Gauge = Gauge::default();
    /// Store condition: 0 working, 1 slow, 2 full, 3 failing.
    store_condition: Gauge = Gauge::default();
    /// Ledger entries waiting for the committer.
    ledger_queue_entries: Gauge = Gauge::default();
    /// Ledger entries that could not be recorded since the start.
    ledger_dropped_entries: Gauge = Gauge::default();
    /// Files of the store that were found damaged and set aside since the start.
    store_damaged_files: Gauge = Gauge::default();
    /// Policy generation in force.
    policy_generation: Gauge = Gauge::default();
    /// Streams of nodes open now.
    open_streams: Gauge = Gauge::default();
    /// Spans that the collector of traces has taken.
    exported_spans: Counter = Counter::default();
    /// Spans dropped because the collector was too slow or gone.
    dropped_spans: Counter = Counter::default();
    /// Descriptors that the rate limit service was asked about, by what came of them: ok, over-limit, or unknown and let through.
    rate_descriptors: Family<Label, Counter> = Family::default();
    /// Parts of the levels, of 16, for which the other instances are out of reach; 16 until the engine answers first.
    exchange_parts_alone: Gauge = Gauge::default();
    /// Calls to the engine that instances meet at that were not answered, by reason.
    exchange_failures: Family<Label, Counter> = Family::default();
    /// Levels that the other instances were told of.
    exchange_rows_told: Counter = Counter::default();
    /// Levels that were heard from the engine, those that were told included.
    exchange_rows_heard: Counter = Counter::default();
    /// Charges that other instances will not be told of, for want of room while they were out of reach.
    exchange_charges_lost: Gauge = Gauge::default();
    /// Snapshots that could not be written.
    checkpoint_failures: Counter = Counter::default();
}

impl Metrics {
    /// What an exporter reads.
    #[must_use]
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metrics({})", NAMES.len())
    }
}

/// Measures how long something took: the one place beside the clock that reads the machine's time.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts to measure.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a measurement, nothing decides by it")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(self) -> std::time::Duration {
        self.0.elapsed()
    }

    /// Whole milliseconds since the start.
    #[must_use]
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Seconds since the start.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_exported_with_its_help() {
        let metrics = Metrics::new();
        metrics.verdicts.get_or_create(&[("stage", "page"), ("action", "deliver")]).inc();
        metrics.faults.get_or_create(&[("reason", "INVALID_FIELD")]).inc();
        metrics.fingerprints.get_or_create(&[("what", "received")]).inc();
        metrics.fingerprint_wishes.get_or_create(&[("what", "marks")]).inc();
        metrics.content_looks.get_or_create(&[("purpose", "prevent-disruption")]).inc();
        metrics.reports.get_or_create(&[("status", "counted")]).inc();
        metrics.complaints.get_or_create(&[("format", "arf"), ("outcome", "filed")]).inc();
        metrics.denied_calls.get_or_create(&[("audience", "operator")]).inc();
        metrics.shed_calls.get_or_create(&[("audience", "screening")]).inc();
        metrics.slow_messages.get_or_create(&[("audience", "screening")]).inc();
        metrics.unfinished_calls.get_or_create(&[("audience", "screening")]).inc();
        metrics.limit_shadow_stood.get_or_create(&[("slot", "1")]).inc();
        metrics.rate_descriptors.get_or_create(&[("result", "ok")]).inc();
        metrics.exchange_failures.get_or_create(&[("reason", "unreachable")]).inc();
        metrics.form_answers.get_or_create(&[("page", "form"), ("status", "2xx")]).inc();
        metrics.webhook_failures.get_or_create(&[("reason", "status")]).inc();
        let mut page = String::new();
        prometheus_client::encoding::text::encode(&mut page, metrics.registry()).unwrap();
        for name in NAMES {
            assert!(page.contains(&format!("# HELP faxguard_{name} ")), "{name}");
        }
        assert!(page.contains(r#"faxguard_verdicts_total{stage="page",action="deliver"} 1"#));
    }
}
