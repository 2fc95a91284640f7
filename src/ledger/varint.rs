//! Integers of a row: seven bits a byte, low bits first; signed ones in zigzag (as in Protocol Buffers).

use crate::store::codec::take_u8;

/// Writes into room that somebody else keeps. A vector would load, compare and store its length at every byte, and
/// begin in memory that is far away.
pub(super) struct Packer<'a> {
    room: &'a mut [u8],
    length: usize,
}

impl<'a> Packer<'a> {
    /// A packer of that room, whose length is the most that what is packed takes: a test build panics beyond it, any
    /// other leaves out what does not fit, which no reader takes for a row then.
    pub(super) const fn new(room: &'a mut [u8]) -> Self {
        Self { room, length: 0 }
    }

    /// Bytes packed so far.
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    /// What was packed from that byte on.
    pub(super) fn packed(&self, from: usize) -> &[u8] {
        self.room.get(from..self.length).unwrap_or_default()
    }

    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        debug_assert!(self.length < self.room.len(), "more than was counted");
        if let Some(place) = self.room.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    #[inline]
    pub(super) fn put(&mut self, mut value: u64) {
        // Most have two bytes, where they have more than one.
        if (0x80..0x4000).contains(&value) {
            let [low, high, ..] = value.to_le_bytes();
            return self.fixed([low | 0x80, high << 1 | low >> 7]);
        }
        while value >= 0x80 {
            let [low, ..] = value.to_le_bytes();
            self.push(low | 0x80);
            value >>= 7;
        }
        let [low, ..] = value.to_le_bytes();
        self.push(low);
    }

    #[inline]
    pub(super) fn put_signed(&mut self, value: i64) {
        self.put(zigzag(value));
    }

    /// A byte and a signed integer after it. Most take two or three bytes together, which are put at once: a row has
    /// some thirty of them.
    #[inline]
    pub(super) fn place_and_signed(&mut self, place: u8, value: i32) {
        let coded = zigzag(value.into());
        let [low, high, ..] = coded.to_le_bytes();
        if coded < 0x80 {
            self.fixed([place, low]);
        } else if coded < 0x4000 {
            self.fixed([place, low | 0x80, high << 1 | low >> 7]);
        } else {
            self.push(place);
            self.put(coded);
        }
    }

    #[inline]
    pub(super) fn fixed<const M: usize>(&mut self, bytes: [u8; M]) {
        debug_assert!(self.length + M <= self.room.len(), "more than was counted");
        if let Some(place) = self.room.get_mut(self.length..self.length + M) {
            place.copy_from_slice(&bytes);
            self.length += M;
        }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        debug_assert!(self.length + bytes.len() <= self.room.len(), "more than was counted");
        if let Some(place) = self.room.get_mut(self.length..self.length + bytes.len()) {
            place.copy_from_slice(bytes);
            self.length += bytes.len();
        }
    }

    /// As [`crate::store::codec::put_option`].
    #[inline]
    pub(super) fn option<const M: usize>(&mut self, bytes: Option<[u8; M]>) {
        self.push(u8::from(bytes.is_some()));
        if let Some(bytes) = bytes {
            self.fixed(bytes);
        }
    }
}

const fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
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
        fn reads_back(value in any::<u64>(), signed in any::<i64>(), small in any::<i32>(), shift in 0..32) {
            let (value, small) = (value >> (2 * shift), small >> shift);
            let mut room = [0; 32];
            let mut packer = Packer::new(&mut room);
            packer.put(value);
            packer.put_signed(signed);
            packer.place_and_signed(9, small);
            packer.fixed([1, 2]);
            packer.option(Some([3]));
            packer.option::<9>(None);
            let mut from = packer.packed(0);
            prop_assert_eq!(take(&mut from), Some(value));
            prop_assert_eq!(take_signed(&mut from), Some(signed));
            prop_assert_eq!((take_u8(&mut from), take_signed(&mut from)), (Some(9), Some(small.into())));
            prop_assert_eq!(from, [1, 2, 1, 3, 0]);
        }

        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            let _ = take(&mut bytes.as_slice());
        }
    }
}
