//! Through a printer and a scanner: turned, scaled and moved, blurred, cut at another threshold, and with dirt on the glass.

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};

use super::raster::pepper;
use crate::lab::pages::bitmap::{Bitmap, whole};

/// How a sheet lies on the glass.
#[derive(Clone, Copy)]
pub(super) struct Motion {
    pub(super) degrees: f64,
    pub(super) scale: f64,
    /// Dots to the right.
    pub(super) right: f64,
    /// Fine rows down.
    pub(super) down: f64,
}

impl Motion {
    pub(super) const STILL: Self = Self { degrees: 0.0, scale: 1.0, right: 0.0, down: 0.0 };
}

/// The page as it lies, about its middle; each dot takes the nearest of the page, what lay outside is white.
pub(super) fn warp(page: &Bitmap, motion: Motion) -> Bitmap {
    // A dot across is 1/204 inch, a fine row 1/196: nearly square.
    let per_row = 1.0 / page.grain().per_fine_row() * (204.0 / 196.0);
    let (width, rows) = (usize::from(page.width()), page.rows());
    let (middle_x, middle_y) = (width as f64 / 2.0, rows as f64 * per_row / 2.0);
    let (sin, cos) = motion.degrees.to_radians().sin_cos();
    let mut warped = page.same_white(0);
    let mut words = vec![0_u64; width.div_ceil(64)];
    for y in 0..rows {
        words.fill(0);
        let off_y = (y as f64 * per_row - middle_y - motion.down) / motion.scale;
        for x in 0..width {
            let off_x = (x as f64 - middle_x - motion.right) / motion.scale;
            let from_x = off_x * cos + off_y * sin + middle_x;
            let from_y = (off_y * cos - off_x * sin + middle_y) / per_row;
            let inside = from_x > -0.5 && from_y > -0.5;
            if inside && page.is_black(whole(from_x), whole(from_y)) {
                words[x / 64] |= 1 << (x % 64);
            }
        }
        warped.push_words(words.iter().copied());
    }
    warped
}

/// Printed and scanned again; see `Distortion::Rescan`.
pub(super) fn rescan(page: &Bitmap, rng: &mut StdRng) -> Bitmap {
    let mut within = |most: f64| rng.random_range(-most..most);
    let motion = Motion {
        degrees: within(0.4),
        scale: 1.0 + within(0.02),
        right: within(15.0),
        down: within(15.0),
    };
    let threshold = rng.random_range(3..7);
    let mut scanned = blurred(&warp(page, motion), threshold, rng);
    pepper(&mut scanned, 0.001, rng);
    scanned
}

/// Black where at least so many of the nine dots around are; an eighth of all dots count one more, so edges are ragged.
fn blurred(page: &Bitmap, threshold: u64, rng: &mut StdRng) -> Bitmap {
    let rows = page.rows();
    let sums: Vec<[Vec<u64>; 2]> = (0..rows).map(|y| across(page.row(y))).collect();
    let stride = page.row(0).len();
    let none = [vec![0; stride], vec![0; stride]];
    let mut blurred = page.same_white(0);
    for y in 0..rows {
        let above = y.checked_sub(1).and_then(|above| sums.get(above)).unwrap_or(&none);
        let below = sums.get(y + 1).unwrap_or(&none);
        let ragged: Vec<u64> =
            (0..stride).map(|_| rng.next_u64() & rng.next_u64() & rng.next_u64()).collect();
        blurred.push_words((0..stride).map(|at| {
            let parts = [above, &sums[y], below].map(|sum| [sum[0][at], sum[1][at]]);
            at_least(parts, ragged[at], threshold)
        }));
    }
    blurred
}

/// How many of a dot and its two neighbours in the row are black, as two bits for each dot.
fn across(row: &[u64]) -> [Vec<u64>; 2] {
    let neighbour = |at: Option<usize>| at.and_then(|at| row.get(at)).copied().unwrap_or(0);
    let (mut low, mut high) = (Vec::with_capacity(row.len()), Vec::with_capacity(row.len()));
    for (at, word) in row.iter().enumerate() {
        let before = word << 1 | neighbour(at.checked_sub(1)) >> 63;
        let after = word >> 1 | neighbour(at.checked_add(1)) << 63;
        low.push(word ^ before ^ after);
        high.push(word & before | word & after | before & after);
    }
    [low, high]
}

/// Where the sum of three numbers of two bits and one of one bit, at most ten, is at least the threshold: 64 dots at once.
fn at_least(parts: [[u64; 2]; 3], extra: u64, threshold: u64) -> u64 {
    let [[a0, a1], [b0, b1], [c0, c1]] = parts;
    let full = |x: u64, y: u64, z: u64| (x ^ y ^ z, x & y | x & z | y & z);
    let (low, carry) = full(a0, b0, c0);
    let (ones, carry_ones) = (low ^ extra, low & extra);
    let (middle, carry_middle) = full(a1, b1, c1);
    let (twos, carry_twos) = full(middle, carry, carry_ones);
    let (fours, eights) = (carry_middle ^ carry_twos, carry_middle & carry_twos);
    let bits = [ones, twos, fours, eights];
    // Compared from the highest bit: greater so far, or equal so far.
    let (mut greater, mut equal) = (0, u64::MAX);
    for (at, bit) in bits.into_iter().enumerate().rev() {
        if threshold >> at & 1 == 1 {
            equal &= bit;
        } else {
            greater |= equal & bit;
            equal &= !bit;
        }
    }
    greater | equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::pages::bitmap::Grain;

    #[test]
    fn a_still_sheet_stays_as_it_is() {
        let mut page = Bitmap::white(130, 90, Grain::Fine);
        for y in 20..50 {
            page.fill(y, 10 + y..100);
        }
        assert_eq!(warp(&page, Motion::STILL), page);
    }

    #[test]
    fn sums_of_bits_are_compared_rightly() {
        for case in 0..128_u64 {
            let bit = |at: u64| if case >> at & 1 == 1 { u64::MAX } else { 0 };
            let parts = [[bit(0), bit(1)], [bit(2), bit(3)], [bit(4), bit(5)]];
            let value = |low: u64| (case >> low & 1) + 2 * (case >> (low + 1) & 1);
            let sum = value(0) + value(2) + value(4) + (case >> 6 & 1);
            for threshold in 1..11 {
                let expected = if sum >= threshold { u64::MAX } else { 0 };
                assert_eq!(at_least(parts, bit(6), threshold), expected, "{case} {threshold}");
            }
        }
    }
}
