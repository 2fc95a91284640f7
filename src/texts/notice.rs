//! Notices in words: what each kind must say is a field of it, so that none can be forgotten. Plain text; no notice holds a
//! link, a picture or anything else that tells whether it was read.

use super::language::{Language, Word};
use super::words::{
    AppealOutcome, Decider, Ending, Fact, Follows, Ground, Lasts, Measure, Outcome, Reason, Scope,
};
use crate::time::Timestamp;

/// Longest text of somebody's own that a notice repeats, in bytes.
const OWN_WORDS_BYTES_MAX: usize = 1_000;
/// Most facts of one statement that are told.
const FACTS_MAX: usize = 16;

/// A notice, before it is in any language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeText<'a> {
    /// A report was received.
    Receipt {
        /// The report.
        report: &'a str,
        /// What follows at once.
        follows: Follows,
        /// Where to ask.
        contact: &'a str,
    },
    /// What became of a report.
    Outcome {
        /// The report.
        report: &'a str,
        /// What became of it.
        outcome: Outcome,
        /// Why.
        reason: Reason,
        /// Whether a machine decided.
        decider: Decider,
        /// Where to ask.
        contact: &'a str,
    },
    /// The statement of reasons of a measure (DSA art. 17(3)).
    Statement {
        /// The measure's id.
        id: &'a str,
        /// What was done.
        measure: Measure,
        /// What it concerns.
        scope: Scope,
        /// For how long.
        lasts: Lasts,
        /// What it stands on; at most 16 are told.
        facts: &'a [Fact],
        /// In law or contract.
        ground: Ground,
        /// Who noticed, and who decided.
        automated: (Decider, Decider),
        /// Until when it can be appealed.
        appeal_until: Timestamp,
        /// Where to appeal.
        contact: &'a str,
    },
    /// An appeal was received.
    AppealReceipt {
        /// The measure's id.
        id: &'a str,
        /// By when it is decided.
        due: Timestamp,
        /// Where to ask.
        contact: &'a str,
    },
    /// What became of an appeal.
    AppealDecision {
        /// The measure's id.
        id: &'a str,
        /// What was decided.
        outcome: AppealOutcome,
        /// Why, in the decider's words; at most 1,000 bytes are told.
        reason: &'a str,
        /// Where to ask.
        contact: &'a str,
    },
    /// A measure has ended.
    MeasureEnded {
        /// The measure's id.
        id: &'a str,
        /// What it was.
        measure: Measure,
        /// Why it has ended.
        ending: Ending,
        /// Where to ask.
        contact: &'a str,
    },
    /// Reports were unfounded too often (DSA art. 23(3): the warning before a suspension).
    ReporterWarning {
        /// How many were unfounded.
        unfounded: u32,
        /// Of how many.
        of: u32,
        /// For how many days reports would not count.
        days: u32,
        /// Where to ask.
        contact: &'a str,
    },
    /// Reports count for nobody else for some time; blocks of one's own still work.
    ReporterSuspended {
        /// How many were unfounded.
        unfounded: u32,
        /// Of how many.
        of: u32,
        /// Until when.
        until: Timestamp,
        /// Where to appeal.
        contact: &'a str,
    },
}

/// A notice in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeWords {
    /// The language it came out in, as in BCP 47.
    pub language: String,
    /// A subject in one line.
    pub subject: String,
    /// Plain text, lines of any length.
    pub text: String,
}

