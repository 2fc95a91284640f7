//! Activity: who reached whom lately, and what came of it. The hot counters behind volume, sweep, shape and reputation.
//!
//! One structure serves callers, TSIs, trunks, document shapes, hundred-blocks of ours and sending members;
//! a smaller one the callers' blocks. Whatever a stage or report adds is one [`Observation`]; it is applied
//! under the locks of everything it touches, so that replaying the ledger gives the very same counters.

mod counts;
pub mod fanout;
pub mod observation;
pub mod subject;

use std::io::{self, Read, Write};

pub use counts::Counts;
pub use observation::{Happened, Observation, Target};

use crate::store::hot::{HotFault, HotGuard, HotTable, HotValue, LOCK_KEYS_MAX};
use fanout::BoxBudget;
use subject::{Block, ONE, Subject};

/// Most subjects that are forgotten under one lock.
pub const FORGET_MAX: usize = LOCK_KEYS_MAX;

/// The hot counters.
pub struct Activity {
    subjects: HotTable<Subject>,
    blocks: HotTable<Block>,
    boxes: BoxBudget,
}

/// The counters of one observation's subjects, locked.
pub struct Locked<'a> {
    activity: &'a Activity,
    subjects: HotGuard<'a, Subject>,
    blocks: HotGuard<'a, Block>,
}

/// Whether an observation happens now or is read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Now.
    Live,
    /// From the ledger, under this seq: applied only where the snapshot does not hold it yet.
    Replay(u64),
}

impl Activity {
    /// Counters in at most so many bytes: subjects and blocks, and a fifth of the subjects' for boxes.
    pub fn with_bytes(subject_bytes: usize, block_bytes: usize) -> Self {
        let boxes = subject_bytes / 5;
        Self {
            subjects: HotTable::with_bytes(subject_bytes - boxes),
            blocks: HotTable::with_bytes(block_bytes),
            boxes: BoxBudget::with_bytes(boxes),
        }
    }

    /// Locks the counters of everybody an observation names.
    pub fn lock(&self, observation: &Observation) -> Locked<'_> {
        let subjects = subject_keys(observation);
        let blocks = [observation.block10, observation.block100];
        let subjects: KeyList<7> = KeyList::of(&subjects);
        let blocks: KeyList<2> = KeyList::of(&blocks);
        Locked {
            activity: self,
            subjects: self.subjects.lock(subjects.as_slice()),
            blocks: self.blocks.lock(blocks.as_slice()),
        }
    }

    /// Forgets subjects, numbers that changed hands, once `record` has taken that under their locks, so that
    /// replay forgets exactly what was counted before. At most [`FORGET_MAX`] at once.
    ///
    /// # Errors
    /// What `record` answers: nothing is forgotten then.
    pub fn forget<T, E>(
        &self,
        keys: &[u64],
        record: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let mut subjects = self.subjects.lock(keys);
        let recorded = record()?;
        keys.iter().for_each(|key| drop(subjects.remove(*key)));
        Ok(recorded)
    }

    /// Forgets a subject again, where the snapshot is from before.
    pub fn replay_forget(&self, key: u64, seq: u64) {
        let mut subjects = self.subjects.lock(&[key]);
        if subjects.replays(key, seq) {
            subjects.remove(key);
        }
    }

    /// Subjects held.
    pub fn len(&self) -> usize {
        self.subjects.len() + self.blocks.len()
    }

    /// True when nobody was seen yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes in use.
    pub fn bytes(&self) -> usize {
        self.subjects.bytes() + self.blocks.bytes() + self.boxes.bytes()
    }

    /// Subjects let go because the memory was full.
    pub fn evicted(&self) -> u64 {
        self.subjects.evicted() + self.blocks.evicted()
    }

    /// The seq that replay starts after.
    pub fn position(&self) -> u64 {
        self.subjects.position().min(self.blocks.position())
    }

    /// Puts the count of boxes right; evicted subjects take theirs along unseen. Off the path.
    pub fn recount(&self) {
        let mut boxes = 0;
        self.subjects.for_each(|_, subject| boxes += subject.boxes());
        self.blocks.for_each(|_, block| boxes += block.boxes());
        self.boxes.recount(boxes);
    }

    /// Writes the subjects of a snapshot.
    ///
    /// # Errors
    /// What `out` answers.
    pub fn snapshot_subjects(&self, seq: &dyn Fn() -> u64, out: &mut dyn Write) -> io::Result<()> {
        self.subjects.snapshot(seq, out)
    }

    /// Writes the blocks of a snapshot.
    ///
    /// # Errors
    /// What `out` answers.
    pub fn snapshot_blocks(&self, seq: &dyn Fn() -> u64, out: &mut dyn Write) -> io::Result<()> {
        self.blocks.snapshot(seq, out)
    }

    /// Reads the subjects of a snapshot.
    ///
    /// # Errors
    /// [`HotFault`]; the counters are empty then.
    pub fn restore_subjects(&self, from: &mut dyn Read) -> Result<(), HotFault> {
        self.subjects.restore(from)
    }

    /// Reads the blocks of a snapshot.
    ///
    /// # Errors
    /// [`HotFault`]; the counters are empty then.
    pub fn restore_blocks(&self, from: &mut dyn Read) -> Result<(), HotFault> {
        self.blocks.restore(from)
    }
}

