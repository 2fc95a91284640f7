//! Tuning on the wire: what is tried, what it comes to, and who used most.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::limit::{etag, monthly, quota, resource_of, scope_of, to_wire, version};
use super::read::{self, time_to_wire};
use super::wall::Wall;
use crate::api::tuning_desk::{Restored, TopOf};
use crate::memory::limits::{LimitKey, Part, Setting};
use crate::screening::tuning::{Candidate, Found, Guard, Trial};
use crate::time::{DAY_SECONDS, HOUR_SECONDS, Span};
use crate::verdict::{QuotaHolder, Resource};
use crate::wire::operator::v1 as wire;
use crate::wire::screening::v1 as screening;

/// The longest window that is told of: as long as the log may be kept.
const WINDOW_SECONDS_MAX: u64 = 30 * DAY_SECONDS;
/// Most holders or users of an answer.
const ROWS_MAX: u64 = 1_000;
/// Millionths of a whole.
const WHOLE_PPM: u128 = 1_000_000;

/// A limit to try, over how long, and how many holders are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What is tried.
    pub candidate: Candidate,
    /// What of the time before now is told.
    pub window: Span,
    /// At most so many holders.
    pub holders: usize,
}

fn window(seconds: u64, usual: u64) -> Result<Span, InvalidField> {
    let seconds = if seconds == 0 { usual } else { seconds };
    let most = WINDOW_SECONDS_MAX;
    let range = InvalidField::OutOfRange { value: seconds, least: 1, most };
    if seconds <= most { Ok(Span::seconds(seconds)) } else { Err(range) }
}

fn rows(asked: i32, usual: usize) -> Result<usize, InvalidField> {
    let range = |value| InvalidField::OutOfRange { value, least: 1, most: ROWS_MAX };
    let asked = u64::try_from(asked).map_err(|_| range(0))?;
    match asked {
        0 => Ok(usual),
        asked if asked > ROWS_MAX => Err(range(asked)),
        asked => Ok(usize::try_from(asked).unwrap_or(usual)),
    }
}

/// Reads what is to be tried.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault.
pub fn attempt(
    request: &wire::TryLimitRequest,
    wall: &Wall<'_>,
) -> Result<Attempt, InvalidRequest> {
    let wire::TryLimitRequest {
        scope,
        resource,
        part,
        rate,
        period_seconds,
        burst,
        window_seconds,
        holders_max,
    } = request;
    let mut faults = Faults::default();
    let scope = faults.keep("scope", scope_of(scope.as_ref(), wall));
    let resource = faults.keep("resource", resource_of(resource));
    let units = (*rate, *period_seconds, *burst);
    let none = |faults: &mut Faults, part| {
        if units != (0, 0, 0) {
            faults.add("rate", InvalidField::Disagrees { other: "part" });
        }
        Some((part, None))
    };
    let what = match wire::LimitPart::try_from(*part) {
        Ok(wire::LimitPart::Quota) => {
            let quota = faults.keep("rate", quota(*rate, *period_seconds, *burst));
            quota.map(|quota| (Part::Quota, Some(Some(quota))))
        }
        Ok(wire::LimitPart::Off) => {
            none(&mut faults, Part::Off).map(|(part, _): (Part, Option<()>)| (part, Some(None)))
        }
        Ok(wire::LimitPart::Unspecified) => {
            none(&mut faults, Part::Quota).map(|(part, _): (Part, Option<()>)| (part, None))
        }
        Ok(wire::LimitPart::Month) => {
            if (*period_seconds, *burst) != (0, 0) || resource != Some(Resource::Pages) {
                faults.add("part", InvalidField::Disagrees { other: "resource" });
            }
            let pages = faults.keep("rate", monthly(*rate));
            pages.map(|pages| (Part::Month, Some(Some(pages))))
        }
        Ok(wire::LimitPart::Canary | wire::LimitPart::Shadow) | Err(_) => {
            faults.add("part", InvalidField::UnknownValue { value: *part });
            None
        }
    };
    let window = faults.keep("window_seconds", window(*window_seconds, 7 * DAY_SECONDS));
    let holders = faults.keep("holders_max", rows(*holders_max, 100));
    let built = (|| {
        let (part, set) = what?;
        let key = LimitKey { scope: scope?, resource: resource?, part };
        let setting = set.map(|quota| Setting {
            quota,
            canary: None,
            author: "".into(),
            reason: "".into(),
            set: wall.now,
            expires: None,
        });
        let candidate = Candidate { key, setting };
        Some(Attempt { candidate, window: window?, holders: holders? })
    })();
    faults.finish(built)
}

fn digits(key: u64) -> String {
    format!("{key:016x}")
}

