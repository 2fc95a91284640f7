//! Texts of the log: what strangers wrote, made harmless to hold.

use std::fmt;

use crate::bounds::TEXT_BYTES_MAX;

/// A text of the log that somebody else chose: 1 to [`TEXT_BYTES_MAX`] bytes of UTF-8, cut at a
/// character where the log has more. Control characters and those that turn the direction of
/// writing are replaced by U+FFFD; quotes, `$(…)` and the like are still in it. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LogText(String);

impl LogText {
    /// The text of a field; absent where it is empty or the `<NONE>` of HylaFAX.
    pub(super) fn read(field: &str) -> Option<Self> {
        let field = field.trim();
        if field.is_empty() || field == "<NONE>" {
            return None;
        }
        let mut text = String::with_capacity(field.len().min(TEXT_BYTES_MAX));
        for character in field.chars() {
            let harmless =
                if is_hidden(character) { char::REPLACEMENT_CHARACTER } else { character };
            if text.len() + harmless.len_utf8() > TEXT_BYTES_MAX {
                break;
            }
            text.push(harmless);
        }
        Some(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LogText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogText({} bytes, masked)", self.0.len())
    }
}

/// Whether a character acts on the screen instead of being seen on it.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
