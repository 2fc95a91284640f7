//! Sets of limits that single members have: one of a kind, counted, in stripes so that readers on many cores do not meet at one
//! lock.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use parking_lot::RwLock;

use super::Own;

/// Stripes: a power of two. A set that members of several stripes have is in each of them.
const STRIPES: usize = 64;

/// All sets.
pub(super) struct Sets {
    stripes: Box<[RwLock<Stripe>]>,
    hasher: RandomState,
}

/// The sets of the members of some shards.
#[derive(Default)]
struct Stripe {
    /// Each with how many members have it; nobody has one that is free.
    sets: Vec<(Own, u32)>,
    free: Vec<usize>,
    /// Where the set of a hash is. Of two with one hash the second is not shared.
    by_hash: HashMap<u64, usize, RandomState>,
}

impl Default for Sets {
    fn default() -> Self {
        Self {
            stripes: (0..STRIPES).map(|_| RwLock::default()).collect(),
            hasher: RandomState::default(),
        }
    }
}

impl Sets {
    fn stripe(&self, shard: usize) -> &RwLock<Stripe> {
        &self.stripes[shard % STRIPES]
    }

    /// The set of that number, which a member of that shard has.
    pub(super) fn get(&self, shard: usize, set: usize) -> Option<Own> {
        self.stripe(shard).read().sets.get(set).map(|(own, _)| *own)
    }

    /// The number of a set for one more member.
    pub(super) fn take(&self, shard: usize, own: Own) -> usize {
        let hash = self.hasher.hash_one(own);
        let mut stripe = self.stripe(shard).write();
        let Stripe { sets, free, by_hash } = &mut *stripe;
        let shared = by_hash.entry(hash);
        if let Entry::Occupied(known) = &shared
            && let Some((same, members)) = sets.get_mut(*known.get())
            && *same == own
        {
            *members += 1;
            return *known.get();
        }
        let at = free.pop().unwrap_or_else(|| {
            sets.push((own, 0));
            sets.len() - 1
        });
        sets[at] = (own, 1);
        if let Entry::Vacant(vacant) = shared {
            vacant.insert(at);
        }
        at
    }

    /// Takes a set from a member, and says what it was.
    pub(super) fn give_back(&self, shard: usize, set: usize) -> Option<Own> {
        let mut stripe = self.stripe(shard).write();
        let (own, members) = stripe.sets.get_mut(set)?;
        let own = *own;
        *members = members.saturating_sub(1);
        if *members == 0 {
            let hash = self.hasher.hash_one(own);
            if stripe.by_hash.get(&hash) == Some(&set) {
                stripe.by_hash.remove(&hash);
            }
            stripe.free.push(set);
        }
        Some(own)
    }

    /// Every set that somebody has.
    pub(super) fn all(&self) -> Vec<Own> {
        let mut all = Vec::new();
        for stripe in &self.stripes {
            let stripe = stripe.read();
            all.extend(stripe.sets.iter().filter(|(_, members)| *members > 0).map(|(own, _)| *own));
        }
        all
    }
}
