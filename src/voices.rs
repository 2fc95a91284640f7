//! Voices: what reports say of a sender, kept apart from what the sender did, so that it can be unsaid to the last bit.
//!
//! One reporter is one voice about one sender. What all voices about a sender weigh is worked out from its rows each time
//! they change, and laid beside the names the sender was seen under; each part fades from its own time on, so that the sum
//! does not depend on the order in which they came, nor on what was there and is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use dashmap::DashMap;
use parking_lot::Mutex;

use crate::decay::Decay;
use crate::time::Timestamp;

/// Most complaints, and as many approvals, that a verdict looks at under one name, the heaviest; with them it is as bad or as good as
/// it can get. The others are kept, and are looked at once heavier ones are unsaid.
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
    /// Who says it: a keyed hash of the reporter or of what it hangs together with others by; below [`CROWD`] the number of one who has
    /// earned no trust, counted within each sender. Of several senders that share a name each of them is heard once.
    pub who: u64,
}

/// Below it are reporters who have earned no trust.
pub const CROWD: u64 = 64;

/// Approval and complaint, in 1/65536 of an observation.
pub type Evidence = (u32, u32);

/// A part under a name.
type Named = (u64, Part);

/// What is said, by name.
#[derive(Debug)]
pub struct Voices {
    /// What verdicts look at: of each name the heaviest part of each who speaks.
    shown: DashMap<u64, Box<[Part]>, foldhash::fast::RandomState>,
    names: AtomicUsize,
    /// Where it comes from; off the verdict path.
    said: Mutex<Said>,
    /// Most senders that are spoken of.
    most: usize,
    unheard: AtomicU64,
}

/// Everything that is said.
#[derive(Debug, Default)]
struct Said {
    /// By name, whether it approves, who says it, weight, time and sender; and how many say the very same.
    by_name: BTreeMap<Place, u32>,
    /// Of each name and direction the heaviest of each who speaks, in the order of weight and time.
    heaviest: BTreeSet<(u64, bool, u32, u32, u64)>,
    /// What is said of each sender, in order.
    of: BTreeMap<u64, Vec<Named>>,
}

/// The place of a part: name, whether it approves, who, weight, second, sender.
type Place = (u64, bool, u64, u32, u32, u64);

const fn place((name, part): Named, sender: u64) -> Place {
    let approves = part.good > 0;
    let weight = if approves { part.good } else { part.bad };
    (name, approves, part.who, weight, part.second, sender)
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
            let Some(named) = part.copied() else { break };
            touched.insert(named.0);
            self.count(place(named, sender), gone == Some(false));
        }
        if !now.is_empty() {
            self.of.insert(sender, now);
        }
        touched
    }

    fn count(&mut self, place: Place, more: bool) {
        let (name, approves, who, ..) = place;
        if let Some((weight, second)) = self.heaviest_of(name, approves, who) {
            self.heaviest.remove(&(name, approves, weight, second, who));
        }
        let count = self.by_name.entry(place).or_insert(0);
        *count = if more { count.saturating_add(1) } else { count.saturating_sub(1) };
        if *count == 0 {
            self.by_name.remove(&place);
        }
        if let Some((weight, second)) = self.heaviest_of(name, approves, who) {
            self.heaviest.insert((name, approves, weight, second, who));
        }
    }

    /// Weight and time of the heaviest that somebody says under a name, the latest of equals.
    fn heaviest_of(&self, name: u64, approves: bool, who: u64) -> Option<(u32, u32)> {
        let first = (name, approves, who, 0, 0, 0);
        let last = (name, approves, who, u32::MAX, u32::MAX, u64::MAX);
        let ((.., weight, second, _), _) = self.by_name.range(first..=last).next_back()?;
        Some((*weight, *second))
    }

    /// What verdicts look at under a name.
    fn shown(&self, name: u64) -> Box<[Part]> {
        let of = |approves: bool| {
            let first = (name, approves, 0, 0, 0);
            let last = (name, approves, u32::MAX, u32::MAX, u64::MAX);
            let heaviest = self.heaviest.range(first..=last).rev().take(PARTS_MAX);
            heaviest.map(move |(_, _, weight, second, who)| {
                let (bad, good) = if approves { (0, *weight) } else { (*weight, 0) };
                Part { second: *second, bad, good, who: *who }
            })
        };
        of(false).chain(of(true)).collect()
    }
}

impl Default for Voices {
    fn default() -> Self {
        Self::with_room(usize::MAX)
    }
}

impl Voices {
    /// Nothing said yet, of at most so many senders.
    #[must_use]
    pub fn with_room(most: usize) -> Self {
        let (shown, said) = (DashMap::default(), Mutex::default());
        Self { shown, names: AtomicUsize::new(0), said, most, unheard: AtomicU64::new(0) }
    }

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

