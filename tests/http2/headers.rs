//! Header bombs: lists without end, and games with HPACK (RFC 7541).

use faxguard::bounds;

use super::raw::{
    CONTINUATION, DATA, END_HEADERS, ENHANCE_YOUR_CALM, Frame, HEADERS, PROTOCOL_ERROR, Raw, UNARY,
    WHOLE, bytes, call, call_with, integer, literal, message,
};
use super::{LITTLE_MIB, attack, page};

/// The largest payload of a frame.
const FRAME: usize = bounds::FRAME_BYTES_MAX as usize;

/// A header block of one stream, as many frames as it takes.
fn in_frames(stream: u32, block: &[u8]) -> Vec<Frame> {
    let mut frames: Vec<Frame> = block
        .chunks(FRAME)
        .enumerate()
        .map(|(at, part)| {
            let kind = if at == 0 { HEADERS } else { CONTINUATION };
            Frame::new(kind, u8::from(at == 0), stream, part)
        })
        .collect();
    frames.last_mut().unwrap().flags |= END_HEADERS;
    frames
}

#[test]
fn a_header_list_beyond_its_limit_is_refused_and_the_connection_goes_on() {
    attack(LITTLE_MIB, async |house| {
        let mut raw = Raw::greeted(house.address).await;
        let most = bounds::HEADER_LIST_BYTES_MAX as usize;
        let block = call_with(UNARY, &[("x-fill", &"a".repeat(most))]);
        let told = raw.of(1, &in_frames(1, &block)).await;
        assert!(!told.ended);
        // The answer is the bare status 431, and nothing behind the port has seen the call.
        let answer = told.frames.iter().find(|frame| frame.stream == 1).unwrap();
        assert_eq!((answer.kind, answer.flags), (HEADERS, WHOLE));
        let ask =
            [Frame::headers(3, END_HEADERS, &call(UNARY)), Frame::data(3, 1, &message(&page()))];
        let told = raw.talk(&bytes(&ask), |frame| frame.is(DATA, 3)).await;
        assert!(!told.ended);
    });
}

#[test]
fn a_header_list_far_beyond_its_limit_ends_the_connection() {
    attack(LITTLE_MIB, async |house| {
        let mut block = call(UNARY);
        for _ in 0..bounds::HEADER_LIST_BYTES_MAX {
            literal("x", "", &mut block);
        }
        let told = Raw::greeted(house.address).await.send(&in_frames(1, &block)).await;
        assert_eq!(told.goodbye(), Some(ENHANCE_YOUR_CALM));
    });
}

/// CVE-2024-27316.
#[test]
fn continuations_without_end_end_the_connection() {
    attack(LITTLE_MIB, async |house| {
        let mut small = Vec::new();
        literal("x", "y", &mut small);
        for payload in [&[][..], &small, &[0, 1]] {
            let mut frames = vec![Frame::headers(1, 0, &call(UNARY))];
            frames.extend((0..10_000).map(|_| Frame::new(CONTINUATION, 0, 1, payload)));
            let told = Raw::greeted(house.address).await.send(&frames).await;
            assert!(
                matches!(told.goodbye(), Some(ENHANCE_YOUR_CALM | PROTOCOL_ERROR)),
                "{payload:?}"
            );
            assert_eq!(told.count(HEADERS), 0);
        }
    });
}

/// A string of 4 GiB, sent as far as it is taken.
#[test]
fn a_header_that_never_ends_ends_the_connection() {
    attack(LITTLE_MIB, async |house| {
        let mut block = call(UNARY);
        block.extend([0, 1, b'x']);
        integer(0, 7, u32::MAX as usize, &mut block);
        block.resize(FRAME, b'y');
        let mut frames = vec![Frame::headers(1, 0, &block)];
        frames.extend((0..200).map(|_| Frame::new(CONTINUATION, 0, 1, &block)));
        let told = Raw::greeted(house.address).await.send(&frames).await;
        assert!(told.goodbye().is_some());
    });
}

