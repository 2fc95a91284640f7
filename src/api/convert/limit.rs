//! Limits on the wire: how a member stands, what is set, and the edits of it.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::paging::{self, Question};
use super::read;
use super::read::time_to_wire;
use super::wall::Wall;
use crate::api::engine::{MemberLimit, MemberLimits};
use crate::api::limit_desk::LimitsSet;
use crate::api::status::Failure;
use crate::fax::id::{Pseudonym, SubjectKind};
use crate::fax::stage::Plan;
use crate::memory::limits::{Change, LimitKey, Part, Scope, Setting};
use crate::policy::{InvalidQuota, Quota};
use crate::time::{DAY_SECONDS, Span, Timestamp};
use crate::verdict::{QuotaHolder, Resource};
use crate::wire::operator::v1 as wire;
use crate::wire::screening::v1 as screening;
use wire::limit_scope::Scope as WireScope;

/// What an etag of the limits begins with.
const ETAG: &str = "limits-";
/// The longest time for which a limit may be off: a switch for an emergency is no policy.
const OFF_SECONDS_MAX: u64 = 7 * DAY_SECONDS;
/// Bytes of the key of a row of settings.
const KEY_BYTES: usize = 19;

/// An edit of a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitEdit {
    /// Which limit.
    pub key: LimitKey,
    /// What it is set to.
    pub setting: Setting,
    /// The version that the edit is based on.
    pub based_on: u64,
    /// Only to be checked.
    pub check_only: bool,
}

/// A limit that is to be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitUndo {
    /// Which limit.
    pub key: LimitKey,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// The version that the edit is based on.
    pub based_on: u64,
}

/// Names a version of what is set.
#[must_use]
pub fn etag(version: u64) -> String {
    format!("{ETAG}{version}")
}

fn version(etag: &str) -> Result<u64, InvalidField> {
    let number = read::id(etag)?.strip_prefix(ETAG).and_then(|number| number.parse().ok());
    number.ok_or(InvalidField::NotAnId)
}

/// Reads whose limits are asked for.
///
/// # Errors
/// [`InvalidRequest`].
pub fn of_member(
    request: &wire::GetMemberLimitsRequest,
    wall: &Wall<'_>,
) -> Result<Pseudonym, InvalidRequest> {
    let wire::GetMemberLimitsRequest { member_id } = request;
    let mut faults = Faults::default();
    let member = faults.keep("member_id", read::id(member_id));
    faults.finish(member.map(|name| wall.name(SubjectKind::Member, name)))
}

/// Reads an edit.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault.
pub fn edit(request: &wire::SetLimitRequest, wall: &Wall<'_>) -> Result<LimitEdit, InvalidRequest> {
    let wire::SetLimitRequest { request_id, etag, setting, validate_only } = request;
    let mut faults = Faults::default();
    faults.keep("request_id", read::id(request_id));
    let based_on = faults.keep("etag", version(etag));
    let Some(sent) = setting else {
        faults.add("setting", InvalidField::Absent);
        return faults.finish(None);
    };
    faults.enter("setting.");
    let set = fields(&mut faults, sent, wall);
    let built = based_on.zip(set).map(|(based_on, (key, setting))| LimitEdit {
        key,
        setting,
        based_on,
        check_only: *validate_only,
    });
    faults.finish(built)
}

fn fields(
    faults: &mut Faults,
    sent: &wire::LimitSetting,
    wall: &Wall<'_>,
) -> Option<(LimitKey, Setting)> {
    let wire::LimitSetting {
        scope,
        resource,
        part,
        rate,
        period_seconds,
        burst,
        author,
        reason,
        set_time: _,
        expire_time,
    } = sent;
    let key = key(faults, (scope.as_ref(), resource, *part), wall);
    let author = faults.keep("author", read::id(author));
    let reason = faults.keep("reason", read::required(reason));
    let expires = faults.keep("expire_time", read::time(expire_time.as_ref())).flatten();
    let part = key.map(|key| key.part);
    faults.keep("expire_time", expiry(expires, part, wall.now));
    let quota = match part {
        Some(Part::Quota) => faults.keep("rate", quota(*rate, *period_seconds, *burst)).map(Some),
        Some(Part::Off) if (*rate, *period_seconds, *burst) != (0, 0, 0) => {
            faults.add("rate", InvalidField::Disagrees { other: "setting.part" });
            None
        }
        Some(Part::Off) => Some(None),
        None => None,
    };
    let setting = Setting {
        quota: quota?,
        author: author?.into(),
        reason: reason?.into(),
        set: wall.now,
        expires,
    };
    Some((key?, setting))
}

