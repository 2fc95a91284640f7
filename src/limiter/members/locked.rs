//! Everybody that one fax is counted against, locked together: all of them are charged, or none.

use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;

use crate::dense::{self, At, Held, SHARDS};
use crate::time::{Span, Timestamp};
use crate::verdict::QuotaHolder;

use super::super::cost::Costs;
use super::super::month::{MONTH_FREE, MonthLevel, MonthRow, MonthTerms};
use super::super::row::{FREE, Limits, Load, LoadRow, together};
use super::super::untold::Untold;
use super::given::{Given, GivenBack};
use super::{HAND_SLOTS, Members, OVERFLOW_MEMBERS, Overflow, Place, Visit};

/// Somebody that a fax is counted against.
#[derive(Clone, Copy, Debug)]
pub struct Party<'a> {
    /// What it is.
    pub holder: QuotaHolder,
    /// The key of the row; 0 is nobody. See [`super::row_key`].
    pub key: u64,
    /// The limits.
    pub limits: &'a Limits,
    /// Resources of which the limit is switched off, a bit each in the order of their codes: charged, and not asked.
    pub off: u8,
    /// Its monthly allowance; of one party of several at most.
    pub month: Option<MonthTerms>,
}

/// The rows of `N` parties, locked until it is dropped. A row is looked for once, however often it is visited.
pub struct Locked<'a, const N: usize> {
    members: &'a Members,
    parties: [Party<'a>; N],
    /// Which of `shards` each party is in.
    held: [usize; N],
    /// Where each row was seen last.
    seen: [Option<At>; N],
    /// Since when each row was not touched before; known from its first visit on.
    idle: [Option<Span>; N],
    shards: [Option<Held<'a, LoadRow>>; N],
    /// The load of those who have no row and get none.
    shared: Option<MutexGuard<'a, Overflow>>,
    /// The shard of months of the party that has a monthly allowance, and where there is no room in it what such share.
    months: Option<Held<'a, MonthRow>>,
    shared_month: Option<MutexGuard<'a, MonthLevel>>,
}

impl Members {
    /// Locks the rows of these parties, in ascending order of their shards, so that no two operations wait for each
    /// other. For nobody nothing is locked.
    pub fn lock<'a, const N: usize>(
        &'a self,
        parties: [Party<'a>; N],
        now: Timestamp,
    ) -> Locked<'a, N> {
        let wanted = parties.map(|party| match party.key {
            0 => SHARDS,
            key => dense::shard(key),
        });
        let mut order = wanted;
        order.sort_unstable();
        let mut locked = Locked {
            members: self,
            parties,
            held: [0; N],
            seen: [None; N],
            idle: [None; N],
            shards: [const { None }; N],
            shared: None,
            months: None,
            shared_month: None,
        };
        let (mut before, mut next) = (SHARDS, 0);
        for number in order.into_iter().take_while(|number| *number < SHARDS) {
            if number == before {
                continue;
            }
            locked.shards[next] = Some(self.rows.lock(number));
            for (held, wanted) in locked.held.iter_mut().zip(wanted) {
                if wanted == number {
                    *held = next;
                }
            }
            (before, next) = (number, next + 1);
        }
        // After all rows and before what those share who have none, which is locked last, whoever locks them.
        if let Some(party) = parties.iter().find(|party| party.key != 0 && party.month.is_some()) {
            locked.look_at_month(party.key, now);
        }
        locked.look(now);
        locked
    }
}

