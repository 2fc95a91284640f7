//! The service of verdicts: its calls, where verdicts are put straight into bytes. What tonic would generate makes messages of
//! them first, a piece of memory for each text.
//!
//! The call that nearly every fax takes, a whole request in one frame, is answered without tonic's way through its parts.
//! Whatever comes in another shape, sound or not, goes that way with every byte it brought.

use std::convert::Infallible;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use prost::Message as _;
use prost::bytes::{BufMut as _, Bytes, BytesMut};
use tokio_stream::StreamExt as _;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, StreamingService, UnaryService};
use tonic::{Request, Response, Status, Streaming};

use super::screening::{AnswerStream, Desk};
use crate::bounds;
use crate::wire::bounded::Bounded;
use crate::wire::encoded::Encoded;
use crate::wire::screening::v1 as wire;

/// The calls.
const SCREEN_FAX: &str = "/faxguard.screening.v1.ScreeningService/ScreenFax";
const STREAM_SCREEN_FAX: &str = "/faxguard.screening.v1.ScreeningService/StreamScreenFax";
const REPORT_USAGE: &str = "/faxguard.screening.v1.ScreeningService/ReportUsage";
/// What precedes a message: a byte that says whether it is compressed, and its length in four.
const PREFIX_BYTES: usize = 5;

/// The service.
#[derive(Clone, Debug)]
pub(super) struct Dispatch(Arc<Desk>);

/// What comes of a call.
type Calling<T> = Pin<Box<dyn Future<Output = Result<T, Status>> + Send>>;

impl Dispatch {
    pub(super) fn new(desk: Desk) -> Self {
        Self(Arc::new(desk))
    }
}

impl NamedService for Dispatch {
    const NAME: &'static str = wire::screening_service_server::SERVICE_NAME;
}

impl Service<http::Request<Body>> for Dispatch {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let desk = self.clone();
        Box::pin(async move {
            Ok(match request.uri().path() {
                SCREEN_FAX => desk.screen_fax(request).await,
                STREAM_SCREEN_FAX => grpc().streaming(desk, request).await,
                REPORT_USAGE => grpc().unary(Usage(desk.0), request).await,
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

/// tonic's way through a call.
fn grpc<T, U>() -> Grpc<Bounded<T, U>>
where
    T: prost::Message + Send + 'static,
    U: prost::Message + Default + Send + 'static,
{
    let most = Some(bounds::SCREENING_MESSAGE_BYTES_MAX);
    Grpc::new(Bounded::default()).apply_max_message_size_config(most, None)
}

impl Dispatch {
    async fn screen_fax(self, request: http::Request<Body>) -> http::Response<Body> {
        let encoded = request.headers().get("grpc-encoding");
        if encoded.is_some_and(|encoding| encoding != "identity") {
            return grpc().unary(self, request).await;
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
            let told = self.0.answer_call(&asked, &parts.extensions).await;
            return told.map_or_else(Status::into_http, |told| response(&told));
        }
        let brought = tokio_stream::iter([first, last].into_iter().flatten());
        let rest = brought.chain(BodyStream::new(body));
        let body = Body::new(StreamBody::new(rest));
        grpc().unary(self, http::Request::from_parts(parts, body)).await
    }
}

impl UnaryService<wire::ScreenFaxRequest> for Dispatch {
    type Response = Encoded;
    type Future = Calling<Response<Encoded>>;

    fn call(&mut self, request: Request<wire::ScreenFaxRequest>) -> Self::Future {
        let desk = Arc::clone(&self.0);
        Box::pin(async move {
            let told = desk.answer_call(request.get_ref(), request.extensions()).await?;
            Ok(Response::new(told))
        })
    }
}

impl StreamingService<wire::StreamScreenFaxRequest> for Dispatch {
    type Response = Encoded;
    type ResponseStream = AnswerStream;
    type Future = std::future::Ready<Result<Response<AnswerStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<wire::StreamScreenFaxRequest>>) -> Self::Future {
        ready(Ok(Response::new(self.0.answers(request))))
    }
}

/// What takes a node's word on what it has.
struct Usage(Arc<Desk>);

impl UnaryService<wire::ReportUsageRequest> for Usage {
    type Response = wire::ReportUsageResponse;
    type Future = std::future::Ready<Result<Response<wire::ReportUsageResponse>, Status>>;

    fn call(&mut self, request: Request<wire::ReportUsageRequest>) -> Self::Future {
        ready(self.0.note_usage(&request).map(Response::new))
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
fn response(Encoded(told): &Encoded) -> http::Response<Body> {
    let mut bytes = BytesMut::with_capacity(PREFIX_BYTES + told.len());
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(told.len()).unwrap_or(u32::MAX));
    bytes.put_slice(told);
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
