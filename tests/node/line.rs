//! A line to the service that keeps its address while the service comes and goes, and can be slow.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

/// The line. It ends with the process.
pub(super) struct Line {
    address: SocketAddr,
    leads_to: Arc<Mutex<SocketAddr>>,
    /// How long an answer of the service is under way, in milliseconds.
    pub(super) delay_ms: Arc<AtomicU64>,
}

impl Line {
    pub(super) fn to(service: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let leads_to = Arc::new(Mutex::new(service));
        let delay_ms = Arc::new(AtomicU64::new(0));
        let (to, delay) = (Arc::clone(&leads_to), Arc::clone(&delay_ms));
        std::thread::spawn(move || {
            for node in listener.incoming().flatten() {
                // Where nobody listens, the node finds its connection closed.
                if let Ok(service) = TcpStream::connect(*to.lock()) {
                    join(node, service, &delay);
                }
            }
        });
        Self { address, leads_to, delay_ms }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn lead_to(&self, service: SocketAddr) {
        *self.leads_to.lock() = service;
    }
}

fn join(node: TcpStream, service: TcpStream, delay: &Arc<AtomicU64>) {
    node.set_nodelay(true).unwrap();
    service.set_nodelay(true).unwrap();
    let (there, back) = (node.try_clone().unwrap(), service.try_clone().unwrap());
    let none = Arc::new(AtomicU64::new(0));
    std::thread::spawn(move || carry(there, service, &none));
    let delay = Arc::clone(delay);
    std::thread::spawn(move || carry(back, node, &delay));
}

fn carry(mut from: TcpStream, mut to: TcpStream, delay: &AtomicU64) {
    let mut bytes = [0; 16_384];
    while let Ok(count) = from.read(&mut bytes) {
        std::thread::sleep(Duration::from_millis(delay.load(Ordering::Relaxed)));
        if count == 0 || to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
    let _ = from.shutdown(std::net::Shutdown::Both);
}
