//! One stage as the ledger keeps it: what was observed, the features, the verdict. Enough to explain it, to rebuild
//! every counter after a crash, and to try another policy on it; no number, no ident, no content.

use super::names::Names;
use super::varint::{put, put_signed, take, take_as, take_signed};
use crate::activity::Observation;
use crate::fax::id::{DecisionId, Pseudonym};
use crate::fax::stage::{Member, StageKind};
use crate::features::{FEATURE_COUNT, FEATURES_VERSION, Features};
use crate::limiter::Costs;
use crate::relations::Relation;
use crate::store::codec::{put_option, take_option, take_u8, take_u32, take_u64};
use crate::time::{DAY_SECONDS, Span, Timestamp};
use crate::verdict::{
    Action, Bounds, ContentPurpose, Counterfactual, Degradations, Hit, HitKind, QuotaOutcome,
    QuotaStatus, Refusal, Resource, Score, Verdict,
};

/// Layout of the row. A reader takes every version up to its own.
const ROW_VERSION: u8 = 1;
/// Most lines of a score that are read back.
const HITS_MAX: u64 = 512;

/// What the pages so far look like from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageStats {
    /// Pages.
    pub count: u32,
    /// Coded bytes of all of them.
    pub bytes: u64,
    /// Bytes of the largest.
    pub largest: u32,
    /// Bytes of the latest.
    pub latest: u32,
    /// Pages in a row with the very same size, up to the latest.
    pub equal_now: u32,
    /// The longest such row.
    pub equal_most: u32,
    /// Pages below 1000 bytes.
    pub tiny: u32,
    /// Seconds of the slowest.
    pub slowest: u32,
    /// Rows of the longest.
    pub rows_most: u32,
    /// Rows of all.
    pub rows: u64,
    /// Damaged rows of all.
    pub bad_rows: u64,
    /// Repeated trainings.
    pub retrains: u32,
}

/// Correspondence that a stage noted: a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noted(pub u8);

impl Noted {
    /// The member has faxed the recipient, and its country.
    pub const FAXED: Self = Self(1);
    /// The member has accepted a fax from the caller.
    pub const ACCEPTED: Self = Self(2);
    /// The member still accepts faxes from the caller: noted as of the day before, so that it counts at once.
    pub const STILL_ACCEPTED: Self = Self(4);

    /// True when all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The key under which relations keep that a member has faxed a country.
pub const fn country_key(calling_code: u16) -> u64 {
    0xc0de_0000_0000_0000 | calling_code as u64
}

/// One stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageRow {
    /// Keyed hash of the request id.
    pub request: u64,
    /// Page number, attempt, or 0.
    pub mark: u32,
    /// The routing node.
    pub node: u64,
    /// Whom the called number or the recipient stands for.
    pub number: Pseudonym,
    /// The caller, where it showed a number.
    pub caller: Option<Pseudonym>,
    /// The member.
    pub member: Option<Pseudonym>,
    /// Hot key of the member, or of the called number where no member is known.
    pub member_key: u64,
    /// Plan, age, zone of the member as they were.
    pub facts: Member,
    /// Country calling code of the far end; 0 not known.
    pub calling_code: u16,
    /// Code of the first time zone of the recipient plus one; 0 not known.
    pub zone: u16,
    /// What the counters got.
    pub observation: Observation,
    /// The features.
    pub features: Features,
    /// What was charged for the fax, at this stage or an earlier one.
    pub charged: Costs,
    /// True when it was charged at this stage.
    pub charging: bool,
    /// What was settled against the charge: the actual cost, when the last dial ended.
    pub settled: Option<Costs>,
    /// Correspondence that was noted.
    pub noted: Noted,
    /// The pages so far.
    pub pages: PageStats,
    /// The verdict.
    pub verdict: Verdict,
}

impl StageRow {
    /// Its bytes, 300 to 500.
    pub fn encode(&self, names: &Names) -> Vec<u8> {
        self.encode_parted(names).0
    }

