//! One language: its texts, read and checked, and what is said in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use unic_langid::LanguageIdentifier;

use super::fault::{FILE_BYTES_MAX, TextCause, TextFault, shown};

/// What a link, a picture or markup begins with, in small letters.
const LINKS: [&str; 7] = ["://", "www.", "<", "mailto:", "cid:", "data:", "javascript:"];

/// The texts of one language.
pub struct Language {
    tag: String,
    bundle: FluentBundle<FluentResource>,
}

/// What is put into a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// A text; whatever could disturb the lines around it is left out.
    Text(&'a str),
    /// A number, by which singular and plural go.
    Count(u64),
}

/// The keys of a language, each with its variables.
pub(super) type Shape = BTreeMap<String, BTreeSet<String>>;

impl Language {
    /// Its tag of BCP 47.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The text of a key; the key itself where there is none.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// The same with something put into it.
    #[must_use]
    pub fn say_with(&self, key: &str, words: &[(&'static str, Word<'_>)]) -> String {
        let args = words.iter().map(|(name, word)| (*name, value(*word))).collect();
        self.written(key, &args).map_or_else(|| key.to_owned(), |(text, _)| text)
    }

    /// Whether there is such a key.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    /// The text, and whether nothing was missing.
    fn written(&self, key: &str, args: &FluentArgs<'_>) -> Option<(String, bool)> {
        let message = self.bundle.get_message(key)?;
        let mut faults = Vec::new();
        let text = self.bundle.format_pattern(message.value()?, Some(args), &mut faults);
        Some((text.into_owned(), faults.is_empty()))
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Language({})", self.tag)
    }
}

fn value(word: Word<'_>) -> FluentValue<'_> {
    match word {
        Word::Count(count) => count.into(),
        Word::Text(text) if text.chars().any(disturbs) => {
            text.chars().filter(|character| !disturbs(*character)).collect::<String>().into()
        }
        Word::Text(text) => text.into(),
    }
}

/// Control characters but the line feed, and what turns the direction of writing (Unicode Standard Annex 9, section 2).
pub(crate) fn disturbs(character: char) -> bool {
    let turns = matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (character.is_control() && character != '\n')
}

/// Reads a file; `None` where it says no language or is beyond use. Its faults go to the others.
pub(super) fn read(
    name: &str,
    source: &str,
    faults: &mut Vec<TextFault>,
) -> Option<(Language, Shape)> {
    let mut add = |line, cause| faults.push(TextFault::of(name, line, cause));
    let stem = name.strip_suffix(".ftl").unwrap_or("");
    let Ok(tag) = stem.parse::<LanguageIdentifier>() else {
        add(None, TextCause::NotALanguage);
        return None;
    };
    if source.len() > FILE_BYTES_MAX {
        add(None, TextCause::TooLarge { bytes: source.len() });
        return None;
    }
    let resource = match FluentResource::try_new(source.to_owned()) {
        Ok(resource) => resource,
        Err((resource, broken)) => {
            for fault in broken {
                let before = source.get(..fault.pos.start).unwrap_or(source);
                add(Some(before.matches('\n').count() + 1), TextCause::Syntax);
            }
            resource
        }
    };
    let shape = shape(name, &resource, faults);
    let mut bundle = FluentBundle::new_concurrent(vec![tag.clone()]);
    // Marks around what is put in are for pages that mix directions; a plain text shows them to some readers.
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    let language = Language { tag: tag.to_string(), bundle };
    for (key, variables) in &shape {
        let as_text = variables.iter().map(|variable| (variable.as_str(), "x")).collect();
        let as_count = variables.iter().map(|variable| (variable.as_str(), 2)).collect();
        let sound = |args: &FluentArgs<'_>| {
            language.written(key, args).is_some_and(|(text, whole)| whole && !text.is_empty())
        };
        if !sound(&as_text) || !sound(&as_count) {
            let cause = TextCause::Unusable { key: shown(key) };
            faults.push(TextFault::of(name, None, cause));
        }
    }
    Some((language, shape))
}

/// The keys of a file with their variables.
fn shape(name: &str, resource: &FluentResource, faults: &mut Vec<TextFault>) -> Shape {
    let mut shape = Shape::new();
    for entry in resource.entries() {
        let mut add = |cause| faults.push(TextFault::of(name, None, cause));
        let (key, pattern, plain) = match entry {
            Entry::Message(message) => {
                (message.id.name, message.value.as_ref(), message.attributes.is_empty())
            }
            Entry::Term(term) => (term.id.name, Some(&term.value), term.attributes.is_empty()),
            Entry::Comment(_)
            | Entry::GroupComment(_)
            | Entry::ResourceComment(_)
            | Entry::Junk { .. } => continue,
        };
        let Some(pattern) = pattern.filter(|_| plain) else {
            add(TextCause::NotPlain { key: shown(key) });
            continue;
        };
        let mut found = Found::default();
        found.pattern(pattern);
        if found.link {
            add(TextCause::Link { key: shown(key) });
        }
        if matches!(entry, Entry::Message(_))
            && shape.insert(key.to_owned(), found.variables).is_some()
        {
            add(TextCause::Twice { key: shown(key) });
        }
    }
    shape
}

/// What is found in a text.
#[derive(Default)]
struct Found {
    variables: BTreeSet<String>,
    link: bool,
}

impl Found {
    fn pattern(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => self.text(value),
                PatternElement::Placeable { expression } => self.expression(expression),
            }
        }
    }

    fn text(&mut self, text: &str) {
        let text = text.to_lowercase();
        self.link |= LINKS.into_iter().any(|link| text.contains(link));
    }

    fn expression(&mut self, expression: &Expression<&str>) {
        match expression {
            Expression::Inline(inline) => self.inline(inline),
            Expression::Select { selector, variants } => {
                self.inline(selector);
                variants.iter().for_each(|variant| self.pattern(&variant.value));
            }
        }
    }

    fn inline(&mut self, inline: &InlineExpression<&str>) {
        match inline {
            InlineExpression::VariableReference { id } => {
                self.variables.insert(id.name.to_owned());
            }
            InlineExpression::StringLiteral { value } => self.text(value),
            InlineExpression::Placeable { expression } => self.expression(expression),
            InlineExpression::NumberLiteral { .. }
            | InlineExpression::FunctionReference { .. }
            | InlineExpression::MessageReference { .. }
            | InlineExpression::TermReference { .. } => {}
        }
    }
}

/// Holds a language to the keys and variables of English.
pub(super) fn compare(name: &str, english: &Shape, other: &Shape, faults: &mut Vec<TextFault>) {
    let mut add = |cause| faults.push(TextFault::of(name, None, cause));
    for (key, variables) in english {
        match other.get(key) {
            None => add(TextCause::Missing { key: key.clone() }),
            Some(found) if found != variables => {
                let listed: Vec<_> = variables.iter().map(|name| format!("${name}")).collect();
                let expected = if listed.is_empty() { "none".into() } else { listed.join(", ") };
                add(TextCause::Variables { key: key.clone(), expected });
            }
            Some(_) => {}
        }
    }
    for key in other.keys().filter(|key| !english.contains_key(*key)) {
        add(TextCause::Unknown { key: shown(key) });
    }
}
