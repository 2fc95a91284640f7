//! Limits over the wire: set, listed, taken back; and what a node says of its lines.

use tonic::Code;

use super::live::Served;
use super::operator::limit_scope::Scope;
use super::operator::limit_service_client::LimitServiceClient;
use super::operator::limit_tuning_service_client::LimitTuningServiceClient;
use super::wire::screening_service_client::ScreeningServiceClient;
use super::{operator, reason, wire};

fn setting() -> operator::LimitSetting {
    let scope = Some(operator::LimitScope { scope: Some(Scope::MemberId("m-1".into())) });
    operator::LimitSetting {
        scope,
        resource: "pages".into(),
        part: operator::LimitPart::Quota.into(),
        rate: 500,
        period_seconds: 86_400,
        author: "kim".into(),
        reason: "a contract".into(),
        ..operator::LimitSetting::default()
    }
}

fn edit(etag: &str) -> operator::SetLimitRequest {
    let (request_id, etag) = ("r".into(), etag.into());
    operator::SetLimitRequest { request_id, etag, setting: Some(setting()), validate_only: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_set_shown_and_taken_back_over_the_wire() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::begin(folder.path()).await;
    let mut limits = LimitServiceClient::new(server.channel.clone());
    let listed = limits.list_limits(operator::ListLimitsRequest::default()).await.unwrap();
    assert_eq!(listed.into_inner().etag, "limits-0");
    let checked = operator::SetLimitRequest { validate_only: true, ..edit("limits-0") };
    limits.set_limit(checked).await.unwrap();
    let made = limits.set_limit(edit("limits-0")).await.unwrap().into_inner();
    assert_eq!(made.etag, "limits-1");
    let stale = limits.set_limit(edit("limits-0")).await.unwrap_err();
    assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "STALE_ETAG"));
    let ask = operator::GetMemberLimitsRequest { member_id: "m-1".into() };
    let member = limits.get_member_limits(ask.clone()).await.unwrap().into_inner();
    let pages = member.limits.iter().find(|limit| limit.resource == "pages").unwrap();
    assert_eq!((pages.burst, pages.setting.as_ref().unwrap().reason.as_str()), (500, "a contract"));
    let listed = limits.list_limits(operator::ListLimitsRequest::default()).await.unwrap();
    let listed = listed.into_inner();
    let scope = listed.settings[0].scope.clone().unwrap().scope;
    assert_eq!(scope, Some(Scope::MemberKey(member.member_key.clone())));
    let undo = operator::UnsetLimitRequest {
        request_id: "u".into(),
        etag: listed.etag,
        scope: listed.settings[0].scope.clone(),
        resource: "pages".into(),
        part: operator::LimitPart::Quota.into(),
        author: "lou".into(),
        reason: "over".into(),
        slot: 0,
    };
    limits.unset_limit(undo.clone()).await.unwrap();
    let again = operator::UnsetLimitRequest { etag: "limits-2".into(), ..undo };
    let gone = limits.unset_limit(again).await.unwrap_err();
    assert_eq!((gone.code(), reason(&gone).as_str()), (Code::NotFound, "NOT_FOUND"));
    let member = limits.get_member_limits(ask).await.unwrap().into_inner();
    assert!(member.limits.iter().all(|limit| limit.setting.is_none()));
    let page = operator::ListLimitChangesRequest { page_size: 1, page_token: String::new() };
    let first = limits.list_limit_changes(page).await.unwrap().into_inner();
    let page =
        operator::ListLimitChangesRequest { page_size: 1, page_token: first.next_page_token };
    let second = limits.list_limit_changes(page).await.unwrap().into_inner();
    let of = |change: &operator::LimitChange| (change.version, change.taken_back);
    assert_eq!((of(&first.changes[0]), of(&second.changes[0])), ((1, false), (2, true)));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_says_what_it_has_and_hears_what_is_contended() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::begin(folder.path()).await;
    let mut node = ScreeningServiceClient::new(server.channel.clone());
    let usage = |resource: &str, capacity| wire::ResourceUsage {
        resource: resource.into(),
        capacity,
        in_use: 1,
        queued: 0,
    };
    let said = |usages| wire::ReportUsageRequest { node_id: "n-1".into(), usages };
    let told = node.report_usage(said(vec![usage("lines", 30)])).await.unwrap().into_inner();
    assert!(told.contended_resources.is_empty());
    for bad in [
        said(Vec::new()),
        said(vec![usage("line", 30)]),
        said(vec![usage("lines", u64::MAX)]),
        said(vec![usage("lines", 1); 4]),
        wire::ReportUsageRequest { node_id: "n".repeat(64 << 10), ..said(vec![usage("lines", 1)]) },
    ] {
        let refused = node.report_usage(bad).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::InvalidArgument, "INVALID_FIELD")
        );
    }
    server.end().await;
}

fn plan() -> Option<operator::LimitScope> {
    Some(operator::LimitScope { scope: Some(Scope::Plan(wire::Plan::Free.into())) })
}

