//! The signals that ask a process to stop.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What the person who stops us wants.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Asked to stop: SIGINT, SIGTERM, or the terminal is gone.
    pub asked: CancellationToken,
    /// Asked a second time: stop waiting for anybody.
    pub hurry: CancellationToken,
}

impl Stop {
    /// Listens from now on.
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
            if self.asked.is_cancelled() {
                self.hurry.cancel();
            }
            self.asked.cancel();
        }
    }
}
