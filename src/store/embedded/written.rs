//! What was written to the days of the ledger, and is let out of the system's memory once it is on the disk. Hardly any of it is read
//! again soon, and at full speed it is 70 MB a second: without, the system takes ever new pages for it until there are
//! none left, and then those of others.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, fadvise};

/// Bytes written to a file after which what is on the disk is let go: what the log holds when it is copied into the file.
const LET_GO_BYTES: usize = 32 << 20;

/// Files that were written to.
#[derive(Default)]
pub(super) struct Written {
    /// Each with the bytes since it was last let go. Open until it is removed: a process that closes any descriptor of a file
    /// loses all its locks on it (fcntl(2)), those of SQLite among them.
    files: Vec<(PathBuf, File, usize)>,
}

impl Written {
    /// Counts what was written to a file. A file that cannot be opened here stays in memory, which costs nothing but room.
    pub(super) fn count(&mut self, path: &Path, bytes: usize) {
        if !self.files.iter().any(|(known, ..)| known == path) {
            let Ok(file) = File::open(path) else { return };
            self.files.push((path.to_owned(), file, 0));
        }
        let found = self.files.iter_mut().find(|(known, ..)| known == path);
        let Some((_, file, since)) = found else { return };
        *since += bytes;
        if *since >= LET_GO_BYTES {
            *since = 0;
            // Advice: what is not on the disk yet stays until the next time.
            let _ = fadvise(&*file, 0, None, Advice::DontNeed);
        }
    }

    /// Forgets a file that is removed or set aside.
    pub(super) fn forget(&mut self, path: &Path) {
        self.files.retain(|(known, ..)| known != path);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{IoSliceMut, Write};

    use rustix::io::{Errno, ReadWriteFlags, preadv2};

    use super::*;

    /// Whether the first byte of a file can be read without the disk.
    fn in_memory(file: &File) -> Result<bool, Errno> {
        let mut byte = [0];
        match preadv2(file, &mut [IoSliceMut::new(&mut byte)], 0, ReadWriteFlags::NOWAIT) {
            Ok(_) => Ok(true),
            Err(Errno::AGAIN) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    #[test]
    fn what_is_on_the_disk_is_let_go_after_so_much_and_not_before() {
        // Beside this program: a system's folder for scratch files may be in memory itself.
        let program = std::env::current_exe().unwrap();
        let folder = tempfile::tempdir_in(program.parent().unwrap()).unwrap();
        let path = folder.path().join("day");
        let mut file = File::create_new(&path).unwrap();
        file.write_all(&[7; 1 << 20]).unwrap();
        file.sync_all().unwrap();
        let reader = File::open(&path).unwrap();
        if in_memory(&reader) == Err(Errno::OPNOTSUPP) {
            return;
        }
        let mut written = Written::default();
        written.count(&path, LET_GO_BYTES - 1);
        assert_eq!(in_memory(&reader), Ok(true));
        written.count(&path, 1);
        assert_eq!(in_memory(&reader), Ok(false));
        assert_eq!(std::fs::read(&path).unwrap(), [7; 1 << 20]);
        written.forget(&path);
        assert!(written.files.is_empty());
    }
}
