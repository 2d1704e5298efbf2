//! Whether records are in flight. What the router must see soon while some are, it polls less often while none is.

use std::time::Duration;

use barrage::retry::pause_until;
use tokio::sync::watch;

/// Says whether any record is in flight.
#[derive(Debug, Default)]
pub(crate) struct Activity(watch::Sender<bool>);

/// How long to pause between two polls, by the activity.
#[derive(Clone, Debug)]
pub(crate) struct PollPace(watch::Receiver<bool>);

impl Activity {
    pub(crate) fn set(&self, is_any_in_flight: bool) {
        self.0.send_if_modified(|before| {
            std::mem::replace(before, is_any_in_flight) != is_any_in_flight
        });
    }

    pub(crate) fn pace(&self) -> PollPace {
        PollPace(self.0.subscribe())
    }
}

impl PollPace {
    /// Pauses for `busy`, and then until a record is in flight, but not longer than `idle` in all.
    pub(crate) async fn pause(&mut self, busy: Duration, idle: Duration) {
        pause_until(self.0.wait_for(|is_any| *is_any), busy, idle).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use barrage::retry::pause;

    use super::*;

    const BUSY: Duration = Duration::from_millis(5);
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_poll_comes_soon_while_records_are_in_flight() {
        let (activity, began) = (Activity::default(), Instant::now());
        activity.set(true);
        activity.pace().pause(BUSY, LONG).await;
        assert!((BUSY..LONG).contains(&began.elapsed()));
    }

    #[tokio::test]
    async fn the_first_record_ends_an_idle_pause() {
        let (activity, began) = (Activity::default(), Instant::now());
        let mut pace = activity.pace();
        let record = async {
            pause(BUSY).await;
            activity.set(true);
        };
        tokio::join!(pace.pause(BUSY, LONG), record);
        assert!(began.elapsed() < LONG);
    }

    #[tokio::test]
    async fn without_records_a_pause_takes_its_longest() {
        let (activity, began) = (Activity::default(), Instant::now());
        activity.set(true);
        activity.set(false);
        activity.pace().pause(BUSY, 4 * BUSY).await;
        assert!(began.elapsed() >= 4 * BUSY);
    }
}
