//! The demonstration: a real server on loopback over a temporary folder, on the event clock, and a bundled day of traffic
//! played to it through the public API.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use thiserror::Error;

use super::assemble::{RunFault, assemble};
use super::drain::{self, Drain};
use super::listen;
use super::start::{Overrides, Start};
use crate::api::live::Timepiece;
use crate::lab::demo::{self, DemoError};
use crate::policy::Fault;
use crate::time::EventClock;

/// What happens after the closing table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// The server stays up until a signal.
    Stay,
    /// The server ends.
    End,
}

/// Why the demonstration ended early.
#[derive(Debug, Error)]
pub enum DemoFault {
    /// The built-in settings have faults.
    #[error("built-in settings have {} faults", .0.len())]
    Settings(Vec<Fault>),
    /// There is no temporary folder, no port, no runtime.
    #[error("no place for the demonstration (is there room in the temporary folder?)")]
    Place(#[source] io::Error),
    /// The server did not start or end well.
    #[error("the demonstration's server failed")]
    Server(#[source] RunFault),
    /// The day could not be played.
    #[error("the bundled day could not be played")]
    Play(#[source] DemoError),
}

/// Runs it, writing what there is to see to `out`.
///
/// # Errors
/// [`DemoFault`].
pub fn demonstrate(afterwards: Afterwards, out: &mut (dyn Write + Send)) -> Result<(), DemoFault> {
    let folder = tempfile::tempdir().map_err(DemoFault::Place)?;
    let listener = listen::bind(SocketAddr::from(([127, 0, 0, 1], 0))).map_err(DemoFault::Place)?;
    let address = listener.local_addr().map_err(DemoFault::Place)?;
    let overrides = Overrides { data: Some(folder.path().to_owned()), listen: Some(address) };
    let start = Start::read(None, overrides).map_err(DemoFault::Settings)?;
    let clock = Timepiece::Events(Arc::new(EventClock::default()));
    let server = assemble(&start, clock).map_err(DemoFault::Server)?;
    let runtime = tokio::runtime::Runtime::new().map_err(DemoFault::Place)?;
    runtime.block_on(async {
        let (drain, draining) = Drain::new();
        let serving = tokio::spawn(server.run(listener, draining));
        writeln!(out, "faxguard serves gRPC on {address} (embedded store in a temporary folder)\n")
            .map_err(DemoFault::Place)?;
        let played = demo::run(&address.to_string(), out).await.map_err(DemoFault::Play);
        if played.is_ok() && afterwards == Afterwards::Stay {
            stay(&address.to_string(), out).await?;
        }
        drain.begin();
        let served = serving.await.map_err(|fault| DemoFault::Place(io::Error::other(fault)))?;
        played?;
        served.map_err(|fault| DemoFault::Server(RunFault::Serve(fault)))
    })
}

async fn stay(address: &str, out: &mut (dyn Write + Send)) -> Result<(), DemoFault> {
    writeln!(
        out,
        "\nThe service stays up on http://{address} until Ctrl-C. Look around, for example:\n  \
         cargo run --release --bin faxguardctl -- status --server http://{address}\n  \
         cargo run --release --bin faxguardctl -- held list --server http://{address}"
    )
    .map_err(DemoFault::Place)?;
    out.flush().map_err(DemoFault::Place)?;
    drain::signalled().await.map(drop).map_err(DemoFault::Place)
}
