//! Active members in a table that cannot be gamed: bounded in bytes, and nobody is let go of whom something is
//! remembered. Organisations, called numbers and trunks have rows of the same kind under keys of their own.
//!
//! A row leaves only when it says no more than no row would, which a hand looks for that goes round in small steps off
//! the path. When a shard is full, members without a row share one load that stands for many: whoever fills the table
//! with invented members frees nobody of what they spent, and is limited together with the rest of its own.

mod company;
mod given;
mod locked;
mod written;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};

use crate::dense::{self, Dense, Row as _, SHARD_BITS, SHARDS};
use crate::time::{Span, Timestamp};
use crate::verdict::{QuotaHolder, QuotaStatus, Resource};

use super::cost::Costs;
use super::month::{MONTH_FREE, MonthLevel, MonthRow, MonthTerms};
use super::row::{FREE, Limits, Load, LoadRow};
use super::share::{Answer, Offer, PULLS, Pull, Share};
use super::untold::{Note, Untold};
use super::{Statuses, admits};

use given::Given;
pub use given::GivenBack;
pub use locked::{Locked, Party};
pub use written::RowsFault;

/// As how many members the shared load counts: what all unknown ones together may spend while the table is full.
pub const OVERFLOW_MEMBERS: u64 = 1_000;
/// Slots that one step of the hand looks at.
pub const HAND_SLOTS: usize = 64;

/// Where a member's load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a row of its own.
    Own,
    /// In the load that is shared while the table is full.
    Shared,
}

/// What is shown of a member while its place is locked.
pub struct Visit<'a> {
    load: &'a mut Load,
    party: Party<'a>,
    /// Since when the row was not touched, before it was locked.
    idle: Span,
    place: Place,
    /// Where it is noted what others are to be told of.
    untold: Option<&'a Untold>,
    /// Where it is noted what was given back.
    given: &'a Given,
    /// What was sent this month, where that is limited.
    month: Option<&'a mut (MonthTerms, MonthLevel)>,
}

impl Visit<'_> {
    /// Where the load is.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// How the quotas stand; nothing is charged.
    #[must_use]
    pub fn check(&self, costs: Costs) -> Statuses {
        let Party { key, limits, holder, .. } = self.party;
        let mut statuses = self.load.check(limits, costs, holder);
        if let Some(beside) = self.untold.and_then(|untold| untold.beside(key)) {
            self.load.tighten((limits, costs), beside, &mut statuses);
        }
        for (resource, status) in Resource::ALL.into_iter().zip(&mut statuses) {
            if self.party.off >> resource as u8 & 1 == 1 {
                *status = None;
            }
        }
        statuses
    }

    /// How the monthly allowance stands; `None` where there is none.
    #[must_use]
    pub fn check_month(&self, costs: Costs) -> Option<QuotaStatus> {
        self.month.as_ref().map(|month| month.1.check(month.0, costs))
    }

    /// Charges the costs, whatever the levels are then: for a fax that goes on in any case.
    pub fn charge(&mut self, costs: Costs) {
        self.charge_levels(costs);
        self.charge_month(costs);
    }

    /// Charges them to the monthly allowance alone.
    pub fn charge_month(&mut self, costs: Costs) {
        if let Some((_, level)) = &mut self.month {
            level.charge(costs);
        }
    }

    /// Puts what a fax did cost in the place of what it was charged, at that time, of the monthly allowance.
    pub fn settle_month(&mut self, costs: (Costs, Costs), charged: Timestamp) {
        if let Some((terms, level)) = &mut self.month {
            level.settle(costs, terms.month(charged));
        }
    }

    /// Charges the costs to what drains alone.
    pub fn charge_levels(&mut self, costs: Costs) {
        let weighed = self.untold.map_or(costs, |untold| untold.weighed(self.party.key, costs));
        self.note(Note::Charged(costs));
        self.load.charge(self.party.limits, weighed);
    }

    fn note(&self, what: Note) {
        let nothing = match what {
            Note::Charged(costs) | Note::GivenBack(costs) => costs == Costs::default(),
            Note::Pulled(pulled) => pulled == [0; PULLS],
        };
        if let Some(untold) = self.untold.filter(|_| !nothing) {
            untold.note(self.party.key, (self.load, self.party.limits), what);
        }
    }

    /// Checks, and charges when all quotas are within: all or nothing.
    pub fn admit(&mut self, costs: Costs) -> Statuses {
        let statuses = self.check(costs);
        if admits(&statuses) && admits(&[self.check_month(costs), None, None, None]) {
            self.charge(costs);
        }
        statuses
    }

    /// Puts what is owed in the place of an estimate that was charged; see [`super::Reservation::owed`]. More than
    /// estimated may put a level above the burst; no level falls below empty.
    pub fn settle(&mut self, estimate: Costs, owed: Costs) {
        self.charge_levels(owed.above(estimate));
        let back = estimate.above(owed);
        self.given.add(self.party.key, back);
        self.take_off(back);
    }

    /// Takes a charge back of which it turns out at the same instant that it is none.
    pub fn undo(&mut self, charged: Costs) {
        if let Some((_, level)) = &mut self.month {
            level.undo(charged);
        }
        self.take_off(charged);
    }

    fn take_off(&mut self, back: Costs) {
        self.note(Note::GivenBack(back));
        self.load.give_back(back);
    }

    /// Offers a job to the contended resources; see [`Share::offer`].
    pub fn offer(&mut self, share: &Share, offer: &Offer) -> Answer {
        self.note(Note::Pulled(share.pulled(offer)));
        share.answer(&mut self.load.pull, self.idle, offer)
    }

    /// Notes what a verdict on abuse means for the member's weight; see [`super::share::Pull::penalise`]. Of who has no row nothing is
    /// noted: the others of the shared load have done nothing.
    pub fn penalise(&mut self, sixteenths: u8) {
        if self.place == Place::Own {
            self.load.pull.penalise(sixteenths);
        }
    }

    /// Takes a note of a moment ago back.
    pub fn pardon(&mut self, sixteenths: u8) {
        if self.place == Place::Own {
            self.load.pull.pardon(sixteenths);
        }
    }
}

