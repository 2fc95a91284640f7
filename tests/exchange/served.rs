//! Whole servers that share levels: what is spent at one of them is spent at the other, over an end and a new beginning.

use std::path::Path;

use faxguard::api::live::Timepiece;
use faxguard::server::assemble::assemble;
use faxguard::server::drain::Drain;
use faxguard::server::listen::ServeFault;
use faxguard::server::start::{Overrides, Start};
use faxguard::wire::envoy::extensions::common::ratelimit::v3::RateLimitDescriptor;
use faxguard::wire::envoy::extensions::common::ratelimit::v3::rate_limit_descriptor::Entry;
use faxguard::wire::envoy::service::ratelimit::v3::RateLimitRequest;
use faxguard::wire::envoy::service::ratelimit::v3::rate_limit_response::DescriptorStatus;
use faxguard::wire::envoy::service::ratelimit::v3::rate_limit_service_client::RateLimitServiceClient;
use pbjson_types::UInt64Value;
use tokio::task::JoinHandle;
use tonic::transport::Channel;

use super::*;

struct Server {
    channel: Channel,
    metrics: Arc<Metrics>,
    drain: Drain,
    serving: JoinHandle<Result<(), ServeFault>>,
}

impl Server {
    async fn begin(folder: &Path, engine: &Engine) -> Self {
        let file = folder.join("faxguard.toml");
        let text = format!(
            "[exchange]\nengines = [\"{}\"]\n[descriptors.sends]\n[quotas.unknown]\nfaxes = \"10 faxes / day\"\n",
            engine.address()
        );
        std::fs::write(&file, text).unwrap();
        let overrides = Overrides { data: Some(folder.join("data")), listen: None };
        let start = Start::read(Some(&file), overrides).unwrap();
        let assembling = move || assemble(&start, Timepiece::Server(Arc::new(WallClock)));
        let server = tokio::task::spawn_blocking(assembling).await.unwrap().unwrap();
        let metrics = Arc::clone(&server.metrics);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (drain, draining) = Drain::new();
        let serving = tokio::spawn(server.run(listener, draining));
        let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
        let channel = endpoint.connect().await.unwrap();
        while metrics.exchange_parts_alone.get() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Self { channel, metrics, drain, serving }
    }

    /// Spends so many faxes of a member, or only asks for 0.
    async fn ask(&self, hits: u64) -> DescriptorStatus {
        let entry = Entry { key: "member".into(), value: "m-1".into() };
        let hits_addend = Some(UInt64Value { value: hits });
        let request = RateLimitRequest {
            domain: "faxguard".into(),
            descriptors: vec![RateLimitDescriptor { entries: vec![entry], hits_addend }],
            hits_addend: 1,
        };
        let mut client = RateLimitServiceClient::new(self.channel.clone());
        let answer = client.should_rate_limit(request).await.unwrap().into_inner();
        answer.statuses.into_iter().next().unwrap()
    }

    async fn wait_left(&self, left: u32) {
        while self.ask(0).await.limit_remaining != left {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn end(self) {
        self.drain.begin();
        drop(self.channel);
        self.serving.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_spend_one_quota_and_a_new_start_knows_it() {
    if !has_engine() {
        return;
    }
    let engine = Engine::start(&[]);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let one = Server::begin(folders[0].path(), &engine).await;
    // The house has one key.
    let keys = |folder: &Path| folder.join("data").join("keys");
    std::fs::create_dir_all(keys(folders[1].path())).unwrap();
    for key in std::fs::read_dir(keys(folders[0].path())).unwrap() {
        let key = key.unwrap();
        std::fs::copy(key.path(), keys(folders[1].path()).join(key.file_name())).unwrap();
    }
    let two = Server::begin(folders[1].path(), &engine).await;
    one.ask(4).await;
    two.wait_left(6).await;
    two.ask(3).await;
    // The last word is told at the end.
    two.end().await;
    one.wait_left(3).await;
    let two = Server::begin(folders[1].path(), &engine).await;
    two.wait_left(3).await;
    assert_eq!(two.metrics.exchange_parts_alone.get(), 0);
    for server in [one, two] {
        server.end().await;
    }
}
