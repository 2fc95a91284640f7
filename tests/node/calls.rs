//! Real fax calls, in memory, whose receiving end asks a running service at every stage: well, slow, hung, killed and
//! restarting. None may fail because of us. `FAXGUARD_CALLS` sets how many are placed (60 unless set; the long form is 10000).

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::line::Line;

/// Calls placed unless the environment says otherwise.
const CALLS: usize = 60;
/// What is done to the service, in this order, for an equal share of the calls each.
const STATES: [State; 6] =
    [State::Well, State::Slow, State::Hung, State::Killed, State::Restarting, State::Well];
/// Most calls to the slow service.
const SLOW_MAX: usize = 60;
/// Restarts, where there are calls enough between them.
const RESTARTS: usize = 60;
/// Times a call is placed anew because the machine did not let it go on in time.
const STALLS_MAX: usize = 3;
/// Longer than this a call cannot be kept from going on by the machine and still be ours to answer for.
const STALL_MS: u64 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Well,
    Slow,
    Hung,
    Killed,
    Restarting,
}

/// A folder on the disk of the programs under test.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// A program under test as it is now, since a build may replace it before a long run is over.
fn keep(program: &str, folder: &Path) -> PathBuf {
    let kept = folder.join(Path::new(program).file_name().unwrap());
    if std::fs::hard_link(program, &kept).is_err() {
        std::fs::copy(program, &kept).unwrap();
    }
    kept
}