/// The loads of active members.
pub struct Members {
    rows: Dense<LoadRow>,
    /// Seq up to which each restored shard holds everything.
    positions: Box<[AtomicU64]>,
    overflow: Mutex<Overflow>,
    hand: AtomicUsize,
    slowest: RwLock<Slowest>,
    untold: OnceLock<Untold>,
    given: Given,
    /// What was sent this month, of whom that is limited.
    months: Dense<MonthRow>,
    /// Seq up to which each restored shard of them holds everything.
    month_positions: Box<[AtomicU64]>,
    /// What those without a row there share.
    month_overflow: Mutex<MonthLevel>,
}

/// Of so many bytes of rows one may be of months: of 256 MiB there is room for three million members.
const MONTHS_OF_ROWS: usize = 4;

/// Limits under which whatever has drained has drained for anybody of a kind; see [`super::slowest`]. What a call leaves on a called
/// number drains in seconds, what a member sent in most of an hour, and there are far more numbers that are called than members that
/// send: held against one slowest limit of all, they would fill the table.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slowest {
    /// Of called numbers.
    pub numbers: Limits,
    /// Of members, organisations, trunks and API keys.
    pub others: Limits,
}

/// What members without a row share.
#[derive(Default)]
struct Overflow {
    load: Load,
    /// Seq up to which it holds everything, where it was restored.
    position: u64,
}

impl From<Limits> for Slowest {
    /// The same for everybody.
    fn from(all: Limits) -> Self {
        Self { numbers: all, others: all }
    }
}

impl Members {
    /// A table that never takes more than about that many bytes.
    #[must_use]
    pub fn of_bytes(bytes: usize, slowest: impl Into<Slowest>) -> Self {
        Self {
            rows: Dense::of_bytes(bytes),
            positions: (0..SHARDS).map(|_| AtomicU64::new(0)).collect(),
            overflow: Mutex::default(),
            hand: AtomicUsize::new(0),
            slowest: RwLock::new(slowest.into()),
            untold: OnceLock::new(),
            given: Given::beside(bytes),
            months: Dense::of_bytes(bytes / MONTHS_OF_ROWS),
            month_positions: (0..SHARDS).map(|_| AtomicU64::new(0)).collect(),
            month_overflow: Mutex::default(),
        }
    }

    /// Limits have changed: whatever has drained under these has drained for anybody from now on.
    pub fn set_slowest(&self, slowest: impl Into<Slowest>) {
        *self.slowest.write() = slowest.into();
    }

    /// Whatever has drained under these too, which are some member's, has drained for anybody from now on.
    pub fn narrow_slowest(&self, more: Option<Limits>) {
        let mut slowest = self.slowest.write();
        slowest.others = super::slowest([slowest.others].into_iter().chain(more));
    }

