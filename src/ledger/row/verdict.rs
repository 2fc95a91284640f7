//! The verdict at the end of a row: kept whole beside the open decision too, since few answers are asked for again
//! and this is a quarter of their size.

use super::with_room;
use crate::fax::id::DecisionId;
use crate::fax::stage::StageKind;
use crate::ledger::names::Names;
use crate::ledger::varint::{Packer, take, take_signed};
use crate::store::codec::{take_option, take_u8, take_u32};
use crate::time::{Span, Timestamp};
use crate::verdict::{
    Action, Bounds, ContentPurpose, Counterfactual, Degradations, Going, Hit, HitKind, Holder,
    Holding, Name, QuotaHolder, QuotaOutcome, QuotaStatus, Refusal, Resource, Score, ShareStatus,
    Verdict, Watched, name_digest,
};

/// Most lines of a score: prior, signals, caps, composites, calibration, each with room to spare.
const HITS_MAX: usize = 320;
/// Most counterfactuals: one either side.
const OTHERS_MAX: usize = 4;
/// Most quotas: each resource of three holders, and pages a month.
const QUOTAS_MAX: usize = 3 * Resource::ALL.len() + 1;
/// Most bytes of a verdict: what is always there, 20 a line, 11 a counterfactual, 41 a quota, bounds, refusal and share.
pub(super) const VERDICT_BYTES_MAX: usize =
    56 + HITS_MAX * 20 + OTHERS_MAX * 11 + QUOTAS_MAX * 41 + 90 + 32;

const _: () = assert!(VERDICT_BYTES_MAX <= u16::MAX as usize, "answers keep its length in 16 bits");

/// A verdict alone, as a row ends with it.
pub fn encode_verdict(verdict: &Verdict) -> Box<[u8]> {
    with_room(|to| {
        put_verdict(to, verdict);
        Box::from(to.packed(0))
    })
}

/// Reads one back; `None` where the bytes are of no verdict. A refusal has the usual phrase of its code then.
pub fn decode_verdict(mut bytes: &[u8], decision: DecisionId, names: &Names) -> Option<Verdict> {
    take_verdict(&mut bytes, decision, names)
}

/// Appends a verdict.
pub(super) fn put_verdict(to: &mut Packer<'_>, verdict: &Verdict) {
    to.fixed([verdict.stage as u8, verdict.action as u8, verdict.degradations.0]);
    let wish = u8::from(verdict.fingerprint.is_some()) << 1 | u8::from(verdict.ink_map) << 2;
    let share = u8::from(verdict.share.is_some()) << 3;
    to.push(u8::from(verdict.settled) | wish | share);
    to.fixed(name_digest(verdict.rule).to_le_bytes());
    to.put_signed(verdict.score.0.into());
    to.put(verdict.generation);
    to.put(verdict.reuse.as_seconds());
    to.option(micros(verdict.deadline));
    let hits = verdict.hits.get(..HITS_MAX).unwrap_or(&verdict.hits);
    to.put(u64::try_from(hits.len()).unwrap_or(0));
    for hit in hits {
        let [a, b, c, d] = hit.name.digest().to_le_bytes();
        to.fixed([hit.kind as u8, a, b, c, d]);
        to.put_signed(hit.contribution.0.into());
        to.put_signed(hit.value);
    }
    let others = verdict.counterfactuals.get(..OTHERS_MAX).unwrap_or(&verdict.counterfactuals);
    to.push(u8::try_from(others.len()).unwrap_or(0));
    for other in others {
        to.push(other.action as u8);
        to.put_signed(other.distance.0.into());
        to.option(other.without.map(|name| name_digest(name).to_le_bytes()));
    }
    let quotas = verdict.quotas.get(..QUOTAS_MAX).unwrap_or(&verdict.quotas);
    to.push(u8::try_from(quotas.len()).unwrap_or(0));
    quotas.iter().for_each(|quota| put_quota(to, quota));
    put_bounds(to, &verdict.bounds);
    to.option(verdict.refusal.map(|refusal| {
        let [low, high] = refusal.sip_code.to_le_bytes();
        [low, high, refusal.q850_cause]
    }));
    if let Some(share) = &verdict.share {
        put_share(to, share);
    }
}

