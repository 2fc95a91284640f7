//! The limits in force, and what is counted against them: levels of active members, organisations, numbers and trunks,
//! what they pull at contended resources, and the wrong holds of members.
//!
//! Limits are worked out once, when a policy comes into force or somebody sets one, and swapped as a whole. Levels do not
//! change with them: they are costs, and a new limit is one by which the same level is judged.

mod book;
pub mod edit;
mod own;
mod setting;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, Guard};
use parking_lot::{Mutex, MutexGuard};

use crate::fax::stage::Plan;
use crate::limiter::share::{AHEAD, HALF_LIVES, Marks, Share, Terms, Usage};
use crate::limiter::{Allowances, Limits, Members, Slowest, WrongHolds, slowest};
use crate::policy::{Generation, Generations, Policy, ShareRules};
use crate::store::hot::HotTable;
use crate::store::keys::KeyRing;
use crate::time::Timestamp;
use crate::verdict::{QuotaHolder, Resource, Watched};

pub use book::{Book, Concerned, PARTIES, allowance, allowances_in_force, monthly_in_force};
pub use edit::{Hand, LimitFault};
pub use own::{Effective, OWN_LIMITS_MAX, OwnLimits};
pub use setting::{CanaryTerms, Change, ClassSettings, LimitKey, Part, Scope, Setting};

/// Rows of active members and of whom else there are quotas.
pub const MEMBERS_BYTES: usize = 256 << 20;
/// Members who were wrongly held lately: few.
const HOLDS_BYTES: usize = 16 << 20;

/// The limits in force and what stands against them.
pub struct Limiting {
    members: Members,
    holds: HotTable<WrongHolds>,
    share: ArcSwap<Share>,
    book: ArcSwap<Book>,
    own: OwnLimits,
    /// What was set for all of a kind; held while the limits are worked out anew.
    classes: Mutex<ClassSettings>,
    /// What is tried on paper.
    shadows: Mutex<BTreeMap<LimitKey, Setting>>,
    /// The version of what was set; held by whoever edits it, from reading the version to having changed it.
    version: Mutex<u64>,
    /// Some member is or was under a measure that leaves it a part of its limits.
    lessens: AtomicBool,
}

impl Limiting {
    /// The limits of a generation, with nothing counted yet.
    #[must_use]
    pub fn new(generation: &Generation, keys: &KeyRing) -> Self {
        let classes = ClassSettings::default();
        let book = Book::of(generation, &classes, Timestamp::default());
        let coin = keys.mixing_key(b"shares");
        Self {
            members: Members::of_bytes(MEMBERS_BYTES, book.slowest()),
            holds: HotTable::with_bytes(HOLDS_BYTES),
            share: ArcSwap::from_pointee(Share::keyed(terms(book.share()), coin)),
            book: ArcSwap::from_pointee(book),
            own: OwnLimits::default(),
            classes: Mutex::new(classes),
            shadows: Mutex::default(),
            version: Mutex::new(0),
            lessens: AtomicBool::new(false),
        }
    }

    /// From now on somebody may have but a part of its limits.
    pub(super) fn lessen(&self, generations: &Generations, now: Timestamp) {
        if !self.lessens.swap(true, Ordering::Relaxed) {
            self.renew(generations, now);
        }
    }

    /// Works out anew what is in force at `now`; every level stays what it is. Of two who come at once the second sees
    /// the later generation.
    pub fn renew(&self, generations: &Generations, now: Timestamp) {
        let classes = self.classes.lock();
        self.renew_with(&classes, generations, now);
    }

    fn renew_with(&self, classes: &ClassSettings, generations: &Generations, now: Timestamp) {
        let book = Book::of(&generations.current(), classes, now);
        let of_book = book.slowest();
        let others = slowest([of_book.others, self.own.slowest()]);
        let percent = generations.current().policy().desk().limit_percent;
        let others = match self.lessens.load(Ordering::Relaxed) {
            // Whoever is under a measure drains more slowly, and must not be forgotten for it.
            true => others.map(|limit| limit.map(|limit| limit.percent(percent))),
            false => others,
        };
        self.members.set_slowest(Slowest { others, ..of_book });
        let terms = terms(book.share());
        let share = self.share.load();
        if *share.terms() != terms {
            self.share.store(Arc::new(share.renewed(terms)));
        }
        self.book.store(Arc::new(book));
    }

    /// Remembers what was set of a limit, or that nothing is any more; [`Self::renew`] puts it in force.
    fn remember(&self, key: LimitKey, setting: Option<&Setting>, now: Timestamp) {
        if matches!(key.part, Part::Shadow(_)) {
            let mut shadows = self.shadows.lock();
            match setting {
                Some(setting) => shadows.insert(key, setting.clone()),
                None => shadows.remove(&key),
            };
            return;
        }
        match key.scope {
            Scope::Member(member) => self.own.put(member.hot(), &key, setting, now),
            Scope::Plan(_) | Scope::Holder(_) => self.classes.lock().put(key, setting.cloned()),
        }
    }

