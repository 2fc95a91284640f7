//! Calls that are sound HTTP/2 and no sound gRPC: answered with a status, whatever they are.

use std::convert::Infallible;

use faxguard::bounds;
use http_body_util::{BodyExt, Full};
use tonic::Code;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::codegen::{Bytes, Service, http};
use tonic::transport::Channel;
use wire::screening_service_client::ScreeningServiceClient;

use super::raw::{
    END_HEADERS, END_STREAM, Frame, HEADERS, Raw, STREAM, UNARY, bytes, call_with, message,
};
use super::{LITTLE_MIB, PATIENCE, attack, channel, page, wire};

/// Headers of a call, in place of the usual ones or beside them.
type Headers = &'static [(&'static str, &'static str)];

const USUAL: Headers = &[("content-type", "application/grpc"), ("te", "trailers")];

/// The status a call comes to, in headers or trailers; `None` is no status of gRPC.
async fn ask(channel: &Channel, path: &str, headers: Headers, body: Vec<u8>) -> Option<Code> {
    answer(channel, path, headers, body).await.1
}

/// The same behind the status of HTTP.
async fn answer(
    channel: &Channel,
    path: &str,
    headers: Headers,
    body: Vec<u8>,
) -> (u16, Option<Code>) {
    let mut request = http::Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Full::new(Bytes::from(body)).map_err(|never: Infallible| match never {});
    let request = request.body(Body::new(body)).unwrap();
    let mut channel = channel.clone();
    std::future::poll_fn(|context| channel.poll_ready(context)).await.unwrap();
    let answer = tokio::time::timeout(PATIENCE, channel.call(request)).await.unwrap().unwrap();
    let (head, body) = answer.into_parts();
    let collected = tokio::time::timeout(PATIENCE, body.collect()).await.unwrap().unwrap();
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let status = head.headers.get("grpc-status").or(trailers.get("grpc-status")).cloned();
    (head.status.as_u16(), status.map(|status| Code::from_bytes(status.as_bytes())))
}

