//! Notices that records wait and none of them is finished. The reason may be that no event-router or
//! message-processor works, or that they are busy with earlier records: a homepage cannot tell which.

use std::time::{Duration, Instant};

use barrage::time::{Millis, Rfc3339};

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stall {
    /// Since when records wait and none was finished.
    since: Option<(Instant, Rfc3339)>,
    is_logged: bool,
}

impl Stall {
    /// A restart or a rebalance takes a few seconds. That is no stall yet.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// Called after a failed round. A single one shows nothing new: returns what the round before has returned. After
    /// more of them all is forgotten, because what the reader did not see may have been processed.
    pub(super) fn failed(&mut self, is_single: bool) -> Option<Rfc3339> {
        self.since = self.since.filter(|_| is_single);
        self.since.filter(|_| self.is_logged).map(|(_, since)| since)
    }

    /// Called after a round with how many records wait, and whether any was finished in it. Returns since when
    /// nothing was finished, once that is longer than `PATIENCE`.
    pub(super) fn observe(
        &mut self,
        waiting: u64,
        has_moved: bool,
        now: Instant,
    ) -> Option<Rfc3339> {
        if waiting == 0 || has_moved {
            self.since = None;
            if std::mem::take(&mut self.is_logged) {
                tracing::info!(waiting, "messages are processed again");
            }
        }
        if waiting == 0 {
            return None;
        }
        let (began, since) = *self.since.get_or_insert_with(|| (now, Millis::now().rfc3339()));
        if now.duration_since(began) < Self::PATIENCE {
            return None;
        }
        if !std::mem::replace(&mut self.is_logged, true) {
            tracing::warn!(waiting, %since, "messages wait, and none was processed since {since}");
        }
        Some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_without_progress_is_a_stall_after_five_seconds_until_the_next_progress() {
        let (mut stall, begin) = (Stall::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(stall.observe(3, false, at(0)), None);
        assert_eq!(stall.observe(5, false, at(4)), None);
        let since = stall.observe(5, false, at(5));
        assert!(since.is_some());
        assert_eq!(stall.observe(9, false, at(60)), since);
        assert_eq!(stall.observe(8, true, at(61)), None);
        assert_eq!(stall.observe(8, false, at(65)), None);
        assert!(stall.observe(8, false, at(66)).is_some());
        assert_eq!(stall.observe(0, false, at(67)), None);
    }

    #[test]
    fn a_single_failed_round_neither_ends_a_stall_nor_begins_one() {
        let (mut stall, begin) = (Stall::default(), Instant::now());
        assert_eq!(stall.observe(3, false, begin), None);
        assert_eq!(stall.failed(true), None);
        let since = stall.observe(3, false, begin + Duration::from_secs(6));
        assert!(since.is_some());
        assert_eq!(stall.failed(true), since);
        assert_eq!(stall.failed(false), None);
        assert_eq!(stall.failed(true), None);
    }

    #[test]
    fn an_idle_system_is_not_stalled() {
        let (mut stall, begin) = (Stall::default(), Instant::now());
        for hour in 0..5 {
            assert_eq!(stall.observe(0, false, begin + Duration::from_secs(3600 * hour)), None);
        }
    }
}
