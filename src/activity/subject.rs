//! One subject's counters: a caller number, a TSI, a trunk, a document shape, a hundred-block of ours, a sending member.

use super::fanout::{BoxBudget, Fanout};
use super::observation::Target;
use crate::decay::Decay;
use crate::store::codec::{take_u8, take_u16, take_u32};
use crate::store::hot::HotValue;

/// One in 16.16 fixed point.
pub const ONE: u32 = 65_536;

/// Half-life of what a day forgets half of: short calls, traps, dial results.
const DAY_HALF_LIFE: u64 = 86_400;
/// Calls further apart than this are not hammering.
const REDIAL_SECONDS: u32 = 600;
/// Neighbours called further apart than this are not one walk.
const RUN_SECONDS: u32 = 1_800;

/// Counters of one subject. 64 bytes, since there are millions; what a kind does not need stays zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    last: u32,
    first_day: u16,
    fan_day: u16,
    fan_peak: u16,
    /// Usual fan-out of a day with calls, in sixteenths.
    fan_usual: u16,
    last_tag: u16,
    peer_tag: u16,
    run: u8,
    repeats: u8,
    fan: Fanout,
    /// The other names it goes by: TSIs of a caller, callers of a TSI or shape. Made for the second one.
    peers: Option<Box<Fanout>>,
    ended: u32,
    short: u32,
    traps: u32,
    good: u32,
    bad: u32,
}

/// Counters of a block of numbers: less is asked of it. 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    last: u32,
    caller_tag: u16,
    several: u8,
    fan: Fanout,
    good: u32,
    bad: u32,
}

fn day(second: u32) -> u16 {
    u16::try_from(second / 86_400).unwrap_or(u16::MAX)
}

/// Evidence after some time.
fn faded(good: u32, bad: u32, elapsed: u64, half_life: u64) -> (u32, u32) {
    if good | bad == 0 {
        return (0, 0);
    }
    let decay = Decay::over(elapsed, half_life);
    (decay.of(good), decay.of(bad))
}

impl Subject {
    /// A subject never seen before.
    pub fn fresh(now: u32) -> Self {
        Self {
            last: now,
            first_day: day(now),
            fan_day: day(now),
            fan_peak: 0,
            fan_usual: 0,
            last_tag: 0,
            peer_tag: 0,
            run: 0,
            repeats: 0,
            fan: Fanout::default(),
            peers: None,
            ended: 0,
            short: 0,
            traps: 0,
            good: 0,
            bad: 0,
        }
    }

    /// Lets time pass: counters decay, evidence with its own half-life. A clock that stepped back changes nothing.
    pub fn touch(&mut self, now: u32, evidence_half_life: u64) {
        let elapsed = u64::from(now.saturating_sub(self.last));
        if elapsed == 0 {
            return;
        }
        if self.ended | self.short | self.traps != 0 {
            let day = Decay::over(elapsed, DAY_HALF_LIFE);
            self.ended = day.of(self.ended);
            self.short = day.of(self.short);
            self.traps = day.of(self.traps);
        }
        (self.good, self.bad) = faded(self.good, self.bad, elapsed, evidence_half_life);
        if let Some(peers) = &mut self.peers {
            peers.expire(now, self.last);
        }
        self.fan.expire(now, self.last);
        if elapsed > u64::from(RUN_SECONDS) {
            self.run = 0;
        }
        if elapsed > u64::from(REDIAL_SECONDS) {
            self.repeats = 0;
        }
        self.last = now;
    }

    /// Notes a call to a target. [`Subject::touch`] comes first.
    pub fn reach(&mut self, target: Target, budget: &BoxBudget) {
        let neighbour = self.last_tag == target.below || self.last_tag == target.above;
        if !self.fan.any(self.last, RUN_SECONDS) {
            (self.run, self.repeats) = (1, 0);
        } else if self.last_tag == target.tag {
            self.repeats = self.repeats.saturating_add(1);
        } else {
            self.repeats = 0;
            self.run = if neighbour { self.run.saturating_add(1) } else { 1 };
        }
        self.last_tag = target.tag;
        self.fan.add(target.tag, self.last, self.last, budget);
        self.count_day();
    }

    /// Keeps what is usual: the peak of each day with calls, an eighth of it at a time.
    fn count_day(&mut self) {
        let today = day(self.last);
        if today != self.fan_day {
            let peak = u32::from(self.fan_peak) * 16;
            let usual = match self.fan_usual {
                0 => peak,
                known => (u32::from(known) * 7 + peak) / 8,
            };
            self.fan_usual = u16::try_from(usual).unwrap_or(u16::MAX);
            (self.fan_day, self.fan_peak) = (today, 0);
        }
        let [now] = self.fan.counts(self.last, [86_400]);
        self.fan_peak = self.fan_peak.max(u16::try_from(now).unwrap_or(u16::MAX));
    }

