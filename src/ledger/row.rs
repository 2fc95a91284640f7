//! One stage as the ledger keeps it: what was observed, the features, the verdict. Enough to explain it, to rebuild
//! every counter after a crash, and to try another policy on it; no number, no ident, no content.

mod verdict;

use std::cell::RefCell;
use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::names::Names;
use super::varint::{Packer, take, take_as, take_signed};
use crate::activity::{Observation, PACKED_BYTES};
use crate::fax::id::{DecisionId, Pseudonym};
use crate::fax::stage::{Member, Plan, StageKind};
use crate::features::{FEATURE_COUNT, FEATURES_VERSION, KeptFeatures};
use crate::limiter::Costs;
use crate::relations::{Relation, Relations};
use crate::store::codec::{take_option, take_u8, take_u64};
use crate::time::{DAY_SECONDS, Span, Timestamp};
use crate::verdict::Verdict;
use verdict::{put_verdict, take_verdict};

pub use verdict::{decode_verdict, encode_verdict};

/// Layout of the row. A reader takes every version up to its own; only a row that has the key of a job is of the last.
const ROW_VERSION: u8 = 4;
/// The layout of all others.
const WITHOUT_KEY: u8 = 3;
/// The first whose observation is packed.
const PACKED_SINCE: u8 = 2;
/// Most bytes of a row: subjects, observation, features at six bytes, course, and the verdict.
const ROW_BYTES_MAX: usize =
    120 + PACKED_BYTES + 6 * (FEATURE_COUNT + 1) + 298 + verdict::VERDICT_BYTES_MAX;

thread_local! {
    /// Where this thread packs its rows: always the same memory, so always near.
    static ROOM: RefCell<Box<[u8; ROW_BYTES_MAX]>> = RefCell::new(Box::new([0; ROW_BYTES_MAX]));
    /// Where its packed rows lie behind one another until they are on the disk. Memory for each alone would be got here and
    /// given back by the thread that writes, which an allocator is slowest at.
    static SHELVES: RefCell<Shelves> = RefCell::default();
}

/// Bytes of a shelf, some 150 rows. The last row of one that is still to be written keeps the whole.
const SHELF_BYTES: usize = 64 << 10;
const _: () = assert!(ROW_BYTES_MAX <= SHELF_BYTES);
/// Full shelves of a thread that are kept for when their rows have gone, 2 MiB: some 5,000 rows, which wait for the disk together at
/// 100,000 a second and a commit in 50 ms. Shelves that were freed and got anew would be cleared by the system each time.
const SHELVES_MAX: usize = 32;

/// The shelf that rows are put on, and full ones, the oldest first.
struct Shelves {
    open: BytesMut,
    full: VecDeque<BytesMut>,
}

impl Default for Shelves {
    /// One shelf: an empty piece of memory among the full ones could never be used again, and all behind it would wait for it.
    fn default() -> Self {
        Self { open: BytesMut::with_capacity(SHELF_BYTES), full: VecDeque::new() }
    }
}

impl Shelves {
    /// Puts a row on the shelf; when that is full, on the oldest full one whose rows have gone, or on a new one.
    fn put(&mut self, row: &[u8]) -> Bytes {
        if self.open.capacity() < row.len() {
            let emptied = self.full.pop_front_if(|oldest| oldest.try_reclaim(SHELF_BYTES));
            let next = emptied.unwrap_or_else(|| BytesMut::with_capacity(SHELF_BYTES));
            let full = std::mem::replace(&mut self.open, next);
            if self.full.len() < SHELVES_MAX {
                self.full.push_back(full);
            }
        }
        self.open.extend_from_slice(row);
        self.open.split().freeze()
    }
}

/// Puts a row on a shelf of this thread.
fn shelve(row: &[u8]) -> Bytes {
    SHELVES.with_borrow_mut(|shelves| shelves.put(row))
}

