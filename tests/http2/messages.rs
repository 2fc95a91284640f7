//! Messages that never end: each is ended when its time is over, and no more is kept of them than there is room for.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use faxguard::bounds;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame as Part;
use tokio_stream::StreamExt;
use tonic::body::Body;
use tonic::codegen::{Bytes, Service, http};
use tonic::transport::Channel;

use super::raw::{
    DATA, END_HEADERS, END_STREAM, Frame, HEADERS, Raw, STREAM, UNARY, bytes, call, message,
};
use super::{LITTLE_MIB, PATIENCE, VERDICTS, attack, attack_slow, channel, page, wire};

/// Messages that are sent but for their last byte: as many as one connection has streams.
const UNFINISHED: usize = bounds::CONNECTION_STREAMS_MAX as usize;
/// Their memory, in MiB: what one peer may have, at up to twice its size while buffers grow, and the windows of the
/// connection at both its ends.
const UNFINISHED_MIB: u64 = 96;

/// A call whose body is `parts` and then nothing, for ever.
async fn ask_without_end(channel: &Channel, parts: Vec<Bytes>) -> http::Response<Body> {
    let parts = tokio_stream::iter(parts).map(|part| Ok::<_, Infallible>(Part::data(part)));
    let body = Body::new(StreamBody::new(parts.chain(tokio_stream::pending())));
    let request = http::Request::post(UNARY).header("content-type", "application/grpc");
    let mut channel = channel.clone();
    std::future::poll_fn(|context| channel.poll_ready(context)).await.unwrap();
    channel.call(request.body(body).unwrap()).await.unwrap()
}

/// A message of the largest size but for its last byte.
fn unfinished() -> Vec<Bytes> {
    let most = bounds::SCREENING_MESSAGE_BYTES_MAX;
    let length = u32::try_from(most).unwrap().to_be_bytes();
    let part = Bytes::from(vec![0; 16 * 1_024]);
    let mut parts = vec![Bytes::from([&[0][..], &length].concat())];
    parts.extend(std::iter::repeat_n(part, most / (16 * 1_024)));
    *parts.last_mut().unwrap() = Bytes::from(vec![0; 16 * 1_024 - 1]);
    parts
}

#[test]
fn a_peer_keeps_no_more_unfinished_than_it_may() {
    attack(UNFINISHED_MIB, async |house| {
        let peer = IpAddr::from(Ipv4Addr::new(127, 0, 0, 2));
        let endpoint = Channel::from_shared(format!("http://{}", house.address)).unwrap();
        let channel = endpoint.local_address(Some(peer)).connect().await.unwrap();
        let mut open: tokio::task::JoinSet<_> = (0..UNFINISHED)
            .map(|_| {
                let (channel, parts) = (channel.clone(), unfinished());
                async move { ask_without_end(&channel, parts).await }
            })
            .collect();
        // Each is the last byte of a message away from its end, so that all but those that are kept are refused.
        let kept = bounds::PEER_UNFINISHED_BYTES_MAX / (bounds::SCREENING_MESSAGE_BYTES_MAX + 4);
        for _ in kept..UNFINISHED {
            let refused = tokio::time::timeout(PATIENCE, open.join_next()).await.unwrap();
            assert_eq!(refused.unwrap().unwrap().headers()["grpc-status"], "8");
        }
        house.neighbour.answered(VERDICTS).await;
        assert_eq!(open.len(), kept);
        drop(open);
        // What was kept is given back, so the peer may begin as many again.
        let (channel, parts) = (channel.clone(), unfinished());
        let again = tokio::spawn(async move { ask_without_end(&channel, parts).await });
        house.neighbour.answered(VERDICTS).await;
        assert!(!again.is_finished());
        again.abort();
    });
}

/// The end of a call that nobody reads makes its place free.
#[test]
fn a_body_that_never_comes_costs_no_other_call() {
    attack(LITTLE_MIB, async |house| {
        let channel = channel(house.address).await;
        let promised = Bytes::from_static(&[0, 0, 16, 0, 0]);
        let open: Vec<_> = (0..200)
            .map(|_| {
                let (channel, parts) = (channel.clone(), vec![promised.clone()]);
                tokio::spawn(async move { ask_without_end(&channel, parts).await })
            })
            .collect();
        house.neighbour.answered(VERDICTS * 4).await;
        open.iter().for_each(tokio::task::JoinHandle::abort);
        let refused = ask_without_end(&channel, vec![Bytes::from_static(&[0, 255, 0, 0, 0])]).await;
        assert_eq!(refused.headers()["grpc-status"], "11");
        assert!(refused.into_body().collect().await.is_ok());
    });
}

/// A stream may rest between two messages for as long as it likes; what has begun, and a call that is no stream, may not.
#[test]
fn what_has_begun_must_end_in_time_and_a_resting_stream_need_not() {
    attack_slow(Duration::from_millis(300), LITTLE_MIB, async |house| {
        let mut raw = Raw::greeted(house.address).await;
        let batch = message(&wire::StreamScreenFaxRequest { requests: vec![page()] });
        let one = message(&page());
        let open = |stream, path| Frame::headers(stream, END_HEADERS, &call(path));
        let resting = [open(1, STREAM), Frame::data(1, 0, &batch), open(3, STREAM)];
        assert!(!raw.talk(&bytes(&resting), |frame| frame.is(DATA, 1)).await.ended);
        let slow = [
            vec![open(5, UNARY)],
            vec![open(7, UNARY), Frame::data(7, 0, &one[..3])],
            vec![open(9, UNARY), Frame::data(9, 0, &one[..one.len() - 1])],
            vec![open(11, UNARY), Frame::data(11, 0, &one)],
            vec![open(13, STREAM), Frame::data(13, 0, &batch), Frame::data(13, 0, &batch[..2])],
            vec![open(15, STREAM), Frame::data(15, 0, &[&batch, &batch[..9]].concat())],
        ];
        for (frames, stream) in slow.iter().zip((5..).step_by(2)) {
            let last = |frame: &Frame| frame.is(HEADERS, stream) && frame.flags & END_STREAM != 0;
            let told = raw.talk(&bytes(frames), last).await;
            assert!(!told.ended, "{stream}: {told:?}");
            // HPACK: the table of the connection makes the rest of the trailers unreadable from here.
            assert_eq!(told.count(DATA), usize::from(stream >= 13), "{stream}");
        }
        // Those that rested while all these were ended go on.
        for stream in [1, 3] {
            let told = raw.of(stream, &[Frame::data(stream, 0, &batch)]).await;
            assert!(told.reset(stream).is_none() && !told.ended, "{stream}: {told:?}");
        }
    });
}
