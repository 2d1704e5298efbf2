//! What became of the offsets of a partition. Each is in exactly one state:
//!
//! - *open*: its record is not finished, or it is not known yet whether there is a record;
//! - *with a row*: its record is stored;
//! - *without a row*: its record was filtered or dead-lettered;
//! - *expired*: Kafka deleted it before the router's group has read it;
//! - *without a record*: a marker of a transaction, a record of an aborted one, or a compacted one. It counts nowhere.
//!
//! Rows appear late and out of order. The *frontier* is the offset after the last row that was read; open offsets
//! below it form *gaps*. An offset closes by a fact, never by time: its row is read; or the router's group has
//! committed past it, a strongly consistent read finds no row, and Kafka says whether it has a record; or Kafka has
//! deleted it.
//!
//! An example. A run begins at offset 10, and the high watermark is 17, so 10 to 16 are open.
//!
//! | what happens | gaps | frontier | all finished below | accepted | waiting |
//! | --- | --- | --- | --- | --- | --- |
//! | the rows 10, 11 and 14 are read | 12, 13 | 15 | 12 | 7 | 4 |
//! | the row 13 is read, late | 12 | 15 | 12 | 7 | 3 |
//! | the group commits 17 | 12, 15, 16 | 17 | 12 | 7 | 3 |
//! | the three are looked up: 15 has a row | 12, 16 | 17 | 12 | 7 | 2 |
//! | … 12 has a record but no row: it is finished without one | 16 | 17 | 16 | 7 | 1 |
//! | … and 16 has no record: it is a marker | none | 17 | 17 | 6 | 0 |

use std::collections::BTreeMap;
use std::sync::Arc;

use barrage::position::Offset;

/// Ranges of offsets. They neither touch nor overlap.
#[derive(Clone, Debug, Default)]
struct OffsetRanges {
    /// End by begin. A clone shares them until one of both changes: each round clones every tracker.
    ranges: Arc<BTreeMap<Offset, Offset>>,
    /// How many offsets they have together.
    offsets: u64,
}

/// What is known of one partition.
#[derive(Clone, Debug)]
pub(crate) struct Tracker {
    begin: Offset,
    /// Offsets below were counted before: they are read, but not counted again.
    count_from: Offset,
    high_watermark: Offset,
    /// All below is closed, except for the gaps.
    frontier: Offset,
    /// Open offsets below the frontier.
    gaps: OffsetRanges,
    expired: OffsetRanges,
    without_row: u64,
    without_record: u64,
    /// Where the next [`Tracker::gaps_to_check`] goes on.
    next_check: Offset,
}

impl Tracker {
    /// A partition of which nothing is known from `begin` on. All before counts as finished.
    pub(crate) fn new(begin: Offset) -> Self {
        Self {
            begin,
            count_from: begin,
            high_watermark: begin,
            frontier: begin,
            gaps: OffsetRanges::default(),
            expired: OffsetRanges::default(),
            without_row: 0,
            without_record: 0,
            next_check: begin,
        }
    }

    /// All records before this offset are finished, and counted already. It must not be below the begin.
    pub(crate) fn count_from(&mut self, offset: Offset) {
        self.count_from = offset;
    }

    /// Whether the record at this offset counts.
    pub(crate) fn counts(&self, offset: Offset) -> bool {
        offset >= self.count_from
    }

    /// The high watermark is at least this. It never goes back.
    pub(crate) fn advance(&mut self, high_watermark: Offset) {
        self.high_watermark = self.high_watermark.max(high_watermark);
    }

    /// A row was read. Returns false if it was read before. A record that expired while the router had it in flight
    /// gets its row all the same, and is stored then.
    pub(crate) fn row_found(&mut self, offset: Offset) -> bool {
        self.advance(offset.next());
        if offset >= self.frontier {
            self.move_frontier(offset);
            self.frontier = offset.next();
            return true;
        }
        self.gaps.remove(offset) || self.expired.remove(offset)
    }