/// What a limit would have done, for the wire.
#[must_use]
pub fn effect(found: &Found, holders: usize) -> wire::LimitEffect {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let charged = Resource::ALL.into_iter().map(|resource| wire::ChargedUnits {
        resource: resource.name().into(),
        recorded: found.charged.of(resource),
        would: found.would.of(resource),
    });
    let affected = found.most_affected(holders);
    let affected = affected.into_iter().map(|(key, affected)| wire::AffectedHolder {
        holder_key: digits(key),
        times_count: affected.times,
        never_count: affected.never,
        longest_wait_seconds: affected.longest.as_micros().div_ceil(1_000_000),
        good: affected.good,
    });
    wire::LimitEffect {
        from_time: found.times.map(|(first, _)| time_to_wire(first)),
        to_time: found.times.map(|(_, last)| time_to_wire(last)),
        seen_count: found.seen,
        asked_count: found.asked,
        stood_count: found.stood,
        newly_count: found.newly,
        newly_good_count: found.newly_good,
        freed_count: found.freed,
        holder_count: count(found.holders()),
        good_holder_count: count(found.good_holders()),
        wait_median_seconds: found.wait(500).as_seconds(),
        wait_p99_seconds: found.wait(990).as_seconds(),
        charged: charged.collect(),
        holders: affected.collect(),
    }
}

/// Reads how many holders of each trial are named.
///
/// # Errors
/// [`InvalidRequest`].
pub fn trials(request: &wire::ListLimitTrialsRequest) -> Result<usize, InvalidRequest> {
    let wire::ListLimitTrialsRequest { holders_max } = request;
    let mut faults = Faults::default();
    let holders = faults.keep("holders_max", rows(*holders_max, 10));
    faults.finish(holders)
}

/// What is tried, for the wire.
#[must_use]
pub fn trials_to_wire(
    (trials, version): &(Vec<Trial>, u64),
    holders: usize,
) -> wire::ListLimitTrialsResponse {
    let trials = trials.iter().map(|trial| match trial {
        Trial::Shadow { key, setting, counted, found } => wire::LimitTrial {
            setting: Some(to_wire(key, Some(setting))),
            counted_time: Some(time_to_wire(*counted)),
            effect: Some(effect(found, holders)),
        },
        Trial::Canary(guard) => wire::LimitTrial {
            setting: Some(to_wire(&guard.key(), Some(guard.setting()))),
            counted_time: Some(time_to_wire(guard.counted())),
            effect: Some(guarded(guard)),
        },
    });
    wire::ListLimitTrialsResponse { trials: trials.collect(), etag: etag(*version) }
}

fn guarded(guard: &Guard) -> wire::LimitEffect {
    let [(asked_count, stood_count), (_, newly_good_count)] = guard.counts();
    wire::LimitEffect { asked_count, stood_count, newly_good_count, ..Default::default() }
}

/// A change that is to be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitReturn {
    /// The change.
    pub change: u64,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// The version that the edit is based on.
    pub based_on: u64,
}

/// Reads which change is to be taken back.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault.
pub fn back(request: &wire::RestoreLimitRequest) -> Result<LimitReturn, InvalidRequest> {
    let wire::RestoreLimitRequest { request_id, etag, version: change, author, reason } = request;
    let mut faults = Faults::default();
    faults.keep("request_id", read::id(request_id));
    let based_on = faults.keep("etag", version(etag));
    let absent = if *change == 0 { Err(InvalidField::Absent) } else { Ok(*change) };
    let change = faults.keep("version", absent);
    let author = faults.keep("author", read::id(author));
    let reason = faults.keep("reason", read::required(reason));
    let built = (|| {
        let (author, reason) = (author?.to_owned(), reason?.to_owned());
        Some(LimitReturn { change: change?, author, reason, based_on: based_on? })
    })();
    faults.finish(built)
}

/// A limit that is what it was, for the wire.
#[must_use]
pub fn restored(restored: &Restored) -> wire::RestoreLimitResponse {
    let Restored { version, key, setting } = restored;
    wire::RestoreLimitResponse {
        etag: etag(*version),
        setting: Some(to_wire(key, setting.as_ref())),
        taken_back: setting.is_none(),
    }
}

/// Whose use is asked for, of what, since when, and of how many.
pub type TopAsked = ((QuotaHolder, Resource), Span, usize);

/// Reads whose use is asked for.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault.
pub fn top(request: &wire::ListTopUsersRequest) -> Result<TopAsked, InvalidRequest> {
    let wire::ListTopUsersRequest { holder, resource, window_seconds, users_max } = request;
    let mut faults = Faults::default();
    let holder = faults.keep(
        "holder",
        match screening::QuotaHolder::try_from(*holder) {
            Ok(screening::QuotaHolder::Member) => Ok(QuotaHolder::Member),
            Ok(screening::QuotaHolder::Organisation) => Ok(QuotaHolder::Organisation),
            Ok(screening::QuotaHolder::Number) => Ok(QuotaHolder::Number),
            Ok(screening::QuotaHolder::Trunk) => Ok(QuotaHolder::Trunk),
            Ok(screening::QuotaHolder::ApiKey) => Ok(QuotaHolder::ApiKey),
            Ok(screening::QuotaHolder::Unspecified | screening::QuotaHolder::Month) | Err(_) => {
                Err(InvalidField::UnknownValue { value: *holder })
            }
        },
    );
    let resource = faults.keep("resource", resource_of(resource));
    let window = faults.keep("window_seconds", window(*window_seconds, HOUR_SECONDS));
    let users = faults.keep("users_max", rows(*users_max, 20));
    let built = (|| Some(((holder?, resource?), window?, users?)))();
    faults.finish(built)
}

