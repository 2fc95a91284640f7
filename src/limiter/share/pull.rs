//! What a member pulls at contended resources: a rate for each, what verdicts on abuse take from its weight, and what its own
//! past adds to it. 8 bytes.

use crate::decay::{ONE, decayed};
use crate::dense::mix;
use crate::time::{Span, Timestamp};

use super::rate::{Fading, decode, encode, part};
use super::{FADING, Pulled, WATCHED};

/// Steps of a halving of the weight by verdicts.
pub const PENALTY_STEPS: u8 = 16;
/// Most halvings.
const HALVINGS_MAX: u8 = 8;
/// Time in which a verdict's halving fades, whether anything is admitted or not.
const PENALTY_FADES: Span = Span::seconds(6 * 3_600);
/// Steps of a doubling of what is expected.
const USUAL_STEPS: u8 = 4;
/// Most doublings that a member's past can earn it.
const DOUBLINGS_MAX: u8 = 2;
/// Activity above what is expected that earns a step: forty minutes of it a doubling, however much is sent in them.
const USUAL_EARNED: Span = Span::seconds(600);
/// Time after which a step is forgotten.
const USUAL_FADES: Span = Span::seconds(3 * 86_400);
/// The longest pause that counts as activity.
const ACTIVE_GAP: Span = Span::seconds(10);

/// What a member pulls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pull {
    rates: [u16; WATCHED],
    penalty: u8,
    usual: u8,
}

impl Pull {
    /// What [`Self::parts`] took apart.
    #[must_use]
    pub const fn from_parts(rates: [u16; WATCHED], penalty: u8, usual: u8) -> Self {
        Self { rates, penalty, usual }
    }

    /// Codes of the rates, steps of the penalty, steps of what is usual.
    #[must_use]
    pub const fn parts(&self) -> ([u16; WATCHED], u8, u8) {
        (self.rates, self.penalty, self.usual)
    }

    /// Takes so many sixteenths of a halving off the weight, on top of what has not faded: a 256th of it always stays.
    pub fn penalise(&mut self, sixteenths: u8) {
        let most = HALVINGS_MAX * PENALTY_STEPS;
        self.penalty = self.penalty.saturating_add(sixteenths).min(most);
    }

    /// Gives back what was taken off a moment ago.
    pub const fn pardon(&mut self, sixteenths: u8) {
        self.penalty = self.penalty.saturating_sub(sixteenths);
    }

    /// What verdicts have taken off the weight, in sixteenths of a halving.
    #[must_use]
    pub const fn penalty(&self) -> u8 {
        self.penalty
    }

    /// Whether nothing is left of it at `now`.
    #[must_use]
    pub(in crate::limiter) fn is_nothing(mut self, before: Timestamp, now: Timestamp) -> bool {
        self.fade(before, now);
        let idle = now.since(before) > Span::seconds(3_600);
        (idle || self.rates == [0; WATCHED]) && self.penalty == 0 && self.usual == 0
    }

    /// Fades what fades by steps. Counted from 1970 on, so that being touched often changes nothing.
    fn fade(&mut self, before: Timestamp, now: Timestamp) {
        let now = now.max(before);
        let steps = |period: u64| {
            let count = |at: Timestamp| u64::try_from(at.as_micros()).unwrap_or(0) / period;
            u8::try_from(count(now) - count(before)).unwrap_or(u8::MAX)
        };
        if self.penalty > 0 {
            let period = PENALTY_FADES.as_micros() / u64::from(PENALTY_STEPS);
            self.penalty = self.penalty.saturating_sub(steps(period));
        }
        if self.usual > 0 {
            self.usual = self.usual.saturating_sub(steps(USUAL_FADES.as_micros()));
        }
    }

    /// Brings it up to `now`, and adds costs that are offered.
    pub(super) fn note(
        &mut self,
        (before, now): (Option<Timestamp>, Timestamp),
        fading: &[Fading; WATCHED],
        costs: &[u64; WATCHED],
        dither: u64,
    ) {
        let before = before.unwrap_or(now);
        self.fade(before, now);
        let elapsed = now.since(before);
        for (at, code) in self.rates.iter_mut().enumerate() {
            if *code > 0 || costs[at] > 0 {
                let left = part(decode(*code), fading[at].left(elapsed));
                *code = encode(left + fading[at].of_cost(costs[at]), dither >> (at * 20));
            }
        }
    }

    /// Brings it up to `now` at every touch of the row it is in, whoever touches it: the row has one time for all.
    pub(in crate::limiter) fn bring_up(&mut self, before: Timestamp, now: Timestamp) {
        if now > before && *self != Self::default() {
            let dither = mix([0, 0], now.as_micros().unsigned_abs(), u64::from(self.rates[0]));
            self.note((Some(before), now), &FADING, &[0; WATCHED], dither);
        }
    }

