//! How much data a stand-in keeps, and what is old enough to go.
//!
//! An example. A stand-in may keep 100 MB. When 90 MB of its file are used, it deletes the oldest data until 80 MB are.
//! The pages that get free are used again, and the file gives back those beyond 90 MB. The rest is for SQLite's log. What
//! came in the last half minute stays in any case: whoever follows the data, as the homepage does, has seen all that is
//! deleted.

use std::{
    collections::{BTreeMap, VecDeque},
    num::ParseIntError,
    str::FromStr,
    time::{Duration, Instant},
};

/// How often a stand-in looks at its file.
pub const ROUND: Duration = Duration::from_secs(2);

/// How old data must be to be deleted.
const SETTLED: Duration = Duration::from_secs(30);

/// How many bytes the files of a stand-in may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(u64);

impl FromStr for Share {
    type Err = ParseIntError;

    /// A number of bytes.
    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

/// The pages of a SQLite file.
#[derive(Clone, Copy, Debug)]
pub struct Pages {
    /// Bytes of each page.
    pub size: u64,
    pub all: u64,
    pub free: u64,
}

impl Pages {
    fn used_bytes(self) -> u64 {
        self.all.saturating_sub(self.free).saturating_mul(self.size)
    }
}

impl Share {
    /// Whether the oldest data must go.
    pub fn is_nearly_used(self, pages: Pages) -> bool {
        pages.used_bytes() > self.tenths(9)
    }

    /// Whether enough has gone.
    pub fn has_room(self, pages: Pages) -> bool {
        pages.used_bytes() <= self.tenths(8)
    }

    /// How many free pages the file gives back. The others are used again.
    pub fn excess(self, pages: Pages) -> u64 {
        let most = self.tenths(9) / pages.size.max(1);
        pages.all.saturating_sub(most).min(pages.free)
    }

    /// Whether SQLite's log of changes, of so many bytes, must be cut.
    pub fn is_log_long(self, bytes: u64) -> bool {
        bytes > self.tenths(1)
    }

    fn tenths(self, tenths: u64) -> u64 {
        self.0 / 10 * tenths
    }
}

/// How much is done at once: so much that it takes a twentieth of a second, because meanwhile no client can write.
///
/// An example. 1000 rows took 100 ms, because the disk is busy. So 500 are next. They take 10 ms: 1000, no more than
/// twice as many as before.
#[derive(Clone, Copy, Debug)]
pub struct Pace(u64);

impl Default for Pace {
    fn default() -> Self {
        Self(250)
    }
}

impl Pace {
    const AIM: Duration = Duration::from_millis(50);
    /// Fewer would not keep up with the clients.
    const LEAST: u64 = 100;
    const MOST: u64 = 10_000;

    /// How many records, rows or pages are next.
    pub fn count(self) -> u64 {
        self.0
    }

    /// Runs what says how many it has done.
    pub fn time<E>(&mut self, run: impl FnOnce() -> Result<u64, E>) -> Result<u64, E> {
        let began = Instant::now();
        let done = run()?;
        self.took(done, began.elapsed());
        tracing::debug!(done, took = ?began.elapsed(), next = self.0, "a step of the retention is done");
        Ok(done)
    }

    fn took(&mut self, done: u64, time: Duration) {
        if done > 0 {
            let fit = u128::from(done) * Self::AIM.as_micros() / time.as_micros().max(1);
            let fit = u64::try_from(fit).unwrap_or(u64::MAX);
            self.0 = fit.min(self.0.saturating_mul(2)).clamp(Self::LEAST, Self::MOST);
        }
    }
}

/// Numbers that grow, each with its key, as they were half a minute ago.
#[derive(Debug)]
pub struct Settled<K>(VecDeque<(Instant, BTreeMap<K, i64>)>);

impl<K> Default for Settled<K> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<K: Clone + Ord> Settled<K> {
    /// Notes the numbers of now. Call it each [`ROUND`].
    pub fn note(&mut self, now: Instant, numbers: BTreeMap<K, i64>) {
        self.0.push_back((now, numbers));
        while self.0.get(1).is_some_and(|(at, _)| is_settled(*at, now)) {
            self.0.pop_front();
        }
    }

    /// Whether it has numbers of half a minute ago.
    pub fn is_known(&self, now: Instant) -> bool {
        self.0.front().is_some_and(|(at, _)| is_settled(*at, now))
    }