/// One entry of the dynamic table, named again and again by one byte each: 60 MiB of headers in 16 KiB.
#[test]
fn a_bomb_of_indexed_headers_ends_the_connection() {
    attack(LITTLE_MIB, async |house| {
        let mut block = call(UNARY);
        block.extend([0x40, 1, b'x']);
        integer(0, 7, 3_900, &mut block);
        block.extend([b'y'; 3_900]);
        block.resize(FRAME, 0x80 | 62);
        let told =
            Raw::greeted(house.address).await.send(&[Frame::headers(1, WHOLE, &block)]).await;
        assert_eq!(told.goodbye(), Some(ENHANCE_YOUR_CALM));
    });
}

#[test]
fn broken_compression_ends_the_connection() {
    let endless = [&[0x7f][..], &[0xff; 20]].concat();
    let table = |size| {
        let mut block = Vec::new();
        integer(0x20, 5, size, &mut block);
        block
    };
    let cases = [
        ("an index of nothing", vec![0x80]),
        ("an index beyond the table", vec![0x80 | 62]),
        ("an integer without end", endless.clone()),
        ("a length without end", [&[0, 0x7f][..], &[0xff; 20]].concat()),
        ("a table of more than was allowed", table(4_097)),
        ("a table of 4 GiB", table(u32::MAX as usize)),
        ("a table size in the middle", [call(UNARY), table(0)].concat()),
        ("a string beyond its block", vec![0, 5, b'x']),
        ("a Huffman code that is none", vec![0, 0x84, 0xff, 0xff, 0xff, 0xff, 0]),
        ("an integer cut off", vec![0x7f, 0x80]),
    ];
    attack(LITTLE_MIB, async move |house| {
        for (what, block) in &cases {
            let frame = Frame::headers(1, WHOLE, block);
            let told = Raw::greeted(house.address).await.send(&[frame]).await;
            assert!(told.goodbye().is_some(), "{what}: {told:?}");
        }
        // Sizes of the table up and down, at the beginning of a block, are allowed: they cost nothing.
        let mut raw = Raw::greeted(house.address).await;
        let mut block = [table(0), table(4_096)].concat().repeat(1_000);
        block.extend(call(UNARY));
        let ask = [Frame::headers(1, END_HEADERS, &block), Frame::data(1, 1, &message(&page()))];
        assert!(!raw.talk(&bytes(&ask), |frame| frame.is(DATA, 1)).await.ended);
    });
}

/// Calls whose headers make no sense to HTTP/2 are reset, one by one.
#[test]
fn malformed_calls_are_reset() {
    let upper = {
        let mut block = call(UNARY);
        literal("X-Upper", "1", &mut block);
        block
    };
    let late = {
        let mut block = call(UNARY);
        literal(":path", UNARY, &mut block);
        block
    };
    let cases = [
        ("no pseudo-header", vec![0, 1, b'x', 1, b'y']),
        ("an unknown pseudo-header", [vec![0, 2, b':', b'x', 0], call(UNARY)].concat()),
        ("an upper-case name", upper),
        ("a pseudo-header twice and late", late),
        ("te of something else", call_with(UNARY, &[("te", "gzip")])),
        ("a header of HTTP/1.1", call_with(UNARY, &[("transfer-encoding", "chunked")])),
        ("a line break", call_with(UNARY, &[("x", "a\r\nb: c")])),
        ("a zero byte", call_with(UNARY, &[("x", "a\u{0}")])),
        ("a wrong length", call_with(UNARY, &[("content-length", "99")])),
        ("an answer's header", [vec![0x88], call(UNARY)].concat()),
    ];
    attack(LITTLE_MIB, async move |house| {
        for (what, block) in &cases {
            let mut raw = Raw::greeted(house.address).await;
            let told = raw.of(1, &[Frame::headers(1, WHOLE, block)]).await;
            assert!(told.reset(1).is_some() || told.goodbye().is_some(), "{what}: {told:?}");
            assert_eq!(told.count(HEADERS), 0, "{what}");
        }
    });
}
