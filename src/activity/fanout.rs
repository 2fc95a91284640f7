//! How many different targets lately: one small structure answers for every window up to a day.
//!
//! A target is a 16-bit tag with the time it was last seen. Up to three stand inline; more move to a box
//! of 48. When that is full, the sampling level rises and only tags below `2^16 >> level` stay, each
//! standing for `2^level` targets (adaptive sampling: Flajolet, "On adaptive sampling", Computing 1990).
//! So a count is exact up to 48 targets a day and has a relative standard error of about 1/sqrt(24) = 20 %
//! at worst beyond, up to some 30,000 targets, where 16-bit tags begin to collide. There are no window
//! edges to hide behind: each target carries its own time.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::store::codec::{take_u8, take_u16};

/// Longest window, in seconds: a day.
pub const WINDOW_SECONDS_MAX: u32 = 86_400;

/// Seconds of one tick of a cell's time. 2^16 ticks are 72 hours, three times the longest window, so that
/// an age is never ambiguous.
const TICK_SECONDS: u32 = 4;
const TICKS_MAX: u16 = 21_600;
/// Ticks count modulo this; zero stays free.
const TICK_RING: u32 = 65_535;

const SMALL_CELLS: usize = 3;
const LARGE_CELLS: usize = 48;
const LEVEL_MAX: u8 = 12;

/// One target: its tag and the tick it was last seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cell {
    tag: u16,
    tick: u16,
}

/// Distinct targets of the last day. 16 bytes, and a box of 200 from the fourth target on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fanout(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Small { length: u8, cells: [Cell; SMALL_CELLS] },
    Large(Box<Large>),
}

#[derive(Clone, Debug)]
struct Large {
    cells: [Cell; LARGE_CELLS],
    length: u8,
    level: u8,
    /// No cell's tick is earlier than this one: until it is a day old none is looked at.
    oldest: u16,
}

impl PartialEq for Large {
    fn eq(&self, other: &Self) -> bool {
        // How early the oldest may be says when to look, and nothing of what is there.
        (&self.cells, self.length, self.level) == (&other.cells, other.length, other.level)
    }
}

impl Eq for Large {}

/// How many boxes there may be. When they are used up, further subjects keep the inline form and
/// sample harder: a rougher count, never more memory.
#[derive(Debug)]
pub struct BoxBudget {
    used: AtomicUsize,
    most: usize,
}

/// Bytes of one box.
pub const BOX_BYTES: usize = size_of::<Large>();

impl BoxBudget {
    /// A budget of that many bytes.
    pub const fn with_bytes(bytes: usize) -> Self {
        Self { used: AtomicUsize::new(0), most: bytes / BOX_BYTES }
    }

    /// Bytes in use.
    pub fn bytes(&self) -> usize {
        self.used.load(Ordering::Relaxed) * BOX_BYTES
    }

    /// Puts the count right after a walk over all subjects: evicted ones take their boxes along unseen.
    pub fn recount(&self, used: usize) {
        self.used.store(used, Ordering::Relaxed);
    }

    fn take(&self) -> bool {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                (used < self.most).then_some(used + 1)
            })
            .is_ok()
    }
}

impl Default for Fanout {
    fn default() -> Self {
        Self(Form::Small { length: 0, cells: [Cell::default(); SMALL_CELLS] })
    }
}

/// The tick of a second; never zero.
fn tick(second: u32) -> u16 {
    u16::try_from((second / TICK_SECONDS) % TICK_RING + 1).unwrap_or(1)
}

/// Ticks of a window.
fn ticks(window: u32) -> u16 {
    u16::try_from(window / TICK_SECONDS).map_or(TICKS_MAX, |ticks| ticks.min(TICKS_MAX))
}

/// Ticks from `then` to `now`, assuming that `then` is not later.
const fn age(now: u16, then: u16) -> u16 {
    if now >= then { now - then } else { now + (u16::MAX - then) }
}

impl Fanout {
    /// Notes a target at `now`, given when the subject was last touched (both in seconds).
    pub fn add(&mut self, tag: u16, now: u32, last: u32, budget: &BoxBudget) {
        self.expire(now, last);
        let at = tick(now);
        if let Some(cell) = self.cells_mut().iter_mut().find(|cell| cell.tag == tag) {
            cell.tick = at;
            return;
        }
        let cell = Cell { tag, tick: at };
        match &mut self.0 {
            Form::Small { length, cells } => {
                if let Some(free) = cells.get_mut(usize::from(*length)) {
                    *free = cell;
                    *length += 1;
                } else if budget.take() {
                    self.0 = Form::Large(Large::from_small(*cells, cell));
                } else {
                    // Out of boxes: the oldest of the three makes room, so the count stays a lower bound.
                    cells.rotate_left(1);
                    cells[SMALL_CELLS - 1] = cell;
                }
            }
            Form::Large(large) => large.add(cell),
        }
    }

