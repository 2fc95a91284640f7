//! Builders of stages: a call or a job with what the tests do not care about filled in.

use faxguard::fax::id::{DecisionId, SubjectKind};
use faxguard::fax::ident::Ident;
use faxguard::fax::number::Claimed;
use faxguard::fax::stage::{
    Attestation, Caller, DialOutcome, JobFacts, PageCoding, PageFacts, Parties, ReceiveOutcome,
    ReceivedFacts, Session, Stage, StageEvent, StageSet, TextLook,
};
use faxguard::time::{Span, Timestamp};

use super::{keys, member, number};

/// Lines of the world outside, by their place: valid numbers of Los Angeles, each in a block of its own.
pub(crate) fn line(place: u64) -> String {
    format!("+1310{:07}", 2_500_000 + place * 137)
}

fn request(fax: u64, stage: u64, mark: u32) -> u64 {
    (fax << 16 | stage << 12 | u64::from(mark)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn decision(fax: u64) -> DecisionId {
    keys().decision_id("node", &fax.to_string())
}

fn event(fax: u64, at: Timestamp, mark: u32, parties: Option<Parties>, stage: Stage) -> StageEvent {
    StageEvent {
        decision: decision(fax),
        request: request(fax, stage.kind() as u64, mark),
        node: keys().pseudonym(SubjectKind::Node, b"node"),
        time: at,
        parties,
        member: None,
        stage,
        capabilities: StageSet::default(),
        unscored: 0,
    }
}

/// An inbound call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    fax: u64,
    caller: Option<String>,
    did: String,
    /// TSI.
    pub tsi: String,
}

/// A call from a line of the world to a number.
pub(crate) fn call(fax: u64, caller: &str, did: &str) -> Call {
    let caller = (!caller.is_empty()).then(|| caller.to_owned());
    Call { fax, caller, did: did.to_owned(), tsi: String::new() }
}

/// The session of a usual machine.
pub(crate) fn session(tsi: &str) -> Session {
    Session {
        tsi: Claimed::new(Ident::read(tsi.as_bytes())),
        sub_address: TextLook::Absent,
        rate_bps: 14_400,
        horizontal_dpi: 204,
        vertical_dpi: 98,
        width_px: 1_728,
        coding: PageCoding::Mmr,
        ecm: true,
        color: false,
        unlimited_length: false,
        retrains: 0,
    }
}

impl Call {
    /// Its decision.
    pub(crate) fn id(&self) -> DecisionId {
        decision(self.fax)
    }

    /// Under that TSI.
    pub(crate) fn named(mut self, tsi: &str) -> Self {
        self.tsi = tsi.to_owned();
        self
    }

    fn parties(&self) -> Parties {
        let shown = self.caller.as_deref();
        Parties::Inbound {
            caller: shown
                .map_or(Caller::Withheld, |text| Caller::Number(Claimed::new(number(text)))),
            did: number(&self.did),
            trunk: Some(keys().pseudonym(SubjectKind::Trunk, b"trunk")),
        }
    }

    fn stage(&self, at: Timestamp, mark: u32, stage: Stage) -> StageEvent {
        event(self.fax, at, mark, Some(self.parties()), stage)
    }

    /// The call is offered.
    pub(crate) fn offered(&self, at: Timestamp) -> StageEvent {
        let stage = Stage::CallOffered {
            caller_name: TextLook::Absent,
            attestation: Attestation::Unknown,
            diverted: false,
            restricted: false,
        };
        self.stage(at, 0, stage)
    }

    /// The sender says who it is.
    pub(crate) fn handshake(&self, at: Timestamp) -> StageEvent {
        self.stage(at, 0, Stage::Handshake(session(&self.tsi)))
    }

    /// A page arrived.
    pub(crate) fn page(&self, at: Timestamp, page: u32) -> StageEvent {
        let facts = PageFacts {
            number: page,
            rows: 1_143,
            bytes: 21_000 + page * 331,
            duration: Span::seconds(15),
            ..PageFacts::default()
        };
        self.stage(at, page, Stage::Page(facts))
    }

    /// The call ended with so many pages.
    pub(crate) fn received(&self, at: Timestamp, pages: u32) -> StageEvent {
        let outcome = if pages == 0 { ReceiveOutcome::NoPages } else { ReceiveOutcome::Complete };
        self.stage(at, 0, Stage::Received(self.facts(outcome, pages)))
    }

    /// The call ended on our word.
    pub(crate) fn refused(&self, at: Timestamp) -> StageEvent {
        self.stage(at, 0, Stage::Received(self.facts(ReceiveOutcome::Refused, 0)))
    }

    fn facts(&self, outcome: ReceiveOutcome, pages: u32) -> ReceivedFacts {
        ReceivedFacts {
            outcome,
            pages,
            bytes: u64::from(pages) * 21_000,
            duration: Span::seconds(u64::from(pages) * 15 + 15),
            session: Some(session(&self.tsi)),
            page_bytes: Vec::new(),
            rows_max: 1_143,
            bad_rows: 0,
        }
    }
}

/// The event without its parties, as of a node that tells them once.
pub(crate) fn bare(event: StageEvent) -> StageEvent {
    StageEvent { parties: None, ..event }
}

/// An outbound job to one recipient.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    fax: u64,
    member: String,
    recipient: String,
    /// Pages.
    pub pages: u32,
    /// Recipients of the batch.
    pub recipients: u32,
}

/// A job of a member to a number.
pub(crate) fn job(fax: u64, member: &str, recipient: &str) -> Job {
    let (member, recipient) = (member.to_owned(), recipient.to_owned());
    Job { fax, member, recipient, pages: 2, recipients: 1 }
}

impl Job {
    /// Its decision.
    pub(crate) fn id(&self) -> DecisionId {
        decision(self.fax)
    }

    fn stage(&self, at: Timestamp, mark: u32, stage: Stage) -> StageEvent {
        let parties = Parties::Outbound {
            member: member(&self.member),
            recipient: number(&self.recipient),
            shown: None,
            trunk: None,
        };
        event(self.fax, at, mark, Some(parties), stage)
    }

    /// It comes in.
    pub(crate) fn submitted(&self, at: Timestamp) -> StageEvent {
        let facts = JobFacts {
            pages: self.pages,
            bytes: u64::from(self.pages) * 20_000,
            recipients: self.recipients,
            tsi: None,
            header: TextLook::Clean,
            document: self.fax + 1,
            not_before: None,
        };
        self.stage(at, 0, Stage::JobSubmitted(facts))
    }

    /// It is about to be dialled.
    pub(crate) fn dialing(&self, at: Timestamp, attempt: u32) -> StageEvent {
        let stage = Stage::Dialing { attempt, pages: self.pages, bytes: 0 };
        self.stage(at, attempt, stage)
    }

    /// A dial ended, and no other follows.
    pub(crate) fn ended(&self, at: Timestamp, attempt: u32, outcome: DialOutcome) -> StageEvent {
        let sent = outcome == DialOutcome::Sent;
        let stage = Stage::DialResult {
            attempt,
            outcome,
            pages: if sent { self.pages } else { 0 },
            duration: Span::seconds(40),
            last: true,
        };
        self.stage(at, attempt, stage)
    }

    /// A dial ended, and another follows.
    pub(crate) fn failed(&self, at: Timestamp, attempt: u32) -> StageEvent {
        let stage = Stage::DialResult {
            attempt,
            outcome: DialOutcome::Busy,
            pages: 0,
            duration: Span::seconds(5),
            last: false,
        };
        self.stage(at, attempt, stage)
    }
}
