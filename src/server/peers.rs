//! Who has which connections: whose certificate is not known yet, so that its address says who it is. While the house is
//! full, a newcomer whose peer has less than the one that has most takes a place of that one.

use std::collections::HashMap;
use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};

use atomic_waker::AtomicWaker;
use parking_lot::Mutex;

use crate::api::caller::{Activity, network_of};
use crate::bounds;

/// The connections of each peer; a peer without one is not in it.
#[derive(Debug, Default)]
pub(super) struct Peers(Mutex<House>);

#[derive(Debug, Default)]
struct House {
    count: usize,
    seats: HashMap<IpAddr, Vec<Arc<Seat>>>,
}

/// What a connection is known by here.
#[derive(Debug, Default)]
pub(super) struct Seat {
    taken_back: AtomicBool,
    waker: AtomicWaker,
    /// Known once it has said its preface.
    activity: OnceLock<Arc<Activity>>,
}

/// A connection's place among those of its peer, free again when it is dropped or taken back.
#[derive(Debug)]
pub(super) struct PeerPlace {
    peers: Arc<Peers>,
    peer: IpAddr,
    seat: Arc<Seat>,
}

/// What became of somebody at the door.
#[derive(Debug)]
pub(super) enum Entry {
    /// It has a place that was free.
    Free(PeerPlace),
    /// It has a place that was another peer's until now.
    InPlaceOf(PeerPlace),
    /// It has none: its peer has all it may have, or as much as anybody.
    Refused,
}

impl Peers {
    /// A place for one more connection.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Entry {
        let peer = network_of(address);
        let mut house = self.0.lock();
        let own = house.seats.get(&peer).map_or(0, Vec::len);
        if own >= bounds::PEER_CONNECTIONS_MAX {
            return Entry::Refused;
        }
        let full = house.count >= bounds::CONNECTIONS_MAX;
        if full && !house.take_one_back(own) {
            return Entry::Refused;
        }
        let seat = Arc::new(Seat::default());
        house.count += 1;
        house.seats.entry(peer).or_default().push(Arc::clone(&seat));
        drop(house);
        let place = PeerPlace { peers: Arc::clone(self), peer, seat };
        if full { Entry::InPlaceOf(place) } else { Entry::Free(place) }
    }
}

impl House {
    /// Takes a place back from the peer that has most, where that leaves it no less than `own` and one more.
    fn take_one_back(&mut self, own: usize) -> bool {
        let most = self.seats.iter().max_by_key(|(_, seats)| seats.len());
        let Some((peer, seats)) = most.filter(|(_, seats)| seats.len() > own + 1) else {
            return false;
        };
        // The one that has been without a call for longest; of those that have one, the newest.
        let by_idleness = seats.iter().max_by_key(|seat| seat.idle_seconds());
        let Some((peer, seat)) = by_idleness.map(|seat| (*peer, Arc::clone(seat))) else {
            return false;
        };
        self.leave(peer, &seat);
        seat.taken_back.store(true, Ordering::Release);
        seat.waker.wake();
        true
    }

    fn leave(&mut self, peer: IpAddr, seat: &Arc<Seat>) {
        let Some(seats) = self.seats.get_mut(&peer) else { return };
        let Some(at) = seats.iter().position(|other| Arc::ptr_eq(other, seat)) else { return };
        seats.remove(at);
        self.count -= 1;
        if seats.is_empty() {
            self.seats.remove(&peer);
        }
    }
}

impl Seat {
    /// For how long there has been no call; whoever has not said its preface has never had one.
    fn idle_seconds(&self) -> u64 {
        self.activity.get().map_or(u64::MAX, |activity| activity.idle_seconds())
    }

    /// From now on it is known what the connection has open.
    pub(super) fn is_used_as(&self, activity: &Arc<Activity>) {
        // Set once, when the preface has been said.
        let _ = self.activity.set(Arc::clone(activity));
    }

