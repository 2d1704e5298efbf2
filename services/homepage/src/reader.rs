//! The one reader for all viewers. It follows the high watermarks of the topic, reads the rows that must appear, and
//! counts. It reads the table only while records are not finished, however many people watch.

mod all_partitions;
mod begin;
mod checkpoint;
pub(crate) mod cursor;
pub(crate) mod feed;
mod inspection;
mod partition_reader;
pub(crate) mod processor_load;
pub(crate) mod progress;
pub(crate) mod record_status;
mod row_verification;
mod slots;
mod stall;
mod tracker;
pub(crate) mod waiting_viewers;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barrage::health::Probe;
use barrage::kafka::{Group, Offsets, PartitionOffsets, RecordScan};
use barrage::position::{Offset, Partition, Topic};
use barrage::retry::{Backoff, pause};
use barrage::shutdown::with_sources;
use barrage::table::{Row, Table};
use barrage::telemetry::{Tracer, spans};
use barrage::time::{Millis, Rfc3339};
use tokio_util::sync::CancellationToken;

use self::begin::{commits_deleted, first_partitions};
use self::checkpoint::Checkpoint;
use self::feed::{Feed, RoundEnd};
use self::inspection::Inspection;
use self::partition_reader::{Error, PartitionReader};
use self::processor_load::ProcessorLoads;
use self::progress::{Counts, Expired, Progress, Round};
use self::stall::Stall;
use self::tracker::Tracker;
use self::waiting_viewers::WaitingViewers;
use crate::metrics;
use crate::producer::Acks;
use crate::routers::Routers;

pub(crate) struct Dependencies {
    pub(crate) offsets: Offsets,
    /// Reads records again, for the rounds.
    pub(crate) records: RecordScan,
    /// … and for inspections in the background.
    pub(crate) inspected: RecordScan,
    pub(crate) table: Table,
    pub(crate) topic: Topic,
    /// The router's group.
    pub(crate) group: Group,
    /// How long the table keeps a row.
    pub(crate) ttl: Duration,
    /// What Kafka has acknowledged to this process.
    pub(crate) acks: Arc<Acks>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) waiting_viewers: Arc<WaitingViewers>,
    pub(crate) routers: Arc<Routers>,
    /// What the processors do, by the rows.
    pub(crate) work: Arc<ProcessorLoads>,
    /// Whether results can be read.
    pub(crate) probe: Probe,
    /// Whether all partitions can be read.
    pub(crate) readable: Probe,
    pub(crate) tracer: Tracer,
    pub(crate) result_span: String,
}

/// What a run knew of the topic, which was deleted then.
#[derive(Default)]
struct DeletedTopic {
    /// Since when its totals count.
    since: Option<Millis>,
    /// What the group had committed, as far as that was known.
    committed: PartitionOffsets,
}

/// One run of the reader: from its start, or from the recreation of the topic, to the next recreation.
pub(crate) struct Reader {
    deps: Dependencies,
    partitions: BTreeMap<Partition, PartitionReader>,
    checkpoint: Checkpoint,
    stall: Stall,
    inspection: Inspection,
    /// How many records have expired, and when.
    expired: (u64, Option<Expired>),
    /// `None` before the first time.
    offsets_polled: Option<Instant>,
    partitions_polled: Instant,
    /// True until all was read once: these rows were there before the run.
    history: bool,
}

impl Reader {
    /// How often Kafka is polled for offsets. This finds what other homepages send.
    const POLL_OFFSETS: Duration = Duration::from_millis(250);
    /// How often Kafka is polled for new partitions of the topic.
    const POLL_PARTITIONS: Duration = Duration::from_secs(5);
    /// How many rounds may fail in a row before the reader is reported as down.
    const TOLERATED_FAILURES: u32 = 2;
    /// How long the reader pauses while rows keep coming: as long as it takes until viewers are told the next time, and
    /// until one waits for news. A request costs much more than a row of its answer. The longest pause lets a page come
    /// back first, which is 100 ms after its last answer and on its way for some time. It is no longer, since bursts are
    /// counted, too.
    const LONGEST_PAUSE: Duration = Duration::from_millis(150);
    const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
    /// How long the reader waits at least when something was acknowledged while nothing was open. A record is hardly
    /// ever finished sooner.
    const FIRST_LOOK: Duration = Duration::from_millis(10);

    pub(crate) async fn run(deps: Dependencies, stop: CancellationToken) {
        let reading = async {
            let (mut deps, mut deleted) = (deps, DeletedTopic::default());
            loop {
                (deps, deleted) = Self::begin(deps, deleted).await.follow().await;
            }
        };
        let _stopped = stop.run_until_cancelled(reading).await;
    }

