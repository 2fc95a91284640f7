//! The imaginary provider: ranges, members, their numbers, and the strangers around them.
//!
//! No number here is anybody's. North American ones are in the 555 exchange, which has no
//! subscribers, ours in the part of it that is reserved for fiction (555-0100 to 555-0199); Swedish
//! and British ones are in the ranges that PTS and Ofcom keep for drama.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::wire::operator::v1::directory_entry::Entry;
use crate::wire::operator::v1::{NumberAssignment, NumberRange};
use crate::wire::screening::v1::{MemberFacts, Plan};

/// How a routing node talks: which stages it reports and how it writes numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// All four stages.
    FreeSwitch,
    /// Before the answer and after the call; national numbers as they came.
    HylaFax,
    /// Before the answer and after the call, without sizes of pages.
    Asterisk,
    /// After the call, with little more than the parties.
    Webhook,
}

/// A routing node.
pub(super) struct Node {
    /// Its name.
    pub(super) id: &'static str,
    /// How it talks.
    pub(super) dialect: Dialect,
}

const FS_1: Node = Node { id: "fs-1", dialect: Dialect::FreeSwitch };
const FS_2: Node = Node { id: "fs-2", dialect: Dialect::FreeSwitch };
const HYLA_1: Node = Node { id: "hyla-1", dialect: Dialect::HylaFax };
const ASTERISK_1: Node = Node { id: "ast-1", dialect: Dialect::Asterisk };
const CLOUD_1: Node = Node { id: "cloud-1", dialect: Dialect::Webhook };

/// A hundred numbers of ours in one place.
pub(super) struct Area {
    /// The first of them.
    pub(super) first: u64,
    /// IANA zone.
    zone: &'static str,
    /// Minutes east of Greenwich in winter, when the day is played.
    offset_minutes: i64,
    /// Whose rules hold.
    jurisdiction: &'static str,
    /// The node that serves them.
    pub(super) node: &'static Node,
}

/// Numbers in an area.
pub(super) const AREA_NUMBERS: u64 = 100;

macro_rules! area {
    ($first:literal, $zone:literal, $offset:literal, $jurisdiction:literal, $node:ident) => {
        Area {
            first: $first,
            zone: $zone,
            offset_minutes: $offset * 60,
            jurisdiction: $jurisdiction,
            node: &$node,
        }
    };
}

/// Where the provider is. The first six are in the United States.
pub(super) const AREAS: [Area; 9] = [
    area!(12_125_550_100, "America/New_York", -5, "US-NY", FS_1),
    area!(16_175_550_100, "America/New_York", -5, "US-MA", HYLA_1),
    area!(13_125_550_100, "America/Chicago", -6, "US-IL", FS_2),
    area!(17_135_550_100, "America/Chicago", -6, "US-TX", HYLA_1),
    area!(13_035_550_100, "America/Denver", -7, "US-CO", ASTERISK_1),
    area!(14_155_550_100, "America/Los_Angeles", -8, "US-CA", FS_2),
    area!(14_165_550_100, "America/Toronto", -5, "CA", ASTERISK_1),
    area!(46_313_900_600, "Europe/Stockholm", 1, "SE", FS_1),
    area!(442_079_460_000, "Europe/London", 0, "GB", CLOUD_1),
];
/// Position of New York.
pub(super) const NEW_YORK: usize = 0;
/// Position of Chicago.
pub(super) const CHICAGO: usize = 2;
/// Position of San Francisco.
pub(super) const SAN_FRANCISCO: usize = 5;
/// Position of Gothenburg.
pub(super) const GOTHENBURG: usize = 7;
/// Position of London.
pub(super) const LONDON: usize = 8;

impl Area {
    /// Seconds after `start` at which clocks here show that minute of the day.
    pub(super) fn local(&self, start: i64, minute: i64) -> i64 {
        start + (minute * 60 - self.offset_minutes * 60 - start).rem_euclid(86_400)
    }
}

/// What a member does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trade {
    /// A doctor's office or a clinic.
    Clinic,
    /// A pharmacy.
    Pharmacy,
    /// A law office.
    Law,
    /// A broker or an insurer's agent.
    Broker,
    /// A school.
    School,
    /// A shop or a small company.
    Shop,
    /// A household.
    Home,
}

const TRADES: [(Trade, u32); 7] = [
    (Trade::Home, 36),
    (Trade::Shop, 20),
    (Trade::Clinic, 12),
    (Trade::Law, 11),
    (Trade::Pharmacy, 9),
    (Trade::Broker, 7),
    (Trade::School, 5),
];

