//! The limits as they are told and kept: settings, streams, places.

use std::net::Ipv4Addr;
use std::time::Duration;

use faxguard::bounds;
use faxguard::server::listen::Waits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::raw::{
    ACK, DATA, END_HEADERS, END_STREAM, Frame, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS,
    MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE, PING, PREFACE, REFUSED_STREAM, RST_STREAM, Raw, SETTINGS,
    STREAM, Told, WHOLE, WINDOW_UPDATE, bytes, call, message,
};
use super::{LITTLE_MIB, PATIENCE, VERDICTS, attack, attack_on, page, wire};

/// Flow control of a stream and of a connection, in bytes.
const WINDOWS: (u32, u32) = (256 * 1_024, 1_024 * 1_024);
/// Memory of a full house of connections that said their preface, in MiB: some 40 KiB each with the client's end.
const FULL_HOUSE_MIB: u64 = 128;

#[test]
fn settings_tell_the_limits() {
    attack(LITTLE_MIB, async |house| {
        let (mut raw, mut told) = Raw::greeted_with(house.address, &[]).await;
        let is_given = |frame: &Frame| frame.is(WINDOW_UPDATE, 0);
        if !told.frames.iter().any(is_given) {
            // It is not due before the answer to a ping, and may come behind it.
            told.frames.extend(raw.talk(&[], is_given).await.frames);
        }
        let settings = &told.frames.iter().find(|frame| frame.kind == SETTINGS).unwrap().payload;
        let (pairs, rest) = settings.as_chunks::<6>();
        let pair =
            |[i0, i1, v @ ..]: &[u8; 6]| (u16::from_be_bytes([*i0, *i1]), u32::from_be_bytes(*v));
        let told_of = |id| pairs.iter().map(pair).find(|(of, _)| *of == id).map(|(_, value)| value);
        for (id, value) in [
            (MAX_CONCURRENT_STREAMS, bounds::CONNECTION_STREAMS_MAX),
            (INITIAL_WINDOW_SIZE, WINDOWS.0),
            (MAX_FRAME_SIZE, bounds::FRAME_BYTES_MAX),
            (MAX_HEADER_LIST_SIZE, bounds::HEADER_LIST_BYTES_MAX),
        ] {
            assert_eq!(told_of(id), Some(value), "setting {id}");
        }
        assert!(rest.is_empty());
        // A connection begins with 65,535 bytes (section 6.9.2); what is more is given at once.
        let given = told.frames.iter().find(|frame| is_given(frame)).unwrap();
        assert_eq!(given.payload, (WINDOWS.1 - 65_535).to_be_bytes());
    });
}

/// Sends, and reads until so many frames of a kind have come.
async fn wait(raw: &mut Raw, said: &[Frame], most: usize, of: impl Fn(&Frame) -> bool) -> Told {
    let mut seen = 0;
    let last = |frame: &Frame| {
        seen += usize::from(of(frame));
        seen == most
    };
    let told = raw.talk(&bytes(said), last).await;
    assert!(!told.ended);
    told
}

#[test]
fn one_stream_too_many_is_refused_and_no_other() {
    attack(LITTLE_MIB, async |house| {
        let mut raw = Raw::greeted(house.address).await;
        raw.send(&[Frame::window(0, 1 << 24)]).await;
        let batch = message(&wire::StreamScreenFaxRequest { requests: vec![page()] });
        let open = |stream| {
            let head = Frame::headers(stream, END_HEADERS, &call(STREAM));
            [head, Frame::data(stream, 0, &batch)]
        };
        let streams: Vec<u32> =
            (0..bounds::CONNECTION_STREAMS_MAX).map(|number| number * 2 + 1).collect();
        let most = streams.len();
        let opened: Vec<Frame> = streams.iter().copied().flat_map(open).collect();
        let told = wait(&mut raw, &opened, most, |frame| frame.kind == DATA).await;
        assert_eq!(told.count(RST_STREAM), 0);
        let beyond = bounds::CONNECTION_STREAMS_MAX * 2 + 1;
        assert_eq!(raw.of(beyond, &open(beyond)).await.reset(beyond), Some(REFUSED_STREAM));

        // Each of the others is answered again, and its end makes room for one more.
        let again: Vec<Frame> =
            streams.iter().map(|of| Frame::data(*of, END_STREAM, &batch)).collect();
        let told = wait(&mut raw, &again, most, |frame| frame.flags == WHOLE).await;
        assert_eq!(told.count(DATA), most);
        assert!(told.frames.iter().all(|frame| frame.kind != RST_STREAM || frame.stream == beyond));
        let next = bytes(&open(beyond + 2));
        assert!(!raw.talk(&next, |frame| frame.is(DATA, beyond + 2)).await.ended);
    });
}