fn with_room<T>(pack: impl FnOnce(&mut Packer<'_>) -> T) -> T {
    ROOM.with_borrow_mut(|room| pack(&mut Packer::new(room.as_mut_slice())))
}

/// Bits of the byte that says what of the charge follows.
const CHARGED: u8 = 1;
const CHARGING: u8 = 2;
const SETTLED: u8 = 4;
const OWED: u8 = 8;
const ASKED: u8 = 16;
/// The key of the job follows.
const KEYED: u8 = 32;

/// What the pages so far look like from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageStats {
    /// Pages.
    pub count: u32,
    /// Coded bytes of all of them.
    pub bytes: u64,
    /// Bytes of the largest.
    pub largest: u32,
    /// Bytes of the latest.
    pub latest: u32,
    /// Pages in a row with the very same size, up to the latest.
    pub equal_now: u32,
    /// The longest such row.
    pub equal_most: u32,
    /// Pages below 1000 bytes.
    pub tiny: u32,
    /// Seconds of the slowest.
    pub slowest: u32,
    /// Rows of the longest.
    pub rows_most: u32,
    /// Rows of all.
    pub rows: u64,
    /// Damaged rows of all.
    pub bad_rows: u64,
    /// Repeated trainings.
    pub retrains: u32,
}

/// Correspondence that a stage noted: a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noted(pub u8);

impl Noted {
    /// The member has faxed the recipient, and its country.
    pub const FAXED: Self = Self(1);
    /// The member has accepted a fax from the caller.
    pub const ACCEPTED: Self = Self(2);
    /// The member still accepts faxes from the caller: noted as of the day before, so that it counts at once.
    pub const STILL_ACCEPTED: Self = Self(4);
    /// What an earlier answer about the same fax noted as accepted is taken back.
    pub const TAKEN_BACK: Self = Self(8);

    /// True when all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The key under which relations keep that a member has faxed a country.
pub const fn country_key(calling_code: u16) -> u64 {
    0xc0de_0000_0000_0000 | calling_code as u64
}

/// One stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageRow {
    /// Keyed hash of the request id.
    pub request: u64,
    /// Page number, attempt, or 0.
    pub mark: u32,
    /// The routing node.
    pub node: u64,
    /// Whom the called number or the recipient stands for.
    pub number: Pseudonym,
    /// The caller, where it showed a number.
    pub caller: Option<Pseudonym>,
    /// The member.
    pub member: Option<Pseudonym>,
    /// Hot key of the member, or of the called number where no member is known.
    pub member_key: u64,
    /// Plan, age, zone of the member as they were.
    pub facts: Member,
    /// Hot key of the key of the provider's interface that the job was submitted with; 0 when there is none.
    pub api_key: u64,
    /// Country calling code of the far end; 0 not known.
    pub calling_code: u16,
    /// Code of the first time zone of the recipient plus one; 0 not known.
    pub zone: u16,
    /// What the counters got.
    pub observation: Observation,
    /// The features.
    pub features: KeptFeatures,
    /// What was charged for the fax, at this stage or an earlier one.
    pub charged: Costs,
    /// True when it was charged at this stage.
    pub charging: bool,
    /// What was settled against the charge: the actual cost, when the last dial ended.
    pub settled: Option<Costs>,
    /// What the stage asked for, or what it said that the fax did cost, whatever was charged for it. `None` where it said
    /// nothing of that; a call asks for what every call does. In rows of before version 3 it is what was charged or settled.
    pub asked: Option<Costs>,
    /// What stays charged where that is more than the actual cost, since too much had leaked of the estimate to be given
    /// back; see [`crate::limiter::Reservation`].
    pub owed: Option<Costs>,
    /// Correspondence that was noted.
    pub noted: Noted,
    /// The pages so far.
    pub pages: PageStats,
    /// The verdict.
    pub verdict: Verdict,
}

impl StageRow {
    /// Its bytes, 300 to 500.
    pub fn encode(&self) -> Bytes {
        self.encode_parted().0
    }

    /// Its bytes, and where among them those of the verdict begin, which [`decode_verdict`] reads: it comes last.
    pub fn encode_parted(&self) -> (Bytes, usize) {
        with_room(|to| {
            self.put_subjects(to);
            let (observation, length) = self.observation.pack();
            to.bytes(&observation[..length]);
            put_features(to, &self.features);
            self.put_course(to);
            let verdict_at = to.len();
            put_verdict(to, &self.verdict);
            (shelve(to.packed(0)), verdict_at)
        })
    }

    /// Who it is about: at most 120 bytes.
    fn put_subjects(&self, to: &mut Packer<'_>) {
        to.push(if self.api_key == 0 { WITHOUT_KEY } else { ROW_VERSION });
        to.fixed(self.request.to_le_bytes());
        to.fixed(self.node.to_le_bytes());
        to.put(self.mark.into());
        to.fixed(self.number.0);
        to.option(self.caller.map(|caller| caller.0));
        to.option(self.member.map(|member| member.0));
        to.fixed(self.member_key.to_le_bytes());
        put_member(to, &self.facts);
        to.put(self.calling_code.into());
        to.put(self.zone.into());
    }