    /// The group has committed `next`: open offsets below become gaps.
    pub(crate) fn group_committed(&mut self, next: Offset) {
        self.advance(next);
        self.move_frontier(next);
    }

    /// The group has committed past `offset`, and a strongly consistent read after that found no row.
    pub(crate) fn finished_without_row(&mut self, offset: Offset) {
        let is_closed = self.gaps.remove(offset);
        self.without_row += u64::from(is_closed && self.counts(offset));
    }

    /// Kafka has no record at `offset`, and never will.
    pub(crate) fn has_no_record(&mut self, offset: Offset) {
        if offset >= self.frontier {
            self.group_committed(offset.next());
        }
        let is_closed = self.gaps.remove(offset);
        self.without_record += u64::from(is_closed && self.counts(offset));
    }

    /// Kafka has deleted these offsets, and the group has not committed past them: the open ones expire. Returns
    /// how many these are.
    pub(crate) fn expire(&mut self, from: Offset, to: Offset) -> u64 {
        self.group_committed(to);
        let before = self.expired();
        for (begin, end) in self.gaps.remove_range(from, to) {
            self.expired.insert(begin, end);
        }
        self.expired() - before
    }

    pub(crate) fn begin(&self) -> Offset {
        self.begin
    }

    /// Whether the record at an offset from the begin to the high watermark is not finished.
    pub(crate) fn is_open(&self, offset: Offset) -> bool {
        offset >= self.frontier || self.gaps.contains(offset)
    }

    pub(crate) fn is_expired(&self, offset: Offset) -> bool {
        self.expired.contains(offset)
    }

    /// Whether an offset of this range has expired.
    pub(crate) fn has_expired_between(&self, from: Offset, to: Offset) -> bool {
        self.expired.ranges.iter().any(|(begin, end)| *begin < to && *end > from)
    }

    /// Where new rows are read from.
    pub(crate) fn frontier(&self) -> Offset {
        self.frontier
    }

    pub(crate) fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// All records before this offset are finished.
    pub(crate) fn finished(&self) -> Offset {
        self.gaps.ranges.first_key_value().map_or(self.frontier, |(begin, _)| *begin)
    }

    /// The offset before which all is finished, if nothing behind it is: then the counts are those of all before it.
    pub(crate) fn all_finished(&self) -> Option<Offset> {
        self.gaps.ranges.is_empty().then(|| self.frontier.max(self.count_from))
    }

    /// How many records were accepted that count.
    pub(crate) fn accepted(&self) -> u64 {
        self.high_watermark.since(self.count_from) - self.without_record
    }

    /// How many of the accepted records were finished without a row.
    pub(crate) fn without_row(&self) -> u64 {
        self.without_row
    }

    /// How many of the accepted records have expired.
    pub(crate) fn expired(&self) -> u64 {
        self.expired.count_from(self.count_from)
    }

    /// How many of the accepted records are open.
    pub(crate) fn waiting(&self) -> u64 {
        let from = self.count_from;
        self.gaps.count_from(from) + self.high_watermark.since(self.frontier.max(from))
    }

    /// Whether anything is open, counted or not.
    pub(crate) fn has_open(&self) -> bool {
        !self.gaps.ranges.is_empty() || self.frontier < self.high_watermark
    }

    /// The open offsets, in order.
    pub(crate) fn open(&self) -> impl Iterator<Item = Offset> {
        let gaps = self.gaps.ranges.iter().flat_map(|(begin, end)| begin.until(*end));
        gaps.chain(self.frontier.until(self.high_watermark))
    }

