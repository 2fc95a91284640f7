//! `evaluate import`: the directory of a large provider by the operator's own tool, beside verdicts, into the real server;
//! and how long that takes to come back when it is killed in the middle of it, and after it.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::load::{Client, Target};
use super::process::Process;
use super::{Fault, SEED, median};
use crate::lab::evaluate::screening::engine::{now, rounded};
use crate::lab::evaluate::{Evaluation, Measured, Run, Scale};

const FULL: &str = "10 million numbers, 2 million members";
const QUICK: &str = "200,000 numbers, 40,000 members";
/// Numbers of a member.
const NUMBERS_OF_MEMBER: u32 = 5;
/// Verdicts a second beside the import.
const BESIDE: f64 = 200.0;
/// Laps of verdicts before the import, and how long one is, then and beside it.
const LAPS_BEFORE: usize = 3;
const LAP: Duration = Duration::from_secs(3);
/// Laps after which nobody waits any more: an hour.
const LAPS_MAX: usize = 1_200;
const MIB: f64 = 1_048_576.0;

/// The evaluation.
pub(in crate::lab::evaluate) struct Import;

impl Evaluation for Import {
    fn name(&self) -> &'static str {
        "import"
    }

    fn ids(&self) -> &'static [&'static str] {
        &[
            "import.seconds",
            "import.unary_p99_ms",
            "import.resident_mib",
            "import.tables_mib",
            "import.restart_seconds",
            "import.restart_half_seconds",
        ]
    }

    fn rows(&self, run: Run) -> Result<Vec<Measured>, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let found = runtime.block_on(measure(run))?;
        Ok(rows(run, &found))
    }
}

/// What was found.
struct Found {
    seconds: f64,
    /// The p99 of each lap, before and beside the import.
    before_ms: Vec<f64>,
    beside_ms: Vec<f64>,
    seen: Seen,
    /// From the start of a process to its listening, after a kill when the import had ended and half way.
    restart: f64,
    restart_half: f64,
}

/// The most that was seen of each, in bytes.
#[derive(Clone, Copy, Default)]
struct Seen {
    resident: u64,
    tables: u64,
    log: u64,
}

impl Seen {
    fn look(&mut self, server: &Process, data: &Path) -> Result<(), Fault> {
        let size = |name| data.join(name).metadata().map_or(0, |file| file.len());
        self.resident = self.resident.max(server.resident()?);
        self.tables = self.tables.max(size("state.sqlite"));
        self.log = self.log.max(size("state.sqlite-wal"));
        Ok(())
    }
}

async fn measure(run: Run) -> Result<Found, Fault> {
    let numbers = match run.scale {
        Scale::Quick => 200_000,
        Scale::Full => 10_000_000,
    };
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("directory.csv");
    write(&file, numbers)?;
    let mut client = Client::new(run.seed.unwrap_or(SEED));
    let first = folder.path().join("first");
    let server = start(&first)?;
    let target = Target::plain(server.address().await?);
    let mut before_ms = Vec::new();
    for _ in 0..LAPS_BEFORE {
        before_ms.push(client.paced(&target, BESIDE, LAP).await?.p99_ms);
    }
    let (mut beside_ms, mut seen) = (Vec::new(), Seen::default());
    let began = now();
    let mut tool = Tool::start(&file, &target)?;
    let waiting = std::thread::spawn(move || tool.end().map(|()| began.elapsed()));
    while !waiting.is_finished() && beside_ms.len() < LAPS_MAX {
        beside_ms.push(client.paced(&target, BESIDE, LAP).await?.p99_ms);
        seen.look(&server, &first.join("data"))?;
    }
    let ended = waiting.join().map_err(|_| "nobody waited for the import")?;
    let seconds = ended?.as_secs_f64();
    drop(server);
    let restart = restart(&first, numbers).await?;
    let second = folder.path().join("second");
    let server = start(&second)?;
    let target = Target::plain(server.address().await?);
    let half = Tool::start(&file, &target)?;
    tokio::time::sleep(Duration::from_secs_f64(seconds / 2.0)).await;
    drop(server);
    drop(half);
    let restart_half = self::restart(&second, 1).await?;
    Ok(Found { seconds, before_ms, beside_ms, seen, restart, restart_half })
}

fn start(folder: &Path) -> Result<Process, Fault> {
    std::fs::create_dir_all(folder)?;
    Process::server(folder, None)
}

