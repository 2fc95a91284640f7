//! The program in memory: so that no verdict waits until a page of it is read from the disk again.
//!
//! A system that runs short, or that lets go of what was not used for a minute, puts the pages of a program out of memory
//! first: they are in a file. What is used once an hour is then read while callers wait, a hundred milliseconds on a busy
//! disk. Locked are the pages that are mapped at the start: the program, its libraries and its first stacks, some tens of
//! megabytes. What is allocated later is in no file.

use std::io;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::metrics::Metrics;

/// Reads the program into memory whole and keeps it there, as far as the system lets this process; says in the log and in a
/// metric where it does not.
pub(super) fn keep_program(metrics: &Metrics) {
    tell(locked(), metrics);
}

fn tell(outcome: io::Result<()>, metrics: &Metrics) {
    metrics.program_locked.set(i64::from(outcome.is_ok()));
    if let Err(fault) = outcome {
        tracing::info!(
            reason = "program_not_locked",
            fault = &fault as &dyn std::error::Error,
            "the program may be put out of memory, and a verdict wait for it (allow more locked memory: LimitMEMLOCK, ulimit -l)"
        );
    }
}

fn locked() -> io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Memlock);
    setrlimit(Resource::Memlock, Rlimit { current: maximum, maximum })?;
    Ok(mlockall(MlockAllFlags::CURRENT)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_does_not_allow_is_told_and_ends_nothing() {
        let metrics = Metrics::new();
        tell(Err(io::ErrorKind::PermissionDenied.into()), &metrics);
        assert_eq!(metrics.program_locked.get(), 0);
        tell(Ok(()), &metrics);
        assert_eq!(metrics.program_locked.get(), 1);
    }
}
