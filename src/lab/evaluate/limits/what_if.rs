//! How long it takes to tell what a limit would have done with a week of use, in the usage log of a real store.

use crate::fax::stage::Plan;
use crate::lab::evaluate::screening::engine::{Engine, Fault, rounded};
use crate::lab::evaluate::{Measured, Run, Scale};
use crate::ledger::{Use, UseKind, User};
use crate::limiter::Costs;
use crate::memory::limits::{LimitKey, Part, Scope, Setting};
use crate::metrics::Stopwatch;
use crate::policy::Quota;
use crate::screening::tuning::{Candidate, what_if};
use crate::time::{DAY_SECONDS, Span, Timestamp};
use crate::verdict::Resource;

use super::{NAME, SEED, row};

/// The part that measures this alone.
pub(super) const PART: &str = "what-if";
const SCALES: [&str; 2] = [
    "10 million decisions of 1 million members, a week",
    "200,000 decisions of 20,000 members, a week",
];
/// Of ten decisions so many are of a thousandth of the members.
const OF_FEW: u64 = 3;

/// What was measured.
struct Found {
    seconds: f64,
    bytes: f64,
    stood: u64,
    holders: usize,
}

/// Measures.
///
/// # Errors
/// What kept it from measuring.
pub(super) fn rows(run: Run) -> Result<Vec<Measured>, Fault> {
    let (decisions, members) = match run.scale {
        Scale::Full => (10_000_000, 1_000_000),
        Scale::Quick => (200_000, 20_000),
    };
    let found = measure(decisions, members, run.seed.unwrap_or(SEED))?;
    let Found { seconds, bytes, stood, holders } = found;
    let how = format!(
        "read from the store and tried on levels of its own, on as many threads as there are cores; {stood} would have waited, of {holders} members"
    );
    let of_log = "bytes of the log over its uses".to_owned();
    Ok(vec![
        row((run, SCALES), ("limits.what_if_seconds", rounded(seconds, 2)), ("", how)),
        row((run, SCALES), ("limits.use_bytes", rounded(bytes, 1)), ("", of_log)),
    ])
}

fn measure(decisions: u64, members: u64, seed: u64) -> Result<Found, Fault> {
    let folder = tempfile::tempdir()?;
    let (engine, _) = Engine::open(folder.path(), seed)?;
    let memory = &engine.memory;
    let begins = crate::lab::traffic::DAY_START;
    let ends = begins.plus(Span::seconds(7 * DAY_SECONDS));
    let step = 7 * DAY_SECONDS * 1_000_000 / decisions;
    for number in 0..decisions {
        let time = begins.plus(Span::micros(number * step));
        memory.note_usage(&decided(number, members, seed, time), time)?;
    }
    let quota = Quota::new(60, Span::seconds(DAY_SECONDS), 60)?;
    let key =
        LimitKey { scope: Scope::Plan(Plan::Free), resource: Resource::Pages, part: Part::Quota };
    let setting = Setting {
        quota: Some(quota),
        canary: None,
        author: NAME.into(),
        reason: NAME.into(),
        set: begins,
        expires: None,
    };
    let candidate = Candidate { key, setting: Some(setting) };
    let since = Stopwatch::start();
    let (found, extent) = what_if(memory, candidate, (begins, ends))?;
    let seconds = since.seconds();
    if found.asked != decisions || extent.count != decisions {
        return Err(format!("{} of {decisions} decisions were tried", found.asked).into());
    }
    let count = |count: u64| u32::try_from(count).map_or(f64::INFINITY, f64::from);
    let bytes = count(extent.bytes) / count(extent.count);
    Ok(Found { seconds, bytes, stood: found.stood, holders: found.holders() })
}

/// A decision: some members send most.
fn decided(number: u64, members: u64, seed: u64, time: Timestamp) -> Use {
    let mixed = (number ^ seed << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
    let mixed = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let among = if number % 10 < OF_FEW { (members / 1_000).max(1) } else { members };
    let member = (mixed % among + 1).wrapping_mul(0x2545_f491_4f6c_dd1d);
    let pages = 1 + (mixed >> 56) % 8;
    Use {
        time,
        decision: mixed | 1,
        kind: UseKind::Job,
        user: User::Sender {
            member,
            organisation: 0,
            plan: Plan::Free,
            weight_milli: 0,
            api_key: 0,
            zone: 0,
        },
        costs: Costs([1, pages, 15 + 30 * pages, 1]),
        good: mixed & 2 == 0,
        charging: true,
        ended: false,
        stood: None,
    }
}
