//! Which records of a partition are finished: those that have a row, and those that never get one.
//!
//! Rows appear late and out of order. An offset is *open* while its record is not finished. The *frontier* is the
//! offset after the last row that was read; open offsets below it form *gaps*. A gap closes by a fact, never by time:
//! its row is read, or the router's group has committed past it and a strongly consistent read finds no row. Then the
//! record was filtered or dead-lettered.
//!
//! An example. A run begins at offset 10, and the high watermark is 16, so 10 to 15 are open.
//!
//! | what happens | gaps | frontier | all finished below | waiting |
//! | --- | --- | --- | --- | --- |
//! | the rows 10, 11 and 14 are read | 12, 13 | 15 | 12 | 3 |
//! | the row 13 is read, late | 12 | 15 | 12 | 2 |
//! | the group commits 16 | 12, 15 | 16 | 12 | 2 |
//! | 12 and 15 are looked up: 15 has a row | 12 | 16 | 12 | 1 |
//! | … and 12 has none: it is finished without a row | none | 16 | 16 | 0 |

use std::collections::BTreeMap;

use barrage::position::Offset;

/// What is known of one partition.
#[derive(Clone, Debug)]
pub(crate) struct Tracker {
    begin: Offset,
    high_watermark: Offset,
    /// All below is finished, except for the gaps.
    frontier: Offset,
    /// Ranges of open offsets, end by begin. They neither touch nor overlap.
    gaps: BTreeMap<Offset, Offset>,
    without_row: u64,
    /// Where the next [`Tracker::gaps_to_check`] goes on.
    next_check: Offset,
}

impl Tracker {
    /// A partition of which nothing is known from `begin` on. All before counts as finished.
    pub(crate) fn new(begin: Offset) -> Self {
        Self {
            begin,
            high_watermark: begin,
            frontier: begin,
            gaps: BTreeMap::new(),
            without_row: 0,
            next_check: begin,
        }
    }

    /// The high watermark is at least this. It never goes back.
    pub(crate) fn advance(&mut self, high_watermark: Offset) {
        self.high_watermark = self.high_watermark.max(high_watermark);
    }

    /// A row was read. Returns false if the offset was finished before.
    pub(crate) fn row_found(&mut self, offset: Offset) -> bool {
        self.advance(offset.next());
        if offset >= self.frontier {
            self.move_frontier(offset);
            self.frontier = offset.next();
            return true;
        }
        self.close(offset)
    }

    /// The group has committed `next`: open offsets below become gaps.
    pub(crate) fn group_committed(&mut self, next: Offset) {
        self.advance(next);
        self.move_frontier(next);
    }

    /// The group has committed past `offset`, and a strongly consistent read after that found no row.
    pub(crate) fn finished_without_row(&mut self, offset: Offset) {
        if self.close(offset) {
            self.without_row += 1;
        }
    }

    pub(crate) fn begin(&self) -> Offset {
        self.begin
    }

    /// Whether the record at an offset from the begin to the high watermark is not finished.
    pub(crate) fn is_open(&self, offset: Offset) -> bool {
        let gap = self.gaps.range(..=offset).next_back();
        offset >= self.frontier || gap.is_some_and(|(_, end)| offset < *end)
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
        self.gaps.first_key_value().map_or(self.frontier, |(begin, _)| *begin)
    }

    /// How many records were accepted since the begin.
    pub(crate) fn accepted(&self) -> u64 {
        self.high_watermark.since(self.begin)
    }

    /// How many of the accepted records were finished without a row.
    pub(crate) fn without_row(&self) -> u64 {
        self.without_row
    }

    /// How many of the accepted records are open.
    pub(crate) fn waiting(&self) -> u64 {
        let gaps: u64 = self.gaps.iter().map(|(begin, end)| end.since(*begin)).sum();
        gaps + self.high_watermark.since(self.frontier)
    }

    /// Some offsets in gaps. Each call goes on where the last one ended, and after the last gap with the first
    /// one, so that a gap that stays open keeps no other from being checked.
    pub(crate) fn gaps_to_check(&mut self, limit: usize) -> Vec<Offset> {
        let next = self.next_check;
        let inside = self.gaps.range(..next).next_back().map(|(_, end)| (next, *end));
        let above = self.gaps.range(next..).map(|(begin, end)| (*begin, *end));
        let below = self.gaps.range(..next).map(|(begin, end)| (*begin, (*end).min(next)));
        let ranges = inside.into_iter().chain(above).chain(below);
        let offsets: Vec<_> =
            ranges.flat_map(|(begin, end)| range(begin, end)).take(limit).collect();
        self.next_check = offsets.last().map_or(self.begin, |last| last.next());
        offsets
    }

