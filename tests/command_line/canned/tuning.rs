//! Tuning of limits: answers that never change.

use super::*;

/// The service.
pub(super) struct Desk;

fn effect() -> LimitEffect {
    LimitEffect {
        from_time: time(0),
        to_time: time(600),
        seen_count: 9_000,
        asked_count: 4_000,
        stood_count: 340,
        newly_count: 321,
        newly_good_count: 40,
        freed_count: 2,
        holder_count: 12,
        good_holder_count: 3,
        wait_median_seconds: 95,
        wait_p99_seconds: 1_663,
        charged: vec![ChargedUnits { resource: "pages".into(), recorded: 8_000, would: 7_100 }],
        holders: vec![AffectedHolder {
            holder_key: "0123456789abcdef".into(),
            times_count: 200,
            never_count: 4,
            longest_wait_seconds: 3_600,
            good: true,
        }],
    }
}

#[tonic::async_trait]
impl limit_tuning_service_server::LimitTuningService for Desk {
    async fn try_limit(&self, _: Request<TryLimitRequest>) -> Answer<TryLimitResponse> {
        Ok(Response::new(TryLimitResponse { effect: Some(effect()) }))
    }

    async fn list_limit_trials(
        &self,
        _: Request<ListLimitTrialsRequest>,
    ) -> Answer<ListLimitTrialsResponse> {
        let trial = |part: LimitPart, slot, percent| LimitTrial {
            setting: Some(LimitSetting {
                part: part.into(),
                slot,
                percent,
                guard_refused_bp: 500,
                guard_good_bp: 100,
                ..set_limit()
            }),
            counted_time: time(0),
            effect: Some(effect()),
        };
        let trials = vec![trial(LimitPart::Shadow, 2, 0), trial(LimitPart::Canary, 0, 10)];
        Ok(Response::new(ListLimitTrialsResponse { trials, etag: "limits-7".into() }))
    }

    async fn restore_limit(&self, _: Request<RestoreLimitRequest>) -> Answer<RestoreLimitResponse> {
        let (etag, setting) = ("limits-8".into(), Some(set_limit()));
        Ok(Response::new(RestoreLimitResponse { etag, setting, taken_back: false }))
    }

    async fn list_top_users(
        &self,
        _: Request<ListTopUsersRequest>,
    ) -> Answer<ListTopUsersResponse> {
        let user = |units, share_ppm| TopUser {
            holder_key: "0123456789abcdef".into(),
            units,
            share_ppm,
            stood_count: 7,
        };
        Ok(Response::new(ListTopUsersResponse {
            users: vec![user(600, 600_000), user(3, 3_000)],
            total: 1_000,
            user_count: 41,
            error: 0,
            from_time: time(0),
            to_time: time(60),
        }))
    }
}