fn expiry(
    expires: Option<Timestamp>,
    part: Option<Part>,
    now: Timestamp,
) -> Result<(), InvalidField> {
    match expires {
        None if part == Some(Part::Off) => Err(InvalidField::Absent),
        Some(expires) if expires <= now => Err(InvalidField::Past),
        Some(expires) if part == Some(Part::Off) => {
            let seconds = expires.since(now).as_seconds();
            let most = OFF_SECONDS_MAX;
            let range = InvalidField::OutOfRange { value: seconds, least: 1, most };
            if seconds > most { Err(range) } else { Ok(()) }
        }
        Some(_) | None => Ok(()),
    }
}

fn quota(rate: u64, period_seconds: u64, burst: u64) -> Result<Quota, InvalidField> {
    let most = u64::MAX / 1_000_000;
    let period = Span::seconds(period_seconds.min(most));
    let burst = if burst == 0 { rate } else { burst };
    Quota::new(rate, period, burst).map_err(|invalid: InvalidQuota| InvalidField::Quota(invalid))
}

fn key(
    faults: &mut Faults,
    (scope, resource, part): (Option<&wire::LimitScope>, &str, i32),
    wall: &Wall<'_>,
) -> Option<LimitKey> {
    let scope = faults.keep("scope", scope_of(scope, wall));
    let known = Resource::ALL.into_iter().find(|one| one.name() == resource);
    let resource = faults.keep("resource", known.ok_or(InvalidField::Resource));
    let part = faults.keep(
        "part",
        match wire::LimitPart::try_from(part) {
            Ok(wire::LimitPart::Quota) => Ok(Part::Quota),
            Ok(wire::LimitPart::Off) => Ok(Part::Off),
            Ok(wire::LimitPart::Unspecified) | Err(_) => {
                Err(InvalidField::UnknownValue { value: part })
            }
        },
    );
    Some(LimitKey { scope: scope?, resource: resource?, part: part? })
}

fn scope_of(scope: Option<&wire::LimitScope>, wall: &Wall<'_>) -> Result<Scope, InvalidField> {
    let sent = scope.and_then(|scope| scope.scope.as_ref()).ok_or(InvalidField::Absent)?;
    match sent {
        WireScope::Plan(value) => {
            let plan = u8::try_from(*value).ok().and_then(Plan::from_code);
            plan.map(Scope::Plan).ok_or(InvalidField::UnknownValue { value: *value })
        }
        WireScope::Holder(value) => match screening::QuotaHolder::try_from(*value) {
            Ok(screening::QuotaHolder::Organisation) => {
                Ok(Scope::Holder(QuotaHolder::Organisation))
            }
            Ok(screening::QuotaHolder::Number) => Ok(Scope::Holder(QuotaHolder::Number)),
            Ok(screening::QuotaHolder::Trunk) => Ok(Scope::Holder(QuotaHolder::Trunk)),
            Ok(screening::QuotaHolder::Unspecified | screening::QuotaHolder::Member) | Err(_) => {
                Err(InvalidField::UnknownValue { value: *value })
            }
        },
        WireScope::MemberId(name) => {
            Ok(Scope::Member(wall.name(SubjectKind::Member, read::id(name)?)))
        }
        WireScope::MemberKey(digits) => {
            let decision = read::decision(digits)?;
            Ok(Scope::Member(Pseudonym(decision.0)))
        }
    }
}

/// Reads which limit is to be taken back.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault.
pub fn undo(
    request: &wire::UnsetLimitRequest,
    wall: &Wall<'_>,
) -> Result<LimitUndo, InvalidRequest> {
    let wire::UnsetLimitRequest { request_id, etag, scope, resource, part, author, reason } =
        request;
    let mut faults = Faults::default();
    faults.keep("request_id", read::id(request_id));
    let based_on = faults.keep("etag", version(etag));
    let key = key(&mut faults, (scope.as_ref(), resource, *part), wall);
    let author = faults.keep("author", read::id(author));
    let reason = faults.keep("reason", read::required(reason));
    let built = (|| {
        let (author, reason) = (author?.to_owned(), reason?.to_owned());
        Some(LimitUndo { key: key?, author, reason, based_on: based_on? })
    })();
    faults.finish(built)
}

/// A page that is asked for: after which key, at most how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paged<const N: usize> {
    /// After this key.
    pub after: Option<[u8; N]>,
    /// At most so many.
    pub limit: usize,
    question: Question,
}

fn paged<const N: usize>(
    name: &str,
    page_size: i32,
    page_token: &str,
) -> Result<Paged<N>, Failure> {
    let mut faults = Faults::default();
    let limit = faults.keep("page_size", paging::size(page_size));
    let limit = faults.finish(limit)?;
    let question = Question::of(name, &[]);
    Ok(Paged { after: question.key(page_token)?, limit, question })
}

