//! What decisions lose where every member has limits of its own: the same engine with and without them, in turn. Jobs of members are
//! asked about, since nothing else is held against a member's limits.

use crate::fax::id::{DecisionId, Pseudonym, SubjectKind};
use crate::fax::stage::{JobFacts, Parties, Stage, StageEvent, StageKind, StageSet, TextLook};
use crate::lab::evaluate::screening::engine::{Engine, Fault, now, rounded};
use crate::lab::evaluate::serving::median;
use crate::lab::evaluate::{Measured, Run, Scale};
use crate::lab::traffic::DAY_START;
use crate::lab::traffic::stream::own_number;
use crate::memory::limits::{LimitKey, Part, Scope, Setting};
use crate::policy::Quota;
use crate::screening::screen;
use crate::time::{DAY_SECONDS, Span, Timestamp};
use crate::verdict::Resource;

use super::{NAME, SEED, row};

/// The part that measures this alone.
pub(super) const PART: &str = "own";
const SCALES: [&str; 2] =
    ["1 million members with a limit of their own", "20,000 members with a limit of their own"];
/// Stages between two waits for the disk: what is measured never meets a full queue.
const BURST: usize = 4_096;
/// From one job to the next.
const STEP: Span = Span::millis(3);
/// Different contracts: so many members have the same limit as another one has.
const CONTRACTS: u32 = 1_000;
/// Days until the limits of single members are over: longer than anything is measured.
const EXPIRE_DAYS: u64 = 365;

#[derive(Clone, Copy)]
struct Size {
    members: u32,
    /// Bursts of a lap, and laps of each kind.
    bursts: usize,
    laps: usize,
}

impl Size {
    const fn of(scale: Scale) -> Self {
        match scale {
            Scale::Full => Self { members: 1_000_000, bursts: 100, laps: 7 },
            Scale::Quick => Self { members: 20_000, bursts: 5, laps: 3 },
        }
    }
}

/// Decisions a second, without and with, a pair a round.
struct Found {
    rates: Vec<[f64; 2]>,
    members: usize,
}

fn measure(size: Size, seed: u64) -> Result<Found, Fault> {
    let folder = tempfile::tempdir()?;
    let (engine, _) = Engine::open(folder.path(), seed)?;
    engine.assign(size.members);
    let mut stream = jobs(&engine, size.members, seed);
    engine.fill(stream.by_ref().take(usize::try_from(size.members)?))?;
    let mut found = Found { rates: Vec::new(), members: 0 };
    for lap in 0..size.laps {
        let mut pair = [0.0; 2];
        // Which of the two comes first changes with the laps: what the machine does over time is nobody's.
        for which in [lap % 2, 1 - lap % 2] {
            set_own(&engine, if which == 1 { size.members } else { 0 })?;
            pair[which] = rate(&engine, &mut stream, size.bursts)?;
            found.members = found.members.max(engine.memory.limiting().own().len());
        }
        found.rates.push(pair);
    }
    if engine.dropped() > 0 || found.members != usize::try_from(size.members)? {
        return Err(format!("{} members have a limit of their own", found.members).into());
    }
    Ok(found)
}

/// Gives so many members a limit of their own, and nobody else.
fn set_own(engine: &Engine, members: u32) -> Result<(), Fault> {
    let limiting = engine.memory.limiting();
    let expires = DAY_START.plus(Span::seconds(EXPIRE_DAYS * DAY_SECONDS));
    limiting.own().purge(expires);
    let setting = |contract: u32| Setting {
        // Ample: decisions are to be those without it.
        quota: Quota::new(1_000_000, Span::seconds(DAY_SECONDS), 1_000_000 + u64::from(contract))
            .ok(),
        canary: None,
        author: NAME.into(),
        reason: NAME.into(),
        set: DAY_START,
        expires: Some(expires),
    };
    for at in 0..members {
        let member = member(engine, at);
        let key =
            LimitKey { scope: Scope::Member(member), resource: Resource::Pages, part: Part::Quota };
        limiting.own().put(member.hot(), &key, Some(&setting(at % CONTRACTS)), DAY_START);
    }
    limiting.renew(engine.memory.generations(), DAY_START);
    Ok(())
}