    /// Notes another name the subject went by.
    pub fn meet(&mut self, peer: u64, budget: &BoxBudget) {
        let tag = tag_of(peer);
        if self.peer_tag == 0 {
            self.peer_tag = tag;
        } else if tag != self.peer_tag || self.peers.is_some() {
            let (first, now) = (self.peer_tag, self.last);
            let peers = self.peers.get_or_insert_with(|| {
                let mut peers = Box::new(Fanout::default());
                peers.add(first, now, now, budget);
                peers
            });
            peers.add(tag, now, now, budget);
            self.peer_tag = tag;
        }
    }

    /// Notes how a call or dial ended.
    pub const fn end(&mut self, short: bool) {
        self.ended = self.ended.saturating_add(ONE);
        if short {
            self.short = self.short.saturating_add(ONE);
        }
    }

    /// Notes a call to a number nobody holds, or a job to one that opted out.
    pub const fn trap(&mut self) {
        self.traps = self.traps.saturating_add(ONE);
    }

    /// Adds evidence.
    pub const fn weigh(&mut self, good: u32, bad: u32) {
        self.good = self.good.saturating_add(good);
        self.bad = self.bad.saturating_add(bad);
    }

    /// Takes back evidence that was added a moment ago.
    pub const fn take_back(&mut self, good: u32, bad: u32) {
        self.good = self.good.saturating_sub(good);
        self.bad = self.bad.saturating_sub(bad);
    }

    /// Distinct targets within the last so many seconds, a window each.
    pub fn fanouts<const N: usize>(&self, windows: [u32; N]) -> [u32; N] {
        self.fan.counts(self.last, windows)
    }

    /// Distinct names within the last day; 1 when only one is known.
    pub fn names(&self) -> u32 {
        match &self.peers {
            Some(peers) => {
                let [names] = peers.counts(self.last, [86_400]);
                names
            }
            None => u32::from(self.peer_tag != 0),
        }
    }

    /// Fan-out of a day over the usual one, in thousandths; 0 without a past.
    pub fn growth_milli(&self) -> u32 {
        match u32::from(self.fan_usual) {
            0 => 0,
            usual => {
                let [today] = self.fanouts([86_400]);
                today.saturating_mul(16_000) / usual.max(16)
            }
        }
    }

    /// Length of the walk through neighbours it is on.
    pub const fn run(&self) -> u8 {
        self.run
    }

    /// Further calls in a row to the same target.
    pub const fn repeats(&self) -> u8 {
        self.repeats
    }

    /// Days since it was first seen.
    pub fn known_days(&self) -> u32 {
        u32::from(day(self.last).saturating_sub(self.first_day))
    }

    /// Ended and short calls or dials, decayed, in 16.16.
    pub const fn endings(&self) -> (u32, u32) {
        (self.ended, self.short)
    }

    /// Traps or opt-outs hit, decayed, in 16.16.
    pub const fn traps(&self) -> u32 {
        self.traps
    }

    /// Evidence for and against, in 16.16.
    pub const fn evidence(&self) -> (u32, u32) {
        (self.good, self.bad)
    }

    /// Boxes it holds.
    pub fn boxes(&self) -> usize {
        usize::from(self.fan.boxed())
            + self.peers.as_ref().map_or(0, |peers| usize::from(peers.boxed()))
    }
}

/// A nonzero 16-bit tag of a key.
pub fn tag_of(key: u64) -> u16 {
    u16::try_from(key & 0xffff).unwrap_or(0).max(1)
}

impl Block {
    /// A block never seen before.
    pub fn fresh(now: u32) -> Self {
        Self { last: now, caller_tag: 0, several: 0, fan: Fanout::default(), good: 0, bad: 0 }
    }

    /// Lets time pass.
    pub fn touch(&mut self, now: u32, evidence_half_life: u64) {
        let elapsed = u64::from(now.saturating_sub(self.last));
        if elapsed == 0 {
            return;
        }
        (self.good, self.bad) = faded(self.good, self.bad, elapsed, evidence_half_life);
        self.fan.expire(now, self.last);
        if elapsed > 7 * DAY_HALF_LIFE {
            (self.several, self.caller_tag) = (0, 0);
        }
        self.last = now;
    }

    /// Notes a call by one of its numbers.
    pub fn reach(&mut self, caller: u64, target: u16, budget: &BoxBudget) {
        let tag = tag_of(caller);
        if self.caller_tag != 0 && self.caller_tag != tag {
            self.several = 1;
        }
        self.caller_tag = tag;
        self.fan.add(target, self.last, self.last, budget);
    }

    /// True when more than one of its numbers has called.
    pub const fn several(&self) -> bool {
        self.several != 0
    }

    /// Adds evidence.
    pub const fn weigh(&mut self, good: u32, bad: u32) {
        self.good = self.good.saturating_add(good);
        self.bad = self.bad.saturating_add(bad);
    }

    /// Takes back evidence that was added a moment ago.
    pub const fn take_back(&mut self, good: u32, bad: u32) {
        self.good = self.good.saturating_sub(good);
        self.bad = self.bad.saturating_sub(bad);
    }

    /// Distinct targets within the last day.
    pub fn fanout(&self) -> u32 {
        let [today] = self.fan.counts(self.last, [86_400]);
        today
    }

    /// Evidence for and against, in 16.16.
    pub const fn evidence(&self) -> (u32, u32) {
        (self.good, self.bad)
    }

