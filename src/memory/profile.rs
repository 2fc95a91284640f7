//! Profiles: what is derived from a number once and asked for at every call: pseudonyms, neighbours, numbering facts.
//!
//! Deriving costs some microseconds (five HMACs and the numbering plan), so active numbers are kept in a
//! set-associative cache of fixed size, in memory only. It is indexed by a hash keyed anew in every
//! process, so that nobody can choose numbers that crowd one set.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use parking_lot::Mutex;

use crate::activity::{Target, subject::tag_of};
use crate::fax::id::Pseudonym;
use crate::fax::number::Number;
use crate::fax::numbering::{NumberFacts, NumberingPlan};
use crate::store::keys::KeyRing;

/// What is derived from a number.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    number: Number,
    /// Its pseudonym.
    pub pseudonym: Pseudonym,
    /// Hot key of its block of ten.
    pub block10: u64,
    /// Hot key of its block of a hundred.
    pub block100: u64,
    /// Tags of itself and its neighbours.
    pub target: Target,
    /// What the numbering plans say.
    pub facts: NumberFacts,
}

const WAYS: usize = 4;

/// Bytes of one number in the cache, its share of the lock included.
pub const PROFILE_BYTES: usize = size_of::<Mutex<Set>>() / WAYS;

struct Set {
    ways: [Option<Profile>; WAYS],
    /// Drives which way goes next, as if by chance: callers that take turns would each find the oldest way, their own,
    /// gone just before they come again.
    next: u8,
}

/// The cache.
pub struct Profiles {
    sets: Box<[Mutex<Set>]>,
    state: RandomState,
}

impl Profiles {
    /// A cache of at most so many bytes; at least one set.
    pub fn with_bytes(bytes: usize) -> Self {
        let sets = (bytes / size_of::<Mutex<Set>>()).max(1);
        let fresh = || Mutex::new(Set { ways: [None; WAYS], next: 0 });
        Self { sets: (0..sets).map(|_| fresh()).collect(), state: RandomState::default() }
    }

    /// The profile of a number, derived where it is not remembered.
    pub fn get(&self, number: Number, keys: &KeyRing, plan: &NumberingPlan) -> Profile {
        let sets = u64::try_from(self.sets.len()).unwrap_or(1);
        let hash = self.state.hash_one(number.value());
        let place = usize::try_from(hash % sets).unwrap_or(0);
        let [chance, ..] = hash.to_be_bytes();
        let set = &self.sets[place];
        let known = set.lock().ways.iter().flatten().find(|way| way.number == number).copied();
        known.unwrap_or_else(|| {
            // Derived without the lock: two callers may both derive, and put the same.
            let profile = derive(number, keys, plan);
            let mut set = set.lock();
            let vacant = set.ways.iter().position(Option::is_none);
            let way = vacant.unwrap_or(usize::from(set.next >> 6) % WAYS);
            set.ways[way] = Some(profile);
            set.next = set.next.wrapping_mul(5).wrapping_add(chance);
            profile
        })
    }

    /// Bytes it takes.
    pub fn bytes(&self) -> usize {
        self.sets.len() * size_of::<Mutex<Set>>()
    }
}

fn derive(number: Number, keys: &KeyRing, plan: &NumberingPlan) -> Profile {
    let tag = |number: Option<Number>| number.map_or(0, |number| tag_of(keys.number(number).hot()));
    let pseudonym = keys.number(number);
    Profile {
        number,
        pseudonym,
        block10: keys.block10(number).hot(),
        block100: keys.block100(number).hot(),
        target: Target {
            tag: tag_of(pseudonym.hot()),
            below: tag(number.previous()),
            above: tag(number.next()),
        },
        facts: plan.facts(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_that_take_turns_are_mostly_found() {
        let (keys, plan) = (KeyRing::for_replay(1), NumberingPlan::new().unwrap());
        let numbers: Vec<Number> = (0..=WAYS)
            .map(|line| Number::parse(&format!("+1212555{:04}", 1_000 + line * 77)).unwrap())
            .collect();
        let (mut found, tables, rounds) = (0, 16, 50);
        // Each table hashes with a key of its own, and some of them are unlucky.
        for profiles in (0..tables).map(|_| Profiles::with_bytes(0)) {
            for number in (0..rounds).flat_map(|_| &numbers) {
                let ways = profiles.sets[0].lock().ways;
                found += usize::from(ways.iter().flatten().any(|way| way.number == *number));
                assert_eq!(profiles.get(*number, &keys, &plan).pseudonym, keys.number(*number));
            }
        }
        let asked = tables * rounds * numbers.len();
        assert!(found * 2 > asked, "{found} of {asked}: the oldest first would find none");
    }
}
