//! Keeps the file of a stand-in within its share of the disk: deletes the oldest data, a little at a time.

use std::{
    collections::BTreeMap,
    fmt::Display,
    time::{Duration, Instant},
};

use tokio::{
    task,
    time::{MissedTickBehavior, interval, sleep_until},
};

use crate::{
    file::{File, Sqlite},
    keep::{Pace, ROUND, Settled, Share},
};

/// The pause after some data was deleted. SQLite looks at least that often whether a client that waits may write, so
/// each of them gets its turn.
const TURN: Duration = Duration::from_millis(100);

/// The data of a stand-in, in ranges: the partitions of the topics, or the tables. Numbers grow within a range.
pub trait Data: Send + 'static {
    type Sqlite: Sqlite<Error = Self::Error>;
    type Error: Display + Send;
    /// What a range is called.
    type Range: Clone + Ord + Send;

    /// What it is in a line of the log.
    const NAME: &'static str;
    /// Why data is left that takes more than the share, in a line of the log.
    const LEFT: &'static str;

    fn file(&self) -> &File<Self::Sqlite>;

    /// All data before these numbers may go, once it is old enough.
    fn ends(&self) -> Result<BTreeMap<Self::Range, i64>, Self::Error>;

    /// Deletes about so many of the oldest records or rows, all of them before these numbers. Returns how many.
    fn delete(&self, before: BTreeMap<Self::Range, i64>, count: u64) -> Result<u64, Self::Error>;
}

/// Keeps data within a share.
pub struct Retention<D: Data> {
    data: D,
    share: Share,
    settled: Settled<D::Range>,
    noted: Option<Instant>,
    deletes: Pace,
    gives_back: Pace,
    /// Data goes until there is room.
    is_deleting: bool,
    /// The log says already that the share does not suffice.
    is_short: bool,
    /// … or that the last step has failed.
    is_failing: bool,
}

impl<D: Data> Retention<D> {
    pub fn new(data: D, share: Share) -> Self {
        Self {
            data,
            share,
            settled: Settled::default(),
            noted: None,
            deletes: Pace::default(),
            gives_back: Pace::default(),
            is_deleting: false,
            is_short: false,
            is_failing: false,
        }
    }

