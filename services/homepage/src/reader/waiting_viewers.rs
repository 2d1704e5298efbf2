//! The viewers who wait for news now, and how soon they can be told.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use barrage::retry::pause_until;
use tokio::sync::Notify;

/// Counts the viewers who wait. The reader reads less often while there is none.
#[derive(Debug, Default)]
pub(crate) struct WaitingViewers {
    count: AtomicUsize,
    entered: Notify,
    /// How often they are told what has changed, in milliseconds.
    told_every: AtomicU64,
}

/// A viewer is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct WaitingViewer<'a>(&'a WaitingViewers);

impl WaitingViewers {
    pub(crate) fn enter(&self) -> WaitingViewer<'_> {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.entered.notify_one();
        WaitingViewer(self)
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Pauses for `shortest`, and then until a viewer waits, but not longer than `longest` in all. Only one task may call
    /// it.
    pub(super) async fn pause(&self, shortest: Duration, longest: Duration) {
        pause_until(self.any(), shortest, longest).await;
    }

    async fn any(&self) {
        while self.count() == 0 {
            self.entered.notified().await;
        }
    }

    /// Sets how often viewers are told what has changed.
    pub(crate) fn set_told_every(&self, interval: Duration) {
        let ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        self.told_every.store(ms, Ordering::Relaxed);
    }

    pub(super) fn told_every(&self) -> Duration {
        Duration::from_millis(self.told_every.load(Ordering::Relaxed))
    }
}

impl Drop for WaitingViewer<'_> {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use futures::FutureExt as _;

    use super::*;

    const SHORT: Duration = Duration::from_millis(5);
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_pause_is_short_for_a_viewer_who_waits() {
        let (viewers, began) = (WaitingViewers::default(), Instant::now());
        let _viewer = viewers.enter();
        viewers.pause(SHORT, LONG).await;
        assert!((SHORT..LONG).contains(&began.elapsed()));
    }

    #[tokio::test]
    async fn without_viewers_a_pause_takes_its_longest() {
        let (viewers, began) = (WaitingViewers::default(), Instant::now());
        viewers.pause(SHORT, 4 * SHORT).await;
        assert!(began.elapsed() >= 4 * SHORT);
    }

    #[test]
    fn a_viewer_counts_until_it_goes() {
        let viewers = WaitingViewers::default();
        let (one, another) = (viewers.enter(), viewers.enter());
        drop(one);
        assert_eq!((viewers.count(), viewers.any().now_or_never()), (1, Some(())));
        drop(another);
        assert_eq!((viewers.count(), viewers.any().now_or_never()), (0, None));
    }

    #[tokio::test]
    async fn the_reader_is_woken_by_the_next_viewer_and_not_by_one_who_has_gone() {
        let viewers = WaitingViewers::default();
        drop(viewers.enter());
        let enter = async {
            tokio::task::yield_now().await;
            viewers.enter()
        };
        let mut any = std::pin::pin!(viewers.any());
        assert_eq!((&mut any).now_or_never(), None);
        let (viewer, ()) = tokio::join!(enter, any);
        drop(viewer);
    }
}
