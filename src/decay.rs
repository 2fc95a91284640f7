//! Exponential decay and logarithms in integers: every node must forget at the same pace, to the last bit.
//!
//! Values are 16.16 fixed point: [`ONE`] is one event. What is older than 32 half-lives is zero.

use crate::time::{Span, Timestamp};

/// One event in 16.16 fixed point.
pub const ONE: u32 = 1 << 16;
/// Parts of a half-life the table holds, and the quantum of [`DecayedSet`].
const PARTS: u64 = 256;
/// `2^(-1/256)` in units of `2^-64`.
const ROOT: u64 = 18_396_865_112_328_554_661;
/// `ln 2` in units of `2^-32`.
const LN_2: u64 = 2_977_044_471;

/// `2^(-k/256)` for k from 0 to 256, in units of `2^-32`, rounded to the nearest.
const FACTORS: [u64; 257] = factors();

const fn factors() -> [u64; 257] {
    let mut table = [1 << 32; 257];
    let mut fraction = ROOT;
    let mut at = 1;
    while at < table.len() {
        table[at] = (fraction + (1 << 31)) >> 32;
        fraction = ((fraction as u128 * ROOT as u128 + (1 << 63)) >> 64) as u64;
        at += 1;
    }
    table[256] = 1 << 31;
    table
}

/// What some time leaves of a value: worked out once for all values that forget at the same pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decay {
    /// In units of `2^-32`.
    factor: u64,
    halvings: u64,
}

impl Decay {
    /// The decay by `2^(-elapsed / half_life)`, both times in seconds.
    /// A half-life of zero forgets at once; one above `u32::MAX` seconds counts as that.
    #[must_use]
    pub fn over(elapsed_seconds: u64, half_life_seconds: u64) -> Self {
        if elapsed_seconds == 0 {
            return Self { factor: 1 << 32, halvings: 0 };
        }
        let half_life = half_life_seconds.min(u64::from(u32::MAX));
        if half_life == 0 || elapsed_seconds / half_life >= 32 {
            return Self { factor: 0, halvings: 0 };
        }
        let halvings = elapsed_seconds / half_life;
        let scaled = elapsed_seconds % half_life * PARTS;
        let part = usize::try_from(scaled / half_life).unwrap_or(0);
        let rest = scaled % half_life;
        // Linear between the points of a convex curve: too high by at most (ln 2 / 256)² / 8, a millionth.
        let (from, to) = (FACTORS[part], FACTORS[part + 1]);
        Self { factor: from - (from - to) * rest / half_life, halvings }
    }

    /// What is left of a value, rounded down. Never more than `value`, never more for a longer time, off by less
    /// than a ten-thousandth and one unit of the last place.
    #[must_use]
    pub const fn of(self, value: u32) -> u32 {
        (((value as u64 * self.factor) >> 32) >> self.halvings) as u32
    }
}

/// What the time leaves of one value: see [`Decay`].
#[must_use]
pub fn decayed(value: u32, elapsed_seconds: u64, half_life_seconds: u64) -> u32 {
    if value == 0 { 0 } else { Decay::over(elapsed_seconds, half_life_seconds).of(value) }
}

/// `1000 · ln(value)`, rounded to the nearest; 0 for zero as for one. At most 22,181.
/// For a 16.16 value take `ln_milli(ONE)`, 11,090, off.
///
/// `log2(value) · 1000 ln 2`: the whole part from the leading bit, 32 bits of fraction by squaring (Knuth, The Art of Computer
/// Programming 1, section 1.2.2, exercise 25).
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a logarithm of 32 bits is below 32")]
pub fn ln_milli(value: u32) -> u32 {
    const UNIT: u64 = 1_000 * LN_2;
    let value = value.max(1);
    let whole = u64::from(value.ilog2());
    let mut mantissa = u64::from(value) << (31 - whole);
    let mut fraction = 0_u64;
    for _ in 0..32 {
        mantissa = (mantissa * mantissa) >> 31;
        let bit = mantissa >> 32;
        mantissa >>= bit;
        fraction = fraction << 1 | bit;
    }
    let log = whole << 32 | fraction;
    ((u128::from(log) * u128::from(UNIT) + (1 << 63)) >> 64) as u32
}

/// `N` decayed counters of one half-life that share one time.
///
/// The time moves only by whole 256ths of the half-life, so that counters touched every second decay
/// like counters touched once a week: rounding at each touch would otherwise forget far too fast.
/// What is added counts as if added up to a 256th of the half-life earlier, 0.3 % of it at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecayedSet<const N: usize> {
    values: [u32; N],
    /// Seconds since 1970; 0 when nothing was ever added.
    at: u32,
}

impl<const N: usize> Default for DecayedSet<N> {
    fn default() -> Self {
        Self { values: [0; N], at: 0 }
    }
}

impl<const N: usize> DecayedSet<N> {
    /// The set that [`Self::parts`] took apart.
    #[must_use]
    pub const fn from_parts(values: [u32; N], at: u32) -> Self {
        Self { values, at }
    }

    /// Values in 16.16, and the second since 1970 they stand for.
    #[must_use]
    pub const fn parts(&self) -> ([u32; N], u32) {
        (self.values, self.at)
    }

