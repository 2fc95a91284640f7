//! Levels in company: several instances of the service share quotas and rates through Redis or Valkey. No verdict waits for
//! it: a verdict reads and charges the memory of its own instance, and every tenth of a second this room tells the others
//! what was charged there, and takes over what all of them together have spent.
//!
//! Levels are in sixteen parts, each on its own: one script a part and beat, whose keys have one hash tag. A part that
//! cannot be reached goes on alone by the share that is declared for that, and tells the rest when it can again; a batch
//! has a number, so that one whose answer was lost is not counted twice.

mod codec;
mod link;
mod part;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::limiter::share::{Share, Tidings};
use crate::limiter::{Company, Members, PARTS};
use crate::memory::Memory;
use crate::metrics::{Metrics, Stopwatch};
use crate::policy::settings;
use crate::time::{Clock, Span, Timestamp};

pub use link::LinkFault;
use link::{CallFault, Link};
use part::Part;

/// The work of one part.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What keeps levels that others are told of.
pub trait Levels: Send + Sync {
    /// The levels.
    fn members(&self) -> &Members;

    /// What is known of contended resources, where there are any.
    fn share(&self) -> Option<Arc<Share>>;
}

impl Levels for Memory {
    fn members(&self) -> &Members {
        self.limiting().members()
    }

    fn share(&self) -> Option<Arc<Share>> {
        Some(Arc::clone(&self.limiting().share()))
    }
}

impl Levels for Members {
    fn members(&self) -> &Members {
        self
    }

    fn share(&self) -> Option<Arc<Share>> {
        None
    }
}

/// What all parts have in common.
struct Meeting {
    levels: Arc<dyn Levels>,
    link: Link,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    beat: Duration,
    instances: u32,
    /// Name of this life of the instance: batches of an earlier one are another's.
    life: String,
    /// The engine's time as it was said last, and how long ago that was.
    time: Mutex<Option<(Timestamp, Stopwatch)>>,
}

impl Meeting {
    /// Notes what time the engine says it is.
    fn say_time(&self, now: Timestamp) {
        *self.time.lock() = Some((now, Stopwatch::start()));
        self.keep_time();
    }

    /// Says what is offered here to contended resources, and hears what is elsewhere.
    async fn share(&self) -> Result<(), CallFault> {
        if let Some(share) = self.levels.share() {
            share.hear(self.link.tell(&self.life, share.tidings()).await?);
        }
        Ok(())
    }

    /// Goes, where nobody can be asked, by as much offered to each other instance as to this one.
    fn share_alone(&self) {
        let Some(share) = self.levels.share() else { return };
        let others = u64::from(self.instances.saturating_sub(1));
        share.hear(share.tidings().map(|mine| Tidings {
            offered: mine.offered.saturating_mul(others),
            ..Tidings::default()
        }));
    }

    /// Lets the engine's time go on, whether it can be heard or not.
    fn keep_time(&self) {
        let Some((said, since)) = *self.time.lock() else { return };
        let micros = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
        if let Some(untold) = self.levels.members().untold() {
            untold.set_clock(said.plus(Span::micros(micros)));
        }
    }
}

/// The exchange of one instance, before it begins.
pub struct Exchange {
    meeting: Arc<Meeting>,
}

impl Exchange {
    /// An exchange by these settings; `None` where they name no engine. From now on what is charged is noted. `house` is a
    /// sign of the key that pseudonyms are made with: instances with another one do not meet.
    ///
    /// # Errors
    /// [`LinkFault`] where the settings cannot be followed. That the engine cannot be reached is none.
    pub fn new(
        settings: &settings::Exchange,
        house: [u8; 16],
        levels: Arc<dyn Levels>,
        (clock, metrics): (Arc<dyn Clock>, Arc<Metrics>),
    ) -> Result<Option<Self>, LinkFault> {
        if settings.engines.is_empty() {
            return Ok(None);
        }
        let link = Link::new(settings, house)?;
        let mut life = [0; 8];
        getrandom::fill(&mut life).map_err(|_| LinkFault::Random)?;
        levels.members().keep_company(Company {
            instances: settings.instances,
            alone_milli: settings.alone_per_mille,
        });
        let beat = Duration::from_millis(settings.beat_millis.into());
        let life = format!("{:016x}", u64::from_le_bytes(life));
        let time = Mutex::new(None);
        metrics.exchange_parts_alone.set(i64::try_from(PARTS).unwrap_or(i64::MAX));
        let meeting = Meeting {
            levels,
            link,
            clock,
            metrics,
            beat,
            instances: settings.instances,
            life,
            time,
        };
        Ok(Some(Self { meeting: Arc::new(meeting) }))
    }

    /// The work of each part, to be run until `ending` is over; then each tells what is still untold and ends, within a second.
    pub fn parts<E>(&self, ending: impl Fn() -> E) -> Vec<Work>
    where
        E: Future<Output = ()> + Send + 'static,
    {
        let part = |number| Part::new(number, Arc::clone(&self.meeting)).run(ending());
        (0..PARTS).map(|number| Box::pin(part(number)) as Work).collect()
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exchange({PARTS})")
    }
}
