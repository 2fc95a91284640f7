//! The secret of an epoch: without it a fingerprint cannot be held against a page.

use zeroize::Zeroizing;

use super::{BUCKET_BITS, MARK_BITS, Mark};
use crate::time::{DAY_SECONDS, Timestamp};

/// Bytes of the secret.
pub const KEY_BYTES: usize = 32;

/// Seconds of an epoch: a page is fingerprinted under the keys of the present and of the one before, so that two pages
/// within two days of each other have one in common, whenever they come.
pub const EPOCH_SECONDS: u64 = 2 * DAY_SECONDS;

/// The number of the epoch at that time.
#[must_use]
pub fn epoch_of(now: Timestamp) -> u32 {
    let seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
    u32::try_from(seconds / EPOCH_SECONDS).unwrap_or(u32::MAX)
}

/// The epochs whose keys count at that time, the newest first.
#[must_use]
pub fn epochs_at(now: Timestamp) -> [u32; 2] {
    let present = epoch_of(now);
    [present, present.saturating_sub(1)]
}

/// The key of one epoch: pages of one epoch are compared with each other, and with no others.
///
/// ```compile_fail
/// fn print(key: &faxguard::content::fingerprint::FingerprintKey) -> String {
///     format!("{key:?}")
/// }
/// ```
pub struct FingerprintKey {
    epoch: u32,
    /// The key of stretches of rows.
    chunks: Zeroizing<[u8; KEY_BYTES]>,
    /// Where each bit of a mark goes: bits of the bucket stay in it.
    order: Zeroizing<[u8; MARK_BITS as usize]>,
    /// What is added to the bits of a mark.
    mask: u64,
}

impl FingerprintKey {
    /// The key of an epoch from its secret.
    #[must_use]
    pub fn new(epoch: u32, secret: [u8; KEY_BYTES]) -> Self {
        let secret = Zeroizing::new(secret);
        let derived = |context| {
            let mut hasher = blake3::Hasher::new_derive_key(context);
            hasher.update(secret.as_slice()).update(&epoch.to_le_bytes());
            hasher
        };
        let mut random = derived("faxguard 2026 marks of a page").finalize_xof();
        let chunks = derived("faxguard 2026 stretches of rows").finalize();
        let mut number = || {
            let mut bytes = [0; 8];
            random.fill(&mut bytes);
            u64::from_le_bytes(bytes)
        };
        let mask = number() & ((1 << MARK_BITS) - 1);
        let mut order = Zeroizing::new([0; MARK_BITS as usize]);
        for (place, bit) in order.iter_mut().zip(0..) {
            *place = bit;
        }
        let (bucket, rest) = order.split_at_mut(BUCKET_BITS as usize);
        for part in [bucket, rest] {
            // Fisher and Yates; 64 bits leave no bias that anybody could see.
            for last in (1..part.len()).rev() {
                let among = u64::try_from(last + 1).unwrap_or(1);
                part.swap(last, usize::try_from(number() % among).unwrap_or(0));
            }
        }
        Self { epoch, chunks: Zeroizing::new(*chunks.as_bytes()), order, mask }
    }

    /// Number of the epoch.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The key of a stretch of rows.
    pub(super) fn chunk(&self, hash: u64) -> u64 {
        let keyed = blake3::keyed_hash(&self.chunks, &hash.to_le_bytes());
        let (first, _) = keyed.as_bytes().split_first_chunk().unwrap_or((&[0; 8], &[]));
        // Zeros and ones are what forgers send.
        u64::from_le_bytes(*first).clamp(1, u64::MAX - 1)
    }

    /// The mark with its bits in the order of the key and the mask added: as near to others of the epoch as before.
    pub(super) fn mark(&self, plain: Mark) -> Mark {
        let moved = |bit: usize| u64::from(self.order.get(bit).copied().unwrap_or(0));
        let bits =
            (0..self.order.len()).map(|bit| (plain.bits >> bit & 1) << moved(bit)).sum::<u64>();
        let weak = plain.weak.map(|bit| self.order.get(usize::from(bit)).copied().unwrap_or(0));
        Mark { bits: bits ^ self.mask, weak, ..plain }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(bits: u64) -> Mark {
        Mark { column: 1, row: 2, bits, weak: [0, 1, 2, 3, 4, 5, 6, 7] }
    }

    #[test]
    fn distances_stay_and_buckets_too() {
        let key = FingerprintKey::new(7, [3; 32]);
        let (one, other) = (mark(0x0000_F0F0_1234_5678), mark(0x0000_F0F1_1234_5679));
        let (a, b) = (key.mark(one), key.mark(other));
        assert_eq!(a.apart(&b), one.apart(&other));
        assert_eq!((a.bits ^ b.bits) & 0xFF_FFFF, (a.bits ^ b.bits) & 0xFF_FFFF);
        assert_eq!(
            ((a.bits ^ b.bits) & 0xFF_FFFF).count_ones(),
            1,
            "one bit of the bucket, one beside"
        );
        for (bit, place) in [(0, a.weak[0]), (3, a.weak[3])] {
            let flipped = key.mark(mark(one.bits ^ 1 << bit));
            assert_eq!(flipped.bits ^ a.bits, 1 << place, "weak bits move with the others");
        }
    }

    #[test]
    fn another_secret_or_epoch_is_another_key() {
        let of = |epoch, secret| FingerprintKey::new(epoch, [secret; 32]);
        let key = of(1, 1);
        assert_eq!(key.chunk(5), of(1, 1).chunk(5));
        assert_ne!(key.chunk(5), of(1, 2).chunk(5));
        for other in [of(2, 1), of(1, 2)] {
            assert_ne!(key.mark(mark(9)).bits, other.mark(mark(9)).bits);
        }
    }
}