fn put_share(to: &mut Packer<'_>, share: &ShareStatus) {
    let ShareStatus { holding, going } = share;
    let (code, until) = match *going {
        Going::Go => (0, None),
        Going::GoLow => (1, None),
        Going::WaitUntil(until) => (2, Some(until)),
        Going::Refuse => (3, None),
    };
    let penalised = u8::from(holding.penalty > 0) << 3;
    let group = u8::from(holding.holder == Holder::Group) << 4;
    to.push(holding.resource as u8 | penalised | group | code << 5);
    to.option(micros(until));
    to.put(holding.held_ppm);
    to.put(holding.fair_ppm);
    if holding.penalty > 0 {
        to.push(holding.penalty);
    }
}

fn take_share(from: &mut &[u8]) -> Option<ShareStatus> {
    let code = take_u8(from)?;
    let going = match (code >> 5, take_time(from)?) {
        (0, _) => Going::Go,
        (1, _) => Going::GoLow,
        (2, Some(until)) => Going::WaitUntil(until),
        (3, _) => Going::Refuse,
        _ => return None,
    };
    let holding = Holding {
        resource: *Watched::ALL.get(usize::from(code & 7))?,
        holder: if code & 0x10 == 0 { Holder::Member } else { Holder::Group },
        held_ppm: take(from)?,
        fair_ppm: take(from)?,
        penalty: if code & 8 == 0 { 0 } else { take_u8(from)? },
    };
    Some(ShareStatus { holding, going })
}

fn micros(time: Option<Timestamp>) -> Option<[u8; 8]> {
    time.map(|time| time.as_micros().to_le_bytes())
}

fn take_time(from: &mut &[u8]) -> Option<Option<Timestamp>> {
    take_option(from, |from| crate::store::codec::take_i64(from).map(Timestamp::from_micros))
}

fn take_hits(from: &mut &[u8], names: &Names) -> Option<Vec<Hit>> {
    let count = take(from).and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| *count <= HITS_MAX)?;
    (0..count)
        .map(|_| {
            let kind = match take_u8(from)? {
                1 => HitKind::Prior,
                2 => HitKind::Signal,
                3 => HitKind::Cap,
                4 => HitKind::Composite,
                5 => HitKind::Calibration,
                _ => return None,
            };
            let name = Name::of(names.name(take_u32(from)?));
            let contribution = Score(i32::try_from(take_signed(from)?).ok()?);
            Some(Hit { kind, name, contribution, value: take_signed(from)? })
        })
        .collect()
}

fn put_quota(to: &mut Packer<'_>, quota: &QuotaStatus) {
    // Rows of before there were other holders than members have nothing in the upper half.
    to.push(quota.resource as u8 | (quota.holder as u8) << 4);
    let (code, until) = match quota.outcome {
        QuotaOutcome::Within => (0, None),
        QuotaOutcome::NotUntil(until) => (1, Some(until)),
        QuotaOutcome::Never => (2, None),
    };
    to.push(code);
    to.option(micros(until));
    to.put(quota.cost);
    to.put(quota.remaining);
    to.put(quota.burst);
}

fn take_quota(from: &mut &[u8]) -> Option<QuotaStatus> {
    let code = take_u8(from)?;
    let resource = *Resource::ALL.get(usize::from(code & 0xf))?;
    let holder = QuotaHolder::from_code(code >> 4)?;
    let outcome = take_u8(from)?;
    let until = take_time(from)?;
    let outcome = match (outcome, until) {
        (0, _) => QuotaOutcome::Within,
        (1, Some(until)) => QuotaOutcome::NotUntil(until),
        (2, _) => QuotaOutcome::Never,
        _ => return None,
    };
    Some(QuotaStatus {
        holder,
        resource,
        outcome,
        cost: take(from)?,
        remaining: take(from)?,
        burst: take(from)?,
    })
}