    /// The numbers of half a minute ago. A number that was lower since counts as that: then a new topic or table has
    /// the key. A key that was missing since has none.
    pub fn numbers(&self, now: Instant) -> BTreeMap<K, i64> {
        let mut samples = self.0.iter();
        let first = samples.next().filter(|(at, _)| is_settled(*at, now));
        let Some((_, mut lowest)) = first.cloned() else { return BTreeMap::new() };
        for (_, sample) in samples {
            lowest.retain(|key, number| {
                let later = sample.get(key);
                *number = later.copied().unwrap_or_default().min(*number);
                later.is_some()
            });
        }
        lowest
    }
}

fn is_settled(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) >= SETTLED
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pages() -> impl Strategy<Value = Pages> {
        (512_u64..=65_536, 0_u64..1_000_000, 0_u64..1_000_000)
            .prop_map(|(size, used, free)| Pages { size, all: used + free, free })
    }

    #[test]
    fn deletion_begins_at_nine_tenths_and_ends_at_eight() {
        let share = Share(100_000);
        let used = |pages: u64| Pages { size: 1000, all: pages + 7, free: 7 };
        assert!(!share.is_nearly_used(used(90)) && share.is_nearly_used(used(91)));
        assert!(!share.has_room(used(81)) && share.has_room(used(80)));
        assert!(!share.is_log_long(10_000) && share.is_log_long(10_001));
    }

    #[test]
    fn the_example_of_the_pace_is_true() {
        let mut pace = Pace(1000);
        pace.took(1000, Duration::from_millis(100));
        assert_eq!(pace.count(), 500);
        pace.took(500, Duration::from_millis(10));
        assert_eq!(pace.count(), 1000);
    }

    proptest! {
        #[test]
        fn what_is_done_at_once_soon_takes_as_long_as_it_should(
            each in 5_u32..500, before in Pace::LEAST..=Pace::MOST
        ) {
            let (mut pace, each) = (Pace(before), Duration::from_micros(each.into()));
            let time = |pace: Pace| each * u32::try_from(pace.count()).unwrap();
            for _ in 0..7 {
                pace.took(pace.count(), time(pace));
            }
            let (least, most) = (Pace::AIM - each, Pace::AIM + each);
            prop_assert!(time(pace) >= least || pace.count() == Pace::MOST, "{pace:?}");
            prop_assert!(time(pace) <= most || pace.count() == Pace::LEAST, "{pace:?}");
        }

        #[test]
        fn a_file_gives_back_free_pages_alone_and_no_more_than_its_share_asks_for(
            pages in pages(), bytes in 0_u64..1_000_000_000
        ) {
            let share = Share(bytes);
            let (left, most) = (pages.all - share.excess(pages), bytes / 10 * 9);
            prop_assert!(left >= pages.all - pages.free, "a used page was given back");
            prop_assert!(left == pages.all || left >= most / pages.size, "too many went");
            let fits = left * pages.size <= most;
            prop_assert!(fits || left == pages.all - pages.free, "too few went");
        }

        #[test]
        fn one_that_has_room_is_not_nearly_used(pages in pages(), bytes in any::<u64>()) {
            let share = Share(bytes);
            prop_assert!(!(share.has_room(pages) && share.is_nearly_used(pages)));
        }

        /// Each sample: how many seconds after the one before it, and the numbers of three keys, if they are there.
        #[test]
        fn a_settled_number_is_no_higher_than_any_of_the_last_half_minute(
            samples in prop::collection::vec(
                (0_u64..20, prop::array::uniform3(prop::option::of(0_i64..100))), 1..30
            )
        ) {
            let (mut settled, mut now) = (Settled::default(), Instant::now());
            let begin = now;
            let mut noted = Vec::new();
            for (after, numbers) in samples {
                now += Duration::from_secs(after);
                let present = |(key, number): (usize, Option<i64>)| Some((key, number?));
                let sample: BTreeMap<_, _> =
                    numbers.into_iter().enumerate().filter_map(present).collect();
                settled.note(now, sample.clone());
                noted.push((now, sample));
            }
            let old = noted.iter().rposition(|(at, _)| *at + SETTLED <= now);
            let since = &noted[old.unwrap_or_default()..];
            let found = settled.numbers(now);
            prop_assert!(old.is_some() || found.is_empty(), "{:?}", now - begin);
            for key in 0..3 {
                let each = since.iter().map(|(_, sample)| sample.get(&key).copied());
                let lowest = each.collect::<Option<Vec<_>>>().and_then(|it| it.into_iter().min());
                prop_assert_eq!(found.get(&key).copied(), lowest.filter(|_| old.is_some()));
            }
        }
    }
}
