//! Whether Kafka permits us to write or to read. No request can find that out beforehand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::Error;
use crate::health::Probe;
use crate::retry::pause;

/// One permission, reported in `/readyz`. It counts as granted until Kafka denies it. Clones share it.
#[derive(Clone, Debug)]
pub struct PermissionProbe {
    probe: Probe,
    denied_at: Arc<Mutex<Option<Instant>>>,
}

impl PermissionProbe {
    /// How long a denial counts when nothing was tried since. A service that is not ready may get no
    /// requests; without a limit it would never find out that the permission was granted.
    const DENIAL_LIFETIME: Duration = Duration::from_secs(30);
    const CHECK_INTERVAL: Duration = Duration::from_secs(1);

    pub fn new(probe: Probe) -> Self {
        probe.up();
        Self { probe, denied_at: Arc::default() }
    }

    /// Takes the result of an operation that needs the permission. An error that is no denial changes nothing.
    pub fn observe<T>(&self, result: &Result<T, Error>) {
        let mut denied_at = self.denied_at.lock();
        match result {
            Ok(_) if denied_at.is_none() => {}
            Ok(_) => {
                *denied_at = None;
                self.probe.up();
            }
            Err(Error::Denied(why)) => {
                *denied_at = Some(Instant::now());
                self.probe.denied(why);
            }
            Err(_) => {}
        }
    }

    /// Until `stop`, lets denials expire.
    pub async fn expire_denials(self, stop: CancellationToken) {
        while stop.run_until_cancelled(pause(Self::CHECK_INTERVAL)).await.is_some() {
            let mut denied_at = self.denied_at.lock();
            if denied_at.is_some_and(|at| at.elapsed() >= Self::DENIAL_LIFETIME) {
                *denied_at = None;
                self.probe.up();
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
}
