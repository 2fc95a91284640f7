//! Localised texts of the report form and of notices: one file of Project Fluent a language, each checked whole when it is
//! read. English is what everybody else falls back to.

mod accept;
mod fault;
mod language;
mod notice;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use fault::{TextCause, TextFault};
pub(crate) use language::disturbs;
pub use language::{Language, Word};
pub use notice::{NoticeText, NoticeWords};
pub use words::{
    AppealOutcome, Decider, Ending, Fact, Follows, Ground, Lasts, Measure, Outcome, Reason, Scope,
};

use language::Shape;

/// The tag of the language that is always there.
pub const ENGLISH: &str = "en";

/// The languages that are compiled in, English first.
const BUILT_IN: [(&str, &str); 2] =
    [(ENGLISH, include_str!("texts/en.ftl")), ("sv", include_str!("texts/sv.ftl"))];

/// A file of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// Its name: a language tag of BCP 47 and `.ftl`, as in `pt-BR.ftl`.
    pub name: String,
    /// What it says, in the syntax of Project Fluent.
    pub source: String,
}

/// Every language there is.
#[derive(Debug)]
pub struct Texts {
    english: Arc<Language>,
    others: Vec<Arc<Language>>,
}

impl Texts {
    /// English and Swedish.
    ///
    /// # Errors
    /// Faults of the files that are compiled in: the build is damaged.
    pub fn built_in() -> Result<Self, Vec<TextFault>> {
        Self::with(&[])
    }

    /// The same and these: a language that is built in is replaced as a whole.
    ///
    /// # Errors
    /// Every fault of every file.
    pub fn with(files: &[TextFile]) -> Result<Self, Vec<TextFault>> {
        let mut faults = Vec::new();
        if files.len() > fault::FILES_MAX {
            faults.push(TextFault::of("", None, TextCause::TooManyFiles { count: files.len() }));
            return Err(faults);
        }
        let mut read: BTreeMap<String, (Language, Shape)> = BTreeMap::new();
        let mut english = Shape::default();
        for (tag, source) in BUILT_IN {
            let name = format!("{tag}.ftl");
            if let Some(made) = language::read(&name, source, &mut faults) {
                if tag == ENGLISH {
                    english.clone_from(&made.1);
                }
                read.insert(tag.to_owned(), made);
            }
        }
        for file in files {
            if let Some((language, shape)) = language::read(&file.name, &file.source, &mut faults) {
                language::compare(&file.name, &english, &shape, &mut faults);
                read.insert(language.tag().to_owned(), (language, shape));
            }
        }
        match read.remove(ENGLISH) {
            Some((first, _)) if faults.is_empty() => {
                let others = read.into_values().map(|(language, _)| Arc::new(language)).collect();
                Ok(Self { english: Arc::new(first), others })
            }
            Some(_) | None => Err(faults),
        }
    }

    /// The language that fits a header `Accept-Language` best (RFC 9110 section 12.5.4, RFC 4647 section 3.4); English
    /// where none does.
    #[must_use]
    pub fn negotiate(&self, accepted: &str) -> &Arc<Language> {
        let wanted = accept::wanted(accepted);
        wanted.iter().find_map(|tag| self.find(tag)).unwrap_or(&self.english)
    }

    /// The language of a tag, or of the tag without its last parts; `None` where there is none.
    #[must_use]
    pub fn find(&self, tag: &str) -> Option<&Arc<Language>> {
        let mut rest = tag.trim();
        if rest.len() > accept::TAG_BYTES_MAX {
            return None;
        }
        loop {
            let found = self.languages().find(|has| has.tag().eq_ignore_ascii_case(rest));
            match (found, rest.rsplit_once(['-', '_'])) {
                (Some(found), _) => return Some(found),
                (None, Some((shorter, _))) => rest = shorter,
                (None, None) => return None,
            }
        }
    }

    /// Every language, English first.
    pub fn languages(&self) -> impl Iterator<Item = &Arc<Language>> {
        std::iter::once(&self.english).chain(&self.others)
    }

    /// What a notice says in the language of a tag (BCP 47); English where there is none of it.
    #[must_use]
    pub fn notice(&self, what: &NoticeText<'_>, tag: &str) -> NoticeWords {
        what.words(self.find(tag).unwrap_or(&self.english))
    }
}