/// What a call is, its headers, and the status it comes to; none is 415 of HTTP.
type Case = (&'static str, Vec<(&'static str, &'static str)>, Option<Code>);

/// A message of so many bytes that says it has `length`.
fn promised(flag: u8, length: u32, body: &[u8]) -> Vec<u8> {
    [&[flag][..], &length.to_be_bytes(), body].concat()
}

#[test]
fn broken_messages_are_answered_with_a_status() {
    let most = u32::try_from(bounds::SCREENING_MESSAGE_BYTES_MAX).unwrap();
    let sound = message(&page());
    let cases = [
        ("a message of 4 GiB", promised(0, u32::MAX, &[0; 64]), Code::OutOfRange),
        ("one byte too many", promised(0, most + 1, &[]), Code::OutOfRange),
        ("a message cut off", sound[..sound.len() - 1].to_vec(), Code::Internal),
        ("a head cut off", vec![0, 0, 0], Code::Internal),
        ("no message", vec![], Code::Internal),
        ("an empty message", promised(0, 0, &[]), Code::InvalidArgument),
        ("garbage", promised(0, 64, &[0xff; 64]), Code::Internal),
        ("a group without end", promised(0, 64, &[0x0b; 64]), Code::Internal),
        ("zeros of the largest size", promised(0, most, &vec![0; most as usize]), Code::Internal),
        ("compressed, they say", promised(1, 64, &[0xff; 64]), Code::Internal),
        ("a flag that is none", promised(7, 64, &[0; 64]), Code::Internal),
    ];
    attack(LITTLE_MIB, async move |house| {
        let channel = channel(house.address).await;
        for (what, body, code) in &cases {
            for path in [UNARY, STREAM] {
                let told = ask(&channel, path, USUAL, body.clone()).await;
                let told = told.unwrap_or_else(|| panic!("{what}: no status"));
                let streamed = matches!(*what, "no message" | "an empty message") && path == STREAM;
                assert!(streamed || told == *code, "{what} {path}: {told:?}");
            }
        }
        let told = ask(&channel, UNARY, USUAL, sound).await;
        assert_eq!(told, Some(Code::Ok));
        for (path, most) in [
            ("/faxguard.report.v1.ReportService/FileReport", bounds::READ_FAX_MESSAGE_BYTES_MAX),
            ("/faxguard.operator.v1.PolicyService/ApplyPolicy", bounds::OPERATOR_MESSAGE_BYTES_MAX),
        ] {
            let beyond = u32::try_from(most + 1).unwrap();
            let told = ask(&channel, path, USUAL, promised(0, beyond, &[])).await;
            assert_eq!(told, Some(Code::OutOfRange), "{path}");
        }
    });
}

/// A message nested deeper than any of ours, and one of thousands of requests: bounded, and refused as a whole.
#[test]
fn deep_and_wide_messages_are_answered_with_a_status() {
    attack(LITTLE_MIB, async |house| {
        let channel = channel(house.address).await;
        let mut nested = Vec::new();
        for _ in 0..2_000 {
            let mut outer = vec![0x2a];
            prost::encoding::encode_varint(u64::try_from(nested.len()).unwrap(), &mut outer);
            outer.extend(nested);
            nested = outer;
        }
        let length = u32::try_from(nested.len()).unwrap();
        let told = ask(&channel, UNARY, USUAL, promised(0, length, &nested)).await;
        assert!(matches!(told, Some(Code::InvalidArgument | Code::Internal)), "{told:?}");
        // Two bytes each: half a million empty requests in one message.
        let wide = [0x0a, 0].repeat(bounds::SCREENING_MESSAGE_BYTES_MAX / 2);
        let length = u32::try_from(wide.len()).unwrap();
        let told = ask(&channel, STREAM, USUAL, promised(0, length, &wide)).await;
        assert_eq!(told, Some(Code::InvalidArgument));
    });
}

#[test]
fn odd_headers_are_answered_with_a_status() {
    let grpc = ("content-type", "application/grpc");
    let kind = |kind| ("content-type", kind);
    let odd = ("grpc-trace-bin", "!");
    let cases: [Case; 12] = [
        ("no te", vec![grpc], Some(Code::Ok)),
        ("with its code", vec![kind("application/grpc+proto")], Some(Code::Ok)),
        ("with a parameter", vec![kind("application/grpc; charset=x")], Some(Code::Ok)),
        ("no content type", vec![("te", "trailers")], None),
        ("json", vec![kind("application/json")], None),
        ("web", vec![kind("application/grpc-web-text")], None),
        ("a longer word", vec![kind("application/grpcx")], None),
        ("a form", vec![kind("application/x-www-form-urlencoded")], None),
        ("an unknown encoding", vec![grpc, ("grpc-encoding", "rot13")], Some(Code::Unimplemented)),
        ("gzip", vec![grpc, ("grpc-encoding", "gzip")], Some(Code::Unimplemented)),
        ("nonsense", vec![grpc, ("grpc-accept-encoding", ",,;gzip;q=")], Some(Code::Ok)),
        ("a binary that is none", vec![grpc, ("x-bin", "%%%"), odd], Some(Code::Ok)),
    ];
    attack(LITTLE_MIB, async move |house| {
        let channel = channel(house.address).await;
        for (what, headers, code) in cases {
            let headers: Headers = Vec::leak(headers);
            for path in [UNARY, STREAM] {
                let body = if path == UNARY { message(&page()) } else { Vec::new() };
                let told = answer(&channel, path, headers, body).await;
                let status = if code.is_some() { 200 } else { 415 };
                // A stream without a message is over before an encoding is of any use.
                let code = code.map(|code| if path == UNARY { code } else { told.1.unwrap() });
                assert_eq!(told, (status, code), "{what} {path}");
            }
        }
        for path in [
            "/",
            "/x",
            "/no.such.Service/Method",
            "/faxguard.screening.v1.ScreeningService/",
            "/faxguard.screening.v1.ScreeningService/Screenfax",
            "/faxguard.screening.v1.ScreeningService/ScreenFax/",
            "//faxguard.screening.v1.ScreeningService/ScreenFax",
            "/faxguard.screening.v1.ScreeningService/%53creenFax",
            "/../../etc/passwd",
        ] {
            let told = ask(&channel, path, USUAL, message(&page())).await;
            assert_eq!(told, Some(Code::Unimplemented), "{path}");
        }
    });
}

/// 16 MiB of spaces behind 16 KiB of gzip: the port takes no compression, so that nothing is inflated.
#[test]
fn a_bomb_of_gzip_is_not_inflated() {
    attack(4 * LITTLE_MIB, async |house| {
        let mut bomb = page();
        bomb.fax_id = " ".repeat(16 * 1_024 * 1_024);
        let client = ScreeningServiceClient::new(channel(house.address).await);
        let mut client = client.send_compressed(CompressionEncoding::Gzip);
        let refused = client.screen_fax(bomb).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unimplemented);
    });
}

/// Deadlines that a caller may name, over a raw connection: a client of ours would keep them itself.
#[test]
fn hostile_deadlines_are_answered() {
    let deadlines =
        ["0n", "1n", "99999999H", "18446744073709551616H", "-1S", "1", "H", "", "1s", "0x1S"];
    attack(LITTLE_MIB, async move |house| {
        let mut raw = Raw::greeted(house.address).await;
        for (deadline, stream) in deadlines.into_iter().zip((1..).step_by(2)) {
            let head = call_with(UNARY, &[("grpc-timeout", deadline)]);
            let ask = [
                Frame::headers(stream, END_HEADERS, &head),
                Frame::data(stream, END_STREAM, &message(&page())),
            ];
            let last = |frame: &Frame| frame.stream == stream && frame.flags & END_STREAM != 0;
            let told = raw.talk(&bytes(&ask), last).await;
            assert!(told.count(HEADERS) >= 1 && !told.ended, "{deadline:?}: {told:?}");
        }
    });
}
