//! Frames of the wrong shape or in the wrong place, and peers that speak something else.

use faxguard::bounds;

use super::raw::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, FRAME_SIZE_ERROR, Frame, GOAWAY, HEADERS,
    PADDED, PING, PREFACE, PRIORITY, PROTOCOL_ERROR, PUSH_PROMISE, RST_STREAM, Raw, SETTINGS,
    STREAM, STREAM_CLOSED, UNARY, WHOLE, WINDOW_UPDATE, bytes, call, message,
};
use super::{LITTLE_MIB, VERDICTS, attack, page};

/// What becomes of the connection.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// It is ended with a code.
    Ended(u32),
    /// A stream is reset with a code, and no other harmed.
    Reset(u32),
    /// Nothing happens.
    Ignored,
}

use Then::{Ended, Ignored, Reset};

fn open() -> Frame {
    Frame::headers(1, END_HEADERS, &call(STREAM))
}

/// What the standard says of frames in the wrong place (RFC 9113, sections 4.2, 5.1 and 6).
fn cases() -> Vec<(&'static str, Vec<Frame>, Then)> {
    let new = Frame::new;
    let large = vec![0; bounds::FRAME_BYTES_MAX as usize + 1];
    vec![
        (
            "a frame beyond the limit",
            vec![open(), new(DATA, 0, 1, &large)],
            Ended(FRAME_SIZE_ERROR),
        ),
        ("headers beyond the limit", vec![new(HEADERS, WHOLE, 1, &large)], Ended(FRAME_SIZE_ERROR)),
        ("the same of an unknown kind", vec![new(99, 0, 1, &large)], Ended(FRAME_SIZE_ERROR)),
        ("data on stream 0", vec![new(DATA, 0, 0, &[0])], Ended(PROTOCOL_ERROR)),
        ("headers on stream 0", vec![new(HEADERS, WHOLE, 0, &call(UNARY))], Ended(PROTOCOL_ERROR)),
        ("priority on stream 0", vec![new(PRIORITY, 0, 0, &[0; 5])], Ended(PROTOCOL_ERROR)),
        ("a reset of stream 0", vec![Frame::reset(0)], Ended(PROTOCOL_ERROR)),
        ("continuation of nothing", vec![new(CONTINUATION, 4, 1, &[])], Ended(PROTOCOL_ERROR)),
        ("settings on a stream", vec![open(), new(SETTINGS, 0, 1, &[])], Ended(PROTOCOL_ERROR)),
        ("a ping on a stream", vec![open(), new(PING, 0, 1, &[0; 8])], Ended(PROTOCOL_ERROR)),
        ("goodbye on a stream", vec![open(), new(GOAWAY, 0, 1, &[0; 8])], Ended(PROTOCOL_ERROR)),
        ("settings cut off", vec![new(SETTINGS, 0, 0, &[0; 5])], Ended(FRAME_SIZE_ERROR)),
        ("an answer with settings", vec![new(SETTINGS, ACK, 0, &[0; 6])], Ended(FRAME_SIZE_ERROR)),
        ("a ping of 7 bytes", vec![new(PING, 0, 0, &[0; 7])], Ended(FRAME_SIZE_ERROR)),
        ("a window of 3 bytes", vec![new(WINDOW_UPDATE, 0, 0, &[0; 3])], Ended(FRAME_SIZE_ERROR)),
        (
            "a reset of 3 bytes",
            vec![open(), new(RST_STREAM, 0, 1, &[0; 3])],
            Ended(FRAME_SIZE_ERROR),
        ),
        ("goodbye of 3 bytes", vec![new(GOAWAY, 0, 0, &[0; 3])], Ended(FRAME_SIZE_ERROR)),
        ("frames too large allowed", vec![Frame::settings(&[(5, 1 << 24)])], Ended(PROTOCOL_ERROR)),
        ("frames too small allowed", vec![Frame::settings(&[(5, 1)])], Ended(PROTOCOL_ERROR)),
        ("push that is neither", vec![Frame::settings(&[(2, 2)])], Ended(PROTOCOL_ERROR)),
        (
            "a push by a client",
            vec![open(), new(PUSH_PROMISE, 4, 1, &[0, 0, 0, 2])],
            Ended(PROTOCOL_ERROR),
        ),
        ("an even stream", vec![Frame::headers(2, WHOLE, &call(UNARY))], Ended(PROTOCOL_ERROR)),
        ("data before headers", vec![Frame::data(1, 0, &[0])], Ended(PROTOCOL_ERROR)),
        ("a reset before headers", vec![Frame::reset(1)], Ended(PROTOCOL_ERROR)),
    ]
}

/// The same of frames that depend on those before them.
fn sequences() -> Vec<(&'static str, Vec<Frame>, Then)> {
    let new = Frame::new;
    vec![
        (
            "padding beyond the frame",
            vec![open(), new(DATA, PADDED, 1, &[9, 0])],
            Ended(PROTOCOL_ERROR),
        ),
        (
            "a frame amid headers",
            vec![Frame::headers(1, 0, &call(UNARY)), Frame::ping([0; 8])],
            Ended(PROTOCOL_ERROR),
        ),
        (
            "a continuation of another stream",
            vec![Frame::headers(1, 0, &call(UNARY)), new(CONTINUATION, 4, 3, &[])],
            Ended(PROTOCOL_ERROR),
        ),
        (
            "a stream of a lower number",
            vec![Frame::headers(5, END_HEADERS, &call(STREAM)), open()],
            Ended(PROTOCOL_ERROR),
        ),
        ("trailers that do not end", vec![open(), open()], Reset(PROTOCOL_ERROR)),
        (
            "kinds that nobody knows",
            (10..=255).map(|of| new(of, 255, 1, &[0; 9])).collect(),
            Ignored,
        ),
        ("settings that nobody knows", vec![Frame::settings(&[(99, 1), (u16::MAX, 0)])], Ignored),
        ("an answer to no ping", vec![new(PING, ACK, 0, &[0; 8])], Ignored),
    ]
}