    /// Begins a run, as soon as Kafka says where.
    async fn begin(deps: Dependencies, deleted: DeletedTopic) -> Self {
        commits_deleted(&deps.offsets, &deleted.committed).await;
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let partitions = loop {
            match first_partitions(&deps.offsets, &deps.topic).await {
                Ok(partitions) => break partitions,
                Err(error) => {
                    deps.probe.down(with_sources(&error));
                    backoff.wait().await;
                }
            }
        };
        let (topic, group) = (deps.topic.clone(), deps.group.clone());
        let checkpoint =
            Checkpoint::new(deps.table.clone(), (topic, group), deps.ttl, deleted.since);
        let inspection = Inspection::new(deps.inspected.clone(), deps.readable.clone());
        let reader = Self {
            deps,
            partitions,
            checkpoint,
            stall: Stall::default(),
            inspection,
            expired: (0, None),
            offsets_polled: None,
            partitions_polled: Instant::now(),
            history: true,
        };
        let run = rand::random();
        let high_watermarks = reader.each(Tracker::high_watermark);
        reader.deps.feed.begin(run, || reader.deps.progress.begin(run, high_watermarks));
        reader
    }

    /// Reads round after round until the topic is recreated.
    async fn follow(mut self) -> (Dependencies, DeletedTopic) {
        let mut quiet = Backoff::new(Duration::from_millis(8), Duration::from_millis(250));
        let mut failing = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        loop {
            match self.round().await {
                Ok(finished) => {
                    if !self.history {
                        self.deps.probe.up();
                    }
                    failing.reset();
                    if finished > 0 || self.is_idle() {
                        quiet.reset(); // The next record is polled for at once.
                    }
                    if finished > 0 {
                        self.pause(self.until_told()).await;
                    } else if self.is_idle() {
                        self.wait_for_records().await;
                    } else {
                        self.pause(quiet.next_wait()).await;
                    }
                }
                Err(Error::TopicRecreated) => {
                    tracing::warn!("the topic was recreated: the reader begins a new run");
                    self.deps.acks.clear();
                    let readers = self.partitions.iter();
                    let committed =
                        readers.map(|(it, reader)| (*it, reader.committed().unwrap_or_default()));
                    let (since, committed) = (self.checkpoint.since(), committed.collect());
                    return (self.deps, DeletedTopic { since, committed });
                }
                Err(error) => {
                    if failing.failures() >= Self::TOLERATED_FAILURES {
                        self.deps.probe.down(with_sources(&error));
                    }
                    failing.wait().await;
                }
            }
        }
    }

    /// Waits for the next poll of Kafka, or until a record of this homepage may be finished that Kafka has acknowledged
    /// meanwhile.
    async fn wait_for_records(&self) {
        tokio::select! {
            () = pause(Self::POLL_OFFSETS) => {}
            () = self.deps.acks.changed() => self.pause(Self::FIRST_LOOK).await,
        }
    }

    /// How long it takes until viewers are told the next time.
    fn until_told(&self) -> Duration {
        let told_every = self.deps.waiting_viewers.told_every();
        told_every.clamp(Self::SHORTEST_PAUSE, Self::LONGEST_PAUSE)
    }

    /// Pauses at least so long. While the reader has to catch up, it does not wait for viewers.
    async fn pause(&self, shortest: Duration) {
        if self.history || !self.has_read_new() {
            pause(shortest).await;
        } else {
            self.deps.waiting_viewers.pause(shortest, Self::LONGEST_PAUSE).await;
        }
    }

    fn is_idle(&self) -> bool {
        self.partitions.values().all(PartitionReader::is_idle)
    }

    /// Polls Kafka and the table once. Returns how many records were found to be finished.
    async fn round(&mut self) -> Result<u64, Error> {
        let (before, began) = (self.finished(), Millis::now());
        let polled = self.poll_kafka().await;
        let mut rows = Vec::new();
        let read = self.read_rows(&mut rows).await;
        self.notice_recreation()?;
        // All rows of a call have the same time, and the table may answer in any order.
        rows.sort_by_key(|row| (row.stored_at, row.position.partition, row.position.offset));
        self.note(&rows);
        self.inspect().await;
        let was_read = polled.is_ok() && read.is_ok();
        let is_history = self.history && !(was_read && self.has_read_history());
        let finished = self.finished();
        let stalled_since = self.stalled_since(was_read, finished > before);
        let round = self.at_end_of_round(is_history, stalled_since);
        // Under one lock: an answer of `/feed` counts exactly the bullets that it has.
        let all_read_at = (was_read && self.has_read_all()).then_some(began);
        let (finished_before, begins) = (round.finished.clone(), self.each(Tracker::begin));
        let end = RoundEnd { finished: finished_before, begins, all_read_at, is_history };
        self.deps.feed.add(&rows, end, || self.deps.progress.update(round));
        if !self.history {
            self.deps.feed.list_processors(&rows);
            self.deps.work.note(&rows, Millis::now());
        }
        self.history = is_history;
        if !is_history {
            self.checkpoint.save(&self.partitions, self.expired.1).await;
        }
        polled?;
        read?;
        Ok(finished.saturating_sub(before))
    }

