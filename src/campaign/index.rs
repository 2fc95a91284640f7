//! Which pages of the last days may be the one at hand: the exact tier, then the marks.
//!
//! Exact: a chunk key that two pages share names the other. Marks: each is looked for in its own bucket, and in those
//! that its least sure bits would have led to (multi-probe: Lv et al., VLDB 2007: probing what the query itself says is
//! likely replaces most of the tables of plain locality-sensitive hashing). What lies there within a Hamming distance
//! of 10 of 48 votes.
//!
//! Every chain is walked newest first and for a bounded number of elements; one that goes on is said to flood. A mark's own
//! bucket comes first, and where it floods there is no more. The other probes of a mark are walked side by side: each step is
//! a wait for far memory, and so they are waited for together.

use std::cmp::Reverse;

use super::facts::Facts;
use super::ring::{Moment, Ring, bucket, mark_place, mark_word};
use super::votes::{Evidence, NEAR, Vote, agree, distance};
use crate::content::fingerprint::{CHUNK_KEYS_MAX, Fingerprint, MARKS_MAX, Mark, PROBED_BITS};

/// Least sure bits of a mark of which all subsets are probed side by side.
const SIDE_BITS: usize = 4;
/// Buckets looked at side by side.
const PROBES_ASIDE: usize = 1 << SIDE_BITS;
/// Buckets looked at for one mark.
pub const PROBES: usize = 1 << PROBED_BITS;
/// Elements of a mark's own bucket beyond which it floods.
pub(super) const OWN_MAX: usize = 128;
/// Most elements of a bucket beside it that are looked at.
pub const CHAIN_MAX: usize = 512;
/// Most elements of the chain of one exact key that are looked at, those of other keys included.
const EXACT_STEPS: usize = 32;
/// Pages of one exact key after which it floods.
const EXACT_PAGES: usize = 16;
/// Most votes of one search; further ones are left out.
const VOTES_MAX: usize = 1 << 17;
/// Most candidates of one search.
pub const CANDIDATES_MAX: usize = 64;

const _: () = assert!(
    PROBES_ASIDE <= 16 && PROBED_BITS >= SIDE_BITS && CHUNK_KEYS_MAX <= 32 && MARKS_MAX <= 32
);

/// A page that may be the same. What stands with it lies in far memory, and is read of those alone that are looked at
/// ([`Candidate::known`]).
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub(super) seq: u64,
    pub(super) evidence: Evidence,
}

impl Candidate {
    /// What stands with the page, and the serial of its cluster or 0; nothing where it is gone, or of another epoch than the
    /// page at hand, which it is only by chance.
    pub(super) fn known(self, ring: &Ring, epoch: u32) -> Option<(Facts, u32)> {
        ring.facts(self.seq).filter(|(facts, _)| facts.epoch == epoch)
    }
}

/// What a search found.
#[derive(Default)]
pub(super) struct Found {
    /// Best first, at most [`CANDIDATES_MAX`].
    pub(super) candidates: Vec<Candidate>,
    /// Keys and marks of the page that flood.
    pub(super) floods: u32,
}

/// Where a walk along a chain is.
#[derive(Clone, Copy, Default)]
struct Cursor {
    link: u32,
    distance: u32,
    probe: u32,
}

/// A page that shares chunk keys, a bit each.
struct Shared {
    seq: u64,
    keys: u32,
}

/// What the exact tier found.
pub(super) struct Exact {
    pages: Vec<Shared>,
    flooded: u32,
}

