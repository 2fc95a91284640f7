//! Tuning: limits tried on what was recorded before they are in force (what-if), beside live traffic (shadows), and on some of those
//! they are for (canaries), which are taken back by themselves.
//!
//! All of it follows the usage log, a second or two behind the ledger: the path does nothing for it.

mod found;
mod guard;
mod parted;
mod recent;
mod rehearsal;
mod top;

use parking_lot::Mutex;
use thiserror::Error;

pub use found::{Affected, Found};
pub use guard::Guard;
pub use rehearsal::{Candidate, Rehearsal, Rehearsed};
pub use top::{TOP_MAX, Top, Used, top};

use crate::memory::Memory;
use crate::memory::limits::{Hand, LimitFault, LimitKey, Part, Setting};
use crate::memory::usage::{UsageExtent, UsageFault};
use crate::store::StoreError;
use crate::time::Timestamp;

/// Tries a limit on everything that the usage log holds, and tells of what came since that time. Reads the store, and works on as many
/// threads as there are cores, four at most, where those who are held to limits are so each by itself.
///
/// # Errors
/// [`StoreError`].
pub fn what_if(
    memory: &Memory,
    candidate: Candidate,
    (since, now): (Timestamp, Timestamp),
) -> Result<(Found, UsageExtent), StoreError> {
    parted::rehearse(memory, candidate, (since, now))
}

/// Who takes a canary back by itself, in the history.
pub const GUARD_AUTHOR: &str = "faxguard";

/// Why a beat was not whole. The next one goes on where it ended.
#[derive(Debug, Error)]
pub enum BeatFault {
    /// The log did not follow.
    #[error(transparent)]
    Usage(#[from] UsageFault),
    /// It could not be read.
    #[error("usage log could not be read")]
    Read(#[from] StoreError),
    /// A canary could not be taken back.
    #[error("canary could not be taken back")]
    TakeBack(#[source] LimitFault),
}

/// A shadow under way.
struct Shadow {
    key: LimitKey,
    setting: Setting,
    rehearsal: Rehearsal,
    counted: Timestamp,
}

/// What is tried beside live traffic.
#[derive(Default)]
pub struct Tuning(Mutex<Trials>);

#[derive(Default)]
struct Trials {
    shadows: Vec<Shadow>,
    guards: Vec<Guard>,
    /// The version of what is set that they go by, and the generation of the policy.
    by: (u64, u64),
}

/// What is tried, as it stands.
#[derive(Clone, Debug)]
pub enum Trial {
    /// On paper.
    Shadow {
        /// Which limit.
        key: LimitKey,
        /// What it would be.
        setting: Setting,
        /// Since when it is counted.
        counted: Timestamp,
        /// What it comes to.
        found: Box<Found>,
    },
    /// On some.
    Canary(Guard),
}

impl Tuning {
    /// Follows the usage log, shows it to what is tried, and takes back canaries that stand in the way of too many; says how many.
    /// Off the path, every second or so. A shadow that begins reads the whole log first, so that its levels are what they would be.
    ///
    /// # Errors
    /// [`BeatFault`].
    pub fn beat(&self, memory: &Memory, now: Timestamp) -> Result<usize, BeatFault> {
        let mut trials = self.0.lock();
        trials.arrange(memory, now)?;
        let Trials { shadows, guards, .. } = &mut *trials;
        memory.follow_usage(now, &mut |one| {
            for shadow in &mut *shadows {
                let _rehearsed = shadow.rehearsal.feed(memory, one);
            }
            guards.iter_mut().for_each(|guard| guard.note(one));
        })?;
        let mut gone = 0;
        for guard in guards.iter().filter(|guard| guard.trips()) {
            take_back(memory, guard, now)?;
            gone += 1;
        }
        if gone > 0 {
            trials.arrange(memory, now)?;
        }
        Ok(gone)
    }

    /// How often each shadow would have stood in somebody's way since it began: its number, and that.
    #[must_use]
    pub fn stood(&self) -> Vec<(u8, u64)> {
        let trials = self.0.lock();
        let stood = trials.shadows.iter().filter_map(|shadow| match shadow.key.part {
            Part::Shadow(slot) => Some((slot, shadow.rehearsal.found().stood)),
            Part::Quota | Part::Off | Part::Month | Part::Canary => None,
        });
        stood.collect()
    }

    /// What is tried, as it stands.
    #[must_use]
    pub fn trials(&self) -> Vec<Trial> {
        let trials = self.0.lock();
        let shadows = trials.shadows.iter().map(|shadow| Trial::Shadow {
            key: shadow.key,
            setting: shadow.setting.clone(),
            counted: shadow.counted,
            found: Box::new(shadow.rehearsal.found().clone()),
        });
        shadows.chain(trials.guards.iter().cloned().map(Trial::Canary)).collect()
    }
}

impl Trials {
    /// Begins what is to be tried and is not, and ends what is tried no more.
    fn arrange(&mut self, memory: &Memory, now: Timestamp) -> Result<(), StoreError> {
        let limiting = memory.limiting();
        let (wanted, canaries) = (limiting.shadows(now), limiting.canaries(now));
        let by = (*limiting.editing(), memory.generations().current().number());
        let is = |shadow: &Shadow, (key, setting): &(LimitKey, Setting)| {
            shadow.key == *key && shadow.setting == *setting
        };
        self.shadows.retain(|shadow| wanted.iter().any(|one| is(shadow, one)));
        if self.by != by {
            self.shadows.iter_mut().for_each(|shadow| shadow.rehearsal.renew(memory, now));
            self.by = by;
        }
        for one in wanted {
            if self.shadows.iter().any(|shadow| is(shadow, &one)) {
                continue;
            }
            let (key, setting) = one;
            // What a shadow is tried as is the limit itself.
            let candidate = Candidate::of_shadow(key, setting.clone());
            let mut rehearsal = Rehearsal::new(memory, candidate, (now, 1));
            memory.read_usage(Timestamp::default(), &mut |one| {
                let _rehearsed = rehearsal.feed(memory, one);
            })?;
            rehearsal.begin_to_count();
            self.shadows.push(Shadow { key, setting, rehearsal, counted: now });
        }
        self.guards.retain(|guard| canaries.iter().any(|(key, set)| guard.is_of(key, set)));
        for (key, setting) in canaries {
            if !self.guards.iter().any(|guard| guard.is_of(&key, &setting)) {
                self.guards.push(Guard::new(key, setting, now));
            }
        }
        Ok(())
    }
}

/// Takes a canary back, whoever edits meanwhile.
fn take_back(memory: &Memory, guard: &Guard, now: Timestamp) -> Result<(), BeatFault> {
    let reason = guard.reason();
    loop {
        let based_on = *memory.limiting().editing();
        let hand = Hand { author: GUARD_AUTHOR, reason: &reason, based_on };
        match memory.unset_limit(guard.key(), hand, now) {
            Ok(_) | Err(LimitFault::NotSet) => {
                tracing::warn!(
                    reason = "canary_taken_back",
                    "a limit that was tried on some is taken back"
                );
                return Ok(());
            }
            // Somebody edits meanwhile.
            Err(LimitFault::Stale { .. }) => {}
            Err(fault) => return Err(BeatFault::TakeBack(fault)),
        }
    }
}