    /// Lets go of what is older than a day: whoever touches the subject calls it, so that the next look is right.
    /// Every cell was younger than a day at `last`, which is what keeps the ring of ticks unambiguous.
    pub fn expire(&mut self, now: u32, last: u32) {
        if now == last {
            // Done already when time was let pass to now.
            return;
        }
        if now.saturating_sub(last) >= WINDOW_SECONDS_MAX {
            *self = Self::default();
            return;
        }
        let at = tick(now);
        let stays = |cell: &Cell| age(at, cell.tick) <= TICKS_MAX;
        match &mut self.0 {
            Form::Small { length, cells } => {
                if within(&cells[..usize::from(*length).min(SMALL_CELLS)], at, TICKS_MAX)
                    < u32::from(*length)
                {
                    *length = keep(cells, *length, stays);
                }
            }
            Form::Large(large) => {
                if age(at, large.oldest) > TICKS_MAX {
                    large.length = keep(&mut large.cells, large.length, stays);
                    large.oldest = large.find_oldest().unwrap_or(at);
                }
                if large.level > 0 && usize::from(large.length) < LARGE_CELLS / 8 {
                    large.level -= 1;
                }
            }
        }
    }

    /// Distinct targets of the last so many seconds, a window each, as of `now`, when time was last let pass
    /// ([`Fanout::expire`]): so a window of a day or longer holds all that is left.
    pub fn counts<const N: usize>(&self, now: u32, windows: [u32; N]) -> [u32; N] {
        let (at, cells, level) = (tick(now), self.cells(), self.level());
        windows.map(|window| {
            let seen = match ticks(window) {
                TICKS_MAX => u32::try_from(cells.len()).unwrap_or(u32::MAX),
                ticks => within(cells, at, ticks),
            };
            seen << level
        })
    }

    /// True when any target was seen within the last `window` seconds.
    pub fn any(&self, now: u32, window: u32) -> bool {
        let (at, ticks) = (tick(now), ticks(window));
        // The latest come last.
        self.cells().iter().rev().any(|cell| age(at, cell.tick) <= ticks)
    }

    /// True when it stands in a box.
    pub const fn boxed(&self) -> bool {
        matches!(self.0, Form::Large(_))
    }

    fn level(&self) -> u8 {
        match &self.0 {
            Form::Small { .. } => 0,
            Form::Large(large) => large.level,
        }
    }

    fn cells(&self) -> &[Cell] {
        match &self.0 {
            Form::Small { length, cells } => &cells[..usize::from(*length).min(SMALL_CELLS)],
            Form::Large(large) => &large.cells[..usize::from(large.length).min(LARGE_CELLS)],
        }
    }

    fn cells_mut(&mut self) -> &mut [Cell] {
        match &mut self.0 {
            Form::Small { length, cells } => &mut cells[..usize::from(*length).min(SMALL_CELLS)],
            Form::Large(large) => &mut large.cells[..usize::from(large.length).min(LARGE_CELLS)],
        }
    }

    /// Appends the bytes of a snapshot: level, length, cells.
    pub fn encode(&self, to: &mut Vec<u8>) {
        to.push(self.level() | if self.boxed() { 0x80 } else { 0 });
        let cells = self.cells();
        to.push(u8::try_from(cells.len()).unwrap_or(0));
        for cell in cells {
            to.extend_from_slice(&cell.tag.to_le_bytes());
            to.extend_from_slice(&cell.tick.to_le_bytes());
        }
    }

    /// Takes itself from the front of bytes; `None` where they are not of this kind.
    pub fn decode(from: &mut &[u8]) -> Option<Self> {
        let head = take_u8(from)?;
        let (boxed, level) = (head & 0x80 != 0, head & 0x7f);
        let length = take_u8(from)?;
        let most = if boxed { LARGE_CELLS } else { SMALL_CELLS };
        if level > LEVEL_MAX || usize::from(length) > most {
            return None;
        }
        let mut cells = [Cell::default(); LARGE_CELLS];
        for cell in cells.iter_mut().take(usize::from(length)) {
            *cell = Cell { tag: take_u16(from)?, tick: take_u16(from)? };
        }
        if boxed {
            return Some(Self(Form::Large(Box::new(Large::of(cells, length, level)))));
        }
        let cells = [cells[0], cells[1], cells[2]];
        Some(Self(Form::Small { length, cells }))
    }
}

/// How many of the cells are no older than so many ticks: added up without a branch, which a processor does several at a time.
#[inline]
fn within(cells: &[Cell], at: u16, ticks: u16) -> u32 {
    cells.iter().map(|cell| u32::from(age(at, cell.tick) <= ticks)).sum()
}

/// Moves the cells that stay to the front, in their order, and says how many they are.
fn keep(cells: &mut [Cell], length: u8, stays: impl Fn(&Cell) -> bool) -> u8 {
    let mut kept = 0;
    for place in 0..usize::from(length).min(cells.len()) {
        if stays(&cells[place]) {
            cells[usize::from(kept)] = cells[place];
            kept += 1;
        }
    }
    for gone in cells.iter_mut().take(usize::from(length)).skip(usize::from(kept)) {
        *gone = Cell::default();
    }
    kept
}