    /// Its bytes, and where among them those of the verdict begin: they are what [`decode_verdict`] reads.
    pub fn encode_parted(&self, names: &Names) -> (Vec<u8>, usize) {
        let mut to = Vec::with_capacity(512);
        to.push(ROW_VERSION);
        to.extend_from_slice(&self.request.to_le_bytes());
        to.extend_from_slice(&self.node.to_le_bytes());
        put(&mut to, self.mark.into());
        to.extend_from_slice(&self.number.0);
        put_option(&mut to, self.caller.map(|caller| caller.0));
        put_option(&mut to, self.member.map(|member| member.0));
        to.extend_from_slice(&self.member_key.to_le_bytes());
        put_member(&mut to, &self.facts);
        put(&mut to, self.calling_code.into());
        put(&mut to, self.zone.into());
        self.observation.encode(&mut to);
        put_features(&mut to, &self.features);
        put_costs(&mut to, self.charged);
        to.push(u8::from(self.charging));
        to.push(u8::from(self.settled.is_some()));
        put_costs(&mut to, self.settled.unwrap_or_default());
        to.push(self.noted.0);
        put_pages(&mut to, &self.pages);
        let verdict_at = to.len();
        put_verdict(&mut to, &self.verdict, names);
        (to, verdict_at)
    }

    /// The correspondence that was noted at `time`: key of the number, what, as of when.
    pub fn relations(&self, time: Timestamp) -> impl Iterator<Item = (u64, Relation, Timestamp)> {
        let faxed = self.noted.has(Noted::FAXED);
        let abroad = faxed && self.calling_code != 0;
        let caller = self.observation.caller;
        let day_before = time.minus(Span::seconds(DAY_SECONDS));
        let note = |noted: bool, key, relation, since| noted.then_some((key, relation, since));
        [
            note(faxed, self.number.hot(), Relation::Faxed, time),
            note(abroad, country_key(self.calling_code), Relation::Faxed, time),
            note(self.noted.has(Noted::ACCEPTED), caller, Relation::Accepted, time),
            note(self.noted.has(Noted::STILL_ACCEPTED), caller, Relation::Accepted, day_before),
        ]
        .into_iter()
        .flatten()
    }

    /// Reads one back; `None` where the bytes are not of a version up to this one.
    pub fn decode(mut bytes: &[u8], decision: DecisionId, names: &Names) -> Option<Self> {
        let from = &mut bytes;
        if take_u8(from)? > ROW_VERSION {
            return None;
        }
        Some(Self {
            request: take_u64(from)?,
            node: take_u64(from)?,
            mark: take_as(from)?,
            number: Pseudonym(take_fixed(from)?),
            caller: take_option(from, |from| take_fixed(from).map(Pseudonym))?,
            member: take_option(from, |from| take_fixed(from).map(Pseudonym))?,
            member_key: take_u64(from)?,
            facts: take_member(from)?,
            calling_code: take_as(from)?,
            zone: take_as(from)?,
            observation: Observation::decode(from)?,
            features: take_features(from)?,
            charged: take_costs(from)?,
            charging: take_u8(from)? != 0,
            settled: take_settled(from)?,
            noted: Noted(take_u8(from)?),
            pages: take_pages(from)?,
            verdict: take_verdict(from, decision, names)?,
        })
    }
}

/// A verdict alone, as a row ends with it.
pub fn encode_verdict(verdict: &Verdict, names: &Names) -> Box<[u8]> {
    let mut to = Vec::with_capacity(256);
    put_verdict(&mut to, verdict, names);
    to.into()
}

/// Reads one back; `None` where the bytes are of no verdict. A refusal has the usual phrase of its code then.
pub fn decode_verdict(mut bytes: &[u8], decision: DecisionId, names: &Names) -> Option<Verdict> {
    take_verdict(&mut bytes, decision, names)
}

fn take_fixed(from: &mut &[u8]) -> Option<[u8; 16]> {
    crate::store::codec::take(from)
}

