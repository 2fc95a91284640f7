//! A screening service with a mood, behind a real tonic server on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use faxguard::wire::screening::v1 as wire;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status, Streaming};
use wire::screening_service_server::{ScreeningService, ScreeningServiceServer};

/// How the service takes a question.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mood {
    /// It answers.
    Well,
    /// It answers that.
    Saying(wire::Action),
    /// It answers after a while.
    Slow(Duration),
    /// It takes the question and never answers.
    Hung,
    /// It refuses.
    Refusing(Code),
    /// It answers with an action that no node knows.
    Odd,
    /// It wants the fingerprints of a received fax, then their maps, and then keeps it back.
    Curious,
}

/// What is wanted of a stage beyond what it brought.
fn wish(asked: &wire::ScreenFaxRequest) -> Option<wire::FingerprintWish> {
    let Some(wire::screen_fax_request::Stage::Received(received)) = &asked.stage else {
        return None;
    };
    let maps = received.fingerprints.iter().any(|page| !page.ink_map.is_empty());
    let key = |epoch| wire::FingerprintKey { epoch, secret: vec![7; 32] };
    let wish = wire::FingerprintWish {
        wanted: true,
        purpose: wire::ContentPurpose::PreventDisruption.into(),
        keys: vec![key(8), key(7)],
        ink_map_wanted: !received.fingerprints.is_empty(),
    };
    (!maps).then_some(wish)
}

#[derive(Clone)]
struct Service {
    mood: Arc<Mutex<Mood>>,
    seen: Arc<Mutex<Vec<wire::ScreenFaxRequest>>>,
    timeouts: Arc<Mutex<Vec<String>>>,
}

#[tonic::async_trait]
impl ScreeningService for Service {
    async fn report_usage(
        &self,
        _: Request<wire::ReportUsageRequest>,
    ) -> Result<Response<wire::ReportUsageResponse>, Status> {
        Ok(Response::new(wire::ReportUsageResponse::default()))
    }

    async fn screen_fax(
        &self,
        request: Request<wire::ScreenFaxRequest>,
    ) -> Result<Response<wire::ScreenFaxResponse>, Status> {
        let mood = *self.mood.lock();
        let timeout = request.metadata().get("grpc-timeout");
        let timeout = timeout.map(|value| value.to_str().unwrap().to_owned());
        self.timeouts.lock().push(timeout.unwrap_or_default());
        let asked = request.into_inner();
        let action = match mood {
            Mood::Well => wire::Action::DeliverTagged.into(),
            Mood::Saying(action) => action.into(),
            Mood::Slow(by) => {
                tokio::time::sleep(by).await;
                wire::Action::DeliverTagged.into()
            }
            Mood::Hung => std::future::pending().await,
            Mood::Refusing(code) => return Err(Status::new(code, "not now")),
            Mood::Odd => 99,
            Mood::Curious if wish(&asked).is_some() => wire::Action::Deliver.into(),
            Mood::Curious => wire::Action::Quarantine.into(),
        };
        let verdict = wire::Verdict {
            action,
            fingerprint: wish(&asked).filter(|_| matches!(mood, Mood::Curious)),
            reuse_duration: Some(pbjson_types::Duration { seconds: 600, nanos: 0 }),
            ..Default::default()
        };
        let response = wire::ScreenFaxResponse {
            request_id: asked.request_id.clone(),
            decision_id: "0123456789abcdef0123456789abcdef".into(),
            verdict: Some(verdict),
        };
        self.seen.lock().push(asked);
        Ok(Response::new(response))
    }

    type StreamScreenFaxStream = tokio_stream::Empty<Result<wire::StreamScreenFaxResponse, Status>>;

    async fn stream_screen_fax(
        &self,
        _: Request<Streaming<wire::StreamScreenFaxRequest>>,
    ) -> Result<Response<Self::StreamScreenFaxStream>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

/// The server.
pub(super) struct Canned {
    address: SocketAddr,
    service: Service,
    /// Of its own, so that connections end with it, as those of a killed process do.
    runtime: Runtime,
}

impl Canned {
    pub(super) fn begin(mood: Mood) -> Self {
        Self::begin_at("127.0.0.1:0".parse().unwrap(), mood)
    }

    pub(super) fn begin_at(address: SocketAddr, mood: Mood) -> Self {
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let service = Service {
            mood: Arc::new(Mutex::new(mood)),
            seen: Arc::default(),
            timeouts: Arc::default(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let serving = tonic::transport::Server::builder()
            .add_service(ScreeningServiceServer::new(service.clone()));
        runtime.spawn(async move {
            let incoming = TcpListenerStream::new(TcpListener::from_std(listener).unwrap());
            serving.serve_with_incoming(incoming).await.unwrap();
        });
        Self { address, service, runtime }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn set(&self, mood: Mood) {
        *self.service.mood.lock() = mood;
    }

    /// The questions that were answered, in their order.
    pub(super) fn seen(&self) -> Vec<wire::ScreenFaxRequest> {
        self.service.seen.lock().clone()
    }

    /// How many questions came, answered or not.
    pub(super) fn asked(&self) -> usize {
        self.service.timeouts.lock().len()
    }

    /// The deadlines that the questions brought.
    pub(super) fn timeouts(&self) -> Vec<String> {
        self.service.timeouts.lock().clone()
    }

    /// Gone, with everything that was under way.
    pub(super) fn end(self) {
        self.runtime.shutdown_background();
    }
}
