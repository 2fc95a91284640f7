//! Integers of a row: seven bits a byte, low bits first; signed ones in zigzag (as in Protocol Buffers).

use crate::store::codec::take_u8;

/// Appends an integer.
pub(super) fn put(to: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            to.push(low & 0x7f);
            return;
        }
        to.push(low | 0x80);
    }
}

/// Appends a signed integer.
pub(super) fn put_signed(to: &mut Vec<u8>, value: i64) {
    put(to, (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned());
}

/// Takes an integer; `None` where bytes end or it has more than 64 bits.
pub(super) fn take(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = take_u8(from)?;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Takes a signed integer.
pub(super) fn take_signed(from: &mut &[u8]) -> Option<i64> {
    let value = take(from)?;
    Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
}

/// Takes an integer that fits.
pub(super) fn take_as<T: TryFrom<u64>>(from: &mut &[u8]) -> Option<T> {
    T::try_from(take(from)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_back(value in any::<u64>(), signed in any::<i64>()) {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            put_signed(&mut bytes, signed);
            let mut from = bytes.as_slice();
            prop_assert_eq!(take(&mut from), Some(value));
            prop_assert_eq!(take_signed(&mut from), Some(signed));
            prop_assert!(from.is_empty());
        }

        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            let _ = take(&mut bytes.as_slice());
        }
    }
}
