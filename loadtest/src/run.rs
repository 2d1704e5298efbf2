//! What all tasks of a run share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use client::homepage::Homepage;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{measurements::Measurements, report::Plan, schedule::Schedule, tag::Tag};

#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) homepage: Homepage,
    pub(crate) schedule: Schedule,
    pub(crate) tag: Tag,
    pub(crate) measurements: Measurements,
    /// The number of the next single message.
    next: AtomicU64,
    /// In how many modes each message of the schedule is due.
    modes: u64,
    /// When the first message is due.
    pub(crate) began: Instant,
    /// A message that is due and was not sent by then is not sent any more.
    pub(crate) gives_up: Instant,
    /// Cancelled when nothing more will be sent.
    pub(crate) sent: CancellationToken,
    /// Cancelled when a person ends the run.
    pub(crate) stop: CancellationToken,
    /// Cancelled when all is settled, or the time for that is up.
    pub(crate) over: CancellationToken,
}

/// A message that is to be sent now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Next {
    pub(crate) index: u64,
    pub(crate) due: Instant,
    /// When it was to be sent at the earliest.
    pub(crate) at: Instant,
}

impl Run {
    /// The time between the start of all tasks and the first message.
    const HEAD_START: Duration = Duration::from_millis(200);

    pub(crate) fn new(
        homepage: Homepage,
        plan: &Plan,
        text: &str,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let (schedule, began) = (Schedule::new(&plan.stages), Instant::now() + Self::HEAD_START);
        Arc::new(Self {
            homepage,
            next: AtomicU64::new(0),
            modes: plan.modes.len() as u64,
            gives_up: began + schedule.lasts() + Duration::from_secs(plan.settle_s),
            schedule,
            tag: Tag::new(text),
            measurements: Measurements::default(),
            began,
            sent: CancellationToken::new(),
            stop,
            over: CancellationToken::new(),
        })
    }

    /// Takes the next single message for somebody who may send from `free` on, and waits until it is to be sent: when it
    /// is due, or later when they may. `None` when nothing more is to be sent.
    pub(crate) async fn next(&self, free: Instant) -> Option<Next> {
        // Who may not send yet leaves the next message to somebody else.
        if free > Instant::now() {
            self.stop.run_until_cancelled(sleep_until(free)).await?;
        }
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let due = self.began + self.schedule.due(index)?;
        let at = due.max(free);
        self.stop.run_until_cancelled(sleep_until(at)).await?;
        (Instant::now() <= self.gives_up).then_some(Next { index, due, at })
    }

    /// How many messages are due by this time since the start, in all modes together.
    pub(crate) fn due_until(&self, time: Duration) -> u64 {
        self.schedule.due_until(time) * self.modes
    }
}
