//! Limits that were set at run time over the policy: for whom, what, by whom, why and until when.
//!
//! Things are set of each limit apart from each other: another quota, and that it is off for a while. One that is off counts on and
//! stands in nobody's way; when its time is over it is what it was before, with every level kept. Beside these a quota may be
//! tried: on some of its holders for good (a canary), or on paper (a shadow).

use std::collections::BTreeMap;

use crate::bounds::SHADOWS_MAX;
use crate::fax::id::Pseudonym;
use crate::fax::stage::Plan;
use crate::policy::Quota;
use crate::store::codec::{
    put_bytes, put_option, take, take_bytes, take_i64, take_option, take_u8, take_u64,
};
use crate::time::{Span, Timestamp};
use crate::verdict::{QuotaHolder, Resource};

/// For whom a limit is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Every member of a plan.
    Plan(Plan),
    /// Every organisation, called number, trunk or API key.
    Holder(QuotaHolder),
    /// One member.
    Member(Pseudonym),
}

impl Scope {
    /// The scope of all of a kind: of members, those of a plan.
    #[must_use]
    pub fn of(holder: QuotaHolder, plan: Plan) -> Self {
        if holder == QuotaHolder::Member { Self::Plan(plan) } else { Self::Holder(holder) }
    }
}

/// What is set of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Another quota.
    Quota,
    /// That it is off.
    Off,
    /// Another quota for some of those it is the limit of.
    Canary,
    /// Other pages in a month of the calendar, of members and plans; its quota has them for its rate.
    Month,
    /// Another quota that is tried beside live traffic and stands in nobody's way: the one of that number, from 1 on.
    Shadow(u8),
}

/// Beyond the codes of shadows, of which there may be more one day.
const MONTH_CODE: u8 = 128;

impl Part {
    const fn code(self) -> u8 {
        match self {
            Self::Quota => 0,
            Self::Off => 1,
            Self::Canary => 2,
            Self::Shadow(slot) => 2 + slot,
            Self::Month => MONTH_CODE,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Quota),
            1 => Some(Self::Off),
            2 => Some(Self::Canary),
            MONTH_CODE => Some(Self::Month),
            code => {
                let slot = code.checked_sub(2).filter(|slot| usize::from(*slot) <= SHADOWS_MAX);
                slot.map(Self::Shadow)
            }
        }
    }
}

/// How a canary goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanaryTerms {
    /// Of how many holders in a hundred it is the limit, 1 to 100. Which ones is drawn anew each time that one is set, and stays.
    pub percent: u8,
    /// It is taken back once more than so many of ten thousand of what they ask for stand still by it.
    pub refused_bp: u16,
    /// The same of what those ask for against whom nothing speaks.
    pub good_bp: u16,
}

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LimitKey {
    /// For whom.
    pub scope: Scope,
    /// Of what.
    pub resource: Resource,
    /// What of it.
    pub part: Part,
}

/// What was set, and how it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The quota; `None` for [`Part::Off`].
    pub quota: Option<Quota>,
    /// How it goes on; for [`Part::Canary`] alone.
    pub canary: Option<CanaryTerms>,
    /// Who set it: 1 to 64 bytes.
    pub author: Box<str>,
    /// Why: 1 to 256 bytes.
    pub reason: Box<str>,
    /// When.
    pub set: Timestamp,
    /// Until when it holds; `None` for as long as nobody changes it.
    pub expires: Option<Timestamp>,
}

/// One change of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number, from 1 on; the etag of the limits names the latest.
    pub version: u64,
    /// When.
    pub time: Timestamp,
    /// Who.
    pub author: Box<str>,
    /// Why.
    pub reason: Box<str>,
    /// Which limit.
    pub key: LimitKey,
    /// What it was set to; `None` where what was set was taken back.
    pub setting: Option<Setting>,
}

const KEY_BYTES: usize = 19;

impl LimitKey {
    /// The key of its row.
    #[must_use]
    pub fn encode(&self) -> [u8; KEY_BYTES] {
        let mut bytes = [0; KEY_BYTES];
        match self.scope {
            Scope::Plan(plan) => (bytes[0], bytes[1]) = (0, plan as u8),
            Scope::Holder(holder) => (bytes[0], bytes[1]) = (1, holder as u8),
            Scope::Member(member) => {
                bytes[0] = 2;
                bytes[1..17].copy_from_slice(&member.0);
            }
        }
        (bytes[17], bytes[18]) = (self.resource as u8, self.part.code());
        bytes
    }

    /// Reads one back; `None` where the bytes are none.
    #[must_use]
    pub fn decode(from: &mut &[u8]) -> Option<Self> {
        let kind = take_u8(from)?;
        let subject: [u8; 16] = take(from)?;
        let scope = match kind {
            0 => Scope::Plan(Plan::from_code(subject[0])?),
            1 => Scope::Holder(*QuotaHolder::ALL.get(usize::from(subject[0]))?),
            2 => Scope::Member(Pseudonym(subject)),
            _ => return None,
        };
        let resource = *Resource::ALL.get(usize::from(take_u8(from)?))?;
        let part = Part::from_code(take_u8(from)?)?;
        Some(Self { scope, resource, part })
    }
}

