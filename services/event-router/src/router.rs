//! The router's loop. It waits for the next thing that happens and hands it to one step; what a step should
//! do is decided by the parts that it asks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use barrage::health::Probe;
use barrage::kafka::{
    self, Begin, Consumer, ConsumerEvent, ConsumerRecord, PartitionOffsets, PermissionProbe,
};
use barrage::position::{Offset, Partition};
use barrage::retry::pause;
use barrage::telemetry::Tracer;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::Config;
use crate::activity::Activity;
use crate::assignment::{Arrival, Assignment};
use crate::calls::{Calls, EndedCall};
use crate::dead_letter::DeadLetters;
use crate::decision::{self, Decision};
use crate::gaps::{self, GapScan, Gaps};
use crate::in_flight_record::{InFlightRecord, Route};
use crate::lag::Lag;
use crate::metrics::{self, Finish};
use crate::recreation::{Finding, OffsetCheck, OffsetChecks};
use crate::window::Window;

/// What a router needs in addition to its configuration.
pub(crate) struct Dependencies {
    pub(crate) dead_letters: DeadLetters,
    /// The permission to read the topic as a member of the group.
    pub(crate) reading: PermissionProbe,
    pub(crate) offset_checks: OffsetChecks,
    pub(crate) gaps: Gaps,
    pub(crate) tracer: Tracer,
    pub(crate) processors: Probe,
    pub(crate) activity: Activity,
}

/// Every record in flight is in exactly one of `calls`, `retries` and `dead_letters`, and counted in `window`.
pub(crate) struct Router {
    config: Config,
    consumer: Consumer,
    reading: PermissionProbe,
    tracer: Tracer,
    assignment: Assignment,
    window: Window,
    calls: Calls,
    /// Records that wait for `RETRY_INTERVAL` before their next attempt.
    retries: FuturesUnordered<BoxFuture<'static, InFlightRecord>>,
    dead_letters: DeadLetters,
    offset_checks: OffsetChecks,
    gaps: Gaps,
    lag: Lag,
    activity: Activity,
    /// Partitions with a record that cannot be decoded. They are paused.
    unreadable: BTreeSet<Partition>,
}

impl Router {
    pub(crate) fn new(consumer: Consumer, dependencies: Dependencies, config: Config) -> Self {
        let limits = config.limits;
        Self {
            consumer,
            reading: dependencies.reading,
            tracer: dependencies.tracer,
            assignment: Assignment::default(),
            window: Window::new(limits.window(1)),
            calls: Calls::new(limits, config.sink.may_be_none(), dependencies.processors),
            retries: FuturesUnordered::new(),
            dead_letters: dependencies.dead_letters,
            offset_checks: dependencies.offset_checks,
            gaps: dependencies.gaps,
            lag: Lag::default(),
            activity: dependencies.activity,
            unreadable: BTreeSet::new(),
            config,
        }
    }

    /// Routes until `stop`. `urls` has the addresses of all processors.
    pub(crate) async fn run(
        mut self,
        mut urls: watch::Receiver<Vec<String>>,
        stop: CancellationToken,
    ) -> Result<(), kafka::Error> {
        while !stop.is_cancelled() {
            self.offset_checks.start(&mut self.assignment);
            let wake_up = wait_until(self.next_deadline());
            tokio::select! { biased;
                () = stop.cancelled() => break,
                Some(call) = self.calls.next() => self.call_ended(call),
                Some(record) = self.dead_letters.next() => self.finish(&record, Finish::DeadLettered),
                Some(record) = self.retries.next() => self.send_again(record),
                Some(check) = self.offset_checks.next() => self.offsets_checked(check),
                Some(scan) = self.gaps.next() => self.gaps_scanned(scan),
                Ok(()) = urls.changed() => self.update_processors(&urls.borrow_and_update()),
                event = self.consumer.next() => {
                    self.handle(event.ok_or(kafka::Error::Closed)?).await?;
                    self.handle_available().await?;
                }
                () = wake_up => {}
            }
            self.calls.start();
            self.apply_window();
            self.report_processors();
            self.report_records();
        }
        self.drain().await
    }

    /// When something is due even if nothing happens: a call to a processor that has backed off, the pause that
    /// follows a full window, or a report of the processors.
    fn next_deadline(&mut self) -> Option<Instant> {
        let report = self.calls.report().due_at();
        let others = [self.calls.next_attempt_at(), self.window.stuck_at(), report];
        others.into_iter().flatten().min()
    }

