//! How many different ones, in a fixed number of bytes: the smallest hash values of a set.
//!
//! A set keeps the [`SKETCH_VALUES`] smallest of the 32-bit hashes of its elements. Up to that many the count is exact
//! (but for two hashes of 32 bits that are equal); beyond, the largest one kept says how dense they lie (bottom-k
//! sketch: Bar-Yossef et al., RANDOM 2002; Beyer et al., SIGMOD 2007, the unbiased estimator `(k - 1) / u_k`). Its
//! relative standard error is at most `1 / sqrt(k - 2)`, 8.9 %, up to some ten million elements. Two sketches make the
//! sketch of the union, exactly, which is what merging campaigns asks for; and a small set takes few bytes, which
//! HyperLogLog's crates do only with a form of their own that cannot be written out by hand.

use super::bits::{high, scatter};

/// Most hash values of a sketch; up to so many elements the count is exact.
pub const SKETCH_VALUES: usize = 128;

/// The smallest hash values of a set, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sketch {
    values: Vec<u32>,
}

impl Sketch {
    /// Adds an element; true where the sketch changed, which for the first [`SKETCH_VALUES`] means that it is new.
    /// Zero is nobody and is not added.
    pub(super) fn add(&mut self, element: u64) -> bool {
        element != 0 && self.put(high(scatter(element)))
    }

    fn put(&mut self, value: u32) -> bool {
        let Err(at) = self.values.binary_search(&value) else {
            return false;
        };
        if at >= SKETCH_VALUES {
            return false;
        }
        if self.values.len() == SKETCH_VALUES {
            self.values.pop();
        }
        self.values.insert(at, value);
        true
    }

    /// About how many different elements were added.
    pub(super) fn count(&self) -> u32 {
        let kept = self.values.len();
        match self.values.last() {
            Some(last) if kept == SKETCH_VALUES => {
                let estimate = ((SKETCH_VALUES as u64 - 1) << 32) / (u64::from(*last) + 1);
                u32::try_from(estimate).unwrap_or(u32::MAX).max(127)
            }
            _ => u32::try_from(kept).unwrap_or(u32::MAX),
        }
    }

    /// Adds the elements of another set.
    pub(super) fn merge(&mut self, other: &Self) {
        for value in &other.values {
            if !self.put(*value) && self.values.last().is_some_and(|last| value > last) {
                break;
            }
        }
    }

    /// The hash values, ascending.
    pub(super) fn values(&self) -> &[u32] {
        &self.values
    }

    /// The sketch with these hash values; `None` where they are none of a sketch.
    pub(super) fn of_values(values: Vec<u32>) -> Option<Self> {
        let ascending = values.windows(2).all(|pair| pair[0] < pair[1]);
        (ascending && values.len() <= SKETCH_VALUES).then_some(Self { values })
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exact_first_and_close_beyond() {
        let mut sketch = Sketch::default();
        assert!(!sketch.add(0));
        for element in 1..=127 {
            assert!(sketch.add(element));
            assert!(!sketch.add(element));
            assert_eq!(u64::from(sketch.count()), element);
        }
        for (most, element) in [(10_000, 128..=10_000), (1_000_000, 10_001..=1_000_000)] {
            for element in element {
                sketch.add(element);
            }
            let off = f64::from(sketch.count()) / f64::from(most) - 1.0;
            assert!(off.abs() < 0.27, "three standard errors: {off}");
        }
    }

    proptest! {
        #[test]
        fn a_union_is_what_adding_all_gives(
            one in prop::collection::vec(any::<u64>(), 0..300),
            other in prop::collection::vec(any::<u64>(), 0..300),
        ) {
            let of = |elements: &[u64]| {
                let mut sketch = Sketch::default();
                for element in elements {
                    sketch.add(*element);
                }
                sketch
            };
            let mut merged = of(&one);
            merged.merge(&of(&other));
            prop_assert_eq!(&merged, &of(&[one, other].concat()));
            prop_assert_eq!(Sketch::of_values(merged.values().to_vec()), Some(merged));
        }
    }
}
