//! Past decisions, blocked calls, the state of the service, and members' limits.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::api::convert::decision;
use crate::api::convert::verdict::Words;
use crate::api::grpc::Edge;
use crate::screening::signals;
use crate::wire::operator::v1 as wire;
use wire::decision_service_server::DecisionService;

/// Version and commit of this build.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("FAXGUARD_COMMIT"));

/// The service of past decisions.
#[derive(Debug)]
pub(in crate::api::grpc) struct Decisions(pub(in crate::api::grpc) Arc<Edge>);

#[tonic::async_trait]
impl DecisionService for Decisions {
    async fn explain_decision(
        &self,
        request: Request<wire::ExplainDecisionRequest>,
    ) -> Result<Response<wire::ExplainDecisionResponse>, Status> {
        self.0.admit_operator(&request)?;
        let explained = self.0.waiting(move |engine| {
            let asked = decision::asked(request.get_ref())?;
            let policy = engine.policy();
            let redress = policy.policy().redress().contact();
            let words = Words { describe: signals::evidence, redress };
            Ok(decision::explained(asked, &engine.explain(asked)?, &words))
        });
        Ok(Response::new(explained.await?))
    }

    async fn list_blocked_calls(
        &self,
        request: Request<wire::ListBlockedCallsRequest>,
    ) -> Result<Response<wire::ListBlockedCallsResponse>, Status> {
        self.0.admit_operator(&request)?;
        let page = self.0.waiting(move |engine| {
            let listing = decision::blocked_listing(request.get_ref(), &engine.wall())?;
            let calls = engine.blocked_calls(listing.member, listing.before, listing.limit)?;
            Ok(decision::blocked_page(&listing, &calls))
        });
        Ok(Response::new(page.await?))
    }

    async fn get_status(
        &self,
        request: Request<wire::GetStatusRequest>,
    ) -> Result<Response<wire::GetStatusResponse>, Status> {
        self.0.admit_operator(&request)?;
        let engine = &self.0.engine;
        let generation = engine.policy().number();
        Ok(Response::new(decision::status(&engine.status(), VERSION, generation)))
    }
}
