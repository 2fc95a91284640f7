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

pub use counts::{Counts, Said};
pub use observation::{Happened, Observation, PACKED_BYTES, Target};

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
    subjects: HotGuard<'a, Subject, { ALL.len() }>,
    blocks: HotGuard<'a, Block, 2>,
}

/// How evidence is weighed, as the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time in which it counts half, in seconds.
    pub half_life: u64,
    /// Normal deviates of the confidence bound, in thousandths.
    pub confidence_milli: u32,
}

/// Whose counters: the place of their key among the locked ones.
#[derive(Clone, Copy)]
enum Who {
    Caller,
    Tsi,
    Trunk,
    Shape,
    TargetBlock,
    Member,
    Document,
}

const ALL: [Who; 7] =
    [Who::Caller, Who::Tsi, Who::Trunk, Who::Shape, Who::TargetBlock, Who::Member, Who::Document];

/// Which block of the caller's.
#[derive(Clone, Copy)]
enum Side {
    Ten,
    Hundred,
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
        Locked {
            activity: self,
            subjects: self.subjects.lock(subject_keys(observation)),
            blocks: self.blocks.lock([observation.block10, observation.block100]),
        }
    }

    /// Forgets subjects, numbers that changed hands, once `record` has taken that under their locks, so that
    /// replay forgets exactly what was counted before. At most [`FORGET_MAX`] at once.
    ///
    /// # Errors
    /// What `record` answers: nothing is forgotten then.
    ///
    /// # Panics
    /// With more keys: their number is bounded by the program.
    pub fn forget<T, E>(
        &self,
        keys: &[u64],
        record: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let mut places = [0; FORGET_MAX];
        places[..keys.len()].copy_from_slice(keys);
        let mut subjects = self.subjects.lock(places);
        let recorded = record()?;
        (0..keys.len()).for_each(|at| drop(subjects.remove(at)));
        Ok(recorded)
    }

    /// Forgets a subject again, where the snapshot is from before.
    pub fn replay_forget(&self, key: u64, seq: u64) {
        let mut subjects = self.subjects.lock([key]);
        if subjects.replays(0, seq) {
            subjects.remove(0);
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

/// A key each, in the order of [`ALL`].
fn subject_keys(observation: &Observation) -> [u64; ALL.len()] {
    ALL.map(|who| match who {
        Who::Caller => observation.caller,
        Who::Tsi => observation.tsi,
        Who::Trunk => observation.trunk,
        Who::Shape => shape_of(observation),
        Who::TargetBlock => observation.target_block,
        Who::Member => observation.member,
        Who::Document => observation.document,
    })
}

/// One complaint is one piece of evidence: whole against who sent, one part in so many against each other name the
/// sender shares with others. Counted whole under every name, it would weigh five times what it is.
const SHARE: u32 = 4;
/// The same as it stands in rows.
const PART: u8 = 4;
const _: () = assert!(PART as u32 == SHARE);

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
        for (who, bad) in shares(observation) {
            if let Some(subject) = self.subject(who, Source::Live) {
                subject.take_back(good, bad);
            }
        }
        for side in [Side::Ten, Side::Hundred] {
            if let Some(block) = self.block(side, Source::Live) {
                block.take_back(good, bad / SHARE);
            }
        }
    }

    /// Applies the observation and says what stands then.
    ///
    /// `said` is what reports say of the same subjects.
    pub fn observe(
        &mut self,
        observation: &mut Observation,
        pace: Pace,
        source: Source,
        said: &Said,
    ) -> Counts {
        self.touch(observation, pace.half_life, source);
        if observation.happened.has(Happened::ARRIVED) {
            self.arrive(observation, source);
        }
        if observation.happened.has(Happened::IDENTIFIED) {
            self.identify(observation, source);
        }
        self.settle(observation, source);
        self.send(observation, source);
        self.weigh(observation, source);
        self.counts(pace.confidence_milli, said)
    }

    fn subject(&mut self, who: Who, source: Source) -> Option<&mut Subject> {
        let due = due(&self.subjects, who as usize, source);
        due.then(|| self.subjects.get_mut(who as usize)).flatten()
    }

    fn block(&mut self, side: Side, source: Source) -> Option<&mut Block> {
        let due = due(&self.blocks, side as usize, source);
        due.then(|| self.blocks.get_mut(side as usize)).flatten()
    }

    /// The block, made where there is none.
    fn block_entry(&mut self, side: Side, now: u32, source: Source) -> Option<&mut Block> {
        let due = due(&self.blocks, side as usize, source);
        due.then(|| self.blocks.entry(side as usize, || Block::fresh(now))).flatten()
    }

    fn touch(&mut self, observation: &Observation, half_life: u64, source: Source) {
        let now = observation.second;
        for who in ALL {
            if due(&self.subjects, who as usize, source)
                && let Some(subject) = self.subjects.entry(who as usize, || Subject::fresh(now))
            {
                subject.touch(now, half_life);
            }
        }
        if let Some(block) = self.block_entry(Side::Hundred, now, source) {
            block.touch(now, half_life);
        }
        // The block of ten gets an entry only once its hundred is worth one: most callers stand alone.
        let ten = if observation.happened.has(Happened::BLOCK_ACTIVE) {
            self.block_entry(Side::Ten, now, source)
        } else {
            self.block(Side::Ten, source)
        };
        if let Some(block) = ten {
            block.touch(now, half_life);
        }
    }

    fn arrive(&mut self, observation: &mut Observation, source: Source) {
        let boxes = &self.activity.boxes;
        let (target, caller) = (observation.target, observation.caller);
        let trapped = observation.happened.has(Happened::TRAPPED);
        let stranger = observation.happened.has(Happened::STRANGER);
        if let Some(subject) = self.subject(Who::Caller, source) {
            subject.reach(target, boxes);
            if trapped {
                subject.trap();
            }
        }
        if let Some(block) = self.block(Side::Hundred, source) {
            block.reach(caller, target.tag, boxes);
            if source == Source::Live && block.several() {
                observation.happened = observation.happened.with(Happened::BLOCK_ACTIVE);
            }
        }
        if observation.happened.has(Happened::BLOCK_ACTIVE)
            && let Some(block) = self.block_entry(Side::Ten, observation.second, source)
        {
            block.reach(caller, target.tag, boxes);
        }
        if stranger {
            for who in [Who::Trunk, Who::TargetBlock] {
                if let Some(subject) = self.subject(who, source) {
                    subject.reach(target, boxes);
                }
            }
        }
    }

    fn identify(&mut self, observation: &Observation, source: Source) {
        let boxes = &self.activity.boxes;
        if let Some(tsi) = self.subject(Who::Tsi, source) {
            tsi.reach(observation.target, boxes);
            if observation.happened.has(Happened::TRAPPED) {
                tsi.trap();
            }
            if observation.caller != 0 {
                tsi.meet(observation.caller, boxes);
            }
        }
        if observation.tsi != 0
            && let Some(caller) = self.subject(Who::Caller, source)
        {
            caller.meet(observation.tsi, boxes);
        }
    }

    fn settle(&mut self, observation: &Observation, source: Source) {
        let boxes = &self.activity.boxes;
        let happened = observation.happened;
        if happened.has(Happened::SHAPED)
            && let Some(shape) = self.subject(Who::Shape, source)
        {
            shape.reach(observation.target, boxes);
            if observation.caller != 0 {
                shape.meet(observation.caller, boxes);
            }
        }
        if happened.has(Happened::ENDED)
            && let Some(caller) = self.subject(Who::Caller, source)
        {
            caller.end(happened.has(Happened::SHORT));
        }
    }

    fn send(&mut self, observation: &Observation, source: Source) {
        let boxes = &self.activity.boxes;
        let happened = observation.happened;
        if happened.has(Happened::SUBMITTED) {
            for who in [Who::Member, Who::Document] {
                if let Some(subject) = self.subject(who, source) {
                    subject.reach(observation.target, boxes);
                    if happened.has(Happened::OPTED_OUT) {
                        subject.trap();
                    }
                }
            }
        }
        if happened.has(Happened::DIALED)
            && let Some(member) = self.subject(Who::Member, source)
        {
            member.end(happened.has(Happened::DEAD));
        }
    }

    fn weigh(&mut self, observation: &Observation, source: Source) {
        let (good, bad) = (observation.good, observation.bad);
        if good == 0 && bad == 0 {
            return;
        }
        for (who, bad) in shares(observation) {
            if let Some(subject) = self.subject(who, source) {
                subject.weigh(good, bad);
            }
        }
        for side in [Side::Ten, Side::Hundred] {
            if let Some(block) = self.block(side, source) {
                block.weigh(good, bad / SHARE);
            }
        }
    }

    fn counts(&self, confidence_milli: u32, said: &Said) -> Counts {
        Counts::read(
            confidence_milli,
            said,
            |who| self.subjects.get(who as usize),
            |side| self.blocks.get(side as usize),
        )
    }
}

