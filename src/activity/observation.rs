//! What one stage or report adds to the hot counters. It is part of the ledger row, so that replay adds the very same.

use crate::store::codec::{take_u16, take_u32, take_u64};

/// A called number as the counters see it: its tag and those of its neighbours, since a pseudonym has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Tag of the number.
    pub tag: u16,
    /// Tag of the next number down.
    pub below: u16,
    /// Tag of the next number up.
    pub above: u16,
}

/// What happened, as a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Happened(pub u16);

impl Happened {
    /// An inbound call was seen for the first time.
    pub const ARRIVED: Self = Self(1);
    /// Its TSI became known.
    pub const IDENTIFIED: Self = Self(1 << 1);
    /// The call ended.
    pub const ENDED: Self = Self(1 << 2);
    /// It ended at once or without a page.
    pub const SHORT: Self = Self(1 << 3);
    /// The called number is ours and held by nobody.
    pub const TRAPPED: Self = Self(1 << 4);
    /// Member and caller do not correspond.
    pub const STRANGER: Self = Self(1 << 5);
    /// A member submitted a job.
    pub const SUBMITTED: Self = Self(1 << 6);
    /// A dial ended.
    pub const DIALED: Self = Self(1 << 7);
    /// It reached no fax machine: unallocated, voice, refused.
    pub const DEAD: Self = Self(1 << 8);
    /// The recipient had opted out.
    pub const OPTED_OUT: Self = Self(1 << 9);
    /// Several numbers of the caller's block of a hundred call, so its block of ten is worth an entry.
    /// Decided when it happened: replay must not decide anew.
    pub const BLOCK_ACTIVE: Self = Self(1 << 10);
    /// The size and shape of the document became known.
    pub const SHAPED: Self = Self(1 << 11);

    /// Both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set, with `other` only if `when`.
    #[must_use]
    pub const fn with_if(self, other: Self, when: bool) -> Self {
        if when { self.with(other) } else { self }
    }

    /// True when all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

const KEYS: usize = 9;
/// Bytes of an observation where all of it is kept.
const OBSERVATION_BYTES: usize = 4 + 4 * 2 + KEYS * 8 + 2 * 4;
/// When, what happened, and which of the rest follow: what a packed observation begins with.
const PACKED_HEAD_BYTES: usize = 4 + 2 + 2;
/// Most bytes of a packed observation.
pub const PACKED_BYTES: usize = OBSERVATION_BYTES + 2;

/// What is added, and to whom. Subjects are hot keys; zero is nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// When, in seconds since 1970.
    pub second: u32,
    /// What happened.
    pub happened: Happened,
    /// The called number, or the recipient.
    pub target: Target,
    /// The caller.
    pub caller: u64,
    /// The caller's block of ten.
    pub block10: u64,
    /// The caller's block of a hundred.
    pub block100: u64,
    /// The TSI.
    pub tsi: u64,
    /// The trunk.
    pub trunk: u64,
    /// The document's size and shape on that trunk.
    pub shape: u64,
    /// The called number's block of a hundred.
    pub target_block: u64,
    /// The sending member.
    pub member: u64,
    /// The member's document.
    pub document: u64,
    /// Approval to add, in 1/65536.
    pub good: u32,
    /// Complaint to add, in 1/65536.
    pub bad: u32,
}

impl Observation {
    /// Its bytes.
    pub fn encode(&self) -> [u8; OBSERVATION_BYTES] {
        let mut bytes = [0; OBSERVATION_BYTES];
        let (words, keys) = bytes.split_at_mut(12);
        let (second, words) = words.split_at_mut(4);
        second.copy_from_slice(&self.second.to_le_bytes());
        let shorts = [self.happened.0, self.target.tag, self.target.below, self.target.above];
        for (place, word) in words.chunks_exact_mut(2).zip(shorts) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        let (keys, evidence) = keys.split_at_mut(KEYS * 8);
        for (place, key) in keys.chunks_exact_mut(8).zip(self.keys()) {
            place.copy_from_slice(&key.to_le_bytes());
        }
        for (place, weight) in evidence.chunks_exact_mut(4).zip([self.good, self.bad]) {
            place.copy_from_slice(&weight.to_le_bytes());
        }
        bytes
    }

