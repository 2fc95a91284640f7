//! What is wrong with a policy file: where, what, and how to mend it; collected, so that one reading shows everything.

use std::fmt;

/// Most faults that one reading lists; the last line says how many more there are.
pub const FAULTS_MAX: usize = 200;
/// Most characters of a foreign text that a fault repeats.
const QUOTED_CHARS_MAX: usize = 48;
/// Longest name, in bytes, for which a nearest known name is looked for.
const SUGGESTED_BYTES_MAX: usize = 64;

/// One fault of a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: a path such as `signals.volume.caller_fanout_1h`, or `line 3, column 7` where the text is no TOML.
    pub path: String,
    /// What, with the remedy in brackets.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path, self.message)
    }
}

/// The faults found so far, at most [`FAULTS_MAX`].
#[derive(Debug, Default)]
pub(super) struct Faults {
    list: Vec<Fault>,
    more: usize,
}

impl Faults {
    pub(super) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        if self.list.len() < FAULTS_MAX {
            self.list.push(Fault { path: path.into(), message: message.into() });
        } else {
            self.more += 1;
        }
    }

    /// A name that is not among the known ones, with the nearest of them or, when they are few, all.
    pub(super) fn unknown(&mut self, path: String, name: &str, known: &[&str]) {
        if self.list.len() >= FAULTS_MAX {
            self.more += 1;
            return;
        }
        let remedy = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "there is none yet; leave it out".to_owned(),
            None if known.len() <= 12 => format!("known here: {}", known.join(", ")),
            None => "the example file lists all; leave it out".to_owned(),
        };
        self.add(path, format!("no such name ({remedy})"));
    }

    /// Whether something at exactly that path is already known to be wrong.
    pub(super) fn touches(&self, path: &str) -> bool {
        self.list.iter().any(|fault| fault.path == path)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn into_vec(mut self) -> Vec<Fault> {
        if self.more > 0 {
            let message = format!("{} more faults (mend these first)", self.more);
            self.list.push(Fault { path: "file".to_owned(), message });
        }
        self.list
    }
}

/// Foreign text in backquotes: escaped, and cut where it is long.
pub(super) fn quote(text: &str) -> String {
    let mut shown: String =
        text.chars().take(QUOTED_CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(QUOTED_CHARS_MAX).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// A path one step deeper. Steps that are foreign text are escaped and cut; an empty name is written as TOML does.
pub(super) fn below(path: &str, step: &str) -> String {
    let step = quote(step);
    let step = match step.trim_matches('`') {
        "" => "\"\"",
        step => step,
    };
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}

/// The known name with the fewest edits, if they are few for its length.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    if name.is_empty() || name.len() > SUGGESTED_BYTES_MAX {
        return None;
    }
    let close = (name.len() / 3).max(1);
    let ranked = known.iter().map(|other| (edits(name, other), *other));
    ranked.min().filter(|(count, _)| *count <= close).map(|(_, other)| other)
}

/// Edit distance: insertions, deletions and replacements (Wagner and Fischer 1974), row by row.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().enumerate() {
        let mut diagonal = line;
        row[0] = line + 1;
        for (column, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_only_when_near() {
        let known = ["volume.caller_fanout_1h", "volume.caller_fanout_24h", "identity.withheld"];
        let cases = [
            ("volume.caller_fanuot_1h", Some("volume.caller_fanout_1h")),
            ("volume.caller_fanout_24", Some("volume.caller_fanout_24h")),
            ("identity.witheld", Some("identity.withheld")),
            ("colour", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(nearest(name, &known), expected, "{name}");
        }
        assert_eq!(edits("kitten", "sitting"), 3);
    }

    #[test]
    fn faults_are_bounded_and_foreign_text_is_escaped_and_cut() {
        let mut faults = Faults::default();
        for _ in 0..FAULTS_MAX + 7 {
            faults.add("a", "b");
        }
        let list = faults.into_vec();
        assert_eq!(list.len(), FAULTS_MAX + 1);
        assert_eq!(list[FAULTS_MAX].message, "7 more faults (mend these first)");
        assert_eq!(quote("a\u{1b}[2J\n"), "`a\\u{1b}[2J\\n`");
        assert!(quote(&"x".repeat(10_000)).len() < 100);
    }
}
