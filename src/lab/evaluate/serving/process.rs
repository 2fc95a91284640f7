//! The two servers, each in a process of its own that ends with this one's measurement.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Fault;
use crate::lab::evaluate::screening::engine::resident_of;

/// Between two looks whether a server listens.
const LOOK: Duration = Duration::from_millis(20);
/// Looks until nobody waits any more: two minutes, since a killed server reads its ledger first.
const LOOKS_MAX: usize = 6_000;

/// Which of a process's fields after its name are its times in and out of the system, and what they are counted in (Linux
/// gives hundredths of a second, whatever the kernel's own tick).
const TIMES_AT: usize = 11;
const MILLIS_A_TICK: u64 = 10;

/// A server.
pub(super) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// The real server, the program beside this one, with its data and its log in that folder.
    pub(super) fn server(folder: &Path, settings: Option<&Path>) -> Result<Self, Fault> {
        let own = std::env::current_exe()?;
        let program = own.with_file_name("faxguardd");
        let mut command = Command::new(&program);
        command.args(["--listen", "127.0.0.1:0", "--data"]).arg(folder.join("data"));
        if let Some(settings) = settings {
            command.arg("--config").arg(settings);
        }
        Self::start(command, folder.join("server.log")).map_err(|fault| {
            format!("`{}` could not be started beside this program: {fault}", program.display())
                .into()
        })
    }

    /// The bare echo: this very program.
    pub(super) fn echo(folder: &Path) -> Result<Self, Fault> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["evaluate", super::NAME, "--part", super::echo::PART, "--folder"])
            .arg(folder);
        Self::start(command, folder.join("echo.log"))
    }

    fn start(mut command: Command, log: PathBuf) -> Result<Self, Fault> {
        let file = File::create(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .env_remove("FAXGUARD_CONFIG")
            .env_remove("FAXGUARD_LOG")
            .spawn()?;
        Ok(Self { child, log })
    }

    /// Processor time it has used so far, in the system and out of it.
    pub(super) fn processor(&self) -> Result<Duration, Fault> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in brackets may hold anything; the fields after it are numbers but for the first (proc(5)).
        let (_, fields) = stat.rsplit_once(')').ok_or("no such process")?;
        let mut times = fields.split_ascii_whitespace().skip(TIMES_AT).take(2);
        let ticks = times.try_fold(0, |sum, ticks| ticks.parse::<u64>().map(|more| sum + more))?;
        Ok(Duration::from_millis(ticks * MILLIS_A_TICK))
    }

    /// What it has in memory, in bytes.
    pub(super) fn resident(&self) -> Result<u64, Fault> {
        resident_of(&self.child.id().to_string())
    }

    /// Where it listens, by its log.
    pub(super) async fn address(&self) -> Result<String, Fault> {
        for _ in 0..LOOKS_MAX {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let told = log.lines().find_map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).ok()?;
                let serving = line["message"].as_str()? == "serving";
                serving.then(|| line["address"].as_str().map(str::to_owned))?
            });
            if let Some(address) = told {
                return Ok(address);
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(format!("a server did not begin to listen (see `{}`)", self.log.display()).into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