    /// What is known after a round. Until the past is known, nothing is counted.
    fn at_end_of_round(&mut self, is_history: bool, stalled_since: Option<Rfc3339>) -> Round {
        let counts = self.counts();
        if !is_history {
            metrics::set_waiting(counts.waiting);
        }
        let status = |(partition, reader): (&Partition, &PartitionReader)| {
            (!is_history).then(|| (*partition, reader.status()))
        };
        Round {
            since: self.checkpoint.since().filter(|_| !is_history).map(Millis::rfc3339),
            counts: if is_history { Counts::default() } else { counts },
            stalled_since,
            expired: self.note_expired(counts.expired),
            high_watermarks: self.each(Tracker::high_watermark),
            finished: self.each(Tracker::finished),
            partitions: self.partitions.iter().filter_map(status).collect(),
        }
    }

    /// Since when nothing was finished although records wait.
    fn stalled_since(&mut self, was_read: bool, has_moved: bool) -> Option<Rfc3339> {
        if was_read {
            self.stall.observe(self.waiting_for_a_router(), has_moved, Instant::now())
        } else {
            self.stall.failed(self.deps.probe.is_up())
        }
    }

    /// Learns the high watermarks: in every round from the acknowledgements to this process, and four times a second
    /// from Kafka.
    async fn poll_kafka(&mut self) -> Result<(), Error> {
        for (partition, end) in self.deps.acks.offsets() {
            self.partition(partition).advance(end);
        }
        if self.offsets_polled.is_some_and(|at| at.elapsed() < Self::POLL_OFFSETS) {
            return Ok(());
        }
        if self.partitions_polled.elapsed() >= Self::POLL_PARTITIONS {
            self.poll_partitions().await?;
        }
        let partitions: Vec<_> = self.partitions.keys().copied().collect();
        let high_watermarks = self.deps.offsets.high_watermarks(&partitions).await?;
        self.offsets_polled = Some(Instant::now());
        for (partition, end) in high_watermarks {
            if let Some(reader) = self.partitions.get_mut(&partition) {
                reader.set_high_watermark(end)?;
            }
        }
        if !self.is_idle() {
            // In this order: what is below the low watermark then and not committed later, was not committed then.
            let low_watermarks = self.deps.offsets.low_watermarks(&partitions).await?;
            let committed = self.deps.offsets.committed(&partitions).await?;
            for (partition, reader) in &mut self.partitions {
                let committed = committed.offsets.get(partition).copied();
                reader.set_committed(committed, &self.deps.records).await?;
            }
            let readers = &self.partitions;
            let waits = |it: &_| readers.get(it).is_some_and(|it| it.tracker().waiting() > 0);
            self.deps.routers.note(committed.failures, waits);
            for (partition, low) in low_watermarks {
                if let Some(reader) = self.partitions.get_mut(&partition) {
                    reader.set_low_watermark(low);
                }
            }
        } else {
            self.deps.routers.clear();
        }
        Ok(())
    }

    async fn poll_partitions(&mut self) -> Result<(), Error> {
        let partitions = self.deps.offsets.partitions().await?;
        if self.partitions.keys().any(|known| !partitions.contains(known)) {
            return Err(Error::TopicRecreated);
        }
        for partition in partitions {
            self.partition(partition);
        }
        self.partitions_polled = Instant::now();
        Ok(())
    }

    /// A partition that was not there when the run began is read from its first record.
    fn partition(&mut self, partition: Partition) -> &mut PartitionReader {
        let topic = &self.deps.topic;
        let new = || PartitionReader::new(topic.clone(), partition, Offset::default());
        self.partitions.entry(partition).or_insert_with(new)
    }

