//! What a run of the reader knows of every place of a partition, for whoever asks for a single one.

use std::collections::BTreeMap;

use barrage::position::{Offset, Partition};

use super::Reader;
use super::doubt::Doubt;
use super::tracker::Tracker;

/// What is known of one partition.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    tracker: Tracker,
    /// Rows below were there before this run: they may be of an earlier topic.
    doubted: Offset,
}

/// What is known of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// No record lies there yet, as far as is known.
    Beyond,
    /// Its record is not finished.
    Waiting,
    /// Its record is finished. A row there is its own, unless rows from there on are in doubt.
    Finished { in_doubt: bool },
    /// It lies before all that this run has read. If Kafka has its record still, that is finished.
    Before,
}

impl Known {
    /// What is known of this place.
    pub(crate) fn standing(&self, offset: Offset) -> Standing {
        if offset < self.tracker.begin() {
            Standing::Before
        } else if offset >= self.tracker.end() {
            Standing::Beyond
        } else if self.tracker.is_open(offset) {
            Standing::Waiting
        } else {
            Standing::Finished { in_doubt: offset < self.doubted }
        }
    }
}

impl Reader {
    /// What this run knows of each partition by now.
    pub(super) fn known(&self) -> BTreeMap<Partition, Known> {
        let known = |(partition, tracker): (&Partition, &Tracker)| {
            let doubted = self.doubts.get(partition).map_or(Offset::default(), Doubt::until);
            (*partition, Known { tracker: tracker.clone(), doubted })
        };
        self.trackers.iter().map(known).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    #[test]
    fn every_place_stands_in_one_way() {
        let mut tracker = Tracker::new(at(5));
        tracker.grow(at(10));
        tracker.saw(at(6));
        tracker.saw(at(8));
        tracker.finished_without_row(at(7));
        let known = Known { tracker, doubted: at(8) };
        let standing = |offset| known.standing(at(offset));
        assert_eq!([standing(0), standing(4)], [Standing::Before; 2]);
        assert_eq!([standing(5), standing(9)], [Standing::Waiting; 2]);
        assert_eq!([standing(6), standing(7)], [Standing::Finished { in_doubt: true }; 2]);
        assert_eq!(standing(8), Standing::Finished { in_doubt: false });
        assert_eq!([standing(10), standing(i64::MAX)], [Standing::Beyond; 2]);
    }
}
