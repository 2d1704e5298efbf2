//! Notices that records wait and none of them is finished, whatever the reason: nobody routes or processes,
//! or all are busy with what comes first. It is all that a homepage can know of the parts behind Kafka.

use std::time::{Duration, Instant};

use barrage::time::{Millis, Rfc3339};

/// What was seen of the work that others do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stall {
    /// Since when records wait of which none was finished.
    waits: Option<(Instant, Rfc3339)>,
    is_told: bool,
}

impl Stall {
    /// A restart or a change of owners takes a few seconds, and nobody needs to be told.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// A round has failed: what is not seen may be processed all the same.
    pub(super) fn lose_sight(&mut self) -> Option<Rfc3339> {
        self.waits = None;
        None
    }

    /// Takes note of a round: what waits now, and whether something was finished in it. Answers since
    /// when nothing was finished, once that is worth telling.
    pub(super) fn note(&mut self, waiting: u64, has_moved: bool, now: Instant) -> Option<Rfc3339> {
        if waiting == 0 || has_moved {
            self.waits = None;
            if std::mem::take(&mut self.is_told) {
                tracing::info!(waiting, "messages are processed again");
            }
        }
        if waiting == 0 {
            return None;
        }
        let (began, since) = *self.waits.get_or_insert_with(|| (now, Millis::now().rfc3339()));
        if now.duration_since(began) < Self::PATIENCE {
            return None;
        }
        if !std::mem::replace(&mut self.is_told, true) {
            tracing::warn!(waiting, %since, "messages wait, and none was processed since {since}");
        }
        Some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_without_any_progress_is_told_after_a_while_and_ends_with_the_first_progress() {
        let (mut stall, begin) = (Stall::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(stall.note(3, false, at(0)), None);
        assert_eq!(stall.note(5, false, at(4)), None);
        let since = stall.note(5, false, at(5));
        assert!(since.is_some());
        assert_eq!(stall.note(9, false, at(60)), since);
        assert_eq!(stall.note(8, true, at(61)), None);
        assert_eq!(stall.note(8, false, at(65)), None);
        assert!(stall.note(8, false, at(66)).is_some());
        assert_eq!(stall.note(0, false, at(67)), None);
    }

    #[test]
    fn an_idle_system_is_not_stalled() {
        let (mut stall, begin) = (Stall::default(), Instant::now());
        for hour in 0..5 {
            assert_eq!(stall.note(0, false, begin + Duration::from_secs(3600 * hour)), None);
        }
    }
}