#[test]
fn silent_connections_are_dropped_and_their_places_free_again() {
    attack(FULL_HOUSE_MIB, async |house| {
        let peer = Ipv4Addr::new(127, 0, 0, 2);
        let mut silent = Vec::new();
        for number in 0..bounds::PEER_CONNECTIONS_MAX {
            let mut raw = Raw::from_peer(house.address, peer).await;
            // Some say nothing, the others all but the last byte.
            let said = if number % 2 == 0 { 0 } else { PREFACE.len() - 1 };
            raw = raw.pour(PREFACE[..said].to_vec()).await;
            silent.push(raw);
        }
        // The peer has all its places, so the next is sent away at once, and others are not.
        let refused = Raw::from_peer(house.address, peer).await.end().await;
        assert!(refused.ended && refused.frames.is_empty());
        drop(Raw::greeted(house.address).await);
        house.neighbour.answered(VERDICTS).await;

        for mut raw in silent {
            let told = raw.end().await;
            assert!(told.frames.is_empty(), "{told:?}");
        }
        let welcome = Raw::from_peer(house.address, peer).await.greet(&[]).await;
        assert!(!welcome.ended, "a place is free again");
    });
}

#[test]
fn a_connection_without_a_call_is_closed_and_one_with_a_call_is_not() {
    let (idle, keep_alive) = (Duration::from_secs(2), (Duration::from_millis(200), PATIENCE));
    attack_on(Waits { idle, keep_alive, ..Waits::default() }, LITTLE_MIB, async |house| {
        let mut busy = Raw::greeted(house.address).await;
        busy.send(&[Frame::headers(1, END_HEADERS, &call(STREAM))]).await;
        let mut quiet = Raw::greeted(house.address).await;
        let is_ping = |frame: &Frame| frame.kind == PING && frame.flags == 0;
        // It answers every ping, as a sound client does, until it is closed.
        let mut told = quiet.talk(&[], is_ping).await;
        while !told.ended {
            let ping = told.frames.pop().unwrap();
            told = quiet.talk(&Frame { flags: ACK, ..ping }.encode(), is_ping).await;
        }
        assert!(!busy.send(&[]).await.ended);
    });
}

#[test]
fn a_connection_that_answers_no_ping_is_closed() {
    let keep_alive = (Duration::from_millis(200), Duration::from_secs(3));
    attack_on(Waits { keep_alive, ..Waits::default() }, LITTLE_MIB, async |house| {
        let mut raw = Raw::greeted(house.address).await;
        raw.send(&[Frame::headers(1, END_HEADERS, &call(STREAM))]).await;
        assert!(raw.end().await.count(PING) <= 1);
    });
}

/// Four peers have every place there is; one whose connections are fewer gets in all the same, and so does everybody
/// after it, down to one place for each.
#[test]
fn a_full_house_makes_room_for_who_has_less() {
    attack(FULL_HOUSE_MIB, async |house| {
        let mut guests = Vec::new();
        let open = Frame::headers(1, END_HEADERS, &call(STREAM));
        // The neighbour has one place. Some of each peer's connections have a call, and some have not said a word.
        for number in 1..bounds::CONNECTIONS_MAX {
            let peer = u8::try_from(2 + number / bounds::PEER_CONNECTIONS_MAX).unwrap();
            let mut raw = Raw::from_peer(house.address, Ipv4Addr::new(127, 0, 0, peer)).await;
            if number % 8 != 0 {
                assert!(!raw.greet(&[]).await.ended, "guest {number}");
            }
            if number % 2 == 1 {
                assert!(!raw.send(std::slice::from_ref(&open)).await.ended, "guest {number}");
            }
            guests.push(raw);
        }
        house.neighbour.answered(VERDICTS).await;
        for number in 0..300_u32 {
            let peer = Ipv4Addr::from_bits(Ipv4Addr::new(127, 1, 0, 0).to_bits() + number);
            let mut raw = Raw::from_peer(house.address, peer).await;
            assert!(!raw.greet(&[]).await.ended, "newcomer {number}");
            let told = raw.send(std::slice::from_ref(&open)).await;
            assert!(!told.ended, "newcomer {number}");
            guests.push(raw);
        }
        house.neighbour.answered(VERDICTS).await;
        // A peer that has as many as anybody gets no more.
        let greedy = Ipv4Addr::new(127, 0, 0, 3);
        let mut refused = 0;
        for _ in 0..4 {
            refused +=
                usize::from(Raw::from_peer(house.address, greedy).await.greet(&[]).await.ended);
        }
        assert!(refused > 0, "whoever has most must not take from others");
        house.neighbour.answered(VERDICTS).await;
    });
}

#[test]
fn who_is_still_writing_reads_its_goodbye_and_no_reset() {
    attack(LITTLE_MIB, async |house| {
        for _ in 0..20 {
            let mut stream = tokio::net::TcpStream::connect(house.address).await.unwrap();
            // A frame of data on no stream is a fault; what follows it is on its way when the server ends the connection.
            let fault = Frame::data(0, 0, b"nothing");
            let hello = [PREFACE, &bytes(&[Frame::settings(&[]), fault])].concat();
            stream.write_all(&hello).await.unwrap();
            for _ in 0..8 {
                stream.write_all(&[0; 32 * 1_024]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            let mut told = Vec::new();
            stream.read_to_end(&mut told).await.unwrap();
            assert!(!told.is_empty());
        }
    });
}
