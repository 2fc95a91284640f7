//! The answer to come of a commit: wait for it on a thread, or await it in a task.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use thiserror::Error;
use tokio::sync::oneshot;

/// Why something was not committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CommitFault {
    /// The disk or the file has no room.
    #[error("store has no room (free space on its disk, or shorten the retention terms)")]
    Full,
    /// The disk failed.
    #[error("store could not write to its disk (see the system's log)")]
    Io,
    /// The file was damaged; it was set aside, and a new one takes what follows.
    #[error("store file is damaged (it was set aside; try again)")]
    Damaged,
    /// The store closed or died first: whether the entry is durable is not known.
    #[error("store closed before it answered (ask whether the entry is there)")]
    Closed,
}

/// An answer to come: `Ok` means on the disk.
#[derive(Debug)]
#[must_use = "a commit is acknowledged only by its ticket"]
pub struct Ticket(oneshot::Receiver<Result<(), CommitFault>>);

/// The other half of a ticket; dropped unanswered it answers [`CommitFault::Closed`].
#[derive(Debug)]
pub(super) struct Answer(oneshot::Sender<Result<(), CommitFault>>);

impl Ticket {
    pub(super) fn pair() -> (Answer, Self) {
        let (sender, receiver) = oneshot::channel();
        (Answer(sender), Self(receiver))
    }

    /// Waits on this thread, which must not be inside an asynchronous task: await there.
    ///
    /// # Errors
    /// [`CommitFault`] says why it was not committed.
    pub fn wait(self) -> Result<(), CommitFault> {
        self.0.blocking_recv().unwrap_or(Err(CommitFault::Closed))
    }
}

impl Answer {
    /// Gives the answer; nobody may be waiting any more, which is no fault.
    pub(super) fn give(self, answer: Result<(), CommitFault>) {
        let _ = self.0.send(answer);
    }
}

impl Future for Ticket {
    type Output = Result<(), CommitFault>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|got| got.unwrap_or(Err(CommitFault::Closed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_waited_for_or_awaited() {
        let (answer, ticket) = Ticket::pair();
        answer.give(Err(CommitFault::Full));
        assert_eq!(ticket.wait(), Err(CommitFault::Full));
        let (answer, ticket) = Ticket::pair();
        drop(answer);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(ticket), Err(CommitFault::Closed));
    }
}
