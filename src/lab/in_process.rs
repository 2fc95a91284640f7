//! The engine without a server: replay events run through the very conversions and paths of a server, on the event
//! clock, in memory. The same file gives the same answers.

use std::sync::Arc;

use crate::api::convert::screening::Asked;
use crate::api::convert::{self, verdict::Words};
use crate::api::engine::{Engine, Ruling};
use crate::api::live::{Live, Timepiece};
use crate::api::status::Failure;
use crate::directory::Outcome;
use crate::fax::id::DecisionId;
use crate::held;
use crate::ledger::HeldState;
use crate::memory::{Memory, OpenMemory, Parts};
use crate::operator::{Answer, VerdictLine, text};
use crate::policy::{Edit, Fault, Generation, Settings, load};
use crate::screening::signals;
use crate::store::keys::KeyRing;
use crate::store::memory::MemoryStore;
use crate::time::{EventClock, Span, Timestamp};
use crate::wire::operator::v1::{
    CreateListEntryResponse, ImportDirectoryResponse, ListEntry, RefusedEntry,
    ReleaseHeldFaxRequest, ReleaseHeldFaxResponse,
};
use crate::wire::replay::v1::{Event, event::Event as What};
use crate::wire::report::v1::FileReportRequest;
use crate::wire::screening::v1::ScreenFaxRequest;

/// Seed of the keys: pseudonyms of a replay are the same every time.
const KEY_SEED: u64 = 1;
/// How often deadlines are executed, in event time.
const UPKEEP: Span = Span::seconds(60);
/// Memory of a replay: a laptop's share, for traffic of a few million senders.
const SETTINGS: &str = "[memory]\nsubjects = \"256 MiB\"\nblocks = \"64 MiB\"\n\
                        number_profiles = \"32 MiB\"\ncorrespondence = \"64 MiB\"\n";

/// Why the lab has no engine.
#[derive(Debug, thiserror::Error)]
pub enum NoEngine {
    /// The policy has faults.
    #[error("the policy has {} faults", .0.len())]
    Policy(Vec<Fault>),
    /// Memory could not be opened.
    #[error("the engine cannot be started")]
    Memory(#[source] OpenMemory),
}

/// An engine on the event clock.
pub struct InProcess {
    live: Live,
    memory: Arc<Memory>,
    clock: Arc<EventClock>,
    upkeep: Timestamp,
}

impl InProcess {
    /// An engine with nothing in it, under the policy of a settings text; empty means the defaults.
    ///
    /// # Errors
    /// [`NoEngine`].
    pub fn new(policy: &str) -> Result<Self, NoEngine> {
        let specs = signals::specs();
        let (settings, _): (Settings, _) = load(SETTINGS, &specs).map_err(NoEngine::Policy)?;
        let applied = Timestamp::default();
        let edit = Edit { text: policy.into(), author: "replay".into(), applied };
        let generation = Generation::new(1, edit, &specs).map_err(NoEngine::Policy)?;
        let store = Arc::new(MemoryStore::new());
        let keys = KeyRing::for_replay(KEY_SEED);
        let parts = Parts { store, keys, settings, generation, specs };
        let (memory, _) = Memory::open(parts, applied).map_err(NoEngine::Memory)?;
        let (memory, clock) = (Arc::new(memory), Arc::new(EventClock::default()));
        let live = Live::new(Arc::clone(&memory), Timepiece::Events(clock.clone()));
        Ok(Self { live, memory, clock, upkeep: applied })
    }

    /// What the engine remembers.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Runs one event.
    pub fn play(&mut self, line: u64, event: Event) -> VerdictLine {
        let Event { event_time, event, note: _ } = event;
        let time = event_time.as_ref().map(text::from_wire).unwrap_or_default();
        self.clock.advance(time);
        if time >= self.upkeep {
            // In memory nothing can fail here, and a replay has nobody to tell.
            let _due = held::expire(&self.memory, time);
            let _kept = self.memory.keep_campaigns(time);
            self.upkeep = time.plus(UPKEEP);
        }
        let answer = match event {
            Some(What::ScreenFax(request)) => {
                self.screen(ScreenFaxRequest { event_time, ..request })
            }
            Some(What::FileReport(request)) => {
                self.report(&FileReportRequest { event_time, ..request })
            }
            Some(What::DirectoryEntry(entry)) => self.import(&entry),
            Some(What::ListEntry(entry)) => self.list(&entry),
            Some(What::ReleaseHeldFax(request)) => self.release(&request),
            None => Err(Failure::NotFound { what: "event" }),
        };
        let answer = answer.unwrap_or_else(|failure| Answer::Fault(Box::new(failure.fault(""))));
        VerdictLine { line, time, answer }
    }

