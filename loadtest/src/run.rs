//! One run: its parts side by side, from the first feed until every message is settled.

use std::{sync::Arc, time::Duration};

use futures::future::OptionFuture;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    book::Book,
    bursts, follower, messages,
    report::{Mode, Plan, Second},
    sampler::Sampler,
    schedule::Schedule,
    settlement::{self, Settlement},
    tag::Tag,
    target::{Burst, Refusal, Target},
    viewers,
};

/// What all tasks of a run share.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) target: Target,
    pub(crate) schedule: Schedule,
    pub(crate) tag: Tag,
    pub(crate) book: Book,
    /// In how many modes each message of the schedule is due.
    pub(crate) modes: u64,
    /// When the first message is due.
    pub(crate) began: Instant,
    /// What is due and was not sent by then never is.
    pub(crate) gives_up: Instant,
    /// All was sent that will be.
    pub(crate) sent: CancellationToken,
    /// A person has ended it.
    pub(crate) stop: CancellationToken,
    /// All is settled, or the time for that is up: whoever watches need not any more.
    pub(crate) over: CancellationToken,
}

/// What a run has led to; the rest is in its book.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) settlement: Settlement,
    pub(crate) seconds: Vec<Second>,
    /// What the routers have filtered and dead-lettered, where they can be asked.
    pub(crate) filtered_and_dead: Option<(u64, u64)>,
    pub(crate) took: Duration,
}

impl Run {
    /// Time for all parts to begin before the first message is due.
    const HEAD_START: Duration = Duration::from_millis(200);

    pub(crate) fn new(
        target: Target,
        plan: &Plan,
        text: &str,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let (schedule, began) = (Schedule::new(&plan.stages), Instant::now() + Self::HEAD_START);
        Arc::new(Self {
            target,
            modes: plan.modes.len() as u64,
            gives_up: began + schedule.lasts() + Duration::from_secs(plan.settle_s),
            schedule,
            tag: Tag::new(text),
            book: Book::default(),
            began,
            sent: CancellationToken::new(),
            stop,
            over: CancellationToken::new(),
        })
    }

    /// Sends what is planned, and follows it until all is settled or the time is up.
    ///
    /// # Errors
    /// When barrage has no feed to begin with.
    pub(crate) async fn go(
        self: Arc<Self>,
        plan: &Plan,
        sampler: Sampler,
    ) -> Result<Outcome, Refusal> {
        let (feed, _) = self.target.feed(None, 1).await?;
        self.book.told(&feed);
        let mut watchers = JoinSet::new();
        watchers.spawn(follower::follow(self.clone(), feed.cursor));
        watchers.spawn(viewers::look_on(self.clone(), plan.viewers));
        let sampling = tokio::spawn(sampler.sample(self.clone()));

        let bursts = self.send(plan).await;
        self.sent.cancel();
        let settlement = settlement::settle(&self, bursts, plan.settle_s).await;
        let took = self.began.elapsed();
        self.over.cancel();
        watchers.join_all().await;
        let (seconds, filtered_and_dead) = sampling.await.expect("sampling does not panic");
        Ok(Outcome { settlement, seconds, filtered_and_dead, took })
    }

    /// How many messages were due until this time since the begin, in all modes together.
    pub(crate) fn due_until(&self, time: Duration) -> u64 {
        self.schedule.due_until(time) * self.modes
    }

    async fn send(self: &Arc<Self>, plan: &Plan) -> Vec<Burst> {
        let has = |mode| plan.modes.contains(&mode);
        let messages = has(Mode::Messages).then(|| messages::send(self, plan.in_flight));
        let bursts = has(Mode::Bursts).then(|| bursts::send(self));
        // A stage without messages is a stage all the same: its viewers look on.
        let time = tokio::time::sleep_until(self.began + self.schedule.lasts());
        let (_, bursts, _) = tokio::join!(
            OptionFuture::from(messages),
            OptionFuture::from(bursts),
            self.stop.run_until_cancelled(time),
        );
        bursts.unwrap_or_default()
    }
}
