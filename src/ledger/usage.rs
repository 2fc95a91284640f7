//! What each decision asked for and spent, in some thirty bytes: made from rows of the ledger after the fact, so that another
//! limit can be tried on a week of traffic in seconds. No number, no ident, no feature: who (keyed), what it cost, when, and what
//! stood in the way.

use super::row::StageRow;
use super::varint::{Packer, take, take_as, take_signed};
use crate::fax::id::{DecisionId, Pseudonym};
use crate::fax::stage::{Direction, Plan, StageKind};
use crate::features::Feature;
use crate::limiter::{Costs, cost};
use crate::store::codec::{take_i64, take_u8, take_u32, take_u64};
use crate::time::Timestamp;
use crate::verdict::{
    Action, Going, QUOTA_RULES, QuotaHolder, QuotaOutcome, QuotaStatus, Resource, Verdict,
};

/// Layout of a block.
const VERSION: u8 = 1;
/// Bytes of a block before its first use.
const HEAD_BYTES: usize = 1 + 4 + 8;
/// The bits beside a plan that say that a weight follows, the key that the job came with, and where its member lives.
const WEIGHTED: u8 = 0x80;
const KEYED: u8 = 0x40;
/// The same of the time zone.
const ZONED: u8 = 0x20;
/// Most bytes of one use.
const USE_BYTES_MAX: usize = 92;

/// What a stage means for the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum UseKind {
    /// A job asks whether it may go.
    Job = 0,
    /// A call of a stranger asks whether it is answered.
    Call = 1,
    /// A call is answered in any case.
    Answered = 2,
    /// It is over, and cost this.
    Over = 3,
}

/// Who uses: hot keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// A member who sends.
    Sender {
        /// The member.
        member: u64,
        /// The organisation it belongs to; 0 is none.
        organisation: u64,
        /// Its plan.
        plan: Plan,
        /// Its weight in sharing by contract, in thousandths of an ordinary member's; 0 is that of its plan.
        weight_milli: u32,
        /// The key that its job was submitted with; 0 is none.
        api_key: u64,
        /// The member's time zone, as its facts have it; 0 is not known.
        zone: u16,
    },
    /// A number that is called.
    Called {
        /// The number.
        number: u64,
        /// The trunk the call came on; 0 is not known.
        trunk: u64,
    },
}

/// What stood in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stood {
    /// A quota.
    Quota {
        /// Whose.
        holder: QuotaHolder,
        /// Of what.
        resource: Resource,
        /// Whether no wait would have helped.
        never: bool,
    },
    /// The share of what is contended.
    Share,
}

/// One use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// When.
    pub time: Timestamp,
    /// Hot key of the decision.
    pub decision: u64,
    /// What it means.
    pub kind: UseKind,
    /// Who.
    pub user: User,
    /// What it asked for, or did cost.
    pub costs: Costs,
    /// Whether nothing speaks against who sends: of a member that the directory knows it and no complaints weigh, of a call that
    /// none weigh against the caller.
    pub good: bool,
    /// Whether it was charged then.
    pub charging: bool,
    /// Whether the call was refused or put off for another reason than a quota: what it is charged is given back.
    pub ended: bool,
    /// What stood in the way.
    pub stood: Option<Stood>,
}