fn put_member(to: &mut Vec<u8>, member: &Member) {
    to.push(member.plan as u8);
    put(to, member.created_day.into());
    put(to, member.zone.into());
    to.extend_from_slice(&member.jurisdiction);
    put(to, member.organisation);
    put(to, member.share_weight_milli.into());
    put(to, member.brand.into());
}

fn take_member(from: &mut &[u8]) -> Option<Member> {
    Some(Member {
        plan: crate::fax::stage::Plan::from_code(take_u8(from)?)?,
        created_day: take_as(from)?,
        zone: take_as(from)?,
        jurisdiction: crate::store::codec::take(from)?,
        organisation: take(from)?,
        share_weight_milli: take_as(from)?,
        brand: take_as(from)?,
    })
}

fn put_features(to: &mut Vec<u8>, features: &Features) {
    put(to, FEATURES_VERSION.into());
    // There are fewer features than one byte of a count can say, so it is filled in afterwards.
    let count_at = to.len();
    to.push(0);
    for (place, value) in features.sparse() {
        to[count_at] += 1;
        to.push(place);
        put_signed(to, value.into());
    }
}

fn take_features(from: &mut &[u8]) -> Option<Features> {
    let _version: u32 = take_as(from)?;
    let count: u8 = take_as(from)?;
    let mut pairs = [(0, 0); 256];
    for pair in pairs.iter_mut().take(count.into()) {
        *pair = (take_u8(from)?, i32::try_from(take_signed(from)?).ok()?);
    }
    Some(Features::from_sparse(pairs.into_iter().take(count.into())))
}

fn put_costs(to: &mut Vec<u8>, costs: Costs) {
    costs.0.into_iter().for_each(|cost| put(to, cost));
}

fn take_costs(from: &mut &[u8]) -> Option<Costs> {
    Some(Costs([take(from)?, take(from)?, take(from)?, take(from)?]))
}

fn take_settled(from: &mut &[u8]) -> Option<Option<Costs>> {
    let settled = take_u8(from)? != 0;
    let costs = take_costs(from)?;
    Some(settled.then_some(costs))
}

fn put_pages(to: &mut Vec<u8>, pages: &PageStats) {
    for value in [
        pages.count.into(),
        pages.bytes,
        pages.largest.into(),
        pages.latest.into(),
        pages.equal_now.into(),
        pages.equal_most.into(),
        pages.tiny.into(),
        pages.slowest.into(),
        pages.rows_most.into(),
        pages.rows,
        pages.bad_rows,
        pages.retrains.into(),
    ] {
        put(to, value);
    }
}

fn take_pages(from: &mut &[u8]) -> Option<PageStats> {
    Some(PageStats {
        count: take_as(from)?,
        bytes: take(from)?,
        largest: take_as(from)?,
        latest: take_as(from)?,
        equal_now: take_as(from)?,
        equal_most: take_as(from)?,
        tiny: take_as(from)?,
        slowest: take_as(from)?,
        rows_most: take_as(from)?,
        rows: take(from)?,
        bad_rows: take(from)?,
        retrains: take_as(from)?,
    })
}

fn put_verdict(to: &mut Vec<u8>, verdict: &Verdict, names: &Names) {
    to.extend_from_slice(&[verdict.stage as u8, verdict.action as u8, verdict.degradations.0]);
    to.push(u8::from(verdict.settled) | u8::from(verdict.fingerprint.is_some()) << 1);
    to.extend_from_slice(&names.digest(verdict.rule).to_le_bytes());
    put_signed(to, verdict.score.0.into());
    put(to, verdict.generation);
    put(to, verdict.reuse.as_seconds());
    put_time(to, verdict.deadline);
    put_hits(to, &verdict.hits, names);
    to.push(u8::try_from(verdict.counterfactuals.len()).unwrap_or(0));
    for other in &verdict.counterfactuals {
        to.push(other.action as u8);
        put_signed(to, other.distance.0.into());
        put_option(to, other.without.map(|name| names.digest(name).to_le_bytes()));
    }
    to.push(u8::try_from(verdict.quotas.len()).unwrap_or(0));
    verdict.quotas.iter().for_each(|quota| put_quota(to, quota));
    put_bounds(to, &verdict.bounds);
    put_option(
        to,
        verdict.refusal.map(|refusal| {
            let [low, high] = refusal.sip_code.to_le_bytes();
            [low, high, refusal.q850_cause]
        }),
    );
}

