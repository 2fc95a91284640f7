//! The pages of the last days in a ring of a fixed number of slots, found through chains of equal keys.
//!
//! It is the chained hash table over a window of zlib's match finder (Gailly and Adler; RFC 1951 section 4), with
//! pages in place of string positions. A page takes the slot `seq % capacity` and so overwrites the oldest. A head
//! table names the newest element of a hash value, and each element names the next older one. Nothing is ever taken
//! out of a chain: it ends where a link is not strictly older than the element it stands with, or older than the
//! ring, so that what was overwritten is told by its age alone. A link has 27 bits of the seq; a head that nobody
//! touches would seem young again after 2^27 pages, and a hand that looks at a few heads with each page clears it
//! long before.
//!
//! One writer at a time, for some microseconds a page; readers take no lock and wait for nobody. The writer counts a
//! page before it writes the slot, which makes the one it overwrites too old; a reader believes what it read of a page
//! only if that page is still young enough afterwards (a seqlock a slot: Boehm, "Can seqlocks get along with
//! programming language memory models?", MSPC 2012).
//!
//! A page takes [`PAGE_BYTES`]; slots are allocated in segments as they are first needed, heads at once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

use parking_lot::Mutex;

use super::bits::{high, join, low, scatter};
use super::facts::{Facts, Words};
use crate::content::fingerprint::{BUCKET_BITS, CHUNK_KEYS_MAX, Fingerprint, MARK_BITS, MARKS_MAX};
use crate::fax::id::DecisionId;

/// Exact keys of a page: of its chunks, and of the decision it was part of.
const KEYS: usize = CHUNK_KEYS_MAX + 1;
/// Which of them is the decision's.
const DECISION_INDEX: u32 = 0;
/// Slots of a segment.
const SEGMENT: usize = 1 << 14;
/// Bits of a link that say which element of a page.
const INDEX_BITS: u32 = 5;
/// Bits of the seq in a link.
const SEQ_BITS: u32 = 32 - INDEX_BITS;
/// Most pages of a ring: the age of a link is never ambiguous.
pub const PAGES_MAX: u32 = 1 << (SEQ_BITS - 1);
/// Most heads of a table.
const HEADS_MAX: usize = 1 << 26;
/// Heads of each table that are looked at with each page.
const SWEEP: usize = 4;
/// Bytes a page takes, heads aside.
pub const PAGE_BYTES: usize =
    MARKS_MAX * size_of::<Cell>() + KEYS * size_of::<Key>() + size_of::<Slot>();

const _: () = assert!(MARKS_MAX <= 1 << INDEX_BITS && KEYS <= 1 << INDEX_BITS);
const _: () = assert!(HEADS_MAX / SWEEP < 1 << (SEQ_BITS - 1), "a dead head is met in time");
const _: () = assert!(MARK_BITS == 48 && BUCKET_BITS <= 32);

/// A mark: 32 bits; 16 bits, column and row; link.
type Cell = [AtomicU32; 3];
/// An exact key: tag and link.
type Key = [AtomicU32; 2];

/// What stands with a page, beside its keys.
#[derive(Default)]
struct Slot {
    /// The low half of the seq, and the serial of the cluster it is in.
    owner: AtomicU64,
    words: [AtomicU64; Words::LENGTH],
}

struct Segment {
    cells: Box<[Cell]>,
    keys: Box<[Key]>,
    slots: Box<[Slot]>,
}

impl Segment {
    fn new(slots: usize) -> Self {
        fn zeros<T: Default>(count: usize) -> Box<[T]> {
            (0..count).map(|_| T::default()).collect()
        }
        Self { cells: zeros(slots * MARKS_MAX), keys: zeros(slots * KEYS), slots: zeros(slots) }
    }
}

/// The ring.
pub(super) struct Ring {
    capacity: u32,
    segments: Box<[OnceLock<Segment>]>,
    mark_heads: Box<[AtomicU32]>,
    key_heads: Box<[AtomicU32]>,
    /// Seq of the page that comes next; the first is 1.
    next: AtomicU64,
    /// Seq of the oldest page that counts.
    horizon: AtomicU64,
    writer: Mutex<Writer>,
}