/// Looks for pages that share chunk keys.
pub(super) fn exact(ring: &Ring, fingerprint: &Fingerprint) -> Exact {
    let chunks = &fingerprint.chunks[..fingerprint.chunks.len().min(CHUNK_KEYS_MAX)];
    let mut cursors = [Cursor::default(); CHUNK_KEYS_MAX];
    for ((cursor, key), probe) in cursors.iter_mut().zip(chunks).zip(0..) {
        *cursor = Cursor { link: ring.key_head(*key), distance: 0, probe };
    }
    let moment = ring.moment();
    let mut met = Vec::with_capacity(32);
    let mut pages = [0_usize; CHUNK_KEYS_MAX];
    let mut live = chunks.len();
    for _ in 0..EXACT_STEPS {
        let mut at = 0;
        while at < live {
            let cursor = cursors[at];
            let which = cursor.probe as usize;
            let place = moment.place(cursor.link, cursor.distance);
            let read = place.and_then(|place| Some((place, ring.key(place)?)));
            let Some((place, (tag, link))) = read.filter(|_| pages[which] < EXACT_PAGES) else {
                live -= 1;
                cursors.swap(at, live);
                continue;
            };
            if u64::from(tag) == chunks[which] >> 32 && Ring::is_chunk(place) {
                met.push((place.seq, which));
                pages[which] += 1;
            }
            cursors[at] = Cursor { link, distance: place.distance, ..cursor };
            at += 1;
        }
    }
    met.sort_unstable();
    let shared = met.chunk_by(|one, other| one.0 == other.0).map(|group| Shared {
        seq: group[0].0,
        keys: group.iter().fold(0, |keys, (_, which)| keys | 1 << which),
    });
    let flooded = pages.iter().zip(0..).filter(|(pages, _)| **pages >= EXACT_PAGES);
    Exact { pages: shared.collect(), flooded: flooded.fold(0, |all, (_, at)| all | 1 << at) }
}

impl Exact {
    /// What shared keys alone find.
    pub(super) fn found(&self, ring: &Ring) -> Found {
        rank(ring, self, &[])
    }
}

/// Looks for pages whose marks are near, and counts shared chunk keys in.
pub(super) fn near(ring: &Ring, fingerprint: &Fingerprint, exact: &Exact) -> Found {
    let mut votes = Vec::with_capacity(1 << 12);
    let mut floods = 0;
    for (mark, at) in fingerprint.marks.iter().take(MARKS_MAX).zip(0..) {
        floods += u32::from(walk(ring, (mark, at), fingerprint.epoch, &mut votes));
    }
    votes.sort_unstable();
    let mut found = rank(ring, exact, &votes);
    found.floods += floods;
    found
}

/// The bits that the probes of a round change: the subset of the least sure ones that the number of each says, and of
/// the next ones that the round says.
fn flips(mark: &Mark, round: usize) -> [u64; PROBES_ASIDE] {
    std::array::from_fn(|probe| {
        let subset = round << SIDE_BITS | probe;
        let bits = mark.weak.iter().take(PROBED_BITS).enumerate();
        bits.fold(0, |flip, (bit, weak)| flip | (subset as u64 >> bit & 1) << (weak & 31))
    })
}

/// Walks the buckets of a mark, some side by side and the rest after them; says whether the mark's own bucket floods.
///
/// One that does is of what half the world has, a rule or the head of a form: it is looked for no further. What lies in the
/// buckets beside it is the same, and would be most of what a search meets.
fn walk(ring: &Ring, mark: (&Mark, u32), epoch: u32, votes: &mut Vec<Vote>) -> bool {
    let from = votes.len();
    let own = own_bucket(ring, mark, epoch, votes);
    votes[from..].iter_mut().for_each(|vote| vote.settle(u32::from(own)));
    if own {
        return true;
    }
    for round in 0..PROBES / PROBES_ASIDE {
        let from = votes.len();
        let flooded = walk_aside(ring, mark, (epoch, flips(mark.0, round)), votes);
        // A probe is known by its number within its round, so the votes of each round are settled with it.
        votes[from..].iter_mut().for_each(|vote| vote.settle(flooded));
    }
    false
}

/// Walks the bucket that a mark is in itself; says whether it floods.
fn own_bucket(
    ring: &Ring,
    (mark, number): (&Mark, u32),
    epoch: u32,
    votes: &mut Vec<Vote>,
) -> bool {
    let moment = ring.moment();
    let word = mark_word(mark.bits, mark.column, mark.row);
    let link = ring.mark_head(bucket(mark.bits), epoch);
    let mut cursor = Cursor { link, distance: 0, probe: 0 };
    for _ in 0..OWN_MAX {
        match step(ring, moment, cursor, (word, number), votes) {
            Some(next) => cursor = next,
            None => return false,
        }
    }
    moment.place(cursor.link, cursor.distance).is_some()
}