/// Reads which settings are asked for.
///
/// # Errors
/// [`Failure::Invalid`], [`Failure::InvalidPageToken`].
pub fn listing(request: &wire::ListLimitsRequest) -> Result<Paged<KEY_BYTES>, Failure> {
    let wire::ListLimitsRequest { page_size, page_token } = request;
    paged("limits", *page_size, page_token)
}

/// What is set, for the wire.
#[must_use]
pub fn listed(paged: &Paged<KEY_BYTES>, set: &LimitsSet) -> wire::ListLimitsResponse {
    let settings = set.settings.iter().map(|(key, setting)| to_wire(key, Some(setting)));
    wire::ListLimitsResponse {
        settings: settings.collect(),
        etag: etag(set.version),
        next_page_token: set.next.as_ref().map_or(String::new(), |key| paged.question.token(key)),
    }
}

/// Reads which changes are asked for.
///
/// # Errors
/// [`Failure::Invalid`], [`Failure::InvalidPageToken`].
pub fn history(request: &wire::ListLimitChangesRequest) -> Result<Paged<8>, Failure> {
    let wire::ListLimitChangesRequest { page_size, page_token } = request;
    paged("limit changes", *page_size, page_token)
}

/// The history, for the wire.
#[must_use]
pub fn changes(paged: &Paged<8>, changes: &[Change]) -> wire::ListLimitChangesResponse {
    let last = changes.last().filter(|_| changes.len() == paged.limit);
    let next = last.map(|change| paged.question.token(&change.version.to_be_bytes()));
    let changes = changes.iter().map(|change| wire::LimitChange {
        version: change.version,
        change_time: Some(time_to_wire(change.time)),
        author: change.author.to_string(),
        reason: change.reason.to_string(),
        setting: Some(to_wire(&change.key, change.setting.as_ref())),
        taken_back: change.setting.is_none(),
    });
    wire::ListLimitChangesResponse {
        changes: changes.collect(),
        next_page_token: next.unwrap_or_default(),
    }
}

fn to_wire(key: &LimitKey, setting: Option<&Setting>) -> wire::LimitSetting {
    let scope = match key.scope {
        Scope::Plan(plan) => WireScope::Plan(i32::from(plan as u8)),
        Scope::Holder(holder) => WireScope::Holder(i32::from(holder as u8) + 1),
        Scope::Member(member) => WireScope::MemberKey(digits(member)),
    };
    let quota = setting.and_then(|setting| setting.quota);
    wire::LimitSetting {
        scope: Some(wire::LimitScope { scope: Some(scope) }),
        resource: key.resource.name().into(),
        part: match key.part {
            Part::Quota => wire::LimitPart::Quota.into(),
            Part::Off => wire::LimitPart::Off.into(),
        },
        rate: quota.map_or(0, Quota::rate),
        period_seconds: quota.map_or(0, |quota| quota.period().as_seconds()),
        burst: quota.map_or(0, Quota::burst),
        author: setting.map_or(String::new(), |setting| setting.author.to_string()),
        reason: setting.map_or(String::new(), |setting| setting.reason.to_string()),
        set_time: setting.map(|setting| time_to_wire(setting.set)),
        expire_time: setting.and_then(|setting| setting.expires).map(time_to_wire),
    }
}

fn digits(member: Pseudonym) -> String {
    member.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A member's limits, for the wire.
#[must_use]
pub fn of_member_to_wire(of: &MemberLimits) -> wire::GetMemberLimitsResponse {
    let MemberLimits { plan, limits, unknown, weight_milli, member } = of;
    let scope = Scope::Member(*member);
    let limits = limits.iter().map(|limit| {
        let MemberLimit { resource, rate, period, burst, level, full, setting, off } = limit;
        let set = |part, setting: &Option<Setting>| {
            let key = LimitKey { scope, resource: *resource, part };
            setting.as_ref().map(|setting| to_wire(&key, Some(setting)))
        };
        wire::MemberLimit {
            resource: resource.name().into(),
            rate: *rate,
            period_seconds: period.as_seconds(),
            burst: *burst,
            level: *level,
            full_time: full.map(time_to_wire),
            setting: set(Part::Quota, setting),
            off: set(Part::Off, off),
        }
    });
    wire::GetMemberLimitsResponse {
        plan: i32::from(*plan as u8),
        limits: limits.collect(),
        member_unknown: *unknown,
        share_weight_milli: *weight_milli,
        member_key: digits(*member),
    }
}

#[cfg(test)]
mod tests {
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
            (
                with(|setting| setting.period_seconds = u64::MAX),
                "setting.rate: no quota: too large",
            ),
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
            assert!(
                faults.first().is_some_and(|fault| fault.starts_with(path)),
                "{path}: {faults:?}"
            );
        }
        let stale = wire::SetLimitRequest { etag: "7".into(), ..good() };
        assert!(told(&stale)[0].starts_with("etag: "), "{:?}", told(&stale));
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
}