#[derive(Default)]
struct Writer {
    /// Where the sweep goes on, in either table of heads.
    hand: usize,
}

/// What goes into a slot.
pub(super) struct Page<'a> {
    /// What stands with it.
    pub(super) facts: Facts,
    /// Its keys; a page without is found by its decision alone.
    pub(super) fingerprint: Option<&'a Fingerprint>,
    /// The decision it is part of.
    pub(super) decision: Option<DecisionId>,
    /// Serial of the cluster it is in, or 0.
    pub(super) cluster: u32,
}

/// How young a page may be at most, and where it stands: one moment of the ring.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    next: u64,
    next_slot: u32,
    oldest_age: u32,
    capacity: u32,
}

/// A link that holds.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Elements back from the moment: grows along a chain.
    pub(super) distance: u32,
    pub(super) seq: u64,
    slot: u32,
    index: u32,
}

impl Moment {
    /// What a link names, where it is further back than `after`.
    #[inline]
    pub(super) fn place(self, link: u32, after: u32) -> Option<Place> {
        let distance = (low(self.next) << INDEX_BITS).wrapping_sub(link);
        let age = distance.wrapping_add((1 << INDEX_BITS) - 1) >> INDEX_BITS;
        if link == 0 || distance <= after || age == 0 || age > self.oldest_age {
            return None;
        }
        let slot = if age <= self.next_slot {
            self.next_slot - age
        } else {
            self.next_slot + self.capacity - age
        };
        let index = link & ((1 << INDEX_BITS) - 1);
        Some(Place { distance, seq: self.next - u64::from(age), slot, index })
    }

    /// The seq whose lowest bits are those of [`Place::page`].
    pub(super) fn seq(self, page: u32) -> u64 {
        const MASK: u32 = (1 << SEQ_BITS) - 1;
        self.next - u64::from(low(self.next).wrapping_sub(page) & MASK).min(self.next)
    }
}

impl Place {
    /// The lowest 27 bits of the seq.
    #[inline]
    pub(super) const fn page(self) -> u32 {
        low(self.seq) & ((1 << SEQ_BITS) - 1)
    }

    /// Which mark or key of the page.
    #[inline]
    pub(super) const fn index(self) -> u32 {
        self.index
    }
}

/// Where a mark of that bucket begins.
const fn mark_hash(bucket: u32, epoch: u32) -> u64 {
    scatter(join(epoch, bucket))
}

/// The key under which the pages of a decision are found.
fn decision_key(decision: DecisionId) -> u64 {
    let whole = u128::from_le_bytes(decision.0);
    let halves = [whole, whole >> 64].map(|half| half & u128::from(u64::MAX));
    let [one, other] = halves.map(|half| u64::try_from(half).unwrap_or(0));
    scatter(one ^ other.rotate_left(23) ^ 0x6465_6369_7369_6F6E)
}

fn heads(count: usize) -> Box<[AtomicU32]> {
    let count = count.next_power_of_two().clamp(64, HEADS_MAX);
    (0..count).map(|_| AtomicU32::new(0)).collect()
}

fn head(heads: &[AtomicU32], hash: u64) -> &AtomicU32 {
    // The table's length is a power of two.
    &heads[low(hash) as usize & (heads.len() - 1)]
}

impl Ring {
    /// A ring of so many pages, 1 to [`PAGES_MAX`].
    pub(super) fn with_capacity(pages: u32) -> Self {
        let capacity = pages.clamp(1, PAGES_MAX);
        let slots = capacity as usize;
        Self {
            capacity,
            segments: (0..slots.div_ceil(SEGMENT)).map(|_| OnceLock::new()).collect(),
            // Buckets of two epochs are 2^25; an exact key has the chain for itself, nearly.
            mark_heads: heads((slots * MARKS_MAX / 8).min(2 << BUCKET_BITS)),
            key_heads: heads(slots * KEYS / 2),
            next: AtomicU64::new(1),
            horizon: AtomicU64::new(1),
            writer: Mutex::new(Writer::default()),
        }
    }