impl Setting {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }

    /// Appends its bytes.
    pub fn encode(&self, to: &mut Vec<u8>) {
        put_option(
            to,
            self.quota.map(|quota| {
                let mut bytes = [0; 24];
                let words = [quota.rate(), quota.period().as_micros(), quota.burst()];
                for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
                    place.copy_from_slice(&word.to_le_bytes());
                }
                bytes
            }),
        );
        put_bytes(to, self.author.as_bytes());
        put_bytes(to, self.reason.as_bytes());
        to.extend_from_slice(&self.set.as_micros().to_le_bytes());
        put_option(to, self.expires.map(|expires| expires.as_micros().to_le_bytes()));
        if let Some(CanaryTerms { percent, refused_bp, good_bp }) = self.canary {
            to.push(percent);
            to.extend_from_slice(&refused_bp.to_le_bytes());
            to.extend_from_slice(&good_bp.to_le_bytes());
        }
    }

    /// Whether one of a class that has this for a canary is among those it is tried on.
    #[must_use]
    pub fn takes(&self, holder: u64) -> bool {
        self.canary.is_some_and(|terms| drawn(holder, self.set, terms.percent))
    }

    /// Takes what was set of that limit from the front of bytes; `None` where they are none, or of a quota that would be refused
    /// today.
    #[must_use]
    pub fn decode(key: &LimitKey, from: &mut &[u8]) -> Option<Self> {
        let quota = take_option(from, |from| {
            let (rate, period, burst) = (take_u64(from)?, take_u64(from)?, take_u64(from)?);
            Quota::new(rate, Span::micros(period), burst).ok()
        })?;
        let (author, reason) = (take_text(from)?, take_text(from)?);
        let set = Timestamp::from_micros(take_i64(from)?);
        let expires = take_option(from, take_i64)?.map(Timestamp::from_micros);
        let canary = if key.part == Part::Canary {
            let (percent, refused, good) = (take_u8(from)?, take(from)?, take(from)?);
            let (refused_bp, good_bp) = (u16::from_le_bytes(refused), u16::from_le_bytes(good));
            Some(CanaryTerms { percent, refused_bp, good_bp })
        } else {
            None
        };
        Some(Self { quota, canary, author, reason, set, expires })
    }
}

/// Whether a holder is among so many in a hundred, drawn by the time that they were set. Hot keys are as good as random.
#[must_use]
pub(super) fn drawn(holder: u64, set: Timestamp, percent: u8) -> bool {
    let salt = set.as_micros().unsigned_abs() | 1;
    let mixed = (holder ^ salt.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (u128::from(mixed) * 100) >> 64 < u128::from(percent)
}

fn take_text(from: &mut &[u8]) -> Option<Box<str>> {
    String::from_utf8(take_bytes(from)?.to_vec()).ok().map(Into::into)
}

impl Change {
    /// The bytes of its row; the version is the row's key.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Vec::new();
        to.extend_from_slice(&self.time.as_micros().to_le_bytes());
        put_bytes(&mut to, self.author.as_bytes());
        put_bytes(&mut to, self.reason.as_bytes());
        to.extend_from_slice(&self.key.encode());
        to.push(self.setting.is_some().into());
        if let Some(setting) = &self.setting {
            setting.encode(&mut to);
        }
        to
    }

    /// Reads one back; `None` where the bytes are none.
    #[must_use]
    pub fn decode(key: &[u8], mut value: &[u8]) -> Option<Self> {
        let version = u64::from_be_bytes(key.try_into().ok()?);
        let from = &mut value;
        let time = Timestamp::from_micros(take_i64(from)?);
        let (author, reason) = (take_text(from)?, take_text(from)?);
        let key = LimitKey::decode(from)?;
        let setting = if take_u8(from)? == 0 { None } else { Some(Setting::decode(&key, from)?) };
        Some(Self { version, time, author, reason, key, setting })
    }
}

/// What is set for plans and other holders as a whole: few, so that all of it is at hand.
#[derive(Clone, Debug, Default)]
pub struct ClassSettings(BTreeMap<LimitKey, Setting>);

impl ClassSettings {
    /// Puts one in, or takes it out.
    pub fn put(&mut self, key: LimitKey, setting: Option<Setting>) {
        match setting {
            Some(setting) => self.0.insert(key, setting),
            None => self.0.remove(&key),
        };
    }

    /// The quota that is set at `now`.
    #[must_use]
    pub fn quota(&self, scope: Scope, resource: Resource, now: Timestamp) -> Option<Quota> {
        let key = LimitKey { scope, resource, part: Part::Quota };
        self.0.get(&key).filter(|setting| setting.holds(now)).and_then(|setting| setting.quota)
    }

    /// The pages in a month that are set at `now`.
    #[must_use]
    pub fn monthly(&self, scope: Scope, now: Timestamp) -> Option<u64> {
        let key = LimitKey { scope, resource: Resource::Pages, part: Part::Month };
        let setting = self.0.get(&key).filter(|setting| setting.holds(now));
        setting.and_then(|setting| setting.quota).map(Quota::rate)
    }

