//! The threads on which connections live: a runtime of one thread a core, so that a call never moves between cores.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::metrics::Stopwatch;

/// How often a worker looks how far behind it is, and how many looks say so.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const LOOKS: usize = 4;

thread_local! {
    /// How late this thread's last looks were at least.
    static BEHIND: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// How long a task of this thread waits for its turn; nothing on a thread that is no worker.
pub(super) fn behind() -> Duration {
    BEHIND.get()
}

/// Runtimes that take turns.
pub struct Workers {
    runtimes: Vec<Handle>,
    /// Each runtime runs until its end is dropped.
    _ends: Vec<oneshot::Sender<()>>,
    turn: AtomicUsize,
}

impl Workers {
    /// The runtime this is called on, and no other.
    ///
    /// # Panics
    /// Outside a runtime.
    #[must_use]
    pub fn here() -> Self {
        Self { runtimes: vec![Handle::current()], _ends: Vec::new(), turn: AtomicUsize::new(0) }
    }

    /// So many runtimes of one thread each.
    ///
    /// # Errors
    /// The system's fault where a thread cannot be started.
    pub fn start(count: usize) -> io::Result<Self> {
        let (mut runtimes, mut ends) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for number in 0..count {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let (end, ended) = oneshot::channel::<()>();
            runtimes.push(runtime.handle().clone());
            ends.push(end);
            thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
                runtime.spawn(look());
                // An error is the end too: its sender is gone.
                let _ = runtime.block_on(ended);
            })?;
        }
        Ok(Self { runtimes, _ends: ends, turn: AtomicUsize::new(0) })
    }

    /// Begins a task on the runtime whose turn it is.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.runtimes.len().max(1);
        if let Some(runtime) = self.runtimes.get(turn) {
            drop(runtime.spawn(task));
        }
    }
}

/// Looks for ever how much later than it should a task comes to its turn: as long as everybody else is waiting. The least of
/// the last looks counts (as in CoDel, RFC 8289): a burst passes by itself, a queue that stands does not.
async fn look() {
    let mut last = [Duration::ZERO; LOOKS];
    loop {
        for late in 0..LOOKS {
            let watch = Stopwatch::start();
            tokio::time::sleep(LOOK_EVERY).await;
            last[late] = watch.elapsed().saturating_sub(LOOK_EVERY);
            BEHIND.set(last.into_iter().min().unwrap_or_default());
        }
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").field("runtimes", &self.runtimes.len()).finish_non_exhaustive()
    }
}
