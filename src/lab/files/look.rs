//! A look at the pages of a local file, as the law of the house has it: under seal, by a grant, and journalled first.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde::Serialize;
use thiserror::Error;

use crate::bounds::TIFF_BYTES_MAX;
use crate::content::decode::Undecodable;
use crate::content::fingerprint::{FingerprintKey, KEY_BYTES, Maps, PageReading};
use crate::content::grant::Grant;
use crate::content::journal::{ACTOR_BYTES_MAX, Journal, JournalFault, Opening};
use crate::content::sealed::{PAGES_READ_MAX, SealedFax};
use crate::content::tiff::TiffFax;
use crate::fax::id::DecisionId;
use crate::metrics::Stopwatch;
use crate::operator::{Context, Failure, Output, input, option, text};
use crate::time::{Clock as _, WallClock};
use crate::verdict::ContentPurpose;

/// The purposes for which pages may be looked at, by name.
const PURPOSES: [(&str, ContentPurpose); 3] = [
    ("deliver", ContentPurpose::Deliver),
    ("connect", ContentPurpose::Connect),
    ("prevent-disruption", ContentPurpose::PreventDisruption),
];

/// A file whose pages were looked at.
pub(super) struct Looked {
    /// What the file says of itself.
    pub(super) tags: TiffFax,
    /// Each page that was read.
    pub(super) pages: Vec<Result<PageReading, Undecodable>>,
    /// How long reading took, fingerprints included.
    pub(super) microseconds: u64,
}

/// How to look.
pub(super) struct Look {
    key: [FingerprintKey; 1],
    purpose: (&'static str, ContentPurpose),
    journal: Option<PathBuf>,
}

/// Adds the arguments of every command that looks.
pub(super) fn arguments(command: clap::Command) -> clap::Command {
    command
        .arg(option(
            "key",
            "HEX",
            "The epoch's secret, 64 hexadecimal digits; else one of this run alone",
        ))
        .arg(
            option("epoch", "N", "The epoch")
                .default_value("1")
                .value_parser(clap::value_parser!(u32)),
        )
        .arg(
            option("purpose", "PURPOSE", "Why pages are opened")
                .default_value("prevent-disruption")
                .value_parser(PURPOSES.map(|(name, _)| name)),
        )
        .arg(option(
            "journal",
            "FILE",
            "Write who opened what, and why, at the end of this file; else on standard error",
        ))
}

impl Look {
    /// As the command line says.
    pub(super) fn of(matches: &ArgMatches, context: &Context<'_>) -> Result<Self, Failure> {
        let secret = match matches.get_one::<String>("key") {
            Some(digits) => secret(digits)?,
            None => {
                let halves = [context.fresh_id()?, context.fresh_id()?];
                secret(&halves.concat())?
            }
        };
        let epoch = matches.get_one::<u32>("epoch").copied().unwrap_or(1);
        let named = matches.get_one::<String>("purpose");
        let purpose = PURPOSES.into_iter().find(|(name, _)| named.is_some_and(|it| it == name));
        Ok(Self {
            key: [FingerprintKey::new(epoch, secret)],
            purpose: purpose.unwrap_or(PURPOSES[2]),
            journal: matches.get_one::<String>("journal").map(PathBuf::from),
        })
    }

    /// Opens the pages of a file, and says so first.
    pub(super) fn at(&self, path: &Path, context: &mut Context<'_>) -> Result<Looked, Failure> {
        let id = context.fresh_id()?;
        let decision = DecisionId::parse(&id).unwrap_or(DecisionId([0; 16]));
        let actor = actor(context);
        let unusable = |source| Failure::Content { path: path.into(), source };
        let fax = SealedFax::new(decision, input::read(path, TIFF_BYTES_MAX)?);
        let tags = fax.tags().map_err(|fault| unusable(Box::new(fault)))?;
        if let Some(fault) = tags.fault {
            let pages = counted(tags.pages.len());
            context.output.remark(format!("only {pages} can be read: {fault}"))?;
        }
        let pages = tags.pages.len().min(PAGES_READ_MAX);
        if pages < tags.pages.len() {
            let all = tags.pages.len();
            context.output.remark(format!("only the first {pages} of {all} pages are read"))?;
        }
        let (name, purpose) = self.purpose;
        let opening = Opening { decision, purpose, actor, generation: 0, time: WallClock.now() };
        let grant = {
            let kept = self.journal.as_deref().map(append).transpose()?;
            let output = RefCell::new(&mut context.output);
            let journal = LocalJournal { path, pages, purpose: name, kept, output };
            Grant::request(&journal, &opening).map_err(|fault| self.unwritten(path, fault))?
        };
        let watch = Stopwatch::start();
        let read = fax.fingerprints(grant, &self.key, Maps::With);
        let microseconds = u64::try_from(watch.elapsed().as_micros()).unwrap_or(u64::MAX);
        let pages = read.map_err(|fault| unusable(Box::new(fault)))?;
        Ok(Looked { tags, pages, microseconds })
    }

