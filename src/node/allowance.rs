//! What members may send while nobody scores: an outage of ours is no open door for whoever has taken an account over.

use std::collections::HashMap;

use crate::bounds::{NODE_ALLOWANCE, NODE_MEMBER_ALLOWANCE, NODE_MEMBERS};
use crate::time::{HOUR_SECONDS, Span, Timestamp};

/// How much at once and in an hour, kept as the time at which all of it is had again (the generic cell rate
/// algorithm, ITU-T I.371, annex A, in its virtual scheduling form).
#[derive(Clone, Copy, Debug)]
struct Rate {
    /// Time that one fax takes to be forgotten.
    step: Span,
    /// Time that as many faxes as may come at once take.
    burst: Span,
}

impl Rate {
    const fn of(allowance: (u32, u32)) -> Self {
        let step = HOUR_SECONDS * 1_000_000 / allowance.1 as u64;
        Self { step: Span::micros(step), burst: Span::micros(step * allowance.0 as u64) }
    }

    /// When a further fax is within the rate: now, or later.
    fn free_at(self, level: Timestamp, now: Timestamp) -> Timestamp {
        let filled = self.level(level, now).plus(self.step);
        filled.minus(self.burst).max(now)
    }

    /// The level after a further fax.
    fn charged(self, level: Timestamp, now: Timestamp) -> Timestamp {
        self.level(level, now).plus(self.step)
    }

    /// The level as it counts now. One further away than a full bucket comes from a clock that was set back.
    fn level(self, level: Timestamp, now: Timestamp) -> Timestamp {
        level.max(now).min(now.plus(self.burst))
    }
}

const MEMBER: Rate = Rate::of(NODE_MEMBER_ALLOWANCE);
const NODE: Rate = Rate::of(NODE_ALLOWANCE);

/// The levels of one node. At most [`NODE_MEMBERS`] members have one of their own; who comes when the table is full of
/// others that send is held by the node's alone.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    node: Timestamp,
    members: HashMap<u128, Timestamp>,
    swept: Timestamp,
}

impl Allowance {
    /// Charges one fax of a member, or says when it may go.
    ///
    /// # Errors
    /// The time from which on it is within the allowance; nothing is charged then.
    pub(super) fn take(&mut self, member: u128, now: Timestamp) -> Result<(), Timestamp> {
        self.make_room(member, now);
        let level = self.members.get(&member).copied().unwrap_or_default();
        let free = MEMBER.free_at(level, now).max(NODE.free_at(self.node, now));
        if free > now {
            return Err(free);
        }
        self.node = NODE.charged(self.node, now);
        if self.members.len() < NODE_MEMBERS || self.members.contains_key(&member) {
            self.members.insert(member, MEMBER.charged(level, now));
        }
        Ok(())
    }

    /// Forgets members that have all of their allowance again, where a new one needs their place; looks at most
    /// once in the time that one fax takes to be forgotten.
    fn make_room(&mut self, member: u128, now: Timestamp) {
        let full = self.members.len() >= NODE_MEMBERS && !self.members.contains_key(&member);
        if full && (now >= self.swept.plus(MEMBER.step) || now < self.swept) {
            self.swept = now;
            self.members.retain(|_, level| *level > now);
        }
    }

    /// The node's level and the highest of its members', for the next process.
    pub(super) fn save(&self, most: usize) -> (i64, Vec<(u128, i64)>) {
        let mut members: Vec<_> =
            self.members.iter().map(|(member, level)| (*member, level.as_micros())).collect();
        members.sort_unstable_by_key(|(member, level)| (std::cmp::Reverse(*level), *member));
        members.truncate(most);
        (self.node.as_micros(), members)
    }

    /// Takes over what [`save`](Self::save) gave.
    pub(super) fn restore(node: i64, members: Vec<(u128, i64)>) -> Self {
        let members = members.into_iter().take(NODE_MEMBERS);
        Self {
            node: Timestamp::from_micros(node),
            members: members.map(|(key, at)| (key, Timestamp::from_micros(at))).collect(),
            swept: Timestamp::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1_000_000).plus(Span::seconds(seconds))
    }

    #[test]
    fn a_member_has_a_burst_and_then_a_rate() {
        let mut allowance = Allowance::default();
        let (burst, hour) = NODE_MEMBER_ALLOWANCE;
        assert!((0..burst).all(|_| allowance.take(1, at(0)).is_ok()));
        let step = HOUR_SECONDS / u64::from(hour);
        assert_eq!(allowance.take(1, at(0)), Err(at(step)));
        assert_eq!(allowance.take(2, at(0)), Ok(()), "others are not held");
        assert_eq!(allowance.take(1, at(step)), Ok(()));
        assert_eq!(allowance.take(1, at(step)), Err(at(2 * step)));
        let (node, members) = allowance.save(8);
        let mut next = Allowance::restore(node, members);
        assert_eq!(next.take(1, at(step)), Err(at(2 * step)), "it goes on in the next process");
    }

    #[test]
    fn members_together_have_one_too_and_the_table_is_bounded() {
        let mut allowance = Allowance::default();
        let taken = (0..40_000).filter(|member| allowance.take(*member, at(0)).is_ok()).count();
        assert_eq!(taken, NODE_ALLOWANCE.0 as usize);
        for second in 1..40_000 {
            let _ = allowance.take(u128::from(second) + 50_000, at(second));
            assert!(allowance.members.len() <= NODE_MEMBERS);
        }
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let mut allowance = Allowance::default();
        (0..60).for_each(|_| assert!(allowance.take(1, at(0)).is_ok()));
        let early = Timestamp::from_seconds(10);
        let free = allowance.take(1, early).unwrap_err();
        assert_eq!(free.since(early), MEMBER.step);
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_rate(gaps in prop::collection::vec(0_u64..120, 1..400)) {
            let mut allowance = Allowance::default();
            let (mut now, mut taken) = (at(0), 0);
            for gap in gaps {
                now = now.plus(Span::seconds(gap));
                taken += u64::from(allowance.take(7, now).is_ok());
            }
            let (burst, hour) = NODE_MEMBER_ALLOWANCE;
            let rate = now.since(at(0)).as_seconds() * u64::from(hour) / HOUR_SECONDS;
            prop_assert!(taken <= u64::from(burst) + rate);
        }
    }
}
