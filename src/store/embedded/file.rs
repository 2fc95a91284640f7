//! Opening one SQLite file: settings, schema version, and setting damaged files aside.

use std::fs::{File, rename};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::OpenFault;
use crate::store::CommitFault;
use crate::time::Timestamp;

/// Marks our files (`PRAGMA application_id`): "FAXG".
const APPLICATION: i32 = 0x4641_5847;
/// Files up to this size are checked whole when they are opened, in bytes.
const CHECK_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What kind of file it is: its schema and the version of that.
pub(super) struct Kind {
    pub(super) version: i32,
    /// Statements, one text a room that has tables in it.
    pub(super) schema: &'static [&'static str],
    pub(super) settings: &'static str,
}

/// What became of an opening.
pub(super) enum Opened {
    /// A working connection.
    Good(Connection),
    /// The file is damaged: it should be set aside.
    Damaged,
}

/// The fault of the store that a fault of SQLite means.
pub(super) fn fault_of(fault: &rusqlite::Error) -> CommitFault {
    match fault.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => CommitFault::Full,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => CommitFault::Damaged,
        _ => CommitFault::Io,
    }
}

/// Opens a file for writing, making its schema where it is new.
pub(super) fn open(path: &Path, kind: &Kind) -> Result<Opened, OpenFault> {
    let version = match prepare(path, kind) {
        Ok((connection, version)) if version == kind.version => {
            return Ok(Opened::Good(connection));
        }
        Ok((_, version)) => version,
        Err(fault) if fault_of(&fault) == CommitFault::Damaged => return Ok(Opened::Damaged),
        Err(source) => return Err(OpenFault::File { path: path.to_owned(), source }),
    };
    let (found, known) = (version, kind.version);
    Err(OpenFault::Version { path: path.to_owned(), found, known })
}

fn prepare(path: &Path, kind: &Kind) -> rusqlite::Result<(Connection, i32)> {
    let connection = Connection::open(path)?;
    let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if application == 0 && version == 0 {
        connection.execute_batch(kind.settings)?;
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {}; COMMIT;",
            kind.schema.concat(), kind.version
        ))?;
        sync_folder(path);
        return Ok((connection, kind.version));
    }
    if application != APPLICATION || version != kind.version {
        return Ok((connection, version));
    }
    connection.execute_batch(kind.settings)?;
    Ok((connection, version))
}

/// Whether the inside of a file is as it should be; a large one is taken at its word.
pub(super) fn is_whole(connection: &Connection, path: &Path) -> Result<bool, OpenFault> {
    if path.metadata().is_ok_and(|file| file.len() > CHECK_BYTES_MAX) {
        return Ok(true);
    }
    let answer = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match answer {
        Ok(answer) => Ok(answer == "ok"),
        Err(fault) if fault_of(&fault) == CommitFault::Damaged => Ok(false),
        Err(source) => Err(OpenFault::File { path: path.to_owned(), source }),
    }
}

/// Opens a file for queries only, beside the committer.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // Not mapped: while somebody writes, each reading would unmap and map the whole file anew.
    connection.execute_batch("PRAGMA query_only = ON;")?;
    // A plan does not hang on the values it is asked with, or each question would be planned anew.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // The last to close must not remove the log by its name: a new file may have that name by then.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_prepared_statement_cache_capacity(16);
    Ok(connection)
}

/// A number of rows as SQLite takes it.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Sets a damaged file and its log aside under a name that tells when.
pub(super) fn quarantine(path: &Path, now: Timestamp) -> Result<(), OpenFault> {
    let mark = format!(".corrupt-{}", now.as_micros());
    let aside = beside(path, &mark);
    rename(path, aside).map_err(|source| OpenFault::Aside { path: path.to_owned(), source })?;
    for suffix in ["-wal", "-shm"] {
        let part = beside(path, suffix);
        // A file that was closed well has neither.
        let _ = rename(&part, beside(&part, &mark));
    }
    sync_folder(path);
    Ok(())
}

/// Removes a file with its log.
pub(super) fn remove(path: &Path) -> std::io::Result<()> {
    for suffix in ["-wal", "-shm"] {
        match std::fs::remove_file(beside(path, suffix)) {
            Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => return Err(fault),
            _ => {}
        }
    }
    std::fs::remove_file(path)?;
    sync_folder(path);
    Ok(())
}

/// Makes a new or changed name durable; a file system that cannot sync a folder does so by itself.
pub(super) fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}
