//! What all tasks of a run share.

use std::{sync::Arc, time::Duration};

use client::homepage::Homepage;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{measurements::Measurements, report::Plan, schedule::Schedule, tag::Tag};

#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) homepage: Homepage,
    pub(crate) schedule: Schedule,
    pub(crate) tag: Tag,
    pub(crate) measurements: Measurements,
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

    /// How many messages are due by this time since the start, in all modes together.
    pub(crate) fn due_until(&self, time: Duration) -> u64 {
        self.schedule.due_until(time) * self.modes
    }
}