impl Use {
    /// What a row of the ledger says; `None` where its stage means nothing for limits.
    #[must_use]
    pub fn of(row: &StageRow, decision: DecisionId, time: Timestamp) -> Option<Self> {
        let stage = row.verdict.stage;
        let corresponds = [Feature::MemberFaxed, Feature::MemberAccepted, Feature::ListAllow]
            .into_iter()
            .any(|feature| row.features.is(feature));
        let (kind, costs) = match stage {
            StageKind::JobSubmitted | StageKind::Dialing => (UseKind::Job, row.asked?),
            StageKind::CallOffered if !corresponds => (UseKind::Call, cost::call()),
            StageKind::CallOffered | StageKind::Handshake | StageKind::Page => {
                (UseKind::Answered, cost::call())
            }
            StageKind::DialResult | StageKind::Received => (UseKind::Over, row.asked?),
        };
        let (facts, verdict) = (row.facts, &row.verdict);
        let (user, good) = match stage.direction() {
            Direction::Outbound => {
                let (member, organisation) = (row.member_key, facts.organisation);
                let known = !row.features.is(Feature::MemberUnknown);
                let good = known && !row.features.is(Feature::MemberBad);
                let (plan, weight_milli) = (facts.plan, facts.share_weight_milli);
                let api_key = row.api_key;
                let zone = facts.zone;
                (User::Sender { member, organisation, plan, weight_milli, api_key, zone }, good)
            }
            Direction::Inbound => {
                let (number, trunk) = (row.number.hot(), row.observation.trunk);
                (User::Called { number, trunk }, !row.features.is(Feature::CallerBad))
            }
        };
        let refused = matches!(verdict.action, Action::RefuseCall | Action::Defer);
        let by_quota = QUOTA_RULES.as_flattened().contains(&verdict.rule);
        let ended = stage.direction() == Direction::Inbound && refused && !by_quota;
        let stood = stood(verdict);
        let (decision, charging) = (Pseudonym(decision.0).hot(), row.charging);
        Some(Self { time, decision, kind, user, costs, good, charging, ended, stood })
    }

    /// Appends its bytes, at most [`USE_BYTES_MAX`]; `since` is the time of the use before.
    fn put(&self, since: Timestamp, to: &mut Vec<u8>) {
        let mut room = [0; USE_BYTES_MAX];
        let mut packer = Packer::new(&mut room);
        let stood = self.stood.map_or(0, Stood::code);
        let [flag, outbound, beside] = match self.user {
            User::Sender { organisation, .. } => [organisation != 0, true, organisation != 0],
            User::Called { trunk, .. } => [trunk != 0, false, trunk != 0],
        };
        let flags =
            [outbound, self.good, self.charging, self.ended, flag, stood != 0].into_iter().zip(2..);
        packer.push(flags.fold(self.kind as u8, |all, (set, at)| all | u8::from(set) << at));
        packer.put_signed(self.time.as_micros().saturating_sub(since.as_micros()));
        packer.fixed(self.decision.to_le_bytes());
        let other = match self.user {
            User::Sender { member, organisation, plan, weight_milli, api_key, zone } => {
                let keyed = if api_key == 0 { 0 } else { KEYED };
                let zoned = if zone == 0 { 0 } else { ZONED };
                packer.push(
                    plan as u8 | keyed | zoned | if weight_milli == 0 { 0 } else { WEIGHTED },
                );
                if weight_milli != 0 {
                    packer.put(weight_milli.into());
                }
                if api_key != 0 {
                    packer.fixed(api_key.to_le_bytes());
                }
                if zone != 0 {
                    packer.put(zone.into());
                }
                packer.fixed(member.to_le_bytes());
                organisation
            }
            User::Called { number, trunk } => {
                packer.fixed(number.to_le_bytes());
                trunk
            }
        };
        if beside {
            packer.fixed(other.to_le_bytes());
        }
        if stood != 0 {
            packer.push(stood);
        }
        let Costs([faxes, pages, seconds, recipients]) = self.costs;
        match self.kind {
            // A job is asked about for each recipient, and a call costs what every call does.
            UseKind::Job => [pages, seconds].into_iter().for_each(|cost| packer.put(cost)),
            UseKind::Call | UseKind::Answered => {}
            UseKind::Over => {
                [faxes, pages, seconds].into_iter().for_each(|cost| packer.put(cost));
            }
        }
        debug_assert!(self.kind != UseKind::Job || (faxes, recipients) == (1, 1));
        to.extend_from_slice(packer.packed(0));
    }

