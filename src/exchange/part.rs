//! One part of the levels: its beat, the batch that is on its way, and what is done while nobody can be reached.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::Meeting;
use super::link::{BATCH_ROWS, CallFault, Heard, Question, STALE};
use crate::limiter::Telling;
use crate::metrics::Stopwatch;

/// After how long without an answer an instance goes by its own share.
const ALONE_AFTER: Duration = Duration::from_millis(600);
/// Time between two tries where the last one failed.
const TRY_AGAIN: Duration = Duration::from_millis(500);
/// How long after the engine has become another process, which may remember less than the one before, what is known here
/// counts as at least.
const MENDING: Duration = Duration::from_secs(600);
/// Time between two exchanges of what is offered to contended resources.
const SHARE_EVERY: Duration = Duration::from_millis(250);
/// Calls of one beat: what is more waits for the next.
const CALLS_A_BEAT: usize = 64;
/// Levels that are taken over without letting others run.
const HEARD_AT_ONCE: usize = 256;
/// Tries at the end to tell what is still untold.
const LAST_TRIES: usize = 3;

/// One part.
pub(super) struct Part {
    number: usize,
    meeting: Arc<Meeting>,
    /// The batch that is on its way, until it is answered.
    batch: Option<Vec<Telling>>,
    batches: u64,
    since: u64,
    /// The engine's process, as it was named last.
    process: String,
    /// Set where the engine may have become another process.
    doubt: bool,
    mending: Option<Stopwatch>,
    answered: Option<Stopwatch>,
    renewed: Stopwatch,
    /// When it was last said what is offered to contended resources.
    shared: Option<Stopwatch>,
    alone: bool,
    /// Whether the log says that nobody can be reached.
    alarmed: bool,
}

impl Part {
    pub(super) fn new(number: usize, meeting: Arc<Meeting>) -> Self {
        Self {
            number,
            meeting,
            batch: None,
            batches: 0,
            since: 0,
            process: String::new(),
            doubt: true,
            mending: None,
            answered: None,
            renewed: Stopwatch::start(),
            shared: None,
            alone: true,
            alarmed: false,
        }
    }

    /// Exchanges at every beat until `ending` is over, and once more.
    pub(super) async fn run(mut self, ending: impl Future<Output = ()>) {
        let mut beat = tokio::time::interval(self.meeting.beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut ending = std::pin::pin!(ending);
        loop {
            tokio::select! {
                () = &mut ending => break,
                _ = beat.tick() => {}
            }
            if !self.beat().await {
                tokio::select! {
                    () = &mut ending => break,
                    () = tokio::time::sleep(TRY_AGAIN) => {}
                }
            }
        }
        for _ in 0..LAST_TRIES {
            if self.beat().await {
                break;
            }
        }
    }

    /// One beat; false where it failed.
    async fn beat(&mut self) -> bool {
        self.meeting.keep_time();
        if let Some(untold) = self.meeting.levels.members().untold() {
            untold.turn(self.number);
        }
        for _ in 0..CALLS_A_BEAT {
            let asked = self.exchange().await;
            match asked {
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) => {
                    self.failed(&fault).await;
                    return false;
                }
            }
        }
        if self.number == 0 && self.shared.is_none_or(|since| since.elapsed() >= SHARE_EVERY) {
            self.shared = Some(Stopwatch::start());
            if let Err(fault) = self.meeting.share().await {
                self.failed(&fault).await;
                return false;
            }
        }
        true
    }

    /// One call; true where there is more to say or to hear.
    async fn exchange(&mut self) -> Result<bool, CallFault> {
        let meeting = Arc::clone(&self.meeting);
        if self.doubt {
            // Before anything is told it must be known whether this engine remembers.
            let heard = meeting.link.ask(&self.question(&[], true)).await?;
            self.meet(&heard);
        }
        let batch = self.batch.take().unwrap_or_else(|| {
            self.batches += 1;
            meeting.levels.members().tell(self.number, BATCH_ROWS, meeting.clock.now())
        });
        let heard = match meeting.link.ask(&self.question(&batch, false)).await {
            Ok(heard) => heard,
            Err(fault) => {
                self.batch = Some(batch);
                return Err(fault);
            }
        };
        self.hear(&heard, &batch).await;
        Ok(heard.more || batch.len() == BATCH_ROWS)
    }

    fn question<'a>(&'a self, rows: &'a [Telling], name_process: bool) -> Question<'a> {
        let mend = self.mending.is_some_and(|since| since.elapsed() < MENDING);
        let number = if rows.is_empty() { 0 } else { self.batches };
        let (part, life, since) = (self.number, self.meeting.life.as_str(), self.since);
        Question { part, life, number, rows, since, mend, name_process }
    }

    /// Looks whether the engine is the process that it was.
    fn meet(&mut self, heard: &Heard) {
        self.doubt = false;
        if self.process == heard.process {
            return;
        }
        if !self.process.is_empty() {
            // It may have forgotten, or remember what was: all of it is heard again, and nothing becomes less.
            self.mending = Some(Stopwatch::start());
            self.since = 0;
        }
        self.process.clone_from(&heard.process);
    }

    async fn hear(&mut self, heard: &Heard, batch: &[Telling]) {
        let meeting = Arc::clone(&self.meeting);
        let members = meeting.levels.members();
        self.since = heard.reached;
        if self.number == 0 {
            meeting.say_time(heard.now);
        }
        if let Some(untold) = members.untold() {
            untold.arrived(self.number);
        }
        for rows in heard.rows.chunks(HEARD_AT_ONCE) {
            let now = meeting.clock.now();
            rows.iter().for_each(|told| members.hear(told, now));
            tokio::task::yield_now().await;
        }
        let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        meeting.metrics.exchange_rows_told.inc_by(count(batch.len()));
        meeting.metrics.exchange_rows_heard.inc_by(count(heard.rows.len()));
        self.answered = Some(Stopwatch::start());
        self.set_alone(false);
    }

    async fn failed(&mut self, fault: &CallFault) {
        let label = [("reason", fault.name())];
        self.meeting.metrics.exchange_failures.get_or_create(&label).inc();
        self.doubt = true;
        let silent = self.answered.is_none_or(|since| since.elapsed() >= ALONE_AFTER);
        if silent {
            if self.number == 0 && !self.alarmed {
                self.alarmed = true;
                tracing::error!(
                    reason = "exchange_out_of_reach",
                    fault = fault as &dyn std::error::Error,
                    "levels are kept alone until the engine answers"
                );
            }
            self.set_alone(true);
            if self.number == 0 {
                self.meeting.share_alone();
            }
        }
        let stale = self.answered.is_none_or(|since| since.elapsed() >= STALE);
        if self.number == 0 && stale && self.renewed.elapsed() >= STALE {
            self.renewed = Stopwatch::start();
            self.meeting.link.renew().await;
        }
    }

    fn set_alone(&mut self, alone: bool) {
        if self.alone == alone {
            return;
        }
        self.alone = alone;
        if let Some(untold) = self.meeting.levels.members().untold() {
            untold.set_alone(self.number, alone);
            let lost = i64::try_from(untold.lost()).unwrap_or(i64::MAX);
            self.meeting.metrics.exchange_charges_lost.set(lost);
        }
        let parts = &self.meeting.metrics.exchange_parts_alone;
        if alone {
            parts.inc()
        } else {
            parts.dec()
        };
        if self.alarmed && !alone {
            self.alarmed = false;
            tracing::info!("the engine answers: levels are kept with the other instances");
        }
    }
}
