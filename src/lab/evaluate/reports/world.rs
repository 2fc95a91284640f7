//! A provider with members, senders that fax them, reporters and a desk: the real engine on a clock of its own.

use std::path::Path;

use crate::campaign::synthetic::{Copied, Synthetic};
use crate::casework::{CaseKey, Finding, Ties};
use crate::content::fingerprint::{Fingerprint, epochs_at};
use crate::fax::id::{DecisionId, Pseudonym, SubjectKind};
use crate::fax::number::{Claimed, Number};
use crate::fax::stage::{
    Caller, DialOutcome, Parties, ReceiveOutcome, ReceivedFacts, Stage, StageEvent, StageSet,
};
use crate::lab::evaluate::screening::engine::{Engine, Fault};
use crate::lab::traffic::DAY_START;
use crate::lab::traffic::stream::own_number;
use crate::reports::{self, Deciding, Filing, Receipt, ReportCategory, ReportedFax, Reporter};
use crate::screening::{SeenPage, screen, screen_pages};
use crate::time::{Span, Timestamp};

/// The first number that senders have.
const SENDERS_FROM: u64 = 14_045_550_000;
/// The seed of the pages of campaigns.
const PAGES: u64 = 17;
/// Seconds between two reports that nothing joins.
pub(super) const APART: u64 = 30;

/// The world.
pub(super) struct World {
    pub(super) engine: Engine,
    second: u64,
    made: u64,
    _folder: Option<tempfile::TempDir>,
}

impl World {
    /// A new one with so many members.
    pub(super) fn new(members: u32, seed: u64) -> Result<Self, Fault> {
        let folder = tempfile::tempdir()?;
        let mut world = Self::open(folder.path(), members, seed)?;
        world._folder = Some(folder);
        Ok(world)
    }

    /// The one of a folder.
    pub(super) fn open(folder: &Path, members: u32, seed: u64) -> Result<Self, Fault> {
        let (engine, _) = Engine::open(folder, seed)?;
        engine.assign(members);
        Ok(Self { engine, second: 0, made: 0, _folder: None })
    }

    /// The present.
    pub(super) fn now(&self) -> Timestamp {
        DAY_START.plus(Span::seconds(self.second))
    }

    /// Lets time pass.
    pub(super) const fn wait(&mut self, seconds: u64) {
        self.second += seconds;
    }

    /// A fax of one page from a sender to a member.
    pub(super) fn fax(&mut self, sender: u64, to: u32) -> Result<DecisionId, Fault> {
        self.made += 1;
        self.fax_of_id(self.made, sender, to)
    }

    /// The same under a number of its own.
    pub(super) fn fax_of_id(&self, id: u64, sender: u64, to: u32) -> Result<DecisionId, Fault> {
        self.fax_with(id, (sender, to), None)
    }

    /// A copy of a page of a campaign, from a sender to a member, as its node fingerprints it.
    pub(super) fn page(&mut self, page: u64, sender: u64, to: u32) -> Result<DecisionId, Fault> {
        self.made += 1;
        self.fax_with(self.made, (sender, to), Some(page))
    }

    fn fax_with(
        &self,
        id: u64,
        (sender, to): (u64, u32),
        page: Option<u64>,
    ) -> Result<DecisionId, Fault> {
        let keys = self.engine.memory.keys();
        let decision = keys.decision_id("evaluate", &id.to_string());
        let number = Number::from_value(SENDERS_FROM + sender).ok_or("no such number")?;
        let parties = Parties::Inbound {
            caller: Caller::Number(Claimed::new(number)),
            did: own_number(to),
            trunk: Some(keys.trunk("evaluate")),
        };
        let facts = ReceivedFacts {
            outcome: ReceiveOutcome::Complete,
            pages: 1,
            bytes: 21_000,
            duration: Span::seconds(30),
            session: None,
            page_bytes: Vec::new(),
            rows_max: 1_143,
            bad_rows: 0,
        };
        let event = StageEvent {
            decision,
            request: id,
            node: keys.node("evaluate"),
            time: self.now(),
            parties: Some(parties),
            member: None,
            stage: Stage::Received(facts),
            capabilities: StageSet::default(),
            unscored: 0,
        };
        let copied = |page| {
            let [epoch, _] = epochs_at(event.time);
            let made = Synthetic { seed: PAGES, common_milli: 0 }.copy(page, Copied::EXACT);
            SeenPage { number: 1, fingerprints: vec![Fingerprint { epoch, ..made }] }
        };
        let pages: Vec<SeenPage> = page.map(copied).into_iter().collect();
        let _verdict = screen_pages(&self.engine.memory, &event, &pages);
        Ok(decision)
    }