/// A member.
pub(super) struct Account {
    /// Account id.
    pub(super) id: String,
    /// What it does.
    pub(super) trade: Trade,
    /// Where it is.
    pub(super) area: usize,
    /// Its numbers, at least one.
    pub(super) dids: Vec<u64>,
    plan: Plan,
    organisation: String,
    age_days: i64,
}

impl Account {
    /// Its main number.
    pub(super) fn did(&self) -> u64 {
        self.dids[0]
    }
}

/// The provider.
pub(super) struct World {
    /// Its members.
    pub(super) accounts: Vec<Account>,
    /// The free account that is opened to send a blast.
    pub(super) blaster: usize,
    /// The old account whose password is stolen.
    pub(super) hijacked: usize,
}

impl World {
    /// The provider of that seed.
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut accounts = Vec::new();
        for area in 0..AREAS.len() {
            settle(&mut rng, area, &mut accounts);
        }
        let home = |accounts: &[Account], area| {
            accounts.iter().position(|a| a.area == area && a.trade == Trade::Home).unwrap_or(0)
        };
        let blaster = home(&accounts, SAN_FRANCISCO);
        let hijacked = home(&accounts, CHICAGO);
        (accounts[blaster].plan, accounts[blaster].age_days) = (Plan::Free, 1);
        (accounts[hijacked].plan, accounts[hijacked].age_days) = (Plan::Plus, 1_400);
        Self { accounts, blaster, hijacked }
    }

    /// The members of a trade, wherever they are, without the two who have a story of their own.
    pub(super) fn of(&self, trade: Trade) -> Vec<usize> {
        (0..self.accounts.len())
            .filter(|at| self.accounts[*at].trade == trade)
            .filter(|at| *at != self.blaster && *at != self.hijacked)
            .collect()
    }

    /// Who holds a number.
    pub(super) fn owner(&self, number: u64) -> Option<usize> {
        self.accounts.iter().position(|account| account.dids.contains(&number))
    }

    /// The area a number of ours is in.
    pub(super) fn area_of(number: u64) -> usize {
        let within = |area: &Area| (area.first..area.first + AREA_NUMBERS).contains(&number);
        AREAS.iter().position(within).unwrap_or(NEW_YORK)
    }

    /// What the directory is told, ranges first.
    pub(super) fn directory(&self, start: i64) -> Vec<Entry> {
        let ranges = AREAS.iter().map(|area| {
            Entry::Range(NumberRange {
                first_number: e164(area.first),
                last_number: e164(area.first + AREA_NUMBERS - 1),
            })
        });
        let members = self.accounts.iter().map(|account| Entry::Member(facts(account, start)));
        let numbers = self.accounts.iter().flat_map(|account| {
            account.dids.iter().map(|did| {
                Entry::Assignment(NumberAssignment {
                    number: e164(*did),
                    member_id: account.id.clone(),
                })
            })
        });
        ranges.chain(members).chain(numbers).collect()
    }
}

/// Fills an area with members in runs of numbers, and leaves gaps between: the traps.
fn settle(rng: &mut StdRng, area: usize, accounts: &mut Vec<Account>) {
    let mut next = 0;
    loop {
        let trade = drawn_trade(rng);
        let count = match trade {
            Trade::Home => 1,
            Trade::Law | Trade::Pharmacy | Trade::Shop => rng.random_range(1..=2),
            Trade::Clinic | Trade::Broker => rng.random_range(1..=3),
            Trade::School => rng.random_range(2..=4),
        };
        if next + count > AREA_NUMBERS {
            return;
        }
        let first = AREAS[area].first + next;
        accounts.push(account(rng, trade, (area, first, count), accounts.len()));
        next += count;
        if rng.random_ratio(2, 5) {
            next += rng.random_range(2..=5);
        }
    }
}

fn drawn_trade(rng: &mut StdRng) -> Trade {
    let mut left = rng.random_range(0..TRADES.iter().map(|(_, weight)| weight).sum::<u32>());
    for (trade, weight) in TRADES {
        if left < weight {
            return trade;
        }
        left -= weight;
    }
    Trade::Home
}

fn account(
    rng: &mut StdRng,
    trade: Trade,
    (area, first, count): (usize, u64, u64),
    at: usize,
) -> Account {
    let dice = rng.random_range(0..10);
    let (plan, organisation) = match trade {
        Trade::Home if dice < 7 => (Plan::Free, String::new()),
        Trade::Home => (Plan::Plus, String::new()),
        Trade::Shop if dice < 3 => (Plan::Free, String::new()),
        Trade::Shop if dice < 8 => (Plan::Plus, String::new()),
        Trade::Law if dice < 4 => (Plan::Plus, String::new()),
        Trade::Clinic if dice < 4 => (Plan::Corporate, "org-care".into()),
        Trade::Pharmacy if dice < 5 => (Plan::Corporate, "org-drugstores".into()),
        Trade::School => (Plan::Corporate, format!("org-schools-{area}")),
        Trade::Shop | Trade::Law | Trade::Broker | Trade::Clinic | Trade::Pharmacy => {
            (Plan::Pro, String::new())
        }
    };
    Account {
        id: format!("m{:03}", at + 1),
        trade,
        area,
        dids: (first..first + count).collect(),
        plan,
        organisation,
        age_days: rng.random_range(40..3_000),
    }
}

