//! Digests of what must not be kept in clear, or is too long for a name.

/// The key of digests that are only names: whoever has the parts may work them out.
pub(super) const NAMES: [u8; 32] = *b"faxguard node names, no secret 1";

/// A digest of parts under a key. Each part brings its length, so that no parts pass for others.
pub(super) fn digest<const N: usize>(key: &[u8; 32], parts: &[&[u8]]) -> [u8; N] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for part in parts {
        hasher.update(&part.len().to_le_bytes());
        hasher.update(part);
    }
    let mut bytes = [0; N];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

/// The same as a name: two hexadecimal digits a byte.
pub(super) fn name_of<const N: usize>(parts: &[&[u8]]) -> String {
    digest::<N>(&NAMES, parts).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_keys_are_told_apart() {
        let of = |key, parts: &[&[u8]]| digest::<16>(&[key; 32], parts);
        assert_eq!(of(1, &[b"ab", b"c"]), of(1, &[b"ab", b"c"]));
        assert_ne!(of(1, &[b"ab", b"c"]), of(1, &[b"a", b"bc"]));
        assert_ne!(of(1, &[b"ab", b"c"]), of(2, &[b"ab", b"c"]));
        assert_ne!(of(1, &[b"", b""]), of(1, &[b""]));
        assert_eq!(name_of::<12>(&[b"job"]).len(), 24);
    }
}
