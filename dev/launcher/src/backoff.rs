//! How long to wait before a process that has died is started again.

use std::time::Duration;

/// The pause before a restart. It doubles with each death, up to [`Backoff::LONGEST`], until the process has
/// run for [`Backoff::HEALTHY`]: 0.2 s, 0.4 s, 0.8 s, 1.6 s, 3.2 s, 5 s, 5 s, and 0.2 s again.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    const FIRST: Duration = Duration::from_millis(200);
    const LONGEST: Duration = Duration::from_secs(5);
    const HEALTHY: Duration = Duration::from_secs(10);

    pub(crate) fn new() -> Self {
        Self(Self::FIRST)
    }

    /// The pause after a process that has run for `uptime`.
    pub(crate) fn next(&mut self, uptime: Duration) -> Duration {
        if uptime >= Self::HEALTHY {
            self.0 = Self::FIRST;
        }
        let pause = self.0;
        self.0 = (pause * 2).min(Self::LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_seconds_and_are_short_again_after_a_long_uptime() {
        let mut backoff = Backoff::new();
        let pauses = [0, 1, 0, 0, 0, 0, 9, 10, 0].map(|uptime| {
            let pause = backoff.next(Duration::from_secs(uptime));
            u64::try_from(pause.as_millis()).unwrap()
        });
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 5000, 5000, 200, 400]);
    }
}
