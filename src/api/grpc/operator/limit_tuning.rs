//! Tuning of limits: what a limit would do, what is tried, changes taken back, and who used most.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::api::convert::limit_tuning;
use crate::api::grpc::Edge;
use crate::memory::limits::Hand;
use crate::wire::operator::v1 as wire;
use wire::limit_tuning_service_server::LimitTuningService;

/// The service.
#[derive(Debug)]
pub(in crate::api::grpc) struct LimitTuning(pub(in crate::api::grpc) Arc<Edge>);

#[tonic::async_trait]
impl LimitTuningService for LimitTuning {
    async fn try_limit(
        &self,
        request: Request<wire::TryLimitRequest>,
    ) -> Result<Response<wire::TryLimitResponse>, Status> {
        self.0.admit_operator(&request)?;
        let effect = self.0.waiting(move |engine| {
            let attempt = limit_tuning::attempt(request.get_ref(), &engine.wall())?;
            let found = engine.try_limit(attempt.candidate, attempt.window)?;
            Ok(limit_tuning::effect(&found, attempt.holders))
        });
        Ok(Response::new(wire::TryLimitResponse { effect: Some(effect.await?) }))
    }

    async fn list_limit_trials(
        &self,
        request: Request<wire::ListLimitTrialsRequest>,
    ) -> Result<Response<wire::ListLimitTrialsResponse>, Status> {
        self.0.admit_operator(&request)?;
        let trials = self.0.waiting(move |engine| {
            let holders = limit_tuning::trials(request.get_ref())?;
            Ok(limit_tuning::trials_to_wire(&engine.limit_trials(), holders))
        });
        Ok(Response::new(trials.await?))
    }

    async fn restore_limit(
        &self,
        request: Request<wire::RestoreLimitRequest>,
    ) -> Result<Response<wire::RestoreLimitResponse>, Status> {
        self.0.admit_operator(&request)?;
        let restored = self.0.waiting(move |engine| {
            let back = limit_tuning::back(request.get_ref())?;
            let (author, reason) = (back.author.as_str(), back.reason.as_str());
            let hand = Hand { author, reason, based_on: back.based_on };
            Ok(limit_tuning::restored(&engine.restore_limit(back.change, hand)?))
        });
        Ok(Response::new(restored.await?))
    }

    async fn list_top_users(
        &self,
        request: Request<wire::ListTopUsersRequest>,
    ) -> Result<Response<wire::ListTopUsersResponse>, Status> {
        self.0.admit_operator(&request)?;
        let users = self.0.waiting(move |engine| {
            let (of, window, users) = limit_tuning::top(request.get_ref())?;
            Ok(limit_tuning::top_to_wire(&engine.top_users(of, window)?, users))
        });
        Ok(Response::new(users.await?))
    }
}
