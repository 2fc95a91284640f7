//! Rates as exponential averages, in 16 bits where a table keeps millions of them.
//!
//! A job of cost `c` adds `c / K`, and the rate fades by `e^(-t / K)`: over Poisson arrivals its mean is the true rate, and
//! somebody new begins at `c / K`. (Stoica's form divides by the time since the arrival before, and so has to know one;
//! this one says of somebody new what it says of somebody who was quiet for long, so that to forget him changes
//! nothing.)

use crate::decay::Decay;
use crate::time::Span;

/// Binary places of a rate: units a second in 65,536ths.
pub(super) const PLACES: u32 = 16;
/// Binary places of a mantissa after its leading one.
const MANTISSA: u32 = 11;
/// The highest rate: 67 million units a second.
const RATE_MAX: u64 = (1 << 42) - 1;
/// The largest cost of one job that counts, in units: nine months on the line.
const COST_MAX: u64 = 1 << 24;
/// `1 / ln 2` in 65,536ths: how many half-lives of a rate are its time constant.
const HALF_LIVES: u64 = 94_548;

/// The longest half-life.
const MICROS_MAX: u64 = (1 << 32) - 1;

/// How fast rates fade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fading {
    half_life: u64,
    /// The time constant K, in microseconds.
    constant: u64,
}

impl Fading {
    /// By half in that time.
    pub(super) const fn by_half_in(half_life: Span) -> Self {
        let half_life = match half_life.as_micros() {
            ..1_000 => 1_000,
            micros if micros > MICROS_MAX => MICROS_MAX,
            micros => micros,
        };
        Self { half_life, constant: (half_life * HALF_LIVES) >> 16 }
    }

    /// The time constant.
    pub(super) const fn constant(self) -> Span {
        Span::micros(self.constant)
    }

    /// What is left after a time, in `2^-32`.
    pub(super) fn left(self, elapsed: Span) -> u64 {
        match elapsed.as_micros() {
            0 => 1 << 32,
            micros => u64::from(Decay::over(micros, self.half_life).of(u32::MAX)),
        }
    }

    /// The rate that a cost adds.
    pub(super) fn of_cost(self, cost: u64) -> u64 {
        ((cost.min(COST_MAX) * 1_000_000) << PLACES) / self.constant
    }
}

/// That part of a rate, in `2^-32`, rounded down.
pub(super) fn part(rate: u64, part: u64) -> u64 {
    let left = (u128::from(rate) * u128::from(part)) >> 32;
    u64::try_from(left).unwrap_or(u64::MAX)
}

/// The rate that a code stands for.
pub(super) fn decode(code: u16) -> u64 {
    let mantissa = u64::from(code) & ((1 << MANTISSA) - 1);
    match code >> MANTISSA {
        0 => mantissa,
        exponent => (mantissa | 1 << MANTISSA) << (exponent - 1),
    }
}

/// The code of a rate. What it cannot keep rounds up as often as it should, by bits that are as good as random, so
/// that many small steps add up to what they are.
pub(super) fn encode(rate: u64, dither: u64) -> u16 {
    let spare = |rate: u64| rate.max(1).ilog2().saturating_sub(MANTISSA);
    let rate = rate.min(RATE_MAX);
    let lifted = (rate + (dither & ((1 << spare(rate)) - 1))).min(RATE_MAX);
    let cut = spare(lifted);
    let mantissa = lifted >> cut;
    let exponent = if mantissa >> MANTISSA == 0 { 0 } else { u64::from(cut) + 1 };
    let code = exponent << MANTISSA | mantissa & ((1 << MANTISSA) - 1);
    u16::try_from(code).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_code_is_close_and_reads_back(rate in 0_u64..=RATE_MAX, dither in any::<u64>(), code in any::<u16>()) {
            let got = decode(encode(rate, dither));
            prop_assert!(got.abs_diff(rate) <= rate >> MANTISSA, "{got} {rate}");
            prop_assert_eq!(encode(decode(code), dither), code);
        }
    }

    #[test]
    fn many_small_steps_are_not_lost() {
        let fading = Fading::by_half_in(Span::seconds(7));
        let (mut code, mut random) = (0_u16, 1_u64);
        // 2,000 a second for a minute: a step is a fifth of what a code can tell apart.
        for _ in 0..120_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let left = part(decode(code), fading.left(Span::micros(500)));
            code = encode(left + fading.of_cost(1), random >> 32);
        }
        let rate = decode(code) >> PLACES;
        assert!((1_940..=2_060).contains(&rate), "{rate}");
    }
}
