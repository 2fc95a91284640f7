//! The rows of the directory in memory, and its ranges.

use std::io::{self, Read, Write};

use crate::dense::{FREE_BITS, LoadFault, Row, key, rest};
use crate::fax::number::Number;
use crate::fax::stage::{Member, Plan};
use crate::store::codec::{take, take_u16, take_u32, take_u64};

/// There is a row here: else an all-zero key would be a vacant slot.
const PRESENT: u64 = 1;
/// The whole import under way has mentioned it.
const MENTIONED: u64 = 2;
/// Where the plan of a member is kept: three bits.
const PLAN_SHIFT: u32 = 2;

/// A number and its holder: 16 bytes.
#[derive(Clone, Copy)]
pub(super) struct NumberRow {
    word: u64,
    pub(super) member: u64,
}

impl NumberRow {
    /// A row, mentioned.
    pub(super) const fn new(number: u64, member: u64) -> Self {
        Self { word: rest(number, FREE_BITS) | PRESENT | MENTIONED, member }
    }

    pub(super) const fn number(&self, shard: usize) -> u64 {
        key(shard, self.word >> FREE_BITS << FREE_BITS)
    }

    pub(super) const fn is_mentioned(&self) -> bool {
        self.word & MENTIONED != 0
    }

    pub(super) const fn set_mentioned(&mut self, mentioned: bool) {
        self.word = self.word & !MENTIONED | if mentioned { MENTIONED } else { 0 };
    }
}

impl Row for NumberRow {
    const BYTES: usize = 16;
    const VACANT: Self = Self { word: 0, member: 0 };

    fn rest(&self) -> u64 {
        self.word >> FREE_BITS << FREE_BITS
    }

    fn is_vacant(&self) -> bool {
        self.word == 0
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.word.to_le_bytes());
        to.extend_from_slice(&self.member.to_le_bytes());
    }

    fn decode(mut from: &[u8]) -> Option<Self> {
        let row = Self { word: take_u64(&mut from)?, member: take_u64(&mut from)? };
        (row.word & PRESENT != 0).then_some(row)
    }
}

/// A member: 32 bytes, the plan among the free bits of the key.
#[derive(Clone, Copy)]
pub(super) struct MemberRow {
    word: u64,
    organisation: u64,
    share_weight_milli: u32,
    brand: u32,
    jurisdiction: [u8; 4],
    created_day: u16,
    zone: u16,
}

impl MemberRow {
    /// A row, mentioned.
    pub(super) const fn new(key: u64, facts: &Member) -> Self {
        let plan = (facts.plan as u64) << PLAN_SHIFT;
        Self {
            word: rest(key, FREE_BITS) | plan | PRESENT | MENTIONED,
            organisation: facts.organisation,
            share_weight_milli: facts.share_weight_milli,
            brand: facts.brand,
            jurisdiction: facts.jurisdiction,
            created_day: facts.created_day,
            zone: facts.zone,
        }
    }

    pub(super) fn facts(&self) -> Member {
        Member {
            plan: Plan::from_code(self.plan()).unwrap_or_default(),
            created_day: self.created_day,
            zone: self.zone,
            jurisdiction: self.jurisdiction,
            organisation: self.organisation,
            share_weight_milli: self.share_weight_milli,
            brand: self.brand,
        }
    }

    const fn plan(&self) -> u8 {
        (self.word >> PLAN_SHIFT & 7) as u8
    }

    pub(super) const fn member(&self, shard: usize) -> u64 {
        key(shard, self.word >> FREE_BITS << FREE_BITS)
    }

    pub(super) const fn is_mentioned(&self) -> bool {
        self.word & MENTIONED != 0
    }

    pub(super) const fn set_mentioned(&mut self, mentioned: bool) {
        self.word = self.word & !MENTIONED | if mentioned { MENTIONED } else { 0 };
    }
}

impl Row for MemberRow {
    const BYTES: usize = 32;
    const VACANT: Self = Self {
        word: 0,
        organisation: 0,
        share_weight_milli: 0,
        brand: 0,
        jurisdiction: [0; 4],
        created_day: 0,
        zone: 0,
    };

    fn rest(&self) -> u64 {
        self.word >> FREE_BITS << FREE_BITS
    }

