//! What a node is told about a stage, always: the service's verdict, one used again, or its own leave to go on.

use std::fmt;

use crate::operator::text::safe;
use crate::wire::screening::v1 as wire;

/// The answer to one stage. There is no other outcome: a fault of ours never costs a wanted fax.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The decision that all stages of the fax share, 32 hexadecimal digits; empty without an answer of the service.
    pub decision_id: String,
    /// What to do. Of one that the service did not give, action, stage, rule, bounds and refusal are set, nothing else.
    pub verdict: wire::Verdict,
    /// What the answer rests on.
    pub basis: Basis,
    /// Why the service gave no verdict, where it said so.
    pub said: Option<Said>,
}

/// Most characters of a sentence of the service that a node repeats.
const SENTENCE_CHARS_MAX: usize = 200;
/// Digits in a row from which on they may be a number of somebody's, however short a switch hands it over.
const NUMBER_DIGITS_MIN: usize = 5;

/// What the service said instead of a verdict, fit for a log: on one line, without anything that may be a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    reason: String,
    sentence: String,
}

impl Said {
    /// What a refusal says: the name of its reason, and its sentence.
    pub(super) fn of(reason: &str, sentence: &str) -> Self {
        let reason = reason.chars().filter(|letter| letter.is_ascii_uppercase() || *letter == '_');
        Self { reason: reason.take(SENTENCE_CHARS_MAX).collect(), sentence: clean(sentence) }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = if self.reason.is_empty() { "no reason" } else { &self.reason };
        write!(f, "{reason}: {}", self.sentence)
    }
}

/// The beginning of a sentence, escaped, with a star for each run of digits that may be a number.
fn clean(sentence: &str) -> String {
    let head: String = sentence.chars().take(SENTENCE_CHARS_MAX).collect();
    let escaped = safe(&head);
    let mut cleaned = String::with_capacity(escaped.len());
    for run in escaped.split_inclusive(|letter: char| !letter.is_ascii_digit()) {
        let digits = run.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = run.split_at(digits);
        cleaned.push_str(if digits >= NUMBER_DIGITS_MIN { "*" } else { number });
        cleaned.push_str(rest);
    }
    cleaned
}

/// What an answer rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The service answered within the deadline.
    Served,
    /// It did not; an earlier verdict for the same two parties still holds.
    Reused,
    /// It did not; the fax goes on, and is counted.
    Unscored(Cause),
}

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// None within the stage's deadline.
    Late,
    /// Nobody there, or the connection broke twice.
    Unreachable,
    /// The service answered that it gives none: overload, a malformed request, a fault of its own.
    Refused,
    /// It was not asked, since it had not answered for a while.
    Paused,
    /// It was not asked, since it had as many questions of this node before it as it may have.
    Full,
    /// It was not asked, since what the node gave is no request.
    Malformed,
}

impl Basis {
    /// One word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Reused => "reused",
            Self::Unscored(_) => "unscored",
        }
    }
}

impl Cause {
    /// One word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Paused => "paused",
            Self::Full => "full",
            Self::Malformed => "malformed",
        }
    }
}

impl Answer {
    /// What to do.
    #[must_use]
    pub fn action(&self) -> wire::Action {
        self.verdict.action()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_says_is_fit_for_a_log() {
        for (reason, sentence, want) in [
            (
                "INVALID_FIELD",
                "number has 7 digits (8 to 15)",
                "INVALID_FIELD: number has 7 digits (8 to 15)",
            ),
            ("X\r\nY_Z9", "5551234 and +18005551234", "XY_Z: * and +*"),
            ("", "a\nb\u{1b}[2J", "no reason: a\\nb\\u{1b}[2J"),
        ] {
            assert_eq!(Said::of(reason, sentence).to_string(), want);
        }
        let long = Said::of(&"A".repeat(9_000), &"9 ".repeat(9_000)).to_string();
        assert!(long.len() < 500, "{}", long.len());
    }
}
