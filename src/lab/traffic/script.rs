//! The script of a day: stories write faxes, reports and list entries into it, each told as the node would tell it.

mod inbound;
mod outbound;

use pbjson_types::{Duration, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub(super) use inbound::{Call, Cli, Ending};
pub(super) use outbound::{Dial, Job};

use super::world::World;
use crate::wire::operator::v1::{DirectoryEntry, ListEntry, ListKind, ReleaseHeldFaxRequest};
use crate::wire::replay::v1::Event;
use crate::wire::replay::v1::event::Event as What;
use crate::wire::report::v1::file_report_request::Fax as Reported;
use crate::wire::report::v1::reporter::Identity;
use crate::wire::report::v1::{FaxDescription, FileReportRequest, ReportCategory, Reporter};
use crate::wire::screening::v1::ScreenFaxRequest;
use crate::wire::screening::v1::screen_fax_request::{Parties, Stage};

/// A fax that was written into the script.
#[derive(Clone, Copy)]
pub(super) struct Fax {
    /// Node that handled it.
    node: &'static str,
    /// Its number in the script; its id is `f` and that.
    serial: u32,
    /// Our member's number, or the recipient's.
    number: u64,
    /// The other party's number, where one was shown.
    other: Option<u64>,
    /// When it was over, seconds since the epoch.
    pub(super) end: i64,
}

impl Fax {
    /// A fax that nobody sent: like another one, but for that number.
    pub(super) const fn to(number: u64, like: Self) -> Self {
        Self { number, ..like }
    }
}

/// A day that is being written.
pub(super) struct Script<'w> {
    /// The provider.
    pub(super) world: &'w World,
    /// The story's own generator: what one story draws does not move another.
    pub(super) rng: StdRng,
    /// Begin of the day in seconds since the epoch.
    pub(super) start: i64,
    seed: u64,
    note: String,
    serial: u32,
    events: Vec<Event>,
}

impl<'w> Script<'w> {
    /// An empty day in that world.
    pub(super) fn new(world: &'w World, seed: u64, start: i64) -> Self {
        let rng = StdRng::seed_from_u64(seed);
        Self { world, rng, start, seed, note: String::new(), serial: 0, events: Vec::new() }
    }

    /// Begins a story: from here on its words are in the notes and its generator is drawn from.
    pub(super) fn begin(&mut self, name: &str, technique: Option<u8>) {
        let mixed = name.bytes().fold(self.seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        self.rng = StdRng::seed_from_u64(mixed);
        self.note = match technique {
            Some(technique) => format!("truth=junk technique={technique} story={name}"),
            None => format!("truth=wanted story={name}"),
        };
    }

    /// Runs `tell` with notes that say wanted: the honest part of a story about a technique.
    pub(super) fn wanted(&mut self, tell: impl FnOnce(&mut Self)) {
        let note = self.note.replacen("truth=junk", "truth=wanted", 1);
        let kept = std::mem::replace(&mut self.note, note);
        tell(self);
        self.note = kept;
    }

    /// The events so far, in time order; what happens in the same second keeps the order of telling.
    pub(super) fn finish(mut self) -> Vec<Event> {
        self.events.sort_by_key(|event| event.event_time.map_or(0, |time| time.seconds));
        self.events
    }

    /// True in that many of a hundred cases.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_ratio(percent, 100)
    }

    /// Seconds drawn from a range, both ends included.
    pub(super) fn seconds(&mut self, least: i64, most: i64) -> i64 {
        self.rng.random_range(least..=most)
    }

