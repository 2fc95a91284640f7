//! What goes to the script and comes back from it, as bytes: keys, and whole numbers in the order of `meet.lua`. What comes
//! back is from outside: every length is looked at.

use crate::limiter::{Telling, Told};

/// Bytes of what is told of a key.
pub(super) const TELLING_BYTES: usize = 8 + 15 * 8;
/// Bytes of what is heard of one.
pub(super) const TOLD_BYTES: usize = 8 + 7 * 8;

/// Appends what is told of a key.
pub(super) fn put(telling: &Telling, to: &mut Vec<u8>) {
    let Telling { key, steps, paces, known, pulled } = telling;
    to.extend_from_slice(&key.to_be_bytes());
    steps.iter().for_each(|word| to.extend_from_slice(&word.to_le_bytes()));
    let words = paces.iter().chain(known).chain(pulled);
    words.for_each(|word| to.extend_from_slice(&word.to_le_bytes()));
}

/// Reads what is heard; `None` where the bytes are no whole number of keys.
pub(super) fn read(bytes: &[u8]) -> Option<Vec<Told>> {
    let rows = bytes.chunks_exact(TOLD_BYTES);
    if !rows.remainder().is_empty() {
        return None;
    }
    rows.map(row).collect()
}

fn row(bytes: &[u8]) -> Option<Told> {
    let (key, words) = bytes.split_first_chunk()?;
    let mut words = words.chunks_exact(8).filter_map(|word| word.try_into().ok());
    let mut next = || words.next().map(u64::from_le_bytes);
    let steps = [next()?, next()?, next()?, next()?];
    let rates = [next()?, next()?, next()?];
    Some(Told { key: u64::from_be_bytes(*key), steps, rates })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(read(&bytes).is_some(), bytes.len().is_multiple_of(TOLD_BYTES));
        }

        #[test]
        fn what_is_told_is_as_long_as_the_script_reads(key in any::<u64>(), steps in any::<[i64; 4]>()) {
            let telling = Telling { key, steps, paces: [5; 4], known: [7; 4], pulled: [9; 3] };
            let mut bytes = Vec::new();
            put(&telling, &mut bytes);
            prop_assert_eq!(bytes.len(), TELLING_BYTES);
            prop_assert_eq!(&bytes[..8], &key.to_be_bytes());
        }
    }
}
