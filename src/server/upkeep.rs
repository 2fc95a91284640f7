//! What the house does by itself while it runs: held faxes past their deadline, snapshots, purges. Each chore has
//! its own beat and runs on a thread that may wait for a disk; one that fails is logged and tried at its next beat.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::drain::Draining;
use super::telemetry::log_chain;

/// Held faxes are looked at this often.
pub const EXPIRE_EVERY: Duration = Duration::from_secs(1);
/// A snapshot is written this often, so that the next start reads little of the ledger.
pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(5 * 60);
/// Certificates are read again this often.
pub const RELOAD_EVERY: Duration = Duration::from_secs(60);
/// What has outlived its retention is dropped this often.
pub const PURGE_EVERY: Duration = Duration::from_secs(60 * 60);

/// What a chore does; its fault is logged.
pub type Act = Arc<dyn Fn() -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync>;

/// Something that is done again and again.
#[derive(Clone)]
pub struct Chore {
    name: &'static str,
    every: Duration,
    act: Act,
}

impl Chore {
    /// A chore; `name` is for the log.
    pub fn new(
        name: &'static str,
        every: Duration,
        act: impl Fn() -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        Self { name, every, act: Arc::new(act) }
    }

    /// Does it once, on a thread that may wait.
    pub(super) async fn once(&self) {
        let act = Arc::clone(&self.act);
        match tokio::task::spawn_blocking(move || act()).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => {
                tracing::warn!(
                    chore = self.name,
                    "a chore failed and is tried again at its next beat"
                );
                log_chain(fault.as_ref(), "chore failed");
            }
            Err(_) => tracing::error!(chore = self.name, "a chore panicked"),
        }
    }

    async fn repeat(self, draining: Draining) {
        let mut beat = tokio::time::interval(self.every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first beat of an interval is at once; a start has just done what there was to do.
        beat.tick().await;
        let mut ending = std::pin::pin!(draining.begun());
        loop {
            tokio::select! {
                () = &mut ending => return,
                _ = beat.tick() => self.once().await,
            }
        }
    }
}

impl fmt::Debug for Chore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chore({}, {:?})", self.name, self.every)
    }
}

/// Begins all chores; they end with the drain, each after what it is doing.
pub(super) fn begin(chores: &[Chore], draining: &Draining) -> JoinSet<()> {
    let mut running = JoinSet::new();
    for chore in chores {
        running.spawn(chore.clone().repeat(draining.clone()));
    }
    running
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::drain::Drain;
    use super::*;

    #[tokio::test]
    async fn a_failing_chore_is_done_again_until_the_end() {
        let (drain, draining) = Drain::new();
        let drain = Arc::new(drain);
        let count = Arc::new(AtomicU32::new(0));
        let (ender, counter) = (Arc::clone(&drain), Arc::clone(&count));
        let chore = Chore::new("count", Duration::from_millis(1), move || {
            match counter.fetch_add(1, Ordering::Relaxed) {
                0 => Err("disk is full".into()),
                1 => panic!("worse"),
                _ => {
                    ender.begin();
                    Ok(())
                }
            }
        });
        let mut running = begin(&[chore], &draining);
        while running.join_next().await.is_some() {}
        assert!(count.load(Ordering::Relaxed) >= 3);
    }
}
