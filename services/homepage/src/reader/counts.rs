//! What the reader counts.

use barrage::table::{Row, Verdict};
use barrage::telemetry::spans;

use super::Reader;
use super::tracker::Tracker;
use super::wall::Counts;
use crate::metrics;

impl Reader {
    /// How many records were found to be finished.
    pub(super) fn found(&self) -> u64 {
        self.stored + self.counts().finished_without_row
    }

    /// Rows that were not seen before.
    pub(super) fn count(&mut self, rows: &[Row]) {
        if !self.history {
            metrics::messages_stored(rows);
        }
        for row in rows {
            self.stored += 1;
            match row.verdict {
                Verdict::Blocked => self.blocked += 1,
                Verdict::Shown => {}
            }
            self.parts.tally.count(row);
            if let (Some(above), false) = (&row.traceparent, self.history) {
                let name = &self.parts.result_span;
                drop(spans::result(&self.parts.tracer, name, &row.position, above));
            }
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let sum = |of: fn(&Tracker) -> u64| self.trackers.values().map(of).sum();
        Counts {
            accepted: sum(Tracker::accepted),
            stored: self.stored,
            blocked: self.blocked,
            finished_without_row: sum(Tracker::rowless),
            waiting: sum(Tracker::waiting),
        }
    }
}