    /// Looks at the file again and again.
    pub async fn run(mut self) {
        let mut due = interval(ROUND);
        due.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let began = Instant::now();
            let step = task::spawn_blocking(move || (self.step(began), self)).await;
            let outcome;
            (outcome, self) = match step {
                Ok(done) => done,
                Err(error) => {
                    tracing::error!(%error, "keeping {} within their share died", D::NAME);
                    return;
                }
            };
            self.tell(&outcome);
            match outcome {
                Ok(true) => sleep_until((Instant::now() + began.elapsed().max(TURN)).into()).await,
                Ok(false) | Err(_) => drop(due.tick().await),
            }
        }
    }

    /// Once, until it succeeds again.
    fn tell(&mut self, outcome: &Result<bool, D::Error>) {
        if let Err(error) = outcome
            && !self.is_failing
        {
            tracing::warn!("{} are not kept within their share for now: {error:#}", D::NAME);
        }
        self.is_failing = outcome.is_err();
    }

    /// Deletes some data if it must go, else gives back some pages. Returns whether more of it is to be done.
    fn step(&mut self, now: Instant) -> Result<bool, D::Error> {
        // Half, because a round may begin a little early.
        if self.noted.is_none_or(|at| now.saturating_duration_since(at) >= ROUND / 2) {
            self.settled.note(now, self.data.ends()?);
            self.noted = Some(now);
        }
        self.is_deleting |= self.share.is_nearly_used(self.data.file().pages()?);
        if self.is_deleting {
            self.is_deleting = self.delete(now)?;
        }
        Ok(self.is_deleting || self.data.file().shrink(self.share, &mut self.gives_back)?)
    }

    /// Deletes some of the oldest data. Returns whether more of it must go, and may.
    fn delete(&mut self, now: Instant) -> Result<bool, D::Error> {
        let (before, count) = (self.settled.numbers(now), self.deletes.count());
        let deleted = self.deletes.time(|| self.data.delete(before, count))?;
        let has_room = self.share.has_room(self.data.file().pages()?);
        let is_short = !has_room && deleted == 0 && self.settled.is_known(now);
        if is_short && !self.is_short {
            tracing::warn!(
                "{} take more than their share of --keep: what is left is {}",
                D::NAME,
                D::LEFT
            );
        }
        self.is_short = !has_room && (self.is_short || is_short);
        Ok(!has_room && deleted > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, convert::Infallible, path::Path};

    use proptest::prelude::*;

    use super::*;

    /// Rows of one page each.
    #[derive(Debug, Default)]
    struct Rows {
        first: Cell<u64>,
        end: Cell<u64>,
        free: Cell<u64>,
    }

    impl Rows {
        fn write(&self, rows: u64) {
            self.end.set(self.end.get() + rows);
            self.free.set(self.free.get().saturating_sub(rows));
        }

        fn used(&self) -> u64 {
            self.end.get() - self.first.get()
        }
    }

    impl Sqlite for Rows {
        type Error = Infallible;

        fn run(&self, statement: &str) -> Result<(), Infallible> {
            let pages = statement.strip_prefix("PRAGMA incremental_vacuum(");
            if let Some(pages) = pages.and_then(|it| it.strip_suffix(")")?.parse::<u64>().ok()) {
                self.free.set(self.free.get() - pages);
            }
            Ok(())
        }

        fn number(&self, statement: &str) -> Result<u64, Infallible> {
            Ok(match statement {
                "PRAGMA page_size" => 1000,
                "PRAGMA page_count" => self.used() + self.free.get(),
                "PRAGMA freelist_count" => self.free.get(),
                _ => 2,
            })
        }
    }

    impl Data for File<Rows> {
        type Sqlite = Rows;
        type Error = Infallible;
        type Range = ();

        const NAME: &'static str = "the rows";
        const LEFT: &'static str = "too new";

        fn file(&self) -> &File<Rows> {
            self
        }

        fn ends(&self) -> Result<BTreeMap<(), i64>, Infallible> {
            Ok(BTreeMap::from([((), self.sqlite().end.get().cast_signed())]))
        }

        fn delete(&self, before: BTreeMap<(), i64>, count: u64) -> Result<u64, Infallible> {
            let rows = self.sqlite();
            let before = before.get(&()).map_or(0, |it| it.cast_unsigned());
            let deleted = before.saturating_sub(rows.first.get()).min(count);
            rows.first.set(rows.first.get() + deleted);
            rows.free.set(rows.free.get() + deleted);
            Ok(deleted)
        }
    }

    /// Of so many rows.
    fn retention(share: u64) -> Retention<File<Rows>> {
        let file = File::prepare(Path::new("/no-such-folder/rows.db"), Rows::default()).unwrap();
        Retention::new(file, (share * 1000).to_string().parse().unwrap())
    }

    fn rows(retention: &Retention<File<Rows>>) -> &Rows {
        retention.data.sqlite()
    }

    const SECOND: Duration = Duration::from_secs(1);

    /// Steps until there is nothing to do, as [`Retention::run`] does.
    fn round(retention: &mut Retention<File<Rows>>, now: Instant) {
        while retention.step(now).unwrap() {}
    }

    #[test]
    fn with_a_lower_share_than_before_the_log_does_not_say_that_it_is_too_low_and_the_file_gets_smaller()
     {
        let mut retention = retention(1000);
        rows(&retention).write(20_000);
        let begin = Instant::now();
        for seconds in (0..30).step_by(2) {
            round(&mut retention, begin + seconds * SECOND);
            assert!(!retention.is_short, "after {seconds} s");
            assert_eq!(rows(&retention).used(), 20_000, "nobody knows yet how old they are");
        }
        round(&mut retention, begin + 30 * SECOND);
        assert!(!retention.is_short && rows(&retention).used() <= 800);
        assert_eq!(rows(&retention).used() + rows(&retention).free.get(), 900);
    }

    #[test]
    fn the_log_says_when_what_must_stay_takes_more_than_the_share() {
        let mut retention = retention(1000);
        let begin = Instant::now();
        for seconds in (0..=40).step_by(2) {
            round(&mut retention, begin + seconds * SECOND);
        }
        rows(&retention).write(2000);
        round(&mut retention, begin + 42 * SECOND);
        assert!(retention.is_short);
        for seconds in (44..=80).step_by(2) {
            round(&mut retention, begin + seconds * SECOND);
        }
        assert!(!retention.is_short && rows(&retention).used() <= 800);
    }

    proptest! {
        #[test]
        fn what_is_younger_than_half_a_minute_stays_and_of_the_rest_enough_goes(
            written in prop::collection::vec(0_u64..600, 20..80)
        ) {
            let (mut retention, begin) = (retention(1000), Instant::now());
            let mut ends = Vec::new();
            for (round_number, written) in (0_u32..).zip(written) {
                rows(&retention).write(written);
                ends.push(rows(&retention).end.get());
                round(&mut retention, begin + round_number * ROUND);
                // 15 rounds are half a minute.
                let settled = ends.len().checked_sub(16).map_or(0, |it| ends[it]);
                let Rows { first, end, .. } = rows(&retention);
                prop_assert!(first.get() <= settled, "{first:?} of {settled}");
                prop_assert!(first.get() == settled || end.get() - first.get() <= 900);
            }
        }
    }
}
