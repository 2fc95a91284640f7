//! Frames of HTTP/2 as bytes (RFC 9113), and a client that sends whatever it is given.

use std::net::{Ipv4Addr, SocketAddr};

use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::ReadHalf;
use tokio::net::{TcpSocket, TcpStream};

use super::PATIENCE;

/// The client preface (section 3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Kinds of frames (section 6).
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

// Flags.
pub(super) const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const PADDED: u8 = 8;
/// A request without a body.
pub(super) const WHOLE: u8 = END_STREAM | END_HEADERS;

// Error codes (section 7).
pub(super) const PROTOCOL_ERROR: u32 = 1;
pub(super) const FLOW_CONTROL_ERROR: u32 = 3;
pub(super) const STREAM_CLOSED: u32 = 5;
pub(super) const FRAME_SIZE_ERROR: u32 = 6;
pub(super) const REFUSED_STREAM: u32 = 7;
pub(super) const ENHANCE_YOUR_CALM: u32 = 11;

/// Settings (section 6.5.2).
pub(super) const MAX_CONCURRENT_STREAMS: u16 = 3;
pub(super) const INITIAL_WINDOW_SIZE: u16 = 4;
pub(super) const MAX_FRAME_SIZE: u16 = 5;
pub(super) const MAX_HEADER_LIST_SIZE: u16 = 6;

/// Paths of the two ways to screen.
pub(super) const UNARY: &str = "/faxguard.screening.v1.ScreeningService/ScreenFax";
pub(super) const STREAM: &str = "/faxguard.screening.v1.ScreeningService/StreamScreenFax";

/// What the last ping of a flood says.
const LAST: [u8; 8] = *b"the last";

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    pub(super) fn new(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Self {
        Self { kind, flags, stream, payload: payload.to_vec() }
    }

    pub(super) fn headers(stream: u32, flags: u8, block: &[u8]) -> Self {
        Self::new(HEADERS, flags, stream, block)
    }

    pub(super) fn data(stream: u32, flags: u8, payload: &[u8]) -> Self {
        Self::new(DATA, flags, stream, payload)
    }

    pub(super) fn reset(stream: u32) -> Self {
        Self::new(RST_STREAM, 0, stream, &8_u32.to_be_bytes())
    }

    pub(super) fn window(stream: u32, increment: u32) -> Self {
        Self::new(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
    }

    pub(super) fn ping(payload: [u8; 8]) -> Self {
        Self::new(PING, 0, 0, &payload)
    }

    pub(super) fn settings(settings: &[(u16, u32)]) -> Self {
        let pair =
            |(id, value): &(u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
        let payload: Vec<u8> = settings.iter().flat_map(pair).collect();
        Self::new(SETTINGS, 0, 0, &payload)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[self.kind, self.flags], &self.stream.to_be_bytes()];
        [&head.concat(), &self.payload[..]].concat()
    }

    /// The first frame of `bytes`, which loses it.
    fn take(bytes: &mut Vec<u8>) -> Option<Self> {
        let head: [u8; 9] = bytes.first_chunk().copied()?;
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = head;
        let length = usize::try_from(u32::from_be_bytes([0, l0, l1, l2])).unwrap();
        let payload = bytes.get(9..9 + length)?.to_vec();
        drop(bytes.drain(..9 + length));
        let stream = u32::from_be_bytes([s0, s1, s2, s3]);
        Some(Self { kind, flags, stream, payload })
    }

    pub(super) fn is(&self, kind: u8, stream: u32) -> bool {
        self.kind == kind && self.stream == stream
    }

    /// The error code of a GOAWAY or RST_STREAM.
    pub(super) fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

/// Frames as they go over the line.
pub(super) fn bytes(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(Frame::encode).collect()
}

/// An integer of HPACK with a prefix of so many bits below `first` (RFC 7541 section 5.1).
pub(super) fn integer(first: u8, bits: u32, value: usize, block: &mut Vec<u8>) {
    let most = (1 << bits) - 1;
    if value < most {
        block.push(first | u8::try_from(value).unwrap());
        return;
    }
    block.push(first | u8::try_from(most).unwrap());
    let mut rest = value - most;
    while rest >= 128 {
        block.push(u8::try_from(rest % 128).unwrap() | 128);
        rest /= 128;
    }
    block.push(u8::try_from(rest).unwrap());
}

/// A header as a literal, plain and not indexed (section 6.2.2).
pub(super) fn literal(name: &str, value: &str, block: &mut Vec<u8>) {
    block.push(0);
    for text in [name, value] {
        integer(0, 7, text.len(), block);
        block.extend_from_slice(text.as_bytes());
    }
}

/// The header block of a call.
pub(super) fn call(path: &str) -> Vec<u8> {
    call_with(path, &[])
}

/// The same with more headers.
pub(super) fn call_with(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut block = vec![0x83, 0x86]; // `:method: POST` and `:scheme: http` of the static table.
    literal(":path", path, &mut block);
    literal(":authority", "faxguard", &mut block);
    literal("content-type", "application/grpc", &mut block);
    literal("te", "trailers", &mut block);
    more.iter().for_each(|(name, value)| literal(name, value, &mut block));
    block
}

/// A message behind the five bytes of gRPC.
pub(super) fn message(message: &impl Message) -> Vec<u8> {
    let body = message.encode_to_vec();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[0][..], &length, &body].concat()
}

/// What the server said, and whether it ended the connection then.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) frames: Vec<Frame>,
    pub(super) ended: bool,
}