    /// Some offsets in gaps. Each call goes on where the last one ended, and after the last gap with the first
    /// one, so that a gap that stays open keeps no other from being checked.
    pub(crate) fn gaps_to_check(&mut self, limit: usize) -> Vec<Offset> {
        let (next, gaps) = (self.next_check, &self.gaps.ranges);
        let inside = gaps.range(..next).next_back().map(|(_, end)| (next, *end));
        let above = gaps.range(next..).map(|(begin, end)| (*begin, *end));
        let below = gaps.range(..next).map(|(begin, end)| (*begin, (*end).min(next)));
        let ranges = inside.into_iter().chain(above).chain(below);
        let offsets: Vec<_> =
            ranges.flat_map(|(begin, end)| begin.until(end)).take(limit).collect();
        self.next_check = offsets.last().map_or(self.begin, |last| last.next());
        offsets
    }

    fn move_frontier(&mut self, to: Offset) {
        if to > self.frontier {
            self.gaps.insert(self.frontier, to);
            self.frontier = to;
        }
    }
}

impl OffsetRanges {
    /// Adds a range. No offset of it may be there already.
    fn insert(&mut self, begin: Offset, end: Offset) {
        self.offsets += end.since(begin);
        let before = self.ranges.range(..begin).next_back().filter(|(_, to)| **to == begin);
        let begin = before.map_or(begin, |(from, _)| *from);
        let ranges = Arc::make_mut(&mut self.ranges);
        let end = ranges.remove(&end).unwrap_or(end);
        ranges.insert(begin, end);
    }

    fn contains(&self, offset: Offset) -> bool {
        self.ranges.range(..=offset).next_back().is_some_and(|(_, end)| offset < *end)
    }

    /// Takes an offset out. Returns false if it is in no range.
    fn remove(&mut self, offset: Offset) -> bool {
        !self.remove_range(offset, offset.next()).is_empty()
    }

    /// Takes out all offsets from `from` on and before `to`. Returns those that were there.
    fn remove_range(&mut self, from: Offset, to: Offset) -> Vec<(Offset, Offset)> {
        let first = self.ranges.range(..=from).next_back().map_or(from, |(begin, _)| *begin);
        let overlaps = self.ranges.range(first..to.max(first)).filter(|(_, end)| **end > from);
        let overlaps: Vec<_> = overlaps.map(|(begin, end)| (*begin, *end)).collect();
        for (begin, end) in &overlaps {
            let ranges = Arc::make_mut(&mut self.ranges);
            ranges.remove(begin);
            self.offsets -= (*end).min(to).since((*begin).max(from));
            if *begin < from {
                ranges.insert(*begin, from);
            }
            if *end > to {
                ranges.insert(to, *end);
            }
        }
        overlaps.into_iter().map(|(begin, end)| (begin.max(from), end.min(to))).collect()
    }