    /// A job of a member to a number outside, sent at the first dial.
    pub(super) fn job(&mut self, by: u32, to: u64) -> Result<DecisionId, Fault> {
        self.made += 1;
        let id = self.made;
        let keys = self.engine.memory.keys();
        let decision = keys.decision_id("evaluate", &id.to_string());
        let recipient = Number::from_value(SENDERS_FROM + to).ok_or("no such number")?;
        let parties =
            Parties::Outbound { member: self.member(by), recipient, shown: None, trunk: None };
        let stage = Stage::DialResult {
            attempt: 1,
            outcome: DialOutcome::Sent,
            pages: 1,
            duration: Span::seconds(30),
            last: true,
        };
        let event = StageEvent {
            decision,
            request: id,
            node: keys.node("evaluate"),
            time: self.now(),
            parties: Some(parties),
            member: None,
            stage,
            capabilities: StageSet::default(),
            unscored: 0,
        };
        let _verdict = screen(&self.engine.memory, &event);
        Ok(decision)
    }

    /// Somebody without an account files a report.
    pub(super) fn outside(&mut self, who: u64, fax: DecisionId) -> Result<Receipt, Fault> {
        self.wait(APART);
        self.made += 1;
        let name = self.engine.memory.keys();
        let name = name.pseudonym(SubjectKind::Reporter, &who.to_be_bytes());
        let (reporter, fax) = (Reporter::Outsider(name), ReportedFax::Decision(fax));
        let filing = Filing::new(self.made, reporter, fax, ReportCategory::JunkFax, self.now());
        Ok(reports::file(&self.engine.memory, &filing)?)
    }

    /// Who a member is.
    pub(super) fn member(&self, of: u32) -> Pseudonym {
        self.engine.memory.keys().pseudonym(SubjectKind::Member, &of.to_be_bytes())
    }

    /// What a member would file.
    pub(super) fn filing(
        &mut self,
        by: u32,
        fax: DecisionId,
        category: ReportCategory,
        organisation: u64,
    ) -> Filing {
        self.made += 1;
        let (reporter, fax) = (Reporter::Member(self.member(by)), ReportedFax::Decision(fax));
        let mut filing = Filing::new(self.made, reporter, fax, category, self.now());
        filing.circumstances.ties = Ties { organisation, ..Ties::default() };
        filing
    }

    /// Files it.
    pub(super) fn report(
        &mut self,
        by: u32,
        fax: DecisionId,
        category: ReportCategory,
        organisation: u64,
    ) -> Result<Receipt, Fault> {
        self.wait(APART);
        let filing = self.filing(by, fax, category, organisation);
        Ok(reports::file(&self.engine.memory, &filing)?)
    }

    /// The desk decides, where nobody has, and everybody is told.
    pub(super) fn decide(&mut self, case: CaseKey, finding: Finding) -> Result<(), Fault> {
        self.wait(APART);
        let (memory, now) = (&self.engine.memory, self.now());
        if reports::case(memory, case)?.state.is_open() {
            let deciding = Deciding {
                case,
                version: None,
                author: "desk".into(),
                finding,
                measure: None,
                ground: None,
                widened: None,
                until: None,
                note: "evaluated".into(),
                time: now,
            };
            reports::decide(memory, &deciding)?;
        }
        self.work()
    }

    /// What is left to do is done.
    pub(super) fn work(&self) -> Result<(), Fault> {
        while reports::work(&self.engine.memory, self.now())?.more {}
        Ok(())
    }

    /// Gives reporters so many upheld or unfounded reports, each of another sender.
    pub(super) fn history(
        &mut self,
        (by, organisation): (&[u32], &dyn Fn(u32) -> u64),
        senders: std::ops::Range<u64>,
        finding: Finding,
    ) -> Result<(), Fault> {
        for sender in senders {
            let mut case = None;
            for who in by {
                let fax = self.fax(sender, *who)?;
                let receipt =
                    self.report(*who, fax, ReportCategory::JunkFax, organisation(*who))?;
                case = receipt.case.or(case);
            }
            // Whoever is suspended begins none: it learns nothing more, and weighs nothing.
            if let Some(case) = case {
                self.decide(case, finding)?;
            }
        }
        Ok(())
    }

    /// A sender that blasts: fan-out within minutes, to members from that one on.
    pub(super) fn blast(&mut self, sender: u64, from: u32, count: u32) -> Result<(), Fault> {
        for to in from..from + count {
            self.wait(5);
            self.fax(sender, to)?;
        }
        Ok(())
    }

    /// Measures in force.
    pub(super) fn measures(&self) -> usize {
        self.engine.memory.measures().len()
    }
}