    /// How it went on, charge, correspondence, pages: at most 298 bytes.
    fn put_course(&self, to: &mut Packer<'_>) {
        let charged = self.charged != Costs::default();
        let bit = |set, bit| if set { bit } else { 0 };
        let settled = bit(self.settled.is_some(), SETTLED);
        let owed = bit(self.owed.is_some(), OWED);
        // Nearly always it is what was charged or settled.
        let stage = self.verdict.stage;
        let asked = self.asked.filter(|_| self.asked != usual(stage, self.charged, self.settled));
        let keyed = bit(self.api_key != 0, KEYED);
        let flags = settled | owed | keyed | bit(asked.is_some(), ASKED);
        to.push(bit(charged, CHARGED) | bit(self.charging, CHARGING) | flags);
        if charged {
            put_costs(to, self.charged);
        }
        for costs in [self.settled, self.owed, asked].into_iter().flatten() {
            put_costs(to, costs);
        }
        if self.api_key != 0 {
            to.fixed(self.api_key.to_le_bytes());
        }
        to.push(self.noted.0);
        put_pages(to, &self.pages);
    }

    /// Puts what was noted, or taken back, at `time` where it is remembered.
    pub fn relate(&self, to: &Relations, time: Timestamp) {
        if self.noted == Noted::default() {
            return;
        }
        for (number, relation, since) in self.relations(time) {
            to.note(self.member_key, number, relation, since);
        }
        if self.noted.has(Noted::TAKEN_BACK) {
            to.withdraw(self.member_key, self.observation.caller);
        }
    }

    /// The correspondence that was noted at `time`: key of the number, what, as of when.
    fn relations(&self, time: Timestamp) -> impl Iterator<Item = (u64, Relation, Timestamp)> {
        let faxed = self.noted.has(Noted::FAXED);
        let abroad = faxed && self.calling_code != 0;
        let caller = self.observation.caller;
        let day_before = time.minus(Span::seconds(DAY_SECONDS));
        let note = |noted: bool, key, relation, since| noted.then_some((key, relation, since));
        [
            note(faxed, self.number.hot(), Relation::Faxed, time),
            note(abroad, country_key(self.calling_code), Relation::Faxed, time),
            note(self.noted.has(Noted::ACCEPTED), caller, Relation::Accepted, time),
            note(self.noted.has(Noted::STILL_ACCEPTED), caller, Relation::Accepted, day_before),
        ]
        .into_iter()
        .flatten()
    }

    /// Reads one back; `None` where the bytes are not of a version up to this one.
    pub fn decode(mut bytes: &[u8], decision: DecisionId, names: &Names) -> Option<Self> {
        let from = &mut bytes;
        let version = take_u8(from).filter(|version| *version <= ROW_VERSION)?;
        let (request, node, mark) = (take_u64(from)?, take_u64(from)?, take_as(from)?);
        let number = Pseudonym(take_fixed(from)?);
        let caller = take_option(from, |from| take_fixed(from).map(Pseudonym))?;
        let member = take_option(from, |from| take_fixed(from).map(Pseudonym))?;
        let (member_key, facts) = (take_u64(from)?, take_member(from)?);
        let (calling_code, zone) = (take_as(from)?, take_as(from)?);
        let is_packed = version >= PACKED_SINCE;
        let read = if is_packed { Observation::unpack } else { Observation::decode };
        let observation = read(from)?;
        let features = take_features(from)?;
        let charge = take_u8(from)?;
        let cost = |bit, from: &mut &[u8]| {
            if charge & bit == 0 { Some(None) } else { take_costs(from).map(Some) }
        };
        let charged = cost(CHARGED, from)?.unwrap_or_default();
        let (settled, owed, asked) = (cost(SETTLED, from)?, cost(OWED, from)?, cost(ASKED, from)?);
        let api_key = if charge & KEYED == 0 { 0 } else { take_u64(from)? };
        let (noted, pages) = (Noted(take_u8(from)?), take_pages(from)?);
        let verdict = take_verdict(from, decision, names)?;
        Some(Self {
            request,
            mark,
            node,
            number,
            caller,
            member,
            member_key,
            facts,
            api_key,
            calling_code,
            zone,
            observation,
            features,
            charged,
            charging: charge & CHARGING != 0,
            settled,
            asked: asked.or_else(|| usual(verdict.stage, charged, settled)),
            owed,
            noted,
            pages,
            verdict,
        })
    }
}

