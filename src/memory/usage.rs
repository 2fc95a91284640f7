//! The usage log: what each decision asked for and spent, followed from the ledger after the fact. The path writes nothing for it,
//! and what a crash takes of it is made again from the ledger.
//!
//! Uses are packed into blocks, a row each; a row of marks beside it says what is in the block, so that a start reads no block.
//! An entry is taken up when everything that had a seq before it has reached the ledger: at the second beat after it.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use parking_lot::Mutex;
use thiserror::Error;

use super::Memory;
use crate::bounds::{
    USAGE_BLOCK_BYTES, USAGE_BLOCK_SECONDS, USAGE_BYTES_MAX, USAGE_CATCH_UP_ENTRIES,
    USAGE_FOLLOW_ENTRIES,
};
use crate::ledger::{Names, StageRow, UsageBlock, Use};
use crate::store::codec::{take_i64, take_u32};
use crate::store::table::RetentionClass;
use crate::store::{CommitFault, Entry, EntryKind, Refused, StoreError, TableId, TableWrite};
use crate::time::{Span, Timestamp};

/// Marks read at a time.
const MARKS_AT_ONCE: usize = 10_000;
/// Most blocks let go of when one is written.
const GONE_AT_ONCE: usize = 100;
/// As many full blocks may wait for a store that does not write them; what comes after stays in the ledger until it does.
const BLOCKS_WAITING_MAX: usize = 4;

/// Why the usage log is not as far as it might be. What is missing is still in the ledger, and is tried again.
#[derive(Debug, Error)]
pub enum UsageFault {
    /// The ledger or the log could not be read.
    #[error("usage log could not be read")]
    Read(#[from] StoreError),
    /// A block was not taken.
    #[error("usage log could not be written")]
    Refused(#[from] Refused),
    /// A block did not become durable.
    #[error("usage log could not be written")]
    Commit(#[from] CommitFault),
}

/// Where a block begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    /// Seq of the last entry of the ledger that it holds.
    until: u64,
    first: Timestamp,
    last: Timestamp,
    bytes: u32,
    count: u32,
}

/// How far the log is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageExtent {
    /// Uses in it.
    pub count: u64,
    /// Bytes of it.
    pub bytes: u64,
    /// The time of the first.
    pub from: Timestamp,
    /// The time of the last.
    pub to: Timestamp,
}

/// The log.
#[derive(Default)]
pub struct UsageLog(Mutex<Following>);

#[derive(Default)]
struct Following {
    /// Whether the marks were read.
    begun: bool,
    /// Seq up to which the ledger was followed.
    until: u64,
    /// What may be followed at the next beat.
    safe: u64,
    marks: VecDeque<Mark>,
    open: UsageBlock,
    /// When the open block got its first use.
    opened: Timestamp,
}

impl Mark {
    fn encode(&self) -> Vec<u8> {
        let mut to = self.first.as_micros().to_le_bytes().to_vec();
        to.extend_from_slice(&self.last.as_micros().to_le_bytes());
        to.extend_from_slice(&self.bytes.to_le_bytes());
        to.extend_from_slice(&self.count.to_le_bytes());
        to
    }

    fn decode(key: &[u8], mut value: &[u8]) -> Option<Self> {
        let until = u64::from_be_bytes(key.try_into().ok()?);
        let from = &mut value;
        let first = Timestamp::from_micros(take_i64(from)?);
        let last = Timestamp::from_micros(take_i64(from)?);
        Some(Self { until, first, last, bytes: take_u32(from)?, count: take_u32(from)? })
    }
}

impl Memory {
    /// Takes up what the ledger has got since the beat before, and shows it. Reads and writes the store: off the path.
    ///
    /// # Errors
    /// [`UsageFault`].
    pub fn follow_usage(
        &self,
        now: Timestamp,
        each: &mut dyn FnMut(&Use),
    ) -> Result<(), UsageFault> {
        let last = self.store().last_seq();
        let safe = std::mem::replace(&mut self.usage.0.lock().safe, last);
        self.follow_usage_to(safe, now, each)
    }