    /// Shows a member's load, brought up to `now` at these limits, to who changes it.
    pub fn with<T>(
        &self,
        key: u64,
        limits: &Limits,
        now: Timestamp,
        change: impl FnOnce(&mut Visit<'_>) -> T,
    ) -> T {
        self.lock([Party { holder: QuotaHolder::Member, key, limits, off: 0, month: None }], now)
            .visit(0, now, change)
    }

    /// How quotas stand, also those that are off; nobody gets a row by being asked about.
    #[must_use]
    pub fn check(&self, party: Party<'_>, costs: Costs, now: Timestamp) -> Statuses {
        let Party { holder, key, limits, off: _, month: _ } = party;
        let row = self.rows.get(key, FREE);
        let mut load = row.map_or_else(Load::default, |row| row.load());
        load.settle(limits, self.now(now));
        load.check(limits, costs, holder)
    }

    /// How a monthly allowance stands; nobody gets a row by being asked about.
    #[must_use]
    pub fn check_month(
        &self,
        party: Party<'_>,
        costs: Costs,
        now: Timestamp,
    ) -> Option<QuotaStatus> {
        let terms = party.month?;
        let mut level =
            self.months.get(party.key, MONTH_FREE).map(MonthRow::level).unwrap_or_default();
        level.turn(terms, self.now(now));
        Some(level.check(terms, costs))
    }

    /// What a member pulls at contended resources, and what verdicts and its past have made of its weight. Nobody gets a row by
    /// being asked about.
    #[must_use]
    pub fn pull(&self, key: u64, now: Timestamp) -> Pull {
        let load = self.rows.get(key, FREE).map(|row| row.load()).unwrap_or_default();
        let mut pull = load.pull;
        if let Some(before) = load.at() {
            pull.bring_up(before, self.now(now));
        }
        pull
    }

    /// Fetches somebody's row from memory for who is about to charge it and has the table for itself; what it answers means nothing.
    pub fn touch(&mut self, key: u64) -> u64 {
        if key == 0 {
            return 0;
        }
        let [given, ..] = self.given.of(key);
        self.rows.get_mut(key, FREE).map_or(0, |row| row.rest()) ^ u64::from(given)
    }

    /// One step of the hand: looks at a few rows of one shard and drops those that say nothing. Says how many went.
    /// Whoever ticks calls it off the path; a round of the table takes as many steps as it has rows, by some fifty.
    pub fn turn_hand(&self, now: Timestamp) -> usize {
        let shard = self.hand.fetch_add(1, Ordering::Relaxed) % SHARDS;
        let keep = self.keep(now);
        self.months.edit_shard(shard, |rows| {
            rows.sweep(HAND_SLOTS, |row| !row.level().is_over(now));
        });
        self.rows.edit_shard(shard, |rows| rows.sweep(HAND_SLOTS, keep))
    }

    /// One step of the hand in every shard, and how many went: of ten million members a round takes a minute where this
    /// is called each second.
    pub fn turn_hand_everywhere(&self, now: Timestamp) -> usize {
        (0..SHARDS).map(|_| self.turn_hand(now)).sum()
    }

    /// Whether a row must stay.
    fn keep(&self, now: Timestamp) -> impl Fn(&LoadRow) -> bool + use<> {
        let Slowest { numbers, others } = *self.slowest.read();
        move |row| {
            let slowest = if is_of_number(row.rest()) { &numbers } else { &others };
            !row.load().is_fresh(slowest, now)
        }
    }

    /// Members with a row.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of the tables and of what was given back.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let months = if self.months.is_empty() { 0 } else { self.months.bytes() };
        self.rows.bytes() + self.given.bytes() + months
    }
}

/// The bit of a key that says whether the row is of a called number: the lowest that a row keeps.
const NUMBER: u64 = 1 << (FREE - SHARD_BITS);

/// The key of somebody's row: kinds of holders must not meet in one. Nobody stays nobody.
#[must_use]
pub const fn row_key(holder: QuotaHolder, hot: u64) -> u64 {
    match (holder, hot) {
        (_, 0) => 0,
        (QuotaHolder::Member | QuotaHolder::Month, _) => hot & !NUMBER,
        (QuotaHolder::Number, _) => apart(holder, hot) | NUMBER,
        (QuotaHolder::Organisation | QuotaHolder::Trunk | QuotaHolder::ApiKey, _) => {
            apart(holder, hot) & !NUMBER
        }
    }
}

/// Hot keys are as good as random, so that a mix which is no secret spreads them as well.
const fn apart(holder: QuotaHolder, hot: u64) -> u64 {
    dense::mix([0x6f77_6e65_7220_6f66, 0x2061_2071_756f_7461], hot, holder as u64)
}

/// Whether the rest of a key is that of a called number's.
const fn is_of_number(rest: u64) -> bool {
    rest >> FREE & 1 == 1
}

#[cfg(test)]
mod tests;
