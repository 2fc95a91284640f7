//! An engine to measure: the server's own memory over the embedded store, filled from the stream.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::directory::Edit;
use crate::fax::id::{Pseudonym, SubjectKind};
use crate::fax::stage::{Member, Plan, StageEvent};
use crate::lab::traffic::DAY_START;
use crate::lab::traffic::stream::{StreamSpec, own_number, stream};
use crate::memory::{Memory, Parts, Recovered};
use crate::policy::settings::Settings;
use crate::policy::{Edit as PolicyEdit, Generation};
use crate::screening::{screen, signals};
use crate::store::Store as _;
use crate::store::embedded::fault::{FaultPlan, NoFaults};
use crate::store::embedded::{EmbeddedStore, Options};
use crate::store::keys::KeyRing;
use crate::time::{Span, Timestamp, WallClock};

/// Why a measurement was not taken.
pub type Fault = Box<dyn Error + Send + Sync>;

/// Entries that may wait before the filling waits for the disk: well below what the queue takes.
const WAITING_MOST: usize = 40_000;
/// Stages between two looks at the queue.
const LOOK_STAGES: usize = 4_096;
/// Days before the first fax that members joined.
const MEMBER_DAYS: u16 = 400;

/// The engine under measurement.
pub struct Engine {
    /// What is asked.
    pub memory: Memory,
    store: Arc<EmbeddedStore>,
}

impl Engine {
    /// Opens the engine of a folder with the default settings, on a disk that works.
    ///
    /// # Errors
    /// What kept it from that.
    pub fn open(folder: &Path, seed: u64) -> Result<(Self, Recovered), Fault> {
        Self::open_on(folder, seed, Arc::new(NoFaults))
    }

    /// Opens the engine of a folder on a disk that fails when the plan says so.
    ///
    /// # Errors
    /// What kept it from that.
    pub fn open_on(
        folder: &Path,
        seed: u64,
        faults: Arc<dyn FaultPlan>,
    ) -> Result<(Self, Recovered), Fault> {
        let options = Options { faults, ..Options::new(folder, Arc::new(WallClock)) };
        let store = Arc::new(EmbeddedStore::open(options)?);
        let specs = signals::specs();
        let edit =
            PolicyEdit { text: String::new(), author: "evaluate".to_owned(), applied: DAY_START };
        let generation = Generation::new(1, edit, &specs)
            .map_err(|faults| format!("the default policy has {} faults", faults.len()))?;
        let (memory, recovered) = Memory::open(
            Parts {
                store: Arc::clone(&store) as Arc<dyn crate::store::Store>,
                keys: KeyRing::for_replay(seed),
                settings: Settings::default(),
                generation,
                specs,
            },
            DAY_START,
        )?;
        Ok((Self { memory, store }, recovered))
    }

    /// Assigns the first `dids` of our numbers to a member each; in memory only, as after a load.
    pub fn assign(&self, dids: u32) {
        const BATCH: u32 = 1_000;
        let keys = self.memory.keys();
        let day = u16::try_from(DAY_START.day()).unwrap_or(u16::MAX);
        let facts = Member {
            plan: Plan::Plus,
            created_day: day.saturating_sub(MEMBER_DAYS),
            ..Member::default()
        };
        let range = Edit::Range { first: own_number(0), last: own_number(dids.saturating_sub(1)) };
        let _ranges = self.memory.directory().apply(&[range]);
        for first in (0..dids).step_by(BATCH as usize) {
            let edits: Vec<Edit> = (first..dids.min(first + BATCH))
                .flat_map(|at| {
                    let member = keys.pseudonym(SubjectKind::Member, &at.to_be_bytes());
                    let number = keys.number(own_number(at));
                    [
                        Edit::Member { key: member, facts: Some(facts) },
                        Edit::Assign { number, member: Some(member) },
                    ]
                })
                .collect();
            let _assigned = self.memory.directory().apply(&edits);
        }
    }

    /// The hot key of the member that holds one of our numbers.
    pub fn member_of(&self, did: u32) -> u64 {
        self.memory.keys().pseudonym(SubjectKind::Member, &did.to_be_bytes()).hot()
    }

    /// Waits until everything queued is on the disk.
    ///
    /// # Errors
    /// What kept it from that.
    pub fn flush(&self) -> Result<(), Fault> {
        Ok(self.store.flush()?.wait()?)
    }

    /// Screens events, waiting for the disk whenever it falls behind, so that nothing is dropped.
    ///
    /// # Errors
    /// What kept it from that.
    pub fn fill(&self, events: impl Iterator<Item = StageEvent>) -> Result<(), Fault> {
        for (at, event) in events.enumerate() {
            let _verdict = screen(&self.memory, &event);
            if at % LOOK_STAGES == LOOK_STAGES - 1 {
                self.keep_house(event.time);
                self.keep_up()?;
            }
        }
        self.flush()
    }

    /// What the service does every second: of whoever nothing is remembered any more nothing is kept.
    pub fn keep_house(&self, now: Timestamp) {
        self.memory.limiting().tick(self.memory.generations(), now);
    }

    /// Waits for the disk where it has fallen behind, and writes a snapshot where one is due.
    ///
    /// # Errors
    /// What kept it from that.
    pub fn keep_up(&self) -> Result<(), Fault> {
        if self.store.health().queued > WAITING_MOST {
            self.flush()?;
        }
        if self.memory.checkpoint_due() {
            self.memory.checkpoint()?;
        }
        Ok(())
    }

    /// Entries that the ledger did not take.
    pub fn dropped(&self) -> u64 {
        self.store.health().dropped
    }
}

/// The stream that all parts draw from: so many senders and numbers, a fax each three milliseconds.
pub fn spec(senders: u32, dids: u32, seed: u64) -> StreamSpec {
    StreamSpec {
        senders,
        dids,
        seed,
        start: DAY_START,
        step: Span::millis(3),
        node: Pseudonym([9; 16]),
    }
}

/// That stream, on the event clock.
pub fn events(senders: u32, dids: u32, seed: u64) -> impl Iterator<Item = StageEvent> {
    stream(spec(senders, dids, seed))
}

/// What this process has in memory, in bytes: the resident set as the kernel counts it.
///
/// # Errors
/// Where the system does not say.
pub fn resident() -> Result<u64, Fault> {
    resident_of("self")
}

/// The same of the process of that id.
///
/// # Errors
/// Where the system does not say.
pub fn resident_of(process: &str) -> Result<u64, Fault> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    let kilobytes: u64 = kilobytes.ok_or("the system names no resident set")?;
    Ok(kilobytes * 1_024)
}

/// The present, for measuring.
#[expect(clippy::disallowed_methods, reason = "a measurement of the machine's own time")]
pub fn now() -> Instant {
    Instant::now()
}

/// A value for the table, with so many decimals.
pub fn rounded(value: f64, decimals: i32) -> f64 {
    let unit = 10_f64.powi(decimals);
    (value * unit).round() / unit
}
