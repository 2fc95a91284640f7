//! Spans on their way to a collector: made on the threads that answer, sent by a thread of its own, bounded between the
//! two. A call never waits for a collector; what there is no room for is counted and dropped.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter as OtlpExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, Span, SpanData,
    SpanExporter, SpanProcessor,
};
use prometheus_client::metrics::counter::Counter;
use thiserror::Error;
use tokio::runtime::Runtime;

use crate::bounds;
use crate::metrics::Metrics;
use crate::policy::settings;

/// The longest a span waits for others to be sent with.
const SEND_EVERY: Duration = Duration::from_millis(500);
/// The longest that the end waits for the last spans to be sent.
const LAST_WAIT: Duration = Duration::from_secs(3);

/// Why there are no traces.
#[derive(Debug, Error)]
pub enum TracesFault {
    /// No thread for the sending.
    #[error("a thread for sending traces could not be started")]
    Runtime(#[source] io::Error),
    /// No exporter.
    #[error("traces cannot be sent to `traces.endpoint`")]
    Exporter(#[source] ExporterBuildError),
}

/// Where spans go.
pub struct Traces {
    provider: SdkTracerProvider,
    /// The connection to the collector lives here, apart from the calls.
    _runtime: Runtime,
}

impl Traces {
    /// Begins to send to the collector of the settings; nothing where there is none.
    ///
    /// # Errors
    /// [`TracesFault`].
    pub fn begin(
        wanted: &settings::Traces,
        metrics: &Metrics,
    ) -> Result<Option<Self>, TracesFault> {
        if wanted.endpoint.is_empty() {
            return Ok(None);
        }
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(1).thread_name("traces").enable_all();
        let runtime = runtime.build().map_err(TracesFault::Runtime)?;
        let entered = runtime.enter();
        let exporter = OtlpExporter::builder()
            .with_tonic()
            .with_endpoint(&wanted.endpoint)
            .with_timeout(Duration::from_millis(bounds::TRACE_WAIT_MS))
            .build()
            .map_err(TracesFault::Exporter)?;
        drop(entered);
        let waiting = Arc::new(AtomicUsize::new(0));
        let sending = Sending {
            inner: exporter,
            waiting: Arc::clone(&waiting),
            sent: metrics.exported_spans.clone(),
            dropped: metrics.dropped_spans.clone(),
        };
        let processor = Queue::new(sending, waiting, metrics.dropped_spans.clone());
        let share = f64::from(wanted.share_per_mille) / 1_000.0;
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            // Not the caller's wish: how much is sent is ours to say.
            .with_sampler(Sampler::TraceIdRatioBased(share))
            .with_resource(
                // Nothing of the environment: a span says what it is documented to say.
                Resource::builder_empty()
                    .with_service_name("faxguardd")
                    .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
                    .build(),
            )
            .build();
        Ok(Some(Self { provider, _runtime: runtime }))
    }

    /// What makes the spans.
    pub(super) fn tracer(&self) -> SdkTracer {
        self.provider.tracer("faxguard")
    }

    /// Sends what waits, for a moment.
    pub fn end(self) {
        if self.provider.shutdown_with_timeout(LAST_WAIT).is_err() {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Traces")
    }
}

/// The queue before the collector: the library's own, which drops without a count, behind a count.
#[derive(Debug)]
struct Queue {
    inner: BatchSpanProcessor,
    waiting: Arc<AtomicUsize>,
    dropped: Counter,
}

impl Queue {
    fn new(
        exporter: impl SpanExporter + 'static,
        waiting: Arc<AtomicUsize>,
        dropped: Counter,
    ) -> Self {
        let config = BatchConfigBuilder::default()
            // Never full before the count is.
            .with_max_queue_size(bounds::TRACE_QUEUE_SPANS + 1)
            .with_max_export_batch_size(bounds::TRACE_BATCH_SPANS)
            .with_scheduled_delay(SEND_EVERY)
            .build();
        let inner = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
        Self { inner, waiting, dropped }
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= bounds::TRACE_QUEUE_SPANS {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            self.dropped.inc();
            return;
        }
        self.inner.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// The sending, which makes room in the queue however it ends.
#[derive(Debug)]
struct Sending<E> {
    inner: E,
    waiting: Arc<AtomicUsize>,
    sent: Counter,
    dropped: Counter,
}

impl<E: SpanExporter> SpanExporter for Sending<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let done = self.inner.export(batch).await;
        self.waiting.fetch_sub(count, Ordering::AcqRel);
        let counter = if done.is_ok() { &self.sent } else { &self.dropped };
        counter.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
        done
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Span as _, Tracer as _};

    use super::*;

    /// A collector that takes connections and never says a word.
    #[test]
    fn whoever_makes_spans_waits_for_no_collector_and_the_rest_is_counted() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        let metrics = Metrics::new();
        let wanted = settings::Traces { endpoint, share_per_mille: 1_000 };
        let traces = Traces::begin(&wanted, &metrics).unwrap().unwrap();
        let tracer = traces.tracer();
        let beyond = 1_000;
        for _ in 0..bounds::TRACE_QUEUE_SPANS + beyond {
            tracer.start("x").end();
        }
        assert!(metrics.dropped_spans.get() >= 1, "the queue has a bound");
        assert_eq!(metrics.exported_spans.get(), 0);
        traces.end();
    }

    #[test]
    fn none_is_kept_of_a_share_of_nothing_and_no_endpoint_is_nothing_at_all() {
        let metrics = Metrics::new();
        let wanted = settings::Traces { endpoint: String::new(), share_per_mille: 1_000 };
        assert!(Traces::begin(&wanted, &metrics).unwrap().is_none());
        let endpoint = "http://127.0.0.1:9".to_owned();
        let wanted = settings::Traces { endpoint, share_per_mille: 0 };
        let traces = Traces::begin(&wanted, &metrics).unwrap().unwrap();
        let mut span = traces.tracer().start("x");
        assert!(!span.span_context().is_sampled());
        span.end();
        traces.end();
        assert_eq!((metrics.exported_spans.get(), metrics.dropped_spans.get()), (0, 0));
    }
}