impl<const N: usize> Locked<'_, N> {
    /// Looks for every row. Who gets none must be known before a seq is taken, since the shared load is locked then.
    fn look(&mut self, now: Timestamp) {
        for which in 0..N {
            let rest = dense::rest(self.parties[which].key, FREE);
            let Some(shard) = self.shard(which) else { continue };
            let seen = shard.find(rest, None);
            let full = seen.is_none() && shard.is_full();
            self.seen[which] = seen;
            if full {
                let keep = self.members.keep(now);
                let room = self.shard(which).is_some_and(|shard| shard.sweep(HAND_SLOTS, keep) > 0);
                if !room {
                    self.share();
                }
            }
        }
    }

    fn shard(&mut self, which: usize) -> Option<&mut dense::Table<LoadRow>> {
        let shard = self.shards[self.held[which]].as_deref_mut();
        shard.filter(|_| self.parties[which].key != 0)
    }

    fn share(&mut self) {
        if self.shared.is_none() {
            self.shared = Some(self.members.overflow.lock());
        }
    }

    /// Whether there is somebody at that place among the parties.
    #[must_use]
    pub const fn is_somebody(&self, which: usize) -> bool {
        self.parties[which].key != 0
    }

    /// The limits of all who are somebody.
    pub fn limits(&self) -> impl Iterator<Item = &Limits> {
        self.parties.iter().filter(|party| party.key != 0).map(|party| party.limits)
    }

    /// What was given back to any of them since the start, for [`Reservation`](crate::limiter::Reservation). `None` where nobody
    /// here knows: beside other instances, who give back as well.
    #[must_use]
    pub fn given(&self) -> Option<GivenBack> {
        if self.members.untold().is_some() {
            return None;
        }
        let somebody = self.parties.iter().filter(|party| party.key != 0);
        Some(somebody.fold(GivenBack::default(), |sum, party| {
            let more = self.members.given.of(party.key);
            std::array::from_fn(|at| sum[at].wrapping_add(more[at]))
        }))
    }

    /// Notes what the party at that place was given back by an entry that its restored level has already.
    pub fn gave_back(&self, which: usize, (estimate, owed): (Costs, Costs)) {
        self.members.given.add(self.parties[which].key, estimate.above(owed));
    }

    /// Shows the load of the party at that place, brought up to `now` at its limits, to who changes it. Of nobody that is
    /// a load which is forgotten at once.
    pub fn visit<T>(
        &mut self,
        which: usize,
        now: Timestamp,
        change: impl FnOnce(&mut Visit<'_>) -> T,
    ) -> T {
        let (party, now) = (self.parties[which], self.members.now(now));
        let mut month = self.month(party, now);
        let answer = self.visit_levels(which, (now, month.as_mut()), change);
        self.keep_month(party, month);
        answer
    }

    fn visit_levels<T>(
        &mut self,
        which: usize,
        (now, month): (Timestamp, Option<&mut (MonthTerms, MonthLevel)>),
        change: impl FnOnce(&mut Visit<'_>) -> T,
    ) -> T {
        let party = self.parties[which];
        let (untold, given) = (self.members.untold(), &self.members.given);
        let rest = dense::rest(party.key, FREE);
        let mut idle = self.idle[which];
        if let Some(at) = self.find_or_make(which, rest, now)
            && let Some(shard) = self.shard(which)
        {
            let mut load = shard.at(at).load();
            let beside = (untold, given, month);
            let answer = visited((&mut load, &mut idle), party, (Place::Own, now, beside), change);
            shard.set(at, LoadRow::of(rest, &load));
            self.idle[which] = idle;
            return answer;
        }
        if party.key == 0 {
            let mut load = Load::default();
            return visited(
                (&mut load, &mut idle),
                party,
                (Place::Own, now, (None, given, None)),
                change,
            );
        }
        let wide = together(party.limits, OVERFLOW_MEMBERS);
        let load = match &mut self.shared {
            Some(shared) => &mut shared.load,
            none => &mut none.insert(self.members.overflow.lock()).load,
        };
        visited(
            (load, &mut idle),
            Party { limits: &wide, ..party },
            (Place::Shared, now, (None, given, month)),
            change,
        )
    }

    /// Locks the months of a party, and where it has no row and gets none what such share.
    fn look_at_month(&mut self, key: u64, now: Timestamp) {
        let mut shard = self.members.months.lock(dense::shard(key));
        if shard.get(dense::rest(key, MONTH_FREE)).is_none() && shard.is_full() {
            let gone = shard.sweep(HAND_SLOTS, |row| !row.level().is_over(now));
            if gone == 0 {
                self.shared_month = Some(self.members.month_overflow.lock());
            }
        }
        self.months = Some(shard);
    }

    /// What a party was sent this month, and what it may.
    fn month(&self, party: Party<'_>, now: Timestamp) -> Option<(MonthTerms, MonthLevel)> {
        let (mut terms, months) = (party.month?, self.months.as_deref()?);
        let mut level = match &self.shared_month {
            Some(shared) => {
                terms.pages = terms.pages.saturating_mul(OVERFLOW_MEMBERS);
                **shared
            }
            None => {
                let row = months.get(dense::rest(party.key, MONTH_FREE));
                row.map(MonthRow::level).unwrap_or_default()
            }
        };
        level.turn(terms, now);
        Some((terms, level))
    }

    fn keep_month(&mut self, party: Party<'_>, month: Option<(MonthTerms, MonthLevel)>) {
        let (Some((_, level)), Some(months)) = (month, &mut self.months) else { return };
        match &mut self.shared_month {
            Some(shared) => **shared = level,
            None => {
                // There is room, which was looked for when it was locked.
                let row = MonthRow::of(dense::rest(party.key, MONTH_FREE), level);
                let _full = months.put(row, |_| true);
            }
        }
    }

    /// Whether an entry of that seq is still to be applied to what the party at that place sent this month.
    #[must_use]
    pub fn replays_month(&self, which: usize, seq: u64) -> bool {
        let Party { key, month, .. } = self.parties[which];
        let position = || self.members.month_positions[dense::shard(key)].load(Ordering::Relaxed);
        key != 0 && month.is_some() && seq > position()
    }

    fn find_or_make(&mut self, which: usize, rest: u64, now: Timestamp) -> Option<At> {
        let seen = self.seen[which];
        let found = self.shard(which)?.find(rest, seen);
        if found.is_none() && self.shared.is_none() {
            let fresh = LoadRow::of(rest, &Load::default().begun(now));
            let keep = self.members.keep(now);
            let shard = self.shard(which)?;
            let made = shard.put(fresh, keep).ok().and_then(|()| shard.find(rest, None));
            self.seen[which] = made;
            return made;
        }
        self.seen[which] = found;
        found
    }

    /// Whether an entry of that seq is still to be applied to the party at that place; never to nobody.
    #[must_use]
    pub fn replays(&self, which: usize, seq: u64) -> bool {
        let Party { key, .. } = self.parties[which];
        let position = match (&self.shared, self.seen[which]) {
            (Some(shared), None) => shared.position,
            _ => self.members.position(key),
        };
        key != 0 && seq > position
    }
}

/// What goes with a load: where it is noted what others are to be told and what was given back, and the month.
type Beside<'a> = (Option<&'a Untold>, &'a Given, Option<&'a mut (MonthTerms, MonthLevel)>);

fn visited<'a, T>(
    (load, idle): (&'a mut Load, &mut Option<Span>),
    party: Party<'a>,
    (place, now, (untold, given, month)): (Place, Timestamp, Beside<'a>),
    visit: impl FnOnce(&mut Visit<'_>) -> T,
) -> T {
    let since = || load.at().map_or(Span::default(), |at| now.since(at));
    let idle = *idle.get_or_insert_with(since);
    load.settle(party.limits, now);
    visit(&mut Visit { load, party, idle, place, untold, given, month })
}
