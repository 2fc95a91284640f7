//! Held faxes: listed, released, rejected.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::api::convert::held;
use crate::api::grpc::Edge;
use crate::wire::operator::v1 as wire;
use wire::held_fax_service_server::HeldFaxService;

/// The service.
#[derive(Debug)]
pub(in crate::api::grpc) struct HeldFaxes(pub(in crate::api::grpc) Arc<Edge>);

#[tonic::async_trait]
impl HeldFaxService for HeldFaxes {
    async fn list_held_faxes(
        &self,
        request: Request<wire::ListHeldFaxesRequest>,
    ) -> Result<Response<wire::ListHeldFaxesResponse>, Status> {
        self.0.admit_operator(&request)?;
        let page = self.0.waiting(move |engine| {
            let listing = held::listing(request.get_ref(), &engine.wall())?;
            Ok(held::page(&listing, &engine.held(&listing.filter)?))
        });
        Ok(Response::new(page.await?))
    }

    async fn release_held_fax(
        &self,
        request: Request<wire::ReleaseHeldFaxRequest>,
    ) -> Result<Response<wire::ReleaseHeldFaxResponse>, Status> {
        self.0.admit_operator(&request)?;
        let fax =
            self.0.waiting(move |engine| engine.rule_on_held(&held::release(request.get_ref())?));
        let fax = Some(held::to_wire(&fax.await?));
        Ok(Response::new(wire::ReleaseHeldFaxResponse { fax }))
    }

    async fn reject_held_fax(
        &self,
        request: Request<wire::RejectHeldFaxRequest>,
    ) -> Result<Response<wire::RejectHeldFaxResponse>, Status> {
        self.0.admit_operator(&request)?;
        let fax =
            self.0.waiting(move |engine| engine.rule_on_held(&held::reject(request.get_ref())?));
        let fax = Some(held::to_wire(&fax.await?));
        Ok(Response::new(wire::RejectHeldFaxResponse { fax }))
    }
}