    /// Reads the rows that must appear. What was read before an error is kept. While the table is slow, the progress
    /// follows the high watermarks all the same.
    async fn read_rows(&mut self, rows: &mut Vec<Row>) -> Result<(), Error> {
        if !self.checkpoint.is_loaded() {
            let known = self.checkpoint.known().await?;
            // After that, so that no offset is beyond them that the totals count.
            let partitions: Vec<_> = self.partitions.keys().copied().collect();
            for (partition, end) in self.deps.offsets.high_watermarks(&partitions).await? {
                self.partition(partition).advance(end);
            }
            self.checkpoint.load(known, &mut self.partitions).await?;
            let (counts, expired) = self.checkpoint.before();
            self.expired = (counts.expired, expired);
        }
        let partitions: Vec<_> = self.partitions.keys().copied().collect();
        let deps = &self.deps;
        let readers = &mut self.partitions;
        let all = all_partitions::read(readers, (&deps.table, &deps.records), rows);
        // Until all was read once there are no counts that could advance.
        let all_read = tokio::select! {
            all_read = all => all_read,
            never = advance_progress(deps, &partitions), if !self.history => match never {},
        };
        let (_, high_watermarks) = self.deps.progress.run_and_high_watermarks();
        for (partition, end) in high_watermarks {
            self.partition(partition).advance(end);
        }
        all_read
    }

    /// Notices that the topic was recreated while no homepage ran: the totals count a row of the deleted one.
    fn notice_recreation(&self) -> Result<(), Error> {
        let stale = self.partitions.values().filter_map(PartitionReader::recreated_after).max();
        match stale {
            Some(at) if self.checkpoint.is_outdated_by(at) => Err(Error::TopicRecreated),
            _ => Ok(()),
        }
    }

    /// Looks closer at partitions that stand still.
    async fn inspect(&mut self) {
        let now = Instant::now();
        for (partition, reader) in &self.partitions {
            let place = (reader.tracker(), reader.is_without_records());
            self.inspection.observe(*partition, place, now);
        }
        for (partition, scanned) in self.inspection.take_result(now).await {
            if let Some(reader) = self.partitions.get_mut(&partition) {
                reader.settle_inspection(&scanned);
            }
        }
    }

    /// Notes rows that were not read before, for metrics, bursts and traces.
    fn note(&self, rows: &[Row]) {
        if !self.history {
            metrics::messages_stored(rows);
        }
        for row in rows {
            self.deps.progress.count_for_burst(row);
            if let (Some(above), false) = (&row.traceparent, self.history) {
                let name = &self.deps.result_span;
                drop(spans::result(&self.deps.tracer, name, &row.position, above));
            }
        }
    }

    /// Notes how many records have expired. Returns when that was.
    fn note_expired(&mut self, records: u64) -> Option<Expired> {
        let (before, expired) = self.expired;
        let now = if records > before { Some(Expired::again(expired)) } else { expired };
        self.expired = (records, now);
        now
    }

    /// Whether the last round has read every new row that was in the table when it began.
    fn has_read_new(&self) -> bool {
        self.partitions.values().all(PartitionReader::has_read_new)
    }

    /// … also in gaps.
    fn has_read_all(&self) -> bool {
        self.partitions.values().all(PartitionReader::has_read_all)
    }

    /// Whether this run knows what was there before it.
    fn has_read_history(&self) -> bool {
        self.checkpoint.is_loaded()
            && self.partitions.values().all(PartitionReader::has_read_history)
    }

    /// How many records are finished.
    fn finished(&self) -> u64 {
        self.counts().finished()
    }

    /// How many records wait that a router could read.
    fn waiting_for_a_router(&self) -> u64 {
        let readable =
            self.partitions.iter().filter(|(it, _)| !self.inspection.is_unreadable(**it));
        readable.map(|(_, reader)| reader.tracker().waiting()).sum()
    }

    /// What was counted before this run and in it.
    fn counts(&self) -> Counts {
        let counted: Counts = self.partitions.values().map(PartitionReader::counts).sum();
        self.checkpoint.before().0 + counted
    }

    fn each(&self, of: fn(&Tracker) -> Offset) -> PartitionOffsets {
        let partitions = self.partitions.iter();
        partitions.map(|(partition, reader)| (*partition, of(reader.tracker()))).collect()
    }
}

/// Keeps the progress at Kafka's high watermarks. If Kafka does not answer, the next round finds out.
async fn advance_progress(deps: &Dependencies, partitions: &[Partition]) -> Infallible {
    loop {
        pause(Reader::POLL_OFFSETS).await;
        if let Ok(high_watermarks) = deps.offsets.high_watermarks(partitions).await {
            metrics::set_waiting(deps.progress.advance(&high_watermarks).waiting);
        }
    }
}