#[test]
fn frames_in_the_wrong_place_end_what_they_are_in() {
    attack(LITTLE_MIB, async |house| {
        for (what, frames, then) in cases().into_iter().chain(sequences()) {
            let mut raw = Raw::greeted(house.address).await;
            match then {
                // h2 says of some of these the general code, as it may (section 5.4.1).
                Ended(code) => {
                    let told = raw.send(&frames).await.goodbye();
                    assert!(
                        told.is_some_and(|told| [code, PROTOCOL_ERROR].contains(&told)),
                        "{what}: {told:?}"
                    );
                }
                Reset(code) => {
                    let reset = |frame: &Frame| frame.is(RST_STREAM, 1);
                    let told = raw.talk(&bytes(&frames), reset).await;
                    assert_eq!((told.reset(1), told.ended), (Some(code), false), "{what}");
                }
                Ignored => {
                    let told = raw.send(&frames).await;
                    assert_eq!((told.count(RST_STREAM), told.ended), (0, false), "{what}");
                }
            }
            if !matches!(then, Ended(_)) {
                let head = Frame::headers(7, END_HEADERS, &call(UNARY));
                let ask = [head, Frame::data(7, END_STREAM, &message(&page()))];
                assert!(!raw.talk(&bytes(&ask), |frame| frame.is(DATA, 7)).await.ended, "{what}");
            }
        }
    });
}

/// Data after the end of a stream is at fault while it is open, and late once it is closed.
#[test]
fn data_after_the_end_ends_the_stream_or_the_connection() {
    attack(LITTLE_MIB, async |house| {
        let mut raw = Raw::greeted(house.address).await;
        let late = [Frame::headers(1, WHOLE, &call(STREAM)), Frame::data(1, 0, &[0])];
        let wrong = |frame: &Frame| frame.is(RST_STREAM, 1);
        let told = raw.talk(&bytes(&late), wrong).await;
        let codes = [Some(STREAM_CLOSED), Some(PROTOCOL_ERROR)];
        assert!(codes.contains(&told.goodbye().or(told.reset(1))), "{told:?}");
    });
}

/// The first bytes of a ClientHello of TLS 1.2 (RFC 8446 section 4.1.2).
fn client_hello() -> Vec<u8> {
    let hello = [&[1, 0, 0, 43, 3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0, 0, 0]].concat();
    [&[22, 3, 1, 0, u8::try_from(hello.len()).unwrap()][..], &hello].concat()
}

#[test]
fn whoever_speaks_something_else_is_sent_away() {
    attack(LITTLE_MIB, async |house| {
        let http1 = format!("POST {UNARY} HTTP/1.1\r\nHost: faxguard\r\nContent-Length: 0\r\n\r\n");
        let upgrade = "GET / HTTP/1.1\r\nHost: f\r\nConnection: Upgrade, HTTP2-Settings\r\n\
                       Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n";
        for words in [
            http1.as_bytes(),
            upgrade.as_bytes(),
            &client_hello(),
            &[0; 24],
            &[255; 4_096],
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX",
        ] {
            let told = Raw::silent(house.address).await.talk(words, |_| false).await;
            assert!(told.ended && told.frames.is_empty(), "{told:?}");
        }
        // A preface that is cut off, and one that nothing follows.
        for count in 0..PREFACE.len() {
            let told = Raw::silent(house.address).await.finish(&PREFACE[..count]).await;
            assert!(told.frames.is_empty(), "{count}");
        }
        assert!(Raw::silent(house.address).await.finish(PREFACE).await.ended);
        // Something else where the settings should be.
        let garbled = [PREFACE, &[b'X'; 64]].concat();
        let told = Raw::silent(house.address).await.talk(&garbled, |_| false).await;
        assert_eq!(told.goodbye(), Some(FRAME_SIZE_ERROR));
    });
}

/// A seeded source of bytes (Knuth's MMIX).
struct Chance(u64);

impl Chance {
    fn byte(&mut self) -> u8 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0.to_be_bytes()[0]
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    /// A frame that is sound but for what it says.
    fn frame(&mut self) -> Frame {
        let [kind, flags, of, length] = [self.byte() % 10, self.byte(), self.byte(), self.byte()];
        let payload =
            if kind == HEADERS { call(UNARY) } else { self.bytes(usize::from(length % 32)) };
        Frame::new(kind, flags, u32::from(of % 8), &payload)
    }
}

#[test]
fn random_bytes_and_frames_harm_nobody() {
    attack(LITTLE_MIB, async |house| {
        for seed in 1..=200 {
            let mut chance = Chance(seed);
            let noise = chance.bytes(1_024);
            let told = Raw::silent(house.address).await.talk(&noise, |_| false).await;
            assert!(told.frames.is_empty(), "seed {seed}");
            let told = Raw::greeted(house.address).await.finish(&noise).await;
            assert!(told.ended, "seed {seed}");
            let frames: Vec<Frame> = (0..100).map(|_| chance.frame()).collect();
            let told = Raw::greeted(house.address).await.finish(&bytes(&frames)).await;
            assert!(told.ended, "seed {seed}");
        }
        house.neighbour.answered(VERDICTS).await;
    });
}
