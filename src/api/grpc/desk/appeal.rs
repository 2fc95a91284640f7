//! Appeals, taken from the abuse page.

use std::num::NonZeroU32;
use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::api::convert::{abuse, report};
use crate::api::grpc::Edge;
use crate::wire::report::v1 as wire;
use wire::appeal_service_server::AppealService;

/// The service.
#[derive(Debug)]
pub(in crate::api::grpc) struct Appeals(pub(in crate::api::grpc) Arc<Edge>);

#[tonic::async_trait]
impl AppealService for Appeals {
    async fn file_appeal(
        &self,
        request: Request<wire::FileAppealRequest>,
    ) -> Result<Response<wire::FileAppealResponse>, Status> {
        let request = request.into_inner();
        let who = report::name_bytes(request.appellant.as_ref());
        self.0.counted(self.0.guards.reports.admit(who, NonZeroU32::MIN))?;
        let appeal = self.0.waiting(move |engine| {
            let appealing = abuse::appealing(&request, &engine.wall())?;
            Ok(abuse::appeal_to_wire(&engine.file_appeal(&appealing)?))
        });
        Ok(Response::new(wire::FileAppealResponse { appeal: Some(appeal.await?) }))
    }

    async fn get_appeal(
        &self,
        request: Request<wire::GetAppealRequest>,
    ) -> Result<Response<wire::GetAppealResponse>, Status> {
        self.0.admit_operator(&request)?;
        let appeal = self.0.waiting(move |engine| {
            let id = abuse::measure_asked(&request.get_ref().measure_id)?;
            Ok(abuse::appeal_to_wire(&engine.appeal(id)?))
        });
        Ok(Response::new(wire::GetAppealResponse { appeal: Some(appeal.await?) }))
    }
}