fn facts(account: &Account, start: i64) -> MemberFacts {
    let area = &AREAS[account.area];
    MemberFacts {
        member_id: account.id.clone(),
        plan: account.plan as i32,
        created_time: Some(pbjson_types::Timestamp {
            seconds: start - account.age_days * 86_400,
            nanos: 0,
        }),
        organisation_id: account.organisation.clone(),
        time_zone: area.zone.into(),
        jurisdiction: area.jurisdiction.into(),
        ..MemberFacts::default()
    }
}

/// `+` and the digits.
pub(super) fn e164(number: u64) -> String {
    format!("+{number}")
}

/// Area codes of the strangers members deal with.
const STRANGER_CODES: [u64; 36] = [
    201, 203, 215, 216, 301, 305, 314, 404, 410, 412, 414, 503, 504, 508, 512, 513, 585, 602, 603,
    612, 614, 615, 630, 704, 716, 718, 732, 801, 804, 816, 860, 901, 904, 914, 916, 919,
];
/// Area codes that senders of junk like; strangers have faxes from the others too.
const SENDER_CODES: [u64; 10] = [702, 561, 954, 407, 480, 949, 818, 727, 770, 909];

/// A number of somebody who is not a member, in the country of that area.
pub(super) fn stranger(rng: &mut StdRng, area: usize) -> u64 {
    match area {
        GOTHENBURG if rng.random_ratio(1, 2) => 46_846_500_400 + rng.random_range(0..100),
        GOTHENBURG => 46_406_280_400 + rng.random_range(0..100),
        LONDON if rng.random_ratio(1, 2) => 441_134_960_000 + rng.random_range(0..1_000),
        LONDON => 441_614_960_000 + rng.random_range(0..1_000),
        _ => north_american(rng, &STRANGER_CODES),
    }
}

/// A number that junk comes from.
pub(super) fn junk_number(rng: &mut StdRng) -> u64 {
    north_american(rng, &SENDER_CODES)
}

/// A number from anywhere in North America.
pub(super) fn any_number(rng: &mut StdRng) -> u64 {
    let codes: &[u64] = if rng.random_ratio(1, 3) { &SENDER_CODES } else { &STRANGER_CODES };
    north_american(rng, codes)
}

/// A number in the 555 exchange, above the directory service of 555-1212.
fn north_american(rng: &mut StdRng, codes: &[u64]) -> u64 {
    let code = codes[rng.random_range(0..codes.len())];
    10_000_000_000 + code * 10_000_000 + 5_550_000 + rng.random_range(1_300..10_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fax::number::Number;

    #[test]
    fn a_provider_of_some_three_hundred_members_with_gaps_between() {
        let world = World::new(1);
        assert!((250..350).contains(&world.accounts.len()), "{}", world.accounts.len());
        let assigned: usize = world.accounts.iter().map(|account| account.dids.len()).sum();
        assert!((400..750).contains(&assigned), "{assigned}");
        assert!(world.accounts.iter().all(|account| world.owner(account.did()).is_some()));
        assert_ne!(world.blaster, world.hijacked);
    }

    #[test]
    fn every_number_is_e164_and_fictional() {
        let mut rng = StdRng::seed_from_u64(3);
        for _ in 0..500 {
            for number in [junk_number(&mut rng), any_number(&mut rng), stranger(&mut rng, 0)] {
                let text = e164(number);
                assert!(Number::parse(&text).is_ok(), "{text}");
                assert_eq!((text.len(), &text[..2], &text[5..8]), (12, "+1", "555"));
            }
        }
        for (at, area) in AREAS.iter().enumerate() {
            assert!(Number::parse(&e164(stranger(&mut rng, at))).is_ok());
            assert_eq!(World::area_of(area.first + 99), at);
        }
    }

    #[test]
    fn clocks_of_an_area_are_found_within_the_day() {
        let midnight_in_new_york = 1_794_891_600;
        let noon = AREAS[SAN_FRANCISCO].local(midnight_in_new_york, 12 * 60);
        assert_eq!(noon - midnight_in_new_york, 15 * 3_600);
        let midnight = AREAS[NEW_YORK].local(midnight_in_new_york, 0);
        assert_eq!(midnight, midnight_in_new_york);
    }
}
