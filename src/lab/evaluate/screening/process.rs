//! Parts of an evaluation that need a process of their own: one that is killed, and one whose memory is counted.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::engine::Fault;
use crate::lab::evaluate::{Run, Scale};

/// Between two looks whether the other process has come as far.
const LOOK: Duration = Duration::from_millis(20);

/// This very program, doing one part in a folder.
pub(in crate::lab::evaluate) struct Part(Child);

impl Part {
    /// Starts it.
    pub(in crate::lab::evaluate) fn start(
        (evaluation, name): (&str, &str),
        run: Run,
        folder: &Path,
    ) -> Result<Self, Fault> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["evaluate", evaluation, "--part", name, "--folder"]).arg(folder);
        if run.scale == Scale::Full {
            command.arg("--full");
        }
        if let Some(seed) = run.seed {
            command.args(["--seed", &seed.to_string()]);
        }
        Ok(Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?))
    }

    /// Waits until it has written the file, and reads it.
    pub(in crate::lab::evaluate) fn result(&mut self, path: &Path) -> Result<String, Fault> {
        loop {
            // Asked first: whoever has ended had its chance to write.
            let ended = self.0.try_wait()?;
            match std::fs::read_to_string(path) {
                Ok(text) => return Ok(text),
                Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => {
                    return Err(fault.into());
                }
                Err(_) => {}
            }
            if let Some(status) = ended {
                return Err(format!("a part of the measurement ended early ({status})").into());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Kills it as `kill -9` does.
    pub(in crate::lab::evaluate) fn kill(mut self) -> Result<(), Fault> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

/// Leaves a result for whoever waits: whole or not at all.
pub(in crate::lab::evaluate) fn leave(path: &Path, text: &str) -> Result<(), Fault> {
    let new = path.with_extension("new");
    std::fs::write(&new, text)?;
    Ok(std::fs::rename(new, path)?)
}
