//! Puts what the log of the tables holds into their file, on a thread of its own and some commits at a time: otherwise every
//! so-many-th commit would do it, and whoever waits for that commit would wait for the disk twenty times as long.
//!
//! What fails here is done by a commit, once the log has grown to its bound. Nothing is lost by either: the log is as good.

use std::path::Path;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::file;

/// Between two times: what is written again and again meanwhile is put into the file once.
const PAUSE: Duration = Duration::from_millis(100);

/// Pages of the log from which on it is begun anew.
const LOG_PAGES: i64 = 2_048;

/// What the committer tells the thread.
#[derive(Default)]
pub(super) struct Backfill {
    told: Mutex<Told>,
    changed: Condvar,
    /// Held while the file is written here; whoever replaces the file or empties the log holds it too.
    file: Mutex<()>,
    /// Held by a commit to the tables.
    turn: Mutex<()>,
}

#[derive(Default)]
struct Told {
    written: bool,
    closing: bool,
}

impl Backfill {
    /// Says that something was written to the log.
    pub(super) fn written(&self) {
        let mut told = self.told.lock();
        if !told.written {
            told.written = true;
            self.changed.notify_one();
        }
    }

    /// Keeps the thread from the file.
    pub(super) fn pause(&self) -> MutexGuard<'_, ()> {
        self.file.lock()
    }

    /// Keeps the thread from beginning the log anew while a commit adds to it.
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock()
    }

    /// Ends the thread.
    pub(super) fn close(&self) {
        self.told.lock().closing = true;
        self.changed.notify_one();
    }

    /// Works until it is closed.
    pub(super) fn run(&self, path: &Path) {
        while self.wait() {
            let _file = self.file.lock();
            let _ = self.fill(path);
        }
    }

    /// What commits add meanwhile stays in the log, which is begun anew only when all of it is in the file: so once more for that
    /// little, and no commit beside it.
    fn fill(&self, path: &Path) -> rusqlite::Result<()> {
        // Opened anew each time: the file may have been replaced, and the log is found by its name.
        let connection = file::open_reader(path)?;
        let pages = || {
            let sql = "PRAGMA wal_checkpoint(PASSIVE)";
            connection.query_row(sql, [], |row| row.get::<_, i64>("log"))
        };
        if pages()? >= LOG_PAGES {
            let _turn = self.turn.lock();
            pages()?;
        }
        Ok(())
    }

    /// Waits for something to do; false when it is closed.
    fn wait(&self) -> bool {
        let mut told = self.told.lock();
        while !told.written && !told.closing {
            self.changed.wait(&mut told);
        }
        if !told.closing {
            self.changed.wait_for(&mut told, PAUSE);
        }
        told.written = false;
        !told.closing
    }
}
