//! The way to the engine: one server, or a cluster of them, behind one call. Nothing here waits longer than its bounds say.

use std::path::PathBuf;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{
    Client, ClientTlsConfig, ConnectionInfo, FromRedisValue, IntoConnectionInfo, RedisError,
    Script, ScriptInvocation, TlsCertificates,
};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::codec;
use crate::limiter::share::{HALF_LIVES, Tidings, Usage};
use crate::limiter::{Telling, Told};
use crate::policy::settings;
use crate::time::Timestamp;
use crate::verdict::WATCHED;

/// Longest that one call may take, connecting included.
const CALL_MAX: Duration = Duration::from_millis(250);
/// After how long without any answer the connection is given up for a new one.
pub(super) const STALE: Duration = Duration::from_secs(5);
/// Most keys told in a call.
pub(super) const BATCH_ROWS: usize = 512;
/// Most keys heard in a call beside those that were told.
const NEWS_ROWS: usize = 1_024;
/// Longest password, in bytes.
const PASSWORD_BYTES_MAX: u64 = 4_096;
/// Longest file of certificates or of a key, in bytes.
const PEM_BYTES_MAX: u64 = 1 << 20;

/// Why the settings of the exchange cannot be followed.
#[derive(Debug, Error)]
pub enum LinkFault {
    /// An address is none.
    #[error("address of the engine could not be understood (write redis://HOST:PORT)")]
    Address(#[source] RedisError),
    /// The password could not be read.
    #[error("password of the engine could not be read from `{}`", path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// The system's fault.
        source: std::io::Error,
    },
    /// The password is too long, or no text.
    #[error("password of the engine is longer than 4096 bytes, or no text")]
    NoPassword,
    /// A certificate or a key could not be read.
    #[error("certificate or key of the engine could not be read from `{}`", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// The system's fault.
        source: std::io::Error,
    },
    /// There is none in it.
    #[error("there is no certificate or key in `{}` (write PEM)", path.display())]
    NoPem {
        /// The file.
        path: PathBuf,
    },
    /// They are no certificates, or do not belong together.
    #[error(
        "certificates of the engine cannot be used (write PEM, certificate and key of one pair)"
    )]
    Encryption(#[source] RedisError),
    /// None is named.
    #[error("no engine is named to meet at")]
    NoEngine,
    /// No random numbers.
    #[error("no random numbers could be had")]
    Random,
}

/// Why a call was not answered.
#[derive(Debug, Error)]
pub(super) enum CallFault {
    /// In time.
    #[error("engine did not answer in time")]
    Late,
    /// The engine or the way to it failed.
    #[error("engine could not be asked")]
    Engine(#[source] RedisError),
    /// The levels there are of instances with another key.
    #[error(
        "levels in the engine are of instances with another key (give all instances the same one, or another `exchange.name`)"
    )]
    OtherHouse,
    /// What came back is no answer.
    #[error("engine answered what is no answer")]
    Answer,
}

impl CallFault {
    /// For the label of a metric.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Engine(_) => "engine",
            Self::OtherHouse => "other-house",
            Self::Answer => "answer",
        }
    }
}

/// What a part asks.
pub(super) struct Question<'a> {
    pub(super) part: usize,
    /// Name of the life that asks.
    pub(super) life: &'a str,
    /// Number of the batch.
    pub(super) number: u64,
    pub(super) rows: &'a [Telling],
    /// Number of the change heard last.
    pub(super) since: u64,
    /// Whether what is known here counts as at least.
    pub(super) mend: bool,
    /// Whether the process is to be named.
    pub(super) name_process: bool,
}

/// What the engine says.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) now: Timestamp,
    pub(super) reached: u64,
    /// Whether more has changed than was said.
    pub(super) more: bool,
    /// Name of the process, where it was asked for.
    pub(super) process: String,
    pub(super) rows: Vec<Told>,
}

#[derive(Clone)]
enum Connection {
    One(ConnectionManager),
    Cluster(ClusterConnection),
}

enum Way {
    One(Box<Client>),
    Cluster(Box<ClusterClient>),
}

/// The way to the engine, made when it is needed.
pub(super) struct Link {
    client: Way,
    connection: Mutex<Option<Connection>>,
    script: Script,
    share_script: Script,
    name: String,
    house: String,
}

