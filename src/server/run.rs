//! One life of the server: serve, keep house, and at the end let calls finish and write the snapshot.

use std::fmt;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::drain::{Drain, Draining};
use super::listen::{self, ServeFault};
use super::telemetry;
use super::tls::Door;
use super::upkeep::{self, Chore};
use crate::api::engine::Engine;
use crate::api::grpc::{Edge, services};
use crate::api::guard::Guards;
use crate::exchange::Exchange;
use crate::metrics::Metrics;

/// A server put together, before it listens.
pub struct Server {
    /// What answers.
    pub engine: Arc<dyn Engine>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What the house does by itself.
    pub chores: Vec<Chore>,
    /// Who is let in.
    pub door: Arc<Door>,
    /// Where the page of metrics is served, if it is.
    pub page: Option<std::net::TcpListener>,
    /// Done when the end begins: chores that take their time hurry.
    pub hurry: Box<dyn FnOnce() + Send>,
    /// What is exchanged with other instances, if there are any.
    pub exchange: Option<Exchange>,
    /// What is done once at the end, after the last call: the snapshot, the close of the store.
    pub closing: Chore,
}

impl Server {
    /// Serves on `listener` until `draining`.
    ///
    /// # Errors
    /// [`ServeFault`]; what can be saved has been saved all the same.
    pub async fn run(
        self,
        listener: std::net::TcpListener,
        draining: Draining,
    ) -> Result<(), ServeFault> {
        let Self { engine, metrics, chores, door, page, hurry, exchange, closing } = self;
        let mut running = upkeep::begin(&chores, &draining);
        let (all_served, exchanging) = Drain::new();
        let mut exchanges = JoinSet::new();
        if let Some(exchange) = &exchange {
            for part in exchange.parts(|| exchanging.clone().begun()) {
                exchanges.spawn(part);
            }
        }
        if let Some(page) = page {
            running.spawn(telemetry::serve_metrics(page, Arc::clone(&metrics), draining.clone()));
        }
        let begun = draining.clone().begun();
        running.spawn(async move {
            begun.await;
            hurry();
        });
        let ending = draining.clone();
        let ending =
            Box::new(move || -> crate::api::grpc::Ending { Box::pin(ending.clone().begun()) });
        let edge = Edge::new(engine, Guards::serving(), metrics, ending);
        let served = listen::serve_behind(door, listener, services(edge), draining).await;
        if served.is_err() {
            // The end has not been announced, so the chores would go on for ever.
            running.abort_all();
        }
        while running.join_next().await.is_some() {}
        // Others hear of the last call too.
        all_served.begin();
        while exchanges.join_next().await.is_some() {}
        closing.once().await;
        served
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("chores", &self.chores).finish_non_exhaustive()
    }
}
