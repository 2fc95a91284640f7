//! How large the process gets: the directory, the correspondence and the senders of a large provider, one after the
//! other, with what each adds. It runs in a process of its own, since freed memory of other parts would count too.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::engine::{Engine, Fault, events, resident};
use super::process::{Part, leave};
use crate::lab::evaluate::{Run, Scale};
use crate::lab::traffic::DAY_START;
use crate::relations::Relation;
use crate::time::{DAY_SECONDS, Span};

/// Name of the part.
pub(super) const PART: &str = "scale";
const RESULT: &str = "scale.json";
/// Pairs of correspondence a member has.
const PAIRS_OF_MEMBER: u32 = 5;
/// Days over which the pairs were noted.
const PAIR_DAYS: u64 = 300;

/// One step of the filling.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Step {
    /// What was added.
    pub(super) what: String,
    /// By how much the resident set grew, in bytes.
    pub(super) grown: u64,
    /// What the tables say they take, in bytes.
    pub(super) tables: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Found {
    /// Resident set at the end, in bytes.
    pub(super) resident: u64,
    /// How it came to that.
    pub(super) steps: Vec<Step>,
    /// Entries the ledger did not take.
    pub(super) dropped: u64,
}

impl Found {
    fn step(&mut self, what: String, tables: usize) -> Result<(), Fault> {
        let now = resident()?;
        let grown = now.saturating_sub(self.resident);
        self.steps.push(Step { what, grown, tables });
        self.resident = now;
        Ok(())
    }
}

/// The part that fills and counts itself.
pub(super) fn fill(run: Run, folder: &Path) -> Result<(), Fault> {
    let (dids, senders) = match run.scale {
        Scale::Quick => (100_000, 10_000),
        Scale::Full => (10_000_000, 1_000_000),
    };
    let seed = run.seed.unwrap_or(super::SEED);
    let mut found = Found::default();
    let (engine, _) = Engine::open(&folder.join("store"), seed)?;
    let memory = &engine.memory;
    let caches = memory.hot_bytes();
    found
        .step("an empty engine: program, numbering plans, profile cache, indexes".into(), caches)?;
    engine.assign(dids);
    let directory = memory.directory().bytes();
    found.step(format!("directory: {dids} numbers, as many members"), directory)?;
    for did in 0..dids {
        let member = engine.member_of(did);
        for pair in 0..PAIRS_OF_MEMBER {
            let order = u64::from(did) * u64::from(PAIRS_OF_MEMBER) + u64::from(pair);
            let days = Span::seconds(order % PAIR_DAYS * DAY_SECONDS);
            let number = blend(seed, order);
            memory.relations().note(member, number, Relation::Accepted, DAY_START.minus(days));
        }
    }
    let pairs = memory.relations().len();
    found.step(format!("correspondence: {pairs} pairs"), memory.relations().bytes())?;
    let stages = usize::try_from(senders)? * 3;
    engine.fill(events(senders, dids, seed).take(stages))?;
    let counters = memory.activity().bytes();
    let what = format!(
        "{senders} active senders: counters, {} open decisions, ledger queue and page cache",
        memory.open_decisions().len()
    );
    found.step(what, counters)?;
    found.dropped = engine.dropped();
    leave(&folder.join(RESULT), &serde_json::to_string(&found)?)
}

/// A hot key as good as random, of the number of a pair.
const fn blend(seed: u64, order: u64) -> u64 {
    crate::dense::mix([seed, 0x6661_7867_7561_7264], order, !order)
}

/// Fills in a process of its own.
pub(super) fn measure(run: Run) -> Result<Found, Fault> {
    let folder = tempfile::tempdir()?;
    let mut part = Part::start((super::NAME, PART), run, folder.path())?;
    let text = part.result(&folder.path().join(RESULT))?;
    part.kill()?;
    Ok(serde_json::from_str(&text)?)
}