impl Link {
    pub(super) fn new(settings: &settings::Exchange, house: [u8; 16]) -> Result<Self, LinkFault> {
        let password = password(&settings.password_file)?;
        let address = |text: &String| -> Result<ConnectionInfo, LinkFault> {
            let info = text.as_str().into_connection_info().map_err(LinkFault::Address)?;
            let mut login = info.redis_settings().clone();
            if !settings.user.is_empty() {
                login = login.set_username(settings.user.as_str());
            }
            if let Some(password) = &password {
                login = login.set_password(password.as_str());
            }
            Ok(info.set_redis_settings(login))
        };
        let nodes = settings.engines.iter().map(address).collect::<Result<Vec<_>, _>>()?;
        let certificates = certificates(settings)?;
        let client = if settings.cluster {
            let mut builder = ClusterClient::builder(nodes)
                .connection_timeout(CALL_MAX)
                .response_timeout(CALL_MAX)
                .retries(2);
            if let Some(certificates) = certificates {
                builder = builder.certs(certificates);
            }
            Way::Cluster(Box::new(builder.build().map_err(LinkFault::Encryption)?))
        } else {
            let first = nodes.into_iter().next();
            let first = first.ok_or(LinkFault::NoEngine)?;
            let client = match certificates {
                Some(certificates) => {
                    Client::build_with_tls(first, certificates).map_err(LinkFault::Encryption)
                }
                None => Client::open(first).map_err(LinkFault::Address),
            };
            Way::One(Box::new(client?))
        };
        Ok(Self {
            client,
            connection: Mutex::new(None),
            script: Script::new(include_str!("meet.lua")),
            share_script: Script::new(include_str!("share.lua")),
            name: settings.name.clone(),
            house: house.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// Asks, and waits for the answer no longer than [`CALL_MAX`].
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Heard, CallFault> {
        match timeout(CALL_MAX, self.call(question)).await {
            Ok(answer) => answer,
            Err(_) => Err(CallFault::Late),
        }
    }

    /// Gives the connection up: the next call makes another.
    pub(super) async fn renew(&self) {
        if let Ok(mut connection) = timeout(CALL_MAX, self.connection.lock()).await {
            *connection = None;
        }
    }

    /// Says what is offered to contended resources here, and hears the sum of what the others say; no longer than
    /// [`CALL_MAX`].
    pub(super) async fn tell(
        &self,
        life: &str,
        tidings: [Tidings; WATCHED],
    ) -> Result<[Tidings; WATCHED], CallFault> {
        let told = timeout(CALL_MAX, async {
            let connection = self.connection().await?;
            let mut call = self.share_script.prepare_invoke();
            call.key(format!("{{{}.share}}:offered", self.name)).arg(&self.house).arg(life);
            for Tidings { offered, usage } in tidings {
                call.arg(offered).arg(usage.capacity).arg(usage.in_use).arg(usage.queued);
            }
            invoke::<Vec<u64>>(connection, &call).await
        });
        let heard = told.await.map_err(|_| CallFault::Late)?.map_err(CallFault::Engine)?;
        let words = heard.as_chunks::<4>().0.iter();
        let mut heard = words.map(|[offered, capacity, in_use, queued]| Tidings {
            offered: *offered,
            usage: Usage { capacity: *capacity, in_use: *in_use, queued: *queued },
        });
        let mut next = || heard.next().ok_or(CallFault::Answer);
        Ok([next()?, next()?, next()?])
    }

    async fn connection(&self) -> Result<Connection, RedisError> {
        let mut held = self.connection.lock().await;
        if let Some(connection) = &*held {
            return Ok(connection.clone());
        }
        let made = match &self.client {
            Way::One(client) => {
                let config = ConnectionManagerConfig::new()
                    .set_connection_timeout(Some(CALL_MAX))
                    .set_response_timeout(Some(CALL_MAX))
                    .set_number_of_retries(1);
                let made = ConnectionManager::new_with_config(client.as_ref().clone(), config);
                Connection::One(made.await?)
            }
            Way::Cluster(client) => Connection::Cluster(client.get_async_connection().await?),
        };
        *held = Some(made.clone());
        Ok(made)
    }

    async fn call(&self, question: &Question<'_>) -> Result<Heard, CallFault> {
        let connection = self.connection().await.map_err(CallFault::Engine)?;
        // One hash tag for all keys of a part.
        let tag = format!("{{{}.{}}}", self.name, question.part);
        let mut rows = Vec::with_capacity(question.rows.len() * codec::TELLING_BYTES);
        question.rows.iter().for_each(|row| codec::put(row, &mut rows));
        let half: Vec<u8> =
            HALF_LIVES.iter().flat_map(|span| span.as_micros().to_le_bytes()).collect();
        let mut call = self.script.prepare_invoke();
        for key in ["meta", "rows", "changed", "drained"] {
            call.key(format!("{tag}:{key}"));
        }
        call.key(format!("{tag}:batch:{}", question.life));
        call.arg(&self.house).arg(question.number).arg(question.since);
        // Who only wants a name hears nothing, or it would be lost.
        call.arg(if question.name_process { 0 } else { NEWS_ROWS });
        call.arg(u8::from(question.mend)).arg(half).arg(rows).arg(u8::from(question.name_process));
        type Answer = (u64, u64, u8, String, Vec<u8>, Vec<u8>);
        let answer = invoke::<Answer>(connection, &call).await;
        let (now, reached, more, process, own, news) =
            answer.map_err(|fault| match fault.code() {
                Some("OTHERHOUSE") => CallFault::OtherHouse,
                _ if fault.is_timeout() => CallFault::Late,
                _ => CallFault::Engine(fault),
            })?;
        let now = i64::try_from(now).map_err(|_| CallFault::Answer)?;
        // What was told comes last: it is the later of the two where a key is in both.
        let mut rows = codec::read(&news).ok_or(CallFault::Answer)?;
        rows.append(&mut codec::read(&own).ok_or(CallFault::Answer)?);
        let now = Timestamp::from_micros(now);
        Ok(Heard { now, reached, more: more > 0, process, rows })
    }
}

async fn invoke<T: FromRedisValue>(
    connection: Connection,
    call: &ScriptInvocation<'_>,
) -> Result<T, RedisError> {
    match connection {
        Connection::One(mut one) => call.invoke_async(&mut one).await,
        Connection::Cluster(mut cluster) => call.invoke_async(&mut cluster).await,
    }
}

/// The files of an encrypted engine; `None` where none is named, and the system's authorities vouch for it if it is one.
fn certificates(settings: &settings::Exchange) -> Result<Option<TlsCertificates>, LinkFault> {
    let settings::Exchange { authority_file, certificate_file, key_file, .. } = settings;
    let root_cert = pem(authority_file)?;
    let client_tls = match (pem(certificate_file)?, pem(key_file)?) {
        (Some(client_cert), Some(client_key)) => Some(ClientTlsConfig { client_cert, client_key }),
        _ => None,
    };
    let any = root_cert.is_some() || client_tls.is_some();
    Ok(any.then_some(TlsCertificates { client_tls, root_cert }))
}

/// What a file holds; `None` where none is named.
fn pem(path: &str) -> Result<Option<Vec<u8>>, LinkFault> {
    if path.is_empty() {
        return Ok(None);
    }
    let fault = |source| LinkFault::Certificate { path: path.into(), source };
    let file = std::fs::File::open(path).map_err(fault)?;
    let mut bytes = Vec::new();
    let mut bounded = std::io::Read::take(file, PEM_BYTES_MAX);
    std::io::Read::read_to_end(&mut bounded, &mut bytes).map_err(fault)?;
    let begins = b"-----BEGIN ";
    if !bytes.windows(begins.len()).any(|window| window == begins) {
        return Err(LinkFault::NoPem { path: path.into() });
    }
    Ok(Some(bytes))
}

/// The text of the password's file, without the end of its line.
fn password(path: &str) -> Result<Option<zeroize::Zeroizing<String>>, LinkFault> {
    if path.is_empty() {
        return Ok(None);
    }
    let fault = |source| LinkFault::Password { path: path.into(), source };
    let file = std::fs::File::open(path).map_err(fault)?;
    let mut text = zeroize::Zeroizing::new(String::new());
    let mut bounded = std::io::Read::take(file, PASSWORD_BYTES_MAX + 1);
    std::io::Read::read_to_string(&mut bounded, &mut text).map_err(fault)?;
    if text.len() as u64 > PASSWORD_BYTES_MAX || text.trim_end().is_empty() {
        return Err(LinkFault::NoPassword);
    }
    let length = text.trim_end().len();
    text.truncate(length);
    Ok(Some(text))
}
