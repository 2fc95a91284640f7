//! Limits on the wire: how a member stands, what is set, and the edits of it.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::paging::{self, Question};
use super::read;
use super::read::time_to_wire;
use super::wall::Wall;
use crate::api::engine::{MemberLimit, MemberLimits, MonthStand, Next, Standings};
use crate::api::limit_desk::LimitsSet;
use crate::api::status::Failure;
use crate::bounds::SHADOWS_MAX;
use crate::fax::id::{Pseudonym, SubjectKind};
use crate::fax::stage::Plan;
use crate::limiter::share::Stand;
use crate::memory::limits::{CanaryTerms, Change, LimitKey, Part, Scope, Setting};
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
/// Of ten thousand uses, from how many on a canary is taken back, and from how many of those against whom nothing speaks.
const GUARD_REFUSED_BP: u32 = 500;
const GUARD_GOOD_BP: u32 = 100;
/// Of ten thousand, all of them.
const WHOLE_BP: u32 = 10_000;
/// What stands for a month where a quota needs a period: it is not looked at, and is one with which any count is a sound quota.
const MONTH_PERIOD_SECONDS: u64 = 1_000;
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

pub(super) fn version(etag: &str) -> Result<u64, InvalidField> {
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
        percent,
        guard_refused_bp,
        guard_good_bp,
        slot,
    } = sent;
    let key = key(faults, (scope.as_ref(), resource, *part, *slot), wall);
    let author = faults.keep("author", read::id(author));
    let reason = faults.keep("reason", read::required(reason));
    let expires = faults.keep("expire_time", read::time(expire_time.as_ref())).flatten();
    let part = key.map(|key| key.part);
    faults.keep("expire_time", expiry(expires, part, wall.now));
    let quota = match part {
        Some(Part::Quota | Part::Canary | Part::Shadow(_)) => {
            faults.keep("rate", quota(*rate, *period_seconds, *burst)).map(Some)
        }
        Some(Part::Month) => {
            let whole = matches!(key, Some(LimitKey { resource: Resource::Pages, scope, .. })
                if !matches!(scope, Scope::Holder(_)));
            if !whole {
                faults.add("resource", InvalidField::Disagrees { other: "setting.part" });
            }
            if (*period_seconds, *burst) != (0, 0) {
                faults.add("period_seconds", InvalidField::Disagrees { other: "setting.part" });
            }
            faults.keep("rate", monthly(*rate)).map(Some)
        }
        Some(Part::Off) if (*rate, *period_seconds, *burst) != (0, 0, 0) => {
            faults.add("rate", InvalidField::Disagrees { other: "setting.part" });
            None
        }
        Some(Part::Off) => Some(None),
        None => None,
    };
    let canary = canary(faults, key.as_ref(), (*percent, *guard_refused_bp, *guard_good_bp));
    let setting = Setting {
        quota: quota?,
        canary: canary?,
        author: author?.into(),
        reason: reason?.into(),
        set: wall.now,
        expires,
    };
    Some((key?, setting))
}

