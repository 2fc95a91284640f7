//! A real process stays in memory where the system lets it.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use crate::canary::Running;

/// Number of the capability to lock memory beyond the limit (capabilities(7)).
const IPC_LOCK: u32 = 14;

/// What a line of a process's status says, in the first of its numbers.
fn of<'t>(status: &'t str, name: &str) -> &'t str {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_ascii_whitespace().next().unwrap()
}

fn kib(status: &str, name: &str) -> u64 {
    of(status, name).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_is_locked_in_memory_where_the_system_lets_it() {
    let mut server = Running::traced("http://127.0.0.1:9");
    server.address("serving").await;
    let metrics = String::from_utf8(server.metrics().await).unwrap();
    let told = metrics.lines().any(|line| line.trim() == "faxguard_program_locked 1");
    let status = server.status();
    let capable = u64::from_str_radix(of(&status, "CapEff:"), 16).unwrap() >> IPC_LOCK & 1 == 1;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let unlimited = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max locked memory"))
        .is_some_and(|line| line.split_ascii_whitespace().nth(1) == Some("unlimited"));
    if capable || unlimited {
        assert!(told && kib(&status, "VmLck:") >= kib(&status, "VmExe:"), "{status}");
    } else {
        let locked = kib(&status, "VmLck:") > 0;
        assert_eq!(told, locked, "what is told is what is: {status}");
    }
}
