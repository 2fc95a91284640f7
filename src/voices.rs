//! Voices: what reports say of a sender, kept apart from what the sender did, so that it can be unsaid to the last bit.
//!
//! One reporter is one voice about one sender. What all voices about a sender weigh is worked out from its rows each time
//! they change, and laid beside the names the sender was seen under; each part fades from its own time on, so that the sum
//! does not depend on the order in which they came, nor on what was there and is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use parking_lot::Mutex;

use crate::decay::Decay;
use crate::time::Timestamp;

/// Most parts of what is said under one name that a verdict looks at, the latest; with them it is as bad or as good as it can get.
/// The others are kept, and are looked at again once later ones are unsaid.
pub const PARTS_MAX: usize = 64;

/// What one voice says under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// From when on it fades, in seconds since 1970.
    pub second: u32,
    /// Complaint, in 1/65536 of an observation.
    pub bad: u32,
    /// Approval, in the same.
    pub good: u32,
}

/// Approval and complaint, in 1/65536 of an observation.
pub type Evidence = (u32, u32);

/// A part under a name.
type Named = (u64, Part);

/// What is said, by name.
#[derive(Debug, Default)]
pub struct Voices {
    /// What verdicts look at: the latest parts of each name.
    shown: DashMap<u64, Box<[Part]>, foldhash::fast::RandomState>,
    names: AtomicUsize,
    /// Where it comes from; off the verdict path.
    said: Mutex<Said>,
}

/// Everything that is said.
#[derive(Debug, Default)]
struct Said {
    /// By name, time and sender, and how many say the very same.
    by_name: BTreeMap<(u64, Part, u64), u32>,
    /// What is said of each sender, in order.
    of: BTreeMap<u64, Vec<Named>>,
}

impl Said {
    /// Puts what is said of a sender in the place of what was; answers the names under which something changed.
    fn replace(&mut self, sender: u64, mut now: Vec<Named>) -> BTreeSet<u64> {
        now.retain(|(name, _)| *name != 0);
        now.sort_unstable();
        let before = self.of.remove(&sender).unwrap_or_default();
        let mut touched = BTreeSet::new();
        // Most of it stays: two sorted lists are walked side by side.
        let (mut old, mut new) = (before.iter().peekable(), now.iter().peekable());
        loop {
            let gone = match (old.peek(), new.peek()) {
                (None, None) => break,
                (Some(old), Some(new)) if old == new => None,
                (Some(old), Some(new)) => Some(old < new),
                (Some(_), None) => Some(true),
                (None, Some(_)) => Some(false),
            };
            let part = match gone {
                None => {
                    old.next();
                    new.next();
                    continue;
                }
                Some(true) => old.next(),
                Some(false) => new.next(),
            };
            let Some((name, part)) = part.copied() else { break };
            touched.insert(name);
            self.count((name, part, sender), gone == Some(false));
        }
        if !now.is_empty() {
            self.of.insert(sender, now);
        }
        touched
    }

    fn count(&mut self, key: (u64, Part, u64), more: bool) {
        let count = self.by_name.entry(key).or_insert(0);
        *count = if more { count.saturating_add(1) } else { count.saturating_sub(1) };
        if *count == 0 {
            self.by_name.remove(&key);
        }
    }

    /// The latest parts under a name.
    fn latest(&self, name: u64) -> Box<[Part]> {
        let first = (name, Part { second: 0, bad: 0, good: 0 }, 0);
        let last = (name, Part { second: u32::MAX, bad: u32::MAX, good: u32::MAX }, u64::MAX);
        let all = self.by_name.range(first..=last).rev();
        let each = all.flat_map(|((_, part, _), count)| {
            std::iter::repeat_n(*part, usize::try_from(*count).unwrap_or(PARTS_MAX))
        });
        each.take(PARTS_MAX).collect()
    }
}

impl Voices {
    /// What is said under a name, as much of it as time has left.
    #[must_use]
    pub fn evidence(&self, name: u64, now: Timestamp, half_life_seconds: u64) -> Evidence {
        if name == 0 || self.names.load(Ordering::Relaxed) == 0 {
            return (0, 0);
        }
        let Some(said) = self.shown.get(&name) else { return (0, 0) };
        let now = u32::try_from(now.as_seconds()).unwrap_or(0);
        said.iter().fold((0, 0), |(good, bad): Evidence, part| {
            let elapsed = u64::from(now.saturating_sub(part.second));
            let decay = Decay::over(elapsed, half_life_seconds);
            (good.saturating_add(decay.of(part.good)), bad.saturating_add(decay.of(part.bad)))
        })
    }

