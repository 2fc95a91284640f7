//! The few byte words that stored records are made of: little-endian integers and length-prefixed bytes.
//! Readers take from the front of a slice and answer `None` where it is too short.

/// Takes `N` bytes.
pub fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = from.split_first_chunk::<N>()?;
    *from = tail;
    Some(*head)
}

/// Takes one byte.
pub fn take_u8(from: &mut &[u8]) -> Option<u8> {
    take::<1>(from).map(|[byte]| byte)
}

/// Takes a 16-bit integer.
pub fn take_u16(from: &mut &[u8]) -> Option<u16> {
    take(from).map(u16::from_le_bytes)
}

/// Takes a 32-bit integer.
pub fn take_u32(from: &mut &[u8]) -> Option<u32> {
    take(from).map(u32::from_le_bytes)
}

/// Takes a 64-bit integer.
pub fn take_u64(from: &mut &[u8]) -> Option<u64> {
    take(from).map(u64::from_le_bytes)
}

/// Takes a signed 64-bit integer.
pub fn take_i64(from: &mut &[u8]) -> Option<i64> {
    take(from).map(i64::from_le_bytes)
}

/// Takes what [`put_bytes`] put.
pub fn take_bytes<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_u32(from)?).ok()?;
    let (head, tail) = from.split_at_checked(length)?;
    *from = tail;
    Some(head)
}

/// Takes what [`put_option`] put; a mark other than 0 and 1 is `None`.
pub fn take_option<T>(
    from: &mut &[u8],
    inner: impl FnOnce(&mut &[u8]) -> Option<T>,
) -> Option<Option<T>> {
    match take_u8(from)? {
        0 => Some(None),
        1 => inner(from).map(Some),
        _ => None,
    }
}

/// Puts bytes behind their length of 32 bits. Every caller's bytes are bounded far below 4 GiB.
pub fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    assert!(u32::try_from(bytes.len()).is_ok(), "bytes of a record are bounded");
    let length = u32::try_from(bytes.len()).unwrap_or(0);
    to.extend_from_slice(&length.to_le_bytes());
    to.extend_from_slice(bytes);
}

/// Puts a mark, and the value where there is one.
pub fn put_option<const N: usize>(to: &mut Vec<u8>, value: Option<[u8; N]>) {
    to.push(u8::from(value.is_some()));
    if let Some(bytes) = value {
        to.extend_from_slice(&bytes);
    }
}