    fn unwritten(&self, path: &Path, fault: JournalFault) -> Failure {
        let path = self.journal.clone().unwrap_or_else(|| path.into());
        Failure::Content { path, source: Box::new(fault) }
    }
}

fn counted(pages: usize) -> String {
    if pages == 1 { "1 page".into() } else { format!("{pages} pages") }
}

/// The tool, and who runs it.
fn actor(context: &Context<'_>) -> String {
    let mut actor = format!("faxguardctl, run by {}", context.user().unwrap_or("nobody known"));
    actor.truncate(actor.floor_char_boundary(ACTOR_BYTES_MAX));
    actor
}

fn append(path: &Path) -> Result<File, Failure> {
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.map_err(|fault| Failure::Content { path: path.into(), source: Box::new(fault) })
}

fn secret(digits: &str) -> Result<[u8; KEY_BYTES], Failure> {
    let fault = Failure::Argument { argument: "--key", expected: "64 hexadecimal digits" };
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let bytes = pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?));
    let bytes: Option<Vec<u8>> = bytes.collect();
    let bytes = bytes.filter(|_| rest.is_empty()).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or(fault)
}

/// Where looks at local files are written: a file that only grows, or else standard error.
struct LocalJournal<'o, 'w> {
    path: &'o Path,
    pages: usize,
    purpose: &'static str,
    kept: Option<File>,
    output: RefCell<&'o mut Output<'w>>,
}

/// A line of such a file.
#[derive(Serialize)]
struct Line<'l> {
    time: String,
    purpose: &'static str,
    actor: &'l str,
    decision: String,
    file: String,
    pages: usize,
}

impl Journal for LocalJournal<'_, '_> {
    fn write(&self, opening: &Opening) -> Result<(), JournalFault> {
        let Self { path, pages, purpose, kept, output } = self;
        let Some(mut file) = kept.as_ref() else {
            let path = path.display().to_string();
            let (pages, path) = (counted(*pages), text::safe(&path));
            let said = format!("opened {pages} of `{path}` for {purpose}");
            let written = output.borrow_mut().remark(said);
            return written.map_err(|fault| JournalFault::Unwritable(Box::new(fault)));
        };
        let line = Line {
            time: text::instant(opening.time),
            purpose,
            actor: &opening.actor,
            decision: opening.decision.to_string(),
            file: path.display().to_string(),
            pages: *pages,
        };
        let unwritable = |fault: std::io::Error| JournalFault::Unwritable(Box::new(fault));
        let mut bytes = serde_json::to_vec(&line).map_err(|fault| unwritable(fault.into()))?;
        bytes.push(b'\n');
        file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(unwritable)
    }
}

/// Why there is nothing to tell of a file that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum NothingToTell {
    /// No page can be decoded.
    #[error("none of its pages can be decoded")]
    NoPage,
    /// None has a fingerprint.
    #[error("none of its pages has a fingerprint, so there is nothing to compare")]
    NoFingerprint,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_64_digits() {
        assert_eq!(secret(&"0f".repeat(32)).unwrap(), [15; KEY_BYTES]);
        for bad in ["", "0", &"0".repeat(63), &"0".repeat(66), &"g".repeat(64), &"é".repeat(32)] {
            assert!(matches!(secret(bad), Err(Failure::Argument { .. })), "{bad}");
        }
    }
}