/// The names of a sender, and which part of a complaint is each one's: one in so many.
#[must_use]
pub fn complained_of(observation: &Observation) -> Vec<(u64, u8)> {
    let tsi = if observation.caller == 0 { 1 } else { PART };
    let names = [
        (observation.caller, 1),
        (observation.member, 1),
        (observation.tsi, tsi),
        (observation.trunk, PART),
        (observation.block10, PART),
        (observation.block100, PART),
    ];
    names.into_iter().filter(|(name, _)| *name != 0).collect()
}

/// What each of those who share a name with the sender gets of a complaint.
const fn shares(observation: &Observation) -> [(Who, u32); 4] {
    let bad = observation.bad;
    [
        (Who::Caller, bad),
        (Who::Member, bad),
        (Who::Tsi, share_of_tsi(observation)),
        (Who::Trunk, bad / SHARE),
    ]
}

fn due<V: HotValue, const N: usize>(guard: &HotGuard<'_, V, N>, at: usize, source: Source) -> bool {
    match source {
        Source::Live => true,
        Source::Replay(seq) => guard.replays(at, seq),
    }
}

/// Lower confidence bound of the share of `part` in `part + rest`, in thousandths: Wilson, "Probable inference", JASA
/// 22 (1927), with fractional counts in 16.16. `confidence_milli` is the normal deviate in thousandths, one-sided:
/// 1,645 is 95 %. Little evidence gives a low bound.
pub fn wilson_lower_milli(part: u32, rest: u32, confidence_milli: u32) -> u32 {
    let z = f64::from(confidence_milli) / 1_000.0;
    let (part, rest) = (f64::from(part) / f64::from(ONE), f64::from(rest) / f64::from(ONE));
    let n = part + rest;
    if n <= 0.0 || part <= 0.0 {
        return 0;
    }
    let share = part / n;
    let spread = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let low = (share + z * z / (2.0 * n) - spread) / (1.0 + z * z / n);
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
