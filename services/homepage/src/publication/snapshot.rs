//! What all viewers are told at one moment, and whether that is news to one of them.

use std::sync::Arc;
use std::time::Instant;

use crate::events::Event;
use crate::problems::PartProblem;
use crate::reader::cursor::Cursor;
use crate::reader::feed::{Place, Sight};
use crate::reader::progress::Totals;

#[derive(Debug)]
pub(super) struct Snapshot {
    /// Rises with each snapshot that tells anything new. The first one has 1.
    pub(super) news: u64,
    /// Where a viewer goes on who has got all of it. It is made once, not for each request.
    pub(super) cursor: Arc<str>,
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
        let is_news = before.is_none_or(|before| this.is_news_after(before));
        let news = before.map_or(0, |before| before.news) + u64::from(is_news);
        Self { news, cursor: this.sight.cursor.text_at(news).into(), ..this }
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

    /// Whether this cursor is of the same run.
    pub(super) fn is_of_run_of(&self, cursor: &Cursor) -> bool {
        !self.sight.is_history && cursor.run == self.sight.place.run
    }

    /// Whether this cursor is of the same run, and of this place or one before it.
    pub(super) fn has_before(&self, cursor: &Cursor) -> bool {
        self.is_of_run_of(cursor) && cursor.next <= self.sight.place.next
    }

    pub(super) fn is_history(&self) -> bool {
        self.sight.is_history
    }

    pub(super) fn place(&self) -> Place {
        self.sight.place
    }
}