    /// Whether the place has been taken back: the connection must end.
    pub(super) fn is_taken_back(&self) -> bool {
        self.taken_back.load(Ordering::Acquire)
    }

    /// Wakes a task when the place is taken back; it has to ask again after this.
    pub(super) fn wake(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Waits until the place is taken back.
    pub(super) async fn taken_back(&self) {
        poll_fn(|context| {
            self.wake(context.waker());
            if self.is_taken_back() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl PeerPlace {
    /// What the connection is known by.
    pub(super) const fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }
}

impl Drop for PeerPlace {
    fn drop(&mut self) {
        // One that was taken back is not in there any more.
        self.peers.0.lock().leave(self.peer, &self.seat);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn peer(number: usize) -> IpAddr {
        Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(number).unwrap()).into()
    }

    fn free(peers: &Arc<Peers>, address: IpAddr) -> PeerPlace {
        match peers.enter(address) {
            Entry::Free(place) => place,
            other @ (Entry::InPlaceOf(_) | Entry::Refused) => panic!("{other:?}"),
        }
    }

    fn refused(peers: &Arc<Peers>, address: IpAddr) -> bool {
        matches!(peers.enter(address), Entry::Refused)
    }

    #[test]
    fn a_peer_has_its_places_and_no_more() {
        let peers = Arc::new(Peers::default());
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let same: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        let other: IpAddr = "192.0.2.2".parse().unwrap();
        let places: Vec<_> = (0..bounds::PEER_CONNECTIONS_MAX).map(|_| free(&peers, one)).collect();
        assert!(refused(&peers, one) && refused(&peers, same));
        drop(free(&peers, other));
        drop(places);
        drop(free(&peers, same));
        let house = peers.0.lock();
        assert!(house.count == 0 && house.seats.is_empty(), "nothing is kept of who has gone");
    }

    #[test]
    fn a_full_house_is_shared_by_whoever_comes() {
        let peers = Arc::new(Peers::default());
        let greedy = bounds::CONNECTIONS_MAX / bounds::PEER_CONNECTIONS_MAX;
        let mut places: Vec<_> = (0..bounds::CONNECTIONS_MAX)
            .map(|number| free(&peers, peer(number % greedy)))
            .collect();
        for number in greedy..bounds::CONNECTIONS_MAX {
            let Entry::InPlaceOf(place) = peers.enter(peer(number)) else { panic!("{number}") };
            places.push(place);
            places.retain(|place| !place.seat.is_taken_back());
            assert_eq!(places.len(), bounds::CONNECTIONS_MAX);
        }
        // Everybody has one now: nobody has more than a newcomer would.
        assert!(refused(&peers, peer(bounds::CONNECTIONS_MAX)));
        drop(places);
        assert_eq!(peers.0.lock().count, 0);
    }

    #[test]
    fn the_idle_connection_goes_and_one_with_a_call_stays() {
        use crate::api::caller::Callers;
        let peers = Arc::new(Peers::default());
        let most = bounds::PEER_CONNECTIONS_MAX;
        let mut places: Vec<_> =
            (0..bounds::CONNECTIONS_MAX).map(|number| free(&peers, peer(number / most))).collect();
        let caller = Callers::everybody().caller(&[], None);
        let _call = caller.activity().open();
        let silent = most + 7;
        for (number, place) in places.iter().enumerate().filter(|(number, _)| *number != silent) {
            assert!(!place.seat.is_taken_back(), "{number}");
            place.seat.is_used_as(caller.activity());
        }
        // Its peer alone has as many as a peer may have.
        for of_another in [3 * most, 2 * most, 0] {
            drop(places.remove(of_another));
        }
        let _three = [9, 9, 9].map(|number| free(&peers, peer(number)));
        assert!(matches!(peers.enter(peer(9)), Entry::InPlaceOf(_)));
        for (number, place) in places.iter().enumerate() {
            assert_eq!(place.seat.is_taken_back(), number == silent - 1, "{number}");
        }
    }
}
