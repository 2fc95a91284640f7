//! Numbered policies: a screening keeps the one it began with, an edit makes the next, and one that is refused
//! leaves the last good one in force.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use parking_lot::Mutex;
use thiserror::Error;

use crate::time::Timestamp;

use super::check::load;
use super::fault::Fault;
use super::rules::{Policy, SignalSpec};
use super::settings::{Memory, Server, Settings};

/// Longest name of an author, in bytes.
const AUTHOR_BYTES_MAX: usize = 64;
/// Bytes of the digest that an etag shows.
const ETAG_BYTES: usize = 16;

/// What someone puts in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The TOML text; empty means the built-in defaults.
    pub text: String,
    /// Who: 1 to 64 bytes without control characters.
    pub author: String,
    /// When.
    pub applied: Timestamp,
}

/// A policy with its number and origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    number: u64,
    policy: Policy,
    edit: Edit,
    etag: String,
}

impl Generation {
    /// Reads and checks an edit as the generation of that number.
    ///
    /// # Errors
    /// All faults of the text, and of the author's name.
    pub fn new(number: u64, edit: Edit, specs: &[SignalSpec]) -> Result<Self, Vec<Fault>> {
        Self::with_settings(number, edit, specs).map(|(generation, _)| generation)
    }

    fn with_settings(
        number: u64,
        edit: Edit,
        specs: &[SignalSpec],
    ) -> Result<(Self, Settings), Vec<Fault>> {
        let named = (1..=AUTHOR_BYTES_MAX).contains(&edit.author.len())
            && !edit.author.chars().any(char::is_control);
        let author = (!named).then(|| Fault {
            path: "author".to_owned(),
            message: format!(
                "is no name (1 to {AUTHOR_BYTES_MAX} bytes without control characters)"
            ),
        });
        match (load(&edit.text, specs), author) {
            (Ok((settings, policy)), None) => {
                let etag = etag(&edit.text);
                Ok((Self { number, policy, edit, etag }, settings))
            }
            (Ok(_), Some(fault)) => Err(vec![fault]),
            (Err(faults), author) => Err(faults.into_iter().chain(author).collect()),
        }
    }

    /// Its number; the first is 1.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The policy.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The text it was made from; empty for the built-in defaults.
    pub fn text(&self) -> &str {
        &self.edit.text
    }

    /// Who put it in force.
    pub fn author(&self) -> &str {
        &self.edit.author
    }

    /// Since when it is in force.
    pub const fn applied(&self) -> Timestamp {
        self.edit.applied
    }

    /// Names its text: the first 16 bytes of its BLAKE3 digest, in hex.
    pub fn etag(&self) -> &str {
        &self.etag
    }
}

/// The name of a text.
fn etag(text: &str) -> String {
    let digest = blake3::hash(text.as_bytes());
    digest.to_hex().chars().take(ETAG_BYTES * 2).collect()
}

/// Why an edit is not in force.
#[derive(Debug, Error)]
pub enum Refused<E: std::error::Error + 'static> {
    /// The policy has faults.
    #[error("the policy has {} faults (mend them and apply it again)", .0.len())]
    Faulty(Vec<Fault>),
    /// Someone was faster.
    #[error("the policy has changed to generation {number} (read it and edit that)")]
    Stale {
        /// The generation in force.
        number: u64,
    },
    /// It could not be recorded.
    #[error("the generation could not be recorded")]
    Unrecorded {
        /// Why.
        #[source]
        source: E,
    },
}

/// The holder of the generation in force.
#[derive(Debug)]
pub struct Generations {
    specs: Vec<SignalSpec>,
    start: (Server, Memory),
    current: ArcSwap<Generation>,
    writer: Mutex<()>,
}

impl Generations {
    /// Begins with a generation: the defaults, that of the file, or the last one recorded. `start` are the settings
    /// the process runs with, whose `[server]` and `[memory]` no edit can change.
    pub fn new(first: Generation, start: &Settings, specs: &[SignalSpec]) -> Self {
        Self {
            specs: specs.to_vec(),
            start: (start.server.clone(), start.memory.clone()),
            current: ArcSwap::from_pointee(first),
            writer: Mutex::new(()),
        }
    }

    /// The generation in force.
    pub fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// The same for as long as one stage takes: its count, which all threads share, is left alone.
    pub fn in_force(&self) -> Guard<Arc<Generation>> {
        self.current.load()
    }

