//! Answers that were given about one fax: the same request gets the same answer, and a late stage the one that stands.
//!
//! What is asked of an answer at every stage lies in the decision itself; the answers as the ledger has them lie behind
//! one another in one piece of memory. A piece for each would be one more of hundreds of thousands, strewn over the
//! heap, to be fetched from far away at every stage and let go one by one when the decision is.

use smallvec::SmallVec;

use crate::fax::id::DecisionId;
use crate::fax::stage::StageKind;
use crate::ledger::{Names, decode_verdict};
use crate::verdict::{Action, Refusal, Verdict};

/// Stages of a fax that are remembered: one answer each, and the latest pages or attempts.
const ANSWERS_MAX: usize = 8;
/// Answers to a usual fax: room for them is made with the first.
const ANSWERS_USUAL: usize = 3;

/// What an answer is known by.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Keyed hash of the request id.
    pub request: u64,
    /// Page number, attempt, or 0.
    pub mark: u32,
    /// The stage it was about.
    pub stage: StageKind,
    /// What was to be done.
    pub action: Action,
    /// How to refuse: its phrase is the policy's, which the bytes do not have. Boxed, since few are refused and there
    /// are hundreds of thousands of answers.
    pub refusal: Option<Box<Refusal>>,
    /// Bytes of the answer.
    length: u16,
}

impl Answered {
    /// What that verdict is known by.
    pub fn of(request: u64, mark: u32, verdict: &Verdict) -> Self {
        Self::new(request, mark, (verdict.stage, verdict.action), verdict.refusal)
    }

    /// The parts of one.
    pub(super) fn new(
        request: u64,
        mark: u32,
        (stage, action): (StageKind, Action),
        refusal: Option<Refusal>,
    ) -> Self {
        Self { request, mark, stage, action, refusal: refusal.map(Box::new), length: 0 }
    }
}

/// One answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// What it is known by.
    pub to: &'a Answered,
    /// The whole answer as the ledger has it: few are asked for again, and this is a quarter of its size.
    pub verdict: &'a [u8],
}

impl Answer<'_> {
    /// The answer once more; `None` where its bytes are damaged.
    pub fn again(&self, decision: DecisionId, names: &Names) -> Option<Verdict> {
        let verdict = decode_verdict(self.verdict, decision, names)?;
        let refusal = self.to.refusal.as_deref().copied();
        Some(Verdict { refusal, repeated: true, ..verdict })
    }
}

/// The latest answers, in the order they were given.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    heads: SmallVec<[Answered; ANSWERS_USUAL]>,
    /// The bytes of each behind those of the one before.
    verdicts: Vec<u8>,
}

impl Answers {
    /// Keeps an answer; of more than eight the oldest goes.
    pub fn push(&mut self, to: Answered, verdict: &[u8]) {
        if self.heads.len() == ANSWERS_MAX {
            let oldest = usize::from(self.heads.remove(0).length);
            self.verdicts.drain(..oldest.min(self.verdicts.len()));
        }
        if self.heads.is_empty() {
            self.verdicts.reserve_exact(verdict.len() * ANSWERS_USUAL);
        }
        // No verdict is longer than its length can say; one that were would read back as damaged.
        let length = u16::try_from(verdict.len()).unwrap_or(0);
        self.heads.push(Answered { length, ..to });
        self.verdicts.extend_from_slice(verdict.get(..length.into()).unwrap_or_default());
    }

    /// Takes the latest back.
    pub fn pop(&mut self) -> Option<Answered> {
        let to = self.heads.pop()?;
        self.verdicts.truncate(self.verdicts.len().saturating_sub(to.length.into()));
        Some(to)
    }

    /// The latest.
    pub fn last(&self) -> Option<Answer<'_>> {
        self.latest_first().next()
    }

    /// The stage of the earliest that is kept.
    pub fn first_stage(&self) -> Option<StageKind> {
        self.heads.first().map(|to| to.stage)
    }

    /// All that are kept, the latest first.
    pub fn latest_first(&self) -> impl Iterator<Item = Answer<'_>> {
        let mut rest = self.verdicts.as_slice();
        self.heads.iter().rev().map(move |to| {
            let at = rest.len().saturating_sub(to.length.into());
            let (before, verdict) = rest.split_at(at);
            rest = before;
            Answer { to, verdict }
        })
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// True when none was given.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(mark: u32) -> Answered {
        let said = (StageKind::Page, Action::Deliver);
        Answered::new(u64::from(mark) + 100, mark, said, None)
    }

    #[test]
    fn each_answer_has_its_own_bytes_and_the_oldest_goes() {
        let mut answers = Answers::default();
        assert!(answers.is_empty() && answers.last().is_none() && answers.first_stage().is_none());
        for mark in 0..40u8 {
            answers.push(answered(mark.into()), &vec![mark; usize::from(mark) % 7]);
        }
        assert_eq!(answers.len(), ANSWERS_MAX);
        for (answer, mark) in answers.latest_first().zip((0..40u8).rev()) {
            assert_eq!(answer.to.mark, u32::from(mark));
            assert_eq!(answer.verdict, vec![mark; usize::from(mark) % 7]);
        }
        let bytes: usize = (32..40).map(|mark| mark % 7).sum();
        assert_eq!(answers.verdicts.len(), bytes);
        assert_eq!(answers.pop().map(|to| to.mark), Some(39));
        answers.push(answered(99), b"other");
        let last = answers.last().unwrap();
        assert_eq!((last.to.mark, last.verdict), (99, b"other".as_slice()));
        assert_eq!(answers.latest_first().nth(1).unwrap().verdict, [38; 3]);
    }
}
