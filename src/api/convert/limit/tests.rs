//! Edits of limits from hostile hands.

use super::super::wall::tests::with_wall;
use super::*;

fn good() -> wire::SetLimitRequest {
    let scope = Some(wire::LimitScope { scope: Some(WireScope::MemberId("m-1".into())) });
    wire::SetLimitRequest {
        request_id: "r".into(),
        etag: etag(7),
        setting: Some(wire::LimitSetting {
            scope,
            resource: "pages".into(),
            part: wire::LimitPart::Quota.into(),
            rate: 200,
            period_seconds: 3_600,
            author: "kim".into(),
            reason: "a fair".into(),
            ..wire::LimitSetting::default()
        }),
        validate_only: false,
    }
}

fn told(request: &wire::SetLimitRequest) -> Vec<String> {
    let read = with_wall(|wall| edit(request, wall).map(|_| ()));
    let faults = read.err().map(|invalid| invalid.faults().to_vec()).unwrap_or_default();
    faults.iter().map(|fault| format!("{}: {}", fault.path(), fault.cause())).collect()
}

fn with(change: impl FnOnce(&mut wire::LimitSetting)) -> Vec<String> {
    let mut request = good();
    change(request.setting.as_mut().unwrap());
    told(&request)
}

#[test]
fn a_good_edit_is_read() {
    let read = with_wall(|wall| edit(&good(), wall).unwrap());
    assert_eq!((read.based_on, read.check_only), (7, false));
    assert_eq!((read.key.resource, read.key.part), (Resource::Pages, Part::Quota));
    let quota = read.setting.quota.unwrap();
    assert_eq!((quota.rate(), quota.burst(), quota.period()), (200, 200, Span::seconds(3_600)));
    let sent = to_wire(&read.key, Some(&read.setting));
    assert!(
        matches!(sent.scope.unwrap().scope, Some(WireScope::MemberKey(key)) if key.len() == 32)
    );
}

/// Zero, absurd and overflowing limits, unknown members and resources: each with its reason.
#[test]
fn bad_edits_are_refused_with_a_reason() {
    let long = "m".repeat(64 << 10);
    let member = |name: &str| {
        let scope = Some(WireScope::MemberId(name.into()));
        with(|setting| setting.scope = Some(wire::LimitScope { scope }))
    };
    let time = |seconds| Some(time_to_wire(Timestamp::from_seconds(seconds)));
    let holder = |holder: screening::QuotaHolder| {
        let scope = Some(WireScope::Holder(holder.into()));
        with(|setting| setting.scope = Some(wire::LimitScope { scope }))
    };
    for (faults, path) in [
        (with(|setting| setting.rate = 0), "setting.rate: no quota: a quota of zero"),
        (with(|setting| setting.period_seconds = 0), "setting.rate: no quota: a quota of zero"),
        (with(|setting| setting.rate = u64::MAX), "setting.rate: no quota: too large"),
        (with(|setting| setting.period_seconds = u64::MAX), "setting.rate: no quota: too large"),
        (with(|setting| setting.burst = u64::MAX), "setting.rate: no quota: too large"),
        (with(|setting| setting.burst = 900_000_000), "setting.rate: no quota: "),
        (with(|setting| setting.resource = "fax".into()), "setting.resource: no such resource"),
        (with(|setting| setting.part = 9), "setting.part: value 9"),
        (with(|setting| setting.part = wire::LimitPart::Off.into()), "setting.expire_time: "),
        (with(|setting| setting.scope = None), "setting.scope: field is required"),
        (member(""), "setting.scope: field is required"),
        (member(&long), "setting.scope: text has 65536 bytes"),
        (holder(screening::QuotaHolder::Member), "setting.scope: value 1"),
        (with(|setting| setting.reason.clear()), "setting.reason: field is required"),
        (with(|setting| setting.author = long.clone()), "setting.author: text has"),
        (with(|setting| setting.expire_time = time(1)), "setting.expire_time: "),
    ] {
        assert!(faults.first().is_some_and(|fault| fault.starts_with(path)), "{path}: {faults:?}");
    }
    let stale = wire::SetLimitRequest { etag: "7".into(), ..good() };
    assert!(told(&stale)[0].starts_with("etag: "), "{:?}", told(&stale));
}

