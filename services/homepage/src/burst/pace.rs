//! When a sender sends: message `n` is due at its begin plus `n` ÷ rate. The senders of a burst begin in groups.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    rate: u32,
    duration: Duration,
    /// The senders begin in groups within the first period. From 20 messages a second on, all of them are one group.
    begin: Duration,
}

impl Pace {
    /// From one group of senders to the next. What a group sends shares requests to Kafka, to the processors and to the
    /// table, which cost much more than a message.
    const STEP: Duration = Duration::from_millis(50);
    /// How long a late sender may still send after its burst's duration.
    const CATCH_UP: Duration = Duration::from_secs(2);

    /// The pace of sender number `sender` (from 1) of `of` senders; `rate` is in messages per second.
    pub(crate) fn new(rate: u32, seconds: u32, sender: u32, of: u32) -> Self {
        let period = Duration::from_secs(1) / rate;
        let duration = Duration::from_secs(seconds.into());
        let evenly = period * (sender - 1) / of;
        // A second has a whole number of steps.
        let after_step = evenly.subsec_nanos() % Self::STEP.subsec_nanos();
        let begin = evenly - Duration::from_nanos(after_step.into());
        Self { rate, duration, begin }
    }

    /// When message number `n` (from 0) is due, counted from the burst's begin; `None` when there are no more.
    ///
    /// A sender that is never late sends rate × duration messages. A sender that had to wait for Kafka sends the
    /// missed messages without pause, until two seconds after the end of the duration.
    pub(crate) fn due(&self, n: u64, elapsed: Duration) -> Option<Duration> {
        let all = u64::from(self.rate) * self.duration.as_secs();
        let late = elapsed > self.duration + Self::CATCH_UP;
        let offset = Duration::from_nanos(n * 1_000_000_000 / u64::from(self.rate));
        (n < all && !late).then(|| self.begin + offset)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sender_that_is_never_late_sends_rate_times_duration_within_the_duration(
            rate in 1u32..=1000, seconds in 1u32..=20, sender in 1u32..=100,
        ) {
            let pace = Pace::new(rate, seconds, sender, 100);
            let mut last = Duration::ZERO;
            let mut sent = 0;
            while let Some(due) = pace.due(sent, last) {
                prop_assert!(due >= last);
                last = due;
                sent += 1;
            }
            prop_assert_eq!(sent, u64::from(rate) * u64::from(seconds));
            prop_assert!(last < Duration::from_secs(seconds.into()));
        }
    }

    #[test]
    fn the_senders_of_a_burst_begin_in_groups_spread_over_the_first_period() {
        let begins = |rate, of| {
            let begin = |sender| Pace::new(rate, 10, sender, of).begin.as_millis();
            (1..=of).map(begin).collect::<Vec<_>>()
        };
        assert_eq!(begins(5, 10), [0, 0, 0, 50, 50, 100, 100, 100, 150, 150]);
        assert_eq!(begins(1, 4), [0, 250, 500, 750]);
        assert_eq!(begins(20, 3), [0, 0, 0]);
    }

    #[test]
    fn a_late_sender_may_send_until_two_seconds_after_the_end() {
        let pace = Pace::new(10, 2, 1, 1);
        assert!(pace.due(5, Duration::from_millis(3900)).is_some());
        assert!(pace.due(5, Duration::from_millis(4100)).is_none());
    }
}