impl Told {
    /// How the server ended the connection: the code of its GOAWAY.
    pub(super) fn goodbye(&self) -> Option<u32> {
        let goodbye = self.frames.iter().rfind(|frame| frame.kind == GOAWAY);
        goodbye.filter(|_| self.ended).map(Frame::code)
    }

    /// How the server reset a stream.
    pub(super) fn reset(&self, stream: u32) -> Option<u32> {
        self.frames.iter().find(|frame| frame.is(RST_STREAM, stream)).map(Frame::code)
    }

    pub(super) fn count(&self, kind: u8) -> usize {
        self.frames.iter().filter(|frame| frame.kind == kind).count()
    }
}

/// A connection to the server.
pub(super) struct Raw {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Raw {
    /// A connection over which nothing has been said.
    pub(super) async fn silent(server: SocketAddr) -> Self {
        Self::from_peer(server, Ipv4Addr::LOCALHOST).await
    }

    /// The same from another address of this machine.
    pub(super) async fn from_peer(server: SocketAddr, own: Ipv4Addr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((own, 0).into()).unwrap();
        let stream = socket.connect(server).await.unwrap();
        Self { stream, seen: Vec::new() }
    }

    /// A connection over which both sides have said their settings.
    pub(super) async fn greeted(server: SocketAddr) -> Self {
        Self::greeted_with(server, &[]).await.0
    }

    /// The same with settings of one's own, and what the server said.
    pub(super) async fn greeted_with(server: SocketAddr, own: &[(u16, u32)]) -> (Self, Told) {
        let mut raw = Self::silent(server).await;
        let told = raw.greet(own).await;
        assert!(!told.ended, "{told:?}");
        (raw, told)
    }

    /// Says the preface and waits until the server has taken it up.
    pub(super) async fn greet(&mut self, own: &[(u16, u32)]) -> Told {
        let hello = [PREFACE, &Frame::settings(own).encode()].concat();
        let mut told = self.talk(&hello, |frame| frame.kind == SETTINGS && frame.flags == 0).await;
        if !told.ended {
            let more = self.flood(&Frame::new(SETTINGS, ACK, 0, &[]).encode()).await;
            told.frames.extend(more.frames);
            told.ended = more.ended;
        }
        told
    }

    /// Sends, and reads meanwhile, so that neither side waits for the other, until a frame is the last or the server ends.
    pub(super) async fn talk(&mut self, bytes: &[u8], last: impl FnMut(&Frame) -> bool) -> Told {
        let Self { stream, seen } = self;
        let (mut from, mut to) = stream.split();
        // A server that ends the connection reads no further, which is no fault of ours.
        let write = async { drop(to.write_all(bytes).await) };
        let both = async { tokio::join!(write, read(&mut from, seen, last)).1 };
        tokio::time::timeout(PATIENCE, both).await.unwrap()
    }

    /// Sends, and reads until the server has taken up the last byte or ends.
    pub(super) async fn flood(&mut self, bytes: &[u8]) -> Told {
        let all = [bytes, &Frame::ping(LAST).encode()].concat();
        self.talk(&all, |frame| *frame == Frame::new(PING, ACK, 0, &LAST)).await
    }

    pub(super) async fn send(&mut self, frames: &[Frame]) -> Told {
        self.flood(&bytes(frames)).await
    }

    /// Sends, and reads until the server has said something of a stream or ends.
    pub(super) async fn of(&mut self, stream: u32, frames: &[Frame]) -> Told {
        let of = |frame: &Frame| frame.stream == stream && frame.kind != WINDOW_UPDATE;
        self.talk(&bytes(frames), of).await
    }

    /// Sends without ever reading, as far as the server takes it.
    pub(super) async fn pour(mut self, bytes: Vec<u8>) -> Self {
        drop(self.stream.write_all(&bytes).await);
        self
    }

    /// Says that nothing more comes.
    pub(super) async fn finish(&mut self, bytes: &[u8]) -> Told {
        drop(self.stream.write_all(bytes).await);
        drop(self.stream.shutdown().await);
        self.end().await
    }

    /// Reads until the server ends the connection.
    pub(super) async fn end(&mut self) -> Told {
        self.talk(&[], |_| false).await
    }
}

async fn read(
    from: &mut ReadHalf<'_>,
    seen: &mut Vec<u8>,
    mut last: impl FnMut(&Frame) -> bool,
) -> Told {
    let mut frames = Vec::new();
    let mut chunk = vec![0; 64 * 1_024];
    loop {
        while let Some(frame) = Frame::take(seen) {
            let enough = last(&frame);
            frames.push(frame);
            if enough {
                return Told { frames, ended: false };
            }
        }
        match from.read(&mut chunk).await {
            Ok(0) | Err(_) => return Told { frames, ended: true },
            Ok(count) => seen.extend_from_slice(&chunk[..count]),
        }
    }
}
