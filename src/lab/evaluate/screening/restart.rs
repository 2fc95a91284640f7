//! Killed and back: a process screens, is killed with `kill -9` while its disk fails under it, and another one opens
//! what it left. The verdicts it gave last never reached the ledger, so the other one must give them anew, and equal.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::engine::{Engine, Fault, events, now};
use super::process::{Part, leave};
use crate::fax::stage::StageEvent;
use crate::lab::evaluate::{Run, Scale};
use crate::lab::traffic::stream::STAGES;
use crate::memory::Memory;
use crate::screening::screen;
use crate::store::CommitFault;
use crate::store::embedded::fault::{FaultPlan, Injected, Step};
use crate::verdict::Verdict;

/// Name of the part.
pub(super) const PART: &str = "restart";
/// What the killed process leaves, a digest a line.
const VERDICTS: &str = "verdicts.txt";
/// Faxes of each kind that are asked again.
const PROBES: usize = 300;
const STAGES_OF_FAX: usize = 3;

/// How much is screened before the kill.
#[derive(Clone, Copy)]
struct Size {
    senders: u32,
    rows: usize,
}

impl Size {
    const fn of(scale: Scale) -> Self {
        match scale {
            Scale::Quick => Self { senders: 20_000, rows: 200_001 },
            Scale::Full => Self { senders: 1_000_000, rows: 10_000_002 },
        }
    }
}

/// What was found.
pub(super) struct Found {
    /// From opening the folder to the first verdict.
    pub(super) seconds: f64,
    /// Share of the verdicts on new faxes of known senders that are equal.
    pub(super) equal: f64,
    /// Share among faxes whose call was up when the process died.
    pub(super) equal_in_call: f64,
    /// Ledger entries read at the start.
    pub(super) read: u64,
    /// The same seconds without a snapshot.
    pub(super) seconds_whole: f64,
    /// Entries read then.
    pub(super) read_whole: u64,
}

/// A disk that works until it is told to fail.
#[derive(Default)]
struct Failing(AtomicBool);

impl FaultPlan for Failing {
    fn before(&self, _: Step) -> Injected {
        match self.0.load(Ordering::Acquire) {
            true => Injected::Fault(CommitFault::Io),
            false => Injected::Nothing,
        }
    }
}

/// What is asked before and after, in this order.
struct Probes {
    /// Stages of new faxes.
    fresh: Vec<StageEvent>,
    /// Later stages of faxes whose first stage is in the ledger.
    in_call: Vec<StageEvent>,
}

impl Probes {
    fn all(&self) -> impl Iterator<Item = &StageEvent> {
        self.fresh.iter().chain(&self.in_call)
    }
}

/// The stream up to the kill: what is in the ledger, and what is asked.
fn plan(size: Size, seed: u64) -> (impl Iterator<Item = StageEvent>, Probes) {
    let all = || events(size.senders, size.senders, seed);
    let calls: Vec<StageEvent> = all().skip(size.rows).take(PROBES * STAGES_OF_FAX).collect();
    let fresh = all().skip(size.rows + calls.len()).take(PROBES * STAGES_OF_FAX).collect();
    let (first, in_call): (Vec<_>, Vec<_>) =
        calls.into_iter().partition(|event| event.parties.is_some());
    (all().take(size.rows).chain(first), Probes { fresh, in_call })
}

/// The part that is killed.
pub(super) fn fill(run: Run, folder: &Path) -> Result<(), Fault> {
    let (size, seed) = (Size::of(run.scale), run.seed.unwrap_or(super::SEED));
    let disk = Arc::new(Failing::default());
    let (engine, _) = Engine::open_on(&folder.join("store"), seed, Arc::clone(&disk) as _)?;
    engine.assign(size.senders);
    engine.memory.checkpoint()?;
    let (filling, probes) = plan(size, seed);
    engine.fill(filling)?;
    disk.0.store(true, Ordering::Release);
    let digests: Vec<String> = probes.all().map(|event| asked(&engine.memory, event)).collect();
    leave(&folder.join(VERDICTS), &digests.join("\n"))?;
    loop {
        std::thread::park();
    }
}

/// The verdict as a digest of everything in it.
fn asked(memory: &Memory, event: &StageEvent) -> String {
    digest(&screen(memory, event))
}

fn digest(verdict: &Verdict) -> String {
    blake3::hash(format!("{verdict:?}").as_bytes()).to_hex().to_string()
}

/// Has the part screen, kills it, and opens what it left.
pub(super) fn measure(run: Run) -> Result<Found, Fault> {
    let (size, seed) = (Size::of(run.scale), run.seed.unwrap_or(super::SEED));
    let folder = tempfile::tempdir()?;
    let mut part = Part::start((super::NAME, PART), run, folder.path())?;
    let before = part.result(&folder.path().join(VERDICTS))?;
    part.kill()?;
    let store = folder.path().join("store");
    let (_, probes) = plan(size, seed);
    let first = probes.fresh.first().ok_or("no verdict to ask for")?;
    let began = now();
    let (engine, recovered) = Engine::open(&store, seed)?;
    let verdict = screen(&engine.memory, first);
    let seconds = began.elapsed().as_secs_f64();
    let rest = probes.all().skip(1).map(|event| asked(&engine.memory, event));
    let after: Vec<String> = std::iter::once(digest(&verdict)).chain(rest).collect();
    let equal: Vec<bool> =
        before.lines().zip(&after).map(|(before, after)| before == after).collect();
    let (fresh, in_call) = equal.split_at(probes.fresh.len().min(equal.len()));
    engine.flush()?;
    drop(engine);
    for name in ["hot.snapshot", "hot.snapshot.previous"] {
        // The one before is there only once two were written.
        let _ = std::fs::remove_file(store.join(name));
    }
    let began = now();
    let (whole, recovered_whole) = Engine::open(&store, seed)?;
    let seconds_whole = began.elapsed().as_secs_f64();
    drop(whole);
    Ok(Found {
        seconds,
        equal: share(fresh),
        equal_in_call: share(in_call),
        read: recovered.entries,
        seconds_whole,
        read_whole: recovered_whole.entries,
    })
}

fn share(equal: &[bool]) -> f64 {
    equal.iter().filter(|equal| **equal).count() as f64 / equal.len().max(1) as f64
}

const _: () = assert!(STAGES == STAGES_OF_FAX as u64);