/// The service: a process of its own over a folder that outlives it.
struct Service {
    program: PathBuf,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Service {
    fn start(&mut self) -> SocketAddr {
        let mut child = Command::new(&self.program)
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(self.folder.path().join("data"))
            .env_remove("FAXGUARD_CONFIG")
            .env("FAXGUARD_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = log.next().unwrap().unwrap();
            let said: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if said["message"] == "serving" {
                break said["address"].as_str().unwrap().parse().unwrap();
            }
        };
        // Whoever does not read a log stops whoever writes it.
        std::thread::spawn(move || log.for_each(drop));
        self.child = Some(child);
        address
    }

    fn signal(&self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What came of one call.
#[derive(Clone, Debug, Default)]
struct Call {
    result: String,
    line: String,
    served: u64,
    unscored: u64,
    decisions: u64,
    wait_ms: u64,
    stall_ms: u64,
}

/// The program that places calls.
struct Caller {
    child: Child,
    orders: ChildStdin,
    results: BufReader<ChildStdout>,
}

impl Caller {
    fn start(program: &Path, server: SocketAddr) -> Self {
        let folder = program.parent().unwrap();
        let mut command = Command::new(program);
        let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hylafax/fax000000001.tif");
        command.arg(pages).arg(folder.join("received.tif"));
        command.arg(keep(env!("CARGO_BIN_EXE_faxguardctl"), folder));
        command.args(["node", "pipe", "--node", "memory", "--server", &server.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let orders = child.stdin.take().unwrap();
        let results = BufReader::new(child.stdout.take().unwrap());
        Self { child, orders, results }
    }

    fn place(&mut self) -> Call {
        self.orders.write_all(b"call\n").unwrap();
        let mut line = String::new();
        self.results.read_line(&mut line).unwrap();
        let mut call = Call { line: line.trim().to_owned(), ..Call::default() };
        for (name, value) in line.split_whitespace().filter_map(|word| word.split_once('=')) {
            let number = value.parse().unwrap_or(0);
            match name {
                "result" => call.result = value.to_owned(),
                "served" => call.served = number,
                "unscored" => call.unscored = number,
                "decisions" => call.decisions = number,
                "wait-ms" => call.wait_ms = number,
                "stall-ms" => call.stall_ms = number,
                _ => {}
            }
        }
        call
    }

    fn end(self) {
        let Self { mut child, orders, .. } = self;
        drop(orders);
        assert!(child.wait().unwrap().success());
    }
}

/// Says something in the test's own output.
#[expect(clippy::print_stderr, reason = "a test says what it measured or why it did nothing")]
fn say(words: &str) {
    eprintln!("{words}");
}

/// The calling program, compiled; nothing where the machine has no compiler or no spandsp for it.
fn compile(folder: &Path) -> Option<PathBuf> {
    let program = folder.join("faxcall");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node/faxcall.c");
    let compiled = Command::new("cc")
        .args(["-O2", "-o"])
        .arg(&program)
        .args([source, "-lspandsp", "-ltiff", "-lm"])
        .output();
    match compiled {
        Ok(output) if output.status.success() => Some(program),
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(told.contains("spandsp.h") || told.contains("tiffio.h"), "{told}");
            say("skipped: no spandsp to place calls with (Debian: libspandsp-dev libtiff-dev)");
            None
        }
        Err(_) => {
            say("skipped: no C compiler to place calls with");
            None
        }
    }
}

/// A call that the machine, busy with other things, kept from going on is no call: it is placed anew.
fn place(caller: &mut Caller, stalled: &mut usize) -> Call {
    for _ in 0..STALLS_MAX {
        let call = caller.place();
        if call.result != "failed" || call.stall_ms < STALL_MS {
            return call;
        }
        *stalled += 1;
    }
    caller.place()
}

#[test]
fn no_real_call_fails_because_of_us() {
    let folder = folder();
    let Some(program) = compile(folder.path()) else { return };
    let calls = std::env::var("FAXGUARD_CALLS").ok().and_then(|text| text.parse().ok());
    let calls: usize = calls.unwrap_or(CALLS);
    // Slow calls take a second each and show nothing new after a while: the others take over.
    let slow = calls.div_ceil(STATES.len()).min(SLOW_MAX);
    let others = (calls - slow.min(calls)).div_ceil(STATES.len() - 1);
    let program_of_service = keep(env!("CARGO_BIN_EXE_faxguardd"), folder.path());
    let mut service =
        Service { program: program_of_service, folder: tempfile::tempdir().unwrap(), child: None };
    let line = Line::to(service.start());
    let mut caller = Caller::start(&program, line.address());
    let mut stalled = 0;
    for state in STATES {
        enter(state, &mut service, &line);
        let share = if state == State::Slow { slow } else { others };
        let between = (share / RESTARTS).max(4);
        let (mut placed, mut restarts, mut told) = (0, 0, Vec::new());
        while placed < share || (state == State::Restarting && restarts < 3) {
            if state == State::Restarting && placed % between == 3 {
                service.kill();
                told.push(place(&mut caller, &mut stalled));
                line.lead_to(service.start());
                restarts += 1;
            }
            told.push(place(&mut caller, &mut stalled));
            placed += 1;
        }
        leave(state, &mut service, &line);
        report(state, &told);
        for call in &told {
            assert!(call.result == "ok" || call.result == "refused", "{state:?}: {}", call.line);
            assert!(call.decisions <= 1, "{state:?}: {}", call.line);
        }
        let (served, unscored) = sums(&told);
        match state {
            State::Well => assert!(served > 4 * unscored, "{served} {unscored}"),
            State::Slow => assert!(served > 0 && unscored > 0, "{served} {unscored}"),
            State::Hung | State::Killed => assert_eq!(served, 0),
            State::Restarting => assert!(served > 0),
        }
    }
    caller.end();
    say(&format!("{stalled} calls were placed anew"));
}

fn enter(state: State, service: &mut Service, line: &Line) {
    match state {
        State::Well => {}
        State::Slow => line.delay_ms.store(150, Ordering::Relaxed),
        State::Hung => service.signal("-STOP"),
        State::Killed | State::Restarting => service.kill(),
    }
    if state == State::Restarting {
        line.lead_to(service.start());
    }
}

fn leave(state: State, service: &mut Service, line: &Line) {
    match state {
        State::Well | State::Killed | State::Restarting => {}
        State::Slow => line.delay_ms.store(0, Ordering::Relaxed),
        State::Hung => service.signal("-CONT"),
    }
    // The node looks once a second whether anybody is there again.
    std::thread::sleep(Duration::from_millis(1_200));
}

fn sums(told: &[Call]) -> (u64, u64) {
    told.iter()
        .fold((0, 0), |(served, unscored), call| (served + call.served, unscored + call.unscored))
}

fn report(state: State, told: &[Call]) {
    let (served, unscored) = sums(told);
    let refused = told.iter().filter(|call| call.result == "refused").count();
    let longest = told.iter().map(|call| call.wait_ms).max().unwrap_or(0);
    say(&format!(
        "{state:?}: {} calls, {refused} refused by verdict, {served} stages served, {unscored} \
         unscored, longest wait {longest} ms",
        told.len()
    ));
}

/// That the calls above could have failed: a node that waits longer at the handshake than a sender bears loses them.
#[test]
fn a_node_that_waits_too_long_loses_the_call() {
    let folder = folder();
    let Some(program) = compile(folder.path()) else { return };
    let slow = folder.path().join("slow");
    std::fs::write(&slow, "#!/bin/sh\nwhile read -r line; do sleep 0.25; echo deliver; done\n")
        .unwrap();
    let mut command = Command::new(&program);
    let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hylafax/fax000000001.tif");
    command.arg(pages).arg(folder.path().join("received.tif")).args(["/bin/sh"]).arg(&slow);
    command.env("FAXCALL_HANDSHAKE_MS", "600");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"call\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.starts_with("result=failed"), "{told}");
}
