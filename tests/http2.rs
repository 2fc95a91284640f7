//! What abuse of HTTP/2 and gRPC comes to: every limit asserted on a real server by frames that no sound client
//! sends, while a well-behaved caller on a connection of its own keeps being answered.
//!
//! Each attack runs in a process of its own, so that the memory it costs is its own and no other test's.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

mod calls;
mod floods;
mod headers;
mod limits;
mod messages;
mod raw;
mod shapes;
mod windows;

use std::any::type_name_of_val;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use faxguard::api::grpc::{Edge, services};
use faxguard::api::guard::Guards;
use faxguard::metrics::Metrics;
use faxguard::server::drain::Drain;
use faxguard::server::listen::{self, Waits};
use faxguard::server::tls::Door;
use faxguard::wire::screening::v1 as wire;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use wire::screen_fax_request::{Parties, Stage};
use wire::screening_service_client::ScreeningServiceClient;

use crate::grpc::engine::CannedEngine;

/// Set in the process that runs one attack.
const ALONE: &str = "FAXGUARD_ATTACK";
/// Longest wait for a state: only a server that has failed takes as long.
const PATIENCE: Duration = Duration::from_secs(120);
/// Verdicts that the neighbour must get before an attack is measured, and after it.
const VERDICTS: u64 = 50;
/// Memory that an attack may cost where its limits leave next to nothing: the attacker's own buffers, which are in the
/// same process, and what the allocator keeps.
const LITTLE_MIB: u64 = 16;

/// A server under attack, and somebody else who asks it.
struct House {
    address: SocketAddr,
    neighbour: Neighbour,
    drain: Drain,
    serving: JoinHandle<Result<(), listen::ServeFault>>,
}

impl House {
    async fn open(waits: Waits, message_wait: Option<Duration>) -> Self {
        let (drain, draining) = Drain::new();
        let ending = draining.clone();
        let edge = Edge::new(
            Arc::new(CannedEngine::new()),
            Guards::serving(),
            Arc::new(Metrics::new()),
            Box::new(move || Box::pin(ending.clone().begun())),
        );
        let edge = match message_wait {
            Some(wait) => edge.with_message_wait(wait),
            None => edge,
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let door = Arc::new(Door::open());
        let serving = listen::serve_waiting(waits, door, listener, services(edge), draining);
        let serving = tokio::spawn(serving);
        let neighbour = Neighbour::begin(channel(address).await);
        Self { address, neighbour, drain, serving }
    }

    /// A server that was attacked ends as any other does.
    async fn close(self) {
        self.neighbour.asking.abort();
        drop(self.neighbour.asking.await);
        self.drain.begin();
        self.serving.await.unwrap().unwrap();
    }
}

async fn channel(address: SocketAddr) -> Channel {
    Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}

/// A node that asks one verdict after another and expects each.
struct Neighbour {
    verdicts: watch::Receiver<u64>,
    asking: JoinHandle<()>,
}

impl Neighbour {
    fn begin(channel: Channel) -> Self {
        let (count, verdicts) = watch::channel(0);
        let asking = tokio::spawn(async move {
            let mut client = ScreeningServiceClient::new(channel);
            loop {
                let told = client.screen_fax(page()).await.unwrap().into_inner();
                assert_eq!(told.verdict.unwrap().action(), wire::Action::Deliver);
                count.send_modify(|count| *count += 1);
            }
        });
        Self { verdicts, asking }
    }

    /// Waits until it has been answered so many more times.
    async fn answered(&self, more: u64) {
        let mut verdicts = self.verdicts.clone();
        let enough = *verdicts.borrow() + more;
        let waited = tokio::time::timeout(PATIENCE, verdicts.wait_for(|count| *count >= enough));
        assert!(waited.await.is_ok_and(|count| count.is_ok()), "the neighbour is not answered");
    }
}

fn page() -> wire::ScreenFaxRequest {
    wire::ScreenFaxRequest {
        request_id: "r-1".into(),
        node_id: "gw-1".into(),
        fax_id: "call-1".into(),
        parties: Some(Parties::Inbound(wire::InboundParties {
            caller_number: "+18005550123".into(),
            called_number: "+18005550199".into(),
            trunk: "a".into(),
        })),
        stage: Some(Stage::Page(wire::Page { page_number: 1, ..Default::default() })),
        ..Default::default()
    }
}

/// Makes an attack and holds what holds after each: the neighbour is answered, nothing panicked, the peak of the memory grew
/// by no more than `most_mib`, and the server ends in order.
fn attack(most_mib: u64, act: impl AsyncFnOnce(&House)) {
    attack_on(Waits::default(), most_mib, act);
}

/// The same where messages must be whole within another time than usual.
fn attack_slow(message_wait: Duration, most_mib: u64, act: impl AsyncFnOnce(&House)) {
    attack_where(Waits::default(), Some(message_wait), most_mib, act);
}

/// The same on a port with waits of its own.
fn attack_on(waits: Waits, most_mib: u64, act: impl AsyncFnOnce(&House)) {
    attack_where(waits, None, most_mib, act);
}

fn attack_where(
    waits: Waits,
    message_wait: Option<Duration>,
    most_mib: u64,
    act: impl AsyncFnOnce(&House),
) {
    if std::env::var_os(ALONE).is_none() {
        return alone(type_name_of_val(&act));
    }
    let panics = Arc::new(AtomicUsize::new(0));
    let (counted, told) = (Arc::clone(&panics), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        counted.fetch_add(1, Ordering::Relaxed);
        told(panic);
    }));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let grown_kib = runtime.unwrap().block_on(async {
        let house = House::open(waits, message_wait).await;
        house.neighbour.answered(VERDICTS).await;
        let before = peak_kib();
        act(&house).await;
        house.neighbour.answered(VERDICTS).await;
        let grown = peak_kib() - before;
        house.close().await;
        grown
    });
    assert_eq!(panics.load(Ordering::Relaxed), 0, "something panicked");
    assert!(grown_kib <= most_mib * 1_024, "memory grew by {grown_kib} KiB");
    say(&format!("memory grew by {grown_kib} KiB (at most {most_mib} MiB)"));
}

/// Runs the test of that name in a process of its own, with as many descriptors as the system allows.
fn alone(name: &str) {
    let name = name.trim_end_matches("::{{closure}}");
    let (_, test) = name.split_once("::").unwrap();
    let ran = Command::new("sh")
        .args(["-c", "ulimit -n $(ulimit -Hn); exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let (told, errors) =
        (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && told.contains("1 passed"), "{told}\n{errors}");
    let measured = told.lines().find(|line| line.contains("memory grew"));
    say(&format!("{test}: {}", measured.unwrap()));
}

#[expect(clippy::print_stdout, reason = "figures for whoever runs the tests with --nocapture")]
fn say(line: &str) {
    println!("{line}");
}

/// Most memory this process has ever had, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
