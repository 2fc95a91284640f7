//! Threads beside those that answer calls, for what takes tens of milliseconds: fingerprints are compared there, and faxes
//! read, and no other call waits behind it. They are few, and so are those who wait for one: whoever finds no place is told
//! so at once.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::bounds::COMPARISONS_A_THREAD;

/// The threads, and the places before them.
#[derive(Debug)]
pub(super) struct Beside {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// A place before the threads, kept until what it was taken for is done.
pub(super) type Place = OwnedSemaphorePermit;

impl Beside {
    /// One thread for each two that answer calls, where the work is the processor's: the half of the machine that verdicts
    /// leave.
    pub(super) fn this_runtime() -> Self {
        let workers = Handle::try_current().map_or(1, |runtime| runtime.metrics().num_workers());
        let turns = (workers / 2).max(1);
        Self::with_room(turns, turns * COMPARISONS_A_THREAD)
    }

    /// So many threads, and places for so many who are on one or wait for it.
    pub(super) fn with_room(threads: usize, places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), turns: Arc::new(Semaphore::new(threads)) }
    }

    /// A place, where one is free.
    pub(super) fn place(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Does it on one of the threads; `None` where it did not come to its end. Whoever asked may go on: the place and the
    /// thread are given back when the work is done, and no sooner.
    pub(super) async fn act<T: Send + 'static>(
        &self,
        place: Place,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let work = move || {
            let done = act();
            // The place first: whoever gets the turn finds all places free that are.
            drop((place, turn));
            done
        };
        tokio::task::spawn_blocking(work).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_place_is_kept_until_the_work_is_done_whoever_goes_on() {
        let beside = Beside::with_room(1, 2);
        let (go, wait) = mpsc::channel::<()>();
        let (one, other) = (beside.place().unwrap(), beside.place().unwrap());
        assert!(beside.place().is_none());
        let mut long = Box::pin(beside.act(one, move || wait.recv().is_ok()));
        assert!(
            std::future::poll_fn(|context| {
                std::task::Poll::Ready(long.as_mut().poll(context).is_pending())
            })
            .await
        );
        // Who asked has gone, and the thread works on: the other waits for it.
        drop(long);
        assert!(beside.place().is_none() && beside.turns.available_permits() == 0);
        go.send(()).unwrap();
        assert_eq!(beside.act(other, || 7).await, Some(7));
        assert_eq!((beside.places.available_permits(), beside.turns.available_permits()), (2, 1));
        let place = beside.place().unwrap();
        assert_eq!(beside.act(place, || -> u32 { panic!("worse") }).await, None);
        assert_eq!(beside.places.available_permits(), 2);
    }
}