    /// One of some things.
    pub(super) fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.rng.random_range(0..items.len())]
    }

    /// Some of the things, none twice, in random order.
    pub(super) fn some_of<T: Copy>(&mut self, items: &[T], count: usize) -> Vec<T> {
        let mut items = items.to_vec();
        let count = count.min(items.len());
        for at in 0..count {
            let other = self.rng.random_range(at..items.len());
            items.swap(at, other);
        }
        items.truncate(count);
        items
    }

    /// The main numbers of some members, none twice.
    pub(super) fn dids(&mut self, count: usize) -> Vec<u64> {
        let all: Vec<u64> = self.world.accounts.iter().map(|account| account.did()).collect();
        self.some_of(&all, count)
    }

    /// The directory, at the very beginning.
    pub(super) fn directory(&mut self) {
        for entry in self.world.directory(self.start) {
            let what = What::DirectoryEntry(DirectoryEntry { entry: Some(entry) });
            self.events.push(Event {
                event_time: Some(Timestamp { seconds: self.start, nanos: 0 }),
                event: Some(what),
                note: String::new(),
            });
        }
    }

    /// A list entry; `account` is no member's for the list that holds for everybody.
    pub(super) fn list(&mut self, at: i64, list: ListKind, account: Option<usize>, number: u64) {
        let (author, reason) = match list {
            ListKind::DoNotOriginate => ("desk", "never originates calls"),
            ListKind::OptOut => ("desk", "asked for removal"),
            ListKind::Allow => ("member", "subscribed"),
            ListKind::Block | ListKind::Unspecified => ("member", "unwanted"),
        };
        let entry = ListEntry {
            list: list as i32,
            member_id: account.map(|at| self.world.accounts[at].id.clone()).unwrap_or_default(),
            number: super::world::e164(number),
            author: author.into(),
            reason: reason.into(),
            ..ListEntry::default()
        };
        self.push(at, What::ListEntry(entry));
    }

    /// A report by the member the fax was for; nothing when the number was nobody's.
    pub(super) fn report(&mut self, delay: i64, fax: Fax, category: ReportCategory) {
        let Some(owner) = self.world.owner(fax.number) else { return };
        let member = self.world.accounts[owner].id.clone();
        let node_fax = Reported::NodeFax(format!("{}/f{}", fax.node, fax.serial));
        let identity = Identity::MemberId(member);
        self.file(fax.end + delay, identity, node_fax, category);
    }

    /// A report from somebody who says what was received where, from whom and when.
    pub(super) fn describe(
        &mut self,
        delay: i64,
        who: Identity,
        fax: Fax,
        category: ReportCategory,
    ) {
        let description = Reported::Description(FaxDescription {
            called_number: super::world::e164(fax.number),
            caller_number: fax.other.map(super::world::e164).unwrap_or_default(),
            received_time: Some(Timestamp { seconds: fax.end, nanos: 0 }),
        });
        self.file(fax.end + delay, who, description, category);
    }

    fn file(&mut self, at: i64, who: Identity, fax: Reported, category: ReportCategory) {
        let request = FileReportRequest {
            request_id: format!("r{}", self.next_serial()),
            reporter: Some(Reporter { identity: Some(who) }),
            fax: Some(fax),
            category: category as i32,
            ..FileReportRequest::default()
        };
        self.push(at, What::FileReport(request));
    }

    /// The member lets a fax go that may have been kept back. The decision is written as node and
    /// fax id, since a file is written before anybody has decided.
    pub(super) fn release(&mut self, delay: i64, fax: Fax) {
        let request = ReleaseHeldFaxRequest {
            decision_id: format!("{}/f{}", fax.node, fax.serial),
            author: "member".into(),
            reason: "wanted".into(),
        };
        self.push(fax.end + delay, What::ReleaseHeldFax(request));
    }

    fn next_serial(&mut self) -> u32 {
        self.serial += 1;
        self.serial
    }

    fn push(&mut self, at: i64, what: What) {
        self.events.push(Event {
            event_time: Some(Timestamp { seconds: at, nanos: 0 }),
            event: Some(what),
            note: self.note.clone(),
        });
    }

    /// Writes one stage; the parties only with the first.
    fn stage(&mut self, at: i64, head: &mut Head, suffix: &str, stage: Stage) {
        let request = ScreenFaxRequest {
            request_id: format!("f{}.{suffix}", head.serial),
            node_id: head.node.into(),
            fax_id: format!("f{}", head.serial),
            parties: head.parties.take(),
            stage: Some(stage),
            stage_capabilities: head.capabilities.to_vec(),
            ..ScreenFaxRequest::default()
        };
        self.push(at, What::ScreenFax(request));
    }
}

/// What the stages of one fax share.
struct Head {
    node: &'static str,
    serial: u32,
    parties: Option<Parties>,
    capabilities: &'static [i32],
}

/// A length of time as the contract writes it.
fn length(millis: u64) -> Duration {
    Duration {
        seconds: i64::try_from(millis / 1_000).unwrap_or(i64::MAX),
        nanos: i32::try_from(millis % 1_000 * 1_000_000).unwrap_or(0),
    }
}