    /// Takes itself from the front of bytes; `None` where they are none.
    fn take(since: Timestamp, from: &mut &[u8]) -> Option<Self> {
        let head = take_u8(from)?;
        let bit = |at: u8| head >> at & 1 == 1;
        let kind = match head & 3 {
            0 => UseKind::Job,
            1 => UseKind::Call,
            2 => UseKind::Answered,
            _ => UseKind::Over,
        };
        let time = since.as_micros().saturating_add(take_signed(from)?);
        let decision = take_u64(from)?;
        let plan = if bit(2) {
            let code = take_u8(from)?;
            let weight_milli = if code & WEIGHTED == 0 { 0 } else { take_as(from)? };
            let api_key = if code & KEYED == 0 { 0 } else { take_u64(from)? };
            let zone = if code & ZONED == 0 { 0 } else { take_as(from)? };
            let plan = Plan::from_code(code & !(WEIGHTED | KEYED | ZONED))?;
            Some((plan, weight_milli, api_key, zone))
        } else {
            None
        };
        let who = take_u64(from)?;
        let other = if bit(6) { take_u64(from)? } else { 0 };
        let user = match plan {
            Some((plan, weight_milli, api_key, zone)) => {
                User::Sender { member: who, organisation: other, plan, weight_milli, api_key, zone }
            }
            None => User::Called { number: who, trunk: other },
        };
        let stood = if bit(7) { Some(Stood::of(take_u8(from)?)?) } else { None };
        let costs = match kind {
            UseKind::Job => Costs([1, take(from)?, take(from)?, 1]),
            UseKind::Call | UseKind::Answered => cost::call(),
            UseKind::Over => Costs([take(from)?, take(from)?, take(from)?, 0]),
        };
        let time = Timestamp::from_micros(time);
        let (good, charging, ended) = (bit(3), bit(4), bit(5));
        Some(Self { time, decision, kind, user, costs, good, charging, ended, stood })
    }
}

/// What stood in the way of a stage that asked, by its answer.
fn stood(verdict: &Verdict) -> Option<Stood> {
    let share = || {
        let stands = |going| matches!(going, Going::WaitUntil(_) | Going::Refuse);
        verdict.share.filter(|share| stands(share.going)).map(|_| Stood::Share)
    };
    Stood::of_quotas(&verdict.quotas).or_else(share)
}

impl Stood {
    const SHARE: u8 = 64;
    /// Codes of a key's quotas begin after it: there was no room left for a fifth holder before.
    const OF_KEY: u8 = Self::SHARE + 1;
    const OF_MONTH: u8 = Self::OF_KEY + 8;

    /// The quota that stands in the way for longest.
    #[must_use]
    pub fn of_quotas(quotas: &[QuotaStatus]) -> Option<Self> {
        let until = |quota: &&QuotaStatus| match quota.outcome {
            QuotaOutcome::Within => None,
            QuotaOutcome::NotUntil(until) => Some((0, until)),
            QuotaOutcome::Never => Some((1, Timestamp::default())),
        };
        let tightest = quotas.iter().filter(|quota| until(quota).is_some()).max_by_key(until)?;
        let QuotaStatus { holder, resource, outcome, .. } = *tightest;
        Some(Self::Quota { holder, resource, never: outcome == QuotaOutcome::Never })
    }

    const fn code(self) -> u8 {
        match self {
            Self::Quota { holder: QuotaHolder::ApiKey, resource, never } => {
                Self::OF_KEY + (resource as u8 | (never as u8) << 2)
            }
            Self::Quota { holder: QuotaHolder::Month, resource, never } => {
                Self::OF_MONTH + (resource as u8 | (never as u8) << 2)
            }
            Self::Quota { holder, resource, never } => {
                1 + ((holder as u8) << 2 | resource as u8 | (never as u8) << 4)
            }
            Self::Share => Self::SHARE,
        }
    }

    fn of(code: u8) -> Option<Self> {
        if code == Self::SHARE {
            return Some(Self::Share);
        }
        if let Some(code) = code.checked_sub(Self::OF_KEY).filter(|code| *code < 16) {
            let resource = *Resource::ALL.get(usize::from(code & 3))?;
            let holder = if code < 8 { QuotaHolder::ApiKey } else { QuotaHolder::Month };
            return Some(Self::Quota { holder, resource, never: code & 4 != 0 });
        }
        let code = code.checked_sub(1).filter(|code| *code < 32)?;
        let holder = *QuotaHolder::ALL.get(usize::from(code >> 2 & 3))?;
        let resource = *Resource::ALL.get(usize::from(code & 3))?;
        Some(Self::Quota { holder, resource, never: code & 16 != 0 })
    }
}

/// Uses one after the other, in the order of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageBlock {
    bytes: Vec<u8>,
    count: u32,
    first: Timestamp,
    last: Timestamp,
    latest: Timestamp,
}

