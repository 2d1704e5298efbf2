//! What all viewers are told at one moment, and whether that is news to one of them.

use std::time::Instant;

use barrage::time::Millis;

use crate::events::Event;
use crate::problems::PartProblem;
use crate::reader::cursor::Cursor;
use crate::reader::feed::{Place, Sight};
use crate::reader::progress::Totals;

#[derive(Debug)]
pub(super) struct Snapshot {
    /// Rises with each snapshot that tells anything new.
    pub(super) news: u64,
    /// When the last round had begun that read all rows, as the first snapshot with this news knew it.
    pub(super) since: Option<Millis>,
    pub(super) made: Instant,
    /// How often the feed had changed.
    pub(super) changes: u64,
    pub(super) sight: Sight,
    /// Of the same round as the sight.
    pub(super) totals: Totals,
    pub(super) problems: Vec<PartProblem>,
    pub(super) events: Vec<Event>,
}

impl Snapshot {
    /// `self`, numbered as the next one.
    pub(super) fn after(before: Option<&Self>, this: Self) -> Self {
        match before {
            Some(before) if !this.is_news_after(before) => {
                Self { news: before.news, since: before.since, ..this }
            }
            before => Self { news: before.map_or(0, |before| before.news + 1), ..this },
        }
    }

    /// What is news: bullets, numbers, processors with their slots, problems and events. The time is none, and neither
    /// is a cursor in which only the time of the last round is another.
    fn is_news_after(&self, before: &Self) -> bool {
        let told = |it: &Self| {
            let Totals { counts, since, expired, .. } = it.totals;
            (it.sight.place, it.sight.is_history, counts, since, expired.map(|it| it.since))
        };
        told(self) != told(before)
            || self.sight.processors != before.sight.processors
            || self.sight.slots != before.sight.slots
            || self.problems != before.problems
            || self.events != before.events
    }

    /// Whether a viewer at this cursor of the same run has been told all of it.
    ///
    /// While the news stays the same, cursors differ by the time of the last round alone. So one with an earlier time is
    /// of earlier news. Where no round reads all rows that time stands still. Then a viewer may take earlier numbers for
    /// these, until the next news or the end of its wait.
    pub(super) fn has_been_seen_at(&self, cursor: &Cursor) -> bool {
        cursor.next == self.sight.place.next && cursor.all_read_at >= self.since
    }

    /// Whether this cursor is of the same run, and of this place or one before it.
    pub(super) fn has_before(&self, cursor: &Cursor) -> bool {
        let Place { run, next } = self.sight.place;
        !self.sight.is_history && cursor.run == run && cursor.next <= next
    }

    /// Whether a viewer who gets it stays at this cursor.
    pub(super) fn is_at(&self, cursor: &Cursor) -> bool {
        cursor.text() == *self.sight.cursor
    }

    pub(super) fn is_history(&self) -> bool {
        self.sight.is_history
    }

    pub(super) fn place(&self) -> Place {
        self.sight.place
    }
}
