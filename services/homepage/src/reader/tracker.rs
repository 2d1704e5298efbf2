//! Which offsets of a partition have become rows, which have not yet, and which never will.
//!
//! Rows appear late and out of order. What lies below the furthest row and was not seen is a gap. A gap
//! closes by fact, never by time: its row is read, or the consumer group has committed past it and it
//! still has no row, so it was finished without one.

use std::collections::BTreeMap;

use barrage::position::Offset;

/// What is known of one partition.
#[derive(Clone, Debug)]
pub(crate) struct Tracker {
    begin: Offset,
    end: Offset,
    /// All below was read, but for the gaps.
    frontier: Offset,
    /// Ranges that were not seen, by their begin; they neither touch nor overlap.
    gaps: BTreeMap<Offset, Offset>,
    rowless: u64,
    /// Where the next look at the gaps goes on.
    cursor: Offset,
}

impl Tracker {
    /// Knows nothing from `begin` on; all before counts as finished.
    pub(crate) fn new(begin: Offset) -> Self {
        let gaps = BTreeMap::new();
        Self { begin, end: begin, frontier: begin, gaps, rowless: 0, cursor: begin }
    }

    /// The partition reaches to `end` by now.
    pub(crate) fn grow(&mut self, end: Offset) {
        self.end = self.end.max(end);
    }

    /// A row was read. False when it was seen before.
    pub(crate) fn saw(&mut self, offset: Offset) -> bool {
        self.grow(offset.next());
        if offset >= self.frontier {
            self.advance(offset);
            self.frontier = offset.next();
            return true;
        }
        self.close(offset)
    }

    /// The group has committed up to here: what was not seen below is worth asking for.
    pub(crate) fn committed(&mut self, next: Offset) {
        self.grow(next);
        self.advance(next);
    }

    /// It was finished without a row: committed, and then not found by a consistent read.
    pub(crate) fn finished_without_row(&mut self, offset: Offset) {
        if self.close(offset) {
            self.rowless += 1;
        }
    }

    /// Nothing before is known.
    pub(crate) fn begin(&self) -> Offset {
        self.begin
    }

    /// Whether the record there, which exists, is not finished.
    pub(crate) fn is_open(&self, offset: Offset) -> bool {
        let gap = self.gaps.range(..=offset).next_back();
        offset >= self.frontier || gap.is_some_and(|(_, end)| offset < *end)
    }

    /// Where reading goes on.
    pub(crate) fn frontier(&self) -> Offset {
        self.frontier
    }

    /// Up to where records exist.
    pub(crate) fn end(&self) -> Offset {
        self.end
    }

    /// All before is finished.
    pub(crate) fn finished(&self) -> Offset {
        self.gaps.first_key_value().map_or(self.frontier, |(begin, _)| *begin)
    }

    /// How many records were accepted since the begin.
    pub(crate) fn accepted(&self) -> u64 {
        self.end.since(self.begin)
    }

    /// How many of them were finished without a row.
    pub(crate) fn rowless(&self) -> u64 {
        self.rowless
    }

    /// How many of them are not finished.
    pub(crate) fn waiting(&self) -> u64 {
        let open: u64 = self.gaps.iter().map(|(begin, end)| end.since(*begin)).sum();
        open + self.end.since(self.frontier)
    }

    /// Some offsets that lie in gaps: each call goes on where the last one ended, and then begins anew,
    /// so that a gap that stays open hides no other.
    pub(crate) fn next_gaps(&mut self, limit: usize) -> Vec<Offset> {
        let cursor = self.cursor;
        let inside = self.gaps.range(..cursor).next_back().map(|(_, end)| (cursor, *end));
        let above = self.gaps.range(cursor..).map(|(begin, end)| (*begin, *end));
        let below = self.gaps.range(..cursor).map(|(begin, end)| (*begin, (*end).min(cursor)));
        let ranges = inside.into_iter().chain(above).chain(below);
        let offsets: Vec<_> =
            ranges.flat_map(|(begin, end)| range(begin, end)).take(limit).collect();
        self.cursor = offsets.last().map_or(self.begin, |last| last.next());
        offsets
    }

