//! How often a viewer may ask for the feed, so that all viewers together do not ask more than one
//! homepage answers with ease.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts viewers by their polls: whoever is told to come back after two seconds and does so is one
/// viewer for two seconds.
#[derive(Debug)]
pub(crate) struct Crowd(Mutex<Polls>);

#[derive(Debug)]
struct Polls {
    /// When the current span of time began.
    began: Instant,
    /// The waits that were given out in it, and in the one before, in milliseconds.
    now: u64,
    before: u64,
}

impl Default for Crowd {
    fn default() -> Self {
        Self(Mutex::new(Polls { began: Instant::now(), now: 0, before: 0 }))
    }
}

impl Crowd {
    /// How many polls per second one homepage answers with ease, beside all else on two cores.
    const POLLS: u64 = 1000;
    /// The longest wait: beyond it, people see that nothing moves.
    const SLOWEST_MS: u64 = 10_000;
    /// Over how long polls are counted.
    const SPAN: Duration = Duration::from_secs(1);

    /// A viewer polls. Answers after how many milliseconds it may come again: `least`, or later when there
    /// are many.
    pub(crate) fn poll_after(&self, least: u32, now: Instant) -> u32 {
        let mut polls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        polls.turn(now);
        let span = u64::try_from(Self::SPAN.as_millis()).unwrap_or(u64::MAX);
        let viewers = polls.now.max(polls.before) / span;
        let fair = (viewers * 1000 / Self::POLLS).min(Self::SLOWEST_MS);
        let wait = u32::try_from(fair).unwrap_or(least).max(least);
        polls.now += u64::from(wait);
        wait
    }
}

impl Polls {
    fn turn(&mut self, now: Instant) {
        let spans = now.duration_since(self.began).as_millis() / Crowd::SPAN.as_millis();
        if spans > 0 {
            self.before = if spans == 1 { self.now } else { 0 };
            self.now = 0;
            self.began = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BinaryHeap;

    use super::*;

    /// Lets so many viewers poll for some seconds; answers how many polls there were in the last of them.
    fn polls_of(viewers: u32, seconds: u64) -> usize {
        let (crowd, begin) = (Crowd::default(), Instant::now());
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let mut due: BinaryHeap<_> =
            (0..viewers).map(|n| std::cmp::Reverse(u64::from(n) % 1000)).collect();
        let mut last = 0;
        while let Some(std::cmp::Reverse(ms)) = due.pop() {
            if ms >= seconds * 1000 {
                break;
            }
            last += usize::from(ms >= (seconds - 1) * 1000);
            due.push(std::cmp::Reverse(ms + u64::from(crowd.poll_after(400, at(ms)))));
        }
        last
    }

    #[test]
    fn a_few_viewers_poll_as_often_as_they_like() {
        assert!((20..=30).contains(&polls_of(10, 20)));
    }

    #[test]
    fn many_viewers_together_poll_no_more_than_is_good() {
        for viewers in [2000, 5000, 15_000] {
            let polls = polls_of(viewers, 40);
            assert!((500..=1500).contains(&polls), "{viewers} viewers: {polls} polls a second");
        }
    }

    #[test]
    fn after_a_pause_nobody_waits_for_those_who_have_gone() {
        let (crowd, begin) = (Crowd::default(), Instant::now());
        for _ in 0..100_000 {
            crowd.poll_after(400, begin);
        }
        assert_eq!(crowd.poll_after(400, begin + Duration::from_secs(60)), 400);
    }
}
