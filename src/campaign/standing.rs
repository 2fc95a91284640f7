//! Where a campaign stands: what its own evidence says, and what staff said over it, which can be taken back.

use super::tally::{Distinct, Tally};
use crate::bounds::{ID_BYTES_MAX, TEXT_BYTES_MAX};
use crate::time::Timestamp;

/// Decisions on one campaign that are kept; of more, the oldest are forgotten.
pub const DECISIONS_MAX: usize = 16;
/// Distinct senders from which on a page is one that many use.
const FORM_SENDERS: u32 = 20;
/// Share of recipients with correspondence from which on it is wanted by those who get it, in thousandths.
const FORM_CORRESPONDENCE_MILLI: u32 = 500;
/// The same two of a form that is known from now on, and the weight of "not junk" it takes, in thousandths.
const LEARNED: (u32, u32, u32) = (50, 800, 1_000);

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum State {
    /// Found, and nobody has looked.
    Suspected = 1,
    /// Staff: it is junk.
    Confirmed = 2,
    /// Staff: it is none.
    Cleared = 3,
    /// A form that floods: it speaks neither for nor against.
    Quarantined = 4,
}

impl State {
    /// Every state, in the order of codes.
    pub const ALL: [Self; 4] = [Self::Suspected, Self::Confirmed, Self::Cleared, Self::Quarantined];

    /// The state with that code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as u8 == code)
    }
}

/// Who decided on a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidedBy {
    /// The campaign's own evidence.
    Evidence,
    /// Staff.
    Staff,
}

/// A decision of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What was decided.
    pub state: State,
    /// Who decided, at most [`ID_BYTES_MAX`] bytes.
    pub author: String,
    /// Why, at most [`TEXT_BYTES_MAX`] bytes.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Until when; `None` is until it is taken back.
    pub until: Option<Timestamp>,
}

impl Decision {
    /// Whether its texts are within bounds, and it is not over before it begins.
    pub(super) fn is_sound(&self) -> bool {
        let texts = self.author.len() <= ID_BYTES_MAX && self.reason.len() <= TEXT_BYTES_MAX;
        texts && !self.author.is_empty() && self.until.is_none_or(|until| until > self.at)
    }

    fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Decisions of staff, oldest first. The last one that holds is in force; behind it stands what was in force before, so
/// that taking it back, or its end, restores that exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing(Vec<Decision>);

impl Standing {
    pub(super) fn decide(&mut self, decision: Decision) {
        if self.0.len() == DECISIONS_MAX {
            self.0.remove(0);
        }
        self.0.push(decision);
    }

    /// Takes the last decision back.
    pub(super) fn undo(&mut self) -> Option<Decision> {
        self.0.pop()
    }

    /// The decision in force.
    pub(super) fn in_force(&self, now: Timestamp) -> Option<&Decision> {
        self.0.iter().rev().find(|decision| decision.holds(now))
    }

    /// All of them.
    pub(super) fn list(&self) -> &[Decision] {
        &self.0
    }

    /// `None` where these are no decisions of a campaign.
    pub(super) fn of(decisions: Vec<Decision>) -> Option<Self> {
        let sound = decisions.iter().all(Decision::is_sound);
        (sound && decisions.len() <= DECISIONS_MAX).then_some(Self(decisions))
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        let texts = |decision: &Decision| decision.author.len() + decision.reason.len();
        self.0.iter().map(|decision| size_of::<Decision>() + texts(decision)).sum()
    }
}

fn is_form(tally: &Tally, senders: u32, correspondence_milli: u32) -> bool {
    let [junk, wanted] = tally.reports;
    tally.count(Distinct::Senders) >= senders
        && tally.correspondence_milli() >= correspondence_milli
        && junk <= wanted
        && tally.traps == 0
}

/// What the evidence alone says: a page that many unrelated senders send to those they correspond with is a form.
pub(super) fn by_evidence(tally: &Tally) -> State {
    if is_form(tally, FORM_SENDERS, FORM_CORRESPONDENCE_MILLI) {
        State::Quarantined
    } else {
        State::Suspected
    }
}

/// Whether the form is to be known from now on: its recipients say so too.
pub(super) fn is_learned(tally: &Tally) -> bool {
    let (senders, correspondence, weight) = LEARNED;
    let [junk, wanted] = tally.reports;
    is_form(tally, senders, correspondence) && junk == 0 && wanted >= weight
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decision(state: State, at: i64, until: Option<i64>) -> Decision {
        Decision {
            state,
            author: "desk".into(),
            reason: "seen".into(),
            at: Timestamp::from_seconds(at),
            until: until.map(Timestamp::from_seconds),
        }
    }

    #[test]
    fn a_decision_that_ends_leaves_what_was_before() {
        let mut standing = Standing::default();
        standing.decide(decision(State::Confirmed, 10, None));
        standing.decide(decision(State::Cleared, 20, Some(30)));
        let state = |standing: &Standing, second| {
            standing.in_force(Timestamp::from_seconds(second)).map(|decision| decision.state)
        };
        assert_eq!(state(&standing, 29), Some(State::Cleared));
        assert_eq!(state(&standing, 30), Some(State::Confirmed));
        standing.undo();
        standing.undo();
        assert_eq!(state(&standing, 30), None);
    }

    proptest! {
        #[test]
        fn taking_back_restores_exactly(states in prop::collection::vec(0..4usize, 0..12), last in 0..4usize) {
            let mut standing = Standing::default();
            for (state, at) in states.iter().zip(1..) {
                standing.decide(decision(State::ALL[*state], at, None));
            }
            let before = standing.clone();
            standing.decide(decision(State::ALL[last], 99, Some(100)));
            standing.undo();
            prop_assert_eq!(standing, before);
        }
    }
}
