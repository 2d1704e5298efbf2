//! How many calls were under way in the last minute.

use std::{collections::VecDeque, time::Duration};

/// The panic window is a tenth of the stable one: `panic-window-percentage`.
const PANIC_SHARE: f64 = 0.1;

/// The means of calls under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Means {
    pub(crate) stable: f64,
    pub(crate) panic: f64,
}

/// The samples of one stable window, the oldest first. What was not measured counts neither as calls nor
/// as none: as in Knative, the mean is that of the time from which there are samples.
#[derive(Debug)]
pub(crate) struct Window {
    stable: Duration,
    panic: Duration,
    samples: VecDeque<(Duration, f64)>,
}

impl Window {
    pub(crate) fn new(stable: Duration) -> Self {
        // In whole seconds and at least one, as Knative rounds it.
        let panic = (stable.as_secs_f64() * PANIC_SHARE).round().max(1.0);
        Self { stable, panic: Duration::from_secs_f64(panic), samples: VecDeque::new() }
    }

    /// Adds how many calls were under way at `at`, a time since the start of the demo. It must not be
    /// older than the last one.
    pub(crate) fn record(&mut self, at: Duration, calls: f64) {
        self.samples.push_back((at, calls));
        let stable = self.stable;
        let is_old =
            |sample: Option<&(Duration, f64)>| sample.is_some_and(|it| it.0 + stable <= at);
        while is_old(self.samples.front()) {
            self.samples.pop_front();
        }
    }

    /// The means at `now`. `None` where nothing was measured in the panic window: then nobody knows.
    pub(crate) fn means(&self, now: Duration) -> Option<Means> {
        let panic = self.mean(now, self.panic)?;
        let stable = self.mean(now, self.stable)?;
        Some(Means { stable, panic })
    }

    /// Whether calls were under way when it was measured last.
    pub(crate) fn is_busy(&self) -> bool {
        self.samples.back().is_some_and(|(_, calls)| *calls > 0.0)
    }

    /// When calls were under way for the last time, if it was in the stable window.
    pub(crate) fn last_call(&self) -> Option<Duration> {
        self.samples.iter().rev().find(|(_, calls)| *calls > 0.0).map(|(at, _)| *at)
    }

    fn mean(&self, now: Duration, window: Duration) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0_u32);
        for (_, calls) in self.samples.iter().rev().take_while(|(at, _)| *at + window > now) {
            sum += calls;
            count += 1;
        }
        // Rounded as in Knative: three calls must not be 3.0000000000000004, which would want one more.
        let round = |mean: f64| (mean * 1e6).round() / 1e6;
        (count > 0).then(|| round(sum / f64::from(count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn each_mean_is_that_of_its_own_window() {
        let mut window = Window::new(60 * SECOND);
        for second in 0..60 {
            window.record(second * SECOND, if second < 54 { 10.0 } else { 30.0 });
        }
        // Seconds 54 to 59 are in the panic window: 30. All: (54 x 10 + 6 x 30) / 60 = 720 / 60 = 12.
        assert_eq!(window.means(59 * SECOND), Some(Means { stable: 12.0, panic: 30.0 }));
        // A second later second 0 is too old: (53 x 10 + 7 x 30) / 60 = 740 / 60, and second 54 is not
        // in the panic window any more.
        window.record(60 * SECOND, 30.0);
        let means = window.means(60 * SECOND).unwrap();
        assert!((means.stable - 740.0 / 60.0).abs() < 1e-6, "{means:?}");
        assert_eq!(window.samples.len(), 60);
    }

    #[test]
    fn what_was_not_measured_is_no_zero() {
        let mut window = Window::new(10 * SECOND);
        assert_eq!(window.means(Duration::ZERO), None);
        window.record(SECOND, 8.0);
        assert_eq!(window.means(SECOND), Some(Means { stable: 8.0, panic: 8.0 }));
        // Nothing in the last second, which is the panic window.
        assert_eq!(window.means(2 * SECOND), None);
    }

    #[test]
    fn the_panic_window_is_a_tenth_in_whole_seconds() {
        let panic = [6, 10, 14, 15, 60, 3600].map(|stable| Window::new(stable * SECOND).panic);
        assert_eq!(panic.map(|it| it.as_secs()), [1, 1, 1, 2, 6, 360]);
    }
}
