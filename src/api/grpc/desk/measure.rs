//! Measures and appeals, as the desk sees them.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::api::convert::{abuse, export};
use crate::api::grpc::Edge;
use crate::wire::desk::v1 as wire;
use wire::measure_service_server::MeasureService;

/// The service.
#[derive(Debug)]
pub(in crate::api::grpc) struct Measures(pub(in crate::api::grpc) Arc<Edge>);

#[tonic::async_trait]
impl MeasureService for Measures {
    async fn list_measures(
        &self,
        request: Request<wire::ListMeasuresRequest>,
    ) -> Result<Response<wire::ListMeasuresResponse>, Status> {
        self.0.admit_operator(&request)?;
        let page = self.0.waiting(move |engine| {
            let wire::ListMeasuresRequest { appealed_only, page_token } = request.get_ref();
            let after = abuse::measures_after(page_token, *appealed_only)?;
            let (found, next) = engine.measures(*appealed_only, after)?;
            let shown = found
                .iter()
                .map(|(id, row)| abuse::measure_to_wire(*id, row, engine.appeal_text(row)));
            Ok(wire::ListMeasuresResponse {
                measures: shown.collect(),
                next_page_token: abuse::measures_token(next, *appealed_only),
            })
        });
        Ok(Response::new(page.await?))
    }

    async fn get_measure(
        &self,
        request: Request<wire::GetMeasureRequest>,
    ) -> Result<Response<wire::GetMeasureResponse>, Status> {
        self.0.admit_operator(&request)?;
        let measure = self.0.waiting(move |engine| {
            let id = abuse::measure_asked(&request.get_ref().measure_id)?;
            let row = engine.measure(id)?;
            Ok(abuse::measure_to_wire(id, &row, engine.appeal_text(&row)))
        });
        Ok(Response::new(wire::GetMeasureResponse { measure: Some(measure.await?) }))
    }

    async fn lift_measure(
        &self,
        request: Request<wire::LiftMeasureRequest>,
    ) -> Result<Response<wire::LiftMeasureResponse>, Status> {
        self.0.admit_operator(&request)?;
        let measure = self.0.waiting(move |engine| {
            let wire::LiftMeasureRequest { measure_id, author } = request.get_ref();
            let (id, author) = abuse::by_measure(measure_id, author)?;
            let row = engine.lift_measure(id, &author)?;
            Ok(abuse::measure_to_wire(id, &row, engine.appeal_text(&row)))
        });
        Ok(Response::new(wire::LiftMeasureResponse { measure: Some(measure.await?) }))
    }

    async fn decide_appeal(
        &self,
        request: Request<wire::DecideAppealRequest>,
    ) -> Result<Response<wire::DecideAppealResponse>, Status> {
        self.0.admit_operator(&request)?;
        let measure = self.0.waiting(move |engine| {
            let ruling = abuse::ruling(request.get_ref(), engine.wall().now)?;
            let row = engine.rule_on_appeal(&ruling)?;
            Ok(abuse::measure_to_wire(ruling.measure, &row, engine.appeal_text(&row)))
        });
        Ok(Response::new(wire::DecideAppealResponse { measure: Some(measure.await?) }))
    }

    async fn get_transparency(
        &self,
        request: Request<wire::GetTransparencyRequest>,
    ) -> Result<Response<wire::GetTransparencyResponse>, Status> {
        self.0.admit_operator(&request)?;
        let counted = self.0.waiting(move |engine| {
            let (from, to) = abuse::span(request.get_ref())?;
            Ok(abuse::transparency_to_wire(&engine.transparency(from, to)?))
        });
        Ok(Response::new(counted.await?))
    }

    async fn export_measures(
        &self,
        request: Request<wire::ExportMeasuresRequest>,
    ) -> Result<Response<wire::ExportMeasuresResponse>, Status> {
        self.0.admit_operator(&request)?;
        let page = self.0.waiting(move |engine| {
            let wire::ExportMeasuresRequest { page_token } = request.get_ref();
            let after = abuse::measures_after(page_token, false)?;
            let (found, next) = engine.measures(false, after)?;
            Ok(wire::ExportMeasuresResponse {
                csv: export::statements(&found, page_token.is_empty()),
                next_page_token: abuse::measures_token(next, false),
            })
        });
        Ok(Response::new(page.await?))
    }
}
