//! How often there is a tick: with each round of the reader while few wait, ten times a second while more do, and less
//! often for a crowd, so that its answers do not overload the homepage. Only where the longest interval is too short for
//! all, as for more than 5,000 viewers on one core, more answers are sent than that.
//!
//! An example: with two cores, 5,000 answers a second are sent. 1,000 viewers wait at a tick. The next one comes after
//! 200 ms. So each viewer gets five answers a second, and nobody gets less than another.

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

#[derive(Debug)]
pub(super) struct Pace {
    answers_per_second: u64,
    next_tick: Mutex<Instant>,
    /// From the last tick to the next, in milliseconds.
    interval: AtomicU64,
    /// How many were answered since the last tick who came too late for it.
    late: AtomicUsize,
}

impl Pace {
    /// How many viewers are answered in a second for each core. An answer takes some 25 to 60 µs, so most of the core
    /// is left to others.
    const ANSWERS_PER_CORE: u64 = 2500;
    /// While few wait. The reader pauses at least as long between two rounds.
    const SHORTEST: Duration = Duration::from_millis(20);
    /// So many are few: they cost next to nothing.
    const FEW: u64 = 50;
    /// While more wait. Pages ask no more than ten times a second, so with a shorter one they would come too late for
    /// each tick, and share nothing.
    const SHARED: Duration = Duration::from_millis(100);
    /// With a longer one, people notice that nothing moves.
    const LONGEST: Duration = Duration::from_secs(2);

    pub(super) fn of_this_machine() -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Self::new(cores.try_into().unwrap_or(1) * Self::ANSWERS_PER_CORE, Instant::now())
    }

    fn new(answers_per_second: u64, now: Instant) -> Self {
        let (next_tick, interval) = (Mutex::new(now), AtomicU64::new(0));
        Self { answers_per_second, next_tick, interval, late: AtomicUsize::new(0) }
    }

    pub(super) fn until_next_tick(&self, now: Instant) -> Duration {
        self.next_tick.lock().saturating_duration_since(now)
    }

    /// So many viewers get an answer now. Returns how long it is until the next tick.
    pub(super) fn note_tick(&self, waiting: usize, now: Instant) -> Duration {
        let answers = waiting + self.late.swap(0, Ordering::Relaxed);
        let answers = u64::try_from(answers).unwrap_or(u64::MAX);
        let fair = Duration::from_millis(answers.saturating_mul(1000) / self.answers_per_second);
        let least = if answers <= Self::FEW { Self::SHORTEST } else { Self::SHARED };
        let interval = fair.clamp(least, Self::LONGEST);
        *self.next_tick.lock() = now + interval;
        let ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        self.interval.store(ms, Ordering::Relaxed);
        interval
    }

    /// A viewer gets an answer between two ticks.
    pub(super) fn note_late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    /// After how many milliseconds a viewer who waits may ask again. A crowd leaves time to send all its answers before
    /// the first one of it asks again, and is back before the next tick.
    pub(super) fn ask_after_ms(&self) -> u32 {
        let interval = self.interval.load(Ordering::Relaxed);
        let shortest = u64::try_from(Self::SHORTEST.as_millis()).unwrap_or(u64::MAX);
        if interval <= shortest { 1 } else { u32::try_from(interval / 4).unwrap_or(u32::MAX) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From a tick with so many viewers to the next.
    fn interval(waiting: usize) -> Duration {
        let now = Instant::now();
        let pace = Pace::new(5000, now);
        pace.note_tick(waiting, now)
    }

    #[test]
    fn few_viewers_get_each_round_and_a_crowd_fewer_ticks() {
        for (waiting, ms) in
            [(0, 20), (50, 20), (51, 100), (500, 100), (1000, 200), (5000, 1000), (1_000_000, 2000)]
        {
            assert_eq!(interval(waiting), Duration::from_millis(ms), "{waiting}");
        }
    }

    #[test]
    fn whoever_came_too_late_for_a_tick_counts_for_the_next_interval_and_only_once() {
        let now = Instant::now();
        let pace = Pace::new(1000, now);
        (0..300).for_each(|_| pace.note_late());
        pace.note_tick(200, now);
        assert_eq!(pace.until_next_tick(now), Duration::from_millis(500));
        pace.note_tick(200, now);
        assert_eq!(pace.until_next_tick(now), Duration::from_millis(200));
    }

    proptest! {
        #[test]
        fn viewers_are_never_answered_faster_than_allowed_and_are_back_before_the_next_tick(
            waiting in 0usize..10_000,
        ) {
            let now = Instant::now();
            let pace = Pace::new(5000, now);
            pace.note_tick(waiting, now);
            let seconds = pace.until_next_tick(now).as_secs_f64();
            prop_assert!(waiting as f64 / seconds < 5100.0);
            let back = pace.ask_after_ms();
            prop_assert!(back >= 1 && f64::from(back) < seconds * 1000.0 / 2.0);
        }
    }
}