    fn segment(&self, number: usize) -> Segment {
        Segment::new((self.capacity as usize - number * SEGMENT).min(SEGMENT))
    }

    /// Bytes in use.
    pub(super) fn bytes(&self) -> usize {
        let segments = self.segments.iter().filter_map(OnceLock::get);
        segments.map(|segment| segment.slots.len()).sum::<usize>() * PAGE_BYTES
            + (self.mark_heads.len() + self.key_heads.len()) * size_of::<u32>()
    }

    /// Most bytes it ever takes.
    pub(super) fn bytes_max(&self) -> usize {
        self.capacity as usize * PAGE_BYTES
            + (self.mark_heads.len() + self.key_heads.len()) * size_of::<u32>()
    }

    /// Pages that count.
    pub(super) fn len(&self) -> u64 {
        u64::from(self.moment().oldest_age)
    }

    /// The ring as it stands. Whoever has seen a head sees all pages up to it.
    #[inline]
    pub(super) fn moment(&self) -> Moment {
        let next = self.next.load(Ordering::Acquire);
        let since_horizon = next - self.horizon.load(Ordering::Relaxed).min(next);
        let oldest_age = since_horizon.min(u64::from(self.capacity));
        Moment {
            next,
            next_slot: low(next % u64::from(self.capacity)),
            oldest_age: low(oldest_age),
            capacity: self.capacity,
        }
    }

    /// The newest link of a bucket.
    #[inline]
    pub(super) fn mark_head(&self, bucket: u32, epoch: u32) -> u32 {
        head(&self.mark_heads, mark_hash(bucket, epoch)).load(Ordering::Acquire)
    }

    /// The newest link of an exact key.
    #[inline]
    pub(super) fn key_head(&self, key: u64) -> u32 {
        head(&self.key_heads, scatter(key)).load(Ordering::Acquire)
    }

    /// A mark and its link: bits, column, row in the form of [`mark_word`].
    #[inline]
    pub(super) fn mark(&self, place: Place) -> Option<(u64, u32)> {
        let segment = self.segments.get(place.slot as usize / SEGMENT)?.get()?;
        let at = place.slot as usize % SEGMENT * MARKS_MAX + place.index as usize;
        let [one, two, link] = segment.cells.get(at)?;
        let word = join(two.load(Ordering::Relaxed), one.load(Ordering::Relaxed));
        Some((word, link.load(Ordering::Relaxed)))
    }

    /// Whether an exact key is one of a chunk.
    #[inline]
    pub(super) fn is_chunk(place: Place) -> bool {
        place.index != DECISION_INDEX
    }

    /// The tag of an exact key, and its link.
    #[inline]
    pub(super) fn key(&self, place: Place) -> Option<(u32, u32)> {
        let segment = self.segments.get(place.slot as usize / SEGMENT)?.get()?;
        let at = place.slot as usize % SEGMENT * KEYS + place.index as usize;
        let [tag, link] = segment.keys.get(at)?;
        Some((tag.load(Ordering::Relaxed), link.load(Ordering::Relaxed)))
    }

