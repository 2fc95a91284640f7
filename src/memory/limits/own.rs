//! Limits of single members, over those of their plans. A table of their own, so that a million of them cost a look-up and
//! not a search, and nobody else anything.

use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use foldhash::fast::RandomState;

use crate::fax::stage::Plan;
use crate::limiter::{Limit, Limits, slowest};
use crate::time::Timestamp;
use crate::verdict::Resource;

use super::book::{Book, allowance};
use super::setting::{LimitKey, Part, Setting};

/// Most members with limits of their own, at 136 bytes each.
pub const OWN_LIMITS_MAX: usize = 1_000_000;
/// For as long as nobody changes it.
const FOREVER: i64 = i64::MAX;

/// What is set for a member.
#[derive(Clone, Copy, Debug, Default)]
struct Own {
    /// A limit and until when it holds, in microseconds.
    limits: [Option<(Limit, i64)>; Resource::ALL.len()],
    /// Until when a limit is off.
    off: [i64; Resource::ALL.len()],
}

impl Own {
    fn put(&mut self, key: &LimitKey, setting: Option<&Setting>) {
        let which = key.resource as usize;
        let until = |setting: &Setting| setting.expires.map_or(FOREVER, Timestamp::as_micros);
        match key.part {
            Part::Quota => {
                self.limits[which] = setting.and_then(|setting| {
                    let quota = setting.quota?;
                    Some((Limit::of(allowance(quota)), until(setting)))
                });
            }
            Part::Off => self.off[which] = setting.map_or(0, until),
            // Of nobody alone, or in nobody's way.
            Part::Canary | Part::Shadow(_) => {}
        }
    }

    fn over(self, (member, plan): (u64, Plan), book: &Book, now: Timestamp) -> Effective {
        let (of_plan, mut off) = book.of_member(member, plan);
        let (mut limits, now) = (*of_plan, now.as_micros());
        for (which, limit) in limits.iter_mut().enumerate() {
            if let Some((own, until)) = self.limits[which]
                && until > now
            {
                *limit = Some(own);
            }
            if self.off[which] > now {
                off |= 1 << which;
            }
        }
        Effective { limits, off }
    }

    fn is_nothing(&self, now: Timestamp) -> bool {
        let now = now.as_micros();
        self.limits.iter().flatten().all(|(_, until)| *until <= now)
            && self.off.iter().all(|until| *until <= now)
    }
}

/// The limits of a member at a moment: its own where it has any, and those of its plan.
#[derive(Clone, Copy, Debug)]
pub struct Effective {
    /// The limits.
    pub limits: Limits,
    /// Those that are off, a bit each.
    pub off: u8,
}

/// The limits of single members.
#[derive(Default)]
pub struct OwnLimits {
    map: DashMap<u64, Own, RandomState>,
    /// Asked before the map is: most providers set none.
    count: AtomicUsize,
}

impl OwnLimits {
    /// Members with limits of their own.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is room for one more member.
    #[must_use]
    pub fn has_room_for(&self, member: u64) -> bool {
        self.len() < OWN_LIMITS_MAX || self.map.contains_key(&member)
    }

    /// The limits of a member, where it has any of its own.
    #[must_use]
    pub fn of(&self, member: u64, plan: Plan, book: &Book, now: Timestamp) -> Option<Effective> {
        if self.is_empty() {
            return None;
        }
        let own = *self.map.get(&member)?;
        Some(own.over((member, plan), book, now))
    }

    /// The limits that a member would have with that setting, and nothing is changed.
    #[must_use]
    pub fn tried(
        &self,
        (member, plan): (u64, Plan),
        (key, setting): (&LimitKey, Option<&Setting>),
        book: &Book,
        now: Timestamp,
    ) -> Effective {
        let mut own = self.map.get(&member).map_or_else(Own::default, |own| *own);
        own.put(key, setting);
        own.over((member, plan), book, now)
    }

    /// Puts in what was set for a member, or takes it out.
    pub fn put(&self, member: u64, key: &LimitKey, setting: Option<&Setting>, now: Timestamp) {
        let mut own = self.map.entry(member).or_default();
        own.put(key, setting);
        let nothing = own.is_nothing(now);
        drop(own);
        if nothing {
            self.map.remove(&member);
        }
        self.count.store(self.map.len(), Ordering::Relaxed);
    }

    /// Lets go of what has expired. Off the path, now and then.
    pub fn purge(&self, now: Timestamp) {
        self.map.retain(|_, own| !own.is_nothing(now));
        self.count.store(self.map.len(), Ordering::Relaxed);
    }

    /// Limits under which whatever has drained has drained for each of these members.
    #[must_use]
    pub fn slowest(&self) -> Limits {
        let limits = |own: &Own| own.limits.map(|limit| limit.map(|(limit, _)| limit));
        slowest(self.map.iter().map(|entry| limits(entry.value())))
    }
}