    fn screen(&self, request: ScreenFaxRequest) -> Result<Answer, Failure> {
        let Asked { event, pages } = convert::screening::asked(&request, &self.live.wall())?;
        let verdict = self.live.screen(&event, &pages);
        let policy = self.live.policy();
        let redress = policy.policy().redress().contact();
        let words = Words { describe: signals::evidence, redress };
        // A replay has no page to fingerprint, and so no use for the keys.
        let response = convert::verdict::response(&request.request_id, &verdict, &words);
        Ok(Answer::Screened(Box::new(response)))
    }

    fn report(&self, request: &FileReportRequest) -> Result<Answer, Failure> {
        let filing = convert::report::filing(request, &self.live.wall())?;
        let receipt = self.live.file_report(&filing)?;
        Ok(Answer::Reported(Box::new(convert::report::receipt(&receipt))))
    }

    fn import(&self, entry: &crate::wire::operator::v1::DirectoryEntry) -> Result<Answer, Failure> {
        let edit = convert::directory::edit(entry, &self.live.wall())?;
        let outcomes = self.live.edit_directory(&[edit])?;
        let refused: Vec<_> = outcomes
            .iter()
            .filter_map(|outcome| {
                let Outcome::Refused(fault) = outcome else { return None };
                Some(RefusedEntry { position: 1, fault: fault.to_string() })
            })
            .collect();
        let refused_count = u64::try_from(refused.len()).unwrap_or(1);
        // The status of the service would look at every shard of every table, for each entry.
        let counts = self.memory.directory().counts();
        Ok(Answer::Imported(Box::new(ImportDirectoryResponse {
            accepted_count: 1 - refused_count.min(1),
            refused_count,
            refused,
            number_count: u64::try_from(counts.numbers).unwrap_or(u64::MAX),
            member_count: u64::try_from(counts.members).unwrap_or(u64::MAX),
        })))
    }

    fn list(&self, entry: &ListEntry) -> Result<Answer, Failure> {
        let entry = convert::list::replayed(entry, &self.live.wall())?;
        let id = self.live.put_list_entry(&entry)?;
        let entry = Some(convert::list::to_wire(id, &entry));
        Ok(Answer::Listed(Box::new(CreateListEntryResponse { entry })))
    }

    fn release(&self, request: &ReleaseHeldFaxRequest) -> Result<Answer, Failure> {
        // A file cannot know a decision's id beforehand, so it names the fax as `NODE/FAX`.
        let named = request.decision_id.split_once('/');
        let decision = match named {
            Some((node, fax)) => Some(self.memory.keys().decision_id(node, fax)),
            None => DecisionId::parse(&request.decision_id),
        };
        let fax = self.live.rule_on_held(&Ruling {
            decision: decision.ok_or(Failure::NotFound { what: "decision" })?,
            state: HeldState::Released,
            author: request.author.as_str().into(),
        })?;
        let fax = Some(convert::held::to_wire(&fax));
        Ok(Answer::Released(Box::new(ReleaseHeldFaxResponse { fax })))
    }
}

/// The hook of `replay --in-process`: runs events in their order and hands out each answer.
pub fn replay(events: &mut dyn Iterator<Item = (u64, Event)>, answer: &mut dyn FnMut(VerdictLine)) {
    match InProcess::new("") {
        Ok(mut engine) => events.for_each(|(line, event)| answer(engine.play(line, event))),
        Err(fault) => tracing::error!(reason = "no_engine", %fault, "nothing was replayed"),
    }
}
