//! A page as dots: 64 of them a word, the leftmost in the lowest bit, so that where colours change is a matter of shifts.

use std::ops::Range;

/// Dots across a page of 215 mm at 204 dots per inch (T.4, table 1).
pub const WIDTH: u16 = 1728;
/// Rows of a Letter page of 11 inches in fine resolution.
pub const LETTER_ROWS: usize = 2156;
/// Rows of an A4 page of 297 mm in fine resolution.
pub const A4_ROWS: usize = 2292;

/// The whole number nearest to a place; none is below zero or above 32 bits.
pub(in crate::lab) fn whole(place: f64) -> usize {
    // Beside 2 to the 52nd, the bits of the fraction are those of a whole number.
    const BESIDE: f64 = 4_503_599_627_370_496.0;
    let bits = (place.clamp(0.0, f64::from(u32::MAX)) + BESIDE).to_bits();
    usize::try_from(bits & u64::from(u32::MAX)).unwrap_or(usize::MAX)
}

/// How far apart rows are (T.4 2.1, T.30 table 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grain {
    /// 3.85 rows a mm: 98 dpi.
    Standard,
    /// 7.7 rows a mm: 196 dpi.
    Fine,
    /// 15.4 rows a mm: 391 dpi.
    Superfine,
}

impl Grain {
    /// Rows an inch, as TIFF-F states them.
    #[must_use]
    pub const fn dpi(self) -> u16 {
        match self {
            Self::Standard => 98,
            Self::Fine => 196,
            Self::Superfine => 391,
        }
    }

    /// Rows of this grain for each row of fine.
    #[must_use]
    pub const fn per_fine_row(self) -> f64 {
        match self {
            Self::Standard => 0.5,
            Self::Fine => 1.0,
            Self::Superfine => 2.0,
        }
    }
}

/// The dots of a page. Dots beyond the width are white.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap {
    width: u16,
    grain: Grain,
    /// Words of a row.
    stride: usize,
    words: Vec<u64>,
}

impl Bitmap {
    /// A white page of so many rows.
    #[must_use]
    pub fn white(width: u16, rows: usize, grain: Grain) -> Self {
        assert!(width > 0, "a page has a width");
        let stride = usize::from(width).div_ceil(64);
        Self { width, grain, stride, words: vec![0; stride * rows] }
    }