/// Keys without the zeros.
struct KeyList<const N: usize> {
    keys: [u64; N],
    length: usize,
}

impl<const N: usize> KeyList<N> {
    fn of(keys: &[u64; N]) -> Self {
        let mut list = Self { keys: [0; N], length: 0 };
        for key in keys.iter().filter(|key| **key != 0) {
            list.keys[list.length] = *key;
            list.length += 1;
        }
        list
    }

    fn as_slice(&self) -> &[u64] {
        &self.keys[..self.length]
    }
}

const fn subject_keys(observation: &Observation) -> [u64; 7] {
    [
        observation.caller,
        observation.tsi,
        observation.trunk,
        shape_of(observation),
        observation.target_block,
        observation.member,
        observation.document,
    ]
}

/// One complaint is one piece of evidence: whole against who sent, one part in so many against each other name the
/// sender shares with others. Counted whole under every name, it would weigh five times what it is.
const SHARE: u32 = 4;

/// A TSI stands for the sender where no caller number does.
const fn share_of_tsi(observation: &Observation) -> u32 {
    if observation.caller == 0 { observation.bad } else { observation.bad / SHARE }
}

/// The shape of a document is known when the call has ended. Until then the key stands for the session alone,
/// which half the world shares: counting it would put all calls behind one lock.
const fn shape_of(observation: &Observation) -> u64 {
    if observation.happened.has(Happened::ENDED) { observation.shape } else { 0 }
}

