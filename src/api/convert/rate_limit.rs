//! Questions of Envoy's rate limit service, and answers with the fields of the IETF's draft of RateLimit headers
//! (draft-ietf-httpapi-ratelimit-headers-10).

use std::fmt::Write as _;

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::{Wall, read};
use crate::api::rate_desk::{Asked, Stands};
use crate::bounds;
use crate::fax::id::SubjectKind;
use crate::policy::{DescriptorRule, find};
use crate::time::{Span, Timestamp};
use crate::verdict::{QuotaHolder, QuotaOutcome};
use crate::wire::envoy::config::core::v3::HeaderValue;
use crate::wire::envoy::extensions::common::ratelimit::v3::RateLimitDescriptor;
use crate::wire::envoy::extensions::common::ratelimit::v3::rate_limit_descriptor::Entry;
use crate::wire::envoy::service::ratelimit::v3 as wire;
use wire::rate_limit_response::rate_limit::Unit;
use wire::rate_limit_response::{Code, DescriptorStatus, RateLimit};

/// Units of time that Envoy has names for, in seconds.
const UNITS: [(u64, Unit); 4] =
    [(1, Unit::Second), (60, Unit::Minute), (3_600, Unit::Hour), (86_400, Unit::Day)];

/// Reads a question: for each descriptor what it stands for, or `None` where the policy knows no such descriptor.
///
/// # Errors
/// Every field at fault.
pub fn asked(
    request: &wire::RateLimitRequest,
    wall: &Wall<'_>,
    rules: &[DescriptorRule],
) -> Result<Vec<Option<Asked>>, InvalidRequest> {
    let wire::RateLimitRequest { domain, descriptors, hits_addend } = request;
    let mut faults = Faults::default();
    faults.keep("domain", read::required(domain));
    let hits = read::count(*hits_addend, 0, bounds::RATE_HITS_MAX);
    let hits = u64::from(faults.keep("hits_addend", hits).unwrap_or_default().max(1));
    match descriptors.len() {
        0 => faults.add("descriptors", InvalidField::Absent),
        count if count > bounds::RATE_DESCRIPTORS_MAX => {
            let most = bounds::RATE_DESCRIPTORS_MAX;
            faults.add("descriptors", InvalidField::TooMany { count, most });
        }
        _ => {}
    }
    let mut found = Vec::with_capacity(descriptors.len().min(bounds::RATE_DESCRIPTORS_MAX));
    for (at, descriptor) in descriptors.iter().enumerate().take(bounds::RATE_DESCRIPTORS_MAX) {
        match one(descriptor, (domain, hits), wall, rules) {
            Ok(asked) => found.push(asked),
            Err(cause) => faults.add_element("descriptors", at, cause),
        }
    }
    faults.finish(Some(found))
}

fn one(
    descriptor: &RateLimitDescriptor,
    (domain, hits): (&str, u64),
    wall: &Wall<'_>,
    rules: &[DescriptorRule],
) -> Result<Option<Asked>, InvalidField> {
    let RateLimitDescriptor { entries, hits_addend } = descriptor;
    match entries.len() {
        0 => return Err(InvalidField::Absent),
        count if count > bounds::RATE_ENTRIES_MAX => {
            return Err(InvalidField::TooMany { count, most: bounds::RATE_ENTRIES_MAX });
        }
        _ => {}
    }
    let mut pairs = smallvec::SmallVec::<[(&str, &str); 4]>::new();
    for Entry { key, value } in entries {
        pairs.push((read::required(key)?, read::required(value)?));
    }
    let cost = match hits_addend {
        None => hits,
        Some(own) if own.value <= u64::from(bounds::RATE_HITS_MAX) => own.value,
        Some(own) => {
            let most = bounds::RATE_HITS_MAX.into();
            return Err(InvalidField::OutOfRange { value: own.value, least: 0, most });
        }
    };
    let Some((rule, holder)) = find(rules, domain, &pairs) else { return Ok(None) };
    let hot = match rule.holder() {
        QuotaHolder::Member | QuotaHolder::Month => {
            wall.name(SubjectKind::Member, read::id(holder)?)
        }
        QuotaHolder::Organisation => wall.name(SubjectKind::Organisation, read::id(holder)?),
        QuotaHolder::Number => wall.keys.number(wall.required_number(holder)?),
        QuotaHolder::Trunk => wall.keys.trunk(read::id(holder)?),
        QuotaHolder::ApiKey => wall.name(SubjectKind::ApiKey, read::id(holder)?),
    };
    let (name, resource) = (rule.name(), rule.resource());
    Ok(Some(Asked { name, holder: rule.holder(), hot: hot.hot(), resource, cost }))
}