impl NoticeText<'_> {
    /// The notice in a language.
    pub(super) fn words(&self, language: &Language) -> NoticeWords {
        let told = match *self {
            Self::Receipt { report, follows, contact } => {
                let follows = language.say(follows.key());
                let words = [("report", report), ("follows", &follows), ("contact", contact)];
                Told::of("notice-receipt", language, &texts(words))
            }
            Self::Outcome { report, outcome, reason, decider, contact } => {
                let reason = language.say(reason.key());
                let decider = decided(language, decider);
                let words = [
                    ("report", report),
                    ("reason", &reason),
                    ("decider", &decider),
                    ("contact", contact),
                ];
                Told::of(outcome.key(), language, &texts(words))
            }
            Self::Statement { .. } => self.statement(language),
            Self::AppealReceipt { id, due, contact } => {
                let due = shown(due);
                let words = [("id", id), ("due", &due), ("contact", contact)];
                Told::of("notice-appeal-receipt", language, &texts(words))
            }
            Self::AppealDecision { id, outcome, reason, contact } => {
                let reason = cut(reason);
                let words = [("id", id), ("reason", reason), ("contact", contact)];
                Told::of(outcome.key(), language, &texts(words))
            }
            Self::MeasureEnded { id, measure, ending, contact } => {
                let ending = language.say(ending.key());
                let measure = named(language, measure);
                let words =
                    [("id", id), ("measure", &measure), ("ending", &ending), ("contact", contact)];
                Told::of("notice-ended", language, &texts(words))
            }
            Self::ReporterWarning { unfounded, of, days, contact } => {
                let percent = u64::from(unfounded) * 100 / u64::from(of.max(1));
                let words = [
                    ("unfounded", Word::Count(unfounded.into())),
                    ("of", Word::Count(of.into())),
                    ("percent", Word::Count(percent)),
                    ("days", Word::Count(days.into())),
                    ("contact", Word::Text(contact)),
                ];
                Told::of("notice-warning", language, &words)
            }
            Self::ReporterSuspended { unfounded, of, until, contact } => {
                let until = shown(until);
                let words = [
                    ("unfounded", Word::Count(unfounded.into())),
                    ("of", Word::Count(of.into())),
                    ("until", Word::Text(&until)),
                    ("contact", Word::Text(contact)),
                ];
                Told::of("notice-suspended", language, &words)
            }
        };
        let Told { subject, text } = told;
        NoticeWords { language: language.tag().to_owned(), subject, text }
    }

    fn statement(&self, language: &Language) -> Told {
        let Self::Statement {
            id,
            measure,
            scope,
            lasts,
            facts,
            ground,
            automated: (finder, decider),
            appeal_until,
            contact,
        } = *self
        else {
            return Told::default();
        };
        let facts: Vec<String> =
            facts.iter().take(FACTS_MAX).map(|fact| fact_words(language, *fact)).collect();
        let (facts, lasts) = (facts.join("\n"), lasts_words(language, lasts));
        let (measure_name, until) = (named(language, measure), shown(appeal_until));
        let does = language.say(&format!("does-{}", measure.key()));
        let (scope, ground) = (language.say(scope.key()), language.say(ground.key()));
        let found = language.say(&format!("found-{}", finder.key()));
        let decider = decided(language, decider);
        let words = [
            ("id", id),
            ("measure", &measure_name),
            ("does", &does),
            ("scope", &scope),
            ("lasts", &lasts),
            ("facts", &facts),
            ("ground", &ground),
            ("found", &found),
            ("decider", &decider),
            ("appeal_until", &until),
            ("contact", contact),
        ];
        Told::of("notice-statement", language, &texts(words))
    }
}

/// Subject and text.
#[derive(Default)]
struct Told {
    subject: String,
    text: String,
}

impl Told {
    /// What is said under a key, and under the same with `-subject`.
    fn of(key: &str, language: &Language, words: &[(&'static str, Word<'_>)]) -> Self {
        let subject = language.say_with(&format!("{key}-subject"), words);
        // One line, whatever was put into it.
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { subject, text: language.say_with(key, words) + "\n" }
    }
}

fn texts<'a, const N: usize>(words: [(&'static str, &'a str); N]) -> [(&'static str, Word<'a>); N] {
    words.map(|(name, text)| (name, Word::Text(text)))
}

fn named(language: &Language, measure: Measure) -> String {
    language.say(&format!("measure-{}", measure.key()))
}

fn decided(language: &Language, decider: Decider) -> String {
    language.say(&format!("decider-{}", decider.key()))
}

fn fact_words(language: &Language, fact: Fact) -> String {
    match fact.parts() {
        (key, Some(count)) => language.say_with(key, &[("count", Word::Count(count))]),
        (key, None) => language.say(key),
    }
}

fn lasts_words(language: &Language, lasts: Lasts) -> String {
    match lasts {
        Lasts::Until(until) => {
            language.say_with("lasts-until", &[("until", Word::Text(&shown(until)))])
        }
        Lasts::Open => language.say("lasts-open"),
        Lasts::Once => language.say("lasts-once"),
    }
}

/// An instant as every reader understands it (ISO 8601, to the minute).
fn shown(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_second(time.as_seconds()).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(OWN_WORDS_BYTES_MAX)]
}
