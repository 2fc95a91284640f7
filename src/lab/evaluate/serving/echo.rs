//! A bare tonic server: takes bytes, gives bytes of the size of a verdict, and does nothing in between. The process lives for
//! those, so that they are leaked.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io::Write;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use prost::bytes::{Buf as _, BufMut as _};
use tokio_stream::{Stream, StreamExt};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, StreamingService, UnaryService};
use tonic::{Request, Response, Status, Streaming};

use super::Fault;

/// Name of the part.
pub(super) const PART: &str = "echo";
/// The files with the answers: of a call, and of a message of a stream with one request and with many.
pub(super) const ANSWERS: [&str; 3] = ["unary", "one", "many"];
/// Length of a message from which many requests are in it: each has more than 100 bytes and less than 500.
const MANY_BYTES: usize = 1_000;

/// Serves until the process is killed.
pub(super) fn serve(folder: &Path) -> Result<(), Fault> {
    let [unary, one, many] =
        ANSWERS.map(|name| std::fs::read(folder.join(name)).map(|bytes| &*bytes.leak()));
    let echo = Echo { unary: unary?, one: one?, many: many? };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let line = serde_json::json!({ "message": "serving", "address": listener.local_addr()? });
        writeln!(std::io::stderr(), "{line}")?;
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener)
            .map(|stream| stream.and_then(|stream| stream.set_nodelay(true).map(|()| stream)));
        tonic::transport::Server::builder().add_service(echo).serve_with_incoming(incoming).await?;
        Ok(())
    })
}

#[derive(Clone, Copy)]
struct Echo {
    unary: &'static [u8],
    one: &'static [u8],
    many: &'static [u8],
}

impl NamedService for Echo {
    const NAME: &'static str = "faxguard.screening.v1.ScreeningService";
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let echo = *self;
        let streamed = request.uri().path().ends_with("/StreamScreenFax");
        Box::pin(async move {
            let mut grpc = Grpc::new(Bytes);
            Ok(match streamed {
                true => grpc.streaming(echo, request).await,
                false => grpc.unary(echo, request).await,
            })
        })
    }
}

impl UnaryService<usize> for Echo {
    type Response = &'static [u8];
    type Future = Ready<Result<Response<Self::Response>, Status>>;

    fn call(&mut self, _request: Request<usize>) -> Self::Future {
        ready(Ok(Response::new(self.unary)))
    }
}

impl StreamingService<usize> for Echo {
    type Response = &'static [u8];
    type ResponseStream = Pin<Box<dyn Stream<Item = Result<&'static [u8], Status>> + Send>>;
    type Future = Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<usize>>) -> Self::Future {
        let Self { one, many, .. } = *self;
        let answer = move |length: usize| if length < MANY_BYTES { one } else { many };
        let answers = request.into_inner().map(move |asked| asked.map(answer));
        ready(Ok(Response::new(Box::pin(answers))))
    }
}

/// Messages as the bytes they are; of what is read only the length is kept.
#[derive(Clone, Copy, Default)]
struct Bytes;

impl Codec for Bytes {
    type Encode = &'static [u8];
    type Decode = usize;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Bytes {
    type Item = &'static [u8];
    type Error = Status;

    fn encode(&mut self, item: &'static [u8], into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = usize;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<usize>, Status> {
        let length = from.remaining();
        from.advance(length);
        Ok(Some(length))
    }
}