fn put_time(to: &mut Vec<u8>, time: Option<Timestamp>) {
    put_option(to, time.map(|time| time.as_micros().to_le_bytes()));
}

fn take_time(from: &mut &[u8]) -> Option<Option<Timestamp>> {
    take_option(from, |from| crate::store::codec::take_i64(from).map(Timestamp::from_micros))
}

fn put_hits(to: &mut Vec<u8>, hits: &[Hit], names: &Names) {
    put(to, u64::try_from(hits.len()).unwrap_or(0));
    for hit in hits {
        to.push(hit.kind as u8);
        to.extend_from_slice(&names.digest(hit.name).to_le_bytes());
        put_signed(to, hit.contribution.0.into());
        put_signed(to, hit.value);
    }
}

fn take_hits(from: &mut &[u8], names: &Names) -> Option<Vec<Hit>> {
    let count = take(from).filter(|count| *count <= HITS_MAX)?;
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
            let name = names.name(take_u32(from)?);
            let contribution = Score(i32::try_from(take_signed(from)?).ok()?);
            Some(Hit { kind, name, contribution, value: take_signed(from)? })
        })
        .collect()
}

fn put_quota(to: &mut Vec<u8>, quota: &QuotaStatus) {
    to.push(quota.resource as u8);
    let (code, until) = match quota.outcome {
        QuotaOutcome::Within => (0, None),
        QuotaOutcome::NotUntil(until) => (1, Some(until)),
        QuotaOutcome::Never => (2, None),
    };
    to.push(code);
    put_time(to, until);
    put(to, quota.cost);
    put(to, quota.remaining);
    put(to, quota.burst);
}

fn take_quota(from: &mut &[u8]) -> Option<QuotaStatus> {
    let code = take_u8(from)?;
    let resource = *Resource::ALL.get(usize::from(code))?;
    let outcome = take_u8(from)?;
    let until = take_time(from)?;
    let outcome = match (outcome, until) {
        (0, _) => QuotaOutcome::Within,
        (1, Some(until)) => QuotaOutcome::NotUntil(until),
        (2, _) => QuotaOutcome::Never,
        _ => return None,
    };
    Some(QuotaStatus {
        resource,
        outcome,
        cost: take(from)?,
        remaining: take(from)?,
        burst: take(from)?,
    })
}

fn put_bounds(to: &mut Vec<u8>, bounds: &Bounds) {
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
        put(to, value);
    }
    put_time(to, bounds.not_before);
}

fn take_bounds(from: &mut &[u8]) -> Option<Bounds> {
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

fn take_verdict(from: &mut &[u8], decision: DecisionId, names: &Names) -> Option<Verdict> {
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
    let counterfactuals = (0..take_u8(from)?)
        .map(|_| {
            let action = Action::from_code(take_u8(from)?)?;
            let distance = Score(i32::try_from(take_signed(from)?).ok()?);
            let without = take_option(from, take_u32)?.map(|digest| names.name(digest));
            Some(Counterfactual { action, distance, without })
        })
        .collect::<Option<_>>()?;
    let quotas = (0..take_u8(from)?).map(|_| take_quota(from)).collect::<Option<_>>()?;
    let bounds = take_bounds(from)?;
    let refusal = take_option(from, |from| {
        let [low, high, q850_cause] = crate::store::codec::take(from)?;
        let sip_code = u16::from_le_bytes([low, high]);
        Some(Refusal { sip_code, sip_phrase: phrase(sip_code), q850_cause })
    })?;
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
        bounds,
        refusal,
        deadline,
        quotas,
        degradations,
        repeated: false,
        settled: flags & 1 != 0,
    })
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

const _: () = assert!(FEATURE_COUNT < 128, "a varint of one byte");

#[cfg(test)]
mod tests;
