//! Cases: listed, taken, decided.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::api::convert::{abuse, export};
use crate::api::grpc::Edge;
use crate::wire::desk::v1 as wire;
use wire::case_service_server::CaseService;

/// The service.
#[derive(Debug)]
pub(in crate::api::grpc) struct Cases(pub(in crate::api::grpc) Arc<Edge>);

#[tonic::async_trait]
impl CaseService for Cases {
    async fn list_cases(
        &self,
        request: Request<wire::ListCasesRequest>,
    ) -> Result<Response<wire::ListCasesResponse>, Status> {
        self.0.admit_operator(&request)?;
        let page = self.0.waiting(move |engine| {
            let listing = abuse::listing(request.get_ref())?;
            let page = engine.cases(listing.order, listing.after.as_deref(), listing.limit)?;
            Ok(abuse::page(&listing, &page))
        });
        Ok(Response::new(page.await?))
    }

    async fn get_case(
        &self,
        request: Request<wire::GetCaseRequest>,
    ) -> Result<Response<wire::GetCaseResponse>, Status> {
        self.0.admit_operator(&request)?;
        let case = self.0.waiting(move |engine| {
            let key = abuse::case_asked(&request.get_ref().case_id)?;
            Ok(abuse::case_to_wire(key, &engine.case(key)?))
        });
        Ok(Response::new(wire::GetCaseResponse { case: Some(case.await?) }))
    }

    async fn lease_case(
        &self,
        request: Request<wire::LeaseCaseRequest>,
    ) -> Result<Response<wire::LeaseCaseResponse>, Status> {
        self.0.admit_operator(&request)?;
        let case = self.0.waiting(move |engine| {
            let (key, author) = abuse::lease(request.get_ref())?;
            let taken = engine.lease_case(key, &author)?;
            Ok(taken.map(|(key, case)| abuse::case_to_wire(key, &case)))
        });
        Ok(Response::new(wire::LeaseCaseResponse { case: case.await? }))
    }

    async fn decide_case(
        &self,
        request: Request<wire::DecideCaseRequest>,
    ) -> Result<Response<wire::DecideCaseResponse>, Status> {
        self.0.admit_operator(&request)?;
        let case = self.0.waiting(move |engine| {
            let deciding = abuse::deciding(request.get_ref(), engine.wall().now)?;
            Ok(abuse::case_to_wire(deciding.case, &engine.decide_case(&deciding)?))
        });
        Ok(Response::new(wire::DecideCaseResponse { case: Some(case.await?) }))
    }

    async fn second_case(
        &self,
        request: Request<wire::SecondCaseRequest>,
    ) -> Result<Response<wire::SecondCaseResponse>, Status> {
        self.0.admit_operator(&request)?;
        let case = self.0.waiting(move |engine| {
            let wire::SecondCaseRequest { case_id, author, agree } = request.get_ref();
            let (key, author) = abuse::by(case_id, author)?;
            Ok(abuse::case_to_wire(key, &engine.second_case(key, &author, *agree)?))
        });
        Ok(Response::new(wire::SecondCaseResponse { case: Some(case.await?) }))
    }

    async fn merge_cases(
        &self,
        request: Request<wire::MergeCasesRequest>,
    ) -> Result<Response<wire::MergeCasesResponse>, Status> {
        self.0.admit_operator(&request)?;
        let case = self.0.waiting(move |engine| {
            let (from, into, author) = abuse::merging(request.get_ref())?;
            Ok(abuse::case_to_wire(into, &engine.merge_cases(from, into, &author)?))
        });
        Ok(Response::new(wire::MergeCasesResponse { case: Some(case.await?) }))
    }

    async fn reopen_case(
        &self,
        request: Request<wire::ReopenCaseRequest>,
    ) -> Result<Response<wire::ReopenCaseResponse>, Status> {
        self.0.admit_operator(&request)?;
        let case = self.0.waiting(move |engine| {
            let wire::ReopenCaseRequest { case_id, author } = request.get_ref();
            let (key, author) = abuse::by(case_id, author)?;
            Ok(abuse::case_to_wire(key, &engine.reopen_case(key, &author)?))
        });
        Ok(Response::new(wire::ReopenCaseResponse { case: Some(case.await?) }))
    }

    async fn export_case(
        &self,
        request: Request<wire::ExportCaseRequest>,
    ) -> Result<Response<wire::ExportCaseResponse>, Status> {
        self.0.admit_operator(&request)?;
        let written = self.0.waiting(move |engine| {
            let asked = export::asked(request.get_ref())?;
            let found = engine.case_report(asked.case, asked.report)?;
            export::write(&asked, &found, &engine.wall())
        });
        Ok(Response::new(written.await?))
    }
}
