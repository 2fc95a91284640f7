//! A service that does not answer costs one deadline now and then, not one a question.

use serde::{Deserialize, Serialize};

use crate::bounds::{NODE_MISSES_MAX, NODE_PROBE_MS};
use crate::time::{Span, Timestamp};

/// Whether questions are put at all. Only silence counts: a service that refuses a question is there, and nobody who
/// sends odd calls may talk a node out of asking about the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Breaker {
    /// Questions in a row that were lost to silence.
    misses: u8,
    /// When the next question is put although nobody answers, in microseconds since 1970.
    next_probe: i64,
}

impl Breaker {
    /// True when this question is to be put. Of those that come while nobody answers, one a second is.
    pub(super) fn admits(&mut self, now: Timestamp) -> bool {
        if self.misses < NODE_MISSES_MAX {
            return true;
        }
        let next = Timestamp::from_micros(self.next_probe);
        // A clock that was set back must not keep the node from asking.
        let due = now >= next || next.since(now) > probe_interval();
        if due {
            self.next_probe = now.plus(probe_interval()).as_micros();
        }
        due
    }

    /// Somebody answered.
    pub(super) fn answered(&mut self) {
        self.misses = 0;
    }

    /// Nobody did.
    pub(super) fn missed(&mut self, now: Timestamp) {
        self.misses = self.misses.saturating_add(1).min(NODE_MISSES_MAX);
        if self.misses == NODE_MISSES_MAX {
            self.next_probe = now.plus(probe_interval()).as_micros();
        }
    }
}

const fn probe_interval() -> Span {
    Span::millis(NODE_PROBE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_seconds(1_000).plus(Span::millis(millis))
    }

    #[test]
    fn silence_costs_three_questions_and_then_one_a_second() {
        let mut breaker = Breaker::default();
        let mut put = 0;
        for tick in 0..1_000 {
            if breaker.admits(at(tick * 10)) {
                put += 1;
                breaker.missed(at(tick * 10));
            }
        }
        assert_eq!(put, 3 + 9, "ten seconds of silence");
        assert!(breaker.admits(at(11_000)));
        breaker.answered();
        assert!((0..10).all(|_| breaker.admits(at(11_000))), "all is well again");
    }

    #[test]
    fn one_answer_between_makes_it_no_row() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            breaker.missed(at(0));
            breaker.missed(at(0));
            assert!(breaker.admits(at(0)));
            breaker.answered();
        }
    }

    #[test]
    fn one_question_of_many_at_once_is_the_probe() {
        let mut breaker = Breaker::default();
        (0..3).for_each(|_| breaker.missed(at(0)));
        assert_eq!((0..100).filter(|_| breaker.admits(at(1_500))).count(), 1);
        assert!(breaker.admits(Timestamp::from_seconds(10)), "the clock was set back");
    }
}
