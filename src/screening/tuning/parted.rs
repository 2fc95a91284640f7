//! What-if on several threads: who is held to no limit together with others can be rehearsed apart from them. Each part has the levels
//! and the open decisions of its own, and sees its uses in their order, so that all parts together find what one thread would.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::found::Found;
use super::rehearsal::{Candidate, Rehearsal};
use crate::bounds::WHAT_IF_THREADS_MAX;
use crate::ledger::{Use, User};
use crate::memory::Memory;
use crate::memory::usage::UsageExtent;
use crate::store::StoreError;
use crate::time::Timestamp;

/// Uses of which what they touch is fetched at once.
const FETCHED: usize = 64;
/// Uses that are handed to a part together, and as many of these that may wait for it.
const BATCH: usize = 1_024;
const WAITING_MAX: usize = 16;

/// What a part is told.
enum Told {
    /// Uses, in their order.
    Uses(Vec<Use>),
    /// From here on it counts.
    Count,
}

/// Rehearses everything that the usage log holds, and says what came of what is since that time.
///
/// # Errors
/// [`StoreError`].
pub(super) fn rehearse(
    memory: &Memory,
    candidate: Candidate,
    (since, now): (Timestamp, Timestamp),
) -> Result<(Found, UsageExtent), StoreError> {
    let first = Rehearsal::new(memory, candidate.clone(), (now, 1));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let parts = if first.can_be_parted() { cores.min(WHAT_IF_THREADS_MAX) } else { 1 };
    if parts == 1 {
        return alone(memory, first, since);
    }
    drop(first);
    rehearse_in(memory, candidate, (since, now), parts)
}

/// The same on this thread.
fn alone(
    memory: &Memory,
    mut rehearsal: Rehearsal,
    since: Timestamp,
) -> Result<(Found, UsageExtent), StoreError> {
    let (mut counting, mut batch) = (false, Vec::with_capacity(BATCH));
    let extent = memory.read_usage(Timestamp::default(), &mut |one| {
        // What came before is spent too.
        if !counting && one.time >= since {
            counting = true;
            feed(memory, &mut rehearsal, &batch);
            batch.clear();
            rehearsal.begin_to_count();
        }
        batch.push(*one);
        if batch.len() == BATCH {
            feed(memory, &mut rehearsal, &batch);
            batch.clear();
        }
    })?;
    feed(memory, &mut rehearsal, &batch);
    if !counting {
        rehearsal.begin_to_count();
    }
    Ok((rehearsal.into_found(), extent))
}

/// The same in so many parts.
fn rehearse_in(
    memory: &Memory,
    candidate: Candidate,
    (since, now): (Timestamp, Timestamp),
    parts: usize,
) -> Result<(Found, UsageExtent), StoreError> {
    thread::scope(|threads| {
        let (mut ways, mut working) = (Vec::new(), Vec::new());
        for _ in 0..parts {
            let (way, told) = sync_channel(WAITING_MAX);
            let rehearsal = Rehearsal::new(memory, candidate.clone(), (now, parts));
            ways.push(Way { to: way, batch: Vec::with_capacity(BATCH) });
            working.push(threads.spawn(move || work(memory, rehearsal, &told)));
        }
        let (mut counting, mut times) = (false, None);
        let read = memory.read_usage(Timestamp::default(), &mut |one| {
            if !counting && one.time >= since {
                counting = true;
                ways.iter_mut().for_each(Way::count);
            }
            if counting {
                let (first, _) = *times.get_or_insert((one.time, one.time));
                times = Some((first, one.time));
            }
            let part = part_of(&one.user, parts);
            ways[part].push(one);
        });
        if !counting {
            ways.iter_mut().for_each(Way::count);
        }
        ways.into_iter().for_each(Way::end);
        let mut found = Found::default();
        found.times = times;
        for one in working {
            // A part that failed would be a fault of the program, which is told as it would be of one thread.
            match one.join() {
                Ok(part) => found.join(part),
                Err(fault) => std::panic::resume_unwind(fault),
            }
        }
        Ok((found, read?))
    })
}

/// The way to a part.
struct Way {
    to: SyncSender<Told>,
    batch: Vec<Use>,
}

impl Way {
    fn push(&mut self, one: &Use) {
        self.batch.push(*one);
        if self.batch.len() == BATCH {
            self.send();
        }
    }

