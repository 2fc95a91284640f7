//! A node that says what it has and uses, to a server of its own process, by the tool and by the pipe.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use faxguard::node::Client;
use faxguard::time::WallClock;
use tonic::transport::Endpoint;

use super::wire;
use crate::canary::Running;

fn tool(server: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faxguardctl"));
    command.arg("--server").arg(server).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What the tool prints, and whether it ended well.
fn told(server: &str, arguments: &[&str]) -> (String, bool) {
    let done = tool(server, arguments).output().unwrap();
    (String::from_utf8(done.stdout).unwrap(), done.status.success())
}

/// Waits until what is explained of a member has these words.
fn comes_to_say(server: &str, words: &str) {
    let explain = || told(server, &["limits", "explain", "m-1"]).0;
    for _ in 0..100 {
        if explain().contains(words) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{}", explain());
}

/// Ends a program that would go on for ever, also where the test fails.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_says_is_shared_and_shown() {
    let mut service = Running::traced("http://127.0.0.1:9");
    let server = format!("http://{}", service.address("serving").await);
    let explain = || told(&server, &["limits", "explain", "m-1"]).0;
    assert!(!explain().contains("\nlines:"), "nobody has said that there are lines");
    // Room enough, and then more in use and waited for than there is.
    let once = |more: &[&str]| {
        told(
            &server,
            &[&["node", "usage", "--node", "gw-1", "--lines", "10", "--once"], more].concat(),
        )
    };
    assert_eq!(once(&["--in-use", "3"]), ("nothing is contended\n".into(), true));
    comes_to_say(&server, "\nlines: not contended");
    // What a node says is looked at four times a second: what it is told is what held before.
    once(&["--in-use", "10", "--queued", "30"]);
    comes_to_say(&server, "\nlines: contended; it holds 0.000 %");
    assert_eq!(once(&["--in-use", "10", "--queued", "30"]), ("contended: lines\n".into(), true));

    // A fax server's queue is counted for as long as the tool runs.
    let spool = tempfile::tempdir().unwrap();
    std::fs::create_dir(spool.path().join("sendq")).unwrap();
    for job in 0..12 {
        std::fs::write(spool.path().join(format!("sendq/q{job}")), "state:6\n").unwrap();
    }
    let folder = spool.path().to_str().unwrap();
    let mut running =
        tool(&server, &["node", "usage", "--node", "gw-2", "--lines", "2", "--spool", folder]);
    let mut running = Ending(running.spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "contended: lines");
    drop(running);

    // Without anything to say, and where nobody answers.
    assert_eq!(told(&server, &["node", "usage", "--once"]), (String::new(), false));
    assert!(!told("http://127.0.0.1:9", &["node", "usage", "--lines", "1", "--once"]).1);
    service.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_counts_its_dials_and_says_them_beside_its_questions() {
    let mut service = Running::traced("http://127.0.0.1:9");
    let server = format!("http://{}", service.address("serving").await);
    let mut pipe = tool(&server, &["node", "pipe", "--node", "gw-1", "--lines", "400"]);
    let mut pipe = Ending(pipe.stdin(Stdio::piped()).spawn().unwrap());
    let mut input = pipe.0.stdin.take().unwrap();
    let mut answers = BufReader::new(pipe.0.stdout.take().unwrap()).lines();
    let question = r#"{"faxId":"job-1","outbound":{"memberId":"m-1","recipientNumber":"+18005550100"},"dialing":{"attempt":1}}"#;
    for _ in 0..2 {
        writeln!(input, "{question}").unwrap();
        assert!(answers.next().unwrap().unwrap().starts_with("allow served"));
    }
    comes_to_say(&server, "\nlines: not contended");
    drop(input);

    // A library's node: its dials are its lines in use, and whoever does not answer costs it nothing.
    let client = |address: String| {
        let endpoint = Endpoint::from_shared(address).unwrap();
        Client::new(endpoint, "gw-3", 1, std::sync::Arc::new(WallClock)).with_lines(7)
    };
    let node = client(server.clone());
    for fax in 0..3 {
        let mut job = super::job(fax);
        job.stage = Some(super::Stage::Dialing(wire::Dialing { attempt: 1, ..Default::default() }));
        node.ask(job).await;
    }
    let lines = node.lines().unwrap();
    assert_eq!((lines.capacity, lines.in_use), (7, 3));
    assert_eq!(node.report_usage(vec![lines.clone()]).await, Some(Vec::new()));
    assert_eq!(client("http://127.0.0.1:9".into()).report_usage(vec![lines]).await, None);
    service.end();
}