    fn move_frontier(&mut self, to: Offset) {
        if to > self.frontier {
            self.gaps.insert(self.frontier, to);
            self.frontier = to;
        }
    }

    /// Takes an offset out of its gap. Returns false if it is in no gap.
    fn close(&mut self, offset: Offset) -> bool {
        let gap = self.gaps.range(..=offset).next_back().map(|(begin, end)| (*begin, *end));
        let Some((begin, end)) = gap.filter(|(_, end)| offset < *end) else { return false };
        self.gaps.remove(&begin);
        if begin < offset {
            self.gaps.insert(begin, offset);
        }
        if offset.next() < end {
            self.gaps.insert(offset.next(), end);
        }
        true
    }
}

fn range(begin: Offset, end: Offset) -> impl Iterator<Item = Offset> {
    std::iter::successors(Some(begin), |offset| Some(offset.next())).take_while(move |it| *it < end)
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
        tracker.advance(at(16));
        let state = |tracker: &Tracker| {
            let gaps = tracker.gaps.iter().flat_map(|(begin, end)| range(*begin, *end));
            let gaps: Vec<_> = gaps.map(Offset::get).collect();
            (gaps, tracker.frontier.get(), tracker.finished().get(), tracker.waiting())
        };
        for offset in [10, 11, 14] {
            tracker.row_found(at(offset));
        }
        assert_eq!(state(&tracker), (vec![12, 13], 15, 12, 3));
        tracker.row_found(at(13));
        assert_eq!(state(&tracker), (vec![12], 15, 12, 2));
        tracker.group_committed(at(16));
        assert_eq!(state(&tracker), (vec![12, 15], 16, 12, 2));
        tracker.row_found(at(15));
        assert_eq!(state(&tracker), (vec![12], 16, 12, 1));
        tracker.finished_without_row(at(12));
        assert_eq!(state(&tracker), (vec![], 16, 16, 0));
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
        CheckGaps(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let offset = || 0i64..60;
        let step = prop_oneof![
            offset().prop_map(Step::Advance),
            offset().prop_map(Step::RowFound),
            offset().prop_map(Step::Committed),
            offset().prop_map(Step::WithoutRow),
            (0usize..9).prop_map(Step::CheckGaps),
        ];
        proptest::collection::vec(step, 0..120)
    }

    proptest! {
        #[test]
        fn a_tracker_agrees_with_plain_sets(steps in steps()) {
            let mut tracker = Tracker::new(at(0));
            let (mut end, mut frontier) = (0, 0);
            let (mut rows, mut without_row) = (BTreeSet::new(), BTreeSet::new());
            for step in steps {
                match step {
                    Step::Advance(to) => { tracker.advance(at(to)); end = end.max(to); }
                    Step::RowFound(o) => {
                        let new = !rows.contains(&o) && !without_row.contains(&o);
                        prop_assert_eq!(tracker.row_found(at(o)), new);
                        if new { rows.insert(o); }
                        end = end.max(o + 1);
                        frontier = frontier.max(o + 1);
                    }
                    Step::Committed(next) => {
                        tracker.group_committed(at(next));
                        end = end.max(next);
                        frontier = frontier.max(next);
                    }
                    Step::WithoutRow(o) => {
                        if o < frontier && !rows.contains(&o) { without_row.insert(o); }
                        tracker.finished_without_row(at(o));
                    }
                    Step::CheckGaps(limit) => for gap in tracker.gaps_to_check(limit) {
                        prop_assert!(!rows.contains(&gap.get()) && !without_row.contains(&gap.get()));
                    },
                }
                let open: Vec<_> = (0..end).filter(|o| !rows.contains(o) && !without_row.contains(o)).collect();
                prop_assert_eq!(tracker.waiting(), open.len() as u64);
                prop_assert!((0..end).all(|o| tracker.is_open(at(o)) == open.contains(&o)));
                prop_assert_eq!(tracker.accepted(), u64::try_from(end).unwrap());
                prop_assert_eq!(tracker.without_row(), without_row.len() as u64);
                let finished = open.first().copied().unwrap_or(end);
                prop_assert_eq!(tracker.finished().get(), finished);
            }
        }
    }
}