    /// Takes up what the ledger holds up to that seq. Whoever has just written something and waits for nobody else may ask for
    /// the last one.
    ///
    /// # Errors
    /// [`UsageFault`].
    pub fn follow_usage_to(
        &self,
        seq: u64,
        now: Timestamp,
        each: &mut dyn FnMut(&Use),
    ) -> Result<(), UsageFault> {
        let mut following = self.usage.0.lock();
        self.begin_usage(&mut following)?;
        if seq > following.until {
            self.store().flush()?.wait()?;
        }
        let oldest = self.usage_begins(now);
        let names = self.names();
        while seq > following.until {
            if following.open.bytes() >= BLOCKS_WAITING_MAX * USAGE_BLOCK_BYTES {
                self.seal_usage(&mut following, now)?;
            }
            let (mut left, mut reached) = (USAGE_FOLLOW_ENTRIES, seq);
            let after = following.until;
            let open = &mut following.open;
            self.store().scan(after, &mut |entry| {
                if entry.seq > seq {
                    return ControlFlow::Break(());
                }
                if let Some(one) = use_of(&entry, &names).filter(|one| one.time >= oldest) {
                    open.push(&one);
                    each(&one);
                }
                left -= 1;
                let full = left == 0 || open.bytes() >= BLOCKS_WAITING_MAX * USAGE_BLOCK_BYTES;
                if full {
                    reached = entry.seq;
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })?;
            if following.open.count() > 0 && following.opened == Timestamp::default() {
                following.opened = now;
            }
            following.until = reached;
        }
        let old = now.since(following.opened) >= Span::seconds(USAGE_BLOCK_SECONDS);
        let full = following.open.bytes() >= USAGE_BLOCK_BYTES;
        if following.open.count() > 0 && (full || old) {
            self.seal_usage(&mut following, now)?;
        }
        Ok(())
    }

    /// Puts one use into the log that no ledger holds: for who measures it.
    ///
    /// # Errors
    /// [`UsageFault`].
    pub fn note_usage(&self, one: &Use, now: Timestamp) -> Result<(), UsageFault> {
        let mut following = self.usage.0.lock();
        self.begin_usage(&mut following)?;
        following.open.push(one);
        if following.open.bytes() >= USAGE_BLOCK_BYTES {
            following.until = self.store().next_seq();
            self.seal_usage(&mut following, now)?;
        }
        Ok(())
    }

    fn usage_begins(&self, now: Timestamp) -> Timestamp {
        let Some(term) = self.expiry(RetentionClass::Usage, now) else {
            return Timestamp::default();
        };
        now.minus(term.since(now))
    }

    /// Reads the marks, once.
    fn begin_usage(&self, following: &mut Following) -> Result<(), StoreError> {
        if following.begun {
            return Ok(());
        }
        let (mut marks, mut after) = (VecDeque::new(), None::<Vec<u8>>);
        loop {
            let rows =
                self.store().table_scan(TableId::UsageMarks, after.as_deref(), MARKS_AT_ONCE)?;
            marks.extend(rows.iter().filter_map(|row| Mark::decode(&row.key, &row.value)));
            match rows.into_iter().next_back() {
                Some(last) => after = Some(last.key),
                None => break,
            }
        }
        let last = self.store().last_seq();
        let catch_up = last.saturating_sub(USAGE_CATCH_UP_ENTRIES);
        following.until = marks.back().map_or(catch_up, |mark: &Mark| mark.until);
        following.marks = marks;
        following.begun = true;
        Ok(())
    }

    /// Writes the open block, and lets go of the oldest where there are too many.
    fn seal_usage(&self, following: &mut Following, now: Timestamp) -> Result<(), UsageFault> {
        let (first, last) = following.open.times();
        let value = following.open.encode();
        let bytes = u32::try_from(value.len()).unwrap_or(u32::MAX);
        let count = following.open.count();
        let mark = Mark { until: following.until, first, last, bytes, count };
        let key = mark.until.to_be_bytes().to_vec();
        let expires = self.expiry(RetentionClass::Usage, now);
        let put = |table, value| TableWrite::Put {
            table,
            key: key.clone(),
            value,
            expires,
            subject_key: None,
        };
        let mut writes =
            vec![put(TableId::UsageBlocks, value), put(TableId::UsageMarks, mark.encode())];
        let oldest = self.usage_begins(now);
        let mut held: u64 = following.marks.iter().map(|mark| u64::from(mark.bytes)).sum();
        let mut gone = 0;
        for mark in &following.marks {
            let stays = mark.last >= oldest && held <= USAGE_BYTES_MAX;
            if stays || gone == GONE_AT_ONCE {
                break;
            }
            (held, gone) = (held - u64::from(mark.bytes), gone + 1);
            for table in [TableId::UsageBlocks, TableId::UsageMarks] {
                writes.push(TableWrite::Delete { table, key: mark.until.to_be_bytes().to_vec() });
            }
        }
        self.store().load(writes)?.wait()?;
        following.marks.drain(..gone);
        following.marks.push_back(mark);
        following.open = UsageBlock::default();
        following.opened = Timestamp::default();
        Ok(())
    }

    /// Shows every use since that time that was taken up, in the order of the ledger, and says what there was. Reads the store,
    /// a block at a time; nothing is locked meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]. A block that is damaged is left out from there on.
    pub fn read_usage(
        &self,
        since: Timestamp,
        each: &mut dyn FnMut(&Use),
    ) -> Result<UsageExtent, StoreError> {
        let (marks, open) = {
            let mut following = self.usage.0.lock();
            self.begin_usage(&mut following)?;
            (following.marks.clone(), following.open.encode())
        };
        let mut extent = UsageExtent::default();
        let mut show = |one: &Use| {
            if one.time < since {
                return;
            }
            if extent.count == 0 {
                extent.from = one.time;
            }
            (extent.count, extent.to) = (extent.count + 1, one.time);
            each(one);
        };
        let mut bytes = 0;
        for mark in marks.iter().filter(|mark| mark.last >= since) {
            let row = self.store().table_get(TableId::UsageBlocks, &mark.until.to_be_bytes())?;
            let Some(row) = row else { continue };
            bytes += u64::from(mark.bytes);
            if !UsageBlock::read(&row.value, &mut show) {
                tracing::warn!(
                    reason = "usage_block_damaged",
                    "a block of the usage log is left out"
                );
            }
        }
        bytes += u64::try_from(open.len()).unwrap_or(0);
        UsageBlock::read(&open, &mut show);
        Ok(UsageExtent { bytes, ..extent })
    }

    /// How far the log is, by its marks; what is not in a row yet is not counted.
    #[must_use]
    pub fn usage_extent(&self) -> UsageExtent {
        let following = self.usage.0.lock();
        let sum =
            |part: fn(&Mark) -> u32| following.marks.iter().map(|one| u64::from(part(one))).sum();
        UsageExtent {
            count: sum(|mark| mark.count),
            bytes: sum(|mark| mark.bytes),
            from: following.marks.front().map_or(Timestamp::default(), |mark| mark.first),
            to: following.marks.back().map_or(Timestamp::default(), |mark| mark.last),
        }
    }
}

fn use_of(entry: &Entry, names: &Names) -> Option<Use> {
    if entry.kind != EntryKind::Stage {
        return None;
    }
    let decision = entry.decision?;
    Use::of(&StageRow::decode(&entry.body, decision, names)?, decision, entry.time)
}
