//! The loop at the heart of the router. It owns all state; every effect is a future that gives its record
//! back when it has ended.

mod calls;
mod partitions;
mod remade;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use barrage::health::Probe;
use barrage::kafka::{
    self, Consumer, ConsumerEvent, ConsumerRecord, Offsets, PartitionOffsets, Permission,
};
use barrage::position::Partition;
use barrage::retry::pause;
use barrage::telemetry::Tracer;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::calls::Answer;
use self::remade::Look;
use crate::Config;
use crate::batch::BatchSize;
use crate::config::Limits;
use crate::dead_letter::DeadLetters;
use crate::filter::Filters;
use crate::ledger::CommitLedger;
use crate::metrics::{self, Finish};
use crate::record::Open;
use crate::sink::Sink;
use crate::window::Window;

/// What a router needs beside its configuration.
pub(crate) struct Parts {
    pub(crate) dead: DeadLetters,
    pub(crate) reading: Permission,
    pub(crate) offsets: Offsets,
    pub(crate) tracer: Tracer,
    pub(crate) processors: Probe,
}

/// Effects under way, each of which gives back what it took.
type UnderWay<T> = FuturesUnordered<BoxFuture<'static, T>>;

pub(crate) struct Router {
    consumer: Consumer,
    parts: Parts,
    limits: Limits,
    filters: Filters,
    group: String,
    grace: Duration,
    sink: Sink,
    size: BatchSize,
    window: Window,
    /// What may be committed, for each partition that is ours.
    ledgers: BTreeMap<Partition, CommitLedger>,
    /// How many assignments there were.
    turns: u64,
    /// The partitions that deliver nothing for now.
    paused: BTreeSet<Partition>,
    /// Records that wait for a call.
    queue: VecDeque<Open>,
    calls: UnderWay<Answer>,
    /// Records that wait for their next attempt.
    retries: UnderWay<Open>,
    /// Records whose dead letter is being written.
    burials: UnderWay<Open>,
    /// The one look at Kafka that is under way.
    looks: UnderWay<Look>,
    /// What the group had committed at the last look.
    committed: PartitionOffsets,
    /// Partitions that were made anew, of which nothing was read yet.
    anew: BTreeSet<Partition>,
    /// Since a partition was made anew: no call is started before all that are under way have ended.
    settling: bool,
}

impl Router {
    pub(crate) fn new(consumer: Consumer, parts: Parts, config: &Config) -> Self {
        let limits = config.limits;
        Self {
            consumer,
            parts,
            limits,
            filters: config.filters.clone(),
            group: config.kafka.group.to_string(),
            grace: config.listen.grace,
            sink: Sink::new(limits.call_timeout, limits.in_flight),
            size: BatchSize::new(limits.batch_max),
            window: Window::new(limits.batch_max * limits.in_flight),
            ledgers: BTreeMap::new(),
            turns: 0,
            paused: BTreeSet::new(),
            queue: VecDeque::new(),
            calls: UnderWay::new(),
            retries: UnderWay::new(),
            burials: UnderWay::new(),
            looks: UnderWay::new(),
            committed: PartitionOffsets::new(),
            anew: BTreeSet::new(),
            settling: false,
        }
    }

    /// Routes until `stop`.
    pub(crate) async fn run(
        mut self,
        mut urls: watch::Receiver<Vec<String>>,
        stop: CancellationToken,
    ) -> Result<(), kafka::Error> {
        while !stop.is_cancelled() {
            let awake = self.wake_up();
            self.look();
            tokio::select! { biased;
                () = stop.cancelled() => break,
                Some(answer) = self.calls.next() => self.answered(answer),
                Some(open) = self.burials.next() => self.finish(&open, Finish::Dead),
                Some(open) = self.retries.next() => self.send_again(open),
                Some(look) = self.looks.next() => self.looked(look),
                Ok(()) = urls.changed() => self.processors(&urls.borrow_and_update()),
                event = self.consumer.next() => {
                    self.hear(event.ok_or(kafka::Error::Closed)?).await;
                    self.hear_more().await;
                }
                () = awake => {}
            }
            self.start_calls();
            self.hold_back();
            metrics::level(self.calls.len(), self.window.records());
        }
        self.drain().await
    }