    fn report_records(&self) {
        self.activity.set(self.window.records() > 0);
        metrics::records(self.window.records(), self.calls.waiting());
    }

    /// Tells the homepages that no processor does its work, or that this is over.
    fn report_processors(&mut self) {
        let Some(text) = self.calls.report().take_due(Instant::now()) else { return };
        let offsets: PartitionOffsets = self.assignment.all_committable().collect();
        if !offsets.is_empty() {
            self.consumer.commit_now(&offsets, &text);
        }
    }

    fn update_processors(&mut self, urls: &[String]) {
        self.calls.update_processors(urls);
        self.window.resize(self.config.limits.window(urls.len()));
    }

    /// Handles events that have arrived already, so that their records go in one call. At most one call's
    /// records, and no more than the window has room for.
    async fn handle_available(&mut self) -> Result<(), kafka::Error> {
        for _ in 0..self.config.limits.batch_max {
            let Some(event) = self.consumer.try_next() else { break };
            self.handle(event).await?;
            if self.window.is_full() {
                break;
            }
        }
        Ok(())
    }

    async fn handle(&mut self, event: ConsumerEvent) -> Result<(), kafka::Error> {
        match event {
            ConsumerEvent::Assigned(partitions) => self.assigned(partitions),
            ConsumerEvent::Revoked(partitions, guard) => {
                self.revoked(&partitions).await;
                drop(guard);
            }
            ConsumerEvent::Record(record) => self.receive(record),
            // What is in flight is dropped: whoever owns the partitions now reads it again.
            ConsumerEvent::Failed(error @ kafka::Error::Fatal(_)) => return Err(error),
            ConsumerEvent::Failed(error) => {
                if matches!(error, kafka::Error::Unreadable(_)) {
                    self.assignment.suspect();
                }
                self.reading.observe::<()>(&Err(error));
            }
        }
        Ok(())
    }

    fn assigned(&mut self, partitions: BTreeMap<Partition, Begin>) {
        tracing::info!(partitions = ?partitions.keys(), "partitions assigned");
        self.reading.observe(&Ok(()));
        self.offset_checks.assigned(&partitions);
        let offsets = partitions.into_iter().map(|(partition, begin)| (partition, begin.offset()));
        self.assignment.assign(offsets.collect());
        self.calls.report().assigned(Instant::now());
    }

    /// Lets calls and dead letters in flight finish briefly. The rest is dropped, because the next owner of
    /// the partitions reads it again.
    async fn revoked(&mut self, partitions: &BTreeSet<Partition>) {
        tracing::info!(?partitions, "partitions revoked");
        self.drop_waiting(|record| partitions.contains(&record.partition()));
        self.finish_in_flight(Consumer::REVOKE_TIMEOUT.mul_f64(0.7)).await;
        let paused = self.window.revoke(partitions);
        if !paused.is_empty() {
            self.consumer.resume(&paused);
        }
        self.unreadable.retain(|partition| !partitions.contains(partition));
        self.assignment.revoke(partitions);
        self.lag.keep(&self.assignment.partitions().collect());
        // Calls that failed have put their records back since the first line.
        self.drop_waiting(|record| partitions.contains(&record.partition()));
    }

    fn receive(&mut self, received: ConsumerRecord) {
        self.reading.observe(&Ok(()));
        let (partition, offset) = (received.position.partition, received.position.offset);
        match self.assignment.arrival(partition, offset) {
            Arrival::NotAssigned | Arrival::Repeated => return,
            Arrival::Recreated => self.recreated(partition),
            Arrival::Next => {}
        }
        let Some(read) = self.assignment.read(partition, offset) else { return };
        if read.is_first_after_recreation {
            self.consumer.reset_commit(partition, offset);
        }
        let group = self.config.kafka.group.as_str();
        let record = InFlightRecord::new(received, read.generation, &self.tracer, group);
        self.window.add(record.size());
        match record.route(&self.config.filters) {
            Route::Forward => self.calls.push_back(record),
            Route::Filtered => self.finish(&record, Finish::Filtered),
            Route::DeadLetter(reason) => self.dead_letter(record, reason),
        }
    }

