//! An engine that answers from a handful of canned facts and fails on demand: what a sound engine does not do.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use faxguard::activity::Observation;
use faxguard::api::convert::{ClockMode, Wall};
use faxguard::api::desk::{CampaignAsk, CampaignDesk, CampaignPage, DeskEdit};
use faxguard::api::engine::{
    BlockedCall, Engine, EngineStatus, Explained, MemberLimits, Ruling, Standings,
};
use faxguard::api::limit_desk::{LimitDesk, LimitsSet};
use faxguard::api::rate_desk::{Asked, RateDesk, Stands};
use faxguard::api::status::Failure;
use faxguard::api::tuning_desk::{Restored, TopOf, TuningDesk};
use faxguard::campaign::{Decision, FormId, KnownForm, Shown};
use faxguard::content::sealed::SealedFax;
use faxguard::directory;
use faxguard::fax::id::{CampaignId, DecisionId, Pseudonym, ReportId};
use faxguard::fax::numbering::{HomeRegion, NumberingPlan};
use faxguard::fax::stage::{Plan, Stage, StageEvent};
use faxguard::held::{HeldFilter, HeldPage};
use faxguard::ledger::{HeldFax, HeldState};
use faxguard::limiter::share::Usage;
use faxguard::lists::{EntryId, ListEntry, ListFilter, ListPage};
use faxguard::memory::limits::{Change, Hand, LimitKey, Setting};
use faxguard::metrics::Stopwatch;
use faxguard::policy::{Edit, Fault, Generation};
use faxguard::reports::{Filing, Receipt, Standing};
use faxguard::screening::SeenPage;
use faxguard::screening::reading::Reading;
use faxguard::screening::tuning::{Candidate, Found, Top, Trial};
use faxguard::store::keys::KeyRing;
use faxguard::store::{Condition, FaxKey, StoreHealth};
use faxguard::time::{Span, Timestamp};
use faxguard::verdict::{
    Action, Bounds, Counterfactuals, Degradations, Hit, HitKind, Name, QuotaHolder, Resource,
    Score, Verdict, Watched,
};

static PLAN: LazyLock<NumberingPlan> = LazyLock::new(|| NumberingPlan::new().unwrap());

/// The page number at which this engine panics.
pub(super) const CURSED_PAGE: u32 = 666;
/// The present of this engine.
pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_748_736_000);

/// The engine.
pub(crate) struct CannedEngine {
    keys: KeyRing,
    policy: Arc<Generation>,
    reports: Mutex<BTreeMap<u64, Receipt>>,
    entries: Mutex<BTreeMap<EntryId, ListEntry>>,
    held: Mutex<HeldFax>,
    /// While it is set, no stage with pages is answered.
    pub(super) busy: AtomicBool,
    /// Stages with pages that came.
    pub(super) comparing: AtomicUsize,
}

impl CannedEngine {
    pub(crate) fn new() -> Self {
        let edit = Edit { text: String::new(), author: "tests".into(), applied: NOW };
        Self {
            keys: KeyRing::for_replay(1),
            policy: Arc::new(Generation::new(1, edit, &[]).unwrap()),
            reports: Mutex::default(),
            entries: Mutex::default(),
            busy: AtomicBool::new(false),
            comparing: AtomicUsize::new(0),
            held: Mutex::new(HeldFax {
                decision: DecisionId([3; 16]),
                state: HeldState::Waiting,
                action: Action::Quarantine,
                held: NOW,
                deadline: NOW.plus(Span::seconds(60)),
                decided: None,
                author: String::new(),
                score: Score(3_000),
                member_key: 0,
                number: Pseudonym([0; 16]),
                observation: Observation::default(),
            }),
        }
    }
}

/// Delivers.
fn deliver(event: &StageEvent) -> Verdict {
    Verdict {
        decision: event.decision,
        stage: event.stage.kind(),
        action: Action::Deliver,
        score: Score(-2_000),
        hits: vec![Hit {
            kind: HitKind::Prior,
            name: Name::of("prior"),
            contribution: Score(-2_000),
            value: 0,
        }],
        rule: "threshold.deliver",
        generation: 1,
        counterfactuals: Counterfactuals::new(),
        reuse: Span::seconds(60),
        fingerprint: None,
        ink_map: false,
        bounds: Bounds::default(),
        refusal: None,
        deadline: None,
        quotas: Vec::new(),
        share: None,
        degradations: Degradations::default(),
        repeated: false,
        settled: true,
    }
}

/// Tries nothing.
impl TuningDesk for CannedEngine {
    fn try_limit(&self, _: Candidate, _: Span) -> Result<Found, Failure> {
        Ok(Found::default())
    }

    fn limit_trials(&self) -> (Vec<Trial>, u64) {
        (Vec::new(), 3)
    }

