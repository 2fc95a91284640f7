//! The day is one day: the same every time, in order, well formed, every technique in it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::*;
use crate::bounds::{ID_BYTES_MAX, LINE_BYTES_MAX, TEXT_BYTES_MAX};
use crate::fax::number::Number;
use crate::fax::numbering::{HomeRegion, NumberingPlan, Validity};
use crate::wire::replay::v1::event::Event as What;
use crate::wire::report::v1::file_report_request::Fax;
use crate::wire::screening::v1::ScreenFaxRequest;
use crate::wire::screening::v1::screen_fax_request::{Parties, Stage};

const DAY_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/day.jsonl");

fn lines(events: &[Event]) -> Vec<u8> {
    let mut out = Vec::new();
    write_events(events, &mut out).unwrap();
    out
}

fn screenings(events: &[Event]) -> impl Iterator<Item = (&Event, &ScreenFaxRequest)> {
    events.iter().filter_map(|event| match event.event.as_ref()? {
        What::ScreenFax(request) => Some((event, request)),
        What::FileReport(_)
        | What::DirectoryEntry(_)
        | What::ListEntry(_)
        | What::ReleaseHeldFax(_) => None,
    })
}

/// Faxes by id, each with the truth about it.
fn faxes(events: &[Event]) -> BTreeMap<&str, Truth<'_>> {
    screenings(events)
        .map(|(event, request)| (request.fax_id.as_str(), Truth::read(&event.note).unwrap()))
        .collect()
}

fn ordered(events: &[Event]) -> bool {
    events.is_sorted_by_key(|event| {
        let time = event.event_time.unwrap();
        (time.seconds, time.nanos)
    })
}

#[test]
fn the_published_file_is_the_generated_day() {
    let made = lines(&day(DAY_SEED, DAY_START));
    assert!(made.len() < 3_000_000, "{} bytes", made.len());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(DAY_PATH, &made).unwrap();
    }
    let kept = std::fs::read(DAY_PATH).unwrap();
    let differs =
        kept.split(|b| *b == b'\n').zip(made.split(|b| *b == b'\n')).position(|(a, b)| a != b);
    assert!(kept == made, "differs from line {differs:?} on (UPDATE=1 writes it anew)");
}

#[test]
fn a_day_is_deterministic_and_another_seed_is_another_day() {
    assert_eq!(day(5, DAY_START), day(5, DAY_START));
    assert_ne!(day(5, DAY_START), day(6, DAY_START));
}

#[test]
fn a_day_is_of_the_size_and_mixture_it_should_be() {
    for seed in [DAY_SEED, 1, 2] {
        let events = day(seed, DAY_START);
        assert!(ordered(&events));
        assert!((4_500..6_500).contains(&events.len()), "{} events", events.len());
        let faxes = faxes(&events);
        let junk = faxes.values().filter(|truth| truth.junk).count();
        let percent = junk * 100 / faxes.len();
        assert!((15..=21).contains(&percent), "{junk} of {}", faxes.len());
        let span = events.last().unwrap().event_time.unwrap().seconds - DAY_START.as_seconds();
        assert!(span < 30 * 3_600, "{span} s");
    }
}

#[test]
fn every_technique_is_in_the_day_and_every_story_stands_alone() {
    let events = day(DAY_SEED, DAY_START);
    let told: BTreeSet<_> =
        events.iter().filter_map(|event| Truth::read(&event.note)).map(|t| t.technique).collect();
    let expected: BTreeSet<_> = (1..=17).map(Some).chain([None]).collect();
    assert_eq!(told, expected);
    for one in STORIES {
        let events = story(one.name, 9).unwrap();
        assert!(ordered(&events), "{}", one.name);
        assert_eq!(events, story(one.name, 9).unwrap(), "{}", one.name);
        let own =
            events.iter().filter(|e| Truth::read(&e.note).is_some_and(|t| t.story == one.name));
        assert!(own.count() >= 6, "{}", one.name);
        shapes(&events);
    }
    assert!(story("no such story", 9).is_none());
    let names: BTreeSet<_> = STORIES.iter().map(|story| story.name).collect();
    assert_eq!(names.len(), STORIES.len());
}

#[test]
fn every_event_is_well_formed_and_reads_back() {
    let events = day(DAY_SEED, DAY_START);
    shapes(&events);
    for line in lines(&events).split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        assert!(line.len() < LINE_BYTES_MAX);
        serde_json::from_slice::<Event>(line).unwrap();
    }
    let read: Vec<Event> = lines(&events)
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(read, events);
}