    /// Dots across.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.words.len() / self.stride
    }

    /// How far apart the rows are.
    #[must_use]
    pub const fn grain(&self) -> Grain {
        self.grain
    }

    /// The words of one row.
    #[must_use]
    pub fn row(&self, y: usize) -> &[u64] {
        &self.words[y * self.stride..(y + 1) * self.stride]
    }

    /// Whether the dot is black; white beyond the page.
    #[must_use]
    pub fn is_black(&self, x: usize, y: usize) -> bool {
        x < usize::from(self.width) && y < self.rows() && self.row(y)[x / 64] >> (x % 64) & 1 == 1
    }

    /// Blackens the dot; nothing beyond the page.
    pub fn blacken(&mut self, x: usize, y: usize) {
        if x < usize::from(self.width) && y < self.rows() {
            self.words[y * self.stride + x / 64] |= 1 << (x % 64);
        }
    }

    /// Turns the dot over; nothing beyond the page.
    pub fn flip(&mut self, x: usize, y: usize) {
        if x < usize::from(self.width) && y < self.rows() {
            self.words[y * self.stride + x / 64] ^= 1 << (x % 64);
        }
    }

    /// Blackens a stretch of a row; what is beyond the page is cut off.
    pub fn fill(&mut self, y: usize, across: Range<usize>) {
        self.each_word(y, across, |word, mask| *word |= mask);
    }

    /// Whitens a stretch of a row; what is beyond the page is cut off.
    pub fn clear(&mut self, y: usize, across: Range<usize>) {
        self.each_word(y, across, |word, mask| *word &= !mask);
    }

    fn each_word(&mut self, y: usize, across: Range<usize>, change: impl Fn(&mut u64, u64)) {
        let to = across.end.min(usize::from(self.width));
        if y >= self.rows() || across.start >= to {
            return;
        }
        let (first, last) = (across.start / 64, (to - 1) / 64);
        let row = &mut self.words[y * self.stride..(y + 1) * self.stride];
        for (at, word) in row.iter_mut().enumerate().take(last + 1).skip(first) {
            let from = if at == first { u64::MAX << (across.start % 64) } else { u64::MAX };
            let until = if at == last { u64::MAX >> (63 - (to - 1) % 64) } else { u64::MAX };
            change(word, from & until);
        }
    }

    /// Where the colour of a row changes, from white on, ascending and below the width.
    pub fn changes(&self, y: usize, changes: &mut Vec<u16>) {
        changes.clear();
        let mut carry = 0;
        for (base, word) in (0..).step_by(64).zip(self.row(y)) {
            let mut edges = word ^ (word << 1 | carry);
            carry = word >> 63;
            while edges != 0 {
                let at = base + edges.trailing_zeros();
                edges &= edges - 1;
                // The colour falls back to white behind the last dot, which is no change of the row.
                if let Ok(at) = u16::try_from(at)
                    && at < self.width
                {
                    changes.push(at);
                }
            }
        }
    }

    /// Appends `count` rows with those changes.
    pub fn push_rows(&mut self, changes: &[u16], count: usize) {
        let y = self.rows();
        self.words.resize(self.words.len() + count * self.stride, 0);
        for pair in changes.chunks(2) {
            let to = pair.get(1).copied().unwrap_or(self.width);
            for row in y..y + count {
                self.fill(row, usize::from(pair[0])..usize::from(to));
            }
        }
    }

    /// Appends a row as words; dots beyond the width are cut off.
    pub(super) fn push_words(&mut self, row: impl Iterator<Item = u64>) {
        self.words.extend(row.take(self.stride));
        let rows = self.words.len().div_ceil(self.stride);
        self.words.resize(rows * self.stride, 0);
        if let Some(last) = self.words.last_mut() {
            *last &= u64::MAX >> (self.stride * 64 - usize::from(self.width));
        }
    }

    /// Copies a row over another.
    pub fn copy_row(&mut self, from: usize, to: usize) {
        let start = from * self.stride;
        self.words.copy_within(start..start + self.stride, to * self.stride);
    }

    /// Puts white rows before row `y`.
    pub fn insert_white(&mut self, y: usize, count: usize) {
        let at = y.min(self.rows()) * self.stride;
        self.words.splice(at..at, std::iter::repeat_n(0, count * self.stride));
    }

    /// Takes rows away; what is beyond the page is not there to take.
    pub fn remove_rows(&mut self, rows: Range<usize>) {
        let end = rows.end.min(self.rows());
        let start = rows.start.min(end);
        self.words.drain(start * self.stride..end * self.stride);
    }

    /// A white page of the same width and grain.
    #[must_use]
    pub fn same_white(&self, rows: usize) -> Self {
        Self::white(self.width, rows, self.grain)
    }

    /// An empty page of the same width and another grain, for rows to be appended.
    #[must_use]
    pub(super) fn regrained(&self, grain: Grain) -> Self {
        Self::white(self.width, 0, grain)
    }

    /// Lays another page's ink over this one, its upper left corner at `x`, `y`.
    pub(super) fn stamp(&mut self, other: &Self, x: usize, y: usize) {
        let mut changes = Vec::new();
        for row in 0..other.rows().min(self.rows().saturating_sub(y)) {
            other.changes(row, &mut changes);
            for pair in changes.chunks(2) {
                let to = pair.get(1).copied().unwrap_or(other.width);
                self.fill(y + row, x + usize::from(pair[0])..x + usize::from(to));
            }
        }
    }

    /// Black dots.
    #[must_use]
    pub fn ink(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Black dots as a share of all.
    #[must_use]
    pub fn ink_share(&self) -> f64 {
        let dots = (self.rows() * usize::from(self.width)).max(1);
        self.ink() as f64 / dots as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places_are_rounded_to_whole_dots() {
        for (place, dot) in
            [(-3.0, 0), (0.4, 0), (0.6, 1), (1727.4, 1727), (1e9 + 0.6, 1_000_000_001)]
        {
            assert_eq!(whole(place), dot);
        }
        assert_eq!(whole(f64::INFINITY), u32::MAX as usize);
    }

    #[test]
    fn changes_of_plain_rows() {
        let mut page = Bitmap::white(130, 4, Grain::Fine);
        page.fill(1, 0..130);
        page.fill(2, 63..65);
        page.fill(3, 129..200);
        let told = |y| {
            let mut changes = vec![7];
            page.changes(y, &mut changes);
            changes
        };
        assert_eq!(
            [told(0), told(1), told(2), told(3)],
            [vec![], vec![0], vec![63, 65], vec![129]]
        );
        assert_eq!(page.ink(), 130 + 2 + 1);
    }

    proptest! {
        #[test]
        fn changes_and_dots_tell_the_same(
            width in 1_u16..200,
            mut ats in proptest::collection::btree_set(0_u16..200, 0..20),
        ) {
            ats.retain(|at| *at < width);
            let ats: Vec<u16> = ats.into_iter().collect();
            let mut page = Bitmap::white(width, 0, Grain::Fine);
            page.push_rows(&ats, 2);
            let mut again = Vec::new();
            page.changes(1, &mut again);
            prop_assert_eq!(&again, &ats);
            for x in 0..usize::from(width) {
                let before = ats.iter().filter(|at| usize::from(**at) <= x).count();
                prop_assert_eq!(page.is_black(x, 0), before % 2 == 1);
            }
        }

        #[test]
        fn rows_come_and_go(at in 0_usize..12, count in 0_usize..5) {
            let mut page = Bitmap::white(70, 10, Grain::Fine);
            page.fill(9, 3..70);
            let before = page.clone();
            page.insert_white(at, count);
            prop_assert_eq!(page.rows(), 10 + count);
            prop_assert_eq!(page.ink(), 67);
            page.remove_rows(at.min(10)..at.min(10) + count);
            prop_assert_eq!(page, before);
        }
    }
}