impl Default for UsageBlock {
    fn default() -> Self {
        let none = Timestamp::default();
        Self { bytes: vec![0; HEAD_BYTES], count: 0, first: none, last: none, latest: none }
    }
}

impl UsageBlock {
    /// Appends one.
    pub fn push(&mut self, one: &Use) {
        if self.count == 0 {
            (self.first, self.last, self.latest) = (one.time, one.time, one.time);
        }
        one.put(self.last, &mut self.bytes);
        self.last = one.time;
        // A clock may step back.
        self.latest = self.latest.max(one.time);
        self.count = self.count.saturating_add(1);
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Bytes of all.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The time of the first, and the latest of all.
    #[must_use]
    pub const fn times(&self) -> (Timestamp, Timestamp) {
        (self.first, self.latest)
    }

    /// The bytes of its row.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut to = self.bytes.clone();
        let head =
            [&[VERSION][..], &self.count.to_le_bytes(), &self.first.as_micros().to_le_bytes()];
        for (place, byte) in to.iter_mut().zip(head.concat()) {
            *place = byte;
        }
        to
    }

    /// Hands out every use of a block's bytes; false where they end early or are none, after what could be read.
    pub fn read(mut bytes: &[u8], each: &mut dyn FnMut(&Use)) -> bool {
        let from = &mut bytes;
        let head = (|| {
            let known = take_u8(from)? == VERSION;
            let (count, first) = (take_u32(from)?, take_i64(from)?);
            known.then_some((count, Timestamp::from_micros(first)))
        })();
        let Some((count, mut since)) = head else { return false };
        for _ in 0..count {
            let Some(one) = Use::take(since, from) else { return false };
            since = one.time;
            each(&one);
        }
        from.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_use() -> impl Strategy<Value = Use> {
        let user = (any::<bool>(), any::<(u64, u64)>(), 0_usize..5);
        let bits = any::<(bool, bool, bool)>();
        let stood = prop::option::of((0_u8..=48).prop_map(|code| match code {
            32 => Stood::Share,
            33.. => Stood::of(Stood::OF_KEY + code - 33).unwrap(),
            code => Stood::of(code + 1).unwrap(),
        }));
        let costs = (0_u8..4, 0_u64..1 << 40, 0_u64..100_000);
        (any::<i64>(), any::<u64>(), user, bits, stood, costs).prop_map(
            |(time, decision, (sends, (one, other), plan), bits, stood, (kind, pages, seconds))| {
                let plan = Plan::ALL[plan];
                let user = match sends {
                    true => {
                        let weight_milli = u32::try_from(seconds / 3).unwrap();
                        let api_key = if pages % 2 == 0 { other ^ one } else { 0 };
                        User::Sender {
                            member: one,
                            organisation: other,
                            plan,
                            weight_milli,
                            api_key,
                            zone: kind.into(),
                        }
                    }
                    false => User::Called { number: one, trunk: other },
                };
                let (kind, costs) = match kind {
                    0 => (UseKind::Job, Costs([1, pages, seconds, 1])),
                    1 => (UseKind::Call, cost::call()),
                    2 => (UseKind::Answered, cost::call()),
                    _ => (UseKind::Over, Costs([1, pages, seconds, 0])),
                };
                let time = Timestamp::from_micros(time >> 8);
                let (good, charging, ended) = bits;
                Use { time, decision, kind, user, costs, good, charging, ended, stood }
            },
        )
    }

    proptest! {
        #[test]
        fn uses_read_back_and_any_bytes_are_answered(
            uses in prop::collection::vec(any_use(), 0..20),
            cut: prop::sample::Index,
        ) {
            let mut block = UsageBlock::default();
            uses.iter().for_each(|one| block.push(one));
            let mut read = Vec::new();
            let bytes = block.encode();
            prop_assert!(UsageBlock::read(&bytes, &mut |one| read.push(*one)));
            prop_assert_eq!(&read, &uses);
            prop_assert!(block.bytes() <= HEAD_BYTES + uses.len() * 68);
            prop_assert!(!UsageBlock::read(&bytes[..cut.index(bytes.len())], &mut |_| ()));
        }

        #[test]
        fn noise_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() {
                *first = VERSION;
            }
            let _ = UsageBlock::read(&bytes, &mut |_| ());
        }
    }
}