fn tried() -> operator::TryLimitRequest {
    operator::TryLimitRequest {
        scope: plan(),
        resource: "pages".into(),
        part: operator::LimitPart::Quota.into(),
        rate: 5,
        period_seconds: 60,
        ..operator::TryLimitRequest::default()
    }
}

fn asked() -> operator::ListTopUsersRequest {
    operator::ListTopUsersRequest {
        holder: wire::QuotaHolder::Trunk.into(),
        resource: "faxes".into(),
        ..operator::ListTopUsersRequest::default()
    }
}

/// A canary, or a shadow where a slot is named.
fn on_trial(etag: &str, slot: u32, percent: u32) -> operator::SetLimitRequest {
    let part = if slot > 0 { operator::LimitPart::Shadow } else { operator::LimitPart::Canary };
    operator::SetLimitRequest {
        setting: Some(operator::LimitSetting {
            scope: plan(),
            part: part.into(),
            slot,
            percent,
            ..setting()
        }),
        ..edit(etag)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_tried_and_taken_back_over_the_wire() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::begin(folder.path()).await;
    let mut limits = LimitServiceClient::new(server.channel.clone());
    let mut tuning = LimitTuningServiceClient::new(server.channel.clone());
    let effect = tuning.try_limit(tried()).await.unwrap().into_inner().effect.unwrap();
    assert_eq!((effect.asked_count, effect.charged.len()), (0, 4));
    limits.set_limit(on_trial("limits-0", 0, 10)).await.unwrap();
    limits.set_limit(on_trial("limits-1", 3, 0)).await.unwrap();
    let listed = limits.list_limits(operator::ListLimitsRequest::default()).await.unwrap();
    let listed = listed.into_inner();
    let told = |one: &operator::LimitSetting| {
        (one.percent, one.guard_refused_bp, one.guard_good_bp, one.slot)
    };
    let told: Vec<_> = listed.settings.iter().map(told).collect();
    assert_eq!((told, listed.etag.as_str()), (vec![(10, 500, 100, 0), (0, 0, 0, 3)], "limits-2"));
    let back = operator::RestoreLimitRequest {
        request_id: "r".into(),
        etag: "limits-2".into(),
        version: 1,
        author: "lou".into(),
        reason: "over".into(),
    };
    let stale = operator::RestoreLimitRequest { etag: "limits-1".into(), ..back.clone() };
    let refused = tuning.restore_limit(stale).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Aborted, "STALE_ETAG"));
    let missing = operator::RestoreLimitRequest { version: 77, ..back.clone() };
    let refused = tuning.restore_limit(missing).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "NOT_FOUND"));
    let restored = tuning.restore_limit(back).await.unwrap().into_inner();
    assert!(restored.taken_back && restored.etag == "limits-3", "{restored:?}");
    assert_eq!(tuning.list_top_users(asked()).await.unwrap().into_inner().total, 0);
    server.end().await;
}

/// Whatever is wrong is refused with its reason, and nothing is changed.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tried_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::begin(folder.path()).await;
    let mut limits = LimitServiceClient::new(server.channel.clone());
    let mut tuning = LimitTuningServiceClient::new(server.channel.clone());
    let long = "x".repeat(64 << 10);
    let member = |name: &str| operator::LimitScope { scope: Some(Scope::MemberId(name.into())) };
    let of_long = operator::TryLimitRequest { scope: Some(member(&long)), ..tried() };
    let no_resource = operator::TryLimitRequest { resource: long.clone(), ..tried() };
    let no_top = operator::ListTopUsersRequest { resource: long, ..asked() };
    let trials = operator::ListLimitTrialsRequest { holders_max: -1 };
    let bad = [
        tuning.try_limit(operator::TryLimitRequest { rate: 0, ..tried() }).await.err(),
        tuning.try_limit(operator::TryLimitRequest { rate: u64::MAX, ..tried() }).await.err(),
        tuning.try_limit(of_long).await.err(),
        tuning.try_limit(no_resource).await.err(),
        tuning.list_top_users(no_top).await.err(),
        tuning.restore_limit(operator::RestoreLimitRequest::default()).await.err(),
        tuning.list_limit_trials(trials).await.err(),
        limits.set_limit(on_trial("limits-0", 0, 0)).await.err(),
        limits.set_limit(on_trial("limits-0", 5, 0)).await.err(),
    ];
    for refused in bad.into_iter().map(Option::unwrap) {
        let told = (refused.code(), reason(&refused));
        assert_eq!(told, (Code::InvalidArgument, "INVALID_FIELD".to_owned()));
    }
    // Nobody the house knows has used nothing: an answer, and no fault.
    let stranger = operator::TryLimitRequest { scope: Some(member("nobody")), ..tried() };
    let effect = tuning.try_limit(stranger).await.unwrap().into_inner().effect.unwrap();
    assert_eq!((effect.asked_count, effect.holder_count), (0, 0));
    let trials = tuning.list_limit_trials(operator::ListLimitTrialsRequest::default());
    assert_eq!(trials.await.unwrap().into_inner().etag, "limits-0");
    server.end().await;
}
