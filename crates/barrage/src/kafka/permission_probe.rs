//! Whether Kafka permits us to write or to read, and stores what we write. No request can find that out beforehand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::Error;
use crate::health::Probe;
use crate::retry::pause;
use crate::shutdown::with_sources;

/// One permission, reported in `/readyz`, and with it whether Kafka stores what it permits. It counts as granted until
/// Kafka denies it, or does not store a record. Clones share it.
#[derive(Clone, Debug)]
pub struct PermissionProbe {
    probe: Probe,
    refusal: Arc<Mutex<Option<Refusal>>>,
}

#[derive(Clone, Copy, Debug)]
struct Refusal {
    at: Instant,
    /// Only this record was not stored: the next one may be, on another broker or in what room is left.
    is_of_one: bool,
}

impl PermissionProbe {
    /// How long a refusal counts when nothing was tried since. A service that is not ready may get no
    /// requests; without a limit it would never find out that the permission was granted, or the disk has room.
    const REFUSAL_LIFETIME: Duration = Duration::from_secs(30);
    /// How long nothing must be refused before a stored record says that all are. Without it each record could change
    /// what `/readyz` says.
    const CALM: Duration = Duration::from_secs(1);
    const CHECK_INTERVAL: Duration = Duration::from_secs(1);

    pub fn new(probe: Probe) -> Self {
        probe.up();
        Self { probe, refusal: Arc::default() }
    }

    /// Takes the result of an operation that needs the permission. Any other error than a refusal changes nothing.
    pub fn observe<T>(&self, result: &Result<T, Error>) {
        self.observe_at(result, Instant::now());
    }

    fn observe_at<T>(&self, result: &Result<T, Error>, now: Instant) {
        let mut refusal = self.refusal.lock();
        match result {
            Ok(_) => {
                let is_over = |it: Refusal| !it.is_of_one || now - it.at >= Self::CALM;
                if refusal.is_some_and(is_over) {
                    *refusal = None;
                    self.probe.up();
                }
            }
            Err(Error::Denied(why)) => {
                *refusal = Some(Refusal { at: now, is_of_one: false });
                self.probe.denied(why);
            }
            Err(error @ Error::NotStored(_)) => {
                *refusal = Some(Refusal { at: now, is_of_one: true });
                self.probe.down(with_sources(error));
            }
            Err(_) => {}
        }
    }

    /// Until `stop`, lets refusals expire.
    pub async fn expire_refusals(self, stop: CancellationToken) {
        while stop.run_until_cancelled(pause(Self::CHECK_INTERVAL)).await.is_some() {
            let mut refusal = self.refusal.lock();
            if refusal.is_some_and(|it| it.at.elapsed() >= Self::REFUSAL_LIFETIME) {
                *refusal = None;
                self.probe.up();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::error::{KafkaError, RDKafkaErrorCode};

    use super::*;
    use crate::health::Readiness;

    #[test]
    fn a_denied_permission_is_down_until_the_operation_succeeds() {
        let readiness = Readiness::default();
        let permission = PermissionProbe::new(readiness.dependency("sending"));
        assert!(readiness.report().ready);
        permission.observe::<()>(&Err(Error::Closed));
        assert!(readiness.report().ready, "that is no denial");
        permission.observe::<()>(&Err(Error::Denied("no".into())));
        let reason = &readiness.report().dependencies["sending"].reason;
        assert_eq!(reason.as_deref(), Some("no"));
        permission.observe(&Ok(()));
        assert!(readiness.report().ready);
    }

    #[test]
    fn sending_is_down_while_kafka_stores_nothing() {
        let readiness = Readiness::default();
        let permission = PermissionProbe::new(readiness.dependency("sending"));
        let failed = KafkaError::MessageProduction(RDKafkaErrorCode::Unknown);
        let now = Instant::now();
        permission.observe_at::<()>(&Err(Error::NotStored(failed)), now);
        let reason = readiness.report().dependencies["sending"].reason.clone().unwrap();
        assert!(
            reason.starts_with("kafka did not store the record; its disk may be full"),
            "{reason}"
        );
        permission.observe_at(&Ok(()), now);
        assert!(!readiness.report().ready, "the next record may fail again");
        permission.observe_at(&Ok(()), now + PermissionProbe::CALM);
        assert!(readiness.report().ready);
    }
}
