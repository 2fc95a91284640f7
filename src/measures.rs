//! Measures in force: what was done about a member, a number, a block, an ident, a trunk or a campaign, as a verdict asks
//! for it. Who decided so and why stays in the store.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use smallvec::SmallVec;

use crate::fax::id::Pseudonym;
use crate::store::record::{Field, codes};
use crate::time::Timestamp;

codes! {
    /// What a measure is about.
    pub enum SubjectKind {
        /// A campaign, by its id.
        Campaign = 1 "campaign",
        /// A number that calls.
        Number = 2 "number",
        /// A TSI.
        Ident = 3 "ident",
        /// A trunk.
        Trunk = 4 "trunk",
        /// A member.
        Member = 5 "member",
        /// A block of ten numbers.
        Block10 = 6 "block of ten",
        /// A block of a hundred numbers.
        Block100 = 7 "block of a hundred",
        /// Whoever it is that faxes a number and shows nothing of itself, by the number that is called.
        Unknown = 8 "unknown sender",
    }
}

codes! {
    /// What is done. In the order of how much it takes.
    pub enum MeasureKind {
        /// Nothing yet: the subject is told.
        Warn = 1 "warn",
        /// A part of what its plan gives.
        Limit = 2 "limit",
        /// What it sends is held for review.
        Hold = 3 "hold",
        /// It sends nothing.
        Suspend = 4 "suspend",
        /// Calls from it are refused, but for its correspondents.
        Block = 5 "block",
        /// It sends nothing any more, and the account is to be closed.
        Close = 6 "close",
    }
}

/// One measure, printed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeasureId(pub [u8; 16]);

impl MeasureId {
    /// Reads 32 hexadecimal digits of either case; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Pseudonym::parse(text).map(|read| Self(read.0))
    }
}

impl fmt::Display for MeasureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Pseudonym(self.0).fmt(f)
    }
}

impl fmt::Debug for MeasureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MeasureId({self})")
    }
}

impl Field for MeasureId {
    fn put(&self, to: &mut Vec<u8>) {
        self.0.put(to);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Field::take(from).map(Self)
    }
}

/// Whom a measure is about: a kind and the hot key of its pseudonym, or the id of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// What it is.
    pub kind: SubjectKind,
    /// Which.
    pub key: u64,
}

impl Field for Subject {
    fn put(&self, to: &mut Vec<u8>) {
        self.kind.put(to);
        self.key.put(to);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some(Self { kind: Field::take(from)?, key: Field::take(from)? })
    }
}

impl Subject {
    /// Its bytes in the keys of rows, so that those of one subject lie side by side.
    #[must_use]
    pub fn prefix(self) -> [u8; 9] {
        let mut prefix = [self.kind as u8; 9];
        prefix[1..].copy_from_slice(&self.key.to_be_bytes());
        prefix
    }
}

/// A measure in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InForce {
    /// What is done.
    pub kind: MeasureKind,
    /// Which measure.
    pub id: MeasureId,
    /// Until when, exclusive; `None` until it is lifted.
    pub until: Option<Timestamp>,
}

/// The measures in memory. A subject has few: one a step of its ladder.
#[derive(Debug, Default)]
pub struct Measures {
    of: DashMap<Subject, SmallVec<[InForce; 1]>, foldhash::fast::RandomState>,
    subjects: AtomicUsize,
}

impl Measures {
    /// Puts a measure in force, over the one of the same id.
    pub fn put(&self, subject: Subject, measure: InForce) {
        let mut of = self.of.entry(subject).or_insert_with(|| {
            self.subjects.fetch_add(1, Ordering::Relaxed);
            SmallVec::new()
        });
        of.retain(|known| known.id != measure.id);
        of.push(measure);
        of.sort_unstable();
    }

    /// Takes a measure out of force; false where it was not in it.
    pub fn remove(&self, subject: Subject, id: MeasureId) -> bool {
        let Some(mut of) = self.of.get_mut(&subject) else { return false };
        let before = of.len();
        of.retain(|known| known.id != id);
        let removed = of.len() < before;
        drop(of);
        let gone = self.of.remove_if(&subject, |_, of| of.is_empty()).is_some();
        self.subjects.fetch_sub(usize::from(gone), Ordering::Relaxed);
        removed
    }

    /// The measure of a subject that takes most, where one is in force.
    #[must_use]
    pub fn strongest(&self, subject: Subject, now: Timestamp) -> Option<InForce> {
        // Nearly always there is none at all, of anybody.
        if subject.key == 0 || self.subjects.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let of = self.of.get(&subject)?;
        of.iter().rev().find(|measure| measure.until.is_none_or(|until| now < until)).copied()
    }

    /// The measures whose time has passed. Looks at all of them.
    #[must_use]
    pub fn ended(&self, now: Timestamp) -> Vec<(Subject, MeasureId)> {
        let mut ended = Vec::new();
        for of in &self.of {
            let over = of.value().iter().filter(|one| one.until.is_some_and(|until| until <= now));
            ended.extend(over.map(|measure| (*of.key(), measure.id)));
        }
        ended
    }

    /// Subjects under a measure, ended ones not yet purged included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.subjects.load(Ordering::Relaxed)
    }

    /// True when nobody is under one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything in force, in order: equal where the same is.
    #[must_use]
    pub fn digest(&self) -> Vec<(Subject, Vec<InForce>)> {
        let mut all: Vec<_> =
            self.of.iter().map(|entry| (*entry.key(), entry.value().to_vec())).collect();
        all.sort_unstable_by_key(|(subject, _)| *subject);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_takes_most_holds_until_it_ends() {
        let measures = Measures::default();
        let subject = Subject { kind: SubjectKind::Member, key: 7 };
        let at = Timestamp::from_seconds;
        let measure = |kind, id: u8, until: Option<i64>| InForce {
            kind,
            id: MeasureId([id; 16]),
            until: until.map(at),
        };
        measures.put(subject, measure(MeasureKind::Warn, 1, None));
        measures.put(subject, measure(MeasureKind::Suspend, 2, Some(50)));
        measures.put(subject, measure(MeasureKind::Limit, 3, Some(90)));
        let kind = |now| measures.strongest(subject, at(now)).map(|found| found.kind);
        assert_eq!(
            [kind(49), kind(50), kind(90)],
            [MeasureKind::Suspend, MeasureKind::Limit, MeasureKind::Warn].map(Some)
        );
        assert!(measures.remove(subject, MeasureId([1; 16])));
        assert!(!measures.remove(subject, MeasureId([1; 16])));
        assert_eq!(kind(90), None);
        assert_eq!(measures.ended(at(50)), [(subject, MeasureId([2; 16]))]);
        let other = Subject { kind: SubjectKind::Number, key: 7 };
        assert_eq!(measures.strongest(other, at(1)), None);
        measures.remove(subject, MeasureId([2; 16]));
        measures.remove(subject, MeasureId([3; 16]));
        assert!(measures.is_empty());
        assert_eq!(MeasureId::parse(&MeasureId([9; 16]).to_string()), Some(MeasureId([9; 16])));
    }
}