    /// Puts rates in the place of its own, rounded to the nearest code.
    pub(in crate::limiter) fn take_over(&mut self, rates: Pulled) {
        self.rates = rates.map(|rate| encode(rate, 0));
    }

    /// The rates, in 65,536ths of a unit a second.
    #[must_use]
    pub fn rates(&self) -> [u64; WATCHED] {
        self.rates.map(decode)
    }

    /// Earns a step of what is expected, where `rate` is above what is for `base`: by time, not by how much is sent, so that no
    /// flood earns what a habit does. The chance makes it one step in [`USUAL_EARNED`] of activity.
    pub(super) fn earn(&mut self, rate: u64, base: u64, elapsed: Span, dither: u64) {
        let expected = (base << (self.usual / USUAL_STEPS)) + base * u64::from(self.usual % 4) / 4;
        if self.penalty > 0 || self.usual >= DOUBLINGS_MAX * USUAL_STEPS || rate <= expected {
            return;
        }
        let active = elapsed.as_micros().min(ACTIVE_GAP.as_micros());
        if ((dither & 0xffff_ffff) * USUAL_EARNED.as_micros()) >> 32 < active {
            self.usual += 1;
        }
    }

    /// A weight after what verdicts take and the past adds: at least 1.
    #[must_use]
    pub fn weigh(&self, weight: u32) -> u64 {
        let halved = match self.penalty {
            0 => ONE,
            penalty => decayed(ONE, u64::from(penalty), u64::from(PENALTY_STEPS)),
        };
        let (doublings, rest) = (self.usual / USUAL_STEPS, u64::from(self.usual % USUAL_STEPS));
        let raised = (4 + rest) << doublings.min(DOUBLINGS_MAX);
        ((u64::from(weight) * u64::from(halved) * raised) >> 18).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn fading() -> [Fading; WATCHED] {
        [Fading::by_half_in(Span::seconds(7)); WATCHED]
    }

    #[test]
    fn a_penalty_fades_by_time_even_when_everything_is_refused() {
        let mut pull = Pull::default();
        pull.penalise(2 * PENALTY_STEPS);
        assert_eq!(pull.weigh(1_000), 250);
        // Somebody who is refused again and again for six hours, four times a second.
        for second in 0..21_600_i64 {
            for _ in 0..4 {
                let from = at(second.max(1) - 1);
                pull.note((Some(from), at(second)), &fading(), &[0; WATCHED], 0);
                pull.note((Some(at(second)), at(second)), &fading(), &[0; WATCHED], 0);
            }
            if second % 5_400 == 0 {
                assert!(pull.weigh(1_000) <= 1_000);
            }
        }
        let often = pull.weigh(1_000);
        let mut seldom = Pull::default();
        seldom.penalise(2 * PENALTY_STEPS);
        seldom.note((Some(at(0)), at(21_599)), &fading(), &[0; WATCHED], 0);
        assert_eq!(seldom.weigh(1_000).abs_diff(500), 0);
        assert!(often >= 500, "{often}");
        pull.note((Some(at(21_600)), at(60_000)), &fading(), &[0; WATCHED], 0);
        assert_eq!(pull, Pull::default());
    }

    #[test]
    fn what_is_usual_is_earned_by_time_and_bounded() {
        let mut random = 1_u64;
        let mut next = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            random >> 32
        };
        let mut flood = Pull::default();
        // A million jobs within ten seconds, and then two hours of one a second.
        (0..1_000_000).for_each(|_| flood.earn(1 << 20, 1_000, Span::micros(10), next()));
        assert!(flood.weigh(1_000) <= 1_500, "{}", flood.weigh(1_000));
        (0..7_200).for_each(|_| flood.earn(1 << 20, 1_000, Span::seconds(1), next()));
        assert_eq!(flood.weigh(1_000), 4_000);
        let mut small = Pull::default();
        (0..7_200).for_each(|_| small.earn(1_000, 1_000, Span::seconds(1), next()));
        assert_eq!(small, Pull::default());
        flood.note((Some(at(0)), at(30 * 86_400)), &fading(), &[0; WATCHED], 0);
        assert_eq!(flood, Pull::default());
    }

    #[test]
    fn a_clock_that_steps_back_fades_nothing() {
        let mut pull = Pull::default();
        pull.note((None, at(100)), &fading(), &[5, 0, 0], 0);
        pull.penalise(PENALTY_STEPS);
        let before = pull;
        pull.note((Some(at(100)), at(0)), &fading(), &[0; WATCHED], 0);
        assert_eq!(pull, before);
    }
}
