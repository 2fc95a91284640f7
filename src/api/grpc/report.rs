//! Reports: taken in, made durable, answered.

use std::num::NonZeroU32;
use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::Edge;
use crate::api::convert;
use crate::api::status::Failure;
use crate::wire::report::v1 as wire;
use wire::report_service_server::ReportService;

/// The service.
#[derive(Debug)]
pub(super) struct Reports {
    edge: Arc<Edge>,
}

impl Reports {
    pub(super) fn new(edge: Arc<Edge>) -> Self {
        Self { edge }
    }
}

impl Edge {
    /// Files a report, whichever way it came: durable when this is done. One of `many` from its network is merged with the others.
    ///
    /// # Errors
    /// Those of [`crate::api::engine::Engine::file_report`], faults of the message, and the reporter's limit.
    pub(in crate::api) async fn file_report(
        &self,
        request: wire::FileReportRequest,
        many: bool,
    ) -> Result<wire::FileReportResponse, Failure> {
        let reporter = convert::report::reporter_bytes(&request);
        let many = self.counted(self.guards.report(reporter))? || many;
        let receipt = self.waiting(move |engine| {
            let mut filing = convert::report::filing(&request, &engine.wall())?;
            filing.circumstances.many = many;
            engine.file_report(&filing)
        });
        let told = convert::report::receipt(&receipt.await?);
        self.count_report(&told);
        Ok(told)
    }

    /// Counts a report that was answered.
    pub(in crate::api) fn count_report(&self, told: &wire::FileReportResponse) {
        let status = [("status", told.status().as_str_name())];
        self.metrics.reports.get_or_create(&status).inc();
    }
}

#[tonic::async_trait]
impl ReportService for Reports {
    async fn file_report(
        &self,
        request: Request<wire::FileReportRequest>,
    ) -> Result<Response<wire::FileReportResponse>, Status> {
        Ok(Response::new(self.edge.file_report(request.into_inner(), false).await?))
    }

    async fn retract_report(
        &self,
        request: Request<wire::RetractReportRequest>,
    ) -> Result<Response<wire::RetractReportResponse>, Status> {
        let request = request.into_inner();
        let who = convert::report::name_bytes(request.reporter.as_ref());
        self.edge.counted(self.edge.guards.reports.admit(who, NonZeroU32::MIN))?;
        let receipt = self.edge.waiting(move |engine| {
            let (report, reporter) = convert::report::retracting(&request, &engine.wall())?;
            engine.retract_report(report, reporter)
        });
        let receipt = Some(convert::report::receipt(&receipt.await?));
        Ok(Response::new(wire::RetractReportResponse { receipt }))
    }

    async fn attach_copy(
        &self,
        request: Request<wire::AttachCopyRequest>,
    ) -> Result<Response<wire::AttachCopyResponse>, Status> {
        let request = request.into_inner();
        let who = convert::report::name_bytes(request.reporter.as_ref());
        self.edge.counted(self.edge.guards.reports.admit(who, NonZeroU32::MIN))?;
        let kept = self.edge.waiting(move |engine| {
            let (report, reporter, tiff) = convert::report::attaching(request, &engine.wall())?;
            engine.attach_copy(report, reporter, tiff)
        });
        kept.await?;
        self.edge.metrics.content_looks.get_or_create(&[("purpose", "prevent-disruption")]).inc();
        Ok(Response::new(wire::AttachCopyResponse {}))
    }

    async fn get_report(
        &self,
        request: Request<wire::GetReportRequest>,
    ) -> Result<Response<wire::GetReportResponse>, Status> {
        self.edge.admit_operator(&request)?;
        let receipt = self
            .edge
            .waiting(move |engine| engine.report(convert::report::report_id(request.get_ref())?));
        Ok(Response::new(convert::report::standing(&receipt.await?)))
    }
}