    fn advance(&mut self, to: Offset) {
        if to > self.frontier {
            self.gaps.insert(self.frontier, to);
            self.frontier = to;
        }
    }

    /// Takes one offset out of the gap that it lies in. False when it lies in none.
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
        tracker.grow(at(3));
        assert!(tracker.saw(at(2)));
        assert_eq!((tracker.waiting(), tracker.finished()), (2, at(0)));
        assert!(tracker.saw(at(0)));
        assert!(!tracker.saw(at(0)));
        assert_eq!((tracker.waiting(), tracker.finished()), (1, at(1)));
        tracker.finished_without_row(at(1));
        assert_eq!((tracker.waiting(), tracker.finished(), tracker.rowless()), (0, at(3), 1));
    }

    #[test]
    fn what_is_committed_without_any_row_becomes_a_gap_to_ask_for() {
        let mut tracker = Tracker::new(at(5));
        tracker.grow(at(9));
        assert!(tracker.next_gaps(10).is_empty());
        tracker.committed(at(7));
        assert_eq!(tracker.next_gaps(10), [at(5), at(6)]);
        assert_eq!(tracker.waiting(), 4);
    }

    #[test]
    fn looking_at_gaps_goes_round_all_of_them() {
        let mut tracker = Tracker::new(at(0));
        tracker.committed(at(5));
        assert_eq!(tracker.next_gaps(2), [at(0), at(1)]);
        assert_eq!(tracker.next_gaps(2), [at(2), at(3)]);
        assert_eq!(tracker.next_gaps(2), [at(4), at(0)]);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Grow(i64),
        Saw(i64),
        Committed(i64),
        Rowless(i64),
        Look(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let offset = || 0i64..60;
        let step = prop_oneof![
            offset().prop_map(Step::Grow),
            offset().prop_map(Step::Saw),
            offset().prop_map(Step::Committed),
            offset().prop_map(Step::Rowless),
            (0usize..9).prop_map(Step::Look),
        ];
        proptest::collection::vec(step, 0..120)
    }

    proptest! {
        #[test]
        fn a_tracker_agrees_with_plain_sets(steps in steps()) {
            let mut tracker = Tracker::new(at(0));
            let (mut end, mut asked_below) = (0, 0);
            let (mut rows, mut rowless) = (BTreeSet::new(), BTreeSet::new());
            for step in steps {
                match step {
                    Step::Grow(to) => { tracker.grow(at(to)); end = end.max(to); }
                    Step::Saw(o) => {
                        let new = !rows.contains(&o) && !rowless.contains(&o);
                        prop_assert_eq!(tracker.saw(at(o)), new);
                        if new { rows.insert(o); }
                        end = end.max(o + 1);
                        asked_below = asked_below.max(o + 1);
                    }
                    Step::Committed(next) => {
                        tracker.committed(at(next));
                        end = end.max(next);
                        asked_below = asked_below.max(next);
                    }
                    Step::Rowless(o) => {
                        if o < asked_below && !rows.contains(&o) { rowless.insert(o); }
                        tracker.finished_without_row(at(o));
                    }
                    Step::Look(limit) => for gap in tracker.next_gaps(limit) {
                        prop_assert!(!rows.contains(&gap.get()) && !rowless.contains(&gap.get()));
                    },
                }
                let open: Vec<_> = (0..end).filter(|o| !rows.contains(o) && !rowless.contains(o)).collect();
                prop_assert_eq!(tracker.waiting(), open.len() as u64);
                prop_assert!((0..end).all(|o| tracker.is_open(at(o)) == open.contains(&o)));
                prop_assert_eq!(tracker.accepted(), u64::try_from(end).unwrap());
                prop_assert_eq!(tracker.rowless(), rowless.len() as u64);
                let finished = open.first().copied().unwrap_or(end);
                prop_assert_eq!(tracker.finished().get(), finished);
            }
        }
    }
}