    /// The second the values stand for, as an instant.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        Timestamp::from_seconds(i64::from(self.at))
    }

    /// All counters at `now`, in 16.16.
    #[must_use]
    pub fn values(&self, now: Timestamp, half_life: Span) -> [u32; N] {
        let elapsed = now.since(self.at()).as_seconds();
        self.values.map(|value| decayed(value, elapsed, half_life.as_seconds()))
    }

    /// Adds `amount`, in 16.16, to counter `which`, saturating; there is no counter above `N - 1`.
    pub fn add(&mut self, which: usize, amount: u32, now: Timestamp, half_life: Span) {
        self.settle(now, half_life);
        if let Some(value) = self.values.get_mut(which) {
            *value = value.saturating_add(amount);
        }
    }

    /// Replaces counter `which` by what `change` makes of its value at about `now`.
    pub fn change(
        &mut self,
        which: usize,
        now: Timestamp,
        half_life: Span,
        change: impl FnOnce(u32) -> u32,
    ) {
        self.settle(now, half_life);
        if let Some(value) = self.values.get_mut(which) {
            *value = change(*value);
        }
    }

    fn settle(&mut self, now: Timestamp, half_life: Span) {
        let second = u32::try_from(now.as_seconds().max(0)).unwrap_or(u32::MAX);
        if self.values.iter().all(|value| *value == 0) {
            self.at = self.at.max(second);
            return;
        }
        let elapsed = u64::from(second.saturating_sub(self.at));
        let half_life = half_life.as_seconds().max(1);
        let quanta = elapsed.saturating_mul(PARTS) / half_life;
        // Whole quanta are taken off where they are whole seconds; the rest is taken off later.
        let step = (quanta.saturating_mul(half_life) / PARTS).min(elapsed);
        if quanta > 0 && step > 0 {
            self.values = self.values.map(|value| decayed(value, step, half_life));
            self.at = self.at.saturating_add(u32::try_from(step).unwrap_or(u32::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(value: u32, elapsed: u64, half_life: u64) -> f64 {
        f64::from(value) * (-(elapsed as f64) / half_life as f64).exp2()
    }

    proptest! {
        #[test]
        fn decay_is_close_and_never_adds(value: u32, elapsed in 0_u64..1 << 40, half_life in 1_u64..1 << 32) {
            let got = f64::from(decayed(value, elapsed, half_life));
            let want = exact(value, elapsed, half_life);
            prop_assert!((got - want).abs() <= want * 1e-4 + 1.0, "{got} {want}");
            prop_assert!(got <= f64::from(value));
        }

        #[test]
        fn decay_is_monotone(value: u32, elapsed in 0_u64..1 << 24, half_life in 1_u64..1 << 20, more in 1_u64..600) {
            prop_assert!(decayed(value, elapsed + more, half_life) <= decayed(value, elapsed, half_life));
            prop_assert!(decayed(value / 2, elapsed, half_life) <= decayed(value, elapsed, half_life));
        }

        #[test]
        fn any_times_are_answered(value: u32, elapsed: u64, half_life: u64) {
            prop_assert!(decayed(value, elapsed, half_life) <= value);
        }

        #[test]
        fn logarithms_round_to_the_nearest(value in 1_u32..) {
            let ln = f64::from(value).ln() * 1_000.0;
            prop_assert!((f64::from(ln_milli(value)) - ln).abs() <= 0.5001);
        }
    }

    #[test]
    fn a_half_life_halves() {
        for (elapsed, want) in [(0, 1_000_000), (100, 500_000), (200, 250_000), (3_200, 0)] {
            assert_eq!(decayed(1_000_000, elapsed, 100), want, "{elapsed}");
        }
        assert_eq!(decayed(7, 0, 0), 7);
        assert_eq!(decayed(7, 1, 0), 0);
        assert_eq!((ln_milli(0), ln_milli(1), ln_milli(ONE)), (0, 0, 11_090));
    }

    #[test]
    fn touching_often_forgets_no_faster() {
        let half_life = Span::seconds(7 * 86_400);
        let mut often = DecayedSet::<2>::default();
        let start = Timestamp::from_seconds(1_700_000_000);
        often.add(0, 8 * ONE, start, half_life);
        for second in 0..86_400 {
            often.add(1, 0, start.plus(Span::seconds(second)), half_life);
        }
        let [got, _] = often.values(start.plus(Span::seconds(86_400)), half_life);
        let want = exact(8 * ONE, 1, 7);
        assert!((f64::from(got) - want).abs() < want * 1e-4, "{got} {want}");
    }

    #[test]
    fn a_clock_that_steps_back_neither_forgets_nor_restores() {
        let half_life = Span::seconds(1_000);
        let mut set = DecayedSet::<1>::default();
        set.add(0, ONE, Timestamp::from_seconds(10_000), half_life);
        set.add(0, ONE, Timestamp::from_seconds(9_000), half_life);
        assert_eq!(set.values(Timestamp::from_seconds(10_000), half_life), [2 * ONE]);
        assert_eq!(set.values(Timestamp::from_seconds(0), half_life), [2 * ONE]);
        assert_eq!(set.values(Timestamp::from_seconds(11_000), half_life), [ONE]);
    }
}
