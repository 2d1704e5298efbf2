//! The newest bullets, as JSON that is ready to be sent. The reader adds to it, every viewer's request reads it, and
//! neither holds the lock for long.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use barrage::kafka::PartitionOffsets;
use barrage::position::{Offset, Partition};
use barrage::table::{Row, Verdict};
use barrage::time::Millis;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::cursor::Cursor;
use super::slots::Slots;
use crate::row_json::RowJson;

/// The feed of one homepage, for all its viewers.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    state: Mutex<State>,
    /// How often the state has changed.
    changes: AtomicU64,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// The reader's run. A new run begins with an empty feed.
    run: u64,
    /// The last runs before it: their cursors are of an earlier topic.
    earlier_runs: Vec<u64>,
    /// Not all is known yet that was there before the run.
    is_history: bool,
    bullets: VecDeque<Bullet>,
    /// In each partition all bullets from this offset on are kept. Those before it were never read, or are dropped.
    kept_from: PartitionOffsets,
    /// The number of the next bullet in this run.
    next: u64,
    /// When the last round of this run began that read all rows.
    all_read_at: Option<Millis>,
    /// Where a viewer goes on who has got all, as far as the reader knows it: the news has no number here.
    cursor: Arc<Cursor>,
    /// When each processor's last row was read.
    processors: BTreeMap<String, Instant>,
    slots: Slots,
}

#[derive(Clone, Debug)]
struct Bullet {
    partition: Partition,
    offset: Offset,
    stored_at: Millis,
    expires_at: Millis,
    json: Bytes,
}

/// How far a round of the reader has come.
#[derive(Debug, Default)]
pub(crate) struct RoundEnd {
    /// All records before these offsets are finished.
    pub(crate) finished: PartitionOffsets,
    /// Where the run began to read.
    pub(crate) begins: PartitionOffsets,
    /// When the round began, if it read every row that was in the table then.
    pub(crate) all_read_at: Option<Millis>,
    /// Not all is known yet that was there before the run.
    pub(crate) is_history: bool,
}

/// A place in the feed: before the bullet with this number in this run of the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) run: u64,
    pub(crate) next: u64,
}

/// What is the same for all viewers at one moment. The bullets before its place belong to it.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub(crate) place: Place,
    /// Not all is known yet that was there before the run, so there is neither a cursor nor a bullet to give out.
    pub(crate) is_history: bool,
    /// Where a viewer goes on who has got all, without the number of the news.
    pub(crate) cursor: Arc<Cursor>,
    /// The processors that stored a row in the last seconds.
    pub(crate) processors: Vec<String>,
    /// The slots of processors, 1 to 64.
    pub(crate) slots: BTreeMap<String, u64>,
}

impl Feed {
    /// How many bullets are kept.
    const BULLETS: usize = 4000;
    /// How many earlier runs are known by their cursors.
    const EARLIER_RUNS: usize = 16;
    /// How long a processor is listed after its last row.
    const PROCESSOR_LISTED: Duration = Duration::from_secs(10);

    /// Begins a run with an empty feed: the homepage has started, or the topic was recreated. `also` runs under
    /// the same lock, so [`Feed::sight_with`] sees both changes or none.
    pub(crate) fn begin(&self, run: u64, also: impl FnOnce()) {
        let mut state = self.state.lock();
        let mut earlier_runs = std::mem::take(&mut state.earlier_runs);
        earlier_runs.push(state.run);
        let surplus = earlier_runs.len().saturating_sub(Self::EARLIER_RUNS);
        earlier_runs.drain(..surplus);
        *state = State::begun(run, earlier_runs);
        also();
        self.note_change();
    }

    /// Adds the new rows of one round. `also` runs under the same lock, as in [`Feed::begin`].
    pub(crate) fn add(&self, rows: &[Row], end: RoundEnd, also: impl FnOnce()) {
        let RoundEnd { finished, begins, all_read_at, is_history } = end;
        let bullets: Vec<_> = rows.iter().filter_map(Bullet::of).collect();
        let (mut state, now) = (self.state.lock(), Millis::now());
        rows.iter().for_each(|row| state.slots.note(&row.processor, row.stored_at, now));
        if state.is_history && state.bullets.is_empty() {
            state.kept_from = begins;
        }
        state.next += bullets.len() as u64;
        state.bullets.extend(bullets);
        state.drop_oldest();
        state.is_history = is_history;
        state.all_read_at = all_read_at.or(state.all_read_at);
        let (run, next, all_read_at) = (state.run, state.next, state.all_read_at);
        state.cursor = Arc::new(Cursor { run, next, news: 0, all_read_at, finished });
        also();
        self.note_change();
    }

