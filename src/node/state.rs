//! A folder in which hooks, which live for one question, leave word for the next one. Whatever goes wrong with it, a hook
//! goes on without.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::journal::NodeJournal;
use crate::bounds::HOOK_STATE_BYTES_MAX;

/// Looks at the lock before a hook goes on without it, and the time between them. Whoever holds it reads and writes a
/// small file.
const LOCK_LOOKS: u32 = 10;
const LOCK_WAIT: Duration = Duration::from_millis(1);

/// The folder; it is made when it is missing, for its user alone.
#[derive(Clone, Debug)]
pub(super) struct StateFolder(PathBuf);

impl StateFolder {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The journal of looks at content that the folder has too.
    pub(super) fn journal(&self) -> NodeJournal {
        NodeJournal::new(&self.0)
    }

    /// The lock on everything in the folder, until it is dropped; nothing when it cannot be had soon.
    pub(super) async fn lock(&self) -> Option<File> {
        if !self.0.is_dir() {
            make_private(&self.0);
        }
        let lock = self.0.join("lock");
        let file = match fresh(&lock, &self.0) {
            Ok(file) => file,
            Err(_) => File::options().append(true).open(&lock).ok()?,
        };
        for look in 0..LOCK_LOOKS {
            if file.try_lock().is_ok() {
                return Some(file);
            }
            if look + 1 < LOCK_LOOKS {
                tokio::time::sleep(LOCK_WAIT).await;
            }
        }
        None
    }

    /// What a file holds; nothing when it is missing, too large or damaged.
    pub(super) fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let file = File::open(self.0.join(name)).ok()?;
        let mut bytes = Vec::new();
        file.take(HOOK_STATE_BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
        let fits = u64::try_from(bytes.len()).is_ok_and(|size| size <= HOOK_STATE_BYTES_MAX);
        if fits { serde_json::from_slice(&bytes).ok() } else { None }
    }

    /// Writes a file whole or not at all.
    pub(super) fn write(&self, name: &str, value: &impl Serialize) {
        let new = self.0.join(format!("{name}.new"));
        let written = serde_json::to_vec(value).map_err(std::io::Error::from).and_then(|bytes| {
            // What a hook that died left half written.
            let _ = fs::remove_file(&new);
            fresh(&new, &self.0)?.write_all(&bytes)?;
            fs::rename(&new, self.0.join(name))
        });
        if written.is_err() {
            // The next hook goes by what was there before.
            let _ = fs::remove_file(&new);
        }
    }
}

pub(super) fn make_private(folder: &Path) {
    use std::os::unix::fs::DirBuilderExt as _;
    // Where it cannot be made, nothing in it can be opened either, and that is seen there.
    let made = fs::DirBuilder::new().mode(0o700).create(folder);
    if let (Ok(()), Some((user, group))) = (made, folder.parent().and_then(owner)) {
        // The link itself, should somebody have put one in its place by now.
        let _ = std::os::unix::fs::lchown(folder, Some(user), Some(group));
    }
}

/// A file that was not there, for whom the folder around it belongs to: HylaFAX runs some hooks as root and others not.
/// Only what was made here is handed over, and by its descriptor: a link that somebody put there is neither followed
/// nor written through.
pub(super) fn fresh(path: &Path, around: &Path) -> std::io::Result<File> {
    let file = File::options().create_new(true).append(true).open(path)?;
    if let Some((user, group)) = owner(around) {
        // Only root may, and only what root made is in anybody's way.
        let _ = std::os::unix::fs::fchown(&file, Some(user), Some(group));
    }
    Ok(file)
}

fn owner(path: &Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|of| (of.uid(), of.gid()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read_and_whatever_is_wrong_is_nothing() {
        let base = tempfile::tempdir().unwrap();
        let folder = StateFolder::new(&base.path().join("state"));
        assert_eq!(folder.read::<u32>("a"), None);
        let lock = folder.lock().await;
        assert!(lock.is_some());
        assert!(folder.lock().await.is_none(), "one at a time");
        drop(lock);
        assert!(folder.lock().await.is_some());
        folder.write("a", &7);
        assert_eq!(folder.read::<u32>("a"), Some(7));
        for damage in [&b"\xff\0"[..], b"", b"[", &vec![b' '; 300_000]] {
            fs::write(base.path().join("state/a"), damage).unwrap();
            assert_eq!(folder.read::<u32>("a"), None);
        }
        // A link to somebody else's file is not written through.
        let other = base.path().join("other");
        fs::write(&other, "other").unwrap();
        std::os::unix::fs::symlink(&other, base.path().join("state/b.new")).unwrap();
        folder.write("b", &8);
        assert_eq!(folder.read::<u32>("b"), Some(8));
        assert_eq!(fs::read_to_string(&other).unwrap(), "other");
        let nowhere = StateFolder::new(Path::new("/proc/none/such"));
        assert!(nowhere.lock().await.is_none());
        nowhere.write("a", &7);
        assert_eq!(nowhere.read::<u32>("a"), None);
    }
}