    fn restore_limit(&self, _: u64, _: Hand<'_>) -> Result<Restored, Failure> {
        Err(Failure::NotFound { what: "change of the limits" })
    }

    fn top_users(&self, _: (QuotaHolder, Resource), _: Span) -> Result<TopOf, Failure> {
        Ok((Top::default(), None))
    }
}

/// Sets limits, and keeps the version alone.
impl LimitDesk for CannedEngine {
    fn limits_set(&self, _after: Option<&[u8]>, _limit: usize) -> Result<LimitsSet, Failure> {
        Ok(LimitsSet { version: 3, settings: Vec::new(), next: None })
    }

    fn set_limit(&self, _: LimitKey, _: &Setting, based_on: u64) -> Result<u64, Failure> {
        if based_on == 3 { Ok(4) } else { Err(Failure::StaleEtag) }
    }

    fn unset_limit(&self, _key: LimitKey, _hand: Hand<'_>) -> Result<u64, Failure> {
        Err(Failure::NotFound { what: "limit set at run time" })
    }

    fn limit_changes(&self, _after: u64, _limit: usize) -> Result<Vec<Change>, Failure> {
        Ok(Vec::new())
    }
}

/// Has no limits.
impl RateDesk for CannedEngine {
    fn spend(&self, asked: &[Asked]) -> (Timestamp, Vec<Option<Stands>>) {
        (Timestamp::default(), vec![None; asked.len()])
    }
}

/// Knows no campaign.
impl CampaignDesk for CannedEngine {
    fn campaigns(&self, _ask: &CampaignAsk) -> CampaignPage {
        CampaignPage { campaigns: Vec::new(), next: None }
    }

    fn campaign(&self, _campaign: CampaignId) -> Result<Shown, Failure> {
        Err(Failure::NotFound { what: "campaign" })
    }

    fn decide_campaign(&self, on: &DeskEdit, _decision: Decision) -> Result<Shown, Failure> {
        self.campaign(on.campaign)
    }

    fn undo_campaign_decision(&self, on: &DeskEdit) -> Result<(Shown, Decision), Failure> {
        Err(self.campaign(on.campaign).unwrap_err())
    }

    fn merge_campaigns(&self, on: &DeskEdit, _other: CampaignId) -> Result<Shown, Failure> {
        self.campaign(on.campaign)
    }

    fn split_campaign(&self, on: &DeskEdit) -> Result<Shown, Failure> {
        self.campaign(on.campaign)
    }

    fn remove_representative(&self, on: &DeskEdit, _index: usize) -> Result<Shown, Failure> {
        self.campaign(on.campaign)
    }

    fn known_forms(&self) -> Vec<KnownForm> {
        Vec::new()
    }

    fn name_known_form(&self, _on: &DeskEdit, _reason: &str) -> Result<KnownForm, Failure> {
        Err(Failure::NotFound { what: "campaign" })
    }

    fn forget_known_form(&self, _form: FormId, _author: &str) -> Result<(), Failure> {
        Err(Failure::NotFound { what: "known form" })
    }
}