    fn call_ended(&mut self, call: EndedCall) {
        match self.calls.end(call) {
            Ok(answered) => {
                let mut committable = PartitionOffsets::new();
                for (record, outcome) in answered {
                    committable.extend(self.answered(record, outcome));
                }
                if !committable.is_empty() {
                    self.consumer.store(&committable);
                }
            }
            Err(records) => records.into_iter().rev().for_each(|record| self.send_again(record)),
        }
    }

    /// A processor has answered for a record. Returns what may be committed if that changes.
    fn answered(
        &mut self,
        mut record: InFlightRecord,
        outcome: proto::Outcome,
    ) -> Option<(Partition, Offset)> {
        record.attempts += 1;
        match decision::decide(outcome, record.attempts, self.config.limits.retry_count) {
            Decision::Stored => return self.finished(&record, Finish::Stored),
            Decision::DeadLetter(reason) => self.dead_letter(record, reason),
            Decision::Retry(reason) => self.retry(record, &reason),
        }
        None
    }

    fn retry(&mut self, record: InFlightRecord, reason: &str) {
        let (at, attempts) = (&record.received.position, record.attempts);
        tracing::info!(%at, reason, attempts, "record {at} is sent again later");
        metrics::retried();
        let interval = self.config.limits.retry_interval;
        self.retries.push(Box::pin(async move {
            pause(interval).await;
            record
        }));
    }

    /// Puts a record back, before those that came later. If its partition has ended meanwhile, the record is
    /// dropped: it is read again, by this router or by another.
    fn send_again(&mut self, record: InFlightRecord) {
        if self.assignment.is_current(record.partition(), record.generation) {
            self.calls.push_front(record);
        } else {
            self.window.remove(record.size());
        }
    }

    fn dead_letter(&mut self, mut record: InFlightRecord, reason: String) {
        let at = &record.received.position;
        tracing::warn!(%at, reason, "record {at} goes to the dead-letter topic");
        record.span.fail(&reason);
        self.dead_letters.start(record, reason);
    }

    /// A record is finished. Its offset may be committed as soon as all before it are finished.
    fn finish(&mut self, record: &InFlightRecord, how: Finish) {
        if let Some(committable) = self.finished(record, how) {
            self.consumer.store(&PartitionOffsets::from([committable]));
        }
    }

    /// Counts a finished record. Returns what may be committed if that changes.
    fn finished(&mut self, record: &InFlightRecord, how: Finish) -> Option<(Partition, Offset)> {
        metrics::finished(how);
        self.window.remove(record.size());
        let (partition, generation) = (record.partition(), record.generation);
        let next = self.assignment.finish(partition, generation, record.offset())?;
        Some((partition, next))
    }

    fn offsets_checked(&mut self, check: OffsetCheck) {
        match check.expired() {
            Some(expired) => {
                expired.into_iter().for_each(|(it, records)| records_expired(it, records))
            }
            None => self.assignment.put_back_skipped(check.skipped()),
        }
        let high_watermarks = check.high_watermarks();
        if let Some((high_watermarks, committed)) = high_watermarks.as_ref().zip(check.committed())
        {
            self.lag.report(&self.assignment, high_watermarks, committed);
        }
        for (partition, finding) in self.offset_checks.findings(check, &self.assignment) {
            match finding {
                Finding::Recreated => {
                    self.recreated(partition);
                    self.consumer.seek_to_beginning(partition);
                }
                Finding::StaleCommit => {
                    if let Some(next) = self.assignment.committable(partition) {
                        self.consumer.reset_commit(partition, next);
                    }
                }
            }
        }
        if let Some(high_watermarks) = high_watermarks {
            let paused = self.window.paused();
            self.gaps.observe(&self.assignment, &high_watermarks, paused, Instant::now());
        }
    }

    fn gaps_scanned(&mut self, scan: GapScan) {
        for (partition, finding) in self.gaps.findings(scan, &self.assignment) {
            match finding {
                gaps::Finding::Empty { from, to, expired } => {
                    self.skip(partition, from, to, expired)
                }
                gaps::Finding::Record { from } if self.assignment.has_missed(partition, from) => {
                    self.read_again(partition, from, Offset::default());
                }
                // It is about to arrive.
                gaps::Finding::Record { .. } => {}
                // Behind such a record librdkafka goes astray: it would begin again at the first record.
                gaps::Finding::Unreadable => drop(self.unreadable.insert(partition)),
                gaps::Finding::Readable { from, deleted_below } => {
                    self.read_again(partition, from, deleted_below);
                }
            }
        }
    }