    /// What stands with a page, and the serial of its cluster; `None` where it was overwritten or is too old. What was
    /// read of that page before is sound if this answers.
    pub(super) fn facts(&self, seq: u64) -> Option<(Facts, u32)> {
        let slot = self.slot(seq)?;
        let owner = slot.owner.load(Ordering::Relaxed);
        let words = slot.words.each_ref().map(|word| word.load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let live = self.is_live(seq) && high(owner) == low(seq);
        live.then(|| Facts::of_words(Words(words))).flatten().map(|facts| (facts, low(owner)))
    }

    /// Whether a page is gone, before that second since 1970, or in the older half of the ring.
    pub(super) fn ages(&self, seq: u64, before: u32) -> bool {
        let next = self.next.load(Ordering::Relaxed);
        let older = next.saturating_sub(seq) > u64::from(self.capacity / 2);
        older || self.facts(seq).is_none_or(|(facts, _)| facts.second < before)
    }

    fn is_live(&self, seq: u64) -> bool {
        let next = self.next.load(Ordering::Relaxed);
        let oldest = next.saturating_sub(u64::from(self.capacity));
        seq < next && seq >= oldest.max(self.horizon.load(Ordering::Relaxed)) && seq > 0
    }

    fn slot(&self, seq: u64) -> Option<&Slot> {
        let at = usize::try_from(seq % u64::from(self.capacity)).ok()?;
        self.segments.get(at / SEGMENT)?.get()?.slots.get(at % SEGMENT)
    }

    /// Moves a page from one cluster to another; false where it is not there, or not in `from`.
    pub(super) fn assign(&self, seq: u64, from: u32, to: u32) -> bool {
        let (old, new) = (join(low(seq), from), join(low(seq), to));
        let change = |slot: &Slot| {
            slot.owner.compare_exchange(old, new, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        self.is_live(seq) && self.slot(seq).is_some_and(change)
    }

    /// Changes what stands with a page, under the writer's lock; false where it is not there.
    pub(super) fn amend(&self, seq: u64, change: impl FnOnce(&mut Facts)) -> bool {
        let _writer = self.writer.lock();
        let (Some((mut facts, _)), Some(slot)) = (self.facts(seq), self.slot(seq)) else {
            return false;
        };
        change(&mut facts);
        for (place, word) in slot.words.iter().zip(facts.to_words().0) {
            place.store(word, Ordering::Relaxed);
        }
        true
    }

    /// Puts a page in, over the oldest: its seq. It is found from here on.
    pub(super) fn insert(&self, page: &Page<'_>) -> u64 {
        let mut writer = self.writer.lock();
        let mut seq = self.reserve();
        if low(seq) << INDEX_BITS == 0 {
            // Link 0 is none: this seq stays without a page.
            seq = self.reserve();
        }
        let at = usize::try_from(seq % u64::from(self.capacity)).unwrap_or(0);
        let segment = self.segments[at / SEGMENT].get_or_init(|| self.segment(at / SEGMENT));
        let slot = &segment.slots[at % SEGMENT];
        slot.owner.store(join(low(seq), page.cluster), Ordering::Relaxed);
        for (place, word) in slot.words.iter().zip(page.facts.to_words().0) {
            place.store(word, Ordering::Relaxed);
        }
        let moment = self.moment();
        let keys = &segment.keys[at % SEGMENT * KEYS..][..KEYS];
        let chunks = page.fingerprint.iter().flat_map(|fingerprint| &fingerprint.chunks).copied();
        let decision = page.decision.map(|decision| (DECISION_INDEX, decision_key(decision)));
        for (index, key) in
            decision.into_iter().chain((DECISION_INDEX + 1..).zip(chunks.take(CHUNK_KEYS_MAX)))
        {
            let [tag, link] = &keys[index as usize];
            tag.store(high(key), Ordering::Relaxed);
            chain(head(&self.key_heads, scatter(key)), link, moment, element(seq, index));
        }
        if let Some(fingerprint) = page.fingerprint {
            let cells = &segment.cells[at % SEGMENT * MARKS_MAX..][..MARKS_MAX];
            for ((mark, cell), index) in fingerprint.marks.iter().zip(cells).zip(0..) {
                let word = mark_word(mark.bits, mark.column, mark.row);
                let [one, two, link] = cell;
                one.store(low(word), Ordering::Relaxed);
                two.store(high(word), Ordering::Relaxed);
                let hash = mark_hash(bucket(mark.bits), fingerprint.epoch);
                chain(head(&self.mark_heads, hash), link, moment, element(seq, index));
            }
        }
        self.sweep(&mut writer, moment);
        seq
    }

    /// Goes on from that seq, as after so many pages.
    #[cfg(test)]
    pub(super) fn begin_at(&self, seq: u64) {
        self.next.store(seq, Ordering::Release);
        self.horizon.store(seq, Ordering::Release);
    }

    /// Takes the next seq, and with it the oldest page out. Under the writer's lock.
    fn reserve(&self) -> u64 {
        let seq = self.next.load(Ordering::Relaxed);
        self.next.store(seq + 1, Ordering::Release);
        // Nothing of the slot is written before the page in it is too old for every reader.
        fence(Ordering::Release);
        seq
    }

    fn sweep(&self, writer: &mut Writer, moment: Moment) {
        for _ in 0..SWEEP {
            for heads in [&self.mark_heads, &self.key_heads] {
                let head = &heads[writer.hand & (heads.len() - 1)];
                let link = head.load(Ordering::Relaxed);
                if link != 0 && moment.place(link, 0).is_none() {
                    head.store(0, Ordering::Relaxed);
                }
            }
            writer.hand = writer.hand.wrapping_add(1);
        }
    }

    /// Lets up to `most` pages go that are older than `before`, in seconds since 1970; says how many. Also makes room
    /// for what comes next, so that no insertion has to.
    pub(super) fn expire(&self, before: u32, most: usize) -> usize {
        let next = self.next.load(Ordering::Acquire);
        let ahead = (next + SEGMENT as u64 / 2) % u64::from(self.capacity);
        let at = usize::try_from(ahead).unwrap_or(0);
        if let Some(segment) = self.segments.get(at / SEGMENT) {
            segment.get_or_init(|| self.segment(at / SEGMENT));
        }
        let oldest = next.saturating_sub(u64::from(self.capacity));
        let mut horizon = self.horizon.load(Ordering::Relaxed).max(oldest);
        let mut gone = 0;
        while gone < most && horizon < next {
            if self.facts(horizon).is_some_and(|(facts, _)| facts.second >= before) {
                break;
            }
            horizon += 1;
            gone += 1;
        }
        self.horizon.fetch_max(horizon, Ordering::AcqRel);
        gone
    }

    /// Pages of a decision, newest first, at most `most`.
    pub(super) fn of_decision(&self, decision: DecisionId, most: usize) -> Vec<(u64, Facts, u32)> {
        let key = decision_key(decision);
        let mut found = Vec::new();
        let mut link = self.key_head(key);
        let moment = self.moment();
        let mut distance = 0;
        // Other keys of the same head stand between: as many again are allowed for.
        for _ in 0..most * 2 {
            let Some(place) = moment.place(link, distance) else { break };
            let Some((tag, next)) = self.key(place) else { break };
            if tag == high(key)
                && place.index == DECISION_INDEX
                && found.len() < most
                && let Some((facts, cluster)) = self.facts(place.seq)
            {
                found.push((place.seq, facts, cluster));
            }
            (link, distance) = (next, place.distance);
        }
        found
    }
}

/// The link of an element.
const fn element(seq: u64, index: u32) -> u32 {
    low(seq) << INDEX_BITS | index
}

/// Puts an element in front of its chain.
fn chain(head: &AtomicU32, link: &AtomicU32, moment: Moment, element: u32) {
    let older = head.load(Ordering::Relaxed);
    let live = moment.place(older, 0).is_some();
    link.store(if live { older } else { 0 }, Ordering::Relaxed);
    head.store(element, Ordering::Release);
}

/// The bits of a mark that choose its bucket.
#[inline]
pub(super) const fn bucket(bits: u64) -> u32 {
    low(bits) & ((1 << BUCKET_BITS) - 1)
}

/// Bits, column (7 bits) and row (9 bits) of a mark in one word.
#[inline]
pub(super) const fn mark_word(bits: u64, column: u8, row: u16) -> u64 {
    let place = ((row & 0x1FF) as u64) << 7 | (column & 0x7F) as u64;
    place << MARK_BITS | bits & ((1 << MARK_BITS) - 1)
}

/// Column and row of a word.
#[inline]
pub(super) const fn mark_place(word: u64) -> (i32, i32) {
    let place = high(word) >> 16;
    ((place & 0x7F).cast_signed(), (place >> 7).cast_signed())
}
