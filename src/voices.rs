//! Voices: what reports say of a sender, kept apart from what the sender did, so that it can be unsaid to the last bit.
//!
//! One reporter is one voice about one sender. What all voices about a sender weigh is worked out from its rows each time
//! they change, and laid beside the names the sender was seen under; each part fades from its own time on, so that the sum
//! does not depend on the order in which they came, nor on what was there and is gone.

use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;

use crate::decay::Decay;
use crate::time::Timestamp;

/// Most parts that are kept of what is said under one name; with them it is as bad or as good as it can get. The latest are
/// kept; one that fell out comes back when its sender's rows are next weighed or read anew, not when another's go.
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

/// A part, and whose sender's it is.
type Said = (u64, Part);

/// What is said, by name.
#[derive(Debug, Default)]
pub struct Voices {
    said: DashMap<u64, Vec<Said>, foldhash::fast::RandomState>,
    names: AtomicUsize,
}

impl Voices {
    /// What is said under a name, as much of it as time has left.
    #[must_use]
    pub fn evidence(&self, name: u64, now: Timestamp, half_life_seconds: u64) -> Evidence {
        if name == 0 || self.names.load(Ordering::Relaxed) == 0 {
            return (0, 0);
        }
        let Some(said) = self.said.get(&name) else { return (0, 0) };
        let now = u32::try_from(now.as_seconds()).unwrap_or(0);
        said.iter().fold((0, 0), |(good, bad): Evidence, (_, part)| {
            let elapsed = u64::from(now.saturating_sub(part.second));
            let decay = Decay::over(elapsed, half_life_seconds);
            (good.saturating_add(decay.of(part.good)), bad.saturating_add(decay.of(part.bad)))
        })
    }

    /// Puts what is said of a sender in the place of what was, by the names it was seen under. `before` names what was.
    pub fn replace(&self, sender: u64, before: &[u64], now: &[(u64, Part)]) {
        for name in before.iter().copied().filter(|name| *name != 0) {
            if let Some(mut said) = self.said.get_mut(&name) {
                said.retain(|(of, _)| *of != sender);
            }
        }
        for (name, part) in now.iter().filter(|(name, _)| *name != 0) {
            let mut said = self.said.entry(*name).or_insert_with(|| {
                self.names.fetch_add(1, Ordering::Relaxed);
                Vec::new()
            });
            said.push((sender, *part));
            // The same rows in any order leave the same parts in the same order.
            said.sort_unstable_by_key(|(of, part)| (*part, *of));
            let over = said.len().saturating_sub(PARTS_MAX);
            said.drain(..over);
        }
        for name in before {
            let gone = self.said.remove_if(name, |_, said| said.is_empty()).is_some();
            self.names.fetch_sub(usize::from(gone), Ordering::Relaxed);
        }
    }

    /// Forgets what is said of a sender, under every name. Looks at all names: for what seldom happens.
    pub fn forget(&self, sender: u64) {
        self.said.alter_all(|_, mut said| {
            said.retain(|(of, _)| *of != sender);
            said
        });
        self.said.retain(|_, said| {
            let stays = !said.is_empty();
            self.names.fetch_sub(usize::from(!stays), Ordering::Relaxed);
            stays
        });
    }

    /// Whether something is said of that sender under its own name.
    #[must_use]
    pub fn speaks_of(&self, sender: u64) -> bool {
        let said = self.said.get(&sender);
        said.is_some_and(|said| said.iter().any(|(of, _)| *of == sender))
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

    /// Everything that is said, in order: equal where the same is said.
    #[must_use]
    pub fn digest(&self) -> Vec<(u64, Vec<(u64, Part)>)> {
        let mut all: Vec<_> =
            self.said.iter().map(|entry| (*entry.key(), entry.value().clone())).collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all
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
        voices.replace(1, &[], &[(7, part(10, ONE)), (8, part(10, ONE / 4))]);
        let before = voices.digest();
        voices.replace(2, &[], &[(7, part(20, ONE)), (9, part(20, ONE))]);
        assert_eq!(voices.evidence(7, at(20), DAY).1 / (ONE / 8), 15);
        voices.replace(2, &[7, 9], &[]);
        assert_eq!(voices.digest(), before);
        assert_eq!(voices.evidence(9, at(20), DAY), (0, 0));
        voices.replace(1, &[7, 8], &[]);
        assert!(voices.is_empty());
    }

    #[test]
    fn it_fades_whatever_the_order() {
        let (one, other) = (Voices::default(), Voices::default());
        let parts: Vec<_> = (0..100).map(|n| (7, part(n, ONE + n))).collect();
        one.replace(1, &[], &parts);
        let mut turned = parts.clone();
        turned.reverse();
        other.replace(1, &[], &turned);
        assert_eq!(one.digest(), other.digest());
        assert_eq!(one.digest()[0].1.len(), PARTS_MAX);
        let fresh = one.evidence(7, at(100), DAY).1;
        let later = one.evidence(7, at(100 + 86_400), DAY).1;
        assert!(later * 2 <= fresh && later * 2 >= fresh - 200, "{fresh} {later}");
        assert_eq!(one.evidence(0, at(100), DAY), (0, 0));
    }
}