    /// Passes a gap, of which Kafka has deleted the first `expired` offsets.
    fn skip(&mut self, partition: Partition, from: Offset, to: Offset, expired: u64) {
        let Some(committable) = self.assignment.skip(partition, from, to) else { return };
        if expired > 0 {
            records_expired(partition, expired);
        }
        if let Some(next) = committable {
            self.consumer.store(&PartitionOffsets::from([(partition, next)]));
        }
    }

    /// The client has passed a record at `from` that it could not decode, and that can be decoded now or is deleted. What
    /// is in flight counts no more, so the partition is read again from the oldest record that is not finished.
    fn read_again(&mut self, partition: Partition, from: Offset, deleted_below: Offset) {
        let oldest = self.assignment.committable(partition).map_or(from, |it| it.min(from));
        if oldest < deleted_below {
            let expired = self.assignment.unfinished_below(partition, deleted_below);
            records_expired(partition, expired);
        }
        let from = oldest.max(deleted_below);
        tracing::info!(partition, %from, "partition {partition} is read again from offset {from}");
        self.resume_if_unreadable(partition);
        self.assignment.restart(partition, from);
        self.drop_waiting(|record| record.partition() == partition);
        self.consumer.seek(partition, from);
    }

    /// Before a seek, which librdkafka would forget at the resume.
    fn resume_if_unreadable(&mut self, partition: Partition) {
        if self.unreadable.remove(&partition) {
            self.consumer.resume(&BTreeSet::from([partition]));
        }
    }

    /// The topic was recreated, so nothing counts that was read of this partition. Calls in flight end before
    /// the next one starts: an old row must not be written over a new one. The loop goes on while they end, so
    /// that a stop or a revoke is handled at once.
    fn recreated(&mut self, partition: Partition) {
        tracing::warn!(
            partition,
            "the topic was recreated: partition {partition} is read from its beginning"
        );
        self.resume_if_unreadable(partition);
        self.assignment.recreate(partition);
        self.offset_checks.forget(partition);
        self.drop_waiting(|record| record.partition() == partition);
        self.calls.hold();
    }

    /// Drops records that wait for a call. Nothing of them is committed.
    fn drop_waiting(&mut self, which: impl Fn(&InFlightRecord) -> bool) {
        for record in self.calls.remove_waiting(which) {
            self.window.remove(record.size());
        }
    }

    /// Waits until all calls and dead letters in flight have ended, but not longer than `at_most`.
    async fn finish_in_flight(&mut self, at_most: Duration) {
        let ended = tokio::time::timeout(at_most, async {
            while self.calls.len() + self.dead_letters.len() > 0 {
                tokio::select! {
                    Some(call) = self.calls.next() => self.call_ended(call),
                    Some(record) = self.dead_letters.next() => self.finish(&record, Finish::DeadLettered),
                }
            }
        });
        if ended.await.is_err() {
            tracing::warn!("not all records in flight were finished in time; they are read again");
        }
    }

    /// Applies to the consumer what the window decides.
    fn apply_window(&mut self) {
        let change = self.window.update(self.assignment.spans(), &self.unreadable, Instant::now());
        if !change.pause.is_empty() {
            self.consumer.pause(&change.pause);
        }
        if !change.resume.is_empty() {
            self.consumer.resume(&change.resume);
        }
        self.consumer.suspend_polling(self.window.is_full());
    }

    /// Lets what is in flight finish, drops the rest, and leaves the group.
    async fn drain(mut self) -> Result<(), kafka::Error> {
        let grace = self.config.listen.grace;
        self.drop_waiting(|_| true);
        self.finish_in_flight(grace.mul_f64(0.6)).await;
        tracing::info!(open = self.calls.len() + self.dead_letters.len(), "drained");
        match tokio::time::timeout(grace.mul_f64(0.2), self.consumer.leave()).await {
            Ok(left) => left,
            Err(_) => {
                tracing::warn!("kafka did not answer: the last offsets may not be committed");
                Ok(())
            }
        }
    }
}

fn records_expired(partition: Partition, records: u64) {
    metrics::expired(records);
    tracing::warn!(
        partition,
        records,
        "{records} records of partition {partition} expired: kafka deleted them before they were finished"
    );
}

async fn wait_until(deadline: Option<Instant>) {
    match deadline {
        // At least a millisecond, so that a deadline in the past cannot make the loop spin.
        Some(at) => pause((at - Instant::now()).max(Duration::from_millis(1))).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