impl Locked<'_> {
    /// True when a subject was let go near one of these, because the memory was full.
    pub fn evicted(&self) -> bool {
        self.subjects.evicted() || self.blocks.evicted()
    }

    /// Takes back evidence that was added a moment ago and did not become durable.
    pub fn take_back(&mut self, observation: &Observation) {
        let (good, bad) = (observation.good, observation.bad);
        for (key, bad) in [
            (observation.caller, bad),
            (observation.member, bad),
            (observation.tsi, share_of_tsi(observation)),
            (observation.trunk, bad / SHARE),
        ] {
            if let Some(subject) = self.subject(key, Source::Live) {
                subject.take_back(good, bad);
            }
        }
        for key in [observation.block10, observation.block100] {
            if let Some(block) = self.block(key, Source::Live) {
                block.take_back(good, bad / SHARE);
            }
        }
    }

    /// Applies the observation and says what stands then. `half_life` is that of evidence, in seconds.
    pub fn observe(
        &mut self,
        observation: &mut Observation,
        half_life: u64,
        source: Source,
    ) -> Counts {
        self.touch(observation, half_life, source);
        if observation.happened.has(Happened::ARRIVED) {
            self.arrive(observation, source);
        }
        if observation.happened.has(Happened::IDENTIFIED) {
            self.identify(observation, source);
        }
        self.settle(observation, source);
        self.send(observation, source);
        self.weigh(observation, source);
        self.counts(observation)
    }

    fn subject(&mut self, key: u64, source: Source) -> Option<&mut Subject> {
        let due = key != 0 && due(&self.subjects, key, source);
        due.then(|| self.subjects.get_mut(key)).flatten()
    }

    fn block(&mut self, key: u64, source: Source) -> Option<&mut Block> {
        let due = key != 0 && due(&self.blocks, key, source);
        due.then(|| self.blocks.get_mut(key)).flatten()
    }

    fn touch(&mut self, observation: &Observation, half_life: u64, source: Source) {
        let now = observation.second;
        for key in subject_keys(observation).into_iter().filter(|key| *key != 0) {
            if due(&self.subjects, key, source) {
                self.subjects.entry(key, || Subject::fresh(now)).touch(now, half_life);
            }
        }
        let key = observation.block100;
        if key != 0 && due(&self.blocks, key, source) {
            self.blocks.entry(key, || Block::fresh(now)).touch(now, half_life);
        }
        let key = observation.block10;
        if key != 0 && due(&self.blocks, key, source) {
            // The block of ten gets an entry only once its hundred is worth one: most callers stand alone.
            if observation.happened.has(Happened::BLOCK_ACTIVE) {
                self.blocks.entry(key, || Block::fresh(now)).touch(now, half_life);
            } else if let Some(block) = self.blocks.get_mut(key) {
                block.touch(now, half_life);
            }
        }
    }

    fn arrive(&mut self, observation: &mut Observation, source: Source) {
        let boxes = &self.activity.boxes;
        let (target, caller) = (observation.target, observation.caller);
        let trapped = observation.happened.has(Happened::TRAPPED);
        let stranger = observation.happened.has(Happened::STRANGER);
        if let Some(subject) = self.subject(caller, source) {
            subject.reach(target, boxes);
            if trapped {
                subject.trap();
            }
        }
        if let Some(block) = self.block(observation.block100, source) {
            block.reach(caller, target.tag, boxes);
            if source == Source::Live && block.several() {
                observation.happened = observation.happened.with(Happened::BLOCK_ACTIVE);
            }
        }
        if observation.happened.has(Happened::BLOCK_ACTIVE) && observation.block10 != 0 {
            let now = observation.second;
            if due(&self.blocks, observation.block10, source) {
                let block = self.blocks.entry(observation.block10, || Block::fresh(now));
                block.reach(caller, target.tag, boxes);
            }
        }
        if stranger {
            for key in [observation.trunk, observation.target_block] {
                if let Some(subject) = self.subject(key, source) {
                    subject.reach(target, boxes);
                }
            }
        }
    }

    fn identify(&mut self, observation: &Observation, source: Source) {
        let boxes = &self.activity.boxes;
        if let Some(tsi) = self.subject(observation.tsi, source) {
            tsi.reach(observation.target, boxes);
            if observation.happened.has(Happened::TRAPPED) {
                tsi.trap();
            }
            if observation.caller != 0 {
                tsi.meet(observation.caller, boxes);
            }
        }
        if observation.tsi != 0
            && let Some(caller) = self.subject(observation.caller, source)
        {
            caller.meet(observation.tsi, boxes);
        }
    }

    fn settle(&mut self, observation: &Observation, source: Source) {
        let boxes = &self.activity.boxes;
        let happened = observation.happened;
        if happened.has(Happened::SHAPED)
            && let Some(shape) = self.subject(shape_of(observation), source)
        {
            shape.reach(observation.target, boxes);
            if observation.caller != 0 {
                shape.meet(observation.caller, boxes);
            }
        }
        if happened.has(Happened::ENDED)
            && let Some(caller) = self.subject(observation.caller, source)
        {
            caller.end(happened.has(Happened::SHORT));
        }
    }

    fn send(&mut self, observation: &Observation, source: Source) {
        let boxes = &self.activity.boxes;
        let happened = observation.happened;
        if happened.has(Happened::SUBMITTED) {
            for key in [observation.member, observation.document] {
                if let Some(subject) = self.subject(key, source) {
                    subject.reach(observation.target, boxes);
                    if happened.has(Happened::OPTED_OUT) {
                        subject.trap();
                    }
                }
            }
        }
        if happened.has(Happened::DIALED)
            && let Some(member) = self.subject(observation.member, source)
        {
            member.end(happened.has(Happened::DEAD));
        }
    }

    fn weigh(&mut self, observation: &Observation, source: Source) {
        let (good, bad) = (observation.good, observation.bad);
        if good == 0 && bad == 0 {
            return;
        }
        for (key, bad) in [
            (observation.caller, bad),
            (observation.member, bad),
            (observation.tsi, share_of_tsi(observation)),
            (observation.trunk, bad / SHARE),
        ] {
            if let Some(subject) = self.subject(key, source) {
                subject.weigh(good, bad);
            }
        }
        for key in [observation.block10, observation.block100] {
            if let Some(block) = self.block(key, source) {
                block.weigh(good, bad / SHARE);
            }
        }
    }

    fn counts(&self, observation: &Observation) -> Counts {
        let subject = |key: u64| if key == 0 { None } else { self.subjects.get(key) };
        let block = |key: u64| if key == 0 { None } else { self.blocks.get(key) };
        Counts::read(observation, &subject, &block)
    }
}

fn due<V: HotValue>(guard: &HotGuard<'_, V>, key: u64, source: Source) -> bool {
    match source {
        Source::Live => true,
        Source::Replay(seq) => guard.replays(key, seq),
    }
}

/// Lower 95 % bound (one-sided, z = 1.645) of the share of `part` in `part + rest`, in thousandths: Wilson,
/// "Probable inference", JASA 22 (1927), with fractional counts. Little evidence gives a low bound.
pub fn wilson_lower_milli(part: u32, rest: u32) -> u32 {
    const Z: f64 = 1.645;
    let (part, rest) = (f64::from(part) / f64::from(ONE), f64::from(rest) / f64::from(ONE));
    let n = part + rest;
    if n <= 0.0 || part <= 0.0 {
        return 0;
    }
    let share = part / n;
    let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let low = (share + Z * Z / (2.0 * n) - spread) / (1.0 + Z * Z / n);
    thousandths(low)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=1000 before; square root and the four operations are exact to the bit in IEEE 754"
)]
fn thousandths(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * 1_000.0).round() as u32
}

#[cfg(test)]
mod tests;