/// The checks of the wall that a generator can violate: ids, first stages, numbers, references.
fn shapes(events: &[Event]) {
    let mut stages: HashMap<String, usize> = HashMap::new();
    let mut requests = BTreeSet::new();
    for event in events {
        assert!(event.event_time.is_some());
        match event.event.as_ref().unwrap() {
            What::ScreenFax(request) => {
                let fax = format!("{}/{}", request.node_id, request.fax_id);
                let seen = stages.entry(fax).or_default();
                screening_shape(request, *seen);
                *seen += 1;
                assert!(requests.insert(&request.request_id), "{}", request.request_id);
                assert!(Truth::read(&event.note).is_some());
            }
            What::FileReport(report) => {
                assert!(requests.insert(&report.request_id));
                assert!(report.reporter.as_ref().unwrap().identity.is_some());
                assert_ne!(report.category, 0);
                match report.fax.as_ref().unwrap() {
                    Fax::NodeFax(fax) => assert!(stages.contains_key(fax), "{fax}"),
                    Fax::Description(fax) => assert!(Number::parse(&fax.called_number).is_ok()),
                    Fax::DecisionId(id) => panic!("no decision is known beforehand: {id}"),
                }
            }
            What::DirectoryEntry(entry) => assert!(entry.entry.is_some()),
            What::ListEntry(entry) => {
                assert!(Number::parse(&entry.number).is_ok());
                assert!(entry.list != 0 && !entry.author.is_empty() && !entry.reason.is_empty());
            }
            What::ReleaseHeldFax(release) => {
                assert!(stages.contains_key(&release.decision_id), "{}", release.decision_id);
                assert!(!release.author.is_empty());
            }
        }
    }
}

fn screening_shape(request: &ScreenFaxRequest, earlier: usize) {
    for id in [&request.request_id, &request.node_id, &request.fax_id] {
        assert!((1..=ID_BYTES_MAX).contains(&id.len()), "{id}");
    }
    assert_eq!(request.parties.is_some(), earlier == 0, "{}", request.request_id);
    match request.parties.as_ref() {
        Some(Parties::Inbound(parties)) => {
            assert!(!parties.called_number.is_empty());
            assert!(parties.caller_number.len() <= TEXT_BYTES_MAX);
        }
        Some(Parties::Outbound(parties)) => {
            assert!(Number::parse(&parties.recipient_number).is_ok(), "{}", request.request_id);
            assert!(!parties.member_id.is_empty());
        }
        None => {}
    }
    match request.stage.as_ref().unwrap() {
        Stage::Page(page) => assert!(page.page_number > 0 && page.size_bytes > 0),
        Stage::Received(received) => {
            assert_ne!(received.outcome, 0);
            assert!(received.page_sizes_bytes.len() <= 1_000);
        }
        Stage::Dialing(dialing) => assert!(dialing.attempt > 0),
        Stage::DialResult(result) => assert!(result.attempt > 0 && result.outcome != 0),
        Stage::CallOffered(_) | Stage::Handshake(_) | Stage::JobSubmitted(_) => {}
    }
    assert!(!request.stage_capabilities.is_empty());
}

#[test]
fn the_numbers_of_wanted_faxes_are_dialable() {
    let plan = NumberingPlan::new().unwrap();
    let home = HomeRegion::from_code("US", &plan).unwrap();
    let events = day(DAY_SEED, DAY_START);
    for (event, request) in screenings(&events) {
        let texts = match request.parties.as_ref() {
            Some(Parties::Inbound(parties)) => [&parties.caller_number, &parties.called_number],
            Some(Parties::Outbound(parties)) => [&parties.caller_number, &parties.recipient_number],
            None => continue,
        };
        if Truth::read(&event.note).is_some_and(|truth| truth.junk) {
            continue;
        }
        for text in texts.into_iter().filter(|text| !text.is_empty()) {
            let number = plan.parse(text, home).unwrap();
            assert_eq!(plan.facts(number).validity, Validity::Valid, "{text}");
        }
    }
}

#[test]
fn notes_are_read_or_refused() {
    let truth = Truth { junk: true, technique: Some(4), story: "own-did" };
    assert_eq!(Truth::read("truth=junk technique=4 story=own-did"), Some(truth));
    for bad in ["", "truth=maybe story=x", "truth=junk", "untruth=junk story=x"] {
        assert_eq!(Truth::read(bad), None, "{bad}");
    }
}
