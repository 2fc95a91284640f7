//! One life of the server: serve, keep house, and at the end let calls finish and write the snapshot.

use std::fmt;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::drain::{Drain, Draining};
use super::form::{FormPort, FormWaits};
use super::listen::{self, ServeFault};
use super::telemetry;
use super::tls::Door;
use super::upkeep::{self, Chore};
use super::webhook::Webhook;
use crate::api::engine::Engine;
use crate::api::grpc::{Edge, services};
use crate::api::guard::Guards;
use crate::api::http::{Site, Trust};
use crate::exchange::Exchange;
use crate::metrics::Metrics;
use crate::texts::Texts;

/// Where the report form is served, and to whom.
#[derive(Debug)]
pub struct FormPlace {
    /// Where it listens.
    pub listener: std::net::TcpListener,
    /// Whose word on visitors is taken.
    pub trust: Trust,
    /// In which languages.
    pub texts: Arc<Texts>,
    /// How long it waits.
    pub waits: FormWaits,
}

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
    /// Where the report form is served, if it is.
    pub form: Option<FormPlace>,
    /// What notices say, in every language.
    pub texts: Arc<Texts>,
    /// What pushes notices to the provider's mailer, if something does.
    pub webhook: Option<Webhook>,
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
        let Self {
            engine,
            metrics,
            chores,
            door,
            page,
            form,
            texts,
            webhook,
            hurry,
            exchange,
            closing,
        } = self;
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
        let edge =
            Arc::new(Edge::new(engine, Guards::serving(), metrics, ending).with_texts(texts));
        if let Some(webhook) = webhook {
            running.spawn(webhook.run(draining.clone()));
        }
        let formed = form.map(|FormPlace { listener, trust, texts, waits }| {
            let site = Site::new(Arc::clone(&edge), texts, trust).map_err(ServeFault::Form)?;
            let port = FormPort { listener, door: Arc::clone(&door), site, waits };
            running.spawn(port.serve(draining.clone()));
            Ok(())
        });
        let served = match formed.transpose() {
            Ok(_) => listen::serve_behind(door, listener, services(edge), draining).await,
            Err(fault) => Err(fault),
        };
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