    /// Lists the processors of these rows, which were stored just now.
    pub(crate) fn list_processors(&self, rows: &[Row]) {
        let (mut state, now) = (self.state.lock(), Instant::now());
        for row in rows {
            match state.processors.get_mut(&row.processor) {
                Some(last) => *last = now,
                None => drop(state.processors.insert(row.processor.clone(), now)),
            }
        }
    }

    /// The slots of all processors. These are there now, though they may have stored nothing yet, so they have one, too.
    pub(crate) fn hold_slots<'a>(
        &self,
        there: impl Iterator<Item = &'a str>,
        now: Millis,
    ) -> BTreeMap<String, u64> {
        let mut state = self.state.lock();
        there.for_each(|name| state.slots.note(name, now, now));
        state.slots.all()
    }

    /// What all viewers are told now, and what `also` returns under the same lock: both are of the same round.
    pub(crate) fn sight_with<T>(&self, also: impl FnOnce() -> T) -> (Sight, T) {
        let mut state = self.state.lock();
        state.processors.retain(|_, last| last.elapsed() < Self::PROCESSOR_LISTED);
        let sight = Sight {
            place: Place { run: state.run, next: state.next },
            is_history: state.is_history,
            cursor: state.cursor.clone(),
            processors: state.processors.keys().cloned().collect(),
            slots: state.slots.all(),
        };
        (sight, also())
    }

    /// The newest `limit` bullets after the cursor and before this place, oldest first, each in JSON; without a cursor,
    /// the newest of all. With them, how many bullets came after the cursor: what only comes again does not count, as
    /// far as it is known. `None` if another run has begun.
    pub(crate) fn bullets(
        &self,
        after: Option<&Cursor>,
        limit: usize,
        before: Place,
    ) -> Option<(Vec<Bytes>, u64)> {
        let state = self.state.lock();
        (state.run == before.run).then(|| state.between(after, limit, before.next))
    }

    /// The newest `limit` bullets, oldest first, each in JSON. None until it is known what was there before the run.
    pub(crate) fn newest(&self, limit: usize) -> Vec<Bytes> {
        let state = self.state.lock();
        if state.is_history { Vec::new() } else { newest(state.bullets.iter().rev(), limit) }
    }

    /// Rises with each change. Whoever has seen a change elsewhere, sees this number risen.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Waits until something has changed since this was called last.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn note_change(&self) {
        self.changes.fetch_add(1, Ordering::Release);
        self.changed.notify_one();
    }
}

impl State {
    /// A run without a bullet.
    fn begun(run: u64, earlier_runs: Vec<u64>) -> Self {
        let (next, all_read_at) = (0, None);
        let cursor = Cursor { run, next, news: 0, all_read_at, finished: PartitionOffsets::new() };
        Self {
            run,
            earlier_runs,
            is_history: true,
            bullets: VecDeque::new(),
            kept_from: PartitionOffsets::new(),
            next,
            all_read_at,
            cursor: Arc::new(cursor),
            processors: BTreeMap::new(),
            slots: Slots::default(),
        }
    }

    /// Drops the oldest bullets of those that are too many.
    fn drop_oldest(&mut self) {
        let surplus = self.bullets.len().saturating_sub(Feed::BULLETS);
        for bullet in self.bullets.drain(..surplus) {
            let kept = self.kept_from.entry(bullet.partition).or_default();
            *kept = bullet.offset.next().max(*kept);
        }
    }

    /// How many offsets after a cursor of another homepage lie before the bullets that are kept.
    fn not_kept(&self, foreign: &Cursor) -> u64 {
        let after = |partition| foreign.finished.get(partition).copied().unwrap_or_default();
        if foreign.finished.is_empty() {
            return 0;
        }
        self.kept_from.iter().map(|(partition, kept)| kept.since(after(partition))).sum()
    }

