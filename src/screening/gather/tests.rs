//! Gather: what each kind of stage becomes, feature by feature.

use std::sync::Arc;

use super::*;
use crate::directory::Edit;
use crate::fax::id::{DecisionId, Pseudonym};
use crate::fax::number::Claimed;
use crate::fax::stage::{PageFacts, Plan, StageSet};
use crate::features::FEATURES;
use crate::memory::Parts;
use crate::policy::{self, Generation, load};
use crate::screening::signals::specs;
use crate::store::keys::KeyRing;
use crate::store::memory::MemoryStore;

/// Noon in New York, on a Wednesday.
const NOON: Timestamp = Timestamp::from_seconds(20_775 * 86_400 + 17 * 3_600);
const MEMBER: Pseudonym = Pseudonym([9; 16]);

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

/// An engine that knows one member, with one number of a range of its own.
fn memory() -> Memory {
    let text = "[memory]\nsubjects = \"4 MiB\"\nblocks = \"1 MiB\"\nnumber_profiles = \"1 MiB\"\n\
                correspondence = \"1 MiB\"\n";
    let (settings, _) = load(text, &specs()).unwrap();
    let edit = policy::Edit { text: text.into(), author: "tests".into(), applied: NOON };
    let generation = Generation::new(1, edit, &specs()).unwrap();
    let (store, keys) = (Arc::new(MemoryStore::new()), KeyRing::for_replay(1));
    let parts = Parts { store, keys, settings, generation, specs: specs() };
    let (memory, _) = Memory::open(parts, NOON).unwrap();
    let facts = Member { plan: Plan::Pro, created_day: 20_700, ..Member::default() };
    let held = memory.profile(number("+12125550001")).pseudonym;
    let edits = [
        Edit::Range { first: number("+12125550000"), last: number("+12125550099") },
        Edit::Member { key: MEMBER, facts: Some(facts) },
        Edit::Assign { number: held, member: Some(MEMBER) },
    ];
    memory.edit_directory(&edits, NOON).unwrap();
    memory
}

fn event(parties: Parties, stage: Stage) -> StageEvent {
    StageEvent {
        decision: DecisionId([1; 16]),
        request: 1,
        node: Pseudonym([2; 16]),
        time: NOON,
        parties: Some(parties),
        member: None,
        stage,
        capabilities: StageSet::default(),
        unscored: 0,
    }
}

fn call(caller: Caller, did: &str) -> Parties {
    Parties::Inbound { caller, did: number(did), trunk: None }
}

fn shown(text: &str) -> Caller {
    Caller::Number(Claimed::new(number(text)))
}

fn offered(name: TextLook, attestation: Attestation) -> Stage {
    Stage::CallOffered { caller_name: name, attestation, diverted: false, restricted: false }
}

fn session(tsi: &[u8], coding: PageCoding) -> Session {
    Session {
        tsi: Claimed::new(Ident::read(tsi)),
        sub_address: TextLook::Absent,
        rate_bps: 9_600,
        horizontal_dpi: 204,
        vertical_dpi: 98,
        width_px: 1_728,
        coding,
        ecm: false,
        color: false,
        unlimited_length: true,
        retrains: 3,
    }
}

fn job(pages: u32, recipients: u32, tsi: &[u8]) -> Stage {
    Stage::JobSubmitted(JobFacts {
        pages,
        bytes: 30_000,
        recipients,
        tsi: Some(Claimed::new(Ident::read(tsi))),
        header: TextLook::Hostile,
        document: 5,
        not_before: None,
    })
}

fn page(number: u32) -> Stage {
    Stage::Page(PageFacts {
        number,
        bytes: 700,
        rows: 1_000,
        bad_rows: 100,
        duration: Span::seconds(40),
        ..PageFacts::default()
    })
}

fn ended() -> Stage {
    Stage::Received(ReceivedFacts {
        outcome: ReceiveOutcome::Complete,
        pages: 2,
        bytes: 900,
        duration: Span::seconds(95),
        session: Some(session(b"", PageCoding::Mh)),
        page_bytes: Vec::new(),
        rows_max: 9_000,
        bad_rows: 0,
    })
}

