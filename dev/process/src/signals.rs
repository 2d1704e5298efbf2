//! The signals that tell a program to stop.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Which stop signals have arrived so far.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Cancelled by the first SIGINT, SIGTERM or SIGHUP: stop in order.
    pub requested: CancellationToken,
    /// Cancelled by the second one: stop without waiting for anybody.
    pub forced: CancellationToken,
}

impl Stop {
    /// Handles the three signals from now on.
    pub fn on_signal() -> io::Result<Self> {
        let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let stop = Self::default();
        for kind in signals {
            tokio::spawn(stop.clone().listen(signal(kind)?));
        }
        Ok(stop)
    }

    async fn listen(self, mut signal: Signal) {
        while signal.recv().await.is_some() {
            if self.requested.is_cancelled() {
                self.forced.cancel();
            }
            self.requested.cancel();
        }
    }
}