/// The answer, of all descriptors in their order: those that are unknown are let through.
#[must_use]
pub fn answer(
    asked: &[Option<Asked>],
    (now, stands): (Timestamp, &[Option<Stands>]),
) -> wire::RateLimitResponse {
    let mut stands = stands.iter();
    let mut statuses = Vec::with_capacity(asked.len());
    let (mut policies, mut limits) = (String::new(), String::new());
    let mut overall = Code::Ok;
    for asked in asked {
        let known = asked.as_ref().and_then(|asked| Some((asked, (*stands.next()?)?)));
        let Some((asked, Stands { status, limit })) = known else {
            statuses
                .push(DescriptorStatus { code: Code::Ok.into(), ..DescriptorStatus::default() });
            continue;
        };
        let within = status.outcome == QuotaOutcome::Within;
        let left =
            if within { status.remaining.saturating_sub(asked.cost) } else { status.remaining };
        let reset = match status.outcome {
            QuotaOutcome::Within => limit.comes_back(status.burst.saturating_sub(left)),
            QuotaOutcome::NotUntil(until) => until.since(now),
            QuotaOutcome::Never => limit.comes_back(status.burst),
        };
        let (window, reset_seconds) = (seconds(limit.comes_back(status.burst)), seconds(reset));
        let separator = if policies.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(policies, "{separator}\"{}\";q={};w={window}", asked.name, status.burst);
        let _ = write!(limits, "{separator}\"{}\";r={left};t={reset_seconds}", asked.name);
        let code = if within { Code::Ok } else { Code::OverLimit };
        if !within {
            overall = Code::OverLimit;
        }
        let unit = UNITS.into_iter().find(|(length, _)| *length == window);
        statuses.push(DescriptorStatus {
            code: code.into(),
            current_limit: unit.map(|(_, unit)| RateLimit {
                requests_per_unit: u32::try_from(status.burst).unwrap_or(u32::MAX),
                unit: unit.into(),
                name: asked.name.to_owned(),
            }),
            limit_remaining: u32::try_from(left).unwrap_or(u32::MAX),
            duration_until_reset: Some(read::span_to_wire(reset)),
        });
    }
    let header = |key: &str, value| HeaderValue { key: key.to_owned(), value };
    let mut response_headers_to_add = Vec::new();
    if !limits.is_empty() {
        response_headers_to_add =
            vec![header("RateLimit-Policy", policies), header("RateLimit", limits)];
    }
    wire::RateLimitResponse { overall_code: overall.into(), statuses, response_headers_to_add }
}

/// Whole seconds, rounded up but for what is no more than rounding itself.
const fn seconds(span: Span) -> u64 {
    span.as_micros().saturating_sub(1_000).div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message as _;

    use super::super::wall::tests::with_wall;
    use super::*;
    use crate::policy::load;

    fn rules() -> Box<[DescriptorRule]> {
        let text = "[descriptors.m]\n[descriptors.n]\nentries = [\"number\"]\nholder = \"number\"";
        load(text, &[]).unwrap().1.descriptors().into()
    }

    fn descriptor(entries: &[(&str, &str)], hits: Option<u64>) -> RateLimitDescriptor {
        let entry =
            |(key, value): &(&str, &str)| Entry { key: (*key).into(), value: (*value).into() };
        RateLimitDescriptor {
            entries: entries.iter().map(entry).collect(),
            hits_addend: hits.map(|value| pbjson_types::UInt64Value { value }),
        }
    }

    fn of(descriptors: Vec<RateLimitDescriptor>, hits_addend: u32) -> wire::RateLimitRequest {
        wire::RateLimitRequest { domain: "faxguard".into(), descriptors, hits_addend }
    }

    #[test]
    fn costs_and_holders_are_read() {
        with_wall(|wall| {
            let read = |request| asked(&request, wall, &rules()).unwrap();
            let member = || descriptor(&[("member", "m-1")], None);
            let costs = |hits| read(of(vec![member()], hits))[0].unwrap().cost;
            assert_eq!((costs(0), costs(7)), (1, 7));
            let own = |hits| read(of(vec![descriptor(&[("member", "m-1")], Some(hits))], 7))[0];
            assert_eq!((own(0).unwrap().cost, own(3).unwrap().cost), (0, 3));
            let both = read(of(vec![descriptor(&[("number", "+12125550123")], None), member()], 1));
            assert_eq!(both[0].unwrap().holder, QuotaHolder::Number);
            assert_eq!(both[1].unwrap().hot, wall.name(SubjectKind::Member, "m-1").hot());
            assert_eq!(read(of(vec![descriptor(&[("path", "/")], None)], 1)), [None]);
        });
    }

    #[test]
    fn what_is_absurd_is_refused_with_its_field() {
        with_wall(|wall| {
            let long = "x".repeat(65_536);
            let many = vec![descriptor(&[("member", "m")], None); 17];
            for (request, path) in [
                (of(Vec::new(), 1), "descriptors"),
                (of(many, 1), "descriptors"),
                (of(vec![descriptor(&[], None)], 1), "descriptors[0]"),
                (of(vec![descriptor(&[("a", "b"); 17], None)], 1), "descriptors[0]"),
                (of(vec![descriptor(&[("member", &long)], None)], 1), "descriptors[0]"),
                (of(vec![descriptor(&[(&long, "m")], None)], 1), "descriptors[0]"),
                (of(vec![descriptor(&[("number", "12")], None)], 1), "descriptors[0]"),
                (of(vec![descriptor(&[("member", "m")], Some(u64::MAX))], 1), "descriptors[0]"),
                (of(vec![descriptor(&[("member", "m")], None)], u32::MAX), "hits_addend"),
                (
                    wire::RateLimitRequest {
                        domain: long.clone(),
                        ..of(vec![descriptor(&[("a", "b")], None)], 1)
                    },
                    "domain",
                ),
                (
                    wire::RateLimitRequest {
                        domain: String::new(),
                        ..of(vec![descriptor(&[("a", "b")], None)], 1)
                    },
                    "domain",
                ),
            ] {
                let faults = asked(&request, wall, &rules()).unwrap_err();
                assert_eq!(faults.faults()[0].path(), path);
                assert!(!faults.to_string().contains("xxx"));
            }
        });
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(request) = wire::RateLimitRequest::decode(bytes.as_slice()) {
                with_wall(|wall| {
                    let _ = asked(&request, wall, &rules());
                });
            }
        }
    }
}
