//! Whether Kafka lets us do what no question tells beforehand: to write, and to read.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Error;
use crate::health::Probe;
use crate::retry::pause;

/// A permission of ours, for `/readyz`. It counts as given until it is refused. Clones share it.
#[derive(Clone, Debug)]
pub struct Permission {
    probe: Probe,
    refused: Arc<Mutex<Option<Instant>>>,
}

impl Permission {
    /// How long a refusal counts when nobody has tried again. Who is sent nothing because of it would
    /// otherwise never learn that it is over.
    const FADES: Duration = Duration::from_secs(30);
    const LOOK: Duration = Duration::from_secs(1);

    /// One that is reported so.
    pub fn new(probe: Probe) -> Self {
        probe.up();
        Self { probe, refused: Arc::default() }
    }

    /// It was used, or refused. Another error says nothing of it.
    pub fn note<T>(&self, result: &Result<T, Error>) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(_) if refused.is_none() => {}
            Ok(_) => {
                *refused = None;
                self.probe.up();
            }
            Err(Error::Refused(why)) => {
                *refused = Some(Instant::now());
                self.probe.refuses(why);
            }
            Err(_) => {}
        }
    }

    /// Until `stop`, lets refusals fade.
    pub async fn expire_refusals(self, stop: CancellationToken) {
        while stop.run_until_cancelled(pause(Self::LOOK)).await.is_some() {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            if refused.is_some_and(|at| at.elapsed() >= Self::FADES) {
                *refused = None;
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
    fn what_is_refused_is_down_until_it_is_done() {
        let readiness = Readiness::default();
        let permission = Permission::new(readiness.dependency("sending"));
        assert!(readiness.report().ready);
        permission.note::<()>(&Err(Error::Closed));
        assert!(readiness.report().ready, "nobody has refused anything");
        permission.note::<()>(&Err(Error::Refused("no".into())));
        let reason = &readiness.report().dependencies["sending"].reason;
        assert_eq!(reason.as_deref(), Some("no"));
        permission.note(&Ok(()));
        assert!(readiness.report().ready);
    }
}
