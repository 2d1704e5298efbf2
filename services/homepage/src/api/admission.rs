//! What a request to send must pass before anything is sent: the client is within its limit, and Kafka answers.

use std::net::IpAddr;
use std::time::Duration;

use actix_web::web::Data;
use barrage::health::Probe;
use barrage::retry::pause;

use super::problem::Problem;
use crate::limits::ClientLimits;

pub(crate) struct Admission {
    pub(crate) clients: Data<ClientLimits>,
    /// Whether Kafka answers. It is checked once a second.
    pub(crate) kafka: Probe,
}

impl Admission {
    /// An answer of Kafka that is older may be out of date.
    const FRESH: Duration = Duration::from_millis(1500);
    const RECHECK: Duration = Duration::from_millis(50);

    /// Counts the request and waits, a few seconds at most, for a fresh answer of Kafka. Fails if the client sends
    /// too often, or if Kafka does not answer.
    pub(super) async fn admit(&self, client: Option<IpAddr>) -> Result<(), Problem> {
        if let Some(client) = client {
            self.clients.count_send(client)?;
        }
        while self.kafka.is_up() {
            if self.kafka.last_up().is_some_and(|at| at.elapsed() < Self::FRESH) {
                return Ok(());
            }
            pause(Self::RECHECK).await;
        }
        Err(Problem::kafka_away())
    }
}
