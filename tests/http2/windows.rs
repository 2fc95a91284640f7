//! Games with flow control: windows of nothing, windows that overflow, readers that never read.

use std::net::Ipv4Addr;

use faxguard::bounds;

use super::raw::{
    DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, Frame, HEADERS,
    INITIAL_WINDOW_SIZE, PROTOCOL_ERROR, Raw, STREAM, UNARY, bytes, call, message,
};
use super::{LITTLE_MIB, VERDICTS, attack, page, wire};

/// Connections of one attacker.
const CONNECTIONS: u32 = 16;
/// Memory of so many connections of which each keeps its window of 1 MiB full, in MiB, with the attacker's end of it.
const FULL_WINDOWS_MIB: u64 = 96;
/// Memory of as many streams as there are places for calls, in MiB: some 4 KiB each with the attacker's end of it.
const ALL_CALLS_MIB: u64 = 160;

#[test]
fn windows_that_cannot_be_are_refused() {
    let most = i32::MAX.unsigned_abs();
    attack(LITTLE_MIB, async move |house| {
        let open = Frame::headers(1, END_HEADERS, &call(STREAM));
        for (frame, code) in [
            (Frame::window(0, 0), PROTOCOL_ERROR),
            (Frame::window(0, most), FLOW_CONTROL_ERROR),
            (Frame::window(3, 1), PROTOCOL_ERROR),
            (Frame::settings(&[(INITIAL_WINDOW_SIZE, most + 1)]), FLOW_CONTROL_ERROR),
        ] {
            let told = Raw::greeted(house.address).await.send(&[open.clone(), frame.clone()]).await;
            // h2 says of some of these the general code, as it may (section 5.4.1).
            let told = told.goodbye().unwrap();
            assert!([code, PROTOCOL_ERROR].contains(&told), "{frame:?}: {told}");
        }
        let mut raw = Raw::greeted(house.address).await;
        let told = raw.of(1, &[open, Frame::window(1, most)]).await;
        assert_eq!((told.reset(1), told.ended), (Some(FLOW_CONTROL_ERROR), false));
    });
}

#[test]
fn more_data_than_the_window_is_refused() {
    attack(LITTLE_MIB, async |house| {
        let mut raw = Raw::greeted(house.address).await;
        let most = 16 * 1_024;
        // A stream whose body nobody reads: the method is unknown, so its end comes with the headers.
        let mut frames = vec![Frame::headers(1, END_HEADERS, &call("/no.such/Method"))];
        frames.extend((0..200).map(|_| Frame::data(1, 0, &vec![0; most])));
        let told = raw.send(&frames).await;
        assert!(told.goodbye().is_some() || told.reset(1).is_some(), "{told:?}");
    });
}

#[test]
fn window_updates_and_changes_of_windows_cost_little() {
    attack(LITTLE_MIB, async |house| {
        let mut raw = Raw::greeted(house.address).await;
        let open = |number| Frame::headers(number * 2 + 1, END_HEADERS, &call(STREAM));
        let told =
            raw.send(&(0..bounds::CONNECTION_STREAMS_MAX).map(open).collect::<Vec<_>>()).await;
        assert!(!told.ended);
        let change = [
            Frame::settings(&[(INITIAL_WINDOW_SIZE, 0)]),
            Frame::settings(&[(INITIAL_WINDOW_SIZE, 1 << 30)]),
        ];
        assert!(!raw.flood(&bytes(&change).repeat(500)).await.ended);
        let mut frames = vec![Frame::settings(&[(INITIAL_WINDOW_SIZE, 0)])];
        frames.extend((0..20_000).map(|number| Frame::window(number % 256 * 2 + 1, 1)));
        assert!(!raw.send(&frames).await.ended);
    });
}

#[test]
fn thousands_of_calls_behind_a_window_of_nothing_end_the_connection() {
    attack(LITTLE_MIB, async |house| {
        let (mut raw, _) = Raw::greeted_with(house.address, &[(INITIAL_WINDOW_SIZE, 0)]).await;
        let body = message(&page());
        let ask = |number: u32| {
            let stream = number * 2 + 1;
            [
                Frame::headers(stream, END_HEADERS, &call(UNARY)),
                Frame::data(stream, END_STREAM, &body),
            ]
        };
        let told = raw.send(&(0..5_000).flat_map(ask).collect::<Vec<_>>()).await;
        assert_eq!(told.goodbye(), Some(ENHANCE_YOUR_CALM));
        assert_eq!(told.count(DATA), 0);
        assert!(told.count(HEADERS) <= bounds::CONNECTION_STREAMS_MAX as usize);
    });
}

#[test]
fn streams_behind_a_window_of_nothing_keep_no_more_than_their_windows() {
    attack(FULL_WINDOWS_MIB, async |house| {
        let mut held = Vec::new();
        let batch = message(&wire::StreamScreenFaxRequest { requests: vec![page(); 100] });
        for _ in 0..CONNECTIONS {
            let (mut raw, _) = Raw::greeted_with(house.address, &[(INITIAL_WINDOW_SIZE, 0)]).await;
            let mut frames = Vec::new();
            // As much as the windows allow, 256 KiB a stream and 1 MiB in all.
            for stream in [1, 3, 5, 7] {
                frames.push(Frame::headers(stream, END_HEADERS, &call(STREAM)));
                let count = 250 * 1_024 / batch.len();
                frames.extend((0..count).map(|_| Frame::data(stream, 0, &batch)));
            }
            let told = raw.send(&frames).await;
            assert!(!told.ended && told.count(DATA) == 0);
            held.push(raw);
        }
        house.neighbour.answered(VERDICTS * 4).await;
    });
}

#[test]
fn a_caller_that_never_reads_is_not_read_either() {
    attack(FULL_WINDOWS_MIB, async |house| {
        let body = message(&page());
        let ask = |number: u32| {
            let stream = number * 2 + 1;
            [
                Frame::headers(stream, END_HEADERS, &call(UNARY)),
                Frame::data(stream, END_STREAM, &body),
            ]
        };
        let flood = bytes(&(0..20_000).flat_map(ask).collect::<Vec<_>>());
        let mut pouring = Vec::new();
        for _ in 0..4 {
            let raw = Raw::greeted(house.address).await;
            pouring.push(tokio::spawn(raw.pour(flood.clone())));
        }
        house.neighbour.answered(VERDICTS * 10).await;
        pouring.iter().for_each(tokio::task::JoinHandle::abort);
    });
}

/// More streams than the service has places for calls, all of one peer, on which nothing is ever said.
#[test]
fn one_peer_cannot_hold_every_call() {
    attack(ALL_CALLS_MIB, async |house| {
        let peer = Ipv4Addr::new(127, 0, 0, 2);
        let mut held = Vec::new();
        let streams = bounds::CONNECTION_STREAMS_MAX;
        for _ in 0..bounds::CALLS_MAX / streams as usize + 1 {
            let mut raw = Raw::from_peer(house.address, peer).await;
            assert!(!raw.greet(&[]).await.ended);
            let open = |number| Frame::headers(number * 2 + 1, END_HEADERS, &call(STREAM));
            assert!(!raw.send(&(0..streams).map(open).collect::<Vec<_>>()).await.ended);
            held.push(raw);
        }
        house.neighbour.answered(VERDICTS).await;
    });
}