    /// PartitionOffsets when a processor that rests may be called again, if anything waits for it, or when partitions
    /// have to wait.
    fn wake_up(&self) -> impl Future<Output = ()> + use<> {
        let awake = self.sink.next_awake().filter(|_| !self.queue.is_empty() && !self.settling);
        let at = awake.into_iter().chain(self.window.stuck_at()).min();
        async move {
            match at {
                // A millisecond at least: a processor may rest no more and still have its one call.
                Some(at) => pause((at - Instant::now()).max(Duration::from_millis(1))).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Takes what has arrived meanwhile, so that it goes in one call; but not for ever, nor more than there is
    /// room for.
    async fn hear_more(&mut self) {
        for _ in 0..self.limits.batch_max {
            let Some(event) = self.consumer.try_next() else { return };
            self.hear(event).await;
            if self.window.is_full() {
                return;
            }
        }
    }

    /// These are the processors from now on. As many records again may wait as are under way with them,
    /// so that a call that ends is followed at once.
    fn processors(&mut self, urls: &[String]) {
        self.sink.update(urls);
        let under_way = self.limits.batch_max * self.limits.in_flight * urls.len().max(1);
        self.window.resize(under_way * 2);
    }

    async fn hear(&mut self, event: ConsumerEvent) {
        match event {
            ConsumerEvent::Assigned(partitions) => self.assigned(partitions),
            ConsumerEvent::Revoked(partitions, hold) => {
                self.revoked(&partitions).await;
                drop(hold);
            }
            ConsumerEvent::Record(record) => self.take(record),
            ConsumerEvent::Failed(error) => self.parts.reading.observe::<()>(&Err(error)),
        }
    }

    /// Decides what happens to a record that has come.
    fn take(&mut self, received: ConsumerRecord) {
        self.parts.reading.observe(&Ok(()));
        let (partition, offset) = (received.position.partition, received.position.offset);
        let end = self.ledgers.get(&partition).and_then(CommitLedger::end);
        if end == Some(offset.next()) {
            return; // Around a pause, the client may hand out its last record twice.
        }
        if end > Some(offset) {
            self.made_anew(partition);
        }
        let Some(ledger) = self.ledgers.get_mut(&partition) else { return };
        if self.anew.remove(&partition) {
            self.consumer.reset_commit(partition, offset);
        }
        ledger.read(offset);
        let open = Open::new(received, ledger.turn(), &self.parts.tracer, &self.group);
        self.window.open(open.size());
        match &open.forward {
            Err(error) => {
                let reason = error.to_string();
                self.bury(open, reason);
            }
            Ok(forward) if !self.filters.pass(&forward.event) => {
                self.finish(&open, Finish::Filtered)
            }
            Ok(_) => self.queue.push_back(open),
        }
    }

    fn bury(&mut self, mut open: Open, reason: String) {
        let at = &open.received.position;
        tracing::warn!(%at, reason, "record {at} goes to the dead-letter topic");
        open.span.fail(&reason);
        self.burials.push(Box::pin(self.parts.dead.clone().bury(open, reason)));
    }

    /// A record is finished: its offset may be committed as soon as all before it are.
    fn finish(&mut self, open: &Open, how: Finish) {
        metrics::finished(how);
        self.window.close(open.size());
        let partition = open.received.position.partition;
        if let Some(ledger) = self.ledgers.get_mut(&partition).filter(|it| it.turn() == open.turn) {
            let before = ledger.committable();
            ledger.finish(open.offset());
            if let Some(next) = ledger.committable().filter(|next| Some(*next) != before) {
                self.consumer.store(partition, next);
            }
        }
    }

    /// Lets what is under way finish, hands back the rest, and leaves the group.
    async fn drain(mut self) -> Result<(), kafka::Error> {
        self.forget(|_| true);
        self.settle(self.grace.mul_f64(0.6)).await;
        tracing::info!(open = self.calls.len() + self.burials.len(), "drained");
        match tokio::time::timeout(self.grace.mul_f64(0.2), self.consumer.leave()).await {
            Ok(left) => left,
            Err(_) => {
                tracing::warn!("kafka did not answer: the last offsets may not be committed");
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
