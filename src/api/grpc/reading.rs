//! Reading: a fax whose fingerprints a node cannot make, on a thread that may wait for the journal and has the time to
//! decode.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::Edge;
use super::arrival::Arrival;
use crate::api::caller::Caller;
use crate::api::convert;
use crate::api::status::Failure;
use crate::bounds::READ_FAX_STAGES;
use crate::metrics::Stopwatch;
use crate::wire::screening::v1 as wire;
use wire::reading_service_server::ReadingService;

/// The service.
#[derive(Debug)]
pub(super) struct FaxReading(pub(super) Arc<Edge>);

#[tonic::async_trait]
impl ReadingService for FaxReading {
    async fn fingerprint_fax(
        &self,
        request: Request<wire::FingerprintFaxRequest>,
    ) -> Result<Response<wire::FingerprintFaxResponse>, Status> {
        if request.extensions().get::<Arrival>().is_some_and(Arrival::is_over) {
            self.0.metrics.expired_calls.inc();
            return Err(Arrival::expired());
        }
        let caller = request.extensions().get::<Caller>().and_then(Caller::shared_name);
        let told = self.read(request.into_inner(), caller.as_deref()).await;
        Ok(Response::new(self.0.counted(told)?))
    }
}

impl FaxReading {
    async fn read(
        &self,
        request: wire::FingerprintFaxRequest,
        caller: Option<&str>,
    ) -> Result<wire::FingerprintFaxResponse, Failure> {
        let Edge { engine, guards, metrics, reading, .. } = &*self.0;
        let node = caller.map_or_else(|| request.node_id.clone(), str::to_owned);
        // Under seal first: whatever is refused from here on is wiped.
        let fax = convert::reading::asked(request, &engine.wall());
        guards.screening.admit(node.as_bytes(), READ_FAX_STAGES)?;
        let fax = fax?;
        let place = reading.place().ok_or(Failure::Overloaded)?;
        let (engine, watch) = (Arc::clone(engine), Stopwatch::start());
        let act = move || {
            let read = engine.read_fax(&fax, watch);
            drop(fax);
            read
        };
        let read = reading.act(place, act).await.ok_or(Failure::Internal)??;
        metrics.content_looks.get_or_create(&[("purpose", read.purpose.name())]).inc();
        let pages = read.pages.map_err(Failure::UnreadableFax)?;
        Ok(convert::reading::response(&pages))
    }
}