    /// Puts what is said of a sender, by the names it was seen under, in the place of what was.
    pub fn replace(&self, sender: u64, now: Vec<(u64, Part)>) {
        let mut said = self.said.lock();
        for name in said.replace(sender, now) {
            let latest = said.latest(name);
            if latest.is_empty() {
                let gone = self.shown.remove(&name).is_some();
                self.names.fetch_sub(usize::from(gone), Ordering::Relaxed);
            } else if self.shown.insert(name, latest).is_none() {
                self.names.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Forgets what is said of a sender, under every name.
    pub fn forget(&self, sender: u64) {
        self.replace(sender, Vec::new());
    }

    /// Whether something is said of that sender under its own name.
    #[must_use]
    pub fn speaks_of(&self, sender: u64) -> bool {
        let said = self.said.lock();
        said.of.get(&sender).is_some_and(|parts| parts.iter().any(|(name, _)| *name == sender))
    }

    /// Names under which something is said.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.load(Ordering::Relaxed)
    }

    /// True when nothing is said of anybody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything that is said: name, part, whose sender's it is, and how often. In order, and equal where the same is said.
    #[must_use]
    pub fn digest(&self) -> Vec<(u64, Part, u64, u32)> {
        let said = self.said.lock();
        let all = said.by_name.iter();
        all.map(|((name, part, sender), count)| (*name, *part, *sender, *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decay::ONE;

    const DAY: u64 = 86_400;

    fn at(second: u32) -> Timestamp {
        Timestamp::from_seconds(second.into())
    }

    fn part(second: u32, bad: u32) -> Part {
        Part { second, bad, good: 0 }
    }

    #[test]
    fn what_is_unsaid_leaves_nothing() {
        let voices = Voices::default();
        voices.replace(1, vec![(7, part(10, ONE)), (8, part(10, ONE / 4))]);
        let before = voices.digest();
        voices.replace(2, vec![(7, part(20, ONE)), (9, part(20, ONE)), (9, part(20, ONE))]);
        assert_eq!(voices.evidence(7, at(20), DAY).1 / (ONE / 8), 15);
        assert_eq!(voices.evidence(9, at(20), DAY).1, 2 * ONE, "two may say the very same");
        voices.replace(2, vec![(9, part(20, ONE))]);
        assert_eq!(voices.evidence(9, at(20), DAY).1, ONE);
        voices.replace(2, Vec::new());
        assert_eq!(voices.digest(), before);
        assert_eq!(voices.evidence(9, at(20), DAY), (0, 0));
        voices.forget(1);
        assert!(voices.is_empty() && voices.digest().is_empty());
    }

    #[test]
    fn it_fades_whatever_the_order() {
        let (one, other) = (Voices::default(), Voices::default());
        let parts: Vec<_> = (0..100).map(|n| (7, part(n, ONE + n))).collect();
        one.replace(1, parts.clone());
        other.replace(1, parts.into_iter().rev().collect());
        assert_eq!(one.digest(), other.digest());
        let fresh = one.evidence(7, at(100), DAY).1;
        let later = one.evidence(7, at(100 + 86_400), DAY).1;
        assert!(later * 2 <= fresh && later * 2 >= fresh - 200, "{fresh} {later}");
        assert_eq!(one.evidence(0, at(100), DAY), (0, 0));
    }

    #[test]
    fn what_later_parts_hid_is_seen_again_once_they_are_unsaid() {
        let voices = Voices::default();
        // A trunk that two senders share.
        voices.replace(1, (0..10).map(|n| (7, part(n, ONE))).collect());
        let alone = voices.evidence(7, at(100), DAY);
        voices.replace(2, (50..114).map(|n| (7, part(n, 1_000))).collect());
        let hidden = voices.evidence(7, at(113), DAY).1;
        assert!((63_900..=64_000).contains(&hidden), "the latest 64 alone are looked at: {hidden}");
        voices.replace(2, Vec::new());
        assert_eq!(voices.evidence(7, at(100), DAY), alone);
    }
}