    /// Boxes it holds.
    pub fn boxes(&self) -> usize {
        usize::from(self.fan.boxed())
    }
}

impl HotValue for Subject {
    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.last.to_le_bytes());
        for word in [
            self.first_day,
            self.fan_day,
            self.fan_peak,
            self.fan_usual,
            self.last_tag,
            self.peer_tag,
        ] {
            to.extend_from_slice(&word.to_le_bytes());
        }
        to.extend_from_slice(&[self.run, self.repeats]);
        for word in [self.ended, self.short, self.traps, self.good, self.bad] {
            to.extend_from_slice(&word.to_le_bytes());
        }
        self.fan.encode(to);
        to.push(u8::from(self.peers.is_some()));
        if let Some(peers) = &self.peers {
            peers.encode(to);
        }
    }

    fn decode(from: &mut &[u8]) -> Option<Self> {
        Some(Self {
            last: take_u32(from)?,
            first_day: take_u16(from)?,
            fan_day: take_u16(from)?,
            fan_peak: take_u16(from)?,
            fan_usual: take_u16(from)?,
            last_tag: take_u16(from)?,
            peer_tag: take_u16(from)?,
            run: take_u8(from)?,
            repeats: take_u8(from)?,
            ended: take_u32(from)?,
            short: take_u32(from)?,
            traps: take_u32(from)?,
            good: take_u32(from)?,
            bad: take_u32(from)?,
            fan: Fanout::decode(from)?,
            peers: match take_u8(from)? {
                0 => None,
                _ => Some(Box::new(Fanout::decode(from)?)),
            },
        })
    }

    fn last_touched(&self) -> u32 {
        self.last
    }
}

impl HotValue for Block {
    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.last.to_le_bytes());
        to.extend_from_slice(&self.caller_tag.to_le_bytes());
        to.push(self.several);
        to.extend_from_slice(&self.good.to_le_bytes());
        to.extend_from_slice(&self.bad.to_le_bytes());
        self.fan.encode(to);
    }

    fn decode(from: &mut &[u8]) -> Option<Self> {
        Some(Self {
            last: take_u32(from)?,
            caller_tag: take_u16(from)?,
            several: take_u8(from)?,
            good: take_u32(from)?,
            bad: take_u32(from)?,
            fan: Fanout::decode(from)?,
        })
    }

    fn last_touched(&self) -> u32 {
        self.last
    }
}

const _: () = assert!(size_of::<Subject>() <= 64);
const _: () = assert!(size_of::<Block>() <= 40);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u32 = 1_795_000_000;

    fn target(tag: u16) -> Target {
        Target { tag, below: tag - 1, above: tag + 1 }
    }

    #[test]
    fn a_walk_is_counted_and_a_jump_ends_it() {
        let boxes = BoxBudget::with_bytes(1 << 16);
        let mut caller = Subject::fresh(NOW);
        for step in 0..5 {
            caller.touch(NOW + u32::from(step) * 30, 86_400);
            caller.reach(target(100 + step), &boxes);
        }
        assert_eq!((caller.run(), caller.fanouts([300])), (5, [5]));
        caller.reach(target(500), &boxes);
        assert_eq!(caller.run(), 1);
        caller.reach(target(500), &boxes);
        caller.reach(target(500), &boxes);
        assert_eq!((caller.run(), caller.repeats()), (1, 2));
    }

    #[test]
    fn growth_is_against_its_own_past() {
        let boxes = BoxBudget::with_bytes(1 << 16);
        let mut caller = Subject::fresh(NOW);
        for today in 0..10 {
            caller.touch(NOW + today * 86_400, 86_400);
            caller.reach(target(7), &boxes);
            caller.reach(target(900), &boxes);
        }
        let now = NOW + 10 * 86_400;
        for step in 0..20 {
            caller.touch(now + u32::from(step), 86_400);
            caller.reach(target(1_000 + step * 3), &boxes);
        }
        assert_eq!(caller.growth_milli(), 10_000);
        assert_eq!(caller.known_days(), 10);
    }

    #[test]
    fn names_count_from_the_second_one() {
        let boxes = BoxBudget::with_bytes(1 << 16);
        let mut tsi = Subject::fresh(NOW);
        assert_eq!(tsi.names(), 0);
        for caller in [5, 5, 5] {
            tsi.meet(caller, &boxes);
        }
        assert!(tsi.peers.is_none());
        assert_eq!(tsi.names(), 1);
        for caller in 6..16 {
            tsi.meet(caller, &boxes);
        }
        assert_eq!(tsi.names(), 11);
        let mut bytes = Vec::new();
        tsi.encode(&mut bytes);
        assert_eq!(Subject::decode(&mut bytes.as_slice()), Some(tsi));
    }

    #[test]
    fn evidence_decays_and_a_clock_step_back_gives_nothing() {
        let mut caller = Subject::fresh(NOW);
        caller.weigh(0, 4 * ONE);
        caller.touch(NOW + 1_000, 1_000);
        assert_eq!(caller.evidence().1, 2 * ONE);
        caller.touch(NOW, 1_000);
        assert_eq!(caller.evidence().1, 2 * ONE);
    }
}
