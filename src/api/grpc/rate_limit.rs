//! Envoy's rate limit service, from the same quotas: asked, spent and answered at once.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::Edge;
use super::arrival::Arrival;
use crate::api::convert::rate_limit;
use crate::api::rate_desk::Asked;
use crate::api::status::Failure;
use crate::wire::envoy::service::ratelimit::v3 as wire;
use wire::rate_limit_response::Code;
use wire::rate_limit_service_server::RateLimitService;

/// The service.
#[derive(Debug)]
pub(super) struct RateLimits(pub(super) Arc<Edge>);

#[tonic::async_trait]
impl RateLimitService for RateLimits {
    async fn should_rate_limit(
        &self,
        request: Request<wire::RateLimitRequest>,
    ) -> Result<Response<wire::RateLimitResponse>, Status> {
        if request.extensions().get::<Arrival>().is_some_and(Arrival::is_over) {
            self.0.metrics.expired_calls.inc();
            return Err(Arrival::expired());
        }
        let told = self.answer(request.get_ref());
        Ok(Response::new(self.0.counted(told)?))
    }
}

impl RateLimits {
    fn answer(&self, request: &wire::RateLimitRequest) -> Result<wire::RateLimitResponse, Failure> {
        let Edge { engine, metrics, .. } = &*self.0;
        let policy = engine.policy();
        let rules = policy.policy().descriptors();
        let asked = rate_limit::asked(request, &engine.wall(), rules)?;
        let known: Vec<Asked> = asked.iter().flatten().copied().collect();
        let (now, stands) = engine.spend(&known);
        let told = rate_limit::answer(&asked, (now, &stands));
        for (asked, status) in asked.iter().zip(&told.statuses) {
            let result = match (asked, status.code()) {
                (None, _) => "unknown",
                (Some(_), Code::OverLimit) => "over-limit",
                (Some(_), Code::Ok | Code::Unknown) => "ok",
            };
            metrics.rate_descriptors.get_or_create(&[("result", result)]).inc();
        }
        Ok(told)
    }
}