/// Walks buckets of a mark side by side, since each is a read from far memory; says which of these flood, a bit each.
fn walk_aside(
    ring: &Ring,
    (mark, number): (&Mark, u32),
    (epoch, flips): (u32, [u64; PROBES_ASIDE]),
    votes: &mut Vec<Vote>,
) -> u32 {
    let mut cursors = [Cursor::default(); PROBES_ASIDE];
    let mut live = 0;
    // The probe that changes nothing is the mark's own bucket, which has been walked.
    for (flip, probe) in flips.into_iter().zip(0..).filter(|(flip, _)| *flip != 0) {
        let link = ring.mark_head(bucket(mark.bits ^ flip), epoch);
        cursors[live] = Cursor { link, distance: 0, probe };
        live += 1;
    }
    let moment = ring.moment();
    let word = mark_word(mark.bits, mark.column, mark.row);
    for _ in 0..CHAIN_MAX {
        let mut at = 0;
        while at < live {
            let cursor = cursors[at];
            let Some(next) = step(ring, moment, cursor, (word, number), votes) else {
                live -= 1;
                cursors.swap(at, live);
                continue;
            };
            cursors[at] = next;
            at += 1;
        }
        if live == 0 {
            return 0;
        }
    }
    // A chain that ends just here has not flooded.
    let goes_on = |cursor: &&Cursor| moment.place(cursor.link, cursor.distance).is_some();
    cursors[..live].iter().filter(goes_on).fold(0, |all, cursor| all | 1 << cursor.probe)
}

/// Looks at one element and goes on to the next; `None` at the end.
#[inline]
fn step(
    ring: &Ring,
    moment: Moment,
    cursor: Cursor,
    mark: (u64, u32),
    votes: &mut Vec<Vote>,
) -> Option<Cursor> {
    let place = moment.place(cursor.link, cursor.distance)?;
    let (there, link) = ring.mark(place)?;
    let (word, number) = mark;
    if distance(word, there) <= NEAR && votes.len() < VOTES_MAX {
        let (here, from) = (mark_place(word), mark_place(there));
        let shift = (here.0 - from.0, here.1 - from.1);
        votes.push(Vote::new(place.page(), shift, (number, place.index()), cursor.probe));
    }
    Some(Cursor { link, distance: place.distance, probe: cursor.probe })
}

/// Candidates, best first and newest first among equals. `votes` are sorted.
fn rank(ring: &Ring, exact: &Exact, votes: &[Vote]) -> Found {
    let moment = ring.moment();
    let mut best: Vec<(u64, Evidence)> = Vec::new();
    let mut shared = vec![false; exact.pages.len()];
    for group in votes.chunk_by(|one, other| one.page() == other.page()) {
        let seq = moment.seq(group[0].page());
        let keys = exact.pages.binary_search_by_key(&seq, |page| page.seq).ok();
        if group.len() == 1 && keys.is_none() {
            continue;
        }
        let mut evidence = agree(group);
        if let Some(at) = keys {
            shared[at] = true;
            evidence = evidence.with_keys(exact.pages[at].keys, exact.flooded);
        }
        best.push((seq, evidence));
    }
    let alone = exact.pages.iter().zip(&shared).filter(|(_, counted)| !**counted);
    best.extend(
        alone.map(|(page, _)| (page.seq, Evidence::default().with_keys(page.keys, exact.flooded))),
    );
    best.retain(|(_, evidence)| evidence.is_candidate());
    best.sort_unstable_by_key(|(seq, evidence)| Reverse((evidence.weight, *seq)));
    best.truncate(CANDIDATES_MAX);
    let candidates = best.into_iter().map(|(seq, evidence)| Candidate { seq, evidence });
    Found { candidates: candidates.collect(), floods: exact.flooded.count_ones() }
}
