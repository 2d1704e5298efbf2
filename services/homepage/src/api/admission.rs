//! What a request to send must pass before anything is sent: the client is within its limit, and Kafka answers.

use std::time::Duration;

use actix_web::web::Data;
use barrage::health::Probe;
use barrage::retry::pause;

use super::caller::Caller;
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

    /// Counts a request to begin a burst, and waits for Kafka as [`Admission::admit_message`] does.
    pub(super) async fn admit_burst(&self, caller: &Caller) -> Result<(), Problem> {
        if let Some(client) = caller.address {
            self.clients.count_send(client)?;
        }
        self.wait_for_kafka().await
    }

    /// Counts a request to send a message and waits, a few seconds at most, for a fresh answer of Kafka. Fails if the
    /// client sends too often, or if Kafka does not answer.
    pub(super) async fn admit_message(&self, caller: &Caller) -> Result<(), Problem> {
        if let Some(client) = caller.address {
            self.clients.count_message_send(client, caller.visit.known())?;
        }
        self.wait_for_kafka().await
    }

    async fn wait_for_kafka(&self) -> Result<(), Problem> {
        while self.kafka.is_up() {
            if self.kafka.last_up().is_some_and(|at| at.elapsed() < Self::FRESH) {
                return Ok(());
            }
            pause(Self::RECHECK).await;
        }
        Err(Problem::kafka_away())
    }
}
