//! How often a viewer may poll the feed, so that all viewers together poll no more than one homepage can serve.
//!
//! Nobody registers as a viewer who polls, and does not wait for news. But each answer says when to poll again, and the
//! sum of these waits shows how many viewers there are. An example: each of 5,000 viewers polls every 5 s. In one second
//! 1,000 of them poll, and the answers contain 1,000 waits of 5 s: 5,000 s in one second, so there are 5,000 viewers.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Estimates how many viewers there are by the waits that it has given out.
#[derive(Debug)]
pub(crate) struct Viewers(Mutex<Waits>);

/// The waits that were given out in a span of time, in milliseconds.
#[derive(Debug)]
struct Waits {
    span_began: Instant,
    current: u64,
    /// Of the whole span before the current one.
    previous: u64,
}

impl Default for Viewers {
    fn default() -> Self {
        Self(Mutex::new(Waits { span_began: Instant::now(), current: 0, previous: 0 }))
    }
}

impl Viewers {
    /// How many polls one homepage serves in a second, with its other work, on two cores.
    const POLLS_PER_SECOND: u64 = 1000;
    /// The longest wait. With a longer one, people notice that nothing moves.
    const MAX_WAIT_MS: u64 = 10_000;
    const SPAN: Duration = Duration::from_secs(1);

    /// After how many milliseconds a viewer may poll again: `least`, or more if there are so many viewers that they
    /// would poll too often.
    pub(crate) fn poll_after(&self, least: u32, now: Instant) -> u32 {
        let mut waits = self.0.lock();
        waits.begin_span(now);
        let span = u64::try_from(Self::SPAN.as_millis()).unwrap_or(u64::MAX);
        let viewers = waits.current.max(waits.previous) / span;
        let fair = (viewers * 1000 / Self::POLLS_PER_SECOND).min(Self::MAX_WAIT_MS);
        u32::try_from(fair).unwrap_or(least).max(least)
    }

    /// A viewer has polled, and was told this wait. Several may have got the same answer.
    pub(crate) fn note(&self, wait_ms: u32, now: Instant) {
        let mut waits = self.0.lock();
        waits.begin_span(now);
        waits.current += u64::from(wait_ms);
    }
}

impl Waits {
    /// Begins a new span if the current one is over.
    fn begin_span(&mut self, now: Instant) {
        let spans = now.duration_since(self.span_began).as_millis() / Viewers::SPAN.as_millis();
        if spans > 0 {
            self.previous = if spans == 1 { self.current } else { 0 };
            self.current = 0;
            self.span_began = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BinaryHeap;

    use super::*;

    /// A viewer polls, and is told its wait.
    fn poll(viewers: &Viewers, now: Instant) -> u32 {
        let wait = viewers.poll_after(400, now);
        viewers.note(wait, now);
        wait
    }

    /// Lets `count` viewers poll for some seconds. Returns how many polls came in the last second.
    fn polls_of(count: u32, seconds: u64) -> usize {
        let (viewers, begin) = (Viewers::default(), Instant::now());
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let mut due: BinaryHeap<_> =
            (0..count).map(|n| std::cmp::Reverse(u64::from(n) % 1000)).collect();
        let mut last = 0;
        while let Some(std::cmp::Reverse(ms)) = due.pop() {
            if ms >= seconds * 1000 {
                break;
            }
            last += usize::from(ms >= (seconds - 1) * 1000);
            due.push(std::cmp::Reverse(ms + u64::from(poll(&viewers, at(ms)))));
        }
        last
    }

    #[test]
    fn a_few_viewers_poll_as_often_as_they_want() {
        assert!((20..=30).contains(&polls_of(10, 20)));
    }

    #[test]
    fn many_viewers_together_poll_no_more_than_the_homepage_can_serve() {
        for viewers in [2000, 5000, 15_000] {
            let polls = polls_of(viewers, 40);
            assert!((500..=1500).contains(&polls), "{viewers} viewers: {polls} polls a second");
        }
    }

    #[test]
    fn viewers_that_have_gone_do_not_slow_down_the_next_ones() {
        let (viewers, begin) = (Viewers::default(), Instant::now());
        for _ in 0..100_000 {
            poll(&viewers, begin);
        }
        assert_eq!(viewers.poll_after(400, begin + Duration::from_secs(60)), 400);
    }
}