    /// The newest `limit` of the kept bullets after a cursor and before the one with the number `end`, and how many came
    /// between in all.
    fn between(&self, cursor: Option<&Cursor>, limit: usize, end: u64) -> (Vec<Bytes>, u64) {
        let later = usize::try_from(self.next.saturating_sub(end)).unwrap_or(usize::MAX);
        let newest_first = self.bullets.iter().rev().skip(later);
        match cursor {
            None => (newest(newest_first, limit), end),
            // It is of an earlier topic: every bullet of this one is new.
            Some(cursor) if self.earlier_runs.contains(&cursor.run) => {
                (newest(newest_first, limit), end)
            }
            Some(cursor) if cursor.run == self.run && cursor.next <= end => {
                let passed = end - cursor.next;
                let kept = usize::try_from(passed).unwrap_or(usize::MAX);
                (newest(newest_first.take(kept), limit), passed)
            }
            Some(foreign) => {
                let unseen =
                    |it: &&Bullet| foreign.may_have_missed(it.partition, it.offset, it.stored_at);
                let new = |it: &&Bullet| foreign.is_probably_new(it.stored_at);
                let passed = newest_first.clone().filter(unseen).filter(new).count();
                let bullets = newest(newest_first.filter(unseen), limit);
                let passed = passed.max(bullets.len()) as u64;
                (bullets, passed + self.not_kept(foreign))
            }
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self::begun(0, Vec::new())
    }
}

impl Bullet {
    /// The bullet of a row, unless moderation has blocked its message.
    fn of(row: &Row) -> Option<Self> {
        match row.verdict {
            Verdict::Blocked => return None,
            Verdict::Shown => {}
        }
        let json = serde_json::to_vec(&RowJson::bullet(row));
        Some(Self {
            partition: row.position.partition,
            offset: row.position.offset,
            stored_at: row.stored_at,
            expires_at: row.expires_at,
            json: json.ok()?.into(),
        })
    }
}

/// The newest `limit` of these bullets that have not expired, oldest first.
fn newest<'a>(newest_first: impl Iterator<Item = &'a Bullet>, limit: usize) -> Vec<Bytes> {
    let now = Millis::now();
    let current = newest_first.filter(|bullet| !bullet.expires_at.has_surely_passed(now));
    let mut bullets: Vec<_> = current.take(limit).map(|bullet| bullet.json.clone()).collect();
    bullets.reverse();
    bullets
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_row;

    fn row(partition: i32, offset: i64) -> Row {
        test_row::row(partition, offset, &format!("{partition}/{offset}"))
    }

    fn offsets(offsets: &[(i32, i64)]) -> PartitionOffsets {
        offsets.iter().map(|(p, o)| (*p, Offset::new(*o).unwrap())).collect()
    }

    fn end(finished: PartitionOffsets, all_read_at: Option<Millis>) -> RoundEnd {
        RoundEnd { finished, all_read_at, ..RoundEnd::default() }
    }

    /// A feed whose run has begun, and has read what was there before.
    fn begun_as(run: u64) -> Feed {
        let feed = Feed::default();
        feed.begin(run, || ());
        feed.add(&[], RoundEnd::default(), || ());
        feed
    }

    fn begun() -> Feed {
        begun_as(1)
    }

    /// What a viewer gets.
    struct View {
        bullets: Vec<Bytes>,
        cursor: Arc<str>,
        passed: u64,
    }

    fn view(feed: &Feed, after: Option<&Cursor>, limit: usize) -> View {
        let (sight, ()) = feed.sight_with(|| ());
        let (bullets, passed) = feed.bullets(after, limit, sight.place).unwrap();
        View { bullets, cursor: sight.cursor.text().into(), passed }
    }

    fn cursor(view: &View) -> Cursor {
        view.cursor.parse().unwrap()
    }

    fn ids(view: &View) -> Vec<String> {
        let id =
            |json: &Bytes| serde_json::from_slice::<serde_json::Value>(json).unwrap()["id"].clone();
        view.bullets.iter().map(|json| id(json).as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_viewer_gets_each_bullet_once_also_one_whose_row_came_late() {
        let feed = begun();
        feed.add(&[row(0, 0), row(0, 2)], end(offsets(&[(0, 1)]), None), || ());
        let first = view(&feed, None, 100);
        assert_eq!(ids(&first), ["0/0", "0/2"]);
        feed.add(&[row(0, 1)], end(offsets(&[(0, 3)]), None), || ());
        let second = view(&feed, Some(&cursor(&first)), 100);
        assert_eq!((ids(&second), second.passed), (vec!["0/1".to_owned()], 1));
        assert_eq!(view(&feed, Some(&cursor(&second)), 100).passed, 0);
    }

    #[test]
    fn a_view_has_the_newest_bullets_and_says_how_many_came() {
        let feed = begun();
        let begin = cursor(&view(&feed, None, 10));
        let rows: Vec<_> = (0..5000).map(|offset| row(0, offset)).collect();
        feed.add(&rows, end(offsets(&[(0, 5000)]), None), || ());
        let view = view(&feed, Some(&begin), 2);
        assert_eq!(
            (ids(&view), view.passed),
            (vec!["0/4998".to_owned(), "0/4999".to_owned()], 5000)
        );
    }

    #[test]
    fn another_homepage_goes_on_where_all_was_finished_and_misses_nothing() {
        let (one, other) = (begun(), begun_as(2));
        one.add(&[row(0, 0), row(0, 2), row(1, 0)], end(offsets(&[(0, 1), (1, 1)]), None), || ());
        let cursor = cursor(&view(&one, None, 100));
        let rows = [row(0, 0), row(1, 0), row(0, 1), row(0, 2), row(2, 0)];
        other.add(&rows, end(offsets(&[(0, 3), (1, 1), (2, 1)]), None), || ());
        // 0/2 comes again, because 0/1 before it was open. The page knows it by its position.
        assert_eq!(ids(&view(&other, Some(&cursor), 100)), ["0/1", "0/2", "2/0"]);
    }

    #[test]
    fn another_homepage_counts_what_a_viewer_misses_because_it_keeps_it_no_more() {
        let (one, other) = (begun(), begun_as(2));
        one.add(&[row(0, 0)], end(offsets(&[(0, 1)]), None), || ());
        let cursor = cursor(&view(&one, None, 100));
        let rows: Vec<_> = (0..5000).map(|offset| row(0, offset)).collect();
        other.add(&rows, end(offsets(&[(0, 5000)]), None), || ());
        let view = view(&other, Some(&cursor), 500);
        assert_eq!((view.bullets.len(), view.passed), (500, 4999));
    }

    #[test]
    fn a_homepage_that_began_later_counts_what_a_viewer_misses_before_its_begin() {
        let (one, other) = (begun(), Feed::default());
        one.add(&[row(0, 0)], end(offsets(&[(0, 1)]), None), || ());
        let cursor = cursor(&view(&one, None, 100));
        other.begin(2, || ());
        let begins = offsets(&[(0, 30)]);
        other.add(&[row(0, 30)], RoundEnd { begins, ..end(offsets(&[(0, 31)]), None) }, || ());
        let view = view(&other, Some(&cursor), 500);
        assert_eq!((ids(&view), view.passed), (vec!["0/30".to_owned()], 30));
    }

    /// By the clock of the homepage that makes a cursor.
    const NOW: i64 = 1_800_000_000_000;

    #[test]
    fn with_many_partitions_another_homepage_goes_by_the_time_and_counts_only_what_is_new() {
        let (one, other) = (begun(), begun_as(2));
        let finished: Vec<_> = (0..1000).map(|partition| (partition, 1)).collect();
        one.add(&[], end(offsets(&finished), Some(Millis(NOW))), || ());
        let cursor = cursor(&view(&one, None, 100));
        assert_eq!(cursor.finished, PartitionOffsets::new());
        let stored = |offset, at| Row { stored_at: Millis(at), ..row(999, offset) };
        let hour = 3_600_000;
        let rows =
            [stored(0, NOW - hour), stored(1, NOW - 1), stored(2, NOW), stored(3, NOW + hour)];
        other.add(&rows, end(PartitionOffsets::new(), None), || ());
        let all = view(&other, Some(&cursor), 100);
        // It cannot know whether the viewer has got 999/1.
        assert_eq!(
            (ids(&all), all.passed),
            (["999/1", "999/2", "999/3"].map(str::to_owned).into(), 3)
        );
        assert_eq!(view(&other, Some(&cursor), 1).passed, 2);
    }

    /// Some rows of a few out of so many partitions, and which of them one homepage has read.
    fn some_rows() -> impl Strategy<Value = (i32, Vec<(Row, bool)>)> {
        let partitions = prop_oneof![Just(3), Just(400), Just(1000)];
        partitions.prop_flat_map(|partitions| {
            let place = (0..partitions, 0..40i64);
            let what = (any::<bool>(), -17 * 60_000 + 1..60_000i64);
            let rows = proptest::collection::btree_map(place, what, 0..60);
            let row = move |((partition, offset), (is_read, after))| {
                let stored_at = Millis(NOW + after);
                (Row { stored_at, ..row(partition, (1 << 30) + offset) }, is_read)
            };
            (Just(partitions), rows.prop_map(move |rows| rows.into_iter().map(row).collect()))
        })
    }

    proptest! {
        #[test]
        fn another_homepage_sends_all_that_a_viewer_misses_with_or_without_offsets(
            (partitions, rows) in some_rows(),
        ) {
            let last = Offset::new(1 << 31).unwrap();
            let mut finished: PartitionOffsets = (0..partitions).map(|it| (it, last)).collect();
            for (row, _) in rows.iter().filter(|(_, is_read)| !is_read) {
                let open = finished.get_mut(&row.position.partition).unwrap();
                *open = row.position.offset.min(*open);
            }
            let is_read = rows.iter().filter(|(_, is_read)| *is_read);
            let read: Vec<_> = is_read.map(|(row, _)| row.clone()).collect();
            let (one, other) = (begun(), begun_as(2));
            one.add(&read, end(finished, Some(Millis(NOW))), || ());
            let cursor = cursor(&view(&one, None, 100));
            prop_assert_eq!(cursor.finished.is_empty(), partitions > 3);
            let all: Vec<_> = rows.iter().map(|(row, _)| row.clone()).collect();
            other.add(&all, end(PartitionOffsets::new(), None), || ());
            let sent = ids(&view(&other, Some(&cursor), 500));
            prop_assert!(rows.iter().all(|(row, is_read)| *is_read || sent.contains(&row.id)));
        }
    }

    #[test]
    fn a_bullet_says_when_its_record_was_read_if_its_row_does() {
        let feed = begun();
        let rows = [row(0, 0), Row { read_at: Some(Millis(7)), ..row(0, 1) }];
        feed.add(&rows, end(PartitionOffsets::new(), None), || ());
        let read_at = |json: &Bytes| {
            serde_json::from_slice::<serde_json::Value>(json).unwrap().get("read_at").cloned()
        };
        let times: Vec<_> = view(&feed, None, 100).bullets.iter().map(read_at).collect();
        assert_eq!(times, [None, Some(7.into())]);
    }

    #[test]
    fn blocked_and_expired_messages_are_no_bullets() {
        let feed = begun();
        let blocked = Row { verdict: Verdict::Blocked, ..row(0, 0) };
        let expired = Row { expires_at: Millis(1), ..row(0, 1) };
        feed.add(&[blocked, expired, row(0, 2)], end(PartitionOffsets::new(), None), || ());
        assert_eq!(ids(&view(&feed, None, 100)), ["0/2"]);
    }

    #[test]
    fn processors_that_stored_a_row_just_now_are_listed() {
        let feed = begun();
        feed.add(&[row(0, 0)], end(PartitionOffsets::new(), None), || ());
        assert!(feed.sight_with(|| ()).0.processors.is_empty());
        feed.list_processors(&[row(0, 1)]);
        assert_eq!(feed.sight_with(|| ()).0.processors, ["p"]);
    }

    #[test]
    fn a_viewer_of_an_earlier_topic_gets_every_bullet_of_the_recreated_one() {
        let feed = begun();
        feed.add(&[row(0, 0), row(0, 1)], end(offsets(&[(0, 2)]), None), || ());
        let before = cursor(&view(&feed, None, 100));
        feed.begin(2, || ());
        feed.add(&[row(0, 0)], end(offsets(&[(0, 1)]), None), || ());
        let view = view(&feed, Some(&before), 100);
        assert_eq!((ids(&view), view.passed), (vec!["0/0".to_owned()], 1));
    }

    #[test]
    fn the_last_16_earlier_runs_are_known() {
        let feed = Feed::default();
        (1..=100).for_each(|run| feed.begin(run, || ()));
        assert_eq!(feed.state.lock().earlier_runs, (84..100).collect::<Vec<_>>());
    }

    #[test]
    fn counts_change_and_are_read_under_the_lock_of_the_bullets() {
        let feed = Feed::default();
        let is_locked = || assert!(feed.state.try_lock().is_none());
        feed.begin(1, is_locked);
        feed.add(&[row(0, 0)], end(offsets(&[(0, 1)]), None), is_locked);
        feed.sight_with(is_locked);
        assert!(feed.state.try_lock().is_some());
    }
}
