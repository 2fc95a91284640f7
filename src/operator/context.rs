//! What a command may use while it runs: the output, the server, and the parts that other rooms lend.

use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::Runtime;
use tonic::transport::{self as tls, Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Response, Status};

use super::command::Catalog;
use super::failure::Failure;
use super::output::Output;
use super::verdict_line::VerdictLine;
use crate::wire::replay::v1::Event;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest name of an author or actor, in bytes.
const AUTHOR_BYTES_MAX: usize = 64;

/// Runs events, each with the number of its line, through the engine without a server and on the
/// event clock, and gives each answer to the sink in the order of the events. The iterator ends early
/// when nobody reads the answers any more.
pub type InProcess =
    fn(events: &mut dyn Iterator<Item = (u64, Event)>, answer: &mut dyn FnMut(VerdictLine));

/// What the tool borrows from rooms above this one.
#[derive(Clone, Copy, Debug)]
pub struct Hooks {
    /// The engine without a server.
    pub in_process: Option<InProcess>,
    /// The documented default configuration of the server, as TOML.
    pub configuration: Option<fn() -> String>,
}

/// The files of an encrypted connection, in PEM; each may be absent.
#[derive(Clone, Debug, Default)]
pub(super) struct Identity {
    pub(super) authority: Option<PathBuf>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

impl Identity {
    fn read(&self) -> Result<ClientTlsConfig, Failure> {
        let file = |path: &PathBuf| {
            std::fs::read(path).map_err(|source| Failure::ReadFile { path: path.clone(), source })
        };
        let mut config = ClientTlsConfig::new();
        if let Some(authority) = &self.authority {
            config = config.ca_certificate(Certificate::from_pem(file(authority)?));
        }
        if let (Some(certificate), Some(key)) = (&self.certificate, &self.key) {
            config = config.identity(tls::Identity::from_pem(file(certificate)?, file(key)?));
        }
        Ok(config)
    }
}

/// What a command runs in.
pub struct Context<'a> {
    /// Where it writes.
    pub output: Output<'a>,
    /// What other rooms lend.
    pub(super) hooks: &'a Hooks,
    /// Every command, for those that document the tool.
    pub(super) catalog: &'a Catalog,
    pub(super) server: String,
    /// How it shows who it is, and whom it trusts, on an encrypted port.
    pub(super) identity: Identity,
    /// Who runs the tool, where the system says so.
    pub(super) user: Option<String>,
    runtime: Option<Runtime>,
}

impl<'a> Context<'a> {
    pub(super) fn new(output: Output<'a>, hooks: &'a Hooks, catalog: &'a Catalog) -> Self {
        Self {
            output,
            hooks,
            catalog,
            server: String::new(),
            identity: Identity::default(),
            user: None,
            runtime: None,
        }
    }

    /// Runs a future on this thread until it is done.
    ///
    /// # Errors
    /// What the future fails with, or [`Failure::System`] where there is no runtime for it.
    pub fn block_on<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(Failure::System)?,
        };
        let done = runtime.block_on(work(self));
        self.runtime = Some(runtime);
        done
    }

    /// Connects to the server that the command line names, or to `address` where there is one.
    ///
    /// # Errors
    /// [`Failure::Address`] and [`Failure::Unreachable`].
    pub async fn connect(&self, address: Option<&str>) -> Result<Channel, Failure> {
        let named = address.unwrap_or(&self.server);
        let server = uri(named);
        self.endpoint_of(&server)?
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .connect()
            .await
            .map_err(|source| Failure::Unreachable { server, source })
    }

    /// The server that the command line names, for those who connect in their own way.
    ///
    /// # Errors
    /// [`Failure::Address`].
    pub fn endpoint(&self) -> Result<Endpoint, Failure> {
        self.endpoint_of(&uri(&self.server))
    }

    fn endpoint_of(&self, server: &str) -> Result<Endpoint, Failure> {
        let endpoint = Endpoint::from_shared(server.to_owned()).map_err(Failure::Address)?;
        if server.starts_with("https://") {
            return endpoint.tls_config(self.identity.read()?).map_err(Failure::Encryption);
        }
        Ok(endpoint)
    }

    /// Makes one call to the server.
    ///
    /// # Errors
    /// Those of [`Context::connect`], and [`Failure::Refused`].
    pub fn call<T>(
        &mut self,
        call: impl AsyncFnOnce(Channel) -> Result<Response<T>, Status>,
    ) -> Result<T, Failure> {
        self.block_on(async |context: &mut Self| {
            let channel = context.connect(None).await?;
            Ok(call(channel).await?.into_inner())
        })
    }

    /// A new id for a request or a fax: 32 hexadecimal digits from the system's random bytes.
    ///
    /// # Errors
    /// [`Failure::System`] where the system gives none.
    pub fn fresh_id(&self) -> Result<String, Failure> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|fault| Failure::System(std::io::Error::other(fault.to_string())))?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Who runs the tool, where the system says so.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Who makes an edit: as named, else the user that runs the tool.
    ///
    /// # Errors
    /// [`Failure::Argument`] where there is no name of 1 to 64 bytes.
    pub(super) fn author(&self, named: String) -> Result<String, Failure> {
        let author = if named.is_empty() { self.user.clone().unwrap_or_default() } else { named };
        if author.is_empty() || author.len() > AUTHOR_BYTES_MAX {
            let expected = "given, 1 to 64 bytes, since every edit has an author";
            return Err(Failure::Argument { argument: "--author", expected });
        }
        Ok(author)
    }
}

/// The address of a server as a URI.
fn uri(named: &str) -> String {
    if named.contains("://") { named.to_owned() } else { format!("http://{named}") }
}