/// Boundless takes one byte.
fn put_bounds(to: &mut Packer<'_>, bounds: &Bounds) {
    let any = *bounds != Bounds::default();
    to.push(any.into());
    if !any {
        return;
    }
    let some = |value: Option<u32>| value.map_or(0, |value| u64::from(value) + 1);
    for value in [
        some(bounds.pages),
        bounds.duration.map_or(0, |span| span.as_seconds() + 1),
        some(bounds.page_bytes),
        some(bounds.dials),
        some(bounds.tries),
        some(bounds.concurrent),
        bounds.hours.map_or(0, |(first, end)| (u64::from(first) << 16 | u64::from(end)) + 1),
    ] {
        to.put(value);
    }
    to.option(micros(bounds.not_before));
}

fn take_bounds(from: &mut &[u8]) -> Option<Bounds> {
    if take_u8(from)? == 0 {
        return Some(Bounds::default());
    }
    let mut some = || -> Option<Option<u64>> { Some(take(from)?.checked_sub(1)) };
    let narrow = |value: Option<u64>| value.and_then(|value| u32::try_from(value).ok());
    let (pages, duration, page_bytes) = (narrow(some()?), some()?, narrow(some()?));
    let (dials, tries, concurrent) = (narrow(some()?), narrow(some()?), narrow(some()?));
    let hours = some()?.and_then(|hours| {
        Some((u16::try_from(hours >> 16).ok()?, u16::try_from(hours & 0xffff).ok()?))
    });
    let not_before = take_time(from)?;
    let duration = duration.map(Span::seconds);
    Some(Bounds { pages, duration, page_bytes, dials, tries, not_before, hours, concurrent })
}

/// Takes a verdict from the front of bytes.
pub(super) fn take_verdict(
    from: &mut &[u8],
    decision: DecisionId,
    names: &Names,
) -> Option<Verdict> {
    let stage = StageKind::from_code(take_u8(from)?)?;
    let action = Action::from_code(take_u8(from)?)?;
    let degradations = Degradations(take_u8(from)?);
    let flags = take_u8(from)?;
    let rule = names.name(take_u32(from)?);
    let score = Score(i32::try_from(take_signed(from)?).ok()?);
    let generation = take(from)?;
    let reuse = Span::seconds(take(from)?);
    let deadline = take_time(from)?;
    let hits = take_hits(from, names)?;
    let counterfactuals = (0..take_count(from, OTHERS_MAX)?)
        .map(|_| {
            let action = Action::from_code(take_u8(from)?)?;
            let distance = Score(i32::try_from(take_signed(from)?).ok()?);
            let without = take_option(from, take_u32)?.map(|digest| names.name(digest));
            Some(Counterfactual { action, distance, without })
        })
        .collect::<Option<_>>()?;
    let quotas =
        (0..take_count(from, QUOTAS_MAX)?).map(|_| take_quota(from)).collect::<Option<_>>()?;
    let bounds = take_bounds(from)?;
    let refusal = take_option(from, |from| {
        let [low, high, q850_cause] = crate::store::codec::take(from)?;
        let sip_code = u16::from_le_bytes([low, high]);
        Some(Refusal { sip_code, sip_phrase: phrase(sip_code), q850_cause })
    })?;
    let share = if flags & 8 == 0 { None } else { Some(take_share(from)?) };
    Some(Verdict {
        decision,
        stage,
        action,
        score,
        hits,
        rule,
        generation,
        counterfactuals,
        reuse,
        fingerprint: (flags & 2 != 0).then_some(ContentPurpose::PreventDisruption),
        ink_map: flags & 4 != 0,
        bounds,
        refusal,
        deadline,
        quotas,
        share,
        degradations,
        repeated: false,
        settled: flags & 1 != 0,
    })
}

/// A count that no writer exceeds.
fn take_count(from: &mut &[u8], most: usize) -> Option<usize> {
    Some(usize::from(take_u8(from)?)).filter(|count| *count <= most)
}

/// The usual phrase of a SIP code (RFC 3261 section 21): a row keeps the code alone.
const fn phrase(sip_code: u16) -> &'static str {
    match sip_code {
        404 => "Not Found",
        480 => "Temporarily Unavailable",
        486 => "Busy Here",
        603 => "Network Blocked",
        _ => "Declined",
    }
}
