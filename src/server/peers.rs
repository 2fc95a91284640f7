//! How many connections each peer has: whose certificate is not known yet, so that its address says who it is.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::api::caller::network_of;
use crate::bounds;

/// The counts; a peer without a connection has none.
#[derive(Debug, Default)]
pub(super) struct Peers(Mutex<HashMap<IpAddr, usize>>);

/// A connection's place among those of its peer, free again when it is dropped.
#[derive(Debug)]
pub(super) struct PeerPlace {
    peers: Arc<Peers>,
    peer: IpAddr,
}

impl Peers {
    /// A place for one more connection; `None` where the peer has all it may have.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<PeerPlace> {
        let peer = network_of(address);
        let mut counts = self.0.lock();
        let count = counts.entry(peer).or_default();
        if *count >= bounds::PEER_CONNECTIONS_MAX {
            return None;
        }
        *count += 1;
        Some(PeerPlace { peers: Arc::clone(self), peer })
    }
}

impl Drop for PeerPlace {
    fn drop(&mut self) {
        let mut counts = self.peers.0.lock();
        if let Some(count) = counts.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_its_places_and_no_more() {
        let peers = Arc::new(Peers::default());
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let same: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        let other: IpAddr = "192.0.2.2".parse().unwrap();
        let places: Vec<_> =
            (0..bounds::PEER_CONNECTIONS_MAX).map(|_| peers.enter(one).unwrap()).collect();
        assert!(peers.enter(one).is_none() && peers.enter(same).is_none());
        assert!(peers.enter(other).is_some());
        drop(places);
        assert!(peers.enter(same).is_some());
        assert!(peers.0.lock().is_empty(), "nothing is kept of who has gone");
    }
}
