//! Limits: how members stand, and what is set over the policy.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::api::convert::limit;
use crate::api::grpc::Edge;
use crate::memory::limits::Hand;
use crate::wire::operator::v1 as wire;
use wire::limit_service_server::LimitService;

/// The service.
#[derive(Debug)]
pub(in crate::api::grpc) struct Limits(pub(in crate::api::grpc) Arc<Edge>);

#[tonic::async_trait]
impl LimitService for Limits {
    async fn get_member_limits(
        &self,
        request: Request<wire::GetMemberLimitsRequest>,
    ) -> Result<Response<wire::GetMemberLimitsResponse>, Status> {
        self.0.admit_operator(&request)?;
        let limits = self.0.waiting(move |engine| {
            let member = limit::of_member(request.get_ref(), &engine.wall())?;
            engine.member_limits(member)
        });
        Ok(Response::new(limit::of_member_to_wire(&limits.await?)))
    }

    async fn list_limits(
        &self,
        request: Request<wire::ListLimitsRequest>,
    ) -> Result<Response<wire::ListLimitsResponse>, Status> {
        self.0.admit_operator(&request)?;
        let page = self.0.waiting(move |engine| {
            let paged = limit::listing(request.get_ref())?;
            let set = engine.limits_set(paged.after.as_ref().map(|key| &key[..]), paged.limit)?;
            Ok(limit::listed(&paged, &set))
        });
        Ok(Response::new(page.await?))
    }

    async fn set_limit(
        &self,
        request: Request<wire::SetLimitRequest>,
    ) -> Result<Response<wire::SetLimitResponse>, Status> {
        self.0.admit_operator(&request)?;
        let version = self.0.waiting(move |engine| {
            let edit = limit::edit(request.get_ref(), &engine.wall())?;
            if edit.check_only {
                return Ok(edit.based_on);
            }
            engine.set_limit(edit.key, &edit.setting, edit.based_on)
        });
        Ok(Response::new(wire::SetLimitResponse { etag: limit::etag(version.await?) }))
    }

    async fn unset_limit(
        &self,
        request: Request<wire::UnsetLimitRequest>,
    ) -> Result<Response<wire::UnsetLimitResponse>, Status> {
        self.0.admit_operator(&request)?;
        let version = self.0.waiting(move |engine| {
            let undo = limit::undo(request.get_ref(), &engine.wall())?;
            let (author, reason) = (undo.author.as_str(), undo.reason.as_str());
            engine.unset_limit(undo.key, Hand { author, reason, based_on: undo.based_on })
        });
        Ok(Response::new(wire::UnsetLimitResponse { etag: limit::etag(version.await?) }))
    }

    async fn list_limit_changes(
        &self,
        request: Request<wire::ListLimitChangesRequest>,
    ) -> Result<Response<wire::ListLimitChangesResponse>, Status> {
        self.0.admit_operator(&request)?;
        let page = self.0.waiting(move |engine| {
            let paged = limit::history(request.get_ref())?;
            let after = paged.after.map_or(0, u64::from_be_bytes);
            Ok(limit::changes(&paged, &engine.limit_changes(after, paged.limit)?))
        });
        Ok(Response::new(page.await?))
    }
}
