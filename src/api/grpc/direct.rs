//! The straight way for the call that nearly every fax takes: a whole request in one frame, one answer. Whatever comes in
//! another shape, sound or not, goes the general way with every byte it brought.

use std::convert::Infallible;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use prost::Message as _;
use prost::bytes::{BufMut as _, Bytes, BytesMut};
use tokio_stream::StreamExt as _;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::NamedService;

use super::screening::Desk;
use crate::wire::screening::v1 as wire;

/// The call.
const PATH: &str = "/faxguard.screening.v1.ScreeningService/ScreenFax";
/// What precedes a message: a byte that says whether it is compressed, and its length in four.
const PREFIX_BYTES: usize = 5;

/// A service with a straight way beside it.
#[derive(Clone, Debug)]
pub(super) struct Direct<S> {
    desk: Arc<Desk>,
    general: S,
}

impl<S> Direct<S> {
    pub(super) const fn new(desk: Arc<Desk>, general: S) -> Self {
        Self { desk, general }
    }
}

impl<S: NamedService> NamedService for Direct<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Direct<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.general.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (desk, mut general) = (Arc::clone(&self.desk), self.general.clone());
        let encoded = request.headers().get("grpc-encoding");
        let plain = encoded.is_none_or(|encoding| encoding == "identity");
        Box::pin(async move {
            if !plain || request.uri().path() != PATH {
                return general.call(request).await;
            }
            let (parts, mut body) = request.into_parts();
            let first = body.frame().await;
            let message = first.as_ref().and_then(|frame| whole(frame.as_ref().ok()?.data_ref()?));
            let last = if message.is_some() { body.frame().await } else { None };
            // The end of a stream may come as a frame of its own, with nothing in it.
            let ended = match &last {
                None => true,
                Some(Ok(frame)) => frame.data_ref().is_some_and(Bytes::is_empty),
                Some(Err(_)) => false,
            };
            let asked = message.filter(|_| ended);
            let asked = asked.and_then(|asked| wire::ScreenFaxRequest::decode(asked).ok());
            if let Some(asked) = asked {
                let told = desk.answer_call(&asked, &parts.extensions).await;
                return Ok(told.map_or_else(Status::into_http, |told| response(&told)));
            }
            let brought = tokio_stream::iter([first, last].into_iter().flatten());
            let rest = brought.chain(BodyStream::new(body));
            let body = Body::new(StreamBody::new(rest));
            general.call(http::Request::from_parts(parts, body)).await
        })
    }
}

/// The message of a frame that holds exactly one, uncompressed.
fn whole(frame: &Bytes) -> Option<Bytes> {
    let (prefix, message) = frame.split_first_chunk::<PREFIX_BYTES>()?;
    let [0, a, b, c, d] = *prefix else { return None };
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
    (length == message.len()).then(|| frame.slice(PREFIX_BYTES..))
}

/// An answer in one piece, with its status behind it.
fn response(told: &wire::ScreenFaxResponse) -> http::Response<Body> {
    let length = told.encoded_len();
    let mut bytes = BytesMut::with_capacity(PREFIX_BYTES + length);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    told.encode_raw(&mut bytes);
    let mut trailers = http::HeaderMap::with_capacity(1);
    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
    let body = Full::new(bytes.freeze()).with_trailers(ready(Some(Ok(trailers))));
    let mut response = http::Response::new(Body::new(body));
    let kind = http::HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_whole_message_goes_the_straight_way() {
        for (frame, message) in [
            (&[0, 0, 0, 0, 2, 7, 8][..], Some(&[7, 8][..])),
            (&[0, 0, 0, 0, 0], Some(&[])),
            (&[], None),
            (&[0, 0, 0, 0], None),
            (&[0, 0, 0, 0, 3, 7, 8], None),
            (&[0, 0, 0, 0, 1, 7, 8], None),
            (&[1, 0, 0, 0, 2, 7, 8], None),
            (&[2, 0, 0, 0, 2, 7, 8], None),
            (&[0, 255, 255, 255, 255, 7, 8], None),
        ] {
            assert_eq!(whole(&Bytes::copy_from_slice(frame)).as_deref(), message, "{frame:?}");
        }
    }
}