    fn send(&mut self) {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        // A part that is gone has failed, which its end tells.
        let _gone = self.to.send(Told::Uses(batch));
    }

    fn count(&mut self) {
        self.send();
        let _gone = self.to.send(Told::Count);
    }

    fn end(mut self) {
        self.send();
    }
}

fn work(memory: &Memory, mut rehearsal: Rehearsal, told: &Receiver<Told>) -> Found {
    while let Ok(told) = told.recv() {
        match told {
            Told::Uses(uses) => feed(memory, &mut rehearsal, &uses),
            Told::Count => rehearsal.begin_to_count(),
        }
    }
    rehearsal.into_found()
}

fn feed(memory: &Memory, rehearsal: &mut Rehearsal, uses: &[Use]) {
    for some in uses.chunks(FETCHED) {
        rehearsal.fetch(some);
        for one in some {
            let _rehearsed = rehearsal.feed(memory, one);
        }
    }
}

/// The part of whoever uses: all uses of a member, or of a number, are in one.
fn part_of(user: &User, parts: usize) -> usize {
    let whose = match *user {
        User::Sender { member, .. } => member,
        User::Called { number, .. } => number,
    };
    // Leading bits choose a shard of the tables, so that others choose the part.
    let mixed = whose.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    usize::try_from(mixed).unwrap_or(0) % parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fax::stage::Plan;
    use crate::lab::evaluate::screening::engine::Engine;
    use crate::ledger::UseKind;
    use crate::limiter::Costs;
    use crate::memory::limits::{LimitKey, Part, Scope, Setting};
    use crate::policy::Quota;
    use crate::time::Span;
    use crate::verdict::Resource;

    /// However many parts there are, the same is found, to the last wait and holder.
    #[test]
    fn parts_find_what_one_thread_finds() {
        let folder = tempfile::tempdir().unwrap();
        let (engine, _) = Engine::open(folder.path(), 3).unwrap();
        let memory = &engine.memory;
        let at = |number: u64| crate::lab::traffic::DAY_START.plus(Span::seconds(number * 20));
        for number in 0..6_000_u64 {
            let member = (number * number % 61 + 1).wrapping_mul(0x2545_f491_4f6c_dd1d);
            let kind = if number % 3 == 2 { UseKind::Over } else { UseKind::Job };
            let pages = 1 + number % 7;
            let one = Use {
                time: at(number),
                decision: (member ^ (number / 5 / 61)).wrapping_mul(0x9e37_79b9_7f4a_7c15),
                kind,
                user: User::Sender {
                    member,
                    organisation: member % 3,
                    plan: Plan::Free,
                    weight_milli: 0,
                    api_key: 0,
                    zone: 0,
                },
                costs: Costs([1, pages, 30 * pages, u64::from(kind == UseKind::Job)]),
                good: number % 4 != 0,
                charging: true,
                ended: false,
                stood: None,
            };
            memory.note_usage(&one, one.time).unwrap();
        }
        let setting = Setting {
            quota: Quota::new(30, Span::seconds(86_400), 30).ok(),
            canary: None,
            author: "kim".into(),
            reason: "a try".into(),
            set: at(0),
            expires: None,
        };
        let key = LimitKey {
            scope: Scope::Plan(Plan::Free),
            resource: Resource::Pages,
            part: Part::Quota,
        };
        let candidate = Candidate { key, setting: Some(setting) };
        for since in [at(0), at(2_500), at(9_000)] {
            let one = Rehearsal::new(memory, candidate.clone(), (at(9_000), 1));
            let (alone, extent) = alone(memory, one, since).unwrap();
            for parts in 2..5 {
                let times = (since, at(9_000));
                let (parted, read) = rehearse_in(memory, candidate.clone(), times, parts).unwrap();
                let sums = |of: &Found| {
                    let counts = [of.seen, of.asked, of.stood, of.newly, of.newly_good, of.freed];
                    (counts, of.charged, of.would, of.times, of.holders(), of.good_holders())
                };
                assert_eq!(sums(&alone), sums(&parted), "{parts}");
                assert_eq!(alone.most_affected(100), parted.most_affected(100));
                let waits = |of: &Found| [0, 250, 500, 990, 1_000].map(|milli| of.wait(milli));
                assert_eq!((waits(&alone), extent.count), (waits(&parted), read.count));
            }
        }
    }
}
