//! Pages: sizes within bounds, and tokens that say where the next page begins and which question they belong to.

use super::fault::InvalidField;
use crate::api::status::Failure;

/// Rows of a page when none are named.
const PAGE_SIZE_DEFAULT: usize = 100;
/// Most rows of a page.
const PAGE_SIZE_MAX: i32 = 1_000;
/// The layout of a token: version, 4 bytes of the question's hash, the key of the last row.
const VERSION: u8 = 1;
const HEAD_BYTES: usize = 5;

/// The size of a page: 0 means 100, at most 1000.
pub(super) fn size(asked: i32) -> Result<usize, InvalidField> {
    match asked {
        0 => Ok(PAGE_SIZE_DEFAULT),
        1..=PAGE_SIZE_MAX => Ok(usize::try_from(asked).unwrap_or(PAGE_SIZE_DEFAULT)),
        _ => Err(InvalidField::OutOfRange {
            value: u64::try_from(asked).unwrap_or(0),
            least: 0,
            most: u64::from(PAGE_SIZE_MAX.unsigned_abs()),
        }),
    }
}

/// A question whose answer comes in pages: its tokens fit no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question([u8; 4]);

impl Question {
    /// The question of that name with those filters.
    pub(super) fn of(name: &str, filters: &[&[u8]]) -> Self {
        let mut hash = blake3::Hasher::new();
        hash.update(name.as_bytes());
        for filter in filters {
            hash.update(&u64::try_from(filter.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(filter);
        }
        let [a, b, c, d, ..] = *hash.finalize().as_bytes();
        Self([a, b, c, d])
    }

    /// The token of the page after the row with that key.
    #[must_use]
    pub fn token(self, key: &[u8]) -> String {
        let bytes = [&[VERSION], &self.0[..], key].concat();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The key in a token; `None` for the first page, which has no token.
    ///
    /// # Errors
    /// [`Failure::InvalidPageToken`] where it is not one of this question, or its key is not `N` bytes long.
    pub(super) fn key<const N: usize>(self, token: &str) -> Result<Option<[u8; N]>, Failure> {
        if token.is_empty() {
            return Ok(None);
        }
        let digits = token.as_bytes();
        if digits.len() != 2 * (HEAD_BYTES + N) {
            return Err(Failure::InvalidPageToken);
        }
        let nibble =
            |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let bytes: Option<Vec<u8>> = digits
            .chunks_exact(2)
            .map(|pair| Some(nibble(*pair.first()?)? << 4 | nibble(*pair.last()?)?))
            .collect();
        let bytes = bytes.ok_or(Failure::InvalidPageToken)?;
        let (head, key) = bytes.split_at(HEAD_BYTES);
        if head != [&[VERSION], &self.0[..]].concat() {
            return Err(Failure::InvalidPageToken);
        }
        <[u8; N]>::try_from(key).map(Some).map_err(|_| Failure::InvalidPageToken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_have_a_default_and_an_end() {
        assert_eq!(size(0), Ok(100));
        assert_eq!(size(1_000), Ok(1_000));
        for bad in [-1, 1_001, i32::MIN, i32::MAX] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_fits_its_question_only() {
        let one = Question::of("held", &[b"a", b"b"]);
        let other = Question::of("held", &[b"ab", b""]);
        let token = one.token(&[7; 16]);
        assert_eq!(one.key(&token), Ok(Some([7; 16])));
        assert_eq!(one.key::<16>(""), Ok(None));
        for bad in
            [other.key::<16>(&token), one.key(&token[2..]), one.key(&token.replace('7', "g"))]
        {
            assert_eq!(bad, Err(Failure::InvalidPageToken));
        }
        assert_eq!(one.key::<24>(&token), Err(Failure::InvalidPageToken));
    }

    proptest! {
        #[test]
        fn any_token_is_answered(token in any::<String>()) {
            let _ = Question::of("held", &[]).key::<16>(&token);
        }
    }
}