    fn is_vacant(&self) -> bool {
        self.word == 0
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.word.to_le_bytes());
        to.extend_from_slice(&self.organisation.to_le_bytes());
        to.extend_from_slice(&self.share_weight_milli.to_le_bytes());
        to.extend_from_slice(&self.brand.to_le_bytes());
        to.extend_from_slice(&self.jurisdiction);
        to.extend_from_slice(&self.created_day.to_le_bytes());
        to.extend_from_slice(&self.zone.to_le_bytes());
    }

    fn decode(mut from: &[u8]) -> Option<Self> {
        let row = Self {
            word: take_u64(&mut from)?,
            organisation: take_u64(&mut from)?,
            share_weight_milli: take_u32(&mut from)?,
            brand: take_u32(&mut from)?,
            jurisdiction: take(&mut from)?,
            created_day: take_u16(&mut from)?,
            zone: take_u16(&mut from)?,
        };
        (row.word & PRESENT != 0 && Plan::from_code(row.plan()).is_some()).then_some(row)
    }
}

/// Own numbers from the first to the last, both included, of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Interval {
    pub(super) fn new(first: Number, last: Number) -> Option<Self> {
        let (first, last) = (first.value(), last.value());
        (first <= last && first.ilog10() == last.ilog10()).then_some(Self { first, last })
    }
}

/// Adds an interval to sorted, disjoint ones, joining what touches; false, and nothing is changed, where
/// there would be more than `most`. Ranges of different lengths may touch, which changes no answer.
pub(super) fn join(ranges: &mut Vec<Interval>, new: Interval, most: usize) -> bool {
    let from = ranges.partition_point(|range| range.last + 1 < new.first);
    let to = ranges.partition_point(|range| range.first <= new.last + 1);
    if from == to && ranges.len() >= most {
        return false;
    }
    let touched = &ranges[from..to];
    let first = touched.first().map_or(new.first, |range| range.first.min(new.first));
    let last = touched.last().map_or(new.last, |range| range.last.max(new.last));
    ranges.splice(from..to, [Interval { first, last }]);
    true
}

/// True when the interval is inside one of them.
pub(super) fn covers(ranges: &[Interval], wanted: Interval) -> bool {
    let after = ranges.partition_point(|range| range.first <= wanted.first);
    after > 0 && wanted.last <= ranges[after - 1].last
}

/// Takes an interval out of sorted, disjoint ones; says whether anything changed.
pub(super) fn cut(ranges: &mut Vec<Interval>, gone: Interval) -> bool {
    let from = ranges.partition_point(|range| range.last < gone.first);
    let to = ranges.partition_point(|range| range.first <= gone.last);
    let touched = &ranges[from..to];
    let (Some(first), Some(last)) = (touched.first().copied(), touched.last().copied()) else {
        return false;
    };
    let below =
        (first.first < gone.first).then(|| Interval { first: first.first, last: gone.first - 1 });
    let above = (last.last > gone.last).then(|| Interval { first: gone.last + 1, last: last.last });
    ranges.splice(from..to, below.into_iter().chain(above));
    true
}

pub(super) fn write_ranges(ranges: &[Interval], to: &mut dyn Write) -> io::Result<()> {
    let count = u32::try_from(ranges.len()).map_err(io::Error::other)?;
    to.write_all(&count.to_le_bytes())?;
    for range in ranges {
        to.write_all(&range.first.to_le_bytes())?;
        to.write_all(&range.last.to_le_bytes())?;
    }
    Ok(())
}

pub(super) fn read_ranges(from: &mut dyn Read, most: usize) -> Result<Vec<Interval>, LoadFault> {
    let mut count = [0; 4];
    from.read_exact(&mut count)?;
    let mut ranges: Vec<Interval> = Vec::new();
    for _ in 0..u32::from_le_bytes(count) {
        let (mut first, mut last) = ([0; 8], [0; 8]);
        from.read_exact(&mut first)?;
        from.read_exact(&mut last)?;
        let range = Interval { first: u64::from_le_bytes(first), last: u64::from_le_bytes(last) };
        let after = ranges.last().map_or(0, |range| range.last);
        let readable = [range.first, range.last].map(Number::from_value);
        if readable.contains(&None) || range.first > range.last || range.first <= after {
            return Err(LoadFault::Damaged { part: "ranges" });
        }
        if ranges.len() >= most {
            return Err(LoadFault::Damaged { part: "number of ranges" });
        }
        ranges.push(range);
    }
    Ok(ranges)
}
