//! How sure a share is: Wilson's interval, and the bootstrap over pages where pairs share pages.
//!
//! Two formulas: the crates that have them bring whole libraries of distributions.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Of the normal distribution: 95 % lie within.
const Z: f64 = 1.959_963_984_540_054;

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Those that are so.
    pub hits: u64,
    /// All.
    pub of: u64,
}

impl Share {
    /// Counts one more.
    pub fn count(&mut self, hit: bool) {
        self.hits += u64::from(hit);
        self.of += 1;
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { hits: self.hits + other.hits, of: self.of + other.of }
    }

    /// From 0 to 1; none of none has no share.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }

    /// The 95 % interval of Wilson (1927): it stays within 0 and 1 and holds for shares near them.
    #[must_use]
    pub fn wilson(self) -> [f64; 2] {
        if self.of == 0 {
            return [0.0, 1.0];
        }
        let (share, of) = (self.hits as f64 / self.of as f64, self.of as f64);
        let z_squared = Z * Z / of;
        let middle = share + z_squared / 2.0;
        let spread = (share * (1.0 - share) / of + z_squared / (4.0 * of)).sqrt() * Z;
        [middle - spread, middle + spread].map(|end| (end / (1.0 + z_squared)).clamp(0.0, 1.0))
    }
}

/// The 95 % interval of the rate of pairs that hit, by drawing the pages anew `rounds` times (Efron's percentiles): pairs
/// of one page are not independent, so pages are drawn and not pairs.
#[must_use]
pub fn bootstrap_pairs(
    pages: usize,
    hits: &[(usize, usize)],
    rounds: usize,
    seed: u64,
) -> [f64; 2] {
    if pages < 2 || rounds == 0 {
        return [0.0, 1.0];
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let mut rates: Vec<f64> = (0..rounds)
        .map(|_| {
            let mut times = vec![0_u64; pages];
            for _ in 0..pages {
                times[rng.random_range(0..pages)] += 1;
            }
            let found: u64 = hits.iter().map(|(one, two)| times[*one] * times[*two]).sum();
            // Pairs of a page with itself are not counted on either side.
            let alike: u64 = times.iter().map(|count| count * count.saturating_sub(1) / 2).sum();
            let all = (pages as u64) * (pages as u64 - 1) / 2;
            found as f64 / all.saturating_sub(alike).max(1) as f64
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    [rounds / 40, rounds - 1 - rounds / 40].map(|at| rates[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_the_textbook() {
        // Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 29 of 29, by the score method.
        for (hits, of, expected) in [
            (81, 263, [0.2553, 0.3662]),
            (15, 148, [0.0624, 0.1605]),
            (0, 20, [0.0, 0.1611]),
            (29, 29, [0.8830, 1.0]),
        ] {
            let found = Share { hits, of }.wilson();
            for at in 0..2 {
                assert!((found[at] - expected[at]).abs() < 5e-5, "{hits}/{of}: {found:?}");
            }
        }
        assert_eq!(Share::default().wilson(), [0.0, 1.0]);
    }

    #[test]
    fn a_page_that_hits_everything_widens_the_interval() {
        let one: Vec<(usize, usize)> = (1..50).map(|at| (0, at)).collect();
        let spread: Vec<(usize, usize)> = (0..49).map(|at| (2 * at, 2 * at + 1)).collect();
        let width = |hits: &[(usize, usize)]| {
            let [low, high] = bootstrap_pairs(100, hits, 400, 1);
            assert!(low <= hits.len() as f64 / 4950.0 && hits.len() as f64 / 4950.0 <= high);
            high - low
        };
        assert!(width(&one) > 2.0 * width(&spread));
        assert_eq!(bootstrap_pairs(100, &[], 50, 1), [0.0, 0.0]);
    }
}
