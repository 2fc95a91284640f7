//! Floods of frames that cost the sender little: resets, streams at fault, settings, pings, data, priorities.

use std::sync::Arc;

use faxguard::bounds;

use super::raw::{
    ACK, DATA, END_HEADERS, ENHANCE_YOUR_CALM, Frame, HEADERS, INITIAL_WINDOW_SIZE, PING, PRIORITY,
    PROTOCOL_ERROR, RST_STREAM, Raw, SETTINGS, STREAM, UNARY, WHOLE, bytes, call, call_with,
    message,
};
use super::{LITTLE_MIB, VERDICTS, attack, page};

/// Frames of a flood.
const MANY: u32 = 20_000;
/// Memory of a flood that the server may answer in full, in MiB: the attacker keeps every answer.
const ANSWERED_MIB: u64 = 32;

/// The streams a client opens, in order.
fn streams(count: u32) -> impl Iterator<Item = u32> {
    (0..count).map(|number| number * 2 + 1)
}

/// CVE-2023-44487.
#[test]
fn rapid_resets_end_the_connection() {
    attack(ANSWERED_MIB, async |house| {
        let mut raw = Raw::greeted(house.address).await;
        let pair = |stream| [Frame::headers(stream, WHOLE, &call(UNARY)), Frame::reset(stream)];
        let told = raw.send(&streams(10_000).flat_map(pair).collect::<Vec<_>>()).await;
        assert_eq!(told.goodbye(), Some(ENHANCE_YOUR_CALM));
    });
}

#[test]
fn streams_at_fault_end_the_connection_at_the_limit() {
    attack(LITTLE_MIB, async |house| {
        let mut raw = Raw::greeted(house.address).await;
        let harmful = call_with(UNARY, &[("connection", "close")]);
        let most = u32::try_from(bounds::CONNECTION_RESETS_MAX).unwrap();
        let faults: Vec<Frame> =
            streams(most + 1).map(|stream| Frame::headers(stream, WHOLE, &harmful)).collect();
        let (last, others) = faults.split_last().unwrap();
        let mut resets = 0;
        let last_reset = |frame: &Frame| {
            resets += usize::from(frame.kind == RST_STREAM);
            resets == bounds::CONNECTION_RESETS_MAX
        };
        let told = raw.talk(&bytes(others), last_reset).await;
        assert!(!told.ended);
        assert_eq!(told.reset(1), Some(PROTOCOL_ERROR));
        assert_eq!(raw.send(std::slice::from_ref(last)).await.goodbye(), Some(ENHANCE_YOUR_CALM));
    });
}

/// Calls that are answered and reset by their caller, each before the next: no fault, and nothing is left of them.
#[test]
fn answered_and_reset_calls_leave_nothing() {
    attack(LITTLE_MIB, async |house| {
        let (mut raw, _) = Raw::greeted_with(house.address, &[(INITIAL_WINDOW_SIZE, 0)]).await;
        let body = message(&page());
        for stream in streams(2_000) {
            let call =
                [Frame::headers(stream, END_HEADERS, &call(UNARY)), Frame::data(stream, 1, &body)];
            let told = raw.talk(&bytes(&call), |frame| frame.is(HEADERS, stream)).await;
            assert!(!told.ended);
            assert!(!raw.send(&[Frame::reset(stream)]).await.ended);
        }
    });
}

#[test]
fn floods_of_settings_and_pings_are_answered_no_faster_than_they_are_read() {
    let frames = [
        Frame::settings(&[]),
        Frame::settings(&[(INITIAL_WINDOW_SIZE, 1), (INITIAL_WINDOW_SIZE, 70_000), (99, 1)]),
        Frame::ping([7; 8]),
        Frame::new(PING, ACK, 0, &[7; 8]),
    ];
    let frames = Arc::new(frames);
    attack(ANSWERED_MIB, async move |house| {
        for frame in frames.iter() {
            let flood = frame.encode().repeat(MANY as usize);
            let mut raw = Raw::greeted(house.address).await;
            let told = raw.flood(&flood).await;
            assert!(!told.ended, "{frame:?}");
            let due = if frame.flags == ACK { 0 } else { MANY as usize };
            let answers = told.frames.iter().filter(|answer| answer.flags == ACK).count();
            assert_eq!(answers, due + 1, "{frame:?}");
            // Who never reads is not read either, once the line is full of answers.
            let raw = Raw::greeted(house.address).await;
            let pouring = tokio::spawn(raw.pour(flood.repeat(20)));
            house.neighbour.answered(VERDICTS * 4).await;
            pouring.abort();
        }
    });
}

#[test]
fn an_answer_to_settings_never_sent_ends_the_connection() {
    attack(LITTLE_MIB, async |house| {
        let mut raw = Raw::greeted(house.address).await;
        let told = raw.send(&[Frame::new(SETTINGS, ACK, 0, &[])]).await;
        assert_eq!(told.goodbye(), Some(PROTOCOL_ERROR));
    });
}

#[test]
fn empty_and_tiny_data_ends_the_connection() {
    attack(LITTLE_MIB, async |house| {
        for stream_of in [UNARY, STREAM] {
            for payload in [&[][..], &[0, 0], &[0]] {
                let mut raw = Raw::greeted(house.address).await;
                let open = Frame::headers(1, END_HEADERS, &call(stream_of));
                // A message is promised that never comes, so that whatever comes is waited for.
                let begun = Frame::data(1, 0, &[0, 0, 15, 255, 255]);
                let padded = if payload.len() == 2 { 8 } else { 0 };
                let tiny = Frame::new(DATA, padded, 1, payload).encode();
                let flood = [bytes(&[open, begun]), tiny.repeat(MANY as usize)].concat();
                let told = raw.flood(&flood).await;
                if payload == [0] {
                    // A byte at a time is how slow a caller may be; what was not yet read is bounded.
                    assert!(told.goodbye().is_none_or(|code| code == ENHANCE_YOUR_CALM));
                } else {
                    assert_eq!(told.goodbye(), Some(ENHANCE_YOUR_CALM), "{payload:?}");
                }
            }
        }
    });
}

#[test]
fn priorities_are_ignored() {
    attack(LITTLE_MIB, async |house| {
        let mut raw = Raw::greeted(house.address).await;
        let shift = |stream| Frame::new(PRIORITY, 0, stream, &[0, 0, 0, 0, 255]);
        let told = raw.send(&streams(MANY).map(shift).collect::<Vec<_>>()).await;
        assert_eq!((told.ended, told.count(RST_STREAM)), (false, 0));
        // A stream that depends on itself is at fault (RFC 7540 section 5.3.1), so those are counted.
        let knot = |stream: u32| {
            let payload = [&stream.to_be_bytes()[..], &[255]].concat();
            Frame::new(PRIORITY, 0, stream, &payload)
        };
        let told = raw.send(&streams(MANY).map(knot).collect::<Vec<_>>()).await;
        assert_eq!(told.goodbye(), Some(ENHANCE_YOUR_CALM));
    });
}