    /// Puts what is said of a sender, by the names it was seen under, in the place of what was. Where there is no room for one more
    /// sender it is counted, and heard at the next start, should there be room then.
    pub fn replace(&self, sender: u64, now: Vec<(u64, Part)>) {
        let mut said = self.said.lock();
        if !now.is_empty() && said.of.len() >= self.most && !said.of.contains_key(&sender) {
            self.unheard.fetch_add(1, Ordering::Relaxed);
            return;
        }
        for name in said.replace(sender, now) {
            let shown = said.shown(name);
            if shown.is_empty() {
                let gone = self.shown.remove(&name).is_some();
                self.names.fetch_sub(usize::from(gone), Ordering::Relaxed);
            } else if self.shown.insert(name, shown).is_none() {
                self.names.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Forgets what is said of a sender, under every name.
    pub fn forget(&self, sender: u64) {
        self.replace(sender, Vec::new());
    }

    /// Forgets the senders of whom nothing was said since then, and says how many. Looks at all of them: for an hourly call.
    pub fn purge(&self, since: Timestamp) -> usize {
        let since = u32::try_from(since.as_seconds()).unwrap_or(0);
        let old = |parts: &Vec<Named>| parts.iter().all(|(_, part)| part.second < since);
        let said = self.said.lock();
        let gone: Vec<u64> =
            said.of.iter().filter(|(_, parts)| old(parts)).map(|(sender, _)| *sender).collect();
        drop(said);
        gone.iter().for_each(|sender| self.forget(*sender));
        gone.len()
    }

    /// How often there was no room for a sender.
    #[must_use]
    pub fn unheard(&self) -> u64 {
        self.unheard.load(Ordering::Relaxed)
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

    /// Everything that is said: of whom, under which name, and what. In order, and equal where the same is said.
    #[must_use]
    pub fn digest(&self) -> Vec<(u64, u64, Part)> {
        let said = self.said.lock();
        let each = said.of.iter().flat_map(|(of, parts)| parts.iter().map(|part| (*of, *part)));
        each.map(|(of, (name, part))| (of, name, part)).collect()
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

    fn part(second: u32, bad: u32, who: u64) -> Part {
        Part { second, bad, good: 0, who }
    }

    #[test]
    fn what_is_unsaid_leaves_nothing() {
        let voices = Voices::default();
        voices.replace(1, vec![(7, part(10, ONE, 1)), (8, part(10, ONE / 4, 1))]);
        let before = voices.digest();
        voices
            .replace(2, vec![(7, part(20, ONE, 2)), (9, part(20, ONE, 2)), (9, part(20, ONE, 3))]);
        assert_eq!(voices.evidence(7, at(20), DAY).1 / (ONE / 8), 15);
        assert_eq!(voices.evidence(9, at(20), DAY).1, 2 * ONE);
        voices.replace(2, vec![(9, part(20, ONE, 2))]);
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
        let parts: Vec<_> = (0..100).map(|n| (7, part(n, ONE + n, n.into()))).collect();
        one.replace(1, parts.clone());
        other.replace(1, parts.into_iter().rev().collect());
        assert_eq!(one.digest(), other.digest());
        let fresh = one.evidence(7, at(100), DAY).1;
        let later = one.evidence(7, at(100 + 86_400), DAY).1;
        assert!(later * 2 <= fresh && later * 2 >= fresh - 200, "{fresh} {later}");
        assert_eq!(one.evidence(0, at(100), DAY), (0, 0));
    }

    #[test]
    fn nobody_is_heard_twice_under_a_name_that_senders_share() {
        let voices = Voices::default();
        let of = |name| voices.evidence(name, at(100), DAY);
        // Sixty numbers under one TSI, and one reporter of all; then a crowd of others who have earned nothing either.
        for sender in 1..=60 {
            voices.replace(
                sender,
                vec![(7, part(100, ONE / 4, 0)), (sender << 32, part(100, ONE, 0))],
            );
        }
        assert_eq!((of(7).1, of(60 << 32).1), (ONE / 4, ONE));
        for sender in 61..=70 {
            voices.replace(sender, vec![(7, part(100, ONE / 4, 5))]);
        }
        assert_eq!(of(7).1, ONE / 2, "and one who has earned trust once more");
        let good = |sender| (7, Part { second: 100, bad: 0, good: ONE, who: sender % 2 + 1 });
        for sender in 71..=90 {
            voices.replace(sender, vec![good(sender)]);
        }
        assert_eq!(of(7), (2 * ONE, ONE / 2));
    }

    #[test]
    fn what_is_light_hides_nothing_that_is_heavy_and_none_is_lost() {
        let voices = Voices::default();
        voices.replace(1, (0..10).map(|n| (7, part(100, ONE, n))).collect());
        let alone = voices.evidence(7, at(100), DAY);
        voices.replace(2, (50..200).map(|n| (7, part(100, 1_000, n))).collect());
        assert_eq!(voices.evidence(7, at(100), DAY).1, alone.1 + 54 * 1_000);
        voices.replace(1, Vec::new());
        assert_eq!(voices.evidence(7, at(100), DAY).1, 64 * 1_000);
    }

    #[test]
    fn there_is_room_for_so_many_and_what_is_old_goes() {
        let voices = Voices::with_room(2);
        for sender in 1..=3 {
            voices.replace(sender, vec![(sender, part(u32::try_from(sender).unwrap(), ONE, 1))]);
        }
        assert_eq!((voices.len(), voices.unheard()), (2, 1));
        assert_eq!(voices.purge(at(2)), 1);
        voices.replace(3, vec![(3, part(3, ONE, 1))]);
        assert_eq!((voices.len(), voices.unheard()), (2, 1));
    }
}
