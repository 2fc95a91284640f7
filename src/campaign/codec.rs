//! The byte words of a stored row: little-endian integers, bounded bytes, and a sum over all of it at the end.

/// Bytes of the sum.
const SUM_BYTES: usize = 8;

fn sum(bytes: &[u8]) -> [u8; SUM_BYTES] {
    let mut sum = [0; SUM_BYTES];
    sum.copy_from_slice(&blake3::hash(bytes).as_bytes()[..SUM_BYTES]);
    sum
}

/// Puts the sum behind what was written: a damaged row is not read as another.
pub(super) fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = sum(&bytes);
    bytes.extend_from_slice(&sum);
    bytes
}

/// What was sealed; `None` where it was cut or changed.
pub(super) fn unseal(bytes: &[u8]) -> Option<&[u8]> {
    let (body, end) = bytes.split_last_chunk::<SUM_BYTES>()?;
    (sum(body) == *end).then_some(body)
}

/// Reads from the front of a row; `None` where it ends.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.u16()?);
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    pub(super) fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    /// So many of what `read` reads, as a byte says, at most `most`.
    pub(super) fn list<T>(
        &mut self,
        most: usize,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = usize::from(self.u8()?);
        (count <= most).then(|| (0..count).map(|_| read(self)).collect())?
    }
}

/// Puts bytes behind their length; every caller's are bounded far below 64 KiB.
pub(super) fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    debug_assert!(u16::try_from(bytes.len()).is_ok(), "bytes of a row are bounded");
    let length = u16::try_from(bytes.len()).unwrap_or(0);
    to.extend_from_slice(&length.to_le_bytes());
    to.extend_from_slice(&bytes[..usize::from(length)]);
}

/// Puts how many follow; every caller's list is bounded below 256.
pub(super) fn put_count(to: &mut Vec<u8>, count: usize) {
    debug_assert!(u8::try_from(count).is_ok(), "lists of a row are bounded");
    to.push(u8::try_from(count).unwrap_or(0));
}

/// Puts 32-bit integers behind their count.
pub(super) fn put_words(to: &mut Vec<u8>, words: &[u32]) {
    put_count(to, words.len());
    words.iter().for_each(|word| to.extend_from_slice(&word.to_le_bytes()));
}