/// What a stage asked for that the row does not say: what was charged for a job, what was settled when it was over. Recipients
/// were paid for when the job came in.
fn usual(stage: StageKind, charged: Costs, settled: Option<Costs>) -> Option<Costs> {
    match stage {
        StageKind::JobSubmitted | StageKind::Dialing => {
            Some(charged).filter(|charged| *charged != Costs::default())
        }
        StageKind::DialResult | StageKind::Received => {
            settled.map(|Costs([faxes, pages, seconds, _])| Costs([faxes, pages, seconds, 0]))
        }
        StageKind::CallOffered | StageKind::Handshake | StageKind::Page => None,
    }
}

fn take_fixed(from: &mut &[u8]) -> Option<[u8; 16]> {
    crate::store::codec::take(from)
}

/// Nothing known takes one byte: half of all rows are of faxes for somebody the directory does not know yet.
fn put_member(to: &mut Packer<'_>, member: &Member) {
    let known = *member != Member::default();
    to.push(known.into());
    if !known {
        return;
    }
    to.push(member.plan as u8);
    to.put(member.created_day.into());
    to.put(member.zone.into());
    to.fixed(member.jurisdiction);
    to.put(member.organisation);
    to.put(member.share_weight_milli.into());
    to.put(member.brand.into());
}

fn take_member(from: &mut &[u8]) -> Option<Member> {
    if take_u8(from)? == 0 {
        return Some(Member::default());
    }
    Some(Member {
        plan: Plan::from_code(take_u8(from)?)?,
        created_day: take_as(from)?,
        zone: take_as(from)?,
        jurisdiction: crate::store::codec::take(from)?,
        organisation: take(from)?,
        share_weight_milli: take_as(from)?,
        brand: take_as(from)?,
    })
}

fn put_features(to: &mut Packer<'_>, features: &KeptFeatures) {
    to.put(FEATURES_VERSION.into());
    to.put(u64::try_from(features.count()).unwrap_or(0));
    features.each(|place, value| to.place_and_signed(place, value));
}

fn take_features(from: &mut &[u8]) -> Option<KeptFeatures> {
    let _version: u32 = take_as(from)?;
    let count: u8 = take_as(from)?;
    let mut pairs = [(0, 0); 256];
    for pair in pairs.iter_mut().take(count.into()) {
        *pair = (take_u8(from)?, i32::try_from(take_signed(from)?).ok()?);
    }
    Some(KeptFeatures::from_sparse(pairs.into_iter().take(count.into())))
}

fn put_costs(to: &mut Packer<'_>, costs: Costs) {
    costs.0.into_iter().for_each(|cost| to.put(cost));
}

fn take_costs(from: &mut &[u8]) -> Option<Costs> {
    Some(Costs([take(from)?, take(from)?, take(from)?, take(from)?]))
}

/// No page yet takes one byte.
fn put_pages(to: &mut Packer<'_>, pages: &PageStats) {
    let any = *pages != PageStats::default();
    to.push(any.into());
    if !any {
        return;
    }
    for value in [
        pages.count.into(),
        pages.bytes,
        pages.largest.into(),
        pages.latest.into(),
        pages.equal_now.into(),
        pages.equal_most.into(),
        pages.tiny.into(),
        pages.slowest.into(),
        pages.rows_most.into(),
        pages.rows,
        pages.bad_rows,
        pages.retrains.into(),
    ] {
        to.put(value);
    }
}

fn take_pages(from: &mut &[u8]) -> Option<PageStats> {
    if take_u8(from)? == 0 {
        return Some(PageStats::default());
    }
    Some(PageStats {
        count: take_as(from)?,
        bytes: take(from)?,
        largest: take_as(from)?,
        latest: take_as(from)?,
        equal_now: take_as(from)?,
        equal_most: take_as(from)?,
        tiny: take_as(from)?,
        slowest: take_as(from)?,
        rows_most: take_as(from)?,
        rows: take(from)?,
        bad_rows: take(from)?,
        retrains: take_as(from)?,
    })
}

const _: () = assert!(FEATURE_COUNT < 128, "a varint of one byte");

#[cfg(test)]
mod tests;