    /// What is tried on some at `now`.
    #[must_use]
    pub fn canary(&self, scope: Scope, resource: Resource, now: Timestamp) -> Option<&Setting> {
        let key = LimitKey { scope, resource, part: Part::Canary };
        self.0.get(&key).filter(|setting| setting.holds(now))
    }

    /// Every canary at `now`.
    pub fn canaries(&self, now: Timestamp) -> impl Iterator<Item = (&LimitKey, &Setting)> {
        let holds = move |(key, setting): &(&LimitKey, &Setting)| {
            key.part == Part::Canary && setting.holds(now)
        };
        self.0.iter().filter(holds)
    }

    /// Whether the limit is off at `now`.
    #[must_use]
    pub fn is_off(&self, scope: Scope, resource: Resource, now: Timestamp) -> bool {
        let key = LimitKey { scope, resource, part: Part::Off };
        self.0.get(&key).is_some_and(|setting| setting.holds(now))
    }

    /// When the next of those that hold at `now` no longer does.
    #[must_use]
    pub fn next_expiry(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.values().filter(|setting| setting.holds(now)).filter_map(|one| one.expires).min()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn setting(quota: Option<Quota>, expires: Option<Timestamp>) -> Setting {
        let set = Timestamp::from_seconds(5);
        let (author, reason) = ("kim".into(), "a fair".into());
        Setting { quota, canary: None, author, reason, set, expires }
    }

    proptest! {
        #[test]
        fn changes_read_back_and_any_bytes_are_answered(
            (kind, code, subject) in (0_u8..3, 0_usize..4, any::<[u8; 16]>()),
            (resource, part, taken_back) in (0_usize..4, 0_u8..7, any::<bool>()),
            (rate, expires) in (1_u64..1_000, any::<Option<i64>>()),
            cut: prop::sample::Index,
        ) {
            let scope = match kind {
                0 => Scope::Plan(Plan::ALL[code]),
                1 => Scope::Holder(QuotaHolder::ALL[code]),
                _ => Scope::Member(Pseudonym(subject)),
            };
            let part = Part::from_code(part).unwrap();
            let off = part == Part::Off;
            let terms = CanaryTerms { percent: 7, refused_bp: 500, good_bp: 100 };
            let key = LimitKey { scope, resource: Resource::ALL[resource], part };
            let quota = Quota::new(rate, Span::seconds(60), rate).ok().filter(|_| !off);
            let setting = Setting {
                canary: Some(terms).filter(|_| part == Part::Canary),
                ..setting(quota, expires.map(Timestamp::from_micros))
            };
            let change = Change {
                version: 7,
                time: Timestamp::from_seconds(9),
                author: "lou".into(),
                reason: "ü".into(),
                key,
                setting: (!taken_back).then_some(setting),
            };
            let bytes = change.encode();
            prop_assert_eq!(Change::decode(&7_u64.to_be_bytes(), &bytes), Some(change));
            let cut = cut.index(bytes.len());
            prop_assert_eq!(Change::decode(&7_u64.to_be_bytes(), &bytes[..cut]), None);
        }
    }

    #[test]
    fn as_many_are_drawn_as_asked_for_and_others_the_next_time() {
        let drawn = |set: i64, percent| -> Vec<u64> {
            let spread = |at: u64| at.wrapping_mul(0x2545_f491_4f6c_dd1d);
            let set = Timestamp::from_seconds(set);
            (0..10_000).map(spread).filter(|one| drawn(*one, set, percent)).collect()
        };
        for percent in [1, 10, 50] {
            let share = drawn(1_800_000_000, percent).len() / 100;
            assert!(share.abs_diff(percent.into()) <= 1, "{percent}: {share}");
        }
        assert_eq!(drawn(1, 100).len(), 10_000);
        let (one, other) = (drawn(1_800_000_000, 10), drawn(1_800_000_100, 10));
        assert!(one.iter().filter(|who| other.contains(who)).count() < 300);
    }

    #[test]
    fn what_is_set_ends_by_itself() {
        let at = Timestamp::from_seconds;
        let (scope, resource) = (Scope::Plan(Plan::Free), Resource::Pages);
        let quota = Quota::new(5, Span::seconds(60), 5).unwrap();
        let mut set = ClassSettings::default();
        let key = |part| LimitKey { scope, resource, part };
        set.put(key(Part::Quota), Some(setting(Some(quota), None)));
        set.put(key(Part::Off), Some(setting(None, Some(at(100)))));
        assert!(set.is_off(scope, resource, at(99)) && !set.is_off(scope, resource, at(100)));
        assert_eq!((set.next_expiry(at(99)), set.next_expiry(at(100))), (Some(at(100)), None));
        assert_eq!(set.quota(scope, resource, at(100)), Some(quota));
        set.put(key(Part::Quota), None);
        assert_eq!(set.quota(scope, resource, at(100)), None);
    }
}