/// Starts a server on what a killed one left; gives the seconds until it listens. It must know that many numbers.
async fn restart(folder: &Path, numbers: u32) -> Result<f64, Fault> {
    let began = now();
    let server = start(folder)?;
    let target = Target::plain(server.address().await?);
    let seconds = began.elapsed().as_secs_f64();
    let file = folder.join("one.csv");
    write(&file, 1)?;
    let told: serde_json::Value = serde_json::from_slice(&Tool::start(&file, &target)?.told()?)?;
    let known = told["numberCount"].as_str().and_then(|count| count.parse::<u32>().ok());
    match known {
        Some(known) if known >= numbers => Ok(seconds),
        known => Err(format!("{known:?} numbers were left of {numbers}").into()),
    }
}

/// The operator's tool importing a file: this very program.
struct Tool(Child);

impl Tool {
    fn start(file: &Path, target: &Target) -> Result<Self, Fault> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--json", "directory", "import"]).arg(file);
        command.args(["--server", &format!("http://{}", target.address)]);
        let (input, out) = (Stdio::null(), Stdio::piped());
        Ok(Self(command.stdin(input).stdout(out).stderr(Stdio::null()).spawn()?))
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.0.wait()? {
            status if status.success() => Ok(()),
            status => Err(format!("the import ended with {status}").into()),
        }
    }

    fn told(mut self) -> Result<Vec<u8>, Fault> {
        let mut told = Vec::new();
        let out = self.0.stdout.take().ok_or("the import has no output")?;
        std::io::copy(&mut std::io::BufReader::new(out), &mut told)?;
        self.end()?;
        Ok(told)
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A directory as a provider would export it: a row a number, each with what is known of the member.
fn write(path: &Path, numbers: u32) -> Result<(), Fault> {
    const AREAS: [u32; 10] = [212, 213, 214, 215, 216, 217, 218, 219, 224, 225];
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "number,member_id,plan,created")?;
    for number in 0..numbers {
        let (area, line) = (AREAS[number as usize % AREAS.len()], number / 10);
        let member = number / NUMBERS_OF_MEMBER;
        let plan = ["free", "plus", "pro", "corporate"][member as usize % 4];
        let (year, day) = (2010 + member % 16, 10 + member % 19);
        writeln!(out, "+1{area}5{line:06},member-{member},{plan},{year}-05-{day}T00:00:00Z")?;
    }
    Ok(out.flush()?)
}

fn rows(run: Run, found: &Found) -> Vec<Measured> {
    let row = |id, value: f64, decimals, baseline: String, how: &str| Measured {
        id,
        value: Some(rounded(value, decimals)),
        scale: if run.scale == Scale::Full { FULL } else { QUICK }.to_owned(),
        seed: run.seed.unwrap_or(SEED),
        baseline,
        how: how.to_owned(),
    };
    let Found { seconds, before_ms, beside_ms, seen, restart, restart_half } = found;
    let worst = beside_ms.iter().copied().fold(0.0, f64::max);
    let (beside, before) = (median(beside_ms.iter().copied()), median(before_ms.iter().copied()));
    let mib = |bytes: u64| bytes as f64 / MIB;
    let paced = format!(
        "{BESIDE} calls a second begun on time, the median of laps of {} s; the worst lap came to {worst:.1}",
        LAP.as_secs()
    );
    let log = format!("{:.0} of its write-ahead log", mib(seen.log));
    let killed = "from the start of a process after `kill -9` to its listening";
    vec![
        row(
            "import.seconds",
            *seconds,
            0,
            String::new(),
            "`faxguardctl directory import`, a row a number with member, plan and date, beside the verdicts below",
        ),
        row("import.unary_p99_ms", beside, 2, format!("{before:.2} ms before the import"), &paced),
        row(
            "import.resident_mib",
            mib(seen.resident),
            0,
            String::new(),
            "the most of the server's resident set",
        ),
        row("import.tables_mib", mib(seen.tables), 0, log, "the largest size of state.sqlite"),
        row(
            "import.restart_seconds",
            *restart,
            1,
            String::new(),
            &format!("{killed}, the import done and nothing else: every number was there"),
        ),
        row(
            "import.restart_half_seconds",
            *restart_half,
            1,
            String::new(),
            &format!("{killed}, half way through an import"),
        ),
    ]
}
