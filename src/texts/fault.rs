//! What can be wrong with a file of texts.

use thiserror::Error;

/// Most files that are taken beside those compiled in.
pub(super) const FILES_MAX: usize = 64;
/// Largest file, in bytes.
pub(super) const FILE_BYTES_MAX: usize = 256 * 1024;
/// Most characters of a foreign name that a fault repeats.
const SHOWN_CHARS_MAX: usize = 48;

/// A fault: the file, the line where it is known, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{file}`{}: {cause}", line.map(|line| format!(" line {line}")).unwrap_or_default())]
pub struct TextFault {
    /// Name of the file.
    pub file: String,
    /// The line, from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub cause: TextCause,
}

/// What is wrong with a file of texts.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TextCause {
    /// More files than are taken.
    #[error("there are {count} files (at most {FILES_MAX})")]
    TooManyFiles {
        /// How many.
        count: usize,
    },
    /// Larger than a file may be.
    #[error("file has {bytes} bytes (at most {FILE_BYTES_MAX})")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Its name says no language.
    #[error("name is no language (write a tag of BCP 47 and `.ftl`, as in `pt-BR.ftl`)")]
    NotALanguage,
    /// It cannot be read, or is no UTF-8.
    #[error("file could not be read (expected UTF-8)")]
    Unreadable,
    /// Not in the syntax of Fluent.
    #[error("text is not in the syntax of Fluent")]
    Syntax,
    /// A key stands there twice.
    #[error("`{key}` is there twice (keep one)")]
    Twice {
        /// The key.
        key: String,
    },
    /// A key of English is missing.
    #[error("`{key}` is missing (every language has the keys of `en.ftl`)")]
    Missing {
        /// The key.
        key: String,
    },
    /// A key that English does not have.
    #[error("`{key}` is no key (see `en.ftl`)")]
    Unknown {
        /// The key.
        key: String,
    },
    /// Other variables than English has.
    #[error("`{key}` has other variables than `en.ftl` (there: {expected})")]
    Variables {
        /// The key.
        key: String,
        /// Those of English.
        expected: String,
    },
    /// A key without a text, or with attributes.
    #[error("`{key}` is no plain text (write `{key} = …`, without attributes)")]
    NotPlain {
        /// The key.
        key: String,
    },
    /// A link, a picture or markup.
    #[error(
        "`{key}` holds a link or markup (texts are plain, and nothing in them can be followed)"
    )]
    Link {
        /// The key.
        key: String,
    },
    /// It names a text or a function that is not there.
    #[error("`{key}` cannot be written out (it names a term or a function that is not there)")]
    Unusable {
        /// The key.
        key: String,
    },
}

impl TextFault {
    pub(super) fn of(file: &str, line: Option<usize>, cause: TextCause) -> Self {
        Self { file: shown(file), line, cause }
    }

    /// A file that could not be read at all.
    #[must_use]
    pub fn unreadable(file: &str) -> Self {
        Self::of(file, None, TextCause::Unreadable)
    }
}

/// A foreign name, escaped and cut.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect()
}
