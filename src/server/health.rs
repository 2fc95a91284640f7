//! What is said of the services to who asks for their health: screening works as long as the process does, since a fax goes
//! through without a store; what must be durable works while the store keeps it.

use std::time::Duration;

use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::api::engine::Engine;
use crate::api::grpc::Name;

/// The store is looked at this often: a balancer asks no more often.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The services that health speaks of.
pub(super) struct Health {
    reporter: HealthReporter,
    names: Vec<Name>,
}

impl Health {
    /// Health that says of all that they work.
    pub(super) async fn begin(reporter: HealthReporter, names: Vec<Name>) -> Self {
        let health = Self { reporter, names };
        health.say(ServingStatus::Serving, |_| true).await;
        health.reporter.set_service_status("", ServingStatus::Serving).await;
        health
    }

    /// Follows the store, for ever.
    pub(super) async fn follow(&self, engine: &dyn Engine) {
        let mut kept = true;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let keeps = engine.keeps();
            if keeps == kept {
                continue;
            }
            kept = keeps;
            let status = if keeps { ServingStatus::Serving } else { ServingStatus::NotServing };
            tracing::warn!(keeps, "health of reports and operators' services follows the store");
            self.say(status, |name| name.needs_store).await;
        }
    }

    /// Says that the end has begun.
    pub(super) async fn end(&self) {
        self.say(ServingStatus::NotServing, |_| true).await;
        self.reporter.set_service_status("", ServingStatus::NotServing).await;
    }

    async fn say(&self, status: ServingStatus, of: impl Fn(&Name) -> bool) {
        for service in self.names.iter().filter(|name| of(name)) {
            self.reporter.set_service_status(service.name, status).await;
        }
    }
}