#[test]
fn canaries_and_shadows_are_read_and_every_fault_is_told() {
    let part = |part: wire::LimitPart, change: fn(&mut wire::LimitSetting)| {
        with(|setting| {
            let plan = Some(WireScope::Plan(1));
            setting.scope = Some(wire::LimitScope { scope: plan });
            setting.part = part.into();
            change(setting);
        })
    };
    use wire::LimitPart::{Canary, Quota, Shadow};
    assert!(part(Canary, |setting| setting.percent = 10).is_empty());
    assert!(part(Shadow, |setting| setting.slot = 4).is_empty());
    for (told, path) in [
        (part(Canary, |_| ()), "setting.percent: value is 0"),
        (part(Canary, |setting| setting.percent = 101), "setting.percent: value is 101"),
        (part(Canary, |setting| setting.percent = u32::MAX), "setting.percent: value is"),
        (
            part(Canary, |setting| (setting.percent, setting.guard_good_bp) = (1, 10_001)),
            "setting.guard_good_bp: value is 10001",
        ),
        (
            part(Canary, |setting| (setting.percent, setting.rate) = (1, 0)),
            "setting.rate: no quota",
        ),
        (
            part(Canary, |setting| {
                setting.percent = 5;
                let scope = Some(WireScope::MemberId("m".into()));
                setting.scope = Some(wire::LimitScope { scope });
            }),
            "setting.scope: ",
        ),
        (part(Canary, |setting| (setting.percent, setting.slot) = (5, 1)), "setting.slot: "),
        (part(Shadow, |_| ()), "setting.slot: value is 0"),
        (part(Shadow, |setting| setting.slot = 5), "setting.slot: value is 5"),
        (part(Shadow, |setting| (setting.slot, setting.percent) = (1, 1)), "setting.percent: "),
        (part(Quota, |setting| setting.guard_refused_bp = 1), "setting.percent: "),
    ] {
        assert!(told.first().is_some_and(|fault| fault.starts_with(path)), "{path}: {told:?}");
    }
}

#[test]
fn a_limit_is_off_for_a_week_at_most() {
    let off = |seconds: u64| {
        with(|setting| {
            setting.part = wire::LimitPart::Off.into();
            (setting.rate, setting.period_seconds) = (0, 0);
            let now = with_wall(|wall| wall.now);
            setting.expire_time = Some(time_to_wire(now.plus(Span::seconds(seconds))));
        })
    };
    assert!(off(1).is_empty() && off(OFF_SECONDS_MAX).is_empty());
    assert!(off(OFF_SECONDS_MAX + 1)[0].starts_with("setting.expire_time: value is 604801"));
    assert!(off(0)[0].starts_with("setting.expire_time: "));
}

/// Pages of members and plans alone, as many as there may be, without a period.
#[test]
fn a_monthly_allowance_is_read_and_sent_as_pages_alone() {
    let month = |setting: &mut wire::LimitSetting| {
        setting.part = wire::LimitPart::Month.into();
        (setting.rate, setting.period_seconds, setting.burst) = (1_000_000_000, 0, 0);
    };
    let mut good = good();
    month(good.setting.as_mut().unwrap());
    let read = with_wall(|wall| edit(&good, wall).unwrap());
    assert_eq!((read.key.part, read.setting.quota.unwrap().rate()), (Part::Month, 1_000_000_000));
    let sent = to_wire(&read.key, Some(&read.setting));
    assert_eq!((sent.rate, sent.period_seconds, sent.burst), (1_000_000_000, 0, 0));
    assert_eq!(sent.part(), wire::LimitPart::Month);
    let with_month = |change: &dyn Fn(&mut wire::LimitSetting)| {
        with(|setting| {
            month(setting);
            change(setting);
        })
    };
    let each = Some(WireScope::Holder(screening::QuotaHolder::Organisation.into()));
    for (faults, path) in [
        (with_month(&|setting| setting.rate = 0), "setting.rate: "),
        (with_month(&|setting| setting.rate = 1_000_000_001), "setting.rate: "),
        (with_month(&|setting| setting.period_seconds = 60), "setting.period_seconds: "),
        (with_month(&|setting| setting.burst = 60), "setting.period_seconds: "),
        (with_month(&|setting| setting.resource = "faxes".into()), "setting.resource: "),
        (
            with_month(&|setting| setting.scope = Some(wire::LimitScope { scope: each.clone() })),
            "setting.resource: ",
        ),
    ] {
        assert!(faults.first().is_some_and(|fault| fault.starts_with(path)), "{path}: {faults:?}");
    }
}