    /// How many offsets there are from `from` on.
    fn count_from(&self, from: Offset) -> u64 {
        if self.ranges.first_key_value().is_none_or(|(first, _)| *first >= from) {
            return self.offsets;
        }
        self.ranges.iter().map(|(begin, end)| end.since((*begin).max(from))).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn at(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    #[test]
    fn a_gap_closes_when_its_row_comes_late() {
        let mut tracker = Tracker::new(at(0));
        tracker.advance(at(3));
        assert!(tracker.row_found(at(2)));
        assert_eq!((tracker.waiting(), tracker.finished()), (2, at(0)));
        assert!(tracker.row_found(at(0)));
        assert!(!tracker.row_found(at(0)));
        assert_eq!((tracker.waiting(), tracker.finished()), (1, at(1)));
        tracker.finished_without_row(at(1));
        assert_eq!((tracker.waiting(), tracker.finished(), tracker.without_row()), (0, at(3), 1));
    }

    #[test]
    fn offsets_that_are_committed_and_have_no_row_become_gaps_to_check() {
        let mut tracker = Tracker::new(at(5));
        tracker.advance(at(9));
        assert!(tracker.gaps_to_check(10).is_empty());
        tracker.group_committed(at(7));
        assert_eq!(tracker.gaps_to_check(10), [at(5), at(6)]);
        assert_eq!(tracker.waiting(), 4);
    }

    #[test]
    fn the_example_of_the_header_is_true() {
        let mut tracker = Tracker::new(at(10));
        tracker.advance(at(17));
        let state = |tracker: &Tracker| {
            let gaps = tracker.gaps.ranges.iter().flat_map(|(begin, end)| begin.until(*end));
            let gaps: Vec<_> = gaps.map(Offset::get).collect();
            let (frontier, finished) = (tracker.frontier.get(), tracker.finished().get());
            (gaps, frontier, finished, tracker.accepted(), tracker.waiting())
        };
        for offset in [10, 11, 14] {
            tracker.row_found(at(offset));
        }
        assert_eq!(state(&tracker), (vec![12, 13], 15, 12, 7, 4));
        let open: Vec<_> = tracker.open().map(Offset::get).collect();
        assert_eq!(open, [12, 13, 15, 16]);
        tracker.row_found(at(13));
        assert_eq!(state(&tracker), (vec![12], 15, 12, 7, 3));
        tracker.group_committed(at(17));
        assert_eq!(state(&tracker), (vec![12, 15, 16], 17, 12, 7, 3));
        tracker.row_found(at(15));
        assert_eq!(state(&tracker), (vec![12, 16], 17, 12, 7, 2));
        tracker.finished_without_row(at(12));
        assert_eq!(state(&tracker), (vec![16], 17, 16, 7, 1));
        tracker.has_no_record(at(16));
        assert_eq!(state(&tracker), (vec![], 17, 17, 6, 0));
    }

    #[test]
    fn a_marker_that_is_known_before_its_commit_counts_nowhere_at_once() {
        let mut tracker = Tracker::new(at(0));
        tracker.advance(at(3));
        tracker.has_no_record(at(1));
        tracker.has_no_record(at(1));
        assert_eq!((tracker.accepted(), tracker.waiting()), (2, 2));
        assert!(tracker.is_open(at(0)) && !tracker.is_open(at(1)) && tracker.is_open(at(2)));
    }

    #[test]
    fn deleted_records_expire_unless_they_have_a_row() {
        let mut tracker = Tracker::new(at(0));
        tracker.advance(at(10));
        tracker.row_found(at(3));
        assert_eq!(tracker.expire(at(1), at(6)), 4);
        assert_eq!((tracker.expired(), tracker.waiting(), tracker.finished()), (4, 5, at(0)));
        assert!(tracker.is_expired(at(5)) && !tracker.is_expired(at(3)) && !tracker.is_open(at(5)));
        assert!(
            tracker.has_expired_between(at(5), at(9)) && !tracker.has_expired_between(at(6), at(9))
        );
        assert_eq!(tracker.expire(at(1), at(6)), 0);
        assert!(tracker.row_found(at(5)), "the router had it in flight");
        assert!(!tracker.row_found(at(5)));
        assert_eq!((tracker.expired(), tracker.accepted()), (3, 10));
    }

    #[test]
    fn what_was_counted_before_is_read_and_not_counted_again() {
        let mut tracker = Tracker::new(at(0));
        tracker.advance(at(10));
        tracker.count_from(at(4));
        assert_eq!(
            (tracker.accepted(), tracker.waiting(), tracker.all_finished()),
            (6, 6, Some(at(4)))
        );
        assert!(tracker.row_found(at(5)));
        assert_eq!((tracker.waiting(), tracker.all_finished()), (5, None));
        assert!([0, 1, 4].into_iter().all(|offset| tracker.row_found(at(offset))));
        tracker.finished_without_row(at(2));
        tracker.has_no_record(at(3));
        assert_eq!((tracker.without_row(), tracker.accepted(), tracker.waiting()), (0, 6, 4));
        assert_eq!((tracker.all_finished(), tracker.has_open()), (Some(at(6)), true));
    }

    #[test]
    fn checking_goes_round_all_gaps() {
        let mut tracker = Tracker::new(at(0));
        tracker.group_committed(at(5));
        assert_eq!(tracker.gaps_to_check(2), [at(0), at(1)]);
        assert_eq!(tracker.gaps_to_check(2), [at(2), at(3)]);
        assert_eq!(tracker.gaps_to_check(2), [at(4), at(0)]);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Advance(i64),
        RowFound(i64),
        Committed(i64),
        WithoutRow(i64),
        WithoutRecord(i64),
        Expire(i64, i64),
        CheckGaps(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let offset = || 0i64..60;
        let step = prop_oneof![
            offset().prop_map(Step::Advance),
            offset().prop_map(Step::RowFound),
            offset().prop_map(Step::Committed),
            offset().prop_map(Step::WithoutRow),
            offset().prop_map(Step::WithoutRecord),
            (offset(), offset()).prop_map(|(from, to)| Step::Expire(from.min(to), from.max(to))),
            (0usize..9).prop_map(Step::CheckGaps),
        ];
        proptest::collection::vec(step, 0..120)
    }

    proptest! {
        #[test]
        fn a_tracker_agrees_with_plain_sets(from in 0i64..20, steps in steps()) {
            let mut tracker = Tracker::new(at(0));
            tracker.count_from(at(from));
            let counted = |set: &BTreeSet<i64>| set.range(from..).count() as u64;
            let (mut end, mut frontier) = (0, 0);
            let (mut rows, mut without_row) = (BTreeSet::new(), BTreeSet::new());
            let (mut without_record, mut expired) = (BTreeSet::new(), BTreeSet::new());
            for step in steps {
                let is_closed = |o: &i64| {
                    [&rows, &without_row, &without_record, &expired].iter().any(|set| set.contains(o))
                };
                match step {
                    Step::Advance(to) => { tracker.advance(at(to)); end = end.max(to); }
                    Step::RowFound(o) => {
                        let new = !is_closed(&o) || expired.contains(&o);
                        prop_assert_eq!(tracker.row_found(at(o)), new);
                        if new { rows.insert(o); expired.remove(&o); }
                        end = end.max(o + 1);
                        frontier = frontier.max(o + 1);
                    }
                    Step::Committed(next) => {
                        tracker.group_committed(at(next));
                        end = end.max(next);
                        frontier = frontier.max(next);
                    }
                    Step::WithoutRow(o) => {
                        if o < frontier && !is_closed(&o) { without_row.insert(o); }
                        tracker.finished_without_row(at(o));
                    }
                    Step::WithoutRecord(o) => {
                        if !is_closed(&o) { without_record.insert(o); }
                        tracker.has_no_record(at(o));
                        end = end.max(o + 1);
                        frontier = frontier.max(o + 1);
                    }
                    Step::Expire(from, to) => {
                        let new: BTreeSet<_> = (from..to).filter(|o| !is_closed(o)).collect();
                        prop_assert_eq!(tracker.expire(at(from), at(to)), counted(&new));
                        expired.extend(new);
                        end = end.max(to);
                        frontier = frontier.max(to);
                    }
                    Step::CheckGaps(limit) => for gap in tracker.gaps_to_check(limit) {
                        prop_assert!(!is_closed(&gap.get()));
                    },
                }
                let closed = [&rows, &without_row, &without_record, &expired];
                let is_closed = |o: &i64| closed.iter().any(|set| set.contains(o));
                let open: BTreeSet<_> = (0..end).filter(|o| !is_closed(o)).collect();
                prop_assert_eq!(tracker.waiting(), counted(&open));
                prop_assert!((0..end).all(|o| tracker.is_open(at(o)) == open.contains(&o)));
                prop_assert!((0..end).all(|o| tracker.is_expired(at(o)) == expired.contains(&o)));
                prop_assert_eq!(tracker.without_row(), counted(&without_row));
                prop_assert_eq!(tracker.expired(), counted(&expired));
                let accounted = counted(&rows) + tracker.without_row() + tracker.expired();
                prop_assert_eq!(tracker.accepted(), accounted + tracker.waiting());
                let finished = open.first().copied().unwrap_or(end);
                prop_assert_eq!(tracker.finished().get(), finished);
            }
        }
    }
}