impl Large {
    fn from_small(small: [Cell; SMALL_CELLS], next: Cell) -> Box<Self> {
        let mut cells = [Cell::default(); LARGE_CELLS];
        cells[..SMALL_CELLS].copy_from_slice(&small);
        cells[SMALL_CELLS] = next;
        Box::new(Self::of(cells, 4, 0))
    }

    fn of(cells: [Cell; LARGE_CELLS], length: u8, level: u8) -> Self {
        let large = Self { cells, length, level, oldest: 1 };
        Self { oldest: large.find_oldest().unwrap_or(1), ..large }
    }

    /// The tick of the oldest cell. All lie within a third of the ring, so from the oldest to the first it is less than half
    /// of it, and from one that came after the first it would be more.
    fn find_oldest(&self) -> Option<u16> {
        let cells = &self.cells[..usize::from(self.length).min(LARGE_CELLS)];
        let first = cells.first()?.tick;
        // The first is among them.
        let older = |tick: &u16| age(first, *tick) <= u16::MAX / 2;
        let before = cells.iter().map(|cell| cell.tick).filter(older);
        before.max_by_key(|tick| age(first, *tick))
    }

    fn sampled(&self, tag: u16) -> bool {
        u32::from(tag) < (1 << 16) >> self.level
    }

    fn add(&mut self, cell: Cell) {
        while usize::from(self.length) == LARGE_CELLS && self.level < LEVEL_MAX {
            self.level += 1;
            let below = (1u32 << 16) >> self.level;
            self.length = keep(&mut self.cells, self.length, |cell| u32::from(cell.tag) < below);
        }
        if self.sampled(cell.tag) && usize::from(self.length) < LARGE_CELLS {
            self.cells[usize::from(self.length)] = cell;
            self.length += 1;
        }
    }
}

const _: () = assert!(size_of::<Fanout>() == 16);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn budget() -> BoxBudget {
        BoxBudget::with_bytes(1 << 20)
    }

    #[test]
    fn exact_up_to_48_and_close_beyond() {
        let boxes = budget();
        let mut fanout = Fanout::default();
        for number in 0..48u16 {
            fanout.add(number.wrapping_mul(40_503), 1_000, 1_000, &boxes);
            assert_eq!(fanout.counts(1_000, [300]), [u32::from(number) + 1]);
        }
        for number in 48..6_000u16 {
            fanout.add(number.wrapping_mul(40_503), 1_000, 1_000, &boxes);
        }
        let [seen] = fanout.counts(1_000, [300]);
        assert!((3_600..9_000).contains(&seen), "{seen}");
    }

    #[test]
    fn windows_slide_and_a_day_forgets() {
        let boxes = budget();
        let mut fanout = Fanout::default();
        let start = 1_795_000_000;
        for step in 0..10 {
            let now = start + step * 600;
            fanout.add(u16::try_from(step).unwrap(), now, now.saturating_sub(600), &boxes);
        }
        let now = start + 9 * 600;
        assert_eq!(fanout.counts(now, [300, 3_600, 86_400]), [1, 7, 10]);
        fanout.add(99, now + 80_000, now, &boxes);
        assert_eq!(fanout.counts(now + 80_000, [86_400]), [11]);
        fanout.add(99, now + 80_000 + 86_400, now + 80_000, &boxes);
        assert_eq!(fanout.counts(now + 80_000 + 86_400, [86_400]), [1]);
    }

    #[test]
    fn without_boxes_the_count_is_a_lower_bound() {
        let none = BoxBudget::with_bytes(0);
        let mut fanout = Fanout::default();
        for number in 0..20 {
            fanout.add(number, 5_000, 5_000, &none);
        }
        assert_eq!(fanout.counts(5_000, [60]), [3]);
        assert!(!fanout.boxed());
    }

    proptest! {
        #[test]
        fn counts_what_a_map_counts(
            steps in prop::collection::vec((0u16..40, 0u32..20_000), 1..200),
            start in 0u32..3_000_000_000,
        ) {
            let boxes = budget();
            let mut fanout = Fanout::default();
            let mut model: HashMap<u16, u32> = HashMap::new();
            let (mut now, mut last) = (start, start);
            for (tag, wait) in steps {
                now += wait;
                fanout.add(tag, now, last, &boxes);
                if now - last >= WINDOW_SECONDS_MAX { model.clear(); }
                model.insert(tag, now);
                last = now;
                for window in [300, 3_600, 86_400] {
                    let low = model.values().filter(|seen| now - **seen + 8 <= window).count();
                    let high = model.values().filter(|seen| now - **seen <= window + 8).count();
                    let [got] = fanout.counts(now, [window]);
                    prop_assert_eq!(fanout.any(now, window), got > 0);
                    let got = usize::try_from(got).unwrap();
                    prop_assert!((low..=high).contains(&got), "{got} not in {low}..={high}");
                }
                let mut bytes = Vec::new();
                fanout.encode(&mut bytes);
                let mut from = bytes.as_slice();
                prop_assert_eq!(Fanout::decode(&mut from), Some(fanout.clone()));
                prop_assert!(from.is_empty());
            }
        }

        #[test]
        fn any_bytes_decode_or_do_not(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Fanout::decode(&mut bytes.as_slice());
        }
    }
}