    /// Puts in force what was set of a limit.
    fn put(
        &self,
        key: LimitKey,
        setting: Option<&Setting>,
        generations: &Generations,
        now: Timestamp,
    ) {
        self.remember(key, setting, now);
        if matches!(key.part, Part::Shadow(_)) {
            return;
        }
        if matches!(key.scope, Scope::Member(_)) {
            // The rest of the book is none of its business, and there may be a million of them.
            let drains = key.part == Part::Quota;
            let own = setting.filter(|_| drains).and_then(|setting| setting.quota).map(|quota| {
                let mut limits: Limits = [None; 4];
                limits[key.resource as usize] = Some(crate::limiter::Limit::of(allowance(quota)));
                limits
            });
            self.members.narrow_slowest(own);
        } else {
            self.renew(generations, now);
        }
    }

    /// What is tried on paper at `now`.
    #[must_use]
    pub fn shadows(&self, now: Timestamp) -> Vec<(LimitKey, Setting)> {
        let shadows = self.shadows.lock();
        let holding = shadows.iter().filter(|(_, setting)| setting.holds(now));
        holding.map(|(key, setting)| (*key, setting.clone())).collect()
    }

    /// What is tried on some at `now`.
    #[must_use]
    pub fn canaries(&self, now: Timestamp) -> Vec<(LimitKey, Setting)> {
        let classes = self.classes.lock();
        classes.canaries(now).map(|(key, setting)| (*key, setting.clone())).collect()
    }

    /// What is tried on that holder at `now` of a limit of its class.
    #[must_use]
    pub fn canary_of(
        &self,
        (scope, resource): (Scope, Resource),
        holder: u64,
        now: Timestamp,
    ) -> Option<Setting> {
        let classes = self.classes.lock();
        classes.canary(scope, resource, now).filter(|setting| setting.takes(holder)).cloned()
    }

    /// The version of what is set, locked against other edits.
    pub fn editing(&self) -> MutexGuard<'_, u64> {
        self.version.lock()
    }

    /// The limits of a generation at `now`: those in force, unless a screening began with another one or something has
    /// expired a moment ago.
    #[must_use]
    pub fn book(&self, generation: &Generation, now: Timestamp) -> Guard<Arc<Book>> {
        let book = self.book.load();
        if book.generation() == generation.number() && !book.is_over(now) {
            return book;
        }
        Guard::from_inner(Arc::new(Book::of(generation, &self.classes.lock(), now)))
    }

    /// The limits as they would be with that setting, or without any of that limit; nothing is changed. Of a single member it is
    /// [`OwnLimits::tried`] that says so.
    #[must_use]
    pub fn book_with(
        &self,
        generation: &Generation,
        (key, setting): (LimitKey, Option<&Setting>),
        now: Timestamp,
    ) -> Book {
        let mut classes = self.classes.lock().clone();
        if !matches!(key.scope, Scope::Member(_)) {
            classes.put(key, setting.cloned());
        }
        Book::of(generation, &classes, now)
    }

    /// The quotas in force of a holder, for who shows them: those of the plan, or what is set over them.
    #[must_use]
    pub fn allowances(
        &self,
        policy: &Policy,
        holder: QuotaHolder,
        plan: Plan,
        now: Timestamp,
    ) -> Allowances {
        allowances_in_force(policy, &self.classes.lock(), (holder, plan), now)
    }

    /// The pages in a month in force of members of a plan, for who shows them.
    #[must_use]
    pub fn monthly(&self, policy: &Policy, plan: Plan, now: Timestamp) -> Option<u64> {
        monthly_in_force(policy, &self.classes.lock(), plan, now)
    }

    /// The limits of single members.
    #[must_use]
    pub const fn own(&self) -> &OwnLimits {
        &self.own
    }

    /// The levels.
    #[must_use]
    pub const fn members(&self) -> &Members {
        &self.members
    }

    /// Wrong holds of members.
    #[must_use]
    pub const fn holds(&self) -> &HotTable<WrongHolds> {
        &self.holds
    }

    /// The contended resources.
    pub fn share(&self) -> Guard<Arc<Share>> {
        self.share.load()
    }

    /// What a node says of its part of a resource.
    pub fn report(&self, resource: Watched, node: u64, usage: Usage, now: Timestamp) {
        self.share.load().report(resource, node, usage, now);
    }

    /// Lets go of who says nothing any more, looks anew at what is contended, and works out the limits where something
    /// has expired. Off the path, every second or so.
    pub fn tick(&self, generations: &Generations, now: Timestamp) {
        if self.book.load().is_over(now) {
            self.renew(generations, now);
        }
        self.share.load().tick(now);
        let _gone = self.members.turn_hand_everywhere(now);
    }

    /// Bytes of the tables.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.members.bytes() + self.holds.bytes()
    }

    /// Writes the levels.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn snapshot_levels(&self, last: &dyn Fn() -> u64, to: &mut dyn Write) -> io::Result<()> {
        self.members.snapshot(last, to)
    }

    /// Reads the levels; false where they do not read, and there are none then.
    pub fn restore_levels(&self, from: &mut dyn Read) -> bool {
        let restored = self.members.restore(from);
        if let Err(fault) = &restored {
            tracing::error!(reason = "levels_unusable", %fault, "rebuilt from the ledger");
        }
        restored.is_ok()
    }
}

fn terms(rules: &ShareRules) -> Terms {
    Terms {
        capacity: rules.capacity.map(u64::from),
        half_life: HALF_LIVES,
        ahead: AHEAD,
        marks: Marks {
            begins: u64::from(rules.marks_milli.0),
            ends: u64::from(rules.marks_milli.1),
        },
        wait_max: rules.wait_max,
        refuse_times: rules.refuse_times.into(),
        expected_ppm: rules.expected_ppm.into(),
    }
}
