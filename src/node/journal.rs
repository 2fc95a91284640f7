//! The node's own journal of content: who looked at which fax, why, when. Written and on the disk before the look; a file a
//! day in the hooks' folder, kept as long as the service keeps its own.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::state::{fresh, make_private};
use crate::bounds::NODE_JOURNAL_DAYS;
use crate::content::journal::{Journal, JournalFault, Opening};
use crate::operator::text::instant;

/// What the names of its files begin and end with.
const NAME: (&str, &str) = ("content-journal-", ".jsonl");

/// The journal in a folder.
pub(super) struct NodeJournal(PathBuf);

/// One look, as a line says it.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    decision: String,
    purpose: u8,
    actor: &'a str,
    policy_generation: u64,
}

impl NodeJournal {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    fn append(&self, opening: &Opening) -> io::Result<()> {
        if !self.0.is_dir() {
            make_private(&self.0);
        }
        let day = opening.time.day();
        let path = self.0.join(format!("{}{day:06}{}", NAME.0, NAME.1));
        let mut file = match fresh(&path, &self.0) {
            Ok(file) => {
                self.forget_before(day - NODE_JOURNAL_DAYS);
                file
            }
            Err(_) => File::options().append(true).open(&path)?,
        };
        let mut line = serde_json::to_vec(&Line {
            time: instant(opening.time),
            decision: opening.decision.to_string(),
            purpose: opening.purpose as u8,
            actor: &opening.actor,
            policy_generation: opening.generation,
        })?;
        line.push(b'\n');
        // In one write: hooks of several lines may write at once.
        file.write_all(&line)?;
        file.sync_data()
    }

    /// Lets go of days whose time is over. What cannot be removed is tried again on the next day.
    fn forget_before(&self, first: i64) {
        let Ok(files) = fs::read_dir(&self.0) else { return };
        for file in files.flatten() {
            let name = file.file_name();
            let name = name.to_str().and_then(|name| name.strip_prefix(NAME.0));
            let day = name.and_then(|name| name.strip_suffix(NAME.1)?.parse::<i64>().ok());
            if day.is_some_and(|day| day < first) {
                let _ = fs::remove_file(file.path());
            }
        }
    }
}

impl Journal for NodeJournal {
    fn write(&self, opening: &Opening) -> Result<(), JournalFault> {
        self.append(opening).map_err(|fault| JournalFault::Unwritable(Box::new(fault)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fax::id::DecisionId;
    use crate::time::Timestamp;
    use crate::verdict::ContentPurpose;

    #[test]
    fn looks_are_written_down_and_kept_for_their_time() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("state");
        let journal = NodeJournal::new(&folder);
        let opening = |day: i64| Opening {
            decision: DecisionId([7; 16]),
            purpose: ContentPurpose::PreventDisruption,
            actor: "test".into(),
            generation: 3,
            time: Timestamp::from_seconds(day * 86_400 + 5),
        };
        for day in [100, 100, 100 + NODE_JOURNAL_DAYS] {
            journal.write(&opening(day)).unwrap();
        }
        let text = fs::read_to_string(folder.join("content-journal-000100.jsonl")).unwrap();
        assert_eq!(text.lines().count(), 2);
        assert!(text.starts_with(r#"{"time":"1970-04-11T00:00:05"#), "{text}");
        journal.write(&opening(101 + NODE_JOURNAL_DAYS)).unwrap();
        assert!(!folder.join("content-journal-000100.jsonl").exists());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        assert!(NodeJournal::new(Path::new("/proc/none")).write(&opening(1)).is_err());
    }
}