impl Engine for CannedEngine {
    fn wall(&self) -> Wall<'_> {
        let home = HomeRegion::from_code("US", &PLAN).unwrap();
        Wall { keys: &self.keys, plan: &PLAN, home, now: NOW, clock: ClockMode::Server }
    }

    fn screen(&self, event: &StageEvent, pages: &[SeenPage]) -> Verdict {
        if !pages.is_empty() {
            self.comparing.fetch_add(1, Ordering::AcqRel);
            while self.busy.load(Ordering::Acquire) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        if matches!(&event.stage, Stage::Page(page) if page.number == CURSED_PAGE) {
            panic!("a scorer that fails");
        }
        deliver(event)
    }

    fn screen_uncompared(&self, event: &StageEvent) -> Verdict {
        Verdict { degradations: Degradations::FINGERPRINTS_NOT_COMPARED, ..deliver(event) }
    }

    fn scorer_failed(&self, event: &StageEvent) -> Verdict {
        Verdict { degradations: Degradations::SCORER_FAILED, ..deliver(event) }
    }

    fn read_fax(&self, _: &SealedFax, _: Stopwatch) -> Result<Reading, Failure> {
        Err(Failure::ContentNotAllowed)
    }

    fn policy(&self) -> Arc<Generation> {
        Arc::clone(&self.policy)
    }

    fn check_policy(&self, edit: Edit) -> Vec<Fault> {
        Generation::new(2, edit, &[]).err().unwrap_or_default()
    }

    fn apply_policy(&self, edit: Edit, based_on: Option<&str>) -> Result<Arc<Generation>, Failure> {
        if based_on.is_some_and(|etag| etag != self.policy.etag()) {
            return Err(Failure::StaleEtag);
        }
        let refused = |faults: Vec<Fault>| {
            Failure::PolicyRefused(faults.into_iter().map(|f| (f.path, f.message)).collect())
        };
        Generation::new(2, edit, &[]).map(Arc::new).map_err(refused)
    }

    fn file_report(&self, filing: &Filing) -> Result<Receipt, Failure> {
        let mut reports = self.reports.lock().unwrap();
        let number = u8::try_from(reports.len()).unwrap();
        let receipt = Receipt {
            report: ReportId([number; 16]),
            standing: Standing::Counted,
            category: filing.category,
            received: filing.time,
            decision: None,
            consequence: "the sender's next fax is judged by it",
            unlisted: false,
            case: None,
            outcome: None,
        };
        Ok(*reports.entry(filing.request).or_insert(receipt))
    }

    fn report(&self, report: ReportId) -> Result<Receipt, Failure> {
        let reports = self.reports.lock().unwrap();
        let found = reports.values().find(|receipt| receipt.report == report);
        found.copied().ok_or(Failure::NotFound { what: "report" })
    }

    fn report_usage(&self, _node: Pseudonym, usages: &[(Watched, Usage)]) -> Vec<Watched> {
        let full = |(_, usage): &&(Watched, Usage)| usage.in_use >= usage.capacity;
        usages.iter().filter(full).map(|(resource, _)| *resource).collect()
    }

    fn put_list_entry(&self, entry: &ListEntry) -> Result<EntryId, Failure> {
        let id = EntryId(entry.number.0);
        self.entries.lock().unwrap().insert(id, entry.clone());
        Ok(id)
    }

    fn delete_list_entry(&self, entry: EntryId, _author: &str) -> Result<(), Failure> {
        let gone = self.entries.lock().unwrap().remove(&entry);
        gone.map(drop).ok_or(Failure::NotFound { what: "list entry" })
    }

    fn list_entries(
        &self,
        _filter: &ListFilter,
        after: Option<EntryId>,
        limit: usize,
    ) -> Result<ListPage, Failure> {
        let entries = self.entries.lock().unwrap();
        let later = entries.iter().filter(|(id, _)| after.is_none_or(|after| **id > after));
        let entries: Vec<_> = later.take(limit).map(|(id, e)| (*id, e.clone())).collect();
        let next = entries.last().filter(|_| entries.len() == limit).map(|(id, _)| *id);
        Ok(ListPage { entries, next })
    }

    fn held(&self, filter: &HeldFilter) -> Result<HeldPage, Failure> {
        let held = Some(self.held.lock().unwrap().clone());
        let faxes = held.filter(|held| Some(held.state) == filter.state).into_iter().collect();
        Ok((faxes, None))
    }

    fn rule_on_held(&self, ruling: &Ruling) -> Result<HeldFax, Failure> {
        let mut held = self.held.lock().unwrap();
        if held.decision != ruling.decision {
            return Err(Failure::NotFound { what: "held fax" });
        }
        if held.state != HeldState::Waiting {
            return Err(Failure::AlreadyDecided);
        }
        held.state = ruling.state;
        held.author = ruling.author.to_string();
        Ok(held.clone())
    }

    fn explain(&self, _decision: DecisionId) -> Result<Vec<Explained>, Failure> {
        Err(Failure::NotFound { what: "decision" })
    }

    fn blocked_calls(
        &self,
        _member: Pseudonym,
        _before: Option<FaxKey>,
        _limit: usize,
    ) -> Result<Vec<BlockedCall>, Failure> {
        panic!("an engine that fails")
    }

    fn member_limits(&self, member: Pseudonym) -> Result<MemberLimits, Failure> {
        let (plan, limits) = (Plan::Unknown, Vec::new());
        Ok(MemberLimits {
            plan,
            limits,
            unknown: true,
            weight_milli: 1_000,
            member,
            organisation: Vec::new(),
            standings: Standings::default(),
            month: None,
        })
    }

    fn edit_directory(
        &self,
        edits: &[directory::Edit],
    ) -> Result<Vec<directory::Outcome>, Failure> {
        Ok(edits.iter().map(|_| directory::Outcome::Done).collect())
    }

    fn begin_whole_directory(&self) {}

    fn end_whole_directory(&self) -> Result<(), Failure> {
        Err(Failure::StoreUnavailable)
    }

    fn status(&self) -> EngineStatus {
        EngineStatus {
            screened: 0,
            store: StoreHealth {
                condition: Condition::Slow,
                since: NOW,
                queued: 5,
                dropped: 0,
                commit_latency: Span::default(),
                quarantined: 0,
            },
            subjects: 1,
            numbers: 2,
            members: 3,
            correspondences: 4,
            hot_bytes: 6,
        }
    }
}
