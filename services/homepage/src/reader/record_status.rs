//! What a run of the reader knows of a single record, for requests that name its position.

use barrage::position::Offset;

use super::tracker::Tracker;

/// What is known of one partition.
#[derive(Clone, Debug)]
pub(crate) struct PartitionStatus {
    pub(super) tracker: Tracker,
    /// Rows below may be of an earlier topic.
    pub(super) verify_below: Offset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordStatus {
    /// It is older than all that this run has read. If Kafka still has the record, it is finished.
    BeforeBegin,
    /// Its record is not finished.
    Waiting,
    /// Its record is finished. If `needs_verification`, a row there may be of an earlier topic.
    Finished { needs_verification: bool },
    /// Kafka deleted it before it was processed.
    Expired,
    /// As far as is known, there is no record yet.
    BeyondEnd,
}

impl PartitionStatus {
    pub(super) fn has_expired_between(&self, from: Offset, to: Offset) -> bool {
        self.tracker.has_expired_between(from, to)
    }

    pub(crate) fn of_record(&self, offset: Offset) -> RecordStatus {
        if offset < self.tracker.begin() {
            RecordStatus::BeforeBegin
        } else if offset >= self.tracker.high_watermark() {
            RecordStatus::BeyondEnd
        } else if self.tracker.is_open(offset) {
            RecordStatus::Waiting
        } else if self.tracker.is_expired(offset) {
            RecordStatus::Expired
        } else {
            RecordStatus::Finished { needs_verification: offset < self.verify_below }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    #[test]
    fn a_deleted_record_without_a_row_has_expired() {
        let mut tracker = Tracker::new(at(0));
        tracker.row_found(at(1));
        tracker.expire(at(0), at(3));
        let partition = PartitionStatus { tracker, verify_below: at(0) };
        let statuses = [0, 1, 2].map(|offset| partition.of_record(at(offset)));
        let stored = RecordStatus::Finished { needs_verification: false };
        assert_eq!(statuses, [RecordStatus::Expired, stored, RecordStatus::Expired]);
    }

    #[test]
    fn every_offset_has_one_status() {
        let mut tracker = Tracker::new(at(5));
        tracker.advance(at(10));
        tracker.row_found(at(6));
        tracker.row_found(at(8));
        tracker.finished_without_row(at(7));
        let partition = PartitionStatus { tracker, verify_below: at(8) };
        let status = |offset| partition.of_record(at(offset));
        let finished = |needs_verification| RecordStatus::Finished { needs_verification };
        assert_eq!([status(0), status(4)], [RecordStatus::BeforeBegin; 2]);
        assert_eq!([status(5), status(9)], [RecordStatus::Waiting; 2]);
        assert_eq!([status(6), status(7)], [finished(true); 2]);
        assert_eq!(status(8), finished(false));
        assert_eq!([status(10), status(i64::MAX)], [RecordStatus::BeyondEnd; 2]);
    }
}
