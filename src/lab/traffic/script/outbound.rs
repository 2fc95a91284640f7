//! A fax that a member sends: one job, its dials and what became of them.

use super::super::shape::{Document, page_millis};
use super::super::world::{AREAS, e164};
use super::{Fax, Head, Script, length};
use crate::wire::screening::v1::screen_fax_request::{Parties, Stage};
use crate::wire::screening::v1::{
    DialOutcome, DialResult, Dialing, JobSubmitted, OutboundParties, StageKind,
};

const STAGES: [i32; 3] =
    [StageKind::JobSubmitted as i32, StageKind::Dialing as i32, StageKind::DialResult as i32];

/// How one dial ends.
pub(in super::super) type Dial = DialOutcome;

/// A job for one recipient.
#[derive(Clone)]
pub(in super::super) struct Job {
    /// When it is submitted, seconds since the epoch.
    pub(in super::super) at: i64,
    /// The member, by position.
    pub(in super::super) account: usize,
    /// The number to dial.
    pub(in super::super) recipient: u64,
    /// The number shown, where it is not the member's own.
    pub(in super::super) shown: Option<u64>,
    /// The document.
    pub(in super::super) document: Document,
    /// Recipients of the batch.
    pub(in super::super) recipients: u32,
    /// Digest of the document.
    pub(in super::super) digest: String,
    /// How each dial ends, at least one.
    pub(in super::super) dials: Vec<Dial>,
}

impl Script<'_> {
    /// A job of an ordinary member for one recipient, that succeeds at once.
    pub(in super::super) fn job(&mut self, at: i64, account: usize, recipient: u64) -> Job {
        Job {
            at,
            account,
            recipient,
            shown: None,
            document: Document::office(&mut self.rng),
            recipients: 1,
            digest: format!("d{}", self.serial),
            dials: vec![Dial::Sent],
        }
    }

    /// Writes a job and its dials; a dial that fails is followed by the next after five minutes.
    pub(in super::super) fn send(&mut self, job: Job) -> Fax {
        let account = &self.world.accounts[job.account];
        let node = AREAS[account.area].node.id;
        let serial = self.next_serial();
        let parties = OutboundParties {
            member_id: account.id.clone(),
            recipient_number: e164(job.recipient),
            caller_number: e164(job.shown.unwrap_or(account.did())),
            trunk: "carrier-a".into(),
            api_key_id: String::new(),
        };
        let parties = Some(Parties::Outbound(parties));
        let mut head = Head { node, serial, parties, capabilities: &STAGES };
        let submitted = JobSubmitted {
            page_count: job.document.page_count(),
            size_bytes: job.document.bytes(),
            batch_recipient_count: if job.recipients > 1 { job.recipients } else { 0 },
            document_digest: job.digest.clone(),
            ..JobSubmitted::default()
        };
        self.stage(job.at, &mut head, "j", Stage::JobSubmitted(submitted));
        let end = self.dials(&job, &mut head);
        Fax { node, serial, number: job.recipient, other: job.shown, end }
    }

    fn dials(&mut self, job: &Job, head: &mut Head) -> i64 {
        let mut at = job.at + 2;
        for (attempt, outcome) in (1..).zip(&job.dials) {
            let dialing = Dialing {
                attempt,
                page_count: job.document.page_count(),
                size_bytes: job.document.bytes(),
                ..Dialing::default()
            };
            self.stage(at, head, &format!("d{attempt}"), Stage::Dialing(dialing));
            let sent = *outcome == Dial::Sent;
            let pages = job.document.pages.iter();
            let millis = match outcome {
                Dial::Sent => 12_000 + pages.map(|bytes| page_millis(*bytes, 14_400)).sum::<u64>(),
                Dial::Voice | Dial::Partial => 14_000,
                Dial::NoAnswer => 45_000,
                Dial::Busy | Dial::Unallocated | Dial::Refused => 2_000,
                Dial::Failed | Dial::Unspecified => 20_000,
            };
            at += i64::try_from(millis / 1_000).unwrap_or(i64::MAX);
            let result = DialResult {
                attempt,
                outcome: *outcome as i32,
                page_count: if sent { job.document.page_count() } else { 0 },
                duration: Some(length(millis)),
                csi: if sent { e164(job.recipient) } else { String::new() },
                r#final: usize::try_from(attempt).is_ok_and(|attempt| attempt == job.dials.len()),
            };
            self.stage(at, head, &format!("x{attempt}"), Stage::DialResult(result));
            at += 300;
        }
        at - 300
    }
}
