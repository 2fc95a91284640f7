//! The limits in force, and what is counted against them: levels of active members, organisations, numbers and trunks,
//! what they pull at contended resources, and the wrong holds of members.
//!
//! Limits are worked out once, when a policy comes into force, and swapped as a whole. Levels do not change with them:
//! they are costs, and a new limit is one by which the same level is judged.

use std::io::{self, Read, Write};
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use parking_lot::Mutex;

use crate::fax::stage::{Direction, Member, Plan};
use crate::ledger::StageRow;
use crate::limiter::share::{Marks, Membership, Share, Standing, Terms, Usage};
use crate::limiter::{
    Allowance, Allowances, Limits, Members, Party, WrongHolds, limits, row_key, slowest,
};
use crate::policy::{Generation, Generations, Policy, ShareRules};
use crate::store::hot::HotTable;
use crate::store::keys::KeyRing;
use crate::time::{Span, Timestamp};
use crate::verdict::{QuotaHolder, Resource, Watched};

/// Rows of active members and of whom else there are quotas.
const MEMBERS_BYTES: usize = 256 << 20;
/// Members who were wrongly held lately: few.
const HOLDS_BYTES: usize = 16 << 20;
/// Parties that one fax is counted against.
pub const PARTIES: usize = 2;
/// In what time what a member pulls fades by half: of lines in some minutes of what one call takes, of the others in what
/// a queue is to be found contended in.
const HALF_LIVES: [Span; Watched::ALL.len()] =
    [Span::seconds(60), Span::seconds(7), Span::seconds(7)];

/// The limits of a policy, worked out.
#[derive(Clone, Debug)]
pub struct Book {
    generation: u64,
    plans: [Limits; Plan::ALL.len()],
    organisation: Limits,
    number: Limits,
    trunk: Limits,
    share: ShareRules,
}

/// Who sends or gets a fax, as quotas see it. Hot keys; 0 is nobody.
#[derive(Clone, Copy, Debug)]
pub struct Concerned {
    /// Which way the fax goes.
    pub direction: Direction,
    /// The sending member.
    pub member: u64,
    /// What is known of the member.
    pub facts: Member,
    /// The called number.
    pub number: u64,
    /// The trunk the call came on.
    pub trunk: u64,
}

impl Concerned {
    /// A member who sends.
    #[must_use]
    pub const fn member(member: u64, facts: Member) -> Self {
        Self { direction: Direction::Outbound, member, facts, number: 0, trunk: 0 }
    }

    /// Whom a row of the ledger was about.
    #[must_use]
    pub fn of(row: &StageRow) -> Self {
        Self {
            direction: row.verdict.stage.direction(),
            member: row.member_key,
            facts: row.facts,
            number: row.number.hot(),
            trunk: row.observation.trunk,
        }
    }
}

impl Book {
    /// Works out the limits of a generation.
    #[must_use]
    pub fn of(generation: &Generation) -> Self {
        let policy = generation.policy();
        let of = |holder| limits(&allowances(policy, holder, Plan::Unknown));
        Self {
            generation: generation.number(),
            plans: Plan::ALL.map(|plan| limits(&allowances(policy, QuotaHolder::Member, plan))),
            organisation: of(QuotaHolder::Organisation),
            number: of(QuotaHolder::Number),
            trunk: of(QuotaHolder::Trunk),
            share: *policy.share(),
        }
    }

    /// Whom a fax is counted against; nobody where there is no limit to count for.
    #[must_use]
    pub fn parties(&self, of: &Concerned) -> [Party<'_>; PARTIES] {
        let party = |holder, hot, limits| {
            let limited = matches!(holder, QuotaHolder::Member) || is_limited(limits);
            Party { holder, key: if limited { row_key(holder, hot) } else { 0 }, limits }
        };
        match of.direction {
            Direction::Outbound => [
                party(QuotaHolder::Member, of.member, &self.plans[of.facts.plan as usize]),
                party(QuotaHolder::Organisation, of.facts.organisation, &self.organisation),
            ],
            Direction::Inbound => [
                party(QuotaHolder::Number, of.number, &self.number),
                party(QuotaHolder::Trunk, of.trunk, &self.trunk),
            ],
        }
    }

    /// What a member may claim of contended resources.
    #[must_use]
    pub const fn standing(&self, facts: &Member) -> Standing {
        match facts.share_weight_milli {
            0 => Standing {
                weight_milli: self.share.weights_milli[facts.plan as usize],
                floor_ppm: 0,
            },
            weight_milli => Standing { weight_milli, floor_ppm: self.share.contract_floor_ppm },
        }
    }

    /// The group that a member competes in.
    #[must_use]
    pub fn membership(&self, facts: &Member) -> Option<Membership> {
        let weight_milli = self.standing(facts).weight_milli;
        (facts.organisation != 0).then_some(Membership { group: facts.organisation, weight_milli })
    }

    fn slowest(&self) -> Limits {
        let others = [self.organisation, self.number, self.trunk];
        slowest(self.plans.into_iter().chain(others))
    }
}

fn is_limited(limits: &Limits) -> bool {
    limits.iter().any(Option::is_some)
}

/// The quotas of a holder, as the limiter takes them; the plan counts for members alone.
#[must_use]
pub fn allowances(policy: &Policy, holder: QuotaHolder, plan: Plan) -> Allowances {
    Resource::ALL.map(|resource| {
        policy.quota_of(holder, plan, resource).map(|quota| Allowance {
            rate: quota.rate(),
            period: quota.period(),
            burst: quota.burst(),
        })
    })
}

/// The limits in force and what stands against them.
pub struct Limiting {
    members: Members,
    holds: HotTable<WrongHolds>,
    share: ArcSwap<Share>,
    book: ArcSwap<Book>,
    renewing: Mutex<()>,
}

impl Limiting {
    /// The limits of a generation, with nothing counted yet.
    #[must_use]
    pub fn new(generation: &Generation, keys: &KeyRing) -> Self {
        let book = Book::of(generation);
        let coin = keys.mixing_key(b"shares");
        Self {
            members: Members::of_bytes(MEMBERS_BYTES, book.slowest()),
            holds: HotTable::with_bytes(HOLDS_BYTES),
            share: ArcSwap::from_pointee(Share::keyed(terms(&book.share), coin)),
            book: ArcSwap::from_pointee(book),
            renewing: Mutex::new(()),
        }
    }

    /// Puts the limits of the generation in force; every level stays what it is. Of two who come at once the second sees
    /// the later generation.
    pub fn renew(&self, generations: &Generations) {
        let _alone = self.renewing.lock();
        let book = Book::of(&generations.current());
        self.members.set_slowest(book.slowest());
        let terms = terms(&book.share);
        let share = self.share.load();
        if *share.terms() != terms {
            self.share.store(Arc::new(share.renewed(terms)));
        }
        self.book.store(Arc::new(book));
    }

    /// The limits of a generation: those in force, unless a screening began with another one.
    #[must_use]
    pub fn book(&self, generation: &Generation) -> Guard<Arc<Book>> {
        let book = self.book.load();
        if book.generation == generation.number() {
            return book;
        }
        Guard::from_inner(Arc::new(Book::of(generation)))
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

    /// Lets go of who says nothing any more, and looks anew at what is contended. Off the path, every second or so.
    pub fn tick(&self, now: Timestamp) {
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
        marks: Marks {
            begins: u64::from(rules.marks_milli.0),
            ends: u64::from(rules.marks_milli.1),
        },
        wait_max: rules.wait_max,
        refuse_times: rules.refuse_times.into(),
        expected_ppm: rules.expected_ppm.into(),
    }
}