fn member(engine: &Engine, at: u32) -> Pseudonym {
    engine.memory.keys().pseudonym(SubjectKind::Member, &at.to_be_bytes())
}

/// Jobs of so many members in no order, without end: one page to one number each.
fn jobs(engine: &Engine, members: u32, seed: u64) -> impl Iterator<Item = StageEvent> {
    let members = u64::from(members.max(1));
    (0_u64..).map(move |at| {
        let drawn = (at ^ seed << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
        let drawn = drawn.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let one = |drawn: u64| u32::try_from(drawn % members).unwrap_or(0);
        let mut decision = [0; 16];
        decision[..8].copy_from_slice(&drawn.to_be_bytes());
        decision[8..].copy_from_slice(&at.to_be_bytes());
        StageEvent {
            decision: DecisionId(decision),
            request: drawn,
            node: Pseudonym([9; 16]),
            time: DAY_START.plus(Span::micros(STEP.as_micros() * at)),
            parties: Some(Parties::Outbound {
                member: member(engine, one(drawn >> 20)),
                recipient: own_number(one(drawn.rotate_left(20) >> 20)),
                shown: None,
                trunk: None,
            }),
            member: None,
            stage: Stage::JobSubmitted(JobFacts {
                pages: 1,
                bytes: 0,
                recipients: 1,
                tsi: None,
                header: TextLook::Absent,
                document: 0,
                not_before: None,
            }),
            capabilities: StageSet(0).with(StageKind::JobSubmitted).with(StageKind::DialResult),
            unscored: 0,
        }
    })
}

/// Decisions a second on one thread, while nobody waits for the disk.
fn rate(
    engine: &Engine,
    stream: &mut impl Iterator<Item = StageEvent>,
    bursts: usize,
) -> Result<f64, Fault> {
    let (mut seconds, mut count) = (0.0, 0_usize);
    for _ in 0..bursts {
        let burst: Vec<StageEvent> = stream.take(BURST).collect();
        let began = now();
        for event in &burst {
            let _verdict = screen(&engine.memory, event);
        }
        seconds += began.elapsed().as_secs_f64();
        count += burst.len();
        engine.flush()?;
        let latest = burst.last().map_or(Timestamp::default(), |event| event.time);
        engine.keep_house(latest);
    }
    Ok(count as f64 / seconds)
}

/// Measures.
///
/// # Errors
/// What kept it from measuring.
pub(super) fn rows(run: Run) -> Result<Vec<Measured>, Fault> {
    let found = measure(Size::of(run.scale), run.seed.unwrap_or(SEED))?;
    let lost = |[without, with]: &[f64; 2]| 100.0 * (1.0 - with / without);
    let mut each: Vec<f64> = found.rates.iter().map(lost).collect();
    each.sort_by(f64::total_cmp);
    let rates = |which: usize| median(found.rates.iter().map(|pair| pair[which])).round();
    let span = |at: Option<&f64>| at.map_or(f64::NAN, |lost| rounded(*lost, 1));
    let how = format!(
        "decisions about jobs of members on one thread, {} a second with, median of laps in turn; the laps lost {} to {} %",
        rates(1),
        span(each.first()),
        span(each.last())
    );
    let without = format!("{} a second without", rates(0));
    let value = rounded(median(each), 1);
    Ok(vec![row((run, SCALES), ("limits.own_cost_percent", value), (without, how))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fax::stage::Plan;

    #[test]
    fn limits_of_their_own_are_in_force_in_every_other_lap() {
        let size = Size { members: 200, bursts: 1, laps: 2 };
        let found = measure(size, 3).unwrap();
        assert!(found.rates.len() == 2 && found.rates.iter().flatten().all(|rate| *rate > 0.0));
        let folder = tempfile::tempdir().unwrap();
        let (engine, _) = Engine::open(folder.path(), 3).unwrap();
        let (limiting, generation) =
            (engine.memory.limiting(), engine.memory.generations().current());
        let book = limiting.book(&generation, DAY_START);
        let of = |at| limiting.own().of(member(&engine, at).hot(), Plan::Plus, &book, DAY_START);
        set_own(&engine, 5).unwrap();
        assert!(of(4).is_some() && of(5).is_none());
        set_own(&engine, 0).unwrap();
        assert!(of(4).is_none());
    }
}
