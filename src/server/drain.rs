//! Stopping without losing anything: stop accepting, let what runs finish, write the snapshot, within a grace period.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Longest that open calls may take to finish after the signal.
pub const GRACE: Duration = Duration::from_secs(10);

/// Tells everybody who asks that the server is stopping. Dropping it says the same.
#[derive(Debug)]
pub struct Drain {
    sender: watch::Sender<bool>,
}

/// One listener for the end.
#[derive(Clone, Debug)]
pub struct Draining {
    receiver: watch::Receiver<bool>,
}

impl Drain {
    /// A drain and its first listener.
    #[must_use]
    pub fn new() -> (Self, Draining) {
        let (sender, receiver) = watch::channel(false);
        (Self { sender }, Draining { receiver })
    }

    /// Says that the end has begun. A second call does nothing.
    pub fn begin(&self) {
        self.sender.send_replace(true);
    }
}

impl Draining {
    /// Waits until the end has begun.
    pub async fn begun(mut self) {
        // An error means that the sender is gone, which is the end too.
        let _ = self.receiver.wait_for(|begun| *begun).await;
    }
}

/// Waits for SIGTERM or SIGINT.
///
/// # Errors
/// The system's fault where a signal cannot be listened for.
pub async fn signalled() -> io::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn listeners_hear_the_end_whenever_they_come() {
        let (drain, draining) = Drain::new();
        let early = tokio::spawn(draining.clone().begun());
        drain.begin();
        drain.begin();
        early.await.unwrap();
        draining.clone().begun().await;
        drop(drain);
        draining.begun().await;
    }
}
