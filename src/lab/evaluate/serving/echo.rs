//! A bare tonic server: takes bytes, gives bytes of the size of a verdict, and does nothing in between.

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
/// The file with the two answers: of a call, and of a message of the stream; each after its length.
pub(super) const ANSWERS: &str = "answers";

/// Serves until the process is killed.
pub(super) fn serve(folder: &Path) -> Result<(), Fault> {
    let bytes = std::fs::read(folder.join(ANSWERS))?;
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or("answers are cut off")?;
    let unary = usize::try_from(u64::from_le_bytes(*length))?;
    let (unary, stream) = rest.split_at_checked(unary).ok_or("answers are cut off")?;
    let echo = Echo { unary: leak(unary), stream: leak(stream) };
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

/// The process lives for these bytes.
fn leak(bytes: &[u8]) -> &'static [u8] {
    Box::leak(bytes.to_vec().into_boxed_slice())
}

#[derive(Clone, Copy)]
struct Echo {
    unary: &'static [u8],
    stream: &'static [u8],
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
        let answer = self.stream;
        let answers = request.into_inner().map(move |asked| asked.map(|_| answer));
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
