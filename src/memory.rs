//! Memory: everything that outlives a request, in one place: store, keys, policy, directory, relations, lists, hot
//! counters, open decisions. The two paths above borrow it; nothing in it waits on the verdict path.
//!
//! Locks are taken in one order everywhere: the open decision, the activity counters, the wrong holds, the levels; those of the
//! campaigns within the first, and let go before the second. A decision has a lock of its own, which is held while its
//! pages are compared; the others are for microseconds. A seq is taken while all of them are held, which is what makes replay
//! exact (see [`crate::store::hot`]).

pub mod answers;
mod campaigns;
pub(crate) mod casework;
pub mod edit;
pub(crate) mod evidence;
mod journal;
pub mod limits;
pub mod looks;
pub mod open;
pub mod profile;
pub mod read;
mod recover;
pub mod usage;
mod wishes;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};
use parking_lot::Mutex;
use thiserror::Error;

use crate::activity::{Activity, Pace};
use crate::campaign::{self, Campaigns};
use crate::directory::{self, Directory};
use crate::fax::number::Number;
use crate::fax::numbering::{HomeRegion, InvalidPlan, NumberingPlan};
use crate::ledger::Names;
use crate::lists::Lists;
use crate::measures::Measures;
use crate::policy::settings::{Retention, Settings};
use crate::policy::{Fault, Generation, Generations, Policy, SignalSpec};
use crate::relations::{self, Relations};
use crate::store::keys::KeyRing;
use crate::store::table::RetentionClass;
use crate::store::{Refused, Store, StoreError};
use crate::time::{DAY_SECONDS, Span, Timestamp};
use crate::voices::Voices;
use limits::Limiting;
use open::OpenDecisions;
use profile::{Profile, Profiles};
use usage::UsageLog;
use wishes::Wishes;

pub use campaigns::CampaignFault;
pub use profile::PROFILE_BYTES;
pub use recover::Recovered;
pub use wishes::{BY_LOT, WINDOW_FAXES};

/// Entries after a snapshot from which the next one is due. A restart reads them again at 4 to 8 us each, so that
/// it takes two seconds more at most, whatever the load was.
pub const CHECKPOINT_ENTRIES: u64 = 250_000;
/// As how many entries one of directory edits counts in that: it holds up to 190, and the directory of a large provider
/// is four seconds in being read then.
pub const EDITS_COUNT_AS: u64 = 12;

/// Everything that outlives a request.
pub struct Memory {
    store: Arc<dyn Store>,
    keys: KeyRing,
    plan: NumberingPlan,
    home: HomeRegion,
    home_calling_code: u16,
    generations: Generations,
    names: ArcSwap<Names>,
    specs: Vec<SignalSpec>,
    profiles: Profiles,
    activity: Activity,
    limiting: Limiting,
    relations: Relations,
    directory: Directory,
    lists: Lists,
    measures: Measures,
    voices: Voices,
    open: OpenDecisions,
    campaigns: Campaigns,
    wishes: Wishes,
    usage: UsageLog,
    /// Campaigns are written one after the other; true when some change is not in its row.
    campaign_rows: Mutex<bool>,
    /// Held faxes change state one after the other.
    desk: Mutex<()>,
    /// The end has begun: whatever takes its time must not any more.
    haste: Arc<AtomicBool>,
    counters: Counters,
}

/// Counts since the start, and the global false positives of the present window.
#[derive(Debug, Default)]
pub struct Counters {
    /// Stages screened.
    pub screened: AtomicU64,
    /// Entries the ledger could not take.
    pub unrecorded: AtomicU64,
    /// Faxes that nodes handled without a verdict.
    pub unscored: AtomicU64,
    /// Scorers that failed.
    pub failed: AtomicU64,
    /// False positives within the budget's window, over all members.
    pub false_positives: AtomicU32,
    /// Seq that the latest snapshot of the hot tables reaches to.
    pub snapshot_seq: AtomicU64,
    /// Entries of directory edits since that snapshot.
    pub edits_since: AtomicU64,
}

/// What memory is made from.
pub struct Parts {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The keys.
    pub keys: KeyRing,
    /// The settings the process runs with.
    pub settings: Settings,
    /// The generation in force at first.
    pub generation: Generation,
    /// The catalog of signals, and every other name a line of the score can have.
    pub specs: Vec<SignalSpec>,
}

