//! How many connections each peer has. A peer is an IPv4 address or the /64 of an IPv6 one, since whoever has one
//! address there has them all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

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
        let peer = peer_of(address);
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

fn peer_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address @ IpAddr::V4(_) => address,
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

    #[test]
    fn whoever_has_a_network_is_one_peer() {
        let of = |text: &str| peer_of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    }
}
