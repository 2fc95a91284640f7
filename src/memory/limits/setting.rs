//! Limits that were set at run time over the policy: for whom, what, by whom, why and until when.
//!
//! Two things can be set of each limit, apart from each other: another quota, and that it is off for a while. One that is
//! off counts on and stands in nobody's way; when its time is over it is what it was before, with every level kept.

use std::collections::BTreeMap;

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
    /// Every organisation, called number or trunk.
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
#[repr(u8)]
pub enum Part {
    /// Another quota.
    Quota = 0,
    /// That it is off.
    Off = 1,
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
        (bytes[17], bytes[18]) = (self.resource as u8, self.part as u8);
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
        let part = *[Part::Quota, Part::Off].get(usize::from(take_u8(from)?))?;
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
    }

    /// Takes itself from the front of bytes; `None` where they are none, or of a quota that would be refused today.
    #[must_use]
    pub fn decode(from: &mut &[u8]) -> Option<Self> {
        let quota = take_option(from, |from| {
            let (rate, period, burst) = (take_u64(from)?, take_u64(from)?, take_u64(from)?);
            Quota::new(rate, Span::micros(period), burst).ok()
        })?;
        let (author, reason) = (take_text(from)?, take_text(from)?);
        let set = Timestamp::from_micros(take_i64(from)?);
        let expires = take_option(from, take_i64)?.map(Timestamp::from_micros);
        Some(Self { quota, author, reason, set, expires })
    }
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
        let setting = if take_u8(from)? == 0 { None } else { Some(Setting::decode(from)?) };
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
        Setting { quota, author: "kim".into(), reason: "a fair".into(), set, expires }
    }

    proptest! {
        #[test]
        fn changes_read_back_and_any_bytes_are_answered(
            (kind, code, subject) in (0_u8..3, 0_usize..4, any::<[u8; 16]>()),
            (resource, off, taken_back) in (0_usize..4, any::<bool>(), any::<bool>()),
            (rate, expires) in (1_u64..1_000, any::<Option<i64>>()),
            cut: prop::sample::Index,
        ) {
            let scope = match kind {
                0 => Scope::Plan(Plan::ALL[code]),
                1 => Scope::Holder(QuotaHolder::ALL[code]),
                _ => Scope::Member(Pseudonym(subject)),
            };
            let part = if off { Part::Off } else { Part::Quota };
            let key = LimitKey { scope, resource: Resource::ALL[resource], part };
            let quota = Quota::new(rate, Span::seconds(60), rate).ok().filter(|_| !off);
            let setting = setting(quota, expires.map(Timestamp::from_micros));
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