/// The features that are not zero, as `name=value`, but for the member's plan and age.
fn shows(memory: &Memory, events: &[StageEvent]) -> String {
    let mut decision = OpenDecision::default();
    let mut open = AtWork::on(&mut decision);
    for event in events {
        gather(memory, &mut open, event);
    }
    let kept = open.features.keep();
    let named = kept.sparse().map(|(at, value)| (FEATURES[usize::from(at)].name, value));
    let telling = named.filter(|(name, _)| !matches!(*name, "plan" | "member_age_days"));
    telling.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn inbound_stages() {
    let memory = memory();
    let ours = "+12125550001";
    let la = shown("+13102500001");
    for (parties, stages, want) in [
        (
            call(Caller::Withheld, ours),
            vec![offered(TextLook::Hostile, Attestation::Absent)],
            "stage=1 caller_withheld=1 attestation=5 name_hostile=1",
        ),
        (
            call(Caller::Unreadable, ours),
            vec![offered(TextLook::Clean, Attestation::Unknown)],
            "stage=1 caller_unreadable=1",
        ),
        (
            call(la, ours),
            vec![offered(TextLook::Clean, Attestation::B)],
            "stage=1 caller_validity=1 attestation=2 caller_shown=1",
        ),
        (
            call(shown("+12125550050"), ours),
            vec![offered(TextLook::Clean, Attestation::C)],
            "stage=1 caller_validity=1 caller_is_own=1 attestation=3 caller_shown=1",
        ),
        (
            call(shown("+12125550050"), ours),
            vec![
                offered(TextLook::Clean, Attestation::A),
                Stage::Handshake(session(b"+1 212 555 0050", PageCoding::Jpeg)),
            ],
            "stage=2 caller_validity=1 attestation=1 tsi_class=4 tsi_agreement=1 jpeg_or_jbig=1 \
             rate_bps=9600 retrains=3 unlimited_length=1 caller_shown=1",
        ),
        (
            call(la, "+12125550077"),
            vec![Stage::Handshake(session(b"\x01\x02$(rm)", PageCoding::Mr))],
            "stage=2 caller_validity=1 tsi_class=2 trap=1 rate_bps=9600 retrains=3 \
             unlimited_length=1 caller_shown=1",
        ),
        (
            call(la, ours),
            vec![page(1), page(2)],
            "stage=3 caller_validity=1 pages=2 page_bytes_mean=700 page_bytes_max=700 \
             page_seconds_max=40 equal_pages=2 tiny_pages=2 rows_max=1000 \
             bad_row_share_milli=100 caller_shown=1",
        ),
        (
            call(la, ours),
            vec![ended()],
            "stage=4 caller_validity=1 tsi_class=1 pages=2 page_bytes_mean=450 \
             page_bytes_max=450 page_seconds_max=40 tiny_pages=2 rows_max=9000 rate_bps=9600 \
             retrains=3 unlimited_length=1 caller_shown=1",
        ),
    ] {
        let events: Vec<_> = stages.into_iter().map(|stage| event(parties, stage)).collect();
        assert_eq!(shows(&memory, &events), want);
    }
}

#[test]
fn outbound_stages() {
    let memory = memory();
    let to = |recipient: &str, own: Option<&str>| Parties::Outbound {
        member: MEMBER,
        recipient: number(recipient),
        shown: own.map(number),
        trunk: None,
    };
    let at_night =
        |event: StageEvent| StageEvent { time: NOON.plus(Span::seconds(43_200)), ..event };
    for (event, want) in [
        (
            event(to("+13102500001", Some("+12125550001")), job(3, 40, b"2125550001")),
            "stage=5 name_hostile=1 pages=3 page_bytes_mean=10000 batch_recipients=40",
        ),
        (
            at_night(event(to("+13102500001", Some("+12125550050")), job(0, 1, b"3105557777"))),
            "stage=5 name_hostile=1 quiet_hours=1 shown_not_owned=1 tsi_not_owned=1 \
             batch_recipients=1 night=1",
        ),
        (
            event(to("+442071234567", None), Stage::Dialing { attempt: 2, pages: 4, bytes: 8_000 }),
            "stage=6 pages=4 page_bytes_mean=2000 new_country=1 attempt=2",
        ),
        (
            event(
                to("+13102500001", None),
                Stage::DialResult {
                    attempt: 1,
                    outcome: DialOutcome::Voice,
                    pages: 0,
                    duration: Span::seconds(9),
                    last: true,
                },
            ),
            "stage=7 attempt=1",
        ),
    ] {
        assert_eq!(shows(&memory, &[event]), want);
    }
}

#[test]
fn what_is_to_be_counted_is_said_once() {
    let memory = memory();
    let mut decision = OpenDecision::default();
    let mut open = AtWork::on(&mut decision);
    let parties = call(shown("+13102500001"), "+12125550001");
    let first = event(parties, offered(TextLook::Clean, Attestation::Unknown));
    gather(&memory, &mut open, &first);
    assert_eq!(open.observation.happened, Happened::ARRIVED.with(Happened::STRANGER));
    assert_eq!(open.member_key, MEMBER.hot());
    let named = event(parties, Stage::Handshake(session(b"ACME", PageCoding::Mh)));
    for happened in [Happened::IDENTIFIED.with(Happened::STRANGER), Happened::STRANGER] {
        gather(&memory, &mut open, &named);
        assert_eq!(open.observation.happened, happened);
    }
    let mut decision = OpenDecision::default();
    let mut quiet = AtWork::on(&mut decision);
    let parties = Parties::Outbound {
        member: MEMBER,
        recipient: number("+14165550100"),
        shown: None,
        trunk: None,
    };
    let saturday = Timestamp::from_seconds(20_778 * 86_400 + 13 * 3_600);
    let early = StageEvent { time: saturday, ..event(parties, job(1, 40, b"")) };
    let gathered = gather(&memory, &mut quiet, &early);
    assert_eq!(gathered.hours, Some((600, 1_080)), "Canada's weekend");
    assert_eq!(gathered.quiet_until, Some(saturday.plus(Span::seconds(2 * 3_600))));
}

#[test]
fn mixing_depends_on_every_word_and_its_place() {
    let keys = [mix(&[1, 2, 3]), mix(&[1, 3, 2]), mix(&[1, 2]), mix(&[1, 2, 0]), mix(&[])];
    for (place, key) in keys.iter().enumerate() {
        assert_eq!(keys.iter().position(|other| other == key), Some(place));
    }
}

#[test]
fn a_size_lies_within_its_twelfth_of_a_doubling() {
    for value in (1..5_000).chain((0..32).map(|whole| 1 << whole)).chain([u32::MAX]) {
        let want = (f64::from(value).log2() * 12.0 + 1e-9).floor();
        assert_eq!(f64::from(twelfths(value)), want, "{value}");
    }
    assert_eq!(twelfths(0), 0);
}