/// Who used most, for the wire.
#[must_use]
pub fn top_to_wire((top, times): &TopOf, users: usize) -> wire::ListTopUsersResponse {
    let share = |units: u64| {
        let share = (u128::from(units) * WHOLE_PPM).checked_div(u128::from(top.total));
        u32::try_from(share.unwrap_or(0)).unwrap_or(u32::MAX)
    };
    let users = top.most(users).into_iter().map(|(key, used)| wire::TopUser {
        holder_key: digits(key),
        units: used.units,
        share_ppm: share(used.units),
        stood_count: used.stood,
    });
    wire::ListTopUsersResponse {
        users: users.collect(),
        total: top.total,
        user_count: top.users,
        error: top.error,
        from_time: times.map(|(first, _)| time_to_wire(first)),
        to_time: times.map(|(_, last)| time_to_wire(last)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::wall::tests::with_wall;
    use super::*;
    use crate::time::Timestamp;
    use wire::limit_scope::Scope as WireScope;

    fn good() -> wire::TryLimitRequest {
        wire::TryLimitRequest {
            scope: Some(wire::LimitScope { scope: Some(WireScope::MemberId("m-1".into())) }),
            resource: "pages".into(),
            part: wire::LimitPart::Quota.into(),
            rate: 200,
            period_seconds: 3_600,
            ..wire::TryLimitRequest::default()
        }
    }

    fn faults(change: impl FnOnce(&mut wire::TryLimitRequest)) -> Vec<String> {
        let mut request = good();
        change(&mut request);
        let read = with_wall(|wall| attempt(&request, wall).map(|_| ()));
        let faults = read.err().map(|invalid| invalid.faults().to_vec()).unwrap_or_default();
        faults.iter().map(|fault| format!("{}: {}", fault.path(), fault.cause())).collect()
    }

    #[test]
    fn what_is_tried_is_read_and_every_fault_is_told() {
        let read = with_wall(|wall| attempt(&good(), wall).unwrap());
        assert_eq!((read.window, read.holders), (Span::seconds(7 * DAY_SECONDS), 100));
        assert_eq!(read.candidate.setting.unwrap().quota.unwrap().burst(), 200);
        let taken_back = wire::TryLimitRequest { part: 0, rate: 0, period_seconds: 0, ..good() };
        let read = with_wall(|wall| attempt(&taken_back, wall).unwrap());
        assert_eq!((read.candidate.key.part, read.candidate.setting), (Part::Quota, None));
        let off: i32 = wire::LimitPart::Off.into();
        for (told, path) in [
            (faults(|request| request.rate = 0), "rate: no quota: a quota of zero"),
            (faults(|request| request.rate = u64::MAX), "rate: no quota: too large"),
            (faults(|request| request.burst = u64::MAX), "rate: no quota: too large"),
            (faults(|request| request.part = off), "rate: "),
            (faults(|request| request.part = 3), "part: value 3"),
            (faults(|request| request.part = 4), "part: value 4"),
            (faults(|request| request.part = -7), "part: value -7"),
            (faults(|request| request.scope = None), "scope: field is required"),
            (faults(|request| request.resource = "x".repeat(64 << 10)), "resource: no such"),
            (faults(|request| request.window_seconds = u64::MAX), "window_seconds: value is"),
            (faults(|request| request.holders_max = -1), "holders_max: value is 0"),
            (faults(|request| request.holders_max = i32::MAX), "holders_max: value is"),
        ] {
            assert!(told.first().is_some_and(|fault| fault.starts_with(path)), "{path}: {told:?}");
        }
        let long = WireScope::MemberId("m".repeat(64 << 10));
        let told = faults(|request| {
            request.scope = Some(wire::LimitScope { scope: Some(long) });
        });
        assert!(told[0].starts_with("scope: text has 65536 bytes"), "{told:?}");
    }

    #[test]
    fn shares_are_told_in_millionths() {
        let mut used = crate::screening::tuning::Top::default();
        used.add(7, 30, true);
        used.add(8, 10, false);
        let times = Some((Timestamp::from_seconds(1), Timestamp::from_seconds(2)));
        let told = top_to_wire(&(used, times), 1);
        assert_eq!((told.total, told.user_count, told.users.len()), (40, 2, 1));
        let first = &told.users[0];
        assert_eq!((first.holder_key.as_str(), first.share_ppm), ("0000000000000007", 750_000));
        let nothing = wire::ListTopUsersRequest::default();
        assert!(top(&nothing).is_err());
        assert!(back(&wire::RestoreLimitRequest::default()).is_err());
    }
}