/// How a canary goes on, where it is one.
fn canary(
    faults: &mut Faults,
    key: Option<&LimitKey>,
    (percent, refused, good): (u32, u32, u32),
) -> Option<Option<CanaryTerms>> {
    let within = |value: u32, least: u32, most: u32| {
        let (value_wide, least_wide, most_wide) = (value.into(), least.into(), most.into());
        let range =
            InvalidField::OutOfRange { value: value_wide, least: least_wide, most: most_wide };
        if (least..=most).contains(&value) { Ok(value) } else { Err(range) }
    };
    if key?.part != Part::Canary {
        let unset = (percent, refused, good) == (0, 0, 0);
        let disagrees = InvalidField::Disagrees { other: "setting.part" };
        return faults.keep("percent", if unset { Ok(None) } else { Err(disagrees) });
    }
    if matches!(key?.scope, Scope::Member(_)) {
        faults.add("scope", InvalidField::Disagrees { other: "setting.part" });
    }
    let or = |value: u32, usual: u32| if value == 0 { usual } else { value };
    let percent = faults.keep("percent", within(percent, 1, 100));
    let refused = or(refused, GUARD_REFUSED_BP);
    let refused = faults.keep("guard_refused_bp", within(refused, 1, WHOLE_BP));
    let good = faults.keep("guard_good_bp", within(or(good, GUARD_GOOD_BP), 1, WHOLE_BP));
    Some(Some(CanaryTerms {
        percent: u8::try_from(percent?).ok()?,
        refused_bp: u16::try_from(refused?).ok()?,
        good_bp: u16::try_from(good?).ok()?,
    }))
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

/// So many pages in a month: a quota of which the rate alone counts.
pub(super) fn monthly(pages: u64) -> Result<Quota, InvalidField> {
    quota(pages, MONTH_PERIOD_SECONDS, pages)
}

pub(super) fn quota(rate: u64, period_seconds: u64, burst: u64) -> Result<Quota, InvalidField> {
    let most = u64::MAX / 1_000_000;
    let period = Span::seconds(period_seconds.min(most));
    let burst = if burst == 0 { rate } else { burst };
    Quota::new(rate, period, burst).map_err(|invalid: InvalidQuota| InvalidField::Quota(invalid))
}

fn key(
    faults: &mut Faults,
    (scope, resource, part, slot): (Option<&wire::LimitScope>, &str, i32, u32),
    wall: &Wall<'_>,
) -> Option<LimitKey> {
    let scope = faults.keep("scope", scope_of(scope, wall));
    let resource = faults.keep("resource", resource_of(resource));
    let most = u64::try_from(SHADOWS_MAX).unwrap_or(u64::MAX);
    let shadow = || {
        let known = u8::try_from(slot).ok().filter(|slot| (1..=most).contains(&u64::from(*slot)));
        known.ok_or(InvalidField::OutOfRange { value: slot.into(), least: 1, most })
    };
    let is_shadow = part == i32::from(wire::LimitPart::Shadow);
    if slot != 0 && !is_shadow {
        faults.add("slot", InvalidField::Disagrees { other: "part" });
    }
    if is_shadow {
        let slot = faults.keep("slot", shadow());
        return Some(LimitKey { scope: scope?, resource: resource?, part: Part::Shadow(slot?) });
    }
    let part = faults.keep(
        "part",
        match wire::LimitPart::try_from(part) {
            Ok(wire::LimitPart::Quota) => Ok(Part::Quota),
            Ok(wire::LimitPart::Off) => Ok(Part::Off),
            Ok(wire::LimitPart::Canary) => Ok(Part::Canary),
            Ok(wire::LimitPart::Month) => Ok(Part::Month),
            Ok(wire::LimitPart::Unspecified | wire::LimitPart::Shadow) | Err(_) => {
                Err(InvalidField::UnknownValue { value: part })
            }
        },
    );
    Some(LimitKey { scope: scope?, resource: resource?, part: part? })
}

/// Reads the name of a resource.
pub(super) fn resource_of(name: &str) -> Result<Resource, InvalidField> {
    let known = Resource::ALL.into_iter().find(|one| one.name() == name);
    known.ok_or(InvalidField::Resource)
}

/// Reads whose limit is meant.
pub(super) fn scope_of(
    scope: Option<&wire::LimitScope>,
    wall: &Wall<'_>,
) -> Result<Scope, InvalidField> {
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
            Ok(screening::QuotaHolder::ApiKey) => Ok(Scope::Holder(QuotaHolder::ApiKey)),
            Ok(
                screening::QuotaHolder::Unspecified
                | screening::QuotaHolder::Member
                | screening::QuotaHolder::Month,
            )
            | Err(_) => Err(InvalidField::UnknownValue { value: *value }),
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
    let wire::UnsetLimitRequest { request_id, etag, scope, resource, part, author, reason, slot } =
        request;
    let mut faults = Faults::default();
    faults.keep("request_id", read::id(request_id));
    let based_on = faults.keep("etag", version(etag));
    let key = key(&mut faults, (scope.as_ref(), resource, *part, *slot), wall);
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

/// What is set of a limit, or whose it is.
pub(super) fn to_wire(key: &LimitKey, setting: Option<&Setting>) -> wire::LimitSetting {
    let scope = match key.scope {
        Scope::Plan(plan) => WireScope::Plan(i32::from(plan as u8)),
        Scope::Holder(holder) => WireScope::Holder(i32::from(holder as u8) + 1),
        Scope::Member(member) => WireScope::MemberKey(digits(member)),
    };
    let quota = setting.and_then(|setting| setting.quota);
    let drains = quota.filter(|_| key.part != Part::Month);
    let canary = setting.and_then(|setting| setting.canary);
    wire::LimitSetting {
        scope: Some(wire::LimitScope { scope: Some(scope) }),
        resource: key.resource.name().into(),
        part: match key.part {
            Part::Quota => wire::LimitPart::Quota.into(),
            Part::Off => wire::LimitPart::Off.into(),
            Part::Canary => wire::LimitPart::Canary.into(),
            Part::Shadow(_) => wire::LimitPart::Shadow.into(),
            Part::Month => wire::LimitPart::Month.into(),
        },
        rate: quota.map_or(0, Quota::rate),
        period_seconds: drains.map_or(0, |quota| quota.period().as_seconds()),
        burst: drains.map_or(0, Quota::burst),
        author: setting.map_or(String::new(), |setting| setting.author.to_string()),
        reason: setting.map_or(String::new(), |setting| setting.reason.to_string()),
        set_time: setting.map(|setting| time_to_wire(setting.set)),
        expire_time: setting.and_then(|setting| setting.expires).map(time_to_wire),
        percent: canary.map_or(0, |terms| terms.percent.into()),
        guard_refused_bp: canary.map_or(0, |terms| terms.refused_bp.into()),
        guard_good_bp: canary.map_or(0, |terms| terms.good_bp.into()),
        slot: match key.part {
            Part::Shadow(slot) => slot.into(),
            Part::Quota | Part::Off | Part::Canary | Part::Month => 0,
        },
    }
}

fn digits(member: Pseudonym) -> String {
    member.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A member's limits, for the wire.
#[must_use]
pub fn of_member_to_wire(of: &MemberLimits) -> wire::GetMemberLimitsResponse {
    let MemberLimits {
        plan,
        limits,
        unknown,
        weight_milli,
        member,
        organisation,
        standings,
        month,
    } = of;
    let Standings { weight_milli: now, raised_milli, lowered_percent, floor_ppm, shares, next } =
        standings;
    let (own, each) = (Scope::Member(*member), Scope::Holder(QuotaHolder::Organisation));
    wire::GetMemberLimitsResponse {
        plan: i32::from(*plan as u8),
        limits: limits.iter().map(|limit| limit_to_wire(limit, own)).collect(),
        member_unknown: *unknown,
        share_weight_milli: *weight_milli,
        member_key: digits(*member),
        organisation_limits: organisation.iter().map(|limit| limit_to_wire(limit, each)).collect(),
        shares: shares.iter().map(share_to_wire).collect(),
        weight_now_milli: *now,
        raised_milli: *raised_milli,
        weight_percent: *lowered_percent,
        floor_ppm: *floor_ppm,
        month: month.as_ref().map(|month| {
            let MonthStand { pages, used, resets, zone, setting, whose } = month;
            let key = LimitKey { scope: *whose, resource: Resource::Pages, part: Part::Month };
            wire::MonthlyAllowance {
                page_count: *pages,
                used_count: *used,
                reset_time: Some(time_to_wire(*resets)),
                time_zone: zone.map_or(String::new(), |zone| zone.name().to_owned()),
                setting: setting.as_ref().map(|setting| to_wire(&key, Some(setting))),
            }
        }),
        next: next.as_ref().map(|next| {
            let Next { rule, faxes, time, retry } = next;
            wire::NextRefusal {
                rule: (*rule).into(),
                fax_count: *faxes,
                time: time.map(time_to_wire),
                retry_time: retry.map(time_to_wire),
            }
        }),
    }
}

fn limit_to_wire(limit: &MemberLimit, scope: Scope) -> wire::MemberLimit {
    let MemberLimit { resource, rate, period, burst, level, full, setting, off } = limit;
    let set = |part, setting: &Option<Setting>| {
        let canary = setting.as_ref().is_some_and(|setting| setting.canary.is_some());
        let part = if canary { Part::Canary } else { part };
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
}

fn share_to_wire(stand: &Stand) -> wire::MemberShare {
    let Stand { resource, contended, member, group, above } = stand;
    wire::MemberShare {
        resource: resource.name().into(),
        contended: *contended,
        held_ppm: member.held_ppm,
        fair_ppm: member.fair_ppm,
        group: group.is_some(),
        group_held_ppm: group.map_or(0, |group| group.held_ppm),
        group_fair_ppm: group.map_or(0, |group| group.fair_ppm),
        above: *above,
    }
}

#[cfg(test)]
mod tests;
