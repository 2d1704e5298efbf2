//! When the load pauses, so that no processor is wanted for a while.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How long messages are sent between two pauses.
const BUSY: Duration = Duration::from_secs(20);

/// The time for the last burst of the load, and for what a fault has held up.
const ENDING: Duration = Duration::from_secs(15);

/// Sends all the time, or pauses now and then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    started: Instant,
    pause: Duration,
}

impl Rhythm {
    /// With pauses in which an autoscaler with this window takes the last processor away: after a window without a
    /// call, and a grace time as long.
    pub(crate) fn start(window: Option<Duration>) -> Self {
        let pause = window.map_or(Duration::ZERO, |window| 2 * window + ENDING);
        Self { started: Instant::now(), pause }
    }

    /// Waits while the load pauses.
    pub(crate) async fn busy(&self) {
        let now = self.started.elapsed();
        sleep_until(self.started + busy_from(now, self.pause)).await;
    }
}

/// The first time from `now` on at which messages are sent.
fn busy_from(now: Duration, pause: Duration) -> Duration {
    let cycle = BUSY + pause;
    let into = Duration::from_nanos((now.as_nanos() % cycle.as_nanos()) as u64);
    if into < BUSY { now } else { now - into + cycle }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_pauses_after_twenty_seconds_for_two_windows_and_what_is_under_way() {
        let from = |now| busy_from(Duration::from_secs(now), Duration::from_secs(27)).as_secs();
        assert_eq!([0, 19, 20, 46, 47, 66, 67, 93].map(from), [0, 19, 47, 47, 47, 66, 94, 94]);
    }

    #[test]
    fn without_pauses_messages_are_sent_all_the_time() {
        let now = Duration::from_millis(20_500);
        assert_eq!(busy_from(now, Duration::ZERO), now);
    }
}