    /// Takes itself from the front of bytes; `None` where they are too short.
    pub fn decode(from: &mut &[u8]) -> Option<Self> {
        let second = take_u32(from)?;
        let happened = Happened(take_u16(from)?);
        let target =
            Target { tag: take_u16(from)?, below: take_u16(from)?, above: take_u16(from)? };
        Some(Self {
            second,
            happened,
            target,
            caller: take_u64(from)?,
            block10: take_u64(from)?,
            block100: take_u64(from)?,
            tsi: take_u64(from)?,
            trunk: take_u64(from)?,
            shape: take_u64(from)?,
            target_block: take_u64(from)?,
            member: take_u64(from)?,
            document: take_u64(from)?,
            good: take_u32(from)?,
            bad: take_u32(from)?,
        })
    }

    /// Its bytes without what is nobody or nothing, and how many of them: a row has few of all subjects. Two bytes say what follows.
    pub fn pack(&self) -> ([u8; PACKED_BYTES], usize) {
        let mut packed = [0; PACKED_BYTES];
        let (mut present, mut length) = (0_u16, PACKED_HEAD_BYTES);
        let mut put = |at: usize, value: &[u8]| {
            if value.iter().any(|byte| *byte != 0)
                && let Some(place) = packed.get_mut(length..length + value.len())
            {
                place.copy_from_slice(value);
                present |= 1 << at;
                length += value.len();
            }
        };
        for (at, key) in self.keys().into_iter().enumerate() {
            put(at, &key.to_le_bytes());
        }
        put(KEYS, &self.good.to_le_bytes());
        put(KEYS + 1, &self.bad.to_le_bytes());
        let Target { tag, below, above } = self.target;
        for (at, tag) in [tag, below, above].into_iter().enumerate() {
            put(KEYS + 2 + at, &tag.to_le_bytes());
        }
        let [a, b, c, d] = self.second.to_le_bytes();
        let ([e, f], [g, h]) = (self.happened.0.to_le_bytes(), present.to_le_bytes());
        packed[..PACKED_HEAD_BYTES].copy_from_slice(&[a, b, c, d, e, f, g, h]);
        (packed, length)
    }

    /// Takes itself as [`Self::pack`] puts it; `None` where the bytes are too short.
    pub fn unpack(from: &mut &[u8]) -> Option<Self> {
        let second = take_u32(from)?;
        let (happened, present) = (Happened(take_u16(from)?), take_u16(from)?);
        let is_there = |at: usize| present >> at & 1 == 1;
        let mut keys = [0; KEYS];
        for (at, key) in keys.iter_mut().enumerate() {
            *key = if is_there(at) { take_u64(from)? } else { 0 };
        }
        let mut weight = |at| if is_there(at) { take_u32(from) } else { Some(0) };
        let (good, bad) = (weight(KEYS)?, weight(KEYS + 1)?);
        let mut tag = |at| if is_there(KEYS + 2 + at) { take_u16(from) } else { Some(0) };
        let target = Target { tag: tag(0)?, below: tag(1)?, above: tag(2)? };
        let [caller, block10, block100, tsi, trunk, shape, target_block, member, document] = keys;
        Some(Self {
            second,
            happened,
            target,
            caller,
            block10,
            block100,
            tsi,
            trunk,
            shape,
            target_block,
            member,
            document,
            good,
            bad,
        })
    }

    const fn keys(&self) -> [u64; KEYS] {
        [
            self.caller,
            self.block10,
            self.block100,
            self.tsi,
            self.trunk,
            self.shape,
            self.target_block,
            self.member,
            self.document,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back() {
        let observation = Observation {
            second: 1_795_000_000,
            happened: Happened::ARRIVED.with(Happened::TRAPPED),
            target: Target { tag: 1, below: 2, above: 3 },
            caller: 4,
            block10: 5,
            block100: 6,
            tsi: 7,
            trunk: 8,
            shape: 9,
            target_block: 10,
            member: 11,
            document: 12,
            good: 13,
            bad: 14,
        };
        let bytes = observation.encode();
        assert_eq!(Observation::decode(&mut bytes.as_slice()), Some(observation));
        for length in 0..bytes.len() {
            assert_eq!(Observation::decode(&mut &bytes[..length]), None);
        }
        let target = Target { below: 0, ..observation.target };
        let some = Observation { tsi: 0, document: 0, good: 0, target, ..observation };
        for (observation, expected) in [(observation, PACKED_BYTES), (some, PACKED_BYTES - 22)] {
            let (packed, length) = observation.pack();
            assert_eq!(length, expected);
            assert_eq!(Observation::unpack(&mut &packed[..length]), Some(observation));
            for length in 0..length {
                assert_eq!(Observation::unpack(&mut &packed[..length]), None);
            }
        }
        assert_eq!(Observation::default().pack().1, PACKED_HEAD_BYTES);
    }
}
