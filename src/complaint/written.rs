//! Text as somebody outside wrote it: bounded, hostile, personal. It prints nowhere.

use std::fmt;

use serde_json::{Map, Value};

use super::fault::Cause;

/// A text as it was written, within the bound of its field. It has no `Display`, and its `Debug` is masked: it is read by
/// name alone, with [`Written::as_written`], and whoever puts it somewhere escapes it for that place.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Written(Box<str>);

impl Written {
    /// Takes a text of at most `most` bytes.
    ///
    /// # Errors
    /// [`Cause::TooLong`]; nothing is cut.
    pub fn of(text: &str, most: usize) -> Result<Self, Cause> {
        if text.len() > most {
            return Err(Cause::TooLong { most });
        }
        Ok(Self(text.into()))
    }

    /// The text, any characters at all in it.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written(masked)")
    }
}

/// Fields of a report that have no place in a [`super::Complaint`], as they came. No `_internal` of XARF is ever among
/// them, at any depth.
#[derive(Clone, Default, PartialEq)]
pub struct Kept(pub(super) Map<String, Value>);

impl Kept {
    /// The fields.
    #[must_use]
    pub const fn fields(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({} fields)", self.0.len())
    }
}