    /// Finds the faults that [`Generations::apply`] would refuse the edit for.
    ///
    /// # Errors
    /// All of them.
    pub fn validate(&self, edit: Edit) -> Result<Generation, Vec<Fault>> {
        let number = self.current.load().number.saturating_add(1);
        let (generation, settings) = Generation::with_settings(number, edit, &self.specs)?;
        let faults = self.fixed(&settings);
        if faults.is_empty() { Ok(generation) } else { Err(faults) }
    }

    /// Puts an edit in force as the next generation, once `record` has made it durable. With `based_on`, only if
    /// that is still the etag in force. Edits wait for each other; screenings never wait.
    ///
    /// # Errors
    /// [`Refused`]; the last good generation then stays in force.
    pub fn apply<E: std::error::Error + 'static>(
        &self,
        edit: Edit,
        based_on: Option<&str>,
        record: impl FnOnce(&Generation) -> Result<(), E>,
    ) -> Result<Arc<Generation>, Refused<E>> {
        let _alone = self.writer.lock();
        let current = self.current.load();
        if based_on.is_some_and(|etag| etag != current.etag) {
            return Err(Refused::Stale { number: current.number });
        }
        let next = Arc::new(self.validate(edit).map_err(Refused::Faulty)?);
        record(&next).map_err(|source| Refused::Unrecorded { source })?;
        self.current.store(Arc::clone(&next));
        Ok(next)
    }

    /// Sections that are read at the start only must say nothing new: a setting without effect would be a lie.
    fn fixed(&self, settings: &Settings) -> Vec<Fault> {
        let (server, memory) = (&settings.server, &settings.memory);
        let sections = [
            ("server", *server != self.start.0 && *server != Server::default()),
            ("memory", *memory != self.start.1 && *memory != Memory::default()),
        ];
        let changed = sections.into_iter().filter(|(_, changed)| *changed);
        let message =
            "is read at the start only (leave it as it is, or change the file and restart)";
        changed
            .map(|(name, _)| Fault { path: name.to_owned(), message: message.to_owned() })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn edit(text: &str) -> Edit {
        Edit {
            text: text.to_owned(),
            author: "ops".to_owned(),
            applied: Timestamp::from_seconds(1),
        }
    }

    fn holder() -> Generations {
        let first = Generation::new(1, edit(""), &[]).unwrap();
        Generations::new(first, &Settings::default(), &[])
    }

    fn apply(holder: &Generations, text: &str, based_on: Option<&str>) -> Result<u64, String> {
        holder
            .apply(edit(text), based_on, |_| Ok::<(), Infallible>(()))
            .map(|generation| generation.number())
            .map_err(|refused| match refused {
                Refused::Faulty(faults) => faults[0].to_string(),
                other @ (Refused::Stale { .. } | Refused::Unrecorded { .. }) => other.to_string(),
            })
    }

    #[test]
    fn a_refused_edit_leaves_the_last_good_one() {
        let holder = holder();
        let before = holder.current();
        let garbage = "=".repeat(3_000_000);
        for text in ["[inbound]\ntag = 1e9", "]]", &garbage, "[server]\nworker_threads = 3"] {
            assert!(apply(&holder, text, None).is_err());
            assert!(Arc::ptr_eq(&before, &holder.current()));
        }
        let unnamed = Edit { author: "a\nb".to_owned(), ..edit("") };
        assert_eq!(holder.validate(unnamed).unwrap_err()[0].path, "author");
    }

    #[test]
    fn an_edit_makes_the_next_number_and_a_screening_keeps_its_own() {
        let holder = holder();
        let kept = holder.current();
        assert_eq!(apply(&holder, "[inbound]\ntag = 100", Some(kept.etag())), Ok(2));
        let stale = apply(&holder, "", Some(kept.etag()));
        assert!(stale.unwrap_err().contains("generation 2"));
        assert_eq!(kept.policy().inbound().tag.0, 0);
        assert_eq!(holder.current().policy().inbound().tag.0, 100);
        assert_eq!((kept.etag().len(), kept.number()), (32, 1));
        assert_ne!(kept.etag(), holder.current().etag());
    }

    #[test]
    fn what_cannot_be_recorded_is_not_in_force() {
        let holder = holder();
        let failed = holder
            .apply(edit("[inbound]\ntag = 100"), None, |_| Err(std::io::Error::other("full")));
        assert!(matches!(failed, Err(Refused::Unrecorded { .. })));
        assert_eq!(holder.current().number(), 1);
    }

    #[test]
    fn racing_edits_get_different_numbers() {
        let holder = holder();
        let numbers: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| apply(&holder, "", None).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut sorted = numbers;
        sorted.sort_unstable();
        assert_eq!(sorted, (2..10).collect::<Vec<u64>>());
    }
}
