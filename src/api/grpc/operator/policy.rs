//! The policy: read, checked, replaced.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::api::convert::policy;
use crate::api::grpc::Edge;
use crate::wire::operator::v1 as wire;
use wire::policy_service_server::PolicyService;

/// The service.
#[derive(Debug)]
pub(in crate::api::grpc) struct Policies(pub(in crate::api::grpc) Arc<Edge>);

#[tonic::async_trait]
impl PolicyService for Policies {
    async fn get_policy(
        &self,
        request: Request<wire::GetPolicyRequest>,
    ) -> Result<Response<wire::GetPolicyResponse>, Status> {
        self.0.admit_operator(&request)?;
        Ok(Response::new(policy::to_wire(&self.0.engine.policy())))
    }

    async fn apply_policy(
        &self,
        request: Request<wire::ApplyPolicyRequest>,
    ) -> Result<Response<wire::ApplyPolicyResponse>, Status> {
        self.0.admit_operator(&request)?;
        let answer = self.0.waiting(move |engine| {
            let wish = policy::wish(request.get_ref(), engine.wall().now)?;
            if wish.check_only {
                let faults = engine.check_policy(wish.edit);
                return Ok(policy::checked(engine.policy().number(), &faults));
            }
            let applied = engine.apply_policy(wish.edit, wish.based_on.as_deref())?;
            Ok(policy::checked(applied.number(), &[]))
        });
        Ok(Response::new(answer.await?))
    }
}
