//! Halves and hashes of 64-bit words.

/// The low half.
pub(super) const fn low(word: u64) -> u32 {
    let [a, b, c, d, ..] = word.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The high half.
pub(super) const fn high(word: u64) -> u32 {
    low(word >> 32)
}

/// Both halves, the first one high.
pub(super) const fn join(high: u32, low: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

/// Spreads what a word says over all of its bits, one to one (the finaliser of SplitMix64: Steele, Lea and Flood,
/// OOPSLA 2014). What comes in is keyed already; this only makes it fit for a table.
pub(super) const fn scatter(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_join() {
        assert_eq!(
            join(high(0x1234_5678_9ABC_DEF0), low(0x1234_5678_9ABC_DEF0)),
            0x1234_5678_9ABC_DEF0
        );
        assert_ne!(scatter(1), scatter(2));
    }
}