/// Why memory could not be opened.
#[derive(Debug, Error)]
pub enum OpenMemory {
    /// The numbering data are damaged.
    #[error("numbering plan cannot be built")]
    Plan(#[source] InvalidPlan),
    /// The home region is unknown.
    #[error("home region is not one with a numbering plan (two letters of ISO 3166, such as `US`)")]
    HomeRegion,
    /// The store could not be read.
    #[error("store cannot be read")]
    Store(#[source] StoreError),
    /// The store does not take work.
    #[error("store does not take work")]
    Closed(#[source] Refused),
    /// A recorded policy has faults.
    #[error("recorded policy has {} faults", .0.len())]
    Policy(Vec<Fault>),
}

impl Memory {
    /// Opens memory over a store and brings back what it holds: the latest snapshot and the ledger after it.
    ///
    /// # Errors
    /// [`OpenMemory`].
    pub fn open(parts: Parts, now: Timestamp) -> Result<(Self, Recovered), OpenMemory> {
        let plan = NumberingPlan::new().map_err(OpenMemory::Plan)?;
        let home = HomeRegion::from_code(&parts.settings.server.home_region, &plan)
            .ok_or(OpenMemory::HomeRegion)?;
        let memory = Self::assemble(parts, plan, home);
        let recovered = recover::recover(&memory, now)?;
        memory.counters.snapshot_seq.store(recovered.snapshot, Ordering::Relaxed);
        Ok((memory, recovered))
    }

    fn assemble(parts: Parts, plan: NumberingPlan, home: HomeRegion) -> Self {
        let Parts { store, keys, settings, generation, specs } = parts;
        let (sizes, terms) = (&settings.memory, &settings.retention);
        let names = names_of(&generation, &specs);
        let limits = relations::Limits {
            bytes: sizes.correspondence.bytes_usize(),
            term_days: u16::try_from(terms.relation_days).unwrap_or(u16::MAX),
        };
        let numbers = usize::try_from(sizes.directory_numbers).unwrap_or(usize::MAX);
        let members = usize::try_from(sizes.directory_members).unwrap_or(usize::MAX);
        let spoken_of = usize::try_from(sizes.reported_senders).unwrap_or(usize::MAX);
        let listed = usize::try_from(sizes.list_entries).unwrap_or(usize::MAX);
        let places = directory::Limits { numbers, members, ..directory::Limits::default() };
        Self {
            profiles: Profiles::with_bytes(sizes.number_profiles.bytes_usize()),
            activity: Activity::with_bytes(
                sizes.subjects.bytes_usize(),
                sizes.blocks.bytes_usize(),
            ),
            limiting: Limiting::new(&generation, &keys),
            relations: Relations::new(limits, keys.mixing_key(b"relations")),
            directory: Directory::new(places),
            lists: Lists::new(listed, wide(keys.mixing_key(b"lists"))),
            measures: Measures::default(),
            voices: Voices::with_room(spoken_of),
            open: OpenDecisions::with_room(usize::try_from(sizes.open_decisions).unwrap_or(1)),
            campaigns: Campaigns::with_limits(campaign::Limits {
                campaign_seconds: seconds_of(terms.campaign_days),
                ..campaign::Limits::of_pages(sizes.page_fingerprints)
            }),
            campaign_rows: Mutex::new(false),
            wishes: Wishes::default(),
            usage: UsageLog::default(),
            generations: Generations::new(generation, &settings, &specs),
            store,
            keys,
            home_calling_code: plan.calling_code(home),
            plan,
            home,
            names: ArcSwap::from_pointee(names),
            specs,
            desk: Mutex::new(()),
            haste: Arc::default(),
            counters: Counters::default(),
        }
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The keys.
    pub const fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// The numbering plans.
    pub const fn plan(&self) -> &NumberingPlan {
        &self.plan
    }

    /// The region whose dialling habits a number without `+` follows.
    pub const fn home(&self) -> HomeRegion {
        self.home
    }

    /// Calling code of that region; 0 where it has none of its own.
    pub const fn home_calling_code(&self) -> u16 {
        self.home_calling_code
    }

    /// The policy generations.
    pub const fn generations(&self) -> &Generations {
        &self.generations
    }

    /// Names in ledger rows.
    pub fn names(&self) -> Guard<Arc<Names>> {
        self.names.load()
    }

    /// The hot counters.
    pub const fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Limits, and what is counted against them.
    pub const fn limiting(&self) -> &Limiting {
        &self.limiting
    }

    /// Correspondence.
    pub const fn relations(&self) -> &Relations {
        &self.relations
    }

    /// Numbers and members.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Allow, block, opt-out, do-not-originate.
    pub const fn lists(&self) -> &Lists {
        &self.lists
    }

    /// Measures in force.
    pub const fn measures(&self) -> &Measures {
        &self.measures
    }

    /// What reports say of senders.
    pub const fn voices(&self) -> &Voices {
        &self.voices
    }

    /// The campaigns, and the pages by which they are found.
    pub const fn campaigns(&self) -> &Campaigns {
        &self.campaigns
    }

    /// Which share of faxes is asked for fingerprints.
    pub const fn wishes(&self) -> &Wishes {
        &self.wishes
    }

    /// Open decisions.
    pub const fn open_decisions(&self) -> &OpenDecisions {
        &self.open
    }

    /// The lock under which held faxes change state.
    pub const fn desk(&self) -> &Mutex<()> {
        &self.desk
    }

    /// Counts since the start.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What is derived from a number.
    pub fn profile(&self, number: Number) -> Profile {
        self.profiles.get(number, &self.keys, &self.plan)
    }

    /// When a row of that class, made or last needed at `from`, has served its purpose.
    pub fn expiry(&self, class: RetentionClass, from: Timestamp) -> Option<Timestamp> {
        let generation = self.generations.current();
        let days = days_of(generation.policy().retention(), class)?;
        Some(from.plus(Span::seconds(u64::from(days) * DAY_SECONDS)))
    }

    /// True when the global false-positive budget is spent.
    pub fn global_budget_spent(&self, policy: &Policy) -> bool {
        self.counters.false_positives.load(Ordering::Relaxed) >= policy.budget().global
    }

    /// Bytes of the hot tables.
    pub fn hot_bytes(&self) -> usize {
        self.activity.bytes()
            + self.limiting.bytes()
            + self.relations.bytes()
            + self.directory.bytes()
            + self.profiles.bytes()
    }

    /// True when so much was recorded since the last snapshot that a restart would take too long to read it. Whoever
    /// ticks asks this every second or so, and calls [`Memory::checkpoint`] off the path.
    pub fn checkpoint_due(&self) -> bool {
        let snapshot = self.counters.snapshot_seq.load(Ordering::Relaxed);
        let edits = self.counters.edits_since.load(Ordering::Relaxed) * (EDITS_COUNT_AS - 1);
        self.store.last_seq().saturating_sub(snapshot).saturating_add(edits) >= CHECKPOINT_ENTRIES
    }

    /// Writes a snapshot of the hot tables, so that the next start reads little of the ledger. Off the path, as fast as
    /// can be.
    ///
    /// # Errors
    /// [`StoreError`]; the snapshot before stays.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.write_checkpoint(None)
    }

    /// The same beside calls: it leaves them the processors and takes longer, until [`Memory::hurry`].
    ///
    /// # Errors
    /// [`StoreError`]; the snapshot before stays.
    pub fn checkpoint_beside_calls(&self) -> Result<(), StoreError> {
        self.write_checkpoint(Some(Arc::clone(&self.haste)))
    }

    /// The end has begun: a snapshot under way is written as fast as can be.
    pub fn hurry(&self) {
        self.haste.store(true, Ordering::Relaxed);
    }

    fn write_checkpoint(&self, haste: Option<Arc<AtomicBool>>) -> Result<(), StoreError> {
        self.activity.recount();
        let seq = self.store.last_seq();
        let edits = self.counters.edits_since.load(Ordering::Relaxed);
        recover::checkpoint(self, haste)?;
        self.counters.snapshot_seq.fetch_max(seq, Ordering::Relaxed);
        self.counters.edits_since.fetch_sub(edits, Ordering::Relaxed);
        Ok(())
    }
}

/// Days a class of rows is kept; `None` for what lasts as long as what it belongs to.
const fn days_of(terms: &Retention, class: RetentionClass) -> Option<u32> {
    Some(match class {
        RetentionClass::Ledger => terms.ledger_days,
        RetentionClass::List => terms.list_days,
        RetentionClass::Held => terms.held_days,
        RetentionClass::Report => terms.report_days,
        RetentionClass::Reporter => terms.reporter_days,
        RetentionClass::Policy => terms.policy_days,
        RetentionClass::Relation => terms.relation_days,
        RetentionClass::OpenDecision => terms.open_decision_days,
        RetentionClass::ContentJournal => terms.content_journal_days,
        RetentionClass::FalsePositive => terms.false_positive_days,
        RetentionClass::Campaign => terms.campaign_days,
        RetentionClass::Usage => terms.usage_days,
        RetentionClass::Notice => terms.notice_days,
        RetentionClass::Copy => terms.copy_days,
        RetentionClass::Directory | RetentionClass::Meta => return None,
    })
}

/// Seconds of so many days, as campaigns count them.
fn seconds_of(days: u32) -> u32 {
    u32::try_from(u64::from(days) * DAY_SECONDS).unwrap_or(u32::MAX)
}

/// How a policy weighs evidence, as the counters take it.
pub const fn pace(policy: &Policy) -> Pace {
    let rules = policy.reputation();
    Pace { half_life: rules.half_life.as_seconds(), confidence_milli: rules.confidence_milli }
}

fn names_of(generation: &Generation, specs: &[SignalSpec]) -> Names {
    let policy = generation.policy();
    let signals = specs.iter().map(|spec| spec.name);
    let groups = policy.groups().iter().map(|group| group.name);
    let composites = policy.composites().iter().map(|composite| composite.name());
    Names::with(signals.chain(groups).chain(composites))
}

fn wide(key: [u8; 16]) -> [u8; 32] {
    blake3::derive_key("faxguard 2026 lists", &key)
}
